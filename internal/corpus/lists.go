package corpus

import (
	"fmt"
	"slices"
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

	// Draft says that the record brings Spans and no classes of blocks: Pieces is
	// nil, and the spans become a draft of who imports. A Draft without spans says
	// that somebody looked and found none.
	Draft bool

	Split string // the part that the record says the document is in, "" for none

	// Of a gold text that came without positions: its words, and those of them
	// that were found in the page.
	GoldWords, GoldFound int

	Notes []string // what a person should know: left out, renamed, hardly found
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

// Note says how a file was taken, beside the records of a stream. As an error
// in it, it is none: reading goes on, and nothing is wrong.
type Note struct {
	File string // "" for all of the import
	Text string
}

func (n *Note) Error() string { return (&Problem{File: n.File, Reason: n.Text}).Error() }

// ImportOptions say how an import goes.
type ImportOptions struct {
	Project   ProjectID
	By        AnnotatorID // whose drafts spans without classes of blocks become
	DryRun    bool        // find out what would happen, store nothing
	SkipBad   bool        // import the good records although others are bad
	AddLabels bool        // add labels that the project does not have yet
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
	Drafts    int        `json:"drafts,omitempty"`    // how many of New and Changed brought a draft
	Splits    int        `json:"splits,omitempty"`    // how many of New are fixed to the part that their record names
	GoldWords int        `json:"goldWords,omitempty"` // of gold texts that had to be found in their pages
	GoldFound int        `json:"goldFound,omitempty"` // of these
	Problems  []Problem  `json:"problems,omitempty"`  // the first MaxProblems
	Noted     int        `json:"noted,omitempty"`
	Notes     []Problem  `json:"notes,omitempty"` // what is to be known and stops nothing, the first MaxProblems
	Stored    bool       `json:"stored"`          // false in a dry run, and where a bad record stopped it
	Sample    []Incoming `json:"-"`               // the first three documents, as cut
}

// Note adds what a person should know.
func (r *ImportReport) Note(p Problem) {
	r.Noted++
	if len(r.Notes) < MaxProblems {
		r.Notes = append(r.Notes, p)
	}
}

// Add adds what another part of the same import came to.
func (r *ImportReport) Add(part ImportReport) {
	r.New += part.New
	r.Unchanged += part.Unchanged
	r.Changed += part.Changed
	r.Failed += part.Failed
	r.Gold += part.Gold
	r.Drafts += part.Drafts
	r.Splits += part.Splits
	r.GoldWords += part.GoldWords
	r.GoldFound += part.GoldFound
	r.Noted += part.Noted
	for _, l := range part.NewLabels {
		if !slices.Contains(r.NewLabels, l) {
			r.NewLabels = append(r.NewLabels, l)
		}
	}
	r.Problems = append(r.Problems, part.Problems[:min(len(part.Problems), MaxProblems-len(r.Problems))]...)
	r.Notes = append(r.Notes, part.Notes[:min(len(part.Notes), MaxProblems-len(r.Notes))]...)
	r.Sample = append(r.Sample, part.Sample[:min(len(part.Sample), 3-len(r.Sample))]...)
	r.Stored = r.Stored || part.Stored
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
	Limit    int        // at most 1000; 0 means 50
}

// DocumentRow is a document as a list shows it.
type DocumentRow struct {
	ID       DocumentID
	Key      string
	Name     string
	URL      string
	Site     string
	Language string
	Meta     string // a JSON object
	SHA256   string // of the text, lower-case hex
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

// ProgressDays is how many days, today the last, a person's progress shows.
const ProgressDays = 14

// Progress is how far a project is.
type Progress struct {
	Counts Counts
	Left   int // how many times a document is still to be handed in
	People []PersonProgress
}

// PersonProgress is what one person did in a project.
type PersonProgress struct {
	Annotator AnnotatorID
	Name      string
	Submitted int               // documents
	Active    time.Duration     // time of work on documents, 0 where it was not measured
	Days      [ProgressDays]int // documents handed in on each of the last days (UTC)
}

// Pace is the work a document takes, over everybody whose time was measured; 0
// where nobody's was.
func (p Progress) Pace() time.Duration {
	var active time.Duration
	submitted := 0
	for _, one := range p.People {
		if one.Active > 0 {
			active += one.Active
			submitted += one.Submitted
		}
	}
	if submitted == 0 {
		return 0
	}

	return active / time.Duration(submitted)
}

// Lease is a document that a person holds.
type Lease struct {
	Document  DocumentID
	Name      string // of the document
	Annotator AnnotatorID
	Person    string
	Begun     bool
	Seen      time.Time // the last sign of life
}

// Empty counts what the documents without gold wait for when a person's queue
// is empty.
type Empty struct {
	Held     int   // for people who hold them now
	Waiting  int   // for somebody else: this person has handed them in
	Skipped  int   // for somebody else: this person skipped them
	Free     int   // for this person, were it not for the share cap
	ShareCap int   // per cent, 0 for no bound
	Practice Round // where it has failed, nothing else is handed out
}

// GoldFilter chooses gold for an export.
type GoldFilter struct {
	Project ProjectID
	Since   GoldID    // leave out gold that was there when this one was the newest; 0 for nothing left out. Counts are of all gold
	Newest  GoldID    // ignore gold decided after this one; 0 means all there is when reading starts
	Release ReleaseID // the gold of this release, whatever became of it since; 0 for current gold
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
	Purpose    Purpose
	State      State      // of the document
	Newer      DocumentID // the version that superseded this one, 0 for none
	Gold       int        // version of the current gold, 0 for none
	GoldBy     []string   // who decided it

	Suggestions Suggestions // what is shown as suggested; the store leaves it empty
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
