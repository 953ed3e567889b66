package handlers

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/views"
)

func asInvalid(err error) (*corpus.Invalid, bool) { return errors.AsType[*corpus.Invalid](err) }

// anyProject is the project of the address; a removed one too, for those who
// may restore it.
func (h *handlers) anyProject(c echo.Context) (corpus.Project, error) {
	id, err := pathID[corpus.ProjectID](c, "project")
	if err != nil {
		return corpus.Project{}, err
	}
	p, err := h.store.Project(c.Request().Context(), id)
	if err == nil && p.Removed && !annotator(c).Role.Includes(managers) {
		err = corpus.ErrNotFound
	}

	return p, err
}

// home is the list of projects.
func (h *handlers) home(c echo.Context) error {
	return h.showHome(c, http.StatusOK, views.NewProject{})
}

func (h *handlers) showHome(c echo.Context, status int, form views.NewProject) error {
	ctx := c.Request().Context()
	projects, err := h.store.Projects(ctx)
	if err != nil {
		return err
	}

	roles, err := h.store.Roles(ctx, annotator(c).ID)
	if err != nil {
		return err
	}

	page := views.Home{Page: h.page(c, "Projects", nil, ""), New: form}
	for _, p := range projects {
		manages := roles[p.ID].Includes(managers)
		if p.Removed && manages {
			page.Removed = append(page.Removed, p)
		}
		if p.Removed || roles[p.ID] == "" {
			continue
		}
		counts, err := h.store.Counts(ctx, p.ID)
		if err != nil {
			return err
		}
		page.Projects = append(page.Projects, views.ProjectCard{Project: p, Counts: counts, Manages: manages})
	}

	return render(c, status, views.HomePage(page))
}

// addProject makes a project with the usual labels and goes to it.
func (h *handlers) addProject(c echo.Context) error {
	p := corpus.Project{Name: c.FormValue("name"), Labels: corpus.DefaultLabels(), Cutting: segment.Rules[0].Name}

	id, err := h.store.AddProject(c.Request().Context(), p, annotator(c).ID)

	if wrong, ok := formErrors(err, "name"); ok {
		return h.showHome(c, http.StatusUnprocessableEntity, views.NewProject{Name: p.Name, Errors: wrong})
	}
	if err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.ProjectPath(id))
}

// latestShown is how many of the newest changes the overview shows.
const latestShown = 10

// project is where a project stands; ?done=1 says why nothing is left.
func (h *handlers) project(c echo.Context) error {
	p, err := h.anyProject(c)
	if err != nil {
		return err
	}
	o, err := h.overview(c, p)
	if err != nil {
		return err
	}
	o.Page = h.page(c, p.Name, &p, views.OverviewTab)
	o.Page.Live = !p.Removed
	if o.Done = c.QueryParam("done") != ""; o.Done {
		if o.Empty, err = h.store.Empty(c.Request().Context(), p.ID, annotator(c).ID); err != nil {
			return err
		}
	}

	return render(c, http.StatusOK, views.OverviewPage(o))
}

// overview is what moves on the overview.
func (h *handlers) overview(c echo.Context, p corpus.Project) (o views.Overview, err error) {
	ctx := c.Request().Context()
	o.Page, o.Project = views.Page{Who: annotator(c), Project: &p, Now: time.Now()}, p
	if o.Progress, err = h.store.Progress(ctx, p.ID); err != nil {
		return o, err
	}
	if annotator(c).Role.Includes(adjudicators) && !p.Removed {
		if o.Cards, err = h.agreementCards(ctx, p); err != nil {
			return o, err
		}
	}
	if o.Comments, err = h.store.CommentsFor(ctx, p.ID, annotator(c).ID); err != nil {
		return o, err
	}
	if o.Blind = blind(c, p); !o.Blind {
		o.Latest, err = h.store.Latest(ctx, p.ID, latestShown)
	}

	return o, err
}

func (h *handlers) removeProject(c echo.Context) error {
	p, err := h.anyProject(c)
	if err != nil {
		return err
	}

	if err := h.store.SetProjectRemoved(c.Request().Context(), p.ID, true, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: projectRemoved, Project: p.ID, Name: p.Name})
	return c.Redirect(http.StatusSeeOther, views.HomePath)
}

func (h *handlers) restoreProject(c echo.Context) error {
	p, err := h.anyProject(c)
	if err != nil {
		return err
	}

	if err := h.store.SetProjectRemoved(c.Request().Context(), p.ID, false, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: projectRestored, Project: p.ID, Name: p.Name})
	return c.Redirect(http.StatusSeeOther, views.ProjectPath(p.ID))
}
