package score

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"annotate/internal/text"
)

// Span is a marked stretch with its label: half-open, in code points or in
// tokens, as long as both sides use the same.
type Span struct {
	text.Range
	Label string
}

// Match says when two spans are the same.
type Match struct{ Label bool }

// The two ways: Exact wants borders and label, Borders only the borders.
var (
	Exact   = Match{Label: true}
	Borders = Match{}
)

// Spans compares two sets of spans of one document: what conlleval, seqeval and
// spaCy all agree on once tags are valid. A span that is there twice counts
// once.
func Spans(gold, pred []Span, m Match) Counts {
	set := func(spans []Span) map[Span]bool {
		out := make(map[Span]bool, len(spans))
		for _, s := range spans {
			if !m.Label {
				s.Label = ""
			}
			out[s] = true
		}
		return out
	}
	g, p := set(gold), set(pred)
	both := 0
	for s := range p {
		if g[s] {
			both++
		}
	}

	return lengths(both, len(g), len(p))
}

// SpansByLabel is Spans for each label that is on either side.
func SpansByLabel(gold, pred []Span) map[string]Counts {
	g, p := byLabel(gold), byLabel(pred)
	out := map[string]Counts{}
	for l := range g {
		out[l] = Spans(g[l], p[l], Exact)
	}
	for l := range p {
		out[l] = Spans(g[l], p[l], Exact)
	}

	return out
}

func byLabel(spans []Span) map[string][]Span {
	out := map[string][]Span{}
	for _, s := range spans {
		out[s.Label] = append(out[s.Label], s)
	}
	return out
}

// Macro is the plain mean of precision, recall and F1 over labels, with 0 for
// what does not exist, as seqeval takes it; NaN where there is no label.
func Macro(byLabel map[string]Counts) PRF {
	var sum PRF
	for _, l := range slices.Sorted(maps.Keys(byLabel)) { // in one order: sums of floats depend on it
		f := zeroed(byLabel[l])
		sum.P += f.P
		sum.R += f.R
		sum.F1 += f.F1
	}
	n := float64(len(byLabel))
	if n == 0 {
		n = math.NaN()
	}

	return PRF{sum.P / n, sum.R / n, sum.F1 / n}
}

// Tally is the five counts of SemEval 2013, task 9.1.
type Tally struct {
	Correct, Incorrect, Partial, Missed, Spurious int
}

// Add is the sum of both.
func (t Tally) Add(o Tally) Tally {
	return Tally{t.Correct + o.Correct, t.Incorrect + o.Incorrect, t.Partial + o.Partial, t.Missed + o.Missed, t.Spurious + o.Spurious}
}

// Actual are the spans of the answer, Possible those of gold.
func (t Tally) Actual() int   { return t.Correct + t.Incorrect + t.Partial + t.Spurious }
func (t Tally) Possible() int { return t.Correct + t.Incorrect + t.Partial + t.Missed }

// PRF gives half a point for what is partly right; NaN where there is nothing
// to divide by.
func (t Tally) PRF() PRF {
	right := 2*t.Correct + t.Partial
	return PRF{ratio(right, 2*t.Actual()), ratio(right, 2*t.Possible()), ratio(right, t.Actual()+t.Possible())}
}

// SemEval are the four schemes: Strict wants borders and label, Exact the
// borders, Partial gives half for an overlap, Type wants an overlap and the
// label.
type SemEval struct{ Strict, Exact, Partial, Type Tally }

// Add is the sum of both.
func (s SemEval) Add(o SemEval) SemEval {
	return SemEval{s.Strict.Add(o.Strict), s.Exact.Add(o.Exact), s.Partial.Add(o.Partial), s.Type.Add(o.Type)}
}

// SemEvalSpans pairs the spans of one document one to one: first those that are
// equal, then those with equal borders, then what overlaps, in reading order.
// All four schemes count the same pairs.
func SemEvalSpans(gold, pred []Span) SemEval {
	order := func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Label, b.Label))
	}
	gold, pred = slices.SortedFunc(slices.Values(gold), order), slices.SortedFunc(slices.Values(pred), order)
	takenG, takenP := make([]bool, len(gold)), make([]bool, len(pred))

	var s SemEval
	pair := func(match func(g, p Span) bool) {
		from := 0 // gold before ends before every span that is left; nested spans keep it low
		for i, p := range pred {
			if takenP[i] {
				continue
			}
			for from < len(gold) && (takenG[from] || gold[from].End <= p.Start) {
				from++
			}
			for j := from; j < len(gold) && gold[j].Start < max(p.End, p.Start+1); j++ {
				if !takenG[j] && match(gold[j], p) {
					takenG[j], takenP[i] = true, true
					s.add(gold[j], p)
					break
				}
			}
		}
	}
	pair(func(g, p Span) bool { return g == p })
	pair(func(g, p Span) bool { return g.Range == p.Range })
	pair(func(g, p Span) bool { return g.Overlaps(p.Range) })
	for _, t := range []*Tally{&s.Strict, &s.Exact, &s.Partial, &s.Type} {
		for _, taken := range takenG {
			if !taken {
				t.Missed++
			}
		}
		for _, taken := range takenP {
			if !taken {
				t.Spurious++
			}
		}
	}

	return s
}

func (s *SemEval) add(g, p Span) {
	count := func(t *Tally, right bool) {
		if right {
			t.Correct++
		} else {
			t.Incorrect++
		}
	}
	borders, label := g.Range == p.Range, g.Label == p.Label
	count(&s.Strict, borders && label)
	count(&s.Exact, borders)
	count(&s.Type, label)
	if borders {
		s.Partial.Correct++
	} else {
		s.Partial.Partial++
	}
}
