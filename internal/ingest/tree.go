package ingest

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// tree are files that came together: a folder, an archive, an upload. Some
// formats keep a document in two of them.
type tree struct {
	names []string // in the order in which they are read
	open  func(name string) (io.ReadCloser, error)
	forms []string // of together: how files of it belong together

	entered bool // forms are found out

	known  map[string]string // names by themselves without the ending of a packing
	pages  map[string]string // the first page of each stem
	texts  map[string]string // the only .txt of each stem, "" where there are several
	anns   bool              // some file ends in .ann
	sets   map[string]bool   // folders of WCXB: those with ground-truth in them, and what is around these
	saved  map[string]bool   // pages with a folder of what belongs to them
	assets map[string]bool   // what is in these folders

	used map[string]bool // pages that gold was found for, and forms that were told
}

// together are the formats that keep a document in two files.
var together = []string{"brat", "cleaneval", "aeb", "chatnoir", "wcxb"}

func newTree(names []string, open func(string) (io.ReadCloser, error)) *tree {
	t := &tree{names: names, open: open, known: map[string]string{}, pages: map[string]string{}, texts: map[string]string{},
		sets: map[string]bool{}, saved: map[string]bool{}, assets: map[string]bool{}, used: map[string]bool{}}
	for _, n := range names {
		plain := unpackedName(n)
		t.known[plain] = n
		switch ext := strings.ToLower(path.Ext(plain)); {
		case isPage(plain) && t.pages[stem(plain)] == "":
			t.pages[stem(plain)] = n
		case ext == ".txt":
			if _, twice := t.texts[stem(plain)]; twice {
				n = ""
			}
			t.texts[stem(plain)] = n
		case ext == ".ann":
			t.anns = true
		case wcxbGold(plain):
			root := path.Dir(path.Dir(plain))
			t.sets[root], t.sets[path.Dir(root)] = true, true
		}
	}
	for _, n := range names {
		if page := t.assetOf(n); page != "" {
			t.saved[page], t.assets[n] = true, true
		}
	}

	return t
}

// unpackedName is a name without the ending of a packing.
func unpackedName(name string) string {
	for _, ext := range packings {
		if s, ok := cutExt(name, ext); ok {
			return s
		}
	}
	return name
}

// packings are the endings that say how a file is packed, not what is in it.
var packings = []string{".gz", ".zst", ".gzip", ".zstd"}

func isPage(name string) bool { return extensions[strings.ToLower(path.Ext(name))] == "html" }

// stem is the name of a document: a file's without its folder and endings.
// CleanEval's texts are called 1-cleaned.txt, or 1.txt.
func stem(name string) string {
	name = path.Base(name)
	name = strings.TrimSuffix(name, path.Ext(name))

	return strings.TrimSuffix(name, "-cleaned")
}

// page is the page with that id, "" where there is none.
func (t *tree) page(id string) string {
	if t == nil {
		return ""
	}
	return t.pages[id]
}

// lookedAt is how many files of records decide what a tree is.
const lookedAt = 20

// enter makes t the tree that is being read, and finds out what it is.
func (f *finder) enter(t *tree) {
	f.tree = t
	switch {
	case t.entered:
	case slices.Contains(together, f.format):
		t.forms = []string{f.format}
	case f.format == "":
		for _, form := range together {
			if f.holds(t, form) {
				t.forms = append(t.forms, form)
			}
		}
	}
	t.entered = true
}

// holds tells by names that belong together, and by what is in the first files
// of that kind.
func (f *finder) holds(t *tree, form string) bool {
	looked := 0
	look := func(name string, ok func([]byte) bool) bool {
		looked++
		return looked <= lookedAt && ok(f.head(name))
	}
	for _, name := range t.names {
		plain := unpackedName(name)
		ext := strings.ToLower(path.Ext(plain))
		found := false
		switch form {
		case "brat":
			found = ext == ".ann" && t.known[strings.TrimSuffix(plain, path.Ext(plain))+".txt"] != ""
		case "cleaneval":
			found = ext == ".txt" && t.pages[stem(plain)] != "" && look(name, cleanEvalText.Match)
		case "wcxb":
			found = wcxbGold(plain) && t.pages[stem(plain)] != "" && look(name, isWCXB)
		default:
			found = records(ext) && !answers(plain) && look(name, func(head []byte) bool {
				is, _ := recordsOf(head)
				return is == form
			})
		}
		if found {
			return true
		}
	}

	return false
}

func records(ext string) bool { return extensions[ext] == "json" || extensions[ext] == "jsonl" }

// answers reports whether a file of a benchmark holds answers of cleaners.
func answers(name string) bool { return path.Base(path.Dir(name)) == "output" }

// head is how a file of the tree begins; nothing where it cannot be read, which
// is said when it is.
func (f *finder) head(name string) []byte {
	r, err := f.tree.open(name)
	if err != nil {
		return nil
	}
	defer r.Close()
	out, _, done, err := decompress(bufio.NewReaderSize(r, 64<<10))
	defer done()
	if err != nil {
		return nil
	}
	head, _ := io.ReadAll(io.LimitReader(out, headBytes))

	return head
}

const headBytes = 64 << 10

// besideIt reads a file of the tree that belongs to another one.
func (f *finder) besideIt(name string) ([]byte, error) {
	r, err := f.tree.open(name)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be opened: %s", name, cause(err))
	}
	defer r.Close()
	src := &source{ctx: f.ctx, r: r}
	out, _, done, err := decompress(bufio.NewReaderSize(src, 64<<10))
	defer done()
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, reason(err))
	}
	var grown int64
	raw, err := io.ReadAll(io.LimitReader(&meter{r: out, in: func() int64 { return src.read }, out: &grown, total: &f.total, l: f.l}, f.l.Document+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %s", name, reason(err))
	case int64(len(raw)) > f.l.Document:
		return nil, fmt.Errorf("%s is larger than %s, which is the limit for one document", name, size(f.l.Document))
	}
	if raw == nil {
		raw = []byte{}
	}

	return raw, nil
}

// member reads a file of a tree whose files belong together. taken is false for
// one that is read as any other.
func (f *finder) member(in file, b *bufio.Reader) (taken, ok bool) {
	for _, form := range f.tree.forms {
		switch form {
		case "brat":
			taken, ok = f.bratMember(in, b)
		case "cleaneval":
			taken, ok = f.cleanEvalMember(in, b)
		case "wcxb":
			taken, ok = f.wcxbMember(in, b)
		default: // pages come with their gold
			plain := unpackedName(in.at)
			taken, ok = isPage(plain) || answers(plain), true
		}
		if taken {
			return taken, ok
		}
	}

	return false, true
}

func (f *finder) bratMember(in file, b *bufio.Reader) (taken, ok bool) {
	t, plain := f.tree, unpackedName(in.at)
	ext := strings.ToLower(path.Ext(plain))
	name := plain[:len(plain)-len(ext)]
	text, ann := t.known[name+".txt"], t.known[name+".ann"]
	switch {
	case ext == ".conf": // what a project may hold, not what it does
		return true, true
	case ext == ".ann" && text == "":
		return true, f.refuse(in.shown, 0, "there is no text beside it, a .txt of the same name")
	case ext == ".ann":
		return true, true
	case ext == ".txt" && f.format == "brat" && !t.anns:
		return true, f.refuse(in.shown, 0, "there is no .ann file beside it; give the folder that has both")
	case ext == ".txt" && ann != "":
		return true, f.pair(in, b, "brat", "text/plain", ann, &foreign{parse: brat, alone: true})
	}

	return false, true
}

func (f *finder) cleanEvalMember(in file, b *bufio.Reader) (taken, ok bool) {
	plain := unpackedName(in.at)
	text := strings.EqualFold(path.Ext(plain), ".txt")
	gold := f.tree.texts[stem(plain)]
	switch {
	case isPage(plain) && gold != "":
		return true, f.pair(in, b, "cleaneval", "text/html", gold, &foreign{parse: cleanEval})
	case text && f.tree.page(stem(plain)) != "":
		return true, true
	case text && f.format == "cleaneval":
		return true, f.refuse(in.shown, 0, "there is no page beside it, an .html of the same name")
	}

	return false, true
}

// pair reads a document that has a second file beside it.
func (f *finder) pair(in file, b *bufio.Reader, form, mediaType, beside string, as *foreign) bool {
	if as.alone && !f.decided(in.shown, form) || !f.tell(form, as.alone) {
		return false
	}
	raw, err := f.besideIt(beside)
	if err != nil {
		return f.refuse(in.shown, 0, err.Error())
	}
	as.o, as.names = &f.o, f.names
	in.foreign, in.pair = as, func(p *Page) error {
		p.beside, p.besideName = raw, beside
		return nil
	}

	return f.whole(in, b, mediaType)
}

// tell says once how pairs of files are taken.
func (f *finder) tell(form string, spans bool) bool {
	if f.tree.used[form] {
		return true
	}
	f.tree.used[form] = true
	switch {
	case f.format == "" && !f.say("", "files that belong together are taken as "+form):
		return false
	case spans && f.o.Blocks == BlocksBody:
		return f.say("", allBody)
	}

	return true
}

// leave says which pages of the tree had no gold.
func (f *finder) leave() bool {
	t := f.tree
	f.tree = nil
	if n := len(t.assets); n > 0 && !f.say("", fmt.Sprintf("%s in folders of saved pages are no documents of their own", number(n, "file"))) {
		return false
	}
	if !slices.Contains(t.forms, "aeb") && !slices.Contains(t.forms, "chatnoir") {
		return true
	}
	rest := 0
	for _, name := range t.names {
		if plain := unpackedName(name); isPage(plain) && !t.used[name] && !(slices.Contains(t.forms, "cleaneval") && t.texts[stem(plain)] != "") {
			rest++
		}
	}
	if rest == 0 {
		return true
	}

	return f.say("", fmt.Sprintf("%s have no gold in it and were left out; import them by themselves", number(rest, "page")))
}

// tarTree keeps an archive in a temporary file, so that its files can be read
// in any order.
func (f *finder) tarTree(r io.Reader) (*tree, func(), error) {
	tmp, err := os.CreateTemp("", "annotate-*.tar")
	if err != nil {
		return nil, func() {}, err
	}
	done := func() {
		tmp.Close()
		os.Remove(tmp.Name())
	}
	n, err := io.Copy(tmp, io.LimitReader(r, f.l.Total+1))
	if err == nil && n > f.l.Total {
		err = refusal(fmt.Sprintf("the archive is larger than %s, which is the limit; split it", size(f.l.Total)))
	}
	if err != nil {
		return nil, done, err
	}
	if _, err := tmp.Seek(0, io.SeekStart); err != nil {
		return nil, done, err
	}

	type at struct{ from, n int64 }
	places := map[string]at{}
	var names []string
	for t := tar.NewReader(tmp); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, done, err
		}
		if len(names) >= f.l.Entries {
			return nil, done, refusal(fmt.Sprintf("the archive holds more than %d files, which is the limit; split it", f.l.Entries))
		}
		name := safeName(h.Name)
		if h.Typeflag != tar.TypeReg || slices.ContainsFunc(strings.Split(name, "/"), skipped) {
			continue
		}
		from, err := tmp.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, done, err
		}
		names, places[name] = append(names, name), at{from, h.Size}
	}

	return newTree(names, func(name string) (io.ReadCloser, error) {
		p, ok := places[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return io.NopCloser(io.NewSectionReader(tmp, p.from, p.n)), nil
	}), done, nil
}

// spooled keeps a stream, so that it can be read twice: a little in memory,
// more in a temporary file.
func (f *finder) spooled(r io.Reader) (open func() io.Reader, done func(), err error) {
	var head bytes.Buffer
	if _, err := io.CopyN(&head, r, spoolBytes); errors.Is(err, io.EOF) {
		return func() io.Reader { return bytes.NewReader(head.Bytes()) }, func() {}, nil
	} else if err != nil {
		return nil, func() {}, err
	}
	tmp, err := os.CreateTemp("", "annotate-*")
	if err != nil {
		return nil, func() {}, err
	}
	done = func() {
		tmp.Close()
		os.Remove(tmp.Name())
	}
	n, err := io.Copy(tmp, io.LimitReader(io.MultiReader(&head, r), f.l.Total+1))
	if err == nil && n > f.l.Total {
		err = refusal(fmt.Sprintf("the file is larger than %s, which is the limit; split it", size(f.l.Total)))
	}

	return func() io.Reader { return io.NewSectionReader(tmp, 0, n) }, done, err
}

const spoolBytes = 8 << 20
