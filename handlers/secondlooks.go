package handlers

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// looksShown bounds the page of blocks in doubt.
const looksShown = 50

// secondLooks lists blocks of gold that are in doubt.
func (h *handlers) secondLooks(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page := views.SecondLooks{Page: h.page(c, "Second look", &p, views.SuggestionsTab), Project: p, Verdict: corpus.Verdict(c.QueryParam("verdict"))}
	if page.Looks, page.All, err = h.store.SecondLooks(ctx, p.ID, page.Verdict, looksShown); err != nil {
		return err
	}
	model, err := h.store.NewestModel(ctx, p.ID)
	if err != nil {
		return err
	}
	page.Model = model > 0

	return render(c, http.StatusOK, views.SecondLooksPage(page))
}

// judgeLook keeps what a person says of one of them. Who reopens gold goes to
// the document.
func (h *handlers) judgeLook(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	doc, err := strconv.ParseInt(c.FormValue("document"), 10, 64)
	if err != nil {
		return corpus.Invalidf("document", "name the document")
	}
	start, err := strconv.Atoi(c.FormValue("start"))
	if err != nil {
		return corpus.Invalidf("start", "name the block by where it starts")
	}
	verdict := corpus.Verdict(c.FormValue("verdict"))
	if err := h.store.JudgeLook(c.Request().Context(), p.ID, corpus.DocumentID(doc), start, verdict, annotator(c).ID); err != nil {
		return err
	}
	if verdict == corpus.Reopened {
		return c.Redirect(http.StatusSeeOther, views.DocumentPath(corpus.DocumentID(doc)))
	}

	return c.Redirect(http.StatusSeeOther, views.SecondLooksPath(p.ID, corpus.Verdict(c.FormValue("shown"))))
}
