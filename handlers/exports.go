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

	"annotate/internal/corpus"
	"annotate/internal/export"
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

// exportPage counts what an export would hold.
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
	filter := corpus.GoldFilter{Project: p.ID}
	if frozen != nil {
		p, filter.Release = frozen.AsOf(p), frozen.ID
	}
	preview, err := h.store.GoldPreview(ctx, filter)
	if err != nil {
		return err
	}
	counts, err := h.store.Counts(ctx, p.ID)
	if err != nil {
		return err
	}

	page := views.Export{Page: h.page(c, "Export", &p, views.ExportTab), Project: p, Preview: preview, Release: frozen, Releases: releases, Waiting: max(counts.Total()-preview.Documents, 0)}
	for _, f := range export.Formats {
		page.Formats = append(page.Formats, views.Choice{Name: f.Name, Title: strings.ToUpper(f.Name), About: f.About})
	}

	return render(c, http.StatusOK, views.ExportPage(page))
}

// exported is the project and the format that an address names.
func (h *handlers) exported(c echo.Context) (corpus.Project, export.Format, error) {
	p, err := h.livingProject(c)
	if err != nil {
		return corpus.Project{}, export.Format{}, err
	}
	for _, f := range export.Formats {
		if f.Name == c.Param("format") {
			return p, f, nil
		}
	}

	return corpus.Project{}, export.Format{}, corpus.ErrNotFound
}

// export streams a project's gold as a download. Where it fails after the
// first bytes are sent, the connection is broken off: a file that ends too
// early must not look like a whole one.
func (h *handlers) export(c echo.Context) error {
	p, format, err := h.exported(c)
	if err != nil {
		return err
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	r := c.Response()

	header := r.Header()
	header.Set(echo.HeaderContentType, format.MediaType)
	header.Set(echo.HeaderContentDisposition, attachment(datasetName(p, frozen), format.Ext))
	w := bufio.NewWriterSize(r, 64<<10)
	_, err = h.writeGold(ctx, w, p, frozen, format)
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

// writeGold writes a release, or current gold where it is nil.
func (h *handlers) writeGold(ctx context.Context, w io.Writer, p corpus.Project, frozen *corpus.Release, format export.Format) (export.Manifest, error) {
	if frozen != nil {
		return format.WriteRelease(ctx, w, *frozen, h.store.Gold(ctx, corpus.GoldFilter{Project: p.ID, Release: frozen.ID}))
	}

	return format.Write(ctx, w, p.Labels, h.store.Gold(ctx, corpus.GoldFilter{Project: p.ID}))
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
	p, format, err := h.exported(c)
	if err != nil {
		return err
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}

	manifest, err := h.writeGold(c.Request().Context(), io.Discard, p, frozen, format)

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
