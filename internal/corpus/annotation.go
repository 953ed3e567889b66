package corpus

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"annotate/internal/text"
)

// Piece is a block, or a part of one that an annotator split, with what was
// decided about it.
type Piece struct {
	text.Range
	Class  Class  `json:"class"`
	Reason string `json:"reason,omitempty"`
}

// SpanID is made by the browser, so that a span has its name before the server
// has heard of it.
type SpanID string

// Span is a marked stretch of text with a label. It lies inside one piece. The
// quote is the text it covers, kept to prove the range.
type Span struct {
	text.Range
	ID    SpanID  `json:"id,omitempty"`
	Label LabelID `json:"label"`
	Quote string  `json:"quote"`
}

// Status is where one annotator's work on one document stands.
type Status string

const (
	Draft     Status = "draft"
	Submitted Status = "submitted"
	Passed    Status = "skipped"
	Raised    Status = "flagged"
)

// Change is what one action did, in positions of the text. It is what the
// event log keeps. Applied in order to the document's own blocks, changes give
// the annotation.
type Change struct {
	Classes []Piece  `json:"classes,omitempty"` // each sets the class over whole pieces
	Splits  []int    `json:"splits,omitempty"`  // positions at which a piece becomes two
	Joins   []int    `json:"joins,omitempty"`   // positions of splits taken back
	Add     []Span   `json:"add,omitempty"`
	Remove  []SpanID `json:"remove,omitempty"`
	Note    *string  `json:"note,omitempty"`
	Status  Status   `json:"status,omitempty"`
	Why     string   `json:"why,omitempty"`    // reason of a skip or flag
	Source  string   `json:"source,omitempty"` // whose suggestion was accepted, "" where it was nobody's
}

// Annotation is one annotator's whole labelling of one document.
type Annotation struct {
	Document  DocumentID
	Annotator AnnotatorID
	Pieces    []Piece // in reading order, covering exactly the document's blocks
	Spans     []Span  // by start, then longest first, then id
	Note      string
	Status    Status
	Why       string // reason of a skip or flag
	Events    int    // how many events made it

	done, undone []step
	touched      []text.Range
	spanAt       map[SpanID]text.Range
	blocks       []Block // the document's, which a join never crosses
}

// step is what undo and redo need to know of an event.
type step struct {
	event   string
	inverse Change
}

// maxSteps bounds how far back undo goes, and so the memory of a draft.
const maxSteps = 1000

// Limits of one annotation.
const (
	MaxSpans = 20_000
	MaxNote  = 4_000 // code points
)

// NewAnnotation is the blank annotation of a document.
func NewAnnotation(d Document, who AnnotatorID) *Annotation {
	a := &Annotation{Document: d.ID, Annotator: who, Status: Draft, spanAt: map[SpanID]text.Range{}, blocks: d.Blocks}
	a.Pieces = make([]Piece, len(d.Blocks))
	for i, b := range d.Blocks {
		a.Pieces[i].Range = b.Range
	}

	return a
}

// Clone is a copy that stays as it is when a changes. It can be read, but what
// it can undo is only named, not known.
func (a *Annotation) Clone() Annotation {
	c := *a
	c.Pieces, c.Spans, c.spanAt = slices.Clone(a.Pieces), slices.Clone(a.Spans), nil
	c.done, c.undone = []step{{event: last(a.done)}}, []step{{event: last(a.undone)}}

	return c
}

// Piece is the index of the piece that starts at start.
func (a *Annotation) Piece(start int) (int, bool) {
	return sort.Find(len(a.Pieces), func(i int) int { return start - a.Pieces[i].Start })
}

// Span is the span with that id.
func (a *Annotation) Span(id SpanID) (Span, bool) {
	r, ok := a.spanAt[id]
	if !ok {
		return Span{}, false
	}
	i, ok := a.find(id, r)
	if !ok {
		return Span{}, false
	}

	return a.Spans[i], true
}

// SpansIn are the spans inside r, in order.
func (a *Annotation) SpansIn(r text.Range) []Span {
	i := sort.Search(len(a.Spans), func(i int) bool { return a.Spans[i].Start >= r.Start })
	j := i
	for j < len(a.Spans) && a.Spans[j].Start < r.End {
		j++
	}

	return a.Spans[i:j]
}

// Undecided counts the pieces without a class.
func (a *Annotation) Undecided() int {
	n := 0
	for _, p := range a.Pieces {
		if p.Class == Undecided {
			n++
		}
	}
	return n
}

// LastDone and LastUndone are the events that undo and redo would take next,
// "" where there is none.
func (a *Annotation) LastDone() string   { return last(a.done) }
func (a *Annotation) LastUndone() string { return last(a.undone) }

func last(s []step) string {
	if len(s) == 0 {
		return ""
	}
	return s[len(s)-1].event
}

// Touched is where in the text the last change shows, in no order and perhaps
// twice: where a class, an edge of a piece or a span changed.
func (a *Annotation) Touched() []text.Range { return a.touched }

// shows is where the change will show, but for the spans it removes: those are
// in its inverse.
func (c Change) shows() []text.Range {
	var out []text.Range
	for _, p := range c.Classes {
		out = append(out, p.Range)
	}
	for _, at := range c.Splits {
		out = append(out, text.Range{Start: at - 1, End: at + 1})
	}
	for _, s := range c.Add {
		out = append(out, s.Range)
	}

	return out
}

// Do applies what a new event did and remembers its inverse. On an error the
// annotation is as it was.
func (a *Annotation) Do(event string, c Change) error {
	inverse, err := a.apply(c)
	if err != nil {
		return err
	}
	a.Events++
	if c.Status != "" { // submitting and reopening are not undone, they are done again
		return nil
	}
	a.done, a.undone = push(a.done, step{event, inverse}), nil

	return nil
}

// Undo takes back the newest event that is not undone and returns the change
// that this was. It is ErrConflict where that event is not of: another tab was
// faster.
func (a *Annotation) Undo(of string) (Change, error) {
	return a.travel(of, &a.done, &a.undone, "undo")
}

// Redo is the inverse of Undo.
func (a *Annotation) Redo(of string) (Change, error) {
	return a.travel(of, &a.undone, &a.done, "redo")
}

// Restart makes the annotation a blank draft again, as an event that cannot be
// undone: neither it nor what was before. It returns the change that this was.
func (a *Annotation) Restart(event string) (Change, error) {
	empty := ""
	c := Change{Note: &empty, Status: Draft}
	for _, s := range a.Spans {
		c.Remove = append(c.Remove, s.ID)
	}
	for i, p := range a.Pieces {
		if i > 0 && !a.blockStart(p.Start) {
			c.Joins = append(c.Joins, p.Start)
		}
	}
	if n := len(a.Pieces); n > 0 && a.Pieces[n-1].End > a.Pieces[0].Start {
		c.Classes = []Piece{{Range: text.Range{Start: a.Pieces[0].Start, End: a.Pieces[n-1].End}}}
	}
	if err := a.Do(event, c); err != nil {
		return Change{}, err
	}
	a.done, a.undone = nil, nil

	return c, nil
}

func (a *Annotation) travel(of string, from, to *[]step, what string) (Change, error) {
	if len(*from) == 0 {
		return Change{}, Invalidf("", "there is nothing to %s", what)
	}
	s := (*from)[len(*from)-1]
	if of != "" && s.event != of {
		return Change{}, fmt.Errorf("%s %s: the newest is %s: %w", what, of, s.event, ErrConflict)
	}

	inverse, err := a.apply(s.inverse)
	if err != nil {
		return Change{}, fmt.Errorf("%s %s: %w", what, s.event, err)
	}
	*from = (*from)[:len(*from)-1]
	*to = push(*to, step{s.event, inverse})
	a.Events++

	return s.inverse, nil
}

func push(s []step, one step) []step {
	if len(s) >= maxSteps {
		s = slices.Delete(s, 0, len(s)-maxSteps+1)
	}
	return append(s, one)
}

// apply makes the change and returns its inverse. Everything is checked before
// anything is touched, except what depends on the splits of the same change.
func (a *Annotation) apply(c Change) (Change, error) {
	if err := a.check(c); err != nil {
		return Change{}, err
	}

	var inv Change
	inv.Classes = a.before(c)
	for _, id := range c.Remove {
		s, _ := a.Span(id)
		a.removeSpan(s)
		inv.Add = append(inv.Add, s)
	}
	for _, at := range c.Joins {
		i, _ := a.Piece(at)
		a.Pieces[i-1].End = a.Pieces[i].End
		a.Pieces = slices.Delete(a.Pieces, i, i+1)
	}
	for _, at := range c.Splits {
		i := a.inside(at)
		right := a.Pieces[i]
		right.Start = at
		a.Pieces[i].End = at
		a.Pieces = slices.Insert(a.Pieces, i+1, right)
	}
	for _, set := range c.Classes {
		i, _ := a.Piece(set.Start)
		for ; i < len(a.Pieces) && a.Pieces[i].Start < set.End; i++ {
			a.Pieces[i].Class, a.Pieces[i].Reason = set.Class, set.Reason
		}
	}
	for _, s := range c.Add {
		a.addSpan(s)
		inv.Remove = append(inv.Remove, s.ID)
	}
	inv.Splits, inv.Joins = c.Joins, c.Splits
	if c.Note != nil {
		old := a.Note
		inv.Note, a.Note = &old, *c.Note
	}
	if c.Status != "" {
		inv.Status, inv.Why = a.Status, a.Why
		a.Status, a.Why = c.Status, c.Why
	}

	a.touched = append(c.shows(), inv.shows()...)

	return inv, nil
}

// check refuses what cannot be applied.
func (a *Annotation) check(c Change) error {
	gone := make(map[SpanID]bool, len(c.Remove))
	for _, id := range c.Remove {
		if _, ok := a.spanAt[id]; !ok || gone[id] {
			return fmt.Errorf("remove span %q, which is not there: %w", id, ErrConflict)
		}
		gone[id] = true
	}
	for n, at := range c.Joins {
		i, ok := a.Piece(at)
		if !ok || i == 0 || a.Pieces[i-1].End != at || a.blockStart(at) || slices.Contains(c.Joins[:n], at) {
			return Invalidf("", "there is no split to take back here")
		}
	}
	for n, at := range c.Splits {
		i := a.inside(at)
		if i < 0 || slices.Contains(c.Splits[:n], at) {
			return Invalidf("", "a block cannot be split at its edge")
		}
		for _, s := range a.SpansIn(a.Pieces[i].Range) {
			if s.Start < at && at < s.End && !gone[s.ID] {
				return Invalidf("", "%q crosses this point; remove it before splitting", s.Quote)
			}
		}
	}
	for _, set := range c.Classes {
		if !set.Class.Valid() || !KnownReason(set.Reason) {
			return Invalidf("", "there is no class %q with reason %q", set.Class, set.Reason)
		}
		if !a.edge(set.Start, c) || !a.edge(set.End, c) || set.Start >= set.End {
			return fmt.Errorf("class over %v, which is not whole blocks: %w", set.Range, ErrConflict)
		}
	}
	ids, said := make(map[SpanID]bool, len(c.Add)), make(map[saying]bool, len(c.Add))
	for _, s := range c.Add {
		if _, taken := a.spanAt[s.ID]; taken && !gone[s.ID] || s.ID == "" || ids[s.ID] {
			return fmt.Errorf("add span %q, which is there already: %w", s.ID, ErrConflict)
		}
		if s.Len() < 1 {
			return Invalidf("", "a span covers at least one character")
		}
		if !a.inOnePiece(s.Range, c) {
			return Invalidf("", "%q crosses the border between two blocks", s.Quote)
		}
		if said[s.saying()] || a.twin(s, gone) {
			return Invalidf("", "%q already has this label here", s.Quote)
		}
		ids[s.ID], said[s.saying()] = true, true
	}
	if len(a.Spans)+len(c.Add)-len(c.Remove) > MaxSpans {
		return Invalidf("", "a document holds at most %d spans", MaxSpans)
	}
	if c.Note != nil && len([]rune(*c.Note)) > MaxNote {
		return Invalidf("", "a note holds at most %d characters", MaxNote)
	}

	return nil
}

// edge reports whether pos will be the start or end of a piece once the
// change's joins and splits are made.
func (a *Annotation) edge(pos int, c Change) bool {
	if slices.Contains(c.Splits, pos) {
		return true
	}
	if slices.Contains(c.Joins, pos) {
		return false
	}
	i := sort.Search(len(a.Pieces), func(i int) bool { return a.Pieces[i].End >= pos })

	return i < len(a.Pieces) && (a.Pieces[i].Start == pos || a.Pieces[i].End == pos)
}

// inOnePiece reports whether r will lie inside one piece once the change's
// joins and splits are made.
func (a *Annotation) inOnePiece(r text.Range, c Change) bool {
	i := sort.Search(len(a.Pieces), func(i int) bool { return a.Pieces[i].End > r.Start })
	if i == len(a.Pieces) || a.Pieces[i].Start > r.Start {
		return false
	}
	end := a.Pieces[i].End
	for end < r.End && slices.Contains(c.Joins, end) {
		i++
		end = a.Pieces[i].End
	}
	if end < r.End {
		return false
	}
	for _, at := range c.Splits {
		if r.Start < at && at < r.End {
			return false
		}
	}

	return true
}

// saying is what a span says: two with the same are one too many.
type saying struct {
	text.Range
	label LabelID
}

func (s Span) saying() saying { return saying{s.Range, s.Label} }

// blockStart reports whether a block of the document starts at pos. Blocks may
// touch, as sentences do in a script without spaces; they are not a split.
func (a *Annotation) blockStart(pos int) bool {
	_, ok := slices.BinarySearchFunc(a.blocks, pos, func(b Block, pos int) int { return b.Start - pos })
	return ok
}

// twin reports whether the same range has the same label already, other than
// by a span that goes.
func (a *Annotation) twin(s Span, gone map[SpanID]bool) bool {
	for _, o := range a.SpansIn(text.Range{Start: s.Start, End: s.Start + 1}) {
		if o.saying() == s.saying() && !gone[o.ID] {
			return true
		}
	}
	return false
}

// inside is the piece that has pos strictly inside, or -1.
func (a *Annotation) inside(pos int) int {
	i := sort.Search(len(a.Pieces), func(i int) bool { return a.Pieces[i].End > pos })
	if i == len(a.Pieces) || a.Pieces[i].Start >= pos {
		return -1
	}
	return i
}

// before is what restores the classes that c is about to change: those of the
// pieces it sets, splits or joins, as runs of equal neighbours.
func (a *Annotation) before(c Change) []Piece {
	var out []Piece
	keep := func(r text.Range) {
		i := sort.Search(len(a.Pieces), func(i int) bool { return a.Pieces[i].End > r.Start })
		for fresh := true; i < len(a.Pieces) && a.Pieces[i].Start < r.End; i, fresh = i+1, false {
			p := a.Pieces[i]
			if n := len(out) - 1; !fresh && out[n].Class == p.Class && out[n].Reason == p.Reason {
				out[n].End = p.End
				continue
			}
			out = append(out, p)
		}
	}

	for _, set := range c.Classes {
		keep(set.Range)
	}
	for _, at := range append(slices.Clone(c.Joins), c.Splits...) {
		covered := slices.ContainsFunc(c.Classes, func(p Piece) bool { return p.Start < at && at < p.End })
		if !covered {
			keep(text.Range{Start: at - 1, End: at + 1})
		}
	}

	return out
}

func order(a, b Span) int {
	if a.Start != b.Start {
		return a.Start - b.Start
	}
	if a.End != b.End {
		return b.End - a.End
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

func (a *Annotation) find(id SpanID, r text.Range) (int, bool) {
	return slices.BinarySearchFunc(a.Spans, Span{Range: r, ID: id}, order)
}

func (a *Annotation) addSpan(s Span) {
	i, _ := a.find(s.ID, s.Range)
	a.Spans = slices.Insert(a.Spans, i, s)
	a.spanAt[s.ID] = s.Range
}

func (a *Annotation) removeSpan(s Span) {
	i, _ := a.find(s.ID, s.Range)
	a.Spans = slices.Delete(a.Spans, i, i+1)
	delete(a.spanAt, s.ID)
}

// Gold is the decided labelling of a document. It is never changed; a new
// decision is a new Gold with the next version.
type Gold struct {
	ID         GoldID
	Document   Document
	Version    int
	Pieces     []Piece
	Spans      []Span   // without ids
	Annotators []string // whose labelling it is, or who decided it where nobody labelled
	Basis      Basis
	DecidedBy  AnnotatorID // who decided or corrected it, 0 where a rule or an import did
	At         time.Time
}

// NewGold is the one door to gold. It takes only a labelling in which every
// piece is decided, the pieces cover exactly the document's blocks, and every
// span lies inside one piece, carries a label of the set and quotes the text
// it covers. Neighbouring classes may differ in anything; a span that is said
// twice is kept once.
func NewGold(d Document, pieces []Piece, spans []Span, labels LabelSet, annotators []string) (Gold, error) {
	if err := CheckPieces(d, pieces); err != nil {
		return Gold{}, err
	}
	undecided := 0
	for _, p := range pieces {
		if p.Class == Undecided {
			undecided++
		}
	}
	switch {
	case undecided == 1:
		return Gold{}, Invalidf("", "one block still needs a decision")
	case undecided > 1:
		return Gold{}, Invalidf("", "%d blocks still need a decision", undecided)
	case len(annotators) == 0:
		return Gold{}, Invalidf("annotators", "gold names who decided it")
	}

	g := Gold{Document: d, Pieces: slices.Clone(pieces), Spans: slices.Clone(spans), Annotators: slices.Clone(annotators)}
	for i := range g.Spans {
		g.Spans[i].ID = ""
		if _, ok := labels.ByID(g.Spans[i].Label); !ok {
			return Gold{}, Invalidf("spans", "the project has no label number %d", g.Spans[i].Label)
		}
	}
	slices.SortFunc(g.Spans, func(a, b Span) int {
		if c := order(a, b); c != 0 {
			return c
		}
		return int(a.Label - b.Label)
	})
	g.Spans = slices.CompactFunc(g.Spans, func(a, b Span) bool { return a.saying() == b.saying() })
	if len(g.Spans) > MaxSpans {
		return Gold{}, Invalidf("spans", "a document holds at most %d spans", MaxSpans)
	}

	return g, CheckSpans(text.NewIndex(d.Text), pieces, g.Spans)
}

// CheckPieces says whether pieces are d's blocks, each whole or cut into
// parts, in order, with known classes.
func CheckPieces(d Document, pieces []Piece) error {
	i := 0
	for _, b := range d.Blocks {
		at := b.Start
		for at < b.End || (b.Len() == 0 && i < len(pieces) && pieces[i].Range == b.Range) {
			if i == len(pieces) || pieces[i].Start != at || pieces[i].End > b.End || (pieces[i].Len() < 1 && b.Len() > 0) {
				return Invalidf("blocks", "the labelled blocks are not the document's, from position %d", at)
			}
			if !pieces[i].Class.Valid() || !KnownReason(pieces[i].Reason) {
				return Invalidf("blocks", "there is no class %q with reason %q", pieces[i].Class, pieces[i].Reason)
			}
			at = pieces[i].End
			i++
			if b.Len() == 0 {
				break
			}
		}
	}
	if i != len(pieces) {
		return Invalidf("blocks", "there are labelled blocks that the document does not have, from position %d", pieces[i].Start)
	}

	return nil
}

// CheckSpans says whether each span, in any order, lies inside one piece and
// quotes the text it covers.
func CheckSpans(x *text.Index, pieces []Piece, spans []Span) error {
	for _, s := range spans {
		if !s.In(x.Len()) || s.Len() < 1 {
			return Invalidf("spans", "%v is no range of the text, which has %d characters", s.Range, x.Len())
		}
		if is := x.Slice(s.Range); is != s.Quote {
			return Invalidf("spans", "%v covers %q, not %q", s.Range, is, s.Quote)
		}
		i := sort.Search(len(pieces), func(i int) bool { return pieces[i].End > s.Start })
		if i == len(pieces) || !pieces[i].Contains(s.Range) {
			return Invalidf("spans", "%q crosses the border between two blocks", s.Quote)
		}
	}

	return nil
}
