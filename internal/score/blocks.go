package score

import (
	"math"

	"annotate/internal/corpus"
)

// Confusion counts blocks, or what weighs them, by their class in gold and in
// the answer. What is Undecided on either side is counted apart: it is neither
// right nor wrong.
type Confusion struct {
	Body        Counts // body taken for the class that is looked for
	Right       int    // boilerplate that is called boilerplate
	Undecidable int
}

// Blocks compares classes one by one. Each counts for its weight, or for 1
// where weights is nil. The slices are parallel.
func Blocks(gold, pred []corpus.Class, weights []int) Confusion {
	var c Confusion
	for i, g := range gold {
		w := 1
		if weights != nil {
			w = weights[i]
		}
		switch p := pred[i]; {
		case g == corpus.Undecided || p == corpus.Undecided:
			c.Undecidable += w
		case g == corpus.Body && p == corpus.Body:
			c.Body.TP += w
		case g == corpus.Body:
			c.Body.FN += w
		case p == corpus.Body:
			c.Body.FP += w
		default:
			c.Right += w
		}
	}

	return c
}

// Add is the sum of both.
func (c Confusion) Add(o Confusion) Confusion {
	return Confusion{c.Body.Add(o.Body), c.Right + o.Right, c.Undecidable + o.Undecidable}
}

// Boilerplate looks for the other class.
func (c Confusion) Boilerplate() Counts { return Counts{TP: c.Right, FP: c.Body.FN, FN: c.Body.FP} }

// Total is all that was judged.
func (c Confusion) Total() int { return c.Body.TP + c.Body.FP + c.Body.FN + c.Right }

// Accuracy is the share that is right, which is also the micro F1 of the two
// classes; NaN for nothing.
func (c Confusion) Accuracy() float64 { return ratio(c.Body.TP+c.Right, c.Total()) }

// MacroF1 is the mean of the two classes' F1; NaN where either is on neither
// side.
func (c Confusion) MacroF1() float64 { return (c.Body.F1() + c.Boilerplate().F1()) / 2 }

// BalancedAccuracy is the mean of the two classes' recall; NaN where gold has
// only one.
func (c Confusion) BalancedAccuracy() float64 {
	return (c.Body.Recall() + c.Boilerplate().Recall()) / 2
}

// Kappa is Cohen's: how far the answer is beyond what its own share of body
// would give by chance. NaN where both sides have one class only.
func (c Confusion) Kappa() float64 {
	n := float64(c.Total())
	tp, fp, fn, tn := float64(c.Body.TP), float64(c.Body.FP), float64(c.Body.FN), float64(c.Right)
	chance := ((tp+fp)/n)*((tp+fn)/n) + ((fn+tn)/n)*((fp+tn)/n)
	if n == 0 || chance == 1 {
		return math.NaN()
	}

	return ((tp+tn)/n - chance) / (1 - chance)
}

// MCC is Matthews' correlation coefficient; NaN where either side has one class
// only.
func (c Confusion) MCC() float64 {
	tp, fp, fn, tn := float64(c.Body.TP), float64(c.Body.FP), float64(c.Body.FN), float64(c.Right)
	d := math.Sqrt(tp+fp) * math.Sqrt(tp+fn) * math.Sqrt(tn+fp) * math.Sqrt(tn+fn)
	if d == 0 {
		return math.NaN()
	}

	return (tp*tn - fp*fn) / d
}
