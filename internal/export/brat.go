package export

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Brat is a collection of brat: a text and its stand-off annotations for each
// document, and the types that are used.
var Brat = Format{
	Name:      "brat",
	Ext:       "ann",
	MediaType: "text/plain",
	About:     "A collection for brat: for each document its text, the body with its blocks joined by a blank line, and its spans in stand-off annotations; a span over a line break is in pieces.",
	Unit:      "code points",
	folder:    writeBrat,
	loses:     bratLoses,
}

func writeBrat(ctx context.Context, out Folder, d Dataset) error {
	types := asciiLabels(d.Labels)
	if err := create(out, "annotation.conf", []byte(bratConfig(d.Labels, types))); err != nil {
		return err
	}

	for _, split := range d.Splits {
		err := d.perDocument(ctx, out, split, func(g corpus.Gold) ([]content, error) {
			p := passageOf(g, d.names)
			return []content{{"", "txt", []byte(bratText(p.Text()))}, {"", "ann", bratAnnotations(p, types)}}, nil
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// bratConfig allows each label, and spans inside of and across one another.
func bratConfig(labels corpus.LabelSet, types map[corpus.LabelID]string) string {
	var b strings.Builder
	b.WriteString("[entities]\n")
	for _, l := range labels {
		b.WriteString(types[l.ID] + "\n")
	}
	b.WriteString("\n[relations]\n<OVERLAP>\tArg1:<ENTITY>, Arg2:<ENTITY>, <OVL-TYPE>:<ANY>\n\n[events]\n\n[attributes]\n")

	return b.String()
}

// asciiLabels are the labels in what brat and its like take for a type: ASCII
// letters and digits, "-" and "_". Those that become alike get a number.
func asciiLabels(labels corpus.LabelSet) map[corpus.LabelID]string {
	out, taken := map[corpus.LabelID]string{}, map[string]bool{}
	for _, plain := range []bool{true, false} { // a name that fits is never taken away by one that does not
		for _, l := range labels {
			name := asciiName(l.Name)
			if plain != (name == l.Name) {
				continue
			}
			for i, stem := 2, name; taken[name]; i++ {
				name = fmt.Sprintf("%s_%d", stem, i)
			}
			out[l.ID], taken[name] = name, true
		}
	}

	return out
}

func asciiName(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, s)
}

// bratText has no carriage return: programs that read it would make one
// character of it and its line feed, and positions would shift.
func bratText(s string) string { return strings.ReplaceAll(s, "\r", " ") }

// bratLine reports whether a character ends a line for a program in Python, or
// parts the columns.
func bratLine(r rune) bool {
	return '\t' <= r && r <= '\r' || 0x1c <= r && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
}

func bratAnnotations(p passage, types map[corpus.LabelID]string) []byte {
	var b []byte
	id := 0
	for _, s := range p.spans {
		pieces := bratPieces(p, s.Range)
		if len(pieces) == 0 {
			continue
		}
		id++
		b = fmt.Appendf(b, "T%d\t%s", id, types[s.Label])
		var quotes []string
		for j, r := range pieces {
			if j > 0 {
				b = append(b, ';')
			} else {
				b = append(b, ' ')
			}
			b = strconv.AppendInt(b, int64(r.Start), 10)
			b = append(b, ' ')
			b = strconv.AppendInt(b, int64(r.End), 10)
			quotes = append(quotes, p.Slice(r))
		}
		b = append(b, '\t')
		b = append(b, strings.Join(quotes, " ")...)
		b = append(b, '\n')
	}

	return b
}

// bratPieces cuts a range at what ends a line. There are none of a range of
// nothing else.
func bratPieces(p passage, r text.Range) []text.Range {
	var out []text.Range
	open := false
	at := r.Start
	for _, c := range p.Slice(r) {
		switch {
		case bratLine(c):
			open = false
		case open:
			out[len(out)-1].End = at + 1
		default:
			out, open = append(out, text.Range{Start: at, End: at + 1}), true
		}
		at++
	}

	return out
}

func bratLoses(g corpus.Gold, n names, lost func(Loss)) {
	passageLoses(g, n, lost)
	types, told := asciiLabels(n.set), map[corpus.LabelID]bool{}
	p := passageOf(g, n)
	for _, s := range p.spans {
		if name := n.labels[s.Label]; types[s.Label] != name && !told[s.Label] {
			told[s.Label] = true
			lost(Loss{Kind: LossLabel, Detail: fmt.Sprintf("%s is written as %s", name, types[s.Label])})
		}
		if len(bratPieces(p, s.Range)) == 0 {
			lost(Loss{Kind: LossLines, Detail: named(s, n)})
		}
	}
	if k := strings.Count(p.Text(), "\r"); k > 0 {
		lost(Loss{Kind: LossCharacter, Detail: fmt.Sprintf("a carriage return is written as a space, %d times", k)})
	}
}
