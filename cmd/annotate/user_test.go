package main

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"annotate/db"
	"annotate/internal/corpus"
)

// fails is what a command says that cannot do what it was asked.
func fails(t *testing.T, want string, args ...string) {
	t.Helper()
	if status, _, errs := call(t, "", args...); status != failed || !strings.Contains(errs, want) || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
		t.Errorf("annotate %s: exit %d, %q, want one sentence with %q", strings.Join(args, " "), status, errs, want)
	}
}

func TestPeopleAndTheirPlaces(t *testing.T) {
	at := filepath.Join(t.TempDir(), "a.db")
	t.Setenv("ANNOTATE_DB", at)
	must(t, "quiet villages\n", "user", "add", "mara", "--role", "administrator", "--password-stdin")
	must(t, "quiet villages\n", "user", "add", "jonas", "--role", "annotator", "--password-stdin")
	must(t, "", "project", "add", "News")

	must(t, "", "user", "join", "jonas", "--project", "news", "--role", "manager")
	must(t, "", "user", "role", "jonas", "adjudicator")
	var jonas userView
	list := must(t, "", "user", "list", "--json")
	if err := json.Unmarshal([]byte(strings.SplitN(list, "\n", 2)[0]), &jonas); err != nil || jonas.Name != "jonas" || jonas.Role != corpus.Adjudicator || jonas.Projects["News"] != corpus.Manager || !jonas.Seen.IsZero() {
		t.Errorf("%s: %+v %v", list, jonas, err)
	}
	if out := must(t, "", "user", "list"); !regexp.MustCompile(`(?m)^jonas +adjudicator +\d{4}-\d\d-\d\d +never +News \(manager\)`).MatchString(out) {
		t.Errorf("the list is\n%s", out)
	}
	must(t, "", "project", "close", "News")
	must(t, "", "user", "leave", "jonas", "--project", "News")
	fails(t, `jonas is no member of "News"`, "user", "leave", "jonas", "--project", "News")
	fails(t, "mara is the last administrator", "user", "role", "mara", "manager")
	fails(t, "mara is the last administrator", "user", "disable", "mara")
	fails(t, "nobody is called", "user", "role", "olga", "manager")
	fails(t, "there is no project", "user", "join", "jonas", "--project", "None", "--role", "manager")
	fails(t, `there is no role "administrator" to invite to`, "user", "invite", "--role", "administrator", "--project", "News")
	fails(t, "1 to 365 days", "user", "invite", "--role", "manager", "--days", "400")

	invitation := strings.TrimSpace(must(t, "", "user", "invite", "--role", "annotator", "--project", "News", "--days", "3", "--base-url", "https://annotate.example.org/"))
	reset := strings.TrimSpace(must(t, "", "user", "reset", "jonas"))
	link := regexp.MustCompile(`^(https://annotate\.example\.org|http://127\.0\.0\.1:8080)/welcome/([A-Z2-7]{26})$`)
	secrets := []string{"quiet villages"}
	for _, printed := range []string{invitation, reset} {
		m := link.FindStringSubmatch(printed)
		if m == nil {
			t.Fatalf("%q is no link", printed)
		}
		secrets = append(secrets, m[2])
	}
	must(t, "", "project", "open", "News")

	log := must(t, "", "audit")
	for _, want := range []string{
		"somebody at the machine made an account for jonas, an annotator", "somebody at the machine made the project News",
		"somebody at the machine made jonas a manager of News", "somebody at the machine made jonas an adjudicator, before an annotator",
		"closed News to all but its members", "removed jonas, a manager, from News", "made a link that invites an annotator in News",
		"made a link with which jonas sets a new password", "opened News to everybody",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	lines := must(t, "", "audit", "--project", "News", "--json", "--limit", "2")
	for _, secret := range secrets {
		if strings.Contains(log+must(t, "", "audit", "--json"), secret) {
			t.Errorf("the log has the secret %q", secret)
		}
	}
	var last corpus.LogEntry
	if rows := strings.Split(strings.TrimSpace(lines), "\n"); len(rows) != 2 || json.Unmarshal([]byte(rows[1]), &last) != nil || last.Kind != "project-opened" || last.Project != "News" || last.By != "" {
		t.Errorf("%s", lines)
	}
	if out := must(t, "", "audit", "--kind", "member-added"); strings.Count(out, "\n") != 1 {
		t.Errorf("of one kind:\n%s", out)
	}

	// The links do what they were made for.
	s, err := db.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.UseLink(t.Context(), secrets[1], "olga", "-"); err != nil {
		t.Error(err)
	}
	if _, err := s.Renew(t.Context(), secrets[2], "-"); err != nil {
		t.Error(err)
	}
}
