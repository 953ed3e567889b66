package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// provided is the OpenID provider; corpus.ErrNotFound where there is none.
func (h *handlers) provided() (*provider, error) {
	if h.provider == nil {
		return nil, corpus.ErrNotFound
	}

	return h.provider, nil
}

// providerName is what people call the provider; "" where there is none.
func (h *handlers) providerName() string {
	if h.provider == nil {
		return ""
	}

	return h.provider.Name
}

// flowCookie is a cookie of its own for each way to the provider, so that two
// tabs do not take each other's.
func (h *handlers) flowCookie(state string) string {
	if len(state) > 10 {
		state = state[:10]
	}
	return h.hostCookie("annotate_flow_" + state)
}

func (h *handlers) arrivalCookie() string { return h.hostCookie("annotate_arrival") }

// hostCookie pins a cookie's name to this host where there is https.
func (h *handlers) hostCookie(name string) string {
	if h.secure {
		return "__Host-" + name
	}
	return name
}

// keepSealed leaves v with the browser, for as long as a sign-in may take.
func (h *handlers) keepSealed(c echo.Context, name string, v any) error {
	value, err := h.provider.sealed(name, v)
	if err != nil {
		return err
	}
	c.SetCookie(h.sealedCookie(name, value, int(flowLife.Seconds())))

	return nil
}

func (h *handlers) sealedCookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: h.secure, SameSite: http.SameSiteLaxMode}
}

// readSealed reads what keepSealed left; false where it left no such thing.
func (h *handlers) readSealed(c echo.Context, name string, v any) bool {
	cookie, err := c.Cookie(name)

	return err == nil && h.provider.unsealed(name, cookie.Value, v)
}

// begin starts on the way to the provider and gives the address there.
func (h *handlers) begin(c echo.Context, f flow) (string, error) {
	p, err := h.provided()
	if err != nil {
		return "", err
	}
	at, err := p.begin(c.Request().Context(), &f)
	if err != nil {
		return "", err
	}

	return at, h.keepSealed(c, h.flowCookie(f.State), f)
}

// signInByProvider sends a person to the provider. It is a link and no form: a
// form must not lead to another site.
func (h *handlers) signInByProvider(c echo.Context) error {
	return h.goToProvider(c, flow{Next: localPath(c.QueryParam("next"))})
}

// welcomeByProvider does the same for somebody with an invitation.
func (h *handlers) welcomeByProvider(c echo.Context) error {
	token := c.Param("token")
	link, err := h.store.Link(c.Request().Context(), token)
	if errors.Is(err, corpus.ErrNotFound) || err == nil && link.Person != 0 {
		return h.linkGone(c)
	}
	if err != nil {
		return err
	}

	return h.goToProvider(c, flow{Link: token, Next: views.HomePath})
}

func (h *handlers) goToProvider(c echo.Context, f flow) error {
	at, err := h.begin(c, f)
	if err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, at)
}

// connectIdentity sends a person to the provider to connect an account there.
// Starting that takes a form of ours, so that no other site can start it; and
// because a form must not lead to another site, a page stands in between.
func (h *handlers) connectIdentity(c echo.Context) error {
	at, err := h.begin(c, flow{Annotator: annotator(c).ID, Next: views.MePath})
	if err != nil {
		return err
	}

	c.Response().Header().Set("Refresh", "0; url="+at)
	return render(c, http.StatusOK, views.GoOnPage(h.page(c, "Going on", nil, ""), h.provider.Name, at))
}

// callback is where the provider sends people back to.
func (h *handlers) callback(c echo.Context) error {
	p, err := h.provided()
	if err != nil {
		return err
	}
	var f flow
	state := c.QueryParam("state")
	name := h.flowCookie(state)
	known := h.readSealed(c, name, &f) && f.State == state && p.now().Before(f.Until) && p.used.first(state, f.Until, p.now())
	if !known {
		return h.provider.fault(flowUnknown, nil)
	}
	c.SetCookie(h.sealedCookie(name, "", -1))
	if c.QueryParam("error") != "" {
		return h.provider.fault(refusedThere, nil)
	}

	a, err := p.end(c.Request().Context(), f, c.QueryParam("code"))

	if err != nil {
		return err
	}
	if f.Annotator != 0 {
		return h.connected(c, f, a)
	}
	return h.arrived(c, a)
}

// connected connects who came back to the account that went.
func (h *handlers) connected(c echo.Context, f flow, a arrival) error {
	who, err := h.signedIn(c)
	if errors.Is(err, corpus.ErrNotFound) || err == nil && who.ID != f.Annotator {
		return h.provider.fault(accountLeft, nil)
	}
	if err == nil {
		err = h.store.AddIdentity(c.Request().Context(), who.ID, a.Identity, who.ID)
	}
	if err != nil {
		return err
	}

	h.leave(c, note{Kind: identityConnected, Name: h.provider.Name})
	return c.Redirect(http.StatusSeeOther, f.Next)
}

// arrived signs in who came back, or asks who has no account for a name.
func (h *handlers) arrived(c echo.Context, a arrival) error {
	ctx := c.Request().Context()
	owner, err := h.store.IdentityOwner(ctx, a.Identity.Issuer, a.Identity.Subject)
	switch {
	case errors.Is(err, corpus.ErrNotFound) && a.Link == "" && h.provider.Role == "":
		return h.provider.fault(notInvited, nil)
	case errors.Is(err, corpus.ErrNotFound):
		if err := h.keepSealed(c, h.arrivalCookie(), a); err != nil {
			return err
		}
		return c.Redirect(http.StatusSeeOther, views.NewAccountPath)
	case err == nil && owner.Disabled:
		return h.provider.fault(accessTaken, nil)
	case err == nil:
		err = h.store.SetIdentityUsed(ctx, a.Identity)
	}
	if err == nil {
		err = h.startSession(c, owner.ID)
	}
	if err != nil {
		return err
	}

	if a.Link != "" {
		return c.Redirect(http.StatusSeeOther, views.WelcomePath(a.Link))
	}
	return c.Redirect(http.StatusSeeOther, a.Next)
}

// arrival is who came back from the provider and has no account yet.
func (h *handlers) arrival(c echo.Context) (arrival, bool, error) {
	p, err := h.provided()
	if err != nil {
		return arrival{}, false, err
	}
	var a arrival
	known := h.readSealed(c, h.arrivalCookie(), &a) && p.now().Before(a.Until)

	return a, known, nil
}

// newAccountPage asks a newcomer what to be called.
func (h *handlers) newAccountPage(c echo.Context) error {
	a, known, err := h.arrival(c)
	if err != nil {
		return err
	}
	if !known {
		return h.provider.fault(flowUnknown, nil)
	}

	return render(c, http.StatusOK, views.NewAccountPage(h.newAccount(c, a, nameFrom(a.Name), nil)))
}

func (h *handlers) newAccount(c echo.Context, a arrival, name string, wrong views.Errors) views.NewAccount {
	return views.NewAccount{Page: h.page(c, "Welcome", nil, ""), Provider: h.provider.Name, Label: a.Identity.Label, Name: name, Errors: wrong}
}

// nameFrom is as much of a name as one here may have.
func nameFrom(name string) string {
	runes := []rune(strings.TrimSpace(name))

	return string(runes[:min(len(runes), maxName)])
}

// maxName bounds a person's name, in characters.
const maxName = 60

// addNewAccount makes the account and signs its person in.
func (h *handlers) addNewAccount(c echo.Context) error {
	ctx, name := c.Request().Context(), c.FormValue("name")
	a, known, err := h.arrival(c)
	if err != nil {
		return err
	}
	if !known {
		return h.provider.fault(flowUnknown, nil)
	}

	var id corpus.AnnotatorID
	if a.Link != "" {
		id, err = h.store.UseLinkByIdentity(ctx, a.Link, name, a.Identity)
	} else {
		id, err = h.store.AddAnnotatorByIdentity(ctx, name, h.provider.Role, a.Identity)
	}

	if wrong, ok := formErrors(err, "name"); ok {
		return render(c, http.StatusUnprocessableEntity, views.NewAccountPage(h.newAccount(c, a, name, wrong)))
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
	c.SetCookie(h.sealedCookie(h.arrivalCookie(), "", -1))
	return c.Redirect(http.StatusSeeOther, a.Next)
}

// identities is how a person signs in besides a password.
func (h *handlers) identities(ctx context.Context, who corpus.AnnotatorID) (views.Identities, error) {
	list, err := h.store.Identities(ctx, who)
	if err != nil {
		return views.Identities{}, err
	}
	hasPassword, err := h.store.HasPassword(ctx, who)

	return views.Identities{Provider: h.providerName(), NoPassword: !hasPassword, List: list}, err
}

// removeIdentity disconnects an account at a provider.
func (h *handlers) removeIdentity(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("identity"), 10, 64)
	if err != nil {
		return corpus.ErrNotFound
	}
	who := annotator(c)

	if err := h.store.RemoveIdentity(c.Request().Context(), who.ID, id, who.ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: identityDisconnected})
	return c.Redirect(http.StatusSeeOther, views.MePath)
}
