package corpus

import (
	"math"
	"regexp"
	"time"
)

// Visit is one opening of a document, as its browser tells it. Active and Seen
// are of the whole visit so far, so that telling it twice counts once.
type Visit struct {
	ID     string        // made by the browser
	Active time.Duration // with the page in front and the person at keys or pointer
	Seen   [][2]int      // blocks that were ever on screen: half-open ranges of their numbers from 0, in order and apart
}

// Limits of one visit.
const (
	MaxActive = 24 * time.Hour
	MaxSeen   = 2_000 // ranges
)

var visitID = regexp.MustCompile(`^[0-9A-Za-z-]{8,64}$`)

// Check says what cannot be of a visit to a document of so many blocks.
func (v Visit) Check(blocks int) error {
	switch {
	case !visitID.MatchString(v.ID):
		return Invalidf("visit", "a visit's id is 8 to 64 letters, digits or hyphens")
	case v.Active < 0 || v.Active > MaxActive:
		return Invalidf("active", "a visit is active for at most 24 hours")
	case len(v.Seen) > MaxSeen:
		return Invalidf("seen", "a visit has at most %d ranges of blocks", MaxSeen)
	}
	end := -1
	for _, r := range v.Seen {
		if r[0] <= end || r[1] <= r[0] || r[1] > blocks {
			return Invalidf("seen", "%d to %d is no range of blocks that can stand here", r[0], r[1])
		}
		end = r[1]
	}

	return nil
}

// Check is how a labelling compares with gold that its annotator did not see.
type Check struct {
	Document  DocumentID
	Name      string // the document's
	Annotator AnnotatorID
	Attempt   int // from 1
	Gold      GoldID
	Words     int // of the document that stand in blocks
	Right     int // of these, with the class that gold has
	SpansBoth int
	Spans     int // the annotator's
	SpansGold int
	At        time.Time
}

// Share is the share of words whose class is right, 0 to 1; NaN of a document
// without words.
func (c Check) Share() float64 {
	if c.Words == 0 {
		return math.NaN()
	}
	return float64(c.Right) / float64(c.Words)
}

// SpanF1 is the F1 of spans with the same borders and label; NaN where neither
// side has one.
func (c Check) SpanF1() float64 {
	if c.Spans+c.SpansGold == 0 {
		return math.NaN()
	}
	return 2 * float64(c.SpansBoth) / float64(c.Spans+c.SpansGold)
}

// Round is where a person stands in a project's practice round.
type Round struct {
	On        bool // it has to be passed before real work
	Attempt   int  // from 1
	Documents int  // of this person's round
	Done      int
	Mean      float64 // of the shares of words right, of those done; NaN of none
	Mark      int     // per cent that Mean has to reach
	Passed    time.Time
	PassedBy  string // who let them pass, "" where they passed by themselves
}

// Ended reports whether every document of the round is handed in.
func (r Round) Ended() bool { return r.Done == r.Documents }

// Reached reports whether the round is done well enough. A round in which no
// document has a word is.
func (r Round) Reached() bool {
	return r.Ended() && !(r.Mean < float64(r.Mark)/100-1e-9)
}

// Failed reports whether the round is over without being passed: a manager
// says how it goes on.
func (r Round) Failed() bool { return r.On && r.Ended() && !r.Reached() }

// PracticeResult is one person's practice round for managers.
type PracticeResult struct {
	Annotator AnnotatorID
	Person    string
	Round
	Checks []Check // of all attempts, by document, the newest attempt first
}
