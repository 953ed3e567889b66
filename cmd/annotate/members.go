package main

import "annotate/db"

type projectOpen struct {
	Name string `arg:"" help:"The project's name."`
}

func (c *projectOpen) Run(p *program) error { return p.setOpen(c.Name, true) }

type projectClose struct {
	Name string `arg:"" help:"The project's name."`
}

func (c *projectClose) Run(p *program) error { return p.setOpen(c.Name, false) }

func (p *program) setOpen(name string, open bool) error {
	return p.openThere(func(s *db.Store) error {
		found, err := p.projectNamed(s, name)
		if err != nil {
			return err
		}

		return s.SetOpen(p.ctx, found.ID, open, 0)
	})
}
