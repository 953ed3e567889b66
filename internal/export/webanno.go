package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// WebAnno is WebAnno TSV 3.3, which INCEpTION reads: a paragraph is a sentence,
// a span is a named entity. Positions count UTF-16 units in a file of UTF-8.
var WebAnno = Format{
	Name:      "webanno",
	Ext:       "tsv",
	MediaType: "text/tab-separated-values",
	About:     "WebAnno TSV 3.3 for INCEpTION, a file for each document: the body, each block a sentence, a blank line between two; spans as named entities, also stacked and inside of tokens.",
	Unit:      "UTF-16 units",
	folder:    writeWebAnno,
	loses:     webAnnoLoses,
}

func writeWebAnno(ctx context.Context, out Folder, d Dataset) error {
	for _, split := range d.Splits {
		err := d.perDocument(ctx, out, split, func(g corpus.Gold) ([]content, error) {
			b := appendWebAnno(nil, passageOf(g, d.names), d.names)
			if b == nil {
				return nil, nil
			}
			return []content{{"", "tsv", b}}, nil
		})
		if err != nil {
			return err
		}
	}

	return nil
}

const webAnnoHeader = "#FORMAT=WebAnno TSV 3.3\n#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value\n\n"

// appendWebAnno is nil for a document without a sentence: its readers want one.
func appendWebAnno(b []byte, p passage, n names) []byte {
	sentences, spans := webAnnoSentences(p)
	if len(sentences) == 0 {
		return nil
	}

	b = append(b, webAnnoHeader...)
	for i, s := range sentences {
		b = append(b, '\n')
		last := slices.MaxFunc(s, func(a, b unit) int { return a.End - b.End })
		covered := p.Slice(text.Range{Start: s[0].Start, End: last.End})
		for line := range strings.SplitSeq(covered, "\n") {
			b = append(b, "#Text="...)
			b = append(b, webAnnoText.Replace(line)...)
			b = append(b, '\n')
		}
		sub := 0
		for j, token := 0, 0; j < len(s); j++ {
			id := ""
			if s[j].inner {
				sub++
				id = fmt.Sprintf("%d-%d.%d", i+1, token, sub)
			} else {
				token++
				sub = 0
				id = fmt.Sprintf("%d-%d", i+1, token)
			}
			b = appendUnit(b, id, s[j], p, spans, n)
		}
	}

	return b
}

// unit is a token, or a part of one (inner) in which a span begins or ends, with
// the spans that cover it.
type unit struct {
	token
	inner bool
	spans []int
}

// webAnnoSpan is a span and the number that tells it from others; 0 where it has
// one unit to itself and needs none.
type webAnnoSpan struct {
	corpus.Span
	number int
}

// webAnnoSentences are the units of each paragraph that has any, and the spans
// of the passage.
func webAnnoSentences(p passage) ([][]unit, []webAnnoSpan) {
	var sentences [][]unit
	var spans []webAnnoSpan
	for _, part := range p.parts() {
		var us []unit
		for _, t := range partition(part) {
			if !t.blank() {
				us = append(us, unit{token: t})
			}
		}
		for _, s := range part.spans {
			us = cover(us, s, len(spans), p)
			spans = append(spans, webAnnoSpan{Span: s})
		}
		if len(us) > 0 {
			sentences = append(sentences, us)
		}
	}

	number, units := 0, make([]int, len(spans))
	stacked := make([]bool, len(spans))
	for _, u := range slices.Concat(sentences...) {
		for _, i := range u.spans {
			units[i]++
			stacked[i] = stacked[i] || len(u.spans) > 1
		}
	}
	for i := range spans {
		if units[i] > 1 || stacked[i] {
			number++
			spans[i].number = number
		}
	}

	return sentences, spans
}

// cover puts a span on the tokens that it covers, and on the parts of those that
// it cuts.
func cover(us []unit, s corpus.Span, span int, p passage) []unit {
	for i := 0; i < len(us); i++ {
		t := us[i]
		r := text.Range{Start: max(t.Start, s.Start), End: min(t.End, s.End)}
		if t.inner || r.Len() <= 0 {
			continue
		}
		if r == t.Range {
			us[i].spans = append(us[i].spans, span)
			continue
		}

		at := i + 1
		for at < len(us) && us[at].inner && (us[at].Start < r.Start || us[at].Start == r.Start && us[at].End < r.End) {
			at++
		}
		if at == len(us) || !us[at].inner || us[at].Range != r {
			us = slices.Insert(us, at, unit{token: token{r, p.Slice(r)}, inner: true})
		}
		us[at].spans = append(us[at].spans, span)
	}

	return us
}

// appendUnit writes a line. It ends in a tab, as in files of INCEpTION.
func appendUnit(b []byte, id string, u unit, p passage, spans []webAnnoSpan, n names) []byte {
	start, end := p.utf16(u.Range)
	b = fmt.Appendf(b, "%s\t%d-%d\t%s\t", id, start, end, u.text)
	if len(u.spans) == 0 {
		return append(b, "_\t_\t\n"...)
	}

	for _, value := range []func(s webAnnoSpan) string{
		func(webAnnoSpan) string { return "*" }, // no identifier
		func(s webAnnoSpan) string { return webAnnoValue.Replace(n.labels[s.Label]) },
	} {
		for i, at := range u.spans {
			if i > 0 {
				b = append(b, '|')
			}
			b = append(b, value(spans[at])...)
			if spans[at].number > 0 {
				b = fmt.Appendf(b, "[%d]", spans[at].number)
			}
		}
		b = append(b, '\t')
	}

	return append(b, '\n')
}

// What has a meaning in a value, and in a line of text, stands behind a
// backslash.
var (
	webAnnoValue = strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "|", `\|`, "_", `\_`, "->", `\->`, ";", `\;`, "\t", `\t`, "\n", `\n`, "*", `\*`)
	webAnnoText  = strings.NewReplacer(webAnnoControls()...)
)

// webAnnoControls are controls that have no letter as they are behind a
// backslash, and those that have one as that.
func webAnnoControls() (pairs []string) {
	for c := rune(0); c < ' '; c++ {
		if c < '\a'+1 || c > '\r' {
			pairs = append(pairs, string(c), `\`+string(c))
		}
	}
	return append(pairs, "\t", `\t`, "\f", `\f`, "\r", `\r`, "\b", `\b`, `\`, `\\`)
}

func webAnnoLoses(g corpus.Gold, n names, lost func(Loss)) {
	passageLoses(g, n, lost)
	p := passageOf(g, n)
	sentences, spans := webAnnoSentences(p)
	if len(sentences) == 0 {
		lost(Loss{Kind: LossEmpty, Detail: "it gets no file, because the format needs a sentence"})
	}

	covered := make([]text.Range, len(spans))
	for _, u := range slices.Concat(sentences...) {
		for _, i := range u.spans {
			if covered[i].Len() == 0 {
				covered[i] = u.Range
			}
			covered[i].End = u.End
		}
	}
	for i, s := range spans {
		if covered[i] != s.Range {
			lost(Loss{Kind: LossTokens, Detail: named(s.Span, n)})
		}
	}
}
