package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// What a person did is neither lost nor done twice, whatever happens to the
// line, the page, the session or the server; and they are told.

// events is how many events the server's log holds for the only annotation.
func events(t testing.TB, b *tab) int {
	t.Helper()
	return eval[int](b, `fetch(location.pathname + "/state").then(r => r.json()).then(s => s.events)`)
}

func TestWorkDoneOfflineIsSentOnceTheLineIsBack(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)

	b.offline(true)
	for range 6 {
		b.press("b", "j")
	}
	b.press("X")
	wantClasses(b, decided)
	b.until(`/\d/.test(document.querySelector("#save").textContent)`) // "Offline, 7 kept"

	// The page is loaded again from the server's picture once it can be; what
	// was kept in the browser is sent, once.
	b.offline(false)
	saved(b)
	if n := events(t, b); n != 7 {
		t.Errorf("%d events in the log, want 7", n)
	}
	b.do(chromedp.Reload())
	ready(b)
	wantClasses(b, decided)
}

func TestWorkSurvivesAReloadWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)
	b.press("b")
	saved(b)

	s.stop(syscall.SIGKILL)
	b.press("j", "B", "e", "e", "X")
	b.until(`Number(document.querySelector("#save").dataset.kept) > 0`)
	s.start()
	b.open(s.url + "/documents/1") // a fresh page, before the old one has sent
	ready(b)
	saved(b)
	wantClasses(b, decided)
}

// TestAnAnswerThatIsLostIsNotDoneTwice cuts the line after the server has
// committed and before the browser hears of it.
func TestAnAnswerThatIsLostIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	var cut, lost atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") && cut.Add(-1) >= 0 {
			lost.Add(1)
			proxy.ServeHTTP(httptest.NewRecorder(), r) // the server does it
			panic(http.ErrAbortHandler)                // and nobody hears
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)

	b.open(front.URL + "/documents/1") // a cookie is for the host, whatever the port
	ready(b)
	cut.Store(3)
	b.press("b", "j", "b", "j", "X")
	saved(b)
	if lost.Load() == 0 {
		t.Fatal("no answer was lost; the test shows nothing")
	}
	if n := events(t, b); n != 3 {
		t.Errorf("%d events in the log, want 3", n)
	}
	wantClasses(b, "bbxxxxxxxxxxxxxx")
}

func TestTwoTabsOfOnePersonStayInStep(t *testing.T) {
	t.Parallel()
	s, one := begin(t)
	label(one, s)
	two := one.second()
	two.open(s.url + "/documents/1")
	ready(two)

	one.press("B", "e", "e", "X")
	wantClasses(one, decided)
	wantClasses(two, decided)

	two.press("u")
	wantClasses(two, "u"+decided[1:])
	wantClasses(one, "u"+decided[1:])
	one.press("z") // takes back what the other tab did: it was the last
	wantClasses(one, decided)
	wantClasses(two, decided)
	saved(one)
	if n := events(t, one); n != 4 {
		t.Errorf("%d events in the log, want 4", n)
	}
}

func TestAnEndedSessionAsksOverThePageAndGoesOn(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)
	two := b.second()
	two.open(s.url + "/")
	two.do(chromedp.Click(chromedp.CSS("form[action='/sign-out'] button")))
	two.until(`location.pathname === "/sign-in"`)

	b.press("B")
	b.until(`document.querySelector("#signin").open`)
	b.accessible("sign in over the page")
	b.do(chromedp.SendKeys(chromedp.CSS("#signin input[name=password]"), "not this one"))
	b.press("Enter")
	b.until(`document.querySelector("#signin-problem").textContent !== ""`)
	b.do(chromedp.SetValue(chromedp.CSS("#signin input[name=password]"), password), chromedp.Focus(chromedp.CSS("#signin input[name=password]")))
	b.press("Enter")
	saved(b)
	b.do(chromedp.Reload())
	ready(b)
	wantClasses(b, strings.Repeat("b", 16))
}

func TestAPageThatCameInAgainIsToldToWhomLabelsIt(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)
	b.press("B")
	saved(b)

	text, err := os.ReadFile(harbour)
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), filepath.Base(harbour))
	if err := os.WriteFile(again, append(text, "One line more\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := s.run("", "import", "--project", "Newswire", again); !strings.Contains(out, "1 changed") {
		t.Fatalf("import: %s", out)
	}

	b.press("u")
	b.until(`!document.querySelector("#banner").hidden && document.querySelector("#banner a")?.getAttribute("href") === "/documents/2"`)
	b.press("x") // from here on the old version can only be read
	b.until(`document.querySelector("#toasts").textContent.includes("can only be read")`)
	b.open(s.url + "/documents/1")
	ready(b)
	wantClasses(b, "u"+strings.Repeat("b", 15))

	// A page that does not know yet is refused by the server, in words.
	answer := eval[string](b, `fetch("/documents/1/events", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({annotator: 1, events: [
		{id: "old-version-1", kind: "class", from: 0, to: 0, class: "body"}, {id: "old-version-2", kind: "submit"}]})}).then(r => r.text())`)
	if !strings.Contains(answer, `"old-version-1"`) || !strings.Contains(answer, "came in again") {
		t.Errorf("submitting a superseded version: %s", answer)
	}
}

func TestTheServerChecksEveryQuote(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)
	answer := eval[string](b, `fetch("/documents/1/events", {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({annotator: 1, events: [
		{id: "quote-test-1", kind: "spans", add: [{id: "span-test-1", block: 0, from: 0, to: 7, label: 1, quote: "Repairz"}]}]})}).then(r => r.text())`)
	if !strings.Contains(answer, `"conflict":true`) || !strings.Contains(answer, `"applied":[]`) {
		t.Errorf("a span with a wrong quote: %s", answer)
	}
	for what, body := range map[string]string{
		"no JSON":          `{"annotator": 1, "events": [`,
		"an unknown field": `{"annotator": 1, "events": [], "sudo": true}`,
	} {
		if status := eval[int](b, fmt.Sprintf(`fetch("/documents/1/events", {method: "POST", headers: {"Content-Type": "application/json"}, body: %s}).then(r => r.status)`, quoted(body))); status != 400 {
			t.Errorf("%s: status %d, want 400", what, status)
		}
	}
}
