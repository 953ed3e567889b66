package db_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// handedIn are annotations in short: "2 mara bxxx, 2 jonas …".
func handedIn(t testing.TB, s *db.Store, f db.AnnotationFilter) (out []string) {
	t.Helper()
	for g, err := range s.Annotations(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		if g.ID != 0 || g.Version != 0 || g.Basis != "" || g.At.IsZero() || g.Document.Text != page {
			t.Errorf("%+v is no annotation", g)
		}
		if _, err := corpus.NewGold(g.Document, g.Pieces, g.Spans, corpus.DefaultLabels(), g.Annotators); err != nil {
			t.Errorf("what was handed in is no whole labelling: %v", err)
		}
		word := fmt.Sprintf("%d %s ", g.Document.ID, strings.Join(g.Annotators, "+"))
		for _, p := range g.Pieces {
			word += map[corpus.Class]string{corpus.Body: "b", corpus.Boilerplate: "x"}[p.Class]
		}
		for _, sp := range g.Spans {
			word += " " + sp.Quote
		}
		out = append(out, word)
	}

	return out
}

// Three people labelled: who took theirs back, and a removed document, are out.
func TestAnnotationsAreWhatEachPersonHandedInLast(t *testing.T) {
	s, p, who, e := disagreeing(t)
	want := []string{
		"1 mara bbxx Mara Lindqvist", "1 jonas bbxx Mara Lindqvist", "1 ines bbxx Lindqvist",
		"2 mara bbxx", "2 jonas bbbx", "2 ines bbxxx",
		"4 mara bbxx", "4 ines bxxx",
		"5 mara bbxx",
	}
	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID}); !slices.Equal(got, want) {
		t.Fatalf("got %q,\nwant %q", got, want)
	}
	now, err := s.AnnotationPreview(t.Context(), p.ID)
	if err != nil || now.Documents != 4 || now.Annotations != len(want) {
		t.Errorf("the preview counts %+v, %v", now, err)
	}
	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID, After: 2}); !slices.Equal(got, want[6:]) {
		t.Errorf("after document 2: %q", got)
	}

	// A draft is nobody's word yet; what was handed in before it still is.
	refused(t, act(t, s, 5, who["ines"], e.of(class(0, 3, corpus.Body))))
	refused(t, act(t, s, 5, who["mara"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(0, 3, corpus.Body))))
	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID}); !slices.Equal(got, want) {
		t.Errorf("with drafts: %q", got)
	}

	refused(t, act(t, s, 5, who["mara"], e.of(corpus.Event{Kind: corpus.KindSubmit})))
	again := append(slices.Clone(want[:8]), "5 mara bbbb")
	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID}); !slices.Equal(got, again) {
		t.Errorf("handed in again: %q", got)
	}
	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID, Newest: now.Newest}); !slices.Equal(got, want) {
		t.Errorf("up to the newest of before: %q", got)
	}
}

// Practice, checks and corrections say something about people or gold; none of
// them is one person's labelling of a document that wants several.
func TestAnnotationsLeaveOutPracticeChecksAndCorrections(t *testing.T) {
	s, p, who := team(t, 4, func(p *corpus.Project) { p.Overlap = 1 }, "mara")
	e := &event{}
	for id := corpus.DocumentID(1); id <= 4; id++ {
		refused(t, act(t, s, id, who["mara"], hands(e, 2)...))
	}
	for id, purpose := range map[int]corpus.Purpose{2: corpus.ForCorrection, 3: corpus.ForCheck, 4: corpus.ForPractice} {
		behind(t, s, `UPDATE annotations SET purpose = ? WHERE document_id = ?`, purpose, id)
	}

	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID}); !slices.Equal(got, []string{"1 mara bbxx"}) {
		t.Errorf("got %q", got)
	}
}

// Pages are by annotation, not by document: no border may lose or repeat one.
func TestAnnotationsOfManyPagesAndProjects(t *testing.T) {
	s, p, who := team(t, 70, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "jonas")
	other := dbtest.Project(t, s, "other")
	load(t, s, other, lines("page-00000", page))
	e := &event{}
	var want []string
	for id := corpus.DocumentID(1); id <= 70; id++ {
		for _, name := range []string{"mara", "jonas"} {
			refused(t, act(t, s, id, who[name], hands(e, 2)...))
			want = append(want, fmt.Sprintf("%d %s bbxx", id, name))
		}
	}
	refused(t, act(t, s, 71, who["mara"], hands(e, 1)...))

	if got := handedIn(t, s, db.AnnotationFilter{Project: p.ID}); !slices.Equal(got, want) {
		t.Errorf("%d annotations, want %d", len(got), len(want))
	}
	if got := handedIn(t, s, db.AnnotationFilter{Project: other.ID}); !slices.Equal(got, []string{"71 mara bxxx"}) {
		t.Errorf("of the other project: %q", got)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range s.Annotations(ctx, db.AnnotationFilter{Project: p.ID}) {
		if n++; n == 1 {
			cancel()
		}
		if err != nil {
			if n < 2 || n > 70 {
				t.Errorf("the error came as number %d", n)
			}
			return
		}
	}
	t.Error("half of it looked like all of it")
}

// AnnotationKeys names what Annotations yields, in its order.
func TestAnnotationKeysAreThoseOfAnnotations(t *testing.T) {
	s, p, _, _ := disagreeing(t)
	var want, got []string
	for g, err := range s.Annotations(t.Context(), db.AnnotationFilter{Project: p.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, g.Document.Key())
	}
	ids := map[int64]bool{}
	err := s.AnnotationKeys(t.Context(), p.ID, func(key string, submission int64) {
		got = append(got, key)
		ids[submission] = true
	})
	if err != nil || !slices.Equal(got, want) || len(ids) != len(want) {
		t.Errorf("%v of %d submissions, %v; want %v", got, len(ids), err, want)
	}
}
