package handlers

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/views"
)

// until waits for a condition, and fails where it does not come about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s", what)
		}
	}
}

// checked sends files of predictions and waits until they are checked.
func (s *site) checked(project string, fields map[string][]string, files ...file) string {
	s.t.Helper()
	job := s.upload("mona", project+"/runs/files", fields, files...).Header.Get("Location")
	if !strings.HasPrefix(job, project+"/runs/files/") {
		s.t.Fatalf("the upload leads to %q", job)
	}
	s.atRest(job)

	return job
}

// atRest waits until a job is not at work.
func (s *site) atRest(job string) {
	s.t.Helper()
	until(s.t, "the job to be at rest", func() bool {
		return s.page(s.get("mona", job)).Find("#job[hx-get]").Length() == 0
	})
}

func (s *site) runsOf(project corpus.ProjectID) []corpus.Run {
	s.t.Helper()
	all, err := s.store.Runs(s.t.Context(), project)
	if err != nil {
		s.t.Fatal(err)
	}

	return all
}

// inState waits until a run is in that state.
func (s *site) inState(project corpus.ProjectID, run corpus.RunID, state corpus.RunState) corpus.Run {
	s.t.Helper()
	var r corpus.Run
	until(s.t, "the run to be "+string(state), func() bool {
		var err error
		if r, err = s.store.Run(s.t.Context(), project, run); err != nil {
			s.t.Fatal(err)
		}
		return r.State == state
	})

	return r
}

// nothingKept fails where a run left something behind, seen or unseen.
func (s *site) nothingKept(project corpus.ProjectID) {
	s.t.Helper()
	if all := s.runsOf(project); len(all) != 0 {
		s.t.Errorf("runs %+v", all)
	}
	for id := corpus.RunID(1); id < 10; id++ {
		for range s.store.Predictions(s.t.Context(), id) {
			s.t.Fatalf("the run %d left predictions behind", id)
		}
	}
}

const answers = `{"id":"bridge","text":"Repairs will close both lanes","cleaner":"mine","version":"1.2","ms":7}
{"url":"https://other.example.net/b","blocks":[{"start":0,"end":12,"class":"body"},{"start":13,"end":22,"class":"boilerplate"}]}
{"id":"villages","status":"error","error":"it crashed"}
{"id":"elsewhere","text":"nobody knows it"}
`

func TestARunFromAFileIsCheckedThenStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.checked(news, form("name", "First 😀"), file{"answers.jsonl", answers})

	s.check(s.get("mona", job), visit{status: 200, has: []string{
		".tiles .card:nth-child(1) dd: 4", ".tiles .card:nth-child(2) dd: 3", ".tiles .card:nth-child(3) dd: 1", ".tiles .card:nth-child(4) dd: 0",
		"form.store: 2 by id · 1 by address", "form.store: 2 ok · 1 error", "#unused li: elsewhere",
		"#store-name[value='First 😀']", "#store-cleaner[value=mine]", "#store-version[value='1.2']", "button[data-enter]: Store the run", "button[formaction$='/cancel']",
	}, hasNot: []string{"[hx-trigger]", "#problems", "#without"}})
	s.see(s.page(s.get("mona", news+"/runs")), "#jobs-title", "a[href='"+job+"']: First 😀")
	s.nothingKept(1)

	s.check(s.post("mona", job+"/store", form("name", "First 😀", "cleaner", "mine", "version", "1.2")), visit{status: 303, to: job})
	s.check(s.post("mona", job+"/store", form("name", "First 😀")), visit{status: 303, to: job}) // a second click
	s.atRest(job)

	r := s.runsOf(1)[0]
	if r.Name != "First 😀" || r.Cleaner.String() != "mine 1.2" || r.State != corpus.RunDone || r.Documents != 3 || r.Predicted != 3 || r.By != "mona" || r.Origin != corpus.FromFile {
		t.Errorf("run %+v", r)
	}
	s.check(s.get("mona", job), visit{status: 200, has: []string{".big: First 😀 is stored: 3 predictions", fmt.Sprintf("a[href='%s/runs/%d']", news, r.ID)}, hasNot: []string{"#job button"}})
	p, err := s.store.Prediction(t.Context(), r.ID, 2)
	if err != nil || p.Text != "😀 Tolls rise" || len(p.Blocks) != 2 {
		t.Errorf("prediction %+v, %v", p, err)
	}

	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{
		".runs li:nth-child(1) h2 a: First 😀", ".chip.good: done", ".runs: mine 1.2 · from a file · by mona", ".runs: 3 documents · 2 ok · 1 error",
		fmt.Sprintf(".runs a[href='%s/accuracy?run=%d']", news, r.ID), fmt.Sprintf(".runs a[href='%s/runs/%d/documents']", news, r.ID), fmt.Sprintf(".runs a[download][href='%s/runs/%d/predictions']", news, r.ID),
		fmt.Sprintf(".runs form[action='%s/runs/%d/remove']", news, r.ID),
	}, hasNot: []string{"#jobs-title", ".runs form[action$='/stop']", ".runs form[action$='/resume']", "#runs[hx-get]"}})
	s.check(s.get("mona", fmt.Sprintf("%s/runs/%d", news, r.ID)), visit{status: 200, has: []string{"h1: First 😀", ".big: 3 documents predicted", ".facts: 1.2"}, hasNot: []string{"#run[hx-get]", "progress"}})
}

func TestWhatARunSaysComesBackAsItWent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.checked(news, form("name", "one"), file{"a.jsonl", answers})
	s.post("mona", job+"/store", nil)
	s.atRest(job)
	one := s.runsOf(1)[0]
	r := s.get("mona", fmt.Sprintf("%s/runs/%d/predictions", news, one.ID))
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK || strings.Count(string(b), "\n") != 3 || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment; filename=one-") {
		t.Fatalf("status %d, %s:\n%s", r.StatusCode, r.Header.Get("Content-Disposition"), b)
	}

	job = s.checked(news, form("name", "two"), file{"b.jsonl", string(b)})
	s.post("mona", job+"/store", nil)
	s.atRest(job)
	two := s.runsOf(1)[0]
	for doc := corpus.DocumentID(1); doc <= 3; doc++ {
		a, err := s.store.Prediction(t.Context(), one.ID, doc)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.store.Prediction(t.Context(), two.ID, doc)
		if err != nil || fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			t.Errorf("document %d: %+v, then %+v, %v", doc, a, b, err)
		}
	}
}

func TestFilesOfARunThatAreWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []file
		has   []string
	}{
		{"a line that is cut off", []file{{"a.jsonl", answers + `{"id":"x","te`}}, []string{"#problems td.file: a.jsonl", "#problems td.r: 5", "form.store: Nothing is stored"}},
		{"a block outside its document", []file{{"a.jsonl", `{"id":"villages","text":"x"}` + "\n" + `{"id":"bridge","blocks":[{"start":0,"end":999,"class":"body"}]}` + "\n"}}, []string{"#problems td.file: a.jsonl", "#problems td.r: 2", "#problems: 999"}},
		{"an id that is there twice", []file{{"a.jsonl", `{"id":"bridge","text":"x"}` + "\n" + `{"id":"bridge","text":"y"}` + "\n"}}, []string{"#problems td.r: 2", "#problems: twice"}},
		{"a file that is empty", []file{{"a.jsonl", ""}}, []string{"#problems td.file: a.jsonl"}},
		{"one of two files", []file{{"a.jsonl", answers}, {"b.jsonl", "no JSON\n"}}, []string{"#problems td.file: b.jsonl"}},
		{"predictions for other documents", []file{{"a.jsonl", `{"id":"x","text":"x"}` + "\n"}}, []string{"form.store: None of the 1 prediction", "#unused li: x", "#without li: villages"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			job := s.checked(news, form("name", "bad"), c.files...)
			s.check(s.get("mona", job), visit{status: 200, has: append(c.has, "form.store button: Close"), hasNot: []string{"button.primary"}})
			s.check(s.post("mona", job+"/store", form("name", "bad")), visit{status: 303, to: job}) // nobody offers it
			s.check(s.post("mona", job+"/cancel", nil), visit{status: 303, to: news + "/runs"})
			s.nothingKept(1)
		})
	}
}

func TestARunFromAFolderOfTexts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.checked(news, nil, file{"cleaned/bridge.txt", "Repairs will close both lanes\r\n"}, file{"cleaned/villages.txt", "Ten Quiet Villages"}, file{"cleaned/.DS_Store", "x"})
	s.check(s.get("mona", job), visit{status: 200, has: []string{".tiles .card:nth-child(2) dd: 2", "#store-name[value=cleaned]", ".sub: 2 files"}, hasNot: []string{"#problems"}})
	s.post("mona", job+"/store", form("name", "cleaned"))
	s.atRest(job)
	p, err := s.store.Prediction(t.Context(), s.runsOf(1)[0].ID, 1)
	if err != nil || strings.TrimSpace(p.Text) != "Repairs will close both lanes" {
		t.Errorf("prediction %+v, %v", p, err)
	}
}

// A document that came without an id is known by the hash of its text, and is
// listed by its name all the same.
func TestDocumentsWithoutAnID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, `{"text":"No id at all","layer":"gold","blocks":[{"start":0,"end":12,"class":"body"}]}`+"\n"+`{"text":"Nor here","layer":"gold","blocks":[{"start":0,"end":8,"class":"body"}]}`+"\n")
	var hash string
	for n, err := range s.store.Names(t.Context(), 2) {
		if err != nil {
			t.Fatal(err)
		}
		if hash == "" {
			hash = n.TextHash
		}
	}
	job := s.checked(quiet, nil, file{"a.jsonl", `{"id":"` + hash + `","text":"No id"}` + "\n"})
	s.check(s.get("mona", job), visit{status: 200, has: []string{".tiles .card:nth-child(2) dd: 1", ".alert: 1 document with gold has no prediction", "#without li: Nor here"}})
}

func TestARunsNameIsItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.checked(news, form("name", "Nightly"), file{"a.jsonl", answers})
	other := s.checked(news, form("name", "nightly", "cleaner", "other"), file{"a.jsonl", answers})
	s.check(s.post("mona", job+"/store", form("name", "Nightly")), visit{status: 303, to: job})
	s.atRest(job)

	// At the upload, with what was typed kept.
	s.check(s.upload("mona", news+"/runs/files", form("name", "nightly", "version", "2"), file{"a.jsonl", answers}), visit{status: 422,
		has: []string{"#problem-name: already", "#upload-name[value=nightly][aria-invalid=true]", "#upload-version[value='2']"}})
	s.check(s.upload("mona", news+"/runs/files", form("name", "x", "format", "exe"), file{"a.jsonl", answers}), visit{status: 422, has: []string{"#problem-format: There is no format"}})
	s.check(s.upload("mona", news+"/runs/files", form("name", "x")), visit{status: 422, has: []string{"#problem-file: Choose a file"}})
	r := httptest.NewRequest(http.MethodPost, news+"/runs/files", strings.NewReader("x"))
	s.check(s.send("mona", r), visit{status: 400})

	// After the check, where it can be given another.
	s.check(s.post("mona", other+"/store", form("name", "NIGHTLY")), visit{status: 422, has: []string{"#problem-name: already", "#store-name[value=NIGHTLY]"}})
	s.check(s.post("mona", other+"/store", form("name", "Nightly 2")), visit{status: 303, to: other})
	s.atRest(other)

	// A name that holds nothing, or too much, is refused when it is stored.
	for _, name := range []string{strings.Repeat("é", 121), "a\x01b"} {
		job := s.checked(news, form("name", name), file{"a.jsonl", answers})
		s.post("mona", job+"/store", form("name", name))
		s.atRest(job)
		s.check(s.get("mona", job), visit{status: 200, has: []string{"#problem-name: A run's name holds", "#store-name[aria-invalid=true]", "button[data-enter]"}})
	}

	// Without one it is called after the file, by a name that is free.
	for _, want := range []string{"Nightly (2)", "Nightly (2)"} {
		s.see(s.page(s.get("mona", s.checked(news, nil, file{"some/Nightly.jsonl", answers}))), "#store-name[value='"+want+"']")
	}
	if n := len(s.runsOf(1)); n != 2 {
		t.Errorf("%d runs", n)
	}
}

func TestARunFromAFileCancelled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.checked(news, nil, file{"a.jsonl", answers})
	s.check(s.post("mona", job+"/cancel", nil), visit{status: 303, to: news + "/runs"})
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{".toast: Nothing was stored", ".empty"}, hasNot: []string{"#jobs-title"}})
	s.check(s.post("mona", job+"/store", form("name", "late")), visit{status: 303, to: job})
	s.check(s.get("mona", job), visit{status: 200, has: []string{"#job: was cancelled"}, hasNot: []string{"#job form"}})
	s.nothingKept(1)
	s.check(s.get("mona", strings.Replace(job, news, quiet, 1)), visit{status: 303, to: quiet + "/runs"}) // another project's
	s.check(s.get("mona", quiet+"/runs"), visit{status: 200, has: []string{".toast: Send the files once more"}})
}

// What breaks while a run is being stored leaves nothing behind.
func TestARunThatCannotBeStoredLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.checked(news, nil, file{"a.jsonl", answers})
	j, err := s.server.h.predicting.job(1, job[strings.LastIndex(job, "/")+1:])
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.server.h.predicting.storeFiles(ctx, j); err == nil {
		t.Error("it was stored")
	}
	s.nothingKept(1)

	// A document that changed since the check, so that a range does not fit.
	j.spool.file.Truncate(20)
	j.set(func(v *views.RunJob) { v.Name = "broken" })
	if err := s.server.h.predicting.storeFiles(t.Context(), j); err == nil {
		t.Error("it was stored")
	}
	s.nothingKept(1)
}

// slow is a cleaner that waits for a word before each document after the first
// ones.
type slow struct {
	clean.Cleaner
	free int
	word chan struct{}
	seen int
}

func (c *slow) Clean(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	if d.ID > corpus.DocumentID(c.free) {
		select {
		case <-c.word:
		case <-ctx.Done():
			return score.Prediction{}, ctx.Err()
		}
	}

	return c.Cleaner.Clean(ctx, d)
}

func builtIn(t *testing.T, name string) clean.Cleaner {
	t.Helper()
	b, err := clean.BuiltInNamed(name)
	if err != nil {
		t.Fatal(err)
	}

	return b.New()
}

// htmlPage is a document in HTML, beside the texts that there are.
const htmlPage = `{"id":"page","html":"<!doctype html><html><head><title>Ferry</title></head><body><nav><a href=\"/\">Home</a> <a href=\"/news\">News</a></nav><article><h1>The ferry sails again</h1><p>After three weeks in the yard the ferry of Aldport sails again from Monday on, as its owner said on Friday in a short statement to the press.</p><p>Passengers had been carried by bus around the bay, which took them more than an hour longer than the crossing does on most days.</p></article><footer>Imprint</footer></body></html>","url":"https://ferry.example.org/a"}` + "\n"

func TestABuiltInCleansTheDocuments(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, htmlPage)
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{
		"#start-run input[name=cleaner][value=trafilatura][checked][data-run^='trafilatura 1.']", "#start-run input[value=lines]", "#scope option[value=gold][selected]: with gold (1)", "#scope option[value=all]: all (4)", "#start-run: Takes HTML only",
	}})

	to := s.post("mona", news+"/runs", form("cleaner", "trafilatura", "documents", "all")).Header.Get("Location")
	r := s.inState(1, s.runsOf(1)[0].ID, corpus.RunDone)
	if to != fmt.Sprintf("%s/runs/%d", news, r.ID) || r.Documents != 4 || r.Predicted != 4 || !strings.HasPrefix(r.Name, "trafilatura 1.") || r.Origin != corpus.BuiltIn || r.By != "mona" {
		t.Errorf("%s: %+v", to, r)
	}
	s.check(s.get("mona", to), visit{status: 200, has: []string{".chip.good: done", "#run: 1 ok · 3 error", ".facts: go-trafilatura"}, hasNot: []string{"#run[hx-get]", "#run form[action$='/resume']"}})
	got, err := s.store.Prediction(t.Context(), r.ID, 4)
	if err != nil || !strings.Contains(got.Text, "After three weeks") || strings.Contains(got.Text, "Imprint") {
		t.Errorf("prediction %+v, %v", got, err)
	}

	// Of text and HTML alike, and only of what has gold.
	s.check(s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "gold", "name", "gold only")), visit{status: 303, to: news + "/runs/2"})
	if r := s.inState(1, 2, corpus.RunDone); r.Documents != 1 || r.Predicted != 1 {
		t.Errorf("%+v", r)
	}
	s.check(s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all")), visit{status: 303, to: news + "/runs/3"})
	s.inState(1, 3, corpus.RunDone)
	statuses, err := s.store.RunStatuses(t.Context(), 3)
	if err != nil || statuses[score.Failed] != 0 {
		t.Errorf("statuses %v, %v", statuses, err)
	}
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{"#start-run input[value=trafilatura][data-run$=' (2)']"}})
}

func TestABuiltInThatCannotStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.check(s.post("mona", news+"/runs", form("cleaner", "none", "documents", "all")), visit{status: 422, has: []string{"#problem-cleaner: There is no cleaner", "fieldset[aria-describedby=problem-cleaner]"}})
	s.check(s.post("mona", quiet+"/runs", form("cleaner", "lines", "documents", "gold")), visit{status: 422, has: []string{"#problem-documents: No document has gold", "input[value=lines][checked]"}})
	s.check(s.post("mona", quiet+"/runs", form("cleaner", "lines", "documents", "all")), visit{status: 422, has: []string{"#problem-documents: no documents yet"}})
	s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all", "name", "mine"))
	s.inState(1, 1, corpus.RunDone)
	s.check(s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all", "name", "Mine")), visit{status: 422, has: []string{"#problem-run-name: already", "#start-name[value=Mine][aria-invalid=true]", "#scope option[value=all][selected]"}, hasNot: []string{"#problem-name"}})
}

func TestARunIsStoppedAndResumed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := &slow{Cleaner: builtIn(t, "lines"), free: 1, word: make(chan struct{})}
	r, err := s.server.h.predicting.start(t.Context(), 1, "slow", c, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.server.h.predicting.start(t.Context(), 1, "second", builtIn(t, "nothing"), true, 0)
	if err != nil {
		t.Fatal(err)
	}
	run := fmt.Sprintf("%s/runs/%d", news, r.ID)
	s.check(s.get("mona", run), visit{status: 200, has: []string{"#run[hx-get='" + run + "'][hx-target][hx-nonce]", "#run progress[max='3']", "form[action='" + run + "/stop']", ".chip"}, hasNot: []string{"form[action='" + run + "/resume']"}})
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{"#runs[hx-get]", ".runs li:nth-child(1) .chip: waiting", ".runs form[action='" + run + "/stop']"}})
	s.check(s.post("mona", run+"/resume", nil), visit{status: 422}) // it is being made

	s.check(s.post("mona", run+"/stop", nil), visit{status: 303, to: run})
	s.check(s.get("mona", run), visit{status: 200, has: []string{".chip.warn: stopped", "form[action='" + run + "/resume'] option[value=all][selected]", "#run progress[max='3']"}, hasNot: []string{"#run[hx-get]", "form[action='" + run + "/stop']", ".alert"}})
	s.inState(1, second.ID, corpus.RunDone) // its turn has come

	s.check(s.post("mona", run+"/resume", nil), visit{status: 303, to: run})
	done := s.inState(1, r.ID, corpus.RunDone)
	if done.Predicted != 3 {
		t.Errorf("%+v", done)
	}
	s.check(s.post("mona", run+"/stop", nil), visit{status: 303, to: run})
	s.inState(1, r.ID, corpus.RunDone) // what is done stays done
	s.check(s.post("mona", run+"/resume", nil), visit{status: 422})
}

// The program ends while a run is made; the next one shows it as stopped.
func TestARunOutlivesTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := &slow{Cleaner: builtIn(t, "lines"), free: 1, word: make(chan struct{})}
	r, err := s.server.h.predicting.start(t.Context(), 1, "slow", c, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	waits, err := s.server.h.predicting.start(t.Context(), 1, "waits", builtIn(t, "lines"), true, 0)
	if err != nil {
		t.Fatal(err)
	}
	job := s.checked(news, nil, file{"a.jsonl", answers})
	s.server.Close()
	s.check(s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all")), visit{status: 499})
	s.check(s.upload("mona", news+"/runs/files", nil, file{"a.jsonl", answers}), visit{status: 499})

	again, err := New(s.store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	s.server = again
	run := fmt.Sprintf("%s/runs/%d", news, r.ID)
	s.check(s.get("mona", run), visit{status: 200, has: []string{".chip.warn: stopped", "form[action='" + run + "/resume']"}})
	s.check(s.get("mona", job), visit{status: 303, to: news + "/runs"})
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{".runs .chip.warn: stopped"}, hasNot: []string{"#runs[hx-get]"}})
	for _, id := range []corpus.RunID{r.ID, waits.ID} {
		s.check(s.post("mona", fmt.Sprintf("%s/runs/%d/resume", news, id), nil), visit{status: 303, to: fmt.Sprintf("%s/runs/%d", news, id)})
		s.inState(1, id, corpus.RunDone)
	}
}

// panics is a cleaner that breaks outside of what clean.Run catches.
type panics struct{ clean.Cleaner }

func (panics) About() corpus.Cleaner { return corpus.Cleaner{Name: "panics"} }
func (panics) Close() error          { panic("at the end") }

func TestAPanicStopsTheRunAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r, err := s.server.h.predicting.start(t.Context(), 1, "panics", panics{builtIn(t, "lines")}, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.inState(1, r.ID, corpus.RunStopped)
	s.check(s.get("mona", fmt.Sprintf("%s/runs/%d", news, r.ID)), visit{status: 200, has: []string{".chip.warn: stopped", ".alert: The cause is in the server's log", "#run: another version"}, hasNot: []string{"form[action$='/resume']"}})
	next, err := s.server.h.predicting.start(t.Context(), 1, "next", builtIn(t, "lines"), true, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.inState(1, next.ID, corpus.RunDone)
}

func TestARunGoesAndComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all", "name", "mine"))
	s.inState(1, 1, corpus.RunDone)
	s.check(s.post("mona", news+"/runs/1/remove", nil), visit{status: 303, to: news + "/runs"})
	doc := s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{".toast: The run “mine” is removed", ".toast form[action='/projects/1/runs/1/restore']", ".empty"}})
	for _, path := range []string{"", "/predictions"} {
		s.check(s.get("mona", news+"/runs/1"+path), visit{status: 404})
	}
	s.check(s.post("mona", news+"/runs/1/stop", nil), visit{status: 404})
	s.check(s.post("mona", doc.Find(".toast form").AttrOr("action", ""), nil), visit{status: 303, to: news + "/runs"})
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{".toast: The run “mine” is back", ".runs h2: mine"}})

	// Its name may have gone to another meanwhile.
	s.post("mona", news+"/runs/1/remove", nil)
	s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all", "name", "mine"))
	s.inState(1, 2, corpus.RunDone)
	s.check(s.get("mona", news+"/runs/1"), visit{status: 404})
	s.check(s.post("mona", news+"/runs/1/restore", nil), visit{status: 422, has: []string{"main: Another run has this one's name"}})

	// One that is being made ends first.
	c := &slow{Cleaner: builtIn(t, "lines"), word: make(chan struct{})}
	r, err := s.server.h.predicting.start(t.Context(), 1, "slow", c, true, 0)
	if err != nil {
		t.Fatal(err)
	}
	run := fmt.Sprintf("%s/runs/%d", news, r.ID)
	s.check(s.post("mona", run+"/remove", nil), visit{status: 303, to: news + "/runs"})
	s.check(s.post("mona", run+"/restore", nil), visit{status: 303, to: news + "/runs"})
	s.check(s.get("mona", run), visit{status: 200, has: []string{".chip.warn: stopped"}})
}

func TestWhoMaySeeAndMakeRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all", "name", "mine"))
	s.inState(1, 1, corpus.RunDone)
	s.judge("judy")
	gets := []string{"/runs", "/runs/1", "/runs/1/predictions"}
	posts := []string{"/runs", "/runs/1/stop", "/runs/1/resume", "/runs/1/remove", "/runs/1/restore", "/runs/files/x/store", "/runs/files/x/cancel", "/runs/files"}
	for _, path := range gets {
		s.check(s.get("judy", news+path), visit{status: 200, hasNot: []string{"main form", "script[src*='upload']"}})
		s.check(s.get("ines", news+path), visit{status: 403})
		s.check(s.get("mona", "/projects/99"+path), visit{status: 404})
	}
	s.check(s.get("judy", news+"/runs/files/x"), visit{status: 403})
	for _, path := range posts {
		for _, who := range []string{"judy", "ines"} {
			s.check(s.post(who, news+path, nil), visit{status: 403})
		}
	}
	// A run belongs to its project.
	for _, path := range gets[1:] {
		s.check(s.get("mona", quiet+path), visit{status: 404})
	}
	for _, path := range posts[1:5] {
		s.check(s.post("mona", quiet+path, nil), visit{status: 404})
	}
	s.check(s.get("mona", news+"/runs/x"), visit{status: 404})

	s.check(s.post("mona", news+"/remove", nil), visit{status: 303, to: "/"})
	for _, path := range gets {
		s.check(s.get("mona", news+path), visit{status: 404})
	}
	for _, path := range posts {
		s.check(s.post("mona", news+path, nil), visit{status: 404})
	}
}

// judge adds an adjudicator.
func (s *site) judge(name string) {
	s.t.Helper()
	id, err := s.store.AddAnnotator(s.t.Context(), name, corpus.Adjudicator, "-")
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.store.AddSession(s.t.Context(), id, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	s.cookies[name] = map[string]string{plainCookie: token}
}

func TestNamesOfRunsStayText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>"'`
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Name = evil + "$(rm -rf /)`x`"
	if err := s.store.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	bad := []string{"main script", "[onerror]", "main img", "[style]"}
	lines := `{"id":"bridge","text":"x"}` + "\n" + `{"id":"<script>alert(1)</script>","text":"x"}` + "\n"
	job := s.checked(news, form("name", evil, "cleaner", evil, "version", evil), file{`a<script>alert(1)</script>.jsonl`, lines})
	doc := s.page(s.get("mona", job))
	s.seeNot(doc, bad...)
	s.see(doc, "#unused li: <script>alert(1)", ".sub: a<script>alert(1)")
	s.post("mona", job+"/store", form("name", evil, "cleaner", evil, "version", evil))
	s.atRest(job)
	for _, path := range []string{news + "/runs", news + "/runs/1", job} {
		doc := s.page(s.get("mona", path))
		s.seeNot(doc, bad...)
		s.see(doc, "main: <script>alert(1)")
	}
	s.see(s.page(s.get("mona", news+"/runs")), `.shell: --project '<script>alert(1)</script><img src=x onerror=alert(2)>"'\''$(rm -rf /)`+"`x`'")
	if got := s.get("mona", news+"/runs/1/predictions").Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=script-alert-1-script") {
		t.Errorf("Content-Disposition %q", got)
	}
	job = s.checked(news, nil, file{`<b>.jsonl`, `{"id":` + evil})
	doc = s.page(s.get("mona", job))
	s.seeNot(doc, append(bad, "main table b")...)
	s.see(doc, "#problems td.file: <b>.jsonl")
	if r := s.post("mona", news+"/runs/1/remove", nil); r.StatusCode != http.StatusSeeOther {
		t.Fatal(r.Status)
	}
	s.seeNot(s.page(s.get("mona", news+"/runs")), bad...)
}

func TestWhatIsReadAsOne(t *testing.T) {
	for _, c := range []struct {
		name, format string
		files        []string
		want         string
	}{
		{"lines are a file each", "auto", []string{"a.jsonl", "b.jsonl", "c.json"}, "a.jsonl | b.jsonl | c.json"},
		{"texts are a folder", "auto", []string{"x/a.txt", "x/b.txt", "x/c.txt.gz"}, "x/a.txt x/b.txt x/c.txt.gz"},
		{"folders are apart", "text", []string{"x/a.txt", "y/a.txt", "x/b.txt"}, "x/a.txt x/b.txt | y/a.txt"},
		{"a folder beside lines", "auto", []string{"x/a.txt", "x/all.jsonl", "x/b.txt"}, "x/a.txt x/b.txt | x/all.jsonl"},
		{"pages of JSON where it is said", "wcxb-pages", []string{"x/1.json", "x/2.json"}, "x/1.json x/2.json"},
		{"Mozilla's folder of folders", "auto", []string{"t/a/expected.html", "t/b/expected.html"}, "t/a/expected.html t/b/expected.html"},
	} {
		var entries []spooled
		for _, name := range c.files {
			entries = append(entries, spooled{name: name})
		}
		var parts []string
		for _, g := range groups(entries, c.format) {
			var names []string
			for _, e := range g {
				names = append(names, e.name)
			}
			parts = append(parts, strings.Join(names, " "))
		}
		if got := strings.Join(parts, " | "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestMoreFilesThanARunMayHave(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var many []file
	for i := range maxGroups + 1 {
		many = append(many, file{fmt.Sprintf("%d.jsonl", i), answers})
	}
	s.check(s.get("mona", s.checked(news, nil, many...)), visit{status: 200, has: []string{"#job .alert: put them together into 100 at most"}, hasNot: []string{"#job form"}})
	s.nothingKept(1)
}
