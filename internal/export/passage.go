package export

import (
	"context"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// layout is the text that a format gives of a document, in paragraphs.
type layout struct {
	whole      string
	end        int // of the text, in code points
	paragraphs []paragraph
	spans      []corpus.Span // inside one paragraph each, in the order of gold
}

// passage is a layout with positions in its text.
type passage struct {
	layout
	*text.Index
}

// paragraph is a run of a layout, from the position at of the document on.
type paragraph struct {
	text.Range
	text  string
	at    int
	block int // of the document
}

// passageOf is the wanted pieces in document order, a blank line between two.
// Parts of one block that follow one another are one paragraph again.
func passageOf(g corpus.Gold, n names) passage {
	l := layOut(g, n)
	return passage{l, text.NewIndex(l.whole)}
}

// layOut is passageOf for who asks for no positions: an index takes as long as
// all of this.
func layOut(g corpus.Gold, n names) layout {
	l := layout{paragraphs: make([]paragraph, 0, len(g.Pieces))}
	blocks, doc := g.Document.Blocks, walker{text: g.Document.Text}
	block, start, end, size := 0, 0, 0, 0 // of the paragraph its first byte, and its last code point, in the document
	for _, piece := range g.Pieces {
		for blocks[block].End < piece.End {
			block++
		}
		if !n.wanted(piece) {
			continue
		}
		from, to := doc.byte(piece.Start), doc.byte(piece.End)
		if last := len(l.paragraphs) - 1; last >= 0 && end == piece.Start && piece.Start > blocks[block].Start {
			p := &l.paragraphs[last]
			p.End, p.text = p.End+piece.Len(), g.Document.Text[start:to]
		} else {
			if last >= 0 {
				l.end += len(blankLine)
			}
			start = from
			l.paragraphs = append(l.paragraphs, paragraph{text.Range{Start: l.end, End: l.end + piece.Len()}, g.Document.Text[from:to], piece.Start, block})
		}
		l.end, end, size = l.end+piece.Len(), piece.End, size+len(blankLine)+to-from
	}
	l.join(size)

	for _, s := range g.Spans {
		if r, ok := l.place(s.Range); ok {
			s.Range = r
			l.spans = append(l.spans, s)
		}
	}

	return l
}

// join makes the text of at most size bytes.
func (l *layout) join(size int) {
	var b strings.Builder
	b.Grow(size)
	for i, p := range l.paragraphs {
		if i > 0 {
			b.WriteString(blankLine)
		}
		b.WriteString(p.text)
	}
	l.whole = b.String()
}

// walker finds code points of a text from front to back, without an index.
type walker struct {
	text   string
	at, cp int // the same place, in bytes and in code points
}

// byte is where a code point begins; it is not before the last that was asked
// for.
func (w *walker) byte(cp int) int {
	for w.cp < cp {
		if w.text[w.at] < utf8.RuneSelf {
			w.at++
		} else {
			_, size := utf8.DecodeRuneInString(w.text[w.at:])
			w.at += size
		}
		w.cp++
	}
	return w.at
}

// place is where a range of the document stands in the text. It is false
// where that is not inside one paragraph.
func (l layout) place(r text.Range) (text.Range, bool) {
	i := sort.Search(len(l.paragraphs), func(i int) bool { return l.paragraphs[i].at > r.Start }) - 1
	if i < 0 {
		return r, false
	}
	in := l.paragraphs[i]
	r = text.Range{Start: r.Start - in.at + in.Start, End: r.End - in.at + in.Start}

	return r, in.Contains(r)
}

// bodyText is the text of the body, for formats that are about nothing else.
func bodyText(g corpus.Gold) string { return layOut(g, names{}).whole }

// utf16 is a range in UTF-16 units.
func (p passage) utf16(r text.Range) (start, end int) { return p.UTF16(r.Start), p.UTF16(r.End) }

// passageLoses tells what stands outside the passage, and why blocks in it have
// their class.
func passageLoses(g corpus.Gold, n names, lost func(Loss)) {
	spans := g.Spans
	for _, piece := range g.Pieces {
		wanted := n.wanted(piece)
		if wanted && piece.Reason != "" {
			lost(Loss{Kind: LossReason, Detail: fmt.Sprintf("%s of the block at %v", piece.Reason, piece.Range)})
		}
		for ; len(spans) > 0 && spans[0].Start < piece.End; spans = spans[1:] {
			if !wanted {
				lost(Loss{Kind: LossBoilerplate, Detail: named(spans[0], n)})
			}
		}
	}
}

// overlapLoses tells which spans share characters with one before them.
func overlapLoses(spans []corpus.Span, n names, lost func(Loss)) {
	end := 0
	for _, s := range spans {
		if s.Start < end {
			lost(Loss{Kind: LossOverlap, Detail: named(s, n)})
		}
		end = max(end, s.End)
	}
}

// named is a span as a list shows it.
func named(s corpus.Span, n names) string {
	quote := []rune(s.Quote)
	if len(quote) > 40 {
		quote = append(quote[:39], '…')
	}

	return fmt.Sprintf("%s %q at %v", n.labels[s.Label], string(quote), s.Range)
}

// fileNames gives documents the names of their files in a folder.
type fileNames map[string]bool

// of is the id with what a file name cannot have replaced, and a number where
// that name was given before. The same ids in the same order get the same names.
func (f fileNames) of(id string) string {
	name := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, id)
	name = strings.Trim(name[:min(len(name), 100)], ".")
	if name == "" || reservedName[strings.ToLower(strings.SplitN(name, ".", 2)[0])] {
		name = "_" + name
	}
	for i, stem := 2, name; f[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s-%d", stem, i)
	}
	f[strings.ToLower(name)] = true

	return name
}

// reservedName are names that Windows keeps for devices.
var reservedName = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true,
	"com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true}

// create writes a whole file.
func create(out Folder, name string, content []byte) error {
	w, err := out.Create(name)
	if err == nil {
		_, err = w.Write(content)
	}

	return err
}

// content is a file of one document: a folder inside the split, "" for none, and
// an extension.
type content struct {
	dir, ext string
	bytes    []byte
}

// perDocument writes the files of each document of a split, made on all cores.
// They are called by its key.
func (d Dataset) perDocument(ctx context.Context, out Folder, split string, encode func(corpus.Gold) ([]content, error)) error {
	type encoded struct {
		key   string
		files []content
	}
	names := fileNames{}

	return surveying(ctx, d.survey, d.of(split), func(gold []corpus.Gold) ([]encoded, error) {
		all := make([]encoded, len(gold))
		for i, g := range gold {
			files, err := encode(g)
			if err != nil {
				return nil, err
			}
			all[i] = encoded{g.Document.Key(), files}
		}
		return all, nil
	}, func(all []encoded) error {
		for _, one := range all {
			name := names.of(one.key)
			for _, f := range one.files {
				if err := create(out, path.Join(split, f.dir, name+"."+f.ext), f.bytes); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// stream writes the documents of a split one after the other, encoded on all
// cores; as says how.
func (d Dataset) stream(ctx context.Context, w io.Writer, split string, as Format) error {
	return as.write(ctx, w, d.survey, d.of(split))
}

// partition is a part in tokens without a gap: its words and marks, and runs of
// white space and of what cannot be seen between them.
func partition(p part) []token {
	var out []token
	rest, cp := p.text, p.Start
	gap := func(end int) {
		for first := true; cp < end; cp++ {
			r, size := utf8.DecodeRuneInString(rest)
			if last := len(out) - 1; !first && spaceRune(r) == out[last].blank() {
				out[last].End++
				out[last].text += rest[:size]
			} else {
				out = append(out, token{text.Range{Start: cp, End: cp + 1}, rest[:size]})
			}
			rest, first = rest[size:], false
		}
	}
	for _, t := range tokens(p) {
		gap(t.Start)
		out = append(out, t)
		rest, cp = rest[len(t.text):], t.End
	}
	gap(p.End)

	return out
}

// blank reports whether a token of a partition is white space.
func (t token) blank() bool {
	r, _ := utf8.DecodeRuneInString(t.text)
	return spaceRune(r)
}

// parts are the paragraphs with the spans in them.
func (l layout) parts() []part {
	out, spans := make([]part, len(l.paragraphs)), l.spans
	for i, p := range l.paragraphs {
		out[i] = part{p.Range, p.text, spansIn(&spans, p.Range)}
	}

	return out
}
