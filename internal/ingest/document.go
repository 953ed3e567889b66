package ingest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"net"
	"net/url"
	"path"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/sync/semaphore"

	"annotate/internal/corpus"
	"annotate/internal/segment"
	"annotate/internal/text"
)

// Document makes a document of a page: the one place where text is decoded,
// normalised and cut. cutting is a name in segment.Rules; it concerns plain
// text without blocks of its own. The error is a *corpus.Problem for a page
// that cannot be taken and a *corpus.Invalid for an unknown rule.
//
// The name is the title, else the file's name, else the id where it is not a
// hash, else the first words; the language is the declared one, else a guess
// where a sample leaves no doubt. What a page of HTML says about itself (title,
// published, author, sitename, canonical) goes to the metadata, and its
// canonical address is the document's, where the importer gave none.
func Document(p Page, cutting string) (corpus.Incoming, error) {
	in, err := document(p, cutting)
	var invalid *corpus.Invalid
	if err == nil || errors.As(err, &invalid) {
		return in, err
	}

	return corpus.Incoming{}, problem(p, err.Error())
}

func document(p Page, cutting string) (corpus.Incoming, error) {
	in := corpus.Incoming{File: p.File, Line: p.Line}
	in.MediaType, in.Meta = p.MediaType, p.Meta

	r, t, err := p.read()
	if err != nil {
		return in, err
	}
	raw := p.Raw
	var came string // the source as a string of UTF-8
	if p.MediaType == Record {
		switch {
		case r.Text != nil && r.HTML != nil:
			return in, errors.New("the record has both text and html; keep the one that is to be labelled")
		case r.Text != nil:
			in.MediaType, came = "text/plain", *r.Text
		case r.HTML != nil:
			in.MediaType, came = "text/html", *r.HTML
		default:
			return in, errors.New("the record has neither text nor html")
		}
		in.Charset, raw = "utf-8", []byte(came)
	} else {
		came, in.Charset = decode(p.Raw, p.Charset, p.MediaType == "text/html")
	}
	if p.MediaType == Record || t != nil {
		p.ID, p.URL, p.Name, p.Language, in.Meta = cmp.Or(r.ID, p.ID), r.URL, r.Title, r.Language, r.Meta
		in.Split = r.Split
	}
	if in.Meta == "" {
		in.Meta = "{}"
	}
	if len(p.ID) > maxID {
		return in, fmt.Errorf("the id is longer than %d bytes", maxID)
	}

	var info segment.Info
	if err := cut(&in, came, cutting, &info); err != nil {
		return in, err
	}
	textHash, sourceHash := sha256.Sum256([]byte(in.Text)), [32]byte{}
	if sourceHash = textHash; in.Text != string(raw) {
		in.Source, sourceHash = raw, sha256.Sum256(raw)
	}
	in.SHA256, in.SourceHash = hex.EncodeToString(textHash[:]), hex.EncodeToString(sourceHash[:])
	if p.MediaType == Record && t == nil {
		if err := errors.Join(r.checkHash(textHash, sourceHash), r.label(&in)); err != nil {
			return in, err
		}
	}
	switch {
	case len(in.Blocks) == 0:
		return in, errors.New("there is no visible text in it" + wanting(in.MediaType, info))
	case len(in.Blocks) > MaxBlocks:
		return in, fmt.Errorf("it would be cut into %d blocks; at most %d can be labelled", len(in.Blocks), MaxBlocks)
	case t != nil:
		if err := p.foreign.labelled(&in, t, came); err != nil {
			return in, err
		}
	}

	tells := tellsOf(info, p.URL)
	if in.Meta, err = tells.into(in.Meta); err != nil {
		return in, err
	}
	in.ExternalID, in.URL = p.ID, cmp.Or(p.URL, tells.canonical)
	in.Site = site(in.URL)
	in.Name = name(p, info.Title, in.Text, in.Blocks[0].Range)
	if in.Language = cmp.Or(tag(p.Language), tells.language); in.Language == "" {
		in.Language = guess(in.Text)
	}

	return in, nil
}

// read is what a record says, and where it is of another tool also its labels.
func (p Page) read() (record, *task, error) {
	switch {
	case p.foreign != nil:
		t, err := p.foreign.parse(p)
		return t.record, &t, err
	case p.MediaType == Record:
		r, err := parseRecord(p.Raw)
		return r, nil, err
	}

	return record{}, nil, nil
}

// wanting says why a page may be without text that people see in a browser.
func wanting(mediaType string, info segment.Info) string {
	switch {
	case mediaType != "text/html":
		return ""
	case info.Framed:
		return "; what it shows is in frames, which are pages of their own"
	}
	return "; where scripts make the text, take the page as a browser saves it"
}

// cut makes the text and the blocks.
func cut(in *corpus.Incoming, came, cutting string, info *segment.Info) (err error) {
	s := text.Normalise(came)
	if in.MediaType == "text/html" {
		in.Text, in.Blocks, *info, in.Segmenter, err = segment.HTML(s)
		return err
	}
	in.Text = s
	in.Blocks, in.Segmenter, err = segment.Plain(s, cutting)

	return err
}

const (
	maxID   = 1000 // bytes
	maxName = 200  // code points
)

// hashLike are ids that programs gave and nobody can tell apart.
var hashLike = regexp.MustCompile(`^(?:[a-z0-9]{1,10}:){0,2}[0-9A-Fa-f-]{24,}$`)

// name is what people see in lists.
func name(p Page, title, t string, opening text.Range) string {
	file := ""
	if p.Line == 0 && p.File != "-" {
		file = path.Base(p.File)
		if file == "." || file == "/" {
			file = ""
		}
	}
	id := p.ID
	if hashLike.MatchString(id) {
		id = ""
	}
	for _, n := range []string{p.Name, title, file, id} {
		if n = oneLine(n, maxName); n != "" {
			return n
		}
	}

	return oneLine(text.NewIndex(t).Slice(opening), 60)
}

// oneLine makes a name of a text: white space collapsed, controls dropped, cut
// to n code points.
func oneLine(s string, n int) string {
	s = s[:min(len(s), 4*4*n)]
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= n {
		return s
	}

	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}

// site is the registrable domain of an address: "bbc.co.uk" for
// "https://www.bbc.co.uk/news". Where there is none it is the host.
func site(address string) string {
	if address == "" {
		return ""
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if net.ParseIP(host) != nil {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}

	return strings.TrimPrefix(host, "www.")
}

// inFlight bounds the bytes of pages that are being made into documents, as
// weighed by weigh.
const inFlight = 96 << 20

// weigh is about how much memory the making of a page takes: an HTML page has
// a tree.
func weigh(p Page) int64 {
	n := int64(len(p.Raw)+len(p.beside))*3 + 4096
	if p.MediaType == "text/html" || p.MediaType == Record && bytes.Contains(p.Raw, []byte(`"html"`)) {
		n *= 4
	}
	return min(n, inFlight)
}

// job is one page on its way through the workers; done is closed when in and
// err are set.
type job struct {
	page   Page
	in     corpus.Incoming
	err    error
	weight int64
	done   chan struct{}
}

// Documents makes the pages into documents, on all cores and in their order:
// what the store imports. A second record with an id that was there before is a
// Problem that names both. It stops soon after ctx ends or the caller stops;
// where pages is then waiting for input, that one read ends in its own time.
func Documents(ctx context.Context, pages iter.Seq2[Page, error], cutting string) iter.Seq2[corpus.Incoming, error] {
	return documents(ctx, pages, cutting, runtime.GOMAXPROCS(0))
}

// DocumentsBeside is Documents for a server in which people label meanwhile:
// it leaves a core to them, where there is more than one.
func DocumentsBeside(ctx context.Context, pages iter.Seq2[Page, error], cutting string) iter.Seq2[corpus.Incoming, error] {
	return documents(ctx, pages, cutting, max(1, runtime.GOMAXPROCS(0)-1))
}

func documents(ctx context.Context, pages iter.Seq2[Page, error], cutting string, workers int) iter.Seq2[corpus.Incoming, error] {
	return func(yield func(corpus.Incoming, error) bool) {
		if _, _, err := segment.Plain("", cutting); err != nil {
			yield(corpus.Incoming{}, err)
			return
		}

		ctx, cancel := context.WithCancel(ctx)
		jobs, order := make(chan *job, 2*workers), make(chan *job, 256)
		budget := semaphore.NewWeighted(inFlight)
		go feed(ctx, pages, budget, jobs, order)
		var working sync.WaitGroup
		for range workers {
			working.Go(func() {
				for j := range jobs {
					if ctx.Err() == nil {
						j.in, j.err = Document(j.page, cutting)
					}
					close(j.done)
				}
			})
		}
		defer cancel()

		ids := seen{at: map[uint64]spot{}}
		for {
			var j *job
			var more bool
			select {
			case j, more = <-order:
			case <-ctx.Done():
				yield(corpus.Incoming{}, ctx.Err())
				return
			}
			if !more {
				if err := ctx.Err(); err != nil {
					yield(corpus.Incoming{}, err)
				}
				working.Wait()
				return
			}
			select {
			case <-j.done:
			case <-ctx.Done():
			}
			if err := ctx.Err(); err != nil { // workers leave the rest undone
				yield(corpus.Incoming{}, err)
				return
			}

			if j.err == nil {
				j.err = ids.check(j.in)
			}
			if j.err != nil {
				j.in = corpus.Incoming{}
			}
			if !yield(j.in, j.err) || j.err != nil && !goesOn(j.err) {
				return
			}
			budget.Release(j.weight)
		}
	}
}

// goesOn reports whether an error of a stream concerns one record or file.
func goesOn(err error) bool {
	var p *corpus.Problem
	var n *corpus.Note

	return errors.As(err, &p) || errors.As(err, &n)
}

// feed hands the pages to the workers, and in the same order to who collects.
func feed(ctx context.Context, pages iter.Seq2[Page, error], budget *semaphore.Weighted, jobs, order chan<- *job) {
	defer close(jobs)
	defer close(order)
	for p, err := range pages {
		j := &job{page: p, err: err, done: make(chan struct{})}
		if err != nil {
			close(j.done)
		} else {
			j.weight = weigh(p)
			if budget.Acquire(ctx, j.weight) != nil {
				return
			}
			select {
			case jobs <- j:
			case <-ctx.Done():
				return
			}
		}
		select {
		case order <- j:
		case <-ctx.Done():
			return
		}
	}
}

// seen remembers the ids of one import run, each as a hash of 64 bits: a
// million take some 40 MB less than the ids themselves would.
type seen struct {
	at    map[uint64]spot
	files []string
}

type spot struct{ file, line uint32 }

var seed = maphash.MakeSeed()

// check is a Problem where the id of in was there before.
func (s *seen) check(in corpus.Incoming) error {
	id := in.ExternalID
	switch {
	case id != "":
	case in.Pieces == nil && !in.Draft:
		return nil
	default: // the same text, labelled once more: by somebody else, as a rule
		id = "sha256:" + in.SHA256
	}
	key := maphash.String(seed, id)
	if first, twice := s.at[key]; twice {
		where := (&corpus.Problem{File: s.files[first.file], Line: int(first.line), Reason: "x"}).Error()
		where = strings.TrimSuffix(where, ": x")
		if in.ExternalID == "" {
			return &corpus.Problem{File: in.File, Line: in.Line,
				Reason: fmt.Sprintf("the same text stands twice with labels in this import, first in %s; import the labels of one person at a time", where)}
		}
		return &corpus.Problem{File: in.File, Line: in.Line,
			Reason: fmt.Sprintf("the id %s stands twice in this import, first in %s; ids name one document each", short(in.ExternalID), where)}
	}
	if n := len(s.files); n == 0 || s.files[n-1] != in.File {
		s.files = append(s.files, in.File)
	}
	s.at[key] = spot{uint32(len(s.files) - 1), uint32(in.Line)}

	return nil
}

// blank reports whether there is nothing but white space and a byte order mark.
func blank(raw []byte) bool {
	return len(bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))) == 0
}
