package blocks

import (
	"math/bits"

	"annotate/internal/corpus"
	"annotate/internal/suggest/crf"
)

// width is how many features a model has. They are hashed into it: what shares
// a number by chance costs less than a dictionary would.
const width = 1 << 16

// features are those of each block of a document, in order. site may be nil.
func features(d corpus.Document, site *Site) [][]crf.Feature {
	ls := looks(d)
	f := folder{ls: ls, out: make([]crf.Feature, 0, 100*len(ls))}
	if site != nil {
		f.known = site.known(d.ID)
		for i := range ls {
			ls[i].elsewhere = site.others(ls[i].key, d.ID)
		}
	}
	f.around = surroundings(ls)

	items, ends := make([][]crf.Feature, len(ls)), make([]int, len(ls)+1)
	for i := range ls {
		f.block(i)
		ends[i+1] = len(f.out)
	}
	for i := range items {
		items[i] = f.out[ends[i]:ends[i+1]:ends[i+1]]
	}

	return items
}

// folder collects features. What is added first in a section is of one kind in
// every block, what is added next of another.
type folder struct {
	ls     []look
	around []around
	known  int // other pages of the site
	kind   uint64
	out    []crf.Feature
}

// The sections of features.
const (
	ofText uint64 = iota
	ofWords
	ofMarkup
	ofNeighbours
	ofPlace
	ofSubject
	ofSite
	ofHeadline
)

func (f *folder) section(s uint64) { f.kind = s << 8 }

func (f *folder) add(value uint64) {
	f.kind++
	f.out = append(f.out, crf.Feature(mix(mix(f.kind)^value)%width))
}

// pair is one value of two or three small ones.
func pair(values ...uint64) uint64 {
	out := uint64(0)
	for _, v := range values {
		out = out<<21 | v
	}
	return out
}

// at is block i, or nothing outside the document.
func (f *folder) at(i int) *look {
	if i < 0 || i >= len(f.ls) {
		return &beyond
	}
	return &f.ls[i]
}

var beyond = look{words: -1}

func (f *folder) block(i int) {
	l, a := &f.ls[i], &f.around[i]
	f.text(l)
	f.words(l)
	if len(l.elements) > 0 {
		f.markup(l)
	}
	f.neighbours(i)
	f.place(i, l, a)
	f.subject(l, a)
	f.headline(l, a)
	if f.known > 0 {
		f.repeats(l, a)
	}
}

func (f *folder) text(l *look) {
	f.section(ofText)
	f.add(0)
	f.add(l.size())
	f.add(bucket(l.letters) / 2)
	f.add(uint64(l.ends))
	f.add(uint64(l.begins))
	f.add(share(l.capital, l.words))
	f.add(share(l.short, l.words))
	f.add(share(l.digits, l.letters+l.digits))
	f.add(bucket(l.commas))
	f.add(bucket(l.stops))
	f.add(bucket(l.bars))
	f.add(uint64(l.script))
	f.add(uint64(min(l.again, 4)))
	f.add(flag(l.dash) | flag(l.clock)<<1 | flag(l.year)<<2 | flag(l.address)<<3 | flag(l.money)<<4 | flag(l.rights)<<5)
	f.add(l.gist())
	f.add(pair(l.size(), share(l.capital, l.words)))
	f.add(pair(l.size(), share(l.short, l.words)))
	f.add(pair(l.size(), uint64(l.ends), uint64(l.begins)))
	f.add(pair(flag(l.sentence()), share(l.short, l.words)))
}

func (f *folder) words(l *look) {
	f.section(ofWords)
	f.add(l.first)
	f.add(l.last)
	if l.words > most {
		return
	}
	f.add(l.key)
	kind := f.kind
	for _, h := range l.hashes {
		f.kind = kind
		f.add(h)
	}
}

func (f *folder) markup(l *look) {
	f.section(ofMarkup)
	f.add(uint64(l.place))
	f.add(uint64(l.linked))
	f.add(uint64(l.heading))
	f.add(flag(l.hidden))
	f.add(pair(uint64(l.place), uint64(l.linked), l.size()))
	f.add(l.elements[0] ^ l.size())
	for _, path := range l.elements {
		f.add(path)
	}
}

func (f *folder) neighbours(i int) {
	f.section(ofNeighbours)
	l, before, after := f.at(i), f.at(i-1), f.at(i+1)
	for _, step := range []int{-3, -2, -1, 1, 2, 3} {
		o := f.at(i + step)
		f.add(o.gist())
		f.add(o.size())
	}
	f.add(pair(before.gist(), l.gist()))
	f.add(pair(after.gist(), l.gist()))
	f.add(pair(before.size(), l.size(), after.size()))
	f.add(before.first)
	f.add(after.first)
	f.add(before.last)
	f.add(after.last)
	f.add(f.at(i - 2).last)
	f.add(before.key)
	f.add(after.key)
}

func (f *folder) place(i int, l *look, a *around) {
	f.section(ofPlace)
	run := uint64(a.region)
	f.add(uint64(min(i, 9)))
	f.add(uint64(min(len(f.ls)-1-i, 9)))
	f.add(a.near)
	f.add(pair(run, a.near))
	f.add(run)
	f.add(pair(run, l.gist()))
	f.add(pair(run, a.back, a.ahead))
	f.add(pair(run, a.passed))
	f.add(pair(run, l.size()))
	f.add(pair(run, uint64(l.ends), uint64(l.begins)))
	f.add(a.dates)
	f.add(pair(a.dates, l.gist()))
}

func (f *folder) subject(l *look, a *around) {
	f.section(ofSubject)
	on, run := uint64(min(3, bits.OnesCount32(l.on))), uint64(a.region)
	f.add(on)
	f.add(pair(on, run))
	f.add(pair(on, flag(l.prose())))
	f.add(pair(on, uint64(min(2, l.heading)), share(bits.OnesCount32(l.on), l.words)))
	f.add(a.subject)
	f.add(pair(a.subject, l.gist()))
	f.add(pair(a.subject, run))
	f.add(pair(a.chief, flag(l.prose())))
	f.add(pair(a.chief, l.gist()))
}

func (f *folder) headline(l *look, a *around) {
	f.section(ofHeadline)
	s, run, prose := &a.since, uint64(a.region), flag(l.prose())
	f.add(s.blocks)
	f.add(pair(s.blocks, l.size()))
	f.add(pair(s.blocks, run))
	f.add(pair(s.blocks, l.gist()))
	f.add(s.prose)
	f.add(pair(s.prose, l.gist()))
	f.add(pair(s.gap, prose))
	f.add(pair(s.gap, l.gist()))
	f.add(pair(s.gap, run))
	f.add(s.dates)
	f.add(pair(s.dates, l.gist()))
	f.add(pair(s.dates, s.prose))
	f.add(pair(s.again, prose))
	f.add(pair(s.again, l.gist()))
	f.add(pair(s.dates, s.again, s.gap))
}

func (f *folder) repeats(l *look, a *around) {
	f.section(ofSite)
	n := l.elsewhere
	f.add(bucket(min(n, 16)))
	f.add(pair(flag(n > 0), l.size()))
	f.add(pair(flag(n > 0), uint64(a.region)))
	f.add(pair(flag(n > 0), l.gist()))
	f.add(share(n, f.known))
	f.add(a.fresh)
	f.add(pair(a.fresh, flag(n > 0), uint64(a.region)))
	f.add(pair(a.fresh, flag(n > 0), l.size()))
	f.add(pair(a.before, a.after, flag(n > 0)))
	f.add(pair(a.before, a.after, l.gist()))
	f.add(a.stretch)
	f.add(pair(a.stretch, a.longest))
	f.add(pair(a.longest, uint64(a.region)))
	f.add(pair(a.longest, flag(n > 0), l.gist()))
}

// gist is a block in few words, for its neighbours and for pairs.
func (l *look) gist() uint64 {
	if l.words < 0 {
		return 1 << 20
	}
	return bucket(l.words)/2<<8 | uint64(l.ends)<<2 | flag(l.prose())<<1 | flag(l.again > 1 || l.elsewhere > 0)
}

func (l *look) size() uint64 {
	if l.words < 0 {
		return 99
	}
	return bucket(l.words)
}

// share is a quotient in fifths, and apart where there is none.
func share(part, of int) uint64 {
	if of == 0 {
		return 7
	}
	return uint64(5 * part / of)
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// region is where a block stands in its document: before, in or behind the
// run of blocks that looks most like an article.
type region uint8

const (
	above region = iota
	within
	below
	regions = 3
)

func regionOf(i, from, to int) region {
	switch {
	case i < from:
		return above
	case i < to:
		return within
	}
	return below
}

// around is what a block stands among.
type around struct {
	region  region
	near    uint64 // words of prose nearby
	passed  uint64 // tenth of the document's prose that stands before
	back    uint64 // how far prose is, backwards
	ahead   uint64 // and forwards
	subject uint64 // words of the subject nearby
	chief   uint64 // how often they are mentioned nearby, in quarters of the most
	fresh   uint64 // share of the blocks nearby that stand on no other page
	before  uint64 // how many of the three before stand on no other
	after   uint64 // and of the three behind
	stretch uint64 // how many blocks in a row stand on no other, this among them
	longest uint64 // whether no other such row has more words
	dates   uint64 // short blocks with a time or a year nearby
	since   since
}

func surroundings(ls []look) []around {
	out, n := make([]around, len(ls)), len(ls)
	from, to := run(ls)
	prose := make([]int, n+1) // words of it so far
	for i := range ls {
		out[i].region = regionOf(i, from, to)
		prose[i+1] = prose[i]
		if ls[i].prose() {
			prose[i+1] += ls[i].words
		}
	}

	fresh := make([]int, n+1) // blocks so far that stand on no other page
	for i := range ls {
		fresh[i+1] = fresh[i]
		if ls[i].elsewhere == 0 {
			fresh[i+1]++
		}
	}

	top, mentions := 0, make([]int, n)
	for i := range ls {
		a := &out[i]
		a.near = bucket(prose[min(n, i+4)]-prose[max(0, i-3)]) / 2
		a.passed = 11
		if prose[n] > 0 {
			a.passed = uint64(10 * prose[i] / prose[n])
		}
		a.fresh = share(fresh[min(n, i+4)]-fresh[max(0, i-3)], min(n, i+4)-max(0, i-3))
		a.before = uint64(fresh[i] - fresh[max(0, i-3)])
		a.after = uint64(fresh[min(n, i+4)] - fresh[i+1])
		on, dates := uint32(0), 0
		for j := max(0, i-4); j < min(n, i+5); j++ {
			if ls[j].words >= 8 {
				on |= ls[j].on
				mentions[i] += ls[j].mentions
			}
			if ls[j].clock || ls[j].year && ls[j].words < 12 {
				dates++
			}
		}
		a.subject, a.dates = bucket(bits.OnesCount32(on)), bucket(dates)
		top = max(top, mentions[i])
	}
	for i := range ls {
		out[i].chief = 9
		if top > 0 {
			out[i].chief = uint64(4 * mentions[i] / top)
		}
	}
	sinceHeadline(ls, prose, out)
	distances(ls, out)
	stretches(ls, out)

	return out
}

// stretches are the runs of blocks that stand on no other page of the site. One
// that does is passed over: a share line may stand in the midst of an article.
func stretches(ls []look, out []around) {
	most, best := 0, -1
	for from := 0; from < len(ls); {
		to, words := from, 0
		for to < len(ls) && (ls[to].elsewhere == 0 || to+1 < len(ls) && ls[to+1].elsewhere == 0) {
			words += ls[to].words
			to++
		}
		for i := from; i < to; i++ {
			out[i].stretch = bucket(to - from)
		}
		if words > most {
			most, best = words, from
		}
		from = max(to, from+1)
	}
	for i := max(best, 0); best >= 0 && i < len(ls) && out[i].stretch > 0; i++ {
		out[i].longest = 1
	}
}

// distances are those to the nearest prose.
func distances(ls []look, out []around) {
	const none = 99
	far := none
	for i := range ls {
		out[i].back = bucket(far)
		if far++; ls[i].prose() {
			far = 0
		}
	}
	far = none
	for i := len(ls) - 1; i >= 0; i-- {
		out[i].ahead = bucket(far)
		if far++; ls[i].prose() {
			far = 0
		}
	}
}

// run is the stretch with most prose and least of the rest (Pasternack and
// Roth, "Extracting article text from the web with maximum subsequence
// segmentation", WWW 2009); empty where there is no prose.
func run(ls []look) (from, to int) {
	best, sum, start := 0, 0, 0
	for i := range ls {
		l := &ls[i]
		points := -10 + min(l.words, 30)/5
		switch {
		case l.dash, l.hidden, l.place == inMenu, l.linked > 5:
			points = -20
		case l.prose() && l.again == 1 && l.elsewhere == 0:
			points = min(l.words, 30)
		case l.elsewhere > 0:
		case l.sentence(), l.words >= 20:
			points = min(l.words, 30) / 2
		}
		if sum <= 0 {
			sum, start = 0, i
		}
		if sum += points; sum > best {
			best, from, to = sum, start, i+1
		}
	}

	return from, to
}
