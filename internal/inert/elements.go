package inert

import (
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// kind is what becomes of an element of the page.
type kind int

const (
	loose      kind = iota // a span: what is not known
	kept                   // itself
	gone                   // nothing, its words neither
	hole                   // a box for what would be fetched
	foreign                // the words of another language of markup
	box                    // a div
	boxInTable             // a div, or nothing where a table has no place for it
	row                    // a span as wide as a line
	control                // a span that looks like a field
)

func kindOf(n *html.Node) kind {
	if n.Namespace != "" {
		if n.Data == "desc" || n.Data == "metadata" || n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Title {
			return gone
		}
		return foreign
	}
	if n.DataAtom == atom.Input && value(n, "type") == "hidden" || n.DataAtom == atom.Dialog && !has(n, "open") {
		return gone
	}

	return kinds[n.DataAtom]
}

var kinds = func() map[atom.Atom]kind {
	m := map[atom.Atom]kind{}
	for k, list := range map[kind][]atom.Atom{
		gone: {atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Head, atom.Title, atom.Meta, atom.Link, atom.Base,
			atom.Noembed, atom.Noframes, atom.Frameset, atom.Frame, atom.Datalist, atom.Param, atom.Source, atom.Track, atom.Map, atom.Area, atom.Rp},
		hole:       {atom.Img, atom.Iframe, atom.Object, atom.Embed, atom.Audio, atom.Video, atom.Canvas},
		box:        {atom.Fieldset, atom.Dialog, atom.Marquee, atom.Hgroup, atom.Search},
		boxInTable: {atom.Form},
		row:        {atom.Legend, atom.Option, atom.Optgroup},
		control:    {atom.Input, atom.Textarea, atom.Select, atom.Button},
	} {
		for _, a := range list {
			m[a] = k
		}
	}
	for _, name := range keptElements {
		m[atom.Lookup([]byte(name))] = kept
	}

	return m
}()

// keptElements are those that stand in the picture as in the page.
var keptElements = []string{
	"a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
	"colgroup", "dd", "del", "details", "dfn", "dir", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3",
	"h4", "h5", "h6", "header", "hr", "i", "ins", "kbd", "label", "li", "main", "mark", "menu", "nav", "ol", "p", "pre", "q", "rt", "ruby", "s",
	"samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time",
	"tr", "tt", "u", "ul", "var", "wbr",
}

// names are what a box says that has no words of its own.
var names = map[atom.Atom]string{
	atom.Iframe: "frame", atom.Object: "object", atom.Embed: "object", atom.Audio: "sound", atom.Video: "video", atom.Canvas: "drawing",
}

// boxes begin a line of their own, as browsers show them.
var boxes = atoms("address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset",
	"figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "menu", "nav", "ol",
	"p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul")

// tableParts can hold only one another.
var tableParts = atoms("table", "tbody", "thead", "tfoot", "tr", "colgroup")

func atoms(list ...string) map[atom.Atom]bool {
	m := map[atom.Atom]bool{}
	for _, name := range list {
		m[atom.Lookup([]byte(name))] = true
	}
	return m
}

// presentational attributes say how an old page looks.
var presentational = map[string]bool{
	"align": true, "valign": true, "bgcolor": true, "color": true, "face": true, "size": true, "border": true, "cellpadding": true, "cellspacing": true,
	"colspan": true, "rowspan": true, "span": true, "width": true, "height": true, "start": true, "type": true, "value": true, "nowrap": true,
	"reversed": true, "noshade": true,
}

// idPrefix goes before every id of the page.
const idPrefix = "page-"

// policy lets through what builder makes, and no more. It is a second opinion:
// it reads the markup that goes out, and knows nothing of how it was made.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(append([]string{"html", "body"}, keptElements...)...)
	p.AllowNoAttrs().OnElements(append([]string{"html", "body"}, keptElements...)...)

	number := regexp.MustCompile(`^[0-9]{1,9}$`)
	size := regexp.MustCompile(`^[0-9]{1,5}(?:\.[0-9]{1,5})?(?:px|%)?$`)
	word := regexp.MustCompile(`^[#a-zA-Z0-9 ,+-]{0,60}$`)
	p.AllowAttrs("class", "title").Globally()
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^` + idPrefix + `\S+$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[a-zA-Z0-9-]{0,40}$`)).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`(?i)^(?:ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("hidden", "open", "nowrap", "reversed", "noshade").Matching(regexp.MustCompile(`^$`)).Globally()
	p.AllowAttrs("data-block", "data-picture", "data-box", "data-row", "data-hole", "data-link").Matching(number).Globally()
	p.AllowAttrs("colspan", "rowspan", "span", "start", "value").Matching(number).Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing", "size").Matching(size).Globally()
	p.AllowAttrs("align", "valign", "bgcolor", "color", "face", "type").Matching(word).Globally()
	p.AllowStyles(properties...).MatchingHandler(harmless).Globally()

	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("src").Matching(picture).OnElements("img")
	p.AllowURLSchemes()
	p.AllowDataURIImages()

	return p
}()
