package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"annotate/internal/score"
)

// Slice is the headline over the documents that have one value of a field.
type Slice struct {
	Field, Value string
	N            int
	F1           []score.Interval // by run
	Difference   []score.Interval // by run, from the baseline; no mean for the baseline itself, or without one
}

// Told reports whether a run's difference from the baseline lies wholly on one
// side of 0. Where it does not, the slice is too small to say anything.
func (s Slice) Told(run int) bool { return s.Difference[run].Low > 0 || s.Difference[run].High < 0 }

// The fields that every document has, beside those of its metadata.
const (
	SiteField   = "site"
	ChosenField = "chosen"
	LengthField = "length of the body"
	ShareField  = "body's share of the page"
)

// Bounds of slicing.
const (
	sliceResamples = 2000 // an interval of a slice needs no third place
	mostValues     = 50   // a field with more values is an id
	mostShown      = 12   // sites, of which there are many, the largest first
)

// field is a value for each document, "" for none, and the order of the values.
type field struct {
	name   string
	values []string
	order  []string
}

// slicesBy cuts by the named fields, or by all that are fit to be cut by.
func (r Report) slicesBy(names []string, seed uint64) ([]Slice, error) {
	var fields []field
	for _, f := range r.fields() {
		if len(names) == 0 && len(f.order) < 2 {
			continue
		}
		if len(names) == 0 || slices.Contains(names, f.name) || slices.Contains(names, strings.ReplaceAll(f.name, " ", "-")) {
			fields = append(fields, f)
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == n || strings.ReplaceAll(f.name, " ", "-") == n }) {
			return nil, invalidSlice(n, r.fields())
		}
	}

	var out []Slice
	for _, f := range fields {
		places := map[string][]int{}
		for i, v := range f.values {
			places[v] = append(places[v], i)
		}
		for _, v := range f.order {
			out = append(out, r.slice(f.name, v, places[v], seed))
		}
	}

	return out, nil
}

func (r Report) slice(name, value string, places []int, seed uint64) Slice {
	s := Slice{Field: name, Value: value, N: len(places), F1: make([]score.Interval, len(r.Runs)), Difference: make([]score.Interval, len(r.Runs))}
	columns := make([]score.Column, len(r.Runs))
	for k, run := range r.Runs {
		whole := run.Scores.Column(0, score.F1)
		columns[k] = make(score.Column, len(places))
		for n, i := range places {
			columns[k][n] = whole[i]
		}
	}
	resampled := score.Resampling{Resamples: sliceResamples, Seed: seed}.Means(columns, nil)
	for k := range r.Runs {
		s.F1[k] = score.Spread(columns[k].Mean(), resampled[k])
		s.Difference[k] = score.Spread(math.NaN(), nil)
		if r.Baseline >= 0 && k != r.Baseline {
			d := make([]float64, len(resampled[k]))
			for n := range d {
				d[n] = resampled[k][n] - resampled[r.Baseline][n]
			}
			s.Difference[k] = score.Spread(s.F1[k].Mean-columns[r.Baseline].Mean(), d)
		}
	}

	return s
}

// fields are all that documents can be cut by, in the order of a report.
func (r Report) fields() []field {
	n := len(r.Documents)
	out := []field{{name: SiteField, values: make([]string, n)}}
	meta := map[string][]string{}
	for i, d := range r.Documents {
		out[0].values[i] = d.Site
		for k, v := range d.Fields {
			if meta[k] == nil {
				meta[k] = make([]string, n)
			}
			meta[k][i] = v
		}
	}
	chosen := r.chosenField()
	if len(chosen.order) > 0 {
		delete(meta, ChosenField) // one field of a name
	}
	for _, k := range slices.Sorted(maps.Keys(meta)) {
		out = append(out, field{name: k, values: meta[k]})
	}

	var sliced []field
	for _, f := range out {
		if f.arrange() {
			sliced = append(sliced, f)
		}
	}
	if len(r.Runs) > 0 {
		words, share := make([]float64, n), make([]float64, n)
		for i, d := range r.Runs[0].Scores.Documents {
			words[i], share[i] = math.NaN(), math.NaN()
			if d.Words > 0 {
				words[i] = float64(d.Words)
			}
			if d.Words > 0 && d.Page > 0 {
				share[i] = math.Round(100 * float64(d.Words) / float64(d.Page))
			}
		}
		sliced = append(sliced, quarters(LengthField, "words", words), quarters(ShareField, "%", share))
	}
	sliced = append(sliced, chosen)

	return slices.DeleteFunc(sliced, func(f field) bool { return len(f.order) == 0 })
}

// arrange puts the values of a field of text into order, and says whether it is
// fit to be cut by: numbers become quarters, dates months, and of many values
// the most frequent stay and the others go together.
func (f *field) arrange() bool {
	counts := map[string]int{}
	for _, v := range f.values {
		if v != "" {
			counts[v]++
		}
	}
	if len(counts) == 0 {
		return false
	}
	if months := f.months(); months != nil {
		f.values = months
		counts = map[string]int{}
		for _, v := range f.values {
			if v != "" {
				counts[v]++
			}
		}
		f.order = slices.Sorted(maps.Keys(counts))
		return true
	}
	if len(counts) > mostShown {
		if q, ok := f.numbers(); ok {
			*f = q
			return true
		}
		if f.name != SiteField && len(counts) > mostValues {
			return false
		}
	}

	f.order = slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	if len(f.order) > mostShown {
		const others = "all others"
		kept := map[string]bool{}
		for _, v := range f.order[:mostShown-1] {
			kept[v] = true
		}
		for i, v := range f.values {
			if v != "" && !kept[v] {
				f.values[i] = others
			}
		}
		f.order = append(f.order[:mostShown-1:mostShown-1], others)
	}

	return true
}

// months are the months of a field of dates, nil where it is none.
func (f *field) months() []string {
	out := make([]string, len(f.values))
	some := false
	for i, v := range f.values {
		if v == "" {
			continue
		}
		if len(v) < len("2006-01-02") {
			return nil
		}
		t, err := time.Parse("2006-01-02", v[:10])
		if err != nil {
			return nil
		}
		out[i], some = t.Format("2006-01"), true
	}
	if !some {
		return nil
	}

	return out
}

func (f *field) numbers() (field, bool) {
	vs := make([]float64, len(f.values))
	for i, s := range f.values {
		vs[i] = math.NaN()
		if s != "" {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil || math.IsInf(v, 0) {
				return field{}, false
			}
			vs[i] = v
		}
	}

	return quarters(f.name, "", vs), true
}

// quarters cuts numbers into four parts of as nearly as can be the same size,
// equal numbers together. NaN is none.
func quarters(name, unit string, vs []float64) field {
	f := field{name: name, values: make([]string, len(vs))}
	sorted := slices.DeleteFunc(slices.Clone(vs), math.IsNaN)
	slices.Sort(sorted)
	if len(sorted) == 0 {
		return f
	}
	var bounds []float64 // the greatest of each quarter
	for q := 1; q <= 4; q++ {
		b := sorted[max(0, (q*len(sorted)+3)/4-1)]
		if len(bounds) == 0 || b > bounds[len(bounds)-1] {
			bounds = append(bounds, b)
		}
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	low := sorted[0]
	for _, high := range bounds {
		var first float64
		for _, v := range sorted {
			if v >= low {
				first = v
				break
			}
		}
		label := number(first)
		if high > first {
			label += " to " + number(high)
		}
		if unit != "" {
			label += " " + unit
		}
		f.order = append(f.order, label)
		for i, v := range vs {
			if v >= first && v <= high {
				f.values[i] = label
			}
		}
		low = math.Nextafter(high, math.Inf(1))
	}

	return f
}

func invalidSlice(name string, there []field) error {
	var names []string
	for _, f := range there {
		names = append(names, strings.ReplaceAll(f.name, " ", "-"))
	}
	if len(names) == 0 {
		return invalidf("the documents have no field %q, nor any other to cut by", name)
	}

	return invalidf("the documents have no field %q to cut by; there are %s", name, strings.Join(names, ", "))
}

// Fields are the names of the fields in the order of their slices.
func (r Report) Fields() []string {
	var out []string
	for _, s := range r.Slices {
		if len(out) == 0 || out[len(out)-1] != s.Field {
			out = append(out, s.Field)
		}
	}
	return out
}

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
