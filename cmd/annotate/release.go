package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/release"
)

type releases struct {
	Add     releaseAdd     `cmd:"" help:"Freeze a project's gold under a name."`
	List    releaseList    `cmd:"" help:"List a project's releases."`
	Show    releaseShow    `cmd:"" help:"Show a release: what it holds, by which rules, and whose work it is."`
	Verify  releaseVerify  `cmd:"" help:"Compute a release again, and say what differs; exit 1 where something does."`
	Diff    releaseDiff    `cmd:"" help:"Say what changed from one release to another."`
	Remove  releaseRemove  `cmd:"" help:"Hide a release. Its data and its name are kept."`
	Restore releaseRestore `cmd:"" help:"Bring a release back that was removed."`
}

type releaseAdd struct {
	Name    string `arg:"" name:"RELEASE" help:"What it is called, such as 2026-11; 1 to 80 characters."`
	Project string `required:"" placeholder:"NAME" help:"The project whose gold is frozen."`
	Note    string `placeholder:"TEXT" help:"What is to be known of it."`
	As      string `placeholder:"USER" help:"Who makes the release."`
}

func (c *releaseAdd) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, err := p.projectNamed(s, c.Project)
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

		show := newProgress(p.stderr)
		defer show.end()
		r, err := s.AddRelease(p.ctx, db.ReleaseOptions{Project: in.ID, Name: c.Name, Note: c.Note, By: by, Program: export.Program(), Progress: func(done, _ int) { show.count(done, 0) }})
		if err == nil {
			fmt.Fprintf(p.stdout, "The release %s is there: %s, sha256 %s\n", r.Name, count(r.Documents, "document", "documents"), r.Hash)
		}
		return err
	})
}

// releaseNamed is a release by its name, in a project or, where that is not
// named, in the only one that has a release of that name.
func (p *program) releaseNamed(s *db.Store, project, name string) (corpus.Project, corpus.Release, error) {
	if project == "" {
		found, err := s.ReleasesNamed(p.ctx, name)
		switch {
		case err != nil:
			return corpus.Project{}, corpus.Release{}, err
		case len(found) == 0:
			return corpus.Project{}, corpus.Release{}, corpus.Invalidf("", "there is no release %q; see those of a project with: %s", name, p.command("release list --project NAME"))
		case len(found) > 1:
			return corpus.Project{}, corpus.Release{}, corpus.Invalidf("", "%s have a release %q; name one with --project", count(len(found), "project", "projects"), name)
		}
		in, err := s.Project(p.ctx, found[0].Project)
		return in, found[0], err
	}

	in, err := p.projectNamed(s, project)
	if err != nil {
		return in, corpus.Release{}, err
	}
	r, err := s.ReleaseByName(p.ctx, in.ID, name)
	if errors.Is(err, corpus.ErrNotFound) {
		return in, r, corpus.Invalidf("", "the project %q has no release %q; see them with: %s", in.Name, name, p.command("release list --project "+shellWord(in.Name)))
	}

	return in, r, err
}

type releaseList struct {
	Project string `required:"" placeholder:"NAME" help:"The project."`
	JSON    bool   `name:"json" help:"Write JSON, one manifest a line."`
}

func (c *releaseList) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		all, err := s.Releases(p.ctx, in.ID)
		if err != nil {
			return err
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(t, "RELEASE\tDOCUMENTS\tMADE\tSHA256")
		}
		for _, r := range all {
			if c.JSON {
				if err := json.NewEncoder(p.stdout).Encode(r.ReleaseManifest); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", r.Name, r.Documents, r.At.Format("2006-01-02 15:04"), r.Hash)
		}

		return t.Flush()
	})
}

type releaseShow struct {
	Name    string `arg:"" name:"RELEASE" help:"The release."`
	Project string `placeholder:"NAME" help:"Its project, where several have a release of that name."`
	JSON    bool   `name:"json" help:"Write the manifest as JSON."`
}

func (c *releaseShow) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		_, r, err := p.releaseNamed(s, c.Project, c.Name)
		if err != nil {
			return err
		}
		if c.JSON {
			e := json.NewEncoder(p.stdout)
			e.SetIndent("", "  ")
			return e.Encode(r.ReleaseManifest)
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		line := func(name string, value any) {
			if fmt.Sprint(value) != "" {
				fmt.Fprintf(t, "%s\t%v\n", name, value)
			}
		}
		line("release", r.Name)
		line("project", r.ProjectName)
		line("note", strings.Join(strings.Fields(r.Note), " "))
		line("sha256", r.Hash)
		line("made", r.At.Format("2006-01-02 15:04:05 MST"))
		line("by", r.By)
		line("program", r.Program)
		line("documents", r.Documents)
		line("sites", r.Sites)
		line("labels", join(r.Labels, func(l corpus.Label) string { return l.Name }))
		line("overlap", fmt.Sprintf("%d on %d%%", r.Overlap, r.OverlapShare))
		line("rule for gold", r.Rule)
		line("gold rests on", tallies(r.Bases))
		line("cut by", tallies(r.Segmenters))
		line("labelled by", tallies(r.Annotators))
		line("decided by", join(r.Deciders, func(d corpus.ReleasePerson) string { return fmt.Sprintf("%s %d", d.Name, d.Documents) }))

		return t.Flush()
	})
}

// tallies are counts by name, in the order of the names.
func tallies[K ~string](counts map[K]int) string {
	return join(slices.Sorted(maps.Keys(counts)), func(k K) string { return fmt.Sprintf("%s %d", k, counts[k]) })
}

type releaseVerify struct {
	Name    string `arg:"" optional:"" name:"RELEASE" help:"The release; with --file it may be left out, then the manifest beside the file counts."`
	Project string `placeholder:"NAME" help:"Its project, where several have a release of that name."`
	File    string `placeholder:"PATH" help:"Verify an export of the release (JSON Lines) instead of the data file."`
}

// Validate wants something to verify.
func (c *releaseVerify) Validate() error {
	if c.Name == "" && c.File == "" {
		return corpus.Invalidf("", "name a release, or a file with --file")
	}
	return nil
}

func (c *releaseVerify) Run(p *program) error {
	if c.Name == "" {
		m, err := manifestBeside(c.File)
		if err != nil {
			return err
		}
		return c.file(p, m, nil)
	}

	return p.openThere(func(s *db.Store) error {
		_, r, err := p.releaseNamed(s, c.Project, c.Name)
		if err != nil {
			return err
		}
		if c.File == "" {
			return c.stored(p, s, r)
		}
		expected, err := s.ReleaseHashes(p.ctx, r.ID)
		if err != nil {
			return err
		}
		return c.file(p, r.ReleaseManifest, expected)
	})
}

// stored verifies what the data file has.
func (c *releaseVerify) stored(p *program, s *db.Store, r corpus.Release) error {
	show := newProgress(p.stderr)
	defer show.end()
	different := 0
	err := s.VerifyRelease(p.ctx, r, func(done, _ int) { show.count(done, different) }, func(d corpus.ReleaseDifference) {
		different++
		tellDifference(p.stdout, d)
	})

	return verdict(p, r.ReleaseManifest, different, err)
}

// file verifies an export.
func (c *releaseVerify) file(p *program, m corpus.ReleaseManifest, expected map[string]release.Hash) error {
	f, err := os.Open(c.File)
	if err != nil {
		return unreadable(c.File, err)
	}
	defer f.Close()
	different := 0
	err = release.VerifyFile(f, m, expected, func(d corpus.ReleaseDifference) {
		different++
		tellDifference(p.stdout, d)
	})

	return verdict(p, m, different, err)
}

func unreadable(path string, err error) error {
	return corpus.Invalidf("", "%s cannot be read: %s", path, reason(err))
}

func manifestBeside(path string) (corpus.ReleaseManifest, error) {
	b, err := os.ReadFile(path + ".manifest.json")
	if err != nil {
		return corpus.ReleaseManifest{}, unreadable(path+".manifest.json", err)
	}

	return release.ManifestBeside(b)
}

func tellDifference(w io.Writer, d corpus.ReleaseDifference) {
	switch {
	case d.Document != 0:
		fmt.Fprintf(w, "document %d (%s): %s\n", d.Document, d.Key, d.Reason)
	case d.Key != "":
		fmt.Fprintf(w, "%s: %s\n", d.Key, d.Reason)
	default:
		fmt.Fprintln(w, d.Reason)
	}
}

func verdict(p *program, m corpus.ReleaseManifest, different int, err error) error {
	switch {
	case err != nil:
		return err
	case different > 0:
		return corpus.Invalidf("", "this is not the release %s: %s", m.Name, count(different, "difference", "differences"))
	}
	fmt.Fprintf(p.stdout, "%s is as it was released: %s, sha256 %s\n", m.Name, count(m.Documents, "document", "documents"), m.Hash)

	return nil
}

type releaseDiff struct {
	From    string `arg:"" name:"A" help:"The older release."`
	To      string `arg:"" name:"B" help:"The newer release."`
	Project string `placeholder:"NAME" help:"Their project, where several have releases of these names."`
	JSON    bool   `name:"json" help:"Write JSON: a line for each document that differs, and the totals in the last line."`
}

func (c *releaseDiff) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, a, err := p.releaseNamed(s, c.Project, c.From)
		if err != nil {
			return err
		}
		_, b, err := p.releaseNamed(s, in.Name, c.To)
		if err != nil {
			return err
		}

		out := json.NewEncoder(p.stdout)
		d, err := s.DiffReleases(p.ctx, a, b, func(one corpus.DocumentChange) error {
			if c.JSON {
				return out.Encode(one)
			}
			_, err := fmt.Fprintf(p.stdout, "%s\t%s\t%s\n", one.Kind, one.Key, strings.Join(one.Words(), ", "))
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return out.Encode(d)
		}

		return tellDiff(p.stdout, d)
	})
}

func tellDiff(w io.Writer, d corpus.ReleaseDiff) error {
	fmt.Fprintf(w, "%s to %s: %d added, %d removed, %d changed, %d unchanged", d.From, d.To, d.Added, d.Removed, d.Changed, d.Unchanged)
	if words := d.Total().Words(); len(words) > 0 {
		fmt.Fprintf(w, "; %s", strings.Join(words, ", "))
	}
	fmt.Fprintln(w)
	for _, l := range d.Labels {
		fmt.Fprintf(w, "label %s\n", l)
	}
	if d.SettingsWas != d.SettingsIs {
		fmt.Fprintf(w, "settings: %s; they were: %s\n", d.SettingsIs, d.SettingsWas)
	}
	_, err := io.WriteString(w, d.GuidelinesDiff)

	return err
}

type releaseRemove struct {
	Name    string `arg:"" name:"RELEASE" help:"The release."`
	Project string `placeholder:"NAME" help:"Its project, where several have a release of that name."`
}

func (c *releaseRemove) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, r, err := p.releaseNamed(s, c.Project, c.Name)
		if err != nil {
			return err
		}
		if err := s.SetReleaseRemoved(p.ctx, in.ID, r.ID, true, 0); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s is removed; bring it back with: %s\n", r.Name, p.command("release restore "+shellWord(r.Name)+" --project "+shellWord(in.Name)))
		return nil
	})
}

type releaseRestore struct {
	Name    string `arg:"" name:"RELEASE" help:"The release."`
	Project string `required:"" placeholder:"NAME" help:"Its project."`
}

func (c *releaseRestore) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		in, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		r, err := s.RemovedRelease(p.ctx, in.ID, c.Name)
		if errors.Is(err, corpus.ErrNotFound) {
			return corpus.Invalidf("", "the project %q has no removed release %q", in.Name, c.Name)
		}
		if err != nil {
			return err
		}
		if err := s.SetReleaseRemoved(p.ctx, in.ID, r.ID, false, 0); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s is back\n", r.Name)
		return nil
	})
}
