package suggest

import (
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
	"annotate/internal/suggest/spans"
	"annotate/internal/text"
)

// Key is what texts have in common that a ruling calls the same: of blocks, what
// the memory of a site takes for one text; of spans, the words, with one space
// where there is white space. It is "" where there is nothing to find again.
func Key(about corpus.Subject, sample string) string {
	if about == corpus.OfBlock {
		return blocks.Key(sample)
	}
	return strings.Join(strings.Fields(sample), " ")
}

// Same is where a document has the text of a ruling, in order, what it leaves
// out included: whole blocks, or words inside of blocks.
func Same(r corpus.Ruling, d corpus.Document) []text.Range {
	if r.About == corpus.OfSpan {
		return spans.Places(d, r.Sample)
	}
	x := text.NewIndex(d.Text)
	var out []text.Range
	for _, b := range d.Blocks {
		if blocks.Key(x.Slice(b.Range)) == r.Key {
			out = append(out, b.Range)
		}
	}

	return out
}

// Rulings are what people settled for the texts of a site and of its project. No
// source says anything against them. Nil has none.
type Rulings struct {
	blocks map[string]corpus.Ruling // by key
	spans  []corpus.Ruling
}

// NewRulings takes those that count, in any order. What a site says of a text
// stands over what its project says.
func NewRulings(all []corpus.Ruling) *Rulings {
	out := &Rulings{blocks: map[string]corpus.Ruling{}}
	words := map[string]corpus.Ruling{}
	for _, r := range all {
		of := out.blocks
		if r.About == corpus.OfSpan {
			of = words
		}
		if before, ok := of[r.Key]; !ok || before.Site == "" {
			of[r.Key] = r
		}
	}
	for _, r := range words {
		out.spans = append(out.spans, r)
	}
	// Longer words go first: the name inside a longer one that is settled too is
	// none of its own.
	slices.SortFunc(out.spans, func(a, b corpus.Ruling) int {
		if n := len(b.Key) - len(a.Key); n != 0 {
			return n
		}
		return strings.Compare(a.Key, b.Key)
	})

	return out
}

// settle lays rulings over what sources say of a page.
func (r *Rulings) settle(out corpus.Suggestions, d corpus.Document) corpus.Suggestions {
	if r == nil {
		return out
	}
	if len(r.blocks) > 0 {
		out.Blocks = r.settleBlocks(out.Blocks, d)
	}
	if len(r.spans) > 0 {
		out.Spans = r.settleSpans(out.Spans, d)
	}

	return out
}

func (r *Rulings) settleBlocks(said []corpus.BlockSuggestion, d corpus.Document) (out []corpus.BlockSuggestion) {
	x := text.NewIndex(d.Text)
	for _, b := range d.Blocks {
		var other []corpus.BlockSuggestion
		if len(said) > 0 && said[0].Block == b.Start {
			other, said = said[:1], said[1:]
		}
		ruling, ok := r.blocks[blocks.Key(x.Slice(b.Range))]
		switch {
		case !ok || ruling.Leaves(d.ID, b.Start):
			out = append(out, other...)
		case ruling.Class != corpus.Undecided:
			out = append(out, corpus.BlockSuggestion{Block: b.Start, Class: ruling.Class, P: 1, Source: corpus.FromPeople})
		}
	}

	return out
}

func (r *Rulings) settleSpans(said []corpus.SpanSuggestion, d corpus.Document) []corpus.SpanSuggestion {
	var out []corpus.SpanSuggestion
	var taken []text.Range
	for _, ruling := range r.spans {
		for _, place := range spans.Places(d, ruling.Sample) {
			if ruling.Leaves(d.ID, place.Start) || slices.ContainsFunc(taken, place.Overlaps) {
				continue
			}
			taken = append(taken, place)
			if ruling.Label != spans.None {
				out = append(out, corpus.SpanSuggestion{Range: place, Label: ruling.Label, P: 1, Source: corpus.FromPeople})
			}
		}
	}
	for _, s := range said {
		if !slices.ContainsFunc(taken, s.Overlaps) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b corpus.SpanSuggestion) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return b.End - a.End
	})

	return out
}
