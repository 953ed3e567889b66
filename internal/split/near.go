package split

import (
	"cmp"
	"math"
	"slices"

	"annotate/internal/corpus"
)

// Kind is which text of a document is meant.
type Kind string

const (
	Text Kind = "text" // all of it
	Body Kind = "body" // what its gold calls body
)

// Alike is the similarity from which two texts are near-copies where nobody
// asks for another one, and the least that is looked for.
const Alike = 0.8

// Inside is the share of a text's shingles that another, longer one must hold
// for it to count as a copy inside that. It is higher than Alike, because pages
// of one site share their frame, and short ones have little else.
const Inside = 0.9

// leastInside is how many shingles a text must have to count as copied inside
// another: a line or two stand in many pages.
const leastInside = 20

// CheckSimilarity says what is wrong with a similarity to ask for.
func CheckSimilarity(s float64) error {
	if !(s >= Alike && s <= 1) {
		return corpus.Invalidf("similarity", "the similarity of near-copies lies between %v and 1", Alike)
	}
	return nil
}

// Similarity is what two sets of shingles share.
type Similarity struct {
	Jaccard     float64 // of what either has
	Containment float64 // of what the smaller one has
	Least       int     // members of the smaller one
}

// Compare counts exactly what two sets share, as Shingles gives them. Where one
// is empty they share nothing.
func Compare(a, b []uint64) Similarity {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}

	return similarity(float64(both), len(a), len(b))
}

func similarity(both float64, a, b int) Similarity {
	s := Similarity{Least: min(a, b)}
	if s.Least > 0 {
		s.Jaccard, s.Containment = both/(float64(a+b)-both), both/float64(s.Least)
	}
	return s
}

// Near reports whether that makes near-copies. Where alike is above Inside, a
// text must be contained as much.
func (s Similarity) Near(alike float64) bool { return s.within(alike, 0) }

func (s Similarity) within(alike, slack float64) bool {
	return s.Jaccard >= alike-slack || s.Least >= leastInside && s.Containment >= max(alike, Inside)-slack
}

// Entry is a text to compare with others.
type Entry struct {
	Document corpus.DocumentID
	Kind     Kind
	Fresh    bool // was never compared; two that are not fresh are left alone
	Sketch
}

// Candidate is two entries, by their index, that are near-copies by the look of
// their sketches. The second is of a later document.
type Candidate struct{ A, B int32 }

// Bounds of what a bucket costs. A bucket holds one copy of what is nearly the
// same anyway, and where thousands that share a frame fall into one, each is
// held against so many before it.
const (
	foldFrom = 0.95
	maxHeads = 512
)

// slack is by how much an estimate may fall short: more than three standard
// errors.
const slack = 0.12

// Candidates are the pairs of entries, which are in order of their documents,
// to be compared exactly, in order. Sketches are cut into bands, and two that
// agree in a whole band are looked at (Leskovec, Rajaraman and Ullman, Mining
// of Massive Datasets, 3.4): of pairs with a Jaccard coefficient of Alike 998 in
// 1000 are found, of those with 0.9 all. A short text inside a much longer one
// is found by its sample, see inside.
func Candidates(entries []Entry) []Candidate {
	out := resembling(entries)
	out = inside(out, entries)
	slices.SortFunc(out, compareCandidates)

	return slices.Compact(out)
}

// resembling are the pairs that agree in a band, in order.
func resembling(entries []Entry) []Candidate {
	rows := bandRows(Alike)
	var out []Candidate
	band := make([]banded, 0, len(entries))
	for first := 0; first+rows <= permutations; first += rows {
		band = band[:0]
		for i := range entries {
			if e := &entries[i]; e.Shingles > 0 {
				band = append(band, banded{bandKey(e.Mins[first : first+rows]), int32(i)})
			}
		}
		slices.SortFunc(band, func(a, b banded) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.entry, b.entry)) })
		for len(band) > 0 {
			n := 1
			for n < len(band) && band[n].key == band[0].key {
				n++
			}
			if n > 1 {
				out = bucket(out, entries, band[:n])
			}
			band = band[n:]
		}
		slices.SortFunc(out, compareCandidates)
		out = slices.Compact(out)
	}

	return out
}

type banded struct {
	key   uint64
	entry int32
}

func compareCandidates(a, b Candidate) int {
	return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
}

// bandRows is how many numbers make a band: as many as can be, because fewer
// pairs are looked at then, while 995 of 1000 pairs of that similarity agree in
// one.
func bandRows(similarity float64) int {
	for rows := permutations; rows > 1; rows-- {
		if 1-math.Pow(1-math.Pow(similarity, float64(rows)), float64(permutations/rows)) >= 0.995 {
			return rows
		}
	}
	return 1
}

func bandKey(mins []uint16) uint64 {
	h := uint64(0)
	for _, m := range mins {
		h = mix(h ^ uint64(m))
	}
	return h
}

// bucket adds the pairs of entries that agree in a band.
func bucket(out []Candidate, entries []Entry, in []banded) []Candidate {
	var heads []int32
	for _, b := range in {
		e, folded := &entries[b.entry], false
		for _, h := range heads[max(0, len(heads)-maxHeads):] {
			o := &entries[h]
			like := e.Like(&o.Sketch)
			folded = folded || like >= foldFrom && e.Kind == o.Kind
			if e.Document != o.Document && (e.Fresh || o.Fresh) && estimate(like, e.Shingles, o.Shingles).within(Alike, slack) {
				out = append(out, Candidate{h, b.entry})
			}
		}
		if !folded {
			heads = append(heads, b.entry)
		}
	}

	return out
}

// estimate is the similarity of two sets of such sizes with that coefficient.
func estimate(jaccard float64, a, b int) Similarity {
	return similarity(min(jaccard/(1+jaccard)*float64(a+b), float64(min(a, b))), a, b)
}

// Pair is two documents that are near-copies.
type Pair struct {
	A, B corpus.DocumentID // A was there first
	Kind Kind              // Text where all of both is meant, else Body: the body of one is in the other, or in its body
	Similarity
}

// Union joins things by their names.
type union map[string]string

// find is the least name of the set that a name is in.
func (u union) find(name string) string {
	for {
		up, ok := u[name]
		if !ok || up == name {
			return name
		}
		if top, ok := u[up]; ok {
			u[name] = top
		}
		name = up
	}
}

func (u union) join(a, b string) {
	a, b = u.find(a), u.find(b)
	if a != b {
		u[max(a, b)] = min(a, b)
	}
}
