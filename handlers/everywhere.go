package handlers

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/suggest"
	"annotate/internal/text"
	"annotate/views"
)

// everywhere shows where a text of a document stands besides, and asks what it
// is everywhere.
func (h *handlers) everywhere(c echo.Context) error {
	e, err := h.everywhereAsked(c)
	if err != nil {
		return err
	}

	return h.showEverywhere(c, http.StatusOK, e)
}

// settle keeps what the person chose.
func (h *handlers) settle(c echo.Context) error {
	e, err := h.everywhereAsked(c)
	if err != nil {
		return err
	}
	form, err := c.FormParams()
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, "the form cannot be read").SetInternal(err)
	}

	e.Asked.Without, err = placesOf(form["leave"])
	if err == nil {
		err = choiceInto(&e, c.FormValue("class"), c.FormValue("label"))
	}
	if err == nil {
		e.Asked.ID, err = h.store.AddRuling(c.Request().Context(), e.Asked, annotator(c).ID)
	}
	if wrong, ok := formErrors(err, "class", "label", "leave"); ok {
		e.Errors = wrong
		return h.showEverywhere(c, http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}

	h.leave(c, note{Kind: textSettled, IDs: []corpus.DocumentID{e.Document.ID}, Ruling: e.Asked.ID})
	return c.Redirect(http.StatusSeeOther, views.EverywherePath(views.EverywhereQuery{Document: e.Document.ID, Ruling: e.Asked.ID}))
}

// unsettle takes back what the person settled themselves; an adjudicator takes
// back what anybody did.
func (h *handlers) unsettle(c echo.Context) error {
	id, err := strconv.ParseInt(c.FormValue("ruling"), 10, 64)
	if err != nil {
		return corpus.ErrNotFound
	}
	d, p, err := h.livingDocument(c)
	if err != nil {
		return err
	}
	ctx, who := c.Request().Context(), annotator(c)
	r, err := h.store.Ruling(ctx, p.ID, corpus.RulingID(id))
	if err != nil {
		return err
	}
	if r.Who != who.ID && !who.Role.Includes(corpus.Adjudicator) {
		return echo.NewHTTPError(http.StatusForbidden, "somebody else settled this; an adjudicator can take it back")
	}
	if _, err := h.store.UndoRuling(ctx, p.ID, r.ID, who.ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: textUnsettled})
	return c.Redirect(http.StatusSeeOther, views.EverywherePath(views.EverywhereQuery{Document: d.ID, Ruling: r.ID}))
}

// livingDocument is the document of the address and its project; one of a
// removed project is not found.
func (h *handlers) livingDocument(c echo.Context) (d corpus.Document, p corpus.Project, err error) {
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return d, p, err
	}
	if d, err = h.store.Document(c.Request().Context(), id); err != nil {
		return d, p, err
	}
	p, err = h.store.Project(c.Request().Context(), d.Project)
	if err == nil && p.Removed {
		err = corpus.ErrNotFound
	}

	return d, p, err
}

// everywhereAsked reads which text is meant. Everything wrong with that is a
// link that was not made here, or is old.
func (h *handlers) everywhereAsked(c echo.Context) (e views.Everywhere, err error) {
	if e.Document, e.Project, err = h.livingDocument(c); err != nil {
		return e, err
	}
	number := func(name string) int { n, _ := strconv.Atoi(c.FormValue(name)); return n }
	q := views.EverywhereQuery{
		Document: e.Document.ID, Ruling: corpus.RulingID(number("ruling")), Project: c.FormValue("scope") == "project",
		Block: number("block"), From: number("from"), To: number("to"), Quote: c.FormValue("quote"),
	}
	if q.Ruling != 0 {
		e.Query = q
		e.Asked, err = h.store.Ruling(c.Request().Context(), e.Project.ID, q.Ruling)
		e.Chosen = true
		return e, err
	}

	e.Asked, err = rulingOn(e.Document, q)
	if err != nil {
		return e, err
	}
	q.Class, q.Label = corpus.Class(c.FormValue("class")), corpus.LabelID(number("label"))
	if q.Class == corpus.Body || q.Class == corpus.Boilerplate {
		e.Asked.Class, e.Chosen = q.Class, true
	}
	if _, ok := e.Project.Labels.ByID(q.Label); ok && e.Asked.About == corpus.OfSpan {
		e.Asked.Label, e.Chosen = q.Label, true
	}
	e.Query = q

	return e, nil
}

// rulingOn is a ruling on the text that q names, without what it says.
func rulingOn(d corpus.Document, q views.EverywhereQuery) (r corpus.Ruling, err error) {
	r = corpus.Ruling{Project: d.Project, Site: d.Site, About: corpus.OfBlock}
	if q.Project {
		r.Site = ""
	} else if d.Site == "" {
		return r, corpus.Invalidf("site", "the document is of no site; settle the text in the whole project")
	}
	i := slices.IndexFunc(d.Blocks, func(b corpus.Block) bool { return b.Start <= q.Block && (q.Block < b.End || b.Start == q.Block) })
	if i < 0 {
		return r, corpus.ErrNotFound
	}

	x, b := text.NewIndex(d.Text), d.Blocks[i].Range
	if q.Quote != "" {
		words, ok := x.Within(text.Range{Start: q.Block, End: b.End}, q.From, q.To)
		if !ok || x.Slice(words) != q.Quote {
			return r, corpus.Invalidf("quote", "%q does not stand there", q.Quote)
		}
		r.About, r.Sample = corpus.OfSpan, q.Quote
	} else if b.Start != q.Block {
		return r, corpus.Invalidf("block", "this is a part of a block; what stands elsewhere is whole blocks")
	} else {
		r.Sample = x.Slice(b)
	}
	if r.Key = suggest.Key(r.About, r.Sample); r.Key == "" {
		return r, corpus.Invalidf("", "this text has nothing in it by which it could be found again")
	}

	return r, nil
}

// choiceInto reads what a form says the text is. The class "open" leaves a block
// to the people.
func choiceInto(e *views.Everywhere, class, label string) error {
	e.Asked.Class, e.Asked.Label, e.Chosen = corpus.Undecided, 0, true
	if e.Asked.About == corpus.OfBlock {
		e.Asked.Class = corpus.Class(strings.Replace(class, "open", "", 1))
		if e.Chosen = class != "" && e.Asked.Class.Valid(); !e.Chosen {
			return corpus.Invalidf("class", "choose what the text is")
		}
		return nil
	}
	n, err := strconv.ParseInt(label, 10, 64)
	if e.Asked.Label, e.Chosen = corpus.LabelID(n), err == nil; err != nil {
		return corpus.Invalidf("label", "choose what the words are")
	}

	return nil
}

// placesOf reads places as a form names them.
func placesOf(values []string) (out []corpus.Place, err error) {
	for _, v := range values {
		doc, start, _ := strings.Cut(v, "-")
		id, err1 := strconv.ParseInt(doc, 10, 64)
		at, err2 := strconv.Atoi(start)
		if err1 != nil || err2 != nil || id <= 0 || at < 0 {
			return nil, corpus.ErrNotFound
		}
		out = append(out, corpus.Place{Document: corpus.DocumentID(id), Start: at})
	}

	return out, nil
}

func (h *handlers) showEverywhere(c echo.Context, status int, e views.Everywhere) error {
	ctx := c.Request().Context()
	counts, err := h.store.Rulings(ctx, e.Project.ID, e.Asked.Site)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(counts, func(r corpus.Ruling) bool {
		return r.About == e.Asked.About && r.Site == e.Asked.Site && r.Key == e.Asked.Key
	}); i >= 0 {
		e.Counts = &counts[i]
		if e.Errors == nil {
			e.Asked.Without = e.Counts.Without
		}
	}
	e.Finds, err = h.store.Find(ctx, db.TextSearch{Project: e.Project.ID, Site: e.Asked.Site, Text: e.Asked.Sample,
		In: func(d corpus.Document) []text.Range { return suggest.Same(e.Asked, d) }})
	if err != nil {
		return err
	}

	e.Blind = blind(c, e.Project)
	e.Page = h.page(c, "The same everywhere", &e.Project, "")
	return render(c, status, views.EverywherePage(e))
}
