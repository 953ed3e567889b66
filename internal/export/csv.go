package export

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// CSV is a table to look at and to count in: a row for each block, of every
// class. A program should read JSONL.
var CSV = Format{
	Name: "csv", Ext: "csv", MediaType: "text/csv; charset=utf-8", Unit: "code points", Divided: true, Annotates: true,
	About:  "A table for spreadsheets, one row a block with its class, reason, text and spans. A cell that a spreadsheet could take for a formula begins with an apostrophe: drop the first character of each cell that begins with one, and all is as it was.",
	append: func(b []byte, g corpus.Gold, n names) ([]byte, error) { return appendRows(b, g, n), nil },
	frame: func(n names) (before, between, after string) {
		columns := []string{"document", "url", "block", "start", "end", "class", "reason", "spans", "text"}
		if n.layer == Annotations {
			columns = append(columns, "annotator")
		}
		if n.split != nil {
			columns = append(columns, "split")
		}
		return byteOrderMark + strings.Join(columns, ",") + "\r\n", "", ""
	},
}

// byteOrderMark tells a spreadsheet that the file is UTF-8.
const byteOrderMark = "\ufeff"

func appendRows(b []byte, g corpus.Gold, n names) []byte {
	x, spans := text.NewIndex(g.Document.Text), g.Spans
	number := func(v int) {
		b = append(strconv.AppendInt(b, int64(v), 10), ',')
	}
	for i, p := range g.Pieces {
		b = append(appendCell(b, g.Document.Key()), ',')
		b = append(appendCell(b, g.Document.URL), ',')
		number(i + 1)
		number(p.Start)
		number(p.End)
		b = append(appendCell(b, string(p.Class)), ',')
		b = append(appendCell(b, p.Reason), ',')

		var marks []string
		for _, s := range spansIn(&spans, p.Range) {
			marks = append(marks, n.labels[s.Label]+" "+strconv.Itoa(s.Start)+"-"+strconv.Itoa(s.End))
		}
		b = append(appendCell(b, strings.Join(marks, "; ")), ',')
		b = appendCell(b, x.Slice(p.Range))
		if n.layer == Annotations {
			b = appendCell(append(b, ','), g.Annotators[0])
		}
		if n.split != nil {
			b = appendCell(append(b, ','), n.split(g.Document))
		}
		b = append(b, "\r\n"...)
	}

	return b
}

// formulas begin with one of these, as spreadsheets see it: some take the wide
// forms for the narrow ones, and drop a control before them.
const formulas = "=+-@\t\r\n\x00＝＋－＠"

// appendCell writes a cell as RFC 4180 has it. What could be a formula gets an
// apostrophe in front, and so does what begins with one, so that taking one away
// gives back every cell.
func appendCell(b []byte, s string) []byte {
	first, _ := utf8.DecodeRuneInString(s)
	defused := s != "" && (first == '\'' || strings.ContainsRune(formulas, first))
	if !defused && !strings.ContainsAny(s, ",\"\r\n") && strings.TrimSpace(s) == s {
		return append(b, s...)
	}

	b = append(b, '"')
	if defused {
		b = append(b, '\'')
	}
	b = append(b, strings.ReplaceAll(s, `"`, `""`)...)

	return append(b, '"')
}
