package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/internal/inert"
)

// picture is the page as it looked, without anything that acts. A browser that
// says where the answer goes gives it our origin in a frame alone; one that
// does not say, on plain http, gives it everywhere, where it can run as little.
func (h *handlers) picture(c echo.Context) error {
	d, _, err := h.livingDocument(c)
	if err != nil {
		return err
	}
	if d.MediaType != "text/html" {
		return corpus.ErrNotFound
	}
	source, _, err := h.store.Source(c.Request().Context(), d.ID)
	if err != nil {
		return err
	}
	page, err := inert.Page(source, d)
	if err != nil {
		return err
	}

	policy := inert.Policy
	if to := c.Request().Header.Get("Sec-Fetch-Dest"); to == "iframe" || to == "" {
		policy = inert.FramedPolicy
	}
	header := c.Response().Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Disposition", "inline")

	return c.Blob(http.StatusOK, "text/html; charset=utf-8", page)
}
