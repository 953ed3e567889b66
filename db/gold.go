package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// goldColumns is how gold.content is stored: columns, because gold is written
// and read as a whole, and objects take three times as long to read.
type goldColumns struct {
	At     []int            `json:"at"`               // pieces: start, end, start, end …
	Class  string           `json:"class"`            // a letter of classLetters for each piece
	Reason []string         `json:"reason,omitempty"` // for each piece, or none at all
	Spans  []int            `json:"spans,omitempty"`  // start, end, start, end …
	Label  []corpus.LabelID `json:"label,omitempty"`  // for each span
	Quote  []string         `json:"quote,omitempty"`  // for each span
}

// classLetters are the classes in the order of the letters "-bx".
var classLetters = []corpus.Class{corpus.Undecided, corpus.Body, corpus.Boilerplate}

const letters = "-bx"

func encodeGold(g corpus.Gold) (content, annotators string, err error) {
	c := goldColumns{At: make([]int, 0, 2*len(g.Pieces))}
	class := make([]byte, len(g.Pieces))
	for i, p := range g.Pieces {
		c.At = append(c.At, p.Start, p.End)
		class[i] = letters[max(0, slices.Index(classLetters, p.Class))]
		if p.Reason != "" && c.Reason == nil {
			c.Reason = make([]string, len(g.Pieces))
		}
		if c.Reason != nil {
			c.Reason[i] = p.Reason
		}
	}
	c.Class = string(class)
	for _, s := range g.Spans {
		c.Spans, c.Label, c.Quote = append(c.Spans, s.Start, s.End), append(c.Label, s.Label), append(c.Quote, s.Quote)
	}
	b, err := json.Marshal(c)
	if err != nil {
		return "", "", err
	}
	a, err := json.Marshal(g.Annotators)

	return string(b), string(a), err
}

func decodeGold(g *corpus.Gold, content, annotators string, at int64) error {
	var c goldColumns
	if err := json.Unmarshal([]byte(content), &c); err != nil {
		return fmt.Errorf("gold %d: %w", g.ID, err)
	}
	if err := json.Unmarshal([]byte(annotators), &g.Annotators); err != nil {
		return fmt.Errorf("gold %d: %w", g.ID, err)
	}
	if len(c.At) != 2*len(c.Class) || len(c.Reason) != 0 && len(c.Reason) != len(c.Class) || len(c.Spans) != 2*len(c.Label) || len(c.Quote) != len(c.Label) {
		return fmt.Errorf("gold %d: columns of different lengths", g.ID)
	}
	g.At = fromMillis(at)
	g.Pieces = make([]corpus.Piece, len(c.Class))
	for i := range g.Pieces {
		letter := strings.IndexByte(letters, c.Class[i])
		if letter < 0 {
			return fmt.Errorf("gold %d: there is no class %q", g.ID, c.Class[i])
		}
		g.Pieces[i] = corpus.Piece{Range: text.Range{Start: c.At[2*i], End: c.At[2*i+1]}, Class: classLetters[letter]}
		if len(c.Reason) > 0 {
			g.Pieces[i].Reason = c.Reason[i]
		}
	}
	if len(c.Label) > 0 {
		g.Spans = make([]corpus.Span, len(c.Label))
	}
	for i := range g.Spans {
		g.Spans[i] = corpus.Span{Range: text.Range{Start: c.Spans[2*i], End: c.Spans[2*i+1]}, Label: c.Label[i], Quote: c.Quote[i]}
	}

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
	id, err := t.insert(`INSERT INTO gold (document_id, project_id, version, at, annotators, content, basis, decided_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		g.Document.ID, g.Document.Project, version, at, annotators, content, g.Basis, nullID(g.DecidedBy))
	if err != nil {
		return 0, err
	}
	g.ID = corpus.GoldID(id)
	if err := t.goldMoved(g); err != nil {
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
	err := s.scan(ctx, `SELECT id, version, at, annotators, content, basis, coalesce(decided_by, 0) FROM gold WHERE document_id = ? ORDER BY version DESC LIMIT 1`,
		[]any{id}, &g.ID, &g.Version, &at, &annotators, &content, &g.Basis, &g.DecidedBy)
	if err != nil {
		return corpus.Gold{}, err
	}

	return g, decodeGold(&g, content, annotators, at)
}

// goldPage is how many documents are read at a time: enough to make the query
// cheap, few enough to hold.
const goldPage = 64

// goldNewest selects, for documents in state gold after ?2 and up to ?4, the
// newest gold that is no newer than ?3.
const goldNewest = `
	WHERE s.project_id = ?1 AND s.state = 'gold' AND s.document_id > ?2 AND s.document_id <= ?4
	AND g.version = (SELECT max(version) FROM gold WHERE document_id = s.document_id AND id <= ?3)`

// source is where gold is read from. Its parts go into queries whose ?1 is
// first, ?2 the document to begin after, ?3 the newest gold and ?4 the newest
// document that count.
type source struct {
	first int64
	from  string // gives s.document_id
	join  string // gives g
	where string
}

func sourceOf(f corpus.GoldFilter) source {
	if f.Release == 0 {
		return source{int64(f.Project), `document_states s`, ` CROSS JOIN gold g ON g.document_id = s.document_id`, goldNewest}
	}
	return source{int64(f.Release), `release_gold s`, ` CROSS JOIN gold g ON g.id = s.gold_id`, ` WHERE s.release_id = ?1 AND s.document_id > ?2 AND ?3 >= 0 AND ?4 >= 0`}
}

// Gold yields the current gold of every living document, or the gold of a
// release, by document id, with the document. It reads in pages and holds
// nothing open between them, so the caller may take its time and use the store.
// What is decided or imported after it began is left out: gold is append-only,
// so an id is a snapshot. An error is yielded once and ends the sequence.
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

		reading, cancel := context.WithCancel(ctx)
		defer cancel()
		for page := range s.goldPages(reading, sourceOf(f), f.Since, newest, through) {
			for _, g := range page.gold {
				if !yield(g, nil) {
					return
				}
			}
			if page.err != nil {
				yield(corpus.Gold{}, page.err)
			}
			if page.last {
				return
			}
		}
		yield(corpus.Gold{}, ctx.Err()) // half of the gold must not look like all of it
	}
}

// goldRow is gold as it is stored: taking it apart costs as much as reading it,
// and can be done on another core.
type goldRow struct {
	gold                        corpus.Gold // without blocks, pieces, spans and annotators
	blocks, content, annotators string
	at                          int64
}

const goldRowColumns = `g.id, g.version, g.at, g.annotators, g.content, g.basis, coalesce(g.decided_by, 0)`

// readGold reads goldRowColumns and documentColumns, and then whatever else was
// selected.
func readGold(r *sql.Rows, more ...any) (row goldRow, err error) {
	g := &row.gold
	g.Document, row.blocks, err = readDocument(func(dest ...any) error {
		return r.Scan(append([]any{&g.ID, &g.Version, &row.at, &row.annotators, &row.content, &g.Basis, &g.DecidedBy}, dest...)...)
	}, more...)

	return row, err
}

func (row goldRow) decode() (corpus.Gold, error) {
	g := row.gold
	var err error
	if g.Document.Blocks, err = decodeBlocks(row.blocks); err != nil {
		return g, err
	}

	return g, decodeGold(&g, row.content, row.annotators, row.at)
}

func scanGold(r *sql.Rows) (corpus.Gold, error) {
	row, err := readGold(r)
	if err != nil {
		return row.gold, err
	}

	return row.decode()
}

// goldPageOf is a page of gold on its way, as stored or taken apart.
type goldPageOf[T any] struct {
	gold []T
	err  error
	last bool // nothing comes after it
}

// goldPages reads ahead: one page is read, and one taken apart, beside the
// caller's work on the one before. It ends with the context.
func (s *Store) goldPages(ctx context.Context, from source, since, newest corpus.GoldID, through corpus.DocumentID) <-chan goldPageOf[corpus.Gold] {
	query := `SELECT ` + goldRowColumns + `, ` + documentColumns + from.documents() + ` AND g.id > ?6 ORDER BY s.document_id LIMIT ?5`
	stored, pages := make(chan goldPageOf[goldRow], 1), make(chan goldPageOf[corpus.Gold], 1)
	go func() {
		defer close(stored)
		var after corpus.DocumentID
		for more := true; more; {
			page := goldPageOf[goldRow]{gold: make([]goldRow, 0, goldPage)}
			err := s.rows(ctx, query, []any{from.first, after, newest, through, goldPage, since}, func(r *sql.Rows) error {
				row, err := readGold(r)
				if err == nil {
					page.gold = append(page.gold, row)
				}
				return err
			})
			if n := len(page.gold); n > 0 {
				after = page.gold[n-1].gold.Document.ID
			}
			more = err == nil && len(page.gold) == goldPage
			page.last = !more
			if err != nil {
				page.err = fmt.Errorf("read gold after document %d: %w", after, err)
			}
			if !send(ctx, stored, page) {
				return
			}
		}
	}()
	go func() {
		defer close(pages)
		for page := range stored {
			out := goldPageOf[corpus.Gold]{gold: make([]corpus.Gold, 0, len(page.gold)), err: page.err, last: page.last}
			for _, row := range page.gold {
				g, err := row.decode()
				if err != nil {
					out.err, out.last = err, true
					break
				}
				out.gold = append(out.gold, g)
			}
			if !send(ctx, pages, out) || out.last {
				return
			}
		}
	}()

	return pages
}

// send is false where the context ended first.
func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// goldNow pins what a reading sees: the newest gold and the newest visible
// document of the project.
func (s *Store) goldNow(ctx context.Context, project corpus.ProjectID) (newest corpus.GoldID, through corpus.DocumentID, err error) {
	err = s.scan(ctx, `SELECT visible_through, (SELECT coalesce(max(id), 0) FROM gold) FROM projects WHERE id = ?`, []any{project}, &through, &newest)

	return newest, through, err
}

// GoldCursor is where a reading of a project's gold that begins now ends, and
// what Since has to be for the next one to miss nothing: less than newest while
// an import is under way, whose gold has its ids and is not seen yet.
func (s *Store) GoldCursor(ctx context.Context, project corpus.ProjectID) (newest, next corpus.GoldID, err error) {
	err = s.scan(ctx, `SELECT x.newest, min(x.newest, coalesce((SELECT min(g.id) - 1 FROM gold g WHERE g.project_id = p.id AND g.document_id > p.visible_through), x.newest))
		FROM projects p, (SELECT coalesce(max(id), 0) AS newest FROM gold) x WHERE p.id = ?`, []any{project}, &newest, &next)

	return newest, next, err
}

// ExportRevision changes whenever what an export of a project's gold holds may
// change, divided or not, and is asked without reading gold.
func (s *Store) ExportRevision(ctx context.Context, project corpus.ProjectID) (revision string, err error) {
	err = s.scan(ctx, `SELECT json_array((SELECT max(id) FROM gold WHERE project_id = ?1),
		(SELECT json_group_array(json_array(state, documents)) FROM project_counts WHERE project_id = ?1),
		(SELECT max(changed_at) FROM document_states WHERE project_id = ?1 AND state IN ('removed', 'superseded')),
		(SELECT max(id) FROM split_fixes WHERE project_id = ?1))`, []any{project}, &revision)

	return revision, err
}

// documents and gold select from the source with the documents, and without.
func (from source) documents() string {
	return ` FROM ` + from.from + ` CROSS JOIN documents d ON d.id = s.document_id` + from.join + from.where
}
func (from source) gold() string { return ` FROM ` + from.from + from.join + from.where }

// GoldPreview counts what an export of that gold would hold.
func (s *Store) GoldPreview(ctx context.Context, f corpus.GoldFilter) (corpus.GoldPreview, error) {
	out := corpus.GoldPreview{Spans: map[corpus.LabelID]int{}}
	from := sourceOf(f)
	newest, through, err := s.goldNow(ctx, f.Project)
	if err != nil {
		return out, err
	}
	out.Newest = newest

	args := []any{from.first, 0, newest, through}
	if err := s.scan(ctx, `SELECT count(*), count(DISTINCT nullif(d.site, ''))`+from.documents(), args, &out.Documents, &out.Sites); err != nil {
		return out, err
	}
	if err := s.scan(ctx, `SELECT coalesce(sum(length(class) - length(replace(class, 'b', ''))), 0), coalesce(sum(length(class) - length(replace(class, 'x', ''))), 0)
		FROM (SELECT g.content ->> 'class' AS class`+from.gold()+`)`, args, &out.Body, &out.Boiler); err != nil {
		return out, err
	}
	err = s.rows(ctx, `SELECT l.value, count(*) FROM (SELECT g.content`+from.gold()+`) x, json_each(x.content, '$.label') l GROUP BY 1 ORDER BY 1`, args, func(r *sql.Rows) error {
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

// GoldKeys tells which gold Gold would yield now, in its order, without reading
// it: the key of each document and the id of its gold.
func (s *Store) GoldKeys(ctx context.Context, f corpus.GoldFilter, each func(key string, id corpus.GoldID)) error {
	newest, through, err := s.goldNow(ctx, f.Project)
	if err != nil {
		return err
	}
	from := sourceOf(f)

	return s.rows(ctx, `SELECT d.key, g.id`+from.documents()+` ORDER BY s.document_id`, []any{from.first, 0, newest, through}, func(r *sql.Rows) error {
		var key string
		var id corpus.GoldID
		err := r.Scan(&key, &id)
		if err == nil {
			each(key, id)
		}
		return err
	})
}
