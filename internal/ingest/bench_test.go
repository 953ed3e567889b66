package ingest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"annotate/internal/ingest"
)

// records are n lines of JSON with texts of about 3 kB, in the shape of a news
// page saved as text.
func records(n int) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for i := range n {
		var t strings.Builder
		fmt.Fprintf(&t, "Repairs to the harbour bridge begin, day %d\n", i)
		for p := range 10 {
			fmt.Fprintf(&t, "ALDPORT: The council said on Tuesday that part %d of the work on the old bridge would be done by the end of the year, and that the ferry “Mara” – which has been out of use for months – will carry the people who live on the other side.\n", p)
		}
		for h := range 12 {
			fmt.Fprintf(&t, "Ten Quiet Villages That Nobody Has Heard Of, Part %d -\n", h)
		}
		e.Encode(map[string]any{"id": fmt.Sprintf("doc-%d", i), "text": t.String(), "url": fmt.Sprintf("https://www.example.org/%d", i), "meta": map[string]any{"source": "bench"}})
	}
	return b.Bytes()
}

// JSON Lines to documents ready for the store: what an import costs before the
// database. With -cpu 1 it says what one core does.
func BenchmarkDocuments(b *testing.B) {
	const n = 5000
	data := records(n)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		for _, err := range ingest.Documents(b.Context(), ingest.Reader(b.Context(), bytes.NewReader(data), "a.jsonl", ingest.Options{}), "line") {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		if got != n {
			b.Fatal(got)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "docs/s")
}

func BenchmarkRealPages(b *testing.B) {
	dir := shared(b, "wcxb-test/html")
	n := 0
	for b.Loop() {
		for _, err := range ingest.Documents(b.Context(), ingest.Paths(b.Context(), []string{dir}, ingest.Options{}), "line") {
			if err == nil {
				n++
			}
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "docs/s")
}
