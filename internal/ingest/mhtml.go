package ingest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// mhtml reads a page that a browser saved with what belongs to it (RFC 2557).
// The document is the root; pictures and styles that stand beside it go into
// its source, so that they are there when it is shown.
func (f *finder) mhtml(in file, b *bufio.Reader) bool {
	limit := f.l.archive()
	raw, err := io.ReadAll(io.LimitReader(b, limit+1))
	switch {
	case err != nil:
		return f.broken(in, 0, err)
	case int64(len(raw)) > limit:
		return f.refuse(in.shown, 0, fmt.Sprintf("it is larger than %s, which is the limit for a page with its pictures", size(limit)))
	}
	p, err := mhtmlPage(raw, f.l.Document)
	if err != nil {
		return f.refuse(in.shown, 0, err.Error())
	}
	p.File, p.ID = in.shown, in.id

	return f.record(in, p)
}

// archive bounds one page with its pictures.
func (l Limits) archive() int64 { return 4 * l.Document }

// maxParts bounds what belongs to one page.
const maxParts = 10_000

// part is one resource of a saved page.
type part struct {
	id, location string
	media        string
	charset      string
	raw          []byte
}

// mhtmlPage is the page of an archive with what belongs to it, at most limit
// bytes. Errors are for people.
func mhtmlPage(raw []byte, limit int64) (Page, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return Page{}, errors.New("this is not MHTML: it does not begin with the header of a message")
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return Page{}, errors.New("this is not MHTML: its header has no Content-Type that can be read")
	}

	var parts []part
	if strings.HasPrefix(media, "multipart/") {
		parts, err = mhtmlParts(multipart.NewReader(m.Body, params["boundary"]))
	} else { // a page without pictures
		var one part
		one, err = readPart(textproto.MIMEHeader(m.Header), m.Body)
		parts = []part{one}
	}
	if err != nil {
		return Page{}, err
	}
	root := rootOf(parts, params["start"])
	switch {
	case root == nil:
		return Page{}, errors.New("there is no page in it, a part of type text/html")
	case int64(len(root.raw)) > limit:
		return Page{}, fmt.Errorf("its page is larger than %s, which is the limit for one document", size(limit))
	case blank(root.raw):
		return Page{}, errors.New("there is nothing but white space in its page")
	}

	address := m.Header.Get("Snapshot-Content-Location")
	if address == "" {
		address = root.location
	}
	page := Page{URL: webAddress(address), MediaType: "text/html", Charset: root.charset, Meta: savedMeta(m.Header)}
	page.Raw = embed(root.raw, limit, beside(parts, root))

	return page, nil
}

// mhtmlParts reads the parts. Of one that is cut off, and what stands behind,
// nothing is taken; the page comes first.
func mhtmlParts(r *multipart.Reader) (parts []part, err error) {
	for len(parts) < maxParts {
		p, err := r.NextRawPart()
		if err == nil {
			var one part
			if one, err = readPart(p.Header, p); err == nil {
				parts = append(parts, one)
				continue
			}
		}
		if err == io.EOF || len(parts) > 0 {
			return parts, nil
		}
		return nil, errors.New("its parts cannot be read: " + oneLine(err.Error(), 200))
	}

	return nil, fmt.Errorf("it has more than %d parts, which is the limit", maxParts)
}

func readPart(h textproto.MIMEHeader, body io.Reader) (part, error) {
	p := part{id: bare(h.Get("Content-Id")), location: h.Get("Content-Location")}
	media, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err == nil {
		p.media, p.charset = media, params["charset"]
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	p.raw, err = io.ReadAll(body)

	return p, err
}

// rootOf is the part that start names, else the first page; nil where there is
// none.
func rootOf(parts []part, start string) *part {
	isPage := func(p part) bool { return p.media == "text/html" || p.media == "application/xhtml+xml" }
	if start = bare(start); start != "" {
		if i := slices.IndexFunc(parts, func(p part) bool { return p.id == start && isPage(p) }); i >= 0 {
			return &parts[i]
		}
	}
	if i := slices.IndexFunc(parts, isPage); i >= 0 {
		return &parts[i]
	}

	return nil
}

// beside finds what a page refers to among the parts beside it: by content id,
// or by address as it stands there or from where the page is.
func beside(parts []part, root *part) resources {
	known := map[string]*part{}
	for i := range parts {
		p := &parts[i]
		for _, name := range []string{"cid:" + p.id, p.location} {
			if name != "cid:" && name != "" && known[name] == nil && p != root {
				known[name] = p
			}
		}
	}
	base, _ := url.Parse(root.location)

	return func(ref string) (media string, raw []byte) {
		p := known[ref]
		if u, err := url.Parse(ref); p == nil && err == nil && base != nil {
			u = base.ResolveReference(u)
			u.Fragment = ""
			p = known[u.String()]
		}
		if p == nil {
			return "", nil
		}
		return p.media, p.raw
	}
}

// webAddress is an address of the web, "" for one of a disk.
func webAddress(s string) string {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return s
	}
	return ""
}

// savedMeta is what the header says of the saving.
func savedMeta(h mail.Header) string {
	meta := struct {
		Saved string `json:"saved,omitempty"`
		Title string `json:"title,omitempty"`
	}{}
	if t, err := h.Date(); err == nil {
		meta.Saved = t.UTC().Format("2006-01-02T15:04:05Z")
	}
	if s, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject")); err == nil {
		meta.Title = oneLine(s, maxName)
	}
	b, _ := json.Marshal(meta) // strings

	return string(b)
}
