package files

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"sync"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Predictions are all that a cleaner said, by document. Only the place of each
// is in memory, with its id and the hashes of its other keys, some 100 to 200
// bytes; the rest is read again when it is asked for.
type Predictions struct {
	source  *source
	format  Format
	column  string
	cleaner corpus.Cleaner

	places []place
	ids    []byte  // one after the other
	ends   []int64 // of the ids
	index  [ways]index
	given  []given
}

// given is to which document a prediction went, and how it was found.
type given struct {
	to uint64 // hash of the document's keys
	by way    // 0 where nobody asked for it
}

// Open reads a file or a folder of predictions from beginning to end and checks
// every one of them; an error is a *corpus.Problem with file and line, or says
// that the options are wrong. Close must be called.
func Open(path string, o Options) (*Predictions, error) {
	s, err := openPath(path)
	if err != nil {
		return nil, err
	}
	return predictions(s, o)
}

// OpenReader does the same with a stream, which is kept in a temporary file.
// name is what it is called in messages, and its ending says what it is where
// its content does not.
func OpenReader(r io.Reader, name string, o Options) (*Predictions, error) {
	s, err := openReader(r, name)
	if err != nil {
		return nil, err
	}
	return predictions(s, o)
}

func predictions(s *source, o Options) (*Predictions, error) {
	p := &Predictions{source: s}
	if err := p.scan(o); err != nil {
		return nil, s.give(err)
	}
	return p, nil
}

func (p *Predictions) scan(o Options) error {
	var err error
	if p.format, err = p.source.recognise(o); err != nil {
		return err
	}
	switch {
	case p.format.Name == "webmainbench":
		if p.column, err = p.source.column(o); err != nil {
			return err
		}
	case o.Column != "":
		return corpus.Invalidf("column", "a column is chosen only in results of WebMainBench; %s is of the format %s", p.source.path, p.format.Name)
	}

	var about corpus.Cleaner
	for f, err := range p.source.walk(p.format, &about) {
		if err != nil {
			return err
		}
		it, err := p.format.parse(input{id: f.id, raw: f.raw, column: p.column, brief: true})
		if err == nil {
			err = p.add(f.place, it)
		}
		if err != nil {
			return wrong(p.source.at(f.place), int(f.line), err)
		}
	}
	if len(p.places) == 0 {
		return problem(p.source.path, 0, "no prediction is in it")
	}
	if p.cleaner.Name == "" && p.cleaner.Version == "" {
		p.cleaner = about
	}
	for w := range p.index {
		p.index[w].seal()
	}
	p.places, p.ids, p.ends = slices.Clone(p.places), slices.Clone(p.ids), slices.Clone(p.ends) // without room to grow
	p.given = make([]given, len(p.places))

	return p.unique()
}

func (p *Predictions) add(at place, it item) error {
	n := len(p.places)
	switch {
	case n == maxRecords:
		return fmt.Errorf("there are more than %d records", maxRecords)
	case it.ID == "" || len(it.ID) > maxID:
		return errID
	case it.snippets && it.text == nil && !it.cut && !it.labels:
		return errors.New("it is gold: it has snippets and no text")
	}
	if n == 0 {
		p.cleaner = it.cleaner
	}
	p.places = append(p.places, at)
	p.ids = append(p.ids, it.ID...)
	p.ends = append(p.ends, int64(len(p.ids)))
	it.Name = fileName(it.Name, it.ID)
	for w, key := range it.each {
		if w != byName || key != it.ID { // it is found by the id, see with
			p.index[w].add(key, n)
		}
	}

	return nil
}

// unique holds the ids against each other.
func (p *Predictions) unique() error {
	twice := -1
	ids := p.index[byID]
	for i := 1; i < len(ids); i++ {
		if a, b := ids[i-1], ids[i]; a.hash == b.hash && p.ID(int(a.n)) == p.ID(int(b.n)) && (twice < 0 || int(b.n) < twice) {
			twice = int(b.n)
		}
	}
	if twice < 0 {
		return nil
	}
	at := p.places[twice]

	return problem(p.source.at(at), int(at.line), "the id %q is there twice", p.ID(twice))
}

// Close removes what was unpacked. Nothing can be read after it.
func (p *Predictions) Close() error { return p.source.close() }

// Len is how many predictions there are.
func (p *Predictions) Len() int { return len(p.places) }

// Format is in which of Formats they came.
func (p *Predictions) Format() string { return p.format.Name }

// Cleaner is whose they are, as the first of them or the file around them says;
// zero where neither does.
func (p *Predictions) Cleaner() corpus.Cleaner { return p.cleaner }

// ID is the id of a prediction: its own, or else the address, file or key that
// it came with.
func (p *Predictions) ID(n int) string {
	from := int64(0)
	if n > 0 {
		from = p.ends[n-1]
	}
	return string(p.ids[from:p.ends[n]])
}

// Match finds the prediction for a document and marks it as used. by says by
// which key: "id", "url", "file", "page" or "text". A key that several
// predictions share finds none of them. A prediction goes to one document;
// another one gets it too only where it has a surer key. Asking again for the
// same document finds the same.
//
// It is not for concurrent use; the first to ask for a prediction gets it, so
// the order of the documents matters.
func (p *Predictions) Match(k Keys) (n int, by string, ok bool) {
	to := maphash.Comparable(seed, k)
	for w, key := range k.each {
		n, ok := p.with(w, key)
		if !ok {
			continue
		}
		g := &p.given[n]
		if g.by == 0 || w < g.by {
			*g = given{to, w}
		}
		if g.to == to {
			return n, wayNames[w], true
		}
	}

	return 0, "", false
}

// with is the only prediction that has a key.
func (p *Predictions) with(w way, key string) (n int, ok bool) {
	found := p.index[w].all(key)
	if w == byName {
		found = append(slices.Clip(found), p.index[byID].all(key)...)
	}
	if len(found) != 1 {
		return 0, false
	}
	return int(found[0].n), true
}

// Unused are the ids of predictions that no document asked for, in their order.
func (p *Predictions) Unused() []string {
	var out []string
	for n, g := range p.given {
		if g.by == 0 {
			out = append(out, p.ID(n))
		}
	}
	return out
}

// For is the prediction for a document; one that is Missing where there is
// none.
func (p *Predictions) For(g score.Gold) (score.Prediction, error) {
	n, _, ok := p.Match(KeysOf(g))
	if !ok {
		return score.Prediction{Status: score.Missing}, nil
	}
	return p.Read(n, g.Page, g.Blocks != nil)
}

// buffers are for the bytes of a record while it is parsed.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Read reads a prediction again. Its ranges are held against the page, which is
// the text of the document, and what came as blocks of it becomes text. It may
// be called by several at once.
func (p *Predictions) Read(n int, page string, hasPage bool) (score.Prediction, error) {
	at := p.places[n]
	buf := buffers.Get().(*[]byte)
	raw, err := p.source.read(at, *buf)
	if err != nil {
		return score.Prediction{}, err
	}
	if cap(raw) <= 1<<20 {
		*buf = raw
		defer buffers.Put(buf)
	}
	id := p.ID(n)
	it, err := p.format.parse(input{id: id, raw: raw, column: p.column})
	if err == nil && it.ID != id {
		err = errors.New("another record stands here than before; was the file changed?")
	}
	if err == nil && !it.own {
		switch {
		case hasPage:
			err = it.within(page)
		case it.cut:
			err = fmt.Errorf("the prediction for %q has blocks, and gold has no page that they could be of", id)
		}
	}
	if err != nil {
		return score.Prediction{}, wrong(p.source.at(at), int(at.line), err)
	}

	out := score.Prediction{Status: it.status, Spans: it.spans, Labels: it.labels, Millis: it.millis, Detail: it.detail}
	if it.cut && !it.own {
		out.Blocks = it.blocks
	}
	t, ok := it.body()
	if !ok {
		t = score.BodyText(page, it.blocks)
	}
	out.Text = t

	return out, nil
}
