package spans

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"annotate/internal/text"
)

func TestWords(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"words and marks", "Ada, Bly.", "Ada|,|Bly|."},
		{"a possessive", "Ada's Ada’s", "Ada|'|s|Ada|’|s"},
		{"an elision", "l’Italia", "l|’|Italia"},
		{"a lost space", "the end.Then 3.5 U.S.A", "the|end|.|Then|3.5|U.S.A"},
		{"spaces that uax29 joins to words", "5\u202fkm 6\u00a0km", "5|km|6|km"},
		{"marks of direction outside", "שלום\u200f \u200eAda", "שלום|Ada"},
		{"what cannot be seen is no word", "a \u200b \x00 b", "a|b"},
		{"one emoji of several code points", "👩\u200d👧 x", "👩\u200d👧|x"},
		{"Han by character, Katakana by run", "東京のトヨタ", "東|京|の|トヨタ"},
		{"decomposed accents inside", "Gene\u0300ve", "Gene\u0300ve"},
		{"nothing", " \n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, w := range wordsOf(c.given, 0) {
				got = append(got, w.text)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "|")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSentencesBegin(t *testing.T) {
	var got []string
	for _, w := range wordsOf("Mr. Bly left. “Why?” She of the U.S. fleet ran… Then", 0) {
		if w.first {
			got = append(got, w.text)
		}
	}
	if diff := cmp.Diff([]string{"Mr", "“", "Why", "”", "She", "Then"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAWordIsWhatItsRangeCovers(t *testing.T) {
	letters := rapid.StringOf(rapid.SampledFrom([]rune("aB ’'.:é\u0301😀\u200d\u200e\u00adש京ト\u00a0\u202f\r\x00\x1c_,9")))
	rapid.Check(t, func(r *rapid.T) {
		s, at := letters.Draw(r, "text"), rapid.IntRange(0, 9).Draw(r, "at")
		x, end := text.NewIndex(s), 0
		for i, w := range wordsOf(s, at) {
			in := text.Range{Start: w.Start - at, End: w.End - at}
			if in.Start < end || !in.In(x.Len()) || x.Slice(in) != w.text || w.text == "" {
				r.Fatalf("word %d of %q: %+v", i, s, w)
			}
			end = in.End
		}
	})
}

// By hand: of five, three are right; the odds of .9 are 9, whose logarithm is
// 2.197. A scale that fits gives the mean share that was right.
func TestAScaleFitsWhatWasRight(t *testing.T) {
	var all []held
	for i := range 500 {
		all = append(all, held{p: 0.9, right: i%5 < 3})
	}
	if p := newScale(all).of(0.9); p < 0.59 || p > 0.61 {
		t.Errorf("0.9 that is right in three of five became %.3f", p)
	}
	if s := newScale(nil); s != plainScale {
		t.Errorf("of nothing: %+v", s)
	}
	for i := range all {
		all[i] = held{p: float64(i%2)*0.999 + 0.0005, right: i%2 == 0} // the wrong way round
	}
	if s := newScale(all); s.stretch <= 0 {
		t.Errorf("it turns the order round: %+v", s)
	}
}

// Wilson's interval for 8 of 10 at z = 1.6449: (0.8 + 0.1353 − 1.6449 ×
// √(0.016 + 0.00676)) / 1.2706 = 0.5408.
func TestLowerBound(t *testing.T) {
	if got := lower(8, 10); got < 0.5407 || got > 0.5409 {
		t.Errorf("%.4f", got)
	}
}

func TestTheThresholdIsWherePayIsMost(t *testing.T) {
	var all []held
	put := func(n int, p float64, right int) {
		for i := range n {
			all = append(all, held{p: p, right: i < right})
		}
	}
	put(50, 0.95, 50)
	put(50, 0.72, 40)
	put(50, 0.62, 10)
	if got := threshold(all, plainScale); got != 0.65 {
		t.Errorf("%v, want 0.65: below it most are wrong", got)
	}
	if got := threshold(all[100:], plainScale); got != muted {
		t.Errorf("%v for what is mostly wrong", got)
	}
	if got := threshold([]held{{p: 0.9, right: true}}, plainScale); got != muted {
		t.Errorf("%v for one that is right: that shows nothing", got)
	}
}
