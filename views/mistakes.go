package views

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/text"
)

// ListQuery is what a list of a run's documents is narrowed to, and its order.
// It travels on to the document's own page, so that one can go on from there.
type ListQuery struct {
	Project corpus.ProjectID
	Run     corpus.RunID
	Sort    string       // one of ListSorts; "" for the first
	Kind    string       // a kind of mistake, "" for any
	Status  string       // "" for any
	Against corpus.RunID // the run that mistakes are held against, 0 for none
	New     bool         // only documents on which that run was better
	Query   string       // part of the name, address or id
	Page    int          // from 1
	Release string       // the release whose gold it is about, "" for current gold
}

// ListSorts are the orders of the list, the usual one first.
var ListSorts = []Choice{
	{Name: "f1", Title: "worst F1 first"},
	{Name: "leaked", Title: "most leaked words"},
	{Name: "lost", Title: "most lost words"},
	{Name: "wrong", Title: "most wrong words"},
	{Name: "damage", Title: "most damage against the other run"},
	{Name: "time", Title: "slowest first"},
}

func (q ListQuery) values() string {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Sort != ListSorts[0].Name {
		set("sort", q.Sort)
	}
	set("kind", q.Kind)
	set("status", q.Status)
	if q.Against != 0 {
		v.Set("against", strconv.FormatInt(int64(q.Against), 10))
	}
	if q.New {
		v.Set("new", "1")
	}
	set("q", q.Query)
	set("release", q.Release)
	if q.Page > 1 {
		v.Set("page", strconv.Itoa(q.Page))
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

func (q ListQuery) paged(n int) ListQuery { q.Page = n; return q }

// MistakeList is one page of a run's documents.
type MistakeList struct {
	Page    Page
	Project corpus.Project
	Run     corpus.Run
	Runs    []corpus.Run // that it may be held against
	Query   ListQuery
	Rows    []MistakeRow
	Found   int // over all pages
	Of      int // documents that the run was scored on
	Kinds   []report.KindCount
	Mean    score.Interval
}

// ListSize is how many documents a page of the list holds.
const ListSize = 50

// MistakeRow is one document of the list.
type MistakeRow struct {
	Document     report.Document
	Status       score.Status
	PRF          score.PRF
	Lost, Leaked int
	Costs        float64 // by how much the mean would be higher if this document were perfect
	Was          float64 // what the other run had; NaN without one
	Millis       int
	Kinds        []KindWords // most words first
}

// KindWords is how many words of a document one kind of mistake has.
type KindWords struct {
	Kind  score.Kind
	Words int
}

// kindsOf are the kinds of an outcome, most words first.
func kindsOf(o score.Outcome) []KindWords {
	var out []KindWords
	for k, n := range o.Kinds {
		if n > 0 {
			out = append(out, KindWords{score.Kind(k), int(n)})
		}
	}
	slices.SortStableFunc(out, func(a, b KindWords) int { return b.Words - a.Words })
	return out
}

// wrongWords counts the lost and the leaked words of an outcome.
func wrongWords(o score.Outcome) (lost, leaked int) {
	for k, n := range o.Kinds {
		if score.Kind(k).Leaked() {
			leaked += int(n)
		} else {
			lost += int(n)
		}
	}
	return lost, leaked
}

// ListOrder are the documents of a run that a query asks for, in its order.
// against is the place of the other run, -1 for none.
func ListOrder(r report.Report, run, against int, q ListQuery) []int {
	scores := r.Runs[run].Scores
	f1 := scores.Column(0, score.F1)
	var was score.Column
	if against >= 0 {
		was = r.Runs[against].Scores.Column(0, score.F1)
	}
	kind, byKind := score.KindNamed(q.Kind)
	words := strings.ToLower(strings.TrimSpace(q.Query))

	var out []int
	for i, d := range r.Documents {
		o := scores.Documents[i]
		switch {
		case q.Status != "" && string(o.Status) != q.Status,
			byKind && (o.Kinds == nil || o.Kinds[kind] == 0),
			q.New && was != nil && !(was[i]-f1[i] > score.TieTolerance),
			words != "" && !strings.Contains(strings.ToLower(d.Name+"\x00"+d.URL+"\x00"+d.Key), words):
			continue
		}
		out = append(out, i)
	}

	by := make([]float64, len(r.Documents)) // what comes first is smallest; what has no figure comes last
	for _, i := range out {
		lost, leaked := wrongWords(scores.Documents[i])
		switch q.Sort {
		case "leaked":
			by[i] = -float64(leaked)
		case "lost":
			by[i] = -float64(lost)
		case "wrong":
			by[i] = -float64(lost + leaked)
		case "time":
			by[i] = -float64(scores.Documents[i].Millis)
		case "damage":
			if by[i] = f1[i]; was != nil {
				by[i] = f1[i] - was[i]
			}
		default:
			by[i] = f1[i]
		}
		if math.IsNaN(by[i]) {
			by[i] = math.Inf(1)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(by[a], by[b]) })

	return out
}

// NewMistakeRow is the row of a document.
func NewMistakeRow(r report.Report, run, against, document int) MistakeRow {
	scores := r.Runs[run].Scores
	o := scores.Documents[document]
	row := MistakeRow{Document: r.Documents[document], Status: o.Status, PRF: scores.Figure(document, 0).PRF, Was: math.NaN(), Millis: int(o.Millis), Kinds: kindsOf(o)}
	row.Lost, row.Leaked = wrongWords(o)
	row.Costs = (1 - row.PRF.F1) / float64(max(1, scores.Rows[0].N))
	if against >= 0 {
		row.Was = r.Runs[against].Scores.Column(0, score.F1)[document]
	}
	return row
}

func (l MistakeList) first() int { return (l.Query.Page-1)*ListSize + 1 }
func (l MistakeList) last() int  { return min(l.Query.Page*ListSize, l.Found) }

func (l MistakeList) narrowed() bool {
	return l.Query.Kind != "" || l.Query.Status != "" || l.Query.New || l.Query.Query != ""
}

func (l MistakeList) againstName() string { return runName(l.Runs, l.Query.Against) }

func runName(runs []corpus.Run, id corpus.RunID) string {
	for _, r := range runs {
		if r.ID == id {
			return r.Name
		}
	}
	return ""
}

// statusWord is how an answer came about, in the words of the screen.
func statusWord(s score.Status) string {
	switch s {
	case score.OK:
		return "answered"
	case score.Empty:
		return "empty"
	case score.Failed:
		return "failed"
	case score.TimeOut:
		return "too slow"
	}
	return "no prediction"
}

// Inked is a stretch of a document's text as it is painted.
type Inked struct {
	Text    string
	Fate    score.Fate // "" between words
	Mistake int        // the number of the mistake that it belongs to, from 1; 0 for none
	First   bool       // of its mistake
	Entity  string     // "kept" or "lost", "" for no entity
	Broken  bool       // a line break of the text stands before it
}

// wrong reports whether the words should not be there, or should.
func (i Inked) wrong() bool { return i.Fate == score.LostBody || i.Fate == score.LeakedBoilerplate }

// inker cuts a document's text at the borders of what became of its words, of
// mistakes and of entities. Ranges that are asked for come in order.
type inker struct {
	index    *text.Index
	paints   []score.Paint
	mistakes []score.Mistake
	entities []EntityFate

	paint, mistake, entity int
	named                  int // the last mistake that was begun
}

// EntityFate is an entity of gold and what became of it.
type EntityFate struct {
	text.Range
	Label string
	Quote string
	Body  bool // it stands in body
	Whole bool // all of it is in the cleaned text, in one piece
}

// word is "kept", "lost", "leaked" or "dropped".
func (e EntityFate) word() score.Fate {
	switch {
	case e.Body && e.Whole:
		return score.KeptBody
	case e.Body:
		return score.LostBody
	case e.Whole:
		return score.LeakedBoilerplate
	}
	return score.DroppedBoilerplate
}

// ink cuts the range. Quotes and stops that touch a word go with it, so that a
// sentence is painted to its end.
func (k *inker) ink(r text.Range) []Inked {
	for k.paint > 0 && k.paints[k.paint-1].End > r.Start {
		k.paint--
	}
	for k.paint < len(k.paints) && k.paints[k.paint].End <= r.Start {
		k.paint++
	}

	var out []Inked
	at, before := r.Start, score.Fate("")
	for ; k.paint < len(k.paints) && k.paints[k.paint].Start < r.End; k.paint++ {
		p := k.paints[k.paint]
		start, end := max(p.Start, r.Start), min(p.End, r.End)
		head, tail := k.gap(text.Range{Start: at, End: start})
		if before == "" && at == r.Start {
			head = at
		}
		out = k.stretch(out, text.Range{Start: at, End: head}, before)
		out = k.stretch(out, text.Range{Start: head, End: tail}, "")
		out = k.stretch(out, text.Range{Start: tail, End: end}, p.Fate)
		at, before = end, p.Fate
	}
	head, _ := k.gap(text.Range{Start: at, End: r.End})
	if before == "" {
		head = at
	}
	out = k.stretch(out, text.Range{Start: at, End: head}, before)

	return k.stretch(out, text.Range{Start: head, End: r.End}, "")
}

// gap says up to where a stretch without words belongs to the words before it,
// and from where on to those behind it: white space belongs to neither.
func (k *inker) gap(r text.Range) (head, tail int) {
	s := k.index.Slice(r)
	first := strings.IndexFunc(s, unicode.IsSpace)
	if first < 0 {
		return r.End, r.End
	}
	last := strings.LastIndexFunc(s, unicode.IsSpace)
	_, size := utf8.DecodeRuneInString(s[last:])

	return r.Start + utf8.RuneCountInString(s[:first]), r.End - utf8.RuneCountInString(s[last+size:])
}

// stretch adds a stretch of one fate, cut at the borders of mistakes and of
// entities; what goes on as before is joined.
func (k *inker) stretch(out []Inked, r text.Range, fate score.Fate) []Inked {
	for r.Start < r.End {
		one := Inked{Fate: fate}
		end := r.End
		if one.wrong() {
			for k.mistake > 0 && k.mistakes[k.mistake-1].End > r.Start {
				k.mistake--
			}
			for k.mistake < len(k.mistakes) && k.mistakes[k.mistake].End <= r.Start {
				k.mistake++
			}
			switch {
			case k.mistake < len(k.mistakes) && k.mistakes[k.mistake].Start < end:
				one.Mistake = k.mistake + 1
				if k.mistake+1 < len(k.mistakes) {
					end = min(end, max(r.Start+1, k.mistakes[k.mistake+1].Start))
				}
			case k.mistake > 0: // the stop behind its last word
				one.Mistake = k.mistake
			}
			one.First = one.Mistake > k.named
			k.named = max(k.named, one.Mistake)
		}
		for k.entity > 0 && k.entities[k.entity-1].End > r.Start {
			k.entity--
		}
		for k.entity < len(k.entities) && k.entities[k.entity].End <= r.Start {
			k.entity++
		}
		if k.entity < len(k.entities) {
			if e := k.entities[k.entity]; e.Start <= r.Start {
				one.Entity = "lost"
				if e.Whole {
					one.Entity = "kept"
				}
				end = min(end, e.End)
			} else {
				end = min(end, e.Start)
			}
		}
		one.Text = k.index.Slice(text.Range{Start: r.Start, End: end})
		r.Start = end
		if n := len(out) - 1; n >= 0 && out[n].Fate == one.Fate && out[n].Mistake == one.Mistake && out[n].Entity == one.Entity {
			out[n].Text += one.Text
		} else {
			out = append(out, one)
		}
	}

	return out
}

// MistakePage is what a run did with one document.
type MistakePage struct {
	Page     Page
	Project  corpus.Project
	Run      corpus.Run
	Document corpus.Document // without blocks and text
	Query    ListQuery       // the list that one comes from
	Prev     corpus.DocumentID
	Next     corpus.DocumentID
	Place    int // in the list, from 1; 0 where it is not known
	Of       int
	Others   []RunFigure // every run over this document

	Status  score.Status
	Detail  string
	Millis  int
	Word    score.Figure
	Fates   score.Fates
	Blocks  int // decided rightly, of those with words
	Judged  int
	Content [][]MistakeBlock // in sections that the browser lays out when they are near
	List    []MistakeItem
	News    int // of these: the other run does not make them
	Known   int // of the other run's mistakes: this one does not make them

	Entities []EntityFate
	Invented []WordCount
	Cleaned  []Inked // the cleaned text
	Cut      bool    // not all of it is shown
	Texts    []TokenSample
	Measures []MeasureWork // nil where they are worked out when somebody asks

	mistakes []score.Mistake
}

// RunFigure is a run's F1 of this document.
type RunFigure struct {
	ID   corpus.RunID
	Name string
	F1   float64
}

// MistakeBlock is a block of the document, painted.
type MistakeBlock struct {
	Number int
	Class  corpus.Class
	Reason string
	Ink    []Inked
}

// MistakeItem is one mistake, in reading order; its number is its place from 1.
type MistakeItem struct {
	Kind  score.Kind
	Words int
	New   bool // the run it is held against does not make it
	Quote string
}

// WordCount is a word and how often it is there.
type WordCount struct {
	Word string
	N    int
}

// Bounds of the page.
const (
	inkedSection = 40      // blocks that the browser lays out together
	maxCleaned   = 200_000 // code points of the cleaned text that are shown
	maxInvented  = 60      // different words
	quoteRunes   = 60
)

// Fill fills in what comes of gold and a prediction, but for the headline,
// which may be known already.
func (p *MistakePage) Fill(pair *score.Pair) {
	g := pair.Gold
	p.Status, p.Detail, p.Millis = pair.Prediction.Status, pair.Prediction.Detail, pair.Prediction.Millis
	al := pair.Alignment()
	if al == nil {
		return
	}
	p.Fates = al.Fates(g.Blocks)
	blocks, _ := pair.Confusion()
	p.Blocks, p.Judged = blocks.Body.TP+blocks.Right, blocks.Total()

	index := text.NewIndex(g.Page)
	mistakes := pair.Mistakes()
	p.mistakes = mistakes
	p.Entities = entityFates(al, g, index)
	k := &inker{index: index, paints: al.Paint(g.Blocks), mistakes: mistakes, entities: apart(p.Entities)}
	var all []MistakeBlock
	for i, b := range g.Blocks {
		all = append(all, MistakeBlock{Number: i + 1, Class: b.Class, Reason: reasonTitle(b.Reason), Ink: k.ink(b.Range)})
	}
	p.Content = slices.Collect(slices.Chunk(all, inkedSection))

	p.List = make([]MistakeItem, len(mistakes))
	for i, m := range mistakes {
		p.List[i] = MistakeItem{Kind: m.Kind, Words: m.Words, Quote: quoted(index, m.Range)}
	}
	p.Invented = invented(al)
	p.Cleaned, p.Cut = inkCleaned(al, pair)
}

// Held holds the mistakes against those of another run, after Fill.
func (p *MistakePage) Held(theirs []score.Mistake) {
	for i, fresh := range newAmong(p.mistakes, theirs) {
		p.List[i].New = fresh
		if fresh {
			p.News++
		}
	}
	for _, gone := range newAmong(theirs, p.mistakes) {
		if gone {
			p.Known++
		}
	}
}

// newAmong says which mistakes of one run have no word in common with a
// mistake of the same sort of another's. Both are in reading order.
func newAmong(ours, theirs []score.Mistake) []bool {
	out := make([]bool, len(ours))
	from := 0
	for i, m := range ours {
		for from < len(theirs) && theirs[from].End <= m.Start {
			from++
		}
		out[i] = true
		for _, t := range theirs[from:] {
			if t.Start >= m.End {
				break
			}
			if t.Kind.Leaked() == m.Kind.Leaked() {
				out[i] = false
				break
			}
		}
	}
	return out
}

// quoted is how a stretch begins.
func quoted(index *text.Index, r text.Range) string {
	cut := r.Len() > quoteRunes
	r.End = min(r.End, r.Start+quoteRunes)
	s := strings.Join(strings.Fields(index.Slice(r)), " ")
	if cut {
		s += "…"
	}
	return s
}

// entityFates are the entities of gold with what became of them, in reading
// order; those that cannot be told are left out.
func entityFates(al *score.Alignment, g score.Gold, index *text.Index) []EntityFate {
	var out []EntityFate
	for _, s := range g.Spans {
		e := al.Entities(g.Blocks, []score.Span{s})
		if e == (score.Entities{}) {
			continue
		}
		out = append(out, EntityFate{Range: s.Range, Label: s.Label, Quote: index.Slice(s.Range), Body: e.Kept+e.Lost > 0, Whole: e.Kept+e.Leaked > 0})
	}
	slices.SortStableFunc(out, func(a, b EntityFate) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	return out
}

// apart leaves out entities inside others, which a painted text cannot show.
func apart(all []EntityFate) []EntityFate {
	var out []EntityFate
	for _, e := range all {
		if n := len(out) - 1; n < 0 || out[n].End <= e.Start {
			out = append(out, e)
		}
	}
	return out
}

func (p MistakePage) entityCount(f score.Fate) int {
	n := 0
	for _, e := range p.Entities {
		if e.word() == f {
			n++
		}
	}
	return n
}

// entitiesOf are those with that fate.
func (p MistakePage) entitiesOf(f score.Fate) []EntityFate {
	return slices.DeleteFunc(slices.Clone(p.Entities), func(e EntityFate) bool { return e.word() != f })
}

// invented are the cleaned words that are nowhere in the document, the most
// frequent first.
func invented(al *score.Alignment) []WordCount {
	counts := map[string]int{}
	for _, j := range al.Invented {
		counts[al.Cleaned[j].Norm]++
	}
	out := make([]WordCount, 0, len(counts))
	for w, n := range counts {
		out = append(out, WordCount{w, n})
	}
	slices.SortFunc(out, func(a, b WordCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Word, b.Word)) })
	return out
}

// The fates that only a word of a cleaned text can have.
const (
	inventedWord score.Fate = "invented"
	movedWord    score.Fate = "moved"
)

// inkCleaned paints the cleaned text: what is boilerplate, what is nowhere in
// the document, and what is not at this place or not this often.
func inkCleaned(al *score.Alignment, pair *score.Pair) ([]Inked, bool) {
	blocks := pair.Gold.Blocks
	fates := make([]score.Fate, len(al.Cleaned))
	from := map[int]bool{}
	for _, j := range al.Invented {
		from[j] = true
	}
	b := 0
	for j, i := range al.At {
		switch {
		case from[j]:
			fates[j] = inventedWord
		case i < 0:
			fates[j] = movedWord
		default:
			w := al.Document[i]
			for b < len(blocks) && blocks[b].End <= w.Start { // what is matched is in order
				b++
			}
			fates[j] = score.Unjudged
			if b < len(blocks) && blocks[b].Start <= w.Start {
				switch blocks[b].Class {
				case corpus.Body:
					fates[j] = score.KeptBody
				case corpus.Boilerplate:
					fates[j] = score.LeakedBoilerplate
				}
			}
		}
	}

	index := text.NewIndex(pair.Prediction.Text)
	end := min(index.Len(), maxCleaned)
	k := &inker{index: index}
	for j, w := range al.Cleaned {
		if n := len(k.paints) - 1; n >= 0 && k.paints[n].Fate == fates[j] {
			k.paints[n].End = w.End
			k.paints[n].Words++
		} else {
			k.paints = append(k.paints, score.Paint{Range: w.Range, Fate: fates[j], Words: 1})
		}
	}
	return k.ink(text.Range{Start: 0, End: end}), end < index.Len()
}

// An excerpt shows so many code points before its mistake, and so many in all.
const (
	excerptBefore = 90
	excerptLength = 330
)

// Excerpt is the text around the biggest mistake of a pair, painted, and what
// kind of mistake it is; nothing where there is none.
func Excerpt(pair *score.Pair) ([]Inked, string) {
	mistakes := pair.Mistakes()
	if len(mistakes) == 0 {
		return nil, ""
	}
	biggest := slices.MaxFunc(mistakes, func(a, b score.Mistake) int { return cmp.Compare(a.Words, b.Words) })
	g := pair.Gold
	index := text.NewIndex(g.Page)
	k := &inker{index: index, paints: pair.Alignment().Paint(g.Blocks), mistakes: mistakes}
	window := text.Range{Start: max(0, biggest.Start-excerptBefore), End: min(index.Len(), max(0, biggest.Start-excerptBefore)+excerptLength)}

	var out []Inked
	for _, b := range g.Blocks {
		r := text.Range{Start: max(b.Start, window.Start), End: min(b.End, window.End)}
		if r.Start >= r.End {
			continue
		}
		if r.Start == window.Start && r.Start > b.Start { // not from the middle of a word
			at := strings.IndexFunc(index.Slice(text.Range{Start: r.Start, End: max(r.Start, min(r.End, biggest.Start))}), unicode.IsSpace)
			switch {
			case at >= 0:
				r.Start += utf8.RuneCountInString(index.Slice(r)[:at]) + 1
			case r.End <= biggest.Start:
				continue
			}
		}
		ink := k.ink(r)
		if len(ink) > 0 && len(out) > 0 {
			ink[0].Broken = true
		}
		out = append(out, ink...)
	}
	if len(out) == 0 {
		return nil, ""
	}
	if window.Start > 0 {
		out = append([]Inked{{Text: "…"}}, out...)
	}
	if window.End < index.Len() {
		last := &out[len(out)-1]
		if at := strings.LastIndexFunc(last.Text, unicode.IsSpace); at > 0 { // not up to the middle of a word
			last.Text = last.Text[:at]
		}
		last.Text = strings.TrimRightFunc(last.Text, unicode.IsSpace)
		out = append(out, Inked{Text: " …"})
	}

	return out, biggest.Kind.Title()
}

// MeasureWork is one measure of one document, worked out.
type MeasureWork struct {
	score.Measure
	Figure score.Figure
	Lines  []string // the arithmetic
}

// WorkOut takes measures of a pair and writes out how each comes about.
func WorkOut(pair *score.Pair, measures []score.Measure) []MeasureWork {
	var out []MeasureWork
	for _, m := range measures {
		f := m.Of(pair)
		out = append(out, MeasureWork{Measure: m, Figure: f, Lines: workLines(pair, m, f)})
	}
	return out
}

// counted are what the measures that have counts count, and of which sides.
var counted = map[string]struct{ hits, said, right string }{
	"word":       {"words of the longest common subsequence", "words of the cleaned text", "words of gold's body"},
	"shingle":    {"shared runs of four words", "runs of the cleaned text", "runs of gold's body"},
	"ratio":      {"tokens of the longest common subsequence", "tokens of the cleaned text", "tokens of gold's body"},
	"rouge-lsum": {"tokens hit, line by line", "tokens of the cleaned text", "tokens of gold's body"},
	"bag":        {"shared words, each as often as both have it", "words of the cleaned text", "words of gold's body"},
	"rouge5":     {"shared runs of five tokens", "runs of the cleaned text", "runs of gold's body"},
	"cleaneval":  {"words that difflib matches", "words of the cleaned text", "words of gold's body"},
	"snippets":   {"snippets found that must be there", "snippets found", "snippets that must be there"},
	"block":      {"blocks of body found", "blocks called body", "blocks of body in gold"},
	"span":       {"spans with equal start, end and label", "spans of the prediction", "spans of gold"},
	"block-words": {"words in blocks of body found", "words in blocks called body",
		"words in blocks of body in gold"},
}

func workLines(pair *score.Pair, m score.Measure, f score.Figure) []string {
	if f.Why != "" && math.IsNaN(f.PRF.F1) {
		return []string{"Does not exist: " + f.Why + "."}
	}
	ratio := func(name string, part, whole int, value float64) string {
		if whole == 0 {
			if math.IsNaN(value) {
				return fmt.Sprintf("%s does not exist: there is nothing to divide by", name)
			}
			return fmt.Sprintf("%s = %s by convention: there is nothing to divide by", name, exactly(value))
		}
		return fmt.Sprintf("%s = %s / %s = %s", name, number(part), number(whole), exactly(value))
	}
	share := func(what string, part, rest int, of string) []string {
		return []string{fmt.Sprintf("%s %s, %s %s", number(part), what, number(part+rest), of), ratio("share", part, part+rest, f.PRF.F1)}
	}

	switch m.Name {
	case "leaked":
		a := pair.Alignment().Fates(pair.Gold.Blocks)
		return share("words of boilerplate kept", a.Leaked, a.Dropped, "words of boilerplate in the page")
	case "lost":
		a := pair.Alignment().Fates(pair.Gold.Blocks)
		return share("words of body dropped", a.Lost, a.Kept, "words of body in the page")
	case "invented":
		a := pair.Alignment().Fates(pair.Gold.Blocks)
		return share("cleaned words that are nowhere in the page", a.Invented, a.Cleaned-a.Invented, "words of the cleaned text")
	case "entities":
		e := pair.Alignment().Entities(pair.Gold.Blocks, pair.Gold.Spans)
		return share("entities of body whole in the cleaned text", e.Kept, e.Lost, "entities in body")
	case "entities-leaked":
		e := pair.Alignment().Entities(pair.Gold.Blocks, pair.Gold.Spans)
		return share("entities of boilerplate whole in the cleaned text", e.Leaked, e.Dropped, "entities in boilerplate")
	case "exact":
		a, b := len(score.RegexWords(pair.Gold.Body)), len(score.RegexWords(pair.Prediction.Text))
		word := "are not the same"
		if f.PRF.F1 == 1 {
			word = "are the same"
		}
		return []string{fmt.Sprintf("%s in gold's body, %s in the cleaned text: they %s", count(a, "word"), number(b), word)}
	case "edit":
		a, b := utf8.RuneCountInString(pair.Gold.Body), utf8.RuneCountInString(pair.Prediction.Text)
		longer := max(a, b)
		edits := int(math.Round((1 - f.PRF.F1) * float64(longer)))
		return []string{fmt.Sprintf("%s of gold's body, %s of the cleaned text, %s between them", count(a, "code point"), number(b), count(edits, "edit")),
			fmt.Sprintf("1 − %s / %s = %s", number(edits), number(longer), exactly(f.PRF.F1))}
	}

	c, ok := counted[m.Name]
	if !ok || f.Counts == (score.Counts{}) && m.Single {
		if m.Single {
			return []string{"= " + exactly(f.PRF.F1)}
		}
		return []string{fmt.Sprintf("P = %s, R = %s, F1 = %s", exactly(f.PRF.P), exactly(f.PRF.R), exactly(f.PRF.F1))}
	}
	said, right := f.TP+f.FP, f.TP+f.FN
	lines := []string{fmt.Sprintf("%s %s; %s %s; %s %s", number(f.TP), c.hits, number(said), c.said, number(right), c.right)}
	if !m.Single {
		lines = append(lines, ratio("P", f.TP, said, f.PRF.P), ratio("R", f.TP, right, f.PRF.R))
	}
	name := "F1"
	if m.Single {
		name = "ratio"
	}
	if said+right == 0 {
		return append(lines, ratio(name, 0, 0, f.PRF.F1))
	}
	return append(lines, fmt.Sprintf("%s = 2 · %s / (%s + %s) = %s", name, number(f.TP), number(said), number(right), exactly(f.PRF.F1)))
}

// TokenSample shows how the texts are cut into what measures count.
type TokenSample struct {
	Rule            string
	Used            string // by which measures
	Gold, Cleaned   []string
	GoldN, CleanedN int
}

// shownTokens is how many tokens of a side a sample holds.
const shownTokens = 16

// Samples cut both texts in the ways that measures do.
func Samples(pair *score.Pair) []TokenSample {
	words := func(s string) score.Tokens {
		ws := score.Words(s)
		out := make(score.Tokens, len(ws))
		for i, w := range ws {
			out[i] = w.Norm
		}
		return out
	}
	var out []TokenSample
	for _, rule := range []struct {
		name, used string
		cut        func(string) score.Tokens
	}{
		{"words by UAX 29, NFC", "word, leaked, lost, invented", words},
		{`\w+, case kept`, "shingle, identical words", score.RegexWords},
		{"between white space", "token ratio, ROUGE-LSum", score.Fields},
		{`\w+, lower-cased`, "bag of words", func(s string) score.Tokens { return score.RegexWords(score.Lower(s)) }},
	} {
		g, c := rule.cut(pair.Gold.Body), rule.cut(pair.Prediction.Text)
		out = append(out, TokenSample{Rule: rule.name, Used: rule.used, Gold: firsts(g, shownTokens), Cleaned: firsts(c, shownTokens), GoldN: len(g), CleanedN: len(c)})
	}
	return out
}

// shownMistakes is how many mistakes the list beside the text holds.
const shownMistakes = 60

func (l MistakeList) meanWords() string {
	if math.IsNaN(l.Mean.Mean) {
		return count(l.Of, "document")
	}
	return "mean F1 " + figure(l.Mean.Mean) + " over " + count(l.Of, "document")
}

// points is a share of 1 in points, hundredths.
func points(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(100*v, 'f', 3, 64)
}

func (p MistakePage) neighbour(id corpus.DocumentID) string {
	if id == 0 {
		return ""
	}
	return RunDocumentPath(p.Query, id)
}

// inRun is the same query for another run; that run is not held against
// itself.
func (p MistakePage) inRun(id corpus.RunID) ListQuery {
	q := p.Query
	if q.Run = id; q.Against == id {
		q.Against, q.New = 0, false
	}
	return q
}

func (p MistakePage) againstName() string {
	for _, r := range p.Others {
		if r.ID == p.Query.Against {
			return r.Name
		}
	}
	return ""
}

// kindWords is what stands at the start of a mistake.
func (p MistakePage) kindWords(n int) string {
	m := p.List[n-1]
	s := m.Kind.Title() + ", " + count(m.Words, "word")
	if m.New {
		s += ", new"
	}
	return s
}

// timed reports whether the time of any document is known.
func (l MistakeList) timed() bool {
	return l.Query.Sort == "time" || slices.ContainsFunc(l.Rows, func(r MistakeRow) bool { return r.Millis > 0 })
}
