package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
	"annotate/internal/text"
)

var update = flag.Bool("update", false, "write the golden files")

var labels = append(corpus.DefaultLabels(),
	corpus.Label{ID: 6, Name: "B-שם/人.x_y-z", Colour: "red"},
	corpus.Label{ID: 7, Name: "OLD", Colour: "teal", Retired: true},
)

// page makes gold of a text in which every line is a block: body, or
// boilerplate where it ends in " -" or is "-".
func page(id corpus.DocumentID, t string, marks ...mark) corpus.Gold {
	hash := sha256.Sum256([]byte(t))
	d := corpus.Document{ID: id, Project: 1, ExternalID: fmt.Sprintf("page-%d", id), Text: t, SHA256: hex.EncodeToString(hash[:]), Meta: "{}", Segmenter: "line-v1"}
	var pieces []corpus.Piece
	at := 0
	for line := range strings.SplitSeq(t, "\n") {
		n := len([]rune(line))
		r := text.Range{Start: at, End: at + n}
		at += n + 1
		if n == 0 {
			continue
		}
		p := corpus.Piece{Range: r, Class: corpus.Body}
		if line == "-" || strings.HasSuffix(line, " -") {
			p.Class, p.Reason = corpus.Boilerplate, "related"
		}
		d.Blocks = append(d.Blocks, corpus.Block{Range: r})
		pieces = append(pieces, p)
	}
	var spans []corpus.Span
	for _, m := range marks {
		start := len([]rune(t[:strings.Index(t, m.quote)]))
		spans = append(spans, corpus.Span{Range: text.Range{Start: start, End: start + len([]rune(m.quote))}, Label: m.label, Quote: m.quote})
	}
	g, err := corpus.NewGold(d, pieces, spans, labels, []string{"mara", "jonas"})
	if err != nil {
		panic(fmt.Sprintf("page %d: %v", id, err))
	}
	g.ID = corpus.GoldID(id * 10)

	return g
}

type mark struct {
	label corpus.LabelID
	quote string
}

// pages are the documents that every format has to cope with.
func pages() []corpus.Gold {
	bridge := page(1, "Repairs close the bridge\nALDPORT: Mara Lindqvist said “no”.\n-\nTen Quiet Villages -", mark{3, "ALDPORT"}, mark{1, "Mara Lindqvist"})
	bridge.Document.URL = "https://example.org/a?b=1&c=<2>"
	bridge.Document.Language = "en"

	nested := page(2, "Norden Steel of Aldport", mark{2, "Norden Steel of Aldport"}, mark{2, "Norden Steel"}, mark{5, "Steel of Aldport"}, mark{3, "Aldport"}, mark{5, "Aldport"})
	nested.Document.ExternalID = ""
	nested.Document.Meta = `{"date":"2026-11-03","tags":["a","b"],"language":"en"}`
	nested.Document.Language = "en"

	odd := page(3, "😀 Zoe\u0308 in 🇨🇭\u00a0Bern\r\nשלום Ada \u202b\nกรุงเทพ 👩\u200d👧\na\x00b\u2028c\u0085\"d\"\\e\t\x7f\ufeff<&>\ufffd", mark{1, "Zoe\u0308"}, mark{3, "🇨🇭\u00a0Bern"}, mark{6, "שלום Ada"}, mark{7, "กรุงเทพ"}, mark{5, "a\x00b\u2028c\u0085\"d\"\\e\t"})
	odd.Document.ExternalID = "odd \"one\"\n/\\ 😀"
	odd.Document.Meta = "{\n \"a\": 1 }"
	odd.Document.Language = "he"
	odd.Annotators = []string{"Zoë \"the\" 😀"}

	parts := page(4, "ALDPORT: the council votes")
	parts.Pieces = []corpus.Piece{
		{Range: text.Range{Start: 0, End: 9}, Class: corpus.Boilerplate, Reason: "byline"},
		{Range: text.Range{Start: 9, End: 26}, Class: corpus.Body},
	}

	return []corpus.Gold{bridge, nested, odd, parts}
}

func each(gold ...corpus.Gold) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		for _, g := range gold {
			if !yield(g, nil) {
				return
			}
		}
	}
}

func write(t testing.TB, f export.Format, gold ...corpus.Gold) ([]byte, export.Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := f.Write(t.Context(), &b, labels, each(gold...))
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

// lossy asks for what a format can say.
var lossy = export.Options{Lossy: true}

// half puts documents with an even id into test.
var half = export.Options{Lossy: true, Splits: []string{"train", "test"}, Split: func(d corpus.Document) string {
	if d.ID%2 == 0 {
		return "test"
	}
	return "train"
}}

func source(gold ...corpus.Gold) export.Source {
	return export.Source{Project: "Newswire", Guidelines: "# What counts\n\nThe article.\n", Labels: labels, Gold: each(gold...)}
}

// into writes an export into memory: its files by name, and a stream as one
// file without a name.
func into(t testing.TB, f export.Format, o export.Options, gold ...corpus.Gold) (map[string]string, export.Manifest) {
	t.Helper()
	files := map[string]string{}
	if !f.Several(o) {
		var b strings.Builder
		m, err := f.Stream(t.Context(), &b, source(gold...), o)
		if err != nil {
			t.Fatal(err)
		}
		files[""] = b.String()
		return files, m
	}

	var memory export.Memory
	m, err := f.Into(t.Context(), &memory, source(gold...), o)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range memory.Files {
		files[name] = b.String()
	}
	return files, m
}

// TestFormats holds every format to what all of them promise.
func TestFormats(t *testing.T) {
	names := map[string]bool{}
	for _, f := range export.Formats {
		t.Run(f.Name, func(t *testing.T) {
			if names[f.Name] || f.Name == "" || f.Ext == "" || f.MediaType == "" || f.About == "" {
				t.Errorf("%+v", f)
			}
			if !slices.Contains([]string{"code points", "UTF-16 units", "bytes", ""}, f.Unit) {
				t.Errorf("positions in %q", f.Unit)
			}
			names[f.Name] = true
			if g, ok := export.ByName(f.Name); !ok || g.Ext != f.Ext {
				t.Errorf("by its name it is %v %v", g.Name, ok)
			}

			t.Run("an empty corpus gives an empty dataset", func(t *testing.T) {
				for _, o := range []export.Options{lossy, half} {
					files, m := into(t, f, o)
					if m.Documents != 0 || m.Newest != 0 || m.Bytes != size(files) || m.Blocks[corpus.Body] != 0 || m.Lost != nil {
						t.Errorf("%+v", m)
					}
				}
			})
			t.Run("overlapping spans, odd characters and parts of blocks are as in the golden files", func(t *testing.T) {
				files, _ := into(t, f, lossy, pages()...)
				for name, content := range files {
					switch {
					case name == "manifest.json" || !utf8.ValidString(content):
						// Another test has it, or reads back what it holds.
					case name == "":
						golden(t, f.Name, []byte(content))
					default:
						golden(t, filepath.Join(f.Name, name), []byte(content))
					}
				}
			})
			t.Run("the same gold gives the same bytes and the same manifest", func(t *testing.T) {
				many := slices.Repeat(pages(), 17)
				for i := range many {
					many[i].Document.ID = corpus.DocumentID(i + 1)
					many[i].Document.ExternalID += fmt.Sprint(i)
				}
				for _, o := range []export.Options{lossy, half} {
					var a, b bytes.Buffer
					m, err := f.Stream(t.Context(), &a, source(many...), o)
					if err != nil {
						t.Fatal(err)
					}
					n, err := f.Stream(t.Context(), &b, source(many...), o)
					if err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(a.Bytes(), b.Bytes()) || cmp.Diff(m, n) != "" {
						t.Error("two exports differ")
					}
				}
			})
			t.Run("the manifest counts what was written", func(t *testing.T) {
				files, m := into(t, f, lossy, pages()...)
				want := export.Manifest{
					Format: f.Name, Project: "Newswire", Documents: 4, Newest: 40, Bytes: size(files), SHA256: m.SHA256, Program: export.Program(),
					Blocks:    map[corpus.Class]int{corpus.Body: 8, corpus.Boilerplate: 3},
					Spans:     map[string]int{"PER": 2, "ORG": 2, "LOC": 3, "MISC": 3, "B-שם/人.x_y-z": 1, "OLD": 1},
					Languages: map[string]int{"en": 2, "he": 1},
					Lost:      m.Lost, Files: m.Files,
				}
				if d := cmp.Diff(want, m); d != "" {
					t.Error(d)
				}
				checkHashes(t, files, m)
			})
			t.Run("the manifest counts by split", func(t *testing.T) {
				files, m := into(t, f, half, pages()...)
				want := []export.SplitCounts{
					{Name: "train", Documents: 2, Blocks: map[corpus.Class]int{corpus.Body: 6, corpus.Boilerplate: 2}, Spans: map[string]int{"PER": 2, "LOC": 2, "MISC": 1, "B-שם/人.x_y-z": 1, "OLD": 1}},
					{Name: "test", Documents: 2, Blocks: map[corpus.Class]int{corpus.Body: 2, corpus.Boilerplate: 1}, Spans: map[string]int{"ORG": 2, "LOC": 1, "MISC": 2}},
				}
				if d := cmp.Diff(want, m.Splits); d != "" {
					t.Error(d)
				}
				checkHashes(t, files, m)
			})
			t.Run("what would be lost is refused before anything is written, or listed", func(t *testing.T) {
				listed, err := f.Survey(t.Context(), source(pages()...), export.Options{})
				if err != nil {
					t.Fatal(err)
				}
				_, m := into(t, f, lossy, pages()...)
				if d := cmp.Diff(listed.Lost, m.Lost); d != "" {
					t.Errorf("it was announced otherwise than it was lost: %s", d)
				}
				var b bytes.Buffer
				_, err = f.Stream(t.Context(), &b, source(pages()...), export.Options{})
				_, invalid := errors.AsType[*corpus.Invalid](err)
				if lost := m.Lost != nil; lost != invalid || lost && b.Len() > 0 {
					t.Errorf("%v lost, and the export says %v after %d bytes", m.Lost, err, b.Len())
				}
				for kind, n := range kinds(m.Lost) {
					if words := export.LossWords(kind, n); strings.HasSuffix(words, " ") {
						t.Errorf("there are no words for %q", kind)
					}
				}
			})
			for name, spoil := range spoilt {
				t.Run("the export stops at "+name, func(t *testing.T) {
					gold := pages()
					spoil(&gold[1])
					_, err := f.Stream(t.Context(), io.Discard, source(gold...), lossy)
					if err == nil || !strings.Contains(err.Error(), "document 2 (") {
						t.Errorf("want an error that names document 2, got %v", err)
					}
				})
			}
			t.Run("a document of no split ends the export", func(t *testing.T) {
				o := half
				o.Split = func(corpus.Document) string { return "" }
				if _, err := f.Stream(t.Context(), io.Discard, source(pages()...), o); err == nil || !strings.Contains(err.Error(), "document 1 (") {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// Gold is read as few times as a format allows: a loss that is to be refused
// before a byte is written takes a reading of its own.
func TestGoldIsReadAsOftenAsNeeded(t *testing.T) {
	divided := export.Options{Splits: half.Splits, Split: half.Split}
	for _, c := range []struct {
		format export.Format
		o      export.Options
		want   int
	}{
		{export.JSONL, export.Options{}, 1},
		{export.JSONL, divided, 1},
		{export.HuggingFace, export.Options{}, 1},
		{export.HuggingFace, divided, 1},
		{export.SpaCy, divided, 2},
		{export.SpaCy, export.Options{Splits: half.Splits, Split: half.Split, Tentative: true}, 1},
		{export.IOB2, export.Options{}, 2},
		{export.IOB2, export.Options{Tentative: true}, 1},
		{export.IOB2, export.Options{Splits: half.Splits, Split: half.Split, Tentative: true}, 3},
		{export.JSONCAS, divided, 2},
		{export.W3C, export.Options{}, 2},
		{export.AEB, lossy, 3},
	} {
		n, s := 0, source(page(1, "A plain page"), page(2, "Another one"))
		gold := s.Gold
		s.Gold = func(yield func(corpus.Gold, error) bool) {
			n++
			gold(yield)
		}
		m, err := c.format.Stream(t.Context(), io.Discard, s, c.o)
		if err != nil || m.Documents != 2 || n != c.want {
			t.Errorf("%s %+v: read %d times, want %d; %d documents, %v", c.format.Name, c.o, n, c.want, m.Documents, err)
		}
	}
}

// What is written tentatively is the same, and so are its losses.
func TestTentativeExportsAreTheSame(t *testing.T) {
	for _, f := range export.Formats {
		for _, o := range []export.Options{lossy, {Splits: half.Splits, Split: half.Split, Lossy: true}} {
			want, m := into(t, f, o, pages()...)
			o.Tentative = true
			files, tentative := into(t, f, o, pages()...)
			if d := cmp.Diff(want, files) + cmp.Diff(m, tentative); d != "" {
				t.Errorf("%s: %s", f.Name, d)
			}
			o.Lossy = false
			_, err := f.Into(t.Context(), new(export.Memory), source(pages()...), o)
			if lost, refused := m.Lost != nil, errors.As(err, new(*corpus.Invalid)); lost != refused {
				t.Errorf("%s loses %v, and says %v", f.Name, m.Lost, err)
			}
		}
	}
}

// size is how many bytes the files have, without the manifest.
func size(files map[string]string) int64 {
	n := 0
	for name, content := range files {
		if name != "manifest.json" {
			n += len(content)
		}
	}
	return int64(n)
}

func checkHashes(t *testing.T, files map[string]string, m export.Manifest) {
	t.Helper()
	hash := func(s string) string {
		h := sha256.Sum256([]byte(s))
		return hex.EncodeToString(h[:])
	}
	if stream, ok := files[""]; ok {
		if m.SHA256 != hash(stream) || m.Files != nil {
			t.Errorf("%+v", m)
		}
		return
	}

	var list strings.Builder
	for _, f := range m.Files {
		if f.SHA256 != hash(files[f.Name]) || f.Bytes != int64(len(files[f.Name])) {
			t.Errorf("%s is not as the manifest says: %+v", f.Name, f)
		}
		fmt.Fprintf(&list, "%s  %s\n", f.SHA256, f.Name)
	}
	if len(m.Files) != len(files)-1 || m.SHA256 != hash(list.String()) {
		t.Errorf("%d files of %d", len(m.Files), len(files)-1)
	}
}

func kinds(l *export.Lost) map[string]int {
	if l == nil {
		return nil
	}
	return l.Kinds
}

// spoilt are ways in which a data file could have gone wrong.
var spoilt = map[string]func(*corpus.Gold){
	"a quote that is not the text":    func(g *corpus.Gold) { g.Spans[0].Quote += "!" },
	"a span outside the text":         func(g *corpus.Gold) { g.Spans[0].End = 900 },
	"a span over a border":            func(g *corpus.Gold) { g.Pieces = cut(g.Pieces[0], 3) },
	"spans out of order":              func(g *corpus.Gold) { slices.Reverse(g.Spans) },
	"a label that the set lacks":      func(g *corpus.Gold) { g.Spans[0].Label = 99 },
	"a block without a class":         func(g *corpus.Gold) { g.Pieces[0].Class = corpus.Undecided },
	"an unknown reason":               func(g *corpus.Gold) { g.Pieces[0].Reason = "because" },
	"a missing block":                 func(g *corpus.Gold) { g.Pieces = nil },
	"blocks out of order":             func(g *corpus.Gold) { g.Pieces = cut(g.Pieces[0], 3); slices.Reverse(g.Pieces) },
	"a text that is not the hash's":   func(g *corpus.Gold) { g.Document.SHA256 = strings.Repeat("0", 64) },
	"a text that changed":             func(g *corpus.Gold) { g.Document.Text += " " },
	"metadata that is no JSON":        func(g *corpus.Gold) { g.Document.Meta = `{"a":` },
	"metadata that is no JSON object": func(g *corpus.Gold) { g.Document.Meta = `null` },
	"a text that is not UTF-8": func(g *corpus.Gold) {
		g.Document.Text = "\xff" + g.Document.Text[1:]
		hash := sha256.Sum256([]byte(g.Document.Text))
		g.Document.SHA256 = hex.EncodeToString(hash[:])
	},
	"blocks past the end of the text": func(g *corpus.Gold) {
		g.Document.Blocks[0].End += 5
		g.Pieces[0].End += 5
	},
}

func cut(p corpus.Piece, at int) []corpus.Piece {
	a, b := p, p
	a.End, b.Start = p.Start+at, p.Start+at
	return []corpus.Piece{a, b}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, got, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); d != "" {
		out := filepath.Join(t.ArtifactDir(), filepath.Base(name))
		if err := os.WriteFile(out, got, 0o644); err != nil {
			t.Error(err)
		}
		t.Errorf("differs from %s (-want +got); what was written is in %s\n%s", file, out, d)
	}
}

func TestAnErrorWhileReadingEndsTheExport(t *testing.T) {
	gone := errors.New("the disk is gone")
	for _, before := range []int{0, 1, 31, 32, 33, 500} {
		read := func(yield func(corpus.Gold, error) bool) {
			for i := range before {
				if !yield(page(corpus.DocumentID(i+1), "a text"), nil) {
					return
				}
			}
			yield(corpus.Gold{}, gone)
		}
		if _, err := export.JSONL.Write(t.Context(), io.Discard, labels, read); !errors.Is(err, gone) {
			t.Errorf("after %d documents: %v", before, err)
		}
	}
}

type full struct{ left int }

var errFull = errors.New("no room")

func (w *full) Write(b []byte) (int, error) {
	w.left -= len(b)
	if w.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestAnErrorWhileWritingStopsTheReading(t *testing.T) {
	read := 0
	endless := func(yield func(corpus.Gold, error) bool) {
		for g := page(1, strings.Repeat("a text\n", 100)); yield(g, nil); {
			read++
		}
	}
	if _, err := export.JSONL.Write(t.Context(), &full{100_000}, labels, endless); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if read == 0 {
		t.Error("nothing was read")
	}
}

func TestWhoGivesUpStopsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	read := 0
	endless := func(yield func(corpus.Gold, error) bool) {
		for g := page(1, "a text"); yield(g, nil); read++ {
			if read == 1000 {
				cancel()
			}
		}
	}
	if _, err := export.JSONL.Write(ctx, io.Discard, labels, endless); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestDocumentsKeepTheirOrder(t *testing.T) {
	var gold []corpus.Gold
	for i := range 1000 {
		gold = append(gold, page(corpus.DocumentID(i+1), strings.Repeat("a line\n", 1+i%37*(i%3))))
	}
	b, m := write(t, export.JSONL, gold...)
	if m.Documents != 1000 {
		t.Fatalf("%d documents", m.Documents)
	}
	i := 0
	for line := range bytes.Lines(b) {
		i++
		if !bytes.HasPrefix(line, fmt.Appendf(nil, `{"id":"page-%d",`, i)) {
			t.Fatalf("line %d begins %.40s", i, line)
		}
	}
}

// record is the native record as its readers declare it.
type record struct {
	ID     string         `json:"id"`
	Text   string         `json:"text"`
	SHA256 string         `json:"sha256"`
	URL    string         `json:"url"`
	Meta   map[string]any `json:"meta"`
	Blocks []struct {
		Start, End    int
		Class, Reason string
	} `json:"blocks"`
	Spans []struct {
		Start, End   int
		Label, Quote string
	} `json:"spans"`
	Layer      string   `json:"layer"`
	Annotators []string `json:"annotators"`
}

func decode(t *testing.T, line []byte) record {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	var r record
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%v in\n%s", err, line)
	}
	return r
}

func TestTheRecordSlicesInCodePoints(t *testing.T) {
	b, _ := write(t, export.JSONL, pages()...)
	for line := range bytes.Lines(b) {
		r := decode(t, line)
		runes := []rune(r.Text)
		for _, s := range r.Spans {
			if got := string(runes[s.Start:s.End]); got != s.Quote {
				t.Errorf("%s: text[%d:%d] is %q, the quote %q", r.ID, s.Start, s.End, got, s.Quote)
			}
		}
	}
}

func TestEmptyFieldsAreLeftOut(t *testing.T) {
	b, _ := write(t, export.JSONL, page(1, "Ada"))
	hash := sha256.Sum256([]byte("Ada"))
	want := `{"id":"page-1","text":"Ada","sha256":"` + hex.EncodeToString(hash[:]) + `","blocks":[{"start":0,"end":3,"class":"body"}],"spans":[],"layer":"gold","annotators":["mara","jonas"]}` + "\n"
	if string(b) != want {
		t.Errorf("\n got %s\nwant %s", b, want)
	}
}

// What is written can be read: by another JSON reader here, and by our own
// import in the next test.
func FuzzRecord(f *testing.F) {
	for _, g := range pages() {
		f.Add(g.Document.Text, g.Document.ExternalID, g.Document.URL, g.Annotators[0], 0, 2)
	}
	f.Add("a\xffb", "\xff", "\xed\xa0\x80", "\x1f", 0, 1)
	f.Fuzz(func(t *testing.T, s, id, url, name string, start, length int) {
		s = text.Normalise(s)
		runes := []rune(s)
		if len(runes) == 0 {
			return
		}
		all := text.Range{Start: 0, End: len(runes)}
		hash := sha256.Sum256([]byte(s))
		meta, err := json.Marshal(map[string]string{name: url})
		if err != nil {
			t.Fatal(err)
		}
		d := corpus.Document{ID: 1, ExternalID: id, URL: url, Text: s, SHA256: hex.EncodeToString(hash[:]), Meta: string(meta), Language: "en", Blocks: []corpus.Block{{Range: all}}}
		var spans []corpus.Span
		if r := (text.Range{Start: start, End: start + length}); length > 0 && r.In(len(runes)) {
			spans = []corpus.Span{{Range: r, Label: 1, Quote: string(runes[r.Start:r.End])}}
		}
		g, err := corpus.NewGold(d, []corpus.Piece{{Range: all, Class: corpus.Body}}, spans, labels, []string{name})
		if err != nil {
			t.Fatal(err)
		}

		b, _ := write(t, export.JSONL, g)
		if n := bytes.Count(b, []byte("\n")); n != 1 || b[len(b)-1] != '\n' {
			t.Fatalf("%d lines: %s", n, b)
		}
		r := decode(t, b)
		valid := func(s string) string { return string([]rune(s)) } // each broken byte becomes U+FFFD
		if r.Text != s || r.URL != valid(url) || r.Annotators[0] != valid(name) || id != "" && r.ID != valid(id) || id == "" && r.ID != "sha256:"+d.SHA256 {
			t.Fatalf("%q was read back as %+v", b, r)
		}
		var want map[string]any
		if err := json.Unmarshal(meta, &want); err != nil {
			t.Fatal(err)
		}
		if _, has := want["language"]; !has {
			want["language"] = "en"
		}
		if diff := cmp.Diff(want, r.Meta); diff != "" {
			t.Fatal(diff)
		}
		for i, sp := range r.Spans {
			if sp.Quote != spans[i].Quote || string([]rune(r.Text)[sp.Start:sp.End]) != sp.Quote {
				t.Fatalf("%+v", sp)
			}
		}
	})
}

func TestAnImportOfTheExportRestoresTheGold(t *testing.T) {
	gold := pages()
	b, _ := write(t, export.JSONL, gold...)

	i := 0
	for in, err := range ingest.Documents(t.Context(), ingest.Reader(t.Context(), bytes.NewReader(b), "gold.jsonl", ingest.Options{Format: "jsonl"}), "line") {
		if err != nil {
			t.Fatal(err)
		}
		g := gold[i]
		i++
		if i == 3 {
			// The CRLF of this one is made LF, as in every text that comes in; what
			// stands behind it moves with its words.
			x := text.NewIndex(in.Text)
			if strings.Contains(in.Text, "\r") || len(in.Spans) != len(g.Spans) {
				t.Errorf("%q with %+v", in.Text, in.Spans)
			}
			for n, s := range in.Spans {
				if s.Quote != g.Spans[n].Quote || x.Slice(s.Range) != s.Quote {
					t.Errorf("%q came back as %q at %v", g.Spans[n].Quote, x.Slice(s.Range), s.Range)
				}
			}
			continue
		}
		if in.Text != g.Document.Text || in.SHA256 != g.Document.SHA256 || in.ExternalID != g.Document.Key() || in.URL != g.Document.URL || in.Language != g.Document.Language {
			t.Errorf("document %d came back as %+v", i, in.Document)
		}
		if d := cmp.Diff(g.Pieces, in.Pieces); d != "" {
			t.Errorf("document %d, pieces: %s", i, d)
		}
		if d := cmp.Diff(g.Annotators, in.Annotators); d != "" {
			t.Errorf("document %d, annotators: %s", i, d)
		}
		var spans []corpus.IncomingSpan
		for _, s := range g.Spans {
			l, _ := labels.ByID(s.Label)
			spans = append(spans, corpus.IncomingSpan{Range: s.Range, Label: l.Name, Quote: s.Quote})
		}
		if d := cmp.Diff(spans, in.Spans); d != "" {
			t.Errorf("document %d, spans: %s", i, d)
		}
	}
	if i != len(gold) {
		t.Errorf("%d of %d came back", i, len(gold))
	}
}

// BenchmarkWrite encodes documents of 3 kB with 24 blocks and 5 spans, as a
// news page has, on all cores.
func BenchmarkWrite(b *testing.B) {
	var t strings.Builder
	for i := range 24 {
		fmt.Fprintf(&t, "Block %02d: “The council” said in Genève that ferries carry up to 900 cars a day between the port and the islands. – So it goes\n", i)
	}
	g := page(1, t.String(), mark{3, "Genève"}, mark{2, "council"}, mark{5, "900 cars"}, mark{5, "Block 07"}, mark{5, "Block 23"})
	g.Document.URL, g.Document.Language, g.Document.Meta = "https://example.org/news/1", "en", `{"date":"2026-11-03"}`
	for _, f := range export.Formats {
		b.Run(f.Name, func(b *testing.B) {
			b.SetBytes(int64(len(g.Document.Text)))
			b.ReportAllocs()
			if _, err := f.Stream(b.Context(), io.Discard, export.Source{Labels: labels, Gold: func(yield func(corpus.Gold, error) bool) {
				for range b.N {
					if !yield(g, nil) {
						return
					}
				}
			}}, lossy); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}

func TestManifestsReadAsJSON(t *testing.T) {
	_, m := write(t, export.JSONL, pages()...)
	m.Project = "Newswire"
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{"blocks", "bytes", "documents", "format", "languages", "newestGold", "program", "project", "sha256", "spans"}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("the manifest has %v, want %v", names, want)
	}
}
