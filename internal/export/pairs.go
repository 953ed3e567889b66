package export

import (
	"cmp"
	"context"

	"annotate/internal/corpus"
)

// Pairs are what a document came as and what should be left of it, for models
// that learn to clean.
var Pairs = Format{
	Name:      "pairs",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	About:     "JSON Lines of raw and clean: the source of each document, HTML or text, and its body. Blocks, also list items and table cells, are parted by a blank line. No spans.",
	folder: func(ctx context.Context, out Folder, d Dataset) error {
		for _, split := range d.Splits {
			w, err := out.Create(cmp.Or(split, "pairs") + ".jsonl")
			if err != nil {
				return err
			}
			err = d.stream(ctx, w, split, Format{append: func(b []byte, g corpus.Gold, _ names) ([]byte, error) {
				return d.appendPair(ctx, b, g)
			}})
			if err != nil {
				return err
			}
		}
		return nil
	},
}

func (d Dataset) appendPair(ctx context.Context, b []byte, g corpus.Gold) ([]byte, error) {
	kind, raw := "text", g.Document.Text
	if hasPage(g.Document) {
		page, err := d.markup(ctx, g.Document)
		if err != nil {
			return b, err
		}
		kind, raw = "html", page
	}

	b = append(b, `{"id":`...)
	b = appendString(b, g.Document.Key())
	if g.Document.URL != "" {
		b = append(b, `,"url":`...)
		b = appendString(b, g.Document.URL)
	}
	if g.Document.Language != "" {
		b = append(b, `,"language":`...)
		b = appendString(b, g.Document.Language)
	}
	b = append(b, `,"kind":"`+kind+`","raw":`...)
	b = appendString(b, raw)
	b = append(b, `,"clean":`...)
	b = appendString(b, bodyText(g))

	return append(b, "}\n"...), nil
}
