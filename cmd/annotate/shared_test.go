package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// shared is a file of the corpora that stand beside the project on its makers'
// machines; a test that needs one is skipped where they are not.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{root, "..", "shared"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the shared corpora are not here: %v", err)
	}
	return path
}

// scored is what annotate score says as JSON, by run.
type scored struct {
	Documents int
	Runs      []struct {
		Name     string
		Measures []struct {
			Name  string
			P, R  *struct{ Mean float64 }
			F1    struct{ Mean, Low, High, SD float64 }
			Micro map[string]float64
		}
	}
	Pairs []struct {
		A, B               string
		Difference         struct{ Mean, Low, High float64 }
		P                  float64
		Wins, Losses, Ties int
	}
	Slices []struct {
		Field, Value string
		N            int
		F1           map[string]struct{ Mean float64 }
	}
}

func TestTheCommandPrintsTheTableOfArticleExtractionBenchmark(t *testing.T) {
	gold := shared(t, "corpus", "aeb-mini", "ground-truth.json")
	runs, _ := filepath.Glob(filepath.Join(filepath.Dir(gold), "output", "*.json"))
	var want map[string]map[string]float64
	b, err := os.ReadFile(filepath.Join(filepath.Dir(gold), "expected-aggregate.json"))
	if err == nil {
		err = json.Unmarshal(b, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	var got scored
	args := append([]string{"score", gold}, runs...)
	if err := json.Unmarshal([]byte(must(t, "", append(args, "--measure", "shingle,exact,ratio,bag,edit,jaccard", "--format", "json", "--slice", "none")...)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Documents != 181 || len(got.Runs) != 8 || len(got.Pairs) != 28 {
		t.Fatalf("%d documents, %d runs, %d pairs", got.Documents, len(got.Runs), len(got.Pairs))
	}
	for _, run := range got.Runs {
		w := want[strings.TrimSuffix(filepath.Base(run.Name), ".json")]
		for i, names := range [][3]string{{"sh4_P", "sh4_R", "sh4_F1"}, {"", "", "acc"}, {"", "", "indel"}, {"bag_P", "bag_R", "bag_F"}, {"", "", "charlev"}, {"", "", "jacc"}} {
			m := run.Measures[i]
			figures := [3]float64{0, 0, m.F1.Mean}
			if names[0] != "" {
				figures[0], figures[1] = m.P.Mean, m.R.Mean
			}
			for k, name := range names {
				if name != "" && math.Abs(figures[k]-w[name]) > 1e-6 {
					t.Errorf("%s: %s is %v, expected %v", run.Name, name, figures[k], w[name])
				}
			}
		}
	}
}

var typeRow = regexp.MustCompile(`^  (\w+) +(\d+) +([.\d]+) +([.\d]+) +([.\d]+)$`)

func TestTheCommandPrintsTheTablesOfWCXB(t *testing.T) {
	gold := shared(t, "corpus", "wcxb-test", "ground-truth")
	b, err := os.ReadFile(filepath.Join(gold, "..", "expected-scores.txt"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, part := range strings.Split(string(b), "=== ")[1:] {
		name, table, _ := strings.Cut(part, "\n")
		path := filepath.Join(gold, "..", "pred-"+name+".json.gz")
		if _, err := os.Stat(path); err != nil {
			continue // "alltext" has no file
		}
		var got scored
		if err := json.Unmarshal([]byte(must(t, "", "score", gold, path, "--measure", "bag", "--slice", "kind", "--format", "json", "--resamples", "10")), &got); err != nil {
			t.Fatal(err)
		}
		overall := regexp.MustCompile(`Precision: +([.\d]+)\n +Recall: +([.\d]+)\n +F1: +([.\d]+)`).FindStringSubmatch(table)
		m := got.Runs[0].Measures[0]
		for i, v := range []float64{m.P.Mean, m.R.Mean, m.F1.Mean} {
			if s := strconv.FormatFloat(v, 'f', 4, 64); s != overall[i+1] {
				t.Errorf("%s: figure %d is %s, expected %s", name, i, s, overall[i+1])
			}
		}
		kinds := map[string]float64{}
		for _, s := range got.Slices {
			kinds[s.Value] = s.F1[path].Mean
		}
		for _, line := range strings.Split(table, "\n") {
			if row := typeRow.FindStringSubmatch(line); row != nil {
				checked++
				if s := strconv.FormatFloat(kinds[row[1]], 'f', 3, 64); s != row[3] {
					t.Errorf("%s: %s is %s, expected %s", name, row[1], s, row[3])
				}
			}
		}
	}
	if checked != 4*7 {
		t.Errorf("%d rows by kind were compared", checked)
	}
}
