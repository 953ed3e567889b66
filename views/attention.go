package views

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"annotate/internal/attention"
	"annotate/internal/corpus"
)

// Attention is how the people of a project went about their documents.
type Attention struct {
	Page    Page
	Project corpus.Project
	People  []attention.Signals // by name
	Names   map[corpus.AnnotatorID]string
}

// From when on something is said to be remarkable. Each stands in the page's
// explanation too.
const (
	fewDocuments = 5      // with fewer nothing is said
	quickPart    = 1. / 3 // of the others' time for as many words
	seenLeast    = 0.5    // of the blocks
	hastyMost    = 0.1    // of the documents
	uniformMost  = 0.5    // of the pages, and twice as many as the others
	biasMost     = 0.15   // between the shares of body
	rightLeast   = 0.8    // of words, in hidden checks and against gold
)

// Remarks are what is remarkable about a person's figures, as facts: each says
// what was counted and what it is measured by. None where there are too few
// documents to say.
func Remarks(s attention.Signals) (out []string) {
	say := func(that bool, format string, args ...any) {
		if that {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	enough := s.Recorded >= fewDocuments

	say(s.Documents >= fewDocuments && 2*s.Recorded < s.Documents, "no activity was recorded for %d of %d documents", s.Documents-s.Recorded, s.Documents)
	say(enough && s.Pace < quickPart*s.OthersPace, "median %s a page, others %s", seconds(s.Median), seconds(s.OthersMedian))
	say(enough && s.Seen < seenLeast, "saw %s of the blocks", portion(s.Seen))
	say(enough && float64(s.Hasty) >= hastyMost*float64(s.Recorded), "%d of %d pages took less than a tenth of the usual time", s.Hasty, s.Recorded)
	say(s.Pages >= fewDocuments && uniformly(s), "%s", uniformWords(s))
	say(s.Shared >= fewDocuments && math.Abs(s.SharedBody-s.TheirBody) >= biasMost, "called %s of the blocks body, others %s on the same %d documents", portion(s.SharedBody), portion(s.TheirBody), s.Shared)
	say(s.Checks >= fewDocuments && s.CheckRight < rightLeast, "%s of the words right in %d hidden checks", portion(s.CheckRight), s.Checks)
	say(s.Compared >= fewDocuments && s.GoldF1 < rightLeast, "word F1 %s against gold on %d documents", figure(s.GoldF1), s.Compared)

	return out
}

// uniformly reports whether one answer to a whole page is this person's way and
// not the pages'.
func uniformly(s attention.Signals) bool {
	share := float64(s.Uniform) / float64(s.Pages)

	return share >= uniformMost && !(share < 2*s.OthersUniform)
}

func uniformWords(s attention.Signals) string {
	what := "gave every block of a page the same class"
	switch s.UniformBody {
	case s.Uniform:
		what = "called everything body"
	case 0:
		what = "called everything boilerplate"
	}

	return fmt.Sprintf("%s in %d of %d pages, %d of them in a row", what, s.Uniform, s.Pages, s.UniformRun)
}

// seconds writes a number of seconds for people; "–" for NaN.
func seconds(s float64) string {
	switch {
	case math.IsNaN(s):
		return "–"
	case s < 9.95:
		return strconv.FormatFloat(s, 'f', 1, 64) + "\u202fs"
	case s < 119.5:
		return strconv.Itoa(int(math.Round(s))) + "\u202fs"
	}

	return strconv.Itoa(int(math.Round(s/60))) + "\u202fmin"
}

// hours writes a long time for people.
func hours(d time.Duration) string {
	if d < time.Hour {
		return strconv.Itoa(int(d.Minutes())) + "\u202fmin"
	}

	return fmt.Sprintf("%d\u202fh %02d\u202fmin", int(d.Hours()), int(d.Minutes())%60)
}

// portion writes a share of 1 in per cent, never 100 % for less than all; "–"
// for NaN.
func portion(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}

	return strconv.Itoa(int(math.Floor(100*share+1e-9))) + "\u202f%"
}

// rate writes documents an hour; "–" for NaN.
func rate(f float64) string {
	if math.IsNaN(f) {
		return "–"
	}
	if f < 10 {
		return strconv.FormatFloat(f, 'f', 1, 64)
	}

	return number(int(math.Round(f)))
}
