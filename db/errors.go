package db

import (
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"annotate/internal/corpus"
)

// ErrFull says that the disk has no room; what was asked for did not happen
// and may be asked for again once there is.
var ErrFull = errors.New("the disk is full")

// ErrDamaged says that the file does not hold together any more.
var ErrDamaged = errors.New("the data file is damaged; keep a copy of it, see what annotate check finds, and go back to a backup")

// errUnique is a row that stands already.
var errUnique = errors.New("stands already")

// translate gives SQLite's errors the names that callers look for, by code:
// this driver's texts are not the C library's.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return corpus.ErrNotFound
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}

	switch code := e.Code(); {
	case code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", errUnique, err)
	case code&0xff == sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	case code&0xff == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	}

	return err
}

// busy reports whether another process is writing.
func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)

	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// notADatabase reports whether the file holds something else.
func notADatabase(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)

	return ok && e.Code()&0xff == sqlite3.SQLITE_NOTADB
}
