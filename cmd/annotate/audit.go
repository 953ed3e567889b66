package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/views"
)

type audit struct {
	Project string `placeholder:"NAME" help:"Only what is about this project."`
	Kind    string `placeholder:"KIND" help:"Only changes of this kind, such as member-role."`
	Limit   int    `default:"0" placeholder:"N" help:"Only the newest N (default: all)."`
	JSON    bool   `name:"json" help:"Write JSON, one change a line."`
}

// Run prints the log, the oldest first, so that it reads as it happened.
func (c *audit) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		f := corpus.LogFilter{Kind: c.Kind, Limit: max(c.Limit, 0)}
		if c.Project != "" {
			found, err := p.projectNamed(s, c.Project)
			if err != nil {
				return err
			}
			f.Project = found.ID
		}
		entries, err := s.Log(p.ctx, f)
		if err != nil {
			return err
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, e := range slices.Backward(entries) {
			if !c.JSON {
				fmt.Fprintf(t, "%s\t%s\n", e.At.Format("2006-01-02 15:04"), views.Told(e))
				continue
			}
			if err := json.NewEncoder(p.stdout).Encode(e); err != nil {
				return err
			}
		}

		return t.Flush()
	})
}
