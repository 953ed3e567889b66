package files

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// nativeRecord reads a line of ours, and WCEB's names for the same.
func nativeRecord(in input) (item, error) {
	var it item
	var id, page, model, sum string
	var cleaned jsontext.Value // the text as it stands
	err := fields(in.raw, func(name string, v jsontext.Value) (err error) {
		switch name {
		case "id":
			id, err = idOf(v)
		case "page_id":
			page, err = str(name, v)
		case "url":
			it.URL, err = str(name, v)
		case "file":
			it.Name, err = str(name, v)
		case "sha256":
			sum, err = str(name, v)
		case "text", "plaintext":
			if k := v.Kind(); k != '"' && k != 'n' {
				return wrongKind(name)
			}
			cleaned = v
		case "status":
			var s string
			s, err = str(name, v)
			it.status = score.Status(s)
		case "ms":
			var ms float64
			ms, err = number(name, v)
			it.millis = milliseconds(ms)
		case "error":
			if v.Kind() == '"' {
				it.detail, err = str(name, v)
			}
		case "cleaner":
			if v.Kind() == '{' {
				if json.Unmarshal(v, &it.cleaner) != nil {
					return wrongKind(name)
				}
			} else {
				it.cleaner.Name, err = str(name, v)
			}
		case "model":
			if v.Kind() == '"' {
				model, err = str(name, v)
			}
		case "version":
			if v.Kind() == '0' {
				it.cleaner.Version = string(v)
			} else {
				it.cleaner.Version, err = str(name, v)
			}
		case "config":
			it.cleaner.Config, err = configOf(v)
		case "blocks":
			if v.Kind() != 'n' {
				it.cut = true
				it.blocks, err = blocksOf(v)
			}
		case "spans":
			if v.Kind() != 'n' {
				it.labels = true
				it.spans, err = spansOf(v)
			}
		case "language":
			it.language, err = str(name, v)
		case "meta":
			if v.Kind() == '{' {
				it.meta = string(v)
			}
		case "with":
			it.snippets = true
			it.with, err = list(name, v)
		case "without":
			it.snippets = true
			it.without, err = list(name, v)
		case "source": // WCEB's gold: the data set and its name for the page
			var set []string
			if json.Unmarshal(v, &set) == nil && len(set) == 2 {
				it.fields = map[string]string{"set": set[0]}
				it.Name = cmp.Or(it.Name, set[1])
			}
		}
		return err
	})
	if err != nil {
		return it, err
	}

	it.TextHash = hash(sum)
	it.SourceHash = hash(page)
	it.cleaner.Name = cmp.Or(it.cleaner.Name, model)
	if it.ID = cmp.Or(id, page, it.URL, it.Name, sum); it.ID == "" {
		return it, errors.New("the record has neither id nor url, nor page_id nor file")
	}
	if cleaned.Kind() == '"' {
		if it.text, err = in.cleaned("text", cleaned); err != nil {
			return it, err
		}
	}

	return it, it.settle(cleaned.Kind() == 'n')
}

// settle checks the status. A text of null is how WCEB says that the cleaner
// failed.
func (it *item) settle(null bool) error {
	switch it.status {
	case "":
		it.status = score.OK
		if null && !it.cut && !it.labels {
			it.status = score.Failed
		}
	case score.OK, score.Empty, score.Failed, score.TimeOut, score.Missing:
	case "skipped":
		it.status = score.Missing
	default:
		return fmt.Errorf("the status %q is none of ok, empty, error, timeout, missing, skipped", it.status)
	}

	return nil
}

func idOf(v jsontext.Value) (string, error) {
	if v.Kind() == '0' { // a number is a name too
		return string(v), nil
	}
	return str("id", v)
}

// configOf is a hash of how a cleaner was set up; a set-up itself is hashed.
func configOf(v jsontext.Value) (string, error) {
	if v.Kind() != '{' {
		return str("config", v)
	}
	c := v.Clone()
	if err := c.Canonicalize(); err != nil {
		return "", wrongKind("config")
	}
	sum := sha256.Sum256(c)

	return hex.EncodeToString(sum[:]), nil
}

func blocksOf(v jsontext.Value) ([]score.Block, error) {
	var given []struct {
		Start  *int         `json:"start"`
		End    *int         `json:"end"`
		Class  corpus.Class `json:"class"`
		Reason string       `json:"reason"`
	}
	if json.Unmarshal(v, &given) != nil {
		return nil, wrongKind("blocks")
	}
	out := make([]score.Block, len(given))
	for i, b := range given {
		if b.Start == nil || b.End == nil {
			return nil, errors.New("a block has no start or no end")
		}
		if !b.Class.Valid() {
			return nil, fmt.Errorf("the class %q is neither body nor boilerplate", b.Class)
		}
		out[i] = score.Block{Range: text.Range{Start: *b.Start, End: *b.End}, Class: b.Class, Reason: b.Reason}
	}
	slices.SortStableFunc(out, func(a, b score.Block) int { return a.Start - b.Start })
	end := 0
	for _, b := range out {
		if b.Start < end || b.End < b.Start {
			return nil, fmt.Errorf("the block at %v is out of order: it begins before 0 or before the end of another, or ends before it begins", b.Range)
		}
		end = b.End
	}

	return out, nil
}

func spansOf(v jsontext.Value) ([]score.Span, error) {
	var given []struct {
		Start *int   `json:"start"`
		End   *int   `json:"end"`
		Label string `json:"label"`
	}
	if json.Unmarshal(v, &given) != nil {
		return nil, wrongKind("spans")
	}
	out := make([]score.Span, len(given))
	for i, s := range given {
		if s.Start == nil || s.End == nil {
			return nil, errors.New("a span has no start or no end")
		}
		if r := (text.Range{Start: *s.Start, End: *s.End}); r.Start < 0 || r.End < r.Start {
			return nil, fmt.Errorf("the span at %v begins before 0 or ends before it begins", r)
		}
		out[i] = score.Span{Range: text.Range{Start: *s.Start, End: *s.End}, Label: s.Label}
	}

	return out, nil
}
