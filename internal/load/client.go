package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// client is one browser's connection. It is not safe for concurrent use.
type client struct {
	address string // host:port
	from    int    // connects from 127.0.0.from, 0 for any
	cookie  string // NAME=VALUE

	conn net.Conn
	r    *bufio.Reader
	out  []byte
	body []byte
}

// patience is how long an answer may take.
const patience = 2 * time.Minute

func (c *client) dial() error {
	d := net.Dialer{}
	if c.from > 0 {
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, byte(c.from>>8), byte(c.from))}
	}
	conn, err := d.Dial("tcp", c.address)
	if err != nil && c.from > 0 { // this machine has but one loopback address
		conn, err = net.Dial("tcp", c.address)
	}
	if err != nil {
		return err
	}
	c.conn, c.r = conn, bufio.NewReaderSize(conn, 64<<10)

	return nil
}

// moveTo is for a server that was started anew.
func (c *client) moveTo(address string) {
	if c.conn != nil {
		c.conn.Close()
	}
	c.conn, c.address = nil, address
}

// answer is what came back. Its body is good until the next request.
type answer struct {
	status   int
	body     []byte
	cookie   string // NAME=VALUE that the server set
	location string
}

// do sends one request. A connection that the server has closed is opened
// anew, but nothing is sent twice.
func (c *client) do(method, path, contentType string, length int, body func(io.Writer) error) (answer, error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return answer{}, err
		}
	}
	b := append(c.out[:0], method...)
	b = append(append(append(b, ' '), path...), " HTTP/1.1\r\nHost: "...)
	accept := "text/html"
	if contentType == "application/json" {
		accept = contentType
	}
	b = append(append(append(append(b, c.address...), "\r\nAccept: "...), accept...), "\r\n"...)
	if c.cookie != "" {
		b = append(append(append(b, "Cookie: "...), c.cookie...), "\r\n"...)
	}
	if body != nil || method == "POST" {
		b = append(append(append(b, "Content-Type: "...), contentType...), "\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(length), 10), "\r\n"...)
	}
	b = append(b, "\r\n"...)

	err := c.conn.SetDeadline(time.Now().Add(patience))
	if body == nil || length > 1<<20 {
		if err == nil {
			_, err = c.conn.Write(b)
		}
		if err == nil && body != nil {
			err = body(c.conn)
		}
	} else if err == nil {
		small := bytes.NewBuffer(b)
		if err = body(small); err == nil {
			b = small.Bytes()
			_, err = c.conn.Write(b)
		}
	}
	c.out = b
	var a answer
	if err == nil {
		a, err = c.read()
	}
	if err != nil {
		c.conn.Close()
		c.conn = nil
		err = fmt.Errorf("%s %s: %w", method, path, err)
	}

	return a, err
}

// read takes one answer off the connection.
func (c *client) read() (answer, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return answer{}, err
	}
	if len(line) < 12 {
		return answer{}, fmt.Errorf("no answer of HTTP: %q", line)
	}
	var a answer
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return answer{}, err
	}
	length, chunked, closed := -1, false, false
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return answer{}, err
		}
		name, value, found := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(":"))
		if !found {
			break
		}
		value = bytes.TrimSpace(value)
		switch strings.ToLower(string(name)) {
		case "content-length":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return answer{}, err
			}
		case "transfer-encoding":
			chunked = true
		case "connection":
			closed = bytes.EqualFold(value, []byte("close"))
		case "location":
			a.location = string(value)
		case "set-cookie":
			pair, _, _ := strings.Cut(string(value), ";")
			if !strings.HasSuffix(pair, "=") {
				a.cookie = pair
			}
		}
	}

	c.body = c.body[:0]
	switch {
	case chunked:
		err = c.chunks()
	case length > 0:
		err = c.take(length)
	}
	a.body = c.body
	if closed {
		c.conn.Close()
		c.conn = nil
	}

	return a, err
}

func (c *client) take(n int) error {
	at := len(c.body)
	if cap(c.body)-at < n {
		grown := make([]byte, at, max(2*cap(c.body), at+n))
		copy(grown, c.body)
		c.body = grown
	}
	c.body = c.body[:at+n]
	_, err := io.ReadFull(c.r, c.body[at:])

	return err
}

func (c *client) chunks() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return err
		}
		if n > 0 {
			if err := c.take(int(n)); err != nil {
				return err
			}
		}
		if _, err := c.r.Discard(2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// get wants 200 and returns the body, which is good until the next request.
func (c *client) get(path string) ([]byte, error) {
	a, err := c.do("GET", path, "", 0, nil)
	if err == nil && a.status != 200 {
		err = fmt.Errorf("GET %s: status %d", path, a.status)
	}

	return a.body, err
}

// send posts and wants an answer of the 200s, or a redirection.
func (c *client) send(path, contentType string, body []byte) (answer, error) {
	a, err := c.do("POST", path, contentType, len(body), func(w io.Writer) error { _, err := w.Write(body); return err })
	if err == nil && a.status >= 400 {
		err = fmt.Errorf("POST %s: status %d: %.300s", path, a.status, a.body)
	}

	return a, err
}

// post sends a form.
func (c *client) post(path string, form map[string]string) error {
	values := url.Values{}
	for k, v := range form {
		values.Set(k, v)
	}
	_, err := c.send(path, "application/x-www-form-urlencoded", []byte(values.Encode()))

	return err
}

// signIn sends a form that answers with a session.
func (c *client) signIn(path string, form map[string]string) error {
	values := url.Values{}
	for k, v := range form {
		values.Set(k, v)
	}
	a, err := c.send(path, "application/x-www-form-urlencoded", []byte(values.Encode()))
	if err != nil {
		return err
	}
	if a.cookie == "" {
		return fmt.Errorf("POST %s: status %d and no session", path, a.status)
	}
	c.cookie = a.cookie

	return nil
}

// upload sends a file as a browser does and returns where the import goes on.
func (c *client) upload(path, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	if _, err := form.CreateFormFile("file", filepath.Base(file)); err != nil {
		return "", err
	}
	end := "\r\n--" + form.Boundary() + "--\r\n"
	a, err := c.do("POST", path, form.FormDataContentType(), head.Len()+int(info.Size())+len(end), func(w io.Writer) error {
		if _, err := w.Write(head.Bytes()); err != nil {
			return err
		}
		if _, err := io.Copy(w, f); err != nil {
			return err
		}
		_, err := io.WriteString(w, end)
		return err
	})
	if err == nil && a.location == "" {
		err = fmt.Errorf("POST %s: status %d: %.300s", path, a.status, a.body)
	}

	return a.location, err
}

// person is somebody at work: a browser and the document in it.
type person struct {
	*client
	document  int
	annotator int
	blocks    []int // starts
	left      int   // actions until the next document
	made      int   // actions so far, over all documents
	took      time.Duration
	nextAt    time.Time
}

// actions is how many a person makes in one document.
const actions = 50

// save makes one action and remembers how long it took; going on to another
// document does not count.
func (p *person) save(in project) error {
	if p.left == 0 {
		p.document = in.first + (p.made/actions*97+p.from*131)%in.n
		body, err := p.get(fmt.Sprintf("/documents/%d/state", p.document))
		if err != nil {
			return err
		}
		var state struct {
			Annotator int
			Blocks    [][]any
		}
		if err := json.Unmarshal(body, &state); err != nil {
			return err
		}
		p.annotator, p.left, p.blocks = state.Annotator, actions, p.blocks[:0]
		for _, b := range state.Blocks {
			p.blocks = append(p.blocks, int(b[0].(float64)))
		}
		if len(p.blocks) == 0 {
			return fmt.Errorf("document %d has no blocks", p.document)
		}
	}
	p.left--
	p.made++
	block, class := p.blocks[p.made%len(p.blocks)], "body"
	if p.made/len(p.blocks)%2 == 1 {
		class = "boilerplate"
	}
	body := fmt.Appendf(nil, `{"annotator":%d,"events":[{"id":"load-%d-%d-%d","kind":"class","from":%d,"to":%d,"class":%q}]}`, p.annotator, p.from, p.document, p.made, block, block, class)

	began := time.Now()
	a, err := p.send(fmt.Sprintf("/documents/%d/events", p.document), "application/json", body)
	p.took = time.Since(began)
	if err == nil && (!bytes.Contains(a.body, []byte(`"applied":["`)) || bytes.Contains(a.body, []byte(`"refused":[{`))) {
		err = fmt.Errorf("an action was refused: %.500s", a.body)
	}

	return err
}

// paced calls do once each so often, counted from the last time.
func (p *person) paced(ctx context.Context, each time.Duration, do func() error) error {
	if wait := time.Until(p.nextAt); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errEnough
		}
	}
	p.nextAt = time.Now().Add(each)

	return do()
}

// errEnough says that a person stopped because it is over.
var errEnough = errors.New("enough")

// atWork is what the page of an import holds while it runs: it asks again.
var atWork = []byte("every 500ms")

// wait asks for the page of an import until it has ended, and returns that.
func (c *client) wait(ctx context.Context, path string) ([]byte, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		body, err := c.get(path)
		if err != nil || !bytes.Contains(body, atWork) {
			return body, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
