package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// row is one line of the table.
type row struct {
	what    string
	clients int
	count   int
	over    time.Duration
	unit    string          // what count counts
	took    []time.Duration // of each, sorted or not; none where only the rate is told
	memory  memory
}

type table []row

func (t *table) add(r row) {
	*t = append(*t, r)
	say("%s", strings.Join(r.cells(), "  "))
}

var columns = []string{"work", "clients", "p50 ms", "p95 ms", "p99 ms", "a second", "memory MB (PSS)"}

func (r row) cells() []string {
	cells := make([]string, len(columns))
	cells[0] = r.what
	if r.clients > 0 {
		cells[1] = fmt.Sprint(r.clients)
	}
	if len(r.took) > 0 {
		slices.Sort(r.took)
		for i, p := range []int{50, 95, 99} {
			cells[2+i] = fmt.Sprintf("%.2f", r.took[(len(r.took)-1)*p/100].Seconds()*1000)
		}
	}
	if r.over > 0 {
		cells[5] = strings.TrimSpace(fmt.Sprintf("%.0f %s", float64(r.count)/r.over.Seconds(), r.unit))
	}
	if r.memory.rss > 0 {
		cells[6] = fmt.Sprintf("%d (%d)", r.memory.rss>>20, r.memory.pss>>20)
	}

	return cells
}

func (t table) print(w io.Writer) {
	line := func(cells []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")) }
	line(columns)
	line(slices.Repeat([]string{"---"}, len(columns)))
	for _, r := range t {
		line(r.cells())
	}
}

// measured is a row, or why there is none.
type measured struct {
	row
	err error
}

// measure lets n people do the same for a while and adds a row.
func (b *bench) measure(ctx context.Context, what string, n int, do func(who *person, i int) error) error {
	if n > len(b.people) {
		return nil
	}
	during, cancel := context.WithTimeout(ctx, b.each)
	defer cancel()
	m, err := together(during, b.people[:n], do)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	m.row.what, m.row.memory = what, b.memory()
	b.results.add(m.row)

	return ctx.Err()
}

// together lets people work until ctx ends. i counts their calls, each number
// once. What a person has measured itself is taken for the time of a call.
func together(ctx context.Context, people []*person, do func(who *person, i int) error) (measured, error) {
	var all sync.WaitGroup
	var calls atomic.Int64
	took, errs := make([][]time.Duration, len(people)), make([]error, len(people))
	began := time.Now()
	for n, who := range people {
		all.Go(func() {
			for ctx.Err() == nil {
				who.took = 0
				start := time.Now()
				if err := do(who, int(calls.Add(1))); err != nil {
					if !errors.Is(err, errEnough) {
						errs[n] = err
					}
					return
				}
				if who.took == 0 {
					who.took = time.Since(start)
				}
				took[n] = append(took[n], who.took)
			}
		})
	}
	all.Wait()
	m := measured{row: row{clients: len(people), over: time.Since(began), took: slices.Concat(took...)}}
	m.count = len(m.took)

	return m, errors.Join(errs...)
}
