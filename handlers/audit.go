package handlers

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// Lines of the log on a page, and at most in one answer of the API.
const (
	logPage = 50
	logMost = 1000
)

// wholeLog is every change.
func (h *handlers) wholeLog(c echo.Context) error { return h.showLog(c, nil) }

// projectLog is every change of a project, a removed one's too.
func (h *handlers) projectLog(c echo.Context) error {
	p, err := h.anyProject(c)
	if err != nil {
		return err
	}

	return h.showLog(c, &p)
}

func (h *handlers) showLog(c echo.Context, p *corpus.Project) (err error) {
	ctx := c.Request().Context()
	f := readLogFilter(c)
	f.Limit = logPage
	if p != nil {
		f.Project = p.ID
	}
	page := views.Log{Filter: f}
	if page.Entries, page.Older, err = h.logPage(c, f); err != nil {
		return err
	}
	if page.Kinds, err = h.store.LogKinds(ctx, f.Project); err != nil {
		return err
	}
	if page.People, err = h.store.LogPeople(ctx, f.Project); err != nil {
		return err
	}

	page.Page = h.page(c, "Log", p, views.PeopleTab)
	return render(c, http.StatusOK, views.LogPage(page))
}

// readLogFilter leaves out what is no choice.
func readLogFilter(c echo.Context) corpus.LogFilter {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(c.QueryParam(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}

	return corpus.LogFilter{Kind: c.QueryParam("kind"), By: corpus.AnnotatorID(number("by")), Before: number("before"), Limit: int(min(number("limit"), logMost))}
}

// logPage is one page of the log and the id from which the next goes on, 0
// after the last.
func (h *handlers) logPage(c echo.Context, f corpus.LogFilter) (entries []corpus.LogEntry, older int64, err error) {
	limit := f.Limit
	f.Limit++
	entries, err = h.store.Log(c.Request().Context(), f)
	if len(entries) > limit {
		entries = entries[:limit]
		older = entries[limit-1].ID
	}

	return entries, older, err
}

func (h *handlers) apiLog(c echo.Context) error { return h.sendLog(c, 0) }

func (h *handlers) apiProjectLog(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}

	return h.sendLog(c, p.ID)
}

// sendLog answers with a page of the log; "before" says where the next begins.
func (h *handlers) sendLog(c echo.Context, p corpus.ProjectID) error {
	f := readLogFilter(c)
	f.Project = p
	if f.Limit == 0 {
		f.Limit = logMost
	}
	entries, older, err := h.logPage(c, f)
	if err != nil {
		return err
	}

	out := struct {
		Log    []corpus.LogEntry `json:"log"`
		Before int64             `json:"before,omitempty"`
	}{append([]corpus.LogEntry{}, entries...), older}

	return c.JSON(http.StatusOK, out)
}
