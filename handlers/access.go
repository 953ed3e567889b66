package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"annotate/internal/corpus"
	"annotate/views"
)

// policy is the content security policy of every page: nothing but our own
// files and scripts that carry the answer's nonce. Of what is ours, a frame can
// hold the picture of a page alone, because everything else refuses to be framed.
const policy = "default-src 'none'; script-src 'self' 'nonce-NONCE'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"

var policyStart, policyEnd, _ = strings.Cut(policy, "NONCE")

// secured sets the headers that every answer has, and the nonce.
func (h *handlers) secured(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		nonce := rand.Text()
		r := c.Request()
		c.SetRequest(r.WithContext(templ.WithNonce(r.Context(), nonce)))

		header := c.Response().Header()
		header.Set("Content-Security-Policy", policyStart+nonce+policyEnd)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if h.secure {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if !strings.HasPrefix(r.URL.Path, "/assets/") {
			header.Set("Cache-Control", "no-store")
		}

		return next(c)
	}
}

// logged writes one line a request at debug level, by route, never by address:
// addresses hold tokens.
func (h *handlers) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !h.log.Enabled(c.Request().Context(), slog.LevelDebug) {
			return next(c)
		}
		began := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		h.log.LogAttrs(c.Request().Context(), slog.LevelDebug, "request", slog.String("method", c.Request().Method), slog.String("route", c.Path()),
			slog.Int("status", c.Response().Status), slog.Duration("took", time.Since(began)), slog.String("request", requestID(c)))

		return nil
	}
}

// foreign refuses what was sent from a page of another address, with the
// headers and the words of every other refusal.
func (h *handlers) foreign(e *echo.Echo) http.Handler {
	refuse := middleware.RequestID()(h.logged(h.secured(func(echo.Context) error {
		return echo.NewHTTPError(http.StatusForbidden, "it was sent from a page of another address; if you reach this tool by an address of its own, it must be started with that: annotate serve --base-url https://annotate.example.org")
	})))

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := e.NewContext(r, w)
		if err := refuse(c); err != nil {
			h.fail(err, c)
		}
	})
}

func requestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }

// The session cookie. On https its name pins it to this host and to https.
const (
	plainCookie  = "annotate_session"
	secureCookie = "__Host-annotate"
)

func (h *handlers) cookieName() string {
	if h.secure {
		return secureCookie
	}
	return plainCookie
}

const whoKey = "annotator"

// annotator is who sent the request; the zero value before allow has run.
func annotator(c echo.Context) corpus.Annotator {
	who, _ := c.Get(whoKey).(corpus.Annotator)
	return who
}

// allow lets those pass who have the right: in the project that the address
// is about, or where it is about none by their account. Everybody else is asked
// to sign in, told that they may not, or told that there is nothing. What the
// handler and its page see as the person's role is the one that counted.
func (h *handlers) allow(r route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			who, err := h.signedIn(c)
			if errors.Is(err, corpus.ErrNotFound) {
				return h.askToSignIn(c)
			}
			if err != nil {
				return err
			}
			c.Set(whoKey, who)

			if who.Role, err = h.roleHere(c, r, who); err != nil {
				return err
			}
			if !who.Role.Includes(r.who) {
				return echo.NewHTTPError(http.StatusForbidden, "your role is "+string(who.Role)+"; this takes "+views.Article(string(r.who)))
			}
			c.Set(whoKey, who)

			return next(c)
		}
	}
}

// projectKey is where allow leaves the project that a program named, so that
// what is answered about is what was allowed.
const projectKey = "project"

// roleHere is what a person may do at the address of a route.
func (h *handlers) roleHere(c echo.Context, r route, who corpus.Annotator) (corpus.Role, error) {
	ctx := c.Request().Context()
	switch {
	case strings.HasPrefix(r.path, apiPrefix) && strings.Contains(r.path, "/:project"):
		p, err := h.namedProject(c)
		if err != nil {
			return "", err
		}
		c.Set(projectKey, p)
		return h.store.RoleIn(ctx, p.ID, who)

	case strings.Contains(r.path, "/:project"):
		id, err := pathID[corpus.ProjectID](c, "project")
		if err != nil {
			return "", err
		}
		return h.store.RoleIn(ctx, id, who)

	case strings.Contains(r.path, "/:document"):
		id, err := pathID[corpus.DocumentID](c, "document")
		if err != nil {
			return "", err
		}
		role, _, err := h.store.RoleOn(ctx, id, who)
		return role, err
	}

	return who.Role, nil
}

// signedIn is who holds the request's token or session; corpus.ErrNotFound for
// nobody.
func (h *handlers) signedIn(c echo.Context) (who corpus.Annotator, err error) {
	from := network(c.RealIP())
	if h.misses.tooMany(from) {
		return who, echo.NewHTTPError(http.StatusTooManyRequests)
	}

	ctx := c.Request().Context()
	if secret, ok := strings.CutPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer "); ok {
		var held corpus.Token
		who, held, err = h.store.Token(ctx, secret)
		c.Set(tokenKey, held)
	} else if secret := h.sessionToken(c); secret != "" {
		who, err = h.store.Session(ctx, secret)
	} else {
		return who, corpus.ErrNotFound
	}
	if errors.Is(err, corpus.ErrNotFound) {
		h.misses.count(from)
	}

	return who, err
}

// sessionToken is the secret of the request's session, "" without one.
func (h *handlers) sessionToken(c echo.Context) string {
	cookie, err := c.Cookie(h.cookieName())
	if err != nil {
		return ""
	}

	return cookie.Value
}

// askToSignIn sends a person to the form; a script is told, and asks over the
// page, so that nothing on it is lost.
func (h *handlers) askToSignIn(c echo.Context) error {
	r := c.Request()
	if underAPI(r) {
		return noToken(c, "this token does not work: it was removed, has run out, or never was one")
	}
	if r.Method == http.MethodGet && !wantsJSON(c) && r.Header.Get("HX-Request") == "" && r.Header.Get(echo.HeaderAuthorization) == "" {
		return c.Redirect(http.StatusSeeOther, views.SignInPath(r.URL.RequestURI()))
	}

	return echo.NewHTTPError(http.StatusUnauthorized, "your session has ended; sign in again")
}

// startSession signs a person in with a session of its own, so that a token
// from before signing in is worth nothing.
func (h *handlers) startSession(c echo.Context, id corpus.AnnotatorID) error {
	if err := h.endSession(c); err != nil {
		return err
	}
	token, err := h.store.AddSession(c.Request().Context(), id, c.Request().UserAgent())
	if err != nil {
		return err
	}
	c.SetCookie(h.cookie(token, int((30 * 24 * time.Hour).Seconds())))

	return nil
}

// endSession ends the request's session, if it has one.
func (h *handlers) endSession(c echo.Context) error {
	cookie, err := c.Cookie(h.cookieName())
	if err != nil {
		return nil
	}
	c.SetCookie(h.cookie("", -1))

	return h.store.RemoveSession(context.WithoutCancel(c.Request().Context()), cookie.Value)
}

func (h *handlers) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: h.cookieName(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: h.secure, SameSite: http.SameSiteLaxMode}
}
