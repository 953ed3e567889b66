package spans

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// word is a word or a mark of a block: where a span may begin and end.
type word struct {
	text.Range // of the document
	text       string
	gap        bool // white space stands before it
	first      bool // a sentence begins with it
}

// wordsOf are the words and marks of a text that begins at position at of its
// document: those of UAX 29, cut at white space of every kind and at what joins
// two words there but not for names: an apostrophe (Ada’s, l’Italia), and a full
// stop or colon between a small letter and a capital, where a page lost a space.
// Scripts without spaces are cut as UAX 29 does without a dictionary: Han by
// character. Controls and formats are in no word, or inside one.
func wordsOf(s string, at int) []word {
	b := builder{out: make([]word, 0, len(s)/5+1), start: true}
	for it := words.FromString(s); it.Next(); {
		w := it.Value()
		if n := plain(w); n > 0 {
			b.add(w, at, at+n)
			at += n
		} else {
			at = b.cut(w, at)
		}
	}

	return b.out
}

// plain is the length of a word of ASCII letters and digits alone, else 0.
func plain(w string) int {
	for i := range len(w) {
		if c := w[i] | 0x20; (c < 'a' || c > 'z') && (w[i] < '0' || w[i] > '9') {
			return 0
		}
	}
	return len(w)
}

// builder collects words and knows whether a sentence begins.
type builder struct {
	out   []word
	gap   bool
	start bool
}

// cut adds what is in a word of UAX 29 and returns the position after it.
func (b *builder) cut(w string, at int) int {
	from, begin, last := 0, at, rune(0)
	flush := func(i int) {
		if i > from {
			b.add(w[from:i], begin, at)
		}
		from, begin = i, at
	}
	for i, r := range w {
		size := utf8.RuneLen(r)
		switch {
		case unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f:
			flush(i)
			b.gap = true
			from, begin = i+size, at+1
		case r == '\'' || r == '’':
			flush(i)
			at++
			flush(i + size)
			at--
		case (r == '.' || r == ':') && unicode.IsLower(last) && capital(w[i+size:]):
			flush(i)
			at++
			flush(i + size)
			at--
		}
		last = r
		at++
	}
	flush(len(w))

	return at
}

// add appends a word, without the controls and formats around it, if anything
// is left.
func (b *builder) add(w string, start, end int) {
	if w[0] >= utf8.RuneSelf || w[len(w)-1] >= utf8.RuneSelf || w[0] < ' ' {
		trimmed := strings.TrimLeftFunc(w, unseen)
		start += utf8.RuneCountInString(w) - utf8.RuneCountInString(trimmed)
		w = strings.TrimRightFunc(trimmed, unseen)
		end -= utf8.RuneCountInString(trimmed) - utf8.RuneCountInString(w)
		if w == "" {
			return
		}
	}

	b.out = append(b.out, word{text.Range{Start: start, End: end}, w, b.gap, b.start})
	b.gap = false
	r, _ := utf8.DecodeRuneInString(w)
	switch {
	case r == '.' && b.abbreviation():
	case strings.ContainsRune(".!?…。！？؟۔।", r):
		b.start = true
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		b.start = false
	}
}

// abbreviation reports whether the full stop that was just added belongs to the
// word before it, as corpus.Snap decides: "Mr.", "J.", "U.S.".
func (b *builder) abbreviation() bool {
	n := len(b.out) - 2
	if n < 0 || b.out[n+1].gap {
		return false
	}
	before := b.out[n].text

	return strings.Contains(before, ".") || utf8.RuneCountInString(before) <= 3 && capital(before)
}

func unseen(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }

// capital reports whether s begins with a capital letter.
func capital(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r) || unicode.IsTitle(r)
}

// folded is what two spellings of one word share: composed accents, and no soft
// hyphens, which say where a line may end and nothing of the word.
func folded(w string) string {
	for i := range len(w) {
		if w[i] >= utf8.RuneSelf {
			return norm.NFC.String(strings.ReplaceAll(w, "\u00ad", ""))
		}
	}
	return w
}

// lowered is a word as it would be inside a sentence.
func lowered(w string) string {
	r, size := utf8.DecodeRuneInString(w)
	return string(unicode.ToLower(r)) + w[size:]
}

// spelling is the one way to write all quotes that are the same string here:
// folded, and one space for each run of white space.
func spelling(quote string) string { return strings.Join(strings.Fields(folded(quote)), " ") }

// snapped is a quote without what corpus.Snap trims.
func snapped(quote string) string {
	x := text.NewIndex(quote)
	return x.Slice(corpus.Snap(x, text.Range{End: x.Len()}))
}

// maxWords bounds a string of the gazetteer, and so the time that one position
// of a text takes.
const maxWords = 30

// worth reports whether a string is one to look for: one of two characters or
// more with a letter among them, and no whole sentence.
func worth(s string, ws []word) bool {
	return utf8.RuneCountInString(s) >= 2 && strings.ContainsFunc(s, unicode.IsLetter) && len(ws) > 0 && len(ws) <= maxWords
}

// strict reports whether a string counts only as it is written: a short one, or
// one all in capitals, which small letters would make another word.
func strict(s string) bool {
	letters, small := 0, false
	for _, r := range s {
		if unicode.IsLetter(r) {
			letters++
			small = small || unicode.IsLower(r)
		}
	}
	return letters < 4 || !small && strings.ContainsFunc(s, unicode.IsUpper)
}
