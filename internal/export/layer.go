package export

import (
	"iter"
	"strings"

	"annotate/internal/corpus"
)

// Layer is which labellings of documents are written.
type Layer string

const (
	Gold        Layer = "gold"        // one of each document: the decided one
	Annotations Layer = "annotations" // what each person handed in, decided or not
)

// Layers are all of them, the usual one first.
var Layers = []Layer{Gold, Annotations}

// ParseLayer is the layer of that name; "" is gold. The error is
// *corpus.Invalid.
func ParseLayer(s string) (Layer, error) {
	switch l := Layer(s); l {
	case "", Gold:
		return Gold, nil
	case Annotations:
		return l, nil
	}
	return "", corpus.Invalidf("layer", "there is no layer %q; there are gold and annotations", s)
}

// Annotated is what each person handed in for the documents of a project: a
// sequence in the shape of gold, each by one annotator, in order of documents.
func Annotated(p corpus.Project, annotations iter.Seq2[corpus.Gold, error]) Source {
	s := Current(p, numbered(annotations))
	s.Layer = Annotations
	return s
}

// numbered has the annotations of each document numbered by their version, so
// that documents can be counted wherever a batch ends.
func numbered(annotations iter.Seq2[corpus.Gold, error]) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		var last corpus.DocumentID
		n := 0
		for g, err := range annotations {
			if n++; g.Document.ID != last {
				last, n = g.Document.ID, 1
			}
			g.Version = n
			if !yield(g, err) {
				return
			}
		}
	}
}

// ErrReleasedAnnotations is for who asks for annotations of a release.
var ErrReleasedAnnotations error = corpus.Invalidf("layer", "a release freezes gold, so what each person handed in is not in it; leave the release out")

// Takes says, as *corpus.Invalid, where a format has no place for what is to be
// written.
func (f Format) Takes(s Source) error {
	switch {
	case s.Layer == Annotations && !f.Annotates:
		return corpus.Invalidf("layer", "%s has no place for what each person handed in; %s", f.Name, have(func(f Format) bool { return f.Annotates }))
	case s.Predictions != nil && !f.Predicts:
		return corpus.Invalidf("predictions", "%s has no place for predictions; %s", f.Name, have(func(f Format) bool { return f.Predicts }))
	}
	return nil
}

// have names the formats that do: "jsonl has", "jsonl and csv have".
func have(does func(Format) bool) string {
	var names []string
	for _, f := range Formats {
		if does(f) {
			names = append(names, f.Name)
		}
	}
	if len(names) == 1 {
		return names[0] + " has"
	}
	last := len(names) - 1

	return strings.Join(names[:last], ", ") + " and " + names[last] + " have"
}
