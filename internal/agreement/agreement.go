// Package agreement says how far annotators agree beyond chance, and how sure
// that figure is. A coefficient stands on few units more often than people
// think, so each carries how many there were; and one that does not exist is
// NaN with the reason in words, because the libraries of the field give 0, 1,
// NaN or an exception for the same table. Everything is counted in tables that
// add, document by document, and divided last.
//
// Blocks are judged one of two classes, so coefficients of coding apply. Spans
// have no fixed units and so no chance agreement to correct for: there the
// figure is F1 between two annotators, with Krippendorff's α for unitizing
// beside it. Models of consensus (Dawid and Skene, MACE) advise and say who is
// reliable; they never decide.
//
// The package knows documents, pieces and spans; it knows no data file and no
// screen.
package agreement

import "math"

// Coefficient is a measure of agreement and how it came about.
type Coefficient struct {
	Value    float64 // 1 for full agreement, 0 for what chance gives, below 0 for less; NaN where it does not exist
	Observed float64 // observed agreement, 0 to 1; NaN where the measure has none
	Expected float64 // agreement expected by chance, 0 to 1; NaN where the measure has none
	Units    float64 // what it stands on: units, or their weights; each measure says of what
	Why      string  // where there is no value, the rest of a sentence after "undefined because"
}

// Defined reports whether the coefficient exists.
func (c Coefficient) Defined() bool { return !math.IsNaN(c.Value) }

// The reasons for which coefficients do not exist.
const (
	NotTwice   = "no unit was labelled twice"
	OneClass   = "everybody chose the same class"
	OneChoice  = "there is only one class to choose"
	Uneven     = "not every unit has the same number of ratings"
	NoSpan     = "nobody marked a span"
	NoPair     = "no two annotators share a document in which one of them marked a span"
	NotMarked  = "nobody used the label"
	NoSurprise = "the text is too short for annotators to differ"
	NoDocument = "no document was labelled by two annotators"
)

// undefined is a coefficient that does not exist.
func undefined(units float64, why string) Coefficient {
	return Coefficient{Value: math.NaN(), Observed: math.NaN(), Expected: math.NaN(), Units: units, Why: why}
}

// beyond corrects an observed agreement for chance: (o − e)/(1 − e).
func beyond(observed, expected, units float64) Coefficient {
	return Coefficient{Value: (observed - expected) / (1 - expected), Observed: observed, Expected: expected, Units: units}
}
