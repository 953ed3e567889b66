package suggest

import (
	"cmp"
	"slices"

	"annotate/internal/corpus"
)

// Doubtful is a document that waits for people, and how unsure it leaves the
// sources.
type Doubtful struct {
	Document corpus.DocumentID
	Site     string  // "" for unknown
	Doubt    float64 // 0 to 1
}

// TakeTurns spreads documents over their sites: the most doubtful of a site
// keeps its doubt, the next counts half, the third a third, and so on. By the
// greatest doubt left, sites then come in proportion to their doubt, as seats
// are shared out by D'Hondt's rule: the pages of one site have much in common,
// and the first that is labelled settles most of the next. Documents of no
// known site stay as they are; the order of the list may change.
func TakeTurns(all []Doubtful) {
	slices.SortFunc(all, func(a, b Doubtful) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(b.Doubt, a.Doubt), cmp.Compare(a.Document, b.Document))
	})
	turn := 0
	for i := range all {
		if turn++; i == 0 || all[i].Site != all[i-1].Site || all[i].Site == "" {
			turn = 1
		}
		all[i].Doubt /= float64(turn)
	}
}
