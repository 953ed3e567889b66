package handlers

import (
	"io"
	"math"
	"strconv"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
)

// goldCursor is the header with what to give as since the next time; it stands
// in Link too.
const goldCursor = "Annotate-Gold-Cursor"

// apiGold streams gold as native records, of a release or as it is now. With
// since it is what was decided after that: a program that keeps a copy pulls
// what is new.
func (h *handlers) apiGold(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	q := asks(c, "since", "release")
	f := corpus.GoldFilter{Project: p.ID, Since: corpus.GoldID(q.number("since", 0, 0, math.MaxInt64))}
	if f.Since > 0 && q.text("release") != "" {
		q.fail("since", "a release does not grow; ask for it without since")
	}
	if q.err != nil {
		return q.err
	}
	frozen, err := h.askedRelease(c, p)
	if err != nil {
		return err
	}

	ctx := c.Request().Context()
	var source export.Source
	if frozen != nil {
		f.Release = frozen.ID
		source = export.Released(*frozen, h.store.Gold(ctx, f))
	} else {
		newest, next, err := h.store.GoldCursor(ctx, p.ID)
		if err != nil {
			return err
		}
		f.Newest = newest
		source = export.Current(p, h.store.Gold(ctx, f))
		cursor := strconv.FormatInt(int64(next), 10)
		c.Response().Header().Set(goldCursor, cursor)
		linkNext(c, "since", cursor)
	}

	return h.sendRecords(c, source)
}

// apiAnnotations streams what each person handed in last, a record a person and
// document. Drafts, and what is there to check people, are none of it.
func (h *handlers) apiAnnotations(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	if q := asks(c); q.err != nil {
		return q.err
	}
	ctx := c.Request().Context()
	source := export.Annotated(p, h.store.Annotations(ctx, db.AnnotationFilter{Project: p.ID}))

	return h.sendRecords(c, source)
}

// sendRecords streams native records.
func (h *handlers) sendRecords(c echo.Context, source export.Source) error {
	c.Response().Header().Set(echo.HeaderContentType, export.JSONL.MediaType)

	return h.sendWhole(c, func(w io.Writer) error {
		_, err := export.JSONL.Stream(c.Request().Context(), w, source, export.Options{})
		return err
	})
}
