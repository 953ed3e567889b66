package files_test

import (
	"compress/gzip"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// The page is "😀 Ada met Bob." and "- links -": an emoji before everything, so
// that bytes, code points and UTF-16 units cannot be confused.
const gold = `{"id":"a","url":"https://www.example.co.uk/x","text":"😀 Ada met Bob.\n- links -","blocks":[{"start":0,"end":14,"class":"body"},{"start":15,"end":24,"class":"boilerplate"}],"spans":[{"start":2,"end":5,"label":"PER","quote":"Ada"}]}
{"id":"b","text":"only\r\n\u00a0links","blocks":[{"start":0,"end":11,"class":"boilerplate"}],"spans":[]}
`

func compare(t testing.TB, goldPath, answers string, names ...string) (files.Result, error) {
	t.Helper()
	o := files.Options{Resamples: score.Resampling{Resamples: 50, Seed: 1}}
	for _, n := range names {
		m, ok := score.MeasureNamed(n)
		if !ok {
			t.Fatal(n)
		}
		o.Measures = append(o.Measures, m)
	}
	return files.Compare(t.Context(), goldPath, answers, o)
}

func TestAnswersComeInEveryForm(t *testing.T) {
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	z.Write([]byte(`{"a":"Ada met Bob."}`))
	z.Close()
	folder := filepath.Dir(write(t, "a.txt", "\ufeffAda met\r\nBob."))

	for _, c := range []struct{ name, path string }{
		{"our record", write(t, "p.jsonl", `{"id":"a","text":"Ada met Bob."}`)},
		{"our record with blocks", write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":14,"class":"body"}]}`)},
		{"our record with spans, found by its address", write(t, "p.jsonl", `{"url":"https://www.example.co.uk/x","text":"Ada met Bob."}`)},
		{"WCEB's record", write(t, "p.jsonl", `{"page_id":"a","plaintext":"Ada met Bob.","model":"x"}`)},
		{"article-extraction-benchmark's object", write(t, "p.json", "{\n \"a\": {\"articleBody\": \"Ada met Bob.\"}\n}")},
		{"the same on one line", write(t, "p.json", `{"a":{"articleBody":"Ada met Bob."}}`)},
		{"the same with its version", write(t, "p.json", "{\"version\":\"1\",\n\"output\":{\"a\":{\"articleBody\":\"Ada met Bob.\"}}}")},
		{"WCXB's object, packed", write(t, "p.json.gz", packed.String())},
		{"a folder of texts", folder},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := compare(t, write(t, "gold.jsonl", gold), c.path, "word", "leaked", "lost", "block", "entities")
			if err != nil {
				t.Fatal(err)
			}
			a, b := r.Report.Documents[0], r.Report.Documents[1]
			for k, want := range []float64{1, 0, 0, 1, 1} {
				if got := a.Figures[k].PRF.F1; got != want {
					t.Errorf("%s is %v, want %v", r.Report.Measures[k].Name, got, want)
				}
			}
			if a.Status != score.OK || b.Status != score.Missing || len(r.Missing) != 1 || r.Missing[0] != "b" || len(r.NoBody) != 1 || r.NoBody[0] != "b" {
				t.Errorf("a is %s, b is %s; missing %v, without a body %v", a.Status, b.Status, r.Missing, r.NoBody)
			}
			if f := b.Figures[0]; !math.IsNaN(f.PRF.F1) || f.Why != score.NoBody {
				t.Errorf("a document without a body has %v (%s)", f.PRF, f.Why)
			}
			if a.Site != "example.co.uk" || r.Report.Sites != 0 {
				t.Errorf("the site is %q, and of %d sites", a.Site, r.Report.Sites)
			}
			if got := r.Everything.Rows[0].Macro[score.R].Mean; got != 1 {
				t.Errorf("who keeps everything has a recall of %v", got)
			}
			if got := r.Nothing.Rows[0].Macro[score.F1].Mean; got != 0 {
				t.Errorf("who keeps nothing has %v", got)
			}
		})
	}
}

func TestABadFileSaysWhereAndWhy(t *testing.T) {
	good := write(t, "gold.jsonl", gold)
	line := `{"id":"a","text":"Ada"}` + "\n"
	for _, c := range []struct {
		name, gold, answers string
		line                int
		want                string
	}{
		{"a line that was cut off", good, write(t, "p.jsonl", line+`{"id":"b","te`), 2, "cut off"},
		{"a wrong encoding", good, write(t, "p.jsonl", line+"{\"id\":\"b\",\"text\":\"caf\xe9\"}\n"), 2, "not UTF-8"},
		{"a record without a name", good, write(t, "p.jsonl", line+`{"text":"x"}`), 2, "neither id nor url"},
		{"an id twice", good, write(t, "p.jsonl", line+line), 2, "twice"},
		{"a status nobody knows", good, write(t, "p.jsonl", `{"id":"a","status":"fine"}`), 1, "none of ok"},
		{"a class nobody knows", good, write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":1,"class":"menu"}]}`), 1, "neither body nor boilerplate"},
		{"a text that is a number", good, write(t, "p.jsonl", `{"id":"a","text":5}`), 1, "the field text has a value of the wrong kind"},
		{"a block outside the text", good, write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":25,"class":"body"}]}`), 1, "24 code points"},
		{"blocks that overlap", good, write(t, "p.jsonl", `{"id":"a","blocks":[{"start":0,"end":9,"class":"body"},{"start":8,"end":10,"class":"body"}]}`), 1, "out of order"},
		{"an object that was cut off", good, write(t, "p.json", "{\n\"a\": {\"articleBody\": \"x\"},\n\"b\""), 0, "cut off"},
		{"an object of numbers", good, write(t, "p.json", `{"a":1}`), 0, `"a" has no text`},
		{"nothing", good, write(t, "p.jsonl", ""), 0, "was it cut off?"},
		{"a file that is not there", good, filepath.Join(t.TempDir(), "no.jsonl"), 0, "cannot be read"},
		{"a folder without texts", good, t.TempDir(), 0, "no .txt"},
		{"answers for other documents", good, write(t, "p.jsonl", `{"id":"z","text":"Ada"}`), 0, `none of its ids, such as "z"`},
		{"gold without a text", write(t, "g.jsonl", `{"id":"a","blocks":[]}`), write(t, "p.jsonl", line), 1, "needs a text"},
		{"gold with a block outside", write(t, "g.jsonl", `{"id":"a","text":"é","blocks":[{"start":0,"end":2,"class":"body"}]}`), write(t, "p.jsonl", line), 1, "1 code points"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := compare(t, c.gold, c.answers, "word")
			p, ok := errors.AsType[*corpus.Problem](err)
			if !ok || p.File == "" || !strings.Contains(p.Reason, c.want) || c.line > 0 && p.Line != c.line {
				t.Errorf("the error is %v, want %q on line %d", err, c.want, c.line)
			}
		})
	}
}

func TestEveryFormatGivesTheSameBytes(t *testing.T) {
	answers := write(t, "p.jsonl", `{"id":"a","text":"Ada met | Bob. links","spans":[{"start":2,"end":5,"label":"PER"}]}`+"\n"+`{"id":"z","text":"?"}`)
	goldPath := write(t, "gold.jsonl", gold)
	for _, f := range files.Formats {
		var first string
		for range 3 {
			r, err := compare(t, goldPath, answers, "word", "leaked", "block", "span", "span-partial")
			if err != nil {
				t.Fatal(err)
			}
			r.Gold, r.Predictions = "gold", "answers"
			var b strings.Builder
			if err := files.Print(&b, f, r); err != nil {
				t.Fatal(err)
			}
			if first == "" {
				first = b.String()
			}
			if b.String() != first || strings.Contains(first, "NaN") || len(first) < 200 {
				t.Errorf("%s:\n%s\nand then\n%s", f, first, b.String())
			}
		}
		if f != "csv" && f != "junit" && !strings.Contains(first, "z") {
			t.Errorf("%s does not say that z is not in gold:\n%s", f, first)
		}
	}
}
