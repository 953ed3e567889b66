package blocks

import (
	"context"
	"fmt"
	"iter"
	"math"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest/crf"
	"annotate/internal/text"
)

// The states of a block in the sequence model.
const (
	boilerplate = iota
	body
	states
)

// Options of training.
type Options struct {
	Seed    uint64
	Folds   int                     // of CrossValidate, usually 5
	Repeats func(site string) *Site // what was seen of a site, nil for nothing; may be nil
}

// Model gives each block of a document its probability of being body. It is
// not changed by use, and may be used concurrently.
type Model struct {
	Documents int // how many it has learnt from

	chain *crf.Model
	scale calibration
}

// Train learns from examples, of which it keeps what it sees of their blocks
// and not their texts. The same examples in the same order and the same seed
// give the same model to the bit. Its probabilities are calibrated on examples
// held out by site, where there are two sites or more. The error is that of the
// examples, of the context, or an *corpus.Invalid where nothing can be learnt.
func Train(ctx context.Context, examples iter.Seq2[Example, error], o Options) (*Model, error) {
	pages, err := gather(examples, o)
	if err != nil {
		return nil, err
	}

	m, err := fit(ctx, pages, o.Seed)
	if err != nil {
		return nil, err
	}
	for _, held := range holdOut(pages, o.Seed) {
		part, err := fit(ctx, held.rest, o.Seed)
		if err != nil {
			return nil, err
		}
		for _, p := range held.out {
			m.scale.add(part.raw(p.sequence.Items.Unpack()), p.classes)
		}
	}
	m.scale.fit()

	return m, nil
}

// page is an example as training needs it.
type page struct {
	document corpus.DocumentID
	site     string
	sequence crf.Sequence
	classes  []corpus.Class
	lengths  []int // of each block
	words    []int // of each block, as scores count them
}

func gather(examples iter.Seq2[Example, error], o Options) ([]page, error) {
	var pages []page
	var packer crf.Packer
	for e, err := range examples {
		if err != nil {
			return nil, err
		}
		if len(e.Classes) != len(e.Document.Blocks) {
			return nil, fmt.Errorf("document %d: %d classes for %d blocks", e.Document.ID, len(e.Classes), len(e.Document.Blocks))
		}
		p, err := pageOf(e, o, &packer)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", e.Document.ID, err)
		}
		pages = append(pages, p)
	}
	if len(pages) == 0 {
		return nil, corpus.Invalidf("", "there is no gold to learn from yet")
	}

	return pages, nil
}

func pageOf(e Example, o Options, packer *crf.Packer) (page, error) {
	d := e.Document
	var site *Site
	if o.Repeats != nil {
		site = o.Repeats(d.Site)
	}
	items, err := packer.Pack(features(d, site))
	if err != nil {
		return page{}, err
	}
	p := page{document: d.ID, site: d.Site, classes: e.Classes, lengths: lengths(d.Blocks), words: make([]int, len(e.Classes))}
	p.sequence = crf.Sequence{Items: items, Tags: make([]int, len(e.Classes))}
	x := text.NewIndex(d.Text)
	for i, c := range e.Classes {
		p.words[i] = len(score.Words(x.Slice(d.Blocks[i].Range)))
		switch c {
		case corpus.Body:
			p.sequence.Tags[i] = body
		case corpus.Boilerplate:
			p.sequence.Tags[i] = boilerplate
		default:
			p.sequence.Tags[i] = crf.Unknown
		}
	}

	return p, nil
}

// Measured on article-extraction-benchmark: the result changes little for a
// penalty ten times as high or as low, and no more for twice the epochs.
const (
	rate    = 0.05
	penalty = 0.01
	epochs  = 3

	// Each page counts the same, as it does in the score, but for those of very
	// few blocks.
	typical = 150.0
	brief   = 15
)

// fit trains a model that is not calibrated.
func fit(ctx context.Context, pages []page, seed uint64) (*Model, error) {
	sequences := make([]crf.Sequence, len(pages))
	for i, p := range pages {
		sequences[i] = p.sequence
		sequences[i].Weight = typical / float64(max(len(p.classes), brief))
	}
	chain, err := crf.Train(ctx, sequences, crf.Options{States: states, Features: width, Seed: seed, Epochs: epochs, Rate: rate, L2: penalty})
	if err != nil {
		return nil, fmt.Errorf("train a model of blocks: %w", err)
	}

	return &Model{Documents: len(pages), chain: chain, scale: calibration{slope: 1}}, nil
}

// Classify gives the probability of each block that it is body, calibrated.
// site says what else stands on its site; it may be nil, and should be what
// Options.Repeats was in training. A document without blocks has none.
func (m *Model) Classify(d corpus.Document, site *Site) []float64 {
	out := m.raw(features(d, site))
	for i, p := range out {
		out[i] = m.scale.of(p)
	}

	return out
}

// raw are the probabilities before they are calibrated.
func (m *Model) raw(items [][]crf.Feature) []float64 {
	out := make([]float64, len(items))
	for i, p := range m.chain.Marginals(items) {
		out[i] = p[body]
	}
	return out
}

// calibration makes probabilities mean what they say (Platt, "Probabilistic
// outputs for support vector machines", 1999): the log-odds are stretched and
// shifted so that those held out are most likely.
type calibration struct {
	slope, shift float64

	odds  []float64
	truth []bool
}

func (c *calibration) add(p []float64, classes []corpus.Class) {
	for i, class := range classes {
		if class != corpus.Undecided {
			c.odds = append(c.odds, logOdds(p[i]))
			c.truth = append(c.truth, class == corpus.Body)
		}
	}
}

// fit finds both by Newton's method, and forgets what was added.
func (c *calibration) fit() {
	c.slope, c.shift = 1, 0
	for range 20 {
		var ga, gb float64                       // the gradient
		haa, hab, hbb := 1e-3, 0.0, 1e-3         // the Hessian, never singular
		ga, gb = 1e-3*(1-c.slope), -1e-3*c.shift // drawn to where it starts
		for i, x := range c.odds {
			p := sigmoid(c.slope*x + c.shift)
			d := -p
			if c.truth[i] {
				d++
			}
			w := p * (1 - p)
			ga, gb = ga+d*x, gb+d
			haa, hab, hbb = haa+w*x*x, hab+w*x, hbb+w
		}
		det := haa*hbb - hab*hab
		c.slope += (hbb*ga - hab*gb) / det
		c.shift += (haa*gb - hab*ga) / det
	}
	if !c.sound() {
		c.slope, c.shift = 1, 0
	}
	c.odds, c.truth = nil, nil
}

// sound refuses what no honest fit gives; NaN is not sound either.
func (c *calibration) sound() bool {
	return c.slope > .05 && c.slope < 20 && math.Abs(c.shift) < 20
}

func (c *calibration) of(p float64) float64 { return sigmoid(c.slope*logOdds(p) + c.shift) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// logOdds is bounded, so that one block that was surely wrong is not worth a
// thousand.
func logOdds(p float64) float64 {
	p = max(1e-4, min(p, 1-1e-4))
	return math.Log(p / (1 - p))
}
