package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Sample says how the documents of a report came to be labelled, and so whether
// figures over them hold for all that there are.
type Sample struct {
	Counts map[corpus.Chosen]int // documents; empty where nobody knows
	Whole  bool                  // they are all that there are
	Lot    *Slice                // the headline over those that the lot chose, where these are some and not all
}

// Fair reports whether figures over the documents hold for all that there are:
// the lot chose every one, or they are all. Where nobody knows how they were
// chosen, nothing speaks against it.
func (s Sample) Fair() bool {
	others := 0
	for how, n := range s.Counts {
		if how != corpus.ByLot {
			others += n
		}
	}

	return s.Whole || others == 0
}

func (r Report) sample(seed uint64) Sample {
	s := Sample{Counts: map[corpus.Chosen]int{}, Whole: r.Header.Whole && r.Header.Common == 0}
	var lot []int
	for i, d := range r.Documents {
		if d.Chosen == corpus.NotChosen {
			continue
		}
		s.Counts[d.Chosen]++
		if d.Chosen == corpus.ByLot {
			lot = append(lot, i)
		}
	}
	if len(lot) > 0 && !s.Fair() {
		drawn := r.slice(ChosenField, corpus.ByLot.Words(), lot, seed)
		s.Lot = &drawn
	}

	return s
}

// SampleWords say how the documents were chosen, and what the figures do not
// hold for; none where nobody knows.
func (r Report) SampleWords() []string {
	s := r.Sample
	var kinds []string
	for _, how := range corpus.AllChosen {
		if n := s.Counts[how]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", n, how.Words()))
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	chosen := "Documents chosen: " + strings.Join(kinds, ", ") + "."

	switch {
	case s.Whole:
		return []string{chosen + " They are all documents of the project."}
	case s.Fair():
		return []string{chosen + " They are a fair sample of the project."}
	case s.Counts[corpus.ByLot]+s.Counts[corpus.BeforeKept] == len(r.Documents):
		chosen += " Whether they are a fair sample of the project is not known."
	default:
		chosen += " They are not a fair sample of the project."
	}
	if s.Lot == nil {
		return []string{chosen + " None was drawn by lot."}
	}
	var figures []string
	for k, run := range r.Runs {
		figures = append(figures, fmt.Sprintf("%s %s (%s)", run.Name, show(s.Lot.F1[k].Mean), between(s.Lot.F1[k])))
	}

	return []string{chosen, fmt.Sprintf("%s by the %s drawn by lot alone: %s.", r.Measures[0].Title, count(s.Lot.N, "document"), strings.Join(figures, "; "))}
}

// leastLot is how many documents drawn by lot tell how far figures scatter.
const leastLot = 30

// Stop is the advice when to stop labelling.
type Stop struct {
	Wanted int  // documents with gold that it takes; 0 where there is no interval
	Have   int  // those that there are
	Lot    bool // both count those alone that the lot chose
	Guess  bool // they are no fair sample, and too few were drawn by lot
}

// Stop is how many documents it would take for an interval of the headline of
// half so much on either side, at the spread that there is now. It goes by the
// documents drawn by lot where the others are no fair sample.
func (r Report) Stop(run int, half float64) Stop {
	one := r.Runs[run]
	interval, stop := one.Headline().Macro[score.F1], Stop{Have: one.Headline().N}
	if !r.Sample.Fair() {
		drawn := r.drawn(run)
		if stop.Lot = drawn >= leastLot; stop.Lot {
			interval, stop.Have = r.Sample.Lot.F1[run], drawn
		}
		stop.Guess = !stop.Lot
	}
	if math.IsNaN(interval.Low) || stop.Have < 2 || half <= 0 {
		return stop
	}
	now := (interval.High - interval.Low) / 2
	stop.Wanted = int(math.Ceil(float64(stop.Have) * (now / half) * (now / half)))

	return stop
}

func (s Stop) words() string {
	if s.Wanted == 0 {
		return ""
	}
	kind, guess := "with gold", ""
	if s.Lot {
		kind = "drawn by lot"
	}
	if s.Guess {
		guess = " That is a guess: these documents are not a fair sample."
	}
	if s.Wanted > s.Have {
		return fmt.Sprintf("For an interval of one point either way: some %d documents %s, %d more than now.%s", s.Wanted, kind, s.Wanted-s.Have, guess)
	}

	return fmt.Sprintf("The interval is already within one point either way; %d documents %s would do.%s", s.Wanted, kind, guess)
}

// drawn is how many documents that the lot chose have a headline.
func (r Report) drawn(run int) int {
	column, n := r.Runs[run].Scores.Column(0, score.F1), 0
	for i, d := range r.Documents {
		if d.Chosen == corpus.ByLot && !math.IsNaN(column[i]) {
			n++
		}
	}

	return n
}

// chosenField is how documents were chosen as a field to cut by, in the order
// of corpus.AllChosen.
func (r Report) chosenField() field {
	f := field{name: ChosenField, values: make([]string, len(r.Documents))}
	for i, d := range r.Documents {
		if d.Chosen != corpus.NotChosen {
			f.values[i] = d.Chosen.Words()
		}
	}
	for _, how := range corpus.AllChosen {
		if slices.Contains(f.values, how.Words()) {
			f.order = append(f.order, how.Words())
		}
	}

	return f
}
