package db

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"

	"annotate/internal/corpus"
)

// AnnotationFilter chooses what people handed in.
type AnnotationFilter struct {
	Project corpus.ProjectID
	After   corpus.DocumentID // begin behind this document; 0 at the first
	Newest  int64             // ignore what was handed in after this submission; 0 means all there is when reading starts
}

// AnnotationPreview counts what Annotations would yield.
type AnnotationPreview struct {
	Documents   int
	Annotations int
	Newest      int64 // the newest submission, as AnnotationFilter takes it
}

// annotationsFrom selects, for visible living documents of project ?1 up to ?2, what
// each person handed in last, up to submission ?3, as labellingsOf does. The
// plus sign keeps SQLite from taking the project's annotations by person, and
// sorting them for every page.
const annotationsFrom = ` FROM annotations n CROSS JOIN document_states s ON s.document_id = n.document_id
	CROSS JOIN submissions x ON x.id = (SELECT max(id) FROM submissions WHERE document_id = n.document_id AND annotator_id = n.annotator_id AND id <= ?3)
	WHERE +n.project_id = ?1 AND n.document_id <= ?2 AND n.purpose = 'label' AND n.status NOT IN ('skipped', 'flagged') AND s.state NOT IN ('superseded', 'removed')`

// annotationsPage selects a page of it behind the annotation of document ?4 by
// annotator ?5, as readGold reads gold.
const annotationsPage = `SELECT 0, 0, x.at, json_array(a.name), x.content, '', 0, ` + documentColumns + `, x.annotator_id FROM (
		SELECT n.document_id, n.annotator_id, x.at, x.content` + annotationsFrom + ` AND (n.document_id, n.annotator_id) > (?4, ?5)
		ORDER BY n.document_id, n.annotator_id LIMIT ?6) x
	CROSS JOIN documents d ON d.id = x.document_id CROSS JOIN annotators a ON a.id = x.annotator_id ORDER BY x.document_id, x.annotator_id`

// Annotations yields what each person handed in last for each living document,
// by document id and then by the person's: in the shape of gold, with that
// person alone as its annotator and without an id, a version and a basis. Who
// took it up again keeps what they had handed in; who skipped or flagged it
// since has none, and drafts, checks, practice and corrections are none. As
// Gold does, it reads in pages, holds nothing open between them, and leaves out
// what is handed in after it began. An error is yielded once and ends the
// sequence.
func (s *Store) Annotations(ctx context.Context, f AnnotationFilter) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		newest, through, err := s.annotationsNow(ctx, f.Project)
		if err != nil {
			yield(corpus.Gold{}, err)
			return
		}
		if f.Newest > 0 {
			newest = f.Newest
		}

		for after := (deskKey{f.After, math.MaxInt64}); ; {
			page, err := s.annotationPage(ctx, f.Project, through, newest, &after)
			for _, g := range page {
				if !yield(g, nil) {
					return
				}
			}
			if err != nil {
				yield(corpus.Gold{}, err)
				return
			}
			if len(page) < goldPage {
				return
			}
		}
	}
}

// annotationPage reads a page behind an annotation, and moves that on.
func (s *Store) annotationPage(ctx context.Context, p corpus.ProjectID, through corpus.DocumentID, newest int64, after *deskKey) (page []corpus.Gold, err error) {
	args := []any{p, through, newest, after.document, after.annotator, goldPage}
	err = s.rows(ctx, annotationsPage, args, func(r *sql.Rows) error {
		row, err := readGold(r, &after.annotator)
		if err != nil {
			return err
		}
		after.document = row.gold.Document.ID
		g, err := row.decode()
		if err == nil {
			page = append(page, g)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("read annotations after document %d: %w", after.document, err)
	}

	return page, err
}

// AnnotationPreview counts what people handed in.
func (s *Store) AnnotationPreview(ctx context.Context, project corpus.ProjectID) (out AnnotationPreview, err error) {
	newest, through, err := s.annotationsNow(ctx, project)
	if err != nil {
		return out, err
	}
	out.Newest = newest

	return out, s.scan(ctx, `SELECT count(DISTINCT n.document_id), count(*)`+annotationsFrom, []any{project, through, newest}, &out.Documents, &out.Annotations)
}

// annotationsNow pins what a reading sees, as goldNow does.
func (s *Store) annotationsNow(ctx context.Context, project corpus.ProjectID) (newest int64, through corpus.DocumentID, err error) {
	err = s.scan(ctx, `SELECT visible_through, (SELECT coalesce(max(id), 0) FROM submissions) FROM projects WHERE id = ?`, []any{project}, &through, &newest)

	return newest, through, err
}

// AnnotationKeys tells what Annotations would yield now, in its order, without
// reading it: the key of each document and the id of what was handed in.
func (s *Store) AnnotationKeys(ctx context.Context, project corpus.ProjectID, each func(key string, submission int64)) error {
	newest, through, err := s.annotationsNow(ctx, project)
	if err != nil {
		return err
	}

	return s.rows(ctx, `SELECT d.key, y.id FROM (SELECT n.document_id, n.annotator_id, x.id`+annotationsFrom+`) y CROSS JOIN documents d ON d.id = y.document_id
		ORDER BY y.document_id, y.annotator_id`, []any{project, through, newest}, func(r *sql.Rows) error {
		var key string
		var id int64
		err := r.Scan(&key, &id)
		if err == nil {
			each(key, id)
		}
		return err
	})
}
