package handlers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"annotate/internal/corpus"
)

// menu and foot are what every page of the made-up site has above and below its
// article; both hold characters outside of the first plane of Unicode.
const (
	menu = "Home 😀\nWorld\nשלום"
	foot = "Subscribe to the letter\nAbout us -"
)

func article(i int) string {
	name := strings.Fields("Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Ivy Juniper")[i%10]

	return fmt.Sprintf("The bridge of %s will close for repairs, Mara Lindqvist said on the evening of the market.\nBoth lanes to %s stay closed until the end of the month, and nobody knows how long after that.", name, name)
}

// blocksOf are the classes of the lines of a page, as a record has them.
func blocksOf(page string, body func(line string) bool) string {
	var out []string
	at := 0
	for _, line := range strings.Split(page, "\n") {
		class := corpus.Boilerplate
		if body(line) {
			class = corpus.Body
		}
		n := len([]rune(line))
		out = append(out, fmt.Sprintf(`{"start":%d,"end":%d,"class":%q}`, at, at+n, class))
		at += n + 1
	}

	return "[" + strings.Join(out, ",") + "]"
}

// taught is a site whose first project has pages of one site, golden of them
// with gold, and one more, whose number is returned.
func taught(t *testing.T, golden int) (*site, corpus.Project, corpus.DocumentID) {
	t.Helper()
	s := newSite(t)
	p, err := s.store.Project(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.SuggestShare = 100
	if err := s.store.SetProject(t.Context(), p, 1); err != nil {
		t.Fatal(err)
	}
	var records bytes.Buffer
	for i := range golden {
		page := menu + "\n" + article(i) + "\n" + foot
		gold := blocksOf(page, func(line string) bool { return strings.Contains(article(i), line) })
		record, err := json.Marshal(map[string]any{"id": fmt.Sprint("gold", i), "text": page, "url": fmt.Sprintf("https://bridge.example/%d", i), "layer": "gold", "annotators": []string{"jonas"}, "blocks": json.RawMessage(gold)})
		if err != nil {
			t.Fatal(err)
		}
		records.Write(append(record, '\n'))
	}
	record, err := json.Marshal(map[string]any{"id": "next", "text": menu + "\n" + article(99) + "\n" + foot, "url": "https://bridge.example/99"})
	if err != nil {
		t.Fatal(err)
	}
	records.Write(record)
	s.add(p, records.String())

	return s, p, corpus.DocumentID(4 + golden)
}

// wireSuggestions are a state's suggestions as the screen reads them.
type wireSuggestions struct {
	Sources []struct{ Name, Title string }
	Blocks  [][5]any
	Spans   [][6]any
}

func (s *site) suggested(who string, id corpus.DocumentID) *wireSuggestions {
	s.t.Helper()
	r := s.get(who, fmt.Sprintf("/documents/%d/state", id))
	var state struct{ Suggestions *wireSuggestions }
	if err := json.NewDecoder(r.Body).Decode(&state); err != nil || r.StatusCode != 200 {
		s.t.Fatalf("state of %d: %d, %v", id, r.StatusCode, err)
	}

	return state.Suggestions
}

func (s *site) act(who string, annotator corpus.AnnotatorID, id corpus.DocumentID, events ...corpus.Event) {
	s.t.Helper()
	for i := range events {
		events[i].ID = fmt.Sprintf("event-%d-%s", id, events[i].ID)
	}
	b, err := json.Marshal(batch{annotator, events})
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, fmt.Sprintf("/documents/%d/events", id), bytes.NewReader(b))
	r.Header.Set("Content-Type", "application/json")
	w := s.send(who, r)
	var answer struct{ Refused []corpus.Refusal }
	if err := json.NewDecoder(w.Body).Decode(&answer); err != nil || w.StatusCode != 200 || len(answer.Refused) > 0 {
		s.t.Fatalf("act on %d: %d, %+v, %v", id, w.StatusCode, answer, err)
	}
}

func TestWhatWasSaidOnASiteIsSuggestedOnItsNextPage(t *testing.T) {
	s, _, id := taught(t, 2)
	got := s.suggested("ines", id)
	if got == nil || len(got.Sources) != 1 || got.Sources[0].Name != corpus.FromMemory || len(got.Blocks) != 5 {
		t.Fatalf("suggested: %+v", got)
	}
	for i, b := range got.Blocks {
		if b[1] != "x" || b[4] != 2.0 {
			t.Errorf("block %d: %v; the menu and the foot are boilerplate on two pages", i, b)
		}
	}
	page := s.page(s.get("ines", fmt.Sprintf("/documents/%d", id)))
	if !strings.Contains(page.Find("#state").Text(), `"suggestions":{"sources":[{"name":"memory"`) {
		t.Error("the page comes without what is suggested")
	}
}

func TestNothingIsSuggestedWhereThatIsSwitchedOffOrKeptBack(t *testing.T) {
	for name, set := range map[string]func(*corpus.Project){
		"switched off": func(p *corpus.Project) { p.NoSuggestions = true },
		"kept back":    func(p *corpus.Project) { p.SuggestShare = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			s, p, id := taught(t, 2)
			set(&p)
			if err := s.store.SetProject(t.Context(), p, 1); err != nil {
				t.Fatal(err)
			}
			arm, err := s.store.Arm(t.Context(), id, p.Settings)
			if err != nil {
				t.Fatal(err)
			}
			shown := name == "kept back" && arm == corpus.ArmShown // of 100 documents one is
			if got := s.suggested("ines", id); (got != nil) != shown {
				t.Errorf("suggested: %+v", got)
			}
			kept, err := s.store.Suggested(t.Context(), id, 3)
			if name == "kept back" && (err != nil || kept.Arm != arm || len(kept.Blocks) != 5) {
				t.Errorf("what is kept back is known: %+v, %v", kept, err)
			}
		})
	}
}

func TestAModelIsLearntAndSpeaks(t *testing.T) {
	s, p, id := taught(t, 8)
	for _, v := range []visit{
		{"before", "mona", http.MethodGet, news + "/suggestions", nil, 200, "", []string{"#model: There is no model yet", "#model form[action='/projects/1/suggestions/learn']", "#costs-title: What a page costs"}, nil},
		{"not for annotators", "ines", http.MethodGet, news + "/suggestions", nil, 403, "", nil, nil},
		{"annotators do not make models", "ines", http.MethodPost, news + "/suggestions/learn", nil, 403, "", nil, nil},
		{"too little gold", "mona", http.MethodPost, quiet + "/suggestions/learn", nil, 422, "", []string{"main: at least 5 documents with gold; 0 have gold"}, nil},
		{"too little to show", "mona", http.MethodGet, quiet + "/suggestions", nil, 200, "", []string{"#model: when 5 documents have gold; 0 have"}, []string{"#model form"}},
		{"nothing in doubt yet", "mona", http.MethodGet, news + "/suggestions/second-look", nil, 200, "", []string{".empty: There is no model yet"}, nil},
	} {
		if v.method == http.MethodPost {
			s.check(s.post(v.who, v.path, v.form), v)
		} else {
			s.check(s.get(v.who, v.path), v)
		}
	}

	if _, _, err := Learn(t.Context(), s.store, p, 1); err != nil {
		t.Fatal(err)
	}
	s.check(s.get("mona", news+"/suggestions"), visit{"after", "mona", http.MethodGet, news + "/suggestions", nil, 200, "",
		[]string{"#model dd: of 1 site", "#model: Words of the body, F1", "th: All pages", "th: Rules for lines", "#model button: Learn now"}, []string{"#model: There is no model yet"}})

	got := s.suggested("ines", id)
	if got == nil || len(got.Blocks) != 7 {
		t.Fatalf("every block of the page has a suggestion: %+v", got)
	}
	for i, b := range got.Blocks {
		want := "x"
		if i == 3 || i == 4 {
			want = "b"
		}
		if b[1] != want {
			t.Errorf("block %d: %v, want %s", i, b, want)
		}
	}

	again, _, err := Learn(t.Context(), s.store, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	model, err := s.store.Model(t.Context(), p.ID)
	if err != nil || model.ID != again.ID {
		t.Fatal(model.ID, err)
	}
	third, _, err := Learn(t.Context(), s.store, p, 1)
	if err != nil {
		t.Fatal(err)
	}
	newest, err := s.store.Model(t.Context(), p.ID)
	if err != nil || newest.ID != third.ID || !bytes.Equal(newest.Content, model.Content) {
		t.Errorf("the same gold and seed give another model (%v)", err)
	}
	other, _, err := Learn(t.Context(), s.store, p, 2)
	if err != nil || other.Seed != 2 {
		t.Errorf("another seed: %+v, %v", other, err)
	}
}

func TestWhatIsSuggestedStaysWhileAPersonWorks(t *testing.T) {
	s, p, id := taught(t, 8)
	before := s.suggested("ines", id)
	s.act("ines", 3, id, corpus.Event{ID: "first", Kind: corpus.KindClass, From: 0, To: 0, Class: corpus.Boilerplate, Source: corpus.FromMemory})
	if _, _, err := Learn(t.Context(), s.store, p, 1); err != nil {
		t.Fatal(err)
	}
	after := s.suggested("ines", id)
	if after == nil || len(after.Blocks) != len(before.Blocks) || len(before.Blocks) != 5 {
		t.Fatalf("before the model %d blocks, after it %+v", len(before.Blocks), after)
	}

	at := len([]rune(menu)) + 1
	first, _, _ := strings.Cut(article(99), "\n")
	end := at + len([]rune(article(99))) + 1
	s.act("ines", 3, id,
		corpus.Event{ID: "body", Kind: corpus.KindClass, From: at, To: at + len([]rune(first)) + 1, Class: corpus.Body},
		corpus.Event{ID: "foot", Kind: corpus.KindClass, From: end, To: end + len("Subscribe to the letter\n"), Class: corpus.Boilerplate, Source: corpus.FromMemory},
		corpus.Event{ID: "menu", Kind: corpus.KindClass, From: len([]rune("Home 😀\n")), To: len([]rune("Home 😀\nWorld\n")), Class: corpus.Boilerplate, Source: corpus.FromMemory},
		corpus.Event{ID: "done", Kind: corpus.KindSubmit})
	s.check(s.get("mona", news+"/suggestions"), visit{"kept", "mona", http.MethodGet, news + "/suggestions", nil, 200, "",
		[]string{"#kept-title: What became of suggestions", "tbody th: seen on this site", "td: 100"}, nil})
}

func TestGoldIsLookedAtAgain(t *testing.T) {
	s, p, _ := taught(t, 8)
	gold, err := s.store.GoldOf(t.Context(), 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	look := corpus.SecondLook{Document: 4, Gold: gold.ID, Block: gold.Document.Blocks[3].Range, Class: corpus.Body, P: .03, Runs: 1}
	if _, err := s.store.AddModel(t.Context(), corpus.Model{Project: p.ID, Report: "{}", Content: []byte("x")}, []corpus.SecondLook{look}); err != nil {
		t.Fatal(err)
	}
	const path = news + "/suggestions/second-look"
	start := fmt.Sprint(look.Block.Start)
	for _, v := range []visit{
		{"open", "mona", http.MethodGet, path, nil, 200, "", []string{".look a[href='/documents/4']", ".look-text.body: The bridge of Alder", ".around: שלום", "button[data-key=c]", "button[data-key=r]", ".look: model: 97"}, []string{".empty"}},
		{"not for annotators", "ines", http.MethodGet, path, nil, 403, "", nil, nil},
		{"of another project", "mona", http.MethodPost, quiet + "/suggestions/second-look", form("document", "4", "start", start, "verdict", "confirmed"), 404, "", nil, nil},
		{"no verdict", "mona", http.MethodPost, path, form("document", "4", "start", start, "verdict", "perhaps"), 422, "", []string{"main: There is no verdict"}, nil},
		{"no block", "mona", http.MethodPost, path, form("document", "4", "start", "x", "verdict", "confirmed"), 422, "", nil, nil},
		{"confirmed", "mona", http.MethodPost, path, form("document", "4", "start", start, "verdict", "confirmed"), 303, path, nil, nil},
		{"none open", "mona", http.MethodGet, path, nil, 200, "", []string{".empty: Nothing is in doubt"}, nil},
		{"taken back", "mona", http.MethodPost, path, form("document", "4", "start", start, "verdict", "", "shown", "confirmed"), 303, path + "?verdict=confirmed", nil, nil},
		{"reopened", "mona", http.MethodPost, path, form("document", "4", "start", start, "verdict", "reopened"), 303, "/documents/4", nil, nil},
		{"those that were", "mona", http.MethodGet, path + "?verdict=reopened", nil, 200, "", []string{".look .sub: by mona", "button: Take back"}, nil},
	} {
		if v.method == http.MethodPost {
			s.check(s.post(v.who, v.path, v.form), v)
		} else {
			s.check(s.get(v.who, v.path), v)
		}
	}
}
