package main

import (
	"fmt"

	"annotate/db"
)

type check struct{}

func (c *check) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		problems, err := s.Check(p.ctx, func(what string) { fmt.Fprintf(p.stderr, "checking %s\n", what) })
		for _, problem := range problems {
			fmt.Fprintln(p.stdout, problem)
		}
		switch {
		case err != nil:
			return err
		case len(problems) > 0:
			return fmt.Errorf("%s found; keep a copy of %s before anything else", count(len(problems), "problem", "problems"), p.db)
		}
		fmt.Fprintf(p.stdout, "%s is clean\n", p.db)

		return nil
	})
}
