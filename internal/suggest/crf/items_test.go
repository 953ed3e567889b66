package crf

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestWhatIsPackedComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	var p Packer
	for range 50 {
		items := drawn(r, r.IntN(20), 1000)
		it, err := p.Pack(items)
		if err != nil {
			t.Fatal(err)
		}
		if got := it.Unpack(); !slices.EqualFunc(got, items, slices.Equal) {
			t.Fatalf("%v, want %v", got, items)
		}
		if all := slices.Concat(items...); len(it.features) != len(slices.Compact(slices.Sorted(slices.Values(all)))) {
			t.Fatalf("%d features are kept of %v", len(it.features), all)
		}
	}
}

func TestWhatDoesNotFitIsNotPacked(t *testing.T) {
	var p Packer
	if _, err := p.Pack([][]Feature{{MaxFeatures}}); err == nil || !strings.Contains(err.Error(), "feature 4194304") {
		t.Errorf("a feature that no model has gives %v", err)
	}
	many := make([]Feature, maxDistinct+1)
	for i := range many {
		many[i] = Feature(i)
	}
	if _, err := p.Pack([][]Feature{many}); err == nil {
		t.Error("too many different features are packed")
	}
	it, err := p.Pack([][]Feature{many[1:], {1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if got := it.Unpack(); !slices.Equal(got[0], many[1:]) || !slices.Equal(got[1], []Feature{1, 2}) {
		t.Error("as many as there may be come back as others")
	}
}

func TestWhatStandsInOnePlaceIsRare(t *testing.T) {
	seqs := []Sequence{
		{Items: packed(t, [][]Feature{{1, 2}, {3, 4, 4}})},
		{Items: packed(t, [][]Feature{{2, 5}, nil, {1}})},
	}
	DropRare(seqs, 6)
	for i, want := range [][][]Feature{{{1, 2}, {4, 4}}, {{2}, {}, {1}}} {
		if got := seqs[i].Items.Unpack(); !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("sequence %d is %v, want %v", i, got, want)
		}
	}
}
