package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

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

	administrators = corpus.Administrator
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
	scope   corpus.Scope // that a token needs
	method  string
	path    string
	body    string
	handler echo.HandlerFunc
}

// routes lists every address but those of assets.
func (h *handlers) routes() []route {
	const get, post, put, none = http.MethodGet, http.MethodPost, http.MethodPut, "1K"
	// Without a scope no token is taken: a person does it, by hand. What only
	// looks is "read".
	const byHand, read, runs, imports, labels, manage = corpus.Scope(""), corpus.ScopeRead, corpus.ScopeRuns, corpus.ScopeImport, corpus.ScopeLabels, corpus.ScopeManage

	return []route{
		{anyone, byHand, get, "/healthz", none, h.health},
		{anyone, byHand, get, "/sign-in", none, h.signInPage},
		{anyone, byHand, post, "/sign-in", smallBody, h.signIn},
		{anyone, byHand, post, "/session", smallBody, h.signInAgain},
		{anyone, byHand, get, "/welcome/:token", none, h.welcomePage},
		{anyone, byHand, post, "/welcome/:token", smallBody, h.welcome},
		{anyone, byHand, get, "/welcome/:token/provider", none, h.welcomeByProvider},
		{anyone, byHand, get, "/sign-in/provider", none, h.signInByProvider},
		{anyone, byHand, get, "/sign-in/callback", none, h.callback},
		{anyone, byHand, get, "/sign-in/account", none, h.newAccountPage},
		{anyone, byHand, post, "/sign-in/account", smallBody, h.addNewAccount},
		{annotators, byHand, post, "/welcome/:token/join", none, h.join},

		{annotators, byHand, post, "/sign-out", none, h.signOut},
		{annotators, byHand, get, "/me", none, h.me},
		{annotators, byHand, post, "/me/password", smallBody, h.setPassword},
		{annotators, byHand, post, "/me/sessions/end", none, h.endOtherSessions},
		{annotators, byHand, post, "/me/sessions/:session/end", none, h.endSessionOf},
		{annotators, byHand, post, "/me/tokens", smallBody, h.addToken},
		{annotators, byHand, post, "/me/tokens/:token/remove", none, h.removeToken},
		{annotators, byHand, post, "/me/identities", none, h.connectIdentity},
		{annotators, byHand, post, "/me/identities/:identity/remove", none, h.removeIdentity},
		{annotators, byHand, put, "/me/keys", smallBody, h.setKeys},

		{administrators, byHand, get, "/people", none, h.people},
		{administrators, byHand, post, "/people/links", smallBody, h.addInvitation},
		{administrators, byHand, post, "/people/links/:link/revoke", none, h.revokeLink},
		{administrators, byHand, post, "/people/:person/role", smallBody, h.setRole},
		{administrators, byHand, post, "/people/:person/disable", none, h.disablePerson},
		{administrators, byHand, post, "/people/:person/enable", none, h.enablePerson},
		{administrators, byHand, post, "/people/:person/reset", none, h.addReset},
		{administrators, byHand, post, "/people/:person/sessions/end", none, h.endSessionsOf},
		{administrators, byHand, get, "/log", none, h.wholeLog},

		{annotators, read, get, "/", none, h.home},
		{managers, manage, post, "/projects", smallBody, h.addProject},
		{annotators, read, get, "/projects/:project", none, h.project},
		{annotators, read, get, "/projects/:project/live", none, h.live},
		{managers, manage, post, "/projects/:project/remove", smallBody, h.removeProject},
		{managers, manage, post, "/projects/:project/restore", smallBody, h.restoreProject},
		{annotators, read, get, "/projects/:project/guidelines", none, h.guidelines},
		{managers, read, get, "/projects/:project/settings", none, h.settings},
		{managers, manage, post, "/projects/:project/settings", formBody, h.setSettings},
		{managers, byHand, get, "/projects/:project/people", none, h.members},
		{managers, byHand, post, "/projects/:project/people", smallBody, h.addMember},
		{managers, byHand, post, "/projects/:project/people/open", smallBody, h.setOpen},
		{managers, byHand, post, "/projects/:project/people/links", smallBody, h.addProjectInvitation},
		{managers, byHand, post, "/projects/:project/people/links/:link/revoke", none, h.revokeProjectLink},
		{managers, byHand, post, "/projects/:project/people/:person/role", smallBody, h.setMemberRole},
		{managers, byHand, post, "/projects/:project/people/:person/remove", none, h.removeMember},
		{managers, byHand, get, "/projects/:project/log", none, h.projectLog},
		{annotators, read, get, "/projects/:project/documents", none, h.documents},
		{managers, manage, post, "/projects/:project/documents/remove", formBody, h.removeDocuments},
		{managers, manage, post, "/projects/:project/documents/restore", formBody, h.restoreDocuments},

		{managers, read, get, "/projects/:project/import", none, h.importPage},
		{managers, imports, post, "/projects/:project/imports", uploadBody, h.addImport},
		{managers, read, get, "/projects/:project/imports/:import", none, h.importJob},
		{managers, imports, post, "/projects/:project/imports/:import/start", smallBody, h.startImport},
		{managers, imports, post, "/projects/:project/imports/:import/cancel", smallBody, h.cancelImport},

		{managers, read, get, "/projects/:project/export", none, h.exportPage},
		{managers, manage, post, "/projects/:project/export/cancel", smallBody, h.cancelPreview},
		{managers, read, get, "/projects/:project/export/splits", none, h.splits},
		{managers, manage, post, "/projects/:project/export/splits/fix", smallBody, h.fixSplit},
		{managers, manage, post, "/projects/:project/export/splits/free", smallBody, h.freeSplit},
		{managers, read, get, "/projects/:project/export/:format", none, h.export},
		{managers, read, get, "/projects/:project/export/:format/manifest", none, h.exportManifest},

		{adjudicators, read, get, "/projects/:project/releases", none, h.releases},
		{managers, manage, post, "/projects/:project/releases", smallBody, h.addRelease},
		{adjudicators, read, get, "/projects/:project/releases/diff", none, h.releaseDiff},
		{managers, read, get, "/projects/:project/releases/jobs/:job", none, h.releaseJob},
		{managers, manage, post, "/projects/:project/releases/jobs/:job/cancel", smallBody, h.cancelReleaseJob},
		{adjudicators, read, get, "/projects/:project/releases/:release", none, h.release},
		{managers, manage, post, "/projects/:project/releases/:release/verify", smallBody, h.verifyRelease},
		{managers, manage, post, "/projects/:project/releases/:release/remove", smallBody, h.removeRelease},
		{managers, manage, post, "/projects/:project/releases/:release/restore", smallBody, h.restoreRelease},

		{adjudicators, read, get, "/projects/:project/runs", none, h.runs},
		{managers, runs, post, "/projects/:project/runs", smallBody, h.startRun},
		{managers, runs, post, "/projects/:project/runs/files", uploadBody, h.addRunFiles},
		{managers, read, get, "/projects/:project/runs/files/:job", none, h.runFiles},
		{managers, runs, post, "/projects/:project/runs/files/:job/store", smallBody, h.storeRunFiles},
		{managers, runs, post, "/projects/:project/runs/files/:job/cancel", smallBody, h.cancelRunFiles},
		{adjudicators, read, get, "/projects/:project/runs/:run", none, h.run},
		{adjudicators, read, get, "/projects/:project/runs/:run/predictions", none, h.runPredictions},
		{managers, runs, post, "/projects/:project/runs/:run/stop", smallBody, h.stopRun},
		{managers, runs, post, "/projects/:project/runs/:run/resume", smallBody, h.resumeRun},
		{managers, runs, post, "/projects/:project/runs/:run/remove", smallBody, h.removeRun},
		{managers, runs, post, "/projects/:project/runs/:run/restore", smallBody, h.restoreRun},

		{adjudicators, read, get, "/projects/:project/agreement", none, h.agreement},
		{adjudicators, read, get, "/projects/:project/agreement/:format", none, h.agreementFile},
		{adjudicators, read, get, "/projects/:project/accuracy", none, h.accuracy},
		{adjudicators, read, get, "/projects/:project/accuracy/:format", none, h.accuracyFile},
		{adjudicators, read, get, "/projects/:project/runs/:run/documents", none, h.mistakes},
		{adjudicators, read, get, "/projects/:project/runs/:run/documents/:document", none, h.mistake},
		{adjudicators, read, get, "/projects/:project/runs/:run/documents/:document/measures", none, h.measures},

		{adjudicators, read, get, "/projects/:project/suggestions", none, h.suggestions},
		{managers, manage, post, "/projects/:project/suggestions/learn", none, h.learn},
		{adjudicators, read, get, "/projects/:project/suggestions/second-look", none, h.secondLooks},
		{adjudicators, labels, post, "/projects/:project/suggestions/second-look", smallBody, h.judgeLook},

		{annotators, labels, post, "/projects/:project/next", none, h.next},
		{annotators, read, get, "/documents/:document", none, h.label},
		{annotators, read, get, "/documents/:document/state", none, h.labelState},
		{annotators, labels, post, "/documents/:document/events", eventsBody, h.act},
		{annotators, read, get, "/documents/:document/source", none, h.source},
		{annotators, read, get, "/documents/:document/picture", none, h.picture},
		{annotators, labels, post, "/documents/:document/beat", smallBody, h.beat},
		{annotators, read, get, "/documents/:document/practice", none, h.practised},

		{annotators, read, get, "/documents/:document/everywhere", none, h.everywhere},
		{annotators, labels, post, "/documents/:document/everywhere", formBody, h.settle},
		{annotators, labels, post, "/documents/:document/everywhere/undo", smallBody, h.unsettle},
		{adjudicators, read, get, "/projects/:project/suggestions/conflicts", none, h.conflicts},
		{adjudicators, labels, post, "/projects/:project/suggestions/conflicts", smallBody, h.settleConflict},
		{adjudicators, labels, post, "/projects/:project/suggestions/rulings/:ruling/undo", none, h.undoRuling},

		{managers, read, get, "/projects/:project/people/attention", none, h.attention},
		{managers, read, get, "/projects/:project/practice", none, h.practice},
		{managers, byHand, post, "/projects/:project/practice", formBody, h.addPractice},
		{managers, byHand, post, "/projects/:project/practice/:document/remove", none, h.removePractice},
		{managers, byHand, post, "/projects/:project/practice/people/:person/pass", none, h.letPass},
		{managers, byHand, post, "/projects/:project/practice/people/:person/retry", none, h.letRetry},

		{adjudicators, read, get, "/projects/:project/review", none, h.reviews},
		{adjudicators, read, get, "/documents/:document/review", none, h.review},
		{adjudicators, read, get, "/documents/:document/review/state", none, h.reviewState},
		{adjudicators, labels, post, "/documents/:document/review/decisions", eventsBody, h.decide},
		{adjudicators, labels, post, "/documents/:document/review/gold", smallBody, h.makeGold},
		{annotators, read, get, "/documents/:document/comments", none, h.comments},
		{annotators, labels, post, "/documents/:document/comments", smallBody, h.addComment},
		{adjudicators, labels, post, "/documents/:document/comments/:comment/resolve", smallBody, h.resolveComment},
		{managers, manage, post, "/documents/:document/put-back", smallBody, h.putBack},
		{managers, manage, post, "/documents/:document/hand-over", smallBody, h.handOver},

		{anyone, byHand, get, "/api/v1/openapi.json", none, h.apiDescription},
		{administrators, read, get, "/api/v1/log", none, h.apiLog},
		{annotators, read, get, "/api/v1/projects", none, h.apiProjects},
		{managers, manage, post, "/api/v1/projects", formBody, h.apiAddProject},
		{managers, read, get, "/api/v1/projects/:project", none, h.apiProjectOf},
		{managers, read, get, "/api/v1/projects/:project/log", none, h.apiProjectLog},
		{managers, read, get, "/api/v1/projects/:project/documents", none, h.apiDocuments},
		{managers, read, get, "/api/v1/projects/:project/documents/:document", none, h.apiDocument},
		{managers, read, get, "/api/v1/projects/:project/annotations", none, h.apiAnnotations},
		{managers, read, get, "/api/v1/projects/:project/gold", none, h.apiGold},
		{managers, read, get, "/api/v1/projects/:project/export/:format", none, h.apiExport},
		{managers, read, get, "/api/v1/projects/:project/export/:format/state", none, h.apiExportState},
		{managers, imports, post, "/api/v1/projects/:project/imports", uploadBody, h.apiAddImport},
		{managers, read, get, "/api/v1/projects/:project/imports/:import", none, h.apiImport},
		{managers, read, get, "/api/v1/projects/:project/splits", none, h.apiSplits},
		{managers, manage, post, "/api/v1/projects/:project/splits/fix", formBody, h.apiFixSplit},
		{managers, manage, post, "/api/v1/projects/:project/splits/free", formBody, h.apiFreeSplit},
		{managers, read, get, "/api/v1/projects/:project/runs", none, h.apiRuns},
		{managers, runs, post, "/api/v1/projects/:project/runs", smallBody, h.apiStartRun},
		{managers, read, get, "/api/v1/projects/:project/runs/:run", none, h.apiRun},
		{managers, read, get, "/api/v1/projects/:project/runs/:run/predictions", none, h.apiPredictions},
		{managers, runs, post, "/api/v1/projects/:project/runs/:run/predictions", apiBody, h.apiAddPredictions},
		{managers, runs, post, "/api/v1/projects/:project/runs/:run/finish", smallBody, h.apiFinishRun},
		{managers, read, get, "/api/v1/projects/:project/report", none, h.apiReport},
		{managers, read, get, "/api/v1/projects/:project/agreement", none, h.apiAgreement},
		{managers, read, get, "/api/v1/projects/:project/releases", none, h.apiReleases},
		{managers, manage, post, "/api/v1/projects/:project/releases", smallBody, h.apiAddRelease},
		{managers, read, get, "/api/v1/projects/:project/releases/:release", none, h.apiRelease},
	}
}

// guessable reports whether a password or the secret of a link can be tried
// out at the route.
func (r route) guessable() bool {
	return r.who == anyone && r.method == http.MethodPost || strings.HasPrefix(r.path, "/welcome/") || r.path == views.PasswordPath
}

// register hangs routes into e, each behind its right and its bounds.
func (h *handlers) register(e *echo.Echo, routes []route) {
	e.Use(middleware.RequestID(), h.logged, middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true, DisableErrorHandler: true}), h.secured)
	e.GET(assets.Prefix+"*", echo.WrapHandler(assets.Handler()))

	guesses := limit(0.5, 10)
	for _, r := range routes {
		chain := []echo.MiddlewareFunc{middleware.BodyLimit(r.body)}
		if r.guessable() {
			chain = append(chain, guesses)
		}
		if r.who != anyone {
			if strings.HasPrefix(r.path, apiPrefix) {
				chain = append(chain, byToken)
			}
			chain = append(chain, h.allow(r), within(r.scope))
		}
		e.Add(r.method, r.path, r.handler, chain...)
	}
}
