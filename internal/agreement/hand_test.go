package agreement_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

func tableOf(rows ...[]float64) agreement.Table {
	t := agreement.NewTable(len(rows))
	for a, row := range rows {
		for b, n := range row {
			t.Count(a, b, n)
		}
	}
	return t
}

// ratings is a unit for each word: a digit is the class an annotator gave, "-"
// is none.
func ratings(q int, written string) agreement.Coincidences {
	var rows [][]int
	for _, unit := range strings.Fields(written) {
		var row []int
		for _, c := range unit {
			if c == '-' {
				row = append(row, -1)
			} else {
				row = append(row, int(c-'1'))
			}
		}
		rows = append(rows, row)
	}
	return coincidences(rows, q)
}

func TestTwoAnnotatorsByHand(t *testing.T) {
	// Cohen 1960, p. 45: 140 of 200 on the diagonal; chance
	// (120·100 + 60·60 + 20·40)/200² = .41, so κ is .29/.59
	cohen := tableOf([]float64{88, 14, 18}, []float64{10, 40, 10}, []float64{2, 6, 12})
	// Agresti 1992, p. 202, gives .493
	agresti := tableOf([]float64{22, 2, 2, 0}, []float64{5, 7, 14, 0}, []float64{0, 2, 36, 0}, []float64{0, 1, 17, 10})
	// the paradox of high prevalence: body 80, boilerplate 5, 7 and 8 differ.
	// κ: chance .87·.88 + .13·.12 = .7812. AC1: π = .875, chance 2·.875·.125
	paradox := tableOf([]float64{80, 7}, []float64{8, 5})
	// π of it pools: .875² + .125² = .78125
	for _, c := range []struct {
		name      string
		got       agreement.Coefficient
		want, tol float64
	}{
		{"Cohen's table", cohen.CohenKappa(), .29 / .59, exact},
		{"Agresti's table", agresti.CohenKappa(), .493, .0005},
		{"kappa where one class is rare", paradox.CohenKappa(), .0688 / .2188, exact},
		{"AC1 where one class is rare", paradox.AC1(), .63125 / .78125, exact},
		{"pi where one class is rare", paradox.ScottPi(), .06875 / .21875, exact},
		{"raw agreement", paradox.Raw(), .85, exact},
		{"kappa of contradiction", tableOf([]float64{0, 2}, []float64{2, 0}).CohenKappa(), -1, exact},
		// one says always body, the other always boilerplate: chance is 0, and so is what they share
		{"kappa of two fixed opinions", tableOf([]float64{0, 4}, []float64{0, 0}).CohenKappa(), 0, exact},
		{"AC1 of one class of two", tableOf([]float64{3, 0}, []float64{0, 0}).AC1(), 1, exact},
	} {
		if !near(c.got.Value, c.want, c.tol) || c.got.Why != "" {
			t.Errorf("%s is %+v, want %v", c.name, c.got, c.want)
		}
	}
	if k := cohen.CohenKappa(); !near(k.Observed, .7, exact) || !near(k.Expected, .41, exact) || k.Units != 200 {
		t.Errorf("Cohen's table gives %+v", k)
	}
}

func TestManyAnnotatorsByHand(t *testing.T) {
	// Krippendorff 2011, example C: 40 pairable values of classes 9, 13, 10, 5
	// and 3, of which 32 on the diagonal of the coincidences, so
	// α = (39·32 − 344)/(40·39 − 344)
	four := ratings(5, "11-1 2232 3333 3333 2222 1234 4444 1121 2222 -555 --11 -3--")
	// Fleiss 1971, p. 379: 30 subjects, 6 ratings each, 5 diagnoses
	fleiss := agreement.NewCoincidences(5)
	for _, row := range strings.Fields("00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006") {
		var n []int
		for _, c := range row {
			n = append(n, int(c-'0'))
		}
		fleiss.Count(n, 1)
	}
	for _, c := range []struct {
		name      string
		got       agreement.Coefficient
		want, tol float64
	}{
		{"alpha of four annotators", four.Alpha(), 904. / 1216, exact},
		// irrCAC prints 0.77544 for these data (gwet.ac1.raw of cac.raw4raters)
		{"AC1 of four annotators", four.AC1(), .77544, .000005},
		{"Fleiss' table", fleiss.FleissKappa(), .430, .0005},
		// contradiction of two on 4 units: Do 1, De 2·4·4/(8·7)
		{"alpha of contradiction", ratings(2, "12 21 12 21").Alpha(), 1 - 56./32, exact},
		{"raw agreement, single ratings left out", ratings(2, "11 12 1- -2").Raw(), .5, exact},
	} {
		if !near(c.got.Value, c.want, c.tol) || c.got.Why != "" {
			t.Errorf("%s is %+v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestWhatDoesNotExistSaysWhy(t *testing.T) {
	none := agreement.NewTable(2)
	for _, c := range []struct {
		name string
		got  agreement.Coefficient
		why  string
	}{
		{"alpha of one class", ratings(2, "11 11 11").Alpha(), agreement.OneClass},
		{"alpha of one class, thirds", ratings(2, "1111 111 1111111").Alpha(), agreement.OneClass},
		{"kappa of one class", tableOf([]float64{3, 0}, []float64{0, 0}).CohenKappa(), agreement.OneClass},
		{"pi of one class", tableOf([]float64{3, 0}, []float64{0, 0}).ScottPi(), agreement.OneClass},
		{"Fleiss' kappa of one class", ratings(2, "11 11").FleissKappa(), agreement.OneClass},
		{"AC1 of one choice", tableOf([]float64{3}).AC1(), agreement.OneChoice},
		{"Fleiss' kappa of missing ratings", ratings(2, "11 1-").FleissKappa(), agreement.Uneven},
		{"alpha of single ratings", ratings(2, "1- -2").Alpha(), agreement.NotTwice},
		{"raw agreement of single ratings", ratings(2, "1- -2").Raw(), agreement.NotTwice},
		{"AC1 of single ratings", ratings(2, "1- -2").AC1(), agreement.NotTwice},
		{"Fleiss' kappa of single ratings", ratings(2, "1- -2").FleissKappa(), agreement.NotTwice},
		{"alpha of units without weight", func() agreement.Coefficient {
			c := agreement.NewCoincidences(2)
			c.Count([]int{1, 1}, 0)
			return c.Alpha()
		}(), agreement.NotTwice},
		{"kappa of nothing", none.CohenKappa(), agreement.NotTwice},
		{"pi of nothing", none.ScottPi(), agreement.NotTwice},
		{"AC1 of nothing", none.AC1(), agreement.NotTwice},
		{"raw agreement of nothing", none.Raw(), agreement.NotTwice},
		{"unitizing of nothing", agreement.UnitizingAlpha(100, make([][]text.Range, 2)).Alpha(), agreement.NoSpan},
		{"unitizing of one annotator", agreement.UnitizingAlpha(100, [][]text.Range{{{Start: 1, End: 2}}}).Alpha(), agreement.NoSpan},
		{"unitizing of one character", agreement.UnitizingAlpha(1, [][]text.Range{{{Start: 0, End: 1}}, {{Start: 0, End: 1}}}).Alpha(), agreement.NoSurprise},
		{"F1 of nothing", agreement.SpanTally{}.F1(), agreement.NoSpan},
		{"the mean of no pair", first(agreement.OverPairs([]agreement.SpanTally{{}})), agreement.NoPair},
		{"the mean of no document", agreement.LabelUnitizing{}.MeanAlpha(), agreement.NoSpan},
	} {
		if c.got.Defined() || c.got.Why != c.why {
			t.Errorf("%s is %+v, want: undefined because %s", c.name, c.got, c.why)
		}
	}
}

func first(c agreement.Coefficient, _ float64) agreement.Coefficient { return c }

func TestUnitizingByHand(t *testing.T) {
	// Krippendorff 2004, p. 254, category c on 150 to 450: α .7286, Do .0144,
	// De .0532
	c := agreement.UnitizingAlpha(300, [][]text.Range{
		{{Start: 75, End: 145}, {Start: 220, End: 250}},
		{{Start: 250, End: 270}, {Start: 70, End: 150}, {Start: 205, End: 225}},
	})
	if a := c.Alpha(); !near(a.Value, .7286, .00005) || !near(c.Observed, .0144, .00005) || !near(c.Expected, .0532, .00005) || a.Units != 5 {
		t.Errorf("%+v gives %+v", c, a)
	}

	// One of two marks 3 to 13 of 100. Do: 2·10²/(2·100²) = .01. De: the gaps
	// with room for it are 87 and 100, for 78 and 91 places, so
	// (2/100)·10²·169/(200·199 − 10·9)
	one := agreement.UnitizingAlpha(100, [][]text.Range{{{Start: 3, End: 13}}, nil})
	if !near(one.Observed, .01, exact) || !near(one.Expected, 338./39710, exact) {
		t.Errorf("%+v", one)
	}

	// What overlaps an earlier span of the same annotator is left out.
	nested := agreement.UnitizingAlpha(100, [][]text.Range{{{Start: 5, End: 9}, {Start: 3, End: 13}, {Start: 3, End: 4}}, nil})
	if nested != one {
		t.Errorf("nested spans give %+v, want %+v", nested, one)
	}
}

func TestSpansPairUp(t *testing.T) {
	s := func(ends ...int) (out []text.Range) {
		for i := 0; i < len(ends); i += 2 {
			out = append(out, text.Range{Start: ends[i], End: ends[i+1]})
		}
		return out
	}
	for _, c := range []struct {
		name           string
		a, b           []text.Range
		exact, overlap agreement.SpanTally
	}{
		{"the same", s(0, 3, 5, 8), s(5, 8, 0, 3), agreement.SpanTally{TP: 2, A: 2, B: 2}, agreement.SpanTally{TP: 2, A: 2, B: 2}},
		{"one off by one", s(0, 3), s(0, 4), agreement.SpanTally{A: 1, B: 1}, agreement.SpanTally{TP: 1, A: 1, B: 1}},
		{"touching is no overlap", s(0, 3), s(3, 5), agreement.SpanTally{A: 1, B: 1}, agreement.SpanTally{A: 1, B: 1}},
		{"one name for two", s(0, 10), s(0, 4, 5, 10), agreement.SpanTally{A: 1, B: 2}, agreement.SpanTally{TP: 1, A: 1, B: 2}},
		// in reading order 0-9 would take 0-2 and leave nothing for 1-2
		{"the most pairs count", s(0, 9, 1, 2), s(0, 2, 6, 8), agreement.SpanTally{A: 2, B: 2}, agreement.SpanTally{TP: 2, A: 2, B: 2}},
		{"marked twice counts once", s(1, 2, 1, 2), s(1, 2), agreement.SpanTally{TP: 1, A: 1, B: 1}, agreement.SpanTally{TP: 1, A: 1, B: 1}},
		{"nothing on one side", nil, s(1, 2), agreement.SpanTally{B: 1}, agreement.SpanTally{B: 1}},
	} {
		if got := agreement.ExactSpans(c.a, c.b); got != c.exact {
			t.Errorf("%s: exact %+v, want %+v", c.name, got, c.exact)
		}
		if got := agreement.OverlappingSpans(c.a, c.b); got != c.overlap {
			t.Errorf("%s: overlapping %+v, want %+v", c.name, got, c.overlap)
		}
	}
	if f := (agreement.SpanTally{TP: 2, A: 3, B: 5}).F1(); f.Value != .5 || f.Units != 8 {
		t.Errorf("F1 is %+v", f)
	}
}

// The readings of Dawid and Skene 1979, Table 1: a patient for each word,
// observer 1 three times and then observers 2 to 5. The figures are of
// dallascard/dawid_skene.
const anaesthetists = "1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222"

func anaesthetistRatings() agreement.Ratings {
	r := agreement.Ratings{Items: 45, Annotators: 5, Classes: 4}
	for i, readings := range strings.Fields(anaesthetists) {
		for n, c := range readings {
			r.All = append(r.All, agreement.Rating{Item: i, Annotator: max(0, n-2), Class: int(c - '1')})
		}
	}
	return r
}

func TestDawidSkeneOfTheAnaesthetists(t *testing.T) {
	f, err := agreement.DawidSkene(t.Context(), anaesthetistRatings(), agreement.DawidSkeneOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Rounds != 15 || !f.Converged || !near(f.LogLikelihood, -192.8908823511, exact) {
		t.Errorf("%d rounds, %v", f.Rounds, f.LogLikelihood)
	}
	for k, want := range []float64{.3995547535811126, .42198344324644854, .11179513650577232, .06666666666666667} {
		if !near(f.Classes[k], want, exact) {
			t.Errorf("the share of %d is %v, want %v", k+1, f.Classes[k], want)
		}
	}
	if got := f.Errors[0][1]; !near(got[0], .07058544130000363, exact) || !near(got[1], .8763799501872713, exact) || !near(got[2], .053034608512724964, exact) || got[3] != 0 {
		t.Errorf("observer 1 on class 2: %v", got)
	}
	// the diagonal .8895, .8764, .6612, .4444 by the shares above
	if a := f.Accuracy(0); !near(a, .8288, .00005) {
		t.Errorf("observer 1 is right at %v", a)
	}
}

func TestDawidSkeneStopsWhereItIsTold(t *testing.T) {
	f, err := agreement.DawidSkene(t.Context(), anaesthetistRatings(), agreement.DawidSkeneOptions{Rounds: 3})
	if err != nil || f.Rounds != 3 || f.Converged || !near(f.LogLikelihood, -193.15944549170825, exact) {
		t.Errorf("%d rounds, converged %v, %v, %v", f.Rounds, f.Converged, f.LogLikelihood, err)
	}
}

// 60 blocks by 5 people: B body, p boilerplate, "-" none. The last always says
// body. The figures are of MACE 0.3 with 200 restarts.
const blocksOfFive = "-BppB p-ppB ppppB BBBpB BBBB- pp-pB ppppB -ppBB ppppB BBBB- ppppB ppppB BBBp- BBBBB pBpBB -BBBB ppppB pBB-B Bp-BB p-ppB BpB-B BpBBB pppp- pp-pB pppBB -pp-B BBBBB -BppB BpBBB pppBB pppBB pppBB --pB- pBppB -B--B -pppB pppBB pppBB -pppB BBpBB ppppB -ppp- BBppB pBppB ppppB BBBBB ppBpB B---- ppppB pppBB p-pB- pppBB ppppB B-p-B ppppB -BB-B BBB-- pBp-- pppp- ppppB"

func fiveRatings() agreement.Ratings {
	r := agreement.Ratings{Items: 60, Annotators: 5, Classes: 2}
	for i, unit := range strings.Fields(blocksOfFive) {
		for a, c := range unit {
			if k := strings.IndexRune("Bp", c); k >= 0 {
				r.All = append(r.All, agreement.Rating{Item: i, Annotator: a, Class: k})
			}
		}
	}
	return r
}

func TestMACEFindsWhoGuesses(t *testing.T) {
	o := agreement.MACEOptions{Restarts: 50, Rounds: 500, Seed: 7}
	f, err := agreement.MACE(t.Context(), fiveRatings(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Converged || !near(f.LogLikelihood, -125.6575994, 1e-4) {
		t.Errorf("converged %v at %v", f.Converged, f.LogLikelihood)
	}
	for a, want := range []float64{.96244, .59703, .78911, .42614, .00378} {
		if !near(f.Competence[a], want, 1e-4) {
			t.Errorf("competence %d is %v, want %v", a+1, f.Competence[a], want)
		}
	}
	if !near(f.Posteriors[0][1], .82649, 1e-4) || !near(f.Entropies[0], .46141, 1e-4) {
		t.Errorf("block 1: %v, entropy %v", f.Posteriors[0], f.Entropies[0])
	}

	again, err := agreement.MACE(t.Context(), fiveRatings(), o)
	if err != nil || !slices.Equal(again.Competence, f.Competence) || !slices.Equal(again.Entropies, f.Entropies) {
		t.Errorf("one seed gave two fits, or %v", err)
	}
}

func TestModelsSayWhatTheyCannotFit(t *testing.T) {
	fit := func(ctx context.Context, r agreement.Ratings) [2]error {
		_, ds := agreement.DawidSkene(ctx, r, agreement.DawidSkeneOptions{})
		_, mace := agreement.MACE(ctx, r, agreement.MACEOptions{})
		return [2]error{ds, mace}
	}
	for name, r := range map[string]agreement.Ratings{
		"one class":      {Items: 1, Annotators: 1, Classes: 1},
		"item too high":  {Items: 1, Annotators: 1, Classes: 2, All: []agreement.Rating{{Item: 1}}},
		"negative class": {Items: 1, Annotators: 1, Classes: 2, All: []agreement.Rating{{Class: -1}}},
		"no rating":      {Items: 1, Annotators: 1, Classes: 2},
	} {
		for _, err := range fit(t.Context(), r) {
			if _, ok := errors.AsType[*corpus.Invalid](err); !ok {
				t.Errorf("%s gives %v", name, err)
			}
		}
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range fit(ended, fiveRatings()) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of its context: %v", err)
		}
	}

	r := fiveRatings()
	r.Items, r.Annotators = 61, 6 // one item and one person without a rating
	ds, err := agreement.DawidSkene(t.Context(), r, agreement.DawidSkeneOptions{})
	if err != nil || !math.IsNaN(ds.Posteriors[60][0]) || math.IsNaN(ds.LogLikelihood) {
		t.Errorf("an item without ratings: %v, %v", ds.Posteriors[60], err)
	}
	m, err := agreement.MACE(t.Context(), r, agreement.MACEOptions{})
	if err != nil || !math.IsNaN(m.Posteriors[60][0]) || !math.IsNaN(m.Entropies[60]) || !math.IsNaN(m.Competence[5]) || math.IsNaN(m.Competence[0]) {
		t.Errorf("an item without ratings: %v, %v, %v", m.Posteriors[60], m.Competence, err)
	}
}

// drawnUnits are ratings of up to 4 annotators over 3 classes, some missing.
var drawnUnits = rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(-1, 2), 4, 4), 0, 30)

func TestCodingLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := drawnUnits.Draw(t, "units")
		source := rand.New(rand.NewPCG(1, uint64(len(rows))))
		shuffled := slices.Clone(rows)
		source.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		order := source.Perm(4)
		for i, row := range shuffled {
			turned := make([]int, 4)
			for k, at := range order {
				turned[k] = row[at]
			}
			shuffled[i] = turned
		}
		cut := rapid.IntRange(0, len(rows)).Draw(t, "cut")
		sum := coincidences(rows[:cut], 3)
		sum.Add(coincidences(rows[cut:], 3))
		twice := agreement.NewCoincidences(3) // every unit with weight 2
		for _, row := range rows {
			n := make([]int, 3)
			for _, k := range row {
				if k >= 0 {
					n[k]++
				}
			}
			twice.Count(n, 2)
		}

		whole := all(coincidences(rows, 3))
		same(t, "another order of units and annotators", all(coincidences(shuffled, 3)), whole)
		same(t, "the sum of two parts", all(sum), whole)
		same(t, "weight 2 and every unit twice", all(twice), all(coincidences(append(slices.Clone(rows), rows...), 3)))
		for i, c := range whole {
			if c.Defined() && (c.Value > 1+exact || c.Observed < -exact || c.Observed > 1+exact || c.Value < -1-exact) {
				t.Errorf("figure %d is %+v", i, c)
			}
			if c.Defined() == (c.Why != "") {
				t.Errorf("figure %d is %+v", i, c)
			}
		}

		ab, ba := table(rows, 3, 0, 1), table(rows, 3, 1, 0)
		parts := table(rows[:cut], 3, 0, 1)
		parts.Add(table(rows[cut:], 3, 0, 1))
		same(t, "annotators the other way round", ofTable(ba), ofTable(ab))
		same(t, "the sum of two tables", ofTable(parts), ofTable(ab))
		pairwise := agreement.NewCoincidences(3)
		for _, row := range rows {
			if row[0] >= 0 && row[1] >= 0 {
				n := make([]int, 3)
				n[row[0]]++
				n[row[1]]++
				pairwise.Count(n, 1)
			}
		}
		same(t, "many annotators who are two", []agreement.Coefficient{pairwise.Raw(), pairwise.FleissKappa(), pairwise.AC1()},
			[]agreement.Coefficient{ab.Raw(), ab.ScottPi(), ab.AC1()})
	})
}

func all(c agreement.Coincidences) []agreement.Coefficient {
	return []agreement.Coefficient{c.Alpha(), c.Raw(), c.AC1(), c.FleissKappa()}
}

func ofTable(t agreement.Table) []agreement.Coefficient {
	return []agreement.Coefficient{t.Raw(), t.CohenKappa(), t.ScottPi(), t.AC1()}
}

func same(t *rapid.T, what string, got, want []agreement.Coefficient) {
	for i := range want {
		if !near(got[i].Value, want[i].Value, exact) || got[i].Why != want[i].Why || !near(got[i].Units, want[i].Units, exact) {
			t.Errorf("%s: figure %d is %+v, want %+v", what, i, got[i], want[i])
		}
	}
}

var drawnSpans = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) text.Range {
	start := rapid.IntRange(0, 30).Draw(t, "start")
	return text.Range{Start: start, End: start + rapid.IntRange(1, 12).Draw(t, "length")}
}), 0, 7)

func TestSpanLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawnSpans.Draw(t, "a"), drawnSpans.Draw(t, "b")
		exactly, overlap := agreement.ExactSpans(a, b), agreement.OverlappingSpans(a, b)
		if turned := agreement.ExactSpans(b, a); turned != (agreement.SpanTally{TP: exactly.TP, A: exactly.B, B: exactly.A}) {
			t.Errorf("exact %+v, turned %+v", exactly, turned)
		}
		if turned := agreement.OverlappingSpans(b, a); turned != (agreement.SpanTally{TP: overlap.TP, A: overlap.B, B: overlap.A}) {
			t.Errorf("overlapping %+v, turned %+v", overlap, turned)
		}
		if most := mostPairs(distinct(a), distinct(b)); overlap.TP != most || overlap.TP < exactly.TP {
			t.Errorf("%d pairs overlap, %d are possible, %d are equal", overlap.TP, most, exactly.TP)
		}

		u, turned := agreement.UnitizingAlpha(50, [][]text.Range{a, b}), agreement.UnitizingAlpha(50, [][]text.Range{b, a})
		if !near(u.Observed, turned.Observed, exact) || !near(u.Expected, turned.Expected, exact) || u.Observed < 0 || u.Expected < 0 {
			t.Errorf("unitizing %+v, turned %+v", u, turned)
		}
		if alike := agreement.UnitizingAlpha(50, [][]text.Range{a, a}); len(a) > 0 && !near(alike.Alpha().Value, 1, exact) {
			t.Errorf("two who do the same: %+v", alike)
		}
	})
}

func distinct(spans []text.Range) []text.Range {
	seen := map[text.Range]bool{}
	return slices.DeleteFunc(slices.Clone(spans), func(r text.Range) bool {
		before := seen[r]
		seen[r] = true
		return before
	})
}

// mostPairs tries every way.
func mostPairs(a, b []text.Range) int {
	if len(a) == 0 {
		return 0
	}
	most := mostPairs(a[1:], b)
	for i, o := range b {
		if o.Overlaps(a[0]) {
			most = max(most, 1+mostPairs(a[1:], slices.Delete(slices.Clone(b), i, i+1)))
		}
	}
	return most
}
