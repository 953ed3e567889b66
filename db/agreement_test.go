package db_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/internal/agreement"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// disagreeing is a project of five pages of four blocks that mara, jonas and
// ines label. With B for body and X for boilerplate, in this order of people:
//
//	page 1   BBB BBB XXX XXX        mara and jonas mark "Mara Lindqvist", ines "Lindqvist"
//	page 2   BBB BBB BBX XBX XXX    ines cuts the second block: five units
//	page 3   XB  XB  XB  XB         removed
//	page 4   B-B B-X X-X X-X        jonas called all of it body and took it back
//	page 5   B-- B-- X-- X--        jonas took it back: one person is left
//
// Coincidences of pages 1, 2 and 4 (Krippendorff 2011): 35 ratings, 18 of them
// B and 17 X. A unit of 3 with one other rating adds 2·2·1/2 = 2 to the
// disagreements, one of 2 adds 2: 6 in all. So Do = 6/35, De = 2·18·17/(35·34),
// α = 1 − 6·34/(2·18·17) = 2/3, and raw agreement is 29/35.
//
// AC1 (Gwet 2014): each of 13 units counts once; B has (2 + 3 + 1.5)/13 = 1/2,
// so chance is 1/2; ten units agree, two to a third, one not: 32/39. AC1 is
// (32/39 − 1/2)/(1/2) = 25/39.
//
// mara and jonas: BB 5, BX 0, XB 1, XX 3 of 9; κ = (8/9 − 42/81)/(1 − 42/81) =
// 10/13. F1 exact is 1 for them and 0 for the others, overlap 1 for all.
func disagreeing(t testing.TB) (*db.Store, corpus.Project, map[string]corpus.Annotator, *event) {
	t.Helper()
	s, p, who := team(t, 5, func(p *corpus.Project) { p.Overlap, p.Rule = 3, corpus.AdjudicateAll }, "mara", "jonas", "ines")
	e := &event{}
	hand := func(id corpus.DocumentID, name string, body int, before ...corpus.Event) {
		for _, one := range before {
			refused(t, act(t, s, id, who[name], e.of(one)))
		}
		refused(t, act(t, s, id, who[name], hands(e, body)...))
	}
	takeBack := func(id corpus.DocumentID, name string) {
		refused(t, act(t, s, id, who[name], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(corpus.Event{Kind: corpus.KindSkip, Reason: "not mine"})))
	}
	body := class(0, 3, corpus.Body) // spans stand in body

	hand(1, "mara", 2, body, span("span-0001", 1, 9, 23, "Mara Lindqvist", 1))
	hand(1, "jonas", 2, body, span("span-0002", 1, 9, 23, "Mara Lindqvist", 1))
	hand(1, "ines", 2, body, span("span-0003", 1, 14, 23, "Lindqvist", 1))
	hand(2, "mara", 2)
	hand(2, "jonas", 3)
	refused(t, act(t, s, 2, who["ines"], e.of(class(0, 3, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSplit, Block: at[1], At: 9}),
		e.of(class(0, 1, corpus.Body)), e.of(corpus.Event{Kind: corpus.KindClass, From: at[1] + 9, To: at[1] + 9, Class: corpus.Boilerplate}), e.of(corpus.Event{Kind: corpus.KindSubmit})))
	hand(3, "mara", 0)
	hand(3, "jonas", 4)
	if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{3}, true, 0); err != nil {
		t.Fatal(err)
	}
	hand(4, "mara", 2)
	hand(4, "jonas", 4)
	hand(4, "ines", 1)
	takeBack(4, "jonas")
	hand(5, "mara", 2)
	hand(5, "jonas", 2)
	takeBack(5, "jonas")

	return s, p, who, e
}

func agreeing(t testing.TB, s *db.Store, p corpus.Project, o db.AgreementOptions) db.Agreement {
	t.Helper()
	a, err := s.Agreement(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func is(t testing.TB, what string, c agreement.Coefficient, want, units float64) {
	t.Helper()
	if math.Abs(c.Value-want) > 1e-12 || c.Units != units {
		t.Errorf("%s: %v over %v, want %v over %v (%s)", what, c.Value, c.Units, want, units, c.Why)
	}
}

func TestAgreementOfThreePeople(t *testing.T) {
	t.Parallel()
	s, p, _, _ := disagreeing(t)
	a := agreeing(t, s, p, db.AgreementOptions{})
	r := a.Report

	is(t, "α", r.Blocks.Alpha.Coefficient, 2./3, 13)
	is(t, "raw", r.Blocks.Raw.Coefficient, 29./35, 13)
	is(t, "AC1", r.Blocks.AC1.Coefficient, 25./39, 13)
	is(t, "F1 exact", r.Exact.Coefficient, 1./3, 3)
	is(t, "F1 overlap", r.Overlap.Coefficient, 1, 3)
	if math.Abs(r.Exact.SD-math.Sqrt(2./9)) > 1e-12 || r.Exact.Spans != 6 {
		t.Errorf("± %v over %d spans", r.Exact.SD, r.Exact.Spans)
	}
	if r.Documents != 3 || a.Wanted != 4 || a.Covered != 3 || a.Project != "news" || len(r.Sites) != 1 || len(r.Periods) != 1 {
		t.Errorf("%+v", a.Header)
	}
	if !(r.Blocks.Alpha.Low <= r.Blocks.Alpha.Value && r.Blocks.Alpha.Value <= r.Blocks.Alpha.High) {
		t.Errorf("α between %v and %v", r.Blocks.Alpha.Low, r.Blocks.Alpha.High)
	}

	documents := map[[2]string]int{{"mara", "ines"}: 3, {"mara", "jonas"}: 2, {"jonas", "ines"}: 2}
	for _, pair := range r.Pairs {
		if documents[pair.Names] != pair.Documents {
			t.Errorf("%v share %d documents", pair.Names, pair.Documents)
		}
		if pair.Names == [2]string{"mara", "jonas"} {
			is(t, "κ", pair.Blocks.Kappa, 10./13, 9)
			is(t, "F1 of the pair", pair.Exact, 1, 2)
		}
	}
	if len(r.Pairs) != 3 {
		t.Errorf("%d pairs", len(r.Pairs))
	}
	clean(t, s)
}

func TestAReportIsKeptUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	s, p, who, e := disagreeing(t)
	if kept, fresh, err := s.KeptAgreement(t.Context(), p, db.AgreementOptions{}); err != nil || fresh || !kept.At.IsZero() {
		t.Fatalf("nobody has asked yet: %v %v %v", kept.At, fresh, err)
	}
	first := agreeing(t, s, p, db.AgreementOptions{})
	if again := agreeing(t, s, p, db.AgreementOptions{}); again.At != first.At {
		t.Error("it was made again")
	}
	changes := map[string]func(){
		"handed in again": func() {
			refused(t, act(t, s, 2, who["jonas"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(2, 2, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSubmit})))
		},
		"removed": func() {
			if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{1}, true, 0); err != nil {
				t.Fatal(err)
			}
		},
		"one restored for another": func() {
			if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{1}, false, 0); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond) // times are in milliseconds
			if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{4}, true, 0); err != nil {
				t.Fatal(err)
			}
		},
	}
	documents := map[string]int{"handed in again": 3, "removed": 2, "one restored for another": 2}
	for _, name := range []string{"handed in again", "removed", "one restored for another"} {
		changes[name]()
		kept, fresh, err := s.KeptAgreement(t.Context(), p, db.AgreementOptions{})
		if err != nil || fresh || kept.At.IsZero() {
			t.Errorf("%s: the old report is there and out of date: %v %v %v", name, kept.At, fresh, err)
		}
		if n := agreeing(t, s, p, db.AgreementOptions{}).Report.Documents; n != documents[name] {
			t.Errorf("%s: %d documents", name, n)
		}
	}
	clean(t, s)
}

func TestAgreementOfSomeDocumentsAndLabels(t *testing.T) {
	t.Parallel()
	s, p, who, e := disagreeing(t)
	whole := agreeing(t, s, p, db.AgreementOptions{}).Report
	if len(whole.Labels) != len(p.Labels) || whole.Labels[0].Name != "PER" || whole.Labels[0].Exact.Spans != 6 || whole.Labels[1].Exact.Why != agreement.NotMarked {
		t.Errorf("%+v", whole.Labels)
	}
	of := agreeing(t, s, p, db.AgreementOptions{Label: 1})
	if of.Label != "PER" || len(of.Report.Labels) != 1 || of.Report.Exact.Value != whole.Exact.Value || of.Report.Unitizing.Value != whole.Unitizing.Value || of.Report.Blocks.Alpha.Value != whole.Blocks.Alpha.Value {
		t.Errorf("PER alone: %+v", of.Report.Figures)
	}
	if none := agreeing(t, s, p, db.AgreementOptions{Label: 2}).Report; none.Exact.Why != agreement.NoPair || none.Unitizing.Why != agreement.NoSpan || none.Documents != 3 {
		t.Errorf("a label that nobody used: %+v", none)
	}
	if _, err := s.Agreement(t.Context(), p, db.AgreementOptions{Label: 99}); err == nil {
		t.Error("a label that there is not")
	}

	now := time.Now()
	for name, c := range map[string]struct {
		o db.AgreementOptions
		n int
	}{
		"since":          {db.AgreementOptions{Since: now.Add(-time.Hour)}, 3},
		"since later":    {db.AgreementOptions{Since: now.Add(time.Hour)}, 0},
		"until":          {db.AgreementOptions{Until: now.Add(time.Hour)}, 3},
		"until earlier":  {db.AgreementOptions{Until: now.Add(-time.Hour)}, 0},
		"of an hour ago": {db.AgreementOptions{Since: now.Add(-2 * time.Hour), Until: now.Add(-time.Hour)}, 0},
	} {
		a := agreeing(t, s, p, c.o)
		if a.Report.Documents != c.n || a.Wanted != 4 || a.Covered != 3 {
			t.Errorf("%s: %d documents, %+v", name, a.Report.Documents, a.Header)
		}
		if c.n == 0 && a.Report.Blocks.Alpha.Why != agreement.NoDocument {
			t.Errorf("%s: %q", name, a.Report.Blocks.Alpha.Why)
		}
	}

	// A page was shared when the second person handed in, whatever came later.
	var before, after int64
	if err := s.Scan(t.Context(), `SELECT at FROM shared WHERE document_id = 2`, nil, &before); err != nil {
		t.Fatal(err)
	}
	refused(t, act(t, s, 2, who["mara"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(corpus.Event{Kind: corpus.KindSubmit})))
	agreeing(t, s, p, db.AgreementOptions{})
	if err := s.Scan(t.Context(), `SELECT at FROM shared WHERE document_id = 2`, nil, &after); err != nil || after != before {
		t.Errorf("shared at %d, then at %d, %v", before, after, err)
	}
}

func TestAgreementOfAReleaseIsThatOfItsTime(t *testing.T) {
	t.Parallel()
	s, p, who := team(t, 2, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "jonas")
	var e event
	for _, id := range []corpus.DocumentID{1, 2} {
		refused(t, act(t, s, id, who["mara"], hands(&e, 2)...))
		refused(t, act(t, s, id, who["jonas"], hands(&e, 2)...))
	}
	r, err := s.AddRelease(t.Context(), db.ReleaseOptions{Project: p.ID, Name: "1.0"})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	refused(t, act(t, s, 1, who["jonas"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(class(0, 3, corpus.Boilerplate)), e.of(corpus.Event{Kind: corpus.KindSubmit})))
	refused(t, act(t, s, 2, who["jonas"], e.of(corpus.Event{Kind: corpus.KindReopen}), e.of(corpus.Event{Kind: corpus.KindSkip})))

	// Now one page is shared: two blocks of four differ, so with n = 8, B 2 and
	// X 6, α is 1 − 4·7/(2·2·6) = −1/6. Then both agreed on all eight.
	if now := agreeing(t, s, p, db.AgreementOptions{}); now.Report.Documents != 1 || math.Abs(now.Report.Blocks.Alpha.Value+1./6) > 1e-12 {
		t.Errorf("now: %+v", now.Report.Blocks.Alpha)
	}
	then := agreeing(t, s, p, db.AgreementOptions{Release: &r})
	if then.Report.Documents != 2 || then.Report.Blocks.Alpha.Value != 1 || then.Release != "1.0" || then.Wanted != 2 || then.Covered != 2 {
		t.Errorf("then: %+v %+v", then.Header, then.Report.Blocks.Alpha)
	}
	clean(t, s)
}

func TestWhyThereIsNoAgreement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bodies []int // blocks of body that each person hands in for the one page
		alpha  float64
		why    string
	}{
		"nobody has labelled anything":  {nil, math.NaN(), agreement.NoDocument},
		"no page was labelled twice":    {[]int{2}, math.NaN(), agreement.NoDocument},
		"all agree and chose one class": {[]int{4, 4}, math.NaN(), agreement.OneClass},
		// n = 8, four of each class and every unit differs: 1 − 8·7/(2·4·4).
		"two who disagree throughout": {[]int{4, 0}, -.75, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names := []string{"mara", "jonas"}
			s, p, who := team(t, 1, func(p *corpus.Project) { p.Overlap = 2 }, names...)
			var e event
			for i, body := range c.bodies {
				refused(t, act(t, s, 1, who[names[i]], hands(&e, body)...))
			}
			r := agreeing(t, s, p, db.AgreementOptions{}).Report
			if a := r.Blocks.Alpha; a.Why != c.why || !(math.Abs(a.Value-c.alpha) < 1e-12 || math.IsNaN(a.Value) && math.IsNaN(c.alpha)) {
				t.Errorf("%+v", a)
			}
			if r.Exact.Defined() || r.Exact.Why == "" || r.Unitizing.Defined() || r.Unitizing.Why == "" {
				t.Errorf("spans that nobody marked: %+v %+v", r.Exact, r.Unitizing)
			}
		})
	}
}

func TestCheckFindsAgreementThatIsNotTrue(t *testing.T) {
	t.Parallel()
	s, p, _, _ := disagreeing(t)
	agreeing(t, s, p, db.AgreementOptions{})
	for _, change := range []string{
		`UPDATE shared SET content = (SELECT content FROM shared WHERE document_id = 1) WHERE document_id = 2`,
		`UPDATE shared SET at = at + 1 WHERE document_id = 4`,
		`DELETE FROM shared WHERE document_id = 1`,
	} {
		if err := s.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := s.Check(t.Context(), func(string) {})
	if err != nil || len(problems) != 3 {
		t.Fatalf("%q %v", problems, err)
	}
	for _, want := range []string{"document 1 was labelled by several people", "document 2: the kept agreement", "document 4: the kept agreement"} {
		if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, want) }) {
			t.Errorf("no %q in %q", want, problems)
		}
	}
}

// sharedBy fills a store with n pages that two of so many people labelled, by
// rows: through the screens it would take an hour. With empty summaries the
// submissions are there to make them from; else the summaries alone.
func sharedBy(b *testing.B, n, people int, empty bool) (*db.Store, corpus.Project) {
	b.Helper()
	s, p, who := filled(b, n, people, false)
	run := func(query string, args ...any) {
		if err := s.Exec(b.Context(), query, args...); err != nil {
			b.Fatal(err)
		}
	}
	run(`UPDATE document_states SET wanted = 2, state = 'review', room = 0`)
	of := func(i int) (int, int) { return i % people, (i + 1 + i%(people-1)) % people }
	if !empty {
		for i := range n {
			x, y := of(i)
			d := newsPage(i, false).Document
			d.ID = corpus.DocumentID(i + 1)
			t := agreement.Tallied(d, []agreement.Labelling{labelled(d, who[x], 0), labelled(d, who[y], i%4)})
			run(`INSERT INTO shared (document_id, project_id, at, content) VALUES (?, ?, ?, ?)`, d.ID, p.ID, 1_700_000_000_000+int64(i)*60_000, t.Marshal())
		}
		return s, p
	}
	for i := range n {
		x, y := of(i)
		for k, a := range []corpus.Annotator{who[x], who[y]} {
			run(`INSERT INTO annotations (document_id, annotator_id, project_id, purpose, status, opened_at, submitted_at) VALUES (?, ?, ?, 'label', 'submitted', 1, 1)`, i+1, a.ID, p.ID)
			content, err := db.EncodeLabelling(labelled(newsPage(i, false).Document, a, k*(i%4)))
			if err != nil {
				b.Fatal(err)
			}
			run(`INSERT INTO submissions (annotation_id, document_id, annotator_id, at, content) VALUES (?, ?, ?, ?, ?)`, 2*i+k+1, i+1, a.ID, 1_700_000_000_000+int64(i)*60_000, content)
		}
		run(`INSERT INTO shared (document_id, project_id, at, content) VALUES (?, ?, 1, x'')`, i+1, p.ID)
	}

	return s, p
}

// labelled is the page as a person labelled it who differs in so many blocks
// and spans.
func labelled(d corpus.Document, who corpus.Annotator, differ int) agreement.Labelling {
	l := agreement.Labelling{Annotator: who.ID}
	for i, block := range d.Blocks {
		piece := corpus.Piece{Range: block.Range, Class: corpus.Body}
		if i > 15-differ {
			piece.Class = corpus.Boilerplate
		}
		l.Pieces = append(l.Pieces, piece)
		if i%5 == 0 && i <= 15-5*differ {
			l.Spans = append(l.Spans, corpus.Span{Range: text.Range{Start: block.Start, End: block.Start + 6}, Label: 1})
		}
	}
	return l
}

func BenchmarkAgreement(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("documents=%d", n), func(b *testing.B) {
			s, p := sharedBy(b, n, 10, false)
			for b.Loop() {
				p.Overlap++ // another project, as far as kept reports go
				if r := agreeing(b, s, p, db.AgreementOptions{}).Report; r.Documents != n {
					b.Fatalf("%d documents", r.Documents)
				}
			}
		})
	}
}

func BenchmarkAgreementKept(b *testing.B) {
	s, p := sharedBy(b, 10_000, 10, false)
	agreeing(b, s, p, db.AgreementOptions{})
	for b.Loop() {
		if _, fresh, err := s.KeptAgreement(b.Context(), p, db.AgreementOptions{}); err != nil || !fresh {
			b.Fatal(fresh, err)
		}
	}
}

func BenchmarkAgreementFirst(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s, p := sharedBy(b, 2_000, 10, true)
		b.StartTimer()
		if r := agreeing(b, s, p, db.AgreementOptions{}).Report; r.Documents != 2_000 {
			b.Fatalf("%d documents", r.Documents)
		}
	}
}
