package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

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

	return render(c, http.StatusOK, views.SignInPage(views.SignIn{Page: h.page(c, "Sign in", nil, ""), Next: next}))
}

func (h *handlers) signIn(c echo.Context) error {
	name, next := c.FormValue("name"), localPath(c.FormValue("next"))

	id, err := h.checkPassword(c.Request().Context(), name, c.FormValue("password"))

	if wrong, ok := formErrors(err); ok {
		return render(c, http.StatusUnprocessableEntity, views.SignInPage(views.SignIn{Page: h.page(c, "Sign in", nil, ""), Name: name, Next: next, Errors: wrong}))
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

// linkGone is what a used or old one-time link says.
func (h *handlers) linkGone(c echo.Context) error {
	return render(c, http.StatusNotFound, views.FailurePage(h.page(c, "This link does not work any more", nil, ""), views.Failure{
		Title: "This link does not work any more",
		Why:   "It can be used once, and for 24 hours. If you have your account, sign in; if there is none yet, start the program again and it prints a new link.",
		Back:  views.SignInPath(""),
	}))
}

// welcomePage is where a one-time link leads.
func (h *handlers) welcomePage(c echo.Context) error {
	token := c.Param("token")

	role, err := h.store.Link(c.Request().Context(), token)

	if errors.Is(err, corpus.ErrNotFound) {
		return h.linkGone(c)
	}
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, views.WelcomePage(views.Welcome{Page: h.page(c, "Welcome", nil, ""), Token: token, Role: role}))
}

// welcome makes the account that a link is for, and signs its person in.
func (h *handlers) welcome(c echo.Context) error {
	ctx, token, name := c.Request().Context(), c.Param("token"), c.FormValue("name")
	role, err := h.store.Link(ctx, token)
	if errors.Is(err, corpus.ErrNotFound) {
		return h.linkGone(c)
	}
	if err != nil {
		return err
	}

	var id corpus.AnnotatorID
	hash, err := HashPassword(ctx, c.FormValue("password"))
	if err == nil {
		id, err = h.store.UseLink(ctx, token, name, hash)
	}

	if wrong, ok := formErrors(err, "name", "password"); ok {
		return render(c, http.StatusUnprocessableEntity, views.WelcomePage(views.Welcome{Page: h.page(c, "Welcome", nil, ""), Token: token, Role: role, Name: name, Errors: wrong}))
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
	return c.Redirect(http.StatusSeeOther, views.HomePath)
}

// me is a person's own account.
func (h *handlers) me(c echo.Context) error { return h.showMe(c, http.StatusOK, views.Me{}) }

func (h *handlers) showMe(c echo.Context, status int, page views.Me) error {
	page.Page = h.page(c, "Your account", nil, "")
	var err error
	if page.Tokens, err = h.store.Tokens(c.Request().Context(), annotator(c).ID); err != nil {
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
		err = h.store.SetPassword(ctx, who.ID, hash)
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

// addToken makes a token and shows it, this once.
func (h *handlers) addToken(c echo.Context) error {
	name := strings.TrimSpace(c.FormValue("name"))
	if name == "" || utf8.RuneCountInString(name) > 80 {
		return h.showMe(c, http.StatusUnprocessableEntity, views.Me{Errors: views.Errors{"token": "say in 1 to 80 characters what the token is for"}})
	}

	token, err := h.store.AddToken(c.Request().Context(), annotator(c).ID, name)

	if invalid, ok := asInvalid(err); ok {
		return h.showMe(c, http.StatusUnprocessableEntity, views.Me{Errors: views.Errors{"token": invalid.Reason}})
	}
	if err != nil {
		return err
	}
	return h.showMe(c, http.StatusOK, views.Me{Token: token, TokenName: name})
}

// removeToken takes a token's power away.
func (h *handlers) removeToken(c echo.Context) error {
	if err := h.store.RemoveToken(c.Request().Context(), annotator(c).ID, c.Param("token")); err != nil {
		return err
	}

	h.leave(c, note{Kind: tokenRemoved})
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
