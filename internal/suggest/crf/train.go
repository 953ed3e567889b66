package crf

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Bounds of a model, which also bound what reading one may ask for.
const (
	MaxStates   = 256
	MaxFeatures = 1 << 22
	maxWeights  = 1 << 25
)

// Options of training. The numbers of states and features must be given; of the
// rest, 0 is the usual value.
type Options struct {
	States, Features int
	Seed             uint64                  // of the order in which examples are seen
	Epochs           int                     // how often each is seen, usually 10
	Rate             float64                 // how far a first step goes, usually 0.1
	L2               float64                 // λ of the penalty λ/2·|w|² for each example, usually none
	Allowed          func(from, to int) bool // which states may follow one another, -1 as from is the start; nil: all
}

// Train maximises the likelihood of the tags by AdaGrad (Duchi, Hazan and
// Singer, 2011), an example at a time. The error says which example is wrong,
// counted from 0, or is the context's.
func Train(ctx context.Context, seqs []Sequence, o Options) (*Model, error) {
	o, err := o.checked()
	if err != nil {
		return nil, err
	}
	for i, s := range seqs {
		if err := s.check(o); err != nil {
			return nil, fmt.Errorf("example %d: %w", i, err)
		}
	}

	t := newTrainer(o)
	if err := sound(t.weights[o.Features*o.States:], o.States); err != nil {
		return nil, err
	}
	order, random := make([]int, len(seqs)), rand.New(rand.NewPCG(o.Seed, 0x637266))
	for i := range order {
		order[i] = i
	}
	for range o.Epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if !t.learn(seqs[i]) {
				return nil, fmt.Errorf("example %d: its tags follow one another as they may not", i)
			}
		}
	}

	return t.model(), nil
}

func (o Options) checked() (Options, error) {
	switch {
	case o.States < 1 || o.States > MaxStates:
		return o, fmt.Errorf("%d states: at least 1 and at most %d", o.States, MaxStates)
	case o.Features < 1 || o.Features > MaxFeatures || o.States*o.Features > maxWeights:
		return o, fmt.Errorf("%d features of %d states: at most %d, and %d weights", o.Features, o.States, MaxFeatures, maxWeights)
	case o.Epochs < 0 || !(o.Rate >= 0) || !(o.L2 >= 0):
		return o, fmt.Errorf("%d epochs, rate %v, L2 %v: none may be negative", o.Epochs, o.Rate, o.L2)
	}
	if o.Epochs == 0 {
		o.Epochs = 10
	}
	if o.Rate == 0 {
		o.Rate = 0.1
	}
	if o.Allowed == nil {
		o.Allowed = func(int, int) bool { return true }
	}

	return o, nil
}

func (s Sequence) check(o Options) error {
	if len(s.Tags) != s.Items.Len() {
		return fmt.Errorf("%d tags for %d items", len(s.Tags), s.Items.Len())
	}
	if !(s.Weight >= 0) || math.IsInf(s.Weight, 0) {
		return fmt.Errorf("weight %v", s.Weight)
	}
	for i, tag := range s.Tags {
		if tag < Unknown || tag >= o.States {
			return fmt.Errorf("item %d: there is no state %d", i, tag)
		}
	}
	for _, f := range s.Items.features {
		if int(f) >= o.Features {
			return fmt.Errorf("there is no feature %d", f)
		}
	}

	return nil
}

// calm is what the sum of squares starts with, so that a first slope of nearly
// nothing is not followed as far as any other.
const calm = 0.01

// trainer holds the weights while they change. The transitions are rows behind
// those of the features: "the start is before", then "this state is before".
type trainer struct {
	Options
	weights []float64
	squares []float64 // sum of the squares of each weight's gradients
	slope   []float64 // the gradient of the example at hand
	seen    []int     // the example at which a row's penalty was last paid
	rows    []int     // the rows of the example at hand
	step    int
	near    []float64 // the weights of the features of the example at hand, by their places there
	pull    []float64 // and the slope by those
	lattice *lattice
	told    []float64 // the probabilities of the states given the tags
	p       []float64
}

func newTrainer(o Options) *trainer {
	n := o.Features + 1 + o.States
	t := &trainer{
		Options: o,
		weights: make([]float64, n*o.States), squares: make([]float64, n*o.States), slope: make([]float64, n*o.States),
		seen: make([]int, n), lattice: newLattice(o.States),
		p: make([]float64, o.States),
	}
	for i := range t.squares {
		t.squares[i] = calm
	}
	for from := -1; from < o.States; from++ {
		for to := range o.States {
			if !o.Allowed(from, to) {
				t.weights[(o.Features+1+from)*o.States+to] = math.Inf(-1)
			}
		}
	}

	return t
}

func (t *trainer) row(of []float64, r int) []float64 { return of[r*t.States:][:t.States] }

// learn takes one step for one example; false where its tags are not allowed.
func (t *trainer) learn(s Sequence) bool {
	t.step++
	if _, ok := t.gradient(s); !ok {
		return false
	}
	for _, r := range t.rows {
		w, squares, slope := t.row(t.weights, r), t.row(t.squares, r), t.row(t.slope, r)
		for a, g := range slope {
			squares[a] += g * g
			w[a] += t.Rate * g / math.Sqrt(squares[a])
			slope[a] = 0
		}
	}

	return true
}

// gradient leaves the slope of the example's log-likelihood, what the tags say
// less what the model expects, in the rows of slope, and gives the
// log-likelihood, both times the example's weight.
func (t *trainer) gradient(s Sequence) (likelihood float64, ok bool) {
	weight := s.Weight
	if weight == 0 {
		weight = 1
	}
	t.look(&s.Items)

	l := t.lattice
	told := l.sum(s.Tags)
	if math.IsInf(told, -1) {
		return told, false
	}
	l.finish()
	moves := t.slope[t.Features*t.States:]
	t.told = t.told[:0]
	for i := range s.Tags {
		p := l.state(i, t.p)
		t.told = append(t.told, p...)
		l.addMoves(i, p, weight, moves)
	}

	all := l.sum(nil)
	l.finish()
	for i := range s.Tags {
		p := l.state(i, t.p)
		l.addMoves(i, p, -weight, moves)
		for a, told := range l.row(t.told, i) {
			p[a] = weight * (told - p[a])
		}
		spread(p, t.pull, s.Items.at(i))
	}
	for k, f := range s.Items.features {
		copy(t.row(t.slope, int(f)), t.row(t.pull, k))
	}

	return weight * (told - all), true
}

// look pays the penalty of the rows that an example needs, and sums its scores.
func (t *trainer) look(items *Items) {
	t.rows = t.rows[:0]
	for from := range t.States + 1 {
		t.touch(t.Features + from)
	}
	size := len(items.features) * t.States
	t.near, t.pull = slices.Grow(t.near[:0], size)[:size], slices.Grow(t.pull[:0], size)[:size]
	clear(t.pull)
	for k, f := range items.features {
		t.touch(int(f))
		copy(t.row(t.near, k), t.row(t.weights, int(f)))
	}

	l := t.lattice
	copy(l.transitions, t.weights[t.Features*t.States:])
	l.start(items.Len())
	for i := range items.Len() {
		collect(l.row(l.scores, i), t.near, items.at(i))
	}
}

// collect sums the rows that a position sees. Of two states, as most models
// have, the sums stay in registers, which is twice as fast.
func collect(sums, rows []float64, seen []uint16) {
	if len(sums) == 2 {
		a, b := 0.0, 0.0
		for _, k := range seen {
			row := rows[2*int(k):][:2]
			a, b = a+row[0], b+row[1]
		}
		sums[0], sums[1] = a, b
		return
	}
	clear(sums)
	for _, k := range seen {
		for a, w := range rows[int(k)*len(sums):][:len(sums)] {
			sums[a] += w
		}
	}
}

// spread adds the same to each row that a position sees.
func spread(what, rows []float64, seen []uint16) {
	if len(what) == 2 {
		a, b := what[0], what[1]
		for _, k := range seen {
			row := rows[2*int(k):][:2]
			row[0], row[1] = row[0]+a, row[1]+b
		}
		return
	}
	for _, k := range seen {
		row := rows[int(k)*len(what):][:len(what)]
		for a, x := range what {
			row[a] += x
		}
	}
}

// touch notes a row as one of the example at hand and shrinks its weights for
// all the examples since it was last seen: paid at once, by an implicit step,
// which cannot overshoot however many there were.
func (t *trainer) touch(r int) {
	if t.seen[r] == t.step {
		return
	}
	t.rows = append(t.rows, r)
	since := float64(t.step - t.seen[r])
	t.seen[r] = t.step
	if t.L2 == 0 {
		return
	}
	weights, squares := t.row(t.weights, r), t.row(t.squares, r)
	for a := range weights {
		weights[a] /= 1 + since*t.L2*t.Rate/math.Sqrt(squares[a])
	}
}

// model is what the trainer has learnt so far, with every penalty paid.
func (t *trainer) model() *Model {
	t.step++
	for r := range t.seen {
		t.touch(r)
	}
	t.rows = t.rows[:0]

	m := &Model{States: t.States, Features: t.Features}
	m.weights = narrow(t.weights[:t.Features*t.States])
	m.transitions = narrow(t.weights[t.Features*t.States:])

	return m
}

func narrow(weights []float64) []float32 {
	out := make([]float32, len(weights))
	for i, w := range weights {
		out[i] = float32(w)
	}
	return out
}
