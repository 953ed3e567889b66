package handlers

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/views"
)

const (
	usualRuns = 6  // the newest ones, where nobody chose
	mostRuns  = 20 // in one report
)

// reportFormats are the ways to take a report along, in the order of the menu.
var reportFormats = func() []views.Choice {
	out := []views.Choice{{Name: htmlReport, Title: "HTML", About: "one file, to read, print or send"}}
	for _, name := range []string{"md", "csv", "documents", "json", "junit"} {
		if f, ok := report.FormatNamed(name); ok {
			out = append(out, views.Choice{Name: f.Name, Title: formatTitles[name], About: f.About})
		}
	}
	return out
}()

const htmlReport = "html"

var formatTitles = map[string]string{"md": "Markdown", "csv": "CSV, runs", "documents": "CSV, documents", "json": "JSON", "junit": "JUnit"}

// accuracyQuery reads what a report is asked about, and which runs these are,
// by id. A run that is none of the project's is not found.
func accuracyQuery(c echo.Context, p corpus.ProjectID, all []corpus.Run) (views.AccuracyQuery, []corpus.Run, error) {
	q := views.AccuracyQuery{Project: p, Common: c.QueryParam("common") != ""}
	for _, s := range c.QueryParams()["slice"] {
		if s != "" && !slices.Contains(q.Slices, s) {
			q.Slices = append(q.Slices, s)
		}
	}
	var runs []corpus.Run
	take := func(r corpus.Run) {
		if !slices.ContainsFunc(runs, func(o corpus.Run) bool { return o.ID == r.ID }) {
			runs = append(runs, r)
		}
	}
	for _, s := range c.QueryParams()["run"] {
		r, ok := runNumbered(all, s)
		if !ok {
			return q, nil, corpus.ErrNotFound
		}
		take(r)
	}
	chosen := len(runs) > 0
	if !chosen {
		for _, r := range all { // the newest come first
			if r.State != corpus.RunRunning && r.Predicted > 0 && len(runs) < usualRuns {
				take(r)
			}
		}
	}

	switch against := c.QueryParam("against"); against {
	case "":
		if len(runs) > 1 {
			q.Baseline = slices.MinFunc(runs, func(a, b corpus.Run) int { return cmp.Compare(a.ID, b.ID) }).ID
		}
	case "none", "0":
	default:
		r, ok := runNumbered(all, against)
		if !ok {
			return q, nil, corpus.ErrNotFound
		}
		take(r)
		q.Baseline = r.ID
	}
	if s := c.QueryParam("focus"); s != "" {
		r, ok := runNumbered(all, s)
		if !ok {
			return q, nil, corpus.ErrNotFound
		}
		take(r)
		q.Focus = r.ID
	}
	if len(runs) > mostRuns {
		return q, nil, corpus.Invalidf("", "a report holds at most %d runs; choose fewer", mostRuns)
	}
	if len(runs) < 2 {
		q.Baseline = 0
	}
	slices.SortFunc(runs, func(a, b corpus.Run) int { return cmp.Compare(a.ID, b.ID) })
	for _, r := range runs {
		q.Runs = append(q.Runs, r.ID)
	}

	return q, runs, nil
}

// runNumbered is the run with the number that an address has.
func runNumbered(all []corpus.Run, s string) (corpus.Run, bool) {
	id, err := strconv.ParseInt(s, 10, 64)
	i := slices.IndexFunc(all, func(r corpus.Run) bool { return int64(r.ID) == id })
	if err != nil || i < 0 {
		return corpus.Run{}, false
	}

	return all[i], true
}

// accuracy is a project's report; a page that waits where it takes longer.
func (h *handlers) accuracy(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page := views.Accuracy{Page: h.reportPage(c, "Accuracy", &p), Project: p, Formats: reportFormats}
	if page.All, err = h.store.Runs(ctx, p.ID); err != nil {
		return err
	}
	if page.Releases, err = h.store.Releases(ctx, p.ID); err != nil {
		return err
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}
	revision, err := h.reports.gold(ctx, question{project: p, release: frozen})
	if err != nil {
		return err
	}
	page.Golden = revision.Golden
	var runs []corpus.Run
	page.Query, runs, err = accuracyQuery(c, p.ID, page.All)
	page.Query.Release = nameOf(frozen)
	if invalid, ok := asInvalid(err); ok {
		page.Problem = invalid.Reason
		return render(c, http.StatusUnprocessableEntity, views.AccuracyPage(page))
	}
	if err != nil {
		return err
	}
	if len(page.All) == 0 || page.Golden == 0 {
		return render(c, http.StatusOK, views.AccuracyPage(page))
	}
	if len(runs) == 0 {
		page.Problem = "no run has predicted anything yet; wait for one to end, or choose one that is running"
		return render(c, http.StatusOK, views.AccuracyPage(page))
	}

	kept, err := h.reports.ask(ctx, question{project: p, runs: runs, baseline: page.Query.Baseline, slices: page.Query.Slices, common: page.Query.Common, release: frozen}, polls(c))
	if err != nil {
		return err
	}
	ready, err := waitFor(ctx, kept.ready, patience)
	var focus *focused
	if ready && kept.err == nil {
		if page.Query.Focus == 0 {
			page.Query.Focus = kept.report.Runs[views.Best(kept.report)].ID
		}
		focus = h.reports.focus(kept, page.Query.Focus)
		ready, err = waitFor(ctx, focus.ready, patience)
		if ready && err == nil {
			err = focus.err
		}
	}
	if err != nil {
		return err
	}

	if !ready {
		return render(c, http.StatusOK, views.ReportJobPage(h.waiting(c, p, kept)))
	}
	if invalid, ok := asInvalid(kept.err); ok {
		page.Problem = invalid.Reason
		return render(c, http.StatusUnprocessableEntity, views.AccuracyPage(page))
	}
	if kept.err != nil {
		return kept.err
	}
	page.Report = views.ReportView{Report: kept.report, Query: page.Query, Focus: kept.at(page.Query.Focus), Versus: focus.versus}
	page.Worst = focus.worst

	return render(c, http.StatusOK, views.AccuracyPage(page))
}

// nameOf is the name of a release, "" for current gold.
func nameOf(r *corpus.Release) string {
	if r == nil {
		return ""
	}
	return r.Name
}

// reportPage is the frame of all pages of reports.
func (h *handlers) reportPage(c echo.Context, title string, p *corpus.Project) views.Page {
	page := h.page(c, title, p, views.AccuracyTab)
	page.Styles = []string{"css/report.css"}
	page.Scripts = []string{"js/report.js"}

	return page
}

// polls reports whether a page that waits asks again.
func polls(c echo.Context) bool { return c.Request().Header.Get("HX-Request") != "" }

// waiting says how far a report is.
func (h *handlers) waiting(c echo.Context, p corpus.Project, k *keptReport) views.ReportJob {
	return views.ReportJob{Page: h.reportPage(c, "Accuracy", &p), Project: p, Title: "Accuracy of " + views.Count(len(k.asked.runs), "run"),
		Path: c.Request().URL.RequestURI(), Done: int(k.done.Load()), Total: int(k.total.Load())}
}

// accuracyFile is a report as a download.
func (h *handlers) accuracyFile(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	format, known := report.FormatNamed(c.Param("format"))
	if !known && c.Param("format") != htmlReport {
		return corpus.ErrNotFound
	}
	ctx := c.Request().Context()
	all, err := h.store.Runs(ctx, p.ID)
	if err != nil {
		return err
	}
	q, runs, err := accuracyQuery(c, p.ID, all)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return corpus.Invalidf("", "there is no run to report about")
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}
	kept, err := h.reports.ask(ctx, question{project: p, runs: runs, baseline: q.Baseline, slices: q.Slices, common: q.Common, release: frozen}, false)
	if err != nil {
		return err
	}

	select {
	case <-kept.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	if kept.err != nil {
		return kept.err
	}

	write, ext, media := format.Write, format.Ext, format.MediaType
	if !known {
		ext, media = "html", "text/html; charset=utf-8"
		write = func(w io.Writer, r report.Report) error { return views.ReportFile(r).Render(ctx, w) }
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, media)
	header.Set(echo.HeaderContentDisposition, attachment(datasetName(p, frozen)+" accuracy "+cmp.Or(format.Name, htmlReport), ext))

	return h.sendWhole(c, func(w io.Writer) error { return write(w, kept.report) })
}

// sendWhole writes a download. Where it fails after the first bytes are sent,
// the connection is broken off: a file that ends too early must not look like a
// whole one.
func (h *handlers) sendWhole(c echo.Context, write func(io.Writer) error) error {
	r := c.Response()
	w := bufio.NewWriterSize(r, 64<<10)
	err := write(w)
	if err == nil {
		err = w.Flush()
	}

	if err == nil || !r.Committed {
		if err != nil {
			r.Header().Del(echo.HeaderContentDisposition)
		}
		return err
	}
	if ctx := c.Request().Context(); ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		h.log.LogAttrs(ctx, slog.LevelError, "download broken off", slog.String("route", c.Path()), slog.String("error", err.Error()))
	}
	panic(http.ErrAbortHandler)
}
