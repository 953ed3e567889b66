package handlers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// somebody is a person as the routes meet them: what they may do where a route
// is about no project, in a project that is open, and in one for its members
// only.
type somebody struct {
	name    string
	account corpus.Role
	open    corpus.Role
	closed  corpus.Role // "" where the project is not there for them
	token   bool        // a program of theirs, with every scope there is
	none    bool        // nobody is signed in
}

const (
	openProject corpus.ProjectID = iota + 1
	closedProject
	otherProject
)

// everybody has one row for each way to have a right or to lack it. How they
// come to it is in rightsSite.
var everybody = []somebody{
	{name: "nobody", none: true},
	{name: "disabled", none: true},
	{name: "signed out", none: true},
	{name: "administrator", account: "administrator", open: "administrator", closed: "administrator"},
	{name: "manager", account: "manager", open: "manager"},
	{name: "adjudicator", account: "adjudicator", open: "adjudicator"},
	{name: "annotator", account: "annotator", open: "annotator"},
	{name: "manager of another project", account: "annotator", open: "annotator"},
	{name: "manager here", account: "annotator", open: "annotator", closed: "manager"},
	{name: "lower here", account: "manager", open: "annotator", closed: "adjudicator"},
	{name: "administrator, a member", account: "administrator", open: "administrator", closed: "administrator"},
	{name: "token of an administrator", account: "administrator", open: "administrator", closed: "administrator", token: true},
	{name: "token of lower here", account: "manager", open: "annotator", closed: "adjudicator", token: true},
}

// rightsSite has the people of everybody and the three projects, each with a
// document of the project's number.
func rightsSite(t *testing.T) (s *site, secrets map[string]string) {
	t.Helper()
	s = &site{t: t, store: dbtest.Open(t), cookies: map[string]map[string]string{}}
	var err error
	if s.server, err = New(s.store, Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.server.Close)
	for _, name := range []string{"open", "closed", "other"} {
		s.add(dbtest.Project(t, s.store, name), `{"id":"a","text":"A page"}`+"\n")
	}

	ctx := t.Context()
	secrets = map[string]string{}
	ids := map[string]corpus.AnnotatorID{}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range everybody {
		if who.token {
			owner := strings.TrimPrefix(strings.TrimPrefix(who.name, "token of "), "an ")
			secret, err := s.store.AddToken(ctx, ids[owner], corpus.Token{Name: "all", Scopes: corpus.Scopes}, 0)
			ok(err)
			secrets[who.name] = secret
			continue
		}
		role := who.account
		if role == "" {
			role = corpus.Manager
		}
		ids[who.name] = dbtest.Annotator(t, s.store, who.name, role).ID
		if secrets[who.name], err = s.store.AddSession(ctx, ids[who.name], "test"); err != nil {
			t.Fatal(err)
		}
	}
	ok(s.store.SetMember(ctx, otherProject, ids["manager of another project"], corpus.Manager, 0))
	ok(s.store.SetMember(ctx, closedProject, ids["manager here"], corpus.Manager, 0))
	ok(s.store.SetMember(ctx, openProject, ids["lower here"], corpus.AnnotatorRole, 0))
	ok(s.store.SetMember(ctx, closedProject, ids["lower here"], corpus.Adjudicator, 0))
	ok(s.store.SetMember(ctx, closedProject, ids["administrator, a member"], corpus.AnnotatorRole, 0))
	ok(s.store.SetOpen(ctx, closedProject, false, 0))
	ok(s.store.SetOpen(ctx, otherProject, false, 0))
	ok(s.store.SetDisabled(ctx, ids["disabled"], true, 0))
	ok(s.store.RemoveSession(ctx, secrets["signed out"]))
	secrets["nobody"] = ""

	return s, secrets
}

// parameters are what a route's address may hold besides a project or a
// document, and what the route has to be about for the right to follow: the
// parameter alone gives none.
var parameters = map[string]string{
	"run": "/:project/", "import": "/:project/", "job": "/:project/", "format": "/:project/", "release": "/:project/releases/", "comment": "/:document/comments/", "ruling": "/:project/suggestions/rulings/",
	"token": "/me/tokens/ /welcome/", "session": "/me/sessions/", "identity": "/me/identities/",
	"person": "/people/", "link": "/people/links/",
}

var parameter = regexp.MustCompile(`:(\w+)`)

// filled is the address of a route about a project. It fails for a parameter
// that it does not know: somebody has to say first what gives the right to it.
func filled(t *testing.T, path string, project corpus.ProjectID) string {
	t.Helper()
	return parameter.ReplaceAllStringFunc(path, func(p string) string {
		name := p[1:]
		if name == "project" || name == "document" { // each project has one document, of its number
			return fmt.Sprint(project)
		}
		for _, about := range strings.Fields(parameters[name]) {
			if strings.Contains(path, about) {
				return "1"
			}
		}
		t.Fatalf("the route %s has the parameter :%s; say in parameters what gives the right to it", path, name)
		return ""
	})
}

// rightAnswer is what a route has to answer, as its row in the table has it:
// 204 where the handler is reached.
func (who somebody) rightAnswer(r route, project corpus.ProjectID) (status int) {
	role := who.account
	if strings.Contains(r.path, ":project") || strings.Contains(r.path, ":document") {
		role = map[corpus.ProjectID]corpus.Role{openProject: who.open, closedProject: who.closed}[project]
	}
	api := strings.HasPrefix(r.path, "/api/")
	switch {
	case r.who == anyone:
		return http.StatusNoContent
	case api && !who.token:
		return http.StatusUnauthorized
	case who.none && r.method == http.MethodGet:
		return http.StatusSeeOther
	case who.none:
		return http.StatusUnauthorized
	case role == "":
		return http.StatusNotFound
	case !role.Includes(r.who), who.token && r.scope == "":
		return http.StatusForbidden
	}

	return http.StatusNoContent
}

// Every route is asked as everybody, in an open project and in one for members
// only. The handlers are taken out, so that all that answers is the right.
func TestEveryRouteAsksForItsRight(t *testing.T) {
	t.Parallel()
	s, secrets := rightsSite(t)
	routes := s.server.h.routes()
	for i := range routes {
		routes[i].handler = func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }
	}
	e := echo.New()
	e.HTTPErrorHandler = s.server.h.fail
	e.IPExtractor = echo.ExtractIPDirect()
	s.server.h.register(e, routes)

	asked := 0
	for _, r := range routes {
		for _, project := range []corpus.ProjectID{openProject, closedProject} {
			for _, who := range everybody {
				request := httptest.NewRequest(r.method, filled(t, r.path, project), nil)
				asked++
				request.RemoteAddr = fmt.Sprintf("[2001:db8:%x::1]:4000", asked) // each is a network of its own
				if who.token {
					request.Header.Set("Authorization", "Bearer "+secrets[who.name])
				} else if secrets[who.name] != "" {
					request.AddCookie(&http.Cookie{Name: plainCookie, Value: secrets[who.name]})
				}
				w := httptest.NewRecorder()
				e.ServeHTTP(w, request)

				want := who.rightAnswer(r, project)
				to := w.Header().Get("Location")
				if w.Code != want || (want == http.StatusSeeOther) != strings.HasPrefix(to, "/sign-in?next=") && r.path != "/" {
					t.Errorf("%s %s as %s: %d to %q, want %d (the table says: %s, scope %q)", r.method, request.URL.Path, who.name, w.Code, to, want, r.who, r.scope)
				}
			}
		}
	}
	if asked < 80*2*len(everybody) {
		t.Errorf("only %d requests were made", asked)
	}
}

// What stands in an address behind a project must be of that project.
func TestWhatBelongsToAnotherProjectIsNotThere(t *testing.T) {
	t.Parallel()
	s, secrets := rightsSite(t)
	s.cookies["manager"] = map[string]string{plainCookie: secrets["manager"]}
	p, err := s.store.Project(t.Context(), closedProject)
	if err != nil {
		t.Fatal(err)
	}
	foreign := s.addRun(p, "foreign", nil)
	if p, err = s.store.Project(t.Context(), openProject); err != nil {
		t.Fatal(err)
	}
	own := s.addRun(p, "own", nil)
	link, err := s.store.AddInvitation(t.Context(), corpus.Invitation{Role: corpus.AnnotatorRole, Project: closedProject, For: 7 * 24 * time.Hour}, 0)
	if err != nil {
		t.Fatal(err)
	}

	tried := 0
	for _, r := range s.server.h.routes() {
		if !strings.HasPrefix(r.path, "/projects/:project/") {
			continue
		}
		for name, fill := range map[string]*strings.Replacer{
			"run":      strings.NewReplacer(":run", fmt.Sprint(foreign), ":document", "1"),
			"document": strings.NewReplacer(":run", fmt.Sprint(own), ":document", fmt.Sprint(closedProject)),
			"person":   strings.NewReplacer(":person", "1"),
			"link":     strings.NewReplacer(":link", "1"),
		} {
			if !strings.Contains(r.path, ":"+name) || name == "person" && !strings.HasPrefix(r.path, "/projects/:project/people/") {
				continue // elsewhere a person needs no place of their own in the project
			}
			tried++
			path := fill.Replace(strings.Replace(r.path, ":project", fmt.Sprint(openProject), 1))
			request := httptest.NewRequest(r.method, path, strings.NewReader("role=annotator"))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if status := s.send("manager", request).StatusCode; status != http.StatusNotFound {
				t.Errorf("%s %s: the %s is another project's, and the answer is %d", r.method, path, name, status)
			}
		}
	}
	if tried < 12 {
		t.Errorf("only %d addresses were tried", tried)
	}
	if _, err := s.store.Link(t.Context(), link); err != nil {
		t.Errorf("the link of the other project was withdrawn: %v", err)
	}
}

// A project that is not there for somebody is on no page of theirs.
func TestAProjectForMembersIsNotListed(t *testing.T) {
	t.Parallel()
	s, secrets := rightsSite(t)
	for who, want := range map[string]string{"annotator": "open", "manager here": "closed open", "administrator": "closed open other"} {
		s.cookies[who] = map[string]string{plainCookie: secrets[who]}
		doc := s.page(s.get(who, "/"))
		if got := strings.Join(strings.Fields(doc.Find(".project h2").Text()), " "); strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s sees %q, want %q", who, got, want)
		}
	}
}
