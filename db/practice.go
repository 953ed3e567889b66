package db

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
)

// maxPractice bounds a practice round.
const maxPractice = 100

// theirRound selects the practice documents of person ?2 in project ?1. What
// they labelled themselves is no practice for them.
const theirRound = `FROM practice p JOIN document_states s ON s.document_id = p.document_id AND s.state = 'gold'
	WHERE p.project_id = ?1 AND NOT EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = p.document_id AND n.annotator_id = ?2 AND n.purpose <> 'practice')`

// round is where a person stands in the practice round. It is on for
// annotators who have not passed, where the project has a pass mark and
// documents for them to practise on.
func round(a asks, project corpus.ProjectID, who corpus.AnnotatorID, mark int) (r corpus.Round, err error) {
	r.Attempt, r.Mark = 1, mark
	var passed int64
	err = a.scan(`SELECT r.attempt, r.passed_at, coalesce(b.name, '') FROM practised r LEFT JOIN annotators b ON b.id = r.passed_by
		WHERE r.project_id = ? AND r.annotator_id = ?`, []any{project, who}, &r.Attempt, &passed, &r.PassedBy)
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return r, err
	}
	r.Passed = sometime(passed)

	sum, counted := 0.0, 0
	err = a.rows(`SELECT c.annotation_id IS NOT NULL, coalesce(c.words, 0), coalesce(c.words_right, 0) FROM (SELECT p.document_id `+theirRound+`) p
		LEFT JOIN checks c ON c.project_id = ?1 AND c.purpose = 'practice' AND c.annotator_id = ?2 AND c.document_id = p.document_id AND c.attempt = ?3
		ORDER BY p.document_id`, []any{project, who, r.Attempt}, func(row *sql.Rows) error {
		var done bool
		var c corpus.Check
		if err := row.Scan(&done, &c.Words, &c.Right); err != nil {
			return err
		}
		r.Documents++
		if done {
			r.Done++
		}
		if share := c.Share(); done && !math.IsNaN(share) {
			sum, counted = sum+share, counted+1
		}
		return nil
	})
	if err != nil {
		return r, err
	}
	r.Mean = sum / float64(counted)

	if mark > 0 && r.Passed.IsZero() && r.Documents > 0 {
		var role corpus.Role
		role, err = roleOf(a, project, who)
		r.On = role == corpus.AnnotatorRole
	}

	return r, err
}

// roleOf is what a person may do in a project, "" where they may not know of
// it.
func roleOf(a asks, project corpus.ProjectID, who corpus.AnnotatorID) (role corpus.Role, err error) {
	err = a.scan(`SELECT `+effective+` FROM projects p JOIN annotators a ON a.id = ?
		LEFT JOIN members m ON m.project_id = p.id AND m.annotator_id = a.id WHERE p.id = ?`, []any{who, project}, &role)
	if errors.Is(err, corpus.ErrNotFound) {
		return "", nil
	}

	return role, err
}

// Round is where a person stands in a project's practice round.
func (s *Store) Round(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID) (corpus.Round, error) {
	p, err := s.Project(ctx, project)
	if err != nil {
		return corpus.Round{}, err
	}

	return round(asking{ctx, s}, project, who, p.PassMark)
}

// passIfReached ends a practice round that is done well enough.
func (s *Store) passIfReached(t *tx, project corpus.ProjectID, who corpus.AnnotatorID, now int64) error {
	p, err := scanProjectRow(t, project)
	if err != nil {
		return err
	}
	r, err := round(t, project, who, p.PassMark)
	if err != nil || !r.On || !r.Reached() {
		return err
	}

	return t.setPassed(project, who, 0, now)
}

func (t *tx) setPassed(project corpus.ProjectID, who, by corpus.AnnotatorID, now int64) error {
	_, err := t.exec(`INSERT INTO practised (project_id, annotator_id, passed_at, passed_by) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET passed_at = excluded.passed_at, passed_by = excluded.passed_by`, project, who, now, nullID(by))

	return err
}

// practise is whether the person has a practice round before them, and its next
// document, which they may have begun. It is corpus.ErrNotFound where the round
// has none left and is not passed.
func (q *queue) practise() (id corpus.DocumentID, on bool, err error) {
	if q.PassMark == 0 {
		return 0, false, nil
	}
	r, err := round(q.t, q.project, q.who, q.PassMark)
	switch {
	case err != nil || !r.On:
		return 0, false, err
	case r.Reached(): // the mark was lowered, or a document left the round
		return 0, false, q.t.setPassed(q.project, q.who, 0, q.now)
	}
	err = q.t.scan(`SELECT p.document_id `+theirRound+` AND p.document_id <> ?3
		AND NOT EXISTS (SELECT 1 FROM checks c WHERE c.project_id = ?1 AND c.purpose = 'practice' AND c.annotator_id = ?2 AND c.document_id = p.document_id AND c.attempt = ?4)
		ORDER BY p.document_id LIMIT 1`, []any{q.project, q.who, q.after, r.Attempt}, &id)

	return id, true, err
}

// practises reports whether the document is one that the person has yet to
// practise on, so that its gold is not for them to see.
func (s *Store) practises(ctx context.Context, key deskKey) (bool, error) {
	var project corpus.ProjectID
	err := s.scan(ctx, `SELECT p.project_id FROM practice p JOIN projects j ON j.id = p.project_id WHERE p.document_id = ?1 AND j.settings ->> 'passMark' > 0
		AND NOT EXISTS (SELECT 1 FROM practised r WHERE r.project_id = p.project_id AND r.annotator_id = ?2 AND r.passed_at > 0)`, []any{key.document, key.annotator}, &project)
	if errors.Is(err, corpus.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	role, err := roleOf(asking{ctx, s}, project, key.annotator)

	return role == corpus.AnnotatorRole, err
}

// PracticeDocuments are the documents of a project's practice round, by id,
// those that lost their gold or were removed among them.
func (s *Store) PracticeDocuments(ctx context.Context, project corpus.ProjectID) ([]corpus.DocumentRow, error) {
	var out []corpus.DocumentRow
	err := s.rows(ctx, `SELECT `+rowColumns+`, '' FROM practice p JOIN documents d ON d.id = p.document_id JOIN document_states s ON s.document_id = d.id
		LEFT JOIN annotators a ON a.id = s.changed_by WHERE p.project_id = ? ORDER BY d.id`, []any{project}, func(r *sql.Rows) error {
		row, err := scanDocumentRow(r)
		out = append(out, row)
		return err
	})

	return out, err
}

// AddPractice puts documents into the practice round and says how many came
// new. It is *corpus.Invalid where one of them is not there or has no gold, or
// the round grows too long; then none is added.
func (s *Store) AddPractice(ctx context.Context, project corpus.ProjectID, ids []corpus.DocumentID, by corpus.AnnotatorID) (n int, err error) {
	err = s.write(ctx, func(t *tx) error {
		n = 0
		for _, id := range ids {
			var state corpus.State
			err := t.scan(`SELECT state FROM document_states WHERE document_id = ? AND project_id = ?`, []any{id, project}, &state)
			if errors.Is(err, corpus.ErrNotFound) {
				return corpus.Invalidf("documents", "the project has no document %d", id)
			}
			if err != nil {
				return err
			}
			if state != corpus.Golden {
				return corpus.Invalidf("documents", "document %d has no gold to compare with", id)
			}
			added, err := t.change(`INSERT INTO practice (document_id, project_id, added_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, id, project, s.nowMillis())
			if err != nil {
				return err
			}
			n += int(added)
		}
		var all int
		if err := t.scan(`SELECT count(*) FROM practice WHERE project_id = ?`, []any{project}, &all); err != nil {
			return err
		}
		if all > maxPractice {
			return corpus.Invalidf("documents", "a practice round has at most %d documents; this would make it %d", maxPractice, all)
		}
		if n == 0 {
			return nil
		}
		return t.audit(by, project, "practice-added", fmt.Sprintf("documents %s", idList(ids)), nil)
	})

	return n, err
}

// RemovePractice takes a document out of the practice round. What people did
// with it is kept. It is corpus.ErrNotFound where it is not in the round.
func (s *Store) RemovePractice(ctx context.Context, project corpus.ProjectID, id corpus.DocumentID, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		if err := one(t.change(`DELETE FROM practice WHERE document_id = ? AND project_id = ?`, id, project)); err != nil {
			return err
		}
		return t.audit(by, project, "practice-removed", fmt.Sprintf("document %d", id), nil)
	})
}

func idList(ids []corpus.DocumentID) string {
	out := ""
	for i, id := range ids {
		if i > 0 {
			out += ", "
		}
		out += fmt.Sprint(id)
	}

	return out
}

// suggestFrom bounds how many documents a suggestion chooses from.
const suggestFrom = 2_000

// candidate is a document that may become practice.
type candidate struct {
	id    corpus.DocumentID
	site  string
	share int // of its pieces called body, in fifths
}

// SuggestPractice chooses up to n gold documents for practice that are not in
// the round yet: from as many sites as there are, and with as different shares
// of body. The same gold gives the same choice. By id.
func (s *Store) SuggestPractice(ctx context.Context, project corpus.ProjectID, n int) ([]corpus.DocumentID, error) {
	var from []candidate
	err := s.rows(ctx, `SELECT s.document_id, d.site, g.content ->> 'class' FROM (SELECT document_id, shuffle FROM document_states WHERE project_id = ?1 AND state = 'gold'
			AND document_id <= (SELECT visible_through FROM projects WHERE id = ?1) AND document_id NOT IN (SELECT document_id FROM practice)
			ORDER BY shuffle, document_id LIMIT ?2) s
		JOIN documents d ON d.id = s.document_id JOIN gold g ON g.document_id = s.document_id AND g.version = (SELECT max(version) FROM gold WHERE document_id = s.document_id)
		ORDER BY s.shuffle, s.document_id`, []any{project, suggestFrom}, func(r *sql.Rows) error {
		var c candidate
		var classes string
		err := r.Scan(&c.id, &c.site, &classes)
		if len(classes) > 0 {
			body := 0
			for i := range classes {
				if classes[i] == 'b' {
					body++
				}
			}
			c.share = min(4, 5*body/len(classes))
			from = append(from, c)
		}
		return err
	})
	if err != nil {
		return nil, err
	}

	return spread(from, n), nil
}

// spread takes again and again the first of those whose share of body, then
// whose site, was taken least.
func spread(from []candidate, n int) (out []corpus.DocumentID) {
	sites, shares := map[string]int{}, map[int]int{}
	for len(out) < n && len(from) > 0 {
		best := 0
		for i, c := range from {
			if b := from[best]; cmp.Or(cmp.Compare(shares[c.share], shares[b.share]), cmp.Compare(sites[c.site], sites[b.site])) < 0 {
				best = i
			}
		}
		c := from[best]
		sites[c.site]++
		shares[c.share]++
		out, from = append(out, c.id), slices.Delete(from, best, best+1)
	}
	slices.Sort(out)

	return out
}

// PracticeResults is where everybody stands who has begun or passed the
// practice round, by name.
func (s *Store) PracticeResults(ctx context.Context, project corpus.ProjectID) ([]corpus.PracticeResult, error) {
	p, err := s.Project(ctx, project)
	if err != nil {
		return nil, err
	}
	people := map[corpus.AnnotatorID]*corpus.PracticeResult{}
	err = s.rows(ctx, `SELECT a.id, a.name FROM annotators a WHERE a.id IN (SELECT annotator_id FROM checks WHERE project_id = ?1 AND purpose = 'practice')
		OR a.id IN (SELECT annotator_id FROM practised WHERE project_id = ?1) ORDER BY a.id`, []any{project}, func(r *sql.Rows) error {
		one := &corpus.PracticeResult{}
		err := r.Scan(&one.Annotator, &one.Person)
		people[one.Annotator] = one
		return err
	})
	if err != nil {
		return nil, err
	}
	err = s.rows(ctx, checksOf+` WHERE c.project_id = ? AND c.purpose = 'practice' ORDER BY c.document_id, c.attempt DESC`, []any{project}, func(r *sql.Rows) error {
		c, err := scanCheck(r.Scan)
		people[c.Annotator].Checks = append(people[c.Annotator].Checks, c)
		return err
	})
	if err != nil {
		return nil, err
	}

	out := make([]corpus.PracticeResult, 0, len(people))
	for _, one := range slices.SortedFunc(maps.Values(people), func(a, b *corpus.PracticeResult) int { return cmp.Compare(a.Person, b.Person) }) {
		if one.Round, err = round(asking{ctx, s}, project, one.Annotator, p.PassMark); err != nil {
			return nil, err
		}
		out = append(out, *one)
	}

	return out, nil
}

const checksOf = `SELECT c.document_id, d.name, c.annotator_id, c.attempt, c.gold_id, c.words, c.words_right, c.span_tp, c.span_a, c.span_b, c.at
	FROM checks c JOIN documents d ON d.id = c.document_id`

func scanCheck(scan func(...any) error) (c corpus.Check, err error) {
	var at int64
	err = scan(&c.Document, &c.Name, &c.Annotator, &c.Attempt, &c.Gold, &c.Words, &c.Right, &c.SpansBoth, &c.Spans, &c.SpansGold, &at)
	c.At = fromMillis(at)

	return c, translate(err)
}

// LetPass ends a person's practice round although they have not reached the
// mark, or not done it at all. It is *corpus.Invalid where they have passed.
func (s *Store) LetPass(ctx context.Context, project corpus.ProjectID, who, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		name, err := t.nameOf(who)
		if err != nil {
			return err
		}
		r, err := round(t, project, who, 0)
		if err != nil {
			return err
		}
		if !r.Passed.IsZero() {
			return corpus.Invalidf("", "%s has passed already", name)
		}
		if err := t.setPassed(project, who, by, s.nowMillis()); err != nil {
			return err
		}
		return t.audit(by, project, "practice-passed", name, nil)
	})
}

// LetRetry gives a person's practice round a fresh start: every document is
// blank again, what they did before is kept. It is *corpus.Invalid where they
// have passed or are not through.
func (s *Store) LetRetry(ctx context.Context, project corpus.ProjectID, who, by corpus.AnnotatorID) error {
	r, err := s.Round(ctx, project, who)
	if err != nil {
		return err
	}
	person, err := s.Annotator(ctx, who)
	if err != nil {
		return err
	}
	switch {
	case !r.Passed.IsZero():
		return corpus.Invalidf("", "%s has passed already", person.Name)
	case r.Documents == 0 || !r.Ended():
		return corpus.Invalidf("", "%s has not done all practice documents yet", person.Name)
	}
	if err := s.restart(ctx, project, who); err != nil {
		return err
	}

	return s.write(ctx, func(t *tx) error {
		if _, err := t.exec(`INSERT INTO practised (project_id, annotator_id, attempt) VALUES (?, ?, 2) ON CONFLICT DO UPDATE SET attempt = ?`, project, who, r.Attempt+1); err != nil {
			return err
		}
		return t.audit(by, project, "practice-retried", person.Name, map[string]int{"attempt": r.Attempt + 1})
	})
}

// restart makes a person's practice documents blank. Broken off, it can be done
// again.
func (s *Store) restart(ctx context.Context, project corpus.ProjectID, who corpus.AnnotatorID) error {
	var ids []corpus.DocumentID
	err := s.rows(ctx, `SELECT document_id FROM annotations WHERE project_id = ? AND annotator_id = ? AND purpose = 'practice' ORDER BY document_id`, []any{project, who}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.onDesk(ctx, deskKey{id, who}, func(w *work) error {
			event := fmt.Sprintf("restart-%d", w.a.Events)
			c, err := w.a.Restart(event)
			if err != nil {
				return err
			}
			change, err := json.Marshal(c)
			if err == nil {
				err = s.append(ctx, w, &batch{w: w, status: c, rows: []eventRow{{n: w.a.Events, id: event, kind: corpus.KindRestart, change: string(change)}}})
			}
			w.a = nil // it is read again, with what it can undo
			return err
		})
		if err != nil {
			return fmt.Errorf("restart document %d: %w", id, err)
		}
	}

	return nil
}

// Practised is what a person handed in on a practice document, beside the gold
// it was compared with.
type Practised struct {
	corpus.Check
	Text corpus.Document
	Mine agreement.Labelling
	Gold agreement.Labelling
}

// Practised is the newest attempt of a person at a practice document.
// corpus.ErrNotFound where they have not handed it in.
func (s *Store) Practised(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID) (p Practised, err error) {
	p.Check, err = scanCheck(func(into ...any) error {
		return s.scan(ctx, checksOf+` WHERE c.document_id = ? AND c.annotator_id = ? AND c.purpose = 'practice' ORDER BY c.attempt DESC LIMIT 1`, []any{doc, who}, into...)
	})
	if err != nil {
		return p, err
	}
	if p.Text, err = s.Document(ctx, doc); err != nil {
		return p, err
	}
	var mine, theirs string
	if err := s.scan(ctx, `SELECT (SELECT content FROM submissions WHERE document_id = ?1 AND annotator_id = ?2 AND at = ?3 ORDER BY id DESC LIMIT 1), (SELECT content FROM gold WHERE id = ?4)`,
		[]any{doc, who, millis(p.At), p.Check.Gold}, &mine, &theirs); err != nil {
		return p, err
	}
	var a, b corpus.Gold
	if err := errors.Join(decodeGold(&a, mine, "[]", 0), decodeGold(&b, theirs, "[]", 0)); err != nil {
		return p, err
	}
	p.Mine, p.Gold = agreement.Labelling{Annotator: who, Pieces: a.Pieces, Spans: a.Spans}, agreement.Labelling{Pieces: b.Pieces, Spans: b.Spans}

	return p, nil
}

// Hidden checks.

// checkWithin bounds how many gold documents a draw looks at, so that a claim
// stays short.
const checkWithin = 200

// check is now and then a gold document in the place of real work. The draw is
// fixed by the person and by how many documents they have had, so that asking
// again is no new draw. Gold that was argued about tells nothing about
// attention, and neither does what the person has looked at before.
func (q *queue) check() (id corpus.DocumentID, found bool, err error) {
	if q.CheckShare == 0 {
		return 0, false, nil
	}
	role, err := roleOf(q.t, q.project, q.who)
	if err != nil || role != corpus.AnnotatorRole {
		return 0, false, err
	}
	var had int
	err = q.t.scan(`SELECT (SELECT count(*) FROM annotations WHERE project_id = ?1 AND annotator_id = ?2 AND purpose IN ('label', 'check'))
		+ (SELECT count(*) FROM leases l WHERE l.annotator_id = ?2 AND l.project_id = ?1 AND NOT EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = l.document_id AND n.annotator_id = ?2))`,
		[]any{q.project, q.who}, &had)
	if err != nil {
		return 0, false, err
	}
	draw := drawn(q.project, q.who, had)
	if int(draw%100) >= q.CheckShare {
		return 0, false, nil
	}

	for _, from := range []corpus.DocumentID{corpus.DocumentID(draw/100%uint64(q.through+1)) - 1, 0} {
		err = q.t.scan(`SELECT s.document_id FROM (SELECT document_id FROM document_states WHERE project_id = ?1 AND state = 'gold' AND document_id > ?2 AND document_id <= ?3
				ORDER BY document_id LIMIT ?4) s
			JOIN gold g ON g.document_id = s.document_id AND g.version = (SELECT max(version) FROM gold WHERE document_id = s.document_id)
			WHERE s.document_id <> ?5 AND g.basis <> 'adjudicated' AND coalesce(g.decided_by, 0) <> ?6
			AND NOT EXISTS (SELECT 1 FROM json_each(g.annotators) WHERE value = (SELECT name FROM annotators WHERE id = ?6))
			AND NOT EXISTS (SELECT 1 FROM practice WHERE document_id = s.document_id)
			AND NOT EXISTS (SELECT 1 FROM visits WHERE document_id = s.document_id AND annotator_id = ?6)
			AND NOT EXISTS (SELECT 1 FROM annotations WHERE document_id = s.document_id AND annotator_id = ?6)
			AND NOT EXISTS (SELECT 1 FROM leases WHERE document_id = s.document_id AND annotator_id = ?6)
			ORDER BY s.document_id LIMIT 1`, []any{q.project, from, q.through, checkWithin, q.after, q.who}, &id)
		if !errors.Is(err, corpus.ErrNotFound) {
			return id, err == nil, err
		}
	}

	return 0, false, nil
}

// drawn is a number that looks random and depends on its arguments alone. The
// mixing is that of SplitMix64 (Steele, Lea, Flood 2014).
func drawn(project corpus.ProjectID, who corpus.AnnotatorID, n int) uint64 {
	x := uint64(0)
	for _, part := range []uint64{uint64(project), uint64(who), uint64(n)} {
		x += part + 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}

	return x
}

// disguise makes a check look as the document would that it stands for: new,
// then begun, and once it is handed in as far as one labelling would bring it.
func (s *Store) disguise(ctx context.Context, w *work, v *corpus.View) error {
	as := map[corpus.Status]corpus.State{corpus.Draft: corpus.Begun, corpus.Passed: corpus.Skipped, corpus.Raised: corpus.Flagged}
	if state, ok := as[w.a.Status]; ok {
		if v.State = state; w.a.Events == 0 {
			v.State = corpus.New
		}
		return nil
	}
	p, err := s.Project(ctx, w.doc.Project)
	if err != nil {
		return err
	}
	var shuffle int64
	var name string
	if err := s.scan(ctx, `SELECT shuffle, (SELECT name FROM annotators WHERE id = ?) FROM document_states WHERE document_id = ?`, []any{w.key.annotator, w.key.document}, &shuffle, &name); err != nil {
		return err
	}
	switch {
	case p.Wanted(shuffle) > 1:
		v.State = corpus.Labelled
	case p.Rule == corpus.AdjudicateAll:
		v.State = corpus.Review
	default:
		v.State, v.Gold, v.GoldBy = corpus.Golden, 1, []string{name}
	}

	return nil
}
