package handlers

import (
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/views"
)

// projectJSON is a project in the list of them.
type projectJSON struct {
	ID        corpus.ProjectID     `json:"id"`
	Name      string               `json:"name"`
	Role      corpus.Role          `json:"role"`      // of the token's person
	Documents int                  `json:"documents"` // superseded and removed ones left out
	Counts    map[corpus.State]int `json:"counts"`    // by state, each there
	Added     time.Time            `json:"added"`
}

// wholeProjectJSON is a project with all that it is set to.
type wholeProjectJSON struct {
	projectJSON
	Cutting    string          `json:"cutting"`
	Guidelines string          `json:"guidelines"` // Markdown
	Labels     corpus.LabelSet `json:"labels"`
	Settings   corpus.Settings `json:"settings"`
}

// projectAsJSON counts the documents as the list of projects and the overview
// do.
func (h *handlers) projectAsJSON(c echo.Context, p corpus.Project, role corpus.Role) (projectJSON, error) {
	counts, err := h.store.Counts(c.Request().Context(), p.ID)
	out := projectJSON{ID: p.ID, Name: p.Name, Role: role, Documents: counts.Total(), Counts: map[corpus.State]int{}, Added: p.Added.UTC()}
	for _, s := range corpus.States {
		out.Counts[s] = counts[s]
	}

	return out, err
}

// apiProjects lists the projects that are there for the token's person, by
// name.
func (h *handlers) apiProjects(c echo.Context) error {
	if q := asks(c); q.err != nil {
		return q.err
	}
	ctx := c.Request().Context()
	all, err := h.store.Projects(ctx)
	if err != nil {
		return err
	}
	roles, err := h.store.Roles(ctx, annotator(c).ID)
	if err != nil {
		return err
	}

	out := struct {
		Projects []projectJSON `json:"projects"`
	}{[]projectJSON{}}
	for _, p := range all {
		if p.Removed || roles[p.ID] == "" {
			continue
		}
		one, err := h.projectAsJSON(c, p, roles[p.ID])
		if err != nil {
			return err
		}
		out.Projects = append(out.Projects, one)
	}

	return c.JSON(http.StatusOK, out)
}

func (h *handlers) apiProjectOf(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	if q := asks(c); q.err != nil {
		return q.err
	}

	return h.sendProject(c, http.StatusOK, p, annotator(c).Role)
}

func (h *handlers) sendProject(c echo.Context, status int, p corpus.Project, role corpus.Role) error {
	one, err := h.projectAsJSON(c, p, role)
	if err != nil {
		return err
	}

	return c.JSON(status, wholeProjectJSON{one, p.Cutting, p.Guidelines, append(corpus.LabelSet{}, p.Labels...), p.Settings})
}

// labelJSON is a label as a program names it; its number is ours to give.
type labelJSON struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Colour string `json:"colour"`
	Key    string `json:"key"`
}

// apiAddProject makes a project. What is not said is as on the page: the usual
// labels, the first cutting rule, one person a document.
func (h *handlers) apiAddProject(c echo.Context) error {
	var in struct {
		Name       string          `json:"name"`
		Guidelines string          `json:"guidelines"`
		Cutting    string          `json:"cutting"`
		Labels     *[]labelJSON    `json:"labels"`
		Settings   corpus.Settings `json:"settings"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	p := corpus.Project{Name: in.Name, Guidelines: in.Guidelines, Cutting: in.Cutting, Labels: corpus.DefaultLabels(), Settings: in.Settings}
	if p.Cutting == "" {
		p.Cutting = segment.Rules[0].Name
	}
	if !slices.ContainsFunc(segment.Rules, func(r segment.Rule) bool { return r.Name == p.Cutting }) {
		return corpus.Invalidf("cutting", "there is no cutting rule %q", p.Cutting)
	}
	if in.Labels != nil {
		p.Labels = labelled(*in.Labels)
	}
	if err := p.Labels.Check(views.ReservedKeys()); err != nil {
		return err
	}

	ctx := c.Request().Context()
	id, err := h.store.AddProject(ctx, p, annotator(c).ID)
	if err != nil {
		return err
	}
	if p, err = h.store.Project(ctx, id); err != nil {
		return err
	}
	role, err := h.store.RoleIn(ctx, id, annotator(c))
	if err != nil {
		return err
	}

	c.Response().Header().Set(echo.HeaderLocation, apiPath(views.ProjectPath(id)))
	return h.sendProject(c, http.StatusCreated, p, role)
}

// labelled makes a label set, with titles and colours where none are named.
func labelled(named []labelJSON) corpus.LabelSet {
	set := corpus.LabelSet{}
	for i, n := range named {
		l := corpus.Label{ID: corpus.LabelID(i + 1), Name: n.Name, Title: n.Title, Colour: n.Colour, Key: n.Key}
		if l.Title == "" {
			l.Title = l.Name
		}
		if l.Colour == "" {
			l.Colour = corpus.Colours[i%len(corpus.Colours)]
		}
		set = append(set, l)
	}

	return set
}
