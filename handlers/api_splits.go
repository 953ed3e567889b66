package handlers

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/split"
	"annotate/views"
)

// apiSplits is what each part of a split would hold, and what leaks. Of many
// new documents the near-copies are looked for beside: waiting says of how
// many, and asked again later the answer is whole.
func (h *handlers) apiSplits(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	q := asks(c, "split", "by", "release")
	if q.err != nil {
		return q.err
	}
	spec, by, err := splitAsked(views.Splits{Typed: q.text("split"), By: split.By(q.text("by"))})
	if err != nil {
		return err
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}
	var of corpus.ReleaseID
	if frozen != nil {
		of = frozen.ID
	}

	ctx := c.Request().Context()
	waiting, err := h.compareCopies(c, p.ID)
	if err != nil {
		return err
	}
	report, err := h.store.SplitReport(ctx, p.ID, spec, by, of)
	if err != nil {
		return err
	}
	fixed, err := h.store.FixedSplits(ctx, p.ID, time.Time{})
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, struct {
		split.Report
		Leaks   bool          `json:"leaks"`
		Fixed   []split.Fixed `json:"fixed"`
		Waiting int           `json:"waiting"`
	}{report, report.Leaks(), append([]split.Fixed{}, fixed...), waiting})
}

// splitChoice names documents, by key or number, or all of a site.
type splitChoice struct {
	Documents []string `json:"documents"`
	Site      string   `json:"site"`
}

// apiFixSplit chooses the part of documents or of a site by hand.
func (h *handlers) apiFixSplit(c echo.Context) error {
	var in struct {
		Part string `json:"part"`
		splitChoice
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	in.Part = strings.TrimSpace(in.Part)
	if in.Part == "" {
		return corpus.Invalidf("part", "name a part; splits/free gives documents back to the rule")
	}

	return h.setSplit(c, in.Part, in.splitChoice)
}

// apiFreeSplit gives documents or a site back to the rule.
func (h *handlers) apiFreeSplit(c echo.Context) error {
	var in splitChoice
	if err := readJSON(c, &in); err != nil {
		return err
	}

	return h.setSplit(c, "", in)
}

func (h *handlers) setSplit(c echo.Context, part string, of splitChoice) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	fix := db.SplitFix{Part: part, Site: strings.TrimSpace(of.Site)}
	for _, name := range of.Documents {
		id, err := h.documentBy(c, p.ID, name)
		if errors.Is(err, corpus.ErrNotFound) {
			err = corpus.Invalidf("documents", "the project has no document %q", name)
		}
		if err != nil {
			return err
		}
		fix.Documents = append(fix.Documents, id)
	}

	changed, err := h.store.FixSplit(c.Request().Context(), p.ID, fix, annotator(c).ID)
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, struct {
		Changed int `json:"changed"`
	}{changed})
}
