package suggest

import (
	"math"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Figures are what labelling took, and how right it was, in one arm. What has
// nothing to stand on is NaN.
type Figures struct {
	Documents int            // handed in
	Timed     int            // of these, whose active time was recorded
	Median    float64        // seconds a document
	Pace      score.Interval // seconds per 1 000 words, the mean over documents
	Compared  int            // documents with gold that is not the person's alone
	GoldF1    score.Interval // F1 of the words of the body against it, the mean over documents
}

// Effect is what suggestions do: labelling with them beside labelling without.
// Documents are put into the arms by lot, so the difference is theirs, but for
// chance, which the intervals measure.
type Effect struct {
	Shown, Blind Figures
	Faster       score.Interval // seconds per 1 000 words that the blind arm takes more; NaN where an arm has fewer than leastTimed documents
	Better       score.Interval // F1 against gold that the shown arm has more
}

// leastTimed is how many documents an arm holds before it is compared.
const leastTimed = 5

// EffectOf compares the arms. Resampling draws documents anew; the same efforts
// and seed give the same figures.
func EffectOf(efforts []corpus.ArmEffort, r score.Resampling) Effect {
	arms := map[corpus.Arm]*arm{corpus.ArmShown: {}, corpus.ArmBlind: {}}
	for _, e := range efforts {
		if a := arms[e.Arm]; a != nil {
			a.add(e)
		}
	}
	shown, blind := arms[corpus.ArmShown], arms[corpus.ArmBlind]

	return Effect{
		Shown: shown.figures(r), Blind: blind.figures(r),
		Faster: between(r, shown.pace, blind.pace, -1), Better: between(r, shown.f1, blind.f1, 1),
	}
}

type arm struct {
	documents int
	seconds   []float64
	pace, f1  []float64
}

func (a *arm) add(e corpus.ArmEffort) {
	a.documents++
	if e.Active > 0 && e.Words > 0 {
		a.seconds = append(a.seconds, e.Active.Seconds())
		a.pace = append(a.pace, 1000*e.Active.Seconds()/float64(e.Words))
	}
	if e.Compared {
		if f1 := (score.Counts{TP: e.TP, FP: e.FP, FN: e.FN}).F1(); !math.IsNaN(f1) {
			a.f1 = append(a.f1, f1)
		}
	}
}

func (a *arm) figures(r score.Resampling) Figures {
	return Figures{Documents: a.documents, Timed: len(a.seconds), Median: median(a.seconds), Pace: interval(r, a.pace), Compared: len(a.f1), GoldF1: interval(r, a.f1)}
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	n := len(s)

	return (s[(n-1)/2] + s[n/2]) / 2
}

func interval(r score.Resampling, v []float64) score.Interval {
	return score.Spread(score.Column(v).Mean(), r.Means([]score.Column{v}, nil)[0])
}

// between is sign times the mean of a less that of b. The arms hold different
// documents, so they are drawn apart from one another.
func between(r score.Resampling, a, b []float64, sign float64) score.Interval {
	if len(a) < leastTimed || len(b) < leastTimed {
		nan := math.NaN()
		return score.Interval{Mean: nan, SD: nan, Low: nan, High: nan}
	}
	other := r
	other.Seed++
	ours, theirs := r.Means([]score.Column{a}, nil)[0], other.Means([]score.Column{b}, nil)[0]
	n := min(len(ours), len(theirs))
	draws := make([]float64, n)
	for i := range draws {
		draws[i] = sign * (ours[i] - theirs[i])
	}

	return score.Spread(sign*(score.Column(a).Mean()-score.Column(b).Mean()), draws)
}
