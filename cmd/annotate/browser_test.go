package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The tests of this file's kind drive the built program in a real Chromium.
// Without one they are skipped, unless ANNOTATE_REQUIRE_CHROMIUM is set, as it
// is in .ci/run.

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "annotate-bin-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "annotate")
	out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}

	return name, nil
})

var chromium = sync.OnceValues(func() (context.Context, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, fmt.Errorf("no Chromium on this machine")
	}

	dir, err := os.MkdirTemp("", "annotate-chromium-")
	if err != nil {
		return nil, err
	}
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	opts = append(opts, chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.UserDataDir(dir), chromedp.WindowSize(1440, 900))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(allocator)
	cleanups = append(cleanups, func() { stop(); stopAllocator(); os.RemoveAll(dir) })

	return ctx, chromedp.Do(ctx)
})

var cleanups []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range cleanups {
		f()
	}
	os.Exit(code)
}

// server is the program as a process of its own, so that it can be killed.
type server struct {
	t    testing.TB
	db   string
	addr string // fixed after the first start, so that open pages find it again
	url  string
	link chan string // the one-time link, where it prints one
	cmd  *exec.Cmd
}

// startServer starts the program with a data file of its own.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	s := &server{t: t, db: filepath.Join(t.TempDir(), "annotate.db"), addr: "127.0.0.1:0", link: make(chan string, 1)}
	s.start(args...)
	t.Cleanup(func() { s.stop(os.Interrupt) })

	return s
}

var (
	readyLine = regexp.MustCompile(`annotate is ready at (http://(\S+))`)
	linkLine  = regexp.MustCompile(`(http://\S+/welcome/\S+)`)
)

func (s *server) start(args ...string) {
	s.t.Helper()
	bin, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(bin, append([]string{"serve", "--db", s.db, "--addr", s.addr}, args...)...)
	out, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Stdout, s.cmd.Stderr = w, w
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	w.Close()

	ready := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := linkLine.FindStringSubmatch(lines.Text()); m != nil {
				s.link <- m[1]
			}
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				s.url, s.addr = strings.TrimRight(m[1], "/"), strings.TrimRight(m[2], "/")
				close(ready)
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		s.t.Fatal("the server did not become ready")
	}
}

// stop ends the program with a signal and waits for it.
func (s *server) stop(sig os.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// run runs another command of the program on the same data file and returns
// what it printed.
func (s *server) run(stdin string, args ...string) string {
	s.t.Helper()
	bin, err := binary()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), "ANNOTATE_DB="+s.db)
	cmd.Stdin = strings.NewReader(stdin)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("annotate %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}

	return string(out)
}

// tab is one tab of a browser with cookies of its own.
type tab struct {
	t   testing.TB
	ctx context.Context
}

func openTab(t testing.TB) *tab {
	t.Helper()
	root, err := chromium()
	if err != nil {
		if os.Getenv("ANNOTATE_REQUIRE_CHROMIUM") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	ctx, cancel := chromedp.NewContext(root, chromedp.WithNewBrowserContext())
	ctx, cancelTime := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(func() { cancelTime(); cancel() })
	b := &tab{t, ctx}
	b.do(chromedp.EmulateViewport(1440, 900))

	return b
}

// second is another tab of the same browser window: same cookies, same stores.
func (b *tab) second() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	two := &tab{b.t, ctx}
	two.do(chromedp.EmulateViewport(1440, 900))

	return two
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.picture("failed")
		b.t.Fatal(err)
	}
}

func (b *tab) open(url string) { b.t.Helper(); b.do(chromedp.Navigate(url)) }

// eval runs a script, awaits its promise, and gives the value.
func eval[T any](b *tab, js string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		b.picture("failed")
		b.t.Fatalf("%s: %v", js, err)
	}

	return v
}

// until waits for an expression to be true, also over a navigation, and says
// on failure what it was waiting for and shows the page.
func (b *tab) until(js string) {
	b.t.Helper()
	var last error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(15 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](js))
		if err == nil && ok {
			return
		}
		last = err
	}
	b.picture("failed")
	b.t.Fatalf("waited for %s: %v", js, last)
}

// press types keys one by one, as a person would: "j", "B", "ArrowDown",
// "Shift+ArrowDown", "Enter".
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		var mods []chromedp.KeyOption
		if rest, ok := strings.CutPrefix(key, "Shift+"); ok {
			key, mods = rest, append(mods, chromedp.KeyModifiers(kb.ModifierShift))
		}
		if named, ok := map[string]string{"Enter": kb.Enter, "Escape": kb.Escape, "ArrowDown": kb.ArrowDown, "ArrowUp": kb.ArrowUp,
			"ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight, "Delete": kb.Delete, "Tab": kb.Tab, "End": kb.End, "Home": kb.Home}[key]; ok {
			key = named
		}
		b.do(chromedp.KeyEvent(key, mods...))
	}
}

// rect is where an element is on the screen.
type rect struct{ X, Y, Width, Height float64 }

func (r rect) middle() (x, y float64) { return r.X + r.Width/2, r.Y + r.Height/2 }

func (b *tab) rect(selector string) rect {
	b.t.Helper()
	return eval[rect](b, fmt.Sprintf(`(() => { const e = document.querySelector(%s); if (!e) throw new Error("no " + %[1]s); const r = e.getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()`, quoted(selector)))
}

// words is where the nth occurrence of some text stands inside a block.
func (b *tab) words(selector, text string) rect {
	b.t.Helper()
	return eval[rect](b, fmt.Sprintf(`(() => {
		const root = document.querySelector(%s); if (!root) throw new Error("no " + %[1]s);
		const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
		let all = "", nodes = [];
		for (let n; n = walker.nextNode();) { nodes.push([all.length, n]); all += n.data }
		const at = all.indexOf(%s); if (at < 0) throw new Error("no " + %[2]s + " in " + all);
		const place = (pos) => { let k = nodes.findLast(([o]) => o <= pos); return [k[1], pos - k[0]] };
		const range = document.createRange();
		range.setStart(...place(at)); range.setEnd(...place(at + %[2]s.length - 1));
		const last = place(at + %[2]s.length - 1); range.setEnd(last[0], last[1] + 1);
		const r = range.getBoundingClientRect();
		return {X: r.x, Y: r.y, Width: r.width, Height: r.height} })()`, quoted(selector), quoted(text)))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	eval[any](b, fmt.Sprintf(`document.querySelector(%s)?.scrollIntoView({block: "nearest"})`, quoted(selector)))
	x, y := b.rect(selector).middle()
	b.do(chromedp.MouseClickXY(x, y))
}

// drag moves the mouse from one point to another with the button held.
func (b *tab) drag(x1, y1, x2, y2 float64) {
	b.t.Helper()
	b.do(chromedp.MouseEvent(chromedp.MousePressed, x1, y1, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	for i := 1; i <= 8; i++ {
		f := float64(i) / 8
		b.do(chromedp.MouseEvent(chromedp.MouseMoved, x1+(x2-x1)*f, y1+(y2-y1)*f, chromedp.ButtonLeft))
	}
	b.do(chromedp.MouseEvent(chromedp.MouseReleased, x2, y2, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// tap touches a point.
func (b *tab) tap(x, y float64) { b.t.Helper(); b.swipe(x, y, x, y) }

// swipe moves a finger from one point to another.
func (b *tab) swipe(x1, y1, x2, y2 float64) {
	b.t.Helper()
	touch := func(kind input.DispatchTouchEventType, at ...*input.TouchPoint) {
		b.t.Helper()
		b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: append([]*input.TouchPoint{}, at...)})
			return err
		}))
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x1, Y: y1})
	for i := 1; i <= 8 && (x1 != x2 || y1 != y2); i++ {
		f := float64(i) / 8
		touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x1 + (x2-x1)*f, Y: y1 + (y2-y1)*f})
	}
	if x1 != x2 || y1 != y2 {
		// A finger that rests before it leaves throws nothing; the browser takes
		// the next tap after a throw for the one that stops it.
		time.Sleep(150 * time.Millisecond)
		touch(input.DispatchTouchEventTypeTouchMove, &input.TouchPoint{X: x2, Y: y2})
	}
	touch(input.DispatchTouchEventTypeTouchEnd)
}

// phone makes the tab a touch screen of 390 by 844.
func (b *tab) phone() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
}

// dark sets what the person's system prefers.
func (b *tab) dark(on bool) {
	b.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// offline cuts or mends the tab's network.
func (b *tab) offline(on bool) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		rules := []*network.Conditions{}
		if on {
			rules = append(rules, &network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
		}
		if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: rules}); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: on, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	}))
}

// picture saves what the tab shows beside the test's other artifacts.
func (b *tab) picture(name string) {
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return
	}
	dir := os.Getenv("ANNOTATE_PICTURES")
	if dir == "" {
		dir = b.t.ArtifactDir()
	}
	file := filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png")
	if os.WriteFile(file, png, 0o644) == nil {
		b.t.Logf("picture: %s", file)
	}
}

//go:embed testdata/axe/axe.min.js
var axe string

// accessible fails where axe-core finds a violation on what the tab shows.
func (b *tab) accessible(what string) {
	b.t.Helper()
	eval[any](b, axe+";0")
	found := eval[[]struct {
		ID    string `json:"id"`
		Help  string `json:"help"`
		Nodes []struct {
			HTML    string `json:"html"`
			Summary string `json:"failureSummary"`
		} `json:"nodes"`
	}](b, `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`)
	for _, v := range found {
		for _, n := range v.Nodes {
			b.t.Errorf("%s: %s (%s): %s\n%s", what, v.Help, v.ID, n.HTML, n.Summary)
		}
	}
	if len(found) > 0 {
		b.picture("axe")
	}
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// get asks the server with a token, outside the browser.
func (s *server) get(path, token string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s %v\n%s", path, res.Status, err, body)
	}

	return string(body)
}
