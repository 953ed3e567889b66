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

	"annotate/internal/corpus"
	"annotate/internal/score"
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
	why  corpus.Purpose     // what it is for; before its first event, what it would be for if they began
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

	st, err := s.stmt(ctx, `SELECT `+documentColumns+`, coalesce(a.id, 0), coalesce(a.purpose, '') FROM documents d LEFT JOIN annotations a ON a.document_id = d.id AND a.annotator_id = ? WHERE d.id = ? AND `+visible)
	if err != nil {
		return err
	}
	var row int64
	var why corpus.Purpose
	doc, err := scanDocument(st.QueryRowContext(ctx, w.key.annotator, w.key.document).Scan, &row, &why)
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
	w.doc, w.x, w.a, w.row, w.seen, w.why, w.from = doc, text.NewIndex(doc.Text), a, row, seen, why, nil

	return nil
}

// startFrom keeps what the work is for, and the gold that it starts from, as
// they are now: until there is a first event, a claim or somebody's decision
// changes both.
func (s *Store) startFrom(ctx context.Context, w *work) error {
	if w.row != 0 {
		return nil
	}
	var version, has int
	err := s.scan(ctx, `SELECT coalesce((SELECT purpose FROM leases WHERE document_id = ?1 AND annotator_id = ?2), ''), (SELECT coalesce(max(version), 0) FROM gold WHERE document_id = ?1)`,
		[]any{w.key.document, w.key.annotator}, &w.why, &version)
	if err != nil {
		return err
	}
	switch {
	case w.why == corpus.ForCheck || w.why == corpus.ForPractice:
		version = 0 // who is compared with gold does not see it
	case version > 0:
		w.why = corpus.ForCorrection
		hidden, err := s.practises(ctx, w.key)
		if err != nil {
			return err
		}
		if hidden {
			w.why, version = corpus.ForPractice, 0
		}
	default:
		w.why = corpus.ForGold
	}
	if w.from != nil {
		has = w.from.Version
	}
	if version == has {
		return nil
	}
	if w.from = nil; version == 0 {
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
	case corpus.KindRestart:
		_, err = a.Restart(id)
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
// submitted; what others handed in is not seen before.
func (s *Store) View(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID) (v corpus.View, err error) {
	err = s.onDesk(ctx, deskKey{doc, who}, func(w *work) error {
		v, err = s.view(ctx, w)
		return err
	})

	return v, err
}

func (s *Store) view(ctx context.Context, w *work) (corpus.View, error) {
	v := corpus.View{Document: w.doc, Index: w.x, Annotation: w.a.Clone(), Purpose: w.why}
	if err := s.scan(ctx, `SELECT state FROM document_states WHERE document_id = ?`, []any{w.key.document}, &v.State); err != nil {
		return v, err
	}
	switch {
	case v.State != corpus.Golden:
	case w.why == corpus.ForCheck:
		return v, s.disguise(ctx, w, &v)
	case w.why == corpus.ForPractice:
		v.State = corpus.Begun
		return v, nil
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
	answer, err = s.act(ctx, doc, who, events)
	if errors.Is(err, errFull) { // somebody was faster since the batch was checked; now it shows
		answer, err = s.act(ctx, doc, who, events)
	}

	return answer, err
}

func (s *Store) act(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID, events []corpus.Event) (answer corpus.Answer, err error) {
	err = s.onDesk(ctx, deskKey{doc, who}, func(w *work) error {
		labels, err := s.labelsFor(ctx, w.doc.Project, events)
		if err != nil {
			return err
		}
		b := batch{w: w, labels: labels, answer: corpus.Answer{Before: w.a.Events, Applied: make([]string, 0, len(events))}}
		if b.place, err = s.placeFor(ctx, w, events); err != nil {
			return err
		}
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

// place is what an event asks of the document before it may begin work on it,
// end it, or change its gold.
type place struct {
	state    corpus.State
	full     bool // as many people as it wants have it, and this one has no place among them
	corrects bool // the person may change gold
}

// placeFor reads the place where an event needs it.
func (s *Store) placeFor(ctx context.Context, w *work, events []corpus.Event) (p place, err error) {
	if w.row != 0 && !slices.ContainsFunc(events, func(e corpus.Event) bool { return moves(e.Kind) }) {
		return p, nil
	}
	var mine bool
	now := s.nowMillis()
	if err := s.scan(ctx, `SELECT `+hasPlace, []any{w.key.document, w.key.annotator, now}, &mine); err != nil {
		return p, err
	}
	var f standing
	if err := s.scan(ctx, standingOf, []any{w.key.document, now}, f.into()...); err != nil {
		return p, err
	}
	p.state, p.full = f.state, !mine && f.room(f.state) == 0
	if w.from != nil {
		p.corrects, err = s.mayDecide(ctx, w.doc.Project, w.key.annotator)
	}

	return p, err
}

// hasPlace is whether a person counts towards a document's overlap already: by
// a lease that is not over, or because they handed it in.
const hasPlace = `(EXISTS (SELECT 1 FROM leases l WHERE l.document_id = ?1 AND l.annotator_id = ?2 AND l.until > ?3)
	OR EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = ?1 AND n.annotator_id = ?2 AND n.submitted_at > 0))`

// moves reports whether an event of the kind moves the document on.
func moves(kind string) bool {
	return kind == corpus.KindSubmit || kind == corpus.KindSkip || kind == corpus.KindFlag
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
	place  place
	rows   []eventRow
	answer corpus.Answer
	submit *corpus.Gold
	words  []score.Word  // of the document, where it is handed in
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
	if err := b.allows(e.Kind); err != nil {
		return err
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

// allows says why a kind of event cannot be in this place; nil where it can.
func (b *batch) allows(kind string) error {
	w := b.w
	switch {
	case w.from != nil && kind != corpus.KindReopen:
		return corpus.Invalidf("", "this document is gold; reopen it to change it")
	case w.from != nil && !b.place.corrects:
		return corpus.Invalidf("", "this document is gold; an adjudicator can change it")
	case moves(kind):
		if err := gone(b.place.state); err != nil {
			return err
		}
	}
	if w.why == corpus.ForPractice {
		switch {
		case kind == corpus.KindSkip || kind == corpus.KindFlag:
			return corpus.Invalidf("", "a practice document is neither skipped nor flagged; decide as well as you can")
		case kind == corpus.KindReopen && w.a.Status == corpus.Submitted:
			return corpus.Invalidf("", "a practice document is handed in once; a manager can let you try the round again")
		}
	}
	if w.why != corpus.ForGold || !b.place.full {
		return nil
	}
	switch {
	case kind == corpus.KindSubmit:
		return corpus.Invalidf("", "somebody else took this document over and it has as many people as it needs; your labels are kept, but do not count")
	case w.row == 0 && w.a.Events == 0 && b.place.state != corpus.Removed && b.place.state != corpus.Superseded:
		return corpus.Invalidf("", "this document has as many people as it needs; take another one from the queue")
	}

	return nil
}

// append writes the batch: the log, and what follows from it for the document.
func (s *Store) append(ctx context.Context, w *work, b *batch) error {
	if b.submit != nil {
		b.words = score.Words(w.doc.Text) // here, because everybody waits for the writer
	}
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
