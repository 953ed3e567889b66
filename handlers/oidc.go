package handlers

import (
	"cmp"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"annotate/internal/corpus"
	"annotate/views"
)

// OIDC says with which OpenID provider people may sign in.
type OIDC struct {
	Issuer       string      // as the provider writes itself in its tokens; "" for no such sign-in
	ClientID     string      // what we are called there
	ClientSecret string      // "" where the provider gave none
	Name         string      // what people call the provider: "University login"; "" for the issuer's host
	Role         corpus.Role // of who comes for the first time and has no invitation; "" to refuse them
}

// check is *corpus.Invalid where the options do not fit together.
func (o OIDC) check(base string) error {
	u, err := url.Parse(o.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return corpus.Invalidf("", "the issuer %q is not like https://login.example.org", o.Issuer)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return corpus.Invalidf("", "the issuer %s must be reached by https: over http anybody on the way can sign in as anybody", o.Issuer)
	case o.ClientID == "":
		return corpus.Invalidf("", "the provider %s needs to know who asks; say it with --oidc-client-id", o.Issuer)
	case base == "":
		return corpus.Invalidf("", "the provider %s has to know where people come back to; say it with --base-url", o.Issuer)
	case o.Role == corpus.Administrator:
		return corpus.Invalidf("", "not everybody who can sign in at %s may be an administrator; choose another role", o.Issuer)
	case o.Role != "" && !o.Role.Includes(corpus.AnnotatorRole):
		return corpus.Invalidf("", "there is no role %q", o.Role)
	}

	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)

	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// provider is an OpenID provider as we meet it. It is asked what it is when
// the first person wants to sign in, so that the tool starts without it.
type provider struct {
	OIDC
	callback string // where people come back to
	client   *http.Client
	seal     cipher.AEAD
	now      func() time.Time

	mu     sync.Mutex
	found  *oidc.Provider
	failed time.Time // when it was last asked in vain
	why    error

	used used
}

const (
	providerTimeout = 10 * time.Second
	providerPause   = 2 * time.Second // after it was asked in vain
	flowLife        = 10 * time.Minute
)

// newProvider is nil where there is none.
func newProvider(o OIDC, base string) (*provider, error) {
	if o.Issuer == "" {
		return nil, nil
	}
	if err := o.check(base); err != nil {
		return nil, err
	}
	if o.Name == "" {
		u, err := url.Parse(o.Issuer)
		if err != nil {
			return nil, err
		}
		o.Name = u.Host
	}

	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}

	return &provider{OIDC: o, callback: base + views.CallbackPath, client: &http.Client{Timeout: providerTimeout}, seal: seal, now: time.Now}, nil
}

// providerFault is why signing in at a provider came to nothing.
type providerFault struct {
	kind  faultKind
	name  string // of the provider
	cause error  // for the log; nil where there is nothing to look for
}

type faultKind int

const (
	providerAway  faultKind = iota // it does not answer, or not as a provider does
	answerRefused                  // what it says is not for us, of another time, or not from it
	refusedThere                   // it did not sign the person in
	flowUnknown                    // nobody went who could come back
	notInvited
	accessTaken
	accountLeft // somebody else is signed in than who went
)

func (f *providerFault) Error() string {
	if f.cause == nil {
		return "sign-in at " + f.name
	}

	return "sign-in at " + f.name + ": " + f.cause.Error()
}

func (p *provider) fault(kind faultKind, cause error) error {
	return &providerFault{kind, p.Name, cause}
}

// discover asks the provider what it is, twice before it gives up. The answer
// is kept; that there was none, for a moment, so that of many people who wait
// one asks.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if since := p.now().Sub(p.failed); since >= 0 && since < providerPause {
		return nil, p.why
	}

	// Who asked first may leave; the others still want to know.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), p.client)
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		time.Sleep(200 * time.Millisecond)
		found, err = oidc.NewProvider(ctx, p.Issuer)
	}
	if err != nil {
		p.failed, p.why = p.now(), p.fault(providerAway, clipped(err))
		return nil, p.why
	}
	p.found = found

	return found, nil
}

// config says how we ask. How to send the secret is read from what the provider
// says of itself: trying one way after the other would spend the code on the
// first.
func (p *provider) config(found *oidc.Provider) (*oauth2.Config, error) {
	var takes struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := found.Claims(&takes); err != nil {
		return nil, p.fault(providerAway, err)
	}
	at := found.Endpoint()
	at.AuthStyle = oauth2.AuthStyleInHeader // what a provider that names none takes
	if p.ClientSecret == "" || len(takes.Methods) > 0 && !slices.Contains(takes.Methods, "client_secret_basic") {
		at.AuthStyle = oauth2.AuthStyleInParams
	}

	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: at, RedirectURL: p.callback,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail}}, nil
}

// flow is one way to the provider and back. It stays with the browser that
// went, sealed, so that nobody can be sent back in another's place.
type flow struct {
	State     string             // what the provider gives back
	Nonce     string             // what the identity token repeats
	Verifier  string             // of PKCE: without it the code is worth nothing
	Link      string             // the invitation with which one went; "" for none
	Annotator corpus.AnnotatorID // whose account is to be connected; 0 for signing in
	Next      string             // a local path to go on to
	Until     time.Time
}

// begin completes f, and gives the address at the provider where it goes on.
func (p *provider) begin(ctx context.Context, f *flow) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	config, err := p.config(found)
	if err != nil {
		return "", err
	}
	f.State, f.Nonce, f.Verifier, f.Until = rand.Text(), rand.Text(), oauth2.GenerateVerifier(), p.now().Add(flowLife)

	return config.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), nil
}

// arrival is who came back, until they have an account.
type arrival struct {
	Identity corpus.Identity
	Name     string // what they might be called here
	Link     string
	Next     string
	Until    time.Time
}

// end exchanges the code that somebody came back with for who they are.
func (p *provider) end(ctx context.Context, f flow, code string) (arrival, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return arrival{}, err
	}
	config, err := p.config(found)
	if err != nil {
		return arrival{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return arrival{}, p.exchangeFault(err)
	}
	subject, said, err := p.verified(ctx, found, token, f.Nonce)
	if err != nil {
		return arrival{}, p.fault(answerRefused, fmt.Errorf("identity token: %w", err))
	}

	// Some providers keep names for those who ask again.
	if said.name() == "" {
		if more, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token)); err == nil && more.Subject == subject {
			_ = more.Claims(&said)
		}
	}

	return arrival{Identity: corpus.Identity{Issuer: p.Issuer, Subject: subject, Label: said.label()}, Name: said.name(), Link: f.Link, Next: f.Next, Until: p.now().Add(flowLife)}, nil
}

// verified is whom the identity token names, where the provider made it for us,
// for this sign-in, and it has not run out.
func (p *provider) verified(ctx context.Context, found *oidc.Provider, token *oauth2.Token, nonce string) (subject string, said claims, err error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return "", said, errors.New("there is none")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return "", said, err
	}
	if err := id.Claims(&said); err != nil {
		return "", said, err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return "", said, errors.New("it belongs to another sign-in")
	case said.Party != "" && said.Party != p.ClientID:
		return "", said, errors.New("it was made for another program")
	}

	return id.Subject, said, nil
}

// exchangeFault tells a provider that is away from one that says no. What it
// sent stays out of the error, and so out of the log: nobody knows what is in
// it.
func (p *provider) exchangeFault(err error) error {
	if said, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if said.Response != nil && said.Response.StatusCode >= 500 {
			return p.fault(providerAway, fmt.Errorf("exchange: status %d", said.Response.StatusCode))
		}
		return p.fault(answerRefused, clipped(fmt.Errorf("exchange: %q", said.ErrorCode)))
	}
	if away, ok := errors.AsType[*url.Error](err); ok {
		return p.fault(providerAway, fmt.Errorf("exchange: %w", away.Err))
	}

	return p.fault(answerRefused, errors.New("exchange: the answer is none"))
}

// clipped is err as far as it goes into a line of the log: a provider that is
// none may answer with a page.
func clipped(err error) error {
	const most = 300
	if s := err.Error(); len(s) > most {
		return errors.New(strings.ToValidUTF8(s[:most], "") + "…")
	}

	return err
}

// claims are what a provider says of somebody. They are for showing; who it is
// say issuer and subject alone.
type claims struct {
	Party    string `json:"azp"`
	Username string `json:"preferred_username"`
	FullName string `json:"name"`
	Email    string `json:"email"`
}

func (c claims) name() string {
	local, _, _ := strings.Cut(c.Email, "@")

	return cmp.Or(c.FullName, c.Username, local)
}

func (c claims) label() string { return cmp.Or(c.Email, c.Username, c.FullName) }

// sealed is v as only this server, while it runs, can read or make it. About
// binds it to the cookie it is for.
func (p *provider) sealed(about string, v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}

	return base64.RawURLEncoding.EncodeToString(p.seal.Seal(nil, nil, b, []byte(about))), nil
}

// unsealed reads what sealed made; false where it made no such thing.
func (p *provider) unsealed(about, s string, v any) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		b, err = p.seal.Open(nil, nil, b, []byte(about))
	}

	return err == nil && json.Unmarshal(b, v) == nil
}

// used remembers which ways back were gone, while they could be gone again.
type used struct {
	mu     sync.Mutex
	states map[string]time.Time
}

// first reports whether state comes for the first time.
func (u *used) first(state string, until, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for s, end := range u.states {
		if now.After(end) {
			delete(u.states, s)
		}
	}
	if _, again := u.states[state]; again {
		return false
	}
	if u.states == nil {
		u.states = map[string]time.Time{}
	}
	u.states[state] = until

	return true
}
