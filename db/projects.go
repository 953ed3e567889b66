package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"annotate/internal/corpus"
)

const projectColumns = `id, name, guidelines, labels, cutting, queue_order, removed_at IS NOT NULL, added_at`

func scanProject(scan func(...any) error) (corpus.Project, error) {
	var p corpus.Project
	var labels string
	var added int64
	if err := scan(&p.ID, &p.Name, &p.Guidelines, &labels, &p.Cutting, &p.Order, &p.Removed, &added); err != nil {
		return corpus.Project{}, translate(err)
	}
	p.Added = fromMillis(added)
	var err error
	p.Labels, err = decodeLabels(labels)

	return p, err
}

// decoded remembers label sets by their JSON: each page that is opened needs
// its project's, and nearly all of them are the same.
var decoded struct {
	sync.Mutex
	sets map[string]corpus.LabelSet
}

// maxDecoded bounds decoded.
const maxDecoded = 256

// decodeLabels gives a set of the caller's own.
func decodeLabels(text string) (corpus.LabelSet, error) {
	decoded.Lock()
	defer decoded.Unlock()
	if set, ok := decoded.sets[text]; ok {
		return slices.Clone(set), nil
	}
	var set corpus.LabelSet
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	if len(decoded.sets) >= maxDecoded || decoded.sets == nil {
		decoded.sets = map[string]corpus.LabelSet{}
	}
	decoded.sets[text] = set

	return slices.Clone(set), nil
}

func (s *Store) project(ctx context.Context, query string, arg any) (corpus.Project, error) {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return corpus.Project{}, err
	}

	return scanProject(st.QueryRowContext(ctx, arg).Scan)
}

// Projects lists all projects by name, removed ones last.
func (s *Store) Projects(ctx context.Context) ([]corpus.Project, error) {
	var out []corpus.Project
	err := s.rows(ctx, `SELECT `+projectColumns+` FROM projects ORDER BY removed_at IS NOT NULL, name`, nil, func(r *sql.Rows) error {
		p, err := scanProject(r.Scan)
		out = append(out, p)
		return err
	})

	return out, err
}

// Project is corpus.ErrNotFound where there is none; a removed one is there.
func (s *Store) Project(ctx context.Context, id corpus.ProjectID) (corpus.Project, error) {
	return s.project(ctx, `SELECT `+projectColumns+` FROM projects WHERE id = ?`, id)
}

// ProjectByName finds a living project, in any case.
func (s *Store) ProjectByName(ctx context.Context, name string) (corpus.Project, error) {
	return s.project(ctx, `SELECT `+projectColumns+` FROM projects WHERE name = ? AND removed_at IS NULL`, strings.TrimSpace(name))
}

// maxGuidelines is in bytes.
const maxGuidelines = 256 << 10

func checkProject(p *corpus.Project) error {
	p.Name = strings.TrimSpace(p.Name)
	switch {
	case p.Name == "":
		return corpus.Invalidf("name", "a project needs a name")
	case utf8.RuneCountInString(p.Name) > 120:
		return corpus.Invalidf("name", "a project's name holds at most 120 characters")
	case strings.ContainsFunc(p.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return corpus.Invalidf("name", "a project's name holds no control characters")
	case len(p.Guidelines) > maxGuidelines:
		return corpus.Invalidf("guidelines", "guidelines hold at most %d kB", maxGuidelines>>10)
	case p.Order != corpus.AsImported && p.Order != corpus.RandomOrder:
		return corpus.Invalidf("order", "there is no queue order %q", p.Order)
	case p.Cutting == "":
		return corpus.Invalidf("cutting", "choose how texts are cut into blocks")
	}

	return p.Labels.Check(nil)
}

// AddProject adds a project. It is *corpus.Invalid where the name is taken,
// also by a removed project, or the labels collide.
func (s *Store) AddProject(ctx context.Context, p corpus.Project) (id corpus.ProjectID, err error) {
	if err := checkProject(&p); err != nil {
		return 0, err
	}
	labels, err := json.Marshal(p.Labels)
	if err != nil {
		return 0, err
	}

	err = s.write(ctx, func(t *tx) error {
		n, err := t.insert(`INSERT INTO projects (name, guidelines, labels, cutting, queue_order, added_at) VALUES (?, ?, ?, ?, ?, ?)`,
			p.Name, p.Guidelines, string(labels), p.Cutting, p.Order, s.nowMillis())
		id = corpus.ProjectID(n)
		return err
	})
	if errors.Is(err, errUnique) {
		return 0, corpus.Invalidf("name", "there is a project named %q already", p.Name)
	}

	return id, err
}

// SetProject replaces name, guidelines, labels, cutting and order. Labels are
// retired, never taken out: it is *corpus.Invalid where one that the project
// has is missing. A new cutting rule is for documents imported from now on.
func (s *Store) SetProject(ctx context.Context, p corpus.Project) error {
	if err := checkProject(&p); err != nil {
		return err
	}
	labels, err := json.Marshal(p.Labels)
	if err != nil {
		return err
	}

	err = s.write(ctx, func(t *tx) error {
		has, err := projectLabels(t, p.ID)
		if err != nil {
			return err
		}
		renamed := false
		for _, l := range has {
			now, ok := p.Labels.ByID(l.ID)
			if !ok {
				return corpus.Invalidf("labels", "the label %q cannot be deleted, spans may carry it; retire it", l.Name)
			}
			renamed = renamed || now.Name != l.Name
		}
		if renamed { // predictions name their labels, so scores of spans are others now
			if _, err := t.exec(`UPDATE scores SET metrics = 0 WHERE run_id IN (SELECT id FROM runs WHERE project_id = ?)`, p.ID); err != nil {
				return err
			}
		}
		return one(t.change(`UPDATE projects SET name = ?, guidelines = ?, labels = ?, cutting = ?, queue_order = ? WHERE id = ?`,
			p.Name, p.Guidelines, string(labels), p.Cutting, p.Order, p.ID))
	})
	if errors.Is(err, errUnique) {
		return corpus.Invalidf("name", "there is a project named %q already", p.Name)
	}

	return err
}

func projectLabels(t *tx, id corpus.ProjectID) (corpus.LabelSet, error) {
	var text string
	if err := t.scan(`SELECT labels FROM projects WHERE id = ?`, []any{id}, &text); err != nil {
		return nil, err
	}

	return decodeLabels(text)
}

// SetProjectRemoved hides a project or brings it back. Nothing of it is lost.
func (s *Store) SetProjectRemoved(ctx context.Context, id corpus.ProjectID, removed bool) error {
	return s.write(ctx, func(t *tx) error {
		var at any
		if removed {
			at = s.nowMillis()
		}
		return one(t.change(`UPDATE projects SET removed_at = ? WHERE id = ?`, at, id))
	})
}

// Counts tells how many of a project's documents stand in each state. A state
// that none is in is missing.
func (s *Store) Counts(ctx context.Context, id corpus.ProjectID) (corpus.Counts, error) {
	out := corpus.Counts{}
	err := s.rows(ctx, `SELECT state, documents FROM project_counts WHERE project_id = ? AND documents > 0`, []any{id}, func(r *sql.Rows) error {
		var state corpus.State
		var n int
		if err := r.Scan(&state, &n); err != nil {
			return err
		}
		out[state] = n
		return nil
	})

	return out, err
}

func addCount(t *tx, project corpus.ProjectID, state corpus.State, n int) error {
	_, err := t.exec(`INSERT INTO project_counts (project_id, state, documents) VALUES (?, ?, ?)
		ON CONFLICT (project_id, state) DO UPDATE SET documents = documents + excluded.documents`, project, state, n)

	return err
}
