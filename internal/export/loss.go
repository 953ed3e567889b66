package export

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"annotate/internal/corpus"
)

// Loss is something of a document that a format cannot say.
type Loss struct {
	Document corpus.DocumentID `json:"-"`
	Key      string            `json:"document"` // of the document
	Kind     string            `json:"kind"`     // one of lossWords
	Detail   string            `json:"detail"`   // what it is, for people
}

// The kinds of losses.
const (
	LossOverlap     = "overlap"       // of spans
	LossTokens      = "across tokens" // a span that begins or ends inside a token
	LossBoilerplate = "boilerplate"   // a span outside the body
	LossSplitBlock  = "split block"   // parts of a block with different classes
	LossCharacter   = "character"     // that the format does not have
	LossReason      = "reason"        // of a class
	LossLabel       = "label"         // a name that the format cannot carry
	LossLines       = "across lines"  // a span over a line break
	LossSource      = "source"        // a page without its HTML
	LossEmpty       = "no body"       // a document that has no file, because nothing of it is body
)

// lossWords say of one, and of several, what is lost.
var lossWords = map[string][2]string{
	LossOverlap:     {"span overlaps another", "spans overlap others"},
	LossTokens:      {"span begins or ends inside a token", "spans begin or end inside a token"},
	LossBoilerplate: {"span stands in boilerplate", "spans stand in boilerplate"},
	LossSplitBlock:  {"block is split", "blocks are split"},
	LossCharacter:   {"character is not allowed", "characters are not allowed"},
	LossReason:      {"reason has no place", "reasons have no place"},
	LossLabel:       {"label has a name that is not allowed", "labels have names that are not allowed"},
	LossLines:       {"span goes over a line break", "spans go over line breaks"},
	LossSource:      {"document has no HTML", "documents have no HTML"},
	LossEmpty:       {"document has no body", "documents have no body"},
}

// LossWords say in a few words what n losses of a kind are: "3 spans overlap
// others".
func LossWords(kind string, n int) string {
	if n == 1 {
		return "1 " + lossWords[kind][0]
	}
	return fmt.Sprintf("%d %s", n, lossWords[kind][1])
}

// listedDocuments bounds how many documents a manifest lists with their losses.
const listedDocuments = 1000

// Lost is what of a dataset its format cannot say.
type Lost struct {
	Documents int            `json:"documents"` // that lose something
	Kinds     map[string]int `json:"kinds"`     // losses by kind
	Listed    []Loss         `json:"listed"`    // those of the first 1 000 documents, in order
}

// add adds the losses of one document, or of several in order.
func (l *Lost) add(more []Loss) {
	var last corpus.DocumentID
	for i, m := range more {
		if i == 0 || m.Document != last {
			l.Documents++
			last = m.Document
		}
		l.Kinds[m.Kind]++
		if l.Documents <= listedDocuments {
			l.Listed = append(l.Listed, m)
		}
	}
}

// String counts the losses by kind, most first.
func (l *Lost) String() string {
	kinds := slices.SortedFunc(maps.Keys(l.Kinds), func(a, b string) int {
		return cmp.Or(cmp.Compare(l.Kinds[b], l.Kinds[a]), strings.Compare(a, b))
	})
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = LossWords(k, l.Kinds[k])
	}

	return strings.Join(words, ", ")
}

// namedDocuments is how many documents an error names.
const namedDocuments = 3

// refuse is the error of an export that would lose something.
func (l *Lost) refuse(format string) error {
	var keys []string
	for _, m := range l.Listed {
		if !slices.Contains(keys, m.Key) {
			keys = append(keys, m.Key)
		}
		if len(keys) == namedDocuments {
			break
		}
	}
	where := strings.Join(keys, ", ")
	if more := l.Documents - len(keys); more > 0 {
		where += fmt.Sprintf(" and %d more", more)
	}

	return corpus.Invalidf("lossy", "%s cannot say everything: %s, in %s; leave that out on purpose (lossy), or choose a format that carries it, such as jsonl", format, l, where)
}
