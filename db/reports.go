package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync/atomic"

	"annotate/internal/corpus"
	"annotate/internal/report"
	"annotate/internal/score"
)

// ReportOptions say what a report is about.
type ReportOptions struct {
	report.Options
	Program  string                // this program and its version
	Common   bool                  // leave out documents that not every run has predicted
	Progress func(done, total int) // documents scored, over all runs; may be nil
}

// Report reports about runs of a project over all documents that have gold.
// Scores that are kept are not taken again; others are taken first, on all
// cores, and kept. The error is *corpus.Invalid where there is nothing to
// report about.
func (s *Store) Report(ctx context.Context, p corpus.Project, runs []corpus.Run, o ReportOptions) (r report.Report, err error) {
	if len(runs) == 0 {
		return r, corpus.Invalidf("", "name a run to report about")
	}
	for attempt := 0; ; attempt++ {
		if r, err = s.report(ctx, p, runs, o); !errors.Is(err, errMoved) || attempt == 5 {
			return r, err
		}
	}
}

// errMoved is gold that changed while a report was being made.
var errMoved = errors.New("gold changes faster than it can be reported about; try again")

func (s *Store) report(ctx context.Context, p corpus.Project, runs []corpus.Run, o ReportOptions) (report.Report, error) {
	picked := make([]int, len(o.Measures)) // their places among the usual ones
	kept := true
	for i, m := range o.Measures {
		picked[i] = slices.IndexFunc(score.Usual, func(u score.Measure) bool { return u.Name == m.Name })
		kept = kept && picked[i] >= 0
	}
	if kept {
		if err := s.ScoreRuns(ctx, p, runs, o.Progress); err != nil {
			return report.Report{}, err
		}
	}
	revision, err := s.GoldRevision(ctx, p.ID)
	if err != nil {
		return report.Report{}, err
	}
	hash, err := s.GoldHash(ctx, p.ID)
	if err != nil {
		return report.Report{}, err
	}

	h := report.Header{Title: p.Name, Program: o.Program, Gold: hash}
	if p.Guidelines != "" {
		sum := sha256.Sum256([]byte(p.Guidelines))
		h.Guidelines = hex.EncodeToString(sum[:])
	}
	ids, named := make([]corpus.RunID, len(runs)), make([]report.Run, len(runs))
	for k, run := range runs {
		ids[k], named[k] = run.ID, report.Run{ID: run.ID, Name: run.Name, Cleaner: run.Cleaner}
	}
	var common []corpus.RunID
	if o.Common {
		common = ids
	}
	b := report.NewBuilder(h, o.Measures, named)
	var documents []corpus.DocumentID
	for k, run := range runs {
		n := 0
		for d, err := range s.scores(ctx, p, run.ID, revision.Newest, common, o.Measures, picked, kept) {
			if err != nil {
				return report.Report{}, err
			}
			if k == 0 {
				documents = append(documents, d.ID)
				b.Document(report.Document{ID: d.ID, Gold: d.Gold, Key: d.Scored.ID, Name: d.Name, URL: d.URL, Site: d.Site, Fields: d.Fields})
			} else if n >= len(documents) || documents[n] != d.ID {
				return report.Report{}, errMoved
			}
			b.Score(k, d.Scored)
			n++
		}
		if n != len(documents) {
			return report.Report{}, errMoved
		}
	}
	switch {
	case len(documents) == 0 && o.Common && revision.Golden > 0:
		return report.Report{}, corpus.Invalidf("", "there is no document that all of these runs have predicted")
	case len(documents) == 0:
		return report.Report{}, corpus.Invalidf("", "no document of the project %q has gold yet; label some first", p.Name)
	}
	if o.Common {
		b.LeftOut(max(0, revision.Golden-len(documents)))
	}
	ceiling, err := s.Ceiling(ctx, p.ID, o.Resamples)
	if err != nil {
		return report.Report{}, err
	}
	b.Ceiling(ceiling)

	return b.Report(o.Options)
}

// scores are the scores by the measures, kept ones or, where a measure is not
// among those, taken now.
func (s *Store) scores(ctx context.Context, p corpus.Project, run corpus.RunID, newest corpus.GoldID, common []corpus.RunID, measures []score.Measure, picked []int, kept bool) iter.Seq2[ScoredDocument, error] {
	if kept {
		return func(yield func(ScoredDocument, error) bool) {
			for d, err := range s.Scores(ctx, p.ID, run, newest, common) {
				if err == nil {
					all := d.Figures
					d.Figures = make([]score.Figure, len(picked))
					for i, at := range picked {
						d.Figures[i] = all[at]
					}
				}
				if !yield(d, err) || err != nil {
					return
				}
			}
		}
	}

	return func(yield func(ScoredDocument, error) bool) {
		err := report.ScoreAll(ctx, measures, p.Labels, s.Paired(ctx, p.ID, run, common), func(pairs []score.Paired, golds []score.Gold, scored []score.Scored) error {
			for i, pair := range pairs {
				g := golds[i]
				d := ScoredDocument{ID: pair.Gold.Document.ID, Gold: pair.Gold.ID, Name: g.Name, URL: g.URL, Fields: g.Fields, Scored: scored[i]}
				if !yield(d, nil) {
					return errStop
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(ScoredDocument{}, err)
		}
	}
}

var errStop = errors.New("stopped by the reader")

// ScoreRuns takes the scores that are missing or out of date, and keeps them.
func (s *Store) ScoreRuns(ctx context.Context, p corpus.Project, runs []corpus.Run, progress func(done, total int)) error {
	total := 0
	counts := make([]int, len(runs))
	for k, run := range runs {
		var err error
		if counts[k], err = s.Unscored(ctx, p.ID, run.ID); err != nil {
			return err
		}
		total += counts[k]
	}
	var done atomic.Int64
	for k, run := range runs {
		if counts[k] == 0 {
			continue
		}
		err := report.ScoreAll(ctx, score.Usual, p.Labels, s.ToScore(ctx, p.ID, run.ID), func(pairs []score.Paired, _ []score.Gold, scored []score.Scored) error {
			if err := s.AddScores(ctx, run.ID, pairs, scored); err != nil {
				return err
			}
			n := done.Add(int64(len(pairs)))
			if progress != nil {
				progress(int(n), max(total, int(n)))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// Ceiling is how well people do, over the documents that two of them decided
// blind; nil where no two people decided one document.
func (s *Store) Ceiling(ctx context.Context, project corpus.ProjectID, r score.Resampling) (*report.Ceiling, error) {
	c := report.Ceiling{}
	var f1 score.Column
	var blocks score.Confusion
	var starts, ends float64
	for t, err := range s.DecidedTwice(ctx, project) {
		if err != nil {
			return nil, err
		}
		if !t.Blind {
			c.Seen++
			continue
		}
		between := score.Between(t.A, t.B)
		c.Documents++
		f1 = append(f1, between.Words.F1())
		blocks = blocks.Add(between.Blocks)
		starts += float64(between.Start)
		ends += float64(between.End)
	}
	if c.Documents+c.Seen == 0 {
		return nil, nil
	}
	c.Kappa, c.Start, c.End = blocks.Kappa(), starts/float64(c.Documents), ends/float64(c.Documents)
	c.F1 = score.Interval{Mean: math.NaN(), SD: math.NaN(), Low: math.NaN(), High: math.NaN()}
	if c.Documents > 0 {
		c.F1 = score.Spread(f1.Mean(), r.Means([]score.Column{f1}, nil)[0])
	}

	return &c, nil
}

// Twice is a document that two people decided: the gold of each.
type Twice struct {
	A, B  corpus.Gold // B is the later one
	Blind bool        // the second had begun before the first had decided
}

// DecidedTwice yields the living documents with gold for which two people have
// each decided alone: the newest gold of the first and of the second of them.
func (s *Store) DecidedTwice(ctx context.Context, project corpus.ProjectID) iter.Seq2[Twice, error] {
	return func(yield func(Twice, error) bool) {
		var ids []corpus.DocumentID
		_, through, err := s.goldNow(ctx, project)
		if err == nil {
			err = s.rows(ctx, `SELECT g.document_id FROM gold g JOIN document_states s ON s.document_id = g.document_id
				WHERE g.project_id = ?1 AND s.state = 'gold' AND g.document_id <= ?2 AND json_array_length(g.annotators) = 1
				GROUP BY g.document_id HAVING count(DISTINCT g.annotators) > 1 ORDER BY 1`, []any{project, through}, func(r *sql.Rows) error {
				var id corpus.DocumentID
				err := r.Scan(&id)
				ids = append(ids, id)
				return err
			})
		}
		for _, id := range ids {
			var t Twice
			if err == nil {
				t, err = s.twice(ctx, id)
			}
			if err != nil {
				break
			}
			if !yield(t, nil) {
				return
			}
		}
		if err != nil {
			yield(Twice{}, fmt.Errorf("documents decided twice: %w", err))
		}
	}
}

func (s *Store) twice(ctx context.Context, id corpus.DocumentID) (Twice, error) {
	var t Twice
	d, err := s.Document(ctx, id)
	if err != nil {
		return t, err
	}
	var decided []corpus.Gold // the newest of each person, by first decision
	var first []int64
	err = s.rows(ctx, `SELECT id, version, at, annotators, content FROM gold WHERE document_id = ? AND json_array_length(annotators) = 1 ORDER BY version`, []any{id}, func(r *sql.Rows) error {
		g := corpus.Gold{Document: d}
		var at int64
		var annotators, content string
		if err := r.Scan(&g.ID, &g.Version, &at, &annotators, &content); err != nil {
			return err
		}
		if err := decodeGold(&g, content, annotators, at); err != nil {
			return err
		}
		for i := range decided {
			if decided[i].Annotators[0] == g.Annotators[0] {
				decided[i] = g
				return nil
			}
		}
		decided, first = append(decided, g), append(first, at)
		return nil
	})
	if err != nil {
		return t, err
	}
	t.A, t.B = decided[0], decided[1]
	var opened int64
	err = s.scan(ctx, `SELECT coalesce(min(n.opened_at), 0) FROM annotations n JOIN annotators a ON a.id = n.annotator_id WHERE n.document_id = ? AND a.name = ?`, []any{id, t.B.Annotators[0]}, &opened)
	t.Blind = opened > 0 && opened < first[0]

	return t, err
}
