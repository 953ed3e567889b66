package main

import (
	"fmt"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/views"
)

// short is the exit status where a gate fell short.
const short = 3

// reporting are the flags of both commands that print a report.
type reporting struct {
	Format    string   `enum:"${reports}" default:"table" help:"One of ${enum}."`
	Measure   []string `placeholder:"NAME" help:"What is measured, several with commas, or all (default: those that most people want); the first is the headline. One of ${measures}."`
	Slice     []string `placeholder:"FIELD" help:"Cut the figures by site, chosen (by lot, by doubt, by hand …), length-of-the-body, body's-share-of-the-page, or a field of the documents' metadata (default: by all that are fit; none for none)."`
	FailUnder []string `placeholder:"NAME=BOUND" help:"Exit 3 where a figure is under its bound, such as word-f1=0.95 or shingle-r=0.9; for leaked, lost and invented: where it is above."`
	Seed      uint64   `default:"1" help:"Where the random draws of the intervals begin (default: 1)."`
	Resamples int      `default:"10000" help:"How often documents are drawn anew (default: 10000)."`
}

// Validate finds what is asked wrongly before anything is read.
func (f *reporting) Validate() error {
	if _, err := f.options(); err != nil {
		return err
	}
	if f.Resamples < 2 {
		return corpus.Invalidf("", "--resamples must be 2 or more")
	}

	return nil
}

// options are the flags as a report takes them. A gate brings its measure.
func (f *reporting) options() (report.Options, error) {
	o := report.Options{Baseline: -1, Resamples: score.Resampling{Resamples: f.Resamples, Seed: f.Seed}, Slices: f.Slice}
	if slices.Contains(f.Slice, "none") {
		o.Slices, o.NoSlices = nil, true
	}
	var err error
	if o.Measures, err = measuresNamed(f.Measure); err != nil {
		return o, err
	}
	for _, bound := range f.FailUnder {
		g, err := report.ParseGate(bound)
		if err != nil {
			return o, err
		}
		name, _ := report.SplitGate(g.Name)
		if m, _ := score.MeasureNamed(name); !slices.ContainsFunc(o.Measures, func(o score.Measure) bool { return o.Name == name }) {
			o.Measures = append(o.Measures, m)
		}
		o.Gates = append(o.Gates, g)
	}

	return o, nil
}

// tell prints the report, and says on stderr which gates fell short and by
// which documents.
func (f *reporting) tell(p *program, r report.Report) error {
	var err error
	if f.Format == htmlReport {
		err = views.ReportFile(r).Render(p.ctx, p.stdout)
	} else {
		format, _ := report.FormatNamed(f.Format)
		err = format.Write(p.stdout, r)
	}
	if err != nil {
		return err
	}
	fell := r.Short()
	for _, g := range fell {
		fmt.Fprintf(p.stderr, "annotate: the gate fell short: %s\n", g)
		for _, d := range g.Worst {
			fmt.Fprintf(p.stderr, "  %s\n", d)
		}
	}
	if len(fell) > 0 {
		return fellShort{errTold}
	}

	return nil
}

// htmlReport is the format that views makes.
const htmlReport = "html"

// fellShort is an error that ends with its own status.
type fellShort struct{ error }

func (e fellShort) Unwrap() error { return e.error }

// measuresNamed are the named measures in the order they are named, the usual
// ones for none.
func measuresNamed(names []string) ([]score.Measure, error) {
	if len(names) == 0 {
		return slices.Clone(score.Usual), nil
	}
	var out []score.Measure
	add := func(m score.Measure) {
		if !slices.ContainsFunc(out, func(o score.Measure) bool { return o.Name == m.Name }) {
			out = append(out, m)
		}
	}
	for _, n := range names {
		m, ok := score.MeasureNamed(n)
		switch {
		case n == "all":
			for _, m := range score.Measures {
				add(m)
			}
		case !ok:
			return nil, corpus.Invalidf("", "there is no measure %q; there are %s, and all", n, join(score.Measures, func(m score.Measure) string { return m.Name }))
		default:
			add(m)
		}
	}

	return out, nil
}
