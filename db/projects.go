package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"annotate/internal/corpus"
)

const projectColumns = `id, name, guidelines, labels, cutting, settings, removed_at IS NOT NULL, added_at`

func scanProject(scan func(...any) error) (corpus.Project, error) {
	var p corpus.Project
	var labels, settings string
	var added int64
	if err := scan(&p.ID, &p.Name, &p.Guidelines, &labels, &p.Cutting, &settings, &p.Removed, &added); err != nil {
		return corpus.Project{}, translate(err)
	}
	p.Added = fromMillis(added)
	var err error
	if p.Settings, err = decodeSettings(settings); err != nil {
		return corpus.Project{}, err
	}
	p.Labels, err = decodeLabels(labels)

	return p, err
}

func scanProjectRow(t *tx, id corpus.ProjectID) (corpus.Project, error) {
	st, err := t.stmt(`SELECT ` + projectColumns + ` FROM projects WHERE id = ?`)
	if err != nil {
		return corpus.Project{}, err
	}

	return scanProject(st.QueryRowContext(t.ctx, id).Scan)
}

func decodeSettings(text string) (corpus.Settings, error) {
	var set corpus.Settings
	if err := json.Unmarshal([]byte(text), &set); err != nil {
		return set, fmt.Errorf("settings: %w", err)
	}

	return set.Whole()
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
	case p.Cutting == "":
		return corpus.Invalidf("cutting", "choose how texts are cut into blocks")
	}

	var err error
	if p.Settings, err = p.Settings.Whole(); err != nil {
		return err
	}

	return p.Labels.Check(nil)
}

// AddProject adds a project. It is *corpus.Invalid where the name is taken,
// also by a removed project, or the labels collide. Who adds it manages it.
func (s *Store) AddProject(ctx context.Context, p corpus.Project, by corpus.AnnotatorID) (id corpus.ProjectID, err error) {
	if err := checkProject(&p); err != nil {
		return 0, err
	}
	labels, settings, err := encodeProject(p)
	if err != nil {
		return 0, err
	}

	err = s.write(ctx, func(t *tx) error {
		n, err := t.insert(`INSERT INTO projects (name, guidelines, labels, cutting, settings, added_at) VALUES (?, ?, ?, ?, ?, ?)`,
			p.Name, p.Guidelines, labels, p.Cutting, settings, s.nowMillis())
		if err != nil {
			return err
		}
		id = corpus.ProjectID(n)
		if err := t.audit(by, id, "project-added", p.Name, nil); err != nil {
			return err
		}
		return s.found(t, id, by)
	})
	if errors.Is(err, errUnique) {
		return 0, corpus.Invalidf("name", "there is a project named %q already", p.Name)
	}

	return id, err
}

func encodeProject(p corpus.Project) (labels, settings string, err error) {
	l, err1 := json.Marshal(p.Labels)
	q, err2 := json.Marshal(p.Settings)

	return string(l), string(q), errors.Join(err1, err2)
}

// SetProject replaces name, guidelines, labels, cutting and settings. Labels
// are retired, never taken out: it is *corpus.Invalid where one that the
// project has is missing. A new cutting rule is for documents imported from
// now on; a new overlap or rule for gold is for every document without gold,
// and holds for all of them when SetProject returns.
func (s *Store) SetProject(ctx context.Context, p corpus.Project, by corpus.AnnotatorID) error {
	if err := checkProject(&p); err != nil {
		return err
	}
	requeue := false
	err := s.write(ctx, func(t *tx) error {
		before, err := scanProjectRow(t, p.ID)
		if err != nil {
			return err
		}
		if err := keepLabels(t, before, p); err != nil {
			return err
		}
		labels, settings, err := encodeProject(p)
		if err != nil {
			return err
		}
		if _, err := t.exec(`UPDATE projects SET name = ?, guidelines = ?, labels = ?, cutting = ?, settings = ? WHERE id = ?`, p.Name, p.Guidelines, labels, p.Cutting, settings, p.ID); err != nil {
			return err
		}
		if requeue = p.Overlap != before.Overlap || p.OverlapShare != before.OverlapShare || p.Rule != before.Rule; requeue {
			if _, err := t.exec(`UPDATE projects SET requeue_after = 0 WHERE id = ?`, p.ID); err != nil {
				return err
			}
		}
		return auditSettings(t, before, p, by)
	})
	if errors.Is(err, errUnique) {
		return corpus.Invalidf("name", "there is a project named %q already", p.Name)
	}
	if err == nil && requeue {
		err = s.Requeue(ctx, p.ID)
	}

	return err
}

// keepLabels refuses a label set that lacks one that the project has.
func keepLabels(t *tx, before, p corpus.Project) error {
	renamed := false
	for _, l := range before.Labels {
		now, ok := p.Labels.ByID(l.ID)
		if !ok {
			return corpus.Invalidf("labels", "the label %q cannot be deleted, spans may carry it; retire it", l.Name)
		}
		renamed = renamed || now.Name != l.Name
	}
	if !renamed {
		return nil
	}
	// Predictions name their labels, so scores of spans are others now.
	_, err := t.exec(`UPDATE scores SET metrics = 0 WHERE run_id IN (SELECT id FROM runs WHERE project_id = ?)`, p.ID)

	return err
}

// auditSettings writes down what changed, each thing as it was and as it is.
func auditSettings(t *tx, before, p corpus.Project, by corpus.AnnotatorID) error {
	change := map[string][2]any{}
	compare := func(what string, was, is any) {
		if !reflect.DeepEqual(was, is) {
			change[what] = [2]any{was, is}
		}
	}
	compare("name", before.Name, p.Name)
	compare("guidelines", before.Guidelines, p.Guidelines)
	compare("labels", before.Labels, p.Labels)
	compare("cutting", before.Cutting, p.Cutting)
	compare("settings", before.Settings, p.Settings)
	if len(change) == 0 {
		return nil
	}

	return t.audit(by, p.ID, "project-settings", p.Name, change)
}

func projectLabels(t *tx, id corpus.ProjectID) (corpus.LabelSet, error) {
	var text string
	if err := t.scan(`SELECT labels FROM projects WHERE id = ?`, []any{id}, &text); err != nil {
		return nil, err
	}

	return decodeLabels(text)
}

// SetProjectRemoved hides a project or brings it back. Nothing of it is lost.
func (s *Store) SetProjectRemoved(ctx context.Context, id corpus.ProjectID, removed bool, by corpus.AnnotatorID) error {
	return s.write(ctx, func(t *tx) error {
		name, err := projectName(t, id)
		if err != nil {
			return err
		}
		var at any
		kind := "project-restored"
		if removed {
			at, kind = s.nowMillis(), "project-removed"
		}
		n, err := t.change(`UPDATE projects SET removed_at = ?1 WHERE id = ?2 AND (removed_at IS NULL) = (?1 IS NOT NULL)`, at, id)
		if err != nil || n == 0 {
			return err
		}
		return t.audit(by, id, kind, name, nil)
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
