package handlers

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
)

// render writes a page or a part of one. It is rendered to memory first, so an
// error leaves no half page.
func render(c echo.Context, status int, component templ.Component) error {
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := component.Render(c.Request().Context(), buf); err != nil {
		return err
	}

	return c.HTMLBlob(status, buf.Bytes())
}

// pathID reads an id out of the address. What is no number is not found.
func pathID[T ~int64](c echo.Context, name string) (T, error) {
	id, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || id <= 0 {
		return 0, corpus.ErrNotFound
	}

	return T(id), nil
}

// livingProject is the project of the address; a removed one is not found.
func (h *handlers) livingProject(c echo.Context) (corpus.Project, error) {
	id, err := pathID[corpus.ProjectID](c, "project")
	if err != nil {
		return corpus.Project{}, err
	}
	p, err := h.store.Project(c.Request().Context(), id)
	if err == nil && p.Removed {
		err = corpus.ErrNotFound
	}

	return p, err
}

// wantsJSON reports whether a script asks, not a page.
func wantsJSON(c echo.Context) bool {
	return strings.HasPrefix(c.Request().Header.Get(echo.HeaderAccept), echo.MIMEApplicationJSON) ||
		strings.HasPrefix(c.Request().Header.Get(echo.HeaderContentType), echo.MIMEApplicationJSON)
}

// readJSON reads the body into v. Unknown fields and anything behind the value
// are refused: a browser that sends what we do not know is of another version.
func readJSON(c echo.Context, v any) error {
	d := json.NewDecoder(c.Request().Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if tooLarge(err) {
			return err
		}
		return echo.NewHTTPError(http.StatusBadRequest, "the request is not the JSON that this address takes").SetInternal(err)
	}
	if d.More() {
		return echo.NewHTTPError(http.StatusBadRequest, "there is more than one value in the request")
	}

	return nil
}
