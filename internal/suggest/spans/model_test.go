package spans_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest/spans"
	"annotate/internal/text"
)

var _ interface {
	Suggest(corpus.Document, []corpus.Class) []spans.Suggestion
} = (*spans.Model)(nil)

func validate(t testing.TB, gold []corpus.Gold) spans.Report {
	t.Helper()
	r, err := spans.CrossValidate(t.Context(), stream(gold), spans.Options{Seed: 1, Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Nearly every name is new on a page, so the gazetteer cannot know it: what
// finds it is what stands around it.
func TestContextFindsNamesNeverSeen(t *testing.T) {
	r := validate(t, newMaker(1).pages(t, 60))
	if r.Documents != 60 || r.Folds != 5 || !r.BySite {
		t.Errorf("%d documents in %d folds, by site: %v", r.Documents, r.Folds, r.BySite)
	}
	if f := r.Model.All.F1(); f < 0.95 {
		t.Errorf("the model's F1 is %.3f: %+v", f, r.Model)
	}
	if f := r.Gazetteer.All.F1(); f > 0.3 {
		t.Errorf("the gazetteer's F1 is %.3f: the pages repeat their names", f)
	}
	for _, l := range []corpus.LabelID{per, org, loc, date} {
		if f := r.Model.ByLabel[l].F1(); f < 0.9 {
			t.Errorf("label %d has F1 %.3f", l, f)
		}
	}
	if f, best := r.Combined.All.F1(), r.Model.All.F1(); f < best-0.02 {
		t.Errorf("together %.3f, the model alone %.3f", f, best)
	}
	if e := r.CalibrationError(); !(e < 0.05) {
		t.Errorf("calibration error %.3f", e)
	}
	if all := r.Combined.All; r.Combined.Saved() != 2*all.TP-2*all.FP || all.TP+all.FN != r.Spans {
		t.Errorf("%+v saves %d of %d spans", all, r.Combined.Saved(), r.Spans)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// silent pages say the names of things and of nothing in the same words.
func silent(t testing.TB, n int) []corpus.Gold {
	t.Helper()
	m := newMaker(3)
	gold := make([]corpus.Gold, n)
	for i := range gold {
		var lines []string
		for range 6 {
			name := m.name()
			if m.IntN(2) == 0 {
				name = "[1 " + name + "]"
			}
			lines = append(lines, "It was "+name+" again.")
		}
		gold[i] = page(t, i+1, "", lines...)
	}
	return gold
}

func TestAModelThatDoesNotPayIsQuiet(t *testing.T) {
	gold := silent(t, 40)
	m := train(t, gold, 1)
	if !m.Quiet() {
		t.Error("it speaks")
	}
	if got := m.Suggest(gold[0].Document, nil); got != nil {
		t.Errorf("it suggests %v", got)
	}
	if r := validate(t, gold); r.Model.Saved() < 0 || r.CalibrationError() > 0.15 {
		t.Errorf("what it suggests costs more than it saves: %+v", r.Model)
	}
}

func TestLittleGoldTeachesLittle(t *testing.T) {
	for name, gold := range map[string][]corpus.Gold{
		"no gold":          nil,
		"no spans":         {page(t, 1, "", "Nobody."), page(t, 2, "", "Nothing.")},
		"one document":     newMaker(1).pages(t, 1),
		"two of a span":    {page(t, 1, "", "[1 Ada] spoke."), page(t, 2, "", "[1 Bly] spoke.")},
		"an empty text":    {page(t, 1, ""), page(t, 2, "", "")},
		"spans of no word": {page(t, 1, "", "[1 \u200b] and"), page(t, 2, "", "[1 \u200b] and")},
	} {
		t.Run(name, func(t *testing.T) {
			m := train(t, gold, 1)
			if !m.Quiet() || m.Suggest(newMaker(2).page(t, 9, "").Document, nil) != nil {
				t.Error("it speaks")
			}
			r := validate(t, gold)
			if len(gold) < 2 && r.Folds != 0 || r.Model.All.TP+r.Model.All.FP > 0 {
				t.Errorf("%+v", r)
			}
			if !again(t, m).Quiet() {
				t.Error("it speaks after it was kept")
			}
		})
	}
	if r := validate(t, nil); !math.IsNaN(r.CalibrationError()) || !math.IsNaN(r.Model.All.F1()) {
		t.Errorf("figures of nothing: %+v", r)
	}
}

// again is a model after it was kept and read.
func again(t testing.TB, m *spans.Model) *spans.Model {
	t.Helper()
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var out spans.Model
	if err := out.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestTheSameGoldMakesTheSameModel(t *testing.T) {
	gold := newMaker(1).pages(t, 20)
	bytesOf := func(seed uint64) []byte {
		b, err := train(t, gold, seed).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if one := bytesOf(1); !bytes.Equal(one, bytesOf(1)) {
		t.Error("two of one seed differ")
	} else if bytes.Equal(one, bytesOf(2)) {
		t.Error("the seed changes nothing")
	}
}

func TestAKeptModelSaysTheSame(t *testing.T) {
	gold := newMaker(1).pages(t, 15)
	gold = append(gold, page(t, 31, "", "The [2 Bank of [3 Norden]] lent; the [2 Bank of [3 Norden]] fell."))
	m := train(t, gold, 1)
	kept := again(t, m)
	d := newMaker(8).pages(t, 1)[0].Document
	if diff := cmp.Diff(m.Suggest(d, nil), kept.Suggest(d, nil)); diff != "" || len(m.Suggest(d, nil)) == 0 {
		t.Errorf("%v differ: %s", m.Suggest(d, nil), diff)
	}
	if diff := cmp.Diff(m.Names().Entries(), kept.Names().Entries(), entries); diff != "" {
		t.Error(diff)
	}
	for _, x := range []*spans.Model{m, kept} {
		if diff := cmp.Diff([]string{"2 Bank of Norden", "3 Norden"}, shown(t, x.Names(), "Bank of Norden")); diff != "" {
			t.Error(diff)
		}
	}
}

func TestADamagedModelIsRefused(t *testing.T) {
	m := train(t, newMaker(1).pages(t, 4), 1)
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for n := range min(len(b), 3000) {
		if err := new(spans.Model).UnmarshalBinary(b[:n]); err == nil && n > 0 && n < 200 {
			t.Errorf("the first %d bytes are a model", n)
		}
	}
	b[0]++
	if err := new(spans.Model).UnmarshalBinary(b); err == nil {
		t.Error("another version is read")
	}
}

func FuzzUnmarshal(f *testing.F) {
	b, err := train(f, newMaker(1).pages(f, 2), 1).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	small, err := train(f, []corpus.Gold{page(f, 1, "", "[1 Ada] spoke, [1 Ada Bly]")}, 1).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(small)
	f.Add(small[:len(small)/2])
	f.Add(b)
	f.Add([]byte{spans.Version, 0})
	d := newMaker(2).pages(f, 1)[0].Document
	f.Fuzz(func(t *testing.T, b []byte) {
		var m spans.Model
		if m.UnmarshalBinary(b) == nil {
			for _, s := range slices.Concat(m.Suggest(d, nil), m.Names().Suggest(d, nil)) {
				if !s.In(len([]rune(d.Text))) {
					t.Fatalf("%+v", s)
				}
			}
		}
	})
}

func TestSuggestionsOfAModelAreSound(t *testing.T) {
	m := train(t, newMaker(1).pages(t, 20), 1)
	for name, lines := range map[string][]string{
		"made":             strings.Split(strings.TrimSpace(newMaker(5).page(t, 1, "").Document.Text), "\n"),
		"an emoji before":  {"😀 Ada Bly, the mayor of Aldport, said on 3 May 2001 that it rained."},
		"accents":          {"Zoe\u0308 Brontë, the mayor of Gene\u0300ve, said on 3 May 2001 that it rained."},
		"a carriage":       {"Ada\rBly, the mayor of Port\rAld, said"},
		"no-break spaces":  {"Mr\u00a0Ada\u00a0Bly was born in\u00a0Aldport and joined Norden\u00a0Ltd as a clerk."},
		"right to left":    {"אמר שלום\u200f, the mayor of \u200fירושלים\u200e, said"},
		"without spaces":   {"東京都知事は、「橋を渡る」と言った。トヨタ自動車が"},
		"marks alone":      {"’’’ . . “”", "\u200b", ""},
		"one long block":   {strings.Repeat("Her lawyer, Ada Bly, told reporters that the case was weak. ", 60)},
		"nothing to cut":   {strings.Repeat("fell Ada ", 500)},
		"capitals alone":   {"MAYOR OF ALDPORT SAYS ADA BLY WINS"},
		"no blocks at all": {},
	} {
		t.Run(name, func(t *testing.T) {
			d := page(t, 1, "", lines...).Document
			sound(t, d, m.Suggest(d, nil))
			if name == "an emoji before" {
				want := []string{"1 Ada Bly", "3 Aldport", "4 3 May 2001"}
				if diff := cmp.Diff(want, shown(t, m, lines...)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestAModelPassesOverBoilerplateAndRetiredLabels(t *testing.T) {
	gold := newMaker(1).pages(t, 20)
	m := train(t, gold, 1)
	d := page(t, 99, "", "“We will appeal,” said Ada Bly, who leads the union.").Document
	if got := m.Suggest(d, nil); len(got) != 1 || got[0].Source != corpus.FromModel {
		t.Errorf("%+v", got)
	}
	m.Source = "model:7"
	if got := m.Suggest(d, []corpus.Class{corpus.Body}); len(got) != 1 || got[0].Source != "model:7" {
		t.Errorf("%+v", got)
	}
	if got := m.Suggest(d, []corpus.Class{corpus.Boilerplate}); len(got) != 0 {
		t.Errorf("in boilerplate: %+v", got)
	}

	now := slices.Clone(labels)
	now[0].Retired = true
	m, err := spans.Train(t.Context(), stream(gold), spans.Options{Seed: 1, Labels: now})
	if err != nil {
		t.Fatal(err)
	}
	d = page(t, 99, "", "“We will appeal,” said Ada Bly, who leads the union of Aldport. Police in Aldport arrested two men.").Document
	got := m.Suggest(d, nil)
	if len(got) == 0 || slices.ContainsFunc(got, func(s spans.Suggestion) bool { return s.Label == per }) {
		t.Errorf("with persons retired: %+v", got)
	}
}

func TestTrainingStops(t *testing.T) {
	gold := newMaker(1).pages(t, 10)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := spans.Train(ctx, stream(gold), spans.Options{Labels: labels}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	broken := errors.New("broken")
	failing := func(yield func(corpus.Gold, error) bool) { _ = yield(gold[0], nil) && yield(corpus.Gold{}, broken) }
	if _, err := spans.Train(t.Context(), failing, spans.Options{Labels: labels}); !errors.Is(err, broken) {
		t.Errorf("gold that breaks off: %v", err)
	}
	if _, err := spans.CrossValidate(t.Context(), failing, spans.Options{Labels: labels}); !errors.Is(err, broken) {
		t.Errorf("gold that breaks off: %v", err)
	}
}

func TestSourcesTogether(t *testing.T) {
	g := func(start, end int, label corpus.LabelID, p float64) spans.Suggestion {
		return spans.Suggestion{Range: text.Range{Start: start, End: end}, Label: label, P: p, Source: corpus.FromGazetteer}
	}
	m := func(start, end int, label corpus.LabelID, p float64) spans.Suggestion {
		s := g(start, end, label, p)
		s.Source = corpus.FromModel
		return s
	}
	for _, c := range []struct {
		name             string
		gazetteer, model []spans.Suggestion
		want             []spans.Suggestion
	}{
		{"apart, in order", []spans.Suggestion{g(9, 12, 1, .6)}, []spans.Suggestion{m(0, 3, 2, .9)}, []spans.Suggestion{m(0, 3, 2, .9), g(9, 12, 1, .6)}},
		{"the surer of two at one place", []spans.Suggestion{g(0, 3, 1, .6)}, []spans.Suggestion{m(0, 3, 2, .9)}, []spans.Suggestion{m(0, 3, 2, .9)}},
		{"the gazetteer's of equally sure ones", []spans.Suggestion{g(0, 3, 1, .9)}, []spans.Suggestion{m(0, 3, 2, .9)}, []spans.Suggestion{g(0, 3, 1, .9)}},
		{"one that crosses a surer one goes", []spans.Suggestion{g(0, 5, 1, .9)}, []spans.Suggestion{m(3, 8, 2, .8)}, []spans.Suggestion{g(0, 5, 1, .9)}},
		{"one inside another source's goes", []spans.Suggestion{g(0, 9, 1, .9)}, []spans.Suggestion{m(3, 8, 2, .8)}, []spans.Suggestion{g(0, 9, 1, .9)}},
		{"one inside its own source's stays", []spans.Suggestion{g(0, 9, 1, .9), g(3, 9, 3, .7)}, nil, []spans.Suggestion{g(0, 9, 1, .9), g(3, 9, 3, .7)}},
		{"nothing", nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, spans.Combine(c.gazetteer, c.model)); diff != "" {
				t.Error(diff)
			}
		})
	}

	existing := []corpus.Span{{Range: text.Range{Start: 10, End: 20}}}
	nested := []spans.Suggestion{g(10, 20, 1, .9), g(14, 20, 3, .8), g(30, 33, 1, .9)}
	if diff := cmp.Diff(nested[1:], spans.Without(nested, existing)); diff != "" {
		t.Errorf("the inner one of a learnt pair: %s", diff)
	}
	loose := []spans.Suggestion{m(0, 3, 1, .9), m(8, 12, 1, .9), m(12, 14, 1, .9), m(9, 21, 1, .9), m(20, 22, 1, .9)}
	if diff := cmp.Diff([]spans.Suggestion{loose[0], loose[4]}, spans.Without(loose, existing)); diff != "" {
		t.Errorf("what overlaps a span: %s", diff)
	}
	pieces := []corpus.Piece{{Range: text.Range{Start: 0, End: 10}}, {Range: text.Range{Start: 10, End: 21}}}
	if diff := cmp.Diff([]spans.Suggestion{loose[0], loose[2]}, spans.Inside(loose, pieces)); diff != "" {
		t.Errorf("what lies in a piece: %s", diff)
	}
}

func TestFiguresOfNothing(t *testing.T) {
	var f spans.Figures
	if f.All != (score.Counts{}) || f.Saved() != 0 || !math.IsNaN(f.All.F1()) {
		t.Errorf("%+v", f)
	}
}

func BenchmarkTrain1000(b *testing.B) {
	gold := newMaker(1).pages(b, 1000)
	for b.Loop() {
		train(b, gold, 1)
	}
}

func BenchmarkSuggestPage(b *testing.B) {
	m := train(b, newMaker(1).pages(b, 100), 1)
	k := newMaker(9)
	var lines []string
	for len(lines) < 60 {
		one := k.page(b, 1, "")
		x := text.NewIndex(one.Document.Text)
		for _, p := range one.Pieces {
			lines = append(lines, x.Slice(p.Range))
		}
	}
	d := page(b, 1, "", lines...).Document
	b.SetBytes(int64(len(d.Text)))
	for b.Loop() {
		m.Suggest(d, nil)
	}
}
