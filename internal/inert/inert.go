// Package inert makes a picture of a page of HTML: what a reader saw of it, in
// HTML that does nothing. The words, their order, tables, lists and the styles
// that stand inside the page stay; whatever runs, fetches, sends or leads away
// goes. Each element that carries a block of the document says which one.
//
// A page is hostile, and three locks keep it in, each of which is tested with
// the others open:
//
//   - The page is built anew from the elements that are named here, and what
//     comes out goes through bluemonday, so that a mistake in the one is not
//     one in the other. Style sheets are read by a parser and written anew from
//     the properties that are named here; what could fetch is in none of them.
//   - [Policy] forbids the answer to load, run, send or frame anything.
//   - The frame is a sandbox without scripts.
//
// The frame does have our origin. A sandbox without it would be stricter, but
// then nothing outside could reach in, and with scripts forbidden nothing inside
// could answer: the two panes could not be in step. An origin is a right of
// scripts. Where none runs, it gives a page nothing that it can use: it cannot
// read a cookie or a store, and it has no form, link or frame with which to
// send a request as the person. Our own script works on the picture from
// outside, with the rights that it has anyway. Opened outside the frame, the
// answer has no origin at all.
package inert

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/internal/text"
)

// The policies under which a picture is sent: Policy for what is opened by
// itself, FramedPolicy for the frame beside the blocks. Both forbid everything
// but the picture's own styles and images inside it.
const (
	Policy       = "sandbox; " + nothing
	FramedPolicy = "sandbox allow-same-origin; " + nothing

	nothing = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

// Page is the picture of a page, as a whole HTML document in UTF-8. source is
// the page as it came, d the document that was made of it. Each element that
// carries a block has its start in data-block; several may carry one block, and
// none has two. No block is marked where the rules of today cut the page
// otherwise than they did when d was made. The error is a *corpus.Invalid where
// the page is nested too deeply or has too many tags for a tree.
func Page(source []byte, d corpus.Document) ([]byte, error) {
	decoded, err := decode(source, d.Charset)
	if err != nil {
		return nil, err
	}
	t, root, nodes, ok := segment.Trace(decoded, d.Segmenter)
	if !ok {
		return nil, corpus.Invalidf("", "this page is nested too deeply, or has too many tags, to be shown as a picture")
	}
	if t != d.Text || len(nodes) != len(d.Blocks) {
		nodes = nil
	}

	b := newBuilder(d.Blocks, nodes)
	body := b.page(root)
	var raw bytes.Buffer
	if err := html.Render(&raw, body); err != nil {
		return nil, fmt.Errorf("a picture of a page: %w", err)
	}

	return assemble(policy.SanitizeReader(&raw).Bytes(), b, doctype(root)), nil
}

// decode reads the page as the import did.
func decode(source []byte, charset string) (string, error) {
	if charset != "" && charset != "utf-8" {
		e, err := htmlindex.Get(charset)
		if err != nil {
			return "", fmt.Errorf("charset %q: %w", charset, err)
		}
		if source, err = e.NewDecoder().Bytes(source); err != nil {
			return "", fmt.Errorf("charset %q: %w", charset, err)
		}
	}

	return text.Normalise(string(source)), nil
}

// assemble puts the head in front of the body: bluemonday lets no style sheet
// through, so these come from here.
func assemble(body []byte, b *builder, doctype string) []byte {
	var out bytes.Buffer
	out.Grow(len(body) + b.css.Len() + len(ownStyle) + 256)
	at := bytes.Index(body, []byte("<body"))
	if at < 0 {
		at = len(body)
	}
	out.WriteString(doctype)
	out.Write(body[:at])
	out.WriteString(`<head><meta charset="utf-8"><meta name="color-scheme" content="only light"><meta name="referrer" content="no-referrer"><style>`)
	_, _ = io.WriteString(&out, ownStyle)
	out.WriteString("</style>")
	if b.css.Len() > 0 {
		out.WriteString("<style>")
		out.WriteString(b.css.String())
		out.WriteString("</style>")
	}
	out.WriteString("<style>" + lastStyle + "</style></head>")
	out.Write(body[at:])

	return out.Bytes()
}

// doctype keeps a page in the mode in which it was made to be shown.
func doctype(root *html.Node) string {
	for n := root.FirstChild; n != nil; n = n.NextSibling {
		if n.Type == html.DoctypeNode && strings.EqualFold(n.Data, "html") {
			return "<!DOCTYPE html>"
		}
	}

	return ""
}
