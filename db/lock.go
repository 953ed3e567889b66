package db

import (
	"errors"
	"fmt"
	"os"

	"annotate/internal/corpus"
)

// Serve claims the file for this process as its server. Drafts are kept in the
// server's memory beside the log, so two servers on one file would each
// overlook what the other wrote; commands such as an import may work beside a
// server. It is *corpus.Invalid where another server has the file. The lock is
// on a file of its own: SQLite drops its locks when any descriptor of the data
// file is closed. It goes with the process, however that ends.
func (s *Store) Serve() error {
	name := s.path + ".lock"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := lockFile(f); err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return corpus.Invalidf("", "another annotate is serving %s; stop it first, or name another file with --db", s.path)
		}
		return fmt.Errorf("lock %s: %w", name, err)
	}
	s.unlock = func() { f.Close() }

	return nil
}

var errLocked = errors.New("locked")
