package ingest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/net/html"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/score/files"
)

// webMainBench reads a record of WebMainBench. Gold is what its annotators
// chose in the page, cc-select="true"; in a page without such marks the text
// that was made of their choice.
func webMainBench(p Page) (task, error) {
	var t task
	var more members
	var gold, converted *string
	err := eachMember(p.Raw, func(field string, v jsontext.Value) (err error) {
		switch field {
		case "id", "track_id":
			if t.ID == "" || field == "track_id" {
				err = t.set("id", v, &more)
			}
		case "url", "title", "language", "meta", "html":
			err = t.set(field, v, &more)
		case "groundtruth_content":
			gold, err = optional(field, v)
		case "convert_main_content":
			converted, err = optional(field, v)
		case "main_html", "content", "content_html":
		default:
			name, answer := strings.CutSuffix(field, "_content")
			if answer {
				t.notes = append(t.notes, fmt.Sprintf("the answer of %s was left out; import it as a run: annotate runs import", short(name)))
				return nil
			}
			err = more.keep(field, v)
		}
		return err
	})
	switch {
	case err != nil:
		return t, err
	case t.HTML == nil:
		return t, errors.New("the record has no html")
	}

	if marked := *t.HTML; strings.Contains(marked, "cc-select") {
		t.class = func(in *corpus.Incoming) error { return chosen(in, marked) }
	} else if gold != nil {
		t.body = gold
	} else {
		t.body = converted
	}
	t.looked = t.class != nil || t.body != nil
	clean := withoutMarks(*t.HTML)
	t.HTML = &clean

	return t, t.close(&more)
}

// chosen gives each block the class that most of its words have in the page
// with the marks. Both are the same words, but for the order of what is hidden.
func chosen(in *corpus.Incoming, marked string) error {
	t, blocks, err := files.Marked("cc-select", []byte(marked))
	if err != nil {
		return err
	}
	page, words := score.Words(in.Text), score.Words(t)
	body := make([]bool, len(page))
	k := 0
	for j, i := range score.Align(page, words).At {
		for k < len(blocks) && blocks[k].End <= words[j].Start {
			k++
		}
		on := k < len(blocks) && blocks[k].Class == corpus.Body
		if on {
			in.GoldWords++
		}
		if i >= 0 && on {
			body[i] = true
			in.GoldFound++
		}
	}
	classify(in, page, body, true)

	return nil
}

// withoutMarks is a page without what the annotators' tool left in it: its
// attributes, its elements around texts, and its style sheet.
func withoutMarks(page string) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := z.Next()
		raw := string(z.Raw())
		switch kind {
		case html.ErrorToken:
			out.WriteString(raw)
			return out.String()
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			if tok.Data == "style" && kind == html.StartTagToken {
				out.WriteString(styleSheet(z, raw))
				continue
			}
			out.WriteString(withoutMark(tok, raw))
		case html.EndTagToken:
			if name, _ := z.TagName(); !strings.HasPrefix(string(name), "marked-t") {
				out.WriteString(raw)
			}
		default:
			out.WriteString(raw)
		}
	}
}

// styleSheet is a style element whose start tag was read, "" for the tool's.
func styleSheet(z *html.Tokenizer, tag string) string {
	var rest strings.Builder
	for {
		kind := z.Next()
		raw := string(z.Raw())
		rest.WriteString(raw)
		if kind == html.ErrorToken || kind == html.EndTagToken {
			break
		}
	}
	for _, ours := range []string{"cc-select", "marked-text", "marked-tail", "data-anno-uid"} {
		if strings.Contains(rest.String(), ours) {
			return ""
		}
	}

	return tag + rest.String()
}

// withoutMark is a tag without the tool's attributes; one that has none stays
// as it was written.
func withoutMark(tok html.Token, raw string) string {
	if strings.HasPrefix(tok.Data, "marked-t") {
		return ""
	}
	kept := tok.Attr[:0:0]
	for _, a := range tok.Attr {
		if a.Key != "cc-select" && !strings.HasPrefix(a.Key, "data-anno-") {
			kept = append(kept, a)
		}
	}
	if len(kept) == len(tok.Attr) {
		return raw
	}
	tok.Attr = kept

	return tok.String()
}
