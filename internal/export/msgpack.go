package export

import (
	"encoding/binary"
	"io"
)

// packer writes MessagePack as far as DocBin needs it. Without w it keeps all
// of it in b.
type packer struct {
	w   io.Writer
	b   []byte
	err error
}

// What MessagePack begins a value with. Up to 15 entries of a map or list, and
// up to 31 bytes of a string, are added to it.
const (
	packMap     = 0x80
	packList    = 0x90
	packText    = 0xa0
	packFalse   = 0xc2
	packBytes8  = 0xc4
	packBytes16 = 0xc5
	packBytes32 = 0xc6
	packText8   = 0xd9
	packText16  = 0xda
	packText32  = 0xdb
	packList16  = 0xdc
	packList32  = 0xdd
)

// put writes bytes as they are.
func (p *packer) put(b ...byte) {
	p.b = append(p.b, b...)
	if p.w != nil && len(p.b) >= 64<<10 {
		p.flush()
	}
}

// flush hands what was kept to the writer.
func (p *packer) flush() error {
	if p.err == nil {
		_, p.err = p.w.Write(p.b)
	}
	p.b = p.b[:0]

	return p.err
}

// mapping begins a map of at most 15 entries.
func (p *packer) mapping(n int) { p.put(packMap + byte(n)) }

// list begins a list.
func (p *packer) list(n int) {
	if n < 16 {
		p.put(packList + byte(n))
		return
	}
	p.length(n, 0, packList16, packList32)
}

func (p *packer) text(s string) {
	if len(s) < 32 {
		p.put(packText + byte(len(s)))
	} else {
		p.length(len(s), packText8, packText16, packText32)
	}
	p.put([]byte(s)...)
}

func (p *packer) bytes(b []byte) {
	p.length(len(b), packBytes8, packBytes16, packBytes32)
	p.put(b...)
}

// chunks writes bytes that lie in several pieces.
func (p *packer) chunks(in []*docBin, of func(*docBin) []byte) {
	n := 0
	for _, o := range in {
		n += len(of(o))
	}
	p.length(n, packBytes8, packBytes16, packBytes32)
	for _, o := range in {
		p.put(of(o)...)
	}
}

// length writes a length of 8, 16 or 32 bits; a kind without 8 has 0 there.
func (p *packer) length(n int, kind8, kind16, kind32 byte) {
	switch {
	case n < 1<<8 && kind8 != 0:
		p.put(kind8, byte(n))
	case n < 1<<16:
		p.put(binary.BigEndian.AppendUint16([]byte{kind16}, uint16(n))...)
	default:
		p.put(binary.BigEndian.AppendUint32([]byte{kind32}, uint32(n))...)
	}
}
