package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

type evaluate struct {
	reporting
	Project     string   `required:"" placeholder:"NAME" help:"The project whose gold is compared with."`
	Run_        []string `name:"run" placeholder:"RUN" help:"A run to report about, several times for several (default: all of the project)."`
	Predictions []string `placeholder:"FILE" help:"Report about a file of predictions instead; nothing of it is stored."`
	Read        string   `enum:"${predictions}" default:"auto" placeholder:"NAME" help:"How to read that file: one of ${enum}."`
	Column      string   `placeholder:"NAME" help:"Of a file with several extractors: which."`
	Against     string   `placeholder:"RUN" help:"The run that the others are compared with; exit 3 where the first measure fell by more than 0.0005."`
	Release     string   `placeholder:"NAME" help:"Compare with the gold of this release, whatever became of it since."`
	Common      bool     `help:"Leave out documents that not every run has a prediction for."`
}

// Validate is reporting's: kong asks the outer one alone.
func (c *evaluate) Validate() error {
	if len(c.Predictions) > 0 && len(c.Run_) > 0 {
		return corpus.Invalidf("", "take either --run or --predictions; bring the file in with annotate runs import to compare both")
	}
	return c.reporting.Validate()
}

func (c *evaluate) Run(p *program) error {
	reports()
	o, err := c.options()
	if err != nil {
		return err
	}

	return p.openThere(func(s *db.Store) error {
		project, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		var frozen *corpus.Release
		if c.Release != "" {
			_, found, err := p.releaseNamed(s, project.Name, c.Release)
			if err != nil {
				return err
			}
			frozen = &found
		}
		var r report.Report
		if len(c.Predictions) > 0 {
			r, err = c.ofFiles(p, s, project, frozen, o)
		} else {
			r, err = c.ofRuns(p, s, project, frozen, o)
		}
		if err == nil {
			err = refuseUnequal(r, c.Common)
		}
		if err != nil {
			return err
		}

		return c.tell(p, r)
	})
}

// ofRuns reports about runs in the data file.
func (c *evaluate) ofRuns(p *program, s *db.Store, project corpus.Project, frozen *corpus.Release, o report.Options) (report.Report, error) {
	var runs []corpus.Run
	add := func(name string) error {
		_, run, err := p.runNamed(s, project.Name, name)
		if err == nil && !slices.ContainsFunc(runs, func(r corpus.Run) bool { return r.ID == run.ID }) {
			runs = append(runs, run)
		}
		return err
	}
	for _, name := range c.Run_ {
		if err := add(name); err != nil {
			return report.Report{}, err
		}
	}
	if len(c.Run_) == 0 {
		all, err := s.Runs(p.ctx, project.ID)
		if err != nil {
			return report.Report{}, err
		}
		slices.Reverse(all) // the oldest first
		runs = all
	}
	if c.Against != "" {
		if err := add(c.Against); err != nil {
			return report.Report{}, err
		}
		_, against, _ := p.runNamed(s, project.Name, c.Against)
		o.Baseline, o.Against = slices.IndexFunc(runs, func(r corpus.Run) bool { return r.ID == against.ID }), true
		if len(runs) == 1 {
			return report.Report{}, corpus.Invalidf("", "name a run besides %q to compare with it", against.Name)
		}
	}
	if len(runs) == 0 {
		return report.Report{}, corpus.Invalidf("", "the project %q has no runs; make one with: %s", project.Name, p.command("predict --project "+shellWord(project.Name)+" --cleaner lines"))
	}
	for _, run := range runs {
		if run.State != corpus.RunDone {
			fmt.Fprintf(p.stderr, "annotate: the run %q is %s: %d of %d documents\n", run.Name, run.State, run.Predicted, run.Documents)
		}
	}

	show := newProgress(p.stderr)
	defer show.end()

	return s.Report(p.ctx, project, runs, db.ReportOptions{Options: o, Program: export.Program(), Release: frozen, Common: c.Common, Progress: func(done, _ int) { show.count(done, 0) }})
}

// ofFiles reports about files, by their names.
func (c *evaluate) ofFiles(p *program, s *db.Store, project corpus.Project, frozen *corpus.Release, o report.Options) (report.Report, error) {
	var sources []report.Source
	var read []*files.Predictions
	defer func() {
		for _, f := range read {
			f.Close()
		}
	}()
	for _, path := range c.Predictions {
		f, err := files.Open(path, files.Options{Format: c.Read, Column: c.Column})
		if err != nil {
			return report.Report{}, err
		}
		read = append(read, f)
		sources = append(sources, report.Source{Run: report.Run{Name: cmp.Or(filepath.Base(path), path), Cleaner: f.Cleaner()}, For: f.For})
	}
	head, filter := report.Header{Title: project.Name, Program: export.Program()}, corpus.GoldFilter{Project: project.ID}
	if frozen != nil {
		head.Gold, head.Release, filter.Release, project = frozen.Hash, frozen.Name, frozen.ID, frozen.AsOf(project)
	} else {
		var err error
		if head.Gold, err = s.GoldHash(p.ctx, project.ID); err != nil {
			return report.Report{}, err
		}
	}
	if c.Against != "" {
		_, run, err := p.runNamed(s, project.Name, c.Against)
		if err != nil {
			return report.Report{}, err
		}
		o.Baseline, o.Against = len(sources), true
		documents := map[string]corpus.DocumentID{} // some may be removed since a release
		for g, err := range s.Gold(p.ctx, filter) {
			if err != nil {
				return report.Report{}, err
			}
			documents[score.FromGold(g, project.Labels).ID] = g.Document.ID
		}
		sources = append(sources, report.Source{Run: report.Run{ID: run.ID, Name: run.Name, Cleaner: run.Cleaner}, For: func(g score.Gold) (score.Prediction, error) {
			return s.Prediction(p.ctx, run.ID, documents[g.ID])
		}})
	}
	sampling, err := s.Sampling(p.ctx, filter)
	if err != nil {
		return report.Report{}, err
	}
	head.Whole = sampling.Whole
	gold := func(yield func(score.Gold, error) bool) {
		for g, err := range s.Gold(p.ctx, filter) {
			var one score.Gold
			if err == nil {
				one = score.FromGold(g, project.Labels)
				one.Chosen = sampling.Chosen[g.Document.ID]
			}
			if !yield(one, err) || err != nil {
				return
			}
		}
	}
	r, err := report.Compute(p.ctx, head, gold, sources, c.Common, o)
	if err != nil {
		return r, err
	}
	for k, f := range read {
		r.Runs[k].Unused = f.Unused()
		if len(r.Missing(k)) == len(r.Documents) {
			return r, &corpus.Problem{File: c.Predictions[k], Reason: nothingMatches(f, r)}
		}
	}

	return r, nil
}
