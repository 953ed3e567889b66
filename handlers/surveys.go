package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/split"
	"annotate/views"
)

// surveys count what exports would hold and lose. Each reads the whole of a
// project's gold, so one is at work at a time. What was asked of which gold is
// the name of the work: there is no list of jobs beside it, and a second look
// costs nothing.
type surveys struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context // ends all of them
	cancel context.CancelFunc
	wg     sync.WaitGroup
	turn   chan struct{}

	mu  sync.Mutex
	all []*survey // the one begun last at the end
}

// maxSurveys bounds how many are kept.
const maxSurveys = 64

// surveyAsked is what a survey is of.
type surveyAsked struct {
	project corpus.ProjectID
	views.ExportQuery
}

// survey is one of them.
type survey struct {
	surveyAsked
	saw    string // changes whenever the answer may
	cancel context.CancelFunc
	over   chan struct{} // closed when the rest is settled

	comparing   atomic.Bool // looking for near-copies, which come first in a split
	done, total atomic.Int64

	manifest export.Manifest
	err      error

	told bool // somebody has seen how it ended; guarded by surveys.mu
}

func newSurveys(store *db.Store, log *slog.Logger) *surveys {
	ctx, cancel := context.WithCancel(context.Background())

	return &surveys{store: store, log: log, ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1)}
}

// close ends what is at work, and waits for it.
func (m *surveys) close() {
	m.mu.Lock() // nothing begins after it
	m.cancel()
	m.mu.Unlock()
	m.wg.Wait()
}

// of is the survey of what is asked, which where there is none is begun. One
// under way is gone on with although gold has changed since, and its end is
// told once: where people label all the time, nobody would see one otherwise.
func (m *surveys) of(asked surveyAsked, saw string, total int, read func(context.Context, *survey) error) (*survey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ctx.Err(); err != nil {
		return nil, err
	}
	working := 0
	for _, s := range m.all {
		if !ended(m.ctx, s.over, 0) {
			working++
		}
	}
	if i := slices.IndexFunc(m.all, func(s *survey) bool { return s.surveyAsked == asked }); i >= 0 {
		s := m.all[i]
		if !ended(m.ctx, s.over, 0) || !s.told || s.saw == saw && s.err == nil {
			return s, nil
		}
		m.all = slices.Delete(m.all, i, i+1)
	}
	if working >= maxJobs {
		return nil, corpus.Invalidf("", "%d exports are being counted already; wait for one to end", working)
	}
	if len(m.all) >= maxSurveys {
		m.all = slices.Delete(m.all, 0, 1)
	}

	ctx, cancel := context.WithCancel(m.ctx)
	s := &survey{surveyAsked: asked, saw: saw, cancel: cancel, over: make(chan struct{})}
	s.total.Store(int64(total))
	m.all = append(m.all, s)
	m.wg.Go(func() {
		defer cancel()
		defer close(s.over)
		s.err = m.inTurn(ctx, s, read)
		if s.err != nil && ctx.Err() == nil && !asExpected(s.err) {
			m.log.LogAttrs(ctx, slog.LevelError, "an export was not counted", slog.Int64("project", int64(s.project)), slog.String("error", s.err.Error()))
		}
	})

	return s, nil
}

// inTurn reads when it is a survey's turn. Near-copies are looked for before:
// that takes long, and holds up nobody else's survey.
func (m *surveys) inTurn(ctx context.Context, s *survey, read func(context.Context, *survey) error) (err error) {
	defer caught(&err)
	if s.Split != "" && s.By != split.ByDocument && s.By != split.ByTime {
		if err := m.compare(ctx, s); err != nil {
			return err
		}
	}
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}

	return read(ctx, s)
}

func (m *surveys) compare(ctx context.Context, s *survey) error {
	documents := s.total.Load()
	s.comparing.Store(true)
	err := m.store.FindNearCopies(ctx, s.project, func(p db.NearProgress) {
		s.done.Store(int64(p.Done))
		s.total.Store(int64(p.Total))
	})
	s.done.Store(0)
	s.total.Store(documents)
	s.comparing.Store(false)

	return err
}

// tell notes that somebody is shown how a survey ended.
func (m *surveys) tell(s *survey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.told = true
}

// stop ends a survey and forgets it.
func (m *surveys) stop(asked surveyAsked) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = slices.DeleteFunc(m.all, func(s *survey) bool {
		if s.surveyAsked == asked {
			s.cancel()
		}
		return s.surveyAsked == asked
	})
}

// counting counts the documents that a survey reads.
func (s *survey) counting(from export.Source) export.Source {
	gold := from.Gold
	from.Gold = func(yield func(corpus.Gold, error) bool) {
		s.done.Store(0)
		for g, err := range gold {
			s.done.Add(1)
			if !yield(g, err) {
				return
			}
		}
	}

	return from
}

// surveyWait is how long a page waits for a survey before it shows how far that
// is: most projects are small.
const surveyWait = 300 * time.Millisecond

// survey fills in what the chosen export would hold, or how far the counting is.
func (h *handlers) survey(ctx context.Context, p corpus.Project, frozen *corpus.Release, format export.Format, page *views.Export) error {
	saw, total, err := h.surveySees(ctx, p, frozen, page)
	if err != nil {
		return err
	}
	s, err := h.surveys.of(surveyAsked{p.ID, page.Asked}, saw, total, func(ctx context.Context, s *survey) error {
		source, options, err := h.exportSource(ctx, p, frozen, s.ExportQuery)
		if err == nil {
			s.manifest, err = format.Survey(ctx, s.counting(source), options)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !ended(ctx, s.over, surveyWait) {
		page.Counting = &views.ExportCounting{Comparing: s.comparing.Load(), Done: int(s.done.Load()), Total: int(s.total.Load())}
		return nil
	}

	h.surveys.tell(s)
	switch {
	case errors.Is(s.err, context.Canceled):
		page.Stopped = "the counting was stopped"
	case s.err != nil:
		page.Stopped = whyStopped(s.err)
	default:
		showSurvey(page, s.manifest)
	}
	return nil
}

// surveySees is what a survey depends on besides what is asked, and how much it
// reads.
func (h *handlers) surveySees(ctx context.Context, p corpus.Project, frozen *corpus.Release, page *views.Export) (saw string, total int, err error) {
	if frozen != nil { // its splits are those of its time, too
		return frozen.Hash, frozen.Documents, nil
	}
	if saw, err = h.store.ExportRevision(ctx, p.ID); err != nil {
		return "", 0, err
	}
	saw += fmt.Sprintf(" %+v", p.Labels)
	if page.Asked.Layer != string(export.Annotations) {
		return saw, page.Documents, nil
	}
	now, err := h.store.AnnotationPreview(ctx, p.ID)

	return saw + fmt.Sprint(now), now.Annotations, err
}

// showSurvey is what a survey found, as the page has it.
func showSurvey(page *views.Export, m export.Manifest) {
	page.Splits = []views.ExportPart{{Documents: m.Documents, Annotations: m.Annotations, Blocks: m.Blocks, Spans: m.Spans}}
	if len(m.Splits) > 0 {
		page.Splits = nil
		for _, s := range m.Splits {
			page.Splits = append(page.Splits, views.ExportPart(s))
		}
	}
	if m.Lost != nil {
		page.Lost, page.LostDocuments = m.Lost.String(), m.Lost.Documents
		for _, l := range m.Lost.Listed {
			page.Losses = append(page.Losses, views.ExportLoss(l))
		}
	}
}

// cancelPreview ends the counting that the address names, and leads back to the
// choice of a format.
func (h *handlers) cancelPreview(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	h.surveys.stop(surveyAsked{p.ID, exportAsked(c)})

	return c.Redirect(http.StatusSeeOther, views.ExportPath(p.ID))
}
