package db_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// The benchmarks work on what is usual: a page of some 3 kB, 24 blocks and 5
// spans. Words are drawn so that frequent ones are frequent, because the
// search index costs by the word.

var words = func() []string {
	r := rand.New(rand.NewPCG(1, 1))
	out := make([]string, 20_000)
	for i := range out {
		b := make([]byte, 2+r.IntN(9))
		for j := range b {
			b[j] = "etaoinshrdlucmfwypvbgk"[min(r.IntN(22), r.IntN(22))]
		}
		out[i] = string(b)
	}
	return out
}()

// newsPage is page i; the same i gives the same page.
func newsPage(i int, decided bool) corpus.Incoming {
	r := rand.New(rand.NewPCG(2, uint64(i)))
	word := func() string { return words[int(float64(len(words))*r.Float64()*r.Float64()*r.Float64()*r.Float64())] }
	var b strings.Builder
	d := corpus.Document{ExternalID: fmt.Sprintf("page-%07d", i), URL: fmt.Sprintf("https://site-%d.example/%d", i%50, i), Site: fmt.Sprintf("site-%d.example", i%50), Language: "en",
		MediaType: "text/plain", Charset: "utf-8", Segmenter: "line-v1", Meta: "{}"}
	in := corpus.Incoming{File: "bench.jsonl", Line: i + 1}
	for n := range 24 {
		start := b.Len()
		if n > 0 {
			start++
			b.WriteByte('\n')
		}
		for w := range 6 + (n*7+i)%30 {
			if w > 0 {
				b.WriteByte(' ')
			}
			if w == 1 && decided && n%5 == 0 {
				at := b.Len()
				name := "Mara Lindqvist"
				b.WriteString(name)
				in.Spans = append(in.Spans, corpus.IncomingSpan{Range: text.Range{Start: at, End: at + len(name)}, Label: "PER", Quote: name})
				continue
			}
			b.WriteString(word())
		}
		block := text.Range{Start: start, End: b.Len()}
		d.Blocks = append(d.Blocks, corpus.Block{Range: block})
		if decided {
			c := corpus.Piece{Range: block, Class: corpus.Body}
			if n > 15 {
				c.Class, c.Reason = corpus.Boilerplate, "related"
			}
			in.Pieces = append(in.Pieces, c)
		}
	}
	d.Text = b.String()
	d.Name = d.Text[:min(40, d.Blocks[0].End)]
	h := sha256.Sum256([]byte(d.Text))
	d.SHA256 = fmt.Sprintf("%x", h)
	d.SourceHash = d.SHA256
	if decided {
		in.Annotators = []string{"mara"}
	}
	in.Document = d

	return in
}

// pages makes n pages ahead, so that making them is not measured.
func pages(n int, decided bool) []corpus.Incoming {
	out := make([]corpus.Incoming, n)
	for i := range out {
		out[i] = newsPage(i, decided)
	}
	return out
}

// filled is a store with n pages in one project, and people.
func filled(b *testing.B, n, people int, decided bool) (*db.Store, corpus.Project, []corpus.Annotator) {
	b.Helper()
	s := dbtest.Open(b)
	p := dbtest.Project(b, s, "news")
	r, err := s.Import(b.Context(), corpus.ImportOptions{Project: p.ID}, func(yield func(corpus.Incoming, error) bool) {
		for i := range n {
			if !yield(newsPage(i, decided), nil) {
				return
			}
		}
	})
	if err != nil || r.New != n {
		b.Fatalf("%+v %v", r, err)
	}
	var who []corpus.Annotator
	for i := range people {
		who = append(who, dbtest.Annotator(b, s, fmt.Sprint("person ", i), corpus.AnnotatorRole))
	}

	return s, p, who
}

// tally reports percentiles of how long things took.
type tally struct {
	mu   sync.Mutex
	took []time.Duration
}

func (y *tally) add(took []time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.took = append(y.took, took...)
}

func (y *tally) report(b *testing.B, what string) {
	if len(y.took) == 0 {
		return
	}
	slices.Sort(y.took)
	for _, p := range []int{50, 95, 99} {
		b.ReportMetric(float64(y.took[(len(y.took)-1)*p/100].Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", what, p))
	}
}

// together shares b.N calls among n goroutines and reports their rate.
func together(b *testing.B, n int, do func(worker, i int) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	var y tally
	b.ResetTimer()
	start := time.Now()
	for w := range n {
		all.Go(func() {
			var took []time.Duration
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					break
				}
				t := time.Now()
				if err := do(w, i); err != nil {
					b.Error(err)
					break
				}
				took = append(took, time.Since(t))
			}
			y.add(took)
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "per-s")
	y.report(b, "each")
}

func BenchmarkImport(b *testing.B) {
	for _, decided := range []bool{false, true} {
		b.Run(fmt.Sprintf("gold=%v", decided), func(b *testing.B) {
			const n = 10_000
			docs := pages(n, decided)
			bytes := 0
			for _, d := range docs {
				bytes += len(d.Text)
			}
			b.SetBytes(int64(bytes))
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				s := dbtest.Open(b)
				p := dbtest.Project(b, s, "news")
				runtime.GC()
				b.StartTimer()
				load(b, s, p, docs...)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}

func BenchmarkImportUnchanged(b *testing.B) {
	docs := pages(10_000, true)
	s := dbtest.Open(b)
	p := dbtest.Project(b, s, "news")
	load(b, s, p, docs...)
	b.ResetTimer()
	for range b.N {
		if r := load(b, s, p, docs...); r.Unchanged != len(docs) {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(len(docs))*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

// sizes are those at which costs must not grow. The largest takes minutes to
// fill and comes only without -short.
func sizes(tb testing.TB) []int {
	if testing.Short() {
		return []int{1_000, 10_000}
	}
	return []int{1_000, 10_000, 100_000}
}

// BenchmarkOneOf measures, over one file of each size, what must not cost more
// in a larger project.
func BenchmarkOneOf(b *testing.B) {
	for _, n := range sizes(b) {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, p, who := filled(b, n, 64, false)
			ctx := b.Context()
			doc := func(i int) corpus.DocumentID { return corpus.DocumentID(i*7919%n + 1) }
			b.Run("open", func(b *testing.B) {
				together(b, 16, func(w, i int) error {
					_, err := s.View(ctx, doc(i), who[w].ID)
					return err
				})
			})
			b.Run("claim", func(b *testing.B) {
				together(b, 16, func(w, i int) error {
					_, err := s.Claim(ctx, p.ID, who[w].ID, doc(i))
					return err
				})
			})
			for name, f := range map[string]corpus.DocumentFilter{
				"list":           {},
				"list-one-state": {States: []corpus.State{corpus.New}},
				"list-site":      {Site: "site-7.example"},
				"search-rare":    {Query: words[19_000] + " " + words[10]},
				"search-common":  {Query: words[0]},
				"search-start":   {Query: "ta"},
			} {
				b.Run(name, func(b *testing.B) {
					together(b, 1, func(_, i int) error {
						f := f
						f.Project, f.After = p.ID, corpus.DocumentID(i*7919%n)
						_, err := s.Documents(ctx, f)
						return err
					})
				})
			}
			b.Run("counts", func(b *testing.B) {
				together(b, 1, func(int, int) error { _, err := s.Counts(ctx, p.ID); return err })
			})
			b.Run("latest", func(b *testing.B) {
				together(b, 1, func(int, int) error { _, err := s.Latest(ctx, p.ID, 20); return err })
			})
			b.Run("sites", func(b *testing.B) {
				together(b, 1, func(int, int) error { _, err := s.Sites(ctx, p.ID); return err })
			})
		})
	}
}

// saver saves one action at a time on a document of its own.
func saver(s *db.Store, who []corpus.Annotator, b *testing.B) func(w, i int) error {
	starts := make([][]int, len(who))
	for w := range who {
		v, err := s.View(b.Context(), corpus.DocumentID(w+1), who[w].ID)
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range v.Annotation.Pieces {
			starts[w] = append(starts[w], p.Start)
		}
	}
	var ids atomic.Int64
	classes := []corpus.Class{corpus.Body, corpus.Boilerplate}

	return func(w, i int) error {
		n := int(ids.Add(1))
		block := starts[w][n%len(starts[w])]
		a, err := s.Act(b.Context(), corpus.DocumentID(w+1), who[w].ID, []corpus.Event{{ID: fmt.Sprintf("event-%010d", n), Kind: corpus.KindClass, From: block, To: block, Class: classes[n/24%2]}})
		if err == nil && len(a.Refused) > 0 {
			err = fmt.Errorf("%+v", a.Refused)
		}
		return err
	}
}

func BenchmarkSave(b *testing.B) {
	s, _, who := filled(b, 100, 64, false)
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("people=", n), func(b *testing.B) { together(b, n, saver(s, who, b)) })
	}
}

// BenchmarkSaveDuringImport says how long saves of 64 people take while 50 000
// documents are imported.
func BenchmarkSaveDuringImport(b *testing.B) {
	n := 50_000
	if testing.Short() {
		n = 10_000
	}
	s, _, who := filled(b, 100, 64, false)
	target := dbtest.Project(b, s, "more")
	save := saver(s, who, b)
	for range b.N {
		done := make(chan bool)
		var all sync.WaitGroup
		var y tally
		for w := range who {
			all.Go(func() {
				var took []time.Duration
				tick := time.NewTicker(20 * time.Millisecond) // 64 people who are very busy: 3 200 actions a second
				defer tick.Stop()
				for {
					select {
					case <-done:
						y.add(took)
						return
					case <-tick.C:
					}
					t := time.Now()
					if err := save(w, 0); err != nil {
						b.Error(err)
						return
					}
					took = append(took, time.Since(t))
				}
			})
		}
		start := time.Now()
		r, err := s.Import(b.Context(), corpus.ImportOptions{Project: target.ID}, func(yield func(corpus.Incoming, error) bool) {
			for i := range n {
				if !yield(newsPage(i, false), nil) {
					return
				}
			}
		})
		took := time.Since(start)
		close(done)
		all.Wait()
		if err != nil {
			b.Fatalf("%+v %v", r, err)
		}
		b.ReportMetric(float64(n)/took.Seconds(), "documents/s")
		b.ReportMetric(float64(len(y.took))/took.Seconds(), "saves/s")
		y.report(b, "save")
	}
}

func BenchmarkGold(b *testing.B) {
	s, p, _ := filled(b, 10_000, 0, true)
	b.ResetTimer()
	for range b.N {
		n := 0
		for g, err := range s.Gold(b.Context(), corpus.GoldFilter{Project: p.ID}) {
			if err != nil {
				b.Fatal(err)
			}
			if len(g.Spans) != 5 {
				b.Fatalf("%d spans", len(g.Spans))
			}
			n++
		}
		if n != 10_000 {
			b.Fatal(n)
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkGoldPreview(b *testing.B) {
	s, p, _ := filled(b, 10_000, 0, true)
	b.ResetTimer()
	for range b.N {
		if _, err := s.GoldPreview(b.Context(), corpus.GoldFilter{Project: p.ID}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStart opens a file of 10 000 documents and asks for one.
func BenchmarkStart(b *testing.B) {
	s, _, who := filled(b, 10_000, 1, false)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		s, err := db.Open(b.Context(), s.Path())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.View(b.Context(), 5000, who[0].ID); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBackup(b *testing.B) {
	s, _, _ := filled(b, 10_000, 0, true)
	dir := b.TempDir()
	b.ResetTimer()
	for i := range b.N {
		if err := s.Backup(b.Context(), filepath.Join(dir, fmt.Sprint(i))); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWorkTogether is 64 people who claim, label and hand in as fast as
// they can, a fifth of the documents three of them each.
func BenchmarkWorkTogether(b *testing.B) {
	s, p, who := filled(b, max(2000, 2*b.N), 64, false)
	p.Overlap, p.OverlapShare, p.Order = 3, 20, corpus.RandomOrder
	if err := s.SetProject(b.Context(), p, 0); err != nil {
		b.Fatal(err)
	}
	var claims tally
	together(b, 64, func(w, i int) error {
		began := time.Now()
		id, err := s.Claim(b.Context(), p.ID, who[w].ID, 0)
		claims.add([]time.Duration{time.Since(began)})
		if err != nil {
			return err
		}
		v, err := s.View(b.Context(), id, who[w].ID)
		if err != nil {
			return err
		}
		pieces := v.Annotation.Pieces
		name := fmt.Sprintf("together-%d-%d", w, i)
		a, err := s.Act(b.Context(), id, who[w].ID, []corpus.Event{
			{ID: name + "-a", Kind: corpus.KindClass, From: pieces[0].Start, To: pieces[len(pieces)-1].Start, Class: corpus.Body},
			{ID: name + "-b", Kind: corpus.KindSubmit},
		})
		if err == nil && len(a.Refused) > 0 {
			err = fmt.Errorf("%+v", a.Refused)
		}
		return err
	})
	claims.report(b, "claim")
}
