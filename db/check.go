package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"modernc.org/sqlite"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Check looks through the whole file and returns what is wrong, in words;
// nothing where it is clean. It asks SQLite, recomputes each text's hash,
// replays every annotation, checks every gold, and counts the tally again.
func (s *Store) Check(ctx context.Context, progress func(what string)) (problems []string, err error) {
	found := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	for _, step := range []struct {
		what string
		do   func(context.Context, func(string, ...any)) error
	}{
		{"the file's structure", s.checkFile},
		{"documents", s.checkDocuments},
		{"annotations", s.checkAnnotations},
		{"gold", s.checkGold},
		{"counts", s.checkCounts},
	} {
		progress(step.what)
		if err := step.do(ctx, found); err != nil {
			return problems, fmt.Errorf("check %s: %w", step.what, err)
		}
	}

	return problems, nil
}

func (s *Store) checkFile(ctx context.Context, found func(string, ...any)) error {
	err := s.rows(ctx, `PRAGMA integrity_check`, nil, func(r *sql.Rows) error {
		var line string
		err := r.Scan(&line)
		if line != "ok" {
			found("the file is damaged: %s", line)
		}
		return err
	})
	if err != nil {
		return err
	}

	return s.rows(ctx, `PRAGMA foreign_key_check`, nil, func(r *sql.Rows) error {
		var table, parent string
		var row sql.NullInt64
		var key int
		err := r.Scan(&table, &row, &parent, &key)
		found("row %d of %s points to a row of %s that is not there", row.Int64, table, parent)
		return err
	})
}

// checkPage is how many rows a check reads at a time.
const checkPage = 100

func (s *Store) checkDocuments(ctx context.Context, found func(string, ...any)) error {
	for after := corpus.DocumentID(0); ; {
		n := 0
		err := s.rows(ctx, `SELECT `+documentColumns+` FROM documents d WHERE d.id > ? ORDER BY d.id LIMIT ?`, []any{after, checkPage}, func(r *sql.Rows) error {
			d, err := scanDocument(r.Scan)
			if err != nil {
				return err
			}
			n, after = n+1, d.ID
			if h := sha256.Sum256([]byte(d.Text)); hex.EncodeToString(h[:]) != d.SHA256 {
				found("document %d: the text is not the one that was stored", d.ID)
			}
			end := 0
			length := text.NewIndex(d.Text).Len()
			for _, b := range d.Blocks {
				if b.Start < end || !b.In(length) {
					found("document %d: block %v is out of order or outside the text", d.ID, b.Range)
				}
				end = b.End
			}
			return nil
		})
		if err != nil || n < checkPage {
			return err
		}
	}
}

func (s *Store) checkAnnotations(ctx context.Context, found func(string, ...any)) error {
	var keys []deskKey
	err := s.rows(ctx, `SELECT document_id, annotator_id FROM annotations ORDER BY id`, nil, func(r *sql.Rows) error {
		var k deskKey
		err := r.Scan(&k.document, &k.annotator)
		keys = append(keys, k)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		w := &work{key: k}
		if err := s.load(ctx, w); err != nil {
			if ctx.Err() != nil {
				return err
			}
			found("annotation of document %d by person %d cannot be replayed: %v", k.document, k.annotator, err)
			continue
		}
		if err := errors.Join(corpus.CheckPieces(w.doc, w.a.Pieces), corpus.CheckSpans(w.x, w.a.Pieces, w.a.Spans)); err != nil {
			found("annotation of document %d by person %d: %v", k.document, k.annotator, err)
		}
	}

	return nil
}

func (s *Store) checkGold(ctx context.Context, found func(string, ...any)) error {
	projects, err := s.Projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		for g, err := range s.Gold(ctx, corpus.GoldFilter{Project: p.ID}) {
			if err != nil {
				return err
			}
			if _, err := corpus.NewGold(g.Document, g.Pieces, g.Spans, p.Labels, g.Annotators); err != nil {
				found("gold %d of document %d: %v", g.ID, g.Document.ID, err)
			}
		}
	}

	return nil
}

func (s *Store) checkCounts(ctx context.Context, found func(string, ...any)) error {
	return s.rows(ctx, `WITH is_now AS (SELECT s.project_id, s.state, count(*) AS n FROM document_states s JOIN projects p ON p.id = s.project_id
			WHERE s.document_id <= p.visible_through GROUP BY 1, 2)
		SELECT p.id, c.state, c.documents, coalesce(i.n, 0) FROM projects p JOIN project_counts c ON c.project_id = p.id
			LEFT JOIN is_now i ON i.project_id = c.project_id AND i.state = c.state WHERE c.documents <> coalesce(i.n, 0)
		UNION ALL SELECT i.project_id, i.state, 0, i.n FROM is_now i LEFT JOIN project_counts c ON c.project_id = i.project_id AND c.state = i.state WHERE c.state IS NULL
		ORDER BY 1, 2`, nil, func(r *sql.Rows) error {
		var project corpus.ProjectID
		var state string
		var kept, is int
		err := r.Scan(&project, &state, &kept, &is)
		found("project %d: %d documents are counted as %s, there are %d", project, kept, state, is)
		return err
	})
}

// Backup copies the file as it is now to path while others read and write.
func (s *Store) Backup(ctx context.Context, path string) error {
	conn, err := s.r.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()

	return conn.Raw(func(driver any) error {
		b, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(path)
		if err != nil {
			return fmt.Errorf("backup to %s: %w", path, err)
		}
		for more := true; more; {
			if more, err = b.Step(1024); err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return errors.Join(fmt.Errorf("backup to %s: %w", path, err), b.Finish())
			}
		}
		return b.Finish()
	})
}
