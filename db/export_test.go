package db

import (
	"context"
	"time"

	"annotate/internal/agreement"
	"annotate/internal/corpus"
)

// SetClock gives the store another clock. It is for before the first use.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

// SetLots gives the store other lots to draw. It is for before the first use.
func (s *Store) SetLots(draw func(n int) int) { s.draw = draw }

// SetDesk bounds the desk to so many bytes. It is for before the first use.
func (s *Store) SetDesk(bytes int) { s.desk.limit = bytes }

// OnDesk is how many annotations are on the desk now, and how many bytes it
// counts for them.
func (s *Store) OnDesk() (annotations, bytes int) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()

	return len(s.desk.open), s.desk.bytes
}

// Exec runs one statement as the writer does.
func (s *Store) Exec(ctx context.Context, query string, args ...any) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(query, args...)
		return err
	})
}

// WriterPragma is what the writer's connection says to a pragma.
func (s *Store) WriterPragma(ctx context.Context, name string) (value string, err error) {
	err = s.write(ctx, func(t *tx) error { return t.scan("PRAGMA "+name, nil, &value) })

	return value, err
}

// ReaderPragma is the same for a reader's connection.
func (s *Store) ReaderPragma(ctx context.Context, name string) (value string, err error) {
	err = s.scan(ctx, "PRAGMA "+name, nil, &value)

	return value, err
}

// Scan asks a reader for one row.
func (s *Store) Scan(ctx context.Context, query string, args []any, into ...any) error {
	return s.scan(ctx, query, args, into...)
}

// Panic makes a change that panics halfway.
func (s *Store) Panic(ctx context.Context) error {
	return s.write(ctx, func(t *tx) error {
		if _, err := t.exec(`UPDATE projects SET guidelines = 'half done'`); err != nil {
			return err
		}
		panic("on purpose")
	})
}

// EncodeLabelling is a labelling as submissions keep it.
func EncodeLabelling(l agreement.Labelling) (string, error) {
	content, _, err := encodeGold(corpus.Gold{Pieces: l.Pieces, Spans: l.Spans})
	return content, err
}
