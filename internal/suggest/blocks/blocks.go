// Package blocks suggests which blocks of a document are body, from two things
// that a project has once some of its pages have gold: what a text was on other
// pages of its site, which is nearly always right and known for most blocks,
// and a model of all the gold, for the rest. Documents and their gold go in,
// a probability for each block comes out; it is never a decision, which only
// people make.
//
// Nothing here knows a data file, a screen, or a language: words are counted
// and hashed, never looked up.
package blocks

import (
	"math"
	"slices"
	"sort"

	"annotate/internal/corpus"
)

// Example is a document with the class of each of its blocks, Undecided for one
// of which nothing is known or whose parts have both.
type Example struct {
	Document corpus.Document
	Classes  []corpus.Class
}

// ExampleOf is what gold says of the blocks of its document. A block that was
// split has a class where all its pieces have the same.
func ExampleOf(g corpus.Gold) Example {
	e := Example{g.Document, make([]corpus.Class, len(g.Document.Blocks))}
	p := 0
	for i, b := range g.Document.Blocks {
		for p < len(g.Pieces) && g.Pieces[p].End <= b.Start {
			p++
		}
		if p == len(g.Pieces) {
			break
		}
		e.Classes[i] = g.Pieces[p].Class
		for q := p; q < len(g.Pieces) && g.Pieces[q].Start < b.End; q++ {
			if g.Pieces[q].Class != e.Classes[i] {
				e.Classes[i] = corpus.Undecided
			}
		}
	}

	return e
}

// Combine lets the memory of the site speak for the blocks that it knows, and
// the model for the others: the probabilities that blocks are body. The slices
// are parallel.
func Combine(memory []Memory, p []float64) []float64 {
	out := slices.Clone(p)
	for i, m := range memory {
		if m.Class != corpus.Undecided {
			out[i] = m.P
		}
	}
	return out
}

// Classes are the classes that go with probabilities of body. Body is what has
// at least half of the F1, weighted by length, that can be expected at best:
// the choice that makes the expected F1 highest (Lipton, Elkan and
// Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure",
// 2014). Where the model is sure this is everything above a half; where it is
// at a loss, the blocks that are most likely are body nevertheless.
func Classes(blocks []corpus.Block, p []float64) []corpus.Class { return decide(lengths(blocks), p) }

func lengths(blocks []corpus.Block) []int {
	out := make([]int, len(blocks))
	for i, b := range blocks {
		out[i] = b.Len()
	}
	return out
}

func decide(lengths []int, p []float64) []corpus.Class {
	order, all := make([]int, len(p)), 0.0
	for i := range p {
		order[i] = i
		all += p[i] * float64(lengths[i])
	}
	sort.SliceStable(order, func(i, j int) bool { return p[order[i]] > p[order[j]] })

	hit, said, best, cut := 0.0, 0.0, 0.0, math.Inf(1)
	for _, i := range order {
		n := float64(lengths[i])
		hit, said = hit+p[i]*n, said+n
		if f := 2 * hit / (said + all); f > best {
			best, cut = f, p[i]
		}
	}

	out := make([]corpus.Class, len(p))
	for i := range out {
		out[i] = corpus.Boilerplate
		if p[i] >= max(cut, worth) {
			out[i] = corpus.Body
		}
	}
	return out
}

// worth is the least probability of a block that is body: below it a page is
// taken for one that has none.
const worth = 0.1
