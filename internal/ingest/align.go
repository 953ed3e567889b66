package ingest

import (
	"strings"
	"unicode"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// Where a gold text begins or ends inside a block, the block is split there if
// the cut is clean: so many words on either side, and so large a share of them
// as it should be.
const (
	cutWords = 3
	cutShare = .9
)

// align finds a gold text in the document and makes classes of it: a block is
// body where more than half of its words are in the gold, by an alignment in
// order. A block in which the gold begins or ends is split at that word.
func align(in *corpus.Incoming, body string) {
	page, gold := score.Words(in.Text), score.Words(body)
	kept := make([]bool, len(page))
	for _, i := range score.Align(page, gold).At {
		if i >= 0 {
			kept[i] = true
			in.GoldFound++
		}
	}
	in.GoldWords = len(gold)
	classify(in, page, kept, true)
}

// classify makes classes of what is known about each word.
func classify(in *corpus.Incoming, page []score.Word, kept []bool, split bool) {
	x := text.NewIndex(in.Text)
	in.Pieces = make([]corpus.Piece, 0, len(in.Blocks))
	w := 0
	for _, b := range in.Blocks {
		for w < len(page) && page[w].Start < b.Start {
			w++
		}
		from := w
		for w < len(page) && page[w].Start < b.End {
			w++
		}
		in.Pieces = append(in.Pieces, pieces(x, b.Range, page[from:w], kept[from:w], split)...)
	}
	// A block without a word, a rule or a bullet, is what stands around it.
	for i := range in.Pieces {
		if in.Pieces[i].Class != corpus.Undecided {
			continue
		}
		in.Pieces[i].Class = corpus.Boilerplate
		if i > 0 && i < len(in.Pieces)-1 && in.Pieces[i-1].Class == corpus.Body && next(in.Pieces[i+1:]) == corpus.Body {
			in.Pieces[i].Class = corpus.Body
		}
	}
}

// next is the class of the first decided piece.
func next(ps []corpus.Piece) corpus.Class {
	for _, p := range ps {
		if p.Class != corpus.Undecided {
			return p.Class
		}
	}
	return corpus.Boilerplate
}

// pieces is a block with its class, or its parts.
func pieces(x *text.Index, b text.Range, words []score.Word, kept []bool, split bool) []corpus.Piece {
	if len(words) == 0 {
		return []corpus.Piece{{Range: b}}
	}
	n := count(kept)
	if split && n > 0 && n < len(kept) {
		if from, to, ok := cleanCut(kept); ok {
			return split3(x, b, words, from, to)
		}
	}
	class := corpus.Boilerplate
	if 2*n > len(kept) {
		class = corpus.Body
	}

	return []corpus.Piece{{Range: b, Class: class}}
}

func count(kept []bool) (n int) {
	for _, k := range kept {
		if k {
			n++
		}
	}
	return n
}

// cleanCut is the run of words in which the most are kept and the fewest are
// not, where it parts the block clearly.
func cleanCut(kept []bool) (from, to int, ok bool) {
	best, sum, start := 0, 0, 0
	for i, k := range kept {
		if k {
			sum++
		} else {
			sum--
		}
		if sum > best {
			best, from, to = sum, start, i+1
		}
		if sum < 0 {
			sum, start = 0, i+1
		}
	}
	inside, outside := count(kept[from:to]), count(kept)-count(kept[from:to])
	rest := len(kept) - (to - from)
	clear := inside >= cutWords && float64(inside) >= cutShare*float64(to-from) && float64(outside) <= (1-cutShare)*float64(rest)
	long := func(n int) bool { return n == 0 || n >= cutWords }

	return from, to, clear && rest > 0 && long(from) && long(len(kept)-to)
}

// split3 cuts a block before the word from and before the word to.
func split3(x *text.Index, b text.Range, words []score.Word, from, to int) []corpus.Piece {
	var out []corpus.Piece
	at := b.Start
	add := func(end int, class corpus.Class) {
		if end > at {
			out = append(out, corpus.Piece{Range: text.Range{Start: at, End: end}, Class: class})
			at = end
		}
	}
	add(border(x, b, words, from), corpus.Boilerplate)
	add(border(x, b, words, to), corpus.Body)
	add(b.End, corpus.Boilerplate)

	return out
}

// border is where the word begins, with the marks that belong to it: behind the
// last white space before it.
func border(x *text.Index, b text.Range, words []score.Word, i int) int {
	switch i {
	case 0:
		return b.Start
	case len(words):
		return b.End
	}
	between := []rune(x.Slice(text.Range{Start: words[i-1].End, End: words[i].Start}))
	if j := strings.LastIndexFunc(string(between), unicode.IsSpace); j >= 0 {
		return words[i-1].End + len([]rune(string(between)[:j])) + 1
	}

	return words[i].Start
}
