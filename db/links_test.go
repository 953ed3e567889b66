package db_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

const day = 24 * time.Hour

func invited(t testing.TB, s *db.Store, i corpus.Invitation, by corpus.AnnotatorID) string {
	t.Helper()
	token, err := s.AddInvitation(t.Context(), i, by)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestALinkIsUsedOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	token, err := s.AddFirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if l, err := s.Link(t.Context(), token); err != nil || l.Role != corpus.Administrator || l.Project != 0 || l.Person != 0 || l.By != "" {
		t.Fatalf("%+v %v", l, err)
	}
	// A refused name does not use it up.
	_, err = s.UseLink(t.Context(), token, "", "-")
	invalid(t, err, "name")

	var all sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		all.Go(func() { _, errs[i] = s.UseLink(t.Context(), token, fmt.Sprint("person ", i), "-") })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, corpus.ErrNotFound) {
			t.Error(err)
		}
	}
	people, err := s.Annotators(t.Context())
	if won != 1 || err != nil || len(people) != 1 || people[0].Role != corpus.Administrator {
		t.Fatalf("%d of 16 used the link, %+v %v", won, people, err)
	}
	if _, err := s.Link(t.Context(), token); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a used link: %v", err)
	}
	if links, err := s.Links(t.Context(), 0); err != nil || len(links) != 1 || links[0].UsedBy != people[0].Name || links[0].Used.IsZero() {
		t.Errorf("%+v %v", links, err)
	}
	clean(t, s)
}

func TestTheFirstLinkIsGoodForADayAndOnlyTheNewestCounts(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	first := func() string {
		token, err := s.AddFirstLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	old, other := first(), invited(t, s, corpus.Invitation{Role: corpus.AnnotatorRole, For: day}, 0)
	newest := first()
	clock.add(23 * time.Hour)
	for token, want := range map[string]bool{old: false, newest: true, other: true, "": false} {
		if _, err := s.Link(t.Context(), token); (err == nil) != want {
			t.Errorf("after 23 hours: %v, want alive %v", err, want)
		}
	}
	clock.add(2 * time.Hour)
	if _, err := s.Link(t.Context(), newest); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("after 25 hours: %v", err)
	}
	if _, err := s.UseLink(t.Context(), newest, "mara", "-"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("after 25 hours: %v", err)
	}
}

// older is a data file as the program of a schema version left it.
func older(t *testing.T, version int64, queries ...string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "old.db")
	d := raw(t, path)
	p, err := goose.NewProvider(goose.DialectSQLite3, d, os.DirFS("migrations"))
	if err == nil {
		_, err = p.UpTo(t.Context(), version)
	}
	if err != nil {
		t.Fatal(err)
	}
	run(t, d, queries...)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}

	return path
}

func TestAFileFromBeforeMembershipGoesOn(t *testing.T) {
	t.Parallel()
	now := time.Now().UnixMilli()
	s, err := db.Open(t.Context(), older(t, 2,
		`INSERT INTO annotators (id, name, role, password_hash, added_at) VALUES (1, 'mara', 'manager', '-', 1), (2, 'ines', 'annotator', '-', 1)`,
		fmt.Sprintf(`INSERT INTO sessions (token_hash, annotator_id, agent, started_at, seen_at) VALUES (x'01', 1, 'old', %d, %d)`, now-1000, now-500),
		`INSERT INTO projects (id, name, labels, cutting, queue_order, added_at) VALUES (1, 'news', '[]', 'line', 'imported', 1)`,
		// the first is the SHA-256 of "abc", as FIPS 180-2, B.1, has it
		fmt.Sprintf(`INSERT INTO links (token_hash, role, expires_at, used_by) VALUES
			(x'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'adjudicator', %d, NULL), (x'02', 'manager', %d, 1)`, now+1e7, now+1e7)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()

	if links, err := s.Links(ctx, 0); err != nil || len(links) != 2 || links[0].UsedBy+links[1].UsedBy != "mara" {
		t.Errorf("%+v %v", links, err)
	}
	if _, err := s.UseLink(ctx, "abc", "olga", "-"); err != nil {
		t.Errorf("a link from before: %v", err)
	}
	if a, err := s.Annotator(ctx, 1); err != nil || a.Seen.UnixMilli() != now-500 {
		t.Errorf("%+v %v", a, err)
	}
	for id, want := range map[corpus.AnnotatorID]corpus.Role{1: corpus.Manager, 2: corpus.AnnotatorRole} {
		if role, err := s.RoleIn(ctx, 1, corpus.Annotator{ID: id}); err != nil || role != want {
			t.Errorf("%d: %s %v, want %s", id, role, err, want)
		}
	}
	clean(t, s)
}

func TestAnInvitationGivesNoMoreThanWhoMakesItMay(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	admin, manager, other := dbtest.Annotator(t, s, "mara", corpus.Administrator), dbtest.Annotator(t, s, "mona", corpus.AnnotatorRole), dbtest.Annotator(t, s, "ines", corpus.Manager)
	p, q := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "quiet")
	for _, err := range []error{s.SetMember(ctx, p.ID, manager.ID, corpus.Manager, 0), s.SetMember(ctx, p.ID, other.ID, corpus.Adjudicator, 0)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		by   corpus.Annotator
		i    corpus.Invitation
		want string // the field of what is refused, "-" for nothing
	}{
		"an administrator makes another":           {admin, corpus.Invitation{Role: corpus.Administrator, For: day}, "-"},
		"an administrator, any project":            {admin, corpus.Invitation{Role: corpus.Manager, Project: q.ID, For: day}, "-"},
		"a manager of one project, there":          {manager, corpus.Invitation{Role: corpus.Manager, Project: p.ID, For: day}, "-"},
		"a manager of one project, elsewhere":      {manager, corpus.Invitation{Role: corpus.AnnotatorRole, Project: q.ID, For: day}, "role"},
		"a manager makes no accounts":              {manager, corpus.Invitation{Role: corpus.AnnotatorRole, For: day}, "role"},
		"a manager's account is less in a project": {other, corpus.Invitation{Role: corpus.AnnotatorRole, Project: p.ID, For: day}, "role"},
		"a manager's account in an open project":   {other, corpus.Invitation{Role: corpus.Adjudicator, Project: q.ID, For: day}, "-"},
		"nobody is administrator of a project":     {admin, corpus.Invitation{Role: corpus.Administrator, Project: p.ID, For: day}, "role"},
		"no such role":                             {admin, corpus.Invitation{Role: "king", For: day}, "role"},
		"for ever":                                 {admin, corpus.Invitation{Role: corpus.Manager, For: 366 * day}, "days"},
		"for no time":                              {admin, corpus.Invitation{Role: corpus.Manager}, "days"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := s.AddInvitation(ctx, c.i, c.by.ID)
			if c.want != "-" {
				invalid(t, err, c.want)
				return
			}
			if l, err2 := s.Link(ctx, token); err != nil || err2 != nil || l.By != c.by.Name || l.Role != c.i.Role || l.Project != c.i.Project {
				t.Errorf("%+v %v %v", l, err, err2)
			}
		})
	}
	if _, err := s.AddInvitation(ctx, corpus.Invitation{Role: corpus.Manager, Project: 99, For: day}, admin.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("no such project: %v", err)
	}
}

// What a link gives is looked at again when it is used.
func TestALinkIsWorthWhatItsMakerMayDoNow(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(s *db.Store, p corpus.ProjectID, mona corpus.AnnotatorID, l corpus.LinkID) error{
		"lost the place": func(s *db.Store, p corpus.ProjectID, mona corpus.AnnotatorID, _ corpus.LinkID) error {
			return s.RemoveMember(t.Context(), p, mona, 0)
		},
		"a lower role": func(s *db.Store, p corpus.ProjectID, mona corpus.AnnotatorID, _ corpus.LinkID) error {
			return s.SetMember(t.Context(), p, mona, corpus.Adjudicator, 0)
		},
		"no access": func(s *db.Store, _ corpus.ProjectID, mona corpus.AnnotatorID, _ corpus.LinkID) error {
			return s.SetDisabled(t.Context(), mona, true, 0)
		},
		"no project any more": func(s *db.Store, p corpus.ProjectID, _ corpus.AnnotatorID, _ corpus.LinkID) error {
			return s.SetProjectRemoved(t.Context(), p, true, 0)
		},
		"withdrawn": func(s *db.Store, p corpus.ProjectID, _ corpus.AnnotatorID, l corpus.LinkID) error {
			return s.RevokeLink(t.Context(), p, l, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := dbtest.Open(t)
			dbtest.Annotator(t, s, "mara", corpus.Administrator)
			mona := dbtest.Annotator(t, s, "mona", corpus.AnnotatorRole)
			p := dbtest.Project(t, s, "news")
			if err := s.SetMember(t.Context(), p.ID, mona.ID, corpus.Manager, 0); err != nil {
				t.Fatal(err)
			}
			token := invited(t, s, corpus.Invitation{Role: corpus.AnnotatorRole, Project: p.ID, For: day}, mona.ID)
			l, err := s.Link(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if err := spoil(s, p.ID, mona.ID, l.ID); err != nil {
				t.Fatal(err)
			}
			if _, err := s.UseLink(t.Context(), token, "olga", "-"); !errors.Is(err, corpus.ErrNotFound) {
				t.Errorf("the link still works: %v", err)
			}
			if _, err := s.AnnotatorByName(t.Context(), "olga"); !errors.Is(err, corpus.ErrNotFound) {
				t.Errorf("the account was made: %v", err)
			}
		})
	}
}

func TestAnInvitationToAProjectGivesAPlaceThereAndNoMore(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	p, q := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "quiet")
	id, err := s.UseLink(ctx, invited(t, s, corpus.Invitation{Role: corpus.Manager, Project: p.ID, For: day}, 0), "olga", "-")
	if err != nil {
		t.Fatal(err)
	}
	olga := corpus.Annotator{ID: id}
	for project, want := range map[corpus.ProjectID]corpus.Role{p.ID: corpus.Manager, q.ID: corpus.AnnotatorRole} {
		if role, err := s.RoleIn(ctx, project, olga); err != nil || role != want {
			t.Errorf("in %d: %s %v, want %s", project, role, err, want)
		}
	}

	// Who has an account joins with it, once, and never for less than they may.
	ines := dbtest.Annotator(t, s, "ines", corpus.Adjudicator)
	less, more := invited(t, s, corpus.Invitation{Role: corpus.AnnotatorRole, Project: p.ID, For: day}, id), invited(t, s, corpus.Invitation{Role: corpus.Manager, Project: p.ID, For: day}, id)
	_, err = s.Join(ctx, less, ines.ID)
	invalid(t, err, "")
	if _, err := s.Link(ctx, less); err != nil {
		t.Errorf("a refused link is used up: %v", err)
	}
	if in, err := s.Join(ctx, more, ines.ID); err != nil || in != p.ID {
		t.Errorf("%d %v", in, err)
	}
	if role, err := s.RoleIn(ctx, p.ID, ines); err != nil || role != corpus.Manager {
		t.Errorf("%s %v", role, err)
	}
	if _, err := s.Join(ctx, more, dbtest.Annotator(t, s, "otto", corpus.AnnotatorRole).ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a used link: %v", err)
	}
	if _, err := s.Join(ctx, invited(t, s, corpus.Invitation{Role: corpus.Manager, For: day}, 0), ines.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a link to an account: %v", err)
	}
	clean(t, s)
}

func TestAResetSetsThePasswordOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	admin, ines := dbtest.Annotator(t, s, "mara", corpus.Administrator), dbtest.Annotator(t, s, "ines", corpus.Manager)
	reset := func() string {
		token, err := s.AddReset(ctx, ines.ID, admin.ID)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	session, err := s.AddSession(ctx, ines.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	old, token := reset(), reset()
	if _, err := s.Renew(ctx, old, "new"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("an older link: %v", err)
	}
	if _, err := s.UseLink(ctx, token, "olga", "-"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a link for a password made an account: %v", err)
	}
	if l, err := s.Link(ctx, token); err != nil || l.Whose != "ines" || l.By != "mara" {
		t.Errorf("%+v %v", l, err)
	}
	if _, err := s.Session(ctx, session); err != nil {
		t.Errorf("before it is used: %v", err)
	}
	if id, err := s.Renew(ctx, token, "new"); err != nil || id != ines.ID {
		t.Fatalf("%d %v", id, err)
	}
	if _, err := s.Session(ctx, session); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a session from before: %v", err)
	}
	if _, hash, err := s.PasswordHash(ctx, "ines"); err != nil || hash != "new" {
		t.Errorf("%q %v", hash, err)
	}
	if _, err := s.Renew(ctx, token, "newer"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}

	// A password changed by hand makes the link in a mailbox worthless.
	token = reset()
	if err := s.SetPassword(ctx, ines.ID, "own", ines.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Renew(ctx, token, "newer"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("after the password was changed: %v", err)
	}

	// Only an administrator makes one, for who has access.
	_, err = s.AddReset(ctx, admin.ID, ines.ID)
	invalid(t, err, "role")
	if err := s.SetDisabled(ctx, ines.ID, true, admin.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.AddReset(ctx, ines.ID, admin.ID)
	invalid(t, err, "")
	if _, err := s.Renew(ctx, invited(t, s, corpus.Invitation{Role: corpus.Manager, For: day}, 0), "newer"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("an invitation sets no password: %v", err)
	}
}

func TestALinkOfAnotherProjectIsNotWithdrawn(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	p, q := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "quiet")
	token := invited(t, s, corpus.Invitation{Role: corpus.Manager, Project: p.ID, For: day}, 0)
	l, err := s.Link(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RevokeLink(ctx, q.ID, l.ID, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("by another project: %v", err)
	}
	if list, err := s.Links(ctx, q.ID); err != nil || len(list) != 0 {
		t.Errorf("listed by another project: %+v %v", list, err)
	}
	if err := s.RevokeLink(ctx, 0, l.ID, 0); err != nil {
		t.Error(err)
	}
	if err := s.RevokeLink(ctx, p.ID, l.ID, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	if list, err := s.Links(ctx, p.ID); err != nil || len(list) != 1 || list[0].Revoked.IsZero() {
		t.Errorf("%+v %v", list, err)
	}
}
