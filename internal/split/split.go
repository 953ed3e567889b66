// Package split divides documents into parts, such as train, dev and test, so
// that no part holds a near-copy of what another one holds. Which part a
// document goes to follows from a hash of the name of its group (its site, its
// cluster of near-copies, or itself) and never from how many documents there
// are: a corpus that grows keeps the parts it had. What shares are asked for is
// therefore met nearly, as dice meet it, and the report says how nearly.
//
// Near-copies are found in two texts of a document. Its whole text is there
// from the start, but an article that another site took over stands there in
// another frame of menus and headlines, which may be longer than itself. Where
// there is gold, its body is compared too: that is the article without a frame.
// Two texts are near-copies where they resemble each other, or where one
// contains the other: the Jaccard coefficient of their sets of shingles, or the
// share of the smaller set that the larger one has (Broder, On the resemblance
// and containment of documents, 1997). Both are counted exactly, for pairs that
// sketches name.
//
// The package knows no data file: who keeps sketches, pairs and what was
// assigned gives them to it.
package split

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"annotate/internal/corpus"
)

// Part is one of the sets that documents are divided into.
type Part struct {
	Name  string
	Share int // in thousandths of what was typed; only its relation to the others counts
}

// Spec is into which parts documents are divided, in order. The zero value is
// no spec; ParseSpec makes one.
type Spec struct{ Parts []Part }

// Usual is the spec of who does not ask for one.
var Usual = Spec{[]Part{{"train", 80_000}, {"dev", 10_000}, {"test", 10_000}}}

// Bounds of a spec.
const (
	minParts = 2
	maxParts = 10
	maxShare = 1_000_000
)

// partName is what a file, a column and a Hugging Face split can be called.
var partName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)

// CheckPart says what is wrong with the name of a part.
func CheckPart(name string) error {
	if !partName.MatchString(name) {
		return corpus.Invalidf("split", "%q cannot be the name of a part: it takes up to 40 letters a to z, digits and underscores, and begins with a letter", name)
	}
	return nil
}

// ParseSpec reads a spec such as "train=80,dev=10,test=10". Shares are numbers
// above 0 with at most three decimals and need not add up to 100. The error is
// *corpus.Invalid.
func ParseSpec(s string) (Spec, error) {
	var spec Spec
	for _, field := range strings.Split(s, ",") {
		name, share, found := strings.Cut(strings.TrimSpace(field), "=")
		if !found {
			return Spec{}, corpus.Invalidf("split", "%q is no split: write each part as NAME=SHARE, as in %s", s, Usual)
		}
		part := Part{Name: strings.TrimSpace(name)}
		if err := CheckPart(part.Name); err != nil {
			return Spec{}, err
		}
		if slices.ContainsFunc(spec.Parts, func(p Part) bool { return strings.EqualFold(p.Name, part.Name) }) {
			return Spec{}, corpus.Invalidf("split", "the part %q stands twice", part.Name)
		}
		var ok bool
		if part.Share, ok = parseShare(strings.TrimSpace(share)); !ok {
			return Spec{}, corpus.Invalidf("split", "the share of %s is %q; it must be a number above 0 and up to %d, with at most three decimals", part.Name, share, maxShare/1000)
		}
		spec.Parts = append(spec.Parts, part)
	}
	if n := len(spec.Parts); n < minParts || n > maxParts {
		return Spec{}, corpus.Invalidf("split", "a split has %d to %d parts, this one %d", minParts, maxParts, n)
	}

	return spec, nil
}

// parseShare reads a decimal without passing it through binary fractions, so
// that 0.7, 0.2 and 0.1 are exactly 7, 2 and 1.
func parseShare(s string) (thousandths int, ok bool) {
	whole, part, _ := strings.Cut(s, ".")
	if len(part) > 3 || whole == "" && part == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(whole+part+strings.Repeat("0", 3-len(part)), 10, 32)

	return int(n), err == nil && n > 0 && n <= maxShare
}

// String is the spec as it is typed.
func (s Spec) String() string { return s.words(1000) }

// Canonical is the same for all specs that divide alike: "train=8,dev=1,test=1".
func (s Spec) Canonical() string {
	divisor := 0
	for _, p := range s.Parts {
		for a := p.Share; a != 0; {
			divisor, a = a, divisor%a
		}
	}
	return s.words(divisor)
}

func (s Spec) words(unit int) string {
	fields := make([]string, len(s.Parts))
	for i, p := range s.Parts {
		fields[i] = p.Name + "=" + strconv.FormatFloat(float64(p.Share)/float64(unit), 'f', -1, 64)
	}
	return strings.Join(fields, ",")
}

func (s Spec) total() (n int) {
	for _, p := range s.Parts {
		n += p.Share
	}
	return n
}

// Share is how much of the documents a part asks for, 0 to 1; 0 for a part that
// the spec does not have.
func (s Spec) Share(name string) float64 {
	for _, p := range s.Parts {
		if p.Name == name {
			return float64(p.Share) / float64(s.total())
		}
	}
	return 0
}

// Has reports whether the spec has a part of that name.
func (s Spec) Has(name string) bool { return s.Share(name) > 0 }

// scheme is hashed in front of each name. Another way of hashing gets another
// one, because documents would change their part.
const scheme = "annotate-split-1\n"

// Of is the part of a group: the first 64 bits of the SHA-256 of scheme and the
// group's name are a number below 1, and the part is the one in whose stretch
// of the shares, laid end to end, that number falls.
func (s Spec) Of(group string) string {
	h := sha256.Sum256([]byte(scheme + group))
	at, _ := bits.Mul64(binary.BigEndian.Uint64(h[:]), uint64(s.total()))
	end := uint64(0)
	for _, p := range s.Parts {
		if end += uint64(p.Share); at < end {
			return p.Name
		}
	}
	panic("split: a spec without parts") // at is below the total otherwise
}

// By is what is kept together.
type By string

const (
	BySite     By = "site"     // all pages of a registrable domain, and the near-copies of each
	ByCluster  By = "cluster"  // the near-copies of a page
	ByDocument By = "document" // nothing
	ByTime     By = "time"     // older pages come into the first part, the newest into the last
)

// Ways are all of them, the safest first.
var Ways = []By{BySite, ByCluster, ByDocument, ByTime}

// ParseBy is the way with that name; "" is the safest. The error is
// *corpus.Invalid.
func ParseBy(s string) (By, error) {
	if s == "" {
		return BySite, nil
	}
	if by := By(s); slices.Contains(Ways, by) {
		return by, nil
	}
	return "", corpus.Invalidf("by", "there is no way %q to keep documents together; there are site, cluster, document and time", s)
}

// Name is under which name assignments of that spec are remembered.
func Name(s Spec, by By) string { return fmt.Sprintf("%s by %s", s.Canonical(), by) }
