package agreement

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"annotate/internal/corpus"
)

// Rating is the class that one annotator gave one item, all numbered from 0.
// The same annotator may rate an item repeatedly; each reading counts.
type Rating struct{ Item, Annotator, Class int }

// Ratings are what a model of consensus is fitted to, in any order.
type Ratings struct {
	Items, Annotators, Classes int
	All                        []Rating
}

// DawidSkeneOptions bound the fit; the zero value is what is usual.
type DawidSkeneOptions struct {
	Rounds    int     // at most; 0: 100
	Tolerance float64 // it ends when class shares and error rates each move by less in sum; 0: 1e-5
}

// DawidSkeneFit advises: which class an item probably has, and how each
// annotator errs. It decides nothing. With two or three annotators, or few
// items, the data do not tell good annotators from bad ones, and other answers
// fit as well.
type DawidSkeneFit struct {
	Posteriors    [][]float64   // by item and class; NaN where nobody rated the item
	Classes       []float64     // share of each class
	Errors        [][][]float64 // by annotator, true class and class given; 0 throughout where no item supports a row
	LogLikelihood float64       // natural logarithm
	Rounds        int
	Converged     bool
}

// Accuracy is how probably that annotator gives an item its true class.
func (f DawidSkeneFit) Accuracy(annotator int) (p float64) {
	for k, share := range f.Classes {
		p += share * f.Errors[annotator][k][k]
	}
	return p
}

// DawidSkene fits the model of Dawid and Skene (1979) by expectation and
// maximisation, beginning with the share of ratings that each class has for an
// item (their equation 3.1) and without smoothing, so the same ratings give the
// same fit. The error is *corpus.Invalid for ratings out of range, or that of
// ctx.
func DawidSkene(ctx context.Context, r Ratings, o DawidSkeneOptions) (DawidSkeneFit, error) {
	patterns, of, err := r.patterns()
	if err != nil {
		return DawidSkeneFit{}, err
	}
	rounds, tolerance := cmp.Or(o.Rounds, 100), cmp.Or(o.Tolerance, 1e-5)
	m := newSkene(r, patterns)
	f := DawidSkeneFit{}
	for f.Rounds < rounds && !f.Converged {
		if err := ctx.Err(); err != nil {
			return DawidSkeneFit{}, fmt.Errorf("dawid-skene after %d rounds: %w", f.Rounds, err)
		}
		f.Rounds++
		shares, errors := m.maximise()
		f.LogLikelihood = m.expect()
		f.Converged = f.Rounds > 1 && shares < tolerance && errors < tolerance
	}

	f.Classes, f.Errors = m.classes, m.errorRates()
	f.Posteriors = spread(of, m.posteriors, r.Classes)

	return f, nil
}

// pattern is what was said of some items: items that have the same ratings have
// the same posterior, and there are far fewer patterns than items.
type pattern struct {
	said  []int32 // annotator × classes + class
	items float64
}

// patterns are the different ones in the order of their first item, and that of
// each item: -1 where nobody rated it.
func (r Ratings) patterns() (out []pattern, of []int32, err error) {
	if r.Classes < 2 {
		return nil, nil, corpus.Invalidf("classes", "there must be two or more to choose from")
	}
	if len(r.All) == 0 {
		return nil, nil, corpus.Invalidf("ratings", "there are none")
	}
	from := make([]int, r.Items+1) // where the ratings of an item begin
	for _, one := range r.All {
		if one.Item < 0 || one.Item >= r.Items || one.Annotator < 0 || one.Annotator >= r.Annotators || one.Class < 0 || one.Class >= r.Classes {
			return nil, nil, corpus.Invalidf("ratings", "item %d, annotator %d, class %d is none of the %d items, %d annotators and %d classes", one.Item, one.Annotator, one.Class, r.Items, r.Annotators, r.Classes)
		}
		from[one.Item+1]++
	}
	for i := range r.Items {
		from[i+1] += from[i]
	}
	said, next := make([]int32, len(r.All)), slices.Clone(from)
	for _, one := range r.All {
		said[next[one.Item]] = int32(one.Annotator*r.Classes + one.Class)
		next[one.Item]++
	}

	of = make([]int32, r.Items)
	known := map[string]int32{}
	var key []byte
	for i := range of {
		of[i] = -1
		its := said[from[i]:from[i+1]]
		if len(its) == 0 {
			continue
		}
		slices.Sort(its)
		key = key[:0]
		for _, s := range its {
			key = binary.LittleEndian.AppendUint32(key, uint32(s))
		}
		p, seen := known[string(key)]
		if !seen {
			p = int32(len(out))
			known[string(key)] = p
			out = append(out, pattern{said: its})
		}
		out[p].items++
		of[i] = p
	}

	return out, of, nil
}

// spread gives each item the posterior of its pattern.
func spread(of []int32, posteriors []float64, q int) [][]float64 {
	out := make([][]float64, len(of))
	nobody := slices.Repeat([]float64{math.NaN()}, q)
	for i, p := range of {
		out[i] = nobody
		if p >= 0 {
			out[i] = posteriors[int(p)*q : int(p+1)*q]
		}
	}
	return out
}

// skene is the state of a fit. Error rates lie by annotator, class given, true
// class, as a round reads them.
type skene struct {
	q, annotators int
	patterns      []pattern
	posteriors    []float64 // by pattern and class
	classes       []float64
	errors        []float64
	before        []float64 // errors and then classes of the round before
	logs          []float64
}

func newSkene(r Ratings, patterns []pattern) *skene {
	q := r.Classes
	m := &skene{q: q, annotators: r.Annotators, patterns: patterns, posteriors: make([]float64, len(patterns)*q), classes: make([]float64, q)}
	m.errors = make([]float64, r.Annotators*q*q)
	m.logs = make([]float64, len(m.errors))
	for i, p := range patterns {
		for _, s := range p.said {
			m.posteriors[i*q+int(s)%q] += 1 / float64(len(p.said))
		}
	}
	return m
}

// maximise takes class shares and error rates from the posteriors, and tells
// how far each moved in sum.
func (m *skene) maximise() (shares, errors float64) {
	m.before = append(append(m.before[:0], m.errors...), m.classes...)
	clear(m.classes)
	clear(m.errors)
	items := 0.0
	for i, p := range m.patterns {
		items += p.items
		post := m.posteriors[i*m.q : (i+1)*m.q]
		for k, v := range post {
			m.classes[k] += p.items * v
		}
		for _, s := range p.said {
			row := m.errors[int(s)*m.q : (int(s)+1)*m.q]
			for k, v := range post {
				row[k] += p.items * v
			}
		}
	}
	for k := range m.classes {
		m.classes[k] /= items
	}
	for a := range m.annotators {
		for k := range m.q {
			sum := 0.0
			for l := range m.q {
				sum += m.errors[(a*m.q+l)*m.q+k]
			}
			for l := range m.q {
				if sum > 0 {
					m.errors[(a*m.q+l)*m.q+k] /= sum
				}
			}
		}
	}

	for i, v := range m.errors {
		errors += math.Abs(v - m.before[i])
	}
	for k, v := range m.classes {
		shares += math.Abs(v - m.before[len(m.errors)+k])
	}

	return shares, errors
}

// expect takes the posteriors from class shares and error rates and gives the
// logarithm of the likelihood.
func (m *skene) expect() (logL float64) {
	for i, v := range m.errors {
		m.logs[i] = math.Log(v)
	}
	prior := make([]float64, m.q)
	for k, v := range m.classes {
		prior[k] = math.Log(v)
	}
	for i, p := range m.patterns {
		post := m.posteriors[i*m.q : (i+1)*m.q]
		copy(post, prior)
		for _, s := range p.said {
			for k, v := range m.logs[int(s)*m.q : (int(s)+1)*m.q] {
				post[k] += v
			}
		}
		logL += p.items * softmax(post)
	}

	return logL
}

// softmax turns logarithms into shares and gives the logarithm of their sum.
func softmax(v []float64) float64 {
	top, sum := slices.Max(v), 0.0
	for k := range v {
		v[k] = math.Exp(v[k] - top)
		sum += v[k]
	}
	for k := range v {
		v[k] /= sum
	}
	return top + math.Log(sum)
}

func (m *skene) errorRates() [][][]float64 {
	out := make([][][]float64, m.annotators)
	for a := range out {
		out[a] = make([][]float64, m.q)
		for k := range out[a] {
			out[a][k] = make([]float64, m.q)
			for l := range m.q {
				out[a][k][l] = m.errors[(a*m.q+l)*m.q+k]
			}
		}
	}
	return out
}

// MACEOptions bound the fit; the zero value is what MACE 0.3 does by default.
type MACEOptions struct {
	Restarts int    // 0: 10
	Rounds   int    // of each restart, at most; 0: 50
	Seed     uint64 // of a PCG generator, which draws where each restart begins
}

// MACEFit advises, as DawidSkeneFit does. It has one number for an annotator
// and so stands on less data.
type MACEFit struct {
	Posteriors    [][]float64 // by item and class; NaN where nobody rated the item
	Entropies     []float64   // of the posteriors, in nats: high where an item is in doubt
	Competence    []float64   // how probably an annotator looks rather than guesses; NaN for who rated nothing
	LogLikelihood float64     // marginal, natural logarithm, of the best restart
	Converged     bool        // whether that one ended before its last round
}

// MACE fits the model of Hovy, Berg-Kirkpatrick, Vaswani and Hovy (2013) by
// variational Bayes, with priors of .5 and .5 for competence and of 10 for each
// class of a guess, as the authors' program does. It begins at random a number
// of times and keeps the likeliest end; one seed gives one fit. The error is
// *corpus.Invalid for ratings out of range, or that of ctx.
func MACE(ctx context.Context, r Ratings, o MACEOptions) (MACEFit, error) {
	patterns, of, err := r.patterns()
	if err != nil {
		return MACEFit{}, err
	}
	restarts, rounds := cmp.Or(o.Restarts, 10), cmp.Or(o.Rounds, 50)
	source := rand.New(rand.NewPCG(o.Seed, 0))
	m := newMACE(r, patterns)
	best := MACEFit{LogLikelihood: math.Inf(-1)}
	var posteriors []float64
	for range restarts {
		m.begin(source)
		moved, logL := math.Inf(1), 0.0
		for n := 0; n < rounds && moved > maceStill; n++ {
			if err := ctx.Err(); err != nil {
				return MACEFit{}, fmt.Errorf("mace: %w", err)
			}
			logL = m.expect()
			moved = m.maximise()
		}
		if logL > best.LogLikelihood {
			best.LogLikelihood, best.Converged = logL, moved <= maceStill
			best.Competence = slices.Clone(m.knows)
			posteriors = slices.Clone(m.posteriors)
		}
	}

	for a, n := range m.readings() {
		if n == 0 {
			best.Competence[a] = math.NaN()
		}
	}
	best.Posteriors = spread(of, posteriors, r.Classes)
	best.Entropies = make([]float64, r.Items)
	for i, post := range best.Posteriors {
		best.Entropies[i] = entropy(post)
	}

	return best, nil
}

// maceStill is by how much in sum the probabilities of annotators move when a
// restart has arrived.
const maceStill = 1e-9

func entropy(shares []float64) (h float64) {
	for _, p := range shares {
		if p != 0 {
			h -= p * math.Log(p)
		}
	}
	return h
}

// mace is the state of a restart. Expectations of logarithms make knows and
// guesses of an annotator sum to less than 1.
type mace struct {
	q              int
	patterns       []pattern
	posteriors     []float64 // by pattern and class
	knows, guesses []float64 // by annotator
	strategy       []float64 // by annotator and class: what is guessed
	knew, guessed  []float64 // expected counts, as knows and strategy
	wrong, gain    []float64 // by annotator and class: log of a guess, and how much more it is where the class is true
	before         []float64
}

func newMACE(r Ratings, patterns []pattern) *mace {
	n, q := r.Annotators, r.Classes
	return &mace{
		q: q, patterns: patterns, posteriors: make([]float64, len(patterns)*q),
		knows: make([]float64, n), guesses: make([]float64, n), strategy: make([]float64, n*q),
		knew: make([]float64, n), guessed: make([]float64, n*q),
		wrong: make([]float64, n*q), gain: make([]float64, n*q),
	}
}

// begin draws where a restart begins: even odds with noise of up to a half.
func (m *mace) begin(source *rand.Rand) {
	draw := func() float64 { return 1 + source.Float64()/2 }
	for a := range m.knows {
		k, g := draw(), draw()
		m.knows[a], m.guesses[a] = k/(k+g), g/(k+g)
		row, sum := m.strategy[a*m.q:(a+1)*m.q], 0.0
		for l := range row {
			row[l] = draw()
			sum += row[l]
		}
		for l := range row {
			row[l] /= sum
		}
	}
}

// expect takes posteriors and expected counts, and gives the logarithm of the
// marginal likelihood, with even odds for the classes.
func (m *mace) expect() (logL float64) {
	for s, p := range m.strategy {
		a := s / m.q
		guess := m.guesses[a] * p
		m.wrong[s] = math.Log(guess)
		m.gain[s] = math.Log(guess+m.knows[a]) - m.wrong[s]
	}
	clear(m.knew)
	clear(m.guessed)
	even := -math.Log(float64(m.q))
	for i, p := range m.patterns {
		post := m.posteriors[i*m.q : (i+1)*m.q]
		clear(post)
		common := even
		for _, s := range p.said {
			common += m.wrong[s]
			post[int(s)%m.q] += m.gain[s]
		}
		logL += p.items * (common + softmax(post))
		for _, s := range p.said {
			a := int(s) / m.q
			known := post[int(s)%m.q] * m.knows[a] / (m.knows[a] + m.guesses[a]*m.strategy[s])
			m.knew[a] += p.items * known
			m.guessed[s] += p.items * (1 - known)
		}
	}

	return logL
}

// maximise takes the annotators' probabilities from the expected counts, and
// tells how far they moved in sum.
func (m *mace) maximise() (moved float64) {
	m.before = append(append(append(m.before[:0], m.knows...), m.guesses...), m.strategy...)
	const competence, guess = .5, 10
	for a := range m.knows {
		sum := 0.0
		row := m.guessed[a*m.q : (a+1)*m.q]
		for _, n := range row {
			sum += n
		}
		all := digamma(m.knew[a] + sum + 2*competence)
		m.knows[a] = math.Exp(digamma(m.knew[a]+competence) - all)
		m.guesses[a] = math.Exp(digamma(sum+competence) - all)
		all = digamma(sum + guess*float64(m.q))
		for l, n := range row {
			m.strategy[a*m.q+l] = math.Exp(digamma(n+guess) - all)
		}
	}

	n := len(m.knows)
	for a := range m.knows {
		moved += math.Abs(m.knows[a]-m.before[a]) + math.Abs(m.guesses[a]-m.before[n+a])
	}
	for s := range m.strategy {
		moved += math.Abs(m.strategy[s] - m.before[2*n+s])
	}

	return moved
}

// readings are how many ratings each annotator gave.
func (m *mace) readings() []float64 {
	out := make([]float64, len(m.knows))
	for _, p := range m.patterns {
		for _, s := range p.said {
			out[int(s)/m.q] += p.items
		}
	}
	return out
}

// digamma is the derivative of the logarithm of the gamma function, for x > 0
// (Abramowitz and Stegun 6.3.5 and 6.3.18).
func digamma(x float64) float64 {
	sum := 0.0
	for ; x < 10; x++ {
		sum -= 1 / x
	}
	i := 1 / (x * x)
	return sum + math.Log(x) - 1/(2*x) - i*(1./12-i*(1./120-i*(1./252-i*(1./240-i*(1./132)))))
}
