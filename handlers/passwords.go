package handlers

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/time/rate"

	"annotate/internal/corpus"
)

// Hashing a password is slow and takes 19 MB on purpose: these are the OWASP
// parameters for argon2id. So few are hashed at a time, and the rest wait.
var (
	hashing    = argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	hashPlaces = make(chan struct{}, 2)
)

// Bounds of a password, in characters.
const (
	minPassword = 8
	maxPassword = 200
)

// HashPassword is what the store keeps of a password. It is *corpus.Invalid,
// about the field "password", where the password is too short or too long.
func HashPassword(ctx context.Context, password string) (string, error) {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		return "", corpus.Invalidf("password", "a password has at least %d characters", minPassword)
	case n > maxPassword:
		return "", corpus.Invalidf("password", "a password has at most %d characters", maxPassword)
	}
	if err := takePlace(ctx); err != nil {
		return "", err
	}
	defer leavePlace()

	return argon2id.CreateHash(password, &hashing)
}

func takePlace(ctx context.Context) error {
	select {
	case hashPlaces <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func leavePlace() { <-hashPlaces }

// nobodysHash is compared with where there is no such person, so that the
// time of an answer does not tell which names there are.
var nobodysHash = sync.OnceValues(func() (string, error) { return argon2id.CreateHash(rand.Text(), &hashing) })

// errWrongPassword says that name and password do not belong together; which
// of the two is wrong it does not say.
var errWrongPassword = corpus.Invalidf("", "name and password do not belong together")

// checkPassword is who has that name and password; errWrongPassword for
// nobody.
func (h *handlers) checkPassword(ctx context.Context, name, password string) (corpus.AnnotatorID, error) {
	id, hash, err := h.store.PasswordHash(ctx, name)
	known := err == nil && hash != "" // who signs in elsewhere has no password
	if errors.Is(err, corpus.ErrNotFound) || err == nil && hash == "" {
		hash, err = nobodysHash()
	}
	if err != nil {
		return 0, err
	}
	if utf8.RuneCountInString(password) > maxPassword {
		return 0, errWrongPassword
	}
	if err := takePlace(ctx); err != nil {
		return 0, err
	}
	defer leavePlace()

	match, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil || !match || !known {
		return 0, errWrongPassword
	}

	return id, nil
}

// limit bounds how often one network may send what could be a guess.
func limit(perSecond rate.Limit, burst int) echo.MiddlewareFunc {
	return middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
		Store:               middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{Rate: perSecond, Burst: burst}),
		IdentifierExtractor: func(c echo.Context) (string, error) { return network(c.RealIP()), nil },
	})
}

// network is who counts as one: an address, or of IPv6 the 64 bits that one
// household has.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	p, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}

	return p.String()
}

// misses counts tokens and sessions that were none, by network, and shuts out
// a network that sends too many of them. Nobody guesses 128 bits; the bounds
// are so wide because behind a proxy everybody is one network, and a program
// with an old token must not shut out the others at once.
type misses struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

const (
	missesPerSecond = 10
	missesAtOnce    = 100
	maxMissing      = 4096 // networks
)

func (m *misses) tooMany(from string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.by[from]

	return ok && l.Tokens() < 1
}

func (m *misses) count(from string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.by[from]
	if !ok {
		if m.by == nil || len(m.by) >= maxMissing {
			m.by = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(missesPerSecond, missesAtOnce)
		m.by[from] = l
	}
	l.Allow()
}
