package agreement

import "math"

// Table is the confusion of two annotators over q nominal classes: rows are the
// first one's, columns the second's. Cells are counts of units, or sums of
// their weights. Only units that both judged are in it.
type Table struct {
	q     int
	cells []float64
}

// NewTable is an empty table over classes 0 to q−1.
func NewTable(q int) Table { return Table{q, make([]float64, q*q)} }

// Count adds a unit that the first annotator gave class a and the second b.
func (t Table) Count(a, b int, weight float64) { t.cells[a*t.q+b] += weight }

// At is what the first called a and the second b.
func (t Table) At(a, b int) float64 { return t.cells[a*t.q+b] }

// Add adds a table over the same classes.
func (t Table) Add(o Table) {
	for i, v := range o.cells {
		t.cells[i] += v
	}
}

// margins are the shares of each class with either annotator, the share on the
// diagonal, and the sum of all cells.
func (t Table) margins() (first, second []float64, agreed, units float64) {
	first, second = make([]float64, t.q), make([]float64, t.q)
	for a := range t.q {
		for b := range t.q {
			first[a] += t.At(a, b)
			second[b] += t.At(a, b)
			units += t.At(a, b)
		}
		agreed += t.At(a, a)
	}
	for k := range t.q {
		first[k] /= units
		second[k] /= units
	}

	return first, second, agreed / units, units
}

// Raw is the share of units on which both agree, without a correction for
// chance: it is Observed too, and Expected is NaN.
func (t Table) Raw() Coefficient {
	_, _, agreed, units := t.margins()
	if units == 0 {
		return undefined(0, NotTwice)
	}
	return Coefficient{Value: agreed, Observed: agreed, Expected: math.NaN(), Units: units}
}

// CohenKappa expects by chance what two annotators would share who each keep to
// their own distribution (Cohen 1960). It does not exist where both used one
// and the same class only.
func (t Table) CohenKappa() Coefficient {
	first, second, agreed, units := t.margins()
	return chance(agreed, units, soleClass(first) && soleClass(second) && agreed == 1, func() (e float64) {
		for k := range first {
			e += first[k] * second[k]
		}
		return e
	})
}

// ScottPi expects by chance what two annotators would share who both keep to
// their common distribution (Scott 1955). It does not exist where only one
// class was used.
func (t Table) ScottPi() Coefficient {
	pooled, agreed, units := t.pooled()
	return chance(agreed, units, soleClass(pooled), func() float64 { return squares(pooled) })
}

// AC1 is Gwet's (2008): chance is taken to matter only for units that are hard
// to judge, so that it stays high where one class is rare and kappa collapses.
// It exists where everybody chose one of several classes, and is 1 then. It
// does not exist for one class.
func (t Table) AC1() Coefficient {
	pooled, agreed, units := t.pooled()
	return gwet(pooled, agreed, units)
}

func (t Table) pooled() (shares []float64, agreed, units float64) {
	first, second, agreed, units := t.margins()
	for k := range first {
		first[k] = (first[k] + second[k]) / 2
	}
	return first, agreed, units
}

// Coincidences are the ratings of units by any number of annotators over q
// nominal classes, where some may be missing. Units with one rating stand in
// the distribution that AC1 and Fleiss' kappa expect by; everywhere else they
// drop out. A unit of weight w counts as w units would.
type Coincidences struct {
	q           int
	sums        []float64 // q × q coincidences, q shares, then agreed and twice
	least, most int       // ratings of a unit; 0 where there is no unit
}

// NewCoincidences is for classes 0 to q−1.
func NewCoincidences(q int) Coincidences {
	return Coincidences{q: q, sums: make([]float64, q*q+q+2)}
}

// pairs are Krippendorff's coincidences, shares the sum over units of the share
// of ratings that each class has there, agreed the sum of the share of pairs of
// ratings that agree, and twice how many units have two ratings or more.
func (c Coincidences) pairs() []float64  { return c.sums[:c.q*c.q] }
func (c Coincidences) shares() []float64 { return c.sums[c.q*c.q : c.q*c.q+c.q] }
func (c Coincidences) agreed() float64   { return c.sums[c.q*c.q+c.q] }
func (c Coincidences) twice() float64    { return c.sums[c.q*c.q+c.q+1] }

// Count adds a unit: ratings[k] annotators gave it class k. A unit without
// ratings or without weight adds nothing.
func (c *Coincidences) Count(ratings []int, weight float64) {
	m := 0
	for _, n := range ratings {
		m += n
	}
	if m == 0 || weight == 0 {
		return
	}
	if c.least == 0 || m < c.least {
		c.least = m
	}
	c.most = max(c.most, m)

	shares := c.shares()
	for k, n := range ratings {
		shares[k] += weight * float64(n) / float64(m)
	}
	if m < 2 {
		return
	}
	pairs, alike := c.pairs(), 0
	for a, n := range ratings {
		for b, o := range ratings {
			if a == b {
				o--
				alike += n * o
			}
			pairs[a*c.q+b] += weight * float64(n*o) / float64(m-1)
		}
	}
	c.sums[c.q*c.q+c.q] += weight * float64(alike) / float64(m*(m-1))
	c.sums[c.q*c.q+c.q+1] += weight
}

// Add adds coincidences over the same classes.
func (c *Coincidences) Add(o Coincidences) {
	for i, v := range o.sums {
		c.sums[i] += v
	}
	if c.least == 0 || o.least > 0 && o.least < c.least {
		c.least = o.least
	}
	c.most = max(c.most, o.most)
}

// Alpha is Krippendorff's for nominal data (2011, "Computing Krippendorff's
// alpha-reliability"), 1 − Do/De. Units are those with two ratings or more.
func (c Coincidences) Alpha() Coefficient {
	n, diagonal, marginal := c.margins()
	switch {
	case n <= 1: // a unit gives two or more, unless it weighs next to nothing
		return undefined(c.twice(), NotTwice)
	case soleClass(marginal):
		return undefined(c.twice(), OneClass)
	}
	expected := 0.0
	for _, m := range marginal {
		expected += m * (m - 1)
	}

	return beyond(diagonal/n, expected/(n*(n-1)), c.twice())
}

// Raw is 1 − Do: the share of pairs of ratings of one unit that agree, where a
// unit counts for its number of ratings, as DKPro's percentage agreement does.
func (c Coincidences) Raw() Coefficient {
	n, diagonal, _ := c.margins()
	if n == 0 {
		return undefined(0, NotTwice)
	}
	return Coefficient{Value: diagonal / n, Observed: diagonal / n, Expected: math.NaN(), Units: c.twice()}
}

// AC1 is Gwet's for many annotators with missing ratings (Gwet 2014, "Handbook
// of inter-rater reliability", as irrCAC's gwet.ac1.raw): each unit counts once
// whatever the number of its ratings, and units with one rating are in the
// distribution. Without those it equals AC1 of a Table.
func (c Coincidences) AC1() Coefficient {
	return gwet(normal(c.shares()), c.agreed()/c.twice(), c.twice())
}

// FleissKappa is Scott's pi for many annotators (Fleiss 1971). It needs the same
// number of ratings on every unit.
func (c Coincidences) FleissKappa() Coefficient {
	switch {
	case c.twice() == 0:
		return undefined(0, NotTwice)
	case c.least != c.most:
		return undefined(c.twice(), Uneven)
	}
	p := normal(c.shares())

	return chance(c.agreed()/c.twice(), c.twice(), soleClass(p), func() float64 { return squares(p) })
}

func (c Coincidences) margins() (n, diagonal float64, marginal []float64) {
	marginal = make([]float64, c.q)
	for i, v := range c.pairs() {
		marginal[i/c.q] += v
		n += v
		if i/c.q == i%c.q {
			diagonal += v
		}
	}
	return n, diagonal, marginal
}

// chance is a coefficient of units that two annotators or more judged.
func chance(observed, units float64, oneClass bool, expected func() float64) Coefficient {
	switch {
	case units == 0:
		return undefined(0, NotTwice)
	case oneClass:
		return undefined(units, OneClass)
	}
	return beyond(observed, expected(), units)
}

func gwet(shares []float64, observed, units float64) Coefficient {
	switch {
	case units == 0:
		return undefined(0, NotTwice)
	case len(shares) < 2:
		return undefined(units, OneChoice)
	}
	expected := 0.0
	for _, p := range shares {
		expected += p * (1 - p)
	}

	return beyond(observed, expected/float64(len(shares)-1), units)
}

func normal(v []float64) []float64 {
	sum, out := 0.0, make([]float64, len(v))
	for _, x := range v {
		sum += x
	}
	for i, x := range v {
		out[i] = x / sum
	}
	return out
}

func squares(v []float64) (sum float64) {
	for _, x := range v {
		sum += x * x
	}
	return sum
}

// soleClass reports whether at most one class was used: counting them is exact
// where a sum of rounded shares is not.
func soleClass(shares []float64) bool {
	used := 0
	for _, p := range shares {
		if p > 0 {
			used++
		}
	}
	return used < 2
}
