package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/split"
	"annotate/views"
)

// An export over the API is a file before it is sent. Its address names all
// that was asked, so nothing has to be begun, kept and asked after: the address
// with /state says how far the file is, and begins it where it is not there;
// the address itself waits for it and sends it, whole or any part. Because the
// same gold gives the same bytes, their hash is a strong validator, and a
// download goes on even where the file had to be made again meanwhile.

// askedExport is an export that a program asks for.
type askedExport struct {
	project corpus.Project
	release *corpus.Release // nil for current gold
	run     corpus.RunID    // whose predictions stand beside it, 0 for none
	format  export.Format
	views.ExportQuery
}

// apiExportAsked reads an export from an address; more are parameters besides.
func (h *handlers) apiExportAsked(c echo.Context, more ...string) (a askedExport, q *query, err error) {
	if a.project, err = h.apiProject(c); err != nil {
		return a, nil, err
	}
	format, ok := export.ByName(c.Param("format"))
	if !ok {
		return a, nil, corpus.ErrNotFound
	}
	a.format = format
	q = asks(c, append(more, "release", "split", "by", "all", "lossy", "layer", "predictions")...)
	a.ExportQuery = views.ExportQuery{Release: q.text("release"), Format: format.Name, Split: q.text("split"), By: split.By(q.text("by")), All: q.yes("all"), Lossy: q.yes("lossy"), Layer: q.text("layer"), Predictions: q.text("predictions")}
	if q.err != nil {
		return a, q, q.err
	}
	if a.By != "" && a.Split == "" {
		return a, q, corpus.Invalidf("by", "by says what a split keeps together; name the split too")
	}
	if a.release, err = h.askedRelease(c, a.project); err != nil {
		return a, q, err
	}
	ctx := c.Request().Context()
	if _, err = h.checkExport(ctx, a.project, a.release, format, a.ExportQuery); err == nil {
		a.run, err = h.finishedRun(ctx, a.project.ID, a.Predictions)
	}

	return a, q, err
}

// finishedRun is the run whose predictions stand beside what is exported, 0 for
// none. It has to be done: what may grow gives no file that is the same again.
func (h *handlers) finishedRun(ctx context.Context, p corpus.ProjectID, name string) (corpus.RunID, error) {
	if name == "" {
		return 0, nil
	}
	r, err := h.store.RunByName(ctx, p, name)
	switch {
	case errors.Is(err, corpus.ErrNotFound):
		err = corpus.Invalidf("predictions", "the project has no run %q", name)
	case err == nil && r.State != corpus.RunDone:
		err = corpus.Invalidf("predictions", "the run %q is not finished", r.Name)
	}

	return r.ID, err
}

// spansOf are the spans that a run has for a document.
func (h *handlers) spansOf(run corpus.RunID) func(context.Context, corpus.DocumentID) ([]corpus.IncomingSpan, error) {
	return func(ctx context.Context, of corpus.DocumentID) ([]corpus.IncomingSpan, error) {
		said, err := h.store.Prediction(ctx, run, of)
		spans := make([]corpus.IncomingSpan, len(said.Spans))
		for i, is := range said.Spans {
			spans[i] = corpus.IncomingSpan{Range: is.Range, Label: is.Label}
		}
		return spans, err
	}
}

// labelledNow hashes which gold there is, or what people handed in, and lists
// the keys of its documents.
func (h *handlers) labelledNow(ctx context.Context, a askedExport) (hash exportKey, keys []string, err error) {
	sum := sha256.New()
	add := func(key string, id int64) {
		fmt.Fprintln(sum, id)
		keys = append(keys, key)
	}
	if export.Layer(a.Layer) == export.Annotations {
		err = h.store.AnnotationKeys(ctx, a.project.ID, add)
	} else {
		f := corpus.GoldFilter{Project: a.project.ID}
		if a.release != nil {
			f.Release = a.release.ID
		}
		err = h.store.GoldKeys(ctx, f, func(key string, id corpus.GoldID) { add(key, int64(id)) })
	}
	sum.Sum(hash[:0])

	return hash, keys, err
}

// exportKeyOf hashes all that the bytes follow from: the labelling, the split of
// each document, what was asked, what the project says of itself, and this
// program.
func exportKeyOf(a askedExport, o export.Options, labelled exportKey, keys []string) (key exportKey, err error) {
	said, err := json.Marshal(a.project)
	if err != nil {
		return key, err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%x\n%+v\n%d\n", export.Program(), said, labelled, a.ExportQuery, a.run)
	if a.release != nil {
		fmt.Fprintln(sum, a.release.Hash)
	}
	if o.Split != nil {
		for _, k := range keys {
			fmt.Fprintln(sum, o.Split(corpus.Document{ExternalID: k}))
		}
	}
	sum.Sum(key[:0])

	return key, nil
}

// exportFile is the file of an export, there or being made; h.exports.put gives
// it back. It outlives the request, so it is made in the server's time.
func (h *handlers) exportFile(a askedExport) (*exportFile, error) {
	ctx := h.exports.ctx
	before, keys, err := h.labelledNow(ctx, a)
	if err != nil {
		return nil, err
	}
	source, o, err := h.exportSource(ctx, a.project, a.release, a.ExportQuery)
	if err != nil {
		return nil, err
	}
	o.Tentative = true
	key, err := exportKeyOf(a, o, before, keys)
	if err != nil {
		return nil, err
	}

	return h.exports.get(key, len(keys), func(ctx context.Context, w io.Writer, f *exportFile) (export.Manifest, bool, error) {
		m, err := a.format.Stream(ctx, w, f.counting(source), o)
		if err != nil {
			return m, true, err
		}
		now, _, err := h.labelledNow(ctx, a)
		return m, now == before, err
	})
}

// apiExport sends an export once it is made, or the part of it that is asked
// for.
func (h *handlers) apiExport(c echo.Context) error {
	a, _, err := h.apiExportAsked(c)
	if err != nil {
		return err
	}
	f, err := h.exportFile(a)
	if err != nil {
		return err
	}
	defer h.exports.put(f)
	select {
	case <-f.over:
	case <-c.Request().Context().Done():
		return c.Request().Context().Err()
	}
	if f.err != nil {
		return f.err
	}

	kind, ext := a.format.MediaType, a.format.Ext
	if a.format.Several(export.Options{Splits: splitNames(f.manifest)}) {
		kind, ext = "application/zip", a.format.Name+".zip"
	}
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, kind)
	header.Set(echo.HeaderContentDisposition, attachment(datasetName(a.project, a.release), ext))
	header.Set("ETag", f.etag())
	header.Set("Repr-Digest", f.digest())
	header.Set(gzhttp.HeaderNoCompression, "1") // a part of what is compressed is a part of nothing

	return sendRange(c, io.NewSectionReader(f.file, 0, f.size))
}

func splitNames(m export.Manifest) (names []string) {
	for _, s := range m.Splits {
		names = append(names, s.Name)
	}

	return names
}

// sendRange is http.ServeContent, with our own answer where a range is beyond
// the end.
func sendRange(c echo.Context, content io.ReadSeeker) error {
	w := &unsatisfied{ResponseWriter: c.Response()}
	http.ServeContent(w, c.Request(), "", time.Time{}, content)
	if !w.hit {
		return nil
	}
	c.Response().Header().Del(echo.HeaderContentDisposition)

	return echo.NewHTTPError(http.StatusRequestedRangeNotSatisfiable, "there is nothing in that range; Content-Range says how long the file is")
}

// unsatisfied holds back the answer to a range that there is not.
type unsatisfied struct {
	http.ResponseWriter
	hit bool
}

func (u *unsatisfied) WriteHeader(status int) {
	if u.hit = status == http.StatusRequestedRangeNotSatisfiable; !u.hit {
		u.ResponseWriter.WriteHeader(status)
	}
}

func (u *unsatisfied) Write(b []byte) (int, error) {
	if u.hit {
		return len(b), nil
	}
	return u.ResponseWriter.Write(b)
}

// exportState says how far the file of an export is.
type exportState struct {
	State    string           `json:"state"`             // comparing, making, done
	Waiting  int              `json:"waiting,omitempty"` // documents whose near-copies a split waits for
	Pass     int64            `json:"pass"`              // some formats read the gold several times
	Done     int64            `json:"done"`              // documents read in this pass
	Total    int              `json:"total"`
	Path     string           `json:"path"`             // where the file is
	Bytes    int64            `json:"bytes"`            // 0 until it is made
	SHA256   string           `json:"sha256,omitempty"` // of the bytes
	ETag     string           `json:"etag,omitempty"`
	Manifest *export.Manifest `json:"manifest,omitempty"`
}

// apiExportState says how far an export is, and begins it where it is not
// there: 202 until the file is made, then 200.
func (h *handlers) apiExportState(c echo.Context) error {
	a, q, err := h.apiExportAsked(c, "wait")
	if err != nil {
		return err
	}
	wait := q.wait()
	if q.err != nil {
		return q.err
	}
	out := exportState{State: "comparing", Path: exportAddress(c, a)}
	if a.Split != "" && a.By != split.ByDocument && a.By != split.ByTime {
		if out.Waiting, err = h.compareCopies(c, a.project.ID); err != nil {
			return err
		}
		if out.Waiting > 0 {
			return c.JSON(http.StatusAccepted, out)
		}
	}

	f, err := h.exportFile(a)
	if err != nil {
		return err
	}
	defer h.exports.put(f)
	out.Total = f.total
	if !ended(c.Request().Context(), f.over, wait) {
		out.State, out.Pass, out.Done = "making", f.pass.Load(), f.done.Load()
		return c.JSON(http.StatusAccepted, out)
	}
	if f.err != nil {
		return f.err
	}
	out.State, out.Pass, out.Done = "done", f.pass.Load(), int64(f.total)
	out.Bytes, out.SHA256, out.ETag, out.Manifest = f.size, hex.EncodeToString(f.sum[:]), f.etag(), &f.manifest

	return c.JSON(http.StatusOK, out)
}

// exportAddress is where the file is that a request asks about.
func exportAddress(c echo.Context, a askedExport) string {
	values := url.Values{}
	for name, v := range c.QueryParams() {
		if name != "wait" {
			values[name] = v
		}
	}
	path := apiPath(views.ExportFilePath(a.project.ID, a.format.Name))
	if len(values) > 0 {
		path += "?" + values.Encode()
	}

	return path
}
