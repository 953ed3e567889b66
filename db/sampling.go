package db

import (
	"context"
	"database/sql"

	"annotate/internal/corpus"
)

// Sampling is how the documents with gold came to be labelled.
type Sampling struct {
	Chosen map[corpus.DocumentID]corpus.Chosen
	Whole  bool // they are all documents of the project
}

// Sampling is of current gold, or of a release's. By lot are all documents up
// to the last in the random order that the lot brought, also those that were
// handed out otherwise before it came to them: without these, what doubt took
// first would be missing among them, and they were no fair sample.
func (s *Store) Sampling(ctx context.Context, f corpus.GoldFilter) (Sampling, error) {
	from, first := `document_states s WHERE s.project_id = ?1 AND s.state = 'gold' AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)`, int64(f.Project)
	missing := `s.state NOT IN ('gold', 'removed', 'superseded')`
	if f.Release != 0 {
		from, first = `release_gold r CROSS JOIN document_states s ON s.document_id = r.document_id WHERE r.release_id = ?1`, int64(f.Release)
		// What came or went since the release changes nothing in its report.
		missing = `EXISTS (SELECT 1 FROM releases r CROSS JOIN documents d WHERE r.id = ?2 AND d.id = s.document_id AND d.added_at <= r.at
			AND (s.state NOT IN ('removed', 'superseded') OR s.changed_at > r.at) AND NOT EXISTS (SELECT 1 FROM release_gold g WHERE g.release_id = r.id AND g.document_id = d.id))`
	}

	out := Sampling{Chosen: map[corpus.DocumentID]corpus.Chosen{}}
	places, last := map[corpus.DocumentID]int64{}, int64(-1)
	err := s.rows(ctx, `SELECT s.document_id, s.chosen, s.shuffle FROM `+from, []any{first}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var how corpus.Chosen
		var place int64
		err := r.Scan(&id, &how, &place)
		out.Chosen[id], places[id] = how, place
		if how == corpus.ByLot {
			last = max(last, place)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	for id, place := range places {
		if place <= last {
			out.Chosen[id] = corpus.ByLot
		}
	}
	err = s.scan(ctx, `SELECT NOT EXISTS (SELECT 1 FROM document_states s WHERE s.project_id = ?1 AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)
		AND `+missing+`) AND ?2 >= 0`, []any{f.Project, f.Release}, &out.Whole)

	return out, err
}
