package ingest

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// doccano reads a record of doccano's sequence labelling: id, text, and label
// as triples, or entities and relations where a project has these. What else
// stands there is metadata. A record without any of the three was not looked
// at.
func doccano(p Page) (task, error) {
	var t task
	var more members
	err := eachMember(p.Raw, func(field string, v jsontext.Value) error {
		switch field {
		case "id", "text", "url", "title", "language", "meta":
			return t.set(field, v, &more)
		case "label", "labels":
			t.looked = t.looked || v.Kind() != 'n'
			return t.triples(field, v)
		case "entities":
			t.looked = t.looked || v.Kind() != 'n'
			return t.entities(v)
		case "relations":
			return t.relations(field, v)
		case "Comments", "comments", "cats":
			if v.Kind() == 'n' || string(v) == "[]" {
				return nil
			}
		}
		return more.keep(field, v)
	})
	switch {
	case err != nil:
		return t, err
	case t.Text == nil:
		return t, errors.New("the record has no text")
	}

	return t, t.close(&more)
}

// triples are labels as [start, end, "PER"].
func (t *task) triples(field string, v jsontext.Value) error {
	wrong := fmt.Errorf(`%s must be a list of [start, end, "PER"]`, field)
	var all []jsontext.Value
	if json.Unmarshal(v, &all) != nil {
		return wrong
	}
	for i, one := range all {
		var cells []jsontext.Value
		if json.Unmarshal(one, &cells) != nil || len(cells) != 3 {
			return wrong
		}
		m := mark{name: fmt.Sprintf("span %d", i+1), parts: [][2]int{{}}}
		if json.Unmarshal(cells[0], &m.parts[0][0]) != nil || json.Unmarshal(cells[1], &m.parts[0][1]) != nil || json.Unmarshal(cells[2], &m.label) != nil {
			return wrong
		}
		t.marks = append(t.marks, m)
	}

	return nil
}

func (t *task) entities(v jsontext.Value) error {
	var all []struct {
		Label string `json:"label"`
		Start *int   `json:"start_offset"`
		End   *int   `json:"end_offset"`
	}
	if json.Unmarshal(v, &all) != nil {
		return errors.New(`entities must be a list of {"id", "label", "start_offset", "end_offset"}`)
	}
	for i, e := range all {
		t.marks = append(t.marks, mark{name: fmt.Sprintf("entity %d", i+1), label: e.Label, parts: parts(e.Start, e.End)})
	}

	return nil
}

// parts is the one part of a mark, none where a position is missing.
func parts(start, end *int) [][2]int {
	if start == nil || end == nil {
		return nil
	}
	return [][2]int{{*start, *end}}
}

// relations between spans have no place here.
func (t *task) relations(field string, v jsontext.Value) error {
	var all []jsontext.Value
	if json.Unmarshal(v, &all) != nil {
		return fmt.Errorf("%s must be a list", field)
	}
	for range all {
		t.lose("relation")
	}

	return nil
}
