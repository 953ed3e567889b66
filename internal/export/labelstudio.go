package export

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"strings"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// LabelStudio is a list of tasks for Label Studio, with the labelling
// configuration that its project needs.
var LabelStudio = Format{
	Name:      "labelstudio",
	Ext:       "json",
	MediaType: "application/json",
	About:     "JSON tasks for Label Studio with the labelling configuration beside them: the body, its blocks joined by a blank line, with spans as annotations, and those of a run as predictions.",
	Unit:      "code points",
	Predicts:  true,
	folder:    writeStudio,
	loses:     passageLoses,
}

// Predictions are spans that a program marked, for the formats that keep them
// apart from those of people.
type Predictions struct {
	Model string // name and version

	// Spans are those of a document, in its own positions; none where the program
	// marked none.
	Spans func(context.Context, corpus.DocumentID) ([]corpus.IncomingSpan, error)
}

func writeStudio(ctx context.Context, out Folder, d Dataset) error {
	if err := create(out, "config.xml", []byte(studioConfig(d.Labels))); err != nil {
		return err
	}

	for _, split := range d.Splits {
		w, err := out.Create(cmp.Or(split, "tasks") + ".json")
		if err != nil {
			return err
		}
		err = d.stream(ctx, w, split, Format{append: func(b []byte, g corpus.Gold, n names) ([]byte, error) {
			return appendTask(ctx, b, g, n, d.Predictions)
		}, frame: func(names) (before, between, after string) { return "[\n", ",\n", "\n]\n" }})
		if err != nil {
			return err
		}
	}

	return nil
}

// studioConfig names the controls that results refer to. Its colours are our
// names for them, all but one of which CSS has too.
func studioConfig(labels corpus.LabelSet) string {
	var b strings.Builder
	b.WriteString("<View>\n  <Labels name=\"label\" toName=\"text\">\n")
	for _, l := range labels {
		fmt.Fprintf(&b, `    <Label value="%s"`, attributeText(l.Name))
		if l.Title != "" {
			fmt.Fprintf(&b, ` hint="%s"`, attributeText(l.Title))
		}
		fmt.Fprintf(&b, ` background="%s"`, strings.Replace(l.Colour, "slate", "slategray", 1))
		if l.Key != "" && !l.Retired {
			fmt.Fprintf(&b, ` hotkey="%s"`, attributeText(l.Key))
		}
		b.WriteString("/>\n")
	}
	b.WriteString("  </Labels>\n  <Text name=\"text\" value=\"$text\"/>\n</View>\n")

	return b.String()
}

// attributeText is s between the quotation marks of XML.
func attributeText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder takes everything

	return b.String()
}

// appendTask leaves out who made the annotation: Label Studio refuses people
// that it does not know.
func appendTask(ctx context.Context, b []byte, g corpus.Gold, n names, ps *Predictions) ([]byte, error) {
	p := passageOf(g, n)
	b = append(b, `{"data":{"id":`...)
	b = appendString(b, g.Document.Key())
	b = append(b, `,"text":`...)
	b = appendString(b, p.Text())
	if g.Document.URL != "" {
		b = append(b, `,"url":`...)
		b = appendString(b, g.Document.URL)
	}
	b = append(b, '}')
	b, err := appendMeta(b, g.Document)
	if err != nil {
		return b, err
	}

	b = append(b, `,"annotations":[{"was_cancelled":false,"ground_truth":true`...)
	if !g.At.IsZero() {
		b = append(b, `,"created_at":`...)
		b = appendString(b, g.At.UTC().Format(time.RFC3339))
	}
	b = append(b, `,"result":[`...)
	for i, s := range p.spans {
		b = appendResult(b, i, "s", s.Range, n.labels[s.Label], s.Quote)
	}
	b = append(b, "]}]"...)
	if ps == nil {
		return append(b, '}'), nil
	}

	spans, err := ps.Spans(ctx, g.Document.ID)
	if err != nil {
		return b, err
	}
	b = append(b, `,"predictions":[{"model_version":`...)
	b = appendString(b, ps.Model)
	b = append(b, `,"result":[`...)
	i := 0
	for _, s := range spans {
		if r, ok := p.place(s.Range); ok {
			b = appendResult(b, i, "p", r, s.Label, p.Slice(r))
			i++
		}
	}

	return append(b, "]}]}"...), nil
}

// appendResult writes the i-th region of a list.
func appendResult(b []byte, i int, prefix string, r text.Range, label, quote string) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	b = fmt.Appendf(b, `{"id":"%s%d","from_name":"label","to_name":"text","type":"labels","value":{"start":%d,"end":%d,"text":`, prefix, i+1, r.Start, r.End)
	b = appendString(b, quote)
	b = append(b, `,"labels":[`...)
	b = appendString(b, label)

	return append(b, "]}}"...)
}
