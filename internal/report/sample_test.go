package report_test

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
)

// chosen are documents of ten words, each chosen as how says of its number.
func chosen(n int, how func(i int) corpus.Chosen) iter.Seq2[score.Gold, error] {
	return func(yield func(score.Gold, error) bool) {
		for i := range n {
			g := score.Gold{ID: fmt.Sprintf("d%03d", i), Body: strings.TrimSpace(strings.Repeat("w ", 10)), Chosen: how(i), Fields: map[string]string{"chosen": "something else", "rank": fmt.Sprint(i)}}
			if !yield(g, nil) {
				return
			}
		}
	}
}

// losing loses half of the words of every other document that was not drawn by
// lot, and some of one in eight that was.
var losing = report.Source{Run: report.Run{Name: "losing"}, For: func(g score.Gold) (score.Prediction, error) {
	words := 10
	switch rank := g.Fields["rank"]; {
	case g.Chosen != corpus.ByLot && strings.ContainsAny(rank[len(rank)-1:], "02468"):
		words = 5
	case g.Chosen == corpus.ByLot && strings.HasSuffix(rank, "0"):
		words = 9
	}
	return score.Prediction{Status: score.OK, Text: strings.Repeat("w ", words)}, nil
}}

func sampled(t *testing.T, whole bool, gold iter.Seq2[score.Gold, error]) report.Report {
	t.Helper()
	r, err := report.Compute(t.Context(), report.Header{Title: "news", Whole: whole}, gold, []report.Source{losing}, false, report.Options{Measures: measures(t, "word"), Baseline: -1, Resamples: score.Resampling{Resamples: 200, Seed: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAReportSaysHowItsDocumentsWereChosen(t *testing.T) {
	third := func(i int) corpus.Chosen { return []corpus.Chosen{corpus.ByLot, corpus.ByDoubt, corpus.ByDoubt}[i%3] }
	for name, c := range map[string]struct {
		whole bool
		how   func(i int) corpus.Chosen
		says  []string
		fair  bool
	}{
		"by lot":             {false, func(int) corpus.Chosen { return corpus.ByLot }, []string{"Documents chosen: 120 by lot. They are a fair sample of the project."}, true},
		"nobody knows":       {false, func(int) corpus.Chosen { return corpus.NotChosen }, nil, true},
		"all there are":      {true, third, []string{"Documents chosen: 40 by lot, 80 by doubt. They are all documents of the project."}, true},
		"in order of import": {false, func(int) corpus.Chosen { return corpus.ByOrder }, []string{"Documents chosen: 120 in order of import. They are not a fair sample of the project. None was drawn by lot."}, false},
		"by an older program": {false, func(int) corpus.Chosen { return corpus.BeforeKept },
			[]string{"Documents chosen: 120 before this was written down. Whether they are a fair sample of the project is not known. None was drawn by lot."}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := sampled(t, c.whole, chosen(120, c.how))
			if got := r.SampleWords(); !slices.Equal(got, c.says) || r.Sample.Fair() != c.fair || r.Sample.Lot != nil {
				t.Errorf("fair: %v, by lot: %v\n%s", r.Sample.Fair(), r.Sample.Lot, strings.Join(got, "\n"))
			}
		})
	}
}

// The 40 that the lot drew lose one word of ten in four documents, so their F1
// is 1 but for four of 18/19; of the 80 others half have 10/15.
func TestWhatTheLotDrewIsTold(t *testing.T) {
	r := sampled(t, false, chosen(120, func(i int) corpus.Chosen {
		return []corpus.Chosen{corpus.ByLot, corpus.ByDoubt, corpus.ByDoubt}[i%3]
	}))
	want := (36 + 4*18.0/19) / 40
	if lot := r.Sample.Lot; lot == nil || lot.N != 40 || lot.F1[0].Mean < want-1e-9 || lot.F1[0].Mean > want+1e-9 {
		t.Fatalf("%+v, want %f", r.Sample.Lot, want)
	}
	says := r.SampleWords()
	if len(says) != 2 || !strings.HasSuffix(says[0], "not a fair sample of the project.") || !strings.Contains(says[1], "40 documents drawn by lot alone: losing 0.9947 (") {
		t.Errorf("%q", says)
	}

	var cut []string
	for _, s := range r.Slices {
		if s.Field == report.ChosenField {
			cut = append(cut, fmt.Sprint(s.Value, " ", s.N))
		}
	}
	if !slices.Equal(cut, []string{"by lot 40", "by doubt 80"}) {
		t.Errorf("the slices are %q", cut)
	}

	// The lot's documents scatter less, so fewer of them do.
	stop := r.Stop(0, .01)
	if !stop.Lot || stop.Guess || stop.Have != 40 || stop.Wanted == 0 || stop.Wanted > 40 {
		t.Errorf("%+v", stop)
	}
	if few := sampled(t, false, chosen(60, func(i int) corpus.Chosen {
		return []corpus.Chosen{corpus.ByLot, corpus.ByDoubt, corpus.ByDoubt}[i%3]
	})).Stop(0, .01); few.Lot || !few.Guess || few.Have != 60 || few.Wanted < 60 {
		t.Errorf("with 20 drawn by lot: %+v", few)
	}
	table, _ := report.FormatNamed("table")
	var b strings.Builder
	if err := table.Write(&b, r); err != nil || !strings.Contains(b.String(), "documents drawn by lot would do.") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
