package files

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// textNodes reads a page that comes as a table of its text nodes, in their
// order: tag, content, label, depth, and maybe more.
func textNodes(in input) (item, error) {
	if !utf8.Valid(in.raw) {
		return item{}, errors.New("it is not UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(in.raw, []byte(bom))))
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	var p page
	content, label := -1, -1
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if e, ok := errors.AsType[*csv.ParseError](err); ok {
			return item{}, lined{e.StartLine, "it is not valid CSV: " + e.Err.Error()}
		}
		if err != nil {
			return item{}, err
		}
		line, _ := r.FieldPos(0)
		if content < 0 {
			content, label = slices.Index(row, "content"), slices.Index(row, "label")
			if content < 0 || label < 0 {
				return item{}, lined{line, "the first line does not name the columns content and label"}
			}
			continue
		}
		if len(row) <= max(content, label) {
			return item{}, lined{line, "the line has too few cells"}
		}
		switch strings.TrimSpace(row[label]) {
		case "1", "1.0":
			p.line(row[content], classOf(true))
		case "0", "0.0":
			p.line(row[content], classOf(false))
		default:
			return item{}, lined{line, "the label is neither 1, body, nor 0"}
		}
	}
	if content < 0 {
		return item{}, lined{1, "the first line does not name the columns content and label"}
	}

	return p.item(in.id), nil
}
