package handlers

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest"
	"annotate/views"
)

// suggestions shows what helps the annotators of a project, and what it is
// worth.
func (h *handlers) suggestions(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page := views.Suggestions{Page: h.page(c, "Suggestions", &p, views.SuggestionsTab), Project: p}
	if page.Gold, err = h.store.GoldCount(ctx, p.ID); err != nil {
		return err
	}
	models, err := h.store.Models(ctx, p.ID, 1)
	if err != nil {
		return err
	}
	if len(models) > 0 {
		page.Model = &models[0]
		if err := json.Unmarshal([]byte(page.Model.Report), &page.Report); err != nil {
			return err
		}
	}
	page.Learning, page.Problem = h.suggesting.state(p.ID)
	efforts, err := h.store.ArmEfforts(ctx, p.ID)
	if err != nil {
		return err
	}
	page.Effect = suggest.EffectOf(efforts, score.Resampling{Resamples: 2000, Seed: 1})
	if page.Acceptance, err = h.store.Acceptance(ctx, p.ID); err != nil {
		return err
	}

	return render(c, http.StatusOK, views.SuggestionsPage(page))
}

// learn makes a model now.
func (h *handlers) learn(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	n, err := h.store.GoldCount(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	if n < suggest.LeastGold {
		return corpus.Invalidf("", "a model is made of at least %d documents with gold; %d have gold", suggest.LeastGold, n)
	}
	h.suggesting.learn(p)

	return c.Redirect(http.StatusSeeOther, views.SuggestionsPath(p.ID))
}
