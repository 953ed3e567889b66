package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
)

// Blocks say what becomes of spans that come without classes of blocks, as
// nearly all of them do: other tools know no body and no boilerplate.
const (
	BlocksBody = "body" // every block is body
	BlocksNone = "none" // the spans are a draft, in which the blocks are still to be decided
)

// tool is a format of another tool whose documents are records of JSON.
type tool struct {
	title string
	parse func(Page) (task, error)
	spans bool // positions, whose unit has to be found out, and no classes
	paged bool // the page of a record is a file of its own
}

var tools = map[string]tool{
	"doccano":      {title: "doccano", parse: doccano, spans: true},
	"labelstudio":  {title: "Label Studio", parse: labelStudio, spans: true},
	"prodigy":      {title: "Prodigy", parse: prodigy, spans: true},
	"webmainbench": {title: "WebMainBench", parse: webMainBench},
	"aeb":          {title: "article-extraction-benchmark", parse: aeb, paged: true},
	"chatnoir":     {title: "chatnoir's web-content-extraction-benchmark", parse: chatnoir, paged: true},
}

// say tells something about a file that is no problem.
func (f *finder) say(shown, what string) bool {
	return f.yield(Page{}, &corpus.Note{File: shown, Text: what})
}

const allBody = "every block is taken as body, because nothing is said of blocks"

// decided ends the import where nobody said what becomes of spans without
// classes of blocks.
func (f *finder) decided(shown, form string) bool {
	if f.o.Blocks != "" {
		return true
	}
	return f.fatal(corpus.Invalidf("blocks", "%s (%s) has spans and says of no block whether it is body or boilerplate; say --blocks body to take every block as body, or --blocks none --as NAME to have the spans as drafts of that person, who then decides the blocks", shown, form))
}

// records reads a file with the records of a tool.
func (f *finder) records(in file, b *bufio.Reader, form string, recognised bool) bool {
	t := tools[form]
	in.foreign = &foreign{parse: t.parse, unit: codePoints, o: &f.o, names: f.names}
	if recognised && !f.say(in.shown, "taken as a file of "+t.title) {
		return false
	}
	if t.paged {
		in.pair = f.pageOf(form)
		return f.each(in, b, form)
	}
	if !t.spans {
		return f.each(in, b, form)
	}

	if !f.decided(in.shown, form) {
		return false
	}
	if f.o.Blocks == BlocksBody && !f.say(in.shown, allBody) {
		return false
	}
	if f.o.Offsets != "" {
		in.foreign.unit = unit{name: f.o.Offsets}
		return f.each(in, b, form)
	}
	open, done, err := f.spooled(b)
	defer done()
	if err != nil {
		return f.broken(in, 0, err)
	}
	u, rival := f.count(in, open(), form)
	switch {
	case rival != nil:
		return f.refuse(in.shown, 0, askUnit(u, *rival))
	case u != codePoints && !f.say(in.shown, fmt.Sprintf("its positions count %s, in which all that is repeated fits", u)):
		return false
	}
	in.foreign.unit = u

	return f.each(in, bufio.NewReaderSize(open(), 64<<10), form)
}

// count reads the records of a file only to find out what their positions
// count. Prodigy's are code points where its tokens do not say otherwise.
func (f *finder) count(in file, r io.Reader, form string) (unit, *unit) {
	p := newPoll(inRecords)
	scan := *f
	scan.yield = func(page Page, err error) bool {
		if err != nil {
			return f.ctx.Err() == nil
		}
		if t, err := page.foreign.parse(page); err == nil && t.Text != nil {
			p.hear(newRuler(*t.Text), append(t.proof, t.marks...))
		}
		return f.ctx.Err() == nil
	}
	scan.each(in, bufio.NewReaderSize(r, 64<<10), form)
	u, rival := p.result()
	if form == "prodigy" && u == codePoints {
		rival = nil
	}

	return u, rival
}

// each reads the records: the documents of one object, a list, or lines.
func (f *finder) each(in file, b *bufio.Reader, form string) bool {
	if form == "aeb" {
		return f.keyed(in, b)
	}
	head, _ := b.Peek(headBytes)
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if first := firstLine(head); len(first) > 0 && (first[0] == '[' || len(first) < len(bytes.TrimSpace(head)) && !jsontext.Value(first).IsValid(jsontext.AllowDuplicateNames(true))) {
		return f.json(in, b)
	}

	return f.jsonl(in, b)
}

// firstLine is the first line that is not blank.
func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return bytes.TrimSpace(line)
}

// record gives a record with what belongs to it.
func (f *finder) record(in file, p Page) bool {
	p.foreign = in.foreign
	if in.pair != nil {
		if err := in.pair(&p); err != nil {
			return f.refuse(p.File, p.Line, err.Error())
		}
	}
	return f.page(p)
}

// pageOf puts the page of a record in front and the record beside it.
func (f *finder) pageOf(form string) func(*Page) error {
	return func(p *Page) error {
		id := p.ID
		if form == "chatnoir" {
			id = pageID(p.Raw)
		}
		name := f.tree.page(id)
		if name == "" {
			return nil
		}
		raw, err := f.besideIt(name)
		if err != nil {
			return err
		}
		f.tree.used[name] = true
		p.beside, p.besideName = p.Raw, name
		p.Raw, p.MediaType = raw, "text/html"
		if blank(raw) {
			return errors.New(name + ": there is nothing but white space in it")
		}

		return nil
	}
}

// recognise finds the tool whose records a file holds. A first record that is
// longer than the buffer is looked at in a larger one, which it gives back.
func (f *finder) recognise(b *bufio.Reader) (form string, again *bufio.Reader) {
	head, err := b.Peek(headBytes)
	form, whole := recordsOf(head)
	if form == "" && !whole && err != io.EOF {
		b = bufio.NewReaderSize(b, int(f.l.Line)+headBytes)
		head, _ = b.Peek(b.Size())
		form, _ = recordsOf(head)
	}

	return form, b
}

// recordsOf recognises the tool whose records a file holds by the first of
// them, as far as it is there; "" for none, as for our own. whole says whether
// all of it is there.
func recordsOf(head []byte) (form string, whole bool) {
	d := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))), jsontext.AllowDuplicateNames(true))
	if d.PeekKind() == '[' {
		d.ReadToken()
	}
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return "", err == nil
	}
	kinds := map[string]jsontext.Kind{}
	heads := map[string]string{}
	first := ""
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			break
		}
		field := name.String()
		if first == "" {
			first = field
		}
		kinds[field] = d.PeekKind()
		rest := head[min(int(d.InputOffset()), len(head)):]
		heads[field] = strings.TrimLeft(string(rest[:min(len(rest), 4<<10)]), ": \t\r\n")
		if _, err := d.ReadValue(); err != nil {
			break
		}
	}

	end, err := d.ReadToken()

	return recognised(first, kinds, heads), err == nil && end.Kind() == '}'
}

// recognised tells by the names of members, the kinds of their values and how
// these begin.
func recognised(first string, kinds map[string]jsontext.Kind, heads map[string]string) string {
	is := func(field string, among string) bool {
		k, ok := kinds[field]
		return ok && strings.ContainsRune(among, rune(k))
	}
	any := func(fields ...string) bool {
		return slices.ContainsFunc(fields, func(f string) bool { _, ok := kinds[f]; return ok })
	}
	triples := func(field string) bool {
		if !is(field, "[") {
			return false
		}
		inside := strings.TrimLeft(heads[field][1:], " \t\r\n")
		return strings.HasPrefix(inside, "[") || strings.HasPrefix(inside, "]")
	}

	switch {
	case is("page_id", `"`) && any("plaintext"):
		return "chatnoir"
	case is("track_id", `"`) && is("html", `"`), is("html", `"`) && any("groundtruth_content", "convert_main_content"):
		return "webmainbench"
	case is("data", "{") && any("annotations", "completions", "predictions"):
		return "labelstudio"
	case is("text", `"`) && any("_task_hash", "_input_hash", "answer") && !any("blocks"):
		return "prodigy"
	case is("text", `"`) && !any("blocks", "spans") && (triples("label") || triples("labels") || is("entities", "[") && any("relations", "Comments")):
		return "doccano"
	case is(first, "{") && strings.Contains(heads[first], `"articleBody"`):
		return "aeb"
	}

	return ""
}
