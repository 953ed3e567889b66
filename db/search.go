package db

import (
	"strings"
	"unicode"
	"unicode/utf8"
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
		s.match = `"` + strings.Join(words, `" "`) + `"*`
	case strings.TrimSpace(typed) != "":
		s.match = `"` + nowhere + `"`
	}

	return s
}

// nowhere is a word that no text has: signs alone find nothing.
const nowhere = "\ue000"
