package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rule says what of ours a package may import, and why no more.
type rule struct {
	ours []string
	why  string
}

// rules is the direction of the whole program: data goes down, errors come up.
// A new package gets a row here, and its row gets a reason.
var rules = map[string]rule{
	"internal/text":             {nil, "positions know nothing of documents, so that everything can be built on them"},
	"internal/corpus":           {[]string{"internal/text"}, "the nouns know nothing of where they come from, are kept or are shown"},
	"internal/attention":        {[]string{"internal/score", "internal/text", "internal/corpus"}, "figures of work are made of efforts; what keeps them, and what is said of them, is elsewhere"},
	"internal/segment":          {[]string{"internal/text", "internal/corpus"}, "a cutting rule sees a text, not files or classes"},
	"internal/ingest":           {[]string{"internal/text", "internal/corpus", "internal/segment", "internal/split", "internal/score", "internal/score/files"}, "the way in ends at a document; what stores it takes it from there. A gold text is found in its page by the alignment that scores one; a split is what can be the name of a part"},
	"internal/export":           {[]string{"internal/text", "internal/corpus", "internal/segment"}, "a format takes gold and nothing else, so that command and handler write the same bytes. A page is marked by the rule that cut it"},
	"internal/score":            {[]string{"internal/text", "internal/corpus"}, "a measure compares two values; files and screens come to it"},
	"internal/agreement":        {[]string{"internal/score", "internal/text", "internal/corpus"}, "labellings are compared with one another; who made them, and what becomes of it, is known above"},
	"internal/score/files":      {[]string{"internal/score", "internal/text", "internal/corpus"}, "files become gold and answers, a report becomes text; what is measured is decided elsewhere"},
	"internal/clean":            {[]string{"internal/score", "internal/text", "internal/corpus"}, "a cleaner sees a document and gives an answer; gold, projects and what keeps answers come to it"},
	"internal/demo":             {[]string{"internal/corpus", "internal/ingest"}, "the sample comes in the way every document does"},
	"internal/inert":            {[]string{"internal/text", "internal/corpus", "internal/segment"}, "a picture is made of a page and of its document's blocks; who asks for it, and in which frame it stands, is known above"},
	"internal/inert/attacks":    {nil, "hostile pages are texts; who holds what against them is known above"},
	"internal/load":             {nil, "a program of its own, which meets the server as people do: over HTTP"},
	"internal/release":          {[]string{"internal/score", "internal/text", "internal/corpus"}, "what a release is to the byte is computed from gold and from files; what keeps releases comes to it"},
	"internal/split":            {[]string{"internal/corpus"}, "who goes to which part follows from names and pairs; texts, and what keeps assignments, come to it"},
	"internal/report":           {[]string{"internal/score", "internal/corpus"}, "a report is made of scores, wherever they come from; it knows no data file and no screen"},
	"internal/suggest":          {[]string{"internal/suggest/blocks", "internal/suggest/spans", "internal/clean", "internal/score", "internal/text", "internal/corpus"}, "sources look at documents and gold; what keeps models, and who is shown what, is known above"},
	"internal/suggest/crf":      {nil, "sequences of numbers become a model of states; what they are of is the caller's"},
	"internal/suggest/blocks":   {[]string{"internal/suggest/crf", "internal/score", "internal/text", "internal/corpus"}, "memories and models are made of gold and look at documents; who is shown what, and when to train, is known above"},
	"internal/suggest/simulate": {[]string{"internal/suggest/blocks", "internal/clean", "internal/score", "internal/text", "internal/corpus"}, "a program of its own: the labels of a corpus play the annotator"},
	"internal/suggest/spans":    {[]string{"internal/suggest/crf", "internal/score", "internal/text", "internal/corpus"}, "strings and models are made of gold and look at documents; who is shown what, and when to train, is known above"},
	"db":                        {[]string{"internal/text", "internal/corpus", "internal/split", "internal/agreement", "internal/score", "internal/report", "internal/release", "internal/attention"}, "the data file takes and gives nouns, a report among them; it knows no screen"},
	"db/dbtest":                 {[]string{"db", "internal/corpus"}, "real data files for the tests of others"},
	"assets":                    {nil, "files for browsers, and where they are"},
	"views":                     {[]string{"assets", "internal/text", "internal/corpus", "internal/split", "internal/agreement", "internal/score", "internal/report", "internal/attention", "internal/suggest"}, "a page is made of values that are there already; it asks nobody and cannot fail"},
	"handlers":                  {[]string{"views", "assets", "db", "internal/text", "internal/corpus", "internal/split", "internal/segment", "internal/inert", "internal/ingest", "internal/export", "internal/agreement", "internal/score", "internal/report", "internal/clean", "internal/score/files", "internal/suggest", "internal/suggest/blocks", "internal/suggest/spans"}, "a handler reads, acts once and renders"},
	"cmd/annotate":              {[]string{"handlers", "views", "db", "internal/agreement", "internal/clean", "internal/report", "internal/release", "internal/corpus", "internal/split", "internal/segment", "internal/ingest", "internal/export", "internal/score", "internal/score/files", "internal/suggest", "internal/demo"}, "the program joins everything and is imported by nothing"},
}

// closed are imports from outside that belong to some packages alone.
var closed = []struct {
	path string // this package and those under it
	open []string
	why  string
}{
	{"net/http", []string{"assets", "handlers", "cmd/annotate", "internal/load", "internal/clean"}, "what knows HTTP cannot be used by a command"},
	{"database/sql", []string{"db"}, "SQL has one home"},
	{"modernc.org/sqlite", []string{"db"}, "the driver has one home"},
	{"github.com/labstack/echo", []string{"handlers"}, "the framework stays where it can be replaced"},
	{"github.com/a-h/templ", []string{"views", "handlers"}, "markup is made in views and sent by handlers"},
	{"log/slog", []string{"handlers", "cmd/annotate"}, "an error is logged where it stops travelling; below, it is returned"},
	{"github.com/alecthomas/kong", []string{"cmd/annotate"}, "flags are the command's"},
	{"github.com/coreos/go-oidc", []string{"handlers"}, "who signs in is asked in one place"},
	{"golang.org/x/oauth2", []string{"handlers"}, "who signs in is asked in one place"},
	{"github.com/parquet-go/parquet-go", []string{"internal/export"}, "Parquet is one way out, and nothing else's business"},
	{"html/template", nil, "markup is made by templ, which escapes by context"},
	{"unsafe", nil, "nothing here is worth it"},
}

// listed is a package as go list tells it.
type listed struct {
	ImportPath, Name, Dir string
	Imports, GoFiles      []string
}

// packages are those of this module.
var packages = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,Imports,GoFiles", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

// root is the module's folder as these tests see it.
var root = filepath.Join("..", "..")

const module = "annotate/"

// violations are the imports that the rules do not allow.
func violations(all []listed) []string {
	var out []string
	for _, p := range all {
		name := strings.TrimPrefix(p.ImportPath, module)
		r, known := rules[name]
		if !known {
			out = append(out, fmt.Sprintf("%s has no row in rules: say what it may import, and why", name))
			continue
		}
		for _, path := range p.Imports {
			if ours, ok := strings.CutPrefix(path, module); ok && !slices.Contains(r.ours, ours) {
				out = append(out, fmt.Sprintf("%s imports %s: %s", name, ours, r.why))
			}
			for _, c := range closed {
				if (path == c.path || strings.HasPrefix(path, c.path+"/")) && !slices.Contains(c.open, name) {
					out = append(out, fmt.Sprintf("%s imports %s: %s", name, path, c.why))
				}
			}
		}
	}

	return out
}

func TestImportsGoOneWay(t *testing.T) {
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range violations(all) {
		t.Error(v)
	}

	there := map[string]bool{}
	for _, p := range all {
		there[strings.TrimPrefix(p.ImportPath, module)] = true
	}
	for name := range maps.Keys(rules) {
		if !there[name] {
			t.Errorf("rules has a row for %s, which is not there", name)
		}
	}
}

func TestAViolationIsFound(t *testing.T) {
	planted := []listed{
		{ImportPath: module + "internal/export", Imports: []string{"io", module + "db"}},
		{ImportPath: module + "views", Imports: []string{"database/sql/driver", "github.com/a-h/templ/runtime"}},
		{ImportPath: module + "util", Imports: nil},
	}
	want := []string{
		"internal/export imports db: " + rules["internal/export"].why,
		"views imports database/sql/driver: SQL has one home",
		"util has no row in rules: say what it may import, and why",
	}
	if got := violations(planted); !slices.Equal(got, want) {
		t.Errorf("found\n%s", strings.Join(got, "\n"))
	}
}
