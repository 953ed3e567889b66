package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
)

// A claimed document is its person's for holdFor; every sign of life from the
// screen begins that anew. What was done under a lease that ran out stays, but
// somebody else may have taken the place.
const holdFor = 30 * time.Minute

// errFull is a submission for which there was room when it was checked, and is
// none now.
var errFull = errors.New("the document has as many people as it needs")

// annotationRow is the row of this annotation, made with its first event. Who
// begins a document without a claim takes a place in it.
func (s *Store) annotationRow(t *tx, w *work, now int64) (int64, error) {
	if w.row != 0 {
		return w.row, nil
	}
	row, err := t.insert(`INSERT INTO annotations (document_id, annotator_id, project_id, purpose, status, opened_at) VALUES (?, ?, ?, ?, 'draft', ?)`,
		w.key.document, w.key.annotator, w.doc.Project, w.why, now)
	if err != nil || w.why != corpus.ForGold {
		return row, err
	}
	if err := s.takePlace(t, w, now); err != nil {
		return 0, err
	}
	if err := t.choose(w.key.document, corpus.ByHand); err != nil {
		return 0, err
	}

	return row, s.settle(t, w.key.document, &w.doc, w.key.annotator, "", now)
}

// choose writes down how a document was chosen, where nobody has yet.
func (t *tx) choose(id corpus.DocumentID, how corpus.Chosen) error {
	_, err := t.exec(`UPDATE document_states SET chosen = ? WHERE document_id = ? AND chosen = ''`, how, id)

	return err
}

// takePlace makes sure that the person counts towards the document's overlap.
// errFull where others were faster.
func (s *Store) takePlace(t *tx, w *work, now int64) error {
	var mine bool
	if err := t.scan(`SELECT `+hasPlace, []any{w.key.document, w.key.annotator, now}, &mine); err != nil || mine {
		return err
	}
	f, err := t.standing(w.key.document, now)
	switch {
	case err != nil || gone(f.state) != nil:
		return err
	case f.room(f.state) == 0:
		return errFull
	}

	return t.lease(w.key, w.doc.Project, corpus.ForGold, now)
}

// lease gives a document to a person, or gives it again.
func (t *tx) lease(key deskKey, project corpus.ProjectID, purpose corpus.Purpose, now int64) error {
	_, err := t.exec(`INSERT INTO leases (document_id, annotator_id, project_id, purpose, until) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET until = excluded.until, purpose = excluded.purpose`, key.document, key.annotator, project, purpose, now+holdFor.Milliseconds())

	return err
}

// setStatus is what submitting, skipping, flagging and reopening mean for the
// document.
func (s *Store) setStatus(t *tx, w *work, b *batch, row int64, now int64) error {
	if _, err := t.exec(`UPDATE annotations SET status = ? WHERE id = ?`, b.status.Status, row); err != nil {
		return err
	}
	if b.status.Status == corpus.Submitted {
		if err := s.submit(t, w, b, row, now); err != nil {
			return err
		}
	}
	if b.status.Status != corpus.Draft {
		if _, err := t.exec(`DELETE FROM leases WHERE document_id = ? AND annotator_id = ?`, w.key.document, w.key.annotator); err != nil {
			return err
		}
	}
	if w.why != corpus.ForGold {
		return nil
	}

	if err := t.share(w.key.document, w.doc.Project, now); err != nil {
		return err
	}

	return s.settle(t, w.key.document, &w.doc, w.key.annotator, b.status.Why, now)
}

// share notes that what people handed in for a document is not what agreement
// has counted. Where one of two takes theirs back, the row stays and counts for
// nothing.
func (t *tx) share(id corpus.DocumentID, project corpus.ProjectID, now int64) error {
	_, err := t.exec(`INSERT OR REPLACE INTO shared (document_id, project_id, at, content) SELECT ?1, ?2, ?3, x''
		WHERE (SELECT count(*) FROM annotations WHERE document_id = ?1 AND purpose = 'label' AND submitted_at > 0) > 1
			OR EXISTS (SELECT 1 FROM shared WHERE document_id = ?1)`, id, project, now)

	return err
}

// submit keeps what is handed in, and does what its purpose asks.
func (s *Store) submit(t *tx, w *work, b *batch, row int64, now int64) error {
	if w.why == corpus.ForGold {
		if err := s.takePlace(t, w, now); err != nil {
			return err
		}
	}
	content, _, err := encodeGold(*b.submit)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO submissions (annotation_id, document_id, annotator_id, at, content) VALUES (?, ?, ?, ?, ?)`, row, w.key.document, w.key.annotator, now, content); err != nil {
		return err
	}
	first, err := t.change(`UPDATE annotations SET submitted_at = ?1 WHERE id = ?2 AND submitted_at = 0`, now, row)
	if err == nil && first == 0 {
		_, err = t.exec(`UPDATE annotations SET submitted_at = ? WHERE id = ?`, now, row)
	} else if err == nil && w.why == corpus.ForGold {
		err = t.addDay(w.doc.Project, w.key.annotator, now, 1, 0)
	}
	if err != nil {
		return err
	}
	if err := s.sumUp(t, w, b, row, now); err != nil || w.why != corpus.ForCorrection {
		return err
	}

	gold := *b.submit
	gold.Basis, gold.DecidedBy = corpus.Corrected, w.key.annotator
	if gold.Annotators, err = correctors(t, w.key); err != nil {
		return err
	}
	_, err = addGold(t, gold, w.key.annotator, now)

	return err
}

// correctors are those whose labelling the newest gold is, and the person who
// corrects it.
func correctors(t *tx, key deskKey) (names []string, err error) {
	var before sql.NullString
	var name string
	if err := t.scan(`SELECT name, (SELECT annotators FROM gold WHERE document_id = ? ORDER BY version DESC LIMIT 1) FROM annotators WHERE id = ?`, []any{key.document, key.annotator}, &name, &before); err != nil {
		return nil, err
	}
	if before.Valid {
		if err := json.Unmarshal([]byte(before.String), &names); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(names, name) {
		names = append(names, name)
	}

	return names, nil
}

// standing is what a document's state follows from.
type standing struct {
	project   corpus.ProjectID
	state     corpus.State
	wanted    int
	submitted int
	drafts    int
	skipped   int
	flagged   int
	held      int // leases that are not over, of people who have not handed in
	gold      corpus.GoldID
	basis     corpus.Basis
}

func (f *standing) into() []any {
	return []any{&f.project, &f.state, &f.wanted, &f.submitted, &f.drafts, &f.skipped, &f.flagged, &f.held, &f.gold, &f.basis}
}

// standingOf reads document ?1 as it stands at time ?2.
const standingOf = `SELECT s.project_id, s.state, s.wanted,
	coalesce(n.submitted, 0), coalesce(n.drafts, 0), coalesce(n.skipped, 0), coalesce(n.flagged, 0),
	(SELECT count(*) FROM leases l WHERE l.document_id = ?1 AND l.purpose = 'label' AND l.until > ?2
		AND NOT EXISTS (SELECT 1 FROM annotations m WHERE m.document_id = ?1 AND m.annotator_id = l.annotator_id AND m.submitted_at > 0)),
	coalesce(g.id, 0), coalesce(g.basis, '')
	FROM document_states s
	LEFT JOIN (SELECT count(*) FILTER (WHERE submitted_at > 0 AND status NOT IN ('skipped', 'flagged')) AS submitted, count(*) FILTER (WHERE status = 'draft') AS drafts,
		count(*) FILTER (WHERE status = 'skipped') AS skipped, count(*) FILTER (WHERE status = 'flagged') AS flagged
		FROM annotations WHERE document_id = ?1 AND purpose = 'label') n
	LEFT JOIN gold g ON g.document_id = ?1 AND g.version = (SELECT max(version) FROM gold WHERE document_id = ?1)
	WHERE s.document_id = ?1`

func (t *tx) standing(id corpus.DocumentID, now int64) (f standing, err error) {
	err = t.scan(standingOf, []any{id, now}, f.into()...)

	return f, err
}

// room is how many more people may take a document in that state.
func (f standing) room(state corpus.State) int {
	if state == corpus.Golden || state == corpus.Review || gone(state) != nil {
		return 0
	}

	return max(0, f.wanted-f.submitted-f.held)
}

// settle puts a document where the facts say it stands: what people handed in,
// what they hold, skipped and flagged, and the gold there is. It is the one
// place where labelling moves a document on, and safe to repeat. doc is the
// document where the caller has it; by and why are written down where the
// state changes.
func (s *Store) settle(t *tx, id corpus.DocumentID, doc *corpus.Document, by corpus.AnnotatorID, why string, now int64) error {
	f, err := t.standing(id, now)
	if err != nil {
		return err
	}

	to := f.state
	switch {
	case gone(f.state) != nil, f.gold != 0 && !f.basis.ByRule():
	case f.submitted >= f.wanted:
		if to, err = s.decide(t, id, doc, f, by, now); err != nil {
			return err
		}
	case f.gold != 0: // it stays gold until all have handed in again
	case f.flagged > 0:
		to = corpus.Flagged
	case f.submitted > 0:
		to = corpus.Labelled
	case f.drafts > 0:
		to = corpus.Begun
	case f.skipped > 0:
		to = corpus.Skipped
	default:
		to = corpus.New
	}
	if to != f.state {
		if err := setState(t, id, to, by, why, now); err != nil {
			return err
		}
	}

	return t.setRoom(id, to, f)
}

// setRoom keeps how many more people may take the document.
func (t *tx) setRoom(id corpus.DocumentID, state corpus.State, f standing) error {
	_, err := t.exec(`UPDATE document_states SET room = ? WHERE document_id = ?`, f.room(state), id)

	return err
}

// recount is settle where only a lease changed.
func (t *tx) recount(id corpus.DocumentID, now int64) error {
	f, err := t.standing(id, now)
	if err != nil {
		return err
	}

	return t.setRoom(id, f.state, f)
}

// decide makes gold of what was handed in by the project's rule, or finds that
// an adjudicator is needed. Somebody who has reopened their work counts with
// what they handed in last, until they hand in again.
func (s *Store) decide(t *tx, id corpus.DocumentID, doc *corpus.Document, f standing, by corpus.AnnotatorID, now int64) (corpus.State, error) {
	d, err := t.document(id, doc)
	if err != nil {
		return "", err
	}
	ls, names, err := t.labellings(id)
	if err != nil {
		return "", err
	}
	p, err := scanProjectRow(t, f.project)
	if err != nil {
		return "", err
	}
	gold, ok, err := agreement.Settle(d, ls, p.Rule, p.Labels, names)
	if err != nil {
		return "", err
	}
	if !ok {
		return corpus.Review, nil
	}
	if same, err := t.isGold(f.gold, gold); err != nil || same {
		return corpus.Golden, err
	}
	_, err = addGold(t, gold, by, now)

	return corpus.Golden, err
}

// isGold reports whether gold says what the stored one does.
func (t *tx) isGold(id corpus.GoldID, gold corpus.Gold) (bool, error) {
	if id == 0 {
		return false, nil
	}
	content, annotators, err := encodeGold(gold)
	if err != nil {
		return false, err
	}
	var same bool
	err = t.scan(`SELECT content = ? AND annotators = ? AND basis = ? FROM gold WHERE id = ?`, []any{content, annotators, gold.Basis, id}, &same)

	return same, err
}

func (t *tx) document(id corpus.DocumentID, has *corpus.Document) (corpus.Document, error) {
	if has != nil {
		return *has, nil
	}
	st, err := t.stmt(`SELECT ` + documentColumns + ` FROM documents d WHERE d.id = ?`)
	if err != nil {
		return corpus.Document{}, err
	}

	return scanDocument(st.QueryRowContext(t.ctx, id).Scan)
}

// labellingsOf selects what each annotator of document ?1 handed in last, in
// the order of their ids. Who has skipped or flagged it since does not count.
const labellingsOf = `SELECT n.annotator_id, a.name, x.at, x.content FROM annotations n JOIN annotators a ON a.id = n.annotator_id
	JOIN submissions x ON x.id = (SELECT max(id) FROM submissions WHERE document_id = n.document_id AND annotator_id = n.annotator_id)
	WHERE n.document_id = ?1 AND n.purpose = 'label' AND n.submitted_at > 0 AND n.status NOT IN ('skipped', 'flagged') ORDER BY n.annotator_id`

func scanLabelling(r *sql.Rows) (l agreement.Labelling, name string, at int64, err error) {
	var content string
	if err := r.Scan(&l.Annotator, &name, &at, &content); err != nil {
		return l, "", 0, err
	}
	var g corpus.Gold
	err = decodeGold(&g, content, "[]", at)
	l.Pieces, l.Spans = g.Pieces, g.Spans

	return l, name, at, err
}

func (t *tx) labellings(id corpus.DocumentID) (ls []agreement.Labelling, names []string, err error) {
	err = t.rows(labellingsOf, []any{id}, func(r *sql.Rows) error {
		l, name, _, err := scanLabelling(r)
		ls, names = append(ls, l), append(names, name)
		return err
	})

	return ls, names, err
}

// Labelling is what one person handed in last for a document.
type Labelling struct {
	agreement.Labelling
	Name string
	At   time.Time
}

// Labellings are what each annotator of a document handed in last, in the
// order of their ids; none where nobody has. Checks, practice and corrections
// are not among them.
func (s *Store) Labellings(ctx context.Context, id corpus.DocumentID) (out []Labelling, err error) {
	err = s.rows(ctx, labellingsOf, []any{id}, func(r *sql.Rows) error {
		l, name, at, err := scanLabelling(r)
		out = append(out, Labelling{l, name, fromMillis(at)})
		return err
	})

	return out, err
}

// Claim is the next document for a person to label: one they have begun or
// hold, else one that still wants people, in the project's order, after the
// document given and then from the start. Those that others have begun come
// first, so that overlaps are completed; those that somebody skipped, last. It
// is theirs for half an hour. corpus.ErrNotFound where nothing is left for
// them; Empty says why.
func (s *Store) Claim(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID, after corpus.DocumentID) (id corpus.DocumentID, err error) {
	err = s.write(ctx, func(t *tx) error {
		q, err := s.queueFor(t, project, who, after)
		if err != nil {
			return err
		}
		if err := t.endLeases(project, q.now); err != nil {
			return err
		}
		purpose := corpus.ForGold
		if id, purpose, err = q.next(); err != nil {
			return err
		}
		if err := t.lease(deskKey{id, who}, project, purpose, q.now); err != nil {
			return err
		}
		if purpose == corpus.ForGold && q.how != corpus.NotChosen {
			if err := t.choose(id, q.how); err != nil {
				return err
			}
		}
		return t.recount(id, q.now)
	})

	return id, err
}

// queue is a project's queue as one person meets it.
type queue struct {
	t       *tx
	project corpus.ProjectID
	who     corpus.AnnotatorID
	after   corpus.DocumentID
	through corpus.DocumentID
	now     int64
	draw    func(n int) int
	how     corpus.Chosen // how the document is chosen that free found
	corpus.Settings
}

func (s *Store) queueFor(t *tx, project corpus.ProjectID, who corpus.AnnotatorID, after corpus.DocumentID) (*queue, error) {
	q := &queue{t: t, project: project, who: who, after: after, now: s.nowMillis(), draw: s.draw}
	var settings string
	err := t.scan(`SELECT settings, visible_through FROM projects WHERE id = ? AND removed_at IS NULL`, []any{project}, &settings, &q.through)
	if err == nil {
		q.Settings, err = decodeSettings(settings)
	}

	return q, err
}

// maxEnded bounds how many leases one claim ends, so that it stays short.
const maxEnded = 100

// endLeases gives back the places of leases that are over. The drafts stay.
// Checks and practice take no place, and their gold stays hidden.
func (t *tx) endLeases(project corpus.ProjectID, now int64) error {
	var over []deskKey
	err := t.rows(`SELECT document_id, annotator_id FROM leases WHERE project_id = ? AND until <= ? AND purpose = 'label' LIMIT ?`, []any{project, now, maxEnded}, func(r *sql.Rows) error {
		var k deskKey
		err := r.Scan(&k.document, &k.annotator)
		over = append(over, k)
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range over {
		if err := t.endLease(k, now); err != nil {
			return err
		}
	}

	return nil
}

func (t *tx) endLease(k deskKey, now int64) error {
	if _, err := t.exec(`DELETE FROM leases WHERE document_id = ? AND annotator_id = ?`, k.document, k.annotator); err != nil {
		return err
	}

	return t.recount(k.document, now)
}

// next is the document that the person gets, and what for.
func (q *queue) next() (id corpus.DocumentID, purpose corpus.Purpose, err error) {
	if id, on, err := q.practise(); on || err != nil {
		return id, corpus.ForPractice, err
	}
	for _, look := range []func() (corpus.DocumentID, corpus.Purpose, error){q.begun, q.held, q.fresh} {
		if id, purpose, err = look(); !errors.Is(err, corpus.ErrNotFound) {
			return id, purpose, err
		}
	}

	return 0, "", corpus.ErrNotFound
}

// begun is the person's first draft that still has its place, or can have one
// again.
func (q *queue) begun() (id corpus.DocumentID, purpose corpus.Purpose, err error) {
	err = q.t.scan(`SELECT n.document_id, n.purpose FROM annotations n JOIN document_states s ON s.document_id = n.document_id
		WHERE n.project_id = ?1 AND n.annotator_id = ?2 AND n.purpose IN ('label', 'check') AND n.status = 'draft' AND n.document_id <> ?3
		AND s.state NOT IN ('removed', 'superseded') AND (n.purpose <> 'label' OR n.submitted_at > 0 OR s.room > 0
			OR EXISTS (SELECT 1 FROM leases l WHERE l.document_id = n.document_id AND l.annotator_id = ?2))
		ORDER BY n.document_id LIMIT 1`, []any{q.project, q.who, q.after}, &id, &purpose)

	return id, purpose, err
}

// held is what the person has claimed and not begun.
func (q *queue) held() (id corpus.DocumentID, purpose corpus.Purpose, err error) {
	err = q.t.scan(`SELECT l.document_id, l.purpose FROM leases l JOIN document_states s ON s.document_id = l.document_id
		WHERE l.annotator_id = ?1 AND l.project_id = ?2 AND l.purpose <> 'practice' AND l.document_id <> ?3 AND s.state NOT IN ('flagged', 'review', 'removed', 'superseded') AND (s.state <> 'gold' OR l.purpose <> 'label')
		AND NOT EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = l.document_id AND n.annotator_id = ?1)
		ORDER BY l.document_id LIMIT 1`, []any{q.who, q.project, q.after}, &id, &purpose)

	return id, purpose, err
}

// fresh is what the person has had nothing to do with: a document that wants
// more people, now and then a hidden check in its place.
func (q *queue) fresh() (id corpus.DocumentID, purpose corpus.Purpose, err error) {
	if id, purpose, err = q.free(); err != nil {
		return 0, "", err
	}
	if check, found, err := q.check(); err != nil || found {
		return check, corpus.ForCheck, err
	}

	return id, purpose, nil
}

// free is a document that wants more people, and that the person has had
// nothing to do with.
func (q *queue) free() (id corpus.DocumentID, purpose corpus.Purpose, err error) {
	if over, err := q.capped(); err != nil || over {
		return 0, "", errors.Join(err, corpus.ErrNotFound)
	}
	q.how = q.choice()
	passes := passesOf(q.how)
	for _, state := range waiting {
		for _, pass := range passes {
			err = q.t.scan(pass, []any{q.project, state, q.through, q.after, q.who}, &id)
			if !errors.Is(err, corpus.ErrNotFound) {
				return id, corpus.ForGold, err
			}
		}
	}

	return 0, "", corpus.ErrNotFound
}

// choice is how the next document is chosen. Under MostDoubt it is drawn at
// each claim, so that nobody can tell which documents are the fair sample.
func (q *queue) choice() corpus.Chosen {
	switch {
	case q.Order == corpus.RandomOrder, q.Order == corpus.MostDoubt && q.draw(100) < q.RandomShare:
		return corpus.ByLot
	case q.Order == corpus.MostDoubt:
		return corpus.ByDoubt
	}

	return corpus.ByOrder
}

// passesOf are the queries by which a waiting document is looked for, one after
// the other.
func passesOf(how corpus.Chosen) []string {
	// Left to itself, SQLite narrows by document_id and sorts what it finds: all
	// that wait, at each claim.
	const free = `SELECT s.document_id FROM document_states s INDEXED BY %s WHERE s.project_id = ?1 AND s.state = ?2 AND s.room > 0 AND s.document_id <= ?3 AND s.document_id <> ?4
		AND NOT EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = s.document_id AND n.annotator_id = ?5)
		AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.document_id = s.document_id AND l.annotator_id = ?5) %s LIMIT 1`
	switch how {
	case corpus.ByLot:
		return []string{fmt.Sprintf(free, "queue_random", `ORDER BY s.shuffle`)}
	case corpus.ByDoubt:
		return []string{fmt.Sprintf(free, "queue_doubt", `ORDER BY s.doubt DESC, s.shuffle`)}
	}

	return []string{fmt.Sprintf(free, "queue_imported", `AND s.document_id > ?4 ORDER BY s.document_id`), fmt.Sprintf(free, "queue_imported", `ORDER BY s.document_id`)}
}

// waiting are the states from which documents are handed out, the first first.
var waiting = []corpus.State{corpus.Labelled, corpus.Begun, corpus.New, corpus.Skipped}

// capped reports whether the person has had their share of the documents.
func (q *queue) capped() (bool, error) {
	if q.ShareCap == 0 {
		return false, nil
	}
	var mine, all int
	err := q.t.scan(`SELECT (SELECT count(*) FROM annotations WHERE project_id = ?1 AND annotator_id = ?2 AND purpose = 'label' AND status IN ('draft', 'submitted')),
		(SELECT coalesce(sum(documents), 0) FROM project_counts WHERE project_id = ?1 AND state NOT IN ('removed', 'superseded'))`, []any{q.project, q.who}, &mine, &all)

	return 100*mine >= q.ShareCap*all, err
}

// Empty says what the documents wait for that a person's queue does not hold.
func (s *Store) Empty(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID) (e corpus.Empty, err error) {
	err = s.scan(ctx, `SELECT coalesce(sum(s.state IN ('new', 'begun', 'labelled', 'skipped') AND s.room <= 0), 0),
			coalesce(sum(s.state IN ('new', 'begun', 'labelled', 'skipped') AND s.room > 0 AND n.submitted_at > 0 AND n.status <> 'skipped'), 0),
			coalesce(sum(s.state IN ('new', 'begun', 'labelled', 'skipped') AND s.room > 0 AND n.status = 'skipped'), 0),
			coalesce(sum(s.state IN ('new', 'begun', 'labelled', 'skipped') AND s.room > 0 AND n.id IS NULL), 0)
		FROM document_states s LEFT JOIN annotations n ON n.document_id = s.document_id AND n.annotator_id = ?2
		WHERE s.project_id = ?1 AND s.state IN ('new', 'begun', 'labelled', 'skipped') AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)`,
		[]any{project, who}, &e.Held, &e.Waiting, &e.Skipped, &e.Free)
	if err != nil {
		return e, err
	}
	p, err := s.Project(ctx, project)
	if err != nil {
		return e, err
	}
	e.ShareCap = p.ShareCap
	e.Practice, err = round(asking{ctx, s}, project, who, p.PassMark)

	return e, err
}

// Beat is a sign of life from a screen that shows the document: it renews the
// lease, or takes a place again where there is room. held is false where
// somebody else has the place: what the person goes on to label will not count.
func (s *Store) Beat(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID) (held bool, err error) {
	err = s.write(ctx, func(t *tx) error {
		held, err = t.beat(doc, who, s.nowMillis())
		return err
	})

	return held, err
}

// beat is Beat inside a change.
func (t *tx) beat(doc corpus.DocumentID, who corpus.AnnotatorID, now int64) (held bool, err error) {
	n, err := t.change(`UPDATE leases SET until = ? WHERE document_id = ? AND annotator_id = ? AND until > ?`, now+holdFor.Milliseconds(), doc, who, now)
	if err != nil || n > 0 {
		return n > 0, err
	}

	return t.holdAgain(deskKey{doc, who}, now)
}

// holdAgain takes the place of a person whose lease is over, where there is
// room. Who has handed in, or only looks, needs none.
func (t *tx) holdAgain(key deskKey, now int64) (bool, error) {
	f, err := t.standing(key.document, now)
	if err != nil {
		return false, err
	}
	var status corpus.Status
	var purpose corpus.Purpose
	var submitted int64
	err = t.scan(`SELECT status, purpose, submitted_at FROM annotations WHERE document_id = ? AND annotator_id = ?`, []any{key.document, key.annotator}, &status, &purpose, &submitted)
	switch {
	case errors.Is(err, corpus.ErrNotFound):
		return f.gold != 0 || f.room(f.state) > 0, nil
	case err != nil:
		return false, err
	case purpose != corpus.ForGold || submitted > 0 || status != corpus.Draft:
		return true, nil
	case f.room(f.state) == 0:
		return false, nil
	}
	if err := t.lease(key, f.project, purpose, now); err != nil {
		return false, err
	}

	return true, t.recount(key.document, now)
}

// HandOver takes a document from one person and gives it to another; to 0
// gives it back to the queue. What the first has done stays theirs. It is
// *corpus.Invalid where from does not hold it, or to has worked on it already.
func (s *Store) HandOver(ctx context.Context, doc corpus.DocumentID, from, to, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		now := s.nowMillis()
		var project corpus.ProjectID
		var purpose corpus.Purpose
		err := t.scan(`SELECT project_id, purpose FROM leases WHERE document_id = ? AND annotator_id = ?`, []any{doc, from}, &project, &purpose)
		if errors.Is(err, corpus.ErrNotFound) {
			return corpus.Invalidf("", "this person does not hold the document any more")
		}
		if err != nil {
			return err
		}
		if err := t.endLease(deskKey{doc, from}, now); err != nil {
			return err
		}
		if to != 0 {
			if err := t.giveTo(deskKey{doc, to}, project, purpose, now); err != nil {
				return err
			}
		}
		names := map[string]string{"from": "", "to": "the queue"}
		for end, who := range map[string]corpus.AnnotatorID{"from": from, "to": to} {
			if who == 0 {
				continue
			}
			a, err := t.annotator(who)
			if err != nil {
				return err
			}
			names[end] = a.Name
		}
		return t.audit(by, project, "document-handed-over", fmt.Sprintf("document %d", doc), names)
	})
}

func (t *tx) giveTo(key deskKey, project corpus.ProjectID, purpose corpus.Purpose, now int64) error {
	var worked bool
	if err := t.scan(`SELECT EXISTS (SELECT 1 FROM annotations WHERE document_id = ? AND annotator_id = ? AND status <> 'draft')`, []any{key.document, key.annotator}, &worked); err != nil {
		return err
	}
	if worked {
		return corpus.Invalidf("to", "this person has handed in, skipped or flagged the document already")
	}
	if err := t.lease(key, project, purpose, now); err != nil {
		return err
	}

	return t.recount(key.document, now)
}

// Leases are the documents of a project that people hold now, the longest held
// first.
func (s *Store) Leases(ctx context.Context, project corpus.ProjectID, limit int) ([]corpus.Lease, error) {
	var out []corpus.Lease
	err := s.rows(ctx, `SELECT l.document_id, d.name, l.annotator_id, a.name, l.until, n.id IS NOT NULL FROM leases l
		JOIN documents d ON d.id = l.document_id JOIN annotators a ON a.id = l.annotator_id
		LEFT JOIN annotations n ON n.document_id = l.document_id AND n.annotator_id = l.annotator_id
		WHERE l.project_id = ? AND l.until > ? AND l.purpose = 'label' ORDER BY l.until, l.document_id LIMIT ?`, []any{project, s.nowMillis(), limit}, func(r *sql.Rows) error {
		var l corpus.Lease
		var until int64
		err := r.Scan(&l.Document, &l.Name, &l.Annotator, &l.Person, &until, &l.Begun)
		l.Seen = fromMillis(until).Add(-holdFor)
		out = append(out, l)
		return err
	})

	return out, err
}

// PutBack takes back everybody's skips and flags of a document without gold,
// so that it is handed out again, also to them. It is *corpus.Invalid where
// there are none.
func (s *Store) PutBack(ctx context.Context, doc corpus.DocumentID, by corpus.AnnotatorID) error {
	var people []corpus.AnnotatorID
	var project corpus.ProjectID
	err := s.rows(ctx, `SELECT n.annotator_id, n.project_id FROM annotations n JOIN document_states s ON s.document_id = n.document_id
		WHERE n.document_id = ? AND n.purpose = 'label' AND n.status IN ('skipped', 'flagged') AND s.state <> 'gold' ORDER BY n.id`, []any{doc}, func(r *sql.Rows) error {
		var who corpus.AnnotatorID
		err := r.Scan(&who, &project)
		people = append(people, who)
		return err
	})
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return corpus.Invalidf("", "nobody skips or flags this document any more")
	}
	for _, who := range people {
		if _, err := s.Act(ctx, doc, who, []corpus.Event{{ID: "put-back-" + rand.Text(), Kind: corpus.KindReopen}}); err != nil {
			return err
		}
	}

	return s.write(ctx, func(t *tx) error {
		return t.audit(by, project, "document-put-back", fmt.Sprintf("document %d", doc), nil)
	})
}

// requeued is how many documents take the project's settings anew in one
// change.
const requeued = 500

// Requeue brings every document in line with the settings of its project: how
// many people it wants, and what follows from it. It goes on where an earlier
// one stopped, and gold stays as it is.
func (s *Store) Requeue(ctx context.Context, project corpus.ProjectID) error {
	for more := true; more; {
		err := s.writeBulk(ctx, func(t *tx) error {
			p, err := scanProjectRow(t, project)
			if err != nil {
				return err
			}
			more, err = s.requeue(t, p)
			return err
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// RequeuePending goes on with what a program that ended left half done.
func (s *Store) RequeuePending(ctx context.Context) error {
	var pending []corpus.ProjectID
	err := s.rows(ctx, `SELECT id FROM projects WHERE requeue_after IS NOT NULL ORDER BY id`, nil, func(r *sql.Rows) error {
		var id corpus.ProjectID
		err := r.Scan(&id)
		pending = append(pending, id)
		return err
	})
	for _, id := range pending {
		err = errors.Join(err, s.Requeue(ctx, id))
	}

	return err
}

func (s *Store) requeue(t *tx, p corpus.Project) (more bool, err error) {
	var after sql.NullInt64
	if err := t.scan(`SELECT requeue_after FROM projects WHERE id = ?`, []any{p.ID}, &after); err != nil || !after.Valid {
		return false, err
	}
	type row struct {
		id      corpus.DocumentID
		shuffle int64
		wanted  int
	}
	var rows []row
	last := after.Int64
	err = t.rows(`SELECT document_id, shuffle, wanted FROM document_states WHERE project_id = ? AND document_id > ? AND state NOT IN ('gold', 'removed', 'superseded') ORDER BY document_id LIMIT ?`,
		[]any{p.ID, after.Int64, requeued}, func(r *sql.Rows) error {
			var one row
			err := r.Scan(&one.id, &one.shuffle, &one.wanted)
			rows, last = append(rows, one), int64(one.id)
			return err
		})
	if err != nil {
		return false, err
	}
	now := s.nowMillis()
	for _, one := range rows {
		if wanted := p.Wanted(one.shuffle); wanted != one.wanted {
			if _, err := t.exec(`UPDATE document_states SET wanted = ? WHERE document_id = ?`, wanted, one.id); err != nil {
				return false, err
			}
		}
		if err := s.settle(t, one.id, nil, 0, "", now); err != nil {
			return false, err
		}
	}
	more = len(rows) == requeued
	var next any
	if more {
		next = last
	}
	_, err = t.exec(`UPDATE projects SET requeue_after = ? WHERE id = ?`, next, p.ID)

	return more, err
}

// mayDecide reports whether the person may decide about gold of the project.
func (s *Store) mayDecide(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID) (bool, error) {
	role, err := s.RoleIn(ctx, project, corpus.Annotator{ID: who})
	if errors.Is(err, corpus.ErrNotFound) {
		return false, nil
	}

	return role.Includes(corpus.Adjudicator), err
}
