// Package clean has the cleaners: programs that keep the body of a document and
// drop the rest. A document goes in, what the cleaner said about it comes out:
// a text, or classes for the document's blocks, or spans. Some are built in, as
// something to be better than; others are a command or an address.
//
// Whatever a cleaner does wrong on a document is that document's status, and a
// run goes on: it may crash, hang, flood or print garbage. Nothing here knows
// gold, projects or how answers are kept.
package clean

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Cleaner separates body from boilerplate. Its methods may be called by several
// goroutines at once. Where it also has Close() error, that ends what it keeps
// running between documents; it can be used again afterwards.
type Cleaner interface {
	// About says which program it is, exactly: equal ones give equal answers.
	About() corpus.Cleaner

	// Clean gives the answer for one document, whose status is OK, Empty, Failed
	// or TimeOut. The error is for what must stop the whole run: ctx ended, or a
	// *corpus.Invalid that says why the cleaner cannot be started at all.
	Clean(ctx context.Context, d corpus.Document) (score.Prediction, error)
}

// Cleaned is a document and what was said about it.
type Cleaned struct {
	Document   corpus.Document // without Text, Source and Blocks, which nobody needs twice
	Prediction score.Prediction
}

// ahead is how many documents for each worker may be under way or wait to be
// yielded, so that one slow document does not hold up the others at once and
// memory stays bounded all the same.
const ahead = 4

// job is a document on its way; done is closed when out or err is set.
type job struct {
	document corpus.Document
	out      Cleaned
	err      error
	done     chan struct{}
}

// Run cleans documents with so many workers, or one for each core where it is 0,
// and yields them in their order. An error is yielded once and ends the
// sequence: that of docs, that of ctx, or that of a cleaner which must stop. When
// the caller stops, or ctx ends, no worker is left when Run returns. A cleaner
// that panics has failed on that document.
func Run(ctx context.Context, c Cleaner, docs iter.Seq2[corpus.Document, error], workers int) iter.Seq2[Cleaned, error] {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}

	return func(yield func(Cleaned, error) bool) {
		running, cancel := context.WithCancel(ctx)
		var all sync.WaitGroup
		if closer, ok := c.(interface{ Close() error }); ok {
			defer closer.Close()
		}
		defer all.Wait()
		defer cancel()

		jobs, order := make(chan *job), make(chan *job, ahead*workers)
		all.Go(func() { feed(running, docs, jobs, order) })
		for range workers {
			all.Go(func() {
				for j := range jobs {
					j.out, j.err = cleanOne(running, c, j.document)
					j.document = corpus.Document{}
					close(j.done)
				}
			})
		}

		for j := range order {
			select {
			case <-j.done:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				break
			}
			if !yield(j.out, j.err) || j.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(Cleaned{}, err)
		}
	}
}

// feed hands the documents to the workers, and in the same order to who yields.
func feed(ctx context.Context, docs iter.Seq2[corpus.Document, error], jobs, order chan<- *job) {
	defer close(jobs)
	defer close(order)
	for d, err := range docs {
		j := &job{document: d, err: err, done: make(chan struct{})}
		select {
		case order <- j:
		case <-ctx.Done():
			return
		}
		if err != nil {
			close(j.done)
			return
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			return
		}
	}
}

func cleanOne(ctx context.Context, c Cleaner, d corpus.Document) (out Cleaned, err error) {
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			out.Prediction, err = panicked(p, start), nil
		}
	}()
	out.Document = d
	out.Document.Text, out.Document.Source, out.Document.Blocks = "", nil, nil
	if err = ctx.Err(); err == nil {
		out.Prediction, err = c.Clean(ctx, d)
	}

	return out, err
}

func panicked(p any, start time.Time) score.Prediction {
	return failed(start, "it panicked: %v", p)
}

// answer is a text as an answer, which may turn out to be empty.
func answer(start time.Time, text string) score.Prediction {
	p := score.Prediction{Status: score.OK, Text: text, Millis: since(start)}
	if score.Blank(text) {
		p.Status, p.Text = score.Empty, ""
	}
	return p
}

func failed(start time.Time, format string, args ...any) score.Prediction {
	return score.Prediction{Status: score.Failed, Millis: since(start), Detail: detail(fmt.Sprintf(format, args...))}
}

// since is at least 1: 0 would say that nobody measured.
func since(start time.Time) int { return max(1, int(time.Since(start).Milliseconds())) }

// maxDetail is how many bytes of what a cleaner said are kept.
const maxDetail = 500

// detail makes one bounded line or two of anything: whole characters, no
// controls that would upset a terminal.
func detail(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.TrimSpace(s), "\ufffd"))
	if len(s) <= maxDetail {
		return s
	}

	cut := maxDetail - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// short is a hash to tell configurations apart by, not to prove anything.
func short(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
