package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/ingest"
)

type importFiles struct {
	Project   string   `required:"" placeholder:"NAME" help:"The project that gets the documents; it must be there."`
	Format    string   `enum:"${inputs}" default:"auto" help:"How to read the files: ${enum}. auto goes by name and content. brat, aeb, chatnoir, wcxb and cleaneval keep a document in two files: give the folder."`
	Status    []int    `placeholder:"200,…" help:"Of web archives: take the responses with these statuses; 200 alone without it."`
	Types     []string `name:"types" placeholder:"TYPE,…" help:"Of web archives: take pages of these media types; ${pageTypes} without it."`
	Parts     int      `placeholder:"N" help:"Store after each N documents, instead of all at once: where the import is stopped, what is stored stays, and the same command goes on."`
	As        string   `placeholder:"USER" help:"Who imports them, and whose drafts labelled spans become with --blocks none."`
	Offsets   string   `enum:"auto,${offsets}" default:"auto" help:"What positions in the files of other tools count: ${enum}."`
	Blocks    string   `enum:"ask,body,none" default:"ask" help:"Blocks of a file of another tool that has labelled spans only. body: all of them are body; none: they are left undecided, and the spans become drafts of --as."`
	Pieces    bool     `help:"Take a span in several pieces, or over the border of a block, as its pieces."`
	DryRun    bool     `help:"Say what would happen; store nothing."`
	SkipBad   bool     `help:"Import the good documents although others are bad, and leave out what cannot be kept of a document."`
	AddLabels bool     `help:"Add labels that the project does not have yet."`
	Copies    bool     `name:"near-copies" help:"Say how many of the new documents are near-copies of others, once they are imported."`
	JSON      bool     `name:"json" help:"Write the report as JSON."`
	Paths     []string `arg:"" name:"path" help:"Files, folders and archives; - is stdin."`
}

func (c *importFiles) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		into, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		o := corpus.ImportOptions{Project: into.ID, DryRun: c.DryRun, SkipBad: c.SkipBad, AddLabels: c.AddLabels}
		if c.As != "" {
			by, err := p.personNamed(s, c.As)
			if err != nil {
				return err
			}
			o.By = by.ID
		} else if c.Blocks == ingest.BlocksNone {
			return corpus.Invalidf("", "--blocks none makes drafts of a person; say whose, with --as NAME")
		}

		if c.Parts < 0 {
			return corpus.Invalidf("", "--parts counts documents; %d is no such number", c.Parts)
		}

		before, err := s.Newest(p.ctx, into.ID)
		if err != nil {
			return err
		}
		show := newProgress(p.stderr)
		o.Progress = show.at
		report, err := importParts(p.ctx, s, o, ingest.Documents(p.ctx, c.pages(p), into.Cutting), c.Parts)
		show.end()
		if err != nil {
			return err
		}
		if err := c.tell(p, report); err != nil || !c.Copies || !report.Stored {
			return err
		}

		return tellCopies(p, s, into.ID, before)
	})
}

// importParts imports n documents at a time, each part all or nothing, and all
// at once for 0. A part with bad documents, unless these are skipped, is the last
// one and is not stored; of its documents only the bad ones are counted, where
// parts before it are stored.
func importParts(ctx context.Context, s *db.Store, o corpus.ImportOptions, docs iter.Seq2[corpus.Incoming, error], n int) (total corpus.ImportReport, err error) {
	if n == 0 {
		return s.Import(ctx, o, docs)
	}

	next, stop := iter.Pull2(docs)
	defer stop()
	progress := o.Progress
	for more := true; more; {
		part := func(yield func(corpus.Incoming, error) bool) {
			for range n {
				var in corpus.Incoming
				var err error
				if in, err, more = next(); !more || !yield(in, err) {
					return
				}
			}
		}
		o.Progress = func(r corpus.ImportReport) {
			r.Add(total)
			progress(r)
		}
		r, err := s.Import(ctx, o, part)
		bad := r.Failed > 0 && !o.SkipBad && !o.DryRun
		if total.Stored && (bad || err != nil) {
			r = corpus.ImportReport{Failed: r.Failed, Problems: r.Problems, Noted: r.Noted, Notes: r.Notes}
		}
		total.Add(r)
		if bad || err != nil {
			return total, err
		}
	}

	return total, nil
}

// tellCopies looks for near-copies of what came after a document. It is asked
// for: the first search of a project reads all of it, which takes as long as its
// import did.
func tellCopies(p *program, s *db.Store, project corpus.ProjectID, before corpus.DocumentID) error {
	if err := p.findNearCopies(s, project); err != nil {
		return err
	}
	n, err := s.CountNearCopies(p.ctx, project, before)
	if err != nil {
		return err
	}
	words := count(n, "new document is a near-copy of another", "new documents are near-copies of others")
	if n > 0 {
		words += "; see: annotate splits duplicates"
	}
	fmt.Fprintln(p.stderr, words)

	return nil
}

// pages reads what was named, in its order.
func (c *importFiles) pages(p *program) iter.Seq2[ingest.Page, error] {
	o := ingest.Options{Format: c.Format, Statuses: c.Status, Types: c.Types, Pieces: c.Pieces, LeaveOut: c.SkipBad}
	if c.Offsets != "auto" {
		o.Offsets = c.Offsets
	}
	if c.Blocks != "ask" {
		o.Blocks = c.Blocks
	}
	if !slices.Contains(c.Paths, "-") {
		return ingest.Paths(p.ctx, c.Paths, o)
	}

	return func(yield func(ingest.Page, error) bool) {
		for _, path := range c.Paths {
			pages := ingest.Paths(p.ctx, []string{path}, o)
			if path == "-" {
				pages = ingest.Reader(p.ctx, p.stdin, "-", o)
			}
			for page, err := range pages {
				if !yield(page, err) {
					return
				}
			}
		}
	}
}

// tell prints the report. It is an error where nothing was stored that should
// have been, and where a dry run found that nothing would be.
func (c *importFiles) tell(p *program, r corpus.ImportReport) error {
	if c.JSON {
		if err := json.NewEncoder(p.stdout).Encode(r); err != nil {
			return err
		}
	} else {
		c.print(p.stdout, r)
	}
	if r.Failed == 0 || c.SkipBad {
		return nil
	}
	if c.DryRun {
		return errTold
	}

	nothing := "nothing was stored"
	if r.Stored {
		nothing = "from the part on that has them nothing was stored"
	}

	return corpus.Invalidf("", "%s, because %s; repair that, or leave it out with --skip-bad", nothing, count(r.Failed, "document is bad", "documents are bad"))
}

func (c *importFiles) print(w io.Writer, r corpus.ImportReport) {
	for _, problem := range r.Problems {
		fmt.Fprintln(w, problem.Error())
	}
	if more := r.Failed - len(r.Problems); more > 0 {
		fmt.Fprintf(w, "… and %d more\n", more)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", note.Error())
	}
	if more := r.Noted - len(r.Notes); more > 0 {
		fmt.Fprintf(w, "… and %s more\n", count(more, "note", "notes"))
	}
	for _, d := range r.Sample {
		printSample(w, d)
	}
	if len(r.NewLabels) > 0 {
		fmt.Fprintf(w, "new labels: %s\n", strings.Join(r.NewLabels, ", "))
	}
	if r.Stored {
		fmt.Fprintf(w, "%d new, %d unchanged, %d changed, %d failed", r.New, r.Unchanged, r.Changed, r.Failed)
	} else {
		fmt.Fprintf(w, "%d would be new, %d unchanged, %d would change, %d failed", r.New, r.Unchanged, r.Changed, r.Failed)
	}
	if r.Gold > 0 {
		fmt.Fprintf(w, "; %d with gold", r.Gold)
	}
	if r.Drafts > 0 {
		fmt.Fprintf(w, "; %d with a draft", r.Drafts)
	}
	if r.Splits > 0 {
		fmt.Fprintf(w, "; %d fixed to the part of a split", r.Splits)
	}
	if r.GoldWords > 0 {
		fmt.Fprintf(w, "; %.1f %% of the gold texts' words found in their pages", 100*float64(r.GoldFound)/float64(r.GoldWords))
	}
	if c.DryRun {
		fmt.Fprint(w, "; this was a dry run, nothing is stored")
	}
	fmt.Fprintln(w)
}

// printSample shows a document as it was cut, with the labels it brings: b and x
// for body and boilerplate, and the spans under their block.
func printSample(w io.Writer, d corpus.Incoming) {
	fmt.Fprintf(w, "%s, %s by %s:\n", cmp.Or(d.Name, d.ExternalID), count(len(d.Blocks), "block", "blocks"), d.Segmenter)
	runes := []rune(d.Text)
	shown := d.Pieces // a block may be split
	if shown == nil {
		for _, b := range d.Blocks {
			shown = append(shown, corpus.Piece{Range: b.Range})
		}
	}
	for i, p := range shown[:min(len(shown), sampleBlocks)] {
		class := map[corpus.Class]string{corpus.Body: "b ", corpus.Boilerplate: "x "}[p.Class]
		fmt.Fprintf(w, "  %3d  %s%s\n", i+1, class, opening(runes[p.Start:p.End]))
		for _, s := range d.Spans {
			if p.Contains(s.Range) {
				fmt.Fprintf(w, "         %s: %s\n", s.Label, opening([]rune(s.Quote)))
			}
		}
	}
	if more := len(shown) - sampleBlocks; more > 0 {
		fmt.Fprintf(w, "       … and %d more\n", more)
	}
}

// How much of a document a dry run shows.
const (
	sampleBlocks = 40
	sampleRunes  = 100
)

// opening is the beginning of a block on one line.
func opening(block []rune) string {
	more := ""
	if len(block) > sampleRunes {
		block, more = block[:sampleRunes], "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, string(block)) + more
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// progress shows how far an import, or a run, is: a counter that moves on a terminal, a
// line every few seconds elsewhere.
type progress struct {
	w    io.Writer
	bar  *progressbar.ProgressBar // nil where w is no terminal
	last time.Time
}

const progressEvery = 5 * time.Second

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, last: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(-1, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("documents"),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("documents"),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}

	return p
}

func (p *progress) at(r corpus.ImportReport) { p.count(r.Total(), r.Failed) }

func (p *progress) count(done, failed int) {
	switch {
	case p.bar != nil:
		_ = p.bar.Set(done) // a counter that cannot be drawn is no reason to stop
	case time.Since(p.last) >= progressEvery:
		p.last = time.Now()
		fmt.Fprintf(p.w, "%d documents done, %d failed\n", done, failed)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
