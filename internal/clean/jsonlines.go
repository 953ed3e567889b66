package clean

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// process is a program that answers a line for each line. One goroutine uses it
// at a time.
type process struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc // kills the group
	in     *os.File
	out    *os.File
	lines  *bufio.Reader
	words  *tail
	ended  chan struct{} // closed when the program has ended
	old    bool          // it has answered, so that its start is behind it
}

// askLine asks an idle process, or a new one, which is put back if it is in a
// state to go on.
func (c *Command) askLine(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	start := time.Now()
	line, err := question(d)
	if err != nil {
		return failed(start, "%s", err), nil
	}
	p, err := c.take()
	if err != nil {
		return c.notStarted(ctx, start, err.Error())
	}

	limited, cancel := context.WithTimeout(ctx, c.limit())
	defer cancel()
	got, err := p.ask(limited, append(line, '\n'), c.maxOutput())
	if err == nil {
		var out score.Prediction
		if out, err = understand(got, d, true, start); err == nil {
			c.ran.Store(true)
			p.old = true
			c.put(p)
			return out, nil
		}
	}

	// Whatever it was, what the program would print next cannot be trusted.
	p.kill()
	<-p.ended
	switch said := p.words.said(); {
	case ctx.Err() != nil:
		return score.Prediction{}, ctx.Err()
	case errors.Is(err, errEnded) && missing(p.cmd.ProcessState):
		return c.notStarted(ctx, start, p.words.String())
	case errors.Is(err, errEnded):
		c.ran.Store(true)
		return failed(start, "it ended without an answer, %s%s", p.cmd.ProcessState, said), nil
	case errors.Is(err, errFlood):
		return failed(start, "it printed more than %s and was stopped%s", size(c.maxOutput()), said), nil
	case limited.Err() != nil && !p.old:
		return tooSlow(start, c.limit(), ", with the time to start"+said), nil
	case limited.Err() != nil:
		return tooSlow(start, c.limit(), said), nil
	default:
		return failed(start, "%s%s", err, said), nil
	}
}

// take is a process that is alive, as far as anybody can know.
func (c *Command) take() (*process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for n := len(c.idle); n > 0; n = len(c.idle) {
		p := c.idle[n-1]
		c.idle = c.idle[:n-1]
		select {
		case <-p.ended:
			p.kill()
		default:
			return p, nil
		}
	}

	return c.start()
}

func (c *Command) put(p *process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = append(c.idle, p)
}

// start runs the program. Its pipes are ours and not exec's, so that waiting for
// its end and reading its last words do not get into each other's way.
func (c *Command) start() (*process, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{cmd: c.command(ctx, nil), cancel: cancel, in: in, out: out, lines: bufio.NewReaderSize(out, 64<<10), words: &tail{}, ended: make(chan struct{})}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirIn, theirOut, p.words
	err = p.cmd.Start()
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		cancel()
		in.Close()
		out.Close()
		return nil, err
	}

	go func() {
		_ = p.cmd.Wait()
		killGroup(p.cmd)
		// What it printed is in the pipe by now. Whoever holds the pipe open
		// still, outside the group, is not waited for.
		_ = p.out.SetReadDeadline(time.Now().Add(hold))
		close(p.ended)
	}()

	return p, nil
}

// errEnded says that the program has ended.
var errEnded = errors.New("ended")

// ask writes a line and reads one. When ctx ends the program is killed, which
// ends the reading; ours is then the only end of the pipes, and closing it ends
// the writing.
func (p *process) ask(ctx context.Context, line []byte, most int) ([]byte, error) {
	defer context.AfterFunc(ctx, p.kill)()

	wrote := make(chan error, 1)
	go func() {
		_, err := p.in.Write(line)
		wrote <- err
	}()
	got, err := p.read(most)
	if err == nil {
		err = <-wrote
	}
	if err == nil || ctx.Err() != nil || errors.Is(err, errFlood) {
		return got, cmp.Or(err, ctx.Err())
	}

	// Its output or its input is closed: it has ended or will be made to.
	select {
	case <-p.ended:
	case <-time.After(grace):
	case <-ctx.Done():
		return nil, ctx.Err()
	}

	return nil, errEnded
}

// read is the next line that is not blank.
func (p *process) read(most int) ([]byte, error) {
	for {
		var out []byte
		for {
			part, err := p.lines.ReadSlice('\n')
			if out = append(out, part...); len(out) > most {
				return nil, errFlood
			}
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return nil, fmt.Errorf("reading: %w", err)
			}
		}
		if out = bytes.TrimSpace(out); len(out) > 0 {
			return out, nil
		}
	}
}

// kill ends the program, its group and all use of its pipes. It may be called
// several times.
func (p *process) kill() {
	p.cancel()
	p.in.Close()
	p.out.Close()
}

// Close lets the idle programs of JSON Lines end, and ends those that do not.
// Those that are at work go on.
func (c *Command) Close() error {
	c.mu.Lock()
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()

	for _, p := range idle {
		p.in.Close()
	}
	enough := time.NewTimer(grace)
	defer enough.Stop()
	for _, p := range idle {
		select {
		case <-p.ended:
		case <-enough.C:
			for _, p := range idle {
				p.kill()
			}
			<-p.ended
		}
		p.kill()
	}

	return nil
}
