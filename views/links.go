package views

import (
	"net/url"
	"strconv"

	"annotate/internal/corpus"
)

// Every address of the tool that a page or a redirect names is made here.

const (
	HomePath     = "/"
	ProjectsPath = "/projects"
	SignOutPath  = "/sign-out"
	SessionPath  = "/session"
	MePath       = "/me"
	PasswordPath = "/me/password"
	TokensPath   = "/me/tokens"
	KeysPath     = "/me/keys"
)

// RemoveTokenPath takes the power of an API token away.
func RemoveTokenPath(id string) string { return TokensPath + "/" + url.PathEscape(id) + "/remove" }

// SignInPath asks to sign in, then goes on to next, a local path; "" for the
// list of projects.
func SignInPath(next string) string {
	if next == "" || next == HomePath {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(next)
}

// WelcomePath is the one-time link with which a person makes their account.
func WelcomePath(token string) string { return "/welcome/" + url.PathEscape(token) }

func ProjectPath(id corpus.ProjectID) string {
	return "/projects/" + strconv.FormatInt(int64(id), 10)
}

// ProjectDonePath is where a person arrives when the queue is empty.
func ProjectDonePath(id corpus.ProjectID) string { return ProjectPath(id) + "?done=1" }

func RemoveProjectPath(id corpus.ProjectID) string    { return ProjectPath(id) + "/remove" }
func RestoreProjectPath(id corpus.ProjectID) string   { return ProjectPath(id) + "/restore" }
func DocumentsPath(id corpus.ProjectID) string        { return ProjectPath(id) + "/documents" }
func RemoveDocumentsPath(id corpus.ProjectID) string  { return DocumentsPath(id) + "/remove" }
func RestoreDocumentsPath(id corpus.ProjectID) string { return DocumentsPath(id) + "/restore" }
func ImportPath(id corpus.ProjectID) string           { return ProjectPath(id) + "/import" }
func ImportsPath(id corpus.ProjectID) string          { return ProjectPath(id) + "/imports" }
func ExportPath(id corpus.ProjectID) string           { return ProjectPath(id) + "/export" }
func SettingsPath(id corpus.ProjectID) string         { return ProjectPath(id) + "/settings" }
func GuidelinesPath(id corpus.ProjectID) string       { return ProjectPath(id) + "/guidelines" }

// NextPath claims the next document to label when it is posted to.
func NextPath(id corpus.ProjectID) string { return ProjectPath(id) + "/next" }

func ImportJobPath(id corpus.ProjectID, job string) string {
	return ImportsPath(id) + "/" + url.PathEscape(job)
}

func StartImportPath(id corpus.ProjectID, job string) string {
	return ImportJobPath(id, job) + "/start"
}
func CancelImportPath(id corpus.ProjectID, job string) string {
	return ImportJobPath(id, job) + "/cancel"
}

func ExportFilePath(id corpus.ProjectID, format string) string {
	return ExportPath(id) + "/" + url.PathEscape(format)
}

func ManifestPath(id corpus.ProjectID, format string) string {
	return ExportFilePath(id, format) + "/manifest"
}

// DocumentPath is the labelling screen.
func DocumentPath(id corpus.DocumentID) string {
	return "/documents/" + strconv.FormatInt(int64(id), 10)
}

func StatePath(id corpus.DocumentID) string  { return DocumentPath(id) + "/state" }
func EventsPath(id corpus.DocumentID) string { return DocumentPath(id) + "/events" }

// SourcePath is the page as it came, shown as plain text.
func SourcePath(id corpus.DocumentID) string { return DocumentPath(id) + "/source" }

// documentsPath is the list with the choices of f; f.Limit is not kept.
func documentsPath(f corpus.DocumentFilter) string {
	q := url.Values{}
	if f.Query != "" {
		q.Set("q", f.Query)
	}
	for _, s := range f.States {
		q.Add("state", string(s))
	}
	if f.Site != "" {
		q.Set("site", f.Site)
	}
	if f.Language != "" {
		q.Set("language", f.Language)
	}
	if f.After != 0 {
		q.Set("after", strconv.FormatInt(int64(f.After), 10))
	}
	if len(q) == 0 {
		return DocumentsPath(f.Project)
	}
	return DocumentsPath(f.Project) + "?" + q.Encode()
}
