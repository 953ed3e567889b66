package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
)

// handedIn is what so many people say of so many pages.
func handedIn(people, documents int) export.Source {
	var all []corpus.Gold
	for id := 1; id <= documents; id++ {
		for who := range people {
			g := page(corpus.DocumentID(id), fmt.Sprintf("Ada is in Bern, page %d\n-", id), mark{1, "Ada"})
			g.ID, g.Document.Language = 0, "en"
			g.Annotators = []string{fmt.Sprintf("person %d", who+1)}
			all = append(all, g)
		}
	}

	return export.Annotated(corpus.Project{Name: "Newswire", Labels: labels}, each(all...))
}

// Documents are counted once, also where the labellings of one are more than a
// batch holds.
func TestWhatPeopleHandedInIsWrittenByPerson(t *testing.T) {
	for _, n := range []struct{ people, documents int }{{1, 70}, {3, 50}, {100, 3}} {
		var b bytes.Buffer
		m, err := export.JSONL.Stream(t.Context(), &b, handedIn(n.people, n.documents), half)
		if err != nil {
			t.Fatal(err)
		}
		all := n.people * n.documents
		if m.Layer != export.Annotations || m.Documents != n.documents || m.Annotations != all || m.Languages["en"] != n.documents || m.Spans["PER"] != all || m.Newest != 0 {
			t.Errorf("%+v: the manifest says %+v", n, m)
		}
		if test := m.Splits[1]; test.Documents != n.documents/2 || test.Annotations != n.people*(n.documents/2) {
			t.Errorf("%+v: the test split has %+v", n, test)
		}

		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if len(lines) != all {
			t.Fatalf("%+v: %d records", n, len(lines))
		}
		for i, line := range lines {
			var r struct{ ID, Layer, Annotator, Split string }
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			_ = json.Unmarshal([]byte(line), &fields)
			if r.ID != fmt.Sprintf("page-%d", i/n.people+1) || r.Layer != "annotation" || r.Annotator != fmt.Sprintf("person %d", i%n.people+1) || r.Split == "" || fields["annotators"] != nil {
				t.Fatalf("%+v: record %d is %s", n, i, line)
			}
		}
	}
}

func TestATableOfWhatPeopleHandedInNamesThem(t *testing.T) {
	var b bytes.Buffer
	if _, err := export.CSV.Stream(t.Context(), &b, handedIn(2, 1), export.Options{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	last := len(rows[0]) - 1
	if rows[0][last] != "annotator" || rows[1][last] != "person 1" || rows[4][last] != "person 2" {
		t.Errorf("%q", rows)
	}
}

// A format takes what it has a place for and refuses the rest, before a byte.
func TestFormatsRefuseWhatTheyHaveNoPlaceFor(t *testing.T) {
	for _, f := range export.Formats {
		people, predicted := handedIn(2, 2), source(pages()...)
		predicted.Predictions = &export.Predictions{Model: "tagger"}
		for _, s := range []struct {
			export.Source
			takes bool
			words string
		}{
			{people, f.Annotates, "layer: " + f.Name + " has no place for what each person handed in; jsonl and csv have"},
			{predicted, f.Predicts, "predictions: " + f.Name + " has no place for predictions; labelstudio has"},
		} {
			if s.takes {
				continue
			}
			var b bytes.Buffer
			_, err := f.Stream(t.Context(), &b, s.Source, export.Options{Lossy: true, Tentative: true})
			if err == nil || err.Error() != s.words || b.Len() > 0 {
				t.Errorf("%s wrote %d bytes: %v", f.Name, b.Len(), err)
			}
			if _, err := f.Survey(t.Context(), s.Source, export.Options{}); err == nil || err.Error() != s.words {
				t.Errorf("%s was surveyed: %v", f.Name, err)
			}
		}
	}
}

// What one person handed in is no gold, whatever it says of its blocks.
func TestAnImportRefusesWhatOnePersonHandedIn(t *testing.T) {
	var b bytes.Buffer
	if _, err := export.JSONL.Stream(t.Context(), &b, handedIn(2, 1), export.Options{}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for in, err := range ingest.Documents(t.Context(), ingest.Reader(t.Context(), &b, "annotations.jsonl", ingest.Options{}), "line") {
		if n++; err == nil || !strings.Contains(err.Error(), "only gold and documents without labels can be imported") {
			t.Errorf("record %d came in as %+v, %v", n, in, err)
		}
	}
	if n != 2 {
		t.Errorf("%d records were read", n)
	}
}
