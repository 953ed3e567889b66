package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// shown are the pictures of the README.
var shown = map[string]bool{"words-light.png": true, "label-dark.png": true, "label-narrow.png": true, "project-light.png": true}

// TestEveryScreenIsAccessible walks through all screens of the sample project,
// light and dark, wide and narrow, and asks axe-core. With ANNOTATE_PICTURES
// set to a folder it leaves a picture of each there; with ANNOTATE_DOCS set, of
// those that the README shows.
func TestEveryScreenIsAccessible(t *testing.T) {
	t.Parallel()
	s, b := signIn(t, "--demo")
	for _, n := range []int{2, 3, 4, 5} { // something to show on the overview
		b.open(fmt.Sprintf("%s/documents/%d", s.url, n))
		ready(b)
		b.press("B", "e", "e", "X", "Enter")
		b.until(fmt.Sprintf(`location.pathname !== "/documents/%d"`, n))
		saved(b)
	}

	b.open(s.url + "/")
	b.do(chromedp.SendKeys("#new-project input[name=name]", "Empty"), chromedp.Click("#new-project button"))
	b.until(`location.pathname === "/projects/2"`)
	// made waits for a report
	made := func() { b.until(`document.querySelector("#report:not([hx-get])") !== null`) }

	screens := []struct {
		name, path string
		prepare    func()
	}{
		{"projects", "/", nil},
		{"project", "/projects/1", nil},
		{"documents", "/projects/1/documents", nil},
		{"search", "/projects/1/documents?q=bridge", nil},
		{"import", "/projects/1/import", nil},
		{"runs", "/projects/1/runs", nil},
		{"run", "/projects/1/runs/1", nil},
		{"run-files", "/projects/1/runs", func() {
			eval[any](b, `(() => { const d = new DataTransfer(); d.items.add(new File(['{"id":"harbour-bridge","text":"Repairs"}\n{"id":"elsewhere","text":"x"}\n'], "mine.jsonl")); document.querySelector("#files").files = d.files })()`)
			b.click("#send")
			b.until(`document.querySelector("#unused") !== null`)
		}},
		{"export", "/projects/1/export", nil},
		{"releases-none", "/projects/2/releases", nil},
		{"release-made", "/projects/1/releases", func() {
			name := fmt.Sprintf("2026-11 (%d)", eval[int](b, `document.querySelectorAll(".runs > li").length`)+1)
			b.do(chromedp.SendKeys("#name", name), chromedp.Click("#make button"))
			b.until(`document.querySelector("#job a[data-enter]") !== null`)
		}},
		{"releases", "/projects/1/releases", nil},
		{"release", "/projects/1/releases/1", nil},
		{"release-diff", "/projects/1/releases/diff?from=1&to=2", nil},
		{"export-release", "/projects/1/export?release=2026-11+(1)", nil},
		{"settings", "/projects/1/settings", nil},
		{"guidelines", "/projects/1/guidelines", nil},
		{"attention", "/projects/1/people/attention", nil},
		{"everywhere", "/documents/2/everywhere?block=0&class=body", nil},
		{"conflicts", "/projects/1/suggestions/conflicts", nil},
		{"practice", "/projects/1/practice", nil},
		{"account", "/me", nil},
		{"people", "/people", func() {
			b.do(chromedp.SendKeys("#invite-role", "manager"), chromedp.Click("#invite button"))
			b.until(`document.querySelector("#new-link") !== null`)
		}},
		{"members", "/projects/1/people", func() {
			eval[any](b, `document.documentElement.dataset.before = "1"`)
			b.do(chromedp.SendKeys("#add input[name=name]", "mara"), chromedp.Click("#add button"))
			b.until(`!document.documentElement.dataset.before && document.querySelector("#members table, #problem-name") !== null`)
		}},
		{"log", "/log", nil},
		{"project-log", "/projects/1/log?kind=none", nil},
		{"join", "/projects/1/people", func() { // administrators may as much already: the page says so
			b.click("#invite button")
			b.until(`document.querySelector("#new-link") !== null`)
			b.open(eval[string](b, `document.querySelector("#new-link").textContent`))
			b.click("form.card button.primary")
			b.until(`document.querySelector(".alert") !== null`)
		}},
		{"label", "/documents/1", func() { ready(b); b.press("B", "e", "e", "X", "Home", "j"); saved(b) }},
		{"words", "/documents/1", func() {
			ready(b)
			b.press("j")
			if eval[int](b, `document.querySelectorAll("#blocks mark").length`) == 0 { // ALDPORT, Mara Lindqvist, Harbour Authority
				b.press("ArrowRight", "3", "ArrowRight", "Shift+ArrowRight", "1", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "2", "Escape", "j")
			}
			saved(b)
		}},
		{"keys", "/documents/1", func() { ready(b); b.press("?"); b.until(`document.querySelector("#help").open`) }},
		{"agreement-none", "/projects/2/agreement", nil},
		{"accuracy", "/projects/1/accuracy", made},
		{"accuracy-closer", "/projects/1/accuracy?focus=2&against=1", func() { made(); b.do(chromedp.Click(".menu summary")) }},
		{"accuracy-none", "/projects/2/accuracy", nil},
		{"mistakes", "/projects/1/runs/1/documents?against=2", made},
		{"mistake", "/projects/1/runs/1/documents/2?against=2", func() { b.until(`document.querySelector(".mistakes[data-keys]") !== null`); b.press("n") }},
		{"nothing-here", "/documents/999999", nil},
	}
	for _, screen := range screens {
		for _, look := range []struct {
			name        string
			dark, phone bool
		}{{"light", false, false}, {"dark", true, false}, {"narrow", false, true}} {
			if look.phone {
				b.phone()
			} else {
				b.do(chromedp.EmulateViewport(1440, 900))
			}
			b.dark(look.dark)
			b.open(s.url + screen.path)
			if screen.prepare != nil {
				screen.prepare()
			}
			b.accessible(screen.name + ", " + look.name)
			if wide := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%s, %s: the page is %d pixels wider than the screen", screen.name, look.name, wide)
			}
			name := screen.name + "-" + look.name + ".png"
			dir := os.Getenv("ANNOTATE_PICTURES")
			if shown[name] && os.Getenv("ANNOTATE_DOCS") != "" {
				dir = os.Getenv("ANNOTATE_DOCS")
			}
			if dir != "" {
				png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, name), png, 0o644)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
	}
	b.do(chromedp.EmulateViewport(1440, 900))
	b.dark(false)
}
