package ingest

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type prodigyToken struct {
	Text  *string `json:"text"`
	Start *int    `json:"start"`
	End   *int    `json:"end"`
}

type prodigySpan struct {
	Text       *string `json:"text"`
	Start      *int    `json:"start"`
	End        *int    `json:"end"`
	TokenStart *int    `json:"token_start"`
	TokenEnd   *int    `json:"token_end"` // the last token, not the one behind it
	Label      string  `json:"label"`
}

// prodigy reads a record of Prodigy. Its tokens, where it has them, prove what
// positions count. A record whose answer is reject or ignore was not decided:
// it comes without labels.
func prodigy(p Page) (task, error) {
	t := task{}
	var more members
	var tokens []prodigyToken
	var spans []prodigySpan
	var answer, session, annotator string
	err := eachMember(p.Raw, func(field string, v jsontext.Value) (err error) {
		switch field {
		case "id", "text", "url", "title", "language", "meta":
			return t.set(field, v, &more)
		case "spans":
			t.looked = v.Kind() != 'n'
			if json.Unmarshal(v, &spans) != nil {
				return errors.New(`spans must be a list of {"start": whole number, "end": whole number, "label": "PER"}`)
			}
		case "tokens":
			if json.Unmarshal(v, &tokens) != nil {
				return errors.New(`tokens must be a list of {"text", "start", "end", "id"}`)
			}
		case "relations":
			return t.relations(field, v)
		case "answer":
			answer, err = str(field, v)
		case "_session_id":
			session, err = str(field, v)
		case "_annotator_id":
			annotator, err = str(field, v)
		case "_view_id", "_is_binary", "_timestamp":
		default:
			return more.keep(field, v)
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case t.Text == nil:
		return t, errors.New("the record has no text")
	}
	switch answer {
	case "accept":
		t.looked = true
	case "":
	case "reject", "ignore":
		t.looked = false
		t.notes = append(t.notes, fmt.Sprintf("the answer is %q, so it comes without labels", answer))
	default:
		return t, fmt.Errorf("the answer is %s; there are accept, reject and ignore", short(answer))
	}
	if annotator == "" {
		annotator = session
	}
	if annotator != "" {
		t.by = []string{annotator}
	}
	if err := t.prodigySpans(spans, tokens); err != nil {
		return t, err
	}

	return t, t.close(&more)
}

func (t *task) prodigySpans(spans []prodigySpan, tokens []prodigyToken) error {
	for i, s := range spans {
		m := mark{name: fmt.Sprintf("span %d", i+1), label: s.Label, parts: parts(s.Start, s.End), quote: s.Text}
		if s.TokenStart != nil && s.TokenEnd != nil && len(tokens) > 0 && m.parts != nil {
			from, to := *s.TokenStart, *s.TokenEnd
			if from < 0 || to < from || to >= len(tokens) {
				return fmt.Errorf("%s has the tokens %d to %d, and there are %d", m, from, to, len(tokens))
			}
			if a, b := tokens[from].Start, tokens[to].End; a != nil && b != nil && (*a != *s.Start || *b != *s.End) {
				return fmt.Errorf("%s is not what its tokens %d to %d are, [%d,%d)", m, from, to, *a, *b)
			}
		}
		t.marks = append(t.marks, m)
	}
	for i, k := range tokens {
		if k.Text != nil {
			t.proof = append(t.proof, mark{name: fmt.Sprintf("token %d", i), parts: parts(k.Start, k.End), quote: k.Text})
		}
	}

	return nil
}
