package export

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// part is a paragraph of a passage, with the spans in it.
type part struct {
	text.Range
	text  string
	spans []corpus.Span
}

// blankLine stands between two paragraphs of a passage.
const blankLine = "\n\n"

// spansIn takes the spans that begin before the end of r off the front.
func spansIn(spans *[]corpus.Span, r text.Range) []corpus.Span {
	n := 0
	for n < len(*spans) && (*spans)[n].Start < r.End {
		n++
	}
	in := (*spans)[:n]
	*spans = (*spans)[n:]

	return in
}

// token is a word or a mark of a text, and where it stands.
type token struct {
	text.Range
	text string
}

// tokens are the words and marks of a part: what stands between the word
// boundaries of UAX 29, cut at white space of every kind, which is in no token.
// What cannot be seen (controls, marks of direction, a zero-width space) makes
// no token by itself.
func tokens(p part) []token {
	out := make([]token, 0, len(p.text)/4)
	cp, it := p.Start, words.FromString("")
	for rest := p.text; rest != ""; {
		if n, blank := plainWord(rest); n > 0 {
			if !blank {
				out = append(out, token{text.Range{Start: cp, End: cp + n}, rest[:n]})
			}
			cp, rest = cp+n, rest[n:]
			continue
		}
		it.SetText(rest) // a boundary depends on nothing before the last one
		it.Next()
		word := it.Value()
		rest = rest[len(word):]
		for len(word) > 0 {
			after := ""
			gap := strings.IndexFunc(word, spaceRune)
			if gap >= 0 {
				_, size := utf8.DecodeRuneInString(word[gap:])
				word, after = word[:gap], word[gap+size:]
			}
			n := utf8.RuneCountInString(word)
			if visible(word) {
				out = append(out, token{text.Range{Start: cp, End: cp + n}, word})
			}
			if cp += n; gap >= 0 {
				cp++
			}
			word = after
		}
	}

	return out
}

// plainWord is how long the first word of s is, or one character of white
// space, where ASCII alone decides that, as it does for most words of most
// pages: letters and digits up to what cannot join them, or a mark by itself.
// Otherwise it is 0, and the rules of UAX 29 have to be asked.
func plainWord(s string) (n int, blank bool) {
	for n < len(s) && asciiKinds[s[n]] == asciiWord {
		n++
	}
	if n == 0 {
		switch asciiKinds[s[0]] {
		case asciiSpace:
			n, blank = 1, true
		case asciiMark, asciiMiddle:
			n = 1
		default:
			return 0, false
		}
	}

	if n == len(s) {
		return n, blank
	}
	switch next := asciiKinds[s[n]]; {
	case next == asciiOther:
		return 0, false
	case next == asciiMiddle && asciiKinds[s[0]] == asciiWord: // as in 3.5 and can't
		if n+1 < len(s) && (asciiKinds[s[n+1]] == asciiOther || asciiKinds[s[n+1]] == asciiWord) {
			return 0, false
		}
	}

	return n, blank
}

// How ASCII behaves in words.
const (
	asciiOther  = iota // the low line joins words; controls; all that is not ASCII
	asciiWord          // letters and digits
	asciiMiddle        // joins letters or digits on both of its sides
	asciiMark
	asciiSpace
)

var asciiKinds = func() (kinds [256]uint8) {
	for c := ' '; c < 0x7f; c++ {
		switch {
		case c == ' ':
			kinds[c] = asciiSpace
		case c == '_':
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			kinds[c] = asciiWord
		case strings.ContainsRune(".,:;'", c):
			kinds[c] = asciiMiddle
		default:
			kinds[c] = asciiMark
		}
	}
	kinds['\n'] = asciiSpace
	return kinds
}()

// spaceRune is where Python's split cuts: it has four controls more than Go.
func spaceRune(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// visible reports whether there is more than controls and formats in a word.
func visible(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool {
		return r < utf8.RuneSelf && r > ' ' && r != 0x7f || r >= utf8.RuneSelf && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	})
}

// entity is a span in tokens: from the first to before the last.
type entity struct {
	from, to int
	span     corpus.Span
}

// align finds the tokens of a span. It is false where the span begins or ends
// inside a token, or holds none.
func align(ts []token, s corpus.Span) (entity, bool) {
	from, _ := slices.BinarySearchFunc(ts, s.Start, func(t token, at int) int { return cmp.Compare(t.End-1, at) })
	to, _ := slices.BinarySearchFunc(ts, s.End, func(t token, at int) int { return cmp.Compare(t.Start, at) })
	if from >= to || ts[from].Start < s.Start || ts[to-1].End > s.End {
		return entity{}, false
	}

	return entity{from, to, s}, true
}

// entities are the spans of a part that tags can say, in order: where some
// overlap the longest stays, of equal ones the first. The others are lost.
func entities(ts []token, spans []corpus.Span, lost func(kind string, s corpus.Span)) []entity {
	var aligned []entity
	for _, s := range spans {
		if e, ok := align(ts, s); ok {
			aligned = append(aligned, e)
		} else {
			lost(LossTokens, s)
		}
	}
	slices.SortStableFunc(aligned, func(a, b entity) int {
		return cmp.Or(cmp.Compare(b.to-b.from, a.to-a.from), cmp.Compare(a.from, b.from))
	})

	taken := make([]bool, len(ts))
	kept := aligned[:0]
	for _, e := range aligned {
		if slices.Contains(taken[e.from:e.to], true) {
			lost(LossOverlap, e.span)
			continue
		}
		for i := e.from; i < e.to; i++ {
			taken[i] = true
		}
		kept = append(kept, e)
	}
	slices.SortFunc(kept, func(a, b entity) int { return cmp.Compare(a.from, b.from) })

	return kept
}

// tagLosses tells which spans of a document tags cannot say.
func tagLosses(g corpus.Gold, n names, lost func(Loss)) {
	if len(g.Spans) == 0 {
		return
	}
	tell := func(kind string, s corpus.Span) { lost(Loss{Kind: kind, Detail: named(s, n)}) }
	for _, in := range layOut(g, n).parts() {
		if len(in.spans) > 0 {
			entities(tokens(in), in.spans, tell)
		}
	}
	leftOut(g, n, func(s corpus.Span) { tell(LossBoilerplate, s) })
}

// leftOut gives the spans that stand in pieces which are not wanted.
func leftOut(g corpus.Gold, n names, each func(corpus.Span)) {
	spans := g.Spans
	for _, p := range g.Pieces {
		for ; len(spans) > 0 && spans[0].Start < p.End; spans = spans[1:] {
			if !n.wanted(p) {
				each(spans[0])
			}
		}
	}
}
