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
	anyone       = corpus.Role("")
	annotators   = corpus.AnnotatorRole
	adjudicators = corpus.Adjudicator
	managers     = corpus.Manager
)

// Bounds of a request's body.
const (
	smallBody  = "64K"
	eventsBody = "1M"
	formBody   = "2M"
	uploadBody = "2G"
	apiBody    = "64M"
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

		{adjudicators, get, "/projects/:project/runs", none, h.runs},
		{managers, post, "/projects/:project/runs", smallBody, h.startRun},
		{managers, post, "/projects/:project/runs/files", uploadBody, h.addRunFiles},
		{managers, get, "/projects/:project/runs/files/:job", none, h.runFiles},
		{managers, post, "/projects/:project/runs/files/:job/store", smallBody, h.storeRunFiles},
		{managers, post, "/projects/:project/runs/files/:job/cancel", smallBody, h.cancelRunFiles},
		{adjudicators, get, "/projects/:project/runs/:run", none, h.run},
		{adjudicators, get, "/projects/:project/runs/:run/predictions", none, h.runPredictions},
		{managers, post, "/projects/:project/runs/:run/stop", smallBody, h.stopRun},
		{managers, post, "/projects/:project/runs/:run/resume", smallBody, h.resumeRun},
		{managers, post, "/projects/:project/runs/:run/remove", smallBody, h.removeRun},
		{managers, post, "/projects/:project/runs/:run/restore", smallBody, h.restoreRun},

		{adjudicators, get, "/projects/:project/accuracy", none, h.accuracy},
		{adjudicators, get, "/projects/:project/accuracy/:format", none, h.accuracyFile},
		{adjudicators, get, "/projects/:project/runs/:run/documents", none, h.mistakes},
		{adjudicators, get, "/projects/:project/runs/:run/documents/:document", none, h.mistake},
		{adjudicators, get, "/projects/:project/runs/:run/documents/:document/measures", none, h.measures},

		{annotators, post, "/projects/:project/next", none, h.next},
		{annotators, get, "/documents/:document", none, h.label},
		{annotators, get, "/documents/:document/state", none, h.labelState},
		{annotators, post, "/documents/:document/events", eventsBody, h.act},
		{annotators, get, "/documents/:document/source", none, h.source},

		{anyone, get, "/api/v1/openapi.json", none, h.apiDescription},
		{managers, get, "/api/v1/projects/:project/runs", none, h.apiRuns},
		{managers, post, "/api/v1/projects/:project/runs", smallBody, h.apiStartRun},
		{managers, get, "/api/v1/projects/:project/runs/:run", none, h.apiRun},
		{managers, get, "/api/v1/projects/:project/runs/:run/predictions", none, h.apiPredictions},
		{managers, post, "/api/v1/projects/:project/runs/:run/predictions", apiBody, h.apiAddPredictions},
		{managers, post, "/api/v1/projects/:project/runs/:run/finish", smallBody, h.apiFinishRun},
		{managers, get, "/api/v1/projects/:project/report", none, h.apiReport},
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
			if strings.HasPrefix(r.path, apiPrefix) {
				chain = append(chain, byToken)
			}
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
