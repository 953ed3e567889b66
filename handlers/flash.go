package handlers

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"annotate/internal/corpus"
	"annotate/views"
)

// note is what a change leaves for the next page to say. It travels in a
// cookie that holds for one page, so it is what the person's own browser
// says: nothing may be decided by it, and only the kinds known here are shown.
type note struct {
	Kind    noteKind            `json:"k"`
	Project corpus.ProjectID    `json:"p,omitempty"`
	Name    string              `json:"n,omitempty"`
	IDs     []corpus.DocumentID `json:"i,omitempty"`
	Run     corpus.RunID        `json:"r,omitempty"`
	Release corpus.ReleaseID    `json:"l,omitempty"`
	Person  corpus.AnnotatorID  `json:"w,omitempty"`
	Role    corpus.Role         `json:"o,omitempty"` // before the change
	Ruling  corpus.RulingID     `json:"u,omitempty"`
}

type noteKind string

const (
	projectRemoved    noteKind = "project-removed"
	projectRestored   noteKind = "project-restored"
	documentsRemoved  noteKind = "documents-removed"
	documentsRestored noteKind = "documents-restored"
	nothingChosen     noteKind = "nothing-chosen"

	documentPutBack    noteKind = "document-put-back"
	documentHandedOver noteKind = "document-handed-over"

	settingsSaved   noteKind = "settings-saved"
	importCancelled noteKind = "import-cancelled"
	importUnknown   noteKind = "import-unknown"
	practiceAdded   noteKind = "practice-added"
	practiceRemoved noteKind = "practice-removed"
	practiceRetried noteKind = "practice-retried"
	practicePassed  noteKind = "practice-passed"
	passwordChanged noteKind = "password-changed"
	sessionEnded    noteKind = "session-ended"
	sessionsEnded   noteKind = "sessions-ended"

	otherSessionsEnded noteKind = "other-sessions-ended"

	roleChanged       noteKind = "role-changed"
	personDisabled    noteKind = "person-disabled"
	personEnabled     noteKind = "person-enabled"
	linkRevoked       noteKind = "link-revoked"
	memberAdded       noteKind = "member-added"
	memberRoleChanged noteKind = "member-role"
	memberRemoved     noteKind = "member-removed"
	projectOpened     noteKind = "project-opened"
	projectClosed     noteKind = "project-closed"
	projectJoined     noteKind = "project-joined"
	tokenRemoved      noteKind = "token-removed"

	identityConnected    noteKind = "identity-connected"
	identityDisconnected noteKind = "identity-disconnected"

	releaseRemoved  noteKind = "release-removed"
	releaseRestored noteKind = "release-restored"
	releaseUnknown  noteKind = "release-unknown"

	textSettled   noteKind = "text-settled"
	textUnsettled noteKind = "text-unsettled"

	runRemoved        noteKind = "run-removed"
	runRestored       noteKind = "run-restored"
	runFilesCancelled noteKind = "run-files-cancelled"
	runFilesUnknown   noteKind = "run-files-unknown"
)

const noteCookie = "annotate_note"

// leave keeps n for the next page.
func (h *handlers) leave(c echo.Context, n note) {
	b, err := json.Marshal(n)
	if err != nil {
		return
	}
	c.SetCookie(h.noteCookie(base64.RawURLEncoding.EncodeToString(b), 60))
}

func (h *handlers) noteCookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: noteCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: h.secure, SameSite: http.SameSiteLaxMode}
}

// flash takes what the last change left, as the page shows it.
func (h *handlers) flash(c echo.Context) views.Flash {
	cookie, err := c.Cookie(noteCookie)
	if err != nil || cookie.Value == "" {
		return views.Flash{}
	}
	c.SetCookie(h.noteCookie("", -1))
	b, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return views.Flash{}
	}
	var n note
	if err := json.Unmarshal(b, &n); err != nil {
		return views.Flash{}
	}

	return n.flash()
}

func (n note) flash() views.Flash {
	switch n.Kind {
	case projectRemoved:
		return views.Flash{Text: "“" + n.Name + "” is removed.", Undo: views.RestoreProjectPath(n.Project)}
	case projectRestored:
		return views.Flash{Text: "“" + n.Name + "” is back."}
	case documentsRemoved:
		return views.Flash{Text: views.Count(len(n.IDs), "document") + " removed.", Undo: views.RestoreDocumentsPath(n.Project), Fields: documentFields(n.IDs)}
	case documentsRestored:
		return views.Flash{Text: views.Count(len(n.IDs), "document") + " restored.", Undo: views.RemoveDocumentsPath(n.Project), Fields: documentFields(n.IDs)}
	case documentPutBack:
		return views.Flash{Text: "The document is handed out again."}
	case documentHandedOver:
		return views.Flash{Text: "It is taken back. What was done stays."}
	case nothingChosen:
		return views.Flash{Text: "No document was chosen."}
	case settingsSaved:
		return views.Flash{Text: "Saved."}
	case practiceAdded:
		return views.Flash{Text: views.Count(len(n.IDs), "document") + " chosen for practice."}
	case practiceRemoved:
		return views.Flash{Text: "The document is no practice any more."}
	case practiceRetried:
		return views.Flash{Text: n.Name + " can try the practice round again."}
	case practicePassed:
		return views.Flash{Text: n.Name + " has passed now."}
	case importCancelled:
		return views.Flash{Text: "The import was cancelled. Nothing was stored."}
	case importUnknown:
		return views.Flash{Text: "That import is over, or the program was started again since. Send the files once more."}
	case releaseRemoved:
		return views.Flash{Text: "The release “" + n.Name + "” is removed.", Undo: views.RestoreReleasePath(n.Project, n.Release)}
	case releaseRestored:
		return views.Flash{Text: "The release “" + n.Name + "” is back."}
	case releaseUnknown:
		return views.Flash{Text: "That is over, or the program was started again since."}
	case runRemoved:
		return views.Flash{Text: "The run “" + n.Name + "” is removed.", Undo: views.RestoreRunPath(n.Project, n.Run)}
	case runRestored:
		return views.Flash{Text: "The run “" + n.Name + "” is back."}
	case runFilesCancelled:
		return views.Flash{Text: "Nothing was stored."}
	case runFilesUnknown:
		return views.Flash{Text: "That is over, or the program was started again since. Send the files once more."}
	case textSettled:
		return n.flashOfRuling()
	case textUnsettled:
		return views.Flash{Text: "It is taken back. What was settled before counts again, if anything was."}
	case tokenRemoved:
		return views.Flash{Text: "The token does not work any more."}
	case identityConnected:
		return views.Flash{Text: "You can sign in with " + n.Name + " now."}
	case identityDisconnected:
		return views.Flash{Text: "It is disconnected. It does not sign you in any more."}
	case passwordChanged:
		return views.Flash{Text: "Your password is changed."}
	}

	return n.flashOfPeople()
}

// flashOfRuling takes back from where it was settled.
func (n note) flashOfRuling() views.Flash {
	f := views.Flash{Text: "It is settled, and suggested so from now on."}
	if len(n.IDs) == 1 {
		f.Undo, f.Fields = views.UndoSettlingPath(n.IDs[0]), []views.Field{{Name: "ruling", Value: strconv.FormatInt(int64(n.Ruling), 10)}}
	} else {
		f.Undo = views.UndoRulingPath(n.Project, n.Ruling)
	}

	return f
}

func (n note) flashOfPeople() views.Flash {
	back := []views.Field{{Name: "role", Value: string(n.Role)}}
	switch n.Kind {
	case sessionEnded:
		return views.Flash{Text: "That browser is signed out."}
	case sessionsEnded:
		return views.Flash{Text: n.Name + " is signed out everywhere."}
	case otherSessionsEnded:
		return views.Flash{Text: "You are signed out everywhere else."}
	case roleChanged:
		return views.Flash{Text: "The role of " + n.Name + " is changed.", Undo: views.SetRolePath(n.Person), Fields: back}
	case personDisabled:
		return views.Flash{Text: n.Name + " has no access any more. Their work stays.", Undo: views.EnablePersonPath(n.Person)}
	case personEnabled:
		return views.Flash{Text: n.Name + " has access again.", Undo: views.DisablePersonPath(n.Person)}
	case linkRevoked:
		return views.Flash{Text: "The link does not work any more."}
	case memberAdded:
		return views.Flash{Text: n.Name + " is a member now.", Undo: views.RemoveMemberPath(n.Project, n.Person)}
	case memberRoleChanged:
		return views.Flash{Text: "The role of " + n.Name + " in this project is changed.", Undo: views.SetMemberRolePath(n.Project, n.Person), Fields: back}
	case memberRemoved:
		return views.Flash{Text: n.Name + " is no member any more.", Undo: views.MembersPath(n.Project), Fields: append(back, views.Field{Name: "name", Value: n.Name})}
	case projectOpened:
		return views.Flash{Text: "Everybody with an account may enter.", Undo: views.SetOpenPath(n.Project), Fields: []views.Field{{Name: "open", Value: "0"}}}
	case projectClosed:
		return views.Flash{Text: "Members only may enter.", Undo: views.SetOpenPath(n.Project), Fields: []views.Field{{Name: "open", Value: "1"}}}
	case projectJoined:
		return views.Flash{Text: "You are in."}
	}

	return views.Flash{}
}

func documentFields(ids []corpus.DocumentID) []views.Field {
	out := make([]views.Field, len(ids))
	for i, id := range ids {
		out[i] = views.Field{Name: "document", Value: strconv.FormatInt(int64(id), 10)}
	}

	return out
}

// page is what stands around the content of every page.
func (h *handlers) page(c echo.Context, title string, p *corpus.Project, tab string) views.Page {
	page := views.Page{Title: title, Who: annotator(c), Project: p, Tab: tab, Flash: h.flash(c), Now: time.Now()}
	if p != nil && page.Who.Role.Includes(corpus.Adjudicator) {
		if counts, err := h.store.Counts(c.Request().Context(), p.ID); err == nil { // a tab without its number is still a tab
			page.Reviews = counts[corpus.Review]
		}
	}

	return page
}

// formErrors are the reasons of err by field, where it is a mistake that the
// person can repair in a form with those fields; a mistake in any other field
// is about the form as a whole.
func formErrors(err error, fields ...string) (views.Errors, bool) {
	invalid, ok := asInvalid(err)
	if !ok {
		return nil, false
	}
	for _, f := range fields {
		if f == invalid.Field {
			return views.Errors{f: invalid.Reason}, true
		}
	}

	return views.Errors{"": invalid.Reason}, true
}
