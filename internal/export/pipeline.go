package export

import (
	"context"
	"iter"
	"runtime"
	"sync"

	"annotate/internal/corpus"
)

// Documents are encoded in batches: handing one over costs as much as encoding
// a small document.
const (
	batchDocuments = 32
	batchBytes     = 256 << 10 // of text
)

// job is a batch on its way through.
type job[T any] struct {
	gold []corpus.Gold
	size int           // of its texts
	done chan struct{} // closed when the rest is set
	out  T
	err  error
}

func newJob[T any]() *job[T] {
	return &job[T]{gold: make([]corpus.Gold, 0, batchDocuments), done: make(chan struct{})}
}

// inOrder makes something of batches of gold on all cores, and takes what was
// made in the order of the gold, one after the other. It reads gold on the
// calling goroutine and holds a few batches at a time. The first error ends it.
func inOrder[T any](ctx context.Context, gold iter.Seq2[corpus.Gold, error], encode func([]corpus.Gold) (T, error), take func(T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan *job[T], workers), make(chan *job[T], 2*workers)

	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() {
			for j := range jobs {
				j.out, j.err = encode(j.gold)
				close(j.done)
			}
		})
	}
	busy.Go(func() {
		for j := range order {
			<-j.done
			if ctx.Err() != nil {
				continue
			}
			if j.err == nil {
				j.err = take(j.out)
			}
			if j.err != nil {
				cancel(j.err)
			}
		}
	})

	err := feed(ctx, gold, jobs, order)
	close(jobs)
	close(order)
	busy.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}

	return err
}

// feed hands the gold out in batches, to be encoded and in the same order to
// be taken.
func feed[T any](ctx context.Context, gold iter.Seq2[corpus.Gold, error], jobs, order chan<- *job[T]) error {
	j := newJob[T]()
	send := func() bool {
		select {
		case order <- j:
			jobs <- j // a worker is always free in the end
		case <-ctx.Done():
			return false
		}
		j = newJob[T]()
		return true
	}

	for g, err := range gold {
		if err != nil {
			return err
		}
		j.gold = append(j.gold, g)
		j.size += len(g.Document.Text)
		if (len(j.gold) == batchDocuments || j.size >= batchBytes) && !send() {
			return context.Cause(ctx)
		}
	}
	if len(j.gold) > 0 {
		send()
	}

	return context.Cause(ctx)
}
