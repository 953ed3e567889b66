package score_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"annotate/internal/score"
)

// reference reads figures that the field's programs gave. testdata/README.md
// says which program made which file.
func reference[T any](t testing.TB, name string) T {
	t.Helper()
	var v T
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		t.Fatal(err)
	}

	return v
}

// corpusFile is a file of the real documents that stand beside the project on
// some machines; without them the test is skipped.
func corpusFile(t testing.TB, name ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "corpus"}, name...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the corpus %s is not on this machine", filepath.Join(name...))
	}

	return path
}

func near(a, b, tolerance float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= tolerance
}

type vector struct {
	Name    string     `json:"name"`
	Gold    string     `json:"gold"`
	Pred    string     `json:"pred"`
	AEB     [3]float64 `json:"aeb_tp_fp_fn"`
	Exact   float64    `json:"aeb_exact"`
	Tokens  []string   `json:"aeb_tokens_gold"`
	Fields  [2]int     `json:"ws_tokens"`
	LCS     int        `json:"lcs_ws"`
	Ratio   float64    `json:"wceb_indel"`
	Rouge   [3]float64 `json:"rougeLsum_newline"`
	Bag     [3]float64 `json:"wcxb_prf"`
	Rouge5  [3]float64 `json:"webmainbench_rouge5"`
	Edit    *float64   `json:"char_edit"`
	Evert   [3]float64 `json:"evert_F_P_R"`
	EvertNs [3]int     `json:"evert_tp_fp_fn"`
}

const exact = 1e-12

func TestEveryVectorOfTheReferencePrograms(t *testing.T) {
	all := reference[[]vector](t, "vectors.json")
	if len(all) != 39 {
		t.Fatalf("%d vectors", len(all))
	}
	for _, v := range all {
		t.Run(v.Name, func(t *testing.T) {
			same := func(what string, got score.PRF, want [3]float64) {
				t.Helper()
				if !near(got.P, want[0], exact) || !near(got.R, want[1], exact) || !near(got.F1, want[2], exact) {
					t.Errorf("%s is %v, the reference says %v", what, got, want)
				}
			}

			tp, fp, fn := score.Shingles(v.Gold, v.Pred).Shares()
			if !near(tp, v.AEB[0], exact) || !near(fp, v.AEB[1], exact) || !near(fn, v.AEB[2], exact) {
				t.Errorf("the shingles are %v %v %v, article-extraction-benchmark says %v", tp, fp, fn, v.AEB)
			}
			if got := score.Identical(v.Gold, v.Pred); got != (v.Exact == 1) {
				t.Errorf("identical: %v", got)
			}
			if got := score.RegexWords(v.Gold); !slices.Equal(got, v.Tokens) {
				t.Errorf("the words are %q, Python finds %q", got, v.Tokens)
			}
			ratio := score.TokenRatio(v.Gold, v.Pred)
			if g, p := ratio.TP+ratio.FN, ratio.TP+ratio.FP; g != v.Fields[0] || p != v.Fields[1] || ratio.TP != v.LCS {
				t.Errorf("%d of %d and %d tokens, the reference has %d of %v", ratio.TP, g, p, v.LCS, v.Fields)
			}
			if got := score.Filled(ratio).F1; got != v.Ratio {
				t.Errorf("the token ratio is %v, python-Levenshtein says %v", got, v.Ratio)
			}
			lsum, _ := score.RougeLSum(v.Gold, v.Pred)
			same("ROUGE-LSum", score.WCEB(v.Gold, v.Pred, lsum), v.Rouge)
			same("the bag of words", score.Filled(score.BagWords(v.Gold, v.Pred)), v.Bag)
			five, whole := score.Rouge5(v.Gold, v.Pred)
			if whole {
				same("ROUGE-5", score.WebMainBench(v.Gold, v.Pred, five), v.Rouge5)
			} else if !strings.ContainsFunc(v.Gold+v.Pred, func(r rune) bool { return 0x4e00 <= r && r <= 0x9fd5 }) {
				t.Error("ROUGE-5 is said to be inexact without a Han character")
			}
			edit := math.NaN()
			if v.Edit != nil {
				edit = *v.Edit
			}
			if got := score.EditSimilarity(v.Gold, v.Pred); !near(got, edit, exact) {
				t.Errorf("the edit similarity is %v, WebMainBench says %v", got, edit)
			}
			evert, _ := score.CleanEval(v.Gold, v.Pred)
			if got := [3]int{evert.TP, evert.FP, evert.FN}; got != v.EvertNs {
				t.Errorf("the aligned words are %v, cleaneval.py says %v", got, v.EvertNs)
			}
			f := score.Filled(evert)
			if got := [3]float64{round2(f.F1), round2(f.P), round2(f.R)}; got != v.Evert {
				t.Errorf("cleaneval.py prints %v, we have %v", v.Evert, got)
			}
		})
	}
}

func round2(v float64) float64 { return math.Round(v*1e4) / 1e2 }
