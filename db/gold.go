package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"annotate/internal/corpus"
)

// goldContent is how gold.content is stored.
type goldContent struct {
	Blocks []corpus.Piece `json:"blocks"`
	Spans  []corpus.Span  `json:"spans"`
}

func encodeGold(g corpus.Gold) (content, annotators string, err error) {
	c, err := json.Marshal(goldContent{append([]corpus.Piece{}, g.Pieces...), append([]corpus.Span{}, g.Spans...)}) // never null
	if err != nil {
		return "", "", err
	}
	a, err := json.Marshal(g.Annotators)

	return string(c), string(a), err
}

func decodeGold(g *corpus.Gold, content, annotators string, at int64) error {
	var c goldContent
	if err := json.Unmarshal([]byte(content), &c); err != nil {
		return fmt.Errorf("gold %d: %w", g.ID, err)
	}
	if err := json.Unmarshal([]byte(annotators), &g.Annotators); err != nil {
		return fmt.Errorf("gold %d: %w", g.ID, err)
	}
	g.Pieces, g.Spans, g.At = c.Blocks, c.Spans, fromMillis(at)

	return nil
}

// addGold appends gold made by corpus.NewGold as the next version and moves
// the document on.
func addGold(t *tx, g corpus.Gold, by corpus.AnnotatorID, at int64) (version int, err error) {
	content, annotators, err := encodeGold(g)
	if err != nil {
		return 0, err
	}
	if err := t.scan(`SELECT coalesce(max(version), 0) + 1 FROM gold WHERE document_id = ?`, []any{g.Document.ID}, &version); err != nil {
		return 0, err
	}
	if _, err := t.exec(`INSERT INTO gold (document_id, project_id, version, at, annotators, content) VALUES (?, ?, ?, ?, ?, ?)`,
		g.Document.ID, g.Document.Project, version, at, annotators, content); err != nil {
		return 0, err
	}

	return version, setState(t, g.Document.ID, corpus.Golden, by, "", at)
}

// CurrentGold is the newest gold of a document without the document itself, or
// corpus.ErrNotFound.
func (s *Store) CurrentGold(ctx context.Context, id corpus.DocumentID) (corpus.Gold, error) {
	var g corpus.Gold
	var content, annotators string
	var at int64
	err := s.scan(ctx, `SELECT id, version, at, annotators, content FROM gold WHERE document_id = ? ORDER BY version DESC LIMIT 1`, []any{id}, &g.ID, &g.Version, &at, &annotators, &content)
	if err != nil {
		return corpus.Gold{}, err
	}

	return g, decodeGold(&g, content, annotators, at)
}

// goldPage is how many documents are read at a time: enough to make the query
// cheap, few enough to hold.
const goldPage = 64

// goldOf selects, for documents in state gold after ?2 and up to ?4, the newest
// gold that is no newer than ?3.
const goldOf = ` FROM document_states s CROSS JOIN documents d ON d.id = s.document_id CROSS JOIN gold g ON g.document_id = s.document_id
	WHERE s.project_id = ?1 AND s.state = 'gold' AND s.document_id > ?2 AND s.document_id <= ?4
	AND g.version = (SELECT max(version) FROM gold WHERE document_id = s.document_id AND id <= ?3)`

// Gold yields the current gold of every living document, by document id, with
// the document. It reads in pages and holds nothing open between them, so the
// caller may take its time and use the store. What is decided or imported
// after it began is left out: gold is append-only, so an id is a snapshot. An
// error is yielded once and ends the sequence.
func (s *Store) Gold(ctx context.Context, f corpus.GoldFilter) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		newest, through, err := s.goldNow(ctx, f.Project)
		if err != nil {
			yield(corpus.Gold{}, err)
			return
		}
		if f.Newest > 0 {
			newest = f.Newest
		}

		var after corpus.DocumentID
		for page := make([]corpus.Gold, 0, goldPage); ; page = page[:0] {
			err := s.rows(ctx, `SELECT g.id, g.version, g.at, g.annotators, g.content, `+documentColumns+goldOf+` ORDER BY s.document_id LIMIT ?5`, []any{f.Project, after, newest, through, goldPage}, func(r *sql.Rows) error {
				g, err := scanGold(r)
				page = append(page, g)
				return err
			})
			if err != nil {
				yield(corpus.Gold{}, fmt.Errorf("read gold after document %d: %w", after, err))
				return
			}
			for _, g := range page {
				if !yield(g, nil) {
					return
				}
				after = g.Document.ID
			}
			if len(page) < goldPage {
				return
			}
		}
	}
}

func scanGold(r *sql.Rows) (corpus.Gold, error) {
	var g corpus.Gold
	var content, annotators string
	var at int64
	d, err := scanDocument(func(dest ...any) error {
		return r.Scan(append([]any{&g.ID, &g.Version, &at, &annotators, &content}, dest...)...)
	})
	if err != nil {
		return g, err
	}
	g.Document = d

	return g, decodeGold(&g, content, annotators, at)
}

// goldNow pins what a reading sees: the newest gold and the newest visible
// document of the project.
func (s *Store) goldNow(ctx context.Context, project corpus.ProjectID) (newest corpus.GoldID, through corpus.DocumentID, err error) {
	err = s.scan(ctx, `SELECT visible_through, (SELECT coalesce(max(id), 0) FROM gold) FROM projects WHERE id = ?`, []any{project}, &through, &newest)

	return newest, through, err
}

// GoldPreview counts what an export of the project's gold would hold.
func (s *Store) GoldPreview(ctx context.Context, project corpus.ProjectID) (corpus.GoldPreview, error) {
	out := corpus.GoldPreview{Spans: map[corpus.LabelID]int{}}
	newest, through, err := s.goldNow(ctx, project)
	if err != nil {
		return out, err
	}
	out.Newest = newest

	args := []any{project, 0, newest, through}
	if err := s.scan(ctx, `SELECT count(*), count(DISTINCT nullif(d.site, ''))`+goldOf, args, &out.Documents, &out.Sites); err != nil {
		return out, err
	}
	if err := s.scan(ctx, `SELECT count(*) FILTER (WHERE b.value ->> 'class' = 'body'), count(*) FILTER (WHERE b.value ->> 'class' = 'boilerplate')
		FROM (SELECT g.content`+goldOf+`) x, json_each(x.content, '$.blocks') b`, args, &out.Body, &out.Boiler); err != nil {
		return out, err
	}
	err = s.rows(ctx, `SELECT b.value ->> 'label', count(*) FROM (SELECT g.content`+goldOf+`) x, json_each(x.content, '$.spans') b GROUP BY 1 ORDER BY 1`, args, func(r *sql.Rows) error {
		var label corpus.LabelID
		var n int
		err := r.Scan(&label, &n)
		out.Spans[label] = n
		return err
	})

	return out, err
}

// goldVersion is the current version of a document's gold and who decided it;
// 0 where it has none.
func (s *Store) goldVersion(ctx context.Context, id corpus.DocumentID) (version int, by []string, err error) {
	var annotators string
	err = s.scan(ctx, `SELECT version, annotators FROM gold WHERE document_id = ? ORDER BY version DESC LIMIT 1`, []any{id}, &version, &annotators)
	if errors.Is(err, corpus.ErrNotFound) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}

	return version, by, json.Unmarshal([]byte(annotators), &by)
}
