package ingest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"annotate/internal/ingest"
	"annotate/internal/score"
)

// wcxbPage is a page of WCXB with what its annotators took from it.
type wcxbPage struct {
	ID, Kind, Gold string
	Title, Author  string
	Published      string // as 2026-11-25
	HTML           []byte
}

// wcxb are the pages of the test part, by id.
func wcxb(t testing.TB) []wcxbPage {
	dir := shared(t, "wcxb-test")
	files, err := filepath.Glob(filepath.Join(dir, "html", "*.html.gz"))
	if err != nil || len(files) == 0 {
		t.Fatal(len(files), err)
	}
	var about struct {
		Files map[string]struct {
			Kind string `json:"page_type"`
		}
	}
	if err := json.Unmarshal(read(t, filepath.Join(dir, "metadata.json")), &about); err != nil {
		t.Fatal(err)
	}
	var out []wcxbPage
	for _, name := range files {
		z, err := gzip.NewReader(bytes.NewReader(read(t, name)))
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(filepath.Base(name), ".html.gz")
		var g struct {
			Truth struct {
				Content   string `json:"main_content"`
				Title     string
				Author    string
				Published string `json:"publish_date"`
			} `json:"ground_truth"`
		}
		if err := json.Unmarshal(read(t, filepath.Join(dir, "ground-truth", id+".json")), &g); err != nil {
			t.Fatal(err)
		}
		out = append(out, wcxbPage{id, about.Files[id].Kind, g.Truth.Content, g.Truth.Title, g.Truth.Author, g.Truth.Published, page})
	}

	return out
}

// Blocks hold what people took from the pages, word by word: measured in order,
// by the alignment that scores cleaners, and as a bag of words, which forgives a
// gold text that puts its parts in another order.
func TestWordsOfRealGoldAreInTheBlocks(t *testing.T) {
	type share struct {
		id           string
		ordered, bag float64
	}
	kinds := map[string][]share{}
	refused := 0
	for _, p := range wcxb(t) {
		d, err := ingest.Document(ingest.Page{File: p.ID + ".html", MediaType: "text/html", Raw: p.HTML}, "line")
		if err != nil {
			t.Logf("%s: %v", p.ID, err)
			refused++
			continue
		}
		gold, page := score.Words(p.Gold), score.Words(d.Text)
		if len(gold) == 0 {
			continue
		}
		found, at := 0, score.Align(page, gold).At
		for _, i := range at {
			if i >= 0 {
				found++
			}
		}
		there, bag := map[string]int{}, 0
		for _, w := range page {
			there[w.Norm]++
		}
		for _, w := range gold {
			if there[w.Norm]--; there[w.Norm] >= 0 {
				bag++
			}
		}
		n := float64(len(gold))
		s := share{p.ID, float64(found) / n, float64(bag) / n}
		kinds[p.Kind] = append(kinds[p.Kind], s)
		kinds["all"] = append(kinds["all"], s)
	}
	if refused > 3 { // three pages are filled by scripts alone
		t.Errorf("%d pages are refused", refused)
	}

	figure := func(ss []share, of func(share) float64) (median, mean float64) {
		vs := make([]float64, len(ss))
		for i, s := range ss {
			vs[i] = of(s)
			mean += vs[i] / float64(len(ss))
		}
		slices.Sort(vs)
		return vs[len(vs)/2], mean
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		ss := kinds[kind]
		median, mean := figure(ss, func(s share) float64 { return s.ordered })
		bagMedian, bagMean := figure(ss, func(s share) float64 { return s.bag })
		t.Logf("%-13s %3d pages: in order median %.4f, mean %.4f; as a bag median %.4f, mean %.4f", kind, len(ss), median, mean, bagMedian, bagMean)
		if kind == "all" && (median < .99 || mean < .97) {
			t.Error("the blocks lack words of the gold")
		}
	}
	all := kinds["all"]
	slices.SortFunc(all, func(a, b share) int {
		switch {
		case a.ordered < b.ordered:
			return -1
		case a.ordered > b.ordered:
			return 1
		}
		return strings.Compare(a.id, b.id)
	})
	for _, s := range all[:min(20, len(all))] {
		t.Logf("least: %s in order %.4f, as a bag %.4f", s.id, s.ordered, s.bag)
	}
}
