package corpus

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"annotate/internal/text"
)

// Event is one action as a browser sends it. The browser never computes a
// position of the document: it names a block by the number it was given for it
// (the block's start), the UTF-16 range inside that block, and the quote it
// saw. Resolve turns that into a Change or refuses it.
type Event struct {
	ID   string `json:"id"`   // made by the browser; a repeated one is answered, not applied again
	Kind string `json:"kind"` // one of Kinds

	// class: the blocks From to To, both included, get Class and Reason.
	From   int    `json:"from,omitempty"`
	To     int    `json:"to,omitempty"`
	Class  Class  `json:"class,omitempty"`
	Reason string `json:"reason,omitempty"` // class; also the reason of skip and flag, as free text

	// split: Block is cut before unit At. join: Block is joined to the one before it.
	Block int `json:"block,omitempty"`
	At    int `json:"at,omitempty"`

	// spans: Remove and Add in one step. Moving the end of a span or giving it
	// another label is a removal and an addition, and undone as one.
	Add    []SpanEvent `json:"add,omitempty"`
	Remove []SpanID    `json:"remove,omitempty"`

	// class, spans: whose suggestion this accepts, "" where it is the person's own.
	Source string `json:"source,omitempty"`

	Of   string  `json:"of,omitempty"`   // undo, redo: the event meant, so that a stale tab cannot undo another's work
	Note *string `json:"note,omitempty"` // note
}

// SpanEvent is a span as a browser sees it.
type SpanEvent struct {
	ID    SpanID  `json:"id"`
	Block int     `json:"block"`
	From  int     `json:"from"` // UTF-16 units inside the block
	To    int     `json:"to"`
	Label LabelID `json:"label"`
	Quote string  `json:"quote"`
	Exact bool    `json:"exact,omitempty"` // keep outer spaces and punctuation
}

// The kinds of event.
const (
	KindClass  = "class"
	KindSplit  = "split"
	KindJoin   = "join"
	KindSpans  = "spans"
	KindNote   = "note"
	KindUndo   = "undo"
	KindRedo   = "redo"
	KindSubmit = "submit"
	KindSkip   = "skip"
	KindFlag   = "flag"
	KindReopen = "reopen"

	// KindRestart makes everything blank. No browser sends it.
	KindRestart = "restart"
)

// Limits of one event.
const (
	MaxAdd = 2_000 // spans added by one event
	MaxWhy = 400   // code points
)

var eventID = regexp.MustCompile(`^[0-9A-Za-z-]{8,64}$`)

// CheckID says whether the event and its spans have names that can be kept.
func (e Event) CheckID() error {
	if !eventID.MatchString(e.ID) {
		return Invalidf("id", "an event's id is 8 to 64 letters, digits or hyphens")
	}
	if len(e.Add) > MaxAdd || len(e.Remove) > MaxAdd {
		return Invalidf("add", "one action changes at most %d spans", MaxAdd)
	}
	if err := checkSource(e.Source); err != nil {
		return err
	}
	for _, s := range e.Add {
		if !eventID.MatchString(string(s.ID)) {
			return Invalidf("add", "a span's id is 8 to 64 letters, digits or hyphens")
		}
	}

	return nil
}

// Resolve says what the event does to the annotation, in positions of the
// text, without doing it. x indexes the document's text. It is ErrConflict
// where the browser's picture is not the annotation's (a block or span that is
// not there, a quote that differs), and *Invalid where a person asked for what
// cannot be. undo and redo do not resolve: they are the annotation's own.
func (a *Annotation) Resolve(x *text.Index, labels LabelSet, e Event) (Change, error) {
	if a.Status != Draft && e.Kind != KindReopen {
		return Change{}, Invalidf("", "this document is %s; reopen it to change it", a.Status)
	}

	switch e.Kind {
	case KindClass:
		first, ok1 := a.Piece(e.From)
		last, ok2 := a.Piece(e.To)
		if !ok1 || !ok2 || first > last {
			return Change{}, a.unknown(e.From)
		}
		r := text.Range{Start: a.Pieces[first].Start, End: a.Pieces[last].End}

		return Change{Classes: []Piece{{r, e.Class, e.Reason}}, Source: e.Source}, nil

	case KindSplit:
		i, ok := a.Piece(e.Block)
		if !ok {
			return Change{}, a.unknown(e.Block)
		}
		p := a.Pieces[i]
		r, ok := x.Within(p.Range, 0, e.At)
		if !ok || r.End <= p.Start || r.End >= p.End {
			return Change{}, Invalidf("", "a block cannot be split at its edge")
		}

		return Change{Splits: []int{r.End}}, nil

	case KindJoin:
		i, ok := a.Piece(e.Block)
		if !ok || i == 0 {
			return Change{}, a.unknown(e.Block)
		}
		left, right := a.Pieces[i-1], a.Pieces[i]
		c := Change{Joins: []int{e.Block}}
		if left.Class != right.Class || left.Reason != right.Reason {
			c.Classes = []Piece{{text.Range{Start: left.Start, End: right.End}, left.Class, left.Reason}}
		}

		return c, nil

	case KindSpans:
		return a.resolveSpans(x, labels, e)

	case KindNote:
		if e.Note == nil {
			return Change{}, Invalidf("note", "a note event carries a note")
		}
		return Change{Note: e.Note}, nil

	case KindSubmit:
		return Change{Status: Submitted}, nil

	case KindSkip, KindFlag:
		if len([]rune(e.Reason)) > MaxWhy {
			return Change{}, Invalidf("reason", "a reason holds at most %d characters", MaxWhy)
		}
		status := Passed
		if e.Kind == KindFlag {
			status = Raised
		}
		return Change{Status: status, Why: e.Reason}, nil

	case KindReopen:
		return Change{Status: Draft}, nil
	}

	return Change{}, Invalidf("kind", "there is no event %q", e.Kind)
}

func (a *Annotation) unknown(block int) error {
	return fmt.Errorf("block %d is not one of this annotation: %w", block, ErrConflict)
}

func (a *Annotation) resolveSpans(x *text.Index, labels LabelSet, e Event) (Change, error) {
	c := Change{Remove: e.Remove, Source: e.Source}
	for _, s := range e.Add {
		i, ok := a.Piece(s.Block)
		if !ok {
			return Change{}, a.unknown(s.Block)
		}
		r, ok := x.Within(a.Pieces[i].Range, s.From, s.To)
		if !ok {
			return Change{}, fmt.Errorf("units %d to %d are not in block %d: %w", s.From, s.To, s.Block, ErrConflict)
		}
		if is := x.Slice(r); is != s.Quote {
			return Change{}, fmt.Errorf("units %d to %d of block %d are %q, not %q: %w", s.From, s.To, s.Block, is, s.Quote, ErrConflict)
		}
		if !s.Exact {
			r = Snap(x, r)
		}
		if r.Len() == 0 {
			return Change{}, Invalidf("", "a span covers at least one letter or digit")
		}

		// A retired label keeps its spans, so moving an end of one is allowed.
		l, ok := labels.ByID(s.Label)
		if !ok || l.Retired && !slices.ContainsFunc(e.Remove, func(id SpanID) bool { old, _ := a.Span(id); return old.Label == s.Label }) {
			return Change{}, Invalidf("", "this label is not offered any more")
		}
		c.Add = append(c.Add, Span{Range: r, ID: s.ID, Label: s.Label, Quote: x.Slice(r)})
	}
	if len(c.Add)+len(c.Remove) == 0 {
		return Change{}, Invalidf("", "this action changes no span")
	}

	return c, nil
}

// Snap trims white space and punctuation from both ends of r, except brackets
// and quotation marks whose partner is inside, and a full stop that belongs to
// the word ("Inc.", "U.S."): one that follows a word with another full stop in
// it, or a word of at most three letters that starts with a capital. Nothing
// is left where r holds no letter, digit or symbol.
func Snap(x *text.Index, r text.Range) text.Range {
	s := []rune(x.Slice(r))
	lo, hi := 0, len(s)
	for lo < hi && outer(s[lo]) && !paired(s[lo:hi], s[lo]) {
		lo++
	}
	for lo < hi && outer(s[hi-1]) && !paired(s[lo:hi], s[hi-1]) && !(s[hi-1] == '.' && abbreviated(s[lo:hi-1])) {
		hi--
	}

	return text.Range{Start: r.Start + lo, End: r.Start + hi}
}

// kept are marks that belong to a name as often as not: "#tag", "@name", "5 %".
const kept = "#@%&*/\\_"

func outer(r rune) bool {
	if strings.ContainsRune(kept, r) {
		return false
	}
	return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r)
}

// partners are the marks that come in twos, each beside its partner.
const partners = "()[]{}«»“”‘’‹›「」『』"

func paired(s []rune, mark rune) bool {
	i := slices.Index([]rune(partners), mark)
	return i >= 0 && slices.Contains(s, []rune(partners)[i^1])
}

func abbreviated(word []rune) bool {
	if i := strings.LastIndexFunc(string(word), unicode.IsSpace); i >= 0 {
		word = []rune(strings.TrimSpace(string(word)[i:]))
	}
	if len(word) == 0 {
		return false
	}
	letters := 0 // a decomposed accent is none
	for _, r := range word {
		if !unicode.IsMark(r) {
			letters++
		}
	}

	return slices.Contains(word, '.') || letters <= 3 && unicode.IsUpper(word[0])
}
