package export

import (
	"archive/zip"
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"annotate/internal/corpus"
)

// Folder takes files one after the other: what Create gave before is whole when
// it is called again. Names are paths with slashes inside the folder.
type Folder interface {
	Create(name string) (io.Writer, error)
}

// File is a file of a dataset that has several.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // lower-case hex
}

// Memory keeps files in memory, for tests and small datasets.
type Memory struct{ Files map[string]*strings.Builder }

// Create begins a file.
func (m *Memory) Create(name string) (io.Writer, error) {
	if m.Files == nil {
		m.Files = map[string]*strings.Builder{}
	}
	b := new(strings.Builder)
	m.Files[name] = b

	return b, nil
}

// ZIP writes files into an archive that is the same each time: every file has
// the same old date. Close it when all is written.
type ZIP struct{ w *zip.Writer }

// NewZIP begins an archive.
func NewZIP(w io.Writer) *ZIP {
	z := zip.NewWriter(w)
	// One compressor for all files, which come one after the other: making one
	// takes a megabyte and longer than to compress a small file.
	deflate, _ := flate.NewWriter(io.Discard, 5) // a level that there is
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		deflate.Reset(w)
		return deflate, nil
	})

	return &ZIP{z}
}

// packed are the files that compress no further.
var packed = map[string]bool{".parquet": true, ".spacy": true, ".gz": true}

// epoch is the first date that an archive can have.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Create begins a file.
func (z *ZIP) Create(name string) (io.Writer, error) {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
	if packed[filepath.Ext(name)] {
		h.Method = zip.Store
	}
	return z.w.CreateHeader(h)
}

// Close ends the archive.
func (z *ZIP) Close() error { return z.w.Close() }

// Directory is a folder on the disk. It gets its name when all of it is there;
// until then it stands beside that under another.
type Directory struct {
	path, part string
	open       *os.File
	out        *bufio.Writer
}

// NewDirectory begins a folder. The error is *corpus.Invalid where something is
// there already; an empty folder is replaced.
func NewDirectory(path string) (*Directory, error) {
	path = filepath.Clean(path)
	switch there, err := os.ReadDir(path); {
	case err == nil && len(there) > 0:
		return nil, corpus.Invalidf("", "%s is there already and not empty; name a new folder", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, corpus.Invalidf("", "%s cannot be a folder: something of that name is there", path)
	}
	d := &Directory{path: path, part: path + "." + rand.Text()[:8] + ".part"}
	if err := os.MkdirAll(d.part, 0o777); err != nil {
		return nil, corpus.Invalidf("", "%s cannot be written: %s", path, bare(err))
	}

	return d, nil
}

// Create begins a file.
func (d *Directory) Create(name string) (io.Writer, error) {
	if err := d.end(); err != nil {
		return nil, err
	}
	path := filepath.Join(d.part, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	d.open, d.out = f, bufio.NewWriterSize(f, 256<<10)

	return d.out, nil
}

// end makes the file that is being written whole.
func (d *Directory) end() error {
	if d.open == nil {
		return nil
	}
	f := d.open
	d.open = nil
	err := d.out.Flush()
	if err == nil {
		err = f.Sync()
	}

	return errors.Join(err, f.Close())
}

// Commit gives the folder its name.
func (d *Directory) Commit() error {
	if err := d.end(); err != nil {
		return err
	}
	if err := os.Remove(d.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return corpus.Invalidf("", "%s cannot be replaced: %s", d.path, bare(err))
	}

	return os.Rename(d.part, d.path)
}

// Discard takes away what was written. After Commit it does nothing.
func (d *Directory) Discard() error { return errors.Join(d.end(), os.RemoveAll(d.part)) }

// bare is what the system said, without the operation and the path.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// recorder is a Folder that remembers what is written into another.
type recorder struct {
	to    Folder
	names map[string]bool // without case: some disks have none
	files []File
	hash  hash.Hash // of the last file; nil before there is one
}

// Create begins a file. A name that leaves the folder, or that is there
// already, is an error.
func (r *recorder) Create(name string) (io.Writer, error) {
	folded := strings.ToLower(name)
	switch {
	case !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\:\x00"):
		return nil, fmt.Errorf("%q cannot be the name of a file", name)
	case r.names[folded]:
		return nil, fmt.Errorf("the file %q is written twice", name)
	}
	r.seal()
	w, err := r.to.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	if r.names == nil {
		r.names = map[string]bool{}
	}
	r.names[folded] = true
	r.files = append(r.files, File{Name: name})
	r.hash = sha256.New()

	return &recorded{w, r, len(r.files) - 1}, nil
}

// seal writes down the hash of the last file.
func (r *recorder) seal() {
	if n := len(r.files); n > 0 && r.files[n-1].SHA256 == "" {
		r.files[n-1].SHA256 = hex.EncodeToString(r.hash.Sum(nil))
	}
}

// recorded is a file of a recorder.
type recorded struct {
	w  io.Writer
	r  *recorder
	at int
}

func (f *recorded) Write(b []byte) (int, error) {
	if f.at != len(f.r.files)-1 || f.r.files[f.at].SHA256 != "" {
		return 0, fmt.Errorf("the file %s has ended", f.r.files[f.at].Name)
	}
	n, err := f.w.Write(b)
	f.r.hash.Write(b[:n])
	f.r.files[f.at].Bytes += int64(n)
	if err != nil {
		err = fmt.Errorf("write %s: %w", f.r.files[f.at].Name, err)
	}

	return n, err
}

// finish adds the files to the manifest, and the manifest to the folder. The
// hash of several files is that of the list that sha256sum prints of them.
func (r *recorder) finish(m *Manifest) error {
	r.seal()
	all := sha256.New()
	for _, f := range r.files {
		m.Bytes += f.Bytes
		fmt.Fprintf(all, "%s  %s\n", f.SHA256, f.Name)
	}
	m.Files, m.SHA256 = r.files, hex.EncodeToString(all.Sum(nil))

	w, err := r.to.Create("manifest.json")
	if err != nil {
		return fmt.Errorf("create manifest.json: %w", err)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)

	return e.Encode(m)
}
