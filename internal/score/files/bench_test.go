package files_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"annotate/internal/score"
	"annotate/internal/score/files"
)

// heap is what is in use after everything else was let go.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkPredictions(b *testing.B) {
	const n = 100_000
	path := filepath.Join(b.TempDir(), "p.jsonl")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	text := strings.Repeat("Repairs to the old bridge, “café”, took \\n ten days. ", 54)
	for i := range n {
		fmt.Fprintf(w, `{"id":"%s","url":"https://news%d.example.org/2026/11/%d/a-story","text":"%s","ms":12}`+"\n", sum(fmt.Sprint(i)), i%997, i, text)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	size, _ := f.Seek(0, 1)
	f.Close()

	b.Run("open", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			before := heap()
			p, err := files.Open(path, files.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(heap()-before)/n, "heap-B/record")
			p.Close()
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(size)
		p, err := files.Open(path, files.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer p.Close()
		for b.Loop() {
			for i := range n {
				if a, err := p.For(score.Gold{ID: p.ID(i)}); err != nil || a.Status != score.OK {
					b.Fatal(a, err)
				}
			}
		}
	})
}
