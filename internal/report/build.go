package report

import (
	"context"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Options say how a report is made.
type Options struct {
	Measures  []score.Measure // the first is the headline
	Resamples score.Resampling
	Baseline  int      // the run that the others are set against, -1 for none
	Against   bool     // a run that falls below the baseline falls short
	Gates     []Gate   // name, bound and direction, for every run but the baseline
	Slices    []string // the fields to cut by; none: all that are fit
	NoSlices  bool
}

// Drop is by how much the headline may fall below that of the baseline: what
// rounding to three places may hide.
const Drop = .0005

// AgainstGate is the name of the gate that compares with the baseline.
const AgainstGate = "against"

// Builder takes in documents and their scores, and makes a report of them.
type Builder struct{ r Report }

// NewBuilder begins a report over runs that have no scores yet.
func NewBuilder(h Header, measures []score.Measure, runs []Run) *Builder {
	h.Metrics = score.Version
	b := &Builder{Report{Header: h, Measures: measures, Runs: runs, Baseline: -1}}
	for i := range runs {
		runs[i].Scores = &score.Report{Measures: measures}
	}

	return b
}

// Document adds a document; every run gets its score of it, in the same order.
func (b *Builder) Document(d Document) { b.r.Documents = append(b.r.Documents, d) }

// Score adds what a run scored on its next document.
func (b *Builder) Score(run int, s score.Scored) { b.r.Runs[run].Scores.Add(s) }

// Ceiling says how well people do.
func (b *Builder) Ceiling(c *Ceiling) { b.r.Ceiling = c }

// LeftOut says how many documents are not there because not every run has them.
func (b *Builder) LeftOut(n int) { b.r.Header.Common = n }

// Report sums up. The error is *corpus.Invalid where what was asked does not
// fit the documents.
func (b *Builder) Report(o Options) (Report, error) {
	r := b.r
	r.Baseline = o.Baseline
	r.Header.Seed, r.Header.Resamples = o.Resamples.Seed, o.Resamples.Times(len(r.Documents))
	for k, run := range r.Runs {
		if len(run.Scores.Documents) != len(r.Documents) {
			return r, fmt.Errorf("run %q has scores of %d documents, there are %d", run.Name, len(run.Scores.Documents), len(r.Documents))
		}
		run.Scores.Sum(o.Resamples)
		r.Header.Sites = r.Runs[k].Scores.Sites
	}
	if len(r.Runs) > 0 && r.Measures[0].Name == "word" {
		for i, d := range r.Documents {
			if f := r.Runs[0].Scores.Figure(i, 0); f.Why == score.NoBody {
				r.Header.NoBody = append(r.Header.NoBody, d.Key)
			}
		}
	}
	r.pairs()
	r.Sample = r.sample(o.Resamples.Seed)
	if !o.NoSlices {
		var err error
		if r.Slices, err = r.slicesBy(o.Slices, o.Resamples.Seed); err != nil {
			return r, err
		}
	}
	r.gates(o)

	return r, nil
}

// mostPairs is up to how many runs every two are compared; above it, each with
// the baseline alone.
const mostPairs = 8

func (r *Report) pairs() {
	var cs []score.Comparison
	for a := range r.Runs {
		for c := range a {
			if len(r.Runs) > mostPairs && a != r.Baseline && c != r.Baseline {
				continue
			}
			r.Pairs = append(r.Pairs, Pair{A: a, B: c})
			cs = append(cs, r.Runs[a].Scores.Compare(r.Runs[c].Scores, 0, score.F1))
		}
	}
	score.Holm(cs)
	for i := range cs {
		r.Pairs[i].Comparison = cs[i]
	}
}

// gates holds every run but the baseline against the bounds.
func (r *Report) gates(o Options) {
	for k, run := range r.Runs {
		if k == r.Baseline {
			continue
		}
		name := ""
		if len(r.Runs) > 1 {
			name = run.Name
		}
		for _, g := range o.Gates {
			measure, part := SplitGate(g.Name)
			g.Run, g.Value = name, math.NaN()
			for n, row := range run.Scores.Rows {
				if row.Measure.Name == measure {
					g.Value = row.Macro[part].Mean
					g.Worst = r.worstOf(k, n, part)
				}
			}
			r.Gates = append(r.Gates, g)
		}
		if o.Against && r.Baseline >= 0 {
			g := Gate{Name: AgainstGate, Run: name, Bound: r.Runs[r.Baseline].Scores.Mean(0) - r.sign(0)*Drop, Value: run.Scores.Mean(0), Lower: r.Measures[0].Lower}
			for _, c := range firsts(r.Changes(k, r.Baseline).Worse, shownWorst) {
				g.Worst = append(g.Worst, fmt.Sprintf("%s: %s, was %s", r.Documents[c.Document].Key, show(c.Is), show(c.Was)))
			}
			r.Gates = append(r.Gates, g)
		}
	}
}

// shownWorst is how many documents explain a gate that fell short.
const shownWorst = 10

func (r *Report) worstOf(run, measure int, part score.Part) []string {
	var out []string
	for _, i := range firsts(r.Worst(run, measure, part), shownWorst) {
		out = append(out, fmt.Sprintf("%s: %s", r.Documents[i].Key, show(r.Runs[run].Scores.Column(measure, part)[i])))
	}
	return out
}

func firsts[T any](list []T, n int) []T { return list[:min(n, len(list))] }

// SplitGate takes "word-f1" apart: the measure's name and the part, F1 where
// none is named.
func SplitGate(name string) (string, score.Part) {
	for _, part := range []score.Part{score.P, score.R, score.F1} {
		if m, ok := strings.CutSuffix(name, "-"+part.String()); ok {
			return m, part
		}
	}
	return name, score.F1
}

// ParseGate reads word-f1=0.95. The error is *corpus.Invalid.
func ParseGate(s string) (Gate, error) {
	name, bound, _ := strings.Cut(s, "=")
	v, err := parseBound(bound)
	measure, part := SplitGate(name)
	m, ok := score.MeasureNamed(measure)
	switch {
	case err != nil:
		return Gate{}, invalidf("the gate %q is not like word-f1=0.95, with a bound between 0 and 1", s)
	case !ok || m.Single && (part != score.F1 || strings.HasSuffix(name, "-f1")):
		return Gate{}, invalidf("no measure gives %q; take word-p, word-r, word-f1 or the like of %s", name, measureNames())
	}

	return Gate{Name: name, Bound: v, Lower: m.Lower}, nil
}

func measureNames() string {
	var names []string
	for _, m := range score.Measures {
		names = append(names, m.Name)
	}
	return strings.Join(names, ",")
}

// Source is a run whose predictions are to be scored.
type Source struct {
	Run Run
	For func(score.Gold) (score.Prediction, error)
}

// Compute scores every document of gold by every source, on all cores. Gold is
// read once, and a document's texts are let go when it is scored. With common,
// documents that some source says nothing about are left out.
func Compute(ctx context.Context, h Header, gold iter.Seq2[score.Gold, error], sources []Source, common bool, o Options) (Report, error) {
	runs := make([]Run, len(sources))
	for i, s := range sources {
		runs[i] = s.Run
	}
	b := NewBuilder(h, o.Measures, runs)
	for batch, err := range batches(gold) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return b.r, err
		}
		jobs := make([]job, 0, len(batch))
		for _, g := range batch {
			j := job{gold: g.Kept(), predictions: make([]score.Prediction, len(sources)), scored: make([]score.Scored, len(sources))}
			for k, s := range sources {
				if j.predictions[k], err = s.For(g); err != nil {
					return b.r, err
				}
			}
			if common && slices.ContainsFunc(j.predictions, func(p score.Prediction) bool { return p.Status == score.Missing }) {
				b.r.Header.Common++
				continue
			}
			jobs = append(jobs, j)
		}
		onAllCores(len(jobs), func(i int) {
			for k := range sources {
				jobs[i].scored[k] = score.Score(o.Measures, jobs[i].gold, jobs[i].predictions[k])
			}
		})
		for _, j := range jobs {
			b.Document(Document{Key: j.gold.ID, Name: j.gold.Name, URL: j.gold.URL, Site: j.gold.Site, Fields: j.gold.Fields, Chosen: j.gold.Chosen})
			for k := range sources {
				b.Score(k, j.scored[k])
			}
		}
	}
	if len(b.r.Documents) == 0 {
		return b.r, errNoDocument
	}

	return b.Report(o)
}

// errNoDocument is where there is nothing to report about.
var errNoDocument = corpus.Invalidf("", "there is no document with gold to score")

type job struct {
	gold        score.Gold
	predictions []score.Prediction
	scored      []score.Scored
}

// batchSize is how many documents are in memory at once.
const batchSize = 256

func batches[T any](in iter.Seq2[T, error]) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		var batch []T
		for v, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, v); len(batch) == batchSize {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

func onAllCores(n int, do func(int)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// ScoreAll scores pairs on all cores and gives them on batch by batch, in their
// order. It is how the scores of a run in the data file are filled in.
func ScoreAll(ctx context.Context, measures []score.Measure, labels corpus.LabelSet, pairs iter.Seq2[score.Paired, error], take func([]score.Paired, []score.Gold, []score.Scored) error) error {
	for batch, err := range batches(pairs) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		golds, scored := make([]score.Gold, len(batch)), make([]score.Scored, len(batch))
		onAllCores(len(batch), func(i int) {
			golds[i] = score.FromGold(batch[i].Gold, labels).Kept()
			scored[i] = score.Score(measures, golds[i], batch[i].Prediction)
		})
		if err := take(batch, golds, scored); err != nil {
			return err
		}
	}

	return nil
}
