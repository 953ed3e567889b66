package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// writer is the one goroutine that changes the file. A commit with a full sync
// costs the disk's latency whether it carries one change or a hundred, so the
// writer takes all that wait, applies each under a savepoint, commits once and
// then answers: with 64 people saving this is some ten times the throughput of
// one commit each, and no answer is given before its change is durable. Bulk
// changes, each some ten milliseconds long, take turns with these groups, so
// that who saves waits for one of them at most.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	jobs chan *job
	bulk chan *job
	stop chan struct{}
	done chan struct{}

	now     func() time.Time
	written int           // roughly the bytes written since the log was last moved
	full    chan struct{} // asks for moving it
	moved   chan struct{} // closed when nobody does any more

	mu     sync.RWMutex
	closed bool
	last   atomic.Int64         // when the last change came that is no part of an import, in Unix nanoseconds
	stmts  map[string]*sql.Stmt // of conn, by SQL text
}

type job struct {
	do     func(*tx) error
	err    error
	answer chan struct{}
}

// tx is what a change works on: the writer's connection inside a transaction.
type tx struct {
	ctx context.Context
	w   *writer
}

// maxGroup bounds one commit, so that the first who waits does not wait for
// everybody.
const maxGroup = 128

// errClosed is what a change gets that comes after Close.
var errClosed = errors.New("the data file is closed")

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("writer: %w", err)
	}

	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 0"); err != nil { // begin waits itself
		return nil, errors.Join(fmt.Errorf("writer: %w", err), conn.Close())
	}
	mover, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("writer: %w", err), conn.Close())
	}

	w := &writer{db: db, conn: conn, stmts: map[string]*sql.Stmt{},
		jobs: make(chan *job, 1024), bulk: make(chan *job), stop: make(chan struct{}), done: make(chan struct{}),
		full: make(chan struct{}, 1), moved: make(chan struct{})}
	go w.run()
	go w.moveLog(mover)

	return w, nil
}

// write makes one change: all of do, or nothing. It is durable when write
// returns nil. do runs on the writer's goroutine: it must not wait for
// anything but its tx. A caller that goes away does not stop a change that is
// already queued.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	return s.send(ctx, s.w.jobs, do)
}

// writeBulk is a write that takes long and that nobody waits for at a screen.
func (s *Store) writeBulk(ctx context.Context, do func(*tx) error) error {
	return s.send(ctx, s.w.bulk, do)
}

func (s *Store) send(ctx context.Context, to chan<- *job, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{do: do, answer: make(chan struct{})}

	s.w.mu.RLock()
	if s.w.closed {
		s.w.mu.RUnlock()
		return errClosed
	}
	to <- j
	s.w.mu.RUnlock()
	<-j.answer

	return j.err
}

func (w *writer) close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	close(w.stop)
	w.mu.Unlock()
	<-w.done
	close(w.full)
	<-w.moved

	_, err := w.conn.ExecContext(context.Background(), "PRAGMA optimize")
	for _, st := range w.stmts {
		st.Close()
	}

	return errors.Join(err, w.conn.Close(), w.db.Close())
}

func (w *writer) run() {
	defer close(w.done)

	for {
		select {
		case j := <-w.jobs:
			w.last.Store(time.Now().UnixNano())
			w.commit(w.gather(j))
		case j := <-w.bulk:
			w.commit([]*job{j})
			w.commit(w.gather())
		case <-w.stop: // nobody sends any more
			for group := w.gather(); len(group) > 0; group = w.gather() {
				w.commit(group)
			}
			return
		}
	}
}

// quiet is how long ago the last change was that is no part of an import.
func (w *writer) quiet() time.Duration { return time.Duration(time.Now().UnixNano() - w.last.Load()) }

// gather adds what waits to a group.
func (w *writer) gather(group ...*job) []*job {
	for len(group) < maxGroup {
		select {
		case j := <-w.jobs:
			group = append(group, j)
		default:
			return group
		}
	}

	return group
}

// commit makes a group of changes and answers.
func (w *writer) commit(group []*job) {
	if len(group) == 0 {
		return
	}
	w.apply(group)
	for _, j := range group {
		close(j.answer)
	}
	if w.written += minWritten; w.written >= moveAfter {
		w.written = 0
		select {
		case w.full <- struct{}{}:
		default:
		}
	}
}

// The write-ahead log is moved into the file after so many bytes. A commit
// writes two pages at least.
const (
	moveAfter  = 4 << 20
	minWritten = 16 << 10
)

// moveLog moves the write-ahead log into the file beside the writer. Left to
// SQLite, the commit that fills the log would do it, and who saves just then
// would wait for megabytes. Where this does not keep up, the writer still does
// it once the log is as long as wal_autocheckpoint says, but finds most of it
// done.
func (w *writer) moveLog(conn *sql.Conn) {
	defer close(w.moved)
	defer conn.Close()
	for range w.full {
		// A failure leaves the log as it was, for the next time.
		_, _ = conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
	}
}

// apply makes a group of changes in one transaction. One that fails is rolled
// back alone; if the commit fails, all of them failed.
func (w *writer) apply(group []*job) {
	t := &tx{context.Background(), w}
	fail := func(err error) {
		_, _ = w.conn.ExecContext(t.ctx, "ROLLBACK")
		for _, j := range group {
			if j.err == nil {
				j.err = translate(err)
			}
		}
	}

	if err := t.begin(); err != nil {
		fail(err)
		return
	}
	for _, j := range group {
		if _, err := t.exec("SAVEPOINT job"); err != nil {
			fail(err)
			return
		}
		if j.err = t.run(j.do); j.err != nil {
			if _, err := t.exec("ROLLBACK TO job"); err != nil {
				fail(err)
				return
			}
		}
		if _, err := t.exec("RELEASE job"); err != nil {
			fail(err)
			return
		}
	}
	if _, err := t.exec("COMMIT"); err != nil {
		fail(err)
	}
}

// How long the writer waits for another process's, and how often it looks.
// SQLite's own waiting grows to a tenth of a second between two looks, in which
// a busy import beside the server takes the file again and again.
const (
	beginWithin = 10 * time.Second
	beginEvery  = time.Millisecond
)

// begin takes the file for writing.
func (t *tx) begin() error {
	for until := time.Now().Add(beginWithin); ; time.Sleep(beginEvery) {
		_, err := t.exec("BEGIN IMMEDIATE")
		if !busy(err) || time.Now().After(until) {
			return err
		}
	}
}

// run keeps a mistake in one change from taking the writer, and with it
// everybody's work, down.
func (t *tx) run(do func(*tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while writing: %v\n%s", p, debug.Stack())
		}
	}()

	return do(t)
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if st, ok := t.w.stmts[query]; ok {
		return st, nil
	}
	st, err := t.w.conn.PrepareContext(t.ctx, query)
	if err == nil {
		t.w.stmts[query] = st
	}

	return st, translate(err)
}

func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	st, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	for _, a := range args {
		switch a := a.(type) {
		case string:
			t.w.written += len(a)
		case []byte:
			t.w.written += len(a)
		}
	}
	res, err := st.ExecContext(t.ctx, args...)

	return res, translate(err)
}

// insert is an exec that returns the new row's id.
func (t *tx) insert(query string, args ...any) (int64, error) {
	res, err := t.exec(query, args...)
	if err != nil {
		return 0, err
	}

	return res.LastInsertId()
}

// change is an exec that returns how many rows it changed.
func (t *tx) change(query string, args ...any) (int64, error) {
	res, err := t.exec(query, args...)
	if err != nil {
		return 0, err
	}

	return res.RowsAffected()
}

// scan reads one row; no row is corpus.ErrNotFound.
func (t *tx) scan(query string, args []any, into ...any) error {
	st, err := t.stmt(query)
	if err != nil {
		return err
	}

	return translate(st.QueryRowContext(t.ctx, args...).Scan(into...))
}

func (t *tx) rows(query string, args []any, each func(*sql.Rows) error) error {
	st, err := t.stmt(query)
	if err != nil {
		return err
	}

	return eachRow(st.QueryContext(t.ctx, args...))(each)
}
