package db

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The search index knows which words a document has, not how often or where:
// that is enough for finding documents, and makes an import nearly twice as
// fast as an index with positions. A phrase is looked for in the texts that
// have its words; a snippet is cut from the text itself.

// distinct collects the words of one document after the other as the index
// gets them: each once, in lower case, parted by spaces. It keeps its memory,
// because an import asks for a million documents' words.
type distinct struct {
	seen map[string]struct{}
	word []byte
	out  []byte
}

// of are the words of the texts together.
func (d *distinct) of(texts ...string) string {
	if d.seen == nil {
		d.seen = map[string]struct{}{}
	}
	clear(d.seen)
	d.out = d.out[:0]
	for _, t := range texts {
		for _, r := range t {
			switch {
			case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
				d.word = append(d.word, byte(r))
			case 'A' <= r && r <= 'Z':
				d.word = append(d.word, byte(r)|0x20)
			case accent(r):
			case parts(r):
				d.end()
			default:
				d.word = utf8.AppendRune(d.word, unicode.ToLower(r))
			}
		}
		d.end()
	}

	return string(d.out)
}

func (d *distinct) end() {
	if _, ok := d.seen[string(d.word)]; !ok && len(d.word) > 0 {
		d.seen[string(d.word)] = struct{}{}
		d.out = append(append(d.out, d.word...), ' ')
	}
	d.word = d.word[:0]
}

// accent reports whether r is a combining accent. It is left out: the index
// takes the accents off whole letters itself.
func accent(r rune) bool { return 0x300 <= r && r <= 0x331 }

// parts reports whether r stands between words. It parts no less than the
// index's tokenizer does, so that no word is two to it: an index without
// positions refuses those.
func parts(r rune) bool {
	if r < 0x80 {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z')
	}
	return !unicode.In(r, unicode.L, unicode.N)
}

// search is what a person looks for.
type search struct {
	match   string   // for MATCH; "" finds everything
	words   []string // folded; the last one is the start of a word
	phrases []string // patterns for LIKE
}

// maxTyped bounds what is looked for, in bytes.
const maxTyped = 400

// newSearch reads what a person typed: words that must all be there, the last
// one as the start of a word, and phrases in double quotes.
func newSearch(typed string) search {
	var s search
	var words []string
	for i, part := range strings.Split(clip(typed, maxTyped), `"`) {
		found := strings.Fields(new(distinct).of(part))
		words = append(words, found...)
		if phrase := strings.TrimSpace(part); i%2 == 1 && len(found) > 1 {
			s.phrases = append(s.phrases, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(phrase)+"%")
		}
	}
	switch {
	case len(words) > 0:
		for _, w := range words {
			s.words = append(s.words, fold(w))
		}
		s.match = `"` + strings.Join(words, `" "`) + `"*`
	case strings.TrimSpace(typed) != "":
		s.match = `"` + nowhere + `"`
	}

	return s
}

// nowhere is a word that no text has: signs alone find nothing.
const nowhere = "\ue000"

// fold is a word as the index compares it: in lower case, without accents.
func fold(word string) string {
	word = strings.ToLower(word)
	if isASCII(word) {
		return word
	}

	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(word))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// How much of a text a snippet shows around the first hit, in bytes, and how
// far into a text it looks for one.
const (
	snippetBefore = 60
	snippetAfter  = 120
	snippetWithin = 100_000
)

// snippet is the text around the first word that is looked for, all hits in it
// between U+0002 and U+0003; "" where the text's beginning has none.
func (s search) snippet(t string) string {
	var out strings.Builder
	written, stop := -1, len(t)
	for start, end := nextWord(t, 0); start < stop; start, end = nextWord(t, end) {
		if !s.hits(fold(t[start:end])) {
			continue
		}
		if written < 0 {
			written = max(0, start-snippetBefore)
			if written > 0 {
				out.WriteString("…")
				written = wordAfter(t, written, start)
			}
			stop = min(len(t), start+snippetAfter)
		}
		out.WriteString(t[written:start] + "\x02" + t[start:end] + "\x03")
		written = end
	}
	switch {
	case written < 0:
		return ""
	case stop == len(t):
		out.WriteString(t[written:])
	case written < stop:
		rest := clip(t[written:], stop-written)
		if cut := strings.LastIndexFunc(rest, unicode.IsSpace); cut >= 0 {
			rest = rest[:cut]
		}
		out.WriteString(rest)
		fallthrough
	default:
		out.WriteString("…")
	}

	return out.String()
}

// nextWord is the first word of t from at on; both are len(t) where there is
// none.
func nextWord(t string, at int) (start, end int) {
	n := strings.IndexFunc(t[at:], func(r rune) bool { return !parts(r) })
	if n < 0 {
		return len(t), len(t)
	}
	start = at + n
	if n = strings.IndexFunc(t[start:], func(r rune) bool { return parts(r) && !accent(r) }); n < 0 {
		return start, len(t)
	}

	return start, start + n
}

// wordAfter is where the first word behind a space begins between at and end,
// else the first whole character.
func wordAfter(t string, at, end int) int {
	if n := strings.IndexFunc(t[at:end], unicode.IsSpace); n >= 0 {
		return at + n + 1
	}
	for at < end && !utf8.RuneStart(t[at]) {
		at++
	}

	return at
}

func (s search) hits(word string) bool {
	for i, w := range s.words {
		if word == w || i == len(s.words)-1 && strings.HasPrefix(word, w) {
			return true
		}
	}
	return false
}
