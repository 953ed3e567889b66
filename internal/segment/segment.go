// Package segment cuts a document into blocks, the units that get a class. A
// plain text is cut by one of Rules; a page of HTML also gets its text here,
// because which words of a page are its text and where its blocks end are the
// same question. Every visible character lies in exactly one block, and what
// separates blocks (line ends, white space at their edges) lies in none.
//
// A rule never changes what it does to a text: its name with a version is
// stored with each document, and a better rule gets a new version. Nothing
// here knows classes, files or encodings.
package segment

import (
	"unicode"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Rule is a way to cut plain text, as a project may choose it.
type Rule struct {
	Name  string // as stored in a project
	Title string // as shown
	About string // one sentence
}

// Rules in the order in which they are offered; the first is the usual one.
var Rules = []Rule{
	{"line", "Lines", "One block for each line that is not empty. Text with hard line breaks, as in mail, is cut at blank lines instead."},
	{"paragraph", "Paragraphs", "One block for each run of lines between blank lines."},
	{"sentence", "Sentences", "One block for each sentence; a line end also ends a sentence, except in text with hard line breaks."},
}

// Plain cuts a text, which must be valid UTF-8, by the rule of that name. The
// blocks are in order and do not overlap; each starts and ends with a
// character that is not white space. There is none where nothing of the text
// is visible. segmenter is what the document remembers. The error is an
// *corpus.Invalid for a rule that is not in Rules.
func Plain(t string, rule string) (blocks []corpus.Block, segmenter string, err error) {
	switch rule {
	case "line":
		ls := lines(t)
		if wrapped(t, ls) {
			return paragraphs(ls), "wrapped-v1", nil
		}
		return eachLine(ls), "line-v1", nil
	case "paragraph":
		return paragraphs(lines(t)), "paragraph-v1", nil
	case "sentence":
		return sentencesOf(t), "sentence-v1", nil
	}

	return nil, "", corpus.Invalidf("cutting", "there is no rule %q to cut text", rule)
}

// line is one line with something visible in it, without the white space at
// its ends.
type line struct {
	text.Range      // in code points
	from, to   int  // the same in bytes
	after      bool // whether a blank line or the start of the text stands before it
}

// lines finds the lines of a text in one pass. A line ends with LF, CR, VT,
// FF, NEL, U+2028 or U+2029; U+2029 ends a paragraph as well.
func lines(t string) []line {
	ls := make([]line, 0, 8+len(t)/120)
	l := line{after: true}
	gap := true      // nothing visible since the last line end
	visible := false // something other than spaces, controls and format characters
	inside := false  // after the first character that is not a space

	end := func(paragraph bool) {
		switch {
		case visible:
			ls = append(ls, l)
			gap = false
		default:
			gap = true
		}
		l = line{after: gap || paragraph}
		visible, inside = false, false
	}

	cp := 0
	for i := 0; i < len(t); {
		c := t[i]
		if c < utf8.RuneSelf {
			switch {
			case c > ' ' && c != 0x7f:
				visible = true
				fallthrough
			case c < '\t' || c > '\r' && c < ' ' || c == 0x7f: // controls stay inside a line
				if !inside {
					l.Start, l.from, inside = cp, i, true
				}
				l.End, l.to = cp+1, i+1
			case c == '\r' && i+1 < len(t) && t[i+1] == '\n': // the LF ends the line
			case c != ' ' && c != '\t':
				end(false)
			}
			i, cp = i+1, cp+1
			continue
		}

		r, size := utf8.DecodeRuneInString(t[i:])
		switch {
		case lineEnd(r):
			end(r == '\u2029')
		case unicode.IsSpace(r):
		default:
			if !inside {
				l.Start, l.from, inside = cp, i, true
			}
			l.End, l.to = cp+1, i+size
			visible = visible || Visible(r)
		}
		i, cp = i+size, cp+1
	}
	end(false)

	return ls
}

func lineEnd(r rune) bool {
	return '\n' <= r && r <= '\r' || r == 0x85 || r == '\u2028' || r == '\u2029'
}

// Visible reports whether a character leaves a mark on the screen: spaces,
// controls, and format characters such as a zero-width space do not.
func Visible(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r != 0x7f
	}
	return !unicode.IsSpace(r) && !unicode.Is(unicode.C, r) || unicode.Is(unicode.Co, r)
}

func eachLine(ls []line) []corpus.Block {
	if len(ls) == 0 {
		return nil
	}
	bs := make([]corpus.Block, len(ls))
	for i, l := range ls {
		bs[i].Range = l.Range
	}

	return bs
}

// paragraphs joins the lines between blank lines.
func paragraphs(ls []line) []corpus.Block {
	var bs []corpus.Block
	for _, l := range ls {
		if l.after || len(bs) == 0 {
			bs = append(bs, corpus.Block{Range: l.Range})
			continue
		}
		bs[len(bs)-1].End = l.End
	}

	return bs
}
