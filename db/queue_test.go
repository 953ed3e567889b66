package db_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// team is a project of n pages, whose documents so many people label, and
// those people.
func team(t testing.TB, n int, set func(*corpus.Project), names ...string) (*db.Store, corpus.Project, map[string]corpus.Annotator) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	set(&p)
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	docs := make([]corpus.Incoming, n)
	for i := range docs {
		docs[i] = lines(fmt.Sprintf("page-%05d", i), page)
	}
	load(t, s, p, docs...)
	who := map[string]corpus.Annotator{}
	for _, name := range names {
		who[name] = dbtest.Annotator(t, s, name, corpus.AnnotatorRole)
	}

	return s, p, who
}

// hands is one person labelling a page: so many of its four blocks are body,
// the others boilerplate.
func hands(e *event, body int) []corpus.Event {
	var out []corpus.Event
	if body > 0 {
		out = append(out, e.of(class(0, body-1, corpus.Body)))
	}
	if body < 4 {
		out = append(out, e.of(class(body, 3, corpus.Boilerplate)))
	}
	return append(out, e.of(corpus.Event{Kind: corpus.KindSubmit}))
}

func state(t testing.TB, s *db.Store, id corpus.DocumentID) (state corpus.State, room int) {
	t.Helper()
	if err := s.Scan(t.Context(), `SELECT state, room FROM document_states WHERE document_id = ?`, []any{id}, &state, &room); err != nil {
		t.Fatal(err)
	}
	return state, room
}

// empty is why a person's queue is, where no practice round is on.
func empty(t testing.TB, s *db.Store, p corpus.Project, who corpus.Annotator) corpus.Empty {
	t.Helper()
	e, err := s.Empty(t.Context(), p.ID, who.ID)
	if err != nil || e.Practice.On {
		t.Fatalf("%+v %v", e, err)
	}
	e.Practice = corpus.Round{}

	return e
}

func TestWhatSeveralPeopleHandInIsSettledByTheRule(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		people int
		rule   corpus.Rule
		bodies []int // blocks of body that each hands in
		want   corpus.State
		basis  corpus.Basis
		gold   int // blocks of body
	}{
		"one person is asked":                     {1, corpus.AllAgree, []int{2}, corpus.Golden, corpus.OfOne, 2},
		"one of two has handed in":                {2, corpus.AllAgree, []int{2}, corpus.Labelled, "", 0},
		"two say the same":                        {2, corpus.AllAgree, []int{2, 2}, corpus.Golden, corpus.OfAll, 2},
		"two differ":                              {2, corpus.AllAgree, []int{2, 3}, corpus.Review, "", 0},
		"three differ under all-agree":            {3, corpus.AllAgree, []int{2, 2, 3}, corpus.Review, "", 0},
		"two of three say the same":               {3, corpus.Majority, []int{2, 2, 3}, corpus.Golden, corpus.OfMost, 2},
		"each block has a majority of its own":    {3, corpus.Majority, []int{1, 2, 3}, corpus.Golden, corpus.OfMost, 2},
		"two against two is no majority":          {4, corpus.Majority, []int{2, 2, 3, 3}, corpus.Review, "", 0},
		"everything is adjudicated":               {2, corpus.AdjudicateAll, []int{2, 2}, corpus.Review, "", 0},
		"even what one person alone has labelled": {1, corpus.AdjudicateAll, []int{2}, corpus.Review, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names := []string{"mara", "jonas", "ines", "lena"}[:len(c.bodies)]
			s, p, who := team(t, 1, func(p *corpus.Project) { p.Overlap, p.Rule = c.people, c.rule }, names...)
			var e event
			for i, body := range c.bodies {
				refused(t, act(t, s, 1, who[names[i]], hands(&e, body)...))
			}
			if is, _ := state(t, s, 1); is != c.want {
				t.Fatalf("the document is %s, want %s", is, c.want)
			}
			if c.want != corpus.Golden {
				if g := gold(t, s, p); len(g) > 0 {
					t.Fatalf("there is gold: %+v", g)
				}
				clean(t, s)
				return
			}
			g := gold(t, s, p)[0]
			body := 0
			for _, piece := range g.Pieces {
				if piece.Class == corpus.Body {
					body++
				}
			}
			if g.Basis != c.basis || body != c.gold || !slices.Equal(g.Annotators, names) || g.DecidedBy != 0 {
				t.Fatalf("%+v", g)
			}
			clean(t, s)
		})
	}
}

func TestWhoReopensCountsWithWhatTheyHandedIn(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 1, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "jonas")
	var e event
	refused(t, act(t, s, 1, who["mara"], hands(&e, 2)...))
	refused(t, act(t, s, 1, who["jonas"], hands(&e, 2)...))
	refused(t, act(t, s, 1, who["mara"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(0, 2, corpus.Body))))
	if is, room := state(t, s, 1); is != corpus.Golden || room != 0 {
		t.Fatalf("%s with room for %d", is, room)
	}
	refused(t, act(t, s, 1, who["mara"], e.of(corpus.Event{Kind: corpus.KindSubmit})))
	if is, _ := state(t, s, 1); is != corpus.Review || len(gold(t, s, p)) != 0 {
		t.Fatalf("they differ now, and it is %s", is)
	}
	refused(t, act(t, s, 1, who["jonas"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(2, 2, corpus.Body)), e.of(corpus.Event{Kind: corpus.KindSubmit})))
	if g := gold(t, s, p); len(g) != 1 || g[0].Version != 2 || g[0].Pieces[2].Class != corpus.Body {
		t.Fatalf("%+v", g)
	}
	clean(t, s)
}

func TestWhatOthersHandedInIsNotSeenBefore(t *testing.T) {
	t.Parallel()
	s, _, who := team(t, 1, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "jonas")
	var e event
	refused(t, act(t, s, 1, who["mara"], hands(&e, 2)...))
	v := view(t, s, 1, who["jonas"])
	if v.Annotation.Status != corpus.Draft || v.Annotation.Undecided() != 4 || v.Gold != 0 || len(v.GoldBy) != 0 {
		t.Fatalf("%s", shape(v.Annotation))
	}
}

func TestASkippedDocumentGoesToSomebodyElse(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 2, func(*corpus.Project) {}, "mara", "jonas")
	var e event
	claim := func(name string, want corpus.DocumentID) {
		t.Helper()
		id, err := s.Claim(t.Context(), p.ID, who[name].ID, 0)
		if id != want || (want == 0) != errors.Is(err, corpus.ErrNotFound) {
			t.Fatalf("%s gets %d, want %d: %v", name, id, want, err)
		}
	}
	claim("mara", 1)
	refused(t, act(t, s, 1, who["mara"], e.of(corpus.Event{Kind: corpus.KindSkip, Reason: "Norwegian"})))
	claim("mara", 2)
	refused(t, act(t, s, 2, who["mara"], e.of(corpus.Event{Kind: corpus.KindFlag, Reason: "half a page"})))
	claim("mara", 0)
	if e := empty(t, s, p, who["mara"]); e != (corpus.Empty{Skipped: 1}) {
		t.Fatalf("%+v", e)
	}
	claim("jonas", 1)
	refused(t, act(t, s, 1, who["jonas"], hands(&e, 2)...))
	claim("jonas", 0) // a flagged one waits for a manager
	if is, _ := state(t, s, 1); is != corpus.Golden {
		t.Fatal(is)
	}

	invalid(t, s.PutBack(t.Context(), 1, 0), "") // it is gold; her skip stays hers
	if err := s.PutBack(t.Context(), 2, 0); err != nil {
		t.Fatal(err)
	}
	claim("mara", 2)
	clean(t, s)
}

func TestALeaseThatRanOutGivesThePlaceAway(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 1, func(*corpus.Project) {}, "mara", "jonas")
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	var e event
	claim := func(name string) error {
		_, err := s.Claim(t.Context(), p.ID, who[name].ID, 0)
		return err
	}
	held := func(name string, want bool) {
		t.Helper()
		if is, err := s.Beat(t.Context(), 1, who[name].ID); err != nil || is != want {
			t.Fatalf("%s holds it: %v, %v", name, is, err)
		}
	}

	if err := claim("mara"); err != nil {
		t.Fatal(err)
	}
	refused(t, act(t, s, 1, who["mara"], e.of(class(0, 3, corpus.Body))))
	for range 3 {
		clock.add(29 * time.Minute)
		held("mara", true)
	}
	if err := claim("jonas"); !errors.Is(err, corpus.ErrNotFound) {
		t.Fatalf("jonas gets what mara works on: %v", err)
	}
	clock.add(31 * time.Minute)
	if err := claim("jonas"); err != nil {
		t.Fatal(err)
	}
	held("mara", false)

	// She may go on, nothing of hers is lost; but handing in would be one too many.
	a := act(t, s, 1, who["mara"], e.of(class(1, 1, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSubmit}))
	if why := refused(t, a, a.Refused[0].ID); !strings.Contains(why[0], "took this document over") || a.Events != 2 {
		t.Fatalf("%+v", a)
	}
	refused(t, act(t, s, 1, who["jonas"], hands(&e, 2)...))
	if is, _ := state(t, s, 1); is != corpus.Golden {
		t.Fatal(is)
	}
	clean(t, s)
}

func TestWhoComesBackTakesTheirPlaceAgain(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 1, func(*corpus.Project) {}, "mara", "jonas")
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	var e event
	if _, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0); err != nil {
		t.Fatal(err)
	}
	refused(t, act(t, s, 1, who["mara"], e.of(class(0, 3, corpus.Body))))
	clock.add(2 * time.Hour)
	if held, err := s.Beat(t.Context(), 1, who["mara"].ID); !held || err != nil {
		t.Fatal(held, err)
	}
	if _, err := s.Claim(t.Context(), p.ID, who["jonas"].ID, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Fatalf("jonas gets it: %v", err)
	}
	clock.add(2 * time.Hour) // and without a sign of life, by handing in
	refused(t, act(t, s, 1, who["mara"], e.of(corpus.Event{Kind: corpus.KindSubmit})))
	clean(t, s)
}

func TestAManagerHandsADocumentOver(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 1, func(*corpus.Project) {}, "mara", "jonas")
	if _, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0); err != nil {
		t.Fatal(err)
	}
	var e event
	refused(t, act(t, s, 1, who["mara"], e.of(class(0, 0, corpus.Body))))
	held, err := s.Leases(t.Context(), p.ID, 10)
	if err != nil || len(held) != 1 || held[0].Person != "mara" || !held[0].Begun {
		t.Fatalf("%+v %v", held, err)
	}
	invalid(t, s.HandOver(t.Context(), 1, who["jonas"].ID, who["mara"].ID, 0), "")
	if err := s.HandOver(t.Context(), 1, who["mara"].ID, who["jonas"].ID, 0); err != nil {
		t.Fatal(err)
	}
	if id, err := s.Claim(t.Context(), p.ID, who["jonas"].ID, 0); id != 1 || err != nil {
		t.Fatal(id, err)
	}
	if id, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Fatal(id, err)
	}
	if v := view(t, s, 1, who["mara"]); v.Annotation.Pieces[0].Class != corpus.Body {
		t.Fatal("what she did is gone")
	}
	clean(t, s)
}

func TestTheShareCap(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 10, func(p *corpus.Project) { p.ShareCap = 30 }, "mara")
	var e event
	n := 0
	for ; ; n++ {
		id, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0)
		if errors.Is(err, corpus.ErrNotFound) {
			break
		}
		refused(t, act(t, s, id, who["mara"], hands(&e, 1)...))
	}
	if e := empty(t, s, p, who["mara"]); n != 3 || e != (corpus.Empty{Free: 7, ShareCap: 30}) {
		t.Fatalf("%d documents, %+v", n, e)
	}
}

func TestAnotherOverlapIsForEveryDocumentWithoutGold(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 1200, func(*corpus.Project) {}, "mara", "jonas", "ines")
	var e event
	refused(t, act(t, s, 1, who["mara"], hands(&e, 2)...)) // gold
	p.Overlap, p.OverlapShare = 3, 25
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	tally := func() (three, one int) {
		t.Helper()
		if err := s.Scan(t.Context(), `SELECT count(*) FILTER (WHERE wanted = 3 AND room = 3), count(*) FILTER (WHERE wanted = 1 AND room = 1) FROM document_states WHERE document_id > 1`, nil, &three, &one); err != nil {
			t.Fatal(err)
		}
		return three, one
	}
	three, one := tally()
	// 1 199 draws of one in four: 300, with a standard deviation of 15.
	if three+one != 1199 || three < 225 || three > 375 {
		t.Fatalf("%d documents want three people, %d one", three, one)
	}
	if is, room := state(t, s, 1); is != corpus.Golden || room != 0 {
		t.Fatal(is, room)
	}

	var double corpus.DocumentID
	if err := s.Scan(t.Context(), `SELECT min(document_id) FROM document_states WHERE wanted = 3`, nil, &double); err != nil {
		t.Fatal(err)
	}
	refused(t, act(t, s, double, who["mara"], hands(&e, 2)...))
	refused(t, act(t, s, double, who["jonas"], hands(&e, 2)...))
	if is, room := state(t, s, double); is != corpus.Labelled || room != 1 {
		t.Fatal(is, room)
	}
	p.Overlap = 2
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	if is, room := state(t, s, double); is != corpus.Golden || room != 0 {
		t.Fatalf("two say the same and two are asked: %s, room for %d", is, room)
	}
	clean(t, s)
}

func TestARequeueGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s, p, _ := team(t, 3, func(*corpus.Project) {})
	if err := s.Exec(t.Context(), `UPDATE projects SET settings = json_set(settings, '$.overlap', 2), requeue_after = 1`); err != nil {
		t.Fatal(err)
	}
	if err := s.Requeue(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	var wanted string
	if err := s.Scan(t.Context(), `SELECT group_concat(wanted) FROM document_states`, nil, &wanted); err != nil || wanted != "1,2,2" {
		t.Fatal(wanted, err)
	}
}

// Sixty-four people claim, label, skip, flag and leave at once. No document
// gets more people than it wants, and none is lost: in the end each is gold,
// under review, flagged, or still wants somebody.
func TestNoDocumentGetsTooManyAndNoneIsLost(t *testing.T) {
	t.Parallel()
	const people, documents = 64, 200
	s, p, _ := team(t, documents, func(p *corpus.Project) { p.Overlap, p.OverlapShare = 3, 40 })
	var all sync.WaitGroup
	for i := range people {
		w := dbtest.Annotator(t, s, fmt.Sprint("person ", i), corpus.AnnotatorRole)
		all.Go(func() {
			r := rand.New(rand.NewPCG(11, uint64(i)))
			e := event{n: i * 10_000}
			for after := corpus.DocumentID(0); ; {
				id, err := s.Claim(t.Context(), p.ID, w.ID, after)
				if errors.Is(err, corpus.ErrNotFound) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				after = id
				do := hands(&e, 1+r.IntN(2))
				switch r.IntN(20) {
				case 0:
					do = []corpus.Event{e.of(corpus.Event{Kind: corpus.KindSkip})}
				case 1:
					do = []corpus.Event{e.of(class(0, 0, corpus.Body)), e.of(corpus.Event{Kind: corpus.KindFlag})}
				}
				a, err := s.Act(t.Context(), id, w.ID, do)
				if err != nil || len(a.Refused) > 0 {
					t.Errorf("document %d: %+v %v", id, a.Refused, err)
					return
				}
			}
		})
	}
	all.Wait()

	var over, lost int
	if err := s.Scan(t.Context(), `SELECT count(*) FILTER (WHERE (SELECT count(*) FROM annotations n WHERE n.document_id = s.document_id AND n.submitted_at > 0) > wanted),
		count(*) FILTER (WHERE state NOT IN ('gold', 'review', 'flagged') AND room = 0) FROM document_states s`, nil, &over, &lost); err != nil || over+lost > 0 {
		t.Fatalf("%d have too many people, %d are lost, %v", over, lost, err)
	}
	clean(t, s)
}
