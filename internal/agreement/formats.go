package agreement

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"annotate/internal/corpus"
)

// Header says what a report is about.
type Header struct {
	Project string    `json:"project"`
	Release string    `json:"release,omitempty"` // whose documents it is about, "" for those of now
	Since   time.Time `json:"since,omitzero"`    // documents shared then or later
	Until   time.Time `json:"until,omitzero"`    // and before then
	Label   string    `json:"label,omitempty"`   // of the spans, "" for all
	Wanted  int       `json:"wanted"`            // documents that several people are to label, whenever
	Covered int       `json:"covered"`           // of these, labelled by two annotators or more
}

// Format is a way to print a report.
type Format struct {
	Name, Title, Ext, MediaType string
	About                       string
	print                       func(io.Writer, Header, Report) error
}

// Formats are the ways to print a report. All give the same bytes for the same
// report.
var Formats = []Format{
	{"table", "Text", "txt", "text/plain; charset=utf-8", "for a terminal", printTable},
	{"json", "JSON", "json", "application/json", "everything", printJSON},
	{"csv", "CSV", "csv", "text/csv; charset=utf-8", "a row for each figure", printCSV},
}

// FormatNamed is the format of that name.
func FormatNamed(name string) (Format, bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}

// Write prints the report.
func (f Format) Write(w io.Writer, h Header, r Report) error { return f.print(w, h, r) }

// Day is how bounds in time are written: whole days, UTC.
const Day = "2006-01-02"

// lines says in words what a report is about.
func (h Header) lines() []string {
	out := []string{"Project: " + h.Project}
	say := func(that bool, line string) {
		if that {
			out = append(out, line)
		}
	}
	say(h.Release != "", "Release: "+h.Release+", as its documents were labelled then")
	say(!h.Since.IsZero(), "Shared since: "+h.Since.UTC().Format(Day))
	say(!h.Until.IsZero(), "Shared until: "+h.Until.UTC().Add(-1).Format(Day))
	say(h.Label != "", "Spans: "+h.Label+" alone")
	if h.Wanted > 0 {
		out = append(out, fmt.Sprintf("Coverage: %d of %s that several are to label", h.Covered, count(h.Wanted, "document")))
	}

	return out
}

// ParseDays reads a first and a last day, both whole and both included, UTC:
// the report is about what was shared from since on and before until. "" is no
// bound. The error is *corpus.Invalid.
func ParseDays(first, last string) (since, until time.Time, err error) {
	if since, err = parseDay("since", first); err != nil {
		return since, until, err
	}
	if until, err = parseDay("until", last); err != nil || until.IsZero() {
		return since, until, err
	}
	if until.Before(since) {
		return since, until, corpus.Invalidf("until", "the last day comes before the first")
	}

	return since, until.AddDate(0, 0, 1), nil
}

func parseDay(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(Day, s)
	if err != nil {
		return t, corpus.Invalidf(field, "%q is not a day like 2026-11-30", s)
	}

	return t, nil
}

func printTable(w io.Writer, h Header, r Report) error {
	for _, line := range h.lines() {
		if _, err := fmt.Fprintln(w, oneLine(line)); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}

	return r.Table(w)
}

func printJSON(w io.Writer, h Header, r Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)

	return e.Encode(struct {
		Header
		Report Report `json:"report"`
	}{h, r})
}

var csvHead = []string{"part", "name", "documents", "key", "measure", "of", "value", "low", "high", "sd over pairs", "observed", "expected", "n", "unit", "undefined because"}

// printCSV gives figures with all their digits.
func printCSV(w io.Writer, h Header, r Report) error {
	out := csv.NewWriter(w)
	write := func(part, name, documents string, measures []Measure) {
		for _, m := range measures {
			_ = out.Write([]string{part, spreadsheetSafe(name), documents, m.Key, m.Name, m.Of, exactly(m.Value), exactly(m.Low), exactly(m.High), exactly(m.SD), exactly(m.Observed), exactly(m.Expected), number(m.Units), m.Unit, m.Why})
		}
	}

	_ = out.Write(csvHead) // what fails is told by Error
	write("all", h.Project, strconv.Itoa(r.Documents), r.Measures())
	for _, p := range r.Pairs {
		write("pair", p.Names[0]+" and "+p.Names[1], strconv.Itoa(p.Documents), p.Measures())
	}
	for _, l := range r.Labels {
		write("label", l.Name, "", l.Measures())
	}
	for _, s := range r.Sites {
		write("site", s.Title(), strconv.Itoa(s.Documents), s.Measures())
	}
	for _, s := range r.Periods {
		write("period", s.Title(), strconv.Itoa(s.Documents), s.Measures())
	}
	out.Flush()

	return out.Error()
}

// spreadsheetSafe keeps a spreadsheet from taking a name for a formula.
func spreadsheetSafe(s string) string {
	if s != "" && (s[0] == '=' || s[0] == '+' || s[0] == '-' || s[0] == '@') {
		return "'" + s
	}
	return s
}

// exactly is a figure with all its digits, nothing where it does not exist.
func exactly(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// Gate is the least that a figure of the whole has to be.
type Gate struct {
	Key   string // of Figures.Measures
	Bound float64
}

// ParseGate reads alpha-blocks=0.8; alpha alone is alpha-blocks. The error is
// *corpus.Invalid.
func ParseGate(s string) (Gate, error) {
	key, bound, _ := strings.Cut(s, "=")
	if key == "alpha" {
		key = "alpha-blocks"
	}
	var keys []string
	for _, m := range (Figures{}).Measures() {
		keys = append(keys, m.Key)
	}
	v, err := strconv.ParseFloat(bound, 64)
	switch {
	case err != nil || !(v >= -1 && v <= 1):
		return Gate{}, corpus.Invalidf("fail-under", "the gate %q is not like alpha=0.8, with a bound between -1 and 1", s)
	case !slices.Contains(keys, key):
		return Gate{}, corpus.Invalidf("fail-under", "no figure is called %q; take alpha or one of %s", key, strings.Join(keys, ", "))
	}

	return Gate{key, v}, nil
}

// Of is the figure that the gate is about.
func (g Gate) Of(r Report) Measure {
	all := r.Measures()
	return all[slices.IndexFunc(all, func(m Measure) bool { return m.Key == g.Key })]
}

// Short says in words how a report falls short of the gate; "" where it does
// not. A figure that does not exist falls short.
func (g Gate) Short(r Report) string {
	m := g.Of(r)
	switch {
	case !m.Defined():
		return fmt.Sprintf("%s is undefined because %s, at least %v was wanted", m.Key, m.Why, g.Bound)
	case m.Value < g.Bound:
		return fmt.Sprintf("%s is %s, at least %v was wanted", m.Key, show(m.Value), g.Bound)
	}

	return ""
}
