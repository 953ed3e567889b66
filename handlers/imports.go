package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"iter"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/internal/segment"
	"annotate/internal/text"
	"annotate/views"
)

// imports are the imports that people have begun in the browser. Each is read
// twice: once to say what it would do, and once more, when the person has
// agreed, to do it. Those that nobody decides about are forgotten after a
// while, and all of them when the program ends; nothing of them is stored.
type imports struct {
	store *db.Store
	log   *slog.Logger

	ctx    context.Context // ends all of them
	cancel context.CancelFunc
	wg     sync.WaitGroup
	turn   chan struct{} // one works at a time; the others wait

	mu   sync.Mutex
	jobs []*importJob // oldest first
}

const (
	maxJobs = 16            // undecided or running, over all people
	jobLife = 2 * time.Hour // from its last change
)

// importJob is one of them.
type importJob struct {
	id      string
	project corpus.ProjectID
	by      corpus.AnnotatorID
	title   string
	options ingest.Options
	cutting string // the rule of the project when the files came
	spool   *spool
	read    atomic.Int64 // bytes read in this phase

	mu     sync.Mutex
	cancel context.CancelFunc
	touch  time.Time // last change of phase
	view   views.Job // what a page shows; ID, Title, Size and Read are filled in when asked
}

func newImports(store *db.Store, log *slog.Logger) *imports {
	ctx, cancel := context.WithCancel(context.Background())

	return &imports{store: store, log: log, ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1)}
}

// close ends what runs, waits for it, and gives back the disk.
func (m *imports) close() {
	m.cancel()
	m.wg.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobs {
		j.spool.close()
	}
	m.jobs = nil
}

// add takes over the spool and begins the check.
func (m *imports) add(j *importJob) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	if err := m.ctx.Err(); err != nil {
		return err
	}
	open := 0
	for _, other := range m.jobs {
		if !other.over() {
			open++
		}
	}
	if open >= maxJobs {
		return corpus.Invalidf("", "%d imports are under way already; finish or cancel one of them first", open)
	}

	j.id = rand.Text()
	m.jobs = append(m.jobs, j)
	m.run(j, views.Checking, corpus.ImportOptions{DryRun: true, SkipBad: true, AddLabels: true})

	return nil
}

// forget drops imports that are old and not at work.
func (m *imports) forget() {
	m.jobs = slices.DeleteFunc(m.jobs, func(j *importJob) bool {
		j.mu.Lock()
		defer j.mu.Unlock()
		old := !j.view.Running() && time.Since(j.touch) > jobLife
		if old {
			j.spool.close()
		}
		return old
	})
}

// job is an import of that project; corpus.ErrNotFound where it is not known.
func (m *imports) job(p corpus.ProjectID, id string) (*importJob, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, j := range m.jobs {
		if j.id == id && j.project == p {
			return j, nil
		}
	}

	return nil, corpus.ErrNotFound
}

// of lists a project's imports, newest first.
func (m *imports) of(p corpus.ProjectID) []views.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	var out []views.Job
	for _, j := range slices.Backward(m.jobs) {
		if j.project == p {
			out = append(out, j.now())
		}
	}

	return out
}

// start stores what a checked import holds. One that is not waiting for that
// is left as it is: a second click is no second import.
func (m *imports) start(j *importJob, skip, labels bool) {
	j.mu.Lock()
	ready := j.view.Phase == views.Checked
	if ready {
		j.view.Phase = views.Waiting
		j.view.AddLabels = labels
	}
	j.mu.Unlock()
	if ready {
		m.run(j, views.Storing, corpus.ImportOptions{SkipBad: skip, AddLabels: labels})
	}
}

// run does one phase in the background, when it is its turn.
func (m *imports) run(j *importJob, phase views.Phase, o corpus.ImportOptions) {
	ctx, cancel := context.WithCancel(m.ctx)
	o.Project, o.By = j.project, j.by
	o.Progress = j.progress
	j.mu.Lock()
	j.cancel, j.touch, j.view.Phase = cancel, time.Now(), views.Waiting
	j.mu.Unlock()

	m.wg.Go(func() {
		defer cancel()
		select {
		case m.turn <- struct{}{}:
			defer func() { <-m.turn }()
		case <-ctx.Done():
			j.ended(corpus.ImportReport{}, ctx.Err(), o)
			return
		}
		j.mu.Lock()
		j.view.Phase = phase
		j.mu.Unlock()
		j.read.Store(0)

		before, err := m.store.Newest(ctx, j.project)
		if err != nil {
			j.ended(corpus.ImportReport{}, err, o)
			return
		}
		report, err := m.store.Import(ctx, o, ingest.DocumentsBeside(ctx, j.pages(ctx), j.cutting))
		if err != nil && ctx.Err() != nil {
			err = ctx.Err() // whatever broke, it broke because it was told to end
		}
		if err != nil && !asExpected(err) {
			m.log.LogAttrs(ctx, slog.LevelError, "import failed", slog.Int64("project", int64(j.project)), slog.String("error", err.Error()))
		}
		j.ended(report, err, o)
		if j.now().Copies.Running {
			m.findCopies(j, before)
		}
	})
}

// findCopies looks for near-copies of what an import brought, beside the next
// import: what was imported is there already, and can be labelled.
func (m *imports) findCopies(j *importJob, before corpus.DocumentID) {
	m.wg.Go(func() {
		n, err := m.countCopies(j, before)
		if err != nil && m.ctx.Err() == nil {
			m.log.LogAttrs(m.ctx, slog.LevelError, "near-copies were not found", slog.Int64("project", int64(j.project)), slog.String("error", err.Error()))
		}
		j.copies(views.JobCopies{Found: n, Failed: err != nil})
	})
}

func (m *imports) countCopies(j *importJob, before corpus.DocumentID) (n int, err error) {
	defer caught(&err)
	err = m.store.FindNearCopies(m.ctx, j.project, func(p db.NearProgress) {
		j.copies(views.JobCopies{Running: true, Comparing: p.Comparing, Done: p.Done, Total: p.Total})
	})
	if err != nil {
		return 0, err
	}

	return m.store.CountNearCopies(m.ctx, j.project, before)
}

// copies is what is known of near-copies now.
func (j *importJob) copies(c views.JobCopies) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.view.Copies, j.touch = c, time.Now()
}

// asExpected reports whether an import's error is no fault of ours.
func asExpected(err error) bool {
	_, invalid := asInvalid(err)

	return invalid || errors.Is(err, context.Canceled) || errors.Is(err, db.ErrFull)
}

func (j *importJob) progress(r corpus.ImportReport) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Problems, r.Notes, r.Sample, r.NewLabels = nil, nil, nil, nil
	j.view.Report = r
}

// ended says what came of a phase. An import that bad records stopped goes
// back to the person, who may now leave them out.
func (j *importJob) ended(r corpus.ImportReport, err error, o corpus.ImportOptions) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.touch = time.Now()
	labels := j.view.Report.NewLabels
	if len(j.view.Sample) == 0 {
		j.view.Sample = cuts(r.Sample)
	}
	r.Sample = nil
	j.view.Report = r
	switch {
	case err == nil && o.DryRun:
		j.view.Phase, j.view.AddLabels = views.Checked, true
		return
	case err == nil && !r.Stored:
		j.view.Phase = views.Checked
		if len(r.NewLabels) == 0 {
			j.view.Report.NewLabels = labels
		}
		return
	case err == nil:
		j.view.Phase = views.Stored
		j.view.Copies.Running = r.New+r.Changed > 0
	case errors.Is(err, context.Canceled):
		j.view.Phase = views.Cancelled
	default:
		j.view.Phase, j.view.Reason = views.Stopped, whyStopped(err)
	}
	j.spool.close()
}

func whyStopped(err error) string {
	if invalid, ok := asInvalid(err); ok {
		return invalid.Reason
	}
	if errors.Is(err, db.ErrFull) {
		return "the server's disk is full; make room and send the files again"
	}

	return "the cause is in the server's log"
}

// drop cancels an import, and reports whether it is over by that; one that is
// at work ends a little later, and one that is stored stays so.
func (j *importJob) drop() bool {
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

func (j *importJob) over() bool {
	j.mu.Lock()
	defer j.mu.Unlock()

	return !j.view.Running() && j.view.Phase != views.Checked
}

// now is the import as a page shows it.
func (j *importJob) now() views.Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := j.view
	v.ID, v.Title, v.Size, v.Read = j.id, j.title, j.spool.size, min(j.read.Load(), j.spool.size)

	return v
}

// pages reads all files of the upload, one after the other.
func (j *importJob) pages(ctx context.Context) iter.Seq2[ingest.Page, error] {
	return func(yield func(ingest.Page, error) bool) {
		files := make([]ingest.File, len(j.spool.entries))
		for i, e := range j.spool.entries {
			files[i] = ingest.File{Name: e.name, Open: func() (io.ReadCloser, error) { return counted{j.spool.open(e), &j.read}, nil }}
		}
		ingest.Files(ctx, files, j.options)(yield)
	}
}

// counted counts the bytes that are read, for the progress bar.
type counted struct {
	*io.SectionReader
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.SectionReader.Read(p)
	c.n.Add(int64(n))

	return n, err
}

// Close does nothing: the spool is closed when the import is over.
func (c counted) Close() error { return nil }

func (c counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.SectionReader.ReadAt(p, at)
	c.n.Add(int64(n))

	return n, err
}

// How much of a document the sample shows.
const (
	cutsShown = 60
	cutRunes  = 300
)

// cuts shows documents as they were cut, the beginning of each.
func cuts(ds []corpus.Incoming) []views.Cut {
	var out []views.Cut
	for _, d := range ds {
		x := text.NewIndex(d.Text)
		c := views.Cut{Name: d.Name, Total: len(d.Blocks)}
		for _, b := range d.Blocks[:min(len(d.Blocks), cutsShown)] {
			shown := b.Range
			shown.End = min(shown.End, shown.Start+cutRunes)
			t := x.Slice(shown)
			if shown != b.Range {
				t += "…"
			}
			c.Blocks = append(c.Blocks, views.CutBlock{Text: t, Heading: b.Heading, Hidden: b.Hidden, Class: classOf(d, b.Range), Spans: spansIn(d, b.Range)})
		}
		out = append(out, c)
	}

	return out
}

// classOf is the class that a block comes with: nothing where it comes with
// none, or is split.
func classOf(d corpus.Incoming, block text.Range) corpus.Class {
	i, ok := slices.BinarySearchFunc(d.Pieces, block.Start, func(p corpus.Piece, at int) int { return p.Start - at })
	if !ok || d.Pieces[i].Range != block {
		return corpus.Undecided
	}
	return d.Pieces[i].Class
}

// spansIn are the labelled spans that a block comes with: "PER: Ada".
func spansIn(d corpus.Incoming, block text.Range) (out []string) {
	for _, s := range d.Spans {
		if block.Contains(s.Range) {
			out = append(out, s.Label+": "+s.Quote)
		}
	}
	return out
}

// formats are the ways to read an upload.
var formats = []views.Choice{
	{Name: "auto", Title: "recognised by itself"},
	{Name: "text", Title: "plain text"},
	{Name: "html", Title: "HTML"},
	{Name: "jsonl", Title: "JSON Lines"},
	{Name: "json", Title: "JSON"},
	{Name: "csv", Title: "CSV or TSV"},
	{Name: "warc", Title: "WARC or WET, web archives"},
	{Name: "mhtml", Title: "MHTML, pages with their pictures"},
	{Name: "doccano", Title: "doccano"},
	{Name: "labelstudio", Title: "Label Studio"},
	{Name: "prodigy", Title: "Prodigy"},
	{Name: "brat", Title: "brat (.txt and .ann)"},
	{Name: "aeb", Title: "article-extraction-benchmark"},
	{Name: "chatnoir", Title: "chatnoir (WCEB)"},
	{Name: "wcxb", Title: "WCXB"},
	{Name: "webmainbench", Title: "WebMainBench"},
	{Name: "cleaneval", Title: "CleanEval"},
}

// spanBlocks are what becomes of the blocks where a file has labelled spans
// only.
var spanBlocks = []views.Choice{
	{Name: ingest.BlocksNone, Title: "undecided; the spans are my drafts"},
	{Name: ingest.BlocksBody, Title: "all body"},
}

// offsets are what positions in files of other tools may count.
var offsets = []views.Choice{
	{Name: "", Title: "recognised by themselves"},
	{Name: "code-points", Title: "code points (Python)"},
	{Name: "utf-16", Title: "UTF-16 units (browsers, Java)"},
	{Name: "bytes", Title: "bytes of UTF-8"},
}

// importPage is where documents are brought in.
func (h *handlers) importPage(c echo.Context) error {
	return h.showImport(c, http.StatusOK, views.Import{Format: formats[0].Name})
}

func (h *handlers) showImport(c echo.Context, status int, page views.Import) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	page.Page = h.page(c, "Import", &p, views.DocumentsTab)
	page.Page.Scripts = []string{"js/upload.js"}
	page.Project = p
	page.Formats, page.SpanBlocks, page.Offsets = formats, spanBlocks, offsets
	page.Cutting = strings.ToLower(ruleTitle(p.Cutting))
	page.Jobs = h.imports.of(p.ID)

	return render(c, status, views.ImportPage(page))
}

func ruleTitle(name string) string {
	for _, r := range segment.Rules {
		if r.Name == name {
			return r.Title
		}
	}

	return name
}

// addImport takes an upload and begins to check it.
func (h *handlers) addImport(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}

	up, err := receive(c.Request())
	if err == nil {
		job := &importJob{project: p.ID, by: annotator(c).ID, title: up.title(), spool: up.spool, cutting: p.Cutting, options: up.options()}
		if err = h.imports.add(job); err == nil {
			return sendOn(c, views.ImportJobPath(p.ID, job.id))
		}
	}
	up.close()

	if wrong, ok := formErrors(err, "file", "pasted"); ok && !wantsJSON(c) {
		return h.showImport(c, http.StatusUnprocessableEntity, views.Import{Format: up.format, Errors: wrong})
	}
	return err
}

// sendOn leads to where the work goes on: a script is told, a page redirected.
func sendOn(c echo.Context, to string) error {
	if wantsJSON(c) {
		return c.JSON(http.StatusCreated, map[string]string{"path": to})
	}

	return c.Redirect(http.StatusSeeOther, to)
}

// upload is what a form brought.
type upload struct {
	spool   *spool
	format  string
	blocks  string
	offsets string
	pasted  bool
}

// options read it. What cannot be kept of a document is left out with a note,
// which the person sees before anything is stored.
func (u upload) options() ingest.Options {
	return ingest.Options{Format: u.format, Blocks: u.blocks, Offsets: u.offsets, LeaveOut: true}
}

func (u upload) close() {
	if u.spool != nil {
		u.spool.close()
	}
}

// title says what was sent.
func (u upload) title() string {
	n := len(u.spool.entries)
	switch {
	case n == 1 && u.pasted:
		return "A pasted text"
	case n == 1:
		return u.spool.entries[0].name
	}

	return views.Count(n, "file")
}

// receive reads a multipart form part by part into a spool, which is the
// caller's to close, with an error too.
func receive(r *http.Request) (u upload, err error) {
	u.format, u.blocks = formats[0].Name, spanBlocks[0].Name
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
		return u, corpus.Invalidf("file", "choose a file or a folder, or paste a text")
	}

	return u, nil
}

// brokenOff keeps the errors that say more, and calls every other one what it
// nearly always is: a browser that stopped sending.
func brokenOff(err error) error {
	if _, invalid := asInvalid(err); invalid || tooLarge(err) || errors.Is(err, db.ErrFull) {
		return err
	}

	return echo.NewHTTPError(http.StatusBadRequest, "the upload broke off; send it again").SetInternal(err)
}

// maxField bounds a form field that is no file.
const maxField = 64

// take reads one part of the form.
func (u *upload) take(part *multipart.Part) error {
	switch part.FormName() {
	case "format":
		return choose(part, formats, &u.format)
	case "blocks":
		return choose(part, spanBlocks, &u.blocks)
	case "offsets":
		return choose(part, offsets, &u.offsets)
	case "pasted":
		return u.paste(part)
	case "file":
		name := uploadName(sentName(part))
		if name == "" || bookkeeping(name) {
			_, err := io.Copy(io.Discard, part)
			return err
		}
		return u.spool.add(name, part)
	}

	return nil
}

// choose reads a field that names one of a list.
func choose(part *multipart.Part, among []views.Choice, to *string) error {
	b, err := io.ReadAll(io.LimitReader(part, maxField))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(among, func(c views.Choice) bool { return c.Name == string(b) }) {
		return corpus.Invalidf("file", "there is no %s %q", part.FormName(), b)
	}
	*to = string(b)

	return nil
}

// maxPasted is in bytes.
const maxPasted = 10 << 20

// pastedName is what ingest calls a text without a name.
const pastedName = "-"

// paste keeps a pasted text that is more than white space.
func (u *upload) paste(part io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(part, maxPasted+1))
	switch {
	case err != nil:
		return err
	case len(b) > maxPasted:
		return corpus.Invalidf("pasted", "a pasted text holds at most %d MB; send a file", maxPasted>>20)
	case strings.TrimSpace(string(b)) == "":
		return nil
	}
	u.pasted = true

	// Without a name the content says what it is, and which document.
	return u.spool.add(pastedName, bytes.NewReader(b))
}

// sentName is the file name of a part with its folders, which
// multipart.Part.FileName cuts off.
func sentName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get(echo.HeaderContentDisposition))
	if err != nil {
		return part.FileName()
	}

	return params["filename"]
}

// jobOf is the import that an address names. Where it is gone the person is
// led back to the import page, which says so.
func (h *handlers) jobOf(c echo.Context) (corpus.Project, *importJob, error) {
	p, err := h.livingProject(c)
	if err != nil {
		return p, nil, err
	}
	j, err := h.imports.job(p.ID, c.Param("import"))

	return p, j, err
}

// importJob is one import: how far it is, or what it found, or what it did.
func (h *handlers) importJob(c echo.Context) error {
	p, j, err := h.jobOf(c)
	if errors.Is(err, corpus.ErrNotFound) && p.ID != 0 && !p.Removed {
		h.leave(c, note{Kind: importUnknown})
		return c.Redirect(http.StatusSeeOther, views.ImportPath(p.ID))
	}
	if err != nil {
		return err
	}

	return render(c, http.StatusOK, views.ImportJobPage(views.ImportJob{Page: h.page(c, "Import", &p, views.DocumentsTab), Project: p, Job: j.now()}))
}

// startImport stores what was checked.
func (h *handlers) startImport(c echo.Context) error {
	p, j, err := h.jobOf(c)
	if err != nil {
		return err
	}

	h.imports.start(j, c.FormValue("skip") != "", c.FormValue("labels") != "")

	return c.Redirect(http.StatusSeeOther, views.ImportJobPath(p.ID, j.id))
}

// cancelImport ends an import and leads back to the import page, or where that
// takes a moment to the import's own, which says how it ended.
func (h *handlers) cancelImport(c echo.Context) error {
	p, j, err := h.jobOf(c)
	if err != nil {
		return err
	}

	if !j.drop() {
		return c.Redirect(http.StatusSeeOther, views.ImportJobPath(p.ID, j.id))
	}

	h.leave(c, note{Kind: importCancelled})
	return c.Redirect(http.StatusSeeOther, views.ImportPath(p.ID))
}
