package views

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"annotate/internal/corpus"
)

// sentences is the log in words, by kind. A {name} in braces is what the change
// keeps under that name, a role with its article; {what} are the names
// themselves, {subject} and {project} the entry's own. The name of who did it
// goes before, and the project behind where it is not in the sentence.
var sentences = map[string]string{
	"person-added":    "made an account for {subject}, {role}",
	"person-joined":   "joined as {role}",
	"person-role":     "made {subject} {to}, before {from}",
	"person-disabled": "took away {subject}’s access",
	"person-enabled":  "gave {subject}’s access back",
	"person-sessions": "ended all sessions of {subject}",

	"password-set":     "set a new password for {subject}",
	"password-changed": "changed their password",
	"password-renewed": "set a new password with a link",
	"reset-made":       "made a link with which {subject} sets a new password",
	"reset-revoked":    "withdrew the link for a new password of {subject}",

	"token-added":           "made the token “{token}” of {subject}",
	"token-removed":         "removed the token “{token}” of {subject}",
	"identity-connected":    "connected the login {label} at {issuer}",
	"identity-disconnected": "disconnected the login {label} at {issuer}",

	"invitation-made":    "made a link that invites {role}",
	"invitation-revoked": "withdrew a link that invites {role}",
	"member-added":       "made {subject} {role} of {project}",
	"member-joined":      "joined {project} as {role}",
	"member-role":        "made {subject} {to} of {project}, before {from}",
	"member-removed":     "removed {subject}, {role}, from {project}",

	"ruling-made":      "settled “{subject}” as {as} {where}",
	"ruling-undone":    "took back that “{subject}” is {as} {where}",
	"split-fixed":      "fixed {subject} to {part}",
	"split-freed":      "gave {subject} back to the rule of the split",
	"project-added":    "made the project {subject}",
	"project-opened":   "opened {subject} to everybody with an account",
	"project-closed":   "closed {subject} to all but its members",
	"project-settings": "changed {what} of {subject}",
	"project-removed":  "removed the project {subject}",
	"project-restored": "brought the project {subject} back",

	"document-handed-over": "handed {subject} over from {from} to {to}",
	"document-put-back":    "put {subject} back into the queue",
	"practice-added":       "added {subject} to the practice round",
	"practice-removed":     "took {subject} out of the practice round",
	"practice-passed":      "let {subject} pass the practice round",
	"practice-retried":     "let {subject} practise once more",
	"gold-decided":         "decided the gold of {subject}, version {version}",
	"release-added":        "made the release {subject}",
	"release-removed":      "removed the release {subject}",
	"release-restored":     "brought the release {subject} back",
}

// Told is a line of the log as a sentence without a full stop. A kind that it
// has no words for is told by its name and what the change keeps.
func Told(e corpus.LogEntry) string {
	change := map[string]any{}
	_ = json.Unmarshal(e.Change, &change) // what cannot be read is not told
	words, known := sentences[e.Kind]
	if !known {
		return maker(e.By) + ": " + kindWords(e.Kind) + behind(" · ", e.Subject) + behind(" in ", e.Project) + behind(" · ", details(change))
	}

	if e.Project != "" && !strings.Contains(words, "{project}") && !strings.HasPrefix(e.Kind, "project-") {
		words += " in {project}"
	}
	if e.By == e.Subject {
		words = strings.ReplaceAll(words, "made {subject}", "made themselves")
	}
	what := strings.Join(slices.Sorted(maps.Keys(change)), ", ")
	fill := []string{"{subject}", e.Subject, "{project}", e.Project, "{what}", what}
	for name, value := range change {
		fill = append(fill, "{"+name+"}", valueWords(value))
	}

	return maker(e.By) + " " + strings.NewReplacer(fill...).Replace(words)
}

func behind(sign, s string) string {
	if s == "" {
		return ""
	}
	return sign + s
}

// kindWords are the kind as the filter and a line without words show it.
func kindWords(kind string) string { return strings.ReplaceAll(kind, "-", " ") }

func valueWords(v any) string {
	s, ok := v.(string)
	if ok && slices.Contains(corpus.Roles, corpus.Role(s)) {
		return Article(s)
	}
	if ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}

	return string(b)
}

// longestDetail bounds what a line shows of one thing, in bytes; the API has
// all of it.
const longestDetail = 120

// details are what a change keeps, by name.
func details(change map[string]any) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(change)) {
		v := valueWords(change[name])
		if len(v) > longestDetail {
			v = strings.ToValidUTF8(v[:longestDetail], "") + "…"
		}
		out = append(out, name+" "+v)
	}

	return strings.Join(out, ", ")
}
