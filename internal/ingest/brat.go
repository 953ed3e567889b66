package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// brat reads a text with the stand-off annotations beside it. A file of
// annotations that is empty says that there are none; without the file nobody
// looked.
func brat(p Page) (task, error) {
	t := task{looked: true}
	ann, _ := decode(p.beside, "", false)
	for i, line := range strings.Split(strings.ReplaceAll(ann, "\r\n", "\n"), "\n") {
		line = strings.TrimPrefix(line, "\ufeff")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := t.bratLine(line); err != nil {
			return t, fmt.Errorf("line %d of %s: %w", i+1, p.besideName, err)
		}
	}

	return t, nil
}

// others are the kinds of annotation that have no place here, by their first
// letter.
var others = map[byte]string{'R': "relation", '*': "relation", 'E': "event", 'A': "attribute", 'M': "attribute", 'N': "normalisation", '#': "note"}

// bratLine reads "T1\tPER 2 5\tAda", where several pieces are parted by
// semicolons.
func (t *task) bratLine(line string) error {
	if what, ok := others[line[0]]; ok {
		t.lose(what)
		return nil
	}
	cells := strings.SplitN(line, "\t", 3)
	if line[0] != 'T' || len(cells) != 3 {
		return errors.New(`it is not as in "T1<TAB>PER 2 5<TAB>Ada"`)
	}
	label, positions, _ := strings.Cut(cells[1], " ")
	m := mark{name: cells[0], label: label, quote: &cells[2]}
	for part := range strings.SplitSeq(positions, ";") {
		from, to, _ := strings.Cut(strings.TrimSpace(part), " ")
		start, err1 := strconv.Atoi(from)
		end, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			return fmt.Errorf("%q is no start and end", part)
		}
		m.parts = append(m.parts, [2]int{start, end})
	}
	slices.SortFunc(m.parts, func(a, b [2]int) int { return a[0] - b[0] })
	t.marks = append(t.marks, m)

	return nil
}
