package files

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
)

// around are the members that article-extraction-benchmark's wrapper has beside
// its output.
var around = []string{"version", "name", "model"}

// object gives the members of a JSON object by id, and of the one under
// "output" where there is a wrapper; what the wrapper says goes to about.
func (s *source) object(about *corpus.Cleaner) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		w := &window{r: io.NewSectionReader(s.file, 0, s.size), line: 1}
		w.skipBOM()
		// Names are held against each other later, by all documents' index: the
		// decoder would keep a copy of each.
		d := jsontext.NewDecoder(w, jsontext.AllowDuplicateNames(true))
		fail := func(err error) { yield(found{}, s.notAnObject(w, d, err)) }

		wrapped := false
		if _, err := d.ReadToken(); err != nil {
			fail(err)
			return
		}
		for {
			t, err := d.ReadToken()
			if err != nil {
				fail(err)
				return
			}
			if t.Kind() == '}' {
				if wrapped && d.StackDepth() == 1 {
					continue // what follows is about the output
				}
				break
			}
			id := t.String()
			outer := d.StackDepth() == 1
			if outer && id == "output" && d.PeekKind() == '{' && !s.holdsText(w.start+d.InputOffset()) {
				if _, err := d.ReadToken(); err != nil {
					fail(err)
					return
				}
				wrapped = true
				continue
			}
			raw, err := d.ReadValue()
			if err != nil {
				fail(err)
				return
			}
			end := w.start + d.InputOffset()
			off := end - int64(len(raw))
			line := w.lineAt(off)
			w.floor = end
			if outer && (wrapped || slices.Contains(around, id) && s.wrapped()) {
				setAbout(about, id, raw)
				continue
			}
			if len(raw) > maxRecord {
				fail(errTooLong)
				return
			}
			if !yield(found{place{off: off, len: uint32(len(raw)), line: uint32(line)}, id, raw}, nil) {
				return
			}
		}

		if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
			at := d.InputOffset()
			if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
				at = e.ByteOffset
			}
			yield(found{}, problem(s.path, w.lineAt(w.start+at+1), "something stands behind the JSON object"))
		}
	}
}

func setAbout(about *corpus.Cleaner, name string, v jsontext.Value) {
	if v.Kind() != '"' {
		return
	}
	b, err := jsontext.AppendUnquote(nil, v)
	switch {
	case err != nil:
	case name == "version":
		about.Version = string(b)
	case name == "name", name == "model":
		about.Name = string(b)
	}
}

// holdsText reports whether what follows is a document whose id is "output",
// and not an object of documents.
func (s *source) holdsText(off int64) bool {
	head := make([]byte, 256)
	n, _ := s.file.ReadAt(head, off)
	head = bytes.TrimLeft(head[:n], ": \t\r\n{")

	return bytes.HasPrefix(head, []byte(`"articleBody"`)) || bytes.HasPrefix(head, []byte(`"url"`))
}

// wrapped reports whether the object's first members are a wrapper's.
func (s *source) wrapped() bool {
	for _, m := range s.members(len(around) + 1) {
		if m.name == "output" {
			return m.kind == '{'
		}
		if !slices.Contains(around, m.name) {
			return false
		}
	}
	return false
}

func (s *source) notAnObject(w *window, d *jsontext.Decoder, err error) error {
	if errors.Is(err, errTooLong) {
		return problem(s.path, w.lineAt(w.start+d.InputOffset()), "%s", tooLong("record"))
	}
	at := w.start + d.InputOffset()
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if ok {
		at = w.start + syntax.ByteOffset
	}
	line := w.lineAt(at)
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return problem(s.path, line, "it is not a whole JSON object of documents by id, nor JSON Lines with an id each; was it cut off?")
	case ok && s.badUTF8(at):
		return problem(s.path, line, "it is not UTF-8")
	case ok:
		return problem(s.path, line, "it is not valid JSON: %s", syntax.Err)
	}

	return unreadable(s.path, err)
}

// badUTF8 reports whether the bytes at an offset are not UTF-8.
func (s *source) badUTF8(off int64) bool {
	b := make([]byte, utf8.UTFMax)
	n, _ := s.file.ReadAt(b, off)
	r, size := utf8.DecodeRune(b[:n])

	return r == utf8.RuneError && size == 1
}

// window is a stream whose lines are counted, and which ends where more is read
// without a record's end than a record may have.
type window struct {
	r     io.Reader
	start int64 // where the decoder's offsets begin
	pos   int64
	floor int64   // where the record being read begins
	ahead []int64 // ends of lines, those before next are counted
	next  int
	line  int // of what lies before ahead[next]
}

func (w *window) skipBOM() {
	head := make([]byte, len(bom))
	if n, _ := io.ReadFull(w.r, head); string(head[:n]) == bom {
		w.start, w.pos = int64(n), int64(n)
	} else {
		w.r = io.MultiReader(bytes.NewReader(head[:n]), w.r)
	}
}

func (w *window) Read(b []byte) (int, error) {
	if w.pos-w.floor > maxRecord+1<<16 {
		return 0, errTooLong
	}
	// The decoder asks for as much as it has room for, and moves what it has
	// each time: by small steps a long record would take very long.
	n, err := w.r.Read(b[:min(len(b), 4<<20)])
	for i := 0; i < n; {
		j := bytes.IndexByte(b[i:n], '\n')
		if j < 0 {
			break
		}
		w.ahead = append(w.ahead, w.pos+int64(i+j))
		i += j + 1
	}
	w.pos += int64(n)

	return n, err
}

// lineAt is the line of an offset; offsets never go back.
func (w *window) lineAt(off int64) int {
	for w.next < len(w.ahead) && w.ahead[w.next] < off {
		w.next++
		w.line++
	}
	if w.next > len(w.ahead)/2 {
		w.ahead = w.ahead[:copy(w.ahead, w.ahead[w.next:])]
		w.next = 0
	}

	return w.line
}
