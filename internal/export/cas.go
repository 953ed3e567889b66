package export

import (
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// XMI and JSONCAS are a UIMA CAS for each document, which INCEpTION, DKPro and
// cassis read. They hold the whole text, the body and the boilerplate: each
// block is a sentence and carries its class, spans are named entities.
var (
	XMI = Format{
		Name:      "xmi",
		Ext:       "xmi",
		MediaType: "application/vnd.xmi+xml",
		About:     "UIMA CAS XMI 1.0 with its type system, a file for each document: the whole text, sentences, tokens, named entities, and the class of each block (type annotate.Block).",
		Unit:      "UTF-16 units",
		folder:    writeXMI,
		loses: func(g corpus.Gold, _ names, lost func(Loss)) {
			if n := notXML(g.Document.Text); n > 0 {
				lost(Loss{Kind: LossCharacter, Detail: fmt.Sprintf("%d that XML does not have, each written as U+FFFD", n)})
			}
		},
	}
	JSONCAS = Format{
		Name:      "jsoncas",
		Ext:       "json",
		MediaType: "application/json",
		About:     "UIMA CAS JSON 0.4, a file for each document, with the same as xmi; it has every character.",
		Unit:      "UTF-16 units",
		folder: func(ctx context.Context, out Folder, d Dataset) error {
			return writeCAS(ctx, out, d, "json", jsonCAS)
		},
	}
)

func writeXMI(ctx context.Context, out Folder, d Dataset) error {
	if err := create(out, "TypeSystem.xml", []byte(typeSystemXML())); err != nil {
		return err
	}

	return writeCAS(ctx, out, d, "xmi", xmiCAS)
}

func writeCAS(ctx context.Context, out Folder, d Dataset, ext string, encode func(b []byte, c cas) []byte) error {
	for _, split := range d.Splits {
		err := d.perDocument(ctx, out, split, func(g corpus.Gold) ([]content, error) {
			return []content{{"", ext, encode(nil, casOf(g, d.names))}}, nil
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// cas is the text of a document and the feature structures over it. The text is
// number 1, they are the numbers from 2 on.
type cas struct {
	text       string
	structures []structure
}

type structure struct {
	of         casType
	begin, end int // UTF-16 units
	values     []string
}

// casType is a type of the type system, with features that are strings.
type casType struct {
	pack, name, super string
	features          []string
	about             string
}

const dkpro = "de.tudarmstadt.ukp.dkpro.core.api."

var (
	metadataType = casType{dkpro + "metadata.type", "DocumentMetaData", "uima.tcas.DocumentAnnotation", []string{"documentTitle", "documentId", "documentUri"}, "What is known of the document."}
	sentenceType = casType{dkpro + "segmentation.type", "Sentence", annotationType, nil, "A block."}
	tokenType    = casType{dkpro + "segmentation.type", "Token", annotationType, nil, "A word or a mark."}
	entityType   = casType{dkpro + "ner.type", "NamedEntity", annotationType, []string{"value", "identifier"}, "A span; its label is the value."}
	blockType    = casType{"annotate", "Block", annotationType, []string{"judgement", "reason"}, "A block, or a part of one that was split: body or boilerplate, and perhaps why."}

	casTypes = []casType{metadataType, sentenceType, tokenType, entityType, blockType}
)

const annotationType = "uima.tcas.Annotation"

func (t casType) full() string { return t.pack + "." + t.name }

// feature names a value of a structure. Those of the document itself begin with
// its language, which its type inherits.
func (t casType) feature(i int) string {
	if t.super == annotationType {
		return t.features[i]
	}
	if i == 0 {
		return "language"
	}
	return t.features[i-1]
}

func casOf(g corpus.Gold, n names) cas {
	d, x := g.Document, text.NewIndex(g.Document.Text)
	c := cas{text: d.Text}
	add := func(t casType, r text.Range, values ...string) {
		c.structures = append(c.structures, structure{t, x.UTF16(r.Start), x.UTF16(r.End), values})
	}
	add(metadataType, text.Range{End: x.Len()}, cmp.Or(d.Language, "x-unspecified"), d.Name, d.Key(), d.URL)
	for _, b := range d.Blocks {
		add(sentenceType, b.Range)
		for _, t := range tokens(part{Range: b.Range, text: x.Slice(b.Range)}) {
			add(tokenType, t.Range)
		}
	}
	for _, p := range g.Pieces {
		add(blockType, p.Range, string(p.Class), p.Reason)
	}
	for _, s := range g.Spans {
		add(entityType, s.Range, n.labels[s.Label])
	}

	return c
}

// inXML reports whether XML 1.0 has a character.
func inXML(r rune) bool {
	return r >= ' ' && r != 0xfffe && r != 0xffff || r == '\t' || r == '\n' || r == '\r'
}

func notXML(s string) (n int) {
	for _, r := range s {
		if !inXML(r) {
			n++
		}
	}
	return n
}

// xmlAttribute is s as the value of an attribute, where a line end that is not
// escaped is read as a space. What XML does not have becomes U+FFFD, which is
// one UTF-16 unit as well, so that no position shifts.
func xmlAttribute(b []byte, s string) []byte {
	var out strings.Builder
	_ = xml.EscapeText(&out, []byte(s)) // a Builder takes everything

	return append(b, out.String()...)
}

func xmiCAS(b []byte, c cas) []byte {
	b = append(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"+`<xmi:XMI xmi:version="2.0" xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore"`...)
	prefix := map[string]string{}
	for _, t := range casTypes {
		if prefix[t.pack] != "" {
			continue
		}
		prefix[t.pack] = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(t.pack, dkpro), ".type"), ".", "-")
		b = fmt.Appendf(b, ` xmlns:%s="http:///%s.ecore"`, prefix[t.pack], strings.ReplaceAll(t.pack, ".", "/"))
	}
	b = append(b, ">\n  <cas:NULL xmi:id=\"0\"/>\n"...)

	members := []byte(nil)
	for i, s := range c.structures {
		b = fmt.Appendf(b, `  <%s:%s xmi:id="%d" sofa="1" begin="%d" end="%d"`, prefix[s.of.pack], s.of.name, i+2, s.begin, s.end)
		for j, v := range s.values {
			if v != "" {
				b = fmt.Appendf(b, ` %s="`, s.of.feature(j))
				b = append(xmlAttribute(b, v), '"')
			}
		}
		b = append(b, "/>\n"...)
		members = strconv.AppendInt(append(members, ' '), int64(i+2), 10)
	}
	b = append(b, `  <cas:Sofa xmi:id="1" sofaNum="1" sofaID="_InitialView" mimeType="text/plain" sofaString="`...)
	b = xmlAttribute(b, c.text)

	return fmt.Appendf(b, "\"/>\n  <cas:View sofa=\"1\" members=\"%s\"/>\n</xmi:XMI>\n", members[1:])
}

// typeSystemXML is the type system that an XMI file needs beside it.
func typeSystemXML() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<typeSystemDescription xmlns=\"http://uima.apache.org/resourceSpecifier\">\n  <types>\n")
	for _, t := range casTypes {
		fmt.Fprintf(&b, "    <typeDescription>\n      <name>%s</name>\n      <description>%s</description>\n      <supertypeName>%s</supertypeName>\n      <features>\n", t.full(), t.about, t.super)
		for _, f := range t.features {
			fmt.Fprintf(&b, "        <featureDescription>\n          <name>%s</name>\n          <description/>\n          <rangeTypeName>uima.cas.String</rangeTypeName>\n        </featureDescription>\n", f)
		}
		b.WriteString("      </features>\n    </typeDescription>\n")
	}
	b.WriteString("  </types>\n</typeSystemDescription>\n")

	return b.String()
}

// jsonCAS has no header and no "^begin", which the draft names: the reference
// files of UIMA have neither.
func jsonCAS(b []byte, c cas) []byte {
	b = append(b, "{\n  \"%TYPES\": {"...)
	for i, t := range casTypes {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "\n    %q: {\"%%NAME\": %q, \"%%SUPER_TYPE\": %q", t.full(), t.full(), t.super)
		for _, f := range t.features {
			b = fmt.Appendf(b, `, %q: {"%%NAME": %q, "%%RANGE": "uima.cas.String"}`, f, f)
		}
		b = append(b, '}')
	}

	b = append(b, "\n  },\n  \"%FEATURE_STRUCTURES\": [\n    {\"%ID\": 1, \"%TYPE\": \"uima.cas.Sofa\", \"sofaNum\": 1, \"sofaID\": \"_InitialView\", \"mimeType\": \"text/plain\", \"sofaString\": "...)
	b = append(appendString(b, c.text), '}')
	members := []byte(nil)
	for i, s := range c.structures {
		b = fmt.Appendf(b, ",\n    {\"%%ID\": %d, \"%%TYPE\": %q, \"@sofa\": 1, \"begin\": %d, \"end\": %d", i+2, s.of.full(), s.begin, s.end)
		for j, v := range s.values {
			if v != "" {
				b = fmt.Appendf(b, ", %q: ", s.of.feature(j))
				b = appendString(b, v)
			}
		}
		b = append(b, '}')
		members = strconv.AppendInt(append(members, ", "...), int64(i+2), 10)
	}

	return fmt.Appendf(b, "\n  ],\n  \"%%VIEWS\": {\"_InitialView\": {\"%%SOFA\": 1, \"%%MEMBERS\": [%s]}}\n}\n", members[len(", "):])
}
