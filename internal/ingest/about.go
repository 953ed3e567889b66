package ingest

import (
	"cmp"
	"html"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"annotate/internal/segment"
)

// about is what a page says about itself, as far as it can be believed: each
// field is "" where the page says nothing, or nothing that has the right form.
//
// It is read here and not by a library: the cleaners that read metadata
// (trafilatura, readability) do so inside a whole extraction, which takes 10 to
// 17 ms a page, and they guess dates and names from the visible text. What is
// filtered and sliced by is better unknown than guessed.
type about struct {
	title     string
	published string // a day, as in 2026-11-25, in the page's own time zone
	author    string // several are parted by ", "
	sitename  string
	canonical string // an absolute address of http or https
	language  string
}

// Bounds of what is kept, in code points; an address in bytes.
const (
	maxTitle   = 300
	maxPeople  = 200
	maxSite    = 100
	maxAddress = 2000
	maxAuthors = 10
)

// tellsOf reads what a page says about itself. JSON-LD comes first, because it
// is written for programs, then meta elements in the order of how strictly they
// are used. base is the page's address, "" where it is not known.
func tellsOf(info segment.Info, base string) about {
	d := linked(info.Data)
	// said are the values of the first name that the page uses, at least one.
	said := func(names ...string) []string {
		for _, name := range names {
			var all []string
			for _, p := range info.Said {
				if p.Name == name {
					all = append(all, p.Content)
				}
			}
			if len(all) > 0 {
				return all
			}
		}
		return []string{""}
	}

	a := about{
		sitename: line(maxSite, append(said("og:site_name"), d.sitename, said("application-name", "apple-mobile-web-app-title")[0])...),
		language: cmp.Or(tag(info.Language), tag(said("og:locale")[0]), tag(d.language), tag(said("language", "dc.language", "inlanguage")[0])),
	}
	a.title = line(maxTitle, append(said("og:title"), d.title, said("citation_title", "dc.title", "twitter:title")[0], info.Title)...)
	a.title = withoutSite(a.title, a.sitename)
	a.author = people(d.authors, said("citation_author", "author", "article:author", "parsely-author", "dc.creator", "sailthru.author", "byl"), said("item:author")[:1])
	for _, when := range append([]string{d.published}, said("article:published_time", "og:published_time", "datepublished", "parsely-pub-date", "citation_publication_date",
		"citation_date", "dc.date.issued", "dc.date", "dcterms.created", "sailthru.date", "publish-date", "pubdate", "publish_date", "date", "item:datepublished")...) {
		a.published = cmp.Or(a.published, day(when))
	}
	if a.published == "" {
		a.published = only(said("time"))
	}
	for _, address := range append([]string{info.Canonical}, said("og:url")...) {
		a.canonical = cmp.Or(a.canonical, absolute(address, base))
	}

	return a
}

// into adds to metadata, a JSON object, what it does not hold yet. The language
// is not among it, because a document has one of its own.
func (a about) into(meta string) (string, error) {
	if a == (about{language: a.language}) {
		return meta, nil
	}
	var more members
	taken, err := fields(meta)
	if err != nil {
		return meta, err
	}
	for _, f := range []struct{ name, value string }{
		{"title", a.title}, {"published", a.published}, {"author", a.author}, {"sitename", a.sitename}, {"canonical", a.canonical},
	} {
		if _, there := taken[f.name]; f.value != "" && !there {
			more.addString(f.name, f.value)
		}
	}

	return more.merge(meta)
}

// line is the first of the texts that says something, in one line.
func line(n int, texts ...string) string {
	for _, t := range texts {
		if t = oneLine(html.UnescapeString(t), n); t != "" {
			return t
		}
	}
	return ""
}

// withoutSite takes the site's name off a title, where a mark parts the two.
func withoutSite(title, site string) string {
	for _, mark := range []string{" | ", " - ", " – ", " — ", " • ", " :: ", " · "} {
		if rest, ok := strings.CutSuffix(title, mark+site); ok && site != "" && rest != "" {
			return rest
		}
	}
	return title
}

// people are names without "By" and without addresses, each once.
func people(lists ...[]string) string {
	for _, list := range lists {
		var names []string
		for _, name := range list {
			name = line(maxPeople, name)
			if len(name) > 3 && strings.EqualFold(name[:3], "by ") {
				name = name[3:]
			}
			if name != "" && !strings.Contains(name, "://") && name[0] != '@' && !slices.Contains(names, name) && len(names) < maxAuthors {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			return oneLine(strings.Join(names, ", "), maxPeople)
		}
	}
	return ""
}

// only is the day that all of the dates name, "" where they name several: times
// on a page may be those of its comments, or of other pages.
func only(times []string) (one string) {
	for _, t := range times {
		d := day(t)
		if d == "" || one != "" && d != one {
			return ""
		}
		one = d
	}
	return one
}

var dayForms = []string{"2006-1-2", "2006/1/2", "20060102", "2006 Jan 2", "January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "Mon, 2 Jan 2006", "Mon Jan 2 2006"}

// day is the day that a date names. Forms in which day and month cannot be told
// apart, such as 03/04/2026, name none.
func day(when string) string {
	when = strings.TrimSpace(when)
	for _, form := range dayForms {
		for _, part := range []string{when, before(when, 'T'), before(when, ' '), firstWords(when, 4), firstWords(when, 3)} {
			t, err := time.Parse(form, part)
			if err == nil && t.Year() >= 1900 && t.Year() < 2200 {
				return t.Format(time.DateOnly)
			}
		}
	}
	return ""
}

func before(s string, mark byte) string {
	if i := strings.IndexByte(s, mark); i >= 0 {
		return s[:i]
	}
	return s
}

func firstWords(s string, n int) string {
	words := strings.Fields(s[:min(len(s), 64)])
	return strings.Join(words[:min(len(words), n)], " ")
}

// absolute is an address on the web as it stands or as seen from base, else "".
func absolute(address, base string) string {
	if address == "" || len(address) > maxAddress {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if b, err := url.Parse(base); err == nil && base != "" {
		u = b.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return ""
	}

	return u.String()
}

// linkedData is what JSON-LD says of the page.
type linkedData struct {
	title, published, sitename, language string
	authors                              []string
}

// Bounds of how JSON-LD is walked: it may be large, deep and hostile.
const (
	maxThings = 500
	maxLevels = 6
)

type thing = map[string]any

// linked reads JSON-LD: the thing that is an article tells, else a page, else
// anything with a date. What is not JSON is not said.
func linked(data []string) linkedData {
	var things []thing
	for _, s := range data {
		var v any
		if json.Unmarshal([]byte(s), &v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) == nil {
			things = gather(things, v, 0)
		}
	}
	named := map[string]thing{}
	for _, t := range things {
		if id, _ := t["@id"].(string); id != "" && (t["name"] != nil || named[id] == nil) {
			named[id] = t
		}
	}

	var d linkedData
	for _, kinds := range [][]string{{"Article", "Posting", "Report", "Review", "Recipe", "Book", "Product", "Event"}, {"Page"}} {
		for _, t := range things {
			if !is(t, kinds) {
				continue
			}
			d.title = cmp.Or(d.title, str1(t["headline"]))
			if d.title == "" {
				d.title = str1(t["name"])
			}
			d.published = cmp.Or(d.published, day(str1(t["datePublished"])))
			d.language = cmp.Or(d.language, str1(t["inLanguage"]))
			if d.authors == nil {
				d.authors = names(t["author"], named)
			}
			if publisher := names(t["publisher"], named); len(publisher) > 0 {
				d.sitename = cmp.Or(d.sitename, publisher[0])
			}
		}
	}
	for _, t := range things {
		if is(t, []string{"WebSite"}) && str1(t["name"]) != "" {
			d.sitename = str1(t["name"])
			break
		}
	}

	return d
}

// gather collects the things of a value that concern the page itself: those of
// lists and graphs, and the main one of a page.
func gather(out []thing, v any, level int) []thing {
	if level > maxLevels || len(out) >= maxThings {
		return out
	}
	switch v := v.(type) {
	case []any:
		for _, w := range v {
			out = gather(out, w, level+1)
		}
	case thing:
		out = append(out, v)
		for _, name := range []string{"@graph", "mainEntity", "mainEntityOfPage"} {
			out = gather(out, v[name], level+1)
		}
	}

	return out
}

// is reports whether the type of a thing ends with one of the kinds, as that of
// a NewsArticle ends with Article.
func is(t thing, kinds []string) bool {
	types, list := t["@type"].([]any)
	if !list {
		types = []any{t["@type"]}
	}
	for _, v := range types {
		s, _ := v.(string)
		for _, k := range kinds {
			if strings.HasSuffix(s, k) {
				return true
			}
		}
	}

	return false
}

// names are those of a person or an organisation, of several, or of one that is
// named elsewhere.
func names(v any, known map[string]thing) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, w := range v[:min(len(v), maxAuthors)] {
			if _, list := w.([]any); !list {
				all = append(all, names(w, known)...)
			}
		}
		return all
	case thing:
		id, _ := v["@id"].(string)
		if name := cmp.Or(str1(v["name"]), str1(known[id]["name"])); name != "" {
			return []string{name}
		}
	}

	return nil
}

// str1 is a value that is a string, or the first of a list of them.
func str1(v any) string {
	if list, ok := v.([]any); ok && len(list) > 0 {
		v = list[0]
	}
	s, _ := v.(string)

	return s
}
