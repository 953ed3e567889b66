package ingest

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"annotate/internal/corpus"
)

// Paths finds the documents in files and folders, in the order given; "-" is
// standard input. A folder is read to its depths in the order of names; what
// begins with a full stop is passed over, and a link out of the folder is not
// followed. The id of a file that is one document is its path inside the folder
// or archive, its name where it was given itself. A *corpus.Problem concerns
// one file or record; any other error ends the sequence.
func Paths(ctx context.Context, paths []string, o Options) iter.Seq2[Page, error] {
	return sequence(ctx, o, func(f *finder) {
		files := slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
			info, err := os.Stat(p)
			return err != nil || !info.Mode().IsRegular()
		})
		f.given = newTree(files, func(name string) (io.ReadCloser, error) { return os.Open(name) })
		for _, p := range paths {
			if p == "-" {
				if !f.stream(os.Stdin, "-") {
					return
				}
				continue
			}
			if !f.path(p) {
				return
			}
		}
	})
}

// File is one of several that came together.
type File struct {
	Name string // its path inside the upload; "" or "-" for what has none
	Open func() (io.ReadCloser, error)
}

// Files finds the documents in files that came together, of which some formats
// need two for a document. Each is read as Reader would read it.
func Files(ctx context.Context, files []File, o Options) iter.Seq2[Page, error] {
	return sequence(ctx, o, func(f *finder) {
		names, open := make([]string, len(files)), map[string]func() (io.ReadCloser, error){}
		for i, one := range files {
			names[i] = one.Name
			open[one.Name] = one.Open
		}
		f.enter(newTree(names, func(name string) (io.ReadCloser, error) { return open[name]() }))
		for _, one := range files {
			r, err := one.Open()
			if err != nil {
				f.fatal(fmt.Errorf("opening %s: %w", one.Name, err))
				return
			}
			ok := f.streamOf(r, one.Name, one.Name)
			r.Close()
			if !ok {
				return
			}
		}
		f.leave()
	})
}

// Reader finds the documents in one stream: an upload, or what was pasted.
// name is its path inside the upload and decides how it is read; without one
// (or with "-") the content decides. An archive is read in place where r is
// also an io.ReaderAt and an io.Seeker, else kept in a temporary file meanwhile.
func Reader(ctx context.Context, r io.Reader, name string, o Options) iter.Seq2[Page, error] {
	return sequence(ctx, o, func(f *finder) { f.stream(r, name) })
}

func sequence(ctx context.Context, o Options, run func(*finder)) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		f := &finder{ctx: ctx, yield: yield, format: o.Format, o: o, l: o.Limits.withDefaults(), names: &labelNames{from: map[string]string{}}}
		if f.format == "auto" {
			f.format = ""
		}
		switch {
		case o.Offsets != "" && !slices.Contains(Offsets, o.Offsets):
			yield(Page{}, corpus.Invalidf("offsets", "positions count %s; there is no %q", strings.Join(Offsets, ", "), o.Offsets))
			return
		case o.Blocks != "" && o.Blocks != BlocksBody && o.Blocks != BlocksNone:
			yield(Page{}, corpus.Invalidf("blocks", "the blocks of labelled spans are %s or %s; there is no %q", BlocksBody, BlocksNone, o.Blocks))
			return
		}
		if err := o.checkArchive(); err != nil {
			yield(Page{}, err)
			return
		}
		if f.format != "" && !slices.Contains(Formats, f.format) {
			yield(Page{}, corpus.Invalidf("format", "there is no format %q; there are auto, %s", o.Format, strings.Join(Formats, ", ")))
			return
		}
		run(f)
	}
}

// finder walks what was given. Its methods are false where the walk is over.
type finder struct {
	ctx    context.Context
	yield  func(Page, error) bool
	format string
	o      Options
	l      Limits
	total  int64 // bytes after decompression, so far
	names  *labelNames

	given *tree // the files that were named one by one
	tree  *tree // what is being read now, nil for a stream
}

// file is one that is being read: how it is shown, what its id is if it is one
// document, and where its bytes come from.
type file struct {
	shown  string
	id     string
	at     string  // its name in the tree
	origin *source // whose own failure ends the import
	input  *source // what counts its bytes before decompression
	packed bool    // it came out of an archive

	packing packing // what its bytes come out of, nil where they are as they came

	foreign *foreign          // for each of its pages
	pair    func(*Page) error // adds what stands in another file
}

func (f *finder) page(p Page) bool { return f.yield(p, nil) }

func (f *finder) refuse(shown string, line int, reason string) bool {
	return f.yield(Page{}, &corpus.Problem{File: shown, Line: line, Reason: reason})
}

func (f *finder) fatal(err error) bool {
	f.yield(Page{}, err)
	return false
}

// broken reports a failed read: the end of the import where the origin failed,
// else a Problem of this file.
func (f *finder) broken(in file, line int, err error) bool {
	if err := f.ctx.Err(); err != nil {
		return f.fatal(err)
	}
	if in.origin.err != nil {
		return f.fatal(fmt.Errorf("reading %s: %w", in.shown, in.origin.err))
	}
	return f.refuse(in.shown, line, reason(err))
}

func (f *finder) path(p string) bool {
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f.refuse(p, 0, "there is no such file or folder")
	case err != nil:
		return f.refuse(p, 0, "it cannot be opened: "+cause(err))
	case info.IsDir() && f.given.assetOf(filepath.ToSlash(p)+"/-") != "":
		return f.say(p, "what belongs to the saved page beside it, no documents of its own")
	case info.IsDir():
		return f.folder(p)
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0:
		return f.refuse(p, 0, "it is neither a file nor a folder")
	}
	r, err := os.Open(p)
	if err != nil {
		return f.refuse(p, 0, "it cannot be opened: "+cause(err))
	}
	defer r.Close()

	if f.tree == nil {
		f.enter(f.given)
	}
	ok := f.streamOf(r, filepath.Base(p), p)
	f.tree = nil

	return ok
}

func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// junk are files that systems leave in folders and archives.
var junk = []string{"__MACOSX", "Thumbs.db", "desktop.ini"}

func skipped(name string) bool {
	return strings.HasPrefix(name, ".") && name != "." || slices.Contains(junk, name)
}

// folder reads a folder through an os.Root, which follows no link out of it.
func (f *finder) folder(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return f.refuse(dir, 0, "it cannot be opened: "+cause(err))
	}
	defer root.Close()

	f.enter(newTree(filesUnder(root.FS()), func(name string) (io.ReadCloser, error) { return root.Open(name) }))
	going, found := true, false
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if ctxErr := f.ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		next := func(ok bool) error {
			if going = ok; !ok {
				return fs.SkipAll
			}
			return nil
		}
		switch {
		case err != nil:
			return next(f.refuse(name, 0, "it cannot be opened: "+cause(err)))
		case skipped(d.Name()) && d.IsDir():
			return fs.SkipDir
		case skipped(d.Name()), d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			to, err := root.Stat(name)
			if err != nil {
				return next(f.refuse(name, 0, "it is a link to something outside the folder or missing, and was not followed"))
			}
			if !to.Mode().IsRegular() {
				return nil
			}
		case !d.Type().IsRegular():
			return nil
		}
		found = true
		r, err := root.Open(name)
		if err != nil {
			return next(f.refuse(name, 0, "it cannot be opened: "+cause(err)))
		}
		defer r.Close()

		return next(f.stream(r, filepath.ToSlash(name)))
	})
	switch {
	case err != nil:
		return f.fatal(fmt.Errorf("reading folder %s: %w", dir, err))
	case going && !found:
		return f.refuse(dir, 0, "the folder holds no files")
	}

	return going && f.leave()
}

// filesUnder are the names of the files that are read, as far as they can be
// listed: what cannot is said when it is its turn.
func filesUnder(folder fs.FS) (names []string) {
	_ = fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case skipped(d.Name()) && d.IsDir():
			return fs.SkipDir
		case !skipped(d.Name()) && d.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})

	return names
}

// safeName makes a plain relative path of a name that somebody else chose. It
// only ever names a document; nothing is written under it.
func safeName(name string) string {
	if !utf8.ValidString(name) { // zips of old
		if s, err := charmap.CodePage437.NewDecoder().String(name); err == nil {
			name = s
		}
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ReplaceAll(name, `\`, "/"))
	if len(name) > 1 && name[1] == ':' {
		name = name[2:]
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	for len(name) > 500 {
		_, size := utf8.DecodeRuneInString(name)
		name = name[size:]
	}

	return name
}

// stream reads one file from outside.
func (f *finder) stream(r io.Reader, name string) bool { return f.streamOf(r, name, name) }

// streamOf is stream of a file that has another name in the tree.
func (f *finder) streamOf(r io.Reader, name, at string) bool {
	if name == "" {
		name = "-"
	}
	if name != "-" {
		name = safeName(name)
	}
	src := &source{ctx: f.ctx, r: r}
	in := file{shown: name, id: name, at: at, origin: src, input: src}
	if name == "-" {
		in.id = ""
	}

	b := bufio.NewReaderSize(src, 64<<10)
	if head, _ := b.Peek(4); bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")) {
		return f.zip(in, r, b)
	}

	return f.open(in, b)
}

// open peels one layer of compression off and reads what is inside.
func (f *finder) open(in file, b *bufio.Reader) bool {
	out, method, done, err := decompress(b)
	defer done()
	if err != nil {
		return f.broken(in, 0, err)
	}
	if method == "" {
		return f.inside(in, b)
	}

	for _, ext := range packings {
		if s, ok := cutExt(in.id, ext); ok {
			in.id = s
			break
		}
	}
	if s, ok := cutExt(in.id, ".tgz"); ok {
		in.id = s + ".tar"
	}
	in.packing, _ = out.(packing)
	if g, ok := out.(*gzipMembers); ok {
		g.at = func() int64 { return in.input.read - int64(b.Buffered()) }
	}
	var grown int64
	compressed := func() int64 { return in.input.read }
	inner := bufio.NewReaderSize(&meter{r: out, in: compressed, out: &grown, total: &f.total, l: f.l}, 64<<10)
	if _, again, close, _ := decompress(inner); again != "" {
		close()
		return f.refuse(in.shown, 0, "it is compressed twice; decompress it once first")
	}

	return f.inside(in, inner)
}

func cutExt(name, ext string) (string, bool) {
	if len(name) > len(ext) && strings.EqualFold(name[len(name)-len(ext):], ext) {
		return name[:len(name)-len(ext)], true
	}
	return name, false
}

// inside reads an uncompressed file: a tar, or by its format.
func (f *finder) inside(in file, b *bufio.Reader) bool {
	if f.tree != nil && f.tree.assets[in.at] {
		return true
	}
	if f.tree != nil {
		if taken, ok := f.member(in, b); taken {
			return ok
		}
	}
	head, err := b.Peek(512)
	if len(head) == 0 {
		if err != nil && err != io.EOF {
			return f.broken(in, 0, err)
		}
		return f.refuse(in.shown, 0, "the file is empty")
	}
	if len(head) >= 263 && bytes.Equal(head[257:262], []byte("ustar")) {
		if in.packed {
			return f.refuse(in.shown, 0, nested)
		}
		return f.tar(in, b)
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return f.refuse(in.shown, 0, nested)
	}

	pairs := f.format == "brat" || f.format == "cleaneval" || f.format == "wcxb"
	if f.tree == nil && pairs {
		return f.refuse(in.shown, 0, fmt.Sprintf("a document of %s is two files; give the folder or an archive that has both", f.format))
	}

	sample, err := b.Peek(8 << 10)
	web := archiveOf(in.id, sample)
	if f.format != "" && (f.format != "warc" || web != "index") {
		web = f.format
	}
	switch web { // which may be as binary as what it holds
	case "index":
		return f.say(in.shown, "a list or index of web archives, which was passed over")
	case "warc", "mhtml":
		return f.read(in, b, web, false)
	}
	if what := binaryFile(sample); what != "" && err != nil && err != io.EOF { // it only looks so because it is damaged
		return f.broken(in, 0, err)
	} else if what != "" {
		return f.refuse(in.shown, 0, notText(what))
	}
	format, recognised := f.format, ""
	if format == "" || pairs { // what a folder of these holds beside its pairs
		format = formatOf(in.id, sample)
	}
	if f.format == "" && (format == "json" || format == "jsonl") {
		recognised, b = f.recognise(b)
	}
	if format = cmp.Or(recognised, format); format == "" {
		if err != nil && err != io.EOF { // an archive that is cut off before it can be told
			return f.broken(in, 0, err)
		}
		return f.refuse(in.shown, 0, fmt.Sprintf("files that end in %q are not read; there are .txt, .md, .html, .jsonl, .json, .csv, .tsv, .warc and .mhtml, also .gz or .zst of them, .zip and .tar.gz, or name the format", path.Ext(in.id)))
	}

	return f.read(in, b, format, recognised != "")
}

func (f *finder) read(in file, b *bufio.Reader, format string, recognised bool) bool {
	switch format {
	case "jsonl":
		return f.jsonl(in, b)
	case "json":
		return f.json(in, b)
	case "csv":
		return f.csv(in, b)
	case "html":
		return f.htmlPage(in, b)
	case "text":
		return f.whole(in, b, "text/plain")
	case "warc":
		return f.warc(in, b)
	case "mhtml":
		return f.mhtml(in, b)
	}

	return f.records(in, b, format, recognised)
}

const nested = "it is an archive inside an archive or a compressed file; unpack it first"

// extensions say how a file is read.
var extensions = map[string]string{
	".txt": "text", ".text": "text", ".md": "text", ".markdown": "text",
	".html": "html", ".htm": "html", ".xhtml": "html",
	".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
	".csv": "csv", ".tsv": "csv",
	".warc": "warc", ".wet": "warc", ".mhtml": "mhtml", ".mht": "mhtml",
}

// formatOf tells by the name, and by the content where the name has no
// extension. It is "" for an extension that is not known.
func formatOf(name string, sample []byte) string {
	if ext := strings.ToLower(path.Ext(name)); len(ext) > 1 {
		return extensions[ext]
	}

	s := bytes.TrimLeft(bytes.TrimPrefix(sample, []byte("\xef\xbb\xbf")), " \t\r\n")
	first, _, _ := bytes.Cut(s, []byte("\n"))
	lower := bytes.ToLower(s[:min(len(s), 1024)])
	switch {
	case bytes.HasPrefix(s, []byte(`{"`)) || bytes.HasPrefix(s, []byte("{ ")):
		return "jsonl"
	case bytes.HasPrefix(s, []byte("{\n")), bytes.HasPrefix(s, []byte("{\r\n")), opensList(s):
		return "json"
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")), bytes.HasPrefix(lower, []byte("<?xml")),
		bytes.HasPrefix(lower, []byte("<")) && (bytes.Contains(lower, []byte("<head")) || bytes.Contains(lower, []byte("<body")) || bytes.Contains(lower, []byte("</"))):
		return "html"
	case headerLine(string(first)):
		return "csv"
	}

	return "text"
}

// opensList reports whether a JSON list of objects begins here.
func opensList(s []byte) bool {
	rest, ok := bytes.CutPrefix(s, []byte("["))
	return ok && bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("{"))
}

// whole reads a file that is one document.
func (f *finder) whole(in file, r io.Reader, mediaType string) bool {
	limit := f.l.Document
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return f.broken(in, 0, err)
	case int64(len(raw)) > limit:
		return f.refuse(in.shown, 0, fmt.Sprintf("it is larger than %s, which is the limit for one document; cut it into several", size(limit)))
	case blank(raw):
		return f.refuse(in.shown, 0, "there is nothing but white space in it")
	}

	p := Page{File: in.shown, ID: in.id, MediaType: mediaType, Raw: raw}
	if mediaType == "text/html" {
		p.URL = savedAddress(raw)
	}

	return f.record(in, p)
}

// entry reads one file of an archive.
func (f *finder) entry(archive file, name string, r io.Reader) bool {
	name = safeName(name)
	for part := range strings.SplitSeq(name, "/") {
		if skipped(part) {
			return true
		}
	}
	src := &source{ctx: f.ctx, r: r}
	in := file{shown: archive.shown + "/" + name, id: name, at: name, origin: archive.origin, input: src, packed: true}

	return f.open(in, bufio.NewReaderSize(src, 16<<10))
}

func (f *finder) tar(in file, b *bufio.Reader) bool {
	if slices.Contains(together, f.format) {
		return f.tarAtOnce(in, b)
	}
	t := tar.NewReader(b)
	for n := 0; ; n++ {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			if n == 0 {
				return f.refuse(in.shown, 0, "the archive is empty")
			}
			return true
		case err != nil:
			return f.broken(in, 0, err)
		case n >= f.l.Entries:
			return f.refuse(in.shown, 0, fmt.Sprintf("the archive holds more than %d files, which is the limit; split it", f.l.Entries))
		case h.Typeflag != tar.TypeReg: // folders, links and devices are no documents
			continue
		}
		if !f.entry(in, h.Name, t) {
			return false
		}
	}
}

// tarAtOnce reads an archive whose files belong together.
func (f *finder) tarAtOnce(in file, b *bufio.Reader) bool {
	t, done, err := f.tarTree(b)
	defer done()
	if err != nil {
		return f.broken(in, 0, err)
	}
	f.enter(t)
	for _, name := range t.names {
		r, err := t.open(name)
		if err != nil {
			return f.fatal(fmt.Errorf("reading %s: %w", in.shown, err))
		}
		if !f.entry(in, name, r) {
			return false
		}
	}

	return f.leave()
}

// zip reads an archive, whose list of files stands at its end.
func (f *finder) zip(in file, r io.Reader, b *bufio.Reader) bool {
	at, n, done, err := f.seekable(in, r, b)
	defer done()
	if err != nil {
		var refused refusal
		if errors.As(err, &refused) {
			return f.refuse(in.shown, 0, string(refused))
		}
		return f.fatal(fmt.Errorf("reading %s: %w", in.shown, err))
	}
	if limit := max(1, f.l.Entries/5); entries(at, n) > uint64(limit) {
		return f.refuse(in.shown, 0, fmt.Sprintf("the archive holds more than %d files, which is the limit for a zip; split it or use .tar.gz", limit))
	}
	z, err := zip.NewReader(at, n)
	if err != nil {
		return f.refuse(in.shown, 0, "the zip archive is damaged or cut off")
	}
	if what := office(z); what != "" {
		return f.refuse(in.shown, 0, notText(what))
	}

	f.enter(zipTree(z))
	in.origin = &source{} // from here a failed read is a damaged entry
	// Entries may share compressed bytes, so growth is measured over the archive.
	var grown int64
	files := 0
	for i, e := range z.File {
		if err := f.ctx.Err(); err != nil {
			return f.fatal(err)
		}
		if !e.Mode().IsRegular() {
			continue
		}
		files++
		shown := in.shown + "/" + safeName(e.Name)
		if e.Flags&1 != 0 {
			if !f.refuse(shown, 0, "it is encrypted; make the archive without a password") {
				return false
			}
			continue
		}
		r, err := e.Open()
		if err != nil {
			if !f.refuse(shown, 0, reason(err)) {
				return false
			}
			continue
		}
		m := &meter{r: r, in: func() int64 { return n }, out: &grown, total: &f.total, l: f.l}
		ok := f.entry(in, e.Name, m)
		r.Close()
		if !ok {
			return false
		}
		if grown > f.l.RatioFrom && grown > f.l.Ratio*n || f.total > f.l.Total {
			return i == len(z.File)-1 || f.refuse(in.shown, 0, fmt.Sprintf("what stands in the archive behind %s was not read; take that file out and send the archive again", safeName(e.Name)))
		}
	}
	if files == 0 {
		return f.refuse(in.shown, 0, "the archive is empty")
	}

	return f.leave()
}

// zipTree are the files of an archive by their safe names.
func zipTree(z *zip.Reader) *tree {
	files := map[string]*zip.File{}
	var names []string
	for _, e := range z.File {
		name := safeName(e.Name)
		if e.Mode().IsRegular() && !slices.ContainsFunc(strings.Split(name, "/"), skipped) && files[name] == nil {
			names, files[name] = append(names, name), e
		}
	}

	return newTree(names, func(name string) (io.ReadCloser, error) {
		e, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return e.Open()
	})
}

// seekable gives r as something to read from any place, by copying it to a
// temporary file where it must.
func (f *finder) seekable(in file, r io.Reader, b *bufio.Reader) (at io.ReaderAt, n int64, done func(), err error) {
	done = func() {}
	if s, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		if n, err := s.Seek(0, io.SeekEnd); err == nil {
			return s, n, done, nil
		}
	}

	tmp, err := os.CreateTemp("", "annotate-*.zip")
	if err != nil {
		return nil, 0, done, err
	}
	done = func() {
		tmp.Close()
		os.Remove(tmp.Name())
	}
	n, err = io.Copy(tmp, io.LimitReader(b, f.l.Total+1))
	if err == nil && n > f.l.Total {
		err = refusal(fmt.Sprintf("the archive is larger than %s, which is the limit; split it", size(f.l.Total)))
	}

	return tmp, n, done, err
}

// entries is how many files a zip says it has, without reading its list: that
// alone could take more memory than there is.
func entries(at io.ReaderAt, n int64) uint64 {
	tail := make([]byte, min(n, 66<<10))
	if _, err := at.ReadAt(tail, n-int64(len(tail))); err != nil && err != io.EOF {
		return 0
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || i+12 > len(tail) {
		return 0
	}
	if count := binary.LittleEndian.Uint16(tail[i+10:]); count != 0xffff {
		return uint64(count)
	}
	if j := bytes.LastIndex(tail, []byte("PK\x06\x06")); j >= 0 && j+40 <= len(tail) {
		return binary.LittleEndian.Uint64(tail[j+32:])
	}

	return 0xffff
}

// office names the document that a zip really is, "" for a plain archive.
func office(z *zip.Reader) string {
	for i, e := range z.File {
		switch {
		case e.Name == "[Content_Types].xml":
			return "an Office document (Word, Excel or PowerPoint)"
		case i == 0 && e.Name == "mimetype":
			return "an OpenDocument file or e-book"
		case e.Name == "META-INF/MANIFEST.MF":
			return "a Java program"
		}
	}
	return ""
}
