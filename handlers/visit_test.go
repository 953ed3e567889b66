package handlers

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/views"
)

// site is the whole tool over a real data file: a project "Newswire" with
// three documents, the third with gold, an empty project "Quiet", and one
// person of each role that there are routes for.
type site struct {
	t       *testing.T
	store   *db.Store
	server  *Server
	cookies map[string]map[string]string // by person, by name
}

const (
	news  = "/projects/1"
	quiet = "/projects/2"
)

const records = `{"id":"bridge","text":"Repairs will close both lanes\nALDPORT: Mara Lindqvist said so\n-","url":"https://news.example.org/a","meta":{"language":"en"}}
{"id":"tolls","text":"😀 Tolls rise\r\nשלום עולם","url":"https://other.example.net/b"}
{"id":"villages","text":"Ten Quiet Villages","layer":"gold","annotators":["jonas"],"blocks":[{"start":0,"end":18,"class":"body"}],"spans":[{"start":0,"end":3,"label":"MISC","quote":"Ten"}]}
`

func newSite(t *testing.T) *site {
	t.Helper()
	store := dbtest.Open(t)
	server, err := New(store, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)

	s := &site{t: t, store: store, server: server, cookies: map[string]map[string]string{"": {}}}
	for _, who := range []struct {
		name string
		role corpus.Role
	}{{"mara", corpus.Administrator}, {"mona", corpus.Manager}, {"ines", corpus.AnnotatorRole}} {
		a := dbtest.Annotator(t, store, who.name, who.role)
		token, err := store.AddSession(t.Context(), a.ID, "test")
		if err != nil {
			t.Fatal(err)
		}
		s.cookies[who.name] = map[string]string{plainCookie: token}
	}
	p := dbtest.Project(t, store, "Newswire")
	dbtest.Project(t, store, "Quiet")
	s.add(p, records)

	return s
}

// add imports records of JSON Lines.
func (s *site) add(p corpus.Project, lines string) {
	s.t.Helper()
	ctx := s.t.Context()
	pages := ingest.Reader(ctx, strings.NewReader(lines), "records.jsonl", ingest.Options{})
	report, err := s.store.Import(ctx, corpus.ImportOptions{Project: p.ID}, ingest.Documents(ctx, pages, p.Cutting))
	if err != nil || !report.Stored {
		s.t.Fatalf("import: %+v, %v", report, err)
	}
}

// send makes a request as a browser of that person would, and keeps the
// cookies of the answer.
func (s *site) send(who string, r *http.Request) *http.Response {
	s.t.Helper()
	for name, value := range s.cookies[who] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(s.cookies[who], c.Name)
		} else {
			s.cookies[who][c.Name] = c.Value
		}
	}

	return w.Result()
}

func (s *site) get(who, path string) *http.Response {
	s.t.Helper()

	return s.send(who, httptest.NewRequest(http.MethodGet, path, nil))
}

func (s *site) post(who, path string, form url.Values) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	return s.send(who, r)
}

// page reads an answer as HTML, and holds it against the rules for every page.
func (s *site) page(r *http.Response) *goquery.Document {
	s.t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(b))
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		s.lint(doc)
	}

	return doc
}

var htmxRequest = []string{"hx-get", "hx-post", "hx-put", "hx-delete", "hx-patch"}

// lint is what must hold on every page: htmx 4 inherits nothing, the policy
// forbids inline styles and handlers, and an id is there once.
func (s *site) lint(doc *goquery.Document) {
	s.t.Helper()
	ids := map[string]bool{}
	doc.Find("*").Each(func(_ int, e *goquery.Selection) {
		for _, a := range e.Get(0).Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				s.t.Errorf("<%s> has the attribute %s, which the policy forbids", goquery.NodeName(e), a.Key)
			}
			if slices.Contains(htmxRequest, a.Key) {
				for _, needs := range []string{"hx-target", "hx-nonce"} {
					if e.AttrOr(needs, "") == "" {
						s.t.Errorf("<%s %s=%q> has no %s", goquery.NodeName(e), a.Key, a.Val, needs)
					}
				}
			}
			if a.Key == "id" {
				if ids[a.Val] {
					s.t.Errorf("the id %q stands twice", a.Val)
				}
				ids[a.Val] = true
			}
		}
		if goquery.NodeName(e) == "script" && e.AttrOr("type", "") != "application/json" && e.AttrOr("nonce", "") == "" {
			s.t.Errorf("a script has no nonce")
		}
	})
	doc.Find("[aria-describedby]").Each(func(_ int, e *goquery.Selection) {
		if id := e.AttrOr("aria-describedby", ""); !ids[id] {
			s.t.Errorf("<%s> is described by %q, which is not there", goquery.NodeName(e), id)
		}
	})
}

type visit struct {
	name   string
	who    string // "" for nobody
	method string // GET where empty
	path   string
	form   url.Values
	status int
	to     string   // where a redirect leads
	has    []string // selectors that match; "selector: text" also asks for that text in one of them
	hasNot []string
}

func form(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Add(pairs[i], pairs[i+1])
	}

	return out
}

// labelForm is the settings form with the rows of the label editor, each
// "id name title colour key".
func labelForm(do string, rows ...string) url.Values {
	out := form("do", do, "name", "Newswire", "cutting", "line", "order", "imported", "guidelines", "")
	for _, row := range rows {
		f := strings.Split(row, " ")
		for i, name := range []string{"label", "label-name", "label-title", "label-colour", "label-key"} {
			out.Add(name, f[i])
		}
	}

	return out
}

var usualRows = []string{"1 PER Person violet 1", "2 ORG Organisation blue 2", "3 LOC Location orange 3", "4 DATE Date olive 4", "5 MISC Other pink 5"}

func TestVisits(t *testing.T) {
	get, post := http.MethodGet, http.MethodPost
	for _, v := range []visit{
		// signing in
		{"nobody is asked to sign in, and comes back", "", get, news + "/documents?q=a", nil, 303, "/sign-in?next=%2Fprojects%2F1%2Fdocuments%3Fq%3Da", nil, nil},
		{"the form to sign in keeps where one wanted to go", "", get, "/sign-in?next=%2Fprojects%2F1", nil, 200, "", []string{"form[action='/sign-in'] input[name=next][value='/projects/1']", "input[type=password]"}, []string{".person", ".tabs"}},
		{"who is signed in goes on", "ines", get, "/sign-in?next=%2Fprojects%2F1", nil, 303, news, nil, nil},
		{"an address elsewhere is no place to go on to", "ines", get, "/sign-in?next=https%3A%2F%2Fevil.example", nil, 303, "/", nil, nil},
		{"a wrong name and password", "", post, "/sign-in", form("name", "nobody", "password", "wrong wrong", "next", news), 422, "", []string{"[role=alert]: do not belong together", "input[name=name][value=nobody]", "input[name=next][value='/projects/1']"}, nil},
		{"a link that is none", "", get, "/welcome/none", nil, 404, "", []string{"h1: does not work any more", "a[href='/sign-in']"}, []string{"input"}},
		{"a link that is none, posted to", "", post, "/welcome/none", form("name", "x", "password", "long enough"), 404, "", []string{"h1: does not work any more"}, nil},

		// projects
		{"the list of projects", "ines", get, "/", nil, 200, "", []string{"a[href='/projects/1']: Newswire", "svg.stack[aria-label*='1 gold']", "form[action='/projects/1/next']", "a[href='/me']: ines"}, []string{"#new-project", ".removed", "a[href='/projects/1/import']"}},
		{"a manager may add a project", "mona", get, "/", nil, 200, "", []string{"#new-project input[name=name]", "a[href='/projects/2/import']"}, nil},
		{"adding one leads to it", "mona", post, "/projects", form("name", "Third"), 303, "/projects/3", nil, nil},
		{"a name that is taken keeps what was typed", "mona", post, "/projects", form("name", "Newswire"), 422, "", []string{"#problem-name: already", "#name[value=Newswire][aria-invalid=true]"}, nil},
		{"a project without a name", "mona", post, "/projects", form("name", "  "), 422, "", []string{"#problem-name"}, nil},
		{"an annotator may not add one", "ines", post, "/projects", form("name", "Third"), 403, "", []string{"h1: You may not do this"}, nil},
		{"the overview", "mona", get, news, nil, 200, "", []string{".tabs [aria-current=page]: Overview", ".big: 1", ".big: of 3 documents are gold", "form[action='/projects/1/next'] button[data-enter]", "a[href='/projects/1/documents?state=gold']"}, []string{"#done", ".alert"}},
		{"annotators see fewer tabs", "ines", get, news, nil, 200, "", []string{".tabs a[href='/projects/1/guidelines']"}, []string{".tabs a[href='/projects/1/settings']", ".tabs a[href='/projects/1/export']", "a[href='/projects/1/import']"}},
		{"an empty queue says why", "ines", get, news + "?done=1", nil, 200, "", []string{"#done: 2 documents came back to the queue"}, []string{"form[action='/projects/1/next']"}},
		{"an empty project asks a manager to import", "mona", get, quiet, nil, 200, "", []string{".empty a[href='/projects/2/import']"}, []string{"svg.stack", "form[action='/projects/2/next']"}},
		{"an empty project asks an annotator to wait", "ines", get, quiet, nil, 200, "", []string{".empty"}, []string{".empty a"}},
		{"a project that is not there", "ines", get, "/projects/99", nil, 404, "", []string{"h1"}, nil},
		{"a project that cannot be", "ines", get, "/projects/x", nil, 404, "", nil, nil},
		{"an annotator may not remove a project", "ines", post, news + "/remove", nil, 403, "", nil, nil},

		// documents
		{"the list", "mona", get, news + "/documents", nil, 200, "", []string{"tbody tr:nth-child(1) a[href='/documents/1']", "tbody input[name=document][value='1']", "#site option[value='example.org']", "#language option[value=en]", ".chip.good: gold"}, []string{"a[rel=next]", "#problem-q"}},
		{"annotators choose nothing", "ines", get, news + "/documents", nil, 200, "", []string{"tbody a[href='/documents/2']"}, []string{"input[type=checkbox]", "form[method=post] .under button"}},
		{"words that are searched for stand out", "ines", get, news + "/documents?q=lindqvist", nil, 200, "", []string{"tbody tr a[href='/documents/1']", ".snippet mark: Lindqvist", "#q[value=lindqvist]"}, []string{"a[href='/documents/2']", "a[href='/documents/3']"}},
		{"right-to-left words are found", "ines", get, news + "/documents?q=" + url.QueryEscape("שלום"), nil, 200, "", []string{"a[href='/documents/2']", ".snippet[dir=auto] mark: שלום"}, []string{"a[href='/documents/1']"}},
		{"a search like a query language is only words", "ines", get, news + "/documents?q=" + url.QueryEscape(`NEAR(" OR * AND -`), nil, 200, "", []string{"#list"}, nil},
		{"nothing is found", "ines", get, news + "/documents?q=nowhere", nil, 200, "", []string{"#list .empty: No document matches", "#list a[href='/projects/1/documents']"}, []string{"table"}},
		{"by state", "ines", get, news + "/documents?state=gold", nil, 200, "", []string{"a[href='/documents/3']", "#state option[value=gold][selected]"}, []string{"tbody tr:nth-child(2)"}},
		{"by site", "ines", get, news + "/documents?site=example.net", nil, 200, "", []string{"a[href='/documents/2']"}, []string{"a[href='/documents/1']"}},
		{"a state that there is not", "ines", get, news + "/documents?state=none&after=x", nil, 200, "", []string{"a[href='/documents/1']"}, nil},
		{"the list of a project without documents", "mona", get, quiet + "/documents", nil, 200, "", []string{".empty a[href='/projects/2/import']"}, []string{"form.filter"}},
		{"removing nothing", "mona", post, news + "/documents/remove", nil, 303, news + "/documents", nil, nil},
		{"a document of another project cannot be removed here", "mona", post, quiet + "/documents/remove", form("document", "1"), 404, "", nil, nil},
		{"an annotator may not remove documents", "ines", post, news + "/documents/remove", form("document", "1"), 403, "", nil, nil},

		// import and export
		{"the import page", "mona", get, news + "/import", nil, 200, "", []string{"form#import[enctype='multipart/form-data'] input[type=file][webkitdirectory]", "textarea[name=pasted]", "script[type=module][src$='js/upload.js']"}, []string{"#jobs-title"}},
		{"an annotator may not import", "ines", get, news + "/import", nil, 403, "", nil, nil},
		{"an upload that is no form of files", "mona", post, news + "/imports", form("pasted", "x"), 400, "", nil, nil},
		{"an import that is not known", "mona", get, news + "/imports/none", nil, 303, news + "/import", nil, nil},
		{"the export page", "mona", get, news + "/export", nil, 200, "", []string{".tiles .card:nth-child(1) dd: 1", "a[download][href='/projects/1/export/jsonl']", "a[href='/projects/1/export/jsonl/manifest']", "td: Other", ".lead: 2 documents without gold"}, []string{".empty"}},
		{"an export page without gold", "mona", get, quiet + "/export", nil, 200, "", []string{".empty"}, []string{"a[download]"}},
		{"a format that there is not", "mona", get, news + "/export/none", nil, 404, "", nil, nil},
		{"a preview of an export", "mona", get, news + "/export?format=iob2&split=train%3D80%2Ctest%3D20&by=document", nil, 200, "", []string{"#preview h2: iob2", "#preview td: train", "#preview td: test", "#preview a[download]: Download as ZIP"}, []string{"#preview details"}},
		{"a preview that asks for no split there can be", "mona", get, news + "/export?format=iob2&split=train", nil, 422, "", []string{"#problem-split"}, []string{"#preview a[download]"}},
		{"a download of several files", "mona", get, news + "/export/huggingface", nil, 200, "", nil, nil},
		{"an annotator may not export", "ines", get, news + "/export/jsonl", nil, 403, "", nil, nil},

		// settings
		{"the settings", "mona", get, news + "/settings", nil, 200, "", []string{"#name[value=Newswire]", "#labels tbody tr:nth-child(5) input[value=MISC]", "input[name=cutting][value=line][checked]", "input[name=order][value=imported][checked]", "#preview: empty"}, []string{"#unsaved", "#form-problem"}},
		{"an annotator may not see them", "ines", get, news + "/settings", nil, 403, "", nil, nil},
		{"saved", "mona", post, news + "/settings", labelForm("save", usualRows...), 303, news + "/settings", nil, nil},
		{"a key that two labels have is refused beside the second", "mona", post, news + "/settings", labelForm("save", append(slices.Clone(usualRows), "0 NUM Number teal 1")...), 422, "", []string{"#problem-label-5-key: both have the key 1", "tr:nth-child(6) [name=label-key][aria-invalid=true][value='1']", "tr:nth-child(6) [name=label-name][value=NUM]", "#form-problem: Nothing was saved", "#unsaved"}, []string{"#problem-label-0-key"}},
		{"a key that the screen uses is refused", "mona", post, news + "/settings", labelForm("save", append(slices.Clone(usualRows), "0 NUM Number teal b")...), 422, "", []string{"#problem-label-5-key: it is used for"}, nil},
		{"a name with a space is refused", "mona", post, news + "/settings", labelForm("save", append(slices.Clone(usualRows), "0 A\u00a0B x teal 6")...), 422, "", []string{"#problem-label-5-name", "#problem-label-5-name: must start with"}, nil},
		{"a label cannot be left out", "mona", post, news + "/settings", labelForm("save", usualRows[1:]...), 422, "", []string{"#problem-labels: cannot be deleted"}, nil},
		{"a label of another project", "mona", post, news + "/settings", labelForm("save", append(slices.Clone(usualRows), "77 NUM Number teal 6")...), 422, "", []string{"#problem-label-5-name: no such label"}, nil},
		{"a cutting rule that there is not", "mona", post, news + "/settings", func() url.Values { f := labelForm("save", usualRows...); f.Set("cutting", "auto"); return f }(), 422, "", []string{"#problem-cutting", "fieldset[aria-describedby=problem-cutting]"}, nil},
		{"a project's name that is taken", "mona", post, news + "/settings", func() url.Values { f := labelForm("save", usualRows...); f.Set("name", "Quiet"); return f }(), 422, "", []string{"#problem-name: already", "#name[value=Quiet]"}, nil},
		{"a row more, nothing stored", "mona", post, news + "/settings", labelForm("add", usualRows...), 200, "", []string{"#labels tbody tr:nth-child(6) [name=label][value='0']", "tr:nth-child(6) [name=label-key][value='6']", "tr:nth-child(6) option[value=teal][selected]", "button[value='drop:5']", "#unsaved"}, []string{"#form-problem"}},
		{"a row up", "mona", post, news + "/settings", labelForm("up:1", usualRows...), 200, "", []string{"#labels tbody tr:nth-child(1) input[value=ORG]", "#labels tbody tr:nth-child(2) input[value=PER]"}, []string{"button[value='up:0']"}},
		{"a row down", "mona", post, news + "/settings", labelForm("down:0", usualRows...), 200, "", []string{"#labels tbody tr:nth-child(1) input[value=ORG]"}, nil},
		{"a new row dropped", "mona", post, news + "/settings", labelForm("drop:1", "1 PER Person violet 1", "0 NUM Number teal 6"), 200, "", []string{"#labels tbody tr:nth-child(1)"}, []string{"#labels tbody tr:nth-child(2)"}},
		{"a stored row is never dropped", "mona", post, news + "/settings", labelForm("drop:0", usualRows...), 200, "", []string{"#labels tbody tr:nth-child(5)"}, nil},
		{"a form that lacks fields", "mona", post, news + "/settings", form("do", "save", "name", "x", "label", "1"), 400, "", nil, nil},
		{"a preview stores nothing", "mona", post, news + "/settings", func() url.Values {
			f := labelForm("preview", usualRows...)
			f.Set("guidelines", "# Rules\r\n\r\n**Body** is text")
			return f
		}(), 200, "", []string{"#preview h1: Rules", "#preview strong: Body", "#guidelines: # Rules"}, nil},
		{"guidelines that nobody has written", "ines", get, news + "/guidelines", nil, 200, "", []string{".prose: Nobody has written", "kbd: 1"}, []string{"a[href^='/projects/1/settings']"}},

		// one's own account
		{"the account", "ines", get, "/me", nil, 200, "", []string{"h1: ines", "form[action='/me/password']", "form[action='/me/tokens']", "#keys: usual keys"}, []string{"#new-token"}},
		{"a token without a name", "ines", post, "/me/tokens", form("name", " "), 422, "", []string{"#problem-token"}, []string{"#new-token"}},
		{"a token is shown once", "ines", post, "/me/tokens", form("name", "nightly", "scope", "read"), 200, "", []string{"#new-token"}, nil},
		{"a wrong old password", "ines", post, "/me/password", form("old", "wrong wrong", "new", "another one"), 422, "", []string{"#problem-old"}, nil},

		// what is not there
		{"a page that is not there", "ines", get, "/none", nil, 404, "", []string{"h1: no such page"}, nil},
		{"the source of a document that is not there", "ines", get, "/documents/99/source", nil, 404, "", nil, nil},
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

func (s *site) check(r *http.Response, v visit) *goquery.Document {
	s.t.Helper()
	doc := s.page(r)
	if r.StatusCode != v.status || r.Header.Get("Location") != v.to {
		s.t.Fatalf("status %d to %q, want %d to %q\n%s", r.StatusCode, r.Header.Get("Location"), v.status, v.to, doc.Find("main").Text())
	}
	s.see(doc, v.has...)
	s.seeNot(doc, v.hasNot...)

	return doc
}

func (s *site) see(doc *goquery.Document, selectors ...string) {
	s.t.Helper()
	for _, has := range selectors {
		selector, text, _ := strings.Cut(has, ": ")
		found := doc.Find(selector)
		if found.Length() == 0 {
			s.t.Errorf("nothing matches %s", selector)
		} else if !strings.Contains(strings.Join(strings.Fields(found.Text()), " "), text) {
			s.t.Errorf("%s says %q, not %q", selector, strings.Join(strings.Fields(found.Text()), " "), text)
		}
	}
}

func (s *site) seeNot(doc *goquery.Document, selectors ...string) {
	s.t.Helper()
	for _, selector := range selectors {
		if found := doc.Find(selector); found.Length() > 0 {
			s.t.Errorf("%s matches %q", selector, found.Text())
		}
	}
}

// Everything that people can write comes back as text, never as markup.
func TestMarkupStaysText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(2) hx-get=/me>"'`
	const evilMarkdown = "# Rules\n\n<script>alert(1)</script>\n<img src=x onerror=alert(2)>\n<b hx-get=\"/me\" style=\"color:red\" onclick=\"x()\">b</b>\n\n[click](javascript:alert(3)) [out](https://example.org) ![p](data:text/html,x) ![map](https://pictures.example/m.png)\n\n<a href=\"vbscript:x\">y</a>\n"
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Name, p.Guidelines = evil, evilMarkdown
	p.Labels[0].Title = evil[:60]
	if err := s.store.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	s.add(p, `{"id":"evil","text":"<script>alert(1)</script> villain <img src=x onerror=alert(1)>","url":"javascript:alert(1)"}`+"\n")
	if _, err := s.store.AddAnnotator(t.Context(), "<b>mallory</b>", corpus.AnnotatorRole, "-"); err != nil {
		t.Fatal(err)
	}

	bad := []string{"main script", "[onerror]", "[onclick]", "main img[src=x]", "main [hx-get='/me']", "a[href^=javascript]", "a[href^=vbscript]", "[style]", "main img"}
	for _, path := range []string{"/", news, news + "/documents?q=villain", news + "/settings", news + "/guidelines", news + "/export", news + "/import"} {
		doc := s.page(s.get("mona", path))
		s.seeNot(doc, bad...)
		if !strings.Contains(doc.Text(), "<script>alert(1)") {
			t.Errorf("%s does not show what was written", path)
		}
	}
	s.see(s.page(s.get("ines", news+"/guidelines")), ".prose h1: Rules", ".prose a[href='https://example.org']: out", ".prose a[href='https://pictures.example/m.png']: map")
	s.see(s.page(s.get("ines", news+"/documents?q=villain")), ".snippet mark: villain")

	f := labelForm("add", "1 <b>x</b> <i>y</i> <u>z</u> <")
	f.Set("name", evil)
	f.Set("guidelines", evilMarkdown)
	s.seeNot(s.page(s.post("mona", news+"/settings", f)), append(bad, "#labels i", "#labels u")...)
	s.seeNot(s.page(s.post("", "/sign-in", form("name", evil, "password", "wrong wrong", "next", `"><script>`))), bad...)
}

func TestAProjectGoesAndComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)

	s.check(s.post("mona", news+"/remove", nil), visit{status: 303, to: "/"})
	doc := s.check(s.get("mona", "/"), visit{status: 200, has: []string{".toast: is removed", ".toast form[action='/projects/1/restore']", ".removed: Newswire"}, hasNot: []string{".projects a[href='/projects/1']"}})
	if doc.Find(".toast").Length() != 1 {
		t.Error("not one message")
	}
	s.seeNot(s.page(s.get("mona", "/")), ".toast") // it is said once
	s.check(s.get("ines", news), visit{status: 404})
	s.check(s.get("mona", news), visit{status: 200, has: []string{".alert form[action='/projects/1/restore']"}, hasNot: []string{"form[action='/projects/1/next']"}})
	s.check(s.get("mona", news+"/documents"), visit{status: 404})

	s.check(s.post("mona", news+"/restore", nil), visit{status: 303, to: news})
	s.check(s.get("ines", news), visit{status: 200, has: []string{"form[action='/projects/1/next']"}})
}

func TestDocumentsGoAndComeBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)

	s.check(s.post("mona", news+"/documents/remove", form("document", "1", "document", "2")), visit{status: 303, to: news + "/documents"})
	doc := s.check(s.get("mona", news+"/documents"), visit{status: 200,
		has:    []string{".toast: 2 documents removed", ".toast form[action='/projects/1/documents/restore'] input[name=document][value='2']", "a[href='/documents/3']"},
		hasNot: []string{"a[href='/documents/1']"}})
	s.check(s.get("mona", news+"/documents?state=removed"), visit{status: 200, has: []string{"a[href='/documents/1']", "button[formaction='/projects/1/documents/restore']"}})

	undo := form()
	doc.Find(".toast input").Each(func(_ int, e *goquery.Selection) { undo.Add(e.AttrOr("name", ""), e.AttrOr("value", "")) })
	s.check(s.post("mona", doc.Find(".toast form").AttrOr("action", ""), undo), visit{status: 303, to: news + "/documents"})
	s.check(s.get("mona", news+"/documents"), visit{status: 200, has: []string{".toast: 2 documents restored", "a[href='/documents/1']", "a[href='/documents/2']"}})
}

// A note that was made up shows nothing and does nothing.
func TestAForgedNoteIsHarmless(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, value := range []string{"!!!", "bm90IGpzb24", "eyJrIjoibm9uZSIsIm4iOiI8Yj4ifQ"} {
		s.cookies["ines"][noteCookie] = value
		s.check(s.get("ines", "/"), visit{status: 200, hasNot: []string{".toast"}})
	}
}

func TestPagesOfTheListFollowOneAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 120 {
		fmt.Fprintf(&lines, `{"id":"d%03d","text":"Page %d of many"}`+"\n", i, i)
	}
	s.add(p, lines.String())

	seen := map[string]bool{}
	path := quiet + "/documents?q=many"
	for n := 0; path != ""; n++ {
		doc := s.check(s.get("ines", path), visit{status: 200})
		doc.Find("tbody td.name a").Each(func(_ int, a *goquery.Selection) {
			if href := a.AttrOr("href", ""); seen[href] {
				t.Errorf("%s stands on two pages", href)
			} else {
				seen[href] = true
			}
		})
		if n > 0 {
			s.see(doc, "a[href='/projects/2/documents?q=many']: First page")
		}
		path = doc.Find("a[rel=next]").AttrOr("href", "")
	}
	if len(seen) != 120 {
		t.Errorf("%d documents seen, want 120", len(seen))
	}
}

func TestSettingsAreKept(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	rows := append([]string{"2 ORG Company teal 9"}, "1 PERSON Human violet 1", "3 LOC  orange 3", "4 DATE Date olive 4", "5 MISC Other pink 5", "0 NUM Number slate 6", "0   brown 7")
	f := labelForm("save", rows...)
	f.Set("name", "Nachrichten 😀")
	f.Set("guidelines", "one\r\ntwo")
	f.Set("cutting", "sentence")
	f.Set("order", "random")
	f.Add("label-retired", "3")

	s.check(s.post("mona", news+"/settings", f), visit{status: 303, to: news + "/settings"})
	s.check(s.get("mona", news+"/settings"), visit{status: 200, has: []string{".toast: Saved"}, hasNot: []string{"#unsaved"}})

	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	want := corpus.LabelSet{
		{ID: 2, Name: "ORG", Title: "Company", Colour: "teal", Key: "9"},
		{ID: 1, Name: "PERSON", Title: "Human", Colour: "violet", Key: "1"},
		{ID: 3, Name: "LOC", Title: "LOC", Colour: "orange", Key: "3"},
		{ID: 4, Name: "DATE", Title: "Date", Colour: "olive", Key: "4", Retired: true},
		{ID: 5, Name: "MISC", Title: "Other", Colour: "pink", Key: "5"},
		{ID: 6, Name: "NUM", Title: "Number", Colour: "slate", Key: "6"},
	}
	if !slices.Equal(p.Labels, want) {
		t.Errorf("labels\n%+v, want\n%+v", p.Labels, want)
	}
	if p.Name != "Nachrichten 😀" || p.Guidelines != "one\ntwo" || p.Cutting != "sentence" || p.Order != corpus.RandomOrder {
		t.Errorf("project %+v", p)
	}
}

func TestALinkMakesOneAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	token, err := s.store.AddInvitation(t.Context(), corpus.Invitation{Role: corpus.Manager, For: time.Hour}, 0)
	if err != nil {
		t.Fatal(err)
	}
	link := "/welcome/" + token

	s.check(s.get("", link), visit{status: 200, has: []string{"form[action='" + link + "'] input[type=password][autocomplete=new-password]"}})
	s.check(s.post("", link, form("name", "olga", "password", "short")), visit{status: 422, has: []string{"#problem-password: at least 8", "#name[value=olga]"}})
	s.check(s.post("", link, form("name", "olga", "password", strings.Repeat("é", 201))), visit{status: 422, has: []string{"#problem-password: at most 200"}})
	s.check(s.post("", link, form("name", "mara", "password", "long enough")), visit{status: 422, has: []string{"#problem-name: taken"}})
	s.check(s.post("", link, form("name", "olga", "password", "pässwörd 😀")), visit{status: 303, to: "/"})
	s.check(s.get("", "/"), visit{status: 200, has: []string{".person: olga", "#new-project"}})

	other := newVisitor(s)
	s.check(s.get(other, link), visit{status: 404, has: []string{"h1: does not work any more"}})
	s.check(s.post(other, "/sign-in", form("name", "olga", "password", "pässwörd 😀", "next", news)), visit{status: 303, to: news})
	s.check(s.get(other, news), visit{status: 200})
	s.check(s.post(other, "/sign-out", nil), visit{status: 303, to: "/sign-in"})
	s.check(s.get(other, news), visit{status: 303, to: "/sign-in?next=%2Fprojects%2F1"})
	s.check(s.get("", "/"), visit{status: 200}) // the first browser stays signed in
}

// newVisitor is somebody with a browser of their own.
func newVisitor(s *site) string {
	name := fmt.Sprintf("visitor %d", len(s.cookies))
	s.cookies[name] = map[string]string{}

	return name
}

func TestChangingThePasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hash, err := HashPassword(t.Context(), "the old one")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.AddAnnotator(t.Context(), "olga", corpus.AnnotatorRole, hash); err != nil {
		t.Fatal(err)
	}
	one, two := newVisitor(s), newVisitor(s)
	for _, who := range []string{one, two} {
		s.check(s.post(who, "/sign-in", form("name", "olga", "password", "the old one")), visit{status: 303, to: "/"})
	}

	s.check(s.post(one, "/me/password", form("old", "the old one", "new", "short")), visit{status: 422, has: []string{"#problem-new: at least 8"}})
	s.check(s.post(one, "/me/password", form("old", "the old one", "new", "the new one")), visit{status: 303, to: "/me"})
	s.check(s.get(one, "/me"), visit{status: 200, has: []string{".toast: password is changed"}})
	s.check(s.get(two, "/me"), visit{status: 303, to: "/sign-in?next=%2Fme"})
	s.check(s.post(two, "/sign-in", form("name", "olga", "password", "the old one")), visit{status: 422})
	s.check(s.post(two, "/sign-in", form("name", "olga", "password", "the new one")), visit{status: 303, to: "/"})
}

func (s *site) json(who, method, path, body string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")

	return s.send(who, r)
}

func TestSigningInOverAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hash, err := HashPassword(t.Context(), "quiet villages")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.AddAnnotator(t.Context(), "olga", corpus.AnnotatorRole, hash); err != nil {
		t.Fatal(err)
	}

	r := s.json("", http.MethodPost, "/session", `{"name":"olga","password":"no no no no"}`)
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusUnauthorized || !strings.Contains(string(b), "do not belong together") {
		t.Errorf("wrong password: %d %s", r.StatusCode, b)
	}
	if r := s.json("", http.MethodPost, "/session", `{"name":"olga","password":"quiet villages"}`); r.StatusCode != http.StatusNoContent {
		t.Errorf("right password: %d", r.StatusCode)
	}
	s.check(s.get("", "/me"), visit{status: 200, has: []string{"h1: olga"}})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if r := s.json("ines", http.MethodPut, "/me/keys", `{"keys":{"body":"w"}}`); r.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d", r.StatusCode)
	}
	s.check(s.get("ines", "/me"), visit{status: 200, has: []string{"#keys: 1 key of your own", "#keys button[hx-put='/me/keys']"}})
	if r := s.json("ines", http.MethodPut, "/me/keys", `{"keys":{"body":"x"}}`); r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a key for two actions: status %d", r.StatusCode)
	}

	r := httptest.NewRequest(http.MethodPut, "/me/keys", nil)
	r.Header.Set("HX-Request", "true")
	s.check(s.send("ines", r), visit{status: 200, has: []string{"#keys: usual keys"}, hasNot: []string{"#keys button", "title"}})
	who, err := s.store.AnnotatorByName(t.Context(), "ines")
	if err != nil || len(who.Keys) != 0 {
		t.Errorf("keys %v, %v", who.Keys, err)
	}
}

func TestTheSourceIsNeverAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.get("ines", "/documents/2/source")
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK || !strings.Contains(string(b), "😀 Tolls rise") {
		t.Fatalf("status %d: %s", r.StatusCode, b)
	}
	for name, want := range map[string]string{
		"Content-Type":            "text/plain; charset=utf-8",
		"X-Content-Type-Options":  "nosniff",
		"Content-Security-Policy": "sandbox; default-src 'none'",
	} {
		if got := r.Header.Get(name); !strings.EqualFold(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}

	s.check(s.post("mona", news+"/remove", nil), visit{status: 303, to: "/"})
	s.check(s.get("ines", "/documents/2/source"), visit{status: 404})
}

func TestThePictureIsInert(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, `{"id":"page","html":"<p onclick=alert(1)>One<script>alert(1)</script></p>"}`+"\n")
	id, err := s.store.Newest(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	picture := views.PicturePath(id)
	for to, sandbox := range map[string]string{"iframe": "sandbox allow-same-origin; ", "": "sandbox allow-same-origin; ", "document": "sandbox; ", "image": "sandbox; ", "script": "sandbox; "} {
		r := httptest.NewRequest(http.MethodGet, picture, nil)
		r.Header.Set("Sec-Fetch-Dest", to)
		got := s.send("ines", r)
		b, _ := io.ReadAll(got.Body)
		if got.StatusCode != http.StatusOK || !strings.Contains(string(b), `<p data-block="0">One</p>`) || strings.Contains(string(b), "alert") {
			t.Fatalf("status %d: %s", got.StatusCode, b)
		}
		for name, want := range map[string]string{
			"Content-Type":                 "text/html; charset=utf-8",
			"Content-Security-Policy":      sandbox + "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
		} {
			if has := got.Header.Get(name); !strings.EqualFold(has, want) {
				t.Errorf("for %q: %s is %q, want %q", to, name, has, want)
			}
		}
	}

	s.check(s.get("ines", "/documents/1/picture"), visit{status: 404}) // a text has none
	s.check(s.post("mona", news+"/remove", nil), visit{status: 303, to: "/"})
	s.check(s.get("ines", picture), visit{status: 404})
}

func TestExportIsADownload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.get("mona", news+"/export/jsonl")
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK || strings.Count(string(b), "\n") != 1 || !strings.Contains(string(b), `"id":"villages"`) {
		t.Errorf("status %d: %s", r.StatusCode, b)
	}
	if got := r.Header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename=newswire-\d{4}-\d\d-\d\d\.jsonl$`).MatchString(got) {
		t.Errorf("Content-Disposition %q", got)
	}

	r = s.get("mona", news+"/export/jsonl/manifest")
	b, _ = io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || !strings.Contains(string(b), `"documents": 1`) {
		t.Errorf("manifest: status %d: %s", r.StatusCode, b)
	}
}

func TestDownloadsAreNamedSafely(t *testing.T) {
	for name, want := range map[string]string{
		"Newswire 2026":    `attachment; filename=newswire-2026-`,
		`a"b\..\c; x=y`:    `attachment; filename=a-b-c-x-y-`,
		"../../etc/passwd": `attachment; filename=etc-passwd-`,
		"😀":                `attachment; filename=annotate-`,
		"Zürich":           `attachment; filename*=utf-8''z%C3%BCrich-`,
		"שלום":             `attachment; filename*=utf-8''%D7%A9%D7%9C%D7%95%D7%9D-`,
		"x\r\nSet-Cookie:": `attachment; filename=x-set-cookie-`,
	} {
		if got := attachment(name, "jsonl"); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ".jsonl") {
			t.Errorf("%q: %s, want %s…", name, got, want)
		}
	}
}

func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{
		"/projects/1?q=a%20b#x":     "/projects/1?q=a%20b#x",
		"":                          "/",
		"projects":                  "/",
		"//evil.example":            "/",
		"/\\evil.example":           "/",
		"\\\\evil.example":          "/",
		"https://evil.example":      "/",
		"https:/evil.example":       "/",
		"javascript:alert(1)":       "/",
		"/%2f/evil.example":         "/",
		"/a\r\nSet-Cookie: x":       "/",
		"/\t/evil.example":          "/",
		" /projects":                "/",
		"/projects/1/%zz":           "/",
		"http://user@evil.example/": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
}

// file is one file of an upload; its name may hold folders.
type file struct{ name, content string }

func (s *site) upload(who, path string, fields url.Values, files ...file) *http.Response {
	s.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, values := range fields {
		for _, v := range values {
			if err := w.WriteField(name, v); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	for _, f := range files {
		part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename="%s"`, f.name)}})
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := io.WriteString(part, f.content); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", w.FormDataContentType())

	return s.send(who, r)
}

// settle waits until no import is at work.
func (s *site) settle() { s.server.h.imports.wg.Wait() }

func TestAnUploadIsCheckedThenStored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.upload("mona", quiet+"/imports", form("format", "auto", "pasted", "A pasted page\r\nwith two lines"),
		file{"folder/one.txt", "First line\nשורה שנייה\n"},
		file{"folder/deep/two.jsonl", `{"id":"a","text":"Ten Quiet Villages","layer":"gold","blocks":[{"start":0,"end":18,"class":"body"}],"spans":[{"start":0,"end":3,"label":"NUM","quote":"Ten"}]}` + "\n" + `{"id":` + "\n"},
		file{"folder/.DS_Store", "\x00\x01"}, file{"", ""})
	job := r.Header.Get("Location")
	s.check(r, visit{status: 303, to: job})
	s.settle()

	s.check(s.get("mona", job), visit{status: 200, has: []string{
		".tiles .card:nth-child(1) dd: 3", ".tiles .card:nth-child(4) dd: 1",
		"#problems td.file: folder/deep/two.jsonl", "#problems td.r: 2",
		"button[name=skip]: Import the 3 good ones", "input[name=labels][checked]", "form: NUM", "form: 1 document brings gold along",
		".sample li:nth-child(2): שורה שנייה", "form button[formaction$='/cancel']",
	}, hasNot: []string{"[hx-trigger]"}})
	s.see(s.page(s.get("mona", quiet+"/import")), "#jobs-title", "a[href='"+job+"']: 3 files")
	s.see(s.page(s.get("mona", quiet)), ".empty") // nothing is stored before the person has agreed

	s.check(s.post("mona", job+"/start", form("skip", "1", "labels", "1")), visit{status: 303, to: job})
	s.check(s.post("mona", job+"/start", form("skip", "1", "labels", "1")), visit{status: 303, to: job}) // a second click
	s.settle()

	s.check(s.get("mona", job), visit{status: 200, has: []string{".big: 3 documents imported", "a[href='/projects/2/documents']", "form[action='/projects/2/next']"}})
	s.check(s.get("mona", quiet), visit{status: 200, has: []string{".big: of 3 documents are gold"}})
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := p.Labels.ByName("NUM"); !ok {
		t.Error("the label NUM was not added")
	}
}

func TestAnImportWithoutTheLabelsComesBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	line := `{"id":"%s","text":"Ten Quiet Villages","layer":"gold","blocks":[{"start":0,"end":18,"class":"body"}],"spans":[{"start":0,"end":3,"label":"%s","quote":"Ten"}]}` + "\n"
	job := s.upload("mona", quiet+"/imports", nil, file{"g.jsonl", fmt.Sprintf(line, "a", "NUM") + fmt.Sprintf(line, "b", "MISC")}).Header.Get("Location")
	s.settle()
	s.check(s.get("mona", job), visit{status: 200, has: []string{"button[data-enter]: Import 2 documents"}})

	s.check(s.post("mona", job+"/start", nil), visit{status: 303, to: job})
	s.settle()

	s.check(s.get("mona", job), visit{status: 200, has: []string{"#problems: no label", "button[name=skip]: Import the 1 good one", "input[name=labels]:not([checked])"}})
	s.see(s.page(s.get("mona", quiet)), ".empty")
	s.check(s.post("mona", job+"/start", form("skip", "1")), visit{status: 303, to: job})
	s.settle()
	s.check(s.get("mona", job), visit{status: 200, has: []string{".big: 1 document imported", ".sub: 1 left out"}})
}

func TestTheSameUploadAgainIsUnchanged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i, want := range []string{"button[data-enter]: Import 2 documents", "form: Nothing to do: all 2 documents are here already"} {
		job := s.upload("mona", quiet+"/imports", form("pasted", "A pasted page"), file{"one.txt", "First line"}).Header.Get("Location")
		s.settle()
		s.check(s.get("mona", job), visit{status: 200, has: []string{want}})
		if i == 0 {
			s.post("mona", job+"/start", nil)
			s.settle()
		}
	}
}

func TestAnImportCancelled(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	job := s.upload("mona", quiet+"/imports", nil, file{"one.txt", "First line"}).Header.Get("Location")
	s.settle()
	s.check(s.post("mona", job+"/cancel", nil), visit{status: 303, to: quiet + "/import"})
	s.check(s.get("mona", quiet+"/import"), visit{status: 200, has: []string{".toast: Nothing was stored"}})
	s.check(s.post("mona", job+"/start", nil), visit{status: 303, to: job})
	s.settle()
	s.check(s.get("mona", job), visit{status: 200, has: []string{"#job: was cancelled"}, hasNot: []string{"#job button"}})
	s.see(s.page(s.get("mona", quiet)), ".empty")
}

func TestUploadsThatHoldNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.check(s.upload("mona", quiet+"/imports", form("pasted", " \r\n\u00a0")), visit{status: 422, has: []string{"#problem-file: Choose", "form#import"}})
	s.check(s.upload("mona", quiet+"/imports", form("format", "exe"), file{"a.txt", "x"}), visit{status: 422, has: []string{"#problem-file: There is no format"}})
	s.check(s.upload("mona", "/projects/99/imports", nil, file{"a.txt", "x"}), visit{status: 404})
	s.check(s.upload("ines", quiet+"/imports", nil, file{"a.txt", "x"}), visit{status: 403})

	job := s.upload("mona", quiet+"/imports", nil, file{"empty.jsonl", ""}).Header.Get("Location")
	s.settle()
	s.check(s.get("mona", job), visit{status: 200, has: []string{"form button: Close"}, hasNot: []string{"button.primary"}})
	s.check(s.get("mona", strings.Replace(job, quiet, news, 1)), visit{status: 303, to: news + "/import"}) // another project's
}

func TestWhatIsPastedIsReadByItsContent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for pasted, want := range map[string]string{
		"<!doctype html><title>On the page</title><p>One</p><p>Two</p>": ".sample li:nth-child(2): Two",
		"[{\"text\":\"First of the list\"},\n{\"text\":\"Second 😀\"}]":  "button[data-enter]: Import 2 documents",
		"[{\"text\":\"First of the list\"},\n{\"text\":7}]":             "#problems td.file: pasted text",
		"Eine Zeile\r\nשורה שנייה":                                      ".sample li:nth-child(2): שורה שנייה",
	} {
		job := s.upload("mona", quiet+"/imports", form("pasted", pasted)).Header.Get("Location")
		s.settle()
		s.check(s.get("mona", job), visit{status: 200, has: []string{want}})
	}
}

func TestAFormOfAnotherSiteIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
		r := httptest.NewRequest(http.MethodPost, news+"/remove", nil)
		r.Header.Set(header, value)
		doc := s.check(s.send("mona", r), visit{status: 403, has: []string{"h1: You may not do this", "main: --base-url"}})
		s.seeNot(doc, ".tabs")
	}
	s.see(s.page(s.get("mona", "/")), ".projects a[href='/projects/1']")
}

func TestAScriptIsToldWhereTheUploadGoesOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("pasted", "A page"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r := httptest.NewRequest(http.MethodPost, quiet+"/imports", &b)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Accept", "application/json")
	answer := s.send("mona", r)
	body, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusCreated || !strings.Contains(string(body), `"path":"/projects/2/imports/`) {
		t.Errorf("status %d: %s", answer.StatusCode, body)
	}
}

func TestUploadNames(t *testing.T) {
	for sent, want := range map[string]string{
		"a.txt":              "a.txt",
		"folder/a.txt":       "folder/a.txt",
		`folder\sub\a.txt`:   "folder/sub/a.txt",
		"../../etc/passwd":   "etc/passwd",
		"/abs/a.txt":         "abs/a.txt",
		"a%22b%0D%0A.txt":    `a"b.txt`,
		"a%20b.txt":          "a%20b.txt",
		"a\x00\nb.txt":       "ab.txt",
		"":                   "",
		"..":                 "",
		"é\u0301😀 שלום.txt":  "é\u0301😀 שלום.txt",
		"\xff.txt":           "\uFFFD.txt",
		"d/" + long + "/x.t": "x.t",
	} {
		if got := uploadName(sent); got != want {
			t.Errorf("%q is %q, want %q", sent, got, want)
		}
	}
}

var long = strings.Repeat("n", 1200)

func TestBookkeeping(t *testing.T) {
	for name, want := range map[string]bool{
		"a.txt": false, "a/b.txt": false, "a.b/c": false, ".DS_Store": true, "a/.git/config": true, "__MACOSX/a.txt": true, "x/Thumbs.db": true,
	} {
		if got := bookkeeping(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}

// No dead ends: from the list of projects on, every link answers and every
// form has a route, for each role.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, who := range []string{"mara", "mona", "ines"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			routes := s.server.h.routes()
			seen := map[string]bool{}
			todo := []string{"/"}
			for len(todo) > 0 {
				path := todo[0]
				todo = todo[1:]
				if seen[path] {
					continue
				}
				seen[path] = true
				r := s.get(who, path)
				if r.StatusCode >= 400 {
					t.Errorf("%s answers %d", path, r.StatusCode)
					continue
				}
				if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
					continue
				}
				doc := s.page(r)
				doc.Find("a[href], [hx-get]").Each(func(_ int, a *goquery.Selection) {
					href, _, _ := strings.Cut(a.AttrOr("href", a.AttrOr("hx-get", "")), "#")
					if strings.HasPrefix(href, "/") {
						todo = append(todo, href)
					}
				})
				for attr, method := range map[string]string{"action": "", "formaction": http.MethodPost, "hx-post": http.MethodPost, "hx-put": http.MethodPut} {
					doc.Find("[" + attr + "]").Each(func(_ int, e *goquery.Selection) {
						m := method
						if m == "" {
							m = strings.ToUpper(e.AttrOr("method", "get"))
						}
						if to := e.AttrOr(attr, ""); !routed(routes, m, to) {
							t.Errorf("%s: no route for %s %s", path, m, to)
						}
					})
				}
				doc.Find("link[href], script[src]").Each(func(_ int, e *goquery.Selection) {
					todo = append(todo, e.AttrOr("href", e.AttrOr("src", "")))
				})
			}
			if len(seen) < 15 {
				t.Errorf("only %d addresses seen", len(seen))
			}
		})
	}
}

// routed reports whether a route takes that request.
func routed(routes []route, method, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	have := strings.Split(path, "/")

	return slices.ContainsFunc(routes, func(r route) bool {
		want := strings.Split(r.path, "/")
		if r.method != method || len(want) != len(have) {
			return false
		}
		for i := range want {
			if want[i] != have[i] && !strings.HasPrefix(want[i], ":") {
				return false
			}
		}
		return true
	})
}

// What breaks after the first bytes are sent must not look like a whole file.
func TestABrokenExportBreaksTheDownload(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 300 {
		body := strings.Repeat("word ", 200) + "end"
		fmt.Fprintf(&lines, `{"id":"d%03d","text":%q,"layer":"gold","blocks":[{"start":0,"end":%d,"class":"body"}]}`+"\n", i, body, len(body))
	}
	s.add(p, lines.String())
	raw, err := sql.Open("sqlite", s.store.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.ExecContext(t.Context(), `INSERT INTO gold (document_id, project_id, version, at, annotators, content)
		SELECT max(document_id), project_id, 2, 0, '["x"]', '{"blocks":[],"spans":[]}' FROM gold WHERE project_id = 2`); err != nil {
		t.Fatal(err)
	}

	web := httptest.NewServer(s.server)
	defer web.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL+quiet+"/export/jsonl", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: plainCookie, Value: s.cookies["mona"][plainCookie]})
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err == nil {
		t.Errorf("the download of %d bytes ended as if it were whole", len(got))
	}
	if len(got) == 0 {
		t.Error("nothing was sent before it broke, so this test shows nothing")
	}
}

func TestAFullDiskIsSaidPlainly(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	s := &spool{file: full}
	defer full.Close()
	if err := s.add("a.txt", strings.NewReader("x")); !errors.Is(err, db.ErrFull) {
		t.Errorf("error %v", err)
	}
	if got := explain(brokenOff(fmt.Errorf("upload: %w", db.ErrFull))); got.status != http.StatusInsufficientStorage {
		t.Errorf("status %d", got.status)
	}
	if got := whyStopped(fmt.Errorf("import: %w", db.ErrFull)); !strings.Contains(got, "disk is full") {
		t.Errorf("reason %q", got)
	}
}

// An import that is at work when the program ends stores nothing, and the
// program waits for it.
func TestTheServerEndsWhileAnImportRuns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var lines strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&lines, `{"id":"d%05d","text":"Page %d"}`+"\n", i, i)
	}
	job := s.upload("mona", quiet+"/imports", nil, file{"many.jsonl", lines.String()}).Header.Get("Location")
	s.server.Close()
	p, err := s.store.Project(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := s.store.Counts(t.Context(), p.ID)
	if err != nil || counts.Total() != 0 {
		t.Errorf("%d documents, %v", counts.Total(), err)
	}
	s.check(s.get("mona", job), visit{status: 303, to: quiet + "/import"})
	s.check(s.upload("mona", quiet+"/imports", nil, file{"a.txt", "x"}), visit{status: 499})
}
