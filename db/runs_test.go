package db_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/text"
)

// hard is a text in which bytes, code points and UTF-16 units differ, with a
// line of body, and one of boilerplate that ends in a dash.
const hard = "😀 Ada met E\u0301mile.\n\u05e9\u05dc\u05d5\u05dd\u00a0Bob -"

// goldFor imports documents of the hard text, all but the last with gold.
func goldFor(t testing.TB, s *db.Store, p corpus.Project, ids ...string) {
	t.Helper()
	var docs []corpus.Incoming
	for i, id := range ids {
		in := lines(id, hard+"\n"+id)
		if i < len(ids)-1 || len(ids) == 1 {
			in.Pieces = make([]corpus.Piece, len(in.Blocks))
			for k, b := range in.Blocks {
				in.Pieces[k] = corpus.Piece{Range: b.Range, Class: corpus.Boilerplate}
			}
			in.Pieces[0].Class = corpus.Body
			in.Annotators = []string{"mara"}
		}
		docs = append(docs, in)
	}
	if r := load(t, s, p, docs...); !r.Stored {
		t.Fatalf("%+v", r)
	}
}

func ids(t testing.TB, s *db.Store, p corpus.Project) map[string]corpus.DocumentID {
	t.Helper()
	out := map[string]corpus.DocumentID{}
	for n, err := range s.Names(t.Context(), p.ID) {
		if err != nil {
			t.Fatal(err)
		}
		out[n.External] = n.ID
	}
	return out
}

func refusal(t testing.TB, err error, want string) {
	t.Helper()
	i, ok := errors.AsType[*corpus.Invalid](err)
	if !ok || !strings.Contains(i.Reason, want) {
		t.Errorf("the error is %v, want one that says %q", err, want)
	}
}

func startRun(t testing.TB, s *db.Store, p corpus.Project, name string) corpus.Run {
	t.Helper()
	r, err := s.StartRun(t.Context(), corpus.Run{Project: p.ID, Name: name, Cleaner: corpus.Cleaner{Name: "x", Version: "1", Dependencies: map[string]string{"y": "2"}}, Origin: corpus.FromCommand, Documents: 3}, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func said(doc corpus.DocumentID, text string) db.Predicted {
	return db.Predicted{Document: doc, Prediction: score.Prediction{Status: score.OK, Text: text, Millis: 7}}
}

func add(t testing.TB, s *db.Store, r corpus.Run, ps ...db.Predicted) {
	t.Helper()
	if err := s.AddPredictions(t.Context(), r.ID, ps); err != nil {
		t.Fatal(err)
	}
}

func end(t testing.TB, s *db.Store, r corpus.Run, state corpus.RunState) {
	t.Helper()
	if err := s.EndRun(t.Context(), r.ID, state); err != nil {
		t.Fatal(err)
	}
}

func TestAPredictionComesBackAsItWent(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	goldFor(t, s, p, "a", "b")
	r := startRun(t, s, p, "one")
	for name, want := range map[string]score.Prediction{
		"a text":       {Status: score.OK, Text: hard, Millis: 12},
		"an error":     {Status: score.Failed, Detail: "exit status 3: שלום", Millis: 1},
		"blocks":       {Status: score.OK, Text: "x", Blocks: []score.Block{{Range: text.Range{Start: 0, End: 17}, Class: corpus.Body}, {Range: text.Range{Start: 18, End: 20}, Class: corpus.Undecided}}},
		"no block":     {Status: score.Empty, Blocks: []score.Block{}},
		"spans":        {Status: score.OK, Labels: true, Spans: []score.Span{{Range: text.Range{Start: 2, End: 5}, Label: "PER"}}},
		"no span":      {Status: score.OK, Labels: true},
		"a time-out":   {Status: score.TimeOut, Millis: 30000},
		"text, blocks": {Status: score.OK, Text: "y", Blocks: []score.Block{{Range: text.Range{Start: 1, End: 2}, Class: corpus.Boilerplate}}, Labels: true},
	} {
		add(t, s, r, db.Predicted{Document: ids(t, s, p)["a"], Prediction: want})
		got, err := s.Prediction(t.Context(), r.ID, ids(t, s, p)["a"])
		if err != nil || !equalPredictions(got, want) {
			t.Errorf("%s: %+v, %v; it went in as %+v", name, got, err, want)
		}
	}
	if got, err := s.Prediction(t.Context(), r.ID, ids(t, s, p)["b"]); err != nil || got.Status != score.Missing {
		t.Errorf("a document without one has %+v, %v", got, err)
	}
}

func equalPredictions(a, b score.Prediction) bool {
	if (a.Blocks == nil) != (b.Blocks == nil) || len(a.Blocks) != len(b.Blocks) || len(a.Spans) != len(b.Spans) {
		return false
	}
	for i := range a.Blocks {
		if a.Blocks[i] != b.Blocks[i] {
			return false
		}
	}
	for i := range a.Spans {
		if a.Spans[i] != b.Spans[i] {
			return false
		}
	}
	return a.Status == b.Status && a.Text == b.Text && a.Labels == b.Labels && a.Millis == b.Millis && a.Detail == b.Detail
}

func TestARunThatStoppedGoesOn(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	goldFor(t, s, p, "a", "b", "c")
	doc := ids(t, s, p)
	r := startRun(t, s, p, "one")
	left := func(all bool) (out []string) {
		t.Helper()
		n, err := s.Unpredicted(t.Context(), p.ID, r.ID, all)
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range s.ToPredict(t.Context(), p.ID, r.ID, all) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, d.ExternalID)
		}
		if n != len(out) {
			t.Errorf("%d are to be predicted, and %v come", n, out)
		}
		return out
	}
	if got := strings.Join(left(true), ""); got != "abc" {
		t.Errorf("to predict: %s", got)
	}
	if got := strings.Join(left(false), ""); got != "ab" {
		t.Errorf("to predict with gold: %s", got)
	}
	add(t, s, r, said(doc["a"], "Ada"), said(doc["a"], "Ada"))
	end(t, s, r, corpus.RunStopped)
	if err := s.AddPredictions(t.Context(), r.ID, []db.Predicted{said(doc["b"], "late")}); err == nil {
		t.Error("something was added to a run that had stopped")
	}

	again := startRun(t, s, p, "ONE")
	if again.ID != r.ID || again.Predicted != 1 || again.State != corpus.RunRunning || again.Cleaner.Dependencies["y"] != "2" {
		t.Errorf("it goes on as %+v", again)
	}
	if got := strings.Join(left(false), ""); got != "b" {
		t.Errorf("to predict after a stop: %s", got)
	}
	add(t, s, r, db.Predicted{Document: doc["b"], Prediction: score.Prediction{Status: score.Failed}})
	if err := s.ForgetFailures(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(left(false), ""); got != "b" {
		t.Errorf("to predict after failures were forgotten: %s", got)
	}
	add(t, s, r, said(doc["b"], "Bob"))
	end(t, s, r, corpus.RunDone)
	end(t, s, r, corpus.RunStopped) // who was too late changes nothing

	_, err := s.StartRun(t.Context(), corpus.Run{Project: p.ID, Name: "one", Origin: corpus.FromFile}, false, 0)
	refusal(t, err, "there is a run named")
	if got, err := s.RunByName(t.Context(), p.ID, "one"); err != nil || got.State != corpus.RunDone || got.Predicted != 2 || got.Ended.IsZero() {
		t.Errorf("at the end it is %+v, %v", got, err)
	}
	if err := s.SetRunRemoved(t.Context(), p.ID, r.ID, true); err != nil {
		t.Fatal(err)
	}
	startRun(t, s, p, "one")
	refusal(t, s.SetRunRemoved(t.Context(), p.ID, r.ID, false), "another run has this one's name")
}

func TestTwoMakersOfOneRun(t *testing.T) {
	s := dbtest.Open(t)
	now := time.Now()
	s.SetClock(func() time.Time { return now })
	p := dbtest.Project(t, s, "News")
	goldFor(t, s, p, "a")
	startRun(t, s, p, "one")
	run := corpus.Run{Project: p.ID, Name: "one", Cleaner: corpus.Cleaner{Name: "other"}, Origin: corpus.FromCommand}
	_, err := s.StartRun(t.Context(), run, false, 0)
	refusal(t, err, "being made right now")

	now = now.Add(time.Hour)
	if r, err := s.RunByName(t.Context(), p.ID, "one"); err != nil || r.State != corpus.RunStopped {
		t.Errorf("a run whose maker was killed is %+v, %v", r, err)
	}
	_, err = s.StartRun(t.Context(), run, false, 0)
	refusal(t, err, "another version")
	startRun(t, s, p, "one")
}

func TestAFileIsAllThereOrNotAtAll(t *testing.T) {
	s := dbtest.Open(t)
	now := time.Now()
	s.SetClock(func() time.Time { return now })
	p := dbtest.Project(t, s, "News")
	goldFor(t, s, p, "a")
	hidden := func() corpus.Run {
		t.Helper()
		r, err := s.StartRun(t.Context(), corpus.Run{Project: p.ID, Name: "file", Origin: corpus.FromFile, Documents: 1}, true, 0)
		if err != nil {
			t.Fatal(err)
		}
		add(t, s, r, said(ids(t, s, p)["a"], "half"))
		return r
	}
	seen := func() int {
		t.Helper()
		all, err := s.Runs(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}

	left := hidden() // and its maker is killed
	if n := seen(); n != 0 {
		t.Errorf("%d runs are seen while a file comes in", n)
	}
	if _, err := s.Run(t.Context(), p.ID, left.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("half of a file can be opened: %v", err)
	}
	now = now.Add(time.Hour)
	r := hidden()
	if r.ID == left.ID || r.Predicted != 0 {
		t.Errorf("it goes on with what was left behind: %+v", r)
	}
	var rows int
	if err := s.Scan(t.Context(), `SELECT count(*) FROM predictions`, nil, &rows); err != nil || rows != 1 {
		t.Errorf("%d predictions are kept, %v", rows, err)
	}
	end(t, s, r, corpus.RunDone)
	if n := seen(); n != 1 {
		t.Errorf("%d runs are seen at the end", n)
	}
}

func options(ms ...string) db.ReportOptions {
	o := db.ReportOptions{Options: report.Options{Measures: score.Usual, Baseline: -1, Resamples: score.Resampling{Resamples: 50, Seed: 1}}}
	if len(ms) > 0 {
		o.Measures = nil
	}
	for _, m := range ms {
		one, _ := score.MeasureNamed(m)
		o.Measures = append(o.Measures, one)
	}
	return o
}

// The body of each document has the three words Ada, met and Émile; the page has
// two of boilerplate, שלום and Bob, and its id.
func TestAReportFollowsTheGold(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	goldFor(t, s, p, "a", "b", "c") // c has none
	doc := ids(t, s, p)
	good, poor := startRun(t, s, p, "good"), startRun(t, s, p, "poor")
	add(t, s, good, said(doc["a"], "😀 Ada met Émile."), said(doc["b"], "😀 Ada met Émile. Bob"), said(doc["c"], "?"))
	add(t, s, poor, said(doc["a"], "Ada"))
	end(t, s, good, corpus.RunDone)
	end(t, s, poor, corpus.RunDone)

	o := options()
	o.Baseline = 1
	told := 0
	o.Progress = func(done, total int) { told = total }
	r, err := s.Report(t.Context(), p, []corpus.Run{good, poor}, o)
	if err != nil {
		t.Fatal(err)
	}
	words := float64(len(score.Words("😀 Ada met Émile.")))
	f1 := (1 + 2*words/(2*words+1)) / 2
	if got := r.Runs[0].Value("word"); math.Abs(got-f1) > 1e-12 {
		t.Errorf("word F1 is %v, by hand %v", got, f1)
	}
	if got, want := r.Runs[1].Value("word"), (2/(1+words)+0)/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("the poor one has %v, by hand %v", got, want)
	}
	if told != 4 || len(r.Documents) != 2 || r.Documents[0].Key != "a" || r.Header.Gold == "" || len(r.Missing(1)) != 1 || r.Missing(1)[0] != "b" {
		t.Errorf("told of %d scores; %+v, missing %v", told, r.Documents, r.Missing(1))
	}
	if o := r.Runs[0].Outcomes(); o.Perfect != 1 || o.Wrong != 1 {
		t.Errorf("the outcomes are %+v", o)
	}

	o.Progress = func(done, total int) { t.Errorf("%d of %d scores are taken again", done, total) }
	again, err := s.Report(t.Context(), p, []corpus.Run{good, poor}, o)
	if err != nil || again.Runs[0].Value("word") != r.Runs[0].Value("word") || again.Runs[0].Scores.Kinds != r.Runs[0].Scores.Kinds {
		t.Errorf("from kept scores it is %v, %v", again.Runs[0].Value("word"), err)
	}

	// Nothing but the gold of b changes: now its last line is body too.
	in := lines("b", hard+"\nb")
	in.Pieces = make([]corpus.Piece, len(in.Blocks))
	for k, b := range in.Blocks {
		in.Pieces[k] = corpus.Piece{Range: b.Range, Class: corpus.Body}
	}
	load(t, s, p, in)
	taken := 0
	o.Progress = func(done, _ int) { taken = done }
	changed, err := s.Report(t.Context(), p, []corpus.Run{good, poor}, o)
	if err != nil || taken != 2 || changed.Header.Gold == r.Header.Gold || changed.Runs[0].Value("word") >= r.Runs[0].Value("word") {
		t.Errorf("%d scores were taken again; %v, then %v, %v", taken, r.Runs[0].Value("word"), changed.Runs[0].Value("word"), err)
	}

	o = options("jaccard", "word")
	o.Common = true
	r, err = s.Report(t.Context(), p, []corpus.Run{good, poor}, o)
	if err != nil || len(r.Documents) != 1 || r.Header.Common != 1 || r.Runs[1].Value("jaccard") != score.WordSets("😀 Ada met E\u0301mile.", "Ada") {
		t.Errorf("on what both have: %+v, %v", r.Header, err)
	}
	problems, err := s.Check(t.Context(), func(string) {})
	if err != nil || len(problems) > 0 {
		t.Errorf("check: %v, %v", problems, err)
	}
	if err := s.Exec(t.Context(), `UPDATE predictions SET text = 'else' WHERE run_id = ? AND document_id = ?`, poor.ID, doc["a"]); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), `UPDATE predictions SET parts = '{"at":[0,999],"class":"b"}' WHERE run_id = ? AND document_id = ?`, good.ID, doc["b"]); err != nil {
		t.Fatal(err)
	}
	problems, err = s.Check(t.Context(), func(string) {})
	if all := strings.Join(problems, "; "); err != nil || !strings.Contains(all, `run "poor", document 1: the kept score is not`) || !strings.Contains(all, `run "good", document 2: block [0,999) is outside`) {
		t.Errorf("check after damage: %v, %v", problems, err)
	}
}

// Gold keeps a label's number, a prediction its name.
func TestARenamedLabelIsScoredAnew(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	in := lines("a", hard)
	in.Pieces = []corpus.Piece{{Range: in.Blocks[0].Range, Class: corpus.Body}, {Range: in.Blocks[1].Range, Class: corpus.Boilerplate}}
	in.Spans = []corpus.IncomingSpan{{Range: text.Range{Start: 2, End: 5}, Label: "PER", Quote: "Ada"}}
	load(t, s, p, in)
	r := startRun(t, s, p, "one")
	add(t, s, r, db.Predicted{Document: ids(t, s, p)["a"], Prediction: score.Prediction{Status: score.OK, Labels: true, Spans: []score.Span{{Range: text.Range{Start: 2, End: 5}, Label: "PER"}}}})
	end(t, s, r, corpus.RunDone)
	for _, want := range []float64{1, 0} {
		got, err := s.Report(t.Context(), p, []corpus.Run{r}, options())
		if err != nil || got.Runs[0].Value("span") != want {
			t.Errorf("with the label %s: %v, %v, want %v", p.Labels[0].Name, got.Runs[0].Value("span"), err, want)
		}
		p.Labels[0].Name = "PERSON"
		if err := s.SetProject(t.Context(), p, 0); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheHashOfGoldIsTheSameInAnotherOrder(t *testing.T) {
	var hashes []string
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		s := dbtest.Open(t)
		p := dbtest.Project(t, s, "News")
		for _, id := range order {
			goldFor(t, s, p, id)
		}
		h, err := s.GoldHash(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
	}
	if hashes[0] != hashes[1] || len(hashes[0]) != 64 {
		t.Errorf("the hashes are %v", hashes)
	}
}

// Mara and Jonas have both begun with document a when she submits; document b he
// opens when her decision is there, and changes it.
func TestTheCeilingIsOfWorkDoneBlind(t *testing.T) {
	s := dbtest.Open(t)
	now := time.Now()
	s.SetClock(func() time.Time { now = now.Add(time.Second); return now })
	p := dbtest.Project(t, s, "News")
	wants(t, s, p, 2)
	mara, jonas := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole), dbtest.Annotator(t, s, "jonas", corpus.Adjudicator)
	first, last := lines("a", hard), lines("b", hard)
	load(t, s, p, first, last)
	doc := ids(t, s, p)
	var e event
	act := func(who corpus.Annotator, id string, events ...corpus.Event) {
		t.Helper()
		for i := range events {
			events[i] = e.of(events[i])
		}
		a, err := s.Act(t.Context(), doc[id], who.ID, events)
		if err != nil || len(a.Refused) > 0 {
			t.Fatal(err, a.Refused)
		}
	}
	all := func(c corpus.Class) corpus.Event {
		return corpus.Event{Kind: corpus.KindClass, From: 0, To: first.Blocks[1].Start, Class: c}
	}
	rest := corpus.Event{Kind: corpus.KindClass, From: first.Blocks[1].Start, To: first.Blocks[1].Start, Class: corpus.Boilerplate}
	submit := corpus.Event{Kind: corpus.KindSubmit}

	if c, err := s.Ceiling(t.Context(), corpus.GoldFilter{Project: p.ID}, score.Resampling{}); c != nil || err != nil {
		t.Errorf("without gold it is %+v, %v", c, err)
	}
	act(mara, "a", all(corpus.Body), rest)
	act(jonas, "a", all(corpus.Body))
	act(mara, "a", submit)
	act(jonas, "a", submit)
	wants(t, s, p, 1)
	act(mara, "b", all(corpus.Body), submit)
	act(jonas, "b", corpus.Event{Kind: corpus.KindReopen}, rest, submit)

	c, err := s.Ceiling(t.Context(), corpus.GoldFilter{Project: p.ID}, score.Resampling{Resamples: 10})
	if err != nil {
		t.Fatal(err)
	}
	// Mara has three words, Jonas five: F1 is 2·3 / (3 + 5).
	if math.Abs(c.F1.Mean-.75) > 1e-12 || c.Documents != 1 || c.Seen != 1 || c.Start != 0 || c.End != 2 {
		t.Errorf("the ceiling is %+v", c)
	}
}
