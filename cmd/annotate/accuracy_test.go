package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// accuracyFile is a data file whose project News has two documents with gold,
// and one without.
func accuracyFile(t testing.TB) string {
	t.Helper()
	db := filepath.Join(t.TempDir(), "annotate.db")
	t.Setenv("ANNOTATE_DB", db)
	must(t, "", "project", "add", "News")
	must(t, goldLine+strings.ReplaceAll(strings.ReplaceAll(goldLine, `"id":"a"`, `"id":"b","url":"https://www.example.org/b","meta":{"kind":"blog"}`), "Bob", "Bo\u0301b")+`{"id":"c","text":"not yet\r\nשלום"}`+"\n",
		"import", "--project", "News", "-")

	return db
}

func script(t testing.TB, lines string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the test's cleaners are scripts of a Unix shell")
	}
	path := filepath.Join(t.TempDir(), "clean.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestACleanerFromCommandToReport(t *testing.T) {
	accuracyFile(t)
	first := script(t, "head -n 1\n")
	if out := must(t, "", "predict", "--project", "News", "--exec", first, "--name", "first line", "--cleaner-version", "2.4"); out != "first line: 2 ok, 0 empty, 0 error, 0 timeout\n" {
		t.Errorf("it says %q", out)
	}
	must(t, "", "predict", "--project", "News", "--cleaner", "everything", "--name", "all", "--all")
	if out := must(t, "", "predict", "--project", "News", "--exec", script(t, "[ $ANNOTATE_ID = b ] && exit 3; cat\n"), "--name", "crashing"); out != "crashing: 1 ok, 0 empty, 1 error, 0 timeout\n" {
		t.Errorf("a cleaner that crashes on one document: %q", out)
	}

	out := must(t, "", "evaluate", "--project", "News", "--run", "first line", "--against", "all", "--fail-under", "word-f1=0.4")
	for _, want := range []string{"News: 2 runs of 2 documents with gold", "first line", "keep everything", "baseline", "Related headlines leaked", "Gate held: against of first line is", "first line against all, by document", "kind"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	said := filepath.Join(t.TempDir(), "said.jsonl")
	if err := os.WriteFile(said, []byte(`{"id":"a","text":"x"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, what := range [][]string{{"--run", "all"}, {"--predictions", said}} {
		out := must(t, "", append([]string{"evaluate", "--project", "News", "--slice", "chosen"}, what...)...)
		if !strings.Contains(out, "Documents chosen: 2 imported with labels. They are not a fair sample of the project. None was drawn by lot.") || !strings.Contains(out, "by chosen:") {
			t.Errorf("%v does not say how its documents were chosen:\n%s", what, out)
		}
	}
	status, _, errs := call(t, "", "evaluate", "--project", "News", "--run", "all", "--against", "first line")
	if status != short || !strings.Contains(errs, "the gate fell short: against of all is") || !strings.Contains(errs, ", was 1.0000") {
		t.Errorf("exit %d, %s", status, errs)
	}
	html := must(t, "", "evaluate", "--project", "News", "--format", "html")
	if again := must(t, "", "evaluate", "--project", "News", "--format", "html"); html != again || !strings.Contains(html, "<!DOCTYPE html>") && !strings.Contains(html, "<!doctype html>") || strings.Contains(html, "<script") || !strings.Contains(html, "<svg") {
		t.Errorf("the page is not one file without scripts, the same each time: %d and %d bytes", len(html), len(again))
	}

	var runs []struct {
		Name, State          string
		Documents, Predicted int
		Cleaner              struct{ Name, Version, Config string }
	}
	if err := json.Unmarshal([]byte(must(t, "", "runs", "list", "--project", "News", "--json")), &runs); err != nil || len(runs) != 3 || runs[2].Cleaner.Version != "2.4" || runs[2].Cleaner.Config == "" || runs[1].Predicted != 3 || runs[0].State != "done" {
		t.Errorf("%v, %+v", err, runs)
	}
	if out := must(t, "", "runs", "show", "--project", "News", "crashing"); !strings.Contains(out, "error          1") && !strings.Contains(out, "error      1") {
		t.Errorf("it shows\n%s", out)
	}
	must(t, "", "runs", "remove", "--project", "News", "crashing")
	if out := must(t, "", "runs", "list", "--project", "News"); strings.Contains(out, "crashing") {
		t.Errorf("a removed run is listed:\n%s", out)
	}
}

func TestARunGoesOutAndComesBack(t *testing.T) {
	accuracyFile(t)
	must(t, "", "predict", "--project", "News", "--cleaner", "lines", "--name", "lines", "--all")
	path := filepath.Join(t.TempDir(), "run.jsonl")
	must(t, "", "runs", "export", "--project", "News", "lines", "-o", path)
	out := must(t, "", "runs", "import", "--project", "News", "--name", "again", path)
	if !strings.HasPrefix(out, "3 predictions, 3 matched, 3 by id\n") {
		t.Errorf("it says %q", out)
	}
	again := must(t, "", "runs", "export", "--project", "News", "again")
	if b, err := os.ReadFile(path); err != nil || string(b) != again {
		t.Errorf("%v; what went out and what came back differ:\n%s\n%s", err, b, again)
	}

	// The same answers, from a file that nobody brought in.
	one, other := must(t, "", "evaluate", "--project", "News", "--run", "lines", "--format", "csv"), must(t, "", "evaluate", "--project", "News", "--predictions", path, "--format", "csv")
	if strings.ReplaceAll(other, "run.jsonl", "lines") != one {
		t.Errorf("a run and its file differ:\n%s\n%s", one, other)
	}
	gold := filepath.Join(t.TempDir(), "gold.jsonl")
	must(t, "", "export", "--project", "News", "-o", gold)
	if score := must(t, "", "score", gold, path, "--format", "csv"); strings.ReplaceAll(score, path, "lines") != one {
		t.Errorf("with and without a data file:\n%s\n%s", one, score)
	}
}

func TestPredictionsThatCannotComeIn(t *testing.T) {
	accuracyFile(t)
	must(t, "", "predict", "--project", "News", "--cleaner", "nothing", "--name", "there")
	good := `{"id":"a","text":"Ada"}` + "\n"
	for _, c := range []struct {
		name   string
		args   []string
		stdin  string
		status int
		want   string
	}{
		{"a project nobody knows", []string{"runs", "import", "--project", "No", "--name", "x", "-"}, good, failed, `no project "No"`},
		{"a name that is taken", []string{"runs", "import", "--project", "News", "--name", "THERE", "-"}, good, failed, "there is a run named"},
		{"ids of other documents", []string{"runs", "import", "--project", "News", "--name", "x", "-"}, `{"id":"q","text":""}`, failed, "nothing was stored"},
		{"one of them, strictly", []string{"runs", "import", "--project", "News", "--name", "x", "--strict", "-"}, good + `{"id":"q","text":""}`, failed, "1 prediction is for no document"},
		{"a file that was cut off", []string{"runs", "import", "--project", "News", "--name", "x", "-"}, good + `{"id":"b","te`, failed, "-:2: "},
		{"another encoding", []string{"runs", "import", "--project", "News", "--name", "x", "-"}, good + "{\"id\":\"b\",\"text\":\"caf\xe9\"}\n", failed, "-:2: the record is not UTF-8"},
		{"a range outside the text, after a good one", []string{"runs", "import", "--project", "News", "--name", "x", "-"}, good + `{"id":"b","blocks":[{"start":0,"end":99,"class":"body"}]}` + "\n", failed, "-:2: the block at [0,99)"},
		{"no cleaner", []string{"predict", "--project", "News"}, "", misuse, "--cleaner, --exec or --url"},
		{"a cleaner nobody knows", []string{"predict", "--project", "News", "--cleaner", "magic"}, "", misuse, `no cleaner "magic"; there are trafilatura`},
		{"two cleaners", []string{"predict", "--project", "News", "--cleaner", "lines", "--exec", "cat"}, "", misuse, "can't be used together"},
		{"a command that is not there", []string{"predict", "--project", "News", "--exec", "/no/such/program"}, "", failed, "/no/such/program"},
		{"an address that is none", []string{"predict", "--project", "News", "--url", "file:///etc/passwd"}, "", misuse, "is not an address"},
		{"a run that is not there", []string{"evaluate", "--project", "News", "--run", "nobody"}, "", failed, `no run "nobody"`},
		{"a run against itself", []string{"evaluate", "--project", "News", "--run", "there", "--against", "there"}, "", failed, `name a run besides "there"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, _, errs := call(t, c.stdin, c.args...)
			if status != c.status || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d, want %d: %s", status, c.status, errs)
			}
		})
	}
	if out := must(t, "", "runs", "list", "--project", "News"); strings.Count(out, "\n") != 2 {
		t.Errorf("something was stored:\n%s", out)
	}
	if out := must(t, "", "check"); !strings.Contains(out, "nothing wrong") && !strings.Contains(out, "clean") && out != "" {
		t.Logf("check says %q", out)
	}
}

// A document that got its gold after the baseline was made would count as a
// miss for it.
func TestAVerdictOnUnequalRunsIsRefused(t *testing.T) {
	accuracyFile(t)
	must(t, "", "predict", "--project", "News", "--cleaner", "everything", "--name", "old")
	must(t, strings.Replace(goldLine, `"id":"a"`, `"id":"d"`, 1), "import", "--project", "News", "-")
	must(t, "", "predict", "--project", "News", "--cleaner", "everything", "--name", "new")
	status, _, errs := call(t, "", "evaluate", "--project", "News", "--run", "new", "--against", "old")
	if status != failed || !strings.Contains(errs, "old has no prediction for 1 document that new has, such as d") || !strings.Contains(errs, "--common") {
		t.Errorf("exit %d: %s", status, errs)
	}
	if out := must(t, "", "evaluate", "--project", "News", "--run", "new", "--against", "old", "--common"); !strings.Contains(out, "1 document left out") {
		t.Errorf("it says\n%s", out)
	}
}

func TestARunThatIsStoppedGoesOn(t *testing.T) {
	accuracyFile(t)
	flag := filepath.Join(t.TempDir(), "well")
	clean := script(t, "[ -e "+flag+" ] || [ $ANNOTATE_ID = a ] || exit 9; cat\n")
	if out := must(t, "", "predict", "--project", "News", "--exec", clean, "--name", "r"); !strings.Contains(out, "1 ok, 0 empty, 1 error") {
		t.Fatal(out)
	}
	status, _, errs := call(t, "", "predict", "--project", "News", "--exec", clean, "--name", "r")
	if status != failed || !strings.Contains(errs, "there is a run named") {
		t.Errorf("a run that is done is made again: exit %d, %s", status, errs)
	}
}
