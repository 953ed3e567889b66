package handlers

import (
	"strings"
	"testing"

	"annotate/internal/corpus"
)

// Labels of another tool come in as drafts of who imports them, after a look at
// what was recognised and what is left out.
func TestLabelsOfAnotherToolComeThroughTheBrowser(t *testing.T) {
	s := newSite(t)
	s.check(s.get("mona", news+"/import"), visit{status: 200, has: []string{"#format option[value=brat]: brat", "input[name=blocks][value=none][checked]", "input[name=offsets][value='']"}})

	files := []file{{"corpus/a.txt", "Ada met Bob."}, {"corpus/a.ann", "T1\tPER 0 3\tAda\nR1\tNear Arg1:T1 Arg2:T1\n"}, {"corpus/b.txt", "No names."}, {"corpus/b.ann", ""}}
	job := s.upload("mona", news+"/imports", form("format", "auto", "blocks", "none", "offsets", ""), files...).Header.Get("Location")
	if !strings.HasPrefix(job, news+"/imports/") {
		t.Fatalf("the upload leads to %q", job)
	}
	s.atRest(job)
	s.check(s.get("mona", job), visit{status: 200, has: []string{"p: 2 documents bring labelled spans along, as drafts of yours", "#notes td: 1 relation left out", ".sample .chip: PER: Ada"}})

	s.check(s.post("mona", job+"/start", nil), visit{status: 303, to: job})
	s.atRest(job)
	s.check(s.get("mona", job), visit{status: 200, has: []string{"p: 2 documents imported"}})
	docs, err := s.store.Documents(t.Context(), corpus.DocumentFilter{Project: 1, Query: "Ada met Bob"})
	if err != nil || len(docs.Rows) != 1 {
		t.Fatalf("%+v %v", docs, err)
	}
	mona, err := s.store.AnnotatorByName(t.Context(), "mona")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := s.store.View(t.Context(), docs.Rows[0].ID, mona.ID); err != nil || len(v.Annotation.Spans) != 1 || v.Annotation.Undecided() != 1 {
		t.Errorf("%+v %v", v.Annotation, err)
	}

	s.check(s.upload("mona", news+"/imports", form("blocks", "some"), file{"a.txt", "x"}), visit{status: 422, has: []string{"#problem-file: There is no blocks"}})
}
