package score

import (
	"encoding/binary"
	"errors"
	"math"
)

// Version counts the changes of what measures say: scores that were kept under
// another one are taken again.
const Version = 1

// Encode is a score by the Usual measures as the data file keeps it, without
// ID and Site.
func (s Scored) Encode() []byte {
	b := make([]byte, 0, 64+len(s.Figures)*24)
	b = append(b, byte(len(s.Status)))
	b = append(b, s.Status...)
	ints := func(ns ...int) {
		for _, n := range ns {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	ints(s.Millis, len(s.Figures))
	for i, f := range s.Figures {
		m := Usual[i]
		if !m.Single {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.PRF.P))
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.PRF.R))
		}
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f.PRF.F1))
		ints(f.TP, f.FP, f.FN, len(f.Why))
		b = append(b, f.Why...)
	}
	ints(s.Everything.TP, s.Everything.FP, s.Everything.FN)
	ints(s.Fates.Kept, s.Fates.Lost, s.Fates.Leaked, s.Fates.Dropped, s.Fates.Unjudged, s.Fates.Cleaned, s.Fates.Invented, s.Fates.Moved)
	for _, c := range []Confusion{s.Blocks, s.ByWords} {
		ints(c.Body.TP, c.Body.FP, c.Body.FN, c.Right, c.Undecidable)
	}
	ints(s.Entities.Kept, s.Entities.Lost, s.Entities.Leaked, s.Entities.Dropped)
	ints(s.Kinds[:]...)

	return b
}

var errScore = errors.New("a kept score is damaged")

// Decode is the way back.
func Decode(b []byte) (Scored, error) {
	var s Scored
	bad := false
	n := func() int {
		v, size := binary.Uvarint(b)
		if size <= 0 || v > math.MaxInt32 {
			bad, b = true, nil
			return 0
		}
		b = b[size:]
		return int(v)
	}
	text := func(size int) string {
		if size > len(b) {
			bad, b = true, nil
			return ""
		}
		out := string(b[:size])
		b = b[size:]
		return out
	}
	float := func() float64 {
		if len(b) < 8 {
			bad, b = true, nil
			return 0
		}
		v := math.Float64frombits(binary.LittleEndian.Uint64(b))
		b = b[8:]
		return v
	}

	s.Status = Status(text(n()))
	s.Millis = n()
	if n() != len(Usual) {
		return s, errScore
	}
	s.Figures = make([]Figure, len(Usual))
	for i, m := range Usual {
		f := &s.Figures[i]
		f.PRF = PRF{math.NaN(), math.NaN(), math.NaN()}
		if !m.Single {
			f.PRF.P, f.PRF.R = float(), float()
		}
		f.PRF.F1 = float()
		f.TP, f.FP, f.FN = n(), n(), n()
		f.Why = text(n())
	}
	s.Everything = Counts{n(), n(), n()}
	s.Fates = Fates{n(), n(), n(), n(), n(), n(), n(), n()}
	for _, c := range []*Confusion{&s.Blocks, &s.ByWords} {
		c.Body = Counts{n(), n(), n()}
		c.Right, c.Undecidable = n(), n()
	}
	s.Entities = Entities{n(), n(), n(), n()}
	for i := range s.Kinds {
		s.Kinds[i] = n()
	}
	if bad || len(b) > 0 {
		return s, errScore
	}

	return s, nil
}
