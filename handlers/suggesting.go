package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/suggest"
	"annotate/internal/suggest/blocks"
)

// How models are made anew: once gold has grown by a twentieth, and not more
// than once in learnEvery or in so many times of what it takes, so that people
// who label keep the machine.
const (
	learnGrown  = 20
	learnEvery  = 20 * time.Second
	learnPause  = 20
	learnSample = 400 // documents with gold, the newest: what is learnt from them takes 100 kB each
)

// What is held of sites: pages from which one is known, and how many sites.
const (
	siteGold   = 40
	siteOthers = 10
	sitesHeld  = 64 // some hundreds of kB each

	siteFollows = 200 // gold that is learnt one by one
)

// suggesting makes the suggestions that people see, and the models behind them
// in the background: a page shows what there is and never waits.
type suggesting struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	one    chan struct{} // one model at a time
	turn   chan struct{} // the doubt of one project at a time

	mu       sync.Mutex
	projects map[corpus.ProjectID]*helped
}

// helped is what is known of one project.
type helped struct {
	mu    sync.Mutex // guards sites and rulings
	sites map[string]*knownSite
	gold  corpus.GoldID // the newest that sites know of

	rulings map[string]*suggest.Rulings // by site
	ruled   corpus.RulingID             // the newest that they know of

	learned  *suggest.Learned // never nil; what it holds does not change
	unread   corpus.ModelID   // one that cannot be read
	made     corpus.GoldID    // the newest gold when it was made
	of       int              // documents that had gold then
	next     time.Time        // before which no other is made
	learning bool
	problem  string

	weighing bool      // doubt is being weighed
	weighed  time.Time // when that ended
}

// knownSite is a site with the pages that it is known from.
type knownSite struct {
	*blocks.Site
	gold map[corpus.DocumentID]bool // learnt
	used time.Time
}

func newSuggesting(store *db.Store, log *slog.Logger) *suggesting {
	ctx, cancel := context.WithCancel(context.Background())

	return &suggesting{store: store, log: log, ctx: ctx, cancel: cancel, one: make(chan struct{}, 1), turn: make(chan struct{}, 1), projects: map[corpus.ProjectID]*helped{}}
}

func (m *suggesting) close() {
	m.mu.Lock() // nothing begins after it
	m.cancel()
	m.mu.Unlock()
	m.work.Wait()
}

func (m *suggesting) of(p corpus.ProjectID) *helped {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.projects[p]
	if h == nil {
		h = &helped{sites: map[string]*knownSite{}, learned: &suggest.Learned{}}
		m.projects[p] = h
	}

	return h
}

// into adds to a view what is suggested to a person: what they saw before, once
// they have begun; what is known now, until then. Nothing is suggested for what
// is gold or practice, nor on the documents of the control arm.
func (m *suggesting) into(ctx context.Context, v *corpus.View, p corpus.Project, who corpus.AnnotatorID) error {
	if !p.NoSuggestions || p.Order == corpus.MostDoubt {
		m.learnIfGrown(ctx, p)
	}
	m.weighIfStale(ctx, p)
	if p.NoSuggestions || v.Annotation.Status != corpus.Draft || v.Purpose != corpus.ForGold && v.Purpose != corpus.ForCheck {
		return nil
	}

	var shown corpus.Shown
	var err error
	if v.Annotation.Events > 0 {
		shown, err = m.store.Suggested(ctx, v.Document.ID, who)
		if errors.Is(err, corpus.ErrNotFound) {
			return nil
		}
	} else {
		shown, err = m.fresh(ctx, v.Document, p, who)
	}
	if err == nil && shown.Arm == corpus.ArmShown {
		v.Suggestions = shown.Suggestions
	}

	return err
}

// fresh makes suggestions and keeps them.
func (m *suggesting) fresh(ctx context.Context, d corpus.Document, p corpus.Project, who corpus.AnnotatorID) (shown corpus.Shown, err error) {
	if shown.Arm, err = m.store.Arm(ctx, d.ID, p.Settings); err != nil {
		return shown, err
	}
	learned := m.learned(ctx, p.ID)
	err = m.look(ctx, d, func(page suggest.Page) { shown.Suggestions = learned.Suggest(page) })
	if err != nil || shown.Empty() {
		return shown, err
	}

	return m.store.KeepSuggested(ctx, d.ID, who, shown)
}

// look gathers what sources look at, and lets them. What is known of a site
// does not change meanwhile; the page is not to be kept.
func (m *suggesting) look(ctx context.Context, d corpus.Document, at func(suggest.Page)) error {
	answers, err := m.store.Answers(ctx, d.Project, d.ID)
	if err != nil {
		return err
	}
	page := suggest.Page{Document: d, Answers: suggest.AnswersOf(ctx, d, answersOf(answers))}

	h := m.of(d.Project)
	h.mu.Lock()
	defer h.mu.Unlock()
	if page.Site, err = m.site(ctx, h, d); err != nil {
		return err
	}
	if page.Rulings, err = m.rulings(ctx, h, d); err != nil {
		return err
	}
	at(page)

	return nil
}

// rulings are what people settled for the texts of a document's site. All that
// is held is read again once a ruling came or was undone, here or by a command.
func (m *suggesting) rulings(ctx context.Context, h *helped, d corpus.Document) (*suggest.Rulings, error) {
	newest, err := m.store.NewestRuling(ctx, d.Project)
	if err != nil || newest == 0 {
		return nil, err
	}
	if h.ruled != newest || len(h.rulings) >= sitesHeld {
		h.rulings, h.ruled = map[string]*suggest.Rulings{}, newest
	}
	if r := h.rulings[d.Site]; r != nil {
		return r, nil
	}

	all, err := m.store.Rulings(ctx, d.Project, d.Site)
	if err != nil {
		return nil, err
	}
	h.rulings[d.Site] = suggest.NewRulings(all)

	return h.rulings[d.Site], nil
}

func answersOf(all []db.Answer) []suggest.Said {
	out := make([]suggest.Said, len(all))
	for i, a := range all {
		out[i] = suggest.Said{Source: corpus.FromRun + a.Run, Prediction: a.Prediction}
	}

	return out
}

// site is what is known of a document's site, nil for a document without one.
// Gold that came since is learnt of those sites that are held.
func (m *suggesting) site(ctx context.Context, h *helped, d corpus.Document) (*blocks.Site, error) {
	if d.Site == "" {
		return nil, nil
	}
	if err := m.follow(ctx, h, d.Project); err != nil {
		return nil, err
	}
	if k := h.sites[d.Site]; k != nil {
		k.used = time.Now()
		return k.Site, nil
	}

	k, err := m.readSite(ctx, d.Project, d.Site)
	if err != nil {
		return nil, err
	}
	if len(h.sites) >= sitesHeld {
		h.forgetOne()
	}
	h.sites[d.Site] = k

	return k.Site, nil
}

// readSite is a site with the pages from which it is known.
func (m *suggesting) readSite(ctx context.Context, p corpus.ProjectID, site string) (*knownSite, error) {
	pages, err := m.store.SitePages(ctx, p, site, siteGold, siteOthers)
	if err != nil {
		return nil, err
	}
	k := &knownSite{Site: blocks.NewSite(), gold: map[corpus.DocumentID]bool{}, used: time.Now()}
	for _, p := range pages {
		if p.Gold != nil {
			k.learn(*p.Gold)
		} else {
			k.See(p.Document)
		}
	}

	return k, nil
}

func (k *knownSite) learn(g corpus.Gold) {
	k.gold[g.Document.ID] = true
	k.Learn(blocks.ExampleOf(g))
}

// follow teaches the held sites the gold that came since. A site whose gold
// changed, and all where very much came, are read again when they are needed.
func (m *suggesting) follow(ctx context.Context, h *helped, p corpus.ProjectID) error {
	if len(h.sites) == 0 {
		newest, err := m.store.NewestGold(ctx, p)
		h.gold = newest
		return err
	}
	came, err := m.store.GoldSince(ctx, p, h.gold, siteFollows)
	if err != nil {
		return err
	}
	if len(came) == siteFollows {
		clear(h.sites)
		return m.follow(ctx, h, p)
	}
	for _, one := range came {
		h.gold = one.ID
		k := h.sites[one.Site]
		switch {
		case k == nil:
		case k.gold[one.Document]:
			delete(h.sites, one.Site)
		default:
			g, err := m.store.GoldOf(ctx, one.Document, 0)
			if err != nil {
				return err
			}
			k.learn(g)
		}
	}

	return nil
}

func (h *helped) forgetOne() {
	var oldest string
	for name, k := range h.sites {
		if oldest == "" || k.used.Before(h.sites[oldest].used) {
			oldest = name
		}
	}
	delete(h.sites, oldest)
}

// learned is what speaks in a project now: the newest model, also one that a
// command made. One that cannot be read is as none: another is made.
func (m *suggesting) learned(ctx context.Context, p corpus.ProjectID) *suggest.Learned {
	h := m.of(p)
	newest, err := m.store.NewestModel(ctx, p)
	m.mu.Lock()
	have := h.learned
	known := err != nil || newest == 0 || newest <= max(have.ID, h.unread)
	m.mu.Unlock()
	if known {
		return have
	}

	kept, err := m.store.Model(ctx, p)
	var read *suggest.Learned
	if err == nil {
		read, err = suggest.Read(kept.ID, kept.Content)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		h.unread = newest
		m.log.LogAttrs(ctx, slog.LevelWarn, "the model cannot be read; another is made", slog.Int64("project", int64(p)), slog.String("error", err.Error()))
		return h.learned
	}
	if h.learned.ID < read.ID {
		h.learned, h.made, h.of = read, kept.Gold, kept.Documents
	}

	return h.learned
}

// learnIfGrown begins a model where gold has grown enough since the last.
func (m *suggesting) learnIfGrown(ctx context.Context, p corpus.Project) {
	m.learned(ctx, p.ID)
	newest, err := m.store.NewestGold(ctx, p.ID)
	if err != nil {
		return // what is wrong with the file, the page itself meets
	}
	h := m.of(p.ID)
	m.mu.Lock()
	due := !h.learning && newest != h.made && time.Now().After(h.next)
	of := h.of
	m.mu.Unlock()
	if !due {
		return
	}
	n, err := m.store.GoldCount(ctx, p.ID)
	if err != nil || n < suggest.LeastGold || of > 0 && (n-of)*learnGrown < of && n >= of {
		return
	}
	m.learn(p)
}

// learn begins a model; nothing happens where one is being made.
func (m *suggesting) learn(p corpus.Project) {
	h := m.of(p.ID)
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.learning || m.ctx.Err() != nil {
		return
	}
	h.learning, h.problem = true, ""
	m.work.Go(func() {
		m.update(h, p)
		m.weighIfStale(m.ctx, p)
	})
}

func (m *suggesting) update(h *helped, p corpus.Project) {
	began := time.Now()
	var model corpus.Model
	var learned *suggest.Learned
	var err error
	select {
	case m.one <- struct{}{}:
		model, learned, err = Learn(m.ctx, m.store, p, 1)
		<-m.one
	case <-m.ctx.Done():
		err = m.ctx.Err()
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	h.learning = false
	h.next = time.Now().Add(max(learnEvery, learnPause*time.Since(began)))
	switch {
	case err == nil:
		h.learned, h.made, h.of = learned, model.Gold, model.Documents
	case m.ctx.Err() == nil:
		h.problem = "The last model could not be made; the reason stands in the log of the server."
		if invalid, ok := asInvalid(err); ok {
			h.problem = invalid.Reason
		} else {
			m.log.LogAttrs(m.ctx, slog.LevelError, "no model", slog.Int64("project", int64(p.ID)), slog.String("error", err.Error()))
		}
	}
}

// state is whether a model is being made, and why the last one was not.
func (m *suggesting) state(p corpus.ProjectID) (learning bool, problem string) {
	h := m.of(p)
	m.mu.Lock()
	defer m.mu.Unlock()

	return h.learning, h.problem
}

// Learn makes a model of a project's newest gold and keeps it.
func Learn(ctx context.Context, store *db.Store, p corpus.Project, seed int64) (model corpus.Model, learned *suggest.Learned, err error) {
	defer caught(&err)
	began := time.Now()
	newest, err := store.NewestGold(ctx, p.ID)
	if err != nil {
		return model, nil, err
	}
	learned, looks, err := suggest.Train(ctx, store.RecentGold(ctx, p.ID, newest, learnSample), lessonFor(store, p, seed))
	if err != nil {
		return model, nil, err
	}
	report, err := json.Marshal(learned.Report)
	if err != nil {
		return model, nil, err
	}
	content, err := learned.MarshalBinary()
	if err != nil {
		return model, nil, err
	}
	n, err := store.GoldCount(ctx, p.ID)
	if err != nil {
		return model, nil, err
	}
	model, err = store.AddModel(ctx, corpus.Model{Project: p.ID, Seed: seed, Documents: n, Gold: newest, Took: time.Since(began), Report: string(report), Content: content}, looks)
	learned.ID = model.ID

	return model, learned, err
}

// lessonFor says what is learnt beside gold: what runs and rules say of a page,
// and some other pages of its site.
func lessonFor(store *db.Store, p corpus.Project, seed int64) suggest.Options {
	return suggest.Options{
		Seed: uint64(seed), Labels: p.Labels,
		Answers: func(ctx context.Context, d corpus.Document) ([]suggest.Answer, error) {
			all, err := store.Answers(ctx, p.ID, d.ID)
			return suggest.AnswersOf(ctx, d, answersOf(all)), err
		},
		Others: func(ctx context.Context, site string) (out []corpus.Document, err error) {
			pages, err := store.SitePages(ctx, p.ID, site, 0, siteOthers)
			for _, one := range pages {
				out = append(out, one.Document)
			}
			return out, err
		},
	}
}
