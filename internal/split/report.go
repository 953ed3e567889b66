package split

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"annotate/internal/corpus"
)

// Report is how an assignment came out.
type Report struct {
	Split    string       `json:"split"`
	By       By           `json:"by"`
	Parts    []PartReport `json:"parts"`    // in the order of the spec
	Clusters int          `json:"clusters"` // of near-copies
	Warnings []string     `json:"warnings"` // sentences without a capital or a full stop
	Moves    []Move       `json:"moves"`    // by name
	Copies   []NearCopy   `json:"-"`        // all pairs, by document
	Pairs    []NearCopy   `json:"pairs"`    // those of them that stand in different parts
	Sites    []SiteLeak   `json:"sites"`    // in more than one part, by name
}

// PartReport is what a part holds. Everything but Asked and Share is a count.
type PartReport struct {
	Name        string         `json:"name"`
	Asked       float64        `json:"asked"` // share of the documents, 0 to 1
	Share       float64        `json:"share"` // as it came out; 0 where there are no documents
	Documents   int            `json:"documents"`
	Gold        int            `json:"gold"` // documents that have gold
	Sites       int            `json:"sites"`
	Clusters    int            `json:"clusters"` // of near-copies, with a document in the part
	Words       int            `json:"words"`
	Body        int            `json:"body"` // pieces
	Boilerplate int            `json:"boilerplate"`
	Spans       map[string]int `json:"spans"`     // by label
	Languages   map[string]int `json:"languages"` // documents by language, "" where it is unknown
}

// NearCopy is a pair of near-copies, and where they went.
type NearCopy struct {
	Documents   [2]corpus.DocumentID `json:"documents"` // the first was there first
	Keys        [2]string            `json:"keys"`
	Names       [2]string            `json:"names"`
	Parts       [2]string            `json:"parts,omitzero"`
	Kind        Kind                 `json:"kind"`
	Jaccard     float64              `json:"jaccard"`
	Containment float64              `json:"containment"`
	Least       int                  `json:"least"` // shingles of the smaller text
}

// Leaks reports whether the two stand in different parts.
func (c NearCopy) Leaks() bool { return c.Parts[0] != c.Parts[1] }

// SiteLeak is a site that stands in more than one part.
type SiteLeak struct {
	Site      string         `json:"site"`
	Documents map[string]int `json:"documents"` // by part
}

// Leaks reports whether something stands in two parts that the way keeps
// together, or that is copied: a pair, or by site also a site.
func (r Report) Leaks() bool { return len(r.Pairs) > 0 || r.By == BySite && len(r.Sites) > 0 }

// fewDocuments is below which a part is too small to measure on.
const fewDocuments = 20

// Report counts what each part of the assignment holds of the documents that it
// was made of, and what leaks.
func (a Assignment) Report(documents []Document, pairs []Pair) Report {
	r := Report{Split: a.Spec.String(), By: a.By, Moves: append([]Move{}, a.Moves...), Warnings: []string{}}
	at := map[string]*PartReport{}
	r.Parts = make([]PartReport, len(a.Spec.Parts))
	for i, p := range a.Spec.Parts {
		r.Parts[i] = PartReport{Name: p.Name, Asked: a.Spec.Share(p.Name), Spans: map[string]int{}, Languages: map[string]int{}}
		at[p.Name] = &r.Parts[i]
	}

	clusters := clustersOf(documents, pairs)
	seen := map[[2]string]bool{} // part and site or cluster
	first := func(part, what string) bool {
		k := [2]string{part, what}
		was := seen[k]
		seen[k] = true
		return !was
	}
	for _, d := range documents {
		p := at[a.Of(d.Key)]
		p.Documents++
		if d.Gold {
			p.Gold++
		}
		p.Words += d.Words
		p.Body += d.Body
		p.Boilerplate += d.Boilerplate
		p.Languages[d.Language]++
		for label, n := range d.Spans {
			p.Spans[label] += n
		}
		if d.Site != "" && first(p.Name, ofSite+d.Site) {
			p.Sites++
		}
		if c, ok := clusters[d.ID]; ok && first(p.Name, ofDocument+c) {
			p.Clusters++
		}
	}
	for i := range r.Parts {
		if len(documents) > 0 {
			r.Parts[i].Share = float64(r.Parts[i].Documents) / float64(len(documents))
		}
	}
	r.Clusters = len(slices.Compact(slices.Sorted(maps.Values(clusters))))
	r.Copies, r.Sites = a.Copies(documents, pairs), a.torn(documents)
	r.Pairs = slices.DeleteFunc(slices.Clone(r.Copies), func(c NearCopy) bool { return !c.Leaks() })
	r.warn(a)

	return r
}

// clustersOf names the cluster of each document that has near-copies.
func clustersOf(documents []Document, pairs []Pair) map[corpus.DocumentID]string {
	keys := make(map[corpus.DocumentID]string, len(documents))
	for _, d := range documents {
		keys[d.ID] = d.Key
	}
	joined, in := union{}, map[corpus.DocumentID]string{}
	for _, p := range pairs {
		if a, b := keys[p.A], keys[p.B]; a != "" && b != "" {
			joined.join(a, b)
			in[p.A], in[p.B] = a, b
		}
	}
	for id, key := range in {
		in[id] = joined.find(key)
	}

	return in
}

// Copies are the pairs of documents that the assignment was made of, by
// document.
func (a Assignment) Copies(documents []Document, pairs []Pair) []NearCopy {
	byID := make(map[corpus.DocumentID]*Document, len(documents))
	for i := range documents {
		byID[documents[i].ID] = &documents[i]
	}
	out := []NearCopy{}
	for _, p := range pairs {
		x, y := byID[p.A], byID[p.B]
		if x != nil && y != nil {
			out = append(out, NearCopy{[2]corpus.DocumentID{p.A, p.B}, [2]string{x.Key, y.Key}, [2]string{x.Name, y.Name},
				[2]string{a.Of(x.Key), a.Of(y.Key)}, p.Kind, p.Jaccard, p.Containment, p.Least})
		}
	}
	slices.SortFunc(out, func(x, y NearCopy) int {
		return cmp.Or(cmp.Compare(x.Documents[0], y.Documents[0]), cmp.Compare(x.Documents[1], y.Documents[1]), cmp.Compare(x.Kind, y.Kind))
	})

	return out
}

// torn are the sites that stand in several parts, by name.
func (a Assignment) torn(documents []Document) []SiteLeak {
	sites := map[string]map[string]int{}
	for _, d := range documents {
		if d.Site != "" {
			if sites[d.Site] == nil {
				sites[d.Site] = map[string]int{}
			}
			sites[d.Site][a.Of(d.Key)]++
		}
	}
	out := []SiteLeak{}
	for _, site := range slices.Sorted(maps.Keys(sites)) {
		if len(sites[site]) > 1 {
			out = append(out, SiteLeak{site, sites[site]})
		}
	}

	return out
}

// warn says what a person who trains on this should know.
func (r *Report) warn(a Assignment) {
	add := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	labels := map[string][]string{}
	anyGold := slices.ContainsFunc(r.Parts, func(p PartReport) bool { return p.Gold > 0 })
	for _, p := range r.Parts {
		if p.Documents < fewDocuments {
			add("%s has fewer than %d documents: %d", p.Name, fewDocuments, p.Documents)
		} else if anyGold && p.Gold < fewDocuments {
			add("%s has fewer than %d documents with gold: %d", p.Name, fewDocuments, p.Gold)
		}
		for label := range p.Spans {
			labels[label] = append(labels[label], p.Name)
		}
	}
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		if in := labels[label]; len(in) == 1 {
			add("the label %s appears in %s only", label, in[0])
		}
	}
	for _, f := range a.Idle {
		what := "the site " + f.Site
		if f.Document != "" {
			what = "the document " + f.Document
		}
		add("%s is fixed to %s, which is no part of this split", what, f.Part)
	}
}
