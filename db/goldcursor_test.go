package db_test

import (
	"fmt"
	"testing"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// since are the keys of the gold that a reading with that cursor yields.
func since(t *testing.T, read func(func(corpus.Gold, error) bool)) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for g, err := range read {
		if err != nil {
			t.Fatal(err)
		}
		keys[g.Document.Key()] = true
	}

	return keys
}

// Gold has its id before its import is seen. A program that asked meanwhile and
// goes on from its cursor misses none of it.
func TestAGoldCursorMissesNothingOfAnImportUnderWay(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, withGold(lines("first", page+"!"), "PER", "Mara"))
	const documents = 2000

	var newest, next corpus.GoldID
	report, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
		for i := range documents {
			if i == documents-1 {
				var err error
				if newest, next, err = s.GoldCursor(t.Context(), p.ID); err != nil {
					t.Error(err)
				}
			}
			if !yield(withGold(lines(fmt.Sprint("d", i), fmt.Sprintf("%s%d", page, i)), "PER", "Mara"), nil) {
				return
			}
		}
	})
	if err != nil || report.New != documents {
		t.Fatalf("%+v %v", report, err)
	}
	if next != 1 || newest <= next {
		t.Fatalf("the cursor was %d of %d, want 1 of more: nothing but the first was to be seen", next, newest)
	}

	keys := since(t, s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID, Since: next}))
	if len(keys) != documents || keys["first"] {
		t.Errorf("%d documents came after the cursor, want %d", len(keys), documents)
	}
	newest, next, err = s.GoldCursor(t.Context(), p.ID)
	if err != nil || newest != next {
		t.Errorf("at rest the cursor is %d of %d, %v", next, newest, err)
	}
	if keys := since(t, s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID, Since: next})); len(keys) != 0 {
		t.Errorf("nothing is new, and %d documents came", len(keys))
	}
}

// GoldKeys names what Gold yields, in its order.
func TestGoldKeysAreThoseOfGold(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, withGold(lines("a", page), "PER", "Mara"), lines("b", page+"?"), withGold(lines("c", page+"!"), "PER", "Mara"))
	load(t, s, p, withGold(lines("a", page), "ORG", "Mara"))
	if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{dbDocument(t, s, p, "b")}, true, 0); err != nil {
		t.Fatal(err)
	}

	var want, got []string
	for g, err := range s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprint(g.Document.Key(), " ", g.ID))
	}
	err := s.GoldKeys(t.Context(), corpus.GoldFilter{Project: p.ID}, func(key string, id corpus.GoldID) { got = append(got, fmt.Sprint(key, " ", id)) })
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || len(got) != 2 {
		t.Errorf("%v %v, want %v", got, err, want)
	}
}
