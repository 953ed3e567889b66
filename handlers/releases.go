package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/views"
)

// releasing are the releases that people make or verify in the browser. Each
// reads the whole of a project's gold, so one is at work at a time.
type releasing struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context // ends all of them
	cancel context.CancelFunc
	wg     sync.WaitGroup
	turn   chan struct{}

	mu   sync.Mutex
	jobs []*releaseJob // oldest first
}

func newReleasing(store *db.Store, log *slog.Logger) *releasing {
	ctx, cancel := context.WithCancel(context.Background())

	return &releasing{store: store, log: log, ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1)}
}

// close ends what is at work, and waits for it.
func (m *releasing) close() {
	m.mu.Lock() // nothing begins after it
	m.cancel()
	m.mu.Unlock()
	m.wg.Wait()
}

// releaseJob is a release that is being made or verified.
type releaseJob struct {
	id          string
	project     corpus.ProjectID
	cancel      context.CancelFunc
	done, total atomic.Int64

	mu    sync.Mutex
	ended time.Time
	view  views.ReleaseJob // what a page shows; ID, Done and Total are filled in when asked
}

// differencesShown is how many differences a page lists.
const differencesShown = 100

// add makes a release in the background.
func (m *releasing) add(o db.ReleaseOptions) (*releaseJob, error) {
	j := &releaseJob{project: o.Project, view: views.ReleaseJob{Name: o.Name}}
	o.Program, o.Progress = export.Program(), j.progress

	return j, m.begin(j, func(ctx context.Context) error {
		r, err := m.store.AddRelease(ctx, o)
		if err == nil {
			j.set(func(v *views.ReleaseJob) { v.Release = r })
		}
		return err
	})
}

// verify computes a release again in the background.
func (m *releasing) verify(r corpus.Release) (*releaseJob, error) {
	j := &releaseJob{project: r.Project, view: views.ReleaseJob{Name: r.Name, Verify: true, Release: r}}

	return j, m.begin(j, func(ctx context.Context) error {
		return m.store.VerifyRelease(ctx, r, j.progress, func(d corpus.ReleaseDifference) {
			j.set(func(v *views.ReleaseJob) {
				if v.Different++; len(v.First) < differencesShown {
					v.First = append(v.First, d)
				}
			})
		})
	})
}

// begin works on a job in the background, when it is its turn.
func (m *releasing) begin(j *releaseJob, do func(context.Context) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ctx.Err(); err != nil {
		return err
	}
	m.jobs = slices.DeleteFunc(m.jobs, func(old *releaseJob) bool { return old.over() && time.Since(old.ended) > jobLife })
	open := 0
	for _, other := range m.jobs {
		if !other.over() {
			open++
		}
	}
	if open >= maxJobs {
		return corpus.Invalidf("", "%d releases are being made or verified already; wait for one to end", open)
	}

	ctx, cancel := context.WithCancel(m.ctx)
	j.id, j.cancel, j.view.Running, j.view.Waiting = rand.Text(), cancel, true, true
	m.jobs = append(m.jobs, j)
	m.wg.Go(func() {
		defer cancel()
		err := m.inTurn(ctx, j, do)
		if err != nil && ctx.Err() == nil && !asExpected(err) {
			m.log.LogAttrs(ctx, slog.LevelError, "release failed", slog.Int64("project", int64(j.project)), slog.String("error", err.Error()))
		}
		j.end(err)
	})

	return nil
}

func (m *releasing) inTurn(ctx context.Context, j *releaseJob, do func(context.Context) error) (err error) {
	defer caught(&err)
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	j.set(func(v *views.ReleaseJob) { v.Waiting = false })

	return do(ctx)
}

// job is one of that project; corpus.ErrNotFound where it is not known.
func (m *releasing) job(p corpus.ProjectID, id string) (*releaseJob, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobs {
		if j.id == id && j.project == p {
			return j, nil
		}
	}

	return nil, corpus.ErrNotFound
}

// of lists a project's jobs that are at work, the newest first.
func (m *releasing) of(p corpus.ProjectID) []views.ReleaseJob {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []views.ReleaseJob
	for _, j := range slices.Backward(m.jobs) {
		if j.project == p && !j.over() {
			out = append(out, j.now())
		}
	}

	return out
}

func (j *releaseJob) progress(done, total int) {
	j.done.Store(int64(done))
	j.total.Store(int64(total))
}

func (j *releaseJob) set(change func(*views.ReleaseJob)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.view)
}

func (j *releaseJob) end(err error) {
	j.set(func(v *views.ReleaseJob) {
		v.Running, v.Waiting, j.ended = false, false, time.Now()
		switch {
		case errors.Is(err, context.Canceled):
			v.Cancelled = true
		case err != nil:
			v.Reason = whyStopped(err)
		}
	})
}

func (j *releaseJob) over() bool { return !j.now().Running }

// now is the job as a page shows it.
func (j *releaseJob) now() views.ReleaseJob {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := j.view
	v.First = slices.Clone(v.First)
	v.ID, v.Done, v.Total = j.id, int(j.done.Load()), int(j.total.Load())

	return v
}

// releases is the list, with the way to make one.
func (h *handlers) releases(c echo.Context) error {
	return h.showReleases(c, http.StatusOK, views.Releases{})
}

func (h *handlers) showReleases(c echo.Context, status int, page views.Releases) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if page.List, err = h.store.Releases(ctx, p.ID); err != nil {
		return err
	}
	if page.Preview, err = h.store.ReleasePreview(ctx, p.ID); err != nil {
		return err
	}
	page.Page, page.Project, page.Jobs = h.page(c, "Releases", &p, views.ReleasesTab), p, h.releasing.of(p.ID)

	return render(c, status, views.ReleasesPage(page))
}

// addRelease begins to make a release.
func (h *handlers) addRelease(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	form := views.Releases{Name: c.FormValue("name"), Note: c.FormValue("note")}

	j, err := h.makeRelease(c.Request().Context(), p, form.Name, form.Note, annotator(c).ID)

	if wrong, ok := formErrors(err, "name", "note"); ok {
		form.Errors = wrong
		return h.showReleases(c, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, views.ReleaseJobPath(p.ID, j.id))
}

// makeRelease says at once what is wrong with the name.
func (h *handlers) makeRelease(ctx context.Context, p corpus.Project, name, note string, by corpus.AnnotatorID) (*releaseJob, error) {
	name, note, err := corpus.CheckRelease(name, note)
	if err != nil {
		return nil, err
	}
	if err := h.store.FreeReleaseName(ctx, p.ID, name); err != nil {
		return nil, err
	}

	return h.releasing.add(db.ReleaseOptions{Project: p.ID, Name: name, Note: note, By: by})
}

// anyRelease is the release that an address names, a removed one too.
func (h *handlers) anyRelease(c echo.Context) (p corpus.Project, r corpus.Release, err error) {
	if p, err = h.livingProject(c); err != nil {
		return p, r, err
	}
	id, err := pathID[corpus.ReleaseID](c, "release")
	if err == nil {
		r, err = h.store.Release(c.Request().Context(), p.ID, id)
	}

	return p, r, err
}

// releaseOf is the same; a removed one is not found.
func (h *handlers) releaseOf(c echo.Context) (corpus.Project, corpus.Release, error) {
	p, r, err := h.anyRelease(c)
	if err == nil && r.Removed {
		err = corpus.ErrNotFound
	}

	return p, r, err
}

// release says what a release holds.
func (h *handlers) release(c echo.Context) error {
	p, r, err := h.releaseOf(c)
	if err != nil {
		return err
	}

	return render(c, http.StatusOK, views.ReleasePage(views.Release{Page: h.page(c, r.Name, &p, views.ReleasesTab), Project: p, Release: r}))
}

// verifyRelease begins to compute a release again.
func (h *handlers) verifyRelease(c echo.Context) error {
	p, r, err := h.releaseOf(c)
	if err != nil {
		return err
	}

	j, err := h.releasing.verify(r)
	if err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.ReleaseJobPath(p.ID, j.id))
}

func (h *handlers) removeRelease(c echo.Context) error {
	p, r, err := h.releaseOf(c)
	if err != nil {
		return err
	}

	if err := h.store.SetReleaseRemoved(c.Request().Context(), p.ID, r.ID, true, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: releaseRemoved, Project: p.ID, Release: r.ID, Name: r.Name})
	return c.Redirect(http.StatusSeeOther, views.ReleasesPath(p.ID))
}

func (h *handlers) restoreRelease(c echo.Context) error {
	p, r, err := h.anyRelease(c)
	if err != nil {
		return err
	}

	if err := h.store.SetReleaseRemoved(c.Request().Context(), p.ID, r.ID, false, annotator(c).ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: releaseRestored, Project: p.ID, Name: r.Name})
	return c.Redirect(http.StatusSeeOther, views.ReleasesPath(p.ID))
}

// releaseJob is a release that is being made or verified: how far it is, or what
// came of it. Where it is gone the person is led back to the releases.
func (h *handlers) releaseJob(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	j, err := h.releasing.job(p.ID, c.Param("job"))
	if errors.Is(err, corpus.ErrNotFound) {
		h.leave(c, note{Kind: releaseUnknown})
		return c.Redirect(http.StatusSeeOther, views.ReleasesPath(p.ID))
	}
	if err != nil {
		return err
	}

	v := j.now()
	return render(c, http.StatusOK, views.ReleaseJobPage(views.ReleaseWork{Page: h.page(c, v.Name, &p, views.ReleasesTab), Project: p, Job: v}))
}

func (h *handlers) cancelReleaseJob(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	j, err := h.releasing.job(p.ID, c.Param("job"))
	if err != nil {
		return err
	}

	j.cancel()

	return c.Redirect(http.StatusSeeOther, views.ReleaseJobPath(p.ID, j.id))
}

// changesShown is how many documents a diff lists.
const changesShown = 200

// releaseDiff compares two releases.
func (h *handlers) releaseDiff(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	page := views.ReleaseDiff{Project: p}
	for _, end := range []struct {
		name string
		into *corpus.Release
	}{{"from", &page.From}, {"to", &page.To}} {
		id, err := strconv.ParseInt(c.QueryParam(end.name), 10, 64)
		if err != nil {
			return corpus.ErrNotFound
		}
		if *end.into, err = h.store.Release(c.Request().Context(), p.ID, corpus.ReleaseID(id)); err != nil {
			return err
		}
	}

	page.Diff, err = h.store.DiffReleases(c.Request().Context(), page.From, page.To, func(d corpus.DocumentChange) error {
		if len(page.First) < changesShown {
			page.First = append(page.First, d)
		}
		return nil
	})
	if err != nil {
		return err
	}

	page.Page = h.page(c, page.From.Name+" to "+page.To.Name, &p, views.ReleasesTab)
	return render(c, http.StatusOK, views.ReleaseDiffPage(page))
}

// releaseJSON is a release as programs see it.
type releaseJSON struct {
	ID corpus.ReleaseID `json:"id"`
	corpus.ReleaseManifest
}

// apiReleases lists a project's releases, the newest first.
func (h *handlers) apiReleases(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	all, err := h.store.Releases(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}

	out := struct {
		Releases []releaseJSON `json:"releases"`
	}{[]releaseJSON{}}
	for _, r := range all {
		out.Releases = append(out.Releases, releaseJSON{r.ID, r.ReleaseManifest})
	}

	return c.JSON(http.StatusOK, out)
}

// apiRelease is one of them, by id or name.
func (h *handlers) apiRelease(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	ctx, name := c.Request().Context(), named(c, "release")
	r, err := h.store.ReleaseByName(ctx, p.ID, name)
	if id, bad := strconv.ParseInt(name, 10, 64); errors.Is(err, corpus.ErrNotFound) && bad == nil {
		if r, err = h.store.Release(ctx, p.ID, corpus.ReleaseID(id)); err == nil && r.Removed {
			err = corpus.ErrNotFound
		}
	}
	if err != nil {
		return err
	}

	return c.JSON(http.StatusOK, releaseJSON{r.ID, r.ReleaseManifest})
}

// apiAddRelease makes a release, and answers when it is there.
func (h *handlers) apiAddRelease(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	var in struct {
		Name string `json:"name"`
		Note string `json:"note"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}

	r, err := h.store.AddRelease(c.Request().Context(), db.ReleaseOptions{Project: p.ID, Name: in.Name, Note: in.Note, By: annotator(c).ID, Program: export.Program()})
	if err != nil {
		return err
	}

	c.Response().Header().Set(echo.HeaderLocation, apiPrefix+"v1"+views.ReleasePath(p.ID, r.ID))
	return c.JSON(http.StatusCreated, releaseJSON{r.ID, r.ReleaseManifest})
}
