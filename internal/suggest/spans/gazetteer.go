package spans

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Gazetteer collects the strings that were spans, and where else they stand.
// It is changed by one goroutine at a time; what Build gives is not changed any
// more and serves many.
//
// Gold in which no span was marked says nothing: nobody may have looked. Where
// no span of all gold stands outside the body, the body alone is read.
type Gazetteer struct {
	vocabulary vocabulary
	documents  map[corpus.DocumentID]*reading
	decided    map[string]corpus.LabelID // by spelling
}

// NewGazetteer knows nothing.
func NewGazetteer() *Gazetteer {
	return &Gazetteer{
		vocabulary: vocabulary{ids: map[string]uint32{}, lower: map[uint32]uint32{}},
		documents:  map[corpus.DocumentID]*reading{},
		decided:    map[string]corpus.LabelID{},
	}
}

// Learn takes what people marked in one document, in place of what was learnt
// of that document before.
func (z *Gazetteer) Learn(g corpus.Gold) {
	if r := read(g); r != nil {
		z.documents[g.Document.ID] = z.keep(r)
	} else {
		z.Forget(g)
	}
}

// Forget takes back what was learnt of the document.
func (z *Gazetteer) Forget(g corpus.Gold) { delete(z.documents, g.Document.ID) }

// Decide settles a string for good: it is suggested with this label, or never
// where that is None, whatever gold says. A string that the gazetteer does not
// look for is refused.
func (z *Gazetteer) Decide(quote string, label corpus.LabelID) error {
	s := spelling(snapped(quote))
	if !worth(s, wordsOf(s, 0)) {
		return corpus.Invalidf("text", "%q cannot be looked for: it needs two characters or more, a letter among them, and at most %d words", quote, maxWords)
	}
	z.decided[s] = label

	return nil
}

// Undecide lets gold speak again.
func (z *Gazetteer) Undecide(quote string) { delete(z.decided, spelling(snapped(quote))) }

// vocabulary numbers words, from 1 on.
type vocabulary struct {
	ids   map[string]uint32
	lower map[uint32]uint32 // what a word with a capital is inside a sentence
}

func (v *vocabulary) add(w string) uint32 {
	id, ok := v.ids[w]
	if !ok {
		id = uint32(len(v.ids) + 1)
		v.ids[strings.Clone(w)] = id
	}
	return id
}

// symbol is a word as a string is made of: its number, and whether a gap stands
// before it.
type symbol uint64

func newSymbol(id uint32, gap bool) symbol {
	if gap {
		return symbol(id)<<1 | 1
	}
	return symbol(id) << 1
}

// start is the symbol as the first of a string, before which a gap says nothing.
func (s symbol) start() symbol { return s &^ 1 }

// stretch is what is kept of a piece: its words, and its spans in words.
type stretch struct {
	symbols []symbol
	firsts  []int32 // the words that may be small inside a sentence
	spans   []mark
	body    bool
}

// mark is a span in words, from the first to before the last that it touches.
type mark struct {
	from, to int
	quote    string // snapped and spelt; "" where it is none to look for
	label    corpus.LabelID
	whole    bool // it begins and ends where words do
}

func (m mark) contains(from, to int) bool { return m.from <= from && to <= m.to }

// reading is what is kept of one document.
type reading struct {
	group     string // its site, or what stands for one
	stretches []stretch
}

// keep numbers the words of what was read of a document.
func (z *Gazetteer) keep(pages *page) *reading {
	r := &reading{group: pages.group}
	for _, p := range pages.pieces {
		s := stretch{symbols: make([]symbol, len(p.words)), spans: p.marks, body: p.class == corpus.Body}
		for i, w := range p.words {
			id := z.vocabulary.add(folded(w.text))
			s.symbols[i] = newSymbol(id, w.gap)
			if w.first && capital(w.text) {
				z.vocabulary.lower[id] = z.vocabulary.add(lowered(folded(w.text)))
				s.firsts = append(s.firsts, int32(i))
			}
		}
		r.stretches = append(r.stretches, s)
	}

	return r
}

// trie finds strings in words.
type trie struct {
	next map[step]uint32
	ends []int32 // for each node, one more than the number of the entry that ends there
}

type step struct {
	node uint32
	symbol
}

// node is where a string of symbols ends, made where it is not there yet.
func (t *trie) node(symbols []symbol) uint32 {
	at := uint32(0)
	for i, s := range symbols {
		if i == 0 {
			s = s.start()
		}
		to, ok := t.next[step{at, s}]
		if !ok {
			to = uint32(len(t.ends))
			t.next[step{at, s}] = to
			t.ends = append(t.ends, 0)
		}
		at = to
	}

	return at
}

// walk calls each for the entries that begin at position i, short ones first.
// first is the symbol to take for the one there.
func (t *trie) walk(symbols []symbol, i int, first symbol, each func(entry, to int)) {
	at, ok := t.next[step{0, first.start()}]
	for n := i + 1; ok; n++ {
		if e := t.ends[at]; e > 0 {
			each(int(e-1), n)
		}
		if n == len(symbols) {
			return
		}
		at, ok = t.next[step{at, symbols[n]}]
	}
}

// count is how often people marked a string, and how often not.
type count struct {
	labels []labelCount // by label
	spans  int
	others int // occurrences that are no span nor inside one
}

type labelCount struct {
	label corpus.LabelID
	n     int
}

func (c *count) add(label corpus.LabelID, n int) {
	i, ok := slices.BinarySearchFunc(c.labels, label, func(l labelCount, id corpus.LabelID) int { return cmp.Compare(l.label, id) })
	if !ok {
		c.labels = slices.Insert(c.labels, i, labelCount{label: label})
	}
	c.labels[i].n += n
	c.spans += n
}

// less is c without o, which is a part of it.
func (c count) less(o count) count {
	out := count{labels: slices.Clone(c.labels), spans: c.spans, others: c.others - o.others}
	for _, l := range o.labels {
		out.add(l.label, -l.n)
	}
	return out
}

// most is the label with the most spans, of several the first, and how many.
func (c count) most() (corpus.LabelID, int) {
	var best labelCount
	for _, l := range c.labels {
		if l.n > best.n {
			best = l
		}
	}
	return best.label, best.n
}

// p is the probability that the next occurrence is a span with the most
// frequent label. The first span does not count, because without it the string
// would not be here; for what is unknown stands the precision of all strings,
// as if it had been seen twice.
func (c count) p(prior float64) (corpus.LabelID, float64) {
	label, n := c.most()
	if n == 0 {
		return None, 0
	}
	const strength = 2

	return label, (float64(n-1) + strength*prior) / (float64(c.spans-1+c.others) + strength)
}

// prior is the mean over strings of how often they were a span with their label
// again, with what is usual for as long as few were met again.
func prior(all []count) float64 {
	const usual, strength = 0.7, 5
	sum, n := usual*strength, float64(strength)
	for _, c := range all {
		if _, most := c.most(); c.spans-1+c.others > 0 && most > 0 {
			sum += float64(most-1) / float64(c.spans-1+c.others)
			n++
		}
	}

	return sum / n
}

// table is what all gold says of all strings.
type table struct {
	ids    map[string]uint32 // of the words in strings
	trie   trie
	quotes []string
	counts []count
	strict []bool
	inner  map[nested]int   // spans of a string that have a span inside
	group  map[string]int   // numbers of groups, where they are counted
	groups []map[int]*count // for each group, its part of counts by entry
	prior  float64
	body   bool // spans stand in the body alone
}

// nested is a span inside another one, in words from its start.
type nested struct {
	entry    int // the outer one
	from, to int
	label    corpus.LabelID
}

func newTable() *table {
	return &table{
		ids: map[string]uint32{}, trie: trie{next: map[step]uint32{}, ends: []int32{0}},
		inner: map[nested]int{}, group: map[string]int{}, body: true,
	}
}

// sorted are the documents in an order that does not depend on a map's.
func (z *Gazetteer) sorted() []*reading {
	out := make([]*reading, 0, len(z.documents))
	for _, id := range slices.Sorted(maps.Keys(z.documents)) {
		out = append(out, z.documents[id])
	}
	return out
}

// table counts the spans whose label is living. With groups it also keeps what
// each group adds.
func (z *Gazetteer) table(living func(corpus.LabelID) bool, byGroup bool) *table {
	t := newTable()
	documents := z.sorted()
	for _, r := range documents {
		if _, ok := t.group[r.group]; !ok && byGroup {
			t.group[r.group] = len(t.groups)
			t.groups = append(t.groups, map[int]*count{})
		}
	}

	entries := map[string]int{}
	part := func(r *reading, e int) *count {
		own := t.groups[t.group[r.group]]
		if own[e] == nil {
			own[e] = &count{}
		}
		return own[e]
	}
	for _, r := range documents {
		for _, s := range r.stretches {
			t.body = t.body && (s.body || len(s.spans) == 0)
			for _, m := range s.spans {
				if m.quote == "" || !living(m.label) {
					continue
				}
				e := t.entry(&z.vocabulary, entries, m.quote)
				t.counts[e].add(m.label, 1)
				if byGroup {
					part(r, e).add(m.label, 1)
				}
			}
		}
	}
	for _, quote := range slices.Sorted(maps.Keys(z.decided)) {
		t.entry(&z.vocabulary, entries, quote)
	}

	for _, r := range documents {
		for _, s := range r.stretches {
			if t.body && !s.body {
				continue
			}
			z.occurrences(t, s, func(e int) {
				t.counts[e].others++
				if byGroup {
					part(r, e).others++
				}
			})
			for _, outer := range s.spans {
				for _, m := range s.spans {
					if e, ok := entries[outer.quote]; ok && outer.contains(m.from, m.to) && m.to-m.from < outer.to-outer.from && living(m.label) {
						t.inner[nested{e, m.from - outer.from, m.to - outer.from, m.label}]++
					}
				}
			}
		}
	}
	t.prior = prior(t.counts)

	return t
}

// entry is the number of a string. Spellings of the same words share one.
func (t *table) entry(v *vocabulary, entries map[string]int, quote string) int {
	if e, ok := entries[quote]; ok {
		return e
	}

	ws := wordsOf(quote, 0)
	symbols := make([]symbol, len(ws))
	for i, w := range ws {
		id := v.add(folded(w.text))
		t.ids[folded(w.text)] = id
		symbols[i] = newSymbol(id, w.gap)
	}
	node := t.trie.node(symbols)
	if t.trie.ends[node] == 0 {
		t.quotes = append(t.quotes, quote)
		t.counts = append(t.counts, count{})
		t.strict = append(t.strict, strict(quote))
		t.trie.ends[node] = int32(len(t.quotes))
	}
	entries[quote] = int(t.trie.ends[node] - 1)

	return entries[quote]
}

// occurrences calls each for what would have been suggested wrongly: each place
// of a string that is no span nor inside one.
func (z *Gazetteer) occurrences(t *table, s stretch, each func(entry int)) {
	firsts := s.firsts
	for i, symbol := range s.symbols {
		miss := func(e, to int) {
			if !slices.ContainsFunc(s.spans, func(m mark) bool { return m.contains(i, to) }) {
				each(e)
			}
		}
		t.trie.walk(s.symbols, i, symbol, miss)
		if len(firsts) > 0 && int(firsts[0]) == i {
			firsts = firsts[1:]
			small := newSymbol(z.vocabulary.lower[uint32(symbol>>1)], false)
			t.trie.walk(s.symbols, i, small, func(e, to int) {
				if !t.strict[e] {
					miss(e, to)
				}
			})
		}
	}
}

// living tells the labels that are offered to people.
func living(labels corpus.LabelSet) func(corpus.LabelID) bool {
	return func(id corpus.LabelID) bool {
		l, ok := labels.ByID(id)
		return ok && !l.Retired
	}
}

// Entry is a string that people marked or decided.
type Entry struct {
	Quote   string
	Label   corpus.LabelID // the most frequent, or the decided; None where it is decided to be no span
	Spans   int            // with this string, of every label
	Others  int            // occurrences that are no span nor inside one
	P       float64        // that the next occurrence is a span with that label
	Shown   bool           // it is suggested
	Decided bool           // by a person

	strict bool
	inner  []within
}

// within is a span that stands inside those of an entry more often than not.
type within struct {
	from, to int // words of the outer one
	label    corpus.LabelID
	p        float64 // that it is there where the outer one is a span
}

// Build counts all gold and makes what looks for strings. Labels are the
// project's: spans of one that is retired are not suggested.
func (z *Gazetteer) Build(labels corpus.LabelSet) *Matcher {
	t := z.table(living(labels), false)
	m := t.matcher()
	for quote, label := range z.decided {
		e := &m.entries[t.entry(&z.vocabulary, map[string]int{}, quote)]
		e.Label, e.P, e.Shown, e.Decided = label, 1, living(labels)(label), true
	}

	return m
}

// matcher looks for the strings of a table.
func (t *table) matcher() *Matcher {
	m := &Matcher{ids: t.ids, trie: t.trie, body: t.body, entries: make([]Entry, len(t.quotes))}
	for e, quote := range t.quotes {
		c := t.counts[e]
		label, p := c.p(t.prior)
		m.entries[e] = Entry{Quote: quote, Label: label, Spans: c.spans, Others: c.others, P: p, Shown: p >= pays, strict: t.strict[e]}
	}
	for n, times := range t.inner {
		outer := &m.entries[n.entry]
		if p := float64(times) / float64(outer.Spans); p > 0.5 {
			outer.inner = append(outer.inner, within{n.from, n.to, n.label, p})
		}
	}
	for e := range m.entries {
		slices.SortFunc(m.entries[e].inner, func(a, b within) int {
			return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(a.label, b.label))
		})
	}

	return m
}

// Matcher looks for the strings of a gazetteer. It is safe for concurrent use.
type Matcher struct {
	ids     map[string]uint32
	trie    trie
	entries []Entry
	body    bool
}

// Entries are the strings, by quote.
func (m *Matcher) Entries() []Entry {
	return slices.SortedFunc(slices.Values(m.entries), func(a, b Entry) int { return cmp.Compare(a.Quote, b.Quote) })
}

// Suggest finds strings again, in order. Classes are those of the document's
// blocks as far as they are known, or nil: a boilerplate block is passed over
// where spans stand in the body alone. Where strings overlap the first and
// longest counts; one inside it is suggested where people marked it there.
func (m *Matcher) Suggest(d corpus.Document, classes []corpus.Class) []Suggestion {
	var out []Suggestion
	x := text.NewIndex(d.Text)
	for i, b := range d.Blocks {
		if m.body && i < len(classes) && classes[i] == corpus.Boilerplate {
			continue
		}
		ws := wordsOf(x.Slice(b.Range), b.Start)
		for _, f := range m.find(ws, func(e int) bool { return m.entries[e].Shown }) {
			out = m.suggest(out, x, ws, f)
		}
	}
	slices.SortFunc(out, inOrder)

	return out
}

func (m *Matcher) suggest(out []Suggestion, x *text.Index, ws []word, f found) []Suggestion {
	e := &m.entries[f.entry]
	add := func(from, to int, label corpus.LabelID, p float64) {
		r := corpus.Snap(x, text.Range{Start: ws[from].Start, End: ws[to-1].End})
		if r.Len() > 0 {
			out = append(out, Suggestion{Range: r, Label: label, P: p, Source: corpus.FromGazetteer})
		}
	}
	add(f.from, f.to, e.Label, e.P)
	for _, in := range e.inner {
		if p := e.P * in.p; p >= pays && f.from+in.to <= f.to {
			add(f.from+in.from, f.from+in.to, in.label, p)
		}
	}

	return out
}

// found is where an entry stands, in words.
type found struct{ entry, from, to int }

// find gives the entries that are wanted, the longest at the first place, and
// on from its end.
func (m *Matcher) find(ws []word, wanted func(entry int) bool) []found {
	symbols := make([]symbol, len(ws))
	for i, w := range ws {
		symbols[i] = newSymbol(m.ids[folded(w.text)], w.gap) // 0 is no word, and in no string
	}

	var out []found
	for i := 0; i < len(ws); i++ {
		best := found{to: i}
		take := func(e, to int) {
			if to > best.to && wanted(e) {
				best = found{e, i, to}
			}
		}
		m.trie.walk(symbols, i, symbols[i], take)
		if ws[i].first && capital(ws[i].text) {
			m.trie.walk(symbols, i, newSymbol(m.ids[lowered(folded(ws[i].text))], false), func(e, to int) {
				if !m.entries[e].strict {
					take(e, to)
				}
			})
		}
		if best.to > i {
			out = append(out, best)
			i = best.to - 1
		}
	}

	return out
}

// Places are all occurrences of a quote in the blocks of a document, in order,
// from word border to word border, in whatever composition its accents are and
// whatever white space parts its words. They do not overlap. There are none
// where the quote holds no word or mark.
func Places(d corpus.Document, quote string) []text.Range {
	want := wordsOf(quote, 0)
	if len(want) == 0 || !mayHold(d.Text, want[0].text) {
		return nil
	}

	var out []text.Range
	x := text.NewIndex(d.Text)
	for _, b := range d.Blocks {
		ws := wordsOf(x.Slice(b.Range), b.Start)
		for i := 0; i+len(want) <= len(ws); i++ {
			if same(ws[i:i+len(want)], want) {
				out = append(out, text.Range{Start: ws[i].Start, End: ws[i+len(want)-1].End})
				i += len(want) - 1
			}
		}
	}

	return out
}

// mayHold is false where a text cannot have the word, which is told faster than
// by cutting it.
func mayHold(s, word string) bool {
	return len(word) != plain(word) || strings.Contains(s, word) || strings.Contains(s, "\u00ad")
}

func same(have, want []word) bool {
	for i := range want {
		if folded(have[i].text) != folded(want[i].text) || i > 0 && have[i].gap != want[i].gap {
			return false
		}
	}
	return true
}
