package files_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"annotate/internal/score"
	"annotate/internal/score/files"
)

// shared is a file of the corpus, which is not in the repository.
func shared(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "..", "shared", "corpus"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here", path)
	}
	return path
}

// whole is what a JSON file says when it is read at once, as it was before.
func whole[T any](t *testing.T, path string) T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := io.Reader(f)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var out T
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		t.Fatal(path, err)
	}
	return out
}

type article struct {
	Body string `json:"articleBody"`
	URL  string `json:"url"`
}

func TestTheFilesOfArticleExtractionBenchmark(t *testing.T) {
	path := shared(t, "aeb-mini", "ground-truth.json")
	want := whole[map[string]article](t, path)
	gs := golds(t, path, files.Options{})
	if got := ids(gs); len(gs) != 181 || !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("gold has %d documents, or they are in another order", len(gs))
	}
	for _, g := range gs {
		if g.Body != want[g.ID].Body || g.URL != want[g.ID].URL {
			t.Errorf("gold of %s differs", g.ID)
		}
	}
	outputs, _ := filepath.Glob(shared(t, "aeb-mini", "output") + "/*.json")
	if len(outputs) != 8 {
		t.Errorf("there are %d outputs", len(outputs))
	}
	for _, path := range outputs {
		type wrapped struct {
			Version string             `json:"version"`
			Output  map[string]article `json:"output"`
		}
		want := whole[wrapped](t, path)
		p := open(t, path, files.Options{})
		if p.Len() != len(want.Output) || p.Format() != "aeb" || p.Cleaner().Version != want.Version {
			t.Errorf("%s has %d documents of %s", path, p.Len(), p.Cleaner())
		}
		for _, g := range gs {
			if got, err := p.For(g); err != nil || got.Text != want.Output[g.ID].Body || got.Status != score.OK {
				t.Errorf("%s: %s differs (%v)", path, g.ID, err)
			}
		}
		if len(p.Unused()) != 0 {
			t.Errorf("%s: unused are %v", path, p.Unused())
		}
	}
}

func ids(gs []score.Gold) []string {
	var out []string
	for _, g := range gs {
		out = append(out, g.ID)
	}
	return out
}

func TestTheFilesOfWCXB(t *testing.T) {
	path := shared(t, "wcxb-test", "ground-truth")
	gs := golds(t, path, files.Options{})
	if len(gs) != 511 || !slices.IsSorted(ids(gs)) {
		t.Errorf("gold has %d documents, or they are in another order", len(gs))
	}
	kinds := map[string]int{}
	for _, g := range gs {
		page := whole[struct {
			URL   string `json:"url"`
			Truth struct {
				Content       string `json:"main_content"`
				With, Without []string
			} `json:"ground_truth"`
		}](t, filepath.Join(path, g.ID+".json"))
		if g.Body != page.Truth.Content || g.URL != page.URL || !slices.Equal(g.With, page.Truth.With) || !slices.Equal(g.Without, page.Truth.Without) || g.Bodiless {
			t.Errorf("gold of %s differs", g.ID)
		}
		kinds[g.Fields["kind"]]++
	}
	if len(kinds) != 7 || kinds[""] != 0 {
		t.Errorf("the kinds are %v", kinds)
	}
	outputs, _ := filepath.Glob(shared(t, "wcxb-test") + "/pred-*.json.gz")
	if len(outputs) != 4 {
		t.Errorf("there are %d outputs", len(outputs))
	}
	for _, path := range outputs {
		want := whole[map[string]*string](t, path)
		p := open(t, path, files.Options{})
		if p.Len() != len(want) || p.Format() != "wcxb" {
			t.Errorf("%s has %d documents", path, p.Len())
		}
		for _, g := range gs {
			got, err := p.For(g)
			text, there := want[g.ID]
			switch {
			case err != nil, !there != (got.Status == score.Missing), there && text == nil && got.Status != score.Failed, text != nil && got.Text != *text:
				t.Errorf("%s: %s is %s (%v)", path, g.ID, got.Status, err)
			}
		}
	}
}

func TestThePlainTextsOfArticleExtractionBenchmark(t *testing.T) {
	path := shared(t, "aeb-plaintext", "docs.jsonl")
	p := open(t, path, files.Options{})
	if p.Len() != 181 || p.Format() != "native" {
		t.Errorf("there are %d documents of %s", p.Len(), p.Format())
	}
	for _, g := range golds(t, path, files.Options{}) {
		if got, err := p.For(g); err != nil || got.Text != g.Body || got.Text == "" {
			t.Errorf("%s differs (%v)", g.ID, err)
		}
	}
}
