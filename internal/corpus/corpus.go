// Package corpus holds the nouns of annotation: documents and their blocks,
// labels, what an annotator decided, and gold. A document's text and blocks
// are written once. What people decide is a sequence of changes, each with an
// inverse, so that undo, replay after a crash and two open tabs are all the
// same operation: apply the changes in order. Gold is made by one constructor,
// NewGold, and what that accepts is what exports and reports may rely on.
//
// Nothing here knows HTTP, pages or SQL.
package corpus

import (
	"errors"
	"fmt"
	"time"

	"annotate/internal/text"
)

// Identifiers of rows. They are types so that they cannot be swapped.
type (
	ProjectID   int64
	DocumentID  int64
	AnnotatorID int64
	GoldID      int64
	LabelID     int64
	LinkID      int64
)

// Class is a block's judgement.
type Class string

const (
	Undecided   Class = ""
	Body        Class = "body"
	Boilerplate Class = "boilerplate"
)

// Valid reports whether c is one of the three.
func (c Class) Valid() bool { return c == Undecided || c == Body || c == Boilerplate }

// Block is a run of a document's text that is judged as a whole. Blocks are in
// reading order and do not overlap; text between them (line ends) belongs to
// no block.
type Block struct {
	text.Range
	Path        string  // tag path from the root, HTML only: "body/main/p"
	LinkDensity float64 // share of the block's letters that stand in links, 0 to 1, HTML only
	Heading     int     // 1 to 6 for h1 to h6, else 0
	Hidden      bool    // in the page's source but not shown
}

// Document is an imported page with its fixed text and blocks. There is no way
// to change one: a page that comes with other text is a new version.
type Document struct {
	ID         DocumentID
	Project    ProjectID
	ExternalID string // the importer's name for it, unique in a project; empty: the text's hash stands for it
	Version    int    // 1, then one more each time the page came with other text
	Name       string // what people see: file name, title or id
	URL        string
	Site       string // registrable domain of URL, "" without one
	Language   string // BCP 47, "" where unknown
	Meta       string // a JSON object, "{}" where empty
	MediaType  string // "text/plain" or "text/html"
	Charset    string // the charset the source was decoded from
	Segmenter  string // name and version of the rule that cut Blocks
	Text       string
	SHA256     string // of Text, lower-case hex
	Source     []byte // the bytes as they came; nil where they equal Text
	SourceHash string // SHA-256 of the bytes as they came
	Blocks     []Block
	Added      time.Time
}

// Key is the name that a document has outside: the importer's, else one made of
// the hash of its text. An import that brings it finds the document again.
func (d Document) Key() string {
	if d.ExternalID != "" {
		return d.ExternalID
	}
	return "sha256:" + d.SHA256
}

// State is where a document stands in its project.
type State string

const (
	New        State = "new"      // nobody has begun
	Begun      State = "begun"    // someone has a draft
	Labelled   State = "labelled" // handed in, by fewer people than it wants
	Review     State = "review"   // what was handed in differs: an adjudicator decides
	Skipped    State = "skipped"  // an annotator passed it over; somebody else may take it
	Flagged    State = "flagged"  // an annotator asks the manager to look
	Golden     State = "gold"     // it has gold
	Superseded State = "superseded"
	Removed    State = "removed"
)

// States lists those that people filter by, in the order a document meets them.
var States = []State{New, Begun, Labelled, Review, Skipped, Flagged, Golden, Superseded, Removed}

// Counts is how many documents of a project stand in each state.
type Counts map[State]int

// Total counts the documents that are there to be labelled: superseded and
// removed ones are left out.
func (c Counts) Total() int {
	return c[New] + c[Begun] + c[Labelled] + c[Review] + c[Skipped] + c[Flagged] + c[Golden]
}

// Project is a set of documents with one label set, one cutting rule and one
// text of guidelines.
type Project struct {
	ID         ProjectID
	Name       string
	Guidelines string // Markdown
	Labels     LabelSet
	Cutting    string // a name in segment.Rules
	Settings
	Removed bool
	Added   time.Time
}

// ErrNotFound and ErrConflict are what callers may look for; ErrConflict says
// that someone else was first.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflict")
)

// Invalid is a mistake that a person can repair. Its Reason is shown to them;
// no other error's text is.
type Invalid struct {
	Field  string // what was wrong, in the words of the form or record
	Reason string // a sentence without a capital or a full stop
}

func (e *Invalid) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// Invalidf makes an *Invalid.
func Invalidf(field, format string, args ...any) error {
	return &Invalid{Field: field, Reason: fmt.Sprintf(format, args...)}
}
