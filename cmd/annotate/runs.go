package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

type runs struct {
	Import runsImport `cmd:"" help:"Bring in a run from files of predictions."`
	List   runsList   `cmd:"" help:"List a project's runs."`
	Show   runsShow   `cmd:"" help:"Show one run."`
	Export runsExport `cmd:"" help:"Write a run's predictions as JSON Lines."`
	Remove runsRemove `cmd:"" help:"Hide a run."`
}

type runsImport struct {
	Project string   `required:"" placeholder:"NAME" help:"The project whose documents were cleaned."`
	Name    string   `required:"" placeholder:"RUN" help:"What the run is called."`
	Read    string   `enum:"${predictions}" default:"auto" placeholder:"NAME" help:"How to read the files: one of ${enum}. auto goes by content."`
	Column  string   `placeholder:"NAME" help:"Of a file with several extractors: which."`
	Cleaner string   `placeholder:"TEXT" help:"The cleaner's name, where the files do not say it."`
	Version string   `name:"cleaner-version" placeholder:"TEXT" help:"The cleaner's version, where the files do not say it."`
	DryRun  bool     `help:"Say what would match; store nothing."`
	Strict  bool     `help:"Store nothing if a prediction is for no document of the project."`
	As      string   `placeholder:"USER" help:"Who brings the run in."`
	JSON    bool     `name:"json" help:"Write the report as JSON."`
	Paths   []string `arg:"" name:"file" help:"Files or folders of predictions; - is stdin."`
}

func (c *runsImport) Run(p *program) error {
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
		var read []*files.Predictions
		defer func() {
			for _, f := range read {
				f.Close()
			}
		}()
		for _, path := range c.Paths {
			f, err := c.open(p, path)
			if err != nil {
				return err
			}
			read = append(read, f)
		}
		m, err := files.MatchAll(p.ctx, read, names(s.Names(p.ctx, project.ID)))
		if err != nil {
			return err
		}
		if err := c.tell(p, m); err != nil || c.DryRun {
			return err
		}
		switch {
		case m.Matched == 0:
			return corpus.Invalidf("", "nothing was stored: no prediction is for a document of the project %q", project.Name)
		case c.Strict && len(m.Unused) > 0:
			return corpus.Invalidf("", "nothing was stored, because %s for no document of the project", count(len(m.Unused), "prediction is", "predictions are"))
		}

		return c.store(p, s, project, read, m, by)
	})
}

func (c *runsImport) open(p *program, path string) (*files.Predictions, error) {
	o := files.Options{Format: c.Read, Column: c.Column}
	if path == "-" {
		return files.OpenReader(p.stdin, "-", o)
	}
	return files.Open(path, o)
}

// tell says what matched before anything is stored.
func (c *runsImport) tell(p *program, m files.Matched) error {
	if c.JSON {
		return json.NewEncoder(p.stdout).Encode(m)
	}
	fmt.Fprintf(p.stdout, "%s, %d matched", count(m.Predictions, "prediction", "predictions"), m.Matched)
	for _, by := range files.KeyKinds {
		if m.By[by] > 0 {
			fmt.Fprintf(p.stdout, ", %d by %s", m.By[by], by)
		}
	}
	fmt.Fprintln(p.stdout)
	list := func(what string, ids []string) {
		if len(ids) == 0 {
			return
		}
		fmt.Fprintf(p.stdout, "%s (%d):\n", what, len(ids))
		for _, id := range ids[:min(len(ids), shownUnmatched)] {
			fmt.Fprintf(p.stdout, "  %s\n", opening([]rune(id)))
		}
		if more := len(ids) - shownUnmatched; more > 0 {
			fmt.Fprintf(p.stdout, "  … and %d more\n", more)
		}
	}
	list("Documents with gold and no prediction", m.WithoutPrediction)
	list("Predictions for no document of the project", m.Unused)

	return nil
}

const shownUnmatched = 20

// store keeps the run; it is seen when all of it is there.
func (c *runsImport) store(p *program, s *db.Store, project corpus.Project, read []*files.Predictions, m files.Matched, by corpus.AnnotatorID) (err error) {
	about := read[0].Cleaner()
	if c.Cleaner != "" {
		about.Name = c.Cleaner
	}
	if c.Version != "" {
		about.Version = c.Version
	}
	if about.Name == "" {
		about.Name = c.Name
	}
	run, err := s.StartRun(p.ctx, corpus.Run{Project: project.ID, Name: c.Name, Cleaner: about, Origin: corpus.FromFile, Documents: m.Matched}, true, by)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.EraseRun(context.WithoutCancel(p.ctx), run.ID))
		}
	}()

	show := newProgress(p.stderr)
	defer show.end()
	var batch []db.Predicted
	size, done := 0, 0
	for _, place := range m.Places {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		f := read[place.File]
		d, err := s.Document(p.ctx, place.Document)
		if err != nil {
			return err
		}
		prediction, err := f.Read(place.N, d.Text, true)
		if err != nil {
			return err
		}
		batch = append(batch, db.Predicted{Document: place.Document, Prediction: prediction})
		size += len(prediction.Text) + 256
		if size > storeBytes {
			if err := s.AddPredictions(p.ctx, run.ID, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
		done++
		show.count(done, 0)
	}
	if err := s.AddPredictions(p.ctx, run.ID, batch); err != nil {
		return err
	}
	if err := s.EndRun(p.ctx, run.ID, corpus.RunDone); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "the run %q is stored; see it with: %s\n", c.Name, p.command("evaluate --project "+shellWord(project.Name)+" --run "+shellWord(c.Name)))

	return nil
}

// storeBytes is how much of a run is stored in one change: some ten
// milliseconds of the writer.
const storeBytes = 256 << 10

// names are a project's documents as predictions may call them: those that came
// without an id by the hash of their text, as an export has it.
func names(in func(func(db.Named, error) bool)) func(func(files.Document, error) bool) {
	return func(yield func(files.Document, error) bool) {
		for n, err := range in {
			d := files.Document{ID: n.ID, Gold: n.Gold, Keys: files.Keys{ID: cmp.Or(n.External, n.TextHash), URL: n.URL, Name: n.Name, SourceHash: n.SourceHash, TextHash: n.TextHash}}
			if !yield(d, err) {
				return
			}
		}
	}
}

type runsList struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	JSON    bool   `name:"json" help:"Write JSON."`
}

// runView is a run as JSON.
type runView struct {
	Name      string               `json:"name"`
	Cleaner   corpus.Cleaner       `json:"cleaner"`
	Origin    corpus.Origin        `json:"origin"`
	State     corpus.RunState      `json:"state"`
	Documents int                  `json:"documents"`
	Predicted int                  `json:"predicted"`
	Statuses  map[score.Status]int `json:"statuses,omitempty"`
	By        string               `json:"by,omitempty"`
	Started   time.Time            `json:"started"`
	Ended     *time.Time           `json:"ended,omitempty"`
}

func viewRun(r corpus.Run) runView {
	v := runView{Name: r.Name, Cleaner: r.Cleaner, Origin: r.Origin, State: r.State, Documents: r.Documents, Predicted: r.Predicted, By: r.By, Started: r.Started}
	if !r.Ended.IsZero() {
		v.Ended = &r.Ended
	}
	return v
}

func (c *runsList) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		project, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		all, err := s.Runs(p.ctx, project.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			out := []runView{}
			for _, r := range all {
				out = append(out, viewRun(r))
			}
			return indented(p.stdout, out)
		}
		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "RUN\tCLEANER\tFROM\tSTATE\tDOCUMENTS\tSTARTED")
		for _, r := range all {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d of %d\t%s\n", r.Name, opening([]rune(r.Cleaner.String())), r.Origin, r.State, r.Predicted, r.Documents, r.Started.Format("2006-01-02 15:04"))
		}
		return t.Flush()
	})
}

func indented(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")

	return e.Encode(v)
}

type runsShow struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	Name    string `arg:"" name:"RUN" help:"The run."`
	JSON    bool   `name:"json" help:"Write JSON."`
}

func (c *runsShow) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		_, r, err := p.runNamed(s, c.Project, c.Name)
		if err != nil {
			return err
		}
		v := viewRun(r)
		if v.Statuses, err = s.RunStatuses(p.ctx, r.ID); err != nil {
			return err
		}
		if c.JSON {
			return indented(p.stdout, v)
		}
		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "run\t%s\ncleaner\t%s\nfrom\t%s\nstate\t%s\ndocuments\t%d of %d\n", v.Name, opening([]rune(v.Cleaner.String())), v.Origin, v.State, v.Predicted, v.Documents)
		for _, status := range []score.Status{score.OK, score.Empty, score.Failed, score.TimeOut} {
			fmt.Fprintf(t, "%s\t%d\n", status, v.Statuses[status])
		}
		if v.Cleaner.Config != "" {
			fmt.Fprintf(t, "configuration\t%s\n", opening([]rune(v.Cleaner.Config)))
		}
		fmt.Fprintf(t, "started\t%s\n", v.Started.Format(time.RFC3339))
		return t.Flush()
	})
}

// runNamed is a run of a project.
func (p *program) runNamed(s *db.Store, project, name string) (corpus.Project, corpus.Run, error) {
	in, err := p.projectNamed(s, project)
	if err != nil {
		return in, corpus.Run{}, err
	}
	r, err := s.RunByName(p.ctx, in.ID, name)
	if errors.Is(err, corpus.ErrNotFound) {
		return in, r, corpus.Invalidf("", "the project %q has no run %q; see them with: %s", in.Name, name, p.command("runs list --project "+shellWord(in.Name)))
	}

	return in, r, err
}

type runsExport struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	Name    string `arg:"" name:"RUN" help:"The run."`
	Output  string `name:"output" short:"o" default:"-" placeholder:"PATH" help:"The file to write; - is stdout (default)."`
}

func (c *runsExport) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		_, r, err := p.runNamed(s, c.Project, c.Name)
		if err != nil {
			return err
		}
		write := func(w io.Writer) error {
			out := bufio.NewWriterSize(w, 256<<10)
			for one, err := range s.Predictions(p.ctx, r.ID) {
				if err != nil {
					return err
				}
				line, err := files.Line(files.Keys{ID: one.External, URL: one.URL, TextHash: one.TextHash}, r.Cleaner, one.Prediction)
				if err != nil {
					return err
				}
				if _, err := out.Write(line); err != nil {
					return err
				}
			}
			return out.Flush()
		}
		if c.Output == "-" {
			return write(p.stdout)
		}
		if info, err := os.Stat(c.Output); err == nil && info.IsDir() {
			return corpus.Invalidf("", "%s is a folder; name a file in it, such as %s", c.Output, filepath.Join(c.Output, "run.jsonl"))
		}
		return replace(c.Output, write)
	})
}

type runsRemove struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	Name    string `arg:"" name:"RUN" help:"The run."`
}

func (c *runsRemove) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, r, err := p.runNamed(s, c.Project, c.Name)
		if err != nil {
			return err
		}
		if err := s.SetRunRemoved(p.ctx, in.ID, r.ID, true); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s is removed; its predictions are kept in the data file\n", r.Name)
		return nil
	})
}
