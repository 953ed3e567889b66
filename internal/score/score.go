// Package score compares what a cleaner or an annotator said with gold. The
// field has several incompatible figures under the same names, so each measure
// here is defined once, says whose figure it equals, and is tested against that
// program's own output. Measures give counts, which add; a ratio is taken last,
// and a ratio of nothing is NaN, shown as "–": never a silent 0 or 1. Where a
// reference program prints a number for nothing, Measure.Empty says which.
//
// The package knows texts, classes and spans; it knows no files and no screens.
package score

import "math"

// Counts are true positives, false positives and false negatives of whatever
// is counted: words, shingles, blocks, spans. The zero value is "nothing".
type Counts struct {
	TP int `json:"tp"`
	FP int `json:"fp"`
	FN int `json:"fn"`
}

// Add is the sum of both: divide after it for a micro average.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.TP + o.TP, c.FP + o.FP, c.FN + o.FN}
}

// Precision is the share of what was said that is right; NaN where nothing was
// said.
func (c Counts) Precision() float64 { return ratio(c.TP, c.TP+c.FP) }

// Recall is the share of what is right that was said; NaN where there was
// nothing to say.
func (c Counts) Recall() float64 { return ratio(c.TP, c.TP+c.FN) }

// F1 is the harmonic mean of both, computed from the counts: NaN where there is
// nothing on either side, 0 where only one side has something.
func (c Counts) F1() float64 { return ratio(2*c.TP, 2*c.TP+c.FP+c.FN) }

// PRF are the three of them.
func (c Counts) PRF() PRF { return PRF{c.Precision(), c.Recall(), c.F1()} }

// PRF is precision, recall and F1, each NaN where it does not exist.
type PRF struct{ P, R, F1 float64 }

func ratio(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

// Harmonic is 2pr/(p+r): 0 where both are 0, NaN where one is.
func Harmonic(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// lengths turns a match of m out of lengths gold and pred into counts.
func lengths(m, gold, pred int) Counts { return Counts{TP: m, FP: pred - m, FN: gold - m} }

// Filled is how WCXB, WCEB's ratio and CleanEval print what does not exist: 1
// where neither side has anything, 0 where one has not.
func Filled(c Counts) PRF {
	if c == (Counts{}) {
		return PRF{1, 1, 1}
	}
	return zeroed(c)
}

func zeroed(c Counts) PRF {
	f := c.PRF()
	for _, v := range []*float64{&f.P, &f.R, &f.F1} {
		if math.IsNaN(*v) {
			*v = 0
		}
	}
	return f
}

// WCEB is how WCEB prints ROUGE: 1 where both texts are blank, a recall of 1
// where only gold is, else 0 for what does not exist.
func WCEB(gold, pred string, c Counts) PRF {
	f := zeroed(c)
	if Blank(gold) {
		f.R = 1
		if Blank(pred) {
			f = PRF{1, 1, 1}
		}
	}
	return f
}

// WebMainBench is how WebMainBench prints ROUGE-5: 1 where both texts are
// blank, else 0 for what does not exist.
func WebMainBench(gold, pred string, c Counts) PRF {
	if Blank(gold) && Blank(pred) {
		return PRF{1, 1, 1}
	}
	return zeroed(c)
}
