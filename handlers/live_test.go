package handlers

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"annotate/internal/corpus"
)

// listen opens the stream of the first project and gives its lines; the
// channel is closed when it ends.
func (s *site) listen(who string) <-chan string {
	s.t.Helper()
	web := httptest.NewServer(s.server)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	s.t.Cleanup(func() { cancel(); web.CloseClientConnections(); web.Close() })
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, web.URL+news+"/live", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range s.cookies[who] {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	answer, err := web.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" {
		s.t.Fatalf("status %d, %s", answer.StatusCode, kind)
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer answer.Body.Close()
		for scan := bufio.NewScanner(answer.Body); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	s.t.Cleanup(func() { cancel() })

	return lines
}

// hear waits for a line that holds the words; it fails where the stream ends
// before.
func (s *site) hear(lines <-chan string, words string) {
	s.t.Helper()
	for line := range lines {
		if strings.Contains(line, words) {
			return
		}
	}
	s.t.Fatalf("the stream ended without %q", words)
}

func TestAnOpenOverviewFollowsTheWork(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	manager, labels := s.listen("mona"), s.listen("ines")
	s.hear(manager, "listening")
	s.hear(labels, "listening")

	s.handIn("ines", 1, corpus.Body)
	s.hear(manager, "2 gold") // of every state, with a link to each
	s.hear(labels, "Your work")

	// Whoever may not see the project any more hears nothing of what follows.
	if err := s.store.SetDisabled(t.Context(), s.person("ines"), true, 0); err != nil {
		t.Fatal(err)
	}
	s.handIn("mona", 2, corpus.Body)
	s.hear(manager, "3 gold")
	for line := range labels {
		if strings.Contains(line, "3") && strings.Contains(line, "gold") {
			t.Errorf("a disabled person hears %q", line)
		}
	}
}

func TestAnOpenOverviewEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	lines := s.listen("mona")
	s.hear(lines, "listening")
	s.server.Drain()
	for range lines { // until it ends
	}
}
