package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// measureTogether has everybody work through one queue as fast as the server
// lets them: claim, label, hand in. A fifth of the documents want three people.
// Afterwards the file must be clean, and the pages that show where the project
// stands are opened.
func (b *bench) measureTogether(ctx context.Context) error {
	p := project{name: "together", id: len(b.sizes) + 2, n: b.queued}
	file := filepath.Join(b.dir, "queue.jsonl")
	if err := b.pages.write(file, p.n, 20_000_000, false); err != nil {
		return err
	}
	if _, err := b.command(ctx, "", "project", "add", p.name, "--overlap", "3", "--overlap-share", "20", "--order", "random"); err != nil {
		return err
	}
	if _, err := b.command(ctx, "", "import", "--project", p.name, file); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return err
	}

	// Two documents a second each is some four times the pace of people who
	// decide in two sweeps; then as fast as the server lets them.
	for _, pace := range []struct {
		each time.Duration
		how  string
	}{{500 * time.Millisecond, "each person two a second"}, {0, "without a pause"}} {
		if err := b.measureTeam(ctx, p, pace.each, pace.how); err != nil {
			return fmt.Errorf("work together: %w", err)
		}
	}
	if _, err := b.command(ctx, "", "check"); err != nil {
		return fmt.Errorf("after working together: %w", err)
	}

	for what, path := range map[string]string{"the overview": "", "the agreement page": "/agreement"} {
		err := b.measure(ctx, what+" after that", 1, func(*person, int) error {
			_, err := b.people[0].get(fmt.Sprintf("/projects/%d%s", p.id, path))
			return err
		})
		if err != nil {
			return err
		}
	}

	return nil
}

// measureTeam lets everybody claim and hand in, at most one document each pace.
func (b *bench) measureTeam(ctx context.Context, p project, pace time.Duration, how string) error {
	var mu sync.Mutex
	var handed []time.Duration
	during, cancel := context.WithTimeout(ctx, 2*b.each)
	defer cancel()
	for i, who := range b.people { // people do not keep step
		who.nextAt = time.Now().Add(pace * time.Duration(i) / time.Duration(len(b.people)))
	}
	m, err := together(during, b.people, func(who *person, _ int) error {
		return who.paced(during, pace, func() error {
			began := time.Now()
			document, err := who.claim(p)
			claimed := time.Since(began)
			if err != nil {
				return err
			}
			took, err := who.handIn(document)
			who.took = claimed
			mu.Lock()
			handed = append(handed, took)
			mu.Unlock()
			return err
		})
	})
	if err != nil {
		return err
	}
	m.row.what, m.row.memory = fmt.Sprintf("claim the next document of %d, while all hand in, %s", p.n, how), b.memory()
	b.results.add(m.row)
	b.results.add(row{what: "hand a document in, " + how, clients: len(b.people), count: len(handed), over: m.row.over, took: handed})

	return nil
}

// claim is the document that the queue gives; errEnough where it is empty.
func (p *person) claim(in project) (document int, err error) {
	a, err := p.do("POST", fmt.Sprintf("/projects/%d/next", in.id), "application/json", 0, nil)
	switch {
	case err != nil:
		return 0, err
	case a.status == 404:
		return 0, errEnough
	case a.status != 200:
		return 0, fmt.Errorf("claim: status %d: %.300s", a.status, a.body)
	}
	var next struct{ Document int }
	if err := json.Unmarshal(a.body, &next); err != nil {
		return 0, err
	}

	return next.Document, nil
}

// handIn calls the first blocks body and the others boilerplate, and says how
// long handing that in took. Every tenth time somebody draws the border
// elsewhere.
func (p *person) handIn(document int) (time.Duration, error) {
	body, err := p.get(fmt.Sprintf("/documents/%d/state", document))
	if err != nil {
		return 0, err
	}
	var state struct {
		Annotator int
		Blocks    [][]any
	}
	if err := json.Unmarshal(body, &state); err != nil {
		return 0, err
	}
	start := func(i int) int { return int(state.Blocks[i][0].(float64)) }
	last := len(state.Blocks) - 1
	border := last / 2
	if p.made++; p.made%10 == 0 && border > 0 {
		border--
	}
	id := fmt.Sprintf("load-%d-%d", p.from, document)
	events := fmt.Sprintf(`{"annotator":%d,"events":[{"id":"%[2]s-a","kind":"class","from":%[3]d,"to":%[4]d,"class":"body"},{"id":"%[2]s-b","kind":"class","from":%[5]d,"to":%[6]d,"class":"boilerplate"},{"id":"%[2]s-c","kind":"submit"}]}`,
		state.Annotator, id, start(0), start(border), start(min(border+1, last)), start(last))

	began := time.Now()
	a, err := p.send(fmt.Sprintf("/documents/%d/events", document), "application/json", []byte(events))
	if err == nil && bytes.Contains(a.body, []byte(`"refused":[{`)) {
		err = fmt.Errorf("handing document %d in was refused: %.500s", document, a.body)
	}

	return time.Since(began), err
}
