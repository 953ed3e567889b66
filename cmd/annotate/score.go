package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

// short is the exit status where a gate fell short.
const short = 3

type scoreFiles struct {
	Gold        string   `arg:"" name:"GOLD" help:"The gold: JSON Lines of annotate export, article-extraction-benchmark's JSON, or a folder of texts."`
	Predictions string   `arg:"" name:"PREDICTIONS" help:"The answers, in any of these forms: JSON Lines with id and text, blocks or spans; JSON by id; a folder of texts."`
	Format      string   `enum:"${reports}" default:"table" help:"One of ${enum}."`
	Measure     []string `placeholder:"NAME" help:"What is measured, several with commas, or all (default: those that most people want). One of ${measures}."`
	FailUnder   []string `placeholder:"NAME=BOUND" help:"Exit 3 where a figure is under its bound, such as word-f1=0.95 or shingle-r=0.9; for leaked, lost and invented: where it is above."`
	Against     string   `placeholder:"FILE" help:"Compare with earlier answers; exit 3 where the first measure fell by more than 0.0005."`
	Seed        uint64   `default:"1" help:"Where the random draws of the intervals begin (default: 1)."`
	Resamples   int      `default:"10000" help:"How often documents are drawn anew (default: 10000)."`
}

// Validate finds what is asked wrongly before anything is read.
func (c *scoreFiles) Validate() error {
	if _, err := measuresNamed(c.Measure); err != nil {
		return err
	}
	for _, bound := range c.FailUnder {
		if _, err := gateNamed(bound); err != nil {
			return err
		}
	}
	if c.Resamples < 2 {
		return corpus.Invalidf("", "--resamples must be 2 or more")
	}

	return nil
}

func (c *scoreFiles) Run(p *program) error {
	o := files.Options{Against: c.Against, Resamples: score.Resampling{Resamples: c.Resamples, Seed: c.Seed}}
	var err error
	if o.Measures, err = measuresNamed(c.Measure); err != nil {
		return err
	}
	for _, bound := range c.FailUnder {
		g, err := gateNamed(bound)
		if err != nil {
			return err
		}
		name, _ := files.SplitGate(g.Name)
		if m, _ := score.MeasureNamed(name); !slices.ContainsFunc(o.Measures, func(o score.Measure) bool { return o.Name == name }) {
			o.Measures = append(o.Measures, m)
		}
		o.Gates = append(o.Gates, g)
	}

	r, err := files.Compare(p.ctx, c.Gold, c.Predictions, o)
	if err != nil {
		return err
	}
	if err := files.Print(p.stdout, c.Format, r); err != nil {
		return err
	}
	fell := false
	for _, g := range r.Gates {
		if !g.Short() {
			continue
		}
		fell = true
		fmt.Fprintf(p.stderr, "annotate: the gate fell short: %s\n", g)
		for _, d := range r.Worst(g) {
			fmt.Fprintf(p.stderr, "  %s\n", d)
		}
	}
	if fell {
		return fellShort{errTold}
	}

	return nil
}

// fellShort is an error that ends with its own status.
type fellShort struct{ error }

func (e fellShort) Unwrap() error { return e.error }

// measuresNamed are the named measures, the usual ones for none.
func measuresNamed(names []string) ([]score.Measure, error) {
	var out []score.Measure
	for _, m := range score.Measures {
		if len(names) == 0 && m.Always || slices.Contains(names, "all") {
			out = append(out, m)
		}
	}
	for _, n := range names {
		m, ok := score.MeasureNamed(n)
		if !ok && n != "all" {
			return nil, corpus.Invalidf("", "there is no measure %q; there are %s, and all", n, join(score.Measures, func(m score.Measure) string { return m.Name }))
		}
		if ok && !slices.ContainsFunc(out, func(o score.Measure) bool { return o.Name == n }) {
			out = append(out, m)
		}
	}

	return out, nil
}

// gateNamed reads word-f1=0.95.
func gateNamed(s string) (files.Gate, error) {
	name, bound, _ := strings.Cut(s, "=")
	v, err := strconv.ParseFloat(bound, 64)
	measure, part := files.SplitGate(name)
	m, ok := score.MeasureNamed(measure)
	switch {
	case err != nil || !(v >= 0 && v <= 1):
		return files.Gate{}, corpus.Invalidf("", "the gate %q is not like word-f1=0.95, with a bound between 0 and 1", s)
	case !ok || m.Single && (part != score.F1 || strings.HasSuffix(name, "-f1")):
		return files.Gate{}, corpus.Invalidf("", "no measure gives %q; take word-p, word-r, word-f1 or the like of %s", name, join(score.Measures, func(m score.Measure) string { return m.Name }))
	}

	return files.Gate{Name: name, Bound: v, Lower: m.Lower}, nil
}
