package files

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// plainText reads a file that is a text.
func plainText(in input) (item, error) {
	if !utf8.Valid(in.raw) {
		at := 0
		for at < len(in.raw) {
			r, n := utf8.DecodeRune(in.raw[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return item{}, lined{1 + bytes.Count(in.raw[:at], []byte("\n")), "it is not UTF-8"}
	}
	return texted(in.id, text.Normalise(string(in.raw))), nil
}

func texted(id, t string) item {
	return item{Keys: Keys{ID: id, SourceHash: hash(id)}, text: &t, status: score.OK}
}

// decoded is a text of which nobody says how it is encoded: UTF-16 with its
// mark, UTF-8, else windows-1252, which has a character for nearly every byte.
func decoded(raw []byte) string {
	if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) {
		if b, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(raw); err == nil {
			return text.Normalise(string(b))
		}
	}
	if !utf8.Valid(raw) {
		if b, err := charmap.Windows1252.NewDecoder().Bytes(raw); err == nil {
			raw = b
		}
	}

	return text.Normalise(string(raw))
}

var (
	cleanURL   = regexp.MustCompile(`^\s*URL:[ \t]*(\S*)[^\n]*\n?`)
	cleanMarks = regexp.MustCompile(`(?i)[ \t]*</?[hpl]>[ \t]*`)
)

func cleanEval(in input) (item, error) {
	t, url := CleanEval(in.raw)
	it := texted(in.id, t)
	it.URL = url

	return it, nil
}

// CleanEval reads a text of CleanEval, and the address in its first line, ""
// without one. Its marks open paragraphs and are never closed; character
// entities stay, as in the original.
func CleanEval(raw []byte) (body, url string) {
	t := decoded(raw)
	if m := cleanURL.FindStringSubmatch(t); m != nil {
		url, t = m[1], t[len(m[0]):]
	}
	var b strings.Builder
	last := 0
	for _, at := range cleanMarks.FindAllStringIndex(t, -1) {
		before := t[last:at[0]]
		b.WriteString(before)
		if s := b.String(); s != "" && !strings.HasSuffix(s, "\n") {
			b.WriteByte('\n')
		}
		last = at[1]
	}
	b.WriteString(t[last:])

	return strings.TrimSpace(b.String()), url
}

// commentsLine divides dragnet's text from the comments of readers.
const commentsLine = "!@#$%^&*()  COMMENTS"

func dragnetText(in input) (item, error) {
	t, _, _ := strings.Cut(decoded(in.raw), commentsLine)
	return texted(in.id, strings.TrimSpace(t)), nil
}

// dragnetShare is how much of a block's tokens must have been found in the
// corrected text for the block to be body.
const dragnetShare = .1

// dragnetBlocks reads dragnet's blocks: shares of content and of comments, then
// the tokens of the block, those of content, those of comments.
func dragnetBlocks(in input) (item, error) {
	var p page
	n := 0
	for line := range strings.SplitSeq(decoded(in.raw), "\n") {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) < 3 {
			return item{}, lined{n, "the line has fewer than three cells: content share, comment share, tokens"}
		}
		share, err := strconv.ParseFloat(cells[0], 64)
		if err != nil || !(0 <= share && share <= 1) {
			return item{}, lined{n, "the first cell is not a share between 0 and 1"}
		}
		p.line(cells[2], classOf(share > dragnetShare))
	}

	return p.item(in.id), nil
}

func classOf(body bool) corpus.Class {
	if body {
		return corpus.Body
	}
	return corpus.Boilerplate
}
