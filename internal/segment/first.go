package segment

import (
	"strings"

	"golang.org/x/net/html"
)

// firstStyle is how html-v1 read what an element says about how it is shown. It
// stays as it was, because documents that were cut by it are read again by it.
func (f *frame) firstStyle(attrs []html.Attribute, root bool) {
	for _, at := range attrs {
		switch at.Key {
		case "hidden":
			f.gone = f.gone || !root
		case "aria-hidden":
			// On a word of a sentence it says "do not read this aloud"; on a box, "this is not here".
			f.gone = f.gone || f.block && !root && strings.EqualFold(strings.TrimSpace(at.Val), "true")
		case "style":
			for d := range strings.SplitSeq(at.Val, ";") {
				name, value, _ := strings.Cut(d, ":")
				value, _, _ = strings.Cut(value, "!")
				value = strings.ToLower(strings.TrimSpace(value))
				switch strings.ToLower(strings.TrimSpace(name)) {
				case "display":
					// Pages that hide all of themselves do so until their script runs.
					f.gone = f.gone || value == "none" && !root
					f.block = f.block || value == "block" || value == "flex" || value == "grid" || value == "list-item" ||
						strings.HasPrefix(value, "table")
				case "visibility":
					f.unseen = (value == "hidden" || value == "collapse") && !root
				case "white-space":
					f.pre = value == "pre" || value == "pre-wrap" || value == "pre-line" || value == "break-spaces"
				}
			}
		}
	}
}
