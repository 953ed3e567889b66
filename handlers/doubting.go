package handlers

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/suggest"
)

// How doubt is weighed anew: over so many documents, a fair sample where more
// wait, and not more often than so.
const (
	weighMost  = 20_000
	weighEvery = 20 * time.Second
)

// weighIfStale begins to weigh doubt where the queue goes by it, and a model, a
// run or documents came since it was last weighed. It goes on in the background,
// for one project at a time; until it is done, the queue goes by what it knew.
func (m *suggesting) weighIfStale(ctx context.Context, p corpus.Project) {
	if p.Order != corpus.MostDoubt {
		return
	}
	last, now, err := m.store.Weighed(ctx, p.ID)
	if err != nil || last == now {
		return // what is wrong with the file, the page itself meets
	}
	h := m.of(p.ID)
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.weighing || time.Since(h.weighed) < weighEvery || m.ctx.Err() != nil {
		return
	}
	h.weighing = true
	m.work.Go(func() {
		err := m.weighInTurn(p, now)
		if err != nil && m.ctx.Err() == nil {
			m.log.LogAttrs(m.ctx, slog.LevelError, "doubt was not weighed", slog.Int64("project", int64(p.ID)), slog.String("error", err.Error()))
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		h.weighing, h.weighed = false, time.Now()
	})
}

func (m *suggesting) weighInTurn(p corpus.Project, by db.Weighing) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
		return m.weigh(m.ctx, p, by)
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

func (m *suggesting) weigh(ctx context.Context, p corpus.Project, by db.Weighing) (err error) {
	defer caught(&err)
	doubtful, err := m.doubtful(ctx, p.ID)
	if err != nil {
		return err
	}
	suggest.TakeTurns(doubtful)
	doubts := make([]db.Doubt, len(doubtful))
	for i, d := range doubtful {
		doubts[i] = db.Doubt{Document: d.Document, Doubt: d.Doubt}
	}

	return m.store.SetDoubt(ctx, p.ID, by, doubts)
}

// doubtful asks the sources about each document that waits, site by site, so
// that each site is read once and those that people are at work on stay in
// memory.
func (m *suggesting) doubtful(ctx context.Context, p corpus.ProjectID) ([]suggest.Doubtful, error) {
	waiting, err := m.store.Awaiting(ctx, p, weighMost)
	if err != nil {
		return nil, err
	}
	learned := m.learned(ctx, p)
	out := make([]suggest.Doubtful, 0, len(waiting))
	var known suggest.Page
	for i, w := range waiting {
		began := time.Now()
		if i == 0 || w.Site != waiting[i-1].Site {
			if known, err = m.knownOf(ctx, p, w.Site); err != nil {
				return nil, err
			}
		}
		page, err := m.pageOn(ctx, known, w.Document)
		if errors.Is(err, corpus.ErrNotFound) {
			continue // it went since
		}
		if err != nil {
			return nil, err
		}
		out = append(out, suggest.Doubtful{Document: w.Document, Site: w.Site, Doubt: learned.Doubt(page)})
		rest(ctx, time.Since(began))
	}

	return out, nil
}

// knownOf is what all pages of a site have in common, as sources look at it.
func (m *suggesting) knownOf(ctx context.Context, p corpus.ProjectID, site string) (known suggest.Page, err error) {
	if site != "" {
		k, err := m.readSite(ctx, p, site)
		if err != nil {
			return known, err
		}
		known.Site = k.Site
	}
	rulings, err := m.store.Rulings(ctx, p, site)
	known.Rulings = suggest.NewRulings(rulings)

	return known, err
}

// pageOn is a document of a site that is known.
func (m *suggesting) pageOn(ctx context.Context, known suggest.Page, id corpus.DocumentID) (page suggest.Page, err error) {
	page = known
	if page.Document, err = m.store.Document(ctx, id); err != nil {
		return page, err
	}
	answers, err := m.store.Answers(ctx, page.Document.Project, id)
	page.Answers = suggest.AnswersOf(ctx, page.Document, answersOf(answers))

	return page, err
}

// rest leaves the machine to those who label for as long as it was used.
func rest(ctx context.Context, used time.Duration) {
	select {
	case <-time.After(used):
	case <-ctx.Done():
	}
}
