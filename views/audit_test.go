package views

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"annotate/internal/corpus"
)

func TestTold(t *testing.T) {
	for want, e := range map[string]corpus.LogEntry{
		"mara made jonas a manager of Newswire":                                {By: "mara", Project: "Newswire", Kind: "member-added", Subject: "jonas", Change: []byte(`{"role":"manager"}`)},
		"mara made jonas an annotator of Newswire, before a manager":           {By: "mara", Project: "Newswire", Kind: "member-role", Subject: "jonas", Change: []byte(`{"from":"manager","to":"annotator"}`)},
		"somebody at the machine took away jonas’s access":                     {Kind: "person-disabled", Subject: "jonas", Change: []byte(`{}`)},
		"mara made a link that invites an adjudicator in Newswire":             {By: "mara", Project: "Newswire", Kind: "invitation-made", Change: []byte(`{"role":"adjudicator","days":7}`)},
		"mara made the project Newswire":                                       {By: "mara", Project: "Newswire", Kind: "project-added", Subject: "Newswire", Change: []byte(`{}`)},
		"mara made {to} a manager, before an annotator":                        {By: "mara", Kind: "person-role", Subject: "{to}", Change: []byte(`{"from":"annotator","to":"manager"}`)},
		"mara: comet seen · Halley in Sky · brightness 2, tails [\"a\",\"b\"]": {By: "mara", Project: "Sky", Kind: "comet-seen", Subject: "Halley", Change: []byte(`{"tails":["a","b"],"brightness":2}`)},
		"mara made themselves a manager of Newswire":                           {By: "mara", Project: "Newswire", Kind: "member-added", Subject: "mara", Change: []byte(`{"role":"manager"}`)},
		"mara changed guidelines, labels of Newswire":                          {By: "mara", Project: "Newswire", Kind: "project-settings", Subject: "Newswire", Change: []byte(`{"labels":[1,2],"guidelines":["",""]}`)},
		"somebody at the machine: comet seen":                                  {Kind: "comet-seen", Change: []byte(`nonsense`)},
	} {
		if got := Told(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

var auditKind = regexp.MustCompile(`\.audit\([^"\n]*"([a-z]+-[a-z-]+)"`)

// Every kind that the data file writes into the log has a sentence.
func TestEveryKindOfChangeIsToldInWords(t *testing.T) {
	files, err := filepath.Glob("../db/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range auditKind.FindAllSubmatch(source, -1) {
			found++
			if sentences[string(m[1])] == "" {
				t.Errorf("%s writes %s into the log, and views/audit.go has no words for it", name, m[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d kinds were found; is the reader of them broken?", found)
	}
}

func TestBrowser(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0":                                                                     "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36":                            "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0":              "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":                      "Safari on a Mac",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0.0.0 Mobile/15E148 Safari/604.1": "Chrome on iPhone",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36":  "Samsung Internet on Android",
		"curl/8.10.1": "curl",
		"":            "A browser that does not say its name",
		"test":        "A browser that does not say its name",
	} {
		if got := browser(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
}

func TestHowLongALinkStillWorks(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Second: "1 more hour", time.Hour: "1 more hour", time.Hour + 1: "2 more hours", 24 * time.Hour: "24 more hours",
		24*time.Hour + 1: "2 more days", 7 * 24 * time.Hour: "7 more days",
	} {
		if got := left(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
