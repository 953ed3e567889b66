package suggest

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"

	"annotate/internal/corpus"
)

// LeastGold is how many documents with gold the first model needs.
const LeastGold = 5

// Report is what was measured when a model was made, on pages that it had not
// seen. It says which source speaks where.
type Report struct {
	Documents int              `json:"documents"`
	Sites     int              `json:"sites"`
	Blocks    *BlockAccuracy   `json:"blocks,omitempty"` // nil where there was too little to learn from
	Spans     *SpanAccuracy    `json:"spans,omitempty"`
	Costs     []Cost           `json:"costs"` // of all pages first, then kinds, then sites, each from most documents to fewest
	Right     map[string]Right `json:"right"` // by source: how often it was right
}

// Figure is a number that may not exist: NaN is null in JSON.
type Figure float64

func (f Figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func (f *Figure) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = Figure(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}

// BlockAccuracy is that of the model of blocks, held out by site.
type BlockAccuracy struct {
	WordF1      Figure `json:"wordF1"`      // words of the body, mean over pages
	BlockF1     Figure `json:"blockF1"`     // blocks of the body, over all pages
	Calibration Figure `json:"calibration"` // mean distance between how sure it is and how often it is right
}

// SpanAccuracy is that of the model of spans, held out by site: exactly the same
// stretch with the same label.
type SpanAccuracy struct {
	P      Figure                          `json:"p"`
	R      Figure                          `json:"r"`
	F1     Figure                          `json:"f1"`
	Labels map[corpus.LabelID]SpanAccuracy `json:"labels,omitempty"`
}

// Right is how many blocks a source called body and boilerplate, and how many
// of them were.
type Right struct {
	Body        int `json:"body"`
	BodyRight   int `json:"bodyRight"`
	Boiler      int `json:"boiler"`
	BoilerRight int `json:"boilerRight"`
}

// of is how often the source was right when it said the class; 0 where it is
// not known.
func (r Right) of(c corpus.Class) float64 {
	said, right := r.Boiler, r.BoilerRight
	if c == corpus.Body {
		said, right = r.Body, r.BodyRight
	}
	if said == 0 {
		return 0
	}

	return float64(right) / float64(said)
}

// Cost is what a group of pages costs by source, in the fewest sweeps over runs
// of blocks that make gold of what the source says; accepting it counts as one.
// What the memory knows of a site stands over every source but the blank page.
type Cost struct {
	Kind    string       `json:"kind,omitempty"` // media type; "" with Site "" for all pages
	Site    string       `json:"site,omitempty"`
	Pages   int          `json:"pages"`
	Sources []SourceCost `json:"sources"` // the blank page first, then by name
}

// SourceCost is what one source costs in the mean of the pages that it spoke of.
type SourceCost struct {
	Source string  `json:"source"` // Blank, corpus.FromMemory, corpus.FromRules, Model, or a run's
	Pages  int     `json:"pages"`
	Sweeps float64 `json:"sweeps"`
	Blank  float64 `json:"blank"` // what the blank page costs on the same pages
}

// Blank is the page without suggestions, as a source; Model is the model,
// whichever its number.
const (
	Blank = ""
	Model = "model"
)

// On so many pages a source is measured before that counts: of one site, where
// pages are alike, and of a kind or all.
const (
	leastOfSite = 3
	leastOfKind = 5
)

// group is the costs of that group of pages, nil where it has none.
func (r Report) group(kind, site string) *Cost {
	for i := range r.Costs {
		if r.Costs[i].Kind == kind && r.Costs[i].Site == site {
			return &r.Costs[i]
		}
	}

	return nil
}

// Choose is the source that costs least on pages of the site and kind, of those
// that speak of a page: measured where there is most in common with it, on the
// site, else on pages of its kind, else on all. It is Blank where a blank page
// costs no more. Of equal ones the model speaks: it says of each block how sure it
// is. A run that was never measured speaks until it is.
func (r Report) Choose(kind, site string, speaking []string) string {
	best, least := Blank, 0.0
	unmeasured := ""
	for _, source := range speaking {
		saved, known := r.saves(kind, site, source)
		switch {
		case known && (saved > least || saved == least && source == Model && best != Blank):
			best, least = source, saved
		case !known && unmeasured == "" && strings.HasPrefix(source, corpus.FromRun):
			unmeasured = source
		}
	}
	if best == Blank {
		return unmeasured
	}

	return best
}

// Shown is the source that pages of a group show.
func (r Report) Shown(c Cost) string {
	var speaking []string
	for _, one := range c.Sources {
		if one.Source != Blank {
			speaking = append(speaking, one.Source)
		}
	}

	return r.Choose(c.Kind, c.Site, speaking)
}

// saves is how many sweeps a source saves against the blank page; false where
// it was not measured on enough pages.
func (r Report) saves(kind, site, source string) (float64, bool) {
	for _, g := range []struct {
		c     *Cost
		least int
	}{{r.group("", site), leastOfSite}, {r.group(kind, ""), leastOfKind}, {r.group("", ""), leastOfKind}} {
		if g.c == nil || g.c == r.group("", "") && g.least == leastOfSite {
			continue
		}
		for _, s := range g.c.Sources {
			if s.Source == source && s.Pages >= g.least {
				return s.Blank - s.Sweeps, true
			}
		}
	}

	return 0, false
}

// tally adds up costs by group and source.
type tally map[group]map[string]*SourceCost

type group struct{ kind, site string }

// add counts a page: what it costs blank, and with each source that spoke.
func (t tally) add(kind, site string, blank int, sweeps map[string]int) {
	groups := []group{{}, {kind: kind}}
	if site != "" {
		groups = append(groups, group{site: site})
	}
	for _, g := range groups {
		if t[g] == nil {
			t[g] = map[string]*SourceCost{}
		}
		for source, n := range sweeps {
			c := t[g][source]
			if c == nil {
				c = &SourceCost{Source: source}
				t[g][source] = c
			}
			c.Pages++
			c.Sweeps += float64(n)
			c.Blank += float64(blank)
		}
	}
}

// maxSites bounds how many sites have costs of their own, those with most pages
// first.
const maxSites = 500

func (t tally) costs() []Cost {
	var out []Cost
	for g, sources := range t {
		c := Cost{Kind: g.kind, Site: g.site, Pages: sources[Blank].Pages}
		for _, name := range slices.Sorted(maps.Keys(sources)) {
			s := *sources[name]
			s.Sweeps, s.Blank = s.Sweeps/float64(s.Pages), s.Blank/float64(s.Pages)
			c.Sources = append(c.Sources, s)
		}
		if c.Site == "" || c.Pages >= leastOfSite {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Cost) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.Pages, a.Pages), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Site, b.Site))
	})

	return out[:min(len(out), maxSites)]
}

func (c Cost) rank() int {
	switch {
	case c.Site != "":
		return 2
	case c.Kind != "":
		return 1
	}
	return 0
}
