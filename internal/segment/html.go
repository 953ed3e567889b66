package segment

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"annotate/internal/corpus"
)

// HTML makes the document text of a page and its blocks. A block is the text
// of one block-level element between its block-level children, with white
// space as CSS would show it; two or more <br> in a row, and each cell, list
// item, caption and option begin a new one. The text is the blocks joined by
// LF. Style sheets are not read: what is a block and what is shown is told by
// elements, their attributes and inline styles, and the class names by which
// pages hide text from sight. Attributes (alternative texts, values) are not
// text; scripts, styles, frames and the head are left out. What is there but
// not shown is a block of its own with Hidden set, after the block in which it
// stands.
//
// Two items that stand side by side without white space, such as links of a
// menu that only its style sheet draws apart, are parted by a space, so that no
// word is made of two.
//
// source must be valid UTF-8. A page that is nested too deeply for the parser
// or has too many tags is read without a tree ("html-flat-v2"), which gives
// nearly the same blocks. A page without visible text gives no block and no
// error.
func HTML(source string) (t string, blocks []corpus.Block, info Info, segmenter string, err error) {
	p := newPage(len(source), newest)
	if root, ok := tree(source); ok {
		segmenter = treeRules[newest]
		p.walk(root)
	} else {
		segmenter = "html-flat-v2"
		p.tokens(source)
	}
	p.finish()
	p.info.Title = strings.Join(strings.Fields(p.title.String()), " ")

	return p.text.String(), p.blocks, p.info, segmenter, nil
}

// rule is a version of the rule for HTML. Documents keep the one that cut them.
type rule int

const (
	first  rule = 1
	newest rule = 2
)

// treeRules are the segmenters that read a page as a tree.
var treeRules = map[rule]string{first: "html-v1", newest: "html-v2"}

// FromTree reports whether a segmenter read its page as a tree, so that Trace
// can read it again.
func FromTree(segmenter string) bool { return treeRule(segmenter) != 0 }

func treeRule(segmenter string) rule {
	for r, name := range treeRules {
		if name == segmenter {
			return r
		}
	}
	return 0
}

// Trace reads a page as the segmenter of its document did, and also tells which
// text nodes of its tree each block is made of, in order; a text node belongs
// to one block at most. It is false where the segmenter is not FromTree, or the
// page gives no tree.
func Trace(source, segmenter string) (t string, root *html.Node, nodes [][]*html.Node, ok bool) {
	r := treeRule(segmenter)
	if r == 0 {
		return "", nil, nil, false
	}
	if root, ok = tree(source); !ok {
		return "", nil, nil, false
	}
	p := newPage(len(source), r)
	p.node = root // any: walk sets it at each text
	p.walk(root)
	p.finish()

	return p.text.String(), root, p.traced, true
}

// maxTags bounds the memory of a tree: a node takes some 150 bytes, and a page
// of a few megabytes can hold millions of them.
const maxTags = 300_000

// tree parses a page. It is false where the parser refuses: it gives up at 512
// open elements.
func tree(source string) (*html.Node, bool) {
	if strings.Count(source, "<") > maxTags {
		return nil, false
	}
	// Scripting off: the content of <noscript> is then elements, not raw text.
	root, err := html.ParseWithOptions(strings.NewReader(source), html.ParseOptionEnableScripting(false))

	return root, err == nil
}

// walk goes through the tree, which the parser keeps to 512 levels.
func (p *page) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		if p.node != nil {
			p.node = n
		}
		p.words(n.Data)
	case html.DocumentNode:
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			p.walk(c)
		}
	case html.ElementNode:
		p.hears(n)
		if !p.open(n.Data, n.DataAtom, n.Attr) {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			p.walk(c)
		}
		p.close()
	}
}

// maxOpen bounds the elements that tokens keeps in mind.
const maxOpen = 4096

// tokens reads a page tag by tag. An end tag closes the nearest open element
// of its name; elements that may stay open are closed by the next of their
// kind, because nothing else would.
func (p *page) tokens(source string) {
	z := html.NewTokenizer(strings.NewReader(source))
	var names []string
	count := map[string]int{}
	pop := func(name string) {
		if count[name] == 0 {
			return
		}
		for {
			last := names[len(names)-1]
			names = names[:len(names)-1]
			count[last]--
			p.close()
			if last == name {
				return
			}
		}
	}

	skip := "" // the element that is left out, and how deep in elements of its name
	depth := 0
	title := false
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			for range names {
				p.close()
			}
			return
		case html.TextToken:
			s := string(z.Text())
			switch {
			case title:
				p.title.WriteString(s)
			case skip == "":
				p.words(strings.ReplaceAll(s, "\x00", ""))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			if skip != "" {
				if tok.Data == skip && kind == html.StartTagToken {
					depth++
				}
				continue
			}
			if tok.DataAtom == atom.Title {
				title = p.title.Len() == 0
			}
			if closedByNext[tok.DataAtom] && len(names) > 0 && names[len(names)-1] == tok.Data {
				pop(tok.Data)
			}
			alone := void[tok.DataAtom] || kind == html.SelfClosingTagToken && !blockLevel[tok.DataAtom]
			switch {
			case len(names) >= maxOpen && !alone && !leftOut[tok.DataAtom]: // its text stays, only its own style is lost
				if blockLevel[tok.DataAtom] {
					p.edge()
				}
			case !p.open(tok.Data, tok.DataAtom, tok.Attr):
				if kind == html.StartTagToken && !endOptional[tok.DataAtom] {
					skip, depth = tok.Data, 1
				}
			case alone:
				p.close()
			default:
				names = append(names, tok.Data)
				count[tok.Data]++
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch {
			case skip != "" && string(name) == skip:
				if depth--; depth == 0 {
					skip, title = "", false
				}
			case skip == "" && blockLevel[atom.Lookup(name)] && count[string(name)] == 0:
				p.edge()
			case skip == "":
				pop(string(name))
			}
		}
	}
}

func tags(as ...atom.Atom) map[atom.Atom]bool {
	m := map[atom.Atom]bool{}
	for _, a := range as {
		m[a] = true
	}
	return m
}

var (
	// blockLevel elements begin and end a block. Buttons are boxes of their own
	// on the screen, so they do too.
	blockLevel = tags(atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Button, atom.Caption, atom.Center,
		atom.Dd, atom.Details, atom.Dialog, atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure,
		atom.Footer, atom.Form, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hgroup, atom.Hr, atom.Html,
		atom.Legend, atom.Li, atom.Listing, atom.Main, atom.Menu, atom.Nav, atom.Noscript, atom.Ol, atom.Optgroup, atom.Option, atom.P,
		atom.Plaintext, atom.Pre, atom.Section, atom.Select, atom.Summary, atom.Table, atom.Tbody, atom.Td, atom.Textarea, atom.Tfoot,
		atom.Th, atom.Thead, atom.Tr, atom.Ul, atom.Xmp)

	// leftOut elements are never shown and hold no words of the page.
	leftOut = tags(atom.Title, atom.Script, atom.Style, atom.Iframe, atom.Noembed, atom.Noframes, atom.Frameset,
		atom.Datalist, atom.Rp, atom.Colgroup, atom.Link, atom.Meta, atom.Base)

	// fallback elements hold words for browsers that cannot show them.
	fallback = tags(atom.Noscript, atom.Audio, atom.Video, atom.Canvas, atom.Object)

	// replaced elements are drawn in the line; no word runs over them.
	replaced = tags(atom.Img, atom.Svg, atom.Input, atom.Picture, atom.Audio, atom.Video, atom.Canvas, atom.Object, atom.Embed,
		atom.Meter, atom.Progress)

	preformatted = tags(atom.Pre, atom.Textarea, atom.Listing, atom.Xmp, atom.Plaintext)

	void = tags(atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input, atom.Link, atom.Meta,
		atom.Param, atom.Source, atom.Track, atom.Wbr, atom.Frame, atom.Keygen)

	// endOptional are those of leftOut that have no end tag, or may lack it.
	endOptional = tags(atom.Link, atom.Meta, atom.Base, atom.Rp, atom.Colgroup, atom.Frameset)

	closedByNext = tags(atom.P, atom.Li, atom.Dt, atom.Dd, atom.Td, atom.Th, atom.Tr, atom.Option, atom.A)

	headings = map[atom.Atom]int{atom.H1: 1, atom.H2: 2, atom.H3: 3, atom.H4: 4, atom.H5: 5, atom.H6: 6}
)
