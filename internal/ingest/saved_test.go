package ingest_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/ingest"
)

const dot = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

// dataOf is the address that stands in a page for a resource.
func dataOf(media, raw string) string {
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString([]byte(raw))
}

// savedByChrome is a page as Chrome saves it, with line ends of mail.
var savedByChrome = strings.ReplaceAll(`From: <Saved by Blink>
Snapshot-Content-Location: https://example.org/news/ferry
Subject: =?utf-8?Q?The=20f=C3=A9rry?=
Date: Sun, 1 Mar 2026 12:00:00 -0000
MIME-Version: 1.0
Content-Type: multipart/related;
	type="text/html";
	boundary="----MultipartBoundary--x----"


------MultipartBoundary--x----
Content-Type: text/html
Content-ID: <frame-1@mhtml.blink>
Content-Transfer-Encoding: quoted-printable
Content-Location: https://example.org/news/ferry

<html><head><meta http-equiv=3D"Content-Type" content=3D"text/html; charset=
=3DUTF-8"><link rel=3D"stylesheet" href=3D"cid:css-1@mhtml.blink"></head><body>
<p>The ferry =E2=80=9CMara=E2=80=9D runs.</p><img src=3D"/dot.png" alt=3D"Dot"><img src=3D"https://elsewhere.example/x.png"></body></html>
------MultipartBoundary--x----
Content-Type: text/css
Content-ID: <css-1@mhtml.blink>
Content-Transfer-Encoding: quoted-printable
Content-Location: cid:css-1@mhtml.blink

p { color: red }
------MultipartBoundary--x----
Content-Type: image/png
Content-Transfer-Encoding: base64
Content-Location: https://example.org/dot.png

`+base64.StdEncoding.EncodeToString([]byte(dot))+`
------MultipartBoundary--x----
Content-Type: text/html
Content-ID: <frame-2@mhtml.blink>
Content-Location: https://ads.example/frame

<p>An advertisement in a frame.
------MultipartBoundary--x------
`, "\n", "\r\n")

func TestMHTML(t *testing.T) {
	for _, name := range []string{"ferry.mhtml", "ferry.mht", "-"} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(savedByChrome), name, ingest.Options{}))
		if len(docs) != 1 || len(problems) > 0 {
			t.Fatalf("%s: %d documents, %q", name, len(docs), problems)
		}
		d, source := docs[0], string(docs[0].Source)
		if !strings.Contains(d.Text, "The ferry “Mara” runs.") || strings.Contains(d.Text, "advertisement") || d.URL != "https://example.org/news/ferry" || d.MediaType != "text/html" {
			t.Errorf("%s: %+v", name, d.Document)
		}
		if !strings.Contains(d.Meta, `"title":"The férry"`) || !strings.Contains(d.Meta, `"saved":"2026-03-01T12:00:00Z"`) {
			t.Errorf("%s: %s", name, d.Meta)
		}
		if !strings.Contains(source, `src="`+dataOf("image/png", dot)+`"`) || !strings.Contains(source, `href="`+dataOf("text/css", "p { color: red }")+`"`) || !strings.Contains(source, `<img src="https://elsewhere.example/x.png">`) {
			t.Errorf("%s: %s", name, source)
		}
	}
}

func TestMHTMLChoosesItsRoot(t *testing.T) {
	head := "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b"
	part := func(id, media, body string) string {
		return "\r\n--b\r\nContent-ID: <" + id + ">\r\nContent-Type: " + media + "\r\n\r\n" + body
	}
	two := part("one", "text/html", "<p>One") + part("two", "text/html; charset=windows-1252", "<p>Tw\xf6")
	for name, c := range map[string]struct{ content, text, problem string }{
		"the first page":     {head + "\r\n" + part("css", "text/css", "x") + two + "\r\n--b--", "One", ""},
		"the one of start":   {head + "; start=\"<two>\"\r\n" + two + "\r\n--b--", "Twö", ""},
		"start is missing":   {head + "; start=\"<three>\"\r\n" + two + "\r\n--b--", "One", ""},
		"cut off":            {head + "\r\n" + two[:len(two)-12], "One", ""},
		"one part":           {"MIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>A=3Db", "A=b", ""},
		"no page":            {head + "\r\n" + part("css", "text/css", "x") + "\r\n--b--", "", "there is no page in it"},
		"nothing in it":      {head + "\r\n" + part("p", "text/html", " ") + "\r\n--b--", "", "nothing but white space"},
		"no message":         {"just words", "", "this is not MHTML"},
		"no type":            {"Subject: x\r\n\r\nwords", "", "has no Content-Type"},
		"no boundary at all": {"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\nwords", "", "its parts cannot be read"},
	} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(c.content), "a.mht", ingest.Options{}))
		switch {
		case c.problem == "" && (len(docs) != 1 || docs[0].Text != c.text):
			t.Errorf("%s: %+v, %q", name, docs, problems)
		case c.problem != "" && (len(docs) > 0 || len(problems) != 1 || !strings.Contains(problems[0], c.problem)):
			t.Errorf("%s: %d documents, %q", name, len(docs), problems)
		}
	}

	big := head + "\r\n" + part("p", "text/html", "<p>"+strings.Repeat("a b ", 500)) + "\r\n--b--"
	for limit, want := range map[int64]string{1000: "its page is larger than 1000 bytes", 400: "it is larger than 1 KiB"} {
		if _, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(big), "a.mht", ingest.Options{Limits: ingest.Limits{Document: limit}})); len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%d: %q", limit, problems)
		}
	}
}

// Of a page that was saved as complete, the folder beside it is part of it.
func TestPageSavedAsComplete(t *testing.T) {
	page := "<!DOCTYPE html>\n<!-- saved from url=(0027)https://example.org/ferry?a -->\n<p>The ferry runs.<img src='./Ferry_files/dot%201.png'><img src='Ferry_files/../../secret.png'><link rel=stylesheet href=Ferry_files/none.css>"
	files := []string{"Ferry.html", page, "Ferry_files/dot 1.png", dot, "Ferry_files/ad.html", "<p>An advertisement.", "Ferry_files/x.js", "alert(1)", "Other_files/note.html", "<p>Of its own."}
	want := func(name string, docs int, got ingest.Options, pages func(func(ingest.Page, error) bool)) {
		t.Helper()
		found, problems, notes := all(t, pages)
		if len(found) != docs || len(problems) > 0 {
			t.Fatalf("%s: %d documents, %q", name, len(found), problems)
		}
		first := found[0]
		if first.ExternalID != "Ferry.html" || first.URL != "https://example.org/ferry?a" || !strings.Contains(string(first.Source), dataOf("image/png", dot)) || !strings.Contains(string(first.Source), "secret.png") {
			t.Errorf("%s: %+v", name, first.Document)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], "saved page") {
			t.Errorf("%s: %q", name, notes)
		}
	}

	dir := t.TempDir()
	var upload []ingest.File
	for i := 0; i < len(files); i += 2 {
		write(t, filepath.Join(dir, "saved", filepath.FromSlash(files[i])), []byte(files[i+1]))
		upload = append(upload, ingest.File{Name: files[i], Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(files[i+1])), nil }})
	}
	write(t, filepath.Join(dir, "secret.png"), []byte(dot))
	want("folder", 2, ingest.Options{}, ingest.Paths(t.Context(), []string{filepath.Join(dir, "saved")}, ingest.Options{}))
	want("upload", 2, ingest.Options{}, ingest.Files(t.Context(), upload, ingest.Options{}))
	want("zip", 2, ingest.Options{}, ingest.Reader(t.Context(), bytes.NewReader(zipped(files...)), "saved.zip", ingest.Options{}))

	found, problems, notes := all(t, ingest.Paths(t.Context(), []string{filepath.Join(dir, "saved", "Ferry.html"), filepath.Join(dir, "saved", "Ferry_files")}, ingest.Options{}))
	if len(found) != 1 || len(problems) > 0 || len(notes) != 1 {
		t.Errorf("named one by one: %d documents, %q, %q", len(found), problems, notes)
	}
}

// What is embedded has its bounds, and a page in UTF-16 is left alone.
func TestWhatIsEmbeddedIsBounded(t *testing.T) {
	parts := func(body string) string {
		return "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" + body +
			"\r\n--b\r\nContent-Type: image/png\r\nContent-Location: dot.png\r\n\r\n" + dot + strings.Repeat("\x00", 300) +
			"\r\n--b\r\nContent-Type: image/svg+xml\r\nContent-Location: dot.svg\r\n\r\n<svg onload='x()'/>\r\n--b--"
	}
	for name, c := range map[string]struct {
		body  string
		limit int64
		data  int
	}{
		"both fit":      {"<p>A<img src=dot.png><img src=dot.png>", 2000, 2},
		"one fits":      {"<p>A<img src=dot.png><img src=dot.png>", 600, 1},
		"what can run":  {"<p>A<img src=dot.svg><script src=dot.png></script><a href=dot.png>B</a>", 2000, 0},
		"in a text":     {"<p>A<script>'<img src=dot.png>'</script><!-- <img src=dot.png> -->", 2000, 0},
		"two bytes":     {"<\x00p\x00>\x00A\x00B\x00<\x00i\x00m\x00g\x00 \x00s\x00r\x00c\x00=\x00d\x00o\x00t\x00.\x00p\x00n\x00g\x00>\x00", 2000, 0},
		"as they stand": {"<p title = 'a&b'>A<br/ >B<IMG  SRC = other.png>", 2000, 0},
	} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(parts(c.body)), "a.mht", ingest.Options{Limits: ingest.Limits{Document: c.limit}}))
		if len(docs) != 1 || len(problems) > 0 {
			t.Errorf("%s: %d documents, %q", name, len(docs), problems)
			continue
		}
		source := string(docs[0].Source)
		if n := strings.Count(source, "data:"); n != c.data || int64(len(source)) > c.limit || c.data == 0 && source != c.body {
			t.Errorf("%s: %d embedded in %d bytes: %q", name, n, len(source), source)
		}
	}
}

func FuzzMHTML(f *testing.F) {
	f.Add([]byte(savedByChrome))
	f.Add([]byte("MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>A"))
	f.Add([]byte("Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+QQ==\n--b--"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all(t, ingest.Reader(t.Context(), bytes.NewReader(b), "a.mht", ingest.Options{Format: "mhtml", Limits: small}))
	})
}

func FuzzSavedPage(f *testing.F) {
	fuzzPairs(f, "html", "a.html", "a_files/x.png", [2]string{"<p>A<img src=a_files/x.png><link rel=stylesheet href='./a_files/x.png'>", dot}, [2]string{"<p>A<img src='a_files/x.png' src=x\x00", "GIF89a"})
}

func FuzzWCXB(f *testing.F) {
	fuzzPairs(f, "wcxb", "html/1.html", "ground-truth/1.json", [2]string{"<p>one two three<p>menu", `{"file_id":"1","url":"https://example.org","ground_truth":{"title":"T","main_content":"one two three"},"page_type":"article"}`}, [2]string{"<p>a", `{"ground_truth":[]}`})
}
