package views

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
)

// Agreement is how far a project's annotators agree.
type Agreement struct {
	Page     Page
	Project  corpus.Project
	Query    AgreementQuery
	Labels   corpus.LabelSet  // to choose from
	Releases []corpus.Release // the newest first
	Header   agreement.Header
	Report   agreement.Report
	At       time.Time // when it was made
	Old      bool      // something changed since, and a new one is being made
	Newer    bool      // a newer one than the page shows is there
	Causes   []corpus.CauseCount
	People   Consensus
	Problem  string // why there is no report, as in corpus.Invalid
}

// AgreementQuery is what a report of agreement is asked about, as its address
// has it.
type AgreementQuery struct {
	Project      corpus.ProjectID
	Release      string    // the release whose documents it is about, "" for those of now
	Since, Until time.Time // days, both included, UTC; zero for no bound
	Label        corpus.LabelID
}

// whole reports whether nothing is left out.
func (q AgreementQuery) whole() bool { return q == AgreementQuery{Project: q.Project} }

func (q AgreementQuery) values() url.Values {
	v := url.Values{}
	if q.Release != "" {
		v.Set("release", q.Release)
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.Format(agreement.Day))
	}
	if !q.Until.IsZero() {
		v.Set("until", q.Until.Format(agreement.Day))
	}
	if q.Label != 0 {
		v.Set("label", strconv.FormatInt(int64(q.Label), 10))
	}
	return v
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(agreement.Day)
}

// Consensus is how reliable two models of consensus hold people to be.
type Consensus struct {
	People            []Competence
	Documents, Units  int // what the models were fitted to
	Least, LeastUnits int // with fewer they are not
	At                time.Time
}

// Competence is what the models and gold say of a person. A share lies between
// 0 and 1, and is NaN where nothing supports it.
type Competence struct {
	Annotator         corpus.AnnotatorID
	Name              string
	Units             int     // that they judged
	Body, Boilerplate float64 // how probably they call by its name what is that, after Dawid and Skene
	MACE              float64 // how probably they look rather than guess
	Gold              float64 // F1 of the words of the body against gold that is not theirs alone
	GoldDocuments     int
}

// few reports whether models say little, whatever they say.
func (c Consensus) few() bool { return len(c.People) < 4 || c.Documents < 50 }

// under says below the title what the figures stand on.
func (a Agreement) under() []string {
	out := []string{count(a.Report.Documents, "document") + " labelled by two or more"}
	if a.Header.Wanted > 0 {
		out = append(out, number(a.Header.Covered)+" of "+number(a.Header.Wanted)+" that several are to label")
	}
	return out
}

// about says what is left out, "" where nothing is.
func (a Agreement) about() string {
	var parts []string
	say := func(that bool, part string) {
		if that {
			parts = append(parts, part)
		}
	}
	say(a.Header.Release != "", "release "+a.Header.Release+", as its documents were labelled then")
	say(!a.Query.Since.IsZero(), "shared since "+day(a.Query.Since))
	say(!a.Query.Until.IsZero(), "shared until "+day(a.Query.Until))
	say(a.Header.Label != "", "spans of "+a.Header.Label+" alone")

	return strings.Join(parts, " · ")
}

// Krippendorff's levels for data that somebody wants to draw conclusions from
// (Content Analysis, 2nd edition 2004, page 241).
const (
	forConclusions = .8
	forTentative   = .667
)

// height is how high an α is, in the words of those levels.
func height(f agreement.Figure) string {
	switch v := f.Value; {
	case math.IsNaN(v):
		return ""
	case v >= forConclusions && f.Low < forConclusions:
		return "high enough for conclusions, but the interval reaches below"
	case v >= forConclusions:
		return "high enough for conclusions"
	case v >= forTentative:
		return "enough for tentative conclusions only"
	case v > 0:
		return "too low to conclude from"
	}
	return "no better than chance"
}

// standing is the class of a figure's words.
func standing(f agreement.Figure) string {
	switch {
	case f.Value >= forConclusions:
		return "up"
	case f.Value < forTentative:
		return "down"
	}
	return ""
}

// why is a figure that does not exist in words.
func why(c agreement.Coefficient) string { return "undefined because " + c.Why }

// headline is a figure of the whole as a row.
type headline struct {
	agreement.Measure
	Title, Means string
	Main         bool
	Spans        int // that it stands on besides
}

// standsOn says what a figure stands on: "6 pairs, 439 spans".
func (h headline) standsOn() string {
	out := count(int(math.Round(h.Units)), strings.TrimSuffix(h.Unit, "s"))
	if h.Spans > 0 {
		out += ", " + count(h.Spans, "span")
	}
	return out
}

func (a Agreement) blockRows() []headline {
	m := a.measures()
	return []headline{
		{Measure: m["alpha-blocks"], Title: "Krippendorff's α", Means: "How far people agree on the class of a block beyond what chance would give: 1 is always, 0 is as if by lot.", Main: true},
		{Measure: m["alpha-words"], Title: "α, weighted by words", Means: "The same where a block counts for its words, so that a long paragraph weighs more than a menu entry.", Main: true},
		{Measure: m["raw-blocks"], Title: "Raw agreement", Means: "The share of pairs of answers that are the same, chance included."},
		{Measure: m["raw-words"], Title: "Raw, by words", Means: "The same, by words."},
		{Measure: m["ac1-blocks"], Title: "Gwet's AC1", Means: "Beyond chance too, but steady where nearly all blocks are of one class."},
		{Measure: m["ac1-words"], Title: "AC1, by words", Means: "The same, by words."},
	}
}

func (a Agreement) spanRows() []headline {
	m, n := a.measures(), a.Report.Exact.Spans
	return []headline{
		{Measure: m["f1-exact"], Title: "F1, same borders", Means: "How many of the spans that two people marked are the same, to the letter; the mean over pairs of people.", Main: true, Spans: n},
		{Measure: m["f1-overlap"], Title: "F1, overlapping", Means: "The same where it is enough that they touch. Far above the first: people see the same names and differ on where they end.", Main: true, Spans: n},
		{Measure: m["alpha-unitizing"], Title: "Krippendorff's α for unitizing", Means: "How far people mark the same stretches of text beyond chance, the mean over documents. Long pages flatter it."},
	}
}

func (a Agreement) measures() map[string]agreement.Measure {
	out := map[string]agreement.Measure{}
	for _, m := range a.Report.Measures() {
		out[m.Key] = m
	}
	return out
}

// axisOf holds figures and their intervals, widened to round numbers.
func axisOf(rows []headline) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, r := range rows {
		for _, v := range []float64{r.Value, r.Low, r.High} {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		return axis{0, 1}
	}
	return roundAxis(max(0, low), max(0, high))
}

// within is an interval in words.
func within(f agreement.Figure) string {
	if math.IsNaN(f.Low) {
		return dash
	}
	return figure(f.Low) + " to " + figure(f.High)
}

// Skewed is the example of why AC1 stands beside α and κ: of 100 blocks two
// people call 95 boilerplate both, and each of them alone calls some of the
// other five body.
func Skewed() (raw, kappa, ac1 float64) {
	t := agreement.NewTable(2)
	t.Count(1, 1, 95)
	t.Count(0, 1, 3)
	t.Count(1, 0, 2)

	return t.Raw().Value, t.CohenKappa().Value, t.AC1().Value
}

// mostPairsShown bounds the table of pairs; the files have all.
const mostPairsShown = 50

func (a Agreement) pairs() []agreement.PairFigures {
	return a.Report.Pairs[:min(mostPairsShown, len(a.Report.Pairs))]
}

// sitePath leads to the documents of a site, "" where a row is not one site.
func (a Agreement) sitePath(s agreement.Slice) string {
	if s.Others > 0 || s.Name == "" {
		return ""
	}
	return documentsPath(corpus.DocumentFilter{Project: a.Project.ID, Site: s.Name})
}

// The drawing over time.
const (
	timeWidth  = 520.0
	timeHeight = 150.0
	timeLeft   = 34.0
	timeTop    = 8.0
)

// moment is α of a period in the drawing.
type moment struct{ X, Y, Title string }

// moments are the periods in which α exists, from left to right.
func (a Agreement) moments(ax axis) (out []moment) {
	n := len(a.Report.Periods)
	for i, s := range a.Report.Periods {
		v := s.Blocks.Alpha.Value
		if math.IsNaN(v) {
			continue
		}
		out = append(out, moment{
			X:     units(timeLeft + timeWidth*(float64(i)+.5)/float64(n)),
			Y:     ax.height(v),
			Title: s.Name + ": α " + figure(v) + " over " + count(s.Documents, "document"),
		})
	}
	return out
}

// timeAxis holds α of all periods.
func (a Agreement) timeAxis() axis {
	var rows []headline
	for _, s := range a.Report.Periods {
		rows = append(rows, headline{Measure: agreement.Measure{Figure: s.Blocks.Alpha}})
	}
	return axisOf(rows)
}

// height is where a value lies in the drawing over time.
func (a axis) height(v float64) string { return a.at(a.High+a.Low-v, timeTop, timeHeight) }

func line(ms []moment) string {
	var parts []string
	for _, m := range ms {
		parts = append(parts, m.X+","+m.Y)
	}
	return strings.Join(parts, " ")
}

// causeRow is a cause with how often it was given.
type causeRow struct {
	corpus.CauseCount
	Most []corpus.CauseCount // the pairs that have it most often
}

const mostCausePairs = 3

func (a Agreement) causes() (out []causeRow) {
	for _, c := range a.Causes {
		if c.A == 0 {
			out = append(out, causeRow{CauseCount: c})
		}
	}
	for i := range out {
		for _, c := range a.Causes {
			if c.A != 0 && c.Cause == out[i].Cause && len(out[i].Most) < mostCausePairs {
				out[i].Most = append(out[i].Most, c)
			}
		}
	}
	return out
}

func (r causeRow) pairs() string {
	var parts []string
	for _, c := range r.Most {
		parts = append(parts, fmt.Sprintf("%s and %s %s", c.Names[0], c.Names[1], number(c.N)))
	}
	return strings.Join(parts, ", ")
}

// competences are the people, by name.
func (c Consensus) competences() []Competence {
	return slices.SortedFunc(slices.Values(c.People), func(x, y Competence) int { return cmp.Compare(x.Name, y.Name) })
}

// enough reports whether the models were fitted.
func (c Consensus) enough() bool { return c.Documents >= c.Least && c.Units >= c.LeastUnits }

// asOf is the time of day of a report, with the day where it is another one.
func asOf(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.Format(agreement.Day) == now.Format(agreement.Day) {
		return t.Format("15:04") + " UTC"
	}
	return t.Format("2 January, 15:04") + " UTC"
}

// noModel is why a model has no figure of a person.
func (c Consensus) noModel(because string) string {
	if !c.enough() {
		return "the models have too little to stand on"
	}
	return because
}

// period is what the rows over time are.
func (a Agreement) period() string {
	if a.Report.Months {
		return "Month"
	}
	return "Week"
}

// signless is a figure with three places and, below 0, a proper minus.
func signless(v float64) string {
	return strings.Replace(figure(v), "-", "−", 1)
}

// AgreementCards are the two figures of the overview.
func AgreementCards(project corpus.ProjectID, r agreement.Report) []Card {
	card := func(title string, c agreement.Coefficient, about, id string) Card {
		out := Card{Title: title, Value: signless(c.Value), About: about, Link: AgreementPath(AgreementQuery{Project: project}) + "#" + id}
		if !c.Defined() {
			out.Why = why(c)
		}
		return out
	}

	return []Card{
		card("Agreement, blocks", r.Blocks.Alpha.Coefficient, "Krippendorff’s α, "+count(r.Documents, "document"), "blocks"),
		card("Agreement, spans", r.Exact.Coefficient, "F1 with the same borders, "+count(r.Exact.Spans, "span"), "spans"),
	}
}
