package handlers

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

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

// exportPage counts what an export would hold, and of a format that is chosen
// also by split, with what it cannot say.
func (h *handlers) exportPage(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}
	releases, err := h.store.Releases(ctx, p.ID)
	if err != nil {
		return err
	}
	filter, shown := corpus.GoldFilter{Project: p.ID}, p
	if frozen != nil {
		shown, filter.Release = frozen.AsOf(p), frozen.ID
	}
	preview, err := h.store.GoldPreview(ctx, filter)
	if err != nil {
		return err
	}
	counts, err := h.store.Counts(ctx, p.ID)
	if err != nil {
		return err
	}

	page := views.Export{Page: h.page(c, "Export", &p, views.ExportTab), Project: shown, Preview: preview, Release: frozen, Releases: releases, Waiting: max(counts.Total()-preview.Documents, 0)}
	for _, f := range export.Formats {
		page.Formats = append(page.Formats, views.Choice{Name: f.Name, Title: strings.ToUpper(f.Name), About: f.About})
	}
	status, err := h.previewExport(c, p, frozen, &page)
	if err != nil {
		return err
	}

	return render(c, status, views.ExportPage(page))
}

// previewExport fills in what the chosen format would make of the gold; nothing
// where none is chosen. What was typed wrongly is shown beside it.
func (h *handlers) previewExport(c echo.Context, p corpus.Project, frozen *corpus.Release, page *views.Export) (status int, err error) {
	page.Asked = exportAsked(c)
	format, ok := export.ByName(page.Asked.Format)
	if !ok {
		return http.StatusOK, nil
	}
	page.Several, page.About = format.Several(export.Options{}), format.About

	source, options, err := h.exportSource(c, p, frozen, page.Asked)
	if wrong, ok := formErrors(err, "split", "by"); ok {
		page.Errors = wrong
		return http.StatusUnprocessableEntity, nil
	}
	if err != nil {
		return 0, err
	}
	page.Several = format.Several(options)
	m, err := format.Survey(c.Request().Context(), source, options)
	page.Splits = []views.ExportPart{{Documents: m.Documents, Blocks: m.Blocks, Spans: m.Spans}}
	if len(m.Splits) > 0 {
		page.Splits = nil
		for _, s := range m.Splits {
			page.Splits = append(page.Splits, views.ExportPart(s))
		}
	}
	if m.Lost != nil {
		page.Lost = m.Lost.String()
		page.LostDocuments = m.Lost.Documents
		for _, l := range m.Lost.Listed {
			page.Losses = append(page.Losses, views.ExportLoss(l))
		}
	}

	return http.StatusOK, err
}

// exportAsked is what the address asks of an export.
func exportAsked(c echo.Context) views.ExportQuery {
	return views.ExportQuery{
		Release: c.QueryParam("release"), Format: c.QueryParam("format"), Split: c.QueryParam("split"), By: split.By(c.QueryParam("by")),
		All: c.QueryParam("all") != "", Lossy: c.QueryParam("lossy") != "",
	}
}

// exportSource is the gold of a release, or current gold as it is now, and how
// it is to be written.
func (h *handlers) exportSource(c echo.Context, p corpus.Project, frozen *corpus.Release, asked views.ExportQuery) (source export.Source, o export.Options, err error) {
	ctx, filter := c.Request().Context(), corpus.GoldFilter{Project: p.ID}
	if frozen != nil {
		filter.Release = frozen.ID
		source = export.Released(*frozen, h.store.Gold(ctx, filter))
	} else {
		now, err := h.store.GoldPreview(ctx, filter)
		if err != nil {
			return source, o, err
		}
		filter.Newest = now.Newest
		source = export.Current(p, h.store.Gold(ctx, filter))
	}
	source.Page = h.store.Source

	o = export.Options{Lossy: asked.Lossy, All: asked.All}
	if asked.Split == "" {
		return source, o, nil
	}
	spec, by, err := splitAsked(views.Splits{Typed: asked.Split, By: asked.By})
	if err != nil {
		return source, o, err
	}
	parts, err := h.store.Splits(ctx, p.ID, spec, by, filter.Release)
	if err != nil {
		return source, o, err
	}
	for _, part := range spec.Parts {
		o.Splits = append(o.Splits, part.Name)
	}
	o.Split = func(d corpus.Document) string { return parts.Of(d.Key()) }

	return source, o, nil
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

// export streams a project's gold as a download. Where it fails after the
// first bytes are sent, the connection is broken off: a file that ends too
// early must not look like a whole one.
func (h *handlers) export(c echo.Context) error {
	p, frozen, format, err := h.exported(c)
	if err != nil {
		return err
	}
	source, options, err := h.exportSource(c, p, frozen, exportAsked(c))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	r := c.Response()

	header, kind, ext := r.Header(), format.MediaType, format.Ext
	if format.Several(options) {
		kind, ext = "application/zip", format.Name+".zip"
	}
	header.Set(echo.HeaderContentType, kind)
	header.Set(echo.HeaderContentDisposition, attachment(datasetName(p, frozen), ext))
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
	source, options, err := h.exportSource(c, p, frozen, exportAsked(c))
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
