// Package files reads what score compares: gold, and the predictions of a
// cleaner, from the files in which the field keeps them. Its own record comes
// first; the others are recognised by what is in them, or named. A bad record
// ends the reading, with file and line: half a file of predictions would be
// scored as so many misses.
//
// No file is held in memory. Gold is read one document at a time; predictions
// are read once to check them and to note where each stands, and again one by
// one when they are asked for.
//
// The package knows files and their formats; what is measured is decided
// elsewhere.
package files

import (
	"errors"
	"fmt"
	"io/fs"

	"annotate/internal/corpus"
)

const (
	// maxRecord bounds what is in memory at once: a cleaner gone wild, or a
	// packed file made to fill it, ends with an error.
	maxRecord = 64 << 20

	maxID      = 4096    // bytes
	maxFiles   = 1 << 20 // in a folder or an archive
	maxRecords = 1 << 28 // in a file

	// maxUnpacked and maxRatio bound what a packed file may write to the disk.
	maxUnpacked = 256 << 30
	maxRatio    = 2000
)

var errID = fmt.Errorf("the id is empty, or longer than %d bytes", maxID)

func problem(path string, line int, format string, args ...any) error {
	return &corpus.Problem{File: path, Line: line, Reason: fmt.Sprintf(format, args...)}
}

func unreadable(path string, err error) error {
	if p, ok := errors.AsType[*corpus.Problem](err); ok {
		return p
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return problem(path, 0, "it cannot be read: %s", err)
}

// lined is what is wrong with a line of a document that is a file of its own.
type lined struct {
	line   int
	reason string
}

func (l lined) Error() string { return l.reason }

// wrong is an error of reading a record, with its place.
func wrong(path string, line int, err error) error {
	if l, ok := errors.AsType[lined](err); ok {
		line = max(line, 1) + l.line - 1
	}
	return problem(path, line, "%s", err)
}
