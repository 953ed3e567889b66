package db_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/split"
)

// article is so many words that no other article has.
func article(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 17))
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("w%d", r.IntN(1_000_000))
	}
	return strings.Join(words, " ")
}

// onSite is a page whose last block is a frame.
func onSite(id, site, body, frame string) corpus.Incoming {
	in := lines(id, "Title "+id+" 😀\n"+body+"\n"+frame)
	in.Site = site
	return in
}

func findCopies(t testing.TB, s *db.Store, p corpus.Project) []split.Pair {
	t.Helper()
	if err := s.FindNearCopies(t.Context(), p.ID, nil); err != nil {
		t.Fatal(err)
	}
	pairs, err := s.NearCopies(t.Context(), p.ID, split.Alike)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Uncompared(t.Context(), p.ID); n != 0 || err != nil {
		t.Errorf("%d are left to compare, %v", n, err)
	}

	return pairs
}

func kinds(pairs []split.Pair) []string {
	var out []string
	for _, p := range pairs {
		out = append(out, fmt.Sprintf("%d-%d %s", p.A, p.B, p.Kind))
	}
	return out
}

func TestNearCopiesAreFoundAsDocumentsCome(t *testing.T) {
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "News"), dbtest.Project(t, s, "Other")
	a, b := article(1, 200), article(2, 200)
	load(t, s, p, onSite("a", "a.example", a, "menu"), onSite("b", "b.example", b, "menu"))
	load(t, s, other, onSite("a", "a.example", a, "menu"))
	if n, err := s.Uncompared(t.Context(), p.ID); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := findCopies(t, s, p); len(got) != 0 {
		t.Errorf("%v", kinds(got))
	}

	load(t, s, p, onSite("a2", "c.example", a+" and a word", "another menu"), onSite("empty", "", "🎉", "-"))
	if got, want := kinds(findCopies(t, s, p)), []string{"1-4 text"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// Once more finds nothing else, and all at once finds the same.
	if got := kinds(findCopies(t, s, p)); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if n, err := s.CountNearCopies(t.Context(), p.ID, 3); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, _ := s.CountNearCopies(t.Context(), p.ID, 4); n != 0 {
		t.Errorf("%d", n)
	}
	if _, err := s.NearCopies(t.Context(), p.ID, 0.5); !errors.As(err, new(*corpus.Invalid)) {
		t.Errorf("a similarity that was not looked for: %v", err)
	}
}

// The same article stands in two frames, each longer than itself. That shows
// when there is gold, and is gone when gold says otherwise.
func TestABodyInAnotherFrame(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	a := article(1, 150)
	load(t, s, p, onSite("a", "a.example", a, article(3, 300)), onSite("b", "b.example", a, article(4, 300)))
	if got := findCopies(t, s, p); len(got) != 0 {
		t.Errorf("%v", kinds(got))
	}
	load(t, s, p, withGold(onSite("a", "a.example", a, article(3, 300)), "PER"), withGold(onSite("b", "b.example", a, article(4, 300)), "PER"))
	if n, err := s.Uncompared(t.Context(), p.ID); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got, want := kinds(findCopies(t, s, p)), []string{"1-2 body"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}

	// Where one gold says that it is no body, the body of the other still stands
	// in that page.
	none := func(id string, frame uint64) corpus.Incoming {
		in := withGold(onSite(id, id+".example", a, article(frame, 300)), "PER")
		in.Pieces[1].Class = corpus.Boilerplate
		return in
	}
	load(t, s, p, none("b", 4))
	if got, want := kinds(findCopies(t, s, p)), []string{"1-2 body"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	load(t, s, p, none("a", 3))
	if got := findCopies(t, s, p); len(got) != 0 {
		t.Errorf("%v", kinds(got))
	}
}

func splitsOf(t testing.TB, s *db.Store, p corpus.Project, by split.By, release corpus.ReleaseID) split.Assignment {
	t.Helper()
	a, err := s.Splits(t.Context(), p.ID, split.Usual, by, release)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSplitsAreRemembered(t *testing.T) {
	s := dbtest.Open(t)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { return at })
	p := dbtest.Project(t, s, "News")
	// Sites whose parts, by themselves, are train and test.
	sites := map[string]string{}
	for i := 0; len(sites) < 2; i++ {
		name := fmt.Sprintf("s%d.example", i)
		if part := split.Usual.Of("site:" + name); part != "dev" && sites[part] == "" {
			sites[part] = name
		}
	}
	a := article(1, 200)
	load(t, s, p, onSite("early", sites["test"], a, "-"))
	if got := splitsOf(t, s, p, split.BySite, 0).Of("early"); got != "test" {
		t.Errorf("early is in %s", got)
	}
	at = at.Add(time.Hour)
	load(t, s, p, onSite("later", sites["train"], article(2, 200), "-"))
	if got := splitsOf(t, s, p, split.BySite, 0).Of("later"); got != "train" {
		t.Errorf("later is in %s", got)
	}

	at = at.Add(time.Hour)
	load(t, s, p, onSite("copy", sites["train"], a, "-"))
	for range 2 {
		got := splitsOf(t, s, p, split.BySite, 0)
		if got.Of("early") != "test" || got.Of("later") != "test" || got.Of("copy") != "test" {
			t.Errorf("%s %s %s", got.Of("early"), got.Of("later"), got.Of("copy"))
		}
		if want := []split.Move{{Name: "site:" + sites["train"], From: "train", To: "test"}}; !slices.Equal(got.Moves, want) {
			t.Errorf("%v, want %v", got.Moves, want)
		}
	}
	for _, by := range split.Ways {
		first, again := splitsOf(t, s, p, by, 0), splitsOf(t, s, p, by, 0)
		if len(again.Fresh) != 0 {
			t.Errorf("by %s: %v is new the second time", by, again.Fresh)
		}
		for _, key := range []string{"early", "later", "copy"} {
			if first.Of(key) == "" || first.Of(key) != again.Of(key) {
				t.Errorf("by %s: %s was in %q, is in %q", by, key, first.Of(key), again.Of(key))
			}
		}
	}
}

func TestPartsByHand(t *testing.T) {
	s := dbtest.Open(t)
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { at = at.Add(time.Second); return at })
	p := dbtest.Project(t, s, "News")
	mona := dbtest.Annotator(t, s, "mona", corpus.Manager)
	a := article(1, 200)
	load(t, s, p, withGold(onSite("a", "x.example", a, "-"), "PER", "Title"), withGold(onSite("b", "x.example", article(2, 200), "-"), "ORG", "Title"), onSite("c", "y.example", a, "-"))
	fix := func(f db.SplitFix) int {
		t.Helper()
		n, err := s.FixSplit(t.Context(), p.ID, f, mona.ID)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := fix(db.SplitFix{Part: "test", Site: "x.example"}); n != 1 {
		t.Error(n)
	}
	if n := fix(db.SplitFix{Part: "train", Documents: []corpus.DocumentID{2, 3}}); n != 2 {
		t.Error(n)
	}
	if n := fix(db.SplitFix{Part: "train", Documents: []corpus.DocumentID{2}}); n != 0 {
		t.Error(n)
	}
	for want, f := range map[string]db.SplitFix{
		"name a document or a site": {Part: "test"},
		"has no document 99":        {Part: "test", Documents: []corpus.DocumentID{1, 99}},
		"from the site":             {Part: "test", Site: "z.example"},
		"cannot be the name":        {Part: "a test", Site: "x.example"},
	} {
		if _, err := s.FixSplit(t.Context(), p.ID, f, mona.ID); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", f, err)
		}
	}

	got := splitsOf(t, s, p, split.BySite, 0)
	if got.Of("a") != "test" || got.Of("b") != "train" || got.Of("c") != "train" {
		t.Errorf("%s %s %s", got.Of("a"), got.Of("b"), got.Of("c"))
	}
	r, err := s.SplitReport(t.Context(), p.ID, split.Usual, split.BySite, 0)
	if err != nil {
		t.Fatal(err)
	}
	train, test := r.Parts[0], r.Parts[2]
	if train.Documents != 2 || train.Gold != 1 || train.Body != 2 || train.Boilerplate != 1 || !maps.Equal(train.Spans, map[string]int{"ORG": 1}) || test.Words != 202 || !maps.Equal(test.Spans, map[string]int{"PER": 1}) {
		t.Errorf("%+v\n%+v", train, test)
	}
	if len(r.Pairs) != 1 || r.Pairs[0].Keys != [2]string{"a", "c"} || r.Pairs[0].Parts != [2]string{"test", "train"} || len(r.Sites) != 1 {
		t.Errorf("%+v %+v", r.Pairs, r.Sites)
	}

	// A release keeps what was fixed when it was made.
	release, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: p.ID, Name: "one", Program: "test"})
	if err != nil {
		t.Fatal(err)
	}
	fix(db.SplitFix{Documents: []corpus.DocumentID{2}})
	if got := splitsOf(t, s, p, split.BySite, 0).Of("b"); got != "test" {
		t.Errorf("freed, b is in %s and not where its site is", got)
	}
	frozen := splitsOf(t, s, p, split.BySite, release.ID)
	if frozen.Of("b") != "train" || frozen.Of("c") != "" {
		t.Errorf("in the release, b is in %s and c in %q", frozen.Of("b"), frozen.Of("c"))
	}
	if fixed, err := s.FixedSplits(t.Context(), p.ID, release.At); err != nil || len(fixed) != 3 || fixed[0].By != "mona" || fixed[2].Site != "x.example" {
		t.Errorf("%+v %v", fixed, err)
	}
	if _, err := s.Splits(t.Context(), p.ID, split.Usual, split.BySite, 99); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a release that is not there: %v", err)
	}

	var kinds []string
	log, err := s.Log(t.Context(), corpus.LogFilter{Project: p.ID})
	for _, e := range log {
		kinds = append(kinds, e.Kind+" "+e.Subject)
	}
	for _, want := range []string{"split-fixed site x.example", "split-fixed documents 2, 3", "split-freed document 2"} {
		if !slices.Contains(kinds, want) || err != nil {
			t.Errorf("%q is not in the log %q, %v", want, kinds, err)
		}
	}
	for _, query := range []string{`UPDATE split_fixes SET part = 'dev'`, `DELETE FROM split_fixes`} {
		if err := s.Exec(t.Context(), query); err == nil {
			t.Errorf("%s goes", query)
		}
	}
}

func TestASpoiltSketchIsFound(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	a := article(1, 200)
	load(t, s, p, withGold(onSite("a", "", a, "menu"), "PER"), onSite("b", "", a+" 🎉 more", "menu"))
	findCopies(t, s, p)
	check := func() string {
		t.Helper()
		problems, err := s.Check(t.Context(), func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(problems, "; ")
	}
	if got := check(); got != "" {
		t.Errorf("before, it finds %s", got)
	}
	behind(t, s, `UPDATE sketches SET words = words + 1 WHERE document_id = 1 AND kind = 'body'`)
	behind(t, s, `UPDATE near_copies SET jaccard = 0.81 WHERE kind = 'text'`)
	if got, want := check(), "the sketch of the body of document 1 is not what it was made of; documents 1 and 2 are not as alike as is kept"; got != want {
		t.Errorf("it finds %q, want %q", got, want)
	}
}

// A pair that is spoilt is found, also one of bodies, and one that would not
// count as near-copies any more.
func TestASpoiltPairIsFound(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	a := article(1, 150)
	load(t, s, p, withGold(onSite("a", "a.example", a, article(3, 300)), "PER"), withGold(onSite("b", "b.example", a, article(4, 300)), "PER"),
		onSite("c", "c.example", article(5, 200), "-"), onSite("d", "d.example", article(5, 200)+" more", "-"))
	if got, want := kinds(findCopies(t, s, p)), []string{"1-2 body", "3-4 text"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	const bodies, texts = "the bodies of documents 1 and 2 are not as alike as is kept", "documents 3 and 4 are not as alike as is kept"
	for _, c := range []struct{ change, back, want string }{
		{`least = least`, `least = least`, ""},
		{`jaccard = jaccard - 0.01 WHERE kind = 'body'`, `jaccard = jaccard + 0.01 WHERE kind = 'body'`, bodies},
		{`least = least + 1 WHERE kind = 'text'`, `least = least - 1 WHERE kind = 'text'`, texts},
		{`jaccard = jaccard / 4, containment = containment / 2`, `jaccard = jaccard * 4, containment = containment * 2`, bodies + "; " + texts},
	} {
		behind(t, s, `UPDATE near_copies SET `+c.change)
		problems, err := s.Check(t.Context(), func(string) {})
		if got := strings.Join(problems, "; "); got != c.want || err != nil {
			t.Errorf("%s: it finds %q, want %q; %v", c.change, got, c.want, err)
		}
		behind(t, s, `UPDATE near_copies SET `+c.back)
	}
}

// A note stands whole in a page of 2 000 words, with which it shares 4 %. That
// is found also where it comes later, and by sketches that are made again.
func TestAShortPageInsideALongOne(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	note, long := article(1, 80), article(2, 1920)
	load(t, s, p, onSite("long", "a.example", long[:5000]+"\n"+note+"\n"+long[5000:], "menu"))
	findCopies(t, s, p)
	in := lines("short", note)
	in.Site = "b.example"
	load(t, s, p, in, onSite("other", "a.example", article(3, 300), "menu"))
	pairs := findCopies(t, s, p)
	if len(pairs) != 1 || pairs[0].A != 1 || pairs[0].B != 2 || pairs[0].Containment != 1 || pairs[0].Jaccard > 0.05 {
		t.Errorf("%+v", pairs)
	}

	behind(t, s, `UPDATE sketches SET version = 1, mins = zeroblob(256)`)
	if n, err := s.Uncompared(t.Context(), p.ID); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := findCopies(t, s, p); !slices.Equal(got, pairs) {
		t.Errorf("made again, it finds %+v", got)
	}
}

func TestPartsInMetadata(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	a, b, c := onSite("a", "", "one", "-"), onSite("b", "", "two", "-"), onSite("c", "", "three", "-")
	a.Meta, b.Meta, c.Meta = `{"split":"train","my.set":"test"}`, `{"split":7}`, `{"split":"dev"}`
	load(t, s, p, a, b, c)
	for field, want := range map[string]string{"split": "map[dev:[3] train:[1]]", "my.set": "map[test:[1]]", "$.split": "map[]"} {
		if got, err := s.SplitsInMeta(t.Context(), p.ID, field); fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: %v %v, want %s", field, got, err, want)
		}
	}
}

// BenchmarkNearCopies has pages of 3 to 10 kB on sites of 100, whose frame is
// 1 kB of each. A tenth are earlier pages with a change, some of them on another
// site; a fiftieth are notes without a frame that stand in a longer page.
// ANNOTATE_PAGES says how many there are, 100 000 by itself.
func BenchmarkNearCopies(b *testing.B) {
	n := 100_000
	if pages := os.Getenv("ANNOTATE_PAGES"); pages != "" {
		var err error
		if n, err = strconv.Atoi(pages); err != nil {
			b.Fatal(err)
		}
	}
	s := dbtest.Open(b)
	p := dbtest.Project(b, s, "News")
	size := func(of int) int { return 250 + of*7919%1000 } // words
	_, err := s.Import(b.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
		r := rand.New(rand.NewPCG(1, 1))
		sites := max(n/100, 2)
		for i := range n {
			site, body := i%sites, article(uint64(1_000_000+i), size(i))
			frame := article(uint64(site), 140)
			of := r.IntN(i + 1)
			switch {
			case i%10 == 9:
				body = article(uint64(1_000_000+of), size(of)) + " updated"
				if i%20 == 9 {
					site = of % sites
					frame = article(uint64(site), 140)
				}
			case i%50 == 3:
				body, frame = article(uint64(1_000_000+of), 120), "-"
			}
			if !yield(onSite(fmt.Sprint(i), fmt.Sprintf("s%d.example", site), body, frame), nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		began := time.Now()
		if err := s.FindNearCopies(b.Context(), p.ID, nil); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/find")
		began = time.Now()
		if _, err := s.Splits(b.Context(), p.ID, split.Usual, split.BySite, 0); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/assign")
		began = time.Now()
		r, err := s.SplitReport(b.Context(), p.ID, split.Usual, split.BySite, 0)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/report")
		b.ReportMetric(float64(len(r.Copies)), "pairs")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.Sys)/1e6, "MB")
	}
}
