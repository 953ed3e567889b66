package blocks

import (
	"math/bits"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// look is what there is to see of a block by itself. Nothing in it knows a
// language: words are counted and hashed, never looked up.
type look struct {
	words, letters, digits int
	capital                int      // words that start with a capital
	short                  int      // words of at most three letters, without a capital
	commas, stops          int      // commas, and ends of sentences inside
	bars                   int      // what stands between the parts of menus and bylines
	hashes                 []uint64 // of the first words, without case
	first, last            uint64
	on                     uint32 // which words of the document's subject it has
	mentions               int    // how often it has one
	begins, ends           char
	dash                   bool // it ends in a dash with a space before it
	clock, year            bool
	address, money, rights bool
	script                 script
	key                    uint64
	again                  int      // how often its key is in the document
	elsewhere              int      // other pages of the site that have it
	elements               []uint64 // hashes of the last elements of its path: one, two, three
	place                  place
	linked, heading        int // tenths; level
	hidden                 bool
}

// char is what kind of character a block starts or ends with.
type char uint8

const (
	noChar char = iota
	lower
	upper
	caseless // a letter of a script without case
	number
	fullStop
	question
	colon
	cutOff
	comma
	quote
	bracket
	hyphen
	otherChar
)

// place is what the elements around a block are for.
type place uint8

const (
	nowhere place = iota
	inMain
	inMenu
	inFigure
	inList
	inTable
)

// script is the kind of writing of most letters.
type script uint8

const (
	noScript script = iota
	latin
	otherCased
	unspaced // written without spaces
	otherScript
)

// most is how many words of a block are kept as hashes: what a long block is
// about says nothing of its class.
const most = 12

// looks are those of a document's blocks.
func looks(d corpus.Document) []look {
	x := text.NewIndex(d.Text)
	subject := subjectOf(d, x)
	out, count := make([]look, len(d.Blocks)), make(map[uint64]int, len(d.Blocks))
	var key []byte
	for i, b := range d.Blocks {
		s := x.Slice(b.Range)
		l := &out[i]
		l.read(s, subject)
		key = appendKey(key[:0], s)
		l.key = hash(key)
		count[l.key]++
		l.linked, l.heading, l.hidden = int(b.LinkDensity*10), b.Heading, b.Hidden
		l.elements, l.place = path(b.Path)
	}
	for i := range out {
		out[i].again = count[out[i].key]
	}

	return out
}

// sentence reports whether it ends as a sentence does.
func (l *look) sentence() bool {
	return l.ends == fullStop || l.ends == question || l.ends == quote && l.stops > 0
}

// prose reports whether it is surely running text.
func (l *look) prose() bool {
	return l.words >= 15 && (l.ends == fullStop || l.ends == question || l.ends == quote || l.ends == colon) || l.words >= 40
}

// read goes over the text once.
func (l *look) read(s string, subject subject) {
	w := word{subject: subject}
	var scripts [otherScript + 1]int
	var before rune
	stop := false // the last visible character could end a sentence
	for i, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsMark(r) && w.letters > 0:
			if stop && before == ' ' && !unicode.IsLower(r) {
				l.stops++
			}
			of := scriptOf(r)
			scripts[of]++
			l.letters++
			w.add(r)
			if of == unspaced && w.letters == 2 { // about two of them make a word
				l.end(&w)
			}
		case unicode.IsDigit(r):
			l.digits++
			w.add('0')
		case (r == '\'' || r == '’') && w.letters > 0:
		default:
			l.end(&w)
			l.sign(r, before, s[i:])
		}

		if unicode.IsSpace(r) {
			before = ' '
			continue
		}
		before, stop = r, ending(r) || stop && closing(r)
	}
	l.end(&w)

	for of, n := range scripts {
		if 2*n > l.letters {
			l.script = script(of)
		}
	}
	l.edges(s)
}

// word is the word that is being read.
type word struct {
	subject         subject
	hash            uint64
	letters, number int
	capital         bool
}

func (w *word) add(r rune) {
	if w.letters == 0 {
		w.hash, w.capital = basis, unicode.IsUpper(r)
	}
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
	} else {
		r = unicode.ToLower(r)
	}
	if r == '0' {
		w.number++
	}
	w.hash = mix(w.hash ^ uint64(r))
	w.letters++
}

func (l *look) end(w *word) {
	if w.letters == 0 {
		return
	}
	l.words++
	if w.capital {
		l.capital++
	} else if w.letters <= 3 && w.number == 0 {
		l.short++
	}
	if w.number == w.letters && w.number == 4 {
		l.year = true
	}
	if n, ok := w.subject[w.hash]; ok && (w.letters > 3 || w.capital) {
		l.on |= 1 << n
		l.mentions++
	}
	if l.words == 1 {
		l.first = w.hash
	}
	l.last = w.hash
	if len(l.hashes) < most {
		l.hashes = append(l.hashes, w.hash)
	}
	*w = word{subject: w.subject}
}

// sign notes what a character that is not of a word says.
func (l *look) sign(r, before rune, rest string) {
	switch r {
	case ',', '、', '，', '،':
		l.commas++
	case '|', '•', '·', '»', '›', '/', '—', '>':
		l.bars++
	case '©', '®':
		l.rights = true
	case '$', '€', '£', '¥', '₽', '₹':
		l.money = true
	case '@':
		l.address = true
	case ':':
		next, _ := utf8.DecodeRuneInString(rest[1:])
		l.clock = l.clock || unicode.IsDigit(before) && unicode.IsDigit(next)
		l.address = l.address || strings.HasPrefix(rest, "://")
	}
}

// edges looks at both ends.
func (l *look) edges(s string) {
	if s == "" {
		return
	}
	r, _ := utf8.DecodeRuneInString(s)
	l.begins = charOf(r)
	trimmed := strings.TrimRightFunc(s, closing)
	closed := len(trimmed) < len(s)
	r, size := utf8.DecodeLastRuneInString(trimmed)
	l.ends = charOf(r)
	switch {
	case strings.HasSuffix(trimmed, "..") || r == '…':
		l.ends = cutOff
	case closed && l.ends != fullStop && l.ends != question:
		last, _ := utf8.DecodeLastRuneInString(s)
		l.ends = charOf(last)
	case l.ends == hyphen:
		before, _ := utf8.DecodeLastRuneInString(trimmed[:len(trimmed)-size])
		l.dash = before == ' '
	}
}

func ending(r rune) bool {
	c := charOf(r)
	return c == fullStop || c == question
}

func closing(r rune) bool {
	switch r {
	case '"', '\'', '”', '’', '»', ')', ']', '」', '』', '）':
		return true
	}
	return false
}

func charOf(r rune) char {
	if r < utf8.RuneSelf {
		return ascii[r]
	}
	return anyChar(r)
}

var ascii = func() (out [utf8.RuneSelf]char) {
	for r := range out {
		out[r] = anyChar(rune(r))
	}
	return out
}()

func anyChar(r rune) char {
	switch r {
	case '.', '。', '।', '．', '۔', '።':
		return fullStop
	case '?', '!', '？', '！', '؟':
		return question
	case ':', '：', ';', '；':
		return colon
	case '…':
		return cutOff
	case ',', '，', '、', '،':
		return comma
	case '"', '\'', '“', '”', '‘', '’', '«', '»', '„', '「', '」', '『', '』':
		return quote
	case '(', ')', '[', ']', '{', '}', '（', '）':
		return bracket
	case '-', '–', '—':
		return hyphen
	}
	switch {
	case unicode.IsUpper(r):
		return upper
	case unicode.IsLower(r):
		return lower
	case unicode.IsLetter(r):
		return caseless
	case unicode.IsDigit(r):
		return number
	}
	return otherChar
}

func scriptOf(r rune) script {
	switch {
	case r < 0x250:
		return latin
	case r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return unspaced
	case unicode.IsUpper(r) || unicode.IsLower(r):
		return otherCased
	}
	return otherScript
}

// path hashes the last element, the last two and the last three, and says what
// those around are for.
func path(whole string) (elements []uint64, in place) {
	for p := whole; len(p) > 0; {
		at := strings.LastIndexByte(p, '/') + 1
		element := p[at:]
		if len(elements) < 3 {
			elements = append(elements, hash(whole[at:]))
		}
		if in == nowhere || in == inList || in == inTable || in == inMain { // what is outer says more
			switch element {
			case "nav", "footer", "aside", "header", "form", "button", "select":
				in = inMenu
			case "figure", "figcaption":
				in = inFigure
			case "main", "article":
				in = inMain
			case "ul", "ol", "dl":
				in = inList
			case "table":
				in = inTable
			}
		}
		p = p[:max(0, at-1)]
	}

	return elements, in
}

// bucket is a number's order of magnitude in steps of half an octave: 0, 1, 2,
// 3, 4-5, 6-7, 8-11 and so on.
func bucket(n int) uint64 {
	if n < 2 {
		return uint64(max(n, 0))
	}
	e := bits.Len(uint(n)) - 1

	return uint64(2*e) + uint64(n>>(e-1)&1)
}

// basis is that of FNV-1a.
const basis = 14695981039346656037

// hash is of a whole string, and never 0.
func hash[T string | []byte](s T) uint64 {
	h := uint64(basis)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h) | 1
}

// mix spreads what differs in one bit over all of them (SplitMix64).
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// subject numbers the words that say what a document is about.
type subject map[uint64]int

// subjectOf takes them from the first block and from the path of the address,
// which on most pages both have the title.
func subjectOf(d corpus.Document, x *text.Index) subject {
	out := subject{}
	add := func(s string) {
		var l look
		for len(s) > 0 && len(out) < 32 { // a few words at a time, because no more are kept
			n := min(len(s), 24)
			for n < len(s) && s[n] != ' ' && s[n] != '-' && s[n] != '/' {
				n++
			}
			l = look{}
			l.read(s[:n], nil)
			for _, h := range l.hashes {
				if _, ok := out[h]; !ok && len(out) < 32 {
					out[h] = len(out)
				}
			}
			s = s[n:]
		}
	}

	if len(d.Blocks) > 0 {
		add(x.Slice(d.Blocks[0].Range))
	}
	if u, err := url.Parse(d.URL); err == nil {
		add(u.Path)
	}

	return out
}
