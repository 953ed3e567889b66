package segment

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// style reads what an element says of how it is shown: by its own style, by
// attributes, and by the class names that everybody uses to hide text from
// sight. An opacity of 0 is not among them: pages begin with it and fade in.
func (f *frame) style(outer *frame, a atom.Atom, attrs []html.Attribute) {
	root := a == atom.Html || a == atom.Body // pages that hide all of themselves do so until their script runs
	hidden, display := false, ""
	var box position
	level := ""

	for _, at := range attrs {
		switch at.Key {
		case "hidden", "popover":
			hidden = true
		case "aria-hidden":
			// On a word of a sentence it says "do not read this aloud"; on a box, "this is not here".
			hidden = hidden || f.block && strings.EqualFold(strings.TrimSpace(at.Val), "true")
		case "aria-level":
			level = at.Val
		case "role":
			f.role(strings.TrimSpace(at.Val))
		case "class":
			f.classes(at.Val, !root)
		case "style":
			for d := range strings.SplitSeq(at.Val, ";") {
				name, value, _ := strings.Cut(d, ":")
				value, _, _ = strings.Cut(value, "!")
				value = strings.ToLower(strings.TrimSpace(value))
				switch name = strings.ToLower(strings.TrimSpace(name)); name {
				case "display":
					display = value
				case "visibility":
					f.unseen = (value == "hidden" || value == "collapse") && !root
				case "white-space":
					f.pre = value == "pre" || value == "pre-wrap" || value == "pre-line" || value == "break-spaces"
					f.lines = value == "pre-line"
				case "float":
					f.box = f.box || value == "left" || value == "right"
				default:
					box.set(name, value)
				}
			}
		}
	}
	if f.ranked && len(level) == 1 && '1' <= level[0] && level[0] <= '6' {
		f.heading = int(level[0] - '0')
	}
	f.display(outer, display)
	f.gone = f.gone || !root && (display == "none" || hidden && display == "" || box.away())
}

// display says whether the element is a block, a part of a line, or a box in a
// line, which no word runs into.
func (f *frame) display(outer *frame, value string) {
	switch {
	case value == "block", value == "flow-root", value == "flex", value == "grid", value == "list-item",
		strings.HasPrefix(value, "table"):
		f.block = true
	case value == "inline", value == "contents":
		f.box = f.box || f.block
		f.block = false
	case strings.HasPrefix(value, "inline-"):
		f.box = true
	}
	f.items = strings.HasSuffix(value, "flex") || strings.HasSuffix(value, "grid")
	f.block = f.block || outer.items
}

// role takes the roles of things that stand alone, and that of a heading.
func (f *frame) role(name string) {
	switch name {
	case "button", "tab", "menuitem", "listitem", "option":
		f.box = true
	case "heading":
		f.ranked = f.heading == 0
	}
}

// classes takes the names by which pages hide text from sight, and those of
// Bootstrap and Tailwind that put the children of an element side by side.
func (f *frame) classes(names string, mayHide bool) {
	for name := range strings.FieldsSeq(names) {
		switch name {
		case "flex", "inline-flex", "d-flex", "d-inline-flex", "grid", "inline-grid", "d-grid":
			f.boxes = true
		default:
			f.gone = f.gone || mayHide && unseenClass(name)
		}
	}
}

// unseen are the ends of class names of text for screen readers alone, written
// without hyphens and underscores: "govuk-visually-hidden" and "sr_only" too.
var unseen = []string{"sronly", "visuallyhidden", "hiddenvisually", "screenreadertext", "screenreaderonly", "screenreader",
	"assistivetext", "elementinvisible", "hiddenaccessible"}

func unseenClass(name string) bool {
	if len(name) < len("sronly") || strings.IndexByte(name, ':') >= 0 { // "focus:sr-only" hides at times
		return false
	}
	switch name[len(name)-1] | 0x20 { // the last letters of unseen
	case 'y', 'n', 't', 'r', 'e':
	default:
		return false
	}
	name = unhyphened.Replace(strings.ToLower(name))
	for _, end := range unseen {
		if strings.HasSuffix(name, end) {
			return !strings.HasSuffix(name, "notsronly")
		}
	}

	return false
}

var unhyphened = strings.NewReplacer("-", "", "_", "")

// position is what an element's style says of where it lies.
type position struct {
	free, far, clipped bool
}

func (b *position) set(name, value string) {
	switch name {
	case "position":
		b.free = value == "absolute" || value == "fixed"
	case "left", "right", "top", "text-indent":
		// -999px and beyond is off every screen; nearer may be a slide that comes in.
		number := strings.TrimRight(value, "pxrem%")
		b.far = b.far || len(number) > len("-99") && strings.HasPrefix(number, "-99") && strings.Trim(number, "-0123456789.") == ""
	case "clip":
		sides := strings.FieldsFunc(strings.TrimSuffix(strings.TrimPrefix(value, "rect("), ")"), func(r rune) bool { return r == ' ' || r == ',' })
		b.clipped = b.clipped || len(sides) == 4
		for _, side := range sides {
			b.clipped = b.clipped && (side == "0" || side == "0px" || side == "1px")
		}
	case "clip-path":
		b.clipped = b.clipped || value == "inset(50%)" || value == "inset(100%)"
	}
}

// away reports whether nothing of the element can be on the screen.
func (b *position) away() bool { return b.free && (b.far || b.clipped) }

// oneLineEach collapses white space as white-space: pre-line does, which keeps
// line ends alone.
func oneLineEach(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r", "\n"), "\n")
	for i, l := range lines {
		words := strings.FieldsFunc(l, func(r rune) bool { return r == ' ' || r == '\t' || r == '\f' })
		c := strings.Join(words, " ")
		if i == 0 && l != "" && (l[0] == ' ' || l[0] == '\t') {
			c = " " + c
		}
		if i == len(lines)-1 && len(words) > 0 && (l[len(l)-1] == ' ' || l[len(l)-1] == '\t') {
			c += " "
		}
		lines[i] = c
	}

	return strings.Join(lines, "\n")
}
