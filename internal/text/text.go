// Package text holds the one unit of position: a half-open range of Unicode
// code points over a text that never changes. Code points are what Python
// slices by, so exported positions work there as they are; Go counts bytes and
// a browser counts UTF-16 units, and every conversion between the three is
// done here and nowhere else.
//
// The package knows nothing of documents, blocks or labels.
package text

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Rule names the way a text is made from its source: decoded to UTF-8, a byte
// order mark at the start removed, CRLF turned into LF, nothing else. It is
// stored with each document; a better rule gets a new name, and documents made
// by the old one keep their text.
const Rule = "text-v1"

// Normalise applies Rule to an already decoded text: it drops a byte order mark
// at the start and turns each CRLF into LF, also where either was written twice
// by a careless program, so that a text made by it comes in again unchanged. A
// lone CR, NUL, NBSP and every form of composition stay as they are. Bytes that
// are not UTF-8 become U+FFFD, one for each run of them.
func Normalise(s string) string {
	s = strings.ToValidUTF8(strings.TrimLeft(s, "\ufeff"), "\ufffd")
	line, rest, crlf := strings.Cut(s, "\r\n")
	if !crlf {
		return s
	}

	var b strings.Builder
	b.Grow(len(s))
	for ; crlf; line, rest, crlf = strings.Cut(rest, "\r\n") {
		b.WriteString(strings.TrimRight(line, "\r"))
		b.WriteByte('\n')
	}
	b.WriteString(line)

	return b.String()
}

// Range is a half-open interval [Start, End) of code points.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Len is the number of code points covered.
func (r Range) Len() int { return r.End - r.Start }

// Contains reports whether o lies wholly inside r.
func (r Range) Contains(o Range) bool { return r.Start <= o.Start && o.End <= r.End }

// Overlaps reports whether the two share at least one code point.
func (r Range) Overlaps(o Range) bool { return max(r.Start, o.Start) < min(r.End, o.End) }

// In reports whether r is a range of a text of n code points.
func (r Range) In(n int) bool { return 0 <= r.Start && r.Start <= r.End && r.End <= n }

func (r Range) String() string { return fmt.Sprintf("[%d,%d)", r.Start, r.End) }

// step is how many code points lie between two remembered positions of an
// Index: a conversion decodes at most that many, and the memory is 1/8 of
// what a table of every position would need.
const step = 64

// Index converts positions of one text between code points, bytes and UTF-16
// code units. It is read-only after NewIndex and safe for concurrent use.
type Index struct {
	text  string
	n     int  // code points
	u     int  // UTF-16 units
	ascii bool // all three units coincide
	marks []mark
}

// mark is the position of code point i*step in the two other units.
type mark struct{ byte, unit int }

// NewIndex reads s once. s must be valid UTF-8, as every stored text is.
func NewIndex(s string) *Index {
	x := &Index{text: s, n: utf8.RuneCountInString(s)}
	if x.n == len(s) {
		x.u, x.ascii = x.n, true
		return x
	}

	x.marks = make([]mark, 0, x.n/step+1)
	n := 0
	for i, r := range s {
		if n%step == 0 {
			x.marks = append(x.marks, mark{i, x.u})
		}
		n++
		x.u += units(r)
	}

	return x
}

// units is how many UTF-16 code units a code point takes.
func units(r rune) int {
	if r >= 0x10000 {
		return 2
	}
	return 1
}

// Text is the indexed text.
func (x *Index) Text() string { return x.text }

// Len is the length of the text in code points.
func (x *Index) Len() int { return x.n }

// Byte is the byte offset of code point cp, for 0 ≤ cp ≤ Len.
func (x *Index) Byte(cp int) int {
	if x.ascii {
		return cp
	}
	b, _ := x.at(cp)

	return b
}

// UTF16 is the offset of code point cp in UTF-16 units, for 0 ≤ cp ≤ Len.
func (x *Index) UTF16(cp int) int {
	if x.ascii {
		return cp
	}
	_, u := x.at(cp)

	return u
}

func (x *Index) at(cp int) (byte, unit int) {
	if cp >= x.n {
		return len(x.text), x.u
	}

	m := x.marks[cp/step]
	for i := cp % step; i > 0; i-- {
		r, size := utf8.DecodeRuneInString(x.text[m.byte:])
		m.byte += size
		m.unit += units(r)
	}

	return m.byte, m.unit
}

// FromByte is the code point that starts at byte b. It is false where b is
// outside the text or inside a code point.
func (x *Index) FromByte(b int) (int, bool) {
	if b < 0 || b > len(x.text) {
		return 0, false
	}
	if x.ascii {
		return b, true
	}

	return x.search(b, func(m mark) int { return m.byte }, func(_ rune, size int) int { return size }, len(x.text))
}

// FromUTF16 is the code point that starts at UTF-16 unit u. It is false where
// u is outside the text or between the two halves of a surrogate pair.
func (x *Index) FromUTF16(u int) (int, bool) {
	if u < 0 || u > x.u {
		return 0, false
	}
	if x.ascii {
		return u, true
	}

	return x.search(u, func(m mark) int { return m.unit }, func(r rune, _ int) int { return units(r) }, x.u)
}

// search finds the code point whose position in another unit is exactly want.
func (x *Index) search(want int, unit func(mark) int, width func(rune, int) int, end int) (int, bool) {
	if want == end {
		return x.n, true
	}

	lo, hi := 0, len(x.marks)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; unit(x.marks[mid]) <= want {
			lo = mid
		} else {
			hi = mid
		}
	}

	cp, at, b := lo*step, unit(x.marks[lo]), x.marks[lo].byte
	for at < want {
		r, size := utf8.DecodeRuneInString(x.text[b:])
		b += size
		at += width(r, size)
		cp++
	}

	return cp, at == want
}

// Slice is the text that r covers. r must be In(Len).
func (x *Index) Slice(r Range) string { return x.text[x.Byte(r.Start):x.Byte(r.End)] }

// Within converts a range of UTF-16 units inside the block outer, as a browser
// sees it, to a range of the text. It is false where the units lie outside the
// block, run backwards, or cut a surrogate pair.
func (x *Index) Within(outer Range, from, to int) (Range, bool) {
	base := x.UTF16(outer.Start)
	start, ok1 := x.FromUTF16(base + from)
	end, ok2 := x.FromUTF16(base + to)
	r := Range{start, end}

	return r, ok1 && ok2 && from >= 0 && r.Start <= r.End && outer.Contains(r)
}

// Relative is the inverse of Within: the UTF-16 units of r counted from the
// start of outer.
func (x *Index) Relative(outer, r Range) (from, to int) {
	base := x.UTF16(outer.Start)

	return x.UTF16(r.Start) - base, x.UTF16(r.End) - base
}
