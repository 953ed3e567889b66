// Package ingest finds documents in files, folders, archives and streams and
// makes corpus.Incoming of them: decoded, cut into blocks, with the gold they
// bring. Finding (Paths, Reader) is cheap and goes in order; making (Document)
// is a plain function of one Page, so Documents runs it on all cores and keeps
// the order. A file or record that cannot be taken is a *corpus.Problem in the
// stream, in words for the person who wants to import it, and reading goes on.
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
	Line int    // 1-based line of a record, 0 where the file is one document

	ID       string // the importer's name for it, "" where there is none
	URL      string
	Name     string // title or file name
	Language string
	Meta     string // a JSON object, "" for none

	MediaType string // "text/plain", "text/html", or Record where Raw is a JSON object
	Charset   string // of Raw where that is known for certain; "" means: find out
	Raw       []byte // never changed, and kept by what Document returns
}

// Record is the MediaType of a page whose text and labels stand in a record of
// JSON (the native record).
const Record = "application/json"

// Formats that Options.Format may name, besides "" and "auto": by the file's
// name, else by its content.
var Formats = []string{"text", "html", "jsonl", "json", "csv"}

// Options say how to read.
type Options struct {
	Format string // "" or "auto", or one of Formats for every file
	Limits Limits
}

// Limits bound what one import may cost. A zero field means its default.
type Limits struct {
	Document  int64 // bytes of one file that is a document, or of one CSV record: 8 MiB, which is a million words
	Line      int64 // bytes of one JSON record: 8 MiB
	Total     int64 // bytes after decompression, of everything: 20 GiB
	Ratio     int64 // decompressed to compressed bytes of one file: 200 …
	RatioFrom int64 // … once this much has come out of it: 4 MiB
	Entries   int   // files in one archive: 1 000 000; of a zip, whose list is held in memory, a fifth of it
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
