package agreement_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// sharedDocuments are n documents, each of two of so many people.
func sharedDocuments(n, people int) []agreement.Shared {
	source := rand.New(rand.NewPCG(1, 2))
	out := make([]agreement.Shared, n)
	for i := range out {
		a := 1 + source.IntN(people-1)
		b := a + 1 + source.IntN(people-a)
		one, other := corpus.AnnotatorID(a), corpus.AnnotatorID(b)
		body, boiler, differ := 5+source.IntN(20), 10+source.IntN(40), source.IntN(4)
		t := agreement.Tally{
			Documents: 1,
			Profiles:  []agreement.Profile{{0, 2, boiler, boiler * 5}, {1, 1, differ, differ * 12}, {2, 0, body, body * 30}},
			Pairs: []agreement.Pair{{A: one, B: other, Documents: 1,
				Blocks: [4]int{body, differ, 0, boiler}, Words: [4]int{body * 30, differ * 12, 0, boiler * 5}}},
			Unitizing: []agreement.LabelUnitizing{{0, 1, .5 + source.Float64()/2, .01, .02}},
		}
		for l := range 3 {
			of := 2 + source.IntN(8)
			exact := source.IntN(of)
			t.Spans = append(t.Spans, agreement.PairSpans{A: one, B: other, Label: corpus.LabelID(l + 1), Exact: exact, Overlap: exact + 1, OfA: of, OfB: of})
			t.Unitizing = append(t.Unitizing, agreement.LabelUnitizing{Label: corpus.LabelID(l + 1), Documents: 1, Alpha: source.Float64(), Observed: .01, Expected: .02})
		}
		out[i] = agreement.Shared{
			Document: corpus.DocumentID(i + 1), Site: fmt.Sprintf("site%d.example", source.IntN(300)),
			At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * 5 * time.Minute), Tally: t,
		}
	}
	return out
}

const many = 100_000

func BenchmarkUnmarshal100000(b *testing.B) {
	kept := make([][]byte, many)
	size := 0
	for i, s := range sharedDocuments(many, 2) {
		kept[i] = s.Tally.Marshal()
		size += len(kept[i])
	}
	b.ReportMetric(float64(size)/many, "bytes/tally")
	b.ReportAllocs()
	for b.Loop() {
		var t agreement.Tally
		for _, k := range kept {
			if err := t.Unmarshal(k); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkReport100000(b *testing.B) {
	for _, people := range []int{2, 10, 64} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			documents := sharedDocuments(many, people)
			b.ReportAllocs()
			for b.Loop() {
				builder := agreement.NewBuilder(score.Resampling{Seed: 1})
				for _, s := range documents {
					builder.Add(s)
				}
				builder.Report(func(corpus.AnnotatorID) string { return "" }, corpus.DefaultLabels())
			}
		})
	}
}

func BenchmarkTallied(b *testing.B) {
	page, _ := paper(200)
	b.SetBytes(int64(len(page.Text)))
	anns := []agreement.Labelling{everything(page, 1, corpus.Body), everything(page, 2, corpus.Boilerplate)}
	for b.Loop() {
		agreement.Tallied(page, anns)
	}
}

// ratingsOf are those of 10 annotators for n items, of whom each passes over a
// share of them.
func ratingsOf(n int, missing float64) agreement.Ratings {
	source := rand.New(rand.NewPCG(3, 4))
	r := agreement.Ratings{Items: n, Annotators: 10, Classes: 2}
	for i := range n {
		truth := source.IntN(2)
		for a := range r.Annotators {
			if source.Float64() < missing {
				continue
			}
			k := truth
			if source.Float64() < .05*float64(a) {
				k = 1 - truth
			}
			r.All = append(r.All, agreement.Rating{Item: i, Annotator: a, Class: k})
		}
	}
	return r
}

func BenchmarkConsensus100000(b *testing.B) {
	for _, missing := range []float64{0, .5} {
		r := ratingsOf(many, missing)
		b.Run(fmt.Sprintf("dawid-skene/missing=%v", missing), func(b *testing.B) {
			for b.Loop() {
				if _, err := agreement.DawidSkene(context.Background(), r, agreement.DawidSkeneOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("mace/missing=%v", missing), func(b *testing.B) {
			for b.Loop() {
				if _, err := agreement.MACE(context.Background(), r, agreement.MACEOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPrint(b *testing.B) {
	builder := agreement.NewBuilder(score.Resampling{Seed: 1})
	for _, s := range sharedDocuments(3_000, 20) {
		builder.Add(s)
	}
	r := builder.Report(func(a corpus.AnnotatorID) string { return fmt.Sprint("person ", a) }, corpus.DefaultLabels())
	for b.Loop() {
		if err := r.Table(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
