package db_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// school is a project with three documents to label, 1 to 3, and three with
// gold by jonas, 4 to 6, on whose first two people practise.
func school(t testing.TB, change func(*corpus.Project)) (*db.Store, corpus.Project, corpus.Annotator, corpus.Annotator) {
	t.Helper()
	s, p, mara := desk(t, 3)
	mona := dbtest.Annotator(t, s, "mona", corpus.Manager)
	load(t, s, p, goldPage("gold-1", 2, "jonas"), goldPage("gold-2", 1, "jonas"), goldPage("gold-3", 4, "jonas"))
	p = settled(t, s, p, change)
	if n, err := s.AddPractice(t.Context(), p.ID, []corpus.DocumentID{4, 5}, mona.ID); n != 2 || err != nil {
		t.Fatal(n, err)
	}

	return s, p, mara, mona
}

func marked(mark int) func(*corpus.Project) { return func(p *corpus.Project) { p.PassMark = mark } }

func claim(t testing.TB, s *db.Store, p corpus.Project, who corpus.Annotator, after corpus.DocumentID) corpus.DocumentID {
	t.Helper()
	id, err := s.Claim(t.Context(), p.ID, who.ID, after)
	if errors.Is(err, corpus.ErrNotFound) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}

	return id
}

func roundOf(t testing.TB, s *db.Store, p corpus.Project, who corpus.Annotator) corpus.Round {
	t.Helper()
	r, err := s.Round(t.Context(), p.ID, who.ID)
	if err != nil {
		t.Fatal(err)
	}

	return r
}

// again is an annotation with events of other names, so that a page can be
// handed in twice.
func again(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator, n, time int) {
	t.Helper()
	var events []corpus.Event
	for i := range at {
		c := corpus.Boilerplate
		if i < n {
			c = corpus.Body
		}
		e := class(i, i, c)
		e.ID = fmt.Sprintf("again-%d-%d-%d", id, time, i)
		events = append(events, e)
	}
	refused(t, act(t, s, id, who, append(events, corpus.Event{ID: fmt.Sprintf("again-%d-%d-submit", id, time), Kind: corpus.KindSubmit})...))
}

func TestPracticeComesBeforeRealWork(t *testing.T) {
	t.Parallel()
	s, p, mara, _ := school(t, marked(90))

	for _, want := range []corpus.DocumentID{4, 5} {
		if id := claim(t, s, p, mara, 0); id != want {
			t.Fatalf("claimed %d, want %d", id, want)
		}
		v := view(t, s, want, mara)
		if v.Purpose != corpus.ForPractice || v.Annotation.Undecided() != 4 || v.Gold != 0 || v.State == corpus.Golden {
			t.Fatalf("document %d shows its gold: %+v", want, v)
		}
		again(t, s, want, mara, 6-int(want), 1)
	}
	r := roundOf(t, s, p, mara)
	if r.On || r.Passed.IsZero() || r.PassedBy != "" || r.Mean != 1 || !r.Ended() {
		t.Fatalf("all right, and yet %+v", r)
	}
	if id := claim(t, s, p, mara, 0); id != 1 {
		t.Errorf("after the round comes document %d", id)
	}
	clean(t, s)
}

func TestPracticeGoldIsHiddenFromWhoComesByItsAddress(t *testing.T) {
	t.Parallel()
	s, _, mara, mona := school(t, marked(90))
	if v := view(t, s, 5, mara); v.Purpose != corpus.ForPractice || v.Annotation.Undecided() != 4 {
		t.Errorf("mara sees gold before the practice: %+v", v.Annotation)
	}
	if v := view(t, s, 6, mara); v.Annotation.Undecided() != 0 {
		t.Error("document 6 is no practice, and its gold is hidden")
	}
	if v := view(t, s, 5, mona); v.Purpose != corpus.ForCorrection {
		t.Errorf("mona is a manager and is to practise: %s", v.Purpose)
	}
}

func TestWhoDoesNotPassGetsNothingElse(t *testing.T) {
	t.Parallel()
	s, p, mara, mona := school(t, marked(90))
	again(t, s, 4, mara, 0, 1) // gold has body in words 1 to 7 of 10: three are right
	if r := roundOf(t, s, p, mara); !r.On || r.Failed() || r.Done != 1 || math.Abs(r.Mean-0.3) > 1e-9 {
		t.Fatalf("%+v", r)
	}
	again(t, s, 5, mara, 1, 1)
	if r := roundOf(t, s, p, mara); !r.Failed() || math.Abs(r.Mean-0.65) > 1e-9 {
		t.Fatalf("%+v", r)
	}
	if id := claim(t, s, p, mara, 0); id != 0 {
		t.Fatalf("mara did not pass and got document %d", id)
	}

	// A practice document is handed in once, and not passed over.
	for i, kind := range []string{corpus.KindReopen, corpus.KindUndo} {
		a := act(t, s, 4, mara, corpus.Event{ID: fmt.Sprintf("event-%05d", i), Kind: kind})
		refused(t, a, fmt.Sprintf("event-%05d", i))
	}

	if err := s.LetRetry(t.Context(), p.ID, mara.ID, mona.ID); err != nil {
		t.Fatal(err)
	}
	v := view(t, s, 4, mara)
	if v.Annotation.Undecided() != 4 || v.Annotation.Status != corpus.Draft || v.Annotation.LastDone() != "" {
		t.Fatalf("no fresh start: %+v", v.Annotation)
	}
	clean(t, s)
	for _, want := range []corpus.DocumentID{4, 5} {
		if id := claim(t, s, p, mara, 0); id != want {
			t.Fatalf("claimed %d, want %d", id, want)
		}
		again(t, s, want, mara, 6-int(want), 2)
	}
	results, err := s.PracticeResults(t.Context(), p.ID)
	if err != nil || len(results) != 1 {
		t.Fatal(results, err)
	}
	one := results[0]
	if one.Person != "mara" || one.Attempt != 2 || one.Mean != 1 || one.Passed.IsZero() || len(one.Checks) != 4 || one.Checks[0].Share() != 1 || math.Abs(one.Checks[1].Share()-0.3) > 1e-9 {
		t.Errorf("%+v", one)
	}
	if id := claim(t, s, p, mara, 0); id != 1 {
		t.Errorf("passed the second time, and got document %d", id)
	}
	invalid(t, s.LetRetry(t.Context(), p.ID, mara.ID, mona.ID), "")
	clean(t, s)
}

func TestAFreshStartIsTheSameAfterARestart(t *testing.T) {
	t.Parallel()
	s, p, mara, mona := school(t, marked(100))
	split := corpus.Event{ID: "event-split", Kind: corpus.KindSplit, Block: at[1], At: 9}
	span := span("span-0001", 0, 0, 6, "Bridge", 1)
	span.ID = "event-span1"
	note := "why"
	refused(t, act(t, s, 4, mara, split, span, corpus.Event{ID: "event-note1", Kind: corpus.KindNote, Note: &note}))
	done, err := s.View(t.Context(), 4, mara.ID)
	if err != nil || len(done.Annotation.Pieces) != 5 {
		t.Fatal(done.Annotation.Pieces, err)
	}
	refused(t, act(t, s, 4, mara, corpus.Event{ID: "event-all01", Kind: corpus.KindClass, From: 0, To: at[3], Class: corpus.Body}, corpus.Event{ID: "event-submit", Kind: corpus.KindSubmit}))
	again(t, s, 5, mara, 4, 1)
	if err := s.LetRetry(t.Context(), p.ID, mara.ID, mona.ID); err != nil {
		t.Fatal(err)
	}
	before := view(t, s, 4, mara)
	if len(before.Annotation.Pieces) != 4 || len(before.Annotation.Spans) != 0 || before.Annotation.Note != "" {
		t.Fatalf("not blank: %+v", before.Annotation)
	}

	path := s.Path()
	other, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if after := view(t, other, 4, mara); shape(after.Annotation) != shape(before.Annotation) {
		t.Errorf("replayed it is\n%s, not\n%s", shape(after.Annotation), shape(before.Annotation))
	}
	if p, err := other.Practised(t.Context(), 4, mara.ID); err != nil || len(p.Mine.Spans) != 1 || len(p.Mine.Pieces) != 5 || p.Spans != 1 || p.SpansGold != 0 {
		t.Errorf("the first attempt is not kept: %+v, %v", p, err)
	}
}

func TestAManagerLetsSomebodyPass(t *testing.T) {
	t.Parallel()
	s, p, mara, mona := school(t, marked(90))
	claim(t, s, p, mara, 0)
	act(t, s, 4, mara, corpus.Event{ID: "event-00001", Kind: corpus.KindClass, Class: corpus.Body}) // begun, and left
	invalid(t, s.LetRetry(t.Context(), p.ID, mara.ID, mona.ID), "")
	if err := s.LetPass(t.Context(), p.ID, mara.ID, mona.ID); err != nil {
		t.Fatal(err)
	}
	invalid(t, s.LetPass(t.Context(), p.ID, mara.ID, mona.ID), "")
	if r := roundOf(t, s, p, mara); r.On || r.PassedBy != "mona" {
		t.Errorf("%+v", r)
	}
	if id := claim(t, s, p, mara, 0); id != 1 {
		t.Errorf("let pass, and got document %d", id)
	}

	var kinds []string
	entries, err := s.Log(t.Context(), corpus.LogFilter{Project: p.ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	if want := []string{"practice-passed", "practice-added"}; !slices.Equal(slices.DeleteFunc(kinds, func(k string) bool { return !strings.HasPrefix(k, "practice-") }), want) {
		t.Errorf("the log has %q", kinds)
	}
}

func TestALowerPassMarkLetsThoseIn(t *testing.T) {
	t.Parallel()
	s, p, mara, _ := school(t, marked(90))
	again(t, s, 4, mara, 0, 1)
	again(t, s, 5, mara, 1, 1)
	if id := claim(t, s, p, mara, 0); id != 0 {
		t.Fatal("65 % is not 90 %")
	}
	settled(t, s, p, marked(65))
	if id := claim(t, s, p, mara, 0); id != 1 {
		t.Errorf("65 %% is enough now, and mara gets document %d", id)
	}
}

func TestOnlyGoldIsPractice(t *testing.T) {
	t.Parallel()
	s, p, _, mona := school(t, marked(90))
	for _, ids := range [][]corpus.DocumentID{{6, 1}, {99}} {
		_, err := s.AddPractice(t.Context(), p.ID, ids, mona.ID)
		invalid(t, err, "documents")
	}
	if docs, err := s.PracticeDocuments(t.Context(), p.ID); err != nil || len(docs) != 2 {
		t.Errorf("a refused choice left %d documents, %v", len(docs), err)
	}
	if err := s.RemovePractice(t.Context(), p.ID, 6, mona.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("took out what is not in the round: %v", err)
	}
}

func TestASuggestionIsSpreadOverSitesAndShares(t *testing.T) {
	t.Parallel()
	s, p, _, _ := school(t, marked(90))
	var docs []corpus.Incoming
	for i := range 40 {
		d := goldPage(fmt.Sprintf("more-%d", i), 0, "jonas")
		if i%10 == 0 {
			d = goldPage(fmt.Sprintf("more-%d", i), 4, "jonas")
		}
		d.Site = fmt.Sprintf("site-%d.example", i%4)
		docs = append(docs, d)
	}
	load(t, s, p, docs...)
	ids, err := s.SuggestPractice(t.Context(), p.ID, 8)
	if err != nil || len(ids) != 8 || !slices.IsSorted(ids) {
		t.Fatal(ids, err)
	}
	sites, shares := map[string]int{}, map[int]int{}
	for g, err := range s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(ids, g.Document.ID) {
			sites[g.Document.Site]++
			body := 0
			for _, p := range g.Pieces {
				if p.Class == corpus.Body {
					body++
				}
			}
			shares[body]++
		}
	}
	// A tenth of the pages is all body; half of the choice is.
	if len(sites) < 4 || shares[4] < 3 || shares[0] < 3 {
		t.Errorf("sites %v, blocks of body %v", sites, shares)
	}
	if twice, err := s.SuggestPractice(t.Context(), p.ID, 8); err != nil || !slices.Equal(ids, twice) {
		t.Errorf("another choice the second time: %v, %v", twice, err)
	}
	if slices.Contains(ids, 4) || slices.Contains(ids, 5) {
		t.Error("what is practice already was chosen")
	}
}

// facts is all that other people and exports see of a project.
func facts(t testing.TB, s *db.Store, p corpus.Project) string {
	t.Helper()
	var b strings.Builder
	for _, row := range listed(t, s, corpus.DocumentFilter{Project: p.ID}) {
		fmt.Fprintln(&b, row.ID, row.State, row.Changed, row.By)
		labellings, err := s.Labellings(t.Context(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, len(labellings))
	}
	for _, g := range gold(t, s, p) {
		fmt.Fprintln(&b, g.ID, g.Version, g.Annotators, g.Pieces, g.Spans)
	}
	c := counts(t, s, p)
	for _, state := range slices.Sorted(maps.Keys(c)) {
		fmt.Fprintln(&b, state, c[state])
	}

	return b.String()
}

func TestAHiddenCheckLooksLikeWorkAndChangesNothing(t *testing.T) {
	t.Parallel()
	s, p, mara, _ := school(t, func(p *corpus.Project) { p.CheckShare = 50 })
	var checks, work int
	for i := 0; ; i++ {
		id := claim(t, s, p, mara, 0)
		if id == 0 {
			break
		}
		if same := claim(t, s, p, mara, 0); same != id {
			t.Fatalf("asked again mara gets %d instead of %d", same, id)
		}
		if id < 4 {
			work++
			handIn(t, s, id, mara, 2)
			continue
		}
		checks++
		if id != 6 {
			t.Fatalf("document %d is for practice and was a check", id)
		}
		before := facts(t, s, p)
		v := view(t, s, id, mara)
		if v.Purpose != corpus.ForCheck || v.Annotation.Undecided() != 4 || v.Gold != 0 || v.State == corpus.Golden {
			t.Fatalf("the check shows itself: %+v", v)
		}
		a := handIn(t, s, id, mara, 2)
		if v := a.View; v.State != corpus.Golden || v.Gold != 1 || !slices.Equal(v.GoldBy, []string{"mara"}) {
			t.Errorf("handed in, a check differs from work: state %s, gold %d by %v", v.State, v.Gold, v.GoldBy)
		}
		if after := facts(t, s, p); after != before {
			t.Errorf("a check changed the project from\n%sto\n%s", before, after)
		}
	}
	if work != 3 || checks > 1 {
		t.Errorf("%d documents to label and %d checks", work, checks)
	}
	clean(t, s)
}

func TestChecksComeAsOftenAsTheyShould(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 300)
	var docs []corpus.Incoming
	for i := range 200 {
		docs = append(docs, goldPage(fmt.Sprintf("gold-%d", i), 2, "jonas"))
	}
	load(t, s, p, docs...)
	p = settled(t, s, p, func(p *corpus.Project) { p.CheckShare = 20 })
	checks := 0
	for range 250 {
		id := claim(t, s, p, mara, 0)
		if id > 300 {
			checks++
		}
		handIn(t, s, id, mara, 2)
	}
	if checks < 30 || checks > 70 { // 50 wanted; three standard deviations are 19
		t.Errorf("of 250 documents %d were checks, at 20 %%", checks)
	}
	if got := signals(t, s, p, mara); got.Checks != checks || got.CheckRight != 1 || got.Documents != 250 || got.Compared != checks {
		t.Errorf("%d checks: %+v", checks, got)
	}
}

func TestACheckIsNothingThePersonHasSeen(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 40)
	load(t, s, p, goldPage("own", 2, "mara", "jonas"), goldPage("looked-at", 2, "jonas"))
	p = settled(t, s, p, func(p *corpus.Project) { p.CheckShare = 50 })
	attend(t, s, 42, mara, "visit-0001", time.Second)
	for range 40 {
		id := claim(t, s, p, mara, 0)
		if id > 40 {
			t.Fatalf("document %d was a check", id)
		}
		handIn(t, s, id, mara, 2)
	}
}

func TestACheckStaysHiddenWhenItsLeaseIsOver(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 60)
	load(t, s, p, goldPage("gold", 2, "jonas"))
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	s.SetClock(c.now)
	p = settled(t, s, p, func(p *corpus.Project) { p.CheckShare = 50 })
	id := claim(t, s, p, mara, 0)
	for id != 61 {
		handIn(t, s, id, mara, 2)
		if id = claim(t, s, p, mara, 0); id == 0 {
			t.Fatal("in 60 documents there was no check")
		}
	}
	c.add(2 * time.Hour)
	claim(t, s, p, dbtest.Annotator(t, s, "ada", corpus.AnnotatorRole), 0) // ends leases
	if v := view(t, s, 61, mara); v.Annotation.Undecided() != 4 || v.State == corpus.Golden {
		t.Errorf("the check shows its gold: %+v", v.Annotation)
	}
}
