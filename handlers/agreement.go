package handlers

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/views"
)

// agreements makes reports of agreement in the background: a page shows the one
// that there is, and a newer one when it is done. One is made at a time for
// each project, because making one uses all cores by itself.
type agreements struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context // ends all that is being made
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	works   map[views.AgreementQuery]*agreementWork
	turns   map[corpus.ProjectID]chan struct{}
	glanced map[corpus.ProjectID]time.Time // when an overview last had one made
}

// agreementWork is a report that is being made. What follows ready is to be
// read when that is closed.
type agreementWork struct {
	done, total atomic.Int64

	ready chan struct{}
	made  db.Agreement
	err   error
}

const (
	// agreementPatience is how long a page waits for newer figures before it
	// shows older ones, or says how far the work is.
	agreementPatience = 250 * time.Millisecond

	// An overview that is open while people work has figures made anew at most
	// so often, and for at most one part in glancePart of the time.
	glanceEvery = 10 * time.Second
	glancePart  = 20
)

func newAgreements(store *db.Store, log *slog.Logger) *agreements {
	ctx, cancel := context.WithCancel(context.Background())

	return &agreements{store: store, log: log, ctx: ctx, cancel: cancel,
		works: map[views.AgreementQuery]*agreementWork{}, turns: map[corpus.ProjectID]chan struct{}{}, glanced: map[corpus.ProjectID]time.Time{}}
}

// close ends what is being made, and waits for it.
func (a *agreements) close() {
	a.mu.Lock() // nothing begins after it
	a.cancel()
	a.mu.Unlock()
	a.wg.Wait()
}

// begin makes a report, if it is not being made already.
func (a *agreements) begin(p corpus.Project, q views.AgreementQuery, o db.AgreementOptions) *agreementWork {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.works[q]; w != nil {
		return w
	}
	w := &agreementWork{ready: make(chan struct{})}
	if w.err = a.ctx.Err(); w.err != nil {
		close(w.ready)
		return w
	}
	turn := a.turns[p.ID]
	if turn == nil {
		turn = make(chan struct{}, 1)
		a.turns[p.ID] = turn
	}
	a.works[q] = w
	o.Progress = func(done, total int) { w.done.Store(int64(done)); w.total.Store(int64(total)) }
	a.wg.Go(func() {
		w.made, w.err = a.inTurn(turn, p, o)
		if _, invalid := asInvalid(w.err); w.err != nil && !invalid && a.ctx.Err() == nil {
			a.log.LogAttrs(a.ctx, slog.LevelError, "agreement failed", slog.Int64("project", int64(p.ID)), slog.String("error", w.err.Error()))
		}
		a.mu.Lock()
		delete(a.works, q)
		a.mu.Unlock()
		close(w.ready)
	})

	return w
}

// inTurn makes a report when no other of its project is being made. What panics
// has failed, and does not take the whole server along.
func (a *agreements) inTurn(turn chan struct{}, p corpus.Project, o db.AgreementOptions) (made db.Agreement, err error) {
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-a.ctx.Done():
		return made, a.ctx.Err()
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("agreement: %v", r)
		}
	}()

	return a.store.Agreement(a.ctx, p, o)
}

// ask gives the report that there is, or the newer one where that comes within
// moments. work is what is still being made, nil where the report is true now;
// At of the report is zero where there is none yet.
func (a *agreements) ask(ctx context.Context, p corpus.Project, q views.AgreementQuery, o db.AgreementOptions) (kept db.Agreement, work *agreementWork, err error) {
	kept, fresh, err := a.store.KeptAgreement(ctx, p, o)
	if err != nil || fresh {
		return kept, nil, err
	}
	work = a.begin(p, q, o)
	if !kept.At.IsZero() && kept.Took > agreementPatience {
		return kept, work, nil
	}
	ready, err := waitFor(ctx, work.ready, agreementPatience)
	if err != nil || !ready {
		return kept, work, err
	}

	return work.made, nil, work.err
}

// whole gives the report as it is now, however long that takes.
func (a *agreements) whole(ctx context.Context, p corpus.Project, q views.AgreementQuery, o db.AgreementOptions) (db.Agreement, error) {
	kept, fresh, err := a.store.KeptAgreement(ctx, p, o)
	if err != nil || fresh {
		return kept, err
	}
	work := a.begin(p, q, o)
	select {
	case <-work.ready:
		return work.made, work.err
	case <-ctx.Done():
		return kept, ctx.Err()
	}
}

// glance gives the report that there is, for an overview, and has a newer one
// made now and then. At is zero where there is none.
func (a *agreements) glance(ctx context.Context, p corpus.Project) (db.Agreement, error) {
	kept, fresh, err := a.store.KeptAgreement(ctx, p, db.AgreementOptions{})
	if err != nil || fresh {
		return kept, err
	}
	a.mu.Lock()
	due := time.Since(a.glanced[p.ID]) >= max(glanceEvery, glancePart*kept.Took)
	if due {
		a.glanced[p.ID] = time.Now()
	}
	a.mu.Unlock()
	if due {
		a.begin(p, views.AgreementQuery{Project: p.ID}, db.AgreementOptions{})
	}

	return kept, nil
}

// agreementCards are the two figures of the overview; none where no report was
// made yet, or nothing is shared.
func (h *handlers) agreementCards(ctx context.Context, p corpus.Project) ([]views.Card, error) {
	kept, err := h.agreements.glance(ctx, p)
	if err != nil || kept.Report.Documents == 0 {
		return nil, err
	}

	return views.AgreementCards(p.ID, kept.Report), nil
}

// agreementQuery reads what a report is asked about. Days are whole ones, and
// both belong to it.
func (h *handlers) agreementQuery(c echo.Context, p corpus.Project) (q views.AgreementQuery, o db.AgreementOptions, err error) {
	q.Project = p.ID
	if o.Release, err = h.askedRelease(c, p); err != nil {
		return q, o, err
	}
	if o.Release != nil {
		q.Release = o.Release.Name
	}
	if o.Since, o.Until, err = agreement.ParseDays(c.QueryParam("since"), c.QueryParam("until")); err != nil {
		return q, o, err
	}
	q.Since = o.Since
	if !o.Until.IsZero() {
		q.Until = o.Until.AddDate(0, 0, -1)
	}
	if s := c.QueryParam("label"); s != "" {
		label, ok := p.Labels.ByName(s)
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			label, ok = p.Labels.ByID(corpus.LabelID(n))
		}
		if !ok {
			return q, o, corpus.Invalidf("label", "the project has no label %q", s)
		}
		q.Label, o.Label = label.ID, label.ID
	}

	return q, o, nil
}

// agreement is how far the annotators of a project agree.
func (h *handlers) agreement(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page := views.Agreement{Page: h.page(c, "Agreement", &p, views.AgreementTab), Project: p, Labels: p.Labels, Query: views.AgreementQuery{Project: p.ID}}
	page.Page.Styles = []string{"css/report.css", "css/agreement.css"}
	if page.Releases, err = h.store.Releases(ctx, p.ID); err != nil {
		return err
	}
	q, o, err := h.agreementQuery(c, p)
	var kept db.Agreement
	var work *agreementWork
	if err == nil {
		page.Query = q
		kept, work, err = h.agreements.ask(ctx, p, q, o)
	}
	if invalid, ok := asInvalid(err); ok {
		page.Problem = invalid.Reason
		return render(c, http.StatusUnprocessableEntity, views.AgreementPage(page))
	}
	if err != nil {
		return err
	}
	if kept.At.IsZero() {
		return render(c, http.StatusOK, views.AgreementJobPage(views.AgreementJob{Page: page.Page, Query: q, Done: int(work.done.Load()), Total: int(work.total.Load())}))
	}

	page.Header, page.Report, page.At, page.Old = kept.Header, kept.Report, kept.At, work != nil
	if shown, err := strconv.ParseInt(c.QueryParam("shown"), 10, 64); err == nil {
		page.Newer = kept.At.UnixMilli() > shown
	}
	if page.Causes, err = h.store.Causes(ctx, p.ID); err != nil {
		return err
	}
	page.People = h.advisers.consensus(ctx, p.ID)

	return render(c, http.StatusOK, views.AgreementPage(page))
}

// agreementFile is a report of agreement as a download.
func (h *handlers) agreementFile(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	format, known := agreement.FormatNamed(c.Param("format"))
	if !known {
		return corpus.ErrNotFound
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, attachment(p.Name+" agreement", format.Ext))

	return h.sendAgreement(c, p, format)
}

// apiAgreement is a report of agreement for a program.
func (h *handlers) apiAgreement(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	format, known := agreement.FormatNamed(cmp.Or(c.QueryParam("format"), "json"))
	if !known {
		return corpus.Invalidf("format", "there is no format %q; there are table, json and csv", c.QueryParam("format"))
	}

	return h.sendAgreement(c, p, format)
}

func (h *handlers) sendAgreement(c echo.Context, p corpus.Project, format agreement.Format) error {
	q, o, err := h.agreementQuery(c, p)
	var made db.Agreement
	if err == nil {
		made, err = h.agreements.whole(c.Request().Context(), p, q, o)
	}
	if err != nil {
		c.Response().Header().Del(echo.HeaderContentDisposition)
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, format.MediaType)

	return h.sendWhole(c, func(w io.Writer) error { return format.Write(w, made.Header, made.Report) })
}
