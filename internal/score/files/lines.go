package files

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
)

// place is where a record stands.
type place struct {
	off  int64
	len  uint32
	line uint32 // 0 where the document is a file of its own
	file uint32 // of a tree
}

// found is a record on its way through the first reading. raw is good until the
// next one comes.
type found struct {
	place
	id  string // as the file around it says: a key, a file's name; "" where the record itself does
	raw []byte
}

const bom = "\ufeff"

// lines gives the lines of a file that are not blank.
func (s *source) lines() iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		r := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, s.size), 1<<20)
		var long []byte
		off := int64(0)
		for n := uint32(1); ; n++ {
			line, err := readLine(r, &long)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(found{}, s.tooLong(err, int(n)))
				return
			}
			f := found{place: place{off: off, len: uint32(len(line)), line: n}, raw: line}
			off += int64(len(line))
			if n == 1 && bytes.HasPrefix(line, []byte(bom)) {
				f.raw, f.off, f.len = line[len(bom):], int64(len(bom)), f.len-uint32(len(bom))
			}
			if len(bytes.TrimSpace(f.raw)) > 0 && !yield(f, nil) {
				return
			}
			if err != nil {
				return
			}
		}
	}
}

func (s *source) tooLong(err error, line int) error {
	if errors.Is(err, errTooLong) {
		return problem(s.path, line, "%s", tooLong("record"))
	}
	return unreadable(s.path, err)
}

var errTooLong = errors.New("too long")

// readLine is a line with its end; io.EOF with the last. It is good until the
// next one.
func readLine(r *bufio.Reader, long *[]byte) ([]byte, error) {
	part, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	out := (*long)[:0]
	for {
		if len(out)+len(part) > maxRecord {
			return nil, errTooLong
		}
		out = append(out, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			*long = out
			return out, err
		}
		part, err = r.ReadSlice('\n')
	}
}
