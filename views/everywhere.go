package views

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// EverywhereQuery names the text that is to be settled: a block or words of a
// document, as the labelling screen knows them, or what a ruling was about.
type EverywhereQuery struct {
	Document corpus.DocumentID
	Ruling   corpus.RulingID // if not 0, the rest is its own
	Project  bool            // in the whole project, not on the site alone
	Block    int             // where the block starts
	Class    corpus.Class    // what the person calls it; of a block
	From, To int             // UTF-16 units inside the block; of words
	Quote    string          // the words; "" where a block is meant
	Label    corpus.LabelID
}

// fields are what a form repeats of the query: all but what it decides.
func (q EverywhereQuery) fields() []Field {
	if q.Ruling != 0 {
		return []Field{{"ruling", strconv.FormatInt(int64(q.Ruling), 10)}}
	}
	out := []Field{{"scope", q.scope()}, {"block", strconv.Itoa(q.Block)}}
	if q.Quote != "" {
		out = append(out, Field{"from", strconv.Itoa(q.From)}, Field{"to", strconv.Itoa(q.To)}, Field{"quote", q.Quote})
	}

	return out
}

func (q EverywhereQuery) scope() string {
	if q.Project {
		return "project"
	}
	return "site"
}

func (q EverywhereQuery) values() url.Values {
	v := url.Values{}
	for _, f := range q.fields() {
		v.Set(f.Name, f.Value)
	}
	if q.Class != corpus.Undecided {
		v.Set("class", string(q.Class))
	}
	if q.Label != 0 {
		v.Set("label", strconv.FormatInt(int64(q.Label), 10))
	}

	return v
}

// reaching is the same query with the other reach.
func (q EverywhereQuery) reaching(project bool) EverywhereQuery {
	q.Project = project
	return q
}

// Everywhere settles a text for all places that have the same.
type Everywhere struct {
	Page     Page
	Project  corpus.Project
	Document corpus.Document // from which the person comes
	Query    EverywhereQuery
	Asked    corpus.Ruling  // the text, and what is chosen for it
	Chosen   bool           // whether anything is chosen yet
	Counts   *corpus.Ruling // what is settled now, the same reach; nil for nothing
	Finds    corpus.Finds
	Blind    bool // what others decided stays hidden
	Errors   Errors
}

func (e Everywhere) ofBlock() bool { return e.Asked.About == corpus.OfBlock }

// title names the page by what is settled, and where.
func (e Everywhere) title() string { return "The same " + e.where() }

func (e Everywhere) where() string {
	if e.Asked.Site == "" {
		return "in the whole project"
	}
	return "on " + e.Asked.Site
}

// found says how many places there are, and how far was looked.
func (e Everywhere) found() string {
	n, docs := e.Finds.Places(), len(e.Finds.List)
	what := "block"
	if !e.ofBlock() {
		what = "place"
	}
	out := count(n, what) + " in " + count(docs, "document") + "."
	if e.Finds.More {
		out = "The newest " + out + " There may be more: " + count(e.Finds.Looked, "document") + " were looked through. What you decide holds for all of them, and for pages that come later."
	}

	return out
}

// Choices for a block.
var rulingClasses = []struct {
	Class corpus.Class
	Value string
	Title string
	About string
}{
	{corpus.Body, "body", "Body", ""},
	{corpus.Boilerplate, "boilerplate", "Boilerplate", ""},
	{corpus.Undecided, "open", "Leave open", "It depends on the page: nothing is suggested, and people decide each time."},
}

func (e Everywhere) living() (out []corpus.Label) {
	for _, l := range e.Project.Labels {
		if !l.Retired {
			out = append(out, l)
		}
	}
	return out
}

// RulingWords are what a ruling calls a text: "body", "Person", "no entity".
func RulingWords(r corpus.Ruling, labels corpus.LabelSet) string {
	switch l, ok := labels.ByID(r.Label); {
	case r.About == corpus.OfBlock && r.Class == corpus.Undecided:
		return "left open"
	case r.About == corpus.OfBlock:
		return string(r.Class)
	case ok && l.Title != "":
		return l.Title
	case ok:
		return l.Name
	}

	return "no entity"
}

func (e Everywhere) countsWords() string { return RulingWords(*e.Counts, e.Project.Labels) }

// countsBy says who settled it, and stands before when that was.
func (e Everywhere) countsBy() string {
	by := " by " + maker(e.Counts.By) + ", "
	if n := len(e.Counts.Without); n > 0 {
		by += "with " + count(n, "place") + " left out, "
	}
	return by
}

// hit is one place as the page shows it.
type hit struct {
	Value               string // "7-120": document and start
	Path                string
	Name                string
	Before, Text, After string
	Now                 string // what it is at present
	Left                bool
}

func (e Everywhere) hits() []hit {
	var out []hit
	for _, f := range e.Finds.List {
		x := text.NewIndex(f.Document.Text)
		for _, r := range f.Places {
			h := hit{
				Value: PlaceValue(corpus.Place{Document: f.Document.ID, Start: r.Start}), Path: DocumentPath(f.Document.ID), Name: documentName(f.Document.Name, f.Document.ID),
				Text: shortenTo(x.Slice(r), longestHit), Now: e.now(f, r), Left: e.Asked.Leaves(f.Document.ID, r.Start),
			}
			h.Before, h.After = around(x, f.Document.Blocks, r)
			out = append(out, h)
		}
	}

	return out
}

// PlaceValue is a place as a form names it; ParsePlace in handlers reads it.
func PlaceValue(p corpus.Place) string {
	return strconv.FormatInt(int64(p.Document), 10) + "-" + strconv.Itoa(p.Start)
}

// How much of a place is shown, in characters.
const (
	longestHit     = 300
	longestContext = 90
)

// around is what stands before and after a place: of a block its neighbours, of
// words the rest of their block.
func around(x *text.Index, blocks []corpus.Block, r text.Range) (before, after string) {
	for i, b := range blocks {
		if !b.Contains(r) {
			continue
		}
		if b.Range != r {
			return lastOf(x.Slice(text.Range{Start: b.Start, End: r.Start})), shortenTo(x.Slice(text.Range{Start: r.End, End: b.End}), longestContext)
		}
		if i > 0 {
			before = lastOf(x.Slice(blocks[i-1].Range))
		}
		if i+1 < len(blocks) {
			after = shortenTo(x.Slice(blocks[i+1].Range), longestContext)
		}
		return before, after
	}

	return "", ""
}

// shortenTo is the beginning of s, whole characters, with an ellipsis.
func shortenTo(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n])) + "…"
}

func lastOf(s string) string {
	if utf8.RuneCountInString(s) <= longestContext {
		return s
	}
	runes := []rune(s)

	return "…" + strings.TrimSpace(string(runes[len(runes)-longestContext:]))
}

// now is what a place is at present: what gold says, else how far its document
// is. Who must not see what others decided sees nothing.
func (e Everywhere) now(f corpus.Found, r text.Range) string {
	switch {
	case e.Blind:
		return ""
	case f.Gold == nil:
		return stateWord(f.State)
	case e.ofBlock():
		return "gold: " + classesIn(f.Gold.Pieces, r)
	}
	for _, s := range f.Gold.Spans {
		if l, _ := e.Project.Labels.ByID(s.Label); s.Range == r {
			return "gold: " + l.Title
		}
	}
	for _, s := range f.Gold.Spans {
		if s.Overlaps(r) {
			return "gold: another entity"
		}
	}

	return "gold: no entity"
}

func classesIn(pieces []corpus.Piece, r text.Range) string {
	said := corpus.Undecided
	for _, p := range pieces {
		switch {
		case !p.Overlaps(r) || p.Class == said:
		case said != corpus.Undecided:
			return "both, in parts"
		default:
			said = p.Class
		}
	}

	return string(said)
}
