package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"annotate/db"
	"annotate/handlers"
	"annotate/internal/corpus"
)

type user struct {
	Add      userAdd      `cmd:"" help:"Add a person."`
	List     userList     `cmd:"" help:"List the people."`
	Password userPassword `cmd:"" help:"Give a person a new password; their sessions end."`
	Disable  userDisable  `cmd:"" help:"Take away a person's access. Their work stays."`
	Enable   userEnable   `cmd:"" help:"Give it back."`
	Token    userToken    `cmd:"" help:"Make an API token and print it, this once."`
}

type userAdd struct {
	Name          string `arg:"" help:"The name to sign in with."`
	Role          string `required:"" enum:"${roles}" help:"One of ${enum}."`
	PasswordStdin bool   `help:"Read the password from the first line of stdin; else one is made and printed."`
}

func (c *userAdd) Run(p *program) error {
	password, err := p.password(c.PasswordStdin)
	if err != nil {
		return err
	}

	return p.open(func(s *db.Store) error {
		made, err := addPerson(p.ctx, s, c.Name, corpus.Role(c.Role), password)
		if err == nil && made != "" {
			fmt.Fprintln(p.stdout, made)
			fmt.Fprintln(p.stderr, "This is the password; it is shown once.")
		}
		return err
	})
}

// password reads one from stdin; "" where none is to be read.
func (p *program) password(read bool) (string, error) {
	if !read {
		return "", nil
	}
	line, err := bufio.NewReader(io.LimitReader(p.stdin, 1<<16)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", corpus.Invalidf("", "there is no password on stdin")
	}

	return line, nil
}

type userList struct{}

func (c *userList) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		people, err := s.Annotators(p.ctx)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "NAME\tROLE\tSINCE\t")
		for _, a := range people {
			disabled := ""
			if a.Disabled {
				disabled = "disabled"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", a.Name, a.Role, a.Added.Format("2006-01-02"), disabled)
		}

		return t.Flush()
	})
}

type userPassword struct {
	Name          string `arg:"" help:"Whose password."`
	PasswordStdin bool   `help:"Read it from the first line of stdin; else one is made and printed."`
}

func (c *userPassword) Run(p *program) error {
	password, err := p.password(c.PasswordStdin)
	if err != nil {
		return err
	}

	return p.openThere(func(s *db.Store) error {
		who, err := p.personNamed(s, c.Name)
		if err != nil {
			return err
		}
		made := password == ""
		if made {
			password = newPassword()
		}
		hash, err := handlers.HashPassword(p.ctx, password)
		if err != nil {
			return err
		}
		if err := s.SetPassword(p.ctx, who.ID, hash); err != nil {
			return err
		}
		if made {
			fmt.Fprintln(p.stdout, password)
			fmt.Fprintln(p.stderr, "This is the new password; it is shown once.")
		}

		return nil
	})
}

type userDisable struct {
	Name string `arg:"" help:"Whose access."`
}

func (c *userDisable) Run(p *program) error { return p.setDisabled(c.Name, true) }

type userEnable struct {
	Name string `arg:"" help:"Whose access."`
}

func (c *userEnable) Run(p *program) error { return p.setDisabled(c.Name, false) }

func (p *program) setDisabled(name string, disabled bool) error {
	return p.openThere(func(s *db.Store) error {
		who, err := p.personNamed(s, name)
		if err != nil {
			return err
		}

		return s.SetDisabled(p.ctx, who.ID, disabled)
	})
}

type userToken struct {
	Name string `arg:"" help:"In whose name the token acts."`
	For  string `default:"command line" help:"What the token is for, to tell it from others."`
}

func (c *userToken) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		who, err := p.personNamed(s, c.Name)
		if err != nil {
			return err
		}
		if who.Disabled {
			return corpus.Invalidf("", "%s has no access; give it back first with: annotate user enable %s", who.Name, shellWord(who.Name))
		}
		token, err := s.AddToken(p.ctx, who.ID, c.For)
		if err == nil {
			fmt.Fprintln(p.stdout, token)
		}
		return err
	})
}
