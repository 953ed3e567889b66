package score

import "math"

// EditSimilarity is 1 − Levenshtein/longer length over code points, which
// WebMainBench calls text_edit: NaN where both texts are empty, and where they
// are too long by tooManyCells.
func EditSimilarity(gold, pred string) float64 {
	g, p := []rune(gold), []rune(pred)
	longer := max(len(g), len(p))
	d, ok := levenshtein(g, p)
	if longer == 0 || !ok {
		return math.NaN()
	}

	return 1 - float64(d)/float64(longer)
}

// levenshtein counts the insertions, deletions and replacements that lead from
// a to b, 64 cells a step (Myers 1999, in Hyyrö's form).
func levenshtein(a, b []rune) (int, bool) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return len(b), true
	}
	if len(a)*len(b) > tooManyCells {
		return 0, false
	}

	words := (len(a) + 63) / 64
	where := map[rune][]uint64{}
	for i, r := range a {
		if where[r] == nil {
			where[r] = make([]uint64, words)
		}
		where[r][i/64] |= 1 << (i % 64)
	}
	type vertical struct{ plus, minus uint64 }
	v := make([]vertical, words)
	for i := range v {
		v[i].plus = ^uint64(0)
	}
	none := make([]uint64, words)
	last := uint(len(a)-1) % 64

	d := len(a)
	for _, r := range b {
		match := where[r]
		if match == nil {
			match = none
		}
		plusIn, minusIn := uint64(1), uint64(0)
		for w := range v {
			vp, vn := v[w].plus, v[w].minus
			x := match[w] | minusIn
			d0 := (x&vp + vp ^ vp) | x | vn
			hp := vn | ^(d0 | vp)
			hn := d0 & vp
			if w == words-1 {
				d += int(hp>>last&1) - int(hn>>last&1)
			}
			plusOut, minusOut := hp>>63, hn>>63
			hp, hn = hp<<1|plusIn, hn<<1|minusIn
			plusIn, minusIn = plusOut, minusOut
			v[w] = vertical{hn | ^(d0 | hp), hp & d0}
		}
	}

	return d, true
}
