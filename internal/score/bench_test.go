package score_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"annotate/internal/score"
)

// prose is some n words of a vocabulary that is used as people use words: a few
// very often, most rarely.
func prose(n int, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	z := rand.NewZipf(r, 1.1, 3, 30_000)
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("w%d", z.Uint64())
		if i%12 == 11 {
			out[i] += ".\n"
		}
	}
	return out
}

// megabyte is a page of 1 MB and what a cleaner left of it: two stretches of
// three, and a tenth of the words changed.
func megabyte() (page, cleaned string) {
	ws := prose(190_000, 1)
	page = strings.Join(ws, " ")
	kept := append(append([]string{}, ws[:60_000]...), ws[120_000:]...)
	for i := 0; i < len(kept); i += 10 {
		kept[i] = "x" + kept[i]
	}
	return page, strings.Join(kept, " ")
}

func BenchmarkAlignMegabyte(b *testing.B) {
	page, cleaned := megabyte()
	d, c := score.Words(page), score.Words(cleaned)
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		score.Align(d, c)
	}
}

func BenchmarkWordsMegabyte(b *testing.B) {
	page, _ := megabyte()
	b.SetBytes(int64(len(page)))
	for b.Loop() {
		score.Words(page)
	}
}

func BenchmarkMeasuresOfAMegabyte(b *testing.B) {
	page, cleaned := megabyte()
	for _, m := range score.Measures {
		if m.Name == "edit" { // not computed for so long a text; see tooManyCells
			continue
		}
		b.Run(m.Name, func(b *testing.B) {
			for b.Loop() {
				m.Of(&score.Pair{Gold: score.Gold{Body: page}, Prediction: score.Prediction{Status: score.OK, Text: cleaned}})
			}
		})
	}
}

func BenchmarkUnrelatedWords(b *testing.B) {
	x := score.Lexicon{}
	p, q := x.IDs(prose(100_000, 1)), x.IDs(prose(100_000, 2))
	for b.Loop() {
		score.LCS(p, q)
	}
}

func BenchmarkTableOf8SystemsWithIntervals(b *testing.B) {
	gold, systems := benchmark(b)
	ms := measures(b, "shingle")
	for b.Loop() {
		var reports []*score.Report
		for _, pred := range systems {
			reports = append(reports, score.NewReport(ms, scoreAll(ms, gold, pred), score.Resampling{}))
		}
		for i, r := range reports {
			for _, o := range reports[:i] {
				r.Against(o)
			}
		}
	}
}
