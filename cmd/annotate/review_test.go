package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// toReview is a page of five blocks; 🌉 is one code point and two units.
const toReview = "Bridge 🌉 closes at noon\nThe quota, said Mara Lindqvist, goes to Oslo.\nPhoto: the pier, by us\nRead also: the old ferry line\nWith reporting by our desk."

// reviewers are a data file in which mara and jonas labelled three pages
// differently, and the sessions of those who look at them.
type reviewers struct {
	*server
	sessions map[string]string // by name
}

// disputed makes the data file through the store and then starts the program on
// it.
func disputed(t testing.TB, set func(*corpus.Project)) *reviewers {
	t.Helper()
	r := &reviewers{server: &server{t: t, db: filepath.Join(t.TempDir(), "annotate.db"), addr: "127.0.0.1:0", link: make(chan string, 1)}, sessions: map[string]string{}}
	store, err := db.Open(t.Context(), r.db)
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]corpus.Annotator{}
	for _, name := range []string{"rita", "anna", "mara", "jonas"} { // in the order of their columns
		role := map[string]corpus.Role{"rita": corpus.Administrator, "anna": corpus.Adjudicator}[name]
		people[name] = dbtest.Annotator(t, store, name, cmp.Or(role, corpus.AnnotatorRole))
		if r.sessions[name], err = store.AddSession(t.Context(), people[name].ID, "test"); err != nil {
			t.Fatal(err)
		}
	}
	p := dbtest.Project(t, store, "Newswire")
	p.Overlap = 2
	set(&p)
	if err := store.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	disputes(t, store, p, people)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	r.start()
	t.Cleanup(func() { r.stop(os.Interrupt) })

	return r
}

// disputes has three pages labelled: both say the first two blocks are body and
// the fourth is not; they differ on the third and the fifth, and on a name.
func disputes(t testing.TB, store *db.Store, p corpus.Project, people map[string]corpus.Annotator) {
	t.Helper()
	ctx := t.Context()
	docs := func(yield func(corpus.Incoming, error) bool) {
		for _, name := range []string{"fisheries.html", "ferry.html", "tolls.html"} {
			if !yield(incoming(name, toReview), nil) {
				return
			}
		}
	}
	if _, err := store.Import(ctx, corpus.ImportOptions{Project: p.ID}, docs); err != nil {
		t.Fatal(err)
	}
	n := 0
	for id := range corpus.DocumentID(3) {
		for who, says := range map[string]struct{ classes, label, quote string }{"mara": {"bbbxx", "1", "Mara Lindqvist"}, "jonas": {"bbxxb", "3", "Oslo"}} {
			v, err := store.View(ctx, id+1, people[who].ID)
			if err != nil {
				t.Fatal(err)
			}
			var events []corpus.Event
			for i, piece := range v.Annotation.Pieces {
				class := corpus.Body
				if says.classes[i] == 'x' {
					class = corpus.Boilerplate
				}
				n++
				events = append(events, corpus.Event{ID: fmt.Sprintf("event-%05d", n), Kind: corpus.KindClass, From: piece.Start, To: piece.Start, Class: class})
			}
			second := v.Annotation.Pieces[1]
			at := strings.Index(v.Index.Slice(second.Range), says.quote)
			events = append(events,
				corpus.Event{ID: fmt.Sprintf("event-name-%05d", n), Kind: corpus.KindSpans, Add: []corpus.SpanEvent{{ID: corpus.SpanID(fmt.Sprintf("span-%05d", n)), Block: second.Start, From: at, To: at + len(says.quote), Label: corpus.LabelID(says.label[0] - '0'), Quote: says.quote}}},
				corpus.Event{ID: fmt.Sprintf("event-done-%05d", n), Kind: corpus.KindSubmit})
			answer, err := store.Act(ctx, id+1, people[who].ID, events)
			if err != nil || len(answer.Refused) > 0 {
				t.Fatal(answer.Refused, err)
			}
		}
	}
}

func incoming(name, content string) corpus.Incoming {
	sum := sha256.Sum256([]byte(content))
	hash := hex.EncodeToString(sum[:])
	d := corpus.Document{ExternalID: name, Name: name, Text: content, SHA256: hash, SourceHash: hash, MediaType: "text/plain", Charset: "utf-8", Segmenter: "line-v1", Language: "en"}
	at := 0
	for _, line := range strings.Split(content, "\n") {
		n := len([]rune(line))
		d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + n}})
		at += n + 1
	}

	return corpus.Incoming{Document: d, File: name, Line: 1}
}

// as opens a tab in which that person is signed in.
func (r *reviewers) as(name string) *tab {
	r.t.Helper()
	b := openTab(r.t)
	b.open(r.url + "/sign-in")
	eval[any](b, `document.cookie = "annotate_session=`+r.sessions[name]+`; path=/"`)

	return b
}

func reviewReady(b *tab) {
	b.t.Helper()
	b.until(`location.pathname.endsWith("/review") && document.body.dataset.ready === "1"`)
}

func reviewSaved(b *tab) {
	b.t.Helper()
	b.until(`document.querySelector("#save").dataset.state === "saved" && (document.querySelector("#save").dataset.kept ?? "0") === "0"`)
}

// chosen is what the gold column says of the differences, in order.
func chosen(b *tab) string {
	b.t.Helper()
	return eval[string](b, `[...document.querySelectorAll("[data-place] [data-chosen]")].map((e) => e.textContent || "–").join(" | ")`)
}

func left(b *tab) string {
	b.t.Helper()
	return eval[string](b, `document.querySelector("#left").textContent`)
}

// inFile reads the data file beside the program; SQLite lets a reader in.
func (r *reviewers) inFile(read func(context.Context, *db.Store)) {
	r.t.Helper()
	r.stop(os.Interrupt)
	store, err := db.Open(r.t.Context(), r.db)
	if err != nil {
		r.t.Fatal(err)
	}
	read(r.t.Context(), store)
	if err := store.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.start()
}

func TestAnAdjudicatorDecidesWithKeys(t *testing.T) {
	t.Parallel()
	r := disputed(t, func(*corpus.Project) {})
	b := r.as("anna")
	b.open(r.url + "/projects/1/review")
	b.until(`document.querySelector(".tabs [aria-current]")?.textContent === "Review 3"`)
	b.press("Enter")
	reviewReady(b)
	if got := left(b); got != "4 differences left" {
		t.Fatal(got)
	}

	// The name, Oslo, the photo, the desk: taken, refused, taken back, taken again.
	b.press("1", "0")
	reviewSaved(b)
	b.press("2")
	if got, want := chosen(b), "PER “Mara Lindqvist” | no entity | boilerplate | –"; got != want {
		t.Errorf("the gold column says %q, want %q", got, want)
	}
	b.press("z")
	b.until(`document.querySelector("#left").textContent === "2 differences left"`)
	b.press("Z")
	b.until(`document.querySelector("#left").textContent === "1 difference left"`)
	b.press("Enter")
	b.until(`document.querySelector("#toasts").textContent.includes("1 difference still needs a decision")`)

	// A reload in the middle loses nothing.
	reviewSaved(b)
	b.open(r.url + "/documents/1/review")
	reviewReady(b)
	if got, want := chosen(b), "PER “Mara Lindqvist” | no entity | boilerplate | –"; got != want {
		t.Errorf("after a reload the gold column says %q, want %q", got, want)
	}
	b.press("w", "g")
	b.until(`document.querySelector(".r.focus [data-cause]").textContent === "guideline unclear"`)
	b.press("b")
	b.click(`.r.focus [data-do="comment"]`)
	b.until(`document.querySelector("#comment").open`)
	b.press("W", "h", "y", "?")
	b.click("#comment-form .primary")
	b.until(`document.querySelector("#rows .talk p")?.textContent === "Why?"`)
	if got, want := left(b), "0 differences left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	b.press("Enter")
	b.until(`location.pathname === "/documents/2/review"`)
	reviewReady(b)

	// Those who labelled it see what was said, and answer.
	m := r.as("mara")
	m.open(r.url + "/documents/1/comments")
	m.until(`document.querySelector(".said")?.textContent === "Why?"`)
	m.accessible("comments")

	r.inFile(func(ctx context.Context, store *db.Store) {
		g, err := store.CurrentGold(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		classes := ""
		for _, p := range g.Pieces {
			classes += map[corpus.Class]string{corpus.Body: "b", corpus.Boilerplate: "x"}[p.Class]
		}
		if classes != "bbxxb" || len(g.Spans) != 1 || g.Spans[0].Quote != "Mara Lindqvist" || g.Basis != corpus.Adjudicated || !slices.Equal(g.Annotators, []string{"mara", "jonas"}) {
			t.Errorf("gold is %s, %+v", classes, g)
		}
		causes, err := store.Causes(ctx, 1)
		if err != nil || len(causes) != 2 || causes[0].Cause != corpus.GuidelineUnclear {
			t.Errorf("causes are %+v, %v", causes, err)
		}
	})
}

func TestMouseAndRunsAndEntitiesOfOnesOwn(t *testing.T) {
	t.Parallel()
	r := disputed(t, func(*corpus.Project) {})
	b := r.as("anna")
	b.open(r.url + "/documents/1/review")
	reviewReady(b)

	b.press("e")
	b.until(`document.querySelector("#entities").open`)
	eval[any](b, `[...document.querySelectorAll(".word")].find((w) => w.textContent === "quota").click()`)
	eval[any](b, `document.querySelector('#entities [data-label="2"]').click()`)
	b.until(`document.querySelector("#entities-list").textContent.includes("quota")`)
	eval[any](b, `[...document.querySelectorAll(".word")].find((w) => w.textContent === "Lindqvist").click()`)
	eval[any](b, `document.querySelector('#entities [data-label="1"]').click()`)
	b.until(`document.querySelector("#entities-list").textContent.includes("“Lindqvist”")`)
	b.press("Escape")
	reviewSaved(b)
	b.until(`document.querySelector("[data-place] [data-chosen]").textContent === "PER “Lindqvist” own answer"`)

	b.click(`.over.boilerplate`)
	b.until(`document.querySelector(".over.overruled").textContent === "body"`)
	b.click(`.r.differs:not(.spans) .pick label:nth-child(2)`)
	b.until(`document.querySelector(".r.differs:not(.spans) [data-chosen]").textContent === "boilerplate"`)
	reviewSaved(b)
	b.open(r.url + "/documents/1/review")
	reviewReady(b)
	if got := eval[string](b, `document.querySelector(".over.overruled").textContent`); got != "body" {
		t.Errorf("what was overruled is %q after a reload", got)
	}
	b.press("e")
	b.until(`document.querySelector("#entities-list").textContent.includes("quota")`)
}

func TestDecisionsSurviveALostAnswerAndARestart(t *testing.T) {
	t.Parallel()
	r := disputed(t, func(*corpus.Project) {})
	b := r.as("anna")
	b.open(r.url + "/documents/1/review")
	reviewReady(b)

	// The answer to the first decision is lost; the server is killed and comes back.
	eval[any](b, `(() => { const real = fetch; let lost = false; window.fetch = async (...a) => { const r = await real(...a); if (!lost && String(a[0]).endsWith("/decisions")) { lost = true; throw new TypeError("lost") } return r } })()`)
	b.press("1")
	b.until(`document.querySelector("#save").dataset.state === "offline"`)
	r.stop(os.Kill)
	b.press("2")
	r.start()
	b.until(`document.querySelector("#save").dataset.state === "saved"`)

	// Unsent ones outlive the page.
	r.stop(os.Kill)
	b.press("1")
	b.until(`document.querySelector("#save").dataset.state === "offline"`)
	r.start()
	b.open(r.url + "/documents/1/review")
	reviewReady(b)
	reviewSaved(b)
	b.until(`document.querySelector("#left").textContent === "1 difference left"`)
	if got, want := chosen(b), "PER “Mara Lindqvist” | LOC “Oslo” | body | –"; got != want {
		t.Errorf("the gold column says %q, want %q", got, want)
	}
	r.inFile(func(ctx context.Context, store *db.Store) {
		review, err := store.Review(ctx, 1, 1)
		if err != nil || len(review.Decisions) != 3 || review.Last != 3 {
			t.Errorf("%d decisions, the last is row %d: %v", len(review.Decisions), review.Last, err)
		}
	})
}

func TestTwoAdjudicatorsAreToldOfEachOther(t *testing.T) {
	t.Parallel()
	r := disputed(t, func(*corpus.Project) {})
	a, b := r.as("anna"), r.as("rita")
	for _, one := range []*tab{a, b} {
		one.open(r.url + "/documents/1/review")
		reviewReady(one)
	}
	a.press("1")
	reviewSaved(a)
	b.press("2")
	b.until(`document.querySelector("#toasts").textContent.includes("Anna has decided here meanwhile")`)
	b.until(`document.querySelector("[data-place] [data-chosen]").textContent === "PER “Mara Lindqvist” anna"`)
	b.press("p", "2")
	reviewSaved(b)
	b.until(`document.querySelector("[data-place] [data-chosen]").textContent === "no entity"`)
}

func TestVotesStayHidden(t *testing.T) {
	t.Parallel()
	r := disputed(t, func(p *corpus.Project) { p.VotesHidden = true })
	b := r.as("anna")
	for _, path := range []string{"/documents/1/review", "/documents/1/review/state", "/projects/1/review", "/documents/1/comments"} {
		page := eval[string](b, `fetch("`+r.url+path+`").then((r) => r.text())`)
		if strings.Contains(page, "jonas") || strings.Contains(strings.ReplaceAll(page, "Mara Lindqvist", ""), "mara") {
			t.Errorf("%s names who labelled", path)
		}
	}
}

// The review screens, light, dark and narrow.
func TestTheReviewScreensAreAccessible(t *testing.T) {
	t.Parallel()
	r := disputed(t, func(*corpus.Project) {})
	b := r.as("rita")
	b.open(r.url + "/documents/1/review")
	reviewReady(b)
	b.press("1", "1", "w", "g", "1", "2", "Enter")
	b.until(`location.pathname === "/documents/2/review"`)
	for _, screen := range []struct {
		name, path string
		prepare    func()
	}{
		{"review", "/documents/3/review", func() { reviewReady(b) }},
		{"review-entities", "/documents/3/review", func() { reviewReady(b); b.press("e") }},
		{"review-keys", "/documents/3/review", func() { reviewReady(b); b.press("?") }},
		{"review-decided", "/documents/1/review", func() { reviewReady(b) }},
		{"reviews", "/projects/1/review", nil},
	} {
		for _, look := range []string{"light", "dark", "narrow"} {
			if look == "narrow" {
				b.phone()
			}
			b.dark(look == "dark")
			b.open(r.url + screen.path)
			if screen.prepare != nil {
				screen.prepare()
			}
			b.accessible(screen.name + ", " + look)
			if wide := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%s, %s: the page is %d pixels wider than the screen", screen.name, look, wide)
			}
			if os.Getenv("ANNOTATE_PICTURES") != "" {
				b.picture(screen.name + "-" + look)
			}
		}
		b.do(chromedp.EmulateViewport(1440, 900))
	}
}
