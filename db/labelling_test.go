package db_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// lines is a document of one block a line.
func lines(id, t string) corpus.Incoming {
	hash := func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	d := corpus.Document{ExternalID: id, Name: id, Text: t, SHA256: hash(t), SourceHash: hash(t), MediaType: "text/plain", Charset: "utf-8", Segmenter: "line-v1"}
	at := 0
	for _, line := range strings.SplitAfter(t, "\n") {
		n := len([]rune(line))
		if trimmed := len([]rune(strings.TrimRight(line, "\n"))); trimmed > 0 {
			d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + trimmed}})
		}
		at += n
	}

	return corpus.Incoming{Document: d, File: id, Line: 1}
}

func each(docs ...corpus.Incoming) iter.Seq2[corpus.Incoming, error] {
	return func(yield func(corpus.Incoming, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func load(t testing.TB, s *db.Store, p corpus.Project, docs ...corpus.Incoming) corpus.ImportReport {
	t.Helper()
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, each(docs...))
	if err != nil {
		t.Fatal(err)
	}

	return r
}

// event makes events with ids in a row.
type event struct{ n int }

func (e *event) of(x corpus.Event) corpus.Event {
	e.n++
	x.ID = fmt.Sprintf("event-%05d", e.n)
	return x
}

const page = "Bridge 🌉 closes\nALDPORT: Mara Lindqvist said so.\n-\nTen Quiet Villages -"

//            0        8    14 17                           48 50 52

func TestADocumentGoesFromFileToGold(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.Administrator)
	load(t, s, p, lines("harbour", page))

	id, err := s.Claim(t.Context(), p.ID, mara.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.View(t.Context(), id, mara.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Annotation.Pieces) != 4 || v.State != corpus.New {
		t.Fatalf("a blank document: %d pieces, %s", len(v.Annotation.Pieces), v.State)
	}

	var e event
	starts := func(i int) int { return v.Annotation.Pieces[i].Start }
	batch := []corpus.Event{
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts(0), To: starts(1), Class: corpus.Body}),
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts(2), To: starts(3), Class: corpus.Boilerplate, Reason: "related"}),
		e.of(corpus.Event{Kind: corpus.KindSpans, Add: []corpus.SpanEvent{{ID: "span-0001", Block: starts(1), From: 9, To: 24, Label: 1, Quote: "Mara Lindqvist "}}}),
	}
	for range 2 { // sent twice, kept once
		a, err := s.Act(t.Context(), id, mara.ID, batch)
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Refused) > 0 || a.Events != 3 || len(a.Applied) != 3 {
			t.Fatalf("answer: %+v", a)
		}
	}
	a, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{e.of(corpus.Event{Kind: corpus.KindSubmit})})
	if err != nil || len(a.Refused) > 0 {
		t.Fatal(err, a.Refused)
	}

	var all []corpus.Gold
	for g, err := range s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	if len(all) != 1 || all[0].Spans[0].Quote != "Mara Lindqvist" || !slices.Equal(all[0].Annotators, []string{"mara"}) || all[0].Pieces[3].Reason != "related" {
		t.Fatalf("gold: %+v", all)
	}
	counts, err := s.Counts(t.Context(), p.ID)
	if err != nil || counts[corpus.Golden] != 1 || counts.Total() != 1 {
		t.Fatalf("counts: %v %v", counts, err)
	}
	if problems, err := s.Check(t.Context(), func(string) {}); err != nil || len(problems) > 0 {
		t.Fatalf("check: %v %v", problems, err)
	}
	found, err := s.Documents(t.Context(), corpus.DocumentFilter{Project: p.ID, Query: "lindq"})
	if err != nil || len(found.Rows) != 1 || !strings.Contains(found.Rows[0].Snippet, "\x02Lindqvist\x03") {
		t.Fatalf("search: %+v %v", found, err)
	}
	preview, err := s.GoldPreview(t.Context(), corpus.GoldFilter{Project: p.ID})
	if err != nil || preview.Documents != 1 || preview.Body != 2 || preview.Boiler != 2 || preview.Spans[1] != 1 {
		t.Fatalf("preview: %+v %v", preview, err)
	}
}
