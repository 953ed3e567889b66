package files

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// source is what stands at a path: one file of records, of which any part can
// be read at any time, or a folder or archive with a file for each document.
type source struct {
	path string // for messages
	name string // of the file without .gz and the like
	file interface {
		io.ReaderAt
		io.Closer
	}
	size int64
	temp string // removed when all is done, "" for none

	tree  fs.FS // nil for one file
	names []string
}

// openPath opens a file or a folder. Packed files are unpacked to a temporary
// one.
func openPath(path string) (*source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if info.IsDir() {
		return &source{path: path, name: filepath.Base(path), tree: os.DirFS(path)}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() { // a pipe can be read only once
		defer f.Close()
		return openReader(f, path)
	}

	head := make([]byte, 4)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		f.Close()
		return nil, unreadable(path, err)
	}
	s := &source{path: path, name: filepath.Base(path), file: f, size: info.Size()}
	switch method(head[:n]) {
	case "":
		return s, nil
	case "zip":
		return s.archive()
	}
	defer f.Close()

	return openReader(f, path)
}

// openReader reads a stream to a temporary file, unpacked.
func openReader(r io.Reader, name string) (*source, error) {
	f, err := os.CreateTemp("", "annotate-score-*")
	if err != nil {
		return nil, unreadable(name, err)
	}
	s := &source{path: name, name: filepath.Base(name), file: f, temp: f.Name()}
	packed := &counter{r: r}
	b := bufio.NewReaderSize(packed, 1<<16)
	head, _ := b.Peek(4)
	kind := method(head)
	unpacked, done, err := unpack(b, kind)
	if err == nil {
		defer done()
		s.size, err = io.Copy(f, &bounded{r: unpacked, packed: packed})
	}
	if err != nil {
		return nil, s.give(unreadable(name, damaged(kind, err)))
	}
	if kind == "zip" {
		return s.archive()
	}
	for _, ext := range packings {
		s.name = strings.TrimSuffix(s.name, ext)
	}

	return s, nil
}

// archive turns a file into the tree that is packed in it.
func (s *source) archive() (*source, error) {
	z, err := zip.NewReader(s.file, s.size)
	if err != nil {
		return nil, s.give(problem(s.path, 0, "the zip archive is damaged or cut off"))
	}
	if len(z.File) > maxFiles {
		return nil, s.give(problem(s.path, 0, "the archive holds more than %d files", maxFiles))
	}
	s.tree = z

	return s, nil
}

// give closes a source that is of no use and returns why.
func (s *source) give(err error) error {
	if e := s.close(); e != nil {
		return errors.Join(err, e)
	}
	return err
}

func (s *source) close() error {
	var err error
	if s.file != nil {
		err = s.file.Close()
		s.file = nil
	}
	if s.temp != "" {
		err = errors.Join(err, os.Remove(s.temp))
		s.temp = ""
	}

	return err
}

// at names a document's file for messages.
func (s *source) at(p place) string {
	if s.tree == nil {
		return s.path
	}
	return filepath.Join(s.path, filepath.FromSlash(s.names[p.file]))
}

// read gives the bytes of a record again, in buf where it is large enough.
func (s *source) read(p place, buf []byte) ([]byte, error) {
	if s.tree != nil {
		raw, err := s.whole(s.names[p.file])
		if err != nil {
			return nil, unreadable(s.at(p), err)
		}
		return raw, nil
	}
	if cap(buf) < int(p.len) {
		buf = make([]byte, p.len)
	}
	buf = buf[:p.len]
	if _, err := s.file.ReadAt(buf, p.off); err != nil {
		return nil, problem(s.path, int(p.line), "the record cannot be read again; was the file changed?")
	}

	return buf, nil
}

// whole reads and unpacks one file of a tree.
func (s *source) whole(name string) ([]byte, error) {
	f, err := s.tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()

	b := bufio.NewReaderSize(f, 1<<16)
	head, _ := b.Peek(4)
	kind := method(head)
	if kind == "zip" {
		return nil, errors.New("it is an archive inside of a folder; unpack it")
	}
	r, done, err := unpack(b, kind)
	if err != nil {
		return nil, damaged(kind, err)
	}
	defer done()
	raw, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err != nil {
		return nil, damaged(kind, err)
	}
	if len(raw) > maxRecord {
		return nil, tooLong("file")
	}

	return raw, nil
}

func tooLong(what string) error {
	return fmt.Errorf("the %s is longer than %d MB, which is the limit for one document", what, maxRecord>>20)
}

// packings are the endings that say how a file is packed, not what is in it.
var packings = []string{".gz", ".gzip", ".zst", ".zstd"}

// method says by its first bytes how a file is packed, "" for not.
func method(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "gzip"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	}
	return ""
}

func unpack(r io.Reader, method string) (out io.Reader, done func(), err error) {
	switch method {
	case "gzip":
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}

	return r, func() {}, nil
}

// damaged says what is wrong with packed data.
func damaged(method string, err error) error {
	var outside *fs.PathError
	switch {
	case method == "" || method == "zip" || errors.As(err, &outside) || errors.Is(err, errBomb):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the %s data ends too early; the file is cut off", method)
	}
	return fmt.Errorf("the %s data is damaged", method)
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

var errBomb = errors.New("it grows too much when it is unpacked")

// bounded ends a stream that grows as files do that are made to fill a disk.
type bounded struct {
	r      io.Reader
	packed *counter
	n      int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.n > maxUnpacked || b.n > 1<<30 && b.n > maxRatio*b.packed.n {
		return 0, errBomb
	}
	return n, err
}
