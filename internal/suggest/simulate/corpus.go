package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/publicsuffix"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/suggest/blocks"
	"annotate/internal/text"
)

// labelled is a page with what the simulated annotator says of it.
type labelled struct {
	blocks.Example
	words []int
}

// read takes a corpus in JSON lines: an address, a text, and ranges of its
// code points with a class.
func read(path string) ([]labelled, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()

	var out []labelled
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r struct {
			ID, URL, Text string
			Lines         []line
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(out)+1, err)
		}
		d := corpus.Document{ID: corpus.DocumentID(len(out) + 1), ExternalID: r.ID, URL: r.URL, Site: site(r.URL), Text: r.Text, MediaType: "text/plain"}
		x := text.NewIndex(r.Text)
		p := labelled{Example: blocks.Example{Document: d}}
		for _, l := range r.Lines {
			if !l.In(x.Len()) || !l.class.Valid() {
				return nil, fmt.Errorf("%s, line %d: range %v with class %q", path, len(out)+1, l.Range, l.class)
			}
			p.Document.Blocks = append(p.Document.Blocks, corpus.Block{Range: l.Range})
			p.Classes = append(p.Classes, l.class)
			p.words = append(p.words, len(score.Words(x.Slice(l.Range))))
		}
		out = append(out, p)
	}

	return out, lines.Err()
}

// line is [start, end, class].
type line struct {
	text.Range
	class corpus.Class
}

func (l *line) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&l.Start, &l.End, &l.class})
}

// site is the registrable domain of an address.
func site(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
