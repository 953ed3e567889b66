package main

import (
	"errors"
	"fmt"
	"os"

	"annotate/db"
	"annotate/internal/corpus"
)

type backup struct {
	Path string `arg:"" help:"The file to make; one that is there is never replaced."`
}

func (c *backup) Run(p *program) error {
	if _, err := os.Lstat(c.Path); err == nil {
		return corpus.Invalidf("", "%s is there already, and a backup replaces nothing; choose another name", c.Path)
	}

	return p.openThere(func(s *db.Store) error {
		part := c.Path + ".part"
		err := s.Backup(p.ctx, part)
		if err == nil {
			err = os.Rename(part, c.Path)
		}
		if err != nil {
			if gone := os.Remove(part); !errors.Is(gone, os.ErrNotExist) {
				err = errors.Join(err, gone)
			}
			return err
		}
		fmt.Fprintf(p.stdout, "%s is a copy of %s\n", c.Path, p.db)

		return nil
	})
}
