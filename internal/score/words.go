package score

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"

	"annotate/internal/text"
)

// Tokens are texts that count as one unit each, in order.
type Tokens []string

// wordRune is Python's \w: letters, numbers of every kind and the underscore.
// Combining marks are none, so that Hindi and decomposed accents fall apart, as
// they do in the programs this equals.
func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// spaceRune is Python's whitespace, which has four controls more than Go's.
func spaceRune(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// RegexWords are the maximal runs of word characters, as Python's \w+ finds
// them; case and composition stay as they are.
func RegexWords(s string) Tokens { return runs(s, wordASCII, wordRune) }

// Fields are what stands between white space, as Python's str.split gives it.
func Fields(s string) Tokens {
	return runs(s, fieldASCII, func(r rune) bool { return !spaceRune(r) })
}

// ascii says of each ASCII character whether it belongs to a token.
type ascii [utf8.RuneSelf]bool

func asciiOf(in func(rune) bool) *ascii {
	var out ascii
	for r := range out {
		out[r] = in(rune(r))
	}
	return &out
}

var (
	wordASCII  = asciiOf(wordRune)
	fieldASCII = asciiOf(func(r rune) bool { return !spaceRune(r) })
)

// runs are the maximal runs of characters that belong to tokens. It is
// strings.FieldsFunc with a table for ASCII: half of the time of all measures
// that count words is spent here.
func runs(s string, table *ascii, in func(rune) bool) Tokens {
	out := make(Tokens, 0, len(s)/6)
	start := -1
	for i := 0; i < len(s); {
		size, belongs := 1, false
		if c := s[i]; c < utf8.RuneSelf {
			belongs = table[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			belongs = in(r)
		}
		switch {
		case belongs && start < 0:
			start = i
		case !belongs && start >= 0:
			out = append(out, s[start:i])
			start = -1
		}
		i += size
	}
	if start >= 0 {
		out = append(out, s[start:])
	}

	return out
}

// Lower is Python's str.lower: Go's, with the two cases that are more than one
// code point to one: İ gets its dot as a combining mark, and a sigma that ends
// a word has its final form.
func Lower(s string) string {
	if !strings.ContainsAny(s, "İΣ") {
		return strings.ToLower(s)
	}

	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		switch r {
		case 'İ':
			b.WriteString("i̇")
		case 'Σ':
			if casedBefore(s[:i]) && !casedAfter(s[i+len("Σ"):]) {
				b.WriteRune('ς')
			} else {
				b.WriteRune('σ')
			}
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}

	return b.String()
}

func casedBefore(s string) bool {
	for s != "" {
		r, size := utf8.DecodeLastRuneInString(s)
		if !caseIgnorable(r) {
			return cased(r)
		}
		s = s[:len(s)-size]
	}
	return false
}

func casedAfter(s string) bool {
	for _, r := range s {
		if !caseIgnorable(r) {
			return cased(r)
		}
	}
	return false
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:·\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", r)
}

// Word is a word of a text and where it stands, in code points.
type Word struct {
	text.Range
	Norm string // what it is compared by
}

// Words cuts a text as our own measures do: at the word boundaries of UAX 29,
// keeping what has a letter or a number. Words are compared in NFC and without
// zero-width characters and soft hyphens; a no-break space and a zero-width
// space part words as a space does. Scripts written without spaces (Han, Kana,
// Thai, Lao, Khmer, Myanmar) count each character, with its marks, as a word.
// Case counts.
func Words(s string) []Word {
	out := make([]Word, 0, len(s)/6)
	cp := 0
	for it := words.FromString(s); it.Next(); {
		token := it.Value()
		n := utf8.RuneCountInString(token)
		if has, alone := judge(token); alone {
			out = appendCharacters(out, token, cp)
		} else if has {
			out = append(out, Word{text.Range{Start: cp, End: cp + n}, fold(token)})
		}
		cp += n
	}

	return out
}

// judge says whether a token is a word, and whether its characters count alone.
func judge(token string) (has, alone bool) {
	for _, r := range token {
		if r < utf8.RuneSelf {
			if r != '_' && wordRune(r) {
				return true, false
			}
			continue
		}
		if unicode.In(r, unspaced...) && wordRune(r) {
			return true, true
		}
		if wordRune(r) {
			has = true
		}
	}
	return has, false
}

var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// appendCharacters adds each letter or number of a token with the marks behind
// it.
func appendCharacters(out []Word, token string, cp int) []Word {
	start, from := -1, 0
	flush := func(to, end int) {
		if start >= 0 {
			out = append(out, Word{text.Range{Start: start, End: end}, fold(token[from:to])})
		}
		start = -1
	}
	n := cp
	for i, r := range token {
		switch {
		case unicode.IsMark(r) || zeroWidth(r):
		case wordRune(r):
			flush(i, n)
			start, from = n, i
		default:
			flush(i, n)
		}
		n++
	}
	flush(len(token), n)

	return out
}

func zeroWidth(r rune) bool {
	switch r {
	case 0x00ad, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2060, 0xfeff:
		return true
	}
	return false
}

// fold is how a word is compared.
func fold(w string) string {
	for i := range len(w) {
		if w[i] >= utf8.RuneSelf {
			if strings.ContainsFunc(w, zeroWidth) {
				w = strings.Map(func(r rune) rune {
					if zeroWidth(r) {
						return -1
					}
					return r
				}, w)
			}
			return norm.NFC.String(w)
		}
	}
	return w
}

// Lexicon gives tokens numbers, so that they compare as fast as numbers do. A
// lexicon belongs to one comparison.
type Lexicon map[string]int32

// IDs are the numbers of the tokens, the same one for the same token.
func (x Lexicon) IDs(ts Tokens) []int32 {
	out := make([]int32, len(ts))
	for i, t := range ts {
		out[i] = x.id(t)
	}
	return out
}

// WordIDs is IDs of words.
func (x Lexicon) WordIDs(ws []Word) []int32 {
	out := make([]int32, len(ws))
	for i := range ws {
		out[i] = x.id(ws[i].Norm)
	}
	return out
}

func (x Lexicon) id(t string) int32 {
	n, ok := x[t]
	if !ok {
		n = int32(len(x))
		x[t] = n
	}
	return n
}
