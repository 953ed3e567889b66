package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
)

// many are the real pages again and again, each round on sites of its own.
func manyOf(pages []labelled, n int) []labelled {
	out := make([]labelled, n)
	for i := range out {
		out[i] = pages[i%len(pages)]
		out[i].Document.ID = corpus.DocumentID(i + 1)
		out[i].Document.Site = fmt.Sprintf("%d.%s", i/len(pages), out[i].Document.Site)
	}
	return out
}

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return float64(u.Utime.Sec) + float64(u.Utime.Usec)/1e6
}

func BenchmarkTrain1000(b *testing.B) {
	if _, err := os.Stat(real); err != nil {
		b.Skip("the folder of real pages is not here")
	}
	pages, _ := read(real)
	grown := manyOf(pages, 1000)
	sites := see(grown)
	runtime.GC()
	c := cpu()
	for b.Loop() {
		if _, err := train(b.Context(), grown, 0, sites); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpu()-c)/float64(b.N), "cpu-s/op")
}

func BenchmarkClassify(b *testing.B) {
	pages, err := read(real)
	if err != nil {
		b.Skip("the folder of real pages is not here")
	}
	sites := see(pages)
	m, _ := train(b.Context(), pages[:60], 0, sites)
	c := cpu()
	n := 0
	for b.Loop() {
		for _, p := range pages {
			m.Classify(p.Document, sites.of(p.Document.Site))
			n++
		}
	}
	b.ReportMetric(float64(n)/(cpu()-c), "pages/cpu-s")
	_ = blocks.Classes
}
