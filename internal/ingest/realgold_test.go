package ingest_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"annotate/internal/ingest"
	"annotate/internal/score"
)

// Gold of real pages is found in them again: how much of it, and how near the
// blocks that follow from it are to the text that it was.
func TestRealGoldTextsAreFound(t *testing.T) {
	for _, c := range []struct {
		name            string
		make            func(testing.TB, string) map[string]string // gold by id
		docs            int
		found, f1       float64 // means, at least
		little, refused int     // documents with less than nine tenths found; bad ones; at most
	}{
		{"aeb", aebFolder, 181, .999, .99, 0, 0},
		{"chatnoir", wcxbFolder, 508, .99, .99, 8, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			gold := c.make(t, dir)
			docs, problems, _ := all(t, ingest.Paths(t.Context(), []string{dir}, ingest.Options{}))
			if len(docs) != c.docs || len(problems) > c.refused {
				t.Fatalf("%d documents, %q", len(docs), problems)
			}
			found, f1, little := 0.0, 0.0, 0
			for _, d := range docs {
				blocks := make([]score.Block, len(d.Pieces))
				for i, p := range d.Pieces {
					blocks[i] = score.Block{Range: p.Range, Class: p.Class}
				}
				share := float64(d.GoldFound) / float64(max(1, d.GoldWords))
				f := score.WordCounts(score.Words(gold[d.ExternalID]), score.Words(score.BodyText(d.Text, blocks))).F1()
				if d.GoldWords == 0 {
					share, f = 1, 1
				}
				found += share
				f1 += f
				if share < .9 {
					little++
				}
			}
			n := float64(len(docs))
			t.Logf("%d documents: %.4f of the gold's words found, word F1 of the imported body %.4f, %d documents below nine tenths", len(docs), found/n, f1/n, little)
			if found/n < c.found || f1/n < c.f1 || little > c.little {
				t.Error("that is less than it was")
			}
		})
	}
}

// aebFolder makes pages of the texts of article-extraction-benchmark, a
// paragraph a line, beside its gold.
func aebFolder(t testing.TB, dir string) map[string]string {
	raw := read(t, shared(t, "aeb-mini/ground-truth.json"))
	write(t, filepath.Join(dir, "ground-truth.json"), raw)
	for line := range bytes.Lines(read(t, shared(t, "aeb-plaintext/docs.jsonl"))) {
		var d struct{ ID, Text string }
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		for l := range strings.SplitSeq(d.Text, "\n") {
			page.WriteString("<p>" + html.EscapeString(l) + "\n")
		}
		write(t, filepath.Join(dir, "html", d.ID+".html"), []byte(page.String()))
	}
	var gold map[string]struct{ ArticleBody string }
	if err := json.Unmarshal(raw, &gold); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for id, g := range gold {
		out[id] = g.ArticleBody
	}

	return out
}

// wcxbFolder keeps the pages of WCXB as chatnoir's benchmark does.
func wcxbFolder(t testing.TB, dir string) map[string]string {
	from := shared(t, "wcxb-test")
	pages, err := filepath.Glob(filepath.Join(from, "html", "*.html.gz"))
	if err != nil || len(pages) == 0 {
		t.Fatal(len(pages), err)
	}
	out := map[string]string{}
	var lines bytes.Buffer
	for _, p := range pages {
		z, err := gzip.NewReader(bytes.NewReader(read(t, p)))
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		var g struct {
			Truth struct {
				Content string `json:"main_content"`
			} `json:"ground_truth"`
		}
		name := strings.TrimSuffix(filepath.Base(p), ".html.gz")
		if err := json.Unmarshal(read(t, filepath.Join(from, "ground-truth", name+".json")), &g); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(page)
		id := hex.EncodeToString(sum[:])
		write(t, filepath.Join(dir, "html", "wcxb", id+".html"), page)
		json.NewEncoder(&lines).Encode(map[string]any{"page_id": id, "plaintext": g.Truth.Content, "source": []string{"wcxb", name}})
		out[id] = g.Truth.Content
	}
	write(t, filepath.Join(dir, "wcxb.jsonl"), lines.Bytes())

	return out
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := cmp.Or(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}
