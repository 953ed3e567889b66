package ingest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"annotate/internal/corpus"
	"annotate/internal/ingest"
)

// told is a document of a page with this head.
func told(t *testing.T, p ingest.Page, head string) (corpus.Incoming, map[string]string) {
	t.Helper()
	p.File, p.MediaType, p.Raw = "a.html", "text/html", []byte(head+"<p>Repairs to the bridge begin.</p>")
	d, err := ingest.Document(p, "line")
	if err != nil {
		t.Fatal(err)
	}
	meta := map[string]string{}
	if err := json.Unmarshal([]byte(d.Meta), &meta); err != nil {
		t.Fatal(d.Meta, err)
	}

	return d, meta
}

func TestAPageTellsAboutItself(t *testing.T) {
	linked := func(s string) string { return `<script type="application/ld+json">` + s + `</script>` }
	for _, c := range []struct {
		name, head string
		want       map[string]string
	}{
		{"nothing", "", map[string]string{}},
		{"its title alone", "<title>Repairs\n begin</title>", map[string]string{"title": "Repairs begin"}},
		{"meta elements", `<title>x</title><meta property="og:title" content="Repairs begin &amp;amp; end"><meta property=og:site_name content="Harbour News">
			<meta name=author content="By Mara Lindqvist"><meta property="article:published_time" content="2026-03-04T23:30:00+02:00"><link rel=canonical href="https://news.example.org/a#b">`,
			map[string]string{"title": "Repairs begin & end", "sitename": "Harbour News", "author": "Mara Lindqvist", "published": "2026-03-04", "canonical": "https://news.example.org/a#b"}},
		{"the site's name is no part of the title", `<title>Repairs begin | Harbour News</title><meta property=og:site_name content="Harbour News">`, map[string]string{"title": "Repairs begin", "sitename": "Harbour News"}},
		{"an article in JSON-LD, with its people elsewhere in the graph", linked(`{"@graph":[{"@type":"WebSite","name":"Harbour News"},
			{"@type":["NewsArticle","Thing"],"headline":"Repairs begin","datePublished":"2026-03-04","author":[{"@id":"#m"},{"@type":"Person","name":"Jonas Weil"}]},{"@id":"#m","@type":"Person","name":"Mara Lindqvist"}]}`),
			map[string]string{"title": "Repairs begin", "sitename": "Harbour News", "author": "Mara Lindqvist, Jonas Weil", "published": "2026-03-04"}},
		{"an article before a page, and its publisher", linked(`[{"@type":"WebPage","datePublished":"2020-01-01","name":"Page"},{"@type":"Article","datePublished":"2026-03-04","publisher":{"name":"Harbour News"},"author":"Mara"}]`),
			map[string]string{"title": "Page", "sitename": "Harbour News", "author": "Mara", "published": "2026-03-04"}},
		{"JSON-LD that is none says nothing", linked(`{"@type":"Article","headline":`) + linked(`[[[[[[[[{"@type":"Article","headline":"deep"}]]]]]]]]`) + linked(`7`), map[string]string{}},
		{"microdata", `<div itemscope><span itemprop=author itemscope>By <b itemprop=name>Mara  Lindqvist</b></span><time itemprop=datePublished datetime="2026-3-4 10:00">x</time></div>`,
			map[string]string{"author": "Mara Lindqvist", "published": "2026-03-04"}},
		{"the only day of its times", `<time datetime=2026-03-04>a</time><time datetime="2026-03-04T10:00Z">b</time>`, map[string]string{"published": "2026-03-04"}},
		{"several days say nothing", `<time datetime=2026-03-04>a</time><time datetime="2026-03-05">b</time>`, map[string]string{}},
		{"a date in words", `<meta name=date content="March 4, 2026 10:00 AM">`, map[string]string{"published": "2026-03-04"}},
		{"a date of two meanings is none", `<meta name=date content="03/04/2026"><meta name=pubdate content="0001-01-01">`, map[string]string{}},
		{"an author's address is no name", `<meta property="article:author" content="https://www.example.org/mara"><meta name=citation_author content="Weil, Jonas"><meta name=citation_author content="Mara">`, map[string]string{"author": "Weil, Jonas, Mara"}},
		{"a canonical address that leads nowhere", `<link rel=canonical href="javascript:alert(1)"><meta property=og:url content="/a">`, map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := told(t, ingest.Page{}, c.head)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhatTheImporterGaveStays(t *testing.T) {
	head := `<html lang=de><title>Repairs begin</title><meta name=author content=Mara><link rel=canonical href="/b">`
	d, meta := told(t, ingest.Page{URL: "https://news.example.org/a", Language: "en", Meta: `{"author":"Jonas","published":""}`}, head)
	want := map[string]string{"author": "Jonas", "published": "", "title": "Repairs begin", "canonical": "https://news.example.org/b"}
	if diff := cmp.Diff(want, meta); diff != "" || d.URL != "https://news.example.org/a" || d.Language != "en" {
		t.Error(diff, d.URL, d.Language)
	}

	d, _ = told(t, ingest.Page{}, `<meta property=og:locale content=sv_SE><link rel=canonical href="https://news.example.org/b">`)
	if d.URL != "https://news.example.org/b" || d.Site != "example.org" || d.Language != "sv-SE" {
		t.Errorf("%q %q %q", d.URL, d.Site, d.Language)
	}
}

func TestWhatAPageTellsIsBounded(t *testing.T) {
	long := strings.Repeat("å", 100_000)
	head := `<title>` + long + `</title><link rel=canonical href="https://example.org/` + long + `">` + strings.Repeat(`<meta name=author content="`+long[:2000]+`">`, 50) +
		`<script type="application/ld+json">` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `</script>`
	d, meta := told(t, ingest.Page{}, head)
	if n := len([]rune(meta["title"])); n != 300 || meta["canonical"] != "" || len(d.Meta) > 2000 {
		t.Errorf("%d characters of title, %d bytes of metadata", n, len(d.Meta))
	}
}

// What real pages say is compared with what people saw on them. Their scripts
// are not in this set, so that JSON-LD does not help.
func TestWhatRealPagesTell(t *testing.T) {
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(" \n\t|-–—:,.'’‘“”\"!?", r) {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	near := func(a, b string) bool {
		a, b = letters(a), letters(b)
		return strings.Contains(a, b) || strings.Contains(b, a)
	}
	fields := []struct {
		name  string
		gold  func(wcxbPage) string
		same  func(gold, said string) bool
		said  float64 // of the pages on which people saw it, at least
		right float64 // of what is said there, at least
	}{
		{"title", func(p wcxbPage) string { return p.Title }, near, .99, .85},
		{"author", func(p wcxbPage) string { return p.Author }, near, .6, .85},
		{"published", func(p wcxbPage) string { return p.Published }, strings.HasPrefix, .64, .9},
	}
	seen, said, right := [3]int{}, [3]int{}, [3]int{}
	for _, p := range wcxb(t) {
		d, err := ingest.Document(ingest.Page{File: p.ID + ".html", MediaType: "text/html", Raw: p.HTML}, "line")
		if err != nil {
			continue
		}
		var meta map[string]string
		if err := json.Unmarshal([]byte(d.Meta), &meta); err != nil {
			t.Fatal(err)
		}
		for i, f := range fields {
			gold, v := f.gold(p), meta[f.name]
			if gold == "" {
				continue
			}
			seen[i]++
			if v != "" {
				said[i]++
			}
			if v != "" && f.same(gold, v) {
				right[i]++
			}
		}
	}
	for i, f := range fields {
		t.Logf("%s: seen on %d pages, said by %d of them, right on %d", f.name, seen[i], said[i], right[i])
		if float64(said[i]) < f.said*float64(seen[i]) || float64(right[i]) < f.right*float64(said[i]) {
			t.Error("that is less than it was")
		}
	}
}

func TestAPageWithoutTextSaysWhy(t *testing.T) {
	for given, want := range map[string]string{
		"<frameset><frame src=a></frameset>":   "in frames",
		"<body><iframe src=a></iframe>":        "in frames",
		"<div id=app></div><script>a</script>": "where scripts make the text",
	} {
		_, err := ingest.Document(ingest.Page{File: "a.html", MediaType: "text/html", Raw: []byte(given)}, "line")
		if err == nil || !strings.Contains(err.Error(), "no visible text in it") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", given, err)
		}
	}
}
