package export

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/net/html"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/internal/text"
)

// WebMainBench is gold in the page itself: an attribute on what of it is body.
var WebMainBench = Format{
	Name:      "webmainbench",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	About:     `JSON Lines as in WebMainBench: each page with cc-select="true" on the elements of its body, these alone, and their text, in which blocks, also list items and table cells, are parted by a blank line. No spans.`,
	folder: func(ctx context.Context, out Folder, d Dataset) error {
		for _, split := range d.Splits {
			w, err := out.Create(cmp.Or(split, undivided) + ".jsonl")
			if err != nil {
				return err
			}
			err = d.stream(ctx, w, split, Format{append: func(b []byte, g corpus.Gold, _ names) ([]byte, error) {
				return d.appendMarked(ctx, b, g)
			}})
			if err != nil {
				return err
			}
		}
		return nil
	},
	loses: func(g corpus.Gold, n names, lost func(Loss)) {
		pageLoses(g, n, lost)
		switch d := g.Document; {
		case !hasPage(d):
		case !segment.FromTree(d.Segmenter):
			lost(Loss{Kind: LossSource, Detail: "its page has too many tags, or is nested too deeply, for a tree and is left out"})
		default:
			for _, r := range mixed(g) {
				lost(Loss{Kind: LossSplitBlock, Detail: fmt.Sprintf("the block at %v is marked as most of it is", r)})
			}
		}
	},
}

// mixed are the blocks of which a part is body and another boilerplate.
func mixed(g corpus.Gold) (out []text.Range) {
	body := bodyOf(g)
	for i, b := range g.Document.Blocks {
		if body[i] > 0 && body[i] < b.Len() {
			out = append(out, b.Range)
		}
	}
	return out
}

// bodyOf is how many characters of each block are body.
func bodyOf(g corpus.Gold) []int {
	blocks := g.Document.Blocks
	out := make([]int, len(blocks))
	i := 0
	for _, p := range g.Pieces {
		for blocks[i].End < p.End {
			i++
		}
		if p.Class == corpus.Body {
			out[i] += p.Len()
		}
	}

	return out
}

// appendMarked writes nothing of a document that came as text, or whose page is
// no tree.
func (d Dataset) appendMarked(ctx context.Context, b []byte, g corpus.Gold) ([]byte, error) {
	doc := g.Document
	if !hasPage(doc) || !segment.FromTree(doc.Segmenter) {
		return b, nil
	}
	source, err := d.markup(ctx, doc)
	if err != nil {
		return b, err
	}
	t, root, nodes, ok := segment.Trace(source, doc.Segmenter)
	if !ok || t != doc.Text || len(nodes) != len(doc.Blocks) {
		return b, corpus.Invalidf("", "its page gives another text than was labelled")
	}
	var page, chosen bytes.Buffer
	tops := mark(root, bodyNodes(g, nodes))
	if err := html.Render(&page, root); err != nil {
		return b, err
	}
	for _, n := range tops {
		if err := html.Render(&chosen, n); err != nil {
			return b, err
		}
	}

	b = append(b, `{"track_id":`...)
	b = appendString(b, doc.Key())
	b = append(b, `,"url":`...)
	b = appendString(b, doc.URL)
	b = append(b, `,"html":`...)
	b = appendString(b, page.String())
	b = append(b, `,"main_html":`...)
	b = appendString(b, chosen.String())
	clean := bodyText(g)
	b = append(b, `,"convert_main_content":`...)
	b = appendString(b, clean)
	b = append(b, `,"groundtruth_content":`...)
	b = appendString(b, clean)
	b = append(b, `,"meta":{"language":`...)
	b = appendString(b, doc.Language)

	return append(b, "}}\n"...), nil
}

// bodyNodes says of each text node with words whether it is body. One that is
// in no block has no words.
func bodyNodes(g corpus.Gold, nodes [][]*html.Node) map[*html.Node]bool {
	body, is := bodyOf(g), map[*html.Node]bool{}
	for i, b := range g.Document.Blocks {
		for _, n := range nodes[i] {
			is[n] = 2*body[i] > b.Len()
		}
	}

	return is
}

// mark sets the attribute on the largest elements whose words are all body, and
// returns them in order. Text beside an element that is not gets an element of
// its own, as the tool of WebMainBench makes it.
func mark(root *html.Node, body map[*html.Node]bool) []*html.Node {
	unmark(root)
	var tops []*html.Node
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		some, all := holds(n, body)
		switch {
		case !some:
		case n.Type == html.TextNode:
			tops = append(tops, wrap(n))
		case all && n.Type == html.ElementNode && n.Data != "html" && n.Data != "body":
			n.Attr = append(n.Attr, selected)
			tops = append(tops, n)
		default:
			for c := n.FirstChild; c != nil; {
				next := c.NextSibling
				walk(c)
				c = next
			}
		}
	}
	walk(root)

	return tops
}

// holds says whether some words under a node are body, and whether all are.
func holds(n *html.Node, body map[*html.Node]bool) (some, all bool) {
	if n.Type == html.TextNode {
		is, words := body[n]
		return is, is || !words
	}
	all = true
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s, a := holds(c, body)
		some, all = some || s, all && a
	}

	return some, all
}

// unmark takes away the marks that a page came with.
func unmark(n *html.Node) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == selected.Key })
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		unmark(c)
	}
}

var selected = html.Attribute{Key: "cc-select", Val: "true"}

// wrap puts an element around a text: marked-text around the first of its
// parent, marked-tail around what follows an element.
func wrap(n *html.Node) *html.Node {
	name := "marked-text"
	if n.PrevSibling != nil {
		name = "marked-tail"
	}
	around := &html.Node{Type: html.ElementNode, Data: name, Attr: []html.Attribute{selected}}
	n.Parent.InsertBefore(around, n)
	n.Parent.RemoveChild(n)
	around.AppendChild(n)

	return around
}
