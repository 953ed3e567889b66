package views

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Review is the screen on which an adjudicator decides where people differ.
type Review struct {
	Project  corpus.Project
	Who      corpus.Annotator
	Document corpus.DocumentID
	Name     string
	Language string   // BCP 47, "" where unknown
	About    []string // "mara and jonas", "α 0.74 on this document"
	Waiting  int      // documents to review
	Columns  []string // the people who labelled it; "A", "B" where votes are hidden
	Sections [][]ReviewRow
	Agreed   int // blocks and parts of blocks that nobody doubts
	Open     int // differences that nobody has decided
	Comments map[string][]ReviewComment
	Banner   string // how the document stands, where that is not "to review"
	Now      time.Time
	State    ReviewState
}

// ReviewRow is a block, or a part of one where somebody cut it.
type ReviewRow struct {
	Start  int
	Number int // of the block, from 1
	Part   bool
	Key    string // its place
	Class  corpus.Class
	Votes  []corpus.Class // none where all say Class
	Text   string
	Runs   []ReviewRun
	Spans  []ReviewSpans // differences about spans that begin here
	Advice string
}

// ReviewRun is a stretch of a row's text with the spans over it.
type ReviewRun struct {
	Text   string
	Colour string // of the innermost span; "" for none
	Only   string // who alone says so, "" where all agree
}

// ReviewSpans is a difference about spans.
type ReviewSpans struct {
	Key   string
	Quote string
	Votes [][]string // by person: "ORG", or with the words where they are not Quote
}

// ReviewComment is a comment as a page shows it.
type ReviewComment struct {
	corpus.Comment
	Name string // of who wrote it, as this page may tell
}

// ReviewState is what the screen's script starts from, as JSON.
type ReviewState struct {
	Document  corpus.DocumentID  `json:"document"`
	Project   corpus.ProjectID   `json:"project"`
	Annotator corpus.AnnotatorID `json:"annotator"`
	Person    string             `json:"person"`
	Name      string             `json:"name"`
	Language  string             `json:"language"`
	Columns   []string           `json:"columns"`
	Labels    corpus.LabelSet    `json:"labels"`
	Causes    any                `json:"causes"`
	Places    []reviewPlace      `json:"places"`
	Spans     []reviewSpan       `json:"spans"` // that all have
	Majority  bool               `json:"majority"`
	ReviewNews
}

// ReviewNews is the part of the state that every answer brings anew. In an
// answer it has the decisions that the browser had not seen.
type ReviewNews struct {
	Seen      int64            `json:"seen"`
	Version   string           `json:"version"`
	Undo      string           `json:"undo"`
	Redo      string           `json:"redo"`
	Gold      int              `json:"gold"`
	Decisions []reviewDecision `json:"decisions"`
}

// reviewPlace is a difference.
type reviewPlace struct {
	Key   string         `json:"key"`
	Kind  agreement.Kind `json:"kind"`
	Row   int            `json:"row"`  // start of the row it stands in
	Line  int            `json:"line"` // number of that row among all
	Words string         `json:"words"`
	Votes []reviewAnswer `json:"votes"`
	Most  int            `json:"most"` // who says what most say, -1 where there is no majority
}

type reviewAnswer struct {
	Class corpus.Class `json:"class"`
	Spans []reviewSpan `json:"spans"`
}

type reviewDecision struct {
	Key    string        `json:"key"`
	Answer *reviewAnswer `json:"answer"` // null where it is open
	Took   int           `json:"took"`   // number of the person, -1 for nobody
	Cause  corpus.Cause  `json:"cause"`
	By     string        `json:"by"`
}

// reviewSpan is a span in UTF-16 units of the row it begins in, written as a
// short array: row, from, to, label, quote, key of its place.
type reviewSpan struct {
	row, from, to int
	corpus.Span
}

func (s reviewSpan) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.row, s.from, s.to, s.Label, s.Quote, agreement.Key(agreement.OfSpans, s.Range)})
}

// ReviewAnswer tells the screen what became of its actions.
type ReviewAnswer struct {
	Applied []string         `json:"applied"`
	Refused []corpus.Refusal `json:"refused"`
	ReviewNews
}

// NewReview is the screen of r for who. What people may not be told by the
// project's settings is not in it anywhere.
func NewReview(r agreement.Review, project corpus.Project, who corpus.Annotator, comments []corpus.Comment, waiting int, now time.Time) Review {
	d := r.Document
	p := Review{Project: project, Who: who, Document: d.ID, Name: d.Name, Language: d.Language, Waiting: waiting, Now: now,
		Columns: columns(r, project), Comments: reviewComments(r, project, who, comments)}
	if p.Name == "" {
		p.Name = "Document " + strconv.FormatInt(int64(d.ID), 10)
	}
	p.About = append(p.About, people(p.Columns))
	if alpha := r.Alpha(); len(r.People) > 1 && alpha.Defined() {
		p.About = append(p.About, fmt.Sprintf("α %.2f on this document", alpha.Value))
	}
	switch {
	case r.State == corpus.Golden && r.Basis == corpus.Corrected:
		p.Banner = "This document is gold and was corrected since it was decided. Making gold again starts from what people handed in, without those corrections; they stay in the version before."
	case r.State == corpus.Golden:
		p.Banner = "This document is gold, version " + strconv.Itoa(r.Gold) + ". Change an answer and make gold again for a new version."
	case r.State != corpus.Review:
		p.Banner = "This document is “" + stateWord(r.State) + "”, so no gold can be made of it now."
	}

	rows := reviewRows(r, project, p.Columns)
	for _, row := range rows {
		if len(row.Votes) == 0 {
			p.Agreed++
		}
	}
	p.Sections = slices.Collect(slices.Chunk(rows, sectionSize))
	_, open := r.Decide(r.Answers(project.Rule))
	p.Open = len(open)
	p.State = newReviewState(r, project, who, p)

	return p
}

// columns are the people of a review as its page calls them.
func columns(r agreement.Review, project corpus.Project) []string {
	out := make([]string, len(r.People))
	for i, p := range r.People {
		out[i] = p.Name
		if project.VotesHidden {
			out[i] = string(rune('A' + i))
		}
	}

	return out
}

func people(names []string) string {
	switch n := len(names); n {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// reviewComments are the comments by place, in the names that the reader may
// know.
func reviewComments(r agreement.Review, project corpus.Project, who corpus.Annotator, comments []corpus.Comment) map[string][]ReviewComment {
	out := map[string][]ReviewComment{}
	names := columns(r, project)
	for _, c := range comments {
		shown := ReviewComment{c, c.Name}
		if at := slices.IndexFunc(r.People, func(p agreement.Person) bool { return p.Annotator == c.By }); at >= 0 && c.By != who.ID {
			shown.Name = names[at]
		}
		if project.VotesHidden {
			shown.ResolvedBy = ""
		}
		out[c.Place] = append(out[c.Place], shown)
	}

	return out
}

func reviewRows(r agreement.Review, project corpus.Project, names []string) []ReviewRow {
	out := make([]ReviewRow, len(r.Pieces))
	paints := reviewPaints(r, names)
	block, at, from := 0, 0, 0
	for i, p := range r.Pieces {
		for block+1 < len(r.Document.Blocks) && r.Document.Blocks[block+1].Start <= p.Start {
			block++
		}
		row := ReviewRow{Start: p.Start, Number: block + 1, Part: p.Start != r.Document.Blocks[block].Start, Key: agreement.Key(agreement.OfBlock, p.Range), Class: p.Class, Text: r.Index.Slice(p.Range)}
		for ; at < len(r.Conflicts) && r.Conflicts[at].Start < max(p.End, p.Start+1); at++ {
			c := r.Conflicts[at]
			if c.Kind == agreement.OfBlock {
				row.Class = corpus.Undecided
				for _, v := range c.Votes {
					row.Votes = append(row.Votes, v.Class)
				}
				continue
			}
			row.Spans = append(row.Spans, spansOf(r, project, c))
		}
		for from < len(paints) && paints[from].End <= p.Start {
			from++
		}
		row.Runs = reviewRuns(r.Index, p.Range, paints[from:], project.Labels)
		out[i] = row
	}

	return out
}

func spansOf(r agreement.Review, project corpus.Project, c agreement.Conflict) ReviewSpans {
	out := ReviewSpans{Key: c.Key(), Quote: r.Index.Slice(c.Range)}
	for _, v := range c.Votes {
		said := []string{}
		for _, s := range v.Spans {
			words := labelName(project.Labels, s.Label)
			if s.Range != c.Range {
				words += " “" + s.Quote + "”"
			}
			said = append(said, words)
		}
		out.Votes = append(out.Votes, said)
	}

	return out
}

func labelName(labels corpus.LabelSet, id corpus.LabelID) string {
	l, _ := labels.ByID(id)

	return l.Name
}

// paint is a span as it is drawn over the text.
type paint struct {
	text.Range
	label corpus.LabelID
	only  string
}

// reviewPaints are all spans that anybody has, in order.
func reviewPaints(r agreement.Review, names []string) []paint {
	var out []paint
	for _, s := range r.Spans {
		out = append(out, paint{s.Range, s.Label, ""})
	}
	for _, c := range r.Conflicts {
		if c.Kind != agreement.OfSpans {
			continue
		}
		by := map[paint][]string{}
		for i, v := range c.Votes {
			for _, s := range v.Spans {
				key := paint{s.Range, s.Label, ""}
				by[key] = append(by[key], names[i])
			}
		}
		for p, who := range by {
			p.only = "only " + people(who)
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b paint) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		if a.End != b.End {
			return b.End - a.End
		}
		return int(a.label - b.label)
	})

	return out
}

// reviewRuns cuts a row's text wherever a span begins or ends. paints are in
// order and begin at or before the first that reaches into the row.
func reviewRuns(x *text.Index, row text.Range, paints []paint, labels corpus.LabelSet) []ReviewRun {
	cuts := []int{row.Start, row.End}
	var here []paint
	for _, p := range paints {
		if p.Start >= row.End {
			break
		}
		if p.Overlaps(row) {
			here = append(here, p)
			cuts = append(cuts, max(p.Start, row.Start), min(p.End, row.End))
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)

	var out []ReviewRun
	for i := 0; i+1 < len(cuts); i++ {
		r := text.Range{Start: cuts[i], End: cuts[i+1]}
		run := ReviewRun{Text: x.Slice(r)}
		for _, p := range here { // the last that covers it is the innermost
			if p.Contains(r) {
				l, _ := labels.ByID(p.label)
				run.Colour, run.Only = l.Colour, p.only
			}
		}
		out = append(out, run)
	}

	return out
}

// rowText writes a row's text: every character is one of the document's, and a
// carriage return is written so that a parser of HTML keeps it.
func rowText(runs []ReviewRun) templ.Component {
	return written(func(b *strings.Builder) {
		for _, r := range runs {
			words := strings.ReplaceAll(templ.EscapeString(r.Text), "\r", "&#13;")
			if r.Colour == "" {
				b.WriteString(words)
				continue
			}
			b.WriteString(`<mark class="c-` + r.Colour)
			if r.Only != "" {
				b.WriteString(` only" title="` + templ.EscapeString(r.Only))
			}
			b.WriteString(`">` + words + `</mark>`)
		}
	})
}

func newReviewState(r agreement.Review, project corpus.Project, who corpus.Annotator, p Review) ReviewState {
	s := ReviewState{Document: r.Document.ID, Project: project.ID, Annotator: who.ID, Person: who.Name, Name: p.Name, Language: p.Language,
		Columns: p.Columns, Labels: project.Labels, Causes: corpus.Causes, Majority: project.Rule == corpus.Majority && len(r.People) > 2,
		Places: []reviewPlace{}, Spans: reviewSpans(r, r.Spans), ReviewNews: newReviewNews(r, project)}
	for _, c := range r.Conflicts {
		line := rowOf(r, c.Start)
		place := reviewPlace{Key: c.Key(), Kind: c.Kind, Row: r.Pieces[line].Start, Line: line, Words: shorten(r.Index.Slice(c.Range)), Most: -1}
		most, majority := c.Most()
		for i, v := range c.Votes {
			place.Votes = append(place.Votes, reviewAnswer{v.Class, reviewSpans(r, v.Spans)})
			if majority && place.Most < 0 && v.Agree(most) {
				place.Most = i
			}
		}
		s.Places = append(s.Places, place)
	}

	return s
}

// rowOf is the number of the last row that starts at or before pos.
func rowOf(r agreement.Review, pos int) int {
	return max(0, sort.Search(len(r.Pieces), func(i int) bool { return r.Pieces[i].Start > pos })-1)
}

func reviewSpans(r agreement.Review, spans []corpus.Span) []reviewSpan {
	out := make([]reviewSpan, len(spans))
	for i, s := range spans {
		row := r.Pieces[rowOf(r, s.Start)].Range
		from, to := r.Index.Relative(row, s.Range)
		out[i] = reviewSpan{row.Start, from, to, s}
	}

	return out
}

// shorten is the beginning of a text, on one line.
func shorten(s string) string {
	const most = 80
	words := []rune(strings.Join(strings.Fields(s), " "))
	if len(words) <= most {
		return string(words)
	}

	return string(words[:most]) + " …"
}

// NewReviewNews is what a browser learns of decisions.
func newReviewNews(r agreement.Review, project corpus.Project) ReviewNews {
	n := ReviewNews{Seen: r.Last, Version: r.Version, Undo: r.Undo, Redo: r.Redo, Gold: r.Gold, Decisions: []reviewDecision{}}
	for _, d := range r.Decisions {
		one := reviewDecision{Key: d.Place, Cause: d.Cause, Took: -1}
		if d.Answer != nil {
			one.Answer = &reviewAnswer{d.Answer.Class, reviewSpans(r, d.Answer.Spans)}
		}
		labelled := false
		for i, p := range r.People {
			if d.Took == p.Annotator {
				one.Took = i
			}
			labelled = labelled || d.By == p.Annotator
		}
		if !project.VotesHidden || !labelled {
			one.By = d.Name
		}
		n.Decisions = append(n.Decisions, one)
	}
	slices.SortFunc(n.Decisions, func(a, b reviewDecision) int { return strings.Compare(a.Key, b.Key) })

	return n
}

// NewReviewAnswer is the answer to a batch of actions.
func NewReviewAnswer(applied []string, refused []corpus.Refusal, r agreement.Review, project corpus.Project) ReviewAnswer {
	return ReviewAnswer{applied, refused, newReviewNews(r, project)}
}

// NewReviewState is the state alone, for a screen that is open.
func NewReviewState(r agreement.Review, project corpus.Project, who corpus.Annotator) ReviewState {
	return newReviewState(r, project, who, Review{Columns: columns(r, project), Name: r.Document.Name, Language: r.Document.Language})
}

func (p Review) page() Page {
	return Page{Title: "Review of " + p.Name, Who: p.Who, Project: &p.Project, Styles: []string{"css/label.css", "css/review.css"}, Scripts: []string{"js/review.js"}}
}

func (r ReviewRow) differs() bool { return len(r.Votes) > 0 }

func (r ReviewRow) class() string {
	c := "r agreed"
	if r.differs() {
		c = "r differs"
	}
	if r.Part {
		c += " part"
	}
	return c
}

// vote is what a person says of the row.
func (r ReviewRow) vote(i int) corpus.Class {
	if r.differs() {
		return r.Votes[i]
	}
	return r.Class
}

func classWord(c corpus.Class) string {
	if c == corpus.Undecided {
		return "undecided"
	}
	return string(c)
}

// Reviews is the page with what waits for an adjudicator or a manager.
type Reviews struct {
	Page     Page
	Project  corpus.Project
	Filter   corpus.ReviewFilter
	People   []corpus.Annotator // who may be filtered by; none where votes are hidden
	Waiting  int
	ToReview corpus.ReviewPage
	Reviewed corpus.ReviewPage
	Causes   []corpus.CauseCount // in all, then by pair; without pairs where votes are hidden
	Passed   []corpus.PassedOver
	Leases   []corpus.Lease
	Members  []corpus.Annotator // who may be given a document
	Decided  corpus.ReviewPlace // where the page of decided documents begins
}

func (p Reviews) filtered() bool { return p.Filter.Annotator != 0 || p.Filter.Cause != corpus.NoCause }

// whose are the people of a row as this page may tell.
func (p Reviews) whose(row corpus.ReviewRow) string {
	if p.Project.VotesHidden {
		return strconv.Itoa(len(row.People)) + " people"
	}
	return people(row.People)
}

// total are the counts over everybody, or those of pairs.
func (p Reviews) causes(pairs bool) []corpus.CauseCount {
	return slices.DeleteFunc(slices.Clone(p.Causes), func(c corpus.CauseCount) bool { return (c.A != 0) != pairs })
}

// Comments is the page on which those who labelled a document read what was
// said about it.
type Comments struct {
	Page     Page
	Project  corpus.Project
	Document corpus.DocumentID
	Name     string
	Threads  []CommentThread
	Fresh    string // id of the comment that the form sends
	Text     string // as it was sent, where it was wrong
}

// CommentThread is what was said about one place.
type CommentThread struct {
	Place    string
	Quote    string // the words there, "" for the whole document
	Comments []ReviewComment
}

// NewCommentThreads are the comments by place, in reading order, for an
// annotator: who labelled the document beside them stays unnamed where votes
// are hidden.
func NewCommentThreads(r agreement.Review, project corpus.Project, who corpus.Annotator, comments []corpus.Comment) []CommentThread {
	by := map[string][]ReviewComment{}
	for _, c := range comments {
		shown := ReviewComment{c, c.Name}
		labelled := slices.ContainsFunc(r.People, func(p agreement.Person) bool { return p.Annotator == c.By })
		if project.VotesHidden && labelled && c.By != who.ID {
			shown.Name = "another annotator"
		}
		by[c.Place] = append(by[c.Place], shown)
	}
	var out []CommentThread
	for place, list := range by {
		t := CommentThread{Place: place, Comments: list}
		if _, at, err := agreement.ParseKey(place); err == nil && at.In(r.Index.Len()) {
			t.Quote = shorten(r.Index.Slice(at))
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b CommentThread) int { return placeOf(a.Place) - placeOf(b.Place) })

	return out
}

// placeOf is where a thread stands; the one about the whole document is first.
func placeOf(key string) int {
	_, at, err := agreement.ParseKey(key)
	if err != nil {
		return -1
	}
	return at.Start
}

// Advise adds what models of consensus say to the rows where people differ.
func (p *Review) Advise(says map[text.Range]string) {
	for _, rows := range p.Sections {
		for i, row := range rows {
			if _, at, err := agreement.ParseKey(row.Key); err == nil && row.differs() {
				rows[i].Advice = says[at]
			}
		}
	}
}
