// Package attention says how people went about the documents they handed in:
// how long they took, how much of a page they had on screen, how their answers
// lie beside those of others and beside gold. These are facts about work, not
// verdicts about people: an experienced annotator is fast, and a page may well
// be all body. So each figure comes with what it stands on, and what is
// remarkable about it is said only where it stands on enough.
//
// In goes one Effort for each labelling; nothing here knows a data file or a
// screen.
package attention

import (
	"cmp"
	"math"
	"slices"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Effort is one labelling that was handed in.
type Effort struct {
	Annotator corpus.AnnotatorID
	Document  corpus.DocumentID
	Active    time.Duration // 0 with Seen 0: nothing was recorded
	Words     int           // of the document that stand in blocks
	Blocks    int
	Seen      int          // blocks that were ever on screen
	Body      int          // blocks called body
	Compared  bool         // there is gold that is not theirs alone
	Gold      score.Counts // words of the body against gold
}

// recorded reports whether a browser told of the work at all.
func (e Effort) recorded() bool { return e.Active > 0 || e.Seen > 0 }

// uniformBlocks is how many blocks a page has at least for one answer to the
// whole of it to be remarkable.
const uniformBlocks = 3

func (e Effort) uniform() bool {
	return e.Blocks >= uniformBlocks && (e.Body == 0 || e.Body == e.Blocks)
}

// Check is one hidden check.
type Check struct {
	Annotator    corpus.AnnotatorID
	Words, Right int
}

// Signals are the figures of one person. A share lies between 0 and 1; what has
// nothing to stand on is NaN.
type Signals struct {
	Annotator corpus.AnnotatorID
	Documents int // handed in

	Recorded int           // of these, documents whose time was recorded; the four below are of them
	Active   time.Duration // in all
	Median   float64       // seconds a document
	Pace     float64       // seconds per 1 000 words, all words of all documents
	Hourly   float64       // documents an hour of active time
	Seen     float64       // share of blocks ever on screen

	OthersMedian float64 // of the other people's Median
	OthersPace   float64 // of the other people's Pace
	Hasty        int     // recorded documents that took less than a tenth of what is usual for their length

	Body       float64 // share of blocks called body
	OthersBody float64 // the median of the other people's Body
	Shared     int     // documents that others handed in too
	SharedBody float64 // mean over these of the person's share of body
	TheirBody  float64 // mean over these of the median of the others' shares

	Pages         int // documents of at least three blocks
	Uniform       int // of these, with one class for the whole page
	UniformRun    int // the longest run of them, in the order they were handed in
	UniformBody   int // of Uniform, all body
	OthersUniform float64

	Checks     int // hidden checks
	CheckRight float64
	Compared   int     // documents with gold that is not theirs alone
	GoldF1     float64 // F1 of the words of the body against it
}

// hastyPart is the part of the usual time below which a document counts as
// hasty.
const hastyPart = 0.1

// Of gives the signals of everybody who handed something in, by annotator.
// Efforts come in the order in which they were handed in.
//
// What is usual for the project is the median over people, not over documents,
// so that one person who does most of the work does not become the measure.
func Of(efforts []Effort, checks []Check) []Signals {
	by := map[corpus.AnnotatorID][]Effort{}
	for _, e := range efforts {
		by[e.Annotator] = append(by[e.Annotator], e)
	}
	out := make([]Signals, 0, len(by))
	for who, own := range by {
		out = append(out, alone(who, own))
	}
	slices.SortFunc(out, func(a, b Signals) int { return cmp.Compare(a.Annotator, b.Annotator) })

	usual := median(each(out, func(s Signals) float64 { return s.Pace }))
	shared := together(efforts)
	checked := tally(checks)
	for i := range out {
		s := &out[i]
		rest := slices.Delete(slices.Clone(out), i, i+1)
		s.OthersMedian = median(each(rest, func(o Signals) float64 { return o.Median }))
		s.OthersPace = median(each(rest, func(o Signals) float64 { return o.Pace }))
		s.OthersBody = median(each(rest, func(o Signals) float64 { return o.Body }))
		s.OthersUniform = median(each(rest, func(o Signals) float64 { return ratio(o.Uniform, o.Pages) }))
		s.Hasty = hasty(by[s.Annotator], usual)

		in := shared[s.Annotator]
		s.Shared, s.SharedBody, s.TheirBody = in.n, in.own/float64(in.n), in.others/float64(in.n)
		c := checked[s.Annotator]
		s.Checks, s.CheckRight = c.n, ratio(c.right, c.words)
	}

	return out
}

// alone are the figures for which nobody else is needed.
func alone(who corpus.AnnotatorID, own []Effort) Signals {
	s := Signals{Annotator: who, Documents: len(own)}
	var seconds []float64
	var words, seen, seenOf, body, blocks, run int
	var gold score.Counts
	for _, e := range own {
		if e.recorded() {
			s.Recorded++
			s.Active += e.Active
			seconds = append(seconds, e.Active.Seconds())
			words, seen, seenOf = words+e.Words, seen+e.Seen, seenOf+e.Blocks
		}
		if e.Blocks >= uniformBlocks {
			s.Pages++
			run++
			if !e.uniform() {
				run = 0
			} else if s.Uniform++; e.Body > 0 {
				s.UniformBody++
			}
			s.UniformRun = max(s.UniformRun, run)
		}
		if e.Compared {
			s.Compared++
			gold = gold.Add(e.Gold)
		}
		body, blocks = body+e.Body, blocks+e.Blocks
	}

	s.Median = median(seconds)
	s.Pace = positive(1000*s.Active.Seconds(), float64(words))
	s.Hourly = positive(float64(s.Recorded), s.Active.Hours())
	s.Seen, s.Body, s.GoldF1 = ratio(seen, seenOf), ratio(body, blocks), gold.F1()

	return s
}

// hasty counts what took less than a tenth of the usual time for its length;
// usual is in seconds per 1 000 words.
func hasty(own []Effort, usual float64) (n int) {
	for _, e := range own {
		if e.recorded() && e.Active.Seconds() < hastyPart*usual*float64(e.Words)/1000 {
			n++
		}
	}

	return n
}

// sums adds up what somebody and the others called body.
type sums struct {
	n           int
	own, others float64
}

// together compares the shares of body on documents that several people have.
func together(efforts []Effort) map[corpus.AnnotatorID]sums {
	order := slices.Clone(efforts)
	slices.SortStableFunc(order, func(a, b Effort) int { return cmp.Compare(a.Document, b.Document) })
	out := map[corpus.AnnotatorID]sums{}
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && order[j].Document == order[i].Document {
			j++
		}
		group := order[i:j]
		if i = j; len(group) < 2 || group[0].Blocks == 0 {
			continue
		}
		for k, e := range group {
			rest := each(slices.Delete(slices.Clone(group), k, k+1), func(o Effort) float64 { return ratio(o.Body, o.Blocks) })
			in := out[e.Annotator]
			out[e.Annotator] = sums{in.n + 1, in.own + ratio(e.Body, e.Blocks), in.others + median(rest)}
		}
	}

	return out
}

type checked struct{ n, words, right int }

func tally(checks []Check) map[corpus.AnnotatorID]checked {
	out := map[corpus.AnnotatorID]checked{}
	for _, c := range checks {
		in := out[c.Annotator]
		out[c.Annotator] = checked{in.n + 1, in.words + c.Words, in.right + c.Right}
	}

	return out
}

func each[T any](list []T, f func(T) float64) []float64 {
	out := make([]float64, len(list))
	for i, one := range list {
		out[i] = f(one)
	}

	return out
}

// median passes over what is NaN; of nothing it is NaN.
func median(of []float64) float64 {
	of = slices.DeleteFunc(of, math.IsNaN)
	slices.Sort(of)
	n := len(of)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return of[n/2]
	}

	return (of[n/2-1] + of[n/2]) / 2
}

func ratio(a, b int) float64 { return positive(float64(a), float64(b)) }

func positive(a, b float64) float64 {
	if b <= 0 {
		return math.NaN()
	}
	return a / b
}
