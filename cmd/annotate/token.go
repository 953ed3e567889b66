package main

import (
	"fmt"
	"time"

	"annotate/db"
	"annotate/internal/corpus"
)

type userToken struct {
	Name  string         `arg:"" help:"In whose name the token acts."`
	For   string         `default:"command line" help:"What the token is for, to tell it from others."`
	Scope []corpus.Scope `default:"${usualScopes}" enum:"${scopes}" placeholder:"SCOPE" help:"What it lets do, as far as the person may: ${enum} (default: ${default}). Several times for several."`
	Days  int            `placeholder:"N" help:"How many days it works; without an end where it is left out."`
}

func (c *userToken) Run(p *program) error {
	if c.Days < 0 || c.Days > corpus.MaxTokenDays {
		return corpus.Invalidf("", "a token works for 1 to %d days, or without an end", corpus.MaxTokenDays)
	}
	token := corpus.Token{Name: c.For, Scopes: c.Scope}
	if c.Days > 0 {
		token.Expires = time.Now().AddDate(0, 0, c.Days)
	}

	return p.openThere(func(s *db.Store) error {
		who, err := p.personNamed(s, c.Name)
		if err != nil {
			return err
		}
		if who.Disabled {
			return corpus.Invalidf("", "%s has no access; give it back first with: annotate user enable %s", who.Name, shellWord(who.Name))
		}
		secret, err := s.AddToken(p.ctx, who.ID, token, 0)
		if err == nil {
			fmt.Fprintln(p.stdout, secret)
		}
		return err
	})
}
