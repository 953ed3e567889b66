package suggest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"annotate/internal/corpus"
	"annotate/internal/suggest/blocks"
	"annotate/internal/suggest/spans"
)

// version is of the form in which what was learnt is kept.
const version = 1

var errDamaged = errors.New("what was learnt is damaged, or of another version")

// MarshalBinary is what was learnt as it is kept: the report and both models,
// each after its length. Equal ones give equal bytes.
func (l *Learned) MarshalBinary() ([]byte, error) {
	report, err := json.Marshal(l.Report)
	if err != nil {
		return nil, err
	}
	ofBlocks, err := l.Blocks.MarshalBinary()
	if err != nil {
		return nil, err
	}
	ofSpans, err := l.Spans.MarshalBinary()
	if err != nil {
		return nil, err
	}

	out := []byte{version}
	for _, part := range [][]byte{report, ofBlocks, ofSpans} {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}

	return out, nil
}

// Read is the way back; id is the number under which it was kept.
func Read(id corpus.ModelID, b []byte) (*Learned, error) {
	if len(b) == 0 || b[0] != version {
		return nil, errDamaged
	}
	b = b[1:]
	var parts [3][]byte
	for i := range parts {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, errDamaged
		}
		parts[i], b = b[size:size+int(n)], b[size+int(n):]
	}
	l := &Learned{ID: id, Blocks: &blocks.Model{}, Spans: &spans.Model{}}
	err := errors.Join(json.Unmarshal(parts[0], &l.Report), l.Blocks.UnmarshalBinary(parts[1]), l.Spans.UnmarshalBinary(parts[2]))
	if err != nil || len(b) > 0 {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}

	return l, nil
}
