package db_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// starts are where the blocks of page begin.
var starts = []int{0, 16, 49, 51}

func suggestions() corpus.Suggestions {
	return corpus.Suggestions{
		Blocks: []corpus.BlockSuggestion{
			{Block: starts[0], Class: corpus.Body, P: .9, Source: "run:old"},
			{Block: starts[1], Class: corpus.Body, P: .975, Source: "run:old"},
			{Block: starts[2], Class: corpus.Boilerplate, P: .99, Source: corpus.FromMemory, Pages: 14},
			{Block: starts[3], Class: corpus.Body, P: .5, Source: "run:old"},
		},
		Spans: []corpus.SpanSuggestion{{Range: text.Range{Start: 25, End: 39}, Label: 1, P: .75, Source: corpus.FromGazetteer}},
	}
}

// ruler shows that the positions above are those of the page.
func TestTheSuggestionsOfTheseTestsFitTheirPage(t *testing.T) {
	d := lines("harbour", page).Document
	for i, b := range d.Blocks {
		if b.Start != starts[i] {
			t.Errorf("block %d starts at %d, not %d", i, b.Start, starts[i])
		}
	}
	if quote := string([]rune(page)[25:39]); quote != "Mara Lindqvist" {
		t.Errorf("the span is %q", quote)
	}
}

func TestWhatWasSuggestedStaysOnceAPersonHasBegun(t *testing.T) {
	s, p, people := team(t, 1, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "ines")
	id := claim(t, s, p, people["mara"], 0)

	if _, err := s.Suggested(t.Context(), id, people["mara"].ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Fatalf("nothing was suggested: %v", err)
	}
	keep := func(who string, shown corpus.Shown) corpus.Shown {
		t.Helper()
		out, err := s.KeepSuggested(t.Context(), id, people[who].ID, shown)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := keep("mara", corpus.Shown{Arm: corpus.ArmShown, Suggestions: suggestions()})
	if !slices.Equal(first.Blocks, suggestions().Blocks) || !slices.Equal(first.Spans, suggestions().Spans) || first.Arm != corpus.ArmShown || first.At.IsZero() {
		t.Fatalf("kept: %+v", first)
	}

	other := corpus.Suggestions{Blocks: suggestions().Blocks[:1]}
	if out := keep("mara", corpus.Shown{Arm: corpus.ArmBlind, Suggestions: other}); out.Arm != corpus.ArmBlind || len(out.Blocks) != 1 {
		t.Errorf("before the first action, what is known now counts: %+v", out)
	}
	keep("mara", corpus.Shown{Arm: corpus.ArmShown, Suggestions: suggestions()})

	var e event
	if a, err := s.Act(t.Context(), id, people["mara"].ID, []corpus.Event{e.of(corpus.Event{Kind: corpus.KindNote, Note: new(string)})}); err != nil || len(a.Refused) > 0 {
		t.Fatal(err, a.Refused)
	}
	if out := keep("mara", corpus.Shown{Arm: corpus.ArmBlind, Suggestions: other}); out.Arm != corpus.ArmShown || len(out.Blocks) != 4 {
		t.Errorf("once something was done, what was shown stays: %+v", out)
	}

	// Who began without suggestions gets none later.
	if a, err := s.Act(t.Context(), id, people["ines"].ID, []corpus.Event{e.of(corpus.Event{Kind: corpus.KindNote, Note: new(string)})}); err != nil {
		t.Fatal(err, a.Refused)
	}
	if out := keep("ines", corpus.Shown{Arm: corpus.ArmShown, Suggestions: suggestions()}); !out.Empty() {
		t.Errorf("suggestions came after the first action: %+v", out)
	}
}

// begin claims a document for mara and suggests something for it.
func begin(t *testing.T, arm corpus.Arm) (*db.Store, corpus.Project, corpus.Annotator, corpus.DocumentID) {
	t.Helper()
	s, p, people := team(t, 0, func(*corpus.Project) {}, "mara")
	load(t, s, p, lines("harbour", page))
	mara := people["mara"]
	id := claim(t, s, p, mara, 0)
	if _, err := s.KeepSuggested(t.Context(), id, mara.ID, corpus.Shown{Arm: arm, Suggestions: suggestions()}); err != nil {
		t.Fatal(err)
	}

	return s, p, mara, id
}

func TestWhatBecameOfSuggestionsIsCounted(t *testing.T) {
	s, p, mara, id := begin(t, corpus.ArmShown)

	var e event
	a, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts[0], To: starts[1], Class: corpus.Body, Source: "run:old"}),
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts[2], To: starts[2], Class: corpus.Boilerplate, Source: corpus.FromMemory}),
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts[3], To: starts[3], Class: corpus.Boilerplate}),
		e.of(corpus.Event{Kind: corpus.KindSpans, Source: corpus.FromGazetteer, Add: []corpus.SpanEvent{{ID: "span-0001", Block: starts[1], From: 9, To: 23, Label: 1, Quote: "Mara Lindqvist"}}}),
		e.of(corpus.Event{Kind: corpus.KindSubmit}),
	})
	if err != nil || len(a.Refused) > 0 {
		t.Fatal(err, a.Refused)
	}

	all, err := s.Acceptance(t.Context(), p.ID)
	want := []corpus.Acceptance{
		{Arm: corpus.ArmShown, Source: "run:old", Documents: 1, Blocks: 3, BlocksKept: 2},
		{Arm: corpus.ArmShown, Source: corpus.FromGazetteer, Documents: 1, Spans: 1, SpansKept: 1},
		{Arm: corpus.ArmShown, Source: corpus.FromMemory, Documents: 1, Blocks: 1, BlocksKept: 1},
	}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("counted %+v, want %+v (%v)", all, want, err)
	}
	efforts, err := s.ArmEfforts(t.Context(), p.ID)
	if err != nil || len(efforts) != 1 || efforts[0].Arm != corpus.ArmShown || efforts[0].Document != id || efforts[0].Compared {
		t.Errorf("efforts: %+v (%v)", efforts, err)
	}
	if problems, err := s.Check(t.Context(), func(string) {}); err != nil || len(problems) > 0 {
		t.Errorf("check: %q (%v)", problems, err)
	}

	behind(t, s, `UPDATE corrections SET blocks_kept = 3 WHERE source = 'run:old'`)
	problems, err := s.Check(t.Context(), func(string) {})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "does not add up") {
		t.Errorf("a wrong count was not found: %q (%v)", problems, err)
	}
}

func TestABlockThatWasSplitIsKeptOnlyAsAWhole(t *testing.T) {
	s, p, mara, id := begin(t, corpus.ArmBlind)

	var e event
	a, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts[0], To: starts[3], Class: corpus.Body}),
		e.of(corpus.Event{Kind: corpus.KindSplit, Block: starts[1], At: 9}),
		e.of(corpus.Event{Kind: corpus.KindClass, From: starts[1] + 9, To: starts[1] + 9, Class: corpus.Boilerplate}),
		e.of(corpus.Event{Kind: corpus.KindSubmit}),
	})
	if err != nil || len(a.Refused) > 0 {
		t.Fatal(err, a.Refused)
	}
	all, err := s.Acceptance(t.Context(), p.ID)
	if err != nil || len(all) != 3 || all[0] != (corpus.Acceptance{Arm: corpus.ArmBlind, Source: "run:old", Documents: 1, Blocks: 3, BlocksKept: 2}) {
		t.Errorf("counted %+v (%v)", all, err)
	}
}

func TestASourceThatCannotBeKeptIsRefused(t *testing.T) {
	s, _, mara, id := begin(t, corpus.ArmShown)

	var e event
	for _, source := range []string{strings.Repeat("x", corpus.MaxSource+1), "two\nlines"} {
		a, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{e.of(corpus.Event{Kind: corpus.KindClass, From: starts[0], To: starts[0], Class: corpus.Body, Source: source})})
		if err != nil || len(a.Refused) != 1 {
			t.Errorf("source %.20q: %+v (%v)", source, a.Refused, err)
		}
	}
}

func TestTheNewestModelSpeaks(t *testing.T) {
	s, p, _ := team(t, 0, func(*corpus.Project) {}, "mara")
	if _, err := s.Model(t.Context(), p.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Fatalf("no model: %v", err)
	}
	for i, content := range []string{"first", "second"} {
		if _, err := s.AddModel(t.Context(), corpus.Model{Project: p.ID, Seed: int64(i), Documents: 5 + i, Report: "{}", Content: []byte(content)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	m, err := s.Model(t.Context(), p.ID)
	if err != nil || string(m.Content) != "second" || m.Documents != 6 || m.Trained.IsZero() {
		t.Errorf("the newest: %+v (%v)", m, err)
	}
	all, err := s.Models(t.Context(), p.ID, 10)
	if err != nil || len(all) != 2 || all[0].ID != m.ID || all[1].Documents != 5 {
		t.Errorf("all: %+v (%v)", all, err)
	}
}

func TestTheArmsAreDrawnApartFromTheOverlap(t *testing.T) {
	set, err := corpus.Settings{Overlap: 2, OverlapShare: 50, SuggestShare: 50}.Whole()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[[2]bool]int{}
	for shuffle := range int64(10_000) {
		counts[[2]bool{set.Wanted(shuffle) == 2, set.Arm(shuffle) == corpus.ArmShown}]++
	}
	for _, overlap := range []bool{true, false} {
		for _, shown := range []bool{true, false} {
			if n := counts[[2]bool{overlap, shown}]; n != 2500 {
				t.Errorf("overlap %v, shown %v: %d of 10 000", overlap, shown, n)
			}
		}
	}
}

func TestAPageOfASiteComesWithItsGold(t *testing.T) {
	s, p, _ := team(t, 0, func(*corpus.Project) {}, "mara")
	of := func(id, site string, in corpus.Incoming) corpus.Incoming {
		in.Document.ExternalID, in.Document.URL, in.Document.Site = id, "https://"+site+"/"+id, site
		return in
	}
	load(t, s, p,
		of("a", "news.example", goldPage("a", 2, "mara")), of("b", "news.example", lines("b", page+"\nb")), of("c", "other.example", goldPage("c", 1, "mara")),
		of("d", "news.example", goldPage("d", 3, "mara")), of("e", "", lines("e", page+"\ne")))

	pages, err := s.SitePages(t.Context(), p.ID, "news.example", 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range pages {
		name := one.Document.ExternalID
		if one.Gold != nil {
			name += " gold"
		}
		got = append(got, name)
	}
	if !slices.Equal(got, []string{"d gold", "a gold", "b"}) {
		t.Errorf("pages: %q", got)
	}
	if pages, err := s.SitePages(t.Context(), p.ID, "news.example", 1, 0); err != nil || len(pages) != 1 || pages[0].Document.ExternalID != "d" {
		t.Errorf("at most one: %d pages (%v)", len(pages), err)
	}
	if pages, err := s.SitePages(t.Context(), p.ID, "", 10, 10); err != nil || len(pages) > 0 {
		t.Errorf("pages without a site have none in common: %d (%v)", len(pages), err)
	}

	came, err := s.GoldSince(t.Context(), p.ID, 0, 10)
	if err != nil || len(came) != 3 || came[0].Site != "news.example" || came[2].ID <= came[0].ID {
		t.Fatalf("gold: %+v (%v)", came, err)
	}
	if rest, err := s.GoldSince(t.Context(), p.ID, came[1].ID, 10); err != nil || len(rest) != 1 {
		t.Errorf("since the second: %+v (%v)", rest, err)
	}
	if n, err := s.GoldCount(t.Context(), p.ID); err != nil || n != 3 {
		t.Errorf("%d with gold (%v)", n, err)
	}
	var recent []string
	for g, err := range s.RecentGold(t.Context(), p.ID, 0, 2) {
		if err != nil {
			t.Fatal(err)
		}
		recent = append(recent, g.Document.ExternalID)
	}
	if !slices.Equal(recent, []string{"c", "d"}) {
		t.Errorf("the newest two: %q", recent)
	}
}

func TestGoldInDoubtIsLookedAtOnce(t *testing.T) {
	s, p, people := team(t, 0, func(*corpus.Project) {}, "mara")
	load(t, s, p, goldPage("a", 2, "mara"))
	var gold corpus.Gold
	for g, err := range s.RecentGold(t.Context(), p.ID, 0, 1) {
		if err != nil {
			t.Fatal(err)
		}
		gold = g
	}
	look := func(i int, p float64) corpus.SecondLook {
		return corpus.SecondLook{Document: gold.Document.ID, Gold: gold.ID, Block: gold.Document.Blocks[i].Range, Class: corpus.Body, P: p, Runs: 2}
	}
	model := func(looks ...corpus.SecondLook) {
		t.Helper()
		if _, err := s.AddModel(t.Context(), corpus.Model{Project: p.ID, Report: "{}", Content: []byte("x")}, looks); err != nil {
			t.Fatal(err)
		}
	}
	there := func(v corpus.Verdict) (out []int) {
		t.Helper()
		looks, all, err := s.SecondLooks(t.Context(), p.ID, v, 10)
		if err != nil || all != len(looks) {
			t.Fatal(all, err)
		}
		for _, l := range looks {
			out = append(out, l.Block.Start)
		}
		return out
	}

	model(look(1, .08), look(0, .02))
	if got := there(corpus.Unseen); !slices.Equal(got, []int{gold.Document.Blocks[0].Start, gold.Document.Blocks[1].Start}) {
		t.Fatalf("the most doubtful comes first: %v", got)
	}
	looks, _, err := s.SecondLooks(t.Context(), p.ID, corpus.Unseen, 1)
	if err != nil || len(looks) != 1 || looks[0].Text == "" || looks[0].Before != "" || looks[0].After == "" {
		t.Errorf("with its texts: %+v (%v)", looks, err)
	}

	if err := s.JudgeLook(t.Context(), p.ID, gold.Document.ID, gold.Document.Blocks[0].Start, corpus.Confirmed, people["mara"].ID); err != nil {
		t.Fatal(err)
	}
	model(look(0, .01), look(2, .05))
	if got := there(corpus.Unseen); !slices.Equal(got, []int{gold.Document.Blocks[2].Start}) {
		t.Errorf("what was confirmed is not asked again: %v", got)
	}
	if got := there(corpus.Confirmed); len(got) != 1 {
		t.Errorf("confirmed: %v", got)
	}
	if err := s.JudgeLook(t.Context(), p.ID, gold.Document.ID, gold.Document.Blocks[0].Start, corpus.Unseen, people["mara"].ID); err != nil {
		t.Fatal(err)
	}
	if got := there(corpus.Unseen); len(got) != 2 {
		t.Errorf("taken back, it is asked again: %v", got)
	}
	if err := s.JudgeLook(t.Context(), p.ID, gold.Document.ID, 9999, corpus.Confirmed, people["mara"].ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("no such block: %v", err)
	}
	if err := s.JudgeLook(t.Context(), p.ID, gold.Document.ID, 0, "maybe", people["mara"].ID); err == nil {
		t.Error("a verdict that there is not was taken")
	}
}

func TestAgreementIsToldApartByArm(t *testing.T) {
	s, p, people := team(t, 3, func(p *corpus.Project) { p.Overlap = 2 }, "mara", "ines")
	hand := func(id corpus.DocumentID, who string, body int, arm corpus.Arm) {
		t.Helper()
		if arm != "" {
			if _, err := s.KeepSuggested(t.Context(), id, people[who].ID, corpus.Shown{Arm: arm, Suggestions: suggestions()}); err != nil {
				t.Fatal(err)
			}
		}
		handIn(t, s, id, people[who], body)
	}
	// On document 1 both say the same, on document 2 the opposite; on document 3
	// one was shown suggestions and the other was not.
	hand(1, "mara", 2, corpus.ArmShown)
	hand(1, "ines", 2, corpus.ArmShown)
	hand(2, "mara", 4, corpus.ArmBlind)
	hand(2, "ines", 0, corpus.ArmBlind)
	hand(3, "mara", 2, corpus.ArmShown)
	hand(3, "ines", 2, corpus.ArmBlind)

	for arm, want := range map[corpus.Arm]struct {
		documents int
		raw       float64
	}{corpus.ArmShown: {1, 1}, corpus.ArmBlind: {1, 0}, "": {3, 8. / 12}} {
		a, err := s.Agreement(t.Context(), p, db.AgreementOptions{Arm: arm})
		if err != nil {
			t.Fatal(err)
		}
		if f := a.Report.Figures; f.Documents != want.documents || f.Blocks.Raw.Value != want.raw {
			t.Errorf("arm %q: %d documents, raw agreement %v; want %+v", arm, f.Documents, f.Blocks.Raw.Value, want)
		}
	}
	if n, err := s.SharedDocuments(t.Context(), p.ID); err != nil || n != 3 {
		t.Errorf("%d documents are shared (%v)", n, err)
	}
}
