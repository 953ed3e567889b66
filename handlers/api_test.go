package handlers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

// caller is a program with somebody's token.
type caller struct {
	*site
	token string
}

func (s *site) caller(who string) caller {
	s.t.Helper()
	a, err := s.store.AnnotatorByName(s.t.Context(), who)
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.store.AddToken(s.t.Context(), a.ID, corpus.Token{Name: "test", Scopes: corpus.Scopes}, a.ID)
	if err != nil {
		s.t.Fatal(err)
	}

	return caller{s, token}
}

// call gives the answer's status and its JSON; an error has to be a problem
// document.
func (c caller) call(method, path, body string) (int, map[string]any) {
	c.t.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(body))
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		c.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	kind := w.Header().Get("Content-Type")
	if w.Code >= 400 {
		if kind != "application/problem+json" || out["status"] != float64(w.Code) || out["title"] == "" || out["type"] != "about:blank" {
			c.t.Errorf("%s %s: %s %v is no problem document", method, path, kind, out)
		}
	} else if !strings.HasPrefix(kind, "application/json") {
		c.t.Errorf("%s %s: %s", method, path, kind)
	}

	return w.Code, out
}

func (c caller) want(status int, method, path, body string) map[string]any {
	c.t.Helper()
	got, out := c.call(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: %d, want %d: %v", method, path, got, status, out)
	}

	return out
}

func TestAPIARunIsPushed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	const begin = `{"name":"nightly 7","cleaner":{"name":"mine","version":"2","dependencies":{"lxml":"5"}},"documents":3}`

	run := c.want(201, "POST", "/projects/Newswire/runs", begin)
	if run["id"] != 1.0 || run["state"] != "running" || run["origin"] != "api" || run["documents"] != 3.0 || run["predicted"] != 0.0 || run["by"] != "mona" || run["cleaner"].(map[string]any)["version"] != "2" {
		t.Errorf("run %v", run)
	}
	if again := c.want(200, "POST", "/projects/1/runs", begin); again["id"] != 1.0 {
		t.Errorf("again %v", again)
	}
	c.want(422, "POST", "/projects/1/runs", `{"name":"Nightly 7","cleaner":{"name":"mine","version":"3"}}`)

	// A bad line refuses all of the request.
	bad := c.want(422, "POST", "/projects/1/runs/1/predictions", answers+`{"id":7,"text":7}`+"\n")
	if bad["line"] != 5.0 || !strings.Contains(bad["detail"].(string), "ine 5") {
		t.Errorf("problem %v", bad)
	}
	bad = c.want(422, "POST", "/projects/1/runs/1/predictions", `{"id":"villages","text":"x"}`+"\n"+`{"id":"bridge","spans":[{"start":0,"end":999,"label":"PER"}]}`+"\n")
	if bad["line"] != 2.0 {
		t.Errorf("problem %v", bad)
	}
	c.want(422, "POST", "/projects/1/runs/1/predictions", "")
	if run := c.want(200, "GET", "/projects/1/runs/1", ""); run["predicted"] != 0.0 {
		t.Errorf("run %v", run)
	}

	for range 2 { // safe to repeat
		said := c.want(200, "POST", "/projects/Newswire/runs/nightly%207/predictions", answers)
		if said["stored"] != 3.0 || fmt.Sprint(said["unmatched"]) != "[elsewhere]" {
			t.Errorf("said %v", said)
		}
	}
	c.want(200, "POST", "/projects/1/runs/1/predictions", `{"id":"bridge","text":"the newer word"}`+"\n")
	run = c.want(200, "GET", "/projects/newswire/runs/1", "")
	if run["predicted"] != 3.0 || fmt.Sprint(run["statuses"]) != "map[error:1 ok:2]" || run["ended"] != nil {
		t.Errorf("run %v", run)
	}

	run = c.want(200, "POST", "/projects/1/runs/1/finish", "")
	if run["state"] != "done" || run["ended"] == nil {
		t.Errorf("run %v", run)
	}
	c.want(200, "POST", "/projects/1/runs/1/finish", "")
	c.want(422, "POST", "/projects/1/runs/1/predictions", answers)
	if bad := c.want(422, "POST", "/projects/1/runs", begin); bad["field"] != "name" {
		t.Errorf("problem %v", bad)
	}
	all := c.want(200, "GET", "/projects/1/runs", "")["runs"].([]any)
	if len(all) != 1 || all[0].(map[string]any)["name"] != "nightly 7" {
		t.Errorf("runs %v", all)
	}

	// What was said comes back.
	r := httptest.NewRequest("GET", "/api/v1/projects/1/runs/1/predictions", nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	answer := s.send("", r)
	b, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != 200 || strings.Count(string(b), "\n") != 3 || !strings.Contains(string(b), "the newer word") {
		t.Errorf("%d %s", answer.StatusCode, b)
	}
	s.check(s.get("mona", news+"/runs"), visit{status: 200, has: []string{".runs: mine 2 · over the API · by mona"}})
}

func TestAPIAStoppedRunGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	c.want(201, "POST", "/projects/1/runs", `{"name":"a"}`)
	s.check(s.post("mona", news+"/runs/1/stop", nil), visit{status: 303, to: news + "/runs/1"})
	s.check(s.get("mona", news+"/runs/1"), visit{status: 200, has: []string{"#run: begins it again under the same name"}, hasNot: []string{"form[action$='/resume']"}})
	s.check(s.post("mona", news+"/runs/1/resume", nil), visit{status: 422})
	c.want(422, "POST", "/projects/1/runs/1/predictions", answers)
	if run := c.want(200, "POST", "/projects/1/runs", `{"name":"a"}`); run["state"] != "running" || run["cleaner"].(map[string]any)["name"] != "a" {
		t.Errorf("run %v", run)
	}
	c.want(200, "POST", "/projects/1/runs/1/predictions", answers)
}

func TestAPIWhoMayUseIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.judge("judy")
	s.caller("mona").want(201, "POST", "/projects/1/runs", `{"name":"a"}`)
	routes := [][2]string{}
	for _, r := range s.server.h.routes() {
		if path, ok := strings.CutPrefix(aPath(r), "/api/v1"); ok && r.who != anyone {
			routes = append(routes, [2]string{r.method, path})
		}
	}
	if len(routes) < 20 {
		t.Fatalf("only %d routes", len(routes))
	}
	of := regexp.MustCompile("/projects/1/(runs|documents|imports|releases)/1")
	judy, ines := s.caller("judy"), s.caller("ines")
	for _, r := range routes {
		if r != [2]string{"GET", "/projects"} { // which lists to each what is there for them
			judy.want(403, r[0], r[1], "")
			ines.want(403, r[0], r[1], "")
		}
		caller{s, ""}.want(401, r[0], r[1], "")
		caller{s, "wrong"}.want(401, r[0], r[1], "")

		// A session is no token.
		req := httptest.NewRequest(r[0], "/api/v1"+r[1], nil)
		answer := s.send("mona", req)
		if answer.StatusCode != 401 || answer.Header.Get("WWW-Authenticate") != "Bearer" || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v with a session: %d %v", r, answer.StatusCode, answer.Header)
		}
		// Another project, and one that is removed.
		for _, project := range []string{"2", "99", "none"} {
			if of.MatchString(r[1]) || strings.Contains(r[1], "/projects/1") && project != "2" {
				s.caller("mona").want(404, r[0], strings.Replace(r[1], "/projects/1", "/projects/"+project, 1), "{}")
			}
		}
	}
	caller{s, ""}.want(404, "GET", "/none", "")
	caller{s, ""}.want(405, "DELETE", "/projects/1/runs", "")

	// From a page of another address.
	req := httptest.NewRequest("POST", "/api/v1/projects/1/runs", nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if answer := s.send("mona", req); answer.StatusCode != 403 || answer.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("from elsewhere: %d %v", answer.StatusCode, answer.Header)
	}

	s.check(s.post("mona", news+"/remove", nil), visit{status: 303, to: "/"})
	for _, r := range routes {
		if strings.Contains(r[1], "/projects/1") {
			s.caller("mona").want(404, r[0], r[1], "{}")
		}
	}
}

func TestAPINamesInAddresses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	for _, name := range []string{"A/B & Ü?", "100%", "2026", "😀 #1", `<b>"x"</b>`, "a+b"} {
		id, err := s.store.AddProject(t.Context(), corpus.Project{Name: name, Labels: corpus.DefaultLabels(), Cutting: "line"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := json.Marshal(map[string]any{"name": name})
		run := c.want(201, "POST", "/projects/"+url.PathEscape(name)+"/runs", string(body))
		got := c.want(200, "GET", fmt.Sprintf("/projects/%d/runs/%s", id, url.PathEscape(name)), "")
		if got["id"] != run["id"] || got["name"] != name {
			t.Errorf("%q: %v, want %v", name, got, run)
		}
	}
}

func TestAPIRequestsThatAreWrong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	for body, status := range map[string]int{
		``: 400, `[]`: 400, `{"name":"a"}{}`: 400, `{"nome":"a"}`: 400, `{"name":""}`: 422, `{"name":"a","documents":-1}`: 422,
		`{"name":"` + strings.Repeat("x", 121) + `"}`: 422, `{"name":"` + strings.Repeat("x", 70<<10) + `"}`: 413,
	} {
		c.want(status, "POST", "/projects/1/runs", body)
	}
	c.want(404, "POST", "/projects/1/runs/1/finish", "")

	s.post("mona", news+"/runs", form("cleaner", "lines", "documents", "all", "name", "built in"))
	s.inState(1, 1, corpus.RunDone)
	c.want(422, "POST", "/projects/1/runs", `{"name":"built in"}`)
	c.want(422, "POST", "/projects/1/runs/1/predictions", answers)
	c.want(422, "POST", "/projects/1/runs/1/finish", "")

	// A body that is too large is refused, however it is sent.
	c.want(201, "POST", "/projects/1/runs", `{"name":"large"}`)
	line := `{"id":"bridge","text":"` + strings.Repeat("x", 1<<20) + `"}` + "\n"
	r := httptest.NewRequest("POST", "/api/v1/projects/1/runs/large/predictions", io.MultiReader(readers(line, 65)...))
	r.ContentLength = -1
	r.Header.Set("Authorization", "Bearer "+c.token)
	if answer := s.send("", r); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("65 MB: %d", answer.StatusCode)
	}
}

func readers(s string, n int) []io.Reader {
	out := make([]io.Reader, n)
	for i := range out {
		out[i] = strings.NewReader(s)
	}

	return out
}

func TestAPIReports(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	c.want(422, "GET", "/projects/1/report", "")
	for name, text := range map[string]string{"good": "Ten Quiet Villages", "bad": "Ten"} {
		c.want(201, "POST", "/projects/1/runs", `{"name":"`+name+`"}`)
		c.want(200, "POST", "/projects/1/runs/"+name+"/predictions", `{"id":"villages","text":"`+text+`"}`+"\n")
		c.want(200, "POST", "/projects/1/runs/"+name+"/finish", "")
	}

	r := c.want(200, "GET", "/projects/1/report?run=bad&against=good&fail-under=word-f1=0.95&fail-under=leaked=0.5&resamples=50", "")
	gates := map[string]bool{}
	for _, g := range r["gates"].([]any) {
		g := g.(map[string]any)
		gates[g["name"].(string)] = g["held"].(bool)
	}
	if held, ok := gates["word-f1"]; !ok || held {
		t.Errorf("gates %v", gates)
	}
	if held, ok := gates["against"]; !ok || held {
		t.Errorf("gates %v", gates)
	}
	if n := len(c.want(200, "GET", "/projects/1/report?resamples=50", "")["runs"].([]any)); n != 2 {
		t.Errorf("%d runs", n)
	}

	for format, kind := range map[string]string{"csv": "text/csv", "md": "text/markdown", "junit": "application/xml", "table": "text/plain", "documents": "text/csv", "html": "text/html"} {
		req := httptest.NewRequest("GET", "/api/v1/projects/1/report?resamples=50&format="+format, nil)
		req.Header.Set("Authorization", "Bearer "+c.token)
		answer := s.send("", req)
		b, _ := io.ReadAll(answer.Body)
		if answer.StatusCode != 200 || !strings.HasPrefix(answer.Header.Get("Content-Type"), kind) || !strings.Contains(string(b), "good") {
			t.Errorf("%s: %d %s\n%s", format, answer.StatusCode, answer.Header.Get("Content-Type"), b)
		}
	}
	for _, q := range []string{"run=none", "format=exe", "measure=none", "fail-under=word-f1", "fail-under=none=1", "fail_under=word-f1=1", "seed=x", "resamples=1", "resamples=99999999", "run=good&against=good", "against=none"} {
		if bad := c.want(422, "GET", "/projects/1/report?"+q, ""); bad["detail"] == "" {
			t.Errorf("%s: %v", q, bad)
		}
	}
}

// The description and the routes say the same.
func TestAPIIsDescribed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	got := caller{s, ""}.want(200, "GET", "/openapi.json", "")
	described := map[string]bool{}
	for path, item := range got["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	param := regexp.MustCompile(`:(\w+)`)
	for _, r := range s.server.h.routes() {
		if !strings.HasPrefix(r.path, apiPrefix) {
			continue
		}
		key := r.method + " " + param.ReplaceAllString(r.path, "{$1}")
		if !described[key] {
			t.Errorf("openapi.json lacks %s", key)
		}
		delete(described, key)
	}
	for key := range described {
		t.Errorf("openapi.json describes %s, which is no route", key)
	}
	refs(t, got, got)
}

// refs holds every reference of the description against what is there.
func refs(t *testing.T, all, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			at := all
			for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
				m, _ := at.(map[string]any)
				at = m[part]
			}
			if at == nil {
				t.Errorf("%s leads nowhere", ref)
			}
		}
		for _, one := range v {
			refs(t, all, one)
		}
	case []any:
		for _, one := range v {
			refs(t, all, one)
		}
	}
}
