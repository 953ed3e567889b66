package blocks

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Key is what a block's text is remembered by on its site: in NFKC, without
// case, with white space joined, and with every number 0 where there is a word
// as well, so that "34 comments" is "2 comments" and a date is every date.
// Texts without a visible character have the key "".
func Key(text string) string { return string(appendKey(nil, text)) }

func appendKey(b []byte, text string) []byte {
	text = norm.NFKC.String(text)
	letters := strings.ContainsFunc(text, unicode.IsLetter)
	start, space, digit := len(b), false, false
	for _, r := range text {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) {
			space = space || unicode.IsSpace(r)
			continue
		}
		if space && len(b) > start {
			b = append(b, ' ')
			digit = false
		}
		space = false
		if letters && unicode.IsDigit(r) {
			if !digit {
				b = append(b, '0')
			}
			digit = true
			continue
		}
		digit = false
		b = utf8.AppendRune(b, unicode.ToLower(r))
	}

	return b
}
