// Package export writes gold in the formats that trainers and other tools
// read. A format takes gold and nothing else; every document is checked on its
// way out, and one that is not what it claims to be ends the export rather than
// spoiling a dataset in silence. The same gold gives the same bytes.
//
// What a format cannot say of a document is told before anything is written:
// the export is refused, or was asked for with that loss and lists it.
//
// To add a format: one file with an append function, or with a folder function
// where it is several files; one line in Formats; one golden file. The menu, the
// command's usage, the address and the conformance test range over Formats.
package export

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Format is one way out.
type Format struct {
	Name      string // as in the command and the address
	Ext       string // of the file, or of each of several, without a dot
	MediaType string // of the file
	About     string // one or two sentences for who chooses
	Unit      string // of its positions: "code points", "UTF-16 units", "bytes"; "" where it has none
	Divided   bool   // each record names its split, so that one file holds all
	Predicts  bool   // Source.Predictions have a place in it
	Annotates bool   // each record names its annotator, so that it can hold what each person handed in

	// append adds one checked document to b. It is called from several
	// goroutines at once. A format has either this or folder.
	append func(b []byte, g corpus.Gold, n names) ([]byte, error)

	// frame is what stands before, between and after the documents of a file;
	// nil for nothing.
	frame func(n names) (before, between, after string)

	// folder writes a dataset as several files. An error of Gold is returned as
	// it is.
	folder func(ctx context.Context, out Folder, d Dataset) error

	once  bool // folder reads the gold of all splits together, where others read each for itself
	twice bool // folder reads gold again, or not by surveying, so that it is surveyed before
	late  bool // folder writes nothing before all gold is read, so that it can refuse losses itself

	// loses tells what of a document cannot be said, in order; nil where all
	// can. It is called from several goroutines at once. It leaves the document's
	// id and key to the caller.
	loses func(g corpus.Gold, n names, lost func(Loss))
}

// names are what numbers in gold stand for, and what was asked for.
type names struct {
	labels  map[corpus.LabelID]string
	set     corpus.LabelSet
	layer   Layer                         // "" is gold
	release string                        // "" where it is current gold that is written
	people  map[corpus.AnnotatorID]string // who decided, in a release
	split   func(corpus.Document) string  // nil where the dataset is not divided
	all     bool                          // boilerplate too, where a format has the body alone by itself
}

// wanted are the pieces that a format of texts writes: the body, or with
// Options.All everything.
func (n names) wanted(p corpus.Piece) bool { return n.all || p.Class == corpus.Body }

// Formats are all there are, in the order of the menu.
var Formats = []Format{
	JSONL, HuggingFace, IOB2, BIOES, SpaCy, CSV,
	Doccano, LabelStudio, Prodigy, Brat, WebAnno, XMI, JSONCAS, W3C,
	AEB, Chatnoir, WebMainBench, CleanEval, Pairs, Standoff,
}

// ByName is the format with that name.
func ByName(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Source is the gold that is written, and what a dataset says of it.
type Source struct {
	Project    string // its name
	Guidelines string // Markdown
	Labels     corpus.LabelSet
	Release    *corpus.Release // nil for current gold
	Layer      Layer           // of which Gold is; "" is gold

	// Gold is ranged over several times and gives the same each time, in order
	// of documents: current gold is to be pinned to its newest.
	Gold iter.Seq2[corpus.Gold, error]

	// Page is the bytes of a document as they came, and their media type. Only
	// formats with pages in them ask for it.
	Page func(context.Context, corpus.DocumentID) ([]byte, string, error)

	Predictions *Predictions // of one run; nil for none
}

// Current is the gold of a project as it is now.
func Current(p corpus.Project, gold iter.Seq2[corpus.Gold, error]) Source {
	return Source{Project: p.Name, Guidelines: p.Guidelines, Labels: p.Labels, Gold: gold}
}

// Released is the gold of a release.
func Released(r corpus.Release, gold iter.Seq2[corpus.Gold, error]) Source {
	return Source{Project: r.ProjectName, Guidelines: r.Guidelines, Labels: r.Labels, Release: &r, Gold: gold}
}

func (s Source) names(o Options) names {
	n := names{labels: s.Labels.Names(), set: s.Labels, layer: s.Layer, split: o.Split, all: o.All}
	if s.Release != nil {
		n.release, n.people = s.Release.Name, s.Release.DeciderNames()
	}
	return n
}

// Options are what is asked of an export besides its format. The zero value
// writes one undivided dataset and loses nothing.
type Options struct {
	Splits []string                     // in order; none for an undivided dataset
	Split  func(corpus.Document) string // one of Splits for each document; nil exactly where there are none
	Lossy  bool                         // leave out what the format cannot say, and list it, rather than refuse
	All    bool                         // boilerplate too, in the formats that have the body alone by themselves

	// Tentative: where the export fails, what it wrote is thrown away, so that a
	// loss may be found while it is written. That saves a reading of gold.
	Tentative bool
}

// Dataset is what a format of several files writes.
type Dataset struct {
	names
	Name       string // of the project
	Guidelines string // Markdown
	Labels     corpus.LabelSet
	Splits     []string // in order; one "" where it is not divided

	Page        func(context.Context, corpus.DocumentID) ([]byte, string, error) // as in Source
	Predictions *Predictions

	gold   iter.Seq2[corpus.Gold, error]
	survey *survey // of what surveying has read
}

// of are the documents of a split, or with "" all of them, not checked yet. It
// may be called again and gives the same. Who is in no split comes with each:
// the check refuses it.
func (d Dataset) of(split string) iter.Seq2[corpus.Gold, error] {
	if split == "" {
		return d.gold
	}
	return func(yield func(corpus.Gold, error) bool) {
		for g, err := range d.gold {
			if err == nil {
				if is := d.split(g.Document); is != split && is != "" {
					continue
				}
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

// Gold is of, with each document checked.
func (d Dataset) Gold(split string) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		for g, err := range d.of(split) {
			if err == nil {
				err = d.check(g)
			}
			if !yield(g, err) || err != nil {
				return
			}
		}
	}
}

// languages are those of the documents that were read, the most frequent first.
func (d Dataset) languages() []string {
	n := d.survey.Languages
	return slices.SortedFunc(maps.Keys(n), func(a, b string) int {
		return cmp.Or(cmp.Compare(n[b], n[a]), strings.Compare(a, b))
	})
}

// Manifest says what an export holds, so that two datasets can be told apart
// and one can be made again.
type Manifest struct {
	Format      string               `json:"format"`
	Project     string               `json:"project,omitempty"` // its name
	Layer       Layer                `json:"layer,omitempty"`   // "" is gold
	Documents   int                  `json:"documents"`
	Annotations int                  `json:"annotations,omitempty"` // of these, where that is the layer
	Newest      corpus.GoldID        `json:"newestGold"`            // the newest gold in it, 0 where it is empty
	Blocks      map[corpus.Class]int `json:"blocks"`                // by class, both always there
	Spans       map[string]int       `json:"spans"`                 // by label, labels without a span left out
	Languages   map[string]int       `json:"languages"`             // documents by language, those without one left out
	Splits      []SplitCounts        `json:"splits,omitempty"`
	Lost        *Lost                `json:"lost,omitempty"`  // what the format cannot say
	Files       []File               `json:"files,omitempty"` // where there are several, in order
	Bytes       int64                `json:"bytes"`           // of all files
	SHA256      string               `json:"sha256"`          // of the bytes, lower-case hex; of several files, of what sha256sum prints of them
	Program     string               `json:"program"`

	Release *corpus.ReleaseManifest `json:"release,omitempty"` // where it is a release that was written
}

// SplitCounts are what a split holds.
type SplitCounts struct {
	Name        string               `json:"name"`
	Documents   int                  `json:"documents"`
	Annotations int                  `json:"annotations,omitempty"`
	Blocks      map[corpus.Class]int `json:"blocks"`
	Spans       map[string]int       `json:"spans"`
}

// Program names this program and the version it was built from.
var Program = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "annotate"
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = s.Value
		}
	}
	if version == "" {
		version = "(devel)"
	}

	return "annotate " + version
})

// undivided is what the file of an undivided dataset is called.
const undivided = "data"

// Several reports whether the export is more than one file, so that a stream of
// it is a ZIP.
func (f Format) Several(o Options) bool {
	return f.folder != nil || len(o.Splits) > 0 && !f.Divided
}

// Write writes the gold to w, undivided and without loss, as Stream does.
func (f Format) Write(ctx context.Context, w io.Writer, labels corpus.LabelSet, gold iter.Seq2[corpus.Gold, error]) (Manifest, error) {
	return f.Stream(ctx, w, Source{Labels: labels, Gold: gold}, Options{})
}

// WriteRelease writes the gold of a release, as Write does.
func (f Format) WriteRelease(ctx context.Context, w io.Writer, r corpus.Release, gold iter.Seq2[corpus.Gold, error]) (Manifest, error) {
	return f.Stream(ctx, w, Released(r, gold), Options{})
}

// Stream writes the gold to w in the order it comes, encoded on all cores, and
// returns what was written; several files are written as a ZIP. The error of a
// document that fails its check names it; what was written before is then a
// beginning and no dataset. Nothing is written where something would be lost
// that was not given up, unless the export is tentative.
func (f Format) Stream(ctx context.Context, w io.Writer, s Source, o Options) (Manifest, error) {
	if f.Several(o) {
		z := NewZIP(w)
		m, err := f.Into(ctx, z, s, o)
		if err == nil {
			err = z.Close()
		}
		return m, err
	}

	v, err := f.surveyed(ctx, s, o)
	if err != nil {
		return v.Manifest, err
	}
	sum, size := sha256.New(), new(counter)
	err = f.write(ctx, io.MultiWriter(w, sum, size), v, s.Gold)
	if err == nil {
		err = v.finish()
	}
	v.Bytes, v.SHA256 = int64(*size), hex.EncodeToString(sum.Sum(nil))

	return v.Manifest, err
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// Into writes the files of an export into a folder, and its manifest as
// manifest.json.
func (f Format) Into(ctx context.Context, out Folder, s Source, o Options) (Manifest, error) {
	v, err := f.surveyed(ctx, s, o)
	if err != nil {
		return v.Manifest, err
	}
	d, files := dataset(s, o, v), &recorder{to: out}

	if f.folder != nil {
		err = f.folder(ctx, files, d)
	} else {
		err = f.writeSplits(ctx, files, d)
	}
	if err == nil {
		err = v.finish()
	}
	if err == nil {
		err = files.finish(&v.Manifest)
	}

	return v.Manifest, err
}

// writeSplits writes a file for each split of a format that is one stream of
// documents; one for all where its records name their split.
func (f Format) writeSplits(ctx context.Context, files Folder, d Dataset) error {
	splits := d.Splits
	if f.Divided {
		splits = []string{""}
	}
	for _, split := range splits {
		w, err := files.Create(cmp.Or(split, undivided) + "." + f.Ext)
		if err != nil {
			return err
		}
		if err := f.write(ctx, w, d.survey, d.of(split)); err != nil {
			return err
		}
	}

	return nil
}

// Survey counts what an export would hold and lists what it would lose, and
// checks each document. What is lost is no error here.
func (f Format) Survey(ctx context.Context, s Source, o Options) (Manifest, error) {
	o.Lossy = true
	v := f.newSurvey(s, o)
	err := f.Takes(s)
	if err == nil {
		err = v.read(ctx, s)
	}

	return v.Manifest, err
}

// surveyed is the survey that an export fills while it reads, or that is made
// before, where a loss has to be refused before a byte is written.
func (f Format) surveyed(ctx context.Context, s Source, o Options) (*survey, error) {
	v := f.newSurvey(s, o)
	if err := f.Takes(s); err != nil {
		return v, err
	}
	ordered := f.once || f.Divided || len(o.Splits) < 2 // losses are listed in the order of documents
	refuses := f.late || o.Lossy || o.Tentative
	if !f.twice && (f.loses == nil || ordered && refuses) {
		return v, nil
	}
	err := v.read(ctx, s)
	v.made = true

	return v, err
}

// manifest is one of nothing yet.
func (f Format) manifest(s Source, o Options) Manifest {
	m := Manifest{Format: f.Name, Project: s.Project, Program: Program(), Blocks: noBlocks(), Spans: map[string]int{}, Languages: map[string]int{}}
	for _, name := range o.Splits {
		m.Splits = append(m.Splits, SplitCounts{Name: name, Blocks: noBlocks(), Spans: map[string]int{}})
	}
	if s.Release != nil {
		m.Release = &s.Release.ReleaseManifest
	}
	if s.Layer == Annotations {
		m.Layer = s.Layer
	}

	return m
}

func noBlocks() map[corpus.Class]int {
	return map[corpus.Class]int{corpus.Body: 0, corpus.Boilerplate: 0}
}

// dataset is what a folder format sees.
func dataset(s Source, o Options, v *survey) Dataset {
	splits := o.Splits
	if len(splits) == 0 {
		splits = []string{""}
	}

	return Dataset{
		names: v.names, Name: s.Project, Guidelines: s.Guidelines, Labels: s.Labels, Splits: splits,
		Page: s.Page, Predictions: s.Predictions, gold: s.Gold, survey: v,
	}
}

// of says which document an error is about.
func of(g corpus.Gold, err error) error {
	return fmt.Errorf("document %d (%s): %w", g.Document.ID, g.Document.Key(), err)
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// write writes documents one after the other and surveys them.
func (f Format) write(ctx context.Context, w io.Writer, v *survey, gold iter.Seq2[corpus.Gold, error]) error {
	var before, between, after string
	if f.frame != nil {
		before, between, after = f.frame(v.names)
	}
	put := func(b []byte) error {
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		return nil
	}
	if before != "" {
		if err := put([]byte(before)); err != nil {
			return err
		}
	}

	first := true
	err := surveying(ctx, v, gold, func(gold []corpus.Gold) (*[]byte, error) {
		buffer := buffers.Get().(*[]byte)
		b := (*buffer)[:0]
		var err error
		for _, g := range gold {
			b = append(b, between...)
			if b, err = f.append(b, g, v.names); err != nil {
				return nil, of(g, err)
			}
		}
		*buffer = b
		return buffer, nil
	}, func(buffer *[]byte) error {
		defer buffers.Put(buffer)
		b := *buffer
		if first {
			first, b = false, b[len(between):]
		}
		return put(b)
	})
	if err != nil || after == "" {
		return err
	}

	return put([]byte(after))
}

// check holds a document against everything that an export promises.
func check(g corpus.Gold, names map[corpus.LabelID]string) error {
	d := g.Document
	if !utf8.ValidString(d.Text) {
		return corpus.Invalidf("", "its text is not UTF-8")
	}
	if h := sha256.Sum256([]byte(d.Text)); hex.EncodeToString(h[:]) != d.SHA256 {
		return corpus.Invalidf("", "its text is not the one that was stored")
	}
	if !isObject(d.Meta) {
		return corpus.Invalidf("meta", "%q is no JSON object", d.Meta)
	}
	if err := corpus.CheckPieces(d, g.Pieces); err != nil {
		return err
	}
	for _, p := range g.Pieces {
		if p.Class == corpus.Undecided {
			return corpus.Invalidf("blocks", "the block at %v has no class", p.Range)
		}
	}
	end := 0
	for _, p := range g.Pieces {
		if p.Start < end {
			return corpus.Invalidf("blocks", "the block at %v begins before the one before it ends", p.Range)
		}
		end = p.End
	}
	x := text.NewIndex(d.Text)
	if end > x.Len() {
		return corpus.Invalidf("blocks", "the last block ends at %d, the text at %d", end, x.Len())
	}
	for i, s := range g.Spans {
		if names[s.Label] == "" {
			return corpus.Invalidf("spans", "the project has no label number %d", s.Label)
		}
		if i > 0 && s.Start < g.Spans[i-1].Start {
			return corpus.Invalidf("spans", "%q stands before %q and begins after it", g.Spans[i-1].Quote, s.Quote)
		}
	}

	return corpus.CheckSpans(x, g.Pieces, g.Spans)
}

// isObject reports whether metadata is a JSON object, or not there.
func isObject(meta string) bool {
	meta = strings.TrimSpace(meta)
	return meta == "" || meta == "{}" || meta[0] == '{' && json.Valid([]byte(meta))
}
