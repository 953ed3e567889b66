package segment_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"annotate/internal/segment"
)

func TestHTML(t *testing.T) {
	for _, c := range []struct {
		name, given string
		want        []string
	}{
		{"white space collapses across elements", "<p> A \n <b> b</b>\t<i>c </i> d </p>", []string{"A b c d"}},
		{"inline elements do not cut", "<p>A<a href=x>b</a><span>c</span></p>", []string{"Abc"}},
		{"block-level elements cut", "<div>A<div>B</div>C<p>D</div>", []string{"A", "B", "C", "D"}},
		{"one br is a line end inside the block", "<p>A<br>B</p>", []string{"A\nB"}},
		{"two br cut", "<p>A<br> <br/>B<br></p>", []string{"A", "B"}},
		{"cells, items, headings and captions cut", "<table><caption>T</caption><tr><td>1<td>2</table><ul><li>a<li>b</ul><h2>H</h2><figure><img alt=x><figcaption>F</figcaption></figure>", []string{"T", "1", "2", "a", "b", "H", "F"}},
		{"preformatted text keeps its white space", "<pre>\n  a\n\n    b  \n</pre>", []string{"  a\n\n    b"}},
		{"attributes are not text", `<img alt="no"><input value="no"><p title="no">A</p>`, []string{"A"}},
		{"scripts, styles and frames are out", "<p>A<script>no</script><style>no</style>b</p><iframe>no</iframe><!-- no -->", []string{"Ab"}},
		{"NBSP stays inside and not at the edges", "<p>&nbsp;A&nbsp;b&nbsp;</p><p>&nbsp;</p>", []string{"A\u00a0b"}},
		{"entities, emoji and marks count as they look", "<p>&#128512; e&#769; &amp;</p><p>שלום</p>", []string{"😀 e\u0301 &", "שלום"}},
		{"CRLF is white space, or one line end in pre", "<p>A\r\nb</p><pre>c\r\nd</pre>", []string{"A b", "c\nd"}},
		{"a hidden word does not cut its sentence", `<p>A <span style="display: none">x</span>b</p><p>C</p>`, []string{"A b", "[x]", "C"}},
		{"hidden boxes keep their blocks", `<div hidden><p>x<p>y</div><div aria-hidden="true">z</div><p>A`, []string{"[x]", "[y]", "[z]", "A"}},
		{"an inline aria-hidden is still seen", `<p>A <span aria-hidden="true">→</span></p>`, []string{"A →"}},
		{"what is visible inside the invisible is shown", `<div style="visibility:hidden">x<p style="visibility:visible">A</p><p style="visibility:visible">B</p></div>`, []string{"[x]", "A", "B"}},
		{"noscript and fallbacks are hidden", "<p>A</p><noscript><p>x</p></noscript><video>y</video><p>B", []string{"A", "[x]", "[y]", "B"}},
		{"a page that hides itself until its script runs is not hidden", `<body style="visibility:hidden">A</body>`, []string{"A"}},
		{"only the chosen option is shown", "<select><option>x<option selected>A<option>y</select>", []string{"[x]", "A", "[y]"}},
		{"a hidden box may say that it is shown", `<p hidden style="display:block">A</p><div popover>x</div>`, []string{"A", "[x]"}},
		{"a template is there and not shown, a shadow root is shown", "<p>A</p><template><p>x</p></template><my-tag><template shadowrootmode=open><p>B</p></template></my-tag>", []string{"A", "[x]", "B"}},
		{"text for screen readers is not seen", `<p>A <span class="u-visually-hidden b">x</span>b</p><a class="SR_only">y</a><p class="sr-only:focus not-sr-only onlyreader">C</p>`, []string{"A b", "[x]", "[y]", "C"}},
		{"what is clipped or far off is not seen", `<p style="position:absolute; clip: rect(1px, 1px, 1px, 1px)">x</p><p style="left:-9999px;position:fixed">y</p><p style="text-indent:-9999px">A</p><p style="position:absolute;left:-50px">B</p>`, []string{"[x]", "[y]", "A", "B"}},
		{"a display of inline makes a block a part of its line", `<ul><li style="display:inline">A<li style="display:inline">b</ul><div>C<div style="display:contents"> d</div></div>`, []string{"A b", "C d"}},
		{"children of a flex box are blocks", `<div style="display:flex">A<span>B</span><a href=x>C</a></div>`, []string{"A", "B", "C"}},
		{"links side by side are apart", "<nav><a href=1>A</a><a href=2>b</a><span><a href=3>c</a></span></nav>", []string{"A b c"}},
		{"one link in two pieces is one word", "<p><a href=1>A</a><a href=1><b>b</b></a> <a href=1>c</a>d", []string{"Ab cd"}},
		{"notes side by side stay so", "<p>A<sup><a href=#1>[1]</a><a href=#2>[2]</a></sup>", []string{"A[1][2]"}},
		{"no word runs over a picture, a frame, a box or what is hidden", `<p>A<img>b<iframe></iframe>c<my-tag>d</my-tag>e<span style="display:inline-block">f</span>g<i hidden>x</i>h<span style="float:right">i</span>`, []string{"A b c d e f g h i", "[x]"}},
		{"children of a box drawn by a class are apart", `<div class="d-flex x"><span>A</span><span>b</span></div>`, []string{"A b"}},
		{"a break within a word is none", "<p>A<wbr>b&shy;c", []string{"Ab\u00adc"}},
		{"closed details are read by who opens them", "<details><summary>A</summary>B</details>", []string{"A", "B"}},
		{"white-space: pre-line keeps line ends alone", "<p style='white-space:pre-line'> A  b \n\n  c<b> d</b>", []string{"A b\n\nc d"}},
		{"white-space: normal ends what pre began", "<pre>A  b<span style='white-space:normal'>  c\n d</span></pre>", []string{"A  b c d"}},
		{"a display of block makes a span a block", `<p>A<span style="display:block">B</span>`, []string{"A", "B"}},
		{"the words of a picture count, its title does not", "<svg><title>no</title><text>A</text></svg>", []string{"A"}},
		{"text behind the body stays", "<html><body>A</body></html>B", []string{"AB"}},
		{"a page of nothing has no block", "<html><body><div></div></body></html>", nil},
		{"an unclosed page stays whole", "<p>A<div><b>B", []string{"A", "B"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, blocks, _, by, err := segment.HTML(c.given)
			if err != nil || by != "html-v2" {
				t.Fatal(by, err)
			}
			laws(t, s, blocks)
			got := cutUp(s, blocks)
			for i, b := range blocks {
				if b.Hidden {
					got[i] = "[" + got[i] + "]"
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestHTMLFeatures(t *testing.T) {
	_, roles, _, _, _ := segment.HTML(`<div role=heading aria-level=3>A</div><h2 role=heading aria-level=4>B</h2><div aria-level=2>C</div>`)
	if roles[0].Heading != 3 || roles[1].Heading != 2 || roles[2].Heading != 0 {
		t.Errorf("headings by role: %+v", roles)
	}

	s, blocks, info, _, _ := segment.HTML(`<!doctype html><html lang="de-AT"><head><title> Die
		Brücke </title><meta charset=utf-8></head><body><main><h2><a href=x>Ab</a></h2><p>abcd <a href="y">ef</a> <a>gh</a></p>`)
	type feature struct {
		Text, Path string
		Heading    int
		Links      float64
	}
	var got []feature
	for i, w := range cutUp(s, blocks) {
		got = append(got, feature{w, blocks[i].Path, blocks[i].Heading, blocks[i].LinkDensity})
	}
	// Of "abcd ef gh" two of eight letters are in a link; one without href is none.
	want := []feature{{"Ab", "body/main/h2", 2, 1}, {"abcd ef gh", "body/main/p", 0, 0.25}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if info.Title != "Die Brücke" || info.Language != "de-AT" {
		t.Errorf("info: %+v", info)
	}
}

func TestHTMLTellsWhatThePageSaysOfItself(t *testing.T) {
	head := `<title>A <!-- b --></title><meta http-equiv=Content-Language content="fr, en"><meta NAME="Author" content=" Mara "><meta name=empty content="">
		<link rel=Canonical href=" https://example.org/a "><link rel=canonical href=b><meta itemprop=datePublished content=2026-03-04>`
	body := `<script type="application/ld+json">{"a":1}</script><script>no</script><a rel=author href=x><b>Jonas</b>
		Weil</a><time datetime=2026-03-05 itemprop=datepublished>x</time><iframe></iframe>`
	want := segment.Info{Title: "A <!-- b -->", Language: "fr", Canonical: "https://example.org/a", Data: []string{`{"a":1}`}, Framed: true, Said: []segment.Property{
		{Name: "author", Content: "Mara"}, {Name: "datepublished", Content: "2026-03-04"}, {Name: "item:author", Content: "Jonas Weil"},
		{Name: "time", Content: "2026-03-05"}, {Name: "item:datepublished", Content: "2026-03-05"}}}
	if _, _, info, _, _ := segment.HTML(head + body); !cmp.Equal(want, info) {
		t.Error(cmp.Diff(want, info))
	}

	// Without a tree, meta elements and links are all that is read.
	want.Data, want.Said = nil, want.Said[:2]
	if _, _, info, by, _ := segment.HTML(head + body + strings.Repeat("<div>", 600)); by != "html-flat-v2" || !cmp.Equal(want, info) {
		t.Error(by, cmp.Diff(want, info))
	}
}

func TestHTMLTooDeepForTheParser(t *testing.T) {
	for _, depth := range []int{600, 100_000} {
		page := "<title>T</title><script>no</script>" + strings.Repeat("<div>", depth) + "<p>A <b>b</b><p>C<br><br>D" + strings.Repeat("</div>", depth) + "<p>E<div hidden>x</div>"
		s, blocks, info, by, err := segment.HTML(page)
		if err != nil || by != "html-flat-v2" || info.Title != "T" {
			t.Fatal(by, info, err)
		}
		laws(t, s, blocks)
		if d := cmp.Diff([]string{"A b", "C", "D", "E", "x"}, cutUp(s, blocks)); d != "" {
			t.Error(d)
		}
		for _, b := range blocks {
			if len(b.Path) > 2000 {
				t.Errorf("a path of %d bytes", len(b.Path))
			}
		}
	}
}

// Twice the input takes about twice the time: a bound that quadratic work
// breaks by far, and a slow machine does not.
func TestHTMLHostilePagesAreLinear(t *testing.T) {
	for name, page := range map[string]func(n int) string{
		"deep":           func(n int) string { return strings.Repeat("<div>", n) + "A" },
		"deep inline":    func(n int) string { return strings.Repeat("<b>", n) + "A" },
		"attributes":     func(n int) string { return "<p " + strings.Repeat("a=b ", n) + ">A" },
		"open comments":  func(n int) string { return "A" + strings.Repeat("<!--", n) },
		"stray ends":     func(n int) string { return strings.Repeat("</div>", n) + "A" },
		"paragraphs":     func(n int) string { return strings.Repeat("<p>A", n) },
		"hidden words":   func(n int) string { return "A" + strings.Repeat("<i hidden>x</i>", n) },
		"breaks":         func(n int) string { return "A" + strings.Repeat("<br>", n) },
		"open quotation": func(n int) string { return "A<a href='" + strings.Repeat("x", 4*n) },
		"templates":      func(n int) string { return strings.Repeat("<template>", n) + "A" },
		"links":          func(n int) string { return strings.Repeat("<a href=x>A</a><a href=y>b</a>", n/2) },
		"class names": func(n int) string {
			return strings.Repeat("<my-tag class='d-flex sr-only-"+strings.Repeat("x-only ", 50)+"'>A", n/50)
		},
		"kept line ends": func(n int) string { return "<p style='white-space:pre-line'>" + strings.Repeat("A \n<b></b>", n) },
		"names": func(n int) string {
			return strings.Repeat("<b itemprop=author><i>A</i>", 400) + strings.Repeat("<time pubdate>A</time>", n)
		},
		"long names": func(n int) string { return "<div><" + strings.Repeat("x", n) + " style=display:block>A" },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 200_000
			start := time.Now()
			s, blocks, _, _, err := segment.HTML(page(n))
			if took := time.Since(start); took > 20*time.Second || err != nil {
				t.Errorf("%v, %v", took, err)
			}
			laws(t, s, blocks)
		})
	}
}

// Documents that html-v1 cut are read by it for as long as they are there.
func TestTheFirstRuleStaysAsItWas(t *testing.T) {
	for given, want := range map[string]string{
		"<a href=1>A</a><a href=2>b</a><img>c":                              "Abc",
		"A<template>x</template>b":                                          "Ab",
		`<span class="sr-only">A</span>b`:                                   "Ab",
		`<ul><li style="display:inline">A<li style="display:inline">b</ul>`: "A\nb",
		`<div style="display:flex">A<span>b</span></div>`:                   "Ab",
		`<p hidden style="display:block">A</p>b`:                            "A\nb",
		"<p style='white-space:pre-line'>A  b</p>":                          "A  b",
		"<div role=heading aria-level=2>A<my-tag>b</my-tag></div>":          "Ab",
	} {
		text, _, nodes, ok := segment.Trace(given, "html-v1")
		if !ok || text != want || len(nodes) == 0 {
			t.Errorf("%s: %q, want %q", given, text, want)
		}
		if now, _, _, _ := segment.Trace(given, "html-v2"); now == text && !strings.Contains(given, "hidden style") {
			t.Errorf("%s: both rules give %q", given, now)
		}
	}
	for _, by := range []string{"", "line-v1", "html-flat-v1", "html-v0"} {
		if _, _, _, ok := segment.Trace("A", by); ok || segment.FromTree(by) {
			t.Errorf("%q is read as a tree", by)
		}
	}
}

// visible counts the characters of a page that leave a mark, straight from the
// tree, without any idea of blocks.
func visible(n *html.Node, count map[rune]int) {
	if n.Type == html.TextNode {
		for _, r := range n.Data {
			if segment.Visible(r) {
				count[r]++
			}
		}
	}
	if n.Type == html.ElementNode {
		switch n.Data {
		case "script", "style", "iframe", "title", "noembed", "noframes", "datalist", "rp", "frameset", "desc", "metadata", "colgroup":
			return
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		visible(c, count)
	}
}

func keepsEverything(t interface{ Fatalf(string, ...any) }, page string) {
	s, blocks, _, by, err := segment.HTML(page)
	if err != nil {
		t.Fatalf("%v", err)
	}
	laws(t, s, blocks)
	if by != "html-v2" {
		return
	}
	inOrder(t, page, by)
	root, err := html.ParseWithOptions(strings.NewReader(page), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatalf("%v", err)
	}
	want, got := map[rune]int{}, map[rune]int{}
	visible(root, want)
	for _, r := range s {
		if segment.Visible(r) {
			got[r]++
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("of %q:\n%s", page, d)
	}
}

// inOrder holds that each visible character of the tree is in one block, and
// that those which are shown, and those which are not, stand in the order of
// the page. Which text is in which block is told by Trace.
func inOrder(t interface{ Fatalf(string, ...any) }, page, by string) {
	_, blocks, _, _, _ := segment.HTML(page)
	text, root, nodes, ok := segment.Trace(page, by)
	if !ok || len(nodes) != len(blocks) {
		t.Fatalf("%q has %d blocks and %d in its trace", page, len(blocks), len(nodes))
	}
	place, n := map[*html.Node]int{}, 0
	for d := range root.Descendants() {
		n++
		place[d] = n
	}

	marks := func(s string) string {
		return strings.Map(func(r rune) rune {
			if segment.Visible(r) {
				return r
			}
			return -1
		}, s)
	}
	last := map[bool]int{}
	runes := []rune(text)
	for i, b := range blocks {
		said := ""
		for _, d := range nodes[i] {
			if place[d] <= last[b.Hidden] {
				t.Fatalf("%q: %q is out of order", page, d.Data)
			}
			last[b.Hidden] = place[d]
			said += marks(d.Data)
		}
		if got := marks(string(runes[b.Start:b.End])); got != said {
			t.Fatalf("%q: a block says %q, its texts %q", page, got, said)
		}
	}
}

func TestHTMLKeepsEverything(t *testing.T) {
	piece := rapid.SampledFrom([]string{"<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<br>", "<span hidden>", "</span>", "<pre>", "</pre>",
		"<table>", "<tr>", "<td>", "</table>", "<select>", "<option>", "</select>", `<div style="display:none">`, "<a href=x>", "</a>", "<h3>", "</h3>",
		"<noscript>", "</noscript>", "<textarea>", "</textarea>", "<svg>", "</svg>", "<ul><li>", " ", "\n", "a", "b ", "&nbsp;", "😀", "e\u0301", "ש", "\u200b", "&#13;", "\u2028", "<title>", "</title>",
		"<template>", "</template>", "<my-tag>", "</my-tag>", "<a href=y>", `<p style="display:flex">`, `<div style="display:inline">`, `<span class="sr-only">`, "<img>", `<p style="white-space:pre-line">`, `<div class="flex">`})
	rapid.Check(t, func(t *rapid.T) {
		keepsEverything(t, strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "page"), ""))
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"", "<p>A<br><br>b", "<pre>\n a</pre>", "<table><tr><td>1<td hidden>2", "<svg><desc/>x", "<template><td>a<template>b", "<a href=1>a</a><a href=2>b</a><my-tag>c<img>d", `<p style="display:flex;white-space:pre-line">a <b class=sr-only>b</b> c`, "<select><option>a", strings.Repeat("<i>", 600) + "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		keepsEverything(t, strings.ToValidUTF8(s, "\ufffd"))
	})
}

// shared is the folder of real pages beside the project, which is not part of it.
func shared(t testing.TB, name string) string {
	dir, err := filepath.Abs("../../../shared/corpus/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the folder of real pages is not here")
	}
	return dir
}

func realPages(t testing.TB) map[string]string {
	files, _ := filepath.Glob(shared(t, "wcxb-test/html") + "/*.html.gz")
	pages := map[string]string{}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		pages[filepath.Base(name)] = strings.ToValidUTF8(string(b), "\ufffd")
	}
	return pages
}

func TestRealPages(t *testing.T) {
	empty := 0
	for name, page := range realPages(t) {
		keepsEverything(t, page)
		_, blocks, _, by, _ := segment.HTML(page)
		if by != "html-v2" {
			t.Errorf("%s: %s", name, by)
		}
		if len(blocks) == 0 {
			empty++
		}
	}
	if empty > 3 { // three pages of the set are filled by scripts alone
		t.Errorf("%d pages without a block", empty)
	}
}

func ExampleHTML() {
	t, blocks, _, _, _ := segment.HTML("<h1>Repairs begin</h1><p>ALDPORT: Mara said <i>so</i>.</p>")
	fmt.Println(t)
	fmt.Println(blocks[1].Range, blocks[1].Path)
	// Output:
	// Repairs begin
	// ALDPORT: Mara said so.
	// [14,36) body/p
}
