package files

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// page is the visible text of a page while it is read: lines, and in them
// blocks, each of one class.
type page struct {
	text   strings.Builder
	cp     int // code points in text
	blocks []score.Block
	begun  bool // the line has something in it
	open   bool // the last of blocks goes on
	space  bool // white space stands before what comes next
}

// line adds a text as a line of its own.
func (p *page) line(s string, class corpus.Class) {
	p.edge()
	p.words(s, class, false)
	p.edge()
}

// edge ends a line.
func (p *page) edge() { p.begun, p.open, p.space = false, false, false }

func (p *page) write(r rune) {
	p.text.WriteRune(r)
	p.cp++
}

// words adds text, with white space as CSS would show it.
func (p *page) words(s string, class corpus.Class, pre bool) {
	for _, r := range s {
		if r == '\n' && pre {
			p.edge()
			continue
		}
		if !pre && strings.ContainsRune(" \t\n\f\r", r) {
			p.space = true
			continue
		}
		if p.open && p.blocks[len(p.blocks)-1].Class != class {
			p.open = false
		}
		switch {
		case !p.begun && p.cp > 0:
			p.write('\n')
		case p.begun && p.space:
			p.write(' ')
		}
		if !p.open {
			p.blocks = append(p.blocks, score.Block{Range: text.Range{Start: p.cp}, Class: class})
		}
		p.begun, p.open, p.space = true, true, false
		p.write(r)
		p.blocks[len(p.blocks)-1].End = p.cp
	}
}

func (p *page) item(id string) item {
	it := texted(id, p.text.String())
	it.blocks, it.cut, it.own = p.blocks, true, true

	return it
}

// maxTags bounds the memory of a page's tree.
const maxTags = 300_000

// visiblePage is a page that was cleaned: all that it shows is body.
func visiblePage(in input) (item, error) {
	var p page
	if err := p.read(in.raw, func(*html.Node) (bool, bool) { return true, true }); err != nil {
		return item{}, err
	}
	return texted(in.id, p.text.String()), nil
}

// labelledPage reads a page of which a mark says what is body; the nearest one
// around a text counts, so that marks inside of marks do not double it.
func labelledPage(name string) func(input) (item, error) {
	mark := marks[name]
	return func(in input) (item, error) {
		var p page
		if err := p.read(in.raw, mark); err != nil {
			return item{}, err
		}
		return p.item(in.id), nil
	}
}

// Marked reads a page with the marks of boilernet, l3s-gn1 or cc-select: its
// visible text, and blocks of it, each of one class.
func Marked(format string, raw []byte) (string, []score.Block, error) {
	it, err := labelledPage(format)(input{raw: raw})
	if err != nil {
		return "", nil, err
	}

	return *it.text, it.blocks, nil
}

var l3sClass = regexp.MustCompile(`(?:^|\s)x-nc-sel([0-5])(?:\s|$)`)

// marks say whether an element is body, and whether it has a mark at all.
var marks = map[string]func(*html.Node) (body, marked bool){
	"boilernet": func(n *html.Node) (bool, bool) {
		v, ok := attribute(n, "__boilernet_label")
		return v == "1", ok
	},
	// 0 is not content, 1 headline, 2 full text, 3 supplement, 4 related, 5
	// comments.
	"l3s-gn1": func(n *html.Node) (bool, bool) {
		v, _ := attribute(n, "class")
		m := l3sClass.FindStringSubmatch(v)
		return m != nil && strings.Contains("123", m[1]), m != nil
	},
	// What the annotators' tool left behind (marked-text and marked-tail around
	// texts, data-anno-uid on everything, a style sheet) has no words of its own
	// and is inline, so it does no harm where it stays.
	"cc-select": func(n *html.Node) (bool, bool) {
		v, ok := attribute(n, "cc-select")
		return strings.EqualFold(v, "true"), ok
	},
}

func attribute(n *html.Node, name string) (string, bool) {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if i < 0 {
		return "", false
	}
	return n.Attr[i].Val, true
}

func (p *page) read(raw []byte, mark func(*html.Node) (body, marked bool)) error {
	if bytes.Count(raw, []byte("<")) > maxTags {
		return errNested
	}
	// Not the reader of charset: it would take pure UTF-8 for windows-1252 where
	// no word of it comes early.
	e, name, certain := charset.DetermineEncoding(raw, "")
	if s := decoded(raw); certain && name != "utf-8" {
		if b, err := e.NewDecoder().Bytes(raw); err == nil {
			raw = b
		}
	} else {
		raw = []byte(s)
	}
	root, err := html.ParseWithOptions(io.LimitReader(bytes.NewReader(raw), 4*maxRecord), html.ParseOptionEnableScripting(false))
	if err != nil {
		return errNested
	}
	p.walk(root, corpus.Boilerplate, false, mark)
	p.edge()

	return nil
}

// walk goes through a tree, which the parser keeps to 512 levels.
func (p *page) walk(n *html.Node, class corpus.Class, pre bool, mark func(*html.Node) (body, marked bool)) {
	if n.Type == html.TextNode {
		p.words(strings.ReplaceAll(n.Data, "\x00", ""), class, pre)
		return
	}
	if n.Type == html.ElementNode {
		if leftOut[n.DataAtom] || unseen(n) {
			return
		}
		if body, marked := mark(n); marked {
			class = classOf(body)
		}
		if n.DataAtom == atom.Br {
			p.edge()
		}
		pre = pre || n.DataAtom == atom.Pre || n.DataAtom == atom.Textarea
	}
	block := n.Type == html.ElementNode && blockLevel[n.DataAtom]
	if block {
		p.edge()
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c, class, pre, mark)
	}
	if block {
		p.edge()
	}
}

var hiding = regexp.MustCompile(`(?i)(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)`)

func unseen(n *html.Node) bool {
	if _, hidden := attribute(n, "hidden"); hidden {
		return true
	}
	style, _ := attribute(n, "style")
	return style != "" && hiding.MatchString(style)
}

func tags(as ...atom.Atom) map[atom.Atom]bool {
	m := map[atom.Atom]bool{}
	for _, a := range as {
		m[a] = true
	}
	return m
}

var (
	blockLevel = tags(atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Body, atom.Button, atom.Caption, atom.Center,
		atom.Dd, atom.Details, atom.Dialog, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure, atom.Footer,
		atom.Form, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header, atom.Hr, atom.Legend, atom.Li, atom.Main,
		atom.Menu, atom.Nav, atom.Ol, atom.Option, atom.P, atom.Pre, atom.Section, atom.Summary, atom.Table, atom.Tbody, atom.Td,
		atom.Textarea, atom.Tfoot, atom.Th, atom.Thead, atom.Tr, atom.Ul)

	leftOut = tags(atom.Head, atom.Title, atom.Script, atom.Style, atom.Template, atom.Iframe, atom.Noembed, atom.Noframes, atom.Noscript,
		atom.Object, atom.Audio, atom.Video, atom.Canvas, atom.Select, atom.Datalist, atom.Rp, atom.Colgroup, atom.Meta, atom.Link)
)

var errNested = errors.New("the page is nested too deeply, or has too many tags, to be read")
