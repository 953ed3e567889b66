// Package crf is a linear-chain conditional random field over sparse features
// (Lafferty, McCallum and Pereira, "Conditional random fields", ICML 2001): it
// gives each position of a sequence one of a few states, and its answer is of
// the whole sequence, so that a position is judged by its neighbours too. What
// the positions are, and what is seen of them, is the caller's: features come
// as numbers below a bound, hashed or counted.
//
// Training is plain gradient ascent in one goroutine, because the same examples
// and the same seed must give the same model to the bit (on one kind of
// processor; another may round otherwise).
package crf

import (
	"fmt"
	"math"
)

// Unknown is the tag of a position of which nothing is known. Training sums
// over all states that it may have.
const Unknown = -1

// Sequence is one example.
type Sequence struct {
	Items  Items
	Tags   []int   // one for each item: a state, or Unknown
	Weight float64 // how much the example counts; 0 is 1
}

// Model tells the states of a sequence. It is not changed by its methods, which
// may be called concurrently.
type Model struct {
	States, Features int

	weights     []float32 // a row of States for each feature
	transitions []float32 // a row of States for the start, then one for each state before; -Inf where not allowed
}

// Marginals are the probabilities of the states at each position, which sum to
// 1. Features that the model does not have count for nothing.
func (m *Model) Marginals(items [][]Feature) [][]float64 {
	l := m.lattice(items)
	l.sum(nil)
	l.finish()

	out := make([][]float64, len(items))
	for t := range out {
		out[t] = l.state(t, make([]float64, m.States))
	}
	return out
}

// LogLikelihood is the natural logarithm of the probability of the tags, summed
// over what Unknown leaves open; -Inf for a sequence that is not allowed. There
// is one tag for each item.
func (m *Model) LogLikelihood(items [][]Feature, tags []int) float64 {
	return m.LogLikelihoods(items, tags)[0]
}

// LogLikelihoods are those of several taggings of the same items, which are
// looked at once.
func (m *Model) LogLikelihoods(items [][]Feature, tags ...[]int) []float64 {
	l := m.lattice(items)
	all := l.sum(nil)
	out := make([]float64, len(tags))
	for i, one := range tags {
		out[i] = l.sum(one) - all
	}

	return out
}

// Best is the most probable sequence of states (Viterbi), of several the one
// whose last states are lowest.
func (m *Model) Best(items [][]Feature) []int {
	n, s := len(items), m.States
	out := make([]int, n)
	if n == 0 {
		return out
	}

	now, before, from := make([]float64, s), make([]float64, s), make([]int32, n*s)
	for t, item := range items {
		m.score(item, now)
		for to := range s {
			best, by := math.Inf(-1), 0
			if t == 0 {
				best = float64(m.transitions[to])
			}
			for a := 0; t > 0 && a < s; a++ {
				if x := before[a] + float64(m.transitions[(a+1)*s+to]); x > best {
					best, by = x, a
				}
			}
			now[to] += best
			from[t*s+to] = int32(by)
		}
		now, before = before, now
	}

	last := 0
	for a, x := range before {
		if x > before[last] {
			last = a
		}
	}
	for t := n - 1; t >= 0; t-- {
		out[t] = last
		last = int(from[t*s+last])
	}

	return out
}

// score writes the sum of an item's weights for each state.
func (m *Model) score(item []Feature, out []float64) {
	clear(out)
	for _, f := range item {
		if int(f) >= m.Features {
			continue
		}
		for a, w := range m.weights[int(f)*m.States:][:m.States] {
			out[a] += float64(w)
		}
	}
}

func (m *Model) lattice(items [][]Feature) *lattice {
	l := newLattice(m.States)
	for i, x := range m.transitions {
		l.transitions[i] = float64(x)
	}
	l.start(len(items))
	for t, item := range items {
		m.score(item, l.row(l.scores, t))
	}

	return l
}

// sound refuses transitions from which no sequence of every length follows.
func sound[F float32 | float64](transitions []F, states int) error {
	for from := -1; from < states; from++ {
		open := false
		for _, x := range transitions[(from+1)*states:][:states] {
			open = open || !math.IsInf(float64(x), -1)
		}
		if !open {
			return fmt.Errorf("no state may follow state %d", from)
		}
	}
	return nil
}
