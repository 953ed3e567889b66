package score

import (
	"cmp"
	"math"
	"slices"

	"annotate/internal/corpus"
)

// Scored is one document with its figures, in the order of a report's measures.
type Scored struct {
	ID, Site   string
	Status     Status
	Millis     int
	Figures    []Figure
	Everything Counts    // words, had the whole page been kept; zero where the page is not known, as all that follow
	Fates      Fates     // of words
	Blocks     Confusion // each block counts once
	ByWords    Confusion // each block counts as often as it has words
	Entities   Entities
	Kinds      Kinds // wrong words by what sort of mistake they are
}

// Score takes the measures of one pair.
func Score(measures []Measure, g Gold, a Prediction) Scored {
	if a.Status == OK && Blank(a.Text) && a.Blocks == nil && !a.Labels {
		a.Status = Empty
	}
	p := &Pair{Gold: g, Prediction: a}
	s := Scored{ID: g.ID, Site: g.Site, Status: a.Status, Millis: a.Millis, Figures: make([]Figure, len(measures))}
	for i, m := range measures {
		s.Figures[i] = m.of(p)
	}
	if p.alignment != nil {
		s.Fates = p.alignment.Fates(g.Blocks)
		s.Blocks, s.ByWords = p.Confusion()
		s.Entities = p.alignment.Entities(g.Blocks, g.Spans)
		s.Kinds = countKinds(p.Mistakes())
		if body := g.bodyWords(); len(body) > 0 {
			s.Everything = everything(g, body)
		}
	}

	return s
}

// everything counts the words of a page that is kept whole. As a rule the body's
// words are words of the page in their order, and nothing need be searched; they
// are not where a block's border cuts a word.
func everything(g Gold, body []Word) Counts {
	page := g.pageWords()
	k, n := 0, 0
	for _, w := range page {
		for k < len(g.Blocks) && g.Blocks[k].End <= w.Start {
			k++
		}
		if k == len(g.Blocks) {
			break
		}
		if g.Blocks[k].Class != corpus.Body || g.Blocks[k].Start > w.Start {
			continue
		}
		if n == len(body) || body[n].Norm != w.Norm {
			return WordCounts(body, page)
		}
		n++
	}
	if n < len(body) {
		return WordCounts(body, page)
	}

	return lengths(n, n, len(page))
}

// Row is a measure over all documents.
type Row struct {
	Measure Measure
	Macro   [3]Interval // P, R, F1 over documents
	BySite  *Interval   // of the F1, with whole sites drawn; nil where sites are not known
	Micro   PRF         // of the summed counts; NaN where counts do not add
	N       int         // documents that have an F1
	Reasons []Reason    // why others have none
}

// Reason counts documents without a figure.
type Reason struct {
	Why string
	N   int
}

// Report is a run over all documents. It keeps figures in columns and no text:
// some 300 bytes a document.
type Report struct {
	Measures   []Measure
	Documents  []Outcome // in the order they came
	Sites      int       // different ones, 0 where any document's is unknown
	Rows       []Row
	Resamples  Resampling
	Everything Row // words, had every page been kept whole; no N where no page is known
	Nothing    Row // words, had nothing been kept
	Fates      Fates
	Blocks     Confusion
	ByWords    Confusion
	Entities   Entities
	Kinds      Kinds

	columns    []figures
	everything figures
	nothing    figures
}

// Outcome is a document in a report, without its figures.
type Outcome struct {
	ID, Site string
	Status   Status
	Millis   int32
	Words    int32   // of its body
	Page     int32   // words of the whole page, 0 where it is not known
	Kinds    []int32 // wrong words by Kind, nil for none
}

// figures are those of one measure for every document.
type figures struct {
	p, r, f1 Column
	counts   [][3]int32 // nil where the measure has none
	whys     []uint8    // 0 where there is a figure
	reasons  []string   // by number − 1
}

func (c *figures) add(m Measure, f Figure) {
	if !m.Single {
		c.p, c.r = append(c.p, f.PRF.P), append(c.r, f.PRF.R)
	}
	c.f1 = append(c.f1, f.PRF.F1)
	if m.Adds || !m.Single {
		c.counts = append(c.counts, [3]int32{int32(f.TP), int32(f.FP), int32(f.FN)})
	}
	why := 0
	if f.Why != "" {
		if why = slices.Index(c.reasons, f.Why) + 1; why == 0 {
			c.reasons = append(c.reasons, f.Why)
			why = len(c.reasons)
		}
	}
	c.whys = append(c.whys, uint8(why))
}

func (c *figures) at(i int) Figure {
	f := Figure{PRF: PRF{math.NaN(), math.NaN(), c.f1[i]}}
	if c.p != nil {
		f.PRF.P, f.PRF.R = c.p[i], c.r[i]
	}
	if c.counts != nil {
		f.Counts = Counts{int(c.counts[i][0]), int(c.counts[i][1]), int(c.counts[i][2])}
	}
	if c.whys[i] > 0 {
		f.Why = c.reasons[c.whys[i]-1]
	}
	return f
}

func (c *figures) part(part Part) Column {
	if column := [...]Column{c.p, c.r, c.f1}[part]; column != nil {
		return column
	}
	return unknown(len(c.f1))
}

// wordMeasure is the headline, by which the anchors are measured.
var wordMeasure = Measure{Name: "word", Adds: true}

// FewSites is below how many sites an interval by site is not to be trusted.
const FewSites = 20

// NewReport sums up documents that were scored by these measures.
func NewReport(measures []Measure, documents []Scored, r Resampling) *Report {
	out := &Report{Measures: measures}
	for _, d := range documents {
		out.Add(d)
	}
	out.Sum(r)

	return out
}

// Add takes in one document that was scored by the report's measures.
func (r *Report) Add(d Scored) {
	if r.columns == nil {
		r.columns = make([]figures, len(r.Measures))
	}
	o := Outcome{ID: d.ID, Site: d.Site, Status: d.Status, Millis: int32(d.Millis), Page: int32(d.Fates.Page())}
	for k, m := range r.Measures {
		r.columns[k].add(m, d.Figures[k])
		if m.Name == wordMeasure.Name {
			o.Words = int32(d.Figures[k].TP + d.Figures[k].FN)
		}
	}
	if d.Kinds != (Kinds{}) {
		o.Kinds = make([]int32, len(d.Kinds))
		for k, n := range d.Kinds {
			o.Kinds[k] = int32(n)
		}
	}
	r.Documents = append(r.Documents, o)
	r.everything.add(wordMeasure, anchorFigure(d.Everything))
	r.nothing.add(wordMeasure, anchorFigure(Counts{FN: int(o.Words)}))
	r.Fates = r.Fates.Add(d.Fates)
	r.Blocks, r.ByWords = r.Blocks.Add(d.Blocks), r.ByWords.Add(d.ByWords)
	r.Entities = r.Entities.Add(d.Entities)
	r.Kinds = r.Kinds.Add(d.Kinds)
}

func anchorFigure(c Counts) Figure {
	if c.TP+c.FN == 0 {
		return Figure{PRF: PRF{math.NaN(), math.NaN(), math.NaN()}, Why: NoBody}
	}
	return counted(c, Counts.PRF, "")
}

// Sum makes the rows of the documents added so far.
func (r *Report) Sum(resamples Resampling) {
	r.Resamples, r.Rows, r.Sites = resamples, nil, 0
	sites := siteNumbers(r.Documents)
	if sites != nil {
		r.Sites = slices.Max(sites) + 1
	}
	if r.columns == nil {
		r.columns = make([]figures, len(r.Measures))
	}

	var columns []Column
	for k := range r.Measures {
		c := &r.columns[k]
		f1 := c.f1
		if r.Measures[k].OfMeans { // its F1 comes of the two others
			f1 = unknown(len(f1))
		}
		columns = append(columns, c.part(P), c.part(R), f1)
	}
	byDocument := resamples.Means(columns, nil)
	var bySite [][]float64
	if sites != nil {
		bySite = resamples.Means(columns, sites)
	}
	for k, m := range r.Measures {
		row := Row{Measure: m, Micro: PRF{math.NaN(), math.NaN(), math.NaN()}}
		total := func(means [][]float64) []float64 {
			if m.OfMeans {
				return harmonics(means[3*k], means[3*k+1])
			}
			return means[3*k+2]
		}
		mean := r.Mean(k)
		row.Macro = [3]Interval{
			Spread(columns[3*k].Mean(), byDocument[3*k]),
			Spread(columns[3*k+1].Mean(), byDocument[3*k+1]),
			Spread(mean, total(byDocument)),
		}
		if bySite != nil {
			i := Spread(mean, total(bySite))
			row.BySite = &i
		}
		r.columns[k].sum(&row)
		r.Rows = append(r.Rows, row)
	}
	r.Everything, r.Nothing = r.everything.anchor(), r.nothing.anchor()
}

// sum counts what adds, and why figures are missing.
func (c *figures) sum(row *Row) {
	var sum Counts
	reasons := map[string]int{}
	for i := range c.f1 {
		f := c.at(i)
		sum = sum.Add(f.Counts)
		if math.IsNaN(f.PRF.F1) {
			reasons[f.Why]++
		} else {
			row.N++
		}
	}
	if row.Measure.Adds {
		row.Micro = sum.PRF()
	}
	for why, n := range reasons {
		row.Reasons = append(row.Reasons, Reason{why, n})
	}
	slices.SortFunc(row.Reasons, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Why, b.Why)) })
}

// anchor is the row of a run that nobody has to doubt: it has no interval.
func (c *figures) anchor() Row {
	row := Row{Measure: wordMeasure}
	for part := range row.Macro {
		mean := c.part(Part(part)).Mean()
		row.Macro[part] = Interval{mean, math.NaN(), math.NaN(), math.NaN()}
	}
	c.sum(&row)

	return row
}

func unknown(n int) Column { return slices.Repeat(Column{math.NaN()}, n) }

// Figure is what a measure said of a document.
func (r *Report) Figure(document, measure int) Figure { return r.columns[measure].at(document) }

// Column is one part of a measure for every document; not to be changed.
func (r *Report) Column(measure int, part Part) Column { return r.columns[measure].part(part) }

// Mean is the F1, or the single figure, of a measure over all documents.
func (r *Report) Mean(measure int) float64 {
	c := &r.columns[measure]
	if r.Measures[measure].OfMeans {
		return Harmonic(c.p.Mean(), c.r.Mean())
	}
	return c.f1.Mean()
}

// Statuses counts the documents by status.
func (r *Report) Statuses() map[Status]int {
	out := map[Status]int{}
	for _, d := range r.Documents {
		out[d.Status]++
	}
	return out
}

// Against compares two reports over the same documents, in the same order, by
// each measure; Holm's correction is made over all measures.
func (r *Report) Against(theirs *Report) []Comparison {
	out := make([]Comparison, len(r.Measures))
	for k := range r.Measures {
		out[k] = r.Compare(theirs, k, F1)
	}
	Holm(out)

	return out
}

// Compare compares one part of one measure over the same documents, by
// document: the interval by site is shown beside the figure itself.
func (r *Report) Compare(theirs *Report, measure int, part Part) Comparison {
	ours, others := &r.columns[measure], &theirs.columns[measure]
	if r.Measures[measure].OfMeans && part == F1 {
		return r.Resamples.compareShingles(ours, others)
	}
	return r.Resamples.Compare(ours.part(part), others.part(part), nil)
}

// siteNumbers numbers the sites in the order they come; nil where any is not
// known.
func siteNumbers(documents []Outcome) []int {
	numbers := map[string]int{}
	out := make([]int, len(documents))
	for i, d := range documents {
		if d.Site == "" {
			return nil
		}
		n, ok := numbers[d.Site]
		if !ok {
			n = len(numbers)
			numbers[d.Site] = n
		}
		out[i] = n
	}
	if len(out) == 0 {
		return nil
	}

	return out
}
