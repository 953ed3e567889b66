package export

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"annotate/internal/corpus"
)

// ordered is features as JSON in their order, which a map would lose.
type ordered []feature

// MarshalJSON describes features as the library datasets does, with the old
// name Sequence for lists: new versions know it, and old ones know no other.
func (fs ordered) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, f := range fs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, f.name), ':')
		var inner []byte
		switch {
		case f.fields != nil:
			fields, err := ordered(f.fields).MarshalJSON()
			if err != nil {
				return nil, err
			}
			b = append(append(append(b, '['), fields...), ']') // as a Sequence it would become a struct of lists
			continue
		case f.kind == "class":
			inner = []byte(`{"names":[`)
			for k, c := range f.classes {
				if k > 0 {
					inner = append(inner, ',')
				}
				inner = appendString(inner, c)
			}
			inner = append(inner, `],"_type":"ClassLabel"}`...)
		default:
			inner = append(appendString([]byte(`{"dtype":`), f.kind), `,"_type":"Value"}`...)
		}
		if f.list {
			inner = fmt.Appendf(nil, `{"feature":%s,"_type":"Sequence"}`, inner)
		}
		b = append(b, inner...)
	}

	return append(b, '}'), nil
}

// quoted is a string as YAML and JSON have it.
func quoted(s string) string { return string(appendString(nil, s)) }

// yaml writes features as a card has them.
func yaml(b *strings.Builder, indent string, fs []feature) {
	for _, f := range fs {
		fmt.Fprintf(b, "%s- name: %s\n", indent, f.name)
		in := indent + "  "
		switch {
		case f.fields != nil:
			fmt.Fprintf(b, "%slist:\n", in)
			yaml(b, in, f.fields)
		case f.kind == "class":
			at := in + "dtype:\n" + in + "  class_label:\n" + in + "    names:\n"
			names := in + "      "
			if f.list {
				at = in + "sequence:\n" + in + "  class_label:\n" + in + "    names:\n"
			}
			b.WriteString(at)
			for i, c := range f.classes {
				fmt.Fprintf(b, "%s'%d': %s\n", names, i, quoted(c))
			}
		case f.list:
			fmt.Fprintf(b, "%ssequence: %s\n", in, f.kind)
		default:
			fmt.Fprintf(b, "%sdtype: %s\n", in, f.kind)
		}
	}
}

// sizeCategory is the hub's name for so many rows.
func sizeCategory(n int) string {
	for _, c := range []struct {
		below int
		name  string
	}{{1_000, "n<1K"}, {10_000, "1K<n<10K"}, {100_000, "10K<n<100K"}, {1_000_000, "100K<n<1M"}} {
		if n < c.below {
			return c.name
		}
	}
	return "1M<n<10M"
}

// rowsOf is how many documents a split holds.
func (d Dataset) rowsOf(split string) int {
	for _, s := range d.survey.Splits {
		if s.Name == split {
			return s.Documents
		}
	}
	return d.survey.Documents
}

// card is the README.md of a dataset: what machines read, and what people do.
func card(d Dataset, configs []configuration) string {
	var b strings.Builder
	b.WriteString("---\n")
	fmt.Fprintf(&b, "pretty_name: %s\n", quoted(d.Name))
	if languages := d.languages(); len(languages) > 0 {
		b.WriteString("language:\n")
		for _, l := range languages {
			fmt.Fprintf(&b, "- %s\n", quoted(l))
		}
	}
	fmt.Fprintf(&b, "task_categories:\n- token-classification\nannotations_creators:\n- expert-generated\nsize_categories:\n- %s\n", sizeCategory(d.survey.Documents))
	b.WriteString("configs:\n")
	for i, c := range configs {
		fmt.Fprintf(&b, "- config_name: %s\n", c.name)
		if i == 0 {
			b.WriteString("  default: true\n")
		}
		b.WriteString("  data_files:\n")
		for _, s := range d.Splits {
			fmt.Fprintf(&b, "  - split: %s\n    path: %s/%s-*.parquet\n", cmp.Or(s, "train"), c.name, cmp.Or(s, "train"))
		}
	}
	b.WriteString("dataset_info:\n")
	for _, c := range configs {
		fmt.Fprintf(&b, "- config_name: %s\n  features:\n", c.name)
		yaml(&b, "  ", c.features)
		b.WriteString("  splits:\n")
		for _, s := range d.Splits {
			fmt.Fprintf(&b, "  - name: %s\n    num_examples: %d\n", cmp.Or(s, "train"), d.rowsOf(s))
		}
	}
	b.WriteString("---\n\n")
	cardText(&b, d, configs)

	return b.String()
}

// cardText is what people read.
func cardText(b *strings.Builder, d Dataset, configs []configuration) {
	h := d.survey
	fmt.Fprintf(b, "# %s\n\n", strings.Join(strings.Fields(d.Name), " "))
	if d.release != "" {
		fmt.Fprintf(b, "Release %s, sha256 `%s`.\n\n", quoted(d.release), h.Release.Hash)
	}
	fmt.Fprintf(b, "%d documents, %d blocks of body and %d of boilerplate.\n\n", h.Documents, h.Blocks[corpus.Body], h.Blocks[corpus.Boilerplate])
	b.WriteString("```python\nfrom datasets import load_dataset\n\n")
	for _, c := range configs {
		fmt.Fprintf(b, "%s = load_dataset(\"path/to/this/folder\", %q)\n", c.name, c.name)
	}
	b.WriteString("```\n")

	for _, c := range configs {
		fmt.Fprintf(b, "\n## Configuration %s\n\n%s\n\n", c.name, c.about)
		for _, f := range c.features {
			fmt.Fprintf(b, "- `%s`: %s\n", f.name, f.about)
		}
	}
	which := "The configuration spans has the body alone."
	if d.all {
		which = "The configuration spans has all blocks, boilerplate among them."
	}
	fmt.Fprintf(b, "\n%s\n", which)

	if len(h.Spans) > 0 {
		b.WriteString("\n## Spans\n\n| label | spans |\n| --- | ---: |\n")
		for _, name := range slices.Sorted(maps.Keys(h.Spans)) {
			fmt.Fprintf(b, "| %s | %d |\n", name, h.Spans[name])
		}
	}
	if h.Lost != nil {
		fmt.Fprintf(b, "\n## Left out\n\nIn %d documents: %s. They are listed in manifest.json.\n", h.Lost.Documents, h.Lost)
	}
	if g := strings.TrimSpace(d.Guidelines); g != "" {
		fmt.Fprintf(b, "\n## Guidelines\n\n%s\n", g)
	}
}

// croissantContext is what the words of a Croissant file mean, as version 1.1
// has it and its validator asks for it.
const croissantContext = `{"@language":"en","@vocab":"https://schema.org/","sc":"https://schema.org/","cr":"http://mlcommons.org/croissant/","rai":"http://mlcommons.org/croissant/RAI/","dct":"http://purl.org/dc/terms/","citeAs":"cr:citeAs","column":"cr:column","conformsTo":"dct:conformsTo","containedIn":"cr:containedIn","data":{"@id":"cr:data","@type":"@json"},"dataType":{"@id":"cr:dataType","@type":"@vocab"},"equivalentProperty":"cr:equivalentProperty","examples":{"@id":"cr:examples","@type":"@json"},"extract":"cr:extract","field":"cr:field","fileProperty":"cr:fileProperty","fileObject":"cr:fileObject","fileSet":"cr:fileSet","format":"cr:format","includes":"cr:includes","isArray":"cr:isArray","isLiveDataset":"cr:isLiveDataset","arrayShape":"cr:arrayShape","jsonPath":"cr:jsonPath","key":"cr:key","md5":"cr:md5","parentField":"cr:parentField","path":"cr:path","recordSet":"cr:recordSet","references":"cr:references","regex":"cr:regex","repeated":"cr:repeated","replace":"cr:replace","samplingRate":"cr:samplingRate","separator":"cr:separator","source":"cr:source","subField":"cr:subField","transform":"cr:transform","value":"cr:value"}`

// object is a JSON object whose keys come out sorted, the same each time.
type object = map[string]any

// croissant describes the files of a dataset in Croissant 1.1: a record set for
// each configuration and split. What nobody told us, such as a licence, is left
// out rather than made up.
func croissant(d Dataset, configs []configuration, files []File) ([]byte, error) {
	var distribution, sets []any
	hashes := map[string]string{}
	for _, f := range files {
		hashes[f.Name] = f.SHA256
	}
	for _, c := range configs {
		for _, s := range d.Splits {
			path, split := hfPath(c.name, s), cmp.Or(s, "train")
			distribution = append(distribution, object{"@type": "cr:FileObject", "@id": path, "name": path, "contentUrl": path, "encodingFormat": "application/x-parquet", "sha256": hashes[path]})
			id := c.name + "/" + split
			sets = append(sets, object{"@type": "cr:RecordSet", "@id": id, "name": id, "description": c.about, "field": croissantFields(id, path, c.features)})
		}
	}
	sets = append(sets, croissantLabels("classes", blockClasses), croissantLabels("tags", tagNames(d.Labels)))

	about := object{
		"@context": json.RawMessage(croissantContext), "@type": "sc:Dataset", "name": d.Name, "conformsTo": "http://mlcommons.org/croissant/1.1",
		"description":  fmt.Sprintf("%d documents with classes of blocks and spans, labelled by people.", d.survey.Documents),
		"distribution": distribution, "recordSet": sets,
	}
	if languages := d.languages(); len(languages) > 0 {
		about["inLanguage"] = languages
	}
	if r := d.survey.Release; r != nil {
		about["version"], about["datePublished"] = r.Name, r.At.UTC().Format("2006-01-02")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")

	err := e.Encode(about)

	return b.Bytes(), err
}

func croissantFields(set, file string, fs []feature) []any {
	var out []any
	source := func(column string) object {
		return object{"fileObject": object{"@id": file}, "extract": object{"column": column}}
	}
	for _, f := range fs {
		id := set + "/" + f.name
		field := object{"@type": "cr:Field", "@id": id, "name": f.name, "description": f.about, "source": source(f.name)}
		if f.list {
			field["repeated"] = true
		}
		switch {
		case f.fields != nil:
			var inner []any
			for _, s := range f.fields {
				from := source(f.name)
				from["transform"] = object{"jsonPath": s.name}
				inner = append(inner, object{"@type": "cr:Field", "@id": id + "/" + s.name, "name": s.name, "dataType": croissantType(s), "source": from})
			}
			field["dataType"], field["subField"] = "cr:Label", inner
		case f.kind == "class":
			field["dataType"] = []string{"sc:Integer", "cr:Label"}
		default:
			field["dataType"] = croissantType(f)
		}
		out = append(out, field)
	}

	return out
}

func croissantType(f feature) string {
	if f.kind == "int64" {
		return "sc:Integer"
	}
	return "sc:Text"
}

// croissantLabels are what the numbers of a class mean.
func croissantLabels(id string, names []string) object {
	var data []any
	for i, name := range names {
		data = append(data, object{id + "/number": i, id + "/name": name})
	}
	field := func(name, kind string) object {
		return object{"@type": "cr:Field", "@id": id + "/" + name, "name": name, "dataType": kind}
	}

	return object{"@type": "cr:RecordSet", "@id": id, "name": id, "dataType": "sc:Enumeration", "key": object{"@id": id + "/number"}, "field": []any{field("number", "sc:Integer"), field("name", "sc:Text")}, "data": data}
}
