package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// fields gives the members of one JSON object. Its errors are sentences for a
// person.
func fields(raw []byte, each func(name string, v jsontext.Value) error) error {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(raw))

	if k := d.PeekKind(); k != '{' && k != 0 {
		return errors.New("it is not a JSON object, which begins with {")
	}
	if _, err := d.ReadToken(); err != nil {
		return inWords(raw, err)
	}
	for {
		t, err := d.ReadToken()
		if err != nil {
			return inWords(raw, err)
		}
		if t.Kind() == '}' {
			break
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil {
			return inWords(raw, err)
		}
		if err := each(name, v); err != nil {
			return err
		}
	}
	if rest := raw[d.InputOffset():]; len(bytes.TrimSpace(rest)) > 0 {
		return errors.New("something stands behind the JSON object; a line is one object, without a comma after it")
	}

	return nil
}

func inWords(raw []byte, err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case !utf8.Valid(raw):
		return errors.New("the record is not UTF-8")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the record is not a whole JSON object; was the file cut off?")
	case ok && errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("the field %s is there twice", syntax.JSONPointer.LastToken())
	case ok:
		at := min(int(syntax.ByteOffset), len(raw))
		return fmt.Errorf("the record is not valid JSON: %s, at character %d", syntax.Err, utf8.RuneCount(raw[:at])+1)
	}
	return err
}

// kind says that a field has a value it cannot have.
func wrongKind(field string) error {
	return fmt.Errorf("the field %s has a value of the wrong kind", field)
}

// str is a field's string; null is "".
func str(field string, v jsontext.Value) (string, error) {
	switch v.Kind() {
	case '"':
		b, err := jsontext.AppendUnquote(make([]byte, 0, len(v)), v)
		return string(b), err
	case 'n':
		return "", nil
	}
	return "", wrongKind(field)
}

// cleaned is a text, which the decoder has checked already.
func (in input) cleaned(field string, v jsontext.Value) (*string, error) {
	if in.brief && v.Kind() == '"' {
		return new(string), nil
	}
	t, err := str(field, v)

	return &t, err
}

func number(field string, v jsontext.Value) (float64, error) {
	switch v.Kind() {
	case '0':
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return 0, wrongKind(field)
		}
		return f, nil
	case 'n':
		return 0, nil
	}
	return 0, wrongKind(field)
}

// milliseconds are a time as an int, within reason.
func milliseconds(ms float64) int { return int(math.Round(min(max(ms, 0), 1<<31-1))) }

func list(field string, v jsontext.Value) ([]string, error) {
	var out []string
	if json.Unmarshal(v, &out) != nil {
		return nil, wrongKind(field)
	}
	return out, nil
}
