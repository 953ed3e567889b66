package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// server is the program under measurement.
type server struct {
	dir     string
	program string
	address string // host:port
	link    string // the path of the one-time link that the first start prints
	known   bool   // somebody has an account, and no link is printed any more
	cmd     *exec.Cmd
}

// build compiles the program into dir.
func build(ctx context.Context, dir, program string) (*server, error) {
	s := &server{dir: dir, program: program}
	if program != "" {
		return s, nil
	}
	s.program = filepath.Join(dir, "annotate")
	if runtime.GOOS == "windows" {
		s.program += ".exe"
	}
	say("building")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", s.program, "annotate/cmd/annotate").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}

	return s, nil
}

func (s *server) file() string { return filepath.Join(s.dir, "annotate.db") }

// command runs one command of the program over the same file.
func (s *server) command(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.program, append(args, "--db", s.file())...)
	cmd.Stdin = strings.NewReader(stdin)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("annotate %s: %w: %s", strings.Join(args, " "), err, complaint.String())
	}

	return string(out), nil
}

// start starts the server and returns once it says that it is ready.
func (s *server) start(ctx context.Context) error {
	s.cmd = exec.CommandContext(ctx, s.program, "serve", "--addr", "127.0.0.1:0", "--db", s.file())
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			lines <- sc.Text()
		}
	}()
	s.address, s.link = "", ""
	for line := range lines {
		if _, at, ok := strings.Cut(line, "ready at http://"); ok {
			s.address = strings.TrimSpace(at)
		}
		if at := strings.Index(line, "/welcome/"); at >= 0 {
			s.link = line[at:]
		}
		if s.address != "" && (s.link != "" || s.known) {
			s.known = true
			return nil
		}
	}

	return fmt.Errorf("the server did not start: %w", s.cmd.Wait())
}

// stop ends the server and says if it did not end well.
func (s *server) stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.cmd.Wait()
	s.cmd = nil

	return err
}

// memory is what a process takes, in bytes; 0 where the system does not tell.
type memory struct{ rss, pss int }

func (s *server) memory() memory {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", s.cmd.Process.Pid))
	if err != nil {
		return memory{}
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return memory{}
	}

	return memory{kilobytes(text, "Rss:"), kilobytes(text, "Pss:")}
}

func kilobytes(text []byte, name string) int {
	_, rest, _ := strings.Cut(string(text), name)
	n, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(rest, " kB", 2)[0]))

	return n << 10
}
