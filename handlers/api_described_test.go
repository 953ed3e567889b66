package handlers

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"annotate/internal/corpus"
)

// description is openapi.json, against which requests and answers are held. A
// schema is taken as closed where it does not say otherwise, so that a field
// which the description lacks is found.
type description struct {
	t     *testing.T
	all   map[string]any
	rules *jsonschema.Compiler
	done  map[string]bool // operations that have answered as they should
}

const describedAt = "http://annotate.test/openapi.json"

func described(t *testing.T) description {
	t.Helper()
	all, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	closed(all)
	d := description{t, all.(map[string]any), jsonschema.NewCompiler(), map[string]bool{}}
	d.rules.DefaultDraft(jsonschema.Draft2020)
	d.rules.AssertFormat()
	if err := d.rules.AddResource(describedAt, all); err != nil {
		t.Fatal(err)
	}

	return d
}

func closed(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, open := v["additionalProperties"]; v["type"] == "object" && v["properties"] != nil && !open {
			v["additionalProperties"] = false
		}
		for _, one := range v {
			closed(one)
		}
	case []any:
		for _, one := range v {
			closed(one)
		}
	}
}

// at is what stands at a path of the description, where a reference is
// followed, and the path that this leads to; nil where there is nothing.
func (d description) at(path ...string) (map[string]any, []string) {
	var is any = d.all
	for i, part := range path {
		m, _ := is.(map[string]any)
		is = m[part]
		if m, ok := is.(map[string]any); ok && m["$ref"] != nil {
			to := strings.Split(strings.TrimPrefix(m["$ref"].(string), "#/"), "/")
			return d.at(append(to, path[i+1:]...)...)
		}
	}
	m, _ := is.(map[string]any)

	return m, path
}

// holds says whether a value is as the schema at a path says.
func (d description) holds(what string, value []byte, path ...string) {
	d.t.Helper()
	is, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		d.t.Errorf("%s: %v: %s", what, err, value)
		return
	}
	escaped := make([]string, len(path))
	for i, part := range path {
		escaped[i] = url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	schema, err := d.rules.Compile(describedAt + "#/" + strings.Join(escaped, "/"))
	if err != nil {
		d.t.Fatal(err)
	}
	if err := schema.Validate(is); err != nil {
		d.t.Errorf("%s: %v\n%.2000s", what, err, value)
	}
}

// body holds a body against the media types that are described for it. Of JSON
// Lines each line has to hold.
func (d description) body(what, kind string, body []byte, path []string) {
	d.t.Helper()
	media, _, err := mime.ParseMediaType(kind)
	content, at := d.at(append(slices.Clone(path), "content")...)
	as, any := content[media], content["*/*"]
	if err != nil || as == nil && any == nil {
		d.t.Errorf("%s: %q is not described", what, kind)
		return
	}
	schema := append(slices.Clone(at), media, "schema")
	switch {
	case as == nil: // of any kind
	case strings.HasSuffix(media, "json"):
		d.holds(what, body, schema...)
	case media == "application/jsonl":
		for line := range bytes.Lines(body) {
			d.holds(what, line, schema...)
		}
	}
}

// request is one of a program.
type request struct {
	op     string // method and path, as they are described
	path   string // "" where the description's is one
	body   string
	status int
	header [2]string
}

// asked makes a request and holds it and its answer against the description.
func (d description) asked(c caller, r request) (*http.Response, []byte) {
	d.t.Helper()
	method, template, _ := strings.Cut(r.op, " ")
	path := r.path
	if path == "" {
		path = template
	}
	operation := []string{"paths", "/api/v1" + template, strings.ToLower(method)}
	if is, _ := d.at(operation...); is == nil {
		d.t.Fatalf("%s is not described", r.op)
	}
	req := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(r.body))
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if r.header[0] != "" {
		req.Header.Set(r.header[0], r.header[1])
	}
	if r.status < 400 {
		d.request(req, r, operation)
		d.done[r.op] = true
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, req)

	answer, what := w.Result(), fmt.Sprintf("%s %s: %d", method, path, w.Code)
	if w.Code != r.status {
		d.t.Errorf("%s, want %d: %.1000s", what, r.status, w.Body)
	}
	is, at := d.at(append(slices.Clone(operation), "responses", fmt.Sprint(w.Code))...)
	if is == nil && w.Code >= 400 {
		is, at = d.at(append(slices.Clone(operation), "responses", "default")...)
	}
	if is == nil {
		d.t.Errorf("%s is not described", what)
		return answer, w.Body.Bytes()
	}
	headers, _ := is["headers"].(map[string]any)
	for name, h := range headers {
		if h.(map[string]any)["required"] == true && answer.Header.Get(name) == "" {
			d.t.Errorf("%s: there is no header %s", what, name)
		}
	}
	if is["content"] != nil {
		d.body(what, answer.Header.Get("Content-Type"), w.Body.Bytes(), at)
	} else if w.Body.Len() > 0 {
		d.t.Errorf("%s: a body is not described", what)
	}

	return answer, w.Body.Bytes()
}

// request holds what is asked for against the description.
func (d description) request(req *http.Request, r request, operation []string) {
	d.t.Helper()
	item, _ := d.at(operation[:2]...)
	is, _ := d.at(operation...)
	named := map[string]bool{}
	for _, list := range []any{item["parameters"], is["parameters"]} {
		all, _ := list.([]any)
		for _, p := range all {
			p := p.(map[string]any)
			if ref, ok := p["$ref"].(string); ok {
				p, _ = d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
			named[p["name"].(string)] = true
		}
	}
	for name := range req.URL.Query() {
		if !named[name] {
			d.t.Errorf("%s: the parameter %s is not described", r.op, name)
		}
	}
	content, at := d.at(append(slices.Clone(operation), "requestBody", "content")...)
	switch {
	case r.body == "":
	case content["application/json"] != nil:
		d.body(r.op+" request", "application/json", []byte(r.body), at[:len(at)-1])
	case content["application/jsonl"] != nil && !strings.Contains(r.path, "format="):
		d.body(r.op+" request", "application/jsonl", []byte(r.body), at[:len(at)-1])
	}
}

// The formats that an import may name are those that there are.
func TestAPIImportFormatsAreDescribed(t *testing.T) {
	t.Parallel()
	operation, _ := described(t).at("paths", "/api/v1/projects/{project}/imports", "post")
	format := operation["parameters"].([]any)[0].(map[string]any)
	if got := format["schema"].(map[string]any)["enum"]; format["name"] != "format" || fmt.Sprint(got) != fmt.Sprint(importFormats) {
		t.Errorf("openapi.json has %v, ingest %v", got, importFormats)
	}
}

// Every operation is asked on a real server, and what it answers is what the
// description says: status, headers, kind and every field, of errors too.
func TestAPIAnswersAsDescribed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.handIn("ines", 1, corpus.Body)
	d, c := described(t), s.caller("mara")
	const p = "/projects/Newswire"
	const page = `{"id":"harbour","text":"The harbour opens","url":"https://news.example.org/h","meta":{"language":"en","section":"local"}}` + "\n"

	for _, r := range []request{
		{op: "GET /openapi.json", status: 200},
		{op: "GET /log", path: "/log?limit=3&kind=project-added", status: 200},
		{op: "GET /projects/{project}/log", path: p + "/log", status: 200},

		{op: "GET /projects", status: 200},
		{op: "POST /projects", body: `{"name":"Third","guidelines":"# Body","cutting":"sentence","labels":[{"name":"SHIP"},{"name":"PORT","title":"A port","colour":"blue","key":"2"}],"settings":{"overlap":2,"overlapShare":30,"rule":"agree","order":"random"}}`, status: 201},
		{op: "POST /projects", body: `{"name":"Fourth"}`, status: 201},
		{op: "POST /projects", body: `{"name":"third"}`, status: 422},
		{op: "POST /projects", body: `{"name":"x","cutting":"words"}`, status: 422},
		{op: "POST /projects", body: `{"name":"x","labels":[{"name":"A B"}]}`, status: 422},
		{op: "POST /projects", body: `{"name":"x","labels":[{"name":"A","key":"b"}]}`, status: 422},
		{op: "POST /projects", body: `{"name":"x","settings":{"overlap":99}}`, status: 422},
		{op: "POST /projects", body: `{"title":"x"}`, status: 400},
		{op: "GET /projects/{project}", path: p, status: 200},
		{op: "GET /projects/{project}", path: "/projects/None", status: 404},

		{op: "POST /projects/{project}/imports", path: p + "/imports?wait=20&dry-run=1", body: page, status: 200},
		{op: "POST /projects/{project}/imports", path: p + "/imports?wait=20&name=new.jsonl", body: page, status: 200},
		{op: "POST /projects/{project}/imports", path: p + "/imports?wait=20", body: page + `{"id":"empty"}` + "\n", status: 200},
		{op: "POST /projects/{project}/imports", path: p + "/imports?wait=20&format=html&name=a.html&skip-bad=1&add-labels=true&blocks=none&offsets=utf-16&pieces=1", body: "<p>A page", status: 200},
		{op: "POST /projects/{project}/imports", path: p + "/imports?format=odt", body: page, status: 422},
		{op: "POST /projects/{project}/imports", path: p + "/imports?wait=900", body: page, status: 422},
		{op: "POST /projects/{project}/imports", path: p + "/imports", status: 422},
		{op: "GET /projects/{project}/imports/{import}", path: p + "/imports/none", status: 404},

		{op: "GET /projects/{project}/documents", path: p + "/documents?limit=2", status: 200},
		{op: "GET /projects/{project}/documents", path: p + "/documents?state=gold&state=new&site=example.org&language=en&q=harbour", status: 200},
		{op: "GET /projects/{project}/documents", path: p + "/documents?state=old", status: 422},
		{op: "GET /projects/{project}/documents", path: p + "/documents?limit=1001", status: 422},
		{op: "GET /projects/{project}/documents", path: p + "/documents?after=7", status: 422},
		{op: "GET /projects/{project}/documents", path: p + "/documents?status=gold", status: 422},
		{op: "GET /projects/{project}/documents/{document}", path: p + "/documents/villages", status: 200},
		{op: "GET /projects/{project}/documents/{document}", path: p + "/documents/1", status: 200},
		{op: "GET /projects/{project}/documents/{document}", path: p + "/documents/none", status: 404},

		{op: "GET /projects/{project}/annotations", path: p + "/annotations", status: 200},
		{op: "GET /projects/{project}/gold", path: p + "/gold", status: 200},
		{op: "GET /projects/{project}/gold", path: p + "/gold?since=1000", status: 200},
		{op: "GET /projects/{project}/gold", path: p + "/gold?since=-1", status: 422},
		{op: "GET /projects/{project}/gold", path: p + "/gold?release=none", status: 422},

		{op: "POST /projects/{project}/releases", path: p + "/releases", body: `{"name":"one","note":"the first"}`, status: 201},
		{op: "POST /projects/{project}/releases", path: p + "/releases", body: `{"name":"one"}`, status: 422},
		{op: "GET /projects/{project}/releases", path: p + "/releases", status: 200},
		{op: "GET /projects/{project}/releases/{release}", path: p + "/releases/one", status: 200},
		{op: "GET /projects/{project}/gold", path: p + "/gold?release=one", status: 200},
		{op: "GET /projects/{project}/gold", path: p + "/gold?release=one&since=1", status: 422},

		{op: "GET /projects/{project}/splits", path: p + "/splits", status: 200},
		{op: "GET /projects/{project}/splits", path: p + "/splits?split=train%3D50,test%3D50&by=document&release=one", status: 200},
		{op: "GET /projects/{project}/splits", path: p + "/splits?split=train", status: 422},
		{op: "POST /projects/{project}/splits/fix", path: p + "/splits/fix", body: `{"part":"test","documents":["bridge","2"],"site":"example.net"}`, status: 200},
		{op: "POST /projects/{project}/splits/fix", path: p + "/splits/fix", body: `{"part":"test","documents":["none"]}`, status: 422},
		{op: "POST /projects/{project}/splits/fix", path: p + "/splits/fix", body: `{"documents":["bridge"]}`, status: 422},
		{op: "GET /projects/{project}/splits", path: p + "/splits?by=cluster", status: 200},
		{op: "POST /projects/{project}/splits/free", path: p + "/splits/free", body: `{"documents":["bridge"]}`, status: 200},
		{op: "POST /projects/{project}/splits/free", path: p + "/splits/free", body: `{}`, status: 422},

		{op: "POST /projects/{project}/runs", path: p + "/runs", body: `{"name":"mine","cleaner":{"name":"mine","version":"2","config":"c","dependencies":{"lxml":"5"}},"documents":1}`, status: 201},
		{op: "POST /projects/{project}/runs", path: p + "/runs", body: `{"name":"mine","cleaner":{"name":"mine","version":"2","config":"c","dependencies":{"lxml":"5"}}}`, status: 200},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/labelstudio?predictions=mine", status: 422},
		{op: "POST /projects/{project}/runs/{run}/predictions", path: p + "/runs/mine/predictions", body: `{"id":"villages","text":"Ten Quiet","ms":3}` + "\n" + `{"id":"bridge","status":"timeout","error":"after 30 s"}` + "\n", status: 200},
		{op: "POST /projects/{project}/runs/{run}/predictions", path: p + "/runs/mine/predictions", body: "{}\n", status: 422},
		{op: "POST /projects/{project}/runs/{run}/finish", path: p + "/runs/mine/finish", status: 200},
		{op: "GET /projects/{project}/runs", path: p + "/runs", status: 200},
		{op: "GET /projects/{project}/runs/{run}", path: p + "/runs/mine", status: 200},
		{op: "GET /projects/{project}/runs/{run}/predictions", path: p + "/runs/mine/predictions", status: 200},
		{op: "GET /projects/{project}/report", path: p + "/report?resamples=20", status: 200},
		{op: "GET /projects/{project}/report", path: p + "/report?resamples=20&format=md", status: 200},
		{op: "GET /projects/{project}/report", path: p + "/report?format=odt", status: 422},
		{op: "GET /projects/{project}/agreement", path: p + "/agreement", status: 200},
		{op: "GET /projects/{project}/agreement", path: p + "/agreement?format=csv", status: 200},

		{op: "GET /projects/{project}/export/{format}/state", path: p + "/export/huggingface/state?split=train%3D50,test%3D50&by=document&wait=20", status: 200},
		{op: "GET /projects/{project}/export/{format}/state", path: p + "/export/labelstudio/state?predictions=mine&lossy=1&all=1&wait=20", status: 200},
		{op: "GET /projects/{project}/export/{format}/state", path: p + "/export/none/state", status: 404},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/jsonl?release=one", status: 200},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/jsonl", status: 206, header: [2]string{"Range", "bytes=3-9"}},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/jsonl", status: 416, header: [2]string{"Range", "bytes=999999-"}},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/jsonl?layer=annotations", status: 200},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/iob2?by=site", status: 422},
		{op: "GET /projects/{project}/export/{format}", path: p + "/export/iob2?lossy=perhaps", status: 422},
	} {
		answer, body := d.asked(c, r)
		if r.op == "POST /projects/{project}/imports" && r.status == 200 {
			job := strings.TrimPrefix(answer.Header.Get("Location"), "/api/v1")
			d.asked(c, request{op: "GET /projects/{project}/imports/{import}", path: job + "?wait=1", status: 200})
		}
		if len(body) == 0 && !strings.Contains(r.path, "since=") {
			t.Errorf("%s %s: an empty answer", r.op, r.path)
		}
	}
	whole, _ := d.asked(c, request{op: "GET /projects/{project}/export/{format}", path: p + "/export/jsonl", status: 200})
	d.asked(c, request{op: "GET /projects/{project}/export/{format}", path: p + "/export/jsonl", status: 304, header: [2]string{"If-None-Match", whole.Header.Get("ETag")}})

	for path, item := range d.all["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			op := strings.ToUpper(method) + " " + strings.TrimPrefix(path, "/api/v1")
			switch {
			case method == "parameters":
			case !d.done[op]:
				t.Errorf("%s was never answered", op)
			case op != "GET /openapi.json":
				d.asked(caller{s, ""}, request{op: op, status: 401})
			}
		}
	}
}
