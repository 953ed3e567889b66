package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/views"
)

// pushed are the imports that programs send. One in the browser is checked
// first and waits for its person; here the request says all, so the work begins
// at once and the program asks how it went. Sent again, an import changes
// nothing, so a program that lost its answer, or whose job is forgotten, sends
// it again.
type pushed struct {
	store *db.Store
	log   *slog.Logger
	turn  chan struct{} // shared with those of the browser: one is at work at a time

	ctx    context.Context // ends all of them
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	jobs []*pushedJob // oldest first
}

// pushedJob is one of them.
type pushedJob struct {
	id      string
	files   *importJob // what was sent, and how it is to be read
	options corpus.ImportOptions
	over    chan struct{} // closed at its end

	mu     sync.Mutex
	state  jobState
	reason string // why it failed
	report corpus.ImportReport
	at     time.Time // of its end
}

type jobState string

const (
	jobWaiting jobState = "waiting" // others come first
	jobRunning jobState = "running"
	jobDone    jobState = "done"
	jobFailed  jobState = "failed" // nothing was stored
)

func newPushed(store *db.Store, log *slog.Logger, turn chan struct{}) *pushed {
	ctx, cancel := context.WithCancel(context.Background())

	return &pushed{store: store, log: log, turn: turn, ctx: ctx, cancel: cancel}
}

// close ends what runs, and waits for it.
func (m *pushed) close() {
	m.mu.Lock() // nothing begins after it
	m.cancel()
	m.mu.Unlock()
	m.wg.Wait()
}

// add takes over the job's spool, and begins.
func (m *pushed) add(j *pushedJob) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ctx.Err(); err != nil {
		return err
	}
	m.jobs = slices.DeleteFunc(m.jobs, func(old *pushedJob) bool { return ended(m.ctx, old.over, 0) && time.Since(old.at) > jobLife })
	open := 0
	for _, other := range m.jobs {
		if !ended(m.ctx, other.over, 0) {
			open++
		}
	}
	if open >= maxJobs {
		return corpus.Invalidf("", "%d imports are under way already; wait for one to end", open)
	}

	j.id, j.state, j.over = rand.Text(), jobWaiting, make(chan struct{})
	m.jobs = append(m.jobs, j)
	m.wg.Go(func() {
		defer j.files.spool.close()
		report, err := m.work(j)
		if err != nil && m.ctx.Err() == nil && !asExpected(err) {
			m.log.LogAttrs(m.ctx, slog.LevelError, "import failed", slog.Int64("project", int64(j.options.Project)), slog.String("error", err.Error()))
		}
		j.end(report, err)
	})

	return nil
}

// work imports what was sent when it is its turn.
func (m *pushed) work(j *pushedJob) (report corpus.ImportReport, err error) {
	defer caught(&err)
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-m.ctx.Done():
		return report, m.ctx.Err()
	}
	j.set(func() { j.state = jobRunning })
	o := j.options
	o.Progress = func(r corpus.ImportReport) { j.set(func() { j.report = r }) }

	return m.store.Import(m.ctx, o, ingest.DocumentsBeside(m.ctx, j.files.pages(m.ctx), j.files.cutting))
}

func (j *pushedJob) set(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change()
}

func (j *pushedJob) end(r corpus.ImportReport, err error) {
	j.set(func() {
		j.report, j.at, j.state = r, time.Now(), jobDone
		switch {
		case errors.Is(err, context.Canceled):
			j.state, j.reason = jobFailed, "the server was stopped; send it again"
		case err != nil:
			j.state, j.reason = jobFailed, whyStopped(err)
		case r.Failed > 0 && !j.options.SkipBad:
			j.state = jobFailed
			j.reason = fmt.Sprintf("there is something wrong with %s, so that nothing is stored; repair that, or leave it out with skip-bad=1", views.Count(r.Failed, "record"))
		}
		close(j.over)
	})
}

// job is one of that project; corpus.ErrNotFound where it is not known.
func (m *pushed) job(p corpus.ProjectID, id string) (*pushedJob, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobs {
		if j.id == id && j.options.Project == p {
			return j, nil
		}
	}

	return nil, corpus.ErrNotFound
}

// pushedJSON is an import as programs see it.
type pushedJSON struct {
	ID     string              `json:"id"`
	State  jobState            `json:"state"`
	Reason string              `json:"reason,omitempty"` // why it failed
	DryRun bool                `json:"dryRun"`
	Bytes  int64               `json:"bytes"` // that were sent
	Read   int64               `json:"read"`  // of them
	Report corpus.ImportReport `json:"report"`
}

// send answers with the job: 200 once it is over, until then 202.
func (j *pushedJob) send(c echo.Context) error {
	j.mu.Lock()
	out := pushedJSON{j.id, j.state, j.reason, j.options.DryRun, j.files.spool.size, min(j.files.read.Load(), j.files.spool.size), j.report}
	j.mu.Unlock()
	status := http.StatusAccepted
	if out.State == jobDone || out.State == jobFailed {
		status = http.StatusOK
	}

	return c.JSON(status, out)
}

// Words of an import's parameters for what ingest finds out, or asks.
const (
	auto      = "auto"
	askBlocks = "ask"
)

// importFormats are the formats of an import, the usual one first.
var importFormats = append([]string{"jsonl", auto}, slices.DeleteFunc(slices.Clone(ingest.Formats), func(f string) bool { return f == "jsonl" })...)

// apiAddImport takes documents, by default as native records, and begins to
// import them.
func (h *handlers) apiAddImport(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	q := asks(c, "format", "name", "offsets", "blocks", "pieces", "dry-run", "skip-bad", "add-labels", "wait")
	o := ingest.Options{
		Format:   q.oneOf("format", importFormats...),
		Offsets:  q.oneOf("offsets", append([]string{auto}, ingest.Offsets...)...),
		Blocks:   q.oneOf("blocks", askBlocks, ingest.BlocksBody, ingest.BlocksNone),
		Pieces:   q.yes("pieces"),
		LeaveOut: q.yes("skip-bad"),
	}
	j := &pushedJob{options: corpus.ImportOptions{Project: p.ID, By: annotator(c).ID, DryRun: q.yes("dry-run"), SkipBad: o.LeaveOut, AddLabels: q.yes("add-labels")}}
	wait := q.wait()
	if q.err != nil {
		return q.err
	}
	o.Offsets, o.Blocks = strings.TrimSuffix(o.Offsets, auto), strings.TrimSuffix(o.Blocks, askBlocks)

	body, err := spooledBody(c.Request().Body, uploadName(q.text("name")))
	if err != nil {
		return err
	}
	j.files = &importJob{spool: body, options: o, cutting: p.Cutting}
	if err := h.pushed.add(j); err != nil {
		body.close()
		return err
	}

	c.Response().Header().Set(echo.HeaderLocation, apiPath(views.ImportJobPath(p.ID, j.id)))
	ended(c.Request().Context(), j.over, wait)
	return j.send(c)
}

// spooledBody keeps the body of a request as one file, which without a name is
// recognised by its content.
func spooledBody(body io.Reader, name string) (*spool, error) {
	s, err := newSpool()
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = pastedName
	}
	if err = s.add(name, body); err != nil {
		err = brokenOff(err)
	} else if s.size == 0 {
		err = corpus.Invalidf("", "the request is empty; send the documents in its body")
	}
	if err != nil {
		s.close()
		return nil, err
	}

	return s, nil
}

// apiImport is an import: how far it is, or what it did.
func (h *handlers) apiImport(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	q := asks(c, "wait")
	wait := q.wait()
	if q.err != nil {
		return q.err
	}
	j, err := h.pushed.job(p.ID, c.Param("import"))
	if err != nil {
		return err
	}

	ended(c.Request().Context(), j.over, wait)
	return j.send(c)
}
