package db

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// AgreementOptions say what a report of agreement is about; the zero value is
// about everything.
type AgreementOptions struct {
	Release      *corpus.Release // its documents, as they were labelled when it was made; nil for those of now
	Since, Until time.Time       // documents that a second person handed in then or later, and before; zero for no bound
	Label        corpus.LabelID  // spans of this label alone
	Arm          corpus.Arm      // documents on which all who labelled them were shown suggestions, or all had them kept back; "" for all documents

	Progress func(done, total int) // documents tallied; may be nil. It is called where many have to be.
}

// Agreement is a report of agreement, and when it was made.
type Agreement struct {
	agreement.Header
	Report agreement.Report
	At     time.Time
	Took   time.Duration
}

// Agreement reports how far the people of a project agree on the documents that
// two or more of them labelled, without removed and superseded ones. What each
// document adds is kept, and made first where it is missing; a report that is
// still true is not made again.
func (s *Store) Agreement(ctx context.Context, p corpus.Project, o AgreementOptions) (Agreement, error) {
	kept, fresh, err := s.KeptAgreement(ctx, p, o)
	if err != nil || fresh {
		return kept, err
	}
	saw, err := s.sawShared(ctx, p, o)
	if err != nil {
		return Agreement{}, err
	}
	m, err := s.agreeing(ctx, p, o)
	if err != nil {
		return Agreement{}, err
	}

	began := time.Now()
	out := Agreement{Header: m.header(), At: s.now()}
	if out.Wanted, err = m.wanted(); err != nil {
		return Agreement{}, err
	}
	if err := m.addAll(); err != nil {
		return Agreement{}, fmt.Errorf("agreement of project %d: %w", p.ID, err)
	}
	out.Covered = m.covered
	out.Report = m.builder.Report(m.nameOf, m.labels)
	out.Took = time.Since(began)
	s.agreements.keep(o.key(p.ID), saw, out)

	return out, nil
}

// KeptAgreement is the last report that was made with these options since the
// program began; fresh where it is still true. At is zero where there is none.
// It never makes one.
func (s *Store) KeptAgreement(ctx context.Context, p corpus.Project, o AgreementOptions) (kept Agreement, fresh bool, err error) {
	one, ok := s.agreements.about(o.key(p.ID))
	if !ok {
		return Agreement{}, false, nil
	}
	saw, err := s.sawShared(ctx, p, o)

	return one.Agreement, err == nil && one.saw == saw, err
}

// agreements keeps the reports that were asked for last.
type agreements struct {
	mu   sync.Mutex
	kept []keptAgreement // the newest last
}

// mostAgreements bounds how many are kept: one of 64 people takes 2 MB.
const mostAgreements = 16

type keptAgreement struct {
	agreementKey
	saw string
	Agreement
}

type agreementKey struct {
	project      corpus.ProjectID
	release      corpus.ReleaseID
	since, until int64
	label        corpus.LabelID
	arm          corpus.Arm
}

func (o AgreementOptions) key(p corpus.ProjectID) agreementKey {
	k := agreementKey{project: p, since: math.MinInt64, until: math.MaxInt64, label: o.Label, arm: o.Arm}
	if o.Release != nil {
		k.release = o.Release.ID
	}
	if !o.Since.IsZero() {
		k.since = millis(o.Since)
	}
	if !o.Until.IsZero() {
		k.until = millis(o.Until)
	}

	return k
}

func (a *agreements) about(k agreementKey) (keptAgreement, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.IndexFunc(a.kept, func(one keptAgreement) bool { return one.agreementKey == k })
	if i < 0 {
		return keptAgreement{}, false
	}

	return a.kept[i], true
}

func (a *agreements) keep(k agreementKey, saw string, made Agreement) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = slices.DeleteFunc(a.kept, func(one keptAgreement) bool { return one.agreementKey == k })
	a.kept = append(a.kept, keptAgreement{k, saw, made})
	if len(a.kept) > mostAgreements {
		a.kept = slices.Delete(a.kept, 0, 1)
	}
}

// sawShared changes whenever a report may. What a release holds was handed in
// before it was made, and does not change any more.
func (s *Store) sawShared(ctx context.Context, p corpus.Project, o AgreementOptions) (saw string, err error) {
	if o.Release == nil {
		err = s.scan(ctx, `SELECT json_array((SELECT max(id) FROM shared WHERE project_id = ?1),
			(SELECT json_group_array(json_array(state, documents)) FROM project_counts WHERE project_id = ?1 AND state IN ('removed', 'superseded')),
			(SELECT max(changed_at) FROM document_states WHERE project_id = ?1 AND state IN ('removed', 'superseded')))`, []any{p.ID}, &saw)
	}

	return fmt.Sprintf("%s %q %+v %d %d", saw, p.Name, p.Labels, p.Overlap, p.OverlapShare), err
}

// agreeing is a report in the making.
type agreeing struct {
	s       *Store
	ctx     context.Context
	p       corpus.Project
	o       AgreementOptions
	key     agreementKey
	labels  corpus.LabelSet
	names   map[corpus.AnnotatorID]string
	builder *agreement.Builder
	sites   map[corpus.DocumentID]string // nil where they are read one by one
	arms    map[corpus.DocumentID]bool   // that belong to the arm; nil where none is asked for

	covered    int
	done, most int
}

func (s *Store) agreeing(ctx context.Context, p corpus.Project, o AgreementOptions) (*agreeing, error) {
	if o.Release != nil {
		p = o.Release.AsOf(p)
	}
	m := &agreeing{s: s, ctx: ctx, p: p, o: o, key: o.key(p.ID), labels: p.Labels, builder: agreement.NewBuilder(score.Resampling{Seed: 1})}
	if o.Label != 0 {
		i := slices.IndexFunc(p.Labels, func(l corpus.Label) bool { return l.ID == o.Label })
		if i < 0 {
			return nil, corpus.Invalidf("label", "the project has no such label")
		}
		m.labels = p.Labels[i : i+1]
	}
	var err error
	if m.names, err = s.names(ctx); err != nil {
		return nil, err
	}
	if o.Arm != "" {
		if m.arms, err = s.inArm(ctx, p.ID, o.Arm); err != nil {
			return nil, err
		}
	}

	return m, s.scan(ctx, `SELECT count(*) FROM shared WHERE project_id = ?`, []any{p.ID}, &m.most)
}

// inArm are the documents that several people labelled, all of them in one arm.
func (s *Store) inArm(ctx context.Context, p corpus.ProjectID, arm corpus.Arm) (map[corpus.DocumentID]bool, error) {
	out := map[corpus.DocumentID]bool{}
	err := s.rows(ctx, `SELECT x.document_id FROM shared x WHERE x.project_id = ?1
		AND EXISTS (SELECT 1 FROM suggested g WHERE g.document_id = x.document_id AND g.arm = ?2)
		AND NOT EXISTS (SELECT 1 FROM suggested g WHERE g.document_id = x.document_id AND g.arm <> ?2)`, []any{p, arm}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		out[id] = true
		return err
	})

	return out, err
}

// SharedDocuments is how many documents of a project several people labelled.
func (s *Store) SharedDocuments(ctx context.Context, project corpus.ProjectID) (n int, err error) {
	err = s.scan(ctx, `SELECT count(*) FROM shared WHERE project_id = ?`, []any{project}, &n)

	return n, err
}

func (m *agreeing) header() agreement.Header {
	h := agreement.Header{Project: m.p.Name, Since: m.o.Since, Until: m.o.Until}
	if m.o.Release != nil {
		h.Release = m.o.Release.Name
	}
	if m.o.Label != 0 {
		h.Label = m.labels[0].Name
	}

	return h
}

func (m *agreeing) nameOf(who corpus.AnnotatorID) string {
	return cmp.Or(m.names[who], fmt.Sprintf("person %d", who))
}

// wanted counts the documents that several people are to label.
func (m *agreeing) wanted() (n int, err error) {
	query, about := `SELECT count(*) FROM document_states s WHERE s.project_id = ? AND s.wanted > 1 AND s.state NOT IN ('removed', 'superseded')
		AND s.document_id <= (SELECT visible_through FROM projects WHERE id = s.project_id)`, int64(m.p.ID)
	if m.o.Release != nil {
		query, about = `SELECT count(*) FROM release_gold r JOIN document_states s ON s.document_id = r.document_id WHERE r.release_id = ? AND s.wanted > 1`, int64(m.o.Release.ID)
	}
	err = m.s.scan(m.ctx, query, []any{about}, &n)

	return n, err
}

// rowsOfIndex is how many rows of an index are read in the time that one row of
// documents takes: texts lie between those.
const rowsOfIndex = 10

// readSites reads the sites of all documents where that is faster than reading
// those of the shared ones.
func (m *agreeing) readSites() error {
	var documents int
	if err := m.s.scan(m.ctx, `SELECT coalesce(sum(documents), 0) FROM project_counts WHERE project_id = ?`, []any{m.p.ID}, &documents); err != nil {
		return err
	}
	if documents > m.most*rowsOfIndex {
		return nil
	}
	m.sites = make(map[corpus.DocumentID]string, documents)
	last := "" // the index has each site's documents together
	return m.s.rows(m.ctx, `SELECT id, site FROM documents INDEXED BY documents_site WHERE project_id = ? AND site <> ''`, []any{m.p.ID}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var site sql.RawBytes
		err := r.Scan(&id, &site)
		if string(site) != last {
			last = string(site)
		}
		m.sites[id] = last
		return err
	})
}

func (m *agreeing) siteOf(id corpus.DocumentID) (site string, err error) {
	if m.sites != nil {
		return m.sites[id], nil
	}
	err = m.s.scan(m.ctx, `SELECT site FROM documents WHERE id = ?`, []any{id}, &site)

	return site, err
}

// sharedRow is a document that several people labelled, as it is kept.
type sharedRow struct {
	id      int64
	several bool // people are to label it
	moved   bool // since the release that the report is about
	content []byte
	at      int64
	agreement.Shared
}

// sharedPage is how many rows are read at a time.
const sharedPage = 2000

// Shared rows, by document. The plus signs keep SQLite from sorting all rows of
// the project for every page.
const (
	sharedNow = `SELECT x.id, x.document_id, x.at, s.wanted > 1, x.content, 0
		FROM shared x CROSS JOIN document_states s ON s.document_id = x.document_id
		WHERE +x.project_id = ?1 AND x.document_id > ?2 AND s.state NOT IN ('removed', 'superseded') ORDER BY x.document_id LIMIT ?3`

	// Who skipped or flagged what they had handed in may have done so since.
	sharedThen = `SELECT x.id, x.document_id, x.at, s.wanted > 1, x.content,
			EXISTS (SELECT 1 FROM submissions b WHERE b.document_id = x.document_id AND b.at > ?5)
			OR EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = x.document_id AND n.submitted_at > 0 AND n.status IN ('skipped', 'flagged'))
		FROM release_gold r CROSS JOIN shared x ON x.document_id = r.document_id CROSS JOIN document_states s ON s.document_id = x.document_id
		WHERE r.release_id = ?4 AND +x.project_id = ?1 AND r.document_id > ?2 ORDER BY r.document_id LIMIT ?3`
)

// page reads the rows after a document.
func (m *agreeing) page(after corpus.DocumentID) (rows []sharedRow, err error) {
	query, args := sharedNow, []any{m.p.ID, after, sharedPage}
	if m.o.Release != nil {
		query, args = sharedThen, append(args, m.o.Release.ID, millis(m.o.Release.At))
	}
	rows = make([]sharedRow, 0, sharedPage)
	err = m.s.rows(m.ctx, query, args, func(r *sql.Rows) error {
		var one sharedRow
		err := r.Scan(&one.id, &one.Document, &one.at, &one.several, &one.content, &one.moved)
		rows = append(rows, one)
		return err
	})

	return rows, err
}

// addAll gives the builder every document. The next page is read while one is
// added.
func (m *agreeing) addAll() error {
	if err := m.readSites(); err != nil {
		return err
	}
	type read struct {
		rows []sharedRow
		err  error
	}
	ctx, stop := context.WithCancel(m.ctx)
	pages := make(chan read, 1)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer stop()
	reader.Go(func() {
		defer close(pages)
		for after := corpus.DocumentID(0); ; {
			rows, err := m.page(after)
			if !send(ctx, pages, read{rows, err}) || err != nil || len(rows) < sharedPage {
				return
			}
			after = rows[len(rows)-1].Document
		}
	})

	for page := range pages {
		if page.err != nil {
			return page.err
		}
		if err := m.add(page.rows); err != nil {
			return err
		}
	}

	return m.ctx.Err() // part of a report must not look like all of it
}

// add gives the builder a page, after making what it misses.
func (m *agreeing) add(rows []sharedRow) error {
	var t agreement.Tally
	missing := make([]*sharedRow, 0, len(rows))
	for i := range rows {
		if rows[i].moved || t.Unmarshal(rows[i].content) != nil {
			missing = append(missing, &rows[i])
		}
	}
	if err := m.tally(missing); err != nil {
		return err
	}

	for _, row := range rows {
		row.Tally = t
		if err := row.Tally.Unmarshal(row.content); err != nil {
			return fmt.Errorf("document %d: %w", row.Document, err)
		}
		t = row.Tally
		if t.Documents == 0 {
			continue
		}
		if row.several {
			m.covered++
		}
		if row.at < m.key.since || row.at >= m.key.until || m.arms != nil && !m.arms[row.Document] {
			continue
		}
		if m.o.Label != 0 {
			row.Tally = ofLabel(t, m.o.Label)
		}
		var err error
		if row.Site, err = m.siteOf(row.Document); err != nil {
			return err
		}
		row.At = fromMillis(row.at)
		m.builder.Add(row.Shared)
	}
	m.done += len(rows)

	return nil
}

// ofLabel is a tally with the spans of one label alone.
func ofLabel(t agreement.Tally, label corpus.LabelID) agreement.Tally {
	var spans []agreement.PairSpans
	for _, s := range t.Spans {
		if s.Label == label {
			spans = append(spans, s)
		}
	}
	var unitizing []agreement.LabelUnitizing
	for _, u := range t.Unitizing {
		if u.Label == label {
			all := u
			all.Label = agreement.AllLabels
			unitizing = append(unitizing, all, u)
		}
	}
	t.Spans, t.Unitizing = spans, unitizing

	return t
}

// kept is how many tallies are stored in one change.
const keptTallies = 200

// tally makes the tallies of rows on all cores, and keeps those of now.
func (m *agreeing) tally(rows []*sharedRow) error {
	for len(rows) > 0 {
		batch := rows[:min(keptTallies, len(rows))]
		rows = rows[len(batch):]
		if err := m.tallyBatch(batch); err != nil {
			return err
		}
		if m.done += len(batch); m.o.Progress != nil {
			m.o.Progress(min(m.done, m.most), m.most)
		}
		m.done -= len(batch)
	}

	return nil
}

func (m *agreeing) tallyBatch(batch []*sharedRow) error {
	cores := runtime.GOMAXPROCS(0)
	errs := make([]error, cores)
	var busy sync.WaitGroup
	for core := range cores {
		busy.Go(func() {
			for i := core; i < len(batch) && errs[core] == nil; i += cores {
				errs[core] = m.tallyOne(batch[i])
			}
		})
	}
	busy.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}

	return m.s.writeBulk(m.ctx, func(t *tx) error {
		for _, row := range batch {
			if row.moved {
				continue
			}
			// A row that was replaced meanwhile has another id and stays empty.
			if _, err := t.exec(`UPDATE shared SET content = ?, at = ? WHERE id = ?`, row.content, row.at, row.id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *agreeing) tallyOne(row *sharedRow) error {
	until := int64(math.MaxInt64)
	if row.moved {
		until = millis(m.o.Release.At)
	}
	tally, at, err := m.s.tallied(m.ctx, row.Document, until)
	row.content = tally.Marshal()
	if at > 0 {
		row.at = at
	}

	return err
}

// labellingsUntil selects as labellingsOf does what each annotator of document
// ?1 had handed in last at time ?2.
const labellingsUntil = `SELECT n.annotator_id, a.name, x.at, x.content FROM annotations n JOIN annotators a ON a.id = n.annotator_id
	JOIN submissions x ON x.id = (SELECT max(id) FROM submissions WHERE document_id = n.document_id AND annotator_id = n.annotator_id AND at <= ?2)
	WHERE n.document_id = ?1 AND n.purpose = 'label' AND coalesce((SELECT e.kind FROM events e WHERE e.annotation_id = n.id AND e.at <= ?2
		AND e.kind IN ('submit', 'skip', 'flag', 'reopen') ORDER BY e.n DESC LIMIT 1), '') NOT IN ('skip', 'flag') ORDER BY n.annotator_id`

// tallied makes the tally of a document as it was labelled at a time, and says
// when the second of the people in it had handed in; 0 where there is none.
func (s *Store) tallied(ctx context.Context, id corpus.DocumentID, until int64) (t agreement.Tally, at int64, err error) {
	query, args := labellingsOf, []any{id}
	if until < math.MaxInt64 {
		query, args = labellingsUntil, append(args, until)
	}
	var ls []agreement.Labelling
	err = s.rows(ctx, query, args, func(r *sql.Rows) error {
		l, _, _, err := scanLabelling(r)
		ls = append(ls, l)
		return err
	})
	if err != nil || len(ls) < 2 {
		return agreement.Tally{}, 0, err
	}
	d, err := s.Document(ctx, id)
	if err != nil {
		return agreement.Tally{}, 0, err
	}

	var first []int64
	err = s.rows(ctx, `SELECT annotator_id, min(at) FROM submissions WHERE document_id = ? GROUP BY annotator_id`, []any{id}, func(r *sql.Rows) error {
		var who corpus.AnnotatorID
		var at int64
		err := r.Scan(&who, &at)
		if slices.ContainsFunc(ls, func(l agreement.Labelling) bool { return l.Annotator == who }) {
			first = append(first, at)
		}
		return err
	})
	if err != nil || len(first) < 2 {
		return agreement.Tally{}, 0, err
	}
	slices.Sort(first)

	return agreement.Tallied(d, ls), first[1], nil
}

// checkShared makes every kept tally again, and looks whether each document
// that several people labelled has its row.
func (s *Store) checkShared(ctx context.Context, found func(string, ...any)) error {
	const several = `SELECT n.document_id FROM annotations n WHERE n.purpose = 'label' AND n.submitted_at > 0 AND n.status NOT IN ('skipped', 'flagged') GROUP BY n.document_id HAVING count(*) > 1`
	err := s.rows(ctx, several+` EXCEPT SELECT document_id FROM shared ORDER BY 1`, nil, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		found("document %d was labelled by several people and is not among those that agreement counts", id)
		return err
	})
	if err != nil {
		return err
	}

	for after := corpus.DocumentID(0); ; {
		var page []sharedRow
		err := s.rows(ctx, `SELECT id, document_id, at, content FROM shared WHERE document_id > ? ORDER BY document_id LIMIT ?`, []any{after, checkPage}, func(r *sql.Rows) error {
			var one sharedRow
			err := r.Scan(&one.id, &one.Document, &one.at, &one.content)
			page = append(page, one)
			return err
		})
		if err != nil {
			return err
		}
		for _, row := range page {
			after = row.Document
			if len(row.content) == 0 || row.content[0] != agreement.Version {
				continue // it is made anew when it is asked for
			}
			again, at, err := s.tallied(ctx, row.Document, math.MaxInt64)
			if err != nil {
				return err
			}
			if string(again.Marshal()) == string(row.content) && (at == 0 || at == row.at) {
				continue
			}
			var now int64 // somebody may have handed in since the page was read
			if err := s.scan(ctx, `SELECT coalesce(max(id), 0) FROM shared WHERE document_id = ? AND content <> x''`, []any{row.Document}, &now); err != nil {
				return err
			}
			if now == row.id {
				found("document %d: the kept agreement is not the one that its labellings give", row.Document)
			}
		}
		if len(page) < checkPage {
			return nil
		}
	}
}
