package segment_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/internal/text"
)

// cutUp is what the blocks cover.
func cutUp(t string, blocks []corpus.Block) []string {
	x := text.NewIndex(t)
	var out []string
	for _, b := range blocks {
		out = append(out, x.Slice(b.Range))
	}
	return out
}

func TestPlain(t *testing.T) {
	for _, c := range []struct {
		name, rule, given string
		want              []string
	}{
		{"each line that is not empty is a block", "line", "A\n\nB\n", []string{"A", "B"}},
		{"white space at the ends of a line is in no block", "line", " \tA b\u00a0 \n\u3000C\u3000", []string{"A b", "C"}},
		{"white space inside a line stays", "line", "A \u00a0 b", []string{"A \u00a0 b"}},
		{"a line of white space is no block", "line", "A\n \t\u00a0\nB", []string{"A", "B"}},
		{"a line without anything visible is no block", "line", "A\n\u200b\ufeff\x00\nB", []string{"A", "B"}},
		{"an invisible character beside a word stays with it", "line", "\u200bA\x00\n", []string{"\u200bA\x00"}},
		{"every kind of line end cuts", "line", "A\rB\vC\fD\u0085E\u2028F\u2029G\r\nH", []string{"A", "B", "C", "D", "E", "F", "G", "H"}},
		{"characters outside the first plane count as one", "line", "👩‍👩‍👧 Ada\n🇩🇪 e\u0301", []string{"👩‍👩‍👧 Ada", "🇩🇪 e\u0301"}},
		{"right-to-left text is in reading order", "line", "שלום עולם\nمرحبا", []string{"שלום עולם", "مرحبا"}},
		{"a directional mark at the edge stays", "line", "\u200fא\u200f\nb", []string{"\u200fא\u200f", "b"}},
		{"an empty text has no block", "line", "", nil},
		{"a text of line ends has no block", "line", "\n\r\n ", nil},
		{"a paragraph ends at a blank line", "paragraph", "A\nb\n\n C\n \nD", []string{"A\nb", "C", "D"}},
		{"a paragraph separator ends a paragraph", "paragraph", "A\u2028b\u2029C", []string{"A\u2028b", "C"}},
		{"CRLF does not end a paragraph", "paragraph", "A\r\nb\r\n\r\nC", []string{"A\r\nb", "C"}},
		{"a sentence ends at its full stop", "sentence", "He came. She went! Who? 😀 Ada.", []string{"He came.", "She went!", "Who?", "😀 Ada."}},
		{"a line end ends a sentence", "sentence", "A headline\nA sentence.", []string{"A headline", "A sentence."}},
		{"a title does not end a sentence", "sentence", "Mr. Smith saw Dr. Jones. He ran.", []string{"Mr. Smith saw Dr. Jones.", "He ran."}},
		{"an initial does not end a sentence", "sentence", "J. K. Rowling wrote. George W. Bush read.", []string{"J. K. Rowling wrote.", "George W. Bush read."}},
		{"an acronym ends a sentence before a word that begins one", "sentence", "The U.S. Senate met in the U.S. The end.", []string{"The U.S. Senate met in the U.S.", "The end."}},
		{"a month with a number goes on", "sentence", "On Jan. 5, Ada came. No. 7 won. He said no. The end.", []string{"On Jan. 5, Ada came.", "No. 7 won.", "He said no.", "The end."}},
		{"Chinese stops end sentences", "sentence", "他来了。她走了。", []string{"他来了。", "她走了。"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			blocks, _, err := segment.Plain(c.given, c.rule)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, cutUp(c.given, blocks)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPlainKnowsItsRules(t *testing.T) {
	for _, r := range segment.Rules {
		if _, _, err := segment.Plain("A", r.Name); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
	if _, _, err := segment.Plain("A", "page"); err == nil {
		t.Error("an unknown rule was taken")
	}
}

const mail = `Dear all,

the harbour bridge will be closed to lorries from the first week of
next month, because the deck has to be lifted and turned before the
winter storms begin. Those who cross it on foot can go on doing so,
as the eastern walkway stays open at all hours of the day and night.

Please tell the drivers of your own companies in time, and remember
that the old ferry takes no more than eleven cars on each of its few
crossings, so that waiting for it will cost everybody about an hour.

Yours
Mara
`

func TestHardWrappedText(t *testing.T) {
	headlines := strings.Repeat("Ten Quiet Villages That Nobody Has Heard Of Until This Year -\nSinger Ends Tour Early -\nWhat Happens Next For The Old Harbour And Its Very Long Bridge -\n", 12)
	verse := strings.Repeat("the sea lay still beneath the moon\nand none of us had seen it so\nthe boats\nwere waiting for the tide to turn their heads and slowly go\n", 8)
	for _, c := range []struct {
		name, given, want string
		blocks            int
	}{
		{"mail is cut at its blank lines", mail, "wrapped-v1", 4},
		{"mail with CR LF is recognised too", strings.ReplaceAll(mail, "\n", "\r\n"), "wrapped-v1", 4},
		{"a tail of headlines is lines", headlines, "line-v1", 36},
		{"verse is lines", verse, "line-v1", 32},
		{"a paragraph in each line is lines", strings.Repeat(strings.Repeat("word ", 60)+"end.\n", 9), "line-v1", 9},
		{"headlines under mail are lines", mail + headlines + headlines, "line-v1", 82},
		{"three lines are too few to judge", "the quick brown fox jumps over the lazy dog and then\nit goes to sleep under the tree that stands over\nthere", "line-v1", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			blocks, by, _ := segment.Plain(c.given, "line")
			if by != c.want || len(blocks) != c.blocks {
				t.Errorf("%s with %d blocks, want %s with %d", by, len(blocks), c.want, c.blocks)
			}
		})
	}

	blocks, _, _ := segment.Plain(mail, "sentence")
	if got := cutUp(mail, blocks); len(got) != 5 || !strings.Contains(got[1], "night") && !strings.Contains(got[1], "storms") {
		t.Errorf("sentences of mail: %q", got)
	}
}

// laws hold for every text and rule.
func laws(t interface{ Fatalf(string, ...any) }, s string, blocks []corpus.Block) {
	runes := []rune(s)
	at := 0
	hidden := func(from, to int) {
		for i := from; i < to; i++ {
			if segment.Visible(runes[i]) {
				t.Fatalf("%q at %d of %q is in no block", runes[i], i, s)
			}
		}
	}
	for _, b := range blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(runes) {
			t.Fatalf("block %v after %d in a text of %d", b.Range, at, len(runes))
		}
		hidden(at, b.Start)
		at = b.End
		seen := false
		for _, r := range runes[b.Start:b.End] {
			seen = seen || segment.Visible(r)
		}
		if !seen || unicode.IsSpace(runes[b.End-1]) {
			t.Fatalf("block %v is %q", b.Range, string(runes[b.Start:b.End]))
		}
	}
	hidden(at, len(runes))
}

var awkward = rapid.StringOfN(rapid.OneOf(
	rapid.RuneFrom([]rune("ab. \n\n\r\t\v\u00a0\u2028\u2029\u0085\u200b\u200d\ufeff\x00Mr.é\u0301😀🇩🇪שمไ漢。!?\"'-")), rapid.Rune()), 0, 200, -1)

func TestPlainLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := awkward.Draw(t, "text")
		for _, r := range segment.Rules {
			blocks, _, _ := segment.Plain(s, r.Name)
			laws(t, s, blocks)
			for _, b := range blocks {
				if unicode.IsSpace([]rune(s)[b.Start]) {
					t.Fatalf("%s: block %v starts with white space", r.Name, b.Range)
				}
			}
		}
	})
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "A\nB", mail, "Mr. 😀\u2029\x00", "א\r\nب"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\ufffd")
		}
		for _, r := range segment.Rules {
			blocks, _, _ := segment.Plain(s, r.Name)
			laws(t, s, blocks)
		}
	})
}
