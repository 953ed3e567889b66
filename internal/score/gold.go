package score

import (
	"encoding/json"
	"strconv"
	"strings"

	"annotate/internal/corpus"
)

// FromGold is gold of the data file as measures take it. Its id is the
// document's external id, or where it has none its text's hash.
func FromGold(g corpus.Gold, labels corpus.LabelSet) Gold {
	d := g.Document
	out := Gold{ID: d.ExternalID, URL: d.URL, Name: d.Name, Site: d.Site, SourceHash: d.SourceHash, TextHash: d.SHA256, Page: d.Text, Labels: true,
		Fields: FieldsOf(d.Meta, d.Language), Blocks: make([]Block, len(g.Pieces)), Spans: make([]Span, len(g.Spans))}
	if out.ID == "" {
		out.ID = d.SHA256
	}
	for i, p := range g.Pieces {
		out.Blocks[i] = Block{p.Range, p.Class, p.Reason}
	}
	for i, s := range g.Spans {
		l, _ := labels.ByID(s.Label)
		out.Spans[i] = Span{s.Range, l.Name}
	}
	if len(g.Annotators) > 0 {
		out.Fields["annotator"] = strings.Join(g.Annotators, ", ")
	}
	out.Body = BodyText(out.Page, out.Blocks)

	return out
}

// FieldsOf are the plain values of a document's metadata, a JSON object, as
// text, with its language. What is nested is left out.
func FieldsOf(meta, language string) map[string]string {
	out := map[string]string{}
	if meta != "" && meta != "{}" {
		var all map[string]any
		if json.Unmarshal([]byte(meta), &all) == nil {
			for k, v := range all {
				switch v := v.(type) {
				case string:
					out[k] = v
				case float64:
					out[k] = strconv.FormatFloat(v, 'f', -1, 64)
				case bool:
					out[k] = strconv.FormatBool(v)
				}
			}
		}
	}
	if language != "" {
		out["language"] = language
	}

	return out
}

// Paired is a document's gold and what a run said about it; Missing where it
// said nothing.
type Paired struct {
	Gold       corpus.Gold
	Prediction Prediction
}
