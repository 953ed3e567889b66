package score

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Interval is a mean with the spread that chance in the choice of documents
// gives it: the standard deviation and the middle 95 of 100 of the resamples.
// All are NaN where the mean is.
type Interval struct{ Mean, SD, Low, High float64 }

// Resampling says how often documents, or whole sites, are drawn anew. The same
// one gives the same figures on every machine.
type Resampling struct {
	Resamples int    // 0: 10 000
	Seed      uint64 // of a PCG generator
}

// maxDraws bounds the work: above 10 000 documents the resamples get fewer, to
// no less than 200, so that it stays near a second.
const maxDraws = 100_000_000

// Times is how many resamples are drawn of n units.
func (r Resampling) Times(n int) int {
	times := r.Resamples
	if times == 0 {
		times = 10_000
	}
	return min(times, max(200, maxDraws/max(n, 1)))
}

// Column is one figure of every document, NaN where it does not exist.
type Column []float64

// Mean is the mean of what exists, NaN for nothing.
func (c Column) Mean() float64 {
	sum, n := 0.0, 0
	for _, v := range c {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}

	return sum / float64(n)
}

// Means draws resamples and gives the means of each column in each of them, all
// columns over the same draws, so that differences between them are paired. A
// unit is a document, or all documents of a site where sites has the number of
// each document's site (from 0); nil for documents.
func (r Resampling) Means(columns []Column, sites []int) [][]float64 {
	if len(columns) == 0 || len(columns[0]) == 0 {
		return make([][]float64, len(columns))
	}
	units := len(columns[0])
	if sites != nil {
		units = slices.Max(sites) + 1
	}
	if units < 2 { // one document says nothing about another
		return slices.Repeat([][]float64{{math.NaN()}}, len(columns))
	}
	// what is added up in a resample: the sums of all columns that have figures,
	// then how many they have, for those in which some are missing
	live, gaps := []int{}, []int{}
	for k, c := range columns {
		missing := 0
		for _, v := range c {
			if math.IsNaN(v) {
				missing++
			}
		}
		if missing < len(c) {
			live = append(live, k)
			if missing > 0 || sites != nil {
				gaps = append(gaps, k)
			}
		}
	}
	width := len(live) + len(gaps)
	cells := make([]float64, units*width)
	fill := func(at int, c Column, add func(float64) float64) {
		for d, v := range c {
			u := d
			if sites != nil {
				u = sites[d]
			}
			if !math.IsNaN(v) {
				cells[u*width+at] += add(v)
			}
		}
	}
	counts := make([]int, len(columns)) // where the count of a column is, 0 for all documents
	for at, k := range live {
		fill(at, columns[k], func(v float64) float64 { return v })
	}
	for at, k := range gaps {
		counts[k] = len(live) + at
		fill(counts[k], columns[k], func(float64) float64 { return 1 })
	}

	times := r.Times(units)
	out := make([][]float64, len(columns))
	for k := range out {
		out[k] = slices.Repeat([]float64{math.NaN()}, times)
	}
	source := rand.NewPCG(r.Seed, uint64(units))
	row := make([]float64, width)
	for b := range times {
		clear(row)
		for range units {
			u, _ := bits.Mul64(source.Uint64(), uint64(units))
			for k, v := range cells[int(u)*width : int(u+1)*width] {
				row[k] += v
			}
		}
		for at, k := range live {
			n := float64(units)
			if counts[k] > 0 {
				n = row[counts[k]]
			}
			out[k][b] = row[at] / n // NaN where nothing was drawn
		}
	}

	return out
}

// Spread is the interval of a figure whose resampled values are given.
func Spread(mean float64, resampled []float64) Interval {
	v := slices.DeleteFunc(slices.Clone(resampled), math.IsNaN)
	if math.IsNaN(mean) || len(v) < 2 {
		return Interval{mean, math.NaN(), math.NaN(), math.NaN()}
	}
	slices.Sort(v)
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	m, square := sum/float64(len(v)), 0.0
	for _, x := range v {
		square += (x - m) * (x - m)
	}

	return Interval{mean, math.Sqrt(square / float64(len(v)-1)), quantile(v, .025), quantile(v, .975)}
}

// quantile interpolates between neighbours, as numpy does.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// Comparison sets one run against another on the documents that both have a
// figure for.
type Comparison struct {
	Difference         Interval // of the means, ours less theirs
	P                  float64  // two-sided, by flipping the signs of the differences per document; NaN where none differ
	Holm               float64  // P corrected for the number of comparisons made; set by Holm
	Exact              bool     // all flips were tried
	Wins, Losses, Ties int
	N                  int
}

// TieTolerance is how far two figures of a document may be apart and still tie.
const TieTolerance = 1e-9

// Level is how small p has to be, after Holm's correction.
const Level = .05

// Distinguishable reports whether the interval lies wholly on one side of 0 and
// p is below Level: of a few documents an interval alone says more than it
// knows. Where it does not, the words are "not distinguishable from".
func (c Comparison) Distinguishable() bool {
	return (c.Difference.Low > 0 || c.Difference.High < 0) && c.Holm < Level
}

// Turned is the comparison seen from the other side.
func (c Comparison) Turned() Comparison {
	d := c.Difference
	c.Difference = Interval{-d.Mean, d.SD, -d.High, -d.Low}
	c.Wins, c.Losses = c.Losses, c.Wins

	return c
}

// Compare compares two columns over the same documents; sites as in Means.
func (r Resampling) Compare(ours, theirs Column, sites []int) Comparison {
	means := r.Means([]Column{ours, theirs}, sites)
	return r.compare(ours, theirs, means[0], means[1], ours.Mean()-theirs.Mean())
}

// compare takes the resampled figures of both sides.
func (r Resampling) compare(ours, theirs Column, a, b []float64, difference float64) Comparison {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	c := Comparison{Difference: Spread(difference, d)}
	var differences []float64
	for i := range ours {
		delta := ours[i] - theirs[i]
		switch {
		case math.IsNaN(delta):
			continue
		case delta > TieTolerance:
			c.Wins++
		case delta < -TieTolerance:
			c.Losses++
		default:
			c.Ties++
		}
		c.N++
		if math.Abs(delta) > TieTolerance {
			differences = append(differences, delta)
		}
	}
	c.P, c.Exact = r.SignFlip(differences)
	c.Holm = c.P

	return c
}

// compareShingles compares F1 as article-extraction-benchmark defines it, the
// harmonic mean of mean precision and mean recall; wins and p are of the F1 of
// each page.
func (r Resampling) compareShingles(ours, theirs *figures) Comparison {
	m := r.Means([]Column{ours.p, ours.r, theirs.p, theirs.r}, nil)
	f := func(c *figures) float64 { return Harmonic(c.p.Mean(), c.r.Mean()) }

	return r.compare(ours.f1, theirs.f1, harmonics(m[0], m[1]), harmonics(m[2], m[3]), f(ours)-f(theirs))
}

func harmonics(p, r []float64) []float64 {
	out := make([]float64, len(p))
	for i := range p {
		out[i] = Harmonic(p[i], r[i])
	}
	return out
}

// Part is one of the three figures.
type Part int

// The three figures.
const (
	P Part = iota
	R
	F1
)

func (p Part) String() string { return [...]string{"p", "r", "f1"}[p] }

// Of is that figure.
func (p Part) Of(f PRF) float64 { return [...]float64{f.P, f.R, f.F1}[p] }

// exactFlips is up to how many differences all flips are tried.
const exactFlips = 20

// SignFlip is the two-sided p of a mean difference of 0: the share of all ways
// to flip the signs, or of as many random ones as there are resamples, that
// give a sum as far from 0. It is NaN for no differences, and the second result
// says whether all ways were tried.
func (r Resampling) SignFlip(differences []float64) (float64, bool) {
	n := len(differences)
	if n == 0 {
		return math.NaN(), true
	}
	observed, scale := 0.0, 0.0
	for _, d := range differences {
		observed += d
		scale += math.Abs(d)
	}
	bound := math.Abs(observed) - 1e-12*scale

	if n <= exactFlips {
		sum, far := observed, 1 // all as they are
		signs := slices.Clone(differences)
		for k := uint32(1); k < 1<<n; k++ { // in Gray's order one sign changes at a time
			i := bits.TrailingZeros32(k)
			sum -= 2 * signs[i]
			signs[i] = -signs[i]
			if math.Abs(sum) >= bound {
				far++
			}
		}
		return float64(far) / float64(uint32(1)<<n), true
	}

	times, far := r.Times(n), 0
	source := rand.NewPCG(r.Seed, uint64(n)<<32)
	for range times {
		sum := 0.0
		var coins uint64
		for i, d := range differences {
			if i%64 == 0 {
				coins = source.Uint64()
			}
			sum += math.Float64frombits(math.Float64bits(d) ^ coins<<63)
			coins >>= 1
		}
		if math.Abs(sum) >= bound {
			far++
		}
	}

	return float64(far+1) / float64(times+1), false
}

// Holm corrects the p of several comparisons, so that the chance of one false
// alarm among them stays below the level. NaN stays NaN and does not count.
func Holm(cs []Comparison) {
	var order []int
	for i := range cs {
		if cs[i].Holm = cs[i].P; !math.IsNaN(cs[i].P) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case cs[a].P < cs[b].P:
			return -1
		case cs[a].P > cs[b].P:
			return 1
		}
		return 0
	})
	worst := 0.0
	for rank, i := range order {
		worst = max(worst, min(1, float64(len(order)-rank)*cs[i].P))
		cs[i].Holm = worst
	}
}
