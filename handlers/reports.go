package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/views"
)

// reports are accuracy reports that are there or are being made. A report over
// many documents takes seconds, so it is made in the background, once however
// many people ask, and kept until something else is asked for more often. What
// is asked about is part of its key, with the state of gold and runs: a report
// that is out of date is never found again.
type reports struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context // ends all that is being made
	cancel context.CancelFunc
	wg     sync.WaitGroup
	turn   chan struct{} // one is made at a time; scoring uses all cores by itself

	mu   sync.Mutex
	kept []*keptReport // the one that was asked for last comes last
}

const (
	maxReports = 16
	// maxKept bounds the figures that are kept, in documents times runs: some
	// 300 bytes each. The report that was asked for last is kept whatever its
	// size.
	maxKept = 100_000
	// patience is how long a request waits for a report before it says how far
	// the work is.
	patience = 400 * time.Millisecond
	// pollLife is how long after its end a report counts as the answer for a
	// page that waits for it, whatever people have labelled meanwhile: with gold
	// that changes each second nobody would ever see one.
	pollLife = 5 * time.Second
)

// question is what a report is about.
type question struct {
	project  corpus.Project
	runs     []corpus.Run // by id
	baseline corpus.RunID // 0 for none
	slices   []string
	common   bool
	short    bool            // for a list of documents: without slices
	release  *corpus.Release // whose gold it is about, nil for current gold
}

// gold is the state of the gold that the question is about. That of a release
// never changes.
func (m *reports) gold(ctx context.Context, a question) (db.Revision, error) {
	if a.release != nil {
		return db.Revision{Golden: a.release.Documents, Release: a.release.ID}, nil
	}
	return m.store.GoldRevision(ctx, a.project.ID)
}

// labels are those by which the gold was made.
func (a question) labels() corpus.LabelSet {
	if a.release != nil {
		return a.release.Labels
	}
	return a.project.Labels
}

// subject is all of it as text, but for what changes by itself.
func (a question) subject() string {
	s := fmt.Sprintf("%d %q %q %+v %d %t %t", a.project.ID, a.project.Name, a.project.Guidelines, a.project.Labels, a.baseline, a.common, a.short)
	for _, r := range a.runs {
		s += fmt.Sprintf(" %d %q", r.ID, r.Name)
	}
	if a.release != nil {
		s += " of release " + a.release.Name
	}
	return s + fmt.Sprintf(" %q", a.slices)
}

// state is what changes by itself.
func (a question) state(r db.Revision) string {
	s := fmt.Sprint(r)
	for _, run := range a.runs {
		s += fmt.Sprintf(" %d %s", run.Predicted, run.State)
	}
	return s
}

// holds reports whether a report about a has the figures of all documents that
// o asks for.
func (a question) holds(o question) bool {
	for _, r := range o.runs {
		if !slices.ContainsFunc(a.runs, func(own corpus.Run) bool {
			return own.ID == r.ID && own.Predicted == r.Predicted && own.State == r.State
		}) {
			return false
		}
	}
	return o.short && !a.common && a.project.ID == o.project.ID
}

// keptReport is a report, or the work on it. What follows ready is to be read
// when that is closed.
type keptReport struct {
	asked   question
	subject string
	state   string
	gold    db.Revision
	done    atomic.Int64
	total   atomic.Int64

	ready  chan struct{}
	ended  time.Time
	report report.Report
	err    error

	mu      sync.Mutex
	focused map[corpus.RunID]*focused
	orders  map[views.ListQuery][]int
}

// focused is what takes long of looking closely at one of a report's runs.
type focused struct {
	ready  chan struct{}
	versus []report.Versus
	worst  []views.Worst
	err    error
}

func newReports(store *db.Store, log *slog.Logger) *reports {
	ctx, cancel := context.WithCancel(context.Background())

	return &reports{store: store, log: log, ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1)}
}

// close ends what is being made, and waits for it.
func (m *reports) close() {
	m.cancel()
	m.wg.Wait()
}

// ask gives the report, which may still be in the making. A page that asks
// again and again may also get one that was finished just now of older gold.
func (m *reports) ask(ctx context.Context, a question, again bool) (*keptReport, error) {
	revision, err := m.gold(ctx, a)
	if err != nil {
		return nil, err
	}
	subject, state := a.subject(), a.state(revision)

	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ctx.Err(); err != nil {
		return nil, err
	}
	for i, k := range slices.Backward(m.kept) {
		larger := k.gold == revision && k.over() && k.err == nil && k.asked.holds(a) // a list needs no report of its own
		if larger || k.subject == subject && (k.state == state || !k.over() || again && time.Since(k.ended) < pollLife) {
			m.kept = append(slices.Delete(m.kept, i, i+1), k)
			return k, nil
		}
	}
	k := &keptReport{asked: a, subject: subject, state: state, gold: revision, ready: make(chan struct{}), focused: map[corpus.RunID]*focused{}, orders: map[views.ListQuery][]int{}}
	m.kept = append(m.kept, k)
	m.make(k)

	return k, nil
}

// figure is a run's headline of a document, where a report that is kept has it.
func (m *reports) figure(r db.Revision, run corpus.Run, id corpus.DocumentID) (score.Figure, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range slices.Backward(m.kept) {
		if k.gold != r || !k.over() || k.err != nil || !k.asked.holds(question{project: k.asked.project, runs: []corpus.Run{run}, short: true}) {
			continue
		}
		if i := slices.IndexFunc(k.report.Documents, func(d report.Document) bool { return d.ID == id }); i >= 0 {
			return k.report.Runs[k.at(run.ID)].Scores.Figure(i, 0), true
		}
	}

	return score.Figure{}, false
}

// over reports whether the work on it has ended.
func (k *keptReport) over() bool {
	select {
	case <-k.ready:
		return true
	default:
		return false
	}
}

// make makes the report in the background, when it is its turn.
func (m *reports) make(k *keptReport) {
	m.wg.Go(func() {
		defer close(k.ready)
		err := m.inTurn(func() (err error) {
			k.report, err = m.store.Report(m.ctx, k.asked.project, k.asked.runs, k.asked.options(&k.done, &k.total))
			return err
		})
		k.err, k.ended = err, time.Now()
		m.settle(k)
	})
}

func (a question) options(done, total *atomic.Int64) db.ReportOptions {
	o := db.ReportOptions{Program: export.Program(), Release: a.release, Common: a.common, Progress: func(d, t int) { done.Store(int64(d)); total.Store(int64(t)) }}
	o.Measures, o.Resamples, o.Slices, o.NoSlices = score.Usual, score.Resampling{Seed: 1}, a.slices, a.short
	o.Baseline = slices.IndexFunc(a.runs, func(r corpus.Run) bool { return r.ID == a.baseline })

	return o
}

// inTurn does the work when nothing else is being worked on. What panics has
// failed, and does not take the whole server along.
func (m *reports) inTurn(work func() error) (err error) {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("report: %v", p)
		}
	}()

	return work()
}

// settle forgets a report that failed, and those that nobody has asked for the
// longest time where there are too many.
func (m *reports) settle(k *keptReport) {
	if _, invalid := asInvalid(k.err); k.err != nil && !invalid && m.ctx.Err() == nil {
		m.log.LogAttrs(m.ctx, slog.LevelError, "report failed", slog.Int64("project", int64(k.asked.project.ID)), slog.String("error", k.err.Error()))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	size := 0
	var kept []*keptReport
	for _, other := range slices.Backward(m.kept) {
		if other == k && k.err != nil {
			continue
		}
		n := 0
		if other == k || other.over() {
			n = len(other.report.Documents) * len(other.report.Runs)
		}
		if len(kept) > 0 && (size+n > maxKept || len(kept) == maxReports) && n > 0 {
			continue
		}
		size += n
		kept = append(kept, other)
	}
	slices.Reverse(kept)
	m.kept = kept
}

// at is the place of a run in the report, -1 where it is none of its.
func (k *keptReport) at(id corpus.RunID) int {
	return slices.IndexFunc(k.report.Runs, func(r report.Run) bool { return r.ID == id })
}

// worstShown is how many of the worst documents a report shows.
const worstShown = 10

// focus looks closely at a run of a report that is ready.
func (m *reports) focus(k *keptReport, id corpus.RunID) *focused {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.focused[id]; f != nil {
		return f
	}
	f := &focused{ready: make(chan struct{})}
	k.focused[id] = f
	m.wg.Go(func() {
		defer close(f.ready)
		f.err = m.inTurn(func() (err error) {
			place := k.at(id)
			if b := k.report.Baseline; b >= 0 && b != place {
				f.versus = k.report.Versus(place)
			}
			f.worst, err = m.worst(k, place)
			return err
		})
		if f.err != nil {
			k.mu.Lock()
			delete(k.focused, id) // the next one who asks tries again
			k.mu.Unlock()
		}
	})

	return f
}

// worst are the documents on which a run does worst, with what went wrong.
func (m *reports) worst(k *keptReport, place int) ([]views.Worst, error) {
	run := k.report.Runs[place]
	var out []views.Worst
	for _, i := range k.report.Worst(place, 0, score.F1) {
		if len(out) == worstShown {
			break
		}
		d := k.report.Documents[i]
		pair, err := m.store.PairedWith(m.ctx, run.ID, d.Gold)
		if err != nil {
			return nil, err
		}
		w := views.Worst{Document: d, F1: run.Scores.Column(0, score.F1)[i], Status: pair.Prediction.Status, Detail: pair.Prediction.Detail}
		w.Excerpt, w.Kind = views.Excerpt(&score.Pair{Gold: score.FromGold(pair.Gold, k.asked.labels()), Prediction: pair.Prediction})
		out = append(out, w)
	}

	return out, nil
}

// mostOrders is how many orders of a report's documents are remembered.
const mostOrders = 8

// order are the documents of a run in the order of a list. It is remembered:
// whoever goes through a list asks for it with each document.
func (k *keptReport) order(q views.ListQuery) []int {
	q.Page = 0
	k.mu.Lock()
	defer k.mu.Unlock()
	out, ok := k.orders[q]
	if !ok {
		if len(k.orders) >= mostOrders {
			clear(k.orders)
		}
		out = views.ListOrder(k.report, k.at(q.Run), k.at(q.Against), q)
		k.orders[q] = out
	}

	return out
}

// waitFor waits a moment for something that is being made.
func waitFor(ctx context.Context, ready <-chan struct{}, most time.Duration) (bool, error) {
	select { // what is there already is not left to chance
	case <-ready:
		return true, nil
	default:
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-ready:
		return true, nil
	case <-timer.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}
