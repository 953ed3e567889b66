package ingest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"mime"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// resources finds what a page refers to; raw is nil for what is not there.
type resources func(ref string) (media string, raw []byte)

// What one picture or style may add to the source of a page.
const maxEmbedded = 1 << 20

// embed puts pictures and styles into the page that refers to them, as data:
// addresses, as far as the whole stays within limit bytes. Everything else of
// the page stays byte for byte. A page in which markup is not written in ASCII
// bytes stays as it is.
func embed(page []byte, limit int64, find resources) []byte {
	if e, name := byteOrder(page); e != nil && name != "utf-8" {
		return page
	}
	var out bytes.Buffer
	out.Grow(len(page))
	room := limit - int64(len(page))
	for t := html.NewTokenizer(bytes.NewReader(page)); ; {
		kind := t.Next()
		raw := t.Raw()
		if kind == html.ErrorToken {
			out.Write(raw)
			return out.Bytes()
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			out.Write(raw)
			continue
		}

		as := bytes.Clone(raw) // the token takes the buffer
		token := t.Token()
		changed := false
		for i, a := range token.Attr {
			if !refers(token, a) {
				continue
			}
			if address := dataAddress(a.Val, find); address != "" && int64(len(address)) <= room {
				room -= int64(len(address))
				token.Attr[i].Val, changed = address, true
			}
		}
		if !changed {
			out.Write(as)
			continue
		}
		out.WriteString(token.String())
	}
}

// refers reports whether an attribute names a picture or a style.
func refers(t html.Token, a html.Attribute) bool {
	switch {
	case a.Namespace != "":
		return false
	case t.Data == "img" || t.Data == "input":
		return a.Key == "src"
	case t.Data == "video":
		return a.Key == "poster"
	case t.Data == "link" && a.Key == "href":
		return slices.ContainsFunc(t.Attr, func(b html.Attribute) bool {
			return b.Key == "rel" && slices.Contains(strings.Fields(strings.ToLower(b.Val)), "stylesheet")
		})
	}
	return false
}

// embeddable are the types that an address may be replaced by: what can be
// shown without being run.
var embeddable = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon", "text/css"}

// pictureType tells a picture by its first bytes, "" for what is none of those
// that can be embedded.
func pictureType(raw []byte) string {
	for magic, media := range map[string]string{"\x89PNG\r\n": "image/png", "\xff\xd8\xff": "image/jpeg", "GIF8": "image/gif"} {
		if bytes.HasPrefix(raw, []byte(magic)) {
			return media
		}
	}
	if len(raw) > 12 && string(raw[:4]) == "RIFF" && string(raw[8:12]) == "WEBP" {
		return "image/webp"
	}
	return ""
}

func dataAddress(ref string, find resources) string {
	ref = strings.TrimSpace(ref)
	if ref == "" || strings.HasPrefix(ref, "data:") {
		return ""
	}
	media, raw := find(ref)
	if len(raw) == 0 || len(raw) > maxEmbedded {
		return ""
	}
	if media == "" {
		media = pictureType(raw)
	}
	if !slices.Contains(embeddable, media) {
		return ""
	}

	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(raw)
}

// assetFolders are the endings of the folder that browsers put beside a page
// that they save as complete: of Chrome and Firefox, Safari, and of Internet
// Explorer in the larger languages.
var assetFolders = []string{"_files", ".files", "-Dateien", "_fichiers", "_archivos", "_arquivos", "-filer", "_bestanden", "_pliki", "_soubory", "_dosyalar"}

// assetOf is the saved page of the tree that a file belongs to, "" for a file
// that stands for itself.
func (t *tree) assetOf(name string) string {
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		for _, ending := range assetFolders {
			stem, ok := strings.CutSuffix(dir, ending)
			if !ok || stem == "" || strings.HasSuffix(stem, "/") {
				continue
			}
			for _, ext := range []string{".html", ".htm", ".xhtml", ".mhtml", ".mht"} {
				if page := t.known[stem+ext]; page != "" {
					return page
				}
			}
		}
	}
	return ""
}

// htmlPage reads a file that is a page, with what a browser saved in a folder
// beside it.
func (f *finder) htmlPage(in file, b *bufio.Reader) bool {
	if f.tree != nil && f.tree.saved[in.at] && in.pair == nil {
		in.pair = func(p *Page) error {
			f.savedPage(p, in.at)
			return nil
		}
	}
	return f.whole(in, b, "text/html")
}

func (f *finder) savedPage(p *Page, at string) {
	t, dir := f.tree, path.Dir(at)
	p.Raw = embed(p.Raw, f.l.Document, func(ref string) (string, []byte) {
		u, err := url.Parse(ref)
		if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
			return "", nil
		}
		name := path.Join(dir, u.Path)
		if !t.assets[name] {
			return "", nil
		}
		raw, err := f.besideIt(name)
		if err != nil {
			return "", nil // a picture that is missing is no reason to refuse a page
		}
		media, _, _ := mime.ParseMediaType(mime.TypeByExtension(path.Ext(name)))

		return media, raw
	})
}

// savedFrom finds the address that a page was saved from: Internet Explorer and
// Chrome write a comment, SingleFile another.
var savedFrom = regexp.MustCompile(`<!-- saved from url=\(\d{1,6}\)(\S{1,1000}) -->|(?s:<!--\s*Page saved with SingleFile\s*url:\s*(\S{1,1000}))`)

func savedAddress(raw []byte) string {
	m := savedFrom.FindSubmatch(raw[:min(len(raw), 4<<10)])
	if m == nil {
		return ""
	}
	return webAddress(string(append(m[1], m[2]...)))
}
