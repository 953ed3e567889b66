package release

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestAUnifiedDiffIsTheOneThatDiffGives(t *testing.T) {
	// By hand, and as diff -u prints it.
	a := "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"
	b := "one\ntwo\nthree\nfour\nFIVE\nsix\nseven\neight\nnine\nten\neleven"
	want := "--- a\n+++ b\n@@ -2,9 +2,10 @@\n two\n three\n four\n-five\n+FIVE\n six\n seven\n eight\n nine\n ten\n+eleven\n\\ No newline at end of file\n"
	if got := Unified("a", "b", a, b); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := Unified("a", "b", "", "x\n"); got != "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n" {
		t.Errorf("from nothing: %q", got)
	}
	if got := Unified("a", "b", a, a); got != "" {
		t.Errorf("of the same: %q", got)
	}
}

func TestEditsMakeOneTextOfTheOther(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() []string {
		out := make([]string, r.IntN(12))
		for i := range out {
			out[i] = string(rune('a' + r.IntN(4)))
		}
		return out
	}
	for range 2000 {
		a, b := draw(), draw()
		var was, is []string
		kept := 0
		for _, e := range editsOf(a, b) {
			if e.kind != '+' {
				was = append(was, e.line)
			}
			if e.kind != '-' {
				is = append(is, e.line)
			}
			if e.kind == ' ' {
				kept++
			}
		}
		if strings.Join(was, "") != strings.Join(a, "") || strings.Join(is, "") != strings.Join(b, "") {
			t.Fatalf("the edits from %v to %v give %v and %v", a, b, was, is)
		}
		if want := longest(a, b); kept != want {
			t.Fatalf("%v to %v keeps %d lines, %d could stay", a, b, kept, want)
		}
	}
}

// longest is the length of the longest common subsequence, by the definition.
func longest(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i := range a {
		for j := range b {
			table[i+1][j+1] = max(table[i][j+1], table[i+1][j])
			if a[i] == b[j] {
				table[i+1][j+1] = table[i][j] + 1
			}
		}
	}
	return table[len(a)][len(b)]
}
