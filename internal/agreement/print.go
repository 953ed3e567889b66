package agreement

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Measure is a figure with its full name. Of tells what is judged, Unit what its
// Units are.
type Measure struct {
	Key, Name, Of, Unit string
	Figure
	SD float64 // over pairs of annotators; NaN for what is not a mean over them
}

const (
	nameAlpha     = "Krippendorff's alpha, nominal"
	nameRaw       = "raw agreement"
	nameAC1       = "Gwet's AC1"
	nameKappa     = "Cohen's kappa"
	namePi        = "Scott's pi"
	nameF1        = "F1 between annotators"
	nameMeanF1    = "F1 between annotators, mean over pairs"
	nameUnitizing = "Krippendorff's alpha for unitizing, mean over documents"

	ofBlocks  = "blocks, each once"
	ofWords   = "blocks, by their words"
	ofExact   = "spans, same borders and label"
	ofOverlap = "spans, overlapping, same label"
	ofSpans   = "spans"
)

func one(key, name, of, unit string, f Figure) Measure {
	return Measure{key, name, of, unit, f, math.NaN()}
}

func spanMeasures(exact, overlap MeanF1, unitizing Figure) []Measure {
	return []Measure{
		{"f1-exact", nameMeanF1, ofExact, "pairs", exact.Figure, exact.SD},
		{"f1-overlap", nameMeanF1, ofOverlap, "pairs", overlap.Figure, overlap.SD},
		one("alpha-unitizing", nameUnitizing, ofSpans, "documents", unitizing),
	}
}

// Measures are the figures in the order of a report.
func (f Figures) Measures() []Measure {
	return append([]Measure{
		one("alpha-blocks", nameAlpha, ofBlocks, "blocks", f.Blocks.Alpha),
		one("raw-blocks", nameRaw, ofBlocks, "blocks", f.Blocks.Raw),
		one("ac1-blocks", nameAC1, ofBlocks, "blocks", f.Blocks.AC1),
		one("alpha-words", nameAlpha, ofWords, "words", f.Words.Alpha),
		one("raw-words", nameRaw, ofWords, "words", f.Words.Raw),
		one("ac1-words", nameAC1, ofWords, "words", f.Words.AC1),
	}, spanMeasures(f.Exact, f.Overlap, f.Unitizing)...)
}

// Measures are the figures in the order of a report.
func (f PairFigures) Measures() []Measure {
	return []Measure{
		one("kappa-blocks", nameKappa, ofBlocks, "blocks", plain(f.Blocks.Kappa)),
		one("pi-blocks", namePi, ofBlocks, "blocks", plain(f.Blocks.Pi)),
		one("ac1-blocks", nameAC1, ofBlocks, "blocks", plain(f.Blocks.AC1)),
		one("raw-blocks", nameRaw, ofBlocks, "blocks", plain(f.Blocks.Raw)),
		one("kappa-words", nameKappa, ofWords, "words", plain(f.Words.Kappa)),
		one("pi-words", namePi, ofWords, "words", plain(f.Words.Pi)),
		one("ac1-words", nameAC1, ofWords, "words", plain(f.Words.AC1)),
		one("raw-words", nameRaw, ofWords, "words", plain(f.Words.Raw)),
		one("f1-exact", nameF1, ofExact, "spans", plain(f.Exact)),
		one("f1-overlap", nameF1, ofOverlap, "spans", plain(f.Overlap)),
	}
}

// Measures are the figures in the order of a report.
func (f LabelFigures) Measures() []Measure { return spanMeasures(f.Exact, f.Overlap, f.Unitizing) }

// Title is how a slice is called where it stands in a table.
func (s Slice) Title() string {
	switch {
	case s.Others == 1:
		return "1 other site"
	case s.Others > 1:
		return fmt.Sprintf("the %d others", s.Others)
	case s.Name == "":
		return "no site"
	}
	return s.Name
}

// shownRows bounds the sections of Table: sites are at most one more than
// mostSites. The JSON form has all.
const shownRows = mostSites + 1

// Table prints the report for a terminal. What does not exist is "–", and the
// reasons stand under the table.
func (r Report) Table(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Agreement of annotators on %s that two or more of them labelled.\n", count(r.Documents, "document"))
	if r.Groups > 1 {
		fmt.Fprintf(&b, "Intervals of 95 %%: the documents drawn anew %d times, seed %d.\n", r.Resamples, r.Seed)
	}
	b.WriteString("\n")
	lines(&b, wholeHead, wholeRows(r.Figures))
	reasons(&b, []named{{"", r.Measures()}}, func(m Measure) string { return m.Name + " (" + m.Of + ")" })

	section(&b, fmt.Sprintf("Pairs of annotators (%d), most documents first:", len(r.Pairs)), "pair", r.pairRows())
	section(&b, "Labels:", "label", r.labelRows())
	section(&b, "Sites:", "site", sliceRows(r.Sites))
	period := "week"
	if r.Months {
		period = "month"
	}
	section(&b, "Over time:", period, sliceRows(r.Periods))
	_, err := io.WriteString(w, b.String())

	return err
}

// named is a row of measures.
type named struct {
	name     string
	measures []Measure
}

// heads are what measures are called above their columns.
var heads = map[string]string{
	"alpha-blocks": "alpha", "raw-blocks": "raw", "ac1-blocks": "AC1", "kappa-blocks": "kappa", "pi-blocks": "pi",
	"alpha-words": "alpha words", "raw-words": "raw words", "ac1-words": "AC1 words", "kappa-words": "kappa words", "pi-words": "pi words",
	"f1-exact": "F1 exact", "f1-overlap": "F1 overlap", "alpha-unitizing": "alpha unitizing",
}

// row of a section: its cells before the figures, and these.
type row struct {
	counts []cell
	named
}

type cell struct{ head, value string }

func (r Report) pairRows() (out []row) {
	for _, p := range r.Pairs {
		out = append(out, row{
			[]cell{{"documents", strconv.Itoa(p.Documents)}, {"blocks", number(p.Blocks.Raw.Units)}, {"words", number(p.Words.Raw.Units)}, {"spans", number(p.Exact.Units)}},
			named{p.Names[0] + " and " + p.Names[1], p.Measures()},
		})
	}
	return out
}

func (r Report) labelRows() (out []row) {
	for _, l := range r.Labels {
		out = append(out, row{
			[]cell{{"documents", number(l.Unitizing.Units)}, {"pairs", number(l.Exact.Units)}, {"spans", strconv.Itoa(l.Exact.Spans)}},
			named{l.Name, l.Measures()},
		})
	}
	return out
}

func sliceRows(slices []Slice) (out []row) {
	for _, s := range slices {
		out = append(out, row{
			[]cell{{"documents", strconv.Itoa(s.Documents)}, {"blocks", number(s.Blocks.Raw.Units)}, {"words", number(s.Words.Raw.Units)}, {"spans", strconv.Itoa(s.Exact.Spans)}},
			named{s.Title(), s.Measures()},
		})
	}
	return out
}

func section(b *strings.Builder, title, what string, rows []row) {
	if len(rows) == 0 {
		return
	}
	more := max(0, len(rows)-shownRows)
	rows = rows[:len(rows)-more]
	head := []string{what}
	for _, c := range rows[0].counts {
		head = append(head, c.head)
	}
	for _, m := range rows[0].measures {
		head = append(head, heads[m.Key])
	}
	cells, all := make([][]string, len(rows)), make([]named, len(rows))
	for i, r := range rows {
		all[i] = r.named
		cells[i] = []string{r.name}
		for _, c := range r.counts {
			cells[i] = append(cells[i], c.value)
		}
		for _, m := range r.measures {
			cells[i] = append(cells[i], show(m.Value))
		}
	}

	b.WriteString("\n" + title + "\n\n")
	lines(b, head, cells)
	if more > 0 {
		fmt.Fprintf(b, "and %d more\n", more)
	}
	reasons(b, all, func(m Measure) string { return heads[m.Key] })
}

var wholeHead = []string{"measure", "of", "value", "95 %", "observed", "by chance", "n"}

func wholeRows(f Figures) (out [][]string) {
	for _, m := range f.Measures() {
		value := show(m.Value)
		if !math.IsNaN(m.SD) {
			value += " ± " + show(m.SD)
		}
		n := number(m.Units) + " " + m.Unit
		if strings.HasPrefix(m.Key, "f1-") {
			n += fmt.Sprintf(", %d spans", f.Exact.Spans)
		}
		between := dash
		if !math.IsNaN(m.Low) {
			between = show(m.Low) + " to " + show(m.High)
		}
		out = append(out, []string{m.Name, m.Of, value, between, show(m.Observed), show(m.Expected), n})
	}
	return out
}

// shownNames is how many rows a reason lists.
const shownNames = 5

// reasons tells why what is "–" does not exist: measures that have the same
// reason in the same rows stand together.
func reasons(b *strings.Builder, rows []named, title func(Measure) string) {
	type gap struct{ measure, why string }
	var gaps []gap
	where := map[gap][]string{}
	for _, r := range rows {
		for _, m := range r.measures {
			if m.Defined() {
				continue
			}
			g := gap{title(m), m.Why}
			if where[g] == nil {
				gaps = append(gaps, g)
			}
			where[g] = append(where[g], r.name)
		}
	}

	var whys []string
	measures := map[string][]string{}
	for _, g := range gaps {
		why := "undefined because " + g.why + in(where[g])
		if measures[why] == nil {
			whys = append(whys, why)
		}
		measures[why] = append(measures[why], g.measure)
	}
	if len(whys) > 0 {
		b.WriteString("\n")
	}
	for _, why := range whys {
		fmt.Fprintf(b, "- %s: %s\n", oneLine(strings.Join(measures[why], "; ")), oneLine(why))
	}
}

// in lists rows behind a reason; the whole has no name.
func in(names []string) string {
	if len(names) == 1 && names[0] == "" {
		return ""
	}
	out := " (" + strings.Join(names[:min(shownNames, len(names))], "; ")
	if more := len(names) - shownNames; more > 0 {
		out += fmt.Sprintf("; and %d more", more)
	}
	return out + ")"
}

func lines(b *strings.Builder, head []string, rows [][]string) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{head}, rows...) {
		cells := make([]string, len(r))
		for i, c := range r {
			cells[i] = oneLine(c)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	t.Flush() // into memory, which does not fail
}

// oneLine keeps a name from breaking a table or moving a terminal's cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// dash is how what does not exist is shown.
const dash = "–"

func show(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// value is null where a figure does not exist.
func value(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// MarshalJSON writes a measure with its full name; what does not exist is null,
// and "why" stands beside it.
func (m Measure) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Key      string   `json:"key"`
		Name     string   `json:"measure"`
		Of       string   `json:"of"`
		Value    *float64 `json:"value"`
		Why      string   `json:"why,omitempty"`
		Low      *float64 `json:"low,omitempty"`
		High     *float64 `json:"high,omitempty"`
		SD       *float64 `json:"sdOverPairs,omitempty"`
		Observed *float64 `json:"observed,omitempty"`
		Expected *float64 `json:"expected,omitempty"`
		N        float64  `json:"n"`
		Unit     string   `json:"unit"`
	}{m.Key, m.Name, m.Of, value(m.Value), m.Why, value(m.Low), value(m.High), value(m.SD), value(m.Observed), value(m.Expected), m.Units, m.Unit})
}

// jsonRow is a part of a report.
type jsonRow struct {
	Name       string    `json:"name"`
	Sites      int       `json:"sites,omitempty"` // that the row of the others holds
	Annotators []int64   `json:"annotators,omitempty"`
	Label      int64     `json:"label,omitempty"`
	Documents  *int      `json:"documents,omitempty"`
	Spans      *int      `json:"spans,omitempty"`
	Measures   []Measure `json:"measures"`
}

// MarshalJSON writes the whole report; a form that programs may rely on.
func (r Report) MarshalJSON() ([]byte, error) {
	out := struct {
		Documents int       `json:"documents"`
		Spans     int       `json:"spans"`
		Resamples int       `json:"resamples"`
		Seed      uint64    `json:"seed"`
		Drawn     int       `json:"drawn"`
		Measures  []Measure `json:"measures"`
		Pairs     []jsonRow `json:"pairs"`
		Labels    []jsonRow `json:"labels"`
		Sites     []jsonRow `json:"sites"`
		Period    string    `json:"period"`
		Periods   []jsonRow `json:"periods"`
	}{
		Documents: r.Documents, Spans: r.Exact.Spans, Resamples: r.Resamples, Seed: r.Seed, Drawn: r.Groups, Measures: r.Measures(),
		Pairs: []jsonRow{}, Labels: []jsonRow{}, Sites: jsonSlices(r.Sites), Period: "week", Periods: jsonSlices(r.Periods),
	}
	if r.Months {
		out.Period = "month"
	}
	for _, p := range r.Pairs {
		out.Pairs = append(out.Pairs, jsonRow{Name: p.Names[0] + " and " + p.Names[1], Annotators: []int64{int64(p.A), int64(p.B)}, Documents: &p.Documents, Measures: p.Measures()})
	}
	for _, l := range r.Labels {
		out.Labels = append(out.Labels, jsonRow{Name: l.Name, Label: int64(l.Label), Spans: &l.Exact.Spans, Measures: l.Measures()})
	}

	return json.Marshal(out)
}

func jsonSlices(slices []Slice) []jsonRow {
	out := []jsonRow{}
	for _, s := range slices {
		out = append(out, jsonRow{Name: s.Title(), Sites: s.Others, Documents: &s.Documents, Spans: &s.Exact.Spans, Measures: s.Measures()})
	}
	return out
}
