package crf

import (
	"fmt"
	"slices"
)

// Feature is something that is seen at a position, or not: a number below the
// model's number of features.
type Feature uint32

// Items are the features at each position of a sequence, packed to be kept and
// learnt from: positions of one sequence have much in common, so each feature
// stands once and a position names it in two bytes.
type Items struct {
	features []Feature
	seen     []uint16 // the features of one position after another, by their places above
	ends     []uint32 // where each position's end in seen
}

// maxDistinct is how many different features a sequence may have.
const maxDistinct = 1 << 16

// Len is the number of positions.
func (it *Items) Len() int { return len(it.ends) }

// at are the places of a position's features.
func (it *Items) at(t int) []uint16 {
	from := uint32(0)
	if t > 0 {
		from = it.ends[t-1]
	}
	return it.seen[from:it.ends[t]]
}

// Unpack gives the features of each position back, in order.
func (it *Items) Unpack() [][]Feature {
	all, out := make([]Feature, len(it.seen)), make([][]Feature, it.Len())
	for i, k := range it.seen {
		all[i] = it.features[k]
	}
	from := uint32(0)
	for t, to := range it.ends {
		out[t] = all[from:to:to]
		from = to
	}

	return out
}

// Packer packs one sequence after another. Its zero value is ready to use, by
// one goroutine at a time.
type Packer struct {
	features []Feature
	seen     []uint16
	places   []uint32 // of each feature, one more than its place in features; 0 where it has none
}

// Pack takes the features at each position. The error tells of a feature that
// no model has, or of more than 65 536 different ones.
func (p *Packer) Pack(items [][]Feature) (Items, error) {
	defer p.clear()
	ends := make([]uint32, len(items))
	for t, item := range items {
		for _, f := range item {
			if f >= MaxFeatures {
				return Items{}, fmt.Errorf("item %d: feature %d is more than %d", t, f, MaxFeatures-1)
			}
			if n := int(f) + 1; n > len(p.places) {
				p.places = slices.Grow(p.places, n-len(p.places))[:n]
			}
			if p.places[f] == 0 {
				p.features = append(p.features, f)
				p.places[f] = uint32(len(p.features))
			}
			p.seen = append(p.seen, uint16(p.places[f]-1))
		}
		if len(p.features) > maxDistinct {
			return Items{}, fmt.Errorf("item %d: more than %d different features in one sequence", t, maxDistinct)
		}
		ends[t] = uint32(len(p.seen))
	}

	return Items{exact(p.features), exact(p.seen), ends}, nil
}

func (p *Packer) clear() {
	for _, f := range p.features {
		p.places[f] = 0
	}
	p.features, p.seen = p.features[:0], p.seen[:0]
}

// exact is a copy without room to spare.
func exact[T any](s []T) []T {
	out := make([]T, len(s))
	copy(out, s)
	return out
}

// DropRare takes the features out of all sequences that stand at one position
// of one sequence: what they teach is that place itself. features is how many
// there may be.
func DropRare(seqs []Sequence, features int) {
	count := make([]uint8, features)
	for _, s := range seqs {
		for _, k := range s.Items.seen {
			f := s.Items.features[k]
			count[f] = min(count[f]+1, 2)
		}
	}
	for i := range seqs {
		seqs[i].Items = seqs[i].Items.only(func(f Feature) bool { return count[f] > 1 })
	}
}

// only are the items with the features that are wanted.
func (it *Items) only(wanted func(Feature) bool) Items {
	out := Items{ends: make([]uint32, len(it.ends))}
	place := make([]int, len(it.features))
	for k, f := range it.features {
		place[k] = -1
		if wanted(f) {
			place[k] = len(out.features)
			out.features = append(out.features, f)
		}
	}
	for t := range it.ends {
		for _, k := range it.at(t) {
			if to := place[k]; to >= 0 {
				out.seen = append(out.seen, uint16(to))
			}
		}
		out.ends[t] = uint32(len(out.seen))
	}

	return out
}
