package ingest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
	"annotate/internal/split"
	"annotate/internal/text"
)

// record is a JSON object in our native form. Only text or html is
// required. release and sealed say what an export was made of and are not kept;
// a field with any other name goes to meta under that name, and so does a split
// that cannot be the name of a part.
type record struct {
	ID, URL, Title, Language string
	Split                    string
	Text, HTML               *string
	SHA256                   string
	Meta                     string
	Blocks                   []givenBlock
	Labelled                 bool // blocks or spans are there, if only as an empty list
	Spans                    []givenSpan
	Layer                    string
	Annotators               []string
}

type givenBlock struct {
	Start       *int    `json:"start"`
	End         *int    `json:"end"`
	Class       string  `json:"class"`
	Reason      string  `json:"reason"`
	Path        string  `json:"path"`
	LinkDensity float64 `json:"linkDensity"`
	Heading     int     `json:"heading"`
	Hidden      bool    `json:"hidden"`
}

type givenSpan struct {
	Start *int    `json:"start"`
	End   *int    `json:"end"`
	Label string  `json:"label"`
	Quote *string `json:"quote"`
}

// maxDepth bounds how deep metadata may nest: whoever reads it later may
// recurse.
const maxDepth = 64

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// parseRecord reads one object, a line of JSON Lines or one of a list. Its error
// is a sentence for a person.
func parseRecord(line []byte) (record, error) {
	var r record
	var more members
	err := eachMember(line, func(field string, v jsontext.Value) error { return r.set(field, v, &more) })
	if err != nil {
		return record{}, err
	}

	return r, r.close(&more)
}

// close puts the members that mean nothing of their own into the metadata.
func (r *record) close(more *members) error {
	meta, err := more.merge(r.Meta)
	r.Meta = meta
	if err == nil && r.Language == "" && strings.Contains(meta, `"language"`) {
		r.Language = languageOf(meta)
	}

	return err
}

// eachMember gives the members of one JSON object, in their order. Its errors
// are sentences for a person.
func eachMember(line []byte, each func(field string, v jsontext.Value) error) error {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(line))

	switch d.PeekKind() {
	case '{':
	case '[':
		return errors.New("the line is a JSON array; each line must be one object in { }, without commas between lines")
	case '"', '0', 't', 'f', 'n':
		return errors.New("the line is not a JSON object; each line must be one object in { }")
	}
	if _, err := d.ReadToken(); err != nil {
		return inWords(line, err)
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return inWords(line, err)
		}
		field := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return inWords(line, err)
		}
		if err := each(field, value); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return inWords(line, err)
	}
	if rest := line[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return fmt.Errorf("something stands behind the JSON object, at %s; each line must be one object", place(line, int64(len(line)-len(bytes.TrimSpace(rest)))))
	}

	return nil
}

// set takes one field of the record.
func (r *record) set(field string, v jsontext.Value, more *members) error {
	var err error
	switch field {
	case "id":
		if v.Kind() == '0' { // a number is a name too
			r.ID = string(v)
			return nil
		}
		r.ID, err = str(field, v)
	case "url":
		r.URL, err = str(field, v)
	case "title":
		r.Title, err = str(field, v)
	case "language":
		r.Language, err = str(field, v)
	case "sha256":
		r.SHA256, err = str(field, v)
	case "layer":
		r.Layer, err = str(field, v)
	case "text":
		r.Text, err = optional(field, v)
	case "html":
		r.HTML, err = optional(field, v)
	case "meta":
		switch v.Kind() {
		case 'n':
		case '{':
			if depth(v) > maxDepth {
				return fmt.Errorf("meta is nested more than %d deep", maxDepth)
			}
			r.Meta = string(v)
		default:
			return errors.New("meta must be a JSON object")
		}
	case "blocks":
		r.Labelled = v.Kind() != 'n'
		if json.Unmarshal(v, &r.Blocks) != nil {
			return errors.New(`blocks must be a list of {"start": whole number, "end": whole number, "class": "body" or "boilerplate"}`)
		}
	case "spans":
		if json.Unmarshal(v, &r.Spans) != nil {
			return errors.New(`spans must be a list of {"start": whole number, "end": whole number, "label": "PER", "quote": "…"}`)
		}
	case "annotators":
		if json.Unmarshal(v, &r.Annotators) != nil {
			return errors.New("annotators must be a list of names")
		}
	case "annotator":
		var name string
		if name, err = str(field, v); name != "" {
			r.Annotators = append(r.Annotators, name)
		}
	case "split":
		part, bad := optional(field, v)
		if bad != nil || part != nil && split.CheckPart(*part) != nil {
			return more.keep(field, v)
		}
		if part != nil {
			r.Split = *part
		}
	case "release", "sealed":
	default:
		return more.keep(field, v)
	}

	return err
}

func str(field string, v jsontext.Value) (string, error) {
	s, err := optional(field, v)
	if s == nil {
		return "", err
	}
	return *s, err
}

// optional is nil for null.
func optional(field string, v jsontext.Value) (*string, error) {
	switch v.Kind() {
	case 'n':
		return nil, nil
	case '"':
	default:
		return nil, fmt.Errorf("the field %q must be a string", field)
	}
	if bytes.IndexByte(v, '\\') < 0 {
		s := string(v[1 : len(v)-1])
		return &s, nil
	}
	b, err := jsontext.AppendUnquote(make([]byte, 0, len(v)), v)
	if err != nil {
		return nil, fmt.Errorf("the field %q: %w", field, err)
	}
	s := string(b)

	return &s, nil
}

// members are fields of a JSON object, in order.
type members struct {
	names []string
	buf   []byte
}

func (m *members) add(name string, v []byte) {
	if len(m.buf) > 0 {
		m.buf = append(m.buf, ',')
	}
	m.buf, _ = jsontext.AppendQuote(m.buf, name) // name came out of valid JSON
	m.buf = append(append(m.buf, ':'), v...)
	m.names = append(m.names, name)
}

// keep is add for a value that a file brought.
func (m *members) keep(name string, v jsontext.Value) error {
	if depth(v) > maxDepth {
		return fmt.Errorf("the field %q is nested more than %d deep", name, maxDepth)
	}
	m.add(name, v)

	return nil
}

func (m *members) addString(name, v string) {
	b, _ := jsontext.AppendQuote(nil, v) // valid UTF-8
	m.add(name, b)
}

// merge puts the members behind those of the object meta, "" for none, and
// gives an object without white space, "{}" where there is nothing.
func (m *members) merge(meta string) (string, error) {
	switch {
	case meta == "" && len(m.buf) == 0:
		return "{}", nil
	case meta != "" && len(m.buf) > 0:
		taken, err := fields(meta)
		if err != nil {
			return "", err
		}
		for _, n := range m.names {
			if _, twice := taken[n]; twice {
				return "", fmt.Errorf("the field %q stands in the record and in its meta; keep one", n)
			}
		}
		meta = strings.TrimSpace(meta)
		meta = strings.TrimSpace(meta[1 : len(meta)-1])
		if meta != "" {
			meta += ","
		}
		meta = "{" + meta + string(m.buf) + "}"
	case meta == "":
		meta = "{" + string(m.buf) + "}"
	}

	v := jsontext.Value(meta)
	if err := v.Compact(); err != nil {
		return "", err
	}

	return string(v), nil
}

// fields are the members of an object.
func fields(object string) (map[string]jsontext.Value, error) {
	m := map[string]jsontext.Value{}
	err := json.Unmarshal([]byte(object), &m)

	return m, err
}

func languageOf(meta string) string {
	m, err := fields(meta)
	if err != nil {
		return ""
	}
	s, _ := str("language", m["language"])

	return s
}

// depth is how deep a valid value nests; a number or string has depth 0.
func depth(v []byte) int {
	if v[0] != '{' && v[0] != '[' {
		return 0
	}
	d, most, quoted := 0, 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			d++
			most = max(most, d)
		case c == '}' || c == ']':
			d--
		}
	}

	return most
}

// place says where in a record an offset is: its column, and how many lines
// down where the record has several.
func place(record []byte, offset int64) string {
	before := record[:min(int64(len(record)), max(0, offset))]
	lines := bytes.Count(before, []byte("\n"))
	at := fmt.Sprintf("column %d", utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])+1)
	switch lines {
	case 0:
		return at
	case 1:
		return at + " of the line below"
	}
	return fmt.Sprintf("%s, %d lines below", at, lines)
}

// inWords says what is wrong with a line that is no valid JSON, and where.
func inWords(line []byte, err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return errors.New("this is not valid JSON: the line ends in the middle of a value")
		}
		return fmt.Errorf("this is not valid JSON: %s", plain(err))
	}

	at := place(line, syntax.ByteOffset)
	rest := line[min(int64(len(line)), syntax.ByteOffset):]
	cause := plain(syntax.Err)
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("the field %q stands twice in one object, at %s", syntax.JSONPointer.LastToken(), at)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("this is not valid JSON: the line ends in the middle of a value")
	case strings.Contains(cause, "surrogate"):
		return fmt.Errorf(`half a surrogate pair (%s) stands alone at %s; no text can hold it`, rest[:min(len(rest), 6)], at)
	case strings.Contains(cause, "UTF-8"):
		return fmt.Errorf("the line is not UTF-8 at %s; save the file as UTF-8", at)
	case strings.Contains(cause, "depth"):
		return fmt.Errorf("the JSON is nested too deeply, at %s", at)
	}

	return fmt.Errorf("this is not valid JSON at %s: %s", at, cause)
}

func plain(err error) string {
	if err == nil {
		return "it cannot be read"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

// shift converts positions of a text as it came to positions of the text as
// text.Normalise made it, which dropped byte order marks and the CR of each
// CRLF. It is nil where nothing was dropped.
type shift []int

func newShift(came string) shift {
	if !strings.Contains(came, "\r\n") && !strings.HasPrefix(came, "\ufeff") {
		return nil
	}
	var dropped shift
	cp, crs := 0, 0 // crs: how many CR stand right before cp
	for _, r := range came {
		switch {
		case r == '\ufeff' && cp == len(dropped):
			dropped = append(dropped, cp)
		case r == '\r':
			crs++
			cp++
			continue
		case r == '\n':
			for ; crs > 0; crs-- {
				dropped = append(dropped, cp-crs)
			}
		}
		crs = 0
		cp++
	}

	return dropped
}

func (s shift) at(pos int) int { return pos - sort.SearchInts(s, pos) }

// label checks the blocks and spans of a record and puts them into the
// document, whose text is made and whose blocks are not.
func (r *record) label(in *corpus.Incoming) error {
	switch r.Layer {
	case "", "gold":
	case "annotation", "annotations":
		return errors.New(`the record holds one annotator's labels (layer "annotation"); only gold and documents without labels can be imported`)
	default:
		return fmt.Errorf("there is no layer %q; a record is gold or has no layer", r.Layer)
	}
	if !r.Labelled {
		switch {
		case len(r.Spans) > 0:
			return errors.New("the record has spans but no blocks; gold needs a class for every block")
		case r.Layer == "gold":
			return errors.New("the record is gold but has no blocks; gold needs a class for every block")
		}
		return nil
	}
	if r.HTML != nil {
		return errors.New("positions count the characters of a text; a record with blocks needs text, not html")
	}

	x := text.NewIndex(in.Text)
	moved := newShift(*r.Text)
	if err := r.blocks(in, x, moved); err != nil {
		return err
	}

	decided := 0
	open := 0 // 1-based
	for i, b := range r.Blocks {
		if b.Class != "" {
			decided++
		} else if open == 0 {
			open = i + 1
		}
	}
	gold := decided > 0 || len(r.Spans) > 0 || r.Layer == "gold"
	if !gold {
		return nil
	}
	if open > 0 {
		return fmt.Errorf("block %d has no class; gold needs a class for every block", open)
	}

	in.Pieces = make([]corpus.Piece, len(r.Blocks))
	for i, b := range r.Blocks {
		in.Pieces[i] = corpus.Piece{Range: in.Blocks[i].Range, Class: corpus.Class(b.Class), Reason: b.Reason}
	}
	in.Annotators = slices.Clone(r.Annotators)

	return r.spans(in, x, moved)
}

func (r *record) blocks(in *corpus.Incoming, x *text.Index, moved shift) error {
	if len(r.Blocks) == 0 {
		return errors.New("blocks is an empty list; leave it out to have the text cut into blocks")
	}

	in.Blocks = make([]corpus.Block, 0, len(r.Blocks))
	last := 0
	for i, b := range r.Blocks {
		if b.Start == nil || b.End == nil {
			return fmt.Errorf("block %d needs a start and an end", i+1)
		}
		given := text.Range{Start: *b.Start, End: *b.End}
		n := x.Len() + len(moved)
		switch {
		case !given.In(n):
			return fmt.Errorf("block %d, %v, lies outside the text, which has %d characters (positions count Unicode code points)", i+1, given, n)
		case given.Start < last:
			return fmt.Errorf("block %d, %v, begins before the block before it ends; blocks stand in order and do not overlap", i+1, given)
		case !corpus.Class(b.Class).Valid():
			return fmt.Errorf(`block %d has the class %q; it must be "body" or "boilerplate"`, i+1, b.Class)
		case !corpus.KnownReason(b.Reason):
			return fmt.Errorf("block %d has the reason %q, which is not one of the list", i+1, b.Reason)
		case b.Heading < 0 || b.Heading > 6 || b.LinkDensity < 0 || b.LinkDensity > 1:
			return fmt.Errorf("block %d: heading is 0 to 6, linkDensity 0 to 1", i+1)
		}
		last = given.End
		is := text.Range{Start: moved.at(given.Start), End: moved.at(given.End)}
		if is.Len() < 1 {
			return fmt.Errorf("block %d, %v, is empty", i+1, given)
		}
		in.Blocks = append(in.Blocks, corpus.Block{Range: is, Path: b.Path, LinkDensity: b.LinkDensity, Heading: b.Heading, Hidden: b.Hidden})
	}
	in.Segmenter = "given-v1"

	return nil
}

func (r *record) spans(in *corpus.Incoming, x *text.Index, moved shift) error {
	seen := map[corpus.IncomingSpan]bool{}
	for i, s := range r.Spans {
		if s.Start == nil || s.End == nil {
			return fmt.Errorf("span %d needs a start and an end", i+1)
		}
		given := text.Range{Start: *s.Start, End: *s.End}
		if n := x.Len() + len(moved); !given.In(n) || given.Len() < 1 {
			return fmt.Errorf("span %d, %v, is no range of the text, which has %d characters (positions count Unicode code points)", i+1, given, n)
		}
		if err := labelName(s.Label); err != nil {
			return fmt.Errorf("span %d: %w", i+1, err)
		}

		is := text.Range{Start: moved.at(given.Start), End: moved.at(given.End)}
		covered := x.Slice(is)
		if s.Quote != nil {
			if quote := strings.ReplaceAll(*s.Quote, "\r\n", "\n"); quote != covered {
				return fmt.Errorf("span %d, %v, covers %s but its quote is %s%s", i+1, given, short(covered), short(quote), r.unitHint(x, moved))
			}
		}
		j := sort.Search(len(in.Pieces), func(i int) bool { return in.Pieces[i].End > is.Start })
		if j == len(in.Pieces) || !in.Pieces[j].Contains(is) {
			return fmt.Errorf("span %d, %s at %v, crosses the border of a block", i+1, short(covered), given)
		}
		one := corpus.IncomingSpan{Range: is, Label: s.Label, Quote: covered}
		if is.Len() < 1 || seen[one] {
			return fmt.Errorf("span %d, %s at %v with the label %s, stands twice or is empty", i+1, short(covered), given, s.Label)
		}
		seen[one] = true
		in.Spans = append(in.Spans, one)
	}

	return nil
}

// unitHint is a word of help where all quotes fit once positions are taken as
// UTF-16 units or as bytes.
func (r *record) unitHint(x *text.Index, moved shift) string {
	if moved != nil {
		return ""
	}
	fits := func(from func(int) (int, bool)) bool {
		for _, s := range r.Spans {
			if s.Start == nil || s.End == nil || s.Quote == nil {
				return false
			}
			start, ok1 := from(*s.Start)
			end, ok2 := from(*s.End)
			if !ok1 || !ok2 || start > end || x.Slice(text.Range{Start: start, End: end}) != *s.Quote {
				return false
			}
		}
		return true
	}
	switch {
	case fits(x.FromUTF16):
		return "; the positions fit as UTF-16 units, but must count Unicode code points"
	case fits(x.FromByte):
		return "; the positions fit as bytes, but must count Unicode code points"
	}

	return ""
}

// labelName checks the shape of a name with the rule that label sets have.
func labelName(name string) error {
	var bad *corpus.Invalid
	if errors.As(corpus.LabelSet{{Name: name, Colour: corpus.Colours[0]}}.Check(nil), &bad) {
		return fmt.Errorf("the label %s", bad.Reason)
	}
	return nil
}

// short quotes the beginning of a text.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:40]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// checkHash compares the record's hash of its text, where it has one.
func (r *record) checkHash(hashes ...[32]byte) error {
	if r.SHA256 == "" {
		return nil
	}
	for _, h := range hashes {
		if strings.EqualFold(r.SHA256, hex.EncodeToString(h[:])) {
			return nil
		}
	}

	return errors.New("sha256 is not the hash of the text; one of the two was changed")
}
