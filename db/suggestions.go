package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// suggestedColumns is how suggested.content is stored: columns, as gold is.
// Probabilities are thousandths.
type suggestedColumns struct {
	Sources []string         `json:"sources"`
	At      []int            `json:"at,omitempty"`    // blocks: where they start
	Class   string           `json:"class,omitempty"` // a letter of classLetters for each
	P       []int            `json:"p,omitempty"`
	From    []int            `json:"from,omitempty"` // index of Sources
	Pages   []int            `json:"pages,omitempty"`
	Spans   []int            `json:"spans,omitempty"` // start, end, start, end …
	Label   []corpus.LabelID `json:"label,omitempty"`
	SpanP   []int            `json:"spanP,omitempty"`
	Of      []int            `json:"of,omitempty"` // index of Sources
}

func thousandths(p float64) int { return int(math.Round(1000 * p)) }

func encodeSuggestions(s corpus.Suggestions) (string, error) {
	c := suggestedColumns{Sources: []string{}}
	source := func(name string) int {
		i := slices.Index(c.Sources, name)
		if i < 0 {
			i = len(c.Sources)
			c.Sources = append(c.Sources, name)
		}
		return i
	}
	class := make([]byte, len(s.Blocks))
	for i, b := range s.Blocks {
		c.At, c.P, c.From, c.Pages = append(c.At, b.Block), append(c.P, thousandths(b.P)), append(c.From, source(b.Source)), append(c.Pages, b.Pages)
		class[i] = letters[max(0, slices.Index(classLetters, b.Class))]
	}
	c.Class = string(class)
	for _, p := range s.Spans {
		c.Spans, c.Label, c.SpanP, c.Of = append(c.Spans, p.Start, p.End), append(c.Label, p.Label), append(c.SpanP, thousandths(p.P)), append(c.Of, source(p.Source))
	}
	b, err := json.Marshal(c)

	return string(b), err
}

func decodeSuggestions(content string) (s corpus.Suggestions, err error) {
	var c suggestedColumns
	if err := json.Unmarshal([]byte(content), &c); err != nil {
		return s, fmt.Errorf("suggestions: %w", err)
	}
	n, m := len(c.At), len(c.Label)
	if len(c.Class) != n || len(c.P) != n || len(c.From) != n || len(c.Pages) != n || len(c.Spans) != 2*m || len(c.SpanP) != m || len(c.Of) != m {
		return s, errors.New("suggestions: columns of different lengths")
	}
	source := func(i int) (string, error) {
		if i < 0 || i >= len(c.Sources) {
			return "", fmt.Errorf("suggestions: there is no source %d", i)
		}
		return c.Sources[i], nil
	}
	s.Blocks, s.Spans = make([]corpus.BlockSuggestion, n), make([]corpus.SpanSuggestion, m)
	for i := range s.Blocks {
		letter := strings.IndexByte(letters, c.Class[i])
		if letter < 0 {
			return s, fmt.Errorf("suggestions: there is no class %q", c.Class[i])
		}
		b := corpus.BlockSuggestion{Block: c.At[i], Class: classLetters[letter], P: float64(c.P[i]) / 1000, Pages: c.Pages[i]}
		if b.Source, err = source(c.From[i]); err != nil {
			return s, err
		}
		s.Blocks[i] = b
	}
	for i := range s.Spans {
		p := corpus.SpanSuggestion{Range: text.Range{Start: c.Spans[2*i], End: c.Spans[2*i+1]}, Label: c.Label[i], P: float64(c.SpanP[i]) / 1000}
		if p.Source, err = source(c.Of[i]); err != nil {
			return s, err
		}
		s.Spans[i] = p
	}

	return s, nil
}

// Suggested is what a person was suggested for a document; corpus.ErrNotFound
// where that was nothing yet.
func (s *Store) Suggested(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID) (out corpus.Shown, err error) {
	defer wrap(&err, "suggestions for document %d", doc)

	out, _, err = suggested(asking{ctx, s}, deskKey{doc, who})

	return out, err
}

func suggested(a asks, key deskKey) (out corpus.Shown, content string, err error) {
	var at int64
	var model sql.NullInt64
	if err = a.scan(`SELECT arm, coalesce(model_id, 0), at, content FROM suggested WHERE document_id = ? AND annotator_id = ?`, []any{key.document, key.annotator}, &out.Arm, &model, &at, &content); err != nil {
		return out, "", err
	}
	out.Suggestions, err = decodeSuggestions(content)
	out.At, out.Model = fromMillis(at), corpus.ModelID(model.Int64)

	return out, content, err
}

// KeepSuggested keeps what a person is suggested for a document, and returns
// what that is from now on: once they have done something on the document, what
// was kept before stays, and where nothing was, nothing comes.
func (s *Store) KeepSuggested(ctx context.Context, doc corpus.DocumentID, who corpus.AnnotatorID, shown corpus.Shown) (out corpus.Shown, err error) {
	defer wrap(&err, "suggestions for document %d", doc)

	content, err := encodeSuggestions(shown.Suggestions)
	if err != nil {
		return out, err
	}
	before, was, err := suggested(asking{ctx, s}, deskKey{doc, who})
	if err == nil && was == content && before.Arm == shown.Arm {
		return before, nil
	}
	if err != nil && !errors.Is(err, corpus.ErrNotFound) {
		return out, err
	}
	err = s.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO suggested (document_id, annotator_id, project_id, arm, model_id, at, content)
			SELECT d.id, ?2, d.project_id, ?3, ?4, ?5, ?6 FROM documents d WHERE d.id = ?1 AND NOT EXISTS (SELECT 1 FROM annotations WHERE document_id = ?1 AND annotator_id = ?2)
			ON CONFLICT DO UPDATE SET arm = excluded.arm, model_id = excluded.model_id, at = excluded.at, content = excluded.content`,
			doc, who, shown.Arm, nullID(shown.Model), s.nowMillis(), content)
		if err != nil {
			return err
		}
		out, _, err = suggested(t, deskKey{doc, who})
		if errors.Is(err, corpus.ErrNotFound) {
			err = nil
		}
		return err
	})

	return out, err
}

// Arm is the arm that a document belongs to; see corpus.Settings.Arm.
func (s *Store) Arm(ctx context.Context, doc corpus.DocumentID, set corpus.Settings) (corpus.Arm, error) {
	var shuffle int64
	err := s.scan(ctx, `SELECT shuffle FROM document_states WHERE document_id = ?`, []any{doc}, &shuffle)

	return set.Arm(shuffle), err
}

// kept counts what became of the suggestions of one source.
type kept struct {
	blocks, blocksKept, spans, spansKept int
}

// keptOf compares what was suggested with what is handed in, by source. A block
// is kept where all of it has the suggested class, a span where exactly it is
// there with the suggested label.
func keptOf(s corpus.Suggestions, d corpus.Document, g corpus.Gold) map[string]kept {
	out := map[string]kept{}
	piece, block := 0, 0
	for _, b := range s.Blocks {
		for block < len(d.Blocks) && d.Blocks[block].Start < b.Block {
			block++
		}
		if block == len(d.Blocks) || d.Blocks[block].Start != b.Block {
			continue
		}
		for piece < len(g.Pieces) && g.Pieces[piece].Start < b.Block {
			piece++
		}
		same := true
		for i := piece; i < len(g.Pieces) && g.Pieces[i].Start < d.Blocks[block].End; i++ {
			same = same && g.Pieces[i].Class == b.Class
		}
		k := out[b.Source]
		k.blocks++
		if same {
			k.blocksKept++
		}
		out[b.Source] = k
	}
	for _, p := range s.Spans {
		k := out[p.Source]
		k.spans++
		if slices.ContainsFunc(g.Spans, func(o corpus.Span) bool { return o.Range == p.Range && o.Label == p.Label }) {
			k.spansKept++
		}
		out[p.Source] = k
	}

	return out
}

// addCorrections keeps what became of suggestions when a document is handed in.
func (t *tx) addCorrections(w *work, b *batch, row, now int64) error {
	shown, _, err := suggested(t, w.key)
	if errors.Is(err, corpus.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := t.exec(`DELETE FROM corrections WHERE annotation_id = ?`, row); err != nil {
		return err
	}
	for source, k := range keptOf(shown.Suggestions, w.doc, *b.submit) {
		_, err := t.exec(`INSERT INTO corrections (annotation_id, source, project_id, arm, at, blocks, blocks_kept, spans, spans_kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			row, source, w.doc.Project, shown.Arm, now, k.blocks, k.blocksKept, k.spans, k.spansKept)
		if err != nil {
			return err
		}
	}

	return nil
}

// Acceptance lists what became of suggestions in a project, by arm and source,
// the busiest source first.
func (s *Store) Acceptance(ctx context.Context, project corpus.ProjectID) (out []corpus.Acceptance, err error) {
	err = s.rows(ctx, `SELECT arm, source, count(*), sum(blocks), sum(blocks_kept), sum(spans), sum(spans_kept) FROM corrections
		WHERE project_id = ? GROUP BY arm, source ORDER BY arm DESC, sum(blocks) + sum(spans) DESC, source`, []any{project}, func(r *sql.Rows) error {
		var a corpus.Acceptance
		err := r.Scan(&a.Arm, &a.Source, &a.Documents, &a.Blocks, &a.BlocksKept, &a.Spans, &a.SpansKept)
		out = append(out, a)
		return err
	})

	return out, err
}

// ArmEfforts are what the labellings of a project took for which suggestions
// were made, in the order they were handed in.
func (s *Store) ArmEfforts(ctx context.Context, project corpus.ProjectID) (out []corpus.ArmEffort, err error) {
	err = s.rows(ctx, `SELECT s.arm, e.document_id, e.annotator_id, e.active_ms, e.words, e.gold_id IS NOT NULL, e.gold_tp, e.gold_fp, e.gold_fn FROM efforts e
		JOIN suggested s ON s.document_id = e.document_id AND s.annotator_id = e.annotator_id
		WHERE e.project_id = ? ORDER BY e.at, e.annotation_id`, []any{project}, func(r *sql.Rows) error {
		var e corpus.ArmEffort
		var ms int64
		err := r.Scan(&e.Arm, &e.Document, &e.Annotator, &ms, &e.Words, &e.Compared, &e.TP, &e.FP, &e.FN)
		e.Active = time.Duration(ms) * time.Millisecond
		out = append(out, e)
		return err
	})

	return out, err
}

// checkSuggestions reads every suggestion and compares every correction with
// what it sums up.
func (s *Store) checkSuggestions(ctx context.Context, found func(string, ...any)) error {
	type one struct {
		row int64
		deskKey
		content string
		arm     corpus.Arm
	}
	for after := int64(0); ; {
		var page []one
		err := s.rows(ctx, `SELECT n.id, n.document_id, n.annotator_id, x.content, g.arm FROM annotations n
			JOIN suggested g ON g.document_id = n.document_id AND g.annotator_id = n.annotator_id
			JOIN submissions x ON x.id = (SELECT max(id) FROM submissions WHERE document_id = n.document_id AND annotator_id = n.annotator_id)
			WHERE n.id > ? AND n.purpose IN ('label', 'check') ORDER BY n.id LIMIT ?`, []any{after, checkPage}, func(r *sql.Rows) error {
			var o one
			err := r.Scan(&o.row, &o.document, &o.annotator, &o.content, &o.arm)
			after = o.row
			page = append(page, o)
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page {
			shown, err := s.Suggested(ctx, o.document, o.annotator)
			if err != nil {
				return err
			}
			d, err := s.Document(ctx, o.document)
			if err != nil {
				return err
			}
			var g corpus.Gold
			if err := decodeGold(&g, o.content, "[]", 0); err != nil {
				return err
			}
			want, have := keptOf(shown.Suggestions, d, g), map[string]kept{}
			err = s.rows(ctx, `SELECT source, blocks, blocks_kept, spans, spans_kept FROM corrections WHERE annotation_id = ?`, []any{o.row}, func(r *sql.Rows) error {
				var source string
				var k kept
				err := r.Scan(&source, &k.blocks, &k.blocksKept, &k.spans, &k.spansKept)
				have[source] = k
				return err
			})
			if err != nil {
				return err
			}
			for source, k := range want {
				if have[source] != k {
					found("what person %d made of the suggestions of %s for document %d does not add up", o.annotator, source, o.document)
				}
			}
		}
		if len(page) < checkPage {
			return nil
		}
	}
}
