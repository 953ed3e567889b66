package views

import (
	"cmp"
	"fmt"
	"math"
	"strconv"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest"
)

// Suggestions is what helps the annotators of a project, and what it is worth.
type Suggestions struct {
	Page       Page
	Project    corpus.Project
	Gold       int           // documents with gold
	Model      *corpus.Model // the newest; nil for none
	Report     suggest.Report
	Learning   bool   // one is being made
	Problem    string // why the last one was not made
	Effect     suggest.Effect
	Acceptance []corpus.Acceptance
	Agreed     map[corpus.Arm]agreement.Figures // nil where several people labelled no document, or very many
}

// alpha is how far people agree on blocks in an arm.
func (s Suggestions) alpha(arm corpus.Arm) string {
	f, ok := s.Agreed[arm]
	if !ok || math.IsNaN(f.Blocks.Alpha.Value) {
		return "–"
	}

	return fmt.Sprintf("%s, %s", spread(score.Interval{Mean: f.Blocks.Alpha.Value, Low: f.Blocks.Alpha.Low, High: f.Blocks.Alpha.High}, figure), count(f.Documents, "document"))
}

// needsGold is how many documents with gold a first model still needs.
func (s Suggestions) needsGold() int { return max(0, suggest.LeastGold-s.Gold) }

// sources are the columns of the table of costs: the blank page, then what was
// measured on all pages.
func (s Suggestions) sources() []string {
	var out []string
	for _, c := range s.Report.Costs {
		if c.Kind == "" && c.Site == "" {
			for _, one := range c.Sources {
				out = append(out, one.Source)
			}
		}
	}

	return out
}

// costOf is what a source costs in a group; false where it did not speak there.
func costOf(c suggest.Cost, source string) (suggest.SourceCost, bool) {
	for _, one := range c.Sources {
		if one.Source == source {
			return one, true
		}
	}

	return suggest.SourceCost{}, false
}

func (s Suggestions) costWords(c suggest.Cost, source string) string {
	one, ok := costOf(c, source)
	if !ok {
		return "–"
	}

	return strconv.FormatFloat(one.Sweeps, 'f', 1, 64)
}

// CostTitle is what people read as the name of a group of pages.
func CostTitle(c suggest.Cost) string {
	switch {
	case c.Site != "":
		return c.Site
	case c.Kind == "text/html":
		return "HTML pages"
	case c.Kind == "text/plain":
		return "Plain text"
	}

	return cmp.Or(c.Kind, "All pages")
}

// CostSource is the heading of a source.
func CostSource(source string) string {
	switch source {
	case suggest.Blank:
		return "Blank page"
	case corpus.FromMemory:
		return "Site memory alone"
	case suggest.Model:
		return "Model"
	case corpus.FromRules:
		return "Rules for lines"
	}

	return SourceTitle(source)
}

func (s Suggestions) shownRows() []corpus.Acceptance { return s.armRows(corpus.ArmShown) }
func (s Suggestions) blindRows() []corpus.Acceptance { return s.armRows(corpus.ArmBlind) }

func (s Suggestions) armRows(arm corpus.Arm) (out []corpus.Acceptance) {
	for _, a := range s.Acceptance {
		if a.Arm == arm {
			out = append(out, a)
		}
	}

	return out
}

func keptShare(kept, of int) string {
	if of == 0 {
		return "–"
	}

	return portion(float64(kept) / float64(of))
}

// spread writes a mean with its interval; "–" for NaN.
func spread(i score.Interval, write func(float64) string) string {
	switch {
	case math.IsNaN(i.Mean):
		return "–"
	case math.IsNaN(i.Low):
		return write(i.Mean)
	}

	return fmt.Sprintf("%s (%s to %s)", write(i.Mean), write(i.Low), write(i.High))
}

// saying is what the comparison of the arms comes to, in a sentence.
func (s Suggestions) saying() string {
	f, b := s.Effect.Faster, s.Effect.Better
	if math.IsNaN(f.Mean) {
		return "With five documents of each kind, whose time was recorded, the two are compared here."
	}
	out := fmt.Sprintf("As many words take %s less time with suggestions", minus(f.Mean, seconds))
	switch {
	case f.Low > 0:
		out += ", and chance alone does not make that."
	case f.High < 0:
		out = fmt.Sprintf("As many words take %s more time with suggestions. Look at the sources below, or show none.", minus(-f.Mean, seconds))
	default:
		out = "No difference in time can be told from chance yet."
	}
	switch {
	case math.IsNaN(b.Mean):
	case b.High < 0:
		out += " Labels made with suggestions lie farther from gold: they mislead."
	case b.Low > 0:
		out += " Labels made with suggestions lie closer to gold."
	default:
		out += " Labels are as close to gold in both."
	}

	return out
}

func minus(v float64, write func(float64) string) string {
	if v < 0 {
		return "−" + write(-v)
	}
	return write(v)
}

func signedSeconds(v float64) string { return minus(v, seconds) }
func signedFigure(v float64) string  { return minus(v, figure) }
