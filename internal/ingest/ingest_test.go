package ingest_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/internal/text"
)

// take reads one stream to the end: the documents and the problems in it.
func take(t testing.TB, name string, content []byte, o ingest.Options) ([]corpus.Incoming, []string) {
	t.Helper()
	return collect(t, ingest.Reader(t.Context(), bytes.NewReader(content), name, o))
}

func collect(t testing.TB, pages func(func(ingest.Page, error) bool)) (docs []corpus.Incoming, problems []string) {
	t.Helper()
	for in, err := range ingest.Documents(t.Context(), pages, "line") {
		var p *corpus.Problem
		switch {
		case errors.As(err, &p):
			problems = append(problems, p.Error())
		case err != nil:
			t.Fatal(err)
		default:
			check(t, in)
			docs = append(docs, in)
		}
	}
	return docs, problems
}

// check is what holds for every document, whichever reader it came through.
func check(t testing.TB, in corpus.Incoming) {
	t.Helper()
	x := text.NewIndex(in.Text)
	at := 0
	for _, b := range in.Blocks {
		if b.Start < at || b.Len() < 1 || !b.In(x.Len()) {
			t.Errorf("%s: block %v after %d of %d", in.Name, b.Range, at, x.Len())
		}
		at = b.End
	}
	if len(in.Blocks) == 0 || in.Segmenter == "" || in.Name == "" || in.Charset == "" || !strings.HasPrefix(in.Meta, "{") {
		t.Errorf("incomplete: %+v", in.Document)
	}
	if sum := sha256.Sum256([]byte(in.Text)); in.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%s: sha256 is not of the text", in.Name)
	}
	source := in.Source
	if source == nil {
		source = []byte(in.Text)
	}
	if sum := sha256.Sum256(source); in.SourceHash != hex.EncodeToString(sum[:]) {
		t.Errorf("%s: source hash is not of the bytes that came", in.Name)
	}
	if in.Source != nil && string(in.Source) == in.Text {
		t.Errorf("%s: source kept although it equals the text", in.Name)
	}
}

func gz(b string) []byte {
	var w bytes.Buffer
	z := gzip.NewWriter(&w)
	io.WriteString(z, b)
	z.Close()
	return w.Bytes()
}

func zst(b string) []byte {
	z, _ := zstd.NewWriter(nil)
	return z.EncodeAll([]byte(b), nil)
}

func zipped(files ...string) []byte {
	var w bytes.Buffer
	z := zip.NewWriter(&w)
	for i := 0; i < len(files); i += 2 {
		f, _ := z.Create(files[i])
		io.WriteString(f, files[i+1])
	}
	z.Close()
	return w.Bytes()
}

func tarred(files ...string) []byte {
	var w bytes.Buffer
	z := tar.NewWriter(&w)
	z.WriteHeader(&tar.Header{Name: "out", Typeflag: tar.TypeSymlink, Linkname: "../../secret"})
	for i := 0; i < len(files); i += 2 {
		z.WriteHeader(&tar.Header{Name: files[i], Size: int64(len(files[i+1])), Mode: 0o644})
		io.WriteString(z, files[i+1])
	}
	z.Close()
	return w.Bytes()
}

// One text through every way in gives the same document.
func TestEveryReaderGivesTheSameDocument(t *testing.T) {
	const page = "Repairs begin 😀\nALDPORT: e\u0301 שלום\u00a0b.\n-"
	json := `{"id":"a","text":"Repairs begin 😀\nALDPORT: e\u0301 שלום\u00a0b.\n-"}` + "\n"
	csv := "id,text\na,\"" + page + "\"\n"
	html := "<!doctype html><p>Repairs begin 😀<p>ALDPORT: e&#769; שלום&nbsp;b.<p>-"
	crlf := strings.ReplaceAll(page, "\n", "\r\n")
	for _, c := range []struct {
		name, file, id string
		content        []byte
	}{
		{"text", "a.txt", "a.txt", []byte(page)},
		{"text with CRLF and a byte order mark", "a.txt", "a.txt", []byte("\ufeff" + crlf)},
		{"text in a folder of an upload", "x/a.txt", "x/a.txt", []byte(page)},
		{"text without a name", "-", "", []byte(page)},
		{"HTML", "a.html", "a.html", []byte(html)},
		{"HTML without a name", "-", "", []byte(html)},
		{"JSON Lines", "a.jsonl", "a", []byte(json)},
		{"JSON Lines with a byte order mark, CRLF and blank lines", "a.ndjson", "a", []byte("\ufeff\r\n" + strings.TrimSpace(json) + "\r\n\r\n")},
		{"JSON Lines without a name", "-", "a", []byte(json)},
		{"JSON Lines without a last line end", "a.jsonl", "a", []byte(strings.TrimSpace(json))},
		{"JSON Lines of HTML", "a.jsonl", "a", []byte(`{"html":"<p>Repairs begin 😀<p>ALDPORT: e\u0301 שלום&nbsp;b.<p>-","id":"a"}`)},
		{"JSON of one record over several lines", "a.json", "a", []byte("\ufeff{\r\n  " + strings.TrimPrefix(strings.Replace(json, `,"`, ",\r\n  \"", 1), "{"))},
		{"JSON of a list", "a.json", "a", []byte(" [\n" + json + "]\n")},
		{"JSON Lines with the ending of JSON", "a.json", "a", []byte(json)},
		{"JSON of a list without a name", "-", "a", []byte("[ " + json + "]")},
		{"JSON with brackets and quotes in its texts", "a.json", "a", []byte(`[{"x":{"y":["}]\"\\"]},` + json[1:] + "]")},
		{"gzip of JSON", "a.json.gz", "a", gz("[" + json + "]")},
		{"Markdown", "a.md", "a.md", []byte(page)},
		{"CSV", "a.csv", "a", []byte(csv)},
		{"CSV with CRLF and a byte order mark", "a.csv", "a", []byte("\ufeff" + strings.ReplaceAll(csv, "\n", "\r\n"))},
		{"CSV with semicolons", "a.csv", "a", []byte(strings.Replace(strings.Replace(csv, ",", ";", 2), ",", ";", 0))},
		{"CSV without a name", "-", "a", []byte(csv)},
		{"TSV", "a.tsv", "a", []byte("id\ttext\na\t\"" + page + "\"")},
		{"gzip of text", "a.txt.gz", "a.txt", gz(page)},
		{"gzip without a name", "-", "", gz(page)},
		{"gzip of JSON Lines", "a.jsonl.gz", "a", gz(json)},
		{"zstd of CSV", "a.csv.zst", "a", zst(csv)},
		{"zstd of HTML", "a.html.zst", "a.html", zst(html)},
		{"zip", "x.zip", "d/a.txt", zipped("d/a.txt", page, "__MACOSX/d/._a.txt", "x", ".hidden", "x")},
		{"zip of gzip", "x.zip", "a.txt", zipped("a.txt.gz", string(gz(page)))},
		{"zip of JSON Lines", "x.zip", "a", zipped("a.jsonl", json)},
		{"tar", "x.tar", "d/a.txt", tarred("d/a.txt", page)},
		{"tar.gz", "x.tar.gz", "a.html", gz(string(tarred("a.html", html)))},
		{"tgz", "x.tgz", "a", gz(string(tarred("a.jsonl", json)))},
		{"tar.zst", "x.tar.zst", "a", zst(string(tarred("a.csv", csv)))},
		{"UTF-16 text", "a.txt", "a.txt", utf16le("\ufeff" + page)},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, problems := take(t, c.file, c.content, ingest.Options{})
			if len(docs) != 1 || len(problems) > 0 {
				t.Fatalf("%d documents, problems %q", len(docs), problems)
			}
			if docs[0].Text != page || len(docs[0].Blocks) != 3 || docs[0].ExternalID != c.id {
				t.Errorf("id %q, %d blocks, text %q", docs[0].ExternalID, len(docs[0].Blocks), docs[0].Text)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	small := ingest.Options{Limits: ingest.Limits{Document: 2000, Line: 1000, Total: 1 << 30, RatioFrom: 1 << 20, Entries: 50}}
	zeros := strings.Repeat("\x00", 4<<20)
	spaces := strings.Repeat(" ", 4<<20)
	many := make([]string, 0, 200)
	for i := range 60 {
		many = append(many, fmt.Sprintf("%d.txt", i), "A")
	}
	locked := zipped("a.txt", "A")
	locked[6] |= 1
	locked[bytes.Index(locked, []byte("PK\x01\x02"))+8] |= 1
	long := strings.Repeat("word ", 600)
	tarredText := string(tarred("a.txt", "A"))

	for _, c := range []struct {
		name, file string
		content    []byte
		want       string // in the one problem
		good       int    // documents that come all the same
	}{
		{"an empty file", "a.txt", nil, "a.txt: the file is empty", 0},
		{"an empty gzip", "a.txt.gz", gz(""), "the file is empty", 0},
		{"a file of white space", "a.txt", []byte(" \n\t"), "nothing but white space", 0},
		{"a file with nothing visible", "a.txt", []byte("\u200b\u00a0"), "no visible text", 0},
		{"a page with nothing visible", "a.html", []byte("<p><script>x</script>"), "no visible text", 0},
		{"a PDF called text", "a.txt", []byte("%PDF-1.7 and so on"), "this is a PDF file, not text", 0},
		{"a picture", "a.html", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "this is a PNG image", 0},
		{"binary bytes", "a.txt", []byte("\x00\x01\x02\x03\x00\x05abc\x00\x00"), "this is a binary file", 0},
		{"a Word document", "a.docx", zipped("[Content_Types].xml", "<x/>", "word/document.xml", "<x/>"), "an Office document", 0},
		{"an unknown ending", "a.xyz", []byte("A"), `files that end in ".xyz" are not read`, 0},
		{"a truncated gzip", "a.txt.gz", gz(strings.Repeat("some words and others. ", 99))[:40], "ends too early", 0},
		{"a truncated gzip of records keeps those before", "a.jsonl.gz", gz(`{"text":"A"}` + "\n" + `{"text":"B"`)[:30], "", -1},
		{"a damaged gzip", "a.txt.gz", append(gz("some words")[:20], 1, 2, 3, 4, 5, 6, 7, 8, 9), "damaged", 0},
		{"a gzip in a gzip", "a.txt.gz.gz", gz(string(gz("A"))), "compressed twice", 0},
		{"a gzip bomb", "a.txt.gz", gz(zeros), "", -1},
		{"a gzip bomb of records", "a.jsonl.gz", gz(spaces), "grows more than 200 times", 0},
		{"a zip bomb", "a.zip", zipped("a.jsonl", spaces), "grows more than 200 times", 0},
		{"what stands behind a zip bomb", "a.zip", zipped("a.txt", "A", "b.jsonl", spaces, "c.txt", "C"), "", -2},
		{"a zip in a zip", "a.zip", zipped("b.zip", string(zipped("a.txt", "A")), "c.txt", "C"), "archive inside an archive", 1},
		{"a tar in a tar", "a.tar", tarred("b.tar", string(tarred("a.txt", "A")), "c.txt", "C"), "archive inside an archive", 1},
		{"a damaged zip", "a.zip", zipped("a.txt", "A")[:40], "damaged or cut off", 0},
		{"an empty zip", "a.zip", zipped(), "the archive is empty", 0},
		{"an encrypted zip", "a.zip", locked, "a.zip/a.txt: it is encrypted", 0},
		{"too many files in a zip", "a.zip", zipped(many...), "more than 10 files", 0},
		{"too many files in a tar", "a.tar", tarred(many...), "more than 50 files", 49},
		{"a truncated tar", "a.tar", tarred("a.txt", "A", "b.txt", long)[:3000], "", -1},
		{"a text over the limit", "a.txt", []byte(long), "larger than 1 KiB", 0},
		{"a line over the limit", "a.jsonl", []byte(`{"text":"A"}` + "\n" + `{"text":"` + long + `"}` + "\n" + `{"text":"B"}`), "a.jsonl:2: the line is longer than 1000 bytes", 2},
		{"a file of records without one", "a.jsonl", []byte("\n\n"), "no record", 0},
		{"invalid JSON in line 7", "a.jsonl", []byte(strings.Repeat(`{"text":"A"}`+"\n", 6) + `{"text":"A",}` + "\n" + `{"text":"B"}`), "a.jsonl:7: this is not valid JSON at column 12", 7},
		{"a line that ends too early", "a.jsonl", []byte(`{"text":"A`), "ends in the middle", 0},
		{"an array", "a.jsonl", []byte(`[{"text":"A"}]`), "JSON array", 0},
		{"a bare string", "a.jsonl", []byte(`"A"`), "not a JSON object", 0},
		{"two records in a line", "a.jsonl", []byte(`{"text":"A"} {"text":"B"}`), "behind the JSON object, at column 14", 0},
		{"half a surrogate pair", "a.jsonl", []byte(`{"text":"A \ud800 b"}`), `half a surrogate pair (\ud800) stands alone at column 12`, 0},
		{"bytes that are not UTF-8", "a.jsonl", []byte("{\"text\":\"caf\xe9\"}"), "not UTF-8 at column 13", 0},
		{"a field that stands twice", "a.jsonl", []byte(`{"text":"A","text":"B"}`), `the field "text" stands twice`, 0},
		{"a field of meta that stands twice", "a.jsonl", []byte(`{"text":"A","meta":{"x":1,"x":2}}`), `the field "x" stands twice`, 0},
		{"a field in record and meta", "a.jsonl", []byte(`{"text":"A","x":1,"meta":{"x":2}}`), `the field "x" stands in the record and in its meta`, 0},
		{"very deep JSON", "a.jsonl", []byte(`{"text":"A","x":` + strings.Repeat("[", 400) + strings.Repeat("]", 400) + `}`), "nested more than 64 deep", 0},
		{"a record without text", "a.jsonl", []byte(`{"id":"a","text":null}`), "neither text nor html", 0},
		{"a record with both", "a.jsonl", []byte(`{"text":"A","html":"<p>A"}`), "both text and html", 0},
		{"a record of empty text", "a.jsonl", []byte(`{"text":""}`), "no visible text", 0},
		{"a text that is no string", "a.jsonl", []byte(`{"text":7}`), `the field "text" must be a string`, 0},
		{"ids that stand twice", "a.jsonl", []byte(`{"id":"x","text":"A"}` + "\n\n" + `{"id":"x","text":"B"}`), `a.jsonl:3: the id "x" stands twice in this import, first in a.jsonl:1`, 1},
		{"a list that is cut off", "a.json", []byte(`[{"text":"A"},` + "\n" + `{"text":"B"}`), "a.json:2: this is not valid JSON: the list is not closed", 2},
		{"a record that is cut off", "a.json", []byte("[\n{\"text\":\"A\"},\n{\"text\":\n\"B }"), "the record that begins in line 3 is not closed", 1},
		{"a list without commas", "a.json", []byte("[{\"text\":\"A\"}\n{\"text\":\"B\"}]"), "a.json:2: there is no comma", 1},
		{"a list of texts", "a.json", []byte(`["A","B"]`), "a.json:1: here should be a record", 0},
		{"an empty list", "a.json", []byte(" [ ] "), "no record in it", 0},
		{"something behind a list", "a.json", []byte(`[{"text":"A"}] x`), "behind the end of the list", 1},
		{"an object of objects", "a.json", []byte(`{"x":{"text":"A"}}`), "neither text nor html", 0},
		{"a bad record in a list", "a.json", []byte("[{\"text\":\"A\"},{\n\"id\":1,\n\"text\": B\n},{\"text\":\"C\"}]"), "a.json:1: this is not valid JSON at column 9, 2 lines below", 2},
		{"a record over the limit", "a.json", []byte(`[{"text":"A"},{"text":"` + long + `"},{"text":"B"}]`), "the record is longer than 1000 bytes", 2},
		{"a tar that is cut off before it can be told", "a.tar.gz", gz(tarredText)[:40], "ends too early", 0},
		{"a table without text", "a.csv", []byte("id,body\n1,A\n"), "a.csv:1: there must be a column text or html", 0},
		{"a table without rows", "a.csv", []byte("id,text\n"), "no row under it", 0},
		{"a stray quotation mark", "a.csv", []byte("id,text\n1,A\n2,a \"b\" c\n3,C\n"), "a.csv:3: there is a quotation mark inside a cell", 2},
		{"a quote that is not closed", "a.csv", []byte("id,text\n1,A\n2,\"B\n3,C\n"), "not closed", 1},
		{"a quote that is never closed, in a large table", "a.csv", []byte("id,text\n1,A\n2,\"B\n" + strings.Repeat(long+"\n", 40)), "a row is larger than 1 KiB", 1},
		{"a row of another length", "a.csv", []byte("id,text\n1,A,x\n2,B\n"), "a.csv:2: the row has 3 cells and the header 2", 1},
		{"a row without text", "a.csv", []byte("id,text\n1,\n2,B\n"), "a.csv:2: the row has no text", 1},
		{"a column that stands twice", "a.csv", []byte("text,Text\n1,2\n"), "stands twice", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, problems := take(t, c.file, c.content, small)
			if c.good == -2 {
				if len(docs) != 1 || len(problems) != 2 || !strings.Contains(problems[1], "behind b.jsonl was not read") {
					t.Errorf("%d documents, problems %q", len(docs), problems)
				}
				return
			}
			if c.good < 0 { // more than one thing may be said; nothing may pass unsaid
				if len(problems) == 0 {
					t.Error("nothing was said")
				}
				return
			}
			if len(problems) != 1 || !strings.Contains(problems[0], c.want) || len(docs) != c.good {
				t.Errorf("%d documents, problems %q; want %d and %q", len(docs), problems, c.good, c.want)
			}
			for _, p := range problems {
				if strings.Contains(p, "!") || strings.Contains(p, "jsontext") {
					t.Errorf("not for people: %q", p)
				}
			}
		})
	}
}

func TestRecordFields(t *testing.T) {
	docs, problems := take(t, "a.jsonl", []byte(
		`{"id":7,"text":"A\u0000b\r\nc","url":"https://www.news.bbc.co.uk/x","title":" The\n title ","language":"pt_BR","meta":{"n":1.50, "deep":{"a":[1]}},"extra":[1, 2],"split":"train","release":"1"}
{"text":"One two three.\nFour","meta":{"language":"de","n":9007199254740993}}
{"text":"x","meta":null,"url":"http://127.0.0.1:80/"}`), ingest.Options{})
	if len(problems) > 0 || len(docs) != 3 {
		t.Fatal(len(docs), problems)
	}
	type facts struct{ ID, Name, Site, Language, Meta, Text, Source string }
	var got []facts
	for _, d := range docs {
		got = append(got, facts{d.ExternalID, d.Name, d.Site, d.Language, d.Meta, d.Text, string(d.Source)})
	}
	want := []facts{
		{"7", "The title", "bbc.co.uk", "pt-BR", `{"n":1.50,"deep":{"a":[1]},"extra":[1,2]}`, "A\x00b\nc", "A\x00b\r\nc"},
		{"", "One two three.", "", "de", `{"language":"de","n":9007199254740993}`, "One two three.\nFour", ""},
		{"", "x", "127.0.0.1", "", "{}", "x", ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	docs, problems = take(t, "a.jsonl", []byte(`{"text":"a","split":"dev"}
{"text":"b","split":null}
{"text":"c","split":"test 2026"}
{"text":"d","split":7}
{"text":"e","meta":{"split":"dev"}}`), ingest.Options{})
	var splits []string
	for _, d := range docs {
		splits = append(splits, d.Split+" "+d.Meta)
	}
	if d := cmp.Diff([]string{"dev {}", " {}", ` {"split":"test 2026"}`, ` {"split":7}`, ` {"split":"dev"}`}, splits); d != "" || len(problems) > 0 {
		t.Error(d, problems)
	}

	docs, _ = take(t, "t.csv", []byte("ID,Text,url,Title,language,year,empty\nk,A,https://a.example.org,T,fr,2024,\n"), ingest.Options{})
	if d := docs[0]; d.ExternalID != "k" || d.Name != "T" || d.Site != "example.org" || d.Language != "fr" || d.Meta != `{"year":"2024"}` || d.Line != 2 {
		t.Errorf("%+v", d)
	}
	docs, _ = take(t, "p.html", []byte("<html lang=hu><title>On the page</title><p>A"), ingest.Options{})
	if d := docs[0]; d.Name != "On the page" || d.Language != "hu" || d.MediaType != "text/html" || d.Segmenter != "html-v2" {
		t.Errorf("%+v", d)
	}
}

func TestAHashIsNoName(t *testing.T) {
	for id, want := range map[string]string{
		"harbour-bridge":                          "harbour-bridge",
		"2024-11-05":                              "2024-11-05",
		"042bb7b5fedab6eac7db576522b89b93":        "First 😀 line",
		"sha256:042bb7b5fedab6eac7db576522b89b93": "First 😀 line",
		"9F8E0C6A-3C5B-4D1E-8A77-0123456789AB":    "First 😀 line",
	} {
		docs, problems := take(t, "a.jsonl", []byte(`{"id":"`+id+`","text":"\nFirst 😀 line\nSecond"}`), ingest.Options{})
		if len(docs) != 1 || docs[0].Name != want || docs[0].ExternalID != id {
			t.Errorf("%s: %+v %q", id, docs, problems)
		}
	}
}

func TestGold(t *testing.T) {
	//        0         1
	//        01234567890123456
	// text   😀 Ada.⏎More -
	const head = `{"id":"g","text":"😀 Ada.\nMore -",`
	const blocks = `"blocks":[{"start":0,"end":6,"class":"body"},{"start":7,"end":13,"class":"boilerplate","reason":"related"}]`
	docs, problems := take(t, "g.jsonl", []byte(
		head+blocks+`,"spans":[{"start":2,"end":5,"label":"PER","quote":"Ada"},{"start":0,"end":6,"label":"MISC"}],"layer":"gold","annotators":["mara","jonas"],`+
			`"sha256":"`+hexOf("😀 Ada.\nMore -")+`"}`+"\n"+
			`{"text":"😀 Ada.\r\nMore -","blocks":[{"start":0,"end":6,"class":"body"},{"start":8,"end":14,"class":"body"}],"spans":[{"start":8,"end":12,"label":"LOC","quote":"More"}]}`+"\n"+
			`{"text":"A\nB","blocks":[{"start":0,"end":3,"path":"body/p","heading":2,"hidden":true,"linkDensity":0.5}]}`), ingest.Options{})
	if len(problems) > 0 || len(docs) != 3 {
		t.Fatal(len(docs), problems)
	}
	r := func(a, b int) text.Range { return text.Range{Start: a, End: b} }
	first := docs[0]
	if d := cmp.Diff([]corpus.Piece{{Range: r(0, 6), Class: "body"}, {Range: r(7, 13), Class: "boilerplate", Reason: "related"}}, first.Pieces); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]corpus.IncomingSpan{{Range: r(2, 5), Label: "PER", Quote: "Ada"}, {Range: r(0, 6), Label: "MISC", Quote: "😀 Ada."}}, first.Spans); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"mara", "jonas"}, first.Annotators); d != "" || first.Segmenter != "given-v1" {
		t.Error(d, first.Segmenter)
	}
	if d := docs[1]; d.Text != "😀 Ada.\nMore -" || d.Pieces[1].Range != r(7, 13) || d.Spans[0].Range != r(7, 11) {
		t.Errorf("positions of a text with CRLF: %q %v %v", d.Text, d.Pieces, d.Spans)
	}
	if d := docs[2]; d.Pieces != nil || len(d.Blocks) != 1 || d.Blocks[0] != (corpus.Block{Range: r(0, 3), Path: "body/p", Heading: 2, Hidden: true, LinkDensity: 0.5}) {
		t.Errorf("blocks without classes: %+v", d)
	}

	for _, c := range []struct{ name, rest, want string }{
		{"blocks out of order", `"blocks":[{"start":7,"end":9,"class":"body"},{"start":0,"end":6,"class":"body"}]`, "block 2, [0,6), begins before"},
		{"blocks that overlap", `"blocks":[{"start":0,"end":6},{"start":5,"end":9}]`, "block 2, [5,9), begins before"},
		{"a block outside the text", `"blocks":[{"start":0,"end":14}]`, "block 1, [0,14), lies outside the text, which has 13 characters"},
		{"a block that runs backwards", `"blocks":[{"start":5,"end":2}]`, "lies outside"},
		{"an empty block", `"blocks":[{"start":5,"end":5}]`, "is empty"},
		{"a block without an end", `"blocks":[{"start":5}]`, "needs a start and an end"},
		{"a position that is no whole number", `"blocks":[{"start":0.5,"end":2}]`, "blocks must be a list"},
		{"an unknown class", `"blocks":[{"start":0,"end":6,"class":"bdy"}]`, `block 1 has the class "bdy"`},
		{"an unknown reason", `"blocks":[{"start":0,"end":6,"class":"body","reason":"no"}]`, `the reason "no"`},
		{"no blocks", `"blocks":[]`, "empty list"},
		{"some blocks undecided", `"blocks":[{"start":0,"end":6,"class":"body"},{"start":7,"end":13}]`, "block 2 has no class; gold needs a class for every block"},
		{"spans without blocks", `"spans":[{"start":2,"end":5,"label":"PER"}]`, "gold needs a class for every block"},
		{"spans over undecided blocks", `"blocks":[{"start":0,"end":6}],"spans":[{"start":2,"end":5,"label":"PER"}]`, "gold needs a class for every block"},
		{"gold without blocks", `"layer":"gold"`, "gold needs a class for every block"},
		{"one annotator's labels", blocks + `,"layer":"annotation","annotator":"mara"`, "only gold and documents without labels can be imported"},
		{"an unknown layer", blocks + `,"layer":"x"`, `there is no layer "x"`},
		{"a quote that differs", blocks + `,"spans":[{"start":3,"end":5,"label":"PER","quote":"Ada"}]`, `span 1, [3,5), covers "da" but its quote is "Ada"`},
		{"positions in UTF-16 units", blocks + `,"spans":[{"start":3,"end":6,"label":"PER","quote":"Ada"}]`, "fit as UTF-16 units"},
		{"positions in bytes", blocks + `,"spans":[{"start":5,"end":8,"label":"PER","quote":"Ada"}]`, "fit as bytes"},
		{"a span over a block border", blocks + `,"spans":[{"start":2,"end":9,"label":"PER"}]`, "crosses the border of a block"},
		{"a span outside the text", blocks + `,"spans":[{"start":2,"end":99,"label":"PER"}]`, "no range of the text"},
		{"a span twice", blocks + `,"spans":[{"start":2,"end":5,"label":"PER"},{"start":2,"end":5,"label":"PER"}]`, "stands twice"},
		{"a label that no format can carry", blocks + `,"spans":[{"start":2,"end":5,"label":"a b"}]`, `span 1: the label "a b" must`},
		{"a hash of another text", `"sha256":"00"`, "sha256 is not the hash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			docs, problems := take(t, "g.jsonl", []byte(head+c.rest+"}"), ingest.Options{})
			if len(docs) != 0 || len(problems) != 1 || !strings.Contains(problems[0], c.want) || !strings.HasPrefix(problems[0], "g.jsonl:1: ") {
				t.Errorf("%d documents, problems %q, want %q", len(docs), problems, c.want)
			}
		})
	}

	docs, problems = take(t, "g.jsonl", []byte(`{"html":"<p>A","blocks":[{"start":0,"end":1}]}`), ingest.Options{})
	if len(docs) != 0 || !strings.Contains(strings.Join(problems, ""), "needs text, not html") {
		t.Error(docs, problems)
	}
}

func hexOf(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func TestFolder(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write := func(name, content string) {
		t.Helper()
		p := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(p), 0o755)
		if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b.txt", "B")
	write("a/z.html", "<p>Z")
	write("a/r.jsonl", `{"id":"r","text":"R"}`)
	write(".git/x.txt", "no")
	write(".x.txt", "no")
	write("Thumbs.db", "no")
	os.WriteFile(filepath.Join(outside, "secret.txt"), []byte("no"), 0o644)
	for link, to := range map[string]string{"c.txt": filepath.Join(outside, "secret.txt"), "d.txt": "b.txt", "loop": ".", "e": outside} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip("no symbolic links here")
		}
	}

	docs, problems := collect(t, ingest.Paths(t.Context(), []string{dir}, ingest.Options{}))
	var ids []string
	for _, d := range docs {
		ids = append(ids, d.ExternalID)
	}
	if d := cmp.Diff([]string{"r", "a/z.html", "b.txt", "d.txt"}, ids); d != "" {
		t.Error(d)
	}
	if len(problems) != 2 || !strings.Contains(problems[0], "c.txt: it is a link to something outside") || !strings.HasPrefix(problems[1], "e: it is a link") {
		t.Error(problems)
	}

	docs, problems = collect(t, ingest.Paths(t.Context(), []string{filepath.Join(dir, "b.txt"), filepath.Join(dir, "nothing")}, ingest.Options{}))
	if len(docs) != 1 || docs[0].ExternalID != "b.txt" || len(problems) != 1 || !strings.Contains(problems[0], "no such file") {
		t.Error(docs, problems)
	}
	_, problems = collect(t, ingest.Paths(t.Context(), []string{t.TempDir()}, ingest.Options{}))
	if len(problems) != 1 || !strings.Contains(problems[0], "holds no files") {
		t.Error(problems)
	}
}

func TestNamesInArchivesAreOnlyNames(t *testing.T) {
	docs, problems := take(t, "x.zip", zipped("../../etc/a.txt", "A", `C:\b\c.txt`, "B", "/d\x00\u202e.txt", "C", "caf\x82.txt", "D"), ingest.Options{})
	var ids []string
	for _, d := range docs {
		ids = append(ids, d.ExternalID)
	}
	if d := cmp.Diff([]string{"etc/a.txt", "b/c.txt", "d.txt", "café.txt"}, ids); d != "" || len(problems) > 0 {
		t.Error(d, problems)
	}
}

// A stream that is no file is read too, an archive by way of a temporary one.
func TestStreamThatCannotSeek(t *testing.T) {
	for name, content := range map[string][]byte{"x.zip": zipped("a.txt", "A"), "x.tgz": gz(string(tarred("a.txt", "A")))} {
		pages := ingest.Reader(t.Context(), struct{ io.Reader }{bytes.NewReader(content)}, name, ingest.Options{})
		if docs, problems := collect(t, pages); len(docs) != 1 || len(problems) > 0 {
			t.Errorf("%s: %d documents, %q", name, len(docs), problems)
		}
	}
}

func TestFormatCanBeForced(t *testing.T) {
	docs, _ := take(t, "a.xyz", []byte("<p>A"), ingest.Options{Format: "text"})
	if len(docs) != 1 || docs[0].Text != "<p>A" {
		t.Error(docs)
	}
	for _, err := range ingest.Reader(t.Context(), strings.NewReader("A"), "a.txt", ingest.Options{Format: "pdf"}) {
		var invalid *corpus.Invalid
		if !errors.As(err, &invalid) {
			t.Error(err)
		}
	}
	for _, err := range ingest.Documents(t.Context(), ingest.Reader(t.Context(), strings.NewReader("A"), "a.txt", ingest.Options{}), "page") {
		var invalid *corpus.Invalid
		if !errors.As(err, &invalid) {
			t.Error(err)
		}
	}
}

// A failing disk or connection ends the import; it is not the file's fault.
func TestBrokenInputEndsTheImport(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(`{"text":"A"}`+"\n"), failing{})
	var last error
	n := 0
	for _, err := range ingest.Documents(t.Context(), ingest.Reader(t.Context(), broken, "a.jsonl", ingest.Options{}), "line") {
		n, last = n+1, err
	}
	var p *corpus.Problem
	if n != 2 || last == nil || errors.As(last, &p) || !errors.Is(last, errBroken) {
		t.Errorf("%d items, then %v", n, last)
	}
}

var errBroken = errors.New("broken pipe")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errBroken }

func FuzzReader(f *testing.F) {
	for name, content := range map[string]string{"-": "A\nB", "a.jsonl": `{"id":"a","text":"😀","blocks":[{"start":0,"end":1,"class":"body"}]}`, "a.csv": "id,text\n1,\"a\n\"\n",
		"b.jsonl": "{\"text\":\"\\ud83d\\ude00\",\"x\":{}}\n\n{", "a.html": "<meta charset=koi8-r><p>\xd0\xd2", "a.gz": string(gz("A")), "a.zip": string(zipped("a.txt", "A")), "a.tar": string(tarred("a.txt", "A"))} {
		f.Add(name, []byte(content))
	}
	o := ingest.Options{Limits: ingest.Limits{Document: 1 << 20, Line: 1 << 20, Total: 8 << 20, RatioFrom: 1 << 20, Entries: 100}}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		for p, err := range ingest.Reader(context.Background(), bytes.NewReader(content), name, o) {
			var bad *corpus.Problem
			if err == nil {
				var in corpus.Incoming
				if in, err = ingest.Document(p, "line"); err == nil {
					check(t, in)
					continue
				}
			}
			if !errors.As(err, &bad) || bad.Reason == "" {
				t.Fatalf("%v", err)
			}
		}
	})
}
