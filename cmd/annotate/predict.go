package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"annotate/db"
	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

type predict struct {
	Project   string        `required:"" placeholder:"NAME" help:"The project whose documents are cleaned."`
	Cleaner   string        `placeholder:"NAME" xor:"how" help:"A cleaner that is built in: ${cleaners}."`
	Exec      string        `placeholder:"CMD" xor:"how" help:"A command: a document on its stdin, the cleaned text on its stdout; it runs once for each document."`
	URL       string        `name:"url" placeholder:"URL" xor:"how" help:"An address that takes each document as JSON by POST, and answers with a prediction as JSON or with the cleaned text."`
	JSONLines bool          `name:"json-lines" help:"The command stays and answers many documents: a line of JSON in, a line of JSON out."`
	Name      string        `placeholder:"RUN" help:"What the run is called (default: the cleaner with its version). A run of that name that stopped early goes on."`
	Version   string        `name:"cleaner-version" placeholder:"TEXT" help:"Which version of the command or address this is."`
	All       bool          `help:"Clean all documents, not only those with gold."`
	Limit     time.Duration `default:"30s" placeholder:"TIME" help:"How long a document may take (default: 30s)."`
	Workers   int           `default:"0" placeholder:"N" help:"How many documents at once (default: one a core)."`
	As        string        `placeholder:"USER" help:"Who makes the run."`
	Retry     bool          `help:"Of a run that stopped early, try those documents again that ended with an error or a timeout."`
}

// Validate finds what is asked wrongly before anything is opened.
func (c *predict) Validate() error {
	switch {
	case c.Cleaner == "" && c.Exec == "" && c.URL == "":
		return corpus.Invalidf("", "say what cleans: --cleaner, --exec or --url")
	case c.JSONLines && c.Exec == "":
		return corpus.Invalidf("", "--json-lines goes with --exec")
	case c.Version != "" && c.Cleaner != "":
		return corpus.Invalidf("", "a built-in cleaner knows its own version; leave out --cleaner-version")
	case c.Limit < time.Millisecond:
		return corpus.Invalidf("", "--limit must be a time such as 30s")
	case c.Workers < 0 || c.Workers > 64:
		return corpus.Invalidf("", "--workers must be between 1 and 64")
	}
	if c.Cleaner != "" {
		if _, err := clean.BuiltInNamed(c.Cleaner); err != nil {
			return corpus.Invalidf("", "there is no cleaner %q; there are %s", c.Cleaner, join(clean.BuiltIns, func(b clean.BuiltIn) string { return b.Name }))
		}
	}
	if c.URL != "" {
		if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return corpus.Invalidf("", "%q is not an address like http://127.0.0.1:8000/clean", c.URL)
		}
	}

	return nil
}

// cleaner is what was asked for, and where its predictions come from.
func (c *predict) cleaner() (clean.Cleaner, corpus.Origin) {
	switch {
	case c.Exec != "":
		return &clean.Command{Line: c.Exec, JSONLines: c.JSONLines, Version: c.Version, Limit: c.Limit}, corpus.FromCommand
	case c.URL != "":
		return &clean.HTTP{URL: c.URL, Version: c.Version, Limit: c.Limit}, corpus.FromURL
	}
	b, _ := clean.BuiltInNamed(c.Cleaner) // Validate has found it

	return b.New(), corpus.BuiltIn
}

func (c *predict) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		project, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		var by corpus.AnnotatorID
		if c.As != "" {
			who, err := p.personNamed(s, c.As)
			if err != nil {
				return err
			}
			by = who.ID
		}
		cleaner, origin := c.cleaner()
		about := cleaner.About()
		n, err := s.Unpredicted(p.ctx, project.ID, 0, c.All)
		switch {
		case err != nil:
			return err
		case n == 0 && c.All:
			return corpus.Invalidf("", "the project %q has no documents", project.Name)
		case n == 0:
			return corpus.Invalidf("", "no document of the project %q has gold yet; clean all of them with --all", project.Name)
		}
		run, err := s.StartRun(p.ctx, corpus.Run{Project: project.ID, Name: cmp.Or(c.Name, about.String()), Cleaner: about, Origin: origin, Documents: n}, false, by)
		if err != nil {
			return err
		}

		return c.predict(p, s, project, run, cleaner)
	})
}

// How predictions are kept while they are made: so many together, or what there
// is after a while. What is kept survives a stop.
const (
	keepEach  = 32
	keepAfter = time.Second
	beatEvery = 30 * time.Second
)

func (c *predict) predict(p *program, s *db.Store, project corpus.Project, run corpus.Run, cleaner clean.Cleaner) error {
	if c.Retry {
		if err := s.ForgetFailures(p.ctx, run.ID); err != nil {
			return err
		}
	}
	if run.Predicted > 0 {
		fmt.Fprintf(p.stderr, "going on with %q: %d of %d documents are done\n", run.Name, run.Predicted, run.Documents)
	}
	show := newProgress(p.stderr)
	made := run.Predicted
	err := keepPredictions(p.ctx, s, project, run, cleaner, c.All, c.Workers, func(done, failed int) {
		made = run.Predicted + done
		show.count(made, failed)
	})
	show.end()
	if invalid := (*corpus.Invalid)(nil); made == 0 && errors.As(err, &invalid) { // it could not even start
		return errors.Join(err, s.EraseRun(context.WithoutCancel(p.ctx), run.ID))
	}
	state := corpus.RunDone
	if err != nil {
		state = corpus.RunStopped
	}
	// Also a run that is being stopped says so.
	if ended := s.EndRun(context.WithoutCancel(p.ctx), run.ID, state); err != nil || ended != nil {
		if p.ctx.Err() != nil {
			fmt.Fprintf(p.stderr, "annotate: the run %q was stopped; the same command goes on with it\n", run.Name)
			return errTold
		}
		return errors.Join(err, ended)
	}

	statuses, err := s.RunStatuses(p.ctx, run.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s: %d ok, %d empty, %d error, %d timeout\n", run.Name, statuses[score.OK], statuses[score.Empty], statuses[score.Failed], statuses[score.TimeOut])

	return nil
}

// keepPredictions cleans what the run has not predicted yet, and keeps it as it
// comes.
func keepPredictions(ctx context.Context, s *db.Store, project corpus.Project, run corpus.Run, cleaner clean.Cleaner, all bool, workers int, progress func(done, failed int)) error {
	beating, rest := context.WithCancel(ctx)
	defer rest()
	go func() { // a document may take longer than the data file waits for a sign of life
		for tick := time.NewTicker(beatEvery); ; {
			select {
			case <-tick.C:
				_ = s.BeatRun(beating, run.ID) // what is wrong with the file, the work itself meets
			case <-beating.Done():
				tick.Stop()
				return
			}
		}
	}()

	var batch []db.Predicted
	kept, done, failed := time.Now(), 0, 0
	keep := func() error {
		if len(batch) == 0 {
			return nil
		}
		// What was cleaned before a stop is kept all the same.
		err := s.AddPredictions(context.WithoutCancel(ctx), run.ID, batch)
		batch, kept = nil, time.Now()
		return err
	}
	for one, err := range clean.Run(ctx, cleaner, s.ToPredict(ctx, project.ID, run.ID, all), workers) {
		if err != nil {
			return errors.Join(err, keep())
		}
		batch = append(batch, db.Predicted{Document: one.Document.ID, Prediction: one.Prediction})
		if done++; one.Prediction.Status != score.OK && one.Prediction.Status != score.Empty {
			failed++
		}
		progress(done, failed)
		if len(batch) >= keepEach || time.Since(kept) > keepAfter {
			if err := keep(); err != nil {
				return err
			}
		}
	}

	return keep()
}
