package export

import (
	"context"
	"fmt"
	"html"
	"regexp"
	"strings"

	"annotate/internal/corpus"
)

// CleanEval is the gold of CleanEval: a text for each page, whose paragraphs are
// opened by a mark and never closed.
var CleanEval = Format{
	Name:      "cleaneval",
	Ext:       "txt",
	MediaType: "text/plain",
	About:     "Gold texts as in CleanEval, gold/ID.txt: a line with the address, then each block of the body behind <h> (heading), <l> (list item) or <p> (all else, also a table cell); and the page, html/ID.html. No spans.",
	folder:    writeCleanEval,
	loses: func(g corpus.Gold, _ names, lost func(Loss)) {
		if n := len(cleanEvalTaken(bodyText(g))); n > 0 {
			lost(Loss{Kind: LossCharacter, Detail: fmt.Sprintf("%d places look like a mark, an address or a character entity of the format", n)})
		}
	},
}

func writeCleanEval(ctx context.Context, out Folder, d Dataset) error {
	for _, split := range d.Splits {
		err := d.perDocument(ctx, out, split, func(g corpus.Gold) ([]content, error) {
			files := []content{{"gold", "txt", appendCleanEval(nil, g)}}
			if !hasPage(g.Document) {
				return files, nil
			}
			raw, err := d.page(ctx, g.Document)
			return append(files, content{"html", "html", raw}), err
		})
		if err != nil {
			return err
		}
	}

	return nil
}

func appendCleanEval(b []byte, g corpus.Gold) []byte {
	if g.Document.URL != "" {
		b = append(append(b, " URL: "...), g.Document.URL...)
		b = append(b, blankLine...)
	}
	p := passageOf(g, names{})
	for _, q := range p.paragraphs {
		b = append(b, cleanEvalMark(g.Document.Blocks[q.block])...)
		b = append(append(b, p.Slice(q.Range)...), '\n')
	}

	return b
}

// cleanEvalMark is what opens a block. An item of a list may have a paragraph in
// it.
func cleanEvalMark(is corpus.Block) string {
	if is.Heading > 0 {
		return "<h>"
	}
	steps := strings.Split(is.Path, "/")
	for _, step := range steps[max(0, len(steps)-2):] {
		switch step {
		case "li", "dt", "dd":
			return "<l>"
		}
	}

	return "<p>"
}

var cleanEvalPlaces = regexp.MustCompile(`(?i)</?[hpl]>|\A\s*URL:|&#?[a-z0-9]+;?`)

// cleanEvalTaken are the places of a text that its readers take for something
// else.
func cleanEvalTaken(s string) (places []string) {
	for _, place := range cleanEvalPlaces.FindAllString(s, -1) {
		if place[0] != '&' || html.UnescapeString(place) != place {
			places = append(places, place)
		}
	}
	return places
}
