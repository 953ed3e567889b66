// Package db keeps projects, documents, the event log of labelling and gold in
// one SQLite file. Its functions take and give domain values, never rows. Text,
// blocks, events and gold are written once; what changes is where a document
// stands. A change is durable before its function returns: one writer takes
// every change that waits, commits them together with a full sync, and then
// answers them all.
package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"annotate/internal/corpus"
)

// Store is one open data file. It is safe for concurrent use.
type Store struct {
	path   string
	r      *sql.DB  // readers, query_only
	stmts  sync.Map // SQL text → *sql.Stmt of r
	w      *writer
	desk   *desk
	signed memory[[sha256.Size]byte, corpus.Annotator]
	rights memory[right, rightIn]
	hashes hashes

	comparing  comparing
	agreements agreements
	near       near
	now        func() time.Time
	draw       func(n int) int // a number below n that nobody can foresee
	unlock     func()
}

// Open opens the file at path, creating it and its tables where needed. It is
// *corpus.Invalid, in words for whoever started the program, where the folder
// cannot be written, the file is no data file, or a newer program wrote it.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := usable(ctx, path); err != nil {
		return nil, err
	}

	wdb, err := sql.Open("sqlite", dsn(path, "&_txlock=immediate&_synchronous=FULL&_pragma=cache_size(-16000)&_pragma=wal_autocheckpoint(4000)&_pragma=journal_size_limit(33554432)"))
	if err != nil {
		return nil, err
	}
	wdb.SetMaxOpenConns(2) // one writes, one moves the log
	if err := migrate(ctx, wdb, path); err != nil {
		return nil, errors.Join(err, wdb.Close())
	}

	r, err := sql.Open("sqlite", dsn(path, "&_query_only=1&_pragma=cache_size(-4000)"))
	if err != nil {
		return nil, errors.Join(err, wdb.Close())
	}
	n := max(4, runtime.GOMAXPROCS(0))
	r.SetMaxOpenConns(n)
	r.SetMaxIdleConns(n)

	s := &Store{path: path, r: r, desk: newDesk(), now: time.Now, draw: rand.IntN}
	if s.w, err = newWriter(ctx, wdb); err != nil {
		return nil, errors.Join(err, r.Close(), wdb.Close())
	}
	s.w.now = func() time.Time { return s.now() }

	return s, nil
}

// dsn is how both pools reach the file. The pragmas stand here, because one
// executed once on a pool reaches a single connection of it. busy_timeout comes
// first: switching to WAL may itself have to wait for another process.
func dsn(path, more string) string {
	return "file:" + url.PathEscape(path) + "?_busy_timeout=10000&_journal_mode=WAL&_foreign_keys=1&_dqs=0&_pragma=temp_store(MEMORY)" + more
}

// usable tries the folder first: SQLite's own message for a folder that cannot
// be written is "unable to open database file".
func usable(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return corpus.Invalidf("", "%s is a folder; name a file with --db", path)
	case err == nil:
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return corpus.Invalidf("", "the data file %s cannot be written: %s", path, cause(err))
		}
		if err := f.Close(); err != nil {
			return err
		}
		return ours(ctx, path)
	}

	// Others on the machine have no business in it; SQLite gives the files
	// beside it the same rights.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return corpus.Invalidf("", "no data file can be made in the folder %s: %s", filepath.Dir(path), cause(err))
	}

	if err := f.Close(); err != nil {
		return err
	}
	return create(ctx, path)
}

// create makes an empty data file.
func create(ctx context.Context, path string) error {
	d, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?_pragma=page_size(8192)&_pragma=journal_mode(WAL)")
	if err != nil {
		return err
	}
	_, err = d.ExecContext(ctx, "PRAGMA user_version = 0")

	return errors.Join(err, d.Close())
}

func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// Path is the data file's path as given to Open.
func (s *Store) Path() string { return s.path }

// Close ends the writer after what waits, moves the write-ahead log into the
// file, and closes it.
func (s *Store) Close() error {
	s.stmts.Range(func(_, st any) bool { st.(*sql.Stmt).Close(); return true })
	err := errors.Join(s.r.Close(), s.w.close())
	if s.unlock != nil {
		s.unlock()
	}

	return err
}

// stmt prepares each query once; preparing costs as much as running one.
func (s *Store) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.stmts.Load(query); ok {
		return st.(*sql.Stmt), nil
	}
	st, err := s.r.PrepareContext(ctx, query)
	if err != nil {
		return nil, translate(err)
	}
	if other, loaded := s.stmts.LoadOrStore(query, st); loaded {
		st.Close()
		return other.(*sql.Stmt), nil
	}

	return st, nil
}

// scan reads one row; no row is corpus.ErrNotFound.
func (s *Store) scan(ctx context.Context, query string, args []any, into ...any) error {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return err
	}

	return translate(st.QueryRowContext(ctx, args...).Scan(into...))
}

// rows reads many; each gets a row to scan. The rows are closed before it
// returns, so nothing stays open while a caller works.
func (s *Store) rows(ctx context.Context, query string, args []any, each func(*sql.Rows) error) error {
	st, err := s.stmt(ctx, query)
	if err != nil {
		return err
	}

	return eachRow(st.QueryContext(ctx, args...))(each)
}

func eachRow(rows *sql.Rows, err error) func(func(*sql.Rows) error) error {
	return func(each func(*sql.Rows) error) error {
		if err != nil {
			return translate(err)
		}
		defer rows.Close()
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return translate(rows.Err())
	}
}

func millis(t time.Time) int64      { return t.UnixMilli() }
func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// sometime is a time that may not have come: 0 is the zero time.
func sometime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return fromMillis(ms)
}

func (s *Store) nowMillis() int64 { return millis(s.now()) }
func wrap(err *error, f string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(f, args...), *err)
	}
}
