package handlers

import (
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/split"
	"annotate/views"
)

// splits shows how a project's documents are divided, and what leaks.
func (h *handlers) splits(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	return h.showSplits(c, http.StatusOK, p, views.Splits{})
}

// atOnce is how many documents are looked through while a person waits.
const atOnce = 500

// showSplits shows the split that the address asks for. Shown is what a form
// brings back: what was typed, and what is wrong with it.
func (h *handlers) showSplits(c echo.Context, status int, p corpus.Project, shown views.Splits) error {
	ctx := c.Request().Context()
	shown.Page, shown.Project = h.page(c, "Splits", &p, views.ExportTab), p
	shown.Typed, shown.By = c.QueryParam("split"), split.By(c.QueryParam("by"))
	spec, by, err := splitAsked(shown)
	if wrong, ok := formErrors(err, "split", "by"); ok {
		status, shown.Errors = http.StatusUnprocessableEntity, wrong
		spec, by, err = split.Usual, split.BySite, nil
	} else if err == nil {
		shown.Typed, shown.By = spec.String(), by
	}
	if err != nil {
		return err
	}

	if shown.Waiting, err = h.compareCopies(c, p.ID); err != nil {
		return err
	}
	if shown.Report, err = h.store.SplitReport(ctx, p.ID, spec, by, 0); err != nil {
		return err
	}
	if shown.Fixed, err = h.store.FixedSplits(ctx, p.ID, time.Time{}); err != nil {
		return err
	}

	return render(c, status, views.SplitsPage(shown))
}

func splitAsked(asked views.Splits) (split.Spec, split.By, error) {
	by, err := split.ParseBy(string(asked.By))
	if err != nil || asked.Typed == "" {
		return split.Usual, by, err
	}
	spec, err := split.ParseSpec(asked.Typed)

	return spec, by, err
}

// compareCopies looks for near-copies of the documents that are new: of a few
// at once, of many beside, and then says of how many.
func (h *handlers) compareCopies(c echo.Context, project corpus.ProjectID) (waiting int, err error) {
	ctx := c.Request().Context()
	n, err := h.store.Uncompared(ctx, project)
	switch {
	case err != nil || n == 0:
		return 0, err
	case n <= atOnce:
		return 0, h.store.FindNearCopies(ctx, project, nil)
	}

	h.begun.Go(func() {
		if err := h.store.FindNearCopies(h.serving, project, nil); err != nil && h.serving.Err() == nil {
			h.log.Error("near-copies were not found", slog.Int64("project", int64(project)), slog.String("error", err.Error()))
		}
	})

	return n, nil
}

// fixSplit chooses the part of documents or of a site by hand, or with an empty
// part gives them back to the rule.
func (h *handlers) fixSplit(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	fix := db.SplitFix{Part: strings.TrimSpace(c.FormValue("part")), Site: strings.TrimSpace(c.FormValue("site"))}
	typed := c.FormValue("documents")
	fix.Documents, err = documentNumbers(strings.FieldsFunc(typed, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }))

	if err == nil {
		_, err = h.store.FixSplit(c.Request().Context(), p.ID, fix, annotator(c).ID)
	}
	if wrong, ok := formErrors(err, "documents", "site"); ok {
		return h.showSplits(c, http.StatusUnprocessableEntity, p, views.Splits{Part: fix.Part, Documents: typed, Site: fix.Site, Errors: wrong})
	}
	if err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.SplitsPath(p.ID, c.QueryParam("split"), split.By(c.QueryParam("by"))))
}

// freeSplit gives a document, by its key, or a site back to the rule.
func (h *handlers) freeSplit(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	fix := db.SplitFix{Site: c.FormValue("site")}
	if key := c.FormValue("document"); key != "" {
		id, err := h.store.DocumentKeyed(ctx, p.ID, key)
		if err != nil {
			return err
		}
		fix.Documents = []corpus.DocumentID{id}
	}

	if _, err := h.store.FixSplit(ctx, p.ID, fix, annotator(c).ID); err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.SplitsPath(p.ID, c.QueryParam("split"), split.By(c.QueryParam("by"))))
}
