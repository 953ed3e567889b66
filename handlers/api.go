package handlers

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
)

// apiPrefix is what the addresses for programs begin with. They take tokens and
// no sessions, and every error is a problem document of RFC 9457.
const apiPrefix = "/api/"

func underAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, apiPrefix) }

// byToken keeps sessions out: a program holds a token, and a page of this tool
// has no business here.
func byToken(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !strings.HasPrefix(c.Request().Header.Get(echo.HeaderAuthorization), "Bearer ") {
			return noToken(c, "send the token of a manager in the header Authorization: Bearer TOKEN")
		}
		return next(c)
	}
}

func noToken(c echo.Context, why string) error {
	c.Response().Header().Set(echo.HeaderWWWAuthenticate, "Bearer")

	return echo.NewHTTPError(http.StatusUnauthorized, why)
}

// problemDocument is an error as RFC 9457 has it, with what we know besides.
type problemDocument struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail,omitempty"`
	Field   string `json:"field,omitempty"`   // what is wrong in the request
	Line    int    `json:"line,omitempty"`    // of the body
	Request string `json:"request,omitempty"` // by which the log knows it
}

func sendProblem(c echo.Context, p problem, request string, err error) error {
	out := problemDocument{Type: "about:blank", Title: p.title, Status: p.status, Detail: p.why, Request: request}
	if invalid, ok := asInvalid(err); ok {
		out.Field = invalid.Field
	}
	if wrong, ok := errors.AsType[*corpus.Problem](err); ok {
		out.Line = wrong.Line
	}
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}

	// Blob keeps the kind of the answer that was meant.
	c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")

	return c.Blob(p.status, "application/problem+json", b)
}

//go:embed openapi.json
var openAPI []byte

// apiDescription says in OpenAPI what there is.
func (h *handlers) apiDescription(c echo.Context) error {
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, openAPI)
}

// named is a part of an address that may be a name.
func named(c echo.Context, param string) string {
	v := c.Param(param)
	if c.Request().URL.RawPath == "" { // the router has seen it unescaped
		return v
	}
	if plain, err := url.PathUnescape(v); err == nil {
		return plain
	}

	return v
}

// apiProject is the project that an address names; allow has looked it up.
func (h *handlers) apiProject(c echo.Context) (corpus.Project, error) {
	p, ok := c.Get(projectKey).(corpus.Project)
	if !ok {
		return p, corpus.ErrNotFound
	}

	return p, nil
}

// namedProject is the living project that an address names, by id or name.
func (h *handlers) namedProject(c echo.Context) (corpus.Project, error) {
	ctx, name := c.Request().Context(), named(c, "project")
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		p, err := h.store.Project(ctx, corpus.ProjectID(id))
		if err == nil && !p.Removed || err != nil && !errors.Is(err, corpus.ErrNotFound) {
			return p, err
		}
	}

	return h.store.ProjectByName(ctx, name)
}

// apiPath is where programs find what people find at that path.
func apiPath(page string) string { return apiPrefix + "v1" + page }

// query are the parameters of a request, read one by one. The first that is
// wrong is kept, so that a handler asks for the error once.
type query struct {
	values url.Values
	err    error
}

// asks reads the parameters of a request that takes these and no others: one
// that is misspelt must not give another answer than was meant.
func asks(c echo.Context, names ...string) *query {
	q := &query{values: c.QueryParams()}
	for name := range q.values {
		if !slices.Contains(names, name) {
			q.fail(name, "this address takes no %q; it takes %s", name, strings.Join(names, ", "))
		}
	}

	return q
}

func (q *query) fail(field, format string, args ...any) {
	if q.err == nil {
		q.err = corpus.Invalidf(field, format, args...)
	}
}

func (q *query) text(name string) string { return q.values.Get(name) }

// number is a whole number between two bounds, usual where it is not there.
func (q *query) number(name string, usual, least, most int64) int64 {
	s := q.values.Get(name)
	if s == "" {
		return usual
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		q.fail(name, "%s is a whole number from %d to %d, not %q", name, least, most, s)
	}

	return n
}

// yes reads a parameter that is there or not: 1 or true, 0 or false.
func (q *query) yes(name string) bool {
	s := q.values.Get(name)
	switch s {
	case "1", "true":
		return true
	case "", "0", "false":
		return false
	}
	q.fail(name, "%s is 1 or 0, not %q", name, s)

	return false
}

// oneOf reads a word of a list, the first of it where it is not there.
func (q *query) oneOf(name string, words ...string) string {
	s := cmp.Or(q.values.Get(name), words[0])
	if !slices.Contains(words, s) {
		q.fail(name, "%s is one of %s, not %q", name, strings.Join(words, ", "), s)
	}

	return s
}

// maxWait bounds how long an answer waits for work to end, so that no proxy
// takes the server for dead.
const maxWait = 25

// wait is how long the answer may wait for work to end.
func (q *query) wait() time.Duration {
	return time.Duration(q.number("wait", 0, 0, maxWait)) * time.Second
}

// ended waits for the end of work, and reports whether it ended in that time.
func ended(ctx context.Context, over <-chan struct{}, within time.Duration) bool {
	select {
	case <-over:
		return true
	default:
	}
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-over:
		return true
	case <-t.C:
	case <-ctx.Done():
	}

	return false
}
