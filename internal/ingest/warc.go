package ingest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"

	"annotate/internal/corpus"
)

// PageTypes are the media types of pages that are taken out of web archives.
var PageTypes = []string{"text/html", "application/xhtml+xml", "text/plain"}

// What a record's own lines may take; a response's header has more room, for
// cookies and policies.
const (
	maxRecordHeader   = 64 << 10
	maxResponseHeader = 256 << 10
)

// version is the first line of a record. Before 1.0 there were drafts that
// crawlers wrote for years.
var version = regexp.MustCompile(`\AWARC/(?:0\.1[5-9]|1\.\d)[ \t]*\r?\n?\z`)

// webArchive reads WARC 1.0 and 1.1 (ISO 28500) and WET, which is WARC of texts.
// The well-kept library for it is a crawler's, and brings what a crawler needs;
// here, what is damaged must not end the reading.
type webArchive struct {
	f   *finder
	in  file
	b   *bufio.Reader
	h   *bufio.Reader // of the header of a response, over its block
	pos int64         // of the next byte, after decompression
	n   int           // records
	got int           // pages
	out map[string]int

	began int64 // where the record begins …
	raw   int64 // … and its part of the file, -1 where that is not known
}

// checkArchive is a *corpus.Invalid where no page could be as it is asked.
func (o Options) checkArchive() error {
	for _, t := range o.Types {
		if !slices.Contains(PageTypes, t) {
			return corpus.Invalidf("types", "pages of web archives are %s; there is no %q", strings.Join(PageTypes, ", "), t)
		}
	}
	for _, code := range o.Statuses {
		if code < 100 || code > 599 {
			return corpus.Invalidf("statuses", "a status of HTTP is a number from 100 to 599, not %d", code)
		}
	}

	return nil
}

// archiveOf tells files of web archives: warc, mhtml, "index" for what stands
// beside them and holds no page (the lists of paths of Common Crawl, an index of
// captures), "" for others.
func archiveOf(name string, sample []byte) string {
	ext := strings.ToLower(path.Ext(name))
	switch {
	case bytes.HasPrefix(sample, []byte(recordStart)):
		return "warc"
	case ext == ".paths", ext == ".cdx", ext == ".cdxj":
		return "index"
	case extensions[ext] == "mhtml", len(ext) < 2 && savedMail.Match(sample):
		return "mhtml"
	}

	return ""
}

// savedMail is the header of a page that was saved as a message.
var savedMail = regexp.MustCompile(`(?i)\A(?:[A-Za-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?Content-Type:\s*multipart/related`)

// torn is damage of a record, behind which others may stand.
type torn string

func (t torn) Error() string { return string(t) }

// warc finds the pages in the records of a web archive.
func (f *finder) warc(in file, b *bufio.Reader) bool {
	if head, _ := b.Peek(len(recordStart)); string(head) != recordStart {
		return f.refuse(in.shown, 0, "this is not a web archive: it does not begin with WARC/1.0 or WARC/1.1")
	}
	w := &webArchive{f: f, in: in, b: b, h: bufio.NewReaderSize(nil, 64<<10), out: map[string]int{}}
	for {
		err := f.ctx.Err()
		if err == nil {
			err = w.record()
		}
		switch {
		case err == nil:
		case err == io.EOF:
			return w.end()
		case errors.Is(err, errStopped):
			return false
		default:
			if again, ok := w.damaged(err); !again {
				return ok && w.end()
			}
		}
	}
}

// errStopped is that of a walk that the caller ended.
var errStopped = errors.New("stopped")

// damaged reports a record that could not be read, and looks for the next one.
// again is false where there is none; ok is false where the walk is over.
func (w *webArchive) damaged(err error) (again, ok bool) {
	var t torn
	var r refusal
	of := errors.As(err, &t)
	if !of && (w.f.ctx.Err() != nil || w.in.origin.err != nil || errors.As(err, &r)) {
		return false, w.f.broken(w.in, w.n, err)
	}
	why := string(t)
	if !of {
		why = reason(err)
	}
	if !w.f.refuse(w.in.shown, w.n, fmt.Sprintf("the record at %s is damaged: %s", w.place(), why)) {
		return false, false
	}
	if !of && (w.in.packing == nil || !w.in.packing.resync()) {
		return false, true
	}
	if err := w.seek(); err != nil {
		return false, err == io.EOF || w.f.broken(w.in, w.n, err)
	}

	return true, true
}

// place is where a record stands, for who wants to look at it.
func (w *webArchive) place() string {
	if w.in.packing == nil {
		return fmt.Sprintf("byte %d", w.began)
	}
	if w.raw >= 0 {
		return fmt.Sprintf("byte %d of the compressed file", w.raw)
	}
	return fmt.Sprintf("byte %d after decompression", w.began)
}

// seek goes to the next line that begins a record. io.EOF is that there is none.
func (w *webArchive) seek() error {
	for inside := false; ; {
		if !inside {
			head, _ := w.b.Peek(16)
			if line, _, _ := bytes.Cut(head, []byte("\n")); version.Match(line) {
				return nil
			}
		}
		line, err := w.b.ReadSlice('\n')
		w.pos += int64(len(line))
		inside = err == bufio.ErrBufferFull
		if err == nil || inside {
			continue
		}
		if err == io.EOF || w.f.ctx.Err() != nil || w.in.origin.err != nil || errors.As(err, new(refusal)) {
			return err
		}
		if w.in.packing == nil || !w.in.packing.resync() {
			return io.EOF
		}
	}
}

// end tells what was left out.
func (w *webArchive) end() bool {
	if len(w.out) == 0 {
		return true
	}
	kinds := slices.SortedFunc(maps.Keys(w.out), func(a, b string) int {
		if w.out[a] != w.out[b] {
			return w.out[b] - w.out[a]
		}
		return strings.Compare(a, b)
	})
	var list []string
	for _, k := range kinds {
		list = append(list, fmt.Sprintf("%d × %s", w.out[k], k))
	}

	return w.f.say(w.in.shown, fmt.Sprintf("%d of its %d records are pages; left out: %s", w.got, w.n, strings.Join(list, ", ")))
}

// maxKinds bounds the list of what was left out.
const maxKinds = 40

func (w *webArchive) leave(kind string) {
	if _, known := w.out[kind]; !known && len(w.out) >= maxKinds {
		kind = "others"
	}
	w.out[kind]++
}

// record reads one record. io.EOF is the end of the archive.
func (w *webArchive) record() error {
	h, err := w.header()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(h["content-length"], 10, 64)
	if err != nil || n < 0 {
		return torn("it has no Content-Length, or none that is a number")
	}

	body := &block{w: w, left: n}
	p, kind, err := w.page(h, body)
	var refused refusal
	switch {
	case errors.As(err, &refused) && body.err == nil:
		if !w.f.refuse(w.in.shown, w.n, fmt.Sprintf("%s (the record at %s)", refused, w.place())) {
			return errStopped
		}
	case err != nil:
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	switch {
	case p != nil:
		w.got++
		if !w.f.page(*p) {
			return errStopped
		}
	case err == nil:
		w.leave(kind)
	}

	return nil
}

// header reads the named fields of a record, in lower case; of several of one
// name the first.
func (w *webArchive) header() (map[string]string, error) {
	for { // two line ends stand behind each record, and some writers have more
		c, err := w.b.Peek(1)
		if len(c) == 0 {
			return nil, err
		}
		if c[0] != '\r' && c[0] != '\n' {
			break
		}
		w.b.Discard(1)
		w.pos++
	}
	w.began, w.raw = w.pos, -1
	if w.n++; w.n > w.f.l.Entries {
		return nil, refusal(fmt.Sprintf("the archive holds more than %d records, which is the limit; split it", w.f.l.Entries))
	}
	if w.in.packing != nil {
		if at, ok := w.in.packing.begins(w.began - 1); ok && at.out == w.began {
			w.raw = at.raw
		}
	}

	first, err := w.line()
	if err != nil {
		return nil, err
	}
	if !version.MatchString(first + "\n") {
		return nil, torn("here should be a line such as WARC/1.0; the length of the record before may be wrong")
	}

	return namedFields(w.line, maxRecordHeader, torn("its header is larger than "+size(maxRecordHeader)))
}

// line is the next one of a record's header, without its end.
func (w *webArchive) line() (string, error) {
	line, err := w.b.ReadSlice('\n')
	w.pos += int64(len(line))
	switch {
	case err == bufio.ErrBufferFull:
		return "", torn("a line of its header is too long")
	case err == io.EOF:
		return "", torn("it is cut off inside its header")
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// block is the content of a record. What begins another record in a part of
// its own ends it too early.
type block struct {
	w    *webArchive
	left int64
	err  error // other than io.EOF
}

func (b *block) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.w.pos += int64(n)
	if err != nil {
		b.err = err
	}

	return n, err
}

func (b *block) read(p []byte) (int, error) {
	w := b.w
	if head, err := w.b.Peek(1); len(head) == 0 {
		if err == io.EOF {
			err = torn(fmt.Sprintf("it is cut off, %d bytes before its end", b.left))
		}
		return 0, err
	}
	if w.in.packing != nil {
		if next, ok := w.in.packing.begins(w.began); ok {
			if next.out == w.pos {
				return 0, torn(fmt.Sprintf("another one begins %d bytes before its end", b.left))
			}
			p = p[:min(int64(len(p)), next.out-w.pos)]
		}
	}

	return w.b.Read(p)
}

// page makes a page of a record, or says what else it is. A refusal concerns
// what the record holds, not the archive.
func (w *webArchive) page(h map[string]string, body *block) (p *Page, kind string, err error) {
	r := response{media: h["content-type"], status: statusOK}
	switch kind = strings.ToLower(h["warc-type"]); {
	case h["warc-segment-number"] != "" && kind != "":
		return nil, kind + " in segments", nil
	case kind == "response" && (strings.HasPrefix(strings.ToLower(r.media), "application/http") || r.media == "" && strings.HasPrefix(h["warc-target-uri"], "http")):
		w.h.Reset(body)
		if err := r.read(w.h); err != nil {
			if body.err != nil {
				return nil, "", body.err
			}
			return nil, "", err
		}
	case kind == "resource" && strings.HasPrefix(h["warc-target-uri"], "http"), kind == "conversion":
		w.h.Reset(body)
		r.body = w.h
	case kind == "":
		return nil, "record without a type", nil
	default:
		return nil, kind, nil
	}
	if !w.status(r.status) {
		return nil, fmt.Sprintf("status %d", r.status), nil
	}

	media, charset := r.kind()
	if !slices.Contains(w.types(), media) {
		if media = oneLine(media, 60); media == "" {
			media = "content without a type"
		}
		return nil, media, nil
	}
	if limit := w.f.l.Document; r.plain() && r.length(body) > limit {
		return nil, "", refusal(fmt.Sprintf("the page is larger than %s, which is the limit for one document", size(limit)))
	}
	raw, err := r.content(w.f.l.Document, body)
	switch {
	case body.err != nil:
		return nil, "", body.err
	case err != nil:
		return nil, "", err
	case blank(raw):
		return nil, "page without content", nil
	}
	if what := binaryFile(raw); what != "" {
		return nil, what + " called " + media, nil
	}

	p = &Page{File: w.in.shown, Line: w.n, ID: bare(h["warc-record-id"]), URL: bare(h["warc-target-uri"]), MediaType: "text/html", Charset: charset, Raw: raw}
	if p.ID == "" {
		p.ID = strings.TrimSpace(p.URL + " " + h["warc-date"])
	}
	if media == "text/plain" {
		p.MediaType = media
	}
	p.Language, _, _ = strings.Cut(h["warc-identified-content-language"], ",")
	p.Meta = archived(h, media, r, kind)

	return p, "", nil
}

// archived is what an archive says of a page.
func archived(h map[string]string, media string, r response, kind string) string {
	meta := struct {
		URL       string `json:"url,omitempty"`
		Date      string `json:"warc_date,omitempty"`
		ID        string `json:"warc_record_id,omitempty"`
		Type      string `json:"content_type"`
		Status    int    `json:"status,omitempty"`
		Truncated string `json:"warc_truncated,omitempty"`
		Broken    bool   `json:"content_broken,omitempty"`
	}{bare(h["warc-target-uri"]), h["warc-date"], bare(h["warc-record-id"]), media, r.status, h["warc-truncated"], r.broken}
	if kind != "response" {
		meta.Status = 0
	}
	b, _ := json.Marshal(meta) // strings and a number

	return string(b)
}

// bare is an address or id without the brackets that WARC 1.0 puts around it.
func bare(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">") }

func (w *webArchive) status(code int) bool {
	if len(w.f.o.Statuses) == 0 {
		return code == statusOK
	}
	return slices.Contains(w.f.o.Statuses, code)
}

func (w *webArchive) types() []string {
	if len(w.f.o.Types) == 0 {
		return PageTypes
	}
	return w.f.o.Types
}

const statusOK = 200

// response is an answer of a web server as it was sent, or what a record holds
// without one.
type response struct {
	status int
	media  string // the Content-Type as it stands there
	coding []string
	body   *bufio.Reader
	broken bool // it cannot be decoded to its end
}

// read reads the status line and the fields of an answer. Servers send what no
// standard allows, and archives keep it, so it is read as browsers read it.
func (r *response) read(b *bufio.Reader) error {
	next := func() (string, error) {
		line, err := b.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return "", refusal("a line of the header of the response is too long")
		}
		if err == io.EOF {
			return "", refusal("the response ends inside its header")
		}
		return strings.TrimRight(string(line), "\r\n"), err
	}
	first, err := next()
	if err != nil {
		return err
	}
	proto, rest, _ := strings.Cut(first, " ")
	code, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if r.status, err = strconv.Atoi(code); err != nil || !strings.HasPrefix(proto, "HTTP/") {
		return refusal("the response does not begin with a line such as HTTP/1.1 200 OK")
	}

	h, err := namedFields(next, maxResponseHeader, refusal("the header of the response is larger than "+size(maxResponseHeader)))
	if err != nil {
		return err
	}
	r.media = h["content-type"]
	for _, f := range []string{"content-encoding", "transfer-encoding"} {
		for c := range strings.SplitSeq(strings.ToLower(h[f]), ",") {
			if c = strings.TrimSpace(c); c != "" && c != "identity" && c != "none" && c != "utf-8" {
				r.coding = append(r.coding, c)
			}
		}
	}
	r.body = b

	return nil
}

// kind is the media type and the charset that the answer names, or what its
// first bytes look like where it names none.
func (r *response) kind() (media, charset string) {
	media, params, err := mime.ParseMediaType(r.media)
	if err != nil { // the parameters make no sense
		media, _, _ = strings.Cut(r.media, ";")
		media = strings.ToLower(strings.TrimSpace(media))
	}
	if media == "" && len(r.coding) == 0 {
		media = "text/plain"
		if head, _ := r.body.Peek(512); looksLikePage(head) {
			media = "text/html"
		}
	}

	return media, params["charset"]
}

func (r *response) plain() bool { return len(r.coding) == 0 }

// length is how many bytes of the content are still to be read.
func (r *response) length(body *block) int64 { return body.left + int64(r.body.Buffered()) }

// content is what was sent, without the codings of its way. An archive may have
// taken them off and left the fields as they were; so each is believed only
// where the bytes look like it.
func (r *response) content(limit int64, body *block) ([]byte, error) {
	if r.plain() {
		raw := make([]byte, r.length(body))
		_, err := io.ReadFull(r.body, raw)
		return raw, err
	}

	var b io.Reader = r.body
	for _, c := range slices.Backward(r.coding) {
		next, close, err := decoded(bufio.NewReaderSize(b, 4<<10), c)
		if err != nil && !errors.As(err, new(refusal)) {
			err = r.garbled()
		}
		if err != nil {
			return nil, err
		}
		defer close()
		b = next
	}
	raw, err := io.ReadAll(io.LimitReader(b, limit+1))
	switch {
	case int64(len(raw)) > limit:
		return nil, refusal(fmt.Sprintf("the page is larger than %s, which is the limit for one document", size(limit)))
	case err != nil && len(raw) == 0:
		return nil, r.garbled()
	}
	r.broken = err != nil // the connection broke off: what came is what a reader saw

	return raw, nil
}

func (r *response) garbled() error {
	return refusal(fmt.Sprintf("the content of the response cannot be decoded (%s)", oneLine(strings.Join(r.coding, ", "), 60)))
}

// chunks takes off the transfer coding of HTTP/1.1 (RFC 9112, 7.1). What knows
// HTTP is not imported here, so that no import can ask the network.
type chunks struct {
	b    *bufio.Reader
	left int64
	some bool
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.left == 0 {
		if c.some {
			if _, err := c.b.ReadSlice('\n'); err != nil { // behind the chunk before
				return 0, io.ErrUnexpectedEOF
			}
		}
		line, err := c.b.ReadSlice('\n')
		if err != nil || !chunkSize.Match(line) {
			return 0, io.ErrUnexpectedEOF
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		c.left, err = strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
		if c.some = true; err != nil || c.left == 0 {
			return 0, cmp.Or(err, io.EOF)
		}
	}
	n, err := c.b.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}

	return n, err
}

var chunkSize = regexp.MustCompile(`\A[0-9A-Fa-f]{1,8}[ \t]*(?:;[^\n]*)?\r?\n`)

// decoded takes one coding off. close must be called.
func decoded(b *bufio.Reader, coding string) (r io.Reader, close func(), err error) {
	head, _ := b.Peek(64)
	close = func() {}
	switch coding {
	case "chunked":
		if chunkSize.Match(head) {
			return &chunks{b: b}, close, nil
		}
	case "gzip", "x-gzip":
		if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) {
			r, err = gzip.NewReader(b)
			return r, close, err
		}
	case "zstd":
		if bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}) {
			d, err := zstdDecoder(b, nil)
			if err != nil {
				return nil, close, err
			}
			return d, d.Close, nil
		}
	case "deflate": // with the header that the standard asks for, or without
		if len(head) > 1 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			r, err = zlib.NewReader(b)
			return r, close, err
		}
		if !looksLikePage(head) {
			return flate.NewReader(b), close, nil
		}
	case "br": // which has no mark of its own
		if !looksLikePage(head) {
			return brotli.NewReader(b), close, nil
		}
	default:
		return nil, close, refusal(fmt.Sprintf("the content of the response is encoded as %s, which is not read; there are gzip, deflate, br and zstd", oneLine(coding, 40)))
	}

	return b, close, nil
}

// looksLikePage tells a page from compressed bytes.
func looksLikePage(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<")) && !binaryBytes(head)
}

// namedFields reads fields to an empty line: names in lower case, of several of
// one name the first, lines that are folded joined. What is larger than limit
// is the error large.
func namedFields(line func() (string, error), limit int, large error) (map[string]string, error) {
	h, last := map[string]string{}, ""
	for n := 0; ; {
		l, err := line()
		if err != nil || l == "" {
			return h, err
		}
		if n += len(l); n > limit {
			return nil, large
		}
		if (l[0] == ' ' || l[0] == '\t') && last != "" {
			h[last] += " " + strings.TrimSpace(l)
			continue
		}
		name, value, ok := strings.Cut(l, ":")
		if !ok {
			continue
		}
		last = ""
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := h[name]; !twice {
			h[name], last = strings.TrimSpace(value), name
		}
	}
}
