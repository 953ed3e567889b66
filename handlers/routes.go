package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"

	"annotate/assets"
	"annotate/internal/corpus"
	"annotate/views"
)

// Who may use a route. A route without one does not compile.
const (
	anyone     = corpus.Role("")
	annotators = corpus.AnnotatorRole
	managers   = corpus.Manager
)

// Bounds of a request's body.
const (
	smallBody  = "64K"
	eventsBody = "1M"
	formBody   = "2M"
	uploadBody = "2G"
)

type route struct {
	who     corpus.Role
	method  string
	path    string
	body    string
	handler echo.HandlerFunc
}

// routes lists every address but those of assets.
func (h *handlers) routes() []route {
	const get, post, put, none = http.MethodGet, http.MethodPost, http.MethodPut, "1K"

	return []route{
		{anyone, get, "/healthz", none, h.health},
		{anyone, get, "/sign-in", none, h.signInPage},
		{anyone, post, "/sign-in", smallBody, h.signIn},
		{anyone, post, "/session", smallBody, h.signInAgain},
		{anyone, get, "/welcome/:token", none, h.welcomePage},
		{anyone, post, "/welcome/:token", smallBody, h.welcome},

		{annotators, post, "/sign-out", none, h.signOut},
		{annotators, get, "/me", none, h.me},
		{annotators, post, "/me/password", smallBody, h.setPassword},
		{annotators, post, "/me/tokens", smallBody, h.addToken},
		{annotators, post, "/me/tokens/:token/remove", none, h.removeToken},
		{annotators, put, "/me/keys", smallBody, h.setKeys},

		{annotators, get, "/", none, h.home},
		{managers, post, "/projects", smallBody, h.addProject},
		{annotators, get, "/projects/:project", none, h.project},
		{managers, post, "/projects/:project/remove", smallBody, h.removeProject},
		{managers, post, "/projects/:project/restore", smallBody, h.restoreProject},
		{annotators, get, "/projects/:project/guidelines", none, h.guidelines},
		{managers, get, "/projects/:project/settings", none, h.settings},
		{managers, post, "/projects/:project/settings", formBody, h.setSettings},
		{annotators, get, "/projects/:project/documents", none, h.documents},
		{managers, post, "/projects/:project/documents/remove", formBody, h.removeDocuments},
		{managers, post, "/projects/:project/documents/restore", formBody, h.restoreDocuments},

		{managers, get, "/projects/:project/import", none, h.importPage},
		{managers, post, "/projects/:project/imports", uploadBody, h.addImport},
		{managers, get, "/projects/:project/imports/:import", none, h.importJob},
		{managers, post, "/projects/:project/imports/:import/start", smallBody, h.startImport},
		{managers, post, "/projects/:project/imports/:import/cancel", smallBody, h.cancelImport},

		{managers, get, "/projects/:project/export", none, h.exportPage},
		{managers, get, "/projects/:project/export/:format", none, h.export},
		{managers, get, "/projects/:project/export/:format/manifest", none, h.exportManifest},

		{annotators, post, "/projects/:project/next", none, h.next},
		{annotators, get, "/documents/:document", none, h.label},
		{annotators, get, "/documents/:document/state", none, h.labelState},
		{annotators, post, "/documents/:document/events", eventsBody, h.act},
		{annotators, get, "/documents/:document/source", none, h.source},
	}
}

// register hangs the routes into e, each behind its right and its bounds.
func (h *handlers) register(e *echo.Echo) {
	e.Use(middleware.RequestID(), h.logged, middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true, DisableErrorHandler: true}), h.secured)
	e.GET(assets.Prefix+"*", echo.WrapHandler(assets.Handler()))

	guesses := middleware.RateLimiter(middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{Rate: rate.Limit(0.5), Burst: 10}))
	for _, r := range h.routes() {
		chain := []echo.MiddlewareFunc{middleware.BodyLimit(r.body)}
		if r.who != anyone {
			chain = append(chain, h.allow(r.who))
			if strings.HasPrefix(r.path, views.MePath) {
				chain = append(chain, inPerson)
			}
		} else if r.method == http.MethodPost {
			chain = append(chain, guesses)
		}
		e.Add(r.method, r.path, r.handler, chain...)
	}
}
