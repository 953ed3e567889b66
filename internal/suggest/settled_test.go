package suggest

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
	"annotate/internal/text"
)

// onLines is a document of one block a line.
func onLines(id corpus.DocumentID, site string, texts ...string) corpus.Document {
	d := corpus.Document{ID: id, Site: site, Text: strings.Join(texts, "\n")}
	at := 0
	for _, s := range texts {
		n := len([]rune(s))
		d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: at, End: at + n}})
		at += n + 1
	}
	return d
}

func settling(about corpus.Subject, site, sample string) corpus.Ruling {
	return corpus.Ruling{About: about, Site: site, Sample: sample, Key: Key(about, sample)}
}

func TestRulingsStandOverEverySource(t *testing.T) {
	d := onLines(7, "a.example", "😀 Ada met Ada Lovelace", "34\u00a0COMMENTS", "2 comments\r", "Share", "שלום עולם", "Share")
	body, boiler, open := settling(corpus.OfBlock, "", "5 comments"), settling(corpus.OfBlock, "a.example", "3 Comments"), settling(corpus.OfBlock, "a.example", "Share")
	body.Class, boiler.Class = corpus.Body, corpus.Boilerplate
	open.Without = []corpus.Place{{Document: 7, Start: d.Blocks[5].Start}}
	ada, lovelace, hello := settling(corpus.OfSpan, "", "Ada"), settling(corpus.OfSpan, "a.example", "Ada  Lovelace"), settling(corpus.OfSpan, "", "שלום")
	ada.Label, lovelace.Label = 1, 3

	said := corpus.Suggestions{}
	for _, b := range d.Blocks {
		said.Blocks = append(said.Blocks, corpus.BlockSuggestion{Block: b.Start, Class: corpus.Body, P: .9, Source: "run:x"})
	}
	x := text.NewIndex(d.Text)
	for _, r := range []text.Range{{Start: 2, End: 5}, {Start: d.Blocks[4].Start, End: d.Blocks[4].Start + 4}, {Start: d.Blocks[4].Start + 5, End: d.Blocks[4].End}} {
		said.Spans = append(said.Spans, corpus.SpanSuggestion{Range: r, Label: 5, Source: "gazetteer"})
	}

	got := NewRulings([]corpus.Ruling{body, boiler, open, ada, lovelace, hello}).settle(said, d)
	var words []string
	for _, b := range got.Blocks {
		words = append(words, fmt.Sprint(b.Block, " ", b.Class, " ", b.Source))
	}
	// The site's "3 Comments" stands over the project's; one "Share" is open, the
	// other left out.
	want := fmt.Sprintf("0 body run:x, %d boilerplate people, %d boilerplate people, %d body run:x, %d body run:x",
		d.Blocks[1].Start, d.Blocks[2].Start, d.Blocks[4].Start, d.Blocks[5].Start)
	if is := strings.Join(words, ", "); is != want {
		t.Errorf("blocks are\n%s, want\n%s", is, want)
	}
	words = nil
	for _, s := range got.Spans {
		words = append(words, fmt.Sprint(x.Slice(s.Range), " ", s.Label, " ", s.Source))
	}
	if is, want := strings.Join(words, ", "), "Ada 1 people, Ada Lovelace 3 people, עולם 5 gazetteer"; is != want {
		t.Errorf("spans are %s, want %s", is, want)
	}

	var none *Rulings
	if left := none.settle(said, d); len(left.Blocks) != len(said.Blocks) || len(left.Spans) != len(said.Spans) {
		t.Error("without rulings something changed")
	}
}

// What a ruling is shown to be about is what it settles.
func TestSameIsWhatIsSettled(t *testing.T) {
	d := onLines(7, "", "Cafe\u0301", "Café", "CAFÉ 3", "café 12", "Ada’s x", "Ada", "Adam")
	for _, c := range []struct {
		about  corpus.Subject
		sample string
		want   int
	}{{corpus.OfBlock, "café", 2}, {corpus.OfBlock, "Café 1", 2}, {corpus.OfSpan, "Ada", 2}, {corpus.OfSpan, "café", 1}, {corpus.OfBlock, "Berlin", 0}} {
		r := settling(c.about, "", c.sample)
		r.Class, r.Label = corpus.Body, 1
		if c.about == corpus.OfBlock {
			r.Label = 0
		}
		places := Same(r, d)
		got := NewRulings([]corpus.Ruling{r}).settle(corpus.Suggestions{}, d)
		if n := len(got.Blocks) + len(got.Spans); len(places) != c.want || n != c.want {
			t.Errorf("%s %q is found %d times and settled %d times, want %d", c.about, c.sample, len(places), n, c.want)
		}
	}
	if k := Key(corpus.OfBlock, " \u200b\u00a0"); k != "" {
		t.Errorf("a text without signs has the key %q", k)
	}
}

func TestConflictsNameBothSides(t *testing.T) {
	gold := func(id corpus.DocumentID, site string, classes string, texts ...string) corpus.Gold {
		d := onLines(id, site, texts...)
		d.Name = fmt.Sprint("page ", id)
		g := corpus.Gold{Document: d}
		for i, b := range d.Blocks {
			g.Pieces = append(g.Pieces, corpus.Piece{Range: b.Range, Class: map[byte]corpus.Class{'b': corpus.Body, 'x': corpus.Boilerplate}[classes[i]]})
		}
		return g
	}
	all := []corpus.Gold{
		gold(1, "a.example", "xb", "Share 😀", "12 comments"), gold(2, "a.example", "xx", "Share 😀", "3 comments"), gold(3, "a.example", "bx", "Share 😀", "4 comments"),
		gold(4, "b.example", "b", "Share 😀"), gold(5, "", "b", "x y"), gold(6, "", "x", "x y"),
	}
	var seq iter.Seq2[corpus.Gold, error] = func(yield func(corpus.Gold, error) bool) {
		for _, g := range all {
			if !yield(g, nil) {
				return
			}
		}
	}
	found, err := Conflicts(seq)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range found {
		if c.Site != "a.example" || c.Body != 1 || c.Boilerplate != 2 || blocks.Key(c.Sample) != c.Key || c.Examples[0].Document == c.Examples[1].Document {
			t.Errorf("%+v", c)
		}
	}
	if len(found) != 2 {
		t.Errorf("%d conflicts, want 2", len(found))
	}

	broken := fmt.Errorf("torn page")
	if _, err := Conflicts(func(yield func(corpus.Gold, error) bool) { yield(corpus.Gold{}, broken) }); err != broken {
		t.Errorf("%v", err)
	}
}
