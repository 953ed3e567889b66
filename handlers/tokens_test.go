package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/internal/corpus"
)

// with makes a request as a program would that holds the token.
func (s *site) with(token, method, path string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)

	return s.send("", r)
}

// brieflyWith is with for routes whose answers may go on until nobody listens.
func (s *site) brieflyWith(token, method, path string) *http.Response {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)

	return s.send("", r)
}

// tokenOf is a new token of a person, with those scopes.
func (s *site) tokenOf(who string, scopes ...corpus.Scope) string {
	s.t.Helper()
	a, err := s.store.AnnotatorByName(s.t.Context(), who)
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.store.AddToken(s.t.Context(), a.ID, corpus.Token{Name: "test", Scopes: scopes}, a.ID)
	if err != nil {
		s.t.Fatal(err)
	}

	return token
}

// aPath is a route's path with something in place of what it leaves open: the
// first project, and of the rest what is there or could be.
func aPath(r route) string {
	return regexp.MustCompile(`:\w+`).ReplaceAllString(r.path, "1")
}

// What a token may not do it is refused on every route, and told which scope it
// lacks; what it may do, on none.
func TestEveryRouteWithATokenOfEachScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, scope := range corpus.Scopes {
		token := s.tokenOf("mara", scope)
		for _, r := range s.server.h.routes() {
			if r.who == anyone || r.scope == scope {
				continue
			}
			name := fmt.Sprintf("%s %s with %s", r.method, r.path, scope)
			answer := s.with(token, r.method, aPath(r))
			said := strings.Join(strings.Fields(s.page(answer).Text()), " ")
			challenge := answer.Header.Get("WWW-Authenticate")
			switch {
			case answer.StatusCode == http.StatusNotFound && strings.Contains(r.path, "/:") && !strings.Contains(r.path, "/projects/:project"):
				// There is no such document, which comes before the scope.
			case answer.StatusCode != http.StatusForbidden:
				t.Errorf("%s: %d, want 403", name, answer.StatusCode)
			case r.scope == "" && (!strings.Contains(said, "not for a token") || challenge != ""):
				t.Errorf("%s: it says %q %q", name, said, challenge)
			case r.scope != "" && (!strings.Contains(said, "lacks the scope "+string(r.scope)) || challenge != `Bearer error="insufficient_scope", scope="`+string(r.scope)+`"`):
				t.Errorf("%s: it says %q %q", name, said, challenge)
			}
		}
	}
	if p, err := s.store.Project(t.Context(), 1); err != nil || p.Removed {
		t.Errorf("something was done: %+v %v", p, err)
	}

	// What removes comes last, so that the others find what they are about.
	routes := s.server.h.routes()
	slices.SortStableFunc(routes, func(a, b route) int {
		return strings.Compare(fmt.Sprint(strings.HasSuffix(a.path, "/remove")), fmt.Sprint(strings.HasSuffix(b.path, "/remove")))
	})
	allowed := map[corpus.Scope]int{}
	for _, r := range routes {
		if r.scope == "" {
			continue
		}
		allowed[r.scope]++
		answer := s.brieflyWith(s.tokenOf("mara", r.scope), r.method, aPath(r))
		if status := answer.StatusCode; status == http.StatusUnauthorized || status == http.StatusForbidden || answer.Header.Get("WWW-Authenticate") != "" {
			t.Errorf("%s %s with its scope %s: %d", r.method, r.path, r.scope, status)
		}
	}
	for _, scope := range corpus.Scopes {
		if allowed[scope] == 0 {
			t.Errorf("no route needs the scope %s", scope)
		}
	}
}

// No scope gives more than its person may.
func TestATokenDoesNotExceedItsPerson(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.tokenOf("ines", corpus.Scopes...)
	n := 0
	for _, r := range s.server.h.routes() {
		if r.who == anyone || r.who == annotators {
			continue
		}
		n++
		if status := s.with(token, r.method, aPath(r)).StatusCode; status != http.StatusForbidden && status != http.StatusNotFound {
			t.Errorf("%s %s as an annotator: %d", r.method, r.path, status)
		}
	}
	if n < 30 {
		t.Errorf("only %d routes are for more than annotators", n)
	}
}

// Looking takes the scope read, and read lets do nothing else; whatever the API
// does, a token can be made for.
func TestScopesOfRoutes(t *testing.T) {
	t.Parallel()
	for _, r := range newSite(t).server.h.routes() {
		name := r.method + " " + r.path
		switch {
		case r.scope != "" && !slices.Contains(corpus.Scopes, r.scope):
			t.Errorf("%s needs the scope %q, which there is not", name, r.scope)
		case r.who == anyone && r.scope != "":
			t.Errorf("%s is for anyone, and needs a scope", name)
		case r.scope != "" && (r.method == http.MethodGet) != (r.scope == corpus.ScopeRead):
			t.Errorf("%s needs the scope %s", name, r.scope)
		case r.scope == "" && r.who != anyone && strings.HasPrefix(r.path, apiPrefix):
			t.Errorf("%s is for programs, and no token can do it", name)
		}
	}
}

func TestTheAPIDescriptionNamesTheScopes(t *testing.T) {
	t.Parallel()
	var described struct {
		Security []map[string][]corpus.Scope
		Paths    map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(openAPI, &described); err != nil {
		t.Fatal(err)
	}
	for _, r := range newSite(t).server.h.routes() {
		if !strings.HasPrefix(r.path, apiPrefix) {
			continue
		}
		operation := struct{ Security *[]map[string][]corpus.Scope }{}
		path := regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.path, "{$1}")
		if err := json.Unmarshal(described.Paths[path][strings.ToLower(r.method)], &operation); err != nil {
			t.Errorf("%s %s: %v", r.method, path, err)
			continue
		}
		got := described.Security
		if operation.Security != nil {
			got = *operation.Security
		}
		want := []map[string][]corpus.Scope{{"token": {r.scope}}}
		if r.who == anyone {
			want = nil
		}
		if !slices.EqualFunc(got, want, func(a, b map[string][]corpus.Scope) bool { return maps.EqualFunc(a, b, slices.Equal) }) {
			t.Errorf("%s %s: the description says %v, the route %v", r.method, path, got, want)
		}
	}
}

func TestATokenWorksUntilItsOwnerRemovesIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token := s.tokenOf("ines", corpus.ScopeRead)
	if status := s.with(token, http.MethodGet, "/").StatusCode; status != http.StatusOK {
		t.Errorf("with the token: %d", status)
	}

	who, err := s.store.AnnotatorByName(t.Context(), "ines")
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := s.store.Tokens(t.Context(), who.ID)
	if err != nil || len(tokens) != 1 || strings.Contains(tokens[0].ID, token) {
		t.Fatalf("tokens: %v, %v", tokens, err)
	}
	remove := "/me/tokens/" + tokens[0].ID + "/remove"
	s.check(s.get("ines", "/me"), visit{status: 200, has: []string{"#tokens li: test", "#tokens li: used", "#tokens li time + time", "#tokens code: read", "form[action='" + remove + "']"}})
	s.check(s.post("mara", remove, nil), visit{status: 404})
	s.check(s.post("ines", remove, nil), visit{status: 303, to: "/me"})
	if status := s.with(token, http.MethodGet, "/").StatusCode; status != http.StatusUnauthorized {
		t.Errorf("with a removed token: %d", status)
	}
	s.check(s.get("ines", "/me"), visit{status: 200, has: []string{".toast: does not work any more"}, hasNot: []string{"#tokens"}})
}

func TestATokenIsMadeInTheBrowser(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.check(s.get("mona", "/me"), visit{status: 200,
		has:    []string{"#token input[value=read][checked]", "#token input[value=runs][checked]", "#token input[value=manage]", "#token-days option[value='']"},
		hasNot: []string{"#token input[value=manage][checked]", "#token input[value=labels][checked]"}})

	doc := s.check(s.post("mona", "/me/tokens", form("name", "nightly", "scope", "import", "scope", "read", "days", "30")), visit{status: 200,
		has: []string{"#new-token", "#tokens li: nightly", "#tokens li code: read import", "#tokens li: never used", "#tokens li: works until " + time.Now().AddDate(0, 0, 30).UTC().Format("2 January 2006")}})
	who, held, err := s.store.Token(t.Context(), doc.Find("#new-token").Text())
	if err != nil || who.Name != "mona" || !slices.Equal(held.Scopes, []corpus.Scope{corpus.ScopeRead, corpus.ScopeImport}) || held.Expires.IsZero() {
		t.Errorf("%+v %+v %v", who, held, err)
	}

	for name, c := range map[string]struct {
		form url.Values
		has  []string
	}{
		"no name":             {form("name", " ", "scope", "read"), []string{"#problem-token", "#token-name[aria-invalid=true]"}},
		"no scope":            {form("name", "x"), []string{"#problem-scope: a scope at least", "#token fieldset[aria-describedby=problem-scope]", "#token-name[value=x]"}},
		"a scope of our own":  {form("name", "x", "scope", "read", "scope", "root"), []string{"#problem-scope: no scope", "#token input[value=read][checked]"}},
		"days that are none":  {form("name", "x", "scope", "read", "days", "-1"), []string{"#problem-days"}},
		"days without an end": {form("name", "x", "scope", "read", "days", "99999999999999999999"), []string{"#problem-days"}},
	} {
		t.Run(name, func(t *testing.T) {
			s.check(s.post("mona", "/me/tokens", c.form), visit{status: 422, has: c.has, hasNot: []string{"#new-token"}})
		})
	}
	if all, err := s.store.Tokens(t.Context(), who.ID); err != nil || len(all) != 1 {
		t.Errorf("%+v %v", all, err)
	}
}

// A program is told what it lacks in the words of RFC 6750 and RFC 9457.
func TestAPIATokenWithoutTheScope(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	reader := caller{s, s.tokenOf("mona", corpus.ScopeRead)}
	reader.want(200, "GET", "/projects/1/runs", "")
	if said := reader.want(403, "POST", "/projects/1/runs", `{"name":"a"}`); said["detail"] != "This token lacks the scope runs; make one that has it." {
		t.Errorf("%v", said)
	}
	caller{s, s.tokenOf("mona", corpus.ScopeRuns)}.want(201, "POST", "/projects/1/runs", `{"name":"a"}`)

	ended := s.tokenOf("mona", corpus.ScopeRead)
	who, held, err := s.store.Token(t.Context(), ended)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.RemoveToken(t.Context(), who.ID, held.ID, 0); err != nil {
		t.Fatal(err)
	}
	if said := (caller{s, ended}).want(401, "GET", "/projects/1/runs", ""); !strings.Contains(said["detail"].(string), "has run out") {
		t.Errorf("%v", said)
	}
	if _, _, err := s.store.Token(t.Context(), ended); !errors.Is(err, corpus.ErrNotFound) {
		t.Error(err)
	}
}
