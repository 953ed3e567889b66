package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
)

const real = "../../../../shared/corpus/aeb-plaintext/docs.jsonl"

func realPages(t testing.TB) []labelled {
	t.Helper()
	if _, err := os.Stat(real); err != nil {
		t.Skip("the folder of real pages is not here")
	}
	pages, err := read(real)
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// What the documentation says of accuracy holds: the bounds are a little wider
// than the figures there.
func TestModelsOfRealPagesReachTheirAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("trains five models of real pages")
	}
	pages := realPages(t)
	h, err := blocks.CrossValidate(t.Context(), examples(pages), blocks.Options{Folds: folds, Repeats: see(pages).of})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("word F1 %.4f, block F1 %.4f, calibration error %.4f of blocks and %.4f of words, %.2f sweeps a page",
		h.WordF1, h.Blocks.Body.F1(), h.Calibration.Error, h.Calibration.WordError, h.Sweeps)
	if h.WordF1 < .92 || h.Blocks.Body.F1() < .84 || h.Calibration.Error > .02 {
		t.Error("that is less than it was")
	}
}

func TestWhatIsReadIsCheckedAndMeasured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docs.jsonl")
	write := func(lines ...any) {
		var b strings.Builder
		for _, l := range lines {
			if err := json.NewEncoder(&b).Encode(l); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	doc := func(url, text string, lines ...[]any) map[string]any {
		return map[string]any{"id": url, "url": url, "text": text, "lines": lines}
	}

	write(doc("https://news.a.org/1", "😀 Home\nThe bridge is closed.", []any{0, 6, "boilerplate"}, []any{7, 28, "body"}))
	pages, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	p := pages[0]
	if p.Document.Site != "a.org" || p.words[0] != 1 || p.words[1] != 4 {
		t.Errorf("site %q, words %v", p.Document.Site, p.words)
	}
	if f := p.wordF1([]corpus.Class{corpus.Body, corpus.Body}); f != 8./9 {
		t.Errorf("word F1 %v, want 8/9", f)
	}

	write(doc("https://a.org/1", "Home", []any{0, 5, "body"}))
	if _, err := read(path); err == nil || !strings.Contains(err.Error(), "line 1: range [0,5)") {
		t.Errorf("a range outside the text gives %v", err)
	}
	if err := run(t.Context(), &strings.Builder{}, path, "weather", 1); err == nil || !strings.Contains(err.Error(), "growth") {
		t.Errorf("an unknown part gives %v", err)
	}
}

func TestTheMostUncertainComeFirst(t *testing.T) {
	words := []int{10, 10}
	sure, torn := uncertainty([]float64{.99, .01}, words), uncertainty([]float64{.5, .5}, words)
	if !(sure < .05 && torn > .9) {
		t.Errorf("sure %v, torn %v", sure, torn)
	}

	pool := make([]labelled, 5)
	for i := range pool {
		pool[i].Document.ID = corpus.DocumentID(i + 1)
	}
	gold, rest := next(nil, nil, pool, 2, 1, nil)
	if len(gold) != 2 || gold[0].Document.ID != 1 || len(rest) != 3 {
		t.Errorf("without a model the first of the pool are taken: %d and %d", len(gold), len(rest))
	}
}

func TestFiguresAreCounted(t *testing.T) {
	f := figures{4, 1, 3, 2}
	if f.median() != 2.5 || f.mean() != 2.5 || f.spread() < 1.29 || f.spread() > 1.3 {
		t.Errorf("median %v, mean %v, spread %v", f.median(), f.mean(), f.spread())
	}
}

func BenchmarkTrain1000(b *testing.B) {
	pages := grow(realPages(b), 1000)
	sites := see(pages)
	for b.Loop() {
		if _, err := train(b.Context(), pages, 0, sites); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	pages := realPages(b)
	sites := see(pages)
	m, err := train(b.Context(), pages[:100], 0, sites)
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		p := pages[i%len(pages)].Document
		m.Classify(p, sites.of(p.Site))
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
}
