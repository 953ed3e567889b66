package db_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/text"
)

// having finds whole blocks with a text.
func having(want string) func(corpus.Document) []text.Range {
	return func(d corpus.Document) (out []text.Range) {
		x := text.NewIndex(d.Text)
		for _, b := range d.Blocks {
			if x.Slice(b.Range) == want {
				out = append(out, b.Range)
			}
		}
		return out
	}
}

func ruling(p corpus.Project, site, key string, class corpus.Class) corpus.Ruling {
	return corpus.Ruling{Project: p.ID, About: corpus.OfBlock, Site: site, Key: key, Sample: key, Class: class}
}

func rule(t testing.TB, s *db.Store, r corpus.Ruling, by corpus.AnnotatorID) corpus.RulingID {
	t.Helper()
	id, err := s.AddRuling(t.Context(), r, by)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// says writes what counts on a site: "a.example menu body".
func says(t testing.TB, s *db.Store, p corpus.Project, site string) (out []string) {
	t.Helper()
	all, err := s.Rulings(t.Context(), p.ID, site)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Site, r.Key, r.Class)))
	}
	return out
}

func TestTheNewestRulingThatNobodyUndidCounts(t *testing.T) {
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "News"), dbtest.Project(t, s, "Other")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	load(t, s, p, onSite("a", "a.example", "one", "menu"), onSite("b", "b.example", "two", "menu"))
	load(t, s, other, onSite("a", "a.example", "one", "menu"))

	rule(t, s, ruling(p, "", "menu", corpus.Body), mara.ID)
	first := rule(t, s, ruling(p, "a.example", "menu", corpus.Boilerplate), mara.ID)
	last := rule(t, s, ruling(p, "a.example", "menu", corpus.Undecided), 0)
	rule(t, s, ruling(other, "a.example", "menu", corpus.Body), mara.ID)

	if got, want := says(t, s, p, "a.example"), []string{"a.example menu", "menu body"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := says(t, s, p, "b.example"), []string{"menu body"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	before, err := s.NewestRuling(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UndoRuling(t.Context(), p.ID, last, mara.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := says(t, s, p, "a.example"), []string{"a.example menu boilerplate", "menu body"}; !slices.Equal(got, want) {
		t.Errorf("after the undo %q, want %q", got, want)
	}
	if after, err := s.NewestRuling(t.Context(), p.ID); err != nil || after <= before {
		t.Errorf("the newest was %d and is %d, %v: who holds rulings does not learn of the undo", before, after, err)
	}

	if _, err := s.UndoRuling(t.Context(), p.ID, last, mara.ID); !isInvalid(err, "undone already") {
		t.Errorf("undone twice: %v", err)
	}
	if _, err := s.UndoRuling(t.Context(), other.ID, first, mara.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("of another project: %v", err)
	}
	log, err := s.Log(t.Context(), corpus.LogFilter{Project: p.ID, Kind: "ruling-undone"})
	if err != nil || len(log) != 1 || log[0].By != "mara" || string(log[0].Change) != `{"as":"open","where":"on a.example"}` {
		t.Errorf("%+v %v", log, err)
	}
	if problems, err := s.Check(t.Context(), func(string) {}); err != nil || len(problems) > 0 {
		t.Errorf("%q %v", problems, err)
	}
}

func isInvalid(err error, part string) bool {
	invalid, ok := errors.AsType[*corpus.Invalid](err)
	return ok && strings.Contains(invalid.Reason, part)
}

func TestARulingThatCannotBeIsRefused(t *testing.T) {
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "News"), dbtest.Project(t, s, "Other")
	load(t, s, p, onSite("a", "a.example", "one", "menu"))
	load(t, s, other, lines("b", "two"))
	p.Labels[4].Retired = true
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	span := func(label corpus.LabelID) corpus.Ruling {
		return corpus.Ruling{Project: p.ID, About: corpus.OfSpan, Key: "Ada", Sample: "Ada", Label: label}
	}
	leaving := ruling(p, "", "menu", corpus.Body)
	leaving.Without = []corpus.Place{{Document: 2, Start: 0}}

	for want, r := range map[string]corpus.Ruling{
		"nothing in it":           ruling(p, "", "", corpus.Body),
		"is body":                 ruling(p, "", "menu", "advert"),
		"from the site":           ruling(p, "b.example", "menu", corpus.Body),
		"more than 20000 bytes":   ruling(p, "", strings.Repeat("שלום", 3000), corpus.Body),
		"no label number 77":      span(77),
		"label \"MISC\" is retir": span(5),
	} {
		if _, err := s.AddRuling(t.Context(), r, 0); !isInvalid(err, want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	if _, err := s.AddRuling(t.Context(), leaving, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a place of another project is left out: %v", err)
	}
	if got := says(t, s, p, "a.example"); len(got) != 0 {
		t.Errorf("refused, and there: %q", got)
	}
	if err := s.Exec(t.Context(), `INSERT INTO rulings (project_id, kind, site, key, sample, class, label_id, at) VALUES (1, 'block', '', 'k', 'k', 'body', 3, 0)`); err == nil {
		t.Error("the file keeps a block with a label")
	}
	rule(t, s, span(0), 0)
	if err := s.Exec(t.Context(), `UPDATE rulings SET label_id = 1`); err == nil {
		t.Error("the file changes what was settled")
	}
}

func TestCheckSeesARulingThatUndoesAnother(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	id := rule(t, s, ruling(p, "", "menu", corpus.Body), 0)
	err := s.Exec(t.Context(), `INSERT INTO rulings (project_id, kind, site, key, sample, class, label_id, at, undoes) VALUES (1, 'block', '', 'else', 'else', 'body', 0, 0, ?)`, id)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := s.Check(t.Context(), func(string) {})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "ruling 2 undoes ruling 1") {
		t.Errorf("%q %v", problems, err)
	}
}

// What people settle stands in hard texts: a name after an emoji, right to left,
// no-break spaces, CRLF, signs alone.
func TestATextIsFoundWhereItStands(t *testing.T) {
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "News"), dbtest.Project(t, s, "Other")
	hard := []string{"Share this 😀 page", "שתפו את הדף", "34\u00a0comments", "Cafe\u0301 und Tee", "❦ ❦"}
	for i := range 3 {
		site := []string{"a.example", "a.example", ""}[i]
		in := lines(fmt.Sprint("page", i), fmt.Sprintf("😀 Page %d\n%s", i, strings.Join(hard, "\n")))
		in.Site = site
		load(t, s, p, in)
	}
	load(t, s, other, lines("page", strings.Join(hard, "\n")))
	if n, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{2}, true, 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}

	for _, sample := range hard {
		for site, want := range map[string][]corpus.DocumentID{"": {3, 1}, "a.example": {1}, "b.example": nil} {
			finds, err := s.Find(t.Context(), db.TextSearch{Project: p.ID, Site: site, Text: sample, In: having(sample)})
			if err != nil {
				t.Fatal(err)
			}
			var got []corpus.DocumentID
			for _, f := range finds.List {
				got = append(got, f.Document.ID)
				if q := text.NewIndex(f.Document.Text).Slice(f.Places[0]); q != sample {
					t.Errorf("%q stands at %v, not %q", q, f.Places[0], sample)
				}
			}
			if !slices.Equal(got, want) || finds.More {
				t.Errorf("%q on %q: documents %v, want %v; more: %v", sample, site, got, want, finds.More)
			}
		}
	}
}

// Looking is bounded, and says so.
func TestLookingForATextEnds(t *testing.T) {
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News")
	var docs []corpus.Incoming
	for i := range 510 {
		in := lines(fmt.Sprint("page", i), fmt.Sprintf("Page %d\nmenu\nmenu", i))
		in.Site = "a.example"
		docs = append(docs, in)
	}
	load(t, s, p, docs...)
	for what, want := range map[string][2]int{"menu": {100, 200}, "Page 3": {500, 0}, "Page 400": {500, 1}} {
		finds, err := s.Find(t.Context(), db.TextSearch{Project: p.ID, Site: "a.example", Text: what, In: having(what)})
		if err != nil || finds.Looked != want[0] || finds.Places() != want[1] || !finds.More {
			t.Errorf("%q: looked through %d, found %d, more: %v, %v; want %v", what, finds.Looked, finds.Places(), finds.More, err, want)
		}
	}
	finds, err := s.Find(t.Context(), db.TextSearch{Project: p.ID, Text: "nowhere", In: having("nowhere")})
	if err != nil || finds.Looked != 0 || finds.More {
		t.Errorf("%+v %v", finds, err)
	}
}
