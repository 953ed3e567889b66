package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"annotate/internal/corpus"
)

// audit writes into the log who changed what, in the transaction that changes
// it: by 0 is the command line, project 0 none. Kind is "noun-verb" in lower
// case, as in "member-role", and is told in views/audit.go; subject is whom or
// what it is about, in the words of a page; change is kept as a JSON object,
// nil as {}. No secret may be in any of them.
func (t *tx) audit(by corpus.AnnotatorID, project corpus.ProjectID, kind, subject string, change any) error {
	if change == nil {
		change = struct{}{}
	}
	b, err := json.Marshal(change)
	if err != nil {
		return fmt.Errorf("audit %s: %w", kind, err)
	}
	_, err = t.exec(`INSERT INTO audit (at, annotator_id, project_id, kind, subject, change) VALUES (?, ?, ?, ?, ?, ?)`,
		millis(t.w.now()), nullID(by), nullID(project), kind, subject, string(b))

	return err
}

// What the log keeps of the usual changes.
type (
	given struct {
		Role corpus.Role `json:"role"`
	}
	invited struct {
		Role corpus.Role `json:"role,omitempty"`
		By   string      `json:"by,omitempty"` // who made the link; "" for the command line
	}
	changed[T any] struct {
		From T `json:"from"`
		To   T `json:"to"`
	}
)

// logOf is the condition that a line is about a project; with project 0 all
// are. SQLite finds the index only where it is said this plainly.
func logOf(project corpus.ProjectID) string {
	if project == 0 {
		return `? = 0`
	}
	return `l.project_id = ?`
}

// Log is what changed rights, labels, settings, gold and releases, the newest
// first.
func (s *Store) Log(ctx context.Context, f corpus.LogFilter) ([]corpus.LogEntry, error) {
	limit := f.Limit
	if limit == 0 {
		limit = -1 // SQLite's word for all
	}
	var out []corpus.LogEntry
	err := s.rows(ctx, `SELECT l.id, l.at, coalesce(a.name, ''), coalesce(p.name, ''), l.kind, l.subject, l.change
		FROM audit l LEFT JOIN annotators a ON a.id = l.annotator_id LEFT JOIN projects p ON p.id = l.project_id
		WHERE `+logOf(f.Project)+` AND ? IN ('', l.kind) AND ? IN (0, l.annotator_id) AND (? = 0 OR l.id < ?)
		ORDER BY l.id DESC LIMIT ?`, []any{f.Project, f.Kind, f.By, f.Before, f.Before, limit}, func(r *sql.Rows) error {
		var e corpus.LogEntry
		var at int64
		var change string
		err := r.Scan(&e.ID, &at, &e.By, &e.Project, &e.Kind, &e.Subject, &change)
		e.At, e.Change = fromMillis(at), json.RawMessage(change)
		out = append(out, e)
		return err
	})

	return out, err
}

// LogKinds are the kinds that a project's log has, or with project 0 all.
func (s *Store) LogKinds(ctx context.Context, project corpus.ProjectID) ([]string, error) {
	var out []string
	err := s.rows(ctx, `SELECT DISTINCT l.kind FROM audit l WHERE `+logOf(project)+` ORDER BY l.kind`, []any{project}, func(r *sql.Rows) error {
		var kind string
		err := r.Scan(&kind)
		out = append(out, kind)
		return err
	})

	return out, err
}

// LogPeople are those who changed something that a project's log has, or with
// project 0 anything, by name.
func (s *Store) LogPeople(ctx context.Context, project corpus.ProjectID) ([]corpus.Annotator, error) {
	var out []corpus.Annotator
	err := s.rows(ctx, `SELECT `+annotatorColumns+` FROM annotators a
		WHERE a.id IN (SELECT l.annotator_id FROM audit l WHERE `+logOf(project)+`) ORDER BY a.name`, []any{project}, func(r *sql.Rows) error {
		a, err := scanAnnotator(r.Scan)
		out = append(out, a)
		return err
	})

	return out, err
}
