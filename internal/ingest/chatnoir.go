package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// chatnoir reads a record of gold of chatnoir's web-content-extraction-benchmark:
// page_id, which is the hash of the page's bytes, and plaintext, to be found in
// the page html/SET/page_id.html. Without the page the document is the gold
// text, and all of it is body.
func chatnoir(p Page) (task, error) {
	t := task{looked: true}
	var more members
	err := eachMember(p.said(), func(field string, v jsontext.Value) (err error) {
		switch field {
		case "page_id":
			t.ID, err = str(field, v)
		case "plaintext":
			t.body, err = optional(field, v)
		case "url":
			t.URL, err = str(field, v)
		case "model":
			return errors.New("it is an answer of a cleaner, not gold; import it as a run: annotate runs import")
		default:
			err = more.keep(field, v)
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case t.ID == "" || t.body == nil:
		return t, errors.New("the record needs a page_id and a plaintext")
	}
	if p.beside == nil {
		t.Text = t.body
		return t, t.close(&more)
	}
	if sum := sha256.Sum256(p.Raw); len(t.ID) == 2*sha256.Size && !strings.EqualFold(t.ID, hex.EncodeToString(sum[:])) {
		return t, fmt.Errorf("the page_id is not the hash of %s; the page was changed since", p.besideName)
	}

	return t, t.close(&more)
}

// pageID is the id of a record of chatnoir, "" where it has none; what is wrong
// with it is said when it is read.
func pageID(raw []byte) (id string) {
	_ = eachMember(raw, func(field string, v jsontext.Value) error {
		if field == "page_id" {
			id, _ = str(field, v)
		}
		return nil
	})

	return id
}
