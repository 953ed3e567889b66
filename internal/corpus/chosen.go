package corpus

// Chosen says why a document was labelled and not another. It is written down
// when it is first handed out or begun, and stays.
type Chosen string

const (
	NotChosen  Chosen = ""        // nobody has it yet
	ByLot      Chosen = "lot"     // the random order came to it
	ByDoubt    Chosen = "doubt"   // sources left it most in doubt
	ByOrder    Chosen = "order"   // it was next in the order of import
	ByHand     Chosen = "hand"    // somebody opened it and began
	ByImport   Chosen = "import"  // its labels came with it
	BeforeKept Chosen = "unknown" // an older program handed it out and did not say
)

// AllChosen are those that say something, in the order of a report.
var AllChosen = []Chosen{ByLot, ByDoubt, ByOrder, ByHand, ByImport, BeforeKept}

// Words says it to people: "120 documents by lot".
func (c Chosen) Words() string {
	switch c {
	case ByLot:
		return "by lot"
	case ByDoubt:
		return "by doubt"
	case ByOrder:
		return "in order of import"
	case ByHand:
		return "by hand"
	case ByImport:
		return "imported with labels"
	case BeforeKept:
		return "before this was written down"
	}
	return "not chosen yet"
}
