package suggest

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest/blocks"
	"annotate/internal/suggest/spans"
)

// Options of training.
type Options struct {
	Seed    uint64
	Labels  corpus.LabelSet
	Answers func(context.Context, corpus.Document) ([]Answer, error) // of runs and rules; nil for none

	// Others are some pages of a site without gold, as those that will be asked
	// about have them too: what is repeated on a site is seldom its body. Nil for none.
	Others func(ctx context.Context, site string) ([]corpus.Document, error)
}

// Train learns from gold, at least LeastGold documents of it, and measures every
// source on pages of sites that it has not seen; where all are of one site, on
// pages that it has not seen. The same gold in the same order, and the same
// seed, give the same. What all sources contradict in gold is the second result,
// the most doubtful first. It reads the gold several times rather than holding it.
func Train(ctx context.Context, gold iter.Seq2[corpus.Gold, error], o Options) (*Learned, []corpus.SecondLook, error) {
	l := newLesson()
	for g, err := range gold {
		if err != nil {
			return nil, nil, err
		}
		l.add(g)
	}
	if l.documents < LeastGold {
		return nil, nil, corpus.Invalidf("", "a model is made of at least %d documents with gold; %d have gold", LeastGold, l.documents)
	}

	if err := l.seeOthers(ctx, o); err != nil {
		return nil, nil, err
	}

	of := blocks.Options{Seed: o.Seed, Repeats: l.site}
	held, err := blocks.CrossValidate(ctx, examples(gold, len(l.sites) < 2), of)
	if err != nil {
		return nil, nil, err
	}
	out := &Learned{Report: Report{Documents: l.documents, Sites: len(l.sites), Right: map[string]Right{},
		Blocks: &BlockAccuracy{WordF1: Figure(held.WordF1), BlockF1: Figure(held.Blocks.Body.F1()), Calibration: Figure(held.Calibration.Error)}}}
	if out.Blocks, err = blocks.Train(ctx, examples(gold, false), of); err != nil {
		return nil, nil, err
	}
	looks, err := l.measure(ctx, gold, o, held, &out.Report)
	if err != nil {
		return nil, nil, err
	}

	return out, looks, out.learnSpans(ctx, gold, o)
}

// examples are gold as the model of blocks learns from it. Apart, every page is
// one by itself.
func examples(gold iter.Seq2[corpus.Gold, error], apart bool) iter.Seq2[blocks.Example, error] {
	return func(yield func(blocks.Example, error) bool) {
		for g, err := range gold {
			if apart {
				g.Document.Site = ""
			}
			if !yield(blocks.ExampleOf(g), err) || err != nil {
				return
			}
		}
	}
}

func (l *Learned) learnSpans(ctx context.Context, gold iter.Seq2[corpus.Gold, error], o Options) (err error) {
	of := spans.Options{Seed: o.Seed, Labels: o.Labels}
	if l.Spans, err = spans.Train(ctx, gold, of); err != nil {
		return err
	}
	held, err := spans.CrossValidate(ctx, gold, of)
	if err == nil && held.Folds > 0 {
		l.Report.Spans = accuracyOf(held.Combined.All)
		l.Report.Spans.Labels = map[corpus.LabelID]SpanAccuracy{}
		for label, c := range held.Combined.ByLabel {
			l.Report.Spans.Labels[label] = *accuracyOf(c)
		}
	}

	return err
}

func accuracyOf(c score.Counts) *SpanAccuracy {
	f := c.PRF()

	return &SpanAccuracy{P: Figure(f.P), R: Figure(f.R), F1: Figure(f.F1)}
}

// lesson is what is held of gold while it is learnt from.
type lesson struct {
	documents int
	sites     map[string]*blocks.Site // those that have a name
}

func newLesson() *lesson { return &lesson{sites: map[string]*blocks.Site{}} }

func (l *lesson) add(g corpus.Gold) {
	l.documents++
	name := g.Document.Site
	if name == "" {
		return
	}
	if l.sites[name] == nil {
		l.sites[name] = blocks.NewSite()
	}
	l.sites[name].Learn(blocks.ExampleOf(g))
}

func (l *lesson) seeOthers(ctx context.Context, o Options) error {
	if o.Others == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(l.sites)) {
		others, err := o.Others(ctx, name)
		if err != nil {
			return err
		}
		for _, d := range others {
			l.sites[name].See(d)
		}
	}

	return nil
}

func (l *lesson) site(name string) *blocks.Site { return l.sites[name] }

// doubtful is how sure the model may be of gold at most for gold to be in doubt.
const doubtful = 0.1

// measure holds every source against every page, as if the page had not been
// labelled, and finds what all of them contradict.
func (l *lesson) measure(ctx context.Context, gold iter.Seq2[corpus.Gold, error], o Options, held blocks.Held, r *Report) (out []corpus.SecondLook, err error) {
	t, i := tally{}, 0
	for g, err := range gold {
		if err != nil {
			return nil, err
		}
		p := page{Example: blocks.ExampleOf(g)}
		if o.Answers != nil {
			if p.answers, err = o.Answers(ctx, g.Document); err != nil {
				return nil, err
			}
		}
		if i == len(held.Pages) || held.Pages[i].Document != g.Document.ID {
			return nil, fmt.Errorf("gold of document %d changed while it was learnt from", g.Document.ID)
		}
		model := judged(g.Document.Blocks, held.Pages[i].P)
		i++

		said := map[string][]Opinion{}
		for _, a := range p.answers {
			own := (answered{name: a.Source}).Opinions(Page{Document: p.Document, Answers: p.answers})
			r.Right[a.Source] = r.Right[a.Source].add(own, p.Classes)
			said[a.Source] = own
		}
		for _, look := range p.contradicted(model, said) {
			look.Gold = g.ID
			out = append(out, look)
		}
		said[Model] = model
		l.cost(t, p, said)
	}
	r.Costs = t.costs()
	slices.SortStableFunc(out, func(a, b corpus.SecondLook) int { return cmp.Compare(a.P, b.P) })

	return out, nil
}

// page is a document with gold, and what runs and rules said of it.
type page struct {
	blocks.Example
	answers []Answer
}

// cost adds what a page costs blank and with each source.
func (l *lesson) cost(t tally, p page, said map[string][]Opinion) {
	known := l.recalled(p)
	blank := blocks.Sweeps(make([]corpus.Class, len(p.Classes)), p.Classes)
	sweeps := map[string]int{Blank: blank}
	if known != nil {
		sweeps[corpus.FromMemory] = corrections(known, p.Classes)
	}
	for source, own := range said {
		sweeps[source] = corrections(over(known, own), p.Classes)
	}
	t.add(p.Document.MediaType, p.Document.Site, blank, sweeps)
}

// recalled is what the memory of its site says of a page that it has not seen.
func (l *lesson) recalled(p page) []Opinion {
	site := l.sites[p.Document.Site]
	if site == nil {
		return nil
	}
	site.Forget(p.Example)
	defer site.Learn(p.Example)

	return memory{}.Opinions(Page{Document: p.Document, Site: site})
}

// corrections is what it takes to accept opinions and make gold of them.
func corrections(o []Opinion, want []corpus.Class) int {
	have := make([]corpus.Class, len(want))
	for i := range o {
		have[i] = o[i].Class
	}

	return 1 + blocks.Sweeps(have, want)
}

func (r Right) add(o []Opinion, want []corpus.Class) Right {
	for i, one := range o {
		switch {
		case want[i] == corpus.Undecided:
		case one.Class == corpus.Body:
			r.Body++
			if want[i] == one.Class {
				r.BodyRight++
			}
		case one.Class == corpus.Boilerplate:
			r.Boiler++
			if want[i] == one.Class {
				r.BoilerRight++
			}
		}
	}

	return r
}

func (p page) contradicted(model []Opinion, said map[string][]Opinion) (out []corpus.SecondLook) {
	for i, class := range p.Classes {
		m := model[i]
		if class == corpus.Undecided || m.Class == class || 1-m.P > doubtful {
			continue
		}
		runs, agree := 0, false
		for source, o := range said {
			if source == corpus.FromRules || o == nil || o[i].Class == corpus.Undecided {
				continue
			}
			runs++
			agree = agree || o[i].Class == class
		}
		if !agree {
			out = append(out, corpus.SecondLook{Document: p.Document.ID, Block: p.Document.Blocks[i].Range, Class: class, P: 1 - m.P, Runs: runs})
		}
	}

	return out
}

// Said is what a run said of a document.
type Said struct {
	Source     string
	Prediction score.Prediction
}

// keptShare is the share of a block's words above which a cleaned text has kept
// the block.
const keptShare = 0.5

// AnswersOf are what runs said, and what the rules for lines say of plain text,
// as classes of blocks. A run that said nothing of blocks or text is left out.
func AnswersOf(ctx context.Context, d corpus.Document, said []Said) []Answer {
	var out []Answer
	scored := make([]score.Block, len(d.Blocks))
	for i, b := range d.Blocks {
		scored[i] = score.Block{Range: b.Range}
	}
	var words []score.Word
	for _, s := range said {
		a := Answer{Source: s.Source}
		switch {
		case len(s.Prediction.Blocks) > 0:
			a.Classes = classesOf(d, s.Prediction.Blocks)
		case s.Prediction.Status == score.OK && s.Prediction.Text != "":
			if words == nil {
				words = score.Words(d.Text)
			}
			a.Classes, _ = score.Align(words, score.Words(s.Prediction.Text)).Decisions(scored, keptShare)
		default:
			continue
		}
		out = append(out, a)
	}
	if d.MediaType == "text/plain" {
		if lines, err := clean.BuiltInNamed("lines"); err == nil {
			if p, err := lines.New().Clean(ctx, d); err == nil && p.Status == score.OK {
				out = append(out, Answer{corpus.FromRules, classesOf(d, p.Blocks)})
			}
		}
	}

	return out
}

// classesOf are the classes that predicted blocks give a document's: a block has
// one where all of it that was judged has that.
func classesOf(d corpus.Document, said []score.Block) []corpus.Class {
	out := make([]corpus.Class, len(d.Blocks))
	said = slices.SortedFunc(slices.Values(said), func(a, b score.Block) int { return cmp.Compare(a.Start, b.Start) })
	at := 0
	for i, b := range d.Blocks {
		for at < len(said) && said[at].End <= b.Start {
			at++
		}
		for k := at; k < len(said) && said[k].Start < b.End; k++ {
			switch out[i] {
			case corpus.Undecided:
				out[i] = said[k].Class
			case said[k].Class:
			default:
				out[i] = corpus.Undecided
				k = len(said)
			}
		}
	}

	return out
}
