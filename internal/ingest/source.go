package ingest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// source counts what is read from a file or stream as it came, stops when the
// context does, and remembers whether the reading itself failed: a broken disk
// or connection ends an import, a broken file is one Problem of it.
type source struct {
	ctx  context.Context
	r    io.Reader
	read int64
	err  error
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.r.Read(b)
	s.read += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}

	return n, err
}

// refusal is an error whose text is meant for people.
type refusal string

func (r refusal) Error() string { return string(r) }

// meter bounds what comes out of a decompressor, in all and in proportion.
type meter struct {
	r     io.Reader
	in    func() int64 // compressed bytes so far, or of the whole archive
	out   *int64       // decompressed bytes of this file
	total *int64       // of the whole import
	l     Limits
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	*m.out += int64(n)
	*m.total += int64(n)
	switch {
	case *m.total > m.l.Total:
		return 0, refusal(fmt.Sprintf("the import holds more than %s after decompression, which is the limit; split it", size(m.l.Total)))
	case *m.out > m.l.RatioFrom && *m.out > m.l.Ratio*max(1, m.in()):
		return 0, refusal(fmt.Sprintf("it grows more than %d times when decompressed, as files do that are made to fill a disk; it was not read to the end", m.l.Ratio))
	}

	return n, err
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// decompress opens gzip and zstd by their first bytes; what it gives is then a
// packing. method is "" where r is neither. close must be called.
func decompress(r *bufio.Reader) (out io.Reader, method string, close func(), err error) {
	head, _ := r.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := newGzip(r)
		return z, "gzip", func() {}, err
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}),
		len(head) == 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], []byte{0x2a, 0x4d, 0x18}):
		z, err := newZstd(r)
		if err != nil {
			return nil, "zstd", func() {}, err
		}
		return z, "zstd", z.Close, nil
	}

	return r, "", func() {}, nil
}

// reason is an error of reading a file in words for a person.
func reason(err error) string {
	var r refusal
	switch {
	case errors.As(err, &r):
		return string(r)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the compressed data ends too early: the file is cut off"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, zstd.ErrMagicMismatch):
		return "the compressed data is damaged"
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, zip.ErrChecksum), errors.Is(err, zstd.ErrCRCMismatch):
		return "the compressed data is damaged: its checksum does not fit"
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return "it needs more memory to decompress than is allowed; compress it with zstd without --long or --ultra"
	case errors.Is(err, zip.ErrAlgorithm):
		return "it is compressed by a method that is not read; pack the archive with the usual one (deflate)"
	}

	return "the compressed data is damaged (" + err.Error() + ")"
}
