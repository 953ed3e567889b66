// Package files reads what score compares: gold, and the answers of a cleaner,
// from the files in which the field keeps them. Its own record comes first; the
// others are recognised by what is in them. A bad line ends the reading, with
// file and line: half a file of answers would be scored as so many misses.
package files

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/publicsuffix"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// maxLine bounds a record, so that a cleaner gone wild cannot fill the memory.
const maxLine = 256 << 20

// record is a line of JSON Lines: ours, and WCEB's names for the same.
type record struct {
	ID        jsontext.Value `json:"id"`
	PageID    string         `json:"page_id"`
	URL       string         `json:"url"`
	Text      *string        `json:"text"`
	Plaintext *string        `json:"plaintext"`
	Status    score.Status   `json:"status"`
	Blocks    *[]block       `json:"blocks"`
	Spans     *[]span        `json:"spans"`
	Output    jsontext.Value `json:"output"`
}

type block struct {
	Start int          `json:"start"`
	End   int          `json:"end"`
	Class corpus.Class `json:"class"`
}

type span struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Label string `json:"label"`
}

// item is one document of a file, before it is known to be gold or an answer.
type item struct {
	id, url string
	text    *string
	status  score.Status
	blocks  []score.Block
	cut     bool // blocks are there
	spans   []score.Span
	labels  bool // spans are there
	line    int
}

// Gold reads gold: our JSON Lines (without blocks, the text is the body),
// article-extraction-benchmark's JSON, a folder of WCXB's JSON files, a folder
// of texts. JSON Lines are read one at a time.
func Gold(path string) iter.Seq2[score.Gold, error] {
	return func(yield func(score.Gold, error) bool) {
		seen := map[string]bool{}
		for it, err := range items(path) {
			var g score.Gold
			if err == nil {
				g, err = gold(path, it)
			}
			if err == nil && seen[it.id] {
				err = problem(path, it.line, "the id %q is there twice", it.id)
			}
			seen[it.id] = true
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

func gold(path string, it item) (score.Gold, error) {
	g := score.Gold{ID: it.id, URL: it.url, Site: site(it.url), Spans: it.spans, Labels: it.labels}
	if it.text == nil {
		return g, problem(path, it.line, "gold needs a text")
	}
	g.Body = *it.text
	if !it.cut {
		return g, nil
	}
	if err := within(path, it, *it.text); err != nil {
		return g, err
	}
	g.Page, g.Blocks = *it.text, it.blocks
	g.Body = score.BodyText(g.Page, g.Blocks)

	return g, nil
}

// within holds the ranges of a record against the text they are of.
func within(path string, it item, t string) error {
	n := utf8.RuneCountInString(t)
	end := 0
	for _, b := range it.blocks {
		if !b.In(n) || b.Start < end {
			return problem(path, it.line, "the block at %v is out of order or outside the text, which has %d code points", b.Range, n)
		}
		end = b.End
	}
	for _, s := range it.spans {
		if !s.In(n) {
			return problem(path, it.line, "the span at %v is outside the text, which has %d code points", s.Range, n)
		}
	}

	return nil
}

// site is the registrable domain of an address, "" without one.
func site(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	host, _, _ = strings.Cut(host, ":")
	if d, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host)); err == nil {
		return d
	}

	return host
}

// Predictions are all that a cleaner said, by document. They are kept in memory.
type Predictions struct {
	path  string
	items []item
	byID  map[string]int
	byURL map[string]int
	used  []bool
}

// ReadPredictions reads a file of answers: our JSON Lines or WCEB's, article-
// extraction-benchmark's JSON, an object of texts by id as WCXB has it, a
// folder of texts; packed with gzip or not.
func ReadPredictions(path string) (*Predictions, error) {
	a := &Predictions{path: path, byID: map[string]int{}, byURL: map[string]int{}}
	for it, err := range items(path) {
		if err != nil {
			return nil, err
		}
		if _, twice := a.byID[it.id]; twice {
			return nil, problem(path, it.line, "the id %q is there twice", it.id)
		}
		a.byID[it.id] = len(a.items)
		if it.url != "" {
			if _, twice := a.byURL[it.url]; !twice {
				a.byURL[it.url] = len(a.items)
			}
		}
		a.items = append(a.items, it)
	}
	a.used = make([]bool, len(a.items))
	if len(a.items) == 0 {
		return nil, problem(path, 0, "no answer is in it")
	}

	return a, nil
}

// For is the answer for a document, found by its id, else by its address.
func (a *Predictions) For(g score.Gold) (score.Prediction, error) {
	n, ok := a.byID[g.ID]
	if !ok && g.URL != "" {
		n, ok = a.byURL[g.URL]
	}
	if !ok {
		return score.Prediction{Status: score.Missing}, nil
	}

	a.used[n] = true
	it := a.items[n]
	out := score.Prediction{Status: it.status, Blocks: it.blocks, Spans: it.spans, Labels: it.labels}
	if it.cut {
		if g.Blocks == nil {
			return out, problem(a.path, it.line, "the answer for %q has blocks, and gold has no page that they could be of", it.id)
		}
		if err := within(a.path, item{blocks: it.blocks, spans: it.spans, line: it.line}, g.Page); err != nil {
			return out, err
		}
		if out.Blocks == nil {
			out.Blocks = []score.Block{}
		}
		out.Text = score.BodyText(g.Page, it.blocks)
	}
	if it.text != nil {
		out.Text = *it.text
	}

	return out, nil
}

// Len is how many answers there are.
func (a *Predictions) Len() int { return len(a.items) }

// Unused are the ids of answers that no document asked for, in their order.
func (a *Predictions) Unused() []string {
	var out []string
	for i, used := range a.used {
		if !used {
			out = append(out, a.items[i].id)
		}
	}
	return out
}

func problem(path string, line int, format string, args ...any) error {
	return &corpus.Problem{File: path, Line: line, Reason: fmt.Sprintf(format, args...)}
}

// items reads whatever is at path.
func items(path string) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			folder(path, yield)
			return
		}
		var f io.ReadCloser
		if err == nil {
			f, err = open(path)
		}
		if err != nil {
			yield(item{}, unreadable(path, err))
			return
		}
		defer f.Close()

		r := bufio.NewReaderSize(f, 1<<20)
		line, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			yield(item{}, unreadable(path, err))
			return
		}
		if isRecord(line) {
			lines(path, line, r, yield)
			return
		}
		rest, err := io.ReadAll(io.LimitReader(r, maxLine))
		if err != nil {
			yield(item{}, unreadable(path, err))
			return
		}
		object(path, append(line, rest...), yield)
	}
}

type packed struct {
	io.Reader
	io.Closer
}

func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}

	return packed{z, f}, nil
}

func unreadable(path string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return problem(path, 0, "it cannot be read: %s", err)
}

// readLine is a line with its end; io.EOF with the last.
func readLine(r *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := r.ReadSlice('\n')
		if out = append(out, part...); len(out) > maxLine {
			return nil, fmt.Errorf("a line is longer than %d MB", maxLine>>20)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return out, err
		}
	}
}

// isRecord reports whether a file's first line is a record of JSON Lines, and
// not the beginning, or all, of an object of documents by id.
func isRecord(line []byte) bool {
	line = bytes.TrimPrefix(bytes.TrimSpace(line), []byte("\ufeff"))
	var r record
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	if json.Unmarshal(line, &r) == nil {
		return r.ID != nil || r.PageID != "" || r.Text != nil || r.Plaintext != nil
	}

	return !bytes.Equal(line, []byte("{")) && !bytes.HasSuffix(line, []byte("{")) && bytes.HasPrefix(line, []byte(`{"id"`))
}

func lines(path string, line []byte, r *bufio.Reader, yield func(item, error) bool) {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	for n := 1; ; n++ {
		if len(bytes.TrimSpace(line)) > 0 {
			it, err := parse(line)
			if it.line = n; err != nil {
				err = problem(path, n, "%s", err)
			}
			if !yield(it, err) || err != nil {
				return
			}
		}
		var err error
		if line, err = readLine(r); err != nil && !errors.Is(err, io.EOF) {
			yield(item{}, unreadable(path, err))
			return
		}
		if len(line) == 0 {
			return
		}
	}
}

// parse reads one record. Its error is a sentence for a person.
func parse(line []byte) (item, error) {
	var r record
	if !utf8.Valid(line) {
		return item{}, errors.New("the line is not UTF-8")
	}
	if err := json.Unmarshal(line, &r); err != nil {
		if s, ok := errors.AsType[*json.SemanticError](err); ok {
			return item{}, fmt.Errorf("the field %s has a value of the wrong kind", strings.TrimPrefix(string(s.JSONPointer), "/"))
		}
		return item{}, errors.New("the line is not a whole JSON object; was the file cut off?")
	}

	it := item{url: r.URL, text: r.Text, status: r.Status, id: r.PageID}
	if r.Plaintext != nil {
		it.text = r.Plaintext
	}
	switch r.ID.Kind() {
	case '"':
		if err := json.Unmarshal(r.ID, &it.id); err != nil {
			return item{}, err
		}
	case '0':
		it.id = string(r.ID)
	}
	if it.id == "" {
		if it.id = it.url; it.id == "" {
			return item{}, errors.New("the record has neither id nor url")
		}
	}
	switch it.status {
	case "":
		it.status = score.OK
	case score.OK, score.Empty, score.Failed, score.TimeOut, score.Missing:
	case "skipped":
		it.status = score.Missing
	default:
		return item{}, fmt.Errorf("the status %q is none of ok, empty, error, timeout, missing, skipped", it.status)
	}
	if r.Blocks != nil {
		it.cut = true
		for _, b := range *r.Blocks {
			if !b.Class.Valid() {
				return item{}, fmt.Errorf("the class %q is neither body nor boilerplate", b.Class)
			}
			it.blocks = append(it.blocks, score.Block{Range: text.Range{Start: b.Start, End: b.End}, Class: b.Class})
		}
		slices.SortStableFunc(it.blocks, func(a, b score.Block) int { return a.Start - b.Start })
	}
	if r.Spans != nil {
		it.labels = true
		for _, s := range *r.Spans {
			it.spans = append(it.spans, score.Span{Range: text.Range{Start: s.Start, End: s.End}, Label: s.Label})
		}
	}

	return it, nil
}

// object reads documents by id: objects with an articleBody, bare or under
// "output", or texts. They come in the order of their ids.
func object(path string, b []byte, yield func(item, error) bool) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		yield(item{}, problem(path, 0, "it is not UTF-8"))
		return
	}
	var all map[string]jsontext.Value
	err := json.Unmarshal(b, &all)
	if err == nil && all["output"].Kind() == '{' {
		b = all["output"]
		all = nil
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		line := 0
		if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			line = 1 + bytes.Count(b[:min(int(s.ByteOffset), len(b))], []byte("\n"))
		}
		yield(item{}, problem(path, line, "it is neither JSON Lines with an id each nor a whole JSON object of documents by id; was it cut off?"))
		return
	}

	for _, id := range slices.Sorted(maps.Keys(all)) {
		it := item{id: id, status: score.OK}
		switch v := all[id]; v.Kind() {
		case '"':
			it.text = new(string)
			err = json.Unmarshal(v, it.text)
		case '{':
			var a struct {
				Body *string `json:"articleBody"`
				URL  string  `json:"url"`
			}
			if err = json.Unmarshal(v, &a); err == nil && a.Body == nil {
				err = errors.New("no articleBody")
			}
			it.text, it.url = a.Body, a.URL
		case 'n':
			it.status = score.Failed
		default:
			err = errors.New("no text")
		}
		if err != nil {
			err = problem(path, 0, "the document %q has no text", id)
		}
		if !yield(it, err) || err != nil {
			return
		}
	}
}

// folder reads the texts of a folder, or WCXB's gold: a JSON file a page. The
// id is the file's name without its ending.
func folder(path string, yield func(item, error) bool) {
	entries, err := os.ReadDir(path)
	if err != nil {
		yield(item{}, unreadable(path, err))
		return
	}
	n := 0
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || ext != ".txt" && ext != ".json" {
			continue
		}
		n++
		file := filepath.Join(path, e.Name())
		it := item{id: strings.TrimSuffix(e.Name(), ext), status: score.OK}
		b, err := os.ReadFile(file)
		switch {
		case err != nil:
			err = unreadable(file, err)
		case !utf8.Valid(b):
			err = problem(file, 0, "it is not UTF-8")
		case ext == ".txt":
			t := text.Normalise(string(b))
			it.text = &t
		default:
			var page struct {
				URL   string `json:"url"`
				Truth struct {
					Content *string `json:"main_content"`
				} `json:"ground_truth"`
			}
			if json.Unmarshal(b, &page) != nil || page.Truth.Content == nil {
				err = problem(file, 0, "it has no ground_truth with a main_content")
			}
			it.text, it.url = page.Truth.Content, page.URL
		}
		if !yield(it, err) || err != nil {
			return
		}
	}
	if n == 0 {
		yield(item{}, problem(path, 0, "no .txt or .json file is in it"))
	}
}
