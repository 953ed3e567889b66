package clean_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// fake is a cleaner of a test's own.
type fake func(ctx context.Context, d corpus.Document) (score.Prediction, error)

func (fake) About() corpus.Cleaner { return corpus.Cleaner{Name: "fake"} }

func (f fake) Clean(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	return f(ctx, d)
}

// numbered are n documents with the ids 0, 1, 2 …; took counts those that were
// asked for.
func numbered(n int, took *int) iter.Seq2[corpus.Document, error] {
	return func(yield func(corpus.Document, error) bool) {
		for i := range n {
			*took++
			if !yield(corpus.Document{ID: corpus.DocumentID(i), Text: fmt.Sprint("text ", i), MediaType: "text/plain"}, nil) {
				return
			}
		}
	}
}

// plain is a document of text.
func plain(id, s string) corpus.Document {
	return corpus.Document{ExternalID: id, MediaType: "text/plain", Charset: "utf-8", Text: s}
}

// cleaned is what a cleaner says, which keeps to what holds of any.
func cleaned(t testing.TB, c clean.Cleaner, d corpus.Document) score.Prediction {
	t.Helper()
	p, err := c.Clean(t.Context(), d)
	if err != nil {
		t.Fatalf("%s: %v", d.ExternalID, err)
	}
	if p.Millis < 1 || len(p.Detail) > 500 || !utf8.ValidString(p.Detail+p.Text) || p.Status != score.OK && p.Text != "" {
		t.Errorf("%s: %+v", d.ExternalID, p)
	}
	return p
}

func echo(_ context.Context, d corpus.Document) (score.Prediction, error) {
	return score.Prediction{Status: score.OK, Text: d.Text}, nil
}

func TestAnswersComeInTheOrderOfTheDocuments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cleaned := make([]chan bool, 40)
		for i := range cleaned {
			cleaned[i] = make(chan bool)
		}
		// Each even document waits for the one behind it.
		c := fake(func(ctx context.Context, d corpus.Document) (score.Prediction, error) {
			if d.ID%2 == 0 {
				<-cleaned[d.ID+1]
			}
			close(cleaned[d.ID])
			return echo(ctx, d)
		})
		took, next := 0, 0
		for one, err := range clean.Run(t.Context(), c, numbered(len(cleaned), &took), 2) {
			if err != nil {
				t.Fatal(err)
			}
			if int(one.Document.ID) != next || one.Prediction.Text != fmt.Sprint("text ", next) || one.Document.Text != "" {
				t.Fatalf("document %d came where %d was due: %+v", one.Document.ID, next, one)
			}
			next++
		}
		if next != len(cleaned) {
			t.Errorf("%d of %d came", next, len(cleaned))
		}
	})
}

func TestOneSlowDocumentHoldsUpABoundedNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan bool)
		c := fake(func(ctx context.Context, d corpus.Document) (score.Prediction, error) {
			if d.ID == 0 {
				<-slow
			}
			return echo(ctx, d)
		})
		took, came := 0, 0
		go func() {
			for range clean.Run(t.Context(), c, numbered(1000, &took), 3) {
				came++
			}
		}()
		synctest.Wait()
		if came != 0 || took < 3 || took > 20 {
			t.Errorf("behind a slow document %d were taken and %d came", took, came)
		}
		close(slow)
		synctest.Wait()
		if came != 1000 {
			t.Errorf("%d of 1000 came", came)
		}
	})
}

// A bubble of synctest ends only when every goroutine in it has.
func TestNobodyIsLeftWhenTheCallerStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took := 0
		for range clean.Run(t.Context(), fake(echo), numbered(1_000_000, &took), 4) {
			break
		}
		if took > 30 {
			t.Errorf("%d documents were taken for one", took)
		}
	})
}

func TestARunStopsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := fake(func(ctx context.Context, d corpus.Document) (score.Prediction, error) {
			if d.ID == 5 {
				<-ctx.Done()
				return score.Prediction{}, ctx.Err()
			}
			return echo(ctx, d)
		})
		took, came := 0, 0
		var last error
		go func() {
			for _, err := range clean.Run(ctx, c, numbered(1_000_000, &took), 2) {
				if last = err; err == nil {
					came++
				}
			}
			close := last // the sequence has ended
			last = fmt.Errorf("ended: %w", close)
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if came != 5 || !errors.Is(last, context.Canceled) || !strings.HasPrefix(last.Error(), "ended") {
			t.Errorf("%d came, and then %v", came, last)
		}
	})
}

func TestWhatStopsARunIsSaidOnce(t *testing.T) {
	stop := corpus.Invalidf("exec", "it cannot be started")
	broken := errors.New("the file is broken")
	for _, c := range []struct {
		name    string
		cleaner fake
		docs    iter.Seq2[corpus.Document, error]
		want    error
	}{
		{"a cleaner that cannot be started", func(ctx context.Context, d corpus.Document) (score.Prediction, error) {
			if d.ID == 2 {
				return score.Prediction{}, stop
			}
			return echo(ctx, d)
		}, numbered(100, new(int)), stop},
		{"documents that cannot be read", echo, func(yield func(corpus.Document, error) bool) {
			for d := range numbered(2, new(int)) {
				if !yield(d, nil) {
					return
				}
			}
			yield(corpus.Document{}, broken)
		}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				came := 0
				var got []error
				for _, err := range clean.Run(t.Context(), c.cleaner, c.docs, 3) {
					if err == nil {
						came++
						continue
					}
					got = append(got, err)
				}
				if came != 2 || !slices.Equal(got, []error{c.want}) {
					t.Errorf("%d came, and the errors are %v", came, got)
				}
			})
		})
	}
}

func TestAPanicIsTheDocumentsOwn(t *testing.T) {
	c := fake(func(ctx context.Context, d corpus.Document) (score.Prediction, error) {
		if d.ID == 1 {
			panic("index out of range")
		}
		return echo(ctx, d)
	})
	var got []score.Status
	for one, err := range clean.Run(t.Context(), c, numbered(3, new(int)), 2) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, one.Prediction.Status)
		if one.Document.ID == 1 && !strings.Contains(one.Prediction.Detail, "index out of range") {
			t.Errorf("the detail is %q", one.Prediction.Detail)
		}
	}
	if !slices.Equal(got, []score.Status{score.OK, score.Failed, score.OK}) {
		t.Errorf("got %v", got)
	}
}

func TestACleanerIsClosedAfterItsRun(t *testing.T) {
	c := &closing{fake: echo}
	for range clean.Run(t.Context(), c, numbered(3, new(int)), 2) {
	}
	if c.closed != 1 {
		t.Errorf("it was closed %d times", c.closed)
	}
}

type closing struct {
	fake
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }
