package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
)

// call runs a command inside the test's process.
func call(t testing.TB, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)

	return status, out.String(), errs.String()
}

// must is call where it has to go well.
func must(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	status, out, errs := call(t, stdin, args...)
	if status != done {
		t.Fatalf("annotate %s: exit %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// file writes a file of the test.
func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const goldLine = `{"id":"a","text":"😀 Ada met Bob.\n- links -","blocks":[{"start":0,"end":14,"class":"body"},{"start":15,"end":24,"class":"boilerplate","reason":"related"}],"spans":[{"start":2,"end":5,"label":"PER","quote":"Ada"}],"layer":"gold","annotators":["mara"]}` + "\n"

func TestWrongUseIsTwo(t *testing.T) {
	for _, args := range [][]string{
		{"dance"},
		{"--shout"},
		{"import", "a.txt"},
		{"import", "--project", "News"},
		{"import", "--project", "News", "--format", "docx", "a.docx"},
		{"export", "--project", "News", "--format", "parchment"},
		{"release", "add", "2026-11"},
		{"release", "verify"},
		{"user", "add", "mara"},
		{"user", "add", "mara", "--role", "emperor"},
		{"user", "token", "mara", "--scope", "everything"},
		{"serve", "--oidc-role", "administrator"},
		{"project", "add"},
		{"backup"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			status, out, errs := call(t, "", append([]string{"--db", filepath.Join(t.TempDir(), "a.db")}, args...)...)
			if status != misuse || out != "" || !strings.HasPrefix(errs, "annotate: ") || !strings.Contains(errs, "--help") {
				t.Errorf("exit %d\n%s\n%s", status, out, errs)
			}
		})
	}
}

func TestHelpAndVersionAreDone(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"import", "--help"}, {"--version"}} {
		status, out, errs := call(t, "", args...)
		if status != done || out == "" || errs != "" {
			t.Errorf("annotate %v: exit %d, %q, %q", args, status, out, errs)
		}
	}
	if out := must(t, "", "--help"); !strings.Contains(out, "serve") || !strings.Contains(out, "export") {
		t.Errorf("the help is\n%s", out)
	}
}

func TestFailuresAreOneClearSentence(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.db")
	must(t, "", "--db", there, "project", "add", "News")
	none := filepath.Join(dir, "none.db")
	noise := file(t, "noise.db", strings.Repeat("this is no data file\n", 300))

	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a project that is not there, with the way to make it", []string{"--db", there, "import", "--project", "The News", "a.txt"}, "annotate: there is no project \"The News\"; make it with: annotate --db " + shellWord(there) + " project add 'The News'\n"},
		{"the same for an export", []string{"--db", there, "export", "--project", "Nws"}, "annotate: there is no project \"Nws\"; make it with: annotate --db " + shellWord(there) + " project add Nws\n"},
		{"a data file that is not there", []string{"--db", none, "export", "--project", "News"}, "there is no data file"},
		{"a data file that is none", []string{"--db", noise, "check"}, "is not a data file of annotate"},
		{"a folder for a data file", []string{"--db", dir, "project", "add", "News"}, "is a folder"},
		{"a folder that is not there", []string{"--db", filepath.Join(dir, "no", "a.db"), "project", "add", "News"}, "no data file can be made in the folder"},
		{"a project twice", []string{"--db", there, "project", "add", "news"}, "there is a project named \"news\" already"},
		{"a person who is not there", []string{"--db", there, "user", "token", "mara"}, "nobody is called \"mara\""},
		{"a short password", []string{"--db", there, "user", "add", "mara", "--role", "annotator", "--password-stdin"}, "at least 8 characters"},
		{"a backup over a file", []string{"--db", there, "backup", noise}, "is there already"},
		{"an export into a folder", []string{"--db", there, "export", "--project", "News", "-o", dir}, "is a folder"},
		{"an export beside nothing", []string{"--db", there, "export", "--project", "News", "-o", filepath.Join(dir, "no", "a.jsonl")}, "cannot be written"},
		{"an address that is none", []string{"--db", there, "serve", "--addr", "nowhere"}, "is no address to listen on"},
		{"a token for eleven years", []string{"--db", there, "user", "token", "mara", "--days", "4000"}, "a token works for 1 to 3650 days"},
		{"a provider to which nobody comes back", []string{"--db", there, "serve", "--addr", "127.0.0.1:0", "--oidc-issuer", "https://login.example.org", "--oidc-client-id", "annotate"}, "say it with --base-url"},
		{"a provider over http", []string{"--db", there, "serve", "--addr", "127.0.0.1:0", "--base-url", "https://annotate.example.org", "--oidc-issuer", "http://login.example.org", "--oidc-client-id", "annotate"}, "must be reached by https"},
		{"a base address that is none", []string{"--db", there, "serve", "--addr", "127.0.0.1:0", "--base-url", "example"}, "is not like https://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := call(t, "short\n", c.args...)
			if status != failed || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "annotate: ") {
				t.Errorf("exit %d, stdout %q, stderr\n%s", status, out, errs)
			}
		})
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("a command that reads made a data file")
	}
}

func TestAnExportBesideASymbolicDeviceIsWrittenToIt(t *testing.T) {
	at := filepath.Join(t.TempDir(), "a.db")
	must(t, "", "--db", at, "project", "add", "News")
	must(t, "", "--db", at, "export", "--project", "News", "-o", os.DevNull)
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatalf("the device is a file now: %v %v", info, err)
	}
}

func TestFromFilesToADataset(t *testing.T) {
	at := filepath.Join(t.TempDir(), "a.db")
	t.Setenv("ANNOTATE_DB", at)
	must(t, "", "project", "add", "News")
	page := file(t, "page.txt", "ALDPORT: a page\r\nשלום\n")
	gold := file(t, "gold.jsonl", goldLine)

	out := must(t, "", "import", "--project", "News", "--dry-run", page, gold)
	if !strings.Contains(out, "2 would be new") || !strings.Contains(out, "dry run") || !strings.Contains(out, "  1  ALDPORT: a page\n") {
		t.Errorf("the dry run says\n%s", out)
	}
	if out := must(t, "", "import", "--project", "News", page, gold); out != "2 new, 0 unchanged, 0 changed, 0 failed; 1 with gold\n" {
		t.Errorf("the import says %q", out)
	}
	if out := must(t, "", "import", "--project", "news", page, gold); !strings.HasPrefix(out, "0 new, 2 unchanged, 0 changed, 0 failed") {
		t.Errorf("the same again says %q", out)
	}
	if out := must(t, strings.ReplaceAll(goldLine, `"id":"a"`, `"id":"b"`), "import", "--project", "News", "-"); !strings.HasPrefix(out, "1 new") {
		t.Errorf("from stdin it says %q", out)
	}

	// Both ways to export give the same bytes, which import again to the same.
	printed := must(t, "", "export", "--project", "News")
	dataset := filepath.Join(t.TempDir(), "gold.jsonl")
	for range 2 { // a file that is there is replaced
		if out := must(t, "", "export", "--project", "News", "-o", dataset); out != "" {
			t.Errorf("an export to a file prints %q", out)
		}
	}
	written, err := os.ReadFile(dataset)
	if err != nil || string(written) != printed || strings.Count(printed, "\n") != 2 {
		t.Errorf("%v\n%s\n%s", err, written, printed)
	}
	b, err := os.ReadFile(dataset + ".manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var m export.Manifest
	if err := json.Unmarshal(b, &m); err != nil || m.Project != "News" || m.Documents != 2 || m.Spans["PER"] != 2 || m.Bytes != int64(len(written)) || m.Newest == 0 {
		t.Errorf("%v %s", err, b)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(dataset), "*")); err != nil || len(left) != 2 {
		t.Errorf("beside the dataset there are %v %v", left, err)
	}
	if out := must(t, "", "import", "--project", "News", dataset); !strings.HasPrefix(out, "0 new, 2 unchanged, 0 changed, 0 failed") {
		t.Errorf("the dataset imported again says %q", out)
	}

	copied := filepath.Join(t.TempDir(), "copy.db")
	must(t, "", "backup", copied)
	if got := must(t, "", "--db", copied, "export", "--project", "News"); got != printed {
		t.Errorf("the backup exports\n%s", got)
	}
	for _, one := range []string{at, copied} {
		if out := must(t, "", "--db", one, "check"); out != one+" is clean\n" {
			t.Errorf("check says %q", out)
		}
	}

	if out := must(t, "", "project", "list"); !regexp.MustCompile(`News\s+3\s+2`).MatchString(out) {
		t.Errorf("the list is\n%s", out)
	}
	var v projectView
	if err := json.Unmarshal([]byte(must(t, "", "project", "show", "News", "--json")), &v); err != nil || v.Documents != 3 || v.States[corpus.Golden] != 2 || len(v.Labels) != 5 {
		t.Errorf("%v %+v", err, v)
	}
	if out := must(t, "", "project", "show", "News"); !strings.Contains(out, "PER  Person") {
		t.Errorf("shown as\n%s", out)
	}
}

// An export of what came in as CRLF, with byte order marks, or with line ends
// written twice comes in again as the same documents.
func TestAnExportComesInAgainUnchanged(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "project", "add", "News")
	line := func(id, text string, end int) string {
		b, err := json.Marshal(map[string]any{"id": id, "text": text, "blocks": []any{map[string]any{"start": 0, "end": end, "class": "body"}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	first := must(t, line("crlf", "a\r\nb 😀", 6)+line("twice", "a\r\r\nb", 5)+line("marks", "\ufeff\ufeffab", 4)+line("odd", "a\x00\u2028\u0085\rb\u00a0e\u0301", 9), "import", "--project", "News", "--format", "jsonl", "-")
	if !strings.HasPrefix(first, "4 new") {
		t.Fatal(first)
	}
	dataset := must(t, "", "export", "--project", "News")
	if again := must(t, dataset, "import", "--project", "News", "--format", "jsonl", "-"); !strings.HasPrefix(again, "0 new, 4 unchanged, 0 changed") {
		t.Errorf("again: %s", again)
	}
	must(t, "", "project", "add", "Copy")
	must(t, dataset, "import", "--project", "Copy", "--format", "jsonl", "-")
	if copied := must(t, "", "export", "--project", "Copy"); copied != dataset {
		t.Errorf("a copy exports\n%s\nwant\n%s", copied, dataset)
	}
}

func TestABadRecordStopsAnImportOrIsLeftOut(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "project", "add", "News")
	bad := file(t, "bad.jsonl", goldLine+"{\"text\":\n"+strings.ReplaceAll(goldLine, `"id":"a"`, `"id":"b"`))

	status, out, errs := call(t, "", "import", "--project", "News", bad)
	if status != failed || !strings.Contains(out, "bad.jsonl:2: ") || !strings.Contains(errs, "nothing was stored, because 1 document is bad") {
		t.Errorf("exit %d\n%s\n%s", status, out, errs)
	}
	status, out, _ = call(t, "", "import", "--project", "News", "--dry-run", bad)
	if status != failed || !strings.Contains(out, "1 failed") {
		t.Errorf("dry run: exit %d\n%s", status, out)
	}
	var report corpus.ImportReport
	if err := json.Unmarshal([]byte(must(t, "", "import", "--project", "News", "--skip-bad", "--json", bad)), &report); err != nil || report.New != 2 || report.Failed != 1 || !report.Stored || report.Problems[0].Line != 2 {
		t.Errorf("%v %+v", err, report)
	}
}

func TestPeople(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "quiet villages\n", "user", "add", "mara", "--role", "administrator", "--password-stdin")
	made := must(t, "", "user", "add", "Zoë 😀", "--role", "annotator")
	if len(strings.TrimSpace(made)) < 20 {
		t.Errorf("the password made is %q", made)
	}
	if status, _, errs := call(t, "", "user", "add", "mara", "--role", "annotator"); status != failed || !strings.Contains(errs, "is taken") {
		t.Errorf("exit %d %s", status, errs)
	}
	must(t, "", "user", "disable", "Zoë 😀")
	if out := must(t, "", "user", "list"); !regexp.MustCompile(`(?m)^mara +administrator +\d{4}-\d\d-\d\d`).MatchString(out) || !strings.Contains(out, "disabled") {
		t.Errorf("the list is\n%s", out)
	}
	if status, _, errs := call(t, "", "user", "token", "Zoë 😀"); status != failed || !strings.Contains(errs, "annotate user enable 'Zoë 😀'") {
		t.Errorf("exit %d %s", status, errs)
	}
	must(t, "", "user", "enable", "Zoë 😀")
	token := strings.TrimSpace(must(t, "", "user", "token", "mara"))
	must(t, "another password\n", "user", "reset", "mara", "--password-stdin")
	must(t, "", "import", "--project", aProject(t), "--as", "mara", file(t, "a.txt", "a page"))

	s, err := db.Open(t.Context(), os.Getenv("ANNOTATE_DB"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if who, _, err := s.Token(t.Context(), token); err != nil || who.Name != "mara" {
		t.Errorf("the token is %v's: %v", who, err)
	}
}

// aProject adds a project and gives its name.
func aProject(t *testing.T) string {
	t.Helper()
	must(t, "", "project", "add", "News")
	return "News"
}

// serving is the server inside the test's process.
type serving struct {
	stop   context.CancelFunc
	status chan int
	lines  chan string
	errs   *bytes.Buffer
}

func startServing(t testing.TB, args ...string) *serving {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	s := &serving{stop: stop, status: make(chan int, 1), lines: make(chan string, 20), errs: &bytes.Buffer{}}
	go func() {
		s.status <- run(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...), strings.NewReader(""), w, s.errs)
		w.Close()
	}()
	go func() {
		defer close(s.lines)
		b := make([]byte, 0, 4096)
		for buf := make([]byte, 512); ; {
			n, err := r.Read(buf)
			b = append(b, buf[:n]...)
			for {
				line, rest, ok := bytes.Cut(b, []byte("\n"))
				if !ok {
					break
				}
				s.lines <- string(line)
				b = rest
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(stop)

	return s
}

// line is the next line that matches.
func (s *serving) line(t testing.TB, pattern string) string {
	t.Helper()
	for {
		select {
		case l, ok := <-s.lines:
			if !ok {
				t.Fatalf("the server ended before it said %s: %s", pattern, s.errs)
			}
			if m := regexp.MustCompile(pattern).FindStringSubmatch(l); m != nil {
				return m[1]
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("the server did not say %s", pattern)
		}
	}
}

func (s *serving) end(t testing.TB) {
	t.Helper()
	s.stop()
	select {
	case status := <-s.status:
		if status != done {
			t.Errorf("stopped with exit %d: %s", status, s.errs)
		}
	case <-time.After(5 * time.Second):
		t.Error("it took longer than 5 s to stop")
	}
}

func TestServingFromReadyToStopped(t *testing.T) {
	at := filepath.Join(t.TempDir(), "a.db")
	s := startServing(t, "--db", at, "--demo")
	url := s.line(t, `^annotate is ready at (http://127\.0\.0\.1:\d+)$`)
	link := s.line(t, `(http://\S+/welcome/\S+)`)
	if !strings.HasPrefix(link, url+"/welcome/") {
		t.Errorf("the link is %s at %s", link, url)
	}
	for _, page := range []string{url + "/healthz", link} {
		r, err := http.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", page, r.Status)
		}
	}

	// A second server on the same file or address says so and leaves.
	if status, _, errs := call(t, "", "serve", "--db", at, "--addr", "127.0.0.1:0"); status != failed || !strings.Contains(errs, "another annotate is serving") || strings.Count(errs, "\n") != 1 {
		t.Errorf("a second server: exit %d %s", status, errs)
	}
	if status, _, errs := call(t, "", "serve", "--db", filepath.Join(t.TempDir(), "b.db"), "--addr", strings.TrimPrefix(url, "http://")); status != failed || !strings.Contains(errs, "another program listens on") || strings.Count(errs, "\n") != 1 {
		t.Errorf("a taken port: exit %d %s", status, errs)
	}
	s.end(t)

	// With somebody there is no link, and the sample is not added again.
	must(t, "quiet villages\n", "--db", at, "user", "add", "mara", "--role", "administrator", "--password-stdin")
	before := must(t, "", "--db", at, "project", "list")
	again := startServing(t, "--db", at, "--demo", "--user", "jonas", "--base-url", "https://annotate.example.org")
	again.line(t, `^(jonas) may sign in with the password \w+$`)
	again.line(t, `^annotate is ready at (\S+)$`)
	again.end(t)
	for l := range again.lines {
		t.Errorf("it also said %q", l)
	}
	if after := must(t, "", "--db", at, "project", "list"); after != before || !regexp.MustCompile(`Sample pages\s+2\d`).MatchString(after) {
		t.Errorf("before\n%safter\n%s", before, after)
	}
}

func TestARequestThatHangsDoesNotKeepTheServer(t *testing.T) {
	s := startServing(t, "--db", filepath.Join(t.TempDir(), "a.db"))
	url := s.line(t, `^annotate is ready at (\S+)$`)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=")
	if r, err := http.Get(url + "/healthz"); err != nil {
		t.Fatal(err)
	} else {
		r.Body.Close()
	}
	s.end(t)
}

func TestShellWords(t *testing.T) {
	for given, want := range map[string]string{"News": "News", "The News": "'The News'", "it's": `'it'\''s'`, "": "''", "שלום": "שלום", "$HOME": "'$HOME'"} {
		if got := shellWord(given); got != want {
			t.Errorf("%q became %s, want %s", given, got, want)
		}
	}
}
