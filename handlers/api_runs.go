package handlers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
	"annotate/views"
)

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
	return apiPath(views.RunPath(r.Project, r.ID))
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
