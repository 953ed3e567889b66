package views

import (
	"math"
	"slices"
	"testing"

	"annotate/internal/attention"
)

// unremarkable is somebody about whom nothing is remarkable.
func unremarkable() attention.Signals {
	return attention.Signals{
		Documents: 10, Recorded: 10, Median: 30, Pace: 300, Seen: 1, OthersMedian: 31, OthersPace: 310,
		Body: .5, OthersBody: .5, Shared: 10, SharedBody: .5, TheirBody: .5, Pages: 10, OthersUniform: 0,
		Checks: 10, CheckRight: .95, Compared: 10, GoldF1: .95,
	}
}

func TestRemarksAreFacts(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*attention.Signals)
		want   []string
	}{
		{"nothing", func(*attention.Signals) {}, nil},
		{"quick", func(s *attention.Signals) { s.Median, s.Pace = 4, 40 }, []string{"median 4.0\u202fs a page, others 31\u202fs"}},
		{"nobody else to compare with", func(s *attention.Signals) { s.Pace, s.OthersPace = 4, math.NaN() }, nil},
		{"unseen", func(s *attention.Signals) { s.Seen = .2 }, []string{"saw 20\u202f% of the blocks"}},
		{"hasty", func(s *attention.Signals) { s.Hasty = 1 }, []string{"1 of 10 pages took less than a tenth of the usual time"}},
		{"all body", func(s *attention.Signals) { s.Uniform, s.UniformBody, s.UniformRun = 9, 9, 7 }, []string{"called everything body in 9 of 10 pages, 7 of them in a row"}},
		{"all boilerplate", func(s *attention.Signals) { s.Uniform, s.UniformRun = 9, 7 }, []string{"called everything boilerplate in 9 of 10 pages, 7 of them in a row"}},
		{"one answer, now this, now that", func(s *attention.Signals) { s.Uniform, s.UniformBody, s.UniformRun = 9, 4, 7 }, []string{"gave every block of a page the same class in 9 of 10 pages, 7 of them in a row"}},
		{"pages are like that", func(s *attention.Signals) { s.Uniform, s.UniformBody, s.OthersUniform = 9, 9, .8 }, nil},
		{"bias", func(s *attention.Signals) { s.SharedBody = .7 }, []string{"called 70\u202f% of the blocks body, others 50\u202f% on the same 10 documents"}},
		{"checks", func(s *attention.Signals) { s.CheckRight = .5 }, []string{"50\u202f% of the words right in 10 hidden checks"}},
		{"gold", func(s *attention.Signals) { s.GoldF1 = .5 }, []string{"word F1 0.500 against gold on 10 documents"}},
		{"unrecorded", func(s *attention.Signals) { s.Recorded = 2 }, []string{"no activity was recorded for 8 of 10 documents"}},
		{"too few to say", func(s *attention.Signals) {
			*s = attention.Signals{Documents: 4, Recorded: 4, Pace: 1, OthersPace: 300, Hasty: 4, Pages: 4, Uniform: 4, Shared: 4, SharedBody: 1, Checks: 4, Compared: 4}
		}, nil},
	} {
		s := unremarkable()
		c.change(&s)
		if got := Remarks(s); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}
