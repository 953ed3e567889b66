package export

import (
	"cmp"
	"context"
	"path"

	"annotate/internal/corpus"
)

// Chatnoir is the gold of chatnoir's web-content-extraction-benchmark: a file
// of records for each data set, and the pages, which are named by their hashes.
var Chatnoir = Format{
	Name:      "chatnoir",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	About:     "Gold as in chatnoir's web-content-extraction-benchmark: JSON Lines with the body of each page, and html/SET/HASH.html. Blocks, also list items and table cells, are parted by a blank line. No spans.",
	twice:     true,
	folder:    writeChatnoir,
	loses:     pageLoses,
}

func writeChatnoir(ctx context.Context, out Folder, d Dataset) error {
	sets := fileNames{}
	for _, split := range d.Splits {
		set := sets.of(cmp.Or(split, d.Name, undivided))
		w, err := out.Create(path.Join("ground-truth", set+".jsonl"))
		if err != nil {
			return err
		}
		err = d.stream(ctx, w, split, Format{append: func(b []byte, g corpus.Gold, _ names) ([]byte, error) {
			return appendChatnoir(b, g, set), nil
		}})
		if err != nil {
			return err
		}

		written := map[string]bool{} // two documents may have the same page
		for _, g := range d.pages(split, &err) {
			if hash := g.Document.SourceHash; !written[hash] {
				written[hash] = true
				raw, err := d.page(ctx, g.Document)
				if err != nil {
					return err
				}
				if err := create(out, path.Join("html", set, hash+".html"), raw); err != nil {
					return err
				}
			}
		}
		if err != nil {
			return err
		}
	}

	return nil
}

func appendChatnoir(b []byte, g corpus.Gold, set string) []byte {
	if !hasPage(g.Document) {
		return b
	}
	b = append(b, `{"page_id":`...)
	b = appendString(b, g.Document.SourceHash)
	b = append(b, `,"plaintext":`...)
	b = appendString(b, bodyText(g))
	if g.Document.URL != "" {
		b = append(b, `,"url":`...)
		b = appendString(b, g.Document.URL)
	}
	b = append(b, `,"source":[`...)
	b = appendString(b, set)
	b = append(b, ',')
	b = appendString(b, g.Document.Key())

	return append(b, "]}\n"...)
}
