package ingest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// task is what another tool says about one document, with positions as they
// stand there.
type task struct {
	record          // its id, text, address and the like
	looked bool     // somebody looked at it: no mark then means that there is none
	marks  []mark   //
	proof  []mark   // what else has a position and repeats its text: tokens
	by     []string // who looked

	body  *string // gold text, to be found in the page
	class classer // gold in the page itself; nil for none

	lost  map[string]int // what cannot be kept, by what it is
	notes []string       // what else is to be said
}

// classer finds the classes of a page that came with marks on what is body.
type classer func(in *corpus.Incoming) error

// mark is a span as a file has it.
type mark struct {
	name  string // how the file calls it: "T3", "span 2"
	label string
	parts [][2]int
	quote *string // the text that the file repeats, nil where it does not
}

func (m mark) String() string {
	at := make([]string, len(m.parts))
	for i, p := range m.parts {
		at[i] = fmt.Sprintf("[%d,%d)", p[0], p[1])
	}
	return m.name + ", " + strings.Join(at, " and ")
}

func (t *task) lose(what string) {
	if t.lost == nil {
		t.lost = map[string]int{}
	}
	t.lost[what]++
}

// losses lists what cannot be kept: "2 relations, 1 attribute".
func (t *task) losses() string {
	var out []string
	for _, what := range slices.Sorted(maps.Keys(t.lost)) {
		out = append(out, number(t.lost[what], what))
	}
	return strings.Join(out, ", ")
}

func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// foreign is how the records of one file of another tool become documents.
type foreign struct {
	parse func(Page) (task, error)
	unit  unit // of its positions
	alone bool // each text decides by itself what its positions count
	o     *Options
	names *labelNames
}

// labelled puts what the task says into the document, whose text and blocks are
// made. What cannot be kept is an error, or where Options.LeaveOut says so a
// note.
func (f *foreign) labelled(in *corpus.Incoming, t *task, came string) error {
	in.Notes = append(in.Notes, t.notes...)
	if !t.looked {
		return nil
	}
	if len(t.lost) > 0 {
		if !f.o.LeaveOut {
			return fmt.Errorf("it holds %s, which cannot be kept here; leave that out with --skip-bad", t.losses())
		}
		in.Notes = append(in.Notes, t.losses()+" left out")
	}
	in.Annotators = t.by
	switch {
	case t.class != nil:
		return t.class(in)
	case t.body != nil:
		align(in, *t.body)
		return nil
	}

	if f.o.Blocks == BlocksBody {
		in.Pieces = make([]corpus.Piece, len(in.Blocks))
		for i, b := range in.Blocks {
			in.Pieces[i] = corpus.Piece{Range: b.Range, Class: corpus.Body}
		}
	} else {
		in.Draft = true
	}

	r, u := newRuler(came), f.unit
	if f.alone {
		var err error
		if u, err = unitOf(r, t.marks, f.o.Offsets); err != nil {
			return err
		}
		if u != codePoints {
			in.Notes = append(in.Notes, fmt.Sprintf("its positions count %s, in which all that is repeated fits", u))
		}
	}

	return f.spans(in, t, r, u)
}

// spans are the marks of a task in positions of the document.
func (f *foreign) spans(in *corpus.Incoming, t *task, r *ruler, u unit) error {
	seen := map[corpus.IncomingSpan]bool{}
	for _, m := range t.marks {
		spans, err := f.span(in, r, u, m)
		if err != nil {
			if !f.o.LeaveOut {
				return err
			}
			in.Notes = append(in.Notes, "left out: "+err.Error())
			continue
		}
		for _, s := range spans {
			if seen[s] {
				in.Notes = append(in.Notes, fmt.Sprintf("%s, %s with the label %s, stands twice and is kept once", m, short(s.Quote), s.Label))
				continue
			}
			seen[s] = true
			in.Spans = append(in.Spans, s)
		}
	}

	return nil
}

// span is one mark: as a rule one span, or its pieces.
func (f *foreign) span(in *corpus.Incoming, r *ruler, u unit, m mark) ([]corpus.IncomingSpan, error) {
	label, note, err := f.names.of(m.label)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m, err)
	}
	if note != "" {
		in.Notes = append(in.Notes, note)
	}
	ranges, err := f.ranges(r, u, m)
	if err != nil {
		return nil, err
	}
	if f.o.Pieces {
		ranges = cutAt(in.Blocks, ranges, r.made)
	}

	out := make([]corpus.IncomingSpan, 0, len(ranges))
	for _, is := range ranges {
		if !inOneBlock(in.Blocks, is) {
			return nil, fmt.Errorf("%s, %s, crosses the border of a block; take it as its pieces with --pieces", m, short(r.made.Slice(is)))
		}
		out = append(out, corpus.IncomingSpan{Range: is, Label: label, Quote: r.made.Slice(is)})
	}

	return out, nil
}

// ranges are where the text of a mark stands. Parts with nothing but white
// space between them are one range: so brat writes a span over an end of line.
func (f *foreign) ranges(r *ruler, u unit, m mark) ([]text.Range, error) {
	if len(m.parts) == 0 {
		return nil, fmt.Errorf("%s needs a start and an end", m.name)
	}
	var out []text.Range
	var covered []string
	for _, p := range m.parts {
		is, ok := r.at(u, p[0], p[1])
		if !ok {
			return nil, fmt.Errorf("%s is no range of the text, which has %d characters (positions count %s)", m, r.made.Len(), u)
		}
		covered = append(covered, r.made.Slice(is))
		if n := len(out) - 1; n >= 0 && is.Start >= out[n].End && strings.TrimSpace(r.made.Slice(text.Range{Start: out[n].End, End: is.Start})) == "" {
			out[n].End = is.End
			continue
		}
		out = append(out, is)
	}
	if all := strings.Join(covered, " "); m.quote != nil && !sameQuote(all, *m.quote) {
		return nil, fmt.Errorf("%s covers %s but repeats %s (positions count %s)", m, short(all), short(*m.quote), u)
	}
	if len(out) > 1 && !f.o.Pieces {
		return nil, fmt.Errorf("%s, %s, is in %d pieces; take it as %d spans with --pieces", m, short(strings.Join(covered, " ")), len(out), len(out))
	}

	return out, nil
}

func inOneBlock(blocks []corpus.Block, r text.Range) bool {
	i := sort.Search(len(blocks), func(i int) bool { return blocks[i].End > r.Start })
	return i < len(blocks) && blocks[i].Contains(r)
}

// cutAt cuts ranges at the borders of blocks. What lies between blocks has
// nothing to see in it, and is dropped, as is white space at the cuts.
func cutAt(blocks []corpus.Block, ranges []text.Range, x *text.Index) []text.Range {
	var out []text.Range
	for _, r := range ranges {
		if inOneBlock(blocks, r) {
			out = append(out, r)
			continue
		}
		i := sort.Search(len(blocks), func(i int) bool { return blocks[i].End > r.Start })
		for ; i < len(blocks) && blocks[i].Start < r.End; i++ {
			piece := text.Range{Start: max(r.Start, blocks[i].Start), End: min(r.End, blocks[i].End)}
			s := []rune(x.Slice(piece))
			for len(s) > 0 && unicode.IsSpace(s[len(s)-1]) {
				s = s[:len(s)-1]
			}
			if piece.End = piece.Start + len(s); piece.Len() > 0 {
				out = append(out, piece)
			}
		}
	}

	return out
}

// labelNames makes names of labels that formats can carry. One is for all
// files of an import, so that two names never become one.
type labelNames struct {
	mu   sync.Mutex
	from map[string]string // the name as it came, by the name it got
}

const maxLabelName = 40 // code points

// of is the name that a label gets, and a note where that is news.
func (n *labelNames) of(came string) (name, note string, err error) {
	name = came
	if labelName(name) != nil {
		name = strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.L, unicode.N, unicode.M) || strings.ContainsRune("._/-", r) {
				return r
			}
			return '_'
		}, strings.TrimSpace(came))
		if r := []rune(strings.TrimLeft(name, "._/-")); len(r) > maxLabelName {
			name = string(r[:maxLabelName])
		} else {
			name = string(r)
		}
		if err := labelName(name); err != nil {
			return "", "", errors.New("its label " + short(came) + " has no letter or digit that a name could be made of")
		}
	}

	n.mu.Lock()
	defer n.mu.Unlock()
	before, known := n.from[name]
	switch {
	case known && before != came:
		return "", "", fmt.Errorf("the labels %s and %s would both be called %s here; rename one of them", short(min(before, came)), short(max(before, came)), name)
	case !known && len(n.from) < 1<<16: // past it nobody reads what is said about names
		n.from[name] = came
		if name != came {
			note = fmt.Sprintf("the label %s is called %s here", short(came), name)
		}
	}

	return name, note, nil
}
