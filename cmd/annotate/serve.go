package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"annotate/db"
	"annotate/handlers"
	"annotate/internal/clean"
	"annotate/internal/corpus"
	"annotate/internal/demo"
)

type serve struct {
	Addr    string `env:"ANNOTATE_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen (default: 127.0.0.1:8080); port 0 takes a free one."`
	BaseURL string `name:"base-url" env:"ANNOTATE_BASE_URL" placeholder:"URL" help:"Where people reach it, if that is another address: https://annotate.example.org."`
	Demo    bool   `help:"Add a small sample project."`
	User    string `placeholder:"NAME" help:"Make sure there is an administrator of this name; the password of a new one is printed."`
	Verbose bool   `help:"Log each request."`

	OIDC oidcFlags `embed:"" prefix:"oidc-"`
}

// oidcFlags say with which OpenID provider people may sign in. The secret is no
// flag: flags are seen by everybody on the machine.
type oidcFlags struct {
	Issuer   string      `env:"ANNOTATE_OIDC_ISSUER" placeholder:"URL" help:"The OpenID provider with which people may sign in: https://login.example.org. Needs --base-url; the client's secret is read from ANNOTATE_OIDC_CLIENT_SECRET."`
	ClientID string      `name:"client-id" env:"ANNOTATE_OIDC_CLIENT_ID" placeholder:"ID" help:"What this tool is called there."`
	Name     string      `env:"ANNOTATE_OIDC_NAME" placeholder:"NAME" help:"What people call the provider, for the button: University login (default: the provider's host)."`
	Role     corpus.Role `env:"ANNOTATE_OIDC_ROLE" default:"" enum:",${memberRoles}" placeholder:"ROLE" help:"Role of who comes for the first time without an invitation: one of ${memberRoles} (default: they are asked to get an invitation)."`
}

func (f oidcFlags) options() handlers.OIDC {
	return handlers.OIDC{Issuer: f.Issuer, ClientID: f.ClientID, ClientSecret: os.Getenv("ANNOTATE_OIDC_CLIENT_SECRET"), Name: f.Name, Role: f.Role}
}

// Stopping takes no longer than these together.
const (
	graceRequests = 3 * time.Second // for requests under way
	graceImports  = time.Second     // for imports to clear up; the next start does what they leave
)

func (c *serve) Run(p *program) error {
	return p.open(func(s *db.Store) error {
		if err := s.Serve(); err != nil {
			return err
		}
		listener, err := listen(c.Addr)
		if err != nil {
			return err
		}
		defer listener.Close()

		level := slog.LevelInfo
		if c.Verbose {
			level = slog.LevelDebug
		}
		log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level}))
		h, err := handlers.New(s, handlers.Options{Log: log, BaseURL: c.BaseURL, OIDC: c.OIDC.options()})
		if err != nil {
			return err
		}
		if c.Demo {
			if _, err := addDemo(p.ctx, s); err != nil && p.ctx.Err() == nil {
				return fmt.Errorf("sample project: %w", err)
			}
		}

		server := &http.Server{
			Handler: h, ReadHeaderTimeout: handlers.HeaderTimeout, IdleTimeout: handlers.IdleTimeout, MaxHeaderBytes: handlers.MaxHeader,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		}
		server.RegisterOnShutdown(h.Drain)
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(listener) }()
		if err := c.announce(p, s, address(listener)); err != nil && p.ctx.Err() == nil {
			return errors.Join(err, server.Close())
		}

		select {
		case err := <-ended:
			return err
		case <-p.ctx.Done():
			return stop(server, h)
		}
	})
}

func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, corpus.Invalidf("", "another program listens on %s; stop it, or choose another address with --addr", addr)
	case errors.Is(err, syscall.EACCES):
		return nil, corpus.Invalidf("", "this account may not listen on %s; choose a port above 1023 with --addr", addr)
	case err != nil:
		return nil, corpus.Invalidf("", "%s is no address to listen on (%s); write it like 127.0.0.1:8080", addr, cause(err))
	}

	return l, nil
}

func cause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// address is where a browser on this machine finds the listener.
func address(l net.Listener) string {
	at := l.Addr().(*net.TCPAddr)
	if at.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", at.Port)
	}
	return "http://" + at.String()
}

// announce says where the server is, and how to get in while nobody can.
func (c *serve) announce(p *program, s *db.Store, url string) error {
	if c.User != "" {
		password, err := administrator(p.ctx, s, c.User)
		if err != nil {
			return err
		}
		if password != "" {
			fmt.Fprintf(p.stdout, "%s may sign in with the password %s\n", c.User, password)
		}
	}
	fmt.Fprintf(p.stdout, "annotate is ready at %s\n", url)

	people, err := s.Annotators(p.ctx)
	if err != nil || len(people) > 0 {
		return err
	}
	token, err := s.AddFirstLink(p.ctx)
	if err != nil {
		return err
	}
	if c.BaseURL != "" {
		url = strings.TrimRight(c.BaseURL, "/")
	}
	fmt.Fprintf(p.stdout, "Nobody has an account yet. The first administrator opens this link, once, within 24 hours:\n  %s/welcome/%s\n", url, token)

	return nil
}

// administrator adds one with a password of the program's making, which is
// returned; "" where there is somebody of that name.
func administrator(ctx context.Context, s *db.Store, name string) (password string, err error) {
	_, err = s.AnnotatorByName(ctx, name)
	if !errors.Is(err, corpus.ErrNotFound) {
		return "", err
	}

	return addPerson(ctx, s, name, corpus.Administrator, "")
}

// addPerson adds somebody. Without a password one is made and returned.
func addPerson(ctx context.Context, s *db.Store, name string, role corpus.Role, password string) (made string, err error) {
	if password == "" {
		made = newPassword()
		password = made
	}
	hash, err := handlers.HashPassword(ctx, password)
	if err != nil {
		return "", err
	}
	_, err = s.AddAnnotator(ctx, name, role, hash)

	return made, err
}

// newPassword has 128 bits and can be typed.
func newPassword() string { return strings.ToLower(rand.Text()) }

// addDemo adds the sample project, or what is missing of it.
func addDemo(ctx context.Context, s *db.Store) (corpus.ImportReport, error) {
	p, err := s.ProjectByName(ctx, demo.Project().Name)
	if errors.Is(err, corpus.ErrNotFound) {
		p = demo.Project()
		p.ID, err = s.AddProject(ctx, p, 0)
	}
	if err != nil {
		return corpus.ImportReport{}, err
	}

	report, err := s.Import(ctx, corpus.ImportOptions{Project: p.ID}, demo.Documents())
	if err != nil || !report.Stored {
		return report, err
	}
	for _, name := range demoRuns {
		if err := addDemoRun(ctx, s, p, name); err != nil {
			return report, err
		}
	}

	return report, nil
}

// demoRuns are the cleaners whose runs the sample project has, so that it has a
// report as soon as a page is labelled.
var demoRuns = []string{"everything", "lines"}

func addDemoRun(ctx context.Context, s *db.Store, p corpus.Project, name string) error {
	b, err := clean.BuiltInNamed(name)
	if err != nil {
		return err
	}
	cleaner := b.New()
	all, err := s.Unpredicted(ctx, p.ID, 0, true)
	if err != nil {
		return err
	}
	about := cleaner.About()
	run, err := s.StartRun(ctx, corpus.Run{Project: p.ID, Name: about.String(), Cleaner: about, Origin: corpus.BuiltIn, Documents: all}, false, 0)
	if invalid := (*corpus.Invalid)(nil); errors.As(err, &invalid) {
		return nil // it is there from an earlier start
	}
	if err == nil {
		err = keepPredictions(ctx, s, p, run, cleaner, true, 0, func(int, int) {})
	}
	if err != nil {
		return err
	}

	return s.EndRun(ctx, run.ID, corpus.RunDone)
}

// stop lets requests under way finish and then ends what runs in the
// background. It gives up on both after a while: nothing that was answered as
// saved is lost by that.
func stop(server *http.Server, h *handlers.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), graceRequests)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}

	closed := make(chan struct{})
	go func() { h.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(graceImports):
	}

	return err
}
