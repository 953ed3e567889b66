package db

import (
	"context"
	"database/sql"
	"fmt"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// maxSecondLooks bounds how many a model brings, the most doubtful first.
const maxSecondLooks = 1000

// keepSecondLooks puts those that a model brings in place of those that nobody
// has looked at.
func (t *tx) keepSecondLooks(project corpus.ProjectID, looks []corpus.SecondLook) error {
	if _, err := t.exec(`DELETE FROM second_looks WHERE project_id = ? AND verdict = ''`, project); err != nil {
		return err
	}
	for _, l := range looks[:min(len(looks), maxSecondLooks)] {
		_, err := t.exec(`INSERT INTO second_looks (document_id, gold_id, start, project_id, end, class, p, runs)
			SELECT ?1, g.id, ?2, g.project_id, ?3, ?4, ?5, ?6 FROM gold g WHERE g.id = ?7 AND g.document_id = ?1 ON CONFLICT DO NOTHING`,
			l.Document, l.Block.Start, l.Block.End, l.Class, l.P, l.Runs, l.Gold)
		if err != nil {
			return err
		}
	}

	return nil
}

// currentLook selects those whose gold is still the newest of a document that is
// there.
const currentLook = ` FROM second_looks l JOIN document_states s ON s.document_id = l.document_id JOIN documents d ON d.id = l.document_id
	LEFT JOIN annotators a ON a.id = l.decided_by
	WHERE l.project_id = ? AND l.verdict = ? AND s.state = 'gold' AND l.gold_id = (SELECT id FROM gold WHERE document_id = l.document_id ORDER BY version DESC LIMIT 1)`

// SecondLooks are the blocks of a project's gold that are in doubt and have that
// verdict, the most doubtful first, with their texts; all is how many there are.
func (s *Store) SecondLooks(ctx context.Context, project corpus.ProjectID, verdict corpus.Verdict, limit int) (out []corpus.SecondLook, all int, err error) {
	if err := s.scan(ctx, `SELECT count(*)`+currentLook, []any{project, verdict}, &all); err != nil {
		return nil, 0, err
	}
	err = s.rows(ctx, `SELECT l.document_id, l.gold_id, l.start, l.end, l.class, l.p, l.runs, l.verdict, coalesce(a.name, ''), d.name, d.site`+currentLook+` ORDER BY l.p, l.document_id, l.start LIMIT ?`,
		[]any{project, verdict, limit}, func(r *sql.Rows) error {
			var l corpus.SecondLook
			err := r.Scan(&l.Document, &l.Gold, &l.Block.Start, &l.Block.End, &l.Class, &l.P, &l.Runs, &l.Verdict, &l.By, &l.Name, &l.Site)
			out = append(out, l)
			return err
		})
	if err != nil {
		return nil, 0, err
	}
	for i := range out {
		if err := s.quoteLook(ctx, &out[i]); err != nil {
			return nil, 0, err
		}
	}

	return out, all, nil
}

// quoteLook adds the texts of a block and its neighbours.
func (s *Store) quoteLook(ctx context.Context, l *corpus.SecondLook) error {
	d, err := s.Document(ctx, l.Document)
	if err != nil {
		return err
	}
	x := text.NewIndex(d.Text)
	for i, b := range d.Blocks {
		if b.Start != l.Block.Start {
			continue
		}
		l.Text = x.Slice(b.Range)
		if i > 0 {
			l.Before = x.Slice(d.Blocks[i-1].Range)
		}
		if i+1 < len(d.Blocks) {
			l.After = x.Slice(d.Blocks[i+1].Range)
		}
	}

	return nil
}

// JudgeLook keeps what a person says of gold that is in doubt, and takes it back
// where the verdict is corpus.Unseen. It is corpus.ErrNotFound where there is no
// such block in doubt.
func (s *Store) JudgeLook(ctx context.Context, project corpus.ProjectID, doc corpus.DocumentID, start int, verdict corpus.Verdict, by corpus.AnnotatorID) error {
	switch verdict {
	case corpus.Unseen, corpus.Confirmed, corpus.Reopened:
	default:
		return corpus.Invalidf("verdict", "there is no verdict %q", verdict)
	}

	return s.write(ctx, func(t *tx) error {
		n, err := t.change(`UPDATE second_looks SET verdict = ?, decided_by = ?, decided_at = ? WHERE project_id = ? AND document_id = ? AND start = ?
			AND gold_id = (SELECT id FROM gold WHERE document_id = second_looks.document_id ORDER BY version DESC LIMIT 1)`,
			verdict, nullID(by), s.nowMillis(), project, doc, start)
		if err == nil && n == 0 {
			err = corpus.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("second look at document %d: %w", doc, err)
		}
		return nil
	})
}
