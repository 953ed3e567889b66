package score

import (
	"regexp"
	"slices"
)

// CleanEval counts as cleaneval.py (Evert 2008) does: texts are bytes, a line
// that begins with URL goes, control characters become spaces, the marks <p>,
// <h> and <l> are words, and so is the empty string that a space at either end
// leaves. Words are aligned by Python's difflib, which is no longest common
// subsequence. It is false where the texts are too long, by tooManyPlaces.
func CleanEval(gold, pred string) (Counts, bool) {
	return Difflib(evertWords(gold), evertWords(pred))
}

var (
	evertURL     = regexp.MustCompile(`(?m)^[ \t\n\r\f\v]*URL.*$`)
	evertControl = regexp.MustCompile(`[\x00-\x1f]+`)
	evertMark    = regexp.MustCompile(`(?i)<[phl]>`)
	evertSpace   = regexp.MustCompile(`[ \t\n\r\f\v]+`)
)

func evertWords(s string) Tokens {
	s = evertURL.ReplaceAllString(s, "")
	s = evertControl.ReplaceAllString(s, " ")
	s = evertMark.ReplaceAllString(s, "\n$0 ")

	return evertSpace.Split(s, -1)
}

// Difflib counts the elements that Python's difflib.SequenceMatcher(None, pred,
// gold) calls equal, with its automatic junk: in a gold of 200 or more, what
// makes up more than one per cent begins no match. It is false where the texts
// are too long, by tooManyPlaces.
func Difflib(gold, pred Tokens) (Counts, bool) {
	x := Lexicon{}
	a, b := x.IDs(pred), x.IDs(gold)
	where := make([][]int32, len(x))
	for j, t := range b {
		where[t] = append(where[t], int32(j))
	}
	if n := len(b); n >= 200 {
		for t, js := range where {
			if len(js) > n/100+1 {
				where[t] = nil
			}
		}
	}
	type rectangle struct{ alo, ahi, blo, bhi int }
	lens, next := make([]int32, len(b)+1), make([]int32, len(b)+1)
	matched, work := 0, 0
	for todo := []rectangle{{0, len(a), 0, len(b)}}; len(todo) > 0; {
		r := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if r.alo >= r.ahi || r.blo >= r.bhi {
			continue
		}

		// the longest run, the earliest of them on side a, then on side b
		bi, bj, size := r.alo, r.blo, 0
		var last []int32
		for i := r.alo; i < r.ahi; i++ {
			js := where[a[i]]
			from, _ := slices.BinarySearch(js, int32(r.blo))
			to, _ := slices.BinarySearch(js, int32(r.bhi))
			js = js[from:to]
			if work += len(js) + 1; work > tooManyPlaces {
				return Counts{}, false
			}
			for _, j := range js {
				k := lens[j] + 1
				next[j+1] = k
				if int(k) > size {
					bi, bj, size = i-int(k)+1, int(j-k)+1, int(k)
				}
			}
			for _, j := range last {
				lens[j+1] = 0
			}
			lens, next = next, lens
			last = js
		}
		for _, j := range last {
			lens[j+1] = 0
		}
		for bi > r.alo && bj > r.blo && a[bi-1] == b[bj-1] {
			bi, bj, size = bi-1, bj-1, size+1
		}
		for bi+size < r.ahi && bj+size < r.bhi && a[bi+size] == b[bj+size] {
			size++
		}
		if size > 0 {
			matched += size
			todo = append(todo, rectangle{r.alo, bi, r.blo, bj}, rectangle{bi + size, r.ahi, bj + size, r.bhi})
		}
	}

	return lengths(matched, len(b), len(a)), true
}
