package db_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// seeded draws the same lots each time.
func seeded(s *db.Store) { s.SetLots(rand.New(rand.NewPCG(7, 7)).IntN) }

// doubting weighs the documents of a project by their number: the later, the
// more in doubt.
func doubting(t testing.TB, s *db.Store, p corpus.Project) {
	t.Helper()
	all, err := s.Awaiting(t.Context(), p.ID, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	doubts := make([]db.Doubt, len(all))
	for i, a := range all {
		doubts[i] = db.Doubt{Document: a.Document, Doubt: float64(a.Document) / 1e6}
	}
	_, now, err := s.Weighed(t.Context(), p.ID)
	if err == nil {
		err = s.SetDoubt(t.Context(), p.ID, now, doubts)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func chosen(t testing.TB, s *db.Store, id corpus.DocumentID) (how corpus.Chosen) {
	t.Helper()
	if err := s.Scan(t.Context(), `SELECT chosen FROM document_states WHERE document_id = ?`, []any{id}, &how); err != nil {
		t.Fatal(err)
	}
	return how
}

// Of 600 claims 30 % are drawn by lot: 180, with a standard deviation of 11.
func TestDoubtIsMixedWithTheLot(t *testing.T) {
	t.Parallel()
	const claims = 600
	s, p, who := team(t, 2000, func(p *corpus.Project) { p.Order, p.RandomShare = corpus.MostDoubt, 30 }, "mara")
	seeded(s)
	doubting(t, s, p)
	var order []corpus.DocumentID // by lot
	var next corpus.DocumentID
	if err := s.Scan(t.Context(), `SELECT max(document_id) FROM document_states`, nil, &next); err != nil {
		t.Fatal(err)
	}
	n := map[corpus.Chosen]int{}
	var after corpus.DocumentID
	for range claims {
		id, err := s.Claim(t.Context(), p.ID, who["mara"].ID, after)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Exec(t.Context(), `DELETE FROM leases`); err != nil { // held ones would come again
			t.Fatal(err)
		}
		if err := s.Exec(t.Context(), `UPDATE document_states SET state = 'flagged', room = 0 WHERE document_id = ?`, id); err != nil {
			t.Fatal(err)
		}
		how := chosen(t, s, id)
		n[how]++
		switch how {
		case corpus.ByLot:
			order = append(order, id)
		case corpus.ByDoubt:
			if id > next {
				t.Fatalf("document %d is less in doubt than %d, which came before", next, id)
			}
			next = id
		}
		after = id
	}
	if n[corpus.ByLot]+n[corpus.ByDoubt] != claims || n[corpus.ByLot] < 130 || n[corpus.ByLot] > 230 {
		t.Errorf("%v", n)
	}

	// What the lot brought came in the random order.
	var places []int64
	for _, id := range order {
		var place int64
		if err := s.Scan(t.Context(), `SELECT shuffle FROM document_states WHERE document_id = ?`, []any{id}, &place); err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	if !slices.IsSorted(places) {
		t.Error("the lot leaves the random order")
	}
}

func TestHowADocumentWasChosenIsWrittenOnce(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 3, func(*corpus.Project) {}, "mara", "jonas")
	var e event
	id, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0)
	if err != nil || chosen(t, s, id) != corpus.ByOrder {
		t.Fatal(id, err, chosen(t, s, id))
	}

	p.Order = corpus.RandomOrder
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.HandOver(t.Context(), id, who["mara"].ID, 0, 0); err != nil {
		t.Fatal(err)
	}
	refused(t, act(t, s, 3, who["mara"], hands(&e, 2)...)) // opened by hand
	had := map[corpus.DocumentID]corpus.Chosen{}
	for range 2 {
		got, err := s.Claim(t.Context(), p.ID, who["jonas"].ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, act(t, s, got, who["jonas"], hands(&e, 2)...))
		had[got] = chosen(t, s, got)
	}
	if want := map[corpus.DocumentID]corpus.Chosen{1: corpus.ByOrder, 2: corpus.ByLot}; !maps.Equal(had, want) || chosen(t, s, 3) != corpus.ByHand {
		t.Errorf("%v, and by hand: %q", had, chosen(t, s, 3))
	}
	if err := s.Exec(t.Context(), `UPDATE document_states SET chosen = 'lot' WHERE document_id = 3`); err == nil || !strings.Contains(err.Error(), "written once") {
		t.Errorf("it can be changed: %v", err)
	}
	clean(t, s)
}

func TestWhatComesWithLabelsWasChosenElsewhere(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	load(t, s, p, withGold(lines("gold", page), "PER"), lines("later", page+"!"), lines("blank", page+"?"))
	loadAs(t, s, p, mara.ID, spansOnly(lines("draft", page+"."), "PER"))
	load(t, s, p, withGold(lines("later", page+"!"), "PER"))
	var got string
	if err := s.Scan(t.Context(), `SELECT group_concat(chosen ORDER BY document_id) FROM document_states`, nil, &got); err != nil || got != "import,import,,import" {
		t.Fatal(got, err)
	}
	clean(t, s)
}

// All ten documents become gold. The lot is drawn for the second, third and
// seventh claim. What doubt took and what stands before the lot's last belongs
// to the sample, as the lot would have come to it.
func TestTheSampleIsWhatTheLotCameTo(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 12, func(p *corpus.Project) { p.Order = corpus.MostDoubt }, "mara")
	doubting(t, s, p)
	turn := 0
	s.SetLots(func(int) int {
		turn++
		if slices.Contains([]int{2, 3, 7}, turn) {
			return 0
		}
		return 99
	})
	var e event
	for range 10 {
		id, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, act(t, s, id, who["mara"], hands(&e, 2)...))
	}

	var last int64
	if err := s.Scan(t.Context(), `SELECT max(shuffle) FROM document_states WHERE chosen = 'lot'`, nil, &last); err != nil {
		t.Fatal(err)
	}
	want := map[corpus.DocumentID]corpus.Chosen{}
	lots := 0
	for id := corpus.DocumentID(1); id <= 12; id++ {
		var place int64
		var is corpus.State
		if err := s.Scan(t.Context(), `SELECT shuffle, state FROM document_states WHERE document_id = ?`, []any{id}, &place, &is); err != nil {
			t.Fatal(err)
		}
		how := chosen(t, s, id)
		if how == corpus.ByLot {
			lots++
		}
		if is != corpus.Golden {
			if place <= last {
				t.Errorf("the lot went past document %d", id)
			}
			continue
		}
		if place <= last {
			how = corpus.ByLot
		}
		want[id] = how
	}
	got, err := s.Sampling(t.Context(), corpus.GoldFilter{Project: p.ID})
	if err != nil || lots != 3 || got.Whole || !maps.Equal(got.Chosen, want) {
		t.Fatalf("%d lots; %+v, want %v; %v", lots, got, want, err)
	}

	r := frozen(t, s, p, "one")
	turn = 2 // the lot goes on, and changes nothing in the release
	for range 2 {
		id, err := s.Claim(t.Context(), p.ID, who["mara"].ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, act(t, s, id, who["mara"], hands(&e, 2)...))
	}
	if got, err = s.Sampling(t.Context(), corpus.GoldFilter{Project: p.ID}); err != nil || !got.Whole || len(got.Chosen) != 12 {
		t.Errorf("of all: %+v %v", got, err)
	}
	if got, err = s.Sampling(t.Context(), corpus.GoldFilter{Project: p.ID, Release: r.ID}); err != nil || got.Whole || !maps.Equal(got.Chosen, want) {
		t.Errorf("of the release: %+v %v", got, err)
	}
}

func TestDoubtIsOfYesterdayOnceARunIsDone(t *testing.T) {
	t.Parallel()
	s, p, _ := team(t, 2, func(p *corpus.Project) { p.Order = corpus.MostDoubt })
	stale := func() bool {
		t.Helper()
		last, now, err := s.Weighed(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		return last != now
	}
	if !stale() {
		t.Error("nothing was weighed yet")
	}
	doubting(t, s, p)
	if stale() {
		t.Error("it was weighed just now")
	}
	run, err := s.StartRun(t.Context(), corpus.Run{Project: p.ID, Name: "one", Cleaner: corpus.Cleaner{Name: "x"}, Origin: corpus.FromFile, Documents: 2}, false, 0)
	if err != nil || stale() {
		t.Error("a run that is under way changes nothing", err)
	}
	if err := s.EndRun(t.Context(), run.ID, corpus.RunDone); err != nil || !stale() {
		t.Error("a run is done", err)
	}
	doubting(t, s, p)
	load(t, s, p, lines("another", page+" more"))
	if !stale() {
		t.Error("a document came")
	}
	doubting(t, s, p)
	if _, err := s.AddModel(t.Context(), corpus.Model{Project: p.ID, Report: "{}", Content: []byte("x")}, nil); err != nil || !stale() {
		t.Error("a model was made", err)
	}
}

func TestAFairSampleAwaitsWeighing(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 50, func(*corpus.Project) {}, "mara")
	var e event
	refused(t, act(t, s, 3, who["mara"], hands(&e, 2)...))
	all, err := s.Awaiting(t.Context(), p.ID, 20)
	if err != nil || len(all) != 20 {
		t.Fatal(len(all), err)
	}
	var first string
	if err := s.Scan(t.Context(), `SELECT group_concat(document_id) FROM (SELECT document_id FROM (SELECT document_id FROM document_states WHERE state = 'new' ORDER BY shuffle LIMIT 20) ORDER BY document_id)`, nil, &first); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range all {
		got = append(got, fmt.Sprint(a.Document))
	}
	if strings.Join(got, ",") != first {
		t.Errorf("%v, want %s", got, first)
	}
}

// BenchmarkClaimByDoubt is a claim that finds a document that nobody has, in a
// project of 20 000 of which all are in doubt, beside the other orders.
func BenchmarkClaimByDoubt(b *testing.B) {
	s, p, who := filled(b, 20_000, 16, false)
	doubting(b, s, p)
	for _, order := range []corpus.Order{corpus.AsImported, corpus.RandomOrder, corpus.MostDoubt} {
		b.Run(string(order), func(b *testing.B) {
			p.Order = order
			if err := errors.Join(s.SetProject(b.Context(), p, 0), s.Exec(b.Context(), `UPDATE document_states SET room = 1`)); err != nil {
				b.Fatal(err)
			}
			var claims tally
			b.ResetTimer()
			together(b, 16, func(w, _ int) error {
				began := time.Now()
				id, err := s.Claim(b.Context(), p.ID, who[w].ID, 0)
				claims.add([]time.Duration{time.Since(began)})
				if err != nil {
					return err
				}
				return s.Exec(b.Context(), `DELETE FROM leases WHERE document_id = ?`, id) // it is not claimed again, and has no room
			})
			claims.report(b, "claim")
		})
	}
}
