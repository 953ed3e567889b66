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
}

type projectAdd struct {
	Name       string `arg:"" help:"The project's name."`
	Cutting    string `enum:"${rules}" default:"${rule}" help:"How plain text is cut into blocks: ${enum}."`
	Guidelines string `type:"existingfile" placeholder:"FILE" help:"The guidelines, in Markdown."`
}

func (c *projectAdd) Run(p *program) error {
	added := corpus.Project{Name: c.Name, Labels: corpus.DefaultLabels(), Cutting: c.Cutting, Order: corpus.AsImported}
	if c.Guidelines != "" {
		b, err := os.ReadFile(c.Guidelines)
		if err != nil {
			return err
		}
		added.Guidelines = string(b)
	}

	return p.open(func(s *db.Store) error {
		_, err := s.AddProject(p.ctx, added)
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
	Labels    corpus.LabelSet      `json:"labels"`
	Documents int                  `json:"documents"`
	States    map[corpus.State]int `json:"states"`
	Removed   bool                 `json:"removed,omitempty"`
}

func (p *program) view(s *db.Store, of corpus.Project) (projectView, error) {
	counts, err := s.Counts(p.ctx, of.ID)

	return projectView{of.Name, of.Cutting, of.Order, of.Labels, counts.Total(), counts, of.Removed}, err
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
		fmt.Fprintf(t, "project\t%s\ntext is cut by\t%s\nqueue order\t%s\ndocuments\t%d\n", v.Name, v.Cutting, v.Order, v.Documents)
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
