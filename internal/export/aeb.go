package export

import (
	"compress/gzip"
	"context"
	"path"

	"annotate/internal/corpus"
)

// AEB is the gold of article-extraction-benchmark: one object of texts by id,
// and the pages.
var AEB = Format{
	Name:      "aeb",
	Ext:       "json",
	MediaType: "application/json",
	About:     "Gold as in article-extraction-benchmark: ground-truth.json with the body of each page, and html/ID.html.gz. Blocks, also list items and table cells, are parted by a blank line. No spans.",
	twice:     true,
	folder:    writeAEB,
	loses:     pageLoses,
}

// writeAEB reads the gold twice, because the texts are one file and the pages
// are others.
func writeAEB(ctx context.Context, out Folder, d Dataset) error {
	for _, split := range d.Splits {
		w, err := out.Create(path.Join(split, "ground-truth.json"))
		if err != nil {
			return err
		}
		b := []byte("{")
		for name, g := range d.pages(split, &err) {
			if len(b) != 1 {
				b = append(b[:0], ',')
			}
			b = append(b, "\n  "...)
			b = appendString(b, name)
			b = append(b, `: {"articleBody": `...)
			b = appendString(b, bodyText(g))
			if g.Document.URL != "" {
				b = append(b, `, "url": `...)
				b = appendString(b, g.Document.URL)
			}
			if _, err := w.Write(append(b, '}')); err != nil {
				return err
			}
			b = b[:0]
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(append(b, "\n}\n"...)); err != nil {
			return err
		}

		for name, g := range d.pages(split, &err) {
			if err := d.packed(ctx, out, path.Join(split, "html", name+".html.gz"), g.Document); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}

	return nil
}

// pages are the documents of a split that came as pages, with the names of
// their files. An error ends them and is put into err.
func (d Dataset) pages(split string, err *error) func(yield func(string, corpus.Gold) bool) {
	return func(yield func(string, corpus.Gold) bool) {
		files := fileNames{}
		for g, broken := range d.Gold(split) {
			if broken != nil {
				*err = broken
				return
			}
			if hasPage(g.Document) && !yield(files.of(g.Document.Key()), g) {
				return
			}
		}
	}
}

// packed writes a page in gzip, which is the same each time: without a date.
func (d Dataset) packed(ctx context.Context, out Folder, name string, of corpus.Document) error {
	raw, err := d.page(ctx, of)
	if err != nil {
		return err
	}
	w, err := out.Create(name)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(w)
	if _, err := z.Write(raw); err != nil {
		return err
	}

	return z.Close()
}
