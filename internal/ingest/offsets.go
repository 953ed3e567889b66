package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"annotate/internal/text"
)

// Offsets are what positions of a file may count, as Options.Offsets names
// them: code points (Python), UTF-16 units (a browser, Java), bytes of UTF-8.
var Offsets = []string{"code-points", "utf-16", "bytes"}

// unit is what positions count, and in which text: the one that came, in which
// a line may end in CRLF, or the one that text.Normalise made of it.
type unit struct {
	name string // one of Offsets
	lf   bool   // the end of a line counts one, however it is written
}

var (
	codePoints = unit{name: "code-points"}
	utf16Units = unit{name: "utf-16"}
	utf8Bytes  = unit{name: "bytes"}
)

// units in the order in which they are tried. The last three are for texts that
// are files, whose ends of lines a program may have changed on the way.
var units = []unit{codePoints, utf16Units, utf8Bytes,
	{name: "code-points", lf: true}, {name: "utf-16", lf: true}, {name: "bytes", lf: true}}

// inRecords are those that positions of a text in JSON may count.
var inRecords = units[:3]

func (u unit) String() string {
	what := map[string]string{"code-points": "code points", "utf-16": "UTF-16 units", "bytes": "bytes"}[u.name]
	if u.lf {
		return what + ", an end of line as one"
	}
	return what
}

// ruler takes positions of a text in any unit to code points of the text as
// text.Normalise makes it.
type ruler struct {
	came, made *text.Index
	moved      shift
}

func newRuler(came string) *ruler {
	r := &ruler{came: text.NewIndex(came), moved: newShift(came)}
	if r.made = r.came; r.moved != nil {
		r.made = text.NewIndex(text.Normalise(came))
	}
	return r
}

// at is the range of the normalised text that start and end mean. It is false
// where one of them lies outside the text or inside a character, and where
// nothing lies between them.
func (r *ruler) at(u unit, start, end int) (text.Range, bool) {
	x := r.came
	if u.lf {
		x = r.made
	}
	is := text.Range{Start: start, End: end}
	if ok1, ok2 := true, true; u.name != codePoints.name {
		from := x.FromUTF16
		if u.name == utf8Bytes.name {
			from = x.FromByte
		}
		is.Start, ok1 = from(start)
		is.End, ok2 = from(end)
		if !ok1 || !ok2 {
			return is, false
		}
	}
	if !is.In(x.Len()) {
		return is, false
	}
	if !u.lf {
		is = text.Range{Start: r.moved.at(is.Start), End: r.moved.at(is.End)}
	}

	return is, is.Len() > 0
}

// fits reports whether a mark covers, in that unit, what it repeats.
func (r *ruler) fits(u unit, m mark) bool {
	if len(m.parts) == 0 {
		return false
	}
	var covered []string
	for _, p := range m.parts {
		is, ok := r.at(u, p[0], p[1])
		if !ok {
			return false
		}
		covered = append(covered, r.made.Slice(is))
	}

	return m.quote == nil || sameQuote(strings.Join(covered, " "), *m.quote)
}

// sameQuote compares what a mark covers with what it repeats. How an end of
// line is written there, as a space in brat, says nothing.
func sameQuote(covered, quote string) bool {
	quote = strings.ReplaceAll(quote, "\r\n", "\n")
	return covered == quote || strings.ReplaceAll(covered, "\n", " ") == quote
}

// poll finds the unit in which every mark of a file fits.
type poll struct {
	units  []unit
	fits   []int  // marks, by unit
	marks  int    // those that fit in some unit
	differ []bool // by pairs of units: some mark means different things in them
}

func newPoll(over []unit) *poll {
	return &poll{units: over, fits: make([]int, len(over)), differ: make([]bool, len(over)*len(over))}
}

// hear takes the marks of one text.
func (p *poll) hear(r *ruler, marks []mark) {
	plain := r.came.Len() == len(r.came.Text()) && r.moved == nil
	for _, m := range marks {
		if plain { // all units are one
			break
		}
		fit := make([]bool, len(p.units))
		for i, u := range p.units {
			fit[i] = r.fits(u, m) && (m.quote != nil || u.name != utf8Bytes.name)
		}
		if !slices.Contains(fit, true) {
			continue
		}
		p.marks++
		for i := range fit {
			if fit[i] {
				p.fits[i]++
			}
			for j := range fit[:i] {
				if fit[i] && fit[j] && !r.alike(p.units[i], p.units[j], m) {
					p.differ[i*len(fit)+j] = true
				}
			}
		}
	}
}

// alike reports whether two units say the same of a mark.
func (r *ruler) alike(a, b unit, m mark) bool {
	for _, p := range m.parts {
		x, _ := r.at(a, p[0], p[1])
		y, _ := r.at(b, p[0], p[1])
		if x != y {
			return false
		}
	}
	return true
}

// result is the first unit in which all marks fit, else the first of those in
// which most do, so that the others are reported one by one. rival is another
// one that fits as many and says something else: then nobody can know.
func (p *poll) result() (best unit, rival *unit) {
	first := 0
	for i, n := range p.fits {
		if n > p.fits[first] {
			first = i
		}
	}
	for i := first + 1; i < len(p.units); i++ {
		if p.marks > 0 && p.fits[i] == p.fits[first] && p.differ[i*len(p.units)+first] {
			return p.units[first], &p.units[i]
		}
	}

	return p.units[first], nil
}

// askUnit asks for what the file does not say.
func askUnit(a, b unit) string {
	return fmt.Sprintf("its positions may count %s or %s, and nothing in it tells which; say it with --offsets %s or --offsets %s (in the browser: Positions)", a, b, a.name, b.name)
}

// unitOf finds the unit of one text that is a file: code points as a rule, and
// each end of line in full. named restricts it to what a person named.
func unitOf(r *ruler, marks []mark, named string) (unit, error) {
	p := newPoll(slices.DeleteFunc(slices.Clone(units), func(u unit) bool { return named != "" && u.name != named }))
	p.hear(r, marks)
	u, rival := p.result()
	if rival != nil {
		return u, errors.New(askUnit(u, *rival))
	}

	return u, nil
}
