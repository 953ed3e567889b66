package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/export"
)

// file asks for what is no JSON, perhaps for a part of it.
func (c caller) file(path, ranged, ifRange string) (body string, answer *http.Response) {
	c.t.Helper()
	r := httptest.NewRequest("GET", "/api/v1"+path, nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept-Encoding", "gzip")
	if ranged != "" {
		r.Header.Set("Range", ranged)
	}
	if ifRange != "" {
		r.Header.Set("If-Range", ifRange)
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)

	return w.Body.String(), w.Result()
}

// records are lines of JSON.
func (c caller) records(path string) (out []map[string]any, header http.Header) {
	c.t.Helper()
	r := httptest.NewRequest("GET", "/api/v1"+path, nil)
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/jsonl" {
		c.t.Fatalf("%s: %d %s %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	for d := json.NewDecoder(w.Body); ; {
		var one map[string]any
		if err := d.Decode(&one); err == io.EOF {
			return out, w.Header()
		} else if err != nil {
			c.t.Fatal(err)
		}
		out = append(out, one)
	}
}

func TestAPIProjectsOfAPerson(t *testing.T) {
	t.Parallel()
	s, secrets := rightsSite(t)
	for who, want := range map[string]string{"token of an administrator": "closed:administrator open:administrator other:administrator", "token of lower here": "closed:adjudicator open:annotator"} {
		var got []string
		for _, p := range (caller{s, secrets[who]}).want(200, "GET", "/projects", "")["projects"].([]any) {
			p := p.(map[string]any)
			got = append(got, fmt.Sprint(p["name"], ":", p["role"]))
			if p["documents"] != 1.0 || p["counts"].(map[string]any)["new"] != 1.0 {
				t.Errorf("%v", p)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s sees %v, want %s", who, got, want)
		}
	}
}

func TestAPIProjectsAreMade(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	p := c.want(201, "POST", "/projects", `{"name":"Ports","cutting":"sentence","labels":[{"name":"SHIP"},{"name":"PORT","key":"2"}],"settings":{"overlap":3,"rule":"majority"}}`)
	labels := p["labels"].([]any)
	if p["role"] != "manager" || p["cutting"] != "sentence" || len(labels) != 2 || labels[0].(map[string]any)["colour"] != "violet" || labels[1].(map[string]any)["title"] != "PORT" || p["settings"].(map[string]any)["overlap"] != 3.0 {
		t.Errorf("%v", p)
	}
	if again := c.want(200, "GET", "/projects/ports", ""); fmt.Sprint(again) != fmt.Sprint(p) {
		t.Errorf("%v, want %v", again, p)
	}
	s.caller("ines").want(403, "POST", "/projects", `{"name":"Mine"}`)
}

// Each document is on one page, and both ways to the next page lead there.
func TestAPIDocumentsPageByPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	lines := ""
	for i := range 7 {
		lines += fmt.Sprintf(`{"id":"p%d","text":"page %d","url":"https://pages.example.com/%d"}`+"\n", i, i, i)
	}
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, lines)

	var keys []string
	path := "/projects/Newswire/documents?site=example.com&limit=3"
	for path != "" {
		r := httptest.NewRequest("GET", "/api/v1"+path, nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		w := httptest.NewRecorder()
		s.server.ServeHTTP(w, r)
		var page struct {
			Documents []struct{ Key string }
			Next      string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Documents {
			keys = append(keys, d.Key)
		}
		to, _, more := strings.Cut(strings.TrimPrefix(w.Header().Get("Link"), "<"), `>; rel="next"`)
		if more != (page.Next != "") || more && !strings.Contains(to, "after="+page.Next) {
			t.Errorf("next %q, Link %q", page.Next, w.Header().Get("Link"))
		}
		path = strings.TrimPrefix(to, "/api/v1")
	}
	if got := strings.Join(keys, " "); got != "p0 p1 p2 p3 p4 p5 p6" {
		t.Errorf("%s", got)
	}
}

// A key goes before a number, because it is the name that a document has
// outside.
func TestAPIADocumentByItsName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, `{"id":"1","text":"😀 keyed","meta":{"a":{"b":1}}}`+"\n"+`{"text":"unnamed"}`+"\n"+`{"id":"a/b c","text":"slash"}`+"\n")
	for name, want := range map[string]string{"1": "😀 keyed", "2": "😀 Tolls rise\nשלום עולם", "bridge": "Repairs will close both lanes\nALDPORT: Mara Lindqvist said so\n-", "a%2Fb%20c": "slash",
		"sha256:" + hexOf("unnamed"): "unnamed"} {
		if got := c.want(200, "GET", "/projects/1/documents/"+name, "")["text"]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	d := c.want(200, "GET", "/projects/1/documents/villages", "")
	gold := d["gold"].(map[string]any)
	if fmt.Sprintf("%v %v %v %v", gold["spans"], gold["blocks"], gold["annotators"], gold["basis"]) != "[map[end:3 label:MISC quote:Ten start:0]] [map[class:body end:18 start:0]] [jonas] imported" {
		t.Errorf("%v", gold)
	}
	if d := c.want(200, "GET", "/projects/1/documents/bridge", ""); d["gold"] != nil || len(d["blocks"].([]any)) != 3 {
		t.Errorf("%v", d)
	}
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))

	return hex.EncodeToString(sum[:])
}

// What people handed in comes, drafts do not.
func TestAPIAnnotations(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.set(func(set *corpus.Settings) { set.Overlap, set.Rule = 2, corpus.AdjudicateAll })
	c := s.caller("mona")
	s.handIn("ines", 1, corpus.Body)
	s.handIn("mara", 1, corpus.Boilerplate)
	if r := s.sendJSON("ines", "/documents/2/events", map[string]any{"annotator": s.person("ines"), "events": []map[string]any{{"id": "draft-of-ines", "kind": "class", "from": 0, "to": 0, "class": "body"}}}); r.StatusCode != 200 {
		t.Fatal(r.StatusCode)
	}
	got, _ := c.records("/projects/1/annotations")
	var who []string
	for _, r := range got {
		who = append(who, fmt.Sprint(r["id"], ":", r["annotator"], ":", r["layer"]))
	}
	if len(who) != 2 || !strings.Contains(strings.Join(who, " "), "bridge:ines:annotation") || !strings.Contains(strings.Join(who, " "), "bridge:mara:annotation") {
		t.Errorf("%v", who)
	}
	if gold, _ := c.records("/projects/1/gold"); len(gold) != 1 || gold[0]["layer"] != "gold" {
		t.Errorf("gold %v", gold)
	}
}

func TestAPIImports(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	counts := func(job map[string]any) string {
		r := job["report"].(map[string]any)
		return fmt.Sprint(job["state"], " ", r["new"], " ", r["unchanged"], " ", r["changed"], " ", r["failed"], " ", r["stored"])
	}
	post := func(query, body, want string) map[string]any {
		t.Helper()
		job := c.want(200, "POST", "/projects/1/imports?wait=25&"+query, body)
		if got := counts(job); got != want {
			t.Errorf("%s: %s, want %s: %v", query, got, want, job)
		}
		return job
	}
	const lines = `{"id":"x","text":"one"}` + "\n" + `{"id":"bridge","text":"other"}` + "\n"
	post("dry-run=1", lines, "done 1 0 1 0 false")
	post("", lines, "done 1 0 1 0 true")
	post("", lines, "done 0 2 0 0 true")
	bad := post("", `{"id":"y","text":"two"}`+"\n"+"{\n", "failed 1 0 0 1 false")
	if p := bad["report"].(map[string]any)["problems"].([]any)[0].(map[string]any); p["line"] != 2.0 || bad["reason"] == "" {
		t.Errorf("%v", bad)
	}
	post("skip-bad=1", `{"id":"y","text":"two"}`+"\n"+"{\n", "done 1 0 0 1 true")
	post("format=text&name=note.txt", "a note", "done 1 0 0 0 true")
	post("format=auto", "<!doctype html><p>A page of its own", "done 1 0 0 0 true")

	// It is asked after, and in its own project.
	r := httptest.NewRequest("POST", "/api/v1/projects/1/imports", strings.NewReader(`{"id":"z","text":"three"}`))
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	to := strings.TrimPrefix(w.Header().Get("Location"), "/api/v1")
	if w.Code != 202 && w.Code != 200 || to == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if got := counts(c.want(200, "GET", to+"?wait=25", "")); got != "done 1 0 0 0 true" {
		t.Error(got)
	}
	c.want(404, "GET", strings.Replace(to, "/projects/1", "/projects/2", 1), "")
	(caller{s, s.tokenOf("mona", corpus.ScopeRead, corpus.ScopeManage)}).want(403, "POST", "/projects/1/imports", lines)
}

// A download goes on where it broke off, with the same bytes also where they
// had to be made again, and begins anew where the gold is another.
func TestAPIExportsAreResumed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	const path = "/projects/1/export/jsonl?split=train%3D50,test%3D50&by=document"
	whole, answer := c.file(path, "", "")
	etag, sum := answer.Header.Get("ETag"), sha256.Sum256([]byte(whole))
	if answer.StatusCode != 200 || etag != `"`+hexOf(whole)+`"` || answer.Header.Get("Content-Length") != fmt.Sprint(len(whole)) || answer.Header.Get("Accept-Ranges") != "bytes" ||
		answer.Header.Get("Repr-Digest") != "sha-256=:"+base64.StdEncoding.EncodeToString(sum[:])+":" || answer.Header.Get("Content-Encoding") != "" {
		t.Errorf("%d %v %d bytes", answer.StatusCode, answer.Header, len(whole))
	}

	parts := whole[:10]
	for len(parts) < len(whole) {
		part, answer := c.file(path, fmt.Sprintf("bytes=%d-%d", len(parts), len(parts)+99), etag)
		if answer.StatusCode != 206 || answer.Header.Get("ETag") != etag || len(part) == 0 {
			t.Fatalf("%d %v", answer.StatusCode, answer.Header)
		}
		parts += part
	}
	if parts != whole {
		t.Errorf("the parts are\n%s\nwant\n%s", parts, whole)
	}
	if n := len(s.server.h.exports.files); n != 1 {
		t.Errorf("%d files were made", n)
	}

	again, err := New(s.store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(again.Close)
	rest, answer := (caller{&site{t: t, store: s.store, server: again}, c.token}).file(path, "bytes=10-", etag)
	if answer.StatusCode != 206 || rest != whole[10:] {
		t.Errorf("of another server: %d %q", answer.StatusCode, rest)
	}

	c.want(200, "POST", "/projects/1/imports?wait=25", `{"id":"x","text":"Ten","layer":"gold","annotators":["jonas"],"blocks":[{"start":0,"end":3,"class":"body"}],"spans":[]}`+"\n")
	if newer, answer := c.file(path, "bytes=10-", etag); answer.StatusCode != 200 || answer.Header.Get("ETag") == etag || !strings.HasPrefix(newer, whole[:10]) {
		t.Errorf("with newer gold: %d", answer.StatusCode)
	}
	s.check(s.post("mona", news+"/documents/remove", form("document", "3")), visit{status: 303, to: news + "/documents"})
	if less, _ := c.file(path, "", ""); strings.Contains(less, "villages") || !strings.Contains(less, `"x"`) {
		t.Errorf("with a document removed: %s", less)
	}
	// A split by hand is another file.
	before, _ := c.file(path, "", "")
	part := "train"
	if strings.Contains(before, `"split":"train"`) {
		part = "test"
	}
	c.want(200, "POST", "/projects/1/splits/fix", `{"part":"`+part+`","documents":["x"]}`)
	if after, _ := c.file(path, "", ""); !strings.Contains(after, `"split":"`+part+`"`) {
		t.Errorf("fixed to %s: %s", part, after)
	}
}

// How far an export is: asked often enough it is done, and the file is what was
// told.
func TestAPIExportsTellHowFarTheyAre(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	var state map[string]any
	for until := time.Now().Add(time.Minute); state["state"] != "done" && time.Now().Before(until); {
		_, state = c.call("GET", "/projects/Newswire/export/huggingface/state?split=train%3D50,test%3D50&wait=1", "")
	}
	if state["state"] != "done" || state["total"] != 1.0 || state["manifest"].(map[string]any)["documents"] != 1.0 {
		t.Fatalf("%v", state)
	}
	body, answer := c.file(strings.TrimPrefix(state["path"].(string), "/api/v1"), "", "")
	if answer.Header.Get("ETag") != state["etag"] || hexOf(body) != state["sha256"] || float64(len(body)) != state["bytes"] || answer.Header.Get("Content-Type") != "application/zip" {
		t.Errorf("%v is not what was told: %v", answer.Header, state)
	}
	if n := len(s.server.h.exports.files); n != 1 {
		t.Errorf("%d files were made", n)
	}
}

// What cannot be exported is told, as often as it is asked, and is no file.
func TestAPIExportsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	c.want(200, "POST", "/projects/1/imports?wait=25", `{"id":"x","text":"Ada Lovelace","layer":"gold","annotators":["jonas"],"blocks":[{"start":0,"end":12,"class":"body"}],"spans":[{"start":0,"end":3,"label":"PER","quote":"Ada"},{"start":0,"end":12,"label":"PER","quote":"Ada Lovelace"}]}`+"\n")
	for range 2 {
		if said := c.want(422, "GET", "/projects/1/export/iob2", ""); said["detail"] == "" {
			t.Errorf("%v", said)
		}
		c.want(422, "GET", "/projects/1/export/iob2/state?wait=25", "")
	}
	body, answer := c.file("/projects/1/export/iob2?lossy=1", "", "")
	if answer.StatusCode != 200 || !strings.Contains(body, "Lovelace") {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	if said := c.want(422, "GET", "/projects/1/export/iob2?layer=words", ""); said["field"] != "layer" {
		t.Errorf("%v", said)
	}
	c.want(422, "GET", "/projects/1/export/iob2?predictions=none&lossy=1", "")
}

// So many files are kept and no more, those that were asked for last.
func TestExportFilesAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	m := s.server.h.exports
	for i := range maxExportFiles + 4 {
		if _, answer := c.file(fmt.Sprintf("/projects/1/export/jsonl?by=document&split=a%%3D%d,b%%3D%d", i+1, 99-i), "", ""); answer.StatusCode != 200 {
			t.Fatal(answer.StatusCode)
		}
	}
	if n := len(m.files); n != maxExportFiles {
		t.Errorf("%d files are kept, want %d", n, maxExportFiles)
	}
	m.mu.Lock()
	for _, f := range m.files {
		f.used = f.used.Add(-2 * exportLife)
	}
	m.forget()
	if n := len(m.files); n != 0 {
		t.Errorf("%d old files are kept", n)
	}
	m.mu.Unlock()
}

// A file that is made of gold which changed meanwhile is sent to who asked, and
// to nobody after.
func TestAnExportOfGoldThatChangedIsNotKept(t *testing.T) {
	t.Parallel()
	m := newSite(t).server.h.exports
	key := exportKey{1}
	made := 0
	for range 2 {
		f, err := m.get(key, 1, func(_ context.Context, w io.Writer, _ *exportFile) (export.Manifest, bool, error) {
			made++
			_, err := io.WriteString(w, "x")
			return export.Manifest{}, false, err
		})
		if err != nil {
			t.Fatal(err)
		}
		<-f.over
		if f.err != nil || f.size != 1 {
			t.Errorf("%v, %d bytes", f.err, f.size)
		}
		m.put(f)
	}
	if made != 2 || len(m.files) != 0 {
		t.Errorf("made %d times, %d kept", made, len(m.files))
	}
}
