package handlers

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// discusses lets those see what is said about a document who decide about it,
// and those who have handed it in: before, it would spoil their own judgement.
func (h *handlers) discusses(c echo.Context) (corpus.DocumentID, error) {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return 0, err
	}
	who := annotator(c)
	if who.Role.Includes(corpus.Adjudicator) {
		return id, nil
	}
	is, err := h.store.HandedIn(c.Request().Context(), id, who.ID)
	if err == nil && !is {
		err = echo.NewHTTPError(http.StatusForbidden, "what is said about a document is shown to those who have handed it in")
	}

	return id, err
}

// comments is what was said about a document, for those who labelled it.
func (h *handlers) comments(c echo.Context) error {
	if _, err := h.discusses(c); err != nil {
		return err
	}
	r, p, err := h.reviewed(c)
	if err != nil {
		return err
	}
	said, err := h.store.Comments(c.Request().Context(), r.Document.ID)
	if err != nil {
		return err
	}

	page := h.page(c, "Comments", &p, views.DocumentsTab)
	page.Styles = []string{"css/review.css"}
	return render(c, http.StatusOK, views.CommentsPage(views.Comments{Page: page, Project: p, Document: r.Document.ID, Name: r.Document.Name,
		Threads: views.NewCommentThreads(r, p, annotator(c), said), Fresh: rand.Text()}))
}

// spoken is a comment as a page or a script sends it.
type spoken struct {
	ID    string `json:"id" form:"id"`
	Place string `json:"place" form:"place"`
	Text  string `json:"text" form:"text"`
}

// addComment keeps a comment.
func (h *handlers) addComment(c echo.Context) error {
	id, err := h.discusses(c)
	if err != nil {
		return err
	}
	said := spoken{ID: c.FormValue("id"), Place: c.FormValue("place"), Text: c.FormValue("text")}
	if wantsJSON(c) {
		if err := readJSON(c, &said); err != nil {
			return err
		}
	}
	text := strings.TrimSpace(strings.ReplaceAll(said.Text, "\r\n", "\n"))
	if err := h.store.AddComment(c.Request().Context(), corpus.Comment{ID: said.ID, Document: id, By: annotator(c).ID, Place: said.Place, Text: text}); err != nil {
		return err
	}

	if wantsJSON(c) {
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, views.CommentsPath(id))
}

// resolveComment marks a comment as done with, or opens it again.
func (h *handlers) resolveComment(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	var body struct {
		Resolved bool `json:"resolved"`
	}
	if err := readJSON(c, &body); err != nil {
		return err
	}
	if err := h.store.SetCommentResolved(c.Request().Context(), id, c.Param("comment"), body.Resolved, annotator(c).ID); err != nil {
		return err
	}

	return c.NoContent(http.StatusNoContent)
}
