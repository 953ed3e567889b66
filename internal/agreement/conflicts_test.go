package agreement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// hard is text in which bytes, code points and UTF-16 units differ: emoji of
// several code points, an accent composed and decomposed, right to left, a
// no-break space, CRLF between blocks.
const hard = "👩‍👩‍👧 Ada met\r\nZoe\u0301 and Zoé in\u00a0Oslo\r\nשלום דנה\r\n-"

// page is a document with one block a line.
func page(content string) corpus.Document {
	d := corpus.Document{ID: 1, Text: content}
	at := 0
	for _, line := range strings.SplitAfter(content, "\n") {
		n := len([]rune(strings.TrimRight(line, "\r\n")))
		d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + n}})
		at += len([]rune(line))
	}

	return d
}

// reader is somebody who labels a page: a letter for each block, "b" or "x",
// with "b8x" for a block cut before its eighth character, and spans by quote.
func reader(t testing.TB, d corpus.Document, classes string, quotes ...string) agreement.Labelling {
	t.Helper()
	var l agreement.Labelling
	words := strings.Fields(classes)
	if len(words) != len(d.Blocks) {
		t.Fatalf("%q is for %d blocks", classes, len(d.Blocks))
	}
	class := map[byte]corpus.Class{'b': corpus.Body, 'x': corpus.Boilerplate}
	for i, b := range d.Blocks {
		first, cut, second := class[words[i][0]], 0, byte(0)
		if n, _ := fmt.Sscanf(words[i][1:], "%d%c", &cut, &second); n == 2 {
			l.Pieces = append(l.Pieces, corpus.Piece{Range: text.Range{Start: b.Start, End: b.Start + cut}, Class: first},
				corpus.Piece{Range: text.Range{Start: b.Start + cut, End: b.End}, Class: class[second]})
			continue
		}
		l.Pieces = append(l.Pieces, corpus.Piece{Range: b.Range, Class: first})
	}
	for _, q := range quotes {
		label, words, _ := strings.Cut(q, ":")
		id := corpus.LabelID(slices.Index([]string{"", "PER", "ORG", "LOC"}, label))
		at := strings.Index(d.Text, words)
		if at < 0 || id < 1 {
			t.Fatalf("no %q in the page", q)
		}
		start := len([]rune(d.Text[:at]))
		l.Spans = append(l.Spans, corpus.Span{Range: text.Range{Start: start, End: start + len([]rune(words))}, Label: id, Quote: words, ID: corpus.SpanID("span-" + q)})
	}
	if err := corpus.CheckPieces(d, l.Pieces); err != nil {
		t.Fatal(err)
	}
	if err := corpus.CheckSpans(text.NewIndex(d.Text), l.Pieces, l.Spans); err != nil {
		t.Fatal(err)
	}

	return l
}

// told is a conflict in words: its key, the text, and who says what.
func told(x *text.Index, c agreement.Conflict) string {
	var votes []string
	for _, v := range c.Votes {
		said := []string{string(v.Class)}
		if c.Kind == agreement.OfSpans {
			said = nil
			for _, s := range v.Spans {
				said = append(said, fmt.Sprintf("%d:%s", s.Label, s.Quote))
			}
		}
		votes = append(votes, strings.Join(said, "+"))
	}

	return fmt.Sprintf("%s “%s” %s", c.Key(), x.Slice(c.Range), strings.Join(votes, " | "))
}

func TestWhereReadersDiffer(t *testing.T) {
	t.Parallel()
	type said struct {
		classes string
		quotes  []string
	}
	all := func(quotes ...string) said { return said{"b b b x", quotes} }
	for name, c := range map[string]struct {
		say    []said
		want   []string
		agreed []string // spans
	}{
		"nobody differs":          {[]said{all("PER:Ada"), all("PER:Ada")}, nil, []string{"Ada"}},
		"one reader":              {[]said{all("PER:Ada")}, nil, []string{"Ada"}},
		"nobody has read it":      {nil, nil, nil},
		"a class":                 {[]said{{"b x b x", nil}, all()}, []string{"block:15-35 “Zoe\u0301 and Zoé in\u00a0Oslo” boilerplate | body"}, nil},
		"one of three":            {[]said{all(), all(), {"x b b x", nil}}, []string{`block:0-13 “👩‍👩‍👧 Ada met” body | body | boilerplate`}, nil},
		"a cut of one alone":      {[]said{{"b10x b b x", nil}, all()}, []string{`block:10-13 “met” boilerplate | body`}, nil},
		"a cut that says no more": {[]said{{"b10b b b x", nil}, all()}, nil, nil},
		"two cuts": {[]said{{"b6x b b x", nil}, {"b10x b b x", nil}}, []string{
			`block:6-10 “Ada ” boilerplate | body`}, nil},
		"a span of one alone":         {[]said{all("PER:Ada"), all()}, []string{`spans:6-9 “Ada” 1:Ada | `}, nil},
		"another label":               {[]said{all("LOC:Oslo"), all("ORG:Oslo")}, []string{`spans:31-35 “Oslo” 3:Oslo | 2:Oslo`}, nil},
		"nested: one has the inner":   {[]said{all("PER:Zoé", "PER:Zoé in\u00a0Oslo"), all("PER:Zoé in\u00a0Oslo")}, []string{`spans:24-27 “Zoé” 1:Zoé | `}, []string{"Zoé in\u00a0Oslo"}},
		"nested: each has one":        {[]said{all("PER:Zoé"), all("PER:Zoé in\u00a0Oslo")}, []string{"spans:24-35 “Zoé in\u00a0Oslo” 1:Zoé | 1:Zoé in\u00a0Oslo"}, nil},
		"overlapping":                 {[]said{all("PER:Zoe\u0301 and"), all("PER:and Zoé")}, []string{"spans:15-27 “Zoe\u0301 and Zoé” 1:Zoe\u0301 and | 1:and Zoé"}, nil},
		"a chain of three overlaps":   {[]said{all("PER:Zoe\u0301 and", "LOC:Zoé in\u00a0Oslo"), all("PER:and Zoé")}, []string{"spans:15-35 “Zoe\u0301 and Zoé in\u00a0Oslo” 1:Zoe\u0301 and+3:Zoé in\u00a0Oslo | 1:and Zoé"}, nil},
		"touching are two questions":  {[]said{all("PER:Ada", "ORG: met"), all()}, []string{`spans:6-9 “Ada” 1:Ada | `, `spans:9-13 “ met” 2: met | `}, nil},
		"a picture":                   {[]said{all("PER:👩‍👩‍👧"), all()}, []string{`spans:0-5 “👩‍👩‍👧” 1:👩‍👩‍👧 | `}, nil},
		"with and without the accent": {[]said{all("PER:Zoe"), all("PER:Zoe\u0301")}, []string{"spans:15-19 “Zoe\u0301” 1:Zoe | 1:Zoe\u0301"}, nil},
		"right to left":               {[]said{all("PER:דנה"), all("PER:שלום דנה")}, []string{`spans:37-45 “שלום דנה” 1:דנה | 1:שלום דנה`}, nil},
		"class and span at one place": {[]said{{"x b b x", []string{"PER:👩‍👩‍👧"}}, all()}, []string{
			`block:0-13 “👩‍👩‍👧 Ada met” boilerplate | body`, `spans:0-5 “👩‍👩‍👧” 1:👩‍👩‍👧 | `}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := page(hard)
			x := text.NewIndex(d.Text)
			var ls []agreement.Labelling
			for _, s := range c.say {
				ls = append(ls, reader(t, d, s.classes, s.quotes...))
			}
			cmp := agreement.Compare(d, ls)
			var got, agreed []string
			for _, one := range cmp.Conflicts {
				got = append(got, told(x, one))
			}
			for _, s := range cmp.Spans {
				agreed = append(agreed, s.Quote)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("in conflict:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if !slices.Equal(agreed, c.agreed) {
				t.Errorf("agreed are %q, want %q", agreed, c.agreed)
			}
		})
	}
}

func TestThreeReadersOfOneSpan(t *testing.T) {
	t.Parallel()
	d := page(hard)
	cmp := agreement.Compare(d, []agreement.Labelling{reader(t, d, "b b b x", "PER:Ada"), reader(t, d, "b b b x", "PER:Ada"), reader(t, d, "b b b x")})
	if len(cmp.Spans) != 0 || len(cmp.Conflicts) != 1 {
		t.Fatalf("%+v", cmp)
	}
	most, ok := cmp.Conflicts[0].Most()
	if !ok || len(most.Spans) != 1 || most.Spans[0].Quote != "Ada" || most.Spans[0].ID != "" {
		t.Errorf("the majority is %+v, %t", most, ok)
	}
	if _, ok := (agreement.Conflict{Votes: cmp.Conflicts[0].Votes[1:]}).Most(); ok {
		t.Error("one of two is a majority")
	}
}

func TestReasonsAreKeptWhereNobodyGivesAnother(t *testing.T) {
	t.Parallel()
	d := page("Menu\nText")
	for name, c := range map[string]struct {
		reasons []string
		want    string
	}{
		"nobody gives one":      {[]string{"", ""}, ""},
		"one does":              {[]string{"", "menu"}, "menu"},
		"both give the same":    {[]string{"menu", "menu"}, "menu"},
		"each gives their own":  {[]string{"menu", "related"}, ""},
		"two against a silence": {[]string{"menu", "", "menu"}, "menu"},
	} {
		var ls []agreement.Labelling
		for _, r := range c.reasons {
			l := reader(t, d, "x b")
			l.Pieces[0].Reason = r
			ls = append(ls, l)
		}
		cmp := agreement.Compare(d, ls)
		if len(cmp.Conflicts) != 0 || cmp.Pieces[0].Reason != c.want {
			t.Errorf("%s: reason %q, want %q; %+v", name, cmp.Pieces[0].Reason, c.want, cmp.Conflicts)
		}
	}
}

func TestAnswersMakeALabelling(t *testing.T) {
	t.Parallel()
	d := page(hard)
	mara, jonas := reader(t, d, "b10x b b x", "PER:Ada", "PER:Zoé"), reader(t, d, "b x b x", "PER:Ada", "LOC:Oslo")
	cmp := agreement.Compare(d, []agreement.Labelling{mara, jonas})

	l, open := cmp.Decide(nil)
	if len(open) != len(cmp.Conflicts) || len(open) != 4 {
		t.Fatalf("open are %+v", open)
	}
	if len(l.Spans) != 1 || l.Spans[0].Quote != "Ada" {
		t.Errorf("what nobody decided is left out: %+v", l.Spans)
	}

	answers := map[string]agreement.Vote{}
	for _, c := range cmp.Conflicts {
		answers[c.Key()] = c.Votes[0]
	}
	l, open = cmp.Decide(answers)
	if len(open) != 0 || !slices.EqualFunc(l.Pieces, mara.Pieces, func(a, b corpus.Piece) bool { return a == b }) || len(l.Spans) != 2 || l.Spans[1].Quote != "Zoé" {
		t.Errorf("mara's answers give %+v", l)
	}

	answers[agreement.Key(agreement.OfBlock, text.Range{Start: 10, End: 13})] = agreement.Vote{Class: corpus.Body}
	if l, _ = cmp.Decide(answers); len(l.Pieces) != 4 || l.Pieces[0].Range != d.Blocks[0].Range {
		t.Errorf("a cut that decides nothing stays: %+v", l.Pieces)
	}

	answers[agreement.Key(agreement.OfBlock, d.Blocks[3].Range)] = agreement.Vote{Class: corpus.Body}
	answers[agreement.Key(agreement.OfSpans, text.Range{Start: 6, End: 9})] = agreement.Vote{}
	answers["block:900-901"] = agreement.Vote{Class: corpus.Body}
	answers["nonsense"] = agreement.Vote{Class: corpus.Body}
	l, open = cmp.Decide(answers)
	if len(open) != 0 || l.Pieces[3].Class != corpus.Body {
		t.Errorf("what all said cannot be overruled: %+v", l.Pieces)
	}
	if len(l.Spans) != 1 || l.Spans[0].Quote != "Zoé" {
		t.Errorf("an entity that all have cannot be removed: %+v", l.Spans)
	}
}

func TestTheRuleOfTheMajority(t *testing.T) {
	t.Parallel()
	d := page(hard)
	labels := corpus.DefaultLabels()
	for name, c := range map[string]struct {
		rule  corpus.Rule
		say   [][]string // classes, then quotes
		ok    bool
		basis corpus.Basis
		spans []string
	}{
		"each place has one of its own":        {corpus.Majority, [][]string{{"x b b x", "PER:Ada"}, {"b x b x", "PER:Ada"}, {"b b b x"}}, true, corpus.OfMost, []string{"Ada"}},
		"most have no span there":              {corpus.Majority, [][]string{{"b b b x", "PER:Ada"}, {"b b b x"}, {"b b b x"}}, true, corpus.OfMost, nil},
		"three spans of three":                 {corpus.Majority, [][]string{{"b b b x", "PER:Ada"}, {"b b b x", "ORG:Ada"}, {"b b b x", "LOC:Ada"}}, false, "", nil},
		"two people are none":                  {corpus.Majority, [][]string{{"b b b x"}, {"x b b x"}}, false, "", nil},
		"all agree":                            {corpus.AllAgree, [][]string{{"b b b x", "PER:Ada"}, {"b b b x", "PER:Ada"}}, true, corpus.OfAll, []string{"Ada"}},
		"not under another rule":               {corpus.AllAgree, [][]string{{"b b b x"}, {"b b b x"}, {"x b b x"}}, false, "", nil},
		"most cut it, and most mark the start": {corpus.Majority, [][]string{{"b8x b b x"}, {"b8x b b x", "PER:👩‍👩‍👧"}, {"b b b x", "PER:👩‍👩‍👧"}}, true, corpus.OfMost, []string{"👩‍👩‍👧"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ls []agreement.Labelling
			var names []string
			for i, s := range c.say {
				ls = append(ls, reader(t, d, s[0], s[1:]...))
				names = append(names, fmt.Sprint("reader ", i))
			}
			g, ok, err := agreement.Settle(d, ls, c.rule, labels, names)
			if err != nil {
				t.Fatal(err)
			}
			var spans []string
			for _, s := range g.Spans {
				spans = append(spans, s.Quote)
			}
			if ok != c.ok || g.Basis != c.basis || !slices.Equal(spans, c.spans) {
				t.Errorf("%t, %q, %q", ok, g.Basis, spans)
			}
		})
	}
}

// A majority may want a cut, and another one a span across it: nobody said
// both, so it is left to an adjudicator, and told which they are.
func TestMajoritiesThatDoNotFitTogether(t *testing.T) {
	t.Parallel()
	d := page(hard)
	cut := func(quotes ...string) agreement.Labelling { return reader(t, d, "b8x b b x", quotes...) }
	whole := reader(t, d, "b b b x", "PER:Ada met")
	other := reader(t, d, "x b b x", "PER:Ada met") // what follows the cut is boilerplate here too
	other.Spans = slices.Clone(other.Spans)
	ls := []agreement.Labelling{cut(), whole, other}
	if _, ok, err := agreement.Settle(d, ls, corpus.Majority, corpus.DefaultLabels(), []string{"a", "b", "c"}); ok || err != nil {
		t.Fatalf("settled: %t, %v", ok, err)
	}

	r := agreement.Review{Comparison: agreement.Compare(d, ls), Index: text.NewIndex(d.Text)}
	for i, l := range ls {
		r.People = append(r.People, agreement.Person{Labelling: l, Name: fmt.Sprint(i)})
	}
	_, err := r.GoldOf(corpus.Majority, corpus.DefaultLabels())
	if err == nil || !strings.Contains(err.Error(), "“Ada met” crosses the cut in block 1") {
		t.Errorf("the adjudicator is told %v", err)
	}
}

func TestKeysAreReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := text.Range{Start: rapid.IntRange(0, 1e6).Draw(t, "start")}
		r.End = r.Start + rapid.IntRange(0, 1e6).Draw(t, "length")
		k := rapid.SampledFrom([]agreement.Kind{agreement.OfBlock, agreement.OfSpans}).Draw(t, "kind")
		if kind, at, err := agreement.ParseKey(agreement.Key(k, r)); err != nil || kind != k || at != r {
			t.Fatalf("%s %v %v", kind, at, err)
		}
	})
	for _, bad := range []string{"", "block", "block:", "block:1", "block:1-", "block:2-1", "block:-1-2", "block:+1-2", "block:01-2", "block:1-2 ", " block:1-2", "line:1-2", "block:1-2-3", "block:1-99999999999999999999"} {
		if _, _, err := agreement.ParseKey(bad); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
}

// reading draws somebody who reads d.
func reading(d corpus.Document, who string) *rapid.Generator[agreement.Labelling] {
	return rapid.Custom(func(t *rapid.T) agreement.Labelling {
		var l agreement.Labelling
		x := text.NewIndex(d.Text)
		class := rapid.SampledFrom([]corpus.Class{corpus.Body, corpus.Boilerplate})
		for _, b := range d.Blocks {
			cuts := []int{b.Start, b.End}
			if b.Len() > 1 && rapid.Bool().Draw(t, "cuts") {
				cuts = append(cuts, rapid.IntRange(b.Start+1, b.End-1).Draw(t, "cut"))
			}
			slices.Sort(cuts)
			for i := 0; i+1 < len(cuts); i++ {
				p := corpus.Piece{Range: text.Range{Start: cuts[i], End: cuts[i+1]}, Class: class.Draw(t, "class")}
				l.Pieces = append(l.Pieces, p)
				for range rapid.IntRange(0, 2).Draw(t, "spans") {
					s := corpus.Span{Range: text.Range{Start: rapid.IntRange(p.Start, p.End-1).Draw(t, "from")}, Label: corpus.LabelID(rapid.IntRange(1, 2).Draw(t, "label"))}
					s.End = rapid.IntRange(s.Start+1, p.End).Draw(t, "to")
					s.Quote = x.Slice(s.Range)
					if !slices.ContainsFunc(l.Spans, func(o corpus.Span) bool { return o.Range == s.Range && o.Label == s.Label }) {
						l.Spans = append(l.Spans, s)
					}
				}
			}
		}
		return l
	})
}

// said is a labelling without what decides nothing: cuts between equal parts,
// and the order of spans.
func said(d corpus.Document, l agreement.Labelling) string {
	_, single := agreement.Compare(d, []agreement.Labelling{l}).Decide(nil)
	if len(single) != 0 {
		return "one reader differs from themselves"
	}
	one, _ := agreement.Compare(d, []agreement.Labelling{l}).Decide(nil)

	return fmt.Sprint(one.Pieces, one.Spans)
}

func TestLawsOfComparing(t *testing.T) {
	t.Parallel()
	d := page(hard)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "readers")
		ls := make([]agreement.Labelling, n)
		for i := range ls {
			ls[i] = reading(d, fmt.Sprint(i)).Draw(t, fmt.Sprint("reader ", i))
		}
		cmp := agreement.Compare(d, ls)

		if err := corpus.CheckPieces(d, cmp.Pieces); err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for i, c := range cmp.Conflicts {
			if len(c.Votes) != n || keys[c.Key()] {
				t.Fatalf("conflict %d: %+v", i, c)
			}
			keys[c.Key()] = true
			alike := true
			for _, v := range c.Votes {
				alike = alike && v.Agree(c.Votes[0])
				for _, s := range v.Spans {
					if !c.Contains(s.Range) || s.Quote != text.NewIndex(d.Text).Slice(s.Range) {
						t.Fatalf("%s holds %+v", c.Key(), s)
					}
				}
			}
			if alike {
				t.Fatalf("%s is no conflict: %+v", c.Key(), c.Votes)
			}
		}

		// Taking one reader's answer everywhere gives what that reader said.
		for i := range ls {
			answers := map[string]agreement.Vote{}
			for _, c := range cmp.Conflicts {
				answers[c.Key()] = c.Votes[i]
			}
			l, open := cmp.Decide(answers)
			if len(open) != 0 {
				t.Fatalf("open are %+v", open)
			}
			if got, want := said(d, l), said(d, ls[i]); got != want {
				t.Fatalf("reader %d: %s\nwant %s", i, got, want)
			}
		}

		// The order of the readers changes nothing but the order of votes.
		turned := slices.Clone(ls)
		slices.Reverse(turned)
		back := agreement.Compare(d, turned)
		if len(back.Conflicts) != len(cmp.Conflicts) || fmt.Sprint(back.Spans) != fmt.Sprint(cmp.Spans) {
			t.Fatalf("the other way round: %+v", back)
		}
		for i, c := range back.Conflicts {
			slices.Reverse(c.Votes)
			if c.Key() != cmp.Conflicts[i].Key() || fmt.Sprint(c.Votes) != fmt.Sprint(cmp.Conflicts[i].Votes) {
				t.Fatalf("the other way round: %+v, %+v", c, cmp.Conflicts[i])
			}
		}
	})
}
