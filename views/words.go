// Package views turns values into pages. It asks nothing of the database and
// of the web framework, and calls nothing that can fail: a page is a struct
// and a component. An exported component is a response that a handler may
// send; a lower-case one is a part of a page.
package views

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"annotate/internal/corpus"
)

// number writes n with a narrow no-break space between thousands.
func number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}

	var b strings.Builder
	b.WriteString(sign)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}

	return b.String()
}

// count is a number and its noun: "1 document", "1 200 documents".
func count(n int, noun string) string {
	return number(n) + " " + plural(n, noun)
}

// Count is count, for the few sentences that handlers make.
func Count(n int, noun string) string { return count(n, noun) }

// plural is the noun as it stands behind n.
func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// percent is part of whole, rounded down so that 100 % means all; "–" of
// nothing.
func percent(part, whole int) string {
	if whole <= 0 {
		return "–"
	}
	return strconv.Itoa(100*part/whole) + "\u202f%"
}

// megabytes writes a number of bytes for people.
func megabytes(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 1000*1000:
		return strconv.FormatInt(n/1000, 10) + " kB"
	case n < 1000*1000*1000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', 2, 64) + " GB"
}

// ago says how long before now t was, in the largest unit that fits; beyond a
// month it says the date.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min ago"
	case d < 24*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h ago"
	case d < 48*time.Hour:
		return "yesterday"
	case d < 30*24*time.Hour:
		return strconv.Itoa(int(d/(24*time.Hour))) + " days ago"
	}
	return t.UTC().Format("2 Jan 2006")
}

// stateWord is a document's state in the words of the screen.
func stateWord(s corpus.State) string {
	switch s {
	case corpus.New:
		return "untouched"
	case corpus.Labelled:
		return "partly labelled"
	case corpus.Review:
		return "needs review"
	}
	return string(s)
}

// stateCount is so many documents in a state: "17 need review".
func stateCount(n int, s corpus.State) string {
	word := stateWord(s)
	if s == corpus.Review && n != 1 {
		word = "need review"
	}

	return number(n) + " " + word
}

// tally writes the counts as one line, in the order of corpus.States: "412
// gold · 17 flagged"; what is zero is left out, superseded and removed too.
func tally(c corpus.Counts) string {
	var parts []string
	for _, s := range progress {
		if c[s] > 0 {
			parts = append(parts, stateCount(c[s], s))
		}
	}
	return strings.Join(parts, " · ")
}

// progress is the order of states from done to untouched, as the bar shows it.
var progress = []corpus.State{corpus.Golden, corpus.Review, corpus.Labelled, corpus.Flagged, corpus.Skipped, corpus.Begun, corpus.New}

// seenBy are the counts as a person may see them: who labels is not told which
// documents others label too.
func seenBy(who corpus.Annotator, c corpus.Counts) corpus.Counts {
	if who.Role.Includes(corpus.Adjudicator) {
		return c
	}
	out := maps.Clone(c)
	out[corpus.Begun] += out[corpus.Labelled] + out[corpus.Review]
	delete(out, corpus.Labelled)
	delete(out, corpus.Review)

	return out
}

// roughly is a duration as one says it.
func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "a minute"
	case d < 90*time.Minute:
		return number(int(d.Minutes()+.5)) + " min"
	}
	return number(int(d.Hours()+.5)) + " h"
}

// bar is one part of a progress bar, in per cent of its width.
type bar struct {
	State    corpus.State
	X, Width string
}

// bars cuts the width of a progress bar by the counts; states without a
// document have no part.
func bars(c corpus.Counts) []bar {
	total := c.Total()
	var out []bar
	done := 0
	for _, s := range progress {
		if c[s] == 0 {
			continue
		}
		out = append(out, bar{State: s, X: share(done, total), Width: share(c[s], total)})
		done += c[s]
	}
	return out
}

func share(part, whole int) string {
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 3, 64) + "%"
}

// run is a piece of a search's snippet.
type run struct {
	Text string
	Hit  bool
}

// runs cuts a snippet at the marks U+0002 and U+0003 that stand around hits.
// Marks without a partner are dropped.
func runs(snippet string) []run {
	var out []run
	add := func(s string, hit bool) {
		s = strings.NewReplacer("\x02", "", "\x03", "").Replace(s)
		if s != "" {
			out = append(out, run{s, hit})
		}
	}
	for {
		before, rest, ok := strings.Cut(snippet, "\x02")
		if !ok {
			add(snippet, false)
			return out
		}
		hit, after, ok := strings.Cut(rest, "\x03")
		if !ok {
			add(before+rest, false)
			return out
		}
		add(before, false)
		add(hit, true)
		snippet = after
	}
}

// sentence makes one of a reason: a capital in front, a full stop behind.
func sentence(reason string) string {
	if reason == "" {
		return ""
	}
	r := []rune(reason)
	s := strings.ToUpper(string(r[:1])) + string(r[1:])
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}
