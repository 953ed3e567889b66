package handlers

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// filterOf reads what a list of documents is narrowed to. States that there
// are not are left out, and a page that is no number is the first.
func filterOf(c echo.Context, p corpus.ProjectID) corpus.DocumentFilter {
	f := corpus.DocumentFilter{Project: p, Query: c.QueryParam("q"), Site: c.QueryParam("site"), Language: c.QueryParam("language")}
	for _, s := range c.QueryParams()["state"] {
		if slices.Contains(corpus.States, corpus.State(s)) && !slices.Contains(f.States, corpus.State(s)) {
			f.States = append(f.States, corpus.State(s))
		}
	}
	if after, err := strconv.ParseInt(c.QueryParam("after"), 10, 64); err == nil && after > 0 {
		f.After = corpus.DocumentID(after)
	}

	return f
}

// documents is one page of a project's documents.
func (h *handlers) documents(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page := views.Documents{Project: p, Filter: filterOf(c, p.ID), Blind: blind(c, p)}
	if page.Blind {
		page.Filter.States = nil
	}

	status := http.StatusOK
	page.List, err = h.store.Documents(ctx, page.Filter)
	if wrong, ok := formErrors(err, "q"); ok {
		page.Errors, status, err = wrong, http.StatusUnprocessableEntity, nil
	}
	if err != nil {
		return err
	}
	if page.Counts, err = h.store.Counts(ctx, p.ID); err != nil {
		return err
	}
	if page.Sites, err = h.store.Sites(ctx, p.ID); err != nil {
		return err
	}
	if page.Languages, err = h.store.Languages(ctx, p.ID); err != nil {
		return err
	}

	page.Page = h.page(c, "Documents", &p, views.DocumentsTab)
	return render(c, status, views.DocumentsPage(page))
}

func (h *handlers) removeDocuments(c echo.Context) error {
	return h.setDocumentsRemoved(c, true, documentsRemoved)
}

func (h *handlers) restoreDocuments(c echo.Context) error {
	return h.setDocumentsRemoved(c, false, documentsRestored)
}

// maxChosen bounds the rows of one change: a page of the list holds fewer.
const maxChosen = 200

func (h *handlers) setDocumentsRemoved(c echo.Context, removed bool, said noteKind) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ids, err := chosen(c)
	if err != nil {
		return err
	}

	n := 0
	if len(ids) > 0 {
		n, err = h.store.SetDocumentsRemoved(c.Request().Context(), p.ID, ids, removed, annotator(c).ID)
	}
	if err != nil {
		return err
	}

	if n == 0 {
		said = nothingChosen
	}
	h.leave(c, note{Kind: said, Project: p.ID, IDs: ids})
	if c.FormValue("from") == views.ReviewTab {
		return c.Redirect(http.StatusSeeOther, views.ReviewsPath(corpus.ReviewFilter{Project: p.ID}, corpus.ReviewPlace{}))
	}
	return c.Redirect(http.StatusSeeOther, views.DocumentsPath(p.ID))
}

// chosen are the documents that a form names.
func chosen(c echo.Context) ([]corpus.DocumentID, error) {
	form, err := c.FormParams()
	if err != nil {
		return nil, echo.NewHTTPError(http.StatusBadRequest, "the form cannot be read").SetInternal(err)
	}
	if len(form["document"]) > maxChosen {
		return nil, corpus.Invalidf("document", "at most %d documents can be changed at once", maxChosen)
	}
	var ids []corpus.DocumentID
	for _, s := range form["document"] {
		id, err := strconv.ParseInt(s, 10, 64)
		if err != nil || id <= 0 {
			return nil, corpus.ErrNotFound
		}
		ids = append(ids, corpus.DocumentID(id))
	}

	return ids, nil
}

// source is the page as it came, as plain text in its own charset: shown, but
// never run. The policy forbids a browser that guesses otherwise to do
// anything with it.
func (h *handlers) source(c echo.Context) error {
	d, _, err := h.livingDocument(c)
	if err != nil {
		return err
	}
	bytes, _, err := h.store.Source(c.Request().Context(), d.ID)
	if err != nil {
		return err
	}

	header := c.Response().Header()
	header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	header.Set("Content-Disposition", "inline")
	return c.Blob(http.StatusOK, "text/plain; charset="+charset(d.Charset), bytes)
}

// charset is the name as a header may carry it, "utf-8" where there is none.
func charset(name string) string {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != ':' && r != '.' {
			return "utf-8"
		}
	}
	if name == "" {
		return "utf-8"
	}

	return name
}
