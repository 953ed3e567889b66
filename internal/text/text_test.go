package text_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"annotate/internal/text"
)

// hard are the texts that position code gets wrong. Between them bytes, code
// points and UTF-16 units differ in every way they can.
var hard = []struct{ name, text string }{
	{"nothing", ""},
	{"plain ASCII", "Ada met Bob."},
	{"an accent, composed", "Zo\u00eb in Gen\u00e8ve"},
	{"an accent, decomposed", "Zoe\u0308 in Gene\u0300ve"},
	{"an emoji first", "😀 Ada"},
	{"only emoji", "😀😀😀"},
	{"a family joined with ZWJ", "The 👩\u200d👩\u200d👧\u200d👦 family"},
	{"flags, two code points each", "🇨🇭🇳🇴 Bern"},
	{"a skin tone and a variation selector", "👍🏽 ❤\ufe0f"},
	{"Arabic with marks", "قَالَت مارا"},
	{"Hebrew beside Latin", "שלום Ada"},
	{"Thai, without spaces", "กรุงเทพมหานคร"},
	{"Chinese with a character beyond the basic plane", "𠀀字"},
	{"CRLF as it came", "line1\r\nline2"},
	{"a line separator and NEL", "a\u2028b\u0085c"},
	{"NUL", "a\x00b"},
	{"no-break and zero-width space", "a\u00a0b\u200bc"},
	{"a byte order mark inside", "a\ufeffb"},
	{"a noncharacter and the replacement character", "\uffff\ufffd"},
	{"longer than one step of the index, wide", strings.Repeat("x😀é", 100)},
	{"exactly one step, narrow but not ASCII", strings.Repeat("é", 64)},
	{"one more than a step", strings.Repeat("é", 65)},
}

// checkIndex holds an index against the definition at every position of s.
func checkIndex(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string) {
	t.Helper()
	x := text.NewIndex(s)
	runes := []rune(s)
	if x.Len() != len(runes) || x.Text() != s {
		t.Fatalf("%q has %d code points, the index says %d", s, len(runes), x.Len())
	}

	starts, units := map[int]bool{}, map[int]bool{}
	b, u := 0, 0
	for cp := 0; ; cp++ {
		starts[b], units[u] = true, true
		if got := x.Byte(cp); got != b {
			t.Fatalf("%q: code point %d starts at byte %d, not %d", s, cp, b, got)
		}
		if got := x.UTF16(cp); got != u {
			t.Fatalf("%q: code point %d starts at unit %d, not %d", s, cp, u, got)
		}
		if got, ok := x.FromByte(b); !ok || got != cp {
			t.Fatalf("%q: byte %d is code point %d, not %d %v", s, b, cp, got, ok)
		}
		if got, ok := x.FromUTF16(u); !ok || got != cp {
			t.Fatalf("%q: unit %d is code point %d, not %d %v", s, u, cp, got, ok)
		}
		if cp == len(runes) {
			break
		}
		b += utf8.RuneLen(runes[cp])
		u += utf16.RuneLen(runes[cp])
	}

	for i := -2; i <= len(s)+2; i++ {
		if _, ok := x.FromByte(i); ok != starts[i] {
			t.Fatalf("%q: byte %d starts a code point: %v, the index says %v", s, i, starts[i], ok)
		}
		if _, ok := x.FromUTF16(i); ok != units[i] {
			t.Fatalf("%q: unit %d starts a code point: %v, the index says %v", s, i, units[i], ok)
		}
	}
}

func TestAnIndexAgreesWithTheDefinitionAtEveryPosition(t *testing.T) {
	for _, c := range hard {
		t.Run(c.name, func(t *testing.T) { checkIndex(t, c.text) })
	}
}

func TestTheThreeUnitsAreNotConfused(t *testing.T) {
	s := "😀 Ada"
	//    0 12     code points
	//    0 23     UTF-16 units: the emoji takes two
	//    0 45     bytes: the emoji takes four
	x := text.NewIndex(s)
	if b, u := x.Byte(2), x.UTF16(2); b != 5 || u != 3 {
		t.Errorf("Ada starts at byte %d and unit %d, want 5 and 3", b, u)
	}
	if r, ok := x.Within(text.Range{Start: 0, End: 5}, 3, 6); !ok || x.Slice(r) != "Ada" {
		t.Errorf("units 3 to 6 are %v %v", r, ok)
	}
}

// The figures of testdata/units.json were made by another language's runtime.
func TestPositionsAgreeWithAnotherRuntime(t *testing.T) {
	b, err := os.ReadFile("testdata/units.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name, Text string
			CodePoints int `json:"codepoints"`
			Units      int `json:"utf16_units"`
			Bytes      int `json:"utf8_bytes"`
			Spans      []struct {
				CP    [2]int `json:"cp"`
				UTF16 [2]int `json:"utf16"`
				UTF8  [2]int `json:"utf8"`
				Text  string
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 15 {
		t.Fatalf("only %d cases", len(file.Cases))
	}

	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			x := text.NewIndex(c.Text)
			all := text.Range{Start: 0, End: x.Len()}
			if x.Len() != c.CodePoints || x.UTF16(x.Len()) != c.Units || x.Byte(x.Len()) != c.Bytes {
				t.Fatalf("%d code points, %d units, %d bytes; want %d, %d, %d", x.Len(), x.UTF16(x.Len()), x.Byte(x.Len()), c.CodePoints, c.Units, c.Bytes)
			}
			for _, s := range c.Spans {
				r := text.Range{Start: s.CP[0], End: s.CP[1]}
				if got := x.Slice(r); got != s.Text {
					t.Errorf("%v is %q, want %q", r, got, s.Text)
				}
				if got := [2]int{x.Byte(r.Start), x.Byte(r.End)}; got != s.UTF8 {
					t.Errorf("%v in bytes is %v, want %v", r, got, s.UTF8)
				}
				if from, to := x.Relative(all, r); from != s.UTF16[0] || to != s.UTF16[1] {
					t.Errorf("%v in units is %d %d, want %v", r, from, to, s.UTF16)
				}
				if got, ok := x.Within(all, s.UTF16[0], s.UTF16[1]); !ok || got != r {
					t.Errorf("units %v are %v %v, want %v", s.UTF16, got, ok, r)
				}
			}
		})
	}
}

func TestWithin(t *testing.T) {
	//    0   4 5 6 7 8 9 0      code points; the block is [4,10)
	s := "one\n😀 Ada🇳"
	//        0 2 3 4 5 6 8      UTF-16 units inside the block
	block := text.Range{Start: 4, End: 10}
	for _, c := range []struct {
		name     string
		from, to int
		want     string
		refused  bool
	}{
		{name: "a word", from: 3, to: 6, want: "Ada"},
		{name: "a character of two units", from: 0, to: 2, want: "😀"},
		{name: "the whole block", from: 0, to: 8, want: "😀 Ada🇳"},
		{name: "nothing, which is a range", from: 3, to: 3, want: ""},
		{name: "a start between two halves", from: 1, to: 6, refused: true},
		{name: "an end between two halves", from: 3, to: 7, refused: true},
		{name: "a lone half", from: 0, to: 1, refused: true},
		{name: "backwards", from: 6, to: 3, refused: true},
		{name: "before the block, though inside the text", from: -1, to: 6, refused: true},
		{name: "past the block", from: 3, to: 9, refused: true},
		{name: "past everything", from: 3, to: 1 << 62, refused: true},
		{name: "so far back that it wraps", from: -1 << 63, to: 6, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := text.NewIndex(s)
			r, ok := x.Within(block, c.from, c.to)
			if ok == c.refused {
				t.Fatalf("units %d to %d: %v %v", c.from, c.to, r, ok)
			}
			if ok && x.Slice(r) != c.want {
				t.Fatalf("units %d to %d are %q, want %q", c.from, c.to, x.Slice(r), c.want)
			}
		})
	}

	if _, ok := text.NewIndex("one\ntwo\nsix").Within(text.Range{Start: 4, End: 7}, 2, 5); ok {
		t.Error("a range that leaves its block for the next is taken")
	}
}

func TestRanges(t *testing.T) {
	r := func(start, end int) text.Range { return text.Range{Start: start, End: end} }
	for _, c := range []struct {
		name                   string
		a, b                   text.Range
		aHasB, bHasA, overlaps bool
	}{
		{"the same", r(2, 5), r(2, 5), true, true, true},
		{"one inside", r(2, 9), r(3, 5), true, false, true},
		{"one inside, at an edge", r(2, 9), r(2, 5), true, false, true},
		{"crossing", r(2, 6), r(4, 9), false, false, true},
		{"touching share nothing", r(2, 4), r(4, 9), false, false, false},
		{"apart", r(2, 4), r(6, 9), false, false, false},
		{"an empty one inside overlaps nothing", r(2, 9), r(4, 4), true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.a.Contains(c.b); got != c.aHasB {
				t.Errorf("%v contains %v: %v", c.a, c.b, got)
			}
			if got := c.b.Contains(c.a); got != c.bHasA {
				t.Errorf("%v contains %v: %v", c.b, c.a, got)
			}
			if c.a.Overlaps(c.b) != c.overlaps || c.b.Overlaps(c.a) != c.overlaps {
				t.Errorf("%v and %v overlap: %v and %v, want %v", c.a, c.b, c.a.Overlaps(c.b), c.b.Overlaps(c.a), c.overlaps)
			}
		})
	}

	for _, c := range []struct {
		r    text.Range
		n    int
		want bool
	}{{r(0, 0), 0, true}, {r(0, 5), 5, true}, {r(5, 5), 5, true}, {r(0, 6), 5, false}, {r(-1, 2), 5, false}, {r(3, 2), 5, false}} {
		if got := c.r.In(c.n); got != c.want {
			t.Errorf("%v is a range of %d code points: %v", c.r, c.n, got)
		}
	}
	if got := r(3, 9); got.Len() != 6 || got.String() != "[3,9)" {
		t.Errorf("%d %s", got.Len(), got)
	}
}

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"CRLF becomes LF", "a\r\nb\r\n", "a\nb\n"},
		{"a lone CR stays", "a\rb", "a\rb"},
		{"a byte order mark goes", "\ufeffAda", "Ada"},
		{"so do two, but only at the start", "\ufeff\ufeffA\ufeff", "A\ufeff"},
		{"a CRLF that was made from a CRLF is one line end", "a\r\r\nb", "a\nb"},
		{"nothing is composed", "E\u0301tude", "E\u0301tude"},
		{"nothing is trimmed", "\u00a0 a \t\n\n", "\u00a0 a \t\n\n"},
		{"NUL and line separators stay", "a\x00\u2028\u0085b", "a\x00\u2028\u0085b"},
		{"bidirectional marks stay", "\u200fשלום\u200e", "\u200fשלום\u200e"},
		{"a broken byte becomes the replacement character", "a\xffb", "a\ufffdb"},
		{"so does a surrogate that was encoded alone", "a\xed\xa0\x80b", "a\ufffdb"},
		{"emoji stay whole", "👩\u200d👦\r\n🇨🇭", "👩\u200d👦\n🇨🇭"},
		{"nothing of nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := text.Normalise(c.given); got != c.want {
				t.Errorf("%q became %q, want %q", c.given, got, c.want)
			}
		})
	}
}

// piecesOfText is what random texts are put together from.
var piecesOfText = rapid.SampledFrom([]string{
	"a", " ", "é", "e\u0301", "😀", "👩\u200d👧", "🇨🇭", "ش", "ש", "ก", "字", "𠀀", "\n", "\r\n", "\u2028", "\x00", "\u00a0", "\ufeff", "\ufffd", strings.Repeat("z", 63),
})

func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piecesOfText, 0, 80).Draw(t, "pieces"), "")
	})
}

func TestConversionsInvertEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkIndex(t, texts().Draw(t, "text")) })
}

func TestRelativeAndWithinInvertEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := texts().Draw(t, "text")
		x := text.NewIndex(s)
		at := rapid.SliceOfN(rapid.IntRange(0, x.Len()), 4, 4).Draw(t, "positions")
		slices.Sort(at)
		outer, r := text.Range{Start: at[0], End: at[3]}, text.Range{Start: at[1], End: at[2]}

		from, to := x.Relative(outer, r)
		if got, ok := x.Within(outer, from, to); !ok || got != r {
			t.Fatalf("%v in %v is %d to %d, which is %v %v", r, outer, from, to, got, ok)
		}

		// What the browser has is the block's own text in UTF-16.
		block := utf16.Encode([]rune(x.Slice(outer)))
		if got := string(utf16.Decode(block[from:to])); got != x.Slice(r) {
			t.Fatalf("units %d to %d of %q are %q, the text has %q", from, to, x.Slice(outer), got, x.Slice(r))
		}
	})
}

func FuzzIndex(f *testing.F) {
	for _, c := range hard {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			t.Skip("longer texts only take longer")
		}
		checkIndex(t, strings.ToValidUTF8(s, "\ufffd"))
	})
}

func FuzzWithin(f *testing.F) {
	f.Add("one\n😀 Ada", 4, 9, 3, 6)
	f.Add("👩\u200d👦é", 0, 4, 1, 2)
	f.Fuzz(func(t *testing.T, s string, start, end, from, to int) {
		s = strings.ToValidUTF8(s, "\ufffd")
		x := text.NewIndex(s)
		outer := text.Range{Start: start, End: end}
		if !outer.In(x.Len()) {
			return
		}
		r, ok := x.Within(outer, from, to)
		block := utf16.Encode([]rune(x.Slice(outer)))
		whole := 0 <= from && from <= to && to <= len(block) &&
			!(from < len(block) && inPair(block, from)) && !(to < len(block) && inPair(block, to))
		if ok != whole {
			t.Fatalf("units %d to %d of %q: taken %v, want %v", from, to, x.Slice(outer), ok, whole)
		}
		if ok && x.Slice(r) != string(utf16.Decode(block[from:to])) {
			t.Fatalf("units %d to %d of %q are %q", from, to, x.Slice(outer), x.Slice(r))
		}
	})
}

// inPair reports whether unit i is the second half of a pair.
func inPair(units []uint16, i int) bool {
	return i > 0 && units[i-1]&0xfc00 == 0xd800 && units[i]&0xfc00 == 0xdc00
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"\ufeffa\r\nb", "\r\r\n", "\xff\xfe", "E\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := text.Normalise(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q became %q, which is not UTF-8", s, got)
		}
		if again := text.Normalise(got); again != got {
			t.Fatalf("%q became %q and then %q", s, got, again)
		}
		drop := func(s string) string { return strings.NewReplacer("\r", "", "\ufeff", "").Replace(s) }
		if utf8.ValidString(s) && drop(got) != drop(s) {
			t.Fatalf("%q became %q: more is gone than line ends and a mark", s, got)
		}
	})
}

func BenchmarkNewIndex(b *testing.B) {
	for name, s := range map[string]string{"ASCII": strings.Repeat("word ", 600), "accents": strings.Repeat("wörd ", 600)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				text.NewIndex(s)
			}
		})
	}
}
