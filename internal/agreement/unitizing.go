package agreement

import (
	"cmp"
	"math"
	"slices"

	"annotate/internal/text"
)

// Unitizing is the disagreement of annotators about where in one text the spans
// of a label are, and what chance would give.
type Unitizing struct {
	Observed, Expected float64 // Krippendorff's Do and De
	Units              int     // spans that it stands on, of all annotators
}

// Add is the sum of both: over the labels of one document it is what α of all
// of them stands on. Documents do not add; take the mean of their α.
func (u Unitizing) Add(o Unitizing) Unitizing {
	return Unitizing{u.Observed + o.Observed, u.Expected + o.Expected, u.Units + o.Units}
}

// Alpha is 1 − Do/De, which has no lower bound. Its Units are spans, and its
// Observed and Expected do not exist, because these are disagreements.
func (u Unitizing) Alpha() Coefficient {
	switch {
	case u.Units == 0:
		return undefined(0, NoSpan)
	case u.Expected == 0:
		return undefined(float64(u.Units), NoSurprise)
	}
	return Coefficient{Value: 1 - u.Observed/u.Expected, Observed: math.NaN(), Expected: math.NaN(), Units: float64(u.Units)}
}

// UnitizingAlpha is Krippendorff's α for unitizing (1995, and 2004 in "Content
// analysis") in the form of DKPro and so of INCEpTION, for the spans of one
// label in a text of length code points: annotators has those of each, in any
// order, an empty list for who marked none. Spans of one annotator that overlap
// an earlier one, by start and then longest first, are left out, as INCEpTION
// does. It is not the later family of Krippendorff, Mathet, Bouvry and Widlöcher
// (2016). Fewer than two annotators, or no text, give nothing.
//
// Long texts flatter it, since where nobody marked anything everybody agrees.
func UnitizingAlpha(length int, annotators [][]text.Range) Unitizing {
	m, l := float64(len(annotators)), float64(length)
	if m < 2 || length == 0 {
		return Unitizing{}
	}
	apart := make([][]text.Range, len(annotators))
	var all, gaps []int
	for i, spans := range annotators {
		apart[i] = disjoint(spans)
		from := 0
		for _, s := range apart[i] {
			all, gaps = append(all, s.Len()), append(gaps, s.Start-from)
			from = s.End
		}
		gaps = append(gaps, length-from)
	}

	observed := 0.0
	for i, a := range apart {
		for _, b := range apart[:i] {
			observed += distance(a, b)
		}
	}

	return Unitizing{
		Observed: 2 * observed / (m * (m - 1) * l * l),
		Expected: expected(all, gaps, m, l),
		Units:    len(all),
	}
}

// disjoint are the spans that do not overlap an earlier one, in reading order.
func disjoint(spans []text.Range) []text.Range {
	sorted := slices.SortedFunc(slices.Values(spans), func(a, b text.Range) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	end := 0
	return slices.DeleteFunc(sorted, func(s text.Range) bool {
		if s.Start < end || s.Len() == 0 {
			return true
		}
		end = s.End
		return false
	})
}

// distance is Σδ between two annotators: the squared distances of the borders
// of each two spans that overlap, and the squared length of each that meets
// none.
func distance(a, b []text.Range) (sum float64) {
	from := 0
	for _, s := range a {
		for from < len(b) && b[from].End <= s.Start {
			from++
		}
		if from == len(b) || b[from].Start >= s.End {
			sum += square(s.Len())
		}
		for _, o := range b[from:] {
			if o.Start >= s.End {
				break
			}
			sum += square(s.Start-o.Start) + square(s.End-o.End)
		}
	}
	from = 0
	for _, o := range b {
		for from < len(a) && a[from].End <= o.Start {
			from++
		}
		if from == len(a) || a[from].Start >= o.End {
			sum += square(o.Len())
		}
	}

	return sum
}

func square(n int) float64 { return float64(n) * float64(n) }

// expected is De: each span set at random against every other and against
// every gap that has room for it.
func expected(spans, gaps []int, m, l float64) float64 {
	slices.Sort(gaps)
	rest := make([]float64, len(gaps)+1) // rest[i] is the sum of gaps[i:]
	for i := len(gaps) - 1; i >= 0; i-- {
		rest[i] = rest[i+1] + float64(gaps[i])
	}

	sum, own := 0.0, 0.0
	for _, n := range spans {
		b := float64(n)
		first, _ := slices.BinarySearch(gaps, n)
		room := rest[first] - float64(len(gaps)-first)*(b-1)
		sum += float64(len(spans)-1)/3*(2*b*b*b-3*b*b+b) + b*b*room
		own += b * (b - 1)
	}

	return 2 / l * sum / (m*l*(m*l-1) - own)
}
