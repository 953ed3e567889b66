package main

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// writeWARC makes a web archive of about so many bytes before compression, laid
// out as Common Crawl's: an info record, then for each page its request, its
// response of some 70 kB, most of it markup and scripts, and metadata; in a .gz
// a member each.
func writeWARC(name string, bytes int64, s source) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriterSize(f, 1<<20)
	z := gzip.NewWriter(b)

	record := func(n int, kind, media, block string) error {
		var w io.Writer = b
		if strings.HasSuffix(name, ".gz") {
			z.Reset(b)
			w = z
		}
		page := n / 3
		head := fmt.Sprintf("WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: https://site%d.example.org/%d\r\nWARC-Date: 2026-03-01T12:00:00Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-%012d>\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
			kind, page%500, page, n, media, len(block))
		if _, err := io.WriteString(w, head+block+"\r\n\r\n"); err != nil {
			return err
		}
		bytes -= int64(len(head) + len(block) + 4)
		if w == z {
			return z.Close()
		}
		return nil
	}

	err = record(0, "warcinfo", "application/warc-fields", "software: annotate load\r\n")
	for n := 3; err == nil && bytes > 0; n += 3 {
		err = errors.Join(
			record(n, "request", "application/http; msgtype=request", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"),
			record(n+1, "response", "application/http; msgtype=response", "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"+crawledPage(s.text(n/3))),
			record(n+2, "metadata", "application/warc-fields", "fetchTimeMs: 120\r\n"))
	}

	return errors.Join(err, b.Flush())
}

// crawledPage puts a text into the middle of a page as sites send them.
func crawledPage(text string) string {
	var b strings.Builder
	b.WriteString("<!doctype html><html lang=en><head><title>A page</title><style>")
	for i := range 150 {
		fmt.Fprintf(&b, ".c%d .teaser:hover{margin:%dpx;color:#%06x}\n", i, i%40, i*4711)
	}
	b.WriteString("</style><script>")
	for i := range 300 {
		fmt.Fprintf(&b, "(function(){var q=window.queue||[];q.push({slot:'side-%d',size:[300,250]});})();\n", i)
	}
	b.WriteString("</script></head><body><nav>")
	for i := range 120 {
		fmt.Fprintf(&b, `<div class="teaser c%d" data-id="%d"><a href="/section/%d/article" title="Go"><span class="kicker">Part %d</span></a></div>`+"\n", i, i*31, i, i)
	}
	b.WriteString("</nav><main><article>")
	for l := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(&b, "<p class=\"paragraph\">%s</p>\n", html.EscapeString(l))
	}
	b.WriteString("</article></main>")
	for i := range 120 {
		fmt.Fprintf(&b, `<svg viewBox="0 0 24 24"><path d="M%d 2v20l-7-7 3-9zM%d 9l4 4-4 4"/></svg>`+"\n", i, i)
	}
	b.WriteString("</body></html>")

	return b.String()
}
