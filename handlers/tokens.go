package handlers

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

const tokenKey = "token"

// within lets a program pass whose token has the scope. People have no scopes;
// where a route has none, they alone pass: whoever finds a token must not be
// able to change the account, or to make more tokens.
func within(scope corpus.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			token, byToken := c.Get(tokenKey).(corpus.Token)
			switch {
			case !byToken || scope != "" && token.Allows(scope):
				return next(c)
			case scope == "":
				return echo.NewHTTPError(http.StatusForbidden, "this is for a person who is signed in, not for a token")
			}
			// As RFC 6750, section 3.1, has it.
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, fmt.Sprintf("Bearer error=%q, scope=%q", "insufficient_scope", scope))

			return echo.NewHTTPError(http.StatusForbidden, "this token lacks the scope "+string(scope)+"; make one that has it")
		}
	}
}

// tokenForm is what a person asks of a new token.
func tokenForm(c echo.Context) (views.TokenForm, corpus.Token, error) {
	fields, err := c.FormParams()
	if err != nil {
		return views.TokenForm{}, corpus.Token{}, err
	}
	f := views.TokenForm{Name: strings.TrimSpace(fields.Get("name")), Days: fields.Get("days")}
	for _, s := range fields["scope"] {
		f.Scopes = append(f.Scopes, corpus.Scope(s))
	}
	t := corpus.Token{Name: f.Name, Scopes: f.Scopes}
	if f.Days != "" {
		days, err := strconv.Atoi(f.Days)
		if err != nil || days < 1 || days > corpus.MaxTokenDays {
			return f, t, corpus.Invalidf("days", "a token works for 1 to %d days, or without an end", corpus.MaxTokenDays)
		}
		t.Expires = time.Now().AddDate(0, 0, days)
	}

	return f, t, nil
}

// addToken makes a token and shows it, this once.
func (h *handlers) addToken(c echo.Context) error {
	who := annotator(c)
	f, token, err := tokenForm(c)
	if err == nil {
		f.Made, err = h.store.AddToken(c.Request().Context(), who.ID, token, who.ID)
	}

	if wrong, ok := formErrors(err, "token", "scope", "days"); ok {
		f.Errors = wrong
		return h.showMe(c, http.StatusUnprocessableEntity, views.Me{Tokens: f})
	}
	if err != nil {
		return err
	}
	return h.showMe(c, http.StatusOK, views.Me{Tokens: f})
}

// removeToken takes a token's power away.
func (h *handlers) removeToken(c echo.Context) error {
	who := annotator(c)
	if err := h.store.RemoveToken(c.Request().Context(), who.ID, c.Param("token"), who.ID); err != nil {
		return err
	}

	h.leave(c, note{Kind: tokenRemoved})
	return c.Redirect(http.StatusSeeOther, views.MePath)
}
