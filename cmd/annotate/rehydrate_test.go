package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
)

func TestWhoHasThePagesGetsTheRecordsBack(t *testing.T) {
	pages := t.TempDir()
	for name, content := range map[string]string{
		"a.html": "<p>😀 Ada met Bob.<p>Read more",
		"b.txt":  "The ferry is late.\n",
		"c.txt":  "Nobody asked for this one.",
	} {
		if err := os.WriteFile(filepath.Join(pages, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var gold []corpus.Gold
	for in, err := range ingest.Documents(t.Context(), ingest.Paths(t.Context(), []string{pages}, ingest.Options{}), "line") {
		if err != nil {
			t.Fatal(err)
		}
		if in.ExternalID == "c.txt" {
			continue
		}
		var pieces []corpus.Piece
		for _, b := range in.Blocks {
			pieces = append(pieces, corpus.Piece{Range: b.Range, Class: corpus.Body})
		}
		g, err := corpus.NewGold(in.Document, pieces, nil, corpus.DefaultLabels(), []string{"mara"})
		if err != nil {
			t.Fatal(err)
		}
		gold = append([]corpus.Gold{g}, gold...) // in another order than the pages
	}
	written := func(f export.Format) string {
		var b bytes.Buffer
		if _, err := f.Write(t.Context(), &b, corpus.DefaultLabels(), func(yield func(corpus.Gold, error) bool) {
			for _, g := range gold {
				if !yield(g, nil) {
					return
				}
			}
		}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	standoff, native := written(export.Standoff), written(export.JSONL)

	other := strings.Replace(standoff, gold[1].Document.SHA256, strings.Repeat("0", 64), 1)
	first, second := native[:strings.Index(native, "\n")+1], native[strings.Index(native, "\n")+1:]
	for _, c := range []struct {
		name, standoff, want, says string
		lossy                      bool
		pages                      []string
	}{
		{"all pages", standoff, native, "", false, []string{pages}},
		{"an empty line", "\n" + standoff, native, "", false, []string{pages}},
		{"one page", standoff, "", "1 record of", false, []string{filepath.Join(pages, "a.html")}},
		{"one page, which is enough", standoff, second, "", true, []string{filepath.Join(pages, "a.html")}},
		{"a page that gives another text", other, "", "gives another text", false, []string{pages}},
		{"the same, left out", other, first, "", true, []string{pages}},
		{"a file that is none", `{"text":"Ada"}`, "", "line 1: it is no stand-off record", true, []string{pages}},
		{"a broken line", standoff + "{", "", "line 3: it is no stand-off record", true, []string{pages}},
	} {
		var out, errs bytes.Buffer
		p := &program{ctx: t.Context(), stdout: &out, stderr: &errs}
		err := p.rehydrate(file(t, "standoff.jsonl", c.standoff), c.pages, c.lossy, &out)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) || out.String() != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, &out, c.want)
		}
	}

	into := filepath.Join(t.TempDir(), "back.jsonl")
	must(t, "", "export", "--rehydrate", file(t, "standoff.jsonl", standoff), "-o", into, pages)
	if b, err := os.ReadFile(into); err != nil || string(b) != native {
		t.Errorf("%v, %s", err, b)
	}
	for _, wrong := range [][]string{{"export", "--rehydrate", into}, {"export", "--project", "News", pages}} {
		if status, _, errs := call(t, "", wrong...); status != failed || !strings.Contains(errs, "page") {
			t.Errorf("%v: exit %d, %s", wrong, status, errs)
		}
	}
	p := &program{ctx: t.Context(), stderr: new(bytes.Buffer)}
	if err := p.rehydrate(filepath.Join(pages, "none.jsonl"), nil, false, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "none.jsonl cannot be read") {
		t.Errorf("%v", err)
	}
}

func TestSpansOfARunStandBesideThoseOfGold(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	to := []string{"--project", aProject(t)}
	run := func(args ...string) string { return must(t, "", append(args, to...)...) }
	run("import", file(t, "gold.jsonl", `{"id":"a","text":"😀 Ada met Bob","blocks":[{"start":0,"end":13,"class":"body"}],"spans":[{"start":2,"end":5,"label":"PER","quote":"Ada"}],"layer":"gold","annotators":["mara"]}`))
	run("runs", "import", "--name", "tagged", "--cleaner", "tagger", "--cleaner-version", "2", file(t, "run.jsonl", `{"id":"a","text":"😀 Ada met Bob","spans":[{"start":10,"end":13,"label":"PER"}]}`))

	into := t.TempDir()
	run("export", "--format", "labelstudio", "--predictions", "tagged", "-o", into)
	tasks, err := os.ReadFile(filepath.Join(into, "tasks.json"))
	for _, want := range []string{`"value":{"start":2,"end":5,"text":"Ada","labels":["PER"]}`, `"predictions":[{"model_version":"tagger 2","result":[{"id":"p1"`, `"value":{"start":10,"end":13,"text":"Bob","labels":["PER"]}`} {
		if !strings.Contains(string(tasks), want) {
			t.Errorf("%v: nothing of %s in\n%s", err, want, tasks)
		}
	}
	status, _, errs := call(t, "", append([]string{"export", "--predictions", "tagged"}, to...)...)
	if status != failed || !strings.Contains(errs, "jsonl has no place for predictions") {
		t.Errorf("exit %d: %s", status, errs)
	}
}
