package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestMistakesByKeys goes from mistake to mistake, from document to document and
// back to the list without a pointer.
func TestMistakesByKeys(t *testing.T) {
	t.Parallel()
	s, b := signIn(t, "--demo")
	for _, n := range []int{2, 3, 4} {
		b.open(fmt.Sprintf("%s/documents/%d", s.url, n))
		ready(b)
		b.press("B", "e", "e", "X", "Enter")
		b.until(fmt.Sprintf(`location.pathname !== "/documents/%d"`, n))
		saved(b)
	}
	b.open(s.url + "/projects/1/accuracy")
	b.until(`document.querySelector(".worst a") !== null`)
	b.do(chromedp.Click(".worst a"))
	b.until(`document.querySelector(".mistakes[data-keys]") !== null`)

	mistakes := eval[int](b, `document.querySelectorAll("#painted [id^=m]").length`)
	if mistakes == 0 {
		t.Fatal("the worst document has no mistake")
	}
	b.press("n")
	b.until(`document.querySelector("#m1.here") !== null && document.querySelector(".mistake-list [data-m='1'].here") !== null`)
	if out := eval[string](b, `(() => { const r = document.querySelector("#m1").getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight ? "" : r.top + " to " + r.bottom })()`); out != "" {
		t.Errorf("the mistake is not on the screen: %s", out)
	}
	if said := eval[string](b, `document.querySelector("#say").textContent`); said == "" {
		t.Error("nothing is said to those who do not see it")
	}
	b.press("N")
	b.until(fmt.Sprintf(`document.querySelector("#m%d.here") !== null`, mistakes))

	here := eval[string](b, `location.pathname`)
	b.press("j")
	b.until(fmt.Sprintf(`location.pathname !== %q && document.querySelector(".mistakes[data-keys]") !== null`, here))
	b.press("k")
	b.until(fmt.Sprintf(`location.pathname === %q && document.querySelector(".mistakes[data-keys]") !== null`, here))
	b.press("Escape")
	b.until(`location.pathname.endsWith("/documents") && document.querySelector("#list tbody tr") !== null`)
}
