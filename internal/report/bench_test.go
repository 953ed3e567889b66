package report_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/text"
)

// news is a page of some 3.5 kB as news sites have them: 24 blocks, of which the
// first two thirds are body, and entities in it.
func news(n int) score.Gold {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	z := rand.NewZipf(r, 1.1, 3, 30_000)
	g := score.Gold{ID: fmt.Sprintf("page-%d", n), Site: fmt.Sprintf("site-%d.example", n%40), Labels: true,
		Fields: map[string]string{"language": []string{"en", "de", "ur"}[n%3], "kind": []string{"news", "blog", "forum", "live"}[n%4], "date": fmt.Sprintf("2026-%02d-11", 1+n%12)}}
	var page strings.Builder
	at := 0
	for b := range 24 {
		words := 30
		class := corpus.Body
		if b >= 16 {
			words, class = 8, corpus.Boilerplate
		}
		start := at
		for w := range words {
			if w > 0 {
				page.WriteByte(' ')
				at++
			}
			s := fmt.Sprintf("w%d", z.Uint64())
			page.WriteString(s)
			at += len(s)
		}
		g.Blocks = append(g.Blocks, score.Block{Range: text.Range{Start: start, End: at}, Class: class})
		page.WriteByte('\n')
		at++
	}
	g.Page = page.String()
	g.Body = score.BodyText(g.Page, g.Blocks)

	return g
}

// cleaner keeps most of the body and some of the tail.
func cleaner(g score.Gold) (score.Prediction, error) {
	lines := strings.Split(strings.TrimSpace(g.Page), "\n")
	n := len(g.ID) + int(g.ID[len(g.ID)-1])
	return score.Prediction{Status: score.OK, Text: strings.Join(append(lines[n%3:15], lines[17:17+n%4]...), "\n"), Millis: n}, nil
}

func BenchmarkOneRunOver1000Documents(b *testing.B) {
	var all []score.Gold
	for n := range 1000 {
		all = append(all, news(n))
	}
	gold := func(yield func(score.Gold, error) bool) {
		for _, g := range all {
			if !yield(g, nil) {
				return
			}
		}
	}
	for b.Loop() {
		r, err := report.Compute(b.Context(), report.Header{}, gold, []report.Source{{Run: report.Run{Name: "x"}, For: cleaner}}, false,
			report.Options{Measures: score.Usual, Baseline: -1, Resamples: score.Resampling{Seed: 1}})
		if err != nil || len(r.Slices) < 20 {
			b.Fatal(len(r.Slices), err)
		}
	}
}
