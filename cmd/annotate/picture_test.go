package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// crossingPage is a page as one meets them: navigation, an article with an image
// and a table, a form, styles of its own.
const crossingPage = `<!DOCTYPE html><html lang="en"><head><title>Bridge</title>
<style>body { font-family: Georgia; opacity: 0 } .bar { background: #123; color: #fff; position: fixed; top: 0 } #main { margin: 0 40px }</style></head>
<body class="page"><div class="bar"><ul><li><a href="https://example.org/">Home</a></li><li><a href="/sport">Sport</a></li></ul></div>
<div id="main"><h1>The bridge is open</h1><img src="https://example.org/bridge.jpg" alt="The bridge at dusk" width="400" height="200">
<p>The first cars crossed <b>on Monday</b>, a year late.</p>
<div class="quotes"><p>It was worth it, said the mayor.</p><p>It was not, said the baker.</p></div>
<table><tr><td>Length</td><td>412 m</td></tr></table>
%s
<form action="https://example.org/send"><input name="mail" placeholder="Your address"><button>Subscribe</button></form></div>
<p>All rights reserved</p></body></html>`

// withPicture opens the labelling screen of a page, with its picture beside.
func withPicture(t testing.TB, page string) (*server, *tab) {
	t.Helper()
	s, b := signIn(t)
	s.run("", "project", "add", "Newswire")
	s.run("", "import", "--project", "Newswire", file(t, "bridge.html", page))
	label(b, s)
	b.until(`document.body.dataset.pictured > 0`)

	return s, b
}

// inPicture is an expression about the picture's document, which it calls p.
func inPicture(js string) string {
	return `(p => ` + js + `)(document.querySelector("#picture iframe").contentDocument)`
}

// blockOf is the element of the picture that carries the text.
func blockOf(text string) string {
	return fmt.Sprintf(`[...p.querySelectorAll("[data-block]")].find(e => e.textContent.includes(%s))`, quoted(text))
}

func TestThePictureIsInStepWithTheBlocks(t *testing.T) {
	filler := strings.Repeat("<p>And so the day went on, with speeches and with songs.</p>", 60)
	_, b := withPicture(t, fmt.Sprintf(crossingPage, filler))

	// Focus in the blocks outlines the element and scrolls there, and back.
	b.press("j")
	b.until(inPicture(blockOf("Sport") + `.dataset.here === "1" && p.querySelectorAll("[data-here]").length === 1`))
	b.press("End")
	b.until(inPicture(`(e => e.dataset.here === "1" && e.getBoundingClientRect().bottom <= p.scrollingElement.clientHeight)(` + blockOf("All rights") + `)`))
	b.press("Home")
	b.until(inPicture(`p.querySelectorAll("[data-here]").length === 1 && p.querySelector("[data-here]").textContent === "Home"`))

	// A click in the picture focuses the block, and the keys go on working.
	frame := b.rect("#picture iframe")
	at := eval[rect](b, inPicture(`(r => ({X: r.x, Y: r.y, Width: r.width, Height: r.height}))(`+blockOf("worth it")+`.getBoundingClientRect())`))
	x, y := at.middle()
	b.do(chromedp.MouseClickXY(frame.X+x, frame.Y+y))
	b.until(`document.querySelector("#blocks .focus").textContent.includes("worth it")`)
	b.press("b")
	b.until(inPicture(blockOf("worth it") + `.dataset.is === "body"`))
	b.press("u")
	b.until(inPicture(blockOf("worth it") + `.dataset.is === undefined`))

	// The enclosing element is outlined as one.
	b.press("p")
	b.until(inPicture(`p.querySelector(".quotes").dataset.whole === "1" && p.querySelectorAll("[data-range]").length === 2`))
	b.press("x")
	b.until(inPicture(`[...p.querySelectorAll(".quotes p")].every(e => e.dataset.is === "boilerplate")`))
	b.press("z")
	b.until(inPicture(`[...p.querySelectorAll(".quotes p")].every(e => e.dataset.is === undefined)`))

	// A block that is split shows the class of its first part.
	b.press("Escape", "b", "ArrowRight", "ArrowRight", "/", "x")
	b.until(inPicture(blockOf("worth it") + `.dataset.is === "body" && ` + blockOf("worth it") + `.dataset.here === "1"`))

	// To the end.
	b.press("Escape", "Home", "X")
	b.until(inPicture(`p.querySelectorAll("[data-is=boilerplate]").length === p.querySelectorAll("[data-block]").length`))
	saved(b)
	b.accessible("the labelling screen with a picture")
	b.picture("in-step")
}

func TestThePictureHasThreePlaces(t *testing.T) {
	s, b := withPicture(t, fmt.Sprintf(crossingPage, ""))
	beside := b.rect("#picture")
	if doc := b.rect("#doc"); beside.X < doc.X+doc.Width-1 || beside.Width < 300 {
		t.Errorf("beside: blocks %+v, picture %+v", doc, beside)
	}
	b.press("v")
	b.until(`document.body.dataset.picture === "top"`)
	if doc, top := b.rect("#doc"), b.rect("#picture"); top.Y+top.Height > doc.Y+1 || top.Height < 150 {
		t.Errorf("on top: blocks %+v, picture %+v", doc, top)
	}
	b.picture("top")
	b.press("v")
	b.until(`document.querySelector("#picture").hidden`)

	// It stays hidden over a reload, and what is hidden is not fetched.
	b.open(s.url + "/documents/1")
	ready(b)
	if got := eval[string](b, `document.body.dataset.picture + document.querySelector("#picture iframe").hasAttribute("src") + performance.getEntriesByType("resource").filter(e => e.name.endsWith("/picture")).length`); got != "hiddenfalse0" {
		t.Errorf("after a reload: %s", got)
	}
	b.press("v")
	b.until(`document.body.dataset.pictured > 0`)
	b.click(`#picture [data-place=hidden]`)
	b.until(`document.querySelector("#picture").hidden`)

	// A narrow screen has no room beside the blocks.
	b.phone()
	b.click(`.top [data-action=picture]`)
	b.until(`document.body.dataset.picture === "top" && innerWidth >= document.documentElement.scrollWidth`)
	b.picture("phone")
	b.click(`.top [data-action=picture]`)
	b.until(`document.querySelector("#picture").hidden`)
}

func TestPicturesOfRealPages(t *testing.T) {
	if os.Getenv("ANNOTATE_PICTURES") == "" {
		t.Skip("set ANNOTATE_PICTURES to a folder to look at real pages")
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(shared(t, "corpus", "wcxb-test", "html")), "html", "*.html.gz"))
	s, b := signIn(t)
	s.run("", "project", "add", "Newswire")
	dir := t.TempDir()
	for i := 0; i < len(files); i += 43 {
		in, err := os.Open(files[i])
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(in)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		if err := os.WriteFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(files[i]), ".gz")), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.run("", "import", "--project", "Newswire", dir)
	for n := 1; n <= 11; n++ {
		b.open(fmt.Sprintf("%s/documents/%d", s.url, n))
		ready(b)
		b.until(`document.body.dataset.pictured > 0`)
		b.press("j", "j", "b", "j", "j", "J", "J", "x", "n")
		b.dark(n%4 == 0)
		b.picture(fmt.Sprint("page-", n))
	}
}
