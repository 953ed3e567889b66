package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/ingest"
	"annotate/internal/text"
)

// all reads a stream to its end: documents, problems and notes.
func all(t testing.TB, pages func(func(ingest.Page, error) bool)) (docs []corpus.Incoming, problems, notes []string) {
	t.Helper()
	for in, err := range ingest.Documents(t.Context(), pages, "line") {
		var p *corpus.Problem
		var n *corpus.Note
		switch {
		case errors.As(err, &p):
			problems = append(problems, p.Error())
		case errors.As(err, &n):
			notes = append(notes, n.Error())
		case err != nil:
			problems = append(problems, err.Error())
		default:
			check(t, in)
			checkLabels(t, in)
			for _, note := range in.Notes {
				notes = append(notes, fmt.Sprintf("%s:%d: %s", in.File, in.Line, note))
			}
			docs = append(docs, in)
		}
	}
	return docs, problems, notes
}

// checkLabels is what holds for labels, whichever tool they came from.
func checkLabels(t testing.TB, in corpus.Incoming) {
	t.Helper()
	x := text.NewIndex(in.Text)
	pieces := in.Pieces
	if pieces == nil {
		for _, b := range in.Blocks {
			pieces = append(pieces, corpus.Piece{Range: b.Range})
		}
	} else if in.Draft {
		t.Errorf("%s: both gold and a draft", in.Name)
	}
	if err := corpus.CheckPieces(in.Document, pieces); err != nil {
		t.Errorf("%s: %v", in.Name, err)
	}
	spans := make([]corpus.Span, len(in.Spans))
	for i, s := range in.Spans {
		spans[i] = corpus.Span{Range: s.Range, Quote: s.Quote}
	}
	if err := corpus.CheckSpans(x, pieces, spans); err != nil {
		t.Errorf("%s: %v", in.Name, err)
	}
	if len(in.Spans) > 0 && in.Pieces == nil && !in.Draft {
		t.Errorf("%s: spans that belong to nothing", in.Name)
	}
}

func quotes(in corpus.Incoming) (out []string) {
	for _, s := range in.Spans {
		out = append(out, s.Label+" "+s.Quote)
	}
	return out
}

func testdata(t testing.TB, name string, o ingest.Options) ([]corpus.Incoming, []string, []string) {
	return all(t, ingest.Paths(t.Context(), []string{filepath.Join("testdata", name)}, o))
}

var body = ingest.Options{Blocks: ingest.BlocksBody}

func TestToolsAreRecognisedByTheirContent(t *testing.T) {
	for _, c := range []struct {
		name, said string
		quotes     [][]string
		looked     []bool
	}{
		{"doccano.jsonl", "taken as a file of doccano", [][]string{{"PER Ada", "PER Bob", "PER Ann"}, {"PER Ed"}, nil, nil}, []bool{true, true, true, false}},
		{"labelstudio.json", "taken as a file of Label Studio", [][]string{{"Person_name Ada", "Person_name Bob", "Person_name Ann"}, nil, nil, {"PER Ada"}}, []bool{true, false, true, true}},
		{"prodigy.jsonl", "taken as a file of Prodigy", [][]string{{"PER Ada", "PER Bob"}, nil, nil}, []bool{true, false, true}},
		{"brat", "", [][]string{{"PER Ada", "PER Bob"}, nil, nil}, []bool{true, true, false}},
	} {
		for _, blocks := range []string{ingest.BlocksBody, ingest.BlocksNone} {
			docs, problems, notes := testdata(t, c.name, ingest.Options{Blocks: blocks, LeaveOut: true})
			if len(problems) > 0 || len(docs) != len(c.quotes) {
				t.Errorf("%s: %d documents, %q", c.name, len(docs), problems)
				continue
			}
			if all := strings.Join(notes, "\n"); !strings.Contains(all, c.said) {
				t.Errorf("%s says %q", c.name, notes)
			}
			for i, d := range docs {
				if !slices.Equal(quotes(d), c.quotes[i]) {
					t.Errorf("%s, document %d has %q", c.name, i+1, quotes(d))
				}
				gold, draft := d.Pieces != nil, d.Draft
				if gold != (c.looked[i] && blocks == ingest.BlocksBody) || draft != (c.looked[i] && blocks == ingest.BlocksNone) {
					t.Errorf("%s, document %d, --blocks %s: gold %v, draft %v", c.name, i+1, blocks, gold, draft)
				}
			}
		}
	}
}

func TestWhatBelongsToASpanComesAlong(t *testing.T) {
	docs, _, notes := testdata(t, "labelstudio.json", ingest.Options{Blocks: ingest.BlocksBody, LeaveOut: true})
	d := docs[0]
	if d.ExternalID != "7" || d.URL != "https://example.org/a" || d.Meta != `{"desk":"north"}` || !slices.Equal(d.Annotators, []string{"mara@example.org"}) {
		t.Errorf("%q %q %s %q", d.ExternalID, d.URL, d.Meta, d.Annotators)
	}
	said := strings.Join(notes, "\n")
	for _, want := range []string{"UTF-16 units", `the label "Person name" is called Person_name here`, "1 choice left out", "every block is taken as body"} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing of %q in %q", want, notes)
		}
	}
	docs, _, _ = testdata(t, "prodigy.jsonl", body)
	if d := docs[0]; !slices.Equal(d.Annotators, []string{"news-mara"}) || !strings.Contains(d.Meta, `"_task_hash":2`) {
		t.Errorf("%q %s", d.Annotators, d.Meta)
	}
}

func TestNobodyGuessesWhatIsToBeAsked(t *testing.T) {
	const astral = `{"text":"🦀 Ada met Bob, 🦀.","label":[[2,5,"PER"]]}` // code points, or UTF-16 units
	for _, c := range []struct {
		name, content string
		o             ingest.Options
		want          string
	}{
		{"blocks", `{"text":"Ada","label":[[0,3,"PER"]]}`, ingest.Options{}, "--blocks body"},
		{"whose drafts", `{"text":"Ada","label":[[0,3,"PER"]]}`, ingest.Options{}, "--as NAME"},
		{"offsets", astral, body, "--offsets code-points or --offsets utf-16"},
		{"a unit that is not there", astral, ingest.Options{Offsets: "words"}, `there is no "words"`},
		{"blocks that are not there", astral, ingest.Options{Blocks: "some"}, `there is no "some"`},
		{"a repeated text that is another", `[{"data":{"text":"🦀 Ada"},"annotations":[{"result":[{"type":"labels","value":{"start":2,"end":5,"text":"Eve","labels":["PER"]}}]}]}]`, body, `a.json:1: result 1, [2,5) covers "Ada" but repeats "Eve"`},
		{"a position outside", `{"text":"Ada","label":[[0,4,"PER"]]}`, body, "a.json:1: span 1, [0,4) is no range of the text, which has 3 characters"},
		{"half a surrogate pair", `{"text":"🦀 Ada","label":[[1,5,"PER"]]}`, ingest.Options{Blocks: "body", Offsets: "utf-16"}, "span 1, [1,5) is no range"},
		{"a span over the border of a block", `{"text":"Ada\nBob","label":[[0,7,"PER"]]}`, body, "crosses the border of a block; take it as its pieces with --pieces"},
		{"a relation", `{"text":"Ada","entities":[{"id":1,"label":"PER","start_offset":0,"end_offset":3}],"relations":[{"id":1}]}`, body, "it holds 1 relation, which cannot be kept here; leave that out with --skip-bad"},
		{"two annotations", `[{"data":{"text":"Ada"},"annotations":[{"result":[]},{"result":[]}]}]`, body, "mark one as ground truth"},
		{"several texts", `[{"data":{"a":"Ada","b":"Bob"},"annotations":[{"result":[]}]}]`, body, `its data has several texts ("a, b")`},
		{"labels with one name", `{"text":"Ada","label":[[0,3,"a b"],[0,3,"a_b"]]}`, body, `the labels "a b" and "a_b" would both be called a_b here`},
		{"a label without a letter", `{"text":"Ada","label":[[0,3,"!"]]}`, body, `its label "!" has no letter or digit`},
		{"tokens that are others", `{"text":"Ada met","tokens":[{"text":"Ada","start":0,"end":3},{"text":"met","start":4,"end":7}],"spans":[{"start":0,"end":3,"token_start":0,"token_end":1,"label":"PER"}],"answer":"accept"}`, body, "is not what its tokens 0 to 1 are, [0,7)"},
		{"an answer of a cleaner", `{"page_id":"a","plaintext":"Ada","model":"m"}`, ingest.Options{}, "import it as a run"},
		{"the same text by two people", `{"text":"Ada","answer":"accept"}` + "\n" + `{"text":"Ada","answer":"accept"}`, body, "the same text stands twice with labels"},
	} {
		_, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(c.content), "a.json", c.o))
		if !strings.Contains(strings.Join(problems, "\n"), c.want) {
			t.Errorf("%s: %q", c.name, problems)
		}
	}
}

func TestPiecesComeAsSpansWhereAsked(t *testing.T) {
	const doc = "In New\nYork, not in new old York."
	const ann = "T1\tLOC 3 6;7 11\tNew York\nT2\tLOC 20 23;28 32\tnew York\nR1\tNear Arg1:T1 Arg2:T2\n"
	files := func(o ingest.Options) ([]corpus.Incoming, []string, []string) {
		return all(t, ingest.Reader(t.Context(), strings.NewReader(string(zipped("x/a.txt", doc, "x/a.ann", ann))), "a.zip", o))
	}
	_, problems, _ := files(body)
	if len(problems) != 1 || !strings.Contains(problems[0], "it holds 1 relation") {
		t.Errorf("%q", problems)
	}
	docs, problems, notes := files(ingest.Options{Blocks: "body", Pieces: true, LeaveOut: true})
	if len(problems) > 0 || len(docs) != 1 || !slices.Equal(quotes(docs[0]), []string{"LOC New", "LOC York", "LOC new", "LOC York"}) {
		t.Fatalf("%q %+v", problems, docs)
	}
	if said := strings.Join(notes, "\n"); !strings.Contains(said, "1 relation left out") {
		t.Errorf("%q", notes)
	}
	docs, _, notes = files(ingest.Options{Blocks: "body", LeaveOut: true})
	said := strings.Join(notes, "\n")
	if len(docs[0].Spans) != 0 || !strings.Contains(said, "crosses the border of a block") || !strings.Contains(said, "is in 2 pieces") {
		t.Errorf("%q %q", quotes(docs[0]), notes)
	}
}

// The ends of lines of a file may have been changed on the way; what is
// repeated tells.
func TestBratCountsTheEndsOfLinesAsItsTextsTell(t *testing.T) {
	for _, c := range []struct{ name, doc, ann string }{
		{"CRLF counted as two", "🦀 a\r\n\r\nAda", "T1\tPER 7 10\tAda\n"},
		{"CRLF counted as one", "🦀 a\r\n\r\nAda", "T1\tPER 5 8\tAda\n"},
		{"UTF-16 units and CRLF as two", "🦀 a\r\n\r\nAda", "T1\tPER 8 11\tAda\r\n"},
		{"UTF-16 units and CRLF as one", "🦀 a\r\n\r\nAda", "T1\tPER 6 9\tAda\n"},
		{"bytes", "🦀 a\nAda", "T1\tPER 7 10\tAda\n"},
	} {
		docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(string(zipped("a.ann", c.ann, "a.txt", c.doc))), "a.zip", body))
		if len(problems) > 0 || len(docs) != 1 || !slices.Equal(quotes(docs[0]), []string{"PER Ada"}) {
			t.Errorf("%s: %q %d", c.name, problems, len(docs))
		}
	}
}

// A document in two files is found wherever files come together.
func TestPairsAreFoundInEveryKindOfTree(t *testing.T) {
	pair := []string{"a.txt", "Ada", "a.ann", "T1\tPER 0 3\tAda\n"}
	dir := t.TempDir()
	var paths []string
	var files []ingest.File
	for i := 0; i < len(pair); i += 2 {
		p := filepath.Join(dir, pair[i])
		if err := os.WriteFile(p, []byte(pair[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, p)
		files = append(files, ingest.File{Name: pair[i], Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(pair[i+1])), nil }})
	}
	brat := ingest.Options{Format: "brat", Blocks: "body"}
	for name, pages := range map[string]func(func(ingest.Page, error) bool){
		"folder": ingest.Paths(t.Context(), []string{dir}, body),
		"files":  ingest.Paths(t.Context(), paths, body),
		"upload": ingest.Files(t.Context(), files, body),
		"zip":    ingest.Reader(t.Context(), strings.NewReader(string(zipped(pair...))), "a.zip", body),
		"tar":    ingest.Reader(t.Context(), strings.NewReader(string(gz(string(tarred(pair...))))), "a.tgz", brat),
	} {
		docs, problems, _ := all(t, pages)
		if len(problems) > 0 || len(docs) != 1 || !slices.Equal(quotes(docs[0]), []string{"PER Ada"}) || docs[0].ExternalID != "a.txt" {
			t.Errorf("%s: %q %+v", name, problems, docs)
		}
	}
	for name, pages := range map[string]func(func(ingest.Page, error) bool){
		"two files":              ingest.Reader(t.Context(), strings.NewReader(pair[3]), "-", brat),
		"no text beside it":      ingest.Paths(t.Context(), paths[1:], brat),
		"no .ann file beside it": ingest.Paths(t.Context(), paths[:1], brat),
	} {
		if docs, problems, _ := all(t, pages); len(docs) != 0 || len(problems) != 1 || !strings.Contains(problems[0], name) {
			t.Errorf("%s: %q", name, problems)
		}
	}
}

// A line of another tool's file that is too long is refused like any other, and
// never held.
func TestAHugeRecordOfAnotherToolIsNotHeld(t *testing.T) {
	const n = 64 << 20
	for format, ends := range map[string][2]string{
		"doccano":     {`{"label":[],"text":"`, "\"}\n" + `{"text":"B","label":[]}` + "\n"},
		"labelstudio": {`[{"data":{"text":"`, `"}},{"data":{"text":"B"}}]`},
		"aeb":         {`{"a":{"articleBody":"`, `"},"b":{"articleBody":"B"}}`},
	} {
		in := io.MultiReader(strings.NewReader(ends[0]), io.LimitReader(xs{}, n), strings.NewReader(ends[1]))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		docs, problems, _ := all(t, ingest.Reader(t.Context(), in, "-", ingest.Options{Format: format, Blocks: "body"}))
		runtime.ReadMemStats(&after)
		if len(docs) != 1 || docs[0].Text != "B" || len(problems) != 1 || !strings.Contains(problems[0], "longer than 8 MiB") {
			t.Errorf("%s: %d documents, %q", format, len(docs), problems)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 140<<20 {
			t.Errorf("%s: %d MB were taken", format, grown>>20)
		}
	}
}

func TestGoldTextsAreFoundInTheirPages(t *testing.T) {
	for _, name := range []string{"aeb", "chatnoir", "cleaneval"} {
		docs, problems, _ := testdata(t, name, ingest.Options{})
		if len(problems) > 0 || len(docs) == 0 {
			t.Errorf("%s: %q", name, problems)
			continue
		}
		d := docs[0]
		x := text.NewIndex(d.Text)
		var got []string
		for _, p := range d.Pieces {
			if p.Class == corpus.Body {
				got = append(got, strings.TrimSpace(x.Slice(p.Range)))
			}
		}
		want := []string{"Bridge closed", "The bridge at Aldport was closed on Monday, said the mayor.", "Repairs will take three weeks & cost little."}
		if !slices.Equal(got, want) || d.GoldFound != d.GoldWords || d.GoldWords != 20 || d.URL != "https://example.org/bridge" {
			t.Errorf("%s: body %q, %d of %d words, %s", name, got, d.GoldFound, d.GoldWords, d.URL)
		}
	}

	docs, _, _ := testdata(t, "aeb", ingest.Options{})
	if len(docs) != 2 || docs[1].Text != "A page that is not here.\n\nIts gold is." || len(docs[1].Pieces) != 2 || docs[1].Pieces[1].Class != corpus.Body {
		t.Errorf("gold without its page: %+v", docs)
	}
}

func TestChosenRegionsAreGoldAndLeaveNoTrace(t *testing.T) {
	docs, problems, _ := testdata(t, "webmainbench.jsonl", ingest.Options{})
	if len(problems) > 0 || len(docs) != 1 {
		t.Fatal(problems)
	}
	d := docs[0]
	x := text.NewIndex(d.Text)
	var got []string
	for _, p := range d.Pieces {
		got = append(got, string(p.Class)+": "+x.Slice(p.Range))
	}
	want := []string{"boilerplate: Home Weather", "body: Bridge closed", "body: The bridge at Aldport was closed.", "boilerplate: Home Weather again", "body: Home"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, trace := range []string{"cc-select", "marked-t", "data-anno"} {
		if strings.Contains(string(d.Source), trace) {
			t.Errorf("%s is still in %s", trace, d.Source)
		}
	}
	if d.ExternalID != "t1" || !strings.Contains(d.Meta, `"style":"article"`) {
		t.Errorf("%q %s", d.ExternalID, d.Meta)
	}
}

// A record that is longer than what a file is recognised by is recognised all
// the same.
func TestALongFirstRecordIsRecognised(t *testing.T) {
	long := `{"text":"Ada ` + strings.Repeat("and more ", 20_000) + `","label":[[0,3,"PER"]]}` + "\n"
	docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(long+`{"text":"Bob","label":[[0,3,"PER"]]}`), "a.jsonl", body))
	if len(problems) > 0 || len(docs) != 2 || !slices.Equal(quotes(docs[0]), []string{"PER Ada"}) {
		t.Errorf("%d documents, %q", len(docs), problems)
	}
}

// The vectors are the same spans in all three units, made by Python.
func TestOffsetVectors(t *testing.T) {
	b, err := os.ReadFile(sharedFile(t, "oracle/metrics/offset-units.json"))
	if err != nil {
		t.Fatal(err)
	}
	type vector struct {
		CP, UTF16, UTF8 [2]int
		Text            string
	}
	var file struct {
		Cases []struct {
			Name, Text string
			Spans      []vector
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range file.Cases {
		for unit, of := range map[string]func(vector) [2]int{"code-points": func(v vector) [2]int { return v.CP }, "utf-16": func(v vector) [2]int { return v.UTF16 }, "bytes": func(v vector) [2]int { return v.UTF8 }} {
			var results []any
			var want []string
			for _, s := range c.Spans {
				at := of(s)
				results = append(results, map[string]any{"type": "labels", "value": map[string]any{"start": at[0], "end": at[1], "text": s.Text, "labels": []string{"PER"}}})
				want = append(want, "PER "+strings.ReplaceAll(s.Text, "\r\n", "\n"))
			}
			task, err := json.Marshal([]any{map[string]any{"data": map[string]any{"text": c.Text}, "annotations": []any{map[string]any{"result": results}}}})
			if err != nil {
				t.Fatal(err)
			}
			for _, named := range []string{"", unit} {
				docs, problems, _ := all(t, ingest.Reader(t.Context(), strings.NewReader(string(task)), "a.json", ingest.Options{Blocks: "body", Offsets: named}))
				if len(problems) > 0 || len(docs) != 1 || !slices.Equal(quotes(docs[0]), want) {
					t.Errorf("%s in %s, named %q: %q", c.Name, unit, named, problems)
				}
				n++
			}
		}
	}
	if n == 0 {
		t.Error("there are no vectors")
	}
}

func sharedFile(t testing.TB, name string) string {
	p := filepath.Join("..", "..", "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(p); err != nil {
		t.Skip("the vectors of other programs are not here")
	}
	return p
}
