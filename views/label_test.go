package views

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/PuerkitoBio/goquery"

	"annotate/assets"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// hard are texts in which bytes, code points and UTF-16 units differ, and
// which HTML would change if it could.
var hard = []string{
	"Repairs will close both lanes",
	"😀 Ada said: “the 👨‍👩‍👧‍👦 flag 🇩🇪 is e\u0301clair”",
	"שלום לכולם, דוד בן גוריון",
	"  two  spaces\tand a tab  ",
	"one\u00a0two\u2028three",
	"a lone\rcarriage return",
	"a NUL \x00 inside",
	"<script>alert(1)</script> &amp; </script><!-- \"'",
	"-",
}

// labelDocument is a document with one block a line.
func labelDocument(lines ...string) corpus.Document {
	d := corpus.Document{ID: 7, Project: 1, Name: "a.txt", Language: "en", MediaType: "text/plain", Text: strings.Join(lines, "\n")}
	at := 0
	for _, line := range lines {
		n := len([]rune(line))
		d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + n}})
		at += n + 1
	}

	return d
}

// labelView is a view of d in which the changes were made.
func labelView(t testing.TB, d corpus.Document, changes ...corpus.Change) corpus.View {
	t.Helper()

	a := corpus.NewAnnotation(d, 3)
	for i, c := range changes {
		if err := a.Do(fmt.Sprintf("event-%04d", i), c); err != nil {
			t.Fatal(err)
		}
	}

	return corpus.View{Document: d, Index: text.NewIndex(d.Text), Annotation: *a, State: corpus.Begun}
}

var labelProject = corpus.Project{ID: 1, Name: "Newswire", Labels: corpus.DefaultLabels()}

// mark is a span over the first place of quote in d.
func mark(d corpus.Document, id, quote string, label corpus.LabelID) corpus.Span {
	x := text.NewIndex(d.Text)
	at := strings.Index(d.Text, quote)
	start, _ := x.FromByte(at)
	end, _ := x.FromByte(at + len(quote))

	return corpus.Span{Range: text.Range{Start: start, End: end}, ID: corpus.SpanID(id), Label: label, Quote: quote}
}

func render(t testing.TB, p Label) *goquery.Document {
	t.Helper()

	var b bytes.Buffer
	if err := LabelPage(p).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(&b)
	if err != nil {
		t.Fatal(err)
	}

	return doc
}

// state reads the JSON that the scripts start from.
func state(t testing.TB, v any) map[string]any {
	t.Helper()

	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("%v in %s", err, b)
	}

	return out
}

func TestThePageCarriesEveryTextUnchanged(t *testing.T) {
	t.Parallel()

	d := labelDocument(hard...)
	doc := render(t, NewLabel(labelView(t, d), labelProject, corpus.Annotator{ID: 3, Name: "mara"}, nil))

	var s struct{ Exact [][]any }
	if err := json.Unmarshal([]byte(doc.Find("#state").Text()), &s); err != nil {
		t.Fatal(err)
	}
	exact := map[float64]string{}
	for _, e := range s.Exact {
		exact[e[0].(float64)] = e[1].(string)
	}

	doc.Find(".b").Each(func(i int, el *goquery.Selection) {
		got := el.Find(".t").Text()
		if e, ok := exact[float64(d.Blocks[i].Start)]; ok {
			got = e
		}
		if got != hard[i] {
			t.Errorf("block %d is %q on the page, want %q", i+1, got, hard[i])
		}
	})
	if n := doc.Find(".b").Length(); n != len(hard) {
		t.Errorf("%d blocks, want %d", n, len(hard))
	}
	if len(exact) != 2 {
		t.Errorf("%d texts besides the page's, want 2: the ones with CR and NUL", len(exact))
	}
}

func TestTheBlocksAreAListboxInSections(t *testing.T) {
	t.Parallel()

	lines := make([]string, 120)
	for i := range lines {
		lines[i] = fmt.Sprint("line ", i)
	}
	d := labelDocument(lines...)
	d.Blocks[2].Hidden, d.Blocks[0].Heading = true, 1
	doc := render(t, NewLabel(labelView(t, d, corpus.Change{Classes: []corpus.Piece{{Range: text.Range{Start: 0, End: d.Blocks[1].End}, Class: corpus.Boilerplate, Reason: "related"}}}), labelProject, corpus.Annotator{}, nil))

	for selector, want := range map[string]int{
		`#blocks[role=listbox][tabindex="0"][aria-multiselectable=true]`:      1,
		`#blocks > .section[role=presentation]`:                               3,
		`#blocks .section > .b[role=option][aria-selected=false][data-block]`: 120,
		`.b.boilerplate[data-reason="Related links"]`:                         2,
		`.b.hid`:                1,
		`.b.head`:               1,
		`#b0`:                   1,
		`[style]`:               0,
		`#palette [data-label]`: 5,
		`script:not([src]):not([type="application/json"])`: 0,
	} {
		if n := doc.Find(selector).Length(); n != want {
			t.Errorf("%d × %s, want %d", n, selector, want)
		}
	}
}

func TestADocumentWithoutBlocksSaysSo(t *testing.T) {
	t.Parallel()

	d := corpus.Document{ID: 7, Name: "empty.txt"}
	v := labelView(t, d)
	doc := render(t, NewLabel(v, labelProject, corpus.Annotator{}, nil))
	if !strings.Contains(doc.Find("#doc").Text(), "no text") || doc.Find(".b").Length() != 0 {
		t.Error("nothing tells that the document is empty")
	}
	if a := NewLabelAnswer(corpus.Answer{View: v, Touched: []text.Range{{Start: 0, End: 0}}}); len(a.Touched) != 0 {
		t.Error("an answer touches blocks that are not there")
	}
}

func TestARetiredLabelIsOfferedOnlyWhereItHasSpans(t *testing.T) {
	t.Parallel()

	project := labelProject
	project.Labels = slices.Clone(project.Labels)
	project.Labels[0].Retired, project.Labels[1].Retired = true, true
	d := labelDocument("Ada of London")
	p := NewLabel(labelView(t, d, corpus.Change{Add: []corpus.Span{mark(d, "span-0001", "Ada", 1)}}), project, corpus.Annotator{}, nil)

	var names []string
	for _, l := range p.Labels {
		names = append(names, fmt.Sprint(l.Name, " ", l.Spans))
	}
	if want := "PER 1,LOC 0,DATE 0,MISC 0"; strings.Join(names, ",") != want {
		t.Errorf("palette is %v, want %s", names, want)
	}
}

func TestTheStateSpeaksOfUnitsInsideBlocks(t *testing.T) {
	t.Parallel()

	d := labelDocument("😀 Ada of 🇩🇪 Bonn", "שלום Ada")
	// The second block starts at code point 16; in "😀 Ada" the name starts at unit 3.
	v := labelView(t, d,
		corpus.Change{Add: []corpus.Span{mark(d, "span-0001", "Ada", 1), mark(d, "span-0002", "Bonn", 3)}},
		corpus.Change{Splits: []int{6}},
	)
	s := state(t, NewLabelState(v, labelProject, corpus.Annotator{ID: 3, Name: "mara"}))

	if got, want := fmt.Sprint(s["blocks"]), "[[0   0 0 0 -1] [6   0 0 1 -1] [17   0 0 0 -1]]"; got != want {
		t.Errorf("blocks are %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(s["spans"]), "[[0 span-0001 3 6 1] [6 span-0002 8 12 3]]"; got != want {
		t.Errorf("spans are %s, want %s", got, want)
	}
	if got, want := fmt.Sprintf("%q", s["texts"]), `["😀 Ada " "of 🇩🇪 Bonn" "שלום Ada"]`; got != want {
		t.Errorf("texts are %s, want %s", got, want)
	}
	for key, want := range map[string]any{"events": 2.0, "undo": "event-0001", "redo": "", "status": "draft", "person": "mara", "annotator": 3.0} {
		if s[key] != want {
			t.Errorf("%s is %v, want %v", key, s[key], want)
		}
	}
}

// TestUnitsAreTheBrowsers holds every span of every hard text against a slice
// of UTF-16 units, as a browser makes it.
func TestUnitsAreTheBrowsers(t *testing.T) {
	t.Parallel()

	d := labelDocument(hard...)
	var spans []corpus.Span
	for _, b := range d.Blocks {
		for at := b.Start; at < b.End; at += 2 {
			r := text.Range{Start: at, End: min(at+3, b.End)}
			spans = append(spans, corpus.Span{Range: r, ID: corpus.SpanID(fmt.Sprintf("span-%06d", at)), Label: 1, Quote: text.NewIndex(d.Text).Slice(r)})
		}
	}
	v := labelView(t, d, corpus.Change{Add: spans})
	s := NewLabelState(v, labelProject, corpus.Annotator{})

	texts := map[int][]uint16{}
	for i, b := range s.Blocks {
		texts[b.Start] = utf16.Encode([]rune(s.Texts[i]))
	}
	for i, sp := range s.Spans {
		if got := string(utf16.Decode(texts[sp.Block][sp.From:sp.To])); got != v.Annotation.Spans[i].Quote {
			t.Errorf("span %s is %q in the browser, want %q", sp.ID, got, v.Annotation.Spans[i].Quote)
		}
	}
	if len(s.Spans) != len(spans) {
		t.Errorf("%d spans, want %d", len(s.Spans), len(spans))
	}
}

func TestAnAnswerTellsOfTheTouchedBlocks(t *testing.T) {
	t.Parallel()

	d := labelDocument("one Ada", "two", "three", "four", "five")
	// Blocks start at 0, 8, 12, 18, 23.
	class := func(i, j int, c corpus.Class, reason string) corpus.Change {
		return corpus.Change{Classes: []corpus.Piece{{Range: text.Range{Start: d.Blocks[i].Start, End: d.Blocks[j].End}, Class: c, Reason: reason}}}
	}
	v := labelView(t, d, class(0, 2, corpus.Body, ""), class(3, 4, corpus.Boilerplate, "related"),
		corpus.Change{Add: []corpus.Span{mark(d, "span-0001", "Ada", 1)}}, corpus.Change{Splits: []int{14}})

	for _, tt := range []struct {
		name    string
		touched []text.Range
		want    string
	}{
		{"nothing touched is nothing told", nil, `{"touched":[],"classes":[],"parts":[],"spans":[]}`},
		{"one block with its span", []text.Range{{Start: 4, End: 7}}, `{"touched":[[0,0]],"classes":[[0,0,"b",""]],"parts":[],"spans":[[0,"span-0001",4,7,1]]}`},
		{"a point inside a block touches it", []text.Range{{Start: 9, End: 9}}, `{"touched":[[8,8]],"classes":[[8,8,"b",""]],"parts":[],"spans":[]}`},
		{"neighbours of one class are one run", []text.Range{{Start: 0, End: 11}}, `{"touched":[[0,8]],"classes":[[0,8,"b",""]],"parts":[],"spans":[[0,"span-0001",4,7,1]]}`},
		{"a part brings all parts of its block", []text.Range{{Start: 15, End: 16}}, `{"touched":[[12,14]],"classes":[[12,14,"b",""]],"parts":[[12,"b","",0,0,0,-1,"th"],[14,"b","",0,0,1,-1,"ree"]],"spans":[]}`},
		{"overlapping ranges become one", []text.Range{{Start: 18, End: 27}, {Start: 18, End: 20}, {Start: 23, End: 24}}, `{"touched":[[18,23]],"classes":[[18,23,"x","related"]],"parts":[],"spans":[]}`},
		{"ranges apart stay apart, in order", []text.Range{{Start: 23, End: 27}, {Start: 8, End: 11}}, `{"touched":[[8,8],[23,23]],"classes":[[8,8,"b",""],[23,23,"x","related"]],"parts":[],"spans":[]}`},
		{"the whole document", []text.Range{{Start: 0, End: 27}}, `{"touched":[[0,23]],"classes":[[0,14,"b",""],[18,23,"x","related"]],"parts":[[12,"b","",0,0,0,-1,"th"],[14,"b","",0,0,1,-1,"ree"]],"spans":[[0,"span-0001",4,7,1]]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			a := state(t, NewLabelAnswer(corpus.Answer{Before: 3, Events: 4, View: v, Touched: tt.touched}))
			got, _ := json.Marshal(map[string]any{"touched": a["touched"], "classes": a["classes"], "parts": a["parts"], "spans": a["spans"]})
			var want, is any
			_ = json.Unmarshal([]byte(tt.want), &want)
			_ = json.Unmarshal(got, &is)
			if fmt.Sprint(is) != fmt.Sprint(want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if a["before"] != 3.0 || a["events"] != 4.0 || a["undo"] != "event-0003" {
				t.Errorf("before, events, undo are %v, %v, %v", a["before"], a["events"], a["undo"])
			}
			for _, list := range []string{"applied", "refused", "goldBy"} {
				if _, ok := a[list].([]any); !ok {
					t.Errorf("%s is %v, want a list", list, a[list])
				}
			}
		})
	}
}

func TestATagPathStandsOnceInTheState(t *testing.T) {
	t.Parallel()

	d := labelDocument("one", "two", "three")
	d.Blocks[0].Path, d.Blocks[1].Path, d.Blocks[2].Path = "body/main/p", "body/footer/p", "body/main/p"
	s := NewLabelState(labelView(t, d), labelProject, corpus.Annotator{})
	if fmt.Sprint(s.Paths) != "[body/main/p body/footer/p]" || s.Blocks[0].Path != 0 || s.Blocks[1].Path != 1 || s.Blocks[2].Path != 0 {
		t.Errorf("paths %v, blocks %v", s.Paths, s.Blocks)
	}
}

// TestBrowserAndServerSnapAlike reads the table that the test of words.js
// reads.
func TestBrowserAndServerSnapAlike(t *testing.T) {
	t.Parallel()

	file, err := os.ReadFile("../assets/jstest/snap.json")
	if err != nil {
		t.Fatal(err)
	}
	var table [][4]string
	if err := json.Unmarshal(file, &table); err != nil {
		t.Fatal(err)
	}
	if len(table) < 20 {
		t.Fatalf("only %d rows", len(table))
	}
	for _, row := range table {
		x := text.NewIndex(row[1])
		at := strings.Index(row[1], row[2])
		start, _ := x.FromByte(at)
		end, _ := x.FromByte(at + len(row[2]))
		if got := x.Slice(corpus.Snap(x, text.Range{Start: start, End: end})); got != row[3] {
			t.Errorf("%s: %q snaps to %q, want %q", row[0], row[2], got, row[3])
		}
	}
}

func TestModulesNamedInThePageAreTheOnesImported(t *testing.T) {
	t.Parallel()

	imports := regexp.MustCompile(`(?m)^import [^;]*?"\./([a-z]+\.js)";`)
	found := map[string]bool{}
	var follow func(name string)
	follow = func(name string) {
		file, err := fs.ReadFile(assets.FS, "js/"+name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range imports.FindAllSubmatch(file, -1) {
			if next := string(m[1]); !found[next] {
				found[next] = true
				follow(next)
			}
		}
	}
	follow("label.js")

	for _, name := range labelModules {
		if !found[name] {
			t.Errorf("%s is named and not imported", name)
		}
		delete(found, name)
	}
	for name := range found {
		t.Errorf("%s is imported and not named", name)
	}
}

func TestEveryActionOfThePageIsInTheListOfKeys(t *testing.T) {
	t.Parallel()

	known := map[string]bool{"kept": true, "open": true, "side": true} // these have no key of their own
	for _, a := range Actions() {
		known[a.Name] = true
	}
	doc := render(t, NewLabel(labelView(t, labelDocument("one")), labelProject, corpus.Annotator{}, nil))
	doc.Find("[data-action]").Each(func(_ int, el *goquery.Selection) {
		if name, _ := el.Attr("data-action"); !known[name] {
			t.Errorf("nothing does %q", name)
		}
	})
}

func TestKeysOfAPerson(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		name string
		keys map[string]string
		want string // part of the reason, "" for right
	}{
		{"none", nil, ""},
		{"a free key", map[string]string{"body": "y"}, ""},
		{"two actions change places", map[string]string{"body": "x", "boilerplate": "b"}, ""},
		{"a key of another alphabet", map[string]string{"body": "й"}, ""},
		{"a named key with Shift", map[string]string{"body": "Shift+F2"}, ""},
		{"a key that is taken", map[string]string{"body": "x"}, "boilerplate"},
		{"a second key of another action", map[string]string{"body": "ArrowDown"}, "next block"},
		{"an action that is not there", map[string]string{"dance": "v"}, "dance"},
		{"an arrow", map[string]string{"right": "v"}, "cannot be changed"},
		{"no key at all", map[string]string{"body": ""}, "no key"},
		{"a space is called Space", map[string]string{"body": " "}, "no key"},
		{"markup is no key", map[string]string{"body": "<b onclick>"}, "no key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			err := CheckKeys(tt.keys)
			if tt.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if _, ok := err.(*corpus.Invalid); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want *corpus.Invalid with %q", err, tt.want)
			}
		})
	}
}

func TestUsualLabelsHaveKeysThatAreFree(t *testing.T) {
	t.Parallel()

	if err := corpus.DefaultLabels().Check(ReservedKeys()); err != nil {
		t.Error(err)
	}
	if ReservedKeys()["b"] != "body" || ReservedKeys()["ArrowDown"] != "" {
		t.Error("reserved keys are not the characters of the list")
	}
}

func usual(t testing.TB, blocks int) (corpus.View, Label) {
	lines := make([]string, blocks)
	for i := range lines {
		lines[i] = "Ferries will carry up to 900 cars a day between Aldport and the islands, the authority’s timetable shows."
	}
	v := labelView(t, labelDocument(lines...))

	return v, NewLabel(v, labelProject, corpus.Annotator{ID: 3, Name: "mara"}, corpus.Counts{corpus.New: 5})
}

func TestALongDocumentIsQuick(t *testing.T) {
	v, _ := usual(t, 10_000)
	start := time.Now()
	p := NewLabel(v, labelProject, corpus.Annotator{}, nil)
	var b bytes.Buffer
	if err := LabelPage(p).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	// It takes some 20 ms; what is quadratic takes seconds.
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("the page of 10 000 blocks took %v", d)
	}
}

func BenchmarkNewLabel(b *testing.B) {
	v, _ := usual(b, 24)
	for b.Loop() {
		NewLabel(v, labelProject, corpus.Annotator{ID: 3}, nil)
	}
}

func BenchmarkLabelPage(b *testing.B) {
	v, _ := usual(b, 24)
	var out bytes.Buffer
	for b.Loop() {
		out.Reset()
		p := NewLabel(v, labelProject, corpus.Annotator{ID: 3}, nil)
		if err := LabelPage(p).Render(b.Context(), &out); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewLabelAnswer(b *testing.B) {
	v, _ := usual(b, 24)
	for b.Loop() {
		a := NewLabelAnswer(corpus.Answer{View: v, Touched: []text.Range{{Start: 0, End: 50}}})
		if _, err := json.Marshal(a); err != nil {
			b.Fatal(err)
		}
	}
}
