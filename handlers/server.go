// Package handlers answers requests: each handler reads what was asked, makes
// one call that acts, and renders the answer. It knows pages and the data
// file; what a labelling, a block or an export is, it asks the packages under
// internal. Every address stands in routes.go with who may use it, and every
// error becomes an answer in errors.go.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
)

// Options are what a server may be told.
type Options struct {
	Log     *slog.Logger // nil for none
	BaseURL string       // where people reach it, if not by the address it listens on: "https://annotate.example.org"
	OIDC    OIDC         // where else people may sign in; zero for nowhere
}

// Server is the whole tool over HTTP.
type Server struct {
	handler http.Handler
	h       *handlers
}

// handlers is what the handlers have in common.
type handlers struct {
	store   *db.Store
	log     *slog.Logger
	imports *imports
	pushed  *pushed
	secure  bool // people reach the tool by https
	misses  misses

	predicting *predicting
	base       string // where people reach it, "" where nobody has said
	reports    *reports
	releasing  *releasing
	provider   *provider // nil for none
	advisers   *advisers
	agreements *agreements
	suggesting *suggesting
	exports    *exportFiles
	surveys    *surveys

	serving context.Context // ends when the server is about to
	drain   context.CancelFunc
	begun   sync.WaitGroup // what the start has begun
}

// New makes a server over an open data file. The store stays the caller's to
// close, after Close.
func New(store *db.Store, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || o.BaseURL != "" && (base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || strings.Trim(base.Path, "/") != "") {
		return nil, corpus.Invalidf("", "the base address %q is not like https://annotate.example.org", o.BaseURL)
	}
	baseURL := strings.TrimRight(o.BaseURL, "/")
	provider, err := newProvider(o.OIDC, baseURL)
	if err != nil {
		return nil, err
	}

	h := &handlers{store: store, log: o.Log, imports: newImports(store, o.Log), secure: base.Scheme == "https",
		predicting: newPredicting(store, o.Log), reports: newReports(store, o.Log), releasing: newReleasing(store, o.Log), base: baseURL, provider: provider, advisers: newAdvisers(store, o.Log), agreements: newAgreements(store, o.Log), suggesting: newSuggesting(store, o.Log)}
	h.pushed, h.exports = newPushed(store, o.Log, h.imports.turn), newExportFiles(o.Log)
	h.surveys = newSurveys(store, o.Log)
	h.serving, h.drain = context.WithCancel(context.Background())
	h.begun.Go(func() {
		if err := store.RequeuePending(h.serving); err != nil && h.serving.Err() == nil {
			o.Log.Error("the queue was not brought in line with the settings", slog.String("error", err.Error()))
		}
	})
	e := echo.New()
	e.HTTPErrorHandler = h.fail
	// Without a trusted proxy the peer's own address is the only one that a
	// client cannot make up.
	e.IPExtractor = echo.ExtractIPDirect()
	h.register(e, h.routes())

	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024))
	if err != nil {
		return nil, err
	}
	origin := http.NewCrossOriginProtection()
	if base.Host != "" {
		if err := origin.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
			return nil, err
		}
	}

	origin.SetDenyHandler(compress(h.foreign(e)))

	return &Server{handler: origin.Handler(compress(e)), h: h}, nil
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Drain ends the answers that would go on for ever. It is for the HTTP
// server's shutdown, which waits for every answer to end.
func (s *Server) Drain() { s.h.drain() }

// Close ends what runs in the background.
func (s *Server) Close() {
	s.h.drain()
	s.h.begun.Wait()
	s.h.predicting.cancel()
	s.h.imports.close()
	s.h.pushed.close()
	s.h.exports.close()
	s.h.surveys.close()
	s.h.predicting.close()
	s.h.reports.close()
	s.h.releasing.close()
	s.h.advisers.close()
	s.h.agreements.close()
	s.h.suggesting.close()
}

// Timeouts that fit the server: reading a request's head is bounded tightly,
// its body and the answer by the handlers, because uploads and exports may
// take long.
const (
	HeaderTimeout = 10 * time.Second
	IdleTimeout   = 2 * time.Minute
	MaxHeader     = 64 << 10
)
