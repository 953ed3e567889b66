package db_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// The test binary is its own victim: with this variable set it saves until it
// is killed.
const victimFile, victimRound = "ANNOTATE_TEST_VICTIM", "ANNOTATE_TEST_ROUND"

func TestMain(m *testing.M) {
	if path := os.Getenv(victimFile); path != "" {
		round, err := strconv.Atoi(os.Getenv(victimRound))
		if err == nil {
			err = victim(context.Background(), path, round)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	savers        = 8
	importedEach  = 200 // documents of one import
	firstDocument = 1
)

// victim saves events, two in a batch, from several goroutines, and prints the
// name of each batch once it is acknowledged, while it imports over and over.
func victim(ctx context.Context, path string, round int) error {
	s, err := db.Open(ctx, path)
	if err != nil {
		return err
	}
	// Each round finds the import that the last one left for dead.
	s.SetClock(func() time.Time { return time.Now().Add(time.Duration(round) * time.Hour) })

	fail := make(chan error)
	for i := range savers {
		go func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("%03d-%02d-%06d", round, i, n)
				note := name
				a, err := s.Act(ctx, firstDocument+corpus.DocumentID(n%3), corpus.AnnotatorID(i+1), []corpus.Event{
					{ID: name + "-a", Kind: corpus.KindClass, From: at[n%4], To: at[3], Class: corpus.Body},
					{ID: name + "-b", Kind: corpus.KindNote, Note: &note},
				})
				if err != nil || len(a.Refused) > 0 {
					fail <- fmt.Errorf("%s: %+v %w", name, a.Refused, err)
					return
				}
				fmt.Println(name)
			}
		}()
	}
	go func() {
		for n := 0; ; n++ {
			r, err := s.Import(ctx, corpus.ImportOptions{Project: 1}, each(many(importedEach, fmt.Sprintf("import-%03d-%03d", round, n))...))
			if err != nil || r.New != importedEach {
				fail <- fmt.Errorf("%+v %w", r, err)
				return
			}
		}
	}()

	return <-fail
}

func TestAKilledServerLosesNothingItAcknowledged(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "annotate.db")
	s, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	p := dbtest.Project(t, s, "news")
	wants(t, s, p, savers)
	load(t, s, p, lines("a", page), lines("b", page), lines("c", page))
	for i := range savers {
		dbtest.Annotator(t, s, fmt.Sprint("person ", i), corpus.AnnotatorRole)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	random := rand.New(rand.NewPCG(2026, 11))
	acked := map[string]bool{}
	for round := range 10 {
		for _, name := range killAfter(t, path, round, 1+random.IntN(600)) {
			acked[name] = true
		}
		s, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		log := logged(t, s)
		for name := range acked {
			if log[name] != 2 {
				t.Fatalf("round %d: %s was acknowledged and stands %d times in the log instead of twice", round, name, log[name])
			}
		}
		for name, n := range log {
			if n != 2 {
				t.Fatalf("round %d: half of the batch %s was kept", round, name)
			}
		}
		if seen := counts(t, s, p).Total() - 3; seen%importedEach != 0 {
			t.Fatalf("round %d: %d documents are seen of imports of %d", round, seen, importedEach)
		}
		if round == 9 {
			clean(t, s)
			t.Logf("%d batches acknowledged, %d kept", len(acked), len(log))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter starts a victim, kills it after so many lines and returns all that
// it said.
func killAfter(t *testing.T, path string, round, after int) (names []string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), victimFile+"="+path, victimRound+"="+strconv.Itoa(round))
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err == io.EOF {
			break // a line cut short was not said
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSpace(line))
		if len(names) == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if len(names) < after {
		t.Fatalf("round %d: the server ended after %d of %d saves: %s", round, len(names), after, complaint.String())
	}

	return names
}

// logged counts the events of each batch.
func logged(t *testing.T, s *db.Store) map[string]int {
	t.Helper()
	var all string
	if err := s.Scan(t.Context(), `SELECT coalesce(group_concat(substr(id, 1, length(id) - 2)), '') FROM events`, nil, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for name := range strings.SplitSeq(all, ",") {
		if name != "" {
			out[name]++
		}
	}

	return out
}
