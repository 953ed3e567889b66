package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

// twoSites adds pages of which some texts are the same. Gold says body of
// "Share 😀" on document 4 and boilerplate on document 5.
func twoSites(s *site) {
	p, err := s.store.Project(s.t.Context(), 1)
	if err != nil {
		s.t.Fatal(err)
	}
	gold := func(id, first string) string {
		return fmt.Sprintf(`{"id":%q,"text":"Share 😀\nNews %s for Mara Lindqvist","url":"https://one.example/%s","layer":"gold","annotators":["jonas"],"blocks":[{"start":0,"end":7,"class":%q},{"start":8,"end":%d,"class":"body"}],"spans":[]}`,
			id, id, id, first, 8+len("News  for Mara Lindqvist")+len(id)) + "\n"
	}
	s.add(p, gold("four", "body")+gold("five", "boilerplate")+
		`{"id":"six","text":"Top\nSHARE 😀\nMara Lindqvist שלום","url":"https://one.example/6"}
{"id":"seven","text":"Share 😀","url":"https://two.example/7"}
`)
}

func TestEverywherePages(t *testing.T) {
	const get, post = http.MethodGet, http.MethodPost
	at := "/documents/6/everywhere"
	words := "&from=0&to=14&quote=Mara+Lindqvist&label=1"
	for _, v := range []visit{
		{"a block on its site", "ines", get, at + "?block=4&class=body", nil, 200, "",
			[]string{"h1: The same on one.example", "input[name=class][value=body][checked]", "#places: 3 blocks in 3 documents", ".hits a[href='/documents/4']", ".hits .chip: gold: boilerplate", ".hits .chip: untouched", ".hits mark: SHARE 😀", ".hits .snippet: Top", "a[href='/documents/6/everywhere?block=4&class=body&scope=project']"},
			[]string{"input[value=boilerplate][checked]", "#counts"}},
		{"a block in the project", "ines", get, at + "?block=4&scope=project", nil, 200, "", []string{"h1: The same in the whole project", "#places: 4 blocks in 4 documents", ".hits a[href='/documents/7']"}, []string{"input[name=class][checked]"}},
		{"words", "ines", get, at + "?block=12&scope=project" + words, nil, 200, "",
			[]string{"#places: 4 places in 4 documents", "input[name=label][value='1'][checked]", "input[name=label][value='0']", "input[name=quote][value='Mara Lindqvist']", ".hits .chip: gold: no entity"}, []string{"input[name=class]"}},
		{"words that are not there", "ines", get, at + "?block=12&from=1&to=15&quote=Mara+Lindqvist", nil, 422, "", []string{"main: does not stand there"}, nil},
		{"half a character", "ines", get, at + "?block=4&from=7&to=8&quote=x", nil, 422, "", nil, nil},
		{"a block that is not there", "ines", get, at + "?block=99", nil, 404, "", nil, nil},
		{"a part of a block", "ines", get, at + "?block=6", nil, 422, "", []string{"main: part of a block"}, nil},
		{"a document without a site", "ines", get, "/documents/3/everywhere?block=0", nil, 422, "", []string{"main: of no site"}, nil},
		{"a ruling that is not there", "ines", get, at + "?ruling=9", nil, 404, "", nil, nil},
		{"settled", "ines", post, at, form("scope", "site", "block", "4", "class", "boilerplate", "leave", "4-0"), 303, at + "?ruling=1", nil, nil},
		{"nothing chosen", "ines", post, at, form("scope", "site", "block", "4"), 422, "", []string{"#problem-class: Choose what the text is", "input[name=block][value='4']"}, nil},
		{"no such class", "ines", post, at, form("scope", "site", "block", "4", "class", "advert"), 422, "", []string{"#problem-class"}, nil},
		{"no such label", "ines", post, at, form("scope", "project", "block", "12", "from", "0", "to", "14", "quote", "Mara Lindqvist", "label", "77"), 422, "", []string{"#problem-label: no label number 77"}, nil},
		{"no place", "ines", post, at, form("scope", "site", "block", "4", "class", "body", "leave", "here"), 404, "", nil, nil},
		{"a document that is not there", "ines", post, at, form("scope", "site", "block", "4", "class", "body", "leave", "999-0"), 404, "", nil, nil},
		{"conflicts", "mona", get, news + "/suggestions/conflicts", nil, 200, "",
			[]string{"td: Share 😀", "td: 1 page", "a[href='/documents/4']", "a[href='/documents/5']", "button[value=open]", "#settled: Nothing is settled", ".inset: The gold of 3 documents"}, []string{".empty"}},
		{"no conflicts", "mona", get, quiet + "/suggestions/conflicts", nil, 200, "", []string{".empty: No text was decided in two ways"}, nil},
		{"conflicts are not for annotators", "ines", get, news + "/suggestions/conflicts", nil, 403, "", nil, nil},
		{"a conflict settled", "mona", post, news + "/suggestions/conflicts", form("place", "4-0", "class", "open"), 303, news + "/suggestions/conflicts", nil, nil},
		{"a conflict without a choice", "mona", post, news + "/suggestions/conflicts", form("place", "4-0"), 422, "", []string{"[role=alert]: Choose what the text is"}, nil},
		{"a place of another project", "mona", post, quiet + "/suggestions/conflicts", form("place", "4-0", "class", "body"), 404, "", nil, nil},
		{"an undo of nothing", "mona", post, news + "/suggestions/rulings/9/undo", nil, 404, "", nil, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			twoSites(s)
			if v.method == post {
				s.check(s.post(v.who, v.path, v.form), v)
			} else {
				s.check(s.get(v.who, v.path), v)
			}
		})
	}
}

// Settled by one, it is shown with what it leaves out and one undo; who did not
// settle it may not take it back.
func TestSettlingIsTakenBackByWhoDidIt(t *testing.T) {
	s := newSite(t)
	twoSites(s)
	at := "/documents/6/everywhere"
	to := s.post("ines", at, form("scope", "site", "block", "4", "class", "boilerplate", "leave", "4-0")).Header.Get("Location")
	doc := s.page(s.get("ines", to))
	if text := doc.Find("#counts").Text(); !strings.Contains(text, "boilerplate") || !strings.Contains(text, "ines") || !strings.Contains(text, "1 place left out") {
		t.Errorf("the page says %q", text)
	}
	if left := doc.Find("input[name=leave][checked]"); left.Length() != 1 || left.AttrOr("value", "") != "4-0" {
		t.Errorf("%d are left out", left.Length())
	}
	undo := doc.Find(".toast form")
	if undo.AttrOr("action", "") != at+"/undo" {
		t.Fatalf("the undo leads to %q", undo.AttrOr("action", ""))
	}
	fields := url.Values{}
	fields.Set("ruling", undo.Find("input[name=ruling]").AttrOr("value", ""))

	rulings := func() []corpus.Ruling {
		t.Helper()
		all, err := s.store.Rulings(t.Context(), 1, "one.example")
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := rulings(); len(all) != 1 || all[0].Key != "share 😀" || all[0].Sample != "SHARE 😀" || !all[0].Leaves(4, 0) {
		t.Errorf("%+v", all)
	}
	s.post("mona", at, form("ruling", "1", "class", "body"))
	fields.Set("ruling", "2")
	if r := s.post("ines", at+"/undo", fields); r.StatusCode != http.StatusForbidden {
		t.Errorf("ines takes back what mona settled: %d", r.StatusCode)
	}
	s.post("mona", news+"/suggestions/rulings/2/undo", nil)
	fields.Set("ruling", "1")
	if r := s.post("ines", at+"/undo", fields); r.StatusCode != http.StatusSeeOther {
		t.Errorf("the answer is %d", r.StatusCode)
	}
	if all := rulings(); len(all) != 0 {
		t.Errorf("after the undo %+v", all)
	}
	s.check(s.post("ines", at+"/undo", fields), visit{status: 422, has: []string{"main: undone already"}})
	if r := s.post("mona", quiet+"/suggestions/rulings/1/undo", nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("of another project: %d", r.StatusCode)
	}
	doc = s.page(s.get("mona", news+"/suggestions/conflicts"))
	if text := doc.Find("#settled").Text(); !strings.Contains(text, "Nothing is settled") {
		t.Errorf("settled is %s", text)
	}
	log, err := s.store.Log(t.Context(), corpus.LogFilter{Project: 1})
	if err != nil || len(log) < 4 {
		t.Errorf("%+v %v", log, err)
	}
}

// A settled text is suggested to who opens a document next, but not where it was
// left out, and gold stays.
func TestWhatIsSettledIsSuggested(t *testing.T) {
	s := newSite(t)
	twoSites(s)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.SuggestShare = 100
	if err := s.store.SetProject(t.Context(), p, 1); err != nil {
		t.Fatal(err)
	}
	s.post("ines", "/documents/6/everywhere", form("scope", "project", "block", "4", "class", "body", "leave", "7-0"))
	s.post("ines", "/documents/6/everywhere", form("scope", "project", "block", "12", "from", "0", "to", "14", "quote", "Mara Lindqvist", "label", "1"))
	state := func(doc string) string {
		return s.page(s.get("ines", "/documents/"+doc)).Find("body").Text()
	}
	if got := state("6"); !strings.Contains(got, `"settled by people"`) || !strings.Contains(got, `[4,"b",100,`) || !strings.Contains(got, `[12,0,14,1,100,`) {
		t.Errorf("document 6 is suggested\n%s", got)
	}
	if got := state("7"); strings.Contains(got, `"settled by people"`) {
		t.Errorf("document 7 was left out and is suggested\n%s", got)
	}
	g, err := s.store.GoldOf(t.Context(), 5, 0)
	if err != nil || g.Pieces[0].Class != corpus.Boilerplate {
		t.Errorf("gold became %+v, %v", g.Pieces, err)
	}
}

// With hidden gold in the queue, an annotator does not learn what others said.
func TestWhatOthersDecidedStaysHidden(t *testing.T) {
	s := newSite(t)
	twoSites(s)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.CheckShare = 5
	if err := s.store.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	at := "/documents/6/everywhere?block=4"
	if n := s.page(s.get("ines", at)).Find(".hits .chip").Length(); n != 0 {
		t.Errorf("an annotator sees the state of %d places", n)
	}
	if n := s.page(s.get("mona", at)).Find(".hits .chip").Length(); n != 3 {
		t.Errorf("a manager sees the state of %d places, want 3", n)
	}
}
