package blocks

import (
	"encoding/binary"
	"errors"
	"math"

	"annotate/internal/suggest/crf"
)

// Version is of the features and of the form in which a model is kept. One of
// another version says nothing of today's features, and is refused: it is
// trained again.
const Version = 2

// maxModel is far more than a model has.
const maxModel = 16 << 20

var errDamaged = errors.New("a kept model of blocks is damaged or of another version")

// MarshalBinary is the model as it is kept. Equal models give equal bytes.
func (m *Model) MarshalBinary() ([]byte, error) {
	chain, err := m.chain.MarshalBinary()
	if err != nil {
		return nil, err
	}
	b := binary.AppendUvarint([]byte{Version}, uint64(m.Documents))
	for _, f := range []float64{m.scale.slope, m.scale.shift} {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}

	return append(b, chain...), nil
}

// UnmarshalBinary is the way back. On an error m is as it was.
func (m *Model) UnmarshalBinary(b []byte) error {
	if len(b) == 0 || len(b) > maxModel || b[0] != Version {
		return errDamaged
	}
	documents, size := binary.Uvarint(b[1:])
	if size <= 0 || documents > math.MaxInt32 || len(b) < 1+size+16 {
		return errDamaged
	}
	b = b[1+size:]
	n := Model{Documents: int(documents), chain: &crf.Model{}}
	n.scale.slope = math.Float64frombits(binary.LittleEndian.Uint64(b))
	n.scale.shift = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
	if !n.scale.sound() || n.chain.UnmarshalBinary(b[16:]) != nil || n.chain.States != states || n.chain.Features != width {
		return errDamaged
	}
	*m = n

	return nil
}
