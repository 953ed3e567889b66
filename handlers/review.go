package handlers

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/views"
)

// maxHandled bounds the lists of the review page that are not paged.
const maxHandled = 100

// reviewFilterOf reads what the review page is narrowed to. What is no filter
// is none.
func reviewFilterOf(c echo.Context, p corpus.Project) (f corpus.ReviewFilter, decided corpus.ReviewPlace) {
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	f = corpus.ReviewFilter{Project: p.ID, Cause: corpus.Cause(c.QueryParam("cause"))}
	if !f.Cause.Valid() {
		f.Cause = corpus.NoCause
	}
	if !p.VotesHidden { // who labelled what would tell who voted how
		f.Annotator = corpus.AnnotatorID(number(c.QueryParam("annotator")))
	}
	at, id, _ := strings.Cut(c.QueryParam("after"), "-")
	f.After = corpus.ReviewPlace{At: number(at), ID: corpus.DocumentID(number(id))}

	return f, corpus.ReviewPlace{At: number(c.QueryParam("decided"))}
}

// reviews lists what waits for an adjudicator, and for a manager.
func (h *handlers) reviews(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	page := views.Reviews{Project: p, Page: h.page(c, "Review", &p, views.ReviewTab)}
	page.Page.Styles = []string{"css/review.css"}
	page.Waiting = page.Page.Reviews
	page.Filter, page.Decided = reviewFilterOf(c, p)

	ctx, f := c.Request().Context(), page.Filter
	if page.ToReview, err = h.store.ToReview(ctx, f); err != nil {
		return err
	}
	f.After = page.Decided
	if page.Reviewed, err = h.store.Reviewed(ctx, f); err != nil {
		return err
	}
	if page.Causes, err = h.store.Causes(ctx, p.ID); err != nil {
		return err
	}
	if err := h.whoIsThere(c, &page); err != nil {
		return err
	}

	return render(c, http.StatusOK, views.ReviewsPage(page))
}

// whoIsThere adds to the review page what names people: the choices of the
// filter where votes are not hidden, and what managers handle.
func (h *handlers) whoIsThere(c echo.Context, page *views.Reviews) error {
	ctx, p := c.Request().Context(), page.Project
	people, err := h.store.Annotators(ctx)
	if err != nil {
		return err
	}
	if p.VotesHidden {
		page.Causes = slices.DeleteFunc(page.Causes, func(c corpus.CauseCount) bool { return c.A != 0 })
	} else {
		page.People = people
	}
	if !page.Page.Who.Role.Includes(corpus.Manager) {
		return nil
	}

	for _, a := range people {
		if _, err := h.store.RoleIn(ctx, p.ID, a); err == nil && !a.Disabled {
			page.Members = append(page.Members, a)
		}
	}
	if page.Passed, err = h.store.PassedOver(ctx, p.ID, maxHandled); err != nil {
		return err
	}
	page.Leases, err = h.store.Leases(ctx, p.ID, maxHandled)

	return err
}

// reviewed is the document of the address as an adjudicator works on it.
func (h *handlers) reviewed(c echo.Context) (agreement.Review, corpus.Project, error) {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return agreement.Review{}, corpus.Project{}, err
	}
	ctx := c.Request().Context()
	r, err := h.store.Review(ctx, id, annotator(c).ID)
	if err != nil {
		return r, corpus.Project{}, err
	}
	p, err := h.store.Project(ctx, r.Document.Project)
	if err == nil && p.Removed {
		err = corpus.ErrNotFound
	}

	return r, p, err
}

// review is the screen on which an adjudicator decides about a document.
func (h *handlers) review(c echo.Context) error {
	r, p, err := h.reviewed(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	comments, err := h.store.Comments(ctx, r.Document.ID)
	if err != nil {
		return err
	}
	counts, err := h.store.Counts(ctx, p.ID)
	if err != nil {
		return err
	}

	screen := views.NewReview(r, p, annotator(c), comments, counts[corpus.Review], time.Now())
	screen.Advise(h.advisers.about(ctx, p.ID, r.Document.ID))

	return render(c, http.StatusOK, views.ReviewPage(screen))
}

// reviewState is what the screen loads again.
func (h *handlers) reviewState(c echo.Context) error {
	r, p, err := h.reviewed(c)
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, views.NewReviewState(r, p, annotator(c)))
}

// reviewBatch is what the outbox of a browser sends; see batch.
type reviewBatch struct {
	Annotator corpus.AnnotatorID `json:"annotator"`
	Events    []db.ReviewEvent   `json:"events"`
}

// decide appends an adjudicator's actions and answers when they are durable,
// with 409 where somebody else was first.
func (h *handlers) decide(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	var b reviewBatch
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

	ctx := c.Request().Context()
	a, err := h.store.DecideReview(ctx, id, who.ID, b.Events)
	if err != nil {
		return err
	}
	p, err := h.store.Project(ctx, a.Review.Document.Project)
	if err != nil {
		return err
	}

	status := http.StatusOK
	if a.Conflict() {
		status = http.StatusConflict
	}
	return c.JSON(status, views.NewReviewAnswer(a.Applied, a.Refused, a.Review, p))
}

// goldMade tells the screen where to go on.
type goldMade struct {
	Version int    `json:"version"`
	Next    string `json:"next"`
}

// makeGold makes gold of what was decided, and says which document is next.
func (h *handlers) makeGold(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	var body struct {
		Seen int64 `json:"seen"`
	}
	if err := readJSON(c, &body); err != nil {
		return err
	}
	ctx := c.Request().Context()
	version, err := h.store.MakeGold(ctx, id, annotator(c).ID, body.Seen)
	if err != nil {
		return err
	}

	project, err := h.store.ProjectOf(ctx, id)
	if err != nil {
		return err
	}
	made := goldMade{version, views.ReviewsPath(corpus.ReviewFilter{Project: project}, corpus.ReviewPlace{})}
	next, err := h.store.NextReview(ctx, project, id)
	if err == nil {
		made.Next = views.ReviewPath(next)
	} else if !errors.Is(err, corpus.ErrNotFound) {
		return err
	}

	return c.JSON(http.StatusOK, made)
}

// putBack gives a document that was skipped or flagged to the queue again.
func (h *handlers) putBack(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	if err := h.store.PutBack(c.Request().Context(), id, annotator(c).ID); err != nil {
		return err
	}

	return h.backToReviews(c, id, documentPutBack)
}

// handOver takes a document from one person, and gives it to another or back
// to the queue.
func (h *handlers) handOver(c echo.Context) error {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	from, err1 := strconv.ParseInt(c.FormValue("from"), 10, 64)
	to, err2 := strconv.ParseInt(c.FormValue("to"), 10, 64)
	if err1 != nil || err2 != nil || from <= 0 || to < 0 {
		return corpus.Invalidf("to", "choose whom the document is for")
	}
	if err := h.mayHold(c, id, corpus.AnnotatorID(to)); err != nil {
		return err
	}
	if err := h.store.HandOver(c.Request().Context(), id, corpus.AnnotatorID(from), corpus.AnnotatorID(to), annotator(c).ID); err != nil {
		return err
	}

	return h.backToReviews(c, id, documentHandedOver)
}

// mayHold says why somebody cannot be given a document.
func (h *handlers) mayHold(c echo.Context, id corpus.DocumentID, to corpus.AnnotatorID) error {
	if to == 0 {
		return nil
	}
	ctx := c.Request().Context()
	people, err := h.store.Annotators(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(people, func(a corpus.Annotator) bool { return a.ID == to && !a.Disabled })
	if i < 0 {
		return corpus.Invalidf("to", "there is nobody of that number")
	}
	if _, _, err := h.store.RoleOn(ctx, id, people[i]); errors.Is(err, corpus.ErrNotFound) {
		return corpus.Invalidf("to", "%s does not belong to this project", people[i].Name)
	} else if err != nil {
		return err
	}

	return nil
}

func (h *handlers) backToReviews(c echo.Context, id corpus.DocumentID, said noteKind) error {
	project, err := h.store.ProjectOf(c.Request().Context(), id)
	if err != nil {
		return err
	}
	h.leave(c, note{Kind: said})

	return c.Redirect(http.StatusSeeOther, views.ReviewsPath(corpus.ReviewFilter{Project: project}, corpus.ReviewPlace{}))
}
