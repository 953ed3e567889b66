package db_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// disputed is a project whose pages two people labelled: mara says the first
// two of the four blocks are body and marks a name, jonas the first three. anna
// and ben adjudicate.
func disputed(t testing.TB, pages int, set func(*corpus.Project)) (*db.Store, corpus.Project, map[string]corpus.Annotator) {
	t.Helper()
	s, p, who := team(t, pages, func(p *corpus.Project) {
		p.Overlap = 2
		set(p)
	}, "mara", "jonas")
	for _, name := range []string{"anna", "ben"} {
		who[name] = dbtest.Annotator(t, s, name, corpus.Adjudicator)
	}
	for i := range pages {
		disputes(t, s, corpus.DocumentID(i+1), who)
	}

	return s, p, who
}

func disputes(t testing.TB, s *db.Store, id corpus.DocumentID, who map[string]corpus.Annotator) {
	t.Helper()
	e := event{1000 * int(id)}
	mara := hands(&e, 2)
	name := e.of(corpus.Event{Kind: corpus.KindSpans, Add: []corpus.SpanEvent{{ID: corpus.SpanID(fmt.Sprintf("name-%05d", id)), Block: 16, From: 9, To: 23, Label: 1, Quote: "Mara Lindqvist"}}})
	refused(t, act(t, s, id, who["mara"], slices.Insert(mara, 0, name)...))
	refused(t, act(t, s, id, who["jonas"], hands(&e, 3)...))
	if is, _ := state(t, s, id); is != corpus.Review {
		t.Fatalf("the document is %s", is)
	}
}

func plain(*corpus.Project) {}

// The places of a disputed page.
const (
	dash = "block:49-50"
	name = "spans:25-39"
)

func reviewOf(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator) agreement.Review {
	t.Helper()
	r, err := s.Review(t.Context(), id, who.ID)
	if err != nil {
		t.Fatal(err)
	}

	return r
}

// decides sends one action of an adjudicator who has seen everything.
func decides(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator, e db.ReviewEvent) db.ReviewAnswer {
	t.Helper()
	r := reviewOf(t, s, id, who)
	if e.Kind == "" {
		e.Kind = "decide"
	}
	e.Seen, e.Version = r.Last, r.Version
	a, err := s.DecideReview(t.Context(), id, who.ID, []db.ReviewEvent{e})
	if err != nil {
		t.Fatal(err)
	}

	return a
}

func took(place string, n int) agreement.Step { return agreement.Step{Place: place, Took: &n} }

// standing is what is decided, in words.
func standing(r agreement.Review) string {
	var out []string
	for key, d := range r.Decisions {
		switch {
		case d.Answer == nil:
			out = append(out, key+" open "+string(d.Cause))
		case strings.HasPrefix(key, "block"):
			out = append(out, fmt.Sprint(key, " ", d.Answer.Class, " ", d.Took, " ", d.Cause))
		default:
			words := []string{}
			for _, s := range d.Answer.Spans {
				words = append(words, s.Quote)
			}
			out = append(out, fmt.Sprint(key, " ", words, " ", d.Took, " ", d.Cause))
		}
	}
	slices.Sort(out)

	return strings.Join(out, "; ")
}

func TestAnAdjudicatorDecides(t *testing.T) {
	t.Parallel()
	s, p, who := disputed(t, 1, plain)
	anna := who["anna"]
	r := reviewOf(t, s, 1, anna)
	var keys []string
	for _, c := range r.Conflicts {
		keys = append(keys, c.Key())
	}
	if !slices.Equal(keys, []string{name, dash}) || len(r.People) != 2 || r.People[0].Name != "mara" || r.State != corpus.Review || r.Gold != 0 {
		t.Fatalf("the review holds %q, %+v", keys, r)
	}

	for i, want := range []string{"2 differences still need a decision", "one difference still needs a decision"} {
		_, err := s.MakeGold(t.Context(), 1, anna.ID, 0)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("gold is refused with %v, want %q", err, want)
		}
		decides(t, s, 1, anna, db.ReviewEvent{ID: fmt.Sprintf("decide-%d", i), Steps: []agreement.Step{took(keys[i], i)}})
	}
	slip := corpus.Slip
	decides(t, s, 1, anna, db.ReviewEvent{ID: "cause-it", Steps: []agreement.Step{{Place: dash, Cause: &slip}}})
	r = reviewOf(t, s, 1, anna)
	if got, want := standing(r), fmt.Sprintf("%s body %d slip; %s [Mara Lindqvist] %d ", dash, who["jonas"].ID, name, who["mara"].ID); got != want {
		t.Errorf("decided is %s\nwant %s", got, want)
	}

	version, err := s.MakeGold(t.Context(), 1, anna.ID, r.Last)
	if err != nil || version != 1 {
		t.Fatal(version, err)
	}
	g := gold(t, s, p)[0]
	if len(g.Spans) != 1 || g.Spans[0].Quote != "Mara Lindqvist" || g.Basis != corpus.Adjudicated || g.DecidedBy != anna.ID || !slices.Equal(g.Annotators, []string{"mara", "jonas"}) {
		t.Errorf("gold is %+v", g)
	}
	if g.Pieces[2].Class != corpus.Body || g.Pieces[3].Class != corpus.Boilerplate {
		t.Errorf("the classes are %+v", g.Pieces)
	}
	if again, err := s.MakeGold(t.Context(), 1, anna.ID, r.Last); err != nil || again != 1 {
		t.Errorf("made again without a change: version %d, %v", again, err)
	}
	log, err := s.Log(t.Context(), corpus.LogFilter{Project: p.ID, Kind: "gold-decided"})
	if err != nil || len(log) != 1 || log[0].By != "anna" {
		t.Errorf("the log says %+v, %v", log, err)
	}
	clean(t, s)
}

func TestARepeatedDecisionIsAnsweredAndNotAppliedAgain(t *testing.T) {
	t.Parallel()
	s, _, who := disputed(t, 1, plain)
	anna, ben := who["anna"], who["ben"]
	r := reviewOf(t, s, 1, anna)
	one := db.ReviewEvent{ID: "decide-0001", Kind: "decide", Steps: []agreement.Step{took(dash, 0)}, Version: r.Version}
	for range 3 {
		a, err := s.DecideReview(t.Context(), 1, anna.ID, []db.ReviewEvent{one, one})
		if err != nil || !slices.Equal(a.Applied, []string{one.ID, one.ID}) || len(a.Refused) != 0 {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	var rows int
	if err := s.Scan(t.Context(), `SELECT count(*) FROM decisions`, nil, &rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
	a, err := s.DecideReview(t.Context(), 1, ben.ID, []db.ReviewEvent{one})
	if err != nil || len(a.Refused) != 1 || len(a.Applied) != 0 {
		t.Errorf("another person's id: %+v, %v", a, err)
	}
}

func TestUndoAndRedoAppend(t *testing.T) {
	t.Parallel()
	s, _, who := disputed(t, 1, plain)
	anna := who["anna"]
	run := db.ReviewEvent{ID: "decide-run", Steps: []agreement.Step{took(dash, 0), took(name, 1)}}
	decides(t, s, 1, anna, run)
	decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-two", Steps: []agreement.Step{took(dash, 1)}})
	both := standing(reviewOf(t, s, 1, anna))

	travel := func(id, kind, of string) db.ReviewAnswer {
		t.Helper()
		return decides(t, s, 1, anna, db.ReviewEvent{ID: id, Kind: kind, Of: of})
	}
	if a := travel("undo-wrong", "undo", "decide-run"); len(a.Refused) != 1 || !a.Conflict() {
		t.Errorf("an old page undoes another event: %+v", a)
	}
	travel("undo-two", "undo", "decide-two")
	if got, want := standing(reviewOf(t, s, 1, anna)), fmt.Sprintf("%s boilerplate %d ; %s [] %d ", dash, who["mara"].ID, name, who["jonas"].ID); got != want {
		t.Errorf("undone once: %s\nwant %s", got, want)
	}
	travel("undo-run", "undo", "decide-run")
	r := reviewOf(t, s, 1, anna)
	if got, want := standing(r), dash+" open ; "+name+" open "; got != want || r.Undo != "" || r.Redo != "decide-run" {
		t.Errorf("undone twice: %s; %q %q", got, r.Undo, r.Redo)
	}
	travel("redo-run", "redo", "decide-run")
	travel("redo-two", "redo", "decide-two")
	if r = reviewOf(t, s, 1, anna); standing(r) != both || r.Undo != "decide-two" || r.Redo != "" {
		t.Errorf("redone: %s\nwant %s", standing(r), both)
	}
	if err := s.Exec(t.Context(), `UPDATE decisions SET answer = NULL`); err == nil {
		t.Error("a decision can be changed")
	}
}

func TestTwoAdjudicators(t *testing.T) {
	t.Parallel()
	s, _, who := disputed(t, 1, plain)
	anna, ben := who["anna"], who["ben"]
	before := reviewOf(t, s, 1, ben)
	decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-anna", Steps: []agreement.Step{took(dash, 0)}})

	blind := func(id, place string) db.ReviewAnswer {
		t.Helper()
		a, err := s.DecideReview(t.Context(), 1, ben.ID, []db.ReviewEvent{{ID: id, Kind: "decide", Steps: []agreement.Step{took(place, 1)}, Seen: before.Last, Version: before.Version}})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := blind("decide-ben1", dash)
	if !a.Conflict() || !strings.Contains(a.Refused[0].Reason, "anna") || a.Review.Decisions[dash].By != anna.ID {
		t.Fatalf("ben is not told: %+v", a)
	}
	if a = blind("decide-ben2", name); a.Conflict() || len(a.Review.Decisions) != 2 {
		t.Errorf("another place: %+v", a)
	}
	if _, err := s.MakeGold(t.Context(), 1, ben.ID, before.Last); !errors.Is(err, corpus.ErrConflict) {
		t.Errorf("gold of decisions that ben has not seen: %v", err)
	}
	decides(t, s, 1, ben, db.ReviewEvent{ID: "decide-ben3", Steps: []agreement.Step{took(dash, 1)}})
	if d := reviewOf(t, s, 1, anna).Decisions[dash]; d.By != ben.ID || d.Answer.Class != corpus.Body {
		t.Errorf("the later decision does not win: %+v", d)
	}
	if a := decides(t, s, 1, anna, db.ReviewEvent{ID: "undo-anna", Kind: "undo", Of: "decide-anna"}); !a.Conflict() {
		t.Errorf("anna undoes over ben's head: %+v", a)
	}
}

func TestWhatCannotBeDecided(t *testing.T) {
	t.Parallel()
	s, _, who := disputed(t, 1, plain)
	anna := who["anna"]
	wrong := corpus.Cause("moon")
	for what, step := range map[string]agreement.Step{
		"no place":                  {Place: "nowhere", Class: corpus.Body},
		"a place beyond the text":   {Place: "block:4000-4010", Class: corpus.Body},
		"part of a block":           {Place: "block:0-3", Class: corpus.Body},
		"nobody's answer":           took(dash, 2),
		"a person below the first":  took(dash, -1),
		"a person where all agree":  took("block:0-15", 0),
		"no class":                  {Place: dash, Class: "header"},
		"nothing at all":            {Place: dash},
		"no cause":                  {Place: dash, Cause: &wrong},
		"part of a difference":      {Place: "spans:25-29", Own: true},
		"over two blocks":           {Place: "spans:14-18", Own: true},
		"a label that there is not": {Place: name, Own: true, Spans: []corpus.SpanEvent{{Block: 16, From: 9, To: 13, Label: 99, Quote: "Mara"}}},
		"words that are not there":  {Place: name, Own: true, Spans: []corpus.SpanEvent{{Block: 16, From: 9, To: 13, Label: 1, Quote: "Anna"}}},
		"half of a picture":         {Own: true, Spans: []corpus.SpanEvent{{Block: 0, From: 7, To: 8, Label: 1, Quote: "�"}}},
		"a block that there is not": {Own: true, Spans: []corpus.SpanEvent{{Block: 3, From: 0, To: 1, Label: 1, Quote: "d"}}},
		"a mark that is no word":    {Own: true, Spans: []corpus.SpanEvent{{Block: 49, From: 0, To: 1, Label: 1, Quote: "-"}}},
	} {
		a := decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-wrong", Steps: []agreement.Step{step}})
		if len(a.Refused) != 1 || a.Refused[0].Reason == "" {
			t.Errorf("%s: %+v", what, a)
		}
	}
	for what, e := range map[string]db.ReviewEvent{
		"no id":           {ID: "short", Steps: []agreement.Step{took(dash, 0)}},
		"no kind":         {ID: "decide-kind", Kind: "dance"},
		"no step":         {ID: "decide-none"},
		"a place twice":   {ID: "decide-twice", Steps: []agreement.Step{took(dash, 0), took(dash, 1)}},
		"nothing to undo": {ID: "undo-nothing", Kind: "undo"},
		"nothing to redo": {ID: "redo-nothing", Kind: "redo", Of: "decide-none"},
	} {
		if a := decides(t, s, 1, anna, e); len(a.Refused) != 1 {
			t.Errorf("%s: %+v", what, a)
		}
	}
	if r := reviewOf(t, s, 1, anna); r.Last != 0 || len(r.Decisions) != 0 {
		t.Errorf("something is kept: %+v", r.Decisions)
	}
	if _, err := s.DecideReview(t.Context(), 99, anna.ID, nil); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("no document: %v", err)
	}
}

func TestAnswersOfOnesOwn(t *testing.T) {
	t.Parallel()
	s, p, who := disputed(t, 1, plain)
	anna := who["anna"]
	decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-own", Steps: []agreement.Step{
		{Place: dash, Class: corpus.Body},
		{Place: "block:0-15", Class: corpus.Boilerplate},
		{Place: name, Own: true, Spans: []corpus.SpanEvent{{Block: 16, From: 14, To: 24, Label: 2, Quote: "Lindqvist "}}},
		{Own: true, Spans: []corpus.SpanEvent{{Block: 0, From: 7, To: 9, Label: 3, Quote: "🌉"}}},
	}})
	r := reviewOf(t, s, 1, anna)
	if got, want := standing(r), "block:0-15 boilerplate 0 ; "+dash+" body 0 ; "+name+" [Lindqvist] 0 ; spans:7-8 [🌉] 0 "; got != want {
		t.Fatalf("decided is %s\nwant %s", got, want)
	}
	if _, err := s.MakeGold(t.Context(), 1, anna.ID, r.Last); err != nil {
		t.Fatal(err)
	}
	g := gold(t, s, p)[0]
	if len(g.Spans) != 2 || g.Spans[0].Range != (text.Range{Start: 7, End: 8}) || g.Spans[1].Label != 2 || g.Pieces[0].Class != corpus.Boilerplate {
		t.Errorf("gold is %+v", g)
	}
}

func TestNothingOverwritesADecision(t *testing.T) {
	t.Parallel()
	s, p, who := disputed(t, 1, plain)
	anna := who["anna"]
	decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-all", Steps: []agreement.Step{took(dash, 0), took(name, 1)}})
	r := reviewOf(t, s, 1, anna)
	if _, err := s.MakeGold(t.Context(), 1, anna.ID, r.Last); err != nil {
		t.Fatal(err)
	}
	decided := gold(t, s, p)[0]

	// Jonas reopens his work and says what mara does: by the rule that were gold.
	e := event{50}
	refused(t, act(t, s, 1, who["jonas"], e.of(corpus.Event{Kind: corpus.KindReopen})))
	refused(t, act(t, s, 1, who["jonas"], append([]corpus.Event{e.of(corpus.Event{Kind: corpus.KindClass, From: 0, To: 51, Class: corpus.Body})}, e.of(corpus.Event{Kind: corpus.KindSubmit}))...))
	if err := s.Requeue(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if g := gold(t, s, p)[0]; g.ID != decided.ID || g.Basis != corpus.Adjudicated {
		t.Errorf("gold became %+v", g)
	}

	// Decisions on places that are still there hold; a new one is asked.
	r = reviewOf(t, s, 1, anna)
	_, open := r.Decide(r.Answers(p.Rule))
	if len(open) != 1 || open[0].Key() != "block:51-71" || r.Decisions[dash].Answer == nil {
		t.Errorf("open are %+v, decided %s", open, standing(r))
	}
	decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-again", Steps: []agreement.Step{took("block:51-71", 1)}})
	r = reviewOf(t, s, 1, anna)
	if version, err := s.MakeGold(t.Context(), 1, anna.ID, r.Last); err != nil || version != 2 {
		t.Errorf("deciding again: version %d, %v", version, err)
	}
	clean(t, s)
}

func TestAnOldPageDecidesNothing(t *testing.T) {
	t.Parallel()
	s, _, who := disputed(t, 1, plain)
	anna := who["anna"]
	before := reviewOf(t, s, 1, anna)
	e := event{50}
	refused(t, act(t, s, 1, who["jonas"], e.of(corpus.Event{Kind: corpus.KindReopen})))
	refused(t, act(t, s, 1, who["jonas"], append([]corpus.Event{e.of(corpus.Event{Kind: corpus.KindClass, From: 0, To: 51, Class: corpus.Boilerplate})}, e.of(corpus.Event{Kind: corpus.KindSubmit}))...))
	a, err := s.DecideReview(t.Context(), 1, anna.ID, []db.ReviewEvent{{ID: "decide-late", Kind: "decide", Steps: []agreement.Step{took(dash, 1)}, Version: before.Version}})
	if err != nil || !a.Conflict() || a.Review.Version == before.Version {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestTheMajorityIsAskedNothing(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 1, func(p *corpus.Project) { p.Overlap, p.Rule = 3, corpus.Majority }, "mara", "jonas", "ines")
	anna := dbtest.Annotator(t, s, "anna", corpus.Adjudicator)
	var e event
	mark := func(label corpus.LabelID) corpus.Event {
		return e.of(corpus.Event{Kind: corpus.KindSpans, Add: []corpus.SpanEvent{{ID: corpus.SpanID(fmt.Sprintf("name-%05d", label)), Block: 16, From: 9, To: 23, Label: label, Quote: "Mara Lindqvist"}}})
	}
	for i, name := range []string{"mara", "jonas", "ines"} {
		refused(t, act(t, s, 1, who[name], append([]corpus.Event{mark(corpus.LabelID(i + 1))}, hands(&e, 2+i/2)...)...))
	}
	r := reviewOf(t, s, 1, anna)
	_, open := r.Decide(r.Answers(p.Rule))
	if len(r.Conflicts) != 2 || len(open) != 1 || open[0].Key() != name {
		t.Fatalf("open are %+v", open)
	}
	decides(t, s, 1, anna, db.ReviewEvent{ID: "decide-name", Steps: []agreement.Step{took(name, 2)}})
	if _, err := s.MakeGold(t.Context(), 1, anna.ID, 1); err != nil {
		t.Fatal(err)
	}
	if g := gold(t, s, p)[0]; g.Pieces[2].Class != corpus.Boilerplate || g.Spans[0].Label != 3 {
		t.Errorf("gold is %+v", g)
	}
}

func TestVotesAreHidden(t *testing.T) {
	t.Parallel()
	orders := map[string]bool{}
	s, p, who := disputed(t, 12, func(p *corpus.Project) { p.VotesHidden = true })
	for i := range 12 {
		r := reviewOf(t, s, corpus.DocumentID(i+1), who["anna"])
		again := reviewOf(t, s, corpus.DocumentID(i+1), who["ben"])
		if r.People[0].Name != again.People[0].Name {
			t.Error("the order changes")
		}
		orders[r.People[0].Name] = true
		// Whoever stands first, their answer is theirs.
		at := slices.IndexFunc(r.Conflicts, func(c agreement.Conflict) bool { return c.Key() == dash })
		for n, v := range r.Conflicts[at].Votes {
			if (v.Class == corpus.Body) != (r.People[n].Name == "jonas") {
				t.Errorf("document %d: %s says %s", i+1, r.People[n].Name, v.Class)
			}
		}
	}
	if len(orders) != 2 {
		t.Errorf("one of them is always first: %v", orders)
	}
	old := reviewOf(t, s, 1, who["anna"])
	p.VotesHidden = false
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	if r := reviewOf(t, s, 1, who["anna"]); r.People[0].Name != "mara" || r.Version == old.Version {
		t.Errorf("shown again: %s, version %q and %q", r.People[0].Name, old.Version, r.Version)
	}
}

func TestTheListsOfTheReviewPage(t *testing.T) {
	t.Parallel()
	s, p, who := disputed(t, 5, plain)
	anna := who["anna"]
	var seen []corpus.DocumentID
	f := corpus.ReviewFilter{Project: p.ID, Limit: 2}
	for {
		page, err := s.ToReview(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			seen = append(seen, row.ID)
			if row.Differences != 2 || !slices.Equal(row.People, []string{"mara", "jonas"}) || row.At.IsZero() {
				t.Errorf("%+v", row)
			}
		}
		if f.After = page.Next; page.Next.ID == 0 {
			break
		}
	}
	if !slices.Equal(seen, []corpus.DocumentID{1, 2, 3, 4, 5}) {
		t.Errorf("to review are %v", seen)
	}

	slip, unclear := corpus.Slip, corpus.GuidelineUnclear
	for _, id := range []corpus.DocumentID{2, 4} {
		cause := &slip
		if id == 4 {
			cause = &unclear
		}
		one, two := took(dash, 0), took(name, 0)
		one.Cause = cause
		decides(t, s, id, anna, db.ReviewEvent{ID: "decide-list", Steps: []agreement.Step{one, two}})
		if _, err := s.MakeGold(t.Context(), id, anna.ID, 1000); err != nil {
			t.Fatal(err)
		}
	}
	ids := func(page corpus.ReviewPage, err error) (out []corpus.DocumentID) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			out = append(out, row.ID)
		}
		return out
	}
	if got := ids(s.Reviewed(t.Context(), corpus.ReviewFilter{Project: p.ID})); !slices.Equal(got, []corpus.DocumentID{4, 2}) {
		t.Errorf("decided are %v", got)
	}
	if got := ids(s.Reviewed(t.Context(), corpus.ReviewFilter{Project: p.ID, Cause: corpus.Slip})); !slices.Equal(got, []corpus.DocumentID{2}) {
		t.Errorf("decided with a slip are %v", got)
	}
	first, err := s.Reviewed(t.Context(), corpus.ReviewFilter{Project: p.ID, Limit: 1})
	if got := ids(s.Reviewed(t.Context(), corpus.ReviewFilter{Project: p.ID, After: first.Next})); err != nil || !slices.Equal(got, []corpus.DocumentID{2}) {
		t.Errorf("the second page has %v", got)
	}
	if got := ids(s.ToReview(t.Context(), corpus.ReviewFilter{Project: p.ID, Annotator: anna.ID})); len(got) != 0 {
		t.Errorf("anna labelled %v", got)
	}
	if next, err := s.NextReview(t.Context(), p.ID, 1); err != nil || next != 3 {
		t.Errorf("next is %d, %v", next, err)
	}

	causes, err := s.Causes(t.Context(), p.ID)
	if err != nil || len(causes) != 4 || causes[0].A != 0 || causes[2].Names != [2]string{"mara", "jonas"} || causes[3].N != 1 {
		t.Errorf("causes are %+v, %v", causes, err)
	}
	decides(t, s, 2, anna, db.ReviewEvent{ID: "undo-list", Kind: "undo", Of: "decide-list"})
	if causes, err = s.Causes(t.Context(), p.ID); err != nil || len(causes) != 2 {
		t.Errorf("after an undo causes are %+v, %v", causes, err)
	}
}

func TestSkipsAndFlagsAreListed(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 3, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "jonas")
	var e event
	refused(t, act(t, s, 1, who["mara"], e.of(corpus.Event{Kind: corpus.KindFlag, Reason: "two pages in one"})))
	refused(t, act(t, s, 2, who["jonas"], e.of(corpus.Event{Kind: corpus.KindSkip})))
	list, err := s.PassedOver(t.Context(), p.ID, 10)
	if err != nil || len(list) != 2 || list[1].Person != "mara" || list[1].Why != "two pages in one" || list[1].Status != corpus.Raised || list[0].Status != corpus.Passed || list[0].At.IsZero() {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := s.PutBack(t.Context(), 1, who["jonas"].ID); err != nil {
		t.Fatal(err)
	}
	if list, err = s.PassedOver(t.Context(), p.ID, 10); err != nil || len(list) != 1 || list[0].Document != 2 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestCommentsAreKeptOnce(t *testing.T) {
	t.Parallel()
	s, p, who := disputed(t, 2, plain)
	one := corpus.Comment{ID: "comment-0001", Document: 1, By: who["anna"].ID, Place: dash, Text: "Why body? 🌉"}
	for range 2 {
		if err := s.AddComment(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	other := one
	other.Text = "something else"
	invalid(t, s.AddComment(t.Context(), other), "id")
	for field, bad := range map[string]corpus.Comment{
		"id":    {ID: "x", Document: 1, By: 1, Text: "a"},
		"text":  {ID: "comment-0002", Document: 1, By: 1},
		"place": {ID: "comment-0002", Document: 1, By: 1, Text: "a", Place: "there"},
	} {
		invalid(t, s.AddComment(t.Context(), bad), field)
	}
	long := corpus.Comment{ID: "comment-0003", Document: 1, By: who["anna"].ID, Text: strings.Repeat("é", corpus.MaxComment)}
	if err := s.AddComment(t.Context(), long); err != nil {
		t.Error(err)
	}
	long.ID, long.Text = "comment-0004", long.Text+"é"
	invalid(t, s.AddComment(t.Context(), long), "text")
	if err := s.AddComment(t.Context(), corpus.Comment{ID: "comment-0005", Document: 77, By: who["anna"].ID, Text: "a"}); !errors.Is(err, corpus.ErrNotFound) {
		t.Error(err)
	}

	mine, err := s.CommentsFor(t.Context(), p.ID, who["mara"].ID)
	if err != nil || len(mine) != 1 || mine[0].Document != 1 || mine[0].Comments != 2 {
		t.Errorf("mara is told of %+v, %v", mine, err)
	}
	if others, err := s.CommentsFor(t.Context(), p.ID, who["anna"].ID); err != nil || len(others) != 0 {
		t.Errorf("anna, who labelled nothing, is told of %+v, %v", others, err)
	}
	e := event{90}
	refused(t, act(t, s, 1, who["mara"], e.of(corpus.Event{Kind: corpus.KindReopen})))
	if is, err := s.HandedIn(t.Context(), 1, who["mara"].ID); err != nil || is {
		t.Errorf("who labels again sees what others say: %t, %v", is, err)
	}

	if err := s.SetCommentResolved(t.Context(), 1, one.ID, true, who["ben"].ID); err != nil {
		t.Fatal(err)
	}
	list, err := s.Comments(t.Context(), 1)
	if err != nil || len(list) != 2 || list[0].Text != one.Text || list[0].Resolved.IsZero() || list[0].ResolvedBy != "ben" || list[1].Place != "" {
		t.Errorf("%+v, %v", list, err)
	}
	if err := s.SetCommentResolved(t.Context(), 2, one.ID, true, who["ben"].ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a comment of another document: %v", err)
	}
	if err := s.SetCommentResolved(t.Context(), 1, one.ID, false, who["ben"].ID); err != nil {
		t.Fatal(err)
	}
	if list, err = s.Comments(t.Context(), 1); err != nil || !list[0].Resolved.IsZero() || list[0].ResolvedBy != "" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestBlockVotesComeDocumentByDocument(t *testing.T) {
	t.Parallel()
	s, p, who := disputed(t, 3, plain)
	var ids []corpus.DocumentID
	for v, err := range s.BlockVotes(t.Context(), p.ID, 2) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, v.Document)
		if !slices.Equal(v.People, []corpus.AnnotatorID{who["mara"].ID, who["jonas"].ID}) || len(v.Stretches) != 4 || !slices.Equal(v.Classes[2], []corpus.Class{corpus.Boilerplate, corpus.Body}) {
			t.Errorf("%+v", v)
		}
	}
	if !slices.Equal(ids, []corpus.DocumentID{3, 2}) {
		t.Errorf("documents %v", ids)
	}
	if newest, n, err := s.Shared(t.Context(), p.ID); err != nil || n != 3 || newest == 0 {
		t.Errorf("%d, %d, %v", newest, n, err)
	}
}

// A page of a megabyte with ten thousand blocks, on half of which people
// differ, opens and answers while one waits for it.
func TestAReviewOfALongPageIsQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand blocks")
	}
	s, p, who := team(t, 1, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "jonas")
	anna := dbtest.Annotator(t, s, "anna", corpus.Adjudicator)
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "Line %05d of a page that goes on about the bridge, the ferry, the toll and all those who pay for it.\n", i)
	}
	load(t, s, p, lines("long", strings.TrimRight(b.String(), "\n")))
	const id = 2
	var e event
	last := view(t, s, id, who["mara"]).Annotation.Pieces
	hand := func(who corpus.Annotator, upTo int) {
		refused(t, act(t, s, id, who,
			e.of(corpus.Event{Kind: corpus.KindClass, From: 0, To: last[upTo].Start, Class: corpus.Body}),
			e.of(corpus.Event{Kind: corpus.KindClass, From: last[upTo+1].Start, To: last[9999].Start, Class: corpus.Boilerplate}),
			e.of(corpus.Event{Kind: corpus.KindSubmit})))
	}
	hand(who["mara"], 2500)
	hand(who["jonas"], 7500)

	began := time.Now()
	r := reviewOf(t, s, id, anna)
	opened := time.Since(began)
	began = time.Now()
	a := decides(t, s, id, anna, db.ReviewEvent{ID: "decide-long", Steps: []agreement.Step{took(r.Conflicts[17].Key(), 0)}})
	answered := time.Since(began)
	if len(r.Conflicts) != 5000 || len(a.Applied) != 1 {
		t.Fatalf("%d conflicts, %+v", len(r.Conflicts), a.Refused)
	}
	t.Logf("opened in %v, answered in %v", opened, answered)
	if opened > 3*time.Second || answered > time.Second {
		t.Errorf("opened in %v, answered in %v", opened, answered)
	}
}
