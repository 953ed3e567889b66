package clean_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/internal/score"
)

// made is a document as an import makes it; one that no import would take has
// no blocks.
func made(t testing.TB, mediaType, raw string) corpus.Document {
	t.Helper()
	in, err := ingest.Document(ingest.Page{Raw: []byte(raw), MediaType: mediaType, File: "page"}, "line")
	if err != nil {
		return corpus.Document{MediaType: mediaType, Charset: "utf-8", Text: raw}
	}
	return in.Document
}

// awkward are documents of both kinds that have upset cleaners, or could.
func awkward(t testing.TB) map[string]corpus.Document {
	hard := "😀 Ada\u0301 met Zoe\u0308 and \u05e9\u05dc\u05d5\u05dd.\r\n\u00a0\u00a0the same, with no-break spaces\r\n\u202bright to left\u202c 👩‍👩‍👧‍👦 end.\r\n"
	article := "<article><h1>A bridge</h1>" + strings.Repeat("<p>The harbour bridge was closed on Monday for repairs that will take two weeks, the city said.</p>", 8) + "</article>"
	docs := map[string]corpus.Document{
		"nothing":                   {MediaType: "text/plain"},
		"nothing, as HTML":          {MediaType: "text/html"},
		"white space":               {MediaType: "text/plain", Text: " \n\u00a0\t\n"},
		"white space, as HTML":      {MediaType: "text/html", Text: " \n\u00a0\t\n"},
		"hard text":                 made(t, "text/plain", hard),
		"hard text, as HTML":        made(t, "text/html", "<p>"+strings.ReplaceAll(hard, "\r\n", "<br>\r\n")+article),
		"an article":                made(t, "text/html", "<html><head><title>A bridge</title></head><body><nav><a href=/>Home</a></nav>"+article+"<footer>©</footer>"),
		"tags that never close":     made(t, "text/html", "<table><tr><td><p><b><i><div><ul><li>"+article+"<script>if (a<b) {"),
		"attributes and comments":   made(t, "text/html", "<div "+strings.Repeat("a='", 300)+"><!-- <p>"+article+"--><![CDATA[ x ]]><svg><p>y</svg>"),
		"a frameset":                made(t, "text/html", "<frameset><frame src=a></frameset><noframes>"+article),
		"text and no element":       made(t, "text/html", "just words & < > &amp; &#0; &#xD800;"),
		"600 elements deep":         made(t, "text/html", strings.Repeat("<div>", 600)+article),
		"a word of 100 000 letters": made(t, "text/html", "<p>"+strings.Repeat("a", 100_000)),
		"5 000 links":               made(t, "text/html", strings.Repeat("<li><a href=x>link</a>", 5000)),
		"bytes that are no text":    {MediaType: "text/html", Charset: "utf-8", Source: []byte("<p>\xff\xfe\x00caf\xe9</p>")},
		"a charset nobody knows":    {MediaType: "text/html", Charset: "x-none", Source: []byte("<p>a</p>")},
		"an address that is none":   {MediaType: "text/html", URL: "http://[::1:%zz", Text: article},
	}
	return docs
}

// What every built-in cleaner keeps to.
func TestBuiltIns(t *testing.T) {
	docs := awkward(t)
	seen := map[string]bool{}
	for _, b := range clean.BuiltIns {
		t.Run(b.Name, func(t *testing.T) {
			if b.Title == "" || b.About == "" || b.Name != strings.ToLower(b.Name) || seen[b.Name] {
				t.Errorf("it has no title, no about or not a name of its own: %+v", b)
			}
			seen[b.Name] = true
			c := b.New()
			if about := c.About(); about.Name != b.Name || about.Version == "" || strings.HasPrefix(about.Version, "v") != (len(about.Dependencies) > 0) {
				t.Errorf("it says of itself %+v", about)
			}

			for name, d := range docs {
				var got [3]score.Prediction
				var both sync.WaitGroup
				for i := range got { // at once, each on its own copy
					both.Go(func() {
						var err error
						if got[i], err = b.New().Clean(t.Context(), d); err != nil {
							t.Errorf("%s: %v", name, err)
						}
					})
				}
				both.Wait()
				for i := range got {
					check(t, name, d, got[i])
					got[i].Millis = 0
					if !reflect.DeepEqual(got[i], got[0]) {
						t.Errorf("%s: it said\n%+v\nand then\n%+v", name, got[0], got[i])
					}
				}
				if !b.Accepts(d.MediaType) && (got[0].Status != score.Failed || !strings.Contains(got[0].Detail, "takes HTML")) {
					t.Errorf("%s: it takes %s and said %+v", name, b.Takes, got[0])
				}
			}
		})
	}
}

// check is what holds of any answer.
func check(t *testing.T, name string, d corpus.Document, p score.Prediction) {
	t.Helper()
	switch p.Status {
	case score.OK:
	case score.Empty:
		if !score.Blank(p.Text) {
			t.Errorf("%s: empty, with the text %q", name, p.Text)
		}
	case score.Failed:
		if p.Detail == "" || p.Text != "" || strings.Contains(p.Detail, "panic") {
			t.Errorf("%s: it failed with %+v", name, p)
		}
	default:
		t.Errorf("%s: the status is %s (%s)", name, p.Status, p.Detail)
	}
	if p.Millis < 1 || !utf8.ValidString(p.Text) || !utf8.ValidString(p.Detail) || len(p.Detail) > 500 {
		t.Errorf("%s: %+v", name, p)
	}
	if p.Blocks == nil {
		return
	}
	if len(p.Blocks) != len(d.Blocks) {
		t.Fatalf("%s: %d classes for %d blocks", name, len(p.Blocks), len(d.Blocks))
	}
	for i, b := range p.Blocks {
		if b.Range != d.Blocks[i].Range || b.Class != corpus.Body && b.Class != corpus.Boilerplate {
			t.Errorf("%s: block %d is %+v", name, i, b)
		}
	}
}

func TestHTMLCleanersKeepTheArticle(t *testing.T) {
	d := awkward(t)["an article"]
	for _, b := range clean.BuiltIns {
		if b.Takes != "text/html" {
			continue
		}
		p, err := b.New().Clean(t.Context(), d)
		if err != nil || p.Status != score.OK || !strings.Contains(p.Text, "two weeks, the city said.\n") || strings.Contains(p.Text, "Home") {
			t.Errorf("%s said %+v, %v", b.Name, p, err)
		}
	}
}

func TestAPageNestedTooDeepSaysSo(t *testing.T) {
	d := awkward(t)["600 elements deep"]
	for _, b := range clean.BuiltIns {
		p, err := b.New().Clean(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if b.Takes == "text/html" && (p.Status != score.Failed || !strings.Contains(p.Detail, "512")) {
			t.Errorf("%s said %+v", b.Name, p)
		}
		if b.Name == "lines" && (p.Status != score.OK || !strings.Contains(p.Text, "harbour bridge")) {
			t.Errorf("lines needs no tree, and said %+v", p)
		}
	}
}

func TestASourceIsReadInItsCharset(t *testing.T) {
	page := "<html><body><article>" + strings.Repeat("<p>Das Gr\xf6\xdfte daran ist, dass es \xfcber Nacht fertig wurde, sagte die B\xfcrgermeisterin am Montag.</p>", 8)
	d := corpus.Document{MediaType: "text/html", Charset: "windows-1252", Source: []byte(page)}
	for _, b := range clean.BuiltIns {
		if b.Takes != "text/html" {
			continue
		}
		if p, err := b.New().Clean(t.Context(), d); err != nil || !strings.Contains(p.Text, "Das Größte daran ist, dass es über Nacht") {
			t.Errorf("%s said %+v, %v", b.Name, p, err)
		}
	}
}

func TestThereIsNoOtherBuiltIn(t *testing.T) {
	if _, err := clean.BuiltInNamed("boilerpipe"); err == nil || !strings.Contains(err.Error(), "boilerpipe") {
		t.Errorf("the error is %v", err)
	}
	if b, err := clean.BuiltInNamed("lines"); err != nil || b.Name != "lines" {
		t.Errorf("got %+v, %v", b, err)
	}
}

// A built-in's About must not change from one build to the next by itself, and
// has to with another version of what it is built on.
func TestVersionsAreThoseOfGoMod(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	configs := map[string]string{}
	for _, b := range clean.BuiltIns {
		about := b.New().About()
		for m, v := range about.Dependencies {
			if !strings.Contains(string(mod), "\t"+m+" "+v) {
				t.Errorf("%s depends on %s %s, which go.mod does not have", b.Name, m, v)
			}
		}
		key, _ := json.Marshal([]any{about.Version, about.Config, about.Dependencies})
		if other, twice := configs[string(key)]; twice && len(about.Dependencies) > 0 {
			t.Errorf("%s and %s cannot be told apart but by name", b.Name, other)
		}
		configs[string(key)] = b.Name
	}
}
