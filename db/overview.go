package db

import (
	"context"
	"database/sql"
	"time"

	"annotate/internal/corpus"
)

const dayMillis = int64(24 * time.Hour / time.Millisecond)

// addDay counts what a person did on the day of now: documents handed in for
// the first time, and milliseconds of work.
func (t *tx) addDay(project corpus.ProjectID, who corpus.AnnotatorID, now int64, submitted, active int64) error {
	_, err := t.exec(`INSERT INTO days (project_id, annotator_id, day, submitted, active) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET submitted = submitted + excluded.submitted, active = active + excluded.active`, project, who, now/dayMillis, submitted, active)

	return err
}

// Progress is how far a project is and who brought it there. Its cost grows
// with the people and the days, and little with the documents.
func (s *Store) Progress(ctx context.Context, project corpus.ProjectID) (p corpus.Progress, err error) {
	if p.Counts, err = s.Counts(ctx, project); err != nil {
		return p, err
	}
	now := s.nowMillis()
	today := now / dayMillis
	err = s.scan(ctx, `SELECT coalesce((SELECT sum(room) FROM document_states WHERE project_id = ?1 AND state IN ('new', 'begun', 'labelled', 'skipped') AND room > 0), 0)
			+ (SELECT count(*) FROM leases WHERE project_id = ?1 AND purpose = 'label' AND until > ?2)`, []any{project, now}, &p.Left)
	if err != nil {
		return p, err
	}
	err = s.rows(ctx, `SELECT d.annotator_id, a.name, d.day, d.submitted, d.active FROM days d JOIN annotators a ON a.id = d.annotator_id
		WHERE d.project_id = ? ORDER BY a.name, d.day`, []any{project}, func(r *sql.Rows) error {
		var who corpus.AnnotatorID
		var name string
		var day, submitted, active int64
		if err := r.Scan(&who, &name, &day, &submitted, &active); err != nil {
			return err
		}
		if n := len(p.People); n == 0 || p.People[n-1].Annotator != who {
			p.People = append(p.People, corpus.PersonProgress{Annotator: who, Name: name})
		}
		one := &p.People[len(p.People)-1]
		one.Submitted += int(submitted)
		one.Active += time.Duration(active) * time.Millisecond
		if ago := today - day; ago >= 0 && ago < corpus.ProgressDays {
			one.Days[corpus.ProgressDays-1-ago] = int(submitted)
		}
		return nil
	})

	return p, err
}

// Revision changes whenever something happened to the project's documents that
// its overview shows. It costs a few rows, so that it can be asked each second.
func (s *Store) Revision(ctx context.Context, project corpus.ProjectID) (revision string, err error) {
	err = s.scan(ctx, `SELECT json_array((SELECT max(changed_at) FROM document_states WHERE project_id = ?1 AND changed_by IS NOT NULL),
		(SELECT json_group_array(json_array(state, documents)) FROM project_counts WHERE project_id = ?1),
		(SELECT json_group_array(json_array(annotator_id, submitted)) FROM days WHERE project_id = ?1 AND day = ?2),
		(SELECT max(id) FROM gold WHERE project_id = ?1), (SELECT max(id) FROM shared WHERE project_id = ?1))`, []any{project, s.nowMillis() / dayMillis}, &revision)

	return revision, err
}
