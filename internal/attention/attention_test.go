package attention

import (
	"math"
	"testing"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// work is n documents of 100 words and 10 blocks, numbered from first on.
func work(who corpus.AnnotatorID, first, n int, seconds float64, seen, body int) (out []Effort) {
	for i := range n {
		out = append(out, Effort{Annotator: who, Document: corpus.DocumentID(first + i), Active: time.Duration(seconds * float64(time.Second)), Words: 100, Blocks: 10, Seen: seen, Body: body})
	}

	return out
}

func of(t *testing.T, who corpus.AnnotatorID, efforts []Effort, checks ...Check) Signals {
	t.Helper()
	for _, s := range Of(efforts, checks) {
		if s.Annotator == who {
			return s
		}
	}
	t.Fatalf("nothing about person %d", who)

	return Signals{}
}

func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 && !(math.IsNaN(got) && math.IsNaN(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestOnePersonAloneHasNobodyBesideThem(t *testing.T) {
	s := of(t, 1, work(1, 1, 4, 30, 5, 3))
	same(t, "median", s.Median, 30)
	same(t, "pace", s.Pace, 300)
	same(t, "documents an hour", s.Hourly, 120)
	same(t, "seen", s.Seen, 0.5)
	same(t, "body", s.Body, 0.3)
	for what, v := range map[string]float64{"others' median": s.OthersMedian, "others' pace": s.OthersPace, "others' body": s.OthersBody, "shared body": s.SharedBody, "their body": s.TheirBody, "checks": s.CheckRight, "gold": s.GoldF1} {
		same(t, what, v, math.NaN())
	}
	if Of(nil, nil) == nil || len(Of(nil, nil)) != 0 {
		t.Error("of nothing there is something")
	}
}

func TestWhoDoesMostOfTheWorkIsNotTheMeasure(t *testing.T) {
	all := append(work(1, 1, 100, 1, 1, 10), work(2, 1, 3, 40, 10, 4)...)
	all = append(all, work(3, 50, 3, 60, 10, 6)...)
	s := of(t, 1, all)
	same(t, "others' median", s.OthersMedian, 50)
	if s.Hasty != 100 { // usual: the median of 10, 400 and 600 seconds for 1 000 words is 400
		t.Errorf("%d of 100 documents are hasty", s.Hasty)
	}
	if slow := of(t, 2, all); slow.Hasty != 0 {
		t.Errorf("who takes 40 seconds has %d hasty documents", slow.Hasty)
	}
}

func TestTimeThatNobodyRecordedIsLeftOut(t *testing.T) {
	all := append(work(1, 1, 2, 0, 0, 5), work(1, 3, 2, 20, 10, 5)...)
	s := of(t, 1, all)
	if s.Documents != 4 || s.Recorded != 2 || s.Hasty != 0 {
		t.Errorf("%+v", s)
	}
	same(t, "median", s.Median, 20)
	same(t, "seen", s.Seen, 1)
}

func TestOnSharedDocumentsTheOthersAreThoseWhoHaveThem(t *testing.T) {
	all := append(work(1, 1, 2, 30, 10, 10), work(2, 1, 1, 30, 10, 2)...)
	all = append(all, work(3, 1, 1, 30, 10, 4)...)
	all = append(all, work(4, 9, 5, 30, 10, 0)...) // shares nothing
	s := of(t, 1, all)
	if s.Shared != 1 {
		t.Errorf("shares %d documents", s.Shared)
	}
	same(t, "shared body", s.SharedBody, 1)
	same(t, "their body", s.TheirBody, 0.3) // the median of 0.2 and 0.4
}

func TestRunsOfOneAnswer(t *testing.T) {
	all := append(work(1, 1, 3, 30, 10, 10), work(1, 4, 1, 30, 10, 5)...)
	all = append(all, work(1, 5, 2, 30, 10, 0)...)
	short := work(1, 7, 1, 30, 1, 1)
	short[0].Blocks = 1 // a page of one block has one answer anyway
	s := of(t, 1, append(all, short...))
	if s.Pages != 6 || s.Uniform != 5 || s.UniformRun != 3 || s.UniformBody != 3 {
		t.Errorf("%+v", s)
	}
}

func TestCountsAddBeforeTheyAreDivided(t *testing.T) {
	all := work(1, 1, 3, 30, 10, 5)
	all[0].Compared, all[0].Gold = true, score.Counts{TP: 90, FP: 10}
	all[1].Compared, all[1].Gold = true, score.Counts{FN: 10}
	s := of(t, 1, all, Check{1, 100, 90}, Check{1, 10, 0}, Check{2, 5, 5})
	if s.Compared != 2 || s.Checks != 2 {
		t.Errorf("%+v", s)
	}
	same(t, "F1", s.GoldF1, 0.9)
	same(t, "checks", s.CheckRight, 90./110)
}

func TestWordsAreComparedByWhereTheyStand(t *testing.T) {
	const page = "😀 Ada\nשלום עולם\n-"
	words := score.Words(page) // Ada at 2, two Hebrew words at 6 and 11
	d := corpus.Document{Blocks: []corpus.Block{{Range: text.Range{Start: 0, End: 5}}, {Range: text.Range{Start: 6, End: 15}}, {Range: text.Range{Start: 16, End: 17}}}}
	pieces := []corpus.Piece{
		{Range: text.Range{Start: 0, End: 5}, Class: corpus.Body},
		{Range: text.Range{Start: 6, End: 11}, Class: corpus.Boilerplate}, // splits the second block
		{Range: text.Range{Start: 11, End: 15}, Class: corpus.Body},
		{Range: text.Range{Start: 16, End: 17}, Class: corpus.Body},
	}
	want := []corpus.Class{corpus.Body, corpus.Boilerplate, corpus.Body}
	got := Labels(words, pieces)
	if len(got) != len(want) {
		t.Fatalf("%d words: %+v", len(got), words)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("word %d is %q, want %q", i, got[i], want[i])
		}
	}
	if got := Labels(words, pieces[1:]); got[0] != corpus.Undecided {
		t.Errorf("a word in no piece is %q", got[0])
	}
	if n := BodyBlocks(d, pieces); n != 2 { // four of nine characters are not half
		t.Errorf("%d blocks are body", n)
	}
}
