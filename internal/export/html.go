package export

import (
	"context"
	"fmt"

	"golang.org/x/text/encoding/htmlindex"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// hasPage reports whether a document came as a page of HTML.
func hasPage(d corpus.Document) bool { return d.MediaType == "text/html" }

// pageLoses tells of a document that came as text, in formats that are about
// pages.
func pageLoses(g corpus.Gold, _ names, lost func(Loss)) {
	if !hasPage(g.Document) {
		lost(Loss{Kind: LossSource, Detail: "it came as text and is left out"})
	}
}

// page is the bytes of a page as they came.
func (d Dataset) page(ctx context.Context, of corpus.Document) ([]byte, error) {
	if d.Page == nil {
		return nil, fmt.Errorf("document %d (%s): there is nobody to ask for its page", of.ID, of.Key())
	}
	raw, _, err := d.Page(ctx, of.ID)
	if err != nil {
		return nil, fmt.Errorf("document %d (%s): its page: %w", of.ID, of.Key(), err)
	}

	return raw, nil
}

// markup is a page as text: decoded as it was when it came in.
func (d Dataset) markup(ctx context.Context, of corpus.Document) (string, error) {
	raw, err := d.page(ctx, of)
	if err != nil {
		return "", err
	}
	if of.Charset != "" && of.Charset != "utf-8" {
		e, err := htmlindex.Get(of.Charset)
		if err != nil {
			return "", fmt.Errorf("document %d (%s): %w", of.ID, of.Key(), err)
		}
		if raw, err = e.NewDecoder().Bytes(raw); err != nil {
			return "", fmt.Errorf("document %d (%s): %w", of.ID, of.Key(), err)
		}
	}

	return text.Normalise(string(raw)), nil
}
