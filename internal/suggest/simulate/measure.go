package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest/blocks"
)

const folds = 5

// folded deals the sites out to folds, in an order drawn by seed.
func folded(pages []labelled, seed int) []int {
	var names []string
	for _, p := range pages {
		names = append(names, p.Document.Site)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	at := map[string]int{}
	for i, name := range names {
		at[name] = i % folds
	}

	out := make([]int, len(pages))
	for i, p := range pages {
		out[i] = at[p.Document.Site]
	}
	return out
}

// part are the pages of a fold, and the others in an order drawn by seed.
func part(pages []labelled, fold []int, f, seed int) (held, rest []labelled) {
	for i, p := range pages {
		if fold[i] == f {
			held = append(held, p)
		} else {
			rest = append(rest, p)
		}
	}
	r := rand.New(rand.NewPCG(uint64(seed), uint64(f)+2))
	r.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })

	return held, rest
}

func examples(pages []labelled) iter.Seq2[blocks.Example, error] {
	return func(yield func(blocks.Example, error) bool) {
		for _, p := range pages {
			if !yield(p.Example, nil) {
				return
			}
		}
	}
}

func train(ctx context.Context, pages []labelled, seed int, sites seen) (*blocks.Model, error) {
	return blocks.Train(ctx, examples(pages), blocks.Options{Seed: uint64(seed), Repeats: sites.of})
}

// seen are the pages of each site as they came in, without gold; nil for
// nothing.
type seen map[string]*blocks.Site

func see(pages []labelled) seen {
	out := seen{}
	for _, p := range pages {
		s := out[p.Document.Site]
		if s == nil {
			s = blocks.NewSite()
			out[p.Document.Site] = s
		}
		s.See(p.Document)
	}
	return out
}

func (s seen) of(site string) *blocks.Site { return s[site] }

// wordF1 is that of the body of one page, each block weighted by its words.
func (p labelled) wordF1(said []corpus.Class) float64 {
	return score.Blocks(p.Classes, said, p.words).Body.F1()
}

// figures are one number of several pages or draws; NaN is left out.
type figures []float64

func (f *figures) add(x float64) {
	if !math.IsNaN(x) {
		*f = append(*f, x)
	}
}

func (f figures) mean() float64 {
	sum := 0.0
	for _, x := range f {
		sum += x
	}
	return sum / float64(len(f))
}

func (f figures) spread() float64 {
	m, sum := f.mean(), 0.0
	for _, x := range f {
		sum += (x - m) * (x - m)
	}
	return math.Sqrt(sum / float64(max(1, len(f)-1)))
}

func (f figures) median() float64 {
	s := slices.Sorted(slices.Values(f))
	if len(s) == 0 {
		return math.NaN()
	}
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}

// tested is a model's F1 on pages it has not seen.
func tested(m *blocks.Model, held []labelled, sites seen) (words figures, counts score.Confusion) {
	for _, p := range held {
		said := blocks.Classes(p.Document.Blocks, m.Classify(p.Document, sites.of(p.Document.Site)))
		words.add(p.wordF1(said))
		counts = counts.Add(score.Blocks(p.Classes, said, nil))
	}
	return words, counts
}

// growth is the accuracy on other sites as gold grows.
func growth(ctx context.Context, w io.Writer, pages []labelled, seeds int) error {
	fmt.Fprint(w, "\n## Accuracy on sites without gold\n\nThe other pages of a site, where there are any, are imported but have no gold.\n\n| gold pages of other sites | word F1 of body, mean over pages | spread over seeds | block F1 of body | spread |\n|---:|---:|---:|---:|---:|\n")
	row := func(name string, words, counted figures) {
		fmt.Fprintf(w, "| %s | %.3f | %.3f | %.3f | %.3f |\n", name, words.mean(), words.spread(), counted.mean(), counted.spread())
	}
	var words, counted figures
	var all score.Confusion
	for _, p := range pages {
		said, err := byLines(ctx, p)
		if err != nil {
			return err
		}
		words.add(p.wordF1(said))
		all = all.Add(score.Blocks(p.Classes, said, nil))
	}
	fmt.Fprintf(w, "| line rules, no gold | %.3f | – | %.3f | – |\n", words.mean(), all.Body.F1())

	for _, c := range []struct {
		n     int
		sites seen
		what  string
	}{
		{100, nil, ", no other page of a site imported"},
		{10, see(pages), ""}, {20, see(pages), ""}, {50, see(pages), ""}, {100, see(pages), ""}, {len(pages), see(pages), ""},
	} {
		n := c.n
		words, counted = nil, nil
		for seed := range seeds {
			var ws figures
			var all score.Confusion
			fold := folded(pages, seed)
			for f := range folds {
				held, rest := part(pages, fold, f, seed)
				m, err := train(ctx, rest[:min(n, len(rest))], seed, c.sites)
				if err != nil {
					return err
				}
				of, counts := tested(m, held, c.sites)
				ws, all = append(ws, of...), all.Add(counts)
			}
			words.add(ws.mean())
			counted.add(all.Body.F1())
		}
		name := fmt.Sprint(n)
		if n == len(pages) {
			name = fmt.Sprintf("all, about %d", n*(folds-1)/folds)
		}
		row(name+c.what, words, counted)
	}

	return nil
}

// byLines are the classes of the cleaner of rules for lines.
func byLines(ctx context.Context, p labelled) ([]corpus.Class, error) {
	rules, err := clean.BuiltInNamed("lines")
	if err != nil {
		return nil, err
	}
	a, err := rules.New().Clean(ctx, p.Document)
	if err != nil {
		return nil, err
	}
	if len(a.Blocks) != len(p.Classes) {
		return nil, fmt.Errorf("the rules give %d blocks for %d", len(a.Blocks), len(p.Classes))
	}
	out := make([]corpus.Class, len(a.Blocks))
	for i, b := range a.Blocks {
		out[i] = b.Class
	}

	return out, nil
}

// sweeps is what is left to do on pages of sites without gold.
func sweeps(ctx context.Context, w io.Writer, pages []labelled, _ int) error {
	var blank, rules, model, none figures
	sites := see(pages)
	fold := folded(pages, 0)
	for f := range folds {
		held, rest := part(pages, fold, f, 0)
		m, err := train(ctx, rest[:min(100, len(rest))], 0, sites)
		if err != nil {
			return err
		}
		for _, p := range held {
			said, err := byLines(ctx, p)
			if err != nil {
				return err
			}
			blank.add(float64(blocks.Sweeps(make([]corpus.Class, len(p.Classes)), p.Classes)))
			rules.add(float64(blocks.Sweeps(said, p.Classes)))
			model.add(float64(blocks.Sweeps(blocks.Classes(p.Document.Blocks, m.Classify(p.Document, sites.of(p.Document.Site))), p.Classes)))
			none.add(float64(blocks.Sweeps(repeated(corpus.Boilerplate, len(p.Classes)), p.Classes)))
		}
	}

	fmt.Fprint(w, "\n## Sweeps a page, on sites without gold\n\n| starting from | median | mean | pages that need none |\n|---|---:|---:|---:|\n")
	sweepRow(w, "a blank page", blank)
	sweepRow(w, "everything boilerplate", none)
	sweepRow(w, "line rules", rules)
	sweepRow(w, "the model, 100 gold pages of other sites", model)

	return nil
}

func sweepRow(w io.Writer, name string, f figures) {
	none := 0
	for _, x := range f {
		if x == 0 {
			none++
		}
	}
	fmt.Fprintf(w, "| %s | %g | %.2f | %.0f %% |\n", name, f.median(), f.mean(), 100*float64(none)/float64(max(1, len(f))))
}

func repeated(c corpus.Class, n int) []corpus.Class {
	out := make([]corpus.Class, n)
	for i := range out {
		out[i] = c
	}
	return out
}

// memory is what is left to do where the other pages of the site have gold.
func memory(ctx context.Context, w io.Writer, pages []labelled, _ int) error {
	bySite := map[string][]labelled{}
	for _, p := range pages {
		bySite[p.Document.Site] = append(bySite[p.Document.Site], p)
	}

	var blank, alone, model, both, f1Model, f1Both figures
	known, wrong, all := 0, 0, 0
	sites := see(pages)
	fold := folded(pages, 0)
	for f := range folds {
		held, rest := part(pages, fold, f, 0)
		m, err := train(ctx, rest[:min(100, len(rest))], 0, sites)
		if err != nil {
			return err
		}
		for _, p := range held {
			if len(bySite[p.Document.Site]) < 2 {
				continue
			}
			site := blocks.NewSite()
			site.See(p.Document)
			for _, o := range bySite[p.Document.Site] {
				if o.Document.ID != p.Document.ID {
					site.Learn(o.Example)
				}
			}
			recalled := site.Recall(p.Document)
			told := make([]corpus.Class, len(recalled))
			for i, r := range recalled {
				told[i] = r.Class
				all++
				if r.Class != corpus.Undecided {
					known++
					if r.Class != p.Classes[i] {
						wrong++
					}
				}
			}
			p0 := m.Classify(p.Document, sites.of(p.Document.Site))
			said, joined := blocks.Classes(p.Document.Blocks, p0), blocks.Classes(p.Document.Blocks, blocks.Combine(recalled, p0))
			blank.add(float64(blocks.Sweeps(make([]corpus.Class, len(p.Classes)), p.Classes)))
			alone.add(float64(blocks.Sweeps(told, p.Classes)))
			model.add(float64(blocks.Sweeps(said, p.Classes)))
			both.add(float64(blocks.Sweeps(joined, p.Classes)))
			f1Model.add(p.wordF1(said))
			f1Both.add(p.wordF1(joined))
		}
	}

	fmt.Fprintf(w, "\n## Sweeps a page, where the site's other page has gold\n\n%d pages; %.0f %% of their blocks are known from the other page, and %.1f %% of what is known is wrong.\n\n| starting from | median | mean | pages that need none |\n|---|---:|---:|---:|\n", len(blank), 100*float64(known)/float64(max(1, all)), 100*float64(wrong)/float64(max(1, known)))
	sweepRow(w, "a blank page", blank)
	sweepRow(w, "memory alone", alone)
	sweepRow(w, fmt.Sprintf("the model alone (word F1 %.3f)", f1Model.mean()), model)
	sweepRow(w, fmt.Sprintf("memory, and the model where it knows nothing (word F1 %.3f)", f1Both.mean()), both)

	return nil
}

// order compares which pages are labelled first.
func order(ctx context.Context, w io.Writer, pages []labelled, seeds int) error {
	const step, last = 20, 100
	names := []string{"random", "most uncertain", "most uncertain, one of a site"}
	scores := make([][]figures, len(names)) // by order, then by step
	sites := see(pages)
	for o := range names {
		scores[o] = make([]figures, last/step)
		for seed := range min(seeds, 2) {
			fold := folded(pages, seed)
			for f := range folds {
				held, pool := part(pages, fold, f, seed)
				var gold []labelled
				var m *blocks.Model
				for n := range last / step {
					gold, pool = next(m, gold, pool, step, o, sites)
					var err error
					if m, err = train(ctx, gold, seed, sites); err != nil {
						return err
					}
					words, _ := tested(m, held, sites)
					scores[o][n] = append(scores[o][n], words...)
				}
			}
		}
	}

	fmt.Fprint(w, "\n## Which pages first\n\nWord F1 on sites without gold.\n\n| gold pages |")
	for _, name := range names {
		fmt.Fprintf(w, " %s |", name)
	}
	fmt.Fprint(w, "\n|---:|---:|---:|---:|\n")
	for n := range last / step {
		fmt.Fprintf(w, "| %d |", (n+1)*step)
		for o := range names {
			fmt.Fprintf(w, " %.3f |", scores[o][n].mean())
		}
		fmt.Fprintln(w)
	}
	goal := scores[0][last/step-1].mean()
	fmt.Fprintln(w)
	for o, name := range names {
		at := slices.IndexFunc(scores[o], func(f figures) bool { return f.mean() >= goal })
		if at < 0 {
			fmt.Fprintf(w, "- %s: does not reach %.3f within %d pages.\n", name, goal, last)
			continue
		}
		fmt.Fprintf(w, "- %s: reaches %.3f with %d pages.\n", name, goal, (at+1)*step)
	}

	return nil
}

// next moves pages from the pool to gold: those at its head while there is no
// model or the order is 0, else the most uncertain, and for the order 2 those of
// sites that have no gold yet before the others.
func next(m *blocks.Model, gold, pool []labelled, n, order int, sites seen) (newGold, rest []labelled) {
	if m != nil && order > 0 {
		known := map[string]bool{}
		for _, p := range gold {
			known[p.Document.Site] = true
		}
		doubt := map[corpus.DocumentID]float64{}
		for _, p := range pool {
			doubt[p.Document.ID] = uncertainty(m.Classify(p.Document, sites.of(p.Document.Site)), p.words)
			if order == 2 && known[p.Document.Site] {
				doubt[p.Document.ID]--
			}
		}
		pool = slices.Clone(pool)
		slices.SortStableFunc(pool, func(a, b labelled) int {
			switch x, y := doubt[a.Document.ID], doubt[b.Document.ID]; {
			case x > y:
				return -1
			case x < y:
				return 1
			}
			return 0
		})
	}
	n = min(n, len(pool))

	return append(slices.Clip(gold), pool[:n]...), pool[n:]
}

// uncertainty is the share of the words that a model expects to get wrong, of
// those that it expects to be body.
func uncertainty(p []float64, words []int) float64 {
	wrong, body := 0.0, 1.0
	for i, x := range p {
		wrong += min(x, 1-x) * float64(words[i])
		body += x * float64(words[i])
	}
	return min(1, wrong/body)
}

// calibration compares probabilities with truth.
func calibration(ctx context.Context, w io.Writer, pages []labelled, _ int) error {
	h, err := blocks.CrossValidate(ctx, examples(pages), blocks.Options{Folds: folds, Repeats: see(pages).of})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n## Calibration\n\nExpected calibration error %.3f over blocks, %.3f over words; word F1 %.3f, block F1 %.3f.\n\n| probability of body | blocks | mean probability | are body |\n|---|---:|---:|---:|\n",
		h.Calibration.Error, h.Calibration.WordError, h.WordF1, h.Blocks.Body.F1())
	for i, b := range h.Calibration.Bins {
		n := float64(max(1, b.Blocks))
		fmt.Fprintf(w, "| %.1f to %.1f | %d | %.3f | %.3f |\n", float64(i)/10, float64(i+1)/10, b.Blocks, b.P/n, float64(b.Body)/n)
	}

	return nil
}

// timings are of this machine.
func timings(ctx context.Context, w io.Writer, pages []labelled, _ int) error {
	const many = 1000
	grown := grow(pages, many)
	sites := see(grown)
	start := time.Now()
	m, err := train(ctx, grown, 0, sites)
	if err != nil {
		return err
	}
	trained := time.Since(start)

	var each figures
	start = time.Now()
	for _, p := range grown {
		one := time.Now()
		m.Classify(p.Document, sites.of(p.Document.Site))
		each.add(time.Since(one).Seconds() * 1000)
	}
	all := time.Since(start)

	fmt.Fprintf(w, "\n## Time, one core\n\n- training on %d pages, calibrated: %.1f s\n- one page of %.0f blocks in the median: %.2f ms, the slowest %.2f ms\n- %.0f pages/s\n",
		many, trained.Seconds(), medianBlocks(pages), each.median(), slices.Max(each), float64(len(grown))/all.Seconds())

	return nil
}

// grow repeats the pages, each round on sites of its own.
func grow(pages []labelled, n int) []labelled {
	out := make([]labelled, n)
	for i := range out {
		out[i] = pages[i%len(pages)]
		out[i].Document.ID = corpus.DocumentID(i + 1)
		out[i].Document.Site = fmt.Sprintf("%d.%s", i/len(pages), out[i].Document.Site)
	}
	return out
}

func medianBlocks(pages []labelled) float64 {
	var f figures
	for _, p := range pages {
		f.add(float64(len(p.Classes)))
	}
	return f.median()
}
