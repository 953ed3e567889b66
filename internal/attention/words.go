package attention

import (
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Labels are the classes that a labelling gives the words of its document, one
// for each, Undecided for those that stand in no block. People label the same
// text, so their words are compared by where they stand and need no alignment.
func Labels(words []score.Word, pieces []corpus.Piece) []corpus.Class {
	out := make([]corpus.Class, len(words))
	at := 0
	for i, w := range words {
		for at < len(pieces) && pieces[at].End <= w.Start {
			at++
		}
		if at < len(pieces) && pieces[at].Start <= w.Start {
			out[i] = pieces[at].Class
		}
	}

	return out
}

// BodyBlocks counts the document's blocks of which more than half is called
// body, by characters: somebody who splits a block has not made it two.
func BodyBlocks(d corpus.Document, pieces []corpus.Piece) (n int) {
	at := 0
	for _, b := range d.Blocks {
		body := 0
		for ; at < len(pieces) && pieces[at].Start < b.End; at++ {
			if pieces[at].Class == corpus.Body {
				body += pieces[at].Len()
			}
		}
		if 2*body > b.Len() {
			n++
		}
	}

	return n
}
