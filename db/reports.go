package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
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
	Release  *corpus.Release       // report about its gold, labels and guidelines; nil for current gold
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
	gold := corpus.GoldFilter{Project: p.ID}
	if o.Release != nil {
		// Kept scores are by the names that labels have now.
		kept = kept && maps.Equal(o.Release.Labels.Names(), p.Labels.Names())
		gold.Release, p = o.Release.ID, o.Release.AsOf(p)
	}
	if kept {
		if err := s.scoreRuns(ctx, p, gold, runs, o.Progress); err != nil {
			return report.Report{}, err
		}
	}
	h := report.Header{Title: p.Name, Program: o.Program}
	revision, err := s.saw(ctx, p, o.Release, &h)
	if err != nil {
		return report.Report{}, err
	}

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
	sampling, err := s.Sampling(ctx, gold)
	if err != nil {
		return report.Report{}, err
	}
	h.Whole = sampling.Whole
	b := report.NewBuilder(h, o.Measures, named)
	var documents []corpus.DocumentID
	for k, run := range runs {
		n := 0
		for d, err := range s.scores(ctx, p, gold, run.ID, revision.Newest, common, o.Measures, picked, kept) {
			if err != nil {
				return report.Report{}, err
			}
			if k == 0 {
				documents = append(documents, d.ID)
				b.Document(report.Document{ID: d.ID, Gold: d.Gold, Key: d.Scored.ID, Name: d.Name, URL: d.URL, Site: d.Site, Fields: d.Fields, Chosen: sampling.Chosen[d.ID]})
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
	ceiling, err := s.Ceiling(ctx, gold, o.Resamples)
	if err != nil {
		return report.Report{}, err
	}
	b.Ceiling(ceiling)

	return b.Report(o.Options)
}

// saw writes down which gold a report is about.
func (s *Store) saw(ctx context.Context, p corpus.Project, r *corpus.Release, h *report.Header) (Revision, error) {
	if r != nil {
		h.Gold, h.Release = r.Hash, r.Name
		return Revision{Golden: r.Documents, Release: r.ID}, nil
	}
	revision, err := s.GoldRevision(ctx, p.ID)
	if err == nil {
		h.Gold, err = s.GoldHash(ctx, p.ID)
	}

	return revision, err
}

// scores are the scores by the measures, kept ones or, where a measure is not
// among those, taken now.
func (s *Store) scores(ctx context.Context, p corpus.Project, gold corpus.GoldFilter, run corpus.RunID, newest corpus.GoldID, common []corpus.RunID, measures []score.Measure, picked []int, kept bool) iter.Seq2[ScoredDocument, error] {
	if kept {
		return func(yield func(ScoredDocument, error) bool) {
			for d, err := range s.Scores(ctx, gold, run, newest, common) {
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
		err := report.ScoreAll(ctx, measures, p.Labels, s.Paired(ctx, gold, run, common), func(pairs []score.Paired, golds []score.Gold, scored []score.Scored) error {
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

// scoreRuns takes the scores that are missing or out of date, and keeps them.
func (s *Store) scoreRuns(ctx context.Context, p corpus.Project, gold corpus.GoldFilter, runs []corpus.Run, progress func(done, total int)) error {
	total := 0
	counts := make([]int, len(runs))
	for k, run := range runs {
		var err error
		if counts[k], err = s.Unscored(ctx, gold, run.ID); err != nil {
			return err
		}
		total += counts[k]
	}
	var done atomic.Int64
	for k, run := range runs {
		if counts[k] == 0 {
			continue
		}
		err := report.ScoreAll(ctx, score.Usual, p.Labels, s.ToScore(ctx, gold, run.ID), func(pairs []score.Paired, _ []score.Gold, scored []score.Scored) error {
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

// Ceiling is how well people do, over the documents that two of them labelled
// blind; nil where no two people had to do with one document.
func (s *Store) Ceiling(ctx context.Context, gold corpus.GoldFilter, r score.Resampling) (*report.Ceiling, error) {
	c := report.Ceiling{}
	corrected, first := `annotations n JOIN document_states s ON s.document_id = n.document_id
		WHERE n.project_id = ? AND n.purpose = 'correction' AND n.submitted_at > 0 AND s.state = 'gold'`, int64(gold.Project)
	if gold.Release != 0 {
		corrected, first = `release_gold s JOIN gold g ON g.id = s.gold_id WHERE s.release_id = ? AND g.basis = 'corrected'`, int64(gold.Release)
	}
	if err := s.scan(ctx, `SELECT count(*) FROM `+corrected, []any{first}, &c.Seen); err != nil {
		return nil, err
	}
	var f1 score.Column
	var blocks score.Confusion
	var starts, ends float64
	for t, err := range s.LabelledTwice(ctx, gold) {
		if err != nil {
			return nil, err
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

// Twice is a document that two people labelled without seeing each other's
// work, as each of them handed it in.
type Twice struct {
	A, B corpus.Gold // by the ids of the annotators
}

// LabelledTwice yields the living documents, or those of a release, that two people have labelled, by
// document id: what the first two of them handed in last.
func (s *Store) LabelledTwice(ctx context.Context, f corpus.GoldFilter) iter.Seq2[Twice, error] {
	return func(yield func(Twice, error) bool) {
		var ids []corpus.DocumentID
		among := `JOIN document_states s ON s.document_id = x.document_id
			WHERE x.project_id = ?1 AND ?2 = 0 AND s.state NOT IN ('removed', 'superseded') AND x.document_id <= (SELECT visible_through FROM projects WHERE id = ?1)`
		if f.Release != 0 {
			among = `JOIN release_gold s ON s.document_id = x.document_id WHERE x.project_id = ?1 AND s.release_id = ?2`
		}
		err := s.rows(ctx, `SELECT x.document_id FROM shared x `+among+` ORDER BY 1`, []any{f.Project, f.Release}, func(r *sql.Rows) error {
			var id corpus.DocumentID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
		for _, id := range ids {
			var t Twice
			var both bool
			if err == nil {
				t, both, err = s.twice(ctx, id)
			}
			if err != nil {
				break
			}
			if both && !yield(t, nil) {
				return
			}
		}
		if err != nil {
			yield(Twice{}, fmt.Errorf("documents labelled twice: %w", err))
		}
	}
}

// twice is false where one of two has taken their labelling back since.
func (s *Store) twice(ctx context.Context, id corpus.DocumentID) (t Twice, ok bool, err error) {
	ls, err := s.Labellings(ctx, id)
	if err != nil || len(ls) < 2 {
		return t, false, err
	}
	d, err := s.Document(ctx, id)
	gold := func(l Labelling) corpus.Gold {
		return corpus.Gold{Document: d, Pieces: l.Pieces, Spans: l.Spans, Annotators: []string{l.Name}, At: l.At}
	}

	return Twice{gold(ls[0]), gold(ls[1])}, err == nil, err
}
