package files

import (
	"iter"
	"path"
	"strings"
	"unicode/utf8"

	"annotate/internal/corpus"
)

// walk gives every record of a source once, from beginning to end. What the
// file says about the cleaner goes to about.
func (s *source) walk(f Format, about *corpus.Cleaner) iter.Seq2[found, error] {
	switch {
	case s.tree != nil:
		return s.documents(f)
	case f.shape == byLine:
		return s.lines()
	case f.shape == byKey:
		return s.object(about)
	}
	return s.document()
}

// document is a file that is one document.
func (s *source) document() iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		if s.size > maxRecord {
			yield(found{}, problem(s.path, 0, "%s", tooLong("file")))
			return
		}
		f := found{place: place{len: uint32(s.size)}, id: stem(s.name)}
		raw, err := s.read(f.place, nil)
		f.raw = raw
		yield(f, err)
	}
}

func (s *source) documents(f Format) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		for i, name := range s.names {
			id := stem(name)
			if f.shape == byCase {
				id = path.Base(path.Dir(name))
			}
			at := place{file: uint32(i)}
			raw, err := s.read(at, nil)
			if !utf8.ValidString(id) {
				err = problem(s.at(at), 0, "the name of the file is not UTF-8")
			}
			if !yield(found{place: at, id: id, raw: raw}, err) || err != nil {
				return
			}
		}
	}
}

// stems are the endings that say what a file is, not which document.
var stems = []string{".html", ".htm", ".xhtml", ".txt", ".md", ".json", ".csv", ".tsv", ".xml", ".corrected", ".block_corrected", ".gz", ".gzip", ".zst", ".zstd"}

// stem is a file's name without folders and endings: the document's.
func stem(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	for {
		ext := path.Ext(name)
		if ext == name || !isStem(ext) {
			return name
		}
		name = strings.TrimSuffix(name, ext)
	}
}

func isStem(ext string) bool {
	for _, s := range stems {
		if strings.EqualFold(s, ext) {
			return true
		}
	}
	return false
}
