package ingest_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"annotate/internal/ingest"
)

// warcRecord is a record with the length of its block.
func warcRecord(kind, address string, n int, more string, block string) string {
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: 2026-03-01T12:00:0%dZ\r\nWARC-Record-ID: <urn:uuid:%s>\r\n%sContent-Length: %d\r\n\r\n%s\r\n\r\n",
		kind, address, n%10, warcID(n), more, len(block), block)
}

func warcID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

const isHTTP = "Content-Type: application/http; msgtype=response\r\n"

// answer is a record of an answer with that header and content.
func answer(n int, header, content string) string {
	return warcRecord("response", fmt.Sprintf("https://example.org/%d", n), n, isHTTP, header+"\r\n\r\n"+content)
}

func page(n int) string {
	return fmt.Sprintf("<!doctype html><title>Page %d</title><p>The ferry “Mara” runs again, day %d.", n, n)
}

func answers(from, to int) (records []string) {
	for n := from; n <= to; n++ {
		records = append(records, answer(n, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8", page(n)))
	}
	return records
}

// packings are the ways in which an archive comes.
var archivePackings = map[string]func(testing.TB, []string) []byte{
	"a.warc":    func(_ testing.TB, rs []string) []byte { return []byte(strings.Join(rs, "")) },
	"a.warc.gz": func(_ testing.TB, rs []string) []byte { return gzEach(rs) },
	"whole.warc.gz": func(_ testing.TB, rs []string) []byte {
		return gz(strings.Join(rs, ""))
	},
	"a.warc.zst":    func(t testing.TB, rs []string) []byte { return zstdEach(t, rs, nil) },
	"dict.warc.zst": withDictionary,
}

func gzEach(records []string) (out []byte) {
	for _, r := range records {
		out = append(out, gz(r)...)
	}
	return out
}

func zstdEach(t testing.TB, records []string, dict []byte) (out []byte) {
	t.Helper()
	o := []zstd.EOption{}
	if dict != nil {
		o = append(o, zstd.WithEncoderDict(dict))
	}
	e, err := zstd.NewWriter(nil, o...)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		out = append(out, e.EncodeAll([]byte(r), nil)...)
	}
	return out
}

func withDictionary(t testing.TB, records []string) []byte {
	t.Helper()
	var samples [][]byte
	for n := range 50 {
		samples = append(samples, []byte(answer(n, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8", page(n))))
	}
	dict, err := zstd.BuildDict(zstd.BuildDictOptions{ID: 7, Contents: samples, History: samples[0], Offsets: [3]int{1, 4, 8}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := e.EncodeAll(dict, nil)
	out := binary.LittleEndian.AppendUint32([]byte{0x5d, 0x2a, 0x4d, 0x18}, uint32(len(packed)))

	return append(append(out, packed...), zstdEach(t, records, dict)...)
}

func coded(t testing.TB, s string, open func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWebArchiveInEachPacking(t *testing.T) {
	records := slices.Concat(
		[]string{warcRecord("warcinfo", "", 90, "Content-Type: application/warc-fields\r\n", "software: test\r\n"),
			warcRecord("request", "https://example.org/1", 91, "Content-Type: application/http; msgtype=request\r\n", "GET /1 HTTP/1.1\r\n\r\n")},
		answers(1, 2),
		[]string{answer(3, "HTTP/1.1 404 Not Found\r\nContent-Type: text/html", page(3)),
			answer(4, "HTTP/1.1 200 OK\r\nContent-Type: image/png", "\x89PNG\r\n"),
			warcRecord("revisit", "https://example.org/5", 5, isHTTP, "HTTP/1.1 200 OK\r\n\r\n"),
			warcRecord("metadata", "https://example.org/1", 92, "Content-Type: application/warc-fields\r\n", "outlink: x\r\n"),
			answer(6, "HTTP/1.1 200 OK\r\nContent-Type: text/plain", "Plain words.\nOf two lines.")})
	for name, pack := range archivePackings {
		t.Run(name, func(t *testing.T) {
			docs, problems, notes := all(t, ingest.Reader(t.Context(), bytes.NewReader(pack(t, records)), name, ingest.Options{}))
			var ids, addresses []string
			for _, d := range docs {
				ids, addresses = append(ids, d.ExternalID), append(addresses, d.URL)
			}
			if d := cmp.Diff([]string{"urn:uuid:" + warcID(1), "urn:uuid:" + warcID(2), "urn:uuid:" + warcID(6)}, ids); d != "" || len(problems) > 0 {
				t.Fatal(d, problems)
			}
			if d := cmp.Diff([]string{"https://example.org/1", "https://example.org/2", "https://example.org/6"}, addresses); d != "" {
				t.Error(d)
			}
			want := name + ": 3 of its 9 records are pages; left out: 1 × image/png, 1 × metadata, 1 × request, 1 × revisit, 1 × status 404, 1 × warcinfo"
			if d := cmp.Diff([]string{want}, notes); d != "" {
				t.Error(d)
			}
			first := docs[0]
			if first.Name != "Page 1" || first.MediaType != "text/html" || first.Site != "example.org" || string(first.Source) != page(1) {
				t.Errorf("%+v", first.Document)
			}
			var meta map[string]any
			if err := json.Unmarshal([]byte(first.Meta), &meta); err != nil {
				t.Fatal(err)
			}
			for field, want := range map[string]any{"url": "https://example.org/1", "warc_date": "2026-03-01T12:00:01Z", "warc_record_id": "urn:uuid:" + warcID(1), "content_type": "text/html", "status": 200.} {
				if meta[field] != want {
					t.Errorf("%s is %v", field, meta[field])
				}
			}
		})
	}
}

// A page is what a reader saw, whatever coding it travelled in, and where the
// archive has taken the coding off and left the header.
func TestCodingsOfResponsesAreTakenOff(t *testing.T) {
	body := page(1)
	gzipped := string(gz(body))
	chunked := fmt.Sprintf("%x\r\n%s\r\n%x;x=y\r\n%s\r\n0\r\n\r\n", 10, body[:10], len(body)-10, body[10:])
	chunkedGzip := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(gzipped), gzipped)
	for name, c := range map[string]struct{ header, content string }{
		"none":              {"", body},
		"gzip":              {"\r\nContent-Encoding: gzip", gzipped},
		"br":                {"\r\ncontent-encoding: BR", coded(t, body, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })},
		"zstd":              {"\r\nContent-Encoding: zstd", string(zstdEach(t, []string{body}, nil))},
		"deflate with zlib": {"\r\nContent-Encoding: deflate", coded(t, body, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })},
		"deflate without": {"\r\nContent-Encoding: deflate", coded(t, body, func(w io.Writer) io.WriteCloser {
			z, _ := flate.NewWriter(w, 6)
			return z
		})},
		"chunked":               {"\r\nTransfer-Encoding: chunked", chunked},
		"gzip in chunks":        {"\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip", chunkedGzip},
		"gzip, taken off":       {"\r\nContent-Encoding: gzip", body},
		"br, taken off":         {"\r\nContent-Encoding: br", body},
		"deflate, taken off":    {"\r\nContent-Encoding: deflate", body},
		"chunked, taken off":    {"\r\nTransfer-Encoding: chunked", body},
		"lines that are folded": {"\r\nX-Long: a\r\n  b\r\nno colon at all\r\nContent-Encoding: identity", body},
	} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(answer(1, "HTTP/1.1 200 OK\r\nContent-Type: text/html"+c.header, c.content)), "a.warc", ingest.Options{}))
		if len(docs) != 1 || len(problems) > 0 || string(docs[0].Source) != body {
			t.Errorf("%s: %d documents, %q", name, len(docs), problems)
		}
	}

	header := "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1251"
	docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(answer(1, header, "<p>\xcf\xf0\xe8\xe2\xe5\xf2")), "a.warc", ingest.Options{}))
	if len(docs) != 1 || docs[0].Text != "Привет" || docs[0].Charset != "windows-1251" {
		t.Errorf("the charset of the header: %+v, %q", docs, problems)
	}
	// A connection that broke off in the middle of its gzip: what came is kept, and said.
	long := "<p>" + strings.Repeat("Words of a page that is long. ", 40)
	half := string(gz(long + strings.Repeat("x y z ", 3000)))
	docs, problems, _ = all(t, ingest.Reader(t.Context(), strings.NewReader(answer(1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip", half[:len(half)-12])), "a.warc", ingest.Options{}))
	if len(docs) != 1 || !strings.Contains(docs[0].Text, "a page that is long") || !strings.Contains(docs[0].Meta, `"content_broken":true`) {
		t.Errorf("%d documents, %q", len(docs), problems)
	}
}

// A damaged record is one failure; the others are read.
func TestDamagedRecordOfAWebArchive(t *testing.T) {
	at := func(records []string, n int) int { return len(strings.Join(records[:n], "")) }
	flipped := func(packed [][]byte, n int) []byte {
		packed[n] = slices.Clone(packed[n])
		packed[n][len(packed[n])/2] ^= 0xff
		return bytes.Join(packed, nil)
	}
	each := func(records []string, pack func(...string) []byte) (out [][]byte) {
		for _, r := range records {
			out = append(out, pack(r))
		}
		return out
	}
	gzs := func(r ...string) []byte { return gzEach(r) }
	zs := func(r ...string) []byte { return zstdEach(t, r, nil) }
	rs := answers(1, 5)
	with := func(n int, old, new string) []string {
		out := slices.Clone(rs)
		out[n] = strings.Replace(out[n], old, new, 1)
		return out
	}
	length := fmt.Sprintf("Content-Length: %d", len(page(3))+len("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"))
	if !strings.Contains(rs[2], length) {
		t.Fatal(rs[2])
	}

	for name, c := range map[string]struct {
		file    string
		content []byte
		got     string // the pages that are read
		problem string
	}{
		"too short":             {"a.warc", []byte(strings.Join(with(2, length, "Content-Length: 100"), "")), "1245", ""},
		"too long":              {"a.warc.gz", gzEach(with(2, length, "Content-Length: 5000")), "1245", "another one begins "},
		"no length":             {"a.warc", []byte(strings.Join(with(2, length, "X: y"), "")), "1245", fmt.Sprintf("a.warc:3: the record at byte %d is damaged: it has no Content-Length", at(rs, 2))},
		"no version":            {"a.warc", []byte(strings.Join(with(2, "WARC/1.0", "WORC/1.0"), "")), "1245", "here should be a line such as WARC/1.0"},
		"garbage between":       {"a.warc", []byte(rs[0] + strings.Repeat("\x00garbage", 20_000) + "\r\n" + rs[1]), "12", fmt.Sprintf("byte %d", len(rs[0]))},
		"cut off in a block":    {"a.warc", []byte(strings.Join(rs, "")[:at(rs, 5)-30]), "1234", "it is cut off, "},
		"cut off in a header":   {"a.warc", []byte(strings.Join(rs, "")[:at(rs, 4)+40]), "1234", "cut off inside its header"},
		"gzip: flipped":         {"a.warc.gz", flipped(each(rs, gzs), 2), "1245", fmt.Sprintf("a.warc.gz:3: the record at byte %d of the compressed file is damaged", len(gzEach(rs[:2])))},
		"gzip: garbage between": {"a.warc.gz", slices.Concat(gzEach(rs[:2]), bytes.Repeat([]byte("\x1f\x8b\x08 no"), 30_000), gzEach(rs[2:])), "12345", "is damaged"},
		"gzip: cut off":         {"a.warc.gz", gzEach(rs)[:len(gzEach(rs))-20], "1234", "cut off"},
		"zstd: flipped":         {"a.warc.zst", flipped(each(rs, zs), 2), "1245", "is damaged"},
		"response not HTTP":     {"a.warc", []byte(strings.Join(with(2, "HTTP/1.1 200 OK", "HTPT/1.1 200 OK"), "")), "1245", "the response does not begin with a line such as HTTP/1.1 200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, problems, _ := all(t, ingest.Reader(t.Context(), bytes.NewReader(c.content), c.file, ingest.Options{}))
			got := ""
			for _, d := range docs {
				got += strings.TrimPrefix(d.URL, "https://example.org/")
			}
			// What is left of a record whose length is wrong may be a page too.
			if got = strings.Replace(got, "3", "", strings.Count(got, "3")-strings.Count(c.got, "3")); got != c.got {
				t.Errorf("pages %s, want %s", got, c.got)
			}
			if len(problems) != 1 || !strings.Contains(problems[0], c.problem) {
				t.Errorf("%q", problems)
			}
		})
	}
}

func TestWebArchiveIsBounded(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/html"
	big := answer(1, head, "<p>"+strings.Repeat("a b ", 300))
	good := answer(2, head, page(2))
	for name, c := range map[string]struct {
		file, content string
		limits        ingest.Limits
		docs          int
		problem       string
	}{
		"page":     {"a.warc", big + good, ingest.Limits{Document: 1000}, 1, "a.warc:1: the page is larger than 1000 bytes, which is the limit for one document (the record at byte 0)"},
		"unpacked": {"a.warc", answer(1, head+"\r\nContent-Encoding: gzip", string(gz(strings.Repeat("a ", 100_000)))) + good, ingest.Limits{Document: 1000}, 1, "the page is larger than"},
		"records":  {"a.warc", big + good + answer(3, head, page(3)), ingest.Limits{Entries: 2}, 2, "more than 2 records"},
		"header":   {"a.warc", "WARC/1.0\r\n" + strings.Repeat("A: b\r\n", 20_000) + "\r\n" + good, ingest.Limits{}, 1, "its header is larger than 64 KiB"},
		"line":     {"a.warc", "WARC/1.0\r\nA: " + strings.Repeat("b", 200_000) + "\r\n\r\n" + good, ingest.Limits{}, 1, "a line of its header is too long"},
		"answer":   {"a.warc", answer(1, head+strings.Repeat("\r\nSet-Cookie: "+strings.Repeat("c", 1000), 400), page(1)) + good, ingest.Limits{}, 1, "the header of the response is larger than 256 KiB"},
		"growth":   {"a.warc.gz", string(gz(answer(1, head, "<p>a"))) + string(gz(answer(2, "HTTP/1.1 200 OK\r\nContent-Type: video/mp4", strings.Repeat("\x00", 32<<20)))) + string(gz(good)), ingest.Limits{}, 1, "grows more than 200 times"},
		"coding":   {"a.warc", answer(1, head+"\r\nContent-Encoding: rot13", page(1)) + good, ingest.Limits{}, 1, "the content of the response is encoded as rot13, which is not read"},
		"garbled":  {"a.warc", answer(1, head+"\r\nContent-Encoding: gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff\xff\xff") + good, ingest.Limits{}, 1, "the content of the response cannot be decoded (gzip)"},
	} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(c.content), c.file, ingest.Options{Limits: c.limits}))
		if len(docs) != c.docs || len(problems) != 1 || !strings.Contains(problems[0], c.problem) {
			t.Errorf("%s: %d documents, %q", name, len(docs), problems)
		}
	}
}

func TestPagesOfWebArchivesByStatusAndType(t *testing.T) {
	archive := answer(1, "HTTP/1.1 200 OK\r\nContent-Type: text/html", page(1)) +
		answer(2, "HTTP/1.1 404 Not Found\r\nContent-Type: text/html", page(2)) +
		answer(3, "HTTP/1.1 200 OK\r\nContent-Type: text/plain", "Words.") +
		answer(4, "HTTP/2 200\r\nContent-Type: application/xhtml+xml; charset", page(4)) +
		answer(5, "HTTP/1.1 200 OK", page(5)) +
		answer(6, "HTTP/1.1 200 OK\r\nContent-Type: text/html", "%PDF-1.7 \x01\x02\x03\x04\x05")
	for name, c := range map[string]struct {
		o    ingest.Options
		want string
	}{
		"usual":  {ingest.Options{}, "1345"},
		"status": {ingest.Options{Statuses: []int{404, 410}}, "2"},
		"types":  {ingest.Options{Types: []string{"text/html"}}, "15"},
	} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(archive), "a.warc", c.o))
		got := ""
		for _, d := range docs {
			got += strings.TrimPrefix(d.URL, "https://example.org/")
		}
		if got != c.want || len(problems) > 0 {
			t.Errorf("%s: %s, %q", name, got, problems)
		}
	}
	for _, o := range []ingest.Options{{Statuses: []int{20}}, {Types: []string{"image/png"}}} {
		if _, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(archive), "a.warc", o)); len(problems) != 1 {
			t.Errorf("%+v: %q", o, problems)
		}
	}
}

// The layout of Common Crawl: archives of each kind in folders, with the lists
// of their paths.
func TestCommonCrawlsLayout(t *testing.T) {
	dir := t.TempDir()
	segment := filepath.Join(dir, "crawl-data", "CC-MAIN-2026-10", "segments", "1700000000000.1")
	text := warcRecord("conversion", "https://example.org/7", 7, "WARC-Identified-Content-Language: deu,eng\r\nContent-Type: text/plain\r\n", "Die Fähre fährt wieder.\nEin Satz.")
	wat := warcRecord("metadata", "https://example.org/1", 93, "Content-Type: application/json\r\n", "{}")
	write(t, filepath.Join(segment, "warc", "CC-MAIN-1.warc.gz"), gzEach(answers(1, 3)))
	write(t, filepath.Join(segment, "wet", "CC-MAIN-1.warc.wet.gz"), gzEach([]string{text}))
	write(t, filepath.Join(segment, "wat", "CC-MAIN-1.warc.wat.gz"), gzEach([]string{wat}))
	write(t, filepath.Join(dir, "crawl-data", "CC-MAIN-2026-10", "warc.paths.gz"), gz("crawl-data/x.warc.gz\n"))

	docs, problems, notes := all(t, ingest.Paths(t.Context(), []string{dir}, ingest.Options{}))
	if len(docs) != 4 || len(problems) > 0 || docs[3].Text != "Die Fähre fährt wieder.\nEin Satz." || docs[3].Language != "de" || docs[3].MediaType != "text/plain" {
		t.Fatalf("%d documents, %q, %q", len(docs), problems, notes)
	}
	if len(notes) != 2 || !strings.Contains(notes[1], "a list or index of web archives, which was passed over") || !strings.Contains(notes[0], "0 of its 1 records are pages; left out: 1 × metadata") {
		t.Errorf("%q", notes)
	}

	if docs, problems, _ = all(t, ingest.Paths(t.Context(), []string{dir}, ingest.Options{Format: "warc"})); len(docs) != 4 || len(problems) > 0 {
		t.Errorf("by --format: %d documents, %q", len(docs), problems)
	}
	archive := tarred("crawl/a.warc.gz", string(gzEach(answers(1, 2))), "crawl/b.wet", text)
	docs, problems, _ = all(t, ingest.Reader(t.Context(), bytes.NewReader(archive), "crawl.tar", ingest.Options{Format: "warc"}))
	if len(docs) != 3 || len(problems) > 0 {
		t.Errorf("%d documents of a tar, %q", len(docs), problems)
	}
}

// A walk that its reader ends inside an archive is over.
func TestWebArchiveStopsWithItsReader(t *testing.T) {
	n := 0
	for range ingest.Reader(t.Context(), strings.NewReader(strings.Join(answers(1, 9), "")), "a.warc", ingest.Options{}) {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Error(n)
	}
}

func FuzzWARC(f *testing.F) {
	for _, pack := range archivePackings {
		f.Add(pack(f, answers(1, 3)))
	}
	f.Add([]byte(answer(1, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip, br", "5\r\nabcde\r\n0\r\n")))
	f.Add([]byte("WARC/1.1\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: 9223372036854775807\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all(t, ingest.Reader(t.Context(), bytes.NewReader(b), "-", ingest.Options{Format: "warc", Limits: small}))
	})
}

// crawled is an archive like one of Common Crawl: requests, answers of some 60
// kB, metadata.
func crawled(pages int) (records []string) {
	filler := strings.Repeat(`<div class="teaser"><a href="/news/article-about-the-bridge-and-the-ferry"><span class="kicker">Harbour</span></a></div>`+"\n", 300)
	script := strings.Repeat("(function(){var q=window.queue||[];q.push({slot:'side',size:[300,250]});})();\n", 200)
	for n := range pages {
		var text strings.Builder
		for p := range 20 {
			fmt.Fprintf(&text, "<p>Part %d of day %d: the council said on Tuesday that the work on the old bridge would be done by the end of the year.</p>\n", p, n)
		}
		html := "<!doctype html><html><head><title>Day</title><script>" + script + "</script></head><body>" + filler + text.String() + "</body></html>"
		records = append(records,
			warcRecord("request", "https://example.org/x", 3*n, "Content-Type: application/http; msgtype=request\r\n", "GET /x HTTP/1.1\r\n\r\n"),
			answer(3*n+1, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8", html),
			warcRecord("metadata", "https://example.org/x", 3*n+2, "Content-Type: application/warc-fields\r\n", "fetchTimeMs: 1\r\n"))
	}
	return records
}

// What finding pages costs before they are cut; bytes are those after
// decompression.
func BenchmarkWARC(b *testing.B) {
	records := crawled(300)
	for _, name := range []string{"a.warc", "a.warc.gz", "a.warc.zst"} {
		b.Run(strings.TrimPrefix(name, "a."), func(b *testing.B) {
			data := archivePackings[name](b, records)
			b.SetBytes(int64(len(strings.Join(records, ""))))
			b.ReportAllocs()
			for b.Loop() {
				got := 0
				for _, err := range ingest.Reader(b.Context(), bytes.NewReader(data), name, ingest.Options{Limits: ingest.Limits{Ratio: 1000}}) {
					if err == nil {
						got++
					}
				}
				if got != 300 {
					b.Fatal(got)
				}
			}
		})
	}
}
