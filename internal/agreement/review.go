package agreement

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Person is one who labelled a document.
type Person struct {
	Labelling
	Name string
	At   time.Time // when they handed it in last
}

// Decision is what an adjudicator said about one place. Together with later
// ones it makes the document's gold; none is ever changed.
type Decision struct {
	Place  string             // Key
	Answer *Vote              // nil where it was taken back, or only a cause was given
	Took   corpus.AnnotatorID // whose answer it is, 0 for one of its own
	Cause  corpus.Cause
	By     corpus.AnnotatorID
	Name   string // of By
	At     time.Time
}

// Review is a document that people labelled, as an adjudicator works on it.
type Review struct {
	Comparison
	Index     *text.Index
	People    []Person // in the order of each conflict's votes
	Version   string   // changes with what people handed in
	State     corpus.State
	Gold      int                 // version of its gold, 0 for none
	Basis     corpus.Basis        // of that
	Decisions map[string]Decision // the newest of each place, by Key
	Last      int64               // numbers the decisions: those after it are newer
	Undo      string              // the person's event that is undone next, "" for none
	Redo      string
}

// Answers are the decided places: those that somebody decided, and under the
// rule of the majority those where there is one.
func (r Review) Answers(rule corpus.Rule) map[string]Vote {
	out := make(map[string]Vote, len(r.Decisions))
	if rule == corpus.Majority && len(r.People) > 2 {
		for _, c := range r.Conflicts {
			if most, ok := c.Most(); ok {
				out[c.Key()] = most
			}
		}
	}
	for key, d := range r.Decisions {
		if d.Answer != nil {
			out[key] = *d.Answer
		}
	}

	return out
}

// Shuffle puts people in an order that is the document's own and says nothing
// about who they are.
func Shuffle(d corpus.DocumentID, people []Person) {
	place := func(p Person) [sha256.Size]byte {
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:8], uint64(d))
		binary.LittleEndian.PutUint64(b[8:], uint64(p.Annotator))
		return sha256.Sum256(b[:])
	}
	slices.SortFunc(people, func(a, b Person) int {
		x, y := place(a), place(b)
		return slices.Compare(x[:], y[:])
	})
}

// Sides are the groups of people who said the same in a place, the largest
// first.
func (c Conflict) Sides(people []Person) [][]corpus.AnnotatorID {
	var out [][]corpus.AnnotatorID
	var says []Vote
	for i, v := range c.Votes {
		at := slices.IndexFunc(says, v.Agree)
		if at < 0 {
			at = len(says)
			says, out = append(says, v), append(out, nil)
		}
		out[at] = append(out[at], people[i].Annotator)
	}
	slices.SortStableFunc(out, func(a, b []corpus.AnnotatorID) int { return len(b) - len(a) })

	return out
}

// SidesAt are the sides in a place, none where nobody differs.
func (r Review) SidesAt(key string) [][]corpus.AnnotatorID {
	kind, at, err := ParseKey(key)
	if err != nil {
		return [][]corpus.AnnotatorID{}
	}
	c, ok := r.conflict(kind, at)
	if !ok {
		return [][]corpus.AnnotatorID{}
	}

	return c.Sides(r.People)
}

// Step is what an adjudicator says about one place, as a browser sends it. The
// browser names people by their number in the review and spans as in
// corpus.SpanEvent.
type Step struct {
	Place string             `json:"place"`
	Took  *int               `json:"took,omitempty"`  // that person's answer
	Class corpus.Class       `json:"class,omitempty"` // an answer of its own, for a block
	Spans []corpus.SpanEvent `json:"spans,omitempty"` // the same for spans, where Own
	Own   bool               `json:"own,omitempty"`
	Clear bool               `json:"clear,omitempty"` // takes the answer back
	Cause *corpus.Cause      `json:"cause,omitempty"` // alone: keeps the answer that there is
}

// Named gives a step that marks words where nobody differs its place: that of
// the words.
func (r Review) Named(s Step, labels corpus.LabelSet) (Step, error) {
	if s.Place != "" || !s.Own || len(s.Spans) != 1 {
		return s, nil
	}
	span, err := r.resolveSpan(s.Spans[0], labels)
	s.Place = Key(OfSpans, span.Range)

	return s, err
}

// Resolve says what a step decides, with the person whose answer it is, 0 for
// an answer of its own; vote is nil where it gives none. labels are those that
// spans may have. It is *corpus.Invalid for what cannot be decided, and
// corpus.ErrConflict where the browser saw another text.
func (r Review) Resolve(s Step, labels corpus.LabelSet) (vote *Vote, took corpus.AnnotatorID, err error) {
	kind, at, err := ParseKey(s.Place)
	if err != nil {
		return nil, 0, err
	}
	if s.Cause != nil && !s.Cause.Valid() {
		return nil, 0, corpus.Invalidf("cause", "there is no cause %q", *s.Cause)
	}
	conflict, differs := r.conflict(kind, at)
	if err := r.open(kind, at, differs); err != nil {
		return nil, 0, err
	}

	switch {
	case s.Took != nil:
		if !differs || *s.Took < 0 || *s.Took >= len(r.People) {
			return nil, 0, corpus.Invalidf("took", "nobody of that number answered in this place")
		}
		v := conflict.Votes[*s.Took]
		return &v, r.People[*s.Took].Annotator, nil
	case kind == OfBlock && s.Class != corpus.Undecided:
		if !s.Class.Valid() {
			return nil, 0, corpus.Invalidf("class", "there is no class %q", s.Class)
		}
		return &Vote{Class: s.Class}, 0, nil
	case kind == OfSpans && s.Own:
		spans, err := r.resolveSpans(s.Spans, labels)
		if err != nil {
			return nil, 0, err
		}
		if !differs {
			spans = r.withAgreed(at, spans)
		}
		return &Vote{Spans: spans}, 0, nil
	case s.Clear || s.Cause != nil:
		return nil, 0, nil
	}

	return nil, 0, corpus.Invalidf("", "this action decides nothing")
}

// conflict is the difference in a place.
func (r Review) conflict(kind Kind, at text.Range) (Conflict, bool) {
	i, ok := slices.BinarySearchFunc(r.Conflicts, Conflict{Kind: kind, Range: at}, inOrder)
	if !ok {
		return Conflict{}, false
	}
	return r.Conflicts[i], true
}

// open says why nothing can be decided in a place; nil where it can.
func (r Review) open(kind Kind, at text.Range, differs bool) error {
	if differs {
		return nil
	}
	if kind == OfBlock {
		if i, ok := slices.BinarySearchFunc(r.Pieces, at.Start, func(p corpus.Piece, start int) int { return cmp.Compare(p.Start, start) }); ok && r.Pieces[i].Range == at {
			return nil
		}
		return corpus.Invalidf("place", "this is no place of the document any more; load it again")
	}

	for _, c := range r.Conflicts {
		if c.Kind == OfSpans && c.Overlaps(at) {
			return corpus.Invalidf("place", "these words are part of a difference; decide it there")
		}
	}
	if at.Len() < 1 || !slices.ContainsFunc(r.Document.Blocks, func(b corpus.Block) bool { return b.Contains(at) }) {
		return corpus.Invalidf("place", "an entity lies inside one block")
	}

	return nil
}

func (r Review) resolveSpans(events []corpus.SpanEvent, labels corpus.LabelSet) ([]corpus.Span, error) {
	if len(events) > corpus.MaxAdd {
		return nil, corpus.Invalidf("spans", "one action changes at most %d spans", corpus.MaxAdd)
	}
	var out []corpus.Span
	for _, e := range events {
		span, err := r.resolveSpan(e, labels)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(o corpus.Span) bool { return saying(o) == saying(span) }) {
			out = append(out, span)
		}
	}
	sortSpans(out)

	return out, nil
}

// resolveSpan finds the words that a browser means. It names the row they
// begin in; where somebody cut the block, they may go on in the next.
func (r Review) resolveSpan(e corpus.SpanEvent, labels corpus.LabelSet) (corpus.Span, error) {
	outer, ok := r.from(e.Block)
	if !ok {
		return corpus.Span{}, corpus.ErrConflict
	}
	words, ok := r.Index.Within(outer, e.From, e.To)
	if !ok || shown(r.Index.Slice(words)) != e.Quote {
		return corpus.Span{}, corpus.ErrConflict
	}
	if !e.Exact {
		words = corpus.Snap(r.Index, words)
	}
	if words.Len() < 1 {
		return corpus.Span{}, corpus.Invalidf("", "a span covers at least one letter or digit")
	}
	span := corpus.Span{Range: words, Label: e.Label, Quote: r.Index.Slice(words)}
	if l, ok := labels.ByID(e.Label); !ok || l.Retired && !r.said(span) {
		return corpus.Span{}, corpus.Invalidf("", "this label is not offered any more")
	}

	return span, nil
}

// from is what a browser counts in for a row that starts at start: the rest of
// its block.
func (r Review) from(start int) (text.Range, bool) {
	if _, ok := slices.BinarySearchFunc(r.Pieces, start, func(p corpus.Piece, start int) int { return cmp.Compare(p.Start, start) }); !ok {
		return text.Range{}, false
	}
	for _, b := range r.Document.Blocks {
		if b.Start <= start && (start < b.End || start == b.Start) {
			return text.Range{Start: start, End: b.End}, true
		}
	}

	return text.Range{}, false
}

// said reports whether anybody who labelled the document has the span.
func (r Review) said(s corpus.Span) bool {
	return slices.ContainsFunc(r.People, func(p Person) bool {
		return slices.ContainsFunc(p.Spans, func(o corpus.Span) bool { return saying(o) == saying(s) })
	})
}

// withAgreed adds the agreed spans inside at that reach beyond what was said,
// so that deciding about one entity loses none around or inside it.
func (r Review) withAgreed(at text.Range, spans []corpus.Span) []corpus.Span {
	for _, s := range r.Spans {
		if at.Contains(s.Range) && s.Range != at && !slices.ContainsFunc(spans, func(o corpus.Span) bool { return saying(o) == saying(s) }) {
			spans = append(spans, s)
		}
	}
	sortSpans(spans)

	return spans
}

// shown is a text as a page can carry it.
func shown(s string) string {
	out := []rune(s)
	for i, r := range out {
		if r == 0 {
			out[i] = '\uFFFD'
		}
	}

	return string(out)
}

// GoldOf is what the answers make of the review, in the names of the people who
// labelled it. It is *corpus.Invalid where places are open, and where a span and a cut do
// not fit together.
func (r Review) GoldOf(rule corpus.Rule, labels corpus.LabelSet) (corpus.Gold, error) {
	l, open := r.Decide(r.Answers(rule))
	switch len(open) {
	case 0:
	case 1:
		return corpus.Gold{}, corpus.Invalidf("", "one difference still needs a decision")
	default:
		return corpus.Gold{}, corpus.Invalidf("", "%d differences still need a decision", len(open))
	}
	if err := r.fits(l); err != nil {
		return corpus.Gold{}, err
	}
	names := make([]string, len(r.People))
	for i, p := range r.People {
		names[i] = p.Name
	}

	return corpus.NewGold(r.Document, l.Pieces, l.Spans, labels, names)
}

// fits says which span crosses which cut.
func (r Review) fits(l Labelling) error {
	for _, s := range l.Spans {
		i := sort.Search(len(l.Pieces), func(i int) bool { return l.Pieces[i].End > s.Start })
		if i < len(l.Pieces) && !l.Pieces[i].Contains(s.Range) {
			return corpus.Invalidf("spans", "“%s” crosses the cut in block %d; decide one class for both parts of the block, or leave the entity out", s.Quote, r.block(s.Start))
		}
	}

	return nil
}

// block is the number of the block at pos, from 1.
func (r Review) block(pos int) int {
	n := 0
	for _, b := range r.Document.Blocks {
		if b.Start > pos {
			break
		}
		n++
	}

	return n
}

// Alpha is how far those who labelled the document agree on its classes.
func (r Review) Alpha() Coefficient {
	classes := []corpus.Class{corpus.Body, corpus.Boilerplate}
	c := NewCoincidences(len(classes))
	for _, p := range r.Pieces {
		counts := make([]int, len(classes))
		votes := slices.Repeat([]Vote{{Class: p.Class}}, len(r.People))
		if p.Class == corpus.Undecided {
			if differs, ok := r.conflict(OfBlock, p.Range); ok {
				votes = differs.Votes
			}
		}
		for _, v := range votes {
			if k := slices.Index(classes, v.Class); k >= 0 {
				counts[k]++
			}
		}
		c.Count(counts, 1)
	}

	return c.Alpha()
}
