package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// doubtRuns bounds how many runs are compared, the newest first: pairs grow
// with its square, and old versions of one cleaner say little that is new.
const doubtRuns = 4

// WeighDoubt measures anew how far the runs of a project disagree about each
// document without gold, for the order corpus.MostDoubt: one less the mean
// token ratio (score.TokenRatio) over all pairs of the newest runs that are
// done, in thousandths. Documents about which fewer than two runs say something
// have no doubt. Nothing is done where the project has another order.
func (s *Store) WeighDoubt(ctx context.Context, project corpus.ProjectID) (err error) {
	defer wrap(&err, "doubt of project %d", project)

	p, err := s.Project(ctx, project)
	if err != nil || p.Order != corpus.MostDoubt {
		return err
	}
	var runs string
	err = s.scan(ctx, `SELECT json_group_array(id) FROM (SELECT id FROM runs WHERE project_id = ? AND state = 'done' AND removed_at IS NULL ORDER BY id DESC LIMIT ?)`, []any{project, doubtRuns}, &runs)
	if err != nil {
		return err
	}
	for after := corpus.DocumentID(0); ; {
		var page []corpus.DocumentID
		err := s.rows(ctx, `SELECT document_id FROM document_states WHERE project_id = ? AND document_id > ? AND state IN ('new', 'begun', 'labelled', 'skipped') ORDER BY document_id LIMIT 64`, []any{project, after}, func(r *sql.Rows) error {
			var id corpus.DocumentID
			err := r.Scan(&id)
			page = append(page, id)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1]
		doubt := make([]int, len(page))
		for i, id := range page {
			if doubt[i], err = s.doubt(ctx, id, runs); err != nil {
				return err
			}
		}
		err = s.writeBulk(ctx, func(t *tx) error {
			for i, id := range page {
				if _, err := t.exec(`UPDATE document_states SET doubt = ?1 WHERE document_id = ?2 AND doubt <> ?1`, doubt[i], id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// doubt is how far the runs (a JSON array of ids) disagree about a document.
func (s *Store) doubt(ctx context.Context, id corpus.DocumentID, runs string) (int, error) {
	var said []string
	err := s.rows(ctx, `SELECT p.text FROM predictions p WHERE p.document_id = ?1 AND p.run_id IN (SELECT value FROM json_each(?2)) AND p.status IN ('ok', 'empty') ORDER BY p.run_id`, []any{id, runs}, func(r *sql.Rows) error {
		var text string
		err := r.Scan(&text)
		said = append(said, text)
		return err
	})
	if err != nil || len(said) < 2 {
		return 0, err
	}

	return doubtOf(said), nil
}

// doubtOf is how far texts disagree, in thousandths: 0 where all say the same,
// also where all say nothing.
func doubtOf(texts []string) int {
	sum, pairs := 0.0, 0
	for i, a := range texts {
		for _, b := range texts[:i] {
			pairs++
			if alike := score.TokenRatio(a, b).F1(); !math.IsNaN(alike) {
				sum += 1 - alike
			}
		}
	}

	return int(math.Round(1000 * sum / float64(pairs)))
}

// weighAfter weighs doubt anew once a run has ended.
func (s *Store) weighAfter(ctx context.Context, run corpus.RunID) error {
	var project corpus.ProjectID
	err := s.scan(ctx, `SELECT project_id FROM runs WHERE id = ? AND state = 'done'`, []any{run}, &project)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = s.WeighDoubt(ctx, project)
	}
	if err != nil {
		return fmt.Errorf("after run %d: %w", run, err)
	}

	return nil
}
