package segment_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/segment"
)

func BenchmarkPlain(b *testing.B) {
	t := strings.Repeat("The bridge over the harbour was closed on Tuesday after “cracks” were found, officials said, and will stay so for weeks.\n", 25)
	for _, r := range segment.Rules {
		b.Run(r.Name, func(b *testing.B) {
			b.SetBytes(int64(len(t)))
			b.ReportAllocs()
			for b.Loop() {
				segment.Plain(t, r.Name)
			}
		})
	}
}

func BenchmarkHTML(b *testing.B) {
	pages := realPages(b)
	n := 0
	for _, p := range pages {
		n += len(p)
	}
	b.SetBytes(int64(n))
	for b.Loop() {
		for _, p := range pages {
			segment.HTML(p)
		}
	}
	b.ReportMetric(float64(b.N*len(pages))/b.Elapsed().Seconds(), "pages/s")
}

func TestSeedIsLines(t *testing.T) {
	files, _ := filepath.Glob(shared(t, "seed") + "/*.txt")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		blocks, by, _ := segment.Plain(string(b), "line")
		if want := len(strings.Fields(strings.ReplaceAll(string(b), " ", "·"))); by != "line-v1" || len(blocks) != want {
			t.Errorf("%s: %s with %d blocks, want %d lines", filepath.Base(name), by, len(blocks), want)
		}
	}
}
