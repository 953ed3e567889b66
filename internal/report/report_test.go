package report_test

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
)

func measures(t testing.TB, names ...string) []score.Measure {
	t.Helper()
	var out []score.Measure
	for _, n := range names {
		m, ok := score.MeasureNamed(n)
		if !ok {
			t.Fatal(n)
		}
		out = append(out, m)
	}
	return out
}

// gold is eight documents whose bodies are n words, n = 1 … 8, of two sites, a
// kind and a date.
func gold(yield func(score.Gold, error) bool) {
	for n := 1; n <= 8; n++ {
		g := score.Gold{ID: fmt.Sprintf("d%d", n), Site: []string{"a.example", "b.example"}[n%2], Body: strings.TrimSpace(strings.Repeat("w ", n)),
			Fields: map[string]string{"kind": []string{"news", "forum"}[n/5], "date": fmt.Sprintf("2026-%02d-01", 1+n%3), "id": fmt.Sprintf("unique %d", n), "rank": fmt.Sprint(n * n)}}
		if !yield(g, nil) {
			return
		}
	}
}

// keeping is a run that keeps so many words of each body.
func keeping(name string, words func(n int) int) report.Source {
	return report.Source{Run: report.Run{Name: name}, For: func(g score.Gold) (score.Prediction, error) {
		n := len(strings.Fields(g.Body))
		if words(n) < 0 {
			return score.Prediction{Status: score.Missing}, nil
		}
		return score.Prediction{Status: score.OK, Text: strings.Repeat("w ", words(n)), Millis: 10 * n}, nil
	}}
}

func compute(t testing.TB, common bool, o report.Options, sources ...report.Source) (report.Report, error) {
	t.Helper()
	if o.Measures == nil {
		o.Measures = measures(t, "word")
	}
	if o.Resamples.Resamples == 0 {
		o.Resamples = score.Resampling{Resamples: 200, Seed: 1}
	}
	return report.Compute(t.Context(), report.Header{Title: "gold.jsonl"}, gold, sources, common, o)
}

func made(t testing.TB, common bool, o report.Options, sources ...report.Source) report.Report {
	t.Helper()
	r, err := compute(t, common, o, sources...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var (
	perfect = keeping("perfect", func(n int) int { return n })
	one     = keeping("one", func(int) int { return 1 })
	even    = keeping("even", func(n int) int {
		if n%2 == 0 {
			return n
		}
		return -1
	})
)

// F1 of one word of n is 2/(n+1).
func TestFiguresOfSlices(t *testing.T) {
	r := made(t, false, report.Options{Baseline: 1}, perfect, one)
	want := func(ns ...int) float64 {
		sum := 0.0
		for _, n := range ns {
			sum += 2 / float64(n+1)
		}
		return sum / float64(len(ns))
	}
	var got []string
	for _, s := range r.Slices {
		got = append(got, s.Field+"="+s.Value)
		var ns []int
		switch s.Field + "=" + s.Value {
		case "site=a.example":
			ns = []int{2, 4, 6, 8}
		case "kind=news":
			ns = []int{1, 2, 3, 4}
		case "length of the body=1 to 2 words":
			ns = []int{1, 2}
		case "date=2026-02":
			ns = []int{1, 4, 7}
		default:
			continue
		}
		if s.N != len(ns) || math.Abs(s.F1[1].Mean-want(ns...)) > 1e-12 || s.F1[0].Mean != 1 || math.Abs(s.Difference[0].Mean-(1-want(ns...))) > 1e-12 || s.N == 4 && !s.Told(0) {
			t.Errorf("%s %s: %d documents, %+v", s.Field, s.Value, s.N, s.F1)
		}
	}
	if have := strings.Join(got, "; "); have != "site=a.example; site=b.example; date=2026-01; date=2026-02; date=2026-03; kind=news; kind=forum; "+
		"rank=1; rank=4; rank=9; rank=16; rank=25; rank=36; rank=49; rank=64; length of the body=1 to 2 words; length of the body=3 to 4 words; length of the body=5 to 6 words; length of the body=7 to 8 words" &&
		!strings.Contains(have, "id=unique 1") {
		t.Errorf("the slices are %s", have)
	}
}

func TestAFieldNobodyHas(t *testing.T) {
	_, err := compute(t, false, report.Options{Baseline: -1, Slices: []string{"colour"}}, one)
	if i, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(i.Reason, `no field "colour"`) || !strings.Contains(i.Reason, "length-of-the-body") {
		t.Errorf("the error is %v", err)
	}
	r := made(t, false, report.Options{Baseline: -1, Slices: []string{"length-of-the-body"}}, one)
	if f := r.Fields(); len(f) != 1 || f[0] != report.LengthField {
		t.Errorf("cut by %v", f)
	}
}

func TestOneRunAgainstAnother(t *testing.T) {
	r := made(t, false, report.Options{Baseline: 0, Against: true, Gates: []report.Gate{{Name: "word-r", Bound: .9}}}, perfect, one, even)
	c := r.Changes(1, 0)
	if len(c.Worse) != 7 || len(c.Better) != 0 || c.Same != 1 || c.Lost != 7 || r.Documents[c.Worse[0].Document].Key != "d8" {
		t.Errorf("the changes are %+v", c)
	}
	if ws := r.Worst(1, 0, score.F1); len(ws) != 8 || ws[0] != 7 || ws[7] != 0 {
		t.Errorf("the worst are %v", ws)
	}
	if o := r.Runs[2].Outcomes(); o != (report.Outcomes{Perfect: 4, Missing: 4}) {
		t.Errorf("the outcomes are %+v", o)
	}
	if s := r.Runs[0].Speed(); s != (report.Speed{N: 8, P50: 50, P95: 80, Max: 80}) {
		t.Errorf("the speed is %+v", s)
	}
	short := r.Short()
	if len(r.Gates) != 4 || len(short) != 4 || short[1].Name != report.AgainstGate || short[1].Worst[0] != "d8: 0.2222, was 1.0000" || short[0].Run != "one" || !strings.Contains(short[0].String(), "word-r of one is") {
		t.Errorf("the gates are %+v", r.Gates)
	}
	if p, ok := r.Against(1); !ok || p.Wins != 0 || p.Losses != 7 || p.Difference.Mean >= 0 {
		t.Errorf("against the baseline: %+v", p)
	}
	if _, ok := r.Against(0); ok {
		t.Error("the baseline is set against itself")
	}

	common := made(t, true, report.Options{Baseline: -1}, perfect, even)
	if len(common.Documents) != 4 || common.Header.Common != 4 || common.Runs[1].Value("word") != 1 {
		t.Errorf("on what both have: %d documents, %v", len(common.Documents), common.Runs[1].Value("word"))
	}
}

// With intervals of ±w on n documents, ±w/2 takes 4n.
func TestHowManyMoreDocuments(t *testing.T) {
	r := made(t, false, report.Options{Baseline: -1}, one)
	i := r.Runs[0].Headline().Macro[score.F1]
	if got := r.Stop(0, (i.High-i.Low)/4).Wanted; got < 31 || got > 33 {
		t.Errorf("%d documents for half of the interval that 8 give", got)
	}
	if got := made(t, false, report.Options{Baseline: -1}, perfect).Stop(0, .01).Wanted; got != 0 {
		t.Errorf("%d documents where there is no spread", got)
	}
}

func TestEveryFormatGivesTheSameBytes(t *testing.T) {
	hostile := keeping("=cmd|' /C calc'!A0\x1b[2J <b>", func(n int) int { return n / 2 })
	hostile.Run.Cleaner = corpus.Cleaner{Name: "x", Dependencies: map[string]string{"b": "2", "a": "1"}}
	for _, f := range report.Formats {
		var first string
		for range 3 {
			r := made(t, false, report.Options{Baseline: 0, Against: true, Gates: []report.Gate{{Name: "word-f1", Bound: .99}}, Measures: measures(t, "word", "leaked", "shingle", "span")}, one, hostile, even)
			r.Runs[0].Unused = []string{"zzz"}
			var b strings.Builder
			if err := f.Write(&b, r); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = b.String()
			}
			if b.String() != first || strings.Contains(first, "NaN") || len(first) < 200 || strings.Contains(first, "\x1b") {
				t.Errorf("%s:\n%s\nand then\n%s", f.Name, first, b.String())
			}
		}
		switch f.Name {
		case "json":
			var v struct {
				Runs []struct{ NotInGold, Missing []string }
				Each []struct {
					Runs map[string]struct {
						Status  string
						Figures map[string]map[string]float64
					}
				}
			}
			if err := json.Unmarshal([]byte(first), &v); err != nil || v.Runs[0].NotInGold[0] != "zzz" || len(v.Runs[2].Missing) != 4 || v.Each[7].Runs["one"].Figures["word"]["fn"] != 7 {
				t.Errorf("%v\n%s", err, first)
			}
		case "csv", "documents":
			rows, err := csv.NewReader(strings.NewReader(first)).ReadAll()
			if err != nil || len(rows) < 10 {
				t.Errorf("%d rows, %v", len(rows), err)
			}
			for _, row := range rows {
				for _, c := range row {
					if strings.HasPrefix(c, "=") {
						t.Errorf("%s has the formula %q", f.Name, c)
					}
				}
			}
		case "junit":
			var suite struct {
				Failures int `xml:"failures,attr"`
			}
			if err := xml.Unmarshal([]byte(first), &suite); err != nil || suite.Failures != 2 {
				t.Errorf("%v\n%s", err, first)
			}
		default:
			for _, want := range []string{"zzz", "keep nothing", "Gate fell short", "No prediction, scored as a miss (4)", "Not there for 8 of 8 documents, because"} {
				if !strings.Contains(first, want) {
					t.Errorf("%s lacks %q:\n%s", f.Name, want, first)
				}
			}
		}
	}
}

func TestGatesAreRead(t *testing.T) {
	for s, want := range map[string]string{"word-f1=0.95": "", "leaked=0.1": "", "word-f1": "not like", "word-f1=2": "not like", "leaked-f1=0.1": "no measure", "beauty=0.1": "no measure"} {
		g, err := report.ParseGate(s)
		if want == "" && (err != nil || g.Lower != (g.Name == "leaked")) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %+v, %v", s, g, err)
		}
	}
}
