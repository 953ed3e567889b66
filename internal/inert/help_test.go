package inert

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/internal/text"
)

func cut(source string) (string, []corpus.Block, segment.Info, string, error) {
	return segment.HTML(source)
}

func asInvalid(err error, to **corpus.Invalid) bool { return errors.As(err, to) }

// sharedPage reads a page of a shared corpus, as text.
func sharedPage(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil && strings.HasSuffix(file, ".gz") {
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(r)
		}
	}
	if err != nil {
		t.Fatal(err)
	}

	return text.Normalise(strings.ToValidUTF8(string(b), "\uFFFD"))
}
