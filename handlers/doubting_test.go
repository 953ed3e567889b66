package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Two runs agree about the first of four pages, say the opposite about three of
// the four lines of the second, and about two of the third; nobody speaks of
// the fourth. Without a model the runs alone leave pages in doubt.
func TestPagesAboutWhichRunsDisagreeAreInDoubt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.store.AddProject(t.Context(), corpus.Project{Name: "Doubtful", Cutting: "line", Labels: corpus.DefaultLabels(), Settings: corpus.Settings{Order: corpus.MostDoubt}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([][]string, 4)
	var records strings.Builder
	for i := range lines {
		for k := range 4 {
			lines[i] = append(lines[i], fmt.Sprintf("The keeper of lighthouse %d wrote in his book that ship %d had passed the island before the storm came.", i, k))
		}
		fmt.Fprintf(&records, `{"id":"p%d","text":%q}`+"\n", i, strings.Join(lines[i], "\n"))
	}
	p, err := s.store.ProjectByName(t.Context(), "Doubtful")
	if err != nil {
		t.Fatal(err)
	}
	s.add(p, records.String())
	says := func(i, lead int) score.Prediction {
		return score.Prediction{Status: score.OK, Text: strings.Join(lines[i][:lead], "\n")}
	}
	s.addRun(p, "one", map[string]score.Prediction{"p0": says(0, 4), "p1": says(1, 4), "p2": says(2, 4)})
	s.addRun(p, "two", map[string]score.Prediction{"p0": says(0, 4), "p1": says(1, 1), "p2": says(2, 2)})

	all, err := s.server.h.suggesting.doubtful(t.Context(), p.ID)
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	if all[0].Doubt != 0 || all[3].Doubt != 0 || !(all[1].Doubt > all[2].Doubt && all[2].Doubt > 0 && all[1].Doubt <= 1) {
		t.Errorf("%+v", all)
	}

	// A page that is opened has it weighed.
	if r := s.get("mona", fmt.Sprintf("/documents/%d", all[0].Document)); r.StatusCode != 200 {
		t.Fatal(r.Status)
	}
	for range 500 {
		last, now, err := s.store.Weighed(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if last == now {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("doubt is not weighed")
}
