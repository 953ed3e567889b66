package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/split"
)

type splits struct {
	Show       splitsShow       `cmd:"" help:"Show what each part would hold, and what leaks."`
	Check      splitsCheck      `cmd:"" help:"Name near-copies and sites that stand in several parts; exit 3 where one leaks."`
	Fix        splitsFix        `cmd:"" help:"Choose the part of documents or of a site by hand."`
	Duplicates splitsDuplicates `cmd:"" help:"List near-copies."`
}

// splitFlags are how documents are divided.
type splitFlags struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	Split   string `default:"${split}" placeholder:"SPEC" help:"The parts and their shares (default: ${split})."`
	By      string `enum:"${ways}" default:"site" placeholder:"WAY" help:"What is kept together: site (with its near-copies), cluster (of near-copies), document (nothing), or time, where older pages come first (default: site)."`
	Release string `placeholder:"NAME" help:"The documents of a release (default: all that are there)."`
	JSON    bool   `name:"json" help:"Write JSON."`
}

// Validate finds what is asked wrongly before anything is read.
func (f *splitFlags) Validate() error {
	_, err := split.ParseSpec(f.Split)
	return err
}

// report is how the split would come out, after near-copies are looked for.
func (f *splitFlags) report(p *program, s *db.Store) (r split.Report, err error) {
	spec, err := split.ParseSpec(f.Split)
	if err != nil {
		return r, err
	}
	in, err := p.projectNamed(s, f.Project)
	if err != nil {
		return r, err
	}
	var of corpus.Release
	if f.Release != "" {
		if _, of, err = p.releaseNamed(s, f.Project, f.Release); err != nil {
			return r, err
		}
	}
	if err := p.findNearCopies(s, in.ID); err != nil {
		return r, err
	}

	return s.SplitReport(p.ctx, in.ID, spec, split.By(f.By), of.ID)
}

func (p *program) findNearCopies(s *db.Store, project corpus.ProjectID) error {
	reports()
	show := newProgress(p.stderr)
	defer show.end()

	return s.FindNearCopies(p.ctx, project, func(n db.NearProgress) {
		if !n.Comparing {
			show.count(n.Done, 0)
		}
	})
}

type splitsShow struct{ splitFlags }

func (c *splitsShow) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		r, err := c.report(p, s)
		if err != nil {
			return err
		}
		if c.JSON {
			return indented(p.stdout, r)
		}
		return printSplits(p.stdout, r)
	})
}

// printSplits prints a part a line, and below what a person should know.
func printSplits(w io.Writer, r split.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PART\tASKED\tSHARE\tDOCUMENTS\tGOLD\tSITES\tCLUSTERS\tWORDS\tBODY\tBOILERPLATE\tSPANS\tLANGUAGES")
	for _, p := range r.Parts {
		fmt.Fprintf(t, "%s\t%.1f %%\t%.1f %%\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", p.Name, 100*p.Asked, 100*p.Share, p.Documents, p.Gold, p.Sites, p.Clusters, p.Words, p.Body, p.Boilerplate,
			orDash(tallies(p.Spans)), orDash(tallies(named(p.Languages))))
	}
	if err := t.Flush(); err != nil {
		return err
	}

	fmt.Fprintf(w, "%s by %s; %s of near-copies, %s across parts\n", r.Split, r.By, count(r.Clusters, "cluster", "clusters"), count(len(r.Pairs), "pair", "pairs"))
	for _, m := range r.Moves {
		fmt.Fprintf(w, "moved: %s from %s to %s, to its near-copies\n", m.Name, m.From, m.To)
	}
	for _, words := range r.Warnings {
		fmt.Fprintf(w, "warning: %s\n", words)
	}

	return nil
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// named gives documents without a language a name.
func named(languages map[string]int) map[string]int {
	out := maps.Clone(languages)
	if n := out[""]; n > 0 {
		out["unknown"] += n
	}
	delete(out, "")
	return out
}

type splitsCheck struct{ splitFlags }

func (c *splitsCheck) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		r, err := c.report(p, s)
		if err != nil {
			return err
		}
		if c.JSON {
			err = indented(p.stdout, struct {
				Leaks bool             `json:"leaks"`
				Pairs []split.NearCopy `json:"pairs"`
				Sites []split.SiteLeak `json:"sites"`
			}{r.Leaks(), r.Pairs, r.Sites})
		} else {
			err = printLeaks(p.stdout, r)
		}
		if err == nil && r.Leaks() {
			fmt.Fprintf(p.stderr, "annotate: the split leaks: %s of near-copies and %s in several parts\n", count(len(r.Pairs), "pair", "pairs"), count(len(r.Sites), "site", "sites"))
			return fellShort{errTold}
		}
		return err
	})
}

func printLeaks(w io.Writer, r split.Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range r.Pairs {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.Parts[0], c.Keys[0], c.Parts[1], c.Keys[1], likeness(c))
	}
	for _, site := range r.Sites {
		fmt.Fprintf(t, "site\t%s\t%s\t\t\n", site.Site, tallies(site.Documents))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if !r.Leaks() {
		_, err := fmt.Fprintf(w, "Nothing leaks: %s of near-copies, each within one part\n", count(len(r.Copies), "pair", "pairs"))
		return err
	}

	return nil
}

// likeness is how much of two texts is the same, in words.
func likeness(c split.NearCopy) string {
	if c.Jaccard < split.Alike {
		return fmt.Sprintf("%s, %.0f %% of one inside the other", c.Kind, 100*c.Containment)
	}
	return fmt.Sprintf("%s, %.0f %% the same", c.Kind, 100*c.Jaccard)
}

type splitsDuplicates struct {
	Project    string  `required:"" placeholder:"NAME" help:"The project."`
	Similarity float64 `default:"0.8" placeholder:"J" help:"How much of two texts must be the same, from 0.8 to 1: of all runs of five words that either has, those that both have (default: 0.8)."`
	JSON       bool    `name:"json" help:"Write JSON, one pair a line."`
}

// Validate finds what is asked wrongly before anything is read.
func (c *splitsDuplicates) Validate() error { return split.CheckSimilarity(c.Similarity) }

func (c *splitsDuplicates) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		if err := p.findNearCopies(s, in.ID); err != nil {
			return err
		}
		r, err := s.SplitReport(p.ctx, in.ID, split.Usual, split.ByDocument, 0)
		if err != nil {
			return err
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		for _, pair := range r.Copies {
			switch {
			case !(split.Similarity{Jaccard: pair.Jaccard, Containment: pair.Containment, Least: pair.Least}).Near(c.Similarity):
			case c.JSON:
				pair.Parts = [2]string{}
				if err := json.NewEncoder(p.stdout).Encode(pair); err != nil {
					return err
				}
			default:
				fmt.Fprintf(t, "%s\t%s\t%s\n", pair.Keys[0], pair.Keys[1], likeness(pair))
			}
		}

		return t.Flush()
	})
}

type splitsFix struct {
	Documents []string `arg:"" optional:"" name:"DOCUMENT" help:"Documents by the id that their record has, or by their number here."`
	Project   string   `required:"" placeholder:"NAME" help:"The project."`
	Part      string   `placeholder:"PART" xor:"part" help:"The part that they go to, such as test."`
	Free      bool     `xor:"part" help:"Give them back to the rule."`
	FromMeta  string   `placeholder:"FIELD" xor:"part" help:"Fix each document to the part that this field of its metadata names."`
	Site      string   `placeholder:"SITE" help:"All documents of this site, also those to come."`
	List      bool     `xor:"part" help:"List what is fixed."`
	As        string   `placeholder:"USER" help:"Who chooses."`
	JSON      bool     `name:"json" help:"With --list: write JSON, one a line."`
}

// Validate wants something to fix, and where to.
func (c *splitsFix) Validate() error {
	chosen := len(c.Documents) > 0 || c.Site != ""
	switch {
	case c.Part == "" && !c.Free && c.FromMeta == "" && !c.List:
		return errors.New("say where to with --part, --free or --from-meta, or --list what is fixed")
	case (c.FromMeta != "" || c.List) && chosen:
		return errors.New("--from-meta and --list are about all documents; name none")
	case (c.Part != "" || c.Free) && !chosen:
		return errors.New("name a document, or a site with --site")
	case c.Part != "":
		return split.CheckPart(c.Part)
	}
	return nil
}

func (c *splitsFix) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		if c.List {
			return c.list(p, s, in.ID)
		}
		var by corpus.AnnotatorID
		if c.As != "" {
			who, err := p.personNamed(s, c.As)
			if err != nil {
				return err
			}
			by = who.ID
		}

		fixes, err := c.fixes(p, s, in.ID)
		if err != nil {
			return err
		}
		changed := 0
		for _, fix := range fixes {
			n, err := s.FixSplit(p.ctx, in.ID, fix, by)
			if err != nil {
				return err
			}
			changed += n
		}
		fmt.Fprintf(p.stdout, "%s changed\n", count(changed, "choice", "choices"))

		return nil
	})
}

func (c *splitsFix) fixes(p *program, s *db.Store, project corpus.ProjectID) ([]db.SplitFix, error) {
	if c.FromMeta == "" {
		fix := db.SplitFix{Part: c.Part, Site: c.Site}
		for _, name := range c.Documents {
			id, err := p.documentNamed(s, project, name)
			if err != nil {
				return nil, err
			}
			fix.Documents = append(fix.Documents, id)
		}
		return []db.SplitFix{fix}, nil
	}

	named, err := s.SplitsInMeta(p.ctx, project, c.FromMeta)
	if err == nil && len(named) == 0 {
		err = corpus.Invalidf("", "no document's metadata has a field %q that names a part", c.FromMeta)
	}
	var out []db.SplitFix
	for _, part := range slices.Sorted(maps.Keys(named)) {
		if err := split.CheckPart(part); err != nil {
			return nil, err
		}
		for some := range slices.Chunk(named[part], 1000) {
			out = append(out, db.SplitFix{Part: part, Documents: some})
		}
	}

	return out, err
}

// documentNamed finds a document by its key, else by its number.
func (p *program) documentNamed(s *db.Store, project corpus.ProjectID, name string) (corpus.DocumentID, error) {
	id, err := s.DocumentKeyed(p.ctx, project, name)
	if !errors.Is(err, corpus.ErrNotFound) {
		return id, err
	}
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		return corpus.DocumentID(n), nil
	}

	return 0, corpus.Invalidf("", "the project has no document %q", name)
}

func (c *splitsFix) list(p *program, s *db.Store, project corpus.ProjectID) error {
	fixed, err := s.FixedSplits(p.ctx, project, time.Time{})
	if err != nil {
		return err
	}

	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, f := range fixed {
		if c.JSON {
			if err := json.NewEncoder(p.stdout).Encode(f); err != nil {
				return err
			}
			continue
		}
		what := "site " + f.Site
		if f.Document != "" {
			what = "document " + f.Document
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Part, what, f.At.Format("2006-01-02 15:04"), f.By)
	}

	return t.Flush()
}
