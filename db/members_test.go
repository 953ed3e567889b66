package db_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

func TestWhatAPersonMayDoInAProject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		account, member corpus.Role // member "" for none
		open            bool
		want            corpus.Role // "" for not even knowing of it
	}{
		{corpus.Administrator, "", true, corpus.Administrator},
		{corpus.Administrator, "", false, corpus.Administrator},
		{corpus.Administrator, corpus.AnnotatorRole, false, corpus.Administrator},
		{corpus.Manager, "", true, corpus.Manager},
		{corpus.Manager, "", false, ""},
		{corpus.Manager, corpus.AnnotatorRole, true, corpus.AnnotatorRole},
		{corpus.Manager, corpus.AnnotatorRole, false, corpus.AnnotatorRole},
		{corpus.AnnotatorRole, "", true, corpus.AnnotatorRole},
		{corpus.AnnotatorRole, "", false, ""},
		{corpus.AnnotatorRole, corpus.Manager, true, corpus.Manager},
		{corpus.AnnotatorRole, corpus.Adjudicator, false, corpus.Adjudicator},
	} {
		t.Run(fmt.Sprintf("%s, member %q, open %t", c.account, c.member, c.open), func(t *testing.T) {
			t.Parallel()
			s := dbtest.Open(t)
			ctx := t.Context()
			dbtest.Annotator(t, s, "root", corpus.Administrator)
			who := dbtest.Annotator(t, s, "ines", c.account)
			p, _ := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "other")
			doc := imported(t, s, p)
			if c.member != "" {
				if err := s.SetMember(ctx, p.ID, who.ID, c.member, 0); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.SetOpen(ctx, p.ID, c.open, 0); err != nil {
				t.Fatal(err)
			}

			who.Role = corpus.Administrator // what a handler put there must not count
			for range 2 {                   // the second is remembered
				role, err := s.RoleIn(ctx, p.ID, who)
				on, in, err2 := s.RoleOn(ctx, doc, who)
				if role != c.want || on != c.want || (err == nil) != (c.want != "") || (err2 == nil) != (c.want != "") || c.want != "" && in != p.ID {
					t.Errorf("%q %v, on its document %q %v, want %q", role, err, on, err2, c.want)
				}
				if c.want == "" && !(errors.Is(err, corpus.ErrNotFound) && errors.Is(err2, corpus.ErrNotFound)) {
					t.Errorf("%v %v", err, err2)
				}
			}
			if roles, err := s.Roles(ctx, who.ID); err != nil || roles[p.ID] != c.want {
				t.Errorf("%v %v", roles, err)
			}
		})
	}
}

// imported is a document in p.
func imported(t testing.TB, s *db.Store, p corpus.Project) corpus.DocumentID {
	t.Helper()
	load(t, s, p, lines("one", "A page\nof two lines"))
	return listed(t, s, corpus.DocumentFilter{Project: p.ID, Limit: 1})[0].ID
}

func TestAChangeOfRightsHoldsAtOnce(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	admin, who := dbtest.Annotator(t, s, "root", corpus.Administrator), dbtest.Annotator(t, s, "ines", corpus.AnnotatorRole)
	p := dbtest.Project(t, s, "news")
	doc := imported(t, s, p)
	may := func(what string, want corpus.Role) {
		t.Helper()
		role, err := s.RoleIn(ctx, p.ID, who)
		on, _, err2 := s.RoleOn(ctx, doc, who)
		if role != want || on != want || want != "" && (err != nil || err2 != nil) {
			t.Errorf("%s: %q %v, %q %v, want %q", what, role, err, on, err2, want)
		}
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	may("open", corpus.AnnotatorRole)
	ok(s.SetMember(ctx, p.ID, who.ID, corpus.Manager, admin.ID))
	may("made a manager", corpus.Manager)
	ok(s.SetMember(ctx, p.ID, who.ID, corpus.AnnotatorRole, admin.ID))
	may("made less", corpus.AnnotatorRole)
	ok(s.RemoveMember(ctx, p.ID, who.ID, admin.ID))
	ok(s.SetOpen(ctx, p.ID, false, admin.ID))
	may("closed", "")
	ok(s.SetRole(ctx, who.ID, corpus.Administrator, admin.ID))
	may("an administrator", corpus.Administrator)
	if err := s.RemoveMember(ctx, p.ID, who.ID, admin.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if err := s.SetMember(ctx, 99, who.ID, corpus.Manager, 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("no such project: %v", err)
	}
	invalid(t, s.SetMember(ctx, p.ID, who.ID, corpus.Administrator, 0), "role")
	clean(t, s)
}

func TestSomebodyIsAlwaysLeftToDecide(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	mona, ines := dbtest.Annotator(t, s, "mona", corpus.Manager), dbtest.Annotator(t, s, "ines", corpus.AnnotatorRole)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	id, err := s.AddProject(ctx, corpus.Project{Name: "news", Labels: corpus.DefaultLabels(), Cutting: "line"}, mona.ID)
	ok(err)
	if m, err := s.Member(ctx, id, mona.ID); err != nil || m.In != corpus.Manager {
		t.Errorf("who makes a project: %+v %v", m, err)
	}
	ok(s.SetOpen(ctx, id, false, mona.ID))

	// Without an administrator the last manager stays.
	invalid(t, s.RemoveMember(ctx, id, mona.ID, mona.ID), "role")
	invalid(t, s.SetMember(ctx, id, mona.ID, corpus.Adjudicator, mona.ID), "role")
	invalid(t, s.SetDisabled(ctx, mona.ID, true, 0), "role")
	if role, err := s.RoleIn(ctx, id, mona); err != nil || role != corpus.Manager {
		t.Errorf("after refusals: %s %v", role, err)
	}
	ok(s.SetMember(ctx, id, ines.ID, corpus.Manager, mona.ID))
	ok(s.RemoveMember(ctx, id, mona.ID, mona.ID))
	ok(s.SetOpen(ctx, id, true, ines.ID))
	ok(s.RemoveMember(ctx, id, ines.ID, ines.ID))
	invalid(t, s.SetOpen(ctx, id, false, 0), "role")

	// With one they may go; the last administrator may not.
	root := dbtest.Annotator(t, s, "root", corpus.Administrator)
	ok(s.SetOpen(ctx, id, false, 0))
	invalid(t, s.SetRole(ctx, root.ID, corpus.Manager, root.ID), "role")
	invalid(t, s.SetDisabled(ctx, root.ID, true, root.ID), "role")
	other := dbtest.Annotator(t, s, "other", corpus.Administrator)
	ok(s.SetDisabled(ctx, other.ID, true, root.ID))
	invalid(t, s.SetRole(ctx, root.ID, corpus.Manager, root.ID), "role")
	ok(s.SetDisabled(ctx, other.ID, false, root.ID))
	ok(s.SetRole(ctx, root.ID, corpus.Manager, other.ID))
	invalid(t, s.SetRole(ctx, root.ID, "king", other.ID), "role")
	clean(t, s)
}

func TestWhoClosesAProjectStaysIn(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mona := dbtest.Annotator(t, s, "mona", corpus.Manager)
	p := dbtest.Project(t, s, "news")
	if err := s.SetOpen(t.Context(), p.ID, false, mona.ID); err != nil {
		t.Fatal(err)
	}
	if role, err := s.RoleIn(t.Context(), p.ID, mona); err != nil || role != corpus.Manager {
		t.Errorf("%s %v", role, err)
	}
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	root, ines := dbtest.Annotator(t, s, "root", corpus.Administrator), dbtest.Annotator(t, s, "ines", corpus.AnnotatorRole)
	var tokens []string
	for i := range 3 {
		token, err := s.AddSession(ctx, ines.ID, fmt.Sprint("browser ", i))
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	list, err := s.Sessions(ctx, ines.ID, tokens[1])
	if err != nil || len(list) != 3 || !list[0].Current || list[0].Agent != "browser 1" || list[1].Current || list[2].Current {
		t.Fatalf("%+v %v", list, err)
	}
	for _, one := range list {
		for _, token := range tokens {
			if strings.Contains(token, one.ID) || one.ID == "" {
				t.Errorf("the id %q opens a door", one.ID)
			}
		}
	}
	if err := s.EndSession(ctx, root.ID, list[0].ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := s.EndSession(ctx, ines.ID, list[0].ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(ctx, tokens[1]); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("an ended session: %v", err)
	}
	if err := s.EndSessions(ctx, ines.ID, tokens[0], ines.ID); err != nil {
		t.Error(err)
	}
	if list, err := s.Sessions(ctx, ines.ID, tokens[0]); err != nil || len(list) != 1 || !list[0].Current {
		t.Errorf("%+v %v", list, err)
	}
	if err := s.EndSessions(ctx, ines.ID, "", root.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(ctx, tokens[0]); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("ended by an administrator: %v", err)
	}
	if a, err := s.Annotator(ctx, ines.ID); err != nil || a.Seen.IsZero() {
		t.Errorf("%+v %v: when they were last seen is lost with the session", a, err)
	}
}

// Each change of a right leaves its lines in the log, with who did it, and no
// secret is ever among them.
func TestTheLogHasEveryChangeOfRights(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	root, ines := dbtest.Annotator(t, s, "root", corpus.Administrator), dbtest.Annotator(t, s, "ines", corpus.Manager)
	p := dbtest.Project(t, s, "news")
	var secrets []string
	keep := func(token string, err error) error {
		secrets = append(secrets, token)
		return err
	}
	use := func(_ corpus.AnnotatorID, err error) error { return err }
	const hash = "$argon2id$secret"
	for _, c := range []struct {
		do   func() error
		want string // "by kind subject change", the newest line
	}{
		{func() error { _, err := s.AddAnnotator(ctx, " otto ", corpus.AnnotatorRole, hash); return err }, ` person-added otto {"role":"annotator"}`},
		{func() error { return s.SetRole(ctx, ines.ID, corpus.Adjudicator, root.ID) }, `root person-role ines {"from":"manager","to":"adjudicator"}`},
		{func() error { return s.SetRole(ctx, ines.ID, corpus.Adjudicator, root.ID) }, ""},
		{func() error { return s.SetDisabled(ctx, ines.ID, true, root.ID) }, `root person-disabled ines {}`},
		{func() error { return s.SetDisabled(ctx, ines.ID, false, root.ID) }, `root person-enabled ines {}`},
		{func() error { return s.SetDisabled(ctx, ines.ID, false, root.ID) }, ""},
		{func() error { return s.SetPassword(ctx, ines.ID, hash, ines.ID) }, `ines password-changed ines {}`},
		{func() error { return s.SetPassword(ctx, ines.ID, hash, 0) }, ` password-set ines {}`},
		{func() error { return s.EndSessions(ctx, ines.ID, "", root.ID) }, `root person-sessions ines {}`},
		{func() error { return s.SetMember(ctx, p.ID, ines.ID, corpus.Manager, root.ID) }, `root member-added ines {"role":"manager"} news`},
		{func() error { return s.SetMember(ctx, p.ID, ines.ID, corpus.AnnotatorRole, root.ID) }, `root member-role ines {"from":"manager","to":"annotator"} news`},
		{func() error { return s.RemoveMember(ctx, p.ID, ines.ID, root.ID) }, `root member-removed ines {"role":"annotator"} news`},
		{func() error { return s.SetOpen(ctx, p.ID, false, root.ID) }, `root project-closed news {} news`},
		{func() error { return s.SetOpen(ctx, p.ID, true, root.ID) }, `root project-opened news {} news`},
		{func() error { return s.SetOpen(ctx, p.ID, true, root.ID) }, ""},
		{func() error { return s.SetProjectRemoved(ctx, p.ID, true, root.ID) }, `root project-removed news {} news`},
		{func() error { return s.SetProjectRemoved(ctx, p.ID, true, root.ID) }, ""},
		{func() error { return s.SetProjectRemoved(ctx, p.ID, false, root.ID) }, `root project-restored news {} news`},
		{func() error {
			return keep(s.AddInvitation(ctx, corpus.Invitation{Role: corpus.Manager, Project: p.ID, For: 7 * day}, root.ID))
		}, `root invitation-made  {"role":"manager","days":7} news`},
		{func() error { return use(s.UseLink(ctx, secrets[0], "olga", hash)) }, `olga member-joined olga {"role":"manager","by":"root"} news`},
		{func() error {
			return keep(s.AddInvitation(ctx, corpus.Invitation{Role: corpus.Adjudicator, For: day}, root.ID))
		}, `root invitation-made  {"role":"adjudicator","days":1}`},
		{func() error { return use(s.UseLink(ctx, secrets[1], "paul", hash)) }, `paul person-joined paul {"role":"adjudicator","by":"root"}`},
		{func() error { return keep(s.AddReset(ctx, ines.ID, root.ID)) }, `root reset-made ines {}`},
		{func() error { return use(s.Renew(ctx, secrets[2], hash)) }, `ines password-renewed ines {"by":"root"}`},
		{func() error {
			_, err := s.AddProject(ctx, corpus.Project{Name: "mine", Labels: corpus.DefaultLabels(), Cutting: "line"}, ines.ID)
			return err
		}, `ines member-added ines {"role":"manager"} mine`},
	} {
		before := history(t, s, corpus.LogFilter{})
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.want, err)
		}
		after := history(t, s, corpus.LogFilter{})
		switch {
		case c.want == "" && len(after) != len(before):
			t.Errorf("nothing changed, but the log says %s", line(after[0]))
		case c.want != "" && (len(after) == len(before) || line(after[0]) != c.want):
			t.Errorf("the log says %q, want %q", line(after[0]), c.want)
		}
	}

	var whole strings.Builder
	for _, e := range history(t, s, corpus.LogFilter{}) {
		whole.WriteString(line(e) + "\n")
	}
	for _, secret := range append(secrets, hash) {
		if strings.Contains(whole.String(), secret) {
			t.Errorf("the log has a secret:\n%s", whole.String())
		}
	}
	clean(t, s)
}

func history(t testing.TB, s *db.Store, f corpus.LogFilter) []corpus.LogEntry {
	t.Helper()
	entries, err := s.Log(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func line(e corpus.LogEntry) string {
	return strings.TrimRight(fmt.Sprintf("%s %s %s %s %s", e.By, e.Kind, e.Subject, e.Change, e.Project), " ")
}

func TestTheLogIsFilteredAndPaged(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	var clock clock
	clock.set(time.Now())
	s.SetClock(clock.now)
	root, ines := dbtest.Annotator(t, s, "root", corpus.Administrator), dbtest.Annotator(t, s, "ines", corpus.Manager)
	p, q := dbtest.Project(t, s, "news"), dbtest.Project(t, s, "quiet")
	for i := range 10 {
		clock.add(time.Minute)
		if err := s.SetOpen(t.Context(), p.ID, i%2 == 1, root.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetMember(t.Context(), q.ID, ines.ID, corpus.Manager, ines.ID); err != nil {
		t.Fatal(err)
	}

	var got []corpus.LogEntry
	for f := (corpus.LogFilter{Project: p.ID, Limit: 4}); ; {
		entries := history(t, s, f)
		got = append(got, entries...)
		if len(entries) < 4 {
			break
		}
		f.Before = entries[3].ID
	}
	if len(got) != 11 { // the project was added, too
		t.Fatalf("%d lines of the project, want 11", len(got))
	}
	for i, e := range got[:10] {
		if e.Project != "news" || e.By != "root" || i > 0 && (e.ID >= got[i-1].ID || !e.At.Before(got[i-1].At)) || !json.Valid(e.Change) {
			t.Errorf("line %d: %+v", i, e)
		}
	}
	if n := len(history(t, s, corpus.LogFilter{Project: p.ID, Kind: "project-closed"})); n != 5 {
		t.Errorf("%d of a kind, want 5", n)
	}
	if byInes := history(t, s, corpus.LogFilter{By: ines.ID}); len(byInes) != 1 || byInes[0].Project != "quiet" {
		t.Errorf("%+v", byInes)
	}
	kinds, err := s.LogKinds(t.Context(), p.ID)
	if err != nil || strings.Join(kinds, " ") != "project-added project-closed project-opened" {
		t.Errorf("%v %v", kinds, err)
	}
	people, err := s.LogPeople(t.Context(), p.ID)
	if err != nil || len(people) != 1 || people[0].Name != "root" {
		t.Errorf("%+v %v", people, err)
	}
	if kinds, err := s.LogKinds(t.Context(), 0); err != nil || len(kinds) != 5 {
		t.Errorf("%v %v", kinds, err)
	}
}

func TestTheLogIsNeverChanged(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	dbtest.Annotator(t, s, "root", corpus.Administrator)
	d := raw(t, s.Path())
	for _, q := range []string{`UPDATE audit SET subject = 'x'`, `DELETE FROM audit`} {
		if _, err := d.ExecContext(t.Context(), q); err == nil {
			t.Errorf("%s was let pass", q)
		}
	}
	if len(history(t, s, corpus.LogFilter{})) != 1 {
		t.Error("the log changed")
	}
}

func BenchmarkRoleOn(b *testing.B) {
	s := dbtest.Open(b)
	who := dbtest.Annotator(b, s, "ines", corpus.AnnotatorRole)
	p := dbtest.Project(b, s, "news")
	doc := imported(b, s, p)
	b.Run("remembered", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := s.RoleOn(b.Context(), doc, who); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		at := time.Now()
		s.SetClock(func() time.Time { at = at.Add(time.Minute); return at })
		for b.Loop() {
			if _, _, err := s.RoleOn(b.Context(), doc, who); err != nil {
				b.Fatal(err)
			}
		}
	})
}
