package handlers

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"annotate/internal/corpus"
)

// agreed waits for a page of agreement that is made.
func (s *site) agreed(who, path string) *goquery.Document {
	s.t.Helper()
	doc := s.report(who, path)
	for range 100 {
		if doc.Find("#competence [hx-get], #age[hx-get]").Length() == 0 {
			return doc
		}
		time.Sleep(20 * time.Millisecond)
		doc = s.report(who, path)
	}
	s.t.Fatalf("%s is still being worked out", path)
	return nil
}

func TestAgreementVisits(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	s.agreed("anna", news+"/agreement")
	for _, v := range []visit{
		{"an annotator may not see it", "ines", "", news + "/agreement", nil, 403, "", nil, nil},
		{"nor take it along", "ines", "", news + "/agreement/json", nil, 403, "", nil, nil},
		{"nor finds the tab", "ines", "", news, nil, 200, "", nil, []string{".tabs a[href='/projects/1/agreement']", ".cards"}},
		{"an adjudicator finds it, and the figures", "anna", "", news, nil, 200, "", []string{".tabs a[href='/projects/1/agreement']: Agreement", ".cards a[href='/projects/1/agreement#blocks']: Agreement, blocks", ".cards .big: 0.000", ".cards .sub: 1 document", ".cards .big[title*='undefined because']: –"}, nil},
		{"nothing is shared: the way there", "mona", "", quiet + "/agreement", nil, 200, "", []string{".empty: Labelling together", ".empty a[href='/projects/2/settings']"}, []string{"table", ".menu"}},
		{"an adjudicator is told who can do it", "anna", "", quiet + "/agreement", nil, 200, "", []string{".empty: A manager"}, []string{".empty a"}},
		{"a day on which nothing was shared", "anna", "", news + "/agreement?until=2001-02-03", nil, 200, "", []string{"#blocks .undefined[title='undefined because no document was labelled by two annotators']", "input[name=until][value='2001-02-03']", "summary: shared until 2001-02-03"}, []string{".empty"}},
		{"one label", "anna", "", news + "/agreement?label=2", nil, 200, "", []string{"option[value='2'][selected]", "summary: ORG alone"}, nil},
		{"a label that there is not", "anna", "", news + "/agreement?label=colour", nil, 422, "", []string{"[role=alert]: no label \"colour\"", ".choice form"}, []string{"#blocks"}},
		{"a day that is none", "anna", "", news + "/agreement?since=yesterday", nil, 422, "", []string{"[role=alert]: not a day like 2026-11-30"}, nil},
		{"a last day before the first", "anna", "", news + "/agreement?since=2026-02-02&until=2026-02-01", nil, 422, "", []string{"[role=alert]: comes before the first"}, nil},
		{"a release that there is not", "anna", "", news + "/agreement?release=1.0", nil, 422, "", []string{"[role=alert]: no release \"1.0\""}, nil},
		{"a format that there is not", "anna", "", news + "/agreement/pdf", nil, 404, "", nil, nil},
		{"a file of a label that there is not", "anna", "", news + "/agreement/json?label=colour", nil, 422, "", nil, nil},
		{"a project that there is not", "anna", "", "/projects/99/agreement", nil, 404, "", nil, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			s.t = t
			if v.status == 200 && strings.Contains(v.path, "/agreement") {
				s.report(v.who, v.path)
			}
			s.check(s.get(v.who, v.path), v)
		})
	}
}

// Two people call three blocks BB, BB and BX. Coincidences: n = 6, B 5, X 1,
// Do = 2/6 and De = 2·5·1/(6·5): α = 0. κ = (2/3 − 2/3)/… = 0. Raw is 2/3. AC1:
// B has 5/6, chance is 2·5/6·1/6 = 5/18, (2/3 − 5/18)/(1 − 5/18) = 7/13.
func TestAgreementPageAndFilesSayTheSame(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	doc := s.agreed("anna", news+"/agreement")
	s.see(doc, "h1: Agreement", ".under-title: 1 document labelled by two or more", ".under-title: 1 of 2 that several are to label", ".menu a[href='/projects/1/agreement/csv']",
		"#blocks .value: 0.000", "#blocks .value: 0.667", "#blocks .value: 0.538", "#blocks b.down: No better than chance.",
		"#spans .undefined[title='undefined because no two annotators share a document in which one of them marked a span']: undefined because",
		"th.both a[href='/projects/1/review?annotator=3']: ines", "a[href='/projects/1/documents?site=example.org']: example.org", "#competence: from 10 documents and 200 blocks",
		"a[href='/projects/1/review']: 1 document to review", "#age: As of")

	r := s.get("anna", news+"/agreement/json")
	if got := r.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=Newswire-agreement") && !strings.Contains(got, "agreement") {
		t.Errorf("sent as %q", got)
	}
	var file struct {
		Project         string
		Wanted, Covered int
		Report          struct {
			Documents int
			Measures  []struct {
				Key, Why string
				Value    *float64
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&file); err != nil || file.Project != "Newswire" || file.Wanted != 2 || file.Covered != 1 || file.Report.Documents != 1 {
		t.Fatalf("%+v %v", file, err)
	}
	want := map[string]float64{"alpha-blocks": 0, "raw-blocks": 2. / 3, "ac1-blocks": 7. / 13}
	for _, m := range file.Report.Measures {
		if v, ok := want[m.Key]; ok && (m.Value == nil || math.Abs(*m.Value-v) > 1e-12) {
			t.Errorf("%s: %v, want %v", m.Key, m.Value, v)
		}
		if m.Key == "f1-exact" && (m.Value != nil || m.Why == "") {
			t.Errorf("spans that nobody marked: %+v", m)
		}
	}

	rows, err := csv.NewReader(s.get("anna", news+"/agreement/csv").Body).ReadAll()
	if err != nil || rows[0][0] != "part" || rows[1][0] != "all" || rows[1][3] != "alpha-blocks" || rows[1][6] != "0" {
		t.Errorf("%v %v", rows[:2], err)
	}
	text, err := io.ReadAll(s.get("anna", news+"/agreement/table").Body)
	if err != nil || !strings.Contains(string(text), "Coverage: 1 of 2 documents") {
		t.Errorf("%s %v", text, err)
	}

	mona := s.caller("mona")
	if out := mona.want(200, "GET", "/projects/Newswire/agreement", ""); out["project"] != "Newswire" || out["report"].(map[string]any)["documents"] != float64(1) {
		t.Errorf("%v", out)
	}
	mona.want(422, "GET", "/projects/Newswire/agreement?format=pdf", "")
	mona.want(422, "GET", "/projects/Newswire/agreement?since=2026", "")
	mona.want(404, "GET", "/projects/Nowhere/agreement", "")
	s.caller("anna").want(403, "GET", "/projects/Newswire/agreement", "")
}

func TestOlderFiguresAreShownUntilNewerOnesAreThere(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	doc := s.agreed("anna", news+"/agreement")
	s.seeNot(doc, "#age[hx-get]")
	s.hand("ines", 2, "bx")
	s.hand("jonas", 2, "bx")
	s.see(s.agreed("anna", news+"/agreement"), ".under-title: 2 documents labelled by two or more")
	s.see(s.report("anna", fmt.Sprintf("%s/agreement?shown=%d", news, time.Now().Add(-time.Hour).UnixMilli())), "#age a[href='/projects/1/agreement']: Show them")
	s.seeNot(s.report("anna", fmt.Sprintf("%s/agreement?shown=%d", news, time.Now().Add(time.Hour).UnixMilli())), "#age a")

	// A turn that is taken: the work waits, and says so where nothing is kept.
	s.server.h.agreements.mu.Lock()
	turn := s.server.h.agreements.turns[1]
	s.server.h.agreements.mu.Unlock()
	turn <- struct{}{}
	waiting := s.page(s.get("anna", news+"/agreement?"+url.Values{"since": {"2020-01-01"}}.Encode()))
	s.see(waiting, "#report[hx-get='/projects/1/agreement?since=2020-01-01'][hx-trigger='every 500ms']", "[role=status]")
	<-turn
	s.see(s.agreed("anna", news+"/agreement?since=2020-01-01"), "#blocks")
}

func TestNoAgreementIsMadeAfterTheServerEnded(t *testing.T) {
	t.Parallel()
	s := disputed(t, func(*corpus.Project) {})
	s.server.Close()
	if r := s.get("anna", news+"/agreement"); r.StatusCode != 499 {
		t.Errorf("status %d", r.StatusCode)
	}
}
