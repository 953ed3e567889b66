package split

import (
	"cmp"
	"math"
	"slices"
)

// Bounds of the search for short texts inside longer ones.
const (
	// asked is how many members of a text's sample are looked for in others: the
	// share that is found then has a standard error of at most 0.08 where it is
	// Inside.
	asked = 16

	// maxSharing is in how many texts a shingle may be asked about. What more of
	// them share is the frame of a site, a notice or a quotation; it tells no copy
	// from another page and would make every two pages of a site candidates.
	maxSharing = 16

	// leastFound is the share that another text must have of what is asked, which
	// is two standard errors below Inside. One shingle alone proves nothing.
	leastFound    = 0.7
	leastTogether = 2
)

// question is a member of a text's sample.
type question struct {
	hash  uint32
	entry int32
}

// inside adds the pairs of which one seems to hold the other, as far as their
// samples say: of the first members of the shorter one's, those left out that
// many texts share, the longer one's has most. Of texts that stand whole in one of
// 2 000 words, 85 in 100 are found where they have 30 words, 98 with 50, and all
// of 600 with 80. A text with fewer than two members that are its own is not
// looked for.
func inside(out []Candidate, entries []Entry) []Candidate {
	questions, of := ask(entries)
	starts := startsOf(questions)

	found := make([]uint8, len(entries))
	var some []int32
	for i := range entries {
		long := &entries[i]
		for _, h := range long.Sample {
			for _, q := range questions[starts[h>>prefixShift]:starts[h>>prefixShift+1]] {
				if q.hash != h || !mayHold(long, &entries[q.entry]) {
					continue
				}
				if found[q.entry]++; found[q.entry] == 1 {
					some = append(some, q.entry)
				}
			}
		}
		for _, short := range some {
			if n := int(found[short]); n >= leastTogether && float64(n) >= leastFound*float64(of[short]) && couldHold(long, &entries[short]) {
				out = append(out, Candidate{min(short, int32(i)), max(short, int32(i))})
			}
			found[short] = 0
		}
		some = some[:0]
	}

	return out
}

// mayHold reports whether two entries are to be compared, and the second can be
// inside the first.
func mayHold(long, short *Entry) bool {
	return long.Document != short.Document && (long.Fresh || short.Fresh) && long.Shingles >= short.Shingles
}

// couldHold reports whether the lowest members of two entries, too, allow one
// to hold the other, at the upper bound of the interval for their coefficient
// (Wilson, Probable inference, 1927) with three standard errors. What is alike
// as a whole is found without.
func couldHold(long, short *Entry) bool {
	like := long.Like(&short.Sketch)
	const n, z = permutations, 3.0
	most := (like + z*z/(2*n) + z*math.Sqrt(like*(1-like)/n+z*z/(4*n*n))) / (1 + z*z/n)

	return like < Alike && estimate(most, long.Shingles, short.Shingles).Containment >= Inside
}

// ask is what is asked about all entries, by hash, and how many questions each
// has.
func ask(entries []Entry) (questions []question, of []uint8) {
	for i := range entries {
		if e := &entries[i]; e.Shingles >= leastInside {
			for _, h := range e.Sample[:min(asked, len(e.Sample))] {
				questions = append(questions, question{h, int32(i)})
			}
		}
	}
	slices.SortFunc(questions, func(a, b question) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.entry, b.entry)) })

	kept, of := questions[:0], make([]uint8, len(entries))
	for len(questions) > 0 {
		n := 1
		for n < len(questions) && questions[n].hash == questions[0].hash {
			n++
		}
		if n <= maxSharing {
			for _, q := range questions[:n] {
				of[q.entry]++
			}
			kept = append(kept, questions[:n]...)
		}
		questions = questions[n:]
	}

	return kept, of
}

// prefixShift leaves the first bits of a hash, by which questions are found.
const prefixShift = 32 - 18

// startsOf is where the questions with each prefix begin, and where all end.
func startsOf(questions []question) []int32 {
	starts := make([]int32, 1<<(32-prefixShift)+1)
	at := 0
	for prefix := range starts {
		for at < len(questions) && int(questions[at].hash>>prefixShift) < prefix {
			at++
		}
		starts[prefix] = int32(at)
	}

	return starts
}
