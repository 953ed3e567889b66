package score

import (
	"cmp"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Alignment says where in a document each word of a cleaned text comes from.
// Words are matched in order, whole runs before single words: a sentence is
// found where it stands, and not word by word all over a menu. What is matched
// is therefore a common subsequence, and on pages with much repetition it can
// be a little shorter than the longest.
type Alignment struct {
	Document []Word
	Cleaned  []Word
	At       []int // for each cleaned word the number of the document's word, -1 for none
	Invented []int // the cleaned words, by number, that are nowhere in the document
	kept     []int // for each word of the document the number of the cleaned word, -1 for none
}

// Align aligns a cleaned text to the document it was made of. Runs of words
// that both have once are matched first; what is left between them is small as
// a rule, and is solved exactly. A gap too large for a table is first cut in
// two where a longest common subsequence passes (Hirschberg 1975, with bit
// rows), so that time grows with the product of its lengths over 64 and memory
// with their sum.
func Align(document, cleaned []Word) Alignment {
	x := make(Lexicon, len(document))
	a := x.WordIDs(document)
	known := int32(len(x))
	b := x.WordIDs(cleaned)

	al := Alignment{Document: document, Cleaned: cleaned, At: unmatched(len(b)), kept: unmatched(len(a))}
	for j, t := range b {
		if t >= known {
			al.Invented = append(al.Invented, j)
		}
	}
	w := aligner{a: a, b: b, at: al.At}
	w.all()
	for j, i := range al.At {
		if i >= 0 {
			al.kept[i] = j
		}
	}

	return al
}

func unmatched(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	return out
}

// aligner matches b to a.
type aligner struct {
	a, b  []int32
	at    []int
	trace []uint8
}

// gap is a part of both sides in which nothing is matched yet.
type gap struct{ alo, ahi, blo, bhi int }

// tableCells is how large a gap may be to be solved by a table: a byte a cell,
// and a fifth of a millisecond.
const tableCells = 1 << 16

func (w *aligner) all() {
	for todo := []gap{{0, len(w.a), 0, len(w.b)}}; len(todo) > 0; {
		g := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n, m := g.ahi-g.alo, g.bhi-g.blo
		switch {
		case n == 0 || m == 0:
		case n*m <= tableCells:
			w.table(g)
		default:
			rest, ok := w.anchors(g)
			if !ok {
				rest = w.halves(g)
			}
			todo = append(todo, rest...)
		}
	}
}

// anchors matches the runs of words that stand once on each side, as many as
// can be in one order, and gives what is left between.
func (w *aligner) anchors(g gap) ([]gap, bool) {
	for _, k := range []int{6, 3, 1} {
		pairs := w.unique(g, k)
		if len(pairs) == 0 {
			continue
		}
		var rest []gap
		ai, bi := g.alo, g.blo // all before is matched or in rest
		for _, p := range increasing(pairs) {
			i, j := p[0], p[1]
			if i < ai || j < bi { // inside the run before
				continue
			}
			for i > ai && j > bi && w.a[i-1] == w.b[j-1] {
				i, j = i-1, j-1
			}
			rest = append(rest, gap{ai, i, bi, j})
			for i < g.ahi && j < g.bhi && w.a[i] == w.b[j] {
				w.at[j] = i
				i, j = i+1, j+1
			}
			ai, bi = i, j
		}
		return append(rest, gap{ai, g.ahi, bi, g.bhi}), true
	}

	return nil, false
}

// unique are the places of runs of k words that each side has once, in the
// order of b.
func (w *aligner) unique(g gap, k int) [][2]int {
	type seen struct{ a, b int32 } // place + 1; -1 for several
	runs := make(map[uint64]seen, g.bhi-g.blo)
	hash := func(ids []int32) uint64 {
		h := uint64(14695981039346656037)
		for _, t := range ids {
			h = (h ^ uint64(uint32(t))) * 1099511628211
			h ^= h >> 29
		}
		return h
	}
	for j := g.blo; j+k <= g.bhi; j++ {
		h := hash(w.b[j : j+k])
		s := runs[h]
		if s.b != 0 {
			s.b = -1
		} else {
			s.b = int32(j + 1)
		}
		runs[h] = s
	}
	for i := g.alo; i+k <= g.ahi; i++ {
		h := hash(w.a[i : i+k])
		if s, ok := runs[h]; ok {
			if s.a != 0 {
				s.a = -1
			} else {
				s.a = int32(i + 1)
			}
			runs[h] = s
		}
	}

	var out [][2]int
	for _, s := range runs {
		if i, j := int(s.a)-1, int(s.b)-1; s.a > 0 && s.b > 0 && slices.Equal(w.a[i:i+k], w.b[j:j+k]) {
			out = append(out, [2]int{i, j})
		}
	}
	slices.SortFunc(out, func(p, q [2]int) int { return cmp.Compare(p[1], q[1]) })

	return out
}

// increasing is the longest part of the pairs, which are in the order of their
// second place, that is also in the order of the first.
func increasing(pairs [][2]int) [][2]int {
	before := make([]int, len(pairs))
	var ends []int // by length − 1: the pair that ends the best run of that length
	for n, p := range pairs {
		at, _ := slices.BinarySearchFunc(ends, p[0], func(e, first int) int { return cmp.Compare(pairs[e][0], first) })
		before[n] = -1
		if at > 0 {
			before[n] = ends[at-1]
		}
		if at == len(ends) {
			ends = append(ends, n)
		} else {
			ends[at] = n
		}
	}

	out := make([][2]int, len(ends))
	for n, k := ends[len(ends)-1], len(ends)-1; k >= 0; n, k = before[n], k-1 {
		out[k] = pairs[n]
	}

	return out
}

// halves cuts a gap in two, where a longest common subsequence passes the
// middle of b or of a, whichever is longer.
func (w *aligner) halves(g gap) []gap {
	a, b := w.a[g.alo:g.ahi], w.b[g.blo:g.bhi]
	if len(a) > len(b) {
		i, j := middle(b, a)
		return []gap{{g.alo, g.alo + i, g.blo, g.blo + j}, {g.alo + i, g.ahi, g.blo + j, g.bhi}}
	}
	j, i := middle(a, b)

	return []gap{{g.alo, g.alo + i, g.blo, g.blo + j}, {g.alo + i, g.ahi, g.blo + j, g.bhi}}
}

// middle is the middle of long, and where short is best cut for it.
func middle(short, long []int32) (inLong, inShort int) {
	inLong = len(long) / 2
	head, tail := newMatcher(short), newMatcher(reversed(short))
	for _, t := range long[:inLong] {
		head.step(t)
	}
	for _, t := range reversed(long[inLong:]) {
		tail.step(t)
	}
	h, t := head.counts(), tail.counts()
	best := int32(-1)
	for k := range h {
		if n := h[k] + t[len(short)-k]; n > best {
			best, inShort = n, k
		}
	}

	return inLong, inShort
}

func reversed(ids []int32) []int32 {
	out := slices.Clone(ids)
	slices.Reverse(out)

	return out
}

// The ways back through a table.
const (
	skipA     = 1 // nothing more is gained by the word of a
	skipB     = 2
	takeBoth  = 3
	choice    = 3
	goesOnRun = 4 // the pair before is matched too
)

// table solves a gap exactly: as many words as can be matched, and among those
// as many neighbours as can be; the earlier place in the document in doubt.
func (w *aligner) table(g gap) {
	a, b := w.a[g.alo:g.ahi], w.b[g.blo:g.bhi]
	const pair = 1 << 11 // more than the neighbours a gap can have: its shorter side has at most 256 words
	width := len(b) + 1
	if cap(w.trace) < (len(a)+1)*width {
		w.trace = make([]uint8, (len(a)+1)*width)
	}
	trace := w.trace[:(len(a)+1)*width]

	best, run := make([]int32, width), make([]int32, width) // of the row before; run: with its last pair matched, −1 where not
	for j := range run {
		run[j] = -1
	}
	for i, t := range a {
		row := trace[(i+1)*width:]
		diagonal, diagonalRun := int32(0), int32(-1)
		for j, u := range b {
			up, upRun := best[j+1], run[j+1]
			v, way, r := up, uint8(skipA), int32(-1)
			if t == u {
				r = diagonal + pair
				if diagonalRun >= diagonal && diagonalRun >= 0 {
					r = diagonalRun + pair + 1
					way |= goesOnRun
				}
			}
			if left := best[j]; left > v {
				v = left
				way = way&^choice | skipB
			}
			if r > v {
				v = r
				way = way&^choice | takeBoth
			}
			best[j+1], run[j+1] = v, r
			row[j+1] = way
			diagonal, diagonalRun = up, upRun
		}
	}

	run0 := false // the pair ahead is matched as going on from here
	for i, j := len(a), len(b); i > 0 && j > 0; {
		way := trace[i*width+j]
		switch {
		case run0 || way&choice == takeBoth:
			w.at[g.blo+j-1] = g.alo + i - 1
			run0 = way&goesOnRun != 0
			i, j = i-1, j-1
		case way&choice == skipA:
			i--
		default:
			j--
		}
	}
}

// Block is a part of a document with its class, in gold or as a cleaner has it.
type Block struct {
	text.Range
	Class  corpus.Class
	Reason string // why gold has this class, as in corpus.Reasons; "" where nobody said
}

// Fate is what became of a word of the document.
type Fate string

const (
	KeptBody           Fate = "kept"    // body, and in the cleaned text
	LostBody           Fate = "lost"    // body, and not there
	LeakedBoilerplate  Fate = "leaked"  // boilerplate, and in the cleaned text
	DroppedBoilerplate Fate = "dropped" // boilerplate, and not there
	Unjudged           Fate = "unjudged"
)

// Paint is a stretch of the document from the first to the last of words with
// the same fate.
type Paint struct {
	text.Range
	Fate  Fate
	Words int
}

// Paint says what became of each word, in order, runs of one fate in one
// block together. Words outside all blocks, or in one without a class, are
// Unjudged. Blocks are in order and apart.
func (al Alignment) Paint(blocks []Block) []Paint {
	var out []Paint
	last := -1
	al.fates(blocks, func(word, block int, f Fate) {
		w := al.Document[word]
		if n := len(out) - 1; n >= 0 && out[n].Fate == f && block == last {
			out[n].End = w.End
			out[n].Words++
		} else {
			out = append(out, Paint{w.Range, f, 1})
		}
		last = block
	})

	return out
}

// fates calls each with every word of the document, its block (-1 for none)
// and its fate.
func (al Alignment) fates(blocks []Block, each func(word, block int, f Fate)) {
	k := 0
	for i, w := range al.Document {
		for k < len(blocks) && blocks[k].End <= w.Start {
			k++
		}
		block, f := -1, Unjudged
		if k < len(blocks) && blocks[k].Start <= w.Start {
			block = k
			kept := al.kept[i] >= 0
			switch {
			case blocks[k].Class == corpus.Body && kept:
				f = KeptBody
			case blocks[k].Class == corpus.Body:
				f = LostBody
			case blocks[k].Class == corpus.Boilerplate && kept:
				f = LeakedBoilerplate
			case blocks[k].Class == corpus.Boilerplate:
				f = DroppedBoilerplate
			}
		}
		each(i, block, f)
	}
}

// Fates counts words of documents by what became of them, and words of cleaned
// texts that come from no place in them.
type Fates struct {
	Kept     int `json:"kept"`
	Lost     int `json:"lost"`
	Leaked   int `json:"leaked"`
	Dropped  int `json:"dropped"`
	Unjudged int `json:"unjudged"`
	Cleaned  int `json:"cleaned"`  // words of the cleaned text
	Invented int `json:"invented"` // of these: nowhere in the document
	Moved    int `json:"moved"`    // of these: in the document, but not at this place or not this often
}

// Add is the sum of both.
func (f Fates) Add(o Fates) Fates {
	return Fates{f.Kept + o.Kept, f.Lost + o.Lost, f.Leaked + o.Leaked, f.Dropped + o.Dropped, f.Unjudged + o.Unjudged,
		f.Cleaned + o.Cleaned, f.Invented + o.Invented, f.Moved + o.Moved}
}

// Page counts the words of the document.
func (f Fates) Page() int { return f.Kept + f.Lost + f.Leaked + f.Dropped + f.Unjudged }

// LeakedShare is the share of the boilerplate's words that were kept; NaN where
// there is no boilerplate.
func (f Fates) LeakedShare() float64 { return ratio(f.Leaked, f.Leaked+f.Dropped) }

// LostShare is the share of the body's words that were dropped; NaN where there
// is no body.
func (f Fates) LostShare() float64 { return ratio(f.Lost, f.Lost+f.Kept) }

// InventedShare is the share of the cleaned words that are nowhere in the
// document; NaN where nothing was kept.
func (f Fates) InventedShare() float64 { return ratio(f.Invented, f.Cleaned) }

// Fates counts what became of the words.
func (al Alignment) Fates(blocks []Block) Fates {
	f := Fates{Cleaned: len(al.Cleaned), Invented: len(al.Invented)}
	matched := 0
	al.fates(blocks, func(word, _ int, fate Fate) {
		switch fate {
		case KeptBody:
			f.Kept++
		case LostBody:
			f.Lost++
		case LeakedBoilerplate:
			f.Leaked++
		case DroppedBoilerplate:
			f.Dropped++
		default:
			f.Unjudged++
		}
		if al.kept[word] >= 0 {
			matched++
		}
	})
	f.Moved = f.Cleaned - f.Invented - matched

	return f
}

// Decisions are the classes that the cleaned text amounts to, for each block:
// body where more than share of its words were kept (dragnet takes 0.1; half is
// what a person would say). A block without a word is Undecided: the text
// cannot tell. The second result are the words of each block.
func (al Alignment) Decisions(blocks []Block, share float64) ([]corpus.Class, []int) {
	classes, all, kept := make([]corpus.Class, len(blocks)), make([]int, len(blocks)), make([]int, len(blocks))
	al.fates(blocks, func(word, block int, _ Fate) {
		if block >= 0 {
			all[block]++
			if al.kept[word] >= 0 {
				kept[block]++
			}
		}
	})
	for k := range blocks {
		switch {
		case all[k] == 0:
		case float64(kept[k]) > share*float64(all[k]):
			classes[k] = corpus.Body
		default:
			classes[k] = corpus.Boilerplate
		}
	}

	return classes, all
}

// Entities counts gold spans by what became of them.
type Entities struct {
	Kept, Lost      int // of those in body: whole in the cleaned text, or not
	Leaked, Dropped int // of those in boilerplate
}

// Add is the sum of both.
func (e Entities) Add(o Entities) Entities {
	return Entities{e.Kept + o.Kept, e.Lost + o.Lost, e.Leaked + o.Leaked, e.Dropped + o.Dropped}
}

// KeptShare is the share of the body's entities that survived whole; NaN where
// there is none.
func (e Entities) KeptShare() float64 { return ratio(e.Kept, e.Kept+e.Lost) }

// LeakedShare is the share of the boilerplate's entities that got whole into
// the cleaned text; NaN where there is none.
func (e Entities) LeakedShare() float64 { return ratio(e.Leaked, e.Leaked+e.Dropped) }

// Entities says which spans survived: all their words are in the cleaned text,
// one behind the other. A span without a word, or in no judged block, is not
// counted.
func (al Alignment) Entities(blocks []Block, spans []Span) Entities {
	var e Entities
	for _, s := range spans {
		first, _ := slices.BinarySearchFunc(al.Document, s.Start, func(w Word, at int) int { return cmp.Compare(w.End, at+1) })
		k, _ := slices.BinarySearchFunc(blocks, s.Start, func(b Block, at int) int { return cmp.Compare(b.End, at+1) })
		if first == len(al.Document) || al.Document[first].Start >= s.End || k == len(blocks) || !blocks[k].Contains(s.Range) {
			continue
		}
		whole := al.kept[first] >= 0
		for i := first + 1; i < len(al.Document) && al.Document[i].Start < s.End; i++ {
			whole = whole && al.kept[i] == al.kept[i-1]+1
		}
		switch {
		case blocks[k].Class == corpus.Body && whole:
			e.Kept++
		case blocks[k].Class == corpus.Body:
			e.Lost++
		case blocks[k].Class == corpus.Boilerplate && whole:
			e.Leaked++
		case blocks[k].Class == corpus.Boilerplate:
			e.Dropped++
		}
	}

	return e
}
