package export

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// JSONL is the native record: one document a line, positions in code points,
// nothing lost. An import of it restores the same gold.
var JSONL = Format{
	Name:      "jsonl",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	Unit:      "code points",
	Divided:   true,
	Annotates: true,
	About:     "JSON Lines, one document a line, positions in Unicode code points. Nothing is lost; importing it restores the same gold.",
	append:    appendRecord,
}

// appendRecord writes JSON by hand: encoding/json takes three times as long,
// and the shape is fixed. A fuzz test reads it back with encoding/json.
func appendRecord(b []byte, g corpus.Gold, n names) ([]byte, error) {
	d := g.Document
	b = append(b, `{"id":`...)
	b = appendString(b, d.Key())
	b = append(b, `,"text":`...)
	b = appendString(b, d.Text)
	b = append(b, `,"sha256":`...)
	b = appendString(b, d.SHA256)
	if d.URL != "" {
		b = append(b, `,"url":`...)
		b = appendString(b, d.URL)
	}
	b, err := appendMeta(b, d)
	if err != nil {
		return b, err
	}

	b = appendPieces(b, g.Pieces)
	b = append(b, `,"spans":[`...)
	for i, s := range g.Spans {
		b = appendRange(b, i, s.Range)
		b = append(b, `,"label":`...)
		b = appendString(b, n.labels[s.Label])
		b = append(b, `,"quote":`...)
		b = appendString(b, s.Quote)
		b = append(b, '}')
	}

	return appendEnd(append(b, ']'), g, n), nil
}

// appendPieces writes the blocks with what was decided about them.
func appendPieces(b []byte, pieces []corpus.Piece) []byte {
	b = append(b, `,"blocks":[`...)
	for i, p := range pieces {
		b = appendRange(b, i, p.Range)
		b = append(b, `,"class":`...)
		b = appendString(b, string(p.Class))
		if p.Reason != "" {
			b = append(b, `,"reason":`...)
			b = appendString(b, p.Reason)
		}
		b = append(b, '}')
	}

	return append(b, ']')
}

// appendEnd writes whose labelling it is and where it belongs, and ends the
// record.
func appendEnd(b []byte, g corpus.Gold, n names) []byte {
	if n.layer == Annotations {
		b = append(b, `,"layer":"annotation","annotator":`...)
		b = appendString(b, g.Annotators[0])
	} else {
		b = append(b, `,"layer":"gold","annotators":[`...)
		for i, name := range g.Annotators {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, name)
		}
		b = append(b, ']')
	}
	if n.split != nil {
		b = append(b, `,"split":`...)
		b = appendString(b, n.split(g.Document))
	}
	if n.release != "" {
		b = appendSealed(b, g, n)
	}

	return append(b, "}\n"...)
}

// appendSealed writes what a release's hash is over besides the record. The
// blocks as they were cut stand there only where somebody split one.
func appendSealed(b []byte, g corpus.Gold, n names) []byte {
	b = append(b, `,"release":`...)
	b = appendString(b, n.release)
	b = append(b, `,"sealed":{"segmenter":`...)
	b = appendString(b, g.Document.Segmenter)
	b = append(b, `,"basis":`...)
	b = appendString(b, string(g.Basis))
	if by := n.people[g.DecidedBy]; by != "" {
		b = append(b, `,"decidedBy":`...)
		b = appendString(b, by)
	}
	if !slices.EqualFunc(g.Document.Blocks, g.Pieces, func(is corpus.Block, p corpus.Piece) bool { return is.Range == p.Range }) {
		b = append(b, `,"cut":[`...)
		for i, is := range g.Document.Blocks {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(is.Start), 10)
			b = append(b, ',')
			b = strconv.AppendInt(b, int64(is.End), 10)
		}
		b = append(b, ']')
	}

	return append(b, '}')
}

// appendRange opens the i-th object of a list with its range.
func appendRange(b []byte, i int, r text.Range) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	b = append(b, `{"start":`...)
	b = strconv.AppendInt(b, int64(r.Start), 10)
	b = append(b, `,"end":`...)

	return strconv.AppendInt(b, int64(r.End), 10)
}

// appendMeta writes what the document brought, and its language where that was
// found out at import. Nothing where there is neither.
func appendMeta(b []byte, d corpus.Document) ([]byte, error) {
	meta := strings.TrimSpace(strings.ToValidUTF8(d.Meta, "\ufffd"))
	if meta == "" {
		meta = "{}"
	}
	if meta == "{}" && d.Language == "" {
		return b, nil
	}

	has := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(meta), &has); err != nil || meta[0] != '{' {
		return b, corpus.Invalidf("meta", "%q is no JSON object", meta)
	}
	if strings.ContainsAny(meta, "\r\n") { // a record is one line
		var line bytes.Buffer
		if err := json.Compact(&line, []byte(meta)); err != nil {
			return b, err
		}
		meta = line.String()
	}

	b = append(b, `,"meta":`...)
	b = append(b, meta[:len(meta)-1]...)
	if _, ok := has["language"]; !ok && d.Language != "" {
		if len(has) > 0 {
			b = append(b, ',')
		}
		b = append(b, `"language":`...)
		b = appendString(b, d.Language)
	}

	return append(b, '}'), nil
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Only what JSON demands is escaped:
// nothing for the sake of HTML or of old JavaScript. A byte that is not UTF-8
// becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[from:i]...)
				b = append(b, "\ufffd"...)
				from = i + 1
			}
			i += size
			continue
		}

		b = append(b, s[from:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		i++
		from = i
	}

	return append(append(b, s[from:]...), '"')
}
