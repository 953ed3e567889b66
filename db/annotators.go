package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"annotate/internal/corpus"
)

// AddAnnotator adds a person from the command line. It is *corpus.Invalid
// where the name is empty, too long or taken.
func (s *Store) AddAnnotator(ctx context.Context, name string, role corpus.Role, passwordHash string) (id corpus.AnnotatorID, err error) {
	err = s.write(ctx, func(t *tx) error {
		if id, err = s.addAnnotator(t, name, role, passwordHash); err != nil {
			return err
		}
		return t.audit(0, 0, "person-added", strings.TrimSpace(name), given{role})
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
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return 0, corpus.Invalidf("name", "a name holds no control characters")
	case !role.Includes(corpus.AnnotatorRole):
		return 0, corpus.Invalidf("role", "there is no role %q", role)
	}

	id, err := t.insert(`INSERT INTO annotators (name, role, password_hash, added_at) VALUES (?, ?, ?, ?)`, name, role, hash, s.nowMillis())
	if errors.Is(err, errUnique) {
		return 0, corpus.Invalidf("name", "the name %q is taken", name)
	}

	return corpus.AnnotatorID(id), err
}

const annotatorColumns = `a.id, a.name, a.role, a.keys, a.disabled, a.added_at, a.seen_at`

func scanAnnotator(scan func(...any) error, more ...any) (corpus.Annotator, error) {
	var a corpus.Annotator
	var keys string
	var added, seen int64
	if err := scan(append([]any{&a.ID, &a.Name, &a.Role, &keys, &a.Disabled, &added, &seen}, more...)...); err != nil {
		return corpus.Annotator{}, translate(err)
	}
	a.Added, a.Seen = fromMillis(added), sometime(seen)
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

// annotator is a person as a change finds them.
func (t *tx) annotator(id corpus.AnnotatorID) (corpus.Annotator, error) {
	return scanAnnotator(func(into ...any) error {
		return t.scan(`SELECT `+annotatorColumns+` FROM annotators a WHERE a.id = ?`, []any{id}, into...)
	})
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

// Annotator is corpus.ErrNotFound where there is nobody with the id.
func (s *Store) Annotator(ctx context.Context, id corpus.AnnotatorID) (corpus.Annotator, error) {
	return s.annotator(ctx, `SELECT `+annotatorColumns+` FROM annotators a WHERE a.id = ?`, id)
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

// SetPassword replaces the password. The person's sessions end, and links for
// a new password stop working.
func (s *Store) SetPassword(ctx context.Context, id corpus.AnnotatorID, hash string, by corpus.AnnotatorID) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		who, err := t.annotator(id)
		if err != nil {
			return err
		}
		if err := s.setPassword(t, id, hash); err != nil {
			return err
		}
		kind := "password-set"
		if by == id {
			kind = "password-changed"
		}
		return t.audit(by, 0, kind, who.Name, nil)
	})
}

func (s *Store) setPassword(t *tx, id corpus.AnnotatorID, hash string) error {
	if err := one(t.change(`UPDATE annotators SET password_hash = ? WHERE id = ?`, hash, id)); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE links SET revoked_at = ? WHERE annotator_id = ? AND used_by IS NULL AND revoked_at = 0`, s.nowMillis(), id); err != nil {
		return err
	}
	_, err := t.exec(`DELETE FROM sessions WHERE annotator_id = ?`, id)

	return err
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

	defer s.forget()
	return s.write(ctx, func(t *tx) error {
		return one(t.change(`UPDATE annotators SET keys = ? WHERE id = ?`, string(b), id))
	})
}

// SetRole changes what a person's account may do. It is *corpus.Invalid where
// there is no such role, or nobody could administer or manage any more.
func (s *Store) SetRole(ctx context.Context, id corpus.AnnotatorID, role corpus.Role, by corpus.AnnotatorID) error {
	if !slices.Contains(corpus.Roles, role) {
		return corpus.Invalidf("role", "there is no role %q", role)
	}

	defer s.forget()
	return s.write(ctx, func(t *tx) error {
		who, err := t.annotator(id)
		if err != nil || who.Role == role {
			return err
		}
		if _, err := t.exec(`UPDATE annotators SET role = ? WHERE id = ?`, role, id); err != nil {
			return err
		}
		if err := manned(t, who); err != nil {
			return err
		}
		return t.audit(by, 0, "person-role", who.Name, changed[corpus.Role]{who.Role, role})
	})
}

// SetDisabled takes away or gives back a person's access. Their work stays;
// their sessions and tokens end, and links that they made stop working. It is
// *corpus.Invalid where nobody could administer or manage any more.
func (s *Store) SetDisabled(ctx context.Context, id corpus.AnnotatorID, disabled bool, by corpus.AnnotatorID) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		who, err := t.annotator(id)
		if err != nil || who.Disabled == disabled {
			return err
		}
		if _, err := t.exec(`UPDATE annotators SET disabled = ? WHERE id = ?`, disabled, id); err != nil {
			return err
		}
		if !disabled {
			return t.audit(by, 0, "person-enabled", who.Name, nil)
		}

		if err := manned(t, who); err != nil {
			return err
		}
		now := s.nowMillis()
		if _, err := t.exec(`DELETE FROM sessions WHERE annotator_id = ?`, id); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE tokens SET revoked_at = ? WHERE annotator_id = ? AND revoked_at IS NULL`, now, id); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE links SET revoked_at = ? WHERE ? IN (made_by, annotator_id) AND used_by IS NULL AND revoked_at = 0`, now, id); err != nil {
			return err
		}
		return t.audit(by, 0, "person-disabled", who.Name, nil)
	})
}

// manned refuses a change of a person, as they were before, that leaves nobody
// to administer or to manage.
func manned(t *tx, before corpus.Annotator) error {
	if before.Role == corpus.Administrator && !before.Disabled {
		var left int
		if err := t.scan(`SELECT count(*) FROM annotators WHERE role = 'administrator' AND NOT disabled`, nil, &left); err != nil {
			return err
		}
		if left == 0 {
			return corpus.Invalidf("role", "%s is the last administrator; make somebody else one first", before.Name)
		}
	}

	return managed(t)
}

// one is corpus.ErrNotFound where a change that means one row met none.
func one(n int64, err error) error {
	if err == nil && n == 0 {
		return corpus.ErrNotFound
	}
	return err
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
