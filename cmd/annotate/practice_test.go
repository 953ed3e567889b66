package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// movable lets a test move the page's clock and take its focus away.
const movable = `(() => {
	const now = performance.now.bind(performance);
	window.skipped = 0;
	window.away = false;
	performance.now = () => now() + window.skipped;
	document.hasFocus = () => !window.away;
})()`

// annotator is a tab in which a new annotator is signed in.
func annotator(s *server, name string) *tab {
	s.t.Helper()
	s.run(password+"\n", "user", "add", name, "--role", "annotator", "--password-stdin")
	b := openTab(s.t)
	b.open(s.url + "/sign-in")
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=name]"), name), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password))
	b.press("Enter")
	b.until(`location.pathname === "/"`)

	return b
}

// TestTimePassesOnlyWhileActive moves the clock of a labelling screen: half a
// minute counts after the last input, nothing counts behind another window.
func TestTimePassesOnlyWhileActive(t *testing.T) {
	t.Parallel()
	s, b := signIn(t, "--demo")
	b.open(s.url + "/projects/1")
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: movable})
		return err
	}))
	b.open(s.url + "/documents/1")
	ready(b)
	b.press("B")
	eval[any](b, `window.skipped += 100_000`) // nobody is there: 30 s count
	b.press("j")
	eval[any](b, `window.away = true; dispatchEvent(new Event("blur"))`)
	b.press("k")
	eval[any](b, `window.skipped += 20_000`) // another window: nothing counts
	eval[any](b, `window.away = false; dispatchEvent(new Event("focus"))`)
	b.press("B", "e", "e", "X", "Enter")
	b.until(`location.pathname !== "/documents/1"`)
	saved(b)

	b.until(fmt.Sprintf(`fetch(%q).then(r => r.text()).then(html => {
		const row = new DOMParser().parseFromString(html, "text/html").querySelector(".attention tbody tr");
		window.median = parseInt(row?.children[3]?.textContent) || 0;
		window.blocks = parseInt(row?.children[6]?.textContent) || 0;
	}) && window.median >= 30 && window.median < 45`, s.url+"/projects/1/people/attention"))
	if seen := eval[int](b, `window.blocks`); seen < 20 || seen > 99 { // the window shows a part of the page
		t.Errorf("%d %% of the blocks were seen", seen)
	}
}

// TestAPracticeRound is one: a manager chooses a document and sets the mark, an
// annotator practises, fails, is let try again and passes.
func TestAPracticeRound(t *testing.T) {
	t.Parallel()
	s, b := signIn(t, "--demo")
	b.open(s.url + "/documents/1")
	ready(b)
	b.press("B", "e", "e", "X", "Enter") // gold to practise on
	b.until(`location.pathname !== "/documents/1"`)
	saved(b)
	b.open(s.url + "/projects/1/documents?state=gold")
	b.click(`input[name=document][value="1"]`)
	b.click(`button[formaction="/projects/1/practice"]`)
	b.until(`document.querySelector("#documents a[href='/documents/1']") !== null`)
	b.open(s.url + "/projects/1/settings")
	eval[any](b, `document.querySelector("#pass-mark").value = "95"`)
	b.click(".savebar button.primary")
	b.until(`document.querySelector(".toast") !== null`)

	ines := annotator(s, "ines")
	ines.open(s.url + "/projects/1")
	ines.click(`form[action="/projects/1/next"] button`)
	ines.until(`location.pathname === "/documents/1"`)
	ready(ines)
	if n := eval[int](ines, `document.querySelectorAll("#blocks .body, #blocks .boilerplate").length`); n != 0 {
		t.Fatalf("%d blocks show what gold says", n)
	}
	ines.press("s")
	ines.until(`document.querySelector("#toasts")?.textContent.includes("neither skipped nor flagged")`)
	ines.press("Home", "Shift+End", "X", "Enter")
	ines.until(`location.pathname === "/documents/1/practice"`)
	ines.until(`document.querySelector("#standing")?.textContent.includes("did not pass")`)
	if n := eval[int](ines, `document.querySelectorAll("tr.differs").length`); n == 0 {
		t.Error("no place differs from gold")
	}
	ines.accessible("feedback")

	b.open(s.url + "/projects/1/practice")
	b.click(`form[action$="/retry"] button`)
	b.until(`document.querySelector(".toast")?.textContent.includes("try the practice round again")`)
	ines.open(s.url + "/projects/1")
	ines.click(`form[action="/projects/1/next"] button`)
	ines.until(`location.pathname === "/documents/1"`)
	ready(ines)
	ines.press("B", "e", "e", "X", "Enter")
	ines.until(`document.querySelector("#standing")?.textContent.includes("You passed")`)
	ines.click(`form[action="/projects/1/next"] button`)
	ines.until(`location.pathname !== "/documents/1/practice"`)
	ready(ines)
	if eval[bool](ines, `location.pathname === "/documents/1"`) {
		t.Error("passed, and given the practice document again")
	}
}
