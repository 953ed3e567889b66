package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/export"
)

// twelve is a file of twelve documents with gold, each from a site of its own;
// the last has a span in its boilerplate.
func twelve(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for i := range 12 {
		boilerplate := ""
		if i == 11 {
			boilerplate = `,{"start":8,"end":11,"label":"PER","quote":"Bob"}`
		}
		fmt.Fprintf(&b, `{"id":"d%02d","text":"Ada 😀 %c\nBob -","url":"https://site%02d.example.org/","blocks":[{"start":0,"end":7,"class":"body"},{"start":8,"end":13,"class":"boilerplate"}],"spans":[{"start":0,"end":3,"label":"PER","quote":"Ada"}%s],"layer":"gold","annotators":["mara"]}`+"\n", i, 'a'+i, i, boilerplate)
	}
	return file(t, "twelve.jsonl", b.String())
}

func TestADatasetInParts(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "project", "add", "News")
	must(t, "", "import", "--project", "News", twelve(t))
	divided := []string{"export", "--project", "News", "--split", "train=70,test=30", "--by", "document"}

	folder := filepath.Join(t.TempDir(), "dataset")
	status, _, errs := call(t, "", append(divided, "--format", "iob2", "-o", folder)...)
	if status != failed || !strings.Contains(errs, "iob2 cannot say everything: 1 span stands in boilerplate, in d11;") {
		t.Errorf("exit %d: %s", status, errs)
	}
	if left, _ := filepath.Glob(folder + "*"); left != nil {
		t.Errorf("a refused export leaves %q", left)
	}

	must(t, "", append(divided, "--format", "iob2", "--lossy", "-o", folder)...)
	b, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m export.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if m.Documents != 12 || len(m.Splits) != 2 || m.Splits[0].Documents+m.Splits[1].Documents != 12 || m.Splits[0].Documents == 0 || m.Lost.Listed[0].Key != "d11" {
		t.Errorf("%s", b)
	}
	for _, s := range m.Splits {
		b, err := os.ReadFile(filepath.Join(folder, s.Name+".iob2.tsv"))
		if err != nil || bytes.Count(b, []byte("Ada\tB-PER\n😀\tO\n")) != s.Documents {
			t.Errorf("%v: %s", err, b)
		}
	}

	// A folder, a ZIP and a stream are the same files, and the split is
	// remembered.
	packed := filepath.Join(t.TempDir(), "dataset.zip")
	must(t, "", append(divided, "--format", "iob2", "--lossy", "-o", packed)...)
	streamed := must(t, "", append(divided, "--format", "iob2", "--lossy")...)
	if whole, err := os.ReadFile(packed); err != nil || string(whole) != streamed {
		t.Errorf("a ZIP in a file differs from one in a stream: %v", err)
	}
	z, err := zip.NewReader(strings.NewReader(streamed), int64(len(streamed)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := os.ReadFile(filepath.Join(folder, f.Name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s in the ZIP is not that in the folder: %v", f.Name, err)
		}
	}
	if len(z.File) != 3 {
		t.Errorf("%d files", len(z.File))
	}

	// A record names its part.
	for line := range strings.Lines(must(t, "", divided...)) {
		if !strings.Contains(line, `,"split":"train"`) && !strings.Contains(line, `,"split":"test"`) {
			t.Errorf("no part in %s", line)
		}
	}
	status, _, errs = call(t, "", append(divided, "--format", "huggingface", "-o", folder)...)
	if status != failed || !strings.Contains(errs, "is there already and not empty") {
		t.Errorf("over a folder: exit %d: %s", status, errs)
	}
}
