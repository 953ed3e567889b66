package score

import (
	"math"
	"strings"
)

// Snippets is the share of snippets that a text contains; NaN for none. Fold is
// applied to each snippet: Lower is WCXB's, which lowers the text too, Squeeze
// is trafilatura's; the caller folds the text.
func Snippets(folded string, snippets []string, fold func(string) string) float64 {
	found := 0
	for _, s := range snippets {
		if strings.Contains(folded, fold(s)) {
			found++
		}
	}

	return ratio(found, len(snippets))
}

// Squeeze turns each run of white space into one space and trims the ends.
func Squeeze(s string) string { return strings.Join(Fields(s), " ") }

// Segments counts as trafilatura does, over all pages together: snippets that a
// text must have, and those that it must not. The page's text is folded with
// Squeeze; a page whose cleaner failed has an empty one, and misses all.
func Segments(pred string, with, without []string) Confusion {
	folded := Squeeze(pred)
	has := func(s string) bool { return folded != "" && strings.Contains(folded, Squeeze(s)) }

	var c Confusion
	for _, s := range with {
		if has(s) {
			c.Body.TP++
		} else {
			c.Body.FN++
		}
	}
	for _, s := range without {
		if has(s) {
			c.Body.FP++
		} else {
			c.Right++
		}
	}

	return c
}

func snippetFigure(p *Pair) Figure {
	g := p.Gold
	if len(g.With) == 0 && len(g.Without) == 0 {
		return Figure{PRF: PRF{math.NaN(), math.NaN(), math.NaN()}, Why: "gold has no snippets"}
	}
	return counted(Segments(p.Prediction.Text, g.With, g.Without).Body, Counts.PRF, "gold has only snippets to leave out, and they were")
}
