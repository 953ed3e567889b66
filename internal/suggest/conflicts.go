package suggest

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
	"annotate/internal/text"
)

// Conflict is a text that people decided in two ways on one site, in the same
// region of its pages, so that the memory of the site is torn.
type Conflict struct {
	Site string
	blocks.Conflict
	Sample   string  // as one of the documents has it
	Examples [2]Seen // a place as body and one as boilerplate
}

// Seen is a block that has the text.
type Seen struct {
	corpus.Place
	Name string // of the document
}

// Conflicts are those of all sites, the texts on most pages first. What has no
// site says nothing. It holds the documents until it is done.
func Conflicts(gold iter.Seq2[corpus.Gold, error]) ([]Conflict, error) {
	sites, documents := map[string]*blocks.Site{}, map[corpus.DocumentID]corpus.Document{}
	for g, err := range gold {
		if err != nil {
			return nil, err
		}
		d := g.Document
		if d.Site == "" {
			continue
		}
		if sites[d.Site] == nil {
			sites[d.Site] = blocks.NewSite()
		}
		sites[d.Site].Learn(blocks.ExampleOf(g))
		documents[d.ID] = d
	}

	var out []Conflict
	for _, site := range slices.Sorted(maps.Keys(sites)) {
		for _, c := range sites[site].Conflicts() {
			one := Conflict{Site: site, Conflict: c}
			for side, w := range c.Examples {
				d := documents[w.Document]
				b := d.Blocks[w.Block]
				one.Examples[side] = Seen{corpus.Place{Document: d.ID, Start: b.Start}, d.Name}
				one.Sample = text.NewIndex(d.Text).Slice(b.Range)
			}
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b Conflict) int { return cmp.Compare(b.Body+b.Boilerplate, a.Body+a.Boilerplate) })

	return out, nil
}
