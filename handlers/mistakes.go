package handlers

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/views"
)

// listed is what an address says of a list of a run's documents.
type listed struct {
	project corpus.Project
	runs    []corpus.Run // all of the project
	run     corpus.Run
	against corpus.Run      // no id for none
	release *corpus.Release // whose gold it is about, nil for current gold
	query   views.ListQuery
}

// question is what the list is about.
func (l listed) question(runs ...corpus.Run) question {
	return question{project: l.project, runs: runs, short: true, release: l.release}
}

// listOf reads it. What there is not, of kinds, statuses and orders, is left
// out; a run that is none of the project's is not found.
func (h *handlers) listOf(c echo.Context) (l listed, err error) {
	if l.project, err = h.livingProject(c); err != nil {
		return l, err
	}
	if l.runs, err = h.store.Runs(c.Request().Context(), l.project.ID); err != nil {
		return l, err
	}
	var ok bool
	if l.run, ok = runNumbered(l.runs, c.Param("run")); !ok {
		return l, corpus.ErrNotFound
	}
	q := views.ListQuery{Project: l.project.ID, Run: l.run.ID, Sort: views.ListSorts[0].Name, Query: c.QueryParam("q"), New: c.QueryParam("new") != "", Page: 1}
	if l.release, err = h.askedRelease(c, l.project); err != nil {
		return l, err
	}
	q.Release = nameOf(l.release)
	if s := c.QueryParam("against"); s != "" {
		if l.against, ok = runNumbered(l.runs, s); !ok {
			return l, corpus.ErrNotFound
		}
		if q.Against = l.against.ID; q.Against == l.run.ID { // nothing is new against itself
			q.Against, l.against = 0, corpus.Run{}
		}
	}
	q.New = q.New && q.Against != 0
	if slices.ContainsFunc(views.ListSorts, func(s views.Choice) bool { return s.Name == c.QueryParam("sort") }) {
		q.Sort = c.QueryParam("sort")
	}
	if _, ok := score.KindNamed(c.QueryParam("kind")); ok {
		q.Kind = c.QueryParam("kind")
	}
	if slices.Contains(score.Statuses, score.Status(c.QueryParam("status"))) {
		q.Status = c.QueryParam("status")
	}
	if n, err := strconv.Atoi(c.QueryParam("page")); err == nil && n > 0 {
		q.Page = n
	}
	l.query = q

	return l, nil
}

// ask gives the figures of the list. They are a report without slices.
func (l listed) ask(ctx context.Context, m *reports, again bool) (*keptReport, error) {
	a := l.question(l.run)
	if l.against.ID != 0 {
		a.runs = append(a.runs, l.against)
		slices.SortFunc(a.runs, func(x, y corpus.Run) int { return int(x.ID - y.ID) })
	}

	return m.ask(ctx, a, again)
}

// mistakes is the list of a run's documents.
func (h *handlers) mistakes(c echo.Context) error {
	l, err := h.listOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	kept, err := l.ask(ctx, h.reports, polls(c))
	if err != nil {
		return err
	}
	ready, err := waitFor(ctx, kept.ready, patience)
	if err != nil {
		return err
	}

	if !ready {
		return render(c, http.StatusOK, views.ReportJobPage(h.waiting(c, l.project, kept)))
	}
	if kept.err != nil {
		return kept.err
	}
	order, place, against := kept.order(l.query), kept.at(l.run.ID), kept.at(l.against.ID)
	run := kept.report.Runs[place]
	page := views.MistakeList{Page: h.reportPage(c, "Documents of "+l.run.Name, &l.project), Project: l.project, Run: l.run, Query: l.query,
		Found: len(order), Of: len(kept.report.Documents), Kinds: run.Kinds(), Mean: run.Headline().Macro[score.F1]}
	for _, r := range l.runs {
		if r.ID != l.run.ID && r.Predicted > 0 {
			page.Runs = append(page.Runs, r)
		}
	}
	page.Query.Page = min(l.query.Page, max(1, (len(order)+views.ListSize-1)/views.ListSize))
	from := (page.Query.Page - 1) * views.ListSize
	for _, i := range order[from:min(len(order), from+views.ListSize)] {
		page.Rows = append(page.Rows, views.NewMistakeRow(kept.report, place, against, i))
	}

	return render(c, http.StatusOK, views.MistakeListPage(page))
}

const (
	// longText is from how many bytes on the measures of a document are worked
	// out only when somebody looks at them.
	longText = 200_000
	// shortText is up to how many bytes all measures are taken, those too that
	// grow with the product of two lengths.
	shortText = 20_000
	// otherRuns is how many other runs a document shows, the newest ones.
	otherRuns = 7
	// listPatience is how long a document waits to know its place in the list.
	listPatience = 100 * time.Millisecond
)

// paired is the document's gold of the release, or its current gold.
func (h *handlers) paired(ctx context.Context, l listed, run corpus.RunID, id corpus.DocumentID) (score.Paired, error) {
	if l.release == nil {
		return h.store.PairedOne(ctx, run, id)
	}
	gold, err := h.store.ReleaseGold(ctx, l.release.ID, id)
	if err != nil {
		return score.Paired{}, err
	}

	return h.store.PairedWith(ctx, run, gold)
}

// pairOf is a document's gold and what a run said about it; not found where the
// document is another project's, or has no gold.
func (h *handlers) pairOf(ctx context.Context, l listed, run corpus.RunID, id corpus.DocumentID) (score.Paired, error) {
	pair, err := h.paired(ctx, l, run, id)
	if err == nil && pair.Gold.Document.Project != l.project.ID {
		err = corpus.ErrNotFound
	}

	return pair, err
}

// mistake is what a run did with one document.
func (h *handlers) mistake(c echo.Context) error {
	l, err := h.listOf(c)
	if err != nil {
		return err
	}
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	paired, err := h.pairOf(ctx, l, l.run.ID, id)
	if err != nil {
		return err
	}
	d := paired.Gold.Document
	page := views.MistakePage{Page: h.reportPage(c, d.Name, &l.project), Project: l.project, Run: l.run, Query: l.query, Document: d}
	page.Document.Text, page.Document.Blocks = "", nil
	if page.Document.Name == "" {
		page.Document.Name = "Document " + strconv.FormatInt(int64(d.ID), 10)
		page.Page.Title = page.Document.Name
	}

	h.neighbours(ctx, l, id, &page)
	gold := score.FromGold(paired.Gold, l.question().labels())
	pair := &score.Pair{Gold: gold.Kept(), Prediction: paired.Prediction}
	var theirs []score.Mistake
	var others sync.WaitGroup // the other runs are scored on the other core
	var failed error
	others.Go(func() { page.Others, theirs, failed = h.otherRuns(ctx, l, gold, id) })
	page.Word, err = h.headline(ctx, l.question(l.run), pair, id)
	page.Fill(pair)
	others.Wait()
	if err = cmp.Or(err, failed); err != nil {
		return err
	}
	for i, o := range page.Others {
		if o.ID == l.run.ID {
			page.Others[i].F1 = page.Word.PRF.F1
		}
	}
	if l.against.ID != 0 {
		page.Held(theirs)
	}
	if len(gold.Page) <= longText {
		page.Measures, page.Texts = worked(pair)
	}

	return render(c, http.StatusOK, views.MistakePageOf(page))
}

// headline is a run's word score of a document, as a report has it. Where none
// does it is taken now, but not of a long document, which takes a second.
func (h *handlers) headline(ctx context.Context, of question, pair *score.Pair, id corpus.DocumentID) (score.Figure, error) {
	revision, err := h.reports.gold(ctx, of)
	if err != nil {
		return score.Figure{}, err
	}
	if f, ok := h.reports.figure(revision, of.runs[0], id); ok {
		return f, nil
	}
	if len(pair.Gold.Page) > longText {
		return score.Figure{PRF: score.PRF{P: math.NaN(), R: math.NaN(), F1: math.NaN()}, Why: "the report is still being made; load the page again in a moment"}, nil
	}
	word, _ := score.MeasureNamed("word")

	return word.Of(pair), nil
}

// worked are the measures of a pair with their arithmetic.
func worked(pair *score.Pair) ([]views.MeasureWork, []views.TokenSample) {
	measures := score.Usual
	if len(pair.Gold.Page)+len(pair.Prediction.Text) <= shortText {
		measures = score.Measures
	}

	return views.WorkOut(pair, measures), views.Samples(pair)
}

// otherRuns are the runs over a document with their F1, the run itself among
// them, and the mistakes of the one that it is held against. It keeps words of
// gold of its own, so that it can work beside another.
func (h *handlers) otherRuns(ctx context.Context, l listed, gold score.Gold, id corpus.DocumentID) ([]views.RunFigure, []score.Mistake, error) {
	gold = gold.Kept()
	var out []views.RunFigure
	var theirs []score.Mistake
	for _, r := range l.runs {
		if r.ID == l.run.ID {
			out = append(out, views.RunFigure{ID: r.ID, Name: r.Name, F1: math.NaN()})
			continue
		}
		if r.ID != l.against.ID && (r.Predicted == 0 || len(out) > otherRuns) {
			continue
		}
		said, err := h.store.Prediction(ctx, r.ID, id)
		if err != nil {
			return nil, nil, err
		}
		pair := &score.Pair{Gold: gold, Prediction: said}
		if r.ID == l.against.ID {
			theirs = pair.Mistakes()
		}
		f, err := h.headline(ctx, l.question(r), pair, id)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, views.RunFigure{ID: r.ID, Name: r.Name, F1: f.PRF.F1})
	}

	return out, theirs, nil
}

// neighbours says where the document stands in the list that one comes from.
// It is left out where the list takes longer to make: the page is there first.
func (h *handlers) neighbours(ctx context.Context, l listed, id corpus.DocumentID, page *views.MistakePage) {
	kept, err := l.ask(ctx, h.reports, true)
	if err != nil {
		return
	}
	if ready, err := waitFor(ctx, kept.ready, listPatience); !ready || err != nil || kept.err != nil {
		return
	}
	order := kept.order(l.query)
	at := slices.IndexFunc(order, func(i int) bool { return kept.report.Documents[i].ID == id })
	if at < 0 {
		return
	}
	page.Place, page.Of = at+1, len(order)
	page.Query.Page = at/views.ListSize + 1
	if at > 0 {
		page.Prev = kept.report.Documents[order[at-1]].ID
	}
	if at+1 < len(order) {
		page.Next = kept.report.Documents[order[at+1]].ID
	}
}

// measures are the measures of a long document, worked out: the part for the
// document's page, or a page of its own.
func (h *handlers) measures(c echo.Context) error {
	l, err := h.listOf(c)
	if err != nil {
		return err
	}
	id, err := pathID[corpus.DocumentID](c, "document")
	if err != nil {
		return err
	}
	paired, err := h.pairOf(c.Request().Context(), l, l.run.ID, id)
	if err != nil {
		return err
	}

	d := paired.Gold.Document
	page := views.MistakePage{Page: h.reportPage(c, d.Name, &l.project), Project: l.project, Run: l.run, Query: l.query, Document: d}
	page.Measures, page.Texts = worked(&score.Pair{Gold: score.FromGold(paired.Gold, l.question().labels()).Kept(), Prediction: paired.Prediction})

	if polls(c) {
		return render(c, http.StatusOK, views.MeasureWorks(page))
	}
	return render(c, http.StatusOK, views.MeasuresPage(page))
}
