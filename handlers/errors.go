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
	fault, isFault := errors.AsType[*providerFault](err)
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
	case isFault:
		return fault.problem()
	}

	return problem{http.StatusInternalServerError, "Something went wrong", "The cause is in the server's log. Nothing that was saved is lost."}
}

// problem is what the fault is to the person who meets it, and what to do.
func (f *providerFault) problem() problem {
	switch f.kind {
	case providerAway:
		return problem{http.StatusServiceUnavailable, f.name + " does not answer", "Try again in a minute. Who has a password here can sign in with it meanwhile."}
	case answerRefused:
		return problem{http.StatusBadGateway, "The answer of " + f.name + " was not accepted", "It was not meant for this sign-in, or had run out. Try again; if it stays like this, tell whoever runs this tool."}
	case refusedThere:
		return problem{http.StatusForbidden, f.name + " did not sign you in", "You called it off there, or you may not use it for this tool. Try again, or ask whoever runs " + f.name + "."}
	case flowUnknown:
		return problem{http.StatusBadRequest, "Start signing in once more", "This sign-in is used up, took longer than ten minutes, was begun in another browser, or the program was started again since."}
	case notInvited:
		return problem{http.StatusForbidden, "You have no account here yet", f.name + " knows you, but nobody has invited you. Ask for an invitation link, open it, and choose " + f.name + " there. If you have a password here, sign in with it and connect " + f.name + " under your name."}
	case accessTaken:
		return problem{http.StatusForbidden, "Your access was taken away", "Your work is kept. If this is a mistake, ask an administrator."}
	}

	return problem{http.StatusForbidden, "Somebody else is signed in now", "You began to connect " + f.name + " to another account, or that one was signed out since. Nothing was connected; sign in and try again."}
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
