package views

import (
	"slices"
	"strconv"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Practice is a project's practice round for managers.
type Practice struct {
	Page      Page
	Project   corpus.Project
	Documents []corpus.DocumentRow // of the round, by number
	Results   []corpus.PracticeResult
	Typed     string // numbers of documents, as they were typed
	Errors    Errors // "documents": they cannot be practice; "": what was asked for cannot be done
}

// Feedback is what a person handed in on a practice document, beside its gold.
type Feedback struct {
	Page     Page
	Project  corpus.Project
	Person   string
	Own      bool // the person looks at it themselves
	Check    corpus.Check
	Round    corpus.Round
	Language string // of the text, BCP 47, "" where unknown
	Rows     []FeedbackRow
}

// FeedbackRow is a stretch of text to which the person gave one class, and gold
// one.
type FeedbackRow struct {
	Number int // of the block, from 1
	Part   bool
	Text   string
	Mine   corpus.Class
	Gold   corpus.Class
	Spans  []FeedbackSpan // that are on one side alone
}

// FeedbackSpan is an entity that is on one side alone.
type FeedbackSpan struct {
	Mine  bool // not gold's
	Quote string
	Label string // its title
}

func (r FeedbackRow) differs() bool { return r.Mine != r.Gold || len(r.Spans) > 0 }

// differences counts the rows that differ.
func (f Feedback) differences() (n int) {
	for _, r := range f.Rows {
		if r.differs() {
			n++
		}
	}

	return n
}

// NewFeedback lays what a person handed in beside gold, in reading order.
func NewFeedback(d corpus.Document, mine, gold agreement.Labelling, labels corpus.LabelSet) []FeedbackRow {
	x := text.NewIndex(d.Text)
	c := agreement.Compare(d, []agreement.Labelling{mine, gold})
	rows := make([]FeedbackRow, len(c.Pieces))
	block := 0
	for i, p := range c.Pieces {
		for block+1 < len(d.Blocks) && d.Blocks[block+1].Start <= p.Start {
			block++
		}
		rows[i] = FeedbackRow{Number: block + 1, Part: p.Start != d.Blocks[block].Start, Text: x.Slice(p.Range), Mine: p.Class, Gold: p.Class}
	}

	for _, conflict := range c.Conflicts {
		i := slices.IndexFunc(c.Pieces, func(p corpus.Piece) bool { return p.Contains(conflict.Range) || p.Overlaps(conflict.Range) })
		row := &rows[i]
		if conflict.Kind == agreement.OfBlock {
			row.Mine, row.Gold = conflict.Votes[0].Class, conflict.Votes[1].Class
			continue
		}
		for side, vote := range conflict.Votes {
			for _, s := range vote.Spans {
				l, _ := labels.ByID(s.Label)
				row.Spans = append(row.Spans, FeedbackSpan{Mine: side == 0, Quote: s.Quote, Label: titleOf(l)})
			}
		}
	}

	return rows
}

func (f Feedback) has() string {
	if f.Check.Right == 1 {
		return "has"
	}
	return "have"
}

func (f Feedback) marked() string {
	if f.Own {
		return "of yours"
	}
	return "of " + f.Person
}

// differ says how many places are not as in gold.
func (f Feedback) differ() string {
	switch n := f.differences(); n {
	case 0:
		return "Everything is as in gold."
	case 1:
		return "One place is not as in gold."
	default:
		return number(n) + " places are not as in gold."
	}
}

// standing says how the practice round goes on.
func (f Feedback) standing() string {
	r, they := f.Round, "You"
	if !f.Own {
		they = f.Person
	}
	switch {
	case !r.Passed.IsZero():
		return they + " passed the practice round."
	case !r.Ended():
		return strconv.Itoa(r.Done) + " of " + count(r.Documents, "practice document") + " done, " + portion(r.Mean) + " on average; the pass mark is " + strconv.Itoa(r.Mark) + "\u202f%."
	case r.Failed():
		return they + " did not pass the practice round: " + portion(r.Mean) + " on average, the pass mark is " + strconv.Itoa(r.Mark) + "\u202f%. A manager decides how it goes on."
	}

	return "The practice round is done, with " + portion(r.Mean) + " on average."
}
