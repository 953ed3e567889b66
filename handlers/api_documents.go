package handlers

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
)

// documentRow is a document in the list of them.
type documentRow struct {
	ID       corpus.DocumentID `json:"id"`
	Key      string            `json:"key"` // the "id" of the native record
	Version  int               `json:"version"`
	Name     string            `json:"name"`
	URL      string            `json:"url,omitempty"`
	Site     string            `json:"site,omitempty"`
	Language string            `json:"language,omitempty"`
	State    corpus.State      `json:"state"`
	Meta     json.RawMessage   `json:"meta"`
	SHA256   string            `json:"sha256"`
	Blocks   int               `json:"blocks"`
}

func rowAsJSON(r corpus.DocumentRow) documentRow {
	return documentRow{r.ID, r.Key, r.Version, r.Name, r.URL, r.Site, r.Language, r.State, metaAsJSON(r.Meta), r.SHA256, r.Blocks}
}

func metaAsJSON(meta string) json.RawMessage {
	if strings.TrimSpace(meta) == "" {
		return json.RawMessage("{}")
	}

	return json.RawMessage(meta)
}

// Documents in one answer of the API.
const (
	usualDocuments = 100
	mostDocuments  = 1000
)

// A cursor says where the next page begins. It is no number, so that nobody
// counts with it.
const cursorPrefix = "document:"

func cursorAfter(id corpus.DocumentID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorPrefix + strconv.FormatInt(int64(id), 10)))
}

// after is the document that a cursor stands behind, 0 without one.
func (q *query) after() corpus.DocumentID {
	cursor := q.text("after")
	if cursor == "" {
		return 0
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	number, ok := strings.CutPrefix(string(b), cursorPrefix)
	id, bad := strconv.ParseInt(number, 10, 64)
	if err != nil || !ok || bad != nil || id <= 0 {
		q.fail("after", "%q is no cursor of this list; take it from next of the page before", cursor)
	}

	return corpus.DocumentID(id)
}

// apiDocuments is one page of a project's documents, by id.
func (h *handlers) apiDocuments(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	q := asks(c, "q", "site", "language", "state", "after", "limit")
	f := corpus.DocumentFilter{Project: p.ID, Query: q.text("q"), Site: q.text("site"), Language: q.text("language"), After: q.after(), Limit: int(q.number("limit", usualDocuments, 1, mostDocuments))}
	for _, s := range q.values["state"] {
		if !slices.Contains(corpus.States, corpus.State(s)) {
			q.fail("state", "there is no state %q", s)
		}
		f.States = append(f.States, corpus.State(s))
	}
	if q.err != nil {
		return q.err
	}

	list, err := h.store.Documents(c.Request().Context(), f)
	if err != nil {
		return err
	}

	out := struct {
		Documents []documentRow `json:"documents"`
		Next      string        `json:"next,omitempty"`
	}{Documents: []documentRow{}}
	for _, r := range list.Rows {
		out.Documents = append(out.Documents, rowAsJSON(r))
	}
	if list.Next != 0 {
		out.Next = cursorAfter(list.Next)
		linkNext(c, "after", out.Next)
	}

	return c.JSON(http.StatusOK, out)
}

// linkNext names in a header (RFC 8288) what to ask for after this: the same
// with another value of one parameter.
func linkNext(c echo.Context, param, value string) {
	u := *c.Request().URL
	values := u.Query()
	values.Set(param, value)
	u.RawQuery = values.Encode()
	c.Response().Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, u.RequestURI()))
}

// documentBy is a document of a project by its key, or by its number where no
// key is so: the key is the name that it has outside.
func (h *handlers) documentBy(c echo.Context, p corpus.ProjectID, name string) (corpus.DocumentID, error) {
	ctx := c.Request().Context()
	id, err := h.store.DocumentKeyed(ctx, p, name)
	n, bad := strconv.ParseInt(name, 10, 64)
	if !errors.Is(err, corpus.ErrNotFound) || bad != nil {
		return id, err
	}
	of, err := h.store.ProjectOf(ctx, corpus.DocumentID(n))
	if err == nil && of != p {
		err = corpus.ErrNotFound
	}

	return corpus.DocumentID(n), err
}

// blockJSON is a block as it was cut.
type blockJSON struct {
	Start   int     `json:"start"`
	End     int     `json:"end"`
	Path    string  `json:"path,omitempty"`
	Links   float64 `json:"links,omitempty"` // share of its letters that stand in links
	Heading int     `json:"heading,omitempty"`
	Hidden  bool    `json:"hidden,omitempty"`
}

// goldJSON is gold in the terms of the native record.
type goldJSON struct {
	ID         corpus.GoldID `json:"id"`
	Version    int           `json:"version"`
	Basis      corpus.Basis  `json:"basis"`
	Annotators []string      `json:"annotators"`
	Blocks     []goldPiece   `json:"blocks"`
	Spans      []goldSpan    `json:"spans"`
}

type goldPiece struct {
	Start  int          `json:"start"`
	End    int          `json:"end"`
	Class  corpus.Class `json:"class"`
	Reason string       `json:"reason,omitempty"`
}

type goldSpan struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Label string `json:"label"`
	Quote string `json:"quote"`
}

func goldAsJSON(g corpus.Gold, labels corpus.LabelSet) *goldJSON {
	names := labels.Names()
	out := &goldJSON{ID: g.ID, Version: g.Version, Basis: g.Basis, Annotators: append([]string{}, g.Annotators...), Blocks: []goldPiece{}, Spans: []goldSpan{}}
	for _, p := range g.Pieces {
		out.Blocks = append(out.Blocks, goldPiece{p.Start, p.End, p.Class, p.Reason})
	}
	for _, s := range g.Spans {
		out.Spans = append(out.Spans, goldSpan{s.Start, s.End, names[s.Label], s.Quote})
	}

	return out
}

// apiDocument is a document with its text and blocks, and its gold where it is
// in that state.
func (h *handlers) apiDocument(c echo.Context) error {
	p, err := h.apiProject(c)
	if err != nil {
		return err
	}
	if q := asks(c); q.err != nil {
		return q.err
	}
	id, err := h.documentBy(c, p.ID, named(c, "document"))
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	d, err := h.store.Document(ctx, id)
	if err != nil {
		return err
	}
	row, err := h.store.Documents(ctx, corpus.DocumentFilter{Project: p.ID, States: corpus.States, After: id - 1, Limit: 1})
	if err != nil {
		return err
	}
	if len(row.Rows) == 0 || row.Rows[0].ID != id {
		return corpus.ErrNotFound
	}

	out := struct {
		documentRow
		Blocks    []blockJSON `json:"blocks"`
		Text      string      `json:"text"`
		MediaType string      `json:"mediaType"`
		Segmenter string      `json:"segmenter"`
		Gold      *goldJSON   `json:"gold,omitempty"`
	}{documentRow: rowAsJSON(row.Rows[0]), Blocks: []blockJSON{}, Text: d.Text, MediaType: d.MediaType, Segmenter: d.Segmenter}
	for _, b := range d.Blocks {
		out.Blocks = append(out.Blocks, blockJSON{b.Start, b.End, b.Path, b.LinkDensity, b.Heading, b.Hidden})
	}
	if out.State == corpus.Golden {
		gold, err := h.store.CurrentGold(ctx, id)
		if err != nil {
			return err
		}
		out.Gold = goldAsJSON(gold, p.Labels)
	}

	return c.JSON(http.StatusOK, out)
}
