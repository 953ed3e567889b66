package main

import (
	"encoding/json"
	"encoding/xml"
	"path/filepath"
	"strings"
	"testing"
)

const (
	goodPrediction = `{"id":"a","text":"Ada met Bob."}` + "\n"
	poorPrediction = `{"id":"a","text":"Ada met links"}` + "\n" // 2 of 3 words, and 2 of the 3 of the body: F1 2/3
)

func TestAScoreNeedsNoDataFile(t *testing.T) {
	gold := file(t, "gold.jsonl", goldLine)
	db := filepath.Join(t.TempDir(), "none.db")
	out := must(t, "", "--db", db, "score", gold, file(t, "p.jsonl", goodPrediction))
	for _, want := range []string{"1 run of 1 document with gold", "word P, R, F1", "1.0000", "keep everything", "keep nothing", "boilerplate leaked", "entities kept", "perfect"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	if matches, _ := filepath.Glob(db + "*"); len(matches) > 0 {
		t.Errorf("a data file was made: %v", matches)
	}
}

func TestGatesOfAScore(t *testing.T) {
	gold := file(t, "gold.jsonl", goldLine)
	good, poor := file(t, "good.jsonl", goodPrediction), file(t, "poor.jsonl", poorPrediction)
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"a bound that is held", []string{good, "--fail-under", "word-f1=1"}, done, ""},
		{"a bound that is reached exactly", []string{poor, "--fail-under", "word-p=0.6666666666666666"}, done, ""},
		{"a bound that is not, with the documents", []string{poor, "--fail-under", "word-f1=0.95"}, short, "word-f1 is 0.666667, below 0.95\n  a: 0.6667\n"},
		{"of two bounds one is not", []string{poor, "--fail-under", "word-f1=0.5", "--fail-under", "bag-r=0.7"}, short, "bag-r is 0.666667, below 0.7"},
		{"a bound of what is better when it is less", []string{poor, "--fail-under", "leaked=0.5"}, short, "leaked is 1.000000, above 0.5"},
		{"the same, held", []string{good, "--fail-under", "leaked=0.5"}, done, ""},
		{"a bound of a figure that is not there", []string{good, "--fail-under", "span-f1=0.1"}, short, "span-f1 does not exist"},
		{"as good as before", []string{good, "--against", good}, done, ""},
		{"better than before", []string{good, "--against", poor}, done, ""},
		{"worse than before, with the documents", []string{poor, "--against", good}, short, "a: 0.6667, was 1.0000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := call(t, "", append([]string{"score", gold}, c.args...)...)
			if status != c.status || !strings.Contains(errs, c.says) || c.says == "" && errs != "" || out == "" {
				t.Errorf("exit %d, want %d\n%s\n%s", status, c.status, errs, out)
			}
		})
	}
}

func TestAScoreThatCannotBe(t *testing.T) {
	gold, good := file(t, "gold.jsonl", goldLine), file(t, "good.jsonl", goodPrediction)
	for _, c := range []struct {
		name   string
		args   []string
		want   string
		status int
	}{
		{"a measure nobody knows", []string{gold, good, "--measure", "beauty"}, `there is no measure "beauty"; there are word,`, misuse},
		{"a gate that is none", []string{gold, good, "--fail-under", "word-f1"}, "is not like word-f1=0.95", misuse},
		{"a bound above 1", []string{gold, good, "--fail-under", "word-f1=95"}, "between 0 and 1", misuse},
		{"a gate of a part that is not there", []string{gold, good, "--fail-under", "leaked-f1=0.5"}, `no measure gives "leaked-f1"`, misuse},
		{"one file", []string{gold}, "PREDICTIONS", misuse},
		{"one resample", []string{gold, good, "--resamples", "1"}, "2 or more", misuse},
		{"a file that is not there", []string{gold, "nowhere.jsonl"}, "nowhere.jsonl: it cannot be read", failed},
		{"predictions for other documents", []string{gold, file(t, "z.jsonl", `{"id":"z","text":"x"}`)}, `none of its ids, such as "z", is one of gold's, such as "a"`, failed},
		{"a field to cut by that nobody has", []string{gold, good, "--slice", "colour"}, `no field "colour"`, failed},
		{"a format nobody knows", []string{gold, good, "--read", "docx"}, "--read must be one of", misuse},
		{"a bad line, with its place", []string{gold, file(t, "bad.jsonl", goodPrediction+"{")}, "bad.jsonl:2: the record is not a whole JSON object", failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := call(t, "", append([]string{"score"}, c.args...)...)
			if status != c.status || out != "" || !strings.Contains(errs, c.want) || !strings.HasPrefix(errs, "annotate: ") {
				t.Errorf("exit %d\n%s\n%s", status, errs, out)
			}
		})
	}
}

func TestAScoreForPrograms(t *testing.T) {
	gold := file(t, "gold.jsonl", goldLine)
	path := file(t, "p.jsonl", poorPrediction+`{"id":"z","text":"?"}`)
	args := []string{"score", gold, path, "--measure", "word,leaked", "--format"}

	var r struct {
		Documents int
		Runs      []struct {
			Measures []struct {
				Name string
				P    *struct{ Mean float64 }
				F1   struct{ Mean, Low, High *float64 }
			}
			NotInGold []string
		}
		Each []struct {
			ID   string
			Runs map[string]struct {
				Figures map[string]map[string]float64
			}
		}
	}
	if err := json.Unmarshal([]byte(must(t, "", append(args, "json")...)), &r); err != nil {
		t.Fatal(err)
	}
	run := r.Runs[0]
	if r.Documents != 1 || len(run.Measures) != 2 || run.Measures[1].P != nil || *run.Measures[0].F1.Mean != 2./3 || run.NotInGold[0] != "z" || r.Each[0].Runs[path].Figures["word"]["tp"] != 2 {
		t.Errorf("%+v", r)
	}

	lines := strings.Split(must(t, "", append(args, "csv")...), "\n")
	if len(lines) != 6 || !strings.HasPrefix(lines[3], path+",word,f1,ours,0.6666666666666666,") {
		t.Errorf("the CSV is %q", lines)
	}
	if md := must(t, "", append(args, "md")...); !strings.Contains(md, "| word P, R, F1 | ours | 0.6667 | 0.6667 | 0.6667 |") {
		t.Errorf("the Markdown is\n%s", md)
	}

	status, out, _ := call(t, "", append(args, "junit", "--fail-under", "word-f1=0.9")...)
	var suite struct {
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Failure struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal([]byte(out), &suite); err != nil || status != short || suite.Failures != 1 || !strings.Contains(suite.Cases[0].Failure.Message, "below 0.9") {
		t.Errorf("exit %d, %v\n%s", status, err, out)
	}
}
