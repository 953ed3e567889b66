package handlers

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"

	"annotate/db"
)

// spool keeps what was uploaded until its import is decided: all files one
// behind the other in one temporary file, so that a folder of ten thousand
// pages costs one file and no names on the disk come from outside.
type spool struct {
	file    *os.File
	entries []spooled
	size    int64
}

// spooled is one uploaded file.
type spooled struct {
	name     string // as the person knows it, with its folders
	at, size int64
}

func newSpool() (*spool, error) {
	f, err := tempFile("annotate-import-*")
	if err != nil {
		return nil, err
	}

	return &spool{file: f}, nil
}

// tempFile makes a temporary file. Where the system allows it the file loses
// its name at once, so that nothing stays behind a program that is killed.
func tempFile(pattern string) (*os.File, error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	_ = os.Remove(f.Name())

	return f, nil
}

// closeTemp gives the disk back. It may be called again.
func closeTemp(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// add copies a file to the end. The error wraps db.ErrFull where the disk has
// no room.
func (s *spool) add(name string, r io.Reader) error {
	n, err := io.Copy(s.file, r)
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("%w: spool %s: %w", db.ErrFull, name, err)
	}
	if err != nil {
		return err
	}
	s.entries = append(s.entries, spooled{name: name, at: s.size, size: n})
	s.size += n

	return nil
}

// open reads one of the files; several may be read at the same time.
func (s *spool) open(e spooled) *io.SectionReader { return io.NewSectionReader(s.file, e.at, e.size) }

// close gives the disk back. It may be called again.
func (s *spool) close() { closeTemp(s.file) }

// uploadName is a file's name as a browser sent it, made harmless to show: its
// path without a way upwards, "" where nothing is left of it.
func uploadName(sent string) string {
	// What browsers escape in a multipart header, and nothing else.
	sent = strings.NewReplacer("%22", `"`, "%0D", "", "%0A", "").Replace(strings.ToValidUTF8(sent, "\uFFFD"))
	sent = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ReplaceAll(sent, `\`, "/"))
	name := strings.TrimPrefix(path.Clean("/"+sent), "/")
	for len(name) > 1000 {
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			return strings.ToValidUTF8(name[len(name)-1000:], "")
		}
		name = rest
	}

	return name
}

// bookkeeping reports whether a file is a system's own, not a document: hidden
// ones, and what archives of one system carry along.
func bookkeeping(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") || part == "__MACOSX" || part == "Thumbs.db" || part == "desktop.ini" {
			return true
		}
	}

	return false
}
