package views

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/text"
)

func TestAxisIsRoundAndHoldsItsFigures(t *testing.T) {
	for _, one := range []struct {
		low, high float64
		want      axis
	}{
		{.897, .984, axis{.88, 1}},
		{.951, .971, axis{.95, .98}},
		{.5, .5, axis{.49, .51}},
		{0, 1, axis{0, 1}},
		{1, 1, axis{.99, 1}},
		{0, 0, axis{0, .01}},
		{.2, .65, axis{.2, .7}},
	} {
		got := roundAxis(one.low, one.high)
		if got != one.want || got.Low > one.low || got.High < one.high {
			t.Errorf("%v to %v: the axis is %v, want %v", one.low, one.high, got, one.want)
		}
	}

	a := axis{.8, 1}
	for v, want := range map[float64]string{.8: "5", 1: "175", .9: "90", .5: "5", 2: "175"} {
		if got := a.interval(v); got != want {
			t.Errorf("%v lies at %s, want %s", v, got, want)
		}
	}
	if got := a.interval(math.NaN()); got != "" {
		t.Errorf("what does not exist lies at %q", got)
	}
}

func TestFiguresSayWhatDoesNotExist(t *testing.T) {
	for _, one := range []struct{ got, want string }{
		{figure(math.NaN()), "–"}, {figure(.96249), "0.962"}, {perCent(.019), "1.9\u202f%"}, {perCent(math.NaN()), "–"},
		{signed(.0113, 3), "+0.011"}, {signed(-.037, 3), "−0.037"}, {signed(-.0001, 3), "±0.000"}, {signed(0, 3), "±0.000"}, {signed(math.NaN(), 3), "–"},
		{pValue(.0004), "<\u202f0.001"}, {pValue(.004), "0.004"}, {pValue(math.NaN()), "–"}, {millis(1500), "1\u202f500"}, {millis(25_040), "25.0\u202fs"},
		{between(score.Interval{Mean: 1, Low: math.NaN()}), "–"}, {points(.0012), "0.120"}, {quotedShell("News"), "News"}, {quotedShell("it's 1"), `'it'\''s 1'`},
	} {
		if one.got != one.want {
			t.Errorf("%q, want %q", one.got, one.want)
		}
	}
}

// reported is a report over documents with these headlines, by run; NaN for a
// document whose gold has no body.
func reported(t *testing.T, baseline int, runs ...[]float64) report.Report {
	t.Helper()
	var named []report.Run
	for k := range runs {
		named = append(named, report.Run{ID: corpus.RunID(k + 1), Name: fmt.Sprintf("run <%d>", k+1), Cleaner: corpus.Cleaner{Name: "run", Version: "1"}})
	}
	b := report.NewBuilder(report.Header{Title: "News & views"}, score.Usual, named)
	for i := range runs[0] {
		b.Document(report.Document{ID: corpus.DocumentID(i + 1), Key: fmt.Sprintf("d%d", i+1), Site: fmt.Sprintf("s%d.example", i%3), Fields: map[string]string{"kind": []string{"news", "<forum>"}[i%2]}})
		for k := range runs {
			s := score.Scored{ID: fmt.Sprintf("d%d", i+1), Site: fmt.Sprintf("s%d.example", i%3), Status: score.OK, Millis: 10 * (k + 1)}
			for _, m := range score.Usual {
				f := score.Figure{PRF: score.PRF{P: runs[k][i], R: runs[k][i], F1: runs[k][i]}}
				if math.IsNaN(runs[k][i]) {
					f.Why = score.NoBody
				}
				if m.Name == "word" {
					f.Counts = score.Counts{TP: 10, FN: 2}
				}
				s.Figures = append(s.Figures, f)
			}
			s.Kinds[score.RelatedLeaked] = k * 5
			s.Blocks.Body.TP = 1
			b.Score(k, s)
		}
	}
	o := report.Options{Measures: score.Usual, Baseline: baseline, Resamples: score.Resampling{Resamples: 1000, Seed: 1}}
	r, err := b.Report(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestScatterPutsDocumentsWhereTheyAre(t *testing.T) {
	r := reported(t, 0, []float64{1, .5, .25, math.NaN()}, []float64{.5, .5, .75, math.NaN()})
	v := ReportView{Report: r, Focus: 1}
	points, n := v.points()
	if n != 3 || len(points) != 3 {
		t.Fatalf("%d of %d points", len(points), n)
	}
	want := []point{
		{0, "358", "168", "worse", "d1: was 1.000, is 0.500"},
		{1, "198", "168", "same", "d2: was 0.500, is 0.500"},
		{2, "118", "88", "better", "d3: was 0.250, is 0.750"},
	}
	if !slices.Equal(points, want) {
		t.Errorf("the points are\n%v, want\n%v", points, want)
	}
	shapes := map[string]bool{}
	for _, p := range points {
		_, drawn, _ := strings.Cut(p.shape(), "m") // without its place
		shapes[drawn] = true
	}
	if len(shapes) != 3 {
		t.Errorf("better, worse and same have %d shapes: colour alone must not tell them apart", len(shapes))
	}

	many := make([]float64, 2500)
	for i := range many {
		many[i] = float64(i) / 2500
	}
	v = ReportView{Report: reported(t, 0, many, many), Focus: 1}
	points, n = v.points()
	if n != 2500 || len(points) != scatterPoints || points[0].Document != 0 || points[999].Document != 2497 {
		t.Errorf("%d of %d drawn, the last is %d", len(points), n, points[len(points)-1].Document)
	}
}

func TestVersusKnowsThatLessCanBeBetter(t *testing.T) {
	high, low := slices.Repeat([]float64{.9}, 30), slices.Repeat([]float64{.2}, 30)
	for i := range high {
		high[i] += float64(i) / 1000
	}
	r := reported(t, 0, low, high)
	v := ReportView{Report: r, Focus: 1, Versus: r.Versus(1)}
	words := map[string]string{}
	for _, row := range v.versusRows() {
		words[row.Name] = row.Verdict
		if row.Better+row.Worse != 30 {
			t.Errorf("%s counts %d and %d", row.Name, row.Better, row.Worse)
		}
	}
	if words["word F1"] != "better than run <1>" || words["boilerplate leaked"] != "worse than run <1>" {
		t.Errorf("verdicts %v", words)
	}
	if c := v.versusCell(1); c.Class != "up" || !strings.HasPrefix(c.Words, "p ") {
		t.Errorf("the table says %+v", c)
	}
	if c := v.versusCell(0); c.Words != "baseline" {
		t.Errorf("of the baseline it says %+v", c)
	}
	same := reported(t, 0, high, high)
	if c := (ReportView{Report: same, Focus: 1}).versusCell(1); c.Words != "not distinguishable" || c.Class != "" {
		t.Errorf("of the same figures it says %+v", c)
	}
}

func TestReportFileHoldsAllAndTrustsNothing(t *testing.T) {
	r := reported(t, 0, []float64{1, .5, .25, math.NaN()}, []float64{.5, .5, .75, math.NaN()})
	r.Ceiling = &report.Ceiling{F1: score.Interval{Mean: .97, SD: .01, Low: .95, High: .99}, Documents: 2, Kappa: math.NaN()}
	r.Gates = []report.Gate{{Name: "word-f1", Run: "run <2>", Bound: .9, Value: .5}}
	var files [2]bytes.Buffer
	for i := range files {
		if err := ReportFile(r).Render(t.Context(), &files[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("the file differs from itself")
	}
	out := files[0].String()
	for _, want := range []string{"News &amp; views", "run &lt;2&gt;", "&lt;forum&gt;", "human ceiling", "fell short", "keep everything", "Related headlines leaked", "Got worse", "run &lt;2&gt; against run &lt;1&gt;", "Gold without a body"} {
		if !strings.Contains(out, want) {
			t.Errorf("the file does not have %s", want)
		}
	}
	_, page, _ := strings.Cut(out, "</style>")
	for _, no := range []string{"<script", " style=", " href=", " src=", " on", "run <", "<forum>"} {
		if strings.Contains(page, no) && no != " on" {
			t.Errorf("the file has %q", no)
		}
	}
	if m := regexp.MustCompile(`\son\w+=`).FindString(page); m != "" {
		t.Errorf("the file has a handler, %q", m)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s is there twice", m[1])
		}
		ids[m[1]] = true
	}
	for _, empty := range []report.Report{{Baseline: -1}, reported(t, -1, []float64{math.NaN()})} {
		if err := ReportFile(empty).Render(t.Context(), &bytes.Buffer{}); err != nil {
			t.Error(err)
		}
	}
}

// block makes blocks of lines, body where they begin with "+".
func blocked(lines ...string) (page string, blocks []score.Block) {
	var texts []string
	at := 0
	for _, l := range lines {
		t, isBody := strings.CutPrefix(l, "+")
		b := score.Block{Range: text.Range{Start: at, End: at + len([]rune(t))}, Class: corpus.Boilerplate}
		if isBody {
			b.Class = corpus.Body
		}
		blocks = append(blocks, b)
		texts = append(texts, t)
		at = b.End + 1
	}
	return strings.Join(texts, "\n"), blocks
}

func pairOf(said string, lines ...string) *score.Pair {
	g := score.Gold{}
	g.Page, g.Blocks = blocked(lines...)
	g.Body = score.BodyText(g.Page, g.Blocks)
	return &score.Pair{Gold: g, Prediction: score.Prediction{Status: score.OK, Text: said}}
}

// told writes ink in letters: [lost], {leaked}, (dropped), <invented>, plain.
func told(ink []Inked) string {
	marks := map[score.Fate][2]string{score.LostBody: {"[", "]"}, score.LeakedBoilerplate: {"{", "}"}, score.DroppedBoilerplate: {"(", ")"}, inventedWord: {"<", ">"}, movedWord: {"/", "/"}}
	var b strings.Builder
	for _, i := range ink {
		m := marks[i.Fate]
		b.WriteString(m[0] + i.Text + m[1])
	}
	return b.String()
}

func TestInkIsCutAtWordsAndKeepsEveryCharacter(t *testing.T) {
	for _, one := range []struct {
		rule, said string
		lines      []string
		want       []string
	}{
		{"all kept", "One two.", []string{"+One two."}, []string{"One two."}},
		{"a sentence lost with its quotes and stop", "A toll is a promise.", []string{"+A toll is a promise. “We read it,” he said."}, []string{"A toll is a promise. [“We read it,” he said.]"}},
		{"boilerplate dropped, and leaked", "Read also: twins", []string{"Menu", "Read also: twins!"}, []string{"(Menu)", "{Read also: twins!}"}},
		{"one word in the middle lost", "The closes on Monday.", []string{"+The bridge closes on Monday."}, []string{"The [bridge] closes on Monday."}},
		{"emoji, a composed word, right to left", "😀 Ada\nשלום", []string{"+😀 Ada Lo\u0308we!", "+שלום עולם.", "Twins 👨‍👩‍👧‍👦"}, []string{"😀 Ada [Lo\u0308we!]", "שלום [עולם.]", "(Twins) 👨‍👩‍👧‍👦"}},
		{"a no-break space parts words", "Menu", []string{"+Menu\u00a0Home"}, []string{"Menu\u00a0[Home]"}},
		{"CRLF in the answer", "one\r\ntwo", []string{"+one", "+two"}, []string{"one", "two"}},
		{"a block without a word", "one", []string{"+one", "-"}, []string{"one", "-"}},
		{"words that touch", "a", []string{"+a/b"}, []string{"a/[b]"}},
		{"nothing at all", "", []string{"+one two"}, []string{"[one two]"}},
	} {
		t.Run(one.rule, func(t *testing.T) {
			var p MistakePage
			p.Fill(pairOf(one.said, one.lines...))
			var got []string
			n := 0
			for _, section := range p.Content {
				for _, b := range section {
					got = append(got, told(b.Ink))
					whole := ""
					for _, i := range b.Ink {
						whole += i.Text
					}
					if want := strings.TrimPrefix(one.lines[n], "+"); whole != want {
						t.Errorf("the text is %q, painted it reads %q", want, whole)
					}
					n++
				}
			}
			if !slices.Equal(got, one.want) {
				t.Errorf("painted %q, want %q", got, one.want)
			}
		})
	}
}

func TestEachMistakeBeginsOnce(t *testing.T) {
	pair := pairOf("Two three. Read also", "Menu", "+One", "+Two three. Four", "Read also", "Share this", "+Five")
	pair.Gold.Spans = []score.Span{{Range: text.Range{Start: 5, End: 8}, Label: "PER"}}
	var p MistakePage
	p.Fill(pair)
	first := map[int]int{}
	last := 0
	for _, section := range p.Content {
		for _, b := range section {
			for _, i := range b.Ink {
				if !i.wrong() {
					continue
				}
				if i.Mistake < last || i.Mistake == 0 || i.Mistake > len(p.List) {
					t.Errorf("%q belongs to mistake %d, after %d", i.Text, i.Mistake, last)
				}
				last = i.Mistake
				if i.First {
					first[i.Mistake]++
				}
			}
		}
	}
	for n := range p.List {
		if first[n+1] != 1 {
			t.Errorf("mistake %d begins %d times", n+1, first[n+1])
		}
	}
	if len(p.List) != 4 || p.List[0].Kind != score.StartLost || p.List[0].Words != 1 || p.List[0].Quote != "One" {
		t.Errorf("mistakes %+v", p.List)
	}
	if len(p.Entities) != 1 || p.Entities[0].word() != score.LostBody || p.Entities[0].Quote != "One" {
		t.Errorf("entities %+v", p.Entities)
	}
}

func TestMistakesThatAnotherRunDoesNotMakeAreNew(t *testing.T) {
	lines := []string{"Menu", "+One two", "+Three four", "Related", "+Five"}
	ours, theirs := pairOf("One two Related Five", lines...), pairOf("Menu One two Three Five", lines...)
	var p MistakePage
	p.Fill(ours)
	p.Held(theirs.Mistakes())
	var got []string
	for _, m := range p.List {
		got = append(got, fmt.Sprint(m.Quote, " ", m.New))
	}
	// they lose "four" too, so what we lose there is not new
	if want := []string{"Three four false", "Related true"}; !slices.Equal(got, want) || p.News != 1 || p.Known != 1 {
		t.Errorf("new are %q (%d, %d gone), want %q", got, p.News, p.Known, want)
	}
}

func TestCleanedTextSaysWhereItsWordsAreFrom(t *testing.T) {
	pair := pairOf("Menu One one unheard, Two\r\nOne", "Menu", "+One", "+Two")
	var p MistakePage
	p.Fill(pair)
	if got, want := told(p.Cleaned), "{Menu} One <one unheard,> Two\r\n/One/"; got != want {
		t.Errorf("the cleaned text is %q, want %q", got, want)
	}
	if want := []WordCount{{"one", 1}, {"unheard", 1}}; !slices.Equal(p.Invented, want) {
		t.Errorf("invented are %v", p.Invented)
	}
}

func TestExcerptIsAroundTheBiggestMistake(t *testing.T) {
	long := strings.Repeat("The bridge is old and long. ", 20)
	ink, kind := Excerpt(pairOf(long+"One.", "Menu", "+"+long+"One.", "+Two three four five six seven.", "Tail"))
	said := told(ink)
	if kind != "End of the body lost" || !strings.HasPrefix(said, "…") || !strings.Contains(said, "One.[Two three four five six seven.](Tail)") || len([]rune(said)) > excerptLength+20 {
		t.Errorf("%s: %q", kind, said)
	}
	if ink, kind := Excerpt(pairOf("One", "+One")); ink != nil || kind != "" {
		t.Errorf("where nothing is wrong: %q, %q", told(ink), kind)
	}
}

func TestTheArithmeticIsTheFigure(t *testing.T) {
	pair := pairOf("One two Menu", "Menu", "+One two three")
	pair.Gold.Spans, pair.Gold.Labels = []score.Span{{Range: text.Range{Start: 5, End: 8}, Label: "PER"}}, true
	lines := map[string]string{}
	for _, w := range WorkOut(pair, score.Measures) {
		lines[w.Name] = strings.Join(w.Lines, " | ")
		if len(w.Lines) == 0 {
			t.Errorf("%s is not worked out", w.Name)
		}
		if !math.IsNaN(w.Figure.PRF.F1) && !strings.Contains(lines[w.Name], exactly(w.Figure.PRF.F1)) && w.Name != "exact" {
			t.Errorf("%s is %s, the lines say %s", w.Name, exactly(w.Figure.PRF.F1), lines[w.Name])
		}
	}
	for name, want := range map[string]string{
		"word":     "2 words of the longest common subsequence; 3 words of the cleaned text; 3 words of gold's body | P = 2 / 3 = 0.6667 | R = 2 / 3 = 0.6667 | F1 = 2 · 2 / (3 + 3) = 0.6667",
		"exact":    "3 words in gold's body, 3 in the cleaned text: they are not the same",
		"leaked":   "0 words of boilerplate kept, 1 words of boilerplate in the page | share = 0 / 1 = 0.0000",
		"lost":     "1 words of body dropped, 3 words of body in the page | share = 1 / 3 = 0.3333",
		"entities": "1 entities of body whole in the cleaned text, 1 entities in body | share = 1 / 1 = 1.0000",
		"edit":     "13 code points of gold's body, 12 of the cleaned text, 5 edits between them | 1 − 5 / 13 = 0.6154",
	} {
		if lines[name] != want {
			t.Errorf("%s: %s\nwant %s", name, lines[name], want)
		}
	}
	if !strings.HasPrefix(lines["span"], "Does not exist: ") {
		t.Errorf("spans that nobody looked for: %s", lines["span"])
	}
	for _, w := range WorkOut(pairOf("", "+One"), score.Usual) {
		if w.Name == "bag" && !strings.Contains(strings.Join(w.Lines, " "), "P = 0.0000 by convention") {
			t.Errorf("by WCXB's convention: %q", w.Lines)
		}
		if w.Name == "word" && !strings.Contains(strings.Join(w.Lines, " "), "P does not exist") {
			t.Errorf("of nothing: %q", w.Lines)
		}
	}
}
