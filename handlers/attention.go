package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// beatBody is what the labelling screen tells now and then, and at the end: of
// the visit so far, so that nothing is lost with one beat.
type beatBody struct {
	Annotator corpus.AnnotatorID `json:"annotator"`
	Visit     string             `json:"visit"`
	Active    int64              `json:"active"` // milliseconds
	Seen      [][2]int           `json:"seen"`   // half-open ranges of block numbers from 0
}

// beat keeps a visit, renews the lease, and says whether the document is still
// the person's.
func (h *handlers) beat(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	var b beatBody
	if err := readJSON(c, &b); err != nil {
		return err
	}
	who := annotator(c)
	if b.Annotator != who.ID {
		return echo.NewHTTPError(http.StatusConflict, "this visit is another person's")
	}
	longest := corpus.MaxActive.Milliseconds() + 1 // so that a number of milliseconds is one of nanoseconds too
	active := time.Duration(max(-1, min(b.Active, longest))) * time.Millisecond

	held, err := h.store.Attend(c.Request().Context(), id, who.ID, corpus.Visit{ID: b.Visit, Active: active, Seen: b.Seen})
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, struct {
		Held bool `json:"held"`
	}{held})
}

// attention shows managers how people went about their documents.
func (h *handlers) attention(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	signals, names, err := h.store.Attention(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}

	return render(c, http.StatusOK, views.AttentionPage(views.Attention{Page: h.page(c, "Attention", &p, views.PeopleTab), Project: p, People: signals, Names: names}))
}

// blind reports whether nothing that the person sees may tell a hidden check
// from real work: not a document's state, and no count that moves with it.
func blind(c echo.Context, p corpus.Project) bool {
	return p.CheckShare > 0 && !annotator(c).Role.Includes(corpus.Adjudicator)
}
