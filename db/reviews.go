package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// compared is what a review starts from: the document and what people said,
// laid over one another. It changes with what they hand in, and so does its
// version.
type compared struct {
	project corpus.Project
	review  agreement.Review // without state, gold and decisions
}

// comparing keeps the comparisons that adjudicators work on now, so that a
// decision does not lay ten thousand blocks over one another again.
type comparing struct {
	mu    sync.Mutex
	have  map[corpus.DocumentID]compared
	bytes int // of their texts
}

// comparedBytes bounds the texts of the comparisons that are kept; with pieces
// and votes each takes some ten times its text.
const comparedBytes = 3 << 20

func (c *comparing) get(id corpus.DocumentID, version string) (compared, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	one, ok := c.have[id]

	return one, ok && one.review.Version == version
}

func (c *comparing) put(id corpus.DocumentID, one compared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have == nil || c.bytes > comparedBytes {
		c.have, c.bytes = map[corpus.DocumentID]compared{}, 0
	}
	c.have[id] = one
	c.bytes += len(one.review.Document.Text) + 1000
}

// versionOf selects the settings that a review of document ?1 depends on, and
// the submissions.
const versionOf = `SELECT d.project_id, p.settings, coalesce((SELECT group_concat(x.id) FROM (` + labelledOf + `) x), '')
	FROM documents d JOIN projects p ON p.id = d.project_id WHERE d.id = ?1`

// labelledOf selects the submissions that labellingsOf reads.
const labelledOf = `SELECT (SELECT max(id) FROM submissions WHERE document_id = n.document_id AND annotator_id = n.annotator_id) AS id FROM annotations n
	WHERE n.document_id = ?1 AND n.purpose = 'label' AND n.submitted_at > 0 AND n.status NOT IN ('skipped', 'flagged') ORDER BY n.annotator_id`

// reviewVersion names what people handed in for a document, in the order in
// which a review shows it.
func reviewVersion(scan func(query string, args []any, into ...any) error, id corpus.DocumentID) (version string, project corpus.ProjectID, err error) {
	var settings, submissions string
	if err = scan(versionOf, []any{id}, &project, &settings, &submissions); err != nil {
		return "", 0, err
	}
	set, err := decodeSettings(settings)
	if err != nil {
		return "", 0, err
	}
	sum := fnv.New64a()
	fmt.Fprint(sum, submissions, set.VotesHidden)

	return strconv.FormatUint(sum.Sum64(), 36), project, nil
}

// compare is the comparison of a document as it stands now.
func (s *Store) compare(ctx context.Context, id corpus.DocumentID) (compared, error) {
	version, project, err := reviewVersion(func(query string, args []any, into ...any) error { return s.scan(ctx, query, args, into...) }, id)
	if err != nil {
		return compared{}, err
	}
	p, err := s.Project(ctx, project)
	if err != nil {
		return compared{}, err
	}
	if one, ok := s.comparing.get(id, version); ok {
		one.project = p
		return one, nil
	}
	one, err := s.compareAnew(ctx, id, p)
	if err != nil {
		return compared{}, err
	}
	one.review.Version = version
	s.comparing.put(id, one)

	return one, nil
}

func (s *Store) compareAnew(ctx context.Context, id corpus.DocumentID, p corpus.Project) (compared, error) {
	d, err := s.Document(ctx, id)
	if err != nil {
		return compared{}, err
	}
	labellings, err := s.Labellings(ctx, id)
	if err != nil {
		return compared{}, err
	}
	r := agreement.Review{Index: text.NewIndex(d.Text)}
	for _, l := range labellings {
		r.People = append(r.People, agreement.Person(l))
	}
	if p.VotesHidden {
		agreement.Shuffle(d.ID, r.People)
	}
	ls := make([]agreement.Labelling, len(r.People))
	for i, p := range r.People {
		ls[i] = p.Labelling
	}
	r.Comparison = agreement.Compare(d, ls)

	return compared{p, r}, nil
}

// Review is a document as an adjudicator works on it, with all that was
// decided. People stand in the order of their ids; where votes are hidden, in
// one that says nothing about them. Undo and Redo are who's own.
// corpus.ErrNotFound where there is no such document.
func (s *Store) Review(ctx context.Context, id corpus.DocumentID, who corpus.AnnotatorID) (agreement.Review, error) {
	one, err := s.compare(ctx, id)
	if err != nil {
		return agreement.Review{}, err
	}
	r := one.review

	return r, s.decisions(ctx, &r, who, 0)
}

// decisions adds to a review what was decided after the decision with that
// number, and how the document stands.
func (s *Store) decisions(ctx context.Context, r *agreement.Review, who corpus.AnnotatorID, after int64) error {
	id := r.Document.ID
	err := s.scan(ctx, `SELECT s.state, coalesce(g.version, 0), coalesce(g.basis, '') FROM document_states s
		LEFT JOIN gold g ON g.document_id = s.document_id AND g.version = (SELECT max(version) FROM gold WHERE document_id = s.document_id) WHERE s.document_id = ?`,
		[]any{id}, &r.State, &r.Gold, &r.Basis)
	if err != nil {
		return err
	}
	rows := func(query string, args []any, each func(*sql.Rows) error) error {
		return s.rows(ctx, query, args, each)
	}
	if r.Last, r.Decisions, err = readDecisions(rows, id, after); err != nil {
		return err
	}
	stack, err := readStack(rows, id, who)
	r.Undo, r.Redo = stack.undo(), stack.redo()

	return err
}

// lookup reads rows, inside a transaction or outside of one.
type lookup func(query string, args []any, each func(*sql.Rows) error) error

// readDecisions reads the newest decision of each place, of those after a
// number.
func readDecisions(rows lookup, id corpus.DocumentID, after int64) (last int64, out map[string]agreement.Decision, err error) {
	last, out = after, map[string]agreement.Decision{}
	err = rows(`SELECT x.id, x.place, x.answer, coalesce(x.took, 0), x.cause, x.annotator_id, a.name, x.at FROM decisions x JOIN annotators a ON a.id = x.annotator_id
		WHERE x.document_id = ?1 AND x.id > ?2 AND x.id = (SELECT max(id) FROM decisions WHERE document_id = x.document_id AND place = x.place) ORDER BY x.id`, []any{id, after}, func(r *sql.Rows) error {
		var d agreement.Decision
		var answer sql.NullString
		var at int64
		if err := r.Scan(&last, &d.Place, &answer, &d.Took, &d.Cause, &d.By, &d.Name, &at); err != nil {
			return err
		}
		d.At = fromMillis(at)
		if answer.Valid {
			d.Answer = new(agreement.Vote)
			if err := json.Unmarshal([]byte(answer.String), d.Answer); err != nil {
				return fmt.Errorf("decision %d: %w", last, err)
			}
		}
		out[d.Place] = d
		return nil
	})

	return last, out, err
}

// stack is what one adjudicator can undo and redo in a document.
type stack struct{ done, undone []string }

func (s stack) undo() string { return newest(s.done) }
func (s stack) redo() string { return newest(s.undone) }

func newest(events []string) string {
	if len(events) == 0 {
		return ""
	}
	return events[len(events)-1]
}

func (s *stack) add(kind, event, of string) {
	switch kind {
	case corpus.KindUndo:
		s.done, s.undone = s.done[:len(s.done)-1], append(s.undone, of)
	case corpus.KindRedo:
		s.done, s.undone = append(s.done, of), s.undone[:len(s.undone)-1]
	default:
		s.done, s.undone = append(s.done, event), nil
	}
}

// readStack replays a person's events.
func readStack(rows lookup, id corpus.DocumentID, who corpus.AnnotatorID) (s stack, err error) {
	err = rows(`SELECT event, kind, undoes FROM decisions WHERE document_id = ? AND annotator_id = ? GROUP BY event ORDER BY min(id)`, []any{id, who}, func(r *sql.Rows) error {
		var event, kind, of string
		err := r.Scan(&event, &kind, &of)
		if err == nil {
			s.add(kind, event, of)
		}
		return err
	})

	return s, err
}

// ReviewEvent is one action of an adjudicator as a browser sends it. It names
// what the browser had seen: places that somebody else has decided since are
// not decided over their head.
type ReviewEvent struct {
	ID      string           `json:"id"`   // made by the browser; a repeated one is answered, not applied again
	Kind    string           `json:"kind"` // "decide", "undo" or "redo"
	Steps   []agreement.Step `json:"steps,omitempty"`
	Of      string           `json:"of,omitempty"` // undo, redo: the event meant
	Seen    int64            `json:"seen"`
	Version string           `json:"version"`
}

// kindDecide is the kind of an event that decides places.
const kindDecide = "decide"

// maxSteps bounds the places that one event decides.
const maxSteps = 20_000

// ReviewAnswer says what a batch of events did. Its review holds the decisions
// that the browser had not seen, its own among them.
type ReviewAnswer struct {
	Applied []string // ids that are in the log now, also those that were before
	Refused []corpus.Refusal
	Review  agreement.Review
}

// Conflict reports whether an event was refused because somebody else was
// first.
func (a ReviewAnswer) Conflict() bool {
	return slices.ContainsFunc(a.Refused, func(r corpus.Refusal) bool { return r.Conflict })
}

// errRelabelled is a review that changed while it was decided on.
var errRelabelled = errors.New("what people handed in has changed")

// DecideReview appends an adjudicator's events in order and returns when they
// are durable. An event that cannot be applied is refused, with a reason, and
// the others are still tried; one that is there already is answered as applied.
// An error means that nothing was kept: send it again.
func (s *Store) DecideReview(ctx context.Context, id corpus.DocumentID, who corpus.AnnotatorID, events []ReviewEvent) (a ReviewAnswer, err error) {
	seen := int64(0)
	for i, e := range events {
		if i == 0 || e.Seen < seen {
			seen = e.Seen
		}
	}
	for tries := 0; ; tries++ {
		one, err := s.compare(ctx, id)
		if err != nil {
			return a, err
		}
		a = ReviewAnswer{Applied: []string{}, Refused: []corpus.Refusal{}, Review: one.review}
		err = s.write(ctx, func(t *tx) error { return s.decideReview(t, &one, who, events, &a) })
		if errors.Is(err, errRelabelled) && tries < 3 {
			continue
		}
		if err != nil {
			return a, err
		}
		return a, s.decisions(ctx, &a.Review, who, seen)
	}
}

func (s *Store) decideReview(t *tx, one *compared, who corpus.AnnotatorID, events []ReviewEvent, a *ReviewAnswer) error {
	id := one.review.Document.ID
	version, _, err := reviewVersion(t.scan, id)
	if err != nil {
		return err
	}
	if version != one.review.Version {
		return errRelabelled
	}
	var state corpus.State
	if err := t.scan(`SELECT state FROM document_states WHERE document_id = ?`, []any{id}, &state); err != nil {
		return err
	}
	stack, err := readStack(t.rows, id, who)
	if err != nil {
		return err
	}

	d := deciding{t: t, compared: one, who: who, now: s.nowMillis(), state: state, stack: stack}
	a.Applied, a.Refused = a.Applied[:0], a.Refused[:0]
	for _, e := range events {
		err := d.apply(e)
		if invalid, ok := errors.AsType[*corpus.Invalid](err); ok {
			a.Refused = append(a.Refused, corpus.Refusal{ID: e.ID, Reason: invalid.Reason, Conflict: errors.Is(err, corpus.ErrConflict)})
			continue
		}
		if errors.Is(err, corpus.ErrConflict) {
			a.Refused = append(a.Refused, corpus.Refusal{ID: e.ID, Reason: "this page shows an older state of the document", Conflict: true})
			continue
		}
		if err != nil {
			return err
		}
		a.Applied = append(a.Applied, e.ID)
	}

	return nil
}

// deciding is one batch of an adjudicator's events on its way into the log.
type deciding struct {
	t *tx
	*compared
	who   corpus.AnnotatorID
	now   int64
	state corpus.State
	stack stack
}

// decisionRow is a decision as it is stored.
type decisionRow struct {
	place  string
	answer sql.NullString
	took   sql.NullInt64
	cause  corpus.Cause
	sides  string
}

// taken is an action that comes after somebody else's.
func taken(format string, args ...any) error {
	return errors.Join(corpus.Invalidf("", format, args...), corpus.ErrConflict)
}

func (d *deciding) apply(e ReviewEvent) error {
	if err := corpus.CheckEvents(e.ID); err != nil {
		return err
	}
	var by corpus.AnnotatorID
	err := d.t.scan(`SELECT annotator_id FROM decisions WHERE document_id = ? AND event = ? LIMIT 1`, []any{d.review.Document.ID, e.ID}, &by)
	if err == nil && by == d.who {
		return nil
	}
	if err == nil {
		return corpus.Invalidf("id", "another person's action has this id")
	}
	if !errors.Is(err, corpus.ErrNotFound) {
		return err
	}
	if err := gone(d.state); err != nil {
		return err
	}

	if e.Kind == kindDecide {
		e.Of = ""
	}
	rows, err := d.rows(e)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := d.t.exec(`INSERT INTO decisions (event, kind, undoes, document_id, project_id, annotator_id, at, place, answer, took, cause, sides) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.ID, e.Kind, e.Of, d.review.Document.ID, d.project.ID, d.who, d.now, row.place, row.answer, row.took, row.cause, row.sides); err != nil {
			return err
		}
	}
	d.stack.add(e.Kind, e.ID, e.Of)

	return nil
}

// rows are what an event adds to the log.
func (d *deciding) rows(e ReviewEvent) ([]decisionRow, error) {
	switch e.Kind {
	case kindDecide:
		return d.decide(e)
	case corpus.KindUndo:
		if of := d.stack.undo(); of == "" || of != e.Of {
			return nil, corpus.ErrConflict
		}
		return d.travel(e, `SELECT x.place, p.answer, p.took, coalesce(p.cause, ''), coalesce(p.sides, '[]') FROM decisions x
			LEFT JOIN decisions p ON p.id = (SELECT max(id) FROM decisions WHERE document_id = x.document_id AND place = x.place AND id < x.id)
			WHERE x.document_id = ? AND x.event = ? ORDER BY x.id`)
	case corpus.KindRedo:
		if of := d.stack.redo(); of == "" || of != e.Of {
			return nil, corpus.ErrConflict
		}
		return d.travel(e, `SELECT x.place, x.answer, x.took, x.cause, x.sides FROM decisions x WHERE x.document_id = ? AND x.event = ? ORDER BY x.id`)
	}

	return nil, corpus.Invalidf("kind", "there is no action %q in a review", e.Kind)
}

// travel is what undo and redo bring back, unless somebody else has decided
// one of the places since.
func (d *deciding) travel(e ReviewEvent, query string) (rows []decisionRow, err error) {
	if err := d.others(`x.id > (SELECT max(id) FROM decisions WHERE document_id = ?1 AND event = ?3) AND x.place IN (SELECT place FROM decisions WHERE document_id = ?1 AND event = ?3)`, e.Of); err != nil {
		return nil, err
	}
	err = d.t.rows(query, []any{d.review.Document.ID, e.Of}, func(r *sql.Rows) error {
		var row decisionRow
		err := r.Scan(&row.place, &row.answer, &row.took, &row.cause, &row.sides)
		rows = append(rows, row)
		return err
	})

	return rows, err
}

// others refuses what would go over the head of another adjudicator. arg is ?3
// of the condition.
func (d *deciding) others(condition string, args ...any) error {
	var name string
	err := d.t.scan(`SELECT a.name FROM decisions x JOIN annotators a ON a.id = x.annotator_id WHERE x.document_id = ?1 AND x.annotator_id <> ?2 AND `+condition+` LIMIT 1`,
		append([]any{d.review.Document.ID, d.who}, args...), &name)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}

	return taken("%s has decided here meanwhile; see what they say, and decide again if you differ", name)
}

func (d *deciding) decide(e ReviewEvent) ([]decisionRow, error) {
	switch {
	case e.Version != d.review.Version:
		return nil, taken("what people handed in has changed; look at the document as it is now and decide again")
	case len(e.Steps) == 0 || len(e.Steps) > maxSteps:
		return nil, corpus.Invalidf("steps", "an action decides 1 to %d places", maxSteps)
	}
	rows, places := make([]decisionRow, 0, len(e.Steps)), map[string]bool{}
	for _, step := range e.Steps {
		step, err := d.review.Named(step, d.project.Labels)
		if err != nil {
			return nil, err
		}
		if places[step.Place] {
			return nil, corpus.Invalidf("steps", "an action decides a place once")
		}
		places[step.Place] = true
		row, err := d.step(step, e.Seen)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}

	return rows, nil
}

func (d *deciding) step(step agreement.Step, seen int64) (row decisionRow, err error) {
	vote, took, err := d.review.Resolve(step, d.project.Labels)
	if err != nil {
		return row, err
	}
	if err := d.others(`x.place = ?3 AND x.id > ?4`, step.Place, seen); err != nil {
		return row, err
	}
	err = d.t.scan(`SELECT answer, took, cause FROM decisions WHERE document_id = ? AND place = ? ORDER BY id DESC LIMIT 1`, []any{d.review.Document.ID, step.Place}, &row.answer, &row.took, &row.cause)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return row, err
	}

	row.place = step.Place
	if step.Cause != nil {
		row.cause = *step.Cause
	}
	if vote != nil || step.Clear {
		row.answer, row.took = sql.NullString{}, sql.NullInt64{Int64: int64(took), Valid: took != 0}
	}
	if vote != nil {
		b, err := json.Marshal(vote)
		if err != nil {
			return row, err
		}
		row.answer = sql.NullString{String: string(b), Valid: true}
	}
	sides, err := json.Marshal(d.review.SidesAt(step.Place))
	row.sides = string(sides)

	return row, err
}

// MakeGold makes gold of a reviewed document: what people agree on, and what
// was decided where they differ. seen numbers the last decision that its
// adjudicator saw; corpus.ErrConflict where there are newer ones of somebody
// else. It is *corpus.Invalid while a difference is open, and where decisions
// do not fit together. Made again without a change, it is answered and not made
// again.
func (s *Store) MakeGold(ctx context.Context, id corpus.DocumentID, by corpus.AnnotatorID, seen int64) (version int, err error) {
	err = s.write(ctx, func(t *tx) error {
		version, err = s.makeGold(t, id, by, seen)
		return err
	})

	return version, err
}

func (s *Store) makeGold(t *tx, id corpus.DocumentID, by corpus.AnnotatorID, seen int64) (version int, err error) {
	now := s.nowMillis()
	f, err := t.standing(id, now)
	if err != nil {
		return 0, err
	}
	if err := gone(f.state); err != nil {
		return 0, err
	}
	if f.state != corpus.Review && f.state != corpus.Golden {
		return 0, corpus.Invalidf("", "people still label this document; it is reviewed when they have handed in")
	}
	var foreign bool
	if err := t.scan(`SELECT EXISTS (SELECT 1 FROM decisions WHERE document_id = ? AND id > ? AND annotator_id <> ?)`, []any{id, seen, by}, &foreign); err != nil {
		return 0, err
	}
	if foreign {
		return 0, fmt.Errorf("gold of document %d: %w", id, corpus.ErrConflict)
	}

	gold, err := s.decidedGold(t, id, f.project)
	if err != nil {
		return 0, err
	}
	gold.DecidedBy = by
	if same, err := t.isGold(f.gold, gold); err != nil {
		return 0, err
	} else if same {
		return version, t.scan(`SELECT version FROM gold WHERE id = ?`, []any{f.gold}, &version)
	}
	if version, err = addGold(t, gold, by, now); err != nil {
		return 0, err
	}

	return version, t.audit(by, f.project, "gold-decided", gold.Document.Name, map[string]any{"document": id, "version": version})
}

// decidedGold works everything out anew, from what is handed in and decided at
// this moment.
func (s *Store) decidedGold(t *tx, id corpus.DocumentID, project corpus.ProjectID) (corpus.Gold, error) {
	d, err := t.document(id, nil)
	if err != nil {
		return corpus.Gold{}, err
	}
	p, err := scanProjectRow(t, project)
	if err != nil {
		return corpus.Gold{}, err
	}
	ls, names, err := t.labellings(id)
	if err != nil {
		return corpus.Gold{}, err
	}
	if len(ls) == 0 {
		return corpus.Gold{}, corpus.Invalidf("", "nobody has labelled this document, so there is nothing to decide")
	}

	r := agreement.Review{Comparison: agreement.Compare(d, ls), Index: text.NewIndex(d.Text)}
	for i, l := range ls {
		r.People = append(r.People, agreement.Person{Labelling: l, Name: names[i]})
	}
	if _, r.Decisions, err = readDecisions(t.rows, id, 0); err != nil {
		return corpus.Gold{}, err
	}
	gold, err := r.GoldOf(p.Rule, p.Labels)
	gold.Basis = corpus.Adjudicated

	return gold, err
}
