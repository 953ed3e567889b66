package handlers

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// health says that the server answers, without asking the data file.
func (h *handlers) health(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// label is the labelling screen of one document.
func (h *handlers) label(c echo.Context) error {
	v, p, err := h.view(c)
	if err != nil {
		return err
	}
	counts, err := h.store.Counts(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}

	page := views.NewLabel(v, p, annotator(c), counts)
	page.Blind = blind(c, p)

	return render(c, http.StatusOK, views.LabelPage(page))
}

// labelState is what the screen loads again when another tab was at work.
func (h *handlers) labelState(c echo.Context) error {
	v, p, err := h.view(c)
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, views.NewLabelState(v, p, annotator(c)))
}

func (h *handlers) view(c echo.Context) (corpus.View, corpus.Project, error) {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return corpus.View{}, corpus.Project{}, err
	}
	ctx := c.Request().Context()
	v, err := h.store.View(ctx, id, annotator(c).ID)
	if err != nil {
		return corpus.View{}, corpus.Project{}, err
	}
	p, err := h.store.Project(ctx, v.Document.Project)
	if err == nil && p.Removed {
		err = corpus.ErrNotFound
	}
	if err == nil {
		err = h.suggesting.into(ctx, &v, p, annotator(c).ID)
	}

	return v, p, err
}

// maxEvents bounds one batch.
const maxEvents = 500

// batch is what the outbox of a browser sends. It names the person whose
// actions these are: after somebody else signed in, they are not sent in that
// one's name.
type batch struct {
	Annotator corpus.AnnotatorID `json:"annotator"`
	Events    []corpus.Event     `json:"events"`
}

// act appends a batch of events and answers when they are durable.
func (h *handlers) act(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	var b batch
	if err := readJSON(c, &b); err != nil {
		return err
	}
	who := annotator(c)
	switch {
	case b.Annotator != who.ID:
		return echo.NewHTTPError(http.StatusConflict, "these actions are another person's; sign in as that person to save them")
	case len(b.Events) > maxEvents:
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
	}

	answer, err := h.store.Act(c.Request().Context(), id, who.ID, b.Events)
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, views.NewLabelAnswer(answer))
}

// claimed is the next document of the queue.
type claimed struct {
	Document corpus.DocumentID `json:"document"`
	Path     string            `json:"path"`
}

// next claims the next document to label.
func (h *handlers) next(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(c.QueryParam("after"), 10, 64)

	id, err := h.store.Claim(c.Request().Context(), p.ID, annotator(c).ID, corpus.DocumentID(after))
	if errors.Is(err, corpus.ErrNotFound) && !wantsJSON(c) {
		return c.Redirect(http.StatusSeeOther, views.ProjectDonePath(p.ID))
	}
	if err != nil {
		return err
	}

	if wantsJSON(c) {
		return c.JSON(http.StatusOK, claimed{id, views.DocumentPath(id)})
	}

	return c.Redirect(http.StatusSeeOther, views.DocumentPath(id))
}
