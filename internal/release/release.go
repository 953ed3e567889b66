// Package release says what a release of gold is to the byte: a hash that
// anybody can compute again from an export and the manifest beside it, with no
// program of ours. A dataset that is cited must be the dataset that was meant,
// so everything that a reader may rely on is under the hash: the text, the
// blocks as they were cut, what was decided, by whom and by which rule, the
// names of the labels, the guidelines. It knows no data file.
//
// A field is written as a netstring: its length in bytes in decimal, a colon,
// the bytes (UTF-8), a comma. A number is a field in decimal, a flag is the
// number 0 or 1, and a list is the number of its members, then each member's
// fields. Names of maps are in the order of their bytes. The hash of a document
// is the SHA-256 of these fields:
//
//	schema      "annotate-release-1"
//	key         the record's id
//	text        SHA-256 of the text, lower-case hex
//	segmenter   the rule that cut the text into blocks
//	url         "" without one
//	blocks      a list of start, end: the record's sealed.cut, or where that is
//	            absent the start and end of each of its blocks
//	pieces      a list of start, end, class, reason: the record's blocks
//	spans       a list of start, end, the label's name, the quote
//	annotators  a list of names
//	decided by  the name of who decided or corrected it, "" for a rule
//	basis       what the gold rests on
//
// The hash of the release is the SHA-256 of: schema, project, name, note, time
// (RFC 3339 in UTC, with milliseconds: 2026-11-25T13:22:58.000Z), by, program,
// documents, sites, labels (a list of name, title, retired), guidelines,
// overlap, overlap share, rule, segmenters (a list of name, number), bases,
// annotators (both likewise), deciders (a list of name, number in the
// manifest's order), and at last the SHA-256, lower-case hex, of the documents'
// hashes as 32 bytes each, in the order of the export.
//
// What a page brought along as metadata is no part of it.
package release

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strconv"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Schema names the way in which hashes are made. Another way gets another name.
const Schema = "annotate-release-1"

// Hash is a SHA-256.
type Hash = [sha256.Size]byte

// Record is a document of a release as its hash sees it.
type Record struct {
	Key        string
	Text       string // the hash of the text, lower-case hex
	Segmenter  string
	URL        string
	Blocks     []text.Range
	Pieces     []corpus.Piece
	Spans      []Span
	Annotators []string
	DecidedBy  string
	Basis      corpus.Basis
}

// Span names its label, because a label may be called something else later.
type Span struct {
	text.Range
	Label, Quote string
}

// Names are what a release calls its labels and those who decided.
type Names struct {
	Labels   map[corpus.LabelID]string
	Deciders map[corpus.AnnotatorID]string
}

// NamesOf are the names in a manifest.
func NamesOf(m corpus.ReleaseManifest) Names {
	return Names{m.Labels.Names(), m.DeciderNames()}
}

// RecordOf holds gold against all that a release promises and gives its record.
// The error is *corpus.Invalid and does not name the document.
func RecordOf(g corpus.Gold, names Names) (Record, error) {
	d := g.Document
	r := Record{Key: d.Key(), Text: d.SHA256, Segmenter: d.Segmenter, URL: d.URL, Pieces: g.Pieces, Annotators: g.Annotators, Basis: g.Basis, DecidedBy: names.Deciders[g.DecidedBy]}
	if h := sha256.Sum256([]byte(d.Text)); hex.EncodeToString(h[:]) != d.SHA256 {
		return r, corpus.Invalidf("", "its text is not the one that was stored")
	}
	if err := corpus.CheckPieces(d, g.Pieces); err != nil {
		return r, err
	}
	if err := corpus.CheckSpans(text.NewIndex(d.Text), g.Pieces, g.Spans); err != nil {
		return r, err
	}
	for _, p := range g.Pieces {
		if p.Class == corpus.Undecided {
			return r, corpus.Invalidf("", "the block at %v has no class", p.Range)
		}
	}
	if g.DecidedBy != 0 && r.DecidedBy == "" {
		return r, corpus.Invalidf("", "person %d, who decided it, is not in the release", g.DecidedBy)
	}

	r.Blocks = make([]text.Range, len(d.Blocks))
	for i, b := range d.Blocks {
		r.Blocks[i] = b.Range
	}
	r.Spans = make([]Span, len(g.Spans))
	for i, s := range g.Spans {
		label := names.Labels[s.Label]
		if label == "" {
			return r, corpus.Invalidf("", "there is no label number %d", s.Label)
		}
		r.Spans[i] = Span{s.Range, label, s.Quote}
	}

	return r, nil
}

// Hash is the hash of the document.
func (r Record) Hash() Hash {
	f := make(fields, 0, 4096)
	f.text(Schema, r.Key, r.Text, r.Segmenter, r.URL)
	f.number(len(r.Blocks))
	for _, b := range r.Blocks {
		f.number(b.Start, b.End)
	}
	f.number(len(r.Pieces))
	for _, p := range r.Pieces {
		f.number(p.Start, p.End)
		f.text(string(p.Class), p.Reason)
	}
	f.number(len(r.Spans))
	for _, s := range r.Spans {
		f.number(s.Start, s.End)
		f.text(s.Label, s.Quote)
	}
	f.number(len(r.Annotators))
	f.text(r.Annotators...)
	f.text(r.DecidedBy, string(r.Basis))

	return sha256.Sum256(f)
}

// Sum takes up the documents of a release, in the order of the export.
type Sum struct {
	NoSites bool // the sites of documents are not known, as in a file
	Partial bool // some documents could not be read, so that counts say nothing

	documents hash.Hash
	sites     map[string]bool
	deciders  map[corpus.AnnotatorID]int
	counts    corpus.ReleaseManifest // what is counted, and nothing else
}

// NewSum is of no documents yet.
func NewSum() *Sum {
	return &Sum{documents: sha256.New(), sites: map[string]bool{}, deciders: map[corpus.AnnotatorID]int{}, counts: corpus.ReleaseManifest{
		Segmenters: map[string]int{}, Bases: map[corpus.Basis]int{}, Annotators: map[string]int{},
	}}
}

// Counted is what a release counts of a document.
type Counted struct {
	Site, Segmenter string
	Basis           corpus.Basis
	Annotators      []string
	DecidedBy       corpus.AnnotatorID
}

// CountedOf is what a release counts of gold.
func CountedOf(g corpus.Gold) Counted {
	return Counted{g.Document.Site, g.Document.Segmenter, g.Basis, g.Annotators, g.DecidedBy}
}

// Add takes up the next document.
func (s *Sum) Add(c Counted, h Hash) {
	s.documents.Write(h[:])
	s.counts.Documents++
	if c.Site != "" {
		s.sites[c.Site] = true
	}
	s.counts.Segmenters[c.Segmenter]++
	s.counts.Bases[c.Basis]++
	for _, name := range c.Annotators {
		s.counts.Annotators[name]++
	}
	if c.DecidedBy != 0 {
		s.deciders[c.DecidedBy]++
	}
}

// Seal fills the counts and the hash into a manifest that has all the rest.
// Names are those of people by id.
func (s *Sum) Seal(m *corpus.ReleaseManifest, names map[corpus.AnnotatorID]string) {
	m.Schema = Schema
	m.Documents, m.Sites = s.counts.Documents, len(s.sites)
	m.Segmenters, m.Bases, m.Annotators = s.counts.Segmenters, s.counts.Bases, s.counts.Annotators
	m.Deciders = []corpus.ReleasePerson{}
	for _, id := range slices.Sorted(maps.Keys(s.deciders)) {
		m.Deciders = append(m.Deciders, corpus.ReleasePerson{ID: id, Name: names[id], Documents: s.deciders[id]})
	}
	m.Hash = s.hash(*m)
}

// hash is the hash of the release with that manifest.
func (s *Sum) hash(m corpus.ReleaseManifest) string {
	var f fields
	f.text(m.Schema, m.ProjectName, m.Name, m.Note, m.At.UTC().Format(timeForm), m.By, m.Program)
	f.number(m.Documents, m.Sites, len(m.Labels))
	for _, l := range m.Labels {
		f.text(l.Name, l.Title)
		f.flag(l.Retired)
	}
	f.text(m.Guidelines)
	f.number(m.Overlap, m.OverlapShare)
	f.text(string(m.Rule))
	addCounts(&f, m.Segmenters)
	addCounts(&f, m.Bases)
	addCounts(&f, m.Annotators)
	f.number(len(m.Deciders))
	for _, p := range m.Deciders {
		f.text(p.Name)
		f.number(p.Documents)
	}
	f.text(hex.EncodeToString(s.documents.Sum(nil)))
	h := sha256.Sum256(f)

	return hex.EncodeToString(h[:])
}

const timeForm = "2006-01-02T15:04:05.000Z"

// Compare says, in words, where the documents that were taken up are not those
// that a manifest tells of, and whether its hash is the one that it has;
// nothing where all is well.
func (s *Sum) Compare(m corpus.ReleaseManifest) []string {
	if m.Schema != Schema {
		return []string{"its hash was made in the way " + strconv.Quote(m.Schema) + ", which this program does not know"}
	}
	is := m
	s.Seal(&is, m.DeciderNames())

	var out []string
	for what, same := range map[string]bool{
		"the number of documents":          m.Documents == is.Documents,
		"the number of sites":              m.Sites == is.Sites || s.NoSites,
		"the counts by segmenter":          maps.Equal(m.Segmenters, is.Segmenters),
		"the counts by what gold rests on": maps.Equal(m.Bases, is.Bases),
		"the counts by annotator":          maps.Equal(m.Annotators, is.Annotators),
		"the counts by who decided":        slices.Equal(m.Deciders, is.Deciders),
	} {
		if !same && !s.Partial {
			out = append(out, what+" in its manifest and in its documents differ")
		}
	}
	slices.Sort(out)
	if s.hash(m) != m.Hash {
		out = append(out, "its documents and manifest do not give its hash: they give "+s.hash(m)+", the release says "+m.Hash)
	}

	return out
}

// fields are written one behind the other.
type fields []byte

func (f *fields) text(list ...string) {
	for _, s := range list {
		*f = strconv.AppendInt(*f, int64(len(s)), 10)
		*f = append(append(append(*f, ':'), s...), ',')
	}
}

func (f *fields) number(list ...int) {
	var b [20]byte
	for _, n := range list {
		digits := strconv.AppendInt(b[:0], int64(n), 10)
		*f = strconv.AppendInt(*f, int64(len(digits)), 10)
		*f = append(append(append(*f, ':'), digits...), ',')
	}
}

func (f *fields) flag(b bool) {
	if b {
		f.number(1)
	} else {
		f.number(0)
	}
}

func addCounts[K ~string](f *fields, counts map[K]int) {
	f.number(len(counts))
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		f.text(string(k))
		f.number(counts[k])
	}
}
