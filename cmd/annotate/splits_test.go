package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"annotate/internal/split"
)

// copied is a project with an article that stands on two sites, and others.
func copied(t testing.TB) {
	t.Helper()
	accuracyFile(t)
	must(t, "", "project", "add", "Wire")
	var lines strings.Builder
	article := func(n int) string {
		var words []string
		for i := range 60 {
			words = append(words, fmt.Sprintf("w%d", n*1000+i*i))
		}
		return "😀 " + strings.Join(words, " ")
	}
	for i, site := range []string{"a", "b", "c", "d"} {
		text := article(i)
		if site == "b" {
			text = article(0) + " שלום"
		}
		fmt.Fprintf(&lines, `{"id":"page-%s","url":"https://www.%s.example/1","text":%q,"meta":{"set":"dev","number":%d}}`+"\n", site, site, text, i)
	}
	must(t, lines.String(), "import", "--project", "Wire", "-")
}

func TestSplitsFromTheCommandLine(t *testing.T) {
	copied(t)
	if out := must(t, "", "splits", "duplicates", "--project", "Wire"); !strings.HasPrefix(out, "page-a  page-b  text, 98 % the same\n") || strings.Count(out, "\n") != 1 {
		t.Errorf("it says %q", out)
	}
	var pair split.NearCopy
	if out := must(t, "", "splits", "duplicates", "--project", "Wire", "--json"); json.Unmarshal([]byte(out), &pair) != nil || pair.Keys != [2]string{"page-a", "page-b"} || strings.Contains(out, "parts") {
		t.Errorf("it says %q", out)
	}
	if out := must(t, "", "splits", "duplicates", "--project", "Wire", "--similarity", "1"); !strings.Contains(out, "page-b") {
		t.Errorf("page-a is whole in page-b, and it says %q", out)
	}

	for _, by := range []string{"site", "cluster"} {
		if out := must(t, "", "splits", "check", "--project", "Wire", "--by", by); !strings.Contains(out, "Nothing leaks: 1 pair of near-copies, each within one part") {
			t.Errorf("by %s it says %q", by, out)
		}
	}
	var r split.Report
	if err := json.Unmarshal([]byte(must(t, "", "splits", "show", "--project", "Wire", "--split", "train=1,test=1", "--json")), &r); err != nil || len(r.Parts) != 2 || r.Parts[0].Documents+r.Parts[1].Documents != 4 || r.Parts[0].Asked != 0.5 || r.Clusters != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if out := must(t, "", "splits", "show", "--project", "Wire"); !strings.Contains(out, "train=80,dev=10,test=10 by site; 1 cluster of near-copies, 0 pairs across parts") || !strings.Contains(out, "warning: test has fewer than 20 documents") {
		t.Errorf("it shows\n%s", out)
	}
	must(t, "", "check")
}

func TestAPartByHandLeaks(t *testing.T) {
	copied(t)
	if out := must(t, "", "splits", "fix", "--project", "Wire", "--part", "test", "--site", "a.example"); out != "1 choice changed\n" {
		t.Errorf("it says %q", out)
	}
	must(t, "", "splits", "fix", "--project", "Wire", "--part", "train", "page-b")
	status, out, errs := call(t, "", "splits", "check", "--project", "Wire")
	if status != short || !strings.HasPrefix(out, "test  page-a  train  page-b  text, 98 % the same\n") || errs != "annotate: the split leaks: 1 pair of near-copies and 0 sites in several parts\n" {
		t.Errorf("exit %d\n%s\n%s", status, out, errs)
	}
	status, out, _ = call(t, "", "splits", "check", "--project", "Wire", "--json")
	var found struct {
		Leaks bool
		Pairs []split.NearCopy
	}
	if err := json.Unmarshal([]byte(out), &found); status != short || err != nil || !found.Leaks || len(found.Pairs) != 1 || found.Pairs[0].Parts != [2]string{"test", "train"} {
		t.Errorf("exit %d\n%s", status, out)
	}
	if out := must(t, "", "splits", "fix", "--project", "Wire", "--list"); !strings.Contains(out, "train  document page-b") || !strings.Contains(out, "test   site a.example") {
		t.Errorf("the list is\n%s", out)
	}

	must(t, "", "splits", "fix", "--project", "Wire", "--free", "page-b", "--site", "a.example")
	must(t, "", "splits", "check", "--project", "Wire")
	if out := must(t, "", "splits", "fix", "--project", "Wire", "--from-meta", "set"); out != "4 choices changed\n" {
		t.Errorf("it says %q", out)
	}
	var r split.Report
	if err := json.Unmarshal([]byte(must(t, "", "splits", "show", "--project", "Wire", "--json")), &r); err != nil || r.Parts[1].Documents != 4 {
		t.Errorf("%+v %v", r, err)
	}
	if out := must(t, "", "audit", "--project", "Wire"); !strings.Contains(out, "fixed documents 4, 5, 6, 7 to dev") || !strings.Contains(out, "gave site a.example, document 5 back to the rule of the split") {
		t.Errorf("the log is\n%s", out)
	}
	must(t, "", "check")
}

func TestSplitsSayWhatIsWrong(t *testing.T) {
	copied(t)
	for want, args := range map[string][]string{
		`there is no project "Novels"`:       {"show", "--project", "Novels"},
		`has no release "one"`:               {"show", "--project", "Wire", "--release", "one"},
		`the project has no document "nine"`: {"fix", "--project", "Wire", "--part", "test", "nine"},
		`the project has no document 99`:     {"fix", "--project", "Wire", "--part", "test", "99"},
		`from the site "z.example"`:          {"fix", "--project", "Wire", "--part", "test", "--site", "z.example"},
		`has a field "number" that names`:    {"fix", "--project", "Wire", "--from-meta", "number"},
		`nobody is called "ada"`:             {"fix", "--project", "Wire", "--part", "test", "page-a", "--as", "ada"},
	} {
		if status, _, errs := call(t, "", append([]string{"splits"}, args...)...); status != failed || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d %s", args, status, errs)
		}
	}
	for want, args := range map[string][]string{
		"is no split":                  {"show", "--project", "Wire", "--split", "train"},
		"stands twice":                 {"check", "--project", "Wire", "--split", "a=1,a=1"},
		"must be one of":               {"check", "--project", "Wire", "--by", "mood"},
		"lies between 0.8 and 1":       {"duplicates", "--project", "Wire", "--similarity", "0.5"},
		"say where to with --part":     {"fix", "--project", "Wire", "page-a"},
		"name a document":              {"fix", "--project", "Wire", "--part", "test"},
		"cannot be the name of a part": {"fix", "--project", "Wire", "--part", "to test", "page-a"},
		"name none":                    {"fix", "--project", "Wire", "--list", "page-a"},
	} {
		if status, _, errs := call(t, "", append([]string{"splits"}, args...)...); status != misuse || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d %s", args, status, errs)
		}
	}
}
