package split

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// SketchVersion says how texts become sketches. Those of another version cannot
// be compared and are made again.
const SketchVersion = 2

// width is how many words make a shingle.
const width = 5

// Shingles are hashes of all runs of five words of a text, each once, in order
// of their value, and how many words it has. Words are runs of letters and
// numbers with their marks, without case, in NFC and without zero-width
// characters; in scripts without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar)
// each character is a word. A text of fewer than five words is one shorter run;
// one without words, as of emoji alone, has none.
func Shingles(s string) (hashes []uint64, words int) {
	ws := wordHashes(s)
	n := max(len(ws)-width+1, min(len(ws), 1))
	hashes = make([]uint64, n)
	for i := range hashes {
		h := uint64(0)
		for _, w := range ws[i:min(i+width, len(ws))] {
			h = (h ^ w) * 0x9e3779b97f4a7c15
			h ^= h >> 29
		}
		hashes[i] = mix(h)
	}
	slices.Sort(hashes)

	return slices.Compact(hashes), len(ws)
}

// mix spreads what differs in one bit over all of them (SplitMix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// wordHashes hashes each word in place: a corpus has too many to make strings
// of them.
func wordHashes(s string) []uint64 {
	const empty, prime = 14695981039346656037, 1099511628211 // FNV-1a
	s = norm.NFC.String(s)
	out := make([]uint64, 0, len(s)/6)
	h, open := uint64(empty), false
	end := func() {
		if open {
			out = append(out, h)
		}
		h, open = empty, false
	}
	for _, r := range s {
		switch kindOf(r) {
		case inWord:
			h, open = (h^uint64(unicode.ToLower(r)))*prime, true
		case alone:
			end()
			h, open = (h^uint64(r))*prime, true
			end()
		case mark:
			if open {
				h = (h ^ uint64(r)) * prime
			}
		case between:
			end()
		}
	}
	end()

	return out
}

type runeKind uint8

const (
	between runeKind = iota
	inWord
	alone   // a word by itself
	mark    // belongs to the word that it stands in, if any
	skipped // is not there
)

func kindOf(r rune) runeKind {
	if r < utf8.RuneSelf {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return inWord
		}
		return between
	}
	switch {
	case r == 0x00ad, 0x200c <= r && r <= 0x200f, r == 0x2060, r == 0xfeff:
		return skipped
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		if r >= 0x0e00 && unicode.In(r, unspaced...) { // Thai is the first
			return alone
		}
		return inWord
	case unicode.IsMark(r):
		return mark
	}
	return between
}

var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// permutations is how many numbers a sketch has. An estimate of the Jaccard
// coefficient j has a standard error of √(j(1-j)/128): 0.035 at 0.8.
const permutations = 128

// Sketch stands for the set of a text's shingles: of each of 128 permutations
// the lowest member (Broder, On the resemblance and containment of documents,
// 1997), and of that 16 bits, by which two differ but once in 65 536 times (Li
// and König, b-bit minwise hashing, 2010). The zero value is of a text without
// words and is like none.
//
// That says how alike two texts are, and little of a short one inside a long
// one. For that it has a sample too: of the shingles whose hash is 0 modulo 8,
// in order, the upper half of the hash (the other sketch of Broder's paper; as
// FracMinHash in Irber and others, Lightweight compositional analysis of
// metagenomes with FracMinHash, 2022). What of a short text is sampled, is
// sampled in a longer one that holds it.
type Sketch struct {
	Words, Shingles int
	Mins            [permutations]uint16
	Sample          []uint32
}

// sampled is of how many shingles one is in the sample, in the mean.
const sampled = 8

// multipliers and addends are those of the permutations; their seed is fixed,
// because sketches are kept.
var multipliers, addends = func() (a, b [permutations]uint64) {
	r := rand.New(rand.NewPCG(SketchVersion, 0x616e6e6f74617465))
	for i := range a {
		a[i], b[i] = r.Uint64()|1, r.Uint64()
	}
	return a, b
}()

// SketchOf makes the sketch of a text.
func SketchOf(text string) Sketch {
	hashes, words := Shingles(text)
	s := Sketch{Words: words, Shingles: len(hashes)}
	if len(hashes) == 0 {
		return s
	}
	for i := range s.Mins {
		a, b, least := multipliers[i], addends[i], uint64(math.MaxUint64)
		for _, h := range hashes {
			least = min(least, (h*a+b)>>32)
		}
		s.Mins[i] = uint16(least)
	}
	s.Sample = make([]uint32, 0, len(hashes)/sampled+4)
	for _, h := range hashes {
		if h%sampled == 0 {
			s.Sample = append(s.Sample, uint32(h>>32))
		}
	}

	return s
}

// Like estimates the Jaccard coefficient of two texts; 0 where one has no
// words.
func (s *Sketch) Like(o *Sketch) float64 {
	if s.Shingles == 0 || o.Shingles == 0 {
		return 0
	}
	n := 0
	for i, m := range s.Mins {
		if m == o.Mins[i] {
			n++
		}
	}
	return float64(n) / permutations
}

// Equal reports whether two sketches are the same.
func (s *Sketch) Equal(o *Sketch) bool {
	return s.Words == o.Words && s.Shingles == o.Shingles && s.Mins == o.Mins && slices.Equal(s.Sample, o.Sample)
}

// minsBytes is how many bytes the lowest members take.
const minsBytes = 2 * permutations

// Bytes are the numbers of the sketch as they are kept.
func (s *Sketch) Bytes() []byte {
	out := make([]byte, 0, minsBytes+4*len(s.Sample))
	for _, m := range s.Mins {
		out = binary.LittleEndian.AppendUint16(out, m)
	}
	for _, h := range s.Sample {
		out = binary.LittleEndian.AppendUint32(out, h)
	}
	return out
}

// SetBytes reads them again.
func (s *Sketch) SetBytes(b []byte) error {
	if len(b) < minsBytes || (len(b)-minsBytes)%4 != 0 {
		return fmt.Errorf("a sketch cannot have %d bytes", len(b))
	}
	for i := range s.Mins {
		s.Mins[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	b = b[minsBytes:]
	s.Sample = make([]uint32, len(b)/4)
	for i := range s.Sample {
		s.Sample[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return nil
}
