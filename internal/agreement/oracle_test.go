package agreement_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"annotate/internal/agreement"
	"annotate/internal/text"
)

// exact is how near a figure has to be to its reference program's.
const exact = 1e-9

func near(got, want, tolerance float64) bool {
	return math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= tolerance
}

// oracle reads a file of figures that stands beside the project on its makers'
// machine; the test is skipped elsewhere.
func oracle(t *testing.T, into any, elem ...string) {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "oracle"}, elem...)...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("the reference programs' figures are not here: %v", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// units are ratings by item and annotator as classes 0 to q−1, -1 for none.
func units(rows [][]any) (out [][]int, q int) {
	number := map[any]int{}
	for _, row := range rows {
		unit := make([]int, len(row))
		for i, v := range row {
			unit[i] = -1
			if v == nil {
				continue
			}
			k, ok := number[v]
			if !ok {
				k = len(number)
				number[v] = k
			}
			unit[i] = k
		}
		out = append(out, unit)
	}
	return out, len(number)
}

func coincidences(rows [][]int, q int) agreement.Coincidences {
	c := agreement.NewCoincidences(q)
	for _, unit := range rows {
		ratings := make([]int, q)
		for _, k := range unit {
			if k >= 0 {
				ratings[k]++
			}
		}
		c.Count(ratings, 1)
	}
	return c
}

func table(rows [][]int, q, a, b int) agreement.Table {
	t := agreement.NewTable(q)
	for _, unit := range rows {
		if unit[a] >= 0 && unit[b] >= 0 {
			t.Count(unit[a], unit[b], 1)
		}
	}
	return t
}

func TestCodingEqualsTheReferencePrograms(t *testing.T) {
	var file struct {
		Cases []struct {
			Name    string
			Raters  int
			Ratings [][]any
			Expect  struct {
				DKPro       map[string]any `json:"dkpro"`
				Grrrr       any            `json:"grrrr_alpha_nominal"`
				Krippen     map[string]any `json:"fast_krippendorff"`
				NLTK        map[string]any `json:"nltk"`
				Statsmodels any            `json:"statsmodels_fleiss_kappa"`
				Pairs       map[string]any `json:"sklearn_cohen_kappa_pairs"`
			} `json:"expected"`
		}
	}
	oracle(t, &file, "metrics", "agreement-coding.json")

	compared := 0
	for _, c := range file.Cases {
		rows, q := units(c.Ratings)
		all, e := coincidences(rows, q), c.Expect
		check := func(what string, got agreement.Coefficient, want any) {
			w, number := want.(float64)
			if !number && want == nil {
				return
			}
			compared++
			switch {
			case number && q > 1 && !near(got.Value, w, exact):
				t.Errorf("%s: %s is %v, want %v", c.Name, what, got, w)
			case (!number || q < 2) && what != "percentage" && (got.Defined() || got.Why == ""):
				t.Errorf("%s: %s is %+v, want a reason", c.Name, what, got)
			}
		}
		check("alpha", all.Alpha(), e.Krippen["nominal"])
		check("alpha", all.Alpha(), e.DKPro["alpha_nominal"])
		check("percentage", all.Raw(), e.DKPro["percentage"])
		check("Fleiss' kappa", all.FleissKappa(), e.Statsmodels)
		if do, ok := e.DKPro["alpha_nominal_Do"].(float64); ok && q > 1 && !near(1-all.Alpha().Observed, do, exact) {
			t.Errorf("%s: Do is %v, want %v", c.Name, 1-all.Alpha().Observed, do)
		}
		if de, ok := e.DKPro["alpha_nominal_De"].(float64); ok && q > 1 && !near(1-all.Alpha().Expected, de, exact) {
			t.Errorf("%s: De is %v, want %v", c.Name, 1-all.Alpha().Expected, de)
		}
		for a := range c.Raters {
			for b := range a {
				key := strconv.Itoa(b) + "-" + strconv.Itoa(a)
				check("kappa "+key, table(rows, q, b, a).CohenKappa(), e.Pairs[key])
			}
		}
		if c.Raters == 2 {
			pair := table(rows, q, 0, 1)
			if complete := !slices.ContainsFunc(rows, func(unit []int) bool { return slices.Contains(unit, -1) }); complete { // DKPro counts half units in
				check("kappa", pair.CohenKappa(), e.DKPro["cohen_kappa"])
				check("pi", pair.ScottPi(), e.DKPro["scott_pi"])
			}
			check("AC1", pair.AC1(), e.DKPro["gwet_ac1"])
			check("percentage", pair.Raw(), e.DKPro["percentage"])
		}
	}
	if compared < 200 {
		t.Errorf("only %d figures were compared", compared)
	}
}

func TestAgreementOfSyntheticBlocksEqualsTheReferencePrograms(t *testing.T) {
	var file struct {
		Krippendorff2011 [][]any
		Alpha            float64
		Synthetic        struct {
			Labels [][]any
			Ao     float64 `json:"avg_Ao"`
			Pi     float64 `json:"pi_scott_fleiss"`
			Alpha  float64
			Cohen  map[string]float64
		}
	}
	oracle(t, &file, "cleaning", "iaa.json")

	turned := make([][]any, len(file.Krippendorff2011[0])) // the file has a row for each annotator
	for _, row := range file.Krippendorff2011 {
		for i, v := range row {
			turned[i] = append(turned[i], v)
		}
	}
	rows, q := units(turned)
	if got := coincidences(rows, q).Alpha(); !near(got.Value, file.Alpha, exact) {
		t.Errorf("alpha is %v, want %v", got, file.Alpha)
	}

	rows, q = units(file.Synthetic.Labels)
	all, s := coincidences(rows, q), file.Synthetic
	for what, pair := range map[string][2]float64{"raw": {all.Raw().Value, s.Ao}, "pi": {all.FleissKappa().Value, s.Pi}, "alpha": {all.Alpha().Value, s.Alpha}} {
		if !near(pair[0], pair[1], exact) {
			t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
		}
	}
	for key, want := range s.Cohen {
		a, b := int(key[0]-'0'), int(key[2]-'0')
		if got := table(rows, q, a, b).CohenKappa(); !near(got.Value, want, exact) {
			t.Errorf("kappa of %s is %v, want %v", key, got, want)
		}
	}
}

func TestUnitizingEqualsDKPro(t *testing.T) {
	var file struct {
		Cases []struct {
			Name   string
			Raters int
			Begin  int `json:"continuum_begin"`
			Length int `json:"continuum_length"`
			Units  []struct {
				Rater, Start, End int
				Category          string
			}
			Expected struct {
				Alpha any                                        `json:"alpha_u"`
				Per   map[string]struct{ Alpha, Do, De float64 } `json:"per_category"`
			}
		}
	}
	oracle(t, &file, "metrics", "agreement-unitizing.json")

	for _, c := range file.Cases {
		var all agreement.Unitizing
		categories := map[string][][]text.Range{}
		for _, u := range c.Units {
			if categories[u.Category] == nil {
				categories[u.Category] = make([][]text.Range, c.Raters)
			}
			categories[u.Category][u.Rater] = append(categories[u.Category][u.Rater], text.Range{Start: u.Start - c.Begin, End: u.End - c.Begin})
		}
		for name, spans := range categories {
			u, want := agreement.UnitizingAlpha(c.Length, spans), c.Expected.Per[name]
			if !near(u.Observed, want.Do, exact) || !near(u.Expected, want.De, exact) || !near(u.Alpha().Value, want.Alpha, exact) {
				t.Errorf("%s, %s: %+v and %v, want %+v", c.Name, name, u, u.Alpha(), want)
			}
			all = all.Add(u)
		}
		want, ok := c.Expected.Alpha.(float64)
		if !ok {
			want = math.NaN()
		}
		if got := all.Alpha(); !near(got.Value, want, exact) {
			t.Errorf("%s: %v, want %v", c.Name, got, want)
		}
	}
}

func TestSpanF1EqualsBratiaa(t *testing.T) {
	type report struct {
		Pairs    [][2]string
		Mean     float64                               `json:"mean_f1"`
		SD       float64                               `json:"sd_f1"`
		PerLabel map[string]struct{ Mean, SD float64 } `json:"per_label"`
	}
	var file struct {
		Documents []struct {
			Text        string
			Annotations map[string][]struct {
				Start, End int
				Label      string
			}
		}
		Expected struct{ Instance, Token report }
	}
	oracle(t, &file, "metrics", "pairwise-f1.json")

	for name, want := range map[string]report{"instance": file.Expected.Instance, "token": file.Expected.Token} {
		var whole []agreement.SpanTally
		perLabel := map[string][]agreement.SpanTally{}
		for _, pair := range want.Pairs {
			var sum agreement.SpanTally
			for label := range want.PerLabel {
				var of agreement.SpanTally
				for _, d := range file.Documents {
					side := func(who string) (out []text.Range) {
						for _, a := range d.Annotations[who] {
							if a.Label == label {
								out = append(out, text.Range{Start: a.Start, End: a.End})
							}
						}
						if name == "token" {
							out = agreement.TokensOf(out, fields(d.Text))
						}
						return out
					}
					of = of.Add(agreement.ExactSpans(side(pair[0]), side(pair[1])))
				}
				perLabel[label] = append(perLabel[label], of)
				sum = sum.Add(of)
			}
			whole = append(whole, sum)
		}
		if mean, sd := agreement.OverPairs(whole); !near(mean.Value, want.Mean, exact) || !near(sd, want.SD, exact) {
			t.Errorf("%s: %v ± %v, want %v ± %v", name, mean.Value, sd, want.Mean, want.SD)
		}
		for label, w := range want.PerLabel {
			if mean, sd := agreement.OverPairs(perLabel[label]); !near(mean.Value, w.Mean, exact) || !near(sd, w.SD, exact) {
				t.Errorf("%s, %s: %v ± %v, want %v ± %v", name, label, mean.Value, sd, w.Mean, w.SD)
			}
		}
	}
}

// fields are the words of a text between single spaces.
func fields(s string) (out []text.Range) {
	start, n := 0, 0
	for _, r := range s + " " {
		if r == ' ' {
			if n > start {
				out = append(out, text.Range{Start: start, End: n})
			}
			start = n + 1
		}
		n++
	}
	return out
}

func TestDawidSkeneEqualsItsReference(t *testing.T) {
	type expected struct {
		Tol        float64
		Iterations int
		LogL       float64                                  `json:"log_likelihood"`
		Marginals  map[string]float64                       `json:"class_marginals"`
		Errors     map[string]map[string]map[string]float64 `json:"error_rates"`
		Patients   map[string][]float64                     `json:"patient_classes"`
	}
	var file struct {
		Data      map[string]map[string][]int
		Default   expected `json:"expected_default"`
		Converged expected `json:"expected_converged"`
	}
	oracle(t, &file, "metrics", "dawid-skene.json")

	at := func(key string) int {
		n, err := strconv.Atoi(key)
		if err != nil {
			t.Fatal(err)
		}
		return n - 1
	}
	r := agreement.Ratings{Items: len(file.Data), Annotators: 5, Classes: 4}
	for patient, observers := range file.Data {
		for observer, readings := range observers {
			for _, k := range readings {
				r.All = append(r.All, agreement.Rating{Item: at(patient), Annotator: at(observer), Class: k - 1})
			}
		}
	}
	for _, want := range []expected{file.Default, file.Converged} {
		f, err := agreement.DawidSkene(t.Context(), r, agreement.DawidSkeneOptions{Tolerance: want.Tol})
		if err != nil {
			t.Fatal(err)
		}
		if f.Rounds != want.Iterations || !f.Converged || !near(f.LogLikelihood, want.LogL, exact) {
			t.Errorf("%d rounds, %v, %v; want %d and %v", f.Rounds, f.Converged, f.LogLikelihood, want.Iterations, want.LogL)
		}
		for k, v := range want.Marginals {
			if got := f.Classes[at(k)]; !near(got, v, exact) {
				t.Errorf("the share of %s is %v, want %v", k, got, v)
			}
		}
		for a, matrix := range want.Errors {
			for k, row := range matrix {
				for l, v := range row {
					if got := f.Errors[at(a)][at(k)][at(l)]; !near(got, v, exact) {
						t.Errorf("observer %s calls %s %s at %v, want %v", a, k, l, got, v)
					}
				}
			}
		}
		if len(want.Patients) != 45 {
			t.Fatalf("%d patients", len(want.Patients))
		}
		for i, row := range want.Patients {
			for k, v := range row {
				if got := f.Posteriors[at(i)][k]; !near(got, v, exact) {
					t.Errorf("patient %s is %d at %v, want %v", i, k+1, got, v)
				}
			}
		}
	}
}

func TestMACEEqualsItsReference(t *testing.T) {
	var file struct {
		Items    [][]any
		Expected struct {
			LogL         float64 `json:"log_marginal_likelihood"`
			Competence   []float64
			Entropies    []float64
			Distribution []map[string]float64
		}
	}
	oracle(t, &file, "metrics", "mace.json")

	names := []string{"body", "boilerplate"}
	r := agreement.Ratings{Items: len(file.Items), Annotators: 5, Classes: 2}
	for i, row := range file.Items {
		for a, v := range row {
			if s, ok := v.(string); ok && s != "" {
				r.All = append(r.All, agreement.Rating{Item: i, Annotator: a, Class: slices.Index(names, s)})
			}
		}
	}
	f, err := agreement.MACE(t.Context(), r, agreement.MACEOptions{Restarts: 100, Rounds: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	const tolerance = 1e-4
	if !near(f.LogLikelihood, file.Expected.LogL, tolerance) {
		t.Errorf("the likelihood is %v, want %v", f.LogLikelihood, file.Expected.LogL)
	}
	for a, want := range file.Expected.Competence {
		if !near(f.Competence[a], want, tolerance) {
			t.Errorf("competence %d is %v, want %v", a, f.Competence[a], want)
		}
	}
	for i, want := range file.Expected.Distribution {
		for k, name := range names {
			if !near(f.Posteriors[i][k], want[name], tolerance) {
				t.Errorf("item %d is %s at %v, want %v", i, name, f.Posteriors[i][k], want[name])
			}
		}
		if !near(f.Entropies[i], file.Expected.Entropies[i], tolerance) {
			t.Errorf("the entropy of %d is %v, want %v", i, f.Entropies[i], file.Expected.Entropies[i])
		}
	}
}
