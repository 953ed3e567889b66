package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

// corrected is goldLine with all of it body and another span.
var correctedLine = strings.NewReplacer(`"boilerplate","reason":"related"`, `"body"`, `"start":2,"end":5,"label":"PER","quote":"Ada"`, `"start":10,"end":13,"label":"ORG","quote":"Bob"`).Replace(goldLine)

func TestAReleaseFromGoldToFileAndBack(t *testing.T) {
	accuracyFile(t)
	must(t, "", "predict", "--project", "News", "--cleaner", "everything", "--name", "all")
	out := must(t, "", "release", "add", "2026-11", "--project", "News", "--note", "the first")
	if !strings.HasPrefix(out, "The release 2026-11 is there: 2 documents, sha256 ") {
		t.Errorf("it says %q", out)
	}
	hash := strings.TrimSpace(out[strings.LastIndex(out, " "):])
	if out := must(t, "", "release", "list", "--project", "News"); !strings.Contains(out, "2026-11") || !strings.Contains(out, hash) {
		t.Errorf("the list is\n%s", out)
	}
	var m corpus.ReleaseManifest
	if err := json.Unmarshal([]byte(must(t, "", "release", "show", "2026-11", "--json")), &m); err != nil || m.Hash != hash || m.Note != "the first" || m.ProjectName != "News" || m.Annotators["mara"] != 2 {
		t.Errorf("%+v %v", m, err)
	}
	if out := must(t, "", "release", "show", "2026-11"); !strings.Contains(out, "labelled by    mara 2") || !strings.Contains(out, "gold rests on") {
		t.Errorf("it shows\n%s", out)
	}

	path := filepath.Join(t.TempDir(), "gold.jsonl")
	must(t, "", "export", "--project", "News", "--release", "2026-11", "-o", path)
	was := content(t, path)
	report := must(t, "", "evaluate", "--project", "News", "--release", "2026-11")
	if !strings.HasPrefix(report, "News: 1 run, release 2026-11, 2 documents, sha256 "+hash+".") {
		t.Errorf("the report begins %q", report[:min(len(report), 200)])
	}
	for _, args := range [][]string{{"2026-11"}, {"2026-11", "--file", path}, {"--file", path}} {
		if out := must(t, "", append([]string{"release", "verify"}, args...)...); !strings.Contains(out, "2026-11 is as it was released: 2 documents, sha256 "+hash) {
			t.Errorf("verify %v says %q", args, out)
		}
	}

	must(t, correctedLine, "import", "--project", "News", "-")
	must(t, "", "export", "--project", "News", "--release", "2026-11", "-o", path)
	if is := content(t, path); is != was {
		t.Errorf("the release was\n%s\nand is\n%s", was, is)
	}
	if again := must(t, "", "evaluate", "--project", "News", "--release", "2026-11"); again != report {
		t.Errorf("the report was\n%s\nand is\n%s", report, again)
	}
	if now := must(t, "", "export", "--project", "News"); strings.Contains(now, "sealed") || !strings.Contains(now, `"quote":"Bob"`) {
		t.Errorf("current gold is\n%s", now)
	}

	// All of "- links -" goes to body: one word. Ada loses her span, Bob gets one.
	must(t, "", "release", "add", "2026-12", "--project", "News")
	if out := must(t, "", "release", "diff", "2026-11", "2026-12"); out != "changed\ta\t1 word to body, +1 ORG, -1 PER\n2026-11 to 2026-12: 0 added, 0 removed, 1 changed, 1 unchanged; 1 word to body, +1 ORG, -1 PER\n" {
		t.Errorf("the diff is\n%s", out)
	}
	if out := must(t, "", "release", "diff", "2026-11", "2026-12", "--json"); !strings.Contains(out, `"key":"a"`) || !strings.Contains(out, `"wordsToBody":1`) || strings.Count(out, "\n") != 2 {
		t.Errorf("the diff is\n%s", out)
	}

	spoilt := filepath.Join(t.TempDir(), "spoilt.jsonl")
	if err := os.WriteFile(spoilt, []byte(was[:len(was)-10]), 0o644); err != nil {
		t.Fatal(err)
	}
	status, found, errs := call(t, "", "release", "verify", "2026-11", "--file", spoilt)
	if status != failed || !strings.Contains(found, "line 2 has no end: the file is cut off") || !strings.Contains(errs, "this is not the release 2026-11") {
		t.Errorf("exit %d\n%s\n%s", status, found, errs)
	}

	must(t, "", "release", "remove", "2026-12")
	if status, _, errs := call(t, "", "release", "show", "2026-12"); status != failed || !strings.Contains(errs, `there is no release "2026-12"`) {
		t.Errorf("exit %d %s", status, errs)
	}
	must(t, "", "release", "restore", "2026-12", "--project", "News")
	must(t, "", "release", "show", "2026-12")
	must(t, "", "check")
}

func TestAReleaseSaysWhatIsWrong(t *testing.T) {
	accuracyFile(t)
	must(t, "", "project", "add", "Blogs")
	must(t, goldLine, "import", "--project", "Blogs", "-")
	for _, project := range []string{"News", "Blogs"} {
		must(t, "", "release", "add", "one", "--project", project)
	}
	for want, args := range map[string][]string{
		"2 projects have a release \"one\"": {"release", "show", "one"},
		`there is no release "two"`:         {"release", "show", "two"},
		`the project "News" has no release`: {"release", "verify", "two", "--project", "News"},
		`there is a release "one" already`:  {"release", "add", "ONE", "--project", "News"},
		`there is no project "Novels"`:      {"release", "add", "two", "--project", "Novels"},
		`nobody is called "ada"`:            {"release", "add", "two", "--project", "News", "--as", "ada"},
		"no removed release":                {"release", "restore", "one", "--project", "News"},
		"cannot be read":                    {"release", "verify", "one", "--project", "News", "--file", "no such file"},
		"manifest.json cannot be read":      {"release", "verify", "--file", "no such file"},
		"has no release \"three\"":          {"export", "--project", "News", "--release", "three"},
		"has no release \"four\"":           {"evaluate", "--project", "News", "--release", "four"},
	} {
		if status, _, errs := call(t, "", args...); status != failed || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d %s", args, status, errs)
		}
	}
	if status, _, _ := call(t, "", "release", "verify"); status != misuse {
		t.Errorf("verify of nothing: exit %d", status)
	}
}

func content(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
