package files

import (
	"fmt"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// item is one document of a file, before it is known to be gold or a
// prediction.
type item struct {
	Keys
	text    *string // nil where none came
	status  score.Status
	blocks  []score.Block
	cut     bool // blocks came
	own     bool // they are of text, and not of gold's page
	spans   []score.Span
	labels  bool // spans came
	millis  int
	detail  string
	cleaner corpus.Cleaner

	// Of gold alone.
	meta, language string
	fields         map[string]string
	with, without  []string
	snippets       bool // they came
}

// body is an item's text of body; ok is false where its blocks are of a page
// that only gold has.
func (it item) body() (t string, ok bool) {
	switch {
	case it.own:
		return score.BodyText(*it.text, it.blocks), true
	case it.text != nil:
		return *it.text, true
	}
	return "", !it.cut
}

// within holds the ranges of a record against the text they are of.
func (it item) within(t string) error {
	n := utf8.RuneCountInString(t)
	for _, b := range it.blocks {
		if !b.In(n) {
			return fmt.Errorf("the block at %v is outside the text, which has %d code points", b.Range, n)
		}
	}
	for _, s := range it.spans {
		if !s.In(n) {
			return fmt.Errorf("the span at %v is outside the text, which has %d code points", s.Range, n)
		}
	}

	return nil
}
