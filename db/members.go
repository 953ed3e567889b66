package db

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"annotate/internal/corpus"
)

// effective is what a of annotators may do in p of projects, of which m is the
// row of members or NULL; empty where they may not know of it.
const effective = `CASE WHEN a.role = 'administrator' THEN a.role WHEN m.role IS NOT NULL THEN m.role WHEN p.open THEN a.role ELSE '' END`

// right names whose role is asked for, and where.
type right struct {
	who      corpus.AnnotatorID
	project  corpus.ProjectID
	document corpus.DocumentID // 0: the project itself
}

type rightIn struct {
	role    corpus.Role
	project corpus.ProjectID
}

// RoleIn is what a person may do in a project: an administrator everything, a
// member what the membership says, anybody else what the account may if the
// project is open. It is corpus.ErrNotFound where the person may not know of
// the project, or there is none; a removed one is there. The account's role is
// read from the file, who.Role is not asked.
func (s *Store) RoleIn(ctx context.Context, project corpus.ProjectID, who corpus.Annotator) (corpus.Role, error) {
	in, err := s.right(ctx, right{who: who.ID, project: project}, `SELECT `+effective+`, p.id FROM projects p JOIN annotators a ON a.id = ?
		LEFT JOIN members m ON m.project_id = p.id AND m.annotator_id = a.id WHERE p.id = ?`, who.ID, project)

	return in.role, err
}

// RoleOn is RoleIn for the project that a document is in.
func (s *Store) RoleOn(ctx context.Context, document corpus.DocumentID, who corpus.Annotator) (corpus.Role, corpus.ProjectID, error) {
	in, err := s.right(ctx, right{who: who.ID, document: document}, `SELECT `+effective+`, p.id FROM documents d JOIN projects p ON p.id = d.project_id JOIN annotators a ON a.id = ?
		LEFT JOIN members m ON m.project_id = p.id AND m.annotator_id = a.id WHERE d.id = ?`, who.ID, document)

	return in.role, in.project, err
}

// right remembers the answer for a second. What another process changed is
// noticed after that, what this one did at once.
func (s *Store) right(ctx context.Context, key right, query string, args ...any) (rightIn, error) {
	now := s.now()
	in, era, ok := s.rights.get(key, now)
	if ok {
		return in, nil
	}
	if err := s.scan(ctx, query, args, &in.role, &in.project); err != nil {
		return rightIn{}, err
	}
	if in.role == "" {
		return rightIn{}, corpus.ErrNotFound
	}
	s.rights.put(key, in, now, era)

	return in, nil
}

// Roles is what a person may do in each project that they may know of, removed
// ones among them.
func (s *Store) Roles(ctx context.Context, who corpus.AnnotatorID) (map[corpus.ProjectID]corpus.Role, error) {
	out := map[corpus.ProjectID]corpus.Role{}
	err := s.rows(ctx, `SELECT p.id, `+effective+` FROM projects p JOIN annotators a ON a.id = ?
		LEFT JOIN members m ON m.project_id = p.id AND m.annotator_id = a.id ORDER BY p.id`, []any{who}, func(r *sql.Rows) error {
		var id corpus.ProjectID
		var role corpus.Role
		err := r.Scan(&id, &role)
		if role != "" {
			out[id] = role
		}
		return err
	})

	return out, err
}

// roleIn is RoleIn inside a change; "" where the person may not know of the
// project.
func (t *tx) roleIn(project corpus.ProjectID, who corpus.AnnotatorID) (role corpus.Role, err error) {
	err = t.scan(`SELECT `+effective+` FROM projects p JOIN annotators a ON a.id = ?
		LEFT JOIN members m ON m.project_id = p.id AND m.annotator_id = a.id WHERE p.id = ? AND NOT a.disabled`, []any{who, project}, &role)
	if errors.Is(err, corpus.ErrNotFound) {
		return "", nil
	}

	return role, err
}

const memberColumns = annotatorColumns + `, m.role, m.added_at`

func scanMember(scan func(...any) error) (m corpus.Member, err error) {
	var since int64
	m.Annotator, err = scanAnnotator(scan, &m.In, &since)
	m.Since = fromMillis(since)

	return m, err
}

// Members lists who has a place of their own in a project, by name.
func (s *Store) Members(ctx context.Context, project corpus.ProjectID) ([]corpus.Member, error) {
	var out []corpus.Member
	err := s.rows(ctx, `SELECT `+memberColumns+` FROM members m JOIN annotators a ON a.id = m.annotator_id
		WHERE m.project_id = ? ORDER BY a.name`, []any{project}, func(r *sql.Rows) error {
		m, err := scanMember(r.Scan)
		out = append(out, m)
		return err
	})

	return out, err
}

// Member is corpus.ErrNotFound where the person has no place in the project.
func (s *Store) Member(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID) (corpus.Member, error) {
	st, err := s.stmt(ctx, `SELECT `+memberColumns+` FROM members m JOIN annotators a ON a.id = m.annotator_id
		WHERE m.project_id = ? AND m.annotator_id = ?`)
	if err != nil {
		return corpus.Member{}, err
	}

	return scanMember(st.QueryRowContext(ctx, project, who).Scan)
}

// Memberships are the places that people have in living projects, each
// person's by the project's name.
func (s *Store) Memberships(ctx context.Context) (map[corpus.AnnotatorID][]corpus.Membership, error) {
	out := map[corpus.AnnotatorID][]corpus.Membership{}
	err := s.rows(ctx, `SELECT m.annotator_id, p.id, p.name, m.role FROM members m JOIN projects p ON p.id = m.project_id
		WHERE p.removed_at IS NULL ORDER BY m.annotator_id, p.name`, nil, func(r *sql.Rows) error {
		var who corpus.AnnotatorID
		var m corpus.Membership
		err := r.Scan(&who, &m.Project, &m.Name, &m.Role)
		out[who] = append(out[who], m)
		return err
	})

	return out, err
}

// ProjectOpen reports whether everybody with an account may enter a project.
func (s *Store) ProjectOpen(ctx context.Context, id corpus.ProjectID) (open bool, err error) {
	err = s.scan(ctx, `SELECT open FROM projects WHERE id = ?`, []any{id}, &open)

	return open, err
}

// SetMember gives a person a place in a project, or another role there. It is
// *corpus.Invalid where there is no such role, the person has no access, or
// nobody could manage the project any more.
func (s *Store) SetMember(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID, role corpus.Role, by corpus.AnnotatorID) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		if _, err := projectName(t, project); err != nil {
			return err
		}
		a, err := t.annotator(who)
		if err != nil {
			return err
		}
		if a.Disabled {
			return corpus.Invalidf("name", "%s has no access now; an administrator can give it back", a.Name)
		}
		return s.setMember(t, project, a, role, by)
	})
}

func (s *Store) setMember(t *tx, project corpus.ProjectID, who corpus.Annotator, role corpus.Role, by corpus.AnnotatorID) error {
	had, err := s.putMember(t, project, who.ID, role)
	switch {
	case err != nil || had == role:
		return err
	case had == "":
		return t.audit(by, project, "member-added", who.Name, given{role})
	}

	return t.audit(by, project, "member-role", who.Name, changed[corpus.Role]{had, role})
}

// putMember says which role the person had, "" for none.
func (s *Store) putMember(t *tx, project corpus.ProjectID, who corpus.AnnotatorID, role corpus.Role) (had corpus.Role, err error) {
	if !slices.Contains(corpus.MemberRoles, role) {
		return "", corpus.Invalidf("role", "there is no role %q in a project", role)
	}
	err = t.scan(`SELECT role FROM members WHERE project_id = ? AND annotator_id = ?`, []any{project, who}, &had)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return "", err
	}
	if _, err := t.exec(`INSERT INTO members (project_id, annotator_id, role, added_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (project_id, annotator_id) DO UPDATE SET role = excluded.role`, project, who, role, s.nowMillis()); err != nil {
		return "", err
	}

	return had, managed(t)
}

// RemoveMember takes a person's place in a project away. It is
// corpus.ErrNotFound where the person has none, and *corpus.Invalid where
// nobody could manage the project any more.
func (s *Store) RemoveMember(ctx context.Context, project corpus.ProjectID, who, by corpus.AnnotatorID) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		var had corpus.Role
		var name string
		if err := t.scan(`SELECT m.role, a.name FROM members m JOIN annotators a ON a.id = m.annotator_id
			WHERE m.project_id = ? AND m.annotator_id = ?`, []any{project, who}, &had, &name); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM members WHERE project_id = ? AND annotator_id = ?`, project, who); err != nil {
			return err
		}
		if err := managed(t); err != nil {
			return err
		}
		return t.audit(by, project, "member-removed", name, given{had})
	})
}

// SetOpen lets everybody with an account into a project, or its members alone.
// Who closes it stays in: they become its manager where they had no place. It
// is *corpus.Invalid where nobody could manage the project any more.
func (s *Store) SetOpen(ctx context.Context, project corpus.ProjectID, open bool, by corpus.AnnotatorID) error {
	defer s.forget()

	return s.write(ctx, func(t *tx) error {
		name, err := projectName(t, project)
		if err != nil {
			return err
		}
		if n, err := t.change(`UPDATE projects SET open = ? WHERE id = ? AND open <> ?`, open, project, open); err != nil || n == 0 {
			return err
		}
		if open {
			return t.audit(by, project, "project-opened", name, nil)
		}
		if err := t.audit(by, project, "project-closed", name, nil); err != nil {
			return err
		}

		if role, err := t.roleIn(project, by); err != nil || role != "" || by == 0 {
			return errors.Join(err, managed(t))
		}
		return s.found(t, project, by)
	})
}

// found makes who makes or closes a project its manager.
func (s *Store) found(t *tx, project corpus.ProjectID, by corpus.AnnotatorID) error {
	if by == 0 {
		return nil
	}
	who, err := t.annotator(by)
	if err != nil {
		return err
	}

	return s.setMember(t, project, who, corpus.Manager, by)
}

// managed refuses a change after which a project for members alone has nobody
// to manage it.
func managed(t *tx) error {
	var name string
	err := t.scan(`SELECT p.name FROM projects p WHERE NOT p.open AND p.removed_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM annotators WHERE role = 'administrator' AND NOT disabled)
		AND NOT EXISTS (SELECT 1 FROM members m JOIN annotators a ON a.id = m.annotator_id
			WHERE m.project_id = p.id AND m.role = 'manager' AND NOT a.disabled)
		ORDER BY p.name LIMIT 1`, nil, &name)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}

	return corpus.Invalidf("role", "nobody could manage %q any more; make somebody else its manager, or open it to everybody", name)
}

func projectName(t *tx, id corpus.ProjectID) (name string, err error) {
	err = t.scan(`SELECT name FROM projects WHERE id = ?`, []any{id}, &name)

	return name, err
}
