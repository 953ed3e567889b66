package suggest_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/suggest"
)

// order is how documents come after they have taken turns.
func order(all []suggest.Doubtful) (out []corpus.DocumentID) {
	suggest.TakeTurns(all)
	slices.SortFunc(all, func(a, b suggest.Doubtful) int {
		return cmp.Or(cmp.Compare(b.Doubt, a.Doubt), cmp.Compare(a.Document, b.Document))
	})
	for _, one := range all {
		out = append(out, one.Document)
	}
	return out
}

func TestSitesTakeTurns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		all  []suggest.Doubtful
		want []corpus.DocumentID
	}{
		"nothing":                    {nil, nil},
		"one site goes by its doubt": {[]suggest.Doubtful{{1, "a", .2}, {2, "a", .9}, {3, "a", .5}}, []corpus.DocumentID{2, 3, 1}},
		// .9, .45, .3 against .8, .4: the sites alternate though all of a are the more doubtful.
		"two sites alternate":        {[]suggest.Doubtful{{1, "a", .9}, {2, "a", .9}, {3, "a", .9}, {4, "b", .8}, {5, "b", .8}}, []corpus.DocumentID{1, 4, 2, 5, 3}},
		"unknown sites take no turn": {[]suggest.Doubtful{{1, "", .9}, {2, "", .8}, {3, "", .7}, {4, "b", .75}}, []corpus.DocumentID{1, 2, 4, 3}},
		"no doubt stays none":        {[]suggest.Doubtful{{1, "a", 0}, {2, "a", .1}, {3, "b", 0}}, []corpus.DocumentID{2, 1, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := order(c.all); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// The first site is three times as doubtful as the others, and a little more, so
// that none are equal: of the first fifty documents
// it gets three fifths, and never more than three in a row.
func TestSitesComeInProportionToTheirDoubt(t *testing.T) {
	t.Parallel()
	var all []suggest.Doubtful
	for i := range 100 {
		for k, doubt := range []float64{.91, .3, .3} {
			all = append(all, suggest.Doubtful{Document: corpus.DocumentID(3*i + k + 1), Site: fmt.Sprint(k), Doubt: doubt})
		}
	}
	suggest.TakeTurns(all)
	slices.SortFunc(all, func(a, b suggest.Doubtful) int {
		return cmp.Or(cmp.Compare(b.Doubt, a.Doubt), cmp.Compare(a.Document, b.Document))
	})
	n, row := 0, 0
	for _, one := range all[:50] {
		row++
		if one.Site != "0" {
			row = 0
		} else {
			n++
		}
		if row > 3 {
			t.Fatalf("%d of one site in a row", row)
		}
	}
	if n != 30 {
		t.Errorf("%d of 50 are of the site that is three times as doubtful", n)
	}
}
