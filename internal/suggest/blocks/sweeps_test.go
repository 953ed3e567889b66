package blocks

import (
	"strings"
	"testing"

	"annotate/internal/corpus"
)

func classes(s string) []corpus.Class {
	out := make([]corpus.Class, len(s))
	for i, c := range s {
		out[i] = map[rune]corpus.Class{'b': corpus.Body, 'x': corpus.Boilerplate, '.': corpus.Undecided}[c]
	}
	return out
}

// painted is the distance of every string from have, by breadth first search
// over all sweeps.
func painted(have string) map[string]int {
	dist, queue := map[string]int{have: 0}, []string{have}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for from := range s {
			for to := from + 1; to <= len(s); to++ {
				for _, c := range []string{"b", "x"} {
					next := s[:from] + strings.Repeat(c, to-from) + s[to:]
					if _, ok := dist[next]; !ok {
						dist[next] = dist[s] + 1
						queue = append(queue, next)
					}
				}
			}
		}
	}
	return dist
}

// every string of n of the letters.
func every(letters string, n int) []string {
	if n == 0 {
		return []string{""}
	}
	var out []string
	for _, s := range every(letters, n-1) {
		for _, c := range letters {
			out = append(out, s+string(c))
		}
	}
	return out
}

func TestSweepsAreTheFewestThatAnySearchFinds(t *testing.T) {
	for n := range 7 {
		for _, have := range every(".bx", n) {
			dist := painted(have)
			for _, want := range every("bx", n) {
				if got := Sweeps(classes(have), classes(want)); got != dist[want] {
					t.Fatalf("%q to %q takes %d sweeps, not %d", have, want, dist[want], got)
				}
			}
		}
	}
}

func TestWhatNobodyWantsCostsNothing(t *testing.T) {
	for _, c := range []struct {
		have, want string
		n          int
	}{
		{"....", "....", 0},
		{"xbxb", "....", 0},
		{".....", "b.b.b", 1},
		{"xxxxx", "b.x.b", 2},
		{"........", "xxbbbbxx", 2},
		{"xxxxxxxx", "xxbbbbxx", 1},
	} {
		if got := Sweeps(classes(c.have), classes(c.want)); got != c.n {
			t.Errorf("%q to %q: %d sweeps, want %d", c.have, c.want, got, c.n)
		}
	}
}

func BenchmarkSweepsOf10000Blocks(b *testing.B) {
	have, want := classes(strings.Repeat("xb.bx", 2000)), classes(strings.Repeat("bxbbx", 2000))
	for b.Loop() {
		Sweeps(have, want)
	}
}
