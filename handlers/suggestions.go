package handlers

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/agreement"
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
	if page.Agreed, err = h.armAgreement(ctx, p); err != nil {
		return err
	}
	if page.Acceptance, err = h.store.Acceptance(ctx, p.ID); err != nil {
		return err
	}

	return render(c, http.StatusOK, views.SuggestionsPage(page))
}

// armShared is how many documents that several people labelled the page takes
// the agreement of anew while somebody waits.
const armShared = 20_000

// armAgreement is how far people agree on documents with suggestions and on
// those without; none where there are too many to tell at once.
func (h *handlers) armAgreement(ctx context.Context, p corpus.Project) (map[corpus.Arm]agreement.Figures, error) {
	n, err := h.store.SharedDocuments(ctx, p.ID)
	if err != nil || n == 0 || n > armShared {
		return nil, err
	}
	out := map[corpus.Arm]agreement.Figures{}
	for _, arm := range []corpus.Arm{corpus.ArmShown, corpus.ArmBlind} {
		a, err := h.store.Agreement(ctx, p, db.AgreementOptions{Arm: arm})
		if err != nil {
			return nil, err
		}
		out[arm] = a.Report.Figures
	}

	return out, nil
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
