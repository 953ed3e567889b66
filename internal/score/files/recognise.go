package files

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
)

// recognise finds out what a source holds, or holds it to the format that was
// named.
func (s *source) recognise(o Options) (Format, error) {
	if o.Format != "" && o.Format != "auto" {
		f, ok := formatNamed(o.Format)
		if f.Name == "wcxb" && s.tree != nil {
			f, ok = formatNamed("wcxb-pages")
		}
		switch {
		case !ok:
			return f, corpus.Invalidf("format", "there is no format %q; there are %s", o.Format, formatNames())
		case s.tree == nil && f.shape == byCase:
			return f, problem(s.path, 0, "it is a file, and the format %s is a folder", f.Name)
		case s.tree != nil && f.shape < byFile:
			return f, problem(s.path, 0, "it is a folder, and the format %s is a file", f.Name)
		case s.tree != nil:
			return f, s.list(f)
		}
		return f, nil
	}

	var name string
	var err error
	if s.tree != nil {
		name, err = s.treeFormat()
	} else {
		name, err = s.fileFormat()
	}
	if err != nil {
		return Format{}, err
	}
	f, _ := formatNamed(name)
	if s.tree != nil {
		err = s.list(f)
	}

	return f, err
}

func formatNames() string {
	var names []string
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

const unknown = "it is neither JSON Lines with an id each nor a JSON object of documents by id, nor any other format that is known (%s); was it cut off?"

func (s *source) fileFormat() (string, error) {
	head := make([]byte, 1<<16)
	n, err := s.file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", unreadable(s.path, err)
	}
	head = bytes.TrimPrefix(head[:n], []byte(bom))
	trimmed := bytes.TrimSpace(head)
	switch {
	case len(trimmed) == 0 && s.size <= int64(n)+3:
		return "", problem(s.path, 0, "no prediction is in it, it is empty; was it cut off?")
	case bytes.HasPrefix(trimmed, []byte("{")):
		return s.jsonFormat()
	case bytes.HasPrefix(trimmed, []byte("[")):
		return "", problem(s.path, 1, "it is a JSON array; the formats of JSON are lines of objects, and one object of documents by id")
	}
	if name := contentFormat(s.name, head); name != "" {
		return name, nil
	}

	return "", problem(s.path, 0, unknown, formatNames())
}

// jsonFormat looks at the first object: a record, or the beginning or all of an
// object of documents.
func (s *source) jsonFormat() (string, error) {
	all := s.members(1 << 10)
	kinds := map[string]jsontext.Kind{}
	for _, m := range all {
		if _, twice := kinds[m.name]; !twice {
			kinds[m.name] = m.kind
		}
	}
	is := func(name string, among string) bool {
		k, ok := kinds[name]
		return ok && strings.ContainsRune(among, rune(k))
	}
	said := is("text", `"n`) || is("plaintext", `"n`) || is("blocks", "[") || is("spans", "[") || is("status", `"`)

	switch {
	case is("ground_truth", "{"):
		return "wcxb-pages", nil
	case len(columns(kinds)) > 0 && (is("track_id", `"`) || is("id", `"0`)):
		return "webmainbench", nil
	case is("track_id", `"`), is("groundtruth_content", `"n`):
		return "webmainbench", nil
	case is("page_id", `"`):
		return "wceb", nil
	case is("id", `"0`), is("url", `"`) && said, is("file", `"`) && said, said && len(all) == 1:
		return "native", nil
	case len(all) == 0:
		return "wcxb", nil // which says that it is empty, or where it is cut off
	}
	first := all[0]
	switch {
	case s.wrapped():
		return "aeb", nil
	case first.kind == '{' && slices.ContainsFunc([]string{`"with"`, `"without"`, `"file"`}, func(k string) bool { return bytes.Contains(first.head, []byte(k)) }):
		return "trafilatura", nil
	case first.kind == '{':
		return "aeb", nil
	}

	return "wcxb", nil
}

// first is a member of a file's first object, and how its value begins.
type first struct {
	name string
	kind jsontext.Kind
	head []byte
}

// members are the first n members of a file's first object, as far as they are
// whole; the last may be cut off.
func (s *source) members(n int) []first {
	w := &window{r: io.NewSectionReader(s.file, 0, s.size), line: 1}
	w.skipBOM()
	d := jsontext.NewDecoder(w, jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil
	}
	var out []first
	for len(out) < n {
		t, err := d.ReadToken()
		if err != nil || t.Kind() != '"' {
			return out
		}
		m := first{name: t.String(), kind: d.PeekKind()}
		if m.kind == 0 { // cut off, or no JSON: reading it says where
			return out
		}
		if m.name == "output" && m.kind == '{' { // may be all of the file
			return append(out, m)
		}
		v, err := d.ReadValue()
		if err != nil {
			return append(out, m)
		}
		m.head = bytes.Clone(v[:min(len(v), 4096)])
		w.floor = w.start + d.InputOffset()
		out = append(out, m)
	}

	return out
}

var (
	blockLine = regexp.MustCompile(`^[01]?\.?\d*\t[01]?\.?\d*\t[^\t\n]*\t[^\t\n]*\t[^\t\n]*(\r?\n|$)`)
	cleanMark = regexp.MustCompile(`(?mi)^\s*<[hpl]>`)
	urlLine   = regexp.MustCompile(`^\s*URL: *\S+`)
	labels    = map[string]*regexp.Regexp{
		"boilernet": regexp.MustCompile(`__boilernet_label\s*=`),
		"l3s-gn1":   regexp.MustCompile(`class\s*=\s*["']?[^"'>]*x-nc-sel[0-5]`),
		"cc-select": regexp.MustCompile(`cc-select\s*=\s*["']?true`),
	}
)

// contentFormat is the format of a document that is a file of its own, "" for
// none. name says of which kind it is; what is in it says the rest.
func contentFormat(name string, b []byte) string {
	name = unpacked(strings.ToLower(name))
	ext := path.Ext(name)
	switch {
	case ext == ".txt" && strings.HasSuffix(name, ".corrected.txt"), ext == ".txt" && bytes.Contains(b, []byte(commentsLine)):
		return "dragnet"
	case (ext == ".txt" || ext == ".tsv") && blockLine.Match(b):
		return "dragnet-blocks"
	case ext == ".txt" && (urlLine.Match(b) || cleanMark.Match(b)):
		return "cleaneval"
	case ext == ".txt", ext == ".md":
		return "text"
	case ext == ".json" && bytes.Contains(b, []byte(`"ground_truth"`)):
		return "wcxb-pages"
	case ext == ".csv":
		return "nodes"
	case slices.Contains(pageEnds, ext), bytes.HasPrefix(bytes.TrimSpace(b), []byte("<")):
		return htmlFormat(b)
	}
	return ""
}

func htmlFormat(b []byte) string {
	for _, name := range []string{"boilernet", "l3s-gn1", "cc-select"} {
		if labels[name].Match(b) {
			return name
		}
	}
	return "html"
}

// weak are the formats that another one of the same kind of file wins over: a
// page without a mark, among those that have some, is one of which nothing is
// body.
var weak = []string{"text", "html"}

// looked is how many files of a folder decide what it holds.
const looked = 200

// treeFormat looks at some files of a folder.
func (s *source) treeFormat() (string, error) {
	names, cases, err := s.entries()
	if err != nil {
		return "", err
	}
	if len(names) == 0 && len(cases) > 0 {
		return "mozilla", nil
	}
	seen := map[string]string{} // format: a file of it
	kinds := map[string]bool{}
	n := 0
	for _, name := range names {
		ext := path.Ext(unpacked(strings.ToLower(name)))
		if !slices.ContainsFunc(Formats, func(f Format) bool { return slices.Contains(f.ends, ext) }) {
			continue
		}
		if n++; n > looked {
			break
		}
		b, err := s.whole(name)
		if err != nil {
			return "", unreadable(filepath.Join(s.path, name), err)
		}
		format := contentFormat(name, b)
		if format == "" {
			continue
		}
		if slices.Contains(pageEnds, ext) {
			ext = ".html"
		}
		if kinds[ext] = true; seen[format] == "" {
			seen[format] = name
		}
	}
	if len(seen) > 1 && len(kinds) == 1 {
		for _, w := range weak {
			delete(seen, w)
		}
	}

	switch len(seen) {
	case 0:
		return "", problem(s.path, 0, "no .txt, .html, .csv or .json file of a format that is known is in it")
	case 1:
		for format := range seen {
			return format, nil
		}
	}
	var which []string
	for _, f := range Formats {
		if file, ok := seen[f.Name]; ok {
			which = append(which, fmt.Sprintf("%s (%s)", f.Name, file))
		}
	}

	return "", problem(s.path, 0, "it may be one of several formats: %s; say which", strings.Join(which, ", "))
}
