package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/split"
)

// Splits assigns the documents of a release, or with release 0 the living
// documents of the project, looks for near-copies first where they matter, and
// remembers what it gave out: asked again, a document has the same part, unless
// Moves says otherwise. Parts that people fixed count as they were when the
// release was made.
func (s *Store) Splits(ctx context.Context, project corpus.ProjectID, spec split.Spec, by split.By, release corpus.ReleaseID) (split.Assignment, error) {
	if by == split.BySite || by == split.ByCluster {
		if err := s.FindNearCopies(ctx, project, nil); err != nil {
			return split.Assignment{}, err
		}
	}
	in, err := s.splitting(ctx, project, release)
	if err != nil {
		return split.Assignment{}, err
	}
	kept, err := s.splitGroups(ctx, project, split.Name(spec, by))
	if err != nil {
		return split.Assignment{}, err
	}
	a := split.Assign(spec, by, in.documents, in.pairs, kept, in.fixed)

	return a, s.rememberSplit(ctx, project, a)
}

// SplitReport is what Splits would give out now, with the near-copies that were
// found so far, and remembers nothing.
func (s *Store) SplitReport(ctx context.Context, project corpus.ProjectID, spec split.Spec, by split.By, release corpus.ReleaseID) (split.Report, error) {
	in, err := s.splitting(ctx, project, release)
	if err != nil {
		return split.Report{}, err
	}
	if err := s.addSplitGold(ctx, project, release, in.documents); err != nil {
		return split.Report{}, err
	}
	kept, err := s.splitGroups(ctx, project, split.Name(spec, by))
	if err != nil {
		return split.Report{}, err
	}

	return split.Assign(spec, by, in.documents, in.pairs, kept, in.fixed).Report(in.documents, in.pairs), nil
}

// splitting is what an assignment is made of.
type splitting struct {
	documents []split.Document
	pairs     []split.Pair
	fixed     []split.Fixed
}

func (s *Store) splitting(ctx context.Context, project corpus.ProjectID, release corpus.ReleaseID) (in splitting, err error) {
	var at time.Time // now
	from := ` FROM document_states s CROSS JOIN documents d ON d.id = s.document_id LEFT JOIN sketches x ON x.project_id = ?1 AND x.document_id = d.id AND x.kind = 'text'
		WHERE s.project_id = ?1 AND s.state NOT IN ('superseded', 'removed') AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1) AND ?2 = 0`
	if release != 0 {
		r, err := s.Release(ctx, project, release)
		if err != nil {
			return in, err
		}
		at = r.At
		from = ` FROM release_gold f CROSS JOIN documents d ON d.id = f.document_id LEFT JOIN sketches x ON x.project_id = ?1 AND x.document_id = d.id AND x.kind = 'text' WHERE f.release_id = ?2`
	}

	err = s.rows(ctx, `SELECT d.id, d.key, d.name, d.site, d.language, d.added_at, d.meta, coalesce(x.words, 0)`+from+` ORDER BY d.id`, []any{project, release}, func(r *sql.Rows) error {
		var d split.Document
		var added int64
		var meta string
		err := r.Scan(&d.ID, &d.Key, &d.Name, &d.Site, &d.Language, &added, &meta, &d.Words)
		d.At = split.Written(meta, fromMillis(added))
		in.documents = append(in.documents, d)
		return err
	})
	if err != nil {
		return in, err
	}
	if in.pairs, err = s.NearCopies(ctx, project, split.Alike); err != nil {
		return in, err
	}
	in.fixed, err = s.FixedSplits(ctx, project, at)

	return in, err
}

// addSplitGold counts what the gold of the documents holds.
func (s *Store) addSplitGold(ctx context.Context, project corpus.ProjectID, release corpus.ReleaseID, documents []split.Document) error {
	p, err := s.Project(ctx, project)
	if err != nil {
		return err
	}
	labels := p.Labels.Names()
	from := sourceOf(corpus.GoldFilter{Project: project, Release: release})
	newest, through, err := s.goldNow(ctx, project)
	if err != nil {
		return err
	}
	of := func(id corpus.DocumentID) *split.Document {
		i, found := slices.BinarySearchFunc(documents, id, func(d split.Document, id corpus.DocumentID) int { return int(d.ID - id) })
		if !found { // it came meanwhile
			return &split.Document{}
		}
		return &documents[i]
	}

	args := []any{from.first, 0, newest, through}
	err = s.rows(ctx, `SELECT document_id, length(class) - length(replace(class, 'b', '')), length(class) - length(replace(class, 'x', ''))
		FROM (SELECT s.document_id, g.content ->> 'class' AS class`+from.gold()+`) ORDER BY document_id`, args, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var body, boilerplate int
		err := r.Scan(&id, &body, &boilerplate)
		d := of(id)
		d.Gold, d.Body, d.Boilerplate = true, body, boilerplate
		return err
	})
	if err != nil {
		return err
	}

	return s.rows(ctx, `SELECT x.document_id, l.value, count(*) FROM (SELECT s.document_id, g.content`+from.gold()+`) x, json_each(x.content, '$.label') l GROUP BY 1, 2 ORDER BY 1, 2`, args, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var label corpus.LabelID
		var n int
		err := r.Scan(&id, &label, &n)
		d := of(id)
		if d.Spans == nil {
			d.Spans = map[string]int{}
		}
		d.Spans[labels[label]] += n
		return err
	})
}

// splitGroups is what is remembered of a split.
func (s *Store) splitGroups(ctx context.Context, project corpus.ProjectID, name string) (map[string]split.Kept, error) {
	out := map[string]split.Kept{}
	err := s.rows(ctx, `SELECT name, part, was, first_at FROM split_groups WHERE project_id = ? AND split = ?`, []any{project, name}, func(r *sql.Rows) error {
		var group string
		var k split.Kept
		var at int64
		err := r.Scan(&group, &k.Part, &k.Was, &at)
		k.At = fromMillis(at)
		out[group] = k
		return err
	})

	return out, err
}

// groupRows is how many groups are remembered in one change.
const groupRows = 2000

func (s *Store) rememberSplit(ctx context.Context, project corpus.ProjectID, a split.Assignment) error {
	name, now := split.Name(a.Spec, a.By), s.nowMillis()
	names := make([]string, 0, len(a.Fresh))
	for group := range a.Fresh {
		names = append(names, group)
	}
	slices.Sort(names)
	for page := range slices.Chunk(names, groupRows) {
		err := s.writeBulk(ctx, func(t *tx) error {
			for _, group := range page {
				k := a.Fresh[group]
				if _, err := t.exec(`INSERT INTO split_groups (project_id, split, name, part, was, first_at) VALUES (?, ?, ?, ?, ?, ?)
					ON CONFLICT DO UPDATE SET part = excluded.part, was = excluded.was`, project, name, group, k.Part, k.Was, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// FixedSplits are the parts that people chose for documents and sites, as they
// were at a time, or with the zero time are now: documents by key, then sites
// by name.
func (s *Store) FixedSplits(ctx context.Context, project corpus.ProjectID, at time.Time) ([]split.Fixed, error) {
	until := s.nowMillis()
	if !at.IsZero() {
		until = millis(at)
	}
	var out []split.Fixed
	err := s.rows(ctx, `SELECT f.document_key, f.site, f.part, coalesce(a.name, ''), f.at FROM split_fixes f LEFT JOIN annotators a ON a.id = f.annotator_id
		WHERE f.id IN (SELECT max(id) FROM split_fixes WHERE project_id = ? AND at <= ? GROUP BY document_key, site) AND f.part <> ''
		ORDER BY f.site, f.document_key`, []any{project, until}, func(r *sql.Rows) error {
		var f split.Fixed
		var when int64
		err := r.Scan(&f.Document, &f.Site, &f.Part, &f.By, &when)
		f.At = fromMillis(when)
		out = append(out, f)
		return err
	})

	return out, err
}

// SplitFix puts documents, or all documents of a site, into a part.
type SplitFix struct {
	Part      string // "" gives them back to the rule
	Documents []corpus.DocumentID
	Site      string
}

// maxFixes bounds how many documents are fixed in one change.
const maxFixes = 10_000

// FixSplit fixes a part by hand, and says for how many documents and sites that
// changed something. The error is *corpus.Invalid where a document or site is
// not there, or the part cannot be called so.
func (s *Store) FixSplit(ctx context.Context, project corpus.ProjectID, fix SplitFix, by corpus.AnnotatorID) (n int, err error) {
	if fix.Part != "" {
		if err := split.CheckPart(fix.Part); err != nil {
			return 0, err
		}
	}
	switch {
	case fix.Site == "" && len(fix.Documents) == 0:
		return 0, corpus.Invalidf("documents", "name a document or a site")
	case len(fix.Documents) > maxFixes:
		return 0, corpus.Invalidf("documents", "at most %d documents can be fixed at once", maxFixes)
	}

	err = s.write(ctx, func(t *tx) error {
		n = 0
		if fix.Site != "" {
			var there bool
			if err := t.scan(`SELECT EXISTS (SELECT 1 FROM documents WHERE project_id = ? AND site = ? AND site <> '')`, []any{project, fix.Site}, &there); err != nil {
				return err
			}
			if !there {
				return corpus.Invalidf("site", "no document of the project is from the site %q", fix.Site)
			}
			if err := s.fix(t, project, "", fix.Site, fix.Part, by, &n); err != nil {
				return err
			}
		}
		changed := n
		for _, id := range fix.Documents {
			var key string
			if err := t.scan(`SELECT d.key FROM documents d WHERE d.id = ? AND d.project_id = ? AND `+visible, []any{id, project}, &key); err != nil {
				return noSuchDocument(err, id)
			}
			if err := s.fix(t, project, key, "", fix.Part, by, &n); err != nil {
				return err
			}
		}
		return t.auditFix(project, fix, changed > 0, n > changed, by)
	})

	return n, err
}

func noSuchDocument(err error, id corpus.DocumentID) error {
	if translate(err) == corpus.ErrNotFound {
		return corpus.Invalidf("documents", "the project has no document %d", id)
	}
	return err
}

// fix adds what a person chose where it is not so already.
func (s *Store) fix(t *tx, project corpus.ProjectID, key, site, part string, by corpus.AnnotatorID, n *int) error {
	var is string
	err := t.scan(`SELECT coalesce((SELECT part FROM split_fixes WHERE project_id = ? AND document_key = ? AND site = ? ORDER BY id DESC LIMIT 1), '')`, []any{project, key, site}, &is)
	if err != nil || is == part {
		return err
	}
	*n++
	_, err = t.exec(`INSERT INTO split_fixes (project_id, document_key, site, part, annotator_id, at) VALUES (?, ?, ?, ?, ?, ?)`, project, key, site, part, nullID(by), s.nowMillis())

	return err
}

// auditFix writes down what changed.
func (t *tx) auditFix(project corpus.ProjectID, fix SplitFix, site, documents bool, by corpus.AnnotatorID) error {
	kind := "split-fixed"
	if fix.Part == "" {
		kind = "split-freed"
	}
	var what []string
	if site {
		what = append(what, "site "+fix.Site)
	}
	if documents {
		what = append(what, fixedList(fix.Documents))
	}
	if len(what) == 0 {
		return nil
	}
	return t.audit(by, project, kind, strings.Join(what, ", "), splitFixed{fix.Part})
}

// splitFixed is how the log keeps it.
type splitFixed struct {
	Part string `json:"part,omitempty"`
}

// fixedList names documents; of many, how many there are.
func fixedList(ids []corpus.DocumentID) string {
	if len(ids) > 20 {
		return fmt.Sprintf("%d documents", len(ids))
	}
	if len(ids) == 1 {
		return fmt.Sprintf("document %d", ids[0])
	}
	return "documents " + idList(ids)
}

// SplitsInMeta are the living documents of a project whose metadata names a
// part under that field, by part: what an import said of them.
func (s *Store) SplitsInMeta(ctx context.Context, project corpus.ProjectID, field string) (map[string][]corpus.DocumentID, error) {
	out := map[string][]corpus.DocumentID{}
	err := s.rows(ctx, `SELECT d.id, j.value FROM document_states s CROSS JOIN documents d ON d.id = s.document_id, json_each(d.meta) j
		WHERE s.project_id = ?1 AND s.state NOT IN ('superseded', 'removed') AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)
		AND j.key = ?2 AND j.type = 'text' ORDER BY d.id`, []any{project, field}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		var part string
		err := r.Scan(&id, &part)
		out[part] = append(out[part], id)
		return err
	})

	return out, err
}

// DocumentKeyed is the newest version of the document with that key outside;
// corpus.ErrNotFound where there is none.
func (s *Store) DocumentKeyed(ctx context.Context, project corpus.ProjectID, key string) (id corpus.DocumentID, err error) {
	err = s.scan(ctx, `SELECT d.id FROM documents d WHERE d.project_id = ? AND d.key = ? AND `+visible+` ORDER BY d.version DESC LIMIT 1`, []any{project, key}, &id)

	return id, err
}
