package files_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

func TestGoldOfEveryFormat(t *testing.T) {
	all := samples(t)
	for _, f := range files.Formats[1:] {
		path := all[f.Name]
		switch f.Name {
		case "trafilatura", "mozilla":
			continue // below
		case "webmainbench":
			path = write(t, "p.jsonl", `{"track_id":"a","groundtruth_content":`+asked+`,"meta":{"language":"en"}}`)
		}
		gs := golds(t, path, files.Options{})
		g := gs[0]
		// Where all nodes of the page are there, it is known.
		page := slices.Contains([]string{"dragnet-blocks", "boilernet", "l3s-gn1", "cc-select", "nodes"}, f.Name)
		if len(gs) != 1 || g.ID != "a" || g.Body != hard || g.Bodiless || page != (g.Blocks != nil) || page != strings.HasPrefix(g.Page, "Menü\n") || page != (g.TextHash == sum(g.Page)) {
			t.Errorf("%s gives %+v", f.Name, gs)
		}
	}
}

func TestGoldSaysMoreThanItsText(t *testing.T) {
	native := lines(`{"id":"a","url":"https://www.example.co.uk/x","file":"x/a.html","text":`+quoted(page)+`,"sha256":"`+sum(page)+`","language":"de","meta":{"year":2020,"paid":false,"kind":"news","more":{}},`+
		`"blocks":[{"start":0,"end":4,"class":"boilerplate","reason":"menu"},{"start":5,"end":34,"class":"body"}],"spans":[{"start":7,"end":10,"label":"PER","quote":"Ada"}]}`,
		`{"id":"b","text":"x"}`)
	g := golds(t, write(t, "g.jsonl", native), files.Options{})[0]
	if g.Site != "example.co.uk" || g.Name != "x/a.html" || g.TextHash != sum(page) || g.Page != page || g.Body != hard || !g.Labels {
		t.Errorf("it is %+v", g)
	}
	if got := fmt.Sprint(g.Fields); got != "map[kind:news language:de paid:false year:2020]" {
		t.Errorf("the fields are %s", got)
	}
	if g.Blocks[0].Reason != "menu" || g.Blocks[0].Class != corpus.Boilerplate {
		t.Errorf("the blocks are %+v", g.Blocks)
	}

	g = golds(t, write(t, "g.jsonl", `{"page_id":"`+sum("<p>")+`","plaintext":"x","source":["cleaneval","1"],"url":"u"}`), files.Options{})[0]
	if g.SourceHash != sum("<p>") || g.Name != "1" || g.Fields["set"] != "cleaneval" || g.Body != "x" {
		t.Errorf("WCEB's is %+v", g)
	}

	g = golds(t, folder(t, "4011.json", `{"url":"u","ground_truth":{"main_content":"","with":["x"],"without":["y","z"]},"_internal":{"page_type":{"primary":"forum"}}}`), files.Options{})[0]
	if g.Fields["kind"] != "forum" || len(g.With) != 1 || len(g.Without) != 2 || g.Name != "4011.json" || g.Bodiless {
		t.Errorf("WCXB's is %+v", g)
	}

	g = golds(t, write(t, "g.jsonl", `{"track_id":"a","html":"<p>no<p cc-select=\"true\">yes","groundtruth_content":null}`), files.Options{})[0]
	if g.Page != "no\nyes" || g.Body != "yes" {
		t.Errorf("WebMainBench's by marks is %+v", g)
	}

	gs := golds(t, write(t, "a/source.html", "<p>no", "a/expected.html", "<p>x", "b/expected.html", "<p>y"), files.Options{})
	if len(gs) != 2 || gs[0].SourceHash != sum("<p>no") || gs[0].Body != "x" || gs[1].ID != "b" || gs[1].SourceHash != "" {
		t.Errorf("Mozilla's are %+v", gs)
	}
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, "\n", `\n`) + `"` }

func TestSnippets(t *testing.T) {
	path := write(t, "g.json", "{\n"+`"https://a.example/x": {"file":"a.html","with":["ca fé","Ada"],"without":["Menü","Great\u00a0post"],"title":"T"}}`)
	g := golds(t, path, files.Options{})[0]
	if g.ID != "https://a.example/x" || g.URL != g.ID || g.Name != "a.html" || !g.Bodiless || g.Site != "a.example" {
		t.Fatalf("it is %+v", g)
	}
	p := open(t, write(t, "p.jsonl", `{"file":"a.html","text":"ca\n fé Great post"}`), files.Options{})
	a, err := p.For(g)
	if err != nil || a.Status != score.OK {
		t.Fatal(a, err)
	}
	// One of two is there, and one of two that should not be: 1, 1, 1.
	for i, f := range score.Score(score.Measures, g, a).Figures {
		m := score.Measures[i]
		switch {
		case m.Name == "snippets":
			if f.Counts != (score.Counts{TP: 1, FP: 1, FN: 1}) || f.PRF != (score.PRF{P: .5, R: .5, F1: .5}) || f.Why != "" {
				t.Errorf("snippets are %+v", f)
			}
		case !math.IsNaN(f.PRF.F1) || f.Why != score.NoBody || f.Counts != (score.Counts{}):
			t.Errorf("%s is %+v", m.Name, f)
		}
	}
	m, _ := score.MeasureNamed("snippets")
	for _, c := range []struct {
		gold score.Gold
		text string
		f1   float64
		why  string
	}{
		{score.Gold{Body: "x"}, "x", math.NaN(), "gold has no snippets"},
		{score.Gold{With: []string{"x"}}, "", 0, ""},
		{score.Gold{Without: []string{"x"}}, "y", math.NaN(), "gold has only snippets to leave out, and they were"},
		{score.Gold{Without: []string{"x"}}, "x", 0, ""},
	} {
		f := score.Score([]score.Measure{m}, c.gold, score.Prediction{Status: score.OK, Text: c.text}).Figures[0]
		if f.Why != c.why || math.IsNaN(f.PRF.F1) != math.IsNaN(c.f1) || f.PRF.F1 != c.f1 && c.why == "" {
			t.Errorf("%+v is %+v", c, f)
		}
	}
}

func TestBadGoldSaysWhereAndWhy(t *testing.T) {
	for _, c := range []struct {
		name, path string
		line       int
		want       string
	}{
		{"without a text", write(t, "g.jsonl", `{"id":"a","blocks":[]}`), 1, "needs a text"},
		{"a cleaner's failure", write(t, "g.json", `{"a":null}`), 1, "needs a text"},
		{"a block outside", write(t, "g.jsonl", `{"id":"a","text":"x"}`+"\n"+`{"id":"b","text":"é","blocks":[{"start":0,"end":2,"class":"body"}]}`), 2, "1 code points"},
		{"another text's hash", write(t, "g.jsonl", `{"id":"a","text":"x","blocks":[],"sha256":"`+sum("y")+`"}`), 1, "not that of the text"},
		{"an id twice", write(t, "g.jsonl", `{"id":"a","text":"x"}`+"\n\n"+`{"id":"a","text":"x"}`), 3, "twice"},
		{"a page that is none", folder(t, "a.json", `{"ground_truth":{}}`), 0, "main_content"},
		{"no file", "no", 0, "cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var last error
			for _, err := range files.Gold(c.path) {
				last = err
			}
			says(t, last, c.line, c.want)
		})
	}
}
