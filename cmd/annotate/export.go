package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/split"
)

type exportGold struct {
	Project string   `xor:"from" required:"" placeholder:"NAME" help:"The project whose gold is written."`
	Format  string   `enum:"${formats}" default:"jsonl" help:"One of ${enum}."`
	Layer   string   `enum:"${layers}" default:"gold" help:"Which labellings: gold, or annotations, what each person handed in, a record each."`
	Release string   `placeholder:"NAME" help:"Write exactly the gold of this release, whatever became of it since."`
	Split   string   `placeholder:"PARTS" help:"Divide the documents into parts, such as ${split}."`
	By      string   `enum:"${ways}" default:"site" help:"What a split keeps together: one of ${enum}."`
	LayerOf string   `enum:"body,all" default:"body" help:"Which blocks a format of texts has: the body, or all."`
	Lossy   bool     `help:"Leave out what the format cannot say, and list it in the manifest."`
	Predict string   `name:"predictions" placeholder:"RUN" help:"Put the spans of this run beside those of gold, in a format that has both."`
	Fill    string   `name:"rehydrate" xor:"from" required:"" placeholder:"STANDOFF" help:"Instead of gold, write the records of this stand-off file with the texts of PAGE; with --lossy also where some are missing."`
	Output  string   `name:"output" short:"o" default:"-" placeholder:"PATH" help:"The file to write, with PATH.manifest.json beside it, or the folder where there are several files; a ZIP of them where PATH ends in .zip. - is stdout (default)."`
	Pages   []string `arg:"" optional:"" name:"page" help:"With --rehydrate: files, folders and archives with the pages."`
}

func (c *exportGold) Run(p *program) error {
	if c.Fill != "" || len(c.Pages) > 0 {
		return c.rehydrate(p)
	}
	format, _ := export.ByName(c.Format)

	return p.openThere(func(s *db.Store) error {
		source, options, err := c.asked(p, s, format)
		if err != nil {
			return err
		}
		write := func(w io.Writer, tentative bool) (export.Manifest, error) {
			options.Tentative = tentative
			out := bufio.NewWriterSize(w, 256<<10)
			m, err := format.Stream(p.ctx, out, source, options)
			return m, errors.Join(err, out.Flush())
		}

		var m export.Manifest
		switch {
		case c.Output == "-":
			m, err = write(p.stdout, false)
		case format.Several(options) && !strings.EqualFold(filepath.Ext(c.Output), ".zip"):
			m, err = c.toFolder(p, format, source, options)
		default:
			m, err = c.toFile(write)
		}
		if err == nil {
			fmt.Fprintf(p.stderr, "%s, %d bytes, sha256 %s\n", holds(m), m.Bytes, m.SHA256)
		}
		if err == nil && m.Lost != nil {
			fmt.Fprintf(p.stderr, "left out of %s: %s\n", count(m.Lost.Documents, "document", "documents"), m.Lost)
		}
		return err
	})
}

// holds says of what an export is, and of how much.
func holds(m export.Manifest) string {
	documents := count(m.Documents, "document", "documents")
	if m.Layer == export.Annotations {
		return count(m.Annotations, "annotation", "annotations") + " of " + documents
	}
	return documents + " of gold"
}

// asked is what is to be written, and how.
func (c *exportGold) asked(p *program, s *db.Store, format export.Format) (source export.Source, o export.Options, err error) {
	project, err := p.projectNamed(s, c.Project)
	if err != nil {
		return source, o, err
	}
	if source, err = c.source(p, s, project); err != nil {
		return source, o, err
	}
	if err := format.Takes(source); err != nil {
		return source, o, err
	}
	o = export.Options{Lossy: c.Lossy, All: c.LayerOf == "all"}
	if c.Split == "" {
		return source, o, nil
	}

	spec, err := split.ParseSpec(c.Split)
	if err != nil {
		return source, o, err
	}
	var release corpus.ReleaseID
	if source.Release != nil {
		release = source.Release.ID
	}
	parts, err := s.Splits(p.ctx, project.ID, spec, split.By(c.By), release)
	if err != nil {
		return source, o, err
	}
	for _, part := range spec.Parts {
		o.Splits = append(o.Splits, part.Name)
	}
	o.Split = func(d corpus.Document) string { return parts.Of(d.Key()) }

	return source, o, nil
}

// source is what people handed in, or the gold of the release, or current gold,
// as they are now.
func (c *exportGold) source(p *program, s *db.Store, project corpus.Project) (source export.Source, err error) {
	filter := corpus.GoldFilter{Project: project.ID}
	switch {
	case c.Layer == string(export.Annotations) && c.Release != "":
		return source, export.ErrReleasedAnnotations
	case c.Layer == string(export.Annotations):
		now, err := s.AnnotationPreview(p.ctx, project.ID)
		if err != nil {
			return source, err
		}
		source = export.Annotated(project, s.Annotations(p.ctx, db.AnnotationFilter{Project: project.ID, Newest: now.Newest}))
	case c.Release != "":
		_, frozen, err := p.releaseNamed(s, c.Project, c.Release)
		if err != nil {
			return source, err
		}
		filter.Release = frozen.ID
		source = export.Released(frozen, s.Gold(p.ctx, filter))
	default:
		if filter.Newest, _, err = s.GoldCursor(p.ctx, project.ID); err != nil {
			return source, err
		}
		source = export.Current(project, s.Gold(p.ctx, filter))
	}
	source.Page = s.Source
	if c.Predict == "" {
		return source, nil
	}

	_, run, err := p.runNamed(s, c.Project, c.Predict)
	source.Predictions = predictionsOf(s, run)

	return source, err
}

// predictionsOf are the spans of a run.
func predictionsOf(s *db.Store, run corpus.Run) *export.Predictions {
	return &export.Predictions{Model: run.Cleaner.String(), Spans: func(ctx context.Context, of corpus.DocumentID) ([]corpus.IncomingSpan, error) {
		said, err := s.Prediction(ctx, run.ID, of)
		spans := make([]corpus.IncomingSpan, len(said.Spans))
		for i, is := range said.Spans {
			spans[i] = corpus.IncomingSpan{Range: is.Range, Label: is.Label}
		}
		return spans, err
	}}
}

// toFolder writes a dataset of several files, its manifest among them.
func (c *exportGold) toFolder(p *program, format export.Format, source export.Source, o export.Options) (m export.Manifest, err error) {
	d, err := export.NewDirectory(c.Output)
	if err != nil {
		return m, err
	}
	o.Tentative = true
	if m, err = format.Into(p.ctx, d, source, o); err == nil {
		err = d.Commit()
	}

	return m, errors.Join(err, d.Discard())
}

// toFile writes the dataset and its manifest. A file of that name is replaced
// only by a whole one; what is no file, such as a pipe, is written to as it is
// and gets no manifest.
func (c *exportGold) toFile(write func(w io.Writer, tentative bool) (export.Manifest, error)) (m export.Manifest, err error) {
	info, err := os.Stat(c.Output)
	switch {
	case err == nil && info.IsDir():
		return m, corpus.Invalidf("", "%s is a folder; name a file in it", c.Output)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(c.Output, os.O_WRONLY, 0)
		if err != nil {
			return m, unwritable(c.Output, err)
		}
		m, err = write(f, false)
		return m, errors.Join(err, f.Close())
	}

	err = replace(c.Output, func(w io.Writer) error {
		m, err = write(w, true)
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
