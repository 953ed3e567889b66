package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"sync"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Revision changes when a project's gold does. It is cheap to ask.
type Revision struct {
	Newest  corpus.GoldID    // the newest gold of the project
	Golden  int              // how many documents have gold
	Release corpus.ReleaseID // not 0 for a release, which does not change
}

// GoldRevision is what the project's gold is now.
func (s *Store) GoldRevision(ctx context.Context, project corpus.ProjectID) (r Revision, err error) {
	err = s.scan(ctx, `SELECT (SELECT coalesce(max(id), 0) FROM gold WHERE project_id = ?1), (SELECT coalesce(sum(documents), 0) FROM project_counts WHERE project_id = ?1 AND state = 'gold')`,
		[]any{project}, &r.Newest, &r.Golden)

	return r, err
}

// toScore are the documents with gold whose score by a run is not there, or was
// taken by another metric set.
func (from source) toScore() string {
	return from.join + ` LEFT JOIN predictions p ON p.run_id = ?6 AND p.document_id = s.document_id
		LEFT JOIN scores c ON c.run_id = ?6 AND c.document_id = s.document_id AND c.gold_id = g.id AND c.metrics = ?7` + from.where + ` AND c.run_id IS NULL`
}

// Unscored counts the documents of ToScore.
func (s *Store) Unscored(ctx context.Context, f corpus.GoldFilter, run corpus.RunID) (n int, err error) {
	from := sourceOf(f)
	newest, through, err := s.goldNow(ctx, f.Project)
	if err != nil {
		return 0, err
	}
	err = s.scan(ctx, `SELECT count(*) FROM `+from.from+from.toScore(), []any{from.first, 0, newest, through, 0, run, score.Version}, &n)

	return n, err
}

// ToScore yields, by document, gold and what a run said about it, for
// those whose score is missing or out of date. It reads in pages and pins the
// gold as Gold does.
func (s *Store) ToScore(ctx context.Context, f corpus.GoldFilter, run corpus.RunID) iter.Seq2[score.Paired, error] {
	from := sourceOf(f)

	return s.paired(ctx, f, run, "[]", `FROM `+from.from+` CROSS JOIN documents d ON d.id = s.document_id`+from.toScore()+` AND ?8 <> ''`)
}

// Paired yields the same of every document with gold, or of those that all of
// the common runs say something about.
func (s *Store) Paired(ctx context.Context, f corpus.GoldFilter, run corpus.RunID, common []corpus.RunID) iter.Seq2[score.Paired, error] {
	from := sourceOf(f)

	return s.paired(ctx, f, run, listOf(common), `FROM `+from.from+` CROSS JOIN documents d ON d.id = s.document_id`+from.join+`
		LEFT JOIN predictions p ON p.run_id = ?6 AND p.document_id = s.document_id`+from.where+` AND ?7 > 0 AND `+inAll(`?8`, `s.document_id`))
}

// inAll is the condition that each run of a JSON list has a prediction for a
// document.
func inAll(list, document string) string {
	return `NOT EXISTS (SELECT 1 FROM json_each(` + list + `) j WHERE NOT EXISTS (SELECT 1 FROM predictions WHERE run_id = j.value AND document_id = ` + document + `))`
}

func listOf(runs []corpus.RunID) string {
	b, _ := json.Marshal(append([]corpus.RunID{}, runs...)) // numbers always can be
	return string(b)
}

func (s *Store) paired(ctx context.Context, f corpus.GoldFilter, run corpus.RunID, common, from string) iter.Seq2[score.Paired, error] {
	return func(yield func(score.Paired, error) bool) {
		newest, through, err := s.goldNow(ctx, f.Project)
		for after := corpus.DocumentID(0); err == nil; {
			var batch []score.Paired
			err = s.rows(ctx, `SELECT `+goldRowColumns+`, `+documentColumns+`, `+predictionColumns+` `+from+` ORDER BY s.document_id LIMIT ?5`,
				[]any{sourceOf(f).first, after, newest, through, goldPage, run, score.Version, common}, func(r *sql.Rows) error {
					one, err := scanPaired(r)
					batch = append(batch, one)
					return err
				})
			if err != nil {
				break
			}
			for _, one := range batch {
				if !yield(one, nil) {
					return
				}
				after = one.Gold.Document.ID
			}
			if len(batch) < goldPage {
				return
			}
		}
		yield(score.Paired{}, fmt.Errorf("gold and run %d: %w", run, err))
	}
}

func scanPaired(r *sql.Rows) (score.Paired, error) {
	var one score.Paired
	var at int64
	var annotators, content, parts string
	g := &one.Gold
	var err error
	g.Document, err = scanDocument(func(dest ...any) error {
		return r.Scan(append([]any{&g.ID, &g.Version, &at, &annotators, &content, &g.Basis, &g.DecidedBy}, dest...)...)
	}, predictionInto(&one.Prediction, &parts)...)
	if err == nil {
		err = decodeGold(g, content, annotators, at)
	}
	if err == nil {
		err = decodeParts(parts, &one.Prediction)
	}

	return one, err
}

// PairedWith is one version of gold and what a run said about its document;
// corpus.ErrNotFound where there is no such gold.
func (s *Store) PairedWith(ctx context.Context, run corpus.RunID, gold corpus.GoldID) (score.Paired, error) {
	var one score.Paired
	var err error
	if one.Gold, err = s.goldNumbered(ctx, gold); err != nil {
		return one, err
	}
	one.Prediction, err = s.Prediction(ctx, run, one.Gold.Document.ID)

	return one, err
}

// PairedOne is current gold of one document and what a run said about it;
// corpus.ErrNotFound where the document has no gold.
func (s *Store) PairedOne(ctx context.Context, run corpus.RunID, doc corpus.DocumentID) (score.Paired, error) {
	var one score.Paired
	var err error
	if one.Gold, err = s.CurrentGold(ctx, doc); err != nil {
		return one, err
	}
	if one.Gold.Document, err = s.Document(ctx, doc); err != nil {
		return one, err
	}
	one.Prediction, err = s.Prediction(ctx, run, doc)

	return one, err
}

// AddScores keeps the scores of a run; gold and scores are parallel. The score
// of an older version of gold goes, unless a release may ask for it. A score
// whose prediction has changed meanwhile would be kept all the same, so only
// the maker of a run adds to it while it runs.
func (s *Store) AddScores(ctx context.Context, run corpus.RunID, pairs []score.Paired, scored []score.Scored) error {
	return s.writeBulk(ctx, func(t *tx) error {
		for i, p := range pairs {
			if _, err := t.exec(`INSERT INTO scores (run_id, document_id, gold_id, metrics, content) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (run_id, document_id, gold_id) DO UPDATE SET metrics = excluded.metrics, content = excluded.content`,
				run, p.Gold.Document.ID, p.Gold.ID, score.Version, scored[i].Encode()); err != nil {
				return err
			}
			if _, err := t.exec(`DELETE FROM scores WHERE run_id = ? AND document_id = ? AND gold_id < ? AND NOT EXISTS (SELECT 1 FROM release_gold f WHERE f.gold_id = scores.gold_id)`,
				run, p.Gold.Document.ID, p.Gold.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// ScoredDocument is a kept score, and what a report says of its document.
type ScoredDocument struct {
	ID         corpus.DocumentID
	Gold       corpus.GoldID
	Name, URL  string
	Annotators []string
	Fields     map[string]string // with language
	score.Scored
}

// scoresOfCurrent and scoresOfRelease give c, the kept score of each document,
// and s: of current gold the newest that is kept, because gold may have changed
// since the scores were taken.
const (
	scoresOfCurrent = `scores c CROSS JOIN document_states s ON s.document_id = c.document_id CROSS JOIN documents d ON d.id = c.document_id CROSS JOIN gold g ON g.id = c.gold_id
		WHERE c.run_id = ?1 AND c.document_id > ?2 AND c.document_id <= ?3 AND c.metrics = ?5 AND s.project_id = ?6 AND s.state = 'gold'
		AND c.gold_id = (SELECT max(gold_id) FROM scores WHERE run_id = ?1 AND document_id = c.document_id AND gold_id <= ?4 AND metrics = ?5)`
	scoresOfRelease = `release_gold s CROSS JOIN scores c ON c.run_id = ?1 AND c.document_id = s.document_id AND c.gold_id = s.gold_id CROSS JOIN documents d ON d.id = c.document_id CROSS JOIN gold g ON g.id = c.gold_id
		WHERE s.release_id = ?6 AND s.document_id > ?2 AND ?3 >= 0 AND ?4 >= 0 AND c.metrics = ?5`
)

// Scores yields the kept scores of a run over the documents that have gold, by
// document, those taken of gold that is not newer than newest; or over those of
// a release. With common, documents that any of these runs says nothing about
// are left out.
func (s *Store) Scores(ctx context.Context, f corpus.GoldFilter, run corpus.RunID, newest corpus.GoldID, common []corpus.RunID) iter.Seq2[ScoredDocument, error] {
	const page = 500
	from, first := scoresOfCurrent, int64(f.Project)
	if f.Release != 0 {
		from, first = scoresOfRelease, int64(f.Release)
	}
	return func(yield func(ScoredDocument, error) bool) {
		_, through, err := s.goldNow(ctx, f.Project)
		for after := corpus.DocumentID(0); err == nil; {
			var batch []ScoredDocument
			err = s.rows(ctx, `SELECT d.id, c.gold_id, d.external_id, d.sha256, d.name, d.url, d.site, d.language, d.meta, g.annotators, c.content
				FROM `+from+` AND `+inAll(`?7`, `c.document_id`)+` ORDER BY c.document_id LIMIT ?8`, []any{run, after, through, newest, score.Version, first, listOf(common), page}, func(r *sql.Rows) error {
				one, err := scanScored(r)
				batch = append(batch, one)
				return err
			})
			if err != nil {
				break
			}
			for _, one := range batch {
				if !yield(one, nil) {
					return
				}
				after = one.ID
			}
			if len(batch) < page {
				return
			}
		}
		yield(ScoredDocument{}, fmt.Errorf("scores of run %d: %w", run, err))
	}
}

func scanScored(r *sql.Rows) (ScoredDocument, error) {
	var one ScoredDocument
	var key, site, language, meta, annotators string
	var hash, content []byte
	if err := r.Scan(&one.ID, &one.Gold, &key, &hash, &one.Name, &one.URL, &site, &language, &meta, &annotators, &content); err != nil {
		return one, err
	}
	if err := json.Unmarshal([]byte(annotators), &one.Annotators); err != nil {
		return one, err
	}
	one.Fields = score.FieldsOf(meta, language)
	if len(one.Annotators) > 0 {
		one.Fields["annotator"] = strings.Join(one.Annotators, ", ")
	}
	var err error
	if one.Scored, err = score.Decode(content); err != nil {
		return one, fmt.Errorf("document %d: %w", one.ID, err)
	}
	if one.Scored.ID = key; key == "" {
		one.Scored.ID = hex.EncodeToString(hash)
	}
	one.Scored.Site = site

	return one, nil
}

// hashes remembers the hash of each project's gold, which takes a second for
// 100 000 documents.
type hashes struct {
	mu   sync.Mutex
	kept map[corpus.ProjectID]keptHash
}

type keptHash struct {
	revision Revision
	hash     string
}

// GoldHash is a SHA-256 over the current gold of a project: over keys, texts
// and decisions, whatever their order. The same gold has the same hash in
// another data file, if its labels have the same numbers there.
func (s *Store) GoldHash(ctx context.Context, project corpus.ProjectID) (string, error) {
	revision, err := s.GoldRevision(ctx, project)
	if err != nil {
		return "", err
	}
	s.hashes.mu.Lock()
	defer s.hashes.mu.Unlock()
	if k, ok := s.hashes.kept[project]; ok && k.revision == revision {
		return k.hash, nil
	}

	newest, through, err := s.goldNow(ctx, project)
	if err != nil {
		return "", err
	}
	var sum [sha256.Size]byte // of the rows' hashes, so that order does not count
	err = s.rows(ctx, `SELECT d.key, d.sha256, g.content`+sourceOf(corpus.GoldFilter{Project: project}).documents(), []any{project, 0, newest, through}, func(r *sql.Rows) error {
		var key string
		var text, content sql.RawBytes
		if err := r.Scan(&key, &text, &content); err != nil {
			return err
		}
		h := sha256.New()
		fmt.Fprintf(h, "%d %s %x ", len(key), key, text)
		h.Write(content)
		carry := 0
		for i, b := range h.Sum(nil) {
			carry += int(sum[i]) + int(b)
			sum[i] = byte(carry)
			carry >>= 8
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(sum[:])
	if s.hashes.kept == nil {
		s.hashes.kept = map[corpus.ProjectID]keptHash{}
	}
	s.hashes.kept[project] = keptHash{revision, hex.EncodeToString(hash[:])}

	return s.hashes.kept[project].hash, nil
}
