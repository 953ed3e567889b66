package handlers

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"annotate/internal/corpus"
)

// clientOfTheDocs is the client of docs/api.md in a folder of its own, and what
// runs one of its commands.
func clientOfTheDocs(t *testing.T, c caller, through func(http.Handler) http.Handler) (dir string, run func(words ...string) (string, error)) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on this machine")
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```python\n")
	script, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/api.md has no client")
	}
	dir = t.TempDir()
	write(t, dir, "annotate_client.py", script)
	web := httptest.NewServer(through(c.server))
	t.Cleanup(web.Close)

	return dir, func(words ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), python, append([]string{"annotate_client.py"}, words...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "ANNOTATE_URL="+web.URL, "ANNOTATE_TOKEN="+c.token, "no_proxy=127.0.0.1")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}

	return string(b)
}

func straight(h http.Handler) http.Handler { return h }

func TestAPIClientOfTheDocsPushes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir, run := clientOfTheDocs(t, s.caller("mona"), straight)
	write(t, dir, "cleaned.jsonl", `{"id":"bridge","text":"Repairs will close both lanes"}`+"\n"+`{"id":"tolls","text":"😀 Tolls rise"}`+"\n"+`{"id":"elsewhere","text":"x"}`+"\n")

	out, err := run("push", "Newswire", "mine", "1.0", "cleaned.jsonl")
	if err != nil || out != "mine 1.0: 2 of 3 documents; 1 for no document\n" {
		t.Errorf("%v: %s", err, out)
	}
	if all := s.runsOf(1); len(all) != 1 || all[0].State != corpus.RunDone || all[0].Predicted != 2 {
		t.Errorf("runs %+v", all)
	}
	if out, err = run("push", "Newswire", "mine", "1.0", "cleaned.jsonl"); err == nil || !strings.Contains(out, "already") {
		t.Errorf("a run that is done: %v: %s", err, out)
	}
}

func TestAPIClientOfTheDocsImportsAndPulls(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	dir, run := clientOfTheDocs(t, s.caller("mona"), straight)
	const page = `{"id":"%","text":"A quiet harbour","layer":"gold","annotators":["mara"],"blocks":[{"start":0,"end":15,"class":"body"}],"spans":[]}` + "\n"
	gold := func(ids ...string) (lines string) {
		for _, id := range ids {
			lines += strings.Replace(page, "%", id, 1)
		}
		return lines
	}
	do := func(want string, words ...string) {
		t.Helper()
		if out, err := run(words...); err != nil || out != want {
			t.Errorf("%v: %v: %s", words, err, out)
		}
	}
	pulled := func(want string) {
		t.Helper()
		var ids []string
		for line := range strings.Lines(read(t, dir, "gold.jsonl")) {
			var r struct{ ID, Text string }
			if err := json.Unmarshal([]byte(line), &r); err != nil || r.Text == "" {
				t.Errorf("%v: %s", err, line)
			}
			ids = append(ids, r.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("the copy has %s, want %s", got, want)
		}
	}

	do("1 new\n", "pull", "Newswire", "gold.jsonl")
	pulled("villages")
	write(t, dir, "pages.jsonl", gold("a", "b"))
	do("done: 2 new, 0 unchanged, 0 changed, 0 failed\n", "import", "Newswire", "pages.jsonl")
	do("done: 0 new, 2 unchanged, 0 changed, 0 failed\n", "import", "Newswire", "pages.jsonl")
	do("2 new\n", "pull", "Newswire", "gold.jsonl")
	pulled("villages a b")
	write(t, dir, "pages.jsonl", strings.Replace(gold("a"), `"body"`, `"boilerplate"`, 1))
	do("done: 0 new, 0 unchanged, 1 changed, 0 failed\n", "import", "Newswire", "pages.jsonl")
	do("1 new\n", "pull", "Newswire", "gold.jsonl")
	do("0 new\n", "pull", "Newswire", "gold.jsonl")
	pulled("villages a b")
	if copied := read(t, dir, "gold.jsonl"); !strings.Contains(copied, "boilerplate") {
		t.Errorf("the newer gold of a did not come: %s", copied)
	}

	write(t, dir, "pages.jsonl", gold("c")+"{}\n")
	if out, err := run("import", "Newswire", "pages.jsonl"); err == nil || !strings.Contains(out, "line 2:") {
		t.Errorf("a bad record: %v: %s", err, out)
	}
	do("done: 1 new, 0 unchanged, 0 changed, 1 failed\n", "import", "Newswire", "pages.jsonl", "skip-bad=1")
}

// breaking breaks an answer off after so many bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

// once breaks off the first answer of an address after so many bytes, and keeps
// which ranges were asked for there.
func once(suffix string, bytes int, ranges *[]string) func(http.Handler) http.Handler {
	var broken atomic.Bool

	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, suffix) {
				*ranges = append(*ranges, r.Header.Get("Range"))
				if broken.CompareAndSwap(false, true) {
					w = &breaking{w, bytes}
				}
			}
			h.ServeHTTP(w, r)
		})
	}
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		_, _ = b.ResponseWriter.Write(p[:b.left])
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)

	return b.ResponseWriter.Write(p)
}

func TestAPIClientOfTheDocsResumesADownload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	var ranges []string
	dir, run := clientOfTheDocs(t, c, once("/export/huggingface", 1000, &ranges))

	words := []string{"download", "Newswire", "huggingface", "set.zip", "split=train=50,test=50", "by=document"}
	if out, err := run(words...); err == nil {
		t.Fatalf("a broken download: %s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "set.zip")); err == nil {
		t.Error("half of a dataset looks like a whole one")
	}
	out, err := run(words...)
	if err != nil || !strings.HasPrefix(out, "set.zip: sha256 ") {
		t.Fatalf("%v: %s", err, out)
	}
	if len(ranges) != 2 || ranges[0] != "" || ranges[1] != "bytes=1000-" {
		t.Errorf("it asked for %q", ranges)
	}
	whole, _ := c.file("/projects/1/export/huggingface?split=train%3D50,test%3D50&by=document", "", "")
	if got := read(t, dir, "set.zip"); got != whole || len(got) < 2000 {
		t.Errorf("%s bytes came, want %d", strconv.Itoa(len(got)), len(whole))
	}
}

// Gold that breaks off, be it between two records, is no gold: the copy stays as
// it was, and the next pull gets all.
func TestAPIClientOfTheDocsPullsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.caller("mona")
	c.want(200, "POST", "/projects/1/imports?wait=25", `{"id":"x","text":"Ten","layer":"gold","annotators":["jonas"],"blocks":[{"start":0,"end":3,"class":"body"}],"spans":[]}`+"\n")
	whole, _ := c.file("/projects/1/gold", "", "")
	var asked []string
	dir, run := clientOfTheDocs(t, c, once("/gold", strings.Index(whole, "\n")+1, &asked))

	if out, err := run("pull", "Newswire", "gold.jsonl"); err == nil {
		t.Errorf("half of the gold: %s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "gold.jsonl")); err == nil {
		t.Error("half of the gold is kept")
	}
	if out, err := run("pull", "Newswire", "gold.jsonl"); err != nil || out != "2 new\n" || read(t, dir, "gold.jsonl") != whole {
		t.Errorf("%v: %s", err, out)
	}
}
