package split

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/internal/corpus"
)

func TestASpecIsRead(t *testing.T) {
	for typed, want := range map[string][2]string{
		"train=80,dev=10,test=10":      {"train=80,dev=10,test=10", "train=8,dev=1,test=1"},
		" train = 8 , dev=1 ,test=1.0": {"train=8,dev=1,test=1", "train=8,dev=1,test=1"},
		"a=0.7,b=0.2,c=.1":             {"a=0.7,b=0.2,c=0.1", "a=7,b=2,c=1"},
		"train=2,validation=1":         {"train=2,validation=1", "train=2,validation=1"},
	} {
		s, err := ParseSpec(typed)
		if err != nil || s.String() != want[0] || s.Canonical() != want[1] {
			t.Errorf("%q is %s and %s, %v", typed, s, s.Canonical(), err)
		}
	}
	for typed, want := range map[string]string{
		"":                    "is no split",
		"train":               "is no split",
		"train=1":             "2 to 10 parts",
		"train=1,train=2":     "stands twice",
		"train=1,Train=2":     "stands twice",
		"train=1,dev=0":       "the share of dev",
		"train=1,dev=-1":      "the share of dev",
		"train=1,dev=NaN":     "the share of dev",
		"train=1,dev=1e3":     "the share of dev",
		"train=1,dev=.":       "the share of dev",
		"train=1,dev=1.23456": "the share of dev",
		"train=1,dev=1000001": "the share of dev",
		"train=1,dév=1":       "cannot be the name",
		"train=1,../x=1":      "cannot be the name",
		"a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1": "2 to 10 parts",
	} {
		_, err := ParseSpec(typed)
		if invalid, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(invalid.Reason, want) || invalid.Field != "split" {
			t.Errorf("%q: %v", typed, err)
		}
	}
	if _, err := ParseBy("sight"); err == nil {
		t.Error("there is a way called sight")
	}
	if by, err := ParseBy(""); by != BySite || err != nil {
		t.Error(by, err)
	}
	if s := Usual.Share("dev"); s != 0.1 || Usual.Has("holdout") {
		t.Error(s)
	}
}

// What is published must stay where it is: these parts follow from what
// printf 'annotate-split-1\nsite:example.org' | sha256sum says, and so on. The
// hashes begin with d1, 01, a5, 48 and eb: 0.82, 0.005, 0.65, 0.28 and 0.92 of the way.
func TestAPartFollowsFromTheNameAlone(t *testing.T) {
	for name, want := range map[string]string{"site:example.org": "dev", "document:7": "train", "document:sha256:00": "train", "site:example.com": "train", "document:9": "test"} {
		if got := Usual.Of(name); got != want {
			t.Errorf("%s is in %s, want %s", name, got, want)
		}
	}
	twice, _ := ParseSpec("train=8,dev=1,test=1")
	for i := range 1000 {
		name := fmt.Sprint("document:", i)
		if Usual.Of(name) != twice.Of(name) {
			t.Fatalf("%s is in %s and %s", name, Usual.Of(name), twice.Of(name))
		}
	}
}

func words(r *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("w%d", r.IntN(100_000))
	}
	return out
}

// passage has all that goes wrong in texts: an emoji of several code points,
// Hebrew, a no-break space, an accent.
const passage = "😀 Ada Lovelace\u00a0wrote the first program. 👩‍👩‍👧 שלום עולם, אמרה עדה, וכתבה את התוכנית הראשונה. Le café était fermé à l’été de la même année."

func TestNearCopiesByHand(t *testing.T) {
	near := func(a, b string) bool {
		x, _ := Shingles(a)
		y, _ := Shingles(b)
		return Compare(x, y).Near(Alike)
	}
	han := "天気予報によると明日は全国的に晴れて気温が上がる見込みです。各地で夏のような暑さになるでしょう。水分をこまめにとり、無理をせず涼しい場所で休むよう気象庁は呼びかけています。夜には雲が広がり、山沿いでは雨の降る所もあるため注意が必要です。"
	for name, pair := range map[string][2]string{
		"itself":                              {passage, passage},
		"other emoji":                         {passage, strings.NewReplacer("😀", "🎉", "👩‍👩‍👧", "").Replace(passage)},
		"spaces and line ends":                {passage, strings.NewReplacer("\u00a0", "\r\n", " ", "  \t").Replace(passage)},
		"decomposed":                          {passage, strings.NewReplacer("é", "e\u0301", "ê", "e\u0302", "à", "a\u0300").Replace(passage)},
		"soft hyphens and marks of direction": {passage, strings.NewReplacer("program", "pro\u00adgram", "שלום", "\u200fשלום\u200f").Replace(passage)},
		"in capitals":                         {passage, strings.ToUpper(passage)},
		"Han":                                 {han, strings.Replace(han, "です", "でした", 1)},
		"Han in spaces":                       {han, strings.Join(strings.Split(han, ""), " ")},
		"a few words":                         {"Page not found", "page NOT found!"},
		"inside a longer one":                 {strings.Repeat(passage, 1), passage + " And then much else was said on that day, by many people, in several other places, of which nothing is known."},
	} {
		if !near(pair[0], pair[1]) || !near(pair[1], pair[0]) {
			t.Errorf("%s: no near-copies", name)
		}
	}
	for name, pair := range map[string][2]string{
		"another order of words": {"one two three four five six seven", "seven six five four three two one"},
		"no words":               {"😀", "😀"},
		"nothing":                {"", ""},
		"other marks":            {"पका पका पका पका पका", "पकी पकी पकी पकी पकी"},
		"other Han":              {han, "昨日の試合は雨のため中止となり、来週の土曜日に改めて行われることになりました。入場券はそのまま使えます。"},
		"a line inside":          {"Read more about it here today", "Read more about it here today, if you like to know what else was said of the matter"},
	} {
		if near(pair[0], pair[1]) {
			t.Errorf("%s: near-copies", name)
		}
	}
	if h, n := Shingles("天気 予報 ab"); n != 5 || len(h) != 1 {
		t.Errorf("%d shingles of %d words", len(h), n)
	}
}

// Of 6 shingles of 10 words, 5 to 9 have the word that differs: with 0 to 4,
// there is 1 left of each and 11 in all.
func TestSharesAreCounted(t *testing.T) {
	a, _ := Shingles("a b c d e f g h i j")
	b, _ := Shingles("a b c d e F2 g h i j")
	if s := Compare(a, b); s.Jaccard != 1.0/11 || s.Containment != 1.0/6 || s.Least != 6 {
		t.Errorf("%+v", s)
	}
	if s := Compare(nil, a); s != (Similarity{}) {
		t.Errorf("%+v", s)
	}
}

// pairLike makes two texts of n different words whose shingles have about that
// Jaccard coefficient: the second goes on where the first has ended.
func pairLike(r *rand.Rand, n int, jaccard float64) (string, string) {
	moved := int(float64(n) * (1 - jaccard) / (1 + jaccard))
	all := words(r, n+moved)
	return strings.Join(all[:n], " "), strings.Join(all[moved:], " ")
}

func TestSketchesEstimateAndFind(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		jaccard float64
		least   float64 // of 400 pairs that many must be found
		most    float64
	}{{0.95, 1, 1}, {0.9, 1, 1}, {0.85, 0.99, 1}, {0.81, 0.98, 1}, {0.5, 0, 0.10}, {0.3, 0, 0}} {
		const n = 400
		entries := make([]Entry, 0, 2*n)
		off := 0.0
		for i := range n {
			a, b := pairLike(r, 300, c.jaccard)
			x, y := SketchOf(a), SketchOf(b)
			off += x.Like(&y) - c.jaccard
			entries = append(entries, Entry{corpus.DocumentID(2*i + 1), Text, true, x}, Entry{corpus.DocumentID(2*i + 2), Text, true, y})
		}
		// The error of a mean of 400 is a twentieth of 0.044 at most; a text
		// of 300 words does not hit the coefficient exactly either.
		if off /= n; math.Abs(off) > 0.012 {
			t.Errorf("at %v sketches are off by %v", c.jaccard, off)
		}
		found := Candidates(entries)
		for _, f := range found {
			if f.B != f.A+1 || f.A%2 != 0 {
				t.Errorf("at %v two texts that have nothing to do with each other are a candidate", c.jaccard)
			}
		}
		if share := float64(len(found)) / n; share < c.least || share > c.most {
			t.Errorf("at %v %v of the pairs are candidates", c.jaccard, share)
		}
	}
}

func TestOnlyWhatIsFreshIsCompared(t *testing.T) {
	s := SketchOf(passage)
	entries := []Entry{{1, Text, false, s}, {1, Body, false, s}, {2, Text, false, s}, {3, Text, true, s}}
	// Equal texts of one kind fold into the first of them, bodies apart.
	if got, want := Candidates(entries), []Candidate{{0, 3}, {1, 3}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Candidates([]Entry{{1, Text, true, SketchOf("😀")}, {2, Text, true, SketchOf("😀")}}); len(got) != 0 {
		t.Errorf("texts without words: %v", got)
	}
}

// Thousands of copies that differ by a word are no square of thousands.
func TestManyCopiesStayFew(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	text := strings.Join(words(r, 400), " ")
	entries := make([]Entry, 3000)
	for i := range entries {
		entries[i] = Entry{corpus.DocumentID(i + 1), Text, true, SketchOf(fmt.Sprintf("%s seen %d times", text, i))}
	}
	found := Candidates(entries)
	joined := union{}
	for _, c := range found {
		joined.join(fmt.Sprint(c.A), fmt.Sprint(c.B))
	}
	if top := joined.find("0"); len(found) > 20*len(entries) {
		t.Errorf("%d candidates", len(found))
	} else {
		for i := range entries {
			if joined.find(fmt.Sprint(i)) != top {
				t.Fatalf("copy %d is in no pair", i)
			}
		}
	}
}

// A note of 80 words that stands whole in a page of 2 000 shares 4 % with it.
func TestAShortTextInsideALongOne(t *testing.T) {
	const n = 100
	r := rand.New(rand.NewPCG(8, 8))
	found := func(length, kept int) int {
		var entries []Entry
		for len(entries) < 2*n {
			note, page := words(r, length), words(r, 2000)
			at := r.IntN(len(page))
			entries = append(entries, entry(len(entries), strings.Join(note, " ")),
				entry(len(entries)+1, strings.Join(slices.Concat(page[:at], note[:kept], page[at:]), " ")))
		}
		hit := 0
		for _, c := range Candidates(entries) {
			if c.A%2 == 0 && c.B == c.A+1 {
				hit++
			}
		}
		return hit
	}
	for _, c := range []struct{ length, kept, least int }{
		{80, 80, n * 97 / 100}, {150, 150, n}, {400, 400, n},
		{400, 370, n * 97 / 100}, // 92 % of it
	} {
		if got := found(c.length, c.kept); got < c.least {
			t.Errorf("of %d texts with %d of their %d words in a long page, %d are found", n, c.kept, c.length, got)
		}
	}
	if got := found(400, 160); got > n/100 {
		t.Errorf("%d of %d pages are candidates for 40 %% of a text", got, n)
	}
}

func entry(id int, text string) Entry {
	return Entry{corpus.DocumentID(id + 1), Text, true, SketchOf(text)}
}

// On a site, short pages that are mostly its frame are not all held against its
// long ones.
func TestAFrameMakesNoCandidates(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, pages := range []int{40, 400} {
		frame := words(r, 150)
		var entries []Entry
		for i := range pages {
			length := 60
			if i%2 == 0 {
				length = 1500
			}
			entries = append(entries, entry(i, strings.Join(append(words(r, length), frame...), " ")))
		}
		among := 0
		for _, c := range Candidates(entries) {
			if c.A%2 != c.B%2 { // two short ones are rather alike
				among++
			}
		}
		if among > pages/20 {
			t.Errorf("%d candidates of a long and a short page among %d pages of a site", among, pages)
		}
	}
}

func TestASketchIsKept(t *testing.T) {
	s := SketchOf(passage)
	again := Sketch{Words: s.Words, Shingles: s.Shingles}
	if err := again.SetBytes(s.Bytes()); err != nil || !again.Equal(&s) {
		t.Errorf("%v", err)
	}
	for _, n := range []int{0, 100, len(s.Bytes()) - 1} {
		if err := again.SetBytes(s.Bytes()[:n]); err == nil {
			t.Errorf("%d bytes are a sketch", n)
		}
	}
	// A kept sketch is compared with those of years later.
	if sum := fmt.Sprint(s.Words, s.Shingles, s.Mins[:4], s.Sample); sum != "25 21 [55719 55078 21821 52766] [2592313384 3337052607 3431853363 4209106576]" {
		t.Errorf("the sketch is %s; with another one, SketchVersion must change", sum)
	}
}

// grown is a corpus of n documents on some sites, a fifth of them copies of
// earlier ones, half of these on the same site.
func grown(r *rand.Rand, n int) ([]Document, []Pair) {
	documents := make([]Document, n)
	var pairs []Pair
	for i := range documents {
		d := Document{ID: corpus.DocumentID(i + 1), Key: fmt.Sprintf("k%x", r.Uint64()), Site: fmt.Sprintf("s%d.example", r.IntN(n/5)), At: time.UnixMilli(r.Int64N(1 << 40))}
		if i%7 == 3 {
			d.Site = ""
		}
		if i > 0 && r.IntN(5) == 0 {
			of := documents[r.IntN(i)]
			if r.IntN(2) == 0 {
				d.Site = of.Site
			}
			pairs = append(pairs, Pair{A: of.ID, B: d.ID, Kind: Text, Similarity: Similarity{Jaccard: 0.9, Containment: 0.95, Least: 100}})
		}
		documents[i] = d
	}

	return documents, pairs
}

// keep does as a store does.
func keep(kept map[string]Kept, a Assignment, at time.Time) {
	for name, k := range a.Fresh {
		if k.At.IsZero() {
			k.At = at
		}
		kept[name] = k
	}
}

func TestNothingMovesAsACorpusGrows(t *testing.T) {
	for _, by := range Ways {
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 7))
			documents, pairs := grown(r, 400)
			kept, was := map[string]Kept{}, map[string]string{}
			at := time.UnixMilli(1_700_000_000_000)
			for _, n := range []int{100, 101, 150, 400} {
				some := slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return int(p.B) > n })
				a := Assign(Usual, by, documents[:n], some, kept, nil)
				at = at.Add(time.Hour)
				keep(kept, a, at)
				moved := map[string]string{}
				for _, m := range a.Moves {
					moved[m.Name] = m.To
				}
				for _, d := range documents[:n] {
					is := a.Of(d.Key)
					if before := was[d.Key]; before != "" && before != is && moved[nameOf(d, by)] != is {
						t.Errorf("by %s, seed %d, %d documents: %s went from %s to %s, and nothing says so", by, seed, n, d.Key, before, is)
					}
					was[d.Key] = is
				}
				if report := a.Report(documents[:n], some); (by == BySite || by == ByCluster) && report.Leaks() {
					t.Fatalf("by %s, seed %d, %d documents: %d pairs and %d sites leak", by, seed, n, len(report.Pairs), len(report.Sites))
				}
				again := Assign(Usual, by, documents[:n], some, kept, nil)
				if !maps.Equal(again.parts, a.parts) || len(again.Fresh) != 0 || !slices.Equal(again.Moves, a.Moves) {
					t.Fatalf("by %s, seed %d, %d documents: asked again, %d are new", by, seed, n, len(again.Fresh))
				}
			}
		}
	}
}

func TestTheOrderOfDocumentsDoesNotMatter(t *testing.T) {
	for _, by := range Ways {
		r := rand.New(rand.NewPCG(11, 12))
		documents, pairs := grown(r, 300)
		kept := map[string]Kept{}
		keep(kept, Assign(Usual, by, documents[:200], nil, nil, nil), time.UnixMilli(1))
		want := Assign(Usual, by, documents, pairs, kept, nil)
		for range 5 {
			r.Shuffle(len(documents), func(i, j int) { documents[i], documents[j] = documents[j], documents[i] })
			r.Shuffle(len(pairs), func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
			got := Assign(Usual, by, documents, pairs, kept, nil)
			if !maps.Equal(got.parts, want.parts) || !maps.Equal(got.Fresh, want.Fresh) || !slices.Equal(got.Moves, want.Moves) {
				t.Errorf("by %s it matters", by)
			}
		}
	}
}

// Of n independent documents, the share lies within four standard deviations of
// p but once in 16 000 times; the names are fixed, so it does so always or never.
func TestSharesAreMetAsDiceMeetThem(t *testing.T) {
	const n = 20_000
	documents := make([]Document, n)
	for i := range documents {
		documents[i] = Document{ID: corpus.DocumentID(i + 1), Key: fmt.Sprint("page-", i), Site: fmt.Sprint("site", i, ".example"), At: time.UnixMilli(int64(i) * 7919 % n)}
	}
	spec, err := ParseSpec("a=50,b=30,c=15,d=5")
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range Ways {
		for _, p := range Assign(spec, by, documents, nil, nil, nil).Report(documents, nil).Parts {
			bound := 4 * math.Sqrt(p.Asked*(1-p.Asked)/n)
			if by == ByTime {
				bound = 1.0 / n
			}
			if math.Abs(p.Share-p.Asked) > bound {
				t.Errorf("by %s, %s has %v, not %v", by, p.Name, p.Share, p.Asked)
			}
		}
	}
}

func TestTimeCutsStay(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	var documents []Document
	for i := range 10 {
		documents = append(documents, Document{ID: corpus.DocumentID(i + 1), Key: fmt.Sprint(i), At: day(i + 1)})
	}
	a := Assign(Usual, ByTime, documents, nil, nil, nil)
	kept := map[string]Kept{}
	keep(kept, a, day(20))
	for key, want := range map[string]string{"0": "train", "7": "train", "8": "dev", "9": "test"} {
		if a.Of(key) != want {
			t.Errorf("%s is in %s, want %s", key, a.Of(key), want)
		}
	}
	documents = append(documents, Document{ID: 11, Key: "late", At: day(25)}, Document{ID: 12, Key: "found later", At: day(2)})
	a = Assign(Usual, ByTime, documents, nil, kept, nil)
	if a.Of("late") != "test" || a.Of("found later") != "train" || a.Of("8") != "dev" || len(a.Fresh) != 0 {
		t.Errorf("%v", a.parts)
	}
	if a := Assign(Usual, ByTime, nil, nil, nil, nil); len(a.Fresh) != 0 {
		t.Error("no documents have cuts")
	}
}

func TestWhenAPageWasWritten(t *testing.T) {
	added := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for meta, want := range map[string]string{
		`{}`:                                   "2026-11-01",
		`{"date":"2024-03-05"}`:                "2024-03-05",
		`{"date":"2024-03-05T23:30:00-02:00"}`: "2024-03-06",
		`{"published":"Tue, 05 Mar 2024 10:00:00 GMT","date":"2020-01-01"}`: "2024-03-05",
		`{"date":"yesterday"}`: "2026-11-01",
		`{"date":17}`:          "2026-11-01",
		`date`:                 "2026-11-01",
	} {
		if got := Written(meta, added).Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", meta, got, want)
		}
	}
}

func TestFixedPartsLeakAndAreTold(t *testing.T) {
	documents := []Document{
		{ID: 1, Key: "a", Name: "A", Site: "x.example", Language: "en", Words: 100, Body: 3, Boilerplate: 1, Spans: map[string]int{"PER": 2}},
		{ID: 2, Key: "b", Name: "B", Site: "y.example", Words: 50, Body: 1, Spans: map[string]int{"PER": 1, "ORG": 1}},
		{ID: 3, Key: "c", Name: "C", Site: "x.example", Words: 7},
	}
	pairs := []Pair{{1, 2, Body, Similarity{0.9, 1, 30}}, {1, 99, Text, Similarity{1, 1, 30}}}
	fixed := []Fixed{{Site: "x.example", Part: "test"}, {Document: "b", Part: "train"}, {Document: "c", Part: "dev"}, {Document: "z", Part: "holdout"}}
	a := Assign(Usual, BySite, documents, pairs, nil, fixed)
	if a.Of("a") != "test" || a.Of("b") != "train" || a.Of("c") != "dev" || a.Of("z") != "" || len(a.Fixed) != 3 || len(a.Idle) != 1 {
		t.Fatalf("%v %v %v", a.parts, a.Fixed, a.Idle)
	}
	r := a.Report(documents, pairs)
	want := NearCopy{[2]corpus.DocumentID{1, 2}, [2]string{"a", "b"}, [2]string{"A", "B"}, [2]string{"test", "train"}, Body, 0.9, 1, 30}
	if len(r.Pairs) != 1 || r.Pairs[0] != want || len(r.Sites) != 1 || r.Sites[0].Site != "x.example" || !maps.Equal(r.Sites[0].Documents, map[string]int{"test": 1, "dev": 1}) || !r.Leaks() || r.Clusters != 1 {
		t.Errorf("%+v", r)
	}
	train := r.Parts[0]
	if train.Documents != 1 || train.Sites != 1 || train.Clusters != 1 || train.Words != 50 || train.Body != 1 || train.Boilerplate != 0 || train.Spans["ORG"] != 1 || train.Languages[""] != 1 || train.Asked != 0.8 || math.Abs(train.Share-1.0/3) > 1e-9 {
		t.Errorf("%+v", train)
	}
	for _, words := range []string{"train has fewer than 20 documents: 1", "the label ORG appears in train only", "the document z is fixed to holdout, which is no part of this split"} {
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, words) }) {
			t.Errorf("%q is not among %q", words, r.Warnings)
		}
	}
	if slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "PER") }) {
		t.Errorf("PER is in two parts: %q", r.Warnings)
	}
	if d := a.Description(); d.Documents["train"] != 1 || d.Hash != "annotate-split-1" || d.Split != "train=80,dev=10,test=10" {
		t.Errorf("%+v", d)
	}
}

// A copy on another site joins two sites that were apart: the part of the one
// that was assigned first wins, whatever its name.
func TestTheOlderPartWins(t *testing.T) {
	documents := []Document{{ID: 1, Key: "1", Site: "a.example"}, {ID: 2, Key: "2", Site: "b.example"}}
	kept := map[string]Kept{"site:a.example": {Part: "dev", At: time.UnixMilli(2)}, "site:b.example": {Part: "test", At: time.UnixMilli(1)}}
	a := Assign(Usual, BySite, documents, []Pair{{A: 1, B: 2}}, kept, nil)
	if a.Of("1") != "test" || a.Of("2") != "test" || !slices.Equal(a.Moves, []Move{{"site:a.example", "dev", "test"}}) || a.Fresh["site:a.example"] != (Kept{"test", "dev", time.UnixMilli(2)}) {
		t.Errorf("%v %v %v", a.parts, a.Moves, a.Fresh)
	}
}

func BenchmarkSketch(b *testing.B) {
	text := strings.Join(words(rand.New(rand.NewPCG(1, 1)), 500), " ")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		SketchOf(text)
	}
}

func BenchmarkCandidates(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 5))
	entries := make([]Entry, 0, 100_000)
	for len(entries) < cap(entries) { // sites of 100 pages whose frame is 40 % of each
		frame := words(r, 120)
		for range 100 {
			entries = append(entries, Entry{corpus.DocumentID(len(entries) + 1), Text, true, SketchOf(strings.Join(append(words(r, 90), frame...), " "))})
		}
	}
	b.ResetTimer()
	for b.Loop() {
		b.ReportMetric(float64(len(Candidates(entries))), "candidates")
	}
}
