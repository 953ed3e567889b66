// Command annotate is the whole tool in one program: it serves the labelling
// screens and moves documents and gold in and out of the data file. There is
// one file per verb; each joins packages and does nothing of its own. Results
// go to stdout, progress and complaints to stderr; the exit status is 0 where
// it is done, 1 where it failed, 2 where it was asked wrongly and 3 where a gate
// fell short.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"annotate/db"
	"annotate/internal/agreement"
	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/export"
	"annotate/internal/ingest"
	"annotate/internal/report"
	"annotate/internal/score"
	"annotate/internal/score/files"
	"annotate/internal/segment"
	"annotate/internal/split"
)

// memory is what the program tries to stay under, in bytes, unless GOMEMLIMIT
// says otherwise. Without it the garbage of a few very large pages would be let
// lie until it is as much again.
const memory = 100 << 20

// reportMemory is the same for a command that reports. It makes much garbage and
// keeps little, and nobody else waits for its memory.
const (
	reportMemory = 512 << 20
	reportGC     = 300
)

func mayTake(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}

// reports lets the program take what a report needs.
func reports() {
	mayTake(reportMemory)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(reportGC)
	}
}

func main() {
	mayTake(memory)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit statuses.
const (
	done   = 0
	failed = 1
	misuse = 2
)

// commands are what the program understands; their tags are its help.
type commands struct {
	DB      string           `name:"db" env:"ANNOTATE_DB" default:"annotate.db" placeholder:"FILE" help:"The data file (default: annotate.db)."`
	Version kong.VersionFlag `help:"Say which version this is."`

	Serve     serve       `cmd:"" default:"withargs" help:"Serve the labelling screens (what happens without a command)."`
	Project   project     `cmd:"" help:"Add, list or show projects."`
	User      user        `cmd:"" help:"Add or invite people, list them, change what they may do."`
	Audit     audit       `cmd:"" help:"Print the log of what changed rights, labels, settings, gold and releases."`
	Import    importFiles `cmd:"" help:"Bring documents into a project."`
	Export    exportGold  `cmd:"" help:"Write a project's gold as a dataset."`
	Splits    splits      `cmd:"" help:"Divide documents into train, dev and test, find near-copies, and see what leaks."`
	Release   releases    `cmd:"" help:"Freeze gold under a name, verify it, and compare releases."`
	Predict   predict     `cmd:"" help:"Run a cleaner over a project's documents, and keep what it says as a run."`
	Runs      runs        `cmd:"" help:"Bring in runs from files, list, show, export or remove them."`
	Suggest   suggestions `cmd:"" help:"Make and show the model that makes suggestions to annotators."`
	Agreement agreements  `cmd:"" help:"Report how far a project's annotators agree."`
	Evaluate  evaluate    `cmd:"" help:"Report how well runs do against a project's gold."`
	Score     scoreFiles  `cmd:"" help:"Compare files of predictions with a file of gold, without a data file."`
	Backup    backup      `cmd:"" help:"Copy the data file while it is in use."`
	Check     check       `cmd:"" help:"Look through the whole data file for damage."`
}

// program is what a command gets to work with.
type program struct {
	ctx            context.Context
	db             string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// failure is an error that has been told already.
type failure struct{ error }

var errTold = failure{errors.New("told already")}

// exit is how kong's --help and --version leave.
type exit int

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			status = int(r)
		default:
			panic(r)
		}
	}()

	var c commands
	parser, err := kong.New(&c,
		kong.Name("annotate"),
		kong.Description("Label the body, the boilerplate and the entities of scraped pages; keep what people agree on as gold; export it."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.Vars{
			"version":     export.Program(),
			"roles":       join(corpus.Roles, func(r corpus.Role) string { return string(r) }),
			"formats":     join(export.Formats, func(f export.Format) string { return f.Name }),
			"layers":      join(export.Layers, func(l export.Layer) string { return string(l) }),
			"inputs":      "auto," + strings.Join(ingest.Formats, ","),
			"pageTypes":   strings.Join(ingest.PageTypes, ", "),
			"offsets":     strings.Join(ingest.Offsets, ","),
			"rules":       join(segment.Rules, func(r segment.Rule) string { return r.Name }),
			"rule":        segment.Rules[0].Name,
			"memberRoles": join(corpus.MemberRoles, func(r corpus.Role) string { return string(r) }),
			"scopes":      corpus.JoinScopes(corpus.Scopes, ","),
			"usualScopes": corpus.JoinScopes(corpus.UsualScopes, ","),

			"agreements":  join(agreement.Formats, func(f agreement.Format) string { return f.Name }),
			"split":       split.Usual.String(),
			"ways":        join(split.Ways, func(w split.By) string { return string(w) }),
			"measures":    join(score.Measures, func(m score.Measure) string { return m.Name }),
			"reports":     join(report.Formats, func(f report.Format) string { return f.Name }) + "," + htmlReport,
			"predictions": join(files.Formats, func(f files.Format) string { return f.Name }),
			"cleaners":    join(clean.BuiltIns, func(b clean.BuiltIn) string { return b.Name }),
		},
	)
	if err != nil {
		fmt.Fprintln(stderr, "annotate:", err)
		return failed
	}
	command, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "annotate: %s\nTry: annotate %s--help\n", err, verb(args))
		return misuse
	}

	err = command.Run(&program{ctx: ctx, db: c.DB, stdin: stdin, stdout: stdout, stderr: stderr})
	if err == nil {
		return done
	}
	if told := (failure{}); !errors.As(err, &told) {
		fmt.Fprintln(stderr, "annotate:", inWords(ctx, err))
	}
	if errors.As(err, &fellShort{}) {
		return short
	}

	return failed
}

// verb is the command that the arguments begin with, and a space.
func verb(args []string) string {
	for _, known := range []string{"serve", "project", "user", "audit", "import", "export", "splits", "release", "predict", "runs", "agreement", "evaluate", "score", "backup", "check"} {
		if len(args) > 0 && args[0] == known {
			return known + " "
		}
	}
	return ""
}

// inWords is an error as a person reads it.
func inWords(ctx context.Context, err error) string {
	invalid, known := errors.AsType[*corpus.Invalid](err)
	switch {
	case known:
		return invalid.Reason
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return "stopped before the end"
	case errors.Is(err, db.ErrDamaged):
		return db.ErrDamaged.Error()
	case errors.Is(err, db.ErrFull):
		return "the disk is full; make room and run this again"
	}

	return err.Error()
}

func join[T any](list []T, name func(T) string) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = name(v)
	}
	return strings.Join(names, ",")
}

// command is how to call the program again on the same data file.
func (p *program) command(args string) string {
	if p.db == "annotate.db" || p.db == os.Getenv("ANNOTATE_DB") {
		return "annotate " + args
	}
	return "annotate --db " + shellWord(p.db) + " " + args
}

// open opens the data file, making it where there is none.
func (p *program) open(use func(*db.Store) error) error {
	s, err := db.Open(p.ctx, p.db)
	if err != nil {
		return err
	}

	return errors.Join(use(s), s.Close())
}

// openThere opens a data file that is there: a command that only reads would
// otherwise answer a mistyped name with an empty file.
func (p *program) openThere(use func(*db.Store) error) error {
	if _, err := os.Stat(p.db); errors.Is(err, fs.ErrNotExist) {
		return corpus.Invalidf("", "there is no data file %s; name yours with --db, or make one with: annotate project add NAME", p.db)
	}

	return p.open(use)
}

// projectNamed is a living project.
func (p *program) projectNamed(s *db.Store, name string) (corpus.Project, error) {
	found, err := s.ProjectByName(p.ctx, name)
	if errors.Is(err, corpus.ErrNotFound) {
		return found, corpus.Invalidf("", "there is no project %q; make it with: %s", name, p.command("project add "+shellWord(name)))
	}

	return found, err
}

// personNamed is an account, also a disabled one.
func (p *program) personNamed(s *db.Store, name string) (corpus.Annotator, error) {
	found, err := s.AnnotatorByName(p.ctx, name)
	if errors.Is(err, corpus.ErrNotFound) {
		return found, corpus.Invalidf("", "nobody is called %q; annotate user list shows who there is", name)
	}

	return found, err
}

// shellWord is a word as a shell takes it.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n'\"\\$`!&;|<>()*?[]#~{}", r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
