package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Standoff is the native record without any text, for data whose text may not
// be passed on: who has the pages fills it in with Rehydrate. Quotes and
// metadata are left out, because they may be text too.
var Standoff = Format{
	Name:      "standoff",
	Ext:       "jsonl",
	MediaType: "application/jsonl",
	Unit:      "code points",
	Divided:   true,
	About:     "JSON Lines without text, quotes and metadata, for texts that may not be passed on: hashes, address, blocks and spans. Who has the pages gets the records back with: annotate export --rehydrate.",
	append:    func(b []byte, g corpus.Gold, n names) ([]byte, error) { return appendStandoff(b, g, n), nil },
}

func appendStandoff(b []byte, g corpus.Gold, n names) []byte {
	d := g.Document
	b = append(b, `{"id":`...)
	b = appendString(b, d.Key())
	b = append(b, `,"sha256":`...)
	b = appendString(b, d.SHA256)
	b = append(b, `,"source_sha256":`...)
	b = appendString(b, d.SourceHash)
	if d.URL != "" {
		b = append(b, `,"url":`...)
		b = appendString(b, d.URL)
	}
	if d.Language != "" {
		b = append(b, `,"language":`...)
		b = appendString(b, d.Language)
	}

	b = appendPieces(b, g.Pieces)
	b = append(b, `,"spans":[`...)
	for i, s := range g.Spans {
		b = appendRange(b, i, s.Range)
		b = append(b, `,"label":`...)
		b = appendString(b, n.labels[s.Label])
		b = append(b, '}')
	}

	return appendEnd(append(b, ']'), g, n)
}

// Record is a stand-off record as it is read.
type Record struct {
	ID           string `json:"id"`
	SHA256       string `json:"sha256"`        // of the text, lower-case hex
	SourceSHA256 string `json:"source_sha256"` // of the bytes that the text was made of
	URL          string `json:"url"`
	Language     string `json:"language"`
	Blocks       []struct {
		text.Range
		Class  corpus.Class `json:"class"`
		Reason string       `json:"reason"`
	} `json:"blocks"`
	Spans []struct {
		text.Range
		Label string `json:"label"`
	} `json:"spans"`
	Layer      string          `json:"layer"`
	Annotators []string        `json:"annotators"`
	Split      *string         `json:"split"`
	Release    *string         `json:"release"`
	Sealed     json.RawMessage `json:"sealed"`
}

// ReadRecord reads a line of a stand-off file. The error is *corpus.Invalid.
func ReadRecord(line []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(line, &r); err != nil || r.SHA256 == "" || r.Blocks == nil || (r.Release == nil) != (r.Sealed == nil) {
		return r, corpus.Invalidf("", `it is no stand-off record, which is an object with "sha256", "blocks" and "spans"`)
	}
	r.SHA256, r.SourceSHA256 = strings.ToLower(r.SHA256), strings.ToLower(r.SourceSHA256)

	return r, nil
}

// Rehydrate is the native record of a stand-off record and its text: the line
// that JSONL writes of the same gold, but for metadata. The error is
// *corpus.Invalid where the text is another one than was labelled.
func Rehydrate(r Record, t string) ([]byte, error) {
	if sum := sha256.Sum256([]byte(t)); hex.EncodeToString(sum[:]) != r.SHA256 {
		return nil, corpus.Invalidf("text", "the text of %s is another one than was labelled: its hash differs", r.ID)
	}
	x := text.NewIndex(t)
	for _, p := range r.Blocks {
		if !p.In(x.Len()) {
			return nil, corpus.Invalidf("blocks", "the block at %v of %s lies outside its text, which has %d characters", p.Range, r.ID, x.Len())
		}
	}
	for _, s := range r.Spans {
		if !s.In(x.Len()) {
			return nil, corpus.Invalidf("spans", "the span at %v of %s lies outside its text, which has %d characters", s.Range, r.ID, x.Len())
		}
	}

	// Labels have no numbers here, so each span gets one of its own.
	g := corpus.Gold{Document: corpus.Document{ExternalID: r.ID, Text: t, SHA256: r.SHA256, URL: r.URL, Language: r.Language}, Annotators: r.Annotators}
	n := names{labels: map[corpus.LabelID]string{}}
	for _, p := range r.Blocks {
		g.Pieces = append(g.Pieces, corpus.Piece{Range: p.Range, Class: p.Class, Reason: p.Reason})
	}
	for i, s := range r.Spans {
		n.labels[corpus.LabelID(i)] = s.Label
		g.Spans = append(g.Spans, corpus.Span{Range: s.Range, Label: corpus.LabelID(i), Quote: x.Slice(s.Range)})
	}
	if r.Split != nil {
		n.split = func(corpus.Document) string { return *r.Split }
	}
	b, err := appendRecord(nil, g, n)
	if err != nil || r.Release == nil {
		return b, err
	}

	b = append(b[:len(b)-len("}\n")], `,"release":`...)
	b = appendString(b, *r.Release)
	b = append(b, `,"sealed":`...)
	b = append(b, r.Sealed...)

	return append(b, "}\n"...), nil
}
