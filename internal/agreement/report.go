package agreement

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Shared is a document that two annotators or more labelled.
type Shared struct {
	Document corpus.DocumentID
	Site     string    // "" where it has none
	At       time.Time // when it was shared: when the second annotator submitted; zero where unknown
	Tally    Tally
}

// Figure is a coefficient with the middle 95 of 100 of its resamples: NaN where
// none were drawn.
type Figure struct {
	Coefficient
	Low, High float64
}

// Coding is agreement on the classes of blocks, over all annotators. Units are
// those with two ratings or more.
type Coding struct {
	Alpha Figure // Krippendorff's, nominal
	Raw   Figure // share of pairs of ratings that agree
	AC1   Figure // Gwet's
}

// MeanF1 is the mean over pairs of annotators of F1 of their spans, as OverPairs
// takes it. Units are pairs.
type MeanF1 struct {
	Figure
	SD    float64 // population standard deviation over the pairs
	Spans int     // of both annotators of all pairs
}

// Figures are the agreement of all annotators on some documents.
type Figures struct {
	Documents      int
	Blocks, Words  Coding // each block counts once; or for its words
	Exact, Overlap MeanF1 // spans of one label with equal borders; or that share a code point, one to one
	Unitizing      Figure // mean over documents of Krippendorff's α for unitizing, over all labels
}

// PairCoding is agreement of two annotators on the classes of blocks.
type PairCoding struct{ Raw, Kappa, Pi, AC1 Coefficient }

// PairFigures are the agreement of two annotators.
type PairFigures struct {
	A, B           corpus.AnnotatorID
	Names          [2]string
	Documents      int
	Blocks, Words  PairCoding
	Exact, Overlap Coefficient // F1; units are spans of both
}

// LabelFigures are the agreement on the spans of one label.
type LabelFigures struct {
	Label          corpus.LabelID
	Name           string
	Exact, Overlap MeanF1
	Unitizing      Figure
}

// Slice is the agreement on the documents of a site or of a time.
type Slice struct {
	Name   string // a site, "" for documents without one; a week as "2026-W48" or a month as "2026-11"
	Others int    // where the slice holds all other sites: how many they are
	Figures
}

// Report is how far the annotators of a project agree. Only the figures of the
// whole have intervals.
type Report struct {
	Figures
	Pairs     []PairFigures  // those with most documents first
	Labels    []LabelFigures // in the order of the label set; retired ones only where somebody marked them
	Sites     []Slice        // the largest first, at most 50, then the others
	Periods   []Slice        // in order of time; without documents of unknown time
	Months    bool           // whether periods are months: they are where they would be more than 26 weeks
	Resamples int
	Seed      uint64
	Groups    int // how many documents, or groups of documents, were drawn in each resample
}

// Bounds of a report.
const (
	DefaultResamples = 1_000
	mostSingly       = 2_000 // documents that are drawn one by one
	groupsOfMany     = 1_000
	mostSites        = 50
	mostWeeks        = 26
)

// Builder takes documents one by one and keeps sums of them.
//
// Intervals draw documents anew. Of more than 2 000, it draws groups: a hash of
// its number puts each document into one of 1 000, and a group is drawn as a
// whole. That is valid because the groups are a partition at random of documents
// that are drawn independently: each has the same expectation, their sums vary
// as the sums of their documents do, and every figure here is made of ratios of
// sums, so a larger group does not weigh more than its documents. What it costs
// is that the spread is estimated from 1 000 numbers, to some 2 in 100. What it
// gives is that the cost does not grow with the corpus.
type Builder struct {
	resampling score.Resampling
	whole      Tally

	// What the rest keeps is what Figures are made of: with ten people, tables
	// of every pair in each group and site would be most of the work.
	singly  []Tally // of each document, as long as they are few
	groups  []Tally // once they are many
	numbers []corpus.DocumentID
	sites   map[string]*Tally
	days    map[int64]*Tally // by days since 1970, UTC
	brief   Tally            // of the document that is being added
}

// NewBuilder begins a report without documents. Resamples of 0 are
// DefaultResamples; the same documents in the same order and the same seed give
// the same report.
func NewBuilder(r score.Resampling) *Builder {
	r.Resamples = cmp.Or(r.Resamples, DefaultResamples)
	return &Builder{resampling: r, sites: map[string]*Tally{}, days: map[int64]*Tally{}}
}

// Add adds a document, once each. It keeps nothing of the tally's memory. A
// tally of no document is passed over.
func (b *Builder) Add(s Shared) {
	if s.Tally.Documents == 0 {
		return
	}
	b.whole.Add(s.Tally)
	b.brief.abridge(s.Tally)
	b.place(s.Document).Add(b.brief)
	tallyOf(b.sites, s.Site).Add(b.brief)
	if !s.At.IsZero() {
		tallyOf(b.days, floorDay(s.At)).Add(b.brief)
	}
}

// abridge keeps of a tally what Figures are made of: labels together, and no
// tables of pairs.
func (t *Tally) abridge(o Tally) {
	t.Documents, t.Profiles = o.Documents, o.Profiles
	t.Spans, t.Unitizing = t.Spans[:0], nil
	if all := o.unitizing(); all.Documents > 0 {
		t.Unitizing = o.Unitizing[:1]
	}
	for i, s := range o.Spans {
		s.Label = AllLabels
		if i > 0 && s.A == o.Spans[i-1].A && s.B == o.Spans[i-1].B {
			addPairSpans(&t.Spans[len(t.Spans)-1], &s)
		} else {
			t.Spans = append(t.Spans, s)
		}
	}
}

const secondsOfADay = 24 * 60 * 60

func floorDay(at time.Time) int64 {
	seconds := at.Unix()
	return (seconds - (seconds%secondsOfADay+secondsOfADay)%secondsOfADay) / secondsOfADay
}

func tallyOf[K comparable](m map[K]*Tally, key K) *Tally {
	t := m[key]
	if t == nil {
		t = &Tally{}
		m[key] = t
	}
	return t
}

// place is where a document is drawn: alone, or in its group.
func (b *Builder) place(d corpus.DocumentID) *Tally {
	if b.groups == nil && len(b.singly) < mostSingly {
		b.singly, b.numbers = append(b.singly, Tally{}), append(b.numbers, d)
		return &b.singly[len(b.singly)-1]
	}
	if b.groups == nil {
		b.groups = make([]Tally, groupsOfMany)
		for i, t := range b.singly {
			b.groups[groupOf(b.numbers[i])].Add(t)
		}
		b.singly, b.numbers = nil, nil
	}
	return &b.groups[groupOf(d)]
}

// groupOf mixes the bits of a number as SplitMix64 does, so that neighbours in
// time, which people label alike, part.
func groupOf(d corpus.DocumentID) int {
	z := uint64(d) + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	high, _ := bits.Mul64(z^z>>31, groupsOfMany)

	return int(high)
}

// Report is that of the documents so far. names gives a person's name; a label
// that labels does not have is called by its number.
func (b *Builder) Report(names func(corpus.AnnotatorID) string, labels corpus.LabelSet) Report {
	drawn := b.singly
	if b.groups != nil {
		drawn = slices.DeleteFunc(slices.Clone(b.groups), func(t Tally) bool { return t.Documents == 0 })
	}
	r := Report{
		Figures: figuresOf(b.whole), Pairs: pairsOf(b.whole, names), Labels: labelsOf(b.whole, labels), Sites: b.bySite(),
		Resamples: b.resampling.Resamples, Seed: b.resampling.Seed, Groups: len(drawn),
	}
	r.Periods, r.Months = b.byTime()
	r.Figures.drawAnew(drawn, b.whole, b.resampling)

	return r
}

// figuresOf are the figures of a tally, without intervals.
func figuresOf(t Tally) Figures {
	f := Figures{Documents: t.Documents, Blocks: codingOf(t.BlockCoincidences()), Words: codingOf(t.WordCoincidences())}
	f.Exact, f.Overlap = meansOf(t.Spans)
	f.Unitizing = plain(t.unitizing().MeanAlpha())
	if t.Documents == 0 {
		for _, figure := range f.all() {
			figure.Why = NoDocument
		}
	}

	return f
}

// all are the figures of f, in the order in which they are drawn anew.
func (f *Figures) all() []*Figure {
	return []*Figure{
		&f.Blocks.Alpha, &f.Blocks.Raw, &f.Blocks.AC1,
		&f.Words.Alpha, &f.Words.Raw, &f.Words.AC1,
		&f.Exact.Figure, &f.Overlap.Figure, &f.Unitizing,
	}
}

func plain(c Coefficient) Figure { return Figure{c, math.NaN(), math.NaN()} }

func codingOf(c Coincidences) Coding {
	return Coding{plain(c.Alpha()), plain(c.Raw()), plain(c.AC1())}
}

// meansOf is F1 over the pairs, whose spans of all labels are added first. Rows
// of one pair stand together.
func meansOf(spans []PairSpans) (exact, overlap MeanF1) {
	var exacts, overlaps []SpanTally
	for i, s := range spans {
		if i == 0 || s.A != spans[i-1].A || s.B != spans[i-1].B {
			exacts, overlaps = append(exacts, SpanTally{}), append(overlaps, SpanTally{})
		}
		last := len(exacts) - 1
		exacts[last], overlaps[last] = exacts[last].Add(s.ExactTally()), overlaps[last].Add(s.OverlapTally())
	}
	return meanOf(exacts), meanOf(overlaps)
}

func meanOf(pairs []SpanTally) MeanF1 {
	mean, sd := OverPairs(pairs)
	m := MeanF1{Figure: plain(mean), SD: sd}
	for _, t := range pairs {
		m.Spans += t.A + t.B
	}
	return m
}

func pairsOf(t Tally, names func(corpus.AnnotatorID) string) []PairFigures {
	out := make([]PairFigures, 0, len(t.Pairs))
	spans := t.Spans
	for _, p := range t.Pairs {
		var exact, overlap SpanTally
		for len(spans) > 0 && spans[0].A == p.A && spans[0].B == p.B {
			exact, overlap = exact.Add(spans[0].ExactTally()), overlap.Add(spans[0].OverlapTally())
			spans = spans[1:]
		}
		out = append(out, PairFigures{
			A: p.A, B: p.B, Names: [2]string{names(p.A), names(p.B)}, Documents: p.Documents,
			Blocks: pairCoding(p.BlockTable()), Words: pairCoding(p.WordTable()),
			Exact: exact.F1(), Overlap: overlap.F1(),
		})
	}
	slices.SortStableFunc(out, func(a, b PairFigures) int { return cmp.Compare(b.Documents, a.Documents) })

	return out
}

func pairCoding(t Table) PairCoding {
	return PairCoding{t.Raw(), t.CohenKappa(), t.ScottPi(), t.AC1()}
}

func labelsOf(t Tally, labels corpus.LabelSet) []LabelFigures {
	spans := map[corpus.LabelID][]PairSpans{}
	for _, s := range t.Spans {
		spans[s.Label] = append(spans[s.Label], s)
	}
	unitizing := map[corpus.LabelID]LabelUnitizing{}
	for _, u := range t.Unitizing {
		unitizing[u.Label] = u
	}

	var out []LabelFigures
	row := func(id corpus.LabelID, name string) {
		f := LabelFigures{Label: id, Name: name, Unitizing: plain(unitizing[id].MeanAlpha())}
		f.Exact, f.Overlap = meansOf(spans[id])
		if spans[id] == nil {
			f.Exact.Why, f.Overlap.Why, f.Unitizing.Why = NotMarked, NotMarked, NotMarked
		}
		out = append(out, f)
		delete(spans, id)
	}
	for _, l := range labels {
		if spans[l.ID] != nil || !l.Retired {
			row(l.ID, l.Name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(spans)) {
		row(id, fmt.Sprintf("label %d", id))
	}

	return out
}

func (b *Builder) bySite() []Slice {
	names := slices.Collect(maps.Keys(b.sites))
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(b.sites[y].Documents, b.sites[x].Documents), cmp.Compare(x, y))
	})
	var out []Slice
	var others Tally
	for i, name := range names {
		if i < mostSites {
			out = append(out, Slice{Name: name, Figures: figuresOf(*b.sites[name])})
		} else {
			others.Add(*b.sites[name])
		}
	}
	if n := len(names) - mostSites; n > 0 {
		out = append(out, Slice{Others: n, Figures: figuresOf(others)})
	}

	return out
}

func (b *Builder) byTime() (out []Slice, months bool) {
	days := slices.Sorted(maps.Keys(b.days))
	if len(days) == 0 {
		return nil, false
	}
	months = days[len(days)-1]-days[0] >= mostWeeks*7
	name, sum := "", Tally{}
	for _, day := range days {
		if n := periodOf(day, months); n != name {
			if name != "" {
				out = append(out, Slice{Name: name, Figures: figuresOf(sum)})
			}
			name, sum = n, Tally{}
		}
		sum.Add(*b.days[day])
	}

	return append(out, Slice{Name: name, Figures: figuresOf(sum)}), months
}

// periodOf names the ISO week or the month of a day.
func periodOf(day int64, months bool) string {
	at := time.Unix(day*secondsOfADay, 0).UTC()
	if months {
		return at.Format("2006-01")
	}
	year, week := at.ISOWeek()

	return fmt.Sprintf("%04d-W%02d", year, week)
}

// drawAnew sets the intervals from resamples of the tallies, whose sum is whole.
func (f *Figures) drawAnew(drawn []Tally, whole Tally, r score.Resampling) {
	figures := f.all()
	values := make([][]float64, len(figures))
	if len(drawn) > 1 { // one says nothing about another
		s := newSample(drawn, whole)
		source := rand.NewPCG(r.Seed, uint64(len(drawn)))
		for range r.Resamples {
			for i, v := range s.draw(source) {
				values[i] = append(values[i], v)
			}
		}
	}
	for i, figure := range figures {
		spread := score.Spread(figure.Value, values[i])
		figure.Low, figure.High = spread.Low, spread.High
	}
}

// sample holds abridged tallies as rows of numbers that add: coincidences of blocks
// and of words, sum and number of α for unitizing, and for each pair that a row
// has, exact pairs of spans, overlapping ones and spans.
type sample struct {
	cells []float64 // rows × width
	rows  int
	pairs []pairCells // row by row
	from  []int       // where the pairs of a row begin

	times []int // how often each row was drawn
	sum   []float64
	sums  [][3]int // by pair: exact, overlapping, spans
}

// pairCells is small, because all of them are read for each resample.
type pairCells struct{ pair, exact, overlap, spans int32 }

// width of a row: two times 2×2 coincidences, 2 shares and 2 sums, and two
// numbers of α for unitizing.
const (
	codingWidth = 4 + 2 + 2
	sampleWidth = 2*codingWidth + 2
)

func newSample(drawn []Tally, whole Tally) *sample {
	s := &sample{rows: len(drawn), cells: make([]float64, 0, len(drawn)*sampleWidth), times: make([]int, len(drawn)), sum: make([]float64, sampleWidth), from: make([]int, 1, len(drawn)+1)}
	number := make(map[[2]corpus.AnnotatorID]int32, len(whole.Pairs))
	for i, p := range whole.Pairs {
		number[[2]corpus.AnnotatorID{p.A, p.B}] = int32(i)
	}
	s.sums = make([][3]int, len(whole.Pairs))

	for _, t := range drawn {
		s.cells = append(s.cells, t.BlockCoincidences().sums...)
		s.cells = append(s.cells, t.WordCoincidences().sums...)
		all := t.unitizing()
		s.cells = append(s.cells, all.Alpha, float64(all.Documents))

		for _, p := range t.Spans {
			n := number[[2]corpus.AnnotatorID{p.A, p.B}]
			s.pairs = append(s.pairs, pairCells{n, int32(p.Exact), int32(p.Overlap), int32(p.OfA + p.OfB)})
		}
		s.from = append(s.from, len(s.pairs))
	}

	return s
}

// draw gives the values of one resample in the order of Figures.all.
func (s *sample) draw(source *rand.PCG) [9]float64 {
	clear(s.times)
	for range s.rows {
		row, _ := bits.Mul64(source.Uint64(), uint64(s.rows))
		s.times[row]++
	}
	clear(s.sum)
	clear(s.sums)
	for row, n := range s.times {
		if n == 0 {
			continue
		}
		for i, v := range s.cells[row*sampleWidth : (row+1)*sampleWidth] {
			s.sum[i] += float64(n) * v
		}
		for _, p := range s.pairs[s.from[row]:s.from[row+1]] {
			sum := &s.sums[p.pair]
			sum[0] += n * int(p.exact)
			sum[1] += n * int(p.overlap)
			sum[2] += n * int(p.spans)
		}
	}

	blocks := Coincidences{q: 2, sums: s.sum[:codingWidth]}
	words := Coincidences{q: 2, sums: s.sum[codingWidth : 2*codingWidth]}
	exact, overlap := s.meanF1()

	return [9]float64{
		blocks.Alpha().Value, blocks.Raw().Value, blocks.AC1().Value,
		words.Alpha().Value, words.Raw().Value, words.AC1().Value,
		exact, overlap, s.sum[2*codingWidth] / s.sum[2*codingWidth+1], // NaN where none was drawn
	}
}

func (s *sample) meanF1() (exact, overlap float64) {
	n := 0.0
	for _, c := range s.sums {
		if c[2] > 0 {
			exact += 2 * float64(c[0]) / float64(c[2])
			overlap += 2 * float64(c[1]) / float64(c[2])
			n++
		}
	}
	return exact / n, overlap / n
}
