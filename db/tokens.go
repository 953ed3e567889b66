package db

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode/utf8"

	"annotate/internal/corpus"
)

// AddToken makes an API token with the name, scopes and end of n; it is
// returned this once and kept only as a hash. It is *corpus.Invalid about "token" (the name), "scope" or
// "days" where one of them will not do, and corpus.ErrNotFound where the owner
// has no access.
func (s *Store) AddToken(ctx context.Context, owner corpus.AnnotatorID, n corpus.Token, by corpus.AnnotatorID) (string, error) {
	name := strings.TrimSpace(n.Name)
	if name == "" || utf8.RuneCountInString(name) > 80 {
		return "", corpus.Invalidf("token", "say in 1 to 80 characters what the token is for")
	}
	scopes, err := corpus.SortScopes(n.Scopes)
	if err != nil {
		return "", err
	}
	if !n.Expires.IsZero() && !n.Expires.After(s.now()) {
		return "", corpus.Invalidf("days", "a token that has run out is of no use")
	}

	token, hash := secret()
	err = s.write(ctx, func(t *tx) error {
		person, err := enabledName(t, owner)
		if err != nil {
			return err
		}
		if _, err := t.exec(`INSERT INTO tokens (token_hash, annotator_id, name, scopes, added_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
			hash, owner, name, corpus.JoinScopes(scopes, " "), s.nowMillis(), nullTime(n.Expires)); err != nil {
			return err
		}
		return t.audit(by, 0, "token-added", person, tokenChange{name, scopes, n.Expires})
	})

	return token, err
}

// enabledName is the name of a person who has access, or corpus.ErrNotFound.
func enabledName(t *tx, id corpus.AnnotatorID) (name string, err error) {
	err = t.scan(`SELECT name FROM annotators WHERE id = ? AND NOT disabled`, []any{id}, &name)

	return name, err
}

// tokenChange is what the log keeps of a token.
type tokenChange struct {
	Token   string         `json:"token"`
	Scopes  []corpus.Scope `json:"scopes,omitempty"`
	Expires time.Time      `json:"expires,omitzero"`
}

func nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return millis(t)
}

// Token is who holds the API token, and what it may; corpus.ErrNotFound where
// there is no such token, it was removed or has run out, or its owner is
// disabled. That it was used is written down once an hour.
func (s *Store) Token(ctx context.Context, token string) (corpus.Annotator, corpus.Token, error) {
	hash, now := hashed(token), s.nowMillis()
	st, err := s.stmt(ctx, `SELECT `+annotatorColumns+`, `+tokenColumns+` FROM tokens t JOIN annotators a ON a.id = t.annotator_id
		WHERE t.token_hash = ? AND `+tokenWorks+` AND NOT a.disabled`)
	if err != nil {
		return corpus.Annotator{}, corpus.Token{}, err
	}
	var row tokenRow
	who, err := scanAnnotator(st.QueryRowContext(ctx, hash, now).Scan, row.into()...)
	if err != nil {
		return corpus.Annotator{}, corpus.Token{}, err
	}

	if stale := now - time.Hour.Milliseconds(); row.used < stale {
		err = s.write(ctx, func(t *tx) error {
			_, err := t.exec(`UPDATE tokens SET used_at = ? WHERE token_hash = ? AND used_at < ?`, now, hash, stale)
			return err
		})
	}

	return who, row.token(), err
}

// tokenID names a token without giving away what would open the door.
const tokenID = `lower(hex(substr(t.token_hash, 1, 8)))`

const tokenColumns = tokenID + `, t.name, t.scopes, t.added_at, coalesce(t.expires_at, 0), t.used_at`

const tokenWorks = `t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)`

// tokenRow is tokenColumns.
type tokenRow struct {
	id, name, scopes     string
	added, expires, used int64
}

func (r *tokenRow) into() []any {
	return []any{&r.id, &r.name, &r.scopes, &r.added, &r.expires, &r.used}
}

func (r *tokenRow) token() corpus.Token {
	t := corpus.Token{ID: r.id, Name: r.name, Added: fromMillis(r.added), Expires: sometime(r.expires), Used: sometime(r.used)}
	for name := range strings.FieldsSeq(r.scopes) {
		t.Scopes = append(t.Scopes, corpus.Scope(name))
	}

	return t
}

// Tokens lists a person's working tokens, oldest first.
func (s *Store) Tokens(ctx context.Context, owner corpus.AnnotatorID) ([]corpus.Token, error) {
	var out []corpus.Token
	err := s.rows(ctx, `SELECT `+tokenColumns+` FROM tokens t WHERE t.annotator_id = ? AND `+tokenWorks+` ORDER BY t.added_at, 1`, []any{owner, s.nowMillis()}, func(r *sql.Rows) error {
		var row tokenRow
		err := r.Scan(row.into()...)
		out = append(out, row.token())
		return err
	})

	return out, err
}

// RemoveToken ends one of a person's tokens, or is corpus.ErrNotFound.
func (s *Store) RemoveToken(ctx context.Context, owner corpus.AnnotatorID, token string, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		var hash []byte
		var person, name string
		if err := t.scan(`SELECT t.token_hash, a.name, t.name FROM tokens t JOIN annotators a ON a.id = t.annotator_id
			WHERE t.annotator_id = ? AND `+tokenID+` = ? AND t.revoked_at IS NULL`, []any{owner, token}, &hash, &person, &name); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE tokens SET revoked_at = ? WHERE token_hash = ?`, s.nowMillis(), hash); err != nil {
			return err
		}
		return t.audit(by, 0, "token-removed", person, tokenChange{Token: name})
	})
}
