package export

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Prodigy is JSON Lines as Prodigy's db-in takes them. Tokens are ours, cut
// where a span begins or ends, so that every span is whole tokens.
var Prodigy = Format{
	Name:      "prodigy",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	About:     "JSON Lines for Prodigy, each accepted: the body, its blocks joined by a blank line, with tokens and spans. Where spans overlap, the record is one of spans.manual, else of ner.manual.",
	Unit:      "code points",
	append:    appendProdigy,
	loses:     passageLoses,
}

func appendProdigy(b []byte, g corpus.Gold, n names) ([]byte, error) {
	p := passageOf(g, n)
	from := len(b)
	b = append(b, `{"id":`...)
	b = appendString(b, g.Document.Key())
	b = append(b, `,"text":`...)
	b = appendString(b, p.Text())
	if g.Document.URL != "" {
		b = append(b, `,"url":`...)
		b = appendString(b, g.Document.URL)
	}
	meta, err := metaOf(g.Document)
	if err != nil {
		return b, err
	}
	delete(meta, "_input_hash") // of a record that came from Prodigy, of the text that it had
	delete(meta, "_task_hash")
	if len(meta) > 0 {
		b = append(b, `,"meta":`...)
		b = appendObject(b, meta)
	}
	input := hash32([]byte(p.Text()))

	tokens, first, last := prodigyTokens(p), map[int]int{}, map[int]int{}
	for i, t := range tokens {
		first[t.Start], last[t.End] = i, i
	}
	b = append(b, `,"tokens":[`...)
	for i, t := range tokens {
		b = appendRange(b, i, t.Range)
		b = append(b, `,"text":`...)
		b = appendString(b, t.text)
		b = append(b, `,"id":`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, `,"ws":`...)
		b = append(strconv.AppendBool(b, t.spaced), '}')
	}
	b = append(b, `],"spans":[`...)
	for i, s := range p.spans {
		b = appendRange(b, i, s.Range)
		b = fmt.Appendf(b, `,"token_start":%d,"token_end":%d,"label":`, first[s.Start], last[s.End])
		b = appendString(b, n.labels[s.Label])
		b = append(b, '}')
	}
	view := "ner_manual"
	overlapLoses(p.spans, n, func(Loss) { view = "spans_manual" })

	return fmt.Appendf(b, `],"_input_hash":%d,"_task_hash":%d,"_view_id":%q,"_session_id":null,"answer":"accept"}`+"\n", input, hash32(b[from:]), view), nil
}

// hash32 is for the two hashes that a record has to have. Prodigy's own are
// made anew on import (--rehash).
func hash32(b []byte) int32 {
	h := fnv.New32a()
	h.Write(b)

	return int32(h.Sum32())
}

// spacedToken is a token, and whether one space follows it that is none.
type spacedToken struct {
	token
	spaced bool
}

// prodigyTokens are the whole passage as spaCy would cut it: one space after a
// token belongs to it, all other white space is tokens.
func prodigyTokens(p passage) []spacedToken {
	starts, ends := map[int]bool{}, map[int]bool{}
	var edges []int
	for _, s := range p.spans {
		starts[s.Start], ends[s.End] = true, true
		edges = append(edges, s.Start, s.End)
	}
	slices.Sort(edges)

	var out []spacedToken
	add := func(t token) {
		for len(edges) > 0 && edges[0] <= t.Start {
			edges = edges[1:]
		}
		for len(edges) > 0 && edges[0] < t.End {
			r := text.Range{Start: t.Start, End: edges[0]}
			out = append(out, spacedToken{token{r, p.Slice(r)}, false})
			for len(edges) > 0 && edges[0] == r.End {
				edges = edges[1:]
			}
			t.Start, t.text = r.End, t.text[len(out[len(out)-1].text):]
		}
		out = append(out, spacedToken{t, false})
	}
	at := 0
	for _, part := range p.parts() {
		if at < part.Start {
			add(token{text.Range{Start: at, End: part.Start}, blankLine})
		}
		for _, t := range partition(part) {
			if last := len(out) - 1; t.text == " " && last >= 0 && !out[last].blank() && !starts[t.Start] && !ends[t.End] {
				out[last].spaced = true
				continue
			}
			add(t)
		}
		at = part.End
	}

	return out
}
