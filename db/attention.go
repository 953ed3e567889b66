package db

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/attention"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// visitSlack is how much longer than the wall clock a visit may claim to have
// been active: its first beat may have been lost.
const visitSlack = time.Minute

// Attend takes what a browser tells of a visit to a document. It is a sign of
// life as Beat is, and answers as Beat does; what is told twice or late changes
// nothing, and no figure of a visit ever falls. It is *corpus.Invalid where the
// visit cannot be, corpus.ErrNotFound where there is no such document.
func (s *Store) Attend(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID, v corpus.Visit) (held bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		now := s.nowMillis()
		if err := t.visit(deskKey{doc, who}, v, now); err != nil {
			return err
		}
		held, err = t.beat(doc, who, now)
		return err
	})

	return held, err
}

// visit keeps a visit, and brings the effort along where the document has been
// handed in: the last beat comes after that.
func (t *tx) visit(key deskKey, v corpus.Visit, now int64) error {
	var blocks int
	if err := t.scan(`SELECT d.block_count FROM documents d WHERE d.id = ? AND `+visible, []any{key.document}, &blocks); err != nil {
		return err
	}
	if err := v.Check(blocks); err != nil {
		return err
	}

	active, began, seen := int64(0), now, "[]"
	err := t.scan(`SELECT active_ms, began_at, seen FROM visits WHERE document_id = ? AND annotator_id = ? AND visit = ?`, []any{key.document, key.annotator, v.ID}, &active, &began, &seen)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return err
	}
	active = max(active, min(v.Active.Milliseconds(), now-began+visitSlack.Milliseconds()))
	all, err := joinSeen(v.Seen, seen)
	if err != nil {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO visits (document_id, annotator_id, visit, active_ms, seen, began_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET active_ms = excluded.active_ms, seen = excluded.seen, last_at = excluded.last_at`,
		key.document, key.annotator, v.ID, active, string(text), began, now); err != nil {
		return err
	}

	return t.visitsToEffort(key)
}

func (t *tx) visitsToEffort(key deskKey) error {
	var row int64
	err := t.scan(`SELECT e.annotation_id FROM annotations n JOIN efforts e ON e.annotation_id = n.id WHERE n.document_id = ? AND n.annotator_id = ?`, []any{key.document, key.annotator}, &row)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	active, seen, err := visited(t, key)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE efforts SET active_ms = ?, seen_blocks = ? WHERE annotation_id = ?`, active, seen, row)

	return err
}

// visited is how long a person was active on a document in all their visits,
// in milliseconds, and how many of its blocks they had on screen.
func visited(a asks, key deskKey) (active int64, seen int, err error) {
	var all [][2]int
	err = a.rows(`SELECT active_ms, seen FROM visits WHERE document_id = ? AND annotator_id = ?`, []any{key.document, key.annotator}, func(r *sql.Rows) error {
		var ms int64
		var text string
		if err := r.Scan(&ms, &text); err != nil {
			return err
		}
		active += ms
		all, err = joinSeen(all, text)
		return err
	})
	for _, r := range all {
		seen += r[1] - r[0]
	}

	return active, seen, err
}

// joinSeen adds stored ranges to others: in order, apart.
func joinSeen(ranges [][2]int, stored string) ([][2]int, error) {
	var more [][2]int
	if err := json.Unmarshal([]byte(stored), &more); err != nil {
		return nil, fmt.Errorf("visit: %w", err)
	}
	all := slices.Concat(ranges, more)
	slices.SortFunc(all, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	out := all[:0]
	for _, r := range all {
		if n := len(out) - 1; n >= 0 && r[0] <= out[n][1] {
			out[n][1] = max(out[n][1], r[1])
			continue
		}
		out = append(out, r)
	}

	return out, nil
}

// asks is what a question needs that is put inside a change and outside.
type asks interface {
	scan(query string, args []any, into ...any) error
	rows(query string, args []any, each func(*sql.Rows) error) error
}

// asking puts questions outside of a change.
type asking struct {
	ctx context.Context
	s   *Store
}

func (r asking) scan(query string, args []any, into ...any) error {
	return r.s.scan(r.ctx, query, args, into...)
}

func (r asking) rows(query string, args []any, each func(*sql.Rows) error) error {
	return r.s.rows(r.ctx, query, args, each)
}

// sumUp keeps what follows from handing in: the effort of a labelling, and how
// it compares with gold where its annotator did not see that. Practice is no
// work, and a correction starts from somebody else's.
func (s *Store) sumUp(t *tx, w *work, b *batch, row, now int64) error {
	switch w.why {
	case corpus.ForGold, corpus.ForCheck:
		if err := t.addEffort(w, b, row, now); err != nil {
			return err
		}
		if err := t.addCorrections(w, b, row, now); err != nil {
			return err
		}
	case corpus.ForPractice:
	default:
		return nil
	}
	if w.why == corpus.ForGold {
		return nil
	}
	if err := t.addCheck(w, b, row, now); err != nil || w.why == corpus.ForCheck {
		return err
	}

	return s.passIfReached(t, w.doc.Project, w.key.annotator, now)
}

func (t *tx) addEffort(w *work, b *batch, row, now int64) error {
	active, seen, err := visited(t, w.key)
	if err != nil {
		return err
	}
	mine := attention.Labels(b.words, b.submit.Pieces)
	if _, err := t.exec(`INSERT OR REPLACE INTO efforts (annotation_id, project_id, annotator_id, document_id, at, active_ms, words, blocks, seen_blocks, body_blocks)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		row, w.doc.Project, w.key.annotator, w.doc.ID, now, active, decided(mine), len(w.doc.Blocks), seen, attention.BodyBlocks(w.doc, b.submit.Pieces)); err != nil {
		return err
	}

	gold, err := t.newestGold(w.doc.ID)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	name, err := t.nameOf(w.key.annotator)
	if err != nil {
		return err
	}

	return t.setEffortGold(row, name, gold, func() (goldClasses, mineClasses []corpus.Class, err error) {
		return attention.Labels(b.words, gold.Pieces), mine, nil
	})
}

func decided(classes []corpus.Class) (n int) {
	for _, c := range classes {
		if c != corpus.Undecided {
			n++
		}
	}

	return n
}

func (t *tx) nameOf(who corpus.AnnotatorID) (name string, err error) {
	err = t.scan(`SELECT name FROM annotators WHERE id = ?`, []any{who}, &name)

	return name, err
}

// newestGold is gold without its document, or corpus.ErrNotFound.
func (t *tx) newestGold(id corpus.DocumentID) (g corpus.Gold, err error) {
	var content, annotators string
	var at int64
	if err := t.scan(`SELECT id, at, annotators, content FROM gold WHERE document_id = ? ORDER BY version DESC LIMIT 1`, []any{id}, &g.ID, &at, &annotators, &content); err != nil {
		return g, err
	}

	return g, decodeGold(&g, content, annotators, at)
}

// setEffortGold keeps how an effort lies beside gold. Gold that is the same
// person's alone says nothing about them.
func (t *tx) setEffortGold(row int64, name string, gold corpus.Gold, classes func() (gold, mine []corpus.Class, err error)) error {
	var id any
	var words score.Counts
	if !slices.Equal(gold.Annotators, []string{name}) {
		theirs, mine, err := classes()
		if err != nil {
			return err
		}
		id, words = gold.ID, score.Blocks(theirs, mine, nil).Body
	}
	_, err := t.exec(`UPDATE efforts SET gold_id = ?, gold_tp = ?, gold_fp = ?, gold_fn = ? WHERE annotation_id = ?`, id, words.TP, words.FP, words.FN, row)

	return err
}

// goldMoved compares what people handed in for a document with its new gold.
func (t *tx) goldMoved(gold corpus.Gold) error {
	type effort struct {
		row           int64
		name, content string
	}
	var efforts []effort
	err := t.rows(`SELECT e.annotation_id, a.name, x.content FROM efforts e JOIN annotators a ON a.id = e.annotator_id
		JOIN submissions x ON x.id = (SELECT max(id) FROM submissions WHERE document_id = e.document_id AND annotator_id = e.annotator_id)
		WHERE e.document_id = ?`, []any{gold.Document.ID}, func(r *sql.Rows) error {
		var e effort
		err := r.Scan(&e.row, &e.name, &e.content)
		efforts = append(efforts, e)
		return err
	})
	if err != nil {
		return err
	}

	var words []score.Word
	for _, e := range efforts {
		err := t.setEffortGold(e.row, e.name, gold, func() (theirs, mine []corpus.Class, err error) {
			if words == nil {
				d, err := t.document(gold.Document.ID, nil)
				if err != nil {
					return nil, nil, err
				}
				words = score.Words(d.Text)
			}
			var said corpus.Gold
			err = decodeGold(&said, e.content, "[]", 0)
			return attention.Labels(words, gold.Pieces), attention.Labels(words, said.Pieces), err
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// addCheck compares what was handed in with gold. A document whose gold is gone
// by now is no check any more.
func (t *tx) addCheck(w *work, b *batch, row, now int64) error {
	gold, err := t.newestGold(w.doc.ID)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	attempt := 0
	if w.why == corpus.ForPractice {
		err = t.scan(`SELECT coalesce(max(attempt), 1) FROM practised WHERE project_id = ? AND annotator_id = ?`, []any{w.doc.Project, w.key.annotator}, &attempt)
	} else {
		err = t.scan(`SELECT count(*) + 1 FROM checks WHERE annotation_id = ?`, []any{row}, &attempt)
	}
	if err != nil {
		return err
	}

	words := score.Blocks(attention.Labels(b.words, gold.Pieces), attention.Labels(b.words, b.submit.Pieces), nil)
	mine, theirs := agreement.Labelling{Pieces: b.submit.Pieces, Spans: b.submit.Spans}, agreement.Labelling{Pieces: gold.Pieces, Spans: gold.Spans}
	_, err = t.exec(`INSERT INTO checks (annotation_id, attempt, project_id, annotator_id, document_id, purpose, gold_id, words, words_right, span_tp, span_a, span_b, at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, row, attempt, w.doc.Project, w.key.annotator, w.doc.ID, w.why, gold.ID,
		words.Total(), words.Body.TP+words.Right, len(agreement.Compare(w.doc, []agreement.Labelling{mine, theirs}).Spans), len(mine.Spans), len(theirs.Spans), now)

	return err
}

// Attention is how the people of a project went about the documents they handed
// in, by name; who handed nothing in is not there.
func (s *Store) Attention(ctx context.Context, project corpus.ProjectID) ([]attention.Signals, map[corpus.AnnotatorID]string, error) {
	var n int
	if err := s.scan(ctx, `SELECT count(*) FROM efforts WHERE project_id = ?`, []any{project}, &n); err != nil {
		return nil, nil, err
	}
	efforts := make([]attention.Effort, 0, n) // growing costs as much as reading
	err := s.rows(ctx, `SELECT annotator_id, document_id, active_ms, words, blocks, seen_blocks, body_blocks, gold_id IS NOT NULL, gold_tp, gold_fp, gold_fn
		FROM efforts WHERE project_id = ? ORDER BY at, annotation_id`, []any{project}, func(r *sql.Rows) error {
		var e attention.Effort
		var ms int64
		err := r.Scan(&e.Annotator, &e.Document, &ms, &e.Words, &e.Blocks, &e.Seen, &e.Body, &e.Compared, &e.Gold.TP, &e.Gold.FP, &e.Gold.FN)
		e.Active = time.Duration(ms) * time.Millisecond
		efforts = append(efforts, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	checks, err := s.hiddenChecks(ctx, project)
	if err != nil {
		return nil, nil, err
	}
	names, err := s.names(ctx)
	if err != nil {
		return nil, nil, err
	}

	out := attention.Of(efforts, checks)
	slices.SortFunc(out, func(a, b attention.Signals) int { return cmp.Compare(names[a.Annotator], names[b.Annotator]) })

	return out, names, nil
}

// hiddenChecks are those of a project, each as it was handed in last.
func (s *Store) hiddenChecks(ctx context.Context, project corpus.ProjectID) (out []attention.Check, err error) {
	err = s.rows(ctx, `SELECT c.annotator_id, c.words, c.words_right FROM checks c WHERE c.project_id = ? AND c.purpose = 'check'
		AND c.attempt = (SELECT max(attempt) FROM checks WHERE annotation_id = c.annotation_id) ORDER BY c.annotator_id, c.document_id`, []any{project}, func(r *sql.Rows) error {
		var c attention.Check
		err := r.Scan(&c.Annotator, &c.Words, &c.Right)
		out = append(out, c)
		return err
	})

	return out, err
}

func (s *Store) names(ctx context.Context) (map[corpus.AnnotatorID]string, error) {
	out := map[corpus.AnnotatorID]string{}
	err := s.rows(ctx, `SELECT id, name FROM annotators ORDER BY id`, nil, func(r *sql.Rows) error {
		var id corpus.AnnotatorID
		var name string
		err := r.Scan(&id, &name)
		out[id] = name
		return err
	})

	return out, err
}

// checkEfforts counts every effort again from what it sums up.
func (s *Store) checkEfforts(ctx context.Context, found func(string, ...any)) error {
	type kept struct {
		deskKey
		active                    int64
		words, blocks, seen, body int
		content                   string
	}
	for after := int64(0); ; {
		var page []kept
		err := s.rows(ctx, `SELECT e.annotation_id, e.document_id, e.annotator_id, e.active_ms, e.words, e.blocks, e.seen_blocks, e.body_blocks, x.content FROM efforts e
			JOIN submissions x ON x.id = (SELECT max(id) FROM submissions WHERE document_id = e.document_id AND annotator_id = e.annotator_id)
			WHERE e.annotation_id > ? ORDER BY e.annotation_id LIMIT ?`, []any{after, checkPage}, func(r *sql.Rows) error {
			var k kept
			err := r.Scan(&after, &k.document, &k.annotator, &k.active, &k.words, &k.blocks, &k.seen, &k.body, &k.content)
			page = append(page, k)
			return err
		})
		if err != nil {
			return err
		}
		for _, k := range page {
			again := kept{deskKey: k.deskKey, content: k.content}
			if again.active, again.seen, err = visited(asking{ctx, s}, k.deskKey); err != nil {
				return err
			}
			d, err := s.Document(ctx, k.document)
			if err != nil {
				return err
			}
			var said corpus.Gold
			if err := decodeGold(&said, k.content, "[]", 0); err != nil {
				return err
			}
			again.words, again.blocks, again.body = decided(attention.Labels(score.Words(d.Text), said.Pieces)), len(d.Blocks), attention.BodyBlocks(d, said.Pieces)
			if k != again {
				found("what person %d did for document %d does not add up", k.annotator, k.document)
			}
		}
		if len(page) < checkPage {
			return nil
		}
	}
}
