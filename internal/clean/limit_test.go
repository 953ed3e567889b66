package clean

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

func stuck(until <-chan struct{}) *builtIn {
	return &builtIn{BuiltIn{Name: "stuck", clean: func(corpus.Document) (string, []score.Block, error) {
		<-until
		return "too late", nil, nil
	}}, builtInLimit}
}

func TestABuiltInThatHangsIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in which time passes when all wait
		until := make(chan struct{})
		start := time.Now()
		p, err := stuck(until).Clean(t.Context(), corpus.Document{})
		if err != nil || p.Status != score.TimeOut || p.Text != "" || time.Since(start) != builtInLimit || p.Millis != int(builtInLimit.Milliseconds()) {
			t.Errorf("after %v it said %+v, %v", time.Since(start), p, err)
		}
		close(until)
	})
}

func TestABuiltInIsNotWaitedForWhenTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := stuck(until).Clean(ctx, corpus.Document{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		close(until)
	})
}

func TestABuiltInThatPanicsHasFailed(t *testing.T) {
	c := &builtIn{BuiltIn{Name: "bad", clean: func(corpus.Document) (string, []score.Block, error) {
		var page []int
		return "", nil, errors.New(string(rune(page[3])))
	}}, builtInLimit}
	if p, err := c.Clean(t.Context(), corpus.Document{}); err != nil || p.Status != score.Failed || p.Detail == "" {
		t.Errorf("it said %+v, %v", p, err)
	}
}
