package inert

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"annotate/internal/corpus"
)

// builder makes the tree of the picture from the tree of the page. Nothing is
// taken over but what it names.
type builder struct {
	blocks []corpus.Block
	block  map[*html.Node]int // of a text node
	owner  map[*html.Node]int // of an element: the block whose text is all that it holds, or nobody, or many
	css    strings.Builder
}

const (
	nobody = -1
	many   = -2
)

// newBuilder knows which texts make which block; nodes is nil where nobody
// knows.
func newBuilder(blocks []corpus.Block, nodes [][]*html.Node) *builder {
	b := &builder{blocks: blocks, block: map[*html.Node]int{}, owner: map[*html.Node]int{}}
	for i, list := range nodes {
		for _, n := range list {
			b.block[n] = i
		}
	}

	return b
}

// own finds out which block an element holds.
func (b *builder) own(n *html.Node) int {
	if n.Type == html.TextNode {
		if i, ok := b.block[n]; ok {
			return i
		}
		return nobody
	}
	owner := nobody
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch is := b.own(c); {
		case is == nobody || is == owner:
		case owner == nobody:
			owner = is
		default:
			owner = many
		}
	}
	b.owner[n] = owner

	return owner
}

// page builds the whole page.
func (b *builder) page(root *html.Node) *html.Node {
	b.own(root)
	page, body := element("html"), element("body")
	page.AppendChild(body)
	b.sheets(root)

	for n := root.FirstChild; n != nil; n = n.NextSibling {
		if n.DataAtom != atom.Html {
			continue
		}
		b.plain(page, n)
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.DataAtom == atom.Body {
				b.plain(body, c)
				b.children(body, c, place{})
			}
		}
	}
	set(page, "data-picture", "1")

	return page
}

// place is where in the picture something is built.
type place struct {
	marked bool // within an element that carries the block
	inline bool // within an element that can hold no boxes
	table  bool // directly within a table, where only its parts can stand
	choice bool // within a list that shows the option that is chosen
}

// children builds what stands in from, in to.
func (b *builder) children(to, from *html.Node, at place) {
	for c := from.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			b.words(to, c, at)
		case html.ElementNode:
			b.element(to, c, at)
		}
	}
}

// words copies a text, in an element of its own where nothing around it says
// which block it is.
func (b *builder) words(to, n *html.Node, at place) {
	copied := &html.Node{Type: html.TextNode, Data: n.Data}
	if i, ok := b.block[n]; ok && !at.marked && !at.table {
		span := element("span")
		b.mark(span, i)
		span.AppendChild(copied)
		copied = span
	}
	to.AppendChild(copied)
}

func (b *builder) mark(n *html.Node, block int) {
	set(n, "data-block", strconv.Itoa(b.blocks[block].Start))
}

func (b *builder) element(to, n *html.Node, at place) {
	k := kindOf(n)
	switch {
	case k == gone, at.choice && n.DataAtom == atom.Option && !has(n, "selected"):
		return
	case k == boxInTable && at.table:
		return
	}

	made, inside := b.shape(n, k, at)
	if owner := b.owner[n]; owner >= 0 && !at.marked && b.carries(n, owner, at) {
		b.mark(made, owner)
		inside.marked = true
	}
	switch k {
	case hole:
	case foreign:
		b.texts(made, n, inside)
	default:
		b.children(made, n, inside)
	}
	to.AppendChild(made)
}

// shape is the element that stands for one of the page, and the place within.
func (b *builder) shape(n *html.Node, k kind, at place) (*html.Node, place) {
	inside := place{marked: at.marked, inline: at.inline, choice: at.choice}
	switch k {
	case hole:
		return b.hole(n), inside
	case control:
		made := element("span")
		b.plain(made, n)
		set(made, "data-box", "1")
		if n.DataAtom == atom.Input {
			if said := first(value(n, "value"), value(n, "placeholder")); said != "" && value(n, "type") != "password" {
				set(made, "title", short(said))
			}
		}
		inside.inline = true
		inside.choice = n.DataAtom == atom.Select && !has(n, "multiple") && !has(n, "size")
		return made, inside
	case row, box, boxInTable:
		made := element("div")
		if at.inline || k == row {
			made = element("span")
			set(made, "data-row", "1")
		}
		b.plain(made, n)
		return made, inside
	case kept:
		name := n.Data
		if at.inline && boxes[n.DataAtom] {
			name = "span"
		}
		made := element(name)
		b.plain(made, n)
		b.particular(made, n)
		if name != n.Data {
			set(made, "data-row", "1")
		}
		inside.table = tableParts[n.DataAtom] && name == n.Data
		return made, inside
	}
	made := element("span")
	b.plain(made, n)

	return made, inside
}

// carries reports whether an element that holds one block and nothing else is
// the one to mark: not where a box within it does so more closely.
func (b *builder) carries(n *html.Node, owner int, at place) bool {
	if at.inline {
		return true
	}
	var only *html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		is, traced := b.owner[c], c.Type == html.ElementNode
		if c.Type == html.TextNode {
			_, traced = b.block[c]
			is = owner
		}
		if !traced || is != owner {
			continue
		}
		if only != nil || c.Type == html.TextNode {
			return true
		}
		only = c
	}

	return only == nil || !boxes[only.DataAtom] && kindOf(only) != control
}

// texts keeps the words of an element whose own elements have no place here.
func (b *builder) texts(to, n *html.Node, at place) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			if _, ok := b.block[c]; ok {
				b.words(to, c, at)
			}
		case c.Type == html.ElementNode && kindOf(c) != gone:
			b.texts(to, c, at)
		}
	}
}

// hole stands for what is fetched: an image with its words and its size, or the
// name of what there was. An image that the page brings along is shown.
func (b *builder) hole(n *html.Node) *html.Node {
	if src := strings.TrimSpace(value(n, "src")); n.DataAtom == atom.Img && len(src) > smallest && picture.MatchString(src) {
		img := element("img")
		b.plain(img, n)
		b.particular(img, n)
		set(img, "src", src)
		set(img, "alt", short(value(n, "alt")))
		return img
	}

	made := element("span")
	b.plain(made, n)
	words := names[n.DataAtom]
	if alt := strings.Join(strings.Fields(value(n, "alt")), " "); alt != "" {
		words = alt
	}
	set(made, "data-hole", "1")
	if words != "" {
		set(made, "title", short(words))
	}
	var style string
	if w, h := pixels(value(n, "width")), pixels(value(n, "height")); w > 0 {
		style = "width: " + strconv.Itoa(w) + "px"
		if h > 0 {
			style += "; aspect-ratio: " + strconv.Itoa(w) + " / " + strconv.Itoa(h)
		}
	}
	if style != "" {
		set(made, "style", style)
	}
	made.AppendChild(&html.Node{Type: html.TextNode, Data: short(words)})

	return made
}

// smallest is the length up to which an image inside the page is taken for the
// stand-in of one that a script would have fetched.
const smallest = 400

var picture = regexp.MustCompile(`^data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/]+={0,2}$`)

// pixels is a size as an attribute gives it, 0 where it is none to show.
func pixels(s string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s), "px"))
	if err != nil || n < 8 || n > 4000 {
		return 0
	}

	return n
}

// plain copies what any element may say of itself.
func (b *builder) plain(to, from *html.Node) {
	for _, a := range from.Attr {
		if a.Namespace != "" {
			continue
		}
		switch a.Key {
		case "class", "dir", "lang":
			set(to, a.Key, a.Val)
		case "id":
			// With a prefix that no name of ours has, nothing is found under it that we ask for.
			if id := strings.TrimSpace(a.Val); id != "" && !strings.ContainsFunc(id, unicode.IsSpace) {
				set(to, "id", idPrefix+id)
			}
		case "hidden":
			set(to, "hidden", "")
		case "style":
			if s := declarations(a.Val); s != "" {
				set(to, "style", s)
			}
		}
	}
}

// particular copies what one kind of element says.
func (b *builder) particular(to, from *html.Node) {
	for _, a := range from.Attr {
		if a.Namespace == "" && presentational[a.Key] {
			set(to, a.Key, a.Val)
		}
	}
	switch from.DataAtom {
	case atom.A:
		if href := strings.TrimSpace(value(from, "href")); href != "" {
			set(to, "title", short(href))
			set(to, "data-link", "1")
		}
	case atom.Details:
		set(to, "open", "")
	}
}

// short is a text for a tooltip.
func short(s string) string {
	const most = 200
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}

	return string(runes)
}

func element(name string) *html.Node {
	return &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name))}
}

func set(n *html.Node, key, val string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = val
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: val})
}

func value(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
