package db_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// items is a stream of records and bad ones.
func items(list ...any) iter.Seq2[corpus.Incoming, error] {
	return func(yield func(corpus.Incoming, error) bool) {
		for _, x := range list {
			var ok bool
			switch x := x.(type) {
			case corpus.Incoming:
				ok = yield(x, nil)
			case error:
				ok = yield(corpus.Incoming{}, x)
			}
			if !ok {
				return
			}
		}
	}
}

func bad(line int) error { return &corpus.Problem{File: "in.jsonl", Line: line, Reason: "no JSON"} }

// withGold gives a document gold: its last block is boilerplate, the others
// are body, and each quote found gets a span.
func withGold(in corpus.Incoming, label string, quotes ...string) corpus.Incoming {
	for i, b := range in.Blocks {
		p := corpus.Piece{Range: b.Range, Class: corpus.Body}
		if i == len(in.Blocks)-1 {
			p.Class, p.Reason = corpus.Boilerplate, "related"
		}
		in.Pieces = append(in.Pieces, p)
	}
	x := text.NewIndex(in.Text)
	for _, q := range quotes {
		at := strings.Index(in.Text, q)
		if at < 0 {
			panic("no " + q)
		}
		start, _ := x.FromByte(at)
		in.Spans = append(in.Spans, corpus.IncomingSpan{Range: text.Range{Start: start, End: start + len([]rune(q))}, Label: label, Quote: q})
	}
	in.Annotators = []string{"mara", "jonas"}

	return in
}

func many(n int, from string) []corpus.Incoming {
	docs := make([]corpus.Incoming, n)
	for i := range docs {
		docs[i] = lines(fmt.Sprintf("%s-%04d", from, i), fmt.Sprintf("Head %s %d\nBody of it 🌉\n-", from, i))
	}
	return docs
}

func counts(t testing.TB, s *db.Store, p corpus.Project) corpus.Counts {
	t.Helper()
	c, err := s.Counts(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clean fails the test where Check or the search index finds anything.
func clean(t testing.TB, s *db.Store) {
	t.Helper()
	problems, err := s.Check(t.Context(), func(string) {})
	if err != nil || len(problems) > 0 {
		t.Fatalf("check: %q %v", problems, err)
	}
	if err := s.Exec(t.Context(), `INSERT INTO documents_fts (documents_fts) VALUES ('integrity-check')`); err != nil {
		t.Fatalf("the search index does not fit the documents: %v", err)
	}
}

func listed(t testing.TB, s *db.Store, f corpus.DocumentFilter) []corpus.DocumentRow {
	t.Helper()
	var all []corpus.DocumentRow
	for {
		page, err := s.Documents(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Rows...)
		if page.Next == 0 {
			return all
		}
		f.After = page.Next
	}
}

func gold(t testing.TB, s *db.Store, p corpus.Project) []corpus.Gold {
	t.Helper()
	var all []corpus.Gold
	for g, err := range s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	return all
}

func TestAnImportReportsWhatIsNewUnchangedChangedAndFailed(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")

	r := load(t, s, p, lines("a", "One"), lines("b", "Two"), lines("c", "Three"))
	if r.New != 3 || r.Total() != 3 || !r.Stored {
		t.Fatalf("first: %+v", r)
	}
	r = load(t, s, p, lines("a", "One"), lines("b", "Two"), lines("c", "Three"))
	if r.Unchanged != 3 || r.Total() != 3 || !r.Stored {
		t.Fatalf("repeated: %+v", r)
	}
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, SkipBad: true}, items(lines("a", "One"), lines("b", "Two, corrected"), bad(3), lines("d", "Four")))
	if err != nil || r.New != 1 || r.Unchanged != 1 || r.Changed != 1 || r.Failed != 1 || !r.Stored {
		t.Fatalf("mixed: %+v %v", r, err)
	}
	if got := r.Problems[0].Error(); got != "in.jsonl:3: no JSON" {
		t.Fatalf("problem: %s", got)
	}
	if c := counts(t, s, p); c.Total() != 4 || c[corpus.Superseded] != 1 {
		t.Fatalf("counts: %v", c)
	}
	clean(t, s)
}

func TestADocumentWithoutAnIDIsKnownByItsText(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	one := lines("page.txt", "The same\ntext")
	one.ExternalID = ""
	other := one
	other.Name = "copy of page.txt"

	r := load(t, s, p, one, other)
	if r.New != 1 || r.Unchanged != 1 || counts(t, s, p).Total() != 1 {
		t.Fatalf("%+v %v", r, counts(t, s, p))
	}
	// The same text under an id is another document: the id is the importer's word.
	if r = load(t, s, p, lines("with-id", "The same\ntext")); r.New != 1 {
		t.Fatalf("%+v", r)
	}
	clean(t, s)
}

func TestABadRecordStopsTheWholeImport(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, many(3, "before")...)

	var list []any
	for i, d := range many(300, "bad-run") { // several batches before and after the bad one
		if i == 150 {
			list = append(list, bad(i+1))
		}
		list = append(list, withGold(d, "PER", "Body of it 🌉"))
	}
	list = append(list, withGold(many(1, "before")[0], "PER", "Body"), bad(303))
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, items(list...))
	if err != nil || r.Failed != 2 || r.New != 300 || r.Stored || len(r.Problems) != 2 {
		t.Fatalf("all is read and nothing stored: new %d failed %d stored %v, %v", r.New, r.Failed, r.Stored, err)
	}
	if c := counts(t, s, p); c.Total() != 3 || c[corpus.New] != 3 {
		t.Fatalf("counts: %v", c)
	}
	for _, table := range []string{"documents", "document_states"} {
		var n int
		if err := s.Scan(t.Context(), `SELECT count(*) FROM `+table, nil, &n); err != nil || n != 3 {
			t.Fatalf("%s: %d rows, %v", table, n, err)
		}
	}
	for _, table := range []string{"gold", "staged_gold", "sources"} {
		var n int
		if err := s.Scan(t.Context(), `SELECT count(*) FROM `+table, nil, &n); err != nil || n != 0 {
			t.Fatalf("%s: %d rows, %v", table, n, err)
		}
	}
	if found := listed(t, s, corpus.DocumentFilter{Project: p.ID, Query: "bad"}); len(found) > 0 {
		t.Fatalf("search finds %d", len(found))
	}
	clean(t, s)

	// The same again without the bad ones goes in.
	if r := load(t, s, p, many(300, "bad-run")...); r.New != 300 || !r.Stored {
		t.Fatalf("%+v", r)
	}
	clean(t, s)
}

func TestADryRunStoresNothing(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, lines("a", "One"), lines("b", "Two"))

	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, DryRun: true},
		items(lines("a", "One"), lines("b", "Two, corrected"), withGold(lines("c", "Mara came\n-"), "NEW", "Mara"), bad(4), lines("d", "Four")))
	if err != nil || r.New != 2 || r.Unchanged != 1 || r.Changed != 1 || r.Failed != 1 || r.Gold != 1 || r.Stored || !slices.Equal(r.NewLabels, []string{"NEW"}) || len(r.Sample) != 3 {
		t.Fatalf("%+v %v", r, err)
	}
	var rows int
	if err := s.Scan(t.Context(), `SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM imports WHERE state <> 'done')`, nil, &rows); err != nil || rows != 2 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	clean(t, s)
}

func TestAKilledImportIsClearedByTheNext(t *testing.T) {
	t.Parallel()
	ends := map[string]func(cancel context.CancelFunc) error{
		"the stream breaks":   func(context.CancelFunc) error { return errors.New("connection reset") },
		"the context ends":    func(cancel context.CancelFunc) error { cancel(); return context.Canceled },
		"the program panics":  func(context.CancelFunc) error { panic("on purpose") },
		"the caller goes off": func(cancel context.CancelFunc) error { cancel(); return nil },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.Open(t)
			var clock clock
			clock.set(time.Now())
			s.SetClock(clock.now)
			p := dbtest.Project(t, s, "news")
			load(t, s, p, many(2, "before")...)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()

			func() {
				defer func() { _ = recover() }()
				r, err := s.Import(ctx, corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
					for _, d := range many(200, "killed") {
						if !yield(withGold(d, "PER", "Head"), nil) {
							return
						}
					}
					if err := end(cancel); err != nil {
						yield(corpus.Incoming{}, err)
					}
				})
				if err == nil || r.Stored {
					t.Errorf("a killed import says: stored %v, error %v", r.Stored, err)
				}
			}()
			if c := counts(t, s, p); c.Total() != 2 {
				t.Fatalf("seen of a killed import: %v", c)
			}

			clock.add(2 * time.Minute)
			if r := load(t, s, p, many(5, "after")...); r.New != 5 {
				t.Fatalf("%+v", r)
			}
			var n int
			if err := s.Scan(t.Context(), `SELECT count(*) FROM documents`, nil, &n); err != nil || n != 7 {
				t.Fatalf("%d documents in the file, %v", n, err)
			}
			clean(t, s)
		})
	}
}

// landed returns when all documents up to last, the newest, are written: one
// that comes again is compared with what is in the file.
func landed(last corpus.Incoming, yield func(corpus.Incoming, error) bool) { yield(last, nil) }

func TestAnImportThatWasTakenForDeadCannotComeBack(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	p := dbtest.Project(t, s, "news")

	var second corpus.ImportReport
	docs := many(400, "slow")
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
		for i, d := range docs {
			if i == 200 { // it hangs; meanwhile another comes and goes, and this one wakes up
				landed(docs[i-1], yield)
				clock.add(2 * time.Minute)
				second = load(t, s, p, many(10, "second")...)
			}
			if !yield(d, nil) {
				return
			}
		}
	})
	if err == nil || r.Stored {
		t.Fatalf("the first import stored its documents over the second: %+v", r)
	}
	if second.New != 10 || !second.Stored {
		t.Fatalf("second: %+v", second)
	}
	if rows := listed(t, s, corpus.DocumentFilter{Project: p.ID}); len(rows) != 10 {
		t.Fatalf("%d documents are seen", len(rows))
	}
	clean(t, s)
}

func TestAnImportThatWakesUpTooLateSparesTheOneThatRuns(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	p := dbtest.Project(t, s, "news")

	// The second import takes the place of the first, which then wakes up and
	// ends in the middle of the second.
	hung, taken, ended := make(chan bool), make(chan bool), make(chan bool)
	go func() {
		defer close(ended)
		_, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
			docs := many(200, "first")
			for i, d := range docs {
				if i == 130 {
					landed(docs[i-1], yield)
					close(hung)
					<-taken
				}
				if !yield(d, nil) {
					return
				}
			}
		})
		if err == nil {
			t.Error("the first import said nothing")
		}
	}()
	<-hung
	clock.add(2 * time.Minute)
	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
		for i, d := range many(300, "second") {
			if i == 200 {
				close(taken)
				<-ended
			}
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil || r.New != 300 || !r.Stored {
		t.Fatalf("%+v %v", r, err)
	}
	if rows := listed(t, s, corpus.DocumentFilter{Project: p.ID}); len(rows) != 300 {
		t.Fatalf("%d documents are seen", len(rows))
	}
	clean(t, s)
}

func TestASecondImportIntoOneProjectIsRefused(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "other")

	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
		for i, d := range many(100, "first") {
			if i == 80 {
				_, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, each(lines("x", "X")))
				if invalid, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(invalid.Reason, "another import") {
					t.Errorf("a second import: %v", err)
				}
				if r := load(t, s, other, many(3, "other")...); r.New != 3 {
					t.Errorf("an import into another project: %+v", r)
				}
			}
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil || r.New != 100 {
		t.Fatalf("%+v %v", r, err)
	}
	if a, b := counts(t, s, p).Total(), counts(t, s, other).Total(); a != 100 || b != 3 {
		t.Fatalf("%d and %d documents", a, b)
	}
	clean(t, s)
}

func TestAnImportIsSeenAllAtOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, many(10, "before")...)
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)

	docs := many(500, "more")
	docs = append(docs, lines("before-0000", "It was corrected"))
	for i := range docs {
		docs[i] = withGold(docs[i], "PER")
	}
	ctx, stop := context.WithCancel(t.Context())
	var polls sync.WaitGroup
	states := []corpus.State{corpus.New, corpus.Begun, corpus.Golden, corpus.Superseded}
	for _, poll := range []struct {
		what string
		n    func() (int, error)
		ok   []int
	}{
		{"counts", func() (int, error) { c, err := s.Counts(ctx, p.ID); return c.Total(), err }, []int{10, 510}},
		{"list", func() (int, error) {
			page, err := s.Documents(ctx, corpus.DocumentFilter{Project: p.ID, States: states, Limit: 200})
			return len(page.Rows), err
		}, []int{10, 200}},
		{"search", func() (int, error) {
			page, err := s.Documents(ctx, corpus.DocumentFilter{Project: p.ID, Query: "head more", Limit: 200})
			return len(page.Rows), err
		}, []int{0, 200}},
		{"gold", func() (int, error) {
			n := 0
			for _, err := range s.Gold(ctx, corpus.GoldFilter{Project: p.ID}) {
				if err != nil {
					return 0, err
				}
				n++
			}
			return n, nil
		}, []int{0, 501}},
		{"latest version", func() (int, error) {
			v, err := s.View(ctx, 1, mara.ID)
			if v.Newer != 0 && v.State != corpus.Superseded {
				return -1, err
			}
			return 0, err
		}, []int{0}},
	} {
		polls.Go(func() {
			for ctx.Err() == nil {
				if n, err := poll.n(); ctx.Err() == nil && (err != nil || !slices.Contains(poll.ok, n)) {
					t.Errorf("%s during an import: %d, %v", poll.what, n, err)
					return
				}
			}
		})
	}
	r := load(t, s, p, docs...)
	stop()
	polls.Wait()
	if r.New != 500 || r.Changed != 1 || r.Gold != 501 {
		t.Fatalf("%+v", r)
	}
	clean(t, s)
}

func TestANewVersionLeavesLabelsOnTheOldOne(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	load(t, s, p, lines("a", page))
	var e event
	act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindClass, From: 0, To: 0, Class: corpus.Body}))
	load(t, s, p, lines("a", "Corrected: "+page))

	old, err := s.View(t.Context(), 1, mara.ID)
	if err != nil || old.State != corpus.Superseded || old.Newer != 2 || old.Annotation.Pieces[0].Class != corpus.Body {
		t.Fatalf("old: %s newer %d class %q %v", old.State, old.Newer, old.Annotation.Pieces[0].Class, err)
	}
	now, err := s.View(t.Context(), 2, mara.ID)
	if err != nil || now.State != corpus.New || now.Document.Version != 2 || now.Annotation.Undecided() != 4 {
		t.Fatalf("new: %s version %d undecided %d %v", now.State, now.Document.Version, now.Annotation.Undecided(), err)
	}

	// Labelling goes on there, deciding does not.
	a := act(t, s, 1, mara, e.of(corpus.Event{Kind: corpus.KindClass, From: 16, To: 51, Class: corpus.Body}))
	if len(a.Refused) > 0 {
		t.Fatalf("labels on an old version: %+v", a.Refused)
	}
	for _, kind := range []string{corpus.KindSubmit, corpus.KindSkip, corpus.KindFlag} {
		a, err := s.Act(t.Context(), 1, mara.ID, []corpus.Event{e.of(corpus.Event{Kind: kind})})
		if err != nil || len(a.Refused) != 1 || !strings.Contains(a.Refused[0].Reason, "came in again") {
			t.Errorf("%s on an old version: %+v %v", kind, a.Refused, err)
		}
	}
	if c := counts(t, s, p); c[corpus.Superseded] != 1 || c[corpus.New] != 1 || c.Total() != 1 {
		t.Fatalf("counts: %v", c)
	}

	// Going back to the first text is one more version.
	load(t, s, p, lines("a", page))
	if v, err := s.View(t.Context(), 1, mara.ID); err != nil || v.Newer != 3 {
		t.Fatalf("newest: %d %v", v.Newer, err)
	}
	clean(t, s)
}

func TestGoldComesAlong(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	in := withGold(lines("a", page), "PER", "Mara Lindqvist")

	r := load(t, s, p, in)
	if r.Gold != 1 || counts(t, s, p)[corpus.Golden] != 1 {
		t.Fatalf("%+v %v", r, counts(t, s, p))
	}
	first := gold(t, s, p)
	if len(first) != 1 || first[0].Version != 1 || first[0].Spans[0].Quote != "Mara Lindqvist" || !slices.Equal(first[0].Annotators, []string{"mara", "jonas"}) || first[0].Pieces[3].Reason != "related" {
		t.Fatalf("%+v", first)
	}
	if r = load(t, s, p, in); r.Unchanged != 1 || r.Gold != 0 || len(gold(t, s, p)) != 1 || gold(t, s, p)[0].Version != 1 {
		t.Fatalf("repeated: %+v", r)
	}
	if r = load(t, s, p, lines("a", page)); r.Unchanged != 1 || gold(t, s, p)[0].Version != 1 {
		t.Fatalf("without gold: %+v", r)
	}

	other := withGold(lines("a", page), "PER", "Mara")
	if r = load(t, s, p, other); r.Changed != 1 || r.Gold != 1 {
		t.Fatalf("other gold: %+v", r)
	}
	if g := gold(t, s, p); len(g) != 1 || g[0].Version != 2 || g[0].Spans[0].Quote != "Mara" {
		t.Fatalf("other gold: %+v", g)
	}

	// Gold for a document that was there without any.
	load(t, s, p, lines("b", page))
	if r = load(t, s, p, withGold(lines("b", page), "ORG", "ALDPORT")); r.Changed != 1 || r.Gold != 1 || counts(t, s, p)[corpus.Golden] != 2 {
		t.Fatalf("later gold: %+v %v", r, counts(t, s, p))
	}

	// Gold for a removed document stays with it and does not bring it back.
	if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{2}, true, 0); err != nil {
		t.Fatal(err)
	}
	load(t, s, p, withGold(lines("b", page), "LOC", "ALDPORT"))
	if c := counts(t, s, p); c[corpus.Golden] != 1 || c[corpus.Removed] != 1 || len(gold(t, s, p)) != 1 {
		t.Fatalf("removed: %v", c)
	}
	clean(t, s)
}

func TestGoldThatIsReadHalfSaysSo(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	docs := many(300, "page")
	for i := range docs {
		docs[i] = withGold(docs[i], "PER", "Head")
	}
	load(t, s, p, docs...)
	for _, after := range []int{1, 64, 65, 200} {
		ctx, cancel := context.WithCancel(t.Context())
		n, failed := 0, error(nil)
		for _, err := range s.Gold(ctx, corpus.GoldFilter{Project: p.ID}) {
			if failed = err; err == nil {
				if n++; n == after {
					cancel()
				}
			}
		}
		cancel()
		if n < 300 && !errors.Is(failed, context.Canceled) {
			t.Errorf("%d of 300 were read and the error is %v", n, failed)
		}
	}
	// Who has enough may stop, and the store closes all the same.
	for range s.Gold(t.Context(), corpus.GoldFilter{Project: p.ID}) {
		break
	}
}

func TestGoldThatDoesNotFitIsAProblemOfItsRecord(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	good := func() corpus.Incoming { return withGold(lines("a", page), "PER", "Mara") }
	for name, spoil := range map[string]func(*corpus.Incoming){
		"no label": func(in *corpus.Incoming) { in.Spans[0].Label = "XYZ" },
		"quotes":   func(in *corpus.Incoming) { in.Spans[0].Quote = "Nora" },
		"no range": func(in *corpus.Incoming) { in.Spans[0].End = 4000 },
		"border": func(in *corpus.Incoming) {
			in.Spans[0].Range = text.Range{Start: 14, End: 18}
			in.Spans[0].Quote = "s\nAL"
		},
		"decision":       func(in *corpus.Incoming) { in.Pieces[1].Class = corpus.Undecided },
		"not the docume": func(in *corpus.Incoming) { in.Pieces = in.Pieces[1:] },
		"no class":       func(in *corpus.Incoming) { in.Pieces[0].Reason = "mood" },
	} {
		in := good()
		spoil(&in)
		r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, each(in))
		if err != nil || r.Failed != 1 || r.Stored || r.Problems[0].Line != 1 {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
	if c := counts(t, s, p); len(c) > 0 {
		t.Fatalf("counts: %v", c)
	}
	clean(t, s)
}

func TestUnknownLabelsAreAddedOnlyWithConsent(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	in := withGold(lines("a", page), "PERSON_NAME", "Mara Lindqvist")

	r, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, each(in))
	if err != nil || r.Failed != 1 || !strings.Contains(r.Problems[0].Reason, `no label "PERSON_NAME"`) {
		t.Fatalf("%+v %v", r, err)
	}
	r, err = s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, AddLabels: true}, each(in, withGold(lines("b", page+"!"), "PERSON_NAME", "Mara"), withGold(lines("c", page+"?"), "PLACE", "ALDPORT")))
	if err != nil || !slices.Equal(r.NewLabels, []string{"PERSON_NAME", "PLACE"}) || !r.Stored {
		t.Fatalf("%+v %v", r, err)
	}
	now, err := s.Project(t.Context(), p.ID)
	if err != nil || len(now.Labels) != len(p.Labels)+2 {
		t.Fatalf("%+v %v", now.Labels, err)
	}
	l, ok := now.Labels.ByName("PERSON_NAME")
	if g := gold(t, s, p); !ok || g[0].Spans[0].Label != l.ID || g[1].Spans[0].Label != l.ID || g[2].Spans[0].Label == l.ID {
		t.Fatalf("%+v", g)
	}

	// A name that no format can carry is a problem of the record.
	r, err = s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, AddLabels: true}, each(withGold(lines("d", page), "two words", "Mara")))
	if err != nil || r.Failed != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	clean(t, s)
}

func TestLabelsThatChangeDuringAnImportStopIt(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	_, err := s.Import(t.Context(), corpus.ImportOptions{Project: p.ID, AddLabels: true}, func(yield func(corpus.Incoming, error) bool) {
		if !yield(withGold(lines("a", page), "PLACE", "ALDPORT"), nil) {
			return
		}
		changed := p
		changed.Labels = append(slices.Clone(p.Labels), corpus.Label{ID: p.Labels.Next(), Name: "CITY", Title: "City", Colour: "teal"})
		if err := s.SetProject(t.Context(), changed, 0); err != nil {
			t.Error(err)
		}
	})
	if _, ok := errors.AsType[*corpus.Invalid](err); !ok {
		t.Fatalf("the label's number is taken, and the import said %v", err)
	}
	if c := counts(t, s, p); c.Total() != 0 {
		t.Fatalf("counts: %v", c)
	}
	clean(t, s)
}

// awkward are texts that some layer could spoil.
var awkward = map[string]string{
	"NUL":             "a\x00b\nc\x00",
	"emoji":           "👩‍👩‍👧‍👦 family\n🇳🇴 flag 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
	"combining marks": "e\u0301 and Z\u0351\u0321\nnfd",
	"right to left":   "שלום עולם\nمرحبا بالعالم‏",
	"NBSP":            "10\u00a0km\u202f5\n\u00a0",
	"U+2028":          "one\u2028two\u2029three\nfour\u0085five",
	"lone CR":         "one\rtwo\nthree\r",
	"byte order mark": "\ufeffone\ufeff\ntwo",
	"control bytes":   "\x01\x02\x1b[31m\x7f",
	"noncharacters":   "\ufffe\uffff\U0010ffff",
	"quotes":          `'; DROP TABLE documents; -- "\` + "`",
	"blanks":          "  \t \n ",
	"empty":           "",
}

func TestEveryTextComesBackExactly(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	var docs []corpus.Incoming
	for name, content := range awkward {
		d := lines(name, content)
		d.Meta = `{"note":"` + "é 🌉" + `"}`
		d.URL, d.Site, d.Language = "https://example.org/ä?q=1", "example.org", "nb-NO"
		for i := range d.Blocks {
			d.Blocks[i].Path, d.Blocks[i].LinkDensity, d.Blocks[i].Heading, d.Blocks[i].Hidden = "body/p", 0.25, i%7, i%2 == 1
		}
		docs = append(docs, d)
	}
	load(t, s, p, docs...)
	for i, in := range docs {
		d, err := s.Document(t.Context(), corpus.DocumentID(i+1))
		if err != nil || d.Text != in.Text || d.Meta != in.Meta || d.URL != in.URL || d.Site != in.Site || d.Language != in.Language || d.SHA256 != in.SHA256 ||
			d.Name != in.Name || d.ExternalID != in.ExternalID || !slices.Equal(d.Blocks, in.Blocks) || d.Segmenter != in.Segmenter {
			t.Errorf("%s: %+v %v", in.Name, d, err)
		}
		if src, mediaType, err := s.Source(t.Context(), d.ID); err != nil || string(src) != in.Text || mediaType != "text/plain" {
			t.Errorf("%s: source %q %q %v", in.Name, src, mediaType, err)
		}
	}
	clean(t, s)
}

func TestTheSourceComesBackByteForByte(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	sources := map[string][]byte{
		"CRLF":              []byte("one\r\ntwo\r\n"),
		"windows-1252":      []byte("caf\xe9 \x80"),
		"NUL":               []byte("a\x00b\x00\x00"),
		"one byte":          {0},
		"1024 bytes":        bytes.Repeat([]byte{0xff}, 1024),
		"1025 bytes":        bytes.Repeat([]byte{0xff}, 1025),
		"long and packable": bytes.Repeat([]byte("<p>caf\xe9</p>\r\n"), 100_000),
		"long and random":   noise(300_000),
	}
	i := corpus.DocumentID(0)
	for name, source := range sources {
		d := lines(name, "the text of "+name)
		d.Source = source
		h := sha256.Sum256(source)
		d.SourceHash, d.MediaType = hex.EncodeToString(h[:]), "text/html"
		load(t, s, p, d)
		i++
		back, mediaType, err := s.Source(t.Context(), i)
		if err != nil || !bytes.Equal(back, source) || mediaType != "text/html" {
			t.Errorf("%s: %d bytes came back of %d, %s, %v", name, len(back), len(source), mediaType, err)
		}
	}
	if _, _, err := s.Source(t.Context(), 99); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("no document: %v", err)
	}
	clean(t, s)
}

// noise is n bytes that nothing packs, the same each time.
func noise(n int) []byte {
	out := make([]byte, 0, n+32)
	h := sha256.Sum256(nil)
	for len(out) < n {
		h = sha256.Sum256(h[:])
		out = append(out, h[:]...)
	}
	return out[:n]
}

func TestAnImportKeepsNothingOfAProjectThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	_, err := s.Import(t.Context(), corpus.ImportOptions{Project: 7}, each(lines("a", "A")))
	if !errors.Is(err, corpus.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestAnotherProcessMayImportBesideAServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "annotate.db")
	server, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	p := dbtest.Project(t, server, "news")
	mara := dbtest.Annotator(t, server, "mara", corpus.AnnotatorRole)
	load(t, server, p, lines("a", page))
	command, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer command.Close()

	// Both write at once; neither sees "database is locked".
	var both sync.WaitGroup
	both.Go(func() {
		r, err := command.Import(t.Context(), corpus.ImportOptions{Project: p.ID}, each(many(1000, "beside")...))
		if err != nil || r.New != 1000 {
			t.Errorf("%+v %v", r, err)
		}
	})
	both.Go(func() {
		var e event
		for range 300 {
			note := fmt.Sprint(e.n)
			if _, err := server.Act(t.Context(), 1, mara.ID, []corpus.Event{e.of(corpus.Event{Kind: corpus.KindNote, Note: &note})}); err != nil {
				t.Error(err)
				return
			}
		}
	})
	both.Wait()
	if c := counts(t, server, p); c.Total() != 1001 {
		t.Fatalf("counts: %v", c)
	}
	clean(t, server)
}

// clock is a clock for tests; it is safe for concurrent use.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time      { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) set(t time.Time)     { c.mu.Lock(); defer c.mu.Unlock(); c.at = t }
func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// act sends events and wants no error.
func act(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator, events ...corpus.Event) corpus.Answer {
	t.Helper()
	a, err := s.Act(t.Context(), id, who.ID, events)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
