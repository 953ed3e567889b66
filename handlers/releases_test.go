package handlers

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// released makes a release in the data file.
func (s *site) released(name string) corpus.Release {
	s.t.Helper()
	r, err := s.store.AddRelease(s.t.Context(), db.ReleaseOptions{Project: 1, Name: name, Program: "test"})
	if err != nil {
		s.t.Fatal(err)
	}

	return r
}

// answerOf is what an answer holds.
func answerOf(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}

	return string(b)
}

func TestAReleaseIsMadeVerifiedAndRemoved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.check(s.get("mona", news+"/releases"), visit{status: 200, has: []string{".empty h2: This project has no release yet", "#make: 1 document with gold is frozen.", "#make: Left out: 2 untouched."}})
	s.check(s.post("mona", news+"/releases", form("name", " ", "note", "kept")), visit{status: 422, has: []string{"#problem-name: A release needs a name, such as 2026-11.", "#note: kept"}})

	job := s.post("mona", news+"/releases", form("name", "2026-11 <b>", "note", "first")).Header.Get("Location")
	if !strings.HasPrefix(job, news+"/releases/jobs/") {
		t.Fatalf("it leads to %q", job)
	}
	s.atRest(job)
	s.check(s.get("mona", job), visit{status: 200, has: []string{"#job: The release is there: 1 document", "a[data-enter]: See the release"}})
	s.check(s.post("mona", news+"/releases", form("name", "2026-11 <B>")), visit{status: 422, has: []string{"#problem-name: There is a release \"2026-11 <b>\" already"}, hasNot: []string{"#make b"}})
	s.check(s.get("mona", news+"/releases/1"), visit{status: 200, has: []string{"h1: 2026-11 <b>", ".lead: first", "dd: mona", "dd: jonas 1"}})

	job = s.post("mona", news+"/releases/1/verify", nil).Header.Get("Location")
	s.atRest(job)
	s.check(s.get("mona", job), visit{status: 200, has: []string{"#job: It is as it was released: 1 document"}})

	s.check(s.post("mona", news+"/releases/1/remove", nil), visit{status: 303, to: news + "/releases"})
	s.check(s.get("mona", news+"/releases"), visit{status: 200, has: []string{".empty", "form[action='" + news + "/releases/1/restore']"}, hasNot: []string{".runs"}})
	s.check(s.get("mona", news+"/releases/1"), visit{status: 404})
	s.check(s.post("mona", news+"/releases/1/restore", nil), visit{status: 303, to: news + "/releases"})
	s.check(s.get("mona", news+"/releases"), visit{status: 200, has: []string{".runs h2: 2026-11 <b>"}})
	s.check(s.get("mona", news+"/releases/jobs/gone"), visit{status: 303, to: news + "/releases"})
}

func TestWhoMayDoWhatWithReleases(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada := dbtest.Annotator(t, s.store, "ada", corpus.Adjudicator)
	token, err := s.store.AddSession(t.Context(), ada.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	s.cookies["ada"] = map[string]string{plainCookie: token}
	s.released("one")
	s.released("two")

	for _, path := range []string{"/releases", "/releases/1", "/releases/diff?from=1&to=2"} {
		s.check(s.get("ines", news+path), visit{status: 403})
		s.check(s.get("ada", news+path), visit{status: 200, hasNot: []string{"#make", "form[method=post][action*=releases]"}})
		s.check(s.get("mona", news+path), visit{status: 200})
	}
	for _, path := range []string{"/releases", "/releases/1/verify", "/releases/1/remove", "/releases/1/restore", "/releases/jobs/x/cancel"} {
		s.check(s.post("ines", news+path, form("name", "three")), visit{status: 403})
		s.check(s.post("ada", news+path, form("name", "three")), visit{status: 403})
	}
	s.check(s.get("mona", quiet+"/releases/1"), visit{status: 404})
	s.check(s.post("mona", quiet+"/releases/1/remove", nil), visit{status: 404})
	s.check(s.get("mona", news+"/releases/diff?from=1&to=x"), visit{status: 404})
}

func TestExportsAndReportsAreOfAReleaseWhereTheyAreAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.released("one")
	was := answerOf(t, s.get("mona", news+"/export/jsonl?release=ONE"))
	if !strings.Contains(was, `"release":"one","sealed":{`) {
		t.Errorf("the export is %s", was)
	}
	if _, err := s.store.SetDocumentsRemoved(t.Context(), 1, []corpus.DocumentID{3}, true, 1); err != nil {
		t.Fatal(err)
	}
	if is := answerOf(t, s.get("mona", news+"/export/jsonl?release=one")); is != was {
		t.Errorf("the export was\n%s\nand is\n%s", was, is)
	}
	if now := answerOf(t, s.get("mona", news+"/export/jsonl")); now != "" {
		t.Errorf("current gold is %s", now)
	}
	var m struct {
		Release *corpus.ReleaseManifest
	}
	if err := json.Unmarshal([]byte(answerOf(t, s.get("mona", news+"/export/jsonl/manifest?release=one"))), &m); err != nil || m.Release == nil || m.Release.Hash != r.Hash {
		t.Errorf("%+v %v", m, err)
	}
	s.check(s.get("mona", news+"/export?release=one"), visit{status: 200, has: []string{"option[selected]: release one, 1 document", ".lead b: one", "a[href='" + news + "/export/jsonl?release=one']"}})
	s.check(s.get("mona", news+"/export?release=two"), visit{status: 422})

	job := s.checked(news, form("name", "Run"), file{"answers.jsonl", answers})
	s.post("mona", job+"/store", form("name", "Run"))
	s.atRest(job)
	until(t, "the report", func() bool {
		return s.page(s.get("mona", news+"/accuracy?release=one")).Find("#report[hx-get]").Length() == 0
	})
	s.check(s.get("mona", news+"/accuracy?release=one"), visit{status: 200, has: []string{"h1: release one", "#report: release one, 1 document, sha256 " + r.Hash[:12], "a[href*='release=one']"}})
	s.check(s.get("mona", news+"/runs/1/documents/3?release=one"), visit{status: 200})
	s.check(s.get("mona", news+"/runs/1/documents/1?release=one"), visit{status: 404})
}

func TestProgramsMakeReleases(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.tokenOf("mona", corpus.ScopeRead, corpus.ScopeManage, corpus.ScopeRuns)
	ask := func(method, path, in string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "/api/v1"+path, bytes.NewBufferString(in))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		answer := s.send("", r)
		return answer.StatusCode, answerOf(t, answer)
	}
	if status, out := ask("POST", "/projects/Newswire/releases", `{"name":"one","note":"x"}`); status != 201 || !strings.Contains(out, `"documents":1`) {
		t.Fatalf("%d %s", status, out)
	}
	for _, c := range []struct {
		method, path, in string
		status           int
		says             string
	}{
		{"POST", "/projects/Newswire/releases", `{"name":"One"}`, 422, "already"},
		{"POST", "/projects/Quiet/releases", `{"name":"one"}`, 422, "has gold yet"},
		{"GET", "/projects/Newswire/releases", "", 200, `"name":"one"`},
		{"GET", "/projects/Newswire/releases/one", "", 200, `"id":1`},
		{"GET", "/projects/Newswire/releases/1", "", 200, `"by":"mona"`},
		{"GET", "/projects/Newswire/releases/two", "", 404, ""},
		{"GET", "/projects/Newswire/report?release=two", "", 422, "no release"},
	} {
		if status, out := ask(c.method, c.path, c.in); status != c.status || !strings.Contains(out, c.says) {
			t.Errorf("%s %s: %d %s", c.method, c.path, status, out)
		}
	}
}
