package files

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/score"
)

// member reads a document of an object by id: a text, an articleBody, or
// trafilatura's snippets.
func member(in input) (item, error) {
	it := item{Keys: Keys{ID: in.id, SourceHash: hash(in.id)}, status: score.OK}
	if strings.Contains(in.id, "://") {
		it.URL = in.id
	}
	v := jsontext.Value(in.raw)
	switch v.Kind() {
	case '"':
		var err error
		it.text, err = in.cleaned(in.id, v)
		return it, err
	case 'n':
		it.status = score.Failed
		return it, nil
	case '{':
	default:
		return it, fmt.Errorf("the document %q has no text", in.id)
	}

	err := fields(in.raw, func(name string, v jsontext.Value) (err error) {
		switch name {
		case "articleBody":
			if v.Kind() == 'n' {
				it.status = score.Failed
				return nil
			}
			it.text, err = in.cleaned(name, v)
		case "url":
			it.URL, err = str(name, v)
		case "file":
			it.Name, err = str(name, v)
		case "with":
			it.snippets = true
			it.with, err = list(name, v)
		case "without":
			it.snippets = true
			it.without, err = list(name, v)
		}
		return err
	})
	if err == nil && it.text == nil && it.status == score.OK && !it.snippets {
		err = fmt.Errorf("the document %q has no text: neither an articleBody nor snippets", in.id)
	}

	return it, err
}

// wcxbPage reads WCXB's gold for a page.
func wcxbPage(in input) (item, error) {
	it := item{Keys: Keys{ID: in.id}, status: score.OK}
	var page struct {
		URL   string `json:"url"`
		Truth struct {
			Content jsontext.Value `json:"main_content"`
			With    []string       `json:"with"`
			Without []string       `json:"without"`
		} `json:"ground_truth"`
		Internal struct {
			Type struct {
				Primary string `json:"primary"`
			} `json:"page_type"`
		} `json:"_internal"`
	}
	if !utf8.Valid(in.raw) {
		return it, errors.New("it is not UTF-8")
	}
	if err := json.Unmarshal(bytes.TrimPrefix(in.raw, []byte(bom)), &page); err != nil {
		if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			at := min(int(s.ByteOffset), len(in.raw))
			return it, lined{1 + bytes.Count(in.raw[:at], []byte("\n")), "it is not valid JSON, or was cut off"}
		}
	}
	if page.Truth.Content == nil {
		return it, errors.New("it has no ground_truth with a main_content")
	}
	// null is a page in which nothing can be found: its body is empty.
	t, err := str("main_content", page.Truth.Content)
	if err != nil {
		return it, err
	}
	it.text, it.URL = &t, page.URL
	it.with, it.without = page.Truth.With, page.Truth.Without
	if page.Internal.Type.Primary != "" {
		it.fields = map[string]string{"kind": page.Internal.Type.Primary}
	}

	return it, nil
}
