package crf

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// made is a model with weights drawn at random, of which the transition from
// the last state to the first is not allowed, and neither is it to start last.
func made(r *rand.Rand, states, features int, size float64) *Model {
	m := &Model{States: states, Features: features, weights: make([]float32, states*features), transitions: make([]float32, (states+1)*states)}
	for i := range m.weights {
		m.weights[i] = float32(size * r.NormFloat64())
	}
	for i := range m.transitions {
		m.transitions[i] = float32(size * r.NormFloat64())
	}
	if states > 1 {
		m.transitions[states-1] = float32(math.Inf(-1))
		m.transitions[states*states] = float32(math.Inf(-1))
	}

	return m
}

func drawn(r *rand.Rand, n, features int) [][]Feature {
	items := make([][]Feature, n)
	for t := range items {
		for range r.IntN(4) {
			items[t] = append(items[t], Feature(r.IntN(features)))
		}
	}
	return items
}

func packed(t testing.TB, items [][]Feature) Items {
	t.Helper()
	var p Packer
	out, err := p.Pack(items)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// paths calls f with every sequence of states and its score.
func paths(m *Model, items [][]Feature, f func(tags []int, score float64)) {
	tags, s := make([]int, len(items)), make([]float64, m.States)
	var walk func(t int, score float64)
	walk = func(t int, score float64) {
		if t == len(items) {
			f(tags, score)
			return
		}
		for a := range m.States {
			from := -1
			if t > 0 {
				from = tags[t-1]
			}
			m.score(items[t], s)
			tags[t] = a
			walk(t+1, score+s[a]+float64(m.transitions[(from+1)*m.States+a]))
		}
	}
	walk(0, 0)
}

func TestMarginalsAndTheBestPathAreThoseOfEveryPathCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		states, n := 1+r.IntN(4), r.IntN(6)
		m := made(r, states, 7, 2)
		items := drawn(r, n, 7)

		sum, top, best := 0.0, math.Inf(-1), []int{}
		want := make([][]float64, n)
		for i := range want {
			want[i] = make([]float64, states)
		}
		paths(m, items, func(tags []int, score float64) {
			p := math.Exp(score)
			sum += p
			if score > top {
				top, best = score, slices.Clone(tags)
			}
			for i, a := range tags {
				want[i][a] += p
			}
		})

		for i, row := range m.Marginals(items) {
			for a, p := range row {
				if math.Abs(p-want[i][a]/sum) > 1e-9 {
					t.Fatalf("%d states, position %d of %d: state %d has %.12f, want %.12f", states, i, n, a, p, want[i][a]/sum)
				}
			}
		}
		if got := m.Best(items); !slices.Equal(got, best) {
			t.Fatalf("best is %v, want %v", got, best)
		}
		if n > 0 {
			if got := m.LogLikelihood(items, best); math.Abs(got-(top-math.Log(sum))) > 1e-9 {
				t.Fatalf("log-likelihood %.12f, want %.12f", got, top-math.Log(sum))
			}
		}
	}
}

func TestThePartlyKnownIsSummedOver(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	m := made(r, 3, 7, 1)
	items := drawn(r, 5, 7)
	known := []int{Unknown, 1, Unknown, Unknown, 0}

	all, some := 0.0, 0.0
	paths(m, items, func(tags []int, score float64) {
		all += math.Exp(score)
		if tags[1] == 1 && tags[4] == 0 {
			some += math.Exp(score)
		}
	})
	if got, want := m.LogLikelihood(items, known), math.Log(some/all); math.Abs(got-want) > 1e-9 {
		t.Errorf("%.12f, want %.12f", got, want)
	}
	if got := m.LogLikelihood(items, []int{2, 0, 0, 0, 0}); !math.IsInf(got, -1) {
		t.Errorf("a start that is not allowed has log-likelihood %v", got)
	}
}

func TestTheGradientIsTheSlopeOfTheLikelihood(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	o := Options{States: 3, Features: 6, Rate: .1, Allowed: func(from, to int) bool { return from != 2 || to != 0 }}
	for _, tags := range [][]int{{0, 1, 2, 1}, {Unknown, 1, Unknown, 1}, {Unknown, Unknown, 2, Unknown}} {
		tr := newTrainer(o)
		for i, w := range tr.weights {
			if !math.IsInf(w, -1) {
				tr.weights[i] = r.NormFloat64()
			}
		}
		s := Sequence{Items: packed(t, drawn(r, 4, 6)), Tags: tags, Weight: 1.5}
		likelihood := func() float64 {
			clear(tr.slope)
			l, ok := tr.gradient(s)
			if !ok {
				t.Fatal("the tags are allowed")
			}
			return l
		}

		likelihood()
		slope := slices.Clone(tr.slope)
		for i := range tr.weights {
			const h = 1e-5
			w := tr.weights[i]
			if math.IsInf(w, -1) {
				continue
			}
			tr.weights[i] = w + h
			up := likelihood()
			tr.weights[i] = w - h
			down := likelihood()
			tr.weights[i] = w
			if got := (up - down) / (2 * h); math.Abs(got-slope[i]) > 1e-6 {
				t.Errorf("tags %v, weight %d: gradient %.9f, slope %.9f", tags, i, slope[i], got)
			}
		}
	}
}

// taught are sequences of one tag each, which only the first item tells: the
// others have features that say nothing, so the tag must be carried along.
func taught(t *testing.T, n int) []Sequence {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	out := make([]Sequence, n)
	for i := range out {
		tag := r.IntN(2)
		var items [][]Feature
		for at := range 8 {
			f := 2
			if at == 0 {
				f = tag
			}
			items = append(items, []Feature{Feature(f), Feature(3 + r.IntN(50))})
			out[i].Tags = append(out[i].Tags, tag)
		}
		out[i].Items = packed(t, items)
	}
	return out
}

func TestAModelLearnsWhatItIsTaught(t *testing.T) {
	seqs := taught(t, 200)
	m, err := Train(t.Context(), seqs[:100], Options{States: 2, Features: 64, L2: 1e-4})
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for _, s := range seqs[100:] {
		for i, tag := range m.Best(s.Items.Unpack()) {
			if tag != s.Tags[i] {
				wrong++
			}
		}
	}
	if wrong > 8 {
		t.Errorf("%d of 800 tags are wrong", wrong)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	seqs := taught(t, 40)
	bytesOf := func(seed uint64) []byte {
		m, err := Train(t.Context(), seqs, Options{States: 2, Features: 64, L2: .01, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(bytesOf(1), bytesOf(1)) {
		t.Error("two trainings with one seed differ")
	}
	if bytes.Equal(bytesOf(1), bytesOf(2)) {
		t.Error("the seed changes nothing")
	}
}

func TestThePenaltyShrinksWhatIsNoLongerSeen(t *testing.T) {
	seqs := append([]Sequence{{Items: packed(t, [][]Feature{{9}}), Tags: []int{1}}}, taught(t, 50)...)
	size := func(l2 float64) float64 {
		m, err := Train(t.Context(), seqs, Options{States: 2, Features: 64, L2: l2, Epochs: 3})
		if err != nil {
			t.Fatal(err)
		}
		return math.Abs(float64(m.weights[18]))
	}
	if none, some := size(0), size(.05); !(some < none*.9) || some == 0 {
		t.Errorf("a weight of %.4f is %.4f with a penalty", none, some)
	}
}

func TestWhatIsNotAllowedIsNeverSaid(t *testing.T) {
	allowed := func(from, to int) bool { return !(from == 1 && to == 2) && !(from == -1 && to == 2) }
	seqs := []Sequence{{Items: packed(t, [][]Feature{{0}, {1}, {2}}), Tags: []int{1, 0, 2}}}
	m, err := Train(t.Context(), seqs, Options{States: 3, Features: 3, Allowed: allowed})
	if err != nil {
		t.Fatal(err)
	}
	items := [][]Feature{slices.Repeat([]Feature{2}, 100), slices.Repeat([]Feature{0}, 100), slices.Repeat([]Feature{2}, 100)}
	best := m.Best(items)
	for i, tag := range best {
		if from := append([]int{-1}, best...)[i]; !allowed(from, tag) {
			t.Errorf("%v goes from %d to %d", best, from, tag)
		}
	}
	if p := m.Marginals(items)[0][2]; p != 0 {
		t.Errorf("what may not start has probability %v", p)
	}
}

func TestExtremeWeightsStillGiveProbabilities(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for range 50 {
		m := made(r, 3, 5, 1e4)
		for i, row := range m.Marginals(drawn(r, 300, 5)) {
			sum := 0.0
			for _, p := range row {
				sum += p
			}
			if !(math.Abs(sum-1) < 1e-9) { // nor is it NaN
				t.Fatalf("position %d: probabilities %v", i, row)
			}
		}
	}
}

func TestTheOnlyWayIsFoundHoweverBadItIs(t *testing.T) {
	// Behind state 1 there is no way back, and every item but the last speaks for
	// it, by far more than a float64 can tell.
	never := float32(math.Inf(-1))
	m := &Model{States: 2, Features: 2, weights: []float32{-20, 20, 0, 0}, transitions: []float32{0, 0, 0, 0, never, 0}}
	items, tags := make([][]Feature, 200), make([]int, 200)
	for i := range items {
		items[i], tags[i] = []Feature{0}, Unknown
	}
	tags[199] = 0
	if got := m.LogLikelihood(items, tags); math.Abs(got+8000) > 10 {
		t.Errorf("log-likelihood %v, want about -8000", got)
	}
	if p := m.Marginals(items)[0][1]; !(p > .999) {
		t.Errorf("probability %v", p)
	}

	tr := newTrainer(Options{States: 2, Features: 2, Rate: .1, Allowed: func(from, to int) bool { return from != 1 || to != 0 }})
	copy(tr.weights, []float64{-20, 20})
	if _, ok := tr.gradient(Sequence{Items: packed(t, items), Tags: tags}); !ok {
		t.Fatal("there is a way")
	}
	for i, g := range tr.slope {
		if math.IsNaN(g) {
			t.Fatalf("slope %d is %v", i, tr.slope)
		}
	}
	if math.Abs(tr.slope[0]-200) > 1 || math.Abs(tr.slope[1]+200) > 1 {
		t.Errorf("the tags want the first weight %v up and the second %v, by about 200", tr.slope[0], tr.slope[1])
	}
}

func TestBadExamplesAreRefused(t *testing.T) {
	one := packed(t, [][]Feature{{0}})
	for _, c := range []struct {
		name string
		seq  Sequence
		o    Options
		want string
	}{
		{"fewer tags than items", Sequence{Items: one}, Options{}, "example 0: 0 tags"},
		{"a state that is not there", Sequence{Items: one, Tags: []int{2}}, Options{}, "no state 2"},
		{"a feature that is not there", Sequence{Items: packed(t, [][]Feature{{8}}), Tags: []int{0}}, Options{}, "no feature 8"},
		{"a weight below nothing", Sequence{Items: one, Tags: []int{0}, Weight: -1}, Options{}, "weight -1"},
		{"tags that may not follow", Sequence{Items: one, Tags: []int{1}}, Options{Allowed: func(_, to int) bool { return to == 0 }}, "example 0: its tags"},
		{"a state that leads nowhere", Sequence{Items: one, Tags: []int{0}}, Options{Allowed: func(from, _ int) bool { return from != 1 }}, "follow state 1"},
		{"too much memory", Sequence{}, Options{States: 200, Features: MaxFeatures}, "features of 200 states"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.States == 0 {
				c.o.States, c.o.Features = 2, 8
			}
			if _, err := Train(t.Context(), []Sequence{c.seq}, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(ctx, taught(t, 1), Options{States: 2, Features: 64}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled training gives %v", err)
	}
}

func TestAKeptModelComesBack(t *testing.T) {
	m := made(rand.New(rand.NewPCG(11, 12)), 3, 40, 1)
	clear(m.weights[30:60])
	b, _ := m.MarshalBinary()
	var n Model
	if err := n.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(n.weights, m.weights) || !slices.Equal(n.transitions, m.transitions) || n.States != 3 || n.Features != 40 {
		t.Error("it is another model")
	}
	for i := range b {
		if i < len(b)-30*13 && n.UnmarshalBinary(b[:i]) == nil {
			t.Fatalf("the first %d of %d bytes are taken for a model", i, len(b))
		}
	}
}

func FuzzAModelIsReadOrRefused(f *testing.F) {
	b, _ := made(rand.New(rand.NewPCG(13, 14)), 2, 9, 1).MarshalBinary()
	f.Add(b)
	f.Add([]byte{Version, 1, 1, 0, 0, 0, 0, 0, 0, 0x80, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Model
		if m.UnmarshalBinary(b) != nil || m.Features > 1<<16 || m.States > 8 {
			return
		}
		for _, row := range m.Marginals([][]Feature{{0}, {1, 1}, nil}) {
			for _, p := range row {
				if !(p >= 0 && p <= 1) {
					t.Fatalf("probabilities %v", row)
				}
			}
		}
		again, _ := m.MarshalBinary()
		var n Model
		if err := n.UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
	})
}
