// Command load measures the real server as people meet it: it builds the
// program, starts it on a free port over a data file of its own, signs people
// in by link and by form, and then lets them open, save, search, import and
// export over loopback, bounded in time. It prints one Markdown table. The
// client is a bare one, because it shares the machine with the server: what a
// usual HTTP client costs would be taken from what is measured.
//
//	go run ./internal/load
//	go run ./internal/load -sizes 1000,10000,100000 -each 5s
//	go run ./internal/load -corpus pages.jsonl      real pages, blown up, instead of made ones
//	go run ./internal/load -warc crawl.warc.gz -megabytes 1000
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

type options struct {
	sizes    []int
	each     time.Duration
	people   int
	gold     int
	imported int
	queued   int
	corpus   string
	program  string
}

func main() {
	var o options
	sizes := flag.String("sizes", "1000,10000", "how many documents the projects hold that are labelled")
	flag.DurationVar(&o.each, "each", 3*time.Second, "how long each measurement takes")
	flag.IntVar(&o.people, "people", 64, "how many people are at work at most")
	flag.IntVar(&o.gold, "gold", 10_000, "how many documents of gold are exported")
	flag.IntVar(&o.imported, "import", 50_000, "how many documents are imported while people save")
	flag.IntVar(&o.queued, "queue", 20_000, "how many documents the project holds that people label together")
	flag.StringVar(&o.corpus, "corpus", "", "a file of JSON Lines with a text each, to be blown up; without it texts are made")
	flag.StringVar(&o.program, "program", "", "an annotate to measure; without it the one of this module is built")
	archive := flag.String("warc", "", "only make a web archive of that name, .warc or .warc.gz, to be imported")
	megabytes := flag.Int64("megabytes", 1000, "how large it is before compression")
	flag.Parse()
	if *archive != "" {
		s, err := pagesFrom(o.corpus)
		if err == nil {
			err = writeWARC(*archive, *megabytes<<20, s)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "load:", err)
			os.Exit(1)
		}
		return
	}
	for s := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 100 {
			fmt.Fprintf(os.Stderr, "load: %q is no number of documents from 100 on\n", s)
			os.Exit(2)
		}
		o.sizes = append(o.sizes, n)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// bench is one run of the program.
type bench struct {
	options
	*server
	people  []*person // the first is the administrator
	pages   source
	results table
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "annotate-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	b := &bench{options: o}
	if b.pages, err = pagesFrom(o.corpus); err != nil {
		return err
	}
	if b.server, err = build(ctx, dir, o.program); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.stop()) }()
	if err := b.start(ctx); err != nil {
		return err
	}
	say("signing %d people in", o.people)
	if err := b.signIn(ctx); err != nil {
		return err
	}
	say("filling")
	projects, err := b.fill(ctx)
	if err != nil {
		return err
	}
	if err := b.measureStart(ctx); err != nil {
		return err
	}
	for _, p := range projects {
		if err := b.measureReading(ctx, p); err != nil {
			return err
		}
	}
	last := projects[len(projects)-1]
	for _, measure := range []func(context.Context, project) error{b.measureSaving, b.measureBoth, b.measureQueue} {
		if err := measure(ctx, last); err != nil {
			return err
		}
	}
	if err := b.measureExport(ctx); err != nil {
		return err
	}
	if err := b.measureTogether(ctx); err != nil {
		return err
	}
	if err := b.measureImport(ctx, last); err != nil {
		return err
	}

	fmt.Printf("\n%d processors, %s %s, documents of %d characters and %d blocks in the middle, everything on one machine.\n\n", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, b.pages.characters, b.pages.blocks)
	b.results.print(os.Stdout)

	return nil
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "load: "+format+"\n", args...) }

// project is one that was filled; its documents have the ids from first on.
type project struct {
	name  string
	id    int
	first int
	n     int
}

// fill makes the projects by command, which is how a corpus comes in, and
// measures the import.
func (b *bench) fill(ctx context.Context) (projects []project, err error) {
	file := filepath.Join(b.dir, "pages.jsonl")
	next := 1
	for i, n := range append(slices.Clone(b.sizes), b.gold) {
		p := project{name: fmt.Sprintf("news %d", i+1), id: i + 1, first: next, n: n}
		if err := b.pages.write(file, n, next, i == len(b.sizes)); err != nil {
			return nil, err
		}
		// So many may meet on one document: where people save is their own choice.
		if _, err := b.command(ctx, "", "project", "add", p.name, "--overlap", "20"); err != nil {
			return nil, err
		}
		began := time.Now()
		if _, err := b.command(ctx, "", "import", "--project", p.name, file); err != nil {
			return nil, err
		}
		what := fmt.Sprintf("import of %d documents by command", n)
		if i == len(b.sizes) {
			what += ", with gold"
		} else {
			projects = append(projects, p)
		}
		b.results.add(row{what: what, count: n, over: time.Since(began), unit: "documents"})
		next += n
	}

	return projects, os.Remove(file)
}

// measureStart starts the server anew, over a full file, and says how long it
// takes until the first answer. Everybody stays signed in.
func (b *bench) measureStart(ctx context.Context) error {
	if err := b.stop(); err != nil {
		return err
	}
	began := time.Now()
	if err := b.start(ctx); err != nil {
		return err
	}
	for _, who := range b.people {
		who.moveTo(b.address)
	}
	if _, err := b.people[0].get("/"); err != nil {
		return err
	}
	b.results.add(row{what: "start until the first page", took: []time.Duration{time.Since(began)}, memory: b.memory()})

	return nil
}

const password = "a long enough password of the load program"

// signIn gives everybody a session: the first by the printed link, which makes
// the administrator, the others by the form, each from an address of their
// own, since guesses are counted by address.
func (b *bench) signIn(ctx context.Context) error {
	for i := range b.options.people {
		who := &person{client: &client{address: b.address, from: i + 2}}
		name, path := fmt.Sprintf("person %d", i), "/sign-in"
		if i == 0 {
			path = b.link
		} else if _, err := b.command(ctx, password+"\n", "user", "add", name, "--role", "annotator", "--password-stdin"); err != nil {
			return err
		}
		if err := who.signIn(path, map[string]string{"name": name, "password": password}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b.people = append(b.people, who)
	}

	return nil
}

var levels = []int{1, 16, 64}

// opened is what every labelling page holds.
var opened = []byte(`id="state"`)

func (b *bench) measureReading(ctx context.Context, p project) error {
	of := fmt.Sprintf(", %d in the project", p.n)
	for _, n := range levels {
		err := b.measure(ctx, "open a document"+of, n, func(who *person, i int) error {
			body, err := who.get(fmt.Sprintf("/documents/%d", p.first+i*7919%p.n))
			if err == nil && !bytes.Contains(body, opened) {
				err = errors.New("that is no labelling page")
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	list := fmt.Sprintf("/projects/%d/documents", p.id)
	for what, path := range map[string]func(i int) string{
		"a page of the document list": func(i int) string { return fmt.Sprintf("%s?after=%d", list, p.first+i*7919%p.n) },
		"a search":                    func(i int) string { return fmt.Sprintf("%s?q=%s", list, b.pages.words[i*31%len(b.pages.words)]) },
	} {
		err := b.measure(ctx, what+of, 1, func(who *person, i int) error { _, err := who.get(path(i)); return err })
		if err != nil {
			return err
		}
	}

	return nil
}

func (b *bench) measureSaving(ctx context.Context, p project) error {
	for _, n := range levels {
		if err := b.measure(ctx, "save an action", n, func(who *person, i int) error { return who.save(p) }); err != nil {
			return err
		}
	}

	return nil
}

// measureBoth opens with 16 while all others save.
func (b *bench) measureBoth(ctx context.Context, p project) error {
	readers := min(16, len(b.people)/2)
	saving := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		_, err := together(ctx, b.people[readers:], func(who *person, _ int) error { return who.save(p) })
		saving <- err
	}()
	err := b.measure(ctx, "open a document while the others save", readers, func(who *person, i int) error {
		_, err := who.get(fmt.Sprintf("/documents/%d", p.first+i*7919%p.n))
		return err
	})
	stop()

	return errors.Join(err, <-saving)
}

// measureQueue asks for the next document and passes it over.
func (b *bench) measureQueue(ctx context.Context, p project) error {
	return b.measure(ctx, "the next document of the queue", 16, func(who *person, i int) error {
		return who.post(fmt.Sprintf("/projects/%d/next?after=%d", p.id, p.first+i*7919%p.n), nil)
	})
}

func (b *bench) measureExport(ctx context.Context) error {
	project := len(b.sizes) + 1
	began := time.Now()
	body, err := b.people[0].get(fmt.Sprintf("/projects/%d/export/jsonl", project))
	if err != nil {
		return err
	}
	took := time.Since(began)
	if n := bytes.Count(body, []byte("\n")); n < b.gold {
		return fmt.Errorf("the export has %d lines for %d documents", n, b.gold)
	}
	b.results.add(row{what: "export of gold over HTTP", count: b.gold, over: took, unit: "documents", memory: b.memory()})

	began = time.Now()
	if _, err := b.command(ctx, "", "export", "--project", fmt.Sprintf("news %d", project), "--format", "jsonl", "-o", filepath.Join(b.dir, "gold.jsonl")); err != nil {
		return err
	}
	b.results.add(row{what: "export of gold by command", count: b.gold, over: time.Since(began), unit: "documents"})

	return nil
}

// measureImport uploads a file and lets everybody save, some ten times a second
// each, while it is checked and stored.
func (b *bench) measureImport(ctx context.Context, p project) error {
	file := filepath.Join(b.dir, "upload.jsonl")
	if err := b.pages.write(file, b.imported, 10_000_000, false); err != nil {
		return err
	}
	if _, err := b.command(ctx, "", "project", "add", "uploaded"); err != nil {
		return err
	}
	into := len(b.sizes) + 3
	say("uploading %d documents", b.imported)
	admin := b.people[0]
	path, err := admin.upload(fmt.Sprintf("/projects/%d/imports", into), file)
	if err != nil {
		return err
	}

	for _, phase := range []string{"check", "import"} {
		if phase == "import" {
			if err := admin.post(path+"/start", nil); err != nil {
				return err
			}
		}
		saving := make(chan measured, 1)
		during, stop := context.WithCancel(ctx)
		go func() {
			m, err := together(during, b.people[1:], func(who *person, _ int) error {
				return who.paced(during, 100*time.Millisecond, func() error { return who.save(p) })
			})
			m.err = err
			saving <- m
		}()
		began := time.Now()
		page, err := admin.wait(ctx, path)
		took := time.Since(began)
		stop()
		m := <-saving
		if err := errors.Join(err, m.err); err != nil {
			return err
		}
		if asks := bytes.Contains(page, []byte(path+"/start")); asks != (phase == "check") {
			return fmt.Errorf("the %s of the upload did not end well, see %s", phase, path)
		}
		b.results.add(row{what: fmt.Sprintf("%s of an upload of %d documents", phase, b.imported), count: b.imported, over: took, unit: "documents", memory: b.memory()})
		m.row.what = fmt.Sprintf("save an action during the %s, each person ten times a second", phase)
		b.results.add(m.row)
	}

	return nil
}
