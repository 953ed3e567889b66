package db

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"sync"
	"time"

	"annotate/internal/corpus"
)

// How long a session lives from its start, and without being used.
const (
	sessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour
)

// AddSession signs a person in; the token is known to the browser alone.
func (s *Store) AddSession(ctx context.Context, id corpus.AnnotatorID, agent string) (string, error) {
	token, hash := secret()
	now := s.nowMillis()
	err := s.write(ctx, func(t *tx) error {
		if _, err := t.exec(`DELETE FROM sessions WHERE started_at < ? OR seen_at < ?`, now-sessionLife.Milliseconds(), now-sessionIdle.Milliseconds()); err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO sessions (token_hash, annotator_id, agent, started_at, seen_at) VALUES (?, ?, ?, ?, ?)`, hash, id, clip(agent, 200), now, now); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE annotators SET seen_at = max(seen_at, ?) WHERE id = ?`, now, id)
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

// memory remembers for a second what every request asks, and a page several
// times: who holds a session, what somebody may do where.
type memory[K comparable, V any] struct {
	mu   sync.Mutex
	era  int // goes up whenever somebody's right may have changed
	have map[K]remembered[V]
}

type remembered[V any] struct {
	value V
	at    time.Time
}

const (
	rememberedFor = time.Second
	maxRemembered = 4096
)

func (m *memory[K, V]) get(key K, now time.Time) (value V, era int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.have[key]
	since := now.Sub(r.at)

	return r.value, m.era, ok && since >= 0 && since < rememberedFor
}

// put keeps what was read in an era that is not over.
func (m *memory[K, V]) put(key K, value V, now time.Time, era int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if era != m.era {
		return
	}
	if m.have == nil || len(m.have) >= maxRemembered {
		m.have = map[K]remembered[V]{}
	}
	m.have[key] = remembered[V]{value, now}
}

func (m *memory[K, V]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.era++
	m.have = nil
}

// forget is called after every change of who may do what.
func (s *Store) forget() {
	s.signed.forget()
	s.rights.forget()
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
			if _, err := t.exec(`UPDATE sessions SET seen_at = ? WHERE token_hash = ?`, now, hash); err != nil {
				return err
			}
			_, err := t.exec(`UPDATE annotators SET seen_at = max(seen_at, ?) WHERE id = ?`, now, a.ID)
			return err
		})
	}

	return a, err
}

// sessionID names a session without giving away what would open the door.
const sessionID = `lower(hex(substr(token_hash, 1, 8)))`

// Sessions lists the browsers in which a person is signed in, the one last
// seen first; token is the one that asks.
func (s *Store) Sessions(ctx context.Context, owner corpus.AnnotatorID, token string) ([]corpus.Session, error) {
	var out []corpus.Session
	now := s.nowMillis()
	err := s.rows(ctx, `SELECT `+sessionID+`, agent, started_at, seen_at, token_hash = ? FROM sessions
		WHERE annotator_id = ? AND started_at >= ? AND seen_at >= ? ORDER BY token_hash = ? DESC, seen_at DESC, 1`,
		[]any{hashed(token), owner, now - sessionLife.Milliseconds(), now - sessionIdle.Milliseconds(), hashed(token)}, func(r *sql.Rows) error {
			var one corpus.Session
			var started, seen int64
			err := r.Scan(&one.ID, &one.Agent, &started, &seen, &one.Current)
			one.Started, one.Seen = fromMillis(started), fromMillis(seen)
			out = append(out, one)
			return err
		})

	return out, err
}

// RemoveSession signs out. An unknown token is no error.
func (s *Store) RemoveSession(ctx context.Context, token string) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`DELETE FROM sessions WHERE token_hash = ?`, hashed(token))
		return err
	})
}

// EndSession ends one of a person's sessions, by its id, or is
// corpus.ErrNotFound.
func (s *Store) EndSession(ctx context.Context, owner corpus.AnnotatorID, id string) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		return one(t.change(`DELETE FROM sessions WHERE annotator_id = ? AND `+sessionID+` = ?`, owner, id))
	})
}

// EndSessions ends a person's sessions but the one with the token, "" for all.
// The log has it where somebody else does it.
func (s *Store) EndSessions(ctx context.Context, owner corpus.AnnotatorID, but string, by corpus.AnnotatorID) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		who, err := t.annotator(owner)
		if err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM sessions WHERE annotator_id = ? AND token_hash <> ?`, owner, hashed(but)); err != nil || by == owner {
			return err
		}
		return t.audit(by, 0, "person-sessions", who.Name, nil)
	})
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
