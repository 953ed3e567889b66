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

// A dataset that was divided keeps its parts on its way through another project,
// whose own rule would divide it otherwise.
func TestThePartsOfADatasetComeBack(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	for _, name := range []string{"Here", "There"} {
		must(t, "", "project", "add", name)
	}
	must(t, "", "import", "--project", "Here", twelve(t))
	must(t, "", "splits", "fix", "--project", "Here", "--part", "test", "d00", "d03", "d07")
	divided := []string{"--split", "train=70,test=30", "--by", "site"}
	first := must(t, "", append([]string{"export", "--project", "Here"}, divided...)...)

	if said := must(t, "", "import", "--project", "There", file(t, "first.jsonl", first)); !strings.Contains(said, "12 fixed to the part of a split") {
		t.Errorf("the import says %s", said)
	}
	if again := must(t, "", append([]string{"export", "--project", "There"}, divided...)...); again != first {
		t.Errorf("the dataset came back as\n%s\nand was\n%s", again, first)
	}
	if fixed := must(t, "", "splits", "fix", "--project", "There", "--list"); strings.Count(fixed, "document d") != 12 {
		t.Errorf("fixed are\n%s", fixed)
	}

	// What is there already stays where people put it.
	must(t, "", "splits", "fix", "--project", "There", "--part", "train", "d00")
	if said := must(t, "", "import", "--project", "There", file(t, "again.jsonl", first)); strings.Contains(said, "fixed to") {
		t.Errorf("the second import says %s", said)
	}
	if fixed := must(t, "", "splits", "fix", "--project", "There", "--list"); !strings.Contains(fixed, "train  document d00") {
		t.Errorf("fixed are\n%s", fixed)
	}
}

func TestWhatPeopleHandedInIsALayer(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "project", "add", "News")
	must(t, "", "import", "--project", "News", twelve(t))
	must(t, "", "release", "add", "one", "--project", "News")
	layer := []string{"export", "--project", "News", "--layer", "annotations"}

	status, out, errs := call(t, "", layer...)
	if status != 0 || out != "" || !strings.Contains(errs, "0 annotations of 0 documents") {
		t.Errorf("exit %d, %q, %s", status, out, errs)
	}
	for _, c := range []struct {
		args  []string
		words string
	}{
		{[]string{"--format", "spacy"}, "spacy has no place for what each person handed in; jsonl and csv have"},
		{[]string{"--release", "one"}, "a release freezes gold"},
	} {
		if status, _, errs := call(t, "", append(layer, c.args...)...); status != failed || !strings.Contains(errs, c.words) {
			t.Errorf("exit %d: %s", status, errs)
		}
	}
}

func TestAnImportNamesNearCopiesWhereItIsAsked(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "", "project", "add", "News")
	var words []string
	for i := range 60 {
		words = append(words, fmt.Sprintf("word%d", i*i))
	}
	same := strings.Join(words, " ")
	must(t, "", "import", "--project", "News", file(t, "one.txt", same))

	_, _, errs := call(t, "", "import", "--project", "News", "--near-copies", file(t, "two.txt", same+" more"), file(t, "three.txt", "Something else"))
	if !strings.Contains(errs, "1 new document is a near-copy of another; see: annotate splits duplicates") {
		t.Errorf("the import says %s", errs)
	}
	if _, _, errs := call(t, "", "import", "--project", "News", file(t, "four.txt", same+" again")); strings.Contains(errs, "near-copy") {
		t.Errorf("unasked the import says %s", errs)
	}
}
