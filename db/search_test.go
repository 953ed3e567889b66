package db

import (
	"strings"
	"testing"
)

func TestASnippetShowsTheHitsAndWhatIsAround(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("before ", 40) + "the Kessel bridge, a bridge" + strings.Repeat(" after", 60)
	for _, row := range []struct{ rule, typed, text, want string }{
		{"all words are marked, the last by its start", "mara lind", "So said Mara Lindqvist.", "So said [Mara] [Lindqvist]."},
		{"accents make no difference", "geneve", "in Genève", "in [Genève]"},
		{"nor do decomposed ones", "zoé", "Zoe\u0301 and Zoë", "[Zoe\u0301] and [Zoë]"},
		{"an emoji before a hit", "ada", "😀 Ada", "😀 [Ada]"},
		{"right to left", "ליסבון", "טיסה לליסבון, ליסבון", "טיסה לליסבון, [ליסבון]"},
		{"a long text is cut at words", "bridge", long, "…before before before before before before the Kessel [bridge], a [bridge] after after after after after after after after after after after after after after after after after…"},
		{"a text without spaces is cut at characters", "橋", strings.Repeat("東", 50) + " 橋 " + strings.Repeat("京", 60), "…" + " [橋] " + "…"},
		{"no hit, no snippet", "nothing", "in the text", ""},
		{"no text, no snippet", "nothing", "", ""},
	} {
		got := strings.NewReplacer("\x02", "[", "\x03", "]").Replace(newSearch(row.typed).snippet(row.text))
		if row.rule == "a text without spaces is cut at characters" {
			if !strings.Contains(got, "[橋]") || strings.Contains(got, "\ufffd") || len(got) > 250 {
				t.Errorf("%s: %q", row.rule, got)
			}
			continue
		}
		if got != row.want {
			t.Errorf("%s:\n got %q\nwant %q", row.rule, got, row.want)
		}
	}
}
