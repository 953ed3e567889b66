package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// One document's life, from a file to exported gold, in a real browser: by
// keyboard alone, by mouse alone, and by touch on a small screen. All three
// must end in the same bytes.

var update = flag.Bool("update", false, "write the golden files anew")

const (
	harbour  = "testdata/harbour-bridge.txt"
	password = "quiet villages 18"
)

// begin starts the program, makes the first person through the one-time link
// as a newcomer would, and gives a project the document.
func begin(t testing.TB) (*server, *tab) {
	t.Helper()
	s, b := signIn(t)
	s.run("", "project", "add", "Newswire")
	s.run("", "import", "--project", "Newswire", harbour)

	return s, b
}

// signIn starts the program and follows the one-time link.
func signIn(t testing.TB, args ...string) (*server, *tab) {
	t.Helper()
	b := openTab(t)
	s := startServer(t, args...)
	select {
	case link := <-s.link:
		b.open(link)
	case <-time.After(10 * time.Second):
		t.Fatal("the first start printed no sign-in link")
	}
	b.accessible("welcome")
	b.do(chromedp.SendKeys(chromedp.CSS("input[name=name]"), "mara"), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password))
	b.press("Enter")
	b.until(`location.pathname === "/"`)

	return s, b
}

// label opens the labelling screen from the list of projects.
func label(b *tab, s *server) {
	b.t.Helper()
	b.open(s.url + "/projects/1")
	b.do(chromedp.Click(chromedp.CSS("form[action='/projects/1/next'] button")))
	ready(b)
}

// ready waits until the screen listens and everything is saved.
func ready(b *tab) {
	b.t.Helper()
	b.until(`location.pathname.startsWith("/documents/") && document.body.dataset.ready === "1"`)
}

func saved(b *tab) {
	b.t.Helper()
	b.until(`document.querySelector("#save").dataset.state === "saved" && (document.querySelector("#save").dataset.kept ?? "0") === "0"`)
}

// classes is the blocks as they show: b, x or u each.
func classes(b *tab) string {
	b.t.Helper()
	return eval[string](b, `[...document.querySelectorAll("#blocks .b")].map(e => e.classList.contains("body") ? "b" : e.classList.contains("boilerplate") ? "x" : "u").join("")`)
}

func wantClasses(b *tab, want string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll("#blocks .b")].map(e => e.classList.contains("body") ? "b" : e.classList.contains("boilerplate") ? "x" : "u").join("") === %q`, want))
}

// marks is the spans as they show, in order: "PER Mara Lindqvist".
func wantMarks(b *tab, want ...string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll("#blocks mark")].map(e => e.dataset.type + " " + e.textContent).join("|") === %s`, quoted(strings.Join(want, "|"))))
}

// exported is the gold as the command writes it, compared with the golden file.
func wantExport(t *testing.T, s *server) {
	t.Helper()
	out := s.run("", "export", "--project", "Newswire", "--format", "jsonl")
	golden := filepath.Join("testdata", "life.jsonl")
	if *update {
		if err := os.WriteFile(golden, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out != string(want) {
		t.Errorf("exported\n%s\nwant\n%s", out, want)
	}
	if clean := s.run("", "check"); !strings.Contains(clean, "clean") {
		t.Errorf("annotate check: %s", clean)
	}
}

const (
	undecided = "uuuuuuuuuuuuuuuu"
	decided   = "bbbbbbxxxxxxxxxx"
)

var marks = []string{"PER Mara Lindqvist", "ORG Harbour Authority", "PER Lindqvist"}

func TestOneDocumentsLifeByKeyboard(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)
	wantClasses(b, undecided)

	// Two sweeps: all is body, and from the dash on all is boilerplate.
	b.press("B", "e", "e", "X")
	wantClasses(b, decided)
	saved(b)

	// The page is loaded again in the middle.
	b.do(chromedp.Reload())
	ready(b)
	wantClasses(b, decided)

	// Into the words of the second block: ALDPORT, Norden, Mara.
	b.press("Home", "j", "ArrowRight", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "1")
	wantMarks(b, marks[:1]...)
	saved(b)

	// The server is killed in the middle; what is done meanwhile is kept.
	s.stop(syscall.SIGKILL)
	b.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight") // who, heads, the, Harbour
	b.press("Shift+ArrowRight", "2")
	wantMarks(b, marks[:2]...)
	b.until(`Number(document.querySelector("#save").dataset.kept) > 0`)
	s.start()
	saved(b)

	b.press("Escape", "j", "ArrowRight")
	for range 6 { // We, looked, at, every, weld, twice
		b.press("ArrowRight")
	}
	b.press("1")
	wantMarks(b, marks...)

	// Undo and redo of everything, across a reload.
	b.press("z")
	wantMarks(b, marks[:2]...)
	saved(b)
	b.do(chromedp.Reload())
	ready(b)
	b.press("Z")
	wantMarks(b, marks...)
	saved(b)

	b.press("Escape", "Enter")
	b.until(`location.pathname === "/projects/1"`)
	b.accessible("nothing left")
	wantExport(t, s)
}

func TestOneDocumentsLifeByMouse(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	label(b, s)

	sweep := func(from, to int) {
		t.Helper()
		gutter := func(n int) (float64, float64) {
			eval[any](b, fmt.Sprintf(`document.querySelectorAll("#blocks .b .g")[%d].scrollIntoView({block: "nearest"})`, n-1))
			r := eval[rect](b, fmt.Sprintf(`(() => { const r = document.querySelectorAll("#blocks .b .g")[%d].getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()`, n-1))
			return r.middle()
		}
		gutter(from)
		x2, y2 := gutter(to)
		x1, y1 := gutter(from)
		if y1 < 60 { // both ends must be on the screen
			t.Fatalf("block %d is not on the screen", from)
		}
		b.drag(x1, y1, x2, y2)
	}
	sweep(1, 6)
	b.click(".side [data-action=body]")
	wantClasses(b, "bbbbbbuuuuuuuuuu")
	sweep(7, 16)
	b.click(".side [data-action=boilerplate]")
	wantClasses(b, decided)

	second := "#blocks .b:nth-of-type(2) .t"
	eval[any](b, `document.querySelector("#blocks .b").scrollIntoView({block: "nearest"})`)
	click := func(selector, word string, count int) {
		t.Helper()
		x, y := b.words(selector, word).middle()
		b.do(chromedp.MouseClickXY(x, y, chromedp.ClickCount(count)))
	}
	// Words, then label: one word, then another to extend.
	click(second, "Mara", 1)
	click(second, "Lindqvist", 1)
	b.click("#palette [data-label='1']")
	wantMarks(b, marks[:1]...)
	// Dragging over words.
	from, to := b.words(second, "Harbour"), b.words(second, "Authority")
	x1, y1 := from.middle()
	x2, y2 := to.middle()
	b.drag(x1, y1, x2, y2)
	b.click("#palette [data-label='2']")
	wantMarks(b, marks[:2]...)
	// A double click takes the word and gives the last label; it is put right.
	third := "#blocks .b:nth-of-type(3) .t"
	click(third, "Lindqvist", 1)
	b.click("#palette [data-label='1']")
	wantMarks(b, marks...)

	// The buttons undo and redo.
	b.click("[data-action=undo]")
	wantMarks(b, marks[:2]...)
	b.click("[data-action=redo]")
	wantMarks(b, marks...)
	saved(b)

	b.click("#submit")
	b.until(`location.pathname === "/projects/1"`)
	wantExport(t, s)
}

func TestOneDocumentsLifeByTouchOnASmallScreen(t *testing.T) {
	t.Parallel()
	s, b := begin(t)
	b.phone()
	label(b, s)
	b.until(`document.documentElement.scrollWidth <= 390`)

	tap := func(selector string) {
		t.Helper()
		eval[any](b, fmt.Sprintf(`document.querySelector(%s).scrollIntoView({block: "center"})`, quoted(selector)))
		x, y := b.rect(selector).middle()
		b.tap(x, y)
	}
	nth := func(n int, part string) string {
		return fmt.Sprintf("#blocks .b:nth-of-type(%d) %s", n, part)
	}
	// A finger along the numbers sweeps; the rest of the page it scrolls.
	sweep := func(from, to int, class string) {
		t.Helper()
		eval[any](b, fmt.Sprintf(`document.querySelector(%s).scrollIntoView({block: "start"}); document.querySelector("#doc").scrollTop -= 60`, quoted(nth(from, "")))) // away from the edge, where a sweep scrolls
		x1, y1 := b.rect(nth(from, ".g")).middle()
		x2, y2 := b.rect(nth(to, ".g")).middle()
		b.swipe(x1, y1, x2, y2)
		tap("#touch [data-action=" + class + "]")
	}
	sweep(1, 3, "body")
	wantClasses(b, "bbbuuuuuuuuuuuuu")
	sweep(4, 6, "body")
	sweep(7, 12, "boilerplate")
	sweep(13, 16, "boilerplate")
	wantClasses(b, decided)

	word := func(n int, w string) {
		t.Helper()
		eval[any](b, fmt.Sprintf(`document.querySelector(%s).scrollIntoView({block: "center"})`, quoted(nth(n, ".t"))))
		x, y := b.words(nth(n, ".t"), w).middle()
		b.tap(x, y)
	}
	word(2, "Mara")
	word(2, "Lindqvist")
	tap("#chips [data-label='1']")
	wantMarks(b, marks[:1]...)
	word(2, "Harbour")
	word(2, "Authority")
	tap("#chips [data-label='2']")
	word(3, "Lindqvist")
	tap("#chips [data-label='1']")
	wantMarks(b, marks...)
	saved(b)
	b.accessible("labelling on a small screen")
	tap("#submit")
	b.until(`location.pathname === "/projects/1"`)
	wantExport(t, s)
}

// TestARealNewsPageTakesTwoSweeps labels the seed of the shared corpus, a body
// of eight blocks and a tail of headlines, in four key presses and Enter.
func TestARealNewsPageTakesTwoSweeps(t *testing.T) {
	t.Parallel()
	seeds, _ := filepath.Glob(filepath.Join(root, "..", "shared", "corpus", "seed", "*.txt"))
	if len(seeds) == 0 {
		t.Skip("the shared corpus is not beside the project")
	}
	s, b := signIn(t)
	s.run("", "project", "add", "Newswire")
	s.run("", "import", "--project", "Newswire", seeds[0])
	label(b, s)

	b.press("B", "e", "e", "X")
	all := classes(b)
	if tail := strings.TrimLeft(all, "b"); len(all)-len(tail) != 8 || strings.Trim(tail, "x") != "" {
		t.Errorf("blocks %s, want 8 of body and the rest boilerplate", all)
	}
	b.press("Enter")
	b.until(`location.pathname === "/projects/1"`)
	if out := s.run("", "export", "--project", "Newswire", "--format", "jsonl"); strings.Count(out, `"class":"body"`) != 8 {
		t.Errorf("exported: %s", out)
	}
}
