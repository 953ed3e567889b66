package export

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"annotate/internal/corpus"
)

// Doccano is what doccano exports of sequence labelling. Its files do not say
// what their positions count; its screen stores UTF-16 units, so these are.
var Doccano = Format{
	Name:      "doccano",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	About:     "JSON Lines for doccano (sequence labelling): the body, its blocks joined by a blank line, with spans. Let the project allow overlapping spans where there are any, or doccano drops them on import.",
	Unit:      "UTF-16 units",
	append:    appendDoccano,
	loses: func(g corpus.Gold, n names, lost func(Loss)) {
		passageLoses(g, n, lost)
		overlapLoses(layOut(g, n).spans, n, lost)
	},
}

// doccanoFields are taken in a record of doccano. Metadata of these names goes
// into meta, which is metadata like any other.
var doccanoFields = []string{"id", "text", "label", "labels", "entities", "relations", "cats", "meta", "url", "title", "Comments", "comments"}

func appendDoccano(b []byte, g corpus.Gold, n names) ([]byte, error) {
	p := passageOf(g, n)
	b = append(b, `{"id":`...)
	b = appendString(b, g.Document.Key())
	b = append(b, `,"text":`...)
	b = appendString(b, p.Text())
	b, err := appendSpread(b, g.Document)
	if err != nil {
		return b, err
	}

	b = append(b, `,"label":[`...)
	for i, s := range p.spans {
		if i > 0 {
			b = append(b, ',')
		}
		start, end := p.utf16(s.Range)
		b = append(b, '[')
		b = strconv.AppendInt(b, int64(start), 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(end), 10)
		b = append(b, ',')
		b = appendString(b, n.labels[s.Label])
		b = append(b, ']')
	}

	return append(b, `],"Comments":[]}`+"\n"...), nil
}

// appendSpread writes metadata beside the text, as doccano does, by name.
func appendSpread(b []byte, d corpus.Document) ([]byte, error) {
	spread, taken := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	all, err := metaOf(d)
	if err != nil {
		return b, err
	}
	for name, value := range all {
		if slices.Contains(doccanoFields, name) {
			taken[name] = value
		} else {
			spread[name] = value
		}
	}
	if d.URL != "" {
		spread["url"] = appendString(nil, d.URL)
	}
	if len(taken) > 0 {
		spread["meta"] = appendObject(nil, taken)
	}
	for _, name := range slices.Sorted(maps.Keys(spread)) {
		b = append(b, ',')
		b = appendString(b, name)
		b = append(b, ':')
		b = append(b, spread[name]...)
	}

	return b, nil
}

// metaOf is the metadata of a document by name, with its language where that
// was found out. Values are on one line.
func metaOf(d corpus.Document) (map[string]json.RawMessage, error) {
	line, err := appendMeta(nil, d)
	if err != nil || len(line) == 0 {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	err = json.Unmarshal(line[len(`,"meta":`):], &all)

	return all, err
}

// appendObject writes members by name.
func appendObject(b []byte, members map[string]json.RawMessage) []byte {
	b = append(b, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		b = append(b, members[name]...)
	}

	return append(b, '}')
}
