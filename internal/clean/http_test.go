package clean_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/score"
)

// serve answers documents by what their id says.
func serve(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var d struct{ ID, URL, MediaType, Text, HTML string }
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			http.Error(w, fmt.Sprint("a bad request: ", err), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		switch d.ID {
		case "record":
			json.NewEncoder(w).Encode(map[string]any{"id": "record", "text": strings.ToUpper(d.Text), "ms": 7})
		case "no id":
			fmt.Fprint(w, `{"text":"x"}`)
		case "page":
			json.NewEncoder(w).Encode(map[string]any{"id": "page", "text": d.MediaType + " " + d.URL + " " + d.HTML + d.Text})
		case "another":
			fmt.Fprint(w, `{"id":"b","text":"x"}`)
		case "broken":
			fmt.Fprint(w, `{"id":"broken","te`)
		case "plain":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "caf\u00e9\r\n\n")
		case "plain latin":
			w.Header().Set("Content-Type", "text/plain; charset=ISO-8859-1")
			fmt.Fprint(w, "caf\xe9")
		case "plain wrong":
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, "caf\xe9")
		case "page of HTML":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<p>x")
		case "long":
			w.Header().Set("Content-Type", "text/plain")
			for range 100 {
				fmt.Fprint(w, strings.Repeat("x", 10_000))
			}
		case "cut off":
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"id":"cut off"`)
		case "hang":
			<-r.Context().Done()
		default:
			http.Error(w, "no model is loaded", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)

	return s
}

func TestACleanerAtAnAddress(t *testing.T) {
	c := &clean.HTTP{URL: serve(t).URL + "/clean", Limit: 2 * time.Second, MaxOutput: 100_000}
	page := corpus.Document{ExternalID: "page", URL: "https://example.org", MediaType: "text/html", Charset: "windows-1252", Source: []byte("caf\xe9"), Text: "not this"}
	for _, w := range []struct {
		document corpus.Document
		status   score.Status
		text     string
		detail   string
	}{
		{plain("record", "abc"), score.OK, "ABC", ""},
		{plain("no id", "abc"), score.OK, "x", ""},
		{page, score.OK, "text/html https://example.org café", ""},
		{plain("another", "abc"), score.Failed, "", `asked about "another" and answered about "b"`},
		{plain("broken", "abc"), score.Failed, "", `no JSON object: "{\"id\":\"broken\",\"te"`},
		{plain("plain", "abc"), score.OK, "café", ""},
		{plain("plain latin", "abc"), score.OK, "café", ""},
		{plain("plain wrong", "abc"), score.Failed, "", "not UTF-8, from byte 3 on"},
		{plain("page of HTML", "abc"), score.Failed, "", `its answer is "text/html"`},
		{plain("long", "abc"), score.Failed, "", "longer than 100000 bytes"},
		{plain("cut off", "abc"), score.Failed, "", "unexpected EOF"},
		{plain("hang", "abc"), score.TimeOut, "", "longer than 2s"},
		{plain("other", "abc"), score.Failed, "", "it answered 503 Service Unavailable: no model is loaded"},
	} {
		p := cleaned(t, c, w.document)
		if p.Status != w.status || p.Text != w.text || !strings.Contains(p.Detail, w.detail) || w.detail == "" && p.Detail != "" {
			t.Errorf("%s: got %+v", w.document.ExternalID, p)
		}
	}
}

func TestNobodyAtTheAddressStopsTheRun(t *testing.T) {
	s := serve(t)
	gone := &clean.HTTP{URL: s.URL}
	if p := cleaned(t, gone, plain("record", "abc")); p.Status != score.OK {
		t.Errorf("got %+v", p)
	}
	s.Close()

	_, err := (&clean.HTTP{URL: s.URL}).Clean(t.Context(), plain("a", "abc"))
	if bad, ok := errors.AsType[*corpus.Invalid](err); !ok || !strings.Contains(bad.Reason, "nobody answers at 127.0.0.1") {
		t.Errorf("the error is %v", err)
	}
	if p := cleaned(t, gone, plain("record", "abc")); p.Status != score.Failed || !strings.Contains(p.Detail, "connection refused") {
		t.Errorf("who answered once and is gone gave %+v", p)
	}
}

func TestAnAddressHasToBeOne(t *testing.T) {
	for _, url := range []string{"", "localhost:8000", "ftp://example.org", "http://", "http://[::1:%zz"} {
		if _, err := (&clean.HTTP{URL: url}).Clean(t.Context(), plain("a", "abc")); err == nil || !strings.Contains(err.Error(), "no address") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestAnAddressTellsWhatItIsAndNoSecret(t *testing.T) {
	a := (&clean.HTTP{URL: "https://me:secret@clean.example.org/v2?key=secret", Version: "2"}).About()
	if a.Name != "clean.example.org" || a.Version != "2" || len(a.Config) != 12 || strings.Contains(fmt.Sprint(a), "secret") {
		t.Errorf("got %+v", a)
	}
	if b := (&clean.HTTP{URL: "https://clean.example.org/v3"}).About(); b.Config == a.Config {
		t.Error("two addresses have one configuration")
	}
}
