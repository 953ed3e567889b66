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
)

// Accuracy is how well a project's runs do against its gold.
type Accuracy struct {
	Page    Page
	Project corpus.Project
	Query   AccuracyQuery // as it was understood
	All     []corpus.Run  // every run of the project, the newest first
	Golden  int           // documents that have gold, or are in the release
	Problem string        // why there is no report, as in corpus.Invalid; "" where there is one
	Report  ReportView
	Worst   []Worst  // of the run in focus, the worst first
	Formats []Choice // ways to take the report along

	Releases []corpus.Release // the newest first
}

// AccuracyQuery is what a report is asked about, as its address has it.
type AccuracyQuery struct {
	Project  corpus.ProjectID
	Runs     []corpus.RunID
	Baseline corpus.RunID // 0 for none
	Focus    corpus.RunID // 0 for the best
	Slices   []string     // fields to cut by; none for all that are fit
	Common   bool         // only documents that all of these runs have predicted
	Release  string       // the release whose gold it is about, "" for current gold
}

// noBaseline is the value of against= that asks for none.
const noBaseline = "none"

func (q AccuracyQuery) values() url.Values {
	v := url.Values{}
	for _, id := range q.Runs {
		v.Add("run", strconv.FormatInt(int64(id), 10))
	}
	if q.Baseline != 0 {
		v.Set("against", strconv.FormatInt(int64(q.Baseline), 10))
	} else if len(q.Runs) > 1 {
		v.Set("against", noBaseline)
	}
	if q.Focus != 0 {
		v.Set("focus", strconv.FormatInt(int64(q.Focus), 10))
	}
	for _, s := range q.Slices {
		v.Add("slice", s)
	}
	if q.Common {
		v.Set("common", "1")
	}
	if q.Release != "" {
		v.Set("release", q.Release)
	}
	return v
}

func (q AccuracyQuery) focused(id corpus.RunID) AccuracyQuery { q.Focus = id; return q }

// ReportView is a report as a page or a file shows it.
type ReportView struct {
	report.Report
	Query  AccuracyQuery   // its project is 0 in a file, which has no links
	Focus  int             // the run that is looked at closely, by its place
	Versus []report.Versus // that run against the baseline, by each measure
}

func (v ReportView) linked() bool { return v.Query.Project != 0 }

func (v ReportView) focus() report.Run { return v.Runs[v.Focus] }

// compared reports whether there is a baseline for the run in focus.
func (v ReportView) compared() bool { return v.Baseline >= 0 && v.Baseline != v.Focus }

// Best is the run with the best headline, the first of equal ones; 0 where
// none has one.
func Best(r report.Report) int {
	best, at := math.Inf(-1), 0
	for k, run := range r.Runs {
		v := run.Headline().Macro[score.F1].Mean
		if r.Measures[0].Lower {
			v = -v
		}
		if v > best {
			best, at = v, k
		}
	}
	return at
}

func (v ReportView) best(run int) bool { return len(v.Runs) > 1 && run == Best(v.Report) }

// Worst is a document on which a run does badly.
type Worst struct {
	Document report.Document
	F1       float64
	Status   score.Status
	Detail   string  // what a failed cleaner said
	Excerpt  []Inked // around the biggest mistake
	Kind     string  // what that mistake is
}

// What does not exist is shown as a dash, never as 0.
const dash = "–"

// figure is a figure with three places.
func figure(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// exactly is a figure with four places, for where one looks closely.
func exactly(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// signed is a difference with its sign.
func signed(v float64, places int) string {
	if math.IsNaN(v) {
		return dash
	}
	s := strconv.FormatFloat(math.Abs(v), 'f', places, 64)
	switch {
	case strings.Trim(s, "0.") == "":
		return "±" + s
	case v < 0:
		return "−" + s
	}
	return "+" + s
}

// perCent is a share of 1 in per cent.
func perCent(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + "\u202f%"
}

func between(i score.Interval) string {
	if math.IsNaN(i.Low) {
		return dash
	}
	return figure(i.Low) + " to " + figure(i.High)
}

func exactBetween(i score.Interval) string {
	if math.IsNaN(i.Low) {
		return dash
	}
	return exactly(i.Low) + " to " + exactly(i.High)
}

func pValue(p float64) string {
	switch {
	case math.IsNaN(p):
		return dash
	case p < .001:
		return "<\u202f0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

// millis is how long something took.
func millis(n int) string {
	if n >= 10_000 {
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + "\u202fs"
	}
	return number(n)
}

func shortHash(h string) string { return h[:min(len(h), 12)] }

// reportColumn is a column of the table of runs that is there only where some
// run has something in it.
type reportColumn struct {
	Title, About string
	cell         func(report.Run) string
	anchor       func(score.Row) string // for the two rows that nobody has to doubt
}

func ofMacro(part score.Part) func(report.Run) string {
	return func(r report.Run) string { return figure(r.Headline().Macro[part].Mean) }
}

func ofAnchor(part score.Part) func(score.Row) string {
	return func(row score.Row) string { return figure(row.Macro[part].Mean) }
}

func ofMeasure(name string, show func(float64) string) func(report.Run) string {
	return func(r report.Run) string { return show(r.Value(name)) }
}

// columns are those between the interval and the baseline.
func (v ReportView) columns() []reportColumn {
	all := []reportColumn{
		{"Precision", "share of the cleaned words that are body, the mean over documents", ofMacro(score.P), ofAnchor(score.P)},
		{"Recall", "share of the body's words that were kept, the mean over documents", ofMacro(score.R), ofAnchor(score.R)},
		{"Micro F1", "all words of all documents together, so that long documents weigh more", func(r report.Run) string { return figure(r.Headline().Micro.F1) }, func(row score.Row) string { return figure(row.Micro.F1) }},
		{"Block F1", "blocks of body found", ofMeasure("block", figure), nil},
		{"ROUGE-LSum", "near WCEB; a sentence is a line", ofMeasure("rouge-lsum", figure), nil},
		{"Leaked", "share of the boilerplate's words that were kept", ofMeasure("leaked", perCent), nil},
		{"Lost", "share of the body's words that were dropped", ofMeasure("lost", perCent), nil},
		{"Entities kept", "share of the entities in body that survive whole", ofMeasure("entities", perCent), nil},
	}
	if v.Measures[0].Single {
		all = all[3:]
	}
	return slices.DeleteFunc(all, func(c reportColumn) bool {
		return !slices.ContainsFunc(v.Runs, func(r report.Run) bool { return c.cell(r) != dash })
	})
}

// timed reports whether any run says how long it took.
func (v ReportView) timed() bool {
	return slices.ContainsFunc(v.Runs, func(r report.Run) bool { return r.Speed().N > 0 })
}

// outcome is one way in which documents ended.
type outcome struct {
	Word string
	N    int
	Bad  bool
	Link string // a status of the error list, "" for none
}

func outcomes(r report.Run) []outcome {
	o := r.Outcomes()
	all := []outcome{{"perfect", o.Perfect, false, ""}, {"empty", o.Empty, true, string(score.Empty)}, {"failed", o.Failed, true, string(score.Failed)},
		{"too slow", o.TimeOut, true, string(score.TimeOut)}, {"missing", o.Missing, true, string(score.Missing)}}
	return slices.DeleteFunc(all[:], func(o outcome) bool { return o.N == 0 && o.Word != "perfect" })
}

// versus says in a few words how a run does against the baseline.
type versusCell struct {
	Difference string
	Words      string
	Class      string // "up", "down" or ""
}

func (v ReportView) versusCell(run int) versusCell {
	if run == v.Baseline {
		return versusCell{Words: "baseline"}
	}
	c, ok := v.Against(run)
	if !ok || c.N == 0 {
		return versusCell{Words: dash}
	}
	out := versusCell{Difference: signed(c.Difference.Mean, 3), Words: "not distinguishable"}
	if c.Distinguishable() {
		out.Words = "p " + pValue(c.Holm)
		out.Class = direction(c.Difference.Mean, v.Measures[0].Lower)
	}
	return out
}

// direction is the class of a difference that can be told from none.
func direction(d float64, lower bool) string {
	if d > 0 != lower {
		return "up"
	}
	return "down"
}

// versusRow is a line of the comparison with the baseline, with better and
// worse in the sense of the measure.
type versusRow struct {
	Name                          string
	Difference, Interval, P, Holm string
	Better, Worse, Same           int
	Verdict                       string
	Class                         string
}

func (v ReportView) versusRows() []versusRow {
	base := v.Runs[v.Baseline].Name
	var out []versusRow
	for _, one := range v.Versus {
		lower := slices.ContainsFunc(v.Measures, func(m score.Measure) bool { return m.Lower && m.Title == one.Name })
		row := versusRow{Name: one.Name, Difference: signed(one.Difference.Mean, 4), Interval: dash, P: pValue(one.P), Holm: pValue(one.Holm), Better: one.Wins, Worse: one.Losses, Same: one.Ties}
		if lower {
			row.Better, row.Worse = row.Worse, row.Better
		}
		if !math.IsNaN(one.Difference.Low) {
			row.Interval = signed(one.Difference.Low, 4) + " to " + signed(one.Difference.High, 4)
		}
		if one.Exact && one.N > one.Ties {
			row.P += " exact"
		}
		switch {
		case !one.Distinguishable():
			row.Verdict = "not distinguishable from " + base
		case direction(one.Difference.Mean, lower) == "up":
			row.Verdict, row.Class = "better than "+base, "up"
		default:
			row.Verdict, row.Class = "worse than "+base, "down"
		}
		out = append(out, row)
	}
	return out
}

// axis is the part of 0 to 1 that a chart shows.
type axis struct{ Low, High float64 }

// intervalAxis holds all intervals and means of the headline, and the human
// ceiling, widened to round numbers.
func (v ReportView) intervalAxis() axis {
	low, high := math.Inf(1), math.Inf(-1)
	take := func(vs ...float64) {
		for _, x := range vs {
			if !math.IsNaN(x) {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	for _, r := range v.Runs {
		i := r.Headline().Macro[score.F1]
		take(i.Mean, i.Low, i.High)
	}
	if c := v.Ceiling; c != nil {
		take(c.F1.Mean)
	}
	if low > high {
		return axis{0, 1}
	}
	return roundAxis(low, high)
}

// roundAxis widens to steps of which three to twelve make the axis.
func roundAxis(low, high float64) axis {
	step := .01
	for _, s := range []float64{.01, .02, .05, .1, .2} {
		if step = s; (high-low)/s <= 6 {
			break
		}
	}
	a := axis{math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step}
	if a.High-a.Low < 2*step {
		a.Low, a.High = a.Low-step, a.High+step
	}
	return axis{max(0, math.Round(a.Low*100)/100), min(1, math.Round(a.High*100)/100)}
}

func (a axis) String() string {
	return strconv.FormatFloat(a.Low, 'f', 2, 64) + " – " + strconv.FormatFloat(a.High, 'f', 2, 64)
}

// at is where v lies on so many units of a chart, "" for nowhere.
func (a axis) at(v, from, length float64) string {
	if math.IsNaN(v) || a.High <= a.Low {
		return ""
	}
	return units(from + length*min(1, max(0, (v-a.Low)/(a.High-a.Low))))
}

func units(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }

// The interval's drawing: a track with a margin for the dot.
const (
	intervalWidth  = 170.0
	intervalMargin = 5.0
)

func (a axis) interval(v float64) string { return a.at(v, intervalMargin, intervalWidth) }

// barWidth is the length of a bar of so many out of the most, on 100 units.
func barWidth(n, most int) string {
	if most <= 0 {
		return "0"
	}
	return units(max(.8, 100*float64(n)/float64(most)))
}

// heat is how strongly a cell of the slices is coloured, from 0 to 9.
func (v ReportView) heat() func(float64) string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range v.Slices {
		for _, i := range s.F1 {
			if !math.IsNaN(i.Mean) {
				low, high = min(low, i.Mean), max(high, i.Mean)
			}
		}
	}
	width := max(high-low, .05) // a hair's breadth is not painted as if it were the world

	return func(f float64) string {
		if math.IsNaN(f) {
			return "none"
		}
		return "h" + strconv.Itoa(int(math.Round(9*max(0, 1-(high-f)/width))))
	}
}

// slicesOf are the slices by one field.
func (v ReportView) slicesOf(field string) []report.Slice {
	var out []report.Slice
	for _, s := range v.Slices {
		if s.Field == field {
			out = append(out, s)
		}
	}
	return out
}

// sliceTitle is what stands at a cell of the slices.
func (v ReportView) sliceTitle(s report.Slice, run int) string {
	t := v.Runs[run].Name + ", " + s.Value + ": 95 % " + between(s.F1[run])
	if d := s.Difference[run]; !math.IsNaN(d.Mean) {
		t += "; difference from " + v.Runs[v.Baseline].Name + " " + signed(d.Mean, 3) + " (" + signed(d.Low, 3) + " to " + signed(d.High, 3) + ")"
		if !s.Told(run) {
			t += ", not told apart"
		}
	}
	return t
}

// untold reports whether the cell cannot be told from the baseline's.
func (v ReportView) untold(s report.Slice, run int) bool {
	return v.Baseline >= 0 && run != v.Baseline && !math.IsNaN(s.F1[run].Mean) && !s.Told(run)
}

// The scatter's drawing.
const (
	scatterSize   = 320.0 // of the square
	scatterLeft   = 38.0
	scatterTop    = 8.0
	scatterPoints = 1000 // more are a blot, and slow
)

// point is a document in the scatter.
type point struct {
	Document int
	X, Y     string
	Class    string // "better", "worse" or "same"
	Title    string
}

// points are the documents that both runs have a figure for, or a sample of
// them, every one of an equal distance in their order; and how many there are.
func (v ReportView) points() ([]point, int) {
	was, is := v.Runs[v.Baseline].Scores.Column(0, score.F1), v.focus().Scores.Column(0, score.F1)
	var both []int
	for i := range v.Documents {
		if !math.IsNaN(was[i]) && !math.IsNaN(is[i]) {
			both = append(both, i)
		}
	}
	n := len(both)
	if n > scatterPoints {
		for k := range scatterPoints {
			both[k] = both[k*n/scatterPoints]
		}
		both = both[:scatterPoints]
	}

	whole := axis{0, 1}
	out := make([]point, len(both))
	for k, i := range both {
		p := point{Document: i, X: whole.at(was[i], scatterLeft, scatterSize), Y: units(scatterTop + scatterSize*(1-is[i])), Class: "same"}
		switch d := is[i] - was[i]; {
		case d > score.TieTolerance:
			p.Class = "better"
		case d < -score.TieTolerance:
			p.Class = "worse"
		}
		p.Title = fmt.Sprintf("%s: was %s, is %s", v.Documents[i].Title(), figure(was[i]), figure(is[i]))
		out[k] = p
	}
	return out, n
}

// shape is the path of a point: what got worse points down, what got better up.
func (p point) shape() string {
	switch p.Class {
	case "better":
		return "M" + p.X + " " + p.Y + "m0 -4l4 7h-8z"
	case "worse":
		return "M" + p.X + " " + p.Y + "m0 4l4 -7h-8z"
	}
	return "M" + p.X + " " + p.Y + "m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0"
}

var scatterTicks = []float64{0, .25, .5, .75, 1}

func tick(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// lostPerfect are those of the documents that got worse which were perfect.
func lostPerfect(worse []report.Change) []report.Change {
	var out []report.Change
	for _, c := range worse {
		if c.Was == 1 {
			out = append(out, c)
		}
	}
	return out
}

// shownChanges is how many documents a list of changes holds.
const shownChanges = 10

func firsts[T any](list []T, n int) []T { return list[:min(n, len(list))] }

// runChosen reports whether a run is one of those shown.
func (a Accuracy) runChosen(id corpus.RunID) bool { return slices.Contains(a.Query.Runs, id) }

// cutFields are the fields to cut by: those that were asked for, or all that
// the report has.
func (a Accuracy) cutFields() []string {
	if len(a.Query.Slices) > 0 {
		return a.Query.Slices
	}
	return a.Report.fields()
}

// titleLine is "4 runs against 412 documents with gold".
func (v ReportView) titleLine() string {
	if v.Header.Release != "" {
		return count(len(v.Runs), "run") + " against release " + v.Header.Release
	}
	return count(len(v.Runs), "run") + " against " + count(len(v.Documents), "document") + " with gold"
}

// underTitle is what is to be known of the figures at a glance.
func (v ReportView) underTitle() []string {
	var out []string
	if v.Header.Release != "" {
		out = append(out, "release "+v.Header.Release+", "+count(len(v.Documents), "document")+", sha256 "+shortHash(v.Header.Gold))
	} else if v.Header.Gold != "" {
		out = append(out, "Gold "+shortHash(v.Header.Gold))
	}
	if v.Header.Sites > 0 {
		out = append(out, count(v.Header.Sites, "site"))
	}
	if c := v.Ceiling; c != nil && c.Documents > 0 {
		out = append(out, "human ceiling F1 "+figure(c.F1.Mean))
	}
	if v.Header.Common > 0 {
		out = append(out, count(v.Header.Common, "document")+" left out, not in every run")
	}
	return out
}

// fact is a line of what makes figures reproducible.
type fact struct{ Name, Value string }

func (v ReportView) facts() []fact {
	h := v.Header
	out := []fact{{"Documents with gold", number(len(v.Documents))}}
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{name, value})
		}
	}
	add("Release", h.Release)
	add("Gold", h.Gold)
	add("Guidelines", h.Guidelines)
	add("Metric set", strconv.Itoa(h.Metrics))
	add("Intervals", fmt.Sprintf("95 %%, %s resamples of documents, seed %d", number(h.Resamples), h.Seed))
	if h.Sites > 0 {
		add("Sites", number(h.Sites))
	}
	add("Program", h.Program)
	for _, r := range v.Runs {
		if s := cleanerWords(r.Cleaner); s != "" {
			add("Cleaner of "+r.Name, s)
		}
	}
	if c := v.Ceiling; c != nil {
		if c.Documents > 0 {
			add("Human ceiling", fmt.Sprintf("word F1 %s (95 %% %s) between two people, on %s labelled blind; kappa of blocks %s; they differ by %.1f words about the start of the body, %.1f about its end",
				figure(c.F1.Mean), between(c.F1), count(c.Documents, "document"), figure(c.Kappa), c.Start, c.End))
		}
		if c.Seen > 0 {
			add("Not blind", count(c.Seen, "document")+" decided by two people, one after having seen the other's work: not in the ceiling")
		}
	}
	if h.Common > 0 {
		add("Left out", count(h.Common, "document")+" that not every run has predicted")
	}
	return out
}

// cleanerWords is all that a run says of its cleaner.
func cleanerWords(c corpus.Cleaner) string {
	var parts []string
	if s := c.String(); s != "" {
		parts = append(parts, s)
	}
	if c.Config != "" {
		parts = append(parts, "set up as "+shortHash(c.Config))
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range c.Dependencies {
			if !yield(k) {
				return
			}
		}
	}) {
		parts = append(parts, name+" "+c.Dependencies[name])
	}
	return strings.Join(parts, ", ")
}

// wanted is the advice when to stop labelling.
func (v ReportView) wanted() string {
	s := v.Stop(v.Focus, .01)
	kind, guess := "with gold", ""
	if s.Lot {
		kind = "drawn by lot"
	}
	if s.Guess {
		guess = " That is a guess: these documents are not a fair sample."
	}
	switch {
	case s.Wanted == 0:
		return ""
	case s.Wanted > s.Have:
		return fmt.Sprintf("For an interval of one point either way it takes some %s %s, %s more than now.%s", count(s.Wanted, "document"), kind, number(s.Wanted-s.Have), guess)
	}
	return fmt.Sprintf("The interval is within one point either way already; %s %s would do.%s", count(s.Wanted, "document"), kind, guess)
}

// ReportJob is a report that is being made.
type ReportJob struct {
	Page        Page
	Project     corpus.Project
	Title       string // what it is about
	Path        string // where it will be
	Done, Total int    // scores taken, and to be taken; no Total while others come first
}

func (j ReportJob) words() string {
	if j.Total == 0 || j.Done >= j.Total {
		return "Counting and drawing documents anew for the intervals"
	}
	return "Scoring " + number(j.Done) + " of " + count(j.Total, "document")
}

// ranked are the runs, the best headline first.
func (v ReportView) ranked() []int {
	out := make([]int, len(v.Runs))
	for k := range out {
		out[k] = k
	}
	by := func(k int) float64 {
		f := v.Runs[k].Headline().Macro[score.F1].Mean
		switch {
		case math.IsNaN(f):
			return math.Inf(1)
		case v.Measures[0].Lower:
			return f
		}
		return -f
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(by(a), by(b)) })
	return out
}

// headlineTitle names the headline: "Word F1".
func (v ReportView) headlineTitle() string {
	m := v.Measures[0]
	if m.Single {
		return sentenceCase(m.Title)
	}
	return sentenceCase(strings.TrimSuffix(m.Title, " P, R, F1")) + " F1"
}

func sentenceCase(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// fieldTitle is a field's name as a heading.
func fieldTitle(field string) string { return sentenceCase(field) }

// listAgainst is the run that the list of the run in focus is held against.
func (v ReportView) listAgainst() corpus.RunID {
	if v.compared() {
		return v.Runs[v.Baseline].ID
	}
	return 0
}

func (v ReportView) documentPath(document int) string {
	return RunDocumentPath(ListQuery{Project: v.Query.Project, Release: v.Query.Release, Run: v.focus().ID, Against: v.listAgainst()}, v.Documents[document].ID)
}

// cleanerBeside is what a run's name does not say of its cleaner yet.
func cleanerBeside(r report.Run) string {
	name := strings.ToLower(r.Name)
	switch c := r.Cleaner; {
	case strings.Contains(name, strings.ToLower(c.String())):
		return ""
	case strings.Contains(name, strings.ToLower(c.Name)):
		return c.Version
	default:
		return c.String()
	}
}

// fields are the fields of the slices: what documents are comes first, where
// they are from and who decided them last.
func (v ReportView) fields() []string {
	last := func(f string) int { return slices.Index([]string{"annotator", report.SiteField}, f) }
	out := v.Fields()
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(last(a), last(b)) })
	return out
}

func kindClass(k score.Kind) string {
	if k.Leaked() {
		return "leaked"
	}
	return "lost"
}

// kindSort is the order in which a kind's documents are most worth seeing.
func kindSort(k score.Kind) string { return kindClass(k) }

func noFigure(row score.Row) string {
	if len(row.Reasons) == 0 {
		return dash
	}
	return dash + " " + row.Reasons[0].Why
}

// confusionRow is a line of the table of blocks.
type confusionRow struct{ Name, Once, ByWords string }

func confusionRows(r report.Run) []confusionRow {
	a, b := r.Scores.Blocks, r.Scores.ByWords
	row := func(name string, of func(score.Confusion) string) confusionRow {
		return confusionRow{name, of(a), of(b)}
	}
	return []confusionRow{
		row("body kept", func(c score.Confusion) string { return number(c.Body.TP) }),
		row("body dropped", func(c score.Confusion) string { return number(c.Body.FN) }),
		row("boilerplate kept", func(c score.Confusion) string { return number(c.Body.FP) }),
		row("boilerplate dropped", func(c score.Confusion) string { return number(c.Right) }),
		row("without a word, not counted", func(c score.Confusion) string { return number(c.Undecidable) }),
		row("accuracy", func(c score.Confusion) string { return figure(c.Accuracy()) }),
		row("F1 of body", func(c score.Confusion) string { return figure(c.Body.F1()) }),
		row("F1 of boilerplate", func(c score.Confusion) string { return figure(c.Boilerplate().F1()) }),
		row("macro F1", func(c score.Confusion) string { return figure(c.MacroF1()) }),
		row("kappa", func(c score.Confusion) string { return figure(c.Kappa()) }),
		row("MCC", func(c score.Confusion) string { return figure(c.MCC()) }),
	}
}

// notes are the notes on the run in focus, but for the advice when to stop,
// which is said apart.
func (v ReportView) notes() []string {
	notes := v.Notes(v.Focus)
	if v.wanted() != "" && len(notes) > 0 {
		notes = notes[:len(notes)-1]
	}
	return notes
}

// quotedShell is a name as a shell takes it.
func quotedShell(s string) string {
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
