package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

func sample(name string) string { return filepath.Join(root, "internal", "ingest", "testdata", name) }

func TestImportFromAnotherToolAsksAndTells(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "user", "add", "mara", "--role", "annotator")
	into := []string{"import", "--project", aProject(t)}
	run := func(args ...string) (int, string, string) { return call(t, "", append(into, args...)...) }

	status, _, errs := run(sample("prodigy.jsonl"))
	if status != failed || !strings.Contains(errs, "--blocks body") || !strings.Contains(errs, "--blocks none --as NAME") {
		t.Errorf("exit %d: %s", status, errs)
	}
	status, _, errs = run("--blocks", "none", sample("prodigy.jsonl"))
	if status != failed || !strings.Contains(errs, "say whose, with --as NAME") {
		t.Errorf("exit %d: %s", status, errs)
	}

	// A dry run shows what was recognised, and the labels where they will stand.
	status, out, errs := run("--blocks", "body", "--dry-run", "--skip-bad", sample("labelstudio.json"))
	for _, want := range []string{"taken as a file of Label Studio", "UTF-16 units", `the label "Person name" is called Person_name here`, "  1  b 🦀 Ada met Bob.\n         Person_name: Ada", "new labels: Person_name", "4 would be new", "3 with gold", "1 choice left out"} {
		if !strings.Contains(out, want) {
			t.Errorf("exit %d, %s: nothing of %q in\n%s", status, errs, want, out)
		}
	}
	status, out, _ = run("--blocks", "body", "--dry-run", sample("labelstudio.json"))
	if status != failed || !strings.Contains(out, "it holds 1 choice, which cannot be kept here") {
		t.Errorf("exit %d: %s", status, out)
	}

	status, out, errs = run("--blocks", "none", "--as", "mara", "--json", sample("brat"))
	var r corpus.ImportReport
	if err := json.Unmarshal([]byte(out), &r); status != 0 || err != nil || r.New != 3 || r.Drafts != 2 || r.Gold != 0 || !r.Stored {
		t.Errorf("exit %d, %s: %s", status, errs, out)
	}
	if status, out, errs = run("--blocks", "body", "--add-labels", "--offsets", "utf-16", sample("doccano.jsonl")); status != 0 || !strings.Contains(out, "4 new, 0 unchanged, 0 changed, 0 failed; 3 with gold") {
		t.Errorf("exit %d, %s: %s", status, errs, out)
	}
	if status, out, errs = run("--format", "cleaneval", sample("cleaneval")); status != 0 || !strings.Contains(out, "1 with gold; 100.0 % of the gold texts' words found in their pages") {
		t.Errorf("exit %d, %s: %s", status, errs, out)
	}
}
