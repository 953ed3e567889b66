package handlers

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// practice is the practice round for managers: its documents, and how people
// did.
func (h *handlers) practice(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	return h.showPractice(c, http.StatusOK, p, "", nil)
}

func (h *handlers) showPractice(c echo.Context, status int, p corpus.Project, typed string, wrong views.Errors) error {
	ctx := c.Request().Context()
	documents, err := h.store.PracticeDocuments(ctx, p.ID)
	if err != nil {
		return err
	}
	results, err := h.store.PracticeResults(ctx, p.ID)
	if err != nil {
		return err
	}

	return render(c, status, views.PracticePage(views.Practice{
		Page: h.page(c, "Practice", &p, views.PeopleTab), Project: p, Documents: documents, Results: results, Typed: typed, Errors: wrong,
	}))
}

// suggested is how many documents the button chooses.
const suggested = 10

// addPractice puts documents into the round: those chosen in the list, those
// whose numbers were typed, or with do=choose some that differ.
func (h *handlers) addPractice(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "the form cannot be read").SetInternal(err)
	}

	ids, err := h.practiceChoice(c.Request().Context(), p, form)
	if err == nil && len(ids) > 0 {
		_, err = h.store.AddPractice(c.Request().Context(), p.ID, ids, annotator(c).ID)
	}
	if wrong, ok := formErrors(err, "documents"); ok {
		return h.showPractice(c, http.StatusUnprocessableEntity, p, form.Get("documents"), wrong)
	}
	if err != nil {
		return err
	}

	n := note{Kind: practiceAdded, IDs: ids}
	if len(ids) == 0 {
		n.Kind = nothingChosen
	}
	h.leave(c, n)
	return c.Redirect(http.StatusSeeOther, views.PracticePath(p.ID))
}

func (h *handlers) practiceChoice(ctx context.Context, p corpus.Project, form url.Values) ([]corpus.DocumentID, error) {
	switch {
	case form.Get("do") == "choose":
		ids, err := h.store.SuggestPractice(ctx, p.ID, suggested)
		if err == nil && len(ids) == 0 {
			err = corpus.Invalidf("documents", "there is no gold document that is not for practice already")
		}
		return ids, err
	case form.Has("document"):
		return documentNumbers(form["document"])
	}

	return documentNumbers(strings.FieldsFunc(form.Get("documents"), func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' }))
}

func documentNumbers(words []string) ([]corpus.DocumentID, error) {
	var ids []corpus.DocumentID
	for _, word := range words {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil || id <= 0 {
			return nil, corpus.Invalidf("documents", "“%s” is no number of a document", word)
		}
		ids = append(ids, corpus.DocumentID(id))
	}

	return ids, nil
}

func (h *handlers) removePractice(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}

	if err := h.store.RemovePractice(c.Request().Context(), p.ID, id, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: practiceRemoved})
	return c.Redirect(http.StatusSeeOther, views.PracticePath(p.ID))
}

func (h *handlers) letPass(c echo.Context) error {
	return h.practiceFor(c, h.store.LetPass, practicePassed)
}

func (h *handlers) letRetry(c echo.Context) error {
	return h.practiceFor(c, h.store.LetRetry, practiceRetried)
}

// practiceFor does something about one person's round.
func (h *handlers) practiceFor(c echo.Context, do func(context.Context, corpus.ProjectID, corpus.AnnotatorID, corpus.AnnotatorID) error, done noteKind) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	who, err := pathID[corpus.AnnotatorID](c, "person")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	person, err := h.store.Annotator(ctx, who)
	if err != nil {
		return err
	}

	err = do(ctx, p.ID, who, annotator(c).ID)
	if wrong, ok := formErrors(err); ok {
		return h.showPractice(c, http.StatusUnprocessableEntity, p, "", wrong)
	}
	if err != nil {
		return err
	}

	h.leave(c, note{Kind: done, Name: person.Name})
	return c.Redirect(http.StatusSeeOther, views.PracticePath(p.ID))
}

// practised shows what a person handed in on a practice document beside its
// gold: their own, or for managers anybody's. Who has not handed it in goes on
// with it.
func (h *handlers) practised(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	ctx, whose := c.Request().Context(), annotator(c)
	own := true
	if person, err := strconv.ParseInt(c.QueryParam("person"), 10, 64); err == nil && corpus.AnnotatorID(person) != whose.ID {
		if !whose.Role.Includes(corpus.Manager) {
			return corpus.ErrNotFound
		}
		if whose, err = h.store.Annotator(ctx, corpus.AnnotatorID(person)); err != nil {
			return err
		}
		own = false
	}

	done, err := h.store.Practised(ctx, id, whose.ID)
	if errors.Is(err, corpus.ErrNotFound) && own {
		return c.Redirect(http.StatusSeeOther, views.DocumentPath(id))
	}
	if err != nil {
		return err
	}
	p, err := h.store.Project(ctx, done.Text.Project)
	if err != nil {
		return err
	}
	round, err := h.store.Round(ctx, p.ID, whose.ID)
	if err != nil {
		return err
	}
	if own && done.Attempt < round.Attempt { // a fresh start hides what the last one showed
		return c.Redirect(http.StatusSeeOther, views.DocumentPath(id))
	}

	return render(c, http.StatusOK, views.FeedbackPage(views.Feedback{
		Page: h.page(c, "Practice", &p, ""), Project: p, Person: whose.Name, Own: own, Check: done.Check, Round: round,
		Language: done.Text.Language, Rows: views.NewFeedback(done.Text, done.Mine, done.Gold, p.Labels),
	}))
}
