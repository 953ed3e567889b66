package corpus

import (
	"slices"
	"strings"
	"time"
)

// Scope is one kind of thing that a token lets a program do, in the name and
// within the rights of the token's owner. Scopes do not include each other.
type Scope string

const (
	ScopeRead   Scope = "read"   // look at whatever the owner may see
	ScopeRuns   Scope = "runs"   // start runs and send predictions
	ScopeImport Scope = "import" // bring documents in
	ScopeLabels Scope = "labels" // label documents
	ScopeManage Scope = "manage" // add projects, change their settings, remove what is in them
)

// Scopes in the order in which they are shown and kept.
var Scopes = []Scope{ScopeRead, ScopeRuns, ScopeImport, ScopeLabels, ScopeManage}

// UsualScopes are what the API needs today.
var UsualScopes = []Scope{ScopeRead, ScopeRuns}

// About says in a few words what the scope is for.
func (s Scope) About() string {
	switch s {
	case ScopeRead:
		return "look at everything that you may see"
	case ScopeRuns:
		return "start runs and send predictions"
	case ScopeImport:
		return "import documents"
	case ScopeLabels:
		return "label documents"
	case ScopeManage:
		return "add projects, change settings, remove and restore"
	}

	return ""
}

// MaxTokenDays is the longest that a token may be said to work, ten years.
const MaxTokenDays = 3650

// Token lets a program do some of what its owner may do. Its secret is known
// to the program alone.
type Token struct {
	ID      string
	Name    string // what it is for
	Scopes  []Scope
	Added   time.Time
	Expires time.Time // zero for never
	Used    time.Time // to the hour; zero for never
}

// Allows reports whether the token has the scope.
func (t Token) Allows(s Scope) bool { return slices.Contains(t.Scopes, s) }

// SortScopes gives each of the scopes once, in the order of Scopes. It is
// *Invalid, about the field "scope", where there is none, or one that does not
// exist.
func SortScopes(scopes []Scope) ([]Scope, error) {
	var out []Scope
	for _, s := range Scopes {
		if slices.Contains(scopes, s) {
			out = append(out, s)
		}
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes, s) {
			return nil, Invalidf("scope", "there is no scope %q; there are %s", s, JoinScopes(Scopes, ", "))
		}
	}
	if len(out) == 0 {
		return nil, Invalidf("scope", "a token needs a scope at least: %s", JoinScopes(Scopes, ", "))
	}

	return out, nil
}

// JoinScopes names the scopes in one string.
func JoinScopes(scopes []Scope, between string) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}

	return strings.Join(names, between)
}

// Identity is an account elsewhere, at an OpenID provider, with which a person
// signs in. Issuer and Subject together name it for good; Label may change, and
// nothing is decided by it.
type Identity struct {
	ID      int64
	Issuer  string // the provider's address
	Subject string // who it is there
	Label   string // how that person is called there, to tell one from another
	Added   time.Time
	Used    time.Time // when it last signed its person in; zero for never
}
