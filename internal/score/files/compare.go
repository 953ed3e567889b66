package files

import (
	"cmp"
	"context"
	"iter"
	"math"
	"runtime"
	"slices"
	"sync"

	"annotate/internal/score"
)

// Options say what is compared and how.
type Options struct {
	Measures  []score.Measure // the first is the one that Against is judged by
	Resamples score.Resampling
	Against   string // a file of earlier answers, "" for none
	Gates     []Gate // name, bound and direction; Compare sets the value
}

// drop is by how much the first measure may fall below earlier answers: what
// rounding to three places may hide.
const drop = .0005

// Compare scores a file of answers with a file of gold, on all cores. Gold is
// read once, and a document's text is let go when it is scored.
func Compare(ctx context.Context, goldPath, answersPath string, o Options) (Result, error) {
	out := Result{Gold: goldPath, Predictions: answersPath}
	answers, err := ReadPredictions(answersPath)
	if err != nil {
		return out, err
	}
	var earlier *Predictions
	if o.Against != "" {
		if earlier, err = ReadPredictions(o.Against); err != nil {
			return out, err
		}
	}

	word, _ := score.MeasureNamed("word")
	anchor := []score.Measure{word}
	var documents, before, everything, nothing []score.Scored
	pages := false
	for batch, err := range batches(Gold(goldPath)) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return out, err
		}
		type job struct {
			gold         score.Gold
			now, earlier score.Prediction
			scored       [4]score.Scored
		}
		jobs := make([]job, len(batch))
		for i, g := range batch {
			jobs[i].gold = g.Kept()
			pages = pages || g.Blocks != nil
			if jobs[i].now, err = answers.For(g); err != nil {
				return out, err
			}
			if earlier != nil {
				if jobs[i].earlier, err = earlier.For(g); err != nil {
					return out, err
				}
			}
		}
		onAllCores(len(jobs), func(i int) {
			j := &jobs[i]
			j.scored[0] = score.Score(o.Measures, j.gold, j.now)
			if earlier != nil {
				j.scored[1] = score.Score(o.Measures, j.gold, j.earlier)
			}
			j.scored[2] = score.Score(anchor, j.gold, score.Prediction{Status: score.OK, Text: j.gold.Page})
			j.scored[3] = score.Score(anchor, j.gold, score.Prediction{Status: score.Empty})
		})
		for _, j := range jobs {
			documents, before = append(documents, j.scored[0]), append(before, j.scored[1])
			everything, nothing = append(everything, j.scored[2]), append(nothing, j.scored[3])
			if j.now.Status == score.Missing {
				out.Missing = append(out.Missing, j.gold.ID)
			}
			if j.scored[3].Figures[0].Why == score.NoBody {
				out.NoBody = append(out.NoBody, j.gold.ID)
			}
		}
	}
	if len(documents) == 0 {
		return out, problem(goldPath, 0, "no document is in it")
	}
	out.Unused = answers.Unused()
	if len(out.Missing) == len(documents) {
		return out, problem(answersPath, 0, "none of its ids, such as %q, is one of gold's, such as %q; nor is any address", answers.items[0].id, documents[0].ID)
	}

	once := score.Resampling{Resamples: 1, Seed: o.Resamples.Seed}
	out.Report = score.NewReport(o.Measures, documents, o.Resamples)
	out.Nothing = score.NewReport(anchor, nothing, once)
	if pages {
		out.Everything = score.NewReport(anchor, everything, once)
	}
	for _, g := range o.Gates {
		name, part := SplitGate(g.Name)
		g.Value = math.NaN()
		for _, row := range out.Report.Rows {
			if row.Measure.Name == name {
				g.Value = row.Macro[part].Mean
			}
		}
		out.Gates = append(out.Gates, g)
	}
	if earlier != nil {
		theirs := score.NewReport(o.Measures, before, o.Resamples)
		out.Against = against(o.Against, out.Report, theirs)
		m := o.Measures[0]
		bound := theirs.Mean(0) - drop
		if m.Lower {
			bound = theirs.Mean(0) + drop
		}
		out.Gates = append(out.Gates, Gate{Name: AgainstGate, Bound: bound, Value: out.Report.Mean(0), Lower: m.Lower})
	}

	return out, nil
}

func against(file string, ours, theirs score.Report) *Against {
	out := &Against{File: file, Comparisons: ours.Against(theirs)}
	sign := 1.0
	if ours.Measures[0].Lower {
		sign = -1
	}
	for i, d := range ours.Documents {
		was, is := theirs.Documents[i].Figures[0].PRF.F1, d.Figures[0].PRF.F1
		if sign*(was-is) > score.TieTolerance {
			out.Worse = append(out.Worse, Worse{ID: d.ID, Was: was, Is: is})
		}
	}
	slices.SortStableFunc(out.Worse, func(a, b Worse) int { return cmp.Compare(sign*(b.Was-b.Is), sign*(a.Was-a.Is)) })

	return out
}

// batchSize is how many documents are in memory at once.
const batchSize = 256

func batches(gold iter.Seq2[score.Gold, error]) iter.Seq2[[]score.Gold, error] {
	return func(yield func([]score.Gold, error) bool) {
		var batch []score.Gold
		for g, err := range gold {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, g); len(batch) == batchSize {
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
