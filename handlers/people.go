package handlers

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// people is everybody with an account.
func (h *handlers) people(c echo.Context) error {
	return h.showPeople(c, http.StatusOK, views.People{})
}

func (h *handlers) showPeople(c echo.Context, status int, page views.People) error {
	ctx := c.Request().Context()
	all, err := h.store.Annotators(ctx)
	if err != nil {
		return err
	}
	in, err := h.store.Memberships(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		page.People = append(page.People, views.PersonRow{Person: a, In: in[a.ID]})
	}

	projects, err := h.store.Projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		if !p.Removed {
			page.Invite.Projects = append(page.Invite.Projects, p)
		}
	}
	if page.Links, err = h.store.Links(ctx, 0); err != nil {
		return err
	}

	page.Page = h.page(c, "People", nil, "")
	return render(c, status, views.PeoplePage(page))
}

// cannot shows the page again where err is a mistake that a person can repair.
func (h *handlers) cannot(c echo.Context, err error) error {
	if wrong, ok := formErrors(err); ok {
		return h.showPeople(c, http.StatusUnprocessableEntity, views.People{Errors: wrong})
	}

	return err
}

// person is whom the address is about.
func (h *handlers) person(c echo.Context) (corpus.Annotator, error) {
	id, err := pathID[corpus.AnnotatorID](c, "person")
	if err != nil {
		return corpus.Annotator{}, err
	}

	return h.store.Annotator(c.Request().Context(), id)
}

// setRole changes what an account may do.
func (h *handlers) setRole(c echo.Context) error {
	who, err := h.person(c)
	if err != nil {
		return err
	}
	me, role := annotator(c), corpus.Role(c.FormValue("role"))

	if err := h.store.SetRole(c.Request().Context(), who.ID, role, me.ID); err != nil {
		return h.cannot(c, err)
	}

	if who.ID == me.ID && role != corpus.Administrator {
		return c.Redirect(http.StatusSeeOther, views.HomePath)
	}
	h.leave(c, note{Kind: roleChanged, Person: who.ID, Name: who.Name, Role: who.Role})
	return c.Redirect(http.StatusSeeOther, views.PeoplePath)
}

func (h *handlers) disablePerson(c echo.Context) error { return h.setDisabled(c, true, personDisabled) }
func (h *handlers) enablePerson(c echo.Context) error  { return h.setDisabled(c, false, personEnabled) }

func (h *handlers) setDisabled(c echo.Context, disabled bool, done noteKind) error {
	who, err := h.person(c)
	if err != nil {
		return err
	}
	me := annotator(c)
	if who.ID == me.ID {
		return h.cannot(c, corpus.Invalidf("", "another administrator has to take your access away"))
	}

	if err := h.store.SetDisabled(c.Request().Context(), who.ID, disabled, me.ID); err != nil {
		return h.cannot(c, err)
	}

	h.leave(c, note{Kind: done, Person: who.ID, Name: who.Name})
	return c.Redirect(http.StatusSeeOther, views.PeoplePath)
}

// endSessionsOf ends all sessions of a person, of one's own all others.
func (h *handlers) endSessionsOf(c echo.Context) error {
	who, err := h.person(c)
	if err != nil {
		return err
	}
	me, but := annotator(c), ""
	if who.ID == me.ID {
		but = h.sessionToken(c)
	}

	if err := h.store.EndSessions(c.Request().Context(), who.ID, but, me.ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: sessionsEnded, Name: who.Name})
	return c.Redirect(http.StatusSeeOther, views.PeoplePath)
}

// addReset makes a link for a new password and shows it, this once.
func (h *handlers) addReset(c echo.Context) error {
	who, err := h.person(c)
	if err != nil {
		return err
	}

	token, err := h.store.AddReset(c.Request().Context(), who.ID, annotator(c).ID)
	if err != nil {
		return h.cannot(c, err)
	}

	made, err := h.made(c, token)
	if err != nil {
		return err
	}
	return h.showPeople(c, http.StatusOK, views.People{Made: made})
}

// addInvitation makes an invitation to a project or to an account alone, and
// shows its link, this once.
func (h *handlers) addInvitation(c echo.Context) error {
	form := readInvite(c)
	if p := c.FormValue("project"); p != "" {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil || n <= 0 {
			return corpus.ErrNotFound
		}
		form.In = corpus.ProjectID(n)
	}

	token, err := h.store.AddInvitation(c.Request().Context(), invitation(form, form.In), annotator(c).ID)

	if wrong, ok := formErrors(err, "role", "days"); ok {
		form.Errors = wrong
		return h.showPeople(c, http.StatusUnprocessableEntity, views.People{Invite: form})
	}
	if err != nil {
		return err
	}
	made, err := h.made(c, token)
	if err != nil {
		return err
	}
	return h.showPeople(c, http.StatusOK, views.People{Made: made})
}

func readInvite(c echo.Context) views.Invite {
	return views.Invite{Role: corpus.Role(c.FormValue("role")), Days: c.FormValue("days")}
}

// invitation is what a form asks for; the store refuses what cannot be.
func invitation(form views.Invite, project corpus.ProjectID) corpus.Invitation {
	days, err := strconv.Atoi(form.Days)
	if err != nil || days < 0 || days > 1000 {
		days = 0
	}

	return corpus.Invitation{Role: form.Role, Project: project, For: time.Duration(days) * 24 * time.Hour}
}

// made is a link as the page shows it once.
func (h *handlers) made(c echo.Context, token string) (views.NewLink, error) {
	link, err := h.store.Link(c.Request().Context(), token)
	base := h.base
	if base == "" {
		base = c.Scheme() + "://" + c.Request().Host
	}

	return views.NewLink{URL: base + views.WelcomePath(token), Link: link}, err
}

// revokeLink takes the power of any link away.
func (h *handlers) revokeLink(c echo.Context) error {
	id, err := pathID[corpus.LinkID](c, "link")
	if err != nil {
		return err
	}

	if err := h.store.RevokeLink(c.Request().Context(), 0, id, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: linkRevoked})
	return c.Redirect(http.StatusSeeOther, views.PeoplePath)
}
