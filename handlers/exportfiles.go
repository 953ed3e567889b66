package handlers

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/export"
)

// exportFiles keeps exports as files for a while, so that a download which
// broke off goes on where it was, and several who ask for the same make it
// once. What was asked is the name of the work: there is no list of jobs beside
// it. A file is made to its end although nobody waits any more; whoever asks
// again finds it.
type exportFiles struct {
	log    *slog.Logger
	ctx    context.Context // ends what is being made
	cancel context.CancelFunc
	wg     sync.WaitGroup
	turn   chan struct{} // an export takes all cores, so one is made at a time

	mu    sync.Mutex
	files []*exportFile
}

// Bounds of what is kept; the newest stays also where it is larger.
const (
	maxExportFiles = 16
	maxExportBytes = 4 << 30
	exportLife     = time.Hour // since somebody last asked for it
)

// exportKey is a hash of all that the bytes of an export follow from.
type exportKey [sha256.Size]byte

// exportFile is one of them.
type exportFile struct {
	over chan struct{} // closed when it is made, or cannot be

	total      int          // documents
	done, pass atomic.Int64 // documents read in this pass; some formats need several

	// Settled when over is closed.
	file     *os.File
	size     int64
	sum      [sha256.Size]byte // of its bytes
	manifest export.Manifest
	err      error

	key   exportKey // guarded by exportFiles.mu, as all below; zero where nobody is to find it again
	users int
	used  time.Time
}

func newExportFiles(log *slog.Logger) *exportFiles {
	ctx, cancel := context.WithCancel(context.Background())

	return &exportFiles{log: log, ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1)}
}

// close ends what is being made, and gives back the disk.
func (m *exportFiles) close() {
	m.mu.Lock() // nothing begins after it
	m.cancel()
	m.mu.Unlock()
	m.wg.Wait()
	for _, f := range m.files {
		f.close()
	}
	m.files = nil
}

// makeExport writes an export, and reports whether it is what its key says: not so
// where the gold changed meanwhile.
type makeExport func(ctx context.Context, w io.Writer, f *exportFile) (m export.Manifest, fits bool, err error)

// get is the file with that key, which where there is none is begun. The
// caller gives it back with put.
func (m *exportFiles) get(key exportKey, documents int, write makeExport) (*exportFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ctx.Err(); err != nil {
		return nil, err
	}
	m.forget()
	making := 0
	for _, f := range m.files {
		if f.key == key {
			f.users++
			return f, nil
		}
		if !ended(m.ctx, f.over, 0) {
			making++
		}
	}
	if making >= maxJobs {
		return nil, corpus.Invalidf("", "%d exports are being made already; wait for one to end", making)
	}

	f := &exportFile{key: key, total: documents, over: make(chan struct{}), users: 1}
	m.files = append(m.files, f)
	m.wg.Go(func() {
		defer close(f.over)
		fits, err := m.work(f, write)
		if err != nil && m.ctx.Err() == nil && !asExpected(err) {
			m.log.LogAttrs(m.ctx, slog.LevelError, "export failed", slog.String("error", err.Error()))
		}
		f.err = err
		if err == nil && !fits {
			m.mu.Lock()
			f.key = exportKey{}
			m.mu.Unlock()
		}
	})

	return f, nil
}

// work makes the file when it is its turn.
func (m *exportFiles) work(f *exportFile, write makeExport) (fits bool, err error) {
	defer caught(&err)
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-m.ctx.Done():
		return false, m.ctx.Err()
	}
	if f.file, err = tempFile("annotate-export-*"); err != nil {
		return false, err
	}
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f.file, sum), 256<<10)
	if f.manifest, fits, err = write(m.ctx, w, f); err == nil {
		err = w.Flush()
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w: export: %w", db.ErrFull, err)
	}
	if err != nil {
		return fits, err
	}
	sum.Sum(f.sum[:0])
	f.size, err = f.file.Seek(0, io.SeekEnd)

	return fits, err
}

// put gives a file back. One that could not be made is forgotten once somebody
// was told, so that the next who asks tries again.
func (m *exportFiles) put(f *exportFile) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f.users--
	f.used = time.Now()
	if ended(m.ctx, f.over, 0) && f.err != nil {
		f.key = exportKey{}
	}
	m.forget()
}

// forget drops files that nobody may want any more: those that nobody can find,
// those that are old, and beyond the bounds those that were not asked for the
// longest.
func (m *exportFiles) forget() {
	slices.SortStableFunc(m.files, func(a, b *exportFile) int { return b.used.Compare(a.used) })
	n, bytes := 0, int64(0)
	m.files = slices.DeleteFunc(m.files, func(f *exportFile) bool {
		if f.users > 0 || !ended(m.ctx, f.over, 0) {
			n++
			return false
		}
		n, bytes = n+1, bytes+f.size
		old := f.key == exportKey{} || time.Since(f.used) > exportLife || n > maxExportFiles || bytes > maxExportBytes && n > 1
		if old {
			n, bytes = n-1, bytes-f.size
			f.close()
		}
		return old
	})
}

// close gives the disk back.
func (f *exportFile) close() {
	if f.file != nil {
		closeTemp(f.file)
	}
}

// counting counts the documents that an export reads.
func (f *exportFile) counting(s export.Source) export.Source {
	gold := s.Gold
	s.Gold = func(yield func(corpus.Gold, error) bool) {
		f.pass.Add(1)
		f.done.Store(0)
		for g, err := range gold {
			f.done.Add(1)
			if !yield(g, err) {
				return
			}
		}
	}

	return s
}

// etag and digest are headers (RFC 9110, RFC 9530) that say which bytes a file
// has, in full, also beside a part of them.
func (f *exportFile) etag() string { return `"` + hex.EncodeToString(f.sum[:]) + `"` }
func (f *exportFile) digest() string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(f.sum[:]) + ":"
}
