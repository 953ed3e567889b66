package demo_test

import (
	"slices"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/demo"
	"annotate/internal/text"
)

func all(t *testing.T) map[string]corpus.Incoming {
	t.Helper()
	out := map[string]corpus.Incoming{}
	for in, err := range demo.Documents() {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[in.ExternalID]; twice {
			t.Errorf("%s stands twice", in.ExternalID)
		}
		out[in.ExternalID] = in
	}
	return out
}

func TestTheSampleHasWhatScrapedPagesHave(t *testing.T) {
	docs := all(t)
	if len(docs) < 20 {
		t.Errorf("only %d documents", len(docs))
	}
	sites, html := map[string]bool{}, 0
	for id, d := range docs {
		sites[d.Site] = true
		if d.MediaType == "text/html" {
			html++
		}
		if d.Name == "" || d.URL == "" || len(d.Blocks) < 4 {
			t.Errorf("%s: %q, %q, %d blocks", id, d.Name, d.URL, len(d.Blocks))
		}
		if strings.Contains(d.Text, "\r\n") {
			t.Errorf("%s has CRLF in its text", id)
		}
		x := text.NewIndex(d.Text)
		for _, b := range d.Blocks {
			if strings.TrimSpace(x.Slice(b.Range)) == "" {
				t.Errorf("%s: the block at %v is blank", id, b.Range)
			}
		}
	}
	if len(sites) < 4 || html < 3 {
		t.Errorf("%d sites, %d pages of HTML", len(sites), html)
	}
	for id, want := range map[string]string{"arabic": "ar", "hebrew": "he", "japanese": "ja", "harbour-bridge": "en", "museum": "en"} {
		if got := docs[id].Language; got != want {
			t.Errorf("%s is in %q, want %q", id, got, want)
		}
	}
	if d := docs["wrapped-letter"]; d.Segmenter != "wrapped-v1" {
		t.Errorf("the letter is cut by %s", d.Segmenter)
	}
	if d := docs["notice-crlf"]; !strings.Contains(string(d.Source), "\r\n") {
		t.Error("the notice's bytes lost their CRLF; is the file checked out with other line ends?")
	}
	if d := docs["museum"]; !slices.ContainsFunc(d.Blocks, func(b corpus.Block) bool { return b.Hidden }) {
		t.Error("the cookie notice is not hidden")
	}
}

// The first document is the one in the README: a body, a line with a hyphen,
// and a tail of headlines.
func TestTheHarbourBridgeHasABodyAndATail(t *testing.T) {
	d := all(t)["harbour-bridge"]
	x := text.NewIndex(d.Text)
	cut := slices.IndexFunc(d.Blocks, func(b corpus.Block) bool { return x.Slice(b.Range) == "-" })
	if cut != 8 || len(d.Blocks) != 25 {
		t.Errorf("the hyphen is block %d of %d", cut, len(d.Blocks))
	}
	for _, has := range []string{"ALDPORT: ", "“", "´", " -- ", " -\n"} {
		if !strings.Contains(d.Text, has) {
			t.Errorf("%q is missing", has)
		}
	}
}

func TestTheSampleIsTheSameEachTime(t *testing.T) {
	once, again := all(t), all(t)
	for id, d := range once {
		if again[id].SHA256 != d.SHA256 {
			t.Errorf("%s differs", id)
		}
	}
}

func TestTheSampleProjectIsOneThatCanBeStored(t *testing.T) {
	p := demo.Project()
	if err := p.Labels.Check(nil); err != nil || p.Name == "" || p.Guidelines == "" {
		t.Errorf("%v %+v", err, p)
	}
}
