package corpus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// page is the document of most tests: an emoji, a decomposed accent, Hebrew,
// a no-break space, and two sentences that touch, as in a script without
// spaces.
const page = "Bridge 🌉 closes\nALDPORT: Mara Lindqvist said so.\n-\nשלום Ze\u0301\u00a0Ada\n橋。船。"

//            0        8   14 16      25                     48 50 52                        64  66

func document() corpus.Document {
	r := func(start, end int) corpus.Block {
		return corpus.Block{Range: text.Range{Start: start, End: end}}
	}
	return corpus.Document{ID: 7, Text: page, Blocks: []corpus.Block{r(0, 15), r(16, 48), r(49, 50), r(51, 63), r(64, 66), r(66, 68)}}
}

func TestThePageIsCutAsTheRulerSays(t *testing.T) {
	x := text.NewIndex(page)
	want := []string{"Bridge 🌉 closes", "ALDPORT: Mara Lindqvist said so.", "-", "שלום Ze\u0301\u00a0Ada", "橋。", "船。"}
	for i, b := range document().Blocks {
		if got := x.Slice(b.Range); got != want[i] {
			t.Errorf("block %d is %q, want %q", i, got, want[i])
		}
	}
}

// desk is an annotation with what is needed to act on it as a browser does.
type desk struct {
	t      testing.TB
	x      *text.Index
	labels corpus.LabelSet
	*corpus.Annotation
	n int
}

func newDesk(t testing.TB) *desk {
	d := document()
	labels := append(corpus.DefaultLabels(), corpus.Label{ID: 6, Name: "OLD", Colour: "red", Retired: true})
	return &desk{t: t, x: text.NewIndex(d.Text), labels: labels, Annotation: corpus.NewAnnotation(d, 1)}
}

func (d *desk) try(e corpus.Event) error {
	d.n++
	e.ID = fmt.Sprintf("event-%04d", d.n)
	c, err := d.Resolve(d.x, d.labels, e)
	if err != nil {
		return err
	}
	return d.Do(e.ID, c)
}

func (d *desk) do(es ...corpus.Event) {
	d.t.Helper()
	for _, e := range es {
		if err := d.try(e); err != nil {
			d.t.Fatalf("%+v: %v", e, err)
		}
	}
}

func span(id string, block, from, to int, label corpus.LabelID, quote string) corpus.SpanEvent {
	return corpus.SpanEvent{ID: corpus.SpanID(id), Block: block, From: from, To: to, Label: label, Quote: quote}
}

func add(spans ...corpus.SpanEvent) corpus.Event {
	return corpus.Event{Kind: corpus.KindSpans, Add: spans}
}

func class(from, to int, c corpus.Class, reason string) corpus.Event {
	return corpus.Event{Kind: corpus.KindClass, From: from, To: to, Class: c, Reason: reason}
}

var mara = span("mara-0001", 16, 9, 23, 1, "Mara Lindqvist")

// pieces is the annotation's pieces as a person would write them down.
func pieces(a *corpus.Annotation) string {
	var b strings.Builder
	for _, p := range a.Pieces {
		c := map[corpus.Class]string{corpus.Body: "b", corpus.Boilerplate: "x", corpus.Undecided: "?"}[p.Class]
		fmt.Fprintf(&b, "%d-%d%s%s ", p.Start, p.End, c, p.Reason)
	}
	return strings.TrimSpace(b.String())
}

func TestEventsBecomePieces(t *testing.T) {
	for _, c := range []struct {
		name   string
		events []corpus.Event
		want   string
	}{
		{"nothing is decided at first", nil, "0-15? 16-48? 49-50? 51-63? 64-66? 66-68?"},
		{"a sweep sets every block from the first to the last, both included", []corpus.Event{class(0, 49, corpus.Body, "")}, "0-15b 16-48b 49-50b 51-63? 64-66? 66-68?"},
		{"a later class replaces an earlier one with its reason", []corpus.Event{class(0, 49, corpus.Boilerplate, "related"), class(16, 16, corpus.Body, "")}, "0-15xrelated 16-48b 49-50xrelated 51-63? 64-66? 66-68?"},
		{"a block goes back to undecided", []corpus.Event{class(0, 66, corpus.Body, ""), class(49, 49, corpus.Undecided, "")}, "0-15b 16-48b 49-50? 51-63b 64-66b 66-68b"},
		{"a split counts UTF-16 units, after an emoji too", []corpus.Event{class(0, 0, corpus.Body, ""), {Kind: corpus.KindSplit, Block: 0, At: 10}}, "0-9b 9-15b 16-48? 49-50? 51-63? 64-66? 66-68?"},
		{"both parts of a split are blocks of their own", []corpus.Event{{Kind: corpus.KindSplit, Block: 16, At: 9}, class(25, 25, corpus.Body, "")}, "0-15? 16-25? 25-48b 49-50? 51-63? 64-66? 66-68?"},
		{"a part is split again", []corpus.Event{{Kind: corpus.KindSplit, Block: 16, At: 9}, {Kind: corpus.KindSplit, Block: 25, At: 4}}, "0-15? 16-25? 25-29? 29-48? 49-50? 51-63? 64-66? 66-68?"},
		{"joined parts have the class of the first", []corpus.Event{{Kind: corpus.KindSplit, Block: 16, At: 9}, class(16, 16, corpus.Boilerplate, "byline"), class(25, 25, corpus.Body, ""), {Kind: corpus.KindJoin, Block: 25}}, "0-15? 16-48xbyline 49-50? 51-63? 64-66? 66-68?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.do(c.events...)
			if got := pieces(d.Annotation); got != c.want {
				t.Errorf("pieces\n got %s\nwant %s", got, c.want)
			}
			for range c.events {
				if _, err := d.Undo(""); err != nil {
					t.Fatal(err)
				}
			}
			if got := pieces(d.Annotation); got != "0-15? 16-48? 49-50? 51-63? 64-66? 66-68?" {
				t.Errorf("undone, the pieces are %s", got)
			}
		})
	}
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	note := strings.Repeat("ü", corpus.MaxNote+1)
	for _, c := range []struct {
		name     string
		event    corpus.Event
		conflict bool   // the browser's picture is old; else a person asked for what cannot be
		reason   string // part of what a person is told
	}{
		{"a block that is not there", class(1, 16, corpus.Body, ""), true, ""},
		{"an end that is not there", class(0, 17, corpus.Body, ""), true, ""},
		{"a sweep backwards", class(49, 16, corpus.Body, ""), true, ""},
		{"an unknown class", class(0, 0, "content", ""), false, "there is no class"},
		{"an unknown reason", class(0, 0, corpus.Body, "because"), false, "there is no class"},
		{"an unknown kind", corpus.Event{Kind: "shout"}, false, "no event"},
		{"a split at the start", corpus.Event{Kind: corpus.KindSplit, Block: 16, At: 0}, false, "at its edge"},
		{"a split at the end", corpus.Event{Kind: corpus.KindSplit, Block: 16, At: 32}, false, "at its edge"},
		{"a split between two halves of an emoji", corpus.Event{Kind: corpus.KindSplit, Block: 0, At: 8}, false, "split"},
		{"a split outside", corpus.Event{Kind: corpus.KindSplit, Block: 0, At: 99}, false, "split"},
		{"a split of a block that is not there", corpus.Event{Kind: corpus.KindSplit, Block: 3, At: 1}, true, ""},
		{"a split through a span", corpus.Event{Kind: corpus.KindSplit, Block: 16, At: 13}, false, "crosses this point"},
		{"a join of two blocks of the document", corpus.Event{Kind: corpus.KindJoin, Block: 16}, false, "no split"},
		{"a join of two blocks that touch", corpus.Event{Kind: corpus.KindJoin, Block: 66}, false, "no split"},
		{"a join of the first block", corpus.Event{Kind: corpus.KindJoin, Block: 0}, true, ""},
		{"a quote that is not the text", add(span("span-0002", 16, 9, 13, 1, "Nora")), true, ""},
		{"a quote in another composition", add(span("span-0002", 51, 5, 8, 1, "Z\u00e9")), true, ""},
		{"a quote with a plain space for a no-break one", add(span("span-0002", 51, 5, 12, 1, "Ze\u0301 Ada")), true, ""},
		{"half an emoji", add(span("span-0002", 0, 7, 8, 5, "\ufffd")), true, ""},
		{"a span that ends in half an emoji", add(span("span-0002", 0, 0, 8, 5, "Bridge \ufffd")), true, ""},
		{"a span past its block", add(span("span-0002", 49, 0, 6, 1, "-\nשלום")), true, ""},
		{"a span in a block that is not there", add(span("span-0002", 17, 0, 1, 1, "L")), true, ""},
		{"a span backwards", add(span("span-0002", 16, 13, 9, 1, "")), true, ""},
		{"a span of nothing", add(span("span-0002", 16, 9, 9, 1, "")), false, "at least one"},
		{"a span of punctuation alone", add(span("span-0002", 49, 0, 1, 1, "-")), false, "at least one"},
		{"a label that is not there", add(span("span-0002", 16, 9, 13, 99, "Mara")), false, "not offered"},
		{"a retired label", add(span("span-0002", 16, 9, 13, 6, "Mara")), false, "not offered"},
		{"the same again", add(span("span-0002", 16, 9, 23, 1, "Mara Lindqvist")), false, "already"},
		{"the same twice in one action", add(span("span-0002", 16, 0, 7, 3, "ALDPORT"), span("span-0003", 16, 0, 8, 3, "ALDPORT:")), false, "already"},
		{"an id that is taken", add(span("mara-0001", 16, 0, 7, 3, "ALDPORT")), true, ""},
		{"an id given twice", add(span("span-0002", 16, 0, 7, 3, "ALDPORT"), span("span-0002", 16, 9, 13, 3, "Mara")), true, ""},
		{"a span to remove that is not there", corpus.Event{Kind: corpus.KindSpans, Remove: []corpus.SpanID{"span-0009"}}, true, ""},
		{"the same span removed twice", corpus.Event{Kind: corpus.KindSpans, Remove: []corpus.SpanID{"mara-0001", "mara-0001"}}, true, ""},
		{"good and bad in one action", add(span("span-0002", 16, 0, 7, 3, "ALDPORT"), span("span-0003", 16, 9, 13, 1, "Nora")), true, ""},
		{"an action on spans that changes none", add(), false, "changes no span"},
		{"a note without a note", corpus.Event{Kind: corpus.KindNote}, false, "carries a note"},
		{"a note too long", corpus.Event{Kind: corpus.KindNote, Note: &note}, false, "at most"},
		{"a reason too long", corpus.Event{Kind: corpus.KindSkip, Reason: strings.Repeat("é", corpus.MaxWhy+1)}, false, "at most"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.do(class(0, 16, corpus.Body, ""), add(mara))
			before := picture(d.Annotation)

			err := d.try(c.event)
			invalid, _ := errors.AsType[*corpus.Invalid](err)
			switch {
			case err == nil:
				t.Fatal("it was taken")
			case c.conflict && !errors.Is(err, corpus.ErrConflict):
				t.Fatalf("want a conflict, got %v", err)
			case !c.conflict && (invalid == nil || !strings.Contains(invalid.Reason, c.reason)):
				t.Fatalf("want a reason with %q, got %v", c.reason, err)
			}
			if after := picture(d.Annotation); after != before {
				t.Errorf("it was refused and changed\n%s\ninto\n%s", before, after)
			}
			if d.LastDone() != "event-0002" || d.LastUndone() != "" {
				t.Errorf("undo would take %q, redo %q", d.LastDone(), d.LastUndone())
			}
		})
	}
}

func TestASubmittedAnnotationTakesOnlyReopening(t *testing.T) {
	for _, kind := range []string{corpus.KindSubmit, corpus.KindSkip, corpus.KindFlag} {
		d := newDesk(t)
		d.do(corpus.Event{Kind: kind, Reason: "half of it is missing"})
		if kind != corpus.KindSubmit && d.Why != "half of it is missing" {
			t.Errorf("%s: the reason is %q", kind, d.Why)
		}
		if err := d.try(class(0, 0, corpus.Body, "")); err == nil {
			t.Errorf("%s, then a class was taken", kind)
		}
		d.do(corpus.Event{Kind: corpus.KindReopen}, class(0, 0, corpus.Body, ""))
		if d.Status != corpus.Draft || d.Why != "" {
			t.Errorf("reopened it is %s because %q", d.Status, d.Why)
		}
	}
}

func TestSpansAreKeptAsTheTextHasThem(t *testing.T) {
	for _, c := range []struct {
		name  string
		event corpus.SpanEvent
		want  string
		start int
	}{
		{"outer spaces and punctuation go", span("span-0001", 16, 7, 24, 1, ": Mara Lindqvist "), "Mara Lindqvist", 25},
		{"unless they are meant", corpus.SpanEvent{ID: "span-0001", Block: 16, From: 7, To: 24, Label: 1, Quote: ": Mara Lindqvist ", Exact: true}, ": Mara Lindqvist ", 23},
		{"an emoji is a word", span("span-0001", 0, 6, 10, 5, " 🌉 "), "🌉", 7},
		{"after an emoji, units are not code points", span("span-0001", 0, 10, 16, 5, "closes"), "closes", 9},
		{"right to left", span("span-0001", 51, 0, 5, 5, "שלום "), "שלום", 51},
		{"a decomposed accent and a no-break space stay", span("span-0001", 51, 5, 12, 1, "Ze\u0301\u00a0Ada"), "Ze\u0301\u00a0Ada", 56},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.do(add(c.event))
			if s := d.Spans[0]; s.Quote != c.want || s.Start != c.start || d.x.Slice(s.Range) != c.want {
				t.Errorf("%v %q, want %q at %d", s.Range, s.Quote, c.want, c.start)
			}
			if s, ok := d.Span("span-0001"); !ok || s != d.Spans[0] {
				t.Errorf("by its id it is %v %v", s, ok)
			}
		})
	}
}

func TestSpansNestOverlapAndAreInOrder(t *testing.T) {
	d := newDesk(t)
	d.do(
		add(span("inner-0001", 16, 14, 23, 1, "Lindqvist")),
		add(mara),
		add(span("both-0001", 16, 9, 23, 2, "Mara Lindqvist")),
		add(span("cross-0001", 16, 14, 28, 5, "Lindqvist said")),
		add(span("first-0001", 16, 0, 7, 3, "ALDPORT")),
	)
	var got []string
	for _, s := range d.Spans {
		got = append(got, string(s.ID))
	}
	// By start, then the longest first, then by id.
	want := []string{"first-0001", "both-0001", "mara-0001", "cross-0001", "inner-0001"}
	if !slices.Equal(got, want) {
		t.Errorf("spans are in the order %v, want %v", got, want)
	}
	if n := len(d.SpansIn(text.Range{Start: 16, End: 48})); n != 5 {
		t.Errorf("%d spans in the block", n)
	}
	if n := len(d.SpansIn(text.Range{Start: 0, End: 15})); n != 0 {
		t.Errorf("%d spans in another block", n)
	}
}

func TestMovingAnEndIsOneStep(t *testing.T) {
	d := newDesk(t)
	d.do(add(mara))
	d.do(corpus.Event{Kind: corpus.KindSpans, Remove: []corpus.SpanID{"mara-0001"}, Add: []corpus.SpanEvent{span("mara-0001", 16, 9, 13, 1, "Mara")}})
	if len(d.Spans) != 1 || d.Spans[0].Quote != "Mara" {
		t.Fatalf("%+v", d.Spans)
	}
	if _, err := d.Undo(""); err != nil {
		t.Fatal(err)
	}
	if len(d.Spans) != 1 || d.Spans[0].Quote != "Mara Lindqvist" {
		t.Fatalf("undone: %+v", d.Spans)
	}
}

func TestARetiredLabelKeepsItsSpans(t *testing.T) {
	d := newDesk(t)
	if err := d.Do("event-old", corpus.Change{Add: []corpus.Span{{Range: text.Range{Start: 25, End: 39}, ID: "old-00001", Label: 6, Quote: "Mara Lindqvist"}}}); err != nil {
		t.Fatal(err)
	}
	moved := corpus.Event{Kind: corpus.KindSpans, Remove: []corpus.SpanID{"old-00001"}, Add: []corpus.SpanEvent{span("old-00001", 16, 9, 13, 6, "Mara")}}
	d.do(moved)
	if d.Spans[0].Quote != "Mara" || d.Spans[0].Label != 6 {
		t.Errorf("%+v", d.Spans)
	}
}

func TestUndoAndRedoNameTheEventTheyMean(t *testing.T) {
	d := newDesk(t)
	d.do(class(0, 0, corpus.Body, ""), class(16, 16, corpus.Body, ""))
	if _, err := d.Undo("event-0001"); !errors.Is(err, corpus.ErrConflict) {
		t.Errorf("undoing what is not the newest: %v", err)
	}
	if _, err := d.Redo(""); err == nil {
		t.Error("there is nothing to redo")
	}
	if _, err := d.Undo("event-0002"); err != nil {
		t.Error(err)
	}
	if d.LastDone() != "event-0001" || d.LastUndone() != "event-0002" || d.Events != 3 {
		t.Errorf("undo would take %q, redo %q; %d events", d.LastDone(), d.LastUndone(), d.Events)
	}
	d.do(class(49, 49, corpus.Body, ""))
	if _, err := d.Redo(""); err == nil {
		t.Error("a new action leaves nothing to redo")
	}
}

func TestSubmittingIsNotUndone(t *testing.T) {
	d := newDesk(t)
	d.do(class(0, 66, corpus.Body, ""), corpus.Event{Kind: corpus.KindSubmit}, corpus.Event{Kind: corpus.KindReopen})
	if _, err := d.Undo(""); err != nil {
		t.Fatal(err)
	}
	if d.Undecided() != 6 || d.Status != corpus.Draft {
		t.Errorf("undo took back %d classes, status %s", d.Undecided(), d.Status)
	}
}

// picture is everything of an annotation that a person or an export can see.
func picture(a *corpus.Annotation) string {
	b, err := json.Marshal(struct {
		Pieces []corpus.Piece
		Spans  []corpus.Span
		Note   string
		Status corpus.Status
		Why    string
	}{a.Pieces, append([]corpus.Span{}, a.Spans...), a.Note, a.Status, a.Why})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// action draws an event that a browser showing a could send. Some are refused.
func action(t *rapid.T, x *text.Index, a *corpus.Annotation, n int) corpus.Event {
	e := corpus.Event{ID: fmt.Sprintf("event-%05d", n), Kind: rapid.SampledFrom([]string{
		corpus.KindClass, corpus.KindClass, corpus.KindSplit, corpus.KindSplit, corpus.KindJoin, corpus.KindSpans, corpus.KindSpans, corpus.KindSpans, corpus.KindNote}).Draw(t, "kind")}
	at := rapid.IntRange(0, len(a.Pieces)-1).Draw(t, "piece")
	p := a.Pieces[at]
	units := x.UTF16(p.End) - x.UTF16(p.Start)

	switch e.Kind {
	case corpus.KindClass:
		e.From, e.To = p.Start, a.Pieces[rapid.IntRange(at, len(a.Pieces)-1).Draw(t, "last")].Start
		e.Class = rapid.SampledFrom([]corpus.Class{corpus.Undecided, corpus.Body, corpus.Boilerplate}).Draw(t, "class")
		e.Reason = rapid.SampledFrom([]string{"", "related", "legal"}).Draw(t, "reason")
	case corpus.KindSplit:
		e.Block, e.At = p.Start, rapid.IntRange(0, units).Draw(t, "at")
	case corpus.KindJoin:
		e.Block = p.Start
	case corpus.KindSpans:
		for i := range rapid.IntRange(0, 2).Draw(t, "added") {
			from := rapid.IntRange(0, units).Draw(t, "from")
			to := rapid.IntRange(from, units).Draw(t, "to")
			r, ok := x.Within(p.Range, from, to)
			if !ok {
				continue
			}
			s := span(fmt.Sprintf("span-%05d-%d", n, i), p.Start, from, to, corpus.LabelID(rapid.IntRange(1, 5).Draw(t, "label")), x.Slice(r))
			s.Exact = rapid.Bool().Draw(t, "exact")
			e.Add = append(e.Add, s)
		}
		if len(a.Spans) > 0 && rapid.Bool().Draw(t, "remove one") {
			e.Remove = []corpus.SpanID{a.Spans[rapid.IntRange(0, len(a.Spans)-1).Draw(t, "removed")].ID}
		}
	case corpus.KindNote:
		note := rapid.SampledFrom([]string{"", "unclear", "שלום 😀"}).Draw(t, "note")
		e.Note = &note
	}

	return e
}

// sound holds what is true of every annotation at every moment.
func sound(t *rapid.T, d corpus.Document, x *text.Index, a *corpus.Annotation) {
	t.Helper()
	if err := corpus.CheckPieces(d, a.Pieces); err != nil {
		t.Fatalf("pieces: %v\n%s", err, picture(a))
	}
	if err := corpus.CheckSpans(x, a.Pieces, a.Spans); err != nil {
		t.Fatalf("spans: %v\n%s", err, picture(a))
	}
	type saying struct {
		text.Range
		label corpus.LabelID
	}
	said := map[saying]bool{}
	for i, s := range a.Spans {
		if i > 0 && (s.Start < a.Spans[i-1].Start || s.Start == a.Spans[i-1].Start && s.End > a.Spans[i-1].End) {
			t.Fatalf("spans are out of order: %s", picture(a))
		}
		if said[saying{s.Range, s.Label}] {
			t.Fatalf("%v has the same label twice", s)
		}
		said[saying{s.Range, s.Label}] = true
		if got, ok := a.Span(s.ID); !ok || got != s {
			t.Fatalf("span %s is found as %v %v", s.ID, got, ok)
		}
	}
}

func TestUndoInvertsExactly(t *testing.T) {
	d := document()
	x := text.NewIndex(d.Text)
	labels := corpus.DefaultLabels()
	rapid.Check(t, func(t *rapid.T) {
		a := corpus.NewAnnotation(d, 1)
		seen := []string{picture(a)} // after each action
		var log []corpus.Change
		for n := range rapid.IntRange(1, 40).Draw(t, "actions") {
			e := action(t, x, a, n)
			before := picture(a)
			c, err := a.Resolve(x, labels, e)
			if err == nil {
				err = a.Do(e.ID, c)
			}
			sound(t, d, x, a)
			if err != nil {
				if got := picture(a); got != before {
					t.Fatalf("%+v was refused (%v) and changed\n%s\ninto\n%s", e, err, before, got)
				}
				continue
			}
			seen, log = append(seen, picture(a)), append(log, c)
		}

		for i := len(seen) - 2; i >= 0; i-- {
			if _, err := a.Undo(""); err != nil {
				t.Fatalf("undo %d: %v", i, err)
			}
			sound(t, d, x, a)
			if got := picture(a); got != seen[i] {
				t.Fatalf("undone to step %d\n got %s\nwant %s", i, got, seen[i])
			}
		}
		for i := 1; i < len(seen); i++ {
			if _, err := a.Redo(""); err != nil {
				t.Fatalf("redo %d: %v", i, err)
			}
			if got := picture(a); got != seen[i] {
				t.Fatalf("redone to step %d\n got %s\nwant %s", i, got, seen[i])
			}
		}

		// The log, written down and read again, gives the same annotation.
		again := corpus.NewAnnotation(d, 1)
		for i, c := range log {
			b, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			var read corpus.Change
			if err := json.Unmarshal(b, &read); err != nil {
				t.Fatal(err)
			}
			if err := again.Do(fmt.Sprint(i), read); err != nil {
				t.Fatalf("replay %s: %v", b, err)
			}
		}
		if picture(again) != seen[len(seen)-1] {
			t.Fatalf("replayed\n got %s\nwant %s", picture(again), seen[len(seen)-1])
		}
	})
}

// Undo and redo in any order, between actions, as two tabs would mix them.
func TestAnyMixOfActionsUndosAndRedosReplays(t *testing.T) {
	d := document()
	x := text.NewIndex(d.Text)
	labels := corpus.DefaultLabels()
	rapid.Check(t, func(t *rapid.T) {
		a, again := corpus.NewAnnotation(d, 1), corpus.NewAnnotation(d, 1)
		for n := range rapid.IntRange(1, 60).Draw(t, "actions") {
			var c corpus.Change
			var err, replayed error
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				_, err = a.Undo("")
				_, replayed = again.Undo("")
			case 1:
				_, err = a.Redo("")
				_, replayed = again.Redo("")
			default:
				e := action(t, x, a, n)
				if c, err = a.Resolve(x, labels, e); err == nil {
					err = a.Do(e.ID, c)
					replayed = again.Do(e.ID, c)
				} else {
					replayed = err
				}
			}
			if (err == nil) != (replayed == nil) {
				t.Fatalf("here %v, replayed %v", err, replayed)
			}
			sound(t, d, x, a)
			if picture(a) != picture(again) || a.Events != again.Events || a.LastDone() != again.LastDone() || a.LastUndone() != again.LastUndone() {
				t.Fatalf("replayed\n got %s\nwant %s", picture(again), picture(a))
			}
		}
	})
}

func TestACloneStaysAsItWas(t *testing.T) {
	d := newDesk(t)
	d.do(class(0, 16, corpus.Body, ""), add(mara))
	c := d.Clone()
	before := picture(&c)
	d.do(class(0, 66, corpus.Boilerplate, ""), corpus.Event{Kind: corpus.KindSpans, Remove: []corpus.SpanID{"mara-0001"}})
	if picture(&c) != before {
		t.Error("the clone changed with the original")
	}
	if c.LastDone() != "event-0002" {
		t.Errorf("the clone's newest event is %q", c.LastDone())
	}
}

func TestUndoReachesBackAThousandSteps(t *testing.T) {
	d := newDesk(t)
	for i := range 1100 {
		d.do(class(0, 0, []corpus.Class{corpus.Body, corpus.Boilerplate}[i%2], ""))
	}
	n := 0
	for ; d.LastDone() != ""; n++ {
		if _, err := d.Undo(""); err != nil {
			t.Fatal(err)
		}
	}
	if n != 1000 {
		t.Errorf("%d steps were undone", n)
	}
	for ; d.LastUndone() != ""; n-- {
		if _, err := d.Redo(""); err != nil {
			t.Fatal(err)
		}
	}
	if n != 0 || d.Pieces[0].Class != corpus.Boilerplate {
		t.Errorf("%d steps were not redone; the class is %s", n, d.Pieces[0].Class)
	}
}

// FuzzChange does what a damaged log could ask for: the annotation may refuse
// it, but neither fall over nor become unsound.
func FuzzChange(f *testing.F) {
	for _, s := range []string{
		`{"classes":[{"start":0,"end":48,"class":"body"}]}`,
		`{"splits":[20,20]}`, `{"splits":[20],"joins":[20]}`, `{"joins":[66]}`, `{"joins":[16,16]}`,
		`{"splits":[9],"classes":[{"start":0,"end":9,"class":"body"},{"start":9,"end":15,"class":"boilerplate"}]}`,
		`{"remove":["mara-0001","mara-0001"]}`,
		`{"remove":["mara-0001"],"add":[{"start":25,"end":29,"id":"mara-0001","label":1,"quote":"Mara"}]}`,
		`{"add":[{"start":-1,"end":2,"id":"a","label":1}]}`, `{"splits":[-5]}`, `{"classes":[{"start":-1,"end":900,"class":"body"}]}`,
		`{"joins":[25],"splits":[30]}`, `{"joins":[25],"add":[{"start":20,"end":30,"id":"a","label":1,"quote":"PORT: Mara"}]}`,
	} {
		f.Add(s)
	}
	d := document()
	f.Fuzz(func(t *testing.T, s string) {
		var c corpus.Change
		if json.Unmarshal([]byte(s), &c) != nil {
			return
		}
		a := corpus.NewAnnotation(d, 1)
		for i, c := range []corpus.Change{
			{Splits: []int{25}},
			{Classes: []corpus.Piece{{Range: text.Range{Start: 25, End: 48}, Class: corpus.Body}}},
			{Add: []corpus.Span{{Range: text.Range{Start: 25, End: 39}, ID: "mara-0001", Label: 1, Quote: "Mara Lindqvist"}}},
		} {
			if err := a.Do(fmt.Sprint("before-", i), c); err != nil {
				t.Fatal(err)
			}
		}
		before := picture(a)
		err := a.Do("event", c)
		if pieces := corpus.CheckPieces(d, a.Pieces); pieces != nil {
			t.Fatalf("%s: %v", s, pieces)
		}
		if err == nil && c.Status == "" {
			if _, err := a.Undo(""); err != nil {
				t.Fatalf("%s cannot be undone: %v", s, err)
			}
		}
		if c.Status == "" && picture(a) != before {
			t.Fatalf("%s done and undone\n got %s\nwant %s", s, picture(a), before)
		}
	})
}

func TestNewGold(t *testing.T) {
	d := document()
	whole := func(classes ...corpus.Class) []corpus.Piece {
		out := make([]corpus.Piece, len(d.Blocks))
		for i, b := range d.Blocks {
			out[i] = corpus.Piece{Range: b.Range, Class: classes[i]}
		}
		return out
	}
	b, x := corpus.Body, corpus.Boilerplate
	decided := whole(b, b, x, x, b, b)
	piece := func(start, end int, c corpus.Class) corpus.Piece {
		return corpus.Piece{Range: text.Range{Start: start, End: end}, Class: c}
	}
	name := corpus.Span{Range: text.Range{Start: 25, End: 39}, ID: "mara-0001", Label: 1, Quote: "Mara Lindqvist"}
	with := func(change func(*corpus.Span)) []corpus.Span { s := name; change(&s); return []corpus.Span{s} }
	by := []string{"mara"}

	for _, c := range []struct {
		name   string
		pieces []corpus.Piece
		spans  []corpus.Span
		by     []string
		reason string // "" where it is taken
	}{
		{"a whole labelling", decided, []corpus.Span{name}, by, ""},
		{"one without spans", decided, nil, by, ""},
		{"a block in two parts", slices.Replace(slices.Clone(decided), 1, 2, piece(16, 25, x), piece(25, 48, b)), []corpus.Span{name}, by, ""},
		{"one block undecided", whole(b, b, "", x, b, b), nil, by, "one block still needs a decision"},
		{"three undecided", whole("", b, "", x, b, ""), nil, by, "3 blocks still need a decision"},
		{"nobody decided it", decided, nil, nil, "names who decided"},
		{"a block missing", decided[1:], nil, by, "not the document's, from position 0"},
		{"the last missing", decided[:5], nil, by, "not the document's, from position 66"},
		{"a block too many", append(slices.Clone(decided), piece(68, 70, b)), nil, by, "does not have, from position 68"},
		{"two touching blocks in one", slices.Replace(slices.Clone(decided), 4, 6, piece(64, 68, b)), nil, by, "not the document's, from position 64"},
		{"a gap inside a block", slices.Replace(slices.Clone(decided), 1, 2, piece(16, 25, x), piece(26, 48, b)), nil, by, "not the document's, from position 25"},
		{"an empty part", slices.Replace(slices.Clone(decided), 1, 2, piece(16, 16, x), piece(16, 48, b)), nil, by, "not the document's, from position 16"},
		{"a class that is none", whole(b, "noise", x, x, b, b), nil, by, "no class"},
		{"a label that the project does not have", decided, with(func(s *corpus.Span) { s.Label = 77 }), by, "no label number 77"},
		{"a quote that is not the text", decided, with(func(s *corpus.Span) { s.Quote = "Nora Lindqvist" }), by, "covers"},
		{"a span over a border", decided, with(func(s *corpus.Span) { s.Start, s.End, s.Quote = 43, 50, "d so.\n-"; s.Quote = "so.\n-"; s.Start = 45 }), by, "crosses the border"},
		{"a span outside the text", decided, with(func(s *corpus.Span) { s.End = 900 }), by, "no range of the text"},
		{"a span of nothing", decided, with(func(s *corpus.Span) { s.End = s.Start }), by, "no range of the text"},
		{"a span before the text", decided, with(func(s *corpus.Span) { s.Start = -1 }), by, "no range of the text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := corpus.NewGold(d, c.pieces, c.spans, corpus.DefaultLabels(), c.by)
			if c.reason == "" {
				if err != nil {
					t.Fatal(err)
				}
				if len(g.Spans) != len(c.spans) || len(g.Pieces) != len(c.pieces) {
					t.Fatalf("%+v", g)
				}
				return
			}
			if invalid, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(invalid.Reason, c.reason) {
				t.Fatalf("want a reason with %q, got %v", c.reason, err)
			}
		})
	}
}

func TestGoldIsInOrderWithoutIdsAndItsOwn(t *testing.T) {
	d := document()
	a := newDesk(t)
	a.do(class(0, 66, corpus.Body, ""), add(mara))
	inner := corpus.Span{Range: text.Range{Start: 30, End: 39}, ID: "b", Label: 1, Quote: "Lindqvist"}
	outer := corpus.Span{Range: text.Range{Start: 25, End: 39}, ID: "c", Label: 2, Quote: "Mara Lindqvist"}
	twin := outer
	twin.ID = "d"
	spans := []corpus.Span{inner, twin, outer, a.Spans[0]}

	g, err := corpus.NewGold(d, a.Pieces, spans, a.labels, []string{"mara"})
	if err != nil {
		t.Fatal(err)
	}
	want := []corpus.Span{a.Spans[0], outer, inner}
	for i := range want {
		want[i].ID = ""
	}
	if !reflect.DeepEqual(g.Spans, want) {
		t.Errorf("spans\n got %+v\nwant %+v", g.Spans, want)
	}
	if spans[0].ID != "b" {
		t.Error("the given spans were changed")
	}
	a.do(class(0, 66, corpus.Boilerplate, ""))
	if g.Pieces[0].Class != corpus.Body {
		t.Error("gold changed with the annotation it was made from")
	}
}

func TestTouchedTellsWhereAChangeShows(t *testing.T) {
	t.Parallel()
	// 0         10
	// One two.  Three four.
	d := corpus.Document{ID: 1, Text: "One two.  Three four.", Blocks: []corpus.Block{{Range: text.Range{Start: 0, End: 8}}, {Range: text.Range{Start: 10, End: 21}}}}
	a := corpus.NewAnnotation(d, 1)
	do := func(event string, c corpus.Change) {
		t.Helper()
		if err := a.Do(event, c); err != nil {
			t.Fatal(err)
		}
	}
	one := text.Range{Start: 0, End: 3}
	do("add", corpus.Change{Add: []corpus.Span{{Range: one, ID: "span-0001", Label: 1, Quote: "One"}}})
	for _, step := range []struct {
		name string
		take func() error
		want text.Range
	}{
		{"undoing a span shows where it was", func() error { _, err := a.Undo(""); return err }, one},
		{"redoing it shows there too", func() error { _, err := a.Redo(""); return err }, one},
		{"removing it too", func() error { return a.Do("remove", corpus.Change{Remove: []corpus.SpanID{"span-0001"}}) }, one},
		{"a split shows at both sides", func() error { return a.Do("split", corpus.Change{Splits: []int{16}}) }, text.Range{Start: 15, End: 17}},
		{"and so does taking it back", func() error { _, err := a.Undo(""); return err }, text.Range{Start: 15, End: 17}},
	} {
		if err := step.take(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if !slices.Contains(a.Touched(), step.want) {
			t.Errorf("%s: %v, want %v among them", step.name, a.Touched(), step.want)
		}
	}
}
