// Package report says how well cleaners do against gold: one or several runs
// over the same documents, each with its figures and their intervals, set
// against one another, cut into slices, down to the single wrong word. What
// goes in are scores, document by document; what comes out is a value that
// prints as a table, JSON, CSV, Markdown, a page of HTML or JUnit, always the
// same bytes for the same scores. It knows no data file and no screen.
package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Report is all that is said of some runs.
type Report struct {
	Header    Header
	Measures  []score.Measure // the first is the headline
	Documents []Document      // with gold, in one order for all runs
	Runs      []Run
	Baseline  int    // the run that the others are set against, -1 for none
	Pairs     []Pair // every two runs by the headline, with Holm's correction over all of them
	Slices    []Slice
	Sample    Sample
	Ceiling   *Ceiling // nil where no two people labelled one document blind
	Gates     []Gate
}

// Header is what makes the figures reproducible.
type Header struct {
	Title      string // the project, or the file of gold
	Program    string // this program and its version
	Gold       string // a hash over ids and versions of the gold, or of the file or release
	Release    string // the name of the release that the gold is of, "" for none
	Guidelines string // a hash of the guidelines that the gold was made by, "" without any
	Metrics    int    // score.Version
	Seed       uint64
	Resamples  int
	Sites      int      // 0 where the site of any document is not known
	NoBody     []string // documents whose gold has no body: in no word score
	Common     int      // how many documents were left out because not every run has them; 0 where that was not asked
	Whole      bool     // the documents with gold are all that the project has
}

// Document is one that has gold.
type Document struct {
	ID     corpus.DocumentID // 0 outside of a data file
	Key    string            // its id for the importer, or what stands for it
	Name   string
	URL    string
	Site   string
	Fields map[string]string
	Gold   corpus.GoldID // 0 outside of a data file
	Chosen corpus.Chosen // how it came to be labelled; "" where nobody knows
}

// Title is what people know the document by.
func (d Document) Title() string { return cmp.Or(d.Name, d.URL, d.Key) }

// Run is one run in a report.
type Run struct {
	ID      corpus.RunID // 0 for a file
	Name    string
	Cleaner corpus.Cleaner
	Scores  *score.Report
	Unused  []string // predictions for documents without gold
}

// Missing are the documents that the run says nothing about.
func (r Report) Missing(run int) []string {
	var out []string
	for i, d := range r.Runs[run].Scores.Documents {
		if d.Status == score.Missing {
			out = append(out, r.Documents[i].Key)
		}
	}
	return out
}

// Headline is the first measure's row of a run.
func (r Run) Headline() score.Row { return r.Scores.Rows[0] }

// Row is the row of a measure; false where it was not taken.
func (r Run) Row(name string) (score.Row, bool) {
	i := slices.IndexFunc(r.Scores.Rows, func(row score.Row) bool { return row.Measure.Name == name })
	if i < 0 {
		return score.Row{}, false
	}
	return r.Scores.Rows[i], true
}

// Value is the mean of a measure's F1, or of its only figure; NaN where it was
// not taken or does not exist.
func (r Run) Value(name string) float64 {
	row, ok := r.Row(name)
	if !ok {
		return math.NaN()
	}
	return row.Macro[score.F1].Mean
}

// Outcomes are how a run's documents ended.
type Outcomes struct {
	Perfect int // the headline is 1
	Wrong   int // everything else that was answered
	Empty   int
	Failed  int
	TimeOut int
	Missing int
}

// Outcomes counts the documents.
func (r Run) Outcomes() Outcomes {
	var out Outcomes
	f1 := r.Scores.Column(0, score.F1)
	for i, d := range r.Scores.Documents {
		switch {
		case d.Status == score.Empty:
			out.Empty++
		case d.Status == score.Failed:
			out.Failed++
		case d.Status == score.TimeOut:
			out.TimeOut++
		case d.Status == score.Missing:
			out.Missing++
		case f1[i] == 1:
			out.Perfect++
		default:
			out.Wrong++
		}
	}
	return out
}

// Speed is how long the cleaner took for a document, in milliseconds.
type Speed struct{ N, P50, P95, Max int }

// Speed is of the documents whose time is known.
func (r Run) Speed() Speed {
	var all []int
	for _, d := range r.Scores.Documents {
		if d.Millis > 0 {
			all = append(all, int(d.Millis))
		}
	}
	if len(all) == 0 {
		return Speed{}
	}
	slices.Sort(all)
	at := func(q float64) int { return all[min(int(q*float64(len(all))), len(all)-1)] }

	return Speed{len(all), at(.5), at(.95), all[len(all)-1]}
}

// Pair sets run A against run B by the F1 of the headline.
type Pair struct {
	A, B int
	score.Comparison
}

// Against is the comparison of a run with the baseline; false for the baseline
// itself, or where there is none.
func (r Report) Against(run int) (score.Comparison, bool) {
	for _, p := range r.Pairs {
		if p.A == run && p.B == r.Baseline {
			return p.Comparison, true
		}
		if p.B == run && p.A == r.Baseline {
			return p.Comparison.Turned(), true
		}
	}
	return score.Comparison{}, false
}

// Change is a document that two runs do not answer alike.
type Change struct {
	Document int     // its place in Documents
	Was, Is  float64 // the headline
}

// Changes are the documents on which a run is worse, and those on which it is
// better, than another: each with the greatest damage or gain first. Lost are
// those of the worse ones that were perfect.
type Changes struct {
	Worse, Better []Change
	Same          int
	Lost          int
}

// Changes compares document by document, by the headline.
func (r Report) Changes(run, against int) Changes {
	var out Changes
	sign := r.sign(0)
	is, was := r.Runs[run].Scores.Column(0, score.F1), r.Runs[against].Scores.Column(0, score.F1)
	for i := range r.Documents {
		switch d := sign * (is[i] - was[i]); {
		case math.IsNaN(d):
		case d > score.TieTolerance:
			out.Better = append(out.Better, Change{i, was[i], is[i]})
		case d < -score.TieTolerance:
			out.Worse = append(out.Worse, Change{i, was[i], is[i]})
			if was[i] == 1 {
				out.Lost++
			}
		default:
			out.Same++
		}
	}
	byDifference := func(a, b Change) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Is-b.Was), math.Abs(a.Is-a.Was)), cmp.Compare(a.Document, b.Document))
	}
	slices.SortFunc(out.Worse, byDifference)
	slices.SortFunc(out.Better, byDifference)

	return out
}

// sign is -1 for a measure of which less is better.
func (r Report) sign(measure int) float64 {
	if r.Measures[measure].Lower {
		return -1
	}
	return 1
}

// Worst orders the documents of a run by the part of a measure, the worst
// first; those without a figure are left out.
func (r Report) Worst(run, measure int, part score.Part) []int {
	column, sign := r.Runs[run].Scores.Column(measure, part), r.sign(measure)
	var out []int
	for i, v := range column {
		if !math.IsNaN(v) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(sign*column[a], sign*column[b]) })

	return out
}

// Suspects are documents whose gold every run contradicts in the same way: all
// are below the bound, and closer to each other than to gold. Gold may be wrong
// there. It takes two runs at least.
func (r Report) Suspects() []int {
	if len(r.Runs) < 2 {
		return nil
	}
	const bound = .5
	var out []int
	for i := range r.Documents {
		all := true
		for _, run := range r.Runs {
			v := run.Scores.Column(0, score.F1)[i]
			all = all && v < bound && run.Scores.Documents[i].Status == score.OK
		}
		if all {
			out = append(out, i)
		}
	}
	return out
}

// Ceiling is how well people do: the headline between two of them, over the
// documents that both labelled without seeing the other's work.
type Ceiling struct {
	F1        score.Interval // of words, the mean over documents
	Documents int
	Seen      int     // documents that two people decided, one after having seen the other's
	Kappa     float64 // of blocks; NaN where all are of one class
	Start     float64 // by how many words they differ about where the body begins, in the mean
	End       float64
}

// Gate is a bound and what was reached.
type Gate struct {
	Name  string // as "word-f1", or "against"
	Run   string // "" where there is one run
	Bound float64
	Value float64 // NaN where there is none: the gate fell short
	Lower bool    // the figure is to stay below the bound
	Worst []string
}

// Short reports whether the gate fell short.
func (g Gate) Short() bool {
	if g.Lower {
		return !(g.Value <= g.Bound)
	}
	return !(g.Value >= g.Bound)
}

func (g Gate) bound() string {
	return strconv.FormatFloat(math.Round(g.Bound*1e6)/1e6, 'f', -1, 64)
}

func (g Gate) String() string {
	name := g.Name
	if g.Run != "" {
		name += " of " + g.Run
	}
	switch {
	case math.IsNaN(g.Value):
		return name + " does not exist for these documents"
	case g.Short() && g.Lower:
		return fmt.Sprintf("%s is %.6f, above %s", name, g.Value, g.bound())
	case g.Short():
		return fmt.Sprintf("%s is %.6f, below %s", name, g.Value, g.bound())
	}
	return fmt.Sprintf("%s is %.6f, the bound is %s", name, g.Value, g.bound())
}

// Short are the gates that fell short.
func (r Report) Short() []Gate {
	var out []Gate
	for _, g := range r.Gates {
		if g.Short() {
			out = append(out, g)
		}
	}
	return out
}
