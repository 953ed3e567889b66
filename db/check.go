package db

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// Check looks through the whole file and returns what is wrong, in words;
// nothing where it is clean. It asks SQLite, recomputes the hash of each text
// and source, replays every annotation, checks every gold and what is left in the queue,
// sums up what people did and how far they agree again, takes every score, compares every two near-copies and computes every release again, and counts the tally again. It changes nothing and may run beside a server.
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
		{"the queue", s.checkQueue},
		{"efforts", s.checkEfforts},
		{"agreement", s.checkShared},
		{"runs", s.checkRuns},
		{"releases", s.checkReleases},
		{"suggestions", s.checkSuggestions},
		{"rulings", s.checkRulings},
		{"near-copies", s.checkSketches},
		{"counts", s.checkCounts},
	} {
		progress(step.what)
		if err := step.do(ctx, found); err != nil {
			if ctx.Err() != nil {
				return problems, fmt.Errorf("check %s: %w", step.what, err)
			}
			found("%s cannot be read to the end: %v", step.what, err)
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
	err = s.rows(ctx, `PRAGMA foreign_key_check`, nil, func(r *sql.Rows) error {
		var table, parent string
		var row sql.NullInt64
		var key int
		err := r.Scan(&table, &row, &parent, &key)
		found("row %d of %s points to a row of %s that is not there", row.Int64, table, parent)
		return err
	})
	if err != nil {
		return err
	}

	var missing, left int
	err = s.scan(ctx, `SELECT (SELECT count(*) FROM documents WHERE id NOT IN (SELECT id FROM documents_fts_docsize)),
		(SELECT count(*) FROM documents_fts_docsize WHERE id NOT IN (SELECT id FROM documents))`, nil, &missing, &left)
	if missing+left > 0 {
		found("the search index misses %d documents and has %d that are not there", missing, left)
	}

	return err
}

// checkPage is how many rows a check reads at a time.
const checkPage = 100

func (s *Store) checkDocuments(ctx context.Context, found func(string, ...any)) error {
	for after := corpus.DocumentID(0); ; {
		n := 0
		err := s.rows(ctx, `SELECT `+documentColumns+`, x.encoding, x.bytes, s.state, EXISTS (SELECT 1 FROM gold WHERE document_id = d.id)
			FROM documents d LEFT JOIN sources x ON x.document_id = d.id LEFT JOIN document_states s ON s.document_id = d.id
			WHERE d.id > ? ORDER BY d.id LIMIT ?`, []any{after, checkPage}, func(r *sql.Rows) error {
			var encoding, state sql.NullString
			var source []byte
			var gold bool
			d, err := scanDocument(r.Scan, &encoding, &source, &state, &gold)
			if d.ID == 0 {
				return err
			}
			n, after = n+1, d.ID
			if err != nil {
				found("document %d: %v", d.ID, err)
			}
			checkText(d, found)
			if source, err = unpack(d.Text, encoding, source); err != nil || hexHash(source) != d.SourceHash {
				found("document %d: the source is not the one that came", d.ID)
			}
			if !state.Valid {
				found("document %d stands in no state", d.ID)
			}
			if state.String == string(corpus.Golden) && !gold {
				found("document %d is called gold and has none", d.ID)
			}
			return nil
		})
		if err != nil || n < checkPage {
			return err
		}
	}
}

func checkText(d corpus.Document, found func(string, ...any)) {
	if hexHash([]byte(d.Text)) != d.SHA256 {
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
}

func hexHash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (s *Store) checkAnnotations(ctx context.Context, found func(string, ...any)) error {
	type row struct {
		deskKey
		status corpus.Status
	}
	var rows []row
	err := s.rows(ctx, `SELECT document_id, annotator_id, status FROM annotations ORDER BY id`, nil, func(r *sql.Rows) error {
		var one row
		err := r.Scan(&one.document, &one.annotator, &one.status)
		rows = append(rows, one)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range rows {
		w := &work{key: k.deskKey}
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
		if k.status != w.a.Status {
			found("annotation of document %d by person %d is called %s and is %s", k.document, k.annotator, k.status, w.a.Status)
		}
	}

	return nil
}

// checkGold looks at every version, not only the newest: a release may name it.
func (s *Store) checkGold(ctx context.Context, found func(string, ...any)) error {
	projects, err := s.Projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		for after := corpus.GoldID(0); ; {
			n := 0
			err := s.rows(ctx, `SELECT `+goldRowColumns+`, `+documentColumns+` FROM gold g JOIN documents d ON d.id = g.document_id
				WHERE g.project_id = ? AND g.id > ? AND `+visible+` ORDER BY g.id LIMIT ?`, []any{p.ID, after, checkPage}, func(r *sql.Rows) error {
				g, err := scanGold(r)
				if g.ID == 0 {
					return err
				}
				n, after = n+1, g.ID
				if err == nil {
					_, err = corpus.NewGold(g.Document, g.Pieces, g.Spans, p.Labels, g.Annotators)
				}
				if err != nil {
					found("gold %d of document %d: %v", g.ID, g.Document.ID, err)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if n < checkPage {
				break
			}
		}
	}

	return nil
}

// checkQueue looks whether each document has as much room as follows from the
// people who hold it or have handed it in, whether it is written down how those
// were chosen that people have or that are gold, and whether what was handed in
// can be read. A lease that is over may count still, until a claim ends it.
func (s *Store) checkQueue(ctx context.Context, found func(string, ...any)) error {
	const taken = `(SELECT count(*) FROM annotations n WHERE n.document_id = s.document_id AND n.purpose = 'label' AND n.submitted_at > 0 AND n.status NOT IN ('skipped', 'flagged'))
		+ (SELECT count(*) FROM leases l WHERE l.document_id = s.document_id AND l.purpose = 'label' %s
			AND NOT EXISTS (SELECT 1 FROM annotations m WHERE m.document_id = s.document_id AND m.annotator_id = l.annotator_id AND m.submitted_at > 0))`
	err := s.rows(ctx, fmt.Sprintf(`SELECT s.document_id, s.state, s.room, s.wanted - (`+taken+`), s.wanted - (`+taken+`) FROM document_states s`, ``, `AND l.until > ?1`), []any{s.nowMillis()}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var state corpus.State
		var room, least, most int
		err := r.Scan(&id, &state, &room, &least, &most)
		if state == corpus.Golden || state == corpus.Review || gone(state) != nil {
			least, most = 0, 0
		}
		if room < max(0, least) || room > max(0, most) {
			found("document %d is %s and says it has room for %d more people, and has for %d", id, state, room, max(0, most))
		}
		return err
	})
	if err != nil {
		return err
	}

	err = s.rows(ctx, `SELECT s.document_id, s.state FROM document_states s WHERE s.chosen = '' AND (s.state = 'gold'
		OR EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = s.document_id AND n.purpose = 'label')
		OR EXISTS (SELECT 1 FROM leases l WHERE l.document_id = s.document_id AND l.purpose = 'label')) ORDER BY s.document_id`, nil, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var state corpus.State
		err := r.Scan(&id, &state)
		found("document %d is %s and in work, and nothing says how it was chosen", id, state)
		return err
	})
	if err != nil {
		return err
	}

	return s.rows(ctx, `SELECT x.document_id, x.annotator_id, x.content FROM submissions x ORDER BY x.id`, nil, func(r *sql.Rows) error {
		var key deskKey
		var content string
		err := r.Scan(&key.document, &key.annotator, &content)
		var g corpus.Gold
		if err := decodeGold(&g, content, "[]", 0); err != nil {
			found("what person %d handed in for document %d cannot be read: %v", key.annotator, key.document, err)
		}
		return err
	})
}

// checkReleases computes every release again, removed ones too.
func (s *Store) checkReleases(ctx context.Context, found func(string, ...any)) error {
	all, err := s.releases(ctx, `true`)
	if err != nil {
		return err
	}
	for _, r := range all {
		err := s.VerifyRelease(ctx, r, func(int, int) {}, func(d corpus.ReleaseDifference) {
			if d.Document == 0 {
				found("release %q: %s", r.Name, d.Reason)
			} else {
				found("release %q, document %d: %s", r.Name, d.Document, d.Reason)
			}
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// checkRuns reads every prediction, and takes every kept score again.
func (s *Store) checkRuns(ctx context.Context, found func(string, ...any)) error {
	projects, err := s.Projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		runs, err := s.Runs(ctx, p.ID)
		if err != nil {
			return err
		}
		for _, run := range runs {
			for one, err := range s.Predictions(ctx, run.ID) {
				if err != nil {
					if ctx.Err() != nil {
						return err
					}
					found("run %q cannot be read after document %d: %v", run.Name, one.ID, err)
				}
			}
			for pair, err := range s.Paired(ctx, corpus.GoldFilter{Project: p.ID}, run.ID, nil) {
				if err != nil {
					if ctx.Err() != nil {
						return err
					}
					found("run %q and gold: %v", run.Name, err)
					break
				}
				if err := s.checkScore(ctx, p, run, pair, found); err != nil {
					return err
				}
			}
		}
	}

	return nil
}

func (s *Store) checkScore(ctx context.Context, p corpus.Project, run corpus.Run, pair score.Paired, found func(string, ...any)) error {
	d := pair.Gold.Document
	n := text.NewIndex(d.Text).Len()
	for _, b := range pair.Prediction.Blocks {
		if !b.In(n) {
			found("run %q, document %d: block %v is outside the text", run.Name, d.ID, b.Range)
		}
	}
	for _, sp := range pair.Prediction.Spans {
		if !sp.In(n) {
			found("run %q, document %d: span %v is outside the text", run.Name, d.ID, sp.Range)
		}
	}

	var kept []byte
	err := s.scan(ctx, `SELECT content FROM scores WHERE run_id = ? AND document_id = ? AND gold_id = ? AND metrics = ?`, []any{run.ID, d.ID, pair.Gold.ID, score.Version}, &kept)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if again := score.Score(score.Usual, score.FromGold(pair.Gold, p.Labels).Kept(), pair.Prediction).Encode(); !bytes.Equal(kept, again) {
		found("run %q, document %d: the kept score is not the one that gold and prediction give", run.Name, d.ID)
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

// Backup copies the file as it is now to path while others read and write. It
// is *corpus.Invalid where something is there already, or nothing can be
// written. The file appears under its name when it is whole.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return corpus.Invalidf("", "there is already a file %s; name another for the backup", path)
	}
	part, err := os.CreateTemp(filepath.Dir(path), ".annotate-backup-*")
	if err != nil {
		return corpus.Invalidf("", "no backup can be written into the folder %s: %s", filepath.Dir(path), cause(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("backup to %s: %w", path, translate(err)), os.Remove(part.Name()))
		}
	}()
	defer part.Close()
	if err := s.copyTo(ctx, part.Name()); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}

	return os.Rename(part.Name(), path)
}

// copyTo copies the file inside one reading transaction. Without it, SQLite
// would begin anew with each change that somebody makes meanwhile.
func (s *Store) copyTo(ctx context.Context, path string) error {
	conn, err := s.r.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	var tables int
	if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}

	return conn.Raw(func(driver any) error {
		b, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup("file:" + url.PathEscape(path))
		if err != nil {
			return err
		}
		for more := true; more; {
			if more, err = b.Step(1024); err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return errors.Join(err, b.Finish())
			}
		}
		return b.Finish()
	})
}
