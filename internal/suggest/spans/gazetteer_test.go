package spans_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"annotate/internal/corpus"
	"annotate/internal/suggest/spans"
	"annotate/internal/text"
)

// learnt is a gazetteer of pages that are given line by line, each a page.
func learnt(t testing.TB, pages ...string) *spans.Gazetteer {
	t.Helper()
	z := spans.NewGazetteer()
	for i, p := range pages {
		z.Learn(page(t, i+1, "", strings.Split(p, "\n")...))
	}
	return z
}

// shown is what is suggested on a page, as "label quote".
func shown(t testing.TB, m interface {
	Suggest(corpus.Document, []corpus.Class) []spans.Suggestion
}, lines ...string,
) []string {
	t.Helper()
	d := page(t, 99, "", lines...).Document
	x := text.NewIndex(d.Text)
	out := []string{}
	for _, s := range m.Suggest(d, nil) {
		out = append(out, fmt.Sprintf("%d %s", s.Label, x.Slice(s.Range)))
	}
	return out
}

func TestStringsComeBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		marked string // pages, one a line
		given  string
		want   []string
	}{
		{"a string that was a span", "[1 Ada Bly] spoke.", "Then Ada Bly left.", []string{"1 Ada Bly"}},
		{"behind an emoji and an accent, by code points", "[1 Ada] spoke.", "😀 é Ada left.", []string{"1 Ada"}},
		{"not inside a word", "[1 Ada] spoke.", "Adamant Canada, Ada-like", []string{"1 Ada"}},
		{"before a possessive", "[1 Ada] spoke.", "Ada’s house and Ada's", []string{"1 Ada", "1 Ada"}},
		{"after an elision", "[3 Italie] est là.", "l’Italie et d'Italie", []string{"3 Italie", "3 Italie"}},
		{"where a page lost a space", "In [3 Aldport].", "The end of Aldport.Then", []string{"3 Aldport"}},
		{"the longest of several", "[3 Norden] and [2 Norden Steel Ltd] and [2 Norden Steel]", "Norden Steel Ltd, Norden Steel, Norden", []string{"2 Norden Steel Ltd", "2 Norden Steel", "3 Norden"}},
		{"a shorter one where the longest is not whole", "[3 Norden] and [2 Norden Steel Ltd]", "Norden Steelworks; Norden Steel", []string{"3 Norden", "3 Norden"}},
		{"across a no-break space", "[1 Ada Bly] spoke.", "Ada\u00a0Bly", []string{"1 Ada\u00a0Bly"}},
		{"not with a mark between", "[1 Ada Bly] spoke.", "Ada, Bly", []string{}},
		{"not joined", "[1 Ada Bly] spoke.", "AdaBly Ada-Bly", []string{}},
		{"a decomposed accent for a composed one", "[3 Genève] fut là.", "À Gene\u0300ve.", []string{"3 Gene\u0300ve"}},
		{"a composed accent for a decomposed one", "[3 Gene\u0300ve] fut là.", "À Genève!", []string{"3 Genève"}},
		{"not without its accent", "[3 Genève] fut là.", "Geneve", []string{}},
		{"with a soft hyphen inside", "[3 Aldport] fell.", "Ald\u00adport", []string{"3 Ald\u00adport"}},
		{"with its case", "[1 Will] spoke.", "He will speak, WILL did.", []string{}},
		{"a capital where a sentence begins", "[5 the Harbour Act] is old.", "The Harbour Act fell. Yes? The Harbour Act! See The Harbour Act.", []string{"5 The Harbour Act", "5 The Harbour Act"}},
		{"no capital for a short string", "[5 act] is old.", "Act now.", []string{}},
		{"no capital for an abbreviation's full stop", "[5 the Harbour Act] is old.", "Mr. The Harbour Act", []string{}},
		{"capitals as they are", "The [2 NATO] meets.", "Nato, NATO", []string{"2 NATO"}},
		{"with the full stop of an abbreviation", "By [2 Norden Inc.] alone.", "From Norden Inc. too", []string{"2 Norden Inc."}},
		{"snapped", "[1 Ada, ]spoke.", "(Ada)", []string{"1 Ada"}},
		{"right to left, beside a mark of direction", "[3 שלום] כאן.", "זה שלום\u200e כאן", []string{"3 שלום"}},
		{"in a script without spaces", "[3 東京]に行く。", "私は東京都へ", []string{"3 東京"}},
		{"not in half a run of Katakana", "[2 トヨ]は。", "トヨタは", []string{}},
		{"not one character", "[1 A] and [3 京]", "A 京", []string{}},
		{"not without a letter", "[4 2021] and [5 – –]", "2021", []string{}},
		{"the more frequent label", "[3 Norden] [3 Norden] [3 Norden]\n[2 Norden]", "Norden", []string{"3 Norden"}},
		{"not what is as often none", "[1 May] came. In May, in May, in May.", "May", []string{}},
		{"one that is inside a span is no miss", "[3 Norden] by [2 Bank of Norden], [2 Bank of Norden], [2 Bank of Norden]", "Norden", []string{"3 Norden"}},
		{"a span inside, where gold had it", "[2 Bank of [3 Norden]] and [2 Bank of [3 Norden]]", "Bank of Norden", []string{"2 Bank of Norden", "3 Norden"}},
		{"none inside, where gold mostly had none", "[2 Bank of [3 Norden]] and [2 Bank of Norden], [2 Bank of Norden]", "Bank of Norden", []string{"2 Bank of Norden"}},
		{"boilerplate counts for nothing where spans are in bodies", "[1 Ada]\n- Ada Ada Ada Ada Ada", "Ada", []string{"1 Ada"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pages := []string{}
			for _, p := range strings.Split(c.marked, "\n") {
				if body, ok := strings.CutPrefix(p, "- "); ok {
					pages[len(pages)-1] += "\n- " + body
				} else {
					pages = append(pages, p)
				}
			}
			if diff := cmp.Diff(c.want, shown(t, learnt(t, pages...).Build(labels), c.given)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The first span is why a string is known, and does not count. Then it was one
// more span and two other words: (2-1 + 2 × prior) / (2-1+2 + 2), with the prior
// (0.7 × 5 + 1/3) / (5 + 1).
func TestTheProbabilityIsThatOfTheNextOccurrence(t *testing.T) {
	m := learnt(t, "[1 Maya] came, [1 Maya] went. Maya, Maya.").Build(labels)
	prior := (0.7*5 + 1.0/3) / 6
	want := spans.Entry{Quote: "Maya", Label: per, Spans: 2, Others: 2, P: (1 + 2*prior) / 5}
	got := m.Entries()[0]
	if got.Quote != want.Quote || got.Spans != want.Spans || got.Others != want.Others || got.Shown || abs(got.P-want.P) > 1e-12 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestGoldWithoutSpansSaysNothing(t *testing.T) {
	m := learnt(t, "[1 Ada]", "Ada Ada Ada Ada Ada").Build(labels)
	if e := m.Entries()[0]; e.Others != 0 || !e.Shown {
		t.Errorf("%+v", e)
	}
}

func TestWhatWasLearntIsForgotten(t *testing.T) {
	z := learnt(t, "[1 Ada] came", "[3 Ada] [3 Ada] Bly fell", "[2 Norden] and Ada")
	one := learnt(t, "[1 Ada] came", "nothing", "[2 Norden] and Ada")
	z.Forget(page(t, 2, "", "whatever"))
	if diff := cmp.Diff(one.Build(labels).Entries(), z.Build(labels).Entries(), entries); diff != "" {
		t.Error(diff)
	}

	z.Learn(page(t, 1, "", "[2 Ada] again"))
	if got := z.Build(labels).Entries()[0]; got.Label != org || got.Spans != 1 {
		t.Errorf("a new decision did not take the place of the old: %+v", got)
	}
}

var entries = cmp.FilterPath(func(p cmp.Path) bool {
	f, ok := p.Last().(cmp.StructField)
	return ok && (f.Name() == "strict" || f.Name() == "inner")
}, cmp.Ignore())

func TestPeopleDecide(t *testing.T) {
	z := learnt(t, "[1 Ada] came. [1 May] too; in May, in May, in May.")
	for quote, label := range map[string]corpus.LabelID{"Ada": spans.None, " May,": per, "Bly Ltd": org} {
		if err := z.Decide(quote, label); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"1 May", "2 Bly Ltd"}
	if diff := cmp.Diff(want, shown(t, z.Build(labels), "Ada, May, Bly Ltd")); diff != "" {
		t.Error(diff)
	}

	for _, quote := range []string{"Ada", "May", "Bly Ltd"} {
		z.Undecide(quote)
	}
	if diff := cmp.Diff([]string{"1 Ada"}, shown(t, z.Build(labels), "Ada, May, Bly Ltd")); diff != "" {
		t.Error(diff)
	}
	for _, quote := range []string{"", "A", "2021", "–", strings.Repeat("no ", 31)} {
		if err := z.Decide(quote, per); err == nil {
			t.Errorf("%q can be decided", quote)
		}
	}
}

func TestARetiredLabelIsNotSuggested(t *testing.T) {
	z := learnt(t, "[1 Ada] [1 Ada] [2 Ada] [1 Bly]")
	if err := z.Decide("Cole", per); err != nil {
		t.Fatal(err)
	}
	now := slices.Clone(labels)
	now[0].Retired = true
	if diff := cmp.Diff([]string{"2 Ada"}, shown(t, z.Build(now), "Ada Bly Cole")); diff != "" {
		t.Error(diff)
	}
}

func TestBoilerplateIsPassedOverWhereSpansAreInBodies(t *testing.T) {
	d := page(t, 9, "", "Ada", "Ada").Document
	classes := []corpus.Class{corpus.Boilerplate, corpus.Undecided}
	if got := learnt(t, "[1 Ada]").Build(labels).Suggest(d, classes); len(got) != 1 || got[0].Start != 4 {
		t.Errorf("%+v", got)
	}
	if got := learnt(t, "[1 Ada]\n- [1 Ada]").Build(labels).Suggest(d, classes); len(got) != 2 {
		t.Errorf("with spans in boilerplate: %+v", got)
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		name, given, quote string
		want               []string
	}{
		{"every occurrence", "Ada and Ada", "Ada", []string{"[0,3)", "[8,11)"}},
		{"by code points", "😀 Ada", "Ada", []string{"[2,5)"}},
		{"whole words", "Adamant Ada’s Canada", "Ada", []string{"[8,11)"}},
		{"with case", "ada Ada", "Ada", []string{"[4,7)"}},
		{"figures", "in 2021, 12021", "2021", []string{"[3,7)"}},
		{"composed or not", "Genève Gene\u0300ve", "Gene\u0300ve", []string{"[0,6)", "[7,14)"}},
		{"any white space", "Ada\u00a0Bly, Ada  Bly", "Ada Bly", []string{"[0,7)", "[9,17)"}},
		{"apart", "no no no", "no no", []string{"[0,5)"}},
		{"with marks", "“Ada” “Ada", "“Ada”", []string{"[0,5)"}},
		{"with a soft hyphen", "Ald\u00adport", "Aldport", []string{"[0,8)"}},
		{"of nothing", "Ada", " ", nil},
		{"not across blocks", "Ada\nBly", "Ada Bly", nil},
		{"a lone CR is white space", "Ada\rBly", "Ada Bly", []string{"[0,7)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range spans.Places(page(t, 1, "", strings.Split(c.given, "\n")...).Document, c.quote) {
				got = append(got, r.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// sound checks what every suggestion promises.
func sound(t interface{ Fatalf(string, ...any) }, d corpus.Document, found []spans.Suggestion) {
	x := text.NewIndex(d.Text)
	for i, s := range found {
		inside := slices.ContainsFunc(d.Blocks, func(b corpus.Block) bool { return b.Contains(s.Range) })
		if !s.In(x.Len()) || s.Len() < 1 || !inside || corpus.Snap(x, s.Range) != s.Range {
			t.Fatalf("%v is no snapped range inside a block of %q", s.Range, d.Text)
		}
		if s.P < 0 || s.P > 1 || s.Source == "" || i > 0 && s.Start < found[i-1].Start {
			t.Fatalf("%+v after %+v", s, found[max(i-1, 0)])
		}
	}
}

func TestAStringIsFoundAsItIsWritten(t *testing.T) {
	quote := rapid.StringOfN(rapid.SampledFrom([]rune("Ab ’é\u0301😀שト京.-\u00a0\u200e")), 1, 12, -1)
	rapid.Check(t, func(r *rapid.T) {
		q := quote.Draw(r, "quote")
		z := spans.NewGazetteer()
		if z.Decide(q, per) != nil {
			r.Skip("not to be looked for")
		}
		all := text.NewIndex(q)
		want := all.Slice(corpus.Snap(all, text.Range{End: all.Len()}))
		d := page(t, 1, "", "😀 ( "+want+" ) end").Document
		found := z.Build(labels).Suggest(d, nil)
		sound(r, d, found)
		x := text.NewIndex(d.Text)
		if !slices.ContainsFunc(found, func(s spans.Suggestion) bool { return x.Slice(s.Range) == want }) {
			r.Fatalf("%q is not found in %q: %v", want, d.Text, found)
		}
	})
}

func FuzzGazetteer(f *testing.F) {
	f.Add("Ada Bly", "Ada’s Ada\u00a0Bly, l’Ada.Then")
	f.Add("Gene\u0300ve", "Genève\nGene\u0300ve\u200e")
	f.Add("東京", "東京都\r\nトヨタ")
	f.Add("’’a", "\x00’’a.B")
	f.Fuzz(func(t *testing.T, quote, s string) {
		quote, s = strings.ToValidUTF8(quote, "\ufffd"), strings.ToValidUTF8(s, "\ufffd")
		d := corpus.Document{Text: s}
		x := text.NewIndex(s)
		at := 0
		for line := range strings.Lines(s) {
			n := len([]rune(line))
			d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + n}})
			at += n
		}

		z := spans.NewGazetteer()
		decided := z.Decide(quote, per) == nil
		m := z.Build(labels)
		found := m.Suggest(d, nil)
		sound(t, d, found)
		if !decided && len(found) > 0 {
			t.Fatalf("%v found of nothing", found)
		}
		letters := func(s string) string {
			return strings.Map(func(r rune) rune {
				if unicode.IsLetter(r) {
					return unicode.ToLower(r)
				}
				return -1
			}, s)
		}
		for _, s := range found {
			if is := x.Slice(s.Range); len(is) < 0x80 && isASCII(is+quote) && letters(is) != letters(quote) {
				t.Fatalf("%q found for %q", is, quote)
			}
		}
		for _, r := range spans.Places(d, quote) {
			if !r.In(x.Len()) || r.Len() < 1 {
				t.Fatalf("%v of %q", r, s)
			}
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// many is a gazetteer of n strings, and a page of 10 kB of which every tenth
// word is one.
func many(b *testing.B, n int) (*spans.Gazetteer, corpus.Document) {
	b.Helper()
	k := newMaker(5)
	z := spans.NewGazetteer()
	var line, body []string
	for i := range n {
		quote := k.of(per) + " " + k.name()
		line = append(line, "["+fmt.Sprint(1+i%4)+" "+quote+"] met")
		if len(line) == 50 {
			z.Learn(page(b, i, "", strings.Join(line, " ")))
			line = nil
		}
		if i%100 == 0 && len(strings.Join(body, "\n")) < 10_000 {
			body = append(body, "Nobody knew why "+quote+" came to the house by the sea that evening.")
		}
	}
	return z, page(b, n, "", body...).Document
}

func BenchmarkGazetteer50000Build(b *testing.B) {
	z, _ := many(b, 50_000)
	for b.Loop() {
		z.Build(labels)
	}
}

func BenchmarkGazetteer50000Page10kB(b *testing.B) {
	z, d := many(b, 50_000)
	m := z.Build(labels)
	b.SetBytes(int64(len(d.Text)))
	for b.Loop() {
		m.Suggest(d, nil)
	}
}

func BenchmarkPlaces(b *testing.B) {
	_, d := many(b, 20_000)
	b.SetBytes(int64(len(d.Text)))
	for b.Loop() {
		spans.Places(d, "house")
	}
}
