package handlers

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/views"
)

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
