package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"annotate/internal/score"
)

// Format is a way to print a report.
type Format struct {
	Name, Ext, MediaType string
	About                string
	print                func(io.Writer, Report) error
}

// Formats are the ways to print a report. All give the same bytes for the same
// report.
var Formats = []Format{
	{"table", "txt", "text/plain; charset=utf-8", "for a terminal", func(w io.Writer, r Report) error { return lines(w, r, table) }},
	{"json", "json", "application/json", "everything, with each document", printJSON},
	{"csv", "csv", "text/csv; charset=utf-8", "a row for each run, measure and part", printCSV},
	{"documents", "csv", "text/csv; charset=utf-8", "CSV with a row for each document and run", printDocuments},
	{"md", "md", "text/markdown; charset=utf-8", "Markdown, as for a comment on a pull request", func(w io.Writer, r Report) error { return lines(w, r, markdown) }},
	{"junit", "xml", "application/xml", "the gates, as CI systems read them", printJUnit},
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
func (f Format) Write(w io.Writer, r Report) error { return f.print(w, r) }

func between(i score.Interval) string { return show(i.Low) + " to " + show(i.High) }

type layout func(w io.Writer, head []string, rows [][]string) error

func table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for k, c := range row {
			cells[k] = oneLine(c)
		}
		fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t"))
	}
	return t.Flush()
}

// oneLine keeps what comes from outside from breaking a table or moving a
// terminal's cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// markdownCell keeps a text from being read as markup.
var markdownCell = strings.NewReplacer("\\", "\\\\", "|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`)

func markdown(w io.Writer, head []string, rows [][]string) error {
	for i, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for k, c := range row {
			cells[k] = markdownCell.Replace(oneLine(c))
		}
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
		if i == 0 {
			if _, err := fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(row))); err != nil {
				return err
			}
		}
	}
	return nil
}

// lines prints a report to be read.
func lines(w io.Writer, r Report, lay layout) error {
	var b strings.Builder
	section := func(title string, head []string, rows [][]string) error {
		if len(rows) == 0 {
			return nil
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		if title != "" {
			b.WriteString(title + "\n\n")
		}
		return lay(&b, head, rows)
	}

	for _, line := range r.Said() {
		b.WriteString(oneLine(line) + "\n\n")
	}
	overview, head := r.overview()
	if err := section("", head, overview); err != nil {
		return err
	}
	for k, run := range r.Runs {
		title := "Measures:"
		if len(r.Runs) > 1 {
			title = "Measures of " + oneLine(run.Name) + ":"
		}
		if err := section(title, measureHead, measureRows(run)); err != nil {
			return err
		}
		if run.Scores.Blocks.Total() > 0 {
			if err := section("Blocks of all documents together (scikit-learn's figures):", blockHead, blockRows(run)); err != nil {
				return err
			}
			f := run.Scores.Fates
			fmt.Fprintf(&b, "\nWords: %d of body kept, %d lost; %d of boilerplate leaked, %d dropped; %d invented, %d moved or repeated.\n", f.Kept, f.Lost, f.Leaked, f.Dropped, f.Invented, f.Moved)
			if err := section("Mistakes, in words:", []string{"kind", "words", "documents"}, kindRows(run)); err != nil {
				return err
			}
		}
		if notes := r.Notes(k); len(notes) > 0 {
			b.WriteString("\n")
			for _, line := range notes {
				b.WriteString("- " + oneLine(line) + "\n")
			}
		}
	}
	if r.Baseline >= 0 {
		for k := range r.Runs {
			if k == r.Baseline {
				continue
			}
			if err := section(fmt.Sprintf("%s against %s, by document:", oneLine(r.Runs[k].Name), oneLine(r.Runs[r.Baseline].Name)), againstHead, r.againstRows(k)); err != nil {
				return err
			}
			if err := section("Documents that got worse, the most damage first:", []string{"document", "is", "was"}, r.worseRows(k)); err != nil {
				return err
			}
		}
	} else if len(r.Runs) > 1 {
		if err := section("Every two runs, by document (Holm's correction over all of them):", pairHead, r.pairRows()); err != nil {
			return err
		}
	}
	for _, field := range r.Fields() {
		head, rows := r.sliceRows(field)
		if err := section(r.Measures[0].Title+" by "+field+":", head, rows); err != nil {
			return err
		}
	}
	if len(r.Gates) > 0 {
		b.WriteString("\n")
		for _, g := range r.Gates {
			mark := "held"
			if g.Short() {
				mark = "fell short"
			}
			fmt.Fprintf(&b, "Gate %s: %s\n", mark, oneLine(g.String()))
		}
	}
	_, err := io.WriteString(w, b.String())

	return err
}

// Said is what a reader needs to know before the figures: of what they are, and
// how to get the same again.
func (r Report) Said() []string {
	h := r.Header
	about := fmt.Sprintf("%s: %s of %s with gold.", h.Title, count(len(r.Runs), "run"), count(len(r.Documents), "document"))
	if h.Release != "" {
		about = fmt.Sprintf("%s: %s, release %s, %s, sha256 %s.", h.Title, count(len(r.Runs), "run"), h.Release, count(len(r.Documents), "document"), h.Gold)
	}
	out := []string{about}
	repeat := fmt.Sprintf("Intervals of 95 %%: the documents drawn anew %d times, seed %d. Metric set %d", h.Resamples, h.Seed, h.Metrics)
	if h.Gold != "" && h.Release == "" {
		repeat += ", gold " + short(h.Gold)
	}
	if h.Guidelines != "" {
		repeat += ", guidelines " + short(h.Guidelines)
	}
	if h.Program != "" {
		repeat += ", " + h.Program
	}
	out = append(out, repeat+".")
	if h.Common > 0 {
		out = append(out, fmt.Sprintf("%s left out, because not every run has a prediction for them.", count(h.Common, "document")))
	}
	out = append(out, r.SampleWords()...)
	if c := r.Ceiling; c != nil && c.Documents > 0 {
		out = append(out, fmt.Sprintf("Human ceiling: word F1 %s (%s) between two people, on %s that both labelled blind.", show(c.F1.Mean), between(c.F1), count(c.Documents, "document")))
	}

	return out
}

func short(hash string) string { return hash[:min(12, len(hash))] }

func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// overview is a line for each run, and the two anchors.
func (r Report) overview() (rows [][]string, head []string) {
	first := r.Measures[0]
	head = []string{"run"}
	if !first.Single {
		head = append(head, "P", "R")
	}
	head = append(head, first.Name, "95 % by document", "95 % by site")
	extras := []struct{ name, title string }{{"block", "block F1"}, {"leaked", "leaked"}, {"lost", "lost"}, {"entities", "entities kept"}}
	var shown []string
	for _, e := range extras {
		if first.Name == e.name {
			continue
		}
		for _, run := range r.Runs {
			if row, ok := run.Row(e.name); ok && row.N > 0 {
				shown, head = append(shown, e.name), append(head, e.title)
				break
			}
		}
	}
	head = append(head, "perfect", "empty", "error", "timeout", "missing")
	if r.Baseline >= 0 {
		head = append(head, "against "+r.Runs[r.Baseline].Name)
	}

	for k, run := range r.Runs {
		row := run.Headline()
		cells := []string{run.Name}
		if !first.Single {
			cells = append(cells, show(row.Macro[score.P].Mean), show(row.Macro[score.R].Mean))
		}
		site := dash
		if row.BySite != nil {
			site = between(*row.BySite)
		}
		cells = append(cells, show(row.Macro[score.F1].Mean), between(row.Macro[score.F1]), site)
		for _, name := range shown {
			cells = append(cells, show(run.Value(name)))
		}
		o := run.Outcomes()
		for _, n := range []int{o.Perfect, o.Empty, o.Failed, o.TimeOut, o.Missing} {
			cells = append(cells, strconv.Itoa(n))
		}
		if r.Baseline >= 0 {
			cells = append(cells, r.AgainstWords(k))
		}
		rows = append(rows, cells)
	}
	if len(r.Runs) > 0 && first.Name == "word" {
		s := r.Runs[0].Scores
		for _, a := range []struct {
			name string
			row  score.Row
		}{{"keep everything", s.Everything}, {"keep nothing", s.Nothing}} {
			m := a.row.Macro
			cells := []string{a.name, show(m[score.P].Mean), show(m[score.R].Mean), show(m[score.F1].Mean)}
			rows = append(rows, append(cells, make([]string, len(head)-len(cells))...))
		}
	}

	return rows, head
}

// AgainstWords says in a few words how a run does against the baseline.
func (r Report) AgainstWords(run int) string {
	if run == r.Baseline {
		return "baseline"
	}
	c, ok := r.Against(run)
	switch {
	case !ok || c.N == 0:
		return dash
	case !c.Distinguishable():
		return fmt.Sprintf("%+.4f, not distinguishable", c.Difference.Mean)
	}
	return fmt.Sprintf("%+.4f, p %s", c.Difference.Mean, pValue(c.Holm))
}

func pValue(p float64) string {
	if p < .0001 {
		return "< 0.0001"
	}
	return show(p)
}

var measureHead = []string{"measure", "equals", "P", "R", "F1", "95 % by document", "95 % by site", "micro F1", "n"}

func measureRows(run Run) [][]string {
	var out [][]string
	for _, row := range run.Scores.Rows {
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

	return out
}

var blockHead = []string{"each block counts", "body kept", "boilerplate kept", "body dropped", "boilerplate dropped", "without a word", "accuracy", "F1 body", "F1 boilerplate", "macro F1", "kappa", "MCC"}

// Confusions are the two ways to count blocks.
func (r Run) Confusions() []struct {
	Name string
	score.Confusion
} {
	return []struct {
		Name string
		score.Confusion
	}{{"once", r.Scores.Blocks}, {"by its words", r.Scores.ByWords}}
}

func blockRows(run Run) [][]string {
	var out [][]string
	for _, c := range run.Confusions() {
		out = append(out, []string{c.Name, strconv.Itoa(c.Body.TP), strconv.Itoa(c.Body.FP), strconv.Itoa(c.Body.FN), strconv.Itoa(c.Right), strconv.Itoa(c.Undecidable),
			show(c.Accuracy()), show(c.Body.F1()), show(c.Boilerplate().F1()), show(c.MacroF1()), show(c.Kappa()), show(c.MCC())})
	}
	return out
}

// KindCount is how much of a run is one kind of mistake.
type KindCount struct {
	Kind             score.Kind
	Words, Documents int
}

// Kinds are the kinds of mistakes that the run makes, most words first.
func (r Run) Kinds() []KindCount {
	var out []KindCount
	for _, k := range score.AllKinds {
		c := KindCount{Kind: k, Words: r.Scores.Kinds[k]}
		if c.Words == 0 {
			continue
		}
		for _, d := range r.Scores.Documents {
			if d.Kinds != nil && d.Kinds[k] > 0 {
				c.Documents++
			}
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b KindCount) int { return b.Words - a.Words })

	return out
}

func kindRows(run Run) [][]string {
	var out [][]string
	for _, c := range run.Kinds() {
		out = append(out, []string{c.Kind.Title(), strconv.Itoa(c.Words), strconv.Itoa(c.Documents)})
	}
	return out
}

// shownIDs is how many ids a note lists.
const shownIDs = 20

// Notes tell what a run's figures leave out, and why.
func (r Report) Notes(run int) []string {
	var out []string
	list := func(what string, ids []string) {
		if len(ids) == 0 {
			return
		}
		more := ""
		if len(ids) > shownIDs {
			more = fmt.Sprintf(" and %d more", len(ids)-shownIDs)
		}
		out = append(out, fmt.Sprintf("%s (%d): %s%s", what, len(ids), strings.Join(firsts(ids, shownIDs), ", "), more))
	}
	one := r.Runs[run]
	list("No prediction, scored as a miss", r.Missing(run))
	list("Predictions for documents without gold, not scored", one.Unused)
	list("Gold without a body, not in the word score", r.Header.NoBody)
	if one.Scores.Sites > 0 && one.Scores.Sites < score.FewSites {
		out = append(out, fmt.Sprintf("Only %d sites: the intervals by site are not to be trusted below %d.", one.Scores.Sites, score.FewSites))
	}
	var whys []string // in the order of the measures
	names := map[string][]string{}
	for _, row := range one.Scores.Rows {
		for _, why := range row.Reasons {
			key := fmt.Sprintf("for %d of %d documents, because %s", why.N, len(r.Documents), why.Why)
			if names[key] == nil {
				whys = append(whys, key)
			}
			names[key] = append(names[key], row.Measure.Title)
		}
	}
	for _, why := range whys {
		out = append(out, fmt.Sprintf("Not there %s: %s", why, strings.Join(names[why], "; ")))
	}
	if s := one.Speed(); s.N > 0 {
		out = append(out, fmt.Sprintf("Time for a document: half within %d ms, 95 %% within %d ms, the longest %d ms.", s.P50, s.P95, s.Max))
	}
	if s := r.Stop(run, .01).words(); s != "" {
		out = append(out, s)
	}

	return out
}

var againstHead = []string{"measure", "difference", "95 %", "p", "p (Holm)", "better", "worse", "same", "verdict"}

// Verdict is what a comparison amounts to, by a measure of which more, or less,
// is better.
func Verdict(c score.Comparison, lower bool) string {
	switch {
	case c.N == 0:
		return "no document to compare by"
	case !c.Distinguishable():
		return "not distinguishable"
	case (c.Difference.Mean > 0) != lower:
		return "better"
	}
	return "worse"
}

func comparisonCells(c score.Comparison, lower bool) []string {
	better, worse := c.Wins, c.Losses
	if lower {
		better, worse = worse, better
	}
	p := pValue(c.P)
	if c.Exact && c.N > c.Ties {
		p += " exact"
	}
	return []string{fmt.Sprintf("%+.4f", c.Difference.Mean), between(c.Difference), p, pValue(c.Holm), strconv.Itoa(better), strconv.Itoa(worse), strconv.Itoa(c.Ties), Verdict(c, lower)}
}

// Versus compares a run with the baseline by each measure, and by precision and
// recall of the headline; Holm's correction is over all of these.
func (r Report) Versus(run int) []Versus {
	ours, theirs := r.Runs[run].Scores, r.Runs[r.Baseline].Scores
	var out []Versus
	var cs []score.Comparison
	for k, m := range r.Measures {
		parts := []score.Part{score.F1}
		if k == 0 && !m.Single {
			parts = []score.Part{score.P, score.R, score.F1}
		}
		for _, part := range parts {
			c := ours.Compare(theirs, k, part)
			if c.N == 0 {
				continue
			}
			name := m.Title
			if k == 0 && !m.Single {
				name = m.Name + " " + strings.ToUpper(part.String())
			}
			out, cs = append(out, Versus{Name: name, Lower: m.Lower}), append(cs, c)
		}
	}
	score.Holm(cs)
	for i := range cs {
		out[i].Comparison = cs[i]
	}

	return out
}

// Versus is one line of a comparison of two runs.
type Versus struct {
	Name  string
	Lower bool // less is better
	score.Comparison
}

func (r Report) againstRows(run int) [][]string {
	var out [][]string
	for _, v := range r.Versus(run) {
		out = append(out, append([]string{v.Name}, comparisonCells(v.Comparison, v.Lower)...))
	}
	return out
}

func (r Report) worseRows(run int) [][]string {
	var out [][]string
	for _, c := range firsts(r.Changes(run, r.Baseline).Worse, shownWorst) {
		out = append(out, []string{r.Documents[c.Document].Key, show(c.Is), show(c.Was)})
	}
	return out
}

var pairHead = []string{"A", "B", "A less B", "95 %", "p", "p (Holm)", "A better", "B better", "same", "verdict"}

func (r Report) pairRows() [][]string {
	var out [][]string
	for _, p := range r.Pairs {
		out = append(out, append([]string{r.Runs[p.A].Name, r.Runs[p.B].Name}, comparisonCells(p.Comparison, r.Measures[0].Lower)...))
	}
	return out
}

func (r Report) sliceRows(field string) (head []string, rows [][]string) {
	head = []string{field, "n"}
	for _, run := range r.Runs {
		head = append(head, run.Name, "95 %")
	}
	for _, s := range r.Slices {
		if s.Field != field {
			continue
		}
		cells := []string{s.Value, strconv.Itoa(s.N)}
		for k := range r.Runs {
			mark := ""
			if r.Baseline >= 0 && k != r.Baseline && !s.Told(k) {
				mark = " ~" // too few to tell it from the baseline
			}
			cells = append(cells, show(s.F1[k].Mean)+mark, between(s.F1[k]))
		}
		rows = append(rows, cells)
	}

	return head, rows
}
