package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// idp is a real OpenID provider inside the test: Zitadel's library with the
// storage of its example. Names of people are told at its userinfo endpoint
// only, as Zitadel does.
type idp struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	lifetime time.Duration        // of identity tokens
	down     bool                 // it answers 503
	swap     func(map[string]any) // changes the answer to an exchange
	answers  []map[string]any     // to exchanges, as they went out
	asked    []string             // paths
}

const (
	clientID     = "annotate"
	clientSecret = "client-secret-QX7"
	otherID      = "payroll"
	comeBack     = "http://127.0.0.1:8080/sign-in/callback"
)

// accounts are the people whom the provider knows; the password is their name.
type accounts map[string]*storage.User

func (a accounts) GetUserByID(id string) *storage.User         { return a[id] }
func (a accounts) GetUserByUsername(name string) *storage.User { return a["id-"+name] }
func (a accounts) ExampleClientID() string                     { return storage.ServiceUserID }

func newIDP(t *testing.T) *idp {
	t.Helper()
	people := accounts{}
	for _, name := range []string{"nora", "mona", "emil"} {
		people["id-"+name] = &storage.User{ID: "id-" + name, Username: name, Password: name, FirstName: strings.ToUpper(name[:1]) + name[1:], LastName: "Berg", Email: name + "@example.org", EmailVerified: true}
	}
	clients := map[string]*storage.Client{
		clientID: storage.WebClient(clientID, clientSecret, comeBack),
		otherID:  storage.WebClient(otherID, "other secret", "http://127.0.0.1:9000/back"),
	}
	kept := storage.NewStorageWithClients(people, clients)

	p := &idp{Server: httptest.NewUnstartedServer(nil), t: t, lifetime: time.Hour}
	issuer := "http://" + p.Listener.Addr().String()
	provider, err := op.NewProvider(&op.Config{CryptoKey: sha256.Sum256([]byte("test")), CodeMethodS256: true, AuthMethodPost: true}, shelf{kept, p}, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	withIssuer := op.NewIssuerInterceptor(provider.IssuerFromRequest)
	mux := http.NewServeMux()
	mux.Handle("POST /login/username", withIssuer.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("id")
		if err := kept.CheckUsernamePassword(r.FormValue("name"), r.FormValue("name"), id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, op.AuthCallbackURL(provider)(r.Context(), id), http.StatusFound)
	}))
	mux.Handle("/", provider)
	p.Config.Handler = p.watched(mux)
	p.Start()
	t.Cleanup(p.Close)

	return p
}

// shelf is the storage with identity tokens that live as long as the test says.
type shelf struct {
	*storage.Storage
	p *idp
}

func (s shelf) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()

	return living{c, s.p.lifetime}, nil
}

type living struct {
	op.Client
	lifetime time.Duration
}

func (c living) IDTokenLifetime() time.Duration { return c.lifetime }

// watched keeps what the provider is asked and what it answers to an exchange.
func (p *idp) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked = append(p.asked, r.URL.Path)
		down, swap := p.down, p.swap
		p.mu.Unlock()

		switch {
		case down:
			http.Error(w, "we are moving house", http.StatusServiceUnavailable)
		case r.URL.Path == "/oauth/token":
			p.exchange(w, r, next, swap)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (p *idp) exchange(w http.ResponseWriter, r *http.Request, next http.Handler, swap func(map[string]any)) {
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	var said map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &said); err != nil {
		p.t.Errorf("the provider said %d %s", answer.Code, answer.Body)
	}
	p.set(func(p *idp) { p.answers = append(p.answers, maps.Clone(said)) })
	if answer.Code == http.StatusOK && swap != nil {
		swap(said)
	}

	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Code)
	if err := json.NewEncoder(w).Encode(said); err != nil {
		p.t.Error(err)
	}
}

// set changes the provider while it runs.
func (p *idp) set(change func(*idp)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// signIn is what somebody does at the provider to which at leads: it gives the
// address to which the provider sends them back.
func (p *idp) signIn(name, at string) *url.URL {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	step := func(r *http.Response, err error) *url.URL {
		p.t.Helper()
		if err != nil {
			p.t.Fatal(err)
		}
		defer r.Body.Close()
		to, err := r.Location()
		if err != nil {
			said, _ := io.ReadAll(r.Body)
			p.t.Fatalf("the provider answers %s: %s", r.Status, said)
		}
		return to
	}

	form := step(client.Get(at))
	id := form.Query().Get("authRequestID")
	return step(client.Get(step(client.PostForm(p.URL+"/login/username", url.Values{"name": {name}, "id": {id}})).String()))
}

// journal is what a server logged.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()

	return j.b.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()

	return j.b.String()
}
