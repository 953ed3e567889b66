package views

import (
	"annotate/internal/corpus"
	"annotate/internal/suggest"
)

// Conflicts are the texts that people decided in two ways, and what is settled.
type Conflicts struct {
	Page        Page
	Project     corpus.Project
	List        []ConflictRow // the first Total of them
	Total       int
	Gold        int // documents with gold that were looked through
	Bound       int // at most so many are
	Settled     []corpus.Ruling
	MoreSettled bool
	Errors      Errors
}

// ConflictRow is one of them, and what counts for it on its site.
type ConflictRow struct {
	suggest.Conflict
	Ruling *corpus.Ruling // nil for nothing
}

// looked says how far gold was looked through.
func (c Conflicts) looked() string {
	if c.Gold < c.Bound {
		return "The gold of " + count(c.Gold, "document") + " was looked through."
	}
	return "The newest " + count(c.Gold, "document") + " with gold were looked through."
}
