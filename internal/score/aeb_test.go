package score_test

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"annotate/internal/score"
)

// article is a text as article-extraction-benchmark keeps it.
type article struct {
	Body string `json:"articleBody"`
	URL  string `json:"url"`
}

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// benchmark is article-extraction-benchmark: gold, and answers by system.
func benchmark(t testing.TB) (gold map[string]article, systems map[string]map[string]article) {
	t.Helper()
	readJSON(t, corpusFile(t, "aeb-mini", "ground-truth.json"), &gold)
	files, _ := filepath.Glob(filepath.Join(corpusFile(t, "aeb-mini", "output"), "*.json"))
	systems = map[string]map[string]article{}
	for _, f := range files {
		var answer struct{ Output map[string]article }
		readJSON(t, f, &answer)
		systems[strings.TrimSuffix(filepath.Base(f), ".json")] = answer.Output
	}
	if len(gold) != 181 || len(systems) != 8 {
		t.Fatalf("%d pages, %d systems", len(gold), len(systems))
	}

	return gold, systems
}

func TestEveryPageOfArticleExtractionBenchmark(t *testing.T) {
	gold, systems := benchmark(t)
	f, err := os.Open(corpusFile(t, "aeb-mini", "expected-perdoc.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	n, rougeOff, han := 0, 0.0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var want struct {
			System, ID string
			SH4        [3]float64
			Acc        float64
			Indel      float64    `json:"indel_ws"`
			Rouge      [3]float64 `json:"rougeLsum"`
			Bag        [3]float64
			Rouge5     [3]float64 `json:"rouge5_jieba"`
			Evert      [3]int
			Charlev    *float64
			Jaccard    float64 `json:"jaccard_set"`
		}
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		g, p := gold[want.ID].Body, systems[want.System][want.ID].Body
		differs := func(what string, got, want any) {
			t.Helper()
			t.Errorf("page %.8s: %s is %v, the reference says %v", lines.Bytes()[12:], what, got, want)
		}
		same := func(what string, got score.PRF, want [3]float64) {
			t.Helper()
			if !near(got.P, want[0], 1e-9) || !near(got.R, want[1], 1e-9) || !near(got.F1, want[2], 1e-9) {
				differs(what, got, want)
			}
		}

		tp, fp, fn := score.Shingles(g, p).Shares()
		if !near(tp, want.SH4[0], 1e-9) || !near(fp, want.SH4[1], 1e-9) || !near(fn, want.SH4[2], 1e-9) {
			differs("the shingle score", []float64{tp, fp, fn}, want.SH4)
		}
		if score.Identical(g, p) != (want.Acc == 1) {
			differs("identity", !(want.Acc == 1), want.Acc)
		}
		if got := score.Filled(score.TokenRatio(g, p)).F1; got != want.Indel && !near(got, want.Indel, 1e-15) {
			differs("the token ratio", got, want.Indel)
		}
		same("the bag of words", score.Filled(score.BagWords(g, p)), want.Bag)
		if five, whole := score.Rouge5(g, p); whole {
			same("ROUGE-5", score.WebMainBench(g, p, five), want.Rouge5)
		} else {
			han++
		}
		if got, _ := score.Difflib(parted(g), parted(p)); got != (score.Counts{TP: want.Evert[0], FP: want.Evert[1], FN: want.Evert[2]}) {
			differs("the aligned words", got, want.Evert)
		}
		if got := score.EditSimilarity(g, p); want.Charlev == nil && !math.IsNaN(got) || want.Charlev != nil && !near(got, *want.Charlev, 1e-9) {
			differs("the edit similarity", got, want.Charlev)
		}
		if got := score.WordSets(g, p); !near(got, want.Jaccard, 1e-9) {
			differs("the Jaccard coefficient", got, want.Jaccard)
		}
		lsum, _ := score.RougeLSum(g, p)
		rougeOff += math.Abs(score.WCEB(g, p, lsum).F1 - want.Rouge[2])
	}
	if n != 8*181 {
		t.Errorf("%d pages of 8 systems", n)
	}
	t.Logf("ROUGE-LSum by lines differs from that by Punkt sentences by %.4f a page; %d pages have Han characters", rougeOff/float64(n), han)
}

// parted is Python's re.split(r"\s+", s), by which these figures were made: white
// space at an end leaves an empty word.
func parted(s string) score.Tokens {
	ts := score.Fields(s)
	if trimmed := strings.TrimLeftFunc(s, unicode.IsSpace); trimmed != s || s == "" {
		ts = append(score.Tokens{""}, ts...)
	}
	if trimmed := strings.TrimRightFunc(s, unicode.IsSpace); trimmed != s {
		ts = append(ts, "")
	}

	return ts
}
