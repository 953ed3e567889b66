package views

import (
	"encoding/json"
	"math"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// LabelSuggestions are what the labelling screen shows as suggested, as short
// arrays.
type LabelSuggestions struct {
	Sources []suggestionSource `json:"sources"`
	Blocks  []blockSuggestion  `json:"blocks"`
	Spans   []spanSuggestion   `json:"spans"`
}

type suggestionSource struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

type blockSuggestion struct {
	Start  int
	Class  corpus.Class
	P      float64
	Source int
	Pages  int
}

// [block, class, per cent, source, pages]
func (b blockSuggestion) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{b.Start, classLetter(b.Class), sure(b.P), b.Source, b.Pages})
}

type spanSuggestion struct {
	Block    int
	From, To int // UTF-16 units inside the block
	Label    corpus.LabelID
	P        float64
	Source   int
}

// [block, from, to, label, per cent, source]
func (s spanSuggestion) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.Block, s.From, s.To, s.Label, sure(s.P), s.Source})
}

// sure is a probability in per cent, never 100 for what is not certain.
func sure(p float64) int {
	if p >= 1 {
		return 100
	}
	return min(99, int(math.Round(100*p)))
}

// newLabelSuggestions is nil where there is nothing to suggest. A span that
// crosses the border between two parts of a block cannot be marked, so it is
// left out, as is one whose label is offered no more.
func newLabelSuggestions(v corpus.View, labels corpus.LabelSet) *LabelSuggestions {
	if v.Suggestions.Empty() {
		return nil
	}
	out := &LabelSuggestions{Sources: []suggestionSource{}, Blocks: []blockSuggestion{}, Spans: []spanSuggestion{}}
	known := map[string]int{}
	source := func(name string) int {
		i, ok := known[name]
		if !ok {
			i = len(out.Sources)
			known[name] = i
			out.Sources = append(out.Sources, suggestionSource{name, SourceTitle(name)})
		}
		return i
	}
	for _, b := range v.Suggestions.Blocks {
		if _, ok := v.Annotation.Piece(b.Block); ok {
			out.Blocks = append(out.Blocks, blockSuggestion{b.Block, b.Class, b.P, source(b.Source), b.Pages})
		}
	}
	for _, s := range v.Suggestions.Spans {
		if l, ok := labels.ByID(s.Label); !ok || l.Retired {
			continue
		}
		p, ok := pieceAround(v.Annotation.Pieces, s.Range)
		if !ok {
			continue
		}
		from, to := v.Index.Relative(p, s.Range)
		out.Spans = append(out.Spans, spanSuggestion{p.Start, from, to, s.Label, s.P, source(s.Source)})
	}

	return out
}

// pieceAround is the piece that holds all of r.
func pieceAround(pieces []corpus.Piece, r text.Range) (text.Range, bool) {
	lo, hi := 0, len(pieces)
	for lo < hi {
		if mid := (lo + hi) / 2; pieces[mid].End <= r.Start {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == len(pieces) || pieces[lo].Start > r.Start || pieces[lo].End < r.End {
		return text.Range{}, false
	}

	return pieces[lo].Range, true
}

// SourceTitle is what people read as the name of a source of suggestions.
func SourceTitle(name string) string {
	switch {
	case name == corpus.FromPeople:
		return "settled by people"
	case name == corpus.FromMemory:
		return "seen on this site"
	case name == corpus.FromGazetteer:
		return "marked before"
	case name == corpus.FromRules:
		return "rules for lines"
	case strings.HasPrefix(name, corpus.FromModel):
		return "model " + strings.TrimPrefix(name, corpus.FromModel)
	}

	return strings.TrimPrefix(name, corpus.FromRun)
}
