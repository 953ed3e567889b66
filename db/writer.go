package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// writer is the one goroutine that changes the file. A commit with a full sync
// costs the disk's latency whether it carries one change or a hundred, so the
// writer takes all that wait, applies each under a savepoint, commits once and
// then answers: with 64 people saving this is some ten times the throughput of
// one commit each, and no answer is given before its change is durable.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	jobs chan *job
	done chan struct{}

	mu     sync.RWMutex
	closed bool
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

	w := &writer{db: db, conn: conn, jobs: make(chan *job, 1024), done: make(chan struct{}), stmts: map[string]*sql.Stmt{}}
	go w.run()

	return w, nil
}

// write makes one change: all of do, or nothing. It is durable when write
// returns nil. do runs on the writer's goroutine: it must not wait for
// anything but its tx. A caller that goes away does not stop a change that is
// already queued.
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{do: do, answer: make(chan struct{})}

	s.w.mu.RLock()
	if s.w.closed {
		s.w.mu.RUnlock()
		return errClosed
	}
	s.w.jobs <- j
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
	close(w.jobs)
	w.mu.Unlock()
	<-w.done

	_, err := w.conn.ExecContext(context.Background(), "PRAGMA optimize")
	for _, st := range w.stmts {
		st.Close()
	}

	return errors.Join(err, w.conn.Close(), w.db.Close())
}

func (w *writer) run() {
	defer close(w.done)

	group := make([]*job, 0, maxGroup)
	for first := range w.jobs {
		group = append(group[:0], first)
	gather:
		for len(group) < maxGroup {
			select {
			case j, ok := <-w.jobs:
				if !ok {
					break gather
				}
				group = append(group, j)
			default:
				break gather
			}
		}
		w.commit(group)
		for _, j := range group {
			close(j.answer)
		}
	}
}

// commit applies a group in one transaction. A job that fails is rolled back
// alone; if the commit fails, all of them failed.
func (w *writer) commit(group []*job) {
	t := &tx{context.Background(), w}
	fail := func(err error) {
		_, _ = w.conn.ExecContext(t.ctx, "ROLLBACK")
		for _, j := range group {
			if j.err == nil {
				j.err = translate(err)
			}
		}
	}

	if _, err := t.exec("BEGIN IMMEDIATE"); err != nil {
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
