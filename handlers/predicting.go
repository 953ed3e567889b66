package handlers

import (
	"archive/zip"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"annotate/db"
	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
	"annotate/views"
)

// predicting are the runs that people have begun in the browser: built-in
// cleaners at work, and files of predictions, each read once to say what it
// holds and once more, when the person has agreed, to store it.
type predicting struct {
	store *db.Store
	log   *slog.Logger

	ctx     context.Context // ends all of them
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	filing  chan struct{} // files are read for one run at a time
	pushing chan struct{} // one request of predictions is taken at a time

	mu    sync.Mutex
	jobs  []*runJob // oldest first
	works map[corpus.RunID]*work
	last  chan struct{} // closed when all works that were begun are over
}

func newPredicting(store *db.Store, log *slog.Logger) *predicting {
	ctx, cancel := context.WithCancel(context.Background())

	return &predicting{store: store, log: log, ctx: ctx, cancel: cancel, filing: make(chan struct{}, 1), pushing: make(chan struct{}, 1), works: map[corpus.RunID]*work{}, last: over()}
}

// over is closed.
func over() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// close ends what runs, waits until each run says that it is stopped, and gives
// back the disk.
func (m *predicting) close() {
	m.mu.Lock() // nothing begins after it
	m.cancel()
	m.mu.Unlock()
	m.wg.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobs {
		j.spool.close()
	}
	m.jobs = nil
}

// work is a built-in cleaner at work on a run.
type work struct {
	cancel context.CancelFunc
	before chan struct{} // closed when it is its turn: one cleaner works at a time, in the order they were begun
	done   chan struct{} // closed when the run's row says how it ended

	mu      sync.Mutex
	waiting bool   // for its turn
	reason  string // why it stopped, "" where somebody stopped it
}

// How a built-in works.
const (
	cleanWorkers = 2 // people are labelling on the same cores
	keepEach     = 32
	keepAfter    = time.Second
	beatEvery    = 30 * time.Second // less than what the data file takes for the end of a run
)

// start begins a run of a cleaner, or goes on with one of that name that
// stopped. The error is *corpus.Invalid where the name is taken or there is
// nothing to clean.
func (m *predicting) start(ctx context.Context, p corpus.ProjectID, name string, cleaner clean.Cleaner, all bool, by corpus.AnnotatorID) (corpus.Run, error) {
	n, err := m.store.Unpredicted(ctx, p, 0, all)
	switch {
	case err != nil:
		return corpus.Run{}, err
	case n == 0 && all:
		return corpus.Run{}, corpus.Invalidf("documents", "the project has no documents yet; import some first")
	case n == 0:
		return corpus.Run{}, corpus.Invalidf("documents", "no document has gold yet; take all of them, or label some first")
	}
	run, err := m.store.StartRun(ctx, corpus.Run{Project: p, Name: name, Cleaner: cleaner.About(), Origin: corpus.BuiltIn, Documents: n}, false, by)
	if err != nil {
		return run, err
	}

	return run, m.launch(run, cleaner, all)
}

// launch works on a run in the background, when it is its turn.
func (m *predicting) launch(run corpus.Run, cleaner clean.Cleaner, all bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ctx.Err(); err != nil {
		return errors.Join(err, m.store.EndRun(context.WithoutCancel(m.ctx), run.ID, corpus.RunStopped))
	}
	ctx, cancel := context.WithCancel(m.ctx)
	w := &work{cancel: cancel, before: m.last, done: make(chan struct{}), waiting: true}
	m.works[run.ID] = w
	passed := make(chan struct{}) // one that is stopped while it waits does not let the next one in early
	m.last = passed

	m.wg.Go(func() {
		defer m.wg.Go(func() { <-w.before; close(passed) })
		defer close(w.done)
		defer cancel()
		state := corpus.RunDone
		if err := m.clean(ctx, w, run, cleaner, all); err != nil {
			state = corpus.RunStopped
			w.stopped(ctx, m.log, run, err)
		}
		if err := m.store.EndRun(context.WithoutCancel(ctx), run.ID, state); err != nil {
			m.log.LogAttrs(ctx, slog.LevelError, "run not ended", slog.Int64("run", int64(run.ID)), slog.String("error", err.Error()))
		}
	})

	return nil
}

// stopped keeps why a run ended early, and logs what is our fault.
func (w *work) stopped(ctx context.Context, log *slog.Logger, run corpus.Run, err error) {
	if ctx.Err() != nil {
		return // it was told to
	}
	w.mu.Lock()
	w.reason = whyStopped(err)
	w.mu.Unlock()
	if !asExpected(err) {
		log.LogAttrs(ctx, slog.LevelError, "run stopped", slog.Int64("project", int64(run.Project)), slog.Int64("run", int64(run.ID)), slog.String("error", err.Error()))
	}
}

// clean says something about every document that the run has said nothing about
// yet. What is done is kept, whatever ends it.
func (m *predicting) clean(ctx context.Context, w *work, run corpus.Run, cleaner clean.Cleaner, all bool) (err error) {
	defer caught(&err)
	beating := make(chan struct{})
	defer close(beating)
	m.wg.Go(func() { m.beat(ctx, run.ID, beating) })

	select {
	case <-w.before:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.mu.Lock()
	w.waiting = false
	w.mu.Unlock()

	var batch []db.Predicted
	kept := time.Now()
	keep := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := m.store.AddPredictions(context.WithoutCancel(ctx), run.ID, batch)
		batch, kept = batch[:0], time.Now()
		return err
	}
	for c, err := range clean.Run(ctx, cleaner, m.store.ToPredict(ctx, run.Project, run.ID, all), cleanWorkers) {
		if err != nil {
			return errors.Join(err, keep())
		}
		batch = append(batch, db.Predicted{Document: c.Document.ID, Prediction: c.Prediction})
		if len(batch) >= keepEach || time.Since(kept) >= keepAfter {
			if err := keep(); err != nil {
				return err
			}
		}
	}

	return keep()
}

// caught makes an error of a panic: one run must not end the program.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// beat says that a run is alive, also while it waits or a document takes long.
func (m *predicting) beat(ctx context.Context, run corpus.RunID, done <-chan struct{}) {
	every := time.NewTicker(beatEvery)
	defer every.Stop()
	for {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-every.C:
			_ = m.store.BeatRun(ctx, run) // what is wrong with the file, the work itself meets
		}
	}
}

// stop ends a run, whoever makes it, and waits until it has ended.
func (m *predicting) stop(ctx context.Context, run corpus.RunID) error {
	m.mu.Lock()
	w := m.works[run]
	m.mu.Unlock()
	if w != nil {
		w.cancel()
		select {
		case <-w.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}

	return m.store.EndRun(ctx, run, corpus.RunStopped)
}

// state is what is known of a run here: whether it waits for its turn, and why
// it stopped.
func (m *predicting) state(run corpus.RunID) (waiting bool, reason string) {
	m.mu.Lock()
	w := m.works[run]
	m.mu.Unlock()
	if w == nil {
		return false, ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()

	return w.waiting, w.reason
}

// runJob is a run that is being brought in from files.
type runJob struct {
	id      string
	project corpus.ProjectID
	by      corpus.AnnotatorID
	title   string
	options files.Options
	spool   *spool
	done    atomic.Int64 // in this phase

	mu     sync.Mutex
	cancel context.CancelFunc
	touch  time.Time    // last change of phase
	view   views.RunJob // what a page shows; ID, Title and Done are filled in when asked
}

// add takes over the spool and begins the check.
func (m *predicting) add(j *runJob) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	open := 0
	for _, other := range m.jobs {
		if !other.over() {
			open++
		}
	}
	if open >= maxJobs {
		return corpus.Invalidf("", "files of %d runs are under way already; store or cancel one of them first", open)
	}

	j.id = rand.Text()
	if err := m.run(j, views.Checking, m.check); err != nil {
		return err
	}
	m.jobs = append(m.jobs, j)

	return nil
}

// forget drops jobs that are old and not at work.
func (m *predicting) forget() {
	m.jobs = slices.DeleteFunc(m.jobs, func(j *runJob) bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		old := !j.view.Running() && time.Since(j.touch) > jobLife
		if old {
			j.spool.close()
		}
		return old
	})
}

// job is one of that project; corpus.ErrNotFound where it is not known.
func (m *predicting) job(p corpus.ProjectID, id string) (*runJob, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobs {
		if j.id == id && j.project == p {
			return j, nil
		}
	}

	return nil, corpus.ErrNotFound
}

// of lists a project's jobs that are not over, newest first.
func (m *predicting) of(p corpus.ProjectID) []views.RunJob {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	var out []views.RunJob
	for _, j := range slices.Backward(m.jobs) {
		if j.project == p && !j.over() {
			out = append(out, j.now())
		}
	}

	return out
}

// keep stores what was checked, under that name. A job that is not waiting for
// that is left as it is: a second click is no second run.
func (m *predicting) keep(ctx context.Context, j *runJob, name string, cleaner corpus.Cleaner) error {
	ready := func() bool {
		v := j.now()
		return v.Phase == views.Checked && v.Found.Matched > 0 && v.Found.ProblemsAll == 0
	}
	if !ready() {
		return nil
	}
	if err := m.free(ctx, j.project, name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !ready() {
		return nil
	}
	j.set(func(v *views.RunJob) { v.Name, v.Cleaner, v.WrongName = name, cleaner, "" })

	return m.run(j, views.Storing, m.storeFiles)
}

// free refuses the name of a run that is there. A run from files is a new one:
// it never goes on with another.
func (m *predicting) free(ctx context.Context, p corpus.ProjectID, name string) error {
	_, err := m.store.RunByName(ctx, p, name)
	switch {
	case errors.Is(err, corpus.ErrNotFound):
		return nil
	case err != nil:
		return err
	}

	return corpus.Invalidf("name", "there is a run named %q already; give this one another name", name)
}

// run does one phase in the background, when it is its turn. m.mu is held.
func (m *predicting) run(j *runJob, phase views.Phase, do func(context.Context, *runJob) error) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(m.ctx)
	j.mu.Lock()
	j.cancel, j.touch, j.view.Phase = cancel, time.Now(), views.Waiting
	j.mu.Unlock()

	m.wg.Go(func() {
		defer cancel()
		err := ctx.Err()
		select {
		case m.filing <- struct{}{}:
			defer func() { <-m.filing }()
			j.set(func(v *views.RunJob) { v.Phase = phase })
			err = func() (err error) {
				defer caught(&err)
				return do(ctx, j)
			}()
		case <-ctx.Done():
			err = ctx.Err()
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err() // whatever broke, it broke because it was told to end
		}
		if _, wrong := errors.AsType[*corpus.Problem](err); err != nil && !wrong && !asExpected(err) {
			m.log.LogAttrs(ctx, slog.LevelError, "files of a run failed", slog.Int64("project", int64(j.project)), slog.String("error", err.Error()))
		}
		j.ended(phase, err)
	})

	return nil
}

func (j *runJob) set(change func(*views.RunJob)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.view)
}

// ended says what came of a phase. Where the name will not do, or was taken
// meanwhile, the person may give another.
func (j *runJob) ended(phase views.Phase, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.touch = time.Now()
	invalid, wrong := asInvalid(err)
	switch {
	case err == nil && phase == views.Checking:
		j.view.Phase = views.Checked
		return
	case wrong && invalid.Field == "name":
		j.view.Phase, j.view.WrongName = views.Checked, invalid.Reason
		return
	case err == nil:
		j.view.Phase = views.Stored
	case errors.Is(err, context.Canceled):
		j.view.Phase = views.Cancelled
	default:
		j.view.Phase, j.view.Reason = views.Stopped, whyStopped(err)
		if record, ok := errors.AsType[*corpus.Problem](err); ok {
			j.view.Reason = placed(record)
		}
	}
	j.spool.close()
}

// drop cancels a job, and reports whether it is over by that; one that is at
// work ends a little later, and one that is stored stays so.
func (j *runJob) drop() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cancel()
	if j.view.Phase != views.Checked {
		return false
	}
	j.view.Phase, j.touch = views.Cancelled, time.Now()
	j.spool.close()

	return true
}

func (j *runJob) over() bool {
	j.mu.Lock()
	defer j.mu.Unlock()

	return !j.view.Running() && j.view.Phase != views.Checked
}

// now is the job as a page shows it.
func (j *runJob) now() views.RunJob {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := j.view
	v.ID, v.Title, v.Done = j.id, j.title, j.done.Load()

	return v
}

// How much of what is wrong a page lists.
const (
	namesShown    = 20
	problemsShown = 200
)

// maxGroups is how many files and folders make up a run at most.
const maxGroups = 100

// check reads the files, finds the document of each prediction and holds its
// ranges against it. Nothing is stored.
func (m *predicting) check(ctx context.Context, j *runJob) error {
	read, problems, err := j.read(ctx)
	defer closeAll(read)
	if err != nil {
		return err
	}
	found, places, err := m.match(ctx, j.project, read)
	if err != nil {
		return err
	}
	tally := map[score.Status]int{}
	j.begin(len(places), false)
	for _, at := range places {
		p, err := m.prediction(ctx, read, at)
		if wrong, ok := errors.AsType[*corpus.Problem](err); ok {
			problems.add(*wrong)
		} else if err != nil {
			return err
		}
		tally[p.Status]++
		j.done.Add(1)
	}
	found.Tally = tallyOf(tally)
	found.Problems, found.ProblemsAll = problems.first, problems.all
	j.set(func(v *views.RunJob) {
		v.Found = found
		if len(read) > 0 {
			said := read[0].Cleaner()
			v.Cleaner.Name, v.Cleaner.Version = cmp.Or(v.Cleaner.Name, said.Name), cmp.Or(v.Cleaner.Version, said.Version)
			v.Cleaner.Config, v.Cleaner.Dependencies = said.Config, said.Dependencies
		}
	})

	return nil
}

// storeFiles stores the run, all of it or nothing.
func (m *predicting) storeFiles(ctx context.Context, j *runJob) (err error) {
	read, problems, err := j.read(ctx)
	defer closeAll(read)
	if err != nil {
		return err
	}
	if problems.all > 0 {
		return &problems.first[0]
	}
	_, places, err := m.match(ctx, j.project, read)
	if err != nil {
		return err
	}

	v := j.now()
	v.Cleaner.Name = cmp.Or(v.Cleaner.Name, v.Name)
	run, err := m.store.StartRun(ctx, corpus.Run{Project: j.project, Name: v.Name, Cleaner: v.Cleaner, Origin: corpus.FromFile, Documents: len(places)}, true, j.by)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.store.EraseRun(context.WithoutCancel(ctx), run.ID))
		}
	}()

	j.begin(len(places), false)
	if _, err := m.keepAll(ctx, run.ID, read, places, &j.done); err != nil {
		return err
	}
	j.set(func(v *views.RunJob) { v.Run = run.ID })

	return m.store.EndRun(ctx, run.ID, corpus.RunDone)
}

// keepAll adds predictions to a run, and counts those that are kept.
func (m *predicting) keepAll(ctx context.Context, run corpus.RunID, read []*files.Predictions, places []files.Place, done *atomic.Int64) (kept int, err error) {
	var batch []db.Predicted
	size := 0
	keep := func() error {
		err := m.store.AddPredictions(ctx, run, batch)
		if done != nil {
			done.Add(int64(len(batch)))
		}
		batch, size = batch[:0], 0
		return err
	}
	for _, at := range places {
		p, err := m.prediction(ctx, read, at)
		if err != nil {
			return kept, err
		}
		batch = append(batch, db.Predicted{Document: at.Document, Prediction: p})
		if p.Status != score.Missing {
			kept++
		}
		if size += len(p.Text) + 256; size > keepBytes {
			if err := keep(); err != nil {
				return kept, err
			}
		}
	}

	return kept, keep()
}

// keepBytes is how much of a run is stored in one change: some ten milliseconds
// of the writer.
const keepBytes = 256 << 10

func (j *runJob) begin(total int, bytes bool) {
	j.done.Store(0)
	j.set(func(v *views.RunJob) { v.Total, v.Bytes = int64(total), bytes })
}

// someProblems are the first of many.
type someProblems struct {
	first []corpus.Problem
	all   int
}

func (p *someProblems) add(one corpus.Problem) {
	if p.all++; len(p.first) < problemsShown {
		p.first = append(p.first, one)
	}
}

// read opens all files of the upload. What is wrong with one of them does not
// keep the others from being read.
func (j *runJob) read(ctx context.Context) (read []*files.Predictions, problems someProblems, err error) {
	j.begin(int(j.spool.size), true)
	all := groups(j.spool.entries, j.options.Format)
	if len(all) > maxGroups { // each is an open file
		return nil, problems, corpus.Invalidf("", "these are %d files and folders of predictions; put them together into %d at most", len(all), maxGroups)
	}
	for _, group := range all {
		if err := ctx.Err(); err != nil {
			return read, problems, err
		}
		one, err := j.readGroup(group)
		if err == nil {
			read = append(read, one)
			continue
		}
		wrong, isProblem := errors.AsType[*corpus.Problem](err)
		invalid, isInvalid := asInvalid(err)
		switch {
		case isProblem:
			problems.add(*wrong)
		case isInvalid:
			problems.add(corpus.Problem{File: group[0].name, Reason: invalid.Reason})
		default:
			return read, problems, err
		}
	}

	return read, problems, nil
}

func closeAll(read []*files.Predictions) {
	for _, f := range read {
		_ = f.Close()
	}
}

// alone are the endings of files that hold the predictions of many documents.
// All others hold one document each, and make up a folder.
var alone = []string{".jsonl", ".ndjson", ".json", ".zip"}

// aFolder reports whether a file is one of a folder, where the format does not
// say so.
func aFolder(name, format string) bool {
	switch format {
	case "", "auto":
		name = strings.ToLower(name)
		for _, ext := range []string{".gz", ".zst"} {
			name = strings.TrimSuffix(name, ext)
		}
		return !slices.Contains(alone, path.Ext(name))
	case "native", "wceb", "webmainbench", "aeb", "wcxb", "trafilatura":
		return false
	}

	return true
}

// groups puts together what is to be read as one: the files of a folder.
func groups(entries []spooled, format string) [][]spooled {
	var out [][]spooled
	at := map[string]int{} // folder: its group
	mozilla := format == "mozilla" || slices.ContainsFunc(entries, func(e spooled) bool { return path.Base(e.name) == "expected.html" })
	for _, e := range entries {
		dir := path.Dir(e.name)
		if mozilla {
			dir = "" // a folder of folders, which is one thing
		}
		n, known := at[dir]
		switch {
		case !mozilla && !aFolder(e.name, format):
			out = append(out, []spooled{e})
		case known:
			out[n] = append(out[n], e)
		default:
			at[dir] = len(out)
			out = append(out, []spooled{e})
		}
	}

	return out
}

// readGroup reads a file, or a folder as an archive of its files.
func (j *runJob) readGroup(group []spooled) (*files.Predictions, error) {
	if len(group) == 1 && j.options.Format != "mozilla" {
		return files.OpenReader(counted{j.spool.open(group[0]), &j.done}, group[0].name, j.options)
	}

	r, w := io.Pipe()
	go func() { w.CloseWithError(j.archive(w, group)) }()
	defer r.Close()

	return files.OpenReader(r, "", j.options)
}

func (j *runJob) archive(w io.Writer, group []spooled) error {
	z := zip.NewWriter(w)
	for _, e := range group {
		f, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		if err == nil {
			_, err = io.Copy(f, counted{j.spool.open(e), &j.done})
		}
		if err != nil {
			return err
		}
	}

	return z.Close()
}

// match finds the documents of a project that predictions are for.
func (m *predicting) match(ctx context.Context, p corpus.ProjectID, read []*files.Predictions) (views.RunFound, []files.Place, error) {
	titles := map[string]string{}
	matched, err := files.MatchAll(ctx, read, documentsOf(m.store.Names(ctx, p), titles))
	found := views.RunFound{
		Predictions: matched.Predictions, Matched: matched.Matched,
		Without: shown(matched.WithoutPrediction), WithoutAll: len(matched.WithoutPrediction),
		Unused: shown(matched.Unused), UnusedAll: len(matched.Unused),
	}
	for i, id := range found.Without {
		found.Without[i] = cmp.Or(titles[id], id)
	}
	for _, by := range files.KeyKinds {
		if n := matched.By[by]; n > 0 {
			found.By = append(found.By, views.Tally{Name: by, N: n})
		}
	}

	return found, matched.Places, err
}

// shown are the first of many names, without the others in memory.
func shown(names []string) []string { return slices.Clone(names[:min(len(names), namesShown)]) }

// documentsOf are a project's documents as predictions may call them. Those
// that came without an id are known by the hash of their text, as an export
// has it; titles gets what people know them by, for those with gold.
func documentsOf(names iter.Seq2[db.Named, error], titles map[string]string) iter.Seq2[files.Document, error] {
	return func(yield func(files.Document, error) bool) {
		for n, err := range names {
			if n.Gold && n.External == "" {
				titles[n.TextHash] = cmp.Or(n.Name, n.URL)
			}
			d := files.Document{ID: n.ID, Gold: n.Gold, Keys: files.Keys{ID: cmp.Or(n.External, n.TextHash), URL: n.URL, Name: n.Name, SourceHash: n.SourceHash, TextHash: n.TextHash}}
			if !yield(d, err) {
				return
			}
		}
	}
}

// prediction reads one, with its ranges held against the text of its document.
func (m *predicting) prediction(ctx context.Context, read []*files.Predictions, at files.Place) (score.Prediction, error) {
	if err := ctx.Err(); err != nil {
		return score.Prediction{}, err
	}
	d, err := m.store.Document(ctx, at.Document)
	if err != nil {
		return score.Prediction{}, err
	}

	return read[at.File].Read(at.N, d.Text, true)
}

// tallyOf counts in the order of a report; what is zero is left out.
func tallyOf(counts map[score.Status]int) []views.Tally {
	var out []views.Tally
	for _, s := range score.Statuses {
		if n := counts[s]; n > 0 {
			out = append(out, views.Tally{Name: string(s), N: n})
		}
	}

	return out
}
