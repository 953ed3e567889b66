package agreement

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"

	"annotate/internal/corpus"
)

// Version is of the form and meaning of a kept tally: one that was kept under
// another is made anew.
const Version = 1

var errDamaged = errors.New("a kept tally is damaged")

// Marshal is the tally as the data file keeps it: the version, then numbers as
// varints, and figures of α as they are in memory.
func (t Tally) Marshal() []byte {
	b := append(make([]byte, 0, 32+8*len(t.Profiles)+24*len(t.Pairs)+12*len(t.Spans)+28*len(t.Unitizing)), Version)
	ints := func(ns ...int) {
		for _, n := range ns {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	ints(t.Documents, len(t.Profiles))
	for _, p := range t.Profiles {
		ints(p.Body, p.Boilerplate, p.Blocks, p.Words)
	}
	ints(len(t.Pairs))
	for _, p := range t.Pairs {
		ints(int(p.A), int(p.B), p.Documents)
		ints(p.Blocks[:]...)
		ints(p.Words[:]...)
	}
	ints(len(t.Spans))
	for _, s := range t.Spans {
		ints(int(s.A), int(s.B), int(s.Label), s.Exact, s.Overlap, s.OfA, s.OfB)
	}
	ints(len(t.Unitizing))
	for _, u := range t.Unitizing {
		ints(int(u.Label), u.Documents)
		for _, f := range []float64{u.Alpha, u.Observed, u.Expected} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
		}
	}

	return b
}

// Unmarshal is the way back. It takes the memory of the lists that t has, so
// that one tally can read many; what is not a whole tally of this Version is an
// error, and leaves t as the zero tally.
func (t *Tally) Unmarshal(b []byte) error {
	d := decoder{b: b}
	if len(b) == 0 || b[0] != Version {
		*t = Tally{}
		return errDamaged
	}
	d.b = b[1:]

	t.Documents = d.int()
	t.Profiles = sized(t.Profiles, d.length(4))
	for i := range t.Profiles {
		t.Profiles[i] = Profile{d.int(), d.int(), d.int(), d.int()}
	}
	t.Pairs = sized(t.Pairs, d.length(11))
	for i := range t.Pairs {
		p := &t.Pairs[i]
		p.A, p.B, p.Documents = corpus.AnnotatorID(d.int()), corpus.AnnotatorID(d.int()), d.int()
		d.cells(&p.Blocks)
		d.cells(&p.Words)
	}
	t.Spans = sized(t.Spans, d.length(7))
	for i := range t.Spans {
		t.Spans[i] = PairSpans{corpus.AnnotatorID(d.int()), corpus.AnnotatorID(d.int()), corpus.LabelID(d.int()), d.int(), d.int(), d.int(), d.int()}
	}
	t.Unitizing = sized(t.Unitizing, d.length(26))
	for i := range t.Unitizing {
		t.Unitizing[i] = LabelUnitizing{corpus.LabelID(d.int()), d.int(), d.float(), d.float(), d.float()}
	}

	if d.bad || len(d.b) > 0 || !t.sound() {
		*t = Tally{}
		return errDamaged
	}
	return nil
}

// sound reports whether the lists are as merge needs them, and whether no pair
// of spans is counted that nobody marked.
func (t *Tally) sound() bool {
	for _, s := range t.Spans {
		if s.Exact > s.Overlap || s.Overlap > min(s.OfA, s.OfB) {
			return false
		}
	}
	return ascending(t.Profiles, byProfile) && ascending(t.Pairs, byPair) && ascending(t.Spans, byPairSpans) && ascending(t.Unitizing, byUnitizing)
}

func ascending[T any](rows []T, compare func(a, b *T) int) bool {
	for i := 1; i < len(rows); i++ {
		if compare(&rows[i-1], &rows[i]) >= 0 {
			return false
		}
	}
	return true
}

// sized is a list of n rows, in the memory of rows where that is enough.
func sized[T any](rows []T, n int) []T { return slices.Grow(rows[:0], n)[:n] }

// decoder takes numbers off the front; after a bad one it gives zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) int() int {
	if len(d.b) > 0 && d.b[0] < 0x80 { // nearly all of them
		n := int(d.b[0])
		d.b = d.b[1:]
		return n
	}
	v, size := binary.Uvarint(d.b)
	if size <= 0 || v > math.MaxInt64 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[size:]

	return int(v)
}

// length is how many rows follow, each of least bytes at least: a damaged
// number must not ask for memory.
func (d *decoder) length(least int) int {
	n := d.int()
	if n > len(d.b)/least {
		d.bad, d.b = true, nil
		return 0
	}
	return n
}

func (d *decoder) cells(cells *[4]int) {
	for i := range cells {
		cells[i] = d.int()
	}
}

func (d *decoder) float() float64 {
	if len(d.b) < 8 {
		d.bad, d.b = true, nil
		return 0
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(d.b))
	d.b = d.b[8:]
	if math.IsNaN(f) || math.IsInf(f, 0) {
		d.bad = true
	}

	return f
}
