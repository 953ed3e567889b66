package db_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// spansOnly gives a document spans and no classes of blocks.
func spansOnly(in corpus.Incoming, label string, quotes ...string) corpus.Incoming {
	in = withGold(in, label, quotes...)
	in.Pieces, in.Annotators, in.Draft = nil, nil, true

	return in
}

func loadAs(t testing.TB, s *db.Store, p corpus.Project, who corpus.AnnotatorID, docs ...corpus.Incoming) corpus.ImportReport {
	t.Helper()
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, By: who}, each(docs...))
	if err != nil || !r.Stored {
		t.Fatalf("%+v %v", r, err)
	}
	return r
}

func TestSpansWithoutBlocksBecomeADraftToBeFinished(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara, jonas := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole), dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)

	r := loadAs(t, s, p, mara.ID, lines("plain", page+"!"), spansOnly(lines("a", page), "PER", "Mara Lindqvist", "Mara"), spansOnly(lines("none", page+"?"), "PER"))
	if r.New != 3 || r.Drafts != 2 || r.Gold != 0 {
		t.Fatalf("%+v", r)
	}
	if c := counts(t, s, p); c[corpus.New] != 1 || c[corpus.Begun] != 2 {
		t.Fatalf("%v", c)
	}

	// The queue gives what was begun first, with the spans and no class.
	id, err := s.Claim(t.Context(), p.ID, mara.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.View(t.Context(), id, mara.ID)
	if err != nil || v.Document.Name != "a" || len(v.Annotation.Spans) != 2 || v.Annotation.Undecided() != len(v.Document.Blocks) || v.Annotation.Status != corpus.Draft {
		t.Fatalf("%+v %v", v.Annotation, err)
	}
	if v, err := s.View(t.Context(), id, jonas.ID); err != nil || len(v.Annotation.Spans) != 0 {
		t.Fatalf("somebody else sees %+v %v", v.Annotation, err)
	}

	pieces := v.Annotation.Pieces
	answer, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{
		{ID: "event-001", Kind: corpus.KindClass, From: pieces[0].Start, To: pieces[len(pieces)-1].Start, Class: corpus.Body},
		{ID: "event-002", Kind: corpus.KindSubmit}})
	if err != nil || len(answer.Refused) > 0 {
		t.Fatalf("%+v %v", answer.Refused, err)
	}
	g := gold(t, s, p)
	if len(g) != 1 || len(g[0].Spans) != 2 || !slices.Equal(g[0].Annotators, []string{"mara"}) {
		t.Fatalf("%+v", g)
	}

	// What is there already stays: gold, and the draft.
	r = loadAs(t, s, p, mara.ID, spansOnly(lines("a", page), "ORG", "ALDPORT"), spansOnly(lines("none", page+"?"), "ORG", "ALDPORT"))
	if r.Unchanged != 2 || r.Drafts != 0 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Reason, "2 documents have labels") {
		t.Fatalf("%+v", r)
	}

	// A document that was there, and is open blank, gets its draft too.
	doc := dbDocument(t, s, p, "plain")
	if _, err := s.View(t.Context(), doc, mara.ID); err != nil {
		t.Fatal(err)
	}
	if r = loadAs(t, s, p, mara.ID, spansOnly(lines("plain", page+"!"), "ORG", "ALDPORT")); r.Changed != 1 || r.Drafts != 1 {
		t.Fatalf("%+v", r)
	}
	if v, err := s.View(t.Context(), doc, mara.ID); err != nil || len(v.Annotation.Spans) != 1 {
		t.Fatalf("%+v %v", v.Annotation.Spans, err)
	}
	clean(t, s)
}

func dbDocument(t testing.TB, s *db.Store, p corpus.Project, name string) (id corpus.DocumentID) {
	t.Helper()
	if err := s.Scan(t.Context(), `SELECT id FROM documents WHERE project_id = ? AND name = ?`, []any{p.ID, name}, &id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDraftsComeInTurnsAndThoseLeftOverWithTheNextImport(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	docs := many(120, "draft")
	for i := range docs {
		docs[i] = spansOnly(docs[i], "PER", "Body")
	}
	if r := loadAs(t, s, p, mara.ID, append(docs, lines("later", page))...); r.Drafts != 120 {
		t.Fatalf("%+v", r)
	}
	if c := counts(t, s, p); c[corpus.Begun] != 120 || c[corpus.New] != 1 {
		t.Fatalf("%v", c)
	}

	// As a program leaves it that ends between showing documents and drafts.
	if err := s.Exec(t.Context(), `INSERT INTO staged_gold (import_id, document_id, annotators, content) SELECT i.id, ?, '', ? FROM imports i ORDER BY i.id DESC LIMIT 1`,
		dbDocument(t, s, p, "later"), fmt.Sprintf(`{"add":[{"id":"import-000001","start":0,"end":7,"label":%d,"quote":%q}]}`, p.Labels[0].ID, string([]rune(page)[:7]))); err != nil {
		t.Fatal(err)
	}
	load(t, s, p, lines("other", "Something else."))
	if c := counts(t, s, p); c[corpus.Begun] != 121 {
		t.Fatalf("%v", c)
	}
	clean(t, s)
}

func TestADraftNeedsAPersonAndSpansThatFit(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	in := spansOnly(lines("a", page), "PER", "Mara")

	var invalid *corpus.Invalid
	if _, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, each(in)); !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "--as NAME") {
		t.Errorf("%v", err)
	}
	in.Spans[0].End = len([]rune(page)) - 1
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, By: mara.ID}, each(in))
	if err != nil || r.Failed != 1 || !strings.Contains(r.Problems[0].Reason, "crosses the border between two blocks") {
		t.Errorf("%+v %v", r, err)
	}
	if c := counts(t, s, p); c.Total() != 0 {
		t.Errorf("%v", c)
	}
	clean(t, s)
}
