// Package export writes gold in the formats that trainers and other tools
// read. A format takes gold and nothing else; every document is checked on its
// way out, and one that is not what it claims to be ends the export rather than
// spoiling a dataset in silence. The same gold gives the same bytes.
//
// To add a format: one file with an append function, one line in Formats, one
// golden file. The menu, the command's usage, the address and the conformance
// test range over Formats.
package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"iter"
	"maps"
	"runtime"
	"runtime/debug"
	"sync"
	"unicode/utf8"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Format is one way out.
type Format struct {
	Name      string // as in the command and the address
	Ext       string // of the file, without a dot
	MediaType string
	About     string // one sentence for who chooses

	// append adds one checked document to b. It is called from several
	// goroutines at once.
	append func(b []byte, g corpus.Gold, n names) ([]byte, error)
}

// names are what numbers in gold stand for.
type names struct {
	labels  map[corpus.LabelID]string
	release string                        // "" where it is current gold that is written
	people  map[corpus.AnnotatorID]string // who decided, in a release
}

// Formats are all there are, in the order of the menu.
var Formats = []Format{JSONL}

// ByName is the format with that name.
func ByName(name string) (Format, bool) {
	for _, f := range Formats {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Manifest says what an export holds, so that two datasets can be told apart
// and one can be made again.
type Manifest struct {
	Format    string               `json:"format"`
	Project   string               `json:"project,omitempty"` // its name, for the caller to fill in
	Documents int                  `json:"documents"`
	Newest    corpus.GoldID        `json:"newestGold"` // the newest gold in it, 0 where it is empty
	Blocks    map[corpus.Class]int `json:"blocks"`     // by class, both always there
	Spans     map[string]int       `json:"spans"`      // by label, labels without a span left out
	Bytes     int64                `json:"bytes"`
	SHA256    string               `json:"sha256"` // of the bytes, lower-case hex
	Program   string               `json:"program"`

	Release *corpus.ReleaseManifest `json:"release,omitempty"` // where it is a release that was written
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

// Documents are encoded in batches: handing one over costs as much as encoding
// a small document.
const (
	batchDocuments = 32
	batchBytes     = 256 << 10 // of text
)

// Write writes the gold to w in the order it comes, encoded on all cores, and
// returns what was written. It reads gold on the calling goroutine and holds a
// few batches at a time. The error of a document that fails its check names it;
// what was written before is then a beginning and no dataset.
func (f Format) Write(ctx context.Context, w io.Writer, labels corpus.LabelSet, gold iter.Seq2[corpus.Gold, error]) (Manifest, error) {
	return f.write(ctx, w, names{labels: labels.Names()}, gold)
}

// WriteRelease writes the gold of a release, each document with what its hash
// is over, and the manifest with that of the release. It is an error where that
// is not as many documents as the release has.
func (f Format) WriteRelease(ctx context.Context, w io.Writer, r corpus.Release, gold iter.Seq2[corpus.Gold, error]) (Manifest, error) {
	m, err := f.write(ctx, w, names{r.Labels.Names(), r.Name, r.DeciderNames()}, gold)
	m.Project, m.Release = r.ProjectName, &r.ReleaseManifest
	if err == nil && m.Documents != r.Documents {
		err = corpus.Invalidf("", "the release %q has %d documents and %d could be read; see what is wrong with: annotate release verify", r.Name, r.Documents, m.Documents)
	}

	return m, err
}

func (f Format) write(ctx context.Context, w io.Writer, names names, gold iter.Seq2[corpus.Gold, error]) (Manifest, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan *batch, workers), make(chan *batch, 2*workers)

	var busy sync.WaitGroup
	for range workers {
		busy.Go(func() {
			for b := range jobs {
				b.encode(f, names)
				close(b.done)
			}
		})
	}
	out := writer{w: w, hash: sha256.New(), manifest: Manifest{
		Format: f.Name, Program: Program(), Spans: map[string]int{},
		Blocks: map[corpus.Class]int{corpus.Body: 0, corpus.Boilerplate: 0},
	}}
	busy.Go(func() {
		for b := range order {
			<-b.done
			if err := out.write(ctx, b); err != nil {
				cancel(err)
			}
		}
	})

	err := feed(ctx, gold, jobs, order)
	close(jobs)
	close(order)
	busy.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	out.manifest.SHA256 = hex.EncodeToString(out.hash.Sum(nil))

	return out.manifest, err
}

// feed hands the gold out in batches, to be encoded and in the same order to
// be written.
func feed(ctx context.Context, gold iter.Seq2[corpus.Gold, error], jobs, order chan<- *batch) error {
	b := newBatch()
	send := func() bool {
		select {
		case order <- b:
			jobs <- b // a worker is always free in the end
		case <-ctx.Done():
			return false
		}
		b = newBatch()
		return true
	}

	for g, err := range gold {
		if err != nil {
			return err
		}
		b.gold = append(b.gold, g)
		b.size += len(g.Document.Text)
		if (len(b.gold) == batchDocuments || b.size >= batchBytes) && !send() {
			return context.Cause(ctx)
		}
	}
	if len(b.gold) > 0 {
		send()
	}

	return context.Cause(ctx)
}

// batch is some documents on their way through.
type batch struct {
	gold   []corpus.Gold
	size   int
	done   chan struct{} // closed when the rest is set
	bytes  []byte
	err    error
	blocks map[corpus.Class]int
	spans  map[string]int
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

func newBatch() *batch {
	return &batch{gold: make([]corpus.Gold, 0, batchDocuments), done: make(chan struct{})}
}

func (b *batch) encode(f Format, names names) {
	b.blocks, b.spans = map[corpus.Class]int{}, map[string]int{}
	b.bytes = (*buffers.Get().(*[]byte))[:0]
	for _, g := range b.gold {
		if b.err = check(g, names.labels); b.err == nil {
			b.bytes, b.err = f.append(b.bytes, g, names)
		}
		if b.err != nil {
			b.err = fmt.Errorf("document %d (%s): %w", g.Document.ID, g.Document.Key(), b.err)
			return
		}
		for _, p := range g.Pieces {
			b.blocks[p.Class]++
		}
		for _, s := range g.Spans {
			b.spans[names.labels[s.Label]]++
		}
	}
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

// writer writes batches and counts what it wrote.
type writer struct {
	w        io.Writer
	hash     hash.Hash
	manifest Manifest
}

// write is an error where ctx has ended, also by an earlier error.
func (o *writer) write(ctx context.Context, b *batch) error {
	defer func() { buffers.Put(&b.bytes) }()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case b.err != nil:
		return b.err
	}
	if _, err := o.w.Write(b.bytes); err != nil {
		return fmt.Errorf("write: %w", err)
	}

	o.hash.Write(b.bytes)
	m := &o.manifest
	m.Documents += len(b.gold)
	m.Bytes += int64(len(b.bytes))
	for _, g := range b.gold {
		m.Newest = max(m.Newest, g.ID)
	}
	add(m.Blocks, b.blocks)
	add(m.Spans, b.spans)

	return nil
}

func add[K comparable](to, more map[K]int) {
	for k, n := range maps.All(more) {
		to[k] += n
	}
}
