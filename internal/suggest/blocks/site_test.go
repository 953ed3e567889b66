package blocks

import (
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// made is a page of one block a line. A line that starts with "+ " is body, one
// with "? " is undecided, others are boilerplate.
func made(id corpus.DocumentID, site, page string) Example {
	e := Example{Document: corpus.Document{ID: id, Site: site, URL: "https://" + site + "/"}}
	var b strings.Builder
	at := 0
	for line := range strings.SplitSeq(page, "\n") {
		class := corpus.Boilerplate
		if rest, ok := strings.CutPrefix(line, "+ "); ok {
			class, line = corpus.Body, rest
		} else if rest, ok := strings.CutPrefix(line, "? "); ok {
			class, line = corpus.Undecided, rest
		}
		n := len([]rune(line))
		e.Document.Blocks = append(e.Document.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + n}})
		e.Classes = append(e.Classes, class)
		b.WriteString(line + "\n")
		at += n + 1
	}
	e.Document.Text = b.String()

	return e
}

const (
	story = "+ The harbour bridge was closed on Monday for repairs that will take two weeks, the city said in the evening."
	other = "+ A ferry goes every ten minutes until the bridge is open again, and it takes bicycles and prams for nothing."
)

func TestASiteRemembersWhatItsTextsWere(t *testing.T) {
	s := NewSite()
	s.Learn(made(1, "a.org", "Home\n"+story+"\n3 comments"))
	s.Learn(made(2, "a.org", "Home\nHome\n"+other+"\n? 0 comments"))
	s.See(made(3, "a.org", "HOME\nnothing else").Document)

	got := s.Recall(made(4, "a.org", "home\n"+story+"\n12 Comments\nnever seen").Document)
	if m := got[0]; m.Class != corpus.Boilerplate || m.Pages != 2 || m.Against != 0 || m.Seen != 3 || !(m.P < .01) {
		t.Errorf("a text of two pages is remembered as %+v", m)
	}
	if m := got[1]; m.Class != corpus.Body || m.Pages != 1 || !(m.P > .98) {
		t.Errorf("a text that was body is remembered as %+v", m)
	}
	if m := got[2]; m.Class != corpus.Boilerplate || m.Pages != 1 || m.Seen != 2 {
		t.Errorf("a text that differs in its number is remembered as %+v", m)
	}
	if m := got[3]; m != (Memory{P: .5}) {
		t.Errorf("what was never seen is remembered as %+v", m)
	}
}

func TestForgettingIsTheInverseOfLearning(t *testing.T) {
	a, b := made(1, "a.org", "Home\n"+story+"\nMore"), made(2, "a.org", "Home\n+ More\n"+other)
	s := NewSite()
	s.Learn(a)
	before := s.Recall(b.Document)
	s.Learn(b)
	if after := s.Recall(b.Document); after[1] == before[1] {
		t.Fatal("learning changed nothing")
	}
	s.Forget(b)
	for i, m := range s.Recall(b.Document) {
		m.Seen = before[i].Seen // a page that was seen stays so
		if m != before[i] {
			t.Errorf("block %d was %+v and is %+v", i, before[i], m)
		}
	}
}

func TestAPageIsCountedOnceHoweverOftenItIsSeen(t *testing.T) {
	s := NewSite()
	d := made(1, "a.org", "Home\nHome").Document
	s.See(d)
	s.See(d)
	if m := s.Recall(d)[0]; m.Seen != 1 {
		t.Errorf("seen on %d pages", m.Seen)
	}
	if s.others(hash(Key("Home")), 1) != 0 || s.others(hash(Key("Home")), 2) != 1 {
		t.Error("a page is another than itself")
	}
}

func TestATextMayBeBodyInOnePlaceAndNotInAnother(t *testing.T) {
	s := NewSite()
	s.Learn(made(1, "a.org", "Bridge closed\n"+story+"\n+ Bridge closed\n"+other))
	got := s.Recall(made(2, "a.org", "Bridge closed\n"+story+"\nBridge closed\n"+other).Document)
	if got[0].Class != corpus.Boilerplate || got[2].Class != corpus.Body {
		t.Errorf("before the prose %q, in it %q", got[0].Class, got[2].Class)
	}
	if len(s.Conflicts()) > 0 {
		t.Errorf("that is no conflict: %+v", s.Conflicts())
	}
}

func TestConflictsAreShownUntilSomebodySettlesThem(t *testing.T) {
	s := NewSite()
	s.Learn(made(1, "a.org", story+"\nOur Series\nRead on"))
	s.Learn(made(2, "a.org", story+"\n+ our series\n+ Read on"))
	s.Learn(made(3, "a.org", story+"\nour series"))

	cs := s.Conflicts()
	if len(cs) != 2 || cs[0].Key != "our series" || cs[0].Body != 1 || cs[0].Boilerplate != 2 || cs[1].Key != "read on" {
		t.Fatalf("%+v", cs)
	}
	if want := [2]Where{{2, 1}, {1, 1}}; cs[0].Examples != want {
		t.Errorf("examples %v, want %v", cs[0].Examples, want)
	}
	d := made(4, "a.org", story+"\nOur series").Document
	if m := s.Recall(d)[1]; m.Class != corpus.Undecided || m.Pages != 2 || m.Against != 1 {
		t.Errorf("in conflict it is %+v", m)
	}

	s.Decide(Key("Our series"), corpus.Body)
	if m := s.Recall(d)[1]; m.Class != corpus.Body || !m.Settled || m.P != 1 {
		t.Errorf("settled it is %+v", m)
	}
	if cs := s.Conflicts(); len(cs) != 1 || cs[0].Key != "read on" {
		t.Errorf("left are %+v", cs)
	}
	s.Decide(Key("Our series"), corpus.Undecided)
	if len(s.Conflicts()) != 2 {
		t.Error("taking it back brings no conflict back")
	}
}

func TestTheMemorySpeaksWhereItKnows(t *testing.T) {
	memory := []Memory{{Class: corpus.Body, P: .99}, {P: .4, Pages: 3, Against: 2}, {P: .5}}
	got := Combine(memory, []float64{.1, .2, .3})
	for i, want := range []float64{.99, .2, .3} {
		if got[i] != want {
			t.Errorf("block %d has %v, want %v", i, got[i], want)
		}
	}
}
