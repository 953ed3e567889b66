package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/suggest"
	"annotate/views"
)

// What a page of conflicts looks through, and lists.
const (
	conflictGold   = 1000 // documents with gold, the newest
	shownConflicts = 100
	shownSettled   = 200
)

// conflicts shows the texts that people decided in two ways.
func (h *handlers) conflicts(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	return h.showConflicts(c, http.StatusOK, p, nil)
}

func (h *handlers) showConflicts(c echo.Context, status int, p corpus.Project, wrong views.Errors) error {
	ctx := c.Request().Context()
	page := views.Conflicts{Project: p, Bound: conflictGold, Errors: wrong}
	all, err := suggest.Conflicts(func(yield func(corpus.Gold, error) bool) {
		for g, err := range h.store.RecentGold(ctx, p.ID, 0, conflictGold) {
			page.Gold++
			if !yield(g, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	settled, err := h.store.AllRulings(ctx, p.ID)
	if err != nil {
		return err
	}

	page.Total = len(all)
	for _, one := range all[:min(len(all), shownConflicts)] {
		page.List = append(page.List, views.ConflictRow{Conflict: one, Ruling: rulingFor(settled, one)})
	}
	page.Settled, page.MoreSettled = settled[:min(len(settled), shownSettled)], len(settled) > shownSettled
	page.Page = h.page(c, "Decided in two ways", &p, views.SuggestionsTab)
	return render(c, status, views.ConflictsPage(page))
}

// rulingFor is what counts for a text on its site, nil for nothing. What a site
// says stands over what its project says.
func rulingFor(settled []corpus.Ruling, c suggest.Conflict) (out *corpus.Ruling) {
	for i, r := range settled {
		if r.About == corpus.OfBlock && r.Key == c.Key && (r.Site == c.Site || r.Site == "" && out == nil) {
			out = &settled[i]
		}
	}
	return out
}

// settleConflict settles a text on the site of the document that the form
// names a place of.
func (h *handlers) settleConflict(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	places, err := placesOf([]string{c.FormValue("place")})
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	d, err := h.store.Document(ctx, places[0].Document)
	if err == nil && d.Project != p.ID {
		err = corpus.ErrNotFound
	}
	if err != nil {
		return err
	}

	e := views.Everywhere{}
	if e.Asked, err = rulingOn(d, views.EverywhereQuery{Document: d.ID, Block: places[0].Start}); err == nil {
		err = choiceInto(&e, c.FormValue("class"), "")
	}
	if err == nil {
		e.Asked.ID, err = h.store.AddRuling(ctx, e.Asked, annotator(c).ID)
	}
	if wrong, ok := formErrors(err); ok {
		return h.showConflicts(c, http.StatusUnprocessableEntity, p, wrong)
	}
	if err != nil {
		return err
	}

	h.leave(c, note{Kind: textSettled, Project: p.ID, Ruling: e.Asked.ID})
	return c.Redirect(http.StatusSeeOther, views.ConflictsPath(p.ID))
}

// undoRuling takes back what somebody settled.
func (h *handlers) undoRuling(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	id, err := pathID[corpus.RulingID](c, "ruling")
	if err != nil {
		return err
	}
	if _, err := h.store.UndoRuling(c.Request().Context(), p.ID, id, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: textUnsettled})
	return c.Redirect(http.StatusSeeOther, views.ConflictsPath(p.ID))
}
