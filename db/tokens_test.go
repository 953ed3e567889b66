package db_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

// token makes one that may do everything, for ever.
func token(t testing.TB, s *db.Store, who corpus.Annotator) string {
	t.Helper()
	secret, err := s.AddToken(t.Context(), who.ID, corpus.Token{Name: "ci", Scopes: corpus.Scopes}, who.ID)
	if err != nil {
		t.Fatal(err)
	}

	return secret
}

func TestATokenHasTheScopesThatItWasGiven(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	secret, err := s.AddToken(t.Context(), mara.ID, corpus.Token{Name: " nightly runs ", Scopes: []corpus.Scope{"runs", "read", "runs"}}, mara.ID)
	if err != nil {
		t.Fatal(err)
	}

	who, held, err := s.Token(t.Context(), secret)
	if err != nil || who.ID != mara.ID || who.Role != corpus.Manager {
		t.Fatalf("%+v %v", who, err)
	}
	if held.Name != "nightly runs" || !slices.Equal(held.Scopes, []corpus.Scope{"read", "runs"}) || !held.Expires.IsZero() || held.ID == "" || strings.Contains(secret, held.ID) {
		t.Errorf("%+v", held)
	}
	for scope, want := range map[corpus.Scope]bool{"read": true, "runs": true, "import": false, "labels": false, "manage": false, "": false} {
		if held.Allows(scope) != want {
			t.Errorf("%q is allowed: %v", scope, !want)
		}
	}
}

func TestATokenThatWillNotDo(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	read := []corpus.Scope{corpus.ScopeRead}
	for field, bad := range map[string]corpus.Token{
		"token": {Name: " \t", Scopes: read},
		"scope": {Name: "x"},
		"days":  {Name: "x", Scopes: read, Expires: time.Now().Add(-time.Second)},
	} {
		_, err := s.AddToken(t.Context(), mara.ID, bad, mara.ID)
		invalid(t, err, field)
	}
	_, err := s.AddToken(t.Context(), mara.ID, corpus.Token{Name: strings.Repeat("é", 81), Scopes: read}, mara.ID)
	invalid(t, err, "token")
	_, err = s.AddToken(t.Context(), mara.ID, corpus.Token{Name: "x", Scopes: []corpus.Scope{"read", "everything"}}, mara.ID)
	invalid(t, err, "scope")
	if _, err := s.AddToken(t.Context(), 99, corpus.Token{Name: "x", Scopes: read}, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}
	if all, err := s.Tokens(t.Context(), mara.ID); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestATokenRunsOut(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	secret, err := s.AddToken(t.Context(), mara.ID, corpus.Token{Name: "x", Scopes: corpus.Scopes, Expires: clock.now().Add(time.Hour)}, mara.ID)
	if err != nil {
		t.Fatal(err)
	}

	clock.add(59 * time.Minute)
	if _, held, err := s.Token(t.Context(), secret); err != nil || !held.Expires.Equal(clock.now().Add(time.Minute).UTC().Truncate(time.Millisecond)) {
		t.Errorf("a minute before the end: %+v %v", held, err)
	}
	clock.add(2 * time.Minute)
	if _, _, err := s.Token(t.Context(), secret); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a minute after it: %v", err)
	}
	if all, err := s.Tokens(t.Context(), mara.ID); err != nil || len(all) != 0 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestTheUseOfATokenIsWrittenOnceAnHour(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now().Truncate(time.Millisecond))
	s.SetClock(clock.now)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	secret, began := token(t, s, mara), clock.now()
	used := func() time.Time {
		t.Helper()
		all, err := s.Tokens(t.Context(), mara.ID)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v %v", all, err)
		}
		return all[0].Used
	}

	if !used().IsZero() {
		t.Errorf("it is new, and was used %v", used())
	}
	for _, step := range []struct{ after, seen time.Duration }{{0, 0}, {59 * time.Minute, 0}, {2 * time.Minute, 61 * time.Minute}, {30 * time.Minute, 61 * time.Minute}} {
		clock.add(step.after)
		if _, _, err := s.Token(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		if want := began.Add(step.seen); !used().Equal(want) {
			t.Errorf("used %v, want %v", used(), want)
		}
	}
}

func TestATokenIsRemovedByItsOwnerAlone(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara, jonas := dbtest.Annotator(t, s, "mara", corpus.Manager), dbtest.Annotator(t, s, "jonas", corpus.Manager)
	secret, other := token(t, s, mara), token(t, s, mara)
	all, err := s.Tokens(t.Context(), mara.ID)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v %v", all, err)
	}
	_, held, err := s.Token(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}

	if err := s.RemoveToken(t.Context(), jonas.ID, held.ID, jonas.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("by jonas: %v", err)
	}
	if err := s.RemoveToken(t.Context(), mara.ID, held.ID, mara.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveToken(t.Context(), mara.ID, held.ID, mara.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
	if _, _, err := s.Token(t.Context(), secret); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("it still works: %v", err)
	}
	if _, _, err := s.Token(t.Context(), other); err != nil {
		t.Errorf("the other one: %v", err)
	}
}

// entries are the kinds of the log, newest first, each with what changed.
func entries(t testing.TB, s *db.Store) []string {
	t.Helper()
	log, err := s.Log(t.Context(), corpus.LogFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range log {
		out = append(out, fmt.Sprintf("%s %s %s %s", e.By, e.Kind, e.Subject, e.Change))
	}

	return out
}

func TestTheLogTellsOfTokensAndNotTheirSecrets(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	secret, err := s.AddToken(t.Context(), mara.ID, corpus.Token{Name: "ci", Scopes: corpus.UsualScopes}, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, held, err := s.Token(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveToken(t.Context(), mara.ID, held.ID, mara.ID); err != nil {
		t.Fatal(err)
	}

	got := entries(t, s)
	want := []string{`mara token-removed mara {"token":"ci"}`, ` token-added mara {"token":"ci","scopes":["read","runs"]}`}
	if len(got) < 2 || !slices.Equal(got[:2], want) {
		t.Errorf("the log:\n%s", strings.Join(got, "\n"))
	}
	if all, _ := json.Marshal(got); strings.Contains(string(all), secret) {
		t.Error("the secret is in the log")
	}
}

// Whoever had a token before there were scopes keeps what it could do.
func TestATokenFromBeforeScopesDoesEverything(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "old.db")
	old, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(os.DirFS("."), "migrations")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, old, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`INSERT INTO annotators (id, name, role, password_hash, added_at) VALUES (1, 'mara', 'manager', '-', 1)`,
		// the SHA-256 of "abc", as FIPS 180-2, B.1, has it
		`INSERT INTO tokens (token_hash, annotator_id, name, added_at) VALUES (x'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 1, 'old', 1)`,
	} {
		if _, err := old.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}

	s, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	who, held, err := s.Token(t.Context(), "abc")
	if err != nil || who.Name != "mara" || held.Name != "old" || !slices.Equal(held.Scopes, corpus.Scopes) || !held.Expires.IsZero() {
		t.Errorf("%+v %+v %v", who, held, err)
	}
}
