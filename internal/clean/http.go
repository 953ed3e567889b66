package clean

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// HTTP is a cleaner at an address. Each document is posted to it as the JSON
// object that a Command of JSON Lines reads; it answers with such a program's
// answer as application/json, or with the cleaned text as text/plain.
//
// The zero value with a URL is ready for use.
type HTTP struct {
	URL       string
	Name      string        // "" for the host's
	Version   string        // as its maker says
	Limit     time.Duration // for a document, 0 for the usual
	MaxOutput int           // bytes for a document, 0 for the usual
	Client    *http.Client  // nil for a usual one

	answered atomic.Bool // it was there once
}

// About names it by its host. Config stands for the address, which may have a
// secret in it.
func (c *HTTP) About() corpus.Cleaner {
	name := c.Name
	if u, err := url.Parse(c.URL); name == "" && err == nil {
		name = u.Host
	}
	return corpus.Cleaner{Name: cmp.Or(name, "url"), Version: c.Version, Config: short([]byte(c.URL))}
}

// Clean posts one document. A run stops where nobody is at the address when the
// first document is sent.
func (c *HTTP) Clean(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	start := time.Now()
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return score.Prediction{}, corpus.Invalidf("url", "%q is no address of a cleaner; it begins with http:// or https://", clip(c.URL, 200))
	}
	body, err := question(d)
	if err != nil {
		return failed(start, "%s", err), nil
	}
	limit := cmp.Or(c.Limit, Limit)
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, err := http.NewRequestWithContext(limited, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return score.Prediction{}, corpus.Invalidf("url", "%q is no address of a cleaner", clip(c.URL, 200))
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/plain")

	p, err := c.ask(r, d, start)
	switch {
	case err == nil:
		return p, nil
	case ctx.Err() != nil:
		return score.Prediction{}, ctx.Err()
	case limited.Err() != nil:
		return tooSlow(start, limit, ""), nil
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" && !c.answered.Load() {
		return score.Prediction{}, corpus.Invalidf("url", "nobody answers at %s: %s", u.Host, detail(op.Err.Error()))
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok { // without the address, which is the same each time
		err = wrapped.Err
	}

	return failed(start, "%s", err), nil
}

func (c *HTTP) ask(r *http.Request, d corpus.Document, start time.Time) (score.Prediction, error) {
	got, err := cmp.Or(c.Client, http.DefaultClient).Do(r)
	if err != nil {
		return score.Prediction{}, err
	}
	defer got.Body.Close()
	c.answered.Store(true)

	most := cmp.Or(c.MaxOutput, MaxOutput)
	b, err := io.ReadAll(io.LimitReader(got.Body, int64(most)+1))
	switch {
	case err != nil:
		return score.Prediction{}, err
	case got.StatusCode < 200 || got.StatusCode > 299:
		return failed(start, "it answered %s: %s", got.Status, clip(strings.ToValidUTF8(string(b[:min(len(b), 2000)]), "\ufffd"), 200)), nil
	case len(b) > most:
		return failed(start, "its answer is longer than %s", size(most)), nil
	}

	kind, parameters, _ := mime.ParseMediaType(got.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return understand(b, d, false, start)
	case "text/plain":
		s, err := decode(b, strings.ToLower(cmp.Or(parameters["charset"], "utf-8")))
		if err != nil {
			return score.Prediction{}, err
		}
		if at := invalidUTF8(b); at >= 0 && parameters["charset"] == "" {
			return score.Prediction{}, fmt.Errorf("its answer is not UTF-8, from byte %d on", at)
		}
		return answer(start, strings.TrimRight(text.Normalise(s), "\n")), nil
	default:
		return failed(start, "its answer is %q, which is neither application/json nor text/plain", clip(kind, 60)), nil
	}
}
