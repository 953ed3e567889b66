// Package dateparser stands in, by a replace line in go.mod, for the module of
// that name. go-trafilatura brings it for dates in pages, which no cleaner here
// asks for, and its tables would cost every start of the program a quarter of a
// second and 50 MB. It has what go-htmldate names, and finds no date.
package dateparser

import (
	"errors"
	"time"
)

// ParserType is a way to read a date.
type ParserType uint8

// The ways that go-htmldate names.
const (
	CustomFormat ParserType = iota
	AbsoluteTime
)

// PreferredDateSource says from where an incomplete date is filled.
type PreferredDateSource uint8

// Past is the source that go-htmldate names.
const Past PreferredDateSource = 1

// Configuration is not looked at.
type Configuration struct {
	PreferredDateSource PreferredDateSource
	StrictParsing       bool
}

// Parser finds nothing.
type Parser struct{ ParserTypes []ParserType }

// Date is a date that was found.
type Date struct{ Time time.Time }

// Parse finds no date in anything.
func (*Parser) Parse(*Configuration, string, ...string) (Date, error) {
	return Date{}, errors.New("dates in words are not read here")
}
