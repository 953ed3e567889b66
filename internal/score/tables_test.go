package score_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"annotate/internal/score"
)

func measures(t testing.TB, names ...string) []score.Measure {
	t.Helper()
	var out []score.Measure
	for _, n := range names {
		m, ok := score.MeasureNamed(n)
		if !ok {
			t.Fatalf("there is no measure %s", n)
		}
		out = append(out, m)
	}
	return out
}

func scoreAll(ms []score.Measure, gold, pred map[string]article) []score.Scored {
	var out []score.Scored
	for _, id := range slices.Sorted(maps.Keys(gold)) {
		out = append(out, score.Score(ms, score.Gold{ID: id, Body: gold[id].Body}, score.Prediction{Status: score.OK, Text: pred[id].Body}))
	}
	return out
}

func TestTheTableOfArticleExtractionBenchmark(t *testing.T) {
	gold, systems := benchmark(t)
	var want map[string]map[string]float64
	readJSON(t, corpusFile(t, "aeb-mini", "expected-aggregate.json"), &want)
	ms := measures(t, "shingle", "exact", "ratio", "bag", "edit", "jaccard", "rouge-lsum")
	for name, pred := range systems {
		r := score.NewReport(ms, scoreAll(ms, gold, pred), score.Resampling{Resamples: 200})
		got := map[string]float64{
			"sh4_P": r.Rows[0].Macro[score.P].Mean, "sh4_R": r.Rows[0].Macro[score.R].Mean, "sh4_F1": r.Mean(0), "acc": r.Mean(1), "indel": r.Mean(2),
			"bag_P": r.Rows[3].Macro[score.P].Mean, "bag_R": r.Rows[3].Macro[score.R].Mean, "bag_F": r.Mean(3), "charlev": r.Mean(4), "jacc": r.Mean(5),
		}
		for figure, v := range got {
			if !near(v, want[name][figure], 1e-6) {
				t.Errorf("%s: %s is %v, expected %v", name, figure, v, want[name][figure])
			}
		}
		if d := r.Mean(6) - want[name]["rlsum_F"]; math.Abs(d) > .003 {
			t.Errorf("%s: ROUGE-LSum by lines is %+.4f away from that by Punkt sentences", name, d)
		}
	}
}

func TestTheIntervalsOfArticleExtractionBenchmark(t *testing.T) {
	gold, systems := benchmark(t)
	var want struct {
		Systems map[string]struct {
			SD float64    `json:"F1_sd"`
			CI [2]float64 `json:"F1_ci95"`
		}
		Pairs []struct {
			A, B               string
			D                  float64    `json:"dF1"`
			SD                 float64    `json:"boot_sd"`
			CI                 [2]float64 `json:"ci95"`
			P                  float64    `json:"p_perm"`
			Wins, Losses, Ties int
		}
	}
	readJSON(t, corpusFile(t, "aeb-mini", "expected-significance.json"), &want)
	ms := measures(t, "shingle")
	reports := map[string]*score.Report{}
	for name, pred := range systems {
		reports[name] = score.NewReport(ms, scoreAll(ms, gold, pred), score.Resampling{Resamples: 100_000, Seed: 1})
	}
	// both sides are drawn by chance: the reference has 20 000 resamples, whose
	// quantiles have a standard error of some sd/50
	worst := 0.0
	for name, w := range want.Systems {
		i := reports[name].Rows[0].Macro[score.F1]
		tolerance := max(.0005, 3*w.SD/50)
		if !near(i.SD, w.SD, .0005) || !near(i.Low, w.CI[0], tolerance) || !near(i.High, w.CI[1], tolerance) {
			t.Errorf("%s is %+v, expected sd %v in %v", name, i, w.SD, w.CI)
		}
		worst = max(worst, math.Abs(i.SD-w.SD), math.Abs(i.Low-w.CI[0]), math.Abs(i.High-w.CI[1]))
	}
	for _, w := range want.Pairs {
		c := reports[w.A].Against(reports[w.B])[0]
		d := c.Difference
		if !near(d.Mean, w.D, 1e-9) || !near(d.SD, w.SD, .0005) || !near(d.Low, w.CI[0], max(.0005, 3*w.SD/50)) || !near(d.High, w.CI[1], max(.0005, 3*w.SD/50)) {
			t.Errorf("%s − %s is %+v, expected %v, sd %v in %v", w.A, w.B, d, w.D, w.SD, w.CI)
		}
		if c.Wins != w.Wins || c.Losses != w.Losses || c.Ties != w.Ties {
			t.Errorf("%s − %s: %d/%d/%d, expected %d/%d/%d", w.A, w.B, c.Wins, c.Losses, c.Ties, w.Wins, w.Losses, w.Ties)
		}
		if !near(c.P, w.P, .006) {
			t.Errorf("%s − %s: p %v, expected %v", w.A, w.B, c.P, w.P)
		}
	}
	t.Logf("intervals are at most %.5f away", worst)
}

func TestTheShingleCasesOfArticleExtractionBenchmark(t *testing.T) {
	all := reference[struct {
		Corpus struct{ F1, Precision, Recall float64 }
		Cases  []struct {
			Name, True, Pred string
			Shares           [3]float64 `json:"tp_fp_fn"`
			Exact            float64    `json:"exact_tokens"`
		}
	}](t, "body-shingle.json")
	ms := measures(t, "shingle", "exact")
	var docs []score.Scored
	for _, c := range all.Cases {
		s := score.Score(ms, score.Gold{ID: c.Name, Body: c.True}, score.Prediction{Status: score.OK, Text: c.Pred})
		tp, fp, fn := s.Figures[0].Shares()
		if !near(tp, c.Shares[0], exact) || !near(fp, c.Shares[1], exact) || !near(fn, c.Shares[2], exact) || s.Figures[1].PRF.F1 != c.Exact {
			t.Errorf("%s is %v %v %v, evaluate.py says %v", c.Name, tp, fp, fn, c.Shares)
		}
		docs = append(docs, s)
	}
	r := score.NewReport(ms, docs, score.Resampling{Resamples: 10})
	if m := r.Rows[0].Macro; !near(m[score.P].Mean, all.Corpus.Precision, 1e-9) || !near(m[score.R].Mean, all.Corpus.Recall, 1e-9) || !near(m[score.F1].Mean, all.Corpus.F1, 1e-9) {
		t.Errorf("over all %v %v %v, evaluate.py says %+v", m[0].Mean, m[1].Mean, m[2].Mean, all.Corpus)
	}
}

func TestThePrintedTablesOfWCXB(t *testing.T) {
	type page struct {
		Truth struct {
			Content string   `json:"main_content"`
			With    []string `json:"with"`
			Without []string `json:"without"`
		} `json:"ground_truth"`
		Internal struct {
			Type struct{ Primary string } `json:"page_type"`
		} `json:"_internal"`
	}
	gold := map[string]page{}
	files, _ := filepath.Glob(filepath.Join(corpusFile(t, "wcxb-test", "ground-truth"), "*.json"))
	for _, f := range files {
		var p page
		readJSON(t, f, &p)
		gold[strings.TrimSuffix(filepath.Base(f), ".json")] = p
	}
	printed, err := os.ReadFile(corpusFile(t, "wcxb-test", "expected-scores.txt"))
	if err != nil {
		t.Fatal(err)
	}

	ids := slices.Sorted(maps.Keys(gold))
	tables := 0
	for section := range strings.SplitSeq(string(printed), "=== ") {
		name, table, _ := strings.Cut(section, "\n")
		f, err := os.Open(filepath.Join(filepath.Dir(files[0]), "..", "pred-"+name+".json.gz"))
		if err != nil {
			continue // the table of a system whose answers are not here
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		var pred map[string]string
		if err := json.NewDecoder(z).Decode(&pred); err != nil {
			t.Fatal(err)
		}
		f.Close()

		type sum struct{ p, r, f1, n float64 }
		total, kinds := sum{}, map[string]sum{}
		with, without := 0.0, 0.0
		for _, id := range ids {
			g := gold[id]
			v := score.Filled(score.BagWords(g.Truth.Content, pred[id]))
			total = sum{total.p + v.P, total.r + v.R, total.f1 + v.F1, total.n + 1}
			k := kinds[g.Internal.Type.Primary]
			kinds[g.Internal.Type.Primary] = sum{k.p + v.P, k.r + v.R, k.f1 + v.F1, k.n + 1}
			with += wcxbShare(pred[id], g.Truth.With)
			without += wcxbShare(pred[id], g.Truth.Without)
		}
		want := []string{
			fmt.Sprintf("Precision:  %.4f", total.p/total.n), fmt.Sprintf("Recall:     %.4f", total.r/total.n), fmt.Sprintf("F1:         %.4f", total.f1/total.n),
			fmt.Sprintf("With snippets:    %.1f%%", 100*with/total.n), fmt.Sprintf("Without snippets: %.1f%%", 100*without/total.n),
		}
		for kind, k := range kinds {
			want = append(want, fmt.Sprintf("%s %.0f %.3f %.3f %.3f", kind, k.n, k.f1/k.n, k.p/k.n, k.r/k.n))
		}
		folded := regexp.MustCompile(` +`).ReplaceAllString(table, " ")
		for _, line := range want {
			if !strings.Contains(folded, regexp.MustCompile(` +`).ReplaceAllString(line, " ")) {
				t.Errorf("%s: the table lacks %q:\n%s", name, line, table)
			}
		}
		tables++
	}
	if tables != 4 {
		t.Errorf("%d tables were compared", tables)
	}
}

// wcxbShare is WCXB's: no snippet at all counts as found.
func wcxbShare(pred string, snippets []string) float64 {
	v := score.Snippets(score.Lower(pred), snippets, score.Lower)
	if math.IsNaN(v) {
		return 1
	}
	return v
}
