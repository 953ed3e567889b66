package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// handed gives the labelling screen suggestions as the server writes them: for
// a line of text its class, source and pages, and for words their label. The
// screen reads them with the rest of its state, before any of its scripts runs.
const handed = `document.addEventListener("readystatechange", () => {
	const el = document.getElementById("state");
	if (document.readyState !== "interactive" || !el) return;
	const state = JSON.parse(el.textContent), blocks = [], spans = [];
	const label = state.labels.find((l) => l.name === "PER")?.id;
	for (const b of document.querySelectorAll("#blocks .b")) {
		const text = b.querySelector(".t").textContent, id = Number(b.dataset.block);
		if (text.startsWith("Menu")) blocks.push([id, "x", 99, 0, 14 + text.length % 3]);
		else if (text.startsWith("Read also")) blocks.push([id, "x", 97, 0, 2]);
		else if (text.startsWith("Advertisement")) blocks.push([id, "x", 71, 1, 0]);
		else if (text.length > 60) blocks.push([id, "b", 93, 1, 0]);
		for (const name of ["Mara Lindqvist", "Jonas Brandt", "Lindqvist"]) {
			const at = text.indexOf(name);
			if (at >= 0 && !text.startsWith("Menu")) spans.push([id, at, at + name.length, label, name === "Lindqvist" ? 60 : 91, name === "Lindqvist" ? 2 : 1]);
		}
	}
	state.suggestions = { sources: [{ name: "memory", title: "seen on this site" }, { name: "model:7", title: "model 7" }, { name: "gazetteer", title: "marked before" }], blocks, spans };
	el.textContent = JSON.stringify(state);
	window.sent = [];
	const real = window.fetch;
	window.fetch = (url, options) => {
		if (String(url).endsWith("/events")) window.sent.push(...JSON.parse(options.body).events);
		return real(url, options);
	};
});`

// suggestedPage has a menu of n lines, an article, a notice, and a list of links.
func suggestedPage(n int) string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("Menu %s", strings.Repeat("i", 1+i%3)))
	}
	lines = append(lines,
		"Repairs to the Kessel bridge will close both lanes until the spring of next year",
		"Mara Lindqvist, who heads the Harbour Authority, said that both lanes of the bridge would stay shut.",
		"The council is to vote on the request next week, according to Jonas Brandt, who chairs its committee.",
		"“We looked at every weld twice,” Lindqvist said, “and the answer did not get better than it was.”",
		"Advertisement",
		"Photo",
		"Shopkeepers on the islands said that they feared a second winter without visitors of any kind.",
	)
	for i := range 5 {
		lines = append(lines, fmt.Sprintf("Read also: number %d", i+1))
	}

	return strings.Join(lines, "\n")
}

// openSuggested signs in and opens the labelling screen of a page with suggestions.
func openSuggested(t testing.TB, text string) (*server, *tab) {
	t.Helper()
	s, b := signIn(t)
	s.run("", "project", "add", "News")
	file := filepath.Join(t.TempDir(), "harbour-bridge.txt")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s.run("", "import", "--project", "News", file)
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: handed})
		return err
	}))
	label(b, s)

	return s, b
}

// textOf is what an element shows.
func textOf(b *tab, selector string) string {
	b.t.Helper()

	return eval[string](b, fmt.Sprintf(`document.querySelector(%s)?.innerText ?? ""`, quoted(selector)))
}

// sent are the events that the screen has sent since it was last asked, as
// "kind class source".
func sent(b *tab) string {
	b.t.Helper()
	saved(b)

	return eval[string](b, `window.sent.splice(0).map((e) => [e.kind, e.class ?? e.add?.map((s) => s.quote).join("+") ?? "", e.source ?? "-"].join(" ").replace("  ", " ")).join(", ")`)
}

func TestKnownBoilerplateIsOneLine(t *testing.T) {
	t.Parallel()
	_, b := openSuggested(t, suggestedPage(23))

	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			b.picture("wrong")
			t.Errorf("%s is %q, want %q", what, got, want)
		}
	}
	focus := func() string { return textOf(b, ".b.focus > .g") }

	want("the first line", eval[string](b, `document.querySelector(".b .line").firstChild.data`), "23 blocks, seen on 14 pages of this site")
	want("what is suggested", textOf(b, "#suggested"), "23 blocks, boilerplate, seen on 14 pages of this site")
	b.accessible("known boilerplate")
	b.picture("light")

	b.press("j")
	want("one step down", focus(), "24")
	b.press("k")
	want("one step up", focus(), "1")
	b.press("J", "J")
	want("selected", eval[string](b, `document.getElementById("say").textContent`), "25 blocks selected")
	b.press("k", "k")

	b.press(" ")
	want("accepted", sent(b), "class boilerplate memory")
	want("after Space", focus(), "24")
	want("still one line", eval[string](b, `String(document.querySelectorAll(".b.known.boilerplate").length)`), "1")
	b.press("z")
	want("undone", textOf(b, "#count-u"), "35")

	b.press("Home", "Enter")
	want("opened by Enter", textOf(b, ".b:nth-child(2) > .g"), "2")
	want("not left", eval[string](b, `location.pathname`), "/documents/1")
	want("focus after opening", focus(), "1")
	b.press("j", "k", "j")
	want("one block down", focus(), "2")

	// The last block is hidden, but an address that names it finds it, as the browser's search would.
	eval[any](b, `addEventListener("popstate", (e) => e.stopImmediatePropagation(), {capture: true}); location.hash = document.querySelector("#blocks .b:last-child").id`)
	b.until(`document.querySelectorAll(".b.known").length === 0`)
	want("found", eval[string](b, `String(document.querySelectorAll(".b[hidden], .t[hidden], .b[aria-hidden]").length)`), "0")
}

func TestSuggestionsByMouseAndTouch(t *testing.T) {
	t.Parallel()
	_, b := openSuggested(t, suggestedPage(5))
	for _, look := range []string{"dark", "narrow"} {
		b.dark(look == "dark")
		if look == "narrow" {
			b.phone()
			b.do(chromedp.Reload())
			ready(b)
		}
		b.accessible("suggestions, " + look)
		b.picture(look)
	}
	tap := func(selector string) {
		t.Helper()
		eval[any](b, fmt.Sprintf(`document.querySelector(%s).scrollIntoView({block: "nearest", inline: "nearest"})`, quoted(selector)))
		b.tap(b.rect(selector).middle())
	}

	tap(".line .open")
	b.until(`document.querySelectorAll(".b.known").length === 1`)
	if got := textOf(b, ".b.focus > .g"); got != "1" {
		t.Errorf("after opening, block %q has the focus", got)
	}
	tap("mark.suggested")
	b.until(`document.body.classList.contains("inwords")`)
	tap("#chips [data-label]")
	if got := sent(b); got != "spans Mara Lindqvist model:7" {
		t.Errorf("a tap on the label of a suggestion sent %q", got)
	}
	tap(".b:nth-child(9) mark.suggested")
	tap("#chips [data-action=remove]")
	if got := sent(b); got != "" {
		t.Errorf("rejecting sent %q", got)
	}
	if n := eval[int](b, `document.querySelectorAll("mark.suggested").length`); n != 1 {
		t.Errorf("%d suggested entities are left, want 1", n)
	}
	b.picture("narrow-words")
	tap("#acceptall")
	b.until(`document.querySelectorAll("mark.suggested").length === 0`)
	b.picture("narrow-accepted")
}

func TestSuggestionsAreAcceptedAndRejectedByKey(t *testing.T) {
	t.Parallel()
	_, b := openSuggested(t, suggestedPage(4))
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			b.picture("wrong")
			t.Errorf("%s is %q, want %q", what, got, want)
		}
	}
	marks := func() string {
		return eval[string](b, `[...document.querySelectorAll("#blocks mark")].map((m) => (m.classList.contains("suggested") ? "?" : "") + m.textContent).join(", ")`)
	}
	said := func() string { return eval[string](b, `document.getElementById("say").textContent`) }

	want("suggested", marks(), "?Mara Lindqvist, ?Jonas Brandt, ?Lindqvist")
	b.press("Tab")
	want("what is suggested", textOf(b, "#suggested"), "Person, model 7, 91\u00a0%")
	b.picture("words")
	b.press(" ")
	want("accepted", sent(b), "spans Mara Lindqvist model:7")
	want("then", said(), "Jonas Brandt, suggested Person, model 7, 91\u00a0%")
	b.press("Delete")
	want("rejected", marks(), "Mara Lindqvist, ?Lindqvist")
	want("nothing sent", sent(b), "")
	b.press("z")
	want("brought back", marks(), "Mara Lindqvist, ?Jonas Brandt, ?Lindqvist")
	b.press("Delete", "Tab", "2")
	want("another label is the person's own", sent(b), "spans Lindqvist -")
	b.do(chromedp.Reload())
	ready(b)
	want("after a reload", marks(), "Mara Lindqvist, Lindqvist")

	b.press("a")
	want("all on the screen", sent(b), "class boilerplate memory, class body model:7, class boilerplate model:7, class body model:7, class boilerplate memory")
	want("left to decide", textOf(b, "#count-u"), "1")
	b.picture("accepted")
	b.press("z")
	want("undone at once", textOf(b, "#count-u"), "16")
}

// TestAcceptTakesWhatWasOnTheScreen scrolls nowhere: what is below is not accepted.
func TestAcceptTakesWhatWasOnTheScreen(t *testing.T) {
	t.Parallel()
	var lines []string
	for range 10 {
		lines = append(lines, suggestedPage(23))
	}
	_, b := openSuggested(t, strings.Join(lines, "\n"))
	b.press("a")
	saved(b)
	var got struct{ Below, Open int }
	if err := json.Unmarshal([]byte(eval[string](b, `(() => {
		const bottom = document.getElementById("doc").getBoundingClientRect().bottom;
		const of = (sel) => [...document.querySelectorAll(sel)].filter((e) => !e.hidden);
		return JSON.stringify({
			Below: of(".b.body, .b.boilerplate").filter((e) => e.getBoundingClientRect().top > bottom).length,
			Open: of(".b.suggested").filter((e) => e.getBoundingClientRect().bottom < bottom).length,
		}) })()`)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Below != 0 || got.Open != 0 {
		b.picture("wrong")
		t.Errorf("accepted %d blocks below the screen and left %d on it", got.Below, got.Open)
	}
}
