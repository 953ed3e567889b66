package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// aeb reads one document of article-extraction-benchmark's ground-truth.json:
// its gold text, to be found in the page html/ID.html. Without the page the
// document is the gold text, and all of it is body.
func aeb(p Page) (task, error) {
	t := task{looked: true}
	t.ID = p.ID
	var more members
	err := eachMember(p.said(), func(field string, v jsontext.Value) (err error) {
		switch field {
		case "articleBody":
			t.body, err = optional(field, v)
		case "url":
			t.URL, err = str(field, v)
		default:
			err = more.keep(field, v)
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case t.body == nil:
		return t, errors.New("the document has no articleBody")
	}
	if p.beside == nil {
		t.Text = t.body
	}

	return t, t.close(&more)
}

// said is the record of a page: what stands beside it, or the page itself.
func (p Page) said() []byte {
	if p.beside != nil {
		return p.beside
	}
	return p.Raw
}

// keyed finds the documents of an object by id, and of the one under output
// where that is around it.
func (f *finder) keyed(in file, b *bufio.Reader) bool {
	o := objects{b: utf8Stream(b, false), limit: f.l.Line, line: 1}
	for n := 0; ; n++ {
		id, raw, line, err := o.member()
		var refused refusal
		switch {
		case err == io.EOF && n == 0:
			return f.refuse(in.shown, 0, "there is no document in it")
		case err == io.EOF:
			return true
		case errors.As(err, &refused):
			return f.refuse(in.shown, line, string(refused))
		case err != nil:
			return f.broken(in, line, err)
		case raw == nil:
			if !f.refuse(in.shown, line, fmt.Sprintf("the document is longer than %s, which is the limit", size(f.l.Line))) {
				return false
			}
		case !f.record(in, Page{File: in.shown, Line: line, ID: id, MediaType: Record, Raw: raw}):
			return false
		}
	}
}

// member is the next member of the one object of a file: its name, and its
// value, which must be an object; nil for one over the limit. io.EOF behind the
// last.
func (o *objects) member() (name string, raw []byte, line int, err error) {
	notAEB := refusal(`here should be a document, as in {"ID": {"articleBody": "…", "url": "…"}}`)
	c, err := o.token()
	switch {
	case err == nil && !o.some && c == '{':
		c, err = o.token()
	case err == nil && o.some && c == ',':
		c, err = o.token()
	case err == nil && c != '}':
		return "", nil, o.line, notAEB
	}
	if err == nil && c == '}' {
		return "", nil, o.line, io.EOF
	}
	if err == io.EOF {
		return "", nil, o.line, refusal("this is not valid JSON: the object is not closed, as in a file that is cut off")
	}
	if err != nil {
		return "", nil, o.line, err
	}
	o.some, line = true, o.line
	if c != '"' {
		return "", nil, line, notAEB
	}
	if name, err = o.name(); err != nil {
		return "", nil, line, err
	}
	for _, want := range []byte(":{") {
		if c, err = o.token(); err != nil || c != want {
			return "", nil, line, notAEB
		}
	}
	raw, err = o.object()

	return name, raw, line, err
}

// name reads to the quotation mark that closes the one before.
func (o *objects) name() (string, error) {
	quoted := []byte{'"'}
	for escaped := false; ; {
		c, err := o.b.ReadByte()
		switch {
		case err == io.EOF:
			return "", refusal("this is not valid JSON: a name is not closed")
		case err != nil:
			return "", err
		case len(quoted) > maxID:
			return "", refusal(fmt.Sprintf("the name of a document is longer than %d bytes", maxID))
		}
		quoted = append(quoted, c)
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			b, err := jsontext.AppendUnquote(nil, quoted)
			if err != nil {
				return "", refusal("the name of a document is not valid JSON")
			}
			return string(b), nil
		}
	}
}
