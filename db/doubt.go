package db

import (
	"context"
	"database/sql"
	"math"
	"time"

	"annotate/internal/corpus"
)

// Weighing is what the doubt of a project's documents follows from: it is of
// yesterday where any of it is another now.
type Weighing struct {
	Model   corpus.ModelID    // 0 for none
	Run     corpus.RunID      // the newest that is done, 0 for none
	Through corpus.DocumentID // the newest that everybody sees
}

// Weighed is what doubt was weighed by last, the zero value for never, and what
// it would be weighed by now.
func (s *Store) Weighed(ctx context.Context, project corpus.ProjectID) (last, now Weighing, err error) {
	err = s.scan(ctx, `SELECT coalesce(w.model_id, 0), coalesce(w.run_id, 0), coalesce(w.document_id, 0),
			(SELECT coalesce(max(id), 0) FROM models WHERE project_id = p.id),
			(SELECT coalesce(max(id), 0) FROM runs WHERE project_id = p.id AND state = 'done' AND removed_at IS NULL), p.visible_through
		FROM projects p LEFT JOIN weighings w ON w.project_id = p.id WHERE p.id = ?`, []any{project},
		&last.Model, &last.Run, &last.Through, &now.Model, &now.Run, &now.Through)

	return last, now, err
}

// Awaiting is a document that wants people, and its site.
type Awaiting struct {
	Document corpus.DocumentID
	Site     string
}

// Awaiting are the documents that want people and that everybody sees, at most
// limit: the first in the random order, so that they are a fair sample where
// there are more. They come site by site.
func (s *Store) Awaiting(ctx context.Context, project corpus.ProjectID, limit int) (out []Awaiting, err error) {
	err = s.rows(ctx, `SELECT d.id, d.site FROM (SELECT document_id FROM document_states INDEXED BY queue_random
			WHERE project_id = ?1 AND state IN ('new', 'begun', 'labelled', 'skipped') AND room > 0 AND document_id <= (SELECT visible_through FROM projects WHERE id = ?1)
			ORDER BY shuffle LIMIT ?2) s
		CROSS JOIN documents d ON d.id = s.document_id ORDER BY d.site, d.id`, []any{project, limit}, func(r *sql.Rows) error {
		var one Awaiting
		err := r.Scan(&one.Document, &one.Site)
		out = append(out, one)
		return err
	})

	return out, err
}

// Doubt is how soon a document should come under corpus.MostDoubt: 0 to 1, the
// greatest first.
type Doubt struct {
	Document corpus.DocumentID
	Doubt    float64
}

// How doubt is written: in turns with those who save.
const (
	doubtEach  = 64
	doubtPause = 5 * time.Millisecond
	doubtUnit  = 1_000_000 // doubt is kept in whole millionths
)

// SetDoubt keeps how soon documents of a project should come, and by what that
// was weighed. Others stay as they are.
func (s *Store) SetDoubt(ctx context.Context, project corpus.ProjectID, by Weighing, all []Doubt) error {
	for at := 0; at < len(all); at += doubtEach {
		err := s.writeBulk(ctx, func(t *tx) error {
			for _, d := range all[at:min(at+doubtEach, len(all))] {
				if _, err := t.exec(`UPDATE document_states SET doubt = ?1 WHERE document_id = ?2 AND project_id = ?3 AND doubt <> ?1`, int(math.Round(doubtUnit*d.Doubt)), d.Document, project); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		time.Sleep(doubtPause)
	}

	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT OR REPLACE INTO weighings (project_id, model_id, run_id, document_id, at) VALUES (?, ?, ?, ?, ?)`, project, by.Model, by.Run, by.Through, s.nowMillis())
		return err
	})
}
