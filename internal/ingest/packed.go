package ingest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packing is a compressed file that may be one of many parts, as web archives
// are, a part a record: behind damage it goes on at the next of them.
type packing interface {
	io.Reader

	// resync goes on at the next part that begins a record of a web archive,
	// and is false where there is none.
	resync() bool

	// begins is the first place behind after, counted in what comes out, where a
	// part begins with a record, and that part's place in the file. ok is false
	// where that is not known (yet). Places up to after are forgotten.
	begins(after int64) (at begin, ok bool)
}

// begin is where a part begins with a record: counted in what comes out, and in
// the file.
type begin struct{ out, raw int64 }

// recordStart is how each record of a web archive begins.
const recordStart = "WARC/"

// gzipMembers reads the members of a gzip file as one text, like a
// gzip.Reader, and knows where they begin.
type gzipMembers struct {
	b      *bufio.Reader
	z      *gzip.Reader
	at     func() int64 // in the file, of what is read next; set behind the first
	out    int64
	head   [len(recordStart)]byte
	ahead  []byte // of head, what was not read yet
	starts []begin
	probe  *gzip.Reader
}

// maxStarts is more than the members whose text fits into a buffer.
const maxStarts = 1 << 15

func newGzip(b *bufio.Reader) (*gzipMembers, error) {
	m := &gzipMembers{b: b, z: new(gzip.Reader), at: func() int64 { return 0 }}
	return m, m.open()
}

func (m *gzipMembers) Read(p []byte) (int, error) {
	for {
		if len(m.ahead) > 0 {
			n := copy(p, m.ahead)
			m.ahead = m.ahead[n:]
			m.out += int64(n)
			return n, nil
		}
		n, err := m.z.Read(p)
		m.out += int64(n)
		switch {
		case err == io.EOF && n > 0: // said again at the next Read
			return n, nil
		case err != io.EOF:
			return n, err
		}
		if _, err := m.b.Peek(1); err != nil {
			return 0, err
		}
		if err := m.open(); err != nil {
			return 0, err
		}
	}
}

// open begins a member.
func (m *gzipMembers) open() error {
	raw := m.at()
	if err := m.z.Reset(m.b); err != nil {
		return err
	}
	m.z.Multistream(false)
	n := 0
	for n < len(m.head) {
		more, err := m.z.Read(m.head[n:])
		n += more
		if err != nil { // Read says it again
			break
		}
	}
	if m.ahead = m.head[:n]; string(m.ahead) == recordStart {
		if len(m.starts) == maxStarts { // nobody asks
			m.starts = m.starts[:0]
		}
		m.starts = append(m.starts, begin{m.out, raw})
	}

	return nil
}

func (m *gzipMembers) begins(after int64) (begin, bool) {
	for len(m.starts) > 0 && m.starts[0].out <= after {
		m.starts = m.starts[1:]
	}
	if len(m.starts) == 0 {
		return begin{}, false
	}
	return m.starts[0], true
}

func (m *gzipMembers) resync() bool {
	m.ahead = nil
	return skipTo(m.b, []byte{0x1f, 0x8b, 8}, m.beginsHere) && m.open() == nil
}

func (m *gzipMembers) beginsHere(window []byte) bool {
	if m.probe == nil {
		m.probe = new(gzip.Reader)
	}
	var head [len(recordStart)]byte
	if m.probe.Reset(bytes.NewReader(window)) != nil {
		return false
	}
	_, err := io.ReadFull(m.probe, head[:])

	return err == nil && string(head[:]) == recordStart
}

// zstdFrames reads the frames of a zstd file as one text. Where they end inside
// it, the decoder does not tell.
type zstdFrames struct {
	*zstd.Decoder
	b    *bufio.Reader
	dict []byte
}

// maxDictionary bounds the dictionary that the frames of a .warc.zst share.
const maxDictionary = 8 << 20

func newZstd(b *bufio.Reader) (*zstdFrames, error) {
	dict, err := dictionary(b)
	if err != nil {
		return nil, err
	}
	d, err := zstdDecoder(b, dict)
	if err != nil {
		return nil, err
	}

	return &zstdFrames{d, b, dict}, nil
}

func zstdDecoder(r io.Reader, dict []byte) (*zstd.Decoder, error) {
	o := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32 << 20)}
	if dict != nil {
		o = append(o, zstd.WithDecoderDicts(dict))
	}
	return zstd.NewReader(r, o...)
}

func (z *zstdFrames) begins(int64) (begin, bool) { return begin{}, false }

func (z *zstdFrames) resync() bool {
	return skipTo(z.b, []byte{0x28, 0xb5, 0x2f, 0xfd}, z.beginsHere) && z.Reset(z.b) == nil
}

func (z *zstdFrames) beginsHere(window []byte) bool {
	d, err := zstdDecoder(bytes.NewReader(window), z.dict)
	if err != nil {
		return false
	}
	defer d.Close()
	var head [len(recordStart)]byte
	_, err = io.ReadFull(d, head[:])

	return err == nil && string(head[:]) == recordStart
}

// dictionary reads the dictionary that stands in the first, skippable frame of
// a .warc.zst (IIPC, "Zstandard compression of WARC files" 1.0), itself
// compressed or not; nil where there is none.
func dictionary(b *bufio.Reader) ([]byte, error) {
	head, _ := b.Peek(8)
	if len(head) < 8 || binary.LittleEndian.Uint32(head) != 0x184d2a5d {
		return nil, nil
	}
	n := binary.LittleEndian.Uint32(head[4:])
	if n > maxDictionary {
		return nil, refusal(fmt.Sprintf("its zstd dictionary is larger than %s, which is the limit", size(maxDictionary)))
	}
	b.Discard(8)
	dict := make([]byte, n)
	if _, err := io.ReadFull(b, dict); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	if !bytes.HasPrefix(dict, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
		return dict, nil
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDictionary))
	if err != nil {
		return nil, err
	}
	defer d.Close()

	return d.DecodeAll(dict, nil)
}

// skipTo discards what stands before the next place that begins with magic and
// that ok agrees to, and is false where there is none.
func skipTo(b *bufio.Reader, magic []byte, ok func(window []byte) bool) bool {
	for {
		window, err := b.Peek(b.Size())
		i := bytes.Index(window, magic)
		switch {
		case i < 0 && err != nil:
			return false
		case i < 0:
			b.Discard(len(window) - len(magic) + 1)
			continue
		case i > 0: // as much of it as fits decides
			b.Discard(i)
			continue
		case ok(window):
			return true
		}
		b.Discard(1)
	}
}
