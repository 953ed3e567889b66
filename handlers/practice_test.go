package handlers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

// sendJSON posts a value as the screen's scripts do.
func (s *site) sendJSON(who, path string, v any) *http.Response {
	s.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(string(b)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")

	return s.send(who, r)
}

// person is somebody's id.
func (s *site) person(name string) corpus.AnnotatorID {
	s.t.Helper()
	a, err := s.store.AnnotatorByName(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}

	return a.ID
}

// set changes the settings of Newswire.
func (s *site) set(change func(*corpus.Settings)) {
	s.t.Helper()
	p, err := s.store.Project(s.t.Context(), 1)
	if err != nil {
		s.t.Fatal(err)
	}
	change(&p.Settings)
	if err := s.store.SetProject(s.t.Context(), p, 0); err != nil {
		s.t.Fatal(err)
	}
}

// handIn gives every block of a document one class and hands it in.
func (s *site) handIn(who string, id corpus.DocumentID, class corpus.Class) {
	s.t.Helper()
	blocks := answered[struct {
		Blocks [][]any `json:"blocks"`
	}](s.t, s.get(who, fmt.Sprintf("/documents/%d/state", id))).Blocks
	last := blocks[len(blocks)-1][0]
	r := s.sendJSON(who, fmt.Sprintf("/documents/%d/events", id), map[string]any{"annotator": s.person(who), "events": []map[string]any{
		{"id": fmt.Sprintf("class-%s-%d", class, id), "kind": "class", "from": 0, "to": last, "class": class},
		{"id": fmt.Sprintf("submit-%s-%d", class, id), "kind": "submit"},
	}})
	var answer struct {
		Refused []corpus.Refusal `json:"refused"`
		Status  string           `json:"status"`
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || len(answer.Refused) > 0 || answer.Status != "submitted" {
		s.t.Fatalf("handed in: %d, %+v, %v", r.StatusCode, answer, err)
	}
}

func TestVisitsToPracticeAndAttention(t *testing.T) {
	get, post := http.MethodGet, http.MethodPost
	for _, v := range []visit{
		{"no practice yet", "mona", get, news + "/practice", nil, 200, "", []string{".lead: Choose those documents here", "#numbers", "button[value=choose]", "#results: Nobody"}, []string{"#documents table"}},
		{"an annotator does not see it", "ines", get, news + "/practice", nil, 403, "", nil, nil},
		{"by number", "mona", post, news + "/practice", form("do", "add", "documents", "3"), 303, news + "/practice", nil, nil},
		{"from the list", "mona", post, news + "/practice", form("document", "3"), 303, news + "/practice", nil, nil},
		{"the list has the button", "mona", get, news + "/documents", nil, 200, "", []string{"button[formaction='/projects/1/practice']: Use for practice"}, nil},
		{"chosen for one", "mona", post, news + "/practice", form("do", "choose", "documents", ""), 303, news + "/practice", nil, nil},
		{"a document without gold", "mona", post, news + "/practice", form("do", "add", "documents", "3, 1"), 422, "", []string{"#problem-documents: Document 1 has no gold", "#numbers[value='3, 1'][aria-invalid=true]"}, []string{"#documents table"}},
		{"a word that is no number", "mona", post, news + "/practice", form("do", "add", "documents", "3; villages"), 422, "", []string{"#problem-documents: “villages”"}, []string{"#documents table"}},
		{"nothing chosen", "mona", post, news + "/practice", form("do", "add", "documents", " , "), 303, news + "/practice", nil, nil},
		{"no gold to choose from", "mona", post, quiet + "/practice", form("do", "choose"), 422, "", []string{"#problem-documents: no gold document"}, nil},
		{"a document of another project", "mona", post, quiet + "/practice", form("document", "3"), 422, "", []string{"#problem-documents: no document 3"}, nil},
		{"taking out what is not in", "mona", post, news + "/practice/3/remove", nil, 404, "", nil, nil},
		{"letting nobody pass", "mona", post, news + "/practice/people/99/pass", nil, 404, "", nil, nil},
		{"a retry without a round", "mona", post, news + "/practice/people/3/retry", nil, 422, "", []string{"[role=alert]: has not done all"}, nil},
		{"an annotator lets nobody pass", "ines", post, news + "/practice/people/3/pass", nil, 403, "", nil, nil},
		{"feedback on what is not handed in", "ines", get, "/documents/3/practice", nil, 303, "/documents/3", nil, nil},
		{"feedback for somebody else", "ines", get, "/documents/3/practice?person=1", nil, 404, "", nil, nil},
		{"feedback of somebody who did not practise", "mona", get, "/documents/3/practice?person=3", nil, 404, "", nil, nil},

		{"nobody at work yet", "mona", get, news + "/people/attention", nil, 200, "", []string{".empty: Nobody has handed in"}, []string{"table"}},
		{"an annotator does not see attention", "ines", get, news + "/people/attention", nil, 403, "", nil, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if v.method == post {
				s.check(s.post(v.who, v.path, v.form), v)
			} else {
				s.check(s.get(v.who, v.path), v)
			}
		})
	}
}

// answered reads a JSON answer.
func answered[T any](t *testing.T, r *http.Response) (v T) {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatalf("%d: %v\n%s", r.StatusCode, err, b)
	}

	return v
}

func TestABeatKeepsTheVisitAndSaysWhoHoldsTheDocument(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ines := s.person("ines")
	good := map[string]any{"annotator": ines, "visit": "visit-0001", "active": 12_000, "seen": [][2]int{{0, 2}}}
	type held struct {
		Held bool `json:"held"`
	}
	if r := s.sendJSON("ines", "/documents/1/beat", good); r.StatusCode != 200 || !answered[held](t, r).Held {
		t.Fatalf("a good beat: %d", r.StatusCode)
	}
	for what, c := range map[string]struct {
		who, path string
		change    map[string]any
		status    int
	}{
		"of somebody else":    {"mona", "/documents/1/beat", nil, 409},
		"no visit":            {"ines", "/documents/1/beat", map[string]any{"visit": ""}, 422},
		"a time before none":  {"ines", "/documents/1/beat", map[string]any{"active": -5}, 422},
		"a time without end":  {"ines", "/documents/1/beat", map[string]any{"active": int64(1) << 60}, 422},
		"blocks of nothing":   {"ines", "/documents/1/beat", map[string]any{"seen": [][2]int{{0, 99}}}, 422},
		"a field more":        {"ines", "/documents/1/beat", map[string]any{"gold": true}, 400},
		"no document":         {"ines", "/documents/99/beat", nil, 404},
		"nobody is signed in": {"", "/documents/1/beat", nil, 401},
	} {
		body := map[string]any{}
		for _, from := range []map[string]any{good, c.change} {
			for k, v := range from {
				body[k] = v
			}
		}
		if r := s.sendJSON(c.who, c.path, body); r.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", what, r.StatusCode, c.status)
		}
	}

	s.handIn("ines", 1, corpus.Body)
	doc := s.page(s.get("mona", news+"/people/attention"))
	s.see(doc, "tbody td.name: ines", "tbody td: 12 s", "tbody td: 66 %", "dt: Active time")
}

// practiceSite is the site with document 3 for practice.
func practiceSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.set(func(x *corpus.Settings) { x.PassMark = 80 })
	s.post("mona", news+"/practice", form("documents", "3"))

	return s
}

func TestAPracticeRoundFromClaimToFeedback(t *testing.T) {
	t.Parallel()
	s := practiceSite(t)
	if r := s.post("ines", news+"/next", nil); r.Header.Get("Location") != "/documents/3" {
		t.Fatalf("the first document is %q", r.Header.Get("Location"))
	}
	screen := s.page(s.get("ines", "/documents/3"))
	s.see(screen, ".top .chip: practice", "#b0.b")
	s.seeNot(screen, "#b0.body", "[data-action=skip]")
	s.handIn("ines", 3, corpus.Boilerplate)

	doc := s.page(s.get("ines", "/documents/3/practice"))
	s.see(doc, ".big: 0 %", "#score: entities: F1 0.000", "#standing: You did not pass the practice round", "tr.differs td:nth-child(3) .boilerplate", "tr.differs td:nth-child(4) .body", ".onesided li: “Ten” as Other")
	s.seeNot(doc, "form[action='/projects/1/next']")
	if r := s.post("ines", news+"/next", nil); r.Header.Get("Location") != news+"?done=1" {
		t.Errorf("not passed, and sent to %q", r.Header.Get("Location"))
	}

	page := s.page(s.get("mona", news+"/practice"))
	retry := fmt.Sprintf("/projects/1/practice/people/%d/retry", s.person("ines"))
	s.see(page, "#results td.name: ines", ".chip.warn: not passed", fmt.Sprintf("a[href='/documents/3/practice?person=%d']", s.person("ines")), "form[action='"+retry+"']")
	s.see(s.page(s.get("mona", fmt.Sprintf("/documents/3/practice?person=%d", s.person("ines")))), "th: ines", "#standing: ines did not pass")
	if r := s.post("mona", retry, nil); r.StatusCode != 303 {
		t.Fatalf("retry: %d", r.StatusCode)
	}
	if r := s.get("ines", "/documents/3/practice"); r.Header.Get("Location") != "/documents/3" {
		t.Errorf("after a fresh start the old feedback is shown: %d", r.StatusCode)
	}
	s.handIn("ines", 3, corpus.Body)
	doc = s.page(s.get("ines", "/documents/3/practice"))
	s.see(doc, ".big: 100 %", "#standing: You passed the practice round", "form[action='/projects/1/next']: Start labelling")
	if r := s.post("ines", news+"/next", nil); r.Header.Get("Location") != "/documents/1" {
		t.Errorf("passed, and sent to %q", r.Header.Get("Location"))
	}
	s.see(s.page(s.get("mona", news+"/practice")), "#results td: attempt 2", "#results .old: attempt 1", "#results td time")
}

func TestAManagerLetsPassInTheBrowser(t *testing.T) {
	t.Parallel()
	s := practiceSite(t)
	s.handIn("ines", 3, corpus.Boilerplate)
	s.post("mona", fmt.Sprintf("/projects/1/practice/people/%d/pass", s.person("ines")), nil)
	s.see(s.page(s.get("mona", news+"/practice")), ".toast: ines has passed now", "#results td: let pass by mona")
	s.see(s.page(s.get("mona", news+"/log")), "#log li: let ines pass the practice round", "#log li: documents 3")
}

// A hidden check is a document like any other on every page that an annotator
// may open, and in every answer.
func TestNothingGivesAHiddenCheckAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set(func(x *corpus.Settings) { x.CheckShare = 50 })
	var lines strings.Builder
	for i := range 30 {
		fmt.Fprintf(&lines, `{"id":"more-%d","text":"A page"}`+"\n", i)
	}
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, lines.String())

	var work, check string
	for check == "" || work == "" {
		to := s.post("ines", news+"/next", nil).Header.Get("Location")
		var id corpus.DocumentID
		if _, err := fmt.Sscanf(to, "/documents/%d", &id); err != nil {
			t.Fatalf("sent to %q without a check", to)
		}
		seen := s.told(to, id)
		s.handIn("ines", id, corpus.Body)
		seen += s.told(to, id)
		if id == 3 {
			check = seen
		} else if id > 3 {
			work = seen
		}
	}
	if check != work {
		t.Errorf("a check says\n%s\nwork says\n%s", check, work)
	}
	list := s.page(s.get("ines", news+"/documents?state=gold"))
	s.see(list, "a[href='/documents/1']", "a[href='/documents/3']")
	s.seeNot(list, ".chip", "#state", "time")
	s.see(s.page(s.get("mona", news+"/documents")), ".chip", "#state")
}

// told is what pages and answers say about the standing of a document, without
// what differs between any two.
func (s *site) told(path string, id corpus.DocumentID) string {
	s.t.Helper()
	page := s.page(s.get("ines", path))
	state := answered[map[string]any](s.t, s.get("ines", path+"/state"))
	for _, own := range []string{"document", "name", "blocks", "texts", "paths", "language", "events", "undo"} {
		delete(state, own)
	}
	b, err := json.Marshal(state)
	if err != nil {
		s.t.Fatal(err)
	}
	beat := answered[map[string]any](s.t, s.sendJSON("ines", path+"/beat", map[string]any{"annotator": s.person("ines"), "visit": "visit-0001", "active": 1, "seen": [][2]int{}}))

	return fmt.Sprintln(string(b), beat, page.Find(".top .chip").Text(), page.Find(".progress").Length(), page.Find("#banner").Text())
}

func TestNumbersOfDocumentsAreReadAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for typed, want := range map[string]int{"3": 303, "3,3 ;\n3": 303, "-3": 422, "3.5": 422, "99999999999999999999": 422} {
		if r := s.post("mona", news+"/practice", url.Values{"documents": {typed}}); r.StatusCode != want {
			t.Errorf("%q: %d, want %d", typed, r.StatusCode, want)
		}
	}
}
