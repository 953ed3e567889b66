package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"annotate/internal/ingest"
	"annotate/internal/segment"
)

// numbered gives n records; it counts how many were asked for.
func numbered(n int, asked *int) iter.Seq2[ingest.Page, error] {
	return func(yield func(ingest.Page, error) bool) {
		for i := range n {
			*asked++
			p := ingest.Page{File: "a.jsonl", Line: i + 1, MediaType: ingest.Record, Raw: fmt.Appendf(nil, `{"id":"%d","text":"text %d%s"}`, i, i, strings.Repeat(" word", i%500))}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func TestDocumentsKeepTheirOrder(t *testing.T) {
	asked, want := 0, 0
	for in, err := range ingest.Documents(t.Context(), numbered(3000, &asked), "line") {
		if err != nil || in.ExternalID != fmt.Sprint(want) {
			t.Fatalf("%q at %d: %v", in.ExternalID, want, err)
		}
		want++
	}
	if want != 3000 {
		t.Errorf("%d documents", want)
	}
}

// settle waits until no more goroutines run than before, and says so if that
// does not come about.
func settle(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

func TestDocumentsStopWithTheirReader(t *testing.T) {
	before := runtime.NumGoroutine()
	asked, got := 0, 0
	for range ingest.Documents(t.Context(), numbered(1_000_000, &asked), "line") {
		if got++; got == 10 {
			break
		}
	}
	settle(t, before)
	if asked > 2000 {
		t.Errorf("%d pages were read for 10 documents", asked)
	}
}

func TestDocumentsStopWithTheContext(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked, got := 0, 0
	var last error
	for in, err := range ingest.Documents(ctx, numbered(1_000_000, &asked), "line") {
		if err == nil && in.Text == "" {
			t.Fatal("an empty document after the end of the context")
		}
		if got++; got == 10 {
			cancel()
		}
		last = err
	}
	settle(t, before)
	if !errors.Is(last, context.Canceled) || got > 12 {
		t.Errorf("%v after %d", last, got)
	}
}

// A connection that has gone quiet holds nobody up: the one read that waits is
// all that stays, until it ends.
func TestDocumentsStopWhileTheInputWaits(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	go func() {
		io.WriteString(w, `{"text":"A"}`+"\n")
		cancel()
	}()
	for _, err := range ingest.Documents(ctx, ingest.Reader(ctx, r, "a.jsonl", ingest.Options{}), "line") {
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	w.Close()
	settle(t, before)
}

// A line of 300 MB costs no memory: it is never held.
func TestHugeLineIsNotHeld(t *testing.T) {
	const n = 300 << 20
	in := io.MultiReader(strings.NewReader(`{"text":"`), io.LimitReader(xs{}, n), strings.NewReader("\"}\n{\"text\":\"B\"}\n"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	docs, problems := collect(t, ingest.Reader(t.Context(), in, "a.jsonl", ingest.Options{}))
	runtime.ReadMemStats(&after)
	if len(docs) != 1 || len(problems) != 1 || !strings.Contains(problems[0], "a.jsonl:1: the line is longer than 8 MiB") {
		t.Error(len(docs), problems)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 150<<20 {
		t.Errorf("%d MB were taken", grown>>20)
	}
}

type xs struct{}

func (xs) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// shared is the folder of real pages beside the project, which is not part of it.
func shared(t testing.TB, name string) string {
	dir, err := filepath.Abs("../../../shared/corpus/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the folder of real pages is not here")
	}
	return dir
}

func TestRealFolders(t *testing.T) {
	for _, c := range []struct {
		name            string
		docs, noContent int
	}{
		{"seed", 1, 0},
		{"aeb-plaintext/docs.jsonl", 181, 0},
		{"wcxb-test/html", 508, 3}, // three pages are filled by scripts alone
	} {
		docs, problems := collect(t, ingest.Paths(t.Context(), []string{shared(t, c.name)}, ingest.Options{}))
		if len(docs) != c.docs || len(problems) != c.noContent {
			t.Errorf("%s: %d documents, problems %q", c.name, len(docs), problems)
		}
		for _, p := range problems {
			if !strings.Contains(p, "no visible text") {
				t.Error(p)
			}
		}
		known := 0
		for _, d := range docs {
			if d.Language != "" {
				known++
			}
		}
		if known*10 < len(docs)*9 {
			t.Errorf("%s: the language of %d of %d is known", c.name, known, len(docs))
		}
	}
}

// Labels of real pages, whose positions others made, fit our blocks and text.
func TestRealGold(t *testing.T) {
	f, err := os.ReadFile(shared(t, "aeb-plaintext/docs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for line := range bytes.Lines(f) {
		var d struct {
			ID, Text string
			Lines    [][3]any
		}
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		var blocks []map[string]any
		runes := []rune(d.Text)
		for _, l := range d.Lines {
			line := string(runes[int(l[0].(float64)):int(l[1].(float64))])
			if strings.IndexFunc(line, segment.Visible) < 0 { // theirs count a lone zero-width space, ours do not
				continue
			}
			blocks = append(blocks, map[string]any{"start": l[0], "end": l[1], "class": l[2]})
		}
		json.NewEncoder(&out).Encode(map[string]any{"id": d.ID, "text": d.Text, "blocks": blocks, "layer": "gold", "annotators": []string{"aeb"}})
	}
	labelled, problems := take(t, "gold.jsonl", out.Bytes(), ingest.Options{})
	plain, _ := take(t, "docs.jsonl", f, ingest.Options{})
	if len(problems) > 0 || len(labelled) != len(plain) {
		t.Fatal(len(labelled), problems)
	}
	for i, d := range labelled {
		if len(d.Pieces) != len(plain[i].Blocks) {
			t.Errorf("%s: %d labelled lines, %d blocks", d.ExternalID, len(d.Pieces), len(plain[i].Blocks))
			continue
		}
		for j, p := range d.Pieces {
			if p.Range != plain[i].Blocks[j].Range {
				t.Errorf("%s: line %v, block %v", d.ExternalID, p.Range, plain[i].Blocks[j].Range)
				break
			}
		}
	}
}
