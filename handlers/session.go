package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// localPath is where to go on after signing in: a path of this tool, never an
// address elsewhere, however it is written; the list of projects for anything
// doubtful.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(u.Path, "//") {
		return views.HomePath
	}

	return next
}

// signInPage asks for name and password; who is signed in goes on.
func (h *handlers) signInPage(c echo.Context) error {
	next := localPath(c.QueryParam("next"))
	if _, err := h.signedIn(c); err == nil {
		return c.Redirect(http.StatusSeeOther, next)
	}

	return render(c, http.StatusOK, views.SignInPage(views.SignIn{Page: h.page(c, "Sign in", nil, ""), Provider: h.providerName(), Next: next}))
}

func (h *handlers) signIn(c echo.Context) error {
	name, next := c.FormValue("name"), localPath(c.FormValue("next"))

	id, err := h.checkPassword(c.Request().Context(), name, c.FormValue("password"))

	if wrong, ok := formErrors(err); ok {
		return render(c, http.StatusUnprocessableEntity, views.SignInPage(views.SignIn{Page: h.page(c, "Sign in", nil, ""), Provider: h.providerName(), Name: name, Next: next, Errors: wrong}))
	}
	if err == nil {
		err = h.startSession(c, id)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, next)
}

// signInAgain is signing in over a page that a script keeps open.
func (h *handlers) signInAgain(c echo.Context) error {
	var who struct{ Name, Password string }
	if err := readJSON(c, &who); err != nil {
		return err
	}

	id, err := h.checkPassword(c.Request().Context(), who.Name, who.Password)

	if errors.Is(err, errWrongPassword) {
		return echo.NewHTTPError(http.StatusUnauthorized, errWrongPassword.Error())
	}
	if err == nil {
		err = h.startSession(c, id)
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (h *handlers) signOut(c echo.Context) error {
	if err := h.endSession(c); err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.SignInPath(""))
}

// linkGone is what a used, old or withdrawn link says.
func (h *handlers) linkGone(c echo.Context) error {
	return render(c, http.StatusNotFound, views.FailurePage(h.page(c, "This link does not work any more", nil, ""), views.Failure{
		Title: "This link does not work any more",
		Why:   "It can be used once, and for some time. If you have your account, sign in; else ask for a new link whoever gave you this one. If there is no account at all yet, start the program again and it prints a new link.",
		Back:  views.SignInPath(""),
	}))
}

// welcomePage is where a link leads: to a new password, into a project for
// who is signed in, or to a new account.
func (h *handlers) welcomePage(c echo.Context) error {
	link, err := h.store.Link(c.Request().Context(), c.Param("token"))
	if errors.Is(err, corpus.ErrNotFound) {
		return h.linkGone(c)
	}
	if err != nil {
		return err
	}

	return h.showWelcome(c, http.StatusOK, link, views.Welcome{})
}

func (h *handlers) showWelcome(c echo.Context, status int, link corpus.Link, w views.Welcome) error {
	who, err := h.signedIn(c)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return err
	}
	c.Set(whoKey, who)

	w.Page, w.Provider, w.Token, w.Link = h.page(c, "Welcome", nil, ""), h.providerName(), c.Param("token"), link
	switch {
	case link.Person != 0:
		return render(c, status, views.RenewPage(w))
	case link.Project != 0 && who.ID != 0:
		return render(c, status, views.JoinPage(w))
	}
	return render(c, status, views.WelcomePage(w))
}

// welcome makes the account or the password that a link is for, and signs its
// person in.
func (h *handlers) welcome(c echo.Context) error {
	ctx, token, name := c.Request().Context(), c.Param("token"), c.FormValue("name")
	link, err := h.store.Link(ctx, token)
	if errors.Is(err, corpus.ErrNotFound) {
		return h.linkGone(c)
	}
	if err != nil {
		return err
	}

	id, err := h.useLink(c, link, token, name)

	if wrong, ok := formErrors(err, "name", "password"); ok {
		return h.showWelcome(c, http.StatusUnprocessableEntity, link, views.Welcome{Name: name, Errors: wrong})
	}
	if errors.Is(err, corpus.ErrNotFound) {
		return h.linkGone(c)
	}
	if err == nil {
		err = h.startSession(c, id)
	}
	if err != nil {
		return err
	}
	if link.Person != 0 {
		h.leave(c, note{Kind: passwordChanged})
	}
	if link.Project != 0 {
		return c.Redirect(http.StatusSeeOther, views.ProjectPath(link.Project))
	}
	return c.Redirect(http.StatusSeeOther, views.HomePath)
}

func (h *handlers) useLink(c echo.Context, link corpus.Link, token, name string) (corpus.AnnotatorID, error) {
	ctx := c.Request().Context()
	hash, err := HashPassword(ctx, c.FormValue("password"))
	if err != nil {
		return 0, err
	}
	if link.Person != 0 {
		return h.store.Renew(ctx, token, hash)
	}

	return h.store.UseLink(ctx, token, name, hash)
}

// join gives who is signed in the place that an invitation is for.
func (h *handlers) join(c echo.Context) error {
	ctx, token := c.Request().Context(), c.Param("token")
	link, err := h.store.Link(ctx, token)
	if err == nil {
		_, err = h.store.Join(ctx, token, annotator(c).ID)
	}

	if errors.Is(err, corpus.ErrNotFound) {
		return h.linkGone(c)
	}
	if wrong, ok := formErrors(err); ok {
		return h.showWelcome(c, http.StatusUnprocessableEntity, link, views.Welcome{Errors: wrong})
	}
	if err != nil {
		return err
	}

	h.leave(c, note{Kind: projectJoined})
	return c.Redirect(http.StatusSeeOther, views.ProjectPath(link.Project))
}

// me is a person's own account.
func (h *handlers) me(c echo.Context) error { return h.showMe(c, http.StatusOK, views.Me{}) }

func (h *handlers) showMe(c echo.Context, status int, page views.Me) error {
	page.Page = h.page(c, "Your account", nil, "")
	ctx, who := c.Request().Context(), annotator(c)
	var err error
	if page.Tokens.List, err = h.store.Tokens(ctx, who.ID); err != nil {
		return err
	}
	if page.Identities, err = h.identities(ctx, who.ID); err != nil {
		return err
	}
	if page.Sessions, err = h.store.Sessions(ctx, who.ID, h.sessionToken(c)); err != nil {
		return err
	}

	return render(c, status, views.MePage(page))
}

// setPassword changes the password and ends the person's other sessions.
func (h *handlers) setPassword(c echo.Context) error {
	ctx, who := c.Request().Context(), annotator(c)
	_, err := h.checkPassword(ctx, who.Name, c.FormValue("old"))
	if errors.Is(err, errWrongPassword) {
		return h.showMe(c, http.StatusUnprocessableEntity, views.Me{Errors: views.Errors{"old": "this is not your password"}})
	}
	if err != nil {
		return err
	}

	hash, err := HashPassword(ctx, c.FormValue("new"))
	if invalid, ok := asInvalid(err); ok {
		return h.showMe(c, http.StatusUnprocessableEntity, views.Me{Errors: views.Errors{"new": invalid.Reason}})
	}
	if err == nil {
		err = h.store.SetPassword(ctx, who.ID, hash, who.ID)
	}
	if err == nil {
		err = h.startSession(c, who.ID)
	}
	if err != nil {
		return err
	}

	h.leave(c, note{Kind: passwordChanged})
	return c.Redirect(http.StatusSeeOther, views.MePath)
}

// endSessionOf ends one of the person's own sessions.
func (h *handlers) endSessionOf(c echo.Context) error {
	if err := h.store.EndSession(c.Request().Context(), annotator(c).ID, c.Param("session")); err != nil {
		return err
	}

	h.leave(c, note{Kind: sessionEnded})
	return c.Redirect(http.StatusSeeOther, views.MePath)
}

// endOtherSessions ends all of the person's sessions but the one that asks.
func (h *handlers) endOtherSessions(c echo.Context) error {
	who := annotator(c)
	if err := h.store.EndSessions(c.Request().Context(), who.ID, h.sessionToken(c), who.ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: otherSessionsEnded})
	return c.Redirect(http.StatusSeeOther, views.MePath)
}

// ownKeys is what the labelling screen sends: action to key.
type ownKeys struct {
	Keys map[string]string `json:"keys"`
}

// setKeys replaces the person's own keys. The button on the account page sends
// nothing, which brings the usual ones back.
func (h *handlers) setKeys(c echo.Context) error {
	who := annotator(c)
	var own ownKeys
	if wantsJSON(c) {
		if err := readJSON(c, &own); err != nil {
			return err
		}
	}
	if err := views.CheckKeys(own.Keys); err != nil {
		return err
	}

	if err := h.store.SetKeys(c.Request().Context(), who.ID, own.Keys); err != nil {
		return err
	}

	if wantsJSON(c) {
		return c.NoContent(http.StatusNoContent)
	}
	who.Keys = own.Keys
	return render(c, http.StatusOK, views.KeysCard(who))
}
