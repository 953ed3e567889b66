package clean

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// asked is a document as a program is asked about it: Text or HTML.
type asked struct {
	ID        string  `json:"id"`
	URL       string  `json:"url,omitempty"`
	MediaType string  `json:"mediaType"`
	Text      *string `json:"text,omitempty"`
	HTML      *string `json:"html,omitempty"`
}

// said is what it answers; the record of a prediction in a file.
type said struct {
	ID     jsontext.Value `json:"id"`
	Text   *string        `json:"text"`
	Status score.Status   `json:"status"`
	Millis *float64       `json:"ms"`
	Error  string         `json:"error"`
	Blocks *[]struct {
		Start int          `json:"start"`
		End   int          `json:"end"`
		Class corpus.Class `json:"class"`
	} `json:"blocks"`
	Spans *[]struct {
		Start int    `json:"start"`
		End   int    `json:"end"`
		Label string `json:"label"`
	} `json:"spans"`
}

// ID is how a program knows a document: as an export names it.
func ID(d corpus.Document) string { return cmp.Or(d.ExternalID, d.SHA256) }

// question is the document as a JSON object, without a line end.
func question(d corpus.Document) ([]byte, error) {
	q := asked{ID: ID(d), URL: d.URL, MediaType: d.MediaType, Text: &d.Text}
	if d.MediaType == html {
		s, err := source(d)
		if err != nil {
			return nil, err
		}
		q.Text, q.HTML = nil, &s
	}

	return json.Marshal(q, jsontext.AllowInvalidUTF8(true))
}

// understand reads an answer about d. Its error is for people; the answer is
// then worth nothing.
func understand(b []byte, d corpus.Document, needID bool, start time.Time) (score.Prediction, error) {
	if at := invalidUTF8(b); at >= 0 {
		return score.Prediction{}, fmt.Errorf("its answer is not UTF-8, from byte %d on", at)
	}
	var r said
	if err := json.Unmarshal(b, &r); err != nil {
		if s, ok := errors.AsType[*json.SemanticError](err); ok && s.JSONPointer != "" {
			return score.Prediction{}, fmt.Errorf("in its answer the field %s has a value of the wrong kind", strings.TrimPrefix(string(s.JSONPointer), "/"))
		}
		return score.Prediction{}, fmt.Errorf("its answer is no JSON object: %s", opening(b))
	}
	if err := r.checkID(ID(d), needID); err != nil {
		return score.Prediction{}, err
	}

	p := score.Prediction{Status: cmp.Or(r.Status, score.OK), Millis: since(start), Detail: detail(r.Error)}
	if r.Millis != nil && *r.Millis >= 0 && *r.Millis < 1e9 {
		p.Millis = max(1, int(*r.Millis+.5))
	}
	switch p.Status {
	case score.Empty, score.Failed, score.TimeOut:
		return p, nil
	case "skipped":
		p.Status, p.Detail = score.Empty, cmp.Or(p.Detail, "it skipped this document")
		return p, nil
	case score.OK:
		if r.Error != "" && r.Text == nil && r.Blocks == nil && r.Spans == nil {
			p.Status = score.Failed
			return p, nil
		}
	default:
		return score.Prediction{}, fmt.Errorf("its answer has the status %q, which is none of ok, empty, error, timeout, skipped", p.Status)
	}
	if r.Text == nil && r.Blocks == nil && r.Spans == nil {
		return score.Prediction{}, errors.New("its answer has neither text nor blocks nor spans")
	}
	p.Detail = ""

	return r.fill(p, d)
}

// fill takes over what was said, held against the document.
func (r said) fill(p score.Prediction, d corpus.Document) (score.Prediction, error) {
	n := utf8.RuneCountInString(d.Text)
	if r.Blocks != nil {
		p.Blocks = make([]score.Block, 0, len(*r.Blocks))
		for _, b := range *r.Blocks {
			if !b.Class.Valid() {
				return p, fmt.Errorf("its answer has a block of the class %q, which is neither body nor boilerplate", b.Class)
			}
			p.Blocks = append(p.Blocks, score.Block{Range: text.Range{Start: b.Start, End: b.End}, Class: b.Class})
		}
		slices.SortStableFunc(p.Blocks, func(a, b score.Block) int { return a.Start - b.Start })
		end := 0
		for _, b := range p.Blocks {
			if !b.In(n) || b.Start < end {
				return p, fmt.Errorf("its answer has a block at %v that overlaps another or lies outside the text, which has %d code points", b.Range, n)
			}
			end = b.End
		}
		p.Text = score.BodyText(d.Text, p.Blocks)
	}
	if r.Spans != nil {
		p.Labels = true
		for _, s := range *r.Spans {
			is := text.Range{Start: s.Start, End: s.End}
			if !is.In(n) || is.Len() == 0 || s.Label == "" {
				return p, fmt.Errorf("its answer has a span at %v that has no label, no length or lies outside the text, which has %d code points", is, n)
			}
			p.Spans = append(p.Spans, score.Span{Range: is, Label: s.Label})
		}
	}
	if r.Text != nil {
		p.Text = text.Normalise(*r.Text)
	}
	if score.Blank(p.Text) && p.Blocks == nil && !p.Labels {
		p.Status, p.Text = score.Empty, ""
	}

	return p, nil
}

func (r said) checkID(want string, need bool) error {
	got := ""
	switch r.ID.Kind() {
	case '"':
		if err := json.Unmarshal(r.ID, &got); err != nil {
			return err
		}
	case '0': // a number is a name too
		got = string(r.ID)
	case 'n', 0:
		if need {
			return errors.New("its answer has no id")
		}
		return nil
	}
	if got != want {
		return fmt.Errorf("it was asked about %q and answered about %q", clip(want, 80), clip(got, 80))
	}

	return nil
}

// invalidUTF8 is where b stops being UTF-8, −1 for nowhere.
func invalidUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}

// opening quotes how an answer begins.
func opening(b []byte) string {
	return fmt.Sprintf("%q", clip(strings.ToValidUTF8(string(b[:min(len(b), 400)]), "\ufffd"), 80))
}

// clip shortens s to n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
