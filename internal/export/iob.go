package export

import (
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"annotate/internal/corpus"
)

// IOB2 and BIOES are tables of tokens and tags, as taggers and the programs
// that score them read them. There are no comments, because such programs take
// "#" for a token, and which document a sentence is from is not said.
var (
	IOB2 = Format{
		Name: "iob2", Ext: "iob2.tsv", MediaType: "text/tab-separated-values",
		About:  "Token, tab, tag in a line (B-PER, I-PER, O), a blank line after each sentence. A block is a sentence, a long one several. The body alone, or all blocks where asked. Spans must not overlap nor cut a word.",
		append: func(b []byte, g corpus.Gold, n names) ([]byte, error) { return appendTags(b, g, n, iob2), nil },
		loses:  tagLosses,
	}
	BIOES = Format{
		Name: "bioes", Ext: "bioes.tsv", MediaType: "text/tab-separated-values",
		About:  "As iob2, with the last token of a span marked (E-PER) and a span of one token (S-PER).",
		append: func(b []byte, g corpus.Gold, n names) ([]byte, error) { return appendTags(b, g, n, bioes), nil },
		loses:  tagLosses,
	}
)

// scheme is the letter of the i-th of n tokens of a span.
type scheme func(i, n int) byte

func iob2(i, _ int) byte {
	if i == 0 {
		return 'B'
	}
	return 'I'
}

func bioes(i, n int) byte {
	switch {
	case n == 1:
		return 'S'
	case i == n-1:
		return 'E'
	}
	return iob2(i, n)
}

// appendTags writes the sentences of a document.
func appendTags(b []byte, g corpus.Gold, n names, letter scheme) []byte {
	for _, p := range layOut(g, n).parts() {
		ts := tokens(p)
		if len(ts) == 0 {
			continue
		}
		es := entities(ts, p.spans, func(string, corpus.Span) {}) // told by loses
		ends := sentenceEnds(p, ts, es)

		for i, t := range ts {
			for len(es) > 0 && es[0].to <= i {
				es = es[1:]
			}
			b = append(append(b, t.text...), '\t')
			if len(es) > 0 && es[0].from <= i {
				b = append(b, letter(i-es[0].from, es[0].to-es[0].from), '-')
				b = append(b, n.labels[es[0].span.Label]...)
			} else {
				b = append(b, 'O')
			}
			b = append(b, '\n')
			if len(ends) > 0 && ends[0] == i+1 {
				b = append(b, '\n')
				ends = ends[1:]
			}
		}
		b = append(b, '\n')
	}

	return b
}

// longSentence is how many tokens a sentence may have. Below it a block is left
// whole: rules for sentences cut after "Mr." too, and a tagger wants context.
const longSentence = 100

// sentenceEnds are the tokens before which a new sentence begins inside a long
// part: where UAX 29 ends a sentence, but never inside an entity.
func sentenceEnds(p part, ts []token, es []entity) []int {
	if len(ts) <= longSentence {
		return nil
	}

	var ends []int
	cp, i := p.Start, 0
	for it := sentences.FromString(p.text); it.Next(); {
		cp += utf8.RuneCountInString(it.Value())
		for i < len(ts) && ts[i].End <= cp {
			i++
		}
		for len(es) > 0 && es[0].to <= i {
			es = es[1:]
		}
		cuts := len(es) > 0 && es[0].from < i
		if i > 0 && i < len(ts) && !cuts && (len(ends) == 0 || ends[len(ends)-1] < i) {
			ends = append(ends, i)
		}
	}

	return ends
}
