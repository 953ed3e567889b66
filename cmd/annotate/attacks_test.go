package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"annotate/internal/corpus"
	"annotate/internal/inert"
	"annotate/internal/inert/attacks"
	"annotate/internal/segment"
	"annotate/internal/text"
)

// shooting is where attacks are shown: a host that frames them, and a canary
// that notes who asks it for something.
type shooting struct {
	t       *testing.T
	host    *httptest.Server
	attacks []string

	mu      sync.Mutex
	asked   []string // what the canary was asked for
	sent    []string // requests of the browser that are none of ours
	dialogs int
	harmed  bool // the host may come to harm
}

// perPage is how many attacks one host frames at once.
const perPage = 40

// lock says which of the three is closed.
type lock struct{ sanitiser, policy, sandbox bool }

func (l lock) String() string { return fmt.Sprintf("%t-%t-%t", l.sanitiser, l.policy, l.sandbox) }

// shootingRange takes every nth attack: what the unit tests of the sanitiser
// see whole need not take minutes in a browser for each lock.
func shootingRange(t *testing.T, nth int) *shooting {
	s := &shooting{t: t}
	canary := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.URL.String())
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	t.Cleanup(canary.Close)
	for n, a := range attacks.List(t) {
		if n%nth != 0 {
			continue
		}
		i := len(s.attacks)
		host := strings.TrimPrefix(canary.URL, "http://") + "/" + strconv.Itoa(i)
		s.attacks = append(s.attacks, strings.NewReplacer("JS", fmt.Sprintf("top.ran.push(%d)", i), "NET", canary.URL+"/"+strconv.Itoa(i), "HOST", host).Replace(a))
	}
	s.host = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.host.Close)

	return s
}

// serve answers /LOCK/host/FIRST with a page of frames, and /LOCK/N with an attack.
func (s *shooting) serve(w http.ResponseWriter, r *http.Request) {
	var l lock
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if n, _ := fmt.Sscanf(strings.ReplaceAll(parts[0], "-", " "), "%t %t %t", &l.sanitiser, &l.policy, &l.sandbox); n != 3 || len(parts) < 2 {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if parts[1] == "host" {
		first, _ := strconv.Atoi(parts[2])
		sandbox := ""
		if l.policy { // the part of it that our own pages are sent with
			w.Header().Set("Content-Security-Policy", "frame-src 'self'")
		}
		_, _ = fmt.Fprint(w, `<!DOCTYPE html><title>host</title><script>var ran = []; localStorage.clear(); localStorage.kept = "1"</script>`)
		if l.sandbox {
			sandbox = ` sandbox="allow-same-origin"`
		}
		for i := first; i < min(len(s.attacks), first+perPage); i++ {
			_, _ = fmt.Fprintf(w, `<iframe%s src="/%s/%d"></iframe>`, sandbox, l, i)
		}
		return
	}

	i, err := strconv.Atoi(parts[1])
	if err != nil || i >= len(s.attacks) {
		http.NotFound(w, r)
		return
	}
	if l.policy {
		w.Header().Set("Content-Security-Policy", inert.FramedPolicy)
	}
	source := s.attacks[i]
	if l.sanitiser {
		d := corpus.Document{MediaType: "text/html"}
		if d.Text, d.Blocks, _, d.Segmenter, err = segment.HTML(text.Normalise(source)); err == nil {
			var b []byte
			b, err = inert.Page([]byte(source), d)
			source = string(b)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	_, _ = w.Write([]byte(source))
}

// touch does in every frame what a person could: it points, presses, clicks,
// types and sends; and it waits for what takes its time.
const touch = `(async () => {
	const frames = [...document.querySelectorAll("iframe")];
	for (const f of frames) {
		let d = null;
		try { d = f.contentDocument } catch {}
		if (!d) continue;
		const all = Document.prototype.querySelectorAll.call(d, "*");
		for (const e of [...all].slice(0, 20)) {
			for (const type of ["pointerover", "mouseover", "mouseenter", "pointerdown", "mousedown", "mouseup", "click", "dblclick", "auxclick", "contextmenu", "focus", "blur", "input", "change", "keydown", "wheel", "scroll", "toggle", "paste", "copy"]) {
				try { EventTarget.prototype.dispatchEvent.call(e, new MouseEvent(type, {bubbles: true, cancelable: true})) } catch {}
			}
			try { HTMLElement.prototype.focus.call(e) } catch {}
			try { HTMLElement.prototype.click.call(e) } catch {}
		}
	}
	await new Promise(r => setTimeout(r, 250));
	return JSON.stringify({ran, title: document.title, place: location.pathname, kept: localStorage.length === 1 && localStorage.kept === "1", frames: frames.length});
})()`

// shoot shows every attack with the lock, and tells which scripts ran.
func (s *shooting) shoot(l lock) (ran []int) {
	s.t.Helper()
	b := openTab(s.t)
	err := chromedp.Listen(b.ctx, func(ev any) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, s.host.URL+"/"+l.String()+"/") && !strings.HasPrefix(u, s.host.URL+"/favicon") && !strings.HasPrefix(u, "data:image/") {
				s.sent = append(s.sent, u)
			}
		case *page.EventJavascriptDialogOpening:
			s.dialogs++
			go func() {
				_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	b.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
		return err
	}))

	for first := 0; first < len(s.attacks); first += perPage {
		at := fmt.Sprintf("/%s/host/%d", l, first)
		b.open(s.host.URL + at)
		var after struct {
			Ran          []int
			Title, Place string
			Kept         bool
			Frames       int
		}
		if err := json.Unmarshal([]byte(eval[string](b, touch)), &after); err != nil {
			s.t.Fatal(err)
		}
		ran = append(ran, after.Ran...)
		if s.harmed {
			continue
		}
		if after.Title != "host" || after.Place != at || !after.Kept || after.Frames != min(perPage, len(s.attacks)-first) {
			s.t.Errorf("%v: the host is %+v after attacks %d to %d", l, after, first, first+perPage)
		}
	}
	slices.Sort(ran)

	return slices.Compact(ran)
}

func (s *shooting) wantNothing(l lock, ran []int) {
	s.t.Helper()
	for _, i := range ran {
		s.t.Errorf("%v: a script ran: %s", l, s.attacks[i])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.asked {
		s.t.Errorf("%v: a request left: %s", l, u)
	}
	if s.dialogs > 0 {
		s.t.Errorf("%v: %d dialogs", l, s.dialogs)
	}
}

// Each of the three locks is tried with the others open, and all together. The
// sandbox alone does not keep requests in, which is why it is not alone.
func TestNoAttackGetsOutOfThePicture(t *testing.T) {
	for _, l := range []lock{{true, true, true}, {true, false, false}, {false, true, false}} {
		t.Run(l.String(), func(t *testing.T) {
			nth := 1
			if l != (lock{true, true, true}) {
				nth = 5
			}
			s := shootingRange(t, nth)
			s.wantNothing(l, s.shoot(l))
			if l.sanitiser {
				for _, u := range s.sent {
					t.Errorf("the browser asked for %s", u)
				}
			}
		})
	}
	t.Run("sandbox", func(t *testing.T) {
		s := shootingRange(t, 5)
		for _, i := range s.shoot(lock{sandbox: true}) {
			t.Errorf("a script ran: %s", s.attacks[i])
		}
		if s.dialogs > 0 {
			t.Errorf("%d dialogs", s.dialogs)
		}
		if len(s.asked) == 0 {
			t.Error("no request left, so that the others prove nothing")
		}
	})
	t.Run("none", func(t *testing.T) {
		s := shootingRange(t, 5)
		s.harmed = true
		if ran := s.shoot(lock{}); len(ran) < 20 {
			t.Errorf("with every lock open %d scripts ran, so that the others prove little", len(ran))
		} else {
			t.Logf("with every lock open %d of %d scripts ran, %d requests left", len(ran), len(s.attacks), len(s.asked))
		}
	})
}
