package views

import (
	"slices"
	"testing"
	"time"

	"annotate/internal/corpus"
)

func TestNumbersAreReadInThrees(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 7: "7", 999: "999", 1000: "1\u202f000", 12345: "12\u202f345", 1234567: "1\u202f234\u202f567", -1000: "−1\u202f000",
	} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestCountsAgreeWithTheirNoun(t *testing.T) {
	for n, want := range map[int]string{0: "0 documents", 1: "1 document", 2: "2 documents", 1200: "1\u202f200 documents"} {
		if got := count(n, "document"); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestPercentIsFullOnlyWhenAllIsThere(t *testing.T) {
	for _, row := range []struct {
		part, whole int
		want        string
	}{{0, 0, "–"}, {0, 3, "0\u202f%"}, {1, 3, "33\u202f%"}, {999, 1000, "99\u202f%"}, {3, 3, "100\u202f%"}} {
		if got := percent(row.part, row.whole); got != row.want {
			t.Errorf("percent(%d, %d) = %q, want %q", row.part, row.whole, got, row.want)
		}
	}
}

func TestMegabytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 999_999: "999 kB", 1_000_000: "1.0 MB", 12_400_000: "12.4 MB", 2 << 30: "2.15 GB"} {
		if got := megabytes(n); got != want {
			t.Errorf("megabytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for before, want := range map[time.Duration]string{
		-time.Second:         "just now", // a clock that runs ahead
		0:                    "just now",
		59 * time.Second:     "just now",
		time.Minute:          "1 min ago",
		59 * time.Minute:     "59 min ago",
		time.Hour:            "1 h ago",
		23 * time.Hour:       "23 h ago",
		24 * time.Hour:       "yesterday",
		47 * time.Hour:       "yesterday",
		48 * time.Hour:       "2 days ago",
		29 * 24 * time.Hour:  "29 days ago",
		30 * 24 * time.Hour:  "24 Oct 2026",
		400 * 24 * time.Hour: "19 Oct 2025",
	} {
		if got := ago(now.Add(-before), now); got != want {
			t.Errorf("%v before: %q, want %q", before, got, want)
		}
	}
}

func TestTallyLeavesOutWhatIsZeroOrNotToBeLabelled(t *testing.T) {
	c := corpus.Counts{corpus.Golden: 1412, corpus.Flagged: 17, corpus.New: 3, corpus.Removed: 5, corpus.Superseded: 2}
	if got, want := tally(c), "1\u202f412 gold · 17 flagged · 3 untouched"; got != want {
		t.Errorf("tally = %q, want %q", got, want)
	}
	if got := tally(nil); got != "" {
		t.Errorf("tally of nothing = %q", got)
	}
}

func TestBarsFillTheWidth(t *testing.T) {
	got := bars(corpus.Counts{corpus.Golden: 1, corpus.Begun: 1, corpus.New: 2, corpus.Removed: 9})
	want := []bar{{corpus.Golden, "0.000%", "25.000%"}, {corpus.Begun, "25.000%", "25.000%"}, {corpus.New, "50.000%", "50.000%"}}
	if !slices.Equal(got, want) {
		t.Errorf("bars = %v, want %v", got, want)
	}
	if got := bars(corpus.Counts{corpus.Removed: 1}); got != nil {
		t.Errorf("bars of nothing = %v", got)
	}
}

func TestRunsOfASnippet(t *testing.T) {
	for _, row := range []struct {
		name, snippet string
		want          []run
	}{
		{"nothing", "", nil},
		{"no hit", "plain", []run{{"plain", false}}},
		{"a hit in the middle", "a \x02b\x03 c", []run{{"a ", false}, {"b", true}, {" c", false}}},
		{"hits at both ends", "\x02a\x03-\x02b\x03", []run{{"a", true}, {"-", false}, {"b", true}}},
		{"hits that touch", "\x02a\x03\x02b\x03", []run{{"a", true}, {"b", true}}},
		{"an empty hit", "a\x02\x03b", []run{{"a", false}, {"b", false}}},
		{"a mark that opens and never closes", "a \x02b", []run{{"a b", false}}},
		{"a mark that closes and never opened", "a\x03 b", []run{{"a b", false}}},
		{"a mark inside a hit", "\x02a\x02b\x03", []run{{"ab", true}}},
		{"emoji, combining marks, right to left, CRLF, NBSP", "😀 e\u0301\r\n\x02שלום\u00a0👩‍👩‍👧\x03 z", []run{{"😀 e\u0301\r\n", false}, {"שלום\u00a0👩‍👩‍👧", true}, {" z", false}}},
	} {
		if got := runs(row.snippet); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestSentence(t *testing.T) {
	for reason, want := range map[string]string{
		"":                 "",
		"it is gone":       "It is gone.",
		"is it gone?":      "Is it gone?",
		"élan is lost":     "Élan is lost.",
		"“name” is taken":  "“name” is taken.",
		"it ends already.": "It ends already.",
		"😀 is no name":     "😀 is no name.",
	} {
		if got := sentence(reason); got != want {
			t.Errorf("sentence(%q) = %q, want %q", reason, got, want)
		}
	}
}

func TestAddressesKeepWhatTheListIsNarrowedTo(t *testing.T) {
	for _, row := range []struct {
		name string
		f    corpus.DocumentFilter
		want string
	}{
		{"nothing", corpus.DocumentFilter{Project: 3}, "/projects/3/documents"},
		{"the limit is not kept", corpus.DocumentFilter{Project: 3, Limit: 9}, "/projects/3/documents"},
		{"all of it, escaped", corpus.DocumentFilter{Project: 3, Query: `a&b "ü`, States: []corpus.State{corpus.New, corpus.Golden}, Site: "x.org", Language: "de", After: 7},
			"/projects/3/documents?after=7&language=de&q=a%26b+%22%C3%BC&site=x.org&state=new&state=gold"},
	} {
		if got := documentsPath(row.f); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
	if got, want := SignInPath("/documents/7?x=1&y=2"), "/sign-in?next=%2Fdocuments%2F7%3Fx%3D1%26y%3D2"; got != want {
		t.Errorf("sign in: %s, want %s", got, want)
	}
}
