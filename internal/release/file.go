package release

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// fileRecord is a line of an export of a release, as far as its hash sees it.
type fileRecord struct {
	ID, Text, SHA256, URL, Release string
	Blocks                         []struct {
		Start, End int
		Class      corpus.Class
		Reason     string
	}
	Spans []struct {
		Start, End   int
		Label, Quote string
	}
	Annotators []string
	Sealed     *struct {
		Segmenter, DecidedBy string
		Basis                corpus.Basis
		Cut                  []int
	}
}

// VerifyFile holds an export of a release (JSON Lines) against its manifest:
// each text against its own hash, and all of them against the hash of the
// release. Where expected is not nil it is the hash of each document by key, and
// each document that differs is named; otherwise only those are whose text is
// spoilt. The error is one of reading, or of a line that is no record.
func VerifyFile(r io.Reader, m corpus.ReleaseManifest, expected map[string]Hash, found func(corpus.ReleaseDifference)) error {
	sum := NewSum()
	sum.NoSites = true
	deciders := map[string]corpus.AnnotatorID{}
	for _, p := range m.Deciders {
		deciders[p.Name] = p.ID
	}
	seen := map[string]bool{}

	lines := bufio.NewReaderSize(r, 1<<20)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if errors.Is(err, io.EOF) {
			found(corpus.ReleaseDifference{Reason: fmt.Sprintf("line %d has no end: the file is cut off", n)})
		}

		var f fileRecord
		if err := json.Unmarshal(line, &f); err != nil {
			found(corpus.ReleaseDifference{Reason: fmt.Sprintf("line %d is no record of an export", n)})
			sum.Partial = true
			continue
		}
		hash, counted, why := f.hash(m.Name, deciders)
		if was, known := expected[f.ID]; why == "" && expected != nil {
			switch {
			case seen[f.ID]:
				why = "it stands in the file twice"
			case !known:
				why = "it is not in the release"
			case was != hash:
				why = "its record is not the one that was released: its blocks, what was decided, a label's name, or who decided it"
			}
		}
		if why != "" {
			found(corpus.ReleaseDifference{Key: f.ID, Reason: fmt.Sprintf("line %d: %s", n, why)})
		}
		seen[f.ID] = true
		sum.Add(counted, hash)
	}

	if missing := len(expected) - within(seen, expected); expected != nil && missing > 0 {
		found(corpus.ReleaseDifference{Reason: fmt.Sprintf("%d of the %d documents of the release are not in the file", missing, m.Documents)})
	}
	for _, why := range sum.Compare(m) {
		found(corpus.ReleaseDifference{Reason: why})
	}

	return nil
}

// within counts the keys that were seen and expected.
func within(seen map[string]bool, expected map[string]Hash) int {
	n := 0
	for key := range expected {
		if seen[key] {
			n++
		}
	}
	return n
}

// hash is the hash of a line's document; why says what is wrong with the line
// by itself.
func (f fileRecord) hash(name string, deciders map[string]corpus.AnnotatorID) (hash Hash, c Counted, why string) {
	switch text := sha256.Sum256([]byte(f.Text)); {
	case f.Release != name:
		why = fmt.Sprintf("it says that it is of the release %q", f.Release)
	case f.Sealed == nil:
		why = "it has no field sealed, so it is not an export of a release"
	case hex.EncodeToString(text[:]) != f.SHA256:
		why = "its text is not the one that its hash is of"
	}
	if f.Sealed == nil {
		return hash, c, why
	}

	r := Record{Key: f.ID, Text: f.SHA256, Segmenter: f.Sealed.Segmenter, URL: f.URL, Annotators: f.Annotators, DecidedBy: f.Sealed.DecidedBy, Basis: f.Sealed.Basis}
	for _, b := range f.Blocks {
		r.Pieces = append(r.Pieces, corpus.Piece{Range: text.Range{Start: b.Start, End: b.End}, Class: b.Class, Reason: b.Reason})
		if f.Sealed.Cut == nil {
			r.Blocks = append(r.Blocks, text.Range{Start: b.Start, End: b.End})
		}
	}
	for i := 0; i+1 < len(f.Sealed.Cut); i += 2 {
		r.Blocks = append(r.Blocks, text.Range{Start: f.Sealed.Cut[i], End: f.Sealed.Cut[i+1]})
	}
	for _, s := range f.Spans {
		r.Spans = append(r.Spans, Span{text.Range{Start: s.Start, End: s.End}, s.Label, s.Quote})
	}

	return r.Hash(), Counted{Segmenter: r.Segmenter, Basis: r.Basis, Annotators: r.Annotators, DecidedBy: deciders[r.DecidedBy]}, why
}

// ManifestBeside reads the manifest that stands beside an export of a release.
func ManifestBeside(b []byte) (corpus.ReleaseManifest, error) {
	var m struct {
		Release *corpus.ReleaseManifest `json:"release"`
	}
	if err := json.Unmarshal(bytes.TrimSpace(b), &m); err != nil {
		return corpus.ReleaseManifest{}, corpus.Invalidf("", "the manifest is no JSON")
	}
	if m.Release == nil {
		return corpus.ReleaseManifest{}, corpus.Invalidf("", "the manifest names no release; export with --release")
	}

	return *m.Release, nil
}
