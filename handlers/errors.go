package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/views"
)

// problem is what an error is to the person who meets it.
type problem struct {
	status int
	title  string
	why    string
}

// explain is the one table from errors to answers. What it does not know is
// our mistake: it goes to the log, and the person gets the request's id.
func explain(err error) problem {
	invalid, isInvalid := errors.AsType[*corpus.Invalid](err)
	web, isWeb := errors.AsType[*echo.HTTPError](err)
	record, isRecord := errors.AsType[*corpus.Problem](err)
	switch {
	case isInvalid:
		return problem{http.StatusUnprocessableEntity, "This cannot be done", sentence(invalid.Reason)}
	case isRecord:
		return problem{http.StatusUnprocessableEntity, "This cannot be read", sentence(placed(record))}
	case errors.Is(err, corpus.ErrNotFound):
		return problem{http.StatusNotFound, "There is nothing here", "It may have been removed, or the address has a mistake."}
	case errors.Is(err, corpus.ErrConflict):
		return problem{http.StatusConflict, "Someone else was faster", "Load the page again to see how things are now."}
	case errors.Is(err, db.ErrFull):
		return problem{http.StatusInsufficientStorage, "The server's disk is full", "Nothing was saved. What you did is kept here; make room on the disk and try again."}
	case errors.Is(err, db.ErrDamaged):
		return problem{http.StatusInternalServerError, "The data file is damaged", "Whoever runs this server should keep a copy of the file, see what annotate check finds, and go back to a backup."}
	case errors.Is(err, context.Canceled):
		return problem{499, "The request was called off", ""}
	case isWeb:
		return webProblem(web)
	}

	return problem{http.StatusInternalServerError, "Something went wrong", "The cause is in the server's log. Nothing that was saved is lost."}
}

// placed is what is wrong with a record, and where.
func placed(p *corpus.Problem) string {
	if p.File == "" && p.Line > 0 {
		return "line " + strconv.Itoa(p.Line) + ": " + p.Reason
	}

	return p.Error()
}

func webProblem(err *echo.HTTPError) problem {
	p := problem{status: err.Code, title: http.StatusText(err.Code)}
	if text, ok := err.Message.(string); ok && text != p.title {
		p.why = sentence(text)
	}
	switch err.Code {
	case http.StatusNotFound:
		p.title, p.why = "There is no such page", "The address may have a mistake."
	case http.StatusUnauthorized:
		p.title = "Sign in"
	case http.StatusForbidden:
		p.title = "You may not do this"
	case http.StatusMethodNotAllowed:
		p.title, p.why = "This address does not take that request", ""
	case http.StatusRequestEntityTooLarge:
		p.title, p.why = "This is too much at once", "Send it in smaller parts."
	case http.StatusTooManyRequests:
		p.title, p.why = "Too many attempts", "Wait half a minute and try again."
	}

	return p
}

func tooLarge(err error) bool {
	web, ok := errors.AsType[*echo.HTTPError](err)

	return ok && web.Code == http.StatusRequestEntityTooLarge
}

// fail answers a request that ended in an error: a page, a part for htmx, or
// JSON, with the true status.
func (h *handlers) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := explain(err)
	failure := views.Failure{Title: p.title, Why: p.why}
	if p.status >= 500 {
		failure.Request = requestID(c)
		h.log.LogAttrs(c.Request().Context(), slog.LevelError, "request failed", slog.String("method", c.Request().Method), slog.String("route", c.Path()),
			slog.String("request", failure.Request), slog.String("error", err.Error()))
	}

	var sent error
	switch {
	case underAPI(c.Request()):
		sent = sendProblem(c, p, failure.Request, err)
	case wantsJSON(c):
		sent = c.JSON(p.status, map[string]string{"title": p.title, "reason": orTitle(p), "request": failure.Request})
	case c.Request().Header.Get("HX-Request") != "":
		c.Response().Header().Set("HX-Retarget", "#"+views.AlertsID)
		c.Response().Header().Set("HX-Reswap", "innerHTML")
		sent = render(c, p.status, views.FailureAlert(failure))
	case c.Request().Method == http.MethodHead:
		sent = c.NoContent(p.status)
	default:
		sent = render(c, p.status, views.FailurePage(views.Page{Title: p.title, Who: annotator(c), Now: time.Now()}, failure))
	}
	if sent != nil {
		h.log.LogAttrs(c.Request().Context(), slog.LevelWarn, "error not sent", slog.String("error", sent.Error()))
	}
}

func orTitle(p problem) string {
	if p.why == "" {
		return p.title + "."
	}
	return p.why
}

// sentence gives a reason its capital and full stop.
func sentence(reason string) string {
	if reason == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(reason)
	s := string(unicode.ToUpper(first)) + reason[size:]
	if last := s[len(s)-1]; last != '.' && last != '?' {
		s += "."
	}

	return s
}
