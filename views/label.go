package views

import (
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Label is the labelling screen of one document.
type Label struct {
	Project  corpus.Project
	Who      corpus.Annotator
	Document corpus.DocumentID
	Name     string
	About    []string // "example.org", "English", "15 blocks"
	Original string   // address of the page, "" where it cannot be opened
	Source   bool     // whether the page as it came is something else than its text
	Done     int      // documents of the project that wait for nobody
	Total    int
	Blind    bool          // hidden gold is mixed in, so that no count may move with what is handed in
	Sections [][]LabelItem // the blocks, in sections that the browser lays out when they are near
	Body     int           // blocks by class
	Boiler   int
	Open     int
	Labels   []LabelCount // the palette, retired labels without a span left out
	Language string       // BCP 47, "" where unknown
	State    LabelState
}

// LabelItem is one block on the screen.
type LabelItem struct {
	Start   int
	Number  int // from 1; the parts of a split block share one
	Part    bool
	Class   corpus.Class
	Reason  string // its title
	Hidden  bool
	Heading int
	Text    string
}

// LabelCount is a line of the palette.
type LabelCount struct {
	corpus.Label
	Spans int
}

// sectionSize is how many blocks the browser lays out together. Small enough
// that one section is cheap, large enough that ten thousand blocks make two
// hundred sections.
const sectionSize = 50

// NewLabel is the screen of v for who, whose annotation v holds.
func NewLabel(v corpus.View, project corpus.Project, who corpus.Annotator, counts corpus.Counts) Label {
	d := v.Document
	p := Label{
		Project: project, Who: who,
		Document: d.ID, Name: d.Name, Original: openable(d.URL), Source: d.MediaType == "text/html", Language: d.Language,
		Done: counts.Total() - counts[corpus.New] - counts[corpus.Begun] - counts[corpus.Labelled], Total: counts.Total(),
		State: NewLabelState(v, project, who),
	}
	if p.Name == "" {
		p.Name = "Document " + strconv.FormatInt(int64(d.ID), 10)
	}
	for _, s := range []string{d.Site, languageName(d.Language), count(len(d.Blocks), "block")} {
		if s != "" {
			p.About = append(p.About, s)
		}
	}

	texts := p.State.Texts
	p.State.Texts = nil // the page's own elements carry the text
	items := make([]LabelItem, len(p.State.Blocks))
	number := 0
	for i, b := range p.State.Blocks {
		if !b.Part {
			number++
		}
		switch b.Class {
		case corpus.Body:
			p.Body++
		case corpus.Boilerplate:
			p.Boiler++
		default:
			p.Open++
		}
		items[i] = LabelItem{Start: b.Start, Number: number, Part: b.Part, Class: b.Class, Reason: reasonTitle(b.Reason), Hidden: b.Hidden, Heading: b.Heading, Text: texts[i]}
		if strings.ContainsAny(texts[i], "\r\x00") { // a parser of HTML changes both
			p.State.Exact = append(p.State.Exact, exactText{b.Start, texts[i]})
		}
	}
	p.Sections = slices.Collect(slices.Chunk(items, sectionSize))

	spans := map[corpus.LabelID]int{}
	for _, s := range v.Annotation.Spans {
		spans[s.Label]++
	}
	for _, l := range project.Labels {
		if !l.Retired || spans[l.ID] > 0 {
			p.Labels = append(p.Labels, LabelCount{l, spans[l.ID]})
		}
	}

	return p
}

// labelModules are what js/label.js imports, itself and through others. Named
// in the page they load at once; found one by one they would load in a chain.
var labelModules = []string{
	"around.js", "beat.js", "cursor.js", "dialogs.js", "keys.js", "known.js", "marks.js", "minimap.js", "next.js", "outbox.js", "paint.js", "pane.js", "pointer.js", "same.js", "screen.js", "state.js", "suggestions.js", "sync.js", "turns.js", "words.js",
}

func (p Label) page() Page {
	return Page{Title: p.Name, Who: p.Who, Project: &p.Project, Styles: []string{"css/label.css"}, Scripts: []string{"js/label.js"}}
}

// openable is u where it is a web address, else "".
func openable(u string) string {
	if strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://") {
		return u
	}
	return ""
}

func reasonTitle(name string) string {
	for _, r := range corpus.Reasons {
		if r.Name == name {
			return r.Title
		}
	}
	return ""
}

// languages are the names of common languages; another one is shown by its
// code.
var languages = map[string]string{
	"ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
	"en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
	"hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian",
	"lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "nb": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
	"sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
	"vi": "Vietnamese", "zh": "Chinese",
}

func languageName(code string) string {
	base, _, _ := strings.Cut(code, "-")
	if name, ok := languages[strings.ToLower(base)]; ok {
		return name
	}
	return code
}

// LabelState is everything the screen's scripts start from, as JSON. Embedded
// in the page it comes without Texts; loaded again, with them.
type LabelState struct {
	Document  corpus.DocumentID  `json:"document"`
	Project   corpus.ProjectID   `json:"project"`
	Annotator corpus.AnnotatorID `json:"annotator"`
	Person    string             `json:"person"`
	Name      string             `json:"name"`
	Language  string             `json:"language"`
	Site      string             `json:"site"`     // "" where unknown
	Practice  bool               `json:"practice"` // what is handed in is shown beside gold; that it is a check, nothing tells
	LabelStatus
	Labels  corpus.LabelSet   `json:"labels"`
	Reasons []labelReason     `json:"reasons"`
	Keys    map[string]string `json:"keys"`
	Paths   []string          `json:"paths"`           // tag paths that Blocks refer to
	Blocks  LabelBlocks       `json:"blocks"`          // [start, class, reason, hidden, heading, part, path]
	Texts   []string          `json:"texts,omitempty"` // of Blocks
	Exact   []exactText       `json:"exact,omitempty"` // texts that HTML cannot carry
	Spans   LabelSpans        `json:"spans"`           // [block, id, from, to, label]

	Suggestions *LabelSuggestions `json:"suggestions,omitempty"`
}

// LabelStatus is the part of the state that every answer brings anew.
type LabelStatus struct {
	Events   int               `json:"events"`
	Status   corpus.Status     `json:"status"`
	Why      string            `json:"why"`
	Undo     string            `json:"undo"` // event that undo takes back next, "" for none
	Redo     string            `json:"redo"`
	DocState corpus.State      `json:"docState"`
	Newer    corpus.DocumentID `json:"newer"`
	Gold     int               `json:"gold"`
	GoldBy   []string          `json:"goldBy"`
	Note     string            `json:"note"`
}

type labelReason struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Key   string `json:"key"`
}

var labelReasons = func() []labelReason {
	out := make([]labelReason, len(corpus.Reasons))
	for i, r := range corpus.Reasons {
		out[i] = labelReason(r)
	}
	return out
}()

type exactText struct {
	start int
	text  string
}

func (e exactText) MarshalJSON() ([]byte, error) { return json.Marshal([]any{e.start, e.text}) }

// LabelBlock is a piece as the scripts see it.
type LabelBlock struct {
	Start   int
	Class   corpus.Class
	Reason  string
	Hidden  bool
	Heading int
	Part    bool // not the first part of its block
	Path    int  // in Paths, -1 for none
}

// LabelBlocks is written as short arrays: a long document has ten thousand.
type LabelBlocks []LabelBlock

func (list LabelBlocks) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 2+28*len(list))
	out = append(out, '[')
	for i, b := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = b.append(out)
		out = append(out, ']')
	}

	return append(out, ']'), nil
}

// append writes the block without the closing bracket. Classes and reasons are
// names of fixed lists, which need no escaping.
func (b LabelBlock) append(out []byte) []byte {
	out = append(out, '[')
	out = strconv.AppendInt(out, int64(b.Start), 10)
	out = append(out, ',', '"')
	out = append(out, classLetter(b.Class)...)
	out = append(out, '"', ',', '"')
	out = append(out, b.Reason...)
	out = append(out, '"', ',')
	out = appendBit(out, b.Hidden)
	out = append(out, ',')
	out = strconv.AppendInt(out, int64(b.Heading), 10)
	out = append(out, ',')
	out = appendBit(out, b.Part)
	out = append(out, ',')

	return strconv.AppendInt(out, int64(b.Path), 10)
}

func appendBit(out []byte, b bool) []byte {
	if b {
		return append(out, '1')
	}
	return append(out, '0')
}

func classLetter(c corpus.Class) string {
	switch c {
	case corpus.Body:
		return "b"
	case corpus.Boilerplate:
		return "x"
	}
	return ""
}

// LabelSpan is a span in UTF-16 units of the block that starts at Block.
type LabelSpan struct {
	Block    int
	ID       corpus.SpanID
	From, To int
	Label    corpus.LabelID
}

// LabelSpans is written as short arrays. A span's id holds letters, digits and
// hyphens only, so it needs no escaping.
type LabelSpans []LabelSpan

func (list LabelSpans) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 2+64*len(list))
	out = append(out, '[')
	for i, s := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, '[')
		out = strconv.AppendInt(out, int64(s.Block), 10)
		out = append(out, ',', '"')
		out = append(out, s.ID...)
		out = append(out, '"', ',')
		out = strconv.AppendInt(out, int64(s.From), 10)
		out = append(out, ',')
		out = strconv.AppendInt(out, int64(s.To), 10)
		out = append(out, ',')
		out = strconv.AppendInt(out, int64(s.Label), 10)
		out = append(out, ']')
	}

	return append(out, ']'), nil
}

// NewLabelState is the state with the texts of all blocks.
func NewLabelState(v corpus.View, project corpus.Project, who corpus.Annotator) LabelState {
	s := LabelState{
		Document: v.Document.ID, Project: project.ID, Annotator: who.ID, Person: who.Name,
		Name: v.Document.Name, Language: v.Document.Language, Site: v.Document.Site, Practice: v.Purpose == corpus.ForPractice,
		LabelStatus: newLabelStatus(v),
		Labels:      project.Labels, Reasons: labelReasons, Keys: who.Keys,
	}
	if s.Labels == nil {
		s.Labels = corpus.LabelSet{}
	}
	if s.Keys == nil {
		s.Keys = map[string]string{}
	}

	all := len(v.Annotation.Pieces)
	var paths map[string]int
	s.Blocks, paths = labelBlocks(v, 0, all)
	s.Paths = make([]string, len(paths))
	for path, i := range paths {
		s.Paths[i] = path
	}
	s.Texts = make([]string, all)
	for i, p := range v.Annotation.Pieces {
		s.Texts[i] = v.Index.Slice(p.Range)
	}
	s.Spans = labelSpans(v, v.Annotation.Spans, 0)
	s.Suggestions = newLabelSuggestions(v, project.Labels)

	return s
}

func newLabelStatus(v corpus.View) LabelStatus {
	a := &v.Annotation
	s := LabelStatus{
		Events: a.Events, Status: a.Status, Why: a.Why, Undo: a.LastDone(), Redo: a.LastUndone(),
		DocState: v.State, Newer: v.Newer, Gold: v.Gold, GoldBy: v.GoldBy, Note: a.Note,
	}
	if s.GoldBy == nil {
		s.GoldBy = []string{}
	}

	return s
}

// labelBlocks are the pieces i to j, and the numbers of their tag paths.
func labelBlocks(v corpus.View, i, j int) (LabelBlocks, map[string]int) {
	blocks, pieces := v.Document.Blocks, v.Annotation.Pieces[i:j]
	out, paths := make(LabelBlocks, len(pieces)), map[string]int{}

	at := 0
	if len(pieces) > 0 {
		at = blockAt(v, pieces[0].Start)
	}
	for k, p := range pieces {
		for at+1 < len(blocks) && blocks[at+1].Start <= p.Start {
			at++
		}
		b := blocks[at]
		out[k] = LabelBlock{Start: p.Start, Class: p.Class, Reason: p.Reason, Hidden: b.Hidden, Heading: b.Heading, Part: p.Start != b.Start, Path: -1}
		if b.Path == "" {
			continue
		}
		n, ok := paths[b.Path]
		if !ok {
			n = len(paths)
			paths[b.Path] = n
		}
		out[k].Path = n
	}

	return out, paths
}

// blockAt is the document's last block that starts at or before pos.
func blockAt(v corpus.View, pos int) int {
	i := sort.Search(len(v.Document.Blocks), func(i int) bool { return v.Document.Blocks[i].Start > pos })

	return max(0, i-1)
}

// labelSpans converts spans, which are in order; from is a piece at or before
// the first one's.
func labelSpans(v corpus.View, spans []corpus.Span, from int) LabelSpans {
	pieces, out := v.Annotation.Pieces, make(LabelSpans, 0, len(spans))
	for _, s := range spans {
		for from+1 < len(pieces) && pieces[from+1].Start <= s.Start {
			from++
		}
		a, b := v.Index.Relative(pieces[from].Range, s.Range)
		out = append(out, LabelSpan{Block: pieces[from].Start, ID: s.ID, From: a, To: b, Label: s.Label})
	}

	return out
}

// LabelAnswer tells the screen what a batch of events did: everything about
// the touched blocks as it is now.
type LabelAnswer struct {
	Before int `json:"before"` // events before the batch
	LabelStatus
	Applied []string         `json:"applied"`
	Refused []corpus.Refusal `json:"refused"`
	Touched [][2]int         `json:"touched"` // first and last block of each touched part, in order, apart from one another
	Classes labelRuns        `json:"classes"` // over every touched part
	Parts   labelParts       `json:"parts"`   // the touched blocks that are split, all their parts
	Spans   LabelSpans       `json:"spans"`   // all that lie in touched blocks
}

// labelRuns are blocks that follow one another and have the same class and
// reason: [first, last, class, reason].
type labelRuns []labelRun

type labelRun struct {
	first, last int
	class       corpus.Class
	reason      string
}

func (r labelRun) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{r.first, r.last, classLetter(r.class), r.reason})
}

// labelParts are written as the blocks of the state are, each with its text
// behind.
type labelParts []labelPart

type labelPart struct {
	LabelBlock
	text string
}

func (p labelPart) MarshalJSON() ([]byte, error) {
	quoted, err := json.Marshal(p.text)
	if err != nil {
		return nil, err
	}
	out := append(p.LabelBlock.append(nil), ',')

	return append(append(out, quoted...), ']'), nil
}

// NewLabelAnswer is what the browser needs to know of a. A touched range
// counts for every whole block of the document that it meets.
func NewLabelAnswer(a corpus.Answer) LabelAnswer {
	v := a.View
	out := LabelAnswer{
		Before: a.Before, LabelStatus: newLabelStatus(v), Applied: a.Applied, Refused: a.Refused,
		Touched: [][2]int{}, Classes: labelRuns{}, Parts: labelParts{}, Spans: LabelSpans{},
	}
	out.Events = a.Events
	if out.Applied == nil {
		out.Applied = []string{}
	}
	if out.Refused == nil {
		out.Refused = []corpus.Refusal{}
	}

	for _, part := range touchedPieces(v, a.Touched) {
		i, j := part[0], part[1]
		pieces := v.Annotation.Pieces[i:j]
		out.Touched = append(out.Touched, [2]int{pieces[0].Start, pieces[len(pieces)-1].Start})

		blocks, _ := labelBlocks(v, i, j)
		for k, b := range blocks {
			if n := len(out.Classes) - 1; k > 0 && out.Classes[n].class == b.Class && out.Classes[n].reason == b.Reason {
				out.Classes[n].last = b.Start
			} else {
				out.Classes = append(out.Classes, labelRun{b.Start, b.Start, b.Class, b.Reason})
			}
			if b.Part || k+1 < len(blocks) && blocks[k+1].Part {
				b.Path = -1
				out.Parts = append(out.Parts, labelPart{b, v.Index.Slice(pieces[k].Range)})
			}
		}
		covered := text.Range{Start: pieces[0].Start, End: pieces[len(pieces)-1].End}
		out.Spans = append(out.Spans, labelSpans(v, v.Annotation.SpansIn(covered), i)...)
	}

	return out
}

// touchedPieces are half-open ranges of piece numbers, in order and apart,
// that hold every whole block which one of touched meets.
func touchedPieces(v corpus.View, touched []text.Range) [][2]int {
	blocks, pieces := v.Document.Blocks, v.Annotation.Pieces
	if len(blocks) == 0 || len(pieces) == 0 {
		return nil
	}

	touched = slices.Clone(touched)
	slices.SortFunc(touched, func(a, b text.Range) int { return a.Start - b.Start })
	var out [][2]int
	for _, r := range touched {
		first, last := blockAt(v, r.Start), blockAt(v, max(r.Start, r.End))
		start, end := blocks[first].Start, blocks[last].End
		i := sort.Search(len(pieces), func(i int) bool { return pieces[i].Start >= start })
		j := sort.Search(len(pieces), func(i int) bool { return pieces[i].Start > max(start, end-1) })
		switch n := len(out) - 1; {
		case i >= j:
		case n >= 0 && i <= out[n][1]:
			out[n][1] = max(out[n][1], j)
		default:
			out = append(out, [2]int{i, j})
		}
	}

	return out
}
