package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/clipperhouse/uax29/v2/words"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zlib"
	"github.com/parquet-go/parquet-go"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

var sampleLabels = append(corpus.DefaultLabels(), corpus.Label{ID: 7, Name: "LAW"})

type marked struct {
	label corpus.LabelID
	quote string
}

// sample is gold of one document whose lines are blocks: boilerplate where they
// end in " -".
func sample(t string, marks ...marked) corpus.Gold {
	hash := sha256.Sum256([]byte(t))
	g := corpus.Gold{Document: corpus.Document{ID: 1, ExternalID: "a", Text: t, SHA256: hex.EncodeToString(hash[:])}, Annotators: []string{"mara"}}
	at := 0
	for line := range strings.SplitSeq(t, "\n") {
		p := corpus.Piece{Range: text.Range{Start: at, End: at + len([]rune(line))}, Class: corpus.Body}
		if strings.HasSuffix(line, " -") {
			p.Class = corpus.Boilerplate
		}
		at = p.End + 1
		if p.Len() > 0 {
			g.Pieces = append(g.Pieces, p)
			g.Document.Blocks = append(g.Document.Blocks, corpus.Block{Range: p.Range})
		}
	}
	for _, m := range marks {
		start := len([]rune(t[:strings.Index(t, m.quote)]))
		g.Spans = append(g.Spans, corpus.Span{Range: text.Range{Start: start, End: start + len([]rune(m.quote))}, Label: m.label, Quote: m.quote})
	}

	return g
}

func allOf(gold ...corpus.Gold) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		for _, g := range gold {
			if !yield(g, nil) {
				return
			}
		}
	}
}

// written are the files of an export that may lose what it has to.
func written(t *testing.T, f Format, o Options, gold ...corpus.Gold) (map[string]string, Manifest) {
	t.Helper()
	o.Lossy = true
	var memory Memory
	m, err := f.Into(t.Context(), &memory, Source{Project: "Newswire", Labels: sampleLabels, Gold: allOf(gold...)}, o)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, b := range memory.Files {
		files[name] = b.String()
	}

	return files, m
}

// vectors reads a file of the shared vectors, or skips.
func vectors(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "oracle", "metrics", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("../shared/oracle is not here, so its vectors are not compared")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wordsOf(s string) []string {
	var out []string
	for _, t := range tokens(part{text: s}) {
		out = append(out, t.text)
	}
	return out
}

// wordsByRule asks the rules of UAX 29 about everything.
func wordsByRule(s string) (out []string) {
	for it := words.FromString(s); it.Next(); {
		for _, word := range strings.FieldsFunc(it.Value(), spaceRune) {
			if visible(word) {
				out = append(out, word)
			}
		}
	}
	return out
}

func TestTokens(t *testing.T) {
	for s, want := range map[string][]string{
		"":                                  nil,
		" \t\n":                             nil,
		"Ada met Bob.":                      {"Ada", "met", "Bob", "."},
		"don't (say) “no”!":                 {"don't", "(", "say", ")", "“", "no", "”", "!"},
		"3.5 %, 10\u202f000\u00a0km":        {"3.5", "%", ",", "10", "000", "km"},
		"a\u0085b\u2028c\x1cd\x00e":         {"a", "b", "c", "d", "e"},
		"Zoe\u0308 naï\u00adve":             {"Zoe\u0308", "naï\u00adve"},
		"\ufeffa \u200b b \u202bשלום\u202c": {"a", "b", "שלום\u202c"},
		"👩\u200d👩\u200d👧 🇨🇭🇩🇪 1️⃣": {"👩\u200d👩\u200d👧", "🇨🇭", "🇩🇪", "1️⃣"},
		" \u0308x":               {"\u0308", "x"},
		"x_y a.b 1,5. U.S. e.g.": {"x_y", "a.b", "1,5", ".", "U.S", ".", "e.g", "."},
		"don't 'quote' a:b":      {"don't", "'", "quote", "'", "a:b"},
	} {
		if got := wordsOf(s); !slices.Equal(got, want) {
			t.Errorf("%q is cut into %q, want %q", s, got, want)
		}
	}
}

// What trainers read must hold no white space, and its places must be those of
// the text.
func FuzzTokens(f *testing.F) {
	f.Add("😀 Zoe\u0308 in 🇨🇭\u00a0Bern\r\nשלום Ada \u202b")
	f.Add("a\x00b\u2028c\u0085\"d\"\\e\t\x7f\ufeff<&>\ufffd")
	f.Add("10\u202f000 don't x_y")
	f.Add("a_b 3.5, a.b. c: d' \"e\" f.\u0308g #\ufe0f 1\u20e3  \u0308 h\n\u200di-j .5 'k'.")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		if got, want := wordsOf(s), wordsByRule(s); !slices.Equal(got, want) {
			t.Errorf("%q is cut into %q, by UAX 29 alone into %q", s, got, want)
		}
		runes := []rune(s)
		const shift = 7
		end := 0
		for _, tok := range tokens(part{Range: text.Range{Start: shift, End: shift + len(runes)}, text: s}) {
			if tok.text == "" || strings.ContainsFunc(tok.text, spaceRune) || !visible(tok.text) {
				t.Errorf("%q is a token of %q", tok.text, s)
			}
			if tok.Start < end || string(runes[tok.Start-shift:tok.End-shift]) != tok.text {
				t.Errorf("%q does not stand at %v of %q", tok.text, tok.Range, s)
			}
			for _, r := range runes[max(0, end-shift) : tok.Start-shift] {
				if visible(string(r)) && !spaceRune(r) {
					t.Errorf("%q of %q is in no token", r, s)
				}
			}
			end = tok.End
		}
	})
}

func TestTagSchemesEqualTheVectors(t *testing.T) {
	var file struct {
		Cases []struct {
			Tokens   int
			Entities [][3]any
			Tags     map[string][]string
		}
	}
	if err := json.Unmarshal(vectors(t, "tag-schemes.json"), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for i, c := range file.Cases {
		words := make([]string, c.Tokens)
		for k := range words {
			words[k] = fmt.Sprintf("w%d", k)
		}
		g := sample(strings.Join(words, " "))
		for _, e := range c.Entities {
			from, to := int(e[0].(float64)), int(e[1].(float64))
			l, ok := sampleLabels.ByName(e[2].(string))
			if !ok {
				t.Fatalf("case %d has the label %v", i, e[2])
			}
			quote := strings.Join(words[from:to], " ")
			start := len(strings.Join(words[:from], " "))
			if from > 0 {
				start++
			}
			g.Spans = append(g.Spans, corpus.Span{Range: text.Range{Start: start, End: start + len(quote)}, Label: l.ID, Quote: quote})
		}
		for name, f := range map[string]Format{"IOB2": IOB2, "IOBES": BIOES} {
			b, err := f.append(nil, g, Source{Labels: sampleLabels}.names(Options{}))
			if err != nil {
				t.Fatal(err)
			}
			var tags []string
			for line := range strings.SplitSeq(strings.TrimRight(string(b), "\n"), "\n") {
				_, tag, _ := strings.Cut(line, "\t")
				tags = append(tags, tag)
			}
			if d := cmp.Diff(c.Tags[name], tags); d != "" {
				t.Errorf("case %d in %s: %s", i, name, d)
			}
		}
	}
}

func TestWhatTagsCannotSayIsCounted(t *testing.T) {
	g := sample("Steel of Aldport grows\nunbelievable\nAda -", marked{2, "Steel"}, marked{3, "Steel of Aldport"}, marked{1, "of Aldport grows"}, marked{5, "believ"}, marked{1, "Ada"})
	slices.SortStableFunc(g.Spans, func(a, b corpus.Span) int { return a.Start - b.Start })
	m, err := IOB2.Survey(t.Context(), Source{Labels: sampleLabels, Gold: allOf(g)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]int{LossOverlap: 2, LossTokens: 1, LossBoilerplate: 1}, m.Lost.Kinds); d != "" {
		t.Error(d)
	}
	b, _ := written(t, IOB2, Options{}, g)
	if want := "Steel\tB-LOC\nof\tI-LOC\nAldport\tI-LOC\ngrows\tO\n\nunbelievable\tO\n\n"; b["data.iob2.tsv"] != want {
		t.Errorf("got %q", b["data.iob2.tsv"])
	}
	b, m = written(t, IOB2, Options{All: true}, g)
	if !strings.HasSuffix(b["data.iob2.tsv"], "Ada\tB-PER\n-\tO\n\n") || m.Lost.Kinds[LossBoilerplate] != 0 {
		t.Errorf("with all blocks: %q, lost %v", b["data.iob2.tsv"], m.Lost)
	}
}

func TestALongBlockIsCutAtSentencesButNotInAnEntity(t *testing.T) {
	sentence := strings.Repeat("word ", 39) + "ends. "
	g := sample(sentence+sentence+sentence+"He ends", marked{2, "ends. word"})
	b, _ := written(t, IOB2, Options{}, g)
	var lengths []int
	for s := range strings.SplitSeq(strings.TrimRight(b["data.iob2.tsv"], "\n"), "\n\n") {
		lengths = append(lengths, strings.Count(s, "\n")+1)
	}
	// UAX 29 ends a sentence before a small letter only after "." with a space:
	// it does not, so that the only end is before "He".
	if !slices.Equal(lengths, []int{123, 2}) {
		t.Errorf("sentences of %v tokens", lengths)
	}

	upper := strings.Repeat("Word ", 39) + "ends. "
	g = sample(upper+upper+upper, marked{2, "ends. Word"})
	b, _ = written(t, IOB2, Options{}, g)
	lengths = nil
	for s := range strings.SplitSeq(strings.TrimRight(b["data.iob2.tsv"], "\n"), "\n\n") {
		lengths = append(lengths, strings.Count(s, "\n")+1)
	}
	if !slices.Equal(lengths, []int{82, 41}) {
		t.Errorf("sentences of %v tokens", lengths)
	}
}

func TestSpaCyStringIDs(t *testing.T) {
	// From the list that spaCy is made with, and the hash of its own.
	for s, want := range map[string]uint64{"": 0, "ORG": 383, "LOC": 385, "DATE": 391, "LAW": 390, "FLAG19": 19, "FLAG63": 63, "ID": 64, "_": 456, "DEPRECATED276": 379, "PERSON": 380, "PER": 4317129024397789502, "🦀": 814917477307458328, "abcdefgh": 17751780907874141760} {
		if got := spacyID(s); got != want {
			t.Errorf("%q has the number %d, want %d", s, got, want)
		}
	}

	var file struct {
		Symbols map[string]uint64
		Murmur  map[string]string `json:"murmurhash64a_seed1"`
		Store   map[string]string `json:"stringstore_id"`
	}
	if err := json.Unmarshal(vectors(t, "spacy-string-ids.json"), &file); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(file.Symbols, spacySymbols); d != "" {
		t.Error(d)
	}
	for s, want := range file.Murmur {
		if got := strconv.FormatUint(murmur64A(s, 1), 10); got != want {
			t.Errorf("the hash of %q is %s, want %s", s, got, want)
		}
	}
	for s, want := range file.Store {
		if got := strconv.FormatUint(spacyID(s), 10); got != want {
			t.Errorf("%q has the number %s, want %s", s, got, want)
		}
	}
}

// unpacker reads MessagePack.
type unpacker struct {
	t *testing.T
	b []byte
}

func (u *unpacker) take(n int) []byte {
	u.t.Helper()
	if len(u.b) < n {
		u.t.Fatalf("MessagePack ends too early")
	}
	b := u.b[:n]
	u.b = u.b[n:]
	return b
}

func (u *unpacker) size(bytes int) int {
	n := 0
	for _, b := range u.take(bytes) {
		n = n<<8 | int(b)
	}
	return n
}

func (u *unpacker) value() any {
	u.t.Helper()
	list := func(n int) any {
		out := []any{}
		for range n {
			out = append(out, u.value())
		}
		return out
	}
	switch k := u.take(1)[0]; {
	case k < 0x80:
		return int(k)
	case k < 0x90:
		out := map[string]any{}
		for range k & 0xf {
			key := u.value().(string)
			out[key] = u.value()
		}
		return out
	case k < 0xa0:
		return list(int(k & 0xf))
	case k < 0xc0:
		return string(u.take(int(k & 0x1f)))
	case k == 0xc2:
		return false
	case k >= 0xc4 && k <= 0xc6:
		return u.take(u.size(1 << (k - 0xc4)))
	case k == 0xcb:
		return u.take(8)
	case k >= 0xd9 && k <= 0xdb:
		return string(u.take(u.size(1 << (k - 0xd9))))
	case k == 0xdc || k == 0xdd:
		return list(u.size(2 << (k - 0xdc)))
	default:
		u.t.Fatalf("MessagePack with %#x", k)
		return nil
	}
}

// spacyDoc is a document as spaCy would have it.
type spacyDoc struct {
	Text   string
	Ents   []string // label and text
	Groups []string // label, text and characters
	Looked bool     // every token has an IOB value
}

func decodeDocBin(t *testing.T, file string) (docs []spacyDoc, m map[string]any) {
	t.Helper()
	z, err := zlib.NewReader(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	u := &unpacker{t, raw}
	m = u.value().(map[string]any)
	if len(u.b) > 0 {
		t.Fatalf("%d bytes behind the map", len(u.b))
	}

	names := map[uint64]string{}
	for _, s := range m["strings"].([]any) {
		names[spacyID(s.(string))] = s.(string)
	}
	rows, spaces, lengths := m["tokens"].([]byte), m["spaces"].([]byte), m["lengths"].([]byte)
	name := func(id []byte, big bool) string {
		v := binary.LittleEndian.Uint64(id)
		if big {
			v = binary.BigEndian.Uint64(id)
		}
		s, ok := names[v]
		if !ok {
			t.Errorf("no string has the number %d", v)
		}
		return s
	}
	for i := 0; len(lengths) > 0; i, lengths = i+1, lengths[4:] {
		d := spacyDoc{Looked: true}
		var ent, whole strings.Builder
		label := ""
		flush := func() {
			if label != "" {
				d.Ents = append(d.Ents, label+" "+strings.TrimRight(ent.String(), " "))
			}
			label = ""
			ent.Reset()
		}
		for range binary.LittleEndian.Uint32(lengths) {
			word := name(rows[:8], false)
			if spaces[0] == 1 {
				word += " "
			}
			switch iob := rows[8]; iob {
			case 3:
				flush()
				label = name(rows[16:24], false)
			case 2:
				flush()
			case 0:
				d.Looked = false
			}
			if label != "" {
				ent.WriteString(word)
			}
			whole.WriteString(word)
			rows, spaces = rows[24:], spaces[1:]
		}
		flush()
		d.Text = whole.String()

		groups := &unpacker{t, m["span_groups"].([]any)[i].([]byte)}
		for _, one := range groups.value().([]any) {
			group := (&unpacker{t, one.([]byte)}).value().(map[string]any)
			for _, s := range group["spans"].([]any) {
				b := s.([]byte)
				start, end := binary.BigEndian.Uint32(b[32:]), binary.BigEndian.Uint32(b[36:])
				d.Groups = append(d.Groups, fmt.Sprintf("%s %s %s", group["name"], name(b[16:24], true), string([]rune(d.Text)[start:end])))
			}
		}
		docs = append(docs, d)
	}
	if len(rows)+len(spaces) > 0 {
		t.Errorf("%d bytes of tokens belong to no document", len(rows))
	}

	return docs, m
}

func TestOurReaderReadsWhatSpaCyWrote(t *testing.T) {
	var want struct {
		Texts  []string
		Looked []bool `json:"has_annotation"`
		Ents   [][][3]any
	}
	if err := json.Unmarshal(vectors(t, "docbin-sample.json"), &want); err != nil {
		t.Fatal(err)
	}
	docs, _ := decodeDocBin(t, string(vectors(t, "docbin-sample.spacy")))
	if len(docs) != len(want.Texts) {
		t.Fatalf("%d documents", len(docs))
	}
	for i, d := range docs {
		if d.Text != want.Texts[i] || d.Looked != want.Looked[i] || len(d.Ents) != len(want.Ents[i]) {
			t.Errorf("%+v", d)
		}
	}
}

func TestSpaCyGivesBackTextAndSpans(t *testing.T) {
	gold := []corpus.Gold{
		sample("😀  Zoe\u0308 in\u00a0🇨🇭 Bern\tsaid\nLAW of Aldport \n\u200bend", marked{1, "Zoe\u0308"}, marked{3, "🇨🇭 Bern"}, marked{7, "LAW of Aldport"}, marked{3, "Aldport"}),
		sample("No names here"),
		sample("menu -"),
	}
	files, m := written(t, SpaCy, Options{}, gold...)
	if m.Lost != nil {
		t.Errorf("lost %v", m.Lost)
	}
	docs, raw := decodeDocBin(t, files["data/00000.spacy"])
	want := []spacyDoc{
		{"😀  Zoe\u0308 in\u00a0🇨🇭 Bern\tsaid\n\nLAW of Aldport \n\n\u200bend", []string{"PER Zoe\u0308", "LOC 🇨🇭 Bern", "LAW LAW of Aldport"}, []string{"sc PER Zoe\u0308", "sc LOC 🇨🇭 Bern", "sc LAW LAW of Aldport", "sc LOC Aldport"}, true},
		{"No names here", nil, nil, true},
		{"", nil, nil, true},
	}
	if d := cmp.Diff(want, docs); d != "" {
		t.Error(d)
	}
	if raw["version"] != "0.1" || fmt.Sprint(raw["attrs"]) != "[65 77 78]" || len(raw["cats"].([]any)) != 3 || len(raw["flags"].([]any)) != 3 {
		t.Errorf("%v %v", raw["version"], raw["attrs"])
	}
	if words := raw["strings"].([]any); !slices.IsSortedFunc(words, func(a, b any) int { return strings.Compare(a.(string), b.(string)) }) {
		t.Error("the strings are not sorted")
	}
}

func TestSpaCyFilesOfALargeSplitAreSeveral(t *testing.T) {
	g := sample(strings.Repeat("a ", 60_000))
	gold := slices.Repeat([]corpus.Gold{g}, 40)
	files, m := written(t, SpaCy, Options{}, gold...)
	n := 0
	for _, f := range m.Files {
		docs, _ := decodeDocBin(t, files[f.Name])
		n += len(docs)
	}
	if len(m.Files) != 3 || n != 40 {
		t.Errorf("%d files with %d documents", len(m.Files), n)
	}
}

func TestParquetHoldsWhatTheGoldSays(t *testing.T) {
	g := sample("😀 Zoe\u0308 in Bern\nBern says LAW\nmenu -", marked{1, "Zoe\u0308"}, marked{3, "Bern"}, marked{7, "says LAW"}, marked{7, "LAW"})
	g.Document.URL = "https://example.org/"
	files, _ := written(t, HuggingFace, Options{}, g, sample("menu -"))

	spans := readParquet[spansRow](t, files["spans/train-00000-of-00001.parquet"])
	row := spans[0]
	if *row.Text != "😀 Zoe\u0308 in Bern\n\nBern says LAW" || *row.URL != "https://example.org/" || row.Language != nil || len(spans) != 2 {
		t.Errorf("%+v", row)
	}
	var tags []int64
	for _, v := range row.NERTags {
		tags = append(tags, *v)
	}
	if !slices.Equal(tags, []int64{0, 1, 0, 5, 0, 11, 12}) || len(row.Tokens) != len(tags) {
		t.Errorf("tags %v", tags)
	}
	var quotes []string
	for _, s := range row.Spans {
		quotes = append(quotes, *s.Label+" "+string([]rune(*row.Text)[*s.Start:*s.End]))
	}
	if !slices.Equal(quotes, []string{"PER Zoe\u0308", "LOC Bern", "LAW says LAW", "LAW LAW"}) {
		t.Errorf("spans %q", quotes)
	}

	blocks := readParquet[blocksRow](t, files["blocks/train-00000-of-00001.parquet"])
	if len(blocks) != 2 || len(blocks[0].Blocks) != 3 || *blocks[0].Blocks[2] != "menu -" || *blocks[0].Labels[0] != 1 || *blocks[0].Labels[2] != 0 {
		t.Errorf("%+v", blocks)
	}
}

func readParquet[R any](t *testing.T, file string) []R {
	t.Helper()
	r := parquet.NewGenericReader[R](strings.NewReader(file))
	rows := make([]R, r.NumRows())
	if n, err := r.Read(rows); n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%d of %d rows: %v", n, len(rows), err)
	}
	return rows
}

// Of a column that is not nullable, and of one whose numbers are not int64, the
// library datasets forgets what its numbers mean.
func TestEveryParquetColumnIsNullableAndDescribed(t *testing.T) {
	files, _ := written(t, HuggingFace, Options{}, sample("Ada", marked{1, "Ada"}))
	for name, config := range map[string]configuration{"spans": configurations(sampleLabels)[0], "blocks": configurations(sampleLabels)[1]} {
		file := files[name+"/train-00000-of-00001.parquet"]
		f, err := parquet.OpenFile(strings.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		about, ok := f.Lookup("huggingface")
		var features struct {
			Info struct{ Features map[string]any }
		}
		if err := json.Unmarshal([]byte(about), &features); !ok || err != nil || len(features.Info.Features) != len(config.features) {
			t.Errorf("%s describes itself as %q: %v", name, about, err)
		}
		for i, field := range f.Schema().Fields() {
			if field.Name() != config.features[i].name {
				t.Errorf("column %d is %q, described as %q", i, field.Name(), config.features[i].name)
			}
			nullable(t, field, name)
		}
	}
}

// nullable holds all of a column but the group of a list to be optional.
func nullable(t *testing.T, f parquet.Field, path string) {
	t.Helper()
	path += "." + f.Name()
	if !f.Optional() && !f.Repeated() {
		t.Errorf("%s is not nullable", path)
	}
	if f.Leaf() {
		if k := f.Type().Kind(); k != parquet.Int64 && k != parquet.ByteArray {
			t.Errorf("%s is %v", path, k)
		}
		return
	}
	for _, c := range f.Fields() {
		nullable(t, c, path)
	}
}

func TestTheCroissantFileNamesTheVeryFiles(t *testing.T) {
	o := Options{Splits: []string{"train", "test"}, Split: func(corpus.Document) string { return "train" }}
	files, _ := written(t, HuggingFace, o, sample("Ada", marked{1, "Ada"}))
	var c struct {
		ConformsTo   string
		Distribution []struct{ ContentURL, SHA256 string }
		RecordSet    []struct {
			ID    string `json:"@id"`
			Field []struct {
				Source struct {
					FileObject struct {
						ID string `json:"@id"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(files["croissant.json"]), &c); err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Distribution {
		if h := sha256.Sum256([]byte(files[f.ContentURL])); hex.EncodeToString(h[:]) != f.SHA256 {
			t.Errorf("%s has another hash", f.ContentURL)
		}
	}
	for _, s := range c.RecordSet[:4] {
		if _, ok := files[s.Field[0].Source.FileObject.ID]; !ok {
			t.Errorf("%s is read from %q, which is not there", s.ID, s.Field[0].Source.FileObject.ID)
		}
	}
	if len(c.Distribution) != 4 || len(c.RecordSet) != 6 || c.ConformsTo != "http://mlcommons.org/croissant/1.1" {
		t.Errorf("%+v", c)
	}
}

// Readers that are not ours read what we wrote. They are npm packages, in the
// versions of check/package.json; .ci/run installs them where it can.
func TestOtherReadersReadTheSame(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not here, so Parquet and Croissant are not read by others")
	}
	if _, err := os.Stat(filepath.Join("check", "node_modules")); err != nil {
		t.Skip("npm install was not run in internal/export/check, so Parquet and Croissant are not read by others")
	}

	path := filepath.Join(t.TempDir(), "out")
	d, err := NewDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	var gold []corpus.Gold
	for i := range 40 {
		g := sample("😀 Zoe\u0308 in\u00a0🇨🇭 Bern\nLAW of Aldport\nmenu -", marked{1, "Zoe\u0308"}, marked{3, "🇨🇭 Bern"}, marked{7, "LAW of Aldport"}, marked{3, "Aldport"})
		g.Document.ID, g.Document.ExternalID = corpus.DocumentID(i+1), fmt.Sprintf("d%d", i+1)
		gold = append(gold, g)
	}
	s := Source{Project: "Newswire", Labels: sampleLabels, Gold: allOf(gold...)}
	o := Options{Splits: []string{"train", "test"}, Split: func(d corpus.Document) string {
		if d.ID%4 == 0 {
			return "test"
		}
		return "train"
	}}
	if _, err := HuggingFace.Into(t.Context(), d, s, o); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), node, filepath.Join("check", "huggingface.mjs"), path).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestNoCellIsAFormulaAndEachIsGivenBack(t *testing.T) {
	lines := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "＝1", "＋1", "－1", "＠a", "'quoted", "''", "a,b \"c\"", " padded ", "plain"}
	files, _ := written(t, CSV, Options{}, sample(strings.Join(lines, "\n"), marked{1, "plain"}))
	file := files["data.csv"]
	if !strings.HasPrefix(file, byteOrderMark+"document,url,block,") {
		t.Errorf("it begins %q", file[:40])
	}
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, byteOrderMark)))
	rows, err := r.ReadAll()
	if err != nil || len(rows) != len(lines)+1 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, line := range lines {
		for k, cell := range rows[i+1] {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n\x00") {
				t.Errorf("row %d, column %d is %q", i, k, cell)
			}
		}
		if cell := rows[i+1][8]; strings.TrimPrefix(cell, "'") != line {
			t.Errorf("%q is written %q", line, cell)
		}
	}
	if last := rows[len(rows)-1]; !strings.HasPrefix(last[7], "PER ") || last[5] != "body" {
		t.Errorf("%q", last)
	}
}

func TestAFolderGetsItsNameWhenItIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	d, err := NewDirectory(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.Create("a/b.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("Ada")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there already: %v", err)
	}
	if err := d.Commit(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(path, "a", "b.txt")); string(b) != "Ada" {
		t.Errorf("%q %v", b, err)
	}

	if _, err := NewDirectory(path); !isInvalid(err) {
		t.Errorf("over a folder with files: %v", err)
	}
	other, err := NewDirectory(path + "2")
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Discard(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

func isInvalid(err error) bool {
	_, ok := errors.AsType[*corpus.Invalid](err)
	return ok
}

func TestNoFileLeavesItsFolder(t *testing.T) {
	r := &recorder{to: new(Memory)}
	for _, name := range []string{"", ".", "../a", "/a", "a/../b", "a\\b", "C:a", "a\x00"} {
		if _, err := r.Create(name); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
	first, err := r.Create("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Create("A.txt"); err == nil {
		t.Error("two files that differ in case only")
	}
	if _, err := r.Create("b.txt"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Write([]byte("late")); err == nil {
		t.Error("a file was written after it ended")
	}
}

func TestTheFirstThousandDocumentsAreListed(t *testing.T) {
	var gold []corpus.Gold
	for i := range 1500 {
		g := sample("unbelievable", marked{5, "believ"}, marked{5, "able"})
		g.Document.ID, g.Document.ExternalID = corpus.DocumentID(i+1), fmt.Sprintf("d%d", i+1)
		gold = append(gold, g)
	}
	s := Source{Labels: sampleLabels, Gold: allOf(gold...)}
	var b bytes.Buffer
	_, err := IOB2.Stream(t.Context(), &b, s, Options{})
	if want := "lossy: iob2 cannot say everything: 3000 spans begin or end inside a token, in d1, d2, d3 and 1497 more; "; !isInvalid(err) || !strings.HasPrefix(err.Error(), want) || b.Len() > 0 {
		t.Errorf("got %v", err)
	}
	m, err := IOB2.Stream(t.Context(), &b, s, Options{Lossy: true})
	if err != nil || m.Lost.Documents != 1500 || len(m.Lost.Listed) != 2000 || m.Lost.Listed[1999].Key != "d1000" {
		t.Errorf("%v: %d documents, %d listed", err, m.Lost.Documents, len(m.Lost.Listed))
	}
}
