package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// AddRuling settles a text, and returns the number of the ruling. The error is
// *corpus.Invalid where the project cannot keep it, and corpus.ErrNotFound
// where a document that is left out is not the project's.
func (s *Store) AddRuling(ctx context.Context, d corpus.Ruling, by corpus.AnnotatorID) (id corpus.RulingID, err error) {
	err = s.write(ctx, func(t *tx) error {
		p, err := scanProjectRow(t, d.Project)
		if err != nil {
			return err
		}
		if err := d.Check(p.Labels); err != nil {
			return err
		}
		if err := t.checkPlaces(d); err != nil {
			return err
		}

		row, err := t.insert(`INSERT INTO rulings (project_id, kind, site, key, sample, class, label_id, annotator_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			d.Project, d.About, d.Site, d.Key, d.Sample, d.Class, d.Label, nullID(by), s.nowMillis())
		if err != nil {
			return err
		}
		for _, place := range d.Without {
			if _, err := t.exec(`INSERT INTO vetoes (ruling_id, document_id, start) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, row, place.Document, place.Start); err != nil {
				return err
			}
		}
		id = corpus.RulingID(row)
		return t.audit(by, d.Project, "ruling-made", auditSample(d.Sample), auditRuling(d, p.Labels))
	})

	return id, err
}

// checkPlaces says whether site and places are the project's.
func (t *tx) checkPlaces(d corpus.Ruling) error {
	var there bool
	err := t.scan(`SELECT ?2 = '' OR EXISTS (SELECT 1 FROM documents WHERE project_id = ?1 AND site = ?2 AND site <> '')`, []any{d.Project, d.Site}, &there)
	if err == nil && !there {
		err = corpus.Invalidf("site", "no document of the project is from the site %q", d.Site)
	}
	for _, place := range d.Without {
		if err != nil {
			return err
		}
		err = t.scan(`SELECT 1 FROM documents d WHERE d.id = ? AND d.project_id = ? AND `+visible, []any{place.Document, d.Project}, &there)
	}

	return err
}

// UndoRuling takes a ruling back, so that the one before it about the same
// text counts again, and returns what is undone. It is corpus.ErrNotFound where
// the project has no such ruling, and *corpus.Invalid where it is undone
// already.
func (s *Store) UndoRuling(ctx context.Context, project corpus.ProjectID, id corpus.RulingID, by corpus.AnnotatorID) (d corpus.Ruling, err error) {
	if d, err = s.Ruling(ctx, project, id); err != nil { // it is written once, so it may be read before
		return d, err
	}

	return d, s.write(ctx, func(t *tx) error {
		p, err := scanProjectRow(t, project)
		if err != nil {
			return err
		}
		var undone bool
		if err := t.scan(`SELECT EXISTS (SELECT 1 FROM rulings WHERE undoes = ?)`, []any{id}, &undone); err != nil {
			return err
		}
		if undone {
			return corpus.Invalidf("", "this ruling is undone already")
		}
		_, err = t.exec(`INSERT INTO rulings (project_id, kind, site, key, sample, class, label_id, annotator_id, at, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			project, d.About, d.Site, d.Key, d.Sample, d.Class, d.Label, nullID(by), s.nowMillis(), id)
		if err != nil {
			return err
		}
		return t.audit(by, project, "ruling-undone", auditSample(d.Sample), auditRuling(d, p.Labels))
	})
}

// maxAuditSample bounds how much of a text the log repeats, in bytes.
const maxAuditSample = 80

func auditSample(sample string) string {
	line := strings.Join(strings.Fields(sample), " ")
	if len(line) > maxAuditSample {
		line = clip(line, maxAuditSample) + "…"
	}
	return line
}

// rulingEntry is what the log keeps of a ruling: what the text is, and where.
type rulingEntry struct {
	As      string `json:"as"`
	Where   string `json:"where"`
	Without int    `json:"without,omitempty"` // places left out
}

func auditRuling(d corpus.Ruling, labels corpus.LabelSet) rulingEntry {
	e := rulingEntry{As: string(d.Class), Where: "on " + d.Site, Without: len(d.Without)}
	if d.Site == "" {
		e.Where = "in the whole project"
	}
	switch l, _ := labels.ByID(d.Label); {
	case d.About == corpus.OfSpan && d.Label == 0:
		e.As = "no entity"
	case d.About == corpus.OfSpan:
		e.As = l.Name
	case d.Class == corpus.Undecided:
		e.As = "open"
	}

	return e
}

const (
	rulingColumns = `d.id, d.project_id, d.kind, d.site, d.key, d.sample, d.class, d.label_id, coalesce(d.annotator_id, 0), coalesce(a.name, ''), d.at,
		(SELECT json_group_array(json_array(v.document_id, v.start)) FROM vetoes v WHERE v.ruling_id = d.id)`
	rulingTables = ` FROM rulings d LEFT JOIN annotators a ON a.id = d.annotator_id`

	// counting is the condition that a ruling counts.
	counting = `d.id IN (SELECT max(n.id) FROM rulings n WHERE n.project_id = ?1 AND n.undoes IS NULL AND NOT EXISTS (SELECT 1 FROM rulings u WHERE u.undoes = n.id)
		GROUP BY n.kind, n.site, n.key)`
)

func scanRuling(r *sql.Rows) (d corpus.Ruling, err error) {
	var at int64
	var without string
	if err := r.Scan(&d.ID, &d.Project, &d.About, &d.Site, &d.Key, &d.Sample, &d.Class, &d.Label, &d.Who, &d.By, &at, &without); err != nil {
		return d, err
	}
	d.At = fromMillis(at)
	var places [][2]int64
	if err := json.Unmarshal([]byte(without), &places); err != nil {
		return d, fmt.Errorf("ruling %d: %w", d.ID, err)
	}
	for _, p := range places {
		d.Without = append(d.Without, corpus.Place{Document: corpus.DocumentID(p[0]), Start: int(p[1])})
	}

	return d, nil
}

// Ruling is one ruling of a project, undone or not; corpus.ErrNotFound where
// there is none.
func (s *Store) Ruling(ctx context.Context, project corpus.ProjectID, id corpus.RulingID) (d corpus.Ruling, err error) {
	err = s.rows(ctx, `SELECT `+rulingColumns+rulingTables+` WHERE d.project_id = ? AND d.id = ? AND d.undoes IS NULL`, []any{project, id}, func(r *sql.Rows) error {
		d, err = scanRuling(r)
		return err
	})
	if err == nil && d.ID == 0 {
		err = corpus.ErrNotFound
	}

	return d, err
}

// Rulings are those that count for the documents of a site: its own and those
// of the whole project, at most one for each text and reach, the newest first.
// With site "" they are those of the whole project alone.
func (s *Store) Rulings(ctx context.Context, project corpus.ProjectID, site string) ([]corpus.Ruling, error) {
	return s.rulingsThat(ctx, `d.site IN ('', ?2)`, project, site)
}

// AllRulings are the rulings of a project that count, wherever, the newest first.
func (s *Store) AllRulings(ctx context.Context, project corpus.ProjectID) ([]corpus.Ruling, error) {
	return s.rulingsThat(ctx, `?2 = ''`, project, "")
}

func (s *Store) rulingsThat(ctx context.Context, where string, project corpus.ProjectID, site string) (out []corpus.Ruling, err error) {
	err = s.rows(ctx, `SELECT `+rulingColumns+rulingTables+` WHERE d.project_id = ?1 AND `+where+` AND `+counting+` ORDER BY d.id DESC`,
		[]any{project, site}, func(r *sql.Rows) error {
			d, err := scanRuling(r)
			out = append(out, d)
			return err
		})

	return out, err
}

// NewestRuling is the newest row about rulings of a project, an undo
// included; 0 where there is none. What is made of rulings holds until it
// changes.
func (s *Store) NewestRuling(ctx context.Context, project corpus.ProjectID) (id corpus.RulingID, err error) {
	err = s.scan(ctx, `SELECT coalesce(max(id), 0) FROM rulings WHERE project_id = ?`, []any{project}, &id)

	return id, err
}

// TextSearch is a text that is looked for in living documents.
type TextSearch struct {
	Project corpus.ProjectID
	Site    string                             // "" for the whole project
	Text    string                             // its words are in every document that is meant
	In      func(corpus.Document) []text.Range // where it stands in a document, in order
}

// Bounds of Find: documents looked through, and places listed.
const (
	findDocuments = 500
	findPlaces    = 200
)

// Find is where a text stands, the newest documents first. Of a site the newest
// documents are looked through, of a project the newest that have the words of
// the text, numbers left out, as a person would find them by searching: one
// that spells them with other characters of the same meaning, as a ligature, is
// not among them.
func (s *Store) Find(ctx context.Context, f TextSearch) (out corpus.Finds, err error) {
	ids, err := s.candidates(ctx, f)
	if err != nil {
		return out, err
	}
	if len(ids) > findDocuments {
		ids, out.More = ids[:findDocuments], true
	}
	places := 0
	for _, id := range ids {
		if places == findPlaces {
			out.More = true
			break
		}
		one, err := s.lookInto(ctx, id, f.In)
		if errors.Is(err, corpus.ErrNotFound) {
			continue // it went since
		}
		if err != nil {
			return out, err
		}
		out.Looked++
		if rest := findPlaces - places; len(one.Places) > rest {
			one.Places, out.More = one.Places[:rest], true
		}
		if places += len(one.Places); len(one.Places) > 0 {
			out.List = append(out.List, one)
		}
	}

	return out, nil
}

// candidates are the documents that may have the text, one more than are looked
// through where there are.
func (s *Store) candidates(ctx context.Context, f TextSearch) (ids []corpus.DocumentID, err error) {
	const living = ` JOIN document_states s ON s.document_id = d.id AND s.state NOT IN ('superseded', 'removed')
		WHERE d.project_id = ?1 AND d.id <= (SELECT visible_through FROM projects WHERE id = ?1)`
	query, of := `SELECT d.id FROM documents d`+living+` AND ?2 = '' ORDER BY d.id DESC LIMIT ?3`, ""
	switch words := wordsWithoutNumbers(f.Text); {
	case f.Site != "":
		query, of = `SELECT d.id FROM documents d INDEXED BY documents_site`+living+` AND d.site = ?2 AND d.site <> '' ORDER BY d.id DESC LIMIT ?3`, f.Site
	case len(words) > 0:
		query = `SELECT d.id FROM documents_fts CROSS JOIN documents d ON d.id = documents_fts.rowid` + living + ` AND documents_fts MATCH ?2 ORDER BY documents_fts.rowid DESC LIMIT ?3`
		of = `"` + strings.Join(words, `" "`) + `"`
	}
	err = s.rows(ctx, query, []any{f.Project, of, findDocuments + 1}, func(r *sql.Rows) error {
		var id corpus.DocumentID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})

	return ids, err
}

// maxNarrowing is how many words of a text narrow a search down.
const maxNarrowing = 12

func wordsWithoutNumbers(t string) []string {
	var out []string
	for _, w := range strings.Fields(new(distinct).of(clip(t, maxTyped))) {
		if !strings.ContainsFunc(w, unicode.IsNumber) && len(out) < maxNarrowing {
			out = append(out, w)
		}
	}

	return out
}

// lookInto looks for the text in one document.
func (s *Store) lookInto(ctx context.Context, id corpus.DocumentID, in func(corpus.Document) []text.Range) (one corpus.Found, err error) {
	if err := s.scan(ctx, `SELECT state FROM document_states WHERE document_id = ?`, []any{id}, &one.State); err != nil {
		return one, err
	}
	if one.Document, err = s.Document(ctx, id); err != nil {
		return one, err
	}
	one.Places = in(one.Document)
	if len(one.Places) == 0 || one.State != corpus.Golden {
		return one, nil
	}
	g, err := s.GoldOf(ctx, id, 0)
	one.Gold = &g

	return one, err
}

// checkRulings looks for rulings that undo another text's, and for places
// of other projects.
func (s *Store) checkRulings(ctx context.Context, found func(string, ...any)) error {
	err := s.rows(ctx, `SELECT u.id, d.id FROM rulings u JOIN rulings d ON d.id = u.undoes
		WHERE (u.project_id, u.kind, u.site, u.key) IS NOT (d.project_id, d.kind, d.site, d.key) OR d.undoes IS NOT NULL ORDER BY u.id`, nil, func(r *sql.Rows) error {
		var undo, of corpus.RulingID
		err := r.Scan(&undo, &of)
		found("ruling %d undoes ruling %d, which is about something else", undo, of)
		return err
	})
	if err != nil {
		return err
	}

	return s.rows(ctx, `SELECT v.ruling_id, v.document_id FROM vetoes v JOIN rulings d ON d.id = v.ruling_id JOIN documents x ON x.id = v.document_id
		WHERE x.project_id <> d.project_id OR v.start < 0 ORDER BY v.ruling_id, v.document_id`, nil, func(r *sql.Rows) error {
		var id corpus.RulingID
		var doc corpus.DocumentID
		err := r.Scan(&id, &doc)
		found("ruling %d leaves out a place of document %d, which is none of its project", id, doc)
		return err
	})
}
