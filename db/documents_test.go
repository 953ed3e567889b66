package db_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

func TestDocumentsAreFiltered(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "other")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	doc := func(id, content, site, language string) corpus.Incoming {
		d := lines(id, content)
		d.Site, d.Language = site, language
		return d
	}
	load(t, s, p,
		doc("bridge", page, "example.org", "en"),
		doc("Brücke", "Die Brücke wird geschlossen", "example.org", "de"),
		doc("ferry", "The ferry is back.\nIt's a \"well-known\" route: C++, x*y, 50% NEAR AND OR NOT", "news.example", "en"),
		doc("שלום", "שלום עולם 🌉 café cafe\u0301 مرحبا", "", ""),
		doc("gone", "The bridge that was removed", "example.org", "en"),
	)
	load(t, s, p, doc("ferry", "The ferry is back, corrected.\nIt's a \"well-known\" route: C++, x*y, 50% NEAR AND OR NOT", "news.example", "en")) // 6 supersedes 3
	load(t, s, other, doc("bridge", page, "example.org", "en"))
	if _, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{5}, true, mara.ID); err != nil {
		t.Fatal(err)
	}
	var e event
	refused(t, act(t, s, 1, mara, submitAll(&e)...))

	type filter = corpus.DocumentFilter
	for name, c := range map[string]struct {
		filter
		want []corpus.DocumentID
	}{
		"all":                          {filter{}, []corpus.DocumentID{1, 2, 4, 6}},
		"a state":                      {filter{States: []corpus.State{corpus.Golden}}, []corpus.DocumentID{1}},
		"a state twice":                {filter{States: []corpus.State{corpus.Golden, corpus.Golden}}, []corpus.DocumentID{1}},
		"two states":                   {filter{States: []corpus.State{corpus.Golden, corpus.New}}, []corpus.DocumentID{1, 2, 4, 6}},
		"removed and superseded":       {filter{States: []corpus.State{corpus.Removed, corpus.Superseded}}, []corpus.DocumentID{3, 5}},
		"a state that does not exist":  {filter{States: []corpus.State{"lost"}}, nil},
		"site":                         {filter{Site: "example.org"}, []corpus.DocumentID{1, 2}},
		"no such site":                 {filter{Site: "example"}, nil},
		"language":                     {filter{Language: "en"}, []corpus.DocumentID{1, 6}},
		"site and language":            {filter{Site: "example.org", Language: "de"}, []corpus.DocumentID{2}},
		"site, language and state":     {filter{Site: "example.org", Language: "en", States: []corpus.State{corpus.New}}, nil},
		"after":                        {filter{After: 2}, []corpus.DocumentID{4, 6}},
		"a word":                       {filter{Query: "bridge"}, []corpus.DocumentID{1}},
		"a word in another case":       {filter{Query: "ALDport"}, []corpus.DocumentID{1}},
		"the start of a word":          {filter{Query: "lind"}, []corpus.DocumentID{1}},
		"two words":                    {filter{Query: "mara bri"}, []corpus.DocumentID{1}},
		"only the last is a start":     {filter{Query: "bri mara"}, nil},
		"a phrase":                     {filter{Query: `"Mara Lindqvist"`}, []corpus.DocumentID{1}},
		"a phrase in another order":    {filter{Query: `"Lindqvist Mara"`}, nil},
		"without its marks":            {filter{Query: "brucke"}, []corpus.DocumentID{2}},
		"composed or not":              {filter{Query: "cafe"}, []corpus.DocumentID{4}},
		"right to left":                {filter{Query: "עולם"}, []corpus.DocumentID{4}},
		"a name":                       {filter{Query: "שלום"}, []corpus.DocumentID{4}},
		"an operator is a word":        {filter{Query: "NOT"}, []corpus.DocumentID{6}},
		"words and punctuation":        {filter{Query: "C++ x*y (50%)"}, []corpus.DocumentID{6}},
		"blanks":                       {filter{Query: " \t\n"}, []corpus.DocumentID{1, 2, 4, 6}},
		"a word, state and site":       {filter{Query: "bridge", Site: "example.org", States: []corpus.State{corpus.Removed}}, []corpus.DocumentID{5}},
		"a word in an old version":     {filter{Query: "ferry", States: []corpus.State{corpus.Superseded}}, []corpus.DocumentID{3}},
		"a word after a document":      {filter{Query: "bridge", After: 1}, nil},
		"two at a time":                {filter{Limit: 2}, []corpus.DocumentID{1, 2, 4, 6}},
		"one at a time, with language": {filter{Limit: 1, Language: "en"}, []corpus.DocumentID{1, 6}},
	} {
		c.Project = p.ID
		var got []corpus.DocumentID
		for _, row := range listed(t, s, c.filter) {
			got = append(got, row.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}

	row := listed(t, s, filter{Project: p.ID, Query: "lindq"})[0]
	if row.Name != "bridge" || row.Site != "example.org" || row.Language != "en" || row.Blocks != 4 || row.Version != 1 || row.State != corpus.Golden || row.By != "mara" ||
		!strings.Contains(row.Snippet, "\x02Lindqvist\x03") {
		t.Errorf("%+v", row)
	}
	if sites, err := s.Sites(t.Context(), p.ID); err != nil || !slices.Equal(sites, []string{"example.org", "news.example"}) {
		t.Errorf("%v %v", sites, err)
	}
	if languages, err := s.Languages(t.Context(), p.ID); err != nil || !slices.Equal(languages, []string{"de", "en"}) {
		t.Errorf("%v %v", languages, err)
	}
	latest, err := s.Latest(t.Context(), p.ID, 10)
	if err != nil || len(latest) != 2 || latest[0].Changed.Before(latest[1].Changed) || latest[0].ID+latest[1].ID != 1+5 {
		t.Errorf("%+v %v", latest, err)
	}
}

func TestASearchNeverFails(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, lines("a", page), lines("emoji", "🌉 🌉"))
	for _, query := range []string{`"`, `""`, `"""`, `" "`, `a"`, `"a`, `"a" "`, `*`, `**`, `a*`, `*a`, `AND`, `OR`, `NOT`, `NEAR`, `NEAR(a b)`, `a AND`, `(`, `)`, `a:b`, `name:a`, `{name}:a`, `^a`, `-a`, `a-b`, `+`,
		`'`, `';--`, "\x00", "a\x00b", "🌉", "🌉 a", "\u0301", "a\u0301", "\u2028", "\u00a0", "\xff\xfe", "a\xffb", "שלום", "\u202e", "\\", "%", "_", "$1", "?1", ":x", "@x", ",", "...", "- -", strings.Repeat("🌉", 300), strings.Repeat("a ", 500), strings.Repeat("a", 5000)} {
		if _, err := s.Documents(t.Context(), corpus.DocumentFilter{Project: p.ID, Query: query}); err != nil {
			t.Errorf("%.20q: %v", query, err)
		}
	}
}

func TestAWordOfNothingButSignsHidesNoHits(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, lines("a", page))
	for _, query := range []string{"mara -", "- mara", "mara & lindqvist", "mara …", "… mara lind", `"mara lindqvist" -`, `mara ""`} {
		if got := listed(t, s, corpus.DocumentFilter{Project: p.ID, Query: query}); len(got) != 1 {
			t.Errorf("%q finds %d", query, len(got))
		}
	}
	for _, query := range []string{"nora -", "- nora"} {
		if got := listed(t, s, corpus.DocumentFilter{Project: p.ID, Query: query}); len(got) != 0 {
			t.Errorf("%q finds %d", query, len(got))
		}
	}
}

func TestPagingSeesEachRowOnceWhileRowsAreAdded(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	docs := many(300, "page")
	for i := range docs {
		docs[i].Site = fmt.Sprint("site-", i%2)
	}
	load(t, s, p, docs...)

	var adding sync.WaitGroup
	stop := make(chan bool)
	adding.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				d := lines(fmt.Sprint("later-", i), fmt.Sprint("Head later ", i))
				d.Site = "site-1"
				load(t, s, p, d)
			}
		}
	})
	for _, f := range []corpus.DocumentFilter{{}, {Query: "head"}, {Site: "site-1"}, {States: []corpus.State{corpus.New}}} {
		f.Project, f.Limit = p.ID, 7
		seen := map[corpus.DocumentID]int{}
		for f.After <= 300 {
			page, err := s.Documents(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range page.Rows {
				seen[row.ID]++
			}
			if f.After = page.Next; page.Next == 0 {
				break
			}
		}
		for id := corpus.DocumentID(1); id <= 300; id++ {
			want := 1
			if f.Site != "" && id%2 == 1 {
				want = 0
			}
			if seen[id] != want {
				t.Errorf("%+v: document %d was seen %d times", f, id, seen[id])
			}
		}
	}
	close(stop)
	adding.Wait()
	clean(t, s)
}

func TestOnlyDocumentsOfTheProjectAreRemoved(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p, other := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "other")
	load(t, s, p, many(2, "a")...)
	load(t, s, other, many(1, "b")...)
	if n, err := s.SetDocumentsRemoved(t.Context(), p.ID, []corpus.DocumentID{1, 3}, true, 0); err == nil {
		t.Errorf("%d removed over the border of a project", n)
	}
	if c := counts(t, s, p); c[corpus.New] != 2 {
		t.Errorf("half of it was kept: %v", c)
	}
	clean(t, s)
}

func TestASearchFindsWordsHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, lines("one", "Zoe\u0301's CAFÉ in Genève, 50\u00a0% off; 😀 e-mail: a_b"), lines("two", "東京の橋 Жизнь عربي नमस्ते"), lines("three", "in cafe Geneve nothing"))
	for typed, want := range map[string]string{
		"zoé": "one", "ZOE cafe": "one", "geneve": "one three", "genè": "one three", "e-mail": "one", "a_b": "one", "50 %": "one",
		"жизнь": "two", "عربي": "two", "東京": "two", "नमस्ते": "two", `"in Genève"`: "one", `"in cafe"`: "three", `"cafe in"`: "",
		"caf": "one three", "😀": "", "-": "", `"`: "", "nothing* OR AND": "", "": "one two three",
	} {
		var got []string
		for _, row := range listed(t, s, corpus.DocumentFilter{Project: p.ID, Query: typed}) {
			got = append(got, row.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %q, want %q", typed, got, want)
		}
	}
}
