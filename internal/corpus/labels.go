package corpus

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Label is the type of a span. Spans refer to it by ID, so that a label can be
// renamed freely; a retired one is not offered any more and keeps its spans.
type Label struct {
	ID      LabelID `json:"id"`
	Name    string  `json:"name"`  // short, as exported: "PER"
	Title   string  `json:"title"` // as shown: "Person"
	Colour  string  `json:"colour"`
	Key     string  `json:"key"` // one character, "" for none
	Retired bool    `json:"retired,omitempty"`
}

// LabelSet is a project's labels in the order of the palette.
type LabelSet []Label

// Colours are the names a label's colour may have; the style sheet gives each
// a light and a dark value with enough contrast.
var Colours = []string{"violet", "blue", "orange", "olive", "pink", "teal", "red", "brown", "slate", "green"}

// DefaultLabels is what a new project starts with.
func DefaultLabels() LabelSet {
	return LabelSet{
		{ID: 1, Name: "PER", Title: "Person", Colour: "violet", Key: "1"},
		{ID: 2, Name: "ORG", Title: "Organisation", Colour: "blue", Key: "2"},
		{ID: 3, Name: "LOC", Title: "Location", Colour: "orange", Key: "3"},
		{ID: 4, Name: "DATE", Title: "Date", Colour: "olive", Key: "4"},
		{ID: 5, Name: "MISC", Title: "Other", Colour: "pink", Key: "5"},
	}
}

// ByID is the label with that id, retired ones included.
func (s LabelSet) ByID(id LabelID) (Label, bool) {
	for _, l := range s {
		if l.ID == id {
			return l, true
		}
	}
	return Label{}, false
}

// ByName is the label with that name, retired ones included.
func (s LabelSet) ByName(name string) (Label, bool) {
	for _, l := range s {
		if l.Name == name {
			return l, true
		}
	}
	return Label{}, false
}

// Names are the names of all labels, retired ones included, by id.
func (s LabelSet) Names() map[LabelID]string {
	names := make(map[LabelID]string, len(s))
	for _, l := range s {
		names[l.ID] = l.Name
	}
	return names
}

// Next is an id that no label of the set has.
func (s LabelSet) Next() LabelID {
	var last LabelID
	for _, l := range s {
		last = max(last, l.ID)
	}
	return last + 1
}

// maxLabels bounds a palette: past it nobody finds a label.
const maxLabels = 100

var labelName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}._/-]{0,39}$`)

// Check says what is wrong with a label set: a name that formats cannot carry,
// two labels with one name, or two living ones with one key. Keys that the
// labelling screen itself uses are in reserved.
func (s LabelSet) Check(reserved map[string]string) error {
	if len(s) > maxLabels {
		return Invalidf("labels", "there may be at most %d labels", maxLabels)
	}

	names, keys := map[string]bool{}, map[string]string{}
	for _, l := range s {
		switch {
		case !labelName.MatchString(l.Name):
			return Invalidf("label name", "%q must start with a letter or digit and hold at most 40 letters, digits or . _ / -", l.Name)
		case names[strings.ToLower(l.Name)]:
			return Invalidf("label name", "%q stands twice", l.Name)
		case utf8.RuneCountInString(l.Title) > 80:
			return Invalidf("label title", "the title of %q is longer than 80 characters", l.Name)
		case !slices.Contains(Colours, l.Colour):
			return Invalidf("label colour", "%q has no colour of the list", l.Name)
		}
		names[strings.ToLower(l.Name)] = true

		if l.Retired || l.Key == "" {
			continue
		}
		switch other, taken := keys[l.Key]; {
		case utf8.RuneCountInString(l.Key) != 1 || strings.TrimSpace(l.Key) == "":
			return Invalidf("label key", "the key of %q must be one character", l.Name)
		case taken:
			return Invalidf("label key", "%q and %q both have the key %s", other, l.Name, l.Key)
		case reserved[l.Key] != "":
			return Invalidf("label key", "%q cannot have the key %s, it is used for: %s", l.Name, l.Key, reserved[l.Key])
		}
		keys[l.Key] = l.Name
	}

	return nil
}

// Reason is why a block has its class, optional and never needed.
type Reason struct {
	Name  string // as stored and exported
	Title string // as shown
	Key   string // after the reason key
}

// Reasons is the fixed list offered for a block.
var Reasons = []Reason{
	{"related", "Related links", "r"},
	{"navigation", "Navigation", "n"},
	{"advertisement", "Advertisement", "a"},
	{"caption", "Caption", "c"},
	{"byline", "Byline or date", "b"},
	{"comment", "Reader comment", "o"},
	{"legal", "Cookie or legal notice", "l"},
	{"subscription", "Subscription", "u"},
	{"share", "Share buttons", "h"},
	{"pagination", "Pagination", "p"},
	{"quoted", "Quoted text", "q"},
	{"other", "Something else", "e"},
}

// KnownReason reports whether name is in Reasons, or empty.
func KnownReason(name string) bool {
	return name == "" || slices.ContainsFunc(Reasons, func(r Reason) bool { return r.Name == name })
}
