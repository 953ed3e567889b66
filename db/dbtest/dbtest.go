// Package dbtest opens real data files for tests: what a test double would
// have to imitate is most of what can go wrong.
package dbtest

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"annotate/db"
	"annotate/internal/corpus"
)

var keep = flag.Bool("keep", false, "keep the data files of tests for looking at")

// Open is a migrated, empty data file that goes with the test.
func Open(t testing.TB) *db.Store {
	t.Helper()
	dir := t.TempDir()
	if *keep {
		var err error
		if dir, err = os.MkdirTemp("", "annotate-test-"); err != nil {
			t.Fatal(err)
		}
		t.Logf("data file kept in %s", dir)
	}
	s, err := db.Open(t.Context(), filepath.Join(dir, "annotate.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return s
}

// Project is a project with the usual labels.
func Project(t testing.TB, s *db.Store, name string) corpus.Project {
	t.Helper()
	id, err := s.AddProject(t.Context(), corpus.Project{Name: name, Labels: corpus.DefaultLabels(), Cutting: "line"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Project(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

// Annotator is a person with a role; the password hash fits no password.
func Annotator(t testing.TB, s *db.Store, name string, role corpus.Role) corpus.Annotator {
	t.Helper()
	if _, err := s.AddAnnotator(t.Context(), name, role, "-"); err != nil {
		t.Fatal(err)
	}
	a, err := s.AnnotatorByName(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}

	return a
}
