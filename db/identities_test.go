package db_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"annotate/db/dbtest"
	"annotate/internal/corpus"
)

const issuer = "https://login.example.org"

func identity(subject string) corpus.Identity {
	return corpus.Identity{Issuer: issuer, Subject: subject, Label: subject + "@example.org"}
}

func TestAnIdentityBelongsToOnePerson(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	mara, jonas := dbtest.Annotator(t, s, "mara", corpus.Manager), dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	if _, err := s.IdentityOwner(ctx, issuer, "m1"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("before: %v", err)
	}
	if err := s.AddIdentity(ctx, mara.ID, identity("m1"), mara.ID); err != nil {
		t.Fatal(err)
	}
	for _, who := range []corpus.Annotator{mara, jonas} {
		invalid(t, s.AddIdentity(ctx, who.ID, identity("m1"), who.ID), "")
	}

	// The same subject of another issuer is somebody else, and so is the same
	// e-mail under another subject.
	elsewhere := identity("m1")
	elsewhere.Issuer = "https://other.example.org"
	if err := s.AddIdentity(ctx, jonas.ID, elsewhere, jonas.ID); err != nil {
		t.Error(err)
	}
	same := identity("m2")
	same.Label = "m1@example.org"
	if err := s.AddIdentity(ctx, jonas.ID, same, jonas.ID); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		issuer, subject string
		want            corpus.AnnotatorID
	}{{issuer, "m1", mara.ID}, {elsewhere.Issuer, "m1", jonas.ID}, {issuer, "m2", jonas.ID}} {
		if who, err := s.IdentityOwner(ctx, c.issuer, c.subject); err != nil || who.ID != c.want {
			t.Errorf("%s %s: %+v %v", c.issuer, c.subject, who, err)
		}
	}
	for _, other := range [][2]string{{issuer, "M1"}, {issuer, "m1 "}, {issuer + "/", "m1"}, {issuer, ""}} {
		if _, err := s.IdentityOwner(ctx, other[0], other[1]); !errors.Is(err, corpus.ErrNotFound) {
			t.Errorf("%q: %v", other, err)
		}
	}
	if all, err := s.Identities(ctx, jonas.ID); err != nil || len(all) != 2 || all[0].Issuer != elsewhere.Issuer || all[1].Subject != "m2" || !all[1].Used.IsZero() {
		t.Errorf("%+v %v", all, err)
	}
}

func TestAnIdentityThatSaysNothing(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	invalid(t, s.AddIdentity(t.Context(), mara.ID, corpus.Identity{Issuer: issuer, Subject: " "}, mara.ID), "")
	invalid(t, s.AddIdentity(t.Context(), mara.ID, corpus.Identity{Subject: "m1"}, mara.ID), "")
	if err := s.AddIdentity(t.Context(), 99, identity("m1"), 0); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}
}

func TestTheLastWayInIsKept(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	id, err := s.AddAnnotatorByIdentity(ctx, "nora", corpus.AnnotatorRole, identity("n1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddIdentity(ctx, id, identity("n2"), id); err != nil {
		t.Fatal(err)
	}
	all, err := s.Identities(ctx, id)
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v %v", all, err)
	}

	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	if err := s.RemoveIdentity(ctx, mara.ID, all[0].ID, mara.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := s.RemoveIdentity(ctx, id, all[0].ID, id); err != nil {
		t.Fatal(err)
	}
	if _, err := s.IdentityOwner(ctx, issuer, "n1"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("it still signs in: %v", err)
	}
	invalid(t, s.RemoveIdentity(ctx, id, all[1].ID, id), "")
	if _, err := s.IdentityOwner(ctx, issuer, "n2"); err != nil {
		t.Errorf("the last one: %v", err)
	}

	// With a password it is not the last way.
	if has, err := s.HasPassword(ctx, id); has || err != nil {
		t.Errorf("has a password: %v %v", has, err)
	}
	if err := s.SetPassword(ctx, id, "$argon2id$", id); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveIdentity(ctx, id, all[1].ID, id); err != nil {
		t.Error(err)
	}
}

func TestANewcomerByIdentity(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	dbtest.Annotator(t, s, "mara", corpus.Manager)
	_, err := s.AddAnnotatorByIdentity(ctx, " MARA ", corpus.AnnotatorRole, identity("n1"))
	invalid(t, err, "name")
	if _, err := s.IdentityOwner(ctx, issuer, "n1"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("half an account: %v", err)
	}

	id, err := s.AddAnnotatorByIdentity(ctx, " nora ", corpus.AnnotatorRole, identity("n1"))
	if err != nil {
		t.Fatal(err)
	}
	if who, err := s.IdentityOwner(ctx, issuer, "n1"); err != nil || who.ID != id || who.Name != "nora" || who.Role != corpus.AnnotatorRole {
		t.Errorf("%+v %v", who, err)
	}
	_, err = s.AddAnnotatorByIdentity(ctx, "nora 2", corpus.AnnotatorRole, identity("n1"))
	invalid(t, err, "")
	if _, err := s.AnnotatorByName(ctx, "nora 2"); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("half an account: %v", err)
	}
}

// An invitation works once, however it is accepted.
func TestAnInvitationIsAcceptedByIdentity(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	p := dbtest.Project(t, s, "Newswire")
	link, err := s.AddInvitation(ctx, corpus.Invitation{Role: corpus.Adjudicator, Project: p.ID, For: time.Hour}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.UseLinkByIdentity(ctx, "none", "nora", identity("n1")); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("no link: %v", err)
	}

	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Go(func() {
			name := string(rune('a' + i))
			_, errs[i] = s.UseLinkByIdentity(ctx, link, name, identity(name))
		})
	}
	wait.Wait()
	accepted := 0
	for i, err := range errs {
		name := string(rune('a' + i))
		who, owns := s.IdentityOwner(ctx, issuer, name)
		switch {
		case err == nil:
			accepted++
			if role, err := s.RoleIn(ctx, p.ID, who); owns != nil || err != nil || role != corpus.Adjudicator || who.Role != corpus.AnnotatorRole {
				t.Errorf("%s: %+v %q %v %v", name, who, role, err, owns)
			}
		case !errors.Is(err, corpus.ErrNotFound) || !errors.Is(owns, corpus.ErrNotFound):
			t.Errorf("%s: %v %v", name, err, owns)
		}
	}
	if accepted != 1 {
		t.Errorf("%d accepted it", accepted)
	}
}

func TestTheUseOfAnIdentityIsNoted(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	if err := s.SetIdentityUsed(ctx, identity("m1")); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("nobody's: %v", err)
	}
	if err := s.AddIdentity(ctx, mara.ID, identity("m1"), mara.ID); err != nil {
		t.Fatal(err)
	}
	now := identity("m1")
	now.Label = "mara@new.example.org" + strings.Repeat("é", 200)
	if err := s.SetIdentityUsed(ctx, now); err != nil {
		t.Fatal(err)
	}
	all, err := s.Identities(ctx, mara.ID)
	if err != nil || len(all) != 1 || all[0].Used.IsZero() || !strings.HasPrefix(all[0].Label, "mara@new") || len(all[0].Label) > 200 {
		t.Errorf("%+v %v", all, err)
	}
}

func TestADisabledPersonIsTold(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	if err := s.AddIdentity(ctx, mara.ID, identity("m1"), mara.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.SetDisabled(ctx, mara.ID, true, 0); err != nil {
		t.Fatal(err)
	}
	if who, err := s.IdentityOwner(ctx, issuer, "m1"); err != nil || !who.Disabled {
		t.Errorf("%+v %v", who, err)
	}
	if err := s.AddIdentity(ctx, mara.ID, identity("m2"), mara.ID); !errors.Is(err, corpus.ErrNotFound) {
		t.Errorf("another one: %v", err)
	}
}

func TestTheLogTellsOfIdentities(t *testing.T) {
	t.Parallel()
	s := dbtest.Open(t)
	ctx := t.Context()
	mara := dbtest.Annotator(t, s, "mara", corpus.Manager)
	if err := s.AddIdentity(ctx, mara.ID, identity("m1"), mara.ID); err != nil {
		t.Fatal(err)
	}
	all, err := s.Identities(ctx, mara.ID)
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v %v", all, err)
	}
	if err := s.SetPassword(ctx, mara.ID, "$argon2id$", mara.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveIdentity(ctx, mara.ID, all[0].ID, mara.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddAnnotatorByIdentity(ctx, "nora", corpus.AnnotatorRole, identity("n1")); err != nil {
		t.Fatal(err)
	}

	got := entries(t, s)
	for _, want := range []string{
		`mara identity-connected mara {"issuer":"https://login.example.org","label":"m1@example.org"}`,
		`mara identity-disconnected mara {"issuer":"https://login.example.org","label":"m1@example.org"}`,
		`nora person-joined nora {"role":"annotator"}`,
		`nora identity-connected nora {"issuer":"https://login.example.org","label":"n1@example.org"}`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %s in the log:\n%s", want, strings.Join(got, "\n"))
		}
	}
}
