package score

import (
	"annotate/internal/corpus"
)

// Agreed is how far two people agree about one document.
type Agreed struct {
	Words      Counts    // of the bodies' text, as the headline counts them; its F1 is the same from either side
	Blocks     Confusion // of the document's blocks
	Start, End int       // by how many words of the page they differ about where the body begins, and ends
}

// Between compares two people's gold of one document.
func Between(a, b corpus.Gold) Agreed {
	one, other := FromGold(a, nil), FromGold(b, nil)
	out := Agreed{Words: WordCounts(Words(one.Body), Words(other.Body))}

	blocks := make([]Block, len(a.Document.Blocks))
	for i, block := range a.Document.Blocks {
		blocks[i] = Block{Range: block.Range, Class: corpus.Boilerplate}
	}
	out.Blocks = Blocks(overlaid(blocks, one.Blocks), overlaid(blocks, other.Blocks), nil)

	words := Words(one.Page)
	firstA, lastA := edges(words, one.Blocks)
	firstB, lastB := edges(words, other.Blocks)
	out.Start, out.End = abs(firstA-firstB), abs(lastA-lastB)

	return out
}

// edges are the numbers of the first and the last word of body; both 0 where
// there is none.
func edges(words []Word, blocks []Block) (first, last int) {
	k := 0
	first = -1
	for i, w := range words {
		for k < len(blocks) && blocks[k].End <= w.Start {
			k++
		}
		if k < len(blocks) && blocks[k].Start <= w.Start && blocks[k].Class == corpus.Body {
			if first < 0 {
				first = i
			}
			last = i
		}
	}

	return max(first, 0), last
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
