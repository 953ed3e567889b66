package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"annotate/db"
	"annotate/handlers"
	"annotate/internal/corpus"
)

type user struct {
	Add     userAdd     `cmd:"" help:"Add a person."`
	Invite  userInvite  `cmd:"" help:"Make a link with which somebody makes an account, and print it, this once."`
	List    userList    `cmd:"" help:"List the people."`
	Role    userRole    `cmd:"" help:"Change what a person's account may do."`
	Join    userJoin    `cmd:"" help:"Give a person a place in a project, or another role there."`
	Leave   userLeave   `cmd:"" help:"Take a person's place in a project away."`
	Reset   userReset   `cmd:"" help:"Let a person set a new password: print a link for it, or set it."`
	Disable userDisable `cmd:"" help:"Take away a person's access. Their work stays."`
	Enable  userEnable  `cmd:"" help:"Give it back."`
	Token   userToken   `cmd:"" help:"Make an API token and print it, this once."`
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

// reached is where people reach the server, for the links that a command
// prints.
type reached struct {
	BaseURL string `name:"base-url" env:"ANNOTATE_BASE_URL" placeholder:"URL" help:"Where people reach the server: https://annotate.example.org (default: http:// and the address it listens on)."`
	Addr    string `env:"ANNOTATE_ADDR" default:"127.0.0.1:8080" hidden:""`
}

// link is the address of a one-time link.
func (r reached) link(token string) string {
	base := strings.TrimRight(r.BaseURL, "/")
	if base == "" {
		base = "http://" + r.Addr
	}

	return base + "/welcome/" + token
}

type userInvite struct {
	Role    string `required:"" enum:"${roles}" help:"What the person may do: one of ${enum}."`
	Project string `placeholder:"NAME" help:"Only in this project; elsewhere they may label where everybody may."`
	Days    int    `default:"7" placeholder:"N" help:"How many days the link works (default: ${default})."`
	reached
}

func (c *userInvite) Run(p *program) error {
	if c.Days < 1 || c.Days > 365 {
		return corpus.Invalidf("", "an invitation works for 1 to 365 days")
	}

	return p.open(func(s *db.Store) error {
		i := corpus.Invitation{Role: corpus.Role(c.Role), For: time.Duration(c.Days) * 24 * time.Hour}
		if c.Project != "" {
			found, err := p.projectNamed(s, c.Project)
			if err != nil {
				return err
			}
			i.Project = found.ID
		}
		token, err := s.AddInvitation(p.ctx, i, 0)
		if err == nil {
			fmt.Fprintln(p.stdout, c.link(token))
		}
		return err
	})
}

type userList struct {
	JSON bool `name:"json" help:"Write JSON, one person a line."`
}

// userView is a person as list prints them.
type userView struct {
	Name     string                 `json:"name"`
	Role     corpus.Role            `json:"role"`
	Projects map[string]corpus.Role `json:"projects"`
	Since    time.Time              `json:"since"`
	Seen     time.Time              `json:"seen,omitzero"`
	Disabled bool                   `json:"disabled,omitempty"`
}

func (c *userList) Run(p *program) error {
	return p.openThere(func(s *db.Store) error {
		people, err := s.Annotators(p.ctx)
		if err != nil {
			return err
		}
		in, err := s.Memberships(p.ctx)
		if err != nil {
			return err
		}

		t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(t, "NAME\tROLE\tSINCE\tLAST SEEN\tPROJECTS\t")
		}
		for _, a := range people {
			if c.JSON {
				v := userView{a.Name, a.Role, map[string]corpus.Role{}, a.Added, a.Seen, a.Disabled}
				for _, m := range in[a.ID] {
					v.Projects[m.Name] = m.Role
				}
				if err := json.NewEncoder(p.stdout).Encode(v); err != nil {
					return err
				}
				continue
			}
			userRow(t, a, in[a.ID])
		}

		return t.Flush()
	})
}

func userRow(w io.Writer, a corpus.Annotator, in []corpus.Membership) {
	seen, disabled := "never", ""
	if !a.Seen.IsZero() {
		seen = a.Seen.Format("2006-01-02")
	}
	if a.Disabled {
		disabled = "disabled"
	}
	projects := make([]string, len(in))
	for i, m := range in {
		projects[i] = fmt.Sprintf("%s (%s)", m.Name, m.Role)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", a.Name, a.Role, a.Added.Format("2006-01-02"), seen, strings.Join(projects, ", "), disabled)
}

type userRole struct {
	Name string `arg:"" help:"Whose account."`
	Role string `arg:"" enum:"${roles}" help:"One of ${enum}."`
}

func (c *userRole) Run(p *program) error {
	return p.change(c.Name, func(s *db.Store, who corpus.Annotator) error {
		return s.SetRole(p.ctx, who.ID, corpus.Role(c.Role), 0)
	})
}

// change does something to a person who is there.
func (p *program) change(name string, do func(*db.Store, corpus.Annotator) error) error {
	return p.openThere(func(s *db.Store) error {
		who, err := p.personNamed(s, name)
		if err != nil {
			return err
		}

		return do(s, who)
	})
}

type userJoin struct {
	Name    string `arg:"" help:"Who."`
	Project string `required:"" placeholder:"NAME" help:"The project."`
	Role    string `required:"" enum:"${memberRoles}" help:"What they may do there: one of ${enum}."`
}

func (c *userJoin) Run(p *program) error {
	return p.change(c.Name, func(s *db.Store, who corpus.Annotator) error {
		in, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}

		return s.SetMember(p.ctx, in.ID, who.ID, corpus.Role(c.Role), 0)
	})
}

type userLeave struct {
	Name    string `arg:"" help:"Who."`
	Project string `required:"" placeholder:"NAME" help:"The project."`
}

func (c *userLeave) Run(p *program) error {
	return p.change(c.Name, func(s *db.Store, who corpus.Annotator) error {
		in, err := p.projectNamed(s, c.Project)
		if err != nil {
			return err
		}
		err = s.RemoveMember(p.ctx, in.ID, who.ID, 0)
		if errors.Is(err, corpus.ErrNotFound) {
			return corpus.Invalidf("", "%s is no member of %q", who.Name, in.Name)
		}

		return err
	})
}

type userReset struct {
	Name          string `arg:"" help:"Whose password."`
	PasswordStdin bool   `help:"Set it to the first line of stdin, now; else a link is printed with which the person sets it, within a day."`
	reached
}

func (c *userReset) Run(p *program) error {
	password, err := p.password(c.PasswordStdin)
	if err != nil {
		return err
	}

	return p.change(c.Name, func(s *db.Store, who corpus.Annotator) error {
		if password == "" {
			token, err := s.AddReset(p.ctx, who.ID, 0)
			if err == nil {
				fmt.Fprintln(p.stdout, c.link(token))
			}
			return err
		}
		hash, err := handlers.HashPassword(p.ctx, password)
		if err != nil {
			return err
		}

		return s.SetPassword(p.ctx, who.ID, hash, 0)
	})
}

type userDisable struct {
	Name string `arg:"" help:"Whose access."`
}

func (c *userDisable) Run(p *program) error {
	return p.change(c.Name, func(s *db.Store, who corpus.Annotator) error {
		return s.SetDisabled(p.ctx, who.ID, true, 0)
	})
}

type userEnable struct {
	Name string `arg:"" help:"Whose access."`
}

func (c *userEnable) Run(p *program) error {
	return p.change(c.Name, func(s *db.Store, who corpus.Annotator) error {
		return s.SetDisabled(p.ctx, who.ID, false, 0)
	})
}
