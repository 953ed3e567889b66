package blocks

import (
	"math"

	"annotate/internal/corpus"
)

// Sweeps is the least number of actions that turn the classes have into want,
// where one action gives a class to a run of neighbouring blocks, as a drag
// over a page does. A block that is Undecided in want costs nothing: any class
// will do, as for one that was split. The slices are parallel.
//
// A person who paints a run of n stretches of alternating class needs n/2+1
// actions, rounded down: the first gives one class to all, and each of the
// others makes at most two new edges. What is right already may be left or
// painted over, so the least cost of the first i blocks is that of the first
// i-1 where block i is right, or that of some first j and of painting all
// behind it (the string painter of HDU 2476, with two colours). Of the j only
// one number matters, so one pass finds the best.
func Sweeps(have, want []corpus.Class) int {
	cost, edge := 0, 0         // of the blocks so far, and how often want has changed its class
	best := math.MaxInt / 2    // least 2·cost-edge of a j, with the edges of the block behind it
	before := corpus.Undecided // want of the block before
	for i, w := range want {
		if w == corpus.Undecided {
			continue
		}
		if w != before && before != corpus.Undecided {
			edge++
		}
		before = w

		best = min(best, 2*cost-edge)
		painted := (best+edge+1)>>1 + 1
		if have[i] == w {
			painted = min(painted, cost)
		}
		cost = painted
	}

	return cost
}
