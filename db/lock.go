package db

import (
	"errors"
	"fmt"
	"os"
	"time"

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
	// A command that looks whether there is a server holds the lock for an instant.
	err = lockFile(f)
	for range 10 {
		if !errors.Is(err, errLocked) {
			break
		}
		time.Sleep(20 * time.Millisecond)
		err = lockFile(f)
	}
	if err != nil {
		f.Close()
		if errors.Is(err, errLocked) {
			return corpus.Invalidf("", "another annotate is serving %s; stop it first, or name another file with --db", s.path)
		}
		return fmt.Errorf("lock %s: %w", name, err)
	}
	s.unlock = func() { f.Close() }

	return nil
}

// served reports whether another process serves the file.
func (s *Store) served() bool {
	if s.unlock != nil {
		return false
	}
	f, err := os.OpenFile(s.path+".lock", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()

	return errors.Is(lockFile(f), errLocked)
}

var errLocked = errors.New("locked")
