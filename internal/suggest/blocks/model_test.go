package blocks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// pages of n made-up sites, three each: menus that a site repeats, prose, and
// headlines of other pages.
func pages(n int) []Example {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("bridge harbour town river ferry council winter market engine teacher garden island road letter evening money")
	phrase := func(n int) string {
		out := make([]string, n)
		for i := range out {
			out[i] = words[r.IntN(len(words))]
		}
		return strings.Join(out, " ")
	}
	title := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

	var out []Example
	for site := range n {
		menu := []string{"Home", title(phrase(1)), title(phrase(2)), "Sign in", title(phrase(2))}
		foot := []string{"© " + title(phrase(2)), "All rights reserved", title(phrase(1))}
		for range 3 {
			lines := slices.Clone(menu)
			for range 3 + r.IntN(5) {
				lines = append(lines, "+ The "+phrase(12+r.IntN(20))+", the "+phrase(4)+".")
			}
			lines = append(lines, "Related")
			for range 2 + r.IntN(4) {
				lines = append(lines, title(phrase(5+r.IntN(3)))+" -")
			}
			out = append(out, made(corpus.DocumentID(len(out)+1), fmt.Sprintf("site%d.org", site), strings.Join(append(lines, foot...), "\n")))
		}
	}
	return out
}

func all(es []Example) iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		for _, e := range es {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func trained(t testing.TB, es []Example, o Options) *Model {
	t.Helper()
	m, err := Train(t.Context(), all(es), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAModelTellsProseFromTheRestOnASiteItHasNotSeen(t *testing.T) {
	es := pages(12)
	m := trained(t, es[:30], Options{})
	for _, e := range es[30:] {
		p := m.Classify(e.Document, nil)
		if got := Classes(e.Document.Blocks, p); !slices.Equal(got, e.Classes) {
			t.Errorf("document %d: %v, want %v", e.Document.ID, got, e.Classes)
		}
		for i, x := range p {
			if !(x > 0 && x < 1) {
				t.Errorf("block %d has the probability %v", i, x)
			}
		}
	}
	if m.Documents != 30 {
		t.Errorf("it says it learnt from %d documents", m.Documents)
	}
	if p := m.Classify(corpus.Document{}, nil); len(p) != 0 {
		t.Errorf("a document without blocks has %v", p)
	}
}

func TestMarkupIsSeen(t *testing.T) {
	// The same words are body in an article and boilerplate in a menu; nothing but
	// the path tells them apart.
	var es []Example
	for i := range 20 {
		e := made(corpus.DocumentID(i+1), fmt.Sprintf("s%d.org", i), "one two three\n+ one two three\none two three\n+ one two three")
		for b := range e.Document.Blocks {
			e.Document.Blocks[b].Path = "body/nav/ul/li"
			if e.Classes[b] == corpus.Body {
				e.Document.Blocks[b].Path = "body/main/article/p"
			}
		}
		es = append(es, e)
	}
	m := trained(t, es, Options{})
	if got := Classes(es[0].Document.Blocks, m.Classify(es[0].Document, nil)); !slices.Equal(got, es[0].Classes) {
		t.Errorf("%v, want %v", got, es[0].Classes)
	}
}

func TestRepetitionOnTheSiteIsSeen(t *testing.T) {
	// Of two equal looking lines the one that other pages have too is boilerplate.
	sites := map[string]*Site{}
	var es []Example
	for i := range 40 {
		name := fmt.Sprintf("s%d.org", i/2)
		lines := []string{"+ alpha beta " + strings.Repeat("x", i+1), "gamma delta " + name}
		if i%4 < 2 {
			slices.Reverse(lines)
		}
		e := made(corpus.DocumentID(i+1), name, strings.Join(lines, "\n"))
		if sites[name] == nil {
			sites[name] = NewSite()
		}
		sites[name].See(e.Document)
		es = append(es, e)
	}
	o := Options{Repeats: func(site string) *Site { return sites[site] }}
	m := trained(t, es[:36], o)
	for _, e := range es[36:] {
		if got := Classes(e.Document.Blocks, m.Classify(e.Document, sites[e.Document.Site])); !slices.Equal(got, e.Classes) {
			t.Errorf("document %d: %v, want %v", e.Document.ID, got, e.Classes)
		}
	}
}

func TestTheSameGoldAndSeedGiveTheSameBytes(t *testing.T) {
	es := pages(4)
	kept := func(seed uint64) []byte {
		b, err := trained(t, es, Options{Seed: seed}).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(kept(3), kept(3)) {
		t.Error("two trainings differ")
	}
	if bytes.Equal(kept(3), kept(4)) {
		t.Error("the seed changes nothing")
	}
}

func TestAKeptModelSaysTheSame(t *testing.T) {
	es := pages(4)
	m := trained(t, es, Options{})
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var n Model
	if err := n.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	if got, want := n.Classify(es[0].Document, nil), m.Classify(es[0].Document, nil); !slices.Equal(got, want) || n.Documents != m.Documents {
		t.Errorf("%v, want %v", got, want)
	}

	for i := range 40 {
		if n.UnmarshalBinary(b[:i]) == nil {
			t.Errorf("the first %d bytes are taken for a model", i)
		}
	}
	newer := slices.Clone(b)
	newer[0]++
	if n.UnmarshalBinary(newer) == nil {
		t.Error("a model of another version is taken")
	}
	if n.UnmarshalBinary(append(slices.Clone(b), make([]byte, maxModel)...)) == nil {
		t.Error("a model of any size is taken")
	}
}

func FuzzAModelIsReadOrRefused(f *testing.F) {
	b, err := trained(f, pages(2), Options{}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	d := pages(1)[0].Document
	f.Fuzz(func(t *testing.T, b []byte) {
		var m Model
		if m.UnmarshalBinary(b) != nil {
			return
		}
		for _, p := range m.Classify(d, nil) {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("probability %v", p)
			}
		}
	})
}

func TestCrossValidationNeverTrainsOnTheSiteItAsksAbout(t *testing.T) {
	es := pages(7)
	ps, err := gather(all(es), Options{})
	if err != nil {
		t.Fatal(err)
	}
	fold := folds(ps, 3, 1)
	for i := range ps {
		for j := range ps {
			if ps[i].site == ps[j].site && fold[i] != fold[j] {
				t.Fatalf("pages %d and %d of one site are in folds %d and %d", i, j, fold[i], fold[j])
			}
		}
	}

	h, err := CrossValidate(t.Context(), all(es), Options{Folds: 3})
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Pages) != len(es) || h.Pages[5].Document != 6 || len(h.Pages[5].P) != len(es[5].Classes) {
		t.Errorf("%d pages, the sixth is %+v", len(h.Pages), h.Pages[5])
	}
	if !(h.WordF1 > .95 && h.WordF1 <= 1) || h.Blocks.Total() == 0 {
		t.Errorf("word F1 %v, blocks %+v", h.WordF1, h.Blocks)
	}
	if h.Pages[0].Blank != 2 {
		t.Errorf("from a blank page it takes %d sweeps", h.Pages[0].Blank)
	}

	if _, err := CrossValidate(t.Context(), all(es[:3]), Options{}); !invalid(err) {
		t.Errorf("one site alone gives %v", err)
	}
}

func TestWhatCannotBeLearntFromIsRefused(t *testing.T) {
	if _, err := Train(t.Context(), all(nil), Options{}); !invalid(err) {
		t.Errorf("no gold gives %v", err)
	}
	e := pages(1)[0]
	e.Classes = e.Classes[1:]
	if _, err := Train(t.Context(), all([]Example{e}), Options{}); err == nil {
		t.Error("too few classes are taken")
	}
	broken := errors.New("broken")
	_, err := Train(t.Context(), func(yield func(Example, error) bool) { yield(Example{}, broken) }, Options{})
	if !errors.Is(err, broken) {
		t.Errorf("an error of the examples gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(ctx, all(pages(2)), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled training gives %v", err)
	}
}

func invalid(err error) bool {
	_, ok := errors.AsType[*corpus.Invalid](err)
	return ok
}

func TestOneSiteAloneCanBeLearntFrom(t *testing.T) {
	if m := trained(t, pages(1), Options{}); m.scale.slope != 1 || m.scale.shift != 0 {
		t.Errorf("there is nothing to calibrate on, and it is %+v", m.scale)
	}
}

func TestCalibrationFindsWhatWasDoneToTheOdds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var c calibration
	for range 20_000 {
		x := 3 * r.NormFloat64()
		truth := corpus.Boilerplate
		if r.Float64() < sigmoid(.5*x-1) {
			truth = corpus.Body
		}
		c.add([]float64{sigmoid(x)}, []corpus.Class{truth})
	}
	c.fit()
	if math.Abs(c.slope-.5) > .03 || math.Abs(c.shift+1) > .06 {
		t.Errorf("slope %.3f and shift %.3f, want 0.5 and -1", c.slope, c.shift)
	}
}

func TestTheCalibrationErrorIsThatOfTheBins(t *testing.T) {
	var c Calibration
	body, other := corpus.Body, corpus.Boilerplate
	// Bin 9: two blocks of 0.95, one of them body; bin 2: one block of 0.25, body.
	c.Add([]float64{.95, .95, .25, .5}, []corpus.Class{body, other, body, corpus.Undecided}, []int{30, 10, 60, 99})
	if want := (.9 + .75) / 3; math.Abs(c.Error-want) > 1e-12 {
		t.Errorf("%v, want %v", c.Error, want)
	}
	if want := (math.Abs(.95*40-30) + .75*60) / 100; math.Abs(c.WordError-want) > 1e-12 {
		t.Errorf("by words %v, want %v", c.WordError, want)
	}
	if b := c.Bins[9]; b.Blocks != 2 || b.Body != 1 || b.Words != 40 {
		t.Errorf("%+v", b)
	}
}

func TestClassesAreThoseOfTheHighestExpectedF1(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		n := 1 + r.IntN(7)
		bs, p, all := make([]corpus.Block, n), make([]float64, n), 0.0
		for i := range bs {
			bs[i].Range = text.Range{End: 1 + r.IntN(50)}
			p[i] = worth + (1-worth)*r.Float64()
			all += p[i] * float64(bs[i].Len())
		}
		expected := func(in func(int) bool) float64 {
			hit, said := 0.0, 0.0
			for i := range bs {
				if in(i) {
					hit, said = hit+p[i]*float64(bs[i].Len()), said+float64(bs[i].Len())
				}
			}
			return 2 * hit / (said + all)
		}
		best := 0.0
		for set := range 1 << n {
			best = max(best, expected(func(i int) bool { return set>>i&1 == 1 }))
		}
		got := Classes(bs, p)
		if f := expected(func(i int) bool { return got[i] == corpus.Body }); math.Abs(f-best) > 1e-12 {
			t.Fatalf("%v of %v has an expected F1 of %v; %v is possible", got, p, f, best)
		}
	}
	if got := Classes([]corpus.Block{{}, {}}, []float64{.01, .02}); slices.Contains(got, corpus.Body) {
		t.Errorf("a page that surely has no body has %v", got)
	}
}

func TestAnExampleIsWhatGoldSaysOfBlocks(t *testing.T) {
	e := made(1, "a.org", "zero\none\ntwo\nthree")
	b := e.Document.Blocks
	at := func(i, from, to int, c corpus.Class) corpus.Piece {
		return corpus.Piece{Range: text.Range{Start: b[i].Start + from, End: b[i].Start + to}, Class: c}
	}
	g := corpus.Gold{Document: e.Document, Pieces: []corpus.Piece{
		at(0, 0, 4, corpus.Body),
		at(1, 0, 1, corpus.Body), at(1, 1, 3, corpus.Boilerplate),
		at(2, 0, 1, corpus.Boilerplate), at(2, 1, 3, corpus.Boilerplate),
		at(3, 0, 5, corpus.Boilerplate),
	}}
	want := []corpus.Class{corpus.Body, corpus.Undecided, corpus.Boilerplate, corpus.Boilerplate}
	if got := ExampleOf(g).Classes; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func BenchmarkClassify(b *testing.B) {
	es := pages(4)
	m := trained(b, es, Options{})
	for b.Loop() {
		m.Classify(es[0].Document, nil)
	}
}
