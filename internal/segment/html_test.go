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
		{"scripts, styles and templates are out", "<p>A<script>no</script><style>no</style><template>no</template>b</p><iframe>no</iframe><!-- no -->", []string{"Ab"}},
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
		{"a display of block makes a span a block", `<p>A<span style="display:block">B</span>`, []string{"A", "B"}},
		{"the words of a picture count, its title does not", "<svg><title>no</title><text>A</text></svg>", []string{"A"}},
		{"text behind the body stays", "<html><body>A</body></html>B", []string{"AB"}},
		{"a page of nothing has no block", "<html><body><div></div></body></html>", nil},
		{"an unclosed page stays whole", "<p>A<div><b>B", []string{"A", "B"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, blocks, _, by, err := segment.HTML(c.given)
			if err != nil || by != "html-v1" {
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
	if info != (segment.Info{Title: "Die Brücke", Language: "de-AT"}) {
		t.Errorf("info: %+v", info)
	}
}

func TestHTMLTooDeepForTheParser(t *testing.T) {
	for _, depth := range []int{600, 100_000} {
		page := "<title>T</title><script>no</script>" + strings.Repeat("<div>", depth) + "<p>A <b>b</b><p>C<br><br>D" + strings.Repeat("</div>", depth) + "<p>E<div hidden>x</div>"
		s, blocks, info, by, err := segment.HTML(page)
		if err != nil || by != "html-flat-v1" || info.Title != "T" {
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
		"long names":     func(n int) string { return "<div><" + strings.Repeat("x", n) + " style=display:block>A" },
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
		case "script", "style", "template", "iframe", "title", "noembed", "noframes", "datalist", "rp", "frameset", "desc", "metadata", "colgroup":
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
	if by != "html-v1" {
		return
	}
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

func TestHTMLKeepsEverything(t *testing.T) {
	piece := rapid.SampledFrom([]string{"<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<br>", "<span hidden>", "</span>", "<pre>", "</pre>",
		"<table>", "<tr>", "<td>", "</table>", "<select>", "<option>", "</select>", `<div style="display:none">`, "<a href=x>", "</a>", "<h3>", "</h3>",
		"<noscript>", "</noscript>", "<textarea>", "</textarea>", "<svg>", "</svg>", "<ul><li>", " ", "\n", "a", "b ", "&nbsp;", "😀", "e\u0301", "ש", "\u200b", "&#13;", "\u2028", "<title>", "</title>"})
	rapid.Check(t, func(t *rapid.T) {
		keepsEverything(t, strings.Join(rapid.SliceOfN(piece, 0, 40).Draw(t, "page"), ""))
	})
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{"", "<p>A<br><br>b", "<pre>\n a</pre>", "<table><tr><td>1<td hidden>2", "<svg><desc/>x", "<select><option>a", strings.Repeat("<i>", 600) + "x"} {
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
		if by != "html-v1" {
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
