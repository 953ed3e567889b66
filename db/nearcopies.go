package db

import (
	"cmp"
	"context"
	"database/sql"
	"runtime"
	"slices"
	"strings"
	"sync"

	"annotate/internal/corpus"
	"annotate/internal/split"
	"annotate/internal/text"
)

// near has one process look for near-copies once at a time. Two would find the
// same and store it twice, which costs time and harms nothing.
type near struct{ sync.Mutex }

// NearProgress is how far a search for near-copies is.
type NearProgress struct {
	Done, Total int // documents that are read; then pairs that are compared
	Comparing   bool
}

// Of the work on near-copies.
const (
	sketchPage = 512     // documents read, and stored in one change
	nearPage   = 512     // pairs compared, and stored in one change
	nearCache  = 1 << 20 // shingles that are kept for the next pair: 8 MB for each worker
)

// unsketched selects the visible documents of project ?1 whose sketches are
// missing, of another version than ?2, or of older gold.
const unsketched = ` FROM document_states s
	LEFT JOIN sketches x ON x.project_id = s.project_id AND x.document_id = s.document_id AND x.kind = 'text'
	WHERE s.project_id = ?1 AND s.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)
	AND (x.version IS NOT ?2 OR x.gold_id <> coalesce((SELECT id FROM gold WHERE document_id = s.document_id ORDER BY version DESC LIMIT 1), 0))`

// Uncompared is how many documents of a project nobody has looked for
// near-copies of since they came or got other gold.
func (s *Store) Uncompared(ctx context.Context, project corpus.ProjectID) (int, error) {
	var n, fresh int
	if err := s.scan(ctx, `SELECT count(*)`+unsketched, []any{project, split.SketchVersion}, &n); err != nil {
		return 0, err
	}
	err := s.scan(ctx, `SELECT count(*) FROM sketches WHERE project_id = ? AND compared = 0 AND kind = 'text'`, []any{project}, &fresh)

	return n + fresh, err
}

// FindNearCopies compares the documents of a project that were not compared
// yet with all of its documents, and keeps the pairs. What one that was killed
// has done stays; the rest is done by the next. Progress may be nil.
func (s *Store) FindNearCopies(ctx context.Context, project corpus.ProjectID, progress func(NearProgress)) error {
	s.near.Lock()
	defer s.near.Unlock()
	if progress == nil {
		progress = func(NearProgress) {}
	}

	if err := s.sketch(ctx, project, progress); err != nil {
		return err
	}
	var fresh bool
	err := s.scan(ctx, `SELECT EXISTS (SELECT 1 FROM sketches WHERE project_id = ? AND compared = 0)`, []any{project}, &fresh)
	if err != nil || !fresh {
		return err
	}
	entries, err := s.sketches(ctx, project)
	if err != nil {
		return err
	}
	if err := s.compareAll(ctx, project, entries, progress); err != nil {
		return err
	}

	return s.setCompared(ctx, project, entries)
}

// sketched is a document with its sketches.
type sketched struct {
	id         corpus.DocumentID
	gold       corpus.GoldID // 0 for none
	text, body split.Sketch
}

func (s *Store) sketched(ctx context.Context, id corpus.DocumentID) (sketched, error) {
	k := sketched{id: id}
	var page, content string
	err := s.scan(ctx, `SELECT d.text, coalesce(g.id, 0), coalesce(g.content, '') FROM documents d
		LEFT JOIN gold g ON g.document_id = d.id AND g.version = (SELECT max(version) FROM gold WHERE document_id = d.id) WHERE d.id = ?`, []any{id}, &page, &k.gold, &content)
	if err != nil {
		return k, err
	}

	k.text = split.SketchOf(page)
	if k.gold != 0 {
		body, err := goldBody(page, content)
		if err != nil {
			return k, err
		}
		k.body = split.SketchOf(body)
	}

	return k, nil
}

// goldBody is what gold, as it is stored, calls body.
func goldBody(page, content string) (string, error) {
	var g corpus.Gold
	if err := decodeGold(&g, content, "[]", 0); err != nil {
		return "", err
	}
	x := text.NewIndex(page)
	var parts []string
	for _, p := range g.Pieces {
		if p.Class == corpus.Body {
			parts = append(parts, x.Slice(p.Range))
		}
	}

	return strings.Join(parts, "\n"), nil
}

// sketch makes the sketches that are missing or old.
func (s *Store) sketch(ctx context.Context, project corpus.ProjectID, progress func(NearProgress)) error {
	var ids []corpus.DocumentID
	err := s.rows(ctx, `SELECT s.document_id`+unsketched+` ORDER BY s.document_id`, []any{project, split.SketchVersion}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return err
	}

	// A page is stored while the next is read.
	stored := make(chan error, 1)
	stored <- nil
	for done := 0; done < len(ids); done += sketchPage {
		progress(NearProgress{Done: done, Total: len(ids)})
		some := ids[done:min(done+sketchPage, len(ids))]
		page, errs := make([]sketched, len(some)), make([]error, len(some))
		inParallel(len(some), func(i int) { page[i], errs[i] = s.sketched(ctx, some[i]) })
		if err := cmp.Or(<-stored, cmp.Or(errs...)); err != nil {
			return err
		}
		go func() { stored <- s.addSketches(ctx, project, page) }()
	}

	return <-stored
}

// inParallel calls do with each number below n, on all cores.
func inParallel(n int, do func(i int)) {
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	wait.Wait()
}

func (s *Store) addSketches(ctx context.Context, project corpus.ProjectID, page []sketched) error {
	return s.writeBulk(ctx, func(t *tx) error {
		for i := range page {
			k := &page[i]
			// With other gold, a pair of the old body may be none any more.
			if _, err := t.exec(`DELETE FROM near_copies WHERE project_id = ? AND document_id = ?`, project, k.id); err != nil {
				return err
			}
			if _, err := t.exec(`DELETE FROM near_copies WHERE of_id = ?`, k.id); err != nil {
				return err
			}
			if _, err := t.exec(`DELETE FROM sketches WHERE project_id = ? AND document_id = ?`, project, k.id); err != nil {
				return err
			}
			for kind, sketch := range map[split.Kind]*split.Sketch{split.Text: &k.text, split.Body: &k.body} {
				if kind == split.Body && sketch.Shingles == 0 {
					continue
				}
				if _, err := t.exec(`INSERT INTO sketches (project_id, document_id, kind, version, gold_id, words, shingles, mins) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
					project, k.id, kind, split.SketchVersion, k.gold, sketch.Words, sketch.Shingles, sketch.Bytes()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// sketches are all of a project, by document: 300 bytes each, and one for each
// two words.
func (s *Store) sketches(ctx context.Context, project corpus.ProjectID) ([]split.Entry, error) {
	var n int
	if err := s.scan(ctx, `SELECT count(*) FROM sketches WHERE project_id = ?`, []any{project}, &n); err != nil {
		return nil, err
	}
	out := make([]split.Entry, 0, n)
	err := s.rows(ctx, `SELECT document_id, kind, compared = 0, words, shingles, mins FROM sketches WHERE project_id = ? ORDER BY document_id, kind DESC`, []any{project}, func(r *sql.Rows) error {
		var e split.Entry
		var mins sql.RawBytes
		if err := r.Scan(&e.Document, &e.Kind, &e.Fresh, &e.Words, &e.Shingles, &mins); err != nil {
			return err
		}
		err := e.SetBytes(mins)
		out = append(out, e)
		return err
	})

	return out, err
}

// compareAll counts exactly what the candidates share, and keeps near-copies.
func (s *Store) compareAll(ctx context.Context, project corpus.ProjectID, entries []split.Entry, progress func(NearProgress)) error {
	candidates := split.Candidates(entries)
	caches := make([]shingles, runtime.GOMAXPROCS(0))
	for done := 0; done < len(candidates); done += nearPage {
		progress(NearProgress{Done: done, Total: len(candidates), Comparing: true})
		page := candidates[done:min(done+nearPage, len(candidates))]
		found := make([][]split.Pair, len(caches))
		errs := make([]error, len(caches))
		var wait sync.WaitGroup
		for w := range caches {
			wait.Go(func() {
				mine := page[w*len(page)/len(caches) : (w+1)*len(page)/len(caches)]
				found[w], errs[w] = s.compareSome(ctx, entries, mine, &caches[w])
			})
		}
		wait.Wait()
		if err := cmp.Or(errs...); err != nil {
			return err
		}
		if err := s.addNearCopies(ctx, project, slices.Concat(found...)); err != nil {
			return err
		}
	}

	return nil
}

func (s *Store) compareSome(ctx context.Context, entries []split.Entry, candidates []split.Candidate, cache *shingles) (out []split.Pair, err error) {
	for _, c := range candidates {
		a, b := &entries[c.A], &entries[c.B]
		x, err := cache.of(ctx, s, a)
		if err != nil {
			return nil, err
		}
		y, err := cache.of(ctx, s, b)
		if err != nil {
			return nil, err
		}
		like := split.Compare(x, y)
		if !like.Near(split.Alike) {
			continue
		}
		kind := split.Body
		if a.Kind == split.Text && b.Kind == split.Text {
			kind = split.Text
		}
		out = append(out, split.Pair{A: a.Document, B: b.Document, Kind: kind, Similarity: like})
	}

	return out, nil
}

// shingles keeps those of the texts that were compared last.
type shingles struct {
	have map[shinglesOf][]uint64
	size int
}

type shinglesOf struct {
	document corpus.DocumentID
	kind     split.Kind
}

func (c *shingles) of(ctx context.Context, s *Store, e *split.Entry) ([]uint64, error) {
	key := shinglesOf{e.Document, e.Kind}
	if got, ok := c.have[key]; ok {
		return got, nil
	}
	var page, content string
	err := s.scan(ctx, `SELECT d.text, coalesce((SELECT content FROM gold WHERE document_id = d.id ORDER BY version DESC LIMIT 1), '') FROM documents d WHERE d.id = ?`,
		[]any{e.Document}, &page, &content)
	if err == nil && e.Kind == split.Body && content != "" {
		page, err = goldBody(page, content)
	}
	if err != nil {
		return nil, err
	}

	got, _ := split.Shingles(page)
	if c.have == nil || c.size > nearCache {
		c.have, c.size = map[shinglesOf][]uint64{}, 0
	}
	c.have[key] = got
	c.size += len(got)

	return got, nil
}

// addNearCopies keeps pairs. Two pairs of bodies and texts of the same
// documents are one, the more alike.
func (s *Store) addNearCopies(ctx context.Context, project corpus.ProjectID, pairs []split.Pair) error {
	if len(pairs) == 0 {
		return nil
	}
	return s.writeBulk(ctx, func(t *tx) error {
		for _, p := range pairs {
			if _, err := t.exec(`INSERT INTO near_copies (project_id, document_id, of_id, kind, jaccard, containment, least) VALUES (?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET jaccard = excluded.jaccard, containment = excluded.containment, least = excluded.least WHERE excluded.jaccard > jaccard`,
				project, p.B, p.A, p.Kind, p.Jaccard, p.Containment, p.Least); err != nil {
				return err
			}
		}
		return nil
	})
}

// setCompared writes down that the fresh ones were compared.
func (s *Store) setCompared(ctx context.Context, project corpus.ProjectID, entries []split.Entry) error {
	for len(entries) > 0 {
		page := entries[:min(len(entries), 4*sketchPage)]
		entries = entries[len(page):]
		err := s.writeBulk(ctx, func(t *tx) error {
			for _, e := range page {
				if !e.Fresh {
					continue
				}
				if _, err := t.exec(`UPDATE sketches SET compared = 1 WHERE project_id = ? AND document_id = ? AND kind = ?`, project, e.Document, e.Kind); err != nil {
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

// NearCopies are the pairs of near-copies among a project's documents that were
// found, by document, also of removed and superseded ones. Where two are alike
// as a whole, their bodies make no second pair.
func (s *Store) NearCopies(ctx context.Context, project corpus.ProjectID, alike float64) ([]split.Pair, error) {
	if err := split.CheckSimilarity(alike); err != nil {
		return nil, err
	}
	var out []split.Pair
	err := s.rows(ctx, `SELECT of_id, document_id, kind, jaccard, containment, least FROM near_copies WHERE project_id = ? ORDER BY of_id, document_id, kind DESC`, []any{project}, func(r *sql.Rows) error {
		var p split.Pair
		err := r.Scan(&p.A, &p.B, &p.Kind, &p.Jaccard, &p.Containment, &p.Least)
		if last := len(out) - 1; p.Near(alike) && (last < 0 || out[last].A != p.A || out[last].B != p.B) {
			out = append(out, p)
		}
		return err
	})

	return out, err
}

// CountNearCopies is how many of a project's documents that came after one are
// near-copies of an earlier one; with 0, of all its documents. It counts what
// FindNearCopies has found.
func (s *Store) CountNearCopies(ctx context.Context, project corpus.ProjectID, after corpus.DocumentID) (n int, err error) {
	err = s.scan(ctx, `SELECT count(DISTINCT document_id) FROM near_copies WHERE project_id = ? AND document_id > ?`, []any{project, after}, &n)

	return n, err
}

// checkSketches makes every sketch again that is not old, and counts every pair
// again of documents whose sketches are not.
func (s *Store) checkSketches(ctx context.Context, found func(string, ...any)) error {
	projects, err := s.Projects(ctx)
	if err != nil {
		return err
	}
	for _, p := range projects {
		entries, err := s.sketches(ctx, p.ID)
		if err != nil {
			return err
		}
		old := map[corpus.DocumentID]bool{}
		err = s.rows(ctx, `SELECT s.document_id`+unsketched, []any{p.ID, split.SketchVersion}, func(r *sql.Rows) error {
			var id corpus.DocumentID
			err := r.Scan(&id)
			old[id] = true
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range entries {
			if old[e.Document] {
				continue
			}
			k, err := s.sketched(ctx, e.Document)
			if err != nil {
				return err
			}
			if e.Kind == split.Text && !e.Equal(&k.text) || e.Kind == split.Body && !e.Equal(&k.body) {
				found("the sketch of the %s of document %d is not what it was made of", e.Kind, e.Document)
			}
		}
		if err := s.checkNearCopies(ctx, p.ID, old, found); err != nil {
			return err
		}
	}

	return nil
}

// checkNearCopies takes pairs as they are kept: one that is called less alike
// than it is would not be among NearCopies.
func (s *Store) checkNearCopies(ctx context.Context, project corpus.ProjectID, old map[corpus.DocumentID]bool, found func(string, ...any)) error {
	var pairs []split.Pair
	err := s.rows(ctx, `SELECT of_id, document_id, kind, jaccard, containment, least FROM near_copies WHERE project_id = ? ORDER BY of_id, document_id, kind DESC`, []any{project}, func(r *sql.Rows) error {
		var p split.Pair
		err := r.Scan(&p.A, &p.B, &p.Kind, &p.Jaccard, &p.Containment, &p.Least)
		pairs = append(pairs, p)
		return err
	})
	if err != nil {
		return err
	}

	var cache shingles
	for _, p := range pairs {
		if old[p.A] || old[p.B] {
			continue
		}
		switch is, err := s.isKept(ctx, p, &cache); {
		case err != nil:
			return err
		case !is && p.Kind == split.Text:
			found("documents %d and %d are not as alike as is kept", p.A, p.B)
		case !is:
			found("the bodies of documents %d and %d are not as alike as is kept", p.A, p.B)
		}
	}

	return nil
}

// kindsOf are the texts that a pair of that kind may mean.
var kindsOf = map[split.Kind][][2]split.Kind{
	split.Text: {{split.Text, split.Text}},
	split.Body: {{split.Body, split.Body}, {split.Body, split.Text}, {split.Text, split.Body}},
}

// isKept reports whether a pair is near-copies, and as alike as it says.
func (s *Store) isKept(ctx context.Context, p split.Pair, cache *shingles) (bool, error) {
	for _, kinds := range kindsOf[p.Kind] {
		a, err := cache.of(ctx, s, &split.Entry{Document: p.A, Kind: kinds[0]})
		if err != nil {
			return false, err
		}
		b, err := cache.of(ctx, s, &split.Entry{Document: p.B, Kind: kinds[1]})
		if err != nil {
			return false, err
		}
		if like := split.Compare(a, b); like == p.Similarity && like.Near(split.Alike) {
			return true, nil
		}
	}

	return false, nil
}
