package db

import (
	"container/list"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// desk holds the annotations that people work on now, so that an action does
// not replay the log: it is checked and applied in memory, and what is written
// is one row. The log is the truth; an annotation that leaves the desk is
// replayed from it when it is opened again.
type desk struct {
	mu    sync.Mutex
	open  map[deskKey]*list.Element // of *work
	used  *list.List                // most recent first
	bytes int
	limit int // of bytes
}

type deskKey struct {
	document  corpus.DocumentID
	annotator corpus.AnnotatorID
}

// deskBytes bounds the desk by what its documents and annotations roughly take.
const deskBytes = 24 << 20

// work is one annotation on the desk. Its lock is held while an action is
// checked, applied and written, so one person's actions have one order.
type work struct {
	key   deskKey
	size  int // what the desk counts for it; guarded by the desk, as is users
	users int // how many hold or wait for it: it must not leave the desk

	mu   sync.Mutex
	doc  corpus.Document // nil text until loaded
	x    *text.Index
	a    *corpus.Annotation // nil until loaded
	row  int64              // annotations.id, 0 while there is no event
	seen map[string]bool    // ids of its events
	from *corpus.Gold       // the gold it starts from, where it has no event of its own
}

func newDesk() *desk {
	return &desk{open: map[deskKey]*list.Element{}, used: list.New(), limit: deskBytes}
}

// take is the work for key, newly made where it is not on the desk.
func (d *desk) take(key deskKey) *work {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok := d.open[key]
	if !ok {
		e = d.used.PushFront(&work{key: key})
		d.open[key] = e
	}
	d.used.MoveToFront(e)
	w := e.Value.(*work)
	w.users++

	return w
}

// leave ends a take. size is what w takes now, 0 to put it away.
func (d *desk) leave(w *work, size int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.users--
	d.bytes += size - w.size
	w.size = size
	for e := d.used.Back(); e != nil; {
		old := e.Value.(*work)
		before := e.Prev()
		if old.users == 0 && (old.size == 0 || d.bytes > d.limit) {
			d.used.Remove(e)
			d.bytes -= old.size
			delete(d.open, old.key)
		} else if d.bytes <= d.limit && w.size > 0 {
			return
		}
		e = before
	}
}

// onDesk calls use with the loaded and locked work.
func (s *Store) onDesk(ctx context.Context, key deskKey, use func(*work) error) error {
	w := s.desk.take(key)
	w.mu.Lock()
	defer func() {
		size := w.bytes()
		w.mu.Unlock()
		s.desk.leave(w, size)
	}()
	if w.a == nil {
		if err := s.load(ctx, w); err != nil {
			return err
		}
	}
	if err := s.startFrom(ctx, w); err != nil {
		return err
	}

	return use(w)
}

// bytes is roughly what the work takes in memory, 0 where it is not loaded.
func (w *work) bytes() int {
	if w.a == nil {
		return 0
	}
	return 2*len(w.doc.Text) + 160*len(w.a.Pieces) + 300*len(w.a.Spans) + 300*len(w.seen) + 2000
}

// load reads the document and replays the log.
func (s *Store) load(ctx context.Context, w *work) (err error) {
	defer wrap(&err, "annotation of document %d", w.key.document)

	st, err := s.stmt(ctx, `SELECT `+documentColumns+`, coalesce(a.id, 0) FROM documents d LEFT JOIN annotations a ON a.document_id = d.id AND a.annotator_id = ? WHERE d.id = ? AND `+visible)
	if err != nil {
		return err
	}
	var row int64
	doc, err := scanDocument(st.QueryRowContext(ctx, w.key.annotator, w.key.document).Scan, &row)
	if err != nil {
		return err
	}
	a := corpus.NewAnnotation(doc, w.key.annotator)
	seen := map[string]bool{}
	if row != 0 {
		err = s.rows(ctx, `SELECT n, id, kind, change FROM events WHERE annotation_id = ? ORDER BY n`, []any{row}, func(r *sql.Rows) error {
			id, err := replay(r, a)
			seen[id] = true
			return err
		})
	}
	if err != nil {
		return err
	}
	w.doc, w.x, w.a, w.row, w.seen, w.from = doc, text.NewIndex(doc.Text), a, row, seen, nil

	return nil
}

// startFrom keeps the gold that the work starts from the newest: somebody else
// may have decided since it came on the desk.
func (s *Store) startFrom(ctx context.Context, w *work) error {
	if w.row != 0 {
		return nil
	}
	var version, has int
	if err := s.scan(ctx, `SELECT coalesce(max(version), 0) FROM gold WHERE document_id = ?`, []any{w.key.document}, &version); err != nil {
		return err
	}
	if w.from != nil {
		has = w.from.Version
	}
	if version == has {
		return nil
	}
	gold, err := s.CurrentGold(ctx, w.key.document)
	w.from = &gold

	return err
}

// replay applies the next event of a log. Undo and redo are replayed as such,
// so that what can be undone after a restart is what could before.
func replay(r *sql.Rows, a *corpus.Annotation) (id string, err error) {
	var n int
	var kind string
	var change []byte
	if err := r.Scan(&n, &id, &kind, &change); err != nil {
		return "", err
	}
	switch kind {
	case corpus.KindUndo:
		_, err = a.Undo("")
	case corpus.KindRedo:
		_, err = a.Redo("")
	default:
		var c corpus.Change
		if err = json.Unmarshal(change, &c); err == nil {
			err = a.Do(id, c)
		}
	}
	if err == nil && n != a.Events {
		err = fmt.Errorf("number %d comes as number %d", n, a.Events)
	}
	if err != nil {
		err = fmt.Errorf("event %s: %w", id, err)
	}

	return id, err
}

// View is what a screen needs to show one person's work on a document. A
// person without events on a document that has gold sees that gold, as
// submitted.
func (s *Store) View(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID) (v corpus.View, err error) {
	err = s.onDesk(ctx, deskKey{doc, who}, func(w *work) error {
		v, err = s.view(ctx, w)
		return err
	})

	return v, err
}

func (s *Store) view(ctx context.Context, w *work) (corpus.View, error) {
	v := corpus.View{Document: w.doc, Index: w.x, Annotation: w.a.Clone()}
	if err := s.scan(ctx, `SELECT state FROM document_states WHERE document_id = ?`, []any{w.key.document}, &v.State); err != nil {
		return v, err
	}
	// In any other state there is neither gold nor a newer version, and this is
	// asked with every action.
	if v.State == corpus.Golden || v.State == corpus.Superseded || v.State == corpus.Removed {
		if err := s.decided(ctx, w, &v); err != nil {
			return v, err
		}
	}
	if w.from != nil {
		shown := corpus.NewAnnotation(w.doc, w.key.annotator)
		if err := shown.Do("gold", fromGold(w.from, w.a.Pieces, corpus.Submitted)); err != nil {
			return v, fmt.Errorf("gold %d over document %d: %w", w.from.ID, w.doc.ID, err)
		}
		shown.Events = 0
		v.Annotation = *shown
	}

	return v, nil
}

// decided adds who decided the document, and what took its place.
func (s *Store) decided(ctx context.Context, w *work, v *corpus.View) (err error) {
	if v.Gold, v.GoldBy, err = s.goldVersion(ctx, w.key.document); err != nil || v.State != corpus.Superseded {
		return err
	}
	err = s.scan(ctx, `SELECT n.id FROM documents d JOIN documents n ON n.project_id = d.project_id AND n.key = d.key
		WHERE d.id = ? AND n.id <= (SELECT visible_through FROM projects WHERE id = d.project_id) ORDER BY n.version DESC LIMIT 1`, []any{w.key.document}, &v.Newer)

	return err
}

// fromGold is the change that turns a blank annotation into the gold. Spans
// get ids that are the same each time.
func fromGold(g *corpus.Gold, blank []corpus.Piece, status corpus.Status) corpus.Change {
	c := corpus.Change{Status: status, Classes: g.Pieces}
	i := 0
	for _, p := range g.Pieces {
		for i < len(blank)-1 && blank[i].End <= p.Start {
			i++
		}
		if p.Start > blank[i].Start {
			c.Splits = append(c.Splits, p.Start)
		}
	}
	for n, span := range g.Spans {
		span.ID = corpus.SpanID(fmt.Sprintf("gold-%d-%d", g.ID, n))
		c.Add = append(c.Add, span)
	}

	return c
}

// Act applies a batch of one person's events in order and returns when it is
// durable. An event that cannot be applied is refused, with a reason, and the
// others are still tried; one that is in the log already is answered as
// applied. An error means that nothing of the batch was kept: send it again.
func (s *Store) Act(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID, events []corpus.Event) (answer corpus.Answer, err error) {
	err = s.onDesk(ctx, deskKey{doc, who}, func(w *work) error {
		labels, err := s.labelsFor(ctx, w.doc.Project, events)
		if err != nil {
			return err
		}
		state, err := s.stateFor(ctx, doc, events)
		if err != nil {
			return err
		}
		b := batch{w: w, labels: labels, state: state, answer: corpus.Answer{Before: w.a.Events, Applied: make([]string, 0, len(events))}}
		for _, e := range events {
			b.add(e)
		}
		if len(b.rows) > 0 {
			if err := s.append(ctx, w, &b); err != nil {
				w.a = nil // what is in memory is ahead of the log now
				return err
			}
		}
		b.answer.Events = w.a.Events
		answer = b.answer
		answer.View, err = s.view(ctx, w)

		return err
	})

	return answer, err
}

func (s *Store) labelsFor(ctx context.Context, project corpus.ProjectID, events []corpus.Event) (corpus.LabelSet, error) {
	if !slices.ContainsFunc(events, func(e corpus.Event) bool { return len(e.Add) > 0 || e.Kind == corpus.KindSubmit }) {
		return nil, nil
	}
	p, err := s.Project(ctx, project)

	return p.Labels, err
}

// stateFor is the document's state where an event would move it on.
func (s *Store) stateFor(ctx context.Context, doc corpus.DocumentID, events []corpus.Event) (state corpus.State, err error) {
	if slices.ContainsFunc(events, func(e corpus.Event) bool {
		return e.Kind == corpus.KindSubmit || e.Kind == corpus.KindSkip || e.Kind == corpus.KindFlag
	}) {
		err = s.scan(ctx, `SELECT state FROM document_states WHERE document_id = ?`, []any{doc}, &state)
	}

	return state, err
}

// gone says why a document in that state takes no decision any more; nil where
// it does.
func gone(state corpus.State) error {
	switch state {
	case corpus.Superseded:
		return corpus.Invalidf("", "this page came in again with other text; your labels are kept on this older version")
	case corpus.Removed:
		return corpus.Invalidf("", "this document was removed from the project; your labels are kept")
	}
	return nil
}

// batch collects what a batch of events does before it is written.
type batch struct {
	w      *work
	labels corpus.LabelSet
	state  corpus.State // where an event would move the document on, else ""
	rows   []eventRow
	answer corpus.Answer
	submit *corpus.Gold
	status corpus.Change // the last change of status, if any
}

type eventRow struct {
	n        int
	id, kind string
	change   string
}

func (b *batch) add(e corpus.Event) {
	if b.w.seen[e.ID] {
		b.answer.Applied = append(b.answer.Applied, e.ID)
		return
	}
	if err := b.apply(e); err != nil {
		b.answer.Refused = append(b.answer.Refused, refusal(e, err))
		return
	}
	b.w.seen[e.ID] = true // it may stand twice in one batch
	b.answer.Applied = append(b.answer.Applied, e.ID)
}

func refusal(e corpus.Event, err error) corpus.Refusal {
	if invalid, ok := errors.AsType[*corpus.Invalid](err); ok {
		return corpus.Refusal{ID: e.ID, Reason: invalid.Reason}
	}

	return corpus.Refusal{ID: e.ID, Reason: "this page shows an older state of the document", Conflict: true}
}

func (b *batch) apply(e corpus.Event) error {
	if err := e.CheckID(); err != nil {
		return err
	}
	a := b.w.a
	if b.w.from != nil && e.Kind != corpus.KindReopen {
		return corpus.Invalidf("", "this document is gold; reopen it to change it")
	}
	if e.Kind == corpus.KindSubmit || e.Kind == corpus.KindSkip || e.Kind == corpus.KindFlag {
		if err := gone(b.state); err != nil {
			return err
		}
	}
	if e.Kind == corpus.KindSubmit {
		gold, err := corpus.NewGold(b.w.doc, a.Pieces, a.Spans, b.labels, []string{"-"})
		if err != nil {
			return err
		}
		b.submit = &gold
	}

	var c corpus.Change
	var err error
	switch e.Kind {
	case corpus.KindUndo, corpus.KindRedo:
		if a.Status != corpus.Draft {
			return corpus.Invalidf("", "this document is %s; reopen it to change it", a.Status)
		}
		if e.Kind == corpus.KindUndo {
			c, err = a.Undo(e.Of)
		} else {
			c, err = a.Redo(e.Of)
		}
	default:
		if c, err = a.Resolve(b.w.x, b.labels, e); err == nil {
			if b.w.from != nil {
				c = fromGold(b.w.from, a.Pieces, corpus.Draft)
			}
			err = a.Do(e.ID, c)
		}
	}
	if err != nil {
		return err
	}

	change, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if c.Status != "" {
		b.status, b.answer.Status, b.w.from = c, true, nil
	}
	b.rows = append(b.rows, eventRow{n: a.Events, id: e.ID, kind: e.Kind, change: string(change)})
	b.answer.Touched = append(b.answer.Touched, a.Touched()...)

	return nil
}

// append writes the batch: the log, and what follows from it for the document.
func (s *Store) append(ctx context.Context, w *work, b *batch) error {
	var row int64
	err := s.write(ctx, func(t *tx) error {
		now := s.nowMillis()
		var err error
		if row, err = s.annotationRow(t, w, now); err != nil {
			return err
		}
		for _, e := range b.rows {
			if _, err := t.exec(`INSERT INTO events (annotation_id, n, id, kind, change, at) VALUES (?, ?, ?, ?, ?, ?)`, row, e.n, e.id, e.kind, e.change, now); err != nil {
				return err
			}
		}
		if b.status.Status == "" {
			return nil
		}
		return s.setStatus(t, w, b, row, now)
	})
	if err != nil {
		return err
	}

	w.row = row

	return nil
}

// annotationRow is the row of this annotation, made with its first event,
// which also makes a new document a begun one.
func (s *Store) annotationRow(t *tx, w *work, now int64) (int64, error) {
	if w.row != 0 {
		return w.row, nil
	}
	row, err := t.insert(`INSERT INTO annotations (document_id, annotator_id, status, opened_at) VALUES (?, ?, 'draft', ?)`, w.key.document, w.key.annotator, now)
	if err != nil {
		return 0, err
	}
	var state corpus.State
	if err := t.scan(`SELECT state FROM document_states WHERE document_id = ?`, []any{w.key.document}, &state); err != nil {
		return 0, err
	}
	if state != corpus.New {
		return row, nil
	}
	if _, err := t.exec(`UPDATE document_states SET holder = ?, held_until = ? WHERE document_id = ?`, w.key.annotator, now+holdFor.Milliseconds(), w.key.document); err != nil {
		return 0, err
	}

	return row, setState(t, w.key.document, corpus.Begun, w.key.annotator, "", now)
}

// setStatus is what submitting, skipping, flagging and reopening mean for the
// document.
func (s *Store) setStatus(t *tx, w *work, b *batch, row int64, now int64) error {
	if _, err := t.exec(`UPDATE annotations SET status = ? WHERE id = ?`, b.status.Status, row); err != nil {
		return err
	}
	var state corpus.State
	if err := t.scan(`SELECT state FROM document_states WHERE document_id = ?`, []any{w.key.document}, &state); err != nil {
		return err
	}
	if err := gone(state); err != nil {
		if b.status.Status == corpus.Draft {
			return nil
		}
		return fmt.Errorf("%w: the document is %s by now", corpus.ErrConflict, state)
	}

	switch b.status.Status {
	case corpus.Submitted:
		var name string
		if err := t.scan(`SELECT name FROM annotators WHERE id = ?`, []any{w.key.annotator}, &name); err != nil {
			return err
		}
		gold := *b.submit
		gold.Annotators = []string{name}
		_, err := addGold(t, gold, w.key.annotator, now)
		return err
	case corpus.Passed:
		return unlessGold(t, w, state, corpus.Skipped, b.status.Why, now)
	case corpus.Raised:
		return unlessGold(t, w, state, corpus.Flagged, b.status.Why, now)
	}

	return unlessGold(t, w, state, corpus.Begun, "", now)
}

// unlessGold moves the document on, except that gold stays gold until there is
// newer gold.
func unlessGold(t *tx, w *work, has, to corpus.State, why string, now int64) error {
	if has == corpus.Golden {
		return nil
	}

	return setState(t, w.key.document, to, w.key.annotator, why, now)
}

// holdFor is how long a claimed document is kept from others.
const holdFor = 30 * time.Minute

// Claim is the next document for a person to label: one they have begun, else
// a new one that nobody holds, in the project's order, after the document
// given and then from the start. The document is theirs for half an hour.
// corpus.ErrNotFound where nothing is left.
func (s *Store) Claim(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID, after corpus.DocumentID) (id corpus.DocumentID, err error) {
	err = s.write(ctx, func(t *tx) error {
		var order corpus.Order
		var through corpus.DocumentID
		if err := t.scan(`SELECT queue_order, visible_through FROM projects WHERE id = ? AND removed_at IS NULL`, []any{project}, &order, &through); err != nil {
			return err
		}
		now := s.nowMillis()
		id, err = next(t, project, who, after, order, through, now)
		if err != nil {
			return err
		}

		// What the person held without beginning it goes back to the others.
		if _, err := t.exec(`UPDATE document_states SET holder = NULL, held_until = 0 WHERE project_id = ? AND holder = ? AND state <> 'begun'`, project, who); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE document_states SET holder = ?, held_until = ? WHERE document_id = ?`, who, now+holdFor.Milliseconds(), id)
		return err
	})

	return id, err
}

func next(t *tx, project corpus.ProjectID, who corpus.AnnotatorID, after corpus.DocumentID, order corpus.Order, through corpus.DocumentID, now int64) (id corpus.DocumentID, err error) {
	err = t.scan(`SELECT document_id FROM document_states WHERE project_id = ? AND holder = ? AND state = 'begun' AND document_id <> ? ORDER BY document_id LIMIT 1`, []any{project, who, after}, &id)
	if !errors.Is(err, corpus.ErrNotFound) {
		return id, err
	}

	const free = ` FROM document_states WHERE project_id = ?1 AND state = 'new' AND document_id <= ?2 AND document_id <> ?3 AND (held_until < ?4 OR holder = ?5)`
	args := []any{project, through, after, now, who}
	if order == corpus.RandomOrder {
		err = t.scan(`SELECT document_id`+free+` ORDER BY shuffle LIMIT 1`, args, &id)
		return id, err
	}
	err = t.scan(`SELECT document_id`+free+` AND document_id > ?3 ORDER BY document_id LIMIT 1`, args, &id)
	if errors.Is(err, corpus.ErrNotFound) {
		err = t.scan(`SELECT document_id`+free+` ORDER BY document_id LIMIT 1`, args, &id)
	}

	return id, err
}
