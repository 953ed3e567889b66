package corpus

import (
	"fmt"
	"time"

	"annotate/internal/text"
)

// Incoming is a document on its way into a project, with the gold it brings,
// if any.
type Incoming struct {
	Document
	File string // where it came from: path inside the upload or archive
	Line int    // 1-based line of a record in File, 0 where the file is one document

	// Pieces is nil where the record brings no gold.
	Pieces     []Piece
	Spans      []IncomingSpan
	Annotators []string // who decided the gold, as the record says
}

// IncomingSpan names its label, because ids differ between projects.
type IncomingSpan struct {
	text.Range
	Label string
	Quote string
}

// Problem is a record that could not be taken, in words for a person. As an
// error in a stream it concerns one record; reading goes on after it.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // 0 where the whole file is meant
	Reason string `json:"reason"`
}

func (p *Problem) Error() string {
	switch {
	case p.File == "":
		return p.Reason
	case p.Line == 0:
		return fmt.Sprintf("%s: %s", p.File, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

// ImportOptions say how an import goes.
type ImportOptions struct {
	Project   ProjectID
	By        AnnotatorID
	DryRun    bool // find out what would happen, store nothing
	SkipBad   bool // import the good records although others are bad
	AddLabels bool // add labels that the project does not have yet
	Progress  func(ImportReport)
}

// ImportReport tells what an import did, or in a dry run would do.
type ImportReport struct {
	New       int        `json:"new"`
	Unchanged int        `json:"unchanged"` // already there with the same text
	Changed   int        `json:"changed"`   // there with another text or gold: a new version
	Failed    int        `json:"failed"`
	Gold      int        `json:"gold"` // how many of New and Changed brought gold
	NewLabels []string   `json:"newLabels,omitempty"`
	Problems  []Problem  `json:"problems,omitempty"` // the first MaxProblems
	Stored    bool       `json:"stored"`             // false in a dry run, and where a bad record stopped it
	Sample    []Document `json:"-"`                  // the first three documents, as cut
}

// MaxProblems bounds the list of problems kept; all are counted.
const MaxProblems = 1000

// Total is how many records were read.
func (r ImportReport) Total() int { return r.New + r.Unchanged + r.Changed + r.Failed }

// DocumentFilter chooses documents of one project, by id.
type DocumentFilter struct {
	Project  ProjectID
	States   []State    // none: all but superseded and removed
	Query    string     // words in the text or name; "" for all
	Site     string     // "" for all
	Language string     // "" for all
	After    DocumentID // the last id of the page before; 0 for the first page
	Limit    int        // at most 200; 0 means 50
}

// DocumentRow is a document as a list shows it.
type DocumentRow struct {
	ID       DocumentID
	Name     string
	URL      string
	Site     string
	Language string
	Version  int
	Blocks   int
	State    State
	Changed  time.Time // when State last changed
	By       string    // who changed it, "" for an import
	Why      string    // reason of a skip or flag
	Snippet  string    // of a search: text around the hit, hits between U+0002 and U+0003
}

// DocumentPage is one page of a list, by id.
type DocumentPage struct {
	Rows []DocumentRow
	Next DocumentID // pass as After for the next page; 0 where this is the last
}

// GoldFilter chooses gold for an export.
type GoldFilter struct {
	Project ProjectID
	Newest  GoldID // ignore gold decided after this one; 0 means all there is when reading starts
}

// GoldPreview counts what an export would hold.
type GoldPreview struct {
	Documents int
	Newest    GoldID
	Body      int             // pieces
	Boiler    int             // pieces
	Spans     map[LabelID]int // by label
	Sites     int
}

// View is the state of one annotator's work on a document, as a screen needs
// it to start.
type View struct {
	Document   Document
	Index      *text.Index
	Annotation Annotation // a copy; its slices may be read, not changed
	State      State      // of the document
	Newer      DocumentID // the version that superseded this one, 0 for none
	Gold       int        // version of the current gold, 0 for none
	GoldBy     []string   // who decided it
}

// Answer says what a batch of events did.
type Answer struct {
	Before  int       // events of the annotation before the batch
	Events  int       // and after it
	Applied []string  // ids that are in the log now, also those that were before
	Refused []Refusal // ids that are not, and why
	View    View
	Touched []text.Range // the parts of the text whose blocks changed, in no order
	Status  bool         // whether the annotation's status changed
}

// Refusal is an event that was not applied.
type Refusal struct {
	ID       string `json:"id"`
	Reason   string `json:"reason"`   // a sentence for a person
	Conflict bool   `json:"conflict"` // the browser's picture is old: load it again
}
