package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

func TestSplitPages(t *testing.T) {
	const get, post = http.MethodGet, http.MethodPost
	at := news + "/export/splits"
	for _, v := range []visit{
		{"the usual split", "mona", get, at, nil, 200, "", []string{"#split[value='train=80,dev=10,test=10']", "#by option[value=site][selected]", "#parts: train", "#warnings: Train has fewer than 20 documents: ", "#copies: No near-copies", "#fixed: Nothing is fixed"}, []string{"#copies table", "#fixed table"}},
		{"another split", "mona", get, at + "?split=a%3D1%2Cb%3D1&by=document", nil, 200, "", []string{"#split[value='a=1,b=1']", "#by option[value=document][selected]", "#part option[value=b]"}, []string{"#part option[value=train]"}},
		{"an empty project", "mona", get, quiet + "/export/splits", nil, 200, "", []string{"#parts: test"}, nil},
		{"no split", "mona", get, at + "?split=all", nil, 422, "", []string{"#split[value=all][aria-invalid=true]", "#problem-split: is no split", "#parts: train"}, nil},
		{"no such way", "mona", get, at + "?by=mood", nil, 422, "", []string{"#problem-by: no way"}, nil},
		{"an annotator does not see it", "ines", get, at, nil, 403, "", nil, nil},
		{"fixed", "mona", post, at + "/fix?split=a%3D1%2Cb%3D1&by=time", form("part", "b", "documents", "1, 3", "site", ""), 303, at + "?by=time&split=a%3D1%2Cb%3D1", nil, nil},
		{"fixed to nothing", "mona", post, at + "/fix", form("part", "test", "documents", " ", "site", ""), 422, "", []string{"#problem-documents: Name a document or a site"}, nil},
		{"a document that is not there", "mona", post, at + "/fix", form("part", "test", "documents", "99"), 422, "", []string{"#problem-documents: no document 99", "#documents[value='99']", "#part option[value=test][selected]"}, nil},
		{"no number", "mona", post, at + "/fix", form("part", "test", "documents", "bridge"), 422, "", []string{"#problem-documents: bridge"}, nil},
		{"a site that is not there", "mona", post, at + "/fix", form("part", "test", "site", "z.example"), 422, "", []string{"#problem-site: z.example"}, nil},
		{"a part that cannot be", "mona", post, at + "/fix", form("part", "a b", "documents", "1"), 422, "", []string{"#fixed [role=alert], #problem-split: cannot be the name"}, nil},
		{"an annotator fixes nothing", "ines", post, at + "/fix", form("part", "test", "documents", "1"), 403, "", nil, nil},
		{"freeing what is not there", "mona", post, at + "/free", form("document", "nobody", "site", ""), 404, "", nil, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if v.method == post {
				s.check(s.post(v.who, v.path, v.form), v)
			} else {
				s.check(s.get(v.who, v.path), v)
			}
		})
	}
}

// A copy of a page on another site goes where that one goes, until somebody
// says otherwise.
func TestACopyIsKeptTogetherUntilFixed(t *testing.T) {
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	text := "😀"
	for i := range 60 {
		text += fmt.Sprintf(" w%d", i*i)
	}
	s.add(p, fmt.Sprintf(`{"id":"one","text":%q,"url":"https://one.example/1"}
{"id":"two","text":%q,"url":"https://two.example/1"}
`, text, text+" שלום"))
	at := news + "/export/splits"
	show := func() string { return strings.Join(strings.Fields(s.page(s.get("mona", at)).Find("main").Text()), " ") }
	if page := show(); !strings.Contains(page, "No part has a near-copy") || !strings.Contains(page, "1 pair in 1 cluster") || !strings.Contains(page, "98 % the same") {
		t.Errorf("the page says\n%s", page)
	}

	s.post("mona", at+"/fix", form("part", "test", "documents", "4", "site", ""))
	s.post("mona", at+"/fix", form("part", "dev", "documents", "", "site", "two.example"))
	doc := s.page(s.get("mona", at))
	if page := strings.Join(strings.Fields(doc.Find("#copies").Text()), " "); !strings.Contains(page, "leaks 1 pair of near-copies stands in different parts") || doc.Find("#copies a[href='/documents/4']").Length() != 1 || doc.Find("#copies a[href='/documents/5']").Length() != 1 {
		t.Errorf("the page says\n%s", page)
	}
	if rows := doc.Find("#fixed tbody tr"); rows.Length() != 2 || !strings.Contains(rows.Text(), "mona") {
		t.Errorf("fixed is\n%s", rows.Text())
	}
	s.post("mona", at+"/free", form("document", "one", "site", ""))
	s.post("mona", at+"/free", form("document", "", "site", "two.example"))
	if page := show(); !strings.Contains(page, "Nothing is fixed") || !strings.Contains(page, "No part has a near-copy") {
		t.Errorf("the page says\n%s", page)
	}
	log, err := s.store.Log(t.Context(), corpus.LogFilter{Project: 1, Kind: "split-freed"})
	if err != nil || len(log) != 2 || log[0].By != "mona" {
		t.Errorf("%+v %v", log, err)
	}
}
