package score

import (
	"cmp"
	"slices"
	"strings"
)

// Bag counts what two multisets share.
func Bag(gold, pred Tokens) Counts {
	x := make(Lexicon, len(gold))
	g, p := x.IDs(gold), x.IDs(pred)
	slices.Sort(g)
	slices.Sort(p)

	return lengths(shared(g, p, cmp.Compare[int32]), len(g), len(p))
}

// shared is the size of the intersection of two sorted multisets.
func shared[T any](a, b []T, compare func(T, T) int) int {
	n, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch c := compare(a[i], b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			n++
			i++
			j++
		}
	}

	return n
}

// shingle is a run of up to five tokens; unused places are -1.
type shingle [5]int32

func compareShingles(a, b shingle) int {
	for i := range a {
		if c := cmp.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// shingles are the sorted runs of n ≤ 5 tokens. A shorter text is one shorter
// run where short is set, else it has none.
func shingles(ids []int32, n int, short bool) []shingle {
	if len(ids) < n {
		if !short || len(ids) == 0 {
			return nil
		}
		n = len(ids)
	}
	out := make([]shingle, len(ids)-n+1)
	for i := range out {
		out[i] = shingle{-1, -1, -1, -1, -1}
		copy(out[i][:], ids[i:i+n])
	}
	slices.SortFunc(out, compareShingles)

	return out
}

// fours packs runs of four tokens with numbers below 65535 into a number each:
// they sort many times faster so.
func fours(ids []int32) []uint64 {
	n := len(ids)
	if n == 0 {
		return nil
	}
	out := make([]uint64, max(1, n-3))
	for i := range out {
		for k := range 4 {
			out[i] <<= 16
			if i+k < n {
				out[i] |= uint64(ids[i+k] + 1)
			}
		}
	}
	slices.Sort(out)

	return out
}

// Shingles counts shared runs of four regex words, as article-extraction-
// benchmark does; a text of one to three words is one run.
func Shingles(gold, pred string) Counts { return shingled(RegexWords(gold), RegexWords(pred)) }

func shingled(gold, pred Tokens) Counts {
	x := make(Lexicon, len(gold))
	gs, ps := x.IDs(gold), x.IDs(pred)
	if len(x) < 1<<16-1 {
		g, p := fours(gs), fours(ps)
		return lengths(shared(g, p, cmp.Compare[uint64]), len(g), len(p))
	}
	g, p := shingles(gs, 4, true), shingles(ps, 4, true)

	return lengths(shared(g, p, compareShingles), len(g), len(p))
}

// Identical reports whether the regex words of both texts are the same: the
// "accuracy" of article-extraction-benchmark.
func Identical(gold, pred string) bool { return slices.Equal(RegexWords(gold), RegexWords(pred)) }

// Shares divides the three counts by their sum, so that each document weighs
// the same: 0, 0, 0 for nothing.
func (c Counts) Shares() (tp, fp, fn float64) {
	n := float64(c.TP + c.FP + c.FN)
	if n == 0 {
		return 0, 0, 0
	}
	return float64(c.TP) / n, float64(c.FP) / n, float64(c.FN) / n
}

// BagWords counts shared lower-cased regex words: WCXB's word score.
func BagWords(gold, pred string) Counts {
	return Bag(RegexWords(Lower(gold)), RegexWords(Lower(pred)))
}

// bagOf is BagWords of texts whose regex words are there already. To lower-case
// words one by one is the same as the whole text, but for the two letters that
// look at their neighbours or become two.
func (p *Pair) bagOf() Counts {
	gold, pred := p.Gold.Body, p.Prediction.Text
	if strings.ContainsAny(gold, "İΣ") || strings.ContainsAny(pred, "İΣ") {
		return BagWords(gold, pred)
	}
	g, w := p.regexWords()

	return Bag(lowered(g), lowered(w))
}

func lowered(ts Tokens) Tokens {
	out := make(Tokens, len(ts))
	for i, t := range ts {
		out[i] = strings.ToLower(t)
	}
	return out
}

// WordSets is the Jaccard coefficient of the two sets of words, runs of letters
// and numbers with their case: what both have over what either has; NaN where
// neither has any.
func WordSets(gold, pred string) float64 {
	sides := make(map[string]uint8, 256)
	collect := func(s string, side uint8) {
		for w := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '_' || !wordRune(r) }) {
			sides[w] |= side
		}
	}
	collect(gold, 1)
	collect(pred, 2)
	both := 0
	for _, s := range sides {
		if s == 3 {
			both++
		}
	}

	return ratio(both, len(sides))
}
