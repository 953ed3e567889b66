package db_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// at are the starts of the blocks of page.
var at = []int{0, 16, 49, 51}

func class(i, j int, c corpus.Class) corpus.Event {
	return corpus.Event{Kind: corpus.KindClass, From: at[i], To: at[j], Class: c}
}

func span(id string, block, from, to int, quote string, label corpus.LabelID) corpus.Event {
	return corpus.Event{Kind: corpus.KindSpans, Add: []corpus.SpanEvent{{ID: corpus.SpanID(id), Block: at[block], From: from, To: to, Label: label, Quote: quote}}}
}

// refused are the reasons of the refusals, and fails where their ids are not
// those expected.
func refused(t testing.TB, a corpus.Answer, ids ...string) (reasons []string) {
	t.Helper()
	var got []string
	for _, r := range a.Refused {
		got, reasons = append(got, r.ID), append(reasons, r.Reason)
	}
	if !slices.Equal(got, ids) {
		t.Fatalf("refused %q, want %q: %+v", got, ids, a.Refused)
	}
	return reasons
}

// shape is an annotation as text, to compare two.
func shape(a corpus.Annotation) string {
	b, err := json.Marshal([]any{a.Pieces, a.Spans, a.Note, a.Status, a.Why, a.Events, a.LastDone(), a.LastUndone()})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func view(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator) corpus.View {
	t.Helper()
	v, err := s.View(t.Context(), id, who.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// desk is a store with one project, one person and the page n times.
func desk(t testing.TB, n int) (*db.Store, corpus.Project, corpus.Annotator) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	docs := make([]corpus.Incoming, n)
	for i := range docs {
		docs[i] = lines(fmt.Sprintf("page-%03d", i), page)
	}
	load(t, s, p, docs...)

	return s, p, mara
}

// wants sets how many people label each document.
func wants(t testing.TB, s *db.Store, p corpus.Project, people int) {
	t.Helper()
	p.Overlap = people
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
}

func TestARepeatedEventIsAnsweredAndNotAppliedAgain(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	wants(t, s, p, 2)
	var e event
	one := e.of(class(0, 1, corpus.Body))
	two := e.of(span("span-0001", 1, 9, 13, "Mara", 1))
	undo := e.of(corpus.Event{Kind: corpus.KindUndo, Of: two.ID})

	a := act(t, s, 1, mara, one, two, one)
	if refused(t, a); a.Events != 2 || !slices.Equal(a.Applied, []string{one.ID, two.ID, one.ID}) {
		t.Fatalf("%+v", a)
	}
	a = act(t, s, 1, mara, undo)
	a = act(t, s, 1, mara, two, undo, one) // the answers were lost; all comes again
	if refused(t, a); a.Events != 3 || a.Before != 3 || len(a.View.Annotation.Spans) != 0 {
		t.Fatalf("%+v", a)
	}
	// Another person's event may have the same id.
	jonas := dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	if a := act(t, s, 1, jonas, one); a.Events != 1 || len(a.Refused) > 0 {
		t.Fatalf("%+v", a)
	}
	clean(t, s)
}

func TestARefusedEventLeavesTheOthers(t *testing.T) {
	t.Parallel()
	s, _, mara := desk(t, 1)
	var e event
	batch := []corpus.Event{
		e.of(class(0, 0, corpus.Body)),                                       // 1
		e.of(corpus.Event{Kind: corpus.KindClass, From: 3, To: 3}),           // 2: no block starts there
		e.of(span("span-0001", 1, 9, 23, "Mara Lindqvist", 1)),               // 3
		e.of(span("span-0002", 1, 9, 23, "Mora Lindqvist", 1)),               // 4: another quote
		e.of(span("span-0003", 0, 8, 9, "\x00", 1)),                          // 5: half an emoji
		e.of(span("span-0004", 1, 9, 13, "Mara", 99)),                        // 6: no such label
		e.of(span("span-0001", 1, 9, 13, "Mara", 1)),                         // 7: the span's id is taken
		e.of(span("span-0005", 1, 9, 23, "Mara Lindqvist", 1)),               // 8: the same again
		e.of(span("span-0006", 1, 7, 9, ": ", 1)),                            // 9: nothing but punctuation
		e.of(span("sp", 1, 9, 13, "Mara", 1)),                                // 10: bad id
		e.of(corpus.Event{Kind: corpus.KindSplit, Block: at[1], At: 12}),     // 11: through a span
		e.of(corpus.Event{Kind: corpus.KindSplit, Block: at[1], At: 9}),      // 12
		e.of(corpus.Event{Kind: corpus.KindSplit, Block: at[1], At: 0}),      // 13: at the edge
		e.of(corpus.Event{Kind: corpus.KindJoin, Block: at[2]}),              // 14: no split there
		e.of(corpus.Event{Kind: corpus.KindUndo, Of: "event-00001"}),         // 15: not the newest
		e.of(corpus.Event{Kind: corpus.KindRedo}),                            // 16: nothing to redo
		e.of(corpus.Event{Kind: "paint"}),                                    // 17
		e.of(corpus.Event{Kind: corpus.KindNote}),                            // 18
		e.of(corpus.Event{Kind: corpus.KindSpans}),                           // 19
		e.of(corpus.Event{Kind: corpus.KindSubmit}),                          // 20: blocks undecided
		e.of(corpus.Event{Kind: corpus.KindClass, From: at[2], To: at[1]}),   // 21: backwards
		e.of(corpus.Event{Kind: corpus.KindClass, To: 0, Class: "headline"}), // 22
		e.of(class(3, 3, corpus.Boilerplate)),                                // 23
		{ID: "bad id!", Kind: corpus.KindSubmit},
		{ID: "", Kind: corpus.KindClass, Class: corpus.Body},
		e.of(corpus.Event{Kind: corpus.KindFlag, Reason: strings.Repeat("é", 401)}), // 24
		e.of(corpus.Event{Kind: corpus.KindReopen}),                                 // 25: it is a draft
	}
	a := act(t, s, 1, mara, batch...)
	good := []string{"event-00001", "event-00003", "event-00012", "event-00023"}
	// Reopening a draft changes nothing and is harmless, or is refused; both keep it a draft.
	if applied := slices.DeleteFunc(slices.Clone(a.Applied), func(id string) bool { return id == "event-00025" }); !slices.Equal(applied, good) {
		t.Fatalf("applied %q\nrefused %+v", a.Applied, a.Refused)
	}
	for _, r := range a.Refused {
		if r.Reason == "" {
			t.Errorf("%s was refused without a reason", r.ID)
		}
		conflict := slices.Contains([]string{"event-00002", "event-00004", "event-00005", "event-00007", "event-00015", "event-00021"}, r.ID)
		if r.Conflict != conflict {
			t.Errorf("%s: conflict %v: %s", r.ID, r.Conflict, r.Reason)
		}
	}
	v := a.View.Annotation
	if len(v.Pieces) != 5 || len(v.Spans) != 1 || v.Spans[0].Quote != "Mara Lindqvist" || v.Status != corpus.Draft {
		t.Fatalf("%s", shape(v))
	}
	clean(t, s)
}

func TestUndoSurvivesARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "annotate.db")
	open := func() *db.Store {
		s, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	load(t, s, p, lines("a", page))
	restart := func() {
		before := shape(view(t, s, 1, mara).Annotation)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open()
		if after := shape(view(t, s, 1, mara).Annotation); after != before {
			t.Fatalf("before a restart %s\nafter           %s", before, after)
		}
	}
	defer func() { s.Close() }()

	var e event
	note := "a note 🌉\x00"
	steps := []corpus.Event{
		e.of(class(0, 1, corpus.Body)),
		e.of(corpus.Event{Kind: corpus.KindSplit, Block: at[1], At: 9}),
		e.of(corpus.Event{Kind: corpus.KindClass, From: at[1], To: at[1], Class: corpus.Boilerplate, Reason: "byline"}),
		e.of(corpus.Event{Kind: corpus.KindSpans, Add: []corpus.SpanEvent{{ID: "span-0001", Block: at[1] + 9, From: 0, To: 14, Label: 1, Quote: "Mara Lindqvist"}, {ID: "span-0002", Block: at[1] + 9, From: 5, To: 14, Label: 1, Quote: "Lindqvist"}}}),
		e.of(corpus.Event{Kind: corpus.KindNote, Note: &note}),
		e.of(corpus.Event{Kind: corpus.KindSpans, Remove: []corpus.SpanID{"span-0001"}}),
		e.of(class(3, 3, corpus.Boilerplate)),
	}
	shapes := []string{shapeOf(view(t, s, 1, mara).Annotation)}
	for _, step := range steps {
		a := act(t, s, 1, mara, step)
		refused(t, a)
		shapes = append(shapes, shapeOf(a.View.Annotation))
		restart()
	}
	for i := len(steps) - 1; i >= 0; i-- {
		a := act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindUndo, Of: steps[i].ID}))
		if refused(t, a); shapeOf(a.View.Annotation) != shapes[i] {
			t.Fatalf("after undoing step %d %s\nbefore it was           %s", i, shapeOf(a.View.Annotation), shapes[i])
		}
		restart()
	}
	for i := range steps {
		a := act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindRedo, Of: steps[i].ID}))
		if refused(t, a); shapeOf(a.View.Annotation) != shapes[i+1] {
			t.Fatalf("after redoing step %d %s\nbefore it was           %s", i, shapeOf(a.View.Annotation), shapes[i+1])
		}
	}
	restart()
	clean(t, s)
}

// shapeOf is what shape says of blocks, spans and note alone.
func shapeOf(a corpus.Annotation) string {
	b, err := json.Marshal([]any{a.Pieces, append([]corpus.Span{}, a.Spans...), a.Note})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestTwoTabsOfOnePersonStayInStep(t *testing.T) {
	t.Parallel()
	s, _, mara := desk(t, 1)
	one, two := event{n: 100}, event{n: 200}
	a := act(t, s, 1, mara, one.of(class(0, 0, corpus.Body)))
	b := act(t, s, 1, mara, two.of(class(1, 1, corpus.Body)))
	if b.Before != a.Events {
		t.Fatalf("the second tab is told that it starts from %d, the first ended at %d", b.Before, a.Events)
	}
	// The first tab does not know of the second's action and must not undo it.
	a = act(t, s, 1, mara, one.of(corpus.Event{Kind: corpus.KindUndo, Of: "event-00101"}))
	if refused(t, a, "event-00102"); !a.Refused[0].Conflict || a.Events != 2 {
		t.Fatalf("%+v", a)
	}
	if v := view(t, s, 1, mara); v.Annotation.Pieces[0].Class != corpus.Body || v.Annotation.Pieces[1].Class != corpus.Body || v.Annotation.LastDone() != "event-00201" {
		t.Fatalf("%s", shape(v.Annotation))
	}
	clean(t, s)
}

func TestSixteenPeopleWorkAtOnce(t *testing.T) {
	t.Parallel()
	const people, rounds = 16, 30
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	wants(t, s, p, people+1)
	var docs []corpus.Incoming
	for i := range people {
		docs = append(docs, lines(fmt.Sprint("page-", i), page))
	}
	load(t, s, p, docs...)
	who := make([]corpus.Annotator, people)
	for i := range who {
		who[i] = dbtest.Annotator(t, s, fmt.Sprint("person ", i), corpus.AnnotatorRole)
	}

	var all sync.WaitGroup
	for i, w := range who {
		all.Go(func() {
			e := event{n: i * 1000}
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for range rounds {
				for _, id := range []corpus.DocumentID{1, corpus.DocumentID(i%people + 1)} { // one for all, one of their own
					n := r.IntN(4)
					a, err := s.Act(t.Context(), id, w.ID, []corpus.Event{e.of(class(n, n, corpus.Body)), e.of(class(3-n, 3-n, corpus.Boilerplate))})
					if err != nil || len(a.Refused) > 0 || a.Events != a.Before+2 {
						t.Errorf("%+v %v", a, err)
						return
					}
				}
			}
		})
	}
	// One person in sixteen tabs on one document beside them.
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	for i := range people {
		all.Go(func() {
			e := event{n: i*1000 + 50_000}
			for range rounds {
				a, err := s.Act(t.Context(), 2, mara.ID, []corpus.Event{e.of(class(i%4, i%4, corpus.Body))})
				if err != nil || len(a.Refused) > 0 || a.Events != a.Before+1 {
					t.Errorf("%+v %v", a, err)
					return
				}
			}
		})
	}
	all.Wait()

	if v := view(t, s, 2, mara); v.Annotation.Events != people*rounds {
		t.Fatalf("%d events of %d", v.Annotation.Events, people*rounds)
	}
	for i, w := range who {
		want := 2 * rounds
		if i == 0 {
			want *= 2 // their own document is the one for all
		}
		if v := view(t, s, 1, w); v.Annotation.Events != want {
			t.Errorf("%s: %d events of %d", w.Name, v.Annotation.Events, want)
		}
	}
	clean(t, s)
}

func submitAll(e *event) []corpus.Event {
	return []corpus.Event{e.of(class(0, 1, corpus.Body)), e.of(class(2, 3, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSubmit})}
}

func TestReopenedGoldBecomesANewVersion(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	var e event
	refused(t, act(t, s, 1, mara, submitAll(&e)...))
	if v := view(t, s, 1, mara); v.State != corpus.Golden || v.Gold != 1 || !slices.Equal(v.GoldBy, []string{"mara"}) || v.Annotation.Status != corpus.Submitted {
		t.Fatalf("%+v", v.State)
	}
	// Submitted is submitted.
	a := act(t, s, 1, mara, e.of(class(0, 0, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindUndo}), e.of(corpus.Event{Kind: corpus.KindSubmit}))
	for _, reason := range refused(t, a, "event-00004", "event-00005", "event-00006") {
		if !strings.Contains(reason, "reopen it") {
			t.Error(reason)
		}
	}

	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(span("span-0001", 1, 9, 13, "Mara", 1))))
	if c := counts(t, s, p); c[corpus.Golden] != 1 {
		t.Fatalf("gold stays gold until there is newer gold: %v", c)
	}
	if g := gold(t, s, p); g[0].Version != 1 || len(g[0].Spans) != 0 {
		t.Fatalf("%+v", g)
	}
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindSubmit})))
	if g := gold(t, s, p); len(g) != 1 || g[0].Version != 2 || g[0].Spans[0].Quote != "Mara" {
		t.Fatalf("%+v", g)
	}
	clean(t, s)
}

func TestAnotherPersonReopensGold(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	jonas := dbtest.Annotator(t, s, "jonas", corpus.Adjudicator)
	ines := dbtest.Annotator(t, s, "ines", corpus.AnnotatorRole)
	var e event
	refused(t, act(t, s, 1, mara, e.of(class(0, 1, corpus.Body)), e.of(class(2, 3, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSplit, Block: at[1], At: 9}),
		e.of(span("span-0001", 1, 0, 7, "ALDPORT", 3)), e.of(corpus.Event{Kind: corpus.KindSubmit})))

	v := view(t, s, 1, jonas)
	if v.Annotation.Status != corpus.Submitted || len(v.Annotation.Pieces) != 5 || v.Annotation.Spans[0].Quote != "ALDPORT" || v.Annotation.Events != 0 || !slices.Equal(v.GoldBy, []string{"mara"}) {
		t.Fatalf("gold as another sees it: %s", shape(v.Annotation))
	}
	a := act(t, s, 1, jonas, e.of(class(0, 0, corpus.Boilerplate)))
	if !strings.Contains(refused(t, a, "event-00006")[0], "is gold") {
		t.Fatalf("%+v", a.Refused)
	}
	a = act(t, s, 1, ines, e.of(corpus.Event{Kind: corpus.KindReopen}))
	if !strings.Contains(refused(t, a, "event-00007")[0], "an adjudicator can change it") {
		t.Fatalf("%+v", a.Refused)
	}
	a = act(t, s, 1, jonas, e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(0, 0, corpus.Boilerplate)))
	if refused(t, a); a.View.Annotation.Status != corpus.Draft || len(a.View.Annotation.Pieces) != 5 || len(a.View.Annotation.Spans) != 1 {
		t.Fatalf("%s", shape(a.View.Annotation))
	}
	refused(t, act(t, s, 1, jonas, e.of(corpus.Event{Kind: corpus.KindSubmit})))
	if g := gold(t, s, p); len(g) != 1 || g[0].Version != 2 || !slices.Equal(g[0].Annotators, []string{"mara", "jonas"}) || g[0].Basis != corpus.Corrected || g[0].DecidedBy != jonas.ID || g[0].Pieces[0].Class != corpus.Boilerplate || g[0].Pieces[1].Class != corpus.Body || len(g[0].Spans) != 1 {
		t.Fatalf("%+v", g)
	}
	// What mara said stays what she said.
	if v := view(t, s, 1, mara); v.Annotation.Pieces[0].Class != corpus.Body || v.Gold != 2 {
		t.Fatalf("%s", shape(v.Annotation))
	}
	clean(t, s)
}

func TestAPersonWhoOnlyLooksSeesWhatOthersDecideMeanwhile(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	jonas := dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	if v := view(t, s, 1, jonas); v.Annotation.Status != corpus.Draft {
		t.Fatal(v.Annotation.Status)
	}
	var e event
	refused(t, act(t, s, 1, mara, submitAll(&e)...))
	if v := view(t, s, 1, jonas); v.Annotation.Status != corpus.Submitted || v.Annotation.Pieces[0].Class != corpus.Body || v.Gold != 1 {
		t.Fatalf("after the first decision: %s", shape(v.Annotation))
	}
	refused(t, act(t, s, 1, jonas, e.of(class(0, 0, corpus.Boilerplate))), "event-00004")
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(0, 0, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSubmit})))
	if v := view(t, s, 1, jonas); v.Annotation.Pieces[0].Class != corpus.Boilerplate || v.Gold != 2 {
		t.Fatalf("after the second decision: %s", shape(v.Annotation))
	}
	load(t, s, p, withGold(lines("page-000", page), "PER", "Mara"))
	if v := view(t, s, 1, jonas); len(v.Annotation.Spans) != 1 || v.Gold != 3 {
		t.Fatalf("after gold came along: %s", shape(v.Annotation))
	}
	clean(t, s)
}

func TestEachDecisionHasItsStateAndCount(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	want := func(what string, state corpus.State, status corpus.Status, why string) {
		t.Helper()
		v := view(t, s, 1, mara)
		row := listed(t, s, corpus.DocumentFilter{Project: p.ID})[0]
		if v.State != state || v.Annotation.Status != status || row.State != state || row.Why != why || counts(t, s, p)[state] != 1 || counts(t, s, p).Total() != 1 {
			t.Fatalf("%s: %s %s %q, counts %v", what, v.State, v.Annotation.Status, row.Why, counts(t, s, p))
		}
		if state != corpus.New && row.By != "mara" {
			t.Fatalf("%s: changed by %q", what, row.By)
		}
	}
	var e event
	want("before", corpus.New, corpus.Draft, "")
	refused(t, act(t, s, 1, mara, e.of(class(0, 0, corpus.Body))))
	want("begun", corpus.Begun, corpus.Draft, "")
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindSkip, Reason: "not in a language I read"})))
	want("skipped", corpus.Skipped, corpus.Passed, "not in a language I read")
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindReopen})))
	want("reopened", corpus.Begun, corpus.Draft, "")
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindFlag, Reason: "two pages in one"})))
	want("flagged", corpus.Flagged, corpus.Raised, "two pages in one")
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(0, 1, corpus.Body)), e.of(class(2, 3, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSubmit})))
	want("gold", corpus.Golden, corpus.Submitted, "")
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(corpus.Event{Kind: corpus.KindSkip})))
	want("skipped after gold", corpus.Golden, corpus.Passed, "")
	clean(t, s)
}

func TestARemovedDocumentTakesNoDecision(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 2)
	var e event
	refused(t, act(t, s, 1, mara, submitAll(&e)[:2]...))
	remove := func(removed bool, want int) {
		t.Helper()
		if n, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{1}, removed, mara.ID); err != nil || n != want {
			t.Fatalf("%d changed, %v", n, err)
		}
	}
	remove(true, 1)
	remove(true, 0)
	a := act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindSubmit}))
	if !strings.Contains(refused(t, a, "event-00004")[0], "removed") {
		t.Fatalf("%+v", a.Refused)
	}
	if c := counts(t, s, p); c[corpus.Removed] != 1 || c.Total() != 1 {
		t.Fatalf("%v", c)
	}
	remove(false, 1)
	if c := counts(t, s, p); c[corpus.Begun] != 1 || c.Total() != 2 {
		t.Fatalf("it came back as it was: %v", c)
	}
	refused(t, act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindSubmit})))
	clean(t, s)
}

func TestAnUnknownDocumentIsNotFound(t *testing.T) {
	t.Parallel()
	s, _, mara := desk(t, 1)
	if _, err := s.View(t.Context(), 99, mara.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Error(err)
	}
	var e event
	if _, err := s.Act(t.Context(), 99, mara.ID, []corpus.Event{e.of(class(0, 0, corpus.Body))}); !errors.Is(err, corpus.ErrNotFound) {
		t.Error(err)
	}
	// A person who is not there cannot leave anything behind.
	if _, err := s.Act(t.Context(), 1, 99, []corpus.Event{e.of(class(0, 0, corpus.Body))}); err == nil {
		t.Error("a person who is not there has labelled")
	}
	if n, bytes := s.OnDesk(); n != 0 || bytes != 0 {
		t.Errorf("%d annotations, %d bytes stay on the desk", n, bytes)
	}
	clean(t, s)
}

func TestTheQueueHandsOutDocumentsInOrder(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 5)
	jonas := dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	claim := func(who corpus.Annotator, after, want corpus.DocumentID) {
		t.Helper()
		id, err := s.Claim(t.Context(), p.ID, who.ID, after)
		if want == 0 && errors.Is(err, corpus.ErrNotFound) {
			return
		}
		if err != nil || id != want {
			t.Fatalf("%s gets %d, want %d, %v", who.Name, id, want, err)
		}
	}
	var e event
	claim(mara, 0, 1)
	claim(mara, 0, 1)  // held, not begun: the same again
	claim(jonas, 0, 2) // 1 is mara's
	claim(mara, 1, 3)  // fetched ahead: she holds 1 and 3
	claim(mara, 0, 1)
	claim(jonas, 2, 4)
	claim(jonas, 4, 2) // what he holds comes before anything new

	refused(t, act(t, s, 3, mara, e.of(class(0, 0, corpus.Body))))
	claim(mara, 0, 3) // what she has begun comes first
	claim(mara, 3, 1)
	for _, id := range []corpus.DocumentID{1, 3, 5} {
		refused(t, act(t, s, id, mara, submitAll(&e)...))
	}
	claim(mara, 0, 0) // the others are held
	for _, id := range []corpus.DocumentID{2, 4} {
		refused(t, act(t, s, id, jonas, submitAll(&e)...))
	}
	claim(mara, 0, 0)
	claim(jonas, 0, 0)
	clean(t, s)
}

func TestAClaimIsHeldForHalfAnHour(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	jonas := dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	if _, err := s.Claim(t.Context(), p.ID, mara.ID, 0); err != nil {
		t.Fatal(err)
	}
	clock.add(29 * time.Minute)
	if id, err := s.Claim(t.Context(), p.ID, jonas.ID, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Fatalf("jonas gets %d while mara holds it, %v", id, err)
	}
	clock.add(2 * time.Minute)
	if id, err := s.Claim(t.Context(), p.ID, jonas.ID, 0); err != nil || id != 1 {
		t.Fatalf("%d %v", id, err)
	}
}

func TestTheRandomOrderIsMixedAndTheSameForEverybody(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 60)
	p.Order = corpus.RandomOrder
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	var e event
	var order []corpus.DocumentID
	for {
		id, err := s.Claim(t.Context(), p.ID, mara.ID, 0)
		if errors.Is(err, corpus.ErrNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, id)
		refused(t, act(t, s, id, mara, e.of(corpus.Event{Kind: corpus.KindSkip})))
	}
	sorted := slices.Sorted(slices.Values(order))
	if len(slices.Compact(sorted)) != 60 || slices.IsSorted(order) {
		t.Fatalf("order: %v", order)
	}
}

func TestSixtyFourClaimsAtOnceGiveAsManyDocuments(t *testing.T) {
	t.Parallel()
	s, p, _ := desk(t, 64)
	var who []corpus.Annotator
	for i := range 64 {
		who = append(who, dbtest.Annotator(t, s, fmt.Sprint("person ", i), corpus.AnnotatorRole))
	}
	var all sync.WaitGroup
	got := make([]corpus.DocumentID, len(who))
	for i, w := range who {
		all.Go(func() {
			var err error
			if got[i], err = s.Claim(t.Context(), p.ID, w.ID, 0); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(got)
	if len(slices.Compact(got)) != 64 {
		t.Fatalf("handed out twice: %v", got)
	}
}

func TestAFullDeskLosesNothing(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	s.SetDesk(20_000) // room for about six
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	var docs []corpus.Incoming
	for i := range 40 {
		docs = append(docs, lines(fmt.Sprint("page-", i), page))
	}
	load(t, s, p, docs...)

	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			e := event{n: i * 1000}
			r := rand.New(rand.NewPCG(3, uint64(i)))
			for n := range 60 {
				id := corpus.DocumentID(r.IntN(40) + 1)
				a, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{e.of(class(n%4, n%4, corpus.Body)), e.of(class(n%4, n%4, corpus.Boilerplate))})
				if err != nil || len(a.Refused) > 0 {
					t.Errorf("%+v %v", a.Refused, err)
					return
				}
				if n%10 == 0 {
					if _, err := s.View(t.Context(), id, mara.ID); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	if n, bytes := s.OnDesk(); n == 0 || n > 8 || bytes > 20_000 {
		t.Errorf("%d annotations of %d bytes on a desk for 20 000", n, bytes)
	}
	total := 0
	for id := range corpus.DocumentID(40) {
		total += view(t, s, id+1, mara).Annotation.Events
	}
	if total != 8*60*2 {
		t.Fatalf("%d events of %d", total, 8*60*2)
	}
	clean(t, s)
}
