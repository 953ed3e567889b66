package spans

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/suggest/crf"
	"annotate/internal/text"
)

// Options of training.
type Options struct {
	Seed   uint64
	Labels corpus.LabelSet // the project's; spans of retired ones are neither learnt nor suggested
}

// Model says where spans are by words, their context and the gazetteer: a
// conditional random field over the words of a block with the tags O, B-label
// and I-label. Of spans that overlap it learns the longest, of equal ones the
// first, and it suggests none inside another. It is safe for concurrent use.
type Model struct {
	// Source is what its suggestions name. It is corpus.FromModel until the
	// caller, who knows the model's number, says it in full; it is not kept in
	// the binary form.
	Source string

	labels  []corpus.LabelID // the states are 0 for O, 1+2i for B and 2+2i for I of label i
	crf     *crf.Model       // nil where there was nothing to learn
	names   *Matcher
	scale   scale
	least   float64 // what is less sure than this is not suggested; above 1 where nothing is
	outside bool    // spans stand outside the body too
}

// Train learns from gold. Documents without spans say nothing and are passed
// over, as the gazetteer does; blocks that are boilerplate are too, where no
// span stands outside the body. The same gold in the same order, and the same
// options, give the same model. How sure it is, and from when on it speaks, is
// measured on pages that it was not shown, by models like it.
//
// Of more than MaxDocuments documents so many are drawn, and of those about
// 200 000 words, so that training takes seconds and bounded memory whatever
// there is.
func Train(ctx context.Context, gold iter.Seq2[corpus.Gold, error], o Options) (*Model, error) {
	l, err := newLesson(gold, o)
	if err != nil {
		return nil, err
	}
	held, err := l.heldOut(ctx, folds, maxTested, maxTested, nil)
	if err != nil {
		return nil, err
	}
	m, err := l.train(ctx, func(int) bool { return true }, maxTrained)
	if err != nil {
		return nil, err
	}
	m.scale = newScale(held)
	m.least = threshold(held, m.scale)

	return m, nil
}

// folds is how many models are trained to measure the one that is kept.
const folds = 3

// maxTrained is how many words a model learns from; maxTested how many those
// that only measure it learn from, and are tested on.
const (
	maxTrained = 200_000
	maxTested  = 25_000
)

// lesson is gold ready to be learnt from.
type lesson struct {
	Options
	pages  []*page
	labels []corpus.LabelID // living, and in gold
	body   bool             // no span stands outside it
}

// MaxDocuments is how many documents with spans are learnt from.
const MaxDocuments = 2_000

func newLesson(gold iter.Seq2[corpus.Gold, error], o Options) (*lesson, error) {
	l := &lesson{Options: o, body: true}
	random, seen := rand.New(rand.NewPCG(o.Seed, 1)), 0
	for g, err := range gold {
		if err != nil {
			return nil, err
		}
		p := read(g)
		if p == nil {
			continue
		}
		seen++
		if len(l.pages) < MaxDocuments {
			l.pages = append(l.pages, p)
		} else if i := random.IntN(seen); i < MaxDocuments {
			l.pages[i] = p
		}
	}

	alive, there := living(o.Labels), map[corpus.LabelID]bool{}
	for _, p := range l.pages {
		p.spans = slices.DeleteFunc(p.spans, func(s corpus.Span) bool { return !alive(s.Label) })
		for _, s := range p.spans {
			there[s.Label] = true
		}
		for _, one := range p.pieces {
			l.body = l.body && (one.class == corpus.Body || len(one.marks) == 0)
		}
	}
	l.labels = slices.Sorted(maps.Keys(there))

	return l, nil
}

// drawn are the pages in an order by chance.
func (l *lesson) drawn() []int {
	order := make([]int, len(l.pages))
	for i := range order {
		order[i] = i
	}
	rand.New(rand.NewPCG(l.Seed, 2)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })

	return order
}

// passed reports whether a piece is not looked at.
func (l *lesson) passed(p piece) bool { return l.body && p.class != corpus.Body }

// words counts those of a page that are looked at.
func (l *lesson) words(page int) int {
	n := 0
	for _, p := range l.pages[page].pieces {
		if !l.passed(p) {
			n += len(p.words)
		}
	}
	return n
}

// space is how many features are told apart: enough that few of those that so
// many words have fall together, as far as that takes no more memory than it is
// worth.
func space(states, words int) int {
	size := 1 << 12
	for size < 1<<18 && size < 16*words && 2*size*states <= 1<<22 {
		size <<= 1
	}
	return size
}

// state is the tag of a word of a span with that label.
func (m *Model) state(label corpus.LabelID, first bool) (int, bool) {
	i, ok := slices.BinarySearch(m.labels, label)
	if first {
		return 1 + 2*i, ok
	}
	return 2 + 2*i, ok
}

// follows says which tags may follow one another: an I only its own B or I.
func follows(from, to int) bool {
	inside := to > 0 && to%2 == 0
	return !inside || from == to || from == to-1
}

// train learns from the wanted pages, at most so many words.
func (l *lesson) train(ctx context.Context, wanted func(page int) bool, words int) (*Model, error) {
	m := &Model{Source: corpus.FromModel, labels: l.labels, outside: !l.body, scale: plainScale, least: muted}
	z := NewGazetteer()
	for i, p := range l.pages {
		if wanted(i) {
			z.documents[corpus.DocumentID(i)] = z.keep(p)
		}
	}
	t := z.table(living(l.Labels), true)
	m.names = t.matcher()
	if len(l.labels) == 0 {
		return m, nil
	}

	var pages []int
	learnt := 0
	for _, i := range l.drawn() {
		if wanted(i) && learnt < words {
			pages = append(pages, i)
			learnt += l.words(i)
		}
	}
	states := 1 + 2*len(l.labels)
	o := newObserver(space(states, learnt))
	var seqs []crf.Sequence
	var packer crf.Packer
	for _, i := range pages {
		for _, p := range l.pages[i].pieces {
			if l.passed(p) || len(p.words) == 0 {
				continue
			}
			var err error
			seqs, err = m.examples(seqs, &packer, p, o.features(p, m.names.hints(p.words, t.without(t.group[l.pages[i].group]))))
			if err != nil {
				return nil, fmt.Errorf("pack a piece: %w", err)
			}
		}
	}
	if len(seqs) == 0 {
		return m, nil
	}
	crf.DropRare(seqs, int(o.size)) // which are half of all

	var err error
	m.crf, err = crf.Train(ctx, seqs, crf.Options{States: states, Features: int(o.size), Seed: l.Seed, Epochs: epochs, Rate: rate, Allowed: follows})
	if err != nil {
		return nil, fmt.Errorf("train a model of spans: %w", err)
	}

	return m, nil
}

// How the field is trained. Tried on made pages that were held out, 2 to 8 times
// the steps and any penalty change F1 by less than a hundredth; few steps are
// what keeps it from learning by heart.
const (
	epochs = 3
	rate   = 0.05
)

// examples are the sequences of a piece with their tags. What a span touches
// but does not fill, and spans of labels that are not learnt, are unknown.
func (m *Model) examples(seqs []crf.Sequence, packer *crf.Packer, p piece, features [][]crf.Feature) ([]crf.Sequence, error) {
	tags := make([]int, len(p.words))
	marks := slices.Clone(p.marks)
	slices.SortStableFunc(marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(b.to-b.from, a.to-a.from), cmp.Compare(a.from, b.from))
	})
	var taken []mark
	for _, k := range marks {
		if slices.ContainsFunc(taken, func(o mark) bool { return max(o.from, k.from) < min(o.to, k.to) }) {
			continue
		}
		taken = append(taken, k)
		for i := k.from; i < k.to; i++ {
			tags[i] = crf.Unknown
			if tag, ok := m.state(k.label, i == k.from); ok && k.whole {
				tags[i] = tag
			}
		}
	}
	for _, cut := range sequences(p.words, taken) {
		items, err := packer.Pack(features[cut[0]:cut[1]])
		if err != nil {
			return nil, err
		}
		seqs = append(seqs, crf.Sequence{Items: items, Tags: tags[cut[0]:cut[1]]})
	}

	return seqs, nil
}

// hints are what the gazetteer says of words, by a figure for each entry; an
// entry of probability 0 says nothing.
func (m *Matcher) hints(ws []word, figure func(entry int) (corpus.LabelID, float64)) []hint {
	var out []hint
	for _, f := range m.find(ws, func(e int) bool { _, p := figure(e); return p > 0 }) {
		label, p := figure(f.entry)
		out = append(out, hint{f.from, f.to, label, p})
	}
	return out
}

// without gives the figures of strings as they would be without a group: a page
// that is learnt from must not know its own spans from the gazetteer, or all
// that is learnt is to believe it.
func (t *table) without(group int) func(entry int) (corpus.LabelID, float64) {
	return func(e int) (corpus.LabelID, float64) {
		c := t.counts[e]
		if own := t.groups[group][e]; own != nil {
			c = c.less(*own)
		}
		return c.p(t.prior)
	}
}

// figure is what the gazetteer says to a model that suggests.
func (m *Matcher) figure(e int) (corpus.LabelID, float64) { return m.entries[e].Label, m.entries[e].P }

// guess is a span that a model finds, in words of a piece.
type guess struct {
	from, to int
	label    corpus.LabelID
	p        float64 // by the field alone, not calibrated
}

// guesses are the spans of the most probable tags, in order, each with the
// probability that exactly these words are a span of this label, summed over
// all tags of the others.
func (m *Model) guesses(o *observer, p piece) []guess {
	var out []guess
	features := o.features(p, m.names.hints(p.words, m.names.figure))
	for _, cut := range sequences(p.words, nil) {
		items := features[cut[0]:cut[1]]
		tags := m.crf.Best(items)
		first := len(out)
		for i := 0; i < len(tags); i++ {
			if tags[i] == 0 {
				continue
			}
			end := i + 1
			for end < len(tags) && tags[end]%2 == 0 && tags[end] > 0 {
				end++
			}
			out = append(out, guess{from: i, to: end, label: m.labels[(tags[i]-1)/2]})
			i = end - 1
		}
		m.weigh(items, tags, out[first:])
		for i := first; i < len(out); i++ {
			out[i].from, out[i].to = out[i].from+cut[0], out[i].to+cut[0]
		}
	}

	return out
}

// weigh sets the probability of each span: that its tags are these, less that it
// goes on.
func (m *Model) weigh(items [][]crf.Feature, tags []int, spans []guess) {
	if len(spans) == 0 {
		return
	}

	open := slices.Repeat([]int{crf.Unknown}, len(tags))
	asked := make([][]int, 0, 2*len(spans))
	for _, g := range spans {
		only := slices.Clone(open)
		copy(only[g.from:g.to], tags[g.from:g.to])
		longer := only
		if g.to < len(tags) {
			longer = slices.Clone(only)
			longer[g.to] = tags[g.from] + 1
		}
		asked = append(asked, only, longer)
	}
	told := m.crf.LogLikelihoods(items, asked...)
	for i := range spans {
		spans[i].p = math.Exp(told[2*i])
		if spans[i].to < len(tags) {
			spans[i].p -= math.Exp(told[2*i+1])
		}
		spans[i].p = max(0, min(spans[i].p, 1))
	}
}

// Names looks for the strings that were spans in what the model learnt from.
func (m *Model) Names() *Matcher { return m.names }

// Quiet reports whether the model suggests nothing: there was nothing to learn,
// or it did not prove itself.
func (m *Model) Quiet() bool { return m.crf == nil || m.least > 1 }

// Suggest finds the spans of a document that are worth suggesting, in order.
// Classes are those of its blocks as far as they are known, or nil: a
// boilerplate block is passed over where spans stand in the body alone. There
// are none where the model did not prove itself on pages it was not shown.
func (m *Model) Suggest(d corpus.Document, classes []corpus.Class) []Suggestion {
	if m.Quiet() {
		return nil
	}

	var out []Suggestion
	x, o := text.NewIndex(d.Text), newObserver(m.crf.Features)
	for i, b := range d.Blocks {
		cut := corpus.Piece{Range: b.Range, Class: corpus.Body}
		if i < len(classes) && classes[i] != corpus.Undecided {
			cut.Class = classes[i]
		}
		if cut.Class == corpus.Boilerplate && !m.outside {
			continue
		}
		p := newPiece(x, cut, d.Blocks, i)
		for _, g := range m.guesses(o, p) {
			r := corpus.Snap(x, text.Range{Start: p.words[g.from].Start, End: p.words[g.to-1].End})
			if sure := m.scale.of(g.p); sure >= m.least && r.Len() > 0 {
				out = append(out, Suggestion{Range: r, Label: g.label, P: sure, Source: m.Source})
			}
		}
	}
	slices.SortFunc(out, inOrder)

	return out
}
