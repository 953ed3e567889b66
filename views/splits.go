package views

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/split"
)

// Splits is how a project's documents are divided.
type Splits struct {
	Page    Page
	Project corpus.Project
	Typed   string   // the parts and shares as they were asked for
	By      split.By // what is kept together
	Waiting int      // documents that are compared just now; their near-copies are not known yet
	Report  split.Report
	Fixed   []split.Fixed

	Part, Documents, Site string // what was typed to fix
	Errors                Errors // "split", "by", "documents", "site"
}

// shownPairs bounds the table of near-copies; the command lists all.
const shownPairs = 200

// pairs are those that are shown, the ones that leak first.
func (s Splits) pairs() []split.NearCopy {
	inside := slices.DeleteFunc(slices.Clone(s.Report.Copies), split.NearCopy.Leaks)
	all := slices.Concat(s.Report.Pairs, inside)

	return all[:min(len(all), shownPairs)]
}

// verdict says in a sentence whether the split leaks.
func (s Splits) verdict() string {
	switch n := len(s.Report.Pairs); {
	case n > 0:
		return count(n, "pair") + " of near-copies " + standStands(n) + " in different parts."
	case s.Report.Leaks():
		return count(len(s.Report.Sites), "site") + " " + standStands(len(s.Report.Sites)) + " in several parts."
	case len(s.Report.Copies) == 0:
		return "No near-copies were found."
	}
	return "No part has a near-copy of what another one holds."
}

func standStands(n int) string {
	if n == 1 {
		return "stands"
	}
	return "stand"
}

// alike is how much of two texts is the same.
func alike(c split.NearCopy) string {
	what := "the whole text"
	if c.Kind == split.Body {
		what = "the body"
	}
	if c.Jaccard < split.Alike {
		return fmt.Sprintf("%s, %.0f\u202f%% of one inside the other", what, 100*c.Containment)
	}
	return fmt.Sprintf("%s, %.0f\u202f%% the same", what, 100*c.Jaccard)
}

// byName is counts by name in a line, "–" for none; without names the empty name
// is unknown.
func byName(counts map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		n := counts[name]
		if name == "" {
			name = "unknown"
		}
		out = append(out, name+" "+number(n))
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, ", ")
}

// wayTitle is a way to keep documents together, as the choice says it.
func wayTitle(by split.By) string {
	switch by {
	case split.BySite:
		return "sites, with near-copies"
	case split.ByCluster:
		return "near-copies"
	case split.ByTime:
		return "what is of one time"
	}
	return "nothing"
}
