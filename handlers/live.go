package handlers

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// How often an open overview looks whether something happened, and says that
// it still listens, so that nothing on the way takes the line for dead.
const (
	liveEvery = time.Second
	liveAlive = 20 * time.Second
)

// live streams the moving part of the overview whenever the project changed.
// It asks the data file a few rows a second and renders only what is new, so
// an overview on a wall costs next to nothing.
func (h *handlers) live(c echo.Context) error {
	p, err := h.livingProject(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	defer context.AfterFunc(h.serving, cancel)()

	c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
	c.Response().WriteHeader(http.StatusOK)
	send := func(s string) error {
		if _, err := c.Response().Write([]byte(s)); err != nil {
			return err
		}
		return http.NewResponseController(c.Response()).Flush()
	}

	seen, err := h.store.Revision(ctx, p.ID)
	if err == nil {
		err = send(": listening\n\n")
	}
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for said := time.Now(); err == nil; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var now string
		if now, err = h.store.Revision(ctx, p.ID); err != nil {
			break
		}
		switch {
		case now != seen:
			if !h.stillMay(c, p) {
				return nil
			}
			seen, said = now, time.Now()
			var o views.Overview
			var message string
			if o, err = h.overview(c, p); err == nil {
				message, err = event(ctx, views.OverviewPart(o))
			}
			if err == nil {
				err = send(message)
			}
		case time.Since(said) > liveAlive:
			said = time.Now()
			err = send(": still here\n\n")
		}
	}
	if ctx.Err() != nil { // the reader went away, or the server ends
		return nil
	}

	return fmt.Errorf("live overview of project %d: %w", p.ID, err)
}

// stillMay reports whether who listens is signed in still and may see the
// project, with the role they have by now: all of it can change while the
// stream goes on.
func (h *handlers) stillMay(c echo.Context, p corpus.Project) bool {
	who, err := h.signedIn(c)
	if err == nil {
		who.Role, err = h.store.RoleIn(c.Request().Context(), p.ID, who)
	}
	c.Set(whoKey, who)

	return err == nil
}

// event is a component as one message of the stream.
func event(ctx context.Context, part templ.Component) (string, error) {
	var page strings.Builder
	if err := part.Render(ctx, &page); err != nil {
		return "", err
	}

	return "data: " + lineEnds.Replace(page.String()) + "\n\n", nil
}

// lineEnds keeps a line end of the page, also one in a document's name, from
// ending the message.
var lineEnds = strings.NewReplacer("\n", "\ndata: ", "\r", "&#13;")
