package agreement_test

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// paper is a document of n blocks of one line each, and its blocks as pieces.
func paper(n int) (corpus.Document, []corpus.Piece) {
	var d corpus.Document
	var pieces []corpus.Piece
	var b strings.Builder
	at := 0
	for i := range n {
		line := fmt.Sprintf("😀 Ada wrote block %d", i)
		r := text.Range{Start: at, End: at + len([]rune(line))}
		b.WriteString(line + "\n")
		at = r.End + 1
		d.Blocks = append(d.Blocks, corpus.Block{Range: r})
		pieces = append(pieces, corpus.Piece{Range: r})
	}
	d.Text = b.String()
	return d, pieces
}

// everything is a document of one class.
func everything(d corpus.Document, who corpus.AnnotatorID, c corpus.Class) agreement.Labelling {
	l := agreement.Labelling{Annotator: who}
	for _, b := range d.Blocks {
		l.Pieces = append(l.Pieces, corpus.Piece{Range: b.Range, Class: c})
	}
	return l
}

func span(start, end int, label corpus.LabelID) corpus.Span {
	return corpus.Span{Range: text.Range{Start: start, End: end}, Label: label}
}

func TestOneDocumentByHand(t *testing.T) {
	// Two blocks: "😀 Ada wrote block 0" (0 to 19, words Ada, wrote, block, 0)
	// and the same with 1 (20 to 39).
	d, _ := paper(2)
	one := everything(d, 7, corpus.Body)
	one.Spans = []corpus.Span{span(2, 5, 1), span(22, 25, 1), span(22, 25, 1)}
	two := everything(d, 3, corpus.Body)
	two.Pieces[1].Class = corpus.Boilerplate
	two.Spans = []corpus.Span{span(2, 5, 1), span(21, 26, 1), span(6, 11, 2)}
	// A third splits the first block after "Ada " and leaves the second open.
	three := agreement.Labelling{Annotator: 5, Pieces: []corpus.Piece{
		{Range: text.Range{Start: 0, End: 6}, Class: corpus.Boilerplate},
		{Range: text.Range{Start: 6, End: 19}, Class: corpus.Body},
		{Range: text.Range{Start: 20, End: 39}},
	}}

	got := agreement.Tallied(d, []agreement.Labelling{one, two, three, {Annotator: 5}})
	want := agreement.Tally{
		Documents: 1,
		Profiles: []agreement.Profile{
			{Body: 1, Boilerplate: 1, Blocks: 1, Words: 4},
			{Body: 2, Boilerplate: 1, Blocks: 1, Words: 1},
			{Body: 3, Boilerplate: 0, Blocks: 1, Words: 3},
		},
		Pairs: []agreement.Pair{
			{A: 3, B: 5, Documents: 1, Blocks: [4]int{1, 1, 0, 0}, Words: [4]int{3, 1, 0, 0}},
			{A: 3, B: 7, Documents: 1, Blocks: [4]int{2, 0, 1, 0}, Words: [4]int{4, 0, 4, 0}},
			{A: 5, B: 7, Documents: 1, Blocks: [4]int{1, 0, 1, 0}, Words: [4]int{3, 0, 1, 0}},
		},
		Spans: []agreement.PairSpans{
			{A: 3, B: 5, Label: 1, OfA: 2}, {A: 3, B: 5, Label: 2, OfA: 1},
			{A: 3, B: 7, Label: 1, Exact: 1, Overlap: 2, OfA: 2, OfB: 2}, {A: 3, B: 7, Label: 2, OfA: 1},
			{A: 5, B: 7, Label: 1, OfB: 2},
		},
		Unitizing: got.Unitizing,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}

	per := agreement.UnitizingAlpha(40, [][]text.Range{{{Start: 2, End: 5}, {Start: 22, End: 25}}, {{Start: 2, End: 5}, {Start: 21, End: 26}}, nil})
	second := agreement.UnitizingAlpha(40, [][]text.Range{nil, {{Start: 6, End: 11}}, nil})
	both := per.Add(second)
	for i, u := range []agreement.Unitizing{both, per, second} {
		row := agreement.LabelUnitizing{Label: corpus.LabelID(i), Documents: 1, Alpha: u.Alpha().Value, Observed: u.Observed, Expected: u.Expected}
		if !near(got.Unitizing[i].Alpha, row.Alpha, exact) || !near(got.Unitizing[i].Observed, row.Observed, exact) || got.Unitizing[i].Label != row.Label {
			t.Errorf("unitizing %+v, want %+v", got.Unitizing[i], row)
		}
	}
}

func TestFewerThanTwoAnnotatorsAgreeOnNothing(t *testing.T) {
	d, _ := paper(2)
	one := everything(d, 1, corpus.Body)
	for _, anns := range [][]agreement.Labelling{nil, {one}, {one, one}} {
		if got := agreement.Tallied(d, anns); !reflect.DeepEqual(got, agreement.Tally{}) {
			t.Errorf("%d labellings give %+v", len(anns), got)
		}
	}
	got := agreement.Tallied(corpus.Document{}, []agreement.Labelling{{Annotator: 1}, {Annotator: 2}})
	if got.Documents != 1 || len(got.Profiles) > 0 || len(got.Unitizing) > 0 || len(got.Pairs) != 1 {
		t.Errorf("an empty document gives %+v", got)
	}
}

func TestSplittingDoesNotChangeAgreementByWords(t *testing.T) {
	d, _ := paper(3)
	one, two := everything(d, 1, corpus.Body), everything(d, 2, corpus.Body)
	two.Pieces[2].Class = corpus.Boilerplate
	whole := agreement.Tallied(d, []agreement.Labelling{one, two})

	b := one.Pieces[2]
	one.Pieces = append(one.Pieces[:2], corpus.Piece{Range: text.Range{Start: b.Start, End: b.Start + 6}, Class: b.Class}, corpus.Piece{Range: text.Range{Start: b.Start + 6, End: b.End}, Class: b.Class})
	split := agreement.Tallied(d, []agreement.Labelling{one, two})
	if a, b := whole.WordCoincidences().Alpha(), split.WordCoincidences().Alpha(); a != b || a.Units != 12 {
		t.Errorf("by words: %+v, split %+v", a, b)
	}
	if a, b := whole.BlockCoincidences().Alpha(), split.BlockCoincidences().Alpha(); a.Units != 3 || b.Units != 4 {
		t.Errorf("by blocks: %+v, split %+v", a, b)
	}
}

// drawnTally is that of a document of four blocks by up to four people.
var drawnTally = rapid.Custom(func(t *rapid.T) agreement.Tally {
	d, _ := paper(4)
	var anns []agreement.Labelling
	for who := range rapid.IntRange(2, 4).Draw(t, "people") {
		l := everything(d, corpus.AnnotatorID(rapid.IntRange(1, 200).Draw(t, "who")*10+who), corpus.Body)
		for i := range l.Pieces {
			l.Pieces[i].Class = rapid.SampledFrom([]corpus.Class{corpus.Body, corpus.Boilerplate, corpus.Undecided}).Draw(t, "class")
		}
		for _, r := range drawnSpans.Draw(t, "spans") {
			l.Spans = append(l.Spans, corpus.Span{Range: r, Label: corpus.LabelID(rapid.IntRange(1, 3).Draw(t, "label"))})
		}
		anns = append(anns, l)
	}
	return agreement.Tallied(d, anns)
})

func TestTalliesAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawnTally.Draw(t, "a"), drawnTally.Draw(t, "b"), drawnTally.Draw(t, "c")
		sum := func(parts ...agreement.Tally) (out agreement.Tally) {
			for _, p := range parts {
				out.Add(p)
			}
			return out
		}
		left, right := sum(a, b, c), sum(c, sum(b, a))
		for i := range left.Unitizing { // figures of α are rounded
			l, r := left.Unitizing[i], right.Unitizing[i]
			if l.Label != r.Label || l.Documents != r.Documents || !near(l.Alpha, r.Alpha, exact) || !near(l.Observed, r.Observed, exact) || !near(l.Expected, r.Expected, exact) {
				t.Errorf("%+v, in another order %+v", l, r)
			}
		}
		left.Unitizing, right.Unitizing = nil, nil
		if !reflect.DeepEqual(left, right) {
			t.Errorf("%+v, in another order %+v", left, right)
		}

		blocks := a.BlockCoincidences()
		blocks.Add(b.BlockCoincidences())
		same(t, "the coincidences of a sum", all(sum(a, b).BlockCoincidences()), all(blocks))
	})
}

func TestATallyComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawnTally.Draw(t, "tally")
		if rapid.Bool().Draw(t, "sum") {
			want.Add(drawnTally.Draw(t, "another"))
		}
		kept := want.Marshal()
		got := drawnTally.Draw(t, "what the memory held before")
		if err := got.Unmarshal(kept); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Marshal(), kept) || got.Documents != want.Documents || !slices.Equal(got.Profiles, want.Profiles) ||
			!slices.Equal(got.Pairs, want.Pairs) || !slices.Equal(got.Spans, want.Spans) || !slices.Equal(got.Unitizing, want.Unitizing) {
			t.Errorf("%+v came back as %+v", want, got)
		}
		for n := range kept {
			if err := got.Unmarshal(kept[:n]); err == nil {
				t.Errorf("the first %d of %d bytes are a tally", n, len(kept))
			}
		}
		if err := got.Unmarshal(append(kept, 0)); err == nil || got.Documents != 0 {
			t.Errorf("a byte too many gives %+v, %v", got, err)
		}
	})
}

func TestADamagedTallyIsAnError(t *testing.T) {
	huge := []byte{agreement.Version, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
	nan := agreement.Tally{Unitizing: []agreement.LabelUnitizing{{Alpha: math.NaN()}}}.Marshal()
	twice := agreement.Tally{Profiles: []agreement.Profile{{1, 1, 1, 1}, {1, 1, 1, 1}}}.Marshal()
	more := agreement.Tally{Spans: []agreement.PairSpans{{A: 1, B: 2, Label: 1, Exact: 2, Overlap: 2, OfA: 1, OfB: 2}}}.Marshal()
	for name, b := range map[string][]byte{
		"nothing": nil, "another version": {agreement.Version + 1, 0, 0, 0, 0, 0}, "a number of rows that cannot be": huge,
		"α that is no number": nan, "a row twice": twice, "more pairs than spans": more,
	} {
		var got agreement.Tally
		if err := got.Unmarshal(b); err == nil || !reflect.DeepEqual(got, agreement.Tally{}) {
			t.Errorf("%s gives %+v, %v", name, got, err)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range sharedDocuments(3, 4) {
		f.Add(s.Tally.Marshal())
	}
	f.Add([]byte{agreement.Version, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		var got agreement.Tally
		if got.Unmarshal(b) != nil {
			return
		}
		var again agreement.Tally
		if err := again.Unmarshal(got.Marshal()); err != nil || !bytes.Equal(again.Marshal(), got.Marshal()) {
			t.Errorf("%v: %+v, then %+v", err, got, again)
		}
		var sum agreement.Tally // what comes back can be added and judged
		sum.Add(got)
		sum.Add(got)
		sum.BlockCoincidences().Alpha()
		sum.WordCoincidences().AC1()
	})
}
