package score_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

func TestWordsHaveTheirPlaces(t *testing.T) {
	for _, c := range []struct {
		name, given string
		want        []string
	}{
		{"letters and numbers, no punctuation", "Ada, 36 — don’t!", []string{"Ada", "36", "don’t"}},
		{"behind an emoji", "😀👩‍👩‍👧 Ada", []string{"Ada"}},
		{"an accent composed and decomposed is one word", "cafe\u0301 café", []string{"café", "café"}},
		{"a no-break space parts words", "10\u00a0000", []string{"10", "000"}},
		{"a zero-width space parts words", "zero\u200bwidth", []string{"zero", "width"}},
		{"a soft hyphen does not", "ex\u00adtra", []string{"extra"}},
		{"right to left", "هذا خبر", []string{"هذا", "خبر"}},
		{"over CRLF", "one\r\ntwo", []string{"one", "two"}},
		{"each Han character by itself", "东京 news", []string{"东", "京", "news"}},
		{"each Katakana character by itself, with its mark", "ガイド", []string{"ガ", "イ", "ド"}},
		{"each Thai letter with its marks", "นี่", []string{"นี่"}},
		{"nothing", "— …", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			runes := []rune(c.given)
			last := 0
			for _, w := range score.Words(c.given) {
				got = append(got, w.Norm)
				if w.Start < last || w.End <= w.Start || w.End > len(runes) || !strings.HasPrefix(w.Norm, string(runes[w.Start])) && w.Norm != "é" {
					t.Errorf("%q stands at %v", w.Norm, w.Range)
				}
				last = w.End
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("want (-), got (+):\n%s", diff)
			}
		})
	}
	if w := score.Words("😀 Ada")[0]; w.Range != (text.Range{Start: 2, End: 5}) {
		t.Errorf("Ada stands at %v in code points", w.Range)
	}
}

// page has a menu that begins as the article does, so that the greedy way
// would find "Home" in the wrong place.
//
//	Home News Sport          boilerplate, 3 words
//	Home fires burn.         body, 3
//	Mara Lind was there.     body, 4
//	Read more: Home fires    boilerplate, 4
const page = "Home News Sport\nHome fires burn.\nMara Lind was there.\nRead more: Home fires"

func pageBlocks() []score.Block {
	return []score.Block{
		{Range: text.Range{Start: 0, End: 15}, Class: corpus.Boilerplate},
		{Range: text.Range{Start: 16, End: 32}, Class: corpus.Body},
		{Range: text.Range{Start: 33, End: 53}, Class: corpus.Body},
		{Range: text.Range{Start: 54, End: 75}, Class: corpus.Boilerplate},
	}
}

func TestAnAlignmentSaysWhatBecameOfEachWord(t *testing.T) {
	mara := score.Span{Range: text.Range{Start: 33, End: 42}, Label: "PER"}
	if got := page[mara.Start:mara.End]; got != "Mara Lind" {
		t.Fatalf("the span covers %q", got)
	}
	for _, c := range []struct {
		name, cleaned string
		fates         score.Fates
		blocks        []corpus.Class
		entities      score.Entities
	}{
		{"the body exactly", "Home fires burn. Mara Lind was there.",
			score.Fates{Kept: 7, Dropped: 7, Cleaned: 7},
			[]corpus.Class{"boilerplate", "body", "body", "boilerplate"}, score.Entities{Kept: 1}},
		{"everything", page,
			score.Fates{Kept: 7, Leaked: 7, Cleaned: 14},
			[]corpus.Class{"body", "body", "body", "body"}, score.Entities{Kept: 1}},
		{"nothing", "",
			score.Fates{Lost: 7, Dropped: 7},
			[]corpus.Class{"boilerplate", "boilerplate", "boilerplate", "boilerplate"}, score.Entities{Lost: 1}},
		{"the tail leaked, and a word between the names", "Home fires burn. Mara of Lind was there. Read more",
			score.Fates{Kept: 7, Leaked: 2, Dropped: 5, Cleaned: 10, Invented: 1},
			[]corpus.Class{"boilerplate", "body", "body", "boilerplate"}, score.Entities{Lost: 1}},
		{"half of the second paragraph, and it first: the longer way is taken", "Mara Lind. Home fires burn",
			score.Fates{Kept: 2, Lost: 5, Leaked: 2, Dropped: 5, Cleaned: 5, Moved: 1},
			[]corpus.Class{"boilerplate", "boilerplate", "boilerplate", "boilerplate"}, score.Entities{Kept: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			al := score.Align(score.Words(page), score.Words(c.cleaned))
			if got := al.Fates(pageBlocks()); got != c.fates {
				t.Errorf("%+v, want %+v", got, c.fates)
			}
			if got, _ := al.Decisions(pageBlocks(), .5); !slices.Equal(got, c.blocks) {
				t.Errorf("the blocks are %v, want %v", got, c.blocks)
			}
			if got := al.Entities(pageBlocks(), []score.Span{mara}); got != c.entities {
				t.Errorf("the entities are %+v, want %+v", got, c.entities)
			}
			words := 0
			last := 0
			for _, p := range al.Paint(pageBlocks()) {
				words += p.Words
				if p.Start < last || p.End <= p.Start {
					t.Errorf("painted out of order: %+v", p)
				}
				last = p.End
			}
			if words != 14 {
				t.Errorf("%d words are painted", words)
			}
		})
	}
}

func quadratic(a, b []int32) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			up := row[j+1]
			if x == y {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(up, row[j])
			}
			diagonal = up
		}
	}
	return row[len(b)]
}

func ids(t *rapid.T, name string, length, kinds int) []int32 {
	return rapid.SliceOfN(rapid.Int32Range(0, int32(kinds-1)), 0, length).Draw(t, name)
}

func TestTheBitsFindTheLongestCommonSubsequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SampledFrom([]int{2, 5, 40}).Draw(t, "kinds")
		a, b := ids(t, "a", 300, kinds), ids(t, "b", 300, kinds)
		if got, want := score.LCS(a, b), quadratic(a, b); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	})
	r := rand.New(rand.NewPCG(1, 2))
	for _, kinds := range []int{2, 30, 900} {
		a, b := make([]int32, 3000), make([]int32, 2500)
		for i := range a {
			a[i] = r.Int32N(int32(kinds))
		}
		for i := range b {
			b[i] = r.Int32N(int32(kinds))
		}
		if got, want := score.LCS(a, b), quadratic(a, b); got != want {
			t.Errorf("of %d kinds: %d, want %d", kinds, got, want)
		}
	}
}

func sentence(t *rapid.T, name string) string {
	words := []string{"a", "b", "the", "Ada", "😀", "é", "e\u0301", "خبر", "东京", "\n", "\r\n", "\u00a0", "1,000", "_", "AT&T", "don't", ".", "\u200b", "ΟΔΟΣ", "İ"}
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 60).Draw(t, name), " ")
}

func TestEveryMeasureIsBetweenNothingAndOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, pred := sentence(t, "gold"), sentence(t, "pred")
		p := &score.Pair{Gold: score.Gold{Body: body}, Prediction: score.Prediction{Status: score.OK, Text: pred}}
		back := &score.Pair{Gold: score.Gold{Body: pred}, Prediction: score.Prediction{Status: score.OK, Text: body}}
		same := &score.Pair{Gold: score.Gold{Body: body}, Prediction: score.Prediction{Status: score.OK, Text: body}}
		for _, m := range score.Measures {
			f, b := m.Of(p), m.Of(back)
			for _, v := range []float64{f.PRF.P, f.PRF.R, f.PRF.F1} {
				if v < 0 || v > 1 {
					t.Fatalf("%s gives %v", m.Name, v)
				}
			}
			switch m.Name {
			case "cleaneval", "rouge-lsum": // neither side is like the other there
			case "word":
				if len(score.Words(body)) > 0 && len(score.Words(pred)) > 0 && !near(f.PRF.F1, b.PRF.F1, exact) {
					t.Fatalf("F1 is %v, and %v the other way round", f.PRF.F1, b.PRF.F1)
				}
			default:
				if !near(f.PRF.F1, b.PRF.F1, exact) {
					t.Fatalf("%s is %v, and %v the other way round", m.Name, f.PRF.F1, b.PRF.F1)
				}
			}
			if s := m.Of(same); m.Name != "rouge5" && s.PRF.F1 < 1 {
				t.Fatalf("%s of a text with itself is %v", m.Name, s.PRF.F1)
			}
		}
	})
}

func TestAnAlignmentIsACommonSubsequence(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, doc, cleaned []score.Word) score.Alignment {
		al := score.Align(doc, cleaned)
		last := -1
		for j, i := range al.At {
			if i < 0 {
				continue
			}
			if i <= last || doc[i].Norm != cleaned[j].Norm {
				t.Fatalf("word %d (%q) is matched to %d (%q) behind %d", j, cleaned[j].Norm, i, doc[i].Norm, last)
			}
			last = i
		}
		return al
	}
	rapid.Check(t, func(t *rapid.T) {
		doc, cleaned := score.Words(sentence(t, "document")), score.Words(sentence(t, "cleaned"))
		al := check(t, doc, cleaned)
		matched := 0
		for _, i := range al.At {
			if i >= 0 {
				matched++
			}
		}
		if want := score.WordCounts(doc, cleaned).TP; matched != want {
			t.Fatalf("%d words are matched, %d can be", matched, want)
		}
	})

	// large ones, whose gaps are cut at anchors, and where there are none in two
	for _, c := range []struct {
		name         string
		kinds, share int
	}{{"with many rare words", 20_000, 2}, {"with a few words that all repeat", 8, 3}} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			var doc, cleaned []score.Word
			for range 6000 {
				w := score.Word{Norm: string(rune('一' + r.IntN(c.kinds)))}
				doc = append(doc, w)
				if r.IntN(c.share) > 0 {
					cleaned = append(cleaned, w)
				}
			}
			al := check(t, doc, cleaned)
			matched := 0
			for _, i := range al.At {
				if i >= 0 {
					matched++
				}
			}
			if want := score.WordCounts(doc, cleaned).TP; matched < want*99/100 {
				t.Errorf("%d words are matched, %d can be", matched, want)
			}
		})
	}
}

func FuzzMeasuresTakeAnyText(f *testing.F) {
	f.Add("gold é 😀", "pred \r\n خبر")
	f.Fuzz(func(t *testing.T, gold, pred string) {
		if !utf8.ValidString(gold) || !utf8.ValidString(pred) {
			t.Skip()
		}
		p := &score.Pair{Gold: score.Gold{Body: gold}, Prediction: score.Prediction{Status: score.OK, Text: pred}}
		for _, m := range score.Measures {
			if v := m.Of(p).PRF.F1; v < 0 || v > 1 {
				t.Errorf("%s gives %v", m.Name, v)
			}
		}
		n := utf8.RuneCountInString(gold)
		for _, w := range score.Words(gold) {
			if !w.In(n) || w.Len() == 0 {
				t.Errorf("a word at %v of %d", w.Range, n)
			}
		}
	})
}
