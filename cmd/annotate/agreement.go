package main

import (
	"fmt"

	"annotate/db"
	"annotate/internal/agreement"
	"annotate/internal/corpus"
)

type agreements struct {
	Project   string   `required:"" placeholder:"NAME" help:"The project whose annotators are compared."`
	Format    string   `enum:"${agreements}" default:"table" help:"One of ${enum}."`
	Release   string   `placeholder:"RELEASE" help:"Only the documents of that release, as they were labelled when it was made."`
	Since     string   `placeholder:"DATE" help:"Only documents that a second person handed in on that day or later, such as 2026-11-01 (UTC)."`
	Until     string   `placeholder:"DATE" help:"Only documents that a second person handed in up to the end of that day."`
	Label     string   `placeholder:"NAME" help:"Of the spans, only those of that label."`
	FailUnder []string `placeholder:"NAME=BOUND" help:"Exit 3 where a figure is under its bound or does not exist, such as alpha=0.8 or f1-exact=0.7; the names stand in the JSON form."`
}

// Validate finds what is asked wrongly before anything is read.
func (c *agreements) Validate() error {
	if _, err := c.gates(); err != nil {
		return err
	}
	_, _, err := agreement.ParseDays(c.Since, c.Until)

	return err
}

func (c *agreements) gates() (out []agreement.Gate, err error) {
	for _, s := range c.FailUnder {
		g, err := agreement.ParseGate(s)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}

	return out, nil
}

func (c *agreements) Run(p *program) error {
	reports()

	return p.openThere(func(s *db.Store) error {
		project, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		o, err := c.options(p, s, project)
		if err != nil {
			return err
		}
		show := newProgress(p.stderr)
		o.Progress = func(done, _ int) { show.count(done, 0) }
		a, err := s.Agreement(p.ctx, project, o)
		show.end()
		if err != nil {
			return err
		}

		return c.tell(p, a)
	})
}

func (c *agreements) options(p *program, s *db.Store, project corpus.Project) (o db.AgreementOptions, err error) {
	if o.Since, o.Until, err = agreement.ParseDays(c.Since, c.Until); err != nil {
		return o, err
	}
	if c.Release != "" {
		_, r, err := p.releaseNamed(s, project.Name, c.Release)
		if err != nil {
			return o, err
		}
		o.Release = &r
	}
	if c.Label != "" {
		label, ok := project.Labels.ByName(c.Label)
		if !ok {
			return o, corpus.Invalidf("", "the project %q has no label %q", project.Name, c.Label)
		}
		o.Label = label.ID
	}

	return o, nil
}

// tell prints the report, and says on stderr which gates it fell short of.
func (c *agreements) tell(p *program, a db.Agreement) error {
	format, _ := agreement.FormatNamed(c.Format)
	if err := format.Write(p.stdout, a.Header, a.Report); err != nil {
		return err
	}
	gates, err := c.gates()
	if err != nil {
		return err
	}
	fell := false
	for _, g := range gates {
		if s := g.Short(a.Report); s != "" {
			fell = true
			fmt.Fprintf(p.stderr, "annotate: the gate fell short: %s\n", s)
		}
	}
	if fell {
		return fellShort{errTold}
	}

	return nil
}
