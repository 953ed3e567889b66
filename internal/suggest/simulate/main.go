// Command simulate measures what suggestions of blocks are worth. The labels of
// a corpus play the annotator: models learn from some of its sites and are asked
// about the others, and what is counted is what a person would have had to do.
// It prints Markdown; docs/suggestions.md keeps what it printed.
//
//	go run ./internal/suggest/simulate -corpus docs.jsonl
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	path := flag.String("corpus", "../shared/corpus/aeb-plaintext/docs.jsonl", "labelled pages, as JSON lines")
	seeds := flag.Int("seeds", 3, "how often each figure is taken, over other folds")
	only := flag.String("only", "", "one part: "+strings.Join(names(), ", ")+"; empty: all")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *path, *only, *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

// parts are what is measured, in the order in which it is printed.
var parts = []struct {
	name    string
	measure func(context.Context, io.Writer, []labelled, int) error
}{
	{"growth", growth}, {"sweeps", sweeps}, {"memory", memory}, {"order", order}, {"calibration", calibration}, {"time", timings},
}

func names() []string {
	out := make([]string, len(parts))
	for i, p := range parts {
		out[i] = p.name
	}
	return out
}

func run(ctx context.Context, w io.Writer, path, only string, seeds int) error {
	if seeds < 1 {
		return fmt.Errorf("%d seeds: at least 1", seeds)
	}
	if only != "" && !slices.Contains(names(), only) {
		return fmt.Errorf("there is no part %q; there are %s", only, strings.Join(names(), ", "))
	}
	pages, err := read(path)
	if err != nil {
		return err
	}

	describe(w, pages)
	for _, p := range parts {
		if only != "" && p.name != only {
			continue
		}
		if err := p.measure(ctx, w, pages, seeds); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}

	return nil
}

func describe(w io.Writer, pages []labelled) {
	sites, lines := map[string]int{}, 0
	for _, p := range pages {
		sites[p.Document.Site]++
		lines += len(p.Classes)
	}
	twice := 0
	for _, n := range sites {
		if n > 1 {
			twice++
		}
	}
	fmt.Fprintf(w, "%d pages of %d sites, %d of them with more than one page; %d blocks.\n", len(pages), len(sites), twice, lines)
}
