package export

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"annotate/internal/corpus"
)

// survey counts and checks documents while they are read, and lists what of
// them is lost.
type survey struct {
	names
	Manifest
	loses func(g corpus.Gold, n names, lost func(Loss))
	lossy bool
	made  bool // by a reading before: documents are only checked
}

func (f Format) newSurvey(s Source, o Options) *survey {
	return &survey{names: s.names(o), Manifest: f.manifest(s, o), loses: f.loses, lossy: o.Lossy}
}

// finish is an error where what was read must not be exported: a release has
// other documents than it should, or something is lost that nobody gave up.
func (v *survey) finish() error {
	if r := v.Release; r != nil && v.Documents != r.Documents {
		return corpus.Invalidf("", "the release %q has %d documents and %d could be read; see what is wrong with: annotate release verify", r.Name, r.Documents, v.Documents)
	}
	if v.Lost != nil && !v.lossy {
		return v.Lost.refuse(v.Format)
	}

	return nil
}

// read surveys all gold and does nothing else with it.
func (v *survey) read(ctx context.Context, s Source) error {
	nothing := func([]corpus.Gold) (struct{}, error) { return struct{}{}, nil }
	err := surveying(ctx, v, s.Gold, nothing, func(struct{}) error { return nil })
	if err == nil {
		err = v.finish()
	}

	return err
}

// surveying is inOrder with each document checked and surveyed before encode
// sees it.
func surveying[T any](ctx context.Context, v *survey, gold iter.Seq2[corpus.Gold, error], encode func([]corpus.Gold) (T, error), take func(T) error) error {
	type surveyed struct {
		tally
		lost []Loss
		out  T
	}

	return inOrder(ctx, gold, func(gold []corpus.Gold) (s surveyed, err error) {
		for _, g := range gold {
			if err := v.check(g); err != nil {
				return s, err
			}
			if v.made {
				continue
			}
			s.count(g, v.names)
			if v.loses != nil {
				v.loses(g, v.names, func(l Loss) {
					l.Document, l.Key = g.Document.ID, g.Document.Key()
					s.lost = append(s.lost, l)
				})
			}
		}
		s.out, err = encode(gold)
		return s, err
	}, func(s surveyed) error {
		if err := v.add(s.tally, s.lost); err != nil {
			return err
		}
		return take(s.out)
	})
}

// check holds a document against everything that an export promises.
func (n names) check(g corpus.Gold) error {
	err := check(g, n.labels)
	if err == nil && n.layer == Annotations && len(g.Annotators) != 1 {
		err = corpus.Invalidf("annotator", "what somebody handed in has one annotator, not %d", len(g.Annotators))
	}
	if err == nil && n.split != nil && n.split(g.Document) == "" {
		err = corpus.Invalidf("split", "it belongs to no split; it came in while the splits were made, so try again")
	}
	if err != nil {
		return of(g, err)
	}

	return nil
}

// tally is what some documents hold, by split; "" where there is none.
type tally map[string]*held

type held struct {
	documents int
	records   int
	newest    corpus.GoldID
	blocks    map[corpus.Class]int
	spans     map[string]int
	languages map[string]int
}

func (t *tally) count(g corpus.Gold, n names) {
	split := ""
	if n.split != nil {
		split = n.split(g.Document)
	}
	if *t == nil {
		*t = tally{}
	}
	h := (*t)[split]
	if h == nil {
		h = &held{blocks: map[corpus.Class]int{}, spans: map[string]int{}, languages: map[string]int{}}
		(*t)[split] = h
	}

	h.records++
	h.newest = max(h.newest, g.ID)
	for _, p := range g.Pieces {
		h.blocks[p.Class]++
	}
	for _, s := range g.Spans {
		h.spans[n.labels[s.Label]]++
	}
	if n.layer == Annotations && g.Version > 1 {
		return // the document was counted with the first of them
	}
	h.documents++
	if g.Document.Language != "" {
		h.languages[g.Document.Language]++
	}
}

// add adds what was counted of documents, and what they lose, in order.
func (m *Manifest) add(t tally, lost []Loss) error {
	if len(lost) > 0 {
		if m.Lost == nil {
			m.Lost = &Lost{Kinds: map[string]int{}}
		}
		m.Lost.add(lost)
	}
	for name, h := range t {
		annotations := 0
		if m.Layer == Annotations {
			annotations = h.records
		}
		m.Documents += h.documents
		m.Annotations += annotations
		m.Newest = max(m.Newest, h.newest)
		add(m.Blocks, h.blocks)
		add(m.Spans, h.spans)
		add(m.Languages, h.languages)
		if name == "" {
			continue
		}
		i := slices.IndexFunc(m.Splits, func(s SplitCounts) bool { return s.Name == name })
		if i < 0 {
			return fmt.Errorf("there is no split %q", name)
		}
		m.Splits[i].Documents += h.documents
		m.Splits[i].Annotations += annotations
		add(m.Splits[i].Blocks, h.blocks)
		add(m.Splits[i].Spans, h.spans)
	}

	return nil
}

func add[K comparable](to, more map[K]int) {
	for k, n := range more {
		to[k] += n
	}
}
