package blocks

import (
	"cmp"
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Held is how well models did on pages of sites that they had not seen.
type Held struct {
	Pages       []HeldPage // in the order of the examples
	WordF1      float64    // F1 of body, each block weighted by its words: mean over the pages that have one
	Blocks      score.Confusion
	Calibration Calibration
	Sweeps      float64 // mean over pages
}

// HeldPage is one page and what a model said that was trained without its site.
type HeldPage struct {
	Document corpus.DocumentID
	Site     string
	P        []float64      // probability of body, for each block
	Classes  []corpus.Class // that go with them
	WordF1   float64        // NaN where neither side has body
	Sweeps   int            // from Classes to gold
	Blank    int            // from nothing to gold
}

// Calibration compares probabilities with what was true.
type Calibration struct {
	Bins      [10]Bin // by tenths of the probability
	Error     float64 // expected calibration error: mean distance of probability and truth over the bins
	WordError float64 // the same with each block weighted by its words
}

// Bin is the blocks whose probability lies in one tenth.
type Bin struct {
	Blocks, Body  int     // how many there are, and how many are body
	P             float64 // sum of their probabilities
	Words, OfBody int     // words in them, and in those that are body
	WordsP        float64 // sum of the probabilities of the words
}

// CrossValidate trains Options.Folds models, each without the pages of some
// sites, and asks it about those. A page without a site is one by itself. The
// error is that of Train, or an *corpus.Invalid where there are fewer sites than
// two.
func CrossValidate(ctx context.Context, examples iter.Seq2[Example, error], o Options) (Held, error) {
	pages, err := gather(examples, o)
	if err != nil {
		return Held{}, err
	}

	return crossValidate(ctx, pages, cmp.Or(o.Folds, 5), o.Seed)
}

func crossValidate(ctx context.Context, pages []page, k int, seed uint64) (Held, error) {
	fold := folds(pages, k, seed)
	if slices.Max(fold) == 0 {
		return Held{}, corpus.Invalidf("", "there is gold of one site only; accuracy is measured on sites that the model has not seen")
	}

	raw := make([][]float64, len(pages))
	for f := range k {
		m, err := fit(ctx, without(pages, fold, f), seed)
		if err != nil {
			return Held{}, err
		}
		for i, p := range pages {
			if fold[i] == f {
				raw[i] = m.raw(p.sequence.Items.Unpack())
			}
		}
	}

	h := Held{Pages: make([]HeldPage, len(pages))}
	for f := range k {
		scale := calibration{}
		for i, p := range pages {
			if fold[i] != f {
				scale.add(raw[i], p.classes)
			}
		}
		scale.fit()
		for i, p := range pages {
			if fold[i] == f {
				h.Pages[i] = heldPage(p, raw[i], scale)
			}
		}
	}
	h.sum(pages)

	return h, nil
}

func heldPage(p page, raw []float64, scale calibration) HeldPage {
	out := HeldPage{Document: p.document, Site: p.site, P: make([]float64, len(raw))}
	for i, x := range raw {
		out.P[i] = scale.of(x)
	}
	out.Classes = decide(p.lengths, out.P)
	out.WordF1 = score.Blocks(p.classes, out.Classes, p.words).Body.F1()
	out.Sweeps = Sweeps(out.Classes, p.classes)
	out.Blank = Sweeps(make([]corpus.Class, len(p.classes)), p.classes)

	return out
}

func (h *Held) sum(pages []page) {
	n := 0
	for i, p := range h.Pages {
		if !math.IsNaN(p.WordF1) {
			h.WordF1 += p.WordF1
			n++
		}
		h.Sweeps += float64(p.Sweeps) / float64(len(h.Pages))
		h.Blocks = h.Blocks.Add(score.Blocks(pages[i].classes, p.Classes, nil))
		h.Calibration.Add(p.P, pages[i].classes, pages[i].words)
	}
	h.WordF1 /= float64(n)
}

// Add counts the blocks of a page; those Undecided are left out. The slices are
// parallel.
func (c *Calibration) Add(p []float64, classes []corpus.Class, words []int) {
	for i, class := range classes {
		if class == corpus.Undecided {
			continue
		}
		b := &c.Bins[min(9, int(10*p[i]))]
		b.Blocks, b.Words = b.Blocks+1, b.Words+words[i]
		b.P, b.WordsP = b.P+p[i], b.WordsP+p[i]*float64(words[i])
		if class == corpus.Body {
			b.Body, b.OfBody = b.Body+1, b.OfBody+words[i]
		}
	}

	blocks, weight := 0, 0
	c.Error, c.WordError = 0, 0
	for _, b := range c.Bins {
		blocks, weight = blocks+b.Blocks, weight+b.Words
		c.Error += math.Abs(b.P - float64(b.Body))
		c.WordError += math.Abs(b.WordsP - float64(b.OfBody))
	}
	c.Error /= float64(max(1, blocks))
	c.WordError /= float64(max(1, weight))
}

// folds gives each page the number of its fold: pages of one site have the
// same, and sites are dealt out in an order drawn by seed.
func folds(pages []page, k int, seed uint64) []int {
	byName := map[string]int{}
	for i := range pages {
		byName[siteOf(pages[i])] = 0
	}
	names := make([]string, 0, len(byName))
	for name := range byName {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(seed, 0x626c6f636b73))
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for i, name := range names {
		byName[name] = i % k
	}

	out := make([]int, len(pages))
	for i, p := range pages {
		out[i] = byName[siteOf(p)]
	}
	return out
}

func siteOf(p page) string {
	if p.site == "" {
		return "document " + strconv.FormatInt(int64(p.document), 10)
	}
	return p.site
}

func without(pages []page, fold []int, f int) []page {
	var out []page
	for i, p := range pages {
		if fold[i] != f {
			out = append(out, p)
		}
	}
	return out
}

// held is a part of the pages and the rest of them.
type held struct{ out, rest []page }

// many is from how many pages on one part is enough to calibrate on.
const many = 200

// holdOut parts the pages for calibration: thirds, each of which is held out
// once, or one fifth where there are many pages; nothing where there is one
// site.
func holdOut(pages []page, seed uint64) []held {
	k, rounds := 3, 3
	if len(pages) > many {
		k, rounds = 5, 1
	}
	fold := folds(pages, k, seed)
	if slices.Max(fold) == 0 {
		return nil
	}

	out := make([]held, 0, rounds)
	for f := range rounds {
		h := held{rest: without(pages, fold, f)}
		for i, p := range pages {
			if fold[i] == f {
				h.out = append(h.out, p)
			}
		}
		out = append(out, h)
	}
	return out
}
