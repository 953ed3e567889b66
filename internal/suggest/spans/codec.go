package spans

import (
	"encoding/binary"
	"errors"
	"math"

	"annotate/internal/corpus"
	"annotate/internal/suggest/crf"
)

// Version is of the form of a kept model, and of what its features mean. One of
// another is refused.
const Version = 1

// Bounds of what reading a model may ask for.
const (
	maxEntries = 1 << 20
	maxQuote   = 1 << 12 // bytes
	maxLabels  = (crf.MaxStates - 1) / 2
)

var errDamaged = errors.New("a kept model of spans is damaged, or of another version")

// MarshalBinary is the model as it is kept: the version, what it learnt spans
// of, when it speaks, its strings, and the field. Equal models give equal bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	b := []byte{Version, flags(m.outside)}
	for _, x := range []float64{m.scale.stretch, m.scale.shift, m.least} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	b = binary.AppendUvarint(b, uint64(len(m.labels)))
	for _, id := range m.labels {
		b = binary.AppendUvarint(b, uint64(id))
	}

	b = m.names.append(b)
	if m.crf == nil {
		return b, nil
	}
	field, err := m.crf.MarshalBinary()

	return append(b, field...), err
}

// UnmarshalBinary is the way back. On an error m is as it was.
func (m *Model) UnmarshalBinary(b []byte) error {
	d := decoder{b: b}
	if d.byte() != Version {
		return errDamaged
	}
	n := Model{Source: corpus.FromModel, outside: d.byte()&1 > 0}
	n.scale = scale{d.float(0, math.MaxFloat64), d.float(-math.MaxFloat64, math.MaxFloat64)}
	n.least = d.float(0, muted)
	for range d.int(maxLabels) {
		n.labels = append(n.labels, corpus.LabelID(d.int(math.MaxInt)))
		if k := len(n.labels); k > 1 && n.labels[k-2] >= n.labels[k-1] {
			return errDamaged
		}
	}

	n.names = d.matcher()
	if d.bad {
		return errDamaged
	}
	if len(d.b) > 0 {
		n.crf = &crf.Model{}
		if err := n.crf.UnmarshalBinary(d.b); err != nil || n.crf.States != 1+2*len(n.labels) {
			return errDamaged
		}
	}
	*m = n

	return nil
}

// append writes the strings and what is said of each.
func (m *Matcher) append(b []byte) []byte {
	b = append(b, flags(m.body))
	b = binary.AppendUvarint(b, uint64(len(m.entries)))
	for _, e := range m.entries {
		b = binary.AppendUvarint(b, uint64(len(e.Quote)))
		b = append(b, e.Quote...)
		for _, x := range []int{int(e.Label), e.Spans, e.Others, len(e.inner)} {
			b = binary.AppendUvarint(b, uint64(x))
		}
		b = append(b, flags(e.Shown, e.Decided))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.P))
		for _, in := range e.inner {
			for _, x := range []int{in.from, in.to, int(in.label)} {
				b = binary.AppendUvarint(b, uint64(x))
			}
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(in.p))
		}
	}

	return b
}

// matcher reads what append wrote. Strings that nothing would look for, and one
// that is there twice, are a mistake.
func (d *decoder) matcher() *Matcher {
	m := &Matcher{body: d.byte()&1 > 0}
	v, t, numbers := vocabulary{ids: map[string]uint32{}}, newTable(), map[string]int{}
	for i := range d.int(maxEntries) {
		quote := string(d.bytes(d.int(maxQuote)))
		e := Entry{Quote: quote, Label: corpus.LabelID(d.int(math.MaxInt)), Spans: d.int(math.MaxInt32), Others: d.int(math.MaxInt32), strict: strict(quote)}
		e.inner = make([]within, d.int(maxWords*maxWords))
		f := d.byte()
		e.Shown, e.Decided = f&1 > 0, f&2 > 0
		e.P = d.float(0, 1)
		ws := wordsOf(quote, 0)
		for k := range e.inner {
			in := within{from: d.int(len(ws)), to: d.int(len(ws)), label: corpus.LabelID(d.int(math.MaxInt)), p: d.float(0, 1)}
			if in.from >= in.to {
				d.bad = true
			}
			e.inner[k] = in
		}
		if d.bad || !worth(quote, ws) || t.entry(&v, numbers, quote) != i {
			d.b, d.bad = nil, true
			return m
		}
		m.entries = append(m.entries, e)
	}
	m.ids, m.trie = t.ids, t.trie

	return m
}

// flags are bits, the first the lowest.
func flags(of ...bool) (b byte) {
	for i, set := range of {
		if set {
			b |= 1 << i
		}
	}
	return b
}

// decoder reads a kept model. After the first mistake it is bad and gives 0.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.b) {
		d.b, d.bad = nil, true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]

	return out
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// int is a number up to most.
func (d *decoder) int(most int) int {
	x, n := binary.Uvarint(d.b)
	if n <= 0 || x > uint64(most) {
		d.b, d.bad = nil, true
		return 0
	}
	d.b = d.b[n:]

	return int(x)
}

// float is a number between least and most.
func (d *decoder) float(least, most float64) float64 {
	b := d.bytes(8)
	if b == nil {
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(b))
	if !(least <= x && x <= most) {
		d.b, d.bad = nil, true
		return 0
	}

	return x
}
