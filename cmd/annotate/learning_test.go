package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// bridgePage is a page of one site: the same menu and foot on each, another
// article, and "Photo: the pier", which is mostly boilerplate.
func bridgePage(i int) []string {
	name := strings.Fields("Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Ivy Juniper Kapok Larch")[i%12]

	return []string{
		"Home 😀", "World", "Sport", "שלום",
		fmt.Sprintf("The bridge of %s will close for repairs, Mara Lindqvist said on the evening of the market.", name),
		fmt.Sprintf("Both lanes to %s stay closed until the end of the month, and nobody knows how long after that.", name),
		"Subscribe to the letter", "About us -",
	}
}

// bridgeRecord is the page as a record, with gold where that is wanted.
func bridgeRecord(t testing.TB, i int, gold bool) string {
	t.Helper()
	lines := bridgePage(i)
	record := map[string]any{"id": fmt.Sprint("bridge-", i), "text": strings.Join(lines, "\n"), "url": fmt.Sprintf("https://bridge.example/%d", i)}
	if gold {
		var blocks []map[string]any
		at := 0
		for k, line := range lines {
			class, n := "boilerplate", len([]rune(line))
			if k == 4 || k == 5 {
				class = "body"
			}
			if i == 7 && k == 5 {
				class = "boilerplate" // a slip
			}
			blocks = append(blocks, map[string]any{"start": at, "end": at + n, "class": class})
			at += n + 1
		}
		mara := strings.Index(lines[4], "Mara")
		start := len([]rune(strings.Join(lines[:4], "\n"))) + 1 + mara
		record["layer"], record["annotators"], record["blocks"] = "gold", []string{"jonas"}, blocks
		record["spans"] = []map[string]any{{"start": start, "end": start + len("Mara Lindqvist"), "label": "PER", "quote": "Mara Lindqvist"}}
	}
	b, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}

	return string(b) + "\n"
}

func bridgeFile(t testing.TB, golden, open int) string {
	t.Helper()
	var out strings.Builder
	for i := range golden + open {
		out.WriteString(bridgeRecord(t, i, i < golden))
	}
	path := filepath.Join(t.TempDir(), "bridges.jsonl")
	if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}

	return path
}

func TestAModelFromTheCommandLine(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "project", "add", "News")
	must(t, "", "import", "--project", "News", bridgeFile(t, 4, 0))
	for _, c := range []struct {
		args []string
		said string
	}{
		{[]string{"learn", "--project", "News"}, "at least 5 documents with gold; 4 have gold"},
		{[]string{"show", "--project", "News"}, "has no model yet"},
		{[]string{"learn", "--project", "Nothing"}, "Nothing"},
	} {
		if status, _, errs := call(t, "", append([]string{"suggest"}, c.args...)...); status != failed || !strings.Contains(errs, c.said) {
			t.Errorf("suggest %q: exit %d: %s", c.args, status, errs)
		}
	}

	must(t, "", "import", "--project", "News", bridgeFile(t, 10, 0))
	said := must(t, "", "suggest", "learn", "--project", "News", "--seed", "7")
	for _, want := range []string{"Model 1, seed 7, of 10 documents with gold", "word F1", "Spans: F1", "Blank page", "Model"} {
		if !strings.Contains(said, want) {
			t.Errorf("learn does not say %q:\n%s", want, said)
		}
	}
	var shown struct {
		Model, Seed, Documents, Sites int
		Costs                         []struct {
			Pages   int
			Sources []struct {
				Source        string
				Sweeps, Blank float64
			}
		}
	}
	if err := json.Unmarshal([]byte(must(t, "", "suggest", "show", "--project", "News", "--format", "json")), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Model != 1 || shown.Seed != 7 || shown.Documents != 10 || shown.Sites != 1 || len(shown.Costs) == 0 || shown.Costs[0].Pages != 10 {
		t.Errorf("shown: %+v", shown)
	}
	// Two sweeps make gold of a blank page: all boilerplate, then the article.
	if blank := shown.Costs[0].Sources[0]; blank.Source != "" || blank.Sweeps != 2 {
		t.Errorf("a blank page costs %+v", blank)
	}
}

// A person labels a page with what its site has taught, and a manager sees what
// became of it; the slip in the gold comes to a second look.
func TestLearningFromGoldToSecondLook(t *testing.T) {
	t.Parallel()
	s, b := signIn(t)
	s.run("", "project", "add", "News", "--suggest-share", "100")
	s.run("", "import", "--project", "News", bridgeFile(t, 10, 2))
	s.run("", "suggest", "learn", "--project", "News")

	label(b, s)
	b.until(`document.querySelectorAll("#blocks .b.suggested").length > 0`)
	if got := textOf(b, ".b .line"); !strings.Contains(got, "4 blocks, seen on 10 pages of this site") {
		t.Errorf("the menu is %q", got)
	}
	if got := eval[string](b, `document.querySelector("mark.suggested")?.textContent ?? ""`); got != "Mara Lindqvist" {
		t.Errorf("suggested as an entity: %q", got)
	}
	b.accessible("labelling with suggestions")
	b.press("a")
	b.until(`document.querySelector("#count-u").textContent === "0" && document.querySelector("#count-b").textContent === "2"`)
	saved(b)
	b.press("Enter")
	b.until(`location.pathname !== "/documents/11"`)

	for _, screen := range []struct{ name, path, has string }{
		{"suggestions", "/projects/1/suggestions", `document.querySelector("#kept-title") !== null`},
		{"second-look", "/projects/1/suggestions/second-look", `document.querySelectorAll(".look").length > 0`},
	} {
		for _, look := range []string{"light", "dark", "narrow"} {
			b.dark(look == "dark")
			if look == "narrow" {
				b.phone()
			} else {
				b.do(chromedp.EmulateViewport(1440, 900))
			}
			b.open(s.url + screen.path)
			b.until(screen.has)
			b.accessible(screen.name + ", " + look)
			if wide := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%s, %s: the page is %d pixels wider than the screen", screen.name, look, wide)
			}
			b.picture(screen.name + "-" + look)
		}
	}

	b.dark(false)
	b.do(chromedp.EmulateViewport(1440, 900))
	b.open(s.url + "/projects/1/suggestions/second-look")
	n := eval[int](b, `document.querySelectorAll(".look").length`)
	if got := textOf(b, ".look-text"); !strings.Contains(got, "Both lanes to Hazel") {
		t.Errorf("in doubt is %q", got)
	}
	b.press("j", "c")
	b.until(fmt.Sprintf(`document.querySelectorAll(".look").length === %d`, n-1))
	b.open(s.url + "/projects/1/suggestions/second-look?verdict=confirmed")
	b.click(".look button")
	b.until(`document.querySelectorAll(".look").length === 0`)
	b.open(s.url + "/projects/1/suggestions/second-look")
	b.press("j", "r")
	ready(b)
	if got := eval[string](b, `location.pathname`); got != "/documents/8" {
		t.Errorf("reopening leads to %s", got)
	}
	s.run("", "check")
}
