package agreement

import (
	"cmp"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// Tally is what documents add to a report of agreement. The zero value is that
// of no document. All counts are whole numbers, so the order of adding does not
// change them. Lists are ascending by what names their rows, each name once.
type Tally struct {
	Documents int // that two annotators or more labelled
	Profiles  []Profile
	Pairs     []Pair
	Spans     []PairSpans
	Unitizing []LabelUnitizing
}

// Profile is how many units were called body by so many annotators and
// boilerplate by so many.
type Profile struct {
	Body, Boilerplate int
	Blocks, Words     int
}

// Pair is what two annotators, A the smaller number, did in the documents they
// share. A cell of Blocks and Words is first A's class, then B's: body and body,
// body and boilerplate, boilerplate and body, boilerplate and boilerplate.
type Pair struct {
	A, B          corpus.AnnotatorID
	Documents     int
	Blocks, Words [4]int
}

// PairSpans is how the spans of one label by two annotators pair up.
type PairSpans struct {
	A, B           corpus.AnnotatorID
	Label          corpus.LabelID
	Exact, Overlap int // pairs, as ExactSpans and OverlappingSpans count them
	OfA, OfB       int // spans
}

// LabelUnitizing sums Krippendorff's α for unitizing over documents in which it
// exists.
type LabelUnitizing struct {
	Label     corpus.LabelID // AllLabels for the α of all labels together
	Documents int
	Alpha     float64
	Observed  float64 // Do
	Expected  float64 // De
}

// AllLabels stands for every label together.
const AllLabels corpus.LabelID = 0

// Tallied is the tally of one document. An annotator who is there twice counts
// with the first labelling; fewer than two annotators give the zero tally.
//
// Pieces are as Stretches wants them, and its stretches are the units of blocks:
// a block, where nobody split it. By words a unit weighs the words that start in
// it, cut as score.Words does: that is agreement word by word, and stays the
// same however finely somebody splits. What an annotator left undecided, or has
// no piece for, has no rating of theirs. Spans are in any order.
func Tallied(d corpus.Document, anns []Labelling) Tally {
	anns = slices.SortedStableFunc(slices.Values(anns), func(a, b Labelling) int { return cmp.Compare(a.Annotator, b.Annotator) })
	anns = slices.CompactFunc(anns, func(a, b Labelling) bool { return a.Annotator == b.Annotator })
	if len(anns) < 2 {
		return Tally{}
	}
	t := Tally{Documents: 1}
	for i, a := range anns {
		for _, b := range anns[i+1:] {
			t.Pairs = append(t.Pairs, Pair{A: a.Annotator, B: b.Annotator, Documents: 1})
		}
	}

	t.tallyPieces(d, anns)
	t.tallySpans(d, anns)

	return t
}

func (t *Tally) tallyPieces(d corpus.Document, anns []Labelling) {
	words := score.Words(d.Text)
	word, piece := 0, make([]int, len(anns))
	classes := make([]corpus.Class, len(anns))
	for _, r := range Stretches(d, anns) {
		for word < len(words) && words[word].Start < r.Start {
			word++
		}
		from := word
		for word < len(words) && words[word].Start < r.End {
			word++
		}
		for i, a := range anns {
			for piece[i] < len(a.Pieces) && a.Pieces[piece[i]].End < r.End {
				piece[i]++
			}
			classes[i] = corpus.Undecided
			if piece[i] < len(a.Pieces) && a.Pieces[piece[i]].Contains(r) {
				classes[i] = a.Pieces[piece[i]].Class
			}
		}
		t.tallyUnit(classes, word-from)
	}
}

// tallyUnit counts a unit of so many words, with the class that each annotator
// gave it.
func (t *Tally) tallyUnit(classes []corpus.Class, words int) {
	p := Profile{Blocks: 1, Words: words}
	pair := 0
	for i, a := range classes {
		switch a {
		case corpus.Body:
			p.Body++
		case corpus.Boilerplate:
			p.Boilerplate++
		}
		for _, b := range classes[i+1:] {
			if a != corpus.Undecided && b != corpus.Undecided {
				cell := 2*classOf(a) + classOf(b)
				t.Pairs[pair].Blocks[cell]++
				t.Pairs[pair].Words[cell] += words
			}
			pair++
		}
	}
	if p.Body+p.Boilerplate > 0 {
		t.Profiles = merge(t.Profiles, []Profile{p}, byProfile, addProfile)
	}
}

// classOf numbers the classes as tables here do: body 0, boilerplate 1.
func classOf(c corpus.Class) int {
	if c == corpus.Body {
		return 0
	}
	return 1
}

func (t *Tally) tallySpans(d corpus.Document, anns []Labelling) {
	ranges := map[corpus.LabelID][][]text.Range{} // by label and annotator
	var labels []corpus.LabelID
	for i, a := range anns {
		for _, s := range a.Spans {
			if ranges[s.Label] == nil {
				ranges[s.Label] = make([][]text.Range, len(anns))
				labels = append(labels, s.Label)
			}
			ranges[s.Label][i] = append(ranges[s.Label][i], s.Range)
		}
	}
	slices.Sort(labels)

	for i, a := range anns {
		for k, b := range anns[i+1:] {
			for _, l := range labels {
				exact := ExactSpans(ranges[l][i], ranges[l][i+1+k])
				if exact.A+exact.B == 0 {
					continue
				}
				overlap := OverlappingSpans(ranges[l][i], ranges[l][i+1+k])
				t.Spans = append(t.Spans, PairSpans{a.Annotator, b.Annotator, l, exact.TP, overlap.TP, exact.A, exact.B})
			}
		}
	}

	if len(labels) == 0 {
		return
	}
	length := text.NewIndex(d.Text).Len()
	var all Unitizing
	t.Unitizing = append(t.Unitizing, LabelUnitizing{})
	for _, l := range labels {
		u := UnitizingAlpha(length, ranges[l])
		all = all.Add(u)
		t.Unitizing = append(t.Unitizing, labelled(l, u)...)
	}
	t.Unitizing = append(labelled(AllLabels, all), t.Unitizing[1:]...)
}

// labelled is the row of one document and label, none where α does not exist.
func labelled(l corpus.LabelID, u Unitizing) []LabelUnitizing {
	a := u.Alpha()
	if !a.Defined() {
		return nil
	}
	return []LabelUnitizing{{l, 1, a.Value, u.Observed, u.Expected}}
}

// Add adds the documents of another tally, which must be others.
func (t *Tally) Add(o Tally) {
	t.Documents += o.Documents
	t.Profiles = merge(t.Profiles, o.Profiles, byProfile, addProfile)
	t.Pairs = merge(t.Pairs, o.Pairs, byPair, addPair)
	t.Spans = merge(t.Spans, o.Spans, byPairSpans, addPairSpans)
	t.Unitizing = merge(t.Unitizing, o.Unitizing, byUnitizing, addUnitizing)
}

// merge adds the rows of from to those of the same name in into. Most documents
// have the rows that are there already, so it looks at the next row first and
// searches only then.
func merge[T any](into, from []T, compare func(a, b *T) int, add func(a, b *T)) []T {
	if len(into) == 0 {
		return append(into, from...)
	}
	at := 0
	for i := range from {
		row := &from[i]
		c := 1
		if at < len(into) {
			if c = compare(&into[at], row); c < 0 {
				low, high := at+1, len(into)
				for low < high {
					if mid := (low + high) / 2; compare(&into[mid], row) < 0 {
						low = mid + 1
					} else {
						high = mid
					}
				}
				at, c = low, 1
				if at < len(into) {
					c = compare(&into[at], row)
				}
			}
		}
		if c == 0 {
			add(&into[at], row)
		} else {
			into = slices.Insert(into, at, *row)
		}
		at++
	}

	return into
}

func byProfile(a, b *Profile) int {
	return cmp.Or(cmp.Compare(a.Body, b.Body), cmp.Compare(a.Boilerplate, b.Boilerplate))
}

func addProfile(a, b *Profile) {
	a.Blocks += b.Blocks
	a.Words += b.Words
}

func byPair(a, b *Pair) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) }

func addPair(a, b *Pair) {
	a.Documents += b.Documents
	for i := range a.Blocks {
		a.Blocks[i] += b.Blocks[i]
		a.Words[i] += b.Words[i]
	}
}

func byPairSpans(a, b *PairSpans) int {
	return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B), cmp.Compare(a.Label, b.Label))
}

func addPairSpans(a, b *PairSpans) {
	a.Exact += b.Exact
	a.Overlap += b.Overlap
	a.OfA += b.OfA
	a.OfB += b.OfB
}

func byUnitizing(a, b *LabelUnitizing) int { return cmp.Compare(a.Label, b.Label) }

func addUnitizing(a, b *LabelUnitizing) {
	a.Documents += b.Documents
	a.Alpha += b.Alpha
	a.Observed += b.Observed
	a.Expected += b.Expected
}

// unitizing is the row of all labels together, without documents where there is
// none.
func (t Tally) unitizing() LabelUnitizing {
	if len(t.Unitizing) > 0 && t.Unitizing[0].Label == AllLabels {
		return t.Unitizing[0]
	}
	return LabelUnitizing{}
}

// BlockCoincidences and WordCoincidences are of body (0) and boilerplate (1),
// over all annotators: each block counts once, or for its words.
func (t Tally) BlockCoincidences() Coincidences {
	return t.coincidences(func(p Profile) int { return p.Blocks })
}
func (t Tally) WordCoincidences() Coincidences {
	return t.coincidences(func(p Profile) int { return p.Words })
}

func (t Tally) coincidences(weight func(Profile) int) Coincidences {
	c := NewCoincidences(2)
	for _, p := range t.Profiles {
		c.Count([]int{p.Body, p.Boilerplate}, float64(weight(p)))
	}
	return c
}

// BlockTable and WordTable are the confusion of the two, of body (0) and
// boilerplate (1).
func (p Pair) BlockTable() Table { return tableOf(p.Blocks) }
func (p Pair) WordTable() Table  { return tableOf(p.Words) }

func tableOf(cells [4]int) Table {
	t := NewTable(2)
	for i, n := range cells {
		t.Count(i/2, i%2, float64(n))
	}
	return t
}

// ExactTally and OverlapTally are the counts that F1 is made of.
func (s PairSpans) ExactTally() SpanTally   { return SpanTally{s.Exact, s.OfA, s.OfB} }
func (s PairSpans) OverlapTally() SpanTally { return SpanTally{s.Overlap, s.OfA, s.OfB} }

// MeanAlpha is the plain mean of α over the documents in which it exists, as
// INCEpTION reports a project. Units are these documents.
func (u LabelUnitizing) MeanAlpha() Coefficient {
	if u.Documents == 0 {
		return undefined(0, NoSpan)
	}
	mean := undefined(float64(u.Documents), "")
	mean.Value = u.Alpha / float64(u.Documents)

	return mean
}
