// Package spans suggests spans from the spans that people marked before. Two
// sources, each made of gold alone: a gazetteer, which finds strings again that
// were spans elsewhere, and a model, which learns what words and contexts spans
// are made of. Both say how sure they are in probabilities that are measured on
// gold they have not seen, and both keep quiet where a suggestion would cost
// more than it saves: a string that is mostly no span is not suggested, and a
// model that did not prove itself on held-out pages suggests nothing.
//
// In go documents and gold, out come ranges of code points, each inside one
// block and snapped as a span is that a person marks. The package knows nothing
// of data files and screens, and decides nothing: a suggestion is no span until
// a person accepts it.
package spans

import (
	"cmp"
	"slices"
	"sort"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Suggestion is a range of the document's text that may be a span.
type Suggestion = corpus.SpanSuggestion

// None is the label of what is no span.
const None corpus.LabelID = 0

// Costs of a suggestion in actions of a person. To mark a span takes three: go
// there, extend, label. To accept one takes a key. To reject one takes reading
// it twice and a key, counted as two. So a suggestion pays where it is right at
// least every second time.
const (
	CostMark   = 3
	CostAccept = 1
	CostReject = 2

	pays = float64(CostReject) / (CostMark - CostAccept + CostReject)
)

// Combine joins what both sources say of one document, in order. Where two
// suggestions overlap the surer one stays, of equally sure ones the
// gazetteer's. Nested ones stay where they are from one source: it suggests
// them only where gold had them so.
func Combine(gazetteer, model []Suggestion) []Suggestion {
	all := slices.Concat(gazetteer, model)
	slices.SortStableFunc(all, func(a, b Suggestion) int {
		return cmp.Or(cmp.Compare(b.P, a.P), cmp.Compare(b.Len(), a.Len()), cmp.Compare(a.Start, b.Start))
	})

	var taken line
	out := all[:0]
	for _, s := range all {
		clash := false
		for _, o := range taken.overlapping(s.Range) {
			nested := o.Source == s.Source && o.Range != s.Range && (o.Contains(s.Range) || s.Contains(o.Range))
			clash = clash || !nested
		}
		if !clash {
			taken.put(s)
			out = append(out, s)
		}
	}
	slices.SortFunc(out, inOrder)

	return out
}

// Without leaves out what overlaps a span that is there already. One inside a
// span stays where the span itself was suggested beside it by the same source:
// then gold had them so.
func Without(suggestions []Suggestion, existing []corpus.Span) []Suggestion {
	beside := make(map[Suggestion]bool, len(suggestions))
	for _, s := range suggestions {
		beside[Suggestion{Range: s.Range, Source: s.Source}] = true
	}
	var taken line
	for _, s := range existing {
		taken.put(Suggestion{Range: s.Range})
	}

	return slices.DeleteFunc(slices.Clone(suggestions), func(s Suggestion) bool {
		return slices.ContainsFunc(taken.overlapping(s.Range), func(o Suggestion) bool {
			return o.Range == s.Range || !o.Contains(s.Range) || !beside[Suggestion{Range: o.Range, Source: s.Source}]
		})
	})
}

// Inside leaves out what does not lie inside one piece, as where an annotator
// split a block. The pieces are in reading order.
func Inside(suggestions []Suggestion, pieces []corpus.Piece) []Suggestion {
	return slices.DeleteFunc(slices.Clone(suggestions), func(s Suggestion) bool {
		i := sort.Search(len(pieces), func(i int) bool { return pieces[i].End > s.Start })
		return i == len(pieces) || !pieces[i].Contains(s.Range)
	})
}

// inOrder is the order of spans: by start, longest first, then by label.
func inOrder(a, b Suggestion) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Label, b.Label))
}

// line is a set of ranges by start. Its longest range bounds how far to the left
// an overlap is looked for.
type line struct {
	ranges  []Suggestion
	longest int
}

func (l *line) put(s Suggestion) {
	i := sort.Search(len(l.ranges), func(i int) bool { return l.ranges[i].Start > s.Start })
	l.ranges = slices.Insert(l.ranges, i, s)
	l.longest = max(l.longest, s.Len())
}

// overlapping are those that share a character with r.
func (l *line) overlapping(r text.Range) []Suggestion {
	var out []Suggestion
	i := sort.Search(len(l.ranges), func(i int) bool { return l.ranges[i].Start > r.Start-l.longest })
	for ; i < len(l.ranges) && l.ranges[i].Start < r.End; i++ {
		if l.ranges[i].Overlaps(r) {
			out = append(out, l.ranges[i])
		}
	}

	return out
}
