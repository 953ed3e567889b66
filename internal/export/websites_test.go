package export_test

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
	"annotate/internal/segment"
)

func spansOfRun(_ context.Context, _ corpus.DocumentID) ([]corpus.IncomingSpan, error) {
	// "Boilerplate -\n😀 Ada met Bob": one in boilerplate, one in the body.
	out := []corpus.IncomingSpan{{Label: "ORG"}, {Label: "PER"}}
	out[0].Start, out[0].End = 0, 11
	out[1].Start, out[1].End = 24, 27
	return out, nil
}

const bridgePage = `<!DOCTYPE html><html lang="en"><head><title>Bridge</title></head><body>
<nav><a href="/">Home page of the paper</a> <a href="/more">More to read here</a></nav>
<article><h1>Repairs close the Aldport bridge</h1>
<div>ALDPORT (staff): The council votes on Monday.<aside>Ten quiet villages for a weekend</aside>Mara Lindqvist said “no” to the plan.</div>
<ul><li>Ferries run twice an hour</li><li>Buses do not run at all</li></ul>
<table><tr><td>Cost of the work</td><td>Twelve million in all</td></tr></table>
<p>Caf&eacute; owners 😀 &amp; others <b>complain</b> about it.</p></article>
<footer>Copyright of the newspaper since 1902</footer></body></html>`

// website makes gold of a page: every block is body but those that hold one of
// the words.
func website(id corpus.DocumentID, source string, boilerplate ...string) corpus.Gold {
	t, blocks, _, segmenter, err := segment.HTML(source)
	if err != nil {
		panic(err)
	}
	of := sha256.Sum256([]byte(t))
	raw := sha256.Sum256([]byte(source))
	d := corpus.Document{ID: id, ExternalID: "bridge-" + string('0'+rune(id)), URL: "https://example.org/bridge", Language: "en", Meta: "{}", MediaType: "text/html", Charset: "utf-8",
		Segmenter: segmenter, Text: t, SHA256: hex.EncodeToString(of[:]), SourceHash: hex.EncodeToString(raw[:]), Blocks: blocks}
	var pieces []corpus.Piece
	runes := []rune(t)
	for _, b := range blocks {
		p := corpus.Piece{Range: b.Range, Class: corpus.Body}
		if slices.ContainsFunc(boilerplate, func(word string) bool { return strings.Contains(string(runes[b.Start:b.End]), word) }) {
			p.Class = corpus.Boilerplate
		}
		pieces = append(pieces, p)
	}
	g, err := corpus.NewGold(d, pieces, nil, labels, []string{"mara"})
	if err != nil {
		panic(err)
	}
	return g
}

func bridge() corpus.Gold {
	return website(1, bridgePage, "Home page", "More to", "Ten quiet", "Copyright")
}

// sited writes an export of websites whose pages are all the same.
func sited(t *testing.T, f export.Format, o export.Options, source string, gold ...corpus.Gold) map[string]string {
	t.Helper()
	s := export.Source{Project: "News wire", Labels: labels, Gold: each(gold...), Page: func(context.Context, corpus.DocumentID) ([]byte, string, error) {
		return []byte(source), "text/html", nil
	}}
	var memory export.Memory
	if _, err := f.Into(t.Context(), &memory, s, o); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, b := range memory.Files {
		files[name] = b.String()
	}
	return files
}

func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

const bridgeBody = "Repairs close the Aldport bridge\n\nALDPORT (staff): The council votes on Monday.\n\nMara Lindqvist said “no” to the plan.\n\nFerries run twice an hour\n\nBuses do not run at all\n\nCost of the work\n\nTwelve million in all\n\nCafé owners 😀 & others complain about it."

func TestGoldOfPagesComesBack(t *testing.T) {
	for _, f := range []export.Format{export.AEB, export.Chatnoir, export.CleanEval, export.WebMainBench} {
		t.Run(f.Name, func(t *testing.T) {
			g := bridge()
			back := imported(t, sited(t, f, export.Options{}, bridgePage, g), f.Ext, ingest.Options{Format: f.Name})
			if len(back) != 1 || back[0].Document.Text != g.Document.Text {
				t.Fatalf("it came back as %+v", back)
			}
			if d := gocmp.Diff(g.Pieces, back[0].Pieces); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPagesAreAsInTheGoldenFiles(t *testing.T) {
	for _, f := range []export.Format{export.AEB, export.Chatnoir, export.WebMainBench, export.CleanEval, export.Pairs} {
		for name, content := range sited(t, f, export.Options{}, bridgePage, bridge()) {
			if name != "manifest.json" && !strings.Contains(name, ".html") {
				golden(t, path.Join("pages", f.Name, name), []byte(content))
			}
		}
	}
}

func TestAEBAndChatnoirHaveTheirFilesWhereTheyBelong(t *testing.T) {
	g := bridge()
	files := sited(t, export.AEB, export.Options{}, bridgePage, g)
	if want := []string{"ground-truth.json", "html/bridge-1.html.gz", "manifest.json"}; !slices.Equal(names(files), want) {
		t.Errorf("%q", names(files))
	}
	truth := parse[map[string]map[string]string](t, files["ground-truth.json"])
	if d := gocmp.Diff(map[string]map[string]string{"bridge-1": {"articleBody": bridgeBody, "url": "https://example.org/bridge"}}, truth); d != "" {
		t.Error(d)
	}
	z, err := gzip.NewReader(strings.NewReader(files["html/bridge-1.html.gz"]))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || string(b) != bridgePage || !z.ModTime.IsZero() {
		t.Errorf("%v, %q", err, b)
	}

	files = sited(t, export.Chatnoir, export.Options{}, bridgePage, g, website(2, bridgePage, "Copyright"))
	hash := g.Document.SourceHash
	if want := []string{"ground-truth/News_wire.jsonl", "html/News_wire/" + hash + ".html", "manifest.json"}; !slices.Equal(names(files), want) {
		t.Errorf("%q", names(files))
	}
	line, _, _ := strings.Cut(files["ground-truth/News_wire.jsonl"], "\n")
	r := parse[struct {
		Page      string `json:"page_id"`
		Plaintext string
		Source    [2]string
	}](t, line)
	if r.Page != hash || r.Plaintext != bridgeBody || r.Source != [2]string{"News_wire", "bridge-1"} {
		t.Errorf("%+v", r)
	}
}

func TestCleanEvalMarksBlocksByWhatTheyAre(t *testing.T) {
	files := sited(t, export.CleanEval, lossy, bridgePage, bridge())
	want := ` URL: https://example.org/bridge

<h>Repairs close the Aldport bridge
<p>ALDPORT (staff): The council votes on Monday.
<p>Mara Lindqvist said “no” to the plan.
<l>Ferries run twice an hour
<l>Buses do not run at all
<p>Cost of the work
<p>Twelve million in all
<p>Café owners 😀 & others complain about it.
`
	if d := gocmp.Diff(want, files["gold/bridge-1.txt"]); d != "" {
		t.Error(d)
	}
	if files["html/bridge-1.html"] != bridgePage {
		t.Errorf("%q", names(files))
	}
}

type webMainBench struct {
	Track     string `json:"track_id"`
	URL, HTML string
	Main      string `json:"main_html"`
	Converted string `json:"convert_main_content"`
	Truth     string `json:"groundtruth_content"`
	Meta      struct{ Language string }
}

func TestWebMainBenchMarksTheBodyInThePage(t *testing.T) {
	g := bridge()
	r := parse[webMainBench](t, sited(t, export.WebMainBench, export.Options{}, bridgePage, g)["data.jsonl"])
	if r.Track != "bridge-1" || r.Truth != bridgeBody || r.Converted != bridgeBody || r.Meta.Language != "en" {
		t.Errorf("%+v", r)
	}
	if text, _, _, _, _ := segment.HTML(r.HTML); text != g.Document.Text {
		t.Errorf("the marks changed the text to %q", text)
	}
	for _, want := range []string{`<h1 cc-select="true">`, `<marked-text cc-select="true">ALDPORT`, `<aside>Ten`, `<marked-tail cc-select="true">Mara`, `<ul cc-select="true"><li>Ferries`, `<table cc-select="true">`, `<p cc-select="true">`} {
		if !strings.Contains(r.HTML, want) {
			t.Errorf("%s is not in\n%s", want, r.HTML)
		}
	}
	if strings.Contains(r.Main, "Ten quiet") || !strings.Contains(r.Main, "Mara Lindqvist") {
		t.Errorf("chosen is %s", r.Main)
	}
}

func TestMarksThatAPageCameWithAreTakenAway(t *testing.T) {
	source := `<body><p cc-select="true">Related links of today</p><p>The story itself</p></body>`
	r := parse[webMainBench](t, sited(t, export.WebMainBench, export.Options{}, source, website(1, source, "Related"))["data.jsonl"])
	if want := `<html><head></head><body><p>Related links of today</p><p cc-select="true">The story itself</p></body></html>`; r.HTML != want {
		t.Errorf("%s", r.HTML)
	}
}

func TestASplitBlockIsMarkedAsMostOfItIs(t *testing.T) {
	source := `<body><p>By staff: the story goes on and on</p></body>`
	g := website(1, source)
	g.Pieces = cut(g.Pieces[0], 10)
	g.Pieces[0].Class = corpus.Boilerplate
	m, err := export.WebMainBench.Survey(t.Context(), source1(g), export.Options{})
	if err != nil || m.Lost == nil || m.Lost.Kinds[export.LossSplitBlock] != 1 {
		t.Fatalf("%v, %+v", err, m.Lost)
	}
	r := parse[webMainBench](t, sited(t, export.WebMainBench, lossy, source, g)["data.jsonl"])
	if !strings.Contains(r.HTML, `<p cc-select="true">`) || r.Truth != "the story goes on and on" {
		t.Errorf("%+v", r)
	}
}

func source1(gold ...corpus.Gold) export.Source {
	return export.Source{Labels: labels, Gold: each(gold...)}
}

func TestAPageThatIsAnotherOneEndsTheExport(t *testing.T) {
	s := source1(bridge())
	s.Page = func(context.Context, corpus.DocumentID) ([]byte, string, error) { return []byte("<p>Another"), "", nil }
	if _, err := export.WebMainBench.Into(t.Context(), new(export.Memory), s, export.Options{}); err == nil || !strings.Contains(err.Error(), "another text") {
		t.Errorf("%v", err)
	}
	s.Page = nil
	if _, err := export.AEB.Into(t.Context(), new(export.Memory), s, export.Options{}); err == nil {
		t.Error("nobody was asked for the page")
	}
}

func TestPairsHoldThePageAsText(t *testing.T) {
	g := bridge()
	g.Document.Charset = "windows-1252"
	latin := strings.ReplaceAll(bridgePage, "“", "\x93")
	files := sited(t, export.Pairs, export.Options{}, latin, g)
	r := parse[struct{ ID, Kind, Raw, Clean, Language string }](t, files["pairs.jsonl"])
	if r.Kind != "html" || !strings.Contains(r.Raw, "said “no") || r.Clean != bridgeBody || r.Language != "en" {
		t.Errorf("%+v", r)
	}
	plain := parse[struct{ Kind, Raw, Clean string }](t, sited(t, export.Pairs, export.Options{}, "", page(1, "Body\nLinks -"))["pairs.jsonl"])
	if plain.Kind != "text" || plain.Raw != "Body\nLinks -" || plain.Clean != "Body" {
		t.Errorf("%+v", plain)
	}
}

func FuzzMarkedPages(f *testing.F) {
	f.Add(bridgePage, uint64(0b1011))
	f.Add("<table>a<tr><td>b<td>c</table><select><option>d<option>e</select><textarea>f</textarea>", uint64(5))
	f.Add("<pre>\n\na</pre><svg><text>b</text></svg><p hidden>c</p>d<br><br>e<plaintext>f<b>", uint64(6))
	f.Fuzz(func(t *testing.T, source string, which uint64) {
		if strings.Contains(source, "cc-select") || strings.ContainsRune(source, '\r') || !html5(source) {
			return
		}
		text, blocks, _, segmenter, _ := segment.HTML(source)
		if len(blocks) == 0 || !segment.FromTree(segmenter) {
			return
		}
		g := website(1, source)
		for i := range blocks {
			if which>>(i%64)&1 == 0 {
				g.Pieces[i].Class = corpus.Boilerplate
			}
		}
		s := source1(g)
		s.Page = func(context.Context, corpus.DocumentID) ([]byte, string, error) { return []byte(source), "", nil }
		var memory export.Memory
		if _, err := export.WebMainBench.Into(t.Context(), &memory, s, lossy); err != nil {
			t.Fatalf("%v for %q", err, text)
		}
		parse[webMainBench](t, memory.Files["data.jsonl"].String())
	})
}

// html5 reports whether a source is valid UTF-8 that the parser takes, and no
// byte order mark or the like is changed on the way in.
func html5(source string) bool {
	_, err := html.Parse(strings.NewReader(source))
	return err == nil && strings.ToValidUTF8(source, "") == source && !strings.HasPrefix(source, "\ufeff")
}
