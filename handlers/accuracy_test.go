package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/views"
)

// line is a block of a document with gold, as a test writes it.
type line struct{ text, class, reason string }

// goldLine is a record of a document with gold, a block for each line; the
// words of entities are spans.
func goldLine(id, url string, lines []line, entities ...string) string {
	type block struct {
		Start  int    `json:"start"`
		End    int    `json:"end"`
		Class  string `json:"class"`
		Reason string `json:"reason,omitempty"`
	}
	type span struct {
		Start int    `json:"start"`
		End   int    `json:"end"`
		Label string `json:"label"`
		Quote string `json:"quote"`
	}
	var texts []string
	var blocks []block
	spans := []span{}
	at := 0
	for _, l := range lines {
		n := len([]rune(l.text))
		blocks = append(blocks, block{at, at + n, l.class, l.reason})
		for _, e := range entities {
			if before, _, ok := strings.Cut(l.text, e); ok {
				start := at + len([]rune(before))
				spans = append(spans, span{start, start + len([]rune(e)), "PER", e})
			}
		}
		texts = append(texts, l.text)
		at += n + 1
	}
	b, err := json.Marshal(map[string]any{"id": id, "url": url, "text": strings.Join(texts, "\n"), "layer": "gold", "annotators": []string{"jonas"}, "blocks": blocks, "spans": spans, "meta": map[string]string{"kind": "news"}})
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

const (
	body   = "body"
	boiler = "boilerplate"
)

// Text in which code points, bytes, UTF-16 units and characters differ, and
// that looks like markup.
var hardLines = []line{
	{"Menu\u00a0Home", boiler, "navigation"},
	{"😀 Ada Lo\u0308we said: “E\u0301clair <b>& ‘tea’</b>.”", body, ""},
	{"שלום לכולם, דוד בן גוריון.", body, ""},
	{"Read also: Ten 👨‍👩‍👧‍👦 Twins", boiler, "related"},
	{"The bridge closes on Monday.", body, ""},
}

// newReports is newSite with an adjudicator, "ada", and in the project Quiet
// four documents with gold and two runs: "old", and "<i>new</i>", which loses a
// line of the first document and lets another in. It gives their ids.
func newReportSite(t *testing.T) (s *site, was, is corpus.RunID) {
	t.Helper()
	s = newSite(t)
	a := dbtest.Annotator(t, s.store, "ada", corpus.Adjudicator)
	token, err := s.store.AddSession(t.Context(), a.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	s.cookies["ada"] = map[string]string{plainCookie: token}
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, goldLine("hard", "https://hard.example.org/1", hardLines, "Ada Lo\u0308we", "דוד בן גוריון")+
		goldLine("<script>alert(1)</script>", "https://two.example.org/1", []line{{"One plain line of body.", body, ""}, {"Sign up for our newsletter", boiler, ""}})+
		goldLine("empty", "https://two.example.org/2", []line{{"Another line that is body.", body, ""}, {"Share this", boiler, ""}})+
		goldLine("slow", "https://three.example.org/2", []line{{"The last of the lines.", body, ""}, {"Terms of use", boiler, ""}}))

	text := func(keep ...int) string {
		var out []string
		for _, i := range keep {
			out = append(out, hardLines[i].text)
		}
		return strings.Join(out, "\r\n")
	}
	was = s.addRun(p, "old", map[string]score.Prediction{
		"hard": {Status: score.OK, Text: text(1, 2, 4), Millis: 12}, "<script>alert(1)</script>": {Status: score.OK, Text: "One plain line of body.", Millis: 3},
		"empty": {Status: score.OK, Text: "Another line that is body. Share this", Millis: 4}, "slow": {Status: score.OK, Text: "The last of the lines."},
	})
	is = s.addRun(p, "<i>new</i>", map[string]score.Prediction{
		"hard": {Status: score.OK, Text: text(1, 3, 4) + " unheard word", Millis: 2500}, "<script>alert(1)</script>": {Status: score.OK, Text: "One plain line of body."},
		"empty": {Status: score.Empty}, "slow": {Status: score.TimeOut, Detail: "no answer within <10s>"},
	})

	return s, was, is
}

// addRun adds a run with predictions by the ids of documents.
func (s *site) addRun(p corpus.Project, name string, said map[string]score.Prediction) corpus.RunID {
	s.t.Helper()
	ctx := s.t.Context()
	run, err := s.store.StartRun(ctx, corpus.Run{Project: p.ID, Name: name, Cleaner: corpus.Cleaner{Name: name, Version: "1.2"}, Origin: corpus.FromAPI, Documents: len(said)}, false, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	var ps []db.Predicted
	for d, err := range s.store.Names(ctx, p.ID) {
		if err != nil {
			s.t.Fatal(err)
		}
		if one, ok := said[d.External]; ok {
			ps = append(ps, db.Predicted{Document: d.ID, Prediction: one})
		}
	}
	if err := s.store.AddPredictions(ctx, run.ID, ps); err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.EndRun(ctx, run.ID, corpus.RunDone); err != nil {
		s.t.Fatal(err)
	}
	return run.ID
}

// report waits for a page that is being made, as a browser does.
func (s *site) report(who, path string) *goquery.Document {
	s.t.Helper()
	for range 100 {
		r := s.get(who, path)
		doc := s.page(r)
		if doc.Find("#report[hx-get]").Length() == 0 {
			if r.StatusCode != http.StatusOK {
				s.t.Fatalf("%s: status %d\n%s", path, r.StatusCode, doc.Find("main").Text())
			}
			return doc
		}
	}
	s.t.Fatalf("%s is still being made", path)
	return nil
}

func TestAccuracyVisits(t *testing.T) {
	t.Parallel()
	s, was, is := newReportSite(t)
	run := func(id corpus.RunID) string { return quiet + "/runs/" + strconv.Itoa(int(id)) }
	for _, v := range []visit{
		{"an annotator may not see it", "ines", "", quiet + "/accuracy", nil, 403, "", nil, nil},
		{"nor the list of mistakes", "ines", "", run(is) + "/documents", nil, 403, "", nil, nil},
		{"nor one document", "ines", "", run(is) + "/documents/4", nil, 403, "", nil, nil},
		{"nor take it along", "ines", "", quiet + "/accuracy/json", nil, 403, "", nil, nil},
		{"an adjudicator has the tab", "ada", "", quiet, nil, 200, "", []string{".tabs a[href='/projects/2/accuracy']: Accuracy"}, []string{".tabs a[href='/projects/2/export']"}},
		{"an annotator does not", "ines", "", quiet, nil, 200, "", nil, []string{".tabs a[href='/projects/2/accuracy']"}},
		{"a project without runs says what one is", "ada", "", news + "/accuracy", nil, 200, "", []string{".empty: no run yet", ".empty a[href='/projects/1/runs']", ".ways code: annotate predict --project Newswire", ".ways code: annotate runs import", ".ways code: POST /api/v1/projects/1/runs"}, []string{"table"}},
		{"a run that there is not", "ada", "", quiet + "/accuracy?run=99", nil, 404, "", nil, nil},
		{"a run that cannot be", "ada", "", quiet + "/accuracy?run=x", nil, 404, "", nil, nil},
		{"a baseline that there is not", "ada", "", quiet + "/accuracy?against=99", nil, 404, "", nil, nil},
		{"a run of another project", "ada", "", fmt.Sprintf("%s/accuracy?run=%d", news, is), nil, 404, "", nil, nil},
		{"the mistakes of a run of another project", "ada", "", fmt.Sprintf("%s/runs/%d/documents", news, is), nil, 404, "", nil, nil},
		{"a document of another project", "ada", "", run(is) + "/documents/3", nil, 404, "", nil, nil},
		{"a document without gold", "ada", "", run(is) + "/documents/1", nil, 404, "", nil, nil},
		{"a document that there is not", "ada", "", run(is) + "/documents/99", nil, 404, "", nil, nil},
		{"a format that there is not", "ada", "", quiet + "/accuracy/none", nil, 404, "", nil, nil},
		{"a field that there is not says which there are", "ada", "", quiet + "/accuracy?slice=colour", nil, 422, "", []string{"[role=alert]: no field \"colour\""}, nil},
		{"a field that there is not, as a file", "ada", "", quiet + "/accuracy/md?slice=colour", nil, 422, "", nil, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			s.t = t
			s.check(s.get(v.who, v.path), v)
		})
	}
	s.t = t

	doc := s.report("ada", quiet+"/accuracy")
	s.see(doc, "h1: 2 runs against 4 documents with gold", fmt.Sprintf("a[href='/projects/2/runs/%d/documents']: old", was), "a[href='/projects/2/runs']: Add a run",
		".anchor th: keep everything", ".anchor th: keep nothing", "th: vs. baseline", "svg.interval circle.mean", ".heat th: Length of the body", "#kinds-0", "dt: Metric set", ".notes", ".ends: 1 perfect",
		".menu a[href*='/accuracy/html']", ".menu a[href*='/accuracy/junit']", ".choice input[name=run][checked]", fmt.Sprintf(".choice input[name=against][value='%d'][checked]", was))
	s.seeNot(doc, "i", ".scatter") // the best run is the baseline

	doc = s.report("ada", fmt.Sprintf("%s/accuracy?focus=%d", quiet, is))
	s.see(doc, "#worst-title: <i>new</i>", ".worst mark.lost", ".worst mark.leaked", ".worst .chip.bad: too slow", ".worst .detail: no answer within <10s>", ".scatter a[tabindex='-1'] path.worse title: was 1.000",
		".changes h3: Got worse", ".changes h3: No longer perfect", "#versus-1: against old", ".ends a.down[href*='status=timeout']: 1 too slow", "td: not distinguishable from old")
	s.seeNot(doc, "main i", "main b script")

	doc = s.report("ada", fmt.Sprintf("%s/accuracy?run=%d", quiet, is))
	s.see(doc, "h1: 1 run against")
	s.seeNot(doc, ".versus", ".scatter", ".pick-run")

	doc = s.report("ada", quiet+"/accuracy?common=1&against=none")
	s.see(doc, "h1: 2 runs", "input[name=common][checked]", "input[name=against][value=none][checked]")
	s.seeNot(doc, ".versus")
}

func TestAccuracyOfRunsWithoutGold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := dbtest.Project(t, s.store, "Fresh")
	s.add(p, `{"id":"a","text":"One line"}`+"\n")
	s.addRun(p, "first", map[string]score.Prediction{"a": {Status: score.OK, Text: "One line"}})
	doc := s.page(s.get("mona", "/projects/3/accuracy"))
	s.see(doc, ".empty: no gold yet", ".empty form[action='/projects/3/next']")
}

// The page shows the figures of the report, nothing of its own.
func TestAccuracyShowsTheReportsFigures(t *testing.T) {
	t.Parallel()
	s, was, is := newReportSite(t)
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	var runs []corpus.Run
	for _, id := range []corpus.RunID{was, is} {
		r, err := s.store.Run(t.Context(), p.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, r)
	}
	o := db.ReportOptions{}
	o.Measures, o.Resamples = score.Usual, score.Resampling{Seed: 1}
	r, err := s.store.Report(t.Context(), p, runs, o)
	if err != nil {
		t.Fatal(err)
	}

	doc := s.report("ada", fmt.Sprintf("%s/accuracy?focus=%d", quiet, is))
	cells := func(row *goquery.Selection) []string {
		return row.Find("td").Map(func(_ int, e *goquery.Selection) string { return strings.TrimSpace(e.Text()) })
	}
	show := func(v float64, places int) string {
		if math.IsNaN(v) {
			return "–"
		}
		return strconv.FormatFloat(v, 'f', places, 64)
	}
	for k, name := range []string{"old", "<i>new</i>"} {
		row := doc.Find(".leaders tbody tr").FilterFunction(func(_ int, e *goquery.Selection) bool { return strings.Contains(e.Find("th").Text(), name) })
		h := r.Runs[k].Headline()
		got := cells(row)
		if want := []string{show(h.Macro[score.F1].Mean, 3), show(h.Macro[score.P].Mean, 3), show(h.Macro[score.R].Mean, 3), show(h.Micro.F1, 3)}; got[0] != want[0] || !slices.Equal(got[2:5], want[1:]) {
			t.Errorf("%s: the page shows %q, the report has %q", name, got, want)
		}
		if words := row.Find(".interval-words").Text(); words != show(h.Macro[score.F1].Low, 3)+" to "+show(h.Macro[score.F1].High, 3) {
			t.Errorf("%s: the interval is %q", name, words)
		}
	}
	for _, row := range r.Runs[1].Scores.Rows {
		e := doc.Find("[aria-labelledby=measures-1] tbody tr").FilterFunction(func(_ int, e *goquery.Selection) bool {
			return strings.HasPrefix(strings.TrimSpace(e.Find("th").Text()), row.Measure.Title)
		})
		if e.Length() != 1 {
			t.Fatalf("%s is there %d times", row.Measure.Title, e.Length())
		}
		if row.N == 0 {
			continue
		}
		if got := strings.TrimSpace(e.Find("td.strong").Text()); got != show(row.Macro[score.F1].Mean, 4) {
			t.Errorf("%s: the page shows %s, the report has %v", row.Measure.Title, got, row.Macro[score.F1].Mean)
		}
		if badge := e.Find(".badge").Text(); badge != row.Measure.Badge {
			t.Errorf("%s equals %q", row.Measure.Title, badge)
		}
	}
}

func TestAccuracyIsTheSameFileTwice(t *testing.T) {
	t.Parallel()
	s, _, is := newReportSite(t)
	for format, wants := range map[string][]string{
		"html":      {"text/html; charset=utf-8", "2 runs against 4 documents with gold", "&lt;i&gt;new&lt;/i&gt;", "<style>"},
		"md":        {"text/markdown; charset=utf-8", "| keep everything |"},
		"csv":       {"text/csv; charset=utf-8", "run,measure,part"},
		"documents": {"text/csv; charset=utf-8", "hard,"},
		"json":      {"application/json", `"metricSet"`},
		"junit":     {"application/xml", "<testsuite"},
		"table":     {"text/plain; charset=utf-8", "keep nothing"},
	} {
		var files [2][]byte
		for i := range files {
			r := s.get("ada", fmt.Sprintf("%s/accuracy/%s?focus=%d", quiet, format, is))
			if i == 1 { // of another server over the same data file
				again, err := New(s.store, Options{})
				if err != nil {
					t.Fatal(err)
				}
				s.server, again = again, s.server
				r = s.get("ada", fmt.Sprintf("%s/accuracy/%s", quiet, format))
				s.server, again = again, s.server
				again.Close()
			}
			b, err := io.ReadAll(r.Body)
			if err != nil || r.StatusCode != 200 {
				t.Fatalf("%s: %d, %v", format, r.StatusCode, err)
			}
			if got := r.Header.Get("Content-Type"); got != wants[0] {
				t.Errorf("%s comes as %q", format, got)
			}
			if got := r.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=quiet-accuracy-"+format+"-") {
				t.Errorf("%s is named %q", format, got)
			}
			files[i] = b
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s differs from itself", format)
		}
		for _, want := range wants[1:] {
			if !bytes.Contains(files[0], []byte(want)) {
				t.Errorf("%s does not have %s", format, want)
			}
		}
		if format == "html" {
			for _, no := range []string{"<script", "http-equiv=\"refresh\"", " href=", " src=", "url(", "@import", " style=", "<link"} {
				if bytes.Contains(bytes.ToLower(files[0]), []byte(no)) {
					t.Errorf("the file has %s", no)
				}
			}
		}
	}
}

// mistakePage is a document's page, held against the text.
func (s *site) mistakePage(path string) *goquery.Document {
	s.t.Helper()
	whole, query, _ := strings.Cut(path, "?")
	s.report("ada", whole[:strings.LastIndexByte(whole, '/')]+"?"+query) // so that the list is known
	return s.page(s.get("ada", path))
}

func TestMistakesArePaintedWhereTheyAre(t *testing.T) {
	t.Parallel()
	s, was, is := newReportSite(t)
	doc := s.mistakePage(fmt.Sprintf("%s/runs/%d/documents/4?against=%d", quiet, is, was))

	// without what is said to those who hear the page, the blocks are the text
	doc.Find(".painted .sr, .painted .kind").Remove()
	got := doc.Find(".painted .t").Map(func(_ int, e *goquery.Selection) string { return e.Text() })
	var want []string
	for _, l := range hardLines {
		want = append(want, l.text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("painted\n%q, the text is\n%q", got, want)
	}
	marks := func(class string) []string {
		return doc.Find(".painted mark." + class).Map(func(_ int, e *goquery.Selection) string { return e.Text() })
	}
	if got, want := strings.Join(marks("lost"), ""), hardLines[2].text; strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("lost: %q, want all of %q", got, want)
	}
	if got := strings.Join(marks("leaked"), " "); got != hardLines[3].text {
		t.Errorf("leaked: %q, want %q", got, hardLines[3].text)
	}

	doc = s.mistakePage(fmt.Sprintf("%s/runs/%d/documents/4?against=%d", quiet, is, was))
	s.see(doc, "h1", ".blk.boilerplate .t: Home", "mark.lost.new#m1 .kind: Inside of the body lost, 5 words, new", "mark.leaked.new#m2 .kind: Related headlines leaked", ".mistake-list a[href='#m1'] .chip.new", ".ent.kept: Ada",
		"[aria-labelledby=entities-title]: 1 kept whole, 1 lost", ".invented-words .chip: unheard", ".raw mark.invented: unheard", ".raw mark.leaked", ".trio dd: ", "[aria-labelledby=mistakes-title]: 2 new against old; 0 of its mistakes are gone",
		".work span: P = ", ".work span: F1 = 2 · ", "th: word P, R, F1", ".badge: AEB", ".tokens code: Ada", fmt.Sprintf(".others a[href^='/projects/2/runs/%d/documents/4']: 1.000", was), "a[href='/documents/4']: Label this document",
		".bar a[rel=next]", ".bar: 3 of 4", "[data-go=next]", "#to-list", ".mistakes[data-mistakes='2']")
	s.seeNot(doc, ".painted b", ".painted script", "#m3")

	// the arithmetic is that of the figures
	pair, err := s.store.PairedOne(t.Context(), is, 4)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := score.MeasureNamed("word")
	figure := f.Of(&score.Pair{Gold: score.FromGold(pair.Gold, corpus.DefaultLabels()), Prediction: pair.Prediction})
	s.see(doc, fmt.Sprintf(".work span: P = %d / %d = %.4f", figure.TP, figure.TP+figure.FP, figure.PRF.P), fmt.Sprintf(".work span: R = %d / %d = %.4f", figure.TP, figure.TP+figure.FN, figure.PRF.R),
		fmt.Sprintf(".work span: F1 = 2 · %d / (%d + %d) = %.4f", figure.TP, figure.TP+figure.FP, figure.TP+figure.FN, figure.PRF.F1), ".trio dd: "+fmt.Sprintf("%.3f", figure.PRF.F1))

	// an answer that is none
	doc = s.mistakePage(fmt.Sprintf("%s/runs/%d/documents/7", quiet, is))
	s.see(doc, ".alert: too slow on this document", ".alert code: no answer within <10s>", "mark.lost .kind: Whole body missed", ".work span: Does not exist: spans are not on both sides")
	doc = s.mistakePage(fmt.Sprintf("%s/runs/%d/documents/5", quiet, was))
	s.see(doc, ".paper", "[aria-labelledby=mistakes-title]: None: every word of body is there")
	s.seeNot(doc, "mark[data-m]", "[data-go]")

	// the measures by themselves, as a page and as a part of one
	doc = s.page(s.get("ada", fmt.Sprintf("%s/runs/%d/documents/4/measures", quiet, is)))
	s.see(doc, "h1", "details.works[open] th: word P, R, F1", "a[href$='/documents/4']: Back")
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("%s/runs/%d/documents/4/measures", quiet, is), nil)
	r.Header.Set("HX-Request", "true")
	s.seeNot(s.page(s.send("ada", r)), "h1")
}

func TestMistakeListIsNarrowedAndOrdered(t *testing.T) {
	t.Parallel()
	s, was, is := newReportSite(t)
	base := fmt.Sprintf("%s/runs/%d/documents", quiet, is)
	for _, one := range []struct {
		query string
		want  []string // the ids of the documents, in order
	}{
		{"", []string{"6", "7", "4", "5"}},
		{"?sort=leaked", []string{"4", "5", "6", "7"}},
		{"?sort=lost", []string{"4", "6", "7", "5"}},
		{"?sort=wrong", []string{"4", "6", "7", "5"}},
		{"?sort=time", []string{"4", "5", "6", "7"}},
		{fmt.Sprintf("?sort=damage&against=%d", was), []string{"7", "6", "4", "5"}},
		{fmt.Sprintf("?new=1&against=%d", was), []string{"6", "7", "4"}},
		{"?new=1", []string{"6", "7", "4", "5"}}, // new against nothing is no question
		{"?kind=whole-lost", []string{"6", "7"}},
		{"?kind=none&sort=none&status=none&page=x", []string{"6", "7", "4", "5"}},
		{"?status=timeout", []string{"7"}},
		{"?status=empty", []string{"6"}},
		{"?q=HARD.example", []string{"4"}},
		{"?q=" + "%3Cscript", []string{"5"}},
		{"?q=nowhere", nil},
		{"?page=9", []string{"6", "7", "4", "5"}}, // the last there is
	} {
		doc := s.report("ada", base+one.query)
		got := doc.Find("#list td.name a").Map(func(_ int, e *goquery.Selection) string {
			path, _, _ := strings.Cut(e.AttrOr("href", ""), "?")
			return path[strings.LastIndexByte(path, '/')+1:]
		})
		if !slices.Equal(got, one.want) {
			t.Errorf("%s lists %q, want %q", one.query, got, one.want)
		}
	}

	doc := s.report("ada", fmt.Sprintf("%s?against=%d", base, was))
	s.see(doc, "h1: Documents of <i>new</i>", "#against option[selected]: old", "th: was", ".chip.lost: Whole body missed 5", ".chip.bad: too slow", "[role=status]: 1 to 4 of 4 documents", "#kind option: Related headlines leaked (1)", "td: 1.000")
	s.seeNot(doc, "main i", "a[rel=next]")
	s.see(s.report("ada", base+"?q=nowhere"), "#list: No document matches", fmt.Sprintf("#list a[href='%s']", base))
}

func TestAccuracyPageWaits(t *testing.T) {
	t.Parallel()
	s, _, is := newReportSite(t)
	s.server.h.reports.turn <- struct{}{} // somebody else's report is being made

	doc := s.page(s.get("ada", quiet+"/accuracy"))
	s.see(doc, "#report[hx-get='/projects/2/accuracy'][hx-trigger='every 500ms'][hx-select='#report'][hx-swap=outerHTML] progress", "[role=status]")
	s.see(s.page(s.get("ada", fmt.Sprintf("%s/runs/%d/documents", quiet, is))), "#report[hx-get] progress")

	// one document is there at once: only its place in the list is not
	doc = s.page(s.get("ada", fmt.Sprintf("%s/runs/%d/documents/4", quiet, is)))
	s.see(doc, "mark.lost", "#to-list")
	s.seeNot(doc, ".bar a[rel=next]", "progress")

	<-s.server.h.reports.turn
	s.see(s.report("ada", quiet+"/accuracy"), "h1: 2 runs against 4 documents with gold")
}

// A report is made once for all who ask, and anew when gold or a run changes; a
// page that waits gets what was just finished, however fast people label.
func TestAccuracyIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, _, _ := newReportSite(t)
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	m := s.server.h.reports
	ask := func(again bool) *keptReport {
		t.Helper()
		runs, err := s.store.Runs(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		k, err := m.ask(t.Context(), question{project: p, runs: runs[:1]}, again)
		if err != nil {
			t.Fatal(err)
		}
		<-k.ready
		return k
	}
	first := ask(false)
	if first.err != nil || ask(false) != first {
		t.Fatalf("made twice, %v", first.err)
	}
	s.add(p, goldLine("fifth", "https://five.example.org/2", []line{{"More gold.", body, ""}}))
	if ask(true) != first {
		t.Error("a page that waits is put off again")
	}
	second := ask(false)
	if second == first || len(second.report.Documents) != 5 {
		t.Errorf("the new gold is not in the report: %d documents", len(second.report.Documents))
	}

	// failures are forgotten
	if k, err := m.ask(t.Context(), question{project: p}, false); err != nil {
		t.Error(err)
	} else if <-k.ready; k.err == nil || slices.Contains(m.kept, k) {
		t.Errorf("a report about nothing is kept, %v", k.err)
	}

	// and no more are kept than fit
	for i := range 2 * maxReports {
		runs, _ := s.store.Runs(t.Context(), p.ID)
		k, err := m.ask(t.Context(), question{project: p, runs: runs, slices: []string{"site"}, baseline: corpus.RunID(i)}, false)
		if err != nil {
			t.Fatal(err)
		}
		<-k.ready
	}
	m.mu.Lock()
	if len(m.kept) > maxReports+1 {
		t.Errorf("%d reports are kept", len(m.kept))
	}
	m.mu.Unlock()
	s.server.Close()
	if _, err := m.ask(t.Context(), question{project: p}, false); err == nil {
		t.Error("a report is begun after the server was closed")
	}
}

// The page of one document, without the network: a usual one, and one of a
// megabyte.
func BenchmarkMistakePage(b *testing.B) {
	for _, size := range []struct {
		name  string
		lines int
	}{{"4kB", 40}, {"1MB", 16_000}} {
		b.Run(size.name, func(b *testing.B) {
			pair := bigPair(size.lines)
			gold := pair.Gold
			for b.Loop() {
				p := views.MistakePage{Query: views.ListQuery{Project: 1, Run: 1}}
				one := &score.Pair{Gold: gold.Kept(), Prediction: pair.Prediction}
				p.Fill(one)
				if len(gold.Page) <= longText { // of a longer one a report knows the headline, and the measures come when they are looked at
					word, _ := score.MeasureNamed("word")
					p.Word = word.Of(one)
					p.Measures, p.Texts = worked(one)
				}
				if err := views.MistakePageOf(p).Render(b.Context(), io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bigPair is a document of lines of some hundred characters with the words of
// ordinary prose, few often and many seldom, every third line boilerplate; the
// answer loses and lets in every twentieth.
func bigPair(lines int) score.Pair {
	r := rand.New(rand.NewPCG(1, 2))
	often := rand.NewZipf(r, 1.1, 4, 30_000)
	var text, said strings.Builder
	g := score.Gold{}
	at := 0
	for i := range lines {
		words := []string{"“Line"}
		for range 16 {
			words = append(words, "w"+strconv.FormatUint(often.Uint64(), 36))
		}
		l := strings.Join(words, " ") + ".”"
		class := corpus.Body
		if i%3 == 0 {
			class = corpus.Boilerplate
		}
		b := score.Block{Class: class}
		b.Start, b.End = at, at+len([]rune(l))
		g.Blocks = append(g.Blocks, b)
		at = b.End + 1
		text.WriteString(l + "\n")
		if (class == corpus.Body) != (i%20 == 0) {
			said.WriteString(l + "\n")
		}
	}
	g.Page = text.String()
	g.Body = score.BodyText(g.Page, g.Blocks)

	return score.Pair{Gold: g, Prediction: score.Prediction{Status: score.OK, Text: said.String()}}
}
