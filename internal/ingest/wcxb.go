package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// wcxb reads a page with its gold of WCXB beside it: html/ID.html.gz and
// ground-truth/ID.json, with main_content to be found in the page.
func wcxb(p Page) (task, error) {
	t := task{}
	var more members
	said := false
	truth := func(field string, v jsontext.Value) (err error) {
		switch field {
		case "main_content":
			t.body, err = optional(field, v)
			said = true
		case "title":
			t.Title, err = str(field, v)
		case "author", "publish_date":
			err = more.keep(field, v)
		}
		return err
	}
	err := eachMember(p.beside, func(field string, v jsontext.Value) (err error) {
		switch field {
		case "url":
			t.URL, err = str(field, v)
		case "file_id":
			t.ID, err = str(field, v)
		case "page_type":
			err = more.keep(field, v)
		case "ground_truth":
			if v.Kind() != '{' {
				return errors.New("ground_truth is no object")
			}
			err = eachMember(v, truth)
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case !said:
		return t, errors.New("ground_truth has no main_content")
	}
	if t.looked = t.body != nil; !t.looked { // so WCXB marks what scripts would have to fill
		t.notes = append(t.notes, "it has no gold: its main_content is null")
	}

	return t, t.close(&more)
}

// isWCXB recognises a file of gold by its beginning.
func isWCXB(head []byte) bool {
	return bytes.Contains(head, []byte(`"ground_truth"`)) && bytes.Contains(head, []byte(`"main_content"`))
}

// wcxbGold reports whether a file stands where WCXB keeps its gold.
func wcxbGold(plain string) bool {
	return strings.EqualFold(path.Ext(plain), ".json") && path.Base(path.Dir(plain)) == "ground-truth"
}

// wcxbMember reads a file of WCXB. The list of its pages, answers of extractors
// and expected scores stand beside the folders of pages and gold; they are no
// documents.
func (f *finder) wcxbMember(in file, b *bufio.Reader) (taken, ok bool) {
	t, plain := f.tree, unpackedName(in.at)
	root, name := path.Dir(path.Dir(plain)), stem(plain)
	switch {
	case t.sets[path.Dir(plain)]:
		return true, true
	case !t.sets[root]:
		return false, true
	case isPage(plain) && path.Base(path.Dir(plain)) == "html":
		gold := t.known[path.Join(root, "ground-truth", name+".json")]
		if gold == "" {
			return true, f.refuse(in.shown, 0, "there is no gold for it, ground-truth/"+name+".json")
		}
		return true, f.pair(in, b, "wcxb", "text/html", gold, &foreign{parse: wcxb})
	case wcxbGold(plain) && t.known[path.Join(root, "html", name+".html")] == "" && t.known[path.Join(root, "html", name+".htm")] == "":
		return true, f.refuse(in.shown, 0, "there is no page for it, html/"+name+".html")
	}

	return wcxbGold(plain), true
}
