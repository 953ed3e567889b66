package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
)

func TestTokensAreMadeWithScopesAndAnEnd(t *testing.T) {
	t.Setenv("ANNOTATE_DB", filepath.Join(t.TempDir(), "a.db"))
	must(t, "quiet villages\n", "user", "add", "mara", "--role", "manager", "--password-stdin")
	usual := strings.TrimSpace(must(t, "", "user", "token", "mara"))
	some := strings.TrimSpace(must(t, "", "user", "token", "mara", "--for", "nightly", "--scope", "labels", "--scope", "import,read", "--days", "2"))

	s, err := db.Open(t.Context(), os.Getenv("ANNOTATE_DB"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, held, err := s.Token(t.Context(), usual); err != nil || !slices.Equal(held.Scopes, corpus.UsualScopes) || !held.Expires.IsZero() || held.Name != "command line" {
		t.Errorf("%+v %v", held, err)
	}
	_, held, err := s.Token(t.Context(), some)
	if left := time.Until(held.Expires); err != nil || !slices.Equal(held.Scopes, []corpus.Scope{"read", "import", "labels"}) || left < 47*time.Hour || left > 49*time.Hour || held.Name != "nightly" {
		t.Errorf("%+v %v", held, err)
	}
}

// The provider is not asked before somebody wants to sign in there, and its
// secret is neither in the help nor in what is logged.
func TestServingStartsWithoutItsProvider(t *testing.T) {
	const secret = "a-secret-of-the-client"
	t.Setenv("ANNOTATE_OIDC_CLIENT_SECRET", secret)
	s := startServing(t, "--db", filepath.Join(t.TempDir(), "a.db"), "--verbose", "--base-url", "http://127.0.0.1:8080",
		"--oidc-issuer", "http://127.0.0.1:1", "--oidc-client-id", "annotate", "--oidc-name", "University login", "--oidc-role", "annotator")
	url := s.line(t, `^annotate is ready at (http://127\.0\.0\.1:\d+)$`)
	for path, want := range map[string]int{"/sign-in": http.StatusOK, "/sign-in/provider": http.StatusServiceUnavailable} {
		r, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != want {
			t.Errorf("%s answers %s", path, r.Status)
		}
	}
	s.end(t)
	if log := s.errs.String(); strings.Contains(log, secret) || !strings.Contains(log, "connection refused") {
		t.Errorf("it logged\n%s", log)
	}
	if help := must(t, "", "serve", "--help"); strings.Contains(help, secret) || !strings.Contains(help, "ANNOTATE_OIDC_CLIENT_SECRET") {
		t.Errorf("the help is\n%s", help)
	}
}
