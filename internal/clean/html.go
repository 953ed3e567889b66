package clean

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/markusmobius/go-domdistiller"
	"github.com/markusmobius/go-trafilatura"
	nethtml "golang.org/x/net/html"
	"golang.org/x/text/encoding/htmlindex"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// ofTree makes a cleaner of one that keeps a part of a page's tree, and of a way
// to write that down. The tree is its own to change; a nil one is an answer
// without text.
func ofTree(keep func(page *nethtml.Node, address *url.URL) (*nethtml.Node, error), written func(*nethtml.Node) string) func(corpus.Document) (string, []score.Block, error) {
	return func(d corpus.Document) (string, []score.Block, error) {
		s, err := source(d)
		if err != nil {
			return "", nil, err
		}
		page, err := nethtml.Parse(strings.NewReader(s))
		if err != nil { // it reads from memory, so this is about the page: too many elements inside each other
			return "", nil, fmt.Errorf("the page cannot be parsed: %w", err)
		}
		kept, err := keep(page, address(d))
		if kept == nil || err != nil {
			return "", nil, err
		}

		return strings.TrimSpace(text.Normalise(written(kept))), nil, nil
	}
}

// source is what came, in UTF-8.
func source(d corpus.Document) (string, error) {
	if d.Source == nil {
		return d.Text, nil
	}
	return decode(d.Source, d.Charset)
}

// decode takes a charset by the name that ingest stores.
func decode(b []byte, charset string) (string, error) {
	switch charset {
	case "", "utf-8":
		return text.Normalise(string(b)), nil
	}
	e, err := htmlindex.Get(charset)
	if err != nil {
		return "", fmt.Errorf("the charset %q is not known", charset)
	}
	out, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return "", fmt.Errorf("the source is not %s: %w", charset, err)
	}

	return text.Normalise(string(out)), nil
}

// address is that of the document; nil where it has none.
func address(d corpus.Document) *url.URL {
	if u, err := url.Parse(d.URL); err == nil && u.IsAbs() {
		return u
	}
	return nil
}

// trafilaturaWith leaves dates alone: finding them takes longer than all else.
func trafilaturaWith(fallback bool) func(*nethtml.Node, *url.URL) (*nethtml.Node, error) {
	return func(page *nethtml.Node, address *url.URL) (*nethtml.Node, error) {
		got, err := trafilatura.ExtractDocument(page, trafilatura.Options{
			OriginalURL:     address,
			EnableFallback:  fallback,
			ExcludeComments: true,
			HtmlDateMode:    trafilatura.Disabled,
		})
		if err != nil {
			return nil, err
		}
		return got.ContentNode, nil
	}
}

func readable(page *nethtml.Node, address *url.URL) (*nethtml.Node, error) {
	p := readability.NewParser()
	got, err := p.ParseAndMutate(page, address)

	return got.Node, err
}

func distilled(page *nethtml.Node, address *url.URL) (*nethtml.Node, error) {
	got, err := distiller.Apply(page, &distiller.Options{OriginalURL: address, SkipPagination: true})
	if err != nil {
		return nil, err
	}
	if got == nil {
		return nil, errors.New("it gave nothing")
	}

	return got.Node, nil
}

// ends is how many line ends stand before and behind an element.
var ends = map[string]int{
	"article": 1, "br": 1, "dd": 1, "div": 1, "dt": 1, "header": 1, "li": 1, "section": 1, "tr": 1,
	"blockquote": 2, "dl": 2, "h1": 2, "h2": 2, "h3": 2, "h4": 2, "h5": 2, "h6": 2, "hr": 2, "ol": 2, "p": 2, "pre": 2, "table": 2, "ul": 2,
}

// spaced is the text of a tree from which trafilatura has trimmed the white space
// between inline elements: there a space parts what two elements hold, except
// where punctuation clings to a word.
func spaced(n *nethtml.Node) string {
	var b []byte
	newLines := func(want int) {
		for have := len(b) - len(bytes.TrimRight(b, "\n")); have < want && len(b) > have; have++ {
			b = append(b, '\n')
		}
	}
	var write func(n *nethtml.Node, pre bool)
	write = func(n *nethtml.Node, pre bool) {
		if n.Type == nethtml.TextNode {
			if n.PrevSibling != nil && n.PrevSibling.Type == nethtml.TextNode {
				return // written with the first of them: what stood between them is gone
			}
			s := textsFrom(n)
			if !pre {
				s = strings.Join(strings.Fields(s), " ")
			}
			if apart(b, s) {
				b = append(b, ' ')
			}
			b = append(b, s...)
			return
		}
		newLines(ends[n.Data])
		for child := range n.ChildNodes() {
			write(child, pre || n.Data == "pre")
		}
		newLines(ends[n.Data])
	}
	write(n, false)

	return string(b)
}

// textsFrom joins the texts that follow each other, n first.
func textsFrom(n *nethtml.Node) string {
	if n.NextSibling == nil || n.NextSibling.Type != nethtml.TextNode {
		return n.Data
	}
	var b strings.Builder
	for ; n != nil && n.Type == nethtml.TextNode; n = n.NextSibling {
		b.WriteString(n.Data)
	}

	return b.String()
}

// apart reports whether a space belongs between a text and the words behind it.
func apart(before []byte, behind string) bool {
	last, _ := utf8.DecodeLastRune(before)
	first, size := utf8.DecodeRuneInString(behind)
	second, _ := utf8.DecodeRuneInString(behind[size:])
	clings := strings.ContainsRune("([{“‘«¿¡", last) ||
		strings.ContainsRune(".,;:!?)]}”’»…%", first) && !unicode.IsLetter(second) && !unicode.IsNumber(second)

	return len(before) > 0 && behind != "" && !unicode.IsSpace(last) && !unicode.IsSpace(first) && !clings
}
