package score

import (
	"strings"

	"annotate/internal/text"
)

// Reader is a way to read spans out of tags, one tag a token. Programs differ
// here and nowhere else: the scores are those of Spans.
type Reader func(tags []string) []Span

// Conlleval reads tags as conlleval does: leniently, so that I after O begins a
// span; it does not know S, so that neighbours of one type in BIOES become one.
func Conlleval(tags []string) []Span {
	cut := func(tag string) (string, string) {
		prefix, label, ok := strings.Cut(tag, "-")
		if !ok {
			return tag, ""
		}
		return prefix, label
	}
	return read(tags, cut, func(before, now string, same bool) (ends, begins bool) {
		ends = before != "O" && before != "." && !same || before == "[" || before == "]"
		begins = now != "O" && now != "." && !same || now == "[" || now == "]"
		switch before + now {
		case "BB", "IB", "EE", "EI":
			return true, true
		case "BO", "IO", "EO":
			return true, begins
		case "OB", "OI", "OE":
			return ends, true
		}
		return ends, begins
	})
}

// Seqeval reads tags as seqeval does without a mode: as conlleval, and it knows
// S and E.
func Seqeval(tags []string) []Span {
	cut := func(tag string) (string, string) {
		if tag == "" {
			return "", "_"
		}
		rest := tag[1:]
		if _, label, ok := strings.Cut(rest, "-"); ok {
			rest = label
		}
		if rest == "" {
			rest = "_"
		}
		return tag[:1], rest
	}
	return read(tags, cut, func(before, now string, same bool) (ends, begins bool) {
		ends = before == "E" || before == "S" || before != "O" && before != "." && !same
		begins = now == "B" || now == "S" || now != "O" && now != "." && !same
		switch before + now {
		case "BB", "BS", "BO", "IB", "IS", "IO":
			ends = true
		case "EE", "EI", "SE", "SI", "OE", "OI":
			begins = true
		}
		return ends, begins
	})
}

// read goes over the tags with one O behind them.
func read(tags []string, cut func(string) (prefix, label string), border func(before, now string, same bool) (ends, begins bool)) []Span {
	var out []Span
	before, label := "O", ""
	begin := 0
	for i := range len(tags) + 1 {
		now, is := cut("O")
		if i < len(tags) {
			now, is = cut(tags[i])
		}
		ends, begins := border(before, now, label == is)
		if ends {
			out = append(out, Span{text.Range{Start: begin, End: i}, label})
		}
		if begins {
			begin = i
		}
		before, label = now, is
	}

	return out
}

// Scheme is a tag scheme as seqeval's strict mode has it: patterns of two tags,
// the one before and the one now, and whether their labels are the same (=),
// differ (!) or may be anything (*).
type Scheme struct{ begin, inside, end []string }

// The tag schemes.
var (
	IOB1  = Scheme{[]string{"OI*", "II!", "BI*", "IB=", "BB="}, []string{"BI=", "II="}, []string{"II!", "IO*", "IB*", "BO*", "BI!", "BB="}}
	IOB2  = Scheme{[]string{"?B*"}, []string{"BI=", "II="}, []string{"IO*", "II!", "IB*", "BO*", "BI!", "BB*"}}
	IOE2  = Scheme{[]string{"OI*", "OE*", "EI*", "EE*"}, []string{"IE=", "II="}, []string{"EO*", "EI*", "EE*"}}
	IOBES = Scheme{[]string{"?B*", "?S*"}, []string{"BI=", "BE=", "II=", "IE="}, []string{"S?*", "E?*"}}
	BILOU = Scheme{[]string{"?B*", "?U*"}, []string{"BI=", "BL=", "II=", "IL="}, []string{"U?*", "L?*"}}
)

// Strict reads tags as seqeval's strict mode does: a span opens and closes as
// its scheme demands, and what is left over is dropped.
func Strict(s Scheme) Reader {
	return func(tags []string) []Span {
		at := func(i int) (string, string) {
			if i < 0 || i >= len(tags) || tags[i] == "" {
				return "O", "_"
			}
			prefix, label, _ := strings.Cut(tags[i], "-")
			if label == "" {
				label = "_"
			}
			return prefix, label
		}
		is := func(patterns []string, i int) bool {
			before, was := at(i - 1)
			now, label := at(i)
			for _, p := range patterns {
				if (p[0] == '?' || p[:1] == before) && (p[1] == '?' || p[1:2] == now) && (p[2] == '*' || (p[2] == '=') == (was == label)) {
					return true
				}
			}
			return false
		}

		var out []Span
		for i := 0; i < len(tags); {
			if !is(s.begin, i) {
				i++
				continue
			}
			end := i + 1
			for end < len(tags) && is(s.inside, end) {
				end++
			}
			if !is(s.end, end) {
				i++
				continue
			}
			_, label := at(i)
			out = append(out, Span{text.Range{Start: i, End: end}, label})
			i = end
		}

		return out
	}
}
