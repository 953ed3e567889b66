package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// disputed is a site on whose first document, of three blocks, two people
// differ about the last, and an adjudicator.
func disputed(t *testing.T, set func(*corpus.Project)) *site {
	t.Helper()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Overlap = 2
	set(&p)
	if err := s.store.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Requeue(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	for name, role := range map[string]corpus.Role{"anna": corpus.Adjudicator, "jonas": corpus.AnnotatorRole} {
		a := dbtest.Annotator(t, s.store, name, role)
		token, err := s.store.AddSession(t.Context(), a.ID, "test")
		if err != nil {
			t.Fatal(err)
		}
		s.cookies[name] = map[string]string{plainCookie: token}
	}
	s.hand("ines", 1, "bbb")
	s.hand("jonas", 1, "bbx")

	return s
}

// hand hands in one person's labelling of a document: a letter for each block.
func (s *site) hand(who string, id corpus.DocumentID, classes string) {
	s.t.Helper()
	a, err := s.store.AnnotatorByName(s.t.Context(), who)
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := s.store.View(s.t.Context(), id, a.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	var events []corpus.Event
	for i, p := range v.Annotation.Pieces {
		class := corpus.Body
		if classes[i] == 'x' {
			class = corpus.Boilerplate
		}
		events = append(events, corpus.Event{ID: fmt.Sprintf("event-%s-%d-%d", who, id, i), Kind: corpus.KindClass, From: p.Start, To: p.Start, Class: class})
	}
	events = append(events, corpus.Event{ID: fmt.Sprintf("event-%s-%d-done", who, id), Kind: corpus.KindSubmit})
	answer, err := s.store.Act(s.t.Context(), id, a.ID, events)
	if err != nil || len(answer.Refused) > 0 {
		s.t.Fatal(answer.Refused, err)
	}
}

// ask sends JSON and reads it.
func (s *site) ask(who, path string, body any) (status int, answer map[string]any) {
	s.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	res := s.send(who, r)
	said, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(said) > 0 {
		if err := json.Unmarshal(said, &answer); err != nil {
			s.t.Fatalf("%s: %v\n%s", path, err, said)
		}
	}

	return res.StatusCode, answer
}

// state is the review as the screen loads it.
func (s *site) state(who string) map[string]any {
	s.t.Helper()
	var out map[string]any
	if err := json.NewDecoder(s.get(who, "/documents/1/review/state").Body).Decode(&out); err != nil {
		s.t.Fatal(err)
	}

	return out
}

// decision is an action on the last block of the first document.
func (s *site) decision(who, id string, took int) map[string]any {
	state := s.state(who)
	return map[string]any{"annotator": state["annotator"], "events": []any{map[string]any{"id": id, "kind": "decide", "seen": state["seen"], "version": state["version"],
		"steps": []any{map[string]any{"place": place(state), "took": took}}}}}
}

func place(state map[string]any) string {
	return state["places"].([]any)[0].(map[string]any)["key"].(string)
}

func TestWhoMayReview(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	for _, v := range []struct {
		path  string
		wants map[string]int
	}{
		{"/projects/1/review", map[string]int{"mara": 200, "mona": 200, "anna": 200, "ines": 403, "": 303}},
		{"/documents/1/review", map[string]int{"mara": 200, "mona": 200, "anna": 200, "ines": 403, "": 303}},
		{"/documents/99/review", map[string]int{"mara": 404, "anna": 404}},
		{"/documents/1/review/state", map[string]int{"anna": 200, "ines": 403}},
		{"/documents/1/comments", map[string]int{"anna": 200, "ines": 200, "jonas": 200}},
		{"/documents/2/comments", map[string]int{"anna": 200, "ines": 403, "jonas": 403}}, // not handed in
	} {
		for who, want := range v.wants {
			if got := s.get(who, v.path).StatusCode; got != want {
				t.Errorf("%s: %q gets %d, want %d", v.path, who, got, want)
			}
		}
	}
	for _, path := range []string{"/documents/1/review/decisions", "/documents/1/review/gold", "/documents/1/put-back", "/documents/1/hand-over"} {
		if status, _ := s.ask("ines", path, map[string]any{}); status != http.StatusForbidden {
			t.Errorf("an annotator posts to %s: %d", path, status)
		}
	}
	for _, path := range []string{"/documents/1/put-back", "/documents/1/hand-over"} {
		if r := s.post("anna", path, nil); r.StatusCode != http.StatusForbidden {
			t.Errorf("an adjudicator posts to %s: %d", path, r.StatusCode)
		}
	}
}

func TestTheReviewScreen(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	doc := s.page(s.get("anna", "/documents/1/review"))
	for selector, want := range map[string]int{".r.differs": 1, ".r.agreed": 2, ".r.differs .pick input[type=radio]": 2, "[role=radiogroup][aria-label*='block 3']": 1, ".columns .who": 2, "#state": 1, "button[data-over]": 2} {
		if got := doc.Find(selector).Length(); got != want {
			t.Errorf("%d of %q, want %d", got, selector, want)
		}
	}
	if got := doc.Find(".foot .sum").Text(); got != "1 difference left · 2 blocks agree and become gold as they are" {
		t.Errorf("the foot says %q", got)
	}
	if got := doc.Find(".r.agreed .t").First().Text(); got != "Repairs will close both lanes" {
		t.Errorf("the first block is %q", got)
	}
}

func TestDecidingOverHTTP(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	s.cookies["boss"] = s.cookies["mona"]
	if status, answer := s.ask("anna", "/documents/1/review/gold", map[string]any{"seen": 0}); status != 422 || answer["reason"] != "One difference still needs a decision." {
		t.Errorf("gold of what is open: %d, %v", status, answer)
	}

	late := s.decision("mona", "decide-mona", 0)
	first := s.decision("anna", "decide-anna", 1)
	for range 2 { // the answer may be lost, and the action sent again
		status, answer := s.ask("anna", "/documents/1/review/decisions", first)
		if status != 200 || fmt.Sprint(answer["applied"]) != "[decide-anna]" || answer["undo"] != "decide-anna" {
			t.Errorf("%d, %v", status, answer)
		}
	}
	status, answer := s.ask("mona", "/documents/1/review/decisions", late)
	if status != http.StatusConflict || len(answer["refused"].([]any)) != 1 || len(answer["decisions"].([]any)) != 1 {
		t.Errorf("who comes later gets %d, %v", status, answer)
	}
	if status, _ := s.ask("mona", "/documents/1/review/gold", map[string]any{"seen": 0}); status != http.StatusConflict {
		t.Errorf("gold of decisions that were not seen: %d", status)
	}
	other := s.decision("anna", "decide-else", 0)
	other["annotator"] = 1
	if status, _ := s.ask("anna", "/documents/1/review/decisions", other); status != http.StatusConflict {
		t.Errorf("another person's actions: %d", status)
	}

	status, answer = s.ask("anna", "/documents/1/review/gold", map[string]any{"seen": s.state("anna")["seen"]})
	if status != 200 || answer["version"] != 1.0 || answer["next"] != "/projects/1/review" {
		t.Errorf("gold: %d, %v", status, answer)
	}
	doc := s.page(s.get("anna", "/projects/1/review"))
	if got := doc.Find("section[aria-labelledby=decided] tbody tr").Text(); !strings.Contains(got, "bridge") || !strings.Contains(got, "by anna") {
		t.Errorf("decided is %q", got)
	}
}

func TestVotesAreHiddenEverywhere(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(p *corpus.Project) { p.VotesHidden = true })
	if status, _ := s.ask("jonas", "/documents/1/comments", map[string]any{"id": "comment-0001", "text": "I was not sure"}); status != 204 {
		t.Fatal(status)
	}
	for _, path := range []string{"/documents/1/review", "/documents/1/review/state", "/projects/1/review", "/documents/1/comments"} {
		b, err := io.ReadAll(s.get("anna", path).Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ines", "jonas"} {
			if regexp.MustCompile(`\b` + name + `\b`).Match(b) {
				t.Errorf("%s names %s", path, name)
			}
		}
	}
	doc := s.page(s.get("anna", "/documents/1/review"))
	if got := doc.Find(".columns .who").Text(); got != "AB" {
		t.Errorf("the columns are %q", got)
	}
	if got := doc.Find("[data-talk=''] b").Text(); got != "A" && got != "B" {
		t.Errorf("who comments is %q", got)
	}
	if got := s.page(s.get("ines", "/documents/1/comments")).Find("li b").Text(); got != "another annotator" {
		t.Errorf("to another annotator it is %q", got)
	}
}

func TestCommentsGoToAndFro(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	key := place(s.state("anna"))
	say := map[string]any{"id": "comment-0001", "place": key, "text": "  Why <b>not</b>? "}
	for range 2 {
		if status, answer := s.ask("anna", "/documents/1/comments", say); status != 204 {
			t.Fatal(status, answer)
		}
	}
	doc := s.page(s.get("ines", "/documents/1/comments"))
	if got := doc.Find(".said").Text(); got != "Why <b>not</b>?" {
		t.Errorf("ines reads %q", got)
	}
	if got := doc.Find("section h2").First().Text(); got != "“-”" {
		t.Errorf("about %q", got)
	}
	id := doc.Find("input[name=id]").First().AttrOr("value", "")
	if r := s.post("ines", "/documents/1/comments", form("id", id, "place", key, "text", "It is a line.\r\nNo more.")); r.StatusCode != 303 {
		t.Errorf("her answer: %d", r.StatusCode)
	}
	if got := s.page(s.get("anna", "/documents/1/review")).Find("#rows .talk li").Length(); got != 2 {
		t.Errorf("anna sees %d comments beside the place", got)
	}
	if status, _ := s.ask("anna", "/documents/1/comments/comment-0001/resolve", map[string]any{"resolved": true}); status != 204 {
		t.Error(status)
	}
	if status, _ := s.ask("anna", "/documents/2/comments/comment-0001/resolve", map[string]any{"resolved": true}); status != 404 {
		t.Error(status)
	}
	for _, bad := range []map[string]any{{"id": "comment-0009", "text": "  "}, {"id": "comment-0009", "text": strings.Repeat("é", corpus.MaxComment+1)}, {"id": "x", "text": "a"}, {"id": "comment-0009", "place": "there", "text": "a"}} {
		if status, answer := s.ask("anna", "/documents/1/comments", bad); status != 422 || answer["reason"] == "" {
			t.Errorf("%.60v: %d, %v", bad, status, answer)
		}
	}
}

func TestManagersHandleWhatWasPassedOver(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	ines, err := s.store.AnnotatorByName(t.Context(), "ines")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.store.Act(t.Context(), 2, ines.ID, []corpus.Event{{ID: "event-flag", Kind: corpus.KindFlag, Reason: "two pages in one"}})
	if err != nil || len(answer.Refused) > 0 {
		t.Fatal(answer.Refused, err)
	}
	page := s.page(s.get("mona", "/projects/1/review"))
	if got := page.Find("section[aria-labelledby=passed]").Text(); !strings.Contains(got, "flagged by ines") || !strings.Contains(got, "two pages in one") {
		t.Errorf("the manager reads %q", got)
	}
	if s.page(s.get("anna", "/projects/1/review")).Find("section[aria-labelledby=passed]").Length() != 0 {
		t.Error("an adjudicator sees what managers handle")
	}
	if r := s.post("mona", "/documents/2/put-back", nil); r.StatusCode != 303 || r.Header.Get("Location") != "/projects/1/review" {
		t.Errorf("put back: %d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r := s.post("mona", "/documents/2/put-back", nil); r.StatusCode != 422 {
		t.Errorf("put back twice: %d", r.StatusCode)
	}

	if _, err := s.store.Claim(t.Context(), 1, ines.ID, 0); err != nil {
		t.Fatal(err)
	}
	page = s.page(s.get("mona", "/projects/1/review"))
	if page.Find("section[aria-labelledby=held] form").Length() != 2 {
		t.Error("nobody is told who holds the document")
	}
	for _, bad := range []string{"", "-1", "99", "x"} {
		if r := s.post("mona", "/documents/2/hand-over", form("from", fmt.Sprint(ines.ID), "to", bad)); r.StatusCode != 422 {
			t.Errorf("given to %q: %d", bad, r.StatusCode)
		}
	}
	if r := s.post("mona", "/documents/2/hand-over", form("from", fmt.Sprint(ines.ID), "to", "0")); r.StatusCode != 303 {
		t.Errorf("taken back: %d", r.StatusCode)
	}
	r := s.post("mona", "/projects/1/documents/remove", form("document", "2", "from", "review"))
	if r.StatusCode != 303 || r.Header.Get("Location") != "/projects/1/review" {
		t.Errorf("removed: %d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if s.page(s.get("mona", "/projects/1/review")).Find(".toast form").Length() != 1 {
		t.Error("removing cannot be undone")
	}
}

// Advice needs something to stand on; with it, it is shown where people differ
// and chooses nothing.
func TestAdvice(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	says, _, err := advise(t.Context(), s.store, 1)
	if err != nil || len(says) != 0 {
		t.Errorf("of one page: %v, %v", says, err)
	}
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 12 {
		fmt.Fprintf(&lines, `{"id":"page-%d","text":%q}`+"\n", i, strings.TrimSpace(strings.Repeat("a line of words\n", 20)))
	}
	s.add(p, lines.String())
	for i := range 12 {
		s.hand("ines", corpus.DocumentID(4+i), strings.Repeat("b", 10)+strings.Repeat("x", 10))
		s.hand("jonas", corpus.DocumentID(4+i), strings.Repeat("b", 9)+strings.Repeat("x", 11))
	}
	says, _, err = advise(t.Context(), s.store, 1)
	if err != nil || !strings.HasPrefix(says[4][text.Range{Start: 9 * 16, End: 9*16 + 15}], "Dawid-Skene: ") {
		t.Fatalf("%v, %v", says[4], err)
	}

	s.get("anna", "/documents/4/review") // begins the work
	for range 100 {
		if advice := s.page(s.get("anna", "/documents/4/review")).Find(".advice"); advice.Length() == 1 {
			if words := advice.Text(); !strings.Contains(words, "MACE: ") || strings.Contains(words, "100 %") {
				t.Errorf("advice is %q", words)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("no advice is shown")
}

func TestARowKeepsEveryCharacter(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, `{"id":"hard","text":"a\rb <i> & \"c\"  d\u00a0e\n`+"👩‍👩‍👧 שלום"+`"}`+"\n")
	page := s.page(s.get("mara", "/documents/4/review"))
	var rows []string
	for _, t := range page.Find(".r .t").EachIter() {
		rows = append(rows, t.Text())
	}
	d, err := s.store.Document(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	x := text.NewIndex(d.Text)
	for _, b := range d.Blocks {
		want = append(want, x.Slice(b.Range))
	}
	if !slices.Equal(rows, want) {
		t.Errorf("the rows are %q, want %q", rows, want)
	}
}
