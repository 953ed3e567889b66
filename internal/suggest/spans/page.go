package spans

import (
	"cmp"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// page is gold in words: what both sources learn from.
type page struct {
	group  string
	index  *text.Index
	pieces []piece
	spans  []corpus.Span
}

// piece is a block, or a part of one, in words.
type piece struct {
	words   []word
	marks   []mark
	class   corpus.Class
	heading bool
	place   int // of its block among the document's, in tenths
}

// read cuts gold into words; nil where it has no span, because nothing tells
// then whether anybody looked for one.
func read(g corpus.Gold) *page {
	if len(g.Spans) == 0 {
		return nil
	}

	x := text.NewIndex(g.Document.Text)
	p := &page{group: groupOf(g.Document), index: x, pieces: make([]piece, 0, len(g.Pieces)), spans: slices.Clone(g.Spans)}
	blocks, spans, block := g.Document.Blocks, g.Spans, 0
	for _, cut := range g.Pieces {
		for blocks[block].End < cut.End {
			block++
		}
		one := newPiece(x, cut, blocks, block)
		for ; len(spans) > 0 && spans[0].Start < cut.End; spans = spans[1:] {
			if m, ok := one.mark(spans[0]); ok {
				one.marks = append(one.marks, m)
			}
		}
		p.pieces = append(p.pieces, one)
	}

	return p
}

func newPiece(x *text.Index, cut corpus.Piece, blocks []corpus.Block, block int) piece {
	return piece{
		words:   wordsOf(x.Slice(cut.Range), cut.Start),
		class:   cut.Class,
		heading: blocks[block].Heading > 0,
		place:   10 * block / len(blocks),
	}
}

// groupOf is what pages are alike by: their site, or a page by itself where that
// is not known.
func groupOf(d corpus.Document) string {
	if d.Site != "" {
		return d.Site
	}
	return "document:" + d.Key()
}

// mark is a span in words. It is false where the span touches none.
func (p piece) mark(s corpus.Span) (mark, bool) {
	from, _ := slices.BinarySearchFunc(p.words, s.Start, func(w word, at int) int { return cmp.Compare(w.End-1, at) })
	to, _ := slices.BinarySearchFunc(p.words, s.End, func(w word, at int) int { return cmp.Compare(w.Start, at) })
	m := mark{from: from, to: to, label: s.Label}
	m.whole = from < to && p.words[from].Start == s.Start && p.words[to-1].End == s.End
	if quote := spelling(snapped(s.Quote)); worth(quote, wordsOf(quote, 0)) {
		m.quote = quote
	}

	return m, from < to
}
