package corpus

import (
	"slices"
	"time"
	"unicode/utf8"
)

// Cause is why people differed in one place, as an adjudicator sees it.
type Cause string

const (
	NoCause          Cause = ""
	Slip             Cause = "slip"
	GuidelineUnclear Cause = "guideline"
	TextUnclear      Cause = "text"
	CutWrongly       Cause = "cut"
	OtherCause       Cause = "other"
)

// Causes are those that can be given, each with its title and its key.
var Causes = []struct {
	Name  Cause  `json:"name"`
	Title string `json:"title"`
	Key   string `json:"key"` // after the key that asks for the cause
}{
	{Slip, "slip", "s"},
	{GuidelineUnclear, "guideline unclear", "g"},
	{TextUnclear, "text unclear", "t"},
	{CutWrongly, "cut wrongly", "c"},
	{OtherCause, "other", "o"},
}

// Valid reports whether c is no cause or one of Causes.
func (c Cause) Valid() bool { return c == NoCause || c.Title() != "" }

// Title is the cause in words, "" for none and for one that there is not.
func (c Cause) Title() string {
	for _, one := range Causes {
		if one.Name == c {
			return one.Title
		}
	}
	return ""
}

// CauseCount is how often two people differed for a cause; with A and B 0, how
// many differences have it in all. Where three people differ in one place, each
// pair on two sides counts.
type CauseCount struct {
	Cause Cause
	A, B  AnnotatorID // A < B
	Names [2]string
	N     int
}

// MaxComment bounds a comment, in code points.
const MaxComment = 4_000

// Comment is what an adjudicator and the people who labelled a document say to
// each other about it.
type Comment struct {
	ID         string // made by the browser; a repeated one is answered, not kept twice
	Document   DocumentID
	By         AnnotatorID
	Name       string // of By
	At         time.Time
	Place      string // agreement.Key, "" for the whole document
	Text       string
	Resolved   time.Time // zero while it is open
	ResolvedBy string
}

// Check says what is wrong with a comment that somebody wrote.
func (c Comment) Check() error {
	switch {
	case !eventID.MatchString(c.ID):
		return Invalidf("id", "a comment's id is 8 to 64 letters, digits or hyphens")
	case c.Text == "":
		return Invalidf("text", "write something first")
	case !utf8.ValidString(c.Text):
		return Invalidf("text", "the comment is no text")
	case utf8.RuneCountInString(c.Text) > MaxComment:
		return Invalidf("text", "a comment holds at most %d characters", MaxComment)
	}

	return nil
}

// Discussed is a document with open comments.
type Discussed struct {
	Document DocumentID
	Name     string
	Comments int
	Newest   time.Time
}

// ReviewFilter chooses documents of the review page.
type ReviewFilter struct {
	Project   ProjectID
	Annotator AnnotatorID // who labelled it, 0 for anybody
	Cause     Cause       // of one of its decisions, NoCause for any
	After     ReviewPlace // of the last row of the page before, zero for the first page
	Limit     int         // at most 100; 0 means 25
}

// ReviewPlace is where a row stands in its list, which pages are asked by.
type ReviewPlace struct {
	At int64 // milliseconds, or the gold's id
	ID DocumentID
}

// ReviewRow is a document that waits for an adjudicator, or was decided.
type ReviewRow struct {
	ID          DocumentID
	Name        string
	People      []string  // who labelled it, by name
	Differences int       // places where they differ
	Decided     int       // of those, how many have a decision
	Comments    int       // open ones
	At          time.Time // since when it waits, or when it was decided
	By          string    // who decided it
	Version     int       // of the gold that was decided
	Place       ReviewPlace
}

// ReviewPage is one page of such a list.
type ReviewPage struct {
	Rows []ReviewRow
	Next ReviewPlace // pass as After for the next page; zero where this is the last
}

// PassedOver is a skip or a flag that a manager is to handle.
type PassedOver struct {
	Document  DocumentID
	Name      string
	Annotator AnnotatorID
	Person    string
	Status    Status // Passed or Raised
	Why       string
	At        time.Time
}

// CheckEvents says whether the names that a browser gave are ids of events.
func CheckEvents(ids ...string) error {
	if slices.ContainsFunc(ids, func(id string) bool { return !eventID.MatchString(id) }) {
		return Invalidf("id", "an event's id is 8 to 64 letters, digits or hyphens")
	}

	return nil
}
