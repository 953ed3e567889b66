package export

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"

	"annotate/internal/corpus"
)

// HuggingFace is a folder as the Hugging Face hub has it: Parquet files, a card
// and a Croissant description. The configuration "spans" is text with tokens
// and spans; "blocks" is one row a page, with its blocks and classes as lists:
// whether a block is body depends on its neighbours, and rows that are shuffled
// must not tear a page apart.
var HuggingFace = Format{
	Name: "huggingface", Ext: "parquet", MediaType: "application/vnd.apache.parquet", Unit: "code points",
	About:  "A folder for load_dataset: Parquet, card and Croissant file. Configuration spans: text, tokens, ner_tags and all spans, of the body alone, or of all blocks where asked. Configuration blocks: one row a page with its blocks and their classes.",
	folder: writeHuggingFace,
	once:   true,
	late:   true,
	loses: func(g corpus.Gold, n names, lost func(Loss)) {
		leftOut(g, n, func(s corpus.Span) { lost(Loss{Kind: LossBoilerplate, Detail: named(s, n)}) })
	},
}

// spansRow is a document in the configuration "spans". Everything may be null,
// also in lists, because the reader takes the names of classes only from columns
// that have exactly its own, nullable types.
type spansRow struct {
	ID       *string   `parquet:"id,optional"`
	Text     *string   `parquet:"text,optional"`
	Tokens   []*string `parquet:"tokens,list,optional" parquet-element:",optional"`
	NERTags  []*int64  `parquet:"ner_tags,list,optional" parquet-element:",optional"`
	Spans    []hfSpan  `parquet:"spans,list,optional" parquet-element:",optional"`
	URL      *string   `parquet:"url,optional"`
	Language *string   `parquet:"language,optional"`
	Meta     *string   `parquet:"meta,optional"`
}

type hfSpan struct {
	Start *int64  `parquet:"start,optional"`
	End   *int64  `parquet:"end,optional"`
	Label *string `parquet:"label,optional"`
}

// blocksRow is a page in the configuration "blocks".
type blocksRow struct {
	ID       *string   `parquet:"id,optional"`
	Blocks   []*string `parquet:"blocks,list,optional" parquet-element:",optional"`
	Labels   []*int64  `parquet:"labels,list,optional" parquet-element:",optional,dict"`
	Reasons  []*string `parquet:"reasons,list,optional" parquet-element:",optional,dict"`
	URL      *string   `parquet:"url,optional"`
	Language *string   `parquet:"language,optional"`
	Meta     *string   `parquet:"meta,optional"`
}

// feature is a column as the card and the metadata of the file describe it.
type feature struct {
	name    string
	list    bool
	kind    string    // "string", "int64" or "class"
	classes []string  // of a class, by number
	fields  []feature // of a list of structs
	about   string
}

// tagNames are the classes of ner_tags: O, then B- and I- of each label in the
// order in which labels came to be, retired ones included, because a model that
// was trained knows them by number.
func tagNames(labels corpus.LabelSet) []string {
	byID := slices.SortedFunc(slices.Values(labels), func(a, b corpus.Label) int { return cmp.Compare(a.ID, b.ID) })
	out := []string{"O"}
	for _, l := range byID {
		out = append(out, "B-"+l.Name, "I-"+l.Name)
	}

	return out
}

// blockClasses are the classes of a block by number.
var blockClasses = []string{string(corpus.Boilerplate), string(corpus.Body)}

// configuration is one of the two tables of the folder.
type configuration struct {
	name, about string
	features    []feature
}

func configurations(labels corpus.LabelSet) []configuration {
	id := feature{name: "id", kind: "string", about: "the name of the document"}
	rest := []feature{
		{name: "url", kind: "string", about: "where the page was, null where unknown"},
		{name: "language", kind: "string", about: "BCP 47, null where unknown"},
		{name: "meta", kind: "string", about: "what else came with the document, a JSON object"},
	}

	return []configuration{
		{"spans", "One row a document: its text with spans.", append([]feature{
			id,
			{name: "text", kind: "string", about: "the blocks, a blank line between two"},
			{name: "tokens", list: true, kind: "string", about: "words and marks of text: what stands between the word boundaries of UAX 29, without white space"},
			{name: "ner_tags", list: true, kind: "class", classes: tagNames(labels), about: "IOB2 tags of the tokens; of spans that overlap the longest"},
			{name: "spans", list: true, about: "all spans, also those that overlap or begin inside a token: half-open, in Unicode code points of text", fields: []feature{
				{name: "start", kind: "int64"}, {name: "end", kind: "int64"}, {name: "label", kind: "string"},
			}},
		}, rest...)},
		{"blocks", "One row a page: its blocks in reading order with their classes.", append([]feature{
			id,
			{name: "blocks", list: true, kind: "string", about: "the text of each block"},
			{name: "labels", list: true, kind: "class", classes: blockClasses, about: "the class of each block"},
			{name: "reasons", list: true, kind: "string", about: "why a block is boilerplate, null where nobody said"},
		}, rest...)},
	}
}

// spansRowOf makes the row of a document. tags numbers the tags.
func spansRowOf(g corpus.Gold, n names, tags map[string]*int64) spansRow {
	l := layOut(g, n)
	row := spansRow{ID: new(g.Document.Key()), Text: &l.whole, Tokens: make([]*string, 0, l.end/5), NERTags: make([]*int64, 0, l.end/5), Spans: []hfSpan{}}
	row.URL, row.Language, row.Meta = aboutRow(g.Document)

	for _, in := range l.parts() {
		ts := tokens(in)
		es := entities(ts, in.spans, func(string, corpus.Span) {}) // the column spans has them
		for i := range ts {
			for len(es) > 0 && es[0].to <= i {
				es = es[1:]
			}
			tag := tags["O"]
			if len(es) > 0 && es[0].from <= i {
				tag = tags[string(iob2(i-es[0].from, 0))+"-"+n.labels[es[0].span.Label]]
			}
			row.Tokens, row.NERTags = append(row.Tokens, &ts[i].text), append(row.NERTags, tag)
		}
	}
	for _, s := range l.spans {
		row.Spans = append(row.Spans, hfSpan{new(int64(s.Start)), new(int64(s.End)), new(n.labels[s.Label])})
	}

	return row
}

// blocksRowOf makes the row of a page.
func blocksRowOf(g corpus.Gold) blocksRow {
	row := blocksRow{ID: new(g.Document.Key()), Blocks: []*string{}, Labels: []*int64{}, Reasons: []*string{}}
	row.URL, row.Language, row.Meta = aboutRow(g.Document)

	doc := walker{text: g.Document.Text}
	for _, p := range g.Pieces {
		row.Blocks = append(row.Blocks, new(doc.text[doc.byte(p.Start):doc.byte(p.End)]))
		row.Labels = append(row.Labels, new(int64(slices.Index(blockClasses, string(p.Class)))))
		row.Reasons = append(row.Reasons, orNull(p.Reason))
	}

	return row
}

// aboutRow is what both tables say of a document.
func aboutRow(d corpus.Document) (url, language, meta *string) {
	return orNull(d.URL), orNull(d.Language), orNull(strings.ToValidUTF8(strings.TrimSpace(d.Meta), "\ufffd"))
}

// orNull is null for the empty string.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// rowGroup is how many bytes of text a row group holds, more or less. It is
// what a writer keeps in memory, and what a reader takes at once.
const rowGroup = 4 << 20

// table is a Parquet file on its way. It is built beside the dataset, because
// all files grow in one reading of the gold, and a folder takes one at a time.
type table[R any] struct {
	file *os.File
	w    *parquet.GenericWriter[R]
	size int // of the texts in the row group that is open
}

func newTable[R any](features []feature) (*table[R], error) {
	f, err := os.CreateTemp("", "annotate-*.parquet")
	if err != nil {
		return nil, err
	}
	about, err := json.Marshal(map[string]any{"info": map[string]any{"features": ordered(features)}})
	if err != nil {
		return nil, err
	}
	w := parquet.NewGenericWriter[R](f, parquet.Compression(&snappy.Codec{}), parquet.KeyValueMetadata("huggingface", string(about)), parquet.CreatedBy("annotate", "", ""),
		// Nobody looks for a page by the first and last word in it.
		parquet.SkipPageBounds("text"), parquet.SkipPageBounds("tokens", "list", "element"), parquet.SkipPageBounds("blocks", "list", "element"), parquet.SkipPageBounds("meta"))

	return &table[R]{file: f, w: w}, nil
}

// add writes rows that hold size bytes of text.
func (t *table[R]) add(rows []R, size int) error {
	if _, err := t.w.Write(rows); err != nil {
		return err
	}
	if t.size += size; t.size < rowGroup {
		return nil
	}
	t.size = 0

	return t.w.Flush()
}

// copyTo ends the table and copies it into a dataset.
func (t *table[R]) copyTo(w io.Writer) error {
	if err := t.w.Close(); err != nil {
		return err
	}
	if _, err := t.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.Copy(w, t.file)

	return err
}

// discard removes the file that the table was built in.
func (t *table[R]) discard() error { return errors.Join(t.file.Close(), os.Remove(t.file.Name())) }

// hfSplit is the two tables of a split.
type hfSplit struct {
	name   string
	spans  *table[spansRow]
	blocks *table[blocksRow]
}

func (s hfSplit) discard() (err error) {
	if s.spans != nil {
		err = s.spans.discard()
	}
	if s.blocks != nil {
		err = errors.Join(err, s.blocks.discard())
	}
	return err
}

// hfPath is the file of a configuration and a split. The hub calls what is not
// divided "train".
func hfPath(config, split string) string {
	return fmt.Sprintf("%s/%s-00000-of-00001.parquet", config, cmp.Or(split, "train"))
}

func writeHuggingFace(ctx context.Context, out Folder, d Dataset) (err error) {
	configs := configurations(d.Labels)
	splits := make([]hfSplit, len(d.Splits))
	defer func() {
		for _, s := range splits {
			err = errors.Join(err, s.discard())
		}
	}()
	for i, name := range d.Splits {
		splits[i].name = name
		if splits[i].spans, err = newTable[spansRow](configs[0].features); err != nil {
			return err
		}
		if splits[i].blocks, err = newTable[blocksRow](configs[1].features); err != nil {
			return err
		}
	}
	if err := fillTables(ctx, d, splits); err != nil {
		return err
	}
	if err := d.survey.finish(); err != nil {
		return err
	}

	if err := create(out, "README.md", []byte(card(d, configs))); err != nil {
		return err
	}
	var files []File
	write := func(config, split string, copyTo func(io.Writer) error) error {
		f := File{Name: hfPath(config, split)}
		w, err := out.Create(f.Name)
		if err != nil {
			return err
		}
		sum := sha256.New()
		if err := copyTo(io.MultiWriter(w, sum)); err != nil {
			return err
		}
		f.SHA256 = hex.EncodeToString(sum.Sum(nil))
		files = append(files, f)
		return nil
	}
	for _, s := range splits {
		if err := write("spans", s.name, s.spans.copyTo); err != nil {
			return err
		}
	}
	for _, s := range splits {
		if err := write("blocks", s.name, s.blocks.copyTo); err != nil {
			return err
		}
	}
	side, err := croissant(d, configs, files)
	if err != nil {
		return err
	}

	return create(out, "croissant.json", side)
}

// fillTables reads the gold once and writes each document into the tables of
// its split: rows are made on all cores, and the two tables are written side by
// side.
func fillTables(ctx context.Context, d Dataset, splits []hfSplit) error {
	tags := map[string]*int64{}
	for i, name := range tagNames(d.Labels) {
		tags[name] = new(int64(i))
	}
	type rows struct {
		spans  []spansRow
		blocks []blocksRow
		size   int
	}

	return surveying(ctx, d.survey, d.of(""), func(gold []corpus.Gold) (map[string]*rows, error) {
		out := map[string]*rows{}
		for _, g := range gold {
			split := ""
			if d.split != nil {
				split = d.split(g.Document)
			}
			r := out[split]
			if r == nil {
				r = new(rows)
				out[split] = r
			}
			r.spans = append(r.spans, spansRowOf(g, d.names, tags))
			r.blocks = append(r.blocks, blocksRowOf(g))
			r.size += len(g.Document.Text)
		}
		return out, nil
	}, func(out map[string]*rows) error {
		for _, s := range splits {
			r := out[s.name]
			if r == nil {
				continue
			}
			done := make(chan error, 1)
			go func() { done <- s.blocks.add(r.blocks, r.size) }()
			if err := errors.Join(s.spans.add(r.spans, r.size), <-done); err != nil {
				return err
			}
		}
		return nil
	})
}
