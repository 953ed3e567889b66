package corpus

import (
	"time"

	"annotate/internal/text"
)

// ModelID is a row of what was learnt from a project's gold.
type ModelID int64

// Suggestions are what sources say of a document before a person decides. They
// decide nothing: a suggestion that nobody accepts is in no annotation.
type Suggestions struct {
	Model  ModelID // the model among the sources, 0 where none spoke
	Blocks []BlockSuggestion
	Spans  []SpanSuggestion
}

// BlockSuggestion is a class for one block.
type BlockSuggestion struct {
	Block  int // where the block starts
	Class  Class
	P      float64 // that the class is right, 0.5 to 1
	Source string
	Pages  int // of the same site, on which this text had this class; 0 from other sources than the memory
}

// SpanSuggestion is a label for a stretch inside one block.
type SpanSuggestion struct {
	text.Range
	Label  LabelID
	P      float64 // that exactly this is a span with this label, 0 to 1
	Source string
}

// Empty reports whether there is nothing to suggest.
func (s Suggestions) Empty() bool { return len(s.Blocks)+len(s.Spans) == 0 }

// The sources that are not runs. A run's source is FromRun and its name; a
// model's is FromModel and its number.
const (
	FromPeople    = "people"    // what people settled for this text, on the site or in the project
	FromMemory    = "memory"    // what people said of the same text on the same site
	FromGazetteer = "gazetteer" // what people marked elsewhere
	FromRules     = "lines"     // rules for lines of plain text
	FromModel     = "model:"
	FromRun       = "run:"
)

// Arm says whether a person was shown the suggestions for a document.
type Arm string

const (
	ArmShown Arm = "shown"
	ArmBlind Arm = "blind" // the control arm: they were made and kept back
)

// Shown is what a person was suggested when they opened a document. It stays as
// it was: a model that is trained again changes no page that is being read.
type Shown struct {
	Suggestions
	Arm Arm
	At  time.Time
}

// MaxSource bounds the name of a source, in bytes.
const MaxSource = 200

// checkSource says whether the source that an event names can be kept.
func checkSource(s string) error {
	if len(s) > MaxSource {
		return Invalidf("source", "the name of a source has at most %d bytes", MaxSource)
	}
	for _, r := range s {
		if r < ' ' {
			return Invalidf("source", "the name of a source is one line")
		}
	}

	return nil
}

// Model is what was learnt from a project's gold at one time.
type Model struct {
	ID        ModelID
	Project   ProjectID
	Seed      int64 // the same gold and seed give the same model
	Documents int   // with gold, that it learnt from
	Gold      GoldID
	Trained   time.Time
	Took      time.Duration
	Report    string // suggest.Report as JSON
	Content   []byte // suggest.Learned; nil where it was not asked for, or speaks no more
}

// Acceptance is what became of the suggestions of one source in one arm: in the
// blind arm, what would have been right.
type Acceptance struct {
	Arm        Arm
	Source     string
	Documents  int
	Blocks     int // suggested
	BlocksKept int // handed in with the suggested class
	Spans      int
	SpansKept  int
}

// ArmEffort is one labelling that was handed in, and the arm of its document.
type ArmEffort struct {
	Arm        Arm
	Document   DocumentID
	Annotator  AnnotatorID
	Active     time.Duration
	Words      int
	Compared   bool // with gold that is not the person's alone: TP, FP and FN are words of body
	TP, FP, FN int
}

// Verdict is what a person says of gold that was put in doubt.
type Verdict string

const (
	Unseen    Verdict = ""
	Confirmed Verdict = "confirmed" // gold is right
	Reopened  Verdict = "reopened"  // it is to be corrected
)

// SecondLook is a block of gold that the model, not having seen it, and every
// run that speaks of it contradict.
type SecondLook struct {
	Document DocumentID
	Gold     GoldID
	Block    text.Range
	Class    Class   // of gold
	P        float64 // that gold is right, by the model
	Runs     int     // that say otherwise
	Verdict  Verdict
	By       string // who gave it, "" for nobody
	Name     string // of the document
	Site     string
	Text     string // of the block
	Before   string // the block before it, "" for none
	After    string
}
