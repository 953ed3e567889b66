package db

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"annotate/internal/corpus"
)

// How long links work: those that print themselves or renew a password, and
// the longest that an invitation may.
const (
	linkLife       = 24 * time.Hour
	invitationLife = 365 * 24 * time.Hour
)

// mayGive reports whether who has that role, in the link's project or where
// there is none of their account, may give what the link gives.
func mayGive(has corpus.Role, l corpus.Link) bool {
	if l.Project == 0 || l.Person != 0 {
		return has == corpus.Administrator
	}

	return has.Includes(corpus.Manager) && has.Includes(l.Role)
}

// AddInvitation makes a link that works once, and returns its secret, which is
// kept only as a hash. It is corpus.ErrNotFound where there is no such project,
// and *corpus.Invalid where there is no such role, it would work too long, or
// it would give more than who makes it may.
func (s *Store) AddInvitation(ctx context.Context, i corpus.Invitation, by corpus.AnnotatorID) (token string, err error) {
	roles := corpus.Roles
	if i.Project != 0 {
		roles = corpus.MemberRoles
	}
	switch {
	case !slices.Contains(roles, i.Role):
		return "", corpus.Invalidf("role", "there is no role %q to invite to", i.Role)
	case i.For <= 0 || i.For > invitationLife:
		return "", corpus.Invalidf("days", "an invitation works for 1 to %d days", int(invitationLife.Hours()/24))
	}

	err = s.write(ctx, func(t *tx) error {
		if i.Project != 0 {
			if _, err := projectName(t, i.Project); err != nil {
				return err
			}
		}
		token, err = s.addLink(t, corpus.Link{Role: i.Role, Project: i.Project}, i.For, by)
		if err != nil {
			return err
		}
		return t.audit(by, i.Project, "invitation-made", "", struct {
			Role corpus.Role `json:"role"`
			Days int         `json:"days"`
		}{i.Role, int(i.For.Hours() / 24)})
	})

	return token, err
}

// AddFirstLink makes the link that the first start prints, for the first
// administrator. Those printed earlier stop working.
func (s *Store) AddFirstLink(ctx context.Context) (token string, err error) {
	err = s.write(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE links SET revoked_at = ? WHERE role = 'administrator' AND made_by IS NULL AND annotator_id IS NULL
			AND used_by IS NULL AND revoked_at = 0`, s.nowMillis()); err != nil {
			return err
		}
		token, err = s.addLink(t, corpus.Link{Role: corpus.Administrator}, linkLife, 0)
		return err
	})

	return token, err
}

// AddReset makes a link with which a person sets a new password, within a day.
// Earlier ones stop working. It is *corpus.Invalid where the person has no
// access.
func (s *Store) AddReset(ctx context.Context, person, by corpus.AnnotatorID) (token string, err error) {
	err = s.write(ctx, func(t *tx) error {
		who, err := t.annotator(person)
		if err != nil {
			return err
		}
		if who.Disabled {
			return corpus.Invalidf("", "%s has no access now; give it back first", who.Name)
		}
		if _, err := t.exec(`UPDATE links SET revoked_at = ? WHERE annotator_id = ? AND used_by IS NULL AND revoked_at = 0`, s.nowMillis(), person); err != nil {
			return err
		}
		if token, err = s.addLink(t, corpus.Link{Role: who.Role, Person: person}, linkLife, by); err != nil {
			return err
		}
		return t.audit(by, 0, "reset-made", who.Name, nil)
	})

	return token, err
}

func (s *Store) addLink(t *tx, l corpus.Link, life time.Duration, by corpus.AnnotatorID) (string, error) {
	if ok, err := t.mayGive(by, l); err != nil || !ok {
		return "", errors.Join(err, corpus.Invalidf("role", "a link gives no more than who makes it may do"))
	}
	token, hash := secret()
	now := s.now()
	_, err := t.exec(`INSERT INTO links (token_hash, role, project_id, annotator_id, made_by, made_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		hash, l.Role, nullID(l.Project), nullID(l.Person), nullID(by), millis(now), millis(now.Add(life)))

	return token, err
}

// mayGive asks what the maker of a link may do now; the command line may give
// everything.
func (t *tx) mayGive(by corpus.AnnotatorID, l corpus.Link) (bool, error) {
	if by == 0 {
		return true, nil
	}
	if l.Project != 0 {
		has, err := t.roleIn(l.Project, by)
		return mayGive(has, l), err
	}
	who, err := t.annotator(by)

	return err == nil && !who.Disabled && mayGive(who.Role, l), err
}

const linkColumns = `l.id, l.role, coalesce(l.project_id, 0), coalesce(p.name, ''), coalesce(l.annotator_id, 0), coalesce(a.name, ''),
	coalesce(b.name, ''), coalesce(u.name, ''), l.made_at, l.expires_at, l.used_at, l.revoked_at`

const linkTables = `links l LEFT JOIN projects p ON p.id = l.project_id LEFT JOIN annotators a ON a.id = l.annotator_id
	LEFT JOIN annotators b ON b.id = l.made_by LEFT JOIN annotators u ON u.id = l.used_by`

func scanLink(scan func(...any) error) (corpus.Link, error) {
	var l corpus.Link
	var made, expires, used, revoked int64
	err := scan(&l.ID, &l.Role, &l.Project, &l.In, &l.Person, &l.Whose, &l.By, &l.UsedBy, &made, &expires, &used, &revoked)
	l.Made, l.Expires, l.Used, l.Revoked = fromMillis(made), fromMillis(expires), sometime(used), sometime(revoked)

	return l, translate(err)
}

// linkUsable are the links that still work. Where a person or project went away
// since, it does not.
const linkUsable = `l.used_by IS NULL AND l.revoked_at = 0 AND l.expires_at > ? AND p.removed_at IS NULL AND a.disabled IS NOT 1`

// Link is what a link's secret gives; corpus.ErrNotFound where it is used up,
// withdrawn, too old or unknown.
func (s *Store) Link(ctx context.Context, token string) (corpus.Link, error) {
	st, err := s.stmt(ctx, `SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.token_hash = ? AND `+linkUsable)
	if err != nil {
		return corpus.Link{}, err
	}

	return scanLink(st.QueryRowContext(ctx, hashed(token), s.nowMillis()).Scan)
}

// openLink is Link inside a change that uses it up. Who made it must still be
// one who may.
func (s *Store) openLink(t *tx, token string) (corpus.Link, error) {
	l, err := scanLink(func(into ...any) error {
		return t.scan(`SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.token_hash = ? AND `+linkUsable, []any{hashed(token), s.nowMillis()}, into...)
	})
	if err != nil {
		return corpus.Link{}, err
	}
	var by corpus.AnnotatorID
	if err := t.scan(`SELECT coalesce(made_by, 0) FROM links WHERE id = ?`, []any{l.ID}, &by); err != nil {
		return corpus.Link{}, err
	}
	if ok, err := t.mayGive(by, l); err != nil || !ok {
		return corpus.Link{}, errors.Join(err, corpus.ErrNotFound)
	}

	return l, nil
}

func (s *Store) closeLink(t *tx, l corpus.Link, by corpus.AnnotatorID) error {
	_, err := t.exec(`UPDATE links SET used_by = ?, used_at = ? WHERE id = ?`, by, s.nowMillis(), l.ID)

	return err
}

// UseLink adds the person whom the link invited. Of two who use it at once one
// gets corpus.ErrNotFound; so does who has a link of another kind.
func (s *Store) UseLink(ctx context.Context, token, name, passwordHash string) (id corpus.AnnotatorID, err error) {
	defer s.forget()

	err = s.write(ctx, func(t *tx) error {
		id, err = s.useLink(t, token, name, passwordHash)
		return err
	})

	return id, err
}

// useLink makes the account, and the place in the link's project. An account
// that comes for one project may no more than label elsewhere.
func (s *Store) useLink(t *tx, token, name, passwordHash string) (corpus.AnnotatorID, error) {
	l, err := s.openLink(t, token)
	if err != nil {
		return 0, err
	}
	if l.Person != 0 {
		return 0, corpus.ErrNotFound
	}
	role := l.Role
	if l.Project != 0 {
		role = corpus.AnnotatorRole
	}
	id, err := s.addAnnotator(t, name, role, passwordHash)
	if err != nil {
		return 0, err
	}
	if err := s.closeLink(t, l, id); err != nil {
		return 0, err
	}

	who, err := t.annotator(id)
	if err != nil {
		return 0, err
	}
	if err := t.audit(id, 0, "person-joined", who.Name, invited{role, l.By}); err != nil || l.Project == 0 {
		return id, err
	}
	return id, s.joinLink(t, l, who)
}

// joinLink gives a person the place that a link invites to.
func (s *Store) joinLink(t *tx, l corpus.Link, who corpus.Annotator) error {
	if _, err := s.putMember(t, l.Project, who.ID, l.Role); err != nil {
		return err
	}

	return t.audit(who.ID, l.Project, "member-joined", who.Name, invited{l.Role, l.By})
}

// Join gives a person the place in a project that a link invites to. It is
// *corpus.Invalid where they may as much there already: the link is not used
// up then.
func (s *Store) Join(ctx context.Context, token string, who corpus.AnnotatorID) (project corpus.ProjectID, err error) {
	defer s.forget()

	err = s.write(ctx, func(t *tx) error {
		l, err := s.openLink(t, token)
		if err != nil {
			return err
		}
		if l.Person != 0 || l.Project == 0 {
			return corpus.ErrNotFound
		}
		project = l.Project
		has, err := t.roleIn(project, who)
		if err != nil {
			return err
		}
		if has.Includes(l.Role) {
			return corpus.Invalidf("", "you may do as much in %s already", l.In)
		}
		a, err := t.annotator(who)
		if err != nil {
			return err
		}
		if err := s.closeLink(t, l, who); err != nil {
			return err
		}
		return s.joinLink(t, l, a)
	})

	return project, err
}

// Renew sets the password of the person whom the link is for, and says who
// that is. Their sessions end.
func (s *Store) Renew(ctx context.Context, token, passwordHash string) (id corpus.AnnotatorID, err error) {
	defer s.forget()

	err = s.write(ctx, func(t *tx) error {
		l, err := s.openLink(t, token)
		if err != nil {
			return err
		}
		if id = l.Person; id == 0 {
			return corpus.ErrNotFound
		}
		if err := s.closeLink(t, l, id); err != nil {
			return err
		}
		if err := s.setPassword(t, id, passwordHash); err != nil {
			return err
		}
		return t.audit(id, 0, "password-renewed", l.Whose, invited{By: l.By})
	})

	return id, err
}

// linksShown bounds a list of links.
const linksShown = 200

// Links lists the newest links of a project, or with project 0 all of them,
// the newest first.
func (s *Store) Links(ctx context.Context, project corpus.ProjectID) ([]corpus.Link, error) {
	var out []corpus.Link
	err := s.rows(ctx, `SELECT `+linkColumns+` FROM `+linkTables+` WHERE ? IN (0, l.project_id) ORDER BY l.id DESC LIMIT ?`, []any{project, linksShown}, func(r *sql.Rows) error {
		l, err := scanLink(r.Scan)
		out = append(out, l)
		return err
	})

	return out, err
}

// RevokeLink takes the power of a link away: one of the project, or with
// project 0 any. It is corpus.ErrNotFound where it has none any more.
func (s *Store) RevokeLink(ctx context.Context, project corpus.ProjectID, id corpus.LinkID, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		l, err := scanLink(func(into ...any) error {
			return t.scan(`SELECT `+linkColumns+` FROM `+linkTables+` WHERE l.id = ? AND ? IN (0, l.project_id) AND l.used_by IS NULL AND l.revoked_at = 0`, []any{id, project}, into...)
		})
		if err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE links SET revoked_at = ? WHERE id = ?`, s.nowMillis(), id); err != nil {
			return err
		}
		if l.Person != 0 {
			return t.audit(by, 0, "reset-revoked", l.Whose, nil)
		}
		return t.audit(by, l.Project, "invitation-revoked", "", given{l.Role})
	})
}
