package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// labelledTwice is a data file in which two people labelled one page of two
// blocks: the first both body, the second body and boilerplate. n = 4, B 3, X 1,
// Do = 2/4, De = 2·3·1/(4·3): α = 0, and raw agreement is 1/2.
func labelledTwice(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "annotate.db")
	must(t, "", "--db", path, "project", "add", "News")
	must(t, "", "--db", path, "project", "add", "Quiet")
	must(t, "", "--db", path, "import", "--project", "News", file(t, "a.jsonl", `{"id":"a","text":"Ada met Bob.\nlinks"}`+"\n"))
	s, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := s.ProjectByName(t.Context(), "News")
	if err != nil {
		t.Fatal(err)
	}
	p.Overlap = 2
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Requeue(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	for name, second := range map[string]corpus.Class{"mara": corpus.Body, "jonas": corpus.Boilerplate} {
		who := dbtest.Annotator(t, s, name, corpus.AnnotatorRole)
		answer, err := s.Act(t.Context(), 1, who.ID, []corpus.Event{
			{ID: name + "-event-1", Kind: corpus.KindClass, Class: corpus.Body},
			{ID: name + "-event-2", Kind: corpus.KindClass, From: 13, To: 13, Class: second},
			{ID: name + "-event-3", Kind: corpus.KindSubmit},
		})
		if err != nil || len(answer.Refused) > 0 {
			t.Fatal(answer.Refused, err)
		}
	}

	return path
}

func TestAgreementCommand(t *testing.T) {
	t.Parallel()
	path := labelledTwice(t)
	out := must(t, "", "--db", path, "agreement", "--project", "News")
	for _, want := range []string{"Project: News", "Coverage: 1 of 1 document ", "Krippendorff's alpha, nominal", "0.5000", "undefined because no two annotators share a document in which one of them marked a span"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}

	var report struct {
		Report struct {
			Measures []struct {
				Key   string
				Value *float64
			}
		}
	}
	if err := json.Unmarshal([]byte(must(t, "", "--db", path, "agreement", "--project", "News", "--format", "json")), &report); err != nil {
		t.Fatal(err)
	}
	if m := report.Report.Measures; m[0].Key != "alpha-blocks" || *m[0].Value != 0 || *m[1].Value != .5 {
		t.Errorf("%+v", m)
	}
	if out := must(t, "", "--db", path, "agreement", "--project", "Quiet"); !strings.Contains(out, "undefined because no document was labelled by two annotators") {
		t.Errorf("%s", out)
	}
}

func TestAgreementGates(t *testing.T) {
	t.Parallel()
	path := labelledTwice(t)
	for _, c := range []struct {
		status int
		said   string
		args   []string
	}{
		{done, "", []string{"--fail-under", "raw-blocks=0.5", "--fail-under", "alpha=-0.1"}},
		{short, "alpha-blocks is 0.0000, at least 0.8 was wanted", []string{"--fail-under", "alpha=0.8"}},
		{short, "f1-exact is undefined because", []string{"--fail-under", "f1-exact=0"}},
		{misuse, "is not like alpha=0.8", []string{"--fail-under", "alpha"}},
		{misuse, "no figure is called", []string{"--fail-under", "beta=0.8"}},
		{misuse, "is not a day like", []string{"--since", "yesterday"}},
		{misuse, "comes before the first", []string{"--since", "2026-02-02", "--until", "2026-02-01"}},
		{failed, "no release", []string{"--release", "1.0"}},
		{failed, "no label", []string{"--label", "COLOUR"}},
	} {
		status, _, said := call(t, "", append([]string{"--db", path, "agreement", "--project", "News"}, c.args...)...)
		if status != c.status || !strings.Contains(said, c.said) {
			t.Errorf("%q: exit %d, want %d: %s", c.args, status, c.status, said)
		}
	}
}
