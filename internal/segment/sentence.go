package segment

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// sentencesOf cuts each line, or in hard-wrapped text each paragraph, into
// sentences by the rules of Unicode (UAX 29), which know no abbreviations:
// what they cut after "Mr." is joined again.
func sentencesOf(t string) []corpus.Block {
	ls := lines(t)
	if wrapped(t, ls) {
		ls = joined(ls)
	}

	var bs []corpus.Block
	for _, l := range ls {
		s := soft(t[l.from:l.to])
		at := l.Start                      // code point where the rest begins
		open := text.Range{Start: l.Start} // the sentence being collected
		from := 0                          // its first byte
		for it := sentences.FromString(s); it.Next(); {
			at += utf8.RuneCountInString(it.Value())
			if it.End() < len(s) && unfinished(s[from:it.End()], s[it.End():]) {
				continue
			}
			open.End = at
			if b, ok := trimmed(s[from:it.End()], open); ok {
				bs = append(bs, corpus.Block{Range: b})
			}
			open.Start, from = at, it.End()
		}
	}

	return bs
}

// joined makes one line of each paragraph.
func joined(ls []line) []line {
	var ps []line
	for _, l := range ls {
		if l.after || len(ps) == 0 {
			ps = append(ps, l)
			continue
		}
		p := &ps[len(ps)-1]
		p.End, p.to = l.End, l.to
	}

	return ps
}

// soft puts a space of the same number of bytes in the place of each line end,
// because to the rules of Unicode a line end is the end of a sentence.
func soft(s string) string {
	if strings.IndexFunc(s, lineEnd) < 0 {
		return s
	}
	b := []byte(s)
	for i, r := range s {
		switch {
		case r == '\u2028' || r == '\u2029':
			copy(b[i:], "\u3000")
		case r == 0x85:
			copy(b[i:], "\u00a0")
		case lineEnd(r):
			b[i] = ' '
		}
	}

	return string(b)
}

// trimmed takes the white space off the ends of r, which covers s. It is false
// where nothing visible is left.
func trimmed(s string, r text.Range) (text.Range, bool) {
	head := strings.TrimLeftFunc(s, unicode.IsSpace)
	body := strings.TrimRightFunc(head, unicode.IsSpace)
	r.Start += utf8.RuneCountInString(s[:len(s)-len(head)])
	r.End -= utf8.RuneCountInString(head[len(body):])

	return r, strings.IndexFunc(body, Visible) >= 0
}

// Abbreviations in lower case and without the last stop. After a title a name
// follows, so its full stop never ends a sentence; that of a counter does not
// where a number follows; that of an aside does not unless a word follows that
// usually begins a sentence.
var (
	titles   = set("mr mrs ms mx dr prof rev hon messrs sra srta mme mlle mgr hr gen col maj capt cpt lt sgt cpl adm cmdr gov sen supt insp")
	counters = set("no nos nr num vol vols ch fig figs p pp art sec par op jan feb mar apr jun jul aug sep sept oct nov dec")
	asides   = set("st sr jr e.g i.e z.b d.h bzw vs cf ca approx al fr rep pres")
)

// starters begin a sentence more often than they go on after an initial or an
// acronym: "in the U.S. The", but "the U.S. Senate".
var starters = set("the a an this that these those it its he she they we i you there here in on at as by for from with after before " +
	"when while then if but and or so yet however meanwhile what who why how his her their our my")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// unfinished reports whether the full stop at the end of s belongs to an
// abbreviation or an initial, so that rest goes on with the sentence.
func unfinished(s, rest string) bool {
	s, dot := strings.CutSuffix(strings.TrimRightFunc(s, unicode.IsSpace), ".")
	if !dot {
		return false
	}
	word, next := s[lastBreak(s):], firstLetters(rest)
	begins := next == "" || starters[strings.ToLower(next)]
	switch lower := strings.ToLower(word); {
	case titles[lower]:
		return true
	case counters[lower]:
		return strings.IndexFunc(strings.TrimLeftFunc(rest, unicode.IsSpace), unicode.IsDigit) == 0
	case asides[lower]:
		return !begins
	}

	// "J." or "U.S.": capitals with stops between them.
	capital := false
	for _, r := range word {
		if r != '.' && (capital || !unicode.IsUpper(r)) {
			return false
		}
		capital = r != '.'
	}

	return capital && !begins
}

// firstLetters is the word at the start of s, "" where another sign is there.
func firstLetters(s string) string {
	s = strings.TrimLeftFunc(s, unicode.IsSpace)
	if i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }); i >= 0 {
		s = s[:i]
	}

	return s
}

// lastBreak is the byte at which the last word of s starts.
func lastBreak(s string) int {
	i := strings.LastIndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && r != '.' && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if i < 0 {
		return 0
	}
	_, size := utf8.DecodeRuneInString(s[i:])

	return i + size
}
