package score_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

type cases[T any] struct{ Cases []T }

// orZero is how the reference programs print what does not exist.
func orZero(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func TestConllevalPrintsTheSame(t *testing.T) {
	type figures struct {
		Tokens, Correct                  int
		Gold                             int `json:"gold_phrases"`
		Found                            int `json:"found_phrases"`
		Accuracy, Precision, Recall, FB1 float64
		PerType                          map[string]struct {
			Precision, Recall, FB1 float64
			Found                  int
		} `json:"per_type"`
	}
	for _, c := range reference[cases[struct {
		Name, Input string
		Expected    figures
	}]](t, "conlleval.json").Cases {
		t.Run(c.Name, func(t *testing.T) {
			var all score.Counts
			labels := map[string]score.Counts{}
			var gold, pred []string
			tokens, right := 0, 0
			sentence := func() {
				g, p := score.Conlleval(gold), score.Conlleval(pred)
				all = all.Add(score.Spans(g, p, score.Exact))
				for l, n := range score.SpansByLabel(g, p) {
					labels[l] = labels[l].Add(n)
				}
				gold, pred = nil, nil
			}
			for line := range strings.Lines(c.Input) {
				f := strings.Fields(line)
				if len(f) == 0 || f[0] == "-X-" {
					sentence()
					continue
				}
				gold, pred = append(gold, f[len(f)-2]), append(pred, f[len(f)-1])
				tokens++
				if f[len(f)-2] == f[len(f)-1] {
					right++
				}
			}
			sentence()

			percent := func(v float64) float64 {
				var f float64
				fmt.Sscan(fmt.Sprintf("%.2f", 100*orZero(v)), &f)
				return f
			}
			got := figures{Tokens: tokens, Correct: all.TP, Gold: all.TP + all.FN, Found: all.TP + all.FP,
				Accuracy: percent(float64(right) / float64(tokens)), Precision: percent(all.Precision()), Recall: percent(all.Recall()), FB1: percent(all.F1())}
			want := c.Expected
			for l, w := range want.PerType {
				if l == "(bare)" || l == "" {
					continue
				}
				n := labels[l]
				if percent(n.Precision()) != w.Precision || percent(n.Recall()) != w.Recall || percent(n.F1()) != w.FB1 || n.TP+n.FP != w.Found {
					t.Errorf("%s is %+v, conlleval prints %+v", l, n, w)
				}
			}
			want.PerType = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("conlleval (-) and we (+):\n%s", diff)
			}
		})
	}
}

type prf struct {
	Precision, Recall, F1 any
	Support               any
}

// value is a figure of a reference, "NaN" for none.
func value(v any) float64 {
	if f, ok := v.(float64); ok {
		return f
	}
	return math.NaN()
}

func TestSeqevalGivesTheSame(t *testing.T) {
	type figures struct {
		Micro, Macro prf
		PerType      map[string]prf `json:"per_type"`
		True         [][][3]any     `json:"entities_true"`
		Pred         [][][3]any     `json:"entities_pred"`
	}
	for _, c := range reference[cases[struct {
		Name    string
		Gold    [][]string `json:"y_true"`
		Pred    [][]string `json:"y_pred"`
		Default figures    `json:"default_conlleval_compatible"`
		True    [][][3]any `json:"entities_true_default"`
		PredE   [][][3]any `json:"entities_pred_default"`
		IOB2    *figures   `json:"strict_IOB2"`
		IOBES   *figures   `json:"strict_IOBES"`
	}]](t, "seqeval.json").Cases {
		t.Run(c.Name, func(t *testing.T) {
			check := func(name string, read score.Reader, want figures) {
				var all score.Counts
				labels := map[string]score.Counts{}
				for i := range c.Gold {
					g, p := read(c.Gold[i]), read(c.Pred[i])
					if !slices.Equal(list(g), sorted(want.True[i])) || !slices.Equal(list(p), sorted(want.Pred[i])) {
						t.Errorf("%s: the spans are %v and %v, seqeval has %v and %v", name, g, p, want.True[i], want.Pred[i])
					}
					all = all.Add(score.Spans(g, p, score.Exact))
					for l, n := range score.SpansByLabel(g, p) {
						labels[l] = labels[l].Add(n)
					}
				}
				same := func(what string, got score.PRF, want prf, tolerance float64) {
					if !near(orZero(got.P), value(want.Precision), tolerance) || !near(orZero(got.R), value(want.Recall), tolerance) || !near(orZero(got.F1), value(want.F1), tolerance) {
						t.Errorf("%s: %s is %v, seqeval has %v", name, what, got, want)
					}
				}
				same("micro", all.PRF(), want.Micro, exact)
				for l, w := range want.PerType {
					same(l, labels[l].PRF(), w, exact)
				}
				if macro := score.Macro(labels); len(labels) == 0 {
					if !math.IsNaN(macro.F1) || !math.IsNaN(value(want.Macro.F1)) {
						t.Errorf("%s: macro of nothing is %v, seqeval has %v", name, macro, want.Macro)
					}
				} else {
					same("macro", macro, want.Macro, exact)
				}
			}
			d := c.Default
			d.True, d.Pred = c.True, c.PredE
			check("default", score.Seqeval, d)
			if c.IOB2 != nil {
				check("strict IOB2", score.Strict(score.IOB2), *c.IOB2)
			}
			if c.IOBES != nil {
				check("strict IOBES", score.Strict(score.IOBES), *c.IOBES)
			}
		})
	}
}

func list(spans []score.Span) []string {
	var out []string
	for _, s := range spans {
		out = append(out, fmt.Sprint(s.Label, s.Start, s.End))
	}
	slices.Sort(out)

	return out
}

func sorted(entities [][3]any) []string {
	var out []string
	for _, e := range entities {
		out = append(out, fmt.Sprint(e[0].(string), int(e[1].(float64)), int(e[2].(float64))))
	}
	slices.Sort(out)

	return out
}

func TestEveryTagSchemeIsRead(t *testing.T) {
	readers := map[string]score.Reader{
		"IOB1": score.Strict(score.IOB1), "IOB2": score.Strict(score.IOB2), "IOE2": score.Strict(score.IOE2),
		"IOBES": score.Strict(score.IOBES), "BILOU": score.Strict(score.BILOU),
	}
	n := 0
	for _, c := range reference[cases[struct {
		Tags map[string][]string
		Back map[string][][3]any `json:"read_back"`
	}]](t, "tag-schemes.json").Cases {
		for name, tags := range c.Tags {
			var want []score.Span
			for _, e := range c.Back[name] {
				want = append(want, score.Span{Range: text.Range{Start: int(e[0].(float64)), End: int(e[1].(float64))}, Label: e[2].(string)})
			}
			if got := readers[name](tags); !slices.Equal(list(got), list(want)) {
				t.Errorf("%s %v is read as %v, seqeval reads %v", name, tags, got, want)
			}
			n++
		}
	}
	if n != 125 {
		t.Errorf("%d rows of tags", n)
	}
}

type triple [3]any

func (e triple) span() score.Span {
	return score.Span{Range: text.Range{Start: int(e[0].(float64)), End: int(e[1].(float64))}, Label: e[2].(string)}
}

func spans(es []triple) []score.Span {
	var out []score.Span
	for _, e := range es {
		out = append(out, e.span())
	}
	return out
}

func TestSpaCyScoresTheSame(t *testing.T) {
	type figures struct {
		P    *float64 `json:"ents_p"`
		R    *float64 `json:"ents_r"`
		F    *float64 `json:"ents_f"`
		Type map[string]struct{ P, R, F float64 }
	}
	for _, c := range reference[cases[struct {
		Name string
		Docs []struct {
			Gold *[]triple // nil: spaCy leaves the document out
			Pred []triple
		}
		PRF       figures `json:"get_ner_prf"`
		Unlabeled figures `json:"score_spans_ents_unlabeled"`
	}]](t, "spacy-scorer.json").Cases {
		t.Run(c.Name, func(t *testing.T) {
			check := func(m score.Match, want figures) {
				var n score.Counts
				for _, d := range c.Docs {
					if d.Gold != nil {
						n = n.Add(score.Spans(spans(*d.Gold), spans(d.Pred), m))
					}
				}
				if want.P == nil {
					if !math.IsNaN(n.F1()) {
						t.Errorf("%+v, spaCy has None", n)
					}
					return
				}
				if !near(orZero(n.Precision()), *want.P, exact) || !near(orZero(n.Recall()), *want.R, exact) || !near(orZero(n.F1()), *want.F, exact) {
					t.Errorf("%+v is %v, spaCy has %v %v %v", n, n.PRF(), *want.P, *want.R, *want.F)
				}
			}
			check(score.Exact, c.PRF)
			check(score.Borders, c.Unlabeled)
		})
	}
}

func TestSemEvalIsAsDefined(t *testing.T) {
	type tally struct{ Correct, Incorrect, Partial, Missed, Spurious int }
	type doc struct {
		Gold, Pred []struct {
			Label      string
			Start, End int
		}
	}
	counted := 0
	for _, c := range reference[cases[struct {
		Name       string
		Docs       []doc
		Counts     map[string]tally `json:"v1_1_0"`
		Definition map[string]prf
	}]](t, "nervaluate.json").Cases {
		t.Run(c.Name, func(t *testing.T) {
			var got score.SemEval
			for _, d := range c.Docs {
				var g, p []score.Span
				for _, s := range d.Gold {
					g = append(g, score.Span{Range: text.Range{Start: s.Start, End: s.End}, Label: s.Label})
				}
				for _, s := range d.Pred {
					p = append(p, score.Span{Range: text.Range{Start: s.Start, End: s.End}, Label: s.Label})
				}
				got = got.Add(score.SemEvalSpans(g, p))
			}
			for name, tl := range map[string]score.Tally{"strict": got.Strict, "exact": got.Exact, "partial": got.Partial, "ent_type": got.Type} {
				if c.Name == "order-steals-exact" {
					// the one place where we differ, on purpose: 1.1.0 lets a guess that
					// is listed first take the gold that a later one hits exactly
					if tl != (score.Tally{Correct: 1, Spurious: 1}) {
						t.Errorf("%s counts %+v: the exact guess goes first", name, tl)
					}
					continue
				}
				if want := score.Tally(c.Counts[name]); tl != want {
					t.Errorf("%s counts %+v, nervaluate 1.1.0 %+v", name, tl, want)
					continue
				}
				f, want := tl.PRF(), c.Definition[name]
				if !near(orZero(f.P), value(want.Precision), exact) || !near(orZero(f.R), value(want.Recall), exact) || !near(orZero(f.F1), value(want.F1), exact) {
					t.Errorf("%s is %v, the definition gives %v", name, f, want)
				}
				counted++
			}
		})
	}
	if counted != 43*4 {
		t.Errorf("%d tables are equal", counted)
	}
}

func TestScikitLearnClassifiesBlocksTheSame(t *testing.T) {
	type figures struct {
		Confusion [2][2]int
		PerClass  map[string]prf `json:"per_class"`
		Accuracy  any
		MacroF1   any `json:"macro_f1"`
		MCC       any
		Balanced  any `json:"balanced_accuracy"`
	}
	for _, c := range reference[cases[struct {
		Name       string
		Gold, Pred []corpus.Class
		Weights    []int
		Unweighted figures
		Weighted   figures `json:"weighted_by_characters"`
	}]](t, "block-classification.json").Cases {
		t.Run(c.Name, func(t *testing.T) {
			check := func(got score.Confusion, want figures) {
				if m := [2][2]int{{got.Body.TP, got.Body.FN}, {got.Body.FP, got.Right}}; m != want.Confusion {
					t.Errorf("confusion %v, scikit-learn has %v", m, want.Confusion)
				}
				for name, n := range map[string]score.Counts{"body": got.Body, "boilerplate": got.Boilerplate()} {
					w := want.PerClass[name]
					if !near(orZero(n.Precision()), value(w.Precision), exact) || !near(orZero(n.Recall()), value(w.Recall), exact) || !near(orZero(n.F1()), value(w.F1), exact) {
						t.Errorf("%s is %v, scikit-learn has %v", name, n.PRF(), w)
					}
				}
				for _, f := range []struct {
					name string
					got  float64
					want any
				}{{"accuracy", got.Accuracy(), want.Accuracy}, {"macro F1", got.MacroF1(), want.MacroF1}, {"MCC", got.MCC(), want.MCC}, {"balanced accuracy", got.BalancedAccuracy(), want.Balanced}} {
					// where a class is missing scikit-learn takes 0 or leaves it out; we say nothing
					if !math.IsNaN(f.got) && !near(f.got, value(f.want), exact) {
						t.Errorf("%s is %v, scikit-learn has %v", f.name, f.got, f.want)
					}
				}
			}
			check(score.Blocks(c.Gold, c.Pred, nil), c.Unweighted)
			check(score.Blocks(c.Gold, c.Pred, c.Weights), c.Weighted)
		})
	}
}
