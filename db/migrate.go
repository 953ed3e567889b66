package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pressly/goose/v3"

	"annotate/internal/corpus"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema to the newest version. A file that a newer program
// wrote is refused untouched: an old program that writes into a schema it does
// not know destroys work. Before an existing file changes, a copy of it is
// made beside it.
func migrate(ctx context.Context, w *sql.DB, path string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, w, files)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}

	// goose adds its own table to a file that has none, so a foreign database
	// is told apart before asking it for the version.
	var tables, ours int
	err = w.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema`).Scan(&tables, &ours)
	switch {
	case notADatabase(err):
		return corpus.Invalidf("", "%s is not a data file of annotate; name another with --db", path)
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	case tables > 0 && ours == 0:
		return corpus.Invalidf("", "%s is a database of another program; name another file with --db", path)
	}

	has, newest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	switch {
	case has > newest:
		return corpus.Invalidf("", "%s was written by a newer annotate (schema %d, this program knows %d); start the newer program", path, has, newest)
	case has == newest:
		return nil
	case has > 0:
		if err := copyBefore(ctx, w, fmt.Sprintf("%s.before-%d", path, newest)); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate %s: %w", path, err)
	}

	return nil
}

func copyBefore(ctx context.Context, w *sql.DB, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := w.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("copy before migrating: %w", err)
	}

	return nil
}
