package agreement

import (
	"cmp"
	"math"
	"slices"

	"annotate/internal/text"
)

// SpanTally counts the spans of two annotators and how many of them pair up, one
// to one.
type SpanTally struct {
	TP   int // pairs
	A, B int // spans of the first and of the second
}

// Add is the sum of both.
func (t SpanTally) Add(o SpanTally) SpanTally { return SpanTally{t.TP + o.TP, t.A + o.A, t.B + o.B} }

// F1 is 2·TP/(A + B), the same whoever is taken for right. Its Units are the
// spans of both; Observed and Expected do not exist, because where nothing is
// marked there is nothing to count.
func (t SpanTally) F1() Coefficient {
	if t.A+t.B == 0 {
		return undefined(0, NoSpan)
	}
	return Coefficient{Value: 2 * float64(t.TP) / float64(t.A+t.B), Observed: math.NaN(), Expected: math.NaN(), Units: float64(t.A + t.B)}
}

// ExactSpans pairs the spans of one label in one text that two annotators gave
// the same borders. What one of them marked twice counts once.
func ExactSpans(a, b []text.Range) SpanTally {
	a, b = distinct(a), distinct(b)
	t := SpanTally{A: len(a), B: len(b)}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := byEnd(a[i], b[j]); {
		case c == 0:
			t.TP++
			i, j = i+1, j+1
		case c < 0:
			i++
		default:
			j++
		}
	}

	return t
}

// OverlappingSpans pairs spans of one label in one text that share a code point.
// TP is the largest number of pairs in which each span is once at most, so it
// depends neither on an order nor on who comes first. What one annotator marked
// twice counts once.
func OverlappingSpans(a, b []text.Range) SpanTally {
	a, b = distinct(a), distinct(b)
	t := SpanTally{A: len(a), B: len(b)}

	// What ends first is best paired with that of its partners which ends
	// first: the others reach at least as far, so they can do all it could.
	taken := [2][]bool{make([]bool, len(a)), make([]bool, len(b))}
	sides := [2][]text.Range{a, b}
	earliest := [2][]int{starts(a), starts(b)}
	next := [2]int{}
	for next[0] < len(a) || next[1] < len(b) {
		me := 0
		if next[0] == len(a) || next[1] < len(b) && b[next[1]].End < a[next[0]].End {
			me = 1
		}
		i := next[me]
		next[me]++
		if taken[me][i] {
			continue
		}
		other := sides[1-me]
		for j := next[1-me]; j < len(other) && earliest[1-me][j] < sides[me][i].End; j++ {
			if !taken[1-me][j] && other[j].Overlaps(sides[me][i]) {
				taken[1-me][j] = true
				t.TP++
				break
			}
		}
	}

	return t
}

// starts has for each place the first start from there on, so that a search
// ends where nothing can overlap any more.
func starts(spans []text.Range) []int {
	out := make([]int, len(spans))
	least := math.MaxInt
	for i := len(spans) - 1; i >= 0; i-- {
		least = min(least, spans[i].Start)
		out[i] = least
	}
	return out
}

// TokensOf are the tokens that the spans touch, each once: given to ExactSpans
// they are the token mode of bratiaa, in which a border that is off by a word
// costs a word. Both are in any order.
func TokensOf(spans, tokens []text.Range) []text.Range {
	var out []text.Range
	for _, t := range tokens {
		if slices.ContainsFunc(spans, t.Overlaps) {
			out = append(out, t)
		}
	}
	return out
}

// OverPairs is the mean of F1 over pairs of annotators, each pair's counts
// summed over documents first, and the population standard deviation over the
// pairs, as bratiaa reports them. Pairs without a span are left out. Units are
// the pairs.
func OverPairs(pairs []SpanTally) (mean Coefficient, sd float64) {
	var f []float64
	sum := 0.0
	for _, t := range pairs {
		if c := t.F1(); c.Defined() {
			f = append(f, c.Value)
			sum += c.Value
		}
	}
	if len(f) == 0 {
		return undefined(0, NoPair), math.NaN()
	}

	n := float64(len(f))
	m, deviation := sum/n, 0.0
	for _, v := range f {
		deviation += (v - m) * (v - m)
	}

	return Coefficient{Value: m, Observed: math.NaN(), Expected: math.NaN(), Units: n}, math.Sqrt(deviation / n)
}

func byEnd(a, b text.Range) int {
	return cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start))
}

func distinct(spans []text.Range) []text.Range {
	return slices.Compact(slices.SortedFunc(slices.Values(spans), byEnd))
}
