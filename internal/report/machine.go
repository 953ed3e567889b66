package report

import (
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

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

type jsonMeasure struct {
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

type jsonRun struct {
	Name       string               `json:"name"`
	Cleaner    *corpus.Cleaner      `json:"cleaner,omitzero"`
	Statuses   map[score.Status]int `json:"statuses"`
	Perfect    int                  `json:"perfect"`
	Speed      *jsonSpeed           `json:"milliseconds,omitzero"`
	Measures   []jsonMeasure        `json:"measures"`
	Everything map[string]any       `json:"keepEverything"`
	Nothing    map[string]any       `json:"keepNothing"`
	Blocks     map[string]any       `json:"blocks,omitzero"`
	Words      *score.Fates         `json:"words,omitzero"`
	Kinds      map[string]jsonKind  `json:"mistakes,omitzero"`
	Entities   *score.Entities      `json:"entities,omitzero"`
	Missing    []string             `json:"missing"`
	Unused     []string             `json:"notInGold"`
	Wanted     int                  `json:"documentsForOnePoint,omitzero"`
}

type jsonSpeed struct {
	N   int `json:"n"`
	P50 int `json:"p50"`
	P95 int `json:"p95"`
	Max int `json:"max"`
}

type jsonKind struct {
	Words     int `json:"words"`
	Documents int `json:"documents"`
}

type jsonComparison struct {
	A          string       `json:"a,omitzero"`
	B          string       `json:"b,omitzero"`
	Name       string       `json:"name,omitzero"`
	Difference jsonInterval `json:"difference"`
	P          number       `json:"p"`
	Holm       number       `json:"holm"`
	Exact      bool         `json:"exact"`
	Wins       int          `json:"wins"`
	Losses     int          `json:"losses"`
	Ties       int          `json:"ties"`
	Verdict    string       `json:"verdict"`
}

func comparison(c score.Comparison, lower bool) jsonComparison {
	return jsonComparison{Difference: asJSON(c.Difference), P: number(c.P), Holm: number(c.Holm), Exact: c.Exact, Wins: c.Wins, Losses: c.Losses, Ties: c.Ties, Verdict: Verdict(c, lower)}
}

type jsonChange struct {
	ID  string  `json:"id"`
	Was float64 `json:"was"`
	Is  float64 `json:"is"`
}

type jsonAgainst struct {
	Run      string           `json:"run"`
	Baseline string           `json:"baseline"`
	Measures []jsonComparison `json:"measures"`
	Worse    []jsonChange     `json:"worse"`
	Better   []jsonChange     `json:"better"`
	Same     int              `json:"same"`
	Lost     int              `json:"noLongerPerfect"`
}

type jsonSlice struct {
	Field string                  `json:"field"`
	Value string                  `json:"value"`
	N     int                     `json:"n"`
	F1    map[string]jsonInterval `json:"f1"`
}

// jsonSample says how documents were chosen.
type jsonSample struct {
	Counts map[corpus.Chosen]int `json:"documents"`
	Whole  bool                  `json:"wholeProject"`
	Fair   bool                  `json:"fairSample"`
	Lot    *jsonSlice            `json:"drawnByLot,omitzero"`
}

type jsonGate struct {
	Name  string   `json:"name"`
	Run   string   `json:"run,omitzero"`
	Bound float64  `json:"bound"`
	Value number   `json:"value"`
	Held  bool     `json:"held"`
	Worst []string `json:"worst,omitzero"`
}

type jsonFigures struct {
	Status  score.Status   `json:"status"`
	Millis  int32          `json:"ms,omitzero"`
	Figures map[string]any `json:"figures"`
}

type jsonDocument struct {
	ID   string                 `json:"id"`
	URL  string                 `json:"url,omitzero"`
	Site string                 `json:"site,omitzero"`
	Runs map[string]jsonFigures `json:"runs"`
}

// printJSON prints everything. Runs in "runs" of a document go by their names.
func printJSON(w io.Writer, r Report) error {
	h := r.Header
	out := struct {
		Title      string           `json:"title"`
		Program    string           `json:"program,omitzero"`
		Gold       string           `json:"gold,omitzero"`
		Release    string           `json:"release,omitzero"`
		Guidelines string           `json:"guidelines,omitzero"`
		Metrics    int              `json:"metricSet"`
		Documents  int              `json:"documents"`
		Sites      int              `json:"sites"`
		Resamples  int              `json:"resamples"`
		Seed       uint64           `json:"seed"`
		NoBody     []string         `json:"withoutBody"`
		LeftOut    int              `json:"notInEveryRun,omitzero"`
		Ceiling    map[string]any   `json:"humanCeiling,omitzero"`
		Runs       []jsonRun        `json:"runs"`
		Pairs      []jsonComparison `json:"pairs"`
		Against    []jsonAgainst    `json:"against,omitzero"`
		Slices     []jsonSlice      `json:"slices"`
		Chosen     *jsonSample      `json:"chosen,omitzero"`
		Gates      []jsonGate       `json:"gates"`
		Each       []jsonDocument   `json:"each"`
	}{Title: h.Title, Program: h.Program, Gold: h.Gold, Release: h.Release, Guidelines: h.Guidelines, Metrics: h.Metrics, Documents: len(r.Documents), Sites: h.Sites,
		Resamples: h.Resamples, Seed: h.Seed, NoBody: h.NoBody, LeftOut: h.Common}
	if c := r.Ceiling; c != nil {
		out.Ceiling = map[string]any{"f1": asJSON(c.F1), "documents": c.Documents, "notBlind": c.Seen, "blockKappa": number(c.Kappa), "startDiffersBy": number(c.Start), "endDiffersBy": number(c.End)}
	}
	for k := range r.Runs {
		out.Runs = append(out.Runs, r.jsonRun(k))
	}
	for _, p := range r.Pairs {
		c := comparison(p.Comparison, r.Measures[0].Lower)
		c.A, c.B = r.Runs[p.A].Name, r.Runs[p.B].Name
		out.Pairs = append(out.Pairs, c)
	}
	if r.Baseline >= 0 {
		for k := range r.Runs {
			if k != r.Baseline {
				out.Against = append(out.Against, r.jsonAgainst(k))
			}
		}
	}
	for _, s := range r.Slices {
		out.Slices = append(out.Slices, r.jsonSlice(s))
	}
	if s := r.Sample; len(s.Counts) > 0 {
		out.Chosen = &jsonSample{Counts: s.Counts, Whole: s.Whole, Fair: s.Fair()}
		if s.Lot != nil {
			drawn := r.jsonSlice(*s.Lot)
			out.Chosen.Lot = &drawn
		}
	}
	for _, g := range r.Gates {
		x := jsonGate{Name: g.Name, Run: g.Run, Bound: g.Bound, Value: number(g.Value), Held: !g.Short()}
		if g.Short() {
			x.Worst = g.Worst
		}
		out.Gates = append(out.Gates, x)
	}
	for i, d := range r.Documents {
		x := jsonDocument{d.Key, d.URL, d.Site, map[string]jsonFigures{}}
		for _, run := range r.Runs {
			o := run.Scores.Documents[i]
			x.Runs[run.Name] = jsonFigures{o.Status, o.Millis, documentFigures(run, i)}
		}
		out.Each = append(out.Each, x)
	}

	if err := json.MarshalWrite(w, out, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")

	return err
}

func (r Report) jsonSlice(s Slice) jsonSlice {
	x := jsonSlice{s.Field, s.Value, s.N, map[string]jsonInterval{}}
	for k, i := range s.F1 {
		x.F1[r.Runs[k].Name] = asJSON(i)
	}

	return x
}

func documentFigures(run Run, i int) map[string]any {
	out := map[string]any{}
	for k, m := range run.Scores.Measures {
		f := run.Scores.Figure(i, k)
		one := figures(f.PRF, m.Single)
		if f.Counts != (score.Counts{}) {
			one["tp"], one["fp"], one["fn"] = f.TP, f.FP, f.FN
		}
		out[m.Name] = one
	}
	return out
}

func (r Report) jsonRun(k int) jsonRun {
	run := r.Runs[k]
	out := jsonRun{Name: run.Name, Statuses: run.Scores.Statuses(), Perfect: run.Outcomes().Perfect, Missing: r.Missing(k), Unused: run.Unused,
		Everything: anchor(run.Scores.Everything), Nothing: anchor(run.Scores.Nothing), Wanted: r.Stop(k, .01).Wanted}
	if run.Cleaner.Name != "" {
		out.Cleaner = &run.Cleaner
	}
	if s := run.Speed(); s.N > 0 {
		out.Speed = &jsonSpeed{s.N, s.P50, s.P95, s.Max}
	}
	for _, m := range run.Scores.Rows {
		x := jsonMeasure{Name: m.Measure.Name, Title: m.Measure.Title, Equals: m.Measure.Badge, About: m.Measure.About, N: m.N, F1: asJSON(m.Macro[score.F1])}
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
	if run.Scores.Blocks.Total() > 0 {
		out.Words, out.Entities, out.Blocks, out.Kinds = &run.Scores.Fates, &run.Scores.Entities, map[string]any{}, map[string]jsonKind{}
		for _, c := range run.Confusions() {
			v := c.Confusion
			out.Blocks[c.Name] = map[string]any{"confusion": [2][2]int{{v.Body.TP, v.Body.FN}, {v.Body.FP, v.Right}}, "undecidable": v.Undecidable,
				"accuracy": number(v.Accuracy()), "f1Body": number(v.Body.F1()), "f1Boilerplate": number(v.Boilerplate().F1()), "macroF1": number(v.MacroF1()), "kappa": number(v.Kappa()), "mcc": number(v.MCC())}
		}
		for _, c := range run.Kinds() {
			out.Kinds[c.Kind.Name()] = jsonKind{c.Words, c.Documents}
		}
	}

	return out
}

func (r Report) jsonAgainst(k int) jsonAgainst {
	changes := r.Changes(k, r.Baseline)
	out := jsonAgainst{Run: r.Runs[k].Name, Baseline: r.Runs[r.Baseline].Name, Same: changes.Same, Lost: changes.Lost, Worse: []jsonChange{}, Better: []jsonChange{}}
	for _, v := range r.Versus(k) {
		c := comparison(v.Comparison, v.Lower)
		c.Name = v.Name
		out.Measures = append(out.Measures, c)
	}
	for _, c := range changes.Worse {
		out.Worse = append(out.Worse, jsonChange{r.Documents[c.Document].Key, c.Was, c.Is})
	}
	for _, c := range changes.Better {
		out.Better = append(out.Better, jsonChange{r.Documents[c.Document].Key, c.Was, c.Is})
	}

	return out
}

func figures(f score.PRF, single bool) map[string]any {
	if single {
		return map[string]any{"value": number(f.F1)}
	}
	return map[string]any{"p": number(f.P), "r": number(f.R), "f1": number(f.F1)}
}

func anchor(row score.Row) map[string]any {
	m := row.Macro
	return figures(score.PRF{P: m[score.P].Mean, R: m[score.R].Mean, F1: m[score.F1].Mean}, false)
}

func exact(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// cell keeps a spreadsheet from taking a text for a formula: an apostrophe
// goes before what could be one.
func cell(s string) string {
	s = oneLine(s)
	if s != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

func printCSV(w io.Writer, r Report) error {
	c := csv.NewWriter(w)
	c.Write([]string{"run", "measure", "part", "equals", "macro", "low", "high", "low_by_site", "high_by_site", "micro", "n"})
	for _, run := range r.Runs {
		for _, row := range run.Scores.Rows {
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
				c.Write([]string{cell(run.Name), row.Measure.Name, name, row.Measure.Badge, exact(i.Mean), exact(i.Low), exact(i.High), low, high, exact(part.Of(row.Micro)), strconv.Itoa(row.N)})
			}
		}
	}
	c.Flush()

	return c.Error()
}

func printDocuments(w io.Writer, r Report) error {
	c := csv.NewWriter(w)
	head := []string{"id", "name", "url", "site", "run", "status", "ms", "body_words", "page_words"}
	for _, m := range r.Measures {
		if m.Single {
			head = append(head, m.Name)
			continue
		}
		for _, part := range []score.Part{score.P, score.R, score.F1} {
			head = append(head, m.Name+"_"+part.String())
		}
	}
	for _, k := range score.AllKinds {
		head = append(head, "words_"+strings.ReplaceAll(k.Name(), "-", "_"))
	}
	c.Write(head)
	for i, d := range r.Documents {
		for _, run := range r.Runs {
			o := run.Scores.Documents[i]
			row := []string{cell(d.Key), cell(d.Name), cell(d.URL), cell(d.Site), cell(run.Name), string(o.Status), strconv.Itoa(int(o.Millis)), strconv.Itoa(int(o.Words)), strconv.Itoa(int(o.Page))}
			for k, m := range r.Measures {
				f := run.Scores.Figure(i, k).PRF
				if !m.Single {
					row = append(row, exact(f.P), exact(f.R))
				}
				row = append(row, exact(f.F1))
			}
			for _, k := range score.AllKinds {
				n := int32(0)
				if o.Kinds != nil {
					n = o.Kinds[k]
				}
				row = append(row, strconv.Itoa(int(n)))
			}
			c.Write(row)
		}
	}
	c.Flush()

	return c.Error()
}

func printJUnit(w io.Writer, r Report) error {
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
	}{Name: "annotate: " + r.Header.Title}
	for _, g := range r.Gates {
		name := g.Name
		if g.Run != "" {
			name += " of " + g.Run
		}
		c := testcase{Class: "gate", Name: name}
		if g.Short() {
			c.Failure = &failure{g.String(), strings.Join(append(g.Worst, ""), "\n")}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, run := range r.Runs {
		for _, m := range run.Scores.Rows {
			suite.Cases = append(suite.Cases, testcase{Class: "measure", Name: fmt.Sprintf("%s: %s %s, n %d", run.Name, m.Measure.Title, show(m.Macro[score.F1].Mean), m.N)})
		}
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
