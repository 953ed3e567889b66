package segment

import (
	"cmp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Info is what a page says about itself, as it stands there: who reads it
// decides what to believe. Empty fields are things that it does not say.
type Info struct {
	Title     string     // of <title>, white space collapsed
	Language  string     // as declared on <html> or in a meta element
	Canonical string     // the address in <link rel="canonical">
	Said      []Property // meta elements with a name, in order
	Data      []string   // the text of each script of JSON-LD; none of a page without a tree
	Framed    bool       // it has frames or an iframe, which are pages of their own
}

// Property is something that a page says of itself by name, in lower case: the
// name, property or itemprop of a meta element; "time" of the machine's form in
// a <time>; "item:author" and "item:datepublished" of an element that is marked
// so where people read it, which a page without a tree does not tell.
type Property struct{ Name, Content string }

// A page says as much of itself as these allow; what follows is not kept.
const (
	maxSaid = 500     // properties
	maxData = 1 << 20 // bytes of JSON-LD
)

// hears takes what an element of a tree says about the page in its text.
func (p *page) hears(n *html.Node) {
	switch {
	case n.Namespace != "" || n.FirstChild == nil:
	case n.DataAtom == atom.Title && p.title.Len() == 0:
		p.title.WriteString(n.FirstChild.Data)
	case n.DataAtom == atom.Script && strings.EqualFold(strings.TrimSpace(attr(n.Attr, "type")), "application/ld+json"):
		if p.heard += len(n.FirstChild.Data); p.heard <= maxData {
			p.info.Data = append(p.info.Data, n.FirstChild.Data)
		}
	case n.DataAtom != atom.Meta && n.DataAtom != atom.Link:
		p.marked(n)
	}
}

// marked takes what an element is marked to be: author or date, by microdata or
// its link.
func (p *page) marked(n *html.Node) {
	for _, at := range n.Attr {
		switch {
		case at.Key == "itemprop" && strings.EqualFold(at.Val, "author"), at.Key == "rel" && strings.EqualFold(at.Val, "author"):
			p.say("item:author", wordsOf(n))
		case at.Key == "itemprop" && strings.EqualFold(at.Val, "datepublished"), at.Key == "pubdate":
			p.say("item:datepublished", cmp.Or(attr(n.Attr, "datetime"), attr(n.Attr, "content"), wordsOf(n)))
		case at.Key == "datetime" && n.DataAtom == atom.Time:
			p.say("time", at.Val)
		}
	}
}

func (p *page) say(name, content string) {
	if content = strings.TrimSpace(content); content != "" && len(p.info.Said) < maxSaid {
		p.info.Said = append(p.info.Said, Property{name, content})
	}
}

// wordsOf is the text of a small element: of the part of it that is marked as a
// name, where there is one. It is "" for one that holds more than a name.
func wordsOf(n *html.Node) string {
	const most = 60 // nodes
	var all, name strings.Builder
	seen := 0
	for d := range n.Descendants() {
		if seen++; seen > most {
			return ""
		}
		if d.Type != html.TextNode {
			continue
		}
		all.WriteString(d.Data)
		if strings.EqualFold(attr(d.Parent.Attr, "itemprop"), "name") {
			name.WriteString(d.Data)
		}
	}
	for _, b := range []*strings.Builder{&name, &all} {
		if s := strings.Join(strings.Fields(b.String()), " "); s != "" {
			return s
		}
	}

	return ""
}

// told takes what an element says about the page in its attributes.
func (p *page) told(a atom.Atom, attrs []html.Attribute) {
	switch a {
	case atom.Link:
		if p.info.Canonical == "" && strings.EqualFold(strings.TrimSpace(attr(attrs, "rel")), "canonical") {
			p.info.Canonical = strings.TrimSpace(attr(attrs, "href"))
		}
	case atom.Meta:
		content := strings.TrimSpace(attr(attrs, "content"))
		if p.info.Language == "" && strings.EqualFold(attr(attrs, "http-equiv"), "content-language") {
			lang, _, _ := strings.Cut(content, ",")
			p.info.Language = strings.TrimSpace(lang)
		}
		for _, key := range []string{"property", "name", "itemprop"} {
			name := strings.ToLower(strings.TrimSpace(attr(attrs, key)))
			if name != "" {
				p.say(name, content)
				return
			}
		}
	case atom.Frameset, atom.Iframe:
		p.info.Framed = true
	}
}
