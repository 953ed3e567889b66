package corpus

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ReleaseID is a release's row.
type ReleaseID int64

// Release is a project's gold as it was at one moment, under a name that
// papers and reports can cite. It does not change any more; one that is removed
// is hidden and keeps its name.
type Release struct {
	ID      ReleaseID
	Project ProjectID
	Removed bool
	ReleaseManifest
}

// ReleaseManifest is what a release says of itself. Its JSON form stands beside
// an export; see package release for what the hash is over.
type ReleaseManifest struct {
	Schema      string `json:"schema"` // of the hash
	Name        string `json:"name"`
	ProjectName string `json:"project"` // as it was called then
	Note        string `json:"note,omitempty"`
	Hash        string `json:"sha256"` // lower-case hex

	At      time.Time `json:"at"`           // whole milliseconds, UTC
	By      string    `json:"by,omitempty"` // "" for the command line
	Program string    `json:"program"`      // this program and its version

	Documents int `json:"documents"`
	Sites     int `json:"sites"`

	Labels       LabelSet `json:"labels"`
	Guidelines   string   `json:"guidelines"` // Markdown
	Overlap      int      `json:"overlap"`
	OverlapShare int      `json:"overlapShare"` // per cent
	Rule         Rule     `json:"rule"`

	Segmenters map[string]int  `json:"segmenters"` // documents by the rule that cut them
	Bases      map[Basis]int   `json:"bases"`      // documents by what their gold rests on
	Annotators map[string]int  `json:"annotators"` // documents by whose labelling it is; several may have one document
	Deciders   []ReleasePerson `json:"deciders"`   // by id
}

// ReleasePerson is somebody who decided or corrected gold of a release.
type ReleasePerson struct {
	ID        AnnotatorID `json:"id"`
	Name      string      `json:"name"` // as it was then
	Documents int         `json:"documents"`
}

// DeciderNames are the names that the release has for those who decided.
func (m ReleaseManifest) DeciderNames() map[AnnotatorID]string {
	names := make(map[AnnotatorID]string, len(m.Deciders))
	for _, p := range m.Deciders {
		names[p.ID] = p.Name
	}
	return names
}

// AsOf is the project as the release has it: its labels, guidelines and rules.
func (r Release) AsOf(p Project) Project {
	p.Labels, p.Guidelines = r.Labels, r.Guidelines
	p.Overlap, p.OverlapShare, p.Rule = r.Overlap, r.OverlapShare, r.Rule

	return p
}

// Bounds of what a release is called and said to be, in code points.
const (
	MaxReleaseName = 80
	MaxReleaseNote = 2000
)

// CheckRelease trims a release's name and note, and says what is wrong with
// them.
func CheckRelease(name, note string) (string, string, error) {
	name, note = strings.TrimSpace(name), strings.TrimSpace(note)
	switch {
	case name == "":
		return name, note, Invalidf("name", "a release needs a name, such as 2026-11")
	case !utf8.ValidString(name) || !utf8.ValidString(note):
		return name, note, Invalidf("name", "a release's name and note must be UTF-8")
	case utf8.RuneCountInString(name) > MaxReleaseName:
		return name, note, Invalidf("name", "a release's name holds at most %d characters", MaxReleaseName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return name, note, Invalidf("name", "a release's name holds no control characters")
	case utf8.RuneCountInString(note) > MaxReleaseNote:
		return name, note, Invalidf("note", "a release's note holds at most %d characters", MaxReleaseNote)
	}

	return name, note, nil
}

// ReleasePreview is what a release made now would freeze.
type ReleasePreview struct {
	Documents int
	LeftOut   Counts // by state, those without gold; superseded and removed ones are not among them
}

// ReleaseDifference is a place where a release is not what it was.
type ReleaseDifference struct {
	Document DocumentID `json:"document,omitempty"` // 0 where it is about the release as a whole, or a line of a file
	Key      string     `json:"key,omitempty"`      // the document's name outside
	Reason   string     `json:"reason"`             // for a person, without a capital or a full stop
}

// ReleaseDiff is what became of a release in another one of the same project.
type ReleaseDiff struct {
	From               string         `json:"from"`
	To                 string         `json:"to"`
	Added              int            `json:"added"` // documents
	Removed            int            `json:"removed"`
	Changed            int            `json:"changed"`
	Unchanged          int            `json:"unchanged"`
	NewTexts           int            `json:"newTexts"`           // changed documents with another version of the text; their labels are not compared
	WordsToBody        int            `json:"wordsToBody"`        // words that were boilerplate
	WordsToBoilerplate int            `json:"wordsToBoilerplate"` // words that were body
	SpansAdded         map[string]int `json:"spansAdded"`         // by label
	SpansRemoved       map[string]int `json:"spansRemoved"`       // by label
	Labels             []LabelChange  `json:"labels"`             // by id
	GuidelinesDiff     string         `json:"guidelines"`         // a unified diff, "" where they are the same
	SettingsWas        string         `json:"settingsWas,omitempty"`
	SettingsIs         string         `json:"settingsIs,omitempty"` // both "" where they are the same
}

// LabelChange is a label that two releases do not have alike. Was or Is is nil
// where one of them does not have it.
type LabelChange struct {
	Was *Label `json:"was,omitempty"`
	Is  *Label `json:"is,omitempty"`
}

// DocumentChange is a document that two releases do not have alike.
type DocumentChange struct {
	Kind               string         `json:"change"`   // DocumentAdded, DocumentRemoved or DocumentChanged
	Document           DocumentID     `json:"document"` // the newer one
	Key                string         `json:"key"`
	Name               string         `json:"name"`
	NewText            bool           `json:"newText,omitempty"`
	WordsToBody        int            `json:"wordsToBody,omitempty"`
	WordsToBoilerplate int            `json:"wordsToBoilerplate,omitempty"`
	SpansAdded         map[string]int `json:"spansAdded,omitempty"`
	SpansRemoved       map[string]int `json:"spansRemoved,omitempty"`
}

// What can become of a document between two releases.
const (
	DocumentAdded   = "added"
	DocumentRemoved = "removed"
	DocumentChanged = "changed"
)

// Words say what changed in a document: "5 words to body", "+1 PER", "-2 ORG".
// Nothing for one that was added or removed.
func (c DocumentChange) Words() []string {
	var out []string
	if c.NewText {
		out = append(out, "another text")
	}
	words := func(n int, to string) {
		switch {
		case n == 1:
			out = append(out, "1 word to "+to)
		case n > 1:
			out = append(out, fmt.Sprintf("%d words to %s", n, to))
		}
	}
	words(c.WordsToBody, string(Body))
	words(c.WordsToBoilerplate, string(Boilerplate))
	for _, label := range slices.Sorted(maps.Keys(c.SpansAdded)) {
		out = append(out, fmt.Sprintf("+%d %s", c.SpansAdded[label], label))
	}
	for _, label := range slices.Sorted(maps.Keys(c.SpansRemoved)) {
		out = append(out, fmt.Sprintf("-%d %s", c.SpansRemoved[label], label))
	}
	if len(out) == 0 && c.Kind == DocumentChanged {
		out = append(out, "who decided it, reasons or splits")
	}

	return out
}

// Total is the changes of all documents together, as if of one.
func (d ReleaseDiff) Total() DocumentChange {
	return DocumentChange{WordsToBody: d.WordsToBody, WordsToBoilerplate: d.WordsToBoilerplate, SpansAdded: d.SpansAdded, SpansRemoved: d.SpansRemoved}
}

// String says what became of the label.
func (l LabelChange) String() string {
	switch {
	case l.Was == nil:
		return l.Is.Name + " is new"
	case l.Is == nil:
		return l.Was.Name + " is gone"
	case l.Was.Name != l.Is.Name:
		return l.Was.Name + " is called " + l.Is.Name
	case l.Is.Retired && !l.Was.Retired:
		return l.Is.Name + " is retired"
	case l.Was.Retired && !l.Is.Retired:
		return l.Is.Name + " is back"
	}
	return l.Is.Name + " has another title, colour or key"
}
