//go:build unix

package clean_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// TestMain is also the program that some tests start, and it looks whether
// anything is left of the programs that were started.
func TestMain(m *testing.M) {
	if os.Getenv("CLEAN_TEST_PROGRAM") != "" {
		answerLines()
		return
	}
	code := m.Run()
	if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		fmt.Printf("a child was left behind: %d, %v\n", pid, err)
		code = 1
	}
	os.Exit(code)
}

// program is the command line of answerLines.
func program(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return "CLEAN_TEST_PROGRAM=1 exec '" + path + "'"
}

// answerLines is a program of JSON Lines that does what a document's id says.
func answerLines() {
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var d struct{ ID, URL, MediaType, Text, HTML string }
		if err := json.Unmarshal(line, &d); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(9)
		}
		switch what, _, _ := strings.Cut(d.ID, "-"); what {
		case "crash":
			fmt.Fprintln(os.Stderr, "out of paper")
			os.Exit(3)
		case "hang":
			select {}
		case "wrong":
			out.Encode(map[string]any{"id": "another", "text": d.Text})
		case "garbage":
			fmt.Println("loading the model …")
		case "latin":
			fmt.Print("{\"id\":\"latin\",\"text\":\"caf\xe9\"}\n")
		case "flood":
			for {
				fmt.Print(strings.Repeat("x", 1<<16))
			}
		case "nothing":
			out.Encode(map[string]any{"id": d.ID})
		case "pid":
			fmt.Println() // a blank line is nothing
			out.Encode(map[string]any{"id": d.ID, "text": fmt.Sprint(os.Getpid()), "ms": 41.6})
		case "says":
			fmt.Print(d.Text, "\n")
		default:
			out.Encode(map[string]any{"id": d.ID, "text": strings.ToUpper(d.MediaType + " " + d.URL + " " + d.Text + d.HTML)})
		}
	}
}

func TestACommandReadsADocumentAndPrintsItsText(t *testing.T) {
	script := filepath.Join(t.TempDir(), "it's a script.sh")
	if err := os.WriteFile(script, []byte("tr a-z A-Z"), 0o644); err != nil {
		t.Fatal(err)
	}
	page := corpus.Document{ExternalID: "a b", URL: "https://example.org/?x='$HOME'", MediaType: "text/html", Charset: "windows-1252", Source: []byte("<p>caf\xe9"), Text: "café"}
	for _, c := range []struct {
		name, line string
		document   corpus.Document
		want       string
	}{
		{"as it is, without the last line end", "cat; echo", plain("a", "😀 Ada\nmet"), "😀 Ada\nmet"},
		{"through a pipe", "cat | tr a-z A-Z | rev", plain("a", "abc"), "CBA"},
		{"through a script with an awkward name", `sh "` + script + `"`, plain("a", "abc"), "ABC"},
		{"CRLF and a byte order mark, as everywhere", `printf '\357\273\277a\r\nb\r\n'`, plain("a", ""), "a\nb"},
		{"bytes as they came", "od -An -tx1 | tr -d ' \n'", page, "3c703e636166e9"},
		{"what there is to know", `printf '%s|' "$ANNOTATE_ID" "$ANNOTATE_URL" "$ANNOTATE_MEDIA_TYPE" "$ANNOTATE_CHARSET"`, page, "a b|https://example.org/?x='$HOME'|text/html|windows-1252|"},
		{"a document without a source is UTF-8", `echo "$ANNOTATE_CHARSET $ANNOTATE_ID"`, corpus.Document{MediaType: "text/plain", Charset: "windows-1252", Text: "a", SHA256: "abc"}, "utf-8 abc"},
		{"an address that no environment can hold", `echo "x$ANNOTATE_URL"`, corpus.Document{URL: "https://example.org/\x00", Text: "a"}, "x"},
		{"without reading", "exec <&-; echo done", plain("a", strings.Repeat("word ", 1<<20)), "done"},
		{"reading a little", "head -c 4", plain("a", strings.Repeat("word ", 1<<20)), "word"},
		{"with words for people beside it", "echo working >&2; cat", plain("a", "abc"), "abc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := cleaned(t, &clean.Command{Line: c.line}, c.document)
			if p.Status != score.OK || p.Text != c.want || p.Detail != "" {
				t.Errorf("got %+v, want the text %q", p, c.want)
			}
		})
	}
}

func TestWhatACommandDoesWrongIsTheDocumentsStatus(t *testing.T) {
	d := plain("a", "abc")
	for _, c := range []struct {
		name, line string
		status     score.Status
		detail     []string
	}{
		{"prints nothing", "echo why not >&2; echo", score.Empty, []string{"why not"}},
		{"ends with a code", "echo half; echo first >&2; echo 'KeyError: x' >&2; exit 3", score.Failed, []string{"exit status 3", "first\nKeyError: x"}},
		{"is killed", "kill -SEGV $$", score.Failed, []string{"segmentation fault"}},
		{"says too much before it fails", `i=0; while [ $i -lt 3000 ]; do echo "é line $i" >&2; i=$((i+1)); done; printf '\351\n' >&2; exit 1`, score.Failed, []string{"exit status 1: é line ", "é line 2999\n\ufffd"}},
		{"prints another charset", `printf 'caf\351\n'; echo sorry >&2`, score.Failed, []string{"not UTF-8, from byte 3 on", "sorry"}},
		{"prints a character cut in two", `printf '\303'`, score.Failed, []string{"not UTF-8, from byte 0 on"}},
		{"upsets the terminal", `printf '\033[31mred\a' >&2; exit 1`, score.Failed, []string{": [31mred"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := cleaned(t, &clean.Command{Line: c.line}, d)
			if p.Status != c.status {
				t.Errorf("got %+v", p)
			}
			for _, want := range c.detail {
				if !strings.Contains(p.Detail, want) {
					t.Errorf("the detail is %q, want %q in it", p.Detail, want)
				}
			}
		})
	}
}

func TestACommandThatFloodsIsStoppedAtTheBound(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := cleaned(t, &clean.Command{Line: "head -c 1000000000 /dev/zero", MaxOutput: 4 << 20}, plain("a", "abc"))
	runtime.ReadMemStats(&after)
	if p.Status != score.Failed || !strings.Contains(p.Detail, "it printed more than 4 MB and was stopped") {
		t.Errorf("got %+v", p)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("%d MB were allocated for a bound of 4 MB", used>>20)
	}

	p = cleaned(t, &clean.Command{Line: "head -c 1000000000 /dev/zero >&2; echo ok"}, plain("a", "abc"))
	if p.Status != score.OK || p.Text != "ok" {
		t.Errorf("a flood of words for people gave %+v", p)
	}
}

// lifeline is a pipe by name. Who inherits it keeps it open as long as it lives;
// ended waits until nobody does, and gives what was written into it.
func lifeline(t *testing.T) (path string, ended func() string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "lifeline")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })

	return path, func() string {
		t.Helper()
		if err := f.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatalf("somebody is alive still: %v", err)
		}
		return string(b)
	}
}

func TestTheWholeGroupOfACommandThatHangsIsKilled(t *testing.T) {
	path, ended := lifeline(t)
	// Both hold the output and the lifeline open; the grandchild does not read.
	c := &clean.Command{Line: "exec 9>'" + path + "'; echo up >&9; echo thinking >&2; sh -c 'sleep 1000; echo never' & sleep 1000; echo never", Limit: 2 * time.Second}
	p := cleaned(t, c, plain("a", "abc"))
	if p.Status != score.TimeOut || p.Detail != "it took longer than 2s and was stopped: thinking" || p.Millis < 2000 {
		t.Errorf("got %+v", p)
	}
	if got := ended(); got != "up\n" {
		t.Errorf("the command wrote %q", got)
	}
}

func TestWhatACommandLeavesInTheBackgroundIsKilled(t *testing.T) {
	path, ended := lifeline(t)
	c := &clean.Command{Line: "exec 9>'" + path + "'; echo up >&9; sleep 1000 & echo done"}
	if p := cleaned(t, c, plain("a", "abc")); p.Status != score.OK || p.Text != "done" {
		t.Errorf("got %+v", p)
	}
	if got := ended(); got != "up\n" {
		t.Errorf("the command wrote %q", got)
	}
}

func TestACommandIsKilledWhenTheRunEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines bool
	}{{"once for a document", false}, {"JSON Lines", true}} {
		t.Run(c.name, func(t *testing.T) {
			path, ended := lifeline(t)
			up := filepath.Join(t.TempDir(), "up")
			if err := syscall.Mkfifo(up, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				defer cancel()
				_, _ = os.ReadFile(up) // until it has been opened and closed again
			}()
			command := &clean.Command{Line: "exec 9>'" + path + "'; echo up >&9; echo >'" + up + "'; sleep 1000 & cat >/dev/null; sleep 1000", JSONLines: c.lines}
			came := 0
			var last error
			for _, err := range clean.Run(ctx, command, numbered(10, new(int)), 1) {
				came, last = came+1, err
			}
			if came != 1 || !errors.Is(last, context.Canceled) {
				t.Errorf("%d came, and then %v", came, last)
			}
			if got := ended(); got != "up\n" {
				t.Errorf("the command wrote %q", got)
			}
		})
	}
}

func TestACommandThatCannotBeStartedStopsTheRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clean.py")
	if err := os.WriteFile(file, []byte("x"), fs.FileMode(0o644)); err != nil {
		t.Fatal(err)
	}
	for _, lines := range []bool{false, true} {
		for _, line := range []string{"annotate-no-such-program --fast", file, "annotate-no-such-program | annotate-no-such-program", "", " "} {
			c := &clean.Command{Line: line, JSONLines: lines}
			_, err := c.Clean(t.Context(), plain("a", "abc"))
			if bad, ok := errors.AsType[*corpus.Invalid](err); !ok || line != "" && line != " " && !strings.Contains(bad.Reason, "cannot be started") {
				t.Errorf("%q: %v", line, err)
			}
		}
	}
}

func TestACommandThatCouldBeStartedDoesNotStopTheRun(t *testing.T) {
	c := &clean.Command{Line: `test "$ANNOTATE_ID" = a && echo ok || annotate-no-such-program`}
	if p := cleaned(t, c, plain("a", "abc")); p.Text != "ok" {
		t.Fatalf("got %+v", p)
	}
	if p := cleaned(t, c, plain("b", "abc")); p.Status != score.Failed || !strings.Contains(p.Detail, "annotate-no-such-program") {
		t.Errorf("got %+v", p)
	}
}

func TestACommandTellsWhatItIs(t *testing.T) {
	script := filepath.Join(t.TempDir(), "clean.py")
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(script, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("print(1)")
	about := func(c *clean.Command) corpus.Cleaner { return c.About() }
	first := about(&clean.Command{Line: "LANG=C /usr/bin/python3 '" + script + "' | cat", Version: "2.1"})
	if first.Name != "python3" || first.Version != "2.1" || len(first.Config) != 12 {
		t.Errorf("got %+v", first)
	}
	again := about(&clean.Command{Line: "LANG=C /usr/bin/python3 '" + script + "' | cat", Version: "2.1"})
	if first.Config != again.Config {
		t.Errorf("%s and %s are the same command", first.Config, again.Config)
	}
	named := about(&clean.Command{Line: "python3 '" + script + "'", Name: "mine"})
	write("print(2)")
	edited := about(&clean.Command{Line: "python3 '" + script + "'", Name: "mine"})
	lines := about(&clean.Command{Line: "python3 '" + script + "'", Name: "mine", JSONLines: true})
	if named.Name != "mine" || named.Config == edited.Config || named.Config == first.Config || lines.Config == edited.Config {
		t.Errorf("they are told apart by %s, %s, %s, %s", first.Config, named.Config, edited.Config, lines.Config)
	}
}

func TestJSONLinesGoThroughOneProgram(t *testing.T) {
	c := &clean.Command{Line: program(t), JSONLines: true}
	defer c.Close()
	big := strings.Repeat("word ", 1<<20) // more than fits into any pipe
	first := cleaned(t, c, plain("pid-1", ""))
	if first.Status != score.OK || first.Millis != 42 {
		t.Errorf("got %+v", first)
	}
	if p := cleaned(t, c, plain("a", big)); p.Status != score.OK || p.Text != "TEXT/PLAIN  "+strings.ToUpper(big) {
		t.Errorf("a large one gave %s and %d bytes (%s)", p.Status, len(p.Text), p.Detail)
	}
	page := corpus.Document{MediaType: "text/html", SHA256: "hash", URL: "u", Charset: "windows-1252", Source: []byte("caf\xe9 <b>"), Text: "café"}
	if p := cleaned(t, c, page); p.Text != "TEXT/HTML U CAFÉ <B>" {
		t.Errorf("a page gave %+v", p)
	}
	if again := cleaned(t, c, plain("pid-2", "")); again.Text != first.Text {
		t.Errorf("it was process %s and then %s", first.Text, again.Text)
	}
}

func TestJSONLinesGoOnAfterAnythingWrong(t *testing.T) {
	c := &clean.Command{Line: program(t), JSONLines: true, Limit: 3 * time.Second, MaxOutput: 1 << 20}
	defer c.Close()
	for _, w := range []struct {
		id, text string
		status   score.Status
		detail   string
		restart  bool
	}{
		{"crash", "", score.Failed, "it ended without an answer, exit status 3: out of paper", true},
		{"hang", "", score.TimeOut, "it took longer than 3s and was stopped", true},
		{"wrong", "abc", score.Failed, `it was asked about "wrong" and answered about "another"`, true},
		{"garbage", "abc", score.Failed, `its answer is no JSON object: "loading the model …"`, true},
		{"latin", "abc", score.Failed, "not UTF-8", true},
		{"flood", "abc", score.Failed, "it printed more than 1 MB and was stopped", true},
		{"nothing", "abc", score.Failed, "neither text nor blocks nor spans", true},
		{"says", `{"id":"says","status":"fine"}`, score.Failed, `the status "fine"`, true},
		{"says", `{"text":"abc"}`, score.Failed, "no id", true},
		{"says", `{"id":"says","text":7}`, score.Failed, "the field text has a value of the wrong kind", true},
		{"says", `{"id":"says","blocks":[{"start":0,"end":900,"class":"body"}]}`, score.Failed, "a block at [0,900)", true},
		{"says", `{"id":"says","blocks":[{"start":0,"end":1,"class":"menu"}]}`, score.Failed, `the class "menu"`, true},
		{"says", `{"id":"says","spans":[{"start":2,"end":2,"label":"PER"}]}`, score.Failed, "a span at [2,2)", true},
		{"says", `{"id":"says","text":" "}`, score.Empty, "", false},
		{"says", `{"id":"says","status":"skipped"}`, score.Empty, "it skipped this document", false},
		{"says", `{"id":"says","status":"error","error":"no title","ms":7}`, score.Failed, "no title", false},
		{"says", `{"id":"says","error":"no title"}`, score.Failed, "no title", false},
		{"says", `{"id":"says","status":"timeout"}`, score.TimeOut, "", false},
	} {
		before := cleaned(t, c, plain("pid", "")).Text
		p := cleaned(t, c, plain(w.id, w.text))
		if p.Status != w.status || !strings.Contains(p.Detail, w.detail) || w.detail == "" && p.Detail != "" {
			t.Errorf("%s %s: got %+v", w.id, w.text, p)
		}
		if after := cleaned(t, c, plain("pid", "")).Text; (before != after) != w.restart || after == "" {
			t.Errorf("%s %s: it was process %s before and is %s", w.id, w.text, before, after)
		}
	}
}

func TestALateStartIsSaid(t *testing.T) {
	c := &clean.Command{Line: "echo loading >&2; sleep 1000", JSONLines: true, Limit: time.Second}
	if p := cleaned(t, c, plain("a", "abc")); p.Status != score.TimeOut || p.Detail != "it took longer than 1s and was stopped, with the time to start: loading" {
		t.Errorf("got %+v", p)
	}
}

func TestAnAnswerMayBeBlocksAndSpans(t *testing.T) {
	c := &clean.Command{Line: program(t), JSONLines: true}
	defer c.Close()
	// The answer is the document itself, whose code points 2 to 6 are "says"
	// less a quote: any range of it will do.
	d := plain("says", `{"id":"says","blocks":[{"start":10,"end":13,"class":"boilerplate"},{"start":0,"end":5,"class":"body"}],"spans":[{"start":2,"end":4,"label":"PER"}],"note":1}`)
	p := cleaned(t, c, d)
	if p.Status != score.OK || p.Text != `{"id"` || len(p.Blocks) != 2 || p.Blocks[0].Class != corpus.Body || !p.Labels || len(p.Spans) != 1 || p.Spans[0].Label != "PER" {
		t.Errorf("got %+v", p)
	}
	if p := cleaned(t, c, plain("says", `{"id":"says","blocks":[],"text":"other words"}`)); p.Status != score.OK || p.Text != "other words" || p.Blocks == nil {
		t.Errorf("got %+v", p)
	}
}

func TestARunOverJSONLinesKeepsTheOrderAndEndsItsPrograms(t *testing.T) {
	path, ended := lifeline(t)
	ids := []string{"a", "crash", "b", "garbage", "c", "d", "wrong", "e", "f", "g"}
	docs := func(yield func(corpus.Document, error) bool) {
		for _, id := range ids {
			if !yield(plain(id, id), nil) {
				return
			}
		}
	}
	var got, want []string
	for _, id := range ids {
		line := id + " TEXT/PLAIN  " + strings.ToUpper(id)
		if len(id) > 1 {
			line = id + " "
		}
		want = append(want, line)
	}
	for one, err := range clean.Run(t.Context(), &clean.Command{Line: "exec 9>'" + path + "'; " + program(t), JSONLines: true}, docs, 3) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one.Document.ExternalID+" "+one.Prediction.Text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	ended()
}

func TestAProgramThatDoesNotEndIsEnded(t *testing.T) {
	path, ended := lifeline(t)
	c := &clean.Command{Line: "exec 9>'" + path + `'; read line; echo '{"id":"a","text":"x"}'; trap '' TERM HUP; while :; do sleep 1000; done`, JSONLines: true}
	if p := cleaned(t, c, plain("a", "abc")); p.Text != "x" {
		t.Errorf("got %+v", p)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	ended()
}
