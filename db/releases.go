package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/release"
)

const releaseColumns = `r.id, r.project_id, r.removed_at IS NOT NULL, r.manifest`

func scanRelease(scan func(...any) error) (corpus.Release, error) {
	var r corpus.Release
	var manifest string
	if err := scan(&r.ID, &r.Project, &r.Removed, &manifest); err != nil {
		return r, translate(err)
	}
	if err := json.Unmarshal([]byte(manifest), &r.ReleaseManifest); err != nil {
		return r, fmt.Errorf("release %d: %w", r.ID, err)
	}

	return r, nil
}

func (s *Store) releases(ctx context.Context, where string, args ...any) ([]corpus.Release, error) {
	var out []corpus.Release
	err := s.rows(ctx, `SELECT `+releaseColumns+` FROM releases r JOIN projects p ON p.id = r.project_id WHERE r.state = 'done' AND `+where+` ORDER BY r.id DESC`, args, func(rows *sql.Rows) error {
		r, err := scanRelease(rows.Scan)
		out = append(out, r)
		return err
	})

	return out, err
}

func (s *Store) release(ctx context.Context, where string, args ...any) (corpus.Release, error) {
	found, err := s.releases(ctx, where, args...)
	if err == nil && len(found) == 0 {
		err = corpus.ErrNotFound
	}
	if err != nil {
		return corpus.Release{}, err
	}

	return found[0], nil
}

// Releases lists a project's releases, the newest first, without those that are
// removed or not finished.
func (s *Store) Releases(ctx context.Context, project corpus.ProjectID) ([]corpus.Release, error) {
	return s.releases(ctx, `r.project_id = ? AND r.removed_at IS NULL`, project)
}

// Release is one of a project's releases, also a removed one;
// corpus.ErrNotFound where there is none.
func (s *Store) Release(ctx context.Context, project corpus.ProjectID, id corpus.ReleaseID) (corpus.Release, error) {
	return s.release(ctx, `r.project_id = ? AND r.id = ?`, project, id)
}

// ReleaseByName finds a release that is not removed, in any case;
// corpus.ErrNotFound where there is none.
func (s *Store) ReleaseByName(ctx context.Context, project corpus.ProjectID, name string) (corpus.Release, error) {
	all, err := s.Releases(ctx, project)

	return firstNamed(all, name, err)
}

// RemovedRelease finds a release that is removed, in any case;
// corpus.ErrNotFound where there is none.
func (s *Store) RemovedRelease(ctx context.Context, project corpus.ProjectID, name string) (corpus.Release, error) {
	all, err := s.releases(ctx, `r.project_id = ? AND r.removed_at IS NOT NULL`, project)

	return firstNamed(all, name, err)
}

func firstNamed(all []corpus.Release, name string, err error) (corpus.Release, error) {
	if err != nil {
		return corpus.Release{}, err
	}
	for _, r := range all {
		if strings.EqualFold(r.Name, strings.TrimSpace(name)) {
			return r, nil
		}
	}

	return corpus.Release{}, corpus.ErrNotFound
}

// ReleasesNamed are the releases of that name in all living projects, the
// newest first, without those that are removed.
func (s *Store) ReleasesNamed(ctx context.Context, name string) ([]corpus.Release, error) {
	all, err := s.releases(ctx, `r.removed_at IS NULL AND p.removed_at IS NULL`)
	var out []corpus.Release
	for _, r := range all {
		if strings.EqualFold(r.Name, strings.TrimSpace(name)) {
			out = append(out, r)
		}
	}

	return out, err
}

// ReleasePreview is what a release made now would freeze and leave out.
func (s *Store) ReleasePreview(ctx context.Context, project corpus.ProjectID) (corpus.ReleasePreview, error) {
	counts, err := s.Counts(ctx, project)
	out := corpus.ReleasePreview{Documents: counts[corpus.Golden], LeftOut: corpus.Counts{}}
	for state, n := range counts {
		if state != corpus.Golden && state != corpus.Superseded && state != corpus.Removed && n > 0 {
			out.LeftOut[state] = n
		}
	}

	return out, err
}

// ReleaseOptions say what a release is called and who makes it.
type ReleaseOptions struct {
	Project    corpus.ProjectID
	Name, Note string
	By         corpus.AnnotatorID // 0 for the command line
	Program    string             // this program and its version
	Progress   func(done, total int)
}

// Of the work on releases.
const (
	releaseSilence = time.Minute // who gave no sign of life for so long was killed
	releaseRows    = 512         // stored in one change: some milliseconds of the writer
	eraseRows      = 2000
)

// releasing is a release that is being made.
type releasing struct {
	s        *Store
	o        ReleaseOptions
	id       corpus.ReleaseID
	manifest corpus.ReleaseManifest
	people   map[corpus.AnnotatorID]string
	list     []frozen
}

// frozen is a document of a release.
type frozen struct {
	document corpus.DocumentID
	gold     corpus.GoldID
	hash     release.Hash
}

// AddRelease freezes the current gold of every living document, as it was at
// one moment. It takes small turns at writing, and the release is seen when all
// of it is there; what a killed one left behind is cleared up by the next. The
// error is *corpus.Invalid where the name will not do, there is no gold, or a
// document is not what it claims to be.
func (s *Store) AddRelease(ctx context.Context, o ReleaseOptions) (r corpus.Release, err error) {
	if o.Name, o.Note, err = corpus.CheckRelease(o.Name, o.Note); err != nil {
		return r, err
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	m := &releasing{s: s, o: o}
	if err := m.begin(ctx); err != nil {
		return r, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.eraseRelease(context.WithoutCancel(ctx), m.id))
		}
	}()

	if err := m.look(ctx); err != nil {
		return r, err
	}
	if err := m.freeze(ctx); err != nil {
		return r, err
	}
	if err := m.publish(ctx); err != nil {
		return r, err
	}

	return corpus.Release{ID: m.id, Project: o.Project, ReleaseManifest: m.manifest}, nil
}

// begin clears up after killed ones and takes the name.
func (m *releasing) begin(ctx context.Context) error {
	now := m.s.nowMillis()
	var left []corpus.ReleaseID
	err := m.s.rows(ctx, `SELECT id FROM releases WHERE state = 'making' AND beat_at < ?`, []any{now - releaseSilence.Milliseconds()}, func(rows *sql.Rows) error {
		var id corpus.ReleaseID
		err := rows.Scan(&id)
		left = append(left, id)
		return err
	})
	for _, id := range left {
		if err == nil {
			err = m.s.eraseRelease(ctx, id)
		}
	}
	if err != nil {
		return err
	}

	return m.s.write(ctx, func(t *tx) error {
		err := freeName(func(each func(*sql.Rows) error) error { return t.rows(releaseNames, []any{m.o.Project}, each) }, m.o.Name)
		if err != nil {
			return err
		}
		id, err := t.insert(`INSERT INTO releases (project_id, name, state, annotator_id, at, beat_at) VALUES (?, ?, 'making', ?, ?, ?)`, m.o.Project, m.o.Name, nullID(m.o.By), now, now)
		m.id = corpus.ReleaseID(id)
		return err
	})
}

// FreeReleaseName says whether a release of the project may get the name:
// *corpus.Invalid where another has it.
func (s *Store) FreeReleaseName(ctx context.Context, project corpus.ProjectID, name string) error {
	return freeName(func(each func(*sql.Rows) error) error { return s.rows(ctx, releaseNames, []any{project}, each) }, name)
}

const releaseNames = `SELECT name, state, removed_at IS NOT NULL FROM releases WHERE project_id = ?`

func freeName(rows func(func(*sql.Rows) error) error, wanted string) error {
	return rows(func(rows *sql.Rows) error {
		var name, state string
		var removed bool
		if err := rows.Scan(&name, &state, &removed); err != nil {
			return err
		}
		return refuseName(wanted, name, state, removed)
	})
}

// refuseName refuses a name that another release has.
func refuseName(wanted, name, state string, removed bool) error {
	switch {
	case !strings.EqualFold(wanted, name):
		return nil
	case state == "making":
		return corpus.Invalidf("name", "the release %q is being made right now", name)
	case removed:
		return corpus.Invalidf("name", "there was a release %q, which is removed; bring it back, or give this one another name", name)
	}

	return corpus.Invalidf("name", "there is a release %q already; give this one another name", name)
}

// look takes down, in one reading transaction, which gold there is and by which
// rules and names: 16 bytes a document.
func (m *releasing) look(ctx context.Context) error {
	t, err := m.s.r.BeginTx(ctx, nil)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = t.Rollback() }() // it has only read

	p, err := scanProject(t.QueryRowContext(ctx, `SELECT `+projectColumns+` FROM projects WHERE id = ?`, m.o.Project).Scan)
	if err != nil {
		return err
	}
	m.people = map[corpus.AnnotatorID]string{}
	err = eachRow(t.QueryContext(ctx, `SELECT id, name FROM annotators`))(func(rows *sql.Rows) error {
		var id corpus.AnnotatorID
		var name string
		err := rows.Scan(&id, &name)
		m.people[id] = name
		return err
	})
	if err != nil {
		return err
	}
	err = eachRow(t.QueryContext(ctx, `SELECT s.document_id, g.id FROM document_states s CROSS JOIN gold g ON g.document_id = s.document_id
		WHERE s.project_id = ?1 AND s.state = 'gold' AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)
		AND g.version = (SELECT max(version) FROM gold WHERE document_id = s.document_id) ORDER BY s.document_id`, m.o.Project))(func(rows *sql.Rows) error {
		var f frozen
		err := rows.Scan(&f.document, &f.gold)
		m.list = append(m.list, f)
		return err
	})
	switch {
	case err != nil:
		return err
	case p.Removed:
		return corpus.ErrNotFound
	case len(m.list) == 0:
		return corpus.Invalidf("", "no document of the project %q has gold yet; label some first", p.Name)
	}
	m.manifest = corpus.ReleaseManifest{
		Schema: release.Schema, Name: m.o.Name, Note: m.o.Note, ProjectName: p.Name, At: fromMillis(m.s.nowMillis()), By: m.people[m.o.By], Program: m.o.Program,
		Labels: p.Labels, Guidelines: p.Guidelines, Overlap: p.Overlap, OverlapShare: p.OverlapShare, Rule: p.Rule,
	}

	return nil
}

// freeze hashes each document and stores the rows.
func (m *releasing) freeze(ctx context.Context) error {
	sum := release.NewSum()
	names := release.Names{Labels: m.manifest.Labels.Names(), Deciders: m.people}
	done := 0
	var rows []frozen
	err := m.s.eachSealed(ctx, m.list, names, func(page []frozen, all []sealed) error {
		for i, one := range all {
			if one.err != nil {
				return inDocument(page[i].document, one)
			}
			sum.Add(one.counted, one.hash)
			page[i].hash = one.hash
		}
		done += len(page)
		m.o.Progress(done, len(m.list))
		if rows = append(rows, page...); len(rows) < releaseRows {
			return nil
		}
		err := m.store(ctx, rows)
		rows = rows[:0]
		return err
	})
	if err != nil {
		return err
	}
	sum.Seal(&m.manifest, m.people)

	return m.store(ctx, rows)
}

// inDocument says which document cannot be in a release.
func inDocument(id corpus.DocumentID, one sealed) error {
	if invalid, ok := errors.AsType[*corpus.Invalid](one.err); ok {
		return corpus.Invalidf("", "document %d (%s) cannot be in a release: %s", id, one.key, invalid.Reason)
	}
	return fmt.Errorf("document %d (%s): %w", id, one.key, one.err)
}

func (m *releasing) store(ctx context.Context, rows []frozen) error {
	return m.s.writeBulk(ctx, func(t *tx) error {
		if err := m.beat(t); err != nil {
			return err
		}
		for _, f := range rows {
			if _, err := t.exec(`INSERT INTO release_gold (release_id, document_id, gold_id, hash) VALUES (?, ?, ?, ?)`, m.id, f.document, f.gold, f.hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// beat says that the release is still being made, and stops it where another
// has cleared it up.
func (m *releasing) beat(t *tx) error {
	err := one(t.change(`UPDATE releases SET beat_at = ? WHERE id = ? AND state = 'making'`, m.s.nowMillis(), m.id))
	if errors.Is(err, corpus.ErrNotFound) {
		return corpus.Invalidf("", "this release stood still for so long that it was given up; make it again")
	}

	return err
}

// publish lets the release be seen.
func (m *releasing) publish(ctx context.Context) error {
	manifest, err := json.Marshal(m.manifest)
	if err != nil {
		return err
	}

	return m.s.write(ctx, func(t *tx) error {
		if err := m.beat(t); err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE releases SET state = 'done', at = ?, manifest = ? WHERE id = ?`, millis(m.manifest.At), string(manifest), m.id); err != nil {
			return err
		}
		return t.audit(m.o.By, m.o.Project, "release-added", m.o.Name, struct {
			Documents int    `json:"documents"`
			SHA256    string `json:"sha256"`
		}{m.manifest.Documents, m.manifest.Hash})
	})
}

// eraseRelease deletes a release that was never seen, in batches.
func (s *Store) eraseRelease(ctx context.Context, id corpus.ReleaseID) error {
	for {
		var n int64
		err := s.writeBulk(ctx, func(t *tx) (err error) {
			n, err = t.change(`DELETE FROM release_gold WHERE release_id = ?1 AND document_id IN (SELECT document_id FROM release_gold WHERE release_id = ?1 LIMIT ?2)`, id, eraseRows)
			if err != nil || n > 0 {
				return err
			}
			_, err = t.exec(`DELETE FROM releases WHERE id = ? AND state = 'making'`, id)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// SetReleaseRemoved hides a release or brings it back. Its data and its name
// stay its own. It is corpus.ErrNotFound where there is none.
func (s *Store) SetReleaseRemoved(ctx context.Context, project corpus.ProjectID, id corpus.ReleaseID, removed bool, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		var at any
		kind := "release-restored"
		if removed {
			at, kind = s.nowMillis(), "release-removed"
		}
		var name string
		if err := t.scan(`SELECT name FROM releases WHERE id = ? AND project_id = ? AND state = 'done'`, []any{id, project}, &name); err != nil {
			return err
		}
		n, err := t.change(`UPDATE releases SET removed_at = ?1 WHERE id = ?2 AND (removed_at IS NULL) = (?1 IS NOT NULL)`, at, id)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(by, project, kind, name, nil)
	})
}

// sealed is a document of a release as the data file has it now.
type sealed struct {
	key     string
	counted release.Counted
	hash    release.Hash
	err     error // why there is no hash: *corpus.Invalid where the document is not what it claims to be
}

// eachSealed reads gold in pages, hashes it on all cores, and hands the pages on
// in order. The next page is read meanwhile.
func (s *Store) eachSealed(ctx context.Context, list []frozen, names release.Names, do func([]frozen, []sealed) error) error {
	type stored struct {
		page []frozen
		rows map[corpus.GoldID]goldRow
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pages := make(chan stored, 1)
	go func() {
		defer close(pages)
		for len(list) > 0 {
			n := min(goldPage, len(list))
			next := stored{page: list[:n]}
			list = list[n:]
			next.rows, next.err = s.goldRows(ctx, next.page)
			if !send(ctx, pages, next) || next.err != nil {
				return
			}
		}
	}()

	for next := range pages {
		if next.err != nil {
			return next.err
		}
		all := make([]sealed, len(next.page))
		var busy sync.WaitGroup
		cores := runtime.GOMAXPROCS(0)
		for core := range cores {
			busy.Go(func() {
				for i := core; i < len(all); i += cores {
					all[i] = seal(next.page[i], next.rows, names)
				}
			})
		}
		busy.Wait()
		if err := do(next.page, all); err != nil {
			return err
		}
	}

	return ctx.Err() // half of a release must not look like all of it
}

// seal makes the hash of one document.
func seal(f frozen, rows map[corpus.GoldID]goldRow, names release.Names) sealed {
	row, ok := rows[f.gold]
	if !ok {
		return sealed{err: corpus.Invalidf("", "its gold %d is not in the data file", f.gold)}
	}
	out := sealed{key: row.gold.Document.Key()}
	if row.gold.Document.ID != f.document {
		out.err = corpus.Invalidf("", "its gold %d is that of document %d", f.gold, row.gold.Document.ID)
		return out
	}
	g, err := row.decode()
	if err != nil {
		out.err = corpus.Invalidf("", "its gold %d cannot be read: %v", f.gold, err)
		return out
	}
	out.counted = release.CountedOf(g)
	record, err := release.RecordOf(g, names)
	if out.err = err; err == nil {
		out.hash = record.Hash()
	}

	return out
}

// goldRows reads versions of gold with their documents, by the id of the gold.
func (s *Store) goldRows(ctx context.Context, page []frozen) (map[corpus.GoldID]goldRow, error) {
	ids := make([]corpus.GoldID, len(page))
	for i, f := range page {
		ids[i] = f.gold
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	out := make(map[corpus.GoldID]goldRow, len(page))
	err = s.rows(ctx, `SELECT `+goldRowColumns+`, `+documentColumns+` FROM json_each(?) j CROSS JOIN gold g ON g.id = j.value CROSS JOIN documents d ON d.id = g.document_id`, []any{string(list)}, func(r *sql.Rows) error {
		row, err := readGold(r)
		out[row.gold.ID] = row
		return err
	})

	return out, err
}

// VerifyRelease computes a release again from the data file: each text, each
// record, the counts and the hash. Found is told each difference, in the order
// of the documents, those about the release as a whole last. The error is one of
// reading; differences are none.
func (s *Store) VerifyRelease(ctx context.Context, r corpus.Release, progress func(done, total int), found func(corpus.ReleaseDifference)) error {
	var list []frozen
	err := s.rows(ctx, `SELECT document_id, gold_id, hash FROM release_gold WHERE release_id = ? ORDER BY document_id`, []any{r.ID}, func(rows *sql.Rows) error {
		var f frozen
		var hash []byte
		err := rows.Scan(&f.document, &f.gold, &hash)
		copy(f.hash[:], hash)
		list = append(list, f)
		return err
	})
	if err != nil {
		return err
	}

	sum := release.NewSum()
	done := 0
	err = s.eachSealed(ctx, list, release.NamesOf(r.ReleaseManifest), func(page []frozen, all []sealed) error {
		for i, one := range all {
			if why := unlike(page[i], one); why != "" {
				found(corpus.ReleaseDifference{Document: page[i].document, Key: one.key, Reason: why})
			}
			sum.Partial = sum.Partial || one.counted.Segmenter == ""
			sum.Add(one.counted, page[i].hash)
		}
		done += len(page)
		progress(done, len(list))
		return nil
	})
	if err != nil {
		return err
	}
	for _, why := range sum.Compare(r.ReleaseManifest) {
		found(corpus.ReleaseDifference{Reason: why})
	}

	return nil
}

// unlike says how a document differs from what was released, "" where it does
// not.
func unlike(f frozen, is sealed) string {
	if invalid, ok := errors.AsType[*corpus.Invalid](is.err); ok {
		return invalid.Reason
	}
	if is.err != nil {
		return is.err.Error()
	}
	if is.hash != f.hash {
		return "its record is not the one that was released: its blocks, what was decided, a label's name, or who decided it"
	}

	return ""
}

// DiffReleases says what became of release a in release b of the same project.
// Each is told the documents that differ, in the order of b; it may be nil.
func (s *Store) DiffReleases(ctx context.Context, a, b corpus.Release, each func(corpus.DocumentChange) error) (corpus.ReleaseDiff, error) {
	d := corpus.ReleaseDiff{
		From: a.Name, To: b.Name, SpansAdded: map[string]int{}, SpansRemoved: map[string]int{}, Labels: release.Labels(a.Labels, b.Labels),
		GuidelinesDiff: release.Unified("guidelines of "+a.Name, "guidelines of "+b.Name, a.Guidelines, b.Guidelines),
	}
	if was, is := ruleOf(a), ruleOf(b); was != is {
		d.SettingsWas, d.SettingsIs = was, is
	}
	if a.Project != b.Project {
		return d, corpus.Invalidf("", "%q and %q are releases of two projects", a.Name, b.Name)
	}
	changes, err := s.changes(ctx, a.ID, b.ID)
	if err != nil {
		return d, err
	}

	names := b.Labels.Names()
	for _, c := range changes {
		one, err := s.changed(ctx, c, names)
		if err != nil {
			return d, err
		}
		count(&d, one)
		if each != nil {
			if err := each(one); err != nil {
				return d, err
			}
		}
	}
	d.Unchanged = b.Documents - d.Added - d.Changed

	return d, nil
}

// ruleOf is how gold came about under a release's settings.
func ruleOf(r corpus.Release) string {
	return fmt.Sprintf("overlap %d on %d%%, rule %s", r.Overlap, r.OverlapShare, r.Rule)
}

func count(d *corpus.ReleaseDiff, c corpus.DocumentChange) {
	switch c.Kind {
	case corpus.DocumentAdded:
		d.Added++
	case corpus.DocumentRemoved:
		d.Removed++
	default:
		d.Changed++
	}
	if c.NewText {
		d.NewTexts++
	}
	d.WordsToBody += c.WordsToBody
	d.WordsToBoilerplate += c.WordsToBoilerplate
	for label, n := range c.SpansAdded {
		d.SpansAdded[label] += n
	}
	for label, n := range c.SpansRemoved {
		d.SpansRemoved[label] += n
	}
}

// change is a document with other gold in two releases: its gold in each, 0
// where it is not in it.
type change struct{ was, is frozen }

// changes finds, by key, the documents that two releases do not have alike.
func (s *Store) changes(ctx context.Context, a, b corpus.ReleaseID) ([]change, error) {
	const side = `(SELECT f.document_id, f.gold_id, d.key FROM release_gold f JOIN documents d ON d.id = f.document_id WHERE f.release_id = `
	var out []change
	err := s.rows(ctx, `SELECT coalesce(a.document_id, 0), coalesce(a.gold_id, 0), coalesce(b.document_id, 0), coalesce(b.gold_id, 0)
		FROM `+side+`?1) a FULL JOIN `+side+`?2) b ON b.key = a.key
		WHERE a.gold_id IS NOT b.gold_id ORDER BY coalesce(b.document_id, a.document_id)`, []any{a, b}, func(r *sql.Rows) error {
		var c change
		err := r.Scan(&c.was.document, &c.was.gold, &c.is.document, &c.is.gold)
		out = append(out, c)
		return err
	})

	return out, err
}

func (s *Store) changed(ctx context.Context, c change, names map[corpus.LabelID]string) (corpus.DocumentChange, error) {
	was, err := s.goldNumbered(ctx, c.was.gold)
	if err != nil {
		return corpus.DocumentChange{}, err
	}
	is, err := s.goldNumbered(ctx, c.is.gold)
	if err != nil {
		return corpus.DocumentChange{}, err
	}

	out := corpus.DocumentChange{Kind: corpus.DocumentChanged}
	d := is.Document
	switch {
	case was.ID == 0:
		out.Kind = corpus.DocumentAdded
	case is.ID == 0:
		out.Kind, d = corpus.DocumentRemoved, was.Document
	case was.Document.ID != is.Document.ID:
		out.NewText = true
	default:
		out = release.Between(was, is, names)
		out.Kind = corpus.DocumentChanged
	}
	out.Document, out.Key, out.Name = d.ID, d.Key(), d.Name

	return out, nil
}

// goldNumbered is one version of gold with its document; the zero value for 0.
func (s *Store) goldNumbered(ctx context.Context, id corpus.GoldID) (corpus.Gold, error) {
	if id == 0 {
		return corpus.Gold{}, nil
	}
	rows, err := s.goldRows(ctx, []frozen{{gold: id}})
	if err != nil {
		return corpus.Gold{}, err
	}
	row, ok := rows[id]
	if !ok {
		return corpus.Gold{}, corpus.ErrNotFound
	}

	return row.decode()
}

// ReleaseHashes are the hashes of a release's documents by key, 100 bytes of
// memory each.
func (s *Store) ReleaseHashes(ctx context.Context, id corpus.ReleaseID) (map[string]release.Hash, error) {
	out := map[string]release.Hash{}
	err := s.rows(ctx, `SELECT d.key, f.hash FROM release_gold f JOIN documents d ON d.id = f.document_id WHERE f.release_id = ?`, []any{id}, func(r *sql.Rows) error {
		var key string
		var stored []byte
		err := r.Scan(&key, &stored)
		out[key] = release.Hash(stored)
		return err
	})

	return out, err
}

// ReleaseGold is the gold that a document has in a release;
// corpus.ErrNotFound where it is not in it.
func (s *Store) ReleaseGold(ctx context.Context, id corpus.ReleaseID, document corpus.DocumentID) (gold corpus.GoldID, err error) {
	err = s.scan(ctx, `SELECT gold_id FROM release_gold WHERE release_id = ? AND document_id = ?`, []any{id, document}, &gold)

	return gold, err
}
