package split

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"annotate/internal/corpus"
)

// Document is what dividing needs of a document, and what a report counts.
type Document struct {
	ID       corpus.DocumentID
	Key      string // its name outside, the same for all versions
	Name     string
	Site     string // "" without one
	Language string
	At       time.Time // when the page was written, or came in; for ByTime

	Words             int
	Gold              bool
	Body, Boilerplate int            // pieces of its gold
	Spans             map[string]int // of its gold, by label
}

// Kept is what is remembered of a name that was assigned before.
type Kept struct {
	Part string
	Was  string    // its part before it was last joined with an older one, "" where it never was
	At   time.Time // when it was first assigned
}

// Move is a site or document that lost its part, because near-copies join it
// with one that was assigned earlier to another part.
type Move struct {
	Name string `json:"name"` // "site:example.org" or "document:" and a key
	From string `json:"from"`
	To   string `json:"to"`
}

// Fixed is a part that somebody chose for a document, or for all documents of a
// site. The choice for a document goes before that for its site.
type Fixed struct {
	Document string    `json:"document,omitempty"` // its key; "" where a site is meant
	Site     string    `json:"site,omitempty"`
	Part     string    `json:"part"`
	By       string    `json:"by,omitempty"` // "" for the command line
	At       time.Time `json:"at"`
}

// Assignment is which document goes to which part.
type Assignment struct {
	Spec  Spec
	By    By
	Moves []Move          // by name; also those of earlier times
	Fresh map[string]Kept // what is to be remembered, or remembered anew; At is zero where it is new
	Fixed []Fixed         // that are meant for these documents
	Idle  []Fixed         // whose part the spec does not have, so that they do nothing

	parts map[string]string // by key
}

// Of is the part of a document by its key; "" where it was not there.
func (a Assignment) Of(document string) string { return a.parts[document] }

// Assign divides documents. The part of a group is the earliest that is
// remembered of one of its members, else follows from the least of their names;
// the order of documents and pairs does not matter. Pairs of other documents
// are passed over.
func Assign(spec Spec, by By, documents []Document, pairs []Pair, kept map[string]Kept, fixed []Fixed) Assignment {
	a := Assignment{Spec: spec, By: by, Fresh: map[string]Kept{}, parts: make(map[string]string, len(documents))}
	switch by {
	case ByTime:
		a.byTime(documents, kept)
	case ByDocument:
		for _, d := range documents {
			a.parts[d.Key] = spec.Of(ofDocument + d.Key)
		}
	default:
		a.byGroup(documents, pairs, kept)
	}
	a.fix(documents, fixed)
	slices.SortFunc(a.Moves, func(x, y Move) int { return cmp.Compare(x.Name, y.Name) })

	return a
}

// What names begin with, so that a site is not taken for a document.
const (
	ofSite     = "site:"
	ofDocument = "document:"
)

// nameOf is the name of the smallest thing that is never divided.
func nameOf(d Document, by By) string {
	if by == BySite && d.Site != "" {
		return ofSite + d.Site
	}
	return ofDocument + d.Key
}

func (a *Assignment) byGroup(documents []Document, pairs []Pair, kept map[string]Kept) {
	names := make(map[corpus.DocumentID]string, len(documents))
	for _, d := range documents {
		names[d.ID] = nameOf(d, a.By)
	}
	joined := union{}
	for _, p := range pairs {
		if x, y := names[p.A], names[p.B]; x != "" && y != "" {
			joined.join(x, y)
		}
	}
	groups := map[string][]string{}
	for _, name := range slices.Sorted(maps.Values(names)) {
		top := joined.find(name)
		if g := groups[top]; len(g) == 0 || g[len(g)-1] != name {
			groups[top] = append(g, name)
		}
	}

	for top, members := range groups {
		part := a.partOf(members, kept)
		groups[top] = []string{part}
		for _, name := range members {
			a.remember(name, part, kept)
		}
	}
	for _, d := range documents {
		a.parts[d.Key] = groups[joined.find(names[d.ID])][0]
	}
}

// partOf is the part of a group, whose members are in order.
func (a *Assignment) partOf(members []string, kept map[string]Kept) string {
	var first Kept
	for _, name := range members {
		if k, ok := kept[name]; ok && (first.Part == "" || k.At.Before(first.At)) {
			first = k
		}
	}
	if first.Part != "" {
		return first.Part
	}
	return a.Spec.Of(members[0])
}

func (a *Assignment) remember(name, part string, kept map[string]Kept) {
	k, known := kept[name]
	if k.Part != part {
		if known {
			k.Was = k.Part
		}
		k.Part = part
		a.Fresh[name] = k
	}
	if k.Was != "" {
		a.Moves = append(a.Moves, Move{name, k.Was, part})
	}
}

// stamp is a time that sorts as its text does.
const stamp = "2006-01-02T15:04:05.000Z"

// byTime cuts where the shares hold, the first time; later documents come to
// where these cuts put them. What is as old as the page at the cut is not
// divided, so parts can be far from their shares.
func (a *Assignment) byTime(documents []Document, kept map[string]Kept) {
	parts := a.Spec.Parts
	cuts := make([]string, len(parts))
	for name := range kept {
		from, part, _ := strings.Cut(name, " ")
		if i := slices.IndexFunc(parts, func(p Part) bool { return p.Name == part }); i > 0 {
			cuts[i] = from
		}
	}
	if len(documents) == 0 {
		return
	}
	if len(kept) == 0 {
		times := make([]time.Time, len(documents))
		for i, d := range documents {
			times[i] = d.At
		}
		slices.SortFunc(times, time.Time.Compare)
		before := 0
		for i := 1; i < len(parts); i++ {
			before += parts[i-1].Share
			at := int(math.Round(float64(len(times)) * float64(before) / float64(a.Spec.total())))
			cuts[i] = times[min(at, len(times)-1)].UTC().Format(stamp)
			a.Fresh[cuts[i]+" "+parts[i].Name] = Kept{Part: parts[i].Name}
		}
	}

	for _, d := range documents {
		at, part := d.At.UTC().Format(stamp), 0
		for i := 1; i < len(parts) && cuts[i] <= at; i++ {
			part = i
		}
		a.parts[d.Key] = parts[part].Name
	}
}

// fix puts documents where somebody wants them.
func (a *Assignment) fix(documents []Document, fixed []Fixed) {
	ofKey, ofSite := map[string]int{}, map[string]int{}
	for i, f := range fixed {
		switch {
		case !a.Spec.Has(f.Part):
			a.Idle = append(a.Idle, f)
		case f.Document != "":
			ofKey[f.Document] = i
		default:
			ofSite[f.Site] = i
		}
	}

	used := map[int]bool{}
	for _, d := range documents {
		i, ok := ofKey[d.Key]
		if !ok && d.Site != "" {
			i, ok = ofSite[d.Site]
		}
		if ok {
			a.parts[d.Key] = fixed[i].Part
			used[i] = true
		}
	}
	for _, i := range slices.Sorted(maps.Keys(used)) {
		a.Fixed = append(a.Fixed, fixed[i])
	}
}

// Description is what a manifest says of an assignment, so that somebody else
// can make it again.
type Description struct {
	Split     string         `json:"split"`
	By        By             `json:"by"`
	Hash      string         `json:"hash"`            // how a name becomes a part, see Spec.Of
	Alike     float64        `json:"similarity"`      // from which on documents count as near-copies
	Documents map[string]int `json:"documents"`       // by part
	Fixed     []Fixed        `json:"fixed,omitempty"` // by hand
	Moves     []Move         `json:"moves,omitempty"` // where groups grew together
}

// Description describes the assignment.
func (a Assignment) Description() Description {
	d := Description{a.Spec.String(), a.By, strings.TrimSpace(scheme), Alike, map[string]int{}, a.Fixed, a.Moves}
	for _, p := range a.Spec.Parts {
		d.Documents[p.Name] = 0
	}
	for _, part := range a.parts {
		d.Documents[part]++
	}
	return d
}

// dateFields are where pages say in their metadata when they were written, the
// most exact first.
var dateFields = []string{"published", "datePublished", "date_published", "publishedAt", "published_at", "pubDate", "date", "timestamp"}

var dateForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.RFC1123Z, time.RFC1123, time.DateOnly}

// Written is when a page was written, as its metadata, a JSON object, says, or
// else when it came in.
func Written(meta string, added time.Time) time.Time {
	var fields map[string]any
	if !strings.Contains(strings.ToLower(meta), "date") && !strings.Contains(meta, "publish") && !strings.Contains(meta, "timestamp") || json.Unmarshal([]byte(meta), &fields) != nil {
		return added
	}
	for _, name := range dateFields {
		said, _ := fields[name].(string)
		for _, form := range dateForms {
			if t, err := time.Parse(form, strings.TrimSpace(said)); err == nil {
				return t.UTC()
			}
		}
	}

	return added
}
