package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Two people label the sample project, a third of it both of them without
// seeing each other's work; a third person decides where they differ, and what
// comes of it is released, verified, exported and used to score a cleaner. Each
// of the three has a browser profile of their own.
func TestThreePeopleMakeARelease(t *testing.T) {
	t.Parallel()
	s, mara := signIn(t, "--demo")
	s.run("", "project", "set", "Sample pages", "--overlap", "2", "--overlap-share", "33")
	jonas, ines := annotatorTab(t, s, "jonas"), annotatorTab(t, s, "ines")

	// jonas takes the first block for body and the rest for boilerplate, and has
	// one labelling of each page; ines has the second of some, and takes the
	// second block for body too.
	pages := labelAll(jonas, s, 1)
	both := labelAll(ines, s, 2)
	if pages < 20 || both == 0 || both >= pages {
		t.Fatalf("jonas labelled %d pages, ines %d", pages, both)
	}

	mara.open(s.url + "/projects/1")
	mara.until(fmt.Sprintf(`/\b%d needs? review/.test(document.body.innerText) && document.body.innerText.includes("%d gold")`, both, pages-both))
	if out := s.run("", "agreement", "--project", "Sample pages"); !strings.Contains(out, "jonas") || !strings.Contains(out, "ines") {
		t.Errorf("agreement:\n%s", out)
	}
	mara.open(s.url + "/projects/1/review")
	mara.accessible("documents to review")
	mara.press("Enter")
	ready(mara)
	mara.accessible("review")
	for range both {
		opened := eval[string](mara, `location.pathname`)
		mara.press("1")
		mara.until(`document.querySelector("#left").textContent.startsWith("0 ")`)
		mara.press("Enter")
		mara.until(fmt.Sprintf(`location.pathname !== %q && (location.pathname.startsWith("/projects/") || document.body.dataset.ready === "1")`, opened))
	}

	mara.open(s.url + "/projects/1/releases")
	mara.do(chromedp.SendKeys(chromedp.CSS("form input[name=name]"), "2026-11"))
	mara.press("Enter")
	mara.until(`document.body.innerText.includes("sha256")`)
	if out := s.run("", "release", "verify", "2026-11"); !strings.Contains(out, fmt.Sprintf("%d documents", pages)) {
		t.Errorf("verify: %s", out)
	}

	file := filepath.Join(t.TempDir(), "gold.jsonl")
	s.run("", "export", "--project", "Sample pages", "--format", "jsonl", "--release", "2026-11", "-o", file)
	gold := content(t, file)
	if strings.Count(gold, "\n") != pages || strings.Count(gold, `"annotators":["jonas","ines"]`) != both || strings.Count(gold, `"release":"2026-11"`) != pages {
		t.Errorf("exported:\n%.2000s", gold)
	}
	if out := s.run("", "evaluate", "--project", "Sample pages", "--run", "lines 1", "--release", "2026-11"); !strings.Contains(out, "release 2026-11") {
		t.Errorf("the report:\n%s", out)
	}
	if out := s.run("", "check"); !strings.Contains(out, "clean") {
		t.Errorf("annotate check: %s", out)
	}
}

// annotatorTab is a browser profile in which a new annotator is signed in.
func annotatorTab(t testing.TB, s *server, name string) *tab {
	t.Helper()
	s.run(password+"\n", "user", "add", name, "--role", "annotator", "--password-stdin")
	b := openTab(t)
	b.open(s.url + "/sign-in")
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=name]"), name), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password))
	b.press("Enter")
	b.until(`location.pathname === "/"`)

	return b
}

// labelAll labels what the queue gives until it is empty, and says how many
// pages that were: so many blocks of each are body, the rest is boilerplate.
func labelAll(b *tab, s *server, body int) int {
	b.t.Helper()
	label(b, s)
	for n := 0; ; n++ {
		b.press("Home", "B", "Home")
		for range body {
			b.press("j")
		}
		b.press("X")
		b.until(`!document.querySelector("#blocks .b:not(.body):not(.boilerplate)")`)
		saved(b)
		opened := eval[int](b, `performance.getEntriesByName("ready").length`)
		b.press("Enter")
		b.until(fmt.Sprintf(`location.pathname === "/projects/1" || performance.getEntriesByName("ready").length > %d`, opened))
		if eval[string](b, `location.pathname`) == "/projects/1" {
			return n + 1
		}
	}
}
