package corpus

import (
	"time"

	"annotate/internal/text"
)

// RulingID is a row of what people settled for texts that are the same.
type RulingID int64

// Subject is what a ruling is about.
type Subject string

const (
	OfBlock Subject = "block" // blocks with the same text
	OfSpan  Subject = "span"  // the same words inside blocks
)

// Ruling says once what a text is wherever it stands, on a site or in the
// whole project. It is what is suggested from then on: what people have labelled
// stays as it is, and nothing becomes gold that nobody has accepted.
type Ruling struct {
	ID      RulingID
	Project ProjectID
	About   Subject
	Site    string  // "" for the whole project
	Key     string  // what texts that are the same have in common: suggest.Key
	Sample  string  // the text as the person saw it
	Class   Class   // of a block; Undecided leaves it open: nothing is suggested
	Label   LabelID // of a span; 0: it is none, and is not suggested
	Without []Place // left out, by document and start
	Who     AnnotatorID
	By      string // their name, "" for the command line
	At      time.Time
}

// Place is where a text stands that is the same as another.
type Place struct {
	Document DocumentID
	Start    int
}

// Bounds of a ruling: a text in bytes, and places left out.
const (
	MaxSettled = 20_000
	MaxWithout = 500
)

// Check says whether a project with those labels can keep the ruling.
func (r Ruling) Check(labels LabelSet) error {
	l, known := labels.ByID(r.Label)
	switch {
	case r.About != OfBlock && r.About != OfSpan:
		return Invalidf("", "a ruling is about blocks or about spans")
	case r.Key == "":
		return Invalidf("", "this text has nothing in it by which it could be found again")
	case len(r.Key) > MaxSettled || len(r.Sample) > MaxSettled:
		return Invalidf("", "a text of more than %d bytes is not settled for everywhere", MaxSettled)
	case r.About == OfBlock && (!r.Class.Valid() || r.Label != 0):
		return Invalidf("class", "a block is body, boilerplate, or left open")
	case r.About == OfSpan && r.Class != Undecided:
		return Invalidf("label", "a span has a label and no class")
	case r.Label != 0 && !known:
		return Invalidf("label", "the project has no label number %d", r.Label)
	case r.Label != 0 && l.Retired:
		return Invalidf("label", "the label %q is retired", l.Name)
	case len(r.Without) > MaxWithout:
		return Invalidf("leave", "at most %d places can be left out at once", MaxWithout)
	}

	return nil
}

// Leaves reports whether the ruling leaves out what begins there.
func (r Ruling) Leaves(doc DocumentID, start int) bool {
	for _, p := range r.Without {
		if p == (Place{doc, start}) {
			return true
		}
	}
	return false
}

// Found is a document in which a text stands.
type Found struct {
	Document Document
	State    State
	Gold     *Gold // nil where it has none
	Places   []text.Range
}

// Finds are the documents in which a text stands.
type Finds struct {
	List   []Found
	Looked int  // documents that were looked through
	More   bool // there are more than were looked through, or listed
}

// Places counts where the text stands.
func (f Finds) Places() (n int) {
	for _, one := range f.List {
		n += len(one.Places)
	}
	return n
}
