package handlers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/split"
	"annotate/views"
)

// askedRelease is the release that release= names; nil where it names none.
func (h *handlers) askedRelease(c echo.Context, p corpus.Project) (*corpus.Release, error) {
	name := c.QueryParam("release")
	if name == "" {
		return nil, nil
	}
	r, err := h.store.ReleaseByName(c.Request().Context(), p.ID, name)
	if errors.Is(err, corpus.ErrNotFound) {
		err = corpus.Invalidf("release", "the project has no release %q", name)
	}

	return &r, err
}

// exportPage offers what can be exported, and of a format that is chosen counts
// what it would hold, by split, and what it cannot say.
func (h *handlers) exportPage(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}
	page, err := h.exportable(c.Request().Context(), p, frozen)
	if err != nil {
		return err
	}
	page.Page, page.Asked = h.page(c, "Export", &p, views.ExportTab), exportAsked(c)

	status, err := h.previewExport(c.Request().Context(), p, frozen, &page)
	if err != nil {
		return err
	}

	return render(c, status, views.ExportPage(page))
}

// exportable is what can be chosen of a project, and what is known without
// reading gold.
func (h *handlers) exportable(ctx context.Context, p corpus.Project, frozen *corpus.Release) (page views.Export, err error) {
	page = views.Export{Project: p, Release: frozen}
	for _, f := range export.Formats {
		page.Formats = append(page.Formats, views.Choice{Name: f.Name, Title: strings.ToUpper(f.Name), About: f.About})
		if f.Predicts {
			page.Predicting = append(page.Predicting, f.Name)
		}
	}
	if page.Releases, err = h.store.Releases(ctx, p.ID); err != nil {
		return page, err
	}
	runs, err := h.store.Runs(ctx, p.ID)
	if err != nil {
		return page, err
	}
	for _, r := range runs {
		if r.State == corpus.RunDone {
			page.Runs = append(page.Runs, r.Name)
		}
	}
	if frozen != nil {
		page.Project, page.Documents = frozen.AsOf(p), frozen.Documents
		return page, nil
	}

	counts, err := h.store.Counts(ctx, p.ID)
	page.Documents = counts[corpus.Golden]
	page.Waiting = counts.Total() - page.Documents

	return page, err
}

// previewExport fills in what the chosen format would make of the gold; nothing
// where none is chosen. What was typed wrongly is shown beside it.
func (h *handlers) previewExport(ctx context.Context, p corpus.Project, frozen *corpus.Release, page *views.Export) (status int, err error) {
	format, ok := export.ByName(page.Asked.Format)
	if !ok {
		return http.StatusOK, nil
	}
	page.About = format.About
	parts, err := h.checkExport(ctx, p, frozen, format, page.Asked)
	if wrong, ok := formErrors(err, "split", "by", "layer", "predictions"); ok {
		page.Errors = wrong
		return http.StatusUnprocessableEntity, nil
	}
	if err != nil {
		return 0, err
	}
	page.Several = format.Several(export.Options{Splits: parts})

	return http.StatusOK, h.survey(ctx, p, frozen, format, page)
}

// checkExport says what is wrong with what is asked, before anything is read,
// and names the parts of a split.
func (h *handlers) checkExport(ctx context.Context, p corpus.Project, frozen *corpus.Release, format export.Format, asked views.ExportQuery) (parts []string, err error) {
	source, err := h.labelled(ctx, p, frozen, asked)
	if err == nil {
		err = format.Takes(source)
	}
	if err != nil || asked.Split == "" {
		return nil, err
	}
	spec, _, err := splitAsked(views.Splits{Typed: asked.Split, By: asked.By})

	return partNames(spec), err
}

func partNames(spec split.Spec) (names []string) {
	for _, part := range spec.Parts {
		names = append(names, part.Name)
	}

	return names
}

// exportAsked is what the address asks of an export.
func exportAsked(c echo.Context) views.ExportQuery {
	return views.ExportQuery{
		Release: c.QueryParam("release"), Format: c.QueryParam("format"), Split: c.QueryParam("split"), By: split.By(c.QueryParam("by")),
		All: c.QueryParam("all") != "", Lossy: c.QueryParam("lossy") != "", Layer: c.QueryParam("layer"), Predictions: c.QueryParam("predictions"),
	}
}

// exportSource is what is asked for, as it is now, and how it is to be written.
func (h *handlers) exportSource(ctx context.Context, p corpus.Project, frozen *corpus.Release, asked views.ExportQuery) (source export.Source, o export.Options, err error) {
	if source, err = h.labelled(ctx, p, frozen, asked); err != nil {
		return source, o, err
	}
	o = export.Options{Lossy: asked.Lossy, All: asked.All}
	if asked.Split == "" {
		return source, o, nil
	}

	spec, by, err := splitAsked(views.Splits{Typed: asked.Split, By: asked.By})
	if err != nil {
		return source, o, err
	}
	var release corpus.ReleaseID
	if frozen != nil {
		release = frozen.ID
	}
	parts, err := h.store.Splits(ctx, p.ID, spec, by, release)
	o.Splits, o.Split = partNames(spec), func(d corpus.Document) string { return parts.Of(d.Key()) }

	return source, o, err
}

// labelled is the gold of a release, or current gold, or what people handed in,
// as these are now, and beside it the run that is asked for.
func (h *handlers) labelled(ctx context.Context, p corpus.Project, frozen *corpus.Release, asked views.ExportQuery) (source export.Source, err error) {
	layer, err := export.ParseLayer(asked.Layer)
	switch {
	case err != nil:
	case layer == export.Annotations && frozen != nil:
		err = export.ErrReleasedAnnotations
	case layer == export.Annotations:
		var now db.AnnotationPreview
		now, err = h.store.AnnotationPreview(ctx, p.ID)
		source = export.Annotated(p, h.store.Annotations(ctx, db.AnnotationFilter{Project: p.ID, Newest: now.Newest}))
	case frozen != nil:
		source = export.Released(*frozen, h.store.Gold(ctx, corpus.GoldFilter{Project: p.ID, Release: frozen.ID}))
	default:
		var newest corpus.GoldID
		newest, _, err = h.store.GoldCursor(ctx, p.ID)
		source = export.Current(p, h.store.Gold(ctx, corpus.GoldFilter{Project: p.ID, Newest: newest}))
	}
	source.Page = h.store.Source
	if err != nil || asked.Predictions == "" {
		return source, err
	}

	run, err := h.store.RunByName(ctx, p.ID, asked.Predictions)
	if errors.Is(err, corpus.ErrNotFound) {
		err = corpus.Invalidf("predictions", "the project has no run %q", asked.Predictions)
	}
	source.Predictions = &export.Predictions{Model: run.Cleaner.String(), Spans: h.spansOf(run.ID)}

	return source, err
}

// exported is the project and the format that an address names, with what it
// asks for.
func (h *handlers) exported(c echo.Context) (p corpus.Project, frozen *corpus.Release, format export.Format, err error) {
	if p, err = h.livingProject(c); err != nil {
		return p, nil, format, err
	}
	format, ok := export.ByName(c.Param("format"))
	if !ok {
		return p, nil, format, corpus.ErrNotFound
	}
	frozen, err = h.askedRelease(c, p)

	return p, frozen, format, err
}

// export streams a dataset as a download. Where it fails after the
// first bytes are sent, the connection is broken off: a file that ends too
// early must not look like a whole one.
func (h *handlers) export(c echo.Context) error {
	p, frozen, format, err := h.exported(c)
	if err != nil {
		return err
	}
	ctx, r := c.Request().Context(), c.Response()
	source, options, err := h.exportSource(ctx, p, frozen, exportAsked(c))
	if err != nil {
		return err
	}

	name := datasetName(p, frozen)
	if source.Layer == export.Annotations {
		name += " annotations"
	}
	header, kind, ext := r.Header(), format.MediaType, format.Ext
	if format.Several(options) {
		kind, ext = "application/zip", format.Name+".zip"
	}
	header.Set(echo.HeaderContentType, kind)
	header.Set(echo.HeaderContentDisposition, attachment(name, ext))
	w := bufio.NewWriterSize(r, 64<<10)
	_, err = format.Stream(ctx, w, source, options)
	if err == nil {
		err = w.Flush()
	}

	if err == nil || !r.Committed {
		if err != nil {
			header.Del(echo.HeaderContentDisposition)
		}
		return err
	}
	if ctx.Err() == nil {
		h.log.LogAttrs(ctx, slog.LevelError, "export broken off", slog.Int64("project", int64(p.ID)), slog.String("format", format.Name), slog.String("error", err.Error()))
	}
	panic(http.ErrAbortHandler)
}

// datasetName is what a download of gold is called.
func datasetName(p corpus.Project, frozen *corpus.Release) string {
	if frozen != nil {
		return p.Name + " " + frozen.Name
	}
	return p.Name
}

// exportManifest says what an export of now holds.
func (h *handlers) exportManifest(c echo.Context) error {
	p, frozen, format, err := h.exported(c)
	if err != nil {
		return err
	}
	source, options, err := h.exportSource(c.Request().Context(), p, frozen, exportAsked(c))
	if err != nil {
		return err
	}

	manifest, err := format.Stream(c.Request().Context(), io.Discard, source, options)

	if err != nil {
		return err
	}
	return c.JSONPretty(http.StatusOK, manifest, "  ")
}

// attachment is the header that names a download after its project: the day
// makes two of them different files.
func attachment(name, ext string) string {
	slug := strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }), "-")
	if slug == "" {
		slug = "annotate"
	}
	file := slug + "-" + time.Now().UTC().Format("2006-01-02") + "." + strings.TrimPrefix(ext, ".")

	return mime.FormatMediaType("attachment", map[string]string{"filename": file})
}
