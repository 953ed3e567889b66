package files

import (
	"context"
	"iter"

	"annotate/internal/corpus"
)

// Document is one that predictions may be for.
type Document struct {
	ID   corpus.DocumentID
	Gold bool
	Keys Keys
}

// Place is where the prediction for a document is.
type Place struct {
	Document corpus.DocumentID
	File, N  int
}

// Matched says which predictions are for which documents, before anything is
// done with them.
type Matched struct {
	Predictions       int            `json:"predictions"`
	Matched           int            `json:"matched"`
	By                map[string]int `json:"by"`                // how they were found: by what kind of key
	WithoutPrediction []string       `json:"withoutPrediction"` // documents that have gold
	Unused            []string       `json:"unused"`            // predictions for no document
	Places            []Place        `json:"-"`                 // in the order of the documents
}

// KeyKinds are the kinds of keys, the surest first.
var KeyKinds = []string{"id", "url", "page", "text", "file"}

// MatchAll finds the document for each prediction of some files. What a sure key
// finds no file name takes away: names are looked at when all else is done.
func MatchAll(ctx context.Context, read []*Predictions, documents iter.Seq2[Document, error]) (Matched, error) {
	m := Matched{By: map[string]int{}, WithoutPrediction: []string{}, Unused: []string{}}
	for _, f := range read {
		m.Predictions += f.Len()
	}
	found := func(d Document, k Keys) bool {
		for file, f := range read {
			if n, by, ok := f.Match(k); ok {
				m.Matched++
				m.By[by]++
				m.Places = append(m.Places, Place{d.ID, file, n})
				return true
			}
		}
		return false
	}

	var left []Document
	for d, err := range documents {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return m, err
		}
		sure := d.Keys
		sure.Name = ""
		if !found(d, sure) {
			left = append(left, d)
		}
	}
	for _, d := range left {
		if !found(d, Keys{Name: d.Keys.Name}) && d.Gold {
			m.WithoutPrediction = append(m.WithoutPrediction, d.Keys.title())
		}
	}
	for _, f := range read {
		m.Unused = append(m.Unused, f.Unused()...)
	}

	return m, nil
}

func (k Keys) title() string {
	for _, s := range []string{k.ID, k.URL, k.Name, k.TextHash} {
		if s != "" {
			return s
		}
	}
	return ""
}
