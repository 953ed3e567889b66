package segment

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// page collects the text and blocks of a page while elements open and close.
type page struct {
	rule   rule
	text   strings.Builder
	cp     int // code points in text
	blocks []corpus.Block
	info   Info
	heard  int // bytes of JSON-LD so far
	title  strings.Builder

	stack []frame
	shown run // the block being collected
	dark  run // the same for what is not shown

	// Hidden blocks that wait for the shown one around them to end, so that a
	// hidden word does not cut a sentence in two.
	waiting []ready

	paths map[string]string

	// Only Trace wants to know which text nodes a block is made of.
	node   *html.Node // the one that is being read, nil where nobody wants to know
	traced [][]*html.Node
}

// frame is an open element.
type frame struct {
	block   bool
	gone    bool // not shown, whatever its children say
	unseen  bool // not shown, but a child may be
	link    bool
	pre     bool
	heading int
	path    string // of the nearest block-level element
	depth   int    // elements on the path
	choice  bool   // a <select> that shows one option at a time
	href    string // of the link around

	// The rest is not known to html-v1.
	lines bool // white space collapses, line ends stay

	// These concern the element alone, not those inside.
	ranked bool // a heading by its role
	box    bool // no word runs over its edges, though it may stand in a line
	items  bool // its children are blocks
	boxes  bool // its children are boxes
}

func (f frame) hidden() bool { return f.gone || f.unseen }

// run is the text of a block that is not finished.
type run struct {
	text    strings.Builder
	cp      int    // code points in text
	solid   int    // bytes of text up to the last character that is not white space
	solidCP int    // the same in code points
	space   bool   // a collapsed white space stands before what comes next
	breaks  int    // line breaks that stand before what comes next
	seam    bool   // no word continues in what comes next
	linkEnd int    // bytes of text up to the end of the newest link, and
	href    string // where that leads
	letters int
	linked  int // letters in links
	path    string
	heading int
	visible bool
	nodes   []*html.Node
}

// ready is a finished block that has no place in the text yet.
type ready struct {
	text string
	cp   int
	corpus.Block
	nodes []*html.Node
}

func newPage(size int, r rule) *page {
	p := &page{rule: r, paths: map[string]string{}, stack: make([]frame, 1, 64)}
	p.text.Grow(size / 8)

	return p
}

func (p *page) top() *frame { return &p.stack[len(p.stack)-1] }

func (p *page) run() *run {
	if p.top().hidden() {
		return &p.dark
	}
	return &p.shown
}

// open begins an element. It is false, and close must not be called, where the
// element is left out altogether.
func (p *page) open(name string, a atom.Atom, attrs []html.Attribute) bool {
	outer := p.top()
	f := *outer
	f.ranked, f.box, f.items, f.boxes = false, outer.boxes, false, false
	switch {
	case leftOut[a], name == "desc", name == "metadata", a == atom.Template && p.rule == first:
		p.told(a, attrs)
		if a == atom.Iframe {
			p.seam()
		}
		return false
	case a == atom.Br:
		p.lineBreak()
	case a == atom.Html:
		if p.info.Language == "" {
			p.info.Language = strings.TrimSpace(cmp.Or(attr(attrs, "lang"), attr(attrs, "xml:lang")))
		}
	}

	f.block = blockLevel[a]
	f.box = f.box || replaced[a] || a == 0 && strings.IndexByte(name, '-') > 0
	if h := headings[a]; h > 0 {
		f.heading = h
	}
	if a == atom.A && has(attrs, "href") {
		f.link, f.href = true, attr(attrs, "href")
	}
	if preformatted[a] {
		f.pre, f.lines = true, false
	}
	f.gone = f.gone || fallback[a] || a == atom.Template && !has(attrs, "shadowrootmode") ||
		name == "annotation" || name == "annotation-xml" ||
		a == atom.Dialog && !has(attrs, "open") || a == atom.Option && f.choice && !has(attrs, "selected")
	f.choice = a == atom.Select && !has(attrs, "multiple") && !has(attrs, "size") || f.choice && a == atom.Optgroup
	if p.rule == first {
		f.firstStyle(attrs, a == atom.Html || a == atom.Body)
	} else {
		f.style(outer, a, attrs)
	}

	if f.block && a != atom.Html {
		f.path, f.depth = p.join(f.path, name, f.depth), f.depth+1
	}
	p.enter(f)

	return true
}

// enter makes the edges at the beginning of an element.
func (p *page) enter(f frame) {
	outer := *p.top()

	// The edge is made where the element's own text will go: a hidden one does
	// not break the shown line in which it stands.
	if !f.hidden() && outer.hidden() {
		p.edge()
	}
	p.stack = append(p.stack, f)
	if f.block || f.hidden() && !outer.hidden() {
		p.edge()
	}
	r := p.run()
	if f.box || f.link && !outer.link && r.linkEnd == r.text.Len() && r.href != f.href {
		p.seam()
	}
}

// close ends the newest open element.
func (p *page) close() {
	f := *p.top()
	outer := p.stack[len(p.stack)-2]
	if f.block || f.hidden() && !outer.hidden() {
		p.edge()
	}
	if r := p.run(); f.link && !outer.link {
		r.linkEnd, r.href = r.text.Len(), f.href
	}
	p.stack = p.stack[:len(p.stack)-1]
	if f.box || f.hidden() {
		p.seam()
	}
}

// seam parts the words around a place where items meet without white space.
// Letters that are drawn apart by a style sheet look joined here.
func (p *page) seam() {
	if p.rule > first {
		p.run().seam = true
	}
}

// A path names the nearest maxPath elements, each by at most maxName bytes.
const (
	maxPath = 40
	maxName = 32
)

// join makes the path of a child, one string for all equal ones.
func (p *page) join(path, name string, depth int) string {
	name = name[:min(len(name), maxName)]
	if depth >= maxPath {
		if !strings.HasPrefix(path, "…/") {
			path = "…/" + path
		}
		rest := path[len("…/"):]
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			path = "…/" + rest[i+1:]
		}
	}
	if path != "" {
		path += "/"
	}
	path += name
	if known, ok := p.paths[path]; ok {
		return known
	}
	p.paths[path] = path

	return path
}

// words adds the text of a text node.
func (p *page) words(s string) {
	f, r := p.top(), p.run()
	if f.pre {
		p.kept(f, r, s)
		return
	}

	for i := 0; i < len(s); {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' {
			r.space = true
			i++
			continue
		}
		j, n, letters, visible, solid := i, 0, 0, false, i
		solidN := 0
		for j < len(s) {
			c := s[j]
			if c < utf8.RuneSelf {
				if c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' {
					break
				}
				if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' {
					letters++
				}
				visible = visible || c > ' ' && c != 0x7f
				j++
				n++
				if c != '\v' {
					solid, solidN = j, n
				}
				continue
			}
			ch, size := utf8.DecodeRuneInString(s[j:])
			if unicode.IsLetter(ch) || unicode.IsDigit(ch) {
				letters++
			}
			j += size
			n++
			if !unicode.IsSpace(ch) {
				solid, solidN = j, n
				visible = visible || Visible(ch)
			}
		}
		p.add(f, r, s[i:j], n, solid-i, solidN, letters, visible)
		i = j
	}
}

// add puts a word into the run: s has n code points, of which the first
// solidN, in solid bytes, end with one that is not white space.
func (p *page) add(f *frame, r *run, s string, n, solid, solidN, letters int, visible bool) {
	if r.text.Len() == 0 {
		if solid == 0 { // only NBSP and the like: not the start of a block
			return
		}
		head := strings.TrimLeftFunc(s, unicode.IsSpace)
		cut := len(s) - len(head)
		cutN := utf8.RuneCountInString(s[:cut])
		s, n, solid, solidN = head, n-cutN, solid-cut, solidN-cutN
		r.path, r.heading = f.path, f.heading
	} else {
		switch {
		case r.breaks > 0:
			r.text.WriteByte('\n')
			r.cp++
		case r.space, r.seam && touch(r.text.String(), s):
			r.text.WriteByte(' ')
			r.cp++
		}
	}
	r.space, r.breaks, r.seam = false, 0, false
	r.trace(p.node)
	if solid > 0 {
		r.solid, r.solidCP = r.text.Len()+solid, r.cp+solidN
	}
	r.text.WriteString(s)
	r.cp += n
	r.letters += letters
	if f.link {
		r.linked += letters
	}
	r.visible = r.visible || visible
}

// touch reports whether a text would be read as going on in the next one: a
// word in a word, or a sentence without its space.
func touch(before, behind string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	next, _ := utf8.DecodeRuneInString(behind)
	part := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

	return part(next) && (part(last) || strings.ContainsRune(".,:;!?…)", last))
}

// kept adds text whose white space counts. Lines without anything in front of
// the block are dropped, the indentation of its first line is not.
func (p *page) kept(f *frame, r *run, s string) {
	s = strings.ReplaceAll(s, "\r", "\n")
	if f.lines {
		s = oneLineEach(s)
		if r.text.Len() == 0 || r.space || strings.HasSuffix(r.text.String(), " ") {
			s = strings.TrimLeft(s, " ")
		}
	}
	if r.text.Len() == 0 {
		i := strings.IndexFunc(s, func(c rune) bool { return !unicode.IsSpace(c) })
		if i < 0 {
			return
		}
		s = s[strings.LastIndexByte(s[:i], '\n')+1:]
		r.path, r.heading = f.path, f.heading
	} else {
		for ; r.breaks > 0; r.breaks-- {
			r.text.WriteByte('\n')
			r.cp++
		}
		if r.space {
			r.text.WriteByte(' ')
			r.cp++
		}
	}
	r.space, r.breaks, r.seam = false, 0, false
	r.trace(p.node)

	base := r.text.Len()
	for i, c := range s {
		r.cp++
		if unicode.IsSpace(c) {
			continue
		}
		r.solid, r.solidCP = base+i+utf8.RuneLen(c), r.cp
		r.visible = r.visible || Visible(c)
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			r.letters++
			if f.link {
				r.linked++
			}
		}
	}
	r.text.WriteString(s)
}

// trace remembers a text node of the run, once.
func (r *run) trace(n *html.Node) {
	if n != nil && (len(r.nodes) == 0 || r.nodes[len(r.nodes)-1] != n) {
		r.nodes = append(r.nodes, n)
	}
}

// lineBreak is a <br>: one is a line end inside the block, more end it.
func (p *page) lineBreak() {
	r := p.run()
	if r.text.Len() == 0 {
		return
	}
	r.breaks++
	if r.breaks > 1 && !p.top().pre {
		p.edge()
	}
}

// edge ends the block that is being collected where the page is now.
func (p *page) edge() {
	if p.top().hidden() {
		if b, ok := p.dark.take(true); ok {
			if p.shown.text.Len() > 0 {
				p.waiting = append(p.waiting, b)
				return
			}
			p.place(b)
		}
		return
	}

	if b, ok := p.shown.take(false); ok {
		p.place(b)
	}
	for _, b := range p.waiting {
		p.place(b)
	}
	p.waiting = p.waiting[:0]
}

// take empties the run and gives its block, if there is anything to see in it.
func (r *run) take(hidden bool) (ready, bool) {
	b := ready{text: r.text.String()[:r.solid], cp: r.solidCP, nodes: r.nodes}
	b.Path, b.Heading, b.Hidden = r.path, r.heading, hidden
	if r.letters > 0 {
		b.LinkDensity = float64(r.linked) / float64(r.letters)
	}
	ok := r.visible
	*r = run{}

	return b, ok
}

// place puts a block at the end of the text.
func (p *page) place(b ready) {
	if len(p.blocks) > 0 {
		p.text.WriteByte('\n')
		p.cp++
	}
	b.Range = text.Range{Start: p.cp, End: p.cp + b.cp}
	p.text.WriteString(b.text)
	p.cp += b.cp
	p.blocks = append(p.blocks, b.Block)
	if b.nodes != nil {
		p.traced = append(p.traced, b.nodes)
	}
}

// finish ends what is still open.
func (p *page) finish() {
	p.stack = p.stack[:1]
	p.edge()
}

func attr(attrs []html.Attribute, key string) string {
	for _, a := range attrs {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(attrs []html.Attribute, key string) bool {
	for _, a := range attrs {
		if a.Key == key {
			return true
		}
	}
	return false
}
