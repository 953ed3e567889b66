package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
)

type exportGold struct {
	Project string `required:"" placeholder:"NAME" help:"The project whose gold is written."`
	Format  string `enum:"${formats}" default:"jsonl" help:"One of ${enum}."`
	Release string `placeholder:"NAME" help:"Write exactly the gold of this release, whatever became of it since."`
	Output  string `name:"output" short:"o" default:"-" placeholder:"PATH" help:"The file to write, with PATH.manifest.json beside it; - is stdout (default)."`
}

func (c *exportGold) Run(p *program) error {
	format, _ := export.ByName(c.Format)

	return p.openThere(func(s *db.Store) error {
		from, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		var frozen corpus.Release
		if c.Release != "" {
			if _, frozen, err = p.releaseNamed(s, c.Project, c.Release); err != nil {
				return err
			}
		}
		write := func(w io.Writer) (export.Manifest, error) {
			out := bufio.NewWriterSize(w, 256<<10)
			m, err := c.gold(p, s, format, out, from, frozen)
			return m, errors.Join(err, out.Flush())
		}

		var m export.Manifest
		if c.Output == "-" {
			m, err = write(p.stdout)
		} else {
			m, err = c.toFile(write)
		}
		if err == nil {
			fmt.Fprintf(p.stderr, "%s of gold, %d bytes, sha256 %s\n", count(m.Documents, "document", "documents"), m.Bytes, m.SHA256)
		}
		return err
	})
}

// gold writes the release, or current gold where it is the zero value.
func (c *exportGold) gold(p *program, s *db.Store, format export.Format, w io.Writer, from corpus.Project, r corpus.Release) (export.Manifest, error) {
	gold := s.Gold(p.ctx, corpus.GoldFilter{Project: from.ID, Release: r.ID})
	if r.ID != 0 {
		return format.WriteRelease(p.ctx, w, r, gold)
	}
	m, err := format.Write(p.ctx, w, from.Labels, gold)
	m.Project = from.Name

	return m, err
}

// toFile writes the dataset and its manifest. A file of that name is replaced
// only by a whole one; what is no file, such as a pipe, is written to as it is
// and gets no manifest.
func (c *exportGold) toFile(write func(io.Writer) (export.Manifest, error)) (m export.Manifest, err error) {
	info, err := os.Stat(c.Output)
	switch {
	case err == nil && info.IsDir():
		return m, corpus.Invalidf("", "%s is a folder; name a file in it", c.Output)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(c.Output, os.O_WRONLY, 0)
		if err != nil {
			return m, unwritable(c.Output, err)
		}
		m, err = write(f)
		return m, errors.Join(err, f.Close())
	}

	err = replace(c.Output, func(w io.Writer) error {
		m, err = write(w)
		return err
	})
	if err != nil {
		return m, err
	}

	return m, replace(c.Output+".manifest.json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
}

// replace writes a file beside path and gives it that name once it is whole
// and on the disk.
func replace(path string, write func(io.Writer) error) error {
	part := path + "." + rand.Text()[:8] + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return unwritable(path, err)
	}
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}

	return nil
}

func unwritable(path string, err error) error {
	return corpus.Invalidf("", "%s cannot be written: %s", path, reason(err))
}

// reason is what the system said, without the operation and the path.
func reason(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
