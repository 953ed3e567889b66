package ingest_test

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"annotate/internal/ingest"
)

// small keeps what one input may cost in bounds.
var small = ingest.Limits{Document: 64 << 10, Line: 64 << 10, Total: 1 << 20, Entries: 100}

// fuzzRecords gives a reader of records whatever bytes there are. What comes out
// of it holds what holds for every document; checkLabels says so.
func fuzzRecords(f *testing.F, format, seed string, more ...string) {
	f.Add(read(f, filepath.Join("testdata", seed)), byte(0))
	for i, s := range more {
		f.Add([]byte(s), byte(i))
	}
	f.Fuzz(func(t *testing.T, b []byte, how byte) {
		all(t, ingest.Reader(t.Context(), bytes.NewReader(b), "-", options(format, how)))
	})
}

// options are one of the ways to read.
func options(format string, how byte) ingest.Options {
	o := ingest.Options{Format: format, Blocks: ingest.BlocksBody, Pieces: how&1 != 0, LeaveOut: how&2 != 0, Limits: small}
	if how&4 != 0 {
		o.Blocks = ingest.BlocksNone
	}
	o.Offsets = append([]string{""}, ingest.Offsets...)[how>>3&3]

	return o
}

// fuzzPairs gives a reader of two files whatever is in them.
func fuzzPairs(f *testing.F, format, first, second string, pairs ...[2]string) {
	for i, p := range pairs {
		f.Add([]byte(p[0]), []byte(p[1]), byte(i))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, how byte) {
		file := func(name string, b []byte) ingest.File {
			return ingest.File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
		}
		all(t, ingest.Files(t.Context(), []ingest.File{file(first, a), file(second, b)}, options(format, how)))
	})
}

func FuzzDoccano(f *testing.F) {
	fuzzRecords(f, "doccano", "doccano.jsonl", `{"text":"a\r\nb","labels":[[0,1,"x"],[0,4,"y z"]]}`, `{"text":"🦀","entities":[{"start_offset":-1,"end_offset":9223372036854775807,"label":"x"}]}`, `[{"text":"\ufeffa","label":[[1,2,"a"]]}`)
}

func FuzzLabelStudio(f *testing.F) {
	fuzzRecords(f, "labelstudio", "labelstudio.json", `{"data":{"a":"b"},"annotations":[{"completed_by":null,"result":[{"type":"labels","value":{"start":0,"end":1,"labels":["x","y"]}}]}]}`, `[{"data":null,"annotations":0}]`)
}

func FuzzProdigy(f *testing.F) {
	fuzzRecords(f, "prodigy", "prodigy.jsonl", `{"text":"a b","tokens":[{"text":"a","start":0,"end":1}],"spans":[{"start":0,"end":1,"token_start":0,"token_end":9,"label":"x"}],"answer":"accept"}`, `{"text":"\u0000","answer":"no"}`)
}

func FuzzWebMainBench(f *testing.F) {
	fuzzRecords(f, "webmainbench", "webmainbench.jsonl", `{"track_id":"a","html":"<style>cc-select<p cc-select=true>x<marked-tail>y","m_content":"z"}`, `{"id":1,"html":"<p>a b c<p>d e f","groundtruth_content":"d e f"}`)
}

func FuzzAEB(f *testing.F) {
	fuzzRecords(f, "aeb", "aeb/ground-truth.json", `{"a":{"articleBody":"x"},"\ud83e\udd80":{"articleBody":null}}`, `{"a\"b" : {"articleBody":"x","url":""}, `)
}

func FuzzChatnoir(f *testing.F) {
	fuzzRecords(f, "chatnoir", "chatnoir/ours.jsonl", `{"page_id":"a","plaintext":null}`, `{"page_id":"a","plaintext":"x","source":[[]]}`)
}

func FuzzBrat(f *testing.F) {
	fuzzPairs(f, "brat", "a.txt", "a.ann", [2]string{"🦀 Ada\r\nmet Bob.", "T1\tPER 2 5\tAda\nT2\tX 2 5;11 14\tAda Bob\r\n#1\tN T1\tx"}, [2]string{"a", "T1\tPER 0 1"}, [2]string{"\xff\xfea\x00", "\ufeffT1\tPER 0 1\ta"}, [2]string{"a b", "T1\tPER 0 1;0 1;9 99999999999\ta"})
}

func FuzzCleanEval(f *testing.F) {
	fuzzPairs(f, "cleaneval", "p/1.html", "t/1.txt", [2]string{"<text id=1><p>Ada met Bob</text>", "URL: http://a\n<p>Ada &amp; met"}, [2]string{"<p>a", ""}, [2]string{"<div>" + "a b c d e f g h i j", "<h>a b c\xff<l>d e f"})
}

func FuzzGoldBesideItsPage(f *testing.F) {
	fuzzPairs(f, "aeb", "html/a.html", "ground-truth.json", [2]string{"<p>one two three four five six seven eight<p>-", `{"a":{"articleBody":"four five six seven"}}`}, [2]string{"", `{"a":{"articleBody":""}}`})
}
