package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

func TestVisitsToPeople(t *testing.T) {
	get, post := http.MethodGet, http.MethodPost
	for _, v := range []visit{
		{"everybody, for administrators", "mara", get, "/people", nil, 200, "", []string{"tbody tr:nth-child(1) td.name: ines", "form[action='/people/2/role'] option[value=manager][selected]", "form[action='/people/3/reset']", "form[action='/people/3/disable']", "#invite option[value=administrator]", "#invite option: Newswire", "#invite option[value='7'][selected]", ".person a[href='/people']", "a[href='/log']"}, []string{"form[action='/people/1/disable']", "#links", "#made"}},
		{"a manager does not see them", "mona", get, "/people", nil, 403, "", []string{"h1: You may not do this"}, []string{"table"}},
		{"a role", "mara", post, "/people/3/role", form("role", "adjudicator"), 303, "/people", nil, nil},
		{"a role that there is not", "mara", post, "/people/3/role", form("role", "king"), 422, "", []string{"[role=alert]: no role", "tbody tr"}, nil},
		{"the last administrator stays one", "mara", post, "/people/1/role", form("role", "manager"), 422, "", []string{"[role=alert]: last administrator"}, nil},
		{"nobody takes their own access", "mara", post, "/people/1/disable", nil, 422, "", []string{"[role=alert]: Another administrator"}, nil},
		{"somebody who is not there", "mara", post, "/people/99/role", form("role", "manager"), 404, "", nil, nil},
		{"somebody who cannot be", "mara", post, "/people/x/disable", nil, 404, "", nil, nil},
		{"a link for a new password is shown once", "mara", post, "/people/3/reset", nil, 200, "", []string{"#made: ines sets a new password", "#new-link: http://example.com/welcome/", "button[data-copy=new-link]", "#links: a new password for ines", "#links tbody td:nth-child(2): mara", "form[action='/people/links/1/revoke']"}, nil},
		{"an invitation to an account", "mara", post, "/people/links", form("role", "administrator", "project", "", "days", "1"), 200, "", []string{"#made-title: invites an administrator", "#new-link", "#links: an administrator", "#links: for 24 more hours"}, nil},
		{"an invitation to a project", "mara", post, "/people/links", form("role", "manager", "project", "1", "days", "30"), 200, "", []string{"#made-title: invites a manager to Newswire", "#links: a manager to Newswire"}, nil},
		{"an administrator of a project there is none", "mara", post, "/people/links", form("role", "administrator", "project", "2", "days", "30"), 422, "", []string{"#problem-role: no role", "#invite-role option[value=administrator][selected]", "#invite-project option[value='2'][selected]", "#invite-days option[value='30'][selected]"}, []string{"#made", "#links"}},
		{"a link that works for no time", "mara", post, "/people/links", form("role", "manager", "days", "x"), 422, "", []string{"#problem-days: 1 to 365"}, []string{"#made"}},
		{"an invitation to a project that is not there", "mara", post, "/people/links", form("role", "manager", "project", "99", "days", "7"), 404, "", nil, nil},
		{"a link that is not there is not withdrawn", "mara", post, "/people/links/9/revoke", nil, 404, "", nil, nil},

		{"the people of a project", "mona", get, news + "/people", nil, 200, "", []string{".tabs [aria-current=page]: People", "#open: Everybody with an account", "#members: no members", "#add input[name=name]", "#invite option[value=manager]", "a[href='/projects/1/log']"}, []string{"#invite option[value=administrator]", "#invite-project", "#links"}},
		{"an annotator does not see them", "ines", get, news + "/people", nil, 403, "", nil, []string{".tabs a[href='/projects/1/people']"}},
		{"a member", "mona", post, news + "/people", form("name", " INES ", "role", "adjudicator"), 303, news + "/people", nil, nil},
		{"nobody of that name", "mona", post, news + "/people", form("name", "olga", "role", "adjudicator"), 422, "", []string{"#problem-name: Nobody here is called", "#name[value=olga][aria-invalid=true]", "#add-role option[value=adjudicator][selected]"}, nil},
		{"a member with a role that there is not", "mona", post, news + "/people", form("name", "ines", "role", "administrator"), 422, "", []string{"#problem-role"}, nil},
		{"a role of who is no member", "mona", post, news + "/people/3/role", form("role", "annotator"), 404, "", nil, nil},
		{"closed", "mona", post, news + "/people/open", form("open", "0"), 303, news + "/people", nil, nil},
		{"an invitation of a manager", "mona", post, news + "/people/links", form("role", "annotator", "days", "7"), 200, "", []string{"#made-title: invites an annotator to Newswire", "#links: for 7 more days", "form[action='/projects/1/people/links/1/revoke']"}, nil},
		{"an invitation above a manager's own role", "mona", post, news + "/people/links", form("role", "administrator", "days", "7"), 422, "", []string{"#problem-role"}, []string{"#made"}},

		{"a project's log", "mona", get, news + "/log", nil, 200, "", []string{"#log li: somebody at the machine made the project Newswire", "#kind option[value=project-added]"}, []string{"#log li: Quiet", "a[rel=next]"}},
		{"the whole log", "mara", get, "/log", nil, 200, "", []string{"#log li: made an account for ines, an annotator", "#log li: made the project Quiet"}, nil},
		{"a manager does not see the whole log", "mona", get, "/log", nil, 403, "", nil, nil},
		{"a log in which nothing fits", "mara", get, "/log?kind=gold-removed", nil, 200, "", []string{".empty a[href='/log']"}, []string{"#log"}},
		{"a filter that is none", "mara", get, "/log?by=x&before=-1", nil, 200, "", []string{"#log li"}, nil},

		{"where one is signed in", "ines", get, "/me", nil, 200, "", []string{"#sessions li: this one", "#sessions li: A browser that does not say its name"}, []string{"#sessions form"}},
		{"a session that is not one's own", "ines", post, "/me/sessions/0011223344556677/end", nil, 404, "", nil, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if v.method == post {
				s.check(s.post(v.who, v.path, v.form), v)
			} else {
				s.check(s.get(v.who, v.path), v)
			}
		})
	}
}

// undo presses the button of the note on the page that a change led to.
func (s *site) undo(who string, changed *http.Response) *goquery.Document {
	s.t.Helper()
	doc := s.page(s.get(who, changed.Header.Get("Location")))
	fields := url.Values{}
	doc.Find(".toast input").Each(func(_ int, e *goquery.Selection) { fields.Add(e.AttrOr("name", ""), e.AttrOr("value", "")) })
	action, ok := doc.Find(".toast form").Attr("action")
	if !ok {
		s.t.Fatalf("there is no Undo: %s", doc.Find(".toast").Text())
	}
	back := s.post(who, action, fields)
	if back.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("undo answers %d: %s", back.StatusCode, s.page(back).Find("main").Text())
	}

	return s.page(s.get(who, back.Header.Get("Location")))
}

func TestChangesOfRightsAreTakenBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.see(s.undo("mara", s.post("mara", "/people/3/role", form("role", "manager"))), "form[action='/people/3/role'] option[value=annotator][selected]")
	s.see(s.undo("mara", s.post("mara", "/people/3/disable", nil)), "form[action='/people/3/disable']")
	s.seeNot(s.undo("mona", s.post("mona", news+"/people", form("name", "ines", "role", "manager"))), "#members table")

	s.post("mona", news+"/people", form("name", "ines", "role", "manager"))
	s.see(s.undo("mona", s.post("mona", news+"/people/3/role", form("role", "annotator"))), "form[action='/projects/1/people/3/role'] option[value=manager][selected]")
	s.see(s.undo("mona", s.post("mona", news+"/people/3/remove", nil)), "form[action='/projects/1/people/3/role'] option[value=manager][selected]")
	s.see(s.undo("mona", s.post("mona", news+"/people/open", form("open", "0"))), "#open: Everybody with an account")
}

func TestWhoIsDisabledIsOutAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.check(s.get("ines", "/"), visit{status: 200})
	s.post("mara", "/people/3/disable", nil)
	s.check(s.get("ines", "/"), visit{status: 303, to: "/sign-in"})
	s.see(s.page(s.get("mara", "/people")), "tbody tr:nth-child(1) .chip: no access", "form[action='/people/3/enable']")
}

func TestAProjectIsClosedToWhoIsNoMember(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.check(s.get("ines", "/documents/1"), visit{status: 200})
	s.post("mona", news+"/people/open", form("open", "0"))

	for _, path := range []string{news, news + "/documents", news + "/guidelines", "/documents/1", "/documents/1/source", "/documents/1/state"} {
		s.check(s.get("ines", path), visit{status: 404, hasNot: []string{".tabs"}})
	}
	if r := s.post("ines", news+"/next", nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("the queue answers %d", r.StatusCode)
	}
	s.seeNot(s.page(s.get("ines", "/")), "a[href='/projects/1']")
	s.check(s.get("mona", news), visit{status: 200}) // who closed it stays in
	s.check(s.get("mara", news), visit{status: 200})

	s.post("mona", news+"/people", form("name", "ines", "role", "manager"))
	s.check(s.get("ines", news+"/settings"), visit{status: 200, has: []string{".tabs a[href='/projects/1/people']"}})
	s.check(s.get("ines", quiet+"/settings"), visit{status: 403})
	s.check(s.post("ines", news+"/people/3/remove", nil), visit{status: 303, to: "/"})
	s.check(s.get("ines", news), visit{status: 404})
}

// link is the address that a page shows once.
func (s *site) link(r *http.Response) string {
	s.t.Helper()
	doc := s.page(r)
	u, err := url.Parse(doc.Find("#new-link").Text())
	if err != nil || !strings.HasPrefix(u.Path, "/welcome/") {
		s.t.Fatalf("no link on the page: %s", doc.Find("main").Text())
	}

	return u.Path
}

func TestAnInvitationFromMakingToUse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("mona", news+"/people/open", form("open", "0"))
	invite := func() string {
		return s.link(s.post("mona", news+"/people/links", form("role", "adjudicator", "days", "7")))
	}

	// Somebody new makes an account.
	link, newcomer := invite(), newVisitor(s)
	s.check(s.get(newcomer, link), visit{status: 200, has: []string{"main: mona invites you to Newswire, as an adjudicator", "form[action='" + link + "'] input[name=name]", "a[href='/sign-in?next=" + url.QueryEscape(link) + "']"}})
	s.check(s.post(newcomer, link, form("name", "olga", "password", "quiet villages")), visit{status: 303, to: news})
	s.check(s.get(newcomer, news+"/runs"), visit{status: 200})
	s.check(s.get(newcomer, news+"/people"), visit{status: 403})
	s.check(s.get("mona", news+"/people"), visit{status: 200, has: []string{"#members: olga", "#links: used by olga"}, hasNot: []string{"#links form"}})
	s.check(s.get(newVisitor(s), link), visit{status: 404, has: []string{"h1: does not work any more"}})

	// Who is signed in joins with that account.
	link = invite()
	s.check(s.get("ines", link), visit{status: 200, has: []string{"h1: Join Newswire", "form[action='" + link + "/join'] button: Join as ines"}, hasNot: []string{"input[name=password]"}})
	s.check(s.post("ines", link+"/join", nil), visit{status: 303, to: news})
	s.check(s.get("ines", news), visit{status: 200, has: []string{".toast: You are in"}})
	s.check(s.post("ines", link+"/join", nil), visit{status: 404})

	// Who may as much already does not use it up.
	link = invite()
	s.check(s.post("ines", link+"/join", nil), visit{status: 422, has: []string{"[role=alert]: as much in Newswire already", "a.primary[href='/projects/1']"}, hasNot: []string{"main button"}})
	s.check(s.post(newVisitor(s), link+"/join", nil), visit{status: 401})

	// Withdrawn, it is worth nothing.
	doc := s.page(s.get("mona", news+"/people"))
	s.check(s.post("mona", doc.Find("#links form").First().AttrOr("action", ""), nil), visit{status: 303, to: news + "/people"})
	s.check(s.get(newVisitor(s), link), visit{status: 404})
	s.see(s.page(s.get("mona", news+"/log")), "#log li: olga joined Newswire as an adjudicator", "#log li: mona withdrew a link that invites an adjudicator")
}

func TestANewPasswordByLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	link, other := s.link(s.post("mara", "/people/3/reset", nil)), newVisitor(s)
	s.check(s.get(other, link), visit{status: 200, has: []string{"h1: A new password for ines", "input[name=password][autocomplete=new-password]"}, hasNot: []string{"input[name=name]"}})
	s.check(s.post(other, link, form("password", "short")), visit{status: 422, has: []string{"#problem-password: at least 8"}})
	s.check(s.get("ines", "/me"), visit{status: 200}) // nothing has happened yet
	s.check(s.post(other, link, form("password", "quiet villages")), visit{status: 303, to: "/"})
	s.check(s.get(other, "/me"), visit{status: 200, has: []string{"h1: ines", ".toast: password is changed"}})
	s.check(s.get("ines", "/me"), visit{status: 303, to: "/sign-in?next=%2Fme"})
	s.check(s.post("ines", "/sign-in", form("name", "ines", "password", "quiet villages")), visit{status: 303, to: "/"})
	s.check(s.post(newVisitor(s), link, form("password", "quiet villages 2")), visit{status: 404})
}

func TestSessionsAreEndedOneByOneAndTogether(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	signIn := func(agent string) string {
		token, err := s.store.AddSession(t.Context(), 3, agent)
		if err != nil {
			t.Fatal(err)
		}
		who := newVisitor(s)
		s.cookies[who][plainCookie] = token
		return who
	}
	phone, desk := signIn("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"), signIn("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0")
	doc := s.check(s.get("ines", "/me"), visit{status: 200, has: []string{"#sessions li: Safari on iPhone", "#sessions li: Firefox on Linux", "form[action='/me/sessions/end']"}})
	end, ok := doc.Find("button[aria-label='Sign out Safari on iPhone']").Parent().Attr("action")
	if !ok {
		t.Fatal("the phone cannot be signed out")
	}
	s.check(s.post("mona", end, nil), visit{status: 404})
	s.check(s.post("ines", end, nil), visit{status: 303, to: "/me"})
	s.check(s.get(phone, "/me"), visit{status: 303, to: "/sign-in?next=%2Fme"})
	s.check(s.get(desk, "/me"), visit{status: 200})
	s.check(s.post("ines", "/me/sessions/end", nil), visit{status: 303, to: "/me"})
	s.check(s.get(desk, "/me"), visit{status: 303, to: "/sign-in?next=%2Fme"})
	s.check(s.get("ines", "/me"), visit{status: 200, has: []string{".toast: everywhere else"}, hasNot: []string{"#sessions form"}})

	s.check(s.post("mara", "/people/3/sessions/end", nil), visit{status: 303, to: "/people"})
	s.check(s.get("ines", "/me"), visit{status: 303, to: "/sign-in?next=%2Fme"})
	s.check(s.post("mara", "/people/1/sessions/end", nil), visit{status: 303, to: "/people"})
	s.check(s.get("mara", "/people"), visit{status: 200}) // one's own browser stays signed in
}

func TestSigningInMakesASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hash, err := HashPassword(t.Context(), "quiet villages")
	if err == nil {
		err = s.store.SetPassword(t.Context(), 2, hash, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	planted := s.cookies["ines"][plainCookie]
	s.check(s.post("ines", "/sign-in", form("name", "mona", "password", "quiet villages")), visit{status: 303, to: "/"})
	if s.cookies["ines"][plainCookie] == planted {
		t.Error("the session from before signing in goes on")
	}
	if _, err := s.store.Session(t.Context(), planted); err == nil {
		t.Error("the session from before signing in still works")
	}
}

func TestTheLogIsReadPageByPageAndByPrograms(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 60 {
		s.post("mona", news+"/people/open", form("open", fmt.Sprint(i%2)))
	}
	seen, path := 0, news+"/log?kind=project-closed"
	for path != "" {
		doc := s.check(s.get("mona", path), visit{status: 200, has: []string{"#kind option[value=project-closed][selected]"}})
		seen += doc.Find("#log li").Length()
		path = doc.Find("a[rel=next]").AttrOr("href", "")
	}
	if seen != 30 {
		t.Errorf("%d lines seen, want 30", seen)
	}
	s.see(s.page(s.get("mona", news+"/log")), "a[rel=next]", "#by option: mona")
	s.seeNot(s.page(s.get("mona", news+"/log?by=1")), "#log") // mara did nothing here

	var got struct {
		Log    []corpus.LogEntry
		Before int64
	}
	token := s.tokenOf("mona", corpus.ScopeRead)
	read := func(path string) {
		t.Helper()
		r := s.with(token, http.MethodGet, path)
		if r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d", path, r.StatusCode)
		}
		got.Before = 0
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
	}
	read("/api/v1/projects/Newswire/log?limit=7")
	if len(got.Log) != 7 || got.Log[0].By != "mona" || got.Log[0].Project != "Newswire" || got.Before != got.Log[6].ID {
		t.Errorf("%+v", got)
	}
	read(fmt.Sprintf("/api/v1/projects/1/log?before=%d", got.Before))
	if last := got.Log[len(got.Log)-1]; last.Kind != "project-added" || got.Before != 0 {
		t.Errorf("%+v, before %d", last, got.Before)
	}
	if status := s.with(token, http.MethodGet, "/api/v1/log").StatusCode; status != http.StatusForbidden {
		t.Errorf("a manager's token reads the whole log: %d", status)
	}
}

// No secret stands in a line of the server's log, whatever happens to it.
func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	var lines bytes.Buffer
	store := dbtest.Open(t)
	server, err := New(store, Options{Log: slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s := &site{t: t, store: store, server: server, cookies: map[string]map[string]string{"mara": {}}}
	first, err := store.AddFirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.post("mara", "/welcome/"+first, form("name", "mara", "password", "quiet villages"))
	session := s.cookies["mara"][plainCookie]
	api, err := store.AddToken(t.Context(), 1, corpus.Token{Name: "all", Scopes: corpus.Scopes}, 1)
	if err != nil {
		t.Fatal(err)
	}
	reset := strings.TrimPrefix(s.link(s.post("mara", "/people/1/reset", nil)), "/welcome/")
	s.get("mara", "/welcome/"+reset)
	s.get("mara", "/welcome/"+reset+"/nothing?x="+reset)
	s.post("mara", "/welcome/"+reset, form("password", "short"))
	s.post("mara", "/sign-in", form("name", "mara", "password", "another villages"))
	r := httptest.NewRequest(http.MethodGet, "/api/v1/log", nil)
	r.Header.Set("Authorization", "Bearer "+api)
	s.send("mara", r)
	if _, err := store.Path(), store.Close(); err != nil { // and what fails on our side
		t.Fatal(err)
	}
	s.get("mara", "/welcome/"+reset)
	s.get("mara", "/")

	if strings.Count(lines.String(), "\n") < 8 || !strings.Contains(lines.String(), "request failed") {
		t.Fatalf("too little was logged for this to show anything:\n%s", lines.String())
	}
	for _, secret := range []string{first, session, api, reset, "quiet villages", "another villages"} {
		if secret == "" || strings.Contains(lines.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, lines.String())
		}
	}
}

func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	for name, guess := range map[string]func(s *site, n int) *http.Response{
		"a password": func(s *site, n int) *http.Response {
			return s.post("", "/sign-in", form("name", "mara", "password", strings.Repeat("x", 201)))
		},
		"a password over a page": func(s *site, n int) *http.Response {
			return s.json("", http.MethodPost, "/session", `{"name":"mara","password":"`+strings.Repeat("x", 201)+`"}`)
		},
		"the old password": func(s *site, n int) *http.Response {
			return s.post("ines", "/me/password", form("old", strings.Repeat("x", 201)))
		},
		"a link":         func(s *site, n int) *http.Response { return s.get("", fmt.Sprint("/welcome/", n)) },
		"a link, posted": func(s *site, n int) *http.Response { return s.post("", fmt.Sprint("/welcome/", n), nil) },
		"a link, joined": func(s *site, n int) *http.Response { return s.post("ines", fmt.Sprint("/welcome/", n, "/join"), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			for n := range 11 {
				if status := guess(s, n).StatusCode; (status == http.StatusTooManyRequests) != (n == 10) {
					t.Fatalf("guess %d: %d", n+1, status)
				}
			}
		})
	}
}

func TestTokensThatAreNoneShutANetworkOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := s.tokenOf("mara", corpus.ScopeRead)
	ask := func(token, from string) int {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/log", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.RemoteAddr = from
		return s.send("", r).StatusCode
	}
	for n := 0; ask(fmt.Sprint("guess", n), "[2001:db8::1]:1") == http.StatusUnauthorized; n++ {
		if n > 2*missesAtOnce {
			t.Fatal("guesses are never too many")
		}
	}
	if status := ask(good, "[2001:db8::2]:1"); status != http.StatusTooManyRequests {
		t.Errorf("from the same network: %d", status)
	}
	if status := ask(good, "192.0.2.7:1"); status != http.StatusOK {
		t.Errorf("from another: %d", status)
	}
}

func TestNetwork(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "::ffff:192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "@": "@",
	} {
		if got := network(ip); got != want {
			t.Errorf("%q is %q, want %q", ip, got, want)
		}
	}
}

func TestTheSessionCookieOnHTTPS(t *testing.T) {
	t.Parallel()
	store := dbtest.Open(t)
	server, err := New(store, Options{BaseURL: "https://annotate.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	token, err := store.AddFirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/welcome/"+token, strings.NewReader(form("name", "mara", "password", "quiet villages").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name != "__Host-annotate" {
			continue
		}
		if !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteLaxMode || c.MaxAge > int((31*24*time.Hour).Seconds()) {
			t.Errorf("%+v", c)
		}
		return
	}
	t.Errorf("no session cookie of that name: %v", w.Result().Cookies())
}
