package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"text/tabwriter"

	"annotate/db"
	"annotate/handlers"
	"annotate/internal/corpus"
	"annotate/internal/suggest"
	"annotate/views"
)

type suggestions struct {
	Learn suggestLearn `cmd:"" help:"Make a model of a project's gold, which then makes suggestions."`
	Show  suggestShow  `cmd:"" help:"Say what the newest model has learnt, how good it is, and which source speaks where."`
}

type suggestLearn struct {
	Project string `required:"" placeholder:"NAME" help:"The project whose gold it learns from."`
	Seed    int64  `default:"1" help:"The same gold and seed give the same model."`
}

func (c *suggestLearn) Run(p *program) error {
	reports()

	return p.openThere(func(s *db.Store) error {
		project, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		n, err := s.GoldCount(p.ctx, project.ID)
		if err != nil {
			return err
		}
		if n < suggest.LeastGold {
			return corpus.Invalidf("", "a model is made of at least %d documents with gold; %d have gold", suggest.LeastGold, n)
		}
		model, learned, err := handlers.Learn(p.ctx, s, project, c.Seed)
		if err != nil {
			return err
		}

		return tellModel(p, model, learned.Report)
	})
}

type suggestShow struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	Format  string `enum:"table,json" default:"table" help:"One of ${enum}."`
}

func (c *suggestShow) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		project, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		model, err := s.Model(p.ctx, project.ID)
		if errors.Is(err, corpus.ErrNotFound) {
			return corpus.Invalidf("", "the project %q has no model yet; make one with annotate suggest learn", project.Name)
		}
		if err != nil {
			return err
		}
		var report suggest.Report
		if err := json.Unmarshal([]byte(model.Report), &report); err != nil {
			return err
		}
		if c.Format == "json" {
			b, err := json.MarshalIndent(struct {
				Model   corpus.ModelID `json:"model"`
				Seed    int64          `json:"seed"`
				Gold    corpus.GoldID  `json:"gold"`
				Trained string         `json:"trained"`
				suggest.Report
			}{model.ID, model.Seed, model.Gold, model.Trained.UTC().Format("2006-01-02T15:04:05Z"), report}, "", "  ")
			if err == nil {
				_, err = fmt.Fprintln(p.stdout, string(b))
			}
			return err
		}

		return tellModel(p, model, report)
	})
}

func tellModel(p *program, m corpus.Model, r suggest.Report) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Model %d, seed %d, of %d documents with gold, made in %.1f s\n", m.ID, m.Seed, r.Documents, m.Took.Seconds())
	if b := r.Blocks; b != nil {
		fmt.Fprintf(w, "On sites it had not seen: word F1 %s, block F1 %s, calibration error %s\n", three(b.WordF1), three(b.BlockF1), three(b.Calibration))
	}
	if s := r.Spans; s != nil {
		fmt.Fprintf(w, "Spans: F1 %s, precision %s, recall %s\n", three(s.F1), three(s.P), three(s.R))
	}
	fmt.Fprint(w, "\nSweeps a page costs:\n")
	for _, c := range r.Costs {
		fmt.Fprintf(w, "%s\t%d pages", views.CostTitle(c), c.Pages)
		for _, s := range c.Sources {
			fmt.Fprintf(w, "\t%s %.1f", views.CostSource(s.Source), s.Sweeps)
		}
		fmt.Fprintf(w, "\tshown: %s\n", views.CostSource(r.Shown(c)))
	}

	return w.Flush()
}

func three(f suggest.Figure) string {
	v := float64(f)
	if math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
