package files_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/score/files"
)

// Whatever comes is read or refused: with a reason, on a line that is there.
func FuzzPredictions(f *testing.F) {
	for _, path := range samples(f) {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(b, path[len(path)-6:])
		}
	}
	for _, c := range [][2]string{
		{`{"id":"a"}` + "\n" + `{"id":"b","te`, "p.jsonl"}, {"{\n\"a\":\"x\",\n\"b\"", "p.json"}, {"PK\x03\x04", "p.zip"},
		{"\x1f\x8b\x08\x00", "p.gz"}, {"\x28\xb5\x2f\xfd", "p.zst"}, {"tag,content,label\nx,\"y\n", "p.csv"}, {"0.5\t0\tx\t\t", "p.txt"},
		{"<p cc-select=true>x<table><tr><td>y", "p.html"}, {`{"x_content":"","x_time":1e999,"id":1}`, "p.jsonl"}, {"\xff\xfeU\x00", "a.corrected.txt"},
	} {
		f.Add([]byte(c[0]), c[1])
	}
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		sane := func(err error) {
			p, ok := errors.AsType[*corpus.Problem](err)
			if !ok || p.Reason == "" {
				t.Errorf("the error is %v", err)
				return
			}
			packed := bytes.HasPrefix(b, []byte{0x1f, 0x8b}) || bytes.HasPrefix(b, []byte{0x28, 0xb5}) || bytes.HasPrefix(b, []byte("PK"))
			if p.Line < 0 || p.Line > 1+bytes.Count(b, []byte("\n")) && !packed {
				t.Errorf("it speaks of line %d: %v", p.Line, err)
			}
		}
		for _, format := range []string{"", "native", "wcxb", "cleaneval", "dragnet-blocks", "nodes", "l3s-gn1", "wcxb-pages"} {
			p, err := files.OpenReader(bytes.NewReader(b), name, files.Options{Format: format})
			if err != nil {
				sane(err)
				continue
			}
			for n := range min(p.Len(), 10) {
				if _, _, ok := p.Match(files.Keys{ID: p.ID(n)}); !ok {
					t.Errorf("%q is not found", p.ID(n))
				}
				if _, err := p.Read(n, "", false); err != nil {
					sane(err)
				}
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
