package export

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zlib"

	"annotate/internal/corpus"
)

// SpaCy is files of spaCy's own, in a folder for each split, which spaCy takes
// where it asks for a corpus. They hold our tokens, so that no span is lost to
// another way of cutting words.
var SpaCy = Format{
	Name: "spacy", Ext: "spacy", MediaType: "application/octet-stream", Unit: "code points",
	About:  "DocBin files for spaCy 3, with our tokens: doc.ents without overlaps, and all spans in doc.spans[\"sc\"]. The body alone, or all blocks where asked. Spans must not cut a word.",
	folder: writeSpaCy,
	once:   true,
	loses: func(g corpus.Gold, n names, lost func(Loss)) {
		tagLosses(g, n, func(l Loss) {
			if l.Kind != LossOverlap { // the group of spans has it
				lost(l)
			}
		})
	},
}

// docBinTokens is how many tokens a file holds, more or less: it is built in
// memory, and spaCy reads it as a whole.
const docBinTokens = 1 << 20

// writeSpaCy writes the files of all splits in one reading: each is written
// when it is full, and at the end what is left.
func writeSpaCy(ctx context.Context, out Folder, d Dataset) error {
	bins, written := map[string]*docBin{}, map[string]int{}
	for _, split := range d.Splits {
		bins[split] = newDocBin()
	}
	flush := func(split string) error {
		w, err := out.Create(fmt.Sprintf("%s/%05d.spacy", cmp.Or(split, undivided), written[split]))
		if err != nil {
			return err
		}
		err = bins[split].write(w)
		bins[split] = newDocBin()
		written[split]++
		return err
	}

	err := surveying(ctx, d.survey, d.of(""), func(gold []corpus.Gold) (map[string]*docBin, error) {
		parts := map[string]*docBin{}
		for _, g := range gold {
			split := ""
			if d.split != nil {
				split = d.split(g.Document)
			}
			if parts[split] == nil {
				parts[split] = newDocBin()
			}
			parts[split].add(g, d.names)
		}
		return parts, nil
	}, func(parts map[string]*docBin) error {
		for _, split := range d.Splits {
			bin, part := bins[split], parts[split]
			if part == nil {
				continue
			}
			bin.join(part)
			if bin.tokens >= docBinTokens {
				if err := flush(split); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}

	for _, split := range d.Splits {
		if len(bins[split].parts) > 0 || written[split] == 0 {
			if err := flush(split); err != nil {
				return err
			}
		}
	}

	return nil
}

// docBin is spaCy's DocBin: a row of numbers for each token, whether a space
// follows it, how many tokens each document has, and the strings that the
// numbers stand for. What was joined to it stays in parts, because it is large
// and is only written.
type docBin struct {
	rows    []byte // token, IOB, type: three uint64 each
	spaces  []byte
	lengths []byte   // uint32 each
	groups  [][]byte // of spans, for each document
	data    [][]byte // what else is known of each document
	strings map[string]bool

	parts  []*docBin
	tokens int // of the parts
}

func newDocBin() *docBin { return &docBin{strings: map[string]bool{"": true}} }

// join adds the documents of another bin.
func (b *docBin) join(o *docBin) {
	maps.Copy(b.strings, o.strings)
	o.strings = nil
	b.parts = append(b.parts, o)
	b.tokens += len(o.spaces)
}

// How spaCy numbers what a token is of an entity. A 0 would be "nobody looked".
const (
	spacyInside  = 1
	spacyOutside = 2
	spacyBegin   = 3
)

// rowSize is how many bytes a row has.
const rowSize = 3 * 8

// add adds a document. spaCy puts its text together again from tokens and the
// single spaces behind them, so that all other white space, and what cannot be
// seen, has to be a token.
func (b *docBin) add(g corpus.Gold, n names) {
	l := layOut(g, n)
	b.rows = slices.Grow(b.rows, rowSize*l.end/4)
	rest, cp, count := l.whole, 0, 0
	put := func(word string, iob, kind uint64) {
		b.strings[word] = true
		for _, v := range [...]uint64{spacyID(word), iob, kind} {
			b.rows = binary.LittleEndian.AppendUint64(b.rows, v)
		}
		b.spaces = append(b.spaces, 0)
		count++
	}
	// gap writes what stands before code point to.
	gap := func(to int, iob, kind uint64) {
		size := 0
		for ; cp < to; cp++ {
			_, s := utf8.DecodeRuneInString(rest[size:])
			size += s
		}
		between := rest[:size]
		rest = rest[size:]
		if count > 0 && strings.HasPrefix(between, " ") {
			b.spaces[len(b.spaces)-1] = 1
			between = between[1:]
		}
		if between != "" {
			put(between, iob, kind)
		}
	}

	var group []byte
	spans := 0
	for _, p := range l.parts() {
		ts := tokens(p)
		es := entities(ts, p.spans, func(string, corpus.Span) {})
		places := make([]int, len(ts))
		for i, t := range ts {
			for len(es) > 0 && es[0].to <= i {
				es = es[1:]
			}
			iob, kind, before := uint64(spacyOutside), uint64(0), uint64(0)
			if len(es) > 0 && es[0].from <= i {
				iob, kind = spacyInside, spacyID(n.labels[es[0].span.Label])
				if before = kind; es[0].from == i {
					iob, before = spacyBegin, 0
				}
			}
			if before != 0 {
				gap(t.Start, spacyInside, before)
			} else {
				gap(t.Start, spacyOutside, 0)
			}
			places[i] = count
			put(t.text, iob, kind)
			cp, rest = t.End, rest[len(t.text):]
		}

		for _, s := range p.spans {
			label := n.labels[s.Label]
			b.strings[label] = true
			if a, ok := align(ts, s); ok {
				group = appendSpaCySpan(group, spacyID(label), places[a.from], places[a.to-1]+1, ts[a.from].Start, ts[a.to-1].End)
				spans++
			}
		}
	}
	gap(l.end, spacyOutside, 0)

	b.lengths = binary.LittleEndian.AppendUint32(b.lengths, uint32(count))
	b.groups = append(b.groups, spanGroups(group, spans))
	var data packer
	data.mapping(1)
	data.text("id")
	data.text(g.Document.Key())
	b.data = append(b.data, data.b)
}

// appendSpaCySpan writes a span as spaCy's SpanGroup does: big-endian id,
// knowledge base id and label, then tokens and characters.
func appendSpaCySpan(b []byte, label uint64, from, to, start, end int) []byte {
	const size = 3*8 + 4*4
	b = append(b, packBytes8, size)
	b = append(b, make([]byte, 2*8)...)
	b = binary.BigEndian.AppendUint64(b, label)
	for _, v := range [...]int{from, to, start, end} {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}

	return b
}

// spanGroups is the one group of a document, under the name that spaCy's span
// categorizer looks for; an empty list where there is none.
func spanGroups(spans []byte, n int) []byte {
	var groups, group packer
	if n == 0 {
		groups.list(0)
		return groups.b
	}
	group.mapping(3)
	group.text("name")
	group.text("sc")
	group.text("attrs")
	group.mapping(0)
	group.text("spans")
	group.list(n)
	group.put(spans...)
	groups.list(1)
	groups.bytes(group.b)

	return groups.b
}

// The attributes of a row, by spaCy's numbers: ORTH, ENT_IOB, ENT_TYPE.
var docBinAttributes = []byte{65, 77, 78}

// write writes what was joined as spaCy does: MessagePack, compressed.
func (b *docBin) write(w io.Writer) error {
	z := zlib.NewWriter(w)
	p := packer{w: z}

	p.mapping(10)
	p.text("version")
	p.text("0.1")
	p.text("attrs")
	p.list(len(docBinAttributes))
	p.put(docBinAttributes...)
	for _, column := range []struct {
		name string
		of   func(*docBin) []byte
	}{
		{"tokens", func(o *docBin) []byte { return o.rows }},
		{"spaces", func(o *docBin) []byte { return o.spaces }},
		{"lengths", func(o *docBin) []byte { return o.lengths }},
	} {
		p.text(column.name)
		p.chunks(b.parts, column.of)
	}
	p.text("strings")
	words := slices.Sorted(maps.Keys(b.strings))
	p.list(len(words))
	for _, s := range words {
		p.text(s)
	}
	b.each(&p, "cats", func(*docBin, int) { p.mapping(0) })
	b.each(&p, "flags", func(*docBin, int) {
		p.mapping(1)
		p.text("has_unknown_spaces")
		p.put(packFalse)
	})
	b.each(&p, "span_groups", func(o *docBin, i int) { p.bytes(o.groups[i]) })
	b.each(&p, "user_data", func(o *docBin, i int) { p.bytes(o.data[i]) })

	return errors.Join(p.flush(), z.Close())
}

// each writes a list with one entry a document.
func (b *docBin) each(p *packer, name string, add func(o *docBin, i int)) {
	documents := 0
	for _, o := range b.parts {
		documents += len(o.groups)
	}
	p.text(name)
	p.list(documents)
	for _, o := range b.parts {
		for i := range o.groups {
			add(o, i)
		}
	}
}
