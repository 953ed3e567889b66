package corpus

import (
	"encoding/json"
	"slices"
	"time"
)

// Role is what a person may do. Each includes the ones after it.
type Role string

const (
	Administrator Role = "administrator"
	Manager       Role = "manager"
	Adjudicator   Role = "adjudicator"
	AnnotatorRole Role = "annotator"
)

// Roles from the most to the least powerful.
var Roles = []Role{Administrator, Manager, Adjudicator, AnnotatorRole}

// MemberRoles are those that a person can have in one project.
var MemberRoles = Roles[1:]

// Includes reports whether r may do what o may. An unknown role may nothing.
func (r Role) Includes(o Role) bool {
	i, j := slices.Index(Roles, r), slices.Index(Roles, o)

	return i >= 0 && i <= j
}

// Annotator is a person with an account.
type Annotator struct {
	ID       AnnotatorID
	Name     string
	Role     Role              // of the account; while a request for a project is answered, the role there
	Keys     map[string]string // the person's own keys: action → key; empty for the usual ones
	Disabled bool
	Added    time.Time
	Seen     time.Time // when they last used a browser, to the hour; zero for never
}

// Member is a person's place in a project. It says what they may do there,
// whether that is more or less than what their account may.
type Member struct {
	Annotator      // with the role of the account
	In        Role // one of MemberRoles
	Since     time.Time
}

// Membership is the same from the person's side.
type Membership struct {
	Project ProjectID
	Name    string // the project's
	Role    Role
}

// Session is a browser in which a person is signed in.
type Session struct {
	ID      string // names it without opening anything
	Agent   string // how the browser called itself
	Started time.Time
	Seen    time.Time // to the hour
	Current bool      // it is the one that asks
}

// Invitation is what a one-time link gives to whoever opens it.
type Invitation struct {
	Role    Role          // in the project, or where there is none of the account that is made
	Project ProjectID     // 0 for an account alone
	For     time.Duration // how long it can be used
}

// InvitationDays are the choices of how long an invitation can be used.
var InvitationDays = []int{1, 7, 30}

// Link is a one-time link: an invitation, or a new password for somebody. Its
// secret is known to whom it was given alone.
type Link struct {
	ID      LinkID
	Role    Role
	Project ProjectID   // 0 for none
	In      string      // the project's name
	Person  AnnotatorID // whose password it renews; 0 for an invitation
	Whose   string      // their name
	By      string      // who made it; "" for the command line
	Made    time.Time
	Expires time.Time
	UsedBy  string // "" while nobody has
	Used    time.Time
	Revoked time.Time // zero while it is not
}

// LogEntry is one line of the log of what changed rights, labels, settings,
// gold and releases.
type LogEntry struct {
	ID      int64           `json:"id"`
	At      time.Time       `json:"at"`
	By      string          `json:"by,omitempty"`      // "" for the command line
	Project string          `json:"project,omitempty"` // "" where it is about none
	Kind    string          `json:"kind"`              // "noun-verb": "member-role"
	Subject string          `json:"subject,omitempty"` // whom or what it is about
	Change  json.RawMessage `json:"change"`            // an object
}

// LogFilter chooses lines of the log.
type LogFilter struct {
	Project ProjectID   // 0 for all
	Kind    string      // "" for all
	By      AnnotatorID // 0 for everybody
	Before  int64       // only lines older than this one; 0 from the newest on
	Limit   int         // 0 for all
}
