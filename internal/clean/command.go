package clean

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// What a command may take, where nothing else is asked for.
const (
	Limit     = 30 * time.Second // for a document
	MaxOutput = 32 << 20         // bytes for a document; a cleaned text is shorter than its page
)

// Command is a program of somebody's own. It is started for each document, which
// it reads from its input as it came, in the bytes of ANNOTATE_CHARSET, and it
// prints the cleaned text in UTF-8; ANNOTATE_ID, ANNOTATE_URL and
// ANNOTATE_MEDIA_TYPE tell the rest. Or, with JSONLines, it is started once for
// each worker and answers a line for each line that it reads.
//
// The zero value with a Line is ready for use, and its fields are not to be
// changed any more after that.
type Command struct {
	Line      string        // as the shell reads it
	JSONLines bool          // it answers many documents, a line of JSON each
	Name      string        // "" for that of the program
	Version   string        // as its maker says
	Limit     time.Duration // for a document, 0 for the usual
	MaxOutput int           // bytes for a document, 0 for the usual

	once  sync.Once
	about corpus.Cleaner
	ran   atomic.Bool // it has been started once, so that it can be
	mu    sync.Mutex
	idle  []*process // of JSON Lines
}

const (
	grace = 2 * time.Second // for a program to end that is asked to
	hold  = time.Second     // for what a program left behind to let go of its output
)

// The shell's ways to say that it could not start a program.
const (
	notExecutable = 126
	notFound      = 127
)

// About names the command by its program. Config stands for the command line and
// for what is in the files that it names, so that an edited script is another
// cleaner.
func (c *Command) About() corpus.Cleaner {
	c.once.Do(func() {
		words := shellWords(c.Line)
		name := c.Name
		for _, w := range words {
			if name == "" && !strings.Contains(w, "=") { // not a variable for it
				name = filepath.Base(w)
			}
		}
		c.about = corpus.Cleaner{Name: cmp.Or(name, "command"), Version: c.Version, Config: short(c.configuration(words))}
	})

	return c.about
}

// maxScript is up to where a named file is taken for a program and read.
const maxScript = 64 << 20

func (c *Command) configuration(words []string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%t %s", c.JSONLines, c.Line)
	for _, w := range words {
		info, err := os.Stat(w)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if info.Size() > maxScript {
			fmt.Fprintf(&b, "\n%s %d", w, info.Size())
			continue
		}
		if content, err := os.ReadFile(w); err == nil {
			fmt.Fprintf(&b, "\n%s %s", w, short(content))
		}
	}

	return b.Bytes()
}

// shellWords are the words of a command line, near enough to find files by.
func shellWords(line string) []string {
	words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\n|;&<>()", r) })
	for i, w := range words {
		words[i] = strings.Trim(w, `"'`)
	}
	return words
}

// Clean asks the program about one document.
func (c *Command) Clean(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	if strings.TrimSpace(c.Line) == "" || strings.ContainsRune(c.Line, 0) {
		return score.Prediction{}, corpus.Invalidf("exec", "there is no command to run")
	}
	if err := ctx.Err(); err != nil {
		return score.Prediction{}, err
	}
	if c.JSONLines {
		return c.askLine(ctx, d)
	}

	return c.runOnce(ctx, d)
}

func (c *Command) limit() time.Duration { return cmp.Or(c.Limit, Limit) }
func (c *Command) maxOutput() int       { return cmp.Or(c.MaxOutput, MaxOutput) }

// command is the shell that runs the line, with the environment that tells of d,
// in a process group of its own.
func (c *Command) command(ctx context.Context, d *corpus.Document) *exec.Cmd {
	cmd := shell(ctx, c.Line)
	cmd.WaitDelay = hold
	if d != nil {
		charset := d.Charset
		if d.Source == nil || charset == "" {
			charset = "utf-8"
		}
		cmd.Env = os.Environ()
		for _, v := range [][2]string{{"ID", ID(*d)}, {"URL", d.URL}, {"MEDIA_TYPE", d.MediaType}, {"CHARSET", charset}} {
			if len(v[1]) > maxVariable || strings.ContainsRune(v[1], 0) { // no program could be started with it
				v[1] = ""
			}
			cmd.Env = append(cmd.Env, "ANNOTATE_"+v[0]+"="+v[1])
		}
	}

	return cmd
}

const maxVariable = 32 << 10

// errFlood is why a program is stopped that prints too much.
var errFlood = errors.New("flood")

func (c *Command) runOnce(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	limited, cancel := context.WithTimeout(ctx, c.limit())
	defer cancel()
	running, stop := context.WithCancelCause(limited)
	defer stop(nil)

	start := time.Now()
	out, words := &bounded{max: c.maxOutput(), full: func() { stop(errFlood) }}, &tail{}
	cmd := c.command(running, &d)
	cmd.Stdin = strings.NewReader(d.Text)
	if d.Source != nil {
		cmd.Stdin = bytes.NewReader(d.Source)
	}
	cmd.Stdout, cmd.Stderr = out, words
	if err := cmd.Start(); err != nil {
		return c.notStarted(ctx, start, err.Error())
	}
	err := cmd.Wait()
	killGroup(cmd) // what it left behind in the background

	switch {
	case ctx.Err() != nil:
		return score.Prediction{}, ctx.Err()
	case errors.Is(context.Cause(running), errFlood):
		return failed(start, "it printed more than %s and was stopped%s", size(c.maxOutput()), words.said()), nil
	case limited.Err() != nil:
		return tooSlow(start, c.limit(), words.said()), nil
	}
	if missing(cmd.ProcessState) {
		return c.notStarted(ctx, start, words.String())
	}
	c.ran.Store(true)
	if !cmd.ProcessState.Success() {
		return failed(start, "%s%s", cmd.ProcessState, words.said()), nil
	}
	// A process in the background that keeps the output open is waited for a
	// moment and then left; and who does not read its input may do so.
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return failed(start, "%s%s", err, words.said()), nil
	}
	if at := invalidUTF8(out.kept.Bytes()); at >= 0 {
		return failed(start, "what it printed is not UTF-8, from byte %d on%s", at, words.said()), nil
	}

	p := answer(start, strings.TrimRight(text.Normalise(out.kept.String()), "\n"))
	if p.Status == score.Empty {
		p.Detail = words.String()
	}

	return p, nil
}

// notStarted stops a run where nothing would come of any document. Where the
// program could be started before, it is the document that goes without.
func (c *Command) notStarted(ctx context.Context, start time.Time, why string) (score.Prediction, error) {
	if err := ctx.Err(); err != nil {
		return score.Prediction{}, err
	}
	if why = detail(why); why != "" {
		why = ": " + why
	}
	if c.ran.Load() {
		return failed(start, "it could not be started%s", why), nil
	}

	return score.Prediction{}, corpus.Invalidf("exec", "the command %q cannot be started%s", clip(c.Line, 200), why)
}

// missing reports whether the shell says that there is no such program.
func missing(ended *os.ProcessState) bool {
	return ended.ExitCode() == notFound || ended.ExitCode() == notExecutable
}

// size is a number of bytes for people.
func size(n int) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// bounded keeps what is written up to a bound and calls full at it.
type bounded struct {
	kept bytes.Buffer
	max  int
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.kept.Len()+len(p) > b.max {
		b.full()
		return 0, errFlood
	}
	return b.kept.Write(p)
}

// maxTail leaves room in a detail for what happened.
const maxTail = maxDetail - 100

// tail keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p[max(0, len(p)-maxTail):]...)
	if over := len(t.kept) - maxTail; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}

	return len(p), nil
}

// String is the end of it, from the start of a character and, where there are
// several lines, of a line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.kept
	if len(b) == maxTail {
		for len(b) > 0 && b[0]&0xc0 == 0x80 {
			b = b[1:]
		}
		if _, rest, more := bytes.Cut(b, []byte("\n")); more && len(rest) > maxTail/2 {
			b = rest
		}
	}

	return detail(string(b))
}

// said is what was said, to stand behind a sentence.
func (t *tail) said() string {
	if s := t.String(); s != "" {
		return ": " + s
	}
	return ""
}
