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

// Runs: what cleaners said about a project's documents.

func RunsPath(id corpus.ProjectID) string     { return ProjectPath(id) + "/runs" }
func RunFilesPath(id corpus.ProjectID) string { return RunsPath(id) + "/files" }

func RunFilesJobPath(id corpus.ProjectID, job string) string {
	return RunFilesPath(id) + "/" + url.PathEscape(job)
}

func StoreRunFilesPath(id corpus.ProjectID, job string) string {
	return RunFilesJobPath(id, job) + "/store"
}

func CancelRunFilesPath(id corpus.ProjectID, job string) string {
	return RunFilesJobPath(id, job) + "/cancel"
}

func RunPath(id corpus.ProjectID, run corpus.RunID) string {
	return RunsPath(id) + "/" + strconv.FormatInt(int64(run), 10)
}

func RunPredictionsPath(id corpus.ProjectID, run corpus.RunID) string {
	return RunPath(id, run) + "/predictions"
}

func StopRunPath(id corpus.ProjectID, run corpus.RunID) string   { return RunPath(id, run) + "/stop" }
func ResumeRunPath(id corpus.ProjectID, run corpus.RunID) string { return RunPath(id, run) + "/resume" }
func RemoveRunPath(id corpus.ProjectID, run corpus.RunID) string { return RunPath(id, run) + "/remove" }
func RestoreRunPath(id corpus.ProjectID, run corpus.RunID) string {
	return RunPath(id, run) + "/restore"
}

// APIDescriptionPath is the description of the API for programs.
const APIDescriptionPath = "/api/v1/openapi.json"

// AccuracyPath is the report that q asks for.
func AccuracyPath(q AccuracyQuery) string {
	path := ProjectPath(q.Project) + "/accuracy"
	if v := q.values(); len(v) > 0 {
		return path + "?" + v.Encode()
	}
	return path
}

// AccuracyFilePath is the same report as a file.
func AccuracyFilePath(q AccuracyQuery, format string) string {
	path := ProjectPath(q.Project) + "/accuracy/" + url.PathEscape(format)
	if v := q.values(); len(v) > 0 {
		return path + "?" + v.Encode()
	}
	return path
}

// RunDocumentsPath is the list of a run's documents that q asks for.
func RunDocumentsPath(q ListQuery) string {
	return RunPath(q.Project, q.Run) + "/documents" + q.values()
}

// RunDocumentPath is what the run of q did with a document; the list that one
// comes from travels along.
func RunDocumentPath(q ListQuery, id corpus.DocumentID) string {
	return RunPath(q.Project, q.Run) + "/documents/" + strconv.FormatInt(int64(id), 10) + q.paged(0).values()
}

// WorkPath are the measures of the same, worked out.
func WorkPath(q ListQuery, id corpus.DocumentID) string {
	return RunPath(q.Project, q.Run) + "/documents/" + strconv.FormatInt(int64(id), 10) + "/measures"
}
