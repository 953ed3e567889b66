package db

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// blockColumns is how documents.blocks is stored: columns rather than rows,
// because a document's blocks are read and written as a whole, and most have
// nothing but a range. The optional columns are empty or as long as At is
// halved.
type blockColumns struct {
	At      []int     `json:"at"` // start, end, start, end …
	Path    []string  `json:"path,omitempty"`
	Links   []float64 `json:"links,omitempty"`
	Heading []int     `json:"heading,omitempty"`
	Hidden  []int     `json:"hidden,omitempty"` // indices of the hidden blocks
}

func encodeBlocks(blocks []corpus.Block) (string, error) {
	c := blockColumns{At: make([]int, 0, 2*len(blocks))}
	rich := false
	for i, b := range blocks {
		c.At = append(c.At, b.Start, b.End)
		rich = rich || b.Path != "" || b.LinkDensity != 0 || b.Heading != 0
		if b.Hidden {
			c.Hidden = append(c.Hidden, i)
		}
	}
	if rich {
		for _, b := range blocks {
			c.Path = append(c.Path, b.Path)
			c.Links = append(c.Links, b.LinkDensity)
			c.Heading = append(c.Heading, b.Heading)
		}
	}
	out, err := json.Marshal(c)

	return string(out), err
}

func decodeBlocks(s string) ([]corpus.Block, error) {
	var c blockColumns
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		return nil, fmt.Errorf("blocks: %w", err)
	}
	n := len(c.At) / 2
	blocks := make([]corpus.Block, n)
	for i := range blocks {
		blocks[i].Range = text.Range{Start: c.At[2*i], End: c.At[2*i+1]}
		if len(c.Path) == n {
			blocks[i].Path = c.Path[i]
		}
		if len(c.Links) == n {
			blocks[i].LinkDensity = c.Links[i]
		}
		if len(c.Heading) == n {
			blocks[i].Heading = c.Heading[i]
		}
	}
	for _, i := range c.Hidden {
		if i < n {
			blocks[i].Hidden = true
		}
	}

	return blocks, nil
}

const documentColumns = `d.id, d.project_id, d.external_id, d.version, d.name, d.url, d.site, d.language, d.meta, d.media_type, d.charset, d.segmenter, d.text, d.sha256, d.source_hash, d.blocks, d.added_at`

// scanDocument reads documentColumns and then whatever else was selected.
func scanDocument(scan func(...any) error, more ...any) (corpus.Document, error) {
	d, blocks, err := readDocument(scan, more...)
	if err != nil {
		return corpus.Document{}, err
	}
	d.Blocks, err = decodeBlocks(blocks)

	return d, err
}

// readDocument is scanDocument with the blocks as they are stored.
func readDocument(scan func(...any) error, more ...any) (d corpus.Document, blocks string, err error) {
	var hash, sourceHash []byte
	var added int64
	err = scan(append([]any{&d.ID, &d.Project, &d.ExternalID, &d.Version, &d.Name, &d.URL, &d.Site, &d.Language, &d.Meta, &d.MediaType, &d.Charset, &d.Segmenter,
		&d.Text, &hash, &sourceHash, &blocks, &added}, more...)...)
	if err != nil {
		return corpus.Document{}, "", translate(err)
	}
	d.SHA256, d.SourceHash, d.Added = hex.EncodeToString(hash), hex.EncodeToString(sourceHash), fromMillis(added)

	return d, blocks, nil
}

// visible is the condition that a document d is not one of an unfinished import.
const visible = `d.id <= (SELECT visible_through FROM projects WHERE id = d.project_id)`

// Document is one document with its blocks in reading order, without its
// source; removed and superseded ones are there. corpus.ErrNotFound where
// there is none.
func (s *Store) Document(ctx context.Context, id corpus.DocumentID) (corpus.Document, error) {
	st, err := s.stmt(ctx, `SELECT `+documentColumns+` FROM documents d WHERE d.id = ? AND `+visible)
	if err != nil {
		return corpus.Document{}, err
	}

	return scanDocument(st.QueryRowContext(ctx, id).Scan)
}

// Newest is the newest document of a project that can be seen; 0 for none.
func (s *Store) Newest(ctx context.Context, project corpus.ProjectID) (id corpus.DocumentID, err error) {
	err = s.scan(ctx, `SELECT visible_through FROM projects WHERE id = ?`, []any{project}, &id)

	return id, err
}

// ProjectOf is the project that the document belongs to.
func (s *Store) ProjectOf(ctx context.Context, id corpus.DocumentID) (p corpus.ProjectID, err error) {
	err = s.scan(ctx, `SELECT d.project_id FROM documents d WHERE d.id = ? AND `+visible, []any{id}, &p)

	return p, err
}

// Source is the bytes as they came, and their media type.
func (s *Store) Source(ctx context.Context, id corpus.DocumentID) ([]byte, string, error) {
	var mediaType, content string
	var encoding sql.NullString
	var stored []byte
	err := s.scan(ctx, `SELECT d.media_type, s.encoding, s.bytes, CASE WHEN s.document_id IS NULL THEN d.text ELSE '' END
		FROM documents d LEFT JOIN sources s ON s.document_id = d.id WHERE d.id = ? AND `+visible, []any{id}, &mediaType, &encoding, &stored, &content)
	if err != nil {
		return nil, "", err
	}
	stored, err = unpack(content, encoding, stored)

	return stored, mediaType, err
}

// unpack makes the bytes as they came of what sources keeps of them, nothing
// where they are the text itself.
func unpack(content string, encoding sql.NullString, stored []byte) ([]byte, error) {
	switch {
	case !encoding.Valid:
		return []byte(content), nil
	case encoding.String == "zstd":
		r, err := zstd.NewReader(bytes.NewReader(stored), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}

	return stored, nil
}

// Page bounds of Documents.
const (
	usualPage = 50
	maxPage   = 1000
)

// Documents is one page of a project's documents, by id. A query finds
// documents that hold all its words, the last one as the start of a word, and
// its phrases in double quotes.
func (s *Store) Documents(ctx context.Context, f corpus.DocumentFilter) (corpus.DocumentPage, error) {
	if f.Limit <= 0 {
		f.Limit = usualPage
	}
	f.Limit = min(f.Limit, maxPage)
	if len(f.States) == 0 {
		f.States = []corpus.State{corpus.New, corpus.Begun, corpus.Labelled, corpus.Review, corpus.Skipped, corpus.Flagged, corpus.Golden}
	}

	f.States = slices.Compact(slices.Sorted(slices.Values(f.States)))
	find := newSearch(f.Query)
	query, args := listQuery(f, find)
	var page corpus.DocumentPage
	err := s.rows(ctx, query, args, func(r *sql.Rows) error {
		row, err := scanDocumentRow(r)
		row.Snippet = find.snippet(row.Snippet)
		page.Rows = append(page.Rows, row)
		return err
	})
	if len(page.Rows) > f.Limit {
		page.Rows = page.Rows[:f.Limit]
		page.Next = page.Rows[f.Limit-1].ID
	}

	return page, err
}

const rowColumns = `d.id, d.key, d.name, d.url, d.site, d.language, d.meta, d.sha256, d.version, d.block_count, s.state, s.changed_at, coalesce(a.name, ''), s.why`

func scanDocumentRow(r *sql.Rows) (corpus.DocumentRow, error) {
	var row corpus.DocumentRow
	var hash []byte
	var changed int64
	err := r.Scan(&row.ID, &row.Key, &row.Name, &row.URL, &row.Site, &row.Language, &row.Meta, &hash, &row.Version, &row.Blocks, &row.State, &changed, &row.By, &row.Why, &row.Snippet)
	row.SHA256, row.Changed = hex.EncodeToString(hash), fromMillis(changed)

	return row, err
}

// listQuery makes the statement for one combination of filters; there are a
// few dozen, each prepared once. Values are always parameters. CROSS JOIN is
// SQLite's way to fix the order: the narrowest index leads and gives the ids
// in order, so a page costs what it shows.
func listQuery(f corpus.DocumentFilter, find search) (string, []any) {
	var b strings.Builder
	var args []any
	add := func(sql string, values ...any) {
		b.WriteString(sql)
		args = append(args, values...)
	}

	snippet, order := `''`, `d.id`
	if find.match != "" {
		snippet, order = fmt.Sprintf(`substr(d.text, 1, %d)`, snippetWithin), `documents_fts.rowid`
	}
	add(`SELECT ` + rowColumns + `, ` + snippet + ` FROM `)
	const states = ` CROSS JOIN document_states s ON s.document_id = d.id`
	switch {
	case find.match != "":
		add(`documents_fts CROSS JOIN documents d ON d.id = documents_fts.rowid` + states)
	case f.Site != "" || f.Language != "":
		add(`documents d` + states)
	default:
		// Within a state the index has the ids in order, over all of them it
		// has not: the page is the first of what each state has.
		order = `page.document_id`
		for i, state := range f.States {
			add([]string{`(`, ` UNION ALL `}[min(i, 1)]+`SELECT * FROM (SELECT document_id FROM document_states WHERE project_id = ? AND state = ? AND document_id > ?
				AND document_id <= (SELECT visible_through FROM projects WHERE id = ?) ORDER BY document_id LIMIT ?)`, f.Project, state, f.After, f.Project, f.Limit+1)
		}
		add(`) page CROSS JOIN documents d ON d.id = page.document_id` + states)
	}
	add(` LEFT JOIN annotators a ON a.id = s.changed_by WHERE d.project_id = ? AND `+visible, f.Project)
	if find.match != "" {
		add(` AND documents_fts MATCH ? AND documents_fts.rowid > ?`, find.match, f.After)
		for _, phrase := range find.phrases {
			add(` AND (d.text LIKE ? ESCAPE '\' OR d.name LIKE ? ESCAPE '\')`, phrase, phrase)
		}
	} else {
		add(` AND d.id > ?`, f.After)
	}
	// The indexes are of what is not empty; SQLite takes them only where it is
	// told that a value is not.
	if f.Site != "" {
		add(` AND d.site = ? AND d.site <> ''`, f.Site)
	}
	if f.Language != "" {
		add(` AND d.language = ? AND d.language <> ''`, f.Language)
	}
	add(` AND s.state IN (?` + strings.Repeat(`, ?`, len(f.States)-1) + `)`)
	for _, state := range f.States {
		args = append(args, state)
	}
	add(` ORDER BY `+order+` LIMIT ?`, f.Limit+1)

	return b.String(), args
}

// Latest lists the documents that people changed last, newest first.
func (s *Store) Latest(ctx context.Context, project corpus.ProjectID, limit int) ([]corpus.DocumentRow, error) {
	var out []corpus.DocumentRow
	err := s.rows(ctx, `SELECT `+rowColumns+`, '' FROM document_states s CROSS JOIN documents d ON d.id = s.document_id LEFT JOIN annotators a ON a.id = s.changed_by
		WHERE s.project_id = ? AND s.changed_by IS NOT NULL ORDER BY s.changed_at DESC, d.id DESC LIMIT ?`, []any{project, limit}, func(r *sql.Rows) error {
		row, err := scanDocumentRow(r)
		out = append(out, row)
		return err
	})

	return out, err
}

// maxChoices bounds the choices of a filter.
const maxChoices = 500

// Sites lists the first sites of a project, by name.
func (s *Store) Sites(ctx context.Context, project corpus.ProjectID) ([]string, error) {
	return s.distinct(ctx, project, "site")
}

// Languages lists the languages of a project, by code.
func (s *Store) Languages(ctx context.Context, project corpus.ProjectID) ([]string, error) {
	return s.distinct(ctx, project, "language")
}

// distinct jumps along the column's index from one value to the next, so it
// costs as much as there are values, not documents.
func (s *Store) distinct(ctx context.Context, project corpus.ProjectID, column string) ([]string, error) {
	next := fmt.Sprintf(`SELECT min(%s) FROM documents WHERE project_id = ?1 AND %[1]s <> '' AND %[1]s > `, column)
	var out []string
	err := s.rows(ctx, `WITH RECURSIVE v (x) AS (SELECT (`+next+`'') UNION ALL SELECT (`+next+`v.x) FROM v WHERE v.x IS NOT NULL)
		SELECT x FROM v WHERE x IS NOT NULL LIMIT ?2`, []any{project, maxChoices}, func(r *sql.Rows) error {
		var x string
		err := r.Scan(&x)
		out = append(out, x)
		return err
	})

	return out, err
}

// setState moves one document to a state and keeps the tally.
func setState(t *tx, id corpus.DocumentID, to corpus.State, by corpus.AnnotatorID, why string, at int64) error {
	var project corpus.ProjectID
	var from corpus.State
	if err := t.scan(`SELECT project_id, state FROM document_states WHERE document_id = ?`, []any{id}, &project, &from); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE document_states SET state = ?1, changed_by = ?2, why = ?3, changed_at = ?4, room = CASE WHEN ?1 IN ('gold', 'review', 'superseded', 'removed') THEN 0 ELSE room END
		WHERE document_id = ?5`, to, nullID(by), why, at, id); err != nil {
		return err
	}
	if from == to {
		return nil
	}
	if err := addCount(t, project, from, -1); err != nil {
		return err
	}

	return addCount(t, project, to, 1)
}

func nullID[T ~int64](id T) any {
	if id == 0 {
		return nil
	}
	return id
}

// SetDocumentsRemoved hides documents of a project or brings them back as they
// were, and says how many changed. Superseded ones stay as they are.
func (s *Store) SetDocumentsRemoved(ctx context.Context, project corpus.ProjectID, ids []corpus.DocumentID, removed bool, by corpus.AnnotatorID) (n int, err error) {
	err = s.write(ctx, func(t *tx) error {
		for _, id := range ids {
			var from, back corpus.State
			err := t.scan(`SELECT state, removed_from FROM document_states WHERE document_id = ? AND project_id = ?`, []any{id, project}, &from, &back)
			if err != nil {
				return err
			}
			if from == corpus.Superseded || (from == corpus.Removed) == removed {
				continue
			}
			to := back
			if removed {
				to, back = corpus.Removed, from
			}
			if _, err := t.exec(`UPDATE document_states SET removed_from = ? WHERE document_id = ?`, back, id); err != nil {
				return err
			}
			if err := setState(t, id, to, by, "", s.nowMillis()); err != nil {
				return err
			}
			if !removed {
				if err := t.recount(id, s.nowMillis()); err != nil {
					return err
				}
			}
			n++
		}
		return nil
	})

	return n, err
}
