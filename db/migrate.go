package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
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

// ours says whether the file is a data file, empty ones included. It only
// reads: opening a file as we do would change the header of a foreign one, and
// goose would add its own table.
func ours(ctx context.Context, path string) error {
	d, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+"?mode=ro&_busy_timeout=10000")
	if err != nil {
		return err
	}
	defer d.Close()

	var tables, goose int
	err = d.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE name = 'goose_db_version') FROM sqlite_schema`).Scan(&tables, &goose)
	switch {
	case notADatabase(err):
		return corpus.Invalidf("", "%s is not a data file of annotate; name another with --db", path)
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	case tables > 0 && goose == 0:
		return corpus.Invalidf("", "%s is a database of another program; name another file with --db", path)
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
