package ingest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/ingest"
)

// The benchmark's own layout: pages packed, gold beside them, and around both
// what is no document.
func TestFolderOfWCXB(t *testing.T) {
	dir := t.TempDir()
	gold := `{"schema_version":"2.0","url":"https://example.org/ferry","file_id":"0001","ground_truth":{"title":"Ferry","author":"Mara","main_content":"The ferry runs again on Tuesday morning."},"page_type":"article"}`
	write(t, filepath.Join(dir, "test", "html", "0001.html.gz"), gz("<p>The ferry runs again on Tuesday morning.<p>Menu Search Contact"))
	write(t, filepath.Join(dir, "test", "ground-truth", "0001.json"), []byte(gold))
	write(t, filepath.Join(dir, "test", "html", "0002.html.gz"), gz("<p>No gold."))
	write(t, filepath.Join(dir, "test", "ground-truth", "0003.json"), []byte(gold))
	write(t, filepath.Join(dir, "test", "expected-scores.txt"), []byte("0.9"))
	write(t, filepath.Join(dir, "metadata.json"), []byte(`{"name":"WCXB"}`))
	write(t, filepath.Join(dir, "LICENSE"), []byte("Free."))

	for _, format := range []string{"", "wcxb"} {
		docs, problems, notes := all(t, ingest.Paths(t.Context(), []string{dir}, ingest.Options{Format: format}))
		if len(docs) != 1 || len(problems) != 2 || !strings.Contains(problems[0], "there is no page for it, html/0003.html") || !strings.Contains(problems[1], "there is no gold for it, ground-truth/0002.json") {
			t.Fatalf("%q: %d documents, %q, %q", format, len(docs), problems, notes)
		}
		d := docs[0]
		if d.ExternalID != "0001" || d.URL != "https://example.org/ferry" || d.Name != "Ferry" || !strings.Contains(d.Meta, `"page_type":"article"`) || len(d.Pieces) != 2 || d.Pieces[0].Class != corpus.Body || d.Pieces[1].Class != corpus.Boilerplate || d.GoldFound != 7 {
			t.Errorf("%q: %+v", format, d)
		}
	}
}

func TestRealFolderOfWCXBComesWithItsGold(t *testing.T) {
	docs, problems, notes := all(t, ingest.Paths(t.Context(), []string{shared(t, "wcxb-test")}, ingest.Options{}))
	gold, found, words := 0, 0, 0
	for _, d := range docs {
		if d.Pieces != nil {
			gold++
		}
		found, words = found+d.GoldFound, words+d.GoldWords
	}
	t.Logf("%d documents, %d with gold, %d of its %d words found; %q; %d notes", len(docs), gold, found, words, problems, len(notes))
	if len(docs) < 508 || gold < 505 || len(problems) > 3 || float64(found) < .97*float64(words) {
		t.Error("that is less than it was")
	}
}
