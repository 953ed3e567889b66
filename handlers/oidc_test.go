package handlers

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// provided is a site where people may sign in at a real provider. When its test
// is over, none of the secrets that it met may stand in its log or in the log
// of changes, however the test went.
type provided struct {
	*site
	idp     *idp
	log     *journal
	secrets map[string]bool
}

func newProvided(t *testing.T, role corpus.Role) *provided {
	t.Helper()
	store, p := dbtest.Open(t), newIDP(t)
	s := &provided{idp: p, log: &journal{}, secrets: map[string]bool{clientSecret: true},
		site: &site{t: t, store: store, cookies: map[string]map[string]string{"": {}, "ines": {}, "nora": {}, "emil": {}}}}
	server, err := New(store, Options{
		Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), BaseURL: "http://127.0.0.1:8080/",
		OIDC: OIDC{Issuer: p.URL, ClientID: clientID, ClientSecret: clientSecret, Name: "University login", Role: role},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s.server = server
	ines := dbtest.Annotator(t, store, "ines", corpus.AnnotatorRole)
	token, err := store.AddSession(t.Context(), ines.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	s.cookies["ines"][plainCookie] = token
	t.Cleanup(s.keepsSecrets)

	return s
}

// keepsSecrets looks for everything that must stay unknown in what is kept.
func (s *provided) keepsSecrets() {
	for _, answer := range s.idp.answers {
		for _, name := range []string{"access_token", "id_token"} {
			if v, ok := answer[name].(string); ok {
				s.secrets[v] = true
			}
		}
	}
	for _, jar := range s.cookies {
		for _, value := range jar {
			s.secrets[value] = true
		}
	}
	changes, err := s.store.Log(s.t.Context(), corpus.LogFilter{})
	if err != nil && !errors.Is(err, s.t.Context().Err()) {
		s.t.Error(err)
	}
	kept, err := json.Marshal(changes)
	if err != nil {
		s.t.Error(err)
	}
	for secret := range s.secrets {
		if len(secret) < 8 {
			continue
		}
		if strings.Contains(s.log.String(), secret) {
			s.t.Errorf("the secret %q stands in the server's log", secret)
		}
		if strings.Contains(string(kept), secret) {
			s.t.Errorf("the secret %q stands in the log of changes", secret)
		}
	}
	if !strings.Contains(s.log.String(), "msg=request") {
		s.t.Error("the server logged nothing; this test finds no secrets")
	}
}

// leave is the address at the provider to which start leads. What goes along
// is as it should be.
func (s *provided) leave(who, start string) string {
	s.t.Helper()
	r := s.get(who, start)
	at, err := r.Location()
	if err != nil || r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at.String(), s.idp.URL+"/authorize?") {
		s.t.Fatalf("%s: %d to %v", start, r.StatusCode, at)
	}
	s.holds(at)

	return at.String()
}

// holds checks what is asked of the provider, and remembers its secrets.
func (s *provided) holds(at *url.URL) {
	s.t.Helper()
	q := at.Query()
	for name, want := range map[string]string{"client_id": clientID, "response_type": "code", "redirect_uri": comeBack, "scope": "openid profile email", "code_challenge_method": "S256"} {
		if q.Get(name) != want {
			s.t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 26 {
			s.t.Errorf("%s is %q", name, q.Get(name))
		}
		s.secrets[q.Get(name)] = true
	}
	if strings.Contains(at.String(), clientSecret) {
		s.t.Error("the client's secret travels through the browser")
	}
}

// back is what the tool answers to who comes back from the provider.
func (s *provided) back(who string, at *url.URL) *http.Response {
	s.t.Helper()
	for _, name := range []string{"state", "code"} {
		s.secrets[at.Query().Get(name)] = true
	}
	if !strings.HasPrefix(at.String(), comeBack+"?") {
		s.t.Fatalf("the provider sends people to %s", at)
	}

	return s.get(who, at.RequestURI())
}

// signIn is all of it for the person whom the provider calls name.
func (s *provided) signIn(who, start, name string) *http.Response {
	s.t.Helper()

	return s.back(who, s.idp.signIn(name, s.leave(who, start)))
}

func (s *provided) invite(role corpus.Role) string {
	s.t.Helper()
	link, err := s.store.AddInvitation(s.t.Context(), corpus.Invitation{Role: role, For: time.Hour}, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.secrets[link] = true

	return link
}

// person is who has the name.
func (s *provided) person(name string) corpus.Annotator {
	s.t.Helper()
	a, err := s.store.AnnotatorByName(s.t.Context(), name)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}

	return a
}

func TestOIDCTheFirstTimeIsByInvitation(t *testing.T) {
	t.Parallel()
	s := newProvided(t, "")
	link := s.invite(corpus.Adjudicator)
	s.check(s.get("nora", "/welcome/"+link), visit{status: 200, has: []string{"a#provider[href='/welcome/" + link + "/provider']: Sign in with University login"}})

	s.check(s.signIn("nora", "/welcome/"+link+"/provider", "nora"), visit{status: 303, to: "/sign-in/account"})
	s.check(s.get("nora", "/sign-in/account"), visit{status: 200, has: []string{"b: nora@example.org", "#name[value='Nora Berg']", "form[action='/sign-in/account'] button"}, hasNot: []string{"input[type=password]"}})
	s.check(s.post("nora", "/sign-in/account", form("name", " ")), visit{status: 422, has: []string{"#problem-name"}})
	s.check(s.post("nora", "/sign-in/account", form("name", "INES")), visit{status: 422, has: []string{"#problem-name: taken", "#name[value=INES]"}})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/"})

	s.check(s.get("nora", "/"), visit{status: 200, has: []string{"a[href='/me']: nora"}})
	if a := s.person("nora"); a.Role != corpus.Adjudicator {
		t.Errorf("%+v", a)
	}
	// Nobody has a password for the account, and the invitation is used up.
	for _, password := range []string{"-", "", "nora"} {
		s.check(s.post("emil", "/sign-in", form("name", "nora", "password", password)), visit{status: 422})
	}
	s.check(s.post("nora", "/sign-in/account", form("name", "nora again")), visit{status: 400})
	s.check(s.get("emil", "/welcome/"+link+"/provider"), visit{status: 404, has: []string{"h1: does not work any more"}})

	// The next time needs no invitation, and goes where one wanted to go.
	s.check(s.post("nora", "/sign-out", nil), visit{status: 303, to: "/sign-in"})
	s.check(s.get("nora", "/sign-in?next=%2Fme"), visit{status: 200, has: []string{"a#provider[href='/sign-in/provider?next=%2Fme']"}})
	s.check(s.signIn("nora", "/sign-in/provider?next=%2Fme", "nora"), visit{status: 303, to: "/me"})
	s.check(s.get("nora", "/me"), visit{status: 200, has: []string{"#identities li: nora@example.org", "#identities li: used", "#identities li time + time"}})
}

func TestOIDCWithoutAnInvitation(t *testing.T) {
	t.Parallel()
	s := newProvided(t, "")
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 403, has: []string{"h1: You have no account here yet", "p: Ask for an invitation link"}})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 400})
	if _, err := s.store.AnnotatorByName(t.Context(), "nora"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("she has an account: %v", err)
	}

	// Somebody of the same name here is somebody else.
	dbtest.Annotator(t, s.store, "Nora Berg", corpus.Manager)
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 403, has: []string{"h1: You have no account here yet"}})
}

func TestOIDCWithARoleForEverybody(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	s.check(s.signIn("nora", "/sign-in/provider?next=%2Fme", "nora"), visit{status: 303, to: "/sign-in/account"})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/me"})
	if a := s.person("nora"); a.Role != corpus.AnnotatorRole {
		t.Errorf("%+v", a)
	}
}

// A way to the provider leads back once, to the browser that went, and in time.
func TestOIDCTheWayBack(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	unknown := visit{status: 400, has: []string{"h1: Start signing in once more"}}

	at := s.idp.signIn("nora", s.leave("nora", "/sign-in/provider"))
	jar := map[string]string{}
	for name, value := range s.cookies["nora"] {
		jar[name] = value
	}
	s.check(s.back("emil", at), unknown) // another browser
	forged := *at
	q := forged.Query()
	q.Set("state", strings.ToLower(q.Get("state")))
	forged.RawQuery = q.Encode()
	s.check(s.back("nora", &forged), unknown)
	forged.RawQuery = "code=" + url.QueryEscape(q.Get("code"))
	s.check(s.back("nora", &forged), unknown)

	s.check(s.back("nora", at), visit{status: 303, to: "/sign-in/account"})
	s.check(s.back("nora", at), unknown)
	exchanges := len(s.idp.answers)
	for name, value := range jar { // a browser that does not forget
		s.cookies["nora"][name] = value
	}
	s.check(s.back("nora", at), unknown)
	if n := len(s.idp.answers); exchanges != 1 || n != 1 {
		t.Errorf("the code was exchanged %d times, then %d", exchanges, n)
	}

	// A cookie that was tampered with, or is another way's.
	for _, change := range []func(string) string{func(v string) string { return v[:len(v)-2] + "AA" }, func(string) string { return "" }, func(string) string { return jar[slices.Collect(keysOf(jar))[0]] }} {
		at := s.idp.signIn("nora", s.leave("nora", "/sign-in/provider"))
		for name, value := range s.cookies["nora"] {
			s.cookies["nora"][name] = change(value)
		}
		s.check(s.back("nora", at), unknown)
	}

	// Two tabs do not disturb each other.
	one, two := s.leave("nora", "/sign-in/provider?next=%2Fone"), s.leave("nora", "/sign-in/provider?next=%2Ftwo")
	s.check(s.back("nora", s.idp.signIn("nora", one)), visit{status: 303, to: "/sign-in/account"})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/one"})
	s.check(s.back("nora", s.idp.signIn("nora", two)), visit{status: 303, to: "/two"})

	// Ten minutes later it is too late, for the way back and for the form.
	at = s.idp.signIn("emil", s.leave("emil", "/sign-in/provider"))
	s.server.h.provider.now = func() time.Time { return time.Now().Add(11 * time.Minute) }
	s.check(s.back("emil", at), unknown)
	s.server.h.provider.now = time.Now
	s.check(s.signIn("emil", "/sign-in/provider", "emil"), visit{status: 303, to: "/sign-in/account"})
	s.server.h.provider.now = func() time.Time { return time.Now().Add(11 * time.Minute) }
	s.check(s.get("emil", "/sign-in/account"), unknown)
	s.check(s.post("emil", "/sign-in/account", form("name", "emil")), unknown)
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func TestOIDCNextIsOfThisTool(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`} {
		s.check(s.signIn("nora", "/sign-in/provider?next="+url.QueryEscape(next), "nora"), visit{status: 303, to: "/sign-in/account"})
	}
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/"})
}

func TestOIDCTheProviderRefuses(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	u, err := url.Parse(s.leave("nora", "/sign-in/provider"))
	if err != nil {
		t.Fatal(err)
	}
	back := "/sign-in/callback?error=access_denied&error_description=%3Cb%3Eno%3C%2Fb%3E&state=" + u.Query().Get("state")
	s.check(s.get("emil", back), visit{status: 400})
	s.check(s.get("nora", back), visit{status: 403, has: []string{"h1: University login did not sign you in"}, hasNot: []string{"main b"}})
}

// What the provider answers has to be for us, for this sign-in, and not over.
func TestOIDCAnswersThatAreNotAccepted(t *testing.T) {
	t.Parallel()
	refused := visit{status: 502, has: []string{"h1: The answer of University login was not accepted", "code"}}
	for name, c := range map[string]struct {
		prepare func(*testing.T, *provided)
		why     string // in the log
	}{
		"an identity token that ran out": {func(_ *testing.T, s *provided) {
			s.idp.set(func(p *idp) { p.lifetime = -time.Minute })
		}, "token is expired"},
		"one for another program": {func(t *testing.T, s *provided) {
			token := s.idp.tokenForOther(t)
			s.idp.set(func(p *idp) { p.swap = func(said map[string]any) { said["id_token"] = token } })
		}, "expected audience"},
		"one of an earlier sign-in": {func(t *testing.T, s *provided) {
			s.check(s.signIn("emil", "/sign-in/provider", "emil"), visit{status: 303, to: "/sign-in/account"})
			s.idp.set(func(p *idp) {
				token := p.answers[len(p.answers)-1]["id_token"]
				p.swap = func(said map[string]any) { said["id_token"] = token }
			})
		}, "belongs to another sign-in"},
		"one that somebody changed": {func(_ *testing.T, s *provided) {
			s.idp.set(func(p *idp) {
				p.swap = func(said map[string]any) {
					parts := strings.Split(said["id_token"].(string), ".")
					said["id_token"] = parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2]))
				}
			})
		}, "failed to verify signature"},
		"none": {func(_ *testing.T, s *provided) {
			s.idp.set(func(p *idp) { p.swap = func(said map[string]any) { delete(said, "id_token") } })
		}, "there is none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newProvided(t, corpus.AnnotatorRole)
			c.prepare(t, s)
			s.check(s.signIn("nora", "/sign-in/provider", "nora"), refused)
			s.check(s.get("nora", "/sign-in/account"), visit{status: 400})
			if log := s.log.String(); !strings.Contains(log, c.why) {
				t.Errorf("the log does not say %q:\n%s", c.why, log)
			}
		})
	}
}

// tokenForOther is the identity token of somebody who signs in to another
// program at the same provider.
func (p *idp) tokenForOther(t *testing.T) string {
	t.Helper()
	q := url.Values{"client_id": {otherID}, "response_type": {"code"}, "scope": {"openid"}, "redirect_uri": {"http://127.0.0.1:9000/back"}, "state": {"s"}, "nonce": {"n"}}
	back := p.signIn("nora", p.URL+"/authorize?"+q.Encode())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+"/oauth/token",
		strings.NewReader(url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {"http://127.0.0.1:9000/back"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(otherID, url.QueryEscape("other secret"))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var said struct {
		IDToken string `json:"id_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil || said.IDToken == "" {
		t.Fatalf("%d %v", answer.StatusCode, err)
	}

	return said.IDToken
}

// The provider sees the code of another browser's way and refuses the verifier
// of this one.
func TestOIDCACodeIsWorthNothingElsewhere(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	stolen := s.idp.signIn("nora", s.leave("nora", "/sign-in/provider")).Query().Get("code")
	mine := s.idp.signIn("emil", s.leave("emil", "/sign-in/provider"))
	q := mine.Query()
	q.Set("code", stolen)
	mine.RawQuery = q.Encode()
	s.check(s.back("emil", mine), visit{status: 502, has: []string{"h1: was not accepted"}})
	if log := s.log.String(); !strings.Contains(log, "invalid_grant") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestOIDCADisabledPerson(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 303, to: "/sign-in/account"})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/"})
	if err := s.store.SetDisabled(t.Context(), s.person("nora").ID, true, 0); err != nil {
		t.Fatal(err)
	}
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 403, has: []string{"h1: Your access was taken away"}})
	s.check(s.get("nora", "/me"), visit{status: 303, to: "/sign-in?next=%2Fme"})

	if err := s.store.SetDisabled(t.Context(), s.person("nora").ID, false, 0); err != nil {
		t.Fatal(err)
	}
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 303, to: "/"})
}

// The tool starts without its provider, says so where somebody wants to sign in
// there, and needs no new start when it is back.
func TestOIDCAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	var clock time.Duration
	s.server.h.provider.now = func() time.Time { return time.Now().Add(clock) }
	away := visit{status: 503, has: []string{"h1: University login does not answer"}}
	asked := func() int { s.idp.mu.Lock(); defer s.idp.mu.Unlock(); return len(s.idp.asked) }

	s.idp.set(func(p *idp) { p.down = true })
	s.check(s.get("nora", "/sign-in/provider"), away)
	if n := asked(); n != 2 {
		t.Errorf("it was asked %d times, want twice", n)
	}
	s.check(s.get("emil", "/sign-in/provider"), away)
	if n := asked(); n != 2 {
		t.Errorf("it was asked %d times, want no more while it has just been away", n)
	}
	s.check(s.get("ines", "/me"), visit{status: 200})

	s.idp.set(func(p *idp) { p.down = false })
	clock = providerPause
	at := s.idp.signIn("nora", s.leave("nora", "/sign-in/provider"))

	s.idp.set(func(p *idp) { p.down = true })
	s.check(s.back("nora", at), away)
	s.idp.set(func(p *idp) { p.down = false })
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 303, to: "/sign-in/account"})

	s.idp.CloseClientConnections()
	s.idp.Close()
	u, err := url.Parse(s.leave("emil", "/sign-in/provider")) // what it is was kept
	if err != nil {
		t.Fatal(err)
	}
	s.check(s.get("emil", "/sign-in/callback?code=x&state="+u.Query().Get("state")), away)
}

func TestOIDCConnectingAndDisconnecting(t *testing.T) {
	t.Parallel()
	s := newProvided(t, "")
	connect := func(who string) string {
		t.Helper()
		r := s.post(who, "/me/identities", nil)
		wait, at, _ := strings.Cut(r.Header.Get("Refresh"), "; url=")
		s.check(r, visit{status: 200, has: []string{"main a[href^='" + s.idp.URL + "/authorize?']: Go on to University login"}})
		u, err := url.Parse(at)
		if err != nil || wait != "0" {
			t.Fatalf("%q %v", r.Header.Get("Refresh"), err)
		}
		s.holds(u)
		return at
	}
	s.check(s.get("ines", "/me"), visit{status: 200, has: []string{"#identities form[action='/me/identities'] button: Connect University login"}, hasNot: []string{"#identities li"}})

	s.check(s.back("ines", s.idp.signIn("emil", connect("ines"))), visit{status: 303, to: "/me"})
	s.check(s.get("ines", "/me"), visit{status: 200, has: []string{".toast: sign in with University login now", "#identities li: emil@example.org"}})
	s.check(s.signIn("emil", "/sign-in/provider?next=%2Fme", "emil"), visit{status: 303, to: "/me"})
	s.check(s.get("emil", "/me"), visit{status: 200, has: []string{"h1: ines"}})
	s.check(s.back("ines", s.idp.signIn("emil", connect("ines"))), visit{status: 422, has: []string{"p: The login emil@example.org is connected to an account already"}})

	// Whoever signs in between takes nothing over.
	at := s.idp.signIn("mona", connect("ines"))
	s.check(s.post("ines", "/sign-out", nil), visit{status: 303, to: "/sign-in"})
	s.check(s.back("ines", at), visit{status: 403, has: []string{"h1: Somebody else is signed in now"}})
	if _, err := s.store.IdentityOwner(t.Context(), s.idp.URL, "id-mona"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("mona is connected: %v", err)
	}

	// Another site cannot start it, and a link cannot.
	r := httptest.NewRequest(http.MethodPost, "/me/identities", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	s.check(s.send("emil", r), visit{status: 403})
	s.check(s.get("emil", "/me/identities"), visit{status: 405})

	s.check(s.post("emil", "/me/identities/x/remove", nil), visit{status: 404})
	s.check(s.post("emil", "/me/identities/1/remove", nil), visit{status: 303, to: "/me"})
	s.check(s.get("emil", "/me"), visit{status: 200, has: []string{".toast: disconnected"}, hasNot: []string{"#identities li"}})
	s.check(s.post("emil", "/sign-out", nil), visit{status: 303, to: "/sign-in"})
	s.check(s.signIn("emil", "/sign-in/provider", "emil"), visit{status: 403, has: []string{"h1: no account here yet"}})
}

// Who has no password keeps a way to sign in.
func TestOIDCTheLastWayInStays(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 303, to: "/sign-in/account"})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/"})
	s.check(s.get("nora", "/me"), visit{status: 200, has: []string{"#password: ask an administrator for a link"}, hasNot: []string{"form[action='/me/password']"}})
	s.check(s.post("nora", "/me/identities/1/remove", nil), visit{status: 422, has: []string{"p: only way to sign in"}})
	s.check(s.get("nora", "/me"), visit{status: 200, has: []string{"#identities li: nora@example.org"}})
}

// Whoever has an account already and opens an invitation at the provider is
// signed in, and may join with it.
func TestOIDCAnInvitationForWhoIsThereAlready(t *testing.T) {
	t.Parallel()
	s := newProvided(t, corpus.AnnotatorRole)
	s.check(s.signIn("nora", "/sign-in/provider", "nora"), visit{status: 303, to: "/sign-in/account"})
	s.check(s.post("nora", "/sign-in/account", form("name", "nora")), visit{status: 303, to: "/"})
	s.check(s.post("nora", "/sign-out", nil), visit{status: 303, to: "/sign-in"})

	link := s.invite(corpus.Manager)
	s.check(s.signIn("nora", "/welcome/"+link+"/provider", "nora"), visit{status: 303, to: "/welcome/" + link})
	if _, err := s.store.Link(t.Context(), link); err != nil {
		t.Errorf("it is used up: %v", err)
	}
}

// A link for a new password is no invitation.
func TestOIDCAResetLinkMakesNoAccount(t *testing.T) {
	t.Parallel()
	s := newProvided(t, "")
	link, err := s.store.AddReset(t.Context(), s.person("ines").ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.check(s.get("nora", "/welcome/"+link+"/provider"), visit{status: 404})
}

func TestWithoutOIDCThereIsNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/sign-in/provider", "/sign-in/callback?state=x&code=y", "/sign-in/account"} {
		s.check(s.get("", path), visit{status: 404})
	}
	s.check(s.post("", "/sign-in/account", form("name", "x")), visit{status: 404})
	s.check(s.post("ines", "/me/identities", nil), visit{status: 404})
	s.check(s.get("", "/sign-in"), visit{status: 200, hasNot: []string{"#provider"}})
	s.check(s.get("ines", "/me"), visit{status: 200, hasNot: []string{"#identities"}})
}

func TestOIDCOptions(t *testing.T) {
	t.Parallel()
	good := OIDC{Issuer: "https://login.example.org/realms/a", ClientID: "x"}
	for name, c := range map[string]struct {
		change func(*OIDC, *string)
		want   string // "" where it is good
	}{
		"good":                            {func(*OIDC, *string) {}, ""},
		"no issuer":                       {func(o *OIDC, _ *string) { *o = OIDC{ClientID: "x"} }, ""},
		"an issuer on this machine":       {func(o *OIDC, _ *string) { o.Issuer = "http://localhost:9000" }, ""},
		"an issuer at ::1":                {func(o *OIDC, _ *string) { o.Issuer = "http://[::1]:9000" }, ""},
		"a role":                          {func(o *OIDC, _ *string) { o.Role = corpus.Adjudicator }, ""},
		"an issuer over http":             {func(o *OIDC, _ *string) { o.Issuer = "http://login.example.org" }, "must be reached by https"},
		"an issuer that looks like local": {func(o *OIDC, _ *string) { o.Issuer = "http://127.0.0.1.example.org" }, "must be reached by https"},
		"an issuer that is no address":    {func(o *OIDC, _ *string) { o.Issuer = "login.example.org" }, "is not like"},
		"an issuer with a query":          {func(o *OIDC, _ *string) { o.Issuer += "?a=b" }, "is not like"},
		"no client":                       {func(o *OIDC, _ *string) { o.ClientID = "" }, "--oidc-client-id"},
		"nowhere to come back to":         {func(_ *OIDC, base *string) { *base = "" }, "--base-url"},
		"administrators":                  {func(o *OIDC, _ *string) { o.Role = corpus.Administrator }, "administrator"},
		"a role that there is not":        {func(o *OIDC, _ *string) { o.Role = "king" }, "no role"},
	} {
		o, base := good, "https://annotate.example.org/"
		c.change(&o, &base)
		server, err := New(dbtest.Open(t), Options{BaseURL: base, OIDC: o})
		if err == nil {
			server.Close()
		}
		_, isInvalid := asInvalid(err)
		if c.want == "" && err != nil || c.want != "" && (!isInvalid || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// On https, every cookie of the way is pinned to the host and to https.
func TestOIDCCookies(t *testing.T) {
	t.Parallel()
	p := newIDP(t)
	server, err := New(dbtest.Open(t), Options{BaseURL: "https://annotate.example.org", OIDC: OIDC{Issuer: p.URL, ClientID: clientID, ClientSecret: clientSecret}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sign-in/provider", nil))
	cookies := w.Result().Cookies()
	if w.Code != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("%d %v", w.Code, cookies)
	}
	c := cookies[0]
	if !strings.HasPrefix(c.Name, "__Host-annotate_flow_") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 600 {
		t.Errorf("%+v", c)
	}
	at, err := url.Parse(w.Header().Get("Location"))
	if err != nil || at.Query().Get("redirect_uri") != "https://annotate.example.org/sign-in/callback" {
		t.Errorf("%v %v", at, err)
	}
	for _, secret := range []string{at.Query().Get("nonce"), at.Query().Get("state")[11:]} {
		if strings.Contains(c.String(), secret) {
			t.Errorf("%q stands open in the cookie", secret)
		}
	}
}
