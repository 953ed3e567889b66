package export_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	gocmp "github.com/google/go-cmp/cmp"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
	"annotate/internal/text"
)

// oracle is a file of true samples, which are not in the repository.
func oracle(t *testing.T, parts ...string) []byte {
	t.Helper()
	file := filepath.Join(append([]string{"..", "..", "..", "shared", "oracle"}, parts...)...)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("%s is not here", file)
	}
	return b
}

// marked is a span as a file of another tool has it: what it covers in the unit
// of its format, and what it repeats of that, "" where it does not.
type marked struct{ label, covers, repeats string }

// reader is how the tests read a format again: the texts of its documents, and
// their spans.
type reader func(t *testing.T, files map[string]string) (texts []string, spans []marked)

var readers = map[string]reader{
	"doccano":     readDoccano,
	"labelstudio": readStudio,
	"prodigy":     readProdigy,
	"brat":        readBrat,
	"webanno":     readWebAnno,
	"xmi":         readXMI,
	"jsoncas":     readJSONCAS,
	"w3c":         readW3C,
}

func units(s string, start, end int) string {
	return string(utf16.Decode(utf16.Encode([]rune(s))[start:end]))
}

func runes(s string, start, end int) string { return string([]rune(s)[start:end]) }

func parse[T any](t *testing.T, s string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in\n%s", err, s)
	}
	return v
}

// ending are the contents of the files with that ending, by name.
func ending(files map[string]string, ext string) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, ext) && name != "manifest.json" {
			out = append(out, files[name])
		}
	}
	return out
}

func readDoccano(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	for line := range strings.Lines(files[""]) {
		r := parse[struct {
			Text  string
			Label [][3]any
		}](t, line)
		texts = append(texts, r.Text)
		for _, l := range r.Label {
			spans = append(spans, marked{l[2].(string), units(r.Text, int(l[0].(float64)), int(l[1].(float64))), ""})
		}
	}
	return texts, spans
}

type studioResult struct {
	ID       string
	FromName string `json:"from_name"`
	ToName   string `json:"to_name"`
	Type     string
	Value    struct {
		Start, End int
		Text       string
		Labels     []string
	}
}

type studioTask struct {
	Data        struct{ ID, Text, URL string }
	Annotations []struct {
		GroundTruth bool `json:"ground_truth"`
		Result      []studioResult
	}
	Predictions []struct {
		Model  string `json:"model_version"`
		Result []studioResult
	}
}

func readStudio(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	for _, task := range parse[[]studioTask](t, files["tasks.json"]) {
		texts = append(texts, task.Data.Text)
		ids := map[string]bool{}
		for _, r := range task.Annotations[0].Result {
			if r.FromName != "label" || r.ToName != "text" || r.Type != "labels" || ids[r.ID] {
				t.Errorf("%+v", r)
			}
			ids[r.ID] = true
			spans = append(spans, marked{r.Value.Labels[0], runes(task.Data.Text, r.Value.Start, r.Value.End), r.Value.Text})
		}
	}
	return texts, spans
}

// readProdigy holds tokens to what Prodigy expects: they and the spaces behind
// them are the whole text, and every span is whole tokens.
func readProdigy(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	for line := range strings.Lines(files[""]) {
		r := parse[struct {
			Text   string
			Tokens []struct {
				Text           string
				Start, End, ID int
				WS             bool
			}
			Spans []struct {
				Start, End int
				From       int `json:"token_start"`
				To         int `json:"token_end"`
				Label      string
			}
			Answer string
			Input  int32 `json:"_input_hash"`
			Task   int32 `json:"_task_hash"`
		}](t, line)
		texts = append(texts, r.Text)
		var all strings.Builder
		for i, k := range r.Tokens {
			if k.ID != i || runes(r.Text, k.Start, k.End) != k.Text || len([]rune(all.String())) != k.Start {
				t.Errorf("token %d is %+v", i, k)
			}
			all.WriteString(k.Text)
			if k.WS {
				all.WriteByte(' ')
			}
		}
		if all.String() != r.Text || r.Answer != "accept" {
			t.Errorf("the tokens are %q, the text %q", &all, r.Text)
		}
		for _, s := range r.Spans {
			if r.Tokens[s.From].Start != s.Start || r.Tokens[s.To].End != s.End {
				t.Errorf("%+v is not its tokens", s)
			}
			spans = append(spans, marked{s.Label, runes(r.Text, s.Start, s.End), ""})
		}
	}
	return texts, spans
}

var bratT = regexp.MustCompile(`^T\d+\t(\S+) ([\d ;]+)\t(.+)$`)

func readBrat(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		stem, ok := strings.CutSuffix(name, ".ann")
		if !ok {
			continue
		}
		of := files[stem+".txt"]
		texts = append(texts, of)
		for line := range strings.Lines(files[name]) {
			m := bratT.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("%q", line)
			}
			var covered []string
			for piece := range strings.SplitSeq(m[2], ";") {
				var start, end int
				if _, err := fmt.Sscan(piece, &start, &end); err != nil {
					t.Fatal(err)
				}
				covered = append(covered, runes(of, start, end))
			}
			spans = append(spans, marked{m[1], strings.Join(covered, " "), m[3]})
		}
	}
	return texts, spans
}

// readWebAnno puts the text together as INCEpTION's reader does: what stands
// between sentences is one line end and then spaces.
func readWebAnno(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	unescape := strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\r`, "\r", `\f`, "\f", `\b`, "\b", `\`, "")
	value := strings.NewReplacer(`\\`, `\`, `\`, "")
	for _, file := range ending(files, ".tsv") {
		head, body, _ := strings.Cut(file, "\n\n\n")
		if !strings.HasPrefix(head, "#FORMAT=WebAnno TSV 3.3\n#T_SP=") {
			t.Fatalf("it begins %q", head)
		}
		var all []uint16
		type piece struct {
			label      string
			start, end int
		}
		byNumber := map[string]int{}
		var found []piece
		for sentence := range strings.SplitSeq(strings.TrimSuffix(body, "\n"), "\n\n") {
			var lines []string
			first := true
			for line := range strings.SplitSeq(sentence, "\n") {
				if s, ok := strings.CutPrefix(line, "#Text="); ok {
					lines = append(lines, unescape.Replace(s))
					continue
				}
				cells := strings.Split(line, "\t")
				if len(cells) != 6 || cells[5] != "" {
					t.Fatalf("%q has %d cells", line, len(cells))
				}
				var start, end int
				if _, err := fmt.Sscanf(cells[1], "%d-%d", &start, &end); err != nil {
					t.Fatal(err)
				}
				if first {
					for len(all) < start {
						all = append(all, ' ')
					}
					all, first = append(all, utf16.Encode([]rune(strings.Join(lines, "\n")))...), false
				}
				if got := string(utf16.Decode(all[start:end])); got != cells[2] {
					t.Errorf("%s is %q and covers %q", cells[0], cells[2], got)
				}
				if cells[4] == "_" {
					continue
				}
				for v := range strings.SplitSeq(cells[4], "|") {
					label, number, numbered := strings.Cut(v, "[")
					p := piece{value.Replace(label), start, end}
					if i, known := byNumber[number]; numbered && known {
						found[i].end = end
						continue
					}
					if numbered {
						byNumber[number] = len(found)
					}
					found = append(found, p)
				}
			}
			all = append(all, '\n')
		}
		s := string(utf16.Decode(all[:len(all)-1]))
		texts = append(texts, strings.ReplaceAll(s, "\n ", "\n\n"))
		slices.SortStableFunc(found, func(a, b piece) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
		for _, p := range found {
			spans = append(spans, marked{p.label, string(utf16.Decode(all[p.start:p.end])), ""})
		}
	}
	return texts, spans
}

// casThing is a feature structure in either form of a CAS.
type casThing struct {
	Type       string
	Begin, End int
	Value      string
}

func readXMI(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	wellFormed(t, files["TypeSystem.xml"])
	for _, file := range ending(files, ".xmi") {
		s, things := xmiThings(t, file)
		texts = append(texts, s)
		for _, c := range things {
			if c.Type == "NamedEntity" {
				spans = append(spans, marked{c.Value, units(s, c.Begin, c.End), ""})
			}
		}
	}
	return texts, spans
}

// xmiThings are what an XMI file holds, by the names of types without packages.
func xmiThings(t *testing.T, file string) (of string, things []casThing) {
	t.Helper()
	ids, members := map[string]bool{}, ""
	for d := xml.NewDecoder(strings.NewReader(file)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, file)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		a := map[string]string{}
		for _, at := range e.Attr {
			a[at.Name.Local] = at.Value
		}
		switch e.Name.Local {
		case "XMI", "NULL":
		case "Sofa":
			of = a["sofaString"]
		case "View":
			members = a["members"]
		default:
			ids[a["id"]] = true
			begin, _ := strconv.Atoi(a["begin"])
			end, _ := strconv.Atoi(a["end"])
			things = append(things, casThing{e.Name.Local, begin, end, cmp.Or(a["value"], a["judgement"])})
		}
	}
	listed := strings.Fields(members)
	if len(listed) != len(ids) || slices.ContainsFunc(listed, func(id string) bool { return !ids[id] }) {
		t.Errorf("the view has %v of %d", listed, len(ids))
	}
	return of, things
}

func wellFormed(t *testing.T, s string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(s)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, s)
		}
	}
}

func readJSONCAS(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	for _, file := range ending(files, ".json") {
		s, things := jsonThings(t, file)
		texts = append(texts, s)
		for _, c := range things {
			if c.Type == "NamedEntity" {
				spans = append(spans, marked{c.Value, units(s, c.Begin, c.End), ""})
			}
		}
	}
	return texts, spans
}

// jsonThings are what a JSON CAS holds. Every type must be declared, and every
// feature of it that ours adds.
func jsonThings(t *testing.T, file string) (of string, things []casThing) {
	t.Helper()
	c := parse[struct {
		Types map[string]map[string]any `json:"%TYPES"`
		All   []map[string]any          `json:"%FEATURE_STRUCTURES"`
		Views map[string]struct {
			Sofa    int   `json:"%SOFA"`
			Members []int `json:"%MEMBERS"`
		} `json:"%VIEWS"`
	}](t, file)
	if view := c.Views["_InitialView"]; view.Sofa != 1 || len(view.Members) != len(c.All)-1 {
		t.Errorf("the view has %d members of %d", len(view.Members), len(c.All))
	}
	for _, f := range c.All {
		name := f["%TYPE"].(string)
		if name == "uima.cas.Sofa" {
			of = f["sofaString"].(string)
			continue
		}
		if c.Types[name] == nil {
			t.Errorf("%s is no type", name)
		}
		value, _ := f["value"].(string)
		if judgement, ok := f["judgement"].(string); ok {
			value = judgement
		}
		things = append(things, casThing{name[strings.LastIndexByte(name, '.')+1:], int(f["begin"].(float64)), int(f["end"].(float64)), value})
	}
	return of, things
}

type annotation struct {
	ID, Type, Motivation string
	Body                 []struct{ Type, Purpose, Value string }
	Target               struct {
		Source   struct{ ID string }
		Scope    string
		Selector []struct {
			Type                  string
			Exact, Prefix, Suffix string
			Start, End            int
		}
	}
}

func readW3C(t *testing.T, files map[string]string) (texts []string, spans []marked) {
	collection := parse[struct {
		Total       int
		First, Last string
	}](t, files["collection.jsonld"])
	before, last := 0, ""
	for at := collection.First; at != ""; {
		p := parse[struct {
			StartIndex int
			Next       string
			Items      []annotation
		}](t, files[at])
		if p.StartIndex != before {
			t.Errorf("%s begins at %d, want %d", at, p.StartIndex, before)
		}
		before += len(p.Items)
		of, ok := files["texts/"+strings.TrimSuffix(path.Base(at), ".jsonld")+".txt"]
		if !ok {
			t.Fatalf("%s has no text", at)
		}
		texts = append(texts, of)
		for _, a := range p.Items {
			quote, position := a.Target.Selector[0], a.Target.Selector[1]
			if !strings.Contains(of, quote.Prefix+quote.Exact+quote.Suffix) {
				t.Errorf("%+v is not in the text", quote)
			}
			if covers := runes(of, position.Start, position.End); a.Motivation == "tagging" {
				spans = append(spans, marked{a.Body[0].Value, covers, quote.Exact})
			} else if covers != quote.Exact {
				t.Errorf("%q covers %q", quote.Exact, covers)
			}
		}
		last = at
		if at = ""; p.Next != "" {
			at = path.Join(path.Dir(last), p.Next)
		}
	}
	if collection.Total != before || collection.Last != last {
		t.Errorf("%+v, and there are %d, the last in %s", collection, before, last)
	}
	return texts, spans
}

// hard are texts in which bytes, code points and UTF-16 units differ before, in
// and behind the span.
var hard = map[string]struct {
	text  string
	marks []mark
}{
	"plain":             {"Ada met Bob.", []mark{{1, "Ada"}, {1, "Bob"}}},
	"astral before":     {"😀 Ada met Bob.", []mark{{1, "Ada"}}},
	"astral inside":     {"In A😀da met Bob.", []mark{{1, "A😀da"}, {1, "Bob"}}},
	"astral behind":     {"Ada met Bob. 😀", []mark{{1, "Bob"}}},
	"flag and family":   {"👩\u200d👧 in 🇨🇭 Bern", []mark{{3, "🇨🇭 Bern"}}},
	"combining":         {"Zoe\u0308 in Gene\u0300ve", []mark{{1, "Zoe\u0308"}, {3, "Gene\u0300ve"}}},
	"right to left":     {"שלום עדה \u202b גם", []mark{{1, "עדה"}}},
	"no-break space":    {"in\u00a0New\u00a0York, 😀", []mark{{3, "New\u00a0York"}}},
	"two paragraphs":    {"😀 Ada\nBoilerplate -\nmet 😀 Bob", []mark{{1, "Ada"}, {1, "Bob"}}},
	"stacked":           {"😀 Bank of Ada here", []mark{{2, "Bank of Ada"}, {1, "Ada"}, {5, "Ada"}, {5, "of Ada here"}}},
	"inside of a token": {"😀 Adas pre-Bob-post", []mark{{1, "Ada"}, {1, "Bo"}}},
	"backslash and co":  {`😀 a\b [c] d|e f_g h->i ;*`, []mark{{5, `a\b [c]`}, {5, "f_g"}}},
}

func TestPositionsAreInTheUnitOfTheFormat(t *testing.T) {
	for name, read := range readers {
		f, ok := export.ByName(name)
		if !ok {
			t.Errorf("there is no format %s", name)
			continue
		}
		for what, c := range hard {
			t.Run(name+", "+what, func(t *testing.T) {
				g := page(1, c.text, c.marks...)
				files, m := into(t, f, lossy, g)
				texts, got := read(t, files)
				whole := slices.Contains([]string{"xmi", "jsoncas", "w3c"}, name)
				want := strings.ReplaceAll(strings.ReplaceAll(c.text, "\nBoilerplate -", ""), "\n", "\n\n")
				if whole {
					want = c.text
				}
				if len(texts) != 1 || texts[0] != want {
					t.Errorf("the text is %q, want %q", texts, want)
				}
				var spans []marked
				for _, s := range g.Spans {
					l, _ := labels.ByID(s.Label)
					spans = append(spans, marked{l.Name, s.Quote, ""})
				}
				for i, s := range got {
					if s.repeats != "" && s.repeats != s.covers {
						t.Errorf("%q covers %q", s.repeats, s.covers)
					}
					got[i].repeats = ""
				}
				if d := gocmp.Diff(sorted(spans), sorted(got), gocmp.AllowUnexported(marked{})); d != "" {
					t.Error(d)
				}
				for kind := range kinds(m.Lost) {
					if kind != export.LossReason && (name != "doccano" || kind != export.LossOverlap) {
						t.Errorf("lost %v", m.Lost)
					}
				}
			})
		}
	}
}

// A carriage return is a character like any other, also where a format writes
// something else in its place.
func TestPositionsBehindACarriageReturn(t *testing.T) {
	for name, read := range readers {
		f, _ := export.ByName(name)
		files, _ := into(t, f, lossy, page(1, "😀 first\r\n\rAda met\rBob", mark{1, "Ada"}, mark{1, "Bob"}))
		if _, spans := read(t, files); len(spans) != 2 || spans[0].covers != "Ada" || spans[1].covers != "Bob" {
			t.Errorf("%s: %+v", name, spans)
		}
	}
}

func sorted(s []marked) []marked {
	return slices.SortedFunc(slices.Values(s), func(a, b marked) int {
		return cmp.Or(strings.Compare(a.covers, b.covers), strings.Compare(a.label, b.label))
	})
}

// The units of Python, of the vectors: what our UTF-16 formats say of the same
// spans.
func TestUnitsOfTheVectors(t *testing.T) {
	vectors := parse[struct {
		Cases []struct {
			Name, Text string
			Spans      []struct {
				CP, UTF16 [2]int
				Text      string
			}
		}
	}](t, string(oracle(t, "metrics", "offset-units.json")))
	for _, c := range vectors.Cases {
		if strings.ContainsAny(c.Text, "\r\n") || strings.TrimSpace(c.Text) == "" {
			continue // another text is cut otherwise
		}
		g := page(1, c.Text)
		for _, s := range c.Spans {
			if r := (text.Range{Start: s.CP[0], End: s.CP[1]}); r.Len() > 0 {
				g.Spans = append(g.Spans, corpus.Span{Range: r, Label: 1, Quote: s.Text})
			}
		}
		slices.SortStableFunc(g.Spans, func(a, b corpus.Span) int { return a.Start - b.Start })
		files, _ := into(t, export.Doccano, lossy, g)
		r := parse[struct{ Label [][3]any }](t, files[""])
		var got, want [][2]int
		for _, l := range r.Label {
			got = append(got, [2]int{int(l[0].(float64)), int(l[1].(float64))})
		}
		for _, s := range c.Spans {
			if s.UTF16[0] < s.UTF16[1] {
				want = append(want, s.UTF16)
			}
		}
		slices.SortStableFunc(want, func(a, b [2]int) int { return a[0] - b[0] })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.Name, got, want)
		}
	}
}

// one is gold of a text that is one block of body.
func one(s string, marks ...mark) corpus.Gold {
	g := page(1, strings.ReplaceAll(s, "\n", " "), marks...)
	h := page(1, s)
	g.Document.Text, g.Document.SHA256 = s, h.Document.SHA256
	for i, sp := range g.Spans {
		g.Spans[i].Quote = string([]rune(s)[sp.Start:sp.End])
	}
	return g
}

func TestBratIsAsInTheSample(t *testing.T) {
	txt, ann := oracle(t, "formats", "brat.txt"), oracle(t, "formats", "brat.ann")
	files, m := into(t, export.Brat, export.Options{}, one(string(txt), mark{1, "Ada"}, mark{1, "Bob"}, mark{3, "New York"}))
	if files["page-1.txt"] != string(txt) || !strings.HasPrefix(string(ann), files["page-1.ann"]) || strings.Count(files["page-1.ann"], "\n") != 3 {
		t.Errorf("%q with %q", files["page-1.txt"], files["page-1.ann"])
	}
	if m.Lost != nil {
		t.Errorf("%v", m.Lost)
	}
}

func TestACASIsAsInTheSamples(t *testing.T) {
	g := page(1, "🦀 Ada met Bob.", mark{1, "Ada"}, mark{1, "Bob"})
	both := func(things []casThing) (out []casThing) {
		for _, c := range things {
			if slices.Contains([]string{"Sentence", "Token", "NamedEntity"}, c.Type) {
				out = append(out, c)
			}
		}
		return out
	}
	for name, things := range map[string]func(*testing.T, string) (string, []casThing){"xmi": xmiThings, "json": jsonThings} {
		f := map[string]export.Format{"xmi": export.XMI, "json": export.JSONCAS}[name]
		files, _ := into(t, f, export.Options{}, g)
		text, got := things(t, files["page-1."+name])
		want, sample := things(t, string(oracle(t, "formats", "cas."+name)))
		if d := gocmp.Diff(both(sample), both(got)); text != want || d != "" {
			t.Errorf("%s: %q, %s", name, text, d)
		}
	}
}

func TestAnAnnotationIsAsInTheSample(t *testing.T) {
	type loose struct {
		Context any             `json:"@context"`
		Body    json.RawMessage `json:"body"`
		Target  struct {
			Selector []struct {
				Type, Exact, Prefix, Suffix string
				Start, End                  int
			}
		}
	}
	sample := parse[loose](t, string(oracle(t, "formats", "webannotation.jsonld")))
	files, _ := into(t, export.W3C, export.Options{}, page(1, "🦀 Ada met Bob.", mark{1, "Ada"}))
	got := parse[struct {
		Context any `json:"@context"`
		Items   []annotation
	}](t, files["pages/page-1.jsonld"])
	if got.Context != sample.Context {
		t.Errorf("the context is %v", got.Context)
	}
	a := got.Items[1]
	body := parse[struct{ Type, Purpose, Value string }](t, string(sample.Body))
	if a.Body[0] != body {
		t.Errorf("%+v, want %+v", a.Body[0], body)
	}
	q, p := sample.Target.Selector[0], sample.Target.Selector[1]
	mine := a.Target.Selector
	if mine[0].Type != q.Type || mine[0].Exact != q.Exact || !strings.HasSuffix(mine[0].Prefix, q.Prefix) || !strings.HasPrefix(mine[0].Suffix, q.Suffix) ||
		mine[1].Type != p.Type || mine[1].Start != p.Start || mine[1].End != p.End {
		t.Errorf("%+v, want %+v", mine, sample.Target.Selector)
	}
}

func TestTheLabellingConfigurationNamesEveryControl(t *testing.T) {
	files, _ := into(t, export.LabelStudio, lossy, pages()...)
	var view struct {
		Labels struct {
			Name   string `xml:"name,attr"`
			ToName string `xml:"toName,attr"`
			Label  []struct {
				Value  string `xml:"value,attr"`
				Hotkey string `xml:"hotkey,attr"`
			}
		}
		Text struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		}
	}
	if err := xml.Unmarshal([]byte(files["config.xml"]), &view); err != nil {
		t.Fatal(err)
	}
	if view.Labels.Name != "label" || view.Labels.ToName != view.Text.Name || view.Text.Value != "$text" || len(view.Labels.Label) != len(labels) {
		t.Errorf("%+v", view)
	}
	for i, l := range labels {
		if got := view.Labels.Label[i]; got.Value != l.Name || got.Hotkey != l.Key {
			t.Errorf("%+v, want %+v", got, l)
		}
	}
}

func TestSpansOfARunArePredictions(t *testing.T) {
	s := source(page(1, "Boilerplate -\n😀 Ada met Bob", mark{1, "Ada"}))
	s.Predictions = &export.Predictions{Model: "tagger 2", Spans: spansOfRun}
	var memory export.Memory
	if _, err := export.LabelStudio.Into(t.Context(), &memory, s, lossy); err != nil {
		t.Fatal(err)
	}
	task := parse[[]studioTask](t, memory.Files["tasks.json"].String())[0]
	if len(task.Predictions) != 1 || task.Predictions[0].Model != "tagger 2" || len(task.Predictions[0].Result) != 1 {
		t.Fatalf("%+v", task.Predictions)
	}
	if v := task.Predictions[0].Result[0].Value; runes(task.Data.Text, v.Start, v.End) != "Bob" || v.Text != "Bob" || v.Labels[0] != "PER" {
		t.Errorf("%+v", v)
	}
}

func TestBratLabelsStayApart(t *testing.T) {
	odd := append(corpus.LabelSet{{ID: 1, Name: "ש/ם"}, {ID: 2, Name: "a.b"}, {ID: 3, Name: "a_b"}, {ID: 4, Name: "a/b"}}, corpus.Label{ID: 5, Name: "PER"})
	g := page(1, "one two three four", mark{1, "one"}, mark{2, "two"}, mark{3, "three"}, mark{4, "four"})
	s := source(g)
	s.Labels = odd
	var memory export.Memory
	m, err := export.Brat.Into(t.Context(), &memory, s, lossy)
	if err != nil {
		t.Fatal(err)
	}
	if got := memory.Files["page-1.ann"].String(); got != "T1\t___ 0 3\tone\nT2\ta_b_2 4 7\ttwo\nT3\ta_b 8 13\tthree\nT4\ta_b_3 14 18\tfour\n" {
		t.Errorf("%s", got)
	}
	if conf := memory.Files["annotation.conf"].String(); !strings.HasPrefix(conf, "[entities]\n___\na_b_2\na_b\na_b_3\nPER\n") {
		t.Errorf("%s", conf)
	}
	if m.Lost.Kinds[export.LossLabel] != 3 || m.Lost.Listed[1].Detail != "a.b is written as a_b_2" {
		t.Errorf("%+v", m.Lost)
	}
}

// What goes out, comes in and goes out again is the same to the byte, where a
// format carries all that there is.
func TestExportImportExport(t *testing.T) {
	bridge := page(1, "😀 Repairs close the bridge\nALDPORT: Mara Lindqvist said “no”.", mark{3, "ALDPORT"}, mark{1, "Mara Lindqvist"})
	bridge.Document.URL, bridge.Document.Language, bridge.Document.Meta = "https://example.org/a?b=1", "en", `{"date":"2026-11-03","tags":["a","b"]}`
	second := page(2, "Norden Steel 🇨🇭\u00a0Bern", mark{2, "Norden Steel"}, mark{3, "🇨🇭\u00a0Bern"})
	second.Document.Language = "de"
	gold := []corpus.Gold{bridge, second}

	for name, o := range map[string]ingest.Options{
		"doccano":     {Offsets: "utf-16"},
		"labelstudio": {},
		"prodigy":     {},
		"brat":        {},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := export.ByName(name)
			o.Format, o.Blocks = name, ingest.BlocksBody
			first, _ := into(t, f, lossy, gold...)
			back := imported(t, first, f.Ext, o)
			if name == "brat" { // which has no place for these
				for i := range gold {
					back[i].Document.URL, back[i].Document.Language, back[i].Document.Meta = gold[i].Document.URL, gold[i].Document.Language, gold[i].Document.Meta
					back[i].Document.ExternalID = gold[i].Document.ExternalID
				}
			}
			again, _ := into(t, f, lossy, back...)
			delete(first, "manifest.json")
			delete(again, "manifest.json")
			if d := gocmp.Diff(first, again); d != "" {
				t.Error(d)
			}
		})
	}
}

// imported is the gold that our own way in makes of the files.
func imported(t *testing.T, files map[string]string, ext string, o ingest.Options) (gold []corpus.Gold) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if name == "manifest.json" || name == "config.xml" {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(cmp.Or(name, "all."+ext)))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for in, err := range ingest.Documents(t.Context(), ingest.Paths(t.Context(), []string{dir}, o), "line") {
		if _, note := err.(*corpus.Note); note {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var spans []corpus.Span
		for _, s := range in.Spans {
			l, ok := labels.ByName(s.Label)
			if !ok {
				t.Fatalf("there is no label %q", s.Label)
			}
			spans = append(spans, corpus.Span{Range: s.Range, Label: l.ID, Quote: s.Quote})
		}
		in.Document.ID = corpus.DocumentID(len(gold) + 1)
		g, err := corpus.NewGold(in.Document, in.Pieces, spans, labels, []string{"mara", "jonas"})
		if err != nil {
			t.Fatal(err)
		}
		gold = append(gold, g)
	}
	return gold
}

func TestWhatOtherToolsCannotSayIsListed(t *testing.T) {
	reasoned := page(1, "Ada here")
	reasoned.Pieces[0].Reason = "caption"
	for _, c := range []struct {
		what   string
		gold   corpus.Gold
		kinds  map[string]int
		format []export.Format
	}{
		{"a span in boilerplate", page(1, "Body\nAda -", mark{1, "Ada"}), map[string]int{export.LossBoilerplate: 1}, []export.Format{export.Doccano, export.LabelStudio, export.Prodigy, export.Brat, export.WebAnno}},
		{"spans that overlap", page(1, "Bank of Ada", mark{2, "Bank of Ada"}, mark{1, "Ada"}), map[string]int{export.LossOverlap: 1}, []export.Format{export.Doccano}},
		{"spans that overlap, where they may", page(1, "Bank of Ada", mark{2, "Bank of Ada"}, mark{1, "Ada"}), nil, []export.Format{export.LabelStudio, export.Prodigy, export.Brat, export.WebAnno, export.XMI, export.JSONCAS, export.W3C}},
		{"the reason of a body block", reasoned, map[string]int{export.LossReason: 1}, []export.Format{export.Doccano, export.LabelStudio, export.Prodigy, export.Brat, export.WebAnno}},
		{"the reason of a block, where it has a place", reasoned, nil, []export.Format{export.XMI, export.JSONCAS, export.W3C, export.Standoff}},
		{"a label with a mark", page(1, "Ada", mark{6, "Ada"}), map[string]int{export.LossLabel: 1}, []export.Format{export.Brat}},
		{"a carriage return", one("Ada\r\nhere"), map[string]int{export.LossCharacter: 1}, []export.Format{export.Brat}},
		{"characters that XML does not have", page(1, "a\x00b\ufffe"), map[string]int{export.LossCharacter: 1}, []export.Format{export.XMI}},
		{"the same, in JSON", page(1, "a\x00b\ufffe"), nil, []export.Format{export.JSONCAS, export.Doccano, export.W3C}},
		{"a span that ends in a space", page(1, "in New York now", mark{3, "New York "}), map[string]int{export.LossTokens: 1}, []export.Format{export.WebAnno}},
		{"a span that ends in a space, where it may", page(1, "in New York now", mark{3, "New York "}), nil, []export.Format{export.Prodigy, export.Brat}},
		{"no body", page(1, "Links -"), map[string]int{export.LossEmpty: 1}, []export.Format{export.WebAnno}},
		{"a document that came as text", page(1, "Body"), map[string]int{export.LossSource: 1}, []export.Format{export.AEB, export.Chatnoir, export.WebMainBench}},
		{"a document that came as text, which is enough", page(1, "Body"), nil, []export.Format{export.CleanEval, export.Pairs, export.Standoff}},
		{"what looks like a mark", page(1, "Use <p> and &amp; but not R&D"), map[string]int{export.LossCharacter: 1}, []export.Format{export.CleanEval}},
	} {
		for _, f := range c.format {
			m, err := f.Survey(t.Context(), source(c.gold), export.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(c.kinds, kinds(m.Lost)); d != "" {
				t.Errorf("%s, %s: %s", f.Name, c.what, d)
			}
			if _, err := f.Into(t.Context(), new(export.Memory), source(c.gold), export.Options{}); !f.Several(export.Options{}) {
				continue
			} else if (err != nil) != (c.kinds != nil) {
				t.Errorf("%s, %s: %v", f.Name, c.what, err)
			}
		}
	}
}

// Any valid gold gives well-formed files that say the same.
func FuzzOtherTools(f *testing.F) {
	for _, c := range hard {
		f.Add(c.text, "id", 1, 4, 2, 6)
	}
	f.Add("a\x00b\u2028c\u0085\r\nd\t\x1c", "con", 0, 3, 1, 9)
	f.Add("0000", "a", 0, 3, 0, 0)
	f.Add("a\xffb  \u200b \v", "\xff/../x", 0, 1, 0, 7)
	f.Fuzz(func(t *testing.T, s, id string, start, length, start2, length2 int) {
		g, ok := fuzzed(s, id, [][2]int{{start, length}, {start2, length2}})
		if !ok {
			return
		}
		for name, read := range readers {
			f, _ := export.ByName(name)
			files, m := into(t, f, lossy, g)
			_, spans := read(t, files)
			lost := 0
			for kind, n := range kinds(m.Lost) {
				if slices.Contains([]string{export.LossTokens, export.LossLines}, kind) {
					lost += n
				}
			}
			if len(spans) > len(g.Spans) || len(spans) < len(g.Spans)-lost {
				t.Fatalf("%s: %d spans of %d, lost %v", name, len(spans), len(g.Spans), m.Lost)
			}
		}
	})
}

// fuzzed is gold of two blocks of body, or false where that is none.
func fuzzed(s, id string, ranges [][2]int) (corpus.Gold, bool) {
	s = text.Normalise(s)
	r := []rune(s)
	if len(r) < 2 || strings.TrimSpace(s) == "" {
		return corpus.Gold{}, false
	}
	g := one(s)
	g.Document.ExternalID = id
	for _, at := range ranges {
		sp := text.Range{Start: at[0], End: at[0] + at[1]}
		if at[1] > 0 && at[1] < len(r) && sp.In(len(r)) {
			g.Spans = append(g.Spans, corpus.Span{Range: sp, Label: 1, Quote: string(r[sp.Start:sp.End])})
		}
	}
	g, err := corpus.NewGold(g.Document, g.Pieces, g.Spans, labels, g.Annotators)

	return g, err == nil
}

func TestFileNames(t *testing.T) {
	var gold []corpus.Gold
	for i, id := range []string{"a", "A", "a/b", "a?b", "..", "nul.txt", "../../etc/passwd", "ж", strings.Repeat("x", 300), ""} {
		g := page(corpus.DocumentID(i+1), fmt.Sprintf("text %d", i))
		g.Document.ExternalID = id
		gold = append(gold, g)
	}
	files, _ := into(t, export.Brat, lossy, gold...)
	var names []string
	for name := range files {
		if stem, ok := strings.CutSuffix(name, ".ann"); ok {
			names = append(names, stem)
		}
	}
	slices.Sort(names)
	want := []string{"A-2", "_", "__2", "_.._etc_passwd", "_nul.txt", "a", "a_b", "a_b-2", "sha256_" + gold[9].Document.SHA256, strings.Repeat("x", 100)}
	want[2] = "_-2"
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("%q\nwant %q", names, want)
	}
}

func TestStandoffIsTheRecordWithoutText(t *testing.T) {
	for _, o := range []export.Options{lossy, half} {
		gold := pages()
		for i := range gold {
			gold[i].Document.Meta, gold[i].Document.SourceHash = "{}", gold[i].Document.SHA256
		}
		files, _ := into(t, export.Standoff, o, gold...)
		native, _ := into(t, export.JSONL, o, gold...)
		want := strings.SplitAfter(native[firstName(native)], "\n")
		i := 0
		for line := range strings.Lines(files[firstName(files)]) {
			g := gold[i]
			for _, word := range strings.Fields(g.Document.Text) {
				if len(word) > 6 && strings.Contains(line, word) {
					t.Errorf("%q stands in %s", word, line)
				}
			}
			r, err := export.ReadRecord([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			got, err := export.Rehydrate(r, g.Document.Text)
			if err != nil || string(got) != want[i] {
				t.Errorf("%v\n got %s\nwant %s", err, got, want[i])
			}
			if _, err := export.Rehydrate(r, g.Document.Text+" "); err == nil {
				t.Error("another text was taken")
			}
			i++
		}
		if i != len(gold) {
			t.Errorf("%d records", i)
		}
	}
}

func firstName(files map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != "manifest.json" {
			return name
		}
	}
	return ""
}

func TestRehydrateKeepsWhatAReleaseSealed(t *testing.T) {
	g := page(1, "ALDPORT: the council votes", mark{3, "ALDPORT"})
	g.Document.SourceHash, g.Basis, g.DecidedBy = g.Document.SHA256, "agreement", 4
	r := corpus.Release{ReleaseManifest: corpus.ReleaseManifest{Name: "v1", Labels: labels, Documents: 1, Deciders: []corpus.ReleasePerson{{ID: 4, Name: "mara"}}}}
	var native, standoff bytes.Buffer
	for f, w := range map[*bytes.Buffer]export.Format{&native: export.JSONL, &standoff: export.Standoff} {
		if _, err := w.WriteRelease(t.Context(), f, r, each(g)); err != nil {
			t.Fatal(err)
		}
	}
	record, err := export.ReadRecord(standoff.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := export.Rehydrate(record, g.Document.Text)
	if err != nil || !bytes.Equal(got, native.Bytes()) {
		t.Errorf("%v\n got %s\nwant %s", err, got, native.Bytes())
	}
}

func TestBadStandoffRecordsAreRefused(t *testing.T) {
	hash := page(1, "Ada").Document.SHA256
	for _, line := range []string{``, `{}`, `[]`, `{"sha256":"` + hash + `"}`, `{"sha256":"` + hash + `","blocks":[{"start":"a"}]}`, `{"sha256":"` + hash + `","blocks":[],"release":"v1"}`} {
		if r, err := export.ReadRecord([]byte(line)); err == nil {
			t.Errorf("%s gives %+v", line, r)
		}
	}
	for _, line := range []string{
		`{"id":"a","sha256":"` + hash + `","blocks":[{"start":0,"end":4,"class":"body"}],"spans":[]}`,
		`{"id":"a","sha256":"` + hash + `","blocks":[{"start":0,"end":3,"class":"body"}],"spans":[{"start":-1,"end":2,"label":"PER"}]}`,
	} {
		r, err := export.ReadRecord([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := export.Rehydrate(r, "Ada"); err == nil {
			t.Errorf("%s gives %s", line, got)
		}
	}
}
