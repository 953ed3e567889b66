package handlers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score/files"
	"annotate/views"
)

// runOf is the run that an address names; a removed one is not found.
func (h *handlers) runOf(c echo.Context) (corpus.Project, corpus.Run, error) {
	p, r, err := h.anyRun(c)
	if err == nil {
		r, err = h.standing(c.Request().Context(), r)
	}

	return p, r, err
}

// standing is corpus.ErrNotFound for a removed run: only its name tells.
func (h *handlers) standing(ctx context.Context, r corpus.Run) (corpus.Run, error) {
	named, err := h.store.RunByName(ctx, r.Project, r.Name)
	if err == nil && named.ID != r.ID {
		err = corpus.ErrNotFound
	}

	return r, err
}

// anyRun is the same, a removed one too.
func (h *handlers) anyRun(c echo.Context) (p corpus.Project, r corpus.Run, err error) {
	if p, err = h.livingProject(c); err != nil {
		return p, r, err
	}
	id, err := pathID[corpus.RunID](c, "run")
	if err == nil {
		r, err = h.store.Run(c.Request().Context(), p.ID, id)
	}

	return p, r, err
}

// runs is the list, with the ways to add a run.
func (h *handlers) runs(c echo.Context) error {
	return h.showRuns(c, http.StatusOK, views.RunUpload{}, views.RunStart{})
}

func (h *handlers) showRuns(c echo.Context, status int, upload views.RunUpload, start views.RunStart) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	all, err := h.store.Runs(ctx, p.ID)
	if err != nil {
		return err
	}
	counts, err := h.store.Counts(ctx, p.ID)
	if err != nil {
		return err
	}

	page := views.Runs{Project: p, Upload: upload, Start: start, Golden: counts[corpus.Golden], All: counts.Total(), Address: h.address(c), Jobs: h.predicting.of(p.ID)}
	page.Accuracy = len(all) > 0
	for _, r := range all {
		v, err := h.viewRun(ctx, r)
		if err != nil {
			return err
		}
		page.List = append(page.List, v)
	}
	page.Page = h.page(c, "Runs", &p, views.AccuracyTab)
	if annotator(c).Role.Includes(managers) { // who has the forms that they serve
		page.Page.Scripts = []string{"js/upload.js", "js/runs.js"}
	}
	for _, f := range files.Formats {
		page.Upload.Formats = append(page.Upload.Formats, views.Choice{Name: f.Name, About: f.About})
	}
	page.Upload.Format = cmp.Or(page.Upload.Format, files.Formats[0].Name)
	page.Start.Cleaner = cmp.Or(page.Start.Cleaner, clean.BuiltIns[0].Name)
	if page.Start.Scope == "" {
		page.Start.Scope = views.GoldScope
		if page.Golden == 0 {
			page.Start.Scope = views.AllScope
		}
	}
	for _, b := range clean.BuiltIns {
		about := b.New().About()
		page.Start.Cleaners = append(page.Start.Cleaners, views.BuiltIn{
			Name: b.Name, Title: b.Title, About: b.About, Version: bare(about.Version), OnlyHTML: b.Takes != "", RunName: freeName(usualName(about), all),
		})
	}

	return render(c, status, views.RunsPage(page))
}

// address is where the tool is reached.
func (h *handlers) address(c echo.Context) string {
	return cmp.Or(h.base, c.Scheme()+"://"+c.Request().Host)
}

// usualName is what a run of a cleaner is called if nobody says otherwise.
func usualName(about corpus.Cleaner) string {
	return strings.TrimSpace(about.Name + " " + bare(about.Version))
}

// bare is a version without the letter that Go puts before it.
func bare(version string) string {
	if len(version) > 1 && version[0] == 'v' && '0' <= version[1] && version[1] <= '9' {
		return version[1:]
	}
	return version
}

// freeName is a name that no run has: "lines 1 (2)" where "lines 1" is taken.
func freeName(name string, all []corpus.Run) string {
	for n, try := 2, name; ; n++ {
		if !slices.ContainsFunc(all, func(r corpus.Run) bool { return strings.EqualFold(r.Name, try) }) {
			return try
		}
		try = fmt.Sprintf("%s (%d)", name, n)
	}
}

// viewRun is a run with all that a page says of it.
func (h *handlers) viewRun(ctx context.Context, r corpus.Run) (views.RunView, error) {
	statuses, err := h.store.RunStatuses(ctx, r.ID)
	if err != nil {
		return views.RunView{}, err
	}
	v := views.RunView{Run: r, Tally: tallyOf(statuses)}
	v.Waiting, v.Reason = h.predicting.state(r.ID)
	if r.State != corpus.RunStopped {
		v.Reason = ""
	}
	_, err = builtInOf(r)
	v.Resume = r.State == corpus.RunStopped && err == nil

	return v, nil
}

// builtInOf is the cleaner with which a run was begun; corpus.ErrNotFound where
// this program does not have exactly that one.
func builtInOf(r corpus.Run) (clean.Cleaner, error) {
	if r.Origin != corpus.BuiltIn {
		return nil, corpus.ErrNotFound
	}
	b, err := clean.BuiltInNamed(r.Cleaner.Name)
	if err != nil {
		return nil, corpus.ErrNotFound
	}
	cleaner := b.New()
	if !sameCleaner(cleaner.About(), r.Cleaner) {
		return nil, corpus.ErrNotFound
	}

	return cleaner, nil
}

// run is one run: how far it is, and what it is.
func (h *handlers) run(c echo.Context) error {
	p, r, err := h.runOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	v, err := h.viewRun(ctx, r)
	if err != nil {
		return err
	}
	if v.Resume {
		if v, err = h.leftOf(ctx, v); err != nil {
			return err
		}
	}

	return render(c, http.StatusOK, views.RunPage(views.Run{Page: h.page(c, r.Name, &p, views.AccuracyTab), Project: p, View: v}))
}

// leftOf says what a run that can go on has still to predict. What it was begun
// with is not kept; the number of its documents tells, as far as it can.
func (h *handlers) leftOf(ctx context.Context, v views.RunView) (views.RunView, error) {
	var err error
	if v.Golden, err = h.store.Unpredicted(ctx, v.Run.Project, v.Run.ID, false); err != nil {
		return v, err
	}
	if v.All, err = h.store.Unpredicted(ctx, v.Run.Project, v.Run.ID, true); err != nil {
		return v, err
	}
	v.Scope = views.GoldScope
	off := func(left int) int {
		return max(v.Run.Predicted+left-v.Run.Documents, v.Run.Documents-v.Run.Predicted-left)
	}
	if off(v.All) < off(v.Golden) {
		v.Scope = views.AllScope
	}

	return v, nil
}

// startRun begins a run of a built-in cleaner.
func (h *handlers) startRun(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	form := views.RunStart{Cleaner: c.FormValue("cleaner"), Name: strings.TrimSpace(c.FormValue("name")), Scope: c.FormValue("documents")}

	r, err := h.startBuiltIn(c.Request().Context(), p, form, annotator(c).ID)

	if wrong, ok := formErrors(err, "name", "cleaner", "documents"); ok {
		if wrong["name"] != "" { // the other form of the page has a name too
			wrong = views.Errors{"run-name": wrong["name"]}
		}
		form.Errors = wrong
		return h.showRuns(c, http.StatusUnprocessableEntity, views.RunUpload{}, form)
	}
	if err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.RunPath(p.ID, r.ID))
}

func (h *handlers) startBuiltIn(ctx context.Context, p corpus.Project, form views.RunStart, by corpus.AnnotatorID) (corpus.Run, error) {
	b, err := clean.BuiltInNamed(form.Cleaner)
	if err != nil {
		return corpus.Run{}, err
	}
	cleaner, name := b.New(), form.Name
	if name == "" {
		all, err := h.store.Runs(ctx, p.ID)
		if err != nil {
			return corpus.Run{}, err
		}
		name = freeName(usualName(cleaner.About()), all)
	}

	return h.predicting.start(ctx, p.ID, name, cleaner, form.Scope == views.AllScope, by)
}

// stopRun ends a run early, whoever makes it.
func (h *handlers) stopRun(c echo.Context) error {
	p, r, err := h.runOf(c)
	if err != nil {
		return err
	}

	if err := h.predicting.stop(c.Request().Context(), r.ID); err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.RunPath(p.ID, r.ID))
}

// resumeRun goes on with a run of a built-in cleaner.
func (h *handlers) resumeRun(c echo.Context) error {
	p, r, err := h.runOf(c)
	if err != nil {
		return err
	}
	cleaner, err := builtInOf(r)
	if errors.Is(err, corpus.ErrNotFound) {
		return corpus.Invalidf("", "this run cannot be resumed here: it was begun by another program, or another version of it")
	}
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	scope := c.FormValue("documents")
	if scope == "" {
		v, err := h.leftOf(ctx, views.RunView{Run: r})
		if err != nil {
			return err
		}
		scope = v.Scope
	}

	if r, err = h.store.StartRun(ctx, r, false, annotator(c).ID); err != nil {
		return err
	}
	if err := h.predicting.launch(r, cleaner, scope == views.AllScope); err != nil {
		return err
	}

	return c.Redirect(http.StatusSeeOther, views.RunPath(p.ID, r.ID))
}

// removeRun hides a run; one that is being made ends first.
func (h *handlers) removeRun(c echo.Context) error {
	p, r, err := h.runOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()

	if r.State == corpus.RunRunning {
		if err := h.predicting.stop(ctx, r.ID); err != nil {
			return err
		}
	}
	if err := h.store.SetRunRemoved(ctx, p.ID, r.ID, true); err != nil {
		return err
	}

	h.leave(c, note{Kind: runRemoved, Project: p.ID, Run: r.ID, Name: r.Name})
	return c.Redirect(http.StatusSeeOther, views.RunsPath(p.ID))
}

func (h *handlers) restoreRun(c echo.Context) error {
	p, r, err := h.anyRun(c)
	if err != nil {
		return err
	}

	if err := h.store.SetRunRemoved(c.Request().Context(), p.ID, r.ID, false); err != nil {
		return err
	}

	h.leave(c, note{Kind: runRestored, Project: p.ID, Run: r.ID, Name: r.Name})
	return c.Redirect(http.StatusSeeOther, views.RunsPath(p.ID))
}

// runPredictions streams what a run said as JSON Lines.
func (h *handlers) runPredictions(c echo.Context) error {
	_, r, err := h.runOf(c)
	if err != nil {
		return err
	}

	return h.sendPredictions(c, r)
}

func (h *handlers) sendPredictions(c echo.Context, r corpus.Run) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "application/jsonl")
	header.Set(echo.HeaderContentDisposition, attachment(r.Name, "jsonl"))

	return h.sendWhole(c, func(w io.Writer) error { return h.writePredictions(c.Request().Context(), w, r) })
}

func (h *handlers) writePredictions(ctx context.Context, w io.Writer, r corpus.Run) error {
	for one, err := range h.store.Predictions(ctx, r.ID) {
		if err != nil {
			return err
		}
		line, err := files.Line(files.Keys{ID: one.External, URL: one.URL, TextHash: one.TextHash}, r.Cleaner, one.Prediction)
		if err == nil {
			_, err = w.Write(line)
		}
		if err != nil {
			return err
		}
	}

	return nil
}

// addRunFiles takes files of predictions and begins to check them.
func (h *handlers) addRunFiles(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	up, err := receiveRun(c.Request())
	if err == nil {
		var job *runJob
		if job, err = h.runJob(c, p, up); err == nil {
			if err = h.predicting.add(job); err == nil {
				return sendOn(c, views.RunFilesJobPath(p.ID, job.id))
			}
		}
	}
	if up.spool != nil {
		up.spool.close()
	}

	wrong, ok := formErrors(err, "file", "name", "format")
	switch {
	case ok && wantsJSON(c):
		return c.JSON(http.StatusUnprocessableEntity, fieldErrors(wrong))
	case ok:
		return h.showRuns(c, http.StatusUnprocessableEntity, views.RunUpload{Name: up.name, Cleaner: up.cleaner, Version: up.version, Format: up.format, Errors: wrong}, views.RunStart{})
	}
	return err
}

// fieldErrors are what is wrong with a form, for the script that sends it.
func fieldErrors(wrong views.Errors) map[string]string {
	for field, reason := range wrong {
		return map[string]string{"field": field, "reason": sentence(reason)}
	}
	return nil
}

// runJob is a job of an upload. A run that nobody has named is called after its
// file.
func (h *handlers) runJob(c echo.Context, p corpus.Project, up runUpload) (*runJob, error) {
	ctx := c.Request().Context()
	name := up.name
	if name == "" {
		all, err := h.store.Runs(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		name = freeName(up.usualName(), all)
	} else if err := h.predicting.free(ctx, p.ID, name); err != nil {
		return nil, err
	}
	j := &runJob{project: p.ID, by: annotator(c).ID, title: up.title(), options: files.Options{Format: up.format}, spool: up.spool}
	j.view.Name, j.view.Cleaner = name, corpus.Cleaner{Name: up.cleaner, Version: up.version}

	return j, nil
}

// runUpload is what the form brought.
type runUpload struct {
	spool                          *spool
	name, cleaner, version, format string
}

func (u runUpload) title() string {
	if n := len(u.spool.entries); n > 1 {
		return views.Count(n, "file")
	}
	return u.spool.entries[0].name
}

// usualName is the folder's or the file's, without its endings.
func (u runUpload) usualName() string {
	name := u.spool.entries[0].name
	if dir, _, ok := strings.Cut(name, "/"); ok && len(u.spool.entries) > 1 {
		name = dir
	} else {
		name = path.Base(name)
		for _, ext := range []string{".gz", ".zst", ".jsonl", ".ndjson", ".json", ".txt", ".zip"} {
			name = strings.TrimSuffix(name, ext)
		}
	}
	name = strings.TrimSpace(strings.ToValidUTF8(name, "\uFFFD"))
	if r := []rune(name); len(r) > 100 {
		name = string(r[:100])
	}

	return cmp.Or(name, "run")
}

// receiveRun reads a multipart form part by part into a spool, which is the
// caller's to close, with an error too.
func receiveRun(r *http.Request) (u runUpload, err error) {
	u.format = files.Formats[0].Name
	parts, err := r.MultipartReader()
	if err != nil {
		return u, echo.NewHTTPError(http.StatusBadRequest, "files come as multipart/form-data").SetInternal(err)
	}
	if u.spool, err = newSpool(); err != nil {
		return u, err
	}

	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = u.take(part)
		}
		if err != nil {
			return u, brokenOff(err)
		}
	}
	if len(u.spool.entries) == 0 {
		return u, corpus.Invalidf("file", "choose a file or a folder")
	}
	if !slices.ContainsFunc(files.Formats, func(f files.Format) bool { return f.Name == u.format }) {
		return u, corpus.Invalidf("format", "there is no format %q", u.format)
	}

	return u, nil
}

// maxRunField bounds a form field that is no file, in bytes.
const maxRunField = 1000

func (u *runUpload) take(part *multipart.Part) error {
	field := map[string]*string{"name": &u.name, "cleaner": &u.cleaner, "version": &u.version, "format": &u.format}[part.FormName()]
	if field != nil {
		b, err := io.ReadAll(io.LimitReader(part, maxRunField))
		*field = strings.TrimSpace(strings.ToValidUTF8(string(b), "\uFFFD"))
		return err
	}
	if part.FormName() != "file" {
		return nil
	}
	name := uploadName(sentName(part))
	if name == "" || bookkeeping(name) {
		_, err := io.Copy(io.Discard, part)
		return err
	}

	return u.spool.add(name, part)
}

// runFilesOf is the job that an address names.
func (h *handlers) runFilesOf(c echo.Context) (corpus.Project, *runJob, error) {
	p, err := h.livingProject(c)
	if err != nil {
		return p, nil, err
	}
	j, err := h.predicting.job(p.ID, c.Param("job"))

	return p, j, err
}

// runFiles is a run that is being brought in: how far it is, what was found, or
// what became of it. Where it is gone the person is led back to the runs.
func (h *handlers) runFiles(c echo.Context) error {
	p, j, err := h.runFilesOf(c)
	if errors.Is(err, corpus.ErrNotFound) && p.ID != 0 && !p.Removed {
		h.leave(c, note{Kind: runFilesUnknown})
		return c.Redirect(http.StatusSeeOther, views.RunsPath(p.ID))
	}
	if err != nil {
		return err
	}

	v := j.now()
	var wrong views.Errors
	if v.WrongName != "" {
		wrong = views.Errors{"name": v.WrongName}
	}

	return h.showRunFiles(c, http.StatusOK, p, v, wrong)
}

func (h *handlers) showRunFiles(c echo.Context, status int, p corpus.Project, j views.RunJob, wrong views.Errors) error {
	return render(c, status, views.RunFilesPage(views.RunFiles{Page: h.page(c, "Run from files", &p, views.AccuracyTab), Project: p, Job: j, Errors: wrong}))
}

// storeRunFiles stores what was checked.
func (h *handlers) storeRunFiles(c echo.Context) error {
	p, j, err := h.runFilesOf(c)
	if err != nil {
		return err
	}
	v := j.now()
	v.Name = strings.TrimSpace(cmp.Or(c.FormValue("name"), v.Name))
	if form, err := c.FormParams(); err == nil && form.Has("cleaner") {
		v.Cleaner.Name, v.Cleaner.Version = strings.TrimSpace(form.Get("cleaner")), strings.TrimSpace(form.Get("version"))
	}

	err = h.predicting.keep(c.Request().Context(), j, v.Name, v.Cleaner)

	if wrong, ok := formErrors(err, "name"); ok {
		return h.showRunFiles(c, http.StatusUnprocessableEntity, p, v, wrong)
	}
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, views.RunFilesJobPath(p.ID, j.id))
}

// cancelRunFiles ends a job and leads back to the runs, or where that takes a
// moment to its own page, which says how it ended.
func (h *handlers) cancelRunFiles(c echo.Context) error {
	p, j, err := h.runFilesOf(c)
	if err != nil {
		return err
	}

	if !j.drop() {
		return c.Redirect(http.StatusSeeOther, views.RunFilesJobPath(p.ID, j.id))
	}

	h.leave(c, note{Kind: runFilesCancelled})
	return c.Redirect(http.StatusSeeOther, views.RunsPath(p.ID))
}
