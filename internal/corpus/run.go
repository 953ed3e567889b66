package corpus

import "time"

// RunID is a run's row.
type RunID int64

// Run is what one version of one cleaner said about the documents of a
// project: a prediction for each. A run that is done does not change any more;
// a new version of a cleaner is a new run.
type Run struct {
	ID        RunID
	Project   ProjectID
	Name      string // what people call it, unique in its project
	Cleaner   Cleaner
	Origin    Origin
	State     RunState
	Documents int    // how many are to be predicted
	Predicted int    // how many are
	By        string // who began it, "" for nobody in particular
	Started   time.Time
	Ended     time.Time // zero while it runs
}

// Cleaner says which program made a run. Two runs whose cleaners are equal
// should say the same.
type Cleaner struct {
	Name         string            `json:"name"`
	Version      string            `json:"version,omitempty"`
	Config       string            `json:"config,omitempty"`       // a hash of how it was set up
	Dependencies map[string]string `json:"dependencies,omitempty"` // what it is built on, with versions
}

// String is name and version.
func (c Cleaner) String() string {
	if c.Version == "" {
		return c.Name
	}
	return c.Name + " " + c.Version
}

// Origin is the way in which a run's predictions came.
type Origin string

const (
	FromFile    Origin = "file"
	FromCommand Origin = "command"
	FromURL     Origin = "url"
	FromAPI     Origin = "api"
	BuiltIn     Origin = "built-in"
)

// RunState is how far a run is.
type RunState string

const (
	RunRunning RunState = "running"
	RunDone    RunState = "done"
	RunStopped RunState = "stopped" // somebody or something ended it early; it can be resumed
)
