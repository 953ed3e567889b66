package files

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/score"
)

// columns are the cleaners whose results stand in a record of WebMainBench:
// beside their NAME_content is a NAME_success or a NAME_time.
func columns(kinds map[string]jsontext.Kind) []string {
	var out []string
	for field := range maps.Keys(kinds) {
		name, ok := strings.CutSuffix(field, "_content")
		if !ok {
			continue
		}
		_, success := kinds[name+"_success"]
		_, time := kinds[name+"_time"]
		if success || time {
			out = append(out, name)
		}
	}
	slices.Sort(out)

	return out
}

// webMainBench reads a line of WebMainBench. Without a column it is gold.
func webMainBench(in input) (item, error) {
	var it item
	var track, converted, html string
	var gold *string
	seen := false
	failed := false
	err := fields(in.raw, func(name string, v jsontext.Value) (err error) {
		if column, ok := strings.CutPrefix(name, in.column); ok && in.column != "" {
			switch column {
			case "_content":
				seen = true
				if v.Kind() != 'n' {
					it.text, err = in.cleaned(name, v)
				}
				return err
			case "_success":
				seen = true
				failed = v.Kind() == 'f'
				return nil
			case "_time":
				var s float64
				s, err = number(name, v)
				it.millis = milliseconds(1000 * s)
				return err
			}
		}
		switch name {
		case "id":
			it.ID, err = idOf(v)
		case "track_id":
			track, err = str(name, v)
		case "url":
			it.URL, err = str(name, v)
		case "file":
			it.Name, err = str(name, v)
		case "groundtruth_content":
			if v.Kind() != 'n' && in.column == "" {
				gold, err = in.cleaned(name, v)
			}
		case "convert_main_content":
			if in.column == "" {
				converted, err = str(name, v)
			}
		case "html":
			if in.column == "" {
				html, err = str(name, v)
			}
		case "meta":
			if v.Kind() == '{' {
				it.meta = string(v)
			}
		}
		return err
	})
	if err != nil {
		return it, err
	}
	if it.ID = cmp.Or(it.ID, track, it.URL, it.Name); it.ID == "" {
		return it, errors.New("the record has neither id nor url, nor track_id")
	}

	if in.column == "" {
		return it, it.goldOfWebMainBench(gold, converted, html)
	}
	it.cleaner.Name = in.column
	switch {
	case !seen:
		it.status = score.Missing
	case failed || it.text == nil:
		it.status, it.text = score.Failed, nil
	default:
		it.status = score.OK
	}

	return it, nil
}

// goldOfWebMainBench takes the text that people made, else what was made of the
// page by their marks, else the page with its marks.
func (it *item) goldOfWebMainBench(gold *string, converted, html string) error {
	it.status = score.OK
	switch {
	case gold != nil:
		it.text = gold
	case converted != "":
		it.text = &converted
	case labels["cc-select"].MatchString(html):
		marked, err := labelledPage("cc-select")(input{raw: []byte(html)})
		if err != nil {
			return err
		}
		it.text, it.blocks, it.cut, it.own = marked.text, marked.blocks, true, true
	}

	return nil
}

// column is whose results are taken from a file.
func (s *source) column(o Options) (string, error) {
	kinds := map[string]jsontext.Kind{}
	for _, m := range s.members(1 << 10) {
		kinds[m.name] = m.kind
	}
	all := columns(kinds)
	switch {
	case slices.Contains(all, o.Column):
		return o.Column, nil
	case len(all) == 0:
		return "", problem(s.path, 1, "no results of a cleaner are in it, as NAME_content with NAME_success or NAME_time would be")
	case o.Column != "":
		return "", problem(s.path, 1, "it has no results of %q; there are those of %s", o.Column, quoted(all))
	case len(all) > 1:
		return "", problem(s.path, 1, "it has results of several cleaners; take the column %s", quoted(all))
	}

	return all[0], nil
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	if len(out) == 1 {
		return out[0]
	}

	return fmt.Sprintf("%s or %s", strings.Join(out[:len(out)-1], ", "), out[len(out)-1])
}
