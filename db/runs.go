package db

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// A run that gave no sign of life for so long has stopped, whatever its row
// says: whoever made it was killed.
const runSilence = 2 * time.Minute

const runColumns = `r.id, r.project_id, r.name, r.cleaner, r.origin, r.state, r.documents, (SELECT count(*) FROM predictions WHERE run_id = r.id), coalesce(a.name, ''), r.started_at, r.beat_at, r.ended_at`

const fromRuns = ` FROM runs r LEFT JOIN annotators a ON a.id = r.annotator_id`

func (s *Store) scanRun(scan func(...any) error) (corpus.Run, error) {
	var r corpus.Run
	var cleaner string
	var started, beat, ended int64
	if err := scan(&r.ID, &r.Project, &r.Name, &cleaner, &r.Origin, &r.State, &r.Documents, &r.Predicted, &r.By, &started, &beat, &ended); err != nil {
		return r, translate(err)
	}
	r.Started = fromMillis(started)
	if ended > 0 {
		r.Ended = fromMillis(ended)
	}
	if r.State == corpus.RunRunning && beat < s.nowMillis()-runSilence.Milliseconds() {
		r.State, r.Ended = corpus.RunStopped, fromMillis(beat)
	}

	return r, json.Unmarshal([]byte(cleaner), &r.Cleaner)
}

// Runs lists a project's runs, the newest first. One that came from a file is
// there when all of it is.
func (s *Store) Runs(ctx context.Context, project corpus.ProjectID) ([]corpus.Run, error) {
	var out []corpus.Run
	err := s.rows(ctx, `SELECT `+runColumns+fromRuns+` WHERE r.project_id = ? AND r.removed_at IS NULL AND NOT (r.hidden AND r.state <> 'done') ORDER BY r.id DESC`, []any{project}, func(rows *sql.Rows) error {
		r, err := s.scanRun(rows.Scan)
		out = append(out, r)
		return err
	})

	return out, err
}

// Run is one of a project's runs, also a removed one; corpus.ErrNotFound where
// there is none.
func (s *Store) Run(ctx context.Context, project corpus.ProjectID, id corpus.RunID) (corpus.Run, error) {
	st, err := s.stmt(ctx, `SELECT `+runColumns+fromRuns+` WHERE r.project_id = ? AND r.id = ? AND NOT (r.hidden AND r.state <> 'done')`)
	if err != nil {
		return corpus.Run{}, err
	}

	return s.scanRun(st.QueryRowContext(ctx, project, id).Scan)
}

// RunByName finds a run that is not removed, in any case.
func (s *Store) RunByName(ctx context.Context, project corpus.ProjectID, name string) (corpus.Run, error) {
	st, err := s.stmt(ctx, `SELECT `+runColumns+fromRuns+` WHERE r.project_id = ? AND r.name = ? AND r.removed_at IS NULL AND NOT (r.hidden AND r.state <> 'done')`)
	if err != nil {
		return corpus.Run{}, err
	}

	return s.scanRun(st.QueryRowContext(ctx, project, strings.TrimSpace(name)).Scan)
}

// Bounds of what a run may say of itself.
const (
	maxRunName = 120
	maxCleaner = 16 << 10
)

// StartRun begins a run, or goes on with one of that name that stopped before
// its end: then its cleaner has to be the same, and what it has already
// predicted stays. A hidden run is seen when it has ended, and one that was
// left behind unseen is begun anew. The error is *corpus.Invalid where the name
// is taken.
func (s *Store) StartRun(ctx context.Context, r corpus.Run, hidden bool, by corpus.AnnotatorID) (corpus.Run, error) {
	r.Name = strings.TrimSpace(r.Name)
	cleaner, err := json.Marshal(r.Cleaner)
	switch {
	case err != nil:
		return r, err
	case r.Name == "":
		return r, corpus.Invalidf("name", "a run needs a name")
	case utf8.RuneCountInString(r.Name) > maxRunName:
		return r, corpus.Invalidf("name", "a run's name holds at most %d characters", maxRunName)
	case strings.ContainsFunc(r.Name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return r, corpus.Invalidf("name", "a run's name holds no control characters")
	case len(cleaner) > maxCleaner:
		return r, corpus.Invalidf("cleaner", "what a run says of its cleaner holds at most %d kB", maxCleaner>>10)
	}

	var left corpus.RunID // a hidden one that nobody ended
	err = s.write(ctx, func(t *tx) error {
		left = 0
		now := s.nowMillis()
		var state corpus.RunState
		var was string
		var beat int64
		var unseen bool
		err := t.scan(`SELECT id, state, cleaner, beat_at, hidden FROM runs WHERE project_id = ? AND name = ? AND removed_at IS NULL`, []any{r.Project, r.Name}, &r.ID, &state, &was, &beat, &unseen)
		switch {
		case errors.Is(err, corpus.ErrNotFound):
			id, err := t.insert(`INSERT INTO runs (project_id, name, cleaner, origin, state, hidden, documents, annotator_id, started_at, beat_at) VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?)`,
				r.Project, r.Name, string(cleaner), r.Origin, hidden, r.Documents, nullID(by), now, now)
			r.ID = corpus.RunID(id)
			return err
		case err != nil:
			return err
		case state == corpus.RunDone:
			return corpus.Invalidf("name", "there is a run named %q already; give this one another name", r.Name)
		case state == corpus.RunRunning && beat >= now-runSilence.Milliseconds():
			return corpus.Invalidf("name", "the run %q is being made right now", r.Name)
		case unseen:
			left = r.ID
			_, err := t.exec(`UPDATE runs SET removed_at = ? WHERE id = ?`, now, r.ID)
			return err
		case was != string(cleaner):
			return corpus.Invalidf("name", "the run %q was begun with another cleaner or another version of it; give this one another name", r.Name)
		}
		_, err = t.exec(`UPDATE runs SET state = 'running', beat_at = ?, ended_at = 0 WHERE id = ?`, now, r.ID)
		return err
	})
	if err != nil {
		return r, err
	}
	if left != 0 {
		if err := s.EraseRun(ctx, left); err != nil {
			return r, err
		}
		return s.StartRun(ctx, r, hidden, by)
	}

	st, err := s.stmt(ctx, `SELECT `+runColumns+fromRuns+` WHERE r.id = ?`)
	if err != nil {
		return r, err
	}

	return s.scanRun(st.QueryRowContext(ctx, r.ID).Scan)
}

// Predicted is what a run says about a document.
type Predicted struct {
	Document corpus.DocumentID
	score.Prediction
}

// predictedParts is how predictions.parts is stored: columns, as gold is.
type predictedParts struct {
	At     []int    `json:"at,omitempty"`    // blocks: start, end, start, end …
	Class  *string  `json:"class,omitempty"` // a letter of "-bx" each; absent without blocks
	Spans  []int    `json:"spans,omitempty"`
	Label  []string `json:"label,omitempty"`
	Looked bool     `json:"looked,omitempty"` // spans were looked for
}

func encodeParts(p score.Prediction) (string, error) {
	if p.Blocks == nil && !p.Labels {
		return "", nil
	}
	out := predictedParts{Looked: p.Labels}
	if p.Blocks != nil {
		class := make([]byte, len(p.Blocks))
		for i, b := range p.Blocks {
			out.At = append(out.At, b.Start, b.End)
			class[i] = letters[classIndex(b.Class)]
		}
		s := string(class)
		out.Class = &s
	}
	for _, sp := range p.Spans {
		out.Spans, out.Label = append(out.Spans, sp.Start, sp.End), append(out.Label, sp.Label)
	}
	b, err := json.Marshal(out)

	return string(b), err
}

func classIndex(c corpus.Class) int {
	for i, known := range classLetters {
		if known == c {
			return i
		}
	}
	return 0
}

func decodeParts(s string, p *score.Prediction) error {
	if s == "" {
		return nil
	}
	var in predictedParts
	if err := json.Unmarshal([]byte(s), &in); err != nil {
		return fmt.Errorf("prediction: %w", err)
	}
	p.Labels = in.Looked
	if in.Class != nil {
		if len(in.At) != 2*len(*in.Class) {
			return errors.New("prediction: columns of different lengths")
		}
		p.Blocks = make([]score.Block, len(*in.Class))
		for i := range p.Blocks {
			letter := strings.IndexByte(letters, (*in.Class)[i])
			if letter < 0 {
				return fmt.Errorf("prediction: there is no class %q", (*in.Class)[i])
			}
			p.Blocks[i] = score.Block{Range: text.Range{Start: in.At[2*i], End: in.At[2*i+1]}, Class: classLetters[letter]}
		}
	}
	if len(in.Spans) != 2*len(in.Label) {
		return errors.New("prediction: columns of different lengths")
	}
	for i, l := range in.Label {
		p.Spans = append(p.Spans, score.Span{Range: text.Range{Start: in.Spans[2*i], End: in.Spans[2*i+1]}, Label: l})
	}

	return nil
}

// maxDetail is in bytes.
const maxDetail = 2000

// AddPredictions adds to a run that is under way. A document that it has said
// something about already gets the newer word. It is safe to repeat. The error
// is *corpus.Invalid where the run has ended meanwhile.
func (s *Store) AddPredictions(ctx context.Context, run corpus.RunID, ps []Predicted) error {
	encoded := make([]string, len(ps))
	for i, p := range ps {
		var err error
		if encoded[i], err = encodeParts(p.Prediction); err != nil {
			return err
		}
	}

	return s.writeBulk(ctx, func(t *tx) error {
		err := one(t.change(`UPDATE runs SET beat_at = ? WHERE id = ? AND state = 'running' AND removed_at IS NULL`, s.nowMillis(), run))
		if errors.Is(err, corpus.ErrNotFound) {
			return corpus.Invalidf("", "the run was ended meanwhile; nothing more can be added to it")
		}
		if err != nil {
			return err
		}
		for i, p := range ps {
			if p.Status == score.Missing {
				continue
			}
			detail := p.Detail
			if len(detail) > maxDetail {
				detail = strings.ToValidUTF8(detail[:maxDetail], "")
			}
			if _, err := t.exec(`INSERT INTO predictions (run_id, document_id, status, millis, detail, parts, text) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (run_id, document_id) DO UPDATE SET status = excluded.status, millis = excluded.millis, detail = excluded.detail, parts = excluded.parts, text = excluded.text`,
				run, p.Document, p.Status, max(0, p.Millis), detail, encoded[i], p.Text); err != nil {
				return err
			}
			if _, err := t.exec(`DELETE FROM scores WHERE run_id = ? AND document_id = ?`, run, p.Document); err != nil {
				return err
			}
		}
		return nil
	})
}

// BeatRun says that a run is still being made.
func (s *Store) BeatRun(ctx context.Context, run corpus.RunID) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE runs SET beat_at = ? WHERE id = ? AND state = 'running'`, s.nowMillis(), run)
		return err
	})
}

// EndRun ends a run that is under way: done, or stopped and to be resumed. One
// that has ended stays as it is.
func (s *Store) EndRun(ctx context.Context, run corpus.RunID, state corpus.RunState) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE runs SET state = ?, ended_at = ? WHERE id = ? AND state <> 'done'`, state, s.nowMillis(), run)
		return err
	})
}

// SetRunRemoved hides a run or brings it back. It is *corpus.Invalid where
// another has its name meanwhile.
func (s *Store) SetRunRemoved(ctx context.Context, project corpus.ProjectID, run corpus.RunID, removed bool) error {
	err := s.write(ctx, func(t *tx) error {
		var at any
		if removed {
			at = s.nowMillis()
		}
		return one(t.change(`UPDATE runs SET removed_at = ? WHERE id = ? AND project_id = ?`, at, run, project))
	})
	if errors.Is(err, errUnique) {
		return corpus.Invalidf("", "another run has this one's name meanwhile")
	}

	return err
}

// EraseRun deletes a run that was never seen, in batches.
func (s *Store) EraseRun(ctx context.Context, run corpus.RunID) error {
	for {
		var n int64
		err := s.writeBulk(ctx, func(t *tx) (err error) {
			if n, err = t.change(`DELETE FROM predictions WHERE id IN (SELECT id FROM predictions WHERE run_id = ? LIMIT 500)`, run); err != nil || n > 0 {
				return err
			}
			if _, err := t.exec(`DELETE FROM scores WHERE run_id = ?`, run); err != nil {
				return err
			}
			_, err = t.exec(`DELETE FROM runs WHERE id = ?`, run)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// RunStatuses counts a run's predictions by how they ended.
func (s *Store) RunStatuses(ctx context.Context, run corpus.RunID) (map[score.Status]int, error) {
	out := map[score.Status]int{}
	err := s.rows(ctx, `SELECT status, count(*) FROM predictions WHERE run_id = ? GROUP BY status`, []any{run}, func(r *sql.Rows) error {
		var status score.Status
		var n int
		err := r.Scan(&status, &n)
		out[status] = n
		return err
	})

	return out, err
}

// Named is a document with all the names that a prediction may call it by.
type Named struct {
	ID                                        corpus.DocumentID
	External, URL, Name, SourceHash, TextHash string
	Gold                                      bool
}

// Names yields the living documents of a project, by id, without their texts.
func (s *Store) Names(ctx context.Context, project corpus.ProjectID) iter.Seq2[Named, error] {
	const page = 1000
	return func(yield func(Named, error) bool) {
		for after := corpus.DocumentID(0); ; {
			var batch []Named
			err := s.rows(ctx, `SELECT d.id, d.external_id, d.url, d.name, d.source_hash, d.sha256, s.state = 'gold' FROM documents d CROSS JOIN document_states s ON s.document_id = d.id
				WHERE d.project_id = ? AND d.id > ? AND `+visible+` AND s.state NOT IN ('superseded', 'removed') ORDER BY d.id LIMIT ?`, []any{project, after, page}, func(r *sql.Rows) error {
				var n Named
				var source, text []byte
				err := r.Scan(&n.ID, &n.External, &n.URL, &n.Name, &source, &text, &n.Gold)
				n.SourceHash, n.TextHash = hex.EncodeToString(source), hex.EncodeToString(text)
				batch = append(batch, n)
				return err
			})
			for _, n := range batch {
				if !yield(n, nil) {
					return
				}
				after = n.ID
			}
			if err != nil {
				yield(Named{}, err)
				return
			}
			if len(batch) < page {
				return
			}
		}
	}
}

// toPredict is the condition that a run has said nothing about a living
// document of its project.
const toPredict = ` FROM documents d CROSS JOIN document_states s ON s.document_id = d.id
	WHERE d.project_id = ?1 AND d.id > ?3 AND ` + visible + ` AND s.state NOT IN ('superseded', 'removed') AND (?4 OR s.state = 'gold')
	AND NOT EXISTS (SELECT 1 FROM predictions WHERE run_id = ?2 AND document_id = d.id)`

// Unpredicted counts the documents that a run has still to say something about:
// all living ones, or those with gold.
func (s *Store) Unpredicted(ctx context.Context, project corpus.ProjectID, run corpus.RunID, all bool) (n int, err error) {
	err = s.scan(ctx, `SELECT count(*)`+toPredict, []any{project, run, 0, all}, &n)

	return n, err
}

// ToPredict yields these documents with their sources, by id. A document that
// gets a prediction meanwhile is not yielded again.
func (s *Store) ToPredict(ctx context.Context, project corpus.ProjectID, run corpus.RunID, all bool) iter.Seq2[corpus.Document, error] {
	const page = 32
	return func(yield func(corpus.Document, error) bool) {
		for after := corpus.DocumentID(0); ; {
			var batch []corpus.Document
			err := s.rows(ctx, `SELECT `+documentColumns+`, x.encoding, x.bytes FROM (SELECT d.id AS id`+toPredict+` ORDER BY d.id LIMIT ?5) n
				CROSS JOIN documents d ON d.id = n.id LEFT JOIN sources x ON x.document_id = d.id ORDER BY d.id`, []any{project, run, after, all, page}, func(r *sql.Rows) error {
				var encoding sql.NullString
				var source []byte
				d, err := scanDocument(r.Scan, &encoding, &source)
				if err == nil && encoding.Valid {
					d.Source, err = unpack(d.Text, encoding, source)
				}
				batch = append(batch, d)
				return err
			})
			for _, d := range batch {
				if !yield(d, nil) {
					return
				}
				after = d.ID
			}
			if err != nil {
				yield(corpus.Document{}, err)
				return
			}
			if len(batch) < page {
				return
			}
		}
	}
}

const predictionColumns = `coalesce(p.status, 'missing'), coalesce(p.millis, 0), coalesce(p.detail, ''), coalesce(p.parts, ''), coalesce(p.text, '')`

func predictionInto(p *score.Prediction, parts *string) []any {
	return []any{&p.Status, &p.Millis, &p.Detail, parts, &p.Text}
}

// Prediction is what a run says about a document; Missing where it says
// nothing.
func (s *Store) Prediction(ctx context.Context, run corpus.RunID, doc corpus.DocumentID) (score.Prediction, error) {
	var p score.Prediction
	var parts string
	err := s.scan(ctx, `SELECT `+predictionColumns+` FROM predictions p WHERE p.run_id = ? AND p.document_id = ?`, []any{run, doc}, predictionInto(&p, &parts)...)
	if errors.Is(err, corpus.ErrNotFound) {
		return score.Prediction{Status: score.Missing}, nil
	}
	if err != nil {
		return p, err
	}

	return p, decodeParts(parts, &p)
}

// Predictions yields all that a run says, by document, with the names of the
// documents.
func (s *Store) Predictions(ctx context.Context, run corpus.RunID) iter.Seq2[PredictedDocument, error] {
	const page = 128
	return func(yield func(PredictedDocument, error) bool) {
		for after := corpus.DocumentID(0); ; {
			var batch []PredictedDocument
			err := s.rows(ctx, `SELECT d.id, d.external_id, d.url, d.name, d.source_hash, d.sha256, `+predictionColumns+` FROM predictions p JOIN documents d ON d.id = p.document_id
				WHERE p.run_id = ? AND p.document_id > ? ORDER BY p.document_id LIMIT ?`, []any{run, after, page}, func(r *sql.Rows) error {
				var one PredictedDocument
				var source, text []byte
				var parts string
				err := r.Scan(append([]any{&one.ID, &one.External, &one.URL, &one.Name, &source, &text}, predictionInto(&one.Prediction, &parts)...)...)
				one.SourceHash, one.TextHash = hex.EncodeToString(source), hex.EncodeToString(text)
				if err == nil {
					err = decodeParts(parts, &one.Prediction)
				}
				batch = append(batch, one)
				return err
			})
			for _, one := range batch {
				if !yield(one, nil) {
					return
				}
				after = one.ID
			}
			if err != nil {
				yield(PredictedDocument{}, err)
				return
			}
			if len(batch) < page {
				return
			}
		}
	}
}

// PredictedDocument is a prediction with its document's names.
type PredictedDocument struct {
	Named
	Prediction score.Prediction
}

// ForgetFailures takes back what a run that is under way says about documents
// on which its cleaner failed or was too slow, so that they are tried again.
func (s *Store) ForgetFailures(ctx context.Context, run corpus.RunID) error {
	return s.writeBulk(ctx, func(t *tx) error {
		if err := one(t.change(`UPDATE runs SET beat_at = ? WHERE id = ? AND state = 'running'`, s.nowMillis(), run)); err != nil {
			return err
		}
		if _, err := t.exec(`DELETE FROM scores WHERE run_id = ?1 AND document_id IN (SELECT document_id FROM predictions WHERE run_id = ?1 AND status IN ('error', 'timeout'))`, run); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM predictions WHERE run_id = ? AND status IN ('error', 'timeout')`, run)
		return err
	})
}
