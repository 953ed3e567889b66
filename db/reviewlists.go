package db

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"iter"
	"slices"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Page bounds of the review page's lists. Each row lays a document's
// labellings over one another to count the differences.
const (
	usualReviews = 25
	maxReviews   = 100
)

func reviewLimit(f corpus.ReviewFilter) int {
	if f.Limit <= 0 {
		return usualReviews
	}
	return min(f.Limit, maxReviews)
}

const (
	openComments = `(SELECT count(*) FROM comments c WHERE c.document_id = d.id AND c.resolved_at IS NULL)`

	// ofReview narrows documents d to a filter's annotator ?2 and cause ?3.
	ofReview = ` AND (?2 = 0 OR EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = d.id AND n.annotator_id = ?2 AND n.purpose = 'label' AND n.submitted_at > 0))
		AND (?3 = '' OR EXISTS (SELECT 1 FROM decisions x WHERE x.document_id = d.id AND x.cause = ?3 AND ` + newestDecision + `))`

	newestDecision = `x.id = (SELECT max(id) FROM decisions WHERE document_id = x.document_id AND place = x.place)`
)

// ToReview is one page of the documents that wait for an adjudicator, those
// that wait longest first.
func (s *Store) ToReview(ctx context.Context, f corpus.ReviewFilter) (corpus.ReviewPage, error) {
	return s.reviews(ctx, f, `SELECT d.id, d.name, s.changed_at, s.changed_at, '', 0, `+openComments+` FROM document_states s CROSS JOIN documents d ON d.id = s.document_id
		WHERE s.project_id = ?1 AND s.state = 'review' AND (s.changed_at, s.document_id) > (?4, ?5)`+ofReview+` ORDER BY s.changed_at, s.document_id LIMIT ?6`)
}

// Reviewed is one page of the documents that an adjudicator decided, the newest
// decision first. Gold that was corrected since is not among them.
func (s *Store) Reviewed(ctx context.Context, f corpus.ReviewFilter) (corpus.ReviewPage, error) {
	return s.reviews(ctx, f, `SELECT d.id, d.name, g.at, g.id, coalesce(a.name, ''), g.version, `+openComments+` FROM gold g CROSS JOIN documents d ON d.id = g.document_id
		CROSS JOIN document_states s ON s.document_id = d.id LEFT JOIN annotators a ON a.id = g.decided_by
		WHERE g.project_id = ?1 AND g.basis = 'adjudicated' AND s.state = 'gold' AND g.version = (SELECT max(version) FROM gold WHERE document_id = d.id) AND (?4 = 0 OR g.id < ?4) AND ?5 >= 0`+ofReview+` ORDER BY g.id DESC LIMIT ?6`)
}

func (s *Store) reviews(ctx context.Context, f corpus.ReviewFilter, query string) (page corpus.ReviewPage, err error) {
	limit := reviewLimit(f)
	err = s.rows(ctx, query, []any{f.Project, f.Annotator, f.Cause, f.After.At, f.After.ID, limit + 1}, func(r *sql.Rows) error {
		var row corpus.ReviewRow
		var at int64
		err := r.Scan(&row.ID, &row.Name, &at, &row.Place.At, &row.By, &row.Version, &row.Comments)
		row.At, row.Place.ID = fromMillis(at), row.ID
		page.Rows = append(page.Rows, row)
		return err
	})
	if err != nil {
		return page, err
	}
	if len(page.Rows) > limit {
		page.Rows = page.Rows[:limit]
		page.Next = page.Rows[limit-1].Place
	}
	for i := range page.Rows {
		if err := s.countDifferences(ctx, &page.Rows[i]); err != nil {
			return page, err
		}
	}

	return page, nil
}

func (s *Store) countDifferences(ctx context.Context, row *corpus.ReviewRow) error {
	one, err := s.compareAnew(ctx, row.ID, corpus.Project{})
	if err != nil {
		return err
	}
	_, decisions, err := readDecisions(func(query string, args []any, each func(*sql.Rows) error) error {
		return s.rows(ctx, query, args, each)
	}, row.ID, 0)
	for _, p := range one.review.People {
		row.People = append(row.People, p.Name)
	}
	row.Differences = len(one.review.Conflicts)
	for _, c := range one.review.Conflicts {
		if decisions[c.Key()].Answer != nil {
			row.Decided++
		}
	}

	return err
}

// NextReview is the document that waits longest for an adjudicator, other than
// one; corpus.ErrNotFound where none does.
func (s *Store) NextReview(ctx context.Context, project corpus.ProjectID, but corpus.DocumentID) (id corpus.DocumentID, err error) {
	err = s.scan(ctx, `SELECT document_id FROM document_states WHERE project_id = ? AND state = 'review' AND document_id <> ? ORDER BY changed_at, document_id LIMIT 1`, []any{project, but}, &id)

	return id, err
}

// PassedOver are the skips and flags that a manager is to handle, the newest
// first: those of documents that are not decided without them.
func (s *Store) PassedOver(ctx context.Context, project corpus.ProjectID, limit int) ([]corpus.PassedOver, error) {
	var out []corpus.PassedOver
	err := s.rows(ctx, `SELECT n.document_id, d.name, n.annotator_id, a.name, n.status, coalesce(e.change ->> 'why', ''), coalesce(e.at, n.opened_at)
		FROM annotations n CROSS JOIN document_states s ON s.document_id = n.document_id CROSS JOIN documents d ON d.id = n.document_id CROSS JOIN annotators a ON a.id = n.annotator_id
		LEFT JOIN events e ON e.annotation_id = n.id AND e.n = (SELECT max(n) FROM events WHERE annotation_id = n.id AND kind IN ('skip', 'flag'))
		WHERE n.project_id = ? AND n.status IN ('skipped', 'flagged') AND n.purpose = 'label' AND s.state IN ('new', 'begun', 'labelled', 'skipped', 'flagged')
		ORDER BY n.id DESC LIMIT ?`, []any{project, limit}, func(r *sql.Rows) error {
		var p corpus.PassedOver
		var at int64
		err := r.Scan(&p.Document, &p.Name, &p.Annotator, &p.Person, &p.Status, &p.Why, &at)
		p.At = fromMillis(at)
		out = append(out, p)
		return err
	})

	return out, err
}

// Causes counts the causes that adjudicators gave, as the newest decision of
// each place has them: in all, and then by pairs of people who differed there.
// Most come first.
func (s *Store) Causes(ctx context.Context, project corpus.ProjectID) ([]corpus.CauseCount, error) {
	type pair struct {
		cause corpus.Cause
		a, b  corpus.AnnotatorID
	}
	counts := map[pair]int{}
	err := s.rows(ctx, `SELECT x.cause, x.sides FROM decisions x WHERE x.project_id = ? AND x.cause <> '' AND `+newestDecision, []any{project}, func(r *sql.Rows) error {
		var cause corpus.Cause
		var stored string
		if err := r.Scan(&cause, &stored); err != nil {
			return err
		}
		var sides [][]corpus.AnnotatorID
		if err := json.Unmarshal([]byte(stored), &sides); err != nil {
			return err
		}
		counts[pair{cause: cause}]++
		for i, side := range sides {
			for _, other := range sides[i+1:] {
				for _, a := range side {
					for _, b := range other {
						counts[pair{cause, min(a, b), max(a, b)}]++
					}
				}
			}
		}
		return nil
	})
	if err != nil || len(counts) == 0 {
		return nil, err
	}

	people, err := s.Annotators(ctx)
	if err != nil {
		return nil, err
	}
	names := map[corpus.AnnotatorID]string{}
	for _, p := range people {
		names[p.ID] = p.Name
	}
	var out []corpus.CauseCount
	for p, n := range counts {
		out = append(out, corpus.CauseCount{Cause: p.cause, A: p.a, B: p.b, Names: [2]string{names[p.a], names[p.b]}, N: n})
	}
	slices.SortFunc(out, func(x, y corpus.CauseCount) int {
		all := func(c corpus.CauseCount) int { return min(int(c.A), 1) }
		return cmp.Or(all(x)-all(y), y.N-x.N, cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), cmp.Compare(x.Cause, y.Cause))
	})

	return out, nil
}

// BlockVotes is what several people said about the classes of one document.
type BlockVotes struct {
	Document  corpus.DocumentID
	Stretches []text.Range
	People    []corpus.AnnotatorID
	Classes   [][]corpus.Class // by stretch and person
}

// Shared numbers the newest labelling of a document that several people
// labelled, and counts such documents; both change when BlockVotes may.
func (s *Store) Shared(ctx context.Context, project corpus.ProjectID) (newest int64, n int, err error) {
	err = s.scan(ctx, `SELECT coalesce(max(id), 0), count(*) FROM shared WHERE project_id = ?`, []any{project}, &newest, &n)

	return newest, n, err
}

// BlockVotes yields what people said about the classes of a project's documents
// that two or more labelled: those where somebody handed in last come first,
// limit of them at most. An error is yielded once and ends the sequence.
func (s *Store) BlockVotes(ctx context.Context, project corpus.ProjectID, limit int) iter.Seq2[BlockVotes, error] {
	return func(yield func(BlockVotes, error) bool) {
		var ids []corpus.DocumentID
		err := s.rows(ctx, `SELECT document_id FROM shared WHERE project_id = ? ORDER BY id DESC LIMIT ?`, []any{project, limit}, func(r *sql.Rows) error {
			var id corpus.DocumentID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			yield(BlockVotes{}, err)
			return
		}
		for _, id := range ids {
			votes, err := s.blockVotes(ctx, id)
			if err != nil {
				yield(BlockVotes{}, err)
				return
			}
			if len(votes.People) > 1 && !yield(votes, nil) {
				return
			}
		}
	}
}

func (s *Store) blockVotes(ctx context.Context, id corpus.DocumentID) (v BlockVotes, err error) {
	labellings, err := s.Labellings(ctx, id)
	if err != nil || len(labellings) < 2 {
		return v, err
	}
	var blocks string
	if err := s.scan(ctx, `SELECT blocks FROM documents WHERE id = ?`, []any{id}, &blocks); err != nil {
		return v, err
	}
	d := corpus.Document{ID: id}
	if d.Blocks, err = decodeBlocks(blocks); err != nil {
		return v, err
	}

	v.Document = id
	ls := make([]agreement.Labelling, len(labellings))
	for i, l := range labellings {
		ls[i] = l.Labelling
		v.People = append(v.People, l.Annotator)
	}
	v.Stretches = agreement.Stretches(d, ls)
	at := make([]int, len(ls))
	for _, r := range v.Stretches {
		classes := make([]corpus.Class, len(ls))
		for i, l := range ls {
			for l.Pieces[at[i]].End < r.End {
				at[i]++
			}
			classes[i] = l.Pieces[at[i]].Class
		}
		v.Classes = append(v.Classes, classes)
	}

	return v, nil
}
