package db

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

const modelColumns = `id, project_id, seed, documents, gold_id, trained_at, millis, report`

func scanModel(scan func(...any) error, more ...any) (m corpus.Model, err error) {
	var at, took int64
	err = scan(append([]any{&m.ID, &m.Project, &m.Seed, &m.Documents, &m.Gold, &at, &took, &m.Report}, more...)...)
	m.Trained, m.Took = fromMillis(at), time.Duration(took)*time.Millisecond

	return m, translate(err)
}

// AddModel keeps what was learnt from a project's gold, and the blocks of gold
// that it puts in doubt, the most doubtful first; from now on it speaks. Of the
// one before it only what it was is kept.
func (s *Store) AddModel(ctx context.Context, m corpus.Model, looks []corpus.SecondLook) (corpus.Model, error) {
	m.Trained = s.now()
	err := s.writeBulk(ctx, func(t *tx) error {
		id, err := t.insert(`INSERT INTO models (project_id, seed, documents, gold_id, trained_at, millis, report, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			m.Project, m.Seed, m.Documents, m.Gold, m.Trained.UnixMilli(), m.Took.Milliseconds(), m.Report, m.Content)
		if err != nil {
			return err
		}
		m.ID = corpus.ModelID(id)
		_, err = t.exec(`UPDATE models SET content = x'' WHERE project_id = ? AND id < ? AND content <> x''`, m.Project, m.ID)
		if err != nil {
			return err
		}
		return t.keepSecondLooks(m.Project, looks)
	})

	return m, err
}

// Model is the newest of a project; corpus.ErrNotFound where there is none.
func (s *Store) Model(ctx context.Context, project corpus.ProjectID) (corpus.Model, error) {
	st, err := s.stmt(ctx, `SELECT `+modelColumns+`, content FROM models WHERE project_id = ? ORDER BY id DESC LIMIT 1`)
	if err != nil {
		return corpus.Model{}, err
	}
	var content []byte
	m, err := scanModel(st.QueryRowContext(ctx, project).Scan, &content)
	m.Content = content

	return m, err
}

// NewestModel is the number of a project's newest model, 0 where there is none.
func (s *Store) NewestModel(ctx context.Context, project corpus.ProjectID) (id corpus.ModelID, err error) {
	err = s.scan(ctx, `SELECT coalesce(max(id), 0) FROM models WHERE project_id = ?`, []any{project}, &id)

	return id, err
}

// Models lists the models of a project without their content, the newest first.
func (s *Store) Models(ctx context.Context, project corpus.ProjectID, limit int) (out []corpus.Model, err error) {
	err = s.rows(ctx, `SELECT `+modelColumns+` FROM models WHERE project_id = ? ORDER BY id DESC LIMIT ?`, []any{project, limit}, func(r *sql.Rows) error {
		m, err := scanModel(r.Scan)
		out = append(out, m)
		return err
	})

	return out, err
}

// RecentGold yields the documents of a project whose gold is newest, at most
// limit of them, by document id: what a model learns from. through is the newest
// gold that counts; 0 is all there is.
func (s *Store) RecentGold(ctx context.Context, project corpus.ProjectID, through corpus.GoldID, limit int) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		var ids []corpus.DocumentID
		err := s.rows(ctx, `SELECT document_id FROM (SELECT g.document_id FROM gold g JOIN document_states s ON s.document_id = g.document_id
				WHERE g.project_id = ?1 AND (?2 = 0 OR g.id <= ?2) AND s.state = 'gold'
				AND g.version = (SELECT max(version) FROM gold WHERE document_id = g.document_id AND (?2 = 0 OR id <= ?2)) ORDER BY g.id DESC LIMIT ?3) ORDER BY document_id`,
			[]any{project, through, limit}, func(r *sql.Rows) error {
				var id corpus.DocumentID
				err := r.Scan(&id)
				ids = append(ids, id)
				return err
			})
		if err != nil {
			yield(corpus.Gold{}, err)
			return
		}
		for _, id := range ids {
			g, err := s.GoldOf(ctx, id, through)
			if errors.Is(err, corpus.ErrNotFound) {
				continue // it went since
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

// GoldOf is a document with its newest gold that is no newer than through; 0 is
// the newest. It is corpus.ErrNotFound where there is none.
func (s *Store) GoldOf(ctx context.Context, id corpus.DocumentID, through corpus.GoldID) (g corpus.Gold, err error) {
	err = s.rows(ctx, `SELECT `+goldRowColumns+`, `+documentColumns+` FROM gold g JOIN documents d ON d.id = g.document_id
		WHERE g.document_id = ?1 AND (?2 = 0 OR g.id <= ?2) ORDER BY g.version DESC LIMIT 1`, []any{id, through}, func(r *sql.Rows) error {
		g, err = scanGold(r)
		return err
	})
	if err == nil && g.ID == 0 {
		err = corpus.ErrNotFound
	}

	return g, err
}

// NewGold is gold that came, and where.
type NewGold struct {
	ID       corpus.GoldID
	Document corpus.DocumentID
	Site     string
}

// GoldSince lists the gold of a project that is newer than after, the oldest
// first, and at most limit.
func (s *Store) GoldSince(ctx context.Context, project corpus.ProjectID, after corpus.GoldID, limit int) (out []NewGold, err error) {
	err = s.rows(ctx, `SELECT g.id, d.id, d.site FROM gold g INDEXED BY gold_newest CROSS JOIN documents d ON d.id = g.document_id
		WHERE g.project_id = ? AND g.id > ? ORDER BY g.id LIMIT ?`, []any{project, after, limit}, func(r *sql.Rows) error {
		var one NewGold
		err := r.Scan(&one.ID, &one.Document, &one.Site)
		out = append(out, one)
		return err
	})

	return out, err
}

// NewestGold is the newest gold of a project, 0 where it has none.
func (s *Store) NewestGold(ctx context.Context, project corpus.ProjectID) (id corpus.GoldID, err error) {
	err = s.scan(ctx, `SELECT coalesce(max(id), 0) FROM gold INDEXED BY gold_newest WHERE project_id = ?`, []any{project}, &id)

	return id, err
}

// GoldCount is how many documents of a project have gold.
func (s *Store) GoldCount(ctx context.Context, project corpus.ProjectID) (n int, err error) {
	err = s.scan(ctx, `SELECT coalesce(sum(documents), 0) FROM project_counts WHERE project_id = ? AND state = 'gold'`, []any{project}, &n)

	return n, err
}

// SitePage is a page of a site: with gold, or without.
type SitePage struct {
	Document corpus.Document
	Gold     *corpus.Gold
}

// SitePages are pages of a site that are there to be labelled: the newest with
// gold, and the newest others, at most so many of each.
func (s *Store) SitePages(ctx context.Context, project corpus.ProjectID, site string, golds, others int) (out []SitePage, err error) {
	if site == "" {
		return nil, nil
	}
	const of = ` FROM documents d INDEXED BY documents_site JOIN document_states s ON s.document_id = d.id WHERE d.project_id = ?1 AND d.site = ?2 AND d.site <> ''
		AND d.id <= (SELECT visible_through FROM projects WHERE id = ?1) AND s.state `
	var ids []corpus.DocumentID
	err = s.rows(ctx, `SELECT d.id`+of+`= 'gold' ORDER BY d.id DESC LIMIT ?3`, []any{project, site, golds}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		g, err := s.GoldOf(ctx, id, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, SitePage{g.Document, &g})
	}
	err = s.rows(ctx, `SELECT `+documentColumns+of+`NOT IN ('gold', 'superseded', 'removed') ORDER BY d.id DESC LIMIT ?3`, []any{project, site, others}, func(r *sql.Rows) error {
		d, err := scanDocument(r.Scan)
		out = append(out, SitePage{Document: d})
		return err
	})

	return out, err
}

// Answer is what a run says about one document.
type Answer struct {
	Run        string // its name
	Prediction score.Prediction
}

// maxAnswers bounds how many runs are asked about a document.
const maxAnswers = 4

// Answers are what the newest runs of a project that are done say about a
// document, the newest run first.
func (s *Store) Answers(ctx context.Context, project corpus.ProjectID, doc corpus.DocumentID) (out []Answer, err error) {
	err = s.rows(ctx, `SELECT r.name, `+predictionColumns+` FROM (SELECT id, name FROM runs WHERE project_id = ?1 AND state = 'done' AND removed_at IS NULL ORDER BY id DESC LIMIT ?3) r
		JOIN predictions p ON p.run_id = r.id AND p.document_id = ?2 WHERE p.status IN ('ok', 'empty') ORDER BY r.id DESC`, []any{project, doc, maxAnswers}, func(r *sql.Rows) error {
		var a Answer
		var parts string
		if err := r.Scan(append([]any{&a.Run}, predictionInto(&a.Prediction, &parts)...)...); err != nil {
			return err
		}
		err := decodeParts(parts, &a.Prediction)
		out = append(out, a)
		return err
	})

	return out, err
}
