package score

import (
	"math/bits"
	"regexp"
	"strings"
)

// tooMany bounds what grows with the product of two lengths: above it a
// measure of that kind is not computed (NaN), because it would take seconds a
// document.
const (
	tooManyPairs  = 1 << 30 // of whitespace tokens, for ROUGE-LSum: those of lines that the other side does not have as they are, by those of the other side
	tooManyCells  = 1 << 36 // of characters, for the edit distance: 262 000 against 262 000
	tooManyPlaces = 1 << 28 // pairs of equal words that the CleanEval alignment looks at
)

// RougeLSum counts as rouge_score's rougeLsum does over whitespace tokens: for
// each gold sentence the union of its longest common subsequences with every
// sentence of the other side, each token counted as often as both sides have
// it. Sentences are lines; WCEB cuts them with Punkt, so that figures differ a
// little from its own where a line holds several sentences. It is false where
// the texts are too long, by tooManyPairs.
func RougeLSum(gold, pred string) (Counts, bool) {
	x := Lexicon{}
	sentences := func(s string) (out [][]int32, n int) {
		for line := range strings.SplitSeq(s, "\n") {
			if ids := x.IDs(Fields(line)); len(ids) > 0 {
				out = append(out, ids)
				n += len(ids)
			}
		}
		return out, n
	}
	g, ng := sentences(gold)
	p, np := sentences(pred)

	left := make([][2]int32, len(x)) // of each token in gold, in pred
	exact := make(map[string]bool, len(p))
	for _, s := range g {
		for _, t := range s {
			left[t][0]++
		}
	}
	for _, s := range p {
		exact[key(s)] = true
		for _, t := range s {
			left[t][1]++
		}
	}

	u := newUnion(len(x))
	hits, work := 0, 0
	for _, ref := range g {
		if exact[key(ref)] {
			u.all(len(ref))
		} else if work += np * ((len(ref) + 63) / 64) * min(len(ref), 64); work > tooManyPairs {
			return Counts{}, false
		} else {
			u.of(ref, p)
		}
		for i, t := range ref {
			if u.has(i) && left[t][0] > 0 && left[t][1] > 0 {
				hits++
				left[t][0]--
				left[t][1]--
			}
		}
	}

	return lengths(hits, ng, np), true
}

func key(ids []int32) string {
	b := make([]byte, 0, 4*len(ids))
	for _, t := range ids {
		b = append(b, byte(t), byte(t>>8), byte(t>>16), byte(t>>24))
	}
	return string(b)
}

// union collects the positions of one sentence that lie on a longest common
// subsequence with any other.
type union struct {
	marked []uint64
	masks  [][]uint64 // by token: where it stands in the sentence, nil for nowhere
	rows   []uint64
	tokens []known
}

// known is a token of another sentence that the sentence has too.
type known struct {
	token     int32
	strangers bool // tokens that it lacks stand behind
}

func newUnion(tokens int) *union { return &union{masks: make([][]uint64, tokens)} }

func (u *union) has(i int) bool { return u.marked[i/64]>>(i%64)&1 == 1 }

func (u *union) clear(n int) {
	words := (n + 63) / 64
	if cap(u.marked) < words {
		u.marked = make([]uint64, words)
	}
	u.marked = u.marked[:words]
	clear(u.marked)
}

func (u *union) all(n int) {
	u.clear(n)
	for i := range u.marked {
		u.marked[i] = ^uint64(0)
	}
}

func (u *union) of(ref []int32, others [][]int32) {
	u.clear(len(ref))
	words := len(u.marked)
	store := make([]uint64, 0, words*len(ref))
	for i, t := range ref {
		if u.masks[t] == nil {
			store = store[:len(store)+words]
			u.masks[t] = store[len(store)-words:]
		}
		u.masks[t][i/64] |= 1 << (i % 64)
	}
	for _, o := range others {
		u.add(len(ref), o)
	}
	for _, t := range ref {
		u.masks[t] = nil
	}
}

// add marks the subsequence with one other sentence. The table's rows are kept
// as bits for the way back, which goes as rouge_score goes: from a pair that
// differs to the earlier token of the other side where that is strictly better,
// else to the earlier one of ours. Tokens that the sentence lacks have the row
// before them, so only where some stand is kept.
func (u *union) add(n int, other []int32) {
	words := len(u.marked)
	rows, tokens := u.rows[:0], u.tokens[:0]
	for _, t := range other {
		mask := u.masks[t]
		if mask == nil {
			if len(tokens) > 0 {
				tokens[len(tokens)-1].strangers = true
			}
			continue
		}
		before := (len(tokens) - 1) * words
		tokens = append(tokens, known{t, false})
		var carry uint64
		for w := range words {
			old := ^uint64(0)
			if before >= 0 {
				old = rows[before+w]
			}
			sum, c := bits.Add64(old, old&mask[w], carry)
			rows = append(rows, sum|old&^mask[w])
			carry = c
		}
	}
	u.rows, u.tokens = rows, tokens

	for i, j := n-1, len(tokens)-1; j >= 0; j-- {
		row := rows[j*words : (j+1)*words]
		mask := u.masks[tokens[j].token]
		stranger := tokens[j].strangers
		for ; i >= 0; i-- {
			w, bit := i/64, uint64(1)<<(i%64)
			grows := row[w]&bit == 0
			if grows && stranger {
				stranger = false // back over the strangers, to their neighbour
			}
			if !stranger && mask[w]&bit != 0 {
				u.marked[w] |= bit
				i--
				break
			}
			if grows {
				break
			}
		}
	}
}

// Rouge5 counts shared runs of five tokens as WebMainBench does, which cuts
// with jieba: runs of Latin letters and digits, and every other character by
// itself, white space and punctuation too. It is false where a text has Han
// characters: jieba cuts those with a dictionary that is not here, and the
// counts are then those of single characters.
func Rouge5(gold, pred string) (Counts, bool) {
	x := Lexicon{}
	g := shingles(x.IDs(jieba(gold)), 5, false)
	p := shingles(x.IDs(jieba(pred)), 5, false)

	return lengths(shared(g, p, compareShingles), len(g), len(p)), !han(gold) && !han(pred)
}

func jiebaHan(r rune) bool { return 0x4e00 <= r && r <= 0x9fd5 }

func han(s string) bool { return strings.ContainsFunc(s, jiebaHan) }

var (
	jiebaBlock = regexp.MustCompile(`[a-zA-Z0-9+#&._%\-]+|\r\n`)
	jiebaWords = regexp.MustCompile(`AT&T|[cC]\+\+|[cC]#`) // all that its dictionary has without Han characters
	jiebaLatin = regexp.MustCompile(`[a-zA-Z0-9]+(?:\.[0-9]+)?%?`)
)

func jieba(s string) Tokens {
	var out Tokens
	between(s, jiebaBlock, func(gap string) {
		for i, r := range gap {
			out = append(out, gap[i:i+len(string(r))])
		}
	}, func(block string) {
		if block == "\r\n" {
			out = append(out, block)
			return
		}
		between(block, jiebaWords, func(rest string) {
			between(rest, jiebaLatin, func(gap string) { out = append(out, gap) }, func(word string) { out = append(out, word) })
		}, func(word string) { out = append(out, word) })
	})

	return out
}

// between calls gap with what stands between matches and match with these, in
// order, never with an empty string.
func between(s string, re *regexp.Regexp, gap, match func(string)) {
	at := 0
	for _, m := range re.FindAllStringIndex(s, -1) {
		if m[0] > at {
			gap(s[at:m[0]])
		}
		match(s[m[0]:m[1]])
		at = m[1]
	}
	if at < len(s) {
		gap(s[at:])
	}
}

// Blank reports whether a text has nothing but white space.
func Blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !spaceRune(r) })
}
