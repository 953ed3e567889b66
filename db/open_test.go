package db_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// raw opens a data file without the store, as any SQLite program would.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	d, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	d.SetMaxOpenConns(1)
	t.Cleanup(func() { d.Close() })
	return d
}

func run(t testing.TB, d *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := d.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// folder is the hash of every file beside path, by name.
func folder(t testing.TB, path string) string {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(path), f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %x\n", f.Name(), sha256.Sum256(content))
	}
	return b.String()
}

func TestTheSchemaIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := raw(t, s.Path()).QueryContext(t.Context(), `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'documents_fts_%' ORDER BY rowid`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	b.WriteString("-- All tables as the migrations leave them; go test ./db -run TestTheSchemaIsWrittenDown -update writes this file.\n")
	for rows.Next() {
		var q string
		if err := rows.Scan(&q); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n%s;\n", strings.TrimSpace(q))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.sql", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("schema.sql is not what the migrations make; write it anew with -update. They make:\n%s", b.String())
	}
}

func TestTheFileIsOpenedDurable(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "0", "query_only": "0"} {
		if got, err := s.WriterPragma(t.Context(), name); err != nil || got != want {
			t.Errorf("the writer's %s is %q, not %q, %v", name, got, want, err)
		}
	}
	for name, want := range map[string]string{"journal_mode": "wal", "query_only": "1", "busy_timeout": "10000"} {
		if got, err := s.ReaderPragma(t.Context(), name); err != nil || got != want {
			t.Errorf("a reader's %s is %q, not %q, %v", name, got, want, err)
		}
	}
}

func TestWhatCannotBeOpenedIsRefusedUntouched(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"a newer database": {func(t *testing.T, path string) {
			s, err := db.Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			d := raw(t, path)
			run(t, d, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`, `PRAGMA wal_checkpoint(TRUNCATE)`)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}, "newer annotate"},
		"another program's database": {func(t *testing.T, path string) {
			d := raw(t, path)
			run(t, d, `CREATE TABLE bookmarks (url TEXT)`, `INSERT INTO bookmarks VALUES ('https://example.org')`)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}, "another program"},
		"a text file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(strings.Repeat("This is no database. ", 300)), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "not a data file"},
		"a short text file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, "not a data file"},
		"a folder": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path+"/x", nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "is a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "given.db")
			c.make(t, path)
			before := ""
			if name != "a folder" {
				before = folder(t, path)
			}
			s, err := db.Open(t.Context(), path)
			if i, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(i.Reason, c.says) {
				t.Errorf("%v", err)
			}
			if err == nil {
				s.Close()
			}
			if before != "" && folder(t, path) != before {
				t.Errorf("before\n%safter\n%s", before, folder(t, path))
			}
		})
	}
	_, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder", "annotate.db"))
	if _, ok := errors.AsType[*corpus.Invalid](err); !ok {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestADataFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("rights are kept otherwise there")
	}
	s := dbtest.Open(t)
	dbtest.Project(t, s, "news")
	backup := filepath.Join(filepath.Dir(s.Path()), "backup")
	if err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{s.Path(), s.Path() + "-wal", s.Path() + "-shm", backup} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", filepath.Base(name), info.Mode(), err)
		}
	}
}

func TestAFileMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "50%.db", "50%20.db", "what?mode=memory.db", "hash#1.db", "é 🌉.db", "a&b=c.db", "plus+.db", "it's.db"} {
		path := filepath.Join(t.TempDir(), name)
		s, err := db.Open(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		dbtest.Project(t, s, "news")
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		files, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(files) != 1 || files[0].Name() != name {
			t.Errorf("%s became %v %v", name, files, err)
		}
	}
}

func TestOneServerServesAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "annotate.db")
	open := func() *db.Store {
		s, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, two := open(), open()
	defer two.Close()
	if err := one.Serve(); err != nil {
		t.Fatal(err)
	}
	err := two.Serve()
	if i, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(i.Reason, "another annotate is serving") {
		t.Fatalf("a second server: %v", err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if err := two.Serve(); err != nil {
		t.Errorf("after the first has gone: %v", err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	t.Parallel()
	s, err := db.Open(t.Context(), filepath.Join(t.TempDir(), "annotate.db"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddAnnotator(t.Context(), "mara", corpus.AnnotatorRole, "-"); err == nil {
		t.Error("a closed store took a change")
	}
	if _, err := s.Annotators(t.Context()); err == nil {
		t.Error("a closed store was read")
	}
}

func TestCheckFindsEachDamage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		damage []string
		says   string
	}{
		"another text":             {[]string{`UPDATE documents SET text = replace(text, 'Mara', 'Nora') WHERE id = 1`}, "document 1: the text is not the one"},
		"blocks out of order":      {[]string{`UPDATE documents SET blocks = '{"at":[16,48,0,15]}' WHERE id = 1`}, "document 1: block"},
		"blocks outside the text":  {[]string{`UPDATE documents SET blocks = '{"at":[0,4000]}' WHERE id = 2`}, "document 2: block"},
		"blocks that are no JSON":  {[]string{`UPDATE documents SET blocks = 'x' WHERE id = 3`}, "document 3"},
		"another source":           {[]string{`UPDATE sources SET bytes = x'00'`}, "document 1: the source"},
		"a source lost":            {[]string{`DELETE FROM sources`}, "document 1: the source"},
		"a packed source spoilt":   {[]string{`UPDATE sources SET encoding = 'zstd'`}, "document 1: the source"},
		"an event lost":            {[]string{`DELETE FROM events WHERE n = 1`}, "annotation of document 1 by person 1"},
		"an event spoilt":          {[]string{`UPDATE events SET change = '{'`}, "annotation of document 1 by person 1"},
		"an event that cannot be":  {[]string{`UPDATE events SET change = '{"classes":[{"start":3,"end":4,"class":"body"}]}' WHERE n = 1`}, "annotation of document 1 by person 1"},
		"a status":                 {[]string{`UPDATE annotations SET status = 'draft'`}, "annotation of document 1 by person 1"},
		"gold without a decision":  {[]string{`UPDATE gold SET content = replace(content, '"bbxx"', '"bb--"') WHERE document_id = 1`}, "of document 1: 2 blocks still need a decision"},
		"gold with another quote":  {[]string{`UPDATE gold SET content = replace(content, 'Mara', 'Nora') WHERE document_id = 1`}, `of document 1: spans: `},
		"gold with a class lost":   {[]string{`UPDATE gold SET content = replace(content, '"bbxx"', '"bbx"') WHERE document_id = 1`}, "of document 1: gold 1: columns of different lengths"},
		"gold of an unknown class": {[]string{`UPDATE gold SET content = replace(content, '"bbxx"', '"bbxy"') WHERE document_id = 1`}, "of document 1: gold 1: there is no class"},
		"gold that is no JSON":     {[]string{`UPDATE gold SET content = 'x' WHERE document_id = 1`}, "of document 1"},
		"old gold spoilt":          {[]string{`INSERT INTO gold (document_id, project_id, version, at, annotators, content) SELECT document_id, project_id, 2, at, annotators, content FROM gold WHERE document_id = 1`, `UPDATE gold SET content = 'x' WHERE document_id = 1 AND version = 1`}, "of document 1"},
		"gold lost":                {[]string{`DELETE FROM gold WHERE document_id = 1`}, "document 1"},
		"a label lost":             {[]string{`UPDATE projects SET labels = '[]'`}, "no label number 1"},
		"gold chosen nohow":        {[]string{`DROP TRIGGER chosen_once`, `UPDATE document_states SET chosen = '' WHERE document_id = 1`}, "document 1 is gold and in work, and nothing says how it was chosen"},
		"counts":                   {[]string{`UPDATE project_counts SET documents = 7 WHERE state = 'new'`}, "7 documents are counted as new, there are 2"},
		"a count lost":             {[]string{`DELETE FROM project_counts WHERE state = 'new'`}, "0 documents are counted as new, there are 2"},
		"a document without state": {[]string{`DELETE FROM document_states WHERE document_id = 2`}, "document 2"},
		"a document lost":          {[]string{`PRAGMA foreign_keys = 0`, `DELETE FROM documents WHERE id = 1`}, "points to a row of documents that is not there"},
		"a search index spoilt":    {[]string{`INSERT INTO documents_fts (documents_fts) VALUES ('delete-all')`}, "search"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.Open(t)
			p := dbtest.Project(t, s, "news")
			mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
			first := lines("a", page)
			first.Source, first.SourceHash = []byte("\r\n"), fmt.Sprintf("%x", sha256.Sum256([]byte("\r\n")))
			load(t, s, p, first, lines("b", page), lines("c", page+"!"))
			var e event
			refused(t, act(t, s, 1, mara, e.of(span("span-0001", 1, 9, 13, "Mara", 1))))
			refused(t, act(t, s, 1, mara, submitAll(&e)...))
			clean(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			d := raw(t, s.Path())
			run(t, d, `DROP TRIGGER documents_never_change`, `DROP TRIGGER gold_never_changes`, `DROP TRIGGER events_never_change`, `DROP TRIGGER events_never_go`)
			run(t, d, c.damage...)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			again, err := db.Open(t.Context(), s.Path())
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			problems, err := again.Check(t.Context(), func(string) {})
			if err != nil || !strings.Contains(strings.Join(problems, "\n"), c.says) {
				t.Errorf("want %q, got %q %v", c.says, problems, err)
			}
		})
	}
}

func TestCheckFindsADamagedFile(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	load(t, s, p, many(400, "a")...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	for at := len(content) * 3 / 4; at < len(content)*3/4+40_000; at++ {
		content[at] ^= 0x55
	}
	if err := os.WriteFile(s.Path(), content, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := db.Open(t.Context(), s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	problems, err := again.Check(t.Context(), func(string) {})
	if err != nil || !strings.Contains(strings.Join(problems, "\n"), "damaged") {
		t.Errorf("%.300q %v", problems, err)
	}
}

func TestABackupMadeWhileOthersWriteIsWhole(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	mara := dbtest.Annotator(t, s, "mara", corpus.AnnotatorRole)
	docs := many(40, "long")
	for i := range docs { // some 8 MB, so that a backup takes several steps
		docs[i] = lines(fmt.Sprint("long-", i), strings.Repeat(fmt.Sprint("Line ", i, " of a long text\n"), 5_000))
	}
	load(t, s, p, docs...)

	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var mu sync.Mutex
	saved := 0
	for i := range 4 {
		writers.Go(func() {
			e := event{n: i * 100_000}
			id := corpus.DocumentID(i + 1)
			for ctx.Err() == nil {
				note := fmt.Sprint(e.n)
				if _, err := s.Act(t.Context(), id, mara.ID, []corpus.Event{e.of(corpus.Event{Kind: corpus.KindNote, Note: &note})}); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				saved++
				mu.Unlock()
			}
		})
	}
	before := make([]int, 2)
	for i := range before {
		mu.Lock()
		before[i] = saved
		mu.Unlock()
		if err := s.Backup(t.Context(), filepath.Join(filepath.Dir(s.Path()), fmt.Sprint("backup-", i))); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	writers.Wait()

	for i, saved := range before {
		b, err := db.Open(t.Context(), filepath.Join(filepath.Dir(s.Path()), fmt.Sprint("backup-", i)))
		if err != nil {
			t.Fatal(err)
		}
		clean(t, b)
		var events int
		if err := b.Scan(t.Context(), `SELECT count(*) FROM events`, nil, &events); err != nil || events < saved {
			t.Errorf("backup %d holds %d events, %d were saved before it began, %v", i, events, saved, err)
		}
		if c := counts(t, b, p); c.Total() != 40 {
			t.Errorf("backup %d: %v", i, c)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestABackupNeverReplacesAFile(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	dbtest.Project(t, s, "news")
	for _, to := range []string{s.Path(), filepath.Join(t.TempDir(), "report.txt")} {
		if to != s.Path() {
			if err := os.WriteFile(to, []byte("a year's work"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		before, err := os.ReadFile(to)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Backup(t.Context(), to)
		if i, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(i.Reason, "already") {
			t.Errorf("a backup over %s: %v", filepath.Base(to), err)
		}
		if after, err := os.ReadFile(to); err != nil || string(after) != string(before) {
			t.Errorf("%s was changed, %v", filepath.Base(to), err)
		}
	}
	err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "no", "folder", "x"))
	if _, ok := errors.AsType[*corpus.Invalid](err); !ok {
		t.Errorf("a folder that is not there: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if err := s.Backup(ended, filepath.Join(dir, "b")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("half a backup was left: %v %v", files, err)
	}
}
