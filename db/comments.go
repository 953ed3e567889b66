package db

import (
	"context"
	"database/sql"
	"errors"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
)

// AddComment keeps a comment. One that is there already is answered as kept;
// *corpus.Invalid where its id is another comment's, or it names no place.
func (s *Store) AddComment(ctx context.Context, c corpus.Comment) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.Place != "" {
		if _, _, err := agreement.ParseKey(c.Place); err != nil {
			return err
		}
	}

	return s.write(ctx, func(t *tx) error {
		var same bool
		err := t.scan(`SELECT document_id = ? AND annotator_id = ? AND text = ? FROM comments WHERE id = ?`, []any{c.Document, c.By, c.Text, c.ID}, &same)
		if err == nil && same {
			return nil
		}
		if err == nil {
			return corpus.Invalidf("id", "another comment has this id")
		}
		if !errors.Is(err, corpus.ErrNotFound) {
			return err
		}
		n, err := t.change(`INSERT INTO comments (id, document_id, project_id, annotator_id, at, place, text) SELECT ?, d.id, d.project_id, ?, ?, nullif(?, ''), ? FROM documents d WHERE d.id = ?`,
			c.ID, c.By, s.nowMillis(), c.Place, c.Text, c.Document)
		if err == nil && n == 0 {
			err = corpus.ErrNotFound
		}
		return err
	})
}

// SetCommentResolved marks a comment as done with, or opens it again.
// corpus.ErrNotFound where the document has no such comment.
func (s *Store) SetCommentResolved(ctx context.Context, doc corpus.DocumentID, id string, resolved bool, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		at, who := sql.NullInt64{Int64: s.nowMillis(), Valid: resolved}, sql.NullInt64{Int64: int64(by), Valid: resolved}
		n, err := t.change(`UPDATE comments SET resolved_at = CASE WHEN ?1 IS NULL THEN NULL ELSE coalesce(resolved_at, ?1) END, resolved_by = CASE WHEN ?2 IS NULL THEN NULL ELSE coalesce(resolved_by, ?2) END
			WHERE id = ?3 AND document_id = ?4`, at, who, id, doc)
		if err == nil && n == 0 {
			err = corpus.ErrNotFound
		}
		return err
	})
}

// Comments are what was said about a document, the oldest first.
func (s *Store) Comments(ctx context.Context, doc corpus.DocumentID) ([]corpus.Comment, error) {
	var out []corpus.Comment
	err := s.rows(ctx, `SELECT c.id, c.document_id, c.annotator_id, a.name, c.at, coalesce(c.place, ''), c.text, coalesce(c.resolved_at, 0), coalesce(b.name, '')
		FROM comments c JOIN annotators a ON a.id = c.annotator_id LEFT JOIN annotators b ON b.id = c.resolved_by WHERE c.document_id = ? ORDER BY c.at, c.id`, []any{doc}, func(r *sql.Rows) error {
		var c corpus.Comment
		var at, resolved int64
		err := r.Scan(&c.ID, &c.Document, &c.By, &c.Name, &at, &c.Place, &c.Text, &resolved, &c.ResolvedBy)
		c.At, c.Resolved = fromMillis(at), sometime(resolved)
		out = append(out, c)
		return err
	})

	return out, err
}

// CommentsFor are the documents that a person handed in and on which others
// left comments that are open, the newest comment first.
func (s *Store) CommentsFor(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID) ([]corpus.Discussed, error) {
	var out []corpus.Discussed
	err := s.rows(ctx, `SELECT d.id, d.name, count(*), max(c.at) FROM comments c CROSS JOIN documents d ON d.id = c.document_id CROSS JOIN document_states s ON s.document_id = d.id
		WHERE c.project_id = ?1 AND c.resolved_at IS NULL AND c.annotator_id <> ?2 AND s.state NOT IN ('removed', 'superseded')
		AND `+handedIn+` GROUP BY d.id ORDER BY 4 DESC, d.id`, []any{project, who}, func(r *sql.Rows) error {
		var d corpus.Discussed
		var at int64
		err := r.Scan(&d.Document, &d.Name, &d.Comments, &at)
		d.Newest = fromMillis(at)
		out = append(out, d)
		return err
	})

	return out, err
}

// handedIn is that person ?2 has handed in document d, and works on it no
// more: what others say about it spoils nothing then.
const handedIn = `EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = d.id AND n.annotator_id = ?2 AND n.purpose = 'label' AND n.status = 'submitted')`

// HandedIn reports whether a person has handed in their labelling of a document
// and does not work on it again.
func (s *Store) HandedIn(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID) (is bool, err error) {
	err = s.scan(ctx, `SELECT `+handedIn+` FROM documents d WHERE d.id = ?1 AND `+visible, []any{doc, who}, &is)

	return is, err
}
