package crf

import (
	"encoding/binary"
	"errors"
	"math"
)

// Version is of the form of a kept model. One of another is refused.
const Version = 1

var errDamaged = errors.New("a kept model is damaged")

// MarshalBinary is the model as it is kept: the version, the numbers of states
// and features, the transitions, and the rows of weights that are not 0, each
// by its distance from the one before. Equal models give equal bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	b := binary.AppendUvarint([]byte{Version}, uint64(m.States))
	b = binary.AppendUvarint(b, uint64(m.Features))
	b = appendFloats(b, m.transitions)
	next := 0
	for r := range m.Features {
		row := m.weights[r*m.States:][:m.States]
		if zero(row) {
			continue
		}
		b = binary.AppendUvarint(b, uint64(r-next))
		b = appendFloats(b, row)
		next = r + 1
	}

	return b, nil
}

// UnmarshalBinary is the way back. On an error m is as it was.
func (m *Model) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || b[0] != Version {
		return errDamaged
	}
	d := decoder{b: b[1:]}
	n := Model{States: d.int(MaxStates), Features: d.int(MaxFeatures)}
	moves := (n.States + 1) * n.States
	if n.States < 1 || n.Features < 1 || n.States*n.Features > maxWeights || len(d.b) < 4*moves {
		return errDamaged
	}

	n.transitions = make([]float32, moves)
	d.floats(n.transitions, true)
	n.weights = make([]float32, n.States*n.Features)
	for r := 0; len(d.b) > 0; r++ {
		r += d.int(n.Features)
		if r >= n.Features {
			return errDamaged
		}
		d.floats(n.weights[r*n.States:][:n.States], false)
	}
	if d.bad || sound(n.transitions, n.States) != nil {
		return errDamaged
	}
	*m = n

	return nil
}

func zero(row []float32) bool {
	for _, w := range row {
		if w != 0 {
			return false
		}
	}
	return true
}

func appendFloats(b []byte, fs []float32) []byte {
	for _, f := range fs {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// decoder takes numbers off the front; after a bad one there is nothing left.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) fail() { d.bad, d.b = true, nil }

// int is a number up to limit.
func (d *decoder) int(limit int) int {
	v, size := binary.Uvarint(d.b)
	if size <= 0 || v > uint64(limit) {
		d.fail()
		return 0
	}
	d.b = d.b[size:]

	return int(v)
}

// floats fills out; of what is not a number only -Inf is taken, where it may be.
func (d *decoder) floats(out []float32, closed bool) {
	if len(d.b) < 4*len(out) {
		d.fail()
		return
	}
	for i := range out {
		f := float64(math.Float32frombits(binary.LittleEndian.Uint32(d.b[4*i:])))
		if math.IsNaN(f) || math.IsInf(f, 1) || math.IsInf(f, -1) && !closed {
			d.fail()
			return
		}
		out[i] = float32(f)
	}
	d.b = d.b[4*len(out):]
}
