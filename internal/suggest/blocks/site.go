package blocks

import (
	"cmp"
	"iter"
	"slices"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Site remembers the blocks of one site: on how many pages a text stood, and
// which class it had there, apart for what stands before, in and behind the
// prose of a page. What a person decided for the whole site goes before all
// counts. What reads it may run concurrently; what changes it runs alone.
type Site struct {
	pages   map[corpus.DocumentID]bool // those that were seen
	texts   map[uint64]*entry          // by hash of the key
	decided map[uint64]corpus.Class
}

// entry is what is known of a text.
type entry struct {
	seen   int             // pages on which it stands
	counts [regions][2]int // pages with each class, body first
	wheres [2][]Where      // some of them
	key    string          // of a text that had both classes, else not kept
}

// Where is a block of a document, counted from 0.
type Where struct {
	Document corpus.DocumentID
	Block    int
}

// examples is how many places of a text are kept, so that one is left to show
// when others are forgotten.
const examples = 4

// Memory is what a site knows of a block.
type Memory struct {
	Class   corpus.Class // Undecided where nothing is known, or both in equal right
	P       float64      // probability that it is body; ½ where nothing is known
	Seen    int          // pages of the site on which the text stands, with gold or without
	Pages   int          // pages on which it had Class, or either where that is Undecided
	Against int          // pages on which it had the other
	Settled bool         // a person decided it for the site
}

// Conflict is a text that had both classes on one site.
type Conflict struct {
	Key               string
	Body, Boilerplate int      // on how many pages it was either
	Examples          [2]Where // one of body and one of boilerplate; Document 0 where it was forgotten
}

// NewSite knows nothing.
func NewSite() *Site {
	return &Site{pages: map[corpus.DocumentID]bool{}, texts: map[uint64]*entry{}, decided: map[uint64]corpus.Class{}}
}

// See counts the texts of a page. One that was seen before is not counted
// again.
func (s *Site) See(d corpus.Document) { s.see(d, looks(d)) }

func (s *Site) see(d corpus.Document, ls []look) {
	if s.pages[d.ID] {
		return
	}
	s.pages[d.ID] = true
	for key := range distinct(ls) {
		s.entry(key).seen++
	}
}

func (s *Site) entry(key uint64) *entry {
	e := s.texts[key]
	if e == nil {
		e = &entry{}
		s.texts[key] = e
	}
	return e
}

// distinct yields each key of a page once, with the first block that has it.
// A text without a visible character has none.
func distinct(ls []look) iter.Seq2[uint64, int] {
	return func(yield func(uint64, int) bool) {
		done := make(map[uint64]bool, len(ls))
		for i := range ls {
			if key := ls[i].key; key != blank && !done[key] {
				done[key] = true
				if !yield(key, i) {
					return
				}
			}
		}
	}
}

var blank = hash("")

// Learn sees a page and counts the classes of its blocks.
func (s *Site) Learn(e Example) {
	ls := looks(e.Document)
	s.see(e.Document, ls)
	s.count(e, ls, 1)
}

// Forget takes back one Learn of the same example. The page stays seen.
func (s *Site) Forget(e Example) { s.count(e, looks(e.Document), -1) }

// fact is what one page says of a text; it counts once however often the page
// repeats it.
type fact struct {
	key    uint64
	region region
	side   int
}

func (s *Site) count(e Example, ls []look, by int) {
	from, to := run(ls)
	x := text.NewIndex(e.Document.Text)
	done := map[fact]bool{}
	for i, c := range e.Classes {
		f := fact{ls[i].key, regionOf(i, from, to), side(c)}
		if c == corpus.Undecided || f.key == blank || done[f] {
			continue
		}
		done[f] = true

		t := s.entry(f.key)
		t.counts[f.region][f.side] = max(0, t.counts[f.region][f.side]+by)
		t.wheres[f.side] = slices.DeleteFunc(t.wheres[f.side], func(w Where) bool { return w.Document == e.Document.ID })
		if by > 0 && len(t.wheres[f.side]) < examples {
			t.wheres[f.side] = append(t.wheres[f.side], Where{e.Document.ID, i})
		}
		if t.key == "" && t.torn() {
			t.key = Key(x.Slice(e.Document.Blocks[i].Range))
		}
	}
}

// side is the place of a class in pairs.
func side(c corpus.Class) int {
	if c == corpus.Body {
		return 0
	}
	return 1
}

// Decide settles the class of a text for the whole site, by its Key; Undecided
// takes that back.
func (s *Site) Decide(key string, c corpus.Class) {
	if c == corpus.Undecided {
		delete(s.decided, hash(key))
		return
	}
	s.decided[hash(key)] = c
}

// Recall is what is known of each block of a document, which counts itself
// where it was learnt. Where a text is known from the same region of other
// pages, before, in or behind their prose, that counts alone.
func (s *Site) Recall(d corpus.Document) []Memory {
	ls := looks(d)
	from, to := run(ls)
	out := make([]Memory, len(ls))
	for i := range ls {
		out[i] = s.recall(ls[i].key, regionOf(i, from, to))
	}

	return out
}

// doubt is how many pages each class has before any was seen. It is small
// because a text that had a class once had another on the next page in one case
// of hundreds.
const doubt = 0.01

func (s *Site) recall(key uint64, at region) Memory {
	m := Memory{P: .5}
	t := s.texts[key]
	if t != nil {
		m.Seen = t.seen
		n := t.counts[at]
		if n == [2]int{} {
			n = t.sum()
		}
		m.P = (float64(n[0]) + doubt) / (float64(n[0]+n[1]) + 2*doubt)
		switch {
		case n[0] > 0 && n[1] > 0:
			m.Pages, m.Against = max(n[0], n[1]), min(n[0], n[1])
		case n[0] > 0:
			m.Class, m.Pages = corpus.Body, n[0]
		case n[1] > 0:
			m.Class, m.Pages = corpus.Boilerplate, n[1]
		}
	}
	if c, ok := s.decided[key]; ok {
		m.Class, m.Settled, m.P = c, true, float64(1-side(c))
	}

	return m
}

func (t *entry) sum() (n [2]int) {
	for _, c := range t.counts {
		n[0], n[1] = n[0]+c[0], n[1]+c[1]
	}
	return n
}

// others is on how many pages other than d a text stands.
func (s *Site) others(key uint64, d corpus.DocumentID) int {
	t := s.texts[key]
	if t == nil {
		return 0
	}
	if s.pages[d] {
		return t.seen - 1
	}
	return t.seen
}

// known is how many pages other than d were seen.
func (s *Site) known(d corpus.DocumentID) int {
	if s.pages[d] {
		return len(s.pages) - 1
	}
	return len(s.pages)
}

// Conflicts are the texts that had both classes in one region and were not
// settled, those on most pages first, then by key.
func (s *Site) Conflicts() []Conflict {
	var out []Conflict
	for hashed, t := range s.texts {
		if _, ok := s.decided[hashed]; ok || !t.torn() {
			continue
		}
		n := t.sum()
		c := Conflict{Key: t.key, Body: n[0], Boilerplate: n[1]}
		for side, w := range t.wheres {
			if len(w) > 0 {
				c.Examples[side] = w[0]
			}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Conflict) int {
		return cmp.Or(cmp.Compare(b.Body+b.Boilerplate, a.Body+a.Boilerplate), cmp.Compare(a.Key, b.Key))
	})

	return out
}

func (t *entry) torn() bool {
	for _, n := range t.counts {
		if n[0] > 0 && n[1] > 0 {
			return true
		}
	}
	return false
}
