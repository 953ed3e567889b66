package files_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"annotate/internal/score"
	"annotate/internal/score/files"
)

func sum(s string) string {
	b := sha256.Sum256([]byte(s))
	return hex.EncodeToString(b[:])
}

func lines(records ...string) string { return strings.Join(records, "\n") }

func TestEachWayOfMatching(t *testing.T) {
	for _, c := range []struct {
		name, predictions string
		key               files.Keys
		n                 int // -1 for none
		by                string
	}{
		{"the id", `{"id":"a"}` + "\n" + `{"id":"b"}`, files.Keys{ID: "b"}, 1, "id"},
		{"an id is not cut", `{"id":"a","url":"u"}`, files.Keys{ID: "A"}, -1, ""},
		{"the id before the address", lines(`{"id":"a","url":"http://x/1"}`, `{"id":"b","url":"http://x/2"}`), files.Keys{ID: "b", URL: "http://x/1"}, 1, "id"},
		{"the address", `{"id":"1","url":"http://x/1"}`, files.Keys{ID: "a", URL: "http://x/1"}, 0, "url"},
		{"the address as the id", `{"url":"http://x/1","text":""}`, files.Keys{ID: "a", URL: "http://x/1"}, 0, "url"},
		{"the address without its ends", `{"id":"1","url":"https://www.x.example/1?q=2#top"}`, files.Keys{ID: "a", URL: "http://X.example/1?q=2"}, 0, "url"},
		{"the address with a slash", `{"id":"1","url":"x.example/"}`, files.Keys{ID: "a", URL: "http://www.x.example"}, 0, "url"},
		{"a path has its case", `{"id":"1","url":"http://x.example/A"}`, files.Keys{ID: "a", URL: "http://x.example/a"}, -1, ""},
		{"a query is another page", `{"id":"1","url":"http://x.example/?p=1"}`, files.Keys{ID: "a", URL: "http://x.example/?p=2"}, -1, ""},
		{"the exact address before one without ends", lines(`{"id":"1","url":"http://x.example/1"}`, `{"id":"2","url":"https://x.example/1"}`), files.Keys{ID: "a", URL: "https://x.example/1"}, 1, "url"},
		{"two addresses without ends", lines(`{"id":"1","url":"http://x.example/1"}`, `{"id":"2","url":"https://x.example/1"}`), files.Keys{ID: "a", URL: "https://www.x.example/1"}, -1, ""},
		{"two equal addresses", lines(`{"id":"1","url":"http://x.example/1"}`, `{"id":"2","url":"http://x.example/1"}`), files.Keys{ID: "a", URL: "http://x.example/1"}, -1, ""},
		{"the file", `{"id":"1","file":"out/harbour.html.txt"}`, files.Keys{ID: "a", Name: `in\harbour.html.gz`}, 0, "file"},
		{"the id as a file", `{"id":"harbour.txt"}`, files.KeysOf(score.Gold{ID: "harbour.html"}), 0, "file"},
		{"the page before the file", lines(`{"id":"1","file":"a.txt"}`, `{"page_id":"`+sum("<p>")+`"}`), files.Keys{ID: "a", Name: "a.html", SourceHash: sum("<p>")}, 1, "page"},
		{"the end of an address", `{"url":"http://a.example/news","text":""}`, files.KeysOf(score.Gold{ID: "http://b.example/news"}), -1, ""},
		{"an ending that is none", `{"id":"1","file":"www.x.example"}`, files.Keys{ID: "a", Name: "www.x.org"}, -1, ""},
		{"two files", lines(`{"id":"1","file":"x/a.html"}`, `{"id":"2","file":"y/a.html"}`), files.Keys{ID: "z", Name: "a.html"}, -1, ""},
		{"the page", `{"page_id":"` + sum("<p>") + `","plaintext":""}`, files.Keys{ID: "a", SourceHash: sum("<p>")}, 0, "page"},
		{"the page, as an id", `{"id":"1","page_id":"` + strings.ToUpper(sum("<p>")) + `"}`, files.Keys{ID: "a", SourceHash: sum("<p>")}, 0, "page"},
		{"the text", `{"id":"1","sha256":"` + sum("x") + `"}`, files.Keys{ID: "a", TextHash: sum("x")}, 0, "text"},
		{"a text is not a page", `{"id":"1","sha256":"` + sum("x") + `"}`, files.Keys{ID: "a", SourceHash: sum("x")}, -1, ""},
		{"nothing", `{"id":"1"}`, files.Keys{}, -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, write(t, "p.jsonl", c.predictions), files.Options{})
			for range 2 { // asking again changes nothing
				n, by, ok := p.Match(c.key)
				if ok != (c.n >= 0) || ok && n != c.n || by != c.by {
					t.Errorf("it finds %d by %q (%v)", n, by, ok)
				}
			}
			if c.n >= 0 && slices.Contains(p.Unused(), p.ID(c.n)) || c.n < 0 && len(p.Unused()) != p.Len() {
				t.Errorf("unused are %v", p.Unused())
			}
		})
	}
}

func TestAPredictionIsGivenOnce(t *testing.T) {
	p := open(t, write(t, "p.jsonl", lines(`{"id":"1","url":"http://x/1","file":"a.html"}`, `{"id":"2"}`, `{"id":"3"}`)), files.Options{})
	for i, c := range []struct {
		key files.Keys
		by  string
	}{
		{files.Keys{ID: "x", Name: "a.html"}, "file"},
		{files.Keys{ID: "y", Name: "a.html"}, ""},       // it is given
		{files.Keys{ID: "z", URL: "http://x/1"}, "url"}, // is surer
		{files.Keys{ID: "1"}, "id"},                     // is surest
		{files.Keys{ID: "z", URL: "http://x/1"}, ""},
		{files.Keys{ID: "1"}, "id"},
		{files.Keys{ID: "3"}, "id"},
	} {
		if _, by, ok := p.Match(c.key); by != c.by || ok != (c.by != "") {
			t.Errorf("%d: it is found by %q", i, by)
		}
	}
	if got := p.Unused(); fmt.Sprint(got) != "[2]" {
		t.Errorf("unused are %v", got)
	}
	if got, err := p.For(score.Gold{ID: "4"}); err != nil || got.Status != score.Missing {
		t.Errorf("a document without a prediction has %+v (%v)", got, err)
	}
}

func TestKeysOfGold(t *testing.T) {
	g := score.Gold{ID: "a", URL: "u", Name: "n", SourceHash: strings.ToUpper(sum("s")), TextHash: "none"}
	if got, want := files.KeysOf(g), (files.Keys{ID: "a", URL: "u", Name: "n", SourceHash: sum("s")}); got != want {
		t.Errorf("they are %+v, want %+v", got, want)
	}
}
