package agreement

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Labelling is what one annotator handed in for a document.
type Labelling struct {
	Annotator corpus.AnnotatorID
	Pieces    []corpus.Piece // in reading order, covering exactly the document's blocks
	Spans     []corpus.Span
}

// Kind is what a conflict is about.
type Kind string

const (
	OfBlock Kind = "block" // the class of a stretch of text
	OfSpans Kind = "spans" // which spans a stretch of text carries
)

// Vote is what one annotator says in one place.
type Vote struct {
	Class  corpus.Class  `json:"class,omitempty"`  // OfBlock
	Reason string        `json:"reason,omitempty"` // OfBlock
	Spans  []corpus.Span `json:"spans,omitempty"`  // OfSpans, without ids; none is an answer too
}

// Agree reports whether two votes on one place say the same. Reasons are left
// out: they are a help, not a decision.
func (v Vote) Agree(o Vote) bool {
	return v.Class == o.Class && slices.EqualFunc(v.Spans, o.Spans, func(a, b corpus.Span) bool { return saying(a) == saying(b) })
}

// Conflict is a place where annotators differ.
type Conflict struct {
	Kind
	text.Range
	Votes []Vote // one for each labelling, in their order
}

// Key names the conflict among those of its document. It says kind and range,
// so it stays when what people say elsewhere changes.
func (c Conflict) Key() string { return Key(c.Kind, c.Range) }

// Key is the name of a place.
func Key(k Kind, r text.Range) string {
	return string(k) + ":" + strconv.Itoa(r.Start) + "-" + strconv.Itoa(r.End)
}

// ParseKey is the inverse of Key, or *corpus.Invalid.
func ParseKey(key string) (Kind, text.Range, error) {
	kind, place, _ := strings.Cut(key, ":")
	from, to, _ := strings.Cut(place, "-")
	start, err1 := strconv.Atoi(from)
	end, err2 := strconv.Atoi(to)
	r, k := text.Range{Start: start, End: end}, Kind(kind)
	if err1 != nil || err2 != nil || start < 0 || end < start || k != OfBlock && k != OfSpans || Key(k, r) != key {
		return "", text.Range{}, corpus.Invalidf("place", "%q names no place of a document", key)
	}

	return k, r, nil
}

// Most is the vote of more than half of the annotators.
func (c Conflict) Most() (Vote, bool) {
	for _, v := range c.Votes {
		n := 0
		for _, o := range c.Votes {
			if v.Agree(o) {
				n++
			}
		}
		if 2*n > len(c.Votes) {
			return v, true
		}
	}

	return Vote{}, false
}

// Comparison is several labellings of one document laid over one another.
type Comparison struct {
	Document  corpus.Document
	Pieces    []corpus.Piece // cut wherever anybody cut; Undecided where the classes differ
	Spans     []corpus.Span  // those that everybody has, in order, without ids
	Conflicts []Conflict     // in reading order, classes before spans where they start together
}

// Compare lays labellings of d over one another. Each must cover d's blocks, as
// corpus.CheckPieces wants it. A span that all have, with the same range and
// label, is agreed; the others are in conflict, together with those that they
// overlap, whoever has them. Of no labelling, everything is undecided and
// nothing is in conflict.
func Compare(d corpus.Document, ls []Labelling) Comparison {
	c := Comparison{Document: d}
	at := make([]int, len(ls)) // in the pieces of each
	for _, r := range Stretches(d, ls) {
		votes := make([]Vote, len(ls))
		for i, l := range ls {
			for l.Pieces[at[i]].End < r.End {
				at[i]++
			}
			votes[i] = Vote{Class: l.Pieces[at[i]].Class, Reason: l.Pieces[at[i]].Reason}
		}
		piece := corpus.Piece{Range: r}
		if !slices.ContainsFunc(votes, func(v Vote) bool { return v.Class != votes[0].Class }) {
			if len(votes) > 0 {
				piece.Class, piece.Reason = votes[0].Class, sharedReason(votes)
			}
		} else {
			c.Conflicts = append(c.Conflicts, Conflict{OfBlock, r, votes})
		}
		c.Pieces = append(c.Pieces, piece)
	}
	c.compareSpans(ls)
	slices.SortFunc(c.Conflicts, inOrder)

	return c
}

// inOrder is reading order, classes before spans where they start together. No
// two conflicts of a document are equal in it.
func inOrder(a, b Conflict) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.End, b.End))
}

// Stretches are the parts of the document's blocks between the cuts of
// anybody, in reading order. They are the units of agreement on classes: within
// one, nobody changes their mind.
func Stretches(d corpus.Document, ls []Labelling) []text.Range {
	out := make([]text.Range, 0, len(d.Blocks))
	at := make([]int, len(ls))
	for _, b := range d.Blocks {
		starts := []int{b.Start}
		for i, l := range ls {
			for ; at[i] < len(l.Pieces) && (l.Pieces[at[i]].Start < b.End || l.Pieces[at[i]].Start == b.Start); at[i]++ {
				if start := l.Pieces[at[i]].Start; start != b.Start {
					starts = append(starts, start)
				}
			}
		}
		slices.Sort(starts)
		starts = slices.Compact(starts)
		for n, start := range starts {
			end := b.End
			if n+1 < len(starts) {
				end = starts[n+1]
			}
			out = append(out, text.Range{Start: start, End: end})
		}
	}

	return out
}

// sharedReason is the reason that everybody gave who gave one.
func sharedReason(votes []Vote) string {
	reason := ""
	for _, v := range votes {
		if v.Reason == "" || v.Reason == reason {
			continue
		}
		if reason != "" {
			return ""
		}
		reason = v.Reason
	}

	return reason
}

type said struct {
	text.Range
	label corpus.LabelID
}

func saying(s corpus.Span) said { return said{s.Range, s.Label} }

func (c *Comparison) compareSpans(ls []Labelling) {
	count := map[said]int{}
	var all []corpus.Span
	for _, l := range ls {
		for _, s := range l.Spans {
			if count[saying(s)]++; count[saying(s)] == 1 {
				s.ID = ""
				all = append(all, s)
			}
		}
	}
	sortSpans(all)
	var open []corpus.Span
	for _, s := range all {
		if count[saying(s)] == len(ls) {
			c.Spans = append(c.Spans, s)
		} else {
			open = append(open, s)
		}
	}

	// What overlaps is decided together: two ways of drawing one name are one
	// question.
	for i := 0; i < len(open); {
		r := open[i].Range
		for i++; i < len(open) && open[i].Start < r.End; i++ {
			r.End = max(r.End, open[i].End)
		}
		votes := make([]Vote, len(ls))
		for n, l := range ls {
			for _, s := range l.Spans {
				if r.Contains(s.Range) && count[saying(s)] < len(ls) {
					s.ID = ""
					votes[n].Spans = append(votes[n].Spans, s)
				}
			}
			sortSpans(votes[n].Spans)
		}
		c.Conflicts = append(c.Conflicts, Conflict{OfSpans, r, votes})
	}
}

func sortSpans(spans []corpus.Span) {
	slices.SortFunc(spans, func(a, b corpus.Span) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End), cmp.Compare(a.Label, b.Label))
	})
}

// Decide is the labelling that the comparison becomes with answers to places,
// by Key, and the conflicts they leave open. A class counts for every piece
// inside the place's range, so an answer may also overrule what was agreed.
// Spans take the place of the spans in conflict; where nothing is in conflict,
// of the agreed ones inside the range. Neighbouring parts of a block that came
// out alike are joined. Answers that name no place are passed over.
func (c Comparison) Decide(answers map[string]Vote) (l Labelling, open []Conflict) {
	conflicts := map[string]bool{}
	for _, conflict := range c.Conflicts {
		key := conflict.Key()
		conflicts[key] = true
		if _, ok := answers[key]; !ok {
			open = append(open, conflict)
		}
	}
	l.Pieces, l.Spans = slices.Clone(c.Pieces), slices.Clone(c.Spans)
	keys := make([]string, 0, len(answers))
	for key := range answers {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		kind, r, err := ParseKey(key)
		if err != nil {
			continue
		}
		answer := answers[key]
		if kind == OfSpans {
			if !conflicts[key] {
				l.Spans = slices.DeleteFunc(l.Spans, func(s corpus.Span) bool { return r.Contains(s.Range) })
			}
			l.Spans = append(l.Spans, answer.Spans...)
			continue
		}
		i := sort.Search(len(l.Pieces), func(i int) bool { return l.Pieces[i].Start >= r.Start })
		for ; i < len(l.Pieces) && l.Pieces[i].End <= r.End; i++ {
			l.Pieces[i].Class, l.Pieces[i].Reason = answer.Class, answer.Reason
		}
	}
	sortSpans(l.Spans)
	l.Pieces = joined(c.Document, l.Pieces)

	return l, open
}

// joined takes cuts back that decide nothing.
func joined(d corpus.Document, pieces []corpus.Piece) []corpus.Piece {
	starts := make(map[int]bool, len(d.Blocks))
	for _, b := range d.Blocks {
		starts[b.Start] = true
	}
	out := pieces[:0]
	for _, p := range pieces {
		if n := len(out) - 1; n >= 0 && out[n].End == p.Start && !starts[p.Start] && out[n].Class == p.Class && out[n].Reason == p.Reason {
			out[n].End = p.End
			continue
		}
		out = append(out, p)
	}

	return out
}

// Settle is the gold that a rule makes of the labellings without an
// adjudicator; ok is false where the rule leaves something open. names are the
// annotators', in the order of the labellings. An error is a labelling that
// cannot be gold.
func Settle(d corpus.Document, ls []Labelling, rule corpus.Rule, labels corpus.LabelSet, names []string) (g corpus.Gold, ok bool, err error) {
	if len(ls) == 0 || rule == corpus.AdjudicateAll {
		return g, false, nil
	}
	c := Compare(d, ls)
	basis, answers := corpus.OfAll, map[string]Vote{}
	if len(c.Conflicts) > 0 {
		basis = corpus.OfMost
		if rule != corpus.Majority || len(ls) < 3 {
			return g, false, nil
		}
		for _, conflict := range c.Conflicts {
			most, ok := conflict.Most()
			if !ok {
				return g, false, nil
			}
			answers[conflict.Key()] = most
		}
	}

	l, _ := c.Decide(answers)
	if len(ls) == 1 {
		basis, l = corpus.OfOne, ls[0] // as it was handed in, with cuts that decide nothing
	}
	g, err = corpus.NewGold(d, l.Pieces, l.Spans, labels, names)
	var invalid *corpus.Invalid
	if errors.As(err, &invalid) && basis == corpus.OfMost {
		return corpus.Gold{}, false, nil // majorities that do not fit together: a span across a cut
	}
	if err != nil {
		return corpus.Gold{}, false, fmt.Errorf("settle document %d: %w", d.ID, err)
	}
	g.Basis = basis

	return g, true, nil
}
