package spans_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"testing"

	"annotate/internal/corpus"
	"annotate/internal/suggest/spans"
	"annotate/internal/text"
)

// labels are those of the made pages.
var labels = corpus.DefaultLabels()

const (
	per  corpus.LabelID = 1
	org  corpus.LabelID = 2
	loc  corpus.LabelID = 3
	date corpus.LabelID = 4
)

// page is a document of lines, in which [1 Ada Bly] is a span with label 1, and
// spans may stand in spans. A line that begins with "- " is boilerplate.
func page(t testing.TB, id int, site string, lines ...string) corpus.Gold {
	t.Helper()
	d := corpus.Document{ID: corpus.DocumentID(id), ExternalID: fmt.Sprint(id), Site: site}
	var b strings.Builder
	var pieces []corpus.Piece
	var marked []corpus.Span
	at := 0
	for _, line := range lines {
		start, class := at, corpus.Body
		if rest, ok := strings.CutPrefix(line, "- "); ok {
			line, class = rest, corpus.Boilerplate
		}
		var open []corpus.Span
		for rest := []rune(line); len(rest) > 0; rest = rest[1:] {
			switch r := rest[0]; {
			case r == '[' && len(rest) > 2 && '1' <= rest[1] && rest[1] <= '9' && rest[2] == ' ':
				open = append(open, corpus.Span{Range: text.Range{Start: at}, Label: corpus.LabelID(rest[1] - '0')})
				rest = rest[2:]
			case r == ']' && len(open) > 0:
				s := open[len(open)-1]
				s.End = at
				open, marked = open[:len(open)-1], append(marked, s)
			default:
				b.WriteRune(r)
				at++
			}
		}
		pieces = append(pieces, corpus.Piece{Range: text.Range{Start: start, End: at}, Class: class})
		d.Blocks = append(d.Blocks, corpus.Block{Range: text.Range{Start: start, End: at}})
		b.WriteByte('\n')
		at++
	}
	d.Text = b.String()

	x := text.NewIndex(d.Text)
	for i := range marked {
		marked[i].Quote = x.Slice(marked[i].Range)
	}
	g, err := corpus.NewGold(d, pieces, marked, labels, []string{"ada"})
	if err != nil {
		t.Fatal(err)
	}

	return g
}

// maker makes pages of sentences about nobody, in which the words around a name
// tell what it is, and names are drawn so that most are new on every page.
type maker struct {
	*rand.Rand
	plain bool // contexts that tell nothing
}

func newMaker(seed uint64) *maker { return &maker{Rand: rand.New(rand.NewPCG(seed, 7))} }

func (m *maker) one(of ...string) string { return of[m.IntN(len(of))] }

func (m *maker) name() string {
	var b strings.Builder
	for range 2 + m.IntN(2) {
		b.WriteString(m.one("ba", "do", "fen", "gri", "hal", "ka", "lor", "mi", "nes", "or", "pel", "rud", "sa", "tor", "ul", "vik", "wen", "yr"))
	}
	s := b.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

func (m *maker) of(label corpus.LabelID) string {
	switch label {
	case per:
		return m.one(m.name()+" "+m.name(), m.name()+" "+m.name(), m.name())
	case org:
		return m.name() + m.one(" Steel", " Bank", " Ltd", "", " Group", " & Sons")
	case loc:
		return m.one("", "", "Port ", "New ") + m.name()
	default:
		return fmt.Sprintf("%d %s %d", 1+m.IntN(28), m.one("January", "March", "May", "July", "October"), 1990+m.IntN(30))
	}
}

var tellings = []string{
	"{1}, the mayor of {3}, said on {4} that the bridge would open soon.",
	"Shares of {2} fell by a tenth after the firm reported a loss.",
	"The council of {3} met on {4} to speak about the harbour.",
	"“We will appeal,” said {1}, who leads the union.",
	"Mr {1} was born in {3} and joined {2} as a clerk.",
	"The company {2} will build a mill near {3}, its spokesman said.",
	"Police in {3} arrested two men.",
	"Her lawyer, {1}, told reporters that the case was weak.",
	"The trial of {1} begins on {4} in {3}.",
	"A spokeswoman for {2} declined to comment.",
	"Nobody was hurt, the fire brigade said, and The Road was open again by noon.",
	"Prices rose again, although Many had hoped for less.",
	"President {1} flew to {3} for talks with the board of {2}.",
	"Since {4} the ferry has not sailed from {3}.",
}

var silences = []string{"Then {1} came.", "It was {2} again.", "Nothing but {3} counts.", "Because {4} is not far, All went Home."}

// page is one of a dozen lines, half of them body.
func (m *maker) page(t testing.TB, id int, site string) corpus.Gold {
	t.Helper()
	from := tellings
	if m.plain {
		from = silences
	}
	lines := []string{"- Home News Sport", "- Sign In to " + m.name()}
	for range 6 {
		var line []string
		for range 1 + m.IntN(3) {
			s := m.one(from...)
			for l := per; l <= date; l++ {
				if hole := fmt.Sprintf("{%d}", l); strings.Contains(s, hole) {
					s = strings.Replace(s, hole, fmt.Sprintf("[%d %s]", l, m.of(l)), 1)
				}
			}
			line = append(line, s)
		}
		lines = append(lines, strings.Join(line, " "))
	}
	lines = append(lines, "- Read also: "+m.of(per)+" meets "+m.of(org)+" -", "- Terms of Use")

	return page(t, id, site, lines...)
}

// pages are n of them on a tenth as many sites.
func (m *maker) pages(t testing.TB, n int) []corpus.Gold {
	t.Helper()
	out := make([]corpus.Gold, n)
	for i := range out {
		out[i] = m.page(t, i+1, fmt.Sprintf("site%d.example", i%max(n/10, 2)))
	}
	return out
}

func stream(gold []corpus.Gold) iter.Seq2[corpus.Gold, error] {
	return func(yield func(corpus.Gold, error) bool) {
		for _, g := range gold {
			if !yield(g, nil) {
				return
			}
		}
	}
}

func train(t testing.TB, gold []corpus.Gold, seed uint64) *spans.Model {
	t.Helper()
	m, err := spans.Train(t.Context(), stream(gold), spans.Options{Seed: seed, Labels: labels})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
