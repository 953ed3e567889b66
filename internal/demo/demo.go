// Package demo is a small sample project, so that the tool can be looked at,
// and tested, before there is anything of one's own to import. The pages are
// written for it and belong to nobody else; between them they have what scraped
// pages have: tails of headlines, menus, forum posts, a live ticker, scripts
// from right to left, emoji of several code points, CRLF, code, and HTML.
package demo

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/ingest"
)

//go:embed pages/*/*
var files embed.FS

// cutting is the sample project's; a name in segment.Rules.
const cutting = "line"

// Project is the sample project, not yet stored.
func Project() corpus.Project {
	return corpus.Project{
		Name:       "Sample pages",
		Guidelines: guidelines,
		Labels:     corpus.DefaultLabels(),
		Cutting:    cutting,
	}
}

const guidelines = `# Body or boilerplate

**Body** is what the page is there for: headline, dateline, text, tables and lists that belong to it, the posts of a thread.

**Boilerplate** is what surrounds it on every page of the site: menus, share buttons, related headlines, advertisements, notices.

In doubt, ask: *would a reader miss it if it were gone?*

- A caption is body, the credit of a picture is boilerplate; split the block where both stand in it.
- A lone "-" before a tail of headlines belongs to the tail.

# Names

Mark the whole name with what belongs to it ("Dr. Lucía Ferrer-Ndiaye"), each time it stands in the body.
`

// Documents are the sample's pages by site and name, after the one that is
// labelled first. Importing them again adds
// nothing.
func Documents() iter.Seq2[corpus.Incoming, error] {
	ctx := context.Background()

	return ingest.Documents(ctx, pages(ctx), cutting)
}

// first is the page that a newcomer sees first: a body and a tail of headlines,
// labelled in two sweeps.
const first = "harbour-bridge"

func rank(name string) int {
	if strings.Contains(name, first) {
		return 0
	}
	return 1
}

// pages gives each file the address and the id that it would have on its site.
func pages(ctx context.Context) iter.Seq2[ingest.Page, error] {
	return func(yield func(ingest.Page, error) bool) {
		names, err := fs.Glob(files, "pages/*/*")
		if err != nil {
			yield(ingest.Page{}, err)
			return
		}
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
		for _, name := range names {
			b, err := files.ReadFile(name)
			if err != nil {
				yield(ingest.Page{}, err)
				return
			}
			site, file := path.Base(path.Dir(name)), path.Base(name)
			id := strings.TrimSuffix(file, path.Ext(file))
			for page, err := range ingest.Reader(ctx, bytes.NewReader(b), file, ingest.Options{}) {
				page.ID, page.URL = id, "https://www."+site+"/"+id
				if !yield(page, err) {
					return
				}
			}
		}
	}
}
