package score_test

import (
	"fmt"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// blocks makes a page of the lines, each a block of the class that its first
// letter names ("+" body, "-" boilerplate), with a reason behind a "|".
func blocks(lines ...string) score.Gold {
	g := score.Gold{Labels: true}
	at := 0
	var page []string
	for _, l := range lines {
		class := corpus.Boilerplate
		if l[0] == '+' {
			class = corpus.Body
		}
		l, reason, _ := strings.Cut(l[1:], "|")
		n := len([]rune(l))
		g.Blocks = append(g.Blocks, score.Block{Range: text.Range{Start: at, End: at + n}, Class: class, Reason: reason})
		page = append(page, l)
		at += n + 1
	}
	g.Page = strings.Join(page, "\n")
	g.Body = score.BodyText(g.Page, g.Blocks)

	return g
}

func TestWhatSortOfMistakeItIs(t *testing.T) {
	page := []string{
		"-Home News Sport", "+Bridge 😀 closes", "+By Mara Lindqvist", "+Repairs E\u0301mile\u00a0said will close both lanes of it", "-Read also: How the old ferry line was saved",
		"+שלום עולם tolls rise again", "+The last words of it", "-We use cookies to do things", "-Ten Quiet Villages -", "-Twins Turn 18 -",
	}
	all := strings.ReplaceAll(blocks(page...).Body, "E\u0301", "É")
	for _, c := range []struct{ name, cleaned, want string }{
		{"nothing wrong", all, ""},
		{"the tail leaks", all + "\nTen Quiet Villages -\nTwins Turn 18 -", "related-leaked 6: Ten Quiet Villages -|Twins Turn 18"},
		{"the menu leaks", "Home News Sport\n" + all, "navigation-leaked 3: Home News Sport"},
		{"a link inside the body leaks", strings.Replace(all, "\nשלום", "\nRead also: How the old ferry line was saved\nשלום", 1), "related-leaked 9: Read also: How the old ferry line was saved"},
		{"a notice leaks", all + "\nWe use cookies to do things", "legal-leaked 6: We use cookies to do things"},
		{"it begins too late", all[strings.Index(all, "Repairs"):], "start-lost 2: Bridge 😀 closes; byline-lost 3: By Mara Lindqvist"},
		{"it ends too early", all[:strings.Index(all, "\nThe last")], "end-lost 5: The last words of it"},
		{"a hole", strings.Replace(all, "Émile\u00a0said ", "", 1), "inside-lost 2: Émile\u00a0said"},
		{"all is missed", "", "whole-lost 24: …"},
		{"only the menu is there", "Home News Sport", "navigation-leaked 3: Home News Sport; whole-lost 24: …"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.cleaned = strings.ReplaceAll(c.cleaned, "E\u0301", "É")
			g := blocks(page...)
			p := &score.Pair{Gold: g, Prediction: score.Prediction{Status: score.OK, Text: c.cleaned}}
			x := text.NewIndex(g.Page)
			var got []string
			var sum score.Kinds
			for _, m := range p.Mistakes() {
				quote := strings.ReplaceAll(strings.ReplaceAll(x.Slice(m.Range), "\n", "|"), "E\u0301", "É")
				if m.Kind == score.WholeLost {
					sum[m.Kind] += m.Words
					continue
				}
				got = append(got, fmt.Sprintf("%s %d: %s", m.Kind.Name(), m.Words, quote))
			}
			if n := sum[score.WholeLost]; n > 0 {
				got = append(got, fmt.Sprintf("whole-lost %d: …", n))
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("the mistakes are\n%s\nwant\n%s", s, c.want)
			}
		})
	}
}

func TestAReasonOfGoldSaysWhatLeaked(t *testing.T) {
	g := blocks("+Bridge closes", "-Anything at all|advertisement", "-Something else|navigation")
	p := &score.Pair{Gold: g, Prediction: score.Prediction{Status: score.OK, Text: g.Page}}
	ms := p.Mistakes()
	if len(ms) != 2 || ms[0].Kind != score.AdvertisementLeaked || ms[1].Kind != score.NavigationLeaked || ms[0].Words != 3 {
		t.Errorf("the mistakes are %+v", ms)
	}
	for _, k := range score.AllKinds {
		if back, ok := score.KindNamed(k.Name()); !ok || back != k || k.Title() == "" || k.Leaked() != strings.HasSuffix(k.Name(), "leaked") {
			t.Errorf("kind %d is called %q", k, k.Name())
		}
	}
}

// The words that mistakes count are the wrong words, whatever their kinds.
func TestMistakesCountEveryWrongWord(t *testing.T) {
	g := blocks("-menu one two", "+Ada met Bob 😀 here", "-tail one -", "+and there", "-tail two -")
	for _, cleaned := range []string{g.Page, g.Body, "", "menu Bob tail", "one two here and", "nothing of it"} {
		s := score.Score(score.Usual, g, score.Prediction{Status: score.OK, Text: cleaned})
		leaked, lost := 0, 0
		for k, n := range s.Kinds {
			if score.Kind(k).Leaked() {
				leaked += n
			} else {
				lost += n
			}
		}
		if leaked != s.Fates.Leaked || lost != s.Fates.Lost {
			t.Errorf("%q: %d leaked and %d lost by kind, %+v by word", cleaned, leaked, lost, s.Fates)
		}
		back, err := score.Decode(s.Encode())
		back.ID, back.Site = s.ID, s.Site
		if err != nil || fmt.Sprint(back) != fmt.Sprint(s) {
			t.Errorf("a score comes back as\n%+v, %v\nit went in as\n%+v", back, err, s)
		}
	}
	b := score.Score(score.Usual, g, score.Prediction{Status: score.TimeOut, Millis: 5}).Encode()
	for n := range b {
		if _, err := score.Decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken for a score", n, len(b))
		}
	}
}
