package inert

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"annotate/internal/corpus"
	"annotate/internal/inert/attacks"
	"annotate/internal/segment"
)

// documentOf is the document that an import makes of a page.
func documentOf(t testing.TB, source string) corpus.Document {
	t.Helper()
	d := corpus.Document{MediaType: "text/html"}
	var err error
	if d.Text, d.Blocks, _, d.Segmenter, err = cut(source); err != nil {
		t.Fatal(err)
	}

	return d
}

func pictureOf(t testing.TB, source string) string {
	t.Helper()
	p, err := Page([]byte(source), documentOf(t, source))
	if err != nil {
		t.Fatal(err)
	}

	return string(p)
}

// bodyOf is what a picture has in its body.
func bodyOf(picture string) string {
	_, body, _ := strings.Cut(picture, "<body")
	_, body, _ = strings.Cut(body, ">")

	return strings.TrimSuffix(body, "</body></html>")
}

func TestPictureKeepsWhatAReaderSaw(t *testing.T) {
	for _, c := range []struct{ name, page, want string }{
		{"words and marks", `<p>One <b>bold</b> word<p>two`, `<p data-block="0">One <b>bold</b> word</p><p data-block="14">two</p>`},
		{"text beside elements", `<div>before<p>in</p>behind</div>`, `<div><span data-block="0">before</span><p data-block="7">in</p><span data-block="10">behind</span></div>`},
		{"the closest box of one block", `<section><div><p><a>x</a></p></div></section>`, `<section><div><p data-block="0"><a>x</a></p></div></section>`},
		{"a link loses its address", `<a href="https://example.org/a">go</a>`, `<a title="https://example.org/a" data-link="1" data-block="0">go</a>`},
		{"an image is a box of its size", `<img src="https://example.org/i.png" alt="A bridge" width=640 height="320px">`,
			`<span data-hole="1" title="A bridge" style="width: 640px; aspect-ratio: 640 / 320">A bridge</span>`},
		{"a form is plain boxes", `<form action="/x"><input type=hidden value=s><input name=q placeholder="Search"><button>Go</button></form>`,
			`<div><span data-box="1" title="Search"></span><span data-box="1" data-block="0">Go</span></div>`},
		{"a table", `<table><form><tr><td colspan=2>a</td><td>b</td></tr></form></table>`, `<table><tbody><tr><td colspan="2" data-block="0">a</td><td data-block="2">b</td></tr></tbody></table>`},
		{"ids have a prefix", `<p id="body" name="x">x`, `<p id="page-body" data-block="0">x</p>`},
		{"our own marks are not the page's", `<p data-block="99" data-here="1" data-is="body">x`, `<p data-block="0">x</p>`},
		{"styles that only show", `<p style="color: red; position: fixed; background: url(//x); width: expression(1)">x`, `<p style="color: red" data-block="0">x</p>`},
		{"foreign markup leaves its words", `<p><svg><text onload=x>in a drawing</text><script>1</script></svg>`, `<p data-block="0"><span>in a drawing</span></p>`},
	} {
		if got := bodyOf(pictureOf(t, c.page)); got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, c.page, got, c.want)
		}
	}
}

func TestStyleSheetsKeepRulesThatOnlyShow(t *testing.T) {
	for _, c := range []struct{ css, want string }{
		{"p{color:red}", "p{color:red;}"},
		{"#menu, .a > b:hover{margin:0 auto!important}", "#page-menu,.a>b:hover{margin:0 auto!important;}"},
		{"@import 'x.css'; @font-face{font-family:x;src:url(x)} p{color:red}", "p{color:red;}"},
		{"p{background:url(//x/y);color:red}", "p{color:red;}"},
		{"p{background:\\75rl(//x/y)}", "p{}"},
		{"p{background:image-set('x' 1x);width:calc(1px + 2px)}", "p{width:calc(1px + 2px);}"},
		{"p{position:sticky;top:0}div{position:relative}", "p{top:0;}div{position:relative;}"},
		{"@media (max-width:600px){p{color:red}}", "@media (max-width:600px){p{color:red;}}"},
		{"@media (prefers-color-scheme:dark){p{color:red}}b{color:red}", "b{color:red;}"},
		{"@keyframes x{from{top:0}}b{color:red}", "b{color:red;}"},
		{"p{--c:url(x);--d:#fff;color:var(--d)}", "p{--d:#fff;color:var(--d);}"},
		{"a[href^='x']{opacity:0;behavior:url(x);-moz-binding:url(x)}", "a[href^='x']{}"},
		{"p{content:'</style><script>'}", "p{}"},
		{"</style{color:red}", ""},
		{"p{color:red", "p{color:red;}"},
	} {
		got := strings.ReplaceAll(stylesheet(c.css), "\n", "")
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.css, got, c.want)
		}
	}
}

func TestADeepPageIsRefusedInWords(t *testing.T) {
	source := strings.Repeat("<div>", 600) + "deep"
	_, err := Page([]byte(source), documentOf(t, source))
	var invalid *corpus.Invalid
	if !asInvalid(err, &invalid) {
		t.Errorf("%v", err)
	}
}

func TestBlocksAreMarkedOnlyWhereTheyAreTheDocuments(t *testing.T) {
	d := documentOf(t, "<p>one<p>two")
	p, err := Page([]byte("<p>one<p>other"), d)
	if err != nil || strings.Contains(string(p), "data-block=") {
		t.Errorf("%v: %s", err, p)
	}
}

// TestNoAttackIsLeft looks at the markup alone, whatever policy it is sent with.
func TestNoAttackIsLeft(t *testing.T) {
	all := attacks.List(t)
	if len(all) < 500 {
		t.Fatalf("%d attacks", len(all))
	}
	fill := strings.NewReplacer("JS", "alert(1)", "NET", "http://canary.test/", "HOST", "canary.test/")
	for _, a := range all {
		source := fill.Replace(a)
		if wrong := acting(pictureOf(t, source)); wrong != "" {
			t.Errorf("%s\nleaves %s", source, wrong)
		}
	}
}

// TestTheSanitiserAloneLetsNoAttackThrough shows the policy what the builder
// would never hand it.
func TestTheSanitiserAloneLetsNoAttackThrough(t *testing.T) {
	fill := strings.NewReplacer("JS", "alert(1)", "NET", "http://canary.test/", "HOST", "canary.test/")
	for _, a := range attacks.List(t) {
		source := fill.Replace(a)
		if wrong := acting("<html>" + policy.Sanitize(source)); wrong != "" {
			t.Errorf("%s\nleaves %s", source, wrong)
		}
	}
}

// TestSharedPages holds the pictures of real pages to two laws: each block that
// is shown has its words in the elements that carry it, and nothing that acts is left.
func TestSharedPages(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "wcxb-test", "html", "*.html*"))
	if len(files) == 0 {
		t.Skip("the shared corpora are not here")
	}
	pages, blocks, missing := 0, 0, 0
	for i, file := range files {
		if testing.Short() && i%16 != 0 {
			continue
		}
		source := sharedPage(t, file)
		d := documentOf(t, source)
		p, err := Page([]byte(source), d)
		if err != nil {
			t.Logf("%s: %v", filepath.Base(file), err)
			continue
		}
		pages++
		if wrong := acting(string(p)); wrong != "" {
			t.Errorf("%s: %s", filepath.Base(file), wrong)
		}
		words := carried(t, string(p))
		runes := []rune(d.Text)
		for _, b := range d.Blocks {
			if b.Hidden {
				continue
			}
			blocks++
			if want := squeeze(string(runes[b.Start:b.End])); words[b.Start] != want {
				missing++
				if missing < 10 {
					t.Logf("%s: block %d is %.60q, carried %.60q", filepath.Base(file), b.Start, want, words[b.Start])
				}
			}
		}
	}
	t.Logf("%d pages, %d shown blocks, %d not carried whole", pages, blocks, missing)
	if missing*1000 > blocks {
		t.Errorf("%d of %d blocks are not carried whole", missing, blocks)
	}
}

// carried is the words of each block's elements, by its start.
func carried(t *testing.T, picture string) map[int]string {
	t.Helper()
	root, err := html.ParseWithOptions(strings.NewReader(picture), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]string{}
	var text func(n *html.Node) string
	text = func(n *html.Node) string {
		if n.Type == html.TextNode {
			return n.Data
		}
		if has(n, "data-hole") {
			return ""
		}
		var b strings.Builder
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			b.WriteString(text(c))
		}
		return b.String()
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if s := value(n, "data-block"); s != "" {
			start, _ := strconv.Atoi(s)
			out[start] += squeeze(text(n))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)

	return out
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !segment.Visible(r) {
			return -1
		}
		return r
	}, s)
}

// acting is what a picture must not have, "" for a good one. It reads the
// markup by itself, as a browser does, so that a mistake of the package is not
// one here.
func acting(picture string) string {
	root, err := html.ParseWithOptions(strings.NewReader(picture), html.ParseOptionEnableScripting(false))
	if err != nil {
		return err.Error()
	}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			return "a comment: " + n.Data
		}
		if n.Type != html.ElementNode {
			continue
		}
		if n.Namespace != "" || !slices.Contains(known, n.Data) {
			return "<" + n.Data + ">"
		}
		for _, a := range n.Attr {
			key := strings.ToLower(a.Key)
			ours := strings.HasPrefix(key, "data-") && slices.Contains([]string{"data-block", "data-picture", "data-box", "data-row", "data-hole", "data-link"}, key)
			switch {
			case n.Data == "meta" && (a.Key == "charset" || a.Key == "name" || a.Key == "content"):
			case n.Data == "img" && a.Key == "src" && strings.HasPrefix(a.Val, "data:image/"):
			case key == "id" && strings.HasPrefix(a.Val, "page-"):
			case key == "style" && !fetches(a.Val):
			case ours, presentational[key], slices.Contains([]string{"class", "title", "lang", "dir", "hidden", "open", "alt"}, key):
			default:
				return "<" + n.Data + " " + a.Key + "=" + a.Val + ">"
			}
		}
		if n.Data == "style" && n.FirstChild != nil && fetches(n.FirstChild.Data) {
			return "a style that fetches"
		}
	}

	return ""
}

var known = append([]string{"html", "head", "body", "meta", "style", "img"}, keptElements...)

func fetches(style string) bool {
	style = strings.ToLower(style)
	for _, bad := range []string{"url(", "@import", "@font-face", "image-set", "expression(", "-moz-binding", "behavior:", "src(", "image(", "element(", "cross-fade(", "@namespace", "@charset"} {
		if strings.Contains(style, bad) {
			return true
		}
	}
	return false
}
