// Package suggest says what could be right before a person decides: which class
// a block has, and where spans are. It asks several sources: what people said of
// the same text on the same site, the answers of cleaners, rules for lines, and
// models that learn from the project's own gold. None of them decides anything.
//
// A source earns its place. When a model is made, every source is held against
// pages that it has not seen, and what it would have cost to correct it is
// counted beside what the blank page costs; where that is more, it keeps quiet.
// What is suggested carries its source and how sure that is, so that it can be
// said afterwards what each was worth.
//
// The parts are pure: crf is the sequence model, blocks and spans are what
// learns, and this package puts them together. Documents and gold come in from
// outside, and nothing here knows a data file or a screen.
package suggest

import (
	"fmt"
	"math"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
	"annotate/internal/suggest/spans"
)

// Page is what sources look at.
type Page struct {
	Document corpus.Document
	Site     *blocks.Site // what is known of its site; nil for nothing
	Answers  []Answer     // of runs, the newest first, and of rules
	Rulings  *Rulings     // what people settled; nil for nothing
}

// Answer is what a cleaner says of each block; Undecided where it says nothing.
type Answer struct {
	Source  string // corpus.FromRules, or corpus.FromRun and the run's name
	Classes []corpus.Class
}

// Opinion is what a source says of one block; the zero one where it says
// nothing.
type Opinion struct {
	Class corpus.Class
	P     float64 // that the class is right; 0 where nobody measured it
	Pages int     // of the site, where the memory speaks
}

// Source has opinions on blocks.
type Source interface {
	Name() string
	Opinions(Page) []Opinion // one for each block; nil where it has nothing to say of the page
}

// memory says what people said of the same text on the same site.
type memory struct{}

func (memory) Name() string { return corpus.FromMemory }

func (memory) Opinions(p Page) []Opinion {
	if p.Site == nil {
		return nil
	}
	var out []Opinion
	for i, m := range p.Site.Recall(p.Document) {
		if m.Class == corpus.Undecided {
			continue
		}
		if out == nil {
			out = make([]Opinion, len(p.Document.Blocks))
		}
		sure := m.P
		if m.Class == corpus.Boilerplate {
			sure = 1 - m.P
		}
		out[i] = Opinion{m.Class, sure, m.Pages}
	}

	return out
}

// answered says what a run or rule answered.
type answered struct {
	name  string
	right Right
}

func (a answered) Name() string { return a.name }

func (a answered) Opinions(p Page) []Opinion {
	i := slices.IndexFunc(p.Answers, func(one Answer) bool { return one.Source == a.name })
	if i < 0 {
		return nil
	}
	out := make([]Opinion, len(p.Document.Blocks))
	for k, c := range p.Answers[i].Classes {
		if c != corpus.Undecided {
			out[k] = Opinion{Class: c, P: a.right.of(c)}
		}
	}

	return out
}

// learned says what the model of blocks makes of a page.
type learned struct{ model *blocks.Model }

func (learned) Name() string { return Model }

func (l learned) Opinions(p Page) []Opinion {
	if l.model == nil {
		return nil
	}

	return judged(p.Document.Blocks, l.model.Classify(p.Document, p.Site))
}

// judged turns probabilities of body into opinions.
func judged(of []corpus.Block, body []float64) []Opinion {
	out := make([]Opinion, len(body))
	for i, c := range blocks.Classes(of, body) {
		out[i] = Opinion{Class: c, P: 1 - body[i]}
		if c == corpus.Body {
			out[i].P = body[i]
		}
	}

	return out
}

// over lays the opinions of one source over those of another.
func over(upper, lower []Opinion) []Opinion {
	if upper == nil {
		return lower
	}
	out := slices.Clone(upper)
	for i := range lower {
		if out[i].Class == corpus.Undecided {
			out[i] = lower[i]
		}
	}

	return out
}

// Learned is what a project's gold has taught so far. The zero value knows
// nothing: then memories and runs speak alone.
type Learned struct {
	ID     corpus.ModelID // set by who keeps it
	Blocks *blocks.Model  // nil where there was too little
	Spans  *spans.Model   // nil where there was too little
	Report Report
}

// source is the source of that name.
func (l *Learned) source(name string) Source {
	if name == Model {
		return learned{l.Blocks}
	}

	return answered{name, l.Report.Right[name]}
}

// speaking are the names of the sources that may speak of a page besides the
// memory, the model first.
func (l *Learned) speaking(p Page) []string {
	var out []string
	if l.Blocks != nil {
		out = append(out, Model)
	}
	for _, a := range p.Answers {
		out = append(out, a.Source)
	}

	return out
}

// Suggest is what a person sees as suggested on a page: what the memory of the
// site knows, and for what it does not know the source that costs least there.
// What people settled stands over all of it.
func (l *Learned) Suggest(p Page) corpus.Suggestions {
	out := corpus.Suggestions{}
	kind, site := p.Document.MediaType, p.Document.Site
	upper, speaking := memory{}.Opinions(p), l.speaking(p)
	if upper != nil {
		speaking = append(speaking, corpus.FromMemory)
	}
	name := l.Report.Choose(kind, site, speaking)
	if _, measured := l.Report.saves(kind, site, corpus.FromMemory); measured && name == Blank {
		upper = nil
	}
	var lower []Opinion
	if name != Blank && name != corpus.FromMemory {
		lower = l.source(name).Opinions(p)
	}

	classes := make([]corpus.Class, len(p.Document.Blocks))
	for i, o := range over(upper, lower) {
		if o.Class == corpus.Undecided {
			continue
		}
		from := l.named(name)
		if upper != nil && upper[i].Class != corpus.Undecided {
			from = corpus.FromMemory
		}
		if from == l.named(Model) {
			out.Model = l.ID
		}
		classes[i] = o.Class
		out.Blocks = append(out.Blocks, corpus.BlockSuggestion{Block: p.Document.Blocks[i].Start, Class: o.Class, P: o.P, Source: from, Pages: o.Pages})
	}
	out.Spans = l.spans(p.Document, classes)
	if slices.ContainsFunc(out.Spans, func(s corpus.SpanSuggestion) bool { return s.Source == l.named(Model) }) {
		out.Model = l.ID
	}

	return p.Rulings.settle(out, p.Document)
}

// named is a source's name with the model's number.
func (l *Learned) named(source string) string {
	if source == Model {
		return fmt.Sprint(corpus.FromModel, l.ID)
	}

	return source
}

func (l *Learned) spans(d corpus.Document, classes []corpus.Class) []corpus.SpanSuggestion {
	if l.Spans == nil {
		return nil
	}
	before, learnt := l.Spans.Names().Suggest(d, classes), l.Spans.Suggest(d, classes)
	for i := range before {
		before[i].Source = corpus.FromGazetteer
	}
	for i := range learnt {
		learnt[i].Source = l.named(Model)
	}

	return spans.Combine(before, learnt)
}

// Doubt is how unsure a page leaves the sources, 0 to 1: the mean over its
// blocks, by their length, of how unsure the model is, and of how many of the
// others say something else than it does.
func (l *Learned) Doubt(p Page) float64 {
	all := [][]Opinion{}
	for _, name := range l.speaking(p) {
		if o := l.source(name).Opinions(p); o != nil {
			all = append(all, o)
		}
	}
	known := memory{}.Opinions(p)
	sum, weight := 0.0, 0.0
	for i, b := range p.Document.Blocks {
		if known != nil && known[i].Class != corpus.Undecided {
			weight += float64(b.Len())
			continue
		}
		body, n := 0.0, 0
		for _, o := range all {
			switch {
			case o[i].Class == corpus.Undecided:
				continue
			case o[i].P > 0 && o[i].Class == corpus.Body:
				body += o[i].P
			case o[i].P > 0:
				body += 1 - o[i].P
			case o[i].Class == corpus.Body:
				body++
			}
			n++
		}
		weight += float64(b.Len())
		if n > 0 {
			sum += float64(b.Len()) * entropy(body/float64(n))
		}
	}
	if weight == 0 {
		return 0
	}

	return sum / weight
}

// entropy of a coin, in bits.
func entropy(p float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}

	return -p*math.Log2(p) - (1-p)*math.Log2(1-p)
}
