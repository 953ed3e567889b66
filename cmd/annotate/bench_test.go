package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// longDocument is a native record of n blocks with a span in every fifth.
func longDocument(n int) string {
	type span struct {
		Start int    `json:"start"`
		End   int    `json:"end"`
		Label string `json:"label"`
		Quote string `json:"quote"`
	}
	type block struct {
		Start int    `json:"start"`
		End   int    `json:"end"`
		Class string `json:"class"`
	}
	record := struct {
		ID     string  `json:"id"`
		Text   string  `json:"text"`
		Layer  string  `json:"layer"`
		Blocks []block `json:"blocks"`
		Spans  []span  `json:"spans"`
	}{ID: "long", Layer: "gold"}

	var text strings.Builder
	at := 0
	for i := range n {
		line := fmt.Sprintf("Paragraph %d tells that Mara Lindqvist of the Harbour Authority saw the ferry leave the pier at noon.", i)
		start := strings.Index(line, "Mara")
		if i%5 == 0 {
			record.Spans = append(record.Spans, span{at + start, at + start + len("Mara Lindqvist"), "PER", "Mara Lindqvist"})
		}
		class := "body"
		if i%7 == 0 {
			class = "boilerplate"
		}
		record.Blocks = append(record.Blocks, block{at, at + len(line), class})
		text.WriteString(line + "\n")
		at += len(line) + 1
	}
	record.Text = text.String()
	out, _ := json.Marshal(record)

	return string(out) + "\n"
}

// observer collects how long each input took until the next paint, and the
// long tasks of the page.
const observer = `window.inputs = []; window.long = [];
	new PerformanceObserver(l => l.getEntries().forEach(e => e.name === "keydown" && inputs.push(e.duration))).observe({type: "event", durationThreshold: 16, buffered: true});
	new PerformanceObserver(l => l.getEntries().forEach(e => long.push(e.duration))).observe({type: "longtask"}); 0`

// BenchmarkLongDocument opens a document of 10 000 blocks and 2 000 spans in
// Chromium and labels through it by keyboard, at most 20 keys a second.
//
//	go test ./cmd/annotate -run ^$ -bench LongDocument -benchtime 1x
//
// ready-ms is from the start of the navigation until the screen takes keys;
// paint-p95-ms from a key to the frame that shows it, as the browser's event
// timing says (in steps of 8 ms, under 16 counted as 16); saved-p95-ms from a
// key until the server's answer says that it is durable; longtask-max-ms is
// the longest task while labelling, 0 for none over 50.
func BenchmarkLongDocument(b *testing.B) {
	file := filepath.Join(b.TempDir(), "long.jsonl")
	if err := os.WriteFile(file, []byte(longDocument(10_000)), 0o644); err != nil {
		b.Fatal(err)
	}
	s, page := begin(b)
	s.run("", "project", "add", "Long")
	s.run("", "import", "--project", "Long", file)
	page.open(s.url + "/documents/2")
	ready(page)
	eval[any](page, `document.querySelector("[data-action=reopen]").click()`)
	saved(page)

	for b.Loop() {
		page.open(s.url + "/documents/2")
		ready(page)
		b.ReportMetric(eval[float64](page, `performance.getEntriesByName("ready")[0].startTime`), "ready-ms")

		eval[any](page, observer)
		var waits []float64
		for i := range 60 {
			key := []string{"b", "x", "j", "b", "j"}[i%5]
			page.press(key)
			if key != "j" {
				waits = append(waits, eval[float64](page, `new Promise(done => { const t = performance.now(); (function look() { document.querySelector("#save").dataset.kept === "0" ? done(performance.now() - t) : setTimeout(look, 1) })() })`))
			}
		}
		page.press("X") // all the rest in one sweep
		saved(page)
		inputs := eval[[]float64](page, `new Promise(r => setTimeout(() => r(inputs.length ? inputs : [16]), 200))`)
		long := eval[[]float64](page, `long.concat(0)`)
		b.ReportMetric(quantile(inputs, 0.95), "paint-p95-ms")
		b.ReportMetric(quantile(waits, 0.95), "saved-p95-ms")
		b.ReportMetric(slices.Max(long), "longtask-max-ms")
	}
}

func quantile(v []float64, q float64) float64 {
	slices.Sort(v)

	return v[int(q*float64(len(v)-1))]
}
