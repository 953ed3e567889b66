package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// studioAnnotation is one person's work on a task of Label Studio.
type studioAnnotation struct {
	By        jsontext.Value `json:"completed_by"`
	Cancelled bool           `json:"was_cancelled"`
	Truth     bool           `json:"ground_truth"`
	Result    []studioResult `json:"result"`
}

type studioResult struct {
	ID     string                    `json:"id"`
	Type   string                    `json:"type"`
	ToName string                    `json:"to_name"`
	Value  map[string]jsontext.Value `json:"value"`
}

// labelStudio reads a task of Label Studio over plain text. An annotation that
// was cancelled counts for nothing; where several are left, one must be marked
// as ground truth, because gold has one answer.
func labelStudio(p Page) (task, error) {
	var t task
	var more members
	var id string
	var data jsontext.Value
	var all []studioAnnotation
	err := eachMember(p.Raw, func(field string, v jsontext.Value) (err error) {
		switch field {
		case "id":
			id = strings.Trim(string(v), `"`)
		case "data":
			data = bytes.Clone(v)
		case "annotations", "completions":
			if json.Unmarshal(v, &all) != nil {
				return fmt.Errorf(`%s must be a list of {"result": [{"type", "value", …}], …}`, field)
			}
		case "predictions":
			if v.Kind() == '[' && string(v) != "[]" {
				t.notes = append(t.notes, "its predictions are not labels of people and were left out")
			}
		case "meta":
			return t.set(field, v, &more)
		}
		return err
	})
	if err != nil {
		return t, err
	}
	if data == nil {
		return t, errors.New("the task has no data")
	}
	target, err := t.studioText(data, &more)
	if err != nil {
		return t, err
	}
	if t.ID == "" && id != "null" {
		t.ID = id
	}
	if err := t.studioLabels(all, target); err != nil {
		return t, err
	}

	return t, t.close(&more)
}

// studioText finds the text among the data of a task: the field called text, or
// the only one that is a string and not something else by its name.
func (t *task) studioText(data jsontext.Value, more *members) (string, error) {
	type field struct {
		name string
		v    jsontext.Value
	}
	var texts []field
	err := eachMember(data, func(name string, v jsontext.Value) error {
		switch {
		case slices.Contains([]string{"id", "url", "title", "language"}, name) && (v.Kind() == '"' || name == "id" && v.Kind() == '0'):
			return t.set(name, v, more)
		case v.Kind() == '"':
			texts = append(texts, field{name, bytes.Clone(v)})
			return nil
		}
		return more.keep(name, v)
	})
	if err != nil {
		return "", fmt.Errorf("data: %w", err)
	}

	i := slices.IndexFunc(texts, func(f field) bool { return f.name == "text" })
	switch {
	case i < 0 && len(texts) == 1:
		i = 0
	case i < 0 && len(texts) > 1:
		names := make([]string, len(texts))
		for i, f := range texts {
			names[i] = f.name
		}
		return "", fmt.Errorf("its data has several texts (%s) and none is called text; rename the one that is to be labelled", short(strings.Join(names, ", ")))
	case i < 0:
		return "", errors.New("its data has no text")
	}
	for j, f := range texts {
		if j == i {
			t.Text, err = optional(f.name, f.v)
		} else {
			err = more.keep(f.name, f.v)
		}
		if err != nil {
			return "", err
		}
	}

	return texts[i].name, nil
}

// studioLabels takes the annotation that counts.
func (t *task) studioLabels(all []studioAnnotation, target string) error {
	all = slices.DeleteFunc(all, func(a studioAnnotation) bool { return a.Cancelled })
	if truth := slices.IndexFunc(all, func(a studioAnnotation) bool { return a.Truth }); truth >= 0 {
		all = all[truth : truth+1]
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
	default:
		return fmt.Errorf("the task has %d annotations that count, and gold has one answer; mark one as ground truth", len(all))
	}
	t.looked = true
	if by := studioPerson(all[0].By); by != "" {
		t.by = []string{by}
	}
	for i, r := range all[0].Result {
		if err := t.studioResult(i, r); err != nil {
			return err
		}
	}

	return nil
}

// studioPerson is who made an annotation: a number, or an object that says more.
func studioPerson(v jsontext.Value) string {
	var about struct {
		ID    jsontext.Value `json:"id"`
		Email string         `json:"email"`
	}
	switch v.Kind() {
	case '0':
		return string(v)
	case '"':
		s, _ := str("completed_by", v)
		return s
	case '{':
		if json.Unmarshal(v, &about) == nil && about.Email != "" {
			return about.Email
		}
		return string(about.ID)
	}

	return ""
}

// studioResult is one result: the spans of labels, or something that has no
// place here.
func (t *task) studioResult(i int, r studioResult) error {
	name := fmt.Sprintf("result %d", i+1)
	switch r.Type {
	case "labels":
	case "hypertextlabels":
		t.lose("span over HTML")
		return nil
	case "choices":
		t.lose("choice")
		return nil
	case "relation":
		t.lose("relation")
		return nil
	default:
		t.lose("result of the type " + short(r.Type))
		return nil
	}
	var start, end *int
	var labels []string
	var quote *string
	for field, to := range map[string]any{"start": &start, "end": &end, "labels": &labels, "text": &quote} {
		if v, ok := r.Value[field]; ok && json.Unmarshal(v, to) != nil {
			return fmt.Errorf(`%s: the %s of its value must be as in {"start": 2, "end": 5, "text": "Ada", "labels": ["PER"]}`, name, field)
		}
	}
	if len(labels) == 0 {
		return fmt.Errorf("%s is a span without a label", name)
	}
	for _, l := range labels {
		t.marks = append(t.marks, mark{name: name, label: l, parts: parts(start, end), quote: quote})
	}

	return nil
}
