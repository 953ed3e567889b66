package handlers

import (
	"archive/zip"
	"io"
	"strings"
	"testing"

	"annotate/db"
	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

const dividedExport = news + "/export?by=document&format=iob2&split=train%3D80%2Ctest%3D20"

// What takes long is counted beside the page, which says how far it is, with
// and without scripts; it can be stopped, and is there at once the second time.
func TestAnExportIsCountedBesideThePage(t *testing.T) {
	s := newSite(t)
	surveys := s.server.h.surveys
	surveys.turn <- struct{}{} // somebody else's survey is at work
	running := visit{status: 200, has: []string{"#preview progress[max='1'][value='0']", "#preview[hx-trigger][hx-select='#preview']", "#preview p: Counting what it would hold: 0 of 1", "#preview noscript"}, hasNot: []string{"#preview table"}}
	s.check(s.get("mona", dividedExport), running)

	s.check(s.post("mona", strings.Replace(dividedExport, "/export?", "/export/cancel?", 1), nil), visit{status: 303, to: news + "/export"})
	if n := len(surveys.all); n != 0 {
		t.Errorf("%d surveys are kept after they were cancelled", n)
	}
	s.check(s.get("mona", dividedExport), running)

	<-surveys.turn
	over := surveys.all[0].over
	<-over
	done := visit{status: 200, has: []string{"#preview td: train", "#preview a[download]"}, hasNot: []string{"#preview progress", "#preview[hx-get]"}}
	s.check(s.get("mona", dividedExport), done)

	surveys.turn <- struct{}{} // a second look needs no turn
	s.check(s.get("mona", dividedExport), done)
	s.add(corpus.Project{ID: 1, Cutting: "line", Labels: corpus.DefaultLabels()}, `{"id":"more","text":"Ada","layer":"gold","blocks":[{"start":0,"end":3,"class":"body"}],"spans":[]}`+"\n")
	s.check(s.get("mona", dividedExport), visit{status: 200, has: []string{"#preview progress[max='2']"}})
	<-surveys.turn
}

// Gold that comes while an export is counted does not begin the counting anew:
// where people label all the time nobody would see the end.
func TestACountingIsToldAlthoughGoldCame(t *testing.T) {
	s := newSite(t)
	surveys := s.server.h.surveys
	surveys.turn <- struct{}{}
	s.check(s.get("mona", dividedExport), visit{status: 200, has: []string{"#preview progress"}})
	s.add(corpus.Project{ID: 1, Cutting: "line", Labels: corpus.DefaultLabels()}, `{"id":"more","text":"Ada","layer":"gold","blocks":[{"start":0,"end":3,"class":"body"}],"spans":[]}`+"\n")
	s.check(s.get("mona", dividedExport), visit{status: 200, has: []string{"#preview progress[max='1']"}})
	if n := len(surveys.all); n != 1 {
		t.Errorf("%d surveys of the same", n)
	}
	<-surveys.turn
	<-surveys.all[0].over
	s.check(s.get("mona", dividedExport), visit{status: 200, has: []string{"#preview table"}})
}

// What each person handed in goes out as records of their own, to who may
// export, and not in formats that cannot name them.
func TestWhatPeopleHandedInIsExported(t *testing.T) {
	s := newSite(t)
	s.handIn("ines", 1, corpus.Body)
	page := news + "/export?layer=annotations&format="
	s.check(s.get("mona", page+"jsonl"), visit{status: 200, has: []string{"#layer option[value=annotations][selected]", ".lead: What each person handed in", "#preview td: all", "#preview th: Annotations", "a[download][href='" + news + "/export/jsonl?layer=annotations']"}})
	s.check(s.get("mona", page+"spacy"), visit{status: 422, has: []string{"#problem-layer: no place for what each person handed in; jsonl"}, hasNot: []string{"#preview"}})
	s.check(s.get("mona", news+"/export/spacy?layer=annotations"), visit{status: 422})
	s.check(s.get("mona", news+"/export/jsonl?layer=drafts"), visit{status: 422})
	s.check(s.get("ines", news+"/export/jsonl?layer=annotations"), visit{status: 403})

	r := s.get("mona", news+"/export/jsonl?layer=annotations")
	if name := r.Header.Get("Content-Disposition"); !strings.Contains(name, "newswire-annotations-") {
		t.Errorf("the file is called %s", name)
	}
	lines := strings.Split(strings.TrimSpace(answerOf(t, r)), "\n")
	if len(lines) != 1 || !strings.Contains(lines[0], `"id":"bridge"`) || !strings.Contains(lines[0], `"layer":"annotation","annotator":"ines"}`) {
		t.Errorf("%q", lines)
	}
}

// The spans of a run stand beside gold where the format has a place for them.
func TestPredictionsAreExportedBesideGold(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	run, err := s.store.StartRun(ctx, corpus.Run{Project: 1, Name: "tagger 2", Cleaner: corpus.Cleaner{Name: "tagger"}, Origin: corpus.FromFile, Documents: 1}, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	said := score.Prediction{Status: score.OK, Labels: true, Spans: []score.Span{{Range: text.Range{Start: 4, End: 9}, Label: "LOC"}}}
	if err := s.store.AddPredictions(ctx, run.ID, []db.Predicted{{Document: 3, Prediction: said}}); err != nil {
		t.Fatal(err)
	}
	s.check(s.get("mona", news+"/export"), visit{status: 200, hasNot: []string{"#predictions"}})
	if err := s.store.EndRun(ctx, run.ID, corpus.RunDone); err != nil {
		t.Fatal(err)
	}

	s.check(s.get("mona", news+"/export?format=labelstudio&predictions=tagger+2"), visit{status: 200, has: []string{"label[for=predictions]: in labelstudio", "#predictions option[selected]: tagger 2", "#preview a[download][href='" + news + "/export/labelstudio?predictions=tagger+2']"}})
	s.check(s.get("mona", news+"/export?format=jsonl&predictions=tagger+2"), visit{status: 422, has: []string{"#problem-predictions: has no place for predictions; labelstudio has"}})
	s.check(s.get("mona", news+"/export?format=labelstudio&predictions=none"), visit{status: 422, has: []string{"#problem-predictions: no run"}})
	s.check(s.get("mona", news+"/export/jsonl?predictions=tagger+2"), visit{status: 422})

	with := unzipped(t, answerOf(t, s.get("mona", news+"/export/labelstudio?predictions=tagger+2")), "tasks.json")
	if !strings.Contains(with, `"predictions":[{"model_version":"tagger"`) || !strings.Contains(with, `"LOC"`) {
		t.Errorf("the tasks are %s", with)
	}
	if without := unzipped(t, answerOf(t, s.get("mona", news+"/export/labelstudio")), "tasks.json"); strings.Contains(without, `"LOC"`) {
		t.Errorf("without a run the tasks are %s", without)
	}
}

// unzipped is a file of a ZIP.
func unzipped(t *testing.T, packed, name string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}

	return string(b)
}

// An import does not wait for near-copies, and its page names them once they
// are found.
func TestAnImportNamesNearCopies(t *testing.T) {
	s := newSite(t)
	var words []string
	for i := range 80 {
		words = append(words, strings.Repeat("w", i%7+1)+string(rune('a'+i%26)))
	}
	same := strings.Join(words, " ")
	job := s.upload("mona", quiet+"/imports", form("format", "auto"), file{"one.txt", same}, file{"two.txt", same + " more"}, file{"three.txt", "Something else"}).Header.Get("Location")
	s.atRest(job)
	s.check(s.post("mona", job+"/start", nil), visit{status: 303, to: job})
	s.atRest(job)

	s.settle()
	s.check(s.get("mona", job), visit{status: 200, has: []string{"p: 3 documents imported", "#copies p: 1 of the new documents is a near-copy of another", "#copies a[href='" + quiet + "/export/splits']"}, hasNot: []string{"#copies progress"}})
}
