package corpus_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

func TestSnap(t *testing.T) {
	for _, c := range []struct{ name, given, want string }{
		{"a word stays", "Ada", "Ada"},
		{"outer spaces go, inner ones stay", "  Ada  Bly ", "Ada  Bly"},
		{"no-break and ideographic spaces go too", "\u00a0Ada\u3000", "Ada"},
		{"line ends of every kind go", "\u2028Ada\r\n\u0085", "Ada"},
		{"a comma goes", "Ada,", "Ada"},
		{"the full stop of a sentence goes", "Aldport.", "Aldport"},
		{"the full stop of an abbreviation stays", "Norden Inc.", "Norden Inc."},
		{"so does that of an acronym", "the U.S.", "the U.S."},
		{"and that of one in small letters", "5 p.m.", "5 p.m."},
		{"a short word in small letters ends a sentence", "go to the zoo.", "go to the zoo"},
		{"quotation marks around everything stay, they are a pair", "“Ada”", "“Ada”"},
		{"one without its partner goes", "“Ada", "Ada"},
		{"so does a bracket", "Ada Bly)", "Ada Bly"},
		{"a bracket with its partner inside stays", "Norden (Steel)", "Norden (Steel)"},
		{"straight quotation marks go, nobody knows which is which", `"Ada"`, "Ada"},
		{"a possessive apostrophe inside stays", "Ada’s", "Ada’s"},
		{"one at the end goes", "the Lindqvists’", "the Lindqvists"},
		{"a hash and an at sign belong to the name", "#bridge @ada", "#bridge @ada"},
		{"per cent belongs to the figure", "(5 %", "5 %"},
		{"currency belongs to the figure", "– $5,", "$5"},
		{"an emoji stays", " 🌉!", "🌉"},
		{"a joined emoji stays whole", "👩\u200d👧", "👩\u200d👧"},
		{"a joiner left over at the end goes", "👩\u200d", "👩"},
		{"a flag stays", "🇨🇭,", "🇨🇭"},
		{"a variation selector stays with its emoji", "❤\ufe0f.", "❤\ufe0f"},
		{"a combining accent stays", "Gene\u0300ve.", "Gene\u0300ve"},
		{"a decomposed accent is no letter of its own", "Zoe\u0308.", "Zoe\u0308."},
		{"direction marks go", "\u200fשלום\u200e", "שלום"},
		{"an Arabic comma and question mark go", "مارا،؟", "مارا"},
		{"ideographic full stop and brackets go", "「橋。", "橋"},
		{"zero-width spaces go", "\u200bAda\u200b", "Ada"},
		{"NUL goes", "\x00Ada\x00", "Ada"},
		{"dashes around go, a hyphen inside stays", "– Jean-Luc –", "Jean-Luc"},
		{"of punctuation alone nothing is left", "-- ,.", ""},
		{"of space alone nothing is left", " \u00a0\t", ""},
		{"of nothing nothing is left", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			const before = "😀é " // so that no unit is another by chance
			x := text.NewIndex(before + c.given + " end")
			start := len([]rune(before))
			got := corpus.Snap(x, text.Range{Start: start, End: start + len([]rune(c.given))})
			if x.Slice(got) != c.want {
				t.Errorf("%q became %q, want %q", c.given, x.Slice(got), c.want)
			}
		})
	}
}

func FuzzSnap(f *testing.F) {
	for _, s := range []string{" Ada, ", "(“Inc.”)", "U.S.", "👩\u200d.", "\u2028", "「」"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "\ufffd")
		x := text.NewIndex(s)
		all := text.Range{Start: 0, End: x.Len()}
		r := corpus.Snap(x, all)
		if !r.In(x.Len()) {
			t.Fatalf("%q became %v", s, r)
		}
		if again := corpus.Snap(x, r); again != r {
			t.Fatalf("%q became %q and then %q", s, x.Slice(r), x.Slice(again))
		}
		word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }
		if strings.IndexFunc(x.Slice(r), word) < 0 && strings.IndexFunc(s, word) >= 0 {
			t.Fatalf("%q became %q: a letter or digit is lost", s, x.Slice(r))
		}
		for _, lost := range x.Slice(text.Range{Start: 0, End: r.Start}) + x.Slice(text.Range{Start: r.End, End: x.Len()}) {
			if word(lost) {
				t.Fatalf("%q became %q and lost %q", s, x.Slice(r), lost)
			}
		}
	})
}

func TestLabelSets(t *testing.T) {
	l := func(name, key string) corpus.Label {
		return corpus.Label{ID: 1, Name: name, Title: name, Colour: "blue", Key: key}
	}
	retired := func(l corpus.Label) corpus.Label { l.Retired = true; return l }
	many := make(corpus.LabelSet, 101)
	for i := range many {
		many[i] = l(fmt.Sprintf("L%d", i), "")
	}

	for _, c := range []struct {
		name   string
		labels corpus.LabelSet
		reason string // "" where the set is good
	}{
		{"no label at all", nil, ""},
		{"the usual ones", corpus.DefaultLabels(), ""},
		{"names in any script", corpus.LabelSet{l("Ort", "1"), l("شخص", "2"), l("人", "3"), l("Ange\u0301", "4"), l("B-PER/x.y_z", "5")}, ""},
		{"a key of any script", corpus.LabelSet{l("A", "é"), l("B", "ш"), l("C", "😀")}, ""},
		{"no keys", corpus.LabelSet{l("A", ""), l("B", "")}, ""},
		{"a key that only a retired label had", corpus.LabelSet{retired(l("A", "1")), l("B", "1")}, ""},
		{"a hundred", many[:100], ""},
		{"a hundred and one", many, "at most 100"},
		{"a label without a name", corpus.LabelSet{l("", "1")}, "must start with"},
		{"a name with a space", corpus.LabelSet{l("NEW YORK", "1")}, "must start with"},
		{"a name with a no-break space", corpus.LabelSet{l("NEW\u00a0YORK", "1")}, "must start with"},
		{"a name that starts with a mark", corpus.LabelSet{l("-PER", "1")}, "must start with"},
		{"an emoji for a name", corpus.LabelSet{l("😀", "1")}, "must start with"},
		{"a name with a line end", corpus.LabelSet{l("PER\n", "1")}, "must start with"},
		{"a name of 41 letters", corpus.LabelSet{l(strings.Repeat("ü", 41), "1")}, "must start with"},
		{"one name twice", corpus.LabelSet{l("PER", "1"), l("PER", "2")}, "stands twice"},
		{"one name in two cases", corpus.LabelSet{l("PER", "1"), l("per", "2")}, "stands twice"},
		{"the name of a retired one", corpus.LabelSet{retired(l("PER", "1")), l("PER", "2")}, "stands twice"},
		{"one key twice", corpus.LabelSet{l("A", "1"), l("B", "1")}, "both have the key"},
		{"a key of two characters", corpus.LabelSet{l("A", "ab")}, "must be one character"},
		{"a space for a key", corpus.LabelSet{l("A", " ")}, "must be one character"},
		{"a key that the screen uses", corpus.LabelSet{l("A", "j")}, "it is used for: next block"},
		{"a colour that is none", corpus.LabelSet{{Name: "A", Colour: "#ff0000"}}, "no colour"},
		{"a title of 81 characters", corpus.LabelSet{{Name: "A", Colour: "blue", Title: strings.Repeat("é", 81)}}, "longer than 80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.labels.Check(map[string]string{"j": "next block"})
			invalid, _ := errors.AsType[*corpus.Invalid](err)
			if c.reason == "" && err != nil || c.reason != "" && (invalid == nil || !strings.Contains(invalid.Reason, c.reason)) {
				t.Errorf("got %v, want %q", err, c.reason)
			}
		})
	}
}

func TestLabelsAreFoundAndNumbered(t *testing.T) {
	s := corpus.LabelSet{{ID: 3, Name: "PER"}, {ID: 9, Name: "OLD", Retired: true}}
	if l, ok := s.ByID(9); !ok || l.Name != "OLD" {
		t.Errorf("by id: %v %v", l, ok)
	}
	if l, ok := s.ByName("PER"); !ok || l.ID != 3 {
		t.Errorf("by name: %v %v", l, ok)
	}
	if _, ok := s.ByName("per"); ok {
		t.Error("names are told apart by case when they are looked up")
	}
	if _, ok := s.ByID(1); ok {
		t.Error("there is no label 1")
	}
	if s.Next() != 10 || (corpus.LabelSet{}).Next() != 1 {
		t.Errorf("the next ids are %d and %d", s.Next(), corpus.LabelSet{}.Next())
	}
}

func TestReasonKeysAndNamesAreDistinct(t *testing.T) {
	names, keys := map[string]bool{}, map[string]bool{}
	for _, r := range corpus.Reasons {
		if names[r.Name] || keys[r.Key] || r.Name == "" || r.Title == "" || len(r.Key) != 1 {
			t.Errorf("%+v", r)
		}
		names[r.Name], keys[r.Key] = true, true
		if !corpus.KnownReason(r.Name) {
			t.Errorf("%s is not known", r.Name)
		}
	}
}

func TestRolesInclude(t *testing.T) {
	for i, r := range corpus.Roles {
		for j, o := range corpus.Roles {
			if got := r.Includes(o); got != (i <= j) {
				t.Errorf("%s includes %s: %v", r, o, got)
			}
		}
		if r.Includes("owner") || corpus.Role("owner").Includes(r) || corpus.Role("").Includes("") {
			t.Errorf("an unknown role meets %s", r)
		}
	}
}

func TestEventsHaveNamesThatCanBeKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		event corpus.Event
		good  bool
	}{
		{"a UUID", corpus.Event{ID: "0190b2a4-7f3e-7c62-9f53-6c1b0a3b7e11"}, true},
		{"none", corpus.Event{}, false},
		{"a short one", corpus.Event{ID: "abc"}, false},
		{"a long one", corpus.Event{ID: strings.Repeat("a", 65)}, false},
		{"markup", corpus.Event{ID: "<b>12345</b>"}, false},
		{"a line end after it", corpus.Event{ID: "event-0001\n"}, false},
		{"a span without one", corpus.Event{ID: "event-0001", Add: []corpus.SpanEvent{{}}}, false},
		{"a span with one", corpus.Event{ID: "event-0001", Add: []corpus.SpanEvent{{ID: "span-0001"}}}, true},
		{"too many spans", corpus.Event{ID: "event-0001", Remove: make([]corpus.SpanID, corpus.MaxAdd+1)}, false},
	} {
		if err := c.event.CheckID(); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestProblemsAndMistakesReadAsSentences(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&corpus.Problem{File: "a.jsonl", Line: 7, Reason: "this is no JSON"}, "a.jsonl:7: this is no JSON"},
		{&corpus.Problem{File: "a.txt", Reason: "the file is empty"}, "a.txt: the file is empty"},
		{&corpus.Problem{Reason: "the list is empty"}, "the list is empty"},
		{corpus.Invalidf("name", "%q is taken", "mara"), `name: "mara" is taken`},
		{corpus.Invalidf("", "there is nothing to undo"), "there is nothing to undo"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestTotalsLeaveOutWhatIsNotToBeLabelled(t *testing.T) {
	c := corpus.Counts{corpus.New: 1, corpus.Begun: 2, corpus.Skipped: 4, corpus.Flagged: 8, corpus.Golden: 16, corpus.Superseded: 32, corpus.Removed: 64}
	if c.Total() != 31 {
		t.Errorf("the total is %d", c.Total())
	}
	if r := (corpus.ImportReport{New: 1, Unchanged: 2, Changed: 4, Failed: 8, Gold: 5}); r.Total() != 15 {
		t.Errorf("%d records were read", r.Total())
	}
}
