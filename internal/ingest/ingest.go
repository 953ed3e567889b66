// Package ingest finds documents in files, folders, archives and streams and
// makes corpus.Incoming of them: decoded, cut into blocks, with the gold they
// bring. Finding (Paths, Reader) is cheap and goes in order; making (Document)
// is a plain function of one Page, so Documents runs it on all cores and keeps
// the order. A file or record that cannot be taken is a *corpus.Problem in the
// stream, in words for the person who wants to import it, and reading goes on; a
// *corpus.Note says how a file was taken.
//
// Labels that other tools made come in positions of their own, without classes
// of blocks, or as a text that must be found in its page again. They are taken
// exactly or not at all: what a file leaves open is asked, and what cannot be
// kept is named.
//
// What comes in is hostile until proved otherwise: sizes, ratios, depths and
// names are bounded (Limits), nothing is written, and nothing outside the given
// paths is opened. Nothing here knows projects or the database.
package ingest

import (
	"cmp"

	"annotate/internal/corpus"
)

// Page is one document as found: its bytes and what is known of it without
// looking into them.
type Page struct {
	File string // where it was found, for people: path inside upload or archive
	Line int    // 1-based line of a record, its number in a web archive, 0 where the file is one document

	ID       string // the importer's name for it, "" where there is none
	URL      string
	Name     string // title or file name
	Language string
	Meta     string // a JSON object, "" for none

	MediaType string // "text/plain", "text/html", or Record where Raw is a JSON object
	Charset   string // of Raw where that is known for certain; "" means: find out
	Raw       []byte // never changed, and kept by what Document returns

	foreign    *foreign // how the labels of another tool are read, nil for none
	beside     []byte   // what stands in a second file of the document, nil for none
	besideName string
}

// Record is the MediaType of a page whose text and labels stand in a record of
// JSON (the native record).
const Record = "application/json"

// Formats that Options.Format may name, besides "" and "auto": by the file's
// name, else by its content. warc (also WET) and mhtml are pages with what
// belongs to them. Those behind are of other tools; brat, cleaneval, aeb,
// chatnoir and wcxb keep a document in two files, so they come as a folder or
// an archive.
var Formats = []string{"text", "html", "jsonl", "json", "csv", "warc", "mhtml",
	"doccano", "labelstudio", "prodigy", "brat", "aeb", "chatnoir", "wcxb", "webmainbench", "cleaneval"}

// Options say how to read.
type Options struct {
	Format string // "" or "auto", or one of Formats for every file
	Limits Limits

	// Of web archives.
	Statuses []int    // of the responses that are taken; none: 200
	Types    []string // of PageTypes, those that are taken; none: all

	// The rest is for files of other tools.
	Offsets  string // what positions count, one of Offsets; "" finds out, and asks where nothing tells
	Blocks   string // BlocksBody or BlocksNone; "" asks where it matters
	Pieces   bool   // a span in pieces, or over a border of blocks, comes as its pieces
	LeaveOut bool   // what cannot be kept of a document is left out of it, with a note, instead of a Problem
}

// Limits bound what one import may cost. A zero field means its default.
type Limits struct {
	Document  int64 // bytes of one file that is a document, or of one CSV record: 8 MiB, which is a million words
	Line      int64 // bytes of one JSON record: 8 MiB
	Total     int64 // bytes after decompression, of everything: 20 GiB
	Ratio     int64 // decompressed to compressed bytes of one file: 200 …
	RatioFrom int64 // … once this much has come out of it: 4 MiB
	Entries   int   // files in one archive, records in a web archive: 1 000 000; of a zip, whose list is held in memory, a fifth of it
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Document:  cmp.Or(l.Document, 8<<20),
		Line:      cmp.Or(l.Line, 8<<20),
		Total:     cmp.Or(l.Total, 20<<30),
		Ratio:     cmp.Or(l.Ratio, 200),
		RatioFrom: cmp.Or(l.RatioFrom, 4<<20),
		Entries:   cmp.Or(l.Entries, 1_000_000),
	}
}

// MaxBlocks is how many blocks a document may have. Past it no screen shows it
// in a time that people wait.
const MaxBlocks = 200_000

func problem(p Page, reason string) *corpus.Problem {
	return &corpus.Problem{File: p.File, Line: p.Line, Reason: reason}
}
