package files

import (
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/score"
)

// Result is all that a comparison of two files says.
type Result struct {
	Gold, Predictions string // the files
	Report            score.Report
	NoBody            []string // documents without a body: listed apart
	Missing           []string // documents of gold without an answer
	Unused            []string // answers for documents that gold does not have
	Everything        score.Report
	Nothing           score.Report // both by the word measure alone; Everything is empty where no page is known
	Against           *Against
	Gates             []Gate
}

// Against is the comparison with earlier answers.
type Against struct {
	File        string
	Comparisons []score.Comparison // by measure, in the report's order
	Worse       []Worse            // by the first measure, the most damage first
}

// Worse is a document that got worse.
type Worse struct {
	ID  string  `json:"id"`
	Was float64 `json:"was"`
	Is  float64 `json:"is"`
}

// Gate is a bound and what was reached.
type Gate struct {
	Name  string
	Bound float64
	Value float64 // NaN where there is none: the gate fell short
	Lower bool    // the figure is to stay below the bound
}

// Short reports whether the gate fell short.
func (g Gate) Short() bool {
	if g.Lower {
		return !(g.Value <= g.Bound)
	}
	return !(g.Value >= g.Bound)
}

func (g Gate) bound() string {
	return strconv.FormatFloat(math.Round(g.Bound*1e6)/1e6, 'f', -1, 64)
}

func (g Gate) String() string {
	switch {
	case math.IsNaN(g.Value):
		return g.Name + " does not exist for these files"
	case g.Short() && g.Lower:
		return fmt.Sprintf("%s is %.6f, above %s", g.Name, g.Value, g.bound())
	case g.Short():
		return fmt.Sprintf("%s is %.6f, below %s", g.Name, g.Value, g.bound())
	}
	return fmt.Sprintf("%s is %.6f, the bound is %s", g.Name, g.Value, g.bound())
}

// Formats are the ways to print a result; all give the same bytes for the same
// files.
var Formats = []string{"table", "json", "csv", "md", "junit"}

// Print writes the result in one of Formats.
func Print(w io.Writer, format string, r Result) error {
	switch format {
	case "json":
		return printJSON(w, r)
	case "csv":
		return printCSV(w, r)
	case "junit":
		return printJUnit(w, r)
	case "md":
		return printLines(w, r, markdown)
	}
	return printLines(w, r, table)
}

// dash is how what does not exist is shown.
const dash = "–"

func show(v float64) string {
	if math.IsNaN(v) {
		return dash
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

func between(i score.Interval) string {
	if math.IsNaN(i.Low) {
		return dash
	}
	return show(i.Low) + " to " + show(i.High)
}

var head = []string{"measure", "equals", "P", "R", "F1", "95 % by document", "95 % by site", "micro F1", "n"}

func rows(r Result) [][]string {
	var out [][]string
	for _, row := range r.Report.Rows {
		if row.N == 0 { // notes say why
			continue
		}
		p, rec, site := show(row.Macro[score.P].Mean), show(row.Macro[score.R].Mean), dash
		if row.Measure.Single {
			p, rec = "", ""
		}
		if row.BySite != nil {
			site = between(*row.BySite)
		}
		micro := ""
		if row.Measure.Adds {
			micro = show(row.Micro.F1)
		}
		out = append(out, []string{row.Measure.Title, row.Measure.Badge, p, rec, show(row.Macro[score.F1].Mean), between(row.Macro[score.F1]), site, micro, strconv.Itoa(row.N)})
	}
	for _, anchor := range []struct {
		name   string
		report score.Report
	}{{"keep everything, by words", r.Everything}, {"keep nothing, by words", r.Nothing}} {
		cells := []string{anchor.name, "ours", dash, dash, dash, "", "", dash, "0"}
		if len(anchor.report.Rows) > 0 {
			row := anchor.report.Rows[0]
			cells = []string{anchor.name, "ours", show(row.Macro[score.P].Mean), show(row.Macro[score.R].Mean), show(row.Macro[score.F1].Mean), "", "", show(row.Micro.F1), strconv.Itoa(row.N)}
		}
		out = append(out, cells)
	}

	return out
}

type layout func(w io.Writer, head []string, rows [][]string) error

func table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func markdown(w io.Writer, head []string, rows [][]string) error {
	for i, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for k, c := range row {
			cells[k] = strings.ReplaceAll(c, "|", `\|`)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return nil
}

func printLines(w io.Writer, r Result, lay layout) error {
	var b strings.Builder
	for _, line := range header(r) {
		b.WriteString(line + "\n\n")
	}
	if err := lay(&b, head, rows(r)); err != nil {
		return err
	}
	for _, line := range notes(r) {
		b.WriteString("\n- " + line)
	}
	b.WriteString("\n")
	if r.Report.Blocks.Total() > 0 {
		b.WriteString("\nBlocks of all documents together (scikit-learn's figures):\n\n")
		var cells [][]string
		for _, c := range confusions(r) {
			v := c.Confusion
			cells = append(cells, []string{c.name, strconv.Itoa(v.Body.TP), strconv.Itoa(v.Body.FP), strconv.Itoa(v.Body.FN), strconv.Itoa(v.Right), strconv.Itoa(v.Undecidable),
				show(v.Accuracy()), show(v.Body.F1()), show(v.Boilerplate().F1()), show(v.MacroF1()), show(v.Kappa()), show(v.MCC())})
		}
		if err := lay(&b, []string{"each block counts", "body kept", "boilerplate kept", "body dropped", "boilerplate dropped", "without a word", "accuracy", "F1 body", "F1 boilerplate", "macro F1", "kappa", "MCC"}, cells); err != nil {
			return err
		}
		f := r.Report.Fates
		fmt.Fprintf(&b, "\nWords: %d of body kept, %d lost; %d of boilerplate leaked, %d dropped; %d invented, %d moved or repeated.\n", f.Kept, f.Lost, f.Leaked, f.Dropped, f.Invented, f.Moved)
	}
	if a := r.Against; a != nil {
		fmt.Fprintf(&b, "\nAgainst %s, the same resamples:\n\n", a.File)
		var cells [][]string
		for k, c := range a.Comparisons {
			if c.N == 0 {
				continue
			}
			verdict := "not distinguishable from it"
			if c.Distinguishable() {
				verdict = "higher"
				if c.Difference.High < 0 {
					verdict = "lower"
				}
			}
			cells = append(cells, []string{r.Report.Measures[k].Title, fmt.Sprintf("%+.4f", c.Difference.Mean), between(c.Difference), show(c.P), show(c.Holm), fmt.Sprintf("%d/%d/%d", c.Wins, c.Losses, c.Ties), verdict})
		}
		if err := lay(&b, []string{"measure", "difference", "95 %", "p (sign flips)", "p (Holm)", "higher/lower/ties", "verdict"}, cells); err != nil {
			return err
		}
		if len(a.Worse) > 0 {
			fmt.Fprintf(&b, "\n%d documents got worse by %s:\n", len(a.Worse), r.Report.Measures[0].Title)
			for _, d := range a.Worse[:min(20, len(a.Worse))] {
				fmt.Fprintf(&b, "- %s: %s, was %s\n", d.ID, show(d.Is), show(d.Was))
			}
		}
	}
	for _, g := range r.Gates {
		word := "held"
		if g.Short() {
			word = "fell short"
		}
		fmt.Fprintf(&b, "\nGate %s: %s\n", word, g)
	}
	_, err := io.WriteString(w, b.String())

	return err
}

type confusion struct {
	name string
	score.Confusion
}

func confusions(r Result) []confusion {
	return []confusion{{"once", r.Report.Blocks}, {"by its words", r.Report.ByWords}}
}

func header(r Result) []string {
	n := len(r.Report.Documents)
	states := r.Report.Statuses()
	var parts []string
	for _, s := range score.Statuses {
		if states[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", states[s], s))
		}
	}

	return []string{fmt.Sprintf("%s against the gold %s: %d documents (%s); %d resamples, seed %d",
		r.Predictions, r.Gold, n, strings.Join(parts, ", "), r.Report.Resamples.Times(n), r.Report.Resamples.Seed)}
}

// notes say what was left out and why.
func notes(r Result) []string {
	var out []string
	list := func(what string, ids []string) {
		if len(ids) == 0 {
			return
		}
		more := ""
		if len(ids) > 20 {
			more = fmt.Sprintf(" and %d more", len(ids)-20)
		}
		out = append(out, fmt.Sprintf("%s (%d): %s%s", what, len(ids), strings.Join(ids[:min(20, len(ids))], ", "), more))
	}
	list("No answer, scored as a miss", r.Missing)
	list("Predictions for documents that gold does not have, not scored", r.Unused)
	list("Gold without a body, not in the word score", r.NoBody)
	if r.Report.Sites > 0 && r.Report.Sites < score.FewSites {
		out = append(out, fmt.Sprintf("Only %d sites: the intervals by site are not to be trusted below %d.", r.Report.Sites, score.FewSites))
	}
	var whys []string // in the order of the measures
	names := map[string][]string{}
	for _, row := range r.Report.Rows {
		for _, why := range row.Reasons {
			key := fmt.Sprintf("for %d of %d documents, because %s", why.N, len(r.Report.Documents), why.Why)
			if names[key] == nil {
				whys = append(whys, key)
			}
			names[key] = append(names[key], row.Measure.Title)
		}
	}
	for _, why := range whys {
		out = append(out, fmt.Sprintf("Not there %s: %s", why, strings.Join(names[why], "; ")))
	}

	return out
}

// number is null where a figure does not exist.
type number float64

func (n number) MarshalJSONTo(e *jsontext.Encoder) error {
	if math.IsNaN(float64(n)) {
		return e.WriteToken(jsontext.Null)
	}
	return e.WriteToken(jsontext.Float(float64(n)))
}

type jsonInterval struct {
	Mean number `json:"mean"`
	SD   number `json:"sd"`
	Low  number `json:"low"`
	High number `json:"high"`
}

func asJSON(i score.Interval) jsonInterval {
	return jsonInterval{number(i.Mean), number(i.SD), number(i.Low), number(i.High)}
}

func printJSON(w io.Writer, r Result) error {
	type row struct {
		Name   string         `json:"name"`
		Title  string         `json:"title"`
		Equals string         `json:"equals"`
		About  string         `json:"about"`
		N      int            `json:"n"`
		P      *jsonInterval  `json:"p,omitzero"`
		R      *jsonInterval  `json:"r,omitzero"`
		F1     jsonInterval   `json:"f1"`
		BySite *jsonInterval  `json:"f1BySite,omitzero"`
		Micro  map[string]any `json:"micro,omitzero"`
		Left   map[string]int `json:"without,omitzero"`
	}
	type document struct {
		ID      string         `json:"id"`
		Status  score.Status   `json:"status"`
		Figures map[string]any `json:"figures"`
	}
	type comparison struct {
		Name       string       `json:"name"`
		Difference jsonInterval `json:"difference"`
		P          number       `json:"p"`
		Holm       number       `json:"holm"`
		Exact      bool         `json:"exact"`
		Wins       int          `json:"wins"`
		Losses     int          `json:"losses"`
		Ties       int          `json:"ties"`
	}
	type gate struct {
		Name  string  `json:"name"`
		Bound float64 `json:"bound"`
		Value number  `json:"value"`
		Held  bool    `json:"held"`
	}
	out := struct {
		Gold        string               `json:"gold"`
		Predictions string               `json:"predictions"`
		Documents   int                  `json:"documents"`
		Statuses    map[score.Status]int `json:"statuses"`
		Sites       int                  `json:"sites"`
		Resamples   int                  `json:"resamples"`
		Seed        uint64               `json:"seed"`
		Measures    []row                `json:"measures"`
		Everything  map[string]any       `json:"keepEverything"`
		Nothing     map[string]any       `json:"keepNothing"`
		Missing     []string             `json:"missing"`
		Unused      []string             `json:"notInGold"`
		NoBody      []string             `json:"withoutBody"`
		Blocks      map[string]any       `json:"blocks,omitzero"`
		Words       *score.Fates         `json:"words,omitzero"`
		Against     any                  `json:"against,omitzero"`
		Gates       []gate               `json:"gates"`
		Each        []document           `json:"each"`
	}{
		Gold: r.Gold, Predictions: r.Predictions, Documents: len(r.Report.Documents), Statuses: r.Report.Statuses(), Sites: r.Report.Sites,
		Resamples: r.Report.Resamples.Times(len(r.Report.Documents)), Seed: r.Report.Resamples.Seed,
		Missing: r.Missing, Unused: r.Unused, NoBody: r.NoBody, Everything: means(r.Everything), Nothing: means(r.Nothing),
	}
	for _, m := range r.Report.Rows {
		x := row{Name: m.Measure.Name, Title: m.Measure.Title, Equals: m.Measure.Badge, About: m.Measure.About, N: m.N, F1: asJSON(m.Macro[score.F1])}
		if !m.Measure.Single {
			p, rec := asJSON(m.Macro[score.P]), asJSON(m.Macro[score.R])
			x.P, x.R = &p, &rec
		}
		if m.BySite != nil {
			i := asJSON(*m.BySite)
			x.BySite = &i
		}
		if m.Measure.Adds {
			x.Micro = figures(m.Micro, m.Measure.Single)
		}
		for _, why := range m.Reasons {
			if x.Left == nil {
				x.Left = map[string]int{}
			}
			x.Left[why.Why] = why.N
		}
		out.Measures = append(out.Measures, x)
	}
	for _, d := range r.Report.Documents {
		x := document{d.ID, d.Status, map[string]any{}}
		for k, f := range d.Figures {
			m := r.Report.Measures[k]
			one := figures(f.PRF, m.Single)
			if f.Counts != (score.Counts{}) {
				one["tp"], one["fp"], one["fn"] = f.TP, f.FP, f.FN
			}
			x.Figures[m.Name] = one
		}
		out.Each = append(out.Each, x)
	}
	if r.Report.Blocks.Total() > 0 {
		out.Words, out.Blocks = &r.Report.Fates, map[string]any{}
		for _, c := range confusions(r) {
			v := c.Confusion
			out.Blocks[c.name] = map[string]any{"confusion": [2][2]int{{v.Body.TP, v.Body.FN}, {v.Body.FP, v.Right}}, "undecidable": v.Undecidable,
				"accuracy": number(v.Accuracy()), "f1Body": number(v.Body.F1()), "f1Boilerplate": number(v.Boilerplate().F1()), "macroF1": number(v.MacroF1()), "kappa": number(v.Kappa()), "mcc": number(v.MCC())}
		}
	}
	if a := r.Against; a != nil {
		var cs []comparison
		for k, c := range a.Comparisons {
			cs = append(cs, comparison{r.Report.Measures[k].Name, asJSON(c.Difference), number(c.P), number(c.Holm), c.Exact, c.Wins, c.Losses, c.Ties})
		}
		out.Against = map[string]any{"file": a.File, "measures": cs, "worse": append([]Worse{}, a.Worse...)}
	}
	for _, g := range r.Gates {
		out.Gates = append(out.Gates, gate{g.Name, g.Bound, number(g.Value), !g.Short()})
	}

	if err := json.MarshalWrite(w, out, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")

	return err
}

func figures(f score.PRF, single bool) map[string]any {
	if single {
		return map[string]any{"value": number(f.F1)}
	}
	return map[string]any{"p": number(f.P), "r": number(f.R), "f1": number(f.F1)}
}

func means(r score.Report) map[string]any {
	if len(r.Rows) == 0 {
		return nil
	}
	m := r.Rows[0].Macro
	return figures(score.PRF{P: m[score.P].Mean, R: m[score.R].Mean, F1: m[score.F1].Mean}, false)
}

func printCSV(w io.Writer, r Result) error {
	c := csv.NewWriter(w)
	exact := func(v float64) string {
		if math.IsNaN(v) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	c.Write([]string{"measure", "part", "equals", "macro", "low", "high", "low_by_site", "high_by_site", "micro", "n"})
	for _, row := range r.Report.Rows {
		for _, part := range []score.Part{score.P, score.R, score.F1} {
			i := row.Macro[part]
			name := part.String()
			if row.Measure.Single {
				if part != score.F1 {
					continue
				}
				name = "value"
			}
			low, high := "", ""
			if part == score.F1 && row.BySite != nil {
				low, high = exact(row.BySite.Low), exact(row.BySite.High)
			}
			c.Write([]string{row.Measure.Name, name, row.Measure.Badge, exact(i.Mean), exact(i.Low), exact(i.High), low, high, exact(part.Of(row.Micro)), strconv.Itoa(row.N)})
		}
	}
	c.Flush()

	return c.Error()
}

func printJUnit(w io.Writer, r Result) error {
	type failure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Failure *failure `xml:"failure,omitempty"`
	}
	suite := struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Cases    []testcase `xml:"testcase"`
	}{Name: "annotate score"}
	for _, g := range r.Gates {
		c := testcase{Class: "gate", Name: g.Name}
		if g.Short() {
			var worse strings.Builder
			for _, d := range worst(r, g.Name) {
				fmt.Fprintf(&worse, "%s\n", d)
			}
			c.Failure = &failure{g.String(), worse.String()}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, m := range r.Report.Rows {
		suite.Cases = append(suite.Cases, testcase{Class: "measure", Name: fmt.Sprintf("%s %s, n %d", m.Measure.Title, show(m.Macro[score.F1].Mean), m.N)})
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")

	return err
}

// worst are the ten documents that a gate suffers most from, with their figure.
func worst(r Result, gate string) []string {
	if r.Against != nil && gate == AgainstGate {
		var out []string
		for _, d := range r.Against.Worse[:min(10, len(r.Against.Worse))] {
			out = append(out, fmt.Sprintf("%s: %s, was %s", d.ID, show(d.Is), show(d.Was)))
		}
		return out
	}
	name, part := SplitGate(gate)
	k := slices.IndexFunc(r.Report.Measures, func(m score.Measure) bool { return m.Name == name })
	if k < 0 {
		return nil
	}
	type one struct {
		id string
		v  float64
	}
	var all []one
	for _, d := range r.Report.Documents {
		if v := part.Of(d.Figures[k].PRF); !math.IsNaN(v) {
			all = append(all, one{d.ID, v})
		}
	}
	sign := 1.0
	if r.Report.Measures[k].Lower {
		sign = -1
	}
	slices.SortStableFunc(all, func(a, b one) int {
		switch d := sign * (a.v - b.v); {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
		return 0
	})
	var out []string
	for _, o := range all[:min(10, len(all))] {
		out = append(out, fmt.Sprintf("%s: %s", o.id, show(o.v)))
	}

	return out
}

// Worst are the documents that explain a gate that fell short, the worst first.
func (r Result) Worst(g Gate) []string { return worst(r, g.Name) }

// AgainstGate is the name of the gate that compares with earlier answers.
const AgainstGate = "against"

// SplitGate takes "word-f1" apart: the measure's name and the part, F1 where
// none is named.
func SplitGate(name string) (string, score.Part) {
	for _, part := range []score.Part{score.P, score.R, score.F1} {
		if m, ok := strings.CutSuffix(name, "-"+part.String()); ok {
			return m, part
		}
	}
	return name, score.F1
}
