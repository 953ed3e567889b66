package crf

import "math"

// lattice holds the sums over all paths of one sequence (Rabiner, "A tutorial
// on hidden Markov models", 1989, section III), as logarithms: where a state
// cannot be left, as behind the end of something, a path may be worse than
// another by any factor and still be the only one that the tags allow. Within a
// position the sums are taken of factors, which is several times faster, and
// again of logarithms where those get too small.
type lattice struct {
	states, n   int
	transitions []float64 // a row for the start, then one for each state before; -Inf: not allowed
	steepest    float64   // the largest of them
	moves       []float64 // exp of each less the largest
	emit        []float64 // what the features say, a row for each position; -Inf where the tags exclude the state
	scores      []float64 // the same whatever the tags
	alpha, beta []float64
	total       float64 // logarithm of the sum over all paths
	in, out     []float64
}

// tiny is a sum of factors, of which the largest is 1, that may have lost too
// much.
const tiny = 1e-200

func newLattice(states int) *lattice {
	return &lattice{states: states, transitions: make([]float64, (states+1)*states), moves: make([]float64, (states+1)*states),
		in: make([]float64, states), out: make([]float64, states)}
}

// start makes room for a sequence of n positions, by the transitions as they
// are now.
func (l *lattice) start(n int) {
	l.steepest = math.Inf(-1)
	for _, x := range l.transitions {
		l.steepest = max(l.steepest, x)
	}
	for i, x := range l.transitions {
		l.moves[i] = math.Exp(x - l.steepest)
	}

	size := n * l.states
	if size > cap(l.emit) {
		l.emit, l.scores, l.alpha, l.beta = make([]float64, size), make([]float64, size), make([]float64, size), make([]float64, size)
	}
	l.n, l.emit, l.scores, l.alpha, l.beta = n, l.emit[:size], l.scores[:size], l.alpha[:size], l.beta[:size]
}

func (l *lattice) row(of []float64, t int) []float64 { return of[t*l.states:][:l.states] }

// sum goes over the paths that agree with the tags, all where tags is nil, and
// gives the logarithm of their sum, -Inf where there is none.
func (l *lattice) sum(tags []int) float64 {
	copy(l.emit, l.scores)
	for t := range tags {
		for a := range l.states {
			if tags[t] != Unknown && tags[t] != a {
				l.emit[t*l.states+a] = math.Inf(-1)
			}
		}
	}

	l.total = 0
	for t := range l.n {
		alpha := l.row(l.alpha, t)
		if t == 0 {
			copy(alpha, l.transitions)
		} else {
			l.forward(l.row(l.alpha, t-1), alpha)
		}
		for a, x := range l.row(l.emit, t) {
			alpha[a] += x
		}
		if t == l.n-1 {
			l.total = logSum(alpha)
		}
	}

	return l.total
}

// finish sums backwards, after a sum that found a path.
func (l *lattice) finish() {
	for t := l.n - 1; t >= 0; t-- {
		if t == l.n-1 {
			clear(l.row(l.beta, t))
			continue
		}
		l.backward(l.behind(t+1, l.out), l.row(l.beta, t))
	}
}

// behind is the logarithm of what follows from each state at t on, t included.
func (l *lattice) behind(t int, out []float64) []float64 {
	emit, beta := l.row(l.emit, t), l.row(l.beta, t)
	for a := range out {
		out[a] = emit[a] + beta[a]
	}
	return out
}

// forward takes logarithms of a position over the transitions to the next.
func (l *lattice) forward(from, to []float64) {
	s := l.states
	top := factors(from, l.in)
	for b := range to {
		sum := 0.0
		for a, x := range l.in {
			sum += x * l.moves[(a+1)*s+b]
		}
		if sum > tiny {
			to[b] = top + l.steepest + math.Log(sum)
			continue
		}
		for a, x := range from {
			l.in[a] = x + l.transitions[(a+1)*s+b]
		}
		to[b] = logSum(l.in)
		factors(from, l.in)
	}
}

// backward takes those of a position to the one before.
func (l *lattice) backward(to, from []float64) {
	s := l.states
	top := factors(to, l.in)
	for a := range from {
		sum := 0.0
		for b, x := range l.in {
			sum += x * l.moves[(a+1)*s+b]
		}
		if sum > tiny {
			from[a] = top + l.steepest + math.Log(sum)
			continue
		}
		for b, x := range to {
			l.in[b] = x + l.transitions[(a+1)*s+b]
		}
		from[a] = logSum(l.in)
		factors(to, l.in)
	}
}

// state writes the probabilities of the states at a position.
func (l *lattice) state(t int, out []float64) []float64 {
	alpha, beta, sum := l.row(l.alpha, t), l.row(l.beta, t), 0.0
	for a := range out {
		out[a] = math.Exp(alpha[a] + beta[a] - l.total)
		sum += out[a]
	}
	for a := range out {
		out[a] /= sum
	}

	return out
}

// addMoves adds factor times the probability of each transition into a
// position, whose states have the probabilities p; out is laid out as
// transitions.
func (l *lattice) addMoves(t int, p []float64, factor float64, out []float64) {
	s := l.states
	if t == 0 {
		for b := range p {
			out[b] += factor * p[b]
		}
		return
	}

	before, behind := l.row(l.alpha, t-1), l.behind(t, l.out)
	top := factors(before, l.in)
	for b, x := range behind {
		if math.IsInf(x, -1) {
			continue
		}
		scale := top + x + l.steepest - l.total
		if scale < 300 {
			into := factor * math.Exp(scale)
			for a, y := range l.in {
				out[(a+1)*s+b] += into * y * l.moves[(a+1)*s+b]
			}
			continue
		}
		for a, y := range before {
			out[(a+1)*s+b] += factor * math.Exp(y+l.transitions[(a+1)*s+b]+x-l.total)
		}
	}
}

// factors writes exp of each less the largest, which it gives.
func factors(logs, out []float64) (top float64) {
	top = largest(logs)
	for a, x := range logs {
		out[a] = 0
		if x > math.Inf(-1) {
			out[a] = math.Exp(x - top)
		}
	}

	return top
}

func logSum(logs []float64) float64 {
	top := largest(logs)
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, x := range logs {
		sum += math.Exp(x - top)
	}

	return top + math.Log(sum)
}

func largest(logs []float64) float64 {
	top := math.Inf(-1)
	for _, x := range logs {
		top = max(top, x)
	}
	return top
}
