package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strconv"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/report"
	"annotate/internal/score/files"
)

type scoreFiles struct {
	reporting
	Gold        string   `arg:"" name:"GOLD" help:"The gold: JSON Lines of annotate export, article-extraction-benchmark's JSON, WCXB's folder, or a folder of texts."`
	Predictions []string `arg:"" name:"PREDICTIONS" help:"One file or folder for each run, in any of the forms of the field: JSON Lines with id and text, blocks or spans; JSON by id; a folder of texts."`
	Read        string   `enum:"${predictions}" default:"auto" placeholder:"NAME" help:"How to read predictions: one of ${enum}. auto goes by content."`
	Column      string   `placeholder:"NAME" help:"Of a file with several extractors: which."`
	Against     string   `placeholder:"FILE" help:"Compare with earlier predictions; exit 3 where the first measure fell by more than 0.0005, or where documents lack a prediction in one of the two (then see --common)."`
	Common      bool     `help:"Leave out documents that not every run has a prediction for."`
}

// Validate is reporting's: kong asks the outer one alone.
func (c *scoreFiles) Validate() error { return c.reporting.Validate() }

func (c *scoreFiles) Run(p *program) error {
	reports()
	o, err := c.options()
	if err != nil {
		return err
	}
	paths := c.Predictions
	if c.Against != "" {
		paths = append(paths, c.Against)
		o.Baseline, o.Against = len(paths)-1, true
	}

	sources := make([]report.Source, len(paths))
	read := make([]*files.Predictions, len(paths))
	defer func() {
		for _, f := range read {
			if f != nil {
				f.Close()
			}
		}
	}()
	for k, path := range paths {
		if read[k], err = files.Open(path, files.Options{Format: c.Read, Column: c.Column}); err != nil {
			return err
		}
		sources[k] = report.Source{Run: report.Run{Name: path, Cleaner: read[k].Cleaner()}, For: read[k].For}
	}

	h := report.Header{Title: c.Gold, Program: export.Program(), Gold: fileHash(c.Gold)}
	r, err := report.Compute(p.ctx, h, files.Gold(c.Gold), sources, c.Common, o)
	if err != nil {
		return err
	}
	for k := range r.Runs {
		r.Runs[k].Unused = read[k].Unused()
		if len(r.Missing(k)) == len(r.Documents) {
			return &corpus.Problem{File: paths[k], Reason: nothingMatches(read[k], r)}
		}
	}
	if err := refuseUnequal(r, c.Common); err != nil {
		return err
	}

	return c.tell(p, r)
}

func nothingMatches(f *files.Predictions, r report.Report) string {
	return "none of its ids, such as " + strconv.Quote(f.ID(0)) + ", is one of gold's, such as " + strconv.Quote(r.Documents[0].Key) + "; nor does any address, file name or hash match"
}

// refuseUnequal refuses a verdict against a baseline where documents have a
// prediction in one of the two alone: what came since would count as a miss.
func refuseUnequal(r report.Report, common bool) error {
	if r.Baseline < 0 || common {
		return nil
	}
	missing := r.Missing(r.Baseline)
	for k := range r.Runs {
		if k == r.Baseline || len(r.Missing(k)) >= len(missing) {
			continue
		}
		return corpus.Invalidf("", "%s has no prediction for %s that %s has, such as %s: make it anew, or compare on those that both have with --common",
			r.Runs[r.Baseline].Name, count(len(missing)-len(r.Missing(k)), "document", "documents"), r.Runs[k].Name, missing[0])
	}

	return nil
}

// fileHash is the SHA-256 of a file, "" where it is none or cannot be read: the
// reading of gold says why.
func fileHash(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := f.WriteTo(h); err != nil {
		return ""
	}

	return hex.EncodeToString(h.Sum(nil))
}
