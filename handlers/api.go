package handlers

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/score/files"
	"annotate/views"
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

// runBy is a run of a project, by id or name.
func (h *handlers) runBy(ctx context.Context, p corpus.Project, name string) (corpus.Run, error) {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		r, err := h.store.Run(ctx, p.ID, corpus.RunID(id))
		if err == nil {
			r, err = h.standing(ctx, r)
		}
		if !errors.Is(err, corpus.ErrNotFound) {
			return r, err
		}
	}

	return h.store.RunByName(ctx, p.ID, name)
}

func (h *handlers) apiRunOf(c echo.Context) (corpus.Project, corpus.Run, error) {
	p, err := h.apiProject(c)
	if err != nil {
		return p, corpus.Run{}, err
	}
	r, err := h.runBy(c.Request().Context(), p, named(c, "run"))

	return p, r, err
}

// runJSON is a run as programs see it.
type runJSON struct {
	ID        corpus.RunID         `json:"id"`
	Name      string               `json:"name"`
	Cleaner   corpus.Cleaner       `json:"cleaner"`
	Origin    corpus.Origin        `json:"origin"`
	State     corpus.RunState      `json:"state"`
	Documents int                  `json:"documents"`
	Predicted int                  `json:"predicted"`
	Statuses  map[score.Status]int `json:"statuses"`
	By        string               `json:"by,omitempty"`
	Started   time.Time            `json:"started"`
	Ended     *time.Time           `json:"ended,omitempty"`
}

func (h *handlers) asJSON(ctx context.Context, r corpus.Run) (runJSON, error) {
	statuses, err := h.store.RunStatuses(ctx, r.ID)
	out := runJSON{ID: r.ID, Name: r.Name, Cleaner: r.Cleaner, Origin: r.Origin, State: r.State, Documents: r.Documents, Predicted: r.Predicted, Statuses: statuses, By: r.By, Started: r.Started.UTC()}
	if !r.Ended.IsZero() {
		ended := r.Ended.UTC()
		out.Ended = &ended
	}

	return out, err
}

func (h *handlers) sendRun(c echo.Context, status int, r corpus.Run) error {
	out, err := h.asJSON(c.Request().Context(), r)
	if err != nil {
		return err
	}

	return c.JSON(status, out)
}

// apiRuns lists a project's runs, the newest first.
func (h *handlers) apiRuns(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	all, err := h.store.Runs(ctx, p.ID)
	if err != nil {
		return err
	}

	out := struct {
		Runs []runJSON `json:"runs"`
	}{[]runJSON{}}
	for _, r := range all {
		one, err := h.asJSON(ctx, r)
		if err != nil {
			return err
		}
		out.Runs = append(out.Runs, one)
	}

	return c.JSON(http.StatusOK, out)
}

func (h *handlers) apiRun(c echo.Context) error {
	_, r, err := h.apiRunOf(c)
	if err != nil {
		return err
	}

	return h.sendRun(c, http.StatusOK, r)
}

func (h *handlers) apiPredictions(c echo.Context) error {
	_, r, err := h.apiRunOf(c)
	if err != nil {
		return err
	}

	return h.sendPredictions(c, r)
}

// apiStartRun begins a run, or goes on with one of that name: a program that
// was ended may begin where it was.
func (h *handlers) apiStartRun(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	var in struct {
		Name      string         `json:"name"`
		Cleaner   corpus.Cleaner `json:"cleaner"`
		Documents int            `json:"documents"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if in.Documents < 0 {
		return corpus.Invalidf("documents", "documents is a number of documents")
	}
	in.Cleaner.Name = cmp.Or(in.Cleaner.Name, strings.TrimSpace(in.Name))

	ctx := c.Request().Context()
	there, err := h.store.RunByName(ctx, p.ID, in.Name)
	switch {
	case err == nil && there.State == corpus.RunRunning && there.Origin == corpus.FromAPI && sameCleaner(there.Cleaner, in.Cleaner):
		return h.sendRun(c, http.StatusOK, there)
	case err == nil && there.Origin != corpus.FromAPI:
		return corpus.Invalidf("name", "there is a run named %q already; give this one another name", in.Name)
	case err != nil && !errors.Is(err, corpus.ErrNotFound):
		return err
	}
	status := http.StatusOK
	if err != nil {
		status = http.StatusCreated
	}
	if in.Documents == 0 {
		if in.Documents, err = h.store.Unpredicted(ctx, p.ID, 0, true); err != nil {
			return err
		}
	}
	r, err := h.store.StartRun(ctx, corpus.Run{Project: p.ID, Name: in.Name, Cleaner: in.Cleaner, Origin: corpus.FromAPI, Documents: in.Documents}, false, annotator(c).ID)
	if err != nil {
		return err
	}

	c.Response().Header().Set(echo.HeaderLocation, apiRunPath(r))
	return h.sendRun(c, status, r)
}

func apiRunPath(r corpus.Run) string {
	return apiPrefix + "v1" + views.RunPath(r.Project, r.ID)
}

// sameCleaner compares as the data file does: by what would be kept.
func sameCleaner(a, b corpus.Cleaner) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)

	return err == nil && err2 == nil && string(x) == string(y)
}

// apiFinishRun says that nothing more comes.
func (h *handlers) apiFinishRun(c echo.Context) error {
	p, r, err := h.apiRunOf(c)
	if err != nil {
		return err
	}
	if r.Origin != corpus.FromAPI {
		return corpus.Invalidf("", "the run %q is not made over the API", r.Name)
	}
	ctx := c.Request().Context()

	if err := h.store.EndRun(ctx, r.ID, corpus.RunDone); err != nil {
		return err
	}

	if r, err = h.store.Run(ctx, p.ID, r.ID); err != nil {
		return err
	}
	return h.sendRun(c, http.StatusOK, r)
}

// apiAddPredictions takes predictions as JSON Lines. What is wrong with one of
// them refuses all; sent again, the same predictions are the same run.
func (h *handlers) apiAddPredictions(c echo.Context) error {
	p, r, err := h.apiRunOf(c)
	if err != nil {
		return err
	}
	switch {
	case r.Origin != corpus.FromAPI:
		return corpus.Invalidf("", "the run %q is not made over the API", r.Name)
	case r.State == corpus.RunDone:
		return corpus.Invalidf("", "the run %q is finished; nothing more can be added to it", r.Name)
	}

	body := &heard{r: c.Request().Body}
	read, err := files.OpenReader(body, "", files.Options{Format: "native"})
	if body.err != nil {
		err = brokenOff(body.err)
	}
	if err != nil {
		return err
	}
	defer read.Close()
	stored, unmatched, err := h.predicting.push(c.Request().Context(), p.ID, r.ID, read)

	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Stored    int      `json:"stored"`
		Unmatched []string `json:"unmatched"`
	}{stored, unmatched})
}

// heard keeps why a body could not be read to its end, which who reads it may
// put into other words.
type heard struct {
	r   io.Reader
	err error
}

func (h *heard) Read(b []byte) (int, error) {
	n, err := h.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		h.err = err
	}

	return n, err
}

// push adds predictions to a run, after all of them have been held against
// their documents. One request at a time: each looks through the names of all
// documents.
func (m *predicting) push(ctx context.Context, p corpus.ProjectID, run corpus.RunID, one *files.Predictions) (stored int, unmatched []string, err error) {
	select {
	case m.pushing <- struct{}{}:
		defer func() { <-m.pushing }()
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
	read := []*files.Predictions{one}
	matched, err := files.MatchAll(ctx, read, documentsOf(m.store.Names(ctx, p), map[string]string{}))
	if err != nil {
		return 0, nil, err
	}
	for _, at := range matched.Places {
		if _, err := m.prediction(ctx, read, at); err != nil {
			return 0, nil, err
		}
	}

	stored, err = m.keepAll(ctx, run, read, matched.Places, nil)

	return stored, matched.Unused, err
}

// maxResamples bounds the work of one report.
const maxResamples = 100_000

// apiReport reports about runs; the gates that were asked for stand in it,
// whether they held or not.
func (h *handlers) apiReport(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	q := c.QueryParams()
	format, o, err := asked(q)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if o.Release, err = h.askedRelease(c, p); err != nil {
		return err
	}
	runs, err := h.reported(ctx, p, q, &o)
	if err != nil {
		return err
	}

	r, err := h.store.Report(ctx, p, runs, o)
	if err == nil && !o.Common {
		err = fair(r)
	}
	if err != nil {
		return err
	}

	media, write := format.MediaType, format.Write
	if format.Name == "" {
		media, write = "text/html; charset=utf-8", func(w io.Writer, r report.Report) error { return views.ReportFile(r).Render(ctx, w) }
	}
	c.Response().Header().Set(echo.HeaderContentType, media)

	return h.sendWhole(c, func(w io.Writer) error { return write(w, r) })
}

// reported are the runs that were named, or all that are done, the oldest
// first.
func (h *handlers) reported(ctx context.Context, p corpus.Project, q url.Values, o *db.ReportOptions) ([]corpus.Run, error) {
	var runs []corpus.Run
	add := func(name string) (int, error) {
		r, err := h.runBy(ctx, p, name)
		if errors.Is(err, corpus.ErrNotFound) {
			return 0, corpus.Invalidf("run", "the project has no run %q", name)
		}
		if err != nil {
			return 0, err
		}
		at := slices.IndexFunc(runs, func(have corpus.Run) bool { return have.ID == r.ID })
		if at < 0 {
			at, runs = len(runs), append(runs, r)
		}
		return at, nil
	}
	for _, name := range q["run"] {
		if _, err := add(name); err != nil {
			return nil, err
		}
	}
	if len(q["run"]) == 0 {
		all, err := h.store.Runs(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		for _, r := range slices.Backward(all) {
			if r.State == corpus.RunDone {
				runs = append(runs, r)
			}
		}
	}
	if against := q.Get("against"); against != "" {
		var err error
		if o.Baseline, err = add(against); err != nil {
			return nil, err
		}
		if o.Against = true; len(runs) == 1 {
			return nil, corpus.Invalidf("against", "name another run to compare with %q", against)
		}
	}
	switch {
	case len(runs) == 0:
		return nil, corpus.Invalidf("run", "the project has no run that is done")
	case len(runs) > mostRuns:
		return nil, corpus.Invalidf("run", "a report is about at most %d runs; name those you want", mostRuns)
	}

	return runs, nil
}

// asked reads how a report is to be. The format without a name is HTML, which
// is made in views.
func asked(q url.Values) (report.Format, db.ReportOptions, error) {
	o := db.ReportOptions{Options: report.Options{Baseline: -1, Resamples: score.Resampling{Resamples: 10_000, Seed: 1}, Slices: q["slice"]}, Program: export.Program()}
	for name := range q {
		if !slices.Contains([]string{"run", "against", "format", "measure", "fail-under", "slice", "seed", "resamples", "common", "release"}, name) {
			return report.Format{}, o, corpus.Invalidf(name, "a report takes no %q", name)
		}
	}
	format, ok := report.FormatNamed(cmp.Or(q.Get("format"), "json"))
	if !ok && q.Get("format") != htmlReport {
		return format, o, corpus.Invalidf("format", "there is no format %q", q.Get("format"))
	}
	add := func(m score.Measure) {
		if !slices.ContainsFunc(o.Measures, func(have score.Measure) bool { return have.Name == m.Name }) {
			o.Measures = append(o.Measures, m)
		}
	}
	for _, name := range q["measure"] {
		m, ok := score.MeasureNamed(name)
		if !ok {
			return format, o, corpus.Invalidf("measure", "there is no measure %q", name)
		}
		add(m)
	}
	if len(o.Measures) == 0 {
		o.Measures = slices.Clone(score.Usual)
	}
	for _, bound := range q["fail-under"] {
		g, err := report.ParseGate(bound)
		if invalid, ok := asInvalid(err); ok {
			return format, o, corpus.Invalidf("fail-under", "%s", invalid.Reason)
		}
		if err != nil {
			return format, o, err
		}
		name, _ := report.SplitGate(g.Name)
		m, _ := score.MeasureNamed(name)
		add(m)
		o.Gates = append(o.Gates, g)
	}
	var err error
	if s := q.Get("seed"); s != "" {
		if o.Resamples.Seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return format, o, corpus.Invalidf("seed", "the seed %q is not a number", s)
		}
	}
	if s := q.Get("resamples"); s != "" {
		if o.Resamples.Resamples, err = strconv.Atoi(s); err != nil || o.Resamples.Resamples < 2 || o.Resamples.Resamples > maxResamples {
			return format, o, corpus.Invalidf("resamples", "resamples is a number from 2 to %d", maxResamples)
		}
	}
	if slices.Contains(q["slice"], "none") {
		o.Slices, o.NoSlices = nil, true
	}
	o.Common = q.Get("common") == "true" || q.Get("common") == "1"

	return format, o, nil
}

// fair refuses a verdict against a baseline that lacks predictions which
// another run has: what came since would count as its misses.
func fair(r report.Report) error {
	if r.Baseline < 0 {
		return nil
	}
	missing := r.Missing(r.Baseline)
	for k := range r.Runs {
		if k != r.Baseline && len(r.Missing(k)) < len(missing) {
			return corpus.Invalidf("against", "%s has no prediction for %s that %s may have, such as %s; make it anew, or ask for common=true", r.Runs[r.Baseline].Name, views.Count(len(missing), "document"), r.Runs[k].Name, missing[0])
		}
	}

	return nil
}
