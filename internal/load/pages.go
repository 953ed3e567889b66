package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// source gives texts of documents.
type source struct {
	texts      []string // of a corpus; none where texts are made
	words      []string // some that occur
	characters int      // of a document in the middle
	blocks     int
}

// pagesFrom reads a corpus, or makes ready to make texts.
func pagesFrom(file string) (source, error) {
	var s source
	if file == "" {
		r := rand.New(rand.NewPCG(1, 1))
		for range 20_000 {
			word := make([]byte, 2+r.IntN(9))
			for i := range word {
				word[i] = "etaoinshrdlucmfwypvbgk"[min(r.IntN(22), r.IntN(22))]
			}
			s.words = append(s.words, string(word))
		}
	} else if err := s.read(file); err != nil {
		return source{}, err
	}

	var characters, blocks []int
	for i := range 201 {
		t := s.text(i)
		characters = append(characters, utf8.RuneCountInString(t))
		blocks = append(blocks, len(lines(t)))
	}
	slices.Sort(characters)
	slices.Sort(blocks)
	s.characters, s.blocks = characters[100], blocks[100]

	return s, nil
}

func (s *source) read(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var record struct{ Text string }
		err := d.Decode(&record)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(lines(record.Text)) > 0 {
			s.texts = append(s.texts, record.Text)
		}
	}
	if len(s.texts) == 0 {
		return fmt.Errorf("%s holds no text", file)
	}
	for _, t := range s.texts[:min(len(s.texts), 200)] {
		for _, w := range strings.Fields(t)[:min(20, len(strings.Fields(t)))] {
			if !strings.ContainsFunc(w, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }) {
				s.words = append(s.words, w)
			}
		}
	}
	if len(s.words) == 0 {
		s.words = []string{"the"}
	}

	return nil
}

// text is the text of page i: of a corpus with a line of its own, so that no
// two are the same, else made. The same i gives the same text.
func (s *source) text(i int) string {
	if len(s.texts) > 0 {
		return fmt.Sprintf("Copy %d\n%s", i, s.texts[i%len(s.texts)])
	}
	r := rand.New(rand.NewPCG(2, uint64(i)))
	var b strings.Builder
	for n := range 24 {
		if n > 0 {
			b.WriteByte('\n')
		}
		for w := range 6 + (n*7+i)%30 {
			if w > 0 {
				b.WriteByte(' ')
			}
			x := r.Float64()
			b.WriteString(s.words[int(float64(len(s.words))*x*x*x*x)])
		}
	}

	return b.String()
}

type block struct {
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Class  string `json:"class"`
	Reason string `json:"reason,omitempty"`
}

type span struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Label string `json:"label"`
	Quote string `json:"quote"`
}

type record struct {
	ID     string  `json:"id"`
	URL    string  `json:"url"`
	Text   string  `json:"text"`
	Blocks []block `json:"blocks,omitempty"`
	Spans  []span  `json:"spans,omitempty"`
}

// lines are the blocks of a text, one for each line with something in it.
func lines(t string) (out []block) {
	at := 0
	for line := range strings.Lines(t) {
		trimmed := strings.TrimSpace(line)
		start := at + utf8.RuneCountInString(line[:strings.Index(line, trimmed)])
		if trimmed != "" {
			out = append(out, block{Start: start, End: start + utf8.RuneCountInString(trimmed)})
		}
		at += utf8.RuneCountInString(line)
	}

	return out
}

// write writes n pages from page first on as JSON Lines. Decided ones have
// classes, and five spans: the first word of every fifth block.
func (s *source) write(file string, n, first int, decided bool) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range n {
		i += first
		r := record{ID: fmt.Sprintf("page-%08d", i), URL: fmt.Sprintf("https://site-%d.example/%d", i%50, i), Text: s.text(i)}
		if decided {
			r.decide()
		}
		if err := enc.Encode(r); err != nil {
			return err
		}
	}

	return w.Flush()
}

func (r *record) decide() {
	r.Blocks = lines(r.Text)
	runes := []rune(r.Text)
	for i := range r.Blocks {
		b := &r.Blocks[i]
		b.Class = "body"
		if 3*i > 2*len(r.Blocks) {
			b.Class, b.Reason = "boilerplate", "related"
		}
		word, _, _ := strings.Cut(string(runes[b.Start:b.End]), " ")
		if n := utf8.RuneCountInString(word); i%5 == 0 && len(r.Spans) < 5 {
			r.Spans = append(r.Spans, span{b.Start, b.Start + n, "PER", word})
		}
	}
}
