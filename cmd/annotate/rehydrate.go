package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
)

// rehydrate needs no data file: who has pages may not have a project.
func (c *exportGold) rehydrate(p *program) error {
	switch {
	case c.Fill == "":
		return corpus.Invalidf("", "pages are for filling in a stand-off file; name it with --rehydrate")
	case len(c.Pages) == 0:
		return corpus.Invalidf("", "name the pages that %s is filled in with", c.Fill)
	}
	write := func(w io.Writer) error { return p.rehydrate(c.Fill, c.Pages, c.Lossy, w) }
	if c.Output == "-" {
		return write(p.stdout)
	}

	return replace(c.Output, write)
}

// rehydrate writes the native records of a stand-off file, in its order, with
// the texts of the pages that are given. Where some record found no page nothing
// is written and that is an error, unless they may be left out.
func (p *program) rehydrate(standoff string, pages []string, lossy bool, w io.Writer) error {
	in, err := os.Open(standoff)
	if err != nil {
		return corpus.Invalidf("", "%s cannot be read: %s", standoff, reason(err))
	}
	defer in.Close()
	from, err := standoffRecords(in, standoff)
	if err != nil {
		return err
	}
	spool, err := os.CreateTemp("", "annotate-*.jsonl")
	if err != nil {
		return err
	}
	defer func() {
		spool.Close()
		os.Remove(spool.Name())
	}()

	filled, end := make([]place, len(from.records)), int64(0)
	for doc, err := range ingest.Documents(p.ctx, ingest.Paths(p.ctx, pages, ingest.Options{}), "line") {
		if err := p.passOver(err); err != nil {
			return err
		}
		for _, i := range from.byText[doc.SHA256] {
			line, err := from.fill(i, doc.Text)
			if err != nil {
				return err
			}
			if _, err := spool.Write(line); err != nil {
				return err
			}
			filled[i], end = place{end, len(line)}, end+int64(len(line))
		}
		if len(from.byText[doc.SHA256]) == 0 {
			for _, i := range from.bySource[doc.SourceHash] {
				from.other[i] = true
			}
		}
	}

	if err := from.missing(p, filled, lossy); err != nil {
		return err
	}

	return copyPlaces(w, spool, filled)
}

// passOver says what a page that cannot be taken is about and goes on; any
// other error is returned.
func (p *program) passOver(err error) error {
	if _, note := errors.AsType[*corpus.Note](err); note {
		return nil
	}
	if bad, ok := errors.AsType[*corpus.Problem](err); ok {
		fmt.Fprintln(p.stderr, bad.Error())
		return nil
	}

	return err
}

// place is where a record stands in a file.
type place struct {
	off int64
	len int
}

// standoffFile is a stand-off file of which only the places of its records are
// kept, and what they are found by.
type standoffFile struct {
	in       io.ReaderAt
	name     string
	records  []place
	byText   map[string][]int // by hash of the text
	bySource map[string][]int // by hash of the page
	other    map[int]bool     // those whose page is here and gives another text
}

// maxStandoff bounds a record. It has no text in it.
const maxStandoff = 64 << 20

func standoffRecords(in *os.File, name string) (*standoffFile, error) {
	f := &standoffFile{in: in, name: name, byText: map[string][]int{}, bySource: map[string][]int{}, other: map[int]bool{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<20), maxStandoff)
	off := int64(0)
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		n, line, err := bufio.ScanLines(data, atEOF)
		off += int64(n)
		return n, line, err
	})
	for n := 1; ; n++ {
		at := off
		if !lines.Scan() {
			break
		}
		line := lines.Bytes()
		if len(line) == 0 {
			continue
		}
		r, err := export.ReadRecord(line)
		if err != nil {
			return nil, corpus.Invalidf("", "%s, line %d: %s", name, n, err)
		}
		i := len(f.records)
		f.records = append(f.records, place{at, len(line)})
		f.byText[r.SHA256] = append(f.byText[r.SHA256], i)
		f.bySource[r.SourceSHA256] = append(f.bySource[r.SourceSHA256], i)
	}
	if err := lines.Err(); err != nil {
		return nil, corpus.Invalidf("", "%s cannot be read: %s", name, reason(err))
	}

	return f, nil
}

func (f *standoffFile) record(i int) (export.Record, error) {
	line := make([]byte, f.records[i].len)
	if _, err := f.in.ReadAt(line, f.records[i].off); err != nil {
		return export.Record{}, err
	}
	return export.ReadRecord(line)
}

func (f *standoffFile) fill(i int, text string) ([]byte, error) {
	r, err := f.record(i)
	if err != nil {
		return nil, err
	}
	return export.Rehydrate(r, text)
}

// namedMissing is how many records without a page an error names.
const namedMissing = 3

// missing says which records found no page.
func (f *standoffFile) missing(p *program, filled []place, lossy bool) error {
	n, first := 0, ""
	for i, at := range filled {
		if at.len > 0 {
			continue
		}
		if n++; n > namedMissing {
			continue
		}
		r, err := f.record(i)
		if err != nil {
			return err
		}
		first += ", " + r.ID
		if f.other[i] {
			first += " (its page is here and gives another text in this version)"
		}
	}
	if more := n - namedMissing; more > 0 {
		first += fmt.Sprintf(" and %d more", more)
	}

	switch {
	case n == 0:
	case lossy:
		fmt.Fprintf(p.stderr, "left out, because no page was found: %s\n", first[len(", "):])
	default:
		return corpus.Invalidf("", "%s of %s found no page: %s; give more pages, or leave them out with --lossy", count(n, "record", "records"), f.name, first[len(", "):])
	}
	fmt.Fprintf(p.stderr, "%s of %d filled in\n", count(len(filled)-n, "record", "records"), len(filled))

	return nil
}

// copyPlaces copies parts of a file in their order.
func copyPlaces(w io.Writer, from io.ReaderAt, parts []place) error {
	out := bufio.NewWriterSize(w, 256<<10)
	for _, at := range parts {
		if _, err := io.Copy(out, io.NewSectionReader(from, at.off, int64(at.len))); err != nil {
			return err
		}
	}

	return out.Flush()
}
