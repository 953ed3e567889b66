package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"annotate/internal/corpus"
)

// How long a session lives from its start, and without being used; and a
// one-time link.
const (
	sessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour
	linkLife    = 24 * time.Hour
)

// AddAnnotator adds a person. It is *corpus.Invalid where the name is empty,
// too long or taken.
func (s *Store) AddAnnotator(ctx context.Context, name string, role corpus.Role, passwordHash string) (id corpus.AnnotatorID, err error) {
	err = s.write(ctx, func(t *tx) error {
		id, err = s.addAnnotator(t, name, role, passwordHash)
		return err
	})

	return id, err
}

func (s *Store) addAnnotator(t *tx, name string, role corpus.Role, hash string) (corpus.AnnotatorID, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return 0, corpus.Invalidf("name", "a person needs a name")
	case utf8.RuneCountInString(name) > 60:
		return 0, corpus.Invalidf("name", "a name holds at most 60 characters")
	case !role.Includes(corpus.AnnotatorRole):
		return 0, corpus.Invalidf("role", "there is no role %q", role)
	}

	id, err := t.insert(`INSERT INTO annotators (name, role, password_hash, added_at) VALUES (?, ?, ?, ?)`, name, role, hash, s.nowMillis())
	if errors.Is(err, errUnique) {
		return 0, corpus.Invalidf("name", "the name %q is taken", name)
	}

	return corpus.AnnotatorID(id), err
}

const annotatorColumns = `a.id, a.name, a.role, a.keys, a.disabled, a.added_at`

func scanAnnotator(scan func(...any) error, more ...any) (corpus.Annotator, error) {
	var a corpus.Annotator
	var keys string
	var added int64
	if err := scan(append([]any{&a.ID, &a.Name, &a.Role, &keys, &a.Disabled, &added}, more...)...); err != nil {
		return corpus.Annotator{}, translate(err)
	}
	a.Added = fromMillis(added)
	if keys != "{}" {
		if err := json.Unmarshal([]byte(keys), &a.Keys); err != nil {
			return corpus.Annotator{}, err
		}
	}

	return a, nil
}

func (s *Store) annotator(ctx context.Context, query string, args ...any) (corpus.Annotator, error) {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return corpus.Annotator{}, err
	}

	return scanAnnotator(st.QueryRowContext(ctx, args...).Scan)
}

// Annotators lists everybody by name.
func (s *Store) Annotators(ctx context.Context) ([]corpus.Annotator, error) {
	var out []corpus.Annotator
	err := s.rows(ctx, `SELECT `+annotatorColumns+` FROM annotators a ORDER BY a.name`, nil, func(r *sql.Rows) error {
		a, err := scanAnnotator(r.Scan)
		out = append(out, a)
		return err
	})

	return out, err
}

// AnnotatorByName is corpus.ErrNotFound where nobody has the name.
func (s *Store) AnnotatorByName(ctx context.Context, name string) (corpus.Annotator, error) {
	return s.annotator(ctx, `SELECT `+annotatorColumns+` FROM annotators a WHERE a.name = ?`, strings.TrimSpace(name))
}

// PasswordHash is what to compare a password with; corpus.ErrNotFound where
// nobody has the name, or the person is disabled.
func (s *Store) PasswordHash(ctx context.Context, name string) (id corpus.AnnotatorID, hash string, err error) {
	err = s.scan(ctx, `SELECT id, password_hash FROM annotators WHERE name = ? AND NOT disabled`, []any{strings.TrimSpace(name)}, &id, &hash)

	return id, hash, err
}

// SetPassword replaces the password and ends the person's sessions.
func (s *Store) SetPassword(ctx context.Context, id corpus.AnnotatorID, hash string) error {
	defer s.signed.forget()

	return s.write(ctx, func(t *tx) error {
		if err := one(t.change(`UPDATE annotators SET password_hash = ? WHERE id = ?`, hash, id)); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM sessions WHERE annotator_id = ?`, id)
		return err
	})
}

// SetKeys replaces the person's own keys.
func (s *Store) SetKeys(ctx context.Context, id corpus.AnnotatorID, keys map[string]string) error {
	if keys == nil {
		keys = map[string]string{}
	}
	b, err := json.Marshal(keys)
	if err != nil {
		return err
	}

	defer s.signed.forget()
	return s.write(ctx, func(t *tx) error {
		return one(t.change(`UPDATE annotators SET keys = ? WHERE id = ?`, string(b), id))
	})
}

// SetDisabled takes away or gives back a person's access. Their work stays.
func (s *Store) SetDisabled(ctx context.Context, id corpus.AnnotatorID, disabled bool) error {
	defer s.signed.forget()

	return s.write(ctx, func(t *tx) error {
		if err := one(t.change(`UPDATE annotators SET disabled = ? WHERE id = ?`, disabled, id)); err != nil || !disabled {
			return err
		}
		if _, err := t.exec(`DELETE FROM sessions WHERE annotator_id = ?`, id); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE tokens SET revoked_at = ? WHERE annotator_id = ? AND revoked_at IS NULL`, s.nowMillis(), id)
		return err
	})
}

// one is corpus.ErrNotFound where a change that means one row met none.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return corpus.ErrNotFound
	}
	return err
}

// secret makes a token and what is kept of it.
func secret() (token string, hash []byte) {
	token = rand.Text()
	return token, hashed(token)
}

func hashed(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// AddSession signs a person in; the token is known to the browser alone.
func (s *Store) AddSession(ctx context.Context, id corpus.AnnotatorID, agent string) (string, error) {
	token, hash := secret()
	now := s.nowMillis()
	err := s.write(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM sessions WHERE started_at < ? OR seen_at < ?`, now-sessionLife.Milliseconds(), now-sessionIdle.Milliseconds()); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO sessions (token_hash, annotator_id, agent, started_at, seen_at) VALUES (?, ?, ?, ?, ?)`, hash, id, clip(agent, 200), now, now)
		return err
	})

	return token, err
}

// Session is who holds the token. It is corpus.ErrNotFound where the session
// has ended or the person is disabled. What another process changed is noticed
// within a second, what this one did at once.
func (s *Store) Session(ctx context.Context, token string) (corpus.Annotator, error) {
	key, now := sha256.Sum256([]byte(token)), s.now()
	a, era, ok := s.signed.get(key, now)
	if ok {
		return a, nil
	}
	a, err := s.session(ctx, token)
	if err == nil {
		s.signed.put(key, a, now, era)
	}

	return a, err
}

// signed remembers for a second who holds a session: every request asks, and a
// page asks several times.
type signed struct {
	mu  sync.Mutex
	era int // goes up whenever somebody's right may have changed
	who map[[sha256.Size]byte]signedIn
}

type signedIn struct {
	annotator corpus.Annotator
	at        time.Time
}

const (
	signedFor = time.Second
	maxSigned = 4096
)

func (m *signed) get(key [sha256.Size]byte, now time.Time) (a corpus.Annotator, era int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	in, ok := m.who[key]
	since := now.Sub(in.at)

	return in.annotator, m.era, ok && since >= 0 && since < signedFor
}

// put keeps what was read in an era that is not over.
func (m *signed) put(key [sha256.Size]byte, a corpus.Annotator, now time.Time, era int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if era != m.era {
		return
	}
	if m.who == nil || len(m.who) >= maxSigned {
		m.who = map[[sha256.Size]byte]signedIn{}
	}
	m.who[key] = signedIn{a, now}
}

func (m *signed) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.era++
	m.who = nil
}

func (s *Store) session(ctx context.Context, token string) (corpus.Annotator, error) {
	hash, now := hashed(token), s.nowMillis()
	st, err := s.stmt(ctx, `SELECT `+annotatorColumns+`, s.seen_at FROM sessions s JOIN annotators a ON a.id = s.annotator_id
		WHERE s.token_hash = ? AND s.started_at >= ? AND s.seen_at >= ? AND NOT a.disabled`)
	if err != nil {
		return corpus.Annotator{}, err
	}
	var seen int64
	a, err := scanAnnotator(st.QueryRowContext(ctx, hash, now-sessionLife.Milliseconds(), now-sessionIdle.Milliseconds()).Scan, &seen)
	if err != nil {
		return corpus.Annotator{}, err
	}

	// Being seen is written down once an hour, so that reading stays reading.
	if now-seen > time.Hour.Milliseconds() {
		err = s.write(ctx, func(t *tx) error {
			_, err := t.exec(`UPDATE sessions SET seen_at = ? WHERE token_hash = ?`, now, hash)
			return err
		})
	}

	return a, err
}

// RemoveSession signs out. An unknown token is no error.
func (s *Store) RemoveSession(ctx context.Context, token string) error {
	defer s.signed.forget()

	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM sessions WHERE token_hash = ?`, hashed(token))
		return err
	})
}

// AddToken makes an API token; it is shown once and kept only as a hash.
func (s *Store) AddToken(ctx context.Context, id corpus.AnnotatorID, name string) (string, error) {
	token, hash := secret()
	err := s.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO tokens (token_hash, annotator_id, name, added_at) VALUES (?, ?, ?, ?)`, hash, id, clip(name, 100), s.nowMillis())
		return err
	})

	return token, err
}

// Token is who holds the API token, or corpus.ErrNotFound.
func (s *Store) Token(ctx context.Context, token string) (corpus.Annotator, error) {
	return s.annotator(ctx, `SELECT `+annotatorColumns+` FROM tokens t JOIN annotators a ON a.id = t.annotator_id
		WHERE t.token_hash = ? AND t.revoked_at IS NULL AND NOT a.disabled`, hashed(token))
}

// tokenID names a token without giving away what would open the door.
const tokenID = `lower(hex(substr(token_hash, 1, 8)))`

// Tokens lists a person's working tokens, oldest first.
func (s *Store) Tokens(ctx context.Context, id corpus.AnnotatorID) ([]corpus.Token, error) {
	var out []corpus.Token
	err := s.rows(ctx, `SELECT `+tokenID+`, name, added_at FROM tokens WHERE annotator_id = ? AND revoked_at IS NULL ORDER BY added_at, 1`, []any{id}, func(r *sql.Rows) error {
		var t corpus.Token
		var added int64
		err := r.Scan(&t.ID, &t.Name, &added)
		t.Added = fromMillis(added)
		out = append(out, t)
		return err
	})

	return out, err
}

// RemoveToken ends one of a person's tokens, or is corpus.ErrNotFound.
func (s *Store) RemoveToken(ctx context.Context, owner corpus.AnnotatorID, token string) error {
	return s.write(ctx, func(t *tx) error {
		return one(t.change(`UPDATE tokens SET revoked_at = ? WHERE annotator_id = ? AND `+tokenID+` = ? AND revoked_at IS NULL`, s.nowMillis(), owner, token))
	})
}

// AddLink makes a one-time sign-in link's token. Links that nobody used and
// that give the same role stop working: only the newest printed one counts.
func (s *Store) AddLink(ctx context.Context, role corpus.Role) (string, error) {
	token, hash := secret()
	err := s.write(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM links WHERE role = ? AND used_by IS NULL`, role); err != nil {
			return err
		}
		_, err := t.exec(`INSERT INTO links (token_hash, role, expires_at) VALUES (?, ?, ?)`, hash, role, millis(s.now().Add(linkLife)))
		return err
	})

	return token, err
}

// Link is the role that a link gives; corpus.ErrNotFound where it is used up,
// too old or unknown.
func (s *Store) Link(ctx context.Context, token string) (role corpus.Role, err error) {
	err = s.scan(ctx, `SELECT role FROM links WHERE token_hash = ? AND used_by IS NULL AND expires_at > ?`, []any{hashed(token), s.nowMillis()}, &role)

	return role, err
}

// UseLink adds the person whom the link invited. Of two who use it at once one
// gets corpus.ErrNotFound.
func (s *Store) UseLink(ctx context.Context, token, name, passwordHash string) (id corpus.AnnotatorID, err error) {
	err = s.write(ctx, func(t *tx) error {
		var role corpus.Role
		if err := t.scan(`SELECT role FROM links WHERE token_hash = ? AND used_by IS NULL AND expires_at > ?`, []any{hashed(token), s.nowMillis()}, &role); err != nil {
			return err
		}
		if id, err = s.addAnnotator(t, name, role, passwordHash); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE links SET used_by = ? WHERE token_hash = ?`, id, hashed(token))
		return err
	})

	return id, err
}

// clip keeps the first n bytes of s, whole characters only.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
