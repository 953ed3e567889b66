package score_test

import (
	"math"
	"slices"
	"testing"

	"annotate/internal/score"
)

func TestTheHeadlineByHand(t *testing.T) {
	for _, c := range []struct {
		name, gold, pred string
		want             score.Counts
	}{
		// gold a b c d e, pred b x d e f: b d e are common, 2 extra, 2 missed
		{"words in one order", "a b c d e", "b x d e f", score.Counts{TP: 3, FP: 2, FN: 2}},
		{"punctuation and white space do not count", "One, two — three.\r\n", "One two\u00a0three", score.Counts{TP: 3}},
		{"composition does not count", "café déjà", "cafe\u0301 de\u0301ja\u0300", score.Counts{TP: 2}},
		{"case counts", "The", "the", score.Counts{FP: 1, FN: 1}},
		{"an emoji is no word", "news 😀", "news", score.Counts{TP: 1}},
		// 他们昨天。相关新闻: 8 characters, the first 4 are there
		{"Chinese counts by characters", "他们昨天。相关新闻", "他们昨天。", score.Counts{TP: 4, FN: 4}},
		{"right to left", "هذا خبر جديد", "خبر جديد اقرأ", score.Counts{TP: 2, FP: 1, FN: 1}},
		{"moved words count once", "a b c d", "c d a b", score.Counts{TP: 2, FP: 2, FN: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := score.WordCounts(score.Words(c.gold), score.Words(c.pred)); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestARatioOfNothingIsNoNumber(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts score.Counts
		p, r   float64
		f1     float64
	}{
		{"nothing on either side", score.Counts{}, math.NaN(), math.NaN(), math.NaN()},
		{"nothing said", score.Counts{FN: 3}, math.NaN(), 0, 0},
		{"nothing to say", score.Counts{FP: 3}, 0, math.NaN(), 0},
		{"nothing right", score.Counts{FP: 1, FN: 1}, 0, 0, 0},
		{"half", score.Counts{TP: 1, FP: 1, FN: 1}, .5, .5, .5},
	} {
		if f := c.counts.PRF(); !near(f.P, c.p, 0) || !near(f.R, c.r, 0) || !near(f.F1, c.f1, 0) {
			t.Errorf("%s gives %v", c.name, f)
		}
	}
}

func TestKappaOfASkewedTable(t *testing.T) {
	// 80 and 5 agree, 7 and 8 do not: observed .85, chance .87·.88 + .13·.12 = .7812,
	// kappa (.85 − .7812)/(1 − .7812) = .31444
	c := score.Confusion{Body: score.Counts{TP: 80, FP: 8, FN: 7}, Right: 5}
	if got := c.Kappa(); !near(got, .0688/.2188, exact) {
		t.Errorf("kappa is %v", got)
	}
	if got := (score.Confusion{Body: score.Counts{TP: 9}}).Kappa(); !math.IsNaN(got) {
		t.Errorf("kappa of one class is %v", got)
	}
}

func TestSignsAreFlipped(t *testing.T) {
	var r score.Resampling
	for _, c := range []struct {
		name string
		d    []float64
		want float64
	}{
		// of 8 ways to sign three ones, two have a sum of ±3
		{"three equal ones", []float64{1, 1, 1}, .25},
		// sums of ±2 ± 1: 3, 1, −1, −3; two of four are as far away as 3
		{"two and one", []float64{2, 1}, .5},
		// 2 − 1 = 1: all four are as far away
		{"against each other", []float64{2, -1}, 1},
		{"nothing", nil, math.NaN()},
	} {
		if p, all := r.SignFlip(c.d); !near(p, c.want, exact) || !all {
			t.Errorf("%s: p is %v, want %v; exact: %v", c.name, p, c.want, all)
		}
	}
	// 21 equal ones are drawn: no draw of 10 000 comes near 2 in 2^21
	if p, all := r.SignFlip(slices.Repeat([]float64{1}, 21)); all || p > .001 {
		t.Errorf("p of 21 equal ones is %v, exact: %v", p, all)
	}
}

func TestHolmCorrects(t *testing.T) {
	cs := []score.Comparison{{P: .04}, {P: .01}, {P: math.NaN()}, {P: .03}, {P: .9}}
	score.Holm(cs)
	// in order: .01·4 = .04, .03·3 = .09, .04·2 = .08 but no less than .09, .9·1
	for i, want := range []float64{.09, .04, math.NaN(), .09, .9} {
		if !near(cs[i].Holm, want, exact) {
			t.Errorf("number %d is %v, want %v", i, cs[i].Holm, want)
		}
	}
}

func TestResamplesAreTheSameEveryTimeAndKnowSites(t *testing.T) {
	column := score.Column{0, 0, 1, 1, math.NaN(), 1}
	r := score.Resampling{Resamples: 2000, Seed: 7}
	first, second := r.Means([]score.Column{column}, nil), r.Means([]score.Column{column}, nil)
	if !slices.EqualFunc(first[0], second[0], func(a, b float64) bool { return near(a, b, 0) }) {
		t.Error("the same seed draws differently")
	}
	if other := (score.Resampling{Resamples: 2000, Seed: 8}).Means([]score.Column{column}, nil); slices.Equal(first[0], other[0]) {
		t.Error("another seed draws the same")
	}
	// two sites, one all 0 and one all 1 (3 of them, one without a figure): a
	// resample is one of 0 (both the first), 1 (both the second) and 3/5
	for _, m := range r.Means([]score.Column{column}, []int{0, 0, 1, 1, 1, 1})[0] {
		if m != 0 && m != 1 && !near(m, .6, exact) {
			t.Fatalf("a resample of whole sites has a mean of %v", m)
		}
	}
	i := score.Spread(column.Mean(), first[0])
	if !near(i.Mean, .6, exact) || i.Low > i.Mean || i.High < i.Mean || !near(i.SD, .24, .05) {
		t.Errorf("%+v", i)
	}
	c := r.Compare(score.Column{1, .5, .2, math.NaN()}, score.Column{.5, .5, .3, 1}, nil)
	if c.Wins != 1 || c.Losses != 1 || c.Ties != 1 || c.N != 3 || c.Distinguishable() {
		t.Errorf("%+v", c)
	}
}

func TestSnippetsAreCountedAsTrafilaturaCounts(t *testing.T) {
	// two of three wanted ones are there, whatever the white space; one of two
	// unwanted ones is
	c := score.Segments("The  council\napproved it.\u00a0Read more", []string{"council approved", "approved  it", "on Monday"}, []string{"Read more", "Weather"})
	if c.Body != (score.Counts{TP: 2, FP: 1, FN: 1}) || c.Right != 1 || !near(c.Accuracy(), 3./5, exact) {
		t.Errorf("%+v", c)
	}
	if c := score.Segments("", []string{"a"}, []string{"b"}); c.Body != (score.Counts{FN: 1}) || c.Right != 1 {
		t.Errorf("of an empty text: %+v", c)
	}
	if got := score.Snippets("a b", nil, score.Lower); !math.IsNaN(got) {
		t.Errorf("no snippet gives %v", got)
	}
}

func TestWhatIsTooLongIsNotMeasured(t *testing.T) {
	long := make([]rune, 300_000)
	for i := range long {
		long[i] = rune('a' + i%7)
	}
	other := slices.Clone(long)
	slices.Reverse(other)
	if got := score.EditSimilarity(string(long), string(other)+"!"); !math.IsNaN(got) {
		t.Errorf("the edit similarity is %v", got)
	}
}

// Letters that look at their neighbours when they are lower-cased, or become
// two, and tokens that are cut by marks.
func TestTheBagOfAPairIsThatOfItsTexts(t *testing.T) {
	bag, _ := score.MeasureNamed("bag")
	texts := []string{"", "ΟΔΟΣ οδος Σ", "İstanbul ISTANBUL", "E\u0301mile É Straße ẞ", "ǅ ǆ 😀 שלום\u00a0عالم _x X_", "A\r\na B b"}
	for _, g := range texts {
		for _, p := range texts {
			f := bag.Of(&score.Pair{Gold: score.Gold{Body: g}, Prediction: score.Prediction{Status: score.OK, Text: p}})
			if want := score.BagWords(g, p); f.Counts != want {
				t.Errorf("%q and %q: %+v, by the texts %+v", g, p, f.Counts, want)
			}
		}
	}
}
