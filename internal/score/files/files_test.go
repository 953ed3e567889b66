package files_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

// write makes a file, or with several pairs of names and contents a folder.
func write(t testing.TB, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(dir, pairs[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
		if len(pairs) == 2 {
			return path
		}
	}
	return dir
}

// folder is one that may have a single file.
func folder(t testing.TB, pairs ...string) string {
	t.Helper()
	return write(t, append(pairs, ".keep", "")...)
}

func open(t testing.TB, path string, o files.Options) *files.Predictions {
	t.Helper()
	p, err := files.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func golds(t testing.TB, path string, o files.Options) []score.Gold {
	t.Helper()
	var out []score.Gold
	for g, err := range files.GoldIn(path, o) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, g)
	}
	return out
}

// hard is a text in which bytes, code points and UTF-16 units differ, with an
// accent composed and decomposed, a no-break space, and right to left.
//
//	😀 Ada, café, cafe◌́, a b.   24 code points: the no-break space stands between a and b
//	שלום                         4, after the LF
const hard = "😀 Ada, café, cafe\u0301, a\u00a0b.\nשלום"

const (
	page  = "Menü\n" + hard // hard is [5,34)
	asked = `"😀 Ada, café, cafe\u0301, a\u00a0b.\nשלום"`
	html1 = "😀 Ada,\r\n café, cafe&#x301;, a&nbsp;b."
	html2 = "שלום"
)

var crlf = strings.ReplaceAll(hard, "\n", "\r\n")

// samples are a prediction of the same text for the document a, in every
// format. The first name is the format that is recognised.
func samples(t testing.TB) map[string]string {
	mark := func(before, after string) string {
		return "<!doctype html><meta charset=utf-8><title>no</title><style>p{}</style><body><nav>Men&uuml;</nav>" +
			"<p>" + before + html1 + after + "</p><div>" + before + html2 + after + "</div><p hidden>no</p><script>no()</script>"
	}
	return map[string]string{
		"native":               write(t, "p.jsonl", "\ufeff"+`{"id":"a","text":`+asked+`,"ms":12.4}`+"\r\n"),
		"native blocks":        write(t, "p.jsonl", `{"id":"a","blocks":[{"start":5,"end":29,"class":"body"},{"start":0,"end":4,"class":"boilerplate"},{"start":30,"end":34,"class":"body"}]}`),
		"native by url":        write(t, "p.jsonl", "\n"+`{"url":"https://a.example/x","text":`+asked+`}`),
		"native by file":       write(t, "p.jsonl", `{"file":"pages/a.html","text":`+asked+`}`),
		"wceb":                 write(t, "p.jsonl", `{"page_id":"a","plaintext":`+asked+`,"model":"m"}`),
		"aeb":                  write(t, "p.json", "{\n \"a\": {\"articleBody\": "+asked+", \"url\": \"u\"}\n}"),
		"aeb in one line":      write(t, "p.json", `{"a":{"articleBody":`+asked+`}}`),
		"aeb wrapped":          write(t, "p.json", "{\"version\":\"1\",\n\"output\":{\"a\":{\"articleBody\":"+asked+"}}}"),
		"aeb wrapped, turned":  write(t, "p.json", `{"output":{"a":{"articleBody":`+asked+`}},"version":"1"}`),
		"wcxb":                 write(t, "p.json", `{"a":`+asked+`}`),
		"wcxb-pages":           folder(t, "a.json", `{"url":"https://a.example/x","ground_truth":{"main_content":`+asked+`},"_internal":{"page_type":{"primary":"article"}}}`),
		"wcxb-pages, one":      write(t, "a.json", `{"url":"https://a.example/x","ground_truth":{"main_content":`+asked+`}}`),
		"text":                 folder(t, "a.txt", "\ufeff"+crlf),
		"text in a file":       write(t, "a.txt", crlf),
		"cleaneval":            folder(t, "a.txt", "URL: https://a.example/x\r\n\r\n<p>"+strings.ReplaceAll(crlf, "\r\n", "\r\n<h> ")+"\r\n"),
		"dragnet":              folder(t, "a.html.corrected.txt", crlf+"\r\n\r\n!@#$%^&*()  COMMENTS\r\n\r\nGreat post"),
		"dragnet-blocks":       folder(t, "a.block_corrected.txt", "0.0\t0.0\tMenü\t\t\n0.9\t0.0\t"+strings.Replace(hard, "\n", "\tx\t\n1.0\t0.0\t", 1)+"\t\t\n0.05\t1.0\tGreat post\t\t"),
		"html":                 folder(t, "a.html", strings.Replace(mark("", ""), "<nav>Men&uuml;</nav>", "", 1)),
		"boilernet":            folder(t, "a.html", mark(`<span __boilernet_label="1">`, "</span>")),
		"l3s-gn1":              folder(t, "a.html", mark(`<span class="big x-nc-sel2"><span class="x-nc-sel1">`, `</span></span><span class="x-nc-sel5">Great post</span>`)),
		"cc-select":            folder(t, "a.html", mark(`<marked-text cc-select="true" data-anno-uid="anno-uid-1">`, "</marked-text>")),
		"nodes":                folder(t, "a.csv", "tag,content,label,depth\r\nnav,Menü,0,2\r\np,\""+strings.Replace(hard, "\n", "\",1,2\r\ndiv,", 1)+",1.0,2\r\n"),
		"webmainbench":         write(t, "p.jsonl", `{"id":"a","html":"<p>","groundtruth_content":"x","magic_content":`+asked+`,"magic_success":true,"magic_time":0.0124}`),
		"mozilla":              write(t, "a/source.html", "<p>no", "a/expected.html", strings.Replace(mark("", ""), "<nav>Men&uuml;</nav>", "", 1), "b/expected.html", "<p>b"),
		"text in a packed zip": zipped(t, "top/a.txt", crlf, "top/__x.pdf", "no", "__MACOSX/a.txt", "no"),
	}
}

func zipped(t testing.TB, pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(pairs[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "p.zip", b.String())
}

func TestEveryFormatGivesTheSamePrediction(t *testing.T) {
	g := score.Gold{ID: "a", URL: "http://www.a.example/x/#top", Name: "a.html", Page: page, Blocks: []score.Block{}}
	all := samples(t)
	for _, f := range files.Formats[1:] {
		if f.Name != "trafilatura" && all[f.Name] == "" {
			t.Errorf("there is no sample of %s", f.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			p := open(t, all[name], files.Options{})
			format, _, _ := strings.Cut(strings.Replace(name, ",", " ", 1), " ")
			if p.Format() != format {
				t.Errorf("it was taken for %s", p.Format())
			}
			got, err := p.For(g)
			if err != nil {
				t.Fatal(err)
			}
			if got.Text != hard || got.Status != score.OK {
				t.Errorf("it is\n%q, %s, want\n%q", got.Text, got.Status, hard)
			}

			named := open(t, all[name], files.Options{Format: format})
			if again, err := named.For(g); err != nil || again.Text != hard {
				t.Errorf("named, it is %q (%v)", again.Text, err)
			}
		})
	}
}

func TestARecordSaysMoreThanItsText(t *testing.T) {
	p := open(t, write(t, "p.jsonl", strings.Join([]string{
		`{"id":"a","text":"x","cleaner":"c","version":"2","config":{"b":1,"a":2},"ms":12.5,"spans":[{"start":0,"end":1,"label":"PER"}]}`,
		`{"id":"b","status":"error","error":"no memory","cleaner":"d"}`,
		`{"id":"c","status":"timeout"}`,
		`{"id":"d","status":"skipped"}`,
		`{"id":7,"status":"empty"}`,
		`{"page_id":"f","plaintext":null}`,
		`{"id":"g","blocks":[],"text":null}`,
	}, "\n")), files.Options{})
	want := []score.Prediction{
		{Status: score.OK, Text: "x", Millis: 13, Labels: true, Spans: []score.Span{{Label: "PER"}}},
		{Status: score.Failed, Detail: "no memory"}, {Status: score.TimeOut}, {Status: score.Missing}, {Status: score.Empty}, {Status: score.Failed},
		{Status: score.OK, Blocks: []score.Block{}},
	}
	want[0].Spans[0].End = 1
	if p.Len() != len(want) || p.ID(4) != "7" {
		t.Fatalf("%d predictions, the fifth of which is %q", p.Len(), p.ID(4))
	}
	for n, w := range want {
		got, err := p.Read(n, "x", true)
		if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", w) {
			t.Errorf("%s is %#v (%v), want %#v", p.ID(n), got, err, w)
		}
	}
	if c := p.Cleaner(); c.Name != "c" || c.Version != "2" || len(c.Config) != 64 {
		t.Errorf("the cleaner is %+v", c)
	}

	for path, want := range map[string]string{
		write(t, "p.jsonl", `{"page_id":"a","plaintext":"","model":"m"}`):                                         "m",
		write(t, "p.json", `{"version":"2","output":{"a":{"articleBody":""}}}`):                                   " 2",
		write(t, "p.json", `{"output":{"a":{"articleBody":""}},"version":"2","name":"n"}`):                        "n 2",
		write(t, "p.json", `{"a":""}`):                                                                            "",
		write(t, "p.jsonl", `{"id":"a","text":"","cleaner":{"name":"c","version":"3","dependencies":{"x":"1"}}}`): "c 3",
	} {
		if got := open(t, path, files.Options{}).Cleaner().String(); got != want {
			t.Errorf("the cleaner is %q, want %q", got, want)
		}
	}
}

func TestResultsOfSeveralCleanersNeedAColumn(t *testing.T) {
	line := `{"track_id":"a","m_x_content":"one","m_x_success":true,"jina_content":null,"jina_success":false,"jina_time":0.25,"convert_main_content":"c"}` + "\n" + `{"track_id":"b"}`
	path := write(t, "p.jsonl", line)
	_, err := files.Open(path, files.Options{})
	if p, ok := errors.AsType[*corpus.Problem](err); !ok || p.Line != 1 || !strings.Contains(p.Reason, `"jina" or "m_x"`) {
		t.Errorf("the error is %v", err)
	}
	if _, err = files.Open(path, files.Options{Column: "no"}); err == nil || !strings.Contains(err.Error(), `no results of "no"`) {
		t.Errorf("the error is %v", err)
	}
	for column, want := range map[string]score.Prediction{"m_x": {Status: score.OK, Text: "one"}, "jina": {Status: score.Failed, Millis: 250}} {
		p := open(t, path, files.Options{Column: column})
		got, err := p.Read(0, "", false)
		if err != nil || got.Text != want.Text || got.Status != want.Status || got.Millis != want.Millis {
			t.Errorf("%s is %+v (%v)", column, got, err)
		}
		if got, err := p.Read(1, "", false); err != nil || got.Status != score.Missing {
			t.Errorf("without a result it is %+v (%v)", got, err)
		}
		if p.Cleaner().Name != column {
			t.Errorf("the cleaner is %v", p.Cleaner())
		}
	}
	if _, err = files.Open(write(t, "p.jsonl", `{"id":"a","text":""}`), files.Options{Column: "m_x"}); err == nil {
		t.Error("a column of our own record is not refused")
	}
}

func TestPackedFilesAreReadAndRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	content := `{"id":"a","text":` + asked + "}\n"
	var gz, zst bytes.Buffer
	z := gzip.NewWriter(&gz)
	z.Write([]byte(content))
	z.Close()
	s, _ := zstd.NewWriter(&zst)
	s.Write([]byte(content))
	s.Close()
	sources := map[string]string{"p.jsonl.gz": gz.String(), "p.jsonl.zst": zst.String(), "p.jsonl": content, "a.txt": crlf}
	if b, err := os.ReadFile(zipped(t, "a.txt", crlf)); err == nil {
		sources["p.zip"] = string(b)
	}
	for name, content := range sources {
		p, err := files.OpenReader(strings.NewReader(content), name, files.Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		for range 2 {
			if got, err := p.Read(0, "", false); err != nil || got.Text != hard {
				t.Errorf("%s is %q (%v)", name, got.Text, err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		q := open(t, write(t, name, content), files.Options{})
		if got, err := q.Read(0, "", false); err != nil || got.Text != hard {
			t.Errorf("%s is %q (%v)", name, got.Text, err)
		}
		q.Close()
		for _, cut := range []int{len(content) / 2, len(content) - 3} {
			p, err := files.OpenReader(strings.NewReader(content[:cut]), name, files.Options{})
			if err == nil {
				p.Close()
			}
			if _, ok := errors.AsType[*corpus.Problem](err); !ok && name != "a.txt" {
				t.Errorf("%s, cut off, gives %v", name, err)
			}
		}
	}
	left, _ := os.ReadDir(os.Getenv("TMPDIR"))
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "annotate-") {
			t.Errorf("%s is left", e.Name())
		}
	}
}

func TestTextsOfUnknownEncoding(t *testing.T) {
	for name, c := range map[string][2]string{
		"windows-1252": {"\x93caf\xe9\x94 \x80", "“café” €"},
		"UTF-8":        {"“café” €", "“café” €"},
		"UTF-16":       {"\xff\xfe\x1c\x20c\x00a\x00f\x00\xe9\x00", "“café"},
	} {
		for _, file := range []string{"a.html.corrected.txt", "a.txt"} {
			content, o := c[0], files.Options{Format: "dragnet"}
			if file == "a.txt" {
				o.Format = "cleaneval"
			}
			p := open(t, folder(t, file, content), o)
			if got, err := p.Read(0, "", false); err != nil || got.Text != c[1] {
				t.Errorf("%s in %s is %q (%v)", name, file, got.Text, err)
			}
		}
	}
	p := open(t, folder(t, "a.html", "<meta charset=iso-8859-1><p>caf\xe9", "b.html", "<p>"+strings.Repeat("x", 2000)+"é"), files.Options{})
	for n, want := range []string{"café", strings.Repeat("x", 2000) + "é"} {
		if got, err := p.Read(n, "", false); err != nil || got.Text != want {
			t.Errorf("a page is %q (%v)", got.Text, err)
		}
	}
}

func TestABadFileSaysWhereAndWhy(t *testing.T) {
	line := `{"id":"a","text":"Ada"}` + "\n"
	for _, c := range []struct {
		name, path string
		line       int
		want       string
	}{
		{"a line that was cut off", write(t, "p.jsonl", line+`{"id":"b","te`), 2, "cut off"},
		{"the first line was cut off", write(t, "p.jsonl", `{"id":"b","te`), 1, "cut off"},
		{"a wrong encoding", write(t, "p.jsonl", line+"\n{\"id\":\"b\",\"text\":\"caf\xe9\"}\n"), 3, "not UTF-8"},
		{"a record without a name", write(t, "p.jsonl", line+`{"text":"x"}`), 2, "neither id nor url"},
		{"an id twice", write(t, "p.jsonl", line+"\n"+line+line), 3, "twice"},
		{"a field twice", write(t, "p.jsonl", `{"id":"a","id":"b"}`), 1, "the field id is there twice"},
		{"a comma behind", write(t, "p.jsonl", `{"id":"a"},`+"\n"), 1, "comma"},
		{"a line that is no object", write(t, "p.jsonl", line+"[]"), 2, "not a JSON object"},
		{"no JSON", write(t, "p.jsonl", line+`{"id":"b",text:""}`), 2, "at character 12"},
		{"an array", write(t, "p.json", `[{"id":"a"}]`), 1, "JSON array"},
		{"a status nobody knows", write(t, "p.jsonl", line+`{"id":"b","status":"fine"}`), 2, "none of ok"},
		{"a class nobody knows", write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":1,"class":"menu"}]}`), 1, "neither body nor boilerplate"},
		{"a text that is a number", write(t, "p.jsonl", `{"id":"a","text":5}`), 1, "the field text has a value of the wrong kind"},
		{"blocks that overlap", write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":9,"class":"body"},{"start":8,"end":10,"class":"body"}]}`), 1, "out of order"},
		{"a block without an end", write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"class":"body"}]}`), 1, "no end"},
		{"a span before the text", write(t, "p.jsonl", `{"id":"a","spans":[{"start":-1,"end":9,"label":""}]}`), 1, "before 0"},
		{"an id too long", write(t, "p.jsonl", `{"id":"`+strings.Repeat("x", 5000)+`"}`), 1, "longer than 4096"},
		{"a line too long", write(t, "p.jsonl", line+`{"id":"b","text":"`+strings.Repeat("x", 64<<20)+`"}`), 2, "longer than 64 MB"},
		{"an object with a text too long", write(t, "p.json", "{\"a\":\"\",\n\"b\":\""+strings.Repeat("x", 65<<20)+`"}`), 2, "longer than 64 MB"},
		{"a file too long", write(t, "a.txt", strings.Repeat("x", 65<<20)), 0, "longer than 64 MB"},
		{"an object that was cut off", write(t, "p.json", "{\n\"a\": {\"articleBody\": \"x\"},\n\"b\""), 3, "cut off"},
		{"an object with an id twice", write(t, "p.json", "{\"a\":\"\",\n\"b\":\"\",\n\n\"a\":\"\"}"), 4, `"a" is there twice`},
		{"an object in a wrong encoding", write(t, "p.json", "{\"a\":\"\",\n\"b\":\"caf\xe9\"}"), 2, "not UTF-8"},
		{"an empty id", write(t, "p.json", "{\"a\":\"\",\n\"\":\"\"}"), 2, "the id is empty"},
		{"an object and more", write(t, "p.json", "{\"a\":\"\"}\n\n}"), 3, "behind"},
		{"an object of numbers", write(t, "p.json", "{\n\"a\":1}"), 2, `"a" has no text`},
		{"an object of objects", write(t, "p.json", "{\"b\":{\"articleBody\":\"\"},\n\"a\":{\"title\":\"\"}}"), 2, `"a" has no text`},
		{"gold as predictions", write(t, "p.json", `{"https://a.example":{"file":"a.html","with":["x"],"without":[]}}`), 1, "it is gold"},
		{"nothing", write(t, "p.jsonl", ""), 0, "was it cut off?"},
		{"blank lines", write(t, "p.jsonl", " \n\n"), 0, "was it cut off?"},
		{"an empty object", write(t, "p.json", "{}"), 0, "no prediction"},
		{"something else", write(t, "p.pdf", "%PDF"), 0, "JSON Lines"},
		{"a file that is not there", filepath.Join(t.TempDir(), "no.jsonl"), 0, "cannot be read"},
		{"a folder without texts", t.TempDir(), 0, "no .txt"},
		{"a folder of texts and pages", folder(t, "a.txt", "x", "a.html", "<p>"), 0, "text (a.txt), html (a.html); say which"},
		{"a folder of pages with two kinds of marks", folder(t, "a.html", `<p cc-select="true">`, "b.html", `<p __boilernet_label="1">`), 0, "boilernet (b.html), cc-select (a.html)"},
		{"a text in a wrong encoding", folder(t, "a.txt", "a\nb\xe9"), 2, "not UTF-8"},
		{"two files for a document", folder(t, "a.html", "<p>", "a.htm", "<p>"), 0, `"a" is there twice`},
		{"blocks of dragnet without cells", folder(t, "a.txt", "0.0\t0.0\tx\t\t\n1.0\tx"), 2, "fewer than three"},
		{"blocks of dragnet without a share", folder(t, "a.txt", "0.0\t0.0\tx\t\t\nNaN\tx\t\t\t"), 2, "not a share"},
		{"nodes with another label", folder(t, "a.csv", "tag,content,label\nx,\"y\nz\",1\nx,y,2"), 4, "neither 1"},
		{"nodes without columns", folder(t, "a.csv", "\nx,y\n"), 2, "does not name"},
		{"nodes with a quote open", folder(t, "a.csv", "content,label\nx,1\n\"y,2\n"), 3, "not valid CSV"},
		{"a page of WCXB that was cut off", folder(t, "a.json", "{\n\"ground_truth\":{\n"), 3, "cut off"},
		{"a page that is too deep", folder(t, "a.html", strings.Repeat("<div>", 2000)), 0, "too deeply"},
		{"a zip that is none", write(t, "p.zip", "PK\x03\x04 and no more"), 0, "zip archive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := files.Open(c.path, files.Options{})
			if err == nil {
				p.Close()
			}
			says(t, err, c.line, c.want)
		})
	}
	if _, err := files.Open(write(t, "p.jsonl", line), files.Options{Format: "pdf"}); err == nil || !strings.Contains(err.Error(), "mozilla") {
		t.Errorf("a format that nobody knows gives %v", err)
	}
	if _, err := files.Open(write(t, "p.jsonl", line), files.Options{Format: "mozilla"}); err == nil {
		t.Error("a file is taken for a folder")
	}
}

func says(t *testing.T, err error, line int, want string) {
	t.Helper()
	p, ok := errors.AsType[*corpus.Problem](err)
	if !ok || p.File == "" || !strings.Contains(p.Reason, want) || p.Line != line {
		t.Errorf("the error is %.300v, want %q on line %d", err, want, line)
	}
}

func TestRangesAreHeldAgainstThePage(t *testing.T) {
	p := open(t, write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":35,"class":"body"}]}`+"\n"+`{"id":"b","spans":[{"start":34,"end":35,"label":"PER"}]}`), files.Options{})
	_, err := p.Read(0, page, true)
	says(t, err, 1, "34 code points")
	_, err = p.Read(0, "", false)
	says(t, err, 1, "no page")
	_, err = p.Read(1, page, true)
	says(t, err, 2, "34 code points")
	if _, err = p.Read(1, "", false); err != nil {
		t.Error(err)
	}
}

func TestAFileThatChangesIsNoticed(t *testing.T) {
	path := write(t, "p.jsonl", `{"id":"a","text":"x"}`)
	p := open(t, path, files.Options{})
	if err := os.WriteFile(path, []byte(`{"id":"b","text":"x"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := p.Read(0, "", false)
	says(t, err, 1, "changed")
	if err := os.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
	_, err = p.Read(0, "", false)
	says(t, err, 1, "changed")
}
