package blocks

import "math/bits"

// headline finds where a document says its title again, as most articles do
// just before they begin: of the blocks that are nearly as like the subject as
// the one that is most, the one with most prose close behind it; -1 where none
// is like it. prose are the words of prose up to each block.
func headline(ls []look, prose []int) int {
	const (
		alike  = 0.4 // the least Dice coefficient of a block and the subject, by words
		nearly = 0.7 // of the highest
		long   = 30  // words from which a block is no title
		reach  = 8   // blocks behind it
	)
	all := uint32(0)
	for i := range ls {
		all |= ls[i].on
	}
	subject, highest := bits.OnesCount32(all), 0.0
	dice := make([]float64, len(ls))
	for i := 1; i < len(ls); i++ { // the first is the subject
		if on := bits.OnesCount32(ls[i].on); on > 1 && ls[i].words <= long {
			dice[i] = 2 * float64(on) / float64(ls[i].words+subject)
			highest = max(highest, dice[i])
		}
	}
	if highest < alike {
		return -1
	}

	at, most := -1, 0
	for i, d := range dice {
		words := prose[min(len(ls), i+1+reach)] - prose[i+1]
		if d >= nearly*highest && (at < 0 || words > most) {
			at, most = i, words
		}
	}

	return at
}

// since is what came between the headline and a block. Comments are prose as
// the article is, but they come after it, with a name and a date before each.
type since struct {
	blocks uint64
	prose  uint64 // words of it
	gap    uint64 // the longest row of blocks that are no prose, once there was some
	dates  uint64 // short blocks with a time or a year, once there was prose
	again  uint64 // short blocks that the document has more than twice, once there was prose
}

// What stands in since where there is nothing to count.
const (
	noHeadline   = 200
	upwards      = 100 // of the headline
	noProseSoFar = 101
)

func sinceHeadline(ls []look, prose []int, out []around) {
	head, began := headline(ls, prose), false
	gap, longest, dates, again := 0, 0, 0, 0
	for i := range ls {
		s, l := &out[i].since, &ls[i]
		switch {
		case head < 0:
			*s = since{noHeadline, noHeadline, noHeadline, noHeadline, noHeadline}
			continue
		case i < head:
			*s = since{upwards + bucket(head-i)/2, upwards, upwards, upwards, upwards}
			continue
		}

		*s = since{bucket(i - head), bucket(prose[i]-prose[head]) / 2, noProseSoFar, noProseSoFar, noProseSoFar}
		if began {
			s.gap, s.dates, s.again = bucket(longest), bucket(dates), bucket(again)
		}
		switch {
		case l.prose():
			began, gap = true, 0
		case began:
			gap++
			longest = max(longest, gap)
			if l.words < 12 {
				dates += int(flag(l.clock || l.year))
				again += int(flag(l.again > 2))
			}
		}
	}
}
