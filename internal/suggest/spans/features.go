package spans

import (
	"strings"
	"unicode"

	"annotate/internal/corpus"
	"annotate/internal/suggest/crf"
)

// hint is what the gazetteer says of some words.
type hint struct {
	from, to int
	label    corpus.LabelID
	p        float64
}

// look is what can be seen of a word by itself, as hashes. Equal words look
// equal, so each is looked at once.
type look struct {
	exact, lower, shape uint64
	starts, ends        [3]uint64 // the first and last 2, 3 and 4 characters; 0 where it is no longer than that
	capital             bool
	letter              bool
}

// observer turns words into features. It is used by one goroutine.
type observer struct {
	size  uint64 // of the space that features are hashed to
	looks map[string]look
}

func newObserver(size int) *observer {
	return &observer{size: uint64(size), looks: map[string]look{}}
}

// hash is FNV-1a, which is the same everywhere and always.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// mixed joins hashes in order.
func mixed(h uint64, with ...uint64) uint64 {
	for _, w := range with {
		h = (h ^ w) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return h
}

func (o *observer) look(w string) look {
	if l, ok := o.looks[w]; ok {
		return l
	}

	f := folded(w)
	lower := strings.ToLower(f)
	l := look{exact: hash(f), lower: hash(lower), shape: hash(shape(f)), capital: capital(f), letter: strings.ContainsFunc(f, unicode.IsLetter)}
	runes := []rune(lower)
	for i := range l.starts {
		if n := i + 2; n < len(runes) {
			l.starts[i], l.ends[i] = hash(string(runes[:n])), hash(string(runes[len(runes)-n:]))
		}
	}
	o.looks[w] = l

	return l
}

// shape is a word with X for capitals, x for other letters and 0 for digits,
// runs longer than two as two: "Xx", "XX00", "X.X".
func shape(w string) string {
	out := make([]rune, 0, 8)
	for _, r := range w {
		switch {
		case unicode.IsUpper(r) || unicode.IsTitle(r):
			r = 'X'
		case unicode.IsLetter(r):
			r = 'x'
		case unicode.IsNumber(r):
			r = '0'
		case unicode.IsMark(r):
			continue
		}
		if n := len(out); n < 2 || out[n-1] != r || out[n-2] != r {
			out = append(out, r)
		}
		if len(out) == 16 {
			break
		}
	}

	return string(out)
}

// Templates of features. What a template sees is mixed with its number, so that
// a word before and the same word after are two.
const (
	ofWord = iota + 1
	ofLower
	ofShape
	ofStart
	ofEnd
	ofNeighbour
	ofNeighbourShape
	ofNeighbourEnd
	ofShapes
	ofPair
	ofFirst
	ofPiece
	ofPlace
	ofHint
	ofHintBeside
	ofAlways
)

// perWord is about how many features a word has.
const perWord = 36

// features are those of the words of a piece.
func (o *observer) features(p piece, hints []hint) [][]crf.Feature {
	n := len(p.words)
	looks := make([]look, n)
	capitals, letters := 0, 0
	for i, w := range p.words {
		looks[i] = o.look(w.text)
		if looks[i].letter {
			letters++
		}
		if looks[i].capital {
			capitals++
		}
	}
	titled := letters > 2 && 2*capitals > letters // as in headlines, where a capital says little

	said := make([]uint64, n)
	for _, h := range hints {
		bucket := uint64(min(int(h.p*4), 3))
		for i := h.from; i < h.to; i++ {
			said[i] = mixed(uint64(h.label), bucket, flag(i > h.from))
		}
	}

	all := make([]crf.Feature, 0, n*perWord)
	out := make([][]crf.Feature, n)
	for i := range p.words {
		from := len(all)
		add := func(seen uint64) { all = append(all, crf.Feature(seen%o.size)) }
		o.own(add, looks, i)
		o.around(add, looks, i)

		first := flag(p.words[i].first)
		add(mixed(ofFirst, first, looks[i].shape))
		add(mixed(ofPiece, hash(string(p.class)), flag(p.heading), flag(titled), looks[i].shape))
		add(mixed(ofPlace, uint64(p.place), looks[i].shape))
		if said[i] != 0 {
			add(mixed(ofHint, said[i]))
			add(mixed(ofHint, said[i], first, looks[i].shape))
		}
		for _, by := range []int{-1, 1} {
			if j := i + by; 0 <= j && j < n && said[j] != 0 {
				add(mixed(ofHintBeside, uint64(by+1), said[j]))
			}
		}
		out[i] = all[from:len(all):len(all)]
	}

	return out
}

// own is what a word shows by itself.
func (o *observer) own(add func(uint64), looks []look, i int) {
	l := looks[i]
	add(ofAlways)
	add(mixed(ofWord, l.exact))
	add(mixed(ofLower, l.lower))
	add(mixed(ofShape, l.shape))
	for k := range l.starts {
		if l.starts[k] != 0 {
			add(mixed(ofStart, l.starts[k]))
			add(mixed(ofEnd, l.ends[k]))
		}
	}
}

// around is what the words beside it show; those outside the piece are 0.
func (o *observer) around(add func(uint64), looks []look, i int) {
	at := func(by int) look {
		if j := i + by; 0 <= j && j < len(looks) {
			return looks[j]
		}
		return look{}
	}
	for _, by := range []int{-2, -1, 1, 2} {
		add(mixed(ofNeighbour, uint64(by+2), at(by).lower))
	}
	for _, by := range []int{-1, 1} {
		add(mixed(ofNeighbour, uint64(by+2), at(by).lower, looks[i].shape))
		add(mixed(ofNeighbourShape, uint64(by+2), at(by).shape))
		add(mixed(ofNeighbourEnd, uint64(by+2), at(by).ends[1]))
		add(mixed(ofPair, uint64(by+2), at(by).lower, looks[i].lower))
	}
	add(mixed(ofShapes, at(-1).shape, looks[i].shape, at(1).shape))
	add(mixed(ofNeighbour, at(-2).lower, at(-1).lower, looks[i].shape))
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 2
}

// maxSequence is how many words are decoded together: a block, where it is not
// much longer.
const maxSequence = 100

// sequences cuts words where a sentence begins after maxSequence words, but not
// inside a mark; a text without sentences is cut at twice that.
func sequences(ws []word, marks []mark) [][2]int {
	var out [][2]int
	from := 0
	for i := range ws {
		long := i-from >= maxSequence && ws[i].first || i-from >= 2*maxSequence
		if long && !cuts(marks, i) {
			out = append(out, [2]int{from, i})
			from = i
		}
	}
	if from < len(ws) {
		out = append(out, [2]int{from, len(ws)})
	}

	return out
}

func cuts(marks []mark, at int) bool {
	for _, m := range marks {
		if m.from < at && at < m.to {
			return true
		}
	}
	return false
}
