package corpus

// Settings say how several people label a project together. The zero value is
// one person a document, in the order of the import.
type Settings struct {
	Order        Order `json:"order,omitempty"`
	RandomShare  int   `json:"randomShare,omitempty"`  // of 100 documents handed out by doubt, so many are drawn by lot instead
	Overlap      int   `json:"overlap,omitempty"`      // how many people label a document that is chosen for it, 1 to MaxOverlap
	OverlapShare int   `json:"overlapShare,omitempty"` // of 100 documents so many are chosen; one person labels each of the others
	Rule         Rule  `json:"rule,omitempty"`
	ShareCap     int   `json:"shareCap,omitempty"`    // of 100 documents one person gets at most so many; 0 is no bound
	VotesHidden  bool  `json:"votesHidden,omitempty"` // adjudicators are not told who said what
	CheckShare   int   `json:"checkShare,omitempty"`  // of 100 documents handed out, so many are hidden gold
	PassMark     int   `json:"passMark,omitempty"`    // per cent of words right in the practice round before real work; 0 is no practice round

	NoSuggestions bool `json:"noSuggestions,omitempty"` // nothing is suggested to anybody
	SuggestShare  int  `json:"suggestShare,omitempty"`  // on so many of 100 documents suggestions are shown; the others are the control arm
}

// MaxOverlap bounds how many people label one document.
const MaxOverlap = 20

// Order is the order in which the queue hands out documents.
type Order string

const (
	AsImported  Order = "imported"
	RandomOrder Order = "random" // fixed per document, so that it is the same for everybody
	MostDoubt   Order = "doubt"  // what sources leave most in doubt comes first, site by site in turn, mixed with RandomOrder
)

// Rule says when what people handed in becomes gold by itself. What it leaves
// open goes to an adjudicator. A document that one person was asked for becomes
// gold as that person handed it in, but under AdjudicateAll.
type Rule string

const (
	AllAgree      Rule = "agree"    // everybody said the same
	Majority      Rule = "majority" // three or more people, and in each place more than half of them said the same
	AdjudicateAll Rule = "adjudicate"
)

// Whole fills in what is usual and says what cannot be.
func (s Settings) Whole() (Settings, error) {
	if s.Order == "" {
		s.Order = AsImported
	}
	if s.RandomShare == 0 {
		s.RandomShare = 20
	}
	if s.Overlap == 0 {
		s.Overlap = 1
	}
	if s.OverlapShare == 0 {
		s.OverlapShare = 100
	}
	if s.Rule == "" {
		s.Rule = AllAgree
	}
	if s.SuggestShare == 0 {
		s.SuggestShare = 90
	}
	switch {
	case s.Order != AsImported && s.Order != RandomOrder && s.Order != MostDoubt:
		return s, Invalidf("order", "there is no queue order %q", s.Order)
	case s.RandomShare < 1 || s.RandomShare > 100:
		return s, Invalidf("random-share", "of the documents handed out by doubt, 1 to 100 per cent are drawn by lot")
	case s.Overlap < 1 || s.Overlap > MaxOverlap:
		return s, Invalidf("overlap", "a document is labelled by 1 to %d people", MaxOverlap)
	case s.OverlapShare < 1 || s.OverlapShare > 100:
		return s, Invalidf("overlap-share", "the share of documents that several people label is 1 to 100 per cent")
	case s.Rule != AllAgree && s.Rule != Majority && s.Rule != AdjudicateAll:
		return s, Invalidf("rule", "there is no rule %q for gold", s.Rule)
	case s.Rule == Majority && s.Overlap < 3:
		return s, Invalidf("rule", "a majority needs at least 3 people a document")
	case s.ShareCap < 0 || s.ShareCap > 100:
		return s, Invalidf("share-cap", "one person's share is 1 to 100 per cent, or 0 for no bound")
	case s.CheckShare < 0 || s.CheckShare > 50:
		return s, Invalidf("check-share", "of the documents handed out, 0 to 50 per cent can be hidden gold")
	case s.SuggestShare < 1 || s.SuggestShare > 100:
		return s, Invalidf("suggest-share", "suggestions are shown on 1 to 100 per cent of the documents")
	case s.PassMark < 0 || s.PassMark > 100:
		return s, Invalidf("pass-mark", "the pass mark is 1 to 100 per cent, or 0 for no practice round")
	}

	return s, nil
}

// Wanted is how many people should label a document that stands at this place
// of the random order. It depends on nothing else, so nobody can tell which
// documents are labelled twice, and it stays as the project grows.
func (s Settings) Wanted(shuffle int64) int {
	if s.Overlap > 1 && shuffle%100 < int64(s.OverlapShare) {
		return s.Overlap
	}
	return 1
}

// Arm is the arm of a document that stands at this place of the random order.
// As Wanted, it depends on nothing else; it is drawn apart from the overlap, so
// that both arms hold documents of one person and of several.
func (s Settings) Arm(shuffle int64) Arm {
	if shuffle/100%100 < int64(s.SuggestShare) {
		return ArmShown
	}
	return ArmBlind
}

// Purpose is what an annotation is made for.
type Purpose string

const (
	ForGold       Purpose = "label"      // counts towards the document's overlap
	ForCorrection Purpose = "correction" // starts from gold and becomes gold
	ForCheck      Purpose = "check"      // is compared with gold that its annotator does not see
	ForPractice   Purpose = "practice"   // is compared with gold, and its annotator is told
)

// Basis is what gold rests on.
type Basis string

const (
	OfOne       Basis = "single"      // one person was asked
	OfAll       Basis = "agreed"      // everybody said the same
	OfMost      Basis = "majority"    // each difference was decided by more than half
	Adjudicated Basis = "adjudicated" // a person decided the differences
	Corrected   Basis = "corrected"   // a person changed gold
	Imported    Basis = "imported"
)

// ByRule reports whether gold came about by a project's rule, without a
// person's decision: then it may give way when what it rests on changes.
func (b Basis) ByRule() bool { return b == OfOne || b == OfAll || b == OfMost }
