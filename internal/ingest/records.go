package ingest

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/transform"
)

// utf8Stream gives a stream of records in UTF-8 without a byte order mark.
// guess allows for tables that were saved in an old charset.
func utf8Stream(b *bufio.Reader, guess bool) *bufio.Reader {
	sample, _ := b.Peek(16 << 10)
	if e, name := byteOrder(sample); e != nil {
		if name == "utf-8" {
			b.Discard(len("\xef\xbb\xbf"))
			return b
		}
		return bufio.NewReaderSize(transform.NewReader(b, e.NewDecoder()), 64<<10)
	}
	if bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")) { // the sample ends inside a character
		b.Discard(len("\xef\xbb\xbf"))
		return b
	}
	for cut := 0; cut < utf8.UTFMax && len(sample) > 0; cut++ {
		if utf8.Valid(sample) {
			return b
		}
		sample = sample[:len(sample)-1]
	}
	if guess {
		if _, name := decode(sample, "", false); name != "utf-8" {
			if e, err := htmlindex.Get(name); err == nil {
				return bufio.NewReaderSize(transform.NewReader(b, e.NewDecoder()), 64<<10)
			}
		}
	}

	return b
}

// jsonl finds the records of JSON Lines; reading what they say is Document's
// work, so that it is done on all cores.
func (f *finder) jsonl(in file, b *bufio.Reader) bool {
	b = utf8Stream(b, false)
	found := false
	for n := 1; ; n++ {
		line, long, err := readLine(b, f.l.Line)
		if err != nil && err != io.EOF {
			return f.broken(in, n, err)
		}
		switch {
		case long:
			found = true
			if !f.refuse(in.shown, n, fmt.Sprintf("the line is longer than %s, which is the limit for one record", size(f.l.Line))) {
				return false
			}
		case len(bytes.TrimSpace(line)) > 0:
			found = true
			if !f.record(in, Page{File: in.shown, Line: n, MediaType: Record, Raw: bytes.TrimSpace(line)}) {
				return false
			}
		}
		if err == io.EOF {
			break
		}
	}
	if !found {
		return f.refuse(in.shown, 0, "there is no record in it")
	}

	return true
}

// json finds the records of a JSON file: the objects of one list, or objects
// one behind the other, each over as many lines as it likes. They are found by
// their brackets; what they say is Document's work.
func (f *finder) json(in file, b *bufio.Reader) bool {
	o := objects{b: utf8Stream(b, false), limit: f.l.Line, line: 1}
	for n := 0; ; n++ {
		raw, line, err := o.next()
		var refused refusal
		switch {
		case err == io.EOF && n == 0:
			return f.refuse(in.shown, 0, "there is no record in it")
		case err == io.EOF:
			return true
		case errors.As(err, &refused):
			return f.refuse(in.shown, line, string(refused))
		case err != nil:
			return f.broken(in, line, err)
		case raw == nil:
			if !f.refuse(in.shown, line, fmt.Sprintf("the record is longer than %s, which is the limit", size(f.l.Line))) {
				return false
			}
		case !f.record(in, Page{File: in.shown, Line: line, MediaType: Record, Raw: raw}):
			return false
		}
	}
}

// objects finds the objects of a JSON file.
type objects struct {
	b      *bufio.Reader
	limit  int64
	line   int  // of the next byte, from 1
	list   bool // they stand in a list
	closed bool // which is over
	some   bool // there was one already
}

// next is the next object and the line it begins in, nil for one over the
// limit. The error is io.EOF behind the last, and a refusal where the brackets
// make no sense.
func (o *objects) next() (raw []byte, line int, err error) {
	c, err := o.token()
	switch {
	case err != nil:
	case c == '[' && !o.list && !o.some:
		o.list = true
		if c, err = o.token(); err == nil && c == ']' {
			return nil, o.line, io.EOF
		}
	case o.list && o.some && c == ']' && !o.closed:
		o.closed = true
		if c, err = o.token(); err == nil {
			return nil, o.line, refusal("something stands behind the end of the list")
		}
	case o.list && o.some && c == ',':
		c, err = o.token()
	case o.list && o.some:
		return nil, o.line, refusal("there is no comma between this record and the one before")
	}
	switch {
	case err == io.EOF && o.list && !o.closed:
		return nil, o.line, refusal("this is not valid JSON: the list is not closed, as in a file that is cut off")
	case err != nil:
		return nil, o.line, err
	case c != '{':
		return nil, o.line, refusal(`here should be a record, an object in { } with a text or html: {"text": "…"}`)
	}
	o.some, line = true, o.line

	raw, err = o.object()
	return raw, line, err
}

// token is the next byte that is no white space.
func (o *objects) token() (byte, error) {
	for {
		c, err := o.b.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c == '\n':
			o.line++
		case c != ' ' && c != '\t' && c != '\r':
			return c, nil
		}
	}
}

// object reads to the bracket that closes the one before; nil over the limit.
func (o *objects) object() ([]byte, error) {
	raw, long := []byte{'{'}, false
	begun := o.line
	quoted, escaped := false, false
	for depth := 1; depth > 0; {
		c, err := o.b.ReadByte()
		if err == io.EOF {
			return nil, refusal(fmt.Sprintf("this is not valid JSON: the record that begins in line %d is not closed", begun))
		}
		if err != nil {
			return nil, err
		}
		switch {
		case c == '\n':
			o.line++
		case escaped:
			escaped = false
		case c == '\\':
			escaped = quoted
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if !long {
			if raw = append(raw, c); int64(len(raw)) > o.limit {
				raw, long = nil, true
			}
		}
	}

	return raw, nil
}

// readLine reads one line into memory of its own. A line over the limit is
// passed over without being kept.
func readLine(b *bufio.Reader, limit int64) (line []byte, long bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		if !long && int64(len(line)+len(part)) > limit+2 {
			line, long = nil, true
		}
		if !long {
			if line == nil && err == nil { // the usual case: exactly as long as it is
				line = make([]byte, 0, len(part))
			}
			line = append(line, part...)
		}
		if err != bufio.ErrBufferFull {
			return line, long, err
		}
	}
}

// separators of a table, as the header line shows them.
const separators = ",\t;|"

func separator(header string) rune {
	best := ','
	for _, s := range separators {
		if strings.Count(header, string(s)) > strings.Count(header, string(best)) {
			best = s
		}
	}
	return best
}

// headerLine reports whether a line looks like the header of a table with
// documents.
func headerLine(line string) bool {
	sep := separator(line)
	cells := strings.Split(strings.ToLower(strings.TrimSpace(line)), string(sep))
	for i := range cells {
		cells[i] = strings.Trim(cells[i], `" `)
	}
	return len(cells) > 1 && (slices.Contains(cells, "text") || slices.Contains(cells, "html"))
}

// columns are the names of a table's columns that mean something; any other is
// kept in meta under its own name.
var columns = []string{"id", "text", "html", "url", "title", "language"}

// csv finds the records of a table with a header, separated by commas, tabs,
// semicolons or bars. Quoting is strict: a stray quotation mark is an error
// with its line, because a guess would move the cells of all that follow.
func (f *finder) csv(in file, b *bufio.Reader) bool {
	b = utf8Stream(b, true)
	head, _ := b.Peek(32 << 10)
	first, _, _ := bytes.Cut(head, []byte("\n"))
	sep := separator(string(first))
	if strings.HasSuffix(strings.ToLower(in.id), ".tsv") {
		sep = '\t'
	}

	allowed := &allowance{r: b, left: f.l.Document, limit: f.l.Document}
	c := csv.NewReader(allowed)
	c.Comma = sep
	c.FieldsPerRecord = -1 // checked in cells.page, in clearer words
	names, err := c.Read()
	if err == io.EOF {
		return f.refuse(in.shown, 0, "there is no header line in it")
	}
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		return f.refuse(in.shown, parse.Line, badRow(parse))
	case err != nil:
		return f.broken(in, 1, err)
	}
	cells, err := header(names)
	if err != nil {
		return f.refuse(in.shown, 1, err.Error())
	}

	rows := 0
	for line := 2; ; rows++ {
		allowed.left = f.l.Document + 64<<10 // and what the reader holds already
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if len(row) > 0 {
			line, _ = c.FieldPos(0)
		}
		var p Page
		switch {
		case errors.As(err, &parse):
			err = refusal(badRow(parse))
			line = parse.Line
		case err != nil:
			return f.broken(in, line, err)
		default:
			p, err = cells.page(row)
		}
		if err != nil {
			if !f.refuse(in.shown, line, err.Error()) {
				return false
			}
			continue
		}
		p.File, p.Line = in.shown, line
		if !f.page(p) {
			return false
		}
	}
	if rows == 0 {
		return f.refuse(in.shown, 0, "there is a header but no row under it")
	}

	return true
}

// badRow says what a quotation mark does wrong.
func badRow(e *csv.ParseError) string {
	switch {
	case errors.Is(e, csv.ErrBareQuote):
		return fmt.Sprintf(`there is a quotation mark inside a cell without quotes, at column %d; write "" for each and put the cell in quotes`, e.Column)
	case errors.Is(e, csv.ErrQuote):
		return fmt.Sprintf(`a cell in quotes is not closed, or something stands behind its closing quote, at column %d (it opened in line %d); write "" for a quotation mark inside it`, e.Column, e.StartLine)
	}
	return "the row cannot be read: " + e.Err.Error()
}

// allowance bounds what one record may read, so that a quote that is never
// closed does not take the whole file into memory.
type allowance struct {
	r           io.Reader
	left, limit int64
}

func (a *allowance) Read(b []byte) (int, error) {
	if a.left <= 0 {
		return 0, refusal(fmt.Sprintf("a row is larger than %s, which is the limit for one document; perhaps a quotation mark is not closed", size(a.limit)))
	}
	n, err := a.r.Read(b[:min(int64(len(b)), a.left)])
	a.left -= int64(n)

	return n, err
}

// cells knows which column means what.
type cells struct {
	names []string // as written
	known []string // a name of columns, "" for metadata
}

func header(names []string) (cells, error) {
	h := cells{names: make([]string, len(names)), known: make([]string, len(names))}
	for i, n := range names {
		n = strings.TrimSpace(n)
		lower := strings.ToLower(n)
		switch {
		case !utf8.ValidString(n):
			return h, errors.New("the header is not UTF-8; save the file as UTF-8")
		case n == "" && i > 0:
			return h, fmt.Errorf("column %d has no name", i+1)
		case slices.ContainsFunc(h.names[:i], func(o string) bool { return strings.EqualFold(o, n) }):
			return h, fmt.Errorf("the column %q stands twice", n)
		case slices.Contains(columns, lower):
			h.known[i] = lower
		}
		h.names[i] = n
	}
	if !slices.Contains(h.known, "text") && !slices.Contains(h.known, "html") {
		return h, fmt.Errorf("there must be a column text or html; there are %s", short(strings.Join(h.names, ", ")))
	}

	return h, nil
}

func (h cells) page(row []string) (Page, error) {
	if len(row) != len(h.names) {
		return Page{}, fmt.Errorf("the row has %d cells and the header %d; a cell with the separator in it needs quotes", len(row), len(h.names))
	}

	var p Page
	var body string
	var meta members
	p.Charset = "utf-8"
	for i, v := range row {
		if !utf8.ValidString(v) {
			return p, fmt.Errorf("the cell in column %q is not UTF-8; save the file as UTF-8", h.names[i])
		}
		switch h.known[i] {
		case "id":
			p.ID = strings.TrimSpace(v)
		case "url":
			p.URL = strings.TrimSpace(v)
		case "title":
			p.Name = v
		case "language":
			p.Language = v
		case "text", "html":
			if strings.TrimSpace(v) == "" {
				continue
			}
			if body != "" {
				return p, errors.New("the row has both text and html; keep the one that is to be labelled")
			}
			body, p.MediaType = v, map[string]string{"text": "text/plain", "html": "text/html"}[h.known[i]]
		default:
			if v != "" && h.names[i] != "" {
				meta.addString(h.names[i], v)
			}
		}
	}
	if body == "" {
		return p, errors.New("the row has no text")
	}
	p.Raw = []byte(body)
	p.Meta, _ = meta.merge("")

	return p, nil
}
