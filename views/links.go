package views

import (
	"net/url"
	"strconv"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/split"
)

// Every address of the tool that a page or a redirect names is made here.

const (
	HomePath     = "/"
	ProjectsPath = "/projects"
	SignOutPath  = "/sign-out"
	SessionPath  = "/session"
	MePath       = "/me"
	PasswordPath = "/me/password"
	SessionsPath = "/me/sessions"
	TokensPath   = "/me/tokens"
	KeysPath     = "/me/keys"

	ProviderPath   = "/sign-in/provider" // goes to the OpenID provider
	CallbackPath   = "/sign-in/callback" // where the provider sends people back to
	NewAccountPath = "/sign-in/account"  // for who came back and has no account
	IdentitiesPath = "/me/identities"
)

// SignInByProviderPath goes to the OpenID provider, and afterwards to next, as
// SignInPath does.
func SignInByProviderPath(next string) string {
	if next == "" || next == HomePath {
		return ProviderPath
	}
	return ProviderPath + "?next=" + url.QueryEscape(next)
}

// WelcomeByProviderPath accepts an invitation with an account at the provider.
func WelcomeByProviderPath(token string) string { return WelcomePath(token) + "/provider" }

// RemoveIdentityPath disconnects an account at a provider.
func RemoveIdentityPath(id int64) string {
	return IdentitiesPath + "/" + strconv.FormatInt(id, 10) + "/remove"
}

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

// LivePath streams what moves on the overview.
func LivePath(id corpus.ProjectID) string { return ProjectPath(id) + "/live" }

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
func SuggestionsPath(id corpus.ProjectID) string      { return ProjectPath(id) + "/suggestions" }
func JudgeLookPath(id corpus.ProjectID) string        { return SuggestionsPath(id) + "/second-look" }
func LearnPath(id corpus.ProjectID) string            { return SuggestionsPath(id) + "/learn" }
func ConflictsPath(id corpus.ProjectID) string        { return SuggestionsPath(id) + "/conflicts" }
func GuidelinesPath(id corpus.ProjectID) string       { return ProjectPath(id) + "/guidelines" }

// UndoRulingPath takes back what somebody settled.
func UndoRulingPath(id corpus.ProjectID, ruling corpus.RulingID) string {
	return SuggestionsPath(id) + "/rulings/" + strconv.FormatInt(int64(ruling), 10) + "/undo"
}

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

// EverywherePath settles a text for all places that have the same.
func EverywherePath(q EverywhereQuery) string {
	return withQuery(DocumentPath(q.Document)+"/everywhere", q.values())
}

// SettlePath is where that page posts to.
func SettlePath(id corpus.DocumentID) string { return DocumentPath(id) + "/everywhere" }

// UndoSettlingPath takes back what the person settled from a document.
func UndoSettlingPath(id corpus.DocumentID) string { return SettlePath(id) + "/undo" }

// SourcePath is the page as it came, shown as plain text.
func SourcePath(id corpus.DocumentID) string { return DocumentPath(id) + "/source" }

// PicturePath is the page as it looked, without anything that acts.
func PicturePath(id corpus.DocumentID) string { return DocumentPath(id) + "/picture" }

// Practice and attention.

// AttentionPath is how the people of a project went about their documents.
func AttentionPath(id corpus.ProjectID) string { return MembersPath(id) + "/attention" }

func PracticePath(id corpus.ProjectID) string { return ProjectPath(id) + "/practice" }

func RemovePracticePath(id corpus.ProjectID, doc corpus.DocumentID) string {
	return PracticePath(id) + "/" + strconv.FormatInt(int64(doc), 10) + "/remove"
}

func LetPassPath(id corpus.ProjectID, who corpus.AnnotatorID) string {
	return PracticePath(id) + "/people/" + strconv.FormatInt(int64(who), 10) + "/pass"
}

func LetRetryPath(id corpus.ProjectID, who corpus.AnnotatorID) string {
	return PracticePath(id) + "/people/" + strconv.FormatInt(int64(who), 10) + "/retry"
}

// PractisedPath is what a person handed in on a practice document beside its
// gold; of person 0, the one who asks.
func PractisedPath(doc corpus.DocumentID, who corpus.AnnotatorID) string {
	path := DocumentPath(doc) + "/practice"
	if who == 0 {
		return path
	}
	return path + "?person=" + strconv.FormatInt(int64(who), 10)
}

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

// People: accounts, for administrators.

const (
	PeoplePath = "/people"
	LogPath    = "/log"
)

func personPath(id corpus.AnnotatorID) string {
	return PeoplePath + "/" + strconv.FormatInt(int64(id), 10)
}

func SetRolePath(id corpus.AnnotatorID) string       { return personPath(id) + "/role" }
func DisablePersonPath(id corpus.AnnotatorID) string { return personPath(id) + "/disable" }
func EnablePersonPath(id corpus.AnnotatorID) string  { return personPath(id) + "/enable" }
func ResetPath(id corpus.AnnotatorID) string         { return personPath(id) + "/reset" }
func EndSessionsPath(id corpus.AnnotatorID) string   { return personPath(id) + "/sessions/end" }

// EndSessionPath ends one of the person's own sessions.
func EndSessionPath(id string) string { return SessionsPath + "/" + url.PathEscape(id) + "/end" }

// EndOtherSessionsPath ends all of them but the one that asks.
const EndOtherSessionsPath = SessionsPath + "/end"

// JoinPath accepts an invitation to a project with the account that is signed
// in.
func JoinPath(token string) string { return WelcomePath(token) + "/join" }

// Members: the people of a project.

func MembersPath(id corpus.ProjectID) string    { return ProjectPath(id) + "/people" }
func SetOpenPath(id corpus.ProjectID) string    { return MembersPath(id) + "/open" }
func ProjectLogPath(id corpus.ProjectID) string { return ProjectPath(id) + "/log" }

func memberPath(id corpus.ProjectID, who corpus.AnnotatorID) string {
	return MembersPath(id) + "/" + strconv.FormatInt(int64(who), 10)
}

func SetMemberRolePath(id corpus.ProjectID, who corpus.AnnotatorID) string {
	return memberPath(id, who) + "/role"
}

func RemoveMemberPath(id corpus.ProjectID, who corpus.AnnotatorID) string {
	return memberPath(id, who) + "/remove"
}

// InvitationsPath makes an invitation: to a project, or with project 0 to any
// or none.
func InvitationsPath(id corpus.ProjectID) string {
	if id == 0 {
		return PeoplePath + "/links"
	}
	return MembersPath(id) + "/links"
}

func RevokeLinkPath(id corpus.ProjectID, link corpus.LinkID) string {
	return InvitationsPath(id) + "/" + strconv.FormatInt(int64(link), 10) + "/revoke"
}

// logPath is the log of a project, or with project 0 the whole one, with the
// choices of f; f.Limit is not kept.
func logPath(f corpus.LogFilter) string {
	path, q := LogPath, url.Values{}
	if f.Project != 0 {
		path = ProjectLogPath(f.Project)
	}
	if f.Kind != "" {
		q.Set("kind", f.Kind)
	}
	if f.By != 0 {
		q.Set("by", strconv.FormatInt(int64(f.By), 10))
	}
	if f.Before != 0 {
		q.Set("before", strconv.FormatInt(f.Before, 10))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Reviews: where people differ, and what managers are to handle.

// ReviewsPath is the list with the choices of f; decided is where its decided
// documents begin. f.Limit is not kept.
func ReviewsPath(f corpus.ReviewFilter, decided corpus.ReviewPlace) string {
	q := url.Values{}
	if f.Annotator != 0 {
		q.Set("annotator", strconv.FormatInt(int64(f.Annotator), 10))
	}
	if f.Cause != corpus.NoCause {
		q.Set("cause", string(f.Cause))
	}
	if f.After.ID != 0 {
		q.Set("after", strconv.FormatInt(f.After.At, 10)+"-"+strconv.FormatInt(int64(f.After.ID), 10))
	}
	if decided.At != 0 {
		q.Set("decided", strconv.FormatInt(decided.At, 10))
	}
	path := ProjectPath(f.Project) + "/review"
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func ReviewPath(id corpus.DocumentID) string      { return DocumentPath(id) + "/review" }
func ReviewStatePath(id corpus.DocumentID) string { return ReviewPath(id) + "/state" }
func DecisionsPath(id corpus.DocumentID) string   { return ReviewPath(id) + "/decisions" }
func MakeGoldPath(id corpus.DocumentID) string    { return ReviewPath(id) + "/gold" }
func CommentsPath(id corpus.DocumentID) string    { return DocumentPath(id) + "/comments" }

// ResolveCommentPath marks a comment as done with, or opens it again.
func ResolveCommentPath(id corpus.DocumentID, comment string) string {
	return CommentsPath(id) + "/" + url.PathEscape(comment) + "/resolve"
}

// PutBackPath gives a document that was skipped or flagged to the queue again.
func PutBackPath(id corpus.DocumentID) string { return DocumentPath(id) + "/put-back" }

// HandOverPath takes a document from who holds it.
func HandOverPath(id corpus.DocumentID) string { return DocumentPath(id) + "/hand-over" }

// Releases: gold that is frozen.

func ReleasesPath(id corpus.ProjectID) string { return ProjectPath(id) + "/releases" }

// ReleaseJobPath is a release that is being made, or that is verified.
func ReleaseJobPath(id corpus.ProjectID, job string) string {
	return ReleasesPath(id) + "/jobs/" + url.PathEscape(job)
}

func CancelReleaseJobPath(id corpus.ProjectID, job string) string {
	return ReleaseJobPath(id, job) + "/cancel"
}

func ReleasePath(id corpus.ProjectID, release corpus.ReleaseID) string {
	return ReleasesPath(id) + "/" + strconv.FormatInt(int64(release), 10)
}

func VerifyReleasePath(id corpus.ProjectID, release corpus.ReleaseID) string {
	return ReleasePath(id, release) + "/verify"
}

func RemoveReleasePath(id corpus.ProjectID, release corpus.ReleaseID) string {
	return ReleasePath(id, release) + "/remove"
}

func RestoreReleasePath(id corpus.ProjectID, release corpus.ReleaseID) string {
	return ReleasePath(id, release) + "/restore"
}

// ReleaseDiffPath is what became of a release in another one.
func ReleaseDiffPath(id corpus.ProjectID, from, to corpus.ReleaseID) string {
	return ReleasesPath(id) + "/diff?from=" + strconv.FormatInt(int64(from), 10) + "&to=" + strconv.FormatInt(int64(to), 10)
}

// ofRelease asks an address for the gold of a release, "" for current gold.
func ofRelease(path, release string) string {
	if release == "" {
		return path
	}
	return path + "?release=" + url.QueryEscape(release)
}

// AgreementPath is the report of agreement that q asks for.
func AgreementPath(q AgreementQuery) string {
	return withQuery(ProjectPath(q.Project)+"/agreement", q.values())
}

// AgreementFilePath is the same report as a file.
func AgreementFilePath(q AgreementQuery, format string) string {
	return withQuery(ProjectPath(q.Project)+"/agreement/"+url.PathEscape(format), q.values())
}

// agreementAgePath asks whether there is a newer report than the one of that
// time.
func agreementAgePath(q AgreementQuery, at time.Time) string {
	v := q.values()
	v.Set("shown", strconv.FormatInt(at.UnixMilli(), 10))
	return withQuery(ProjectPath(q.Project)+"/agreement", v)
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// Splits: which documents go to which part.

// ExportQuery is what is asked of an export.
type ExportQuery struct {
	Release, Format, Split string // "" for current gold, none chosen, not divided
	By                     split.By
	All, Lossy             bool   // boilerplate too; leave out what cannot be said
	Layer                  string // of export.Layers; "" for gold
	Predictions            string // the run whose spans stand beside those of gold; "" for none
}

// of asks the same of another format.
func (q ExportQuery) of(format string) ExportQuery {
	q.Format = format
	return q
}

// losing asks the same and gives up what the format cannot say.
func (q ExportQuery) losing() ExportQuery {
	q.Lossy = true
	return q
}

func (q ExportQuery) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"release": q.Release, "split": q.Split, "by": string(q.By), "layer": q.Layer, "predictions": q.Predictions} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.All {
		v.Set("all", "on")
	}
	if q.Lossy {
		v.Set("lossy", "on")
	}

	return v
}

// ChosenExportPath shows what an export would hold.
func ChosenExportPath(id corpus.ProjectID, q ExportQuery) string {
	return exportPreviewPath(id, q) + "#preview"
}

func exportPreviewPath(id corpus.ProjectID, q ExportQuery) string {
	v := q.values()
	v.Set("format", q.Format)

	return ExportPath(id) + "?" + v.Encode()
}

// cancelPreviewPath ends the counting for such a preview.
func cancelPreviewPath(id corpus.ProjectID, q ExportQuery) string {
	v := q.values()
	v.Set("format", q.Format)

	return ExportPath(id) + "/cancel?" + v.Encode()
}

// chosenManifestPath is the manifest of that export.
func chosenManifestPath(id corpus.ProjectID, q ExportQuery) string {
	path := ManifestPath(id, q.Format)
	if v := q.values(); len(v) > 0 {
		path += "?" + v.Encode()
	}

	return path
}

// DownloadPath is the file of an export.
func DownloadPath(id corpus.ProjectID, q ExportQuery) string {
	path := ExportFilePath(id, q.Format)
	if v := q.values(); len(v) > 0 {
		path += "?" + v.Encode()
	}

	return path
}

// SplitsPath shows a split; with "" and "" the usual one.
func SplitsPath(id corpus.ProjectID, spec string, by split.By) string {
	return splitPath(ExportPath(id)+"/splits", spec, by)
}

// FixSplitPath chooses a part by hand, and goes back to the split.
func FixSplitPath(id corpus.ProjectID, spec string, by split.By) string {
	return splitPath(ExportPath(id)+"/splits/fix", spec, by)
}

// FreeSplitPath gives what was fixed back to the rule.
func FreeSplitPath(id corpus.ProjectID, spec string, by split.By) string {
	return splitPath(ExportPath(id)+"/splits/free", spec, by)
}

func splitPath(path, spec string, by split.By) string {
	q := url.Values{}
	if spec != "" {
		q.Set("split", spec)
	}
	if by != "" {
		q.Set("by", string(by))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// SecondLooksPath lists the blocks of gold in doubt that have a verdict.
func SecondLooksPath(id corpus.ProjectID, v corpus.Verdict) string {
	path := JudgeLookPath(id)
	if v != corpus.Unseen {
		path += "?verdict=" + url.QueryEscape(string(v))
	}
	return path
}
