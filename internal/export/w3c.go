package export

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// W3C is the Web Annotation Data Model: a collection, a page of annotations for
// each document, and its text. Positions are of that text, so it is the source,
// under the name that its hash gives it (RFC 6920); the web page is the scope.
var W3C = Format{
	Name:      "w3c",
	Ext:       "jsonld",
	MediaType: `application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"`,
	About:     "W3C Web Annotation (JSON-LD): a collection with a page for each document, the text beside it. Spans are tags, classes of blocks classify; each is found by quote and by position.",
	Unit:      "code points",
	twice:     true,
	folder: func(ctx context.Context, out Folder, d Dataset) error {
		for _, split := range d.Splits {
			if err := writeCollection(ctx, out, d, split); err != nil {
				return err
			}
		}
		return nil
	},
}

// writeCollection names the next page in each, so that a page is written when
// the document behind it is there.
func writeCollection(ctx context.Context, out Folder, d Dataset, split string) error {
	files, total := fileNames{}, 0
	var previous, first string
	var waiting corpus.Gold
	page := func(name, next string) error {
		b := appendPage(nil, waiting, d.names, total, name, next)
		total += len(waiting.Spans) + len(waiting.Pieces)
		return create(out, path.Join(split, "pages", name+".jsonld"), b)
	}
	for g, err := range d.Gold(split) {
		if err != nil {
			return err
		}
		name := files.of(g.Document.Key())
		if first == "" {
			first = name
		} else if err := page(previous, name); err != nil {
			return err
		}
		if err := create(out, path.Join(split, "texts", name+".txt"), []byte(g.Document.Text)); err != nil {
			return err
		}
		previous, waiting = name, g
		if err := context.Cause(ctx); err != nil {
			return err
		}
	}
	if first != "" {
		if err := page(previous, ""); err != nil {
			return err
		}
	}

	b := append([]byte(nil), `{"@context":"http://www.w3.org/ns/anno.jsonld","id":"collection.jsonld","type":"AnnotationCollection","label":`...)
	b = appendString(b, d.Name)
	b = fmt.Appendf(b, `,"total":%d`, total)
	if first != "" {
		b = fmt.Appendf(b, `,"first":"pages/%s.jsonld","last":"pages/%s.jsonld"`, first, previous)
	}

	return create(out, path.Join(split, "collection.jsonld"), append(b, "}\n"...))
}

// appendPage writes the annotations of a document, of which before stand on
// earlier pages.
func appendPage(b []byte, g corpus.Gold, n names, before int, name, next string) []byte {
	b = fmt.Appendf(b, `{"@context":"http://www.w3.org/ns/anno.jsonld","id":"%s.jsonld","type":"AnnotationPage","partOf":"../collection.jsonld","startIndex":%d`, name, before)
	if next != "" {
		b = fmt.Appendf(b, `,"next":"%s.jsonld"`, next)
	}
	b = append(b, `,"items":[`...)

	x := text.NewIndex(g.Document.Text)
	for i, p := range g.Pieces {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '\n')
		b = appendAnnotation(b, g, x, "classifying", p.Range, string(p.Class), p.Reason)
	}
	for i, s := range g.Spans {
		if i+len(g.Pieces) > 0 {
			b = append(b, ',')
		}
		b = append(b, '\n')
		b = appendAnnotation(b, g, x, "tagging", s.Range, n.labels[s.Label], "")
	}

	return append(b, "\n]}\n"...)
}

// quoteContext is how many code points a quote has before and after it.
const quoteContext = 32

// appendAnnotation writes one annotation. Its reason, if any, is a second body.
func appendAnnotation(b []byte, g corpus.Gold, x *text.Index, motivation string, r text.Range, value, reason string) []byte {
	d := g.Document
	b = fmt.Appendf(b, `{"id":"urn:uuid:%s","type":"Annotation","motivation":%q`, annotationID(d, motivation, r, value), motivation)
	if !g.At.IsZero() {
		b = append(b, `,"created":`...)
		b = appendString(b, g.At.UTC().Format(time.RFC3339))
	}
	b = append(b, `,"creator":[`...)
	for i, name := range g.Annotators {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"type":"Person","nickname":`...)
		b = append(appendString(b, name), '}')
	}
	b = append(b, `],"body":[`...)
	b = appendTextBody(b, motivation, value)
	if reason != "" {
		b = append(b, ',')
		b = appendTextBody(b, "describing", reason)
	}

	sum, _ := hex.DecodeString(d.SHA256) // checked on the way out
	b = append(b, `],"target":{"type":"SpecificResource","source":{"id":"ni:///sha-256;`...)
	b = base64.RawURLEncoding.AppendEncode(b, sum)
	b = append(b, `","type":"Text","format":"text/plain"`...)
	if d.Language != "" {
		b = append(b, `,"language":`...)
		b = appendString(b, d.Language)
	}
	b = append(b, '}')
	if d.URL != "" {
		b = append(b, `,"scope":`...)
		b = appendString(b, d.URL)
	}
	b = append(b, `,"selector":[{"type":"TextQuoteSelector","exact":`...)
	b = appendString(b, x.Slice(r))
	b = append(b, `,"prefix":`...)
	b = appendString(b, x.Slice(text.Range{Start: max(0, r.Start-quoteContext), End: r.Start}))
	b = append(b, `,"suffix":`...)
	b = appendString(b, x.Slice(text.Range{Start: r.End, End: min(x.Len(), r.End+quoteContext)}))

	return fmt.Appendf(b, `},{"type":"TextPositionSelector","start":%d,"end":%d}]}}`, r.Start, r.End)
}

func appendTextBody(b []byte, purpose, value string) []byte {
	b = fmt.Appendf(b, `{"type":"TextualBody","purpose":%q,"format":"text/plain","value":`, purpose)
	return append(appendString(b, value), '}')
}

// annotationID is a UUID of version 8 (RFC 9562) made of what is annotated, so
// that the same annotation has the same name in each export.
func annotationID(d corpus.Document, motivation string, r text.Range, value string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d\x00%d\x00%s", d.Key(), d.SHA256, motivation, r.Start, r.End, value))
	u := sum[:16]
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80

	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
