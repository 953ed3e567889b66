package clean_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/internal/score"
)

const wcxb = "../../../shared/corpus/wcxb-test"

// page is one of WCXB's.
type page struct {
	URL      string `json:"url"`
	Internal struct {
		Type struct {
			Primary string `json:"primary"`
		} `json:"page_type"`
	} `json:"_internal"`
	Truth struct {
		Content string `json:"main_content"`
	} `json:"ground_truth"`
}

// The built-in libraries reach on the 511 test pages of WCXB what its own
// evaluation says of them, so that they are set up and written down right.
func TestTheLibrariesReachWhatWCXBSays(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes most of a minute")
	}
	expected, err := os.ReadFile(wcxb + "/expected-scores.txt")
	if err != nil {
		t.Skip("WCXB is not here: ", err)
	}
	names, err := filepath.Glob(wcxb + "/ground-truth/*.json")
	if err != nil || len(names) != 511 {
		t.Fatal(len(names), err)
	}
	pages, docs := make([]page, len(names)), make([]corpus.Document, len(names))
	for i, name := range names {
		read(t, name, &pages[i], &docs[i])
		docs[i].ID = corpus.DocumentID(i)
	}

	theirs := map[string]string{"trafilatura": "go-trafilatura-fallback", "trafilatura-fast": "go-trafilatura", "readability": "readeck-readability", "domdistiller": "go-domdistiller"}
	measures := []score.Measure{named(t, "bag"), named(t, "word")}
	for _, b := range clean.BuiltIns {
		kinds := map[string][]score.Scored{}
		for one, err := range clean.Run(t.Context(), b.New(), each(docs), 0) {
			if err != nil {
				t.Fatal(err)
			}
			p := pages[one.Document.ID]
			s := score.Score(measures, score.Gold{Body: p.Truth.Content}, one.Prediction)
			kinds["all"] = append(kinds["all"], s)
			kinds[p.Internal.Type.Primary] = append(kinds[p.Internal.Type.Primary], s)
		}
		var words strings.Builder
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			fmt.Fprintf(&words, ", %s %.3f", kind, mean(kinds[kind], 1))
		}
		bag := mean(kinds["all"], 0)
		t.Logf("%s: bag F1 %.4f; word F1%s", b.Name, bag, words.String()[1:])

		if name, ok := theirs[b.Name]; ok {
			m := regexp.MustCompile(`(?s)=== ` + regexp.QuoteMeta(name) + `\n.*?\n  F1: +([0-9.]+)\n`).FindSubmatch(expected)
			if m == nil {
				t.Fatalf("there is no score of %s", name)
			}
			if want, _ := strconv.ParseFloat(string(m[1]), 64); bag < want-.005 || bag > want+.005 {
				t.Errorf("%s has a bag F1 of %.4f, %s of %.4f", b.Name, bag, name, want)
			}
		}
	}
}

func each(docs []corpus.Document) func(func(corpus.Document, error) bool) {
	return func(yield func(corpus.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// read reads a page and the gold of it.
func read(t *testing.T, name string, p *page, d *corpus.Document) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, p)
	}
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSuffix(filepath.Base(name), ".json")
	f, err := os.Open(filepath.Join(wcxb, "html", id+".html.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}

	in, err := ingest.Document(ingest.Page{Raw: raw, MediaType: "text/html", File: id, URL: p.URL}, "line")
	if *d = in.Document; err != nil { // three show nothing without their scripts; the libraries look there too
		*d = corpus.Document{MediaType: "text/html", Charset: "utf-8", URL: p.URL, Source: raw}
	}
}
