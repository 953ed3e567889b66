package db_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/release"
	"annotate/internal/score"
)

// frozen makes a release.
func frozen(t testing.TB, s *db.Store, p corpus.Project, name string) corpus.Release {
	t.Helper()
	r, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: p.ID, Name: name, Program: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// exported is a release as JSON Lines.
func exported(t testing.TB, s *db.Store, r corpus.Release) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := export.JSONL.WriteRelease(t.Context(), &b, r, s.Gold(t.Context(), corpus.GoldFilter{Project: r.Project, Release: r.ID})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// differences is what verifying finds, a line each.
func differences(t testing.TB, s *db.Store, r corpus.Release) string {
	t.Helper()
	var out []string
	err := s.VerifyRelease(t.Context(), r, func(int, int) {}, func(d corpus.ReleaseDifference) {
		out = append(out, fmt.Sprintf("%d %s: %s", d.Document, d.Key, d.Reason))
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "\n")
}

// corrected gives a document new gold by mara.
func corrected(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator, e *event, events ...corpus.Event) {
	t.Helper()
	refused(t, act(t, s, id, who, e.of(corpus.Event{Kind: corpus.KindReopen})))
	for i := range events {
		events[i] = e.of(events[i])
	}
	refused(t, act(t, s, id, who, append(events, e.of(corpus.Event{Kind: corpus.KindSubmit}))...))
}

// shelf is a project in which three documents have gold by import and one has
// none.
func shelf(t testing.TB) (*db.Store, corpus.Project, corpus.Annotator) {
	t.Helper()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.Administrator)
	load(t, s, p, withGold(lines("a", page), "PER", "Mara Lindqvist"), withGold(lines("b", page+"!"), "PER", "Mara"), withGold(lines("c", page+"?"), "PER"), lines("d", page+"."))
	return s, p, mara
}

func TestAReleaseStaysAsItWas(t *testing.T) {
	t.Parallel()
	s, p, mara := shelf(t)
	r := frozen(t, s, p, "2026-11")
	if r.Documents != 3 || r.Bases[corpus.Imported] != 3 || r.Annotators["jonas"] != 3 || len(r.Labels) != 5 || r.Rule != corpus.AllAgree || r.By != "" {
		t.Errorf("the manifest says %+v", r.ReleaseManifest)
	}
	before := exported(t, s, r)
	if n := bytes.Count(before, []byte(`"release":"2026-11","sealed":{`)); n != 3 {
		t.Errorf("%d records name the release", n)
	}

	var e event
	corrected(t, s, 1, mara, &e, class(0, 3, corpus.Boilerplate))
	if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{2}, true, mara.ID); err != nil {
		t.Fatal(err)
	}
	load(t, s, p, withGold(lines("c", "another text"), "PER"), withGold(lines("e", "one more"), "PER"))
	p, err := s.Project(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	p.Labels = slices.Clone(p.Labels)
	p.Labels[0].Name, p.Guidelines = "PERSON", "other guidelines\n"
	if err := s.SetProject(t.Context(), p, mara.ID); err != nil {
		t.Fatal(err)
	}

	again, err := s.ReleaseByName(t.Context(), p.ID, " 2026-11 ")
	if err != nil || again.Hash != r.Hash {
		t.Fatalf("%+v %v", again, err)
	}
	if after := exported(t, s, again); !bytes.Equal(before, after) {
		t.Errorf("the release was\n%s\nand is\n%s", before, after)
	}
	if !bytes.Contains(before, []byte(`"label":"PER"`)) {
		t.Error("the release does not say the old name of the label")
	}
	if d := differences(t, s, again); d != "" {
		t.Errorf("verifying finds %s", d)
	}
	clean(t, s)
}

func TestVerifyingFindsWhatIsSpoilt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage string
		says   []string
		lines  int // how many differences, 0 for any
	}{
		"a text":               {`UPDATE documents SET text = replace(text, 'said', 'told') WHERE id = 1`, []string{"1 a: its text is not the one"}, 1},
		"an address":           {`UPDATE documents SET url = 'https://other.example/' WHERE id = 2`, []string{"2 b: its record is not the one"}, 1},
		"a class":              {`UPDATE gold SET content = replace(content, '"bbbx"', '"bbxx"') WHERE document_id = 1`, []string{"1 a: its record is not the one"}, 1},
		"a span":               {`UPDATE gold SET content = replace(content, '"label":[1]', '"label":[2]') WHERE document_id = 2`, []string{"2 b: its record is not the one"}, 1},
		"gold that is no JSON": {`UPDATE gold SET content = 'x' WHERE document_id = 1`, []string{"1 a: its gold 1 cannot be read"}, 1},
		"a basis":              {`UPDATE gold SET basis = 'adjudicated' WHERE document_id = 3`, []string{"3 c: its record is not the one", "0 : the counts by what gold rests on"}, 2},
		"an annotator":         {`UPDATE gold SET annotators = '["ada"]' WHERE document_id = 3`, []string{"3 c: its record is not the one", "the counts by annotator"}, 2},
		"a label's name":       {`UPDATE releases SET manifest = replace(manifest, '"name":"PER"', '"name":"MAN"')`, []string{"1 a: its record", "2 b: its record", "0 : its documents and manifest do not give its hash"}, 3},
		"the guidelines":       {`UPDATE releases SET manifest = json_set(manifest, '$.guidelines', 'x')`, []string{"0 : its documents and manifest do not give its hash"}, 1},
		"a row lost":           {`DELETE FROM release_gold WHERE document_id = 2`, []string{"the number of documents", "do not give its hash"}, 0},
		"another's gold":       {`UPDATE release_gold SET gold_id = 1 WHERE document_id = 2`, []string{"2 a: its gold 1 is that of document 1"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, _ := shelf(t)
			r := frozen(t, s, p, "one")
			for _, q := range []string{`DROP TRIGGER documents_never_change`, `DROP TRIGGER gold_never_changes`, `DROP TRIGGER releases_never_change`, `DROP TRIGGER release_gold_never_changes`, `DROP TRIGGER release_gold_never_goes`, c.damage} {
				if err := s.Exec(t.Context(), q); err != nil {
					t.Fatal(err)
				}
			}
			r, err := s.Release(t.Context(), p.ID, r.ID)
			if err != nil {
				t.Fatal(err)
			}
			got := differences(t, s, r)
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("want %q, got\n%s", want, got)
				}
			}
			if n := strings.Count(got, "\n") + 1; c.lines > 0 && n != c.lines {
				t.Errorf("%d differences, want %d:\n%s", n, c.lines, got)
			}
			problems, err := s.Check(t.Context(), func(string) {})
			if err != nil || !strings.Contains(strings.Join(problems, "\n"), `release "one"`) {
				t.Errorf("annotate check finds %q %v", problems, err)
			}
		})
	}
}

func TestAReleaseIsWrittenOnce(t *testing.T) {
	t.Parallel()
	s, p, mara := shelf(t)
	r := frozen(t, s, p, "one")
	for _, q := range []string{
		`UPDATE releases SET manifest = '{}'`, `UPDATE releases SET name = 'two'`, `UPDATE releases SET state = 'making'`, `DELETE FROM releases`,
		`UPDATE release_gold SET gold_id = 1`, `DELETE FROM release_gold`, `INSERT INTO release_gold VALUES (1, 4, 1, zeroblob(32))`,
	} {
		if err := s.Exec(t.Context(), q); err == nil {
			t.Errorf("%s was done", q)
		}
	}

	if err := s.SetReleaseRemoved(t.Context(), p.ID, r.ID, true, mara.ID); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Releases(t.Context(), p.ID); err != nil || len(all) != 0 {
		t.Errorf("a removed one is listed: %v %v", all, err)
	}
	_, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: p.ID, Name: "ONE"})
	refusal(t, err, "which is removed")
	if err := s.SetReleaseRemoved(t.Context(), p.ID, r.ID, false, mara.ID); err != nil {
		t.Fatal(err)
	}
	if d := differences(t, s, r); d != "" {
		t.Error(d)
	}
	var kinds []string
	log, err := s.Log(t.Context(), corpus.LogFilter{Project: p.ID})
	for _, l := range log {
		if strings.HasPrefix(l.Kind, "release-") {
			kinds = append(kinds, l.Kind+" "+l.Subject+" "+l.By)
		}
	}
	if want := []string{"release-restored one mara", "release-removed one mara", "release-added one "}; err != nil || !slices.Equal(kinds, want) {
		t.Errorf("the log says %q %v", kinds, err)
	}
}

func TestWhatIsNoRelease(t *testing.T) {
	t.Parallel()
	s, p, _ := shelf(t)
	frozen(t, s, p, "Ärger")
	empty := dbtest.Project(t, s, "empty")
	for name, c := range map[string]struct {
		project corpus.ProjectID
		says    string
	}{
		"  ":                    {p.ID, "needs a name"},
		strings.Repeat("ü", 81): {p.ID, "at most 80"},
		"a\u0085b":              {p.ID, "control"},
		"ärger":                 {p.ID, `there is a release "Ärger" already`},
		strings.Repeat("ü", 80): {empty.ID, "no document of the project"},
	} {
		_, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: c.project, Name: name})
		refusal(t, err, c.says)
	}
	if _, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: 99, Name: "x"}); err == nil {
		t.Error("a project that is not there got a release")
	}
	var rows int
	if err := s.Scan(t.Context(), `SELECT count(*) FROM releases`, nil, &rows); err != nil || rows != 1 {
		t.Errorf("%d rows are left %v", rows, err)
	}
}

func TestAKilledReleaseIsNeverSeenAndClearedUp(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	at := &clock{at: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	s.SetClock(at.now)
	p := dbtest.Project(t, s, "news")
	var docs []corpus.Incoming
	for _, in := range many(1500, "d") {
		docs = append(docs, withGold(in, "PER"))
	}
	load(t, s, p, docs...)

	// One that is told to stop takes its rows away itself.
	ctx, stop := context.WithCancel(t.Context())
	_, err := s.AddRelease(ctx, db.ReleaseOptions{Project: p.ID, Name: "one", Progress: func(done, _ int) {
		if done > 1000 {
			stop()
		}
	}})
	var rows, releases int
	if scan := s.Scan(t.Context(), `SELECT (SELECT count(*) FROM release_gold), (SELECT count(*) FROM releases)`, nil, &rows, &releases); !errors.Is(err, context.Canceled) || scan != nil || rows+releases != 0 {
		t.Errorf("%d rows, %d releases are left %v %v", rows, releases, err, scan)
	}

	// One that was killed leaves them.
	for _, q := range []string{
		fmt.Sprintf(`INSERT INTO releases (project_id, name, state, at, beat_at) VALUES (1, 'one', 'making', 0, %d)`, at.now().UnixMilli()),
		`INSERT INTO release_gold SELECT 2, document_id, id, zeroblob(32) FROM gold WHERE id <= 900`,
	} {
		if err := s.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.Releases(t.Context(), p.ID); err != nil || len(all) != 0 {
		t.Errorf("half a release is seen: %+v %v", all, err)
	}
	_, err = s.AddRelease(t.Context(), db.ReleaseOptions{Project: p.ID, Name: "one"})
	refusal(t, err, "being made right now")
	at.add(2 * time.Minute)
	r := frozen(t, s, p, "one")
	if err := s.Scan(t.Context(), `SELECT (SELECT count(*) FROM release_gold), (SELECT count(*) FROM releases)`, nil, &rows, &releases); err != nil || rows != 1500 || releases != 1 || r.Documents != 1500 {
		t.Errorf("%d rows, %d releases, %d documents %v", rows, releases, r.Documents, err)
	}
	clean(t, s)
}

func TestAReleaseIsOneMoment(t *testing.T) {
	t.Parallel()
	s, p, mara := shelf(t)
	var e event
	labelled := false
	r, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: p.ID, Name: "one", Progress: func(int, int) {
		if !labelled { // while it is being made
			labelled = true
			refused(t, act(t, s, 4, mara, submitAll(&e)...))
		}
	}})
	if err != nil || r.Documents != 3 {
		t.Errorf("%d documents %v", r.Documents, err)
	}
	if two := frozen(t, s, p, "two"); two.Documents != 4 || two.Bases[corpus.OfOne] != 1 {
		t.Errorf("%+v", two)
	}
}

func TestAFileOfAReleaseIsVerified(t *testing.T) {
	t.Parallel()
	s, p, _ := shelf(t)
	r := frozen(t, s, p, "one")
	whole := exported(t, s, r)
	expected, err := s.ReleaseHashes(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file  string
		says  string
		alone string // without the data file; says where empty
	}{
		"the whole file":      {string(whole), "", ""},
		"cut off in a record": {string(whole[:len(whole)-20]), "line 3 has no end", ""},
		"cut off after one":   {string(whole[:bytes.IndexByte(whole, '\n')+1]), "2 of the 3 documents of the release are not in the file", "the number of documents"},
		"no end of line":      {string(whole[:len(whole)-1]), "line 3 has no end", ""},
		"a label":             {strings.Replace(string(whole), `"label":"PER"`, `"label":"ORG"`, 1), "a: line 1: its record is not the one", "do not give its hash"},
		"a text":              {strings.Replace(string(whole), "said", "told", 1), "a: line 1: its text is not the one", ""},
		"a record twice":      {string(whole) + string(whole), "a: line 4: it stands in the file twice", "the number of documents"},
		"another order":       {swap(string(whole)), "do not give its hash", ""},
		"nothing":             {"", "3 of the 3 documents", "the number of documents"},
		"an export of now":    {strings.ReplaceAll(string(whole), `"release":"one"`, `"release":"two"`), `it says that it is of the release "two"`, ""},
	} {
		for _, with := range []map[string]release.Hash{expected, nil} {
			var got []string
			err := release.VerifyFile(strings.NewReader(c.file), r.ReleaseManifest, with, func(d corpus.ReleaseDifference) { got = append(got, d.Key+": "+d.Reason) })
			want := c.says
			if with == nil && c.alone != "" {
				want = c.alone
			}
			if found := strings.Join(got, "\n"); err != nil || !strings.Contains(found, want) || (want == "") != (found == "") {
				t.Errorf("%s: want %q, got\n%s %v", name, want, found, err)
			}
		}
	}
}

// swap exchanges the first two lines.
func swap(s string) string {
	l := strings.SplitAfter(s, "\n")
	l[0], l[1] = l[1], l[0]
	return strings.Join(l, "")
}

const byHand = "480265b330926c9b198a71c905e1f3510eee367f041fa27f5f6464efd9acf5a3"

func TestTheHashCanBeMadeByHand(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	in := withGold(lines("k", "😀 Ada\n-"), "PER", "Ada")
	in.URL = "https://a.example/"
	load(t, s, p, in)
	r := frozen(t, s, p, "one")
	hashes, err := s.ReleaseHashes(t.Context(), r.ID)
	// printf '18:annotate-release-1,1:k,64:'$(printf '😀 Ada\n-' | sha256sum | cut -c-64)',7:line-v1,18:https://a.example/,1:2,1:0,1:5,1:6,1:7,1:2,1:0,1:5,4:body,0:,1:6,1:7,11:boilerplate,7:related,1:1,1:2,1:5,3:PER,3:Ada,1:2,4:mara,5:jonas,0:,8:imported,' | sha256sum
	if got := fmt.Sprintf("%x", hashes["k"]); err != nil || got != byHand {
		t.Errorf("the hash is %s, by hand %s %v", got, byHand, err)
	}
}

func TestADiffOfTwoReleases(t *testing.T) {
	t.Parallel()
	s, p, mara := shelf(t)
	one := frozen(t, s, p, "one")

	// In a, "ALDPORT: Mara Lindqvist said so." (5 words) goes to boilerplate
	// and with it nothing else; its span stays. In b, a span of ORG comes. c
	// comes with another text. d gets gold; e is new. Nothing becomes of the
	// line of the dash, which has no word.
	var e event
	corrected(t, s, 1, mara, &e, class(1, 1, corpus.Boilerplate))
	corrected(t, s, 2, mara, &e, span("span-0001", 1, 0, 7, "ALDPORT", 2))
	load(t, s, p, withGold(lines("c", "another text"), "PER"), withGold(lines("e", "one more"), "PER"))
	p, err := s.Project(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	p.Labels = slices.Clone(p.Labels)
	p.Labels[0].Name, p.Guidelines, p.Overlap = "PERSON", "Mark names.\n", 2
	if err := s.SetProject(t.Context(), p, mara.ID); err != nil {
		t.Fatal(err)
	}
	two := frozen(t, s, p, "two")

	var each []string
	d, err := s.DiffReleases(t.Context(), one, two, func(c corpus.DocumentChange) error {
		b, err := json.Marshal(c)
		each = append(each, string(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if d.Added != 1 || d.Removed != 0 || d.Changed != 3 || d.Unchanged != 0 || d.NewTexts != 1 || d.WordsToBoilerplate != 5 || d.WordsToBody != 0 || d.SpansAdded["ORG"] != 1 || len(d.SpansAdded) != 1 || len(d.SpansRemoved) != 0 {
		t.Errorf("%+v", d)
	}
	if len(d.Labels) != 1 || d.Labels[0].Was.Name != "PER" || d.Labels[0].Is.Name != "PERSON" {
		t.Errorf("labels: %+v", d.Labels)
	}
	if want := "--- guidelines of one\n+++ guidelines of two\n@@ -0,0 +1 @@\n+Mark names.\n"; d.GuidelinesDiff != want {
		t.Errorf("guidelines: %q", d.GuidelinesDiff)
	}
	if d.SettingsWas != "overlap 1 on 100%, rule agree" || d.SettingsIs != "overlap 2 on 100%, rule agree" {
		t.Errorf("settings: %q %q", d.SettingsWas, d.SettingsIs)
	}
	if len(each) != 4 || !strings.Contains(each[0], `"change":"changed","document":1,"key":"a"`) || !strings.Contains(each[2], `"document":5,"key":"c"`) || !strings.Contains(each[2], `"newText":true`) || !strings.Contains(each[3], `"change":"added","document":6,"key":"e"`) {
		t.Errorf("%s", strings.Join(each, "\n"))
	}

	back, err := s.DiffReleases(t.Context(), two, one, nil)
	if err != nil || back.Removed != 1 || back.WordsToBody != 5 || back.SpansRemoved["ORG"] != 1 {
		t.Errorf("%+v %v", back, err)
	}
	same, err := s.DiffReleases(t.Context(), two, two, nil)
	if err != nil || same.Unchanged != 4 || same.Added+same.Removed+same.Changed+len(same.Labels)+len(same.GuidelinesDiff) != 0 {
		t.Errorf("%+v %v", same, err)
	}
}

func TestAReportOverAReleaseStaysTheSame(t *testing.T) {
	t.Parallel()
	s, p, mara := shelf(t)
	r := startRun(t, s, p, "run")
	for id := range corpus.DocumentID(3) {
		d, err := s.Document(t.Context(), id+1)
		if err != nil {
			t.Fatal(err)
		}
		add(t, s, r, db.Predicted{Document: id + 1, Prediction: score.Prediction{Status: score.OK, Text: strings.Split(d.Text, "\n")[1], Labels: true, Spans: []score.Span{}}})
	}
	end(t, s, r, corpus.RunDone)
	r, err := s.Run(t.Context(), p.ID, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	about := func(of *corpus.Release) (f1 float64, head string) {
		t.Helper()
		now, err := s.Project(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		o := db.ReportOptions{Program: "test", Release: of}
		o.Baseline, o.Measures, o.Resamples = -1, score.Usual, score.Resampling{Resamples: 10}
		out, err := s.Report(t.Context(), now, []corpus.Run{r}, o)
		if err != nil {
			t.Fatal(err)
		}
		return out.Runs[0].Value("word"), out.Said()[0]
	}

	one := frozen(t, s, p, "one")
	was, head := about(&one)
	if now, _ := about(nil); now != was {
		t.Errorf("current gold, which is that of the release, gives %v and not %v", now, was)
	}
	if want := "news: 1 run, release one, 3 documents, sha256 " + one.Hash + "."; head != want {
		t.Errorf("it says %q, want %q", head, want)
	}

	var e event
	corrected(t, s, 1, mara, &e, class(0, 0, corpus.Boilerplate), class(3, 3, corpus.Body))
	for range 2 { // the scores of both are kept beside each other
		is, _ := about(nil)
		if is == was {
			t.Fatal("the correction changes nothing; the test needs another one")
		}
		if again, _ := about(&one); again != was {
			t.Errorf("the release gave %v and gives %v", was, again)
		}
	}
	clean(t, s)

	now, _ := s.Project(t.Context(), p.ID)
	now.Labels = slices.Clone(now.Labels)
	now.Labels[0].Name = "PERSON"
	if err := s.SetProject(t.Context(), now, mara.ID); err != nil {
		t.Fatal(err)
	}
	if again, _ := about(&one); again != was {
		t.Errorf("with a label renamed the release gives %v", again)
	}
	clean(t, s)
}

func BenchmarkAddRelease(b *testing.B) {
	s, p, _ := filled(b, 10_000, 0, true)
	b.ResetTimer()
	for i := range b.N {
		if r := frozen(b, s, p, fmt.Sprint(i)); r.Documents != 10_000 {
			b.Fatal(r.Documents)
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkVerifyRelease(b *testing.B) {
	s, p, _ := filled(b, 10_000, 0, true)
	r := frozen(b, s, p, "one")
	b.ResetTimer()
	for range b.N {
		if d := differences(b, s, r); d != "" {
			b.Fatal(d)
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkExport writes current gold and the same gold as a release, and
// current gold in the formats that trainers read.
func BenchmarkExport(b *testing.B) {
	s, p, _ := filled(b, 10_000, 0, true)
	r := frozen(b, s, p, "one")
	current := export.Current(p, s.Gold(b.Context(), corpus.GoldFilter{Project: p.ID}))
	released := export.Released(r, s.Gold(b.Context(), corpus.GoldFilter{Project: p.ID, Release: r.ID}))
	for _, c := range []struct {
		name   string
		format export.Format
		source export.Source
	}{
		{"jsonl", export.JSONL, current},
		{"jsonl-release", export.JSONL, released},
		{"huggingface", export.HuggingFace, current},
		{"spacy", export.SpaCy, current},
		{"iob2", export.IOB2, current},
	} {
		b.Run(c.name, func(b *testing.B) {
			for range b.N {
				if m, err := c.format.Stream(b.Context(), io.Discard, c.source, export.Options{Lossy: true, Tentative: true}); err != nil || m.Documents != 10_000 {
					b.Fatal(m.Documents, err)
				}
			}
			b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}
