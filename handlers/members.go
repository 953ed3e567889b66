package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// members is who works in a project.
func (h *handlers) members(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	return h.showMembers(c, http.StatusOK, p, views.Members{})
}

func (h *handlers) showMembers(c echo.Context, status int, p corpus.Project, page views.Members) (err error) {
	ctx := c.Request().Context()
	if page.Open, err = h.store.ProjectOpen(ctx, p.ID); err != nil {
		return err
	}
	if page.Members, err = h.store.Members(ctx, p.ID); err != nil {
		return err
	}
	if page.Links, err = h.store.Links(ctx, p.ID); err != nil {
		return err
	}

	page.Project, page.Invite.Project = p, p.ID
	page.Page = h.page(c, "People", &p, views.PeopleTab)
	return render(c, status, views.MembersPage(page))
}

// cannotHere shows the members again where err is a mistake that a person can
// repair.
func (h *handlers) cannotHere(c echo.Context, p corpus.Project, err error) error {
	if wrong, ok := formErrors(err); ok {
		return h.showMembers(c, http.StatusUnprocessableEntity, p, views.Members{Errors: wrong})
	}

	return err
}

// afterMember goes back to the members; who changed their own place may not be
// let in there any more.
func afterMember(c echo.Context, p corpus.Project, who corpus.Annotator) error {
	if who.ID == annotator(c).ID {
		return c.Redirect(http.StatusSeeOther, views.HomePath)
	}

	return c.Redirect(http.StatusSeeOther, views.MembersPath(p.ID))
}

// addMember gives somebody with an account a place in the project.
func (h *handlers) addMember(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	form := views.AddMember{Name: strings.TrimSpace(c.FormValue("name")), Role: corpus.Role(c.FormValue("role"))}

	who, err := h.store.AnnotatorByName(ctx, form.Name)
	if errors.Is(err, corpus.ErrNotFound) {
		err = corpus.Invalidf("name", "nobody here is called %q; invite them with a link", form.Name)
	}
	if err == nil {
		err = h.store.SetMember(ctx, p.ID, who.ID, form.Role, annotator(c).ID)
	}

	if wrong, ok := formErrors(err, "name", "role"); ok {
		form.Errors = wrong
		return h.showMembers(c, http.StatusUnprocessableEntity, p, views.Members{Add: form})
	}
	if err != nil {
		return err
	}
	h.leave(c, note{Kind: memberAdded, Project: p.ID, Person: who.ID, Name: who.Name})
	return c.Redirect(http.StatusSeeOther, views.MembersPath(p.ID))
}

// member is the project and the member that the address is about.
func (h *handlers) member(c echo.Context) (corpus.Project, corpus.Member, error) {
	p, err := h.livingProject(c)
	if err != nil {
		return p, corpus.Member{}, err
	}
	id, err := pathID[corpus.AnnotatorID](c, "person")
	if err != nil {
		return p, corpus.Member{}, err
	}
	m, err := h.store.Member(c.Request().Context(), p.ID, id)

	return p, m, err
}

// setMemberRole changes what a member may do.
func (h *handlers) setMemberRole(c echo.Context) error {
	p, m, err := h.member(c)
	if err != nil {
		return err
	}

	if err := h.store.SetMember(c.Request().Context(), p.ID, m.ID, corpus.Role(c.FormValue("role")), annotator(c).ID); err != nil {
		return h.cannotHere(c, p, err)
	}

	h.leave(c, note{Kind: memberRoleChanged, Project: p.ID, Person: m.ID, Name: m.Name, Role: m.In})
	return afterMember(c, p, m.Annotator)
}

// removeMember takes somebody's place in the project away.
func (h *handlers) removeMember(c echo.Context) error {
	p, m, err := h.member(c)
	if err != nil {
		return err
	}

	if err := h.store.RemoveMember(c.Request().Context(), p.ID, m.ID, annotator(c).ID); err != nil {
		return h.cannotHere(c, p, err)
	}

	h.leave(c, note{Kind: memberRemoved, Project: p.ID, Person: m.ID, Name: m.Name, Role: m.In})
	return afterMember(c, p, m.Annotator)
}

// setOpen lets everybody in, or the members alone.
func (h *handlers) setOpen(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	open, done := c.FormValue("open") == "1", projectClosed
	if open {
		done = projectOpened
	}

	if err := h.store.SetOpen(c.Request().Context(), p.ID, open, annotator(c).ID); err != nil {
		return h.cannotHere(c, p, err)
	}

	h.leave(c, note{Kind: done, Project: p.ID})
	return c.Redirect(http.StatusSeeOther, views.MembersPath(p.ID))
}

// addProjectInvitation makes an invitation to the project and shows its link,
// this once.
func (h *handlers) addProjectInvitation(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	form := readInvite(c)

	token, err := h.store.AddInvitation(c.Request().Context(), invitation(form, p.ID), annotator(c).ID)

	if wrong, ok := formErrors(err, "role", "days"); ok {
		form.Errors = wrong
		return h.showMembers(c, http.StatusUnprocessableEntity, p, views.Members{Invite: form})
	}
	if err != nil {
		return err
	}
	made, err := h.made(c, token)
	if err != nil {
		return err
	}
	return h.showMembers(c, http.StatusOK, p, views.Members{Made: made})
}

// revokeProjectLink takes the power of an invitation to the project away.
func (h *handlers) revokeProjectLink(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	id, err := pathID[corpus.LinkID](c, "link")
	if err != nil {
		return err
	}

	if err := h.store.RevokeLink(c.Request().Context(), p.ID, id, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: linkRevoked})
	return c.Redirect(http.StatusSeeOther, views.MembersPath(p.ID))
}
