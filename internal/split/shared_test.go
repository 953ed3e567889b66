package split

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"annotate/internal/corpus"
)

// Real pages: what sketches find is what comparing all with all finds.
func TestNearCopiesAmongRealPages(t *testing.T) {
	texts := append(plainPages(t), htmlPages(t)...)
	entries, sets := make([]Entry, len(texts)), make([][]uint64, len(texts))
	for i, x := range texts {
		entries[i] = Entry{corpus.DocumentID(x.document + 1), x.kind, true, SketchOf(x.text)}
		sets[i], _ = Shingles(x.text)
	}
	found := map[Candidate]bool{}
	for _, c := range Candidates(entries) {
		found[c] = true
	}

	alike, inside := 0, 0
	for i := range texts {
		for j := i + 1; j < len(texts); j++ {
			s := Compare(sets[i], sets[j])
			if texts[i].document == texts[j].document || !s.Near(Alike) {
				continue
			}
			was := found[Candidate{int32(i), int32(j)}]
			t.Logf("%v: %s, %s, jaccard %.3f, containment %.3f", was, texts[i].name, texts[j].name, s.Jaccard, s.Containment)
			switch {
			case !was:
				t.Errorf("%s and %s are near-copies and not found", texts[i].name, texts[j].name)
			case s.Jaccard >= Alike:
				alike++
			default:
				inside++
			}
		}
	}
	t.Logf("%d texts: %d pairs alike, %d one inside the other, of %d candidates", len(texts), alike, inside, len(found))
}

type realText struct {
	document   int
	kind       Kind
	name, text string
}

func sharedFile(t *testing.T, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"..", "..", "..", "shared", "corpus"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared corpora are not here: %v", err)
	}
	return path
}

// plainPages are the news pages, each as a whole and its body.
func plainPages(t *testing.T) (out []realText) {
	f, err := os.Open(sharedFile(t, "aeb-plaintext", "docs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for i := 0; lines.Scan(); i++ {
		var d struct {
			URL, Text string
			Body      string `json:"gold_body"`
		}
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		out = append(out, realText{i, Text, "text of " + d.URL, d.Text}, realText{i, Body, "body of " + d.URL, d.Body})
	}
	return out
}

// htmlPages are the bodies of pages of several kinds.
func htmlPages(t *testing.T) (out []realText) {
	paths, err := filepath.Glob(filepath.Join(sharedFile(t, "wcxb-test", "ground-truth"), "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for i, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			URL  string
			Gold struct {
				Body string `json:"main_content"`
			} `json:"ground_truth"`
		}
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatal(fmt.Errorf("%s: %w", path, err))
		}
		out = append(out, realText{1000 + i, Body, "body of " + d.URL, d.Gold.Body})
	}
	return out
}
