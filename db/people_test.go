package db_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

func invalid(t testing.TB, err error, field string) {
	t.Helper()
	if i, ok := errors.AsType[*corpus.Invalid](err); !ok || i.Field != field || i.Reason == "" {
		t.Errorf("want what a person can repair in %q, got %v", field, err)
	}
}

func TestAPersonsNameIsTheirsAlone(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	dbtest.Annotator(t, s, "Mara Lindqvist", corpus.Manager)
	for _, name := range []string{"Mara Lindqvist", "mara lindqvist", " Mara Lindqvist\t", "", " \n", strings.Repeat("é", 61)} {
		_, err := s.AddAnnotator(t.Context(), name, corpus.AnnotatorRole, "-")
		invalid(t, err, "name")
	}
	_, err := s.AddAnnotator(t.Context(), "jonas", "king", "-")
	invalid(t, err, "role")
	if _, err := s.AddAnnotator(t.Context(), strings.Repeat("é", 60), corpus.AnnotatorRole, "-"); err != nil {
		t.Error(err)
	}
	a, err := s.AnnotatorByName(t.Context(), " MARA LINDQVIST ")
	if err != nil || a.Role != corpus.Manager || a.Disabled || a.Keys != nil {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := s.AnnotatorByName(t.Context(), "nobody"); !errors.Is(err, corpus.ErrNotFound) {
		t.Error(err)
	}
	if all, err := s.Annotators(t.Context()); err != nil || len(all) != 2 || all[0].Name != "Mara Lindqvist" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		after []time.Duration // it is used after each
		alive bool
	}{
		"at once":                   {[]time.Duration{0}, true},
		"after six idle days":       {[]time.Duration{6 * day}, true},
		"after eight idle days":     {[]time.Duration{8 * day}, false},
		"used every six days":       {[]time.Duration{6 * day, 6 * day, 6 * day, 6 * day}, true},
		"used, but 36 days old":     {[]time.Duration{6 * day, 6 * day, 6 * day, 6 * day, 6 * day, 6 * day}, false},
		"the clock went back a day": {[]time.Duration{-day}, true},
		"back and on again":         {[]time.Duration{-day, 6 * day, 6 * day}, true},
		"used within one hour":      {[]time.Duration{30 * time.Minute, 6*day + 23*time.Hour}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.Open(t)
			var clock clock
			clock.set(time.Now())
			s.SetClock(clock.now)
			mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
			token, err := s.AddSession(t.Context(), mara.ID, strings.Repeat("browser ü", 100))
			if err != nil {
				t.Fatal(err)
			}
			var a corpus.Annotator
			for _, d := range c.after {
				clock.add(d)
				a, err = s.Session(t.Context(), token)
			}
			if c.alive && (err != nil || a.ID != mara.ID || a.Role != corpus.Manager) {
				t.Errorf("it ended: %+v %v", a, err)
			}
			if !c.alive && !errors.Is(err, corpus.ErrNotFound) {
				t.Errorf("it lives: %+v %v", a, err)
			}
		})
	}
}

func TestWhatEndsASession(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara, jonas := dbtest.Annotator(t, s, "mara", corpus.Manager), dbtest.Annotator(t, s, "jonas", corpus.Manager)
	ctx := t.Context()
	signIn := func(who corpus.Annotator) string {
		token, err := s.AddSession(ctx, who.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	alive := func(what, token string, want bool) {
		t.Helper()
		if _, err := s.Session(ctx, token); (err == nil) != want || err != nil && !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	one, two, other := signIn(mara), signIn(mara), signIn(jonas)
	ok(s.RemoveSession(ctx, one))
	ok(s.RemoveSession(ctx, "no such token"))
	alive("signed out", one, false)
	alive("their other one", two, true)
	ok(s.SetPassword(ctx, mara.ID, "new", mara.ID))
	alive("before a new password", two, false)
	if id, hash, err := s.PasswordHash(ctx, "Mara"); err != nil || id != mara.ID || hash != "new" {
		t.Errorf("%d %q %v", id, hash, err)
	}
	three := signIn(mara)
	api := token(t, s, mara)
	if a, _, err := s.Token(ctx, api); err != nil || a.ID != mara.ID {
		t.Errorf("%+v %v", a, err)
	}
	ok(s.SetDisabled(ctx, mara.ID, true, 0))
	alive("disabled", three, false)
	if _, _, err := s.Token(ctx, api); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a disabled person's token: %v", err)
	}
	if _, _, err := s.PasswordHash(ctx, "mara"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a disabled person's password: %v", err)
	}
	ok(s.SetDisabled(ctx, mara.ID, false, 0))
	alive("given back", three, false)
	if _, _, err := s.Token(ctx, api); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a revoked token: %v", err)
	}
	if _, _, err := s.PasswordHash(ctx, "mara"); err != nil {
		t.Error(err)
	}
	alive("somebody else's", other, true)
	alive("no token", "", false)
	for what, err := range map[string]error{"password": s.SetPassword(ctx, 99, "-", 0), "keys": s.SetKeys(ctx, 99, nil), "disabled": s.SetDisabled(ctx, 99, true, 0)} {
		if !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("%s of nobody: %v", what, err)
		}
	}
	var secrets int
	ok(s.Scan(ctx, `SELECT count(*) FROM sessions WHERE instr(token_hash, ?) > 0`, []any{other}, &secrets))
	if secrets > 0 {
		t.Error("a token stands in the file")
	}
}

func TestASessionThatAnotherProcessEndedIsNoticed(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	token, err := s.AddSession(t.Context(), mara.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	command, err := db.Open(t.Context(), s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer command.Close()
	if err := command.SetDisabled(t.Context(), mara.ID, true, 0); err != nil {
		t.Fatal(err)
	}
	clock.add(time.Second)
	if _, err := s.Session(t.Context(), token); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a second later: %v", err)
	}

	// The clock going back does not keep a session.
	other := dbtest.Annotator(t, s, "jonas", corpus.Manager)
	if token, err = s.AddSession(t.Context(), other.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	clock.add(-time.Hour)
	if err := command.SetPassword(t.Context(), other.ID, "-", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("after the clock went back: %v", err)
	}
}

func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	keys := map[string]string{"body": "é", "undo": `"`, "submit": "👍"}
	if err := s.SetKeys(t.Context(), mara.ID, keys); err != nil {
		t.Fatal(err)
	}
	if a, err := s.AnnotatorByName(t.Context(), "mara"); err != nil || !maps.Equal(a.Keys, keys) {
		t.Errorf("%v %v", a.Keys, err)
	}
	if err := s.SetKeys(t.Context(), mara.ID, nil); err != nil {
		t.Fatal(err)
	}
	if a, err := s.AnnotatorByName(t.Context(), "mara"); err != nil || len(a.Keys) > 0 {
		t.Errorf("%v %v", a.Keys, err)
	}
}

func TestAProjectsSettingsAreChecked(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "News 2026")
	ctx := t.Context()
	good := corpus.Project{Name: "other", Labels: corpus.DefaultLabels(), Cutting: "line"}
	for name, c := range map[string]struct {
		field string
		spoil func(*corpus.Project)
	}{
		"no name":           {"name", func(p *corpus.Project) { p.Name = " " }},
		"taken":             {"name", func(p *corpus.Project) { p.Name = " news 2026 " }},
		"too long":          {"name", func(p *corpus.Project) { p.Name = strings.Repeat("é", 121) }},
		"control character": {"name", func(p *corpus.Project) { p.Name = "a\x00b" }},
		"guidelines":        {"guidelines", func(p *corpus.Project) { p.Guidelines = strings.Repeat("a", 256<<10+1) }},
		"order":             {"order", func(p *corpus.Project) { p.Order = "best first" }},
		"cutting":           {"cutting", func(p *corpus.Project) { p.Cutting = "" }},
		"two labels":        {"label name", func(p *corpus.Project) { p.Labels[1].Name = "per" }},
		"two keys":          {"label key", func(p *corpus.Project) { p.Labels[1].Key = "1" }},
	} {
		bad := good
		bad.Labels = corpus.DefaultLabels()
		c.spoil(&bad)
		_, err := s.AddProject(ctx, bad, 0)
		if invalid(t, err, c.field); t.Failed() {
			t.Fatal(name)
		}
		bad.ID = p.ID
		if name != "taken" {
			invalid(t, s.SetProject(ctx, bad, 0), c.field)
		}
	}

	id, err := s.AddProject(ctx, good, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.Name = "OTHER"
	invalid(t, s.SetProject(ctx, p, 0), "name")
	p.Name = "news 2026" // its own name in other letters
	if err := s.SetProject(ctx, p, 0); err != nil {
		t.Error(err)
	}

	// A label is renamed and retired freely, never taken out.
	p.Labels[0].Name, p.Labels[1].Retired = "PERSON", true
	if err := s.SetProject(ctx, p, 0); err != nil {
		t.Error(err)
	}
	p.Labels = p.Labels[1:]
	invalid(t, s.SetProject(ctx, p, 0), "labels")
	if now, err := s.Project(ctx, p.ID); err != nil || now.Labels[0].Name != "PERSON" || !now.Labels[1].Retired || len(now.Labels) != 5 {
		t.Errorf("%+v %v", now.Labels, err)
	}

	// A removed one keeps its name and comes back.
	if err := s.SetProjectRemoved(ctx, id, true, 0); err != nil {
		t.Fatal(err)
	}
	_, err = s.AddProject(ctx, good, 0)
	invalid(t, err, "name")
	if _, err := s.ProjectByName(ctx, "other"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a removed project: %v", err)
	}
	if all, err := s.Projects(ctx); err != nil || len(all) != 2 || !all[1].Removed || all[1].Name != "other" {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := s.Claim(ctx, id, 1, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a removed project's queue: %v", err)
	}
	if err := s.SetProjectRemoved(ctx, id, false, 0); err != nil {
		t.Fatal(err)
	}
	if now, err := s.ProjectByName(ctx, " OTHER "); err != nil || now.ID != id {
		t.Errorf("%+v %v", now, err)
	}
	for what, err := range map[string]error{"settings": s.SetProject(ctx, corpus.Project{ID: 99, Name: "x", Cutting: "line"}, 0), "removal": s.SetProjectRemoved(ctx, 99, true, 0)} {
		if !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("%s of no project: %v", what, err)
		}
	}
}

func TestAMistakeInOneChangeLeavesTheOthers(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	p := dbtest.Project(t, s, "news")
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			if i%4 == 0 {
				if err := s.Panic(t.Context()); err == nil || !strings.Contains(err.Error(), "on purpose") {
					t.Errorf("a panic: %v", err)
				}
				return
			}
			if _, err := s.AddAnnotator(t.Context(), fmt.Sprint("person ", i), corpus.AnnotatorRole, "-"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if people, err := s.Annotators(t.Context()); err != nil || len(people) != 24 {
		t.Errorf("%d people, %v", len(people), err)
	}
	if now, err := s.Project(t.Context(), p.ID); err != nil || now.Guidelines != "" {
		t.Errorf("half a change was kept: %q %v", now.Guidelines, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.AddAnnotator(ended, "late", corpus.AnnotatorRole, "-"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that is gone: %v", err)
	}
}
