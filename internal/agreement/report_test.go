package agreement_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

var update = flag.Bool("update", false, "write the golden files")

func person(a corpus.AnnotatorID) string { return fmt.Sprintf("person %d", a) }

func reportOf(documents []agreement.Shared, r score.Resampling) agreement.Report {
	b := agreement.NewBuilder(r)
	for _, s := range documents {
		b.Add(s)
	}
	return b.Report(person, corpus.DefaultLabels())
}

func TestAReportAddsItsDocuments(t *testing.T) {
	for _, n := range []int{40, 2_500} { // drawn one by one, and in groups
		documents := sharedDocuments(n, 5)
		var sum agreement.Tally
		for _, s := range documents {
			sum.Add(s.Tally)
		}
		r := reportOf(documents, score.Resampling{Resamples: 20})
		for _, c := range []struct {
			name      string
			got, want agreement.Coefficient
		}{
			{"alpha", r.Blocks.Alpha.Coefficient, sum.BlockCoincidences().Alpha()},
			{"AC1", r.Blocks.AC1.Coefficient, sum.BlockCoincidences().AC1()},
			{"alpha by words", r.Words.Alpha.Coefficient, sum.WordCoincidences().Alpha()},
			{"raw agreement by words", r.Words.Raw.Coefficient, sum.WordCoincidences().Raw()},
			{"unitizing", r.Unitizing.Coefficient, sum.Unitizing[0].MeanAlpha()},
		} {
			if !near(c.got.Value, c.want.Value, exact) || c.got.Units != c.want.Units {
				t.Errorf("%d documents: %s is %+v, want %+v", n, c.name, c.got, c.want)
			}
		}
		parts := 0
		for _, s := range r.Sites {
			parts += s.Documents
		}
		pairs := 0
		for _, p := range r.Pairs {
			pairs += p.Documents
		}
		if r.Documents != n || parts != n || pairs != n {
			t.Errorf("%d documents: %d in all, %d by site, %d by pair", n, r.Documents, parts, pairs)
		}
	}
}

func TestASiteHasTheFiguresOfItsDocuments(t *testing.T) {
	var here []agreement.Shared
	documents := sharedDocuments(2_500, 5)
	for _, s := range documents {
		if s.Site == "site7.example" {
			here = append(here, s)
		}
	}
	want := reportOf(here, score.Resampling{Resamples: 1}).Figures
	for i := range documents {
		if documents[i].Site != "site7.example" {
			documents[i].Site = "elsewhere.example"
		}
	}
	got := reportOf(documents, score.Resampling{Resamples: 1}).Sites[1]
	if got.Name != "site7.example" || got.Documents != len(here) || got.Exact.Spans != want.Exact.Spans {
		t.Fatalf("%q with %d documents, want %d", got.Name, got.Documents, len(here))
	}
	for i, m := range want.Measures() {
		if g := got.Measures()[i]; !near(g.Value, m.Value, exact) || g.Units != m.Units || !near(g.SD, m.SD, exact) {
			t.Errorf("%s of %s: %+v, want %+v", m.Name, m.Of, g, m)
		}
	}
}

func TestSpansAreSummedOverDocumentsFirst(t *testing.T) {
	// Of 1 and 2, one document has 1 of 1 + 1, another 0 of 3 + 3: 2/8. Of 1 and
	// 3, 2 of 2 + 2. Mean (.25 + 1)/2, deviation .375.
	documents := []agreement.Shared{
		{Document: 1, Tally: spansOf(1, 2, 1, 1)},
		{Document: 2, Tally: spansOf(1, 2, 0, 3)},
		{Document: 3, Tally: spansOf(1, 3, 2, 2)},
		{Document: 4, Tally: agreement.Tally{Documents: 1, Pairs: []agreement.Pair{{A: 2, B: 3, Documents: 1}}}},
	}
	r := reportOf(documents, score.Resampling{})
	if f := r.Exact; !near(f.Value, .625, exact) || !near(f.SD, .375, exact) || f.Units != 2 || f.Spans != 12 {
		t.Errorf("%+v", f)
	}
	if f := r.Labels[0].Exact; !near(f.Value, .625, exact) || f.Units != 2 {
		t.Errorf("by label %+v", f)
	}
	if f := r.Labels[1].Exact; f.Defined() || f.Why != agreement.NotMarked {
		t.Errorf("of a label without spans %+v", f)
	}
	if p := r.Pairs[0]; p.Documents != 2 || p.Names != [2]string{"person 1", "person 2"} || p.Exact.Value != .25 {
		t.Errorf("the pair with most documents is %+v", p)
	}
}

func spansOf(a, b corpus.AnnotatorID, exact, each int) agreement.Tally {
	return agreement.Tally{
		Documents: 1, Pairs: []agreement.Pair{{A: a, B: b, Documents: 1}},
		Spans: []agreement.PairSpans{{A: a, B: b, Label: 1, Exact: exact, Overlap: exact, OfA: each, OfB: each}},
	}
}

// coins are n documents of one block each, of which a fifth is disputed.
func coins(n int) (out []agreement.Shared) {
	for i := range n {
		t := agreement.Tally{Documents: 1, Profiles: []agreement.Profile{{Body: 2, Blocks: 1, Words: 1}}}
		if i%5 == 0 {
			t.Profiles[0] = agreement.Profile{Body: 1, Boilerplate: 1, Blocks: 1, Words: 1}
		}
		out = append(out, agreement.Shared{Document: corpus.DocumentID(i), Tally: t})
	}
	return out
}

func TestIntervalsOfAShare(t *testing.T) {
	// A share of .8 of n coins has a standard deviation of √(.16/n), and the
	// interval is 1.96 of it either way, whether coins are drawn or groups.
	for _, n := range []int{1_000, 20_000} {
		r := reportOf(coins(n), score.Resampling{Resamples: 4_000, Seed: 3})
		want := 1.96 * math.Sqrt(.16/float64(n))
		f := r.Blocks.Raw
		if !near(f.Value, .8, exact) || !near((.8-f.Low)/want, 1, .1) || !near((f.High-.8)/want, 1, .1) {
			t.Errorf("%d documents: %+v, want %v either way", n, f, want)
		}
		if want := min(n, 1_000); r.Groups != want {
			t.Errorf("%d are drawn, want %d", r.Groups, want)
		}
	}
}

func TestGroupsVaryAsDocumentsDo(t *testing.T) {
	// 2 000 documents are drawn one by one; one more, and groups of two are.
	documents := sharedDocuments(2_001, 4)
	singly := reportOf(documents[:2_000], score.Resampling{Resamples: 2_000})
	groups := reportOf(documents, score.Resampling{Resamples: 2_000})
	if singly.Groups != 2_000 || groups.Groups > 1_000 {
		t.Fatalf("%d and %d are drawn", singly.Groups, groups.Groups)
	}
	for i, m := range singly.Measures() {
		g := groups.Measures()[i]
		if ratio := (g.High - g.Low) / (m.High - m.Low); !near(ratio, 1, .15) || m.Low > m.Value || m.Value > m.High {
			t.Errorf("%s of %s: %+v one by one, %+v in groups", m.Name, m.Of, m.Figure, g.Figure)
		}
	}
}

func TestOneDocumentHasNoInterval(t *testing.T) {
	r := reportOf(coins(1), score.Resampling{})
	if f := r.Blocks.Raw; f.Value != 0 || !math.IsNaN(f.Low) || !math.IsNaN(f.High) {
		t.Errorf("%+v", f)
	}
}

func TestAReportOfNothingSaysSo(t *testing.T) {
	b := agreement.NewBuilder(score.Resampling{})
	b.Add(agreement.Shared{Document: 1, Site: "a.example", At: time.Unix(0, 0)})
	r := b.Report(person, nil)
	for _, m := range r.Measures() {
		if m.Defined() || m.Why != agreement.NoDocument {
			t.Errorf("%s is %+v", m.Key, m.Figure)
		}
	}
	if len(r.Pairs)+len(r.Sites)+len(r.Periods)+len(r.Labels) > 0 {
		t.Errorf("%+v", r)
	}
}

func TestSitesAndPeriods(t *testing.T) {
	begin := time.Date(2026, 12, 28, 23, 0, 0, 0, time.UTC) // a Monday
	var documents []agreement.Shared
	add := func(site string, at time.Time, n int) {
		for range n {
			documents = append(documents, agreement.Shared{Document: corpus.DocumentID(len(documents)), Site: site, At: at, Tally: coins(1)[0].Tally})
		}
	}
	add("", begin, 3)
	add("big.example", begin.AddDate(0, 0, 7), 4)
	for i := range 60 {
		add(fmt.Sprintf("small%02d.example", i), time.Time{}, 1)
	}
	r := reportOf(documents, score.Resampling{})
	if len(r.Sites) != 51 || r.Sites[0].Title() != "big.example" || r.Sites[1].Title() != "no site" || r.Sites[2].Name != "small00.example" {
		t.Errorf("%d sites, first %q, %q", len(r.Sites), r.Sites[0].Title(), r.Sites[1].Title())
	}
	if last := r.Sites[50]; last.Title() != "the 12 others" || last.Documents != 12 {
		t.Errorf("the rest is %q of %d", last.Title(), last.Documents)
	}
	if r.Months || len(r.Periods) != 2 || r.Periods[0].Name != "2026-W53" || r.Periods[1].Name != "2027-W01" || r.Periods[0].Documents != 3 {
		t.Errorf("months %v, %+v", r.Months, r.Periods)
	}

	add("big.example", begin.AddDate(0, 9, 0), 1)
	r = reportOf(documents, score.Resampling{})
	var names []string
	for _, p := range r.Periods {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); !r.Months || got != "2026-12 2027-01 2027-09" {
		t.Errorf("months %v: %s", r.Months, got)
	}
}

func TestOneSeedOneReport(t *testing.T) {
	documents := sharedDocuments(2_100, 6)
	print := func(seed uint64) string {
		r := reportOf(documents, score.Resampling{Seed: seed, Resamples: 50})
		var b bytes.Buffer
		if err := r.Table(&b); err != nil {
			t.Fatal(err)
		}
		j, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return b.String() + string(j)
	}
	if print(1) != print(1) {
		t.Error("one seed gave two reports")
	}
	if print(1) == print(2) {
		t.Error("two seeds gave one report")
	}
}

// sample is a small report with all that a report can have.
func sample() agreement.Report {
	documents := sharedDocuments(30, 3)
	for i := range documents {
		documents[i].Site = []string{"aldport.example", "quiet.example", ""}[i%3]
		documents[i].At = documents[i].At.AddDate(0, 0, i%9)
	}
	// everybody chose one class, and nobody marked anything
	documents = append(documents, agreement.Shared{Document: 99, Site: "one\x1b.example", Tally: agreement.Tally{
		Documents: 1, Profiles: []agreement.Profile{{Body: 2, Blocks: 3, Words: 30}},
		Pairs: []agreement.Pair{{A: 8, B: 9, Documents: 1, Blocks: [4]int{3}, Words: [4]int{30}}},
	}})
	return reportOf(documents, score.Resampling{Seed: 1})
}

func TestReportsArePrintedAsBefore(t *testing.T) {
	var table, indented bytes.Buffer
	if err := sample().Table(&table); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&indented, b, "", " "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	for name, got := range map[string][]byte{"report.txt": table.Bytes(), "report.json": indented.Bytes()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is now\n%s", name, got)
		}
	}
}
