package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"

	"annotate/db"
	"annotate/internal/corpus"
)

type project struct {
	Add  projectAdd  `cmd:"" help:"Add a project with the usual labels."`
	List projectList `cmd:"" help:"List the projects."`
	Show projectShow `cmd:"" help:"Show a project, its labels and how far it is."`
	Set  projectSet  `cmd:"" help:"Change how a project is labelled."`

	Open  projectOpen  `cmd:"" help:"Let everybody with an account into a project."`
	Close projectClose `cmd:"" help:"Let only its members into a project, and administrators."`
}

type projectAdd struct {
	Name       string `arg:"" help:"The project's name."`
	Cutting    string `enum:"${rules}" default:"${rule}" help:"How plain text is cut into blocks: ${enum}."`
	Guidelines string `type:"existingfile" placeholder:"FILE" help:"The guidelines, in Markdown."`
	settingsFlags
}

// settingsFlags are a project's settings; what is not named stays.
type settingsFlags struct {
	Order        *string `enum:"imported,random,doubt" placeholder:"ORDER" help:"In which order documents are handed out: imported, random, doubt (what the model, runs and pages of the same site leave most in doubt first)."`
	RandomShare  *int    `placeholder:"PERCENT" help:"Of 100 documents handed out by doubt so many are drawn by lot instead, as a fair sample for reports (usually 20)."`
	Overlap      *int    `placeholder:"N" help:"How many people label the same document (usually 1)."`
	OverlapShare *int    `placeholder:"PERCENT" help:"Of 100 documents so many get the overlap; one person labels each of the others (usually 100)."`
	Rule         *string `enum:"agree,majority,adjudicate" placeholder:"RULE" help:"What becomes gold by itself: agree (all said the same), majority (of three or more), adjudicate (nothing)."`
	ShareCap     *int    `placeholder:"PERCENT" help:"Nobody gets more of the documents than this; 0 is no bound."`
	VotesHidden  *bool   `negatable:"" help:"Adjudicators do not see whose answers they are."`
	CheckShare   *int    `placeholder:"PERCENT" help:"Of 100 documents handed out so many are hidden gold; 0 is none."`
	PassMark     *int    `placeholder:"PERCENT" help:"So many words must be right in the practice round before real work; 0 is no practice round."`
	Suggestions  *bool   `negatable:"" help:"Suggest classes and entities to annotators (usual)."`
	SuggestShare *int    `placeholder:"PERCENT" help:"On so many of 100 documents suggestions are shown; on the others they are kept back, to measure what they do (usually 90)."`
}

func (f settingsFlags) into(s *corpus.Settings) {
	take(&s.RandomShare, f.RandomShare)
	take(&s.Overlap, f.Overlap)
	take(&s.OverlapShare, f.OverlapShare)
	take(&s.ShareCap, f.ShareCap)
	take(&s.CheckShare, f.CheckShare)
	take(&s.PassMark, f.PassMark)
	take(&s.VotesHidden, f.VotesHidden)
	take(&s.SuggestShare, f.SuggestShare)
	if f.Suggestions != nil {
		s.NoSuggestions = !*f.Suggestions
	}
	take((*string)(&s.Order), f.Order)
	take((*string)(&s.Rule), f.Rule)
}

func take[T any](into, from *T) {
	if from != nil {
		*into = *from
	}
}

type projectSet struct {
	Name string `arg:"" help:"The project's name."`
	settingsFlags
}

func (c *projectSet) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		found, err := p.projectNamed(s, c.Name)
		if err != nil {
			return err
		}
		c.into(&found.Settings)
		if err := s.SetProject(p.ctx, found, 0); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The project %q is set. %s\n", found.Name, together(found.Settings))
		return nil
	})
}

// together says in a sentence how people label a project together.
func together(s corpus.Settings) string {
	switch {
	case s.Overlap <= 1:
		return "One person labels each document."
	case s.OverlapShare == 100:
		return fmt.Sprintf("%d people label each document.", s.Overlap)
	}
	return fmt.Sprintf("%d people label each of %d %% of the documents, one person each of the others.", s.Overlap, s.OverlapShare)
}

func (c *projectAdd) Run(p *program) error {
	added := corpus.Project{Name: c.Name, Labels: corpus.DefaultLabels(), Cutting: c.Cutting}
	c.into(&added.Settings)
	if c.Guidelines != "" {
		b, err := os.ReadFile(c.Guidelines)
		if err != nil {
			return err
		}
		added.Guidelines = string(b)
	}

	return p.open(func(s *db.Store) error {
		_, err := s.AddProject(p.ctx, added, 0)
		if err == nil {
			fmt.Fprintf(p.stdout, "The project %q is there. Next: %s\n", c.Name, p.command("import --project "+shellWord(c.Name)+" FILE…"))
		}
		return err
	})
}

// projectView is a project as show and list print it.
type projectView struct {
	Name      string               `json:"name"`
	Cutting   string               `json:"cutting"`
	Order     corpus.Order         `json:"order"`
	Settings  corpus.Settings      `json:"settings"`
	Labels    corpus.LabelSet      `json:"labels"`
	Documents int                  `json:"documents"`
	States    map[corpus.State]int `json:"states"`
	Removed   bool                 `json:"removed,omitempty"`
}

func (p *program) view(s *db.Store, of corpus.Project) (projectView, error) {
	counts, err := s.Counts(p.ctx, of.ID)

	return projectView{of.Name, of.Cutting, of.Order, of.Settings, of.Labels, counts.Total(), counts, of.Removed}, err
}

type projectList struct {
	JSON bool `name:"json" help:"Write JSON, one project a line."`
}

func (c *projectList) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		all, err := s.Projects(p.ctx)
		if err != nil {
			return err
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(t, "PROJECT\tDOCUMENTS\tGOLD\t")
		}
		for _, one := range all {
			v, err := p.view(s, one)
			if err != nil {
				return err
			}
			if c.JSON {
				if err := json.NewEncoder(p.stdout).Encode(v); err != nil {
					return err
				}
				continue
			}
			removed := ""
			if v.Removed {
				removed = "removed"
			}
			fmt.Fprintf(t, "%s\t%d\t%d\t%s\n", v.Name, v.Documents, v.States[corpus.Golden], removed)
		}

		return t.Flush()
	})
}

type projectShow struct {
	Name string `arg:"" help:"The project's name."`
	JSON bool   `name:"json" help:"Write JSON."`
}

func (c *projectShow) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		found, err := p.projectNamed(s, c.Name)
		if err != nil {
			return err
		}
		v, err := p.view(s, found)
		if err != nil {
			return err
		}
		if c.JSON {
			e := json.NewEncoder(p.stdout)
			e.SetIndent("", "  ")
			return e.Encode(v)
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(t, "project\t%s\ntext is cut by\t%s\nqueue order\t%s\nlabelled by\t%s\nrule for gold\t%s\ndocuments\t%d\n", v.Name, v.Cutting, v.Order, together(v.Settings), v.Settings.Rule, v.Documents)
		for _, state := range corpus.States {
			if n := v.States[state]; n > 0 {
				fmt.Fprintf(t, "  %s\t%d\n", state, n)
			}
		}
		for i, l := range v.Labels {
			head, note := "", ""
			if i == 0 {
				head = "labels"
			}
			if l.Retired {
				note = " (retired)"
			}
			fmt.Fprintf(t, "%s\t%s  %s%s\n", head, l.Name, l.Title, note)
		}

		return t.Flush()
	})
}
