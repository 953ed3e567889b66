package release

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Between says what changed between two labellings of one text: words that
// changed sides, and spans by the names of their labels. Words are those of
// score.Words. A span whose range or label changed is removed and added.
func Between(a, b corpus.Gold, labels map[corpus.LabelID]string) corpus.DocumentChange {
	c := corpus.DocumentChange{SpansAdded: map[string]int{}, SpansRemoved: map[string]int{}}
	for _, w := range score.Words(b.Document.Text) {
		was, is := classAt(a.Pieces, w.Start), classAt(b.Pieces, w.Start)
		switch {
		case was == is:
		case is == corpus.Body:
			c.WordsToBody++
		case is == corpus.Boilerplate:
			c.WordsToBoilerplate++
		}
	}

	had := map[corpus.Span]bool{}
	for _, s := range a.Spans {
		had[s] = true
	}
	for _, s := range b.Spans {
		if !had[s] {
			c.SpansAdded[labels[s.Label]]++
		}
		delete(had, s)
	}
	for s := range had {
		c.SpansRemoved[labels[s.Label]]++
	}

	return c
}

// classAt is the class of the piece that has the position in it.
func classAt(pieces []corpus.Piece, at int) corpus.Class {
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].End > at })
	if i == len(pieces) || pieces[i].Start > at {
		return corpus.Undecided
	}
	return pieces[i].Class
}

// Labels says which labels two sets do not have alike, by id.
func Labels(a, b corpus.LabelSet) []corpus.LabelChange {
	ids := map[corpus.LabelID]bool{}
	for _, l := range slices.Concat(a, b) {
		ids[l.ID] = true
	}
	out := []corpus.LabelChange{}
	for id := range ids {
		var c corpus.LabelChange
		if l, ok := a.ByID(id); ok {
			c.Was = &l
		}
		if l, ok := b.ByID(id); ok {
			c.Is = &l
		}
		if c.Was == nil || c.Is == nil || *c.Was != *c.Is {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(x, y corpus.LabelChange) int { return int(idOf(x) - idOf(y)) })

	return out
}

func idOf(c corpus.LabelChange) corpus.LabelID {
	if c.Is != nil {
		return c.Is.ID
	}
	return c.Was.ID
}

// maxEdits bounds the work on a diff; past it, everything between the common
// beginning and the common end is shown as replaced.
const maxEdits = 2000

// Unified is a unified diff of two texts by lines, with three lines around each
// change; "" where they are the same.
func Unified(nameA, nameB, a, b string) string {
	if a == b {
		return ""
	}
	edits := editsOf(linesOf(a), linesOf(b))

	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameA, nameB)
	for _, h := range hunks(edits) {
		from, to, atA, atB := h[0], h[1], 1, 1
		for _, e := range edits[:from] {
			atA += e.inA()
			atB += e.inB()
		}
		nA, nB := 0, 0
		for _, e := range edits[from:to] {
			nA += e.inA()
			nB += e.inB()
		}
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", rangeOf(atA, nA), rangeOf(atB, nB))
		for _, e := range edits[from:to] {
			out.WriteByte(e.kind)
			out.WriteString(strings.TrimSuffix(e.line, "\n"))
			out.WriteByte('\n')
			if !strings.HasSuffix(e.line, "\n") {
				out.WriteString("\\ No newline at end of file\n")
			}
		}
	}

	return out.String()
}

// rangeOf is a range of lines as a unified diff has it: of no lines, the one
// before.
func rangeOf(at, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", at-1)
	case 1:
		return fmt.Sprint(at)
	}
	return fmt.Sprintf("%d,%d", at, n)
}

// linesOf are the lines with their ends; the last may have none.
func linesOf(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// edit is a line that stays (' '), goes ('-') or comes ('+').
type edit struct {
	kind byte
	line string
}

func (e edit) inA() int { return one(e.kind != '+') }
func (e edit) inB() int { return one(e.kind != '-') }

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// hunks are the parts of the edits that are shown, as start and end.
func hunks(edits []edit) [][2]int {
	const around = 3
	var out [][2]int
	for i, e := range edits {
		if e.kind == ' ' {
			continue
		}
		from, to := max(0, i-around), min(len(edits), i+1+around)
		if n := len(out); n > 0 && out[n-1][1] >= from {
			out[n-1][1] = to
		} else {
			out = append(out, [2]int{from, to})
		}
	}
	return out
}

// editsOf are the fewest edits that make b of a (Myers, An O(ND) Difference
// Algorithm, 1986, figure 2).
func editsOf(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}

	out := make([]edit, 0, len(a)+len(b))
	for _, l := range a[:head] {
		out = append(out, edit{' ', l})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, edit{' ', l})
	}

	return out
}

func middle(a, b []string) []edit {
	trace, found := search(a, b)
	if !found {
		var out []edit
		for _, l := range a {
			out = append(out, edit{'-', l})
		}
		for _, l := range b {
			out = append(out, edit{'+', l})
		}
		return out
	}

	var out []edit // from the end
	x, y := len(a), len(b)
	for d := len(trace) - 1; d >= 0; d-- {
		reach := func(k int) int { return trace[d][k+d+1] }
		k := x - y
		back := k - 1
		if k == -d || k != d && reach(k-1) < reach(k+1) {
			back = k + 1
		}
		fromX, fromY := 0, 0
		if d > 0 {
			fromX = reach(back)
			fromY = fromX - back
		}
		for x > fromX && y > fromY {
			x, y = x-1, y-1
			out = append(out, edit{' ', a[x]})
		}
		if d == 0 {
			break
		}
		if x > fromX {
			x--
			out = append(out, edit{'-', a[x]})
		} else {
			y--
			out = append(out, edit{'+', b[y]})
		}
	}
	slices.Reverse(out)

	return out
}

// search finds how far each diagonal is reached with 0, 1, 2 … edits: trace[d]
// is how it stood before the d-th, for the diagonals from -d-1 to d+1.
func search(a, b []string) (trace [][]int, found bool) {
	most := min(len(a)+len(b), maxEdits)
	reach := make([]int, 2*most+3)
	mid := most + 1
	for d := 0; d <= most; d++ {
		trace = append(trace, slices.Clone(reach[mid-d-1:mid+d+2]))
		for k := -d; k <= d; k += 2 {
			x := reach[mid+k-1] + 1
			if k == -d || k != d && reach[mid+k-1] < reach[mid+k+1] {
				x = reach[mid+k+1]
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			reach[mid+k] = x
			if x >= len(a) && y >= len(b) {
				return trace, true
			}
		}
	}

	return nil, false
}
