package db_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"annotate/db"
	"annotate/db/dbtest"
	"annotate/internal/attention"
	"annotate/internal/corpus"
)

// settled is the project with other settings.
func settled(t testing.TB, s *db.Store, p corpus.Project, change func(*corpus.Project)) corpus.Project {
	t.Helper()
	change(&p)
	if err := s.SetProject(t.Context(), p, 0); err != nil {
		t.Fatal(err)
	}
	p, err := s.Project(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

// handIn labels every block of the page: body up to n, then boilerplate.
func handIn(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator, n int) corpus.Answer {
	t.Helper()
	var events []corpus.Event
	name := func(i int) string { return fmt.Sprintf("hand-in-%d-%d-%s-%d", id, who.ID, strings.Repeat("x", n), i) }
	if n > 0 {
		events = append(events, corpus.Event{ID: name(1), Kind: corpus.KindClass, From: at[0], To: at[n-1], Class: corpus.Body})
	}
	if n < len(at) {
		events = append(events, corpus.Event{ID: name(2), Kind: corpus.KindClass, From: at[n], To: at[len(at)-1], Class: corpus.Boilerplate})
	}
	a := act(t, s, id, who, append(events, corpus.Event{ID: name(3), Kind: corpus.KindSubmit})...)
	refused(t, a)

	return a
}

// goldPage is the page with gold by somebody who is not here: body up to n.
func goldPage(id string, n int, by ...string) corpus.Incoming {
	in := lines(id, page)
	for i, b := range in.Blocks {
		c := corpus.Boilerplate
		if i < n {
			c = corpus.Body
		}
		in.Pieces = append(in.Pieces, corpus.Piece{Range: b.Range, Class: c})
	}
	in.Annotators = by

	return in
}

// behind changes the file behind the store's back.
func behind(t testing.TB, s *db.Store, query string, args ...any) {
	t.Helper()
	if err := s.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func attend(t testing.TB, s *db.Store, id corpus.DocumentID, who corpus.Annotator, visit string, active time.Duration, seen ...[2]int) {
	t.Helper()
	if _, err := s.Attend(t.Context(), id, who.ID, corpus.Visit{ID: visit, Active: active, Seen: seen}); err != nil {
		t.Fatal(err)
	}
}

// signals are a person's.
func signals(t testing.TB, s *db.Store, p corpus.Project, who corpus.Annotator) attention.Signals {
	t.Helper()
	all, _, err := s.Attention(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(a attention.Signals) bool { return a.Annotator == who.ID })
	if i < 0 {
		t.Fatalf("%s is not among %+v", who.Name, all)
	}

	return all[i]
}

func TestAVisitNeverFallsAndIsBoundByTheClock(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	s.SetClock(c.now)

	attend(t, s, 1, mara, "visit-0001", time.Hour, [2]int{0, 1}) // the first beat may be late, but not by an hour
	handIn(t, s, 1, mara, 2)
	if got := signals(t, s, p, mara); got.Active != time.Minute {
		t.Errorf("an hour in no time counts as %v", got.Active)
	}
	c.add(10 * time.Minute)
	attend(t, s, 1, mara, "visit-0001", 5*time.Minute, [2]int{2, 3})
	attend(t, s, 1, mara, "visit-0001", 5*time.Minute, [2]int{2, 3}) // twice
	attend(t, s, 1, mara, "visit-0001", 4*time.Minute)               // late
	if got := signals(t, s, p, mara); got.Active != 5*time.Minute || got.Seen != 0.5 {
		t.Errorf("active %v, seen %v; want 5m and half", got.Active, got.Seen)
	}
	attend(t, s, 1, mara, "visit-0002", 30*time.Second, [2]int{1, 3}) // opened again
	if got := signals(t, s, p, mara); got.Active != 5*time.Minute+30*time.Second || got.Seen != 0.75 {
		t.Errorf("active %v, seen %v; want 5m30s and three quarters", got.Active, got.Seen)
	}
	clean(t, s)
}

func TestAVisitThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	s, _, mara := desk(t, 1)
	good := corpus.Visit{ID: "visit-0001", Active: time.Second, Seen: [][2]int{{0, 2}, {3, 4}}}
	if _, err := s.Attend(t.Context(), 1, mara.ID, good); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*corpus.Visit){
		"visit":  func(v *corpus.Visit) { v.ID = "no" },
		"active": func(v *corpus.Visit) { v.Active = -1 },
		"seen":   func(v *corpus.Visit) { v.Seen = [][2]int{{3, 5}} },
	} {
		v := good
		change(&v)
		_, err := s.Attend(t.Context(), 1, mara.ID, v)
		invalid(t, err, field)
	}
	for _, seen := range [][][2]int{{{2, 2}}, {{-1, 1}}, {{0, 2}, {1, 3}}, {{0, 1}, {1, 2}}, {{2, 3}, {0, 1}}} {
		_, err := s.Attend(t.Context(), 1, mara.ID, corpus.Visit{ID: "visit-0001", Seen: seen})
		invalid(t, err, "seen")
	}
	if _, err := s.Attend(t.Context(), 99, mara.ID, good); err == nil {
		t.Error("a visit to a document that is not there was kept")
	}
}

func TestAttendRenewsTheLease(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	jonas := dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	c := &clock{at: time.Unix(1_800_000_000, 0)}
	s.SetClock(c.now)
	if _, err := s.Claim(t.Context(), p.ID, mara.ID, 0); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		c.add(20 * time.Minute)
		attend(t, s, 1, mara, "visit-0001", 0)
	}
	if id, err := s.Claim(t.Context(), p.ID, jonas.ID, 0); err == nil {
		t.Fatalf("jonas got document %d, which mara is at", id)
	}
	c.add(40 * time.Minute)
	if _, err := s.Claim(t.Context(), p.ID, jonas.ID, 0); err != nil {
		t.Fatal(err)
	}
	handIn(t, s, 1, jonas, 2)
	if held, err := s.Attend(t.Context(), 1, mara.ID, corpus.Visit{ID: "visit-0001"}); err != nil || !held {
		t.Errorf("mara looks at gold: held %v, %v", held, err)
	}
}

func TestAttentionComparesWithOthersAndWithGold(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 2)
	jonas := dbtest.Annotator(t, s, "jonas", corpus.AnnotatorRole)
	ada := dbtest.Annotator(t, s, "ada", corpus.Adjudicator)
	p = settled(t, s, p, func(p *corpus.Project) { p.Overlap = 2 })
	handIn(t, s, 1, mara, 2)
	handIn(t, s, 1, jonas, 4) // everything body
	handIn(t, s, 2, mara, 2)
	handIn(t, s, 2, jonas, 2)

	m, j := signals(t, s, p, mara), signals(t, s, p, jonas)
	if m.Documents != 2 || m.Shared != 2 || m.SharedBody != 0.5 || m.TheirBody != 0.75 || m.Body != 0.5 {
		t.Errorf("mara: %+v", m)
	}
	if j.SharedBody != 0.75 || j.TheirBody != 0.5 || j.Uniform != 1 || j.UniformBody != 1 || j.Pages != 2 || j.UniformRun != 1 {
		t.Errorf("jonas: %+v", j)
	}
	if m.Recorded != 0 || !math.IsNaN(m.Median) || !math.IsNaN(m.Seen) {
		t.Errorf("nothing was recorded, and yet: %+v", m)
	}
	// They agreed on document 2, so it is gold; 1 is open.
	if m.Compared != 1 || m.GoldF1 != 1 || j.Compared != 1 {
		t.Errorf("against gold: mara %d %v, jonas %d", m.Compared, m.GoldF1, j.Compared)
	}

	// An adjudicator sides with mara in document 2's place: gold moves, and the
	// figures with it. The page has the words Bridge closes ALDPORT Mara
	// Lindqvist said so Ten Quiet Villages.
	reopen := act(t, s, 2, ada, corpus.Event{ID: "event-reopen", Kind: corpus.KindReopen},
		corpus.Event{ID: "event-class1", Kind: corpus.KindClass, From: at[1], To: at[1], Class: corpus.Boilerplate}, corpus.Event{ID: "event-submit", Kind: corpus.KindSubmit})
	refused(t, reopen)
	if m = signals(t, s, p, mara); m.Compared != 1 || math.Abs(m.GoldF1-4./9) > 1e-9 { // 2 words in both, 5 of hers alone
		t.Errorf("after the correction mara's F1 is %v of %d", m.GoldF1, m.Compared)
	}
	clean(t, s)
}

func TestGoldThatIsTheirsAloneSaysNothing(t *testing.T) {
	t.Parallel()
	s, p, mara := desk(t, 1)
	handIn(t, s, 1, mara, 2)
	if m := signals(t, s, p, mara); m.Compared != 0 || !math.IsNaN(m.GoldF1) {
		t.Errorf("compared with their own gold: %+v", m)
	}
}

func TestCheckFindsAnEffortThatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	s, _, mara := desk(t, 1)
	attend(t, s, 1, mara, "visit-0001", time.Second, [2]int{0, 2})
	handIn(t, s, 1, mara, 2)
	clean(t, s)
	behind(t, s, `UPDATE efforts SET seen_blocks = 4`)
	problems, err := s.Check(t.Context(), func(string) {})
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0], "document 1 does not add up") {
		t.Errorf("%q, %v", problems, err)
	}
}

// BenchmarkAttention reads a hundred thousand documents of ten people.
func BenchmarkAttention(t *testing.B) {
	s, p, mara := desk(t, 1)
	handIn(t, s, 1, mara, 2)
	for i := range 9 {
		dbtest.Annotator(t, s, fmt.Sprintf("person-%d", i), corpus.AnnotatorRole)
	}
	behind(t, s, `WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
		INSERT INTO documents (id, project_id, key, version, name, media_type, charset, segmenter, sha256, source_hash, block_count, added_at, blocks, text)
		SELECT n.i, d.project_id, 'page ' || n.i, 1, d.name, d.media_type, d.charset, d.segmenter, d.sha256, d.source_hash, d.block_count, d.added_at, d.blocks, d.text FROM n JOIN documents d ON d.id = 1`)
	behind(t, s, `INSERT INTO annotations (document_id, annotator_id, project_id, status, opened_at) SELECT d.id, a.id, 1, 'submitted', 1 FROM documents d JOIN annotators a ON a.id % 5 = d.id % 5 WHERE d.id > 1`)
	behind(t, s, `INSERT INTO efforts (annotation_id, project_id, annotator_id, document_id, at, active_ms, words, blocks, seen_blocks, body_blocks)
		SELECT id, 1, annotator_id, document_id, id, 30000 + id % 999, 400, 40, 40, 20 FROM annotations WHERE document_id > 1`)
	for t.Loop() {
		if all, _, err := s.Attention(t.Context(), p.ID); err != nil || len(all) != 10 {
			t.Fatalf("%d people, %v", len(all), err)
		}
	}
}
