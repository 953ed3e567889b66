package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"

	"annotate/internal/corpus"
)

// noPassword is the hash of an account without a password: no password has it.
const noPassword = ""

// HasPassword reports whether a person can sign in with a password;
// corpus.ErrNotFound where there is no such person.
func (s *Store) HasPassword(ctx context.Context, id corpus.AnnotatorID) (bool, error) {
	var hash string
	err := s.scan(ctx, `SELECT password_hash FROM annotators WHERE id = ?`, []any{id}, &hash)

	return hash != noPassword, err
}

// maxLabel bounds, in bytes, what is kept of how a provider calls somebody.
const maxLabel = 200

// IdentityOwner is whose identity it is; corpus.ErrNotFound where nobody
// connected it. A disabled person comes back as such: they are to be told, not
// asked who they are.
func (s *Store) IdentityOwner(ctx context.Context, issuer, subject string) (corpus.Annotator, error) {
	return s.annotator(ctx, `SELECT `+annotatorColumns+` FROM identities i JOIN annotators a ON a.id = i.annotator_id
		WHERE i.issuer = ? AND i.subject = ?`, issuer, subject)
}

// SetIdentityUsed notes that somebody signed in by i just now, and how the
// provider calls them today.
func (s *Store) SetIdentityUsed(ctx context.Context, i corpus.Identity) error {
	return s.write(ctx, func(t *tx) error {
		return one(t.change(`UPDATE identities SET used_at = ?, label = ? WHERE issuer = ? AND subject = ?`, s.nowMillis(), clip(i.Label, maxLabel), i.Issuer, i.Subject))
	})
}

// Identities lists what a person connected, oldest first.
func (s *Store) Identities(ctx context.Context, owner corpus.AnnotatorID) ([]corpus.Identity, error) {
	var out []corpus.Identity
	err := s.rows(ctx, `SELECT id, issuer, subject, label, added_at, used_at FROM identities WHERE annotator_id = ? ORDER BY id`, []any{owner}, func(r *sql.Rows) error {
		var i corpus.Identity
		var added, used int64
		err := r.Scan(&i.ID, &i.Issuer, &i.Subject, &i.Label, &added, &used)
		i.Added, i.Used = fromMillis(added), sometime(used)
		out = append(out, i)
		return err
	})

	return out, err
}

// AddIdentity connects an identity to an account. It is *corpus.Invalid where
// it belongs to one already, and corpus.ErrNotFound where the owner has no
// access.
func (s *Store) AddIdentity(ctx context.Context, owner corpus.AnnotatorID, i corpus.Identity, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error { return s.addIdentity(t, owner, i, by) })
}

func (s *Store) addIdentity(t *tx, owner corpus.AnnotatorID, i corpus.Identity, by corpus.AnnotatorID) error {
	if i.Issuer == "" || strings.TrimSpace(i.Subject) == "" {
		return corpus.Invalidf("", "the provider did not say who you are")
	}
	person, err := enabledName(t, owner)
	if err != nil {
		return err
	}

	_, err = t.exec(`INSERT INTO identities (annotator_id, issuer, subject, label, added_at) VALUES (?, ?, ?, ?, ?)`, owner, i.Issuer, i.Subject, clip(i.Label, maxLabel), s.nowMillis())
	if errors.Is(err, errUnique) {
		return corpus.Invalidf("", "the login %s is connected to an account already; whose account that is can disconnect it", cmp.Or(i.Label, i.Subject))
	}
	if err != nil {
		return err
	}

	return t.audit(by, 0, "identity-connected", person, identityChange{i.Issuer, clip(i.Label, maxLabel)})
}

// identityChange is what the log keeps of an identity. The subject is left out:
// the log is read by more people than the account's own.
type identityChange struct {
	Issuer string `json:"issuer"`
	Label  string `json:"label"`
}

// RemoveIdentity disconnects one of a person's identities, or is
// corpus.ErrNotFound. It is *corpus.Invalid where that would leave them no way
// to sign in.
func (s *Store) RemoveIdentity(ctx context.Context, owner corpus.AnnotatorID, id int64, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		var i corpus.Identity
		var person, hash string
		var all int
		if err := t.scan(`SELECT i.issuer, i.label, a.name, a.password_hash, (SELECT count(*) FROM identities o WHERE o.annotator_id = a.id)
			FROM identities i JOIN annotators a ON a.id = i.annotator_id WHERE i.annotator_id = ? AND i.id = ?`, []any{owner, id}, &i.Issuer, &i.Label, &person, &hash, &all); err != nil {
			return err
		}
		if hash == noPassword && all == 1 {
			return corpus.Invalidf("", "this is your only way to sign in; ask an administrator for a link to choose a password first")
		}
		if _, err := t.exec(`DELETE FROM identities WHERE id = ?`, id); err != nil {
			return err
		}
		return t.audit(by, 0, "identity-disconnected", person, identityChange{i.Issuer, i.Label})
	})
}

// AddAnnotatorByIdentity adds a person whom nobody invited, who has no password
// and signs in by i. It is *corpus.Invalid where the name will not do, or i
// belongs to an account already.
func (s *Store) AddAnnotatorByIdentity(ctx context.Context, name string, role corpus.Role, i corpus.Identity) (id corpus.AnnotatorID, err error) {
	err = s.write(ctx, func(t *tx) error {
		if id, err = s.addAnnotator(t, name, role, noPassword); err != nil {
			return err
		}
		if err := t.audit(id, 0, "person-joined", strings.TrimSpace(name), invited{Role: role}); err != nil {
			return err
		}
		return s.addIdentity(t, id, i, id)
	})

	return id, err
}

// UseLinkByIdentity is UseLink for a person who has no password and signs in by
// i.
func (s *Store) UseLinkByIdentity(ctx context.Context, token, name string, i corpus.Identity) (id corpus.AnnotatorID, err error) {
	defer s.forget()

	err = s.write(ctx, func(t *tx) error {
		if id, err = s.useLink(t, token, name, noPassword); err != nil {
			return err
		}
		return s.addIdentity(t, id, i, id)
	})

	return id, err
}
