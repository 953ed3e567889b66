package clean

import (
	"regexp"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// linesVersion goes up whenever an answer may change.
const linesVersion = "1"

// lines finds the one run of blocks that is the article: each block gets points
// for prose and loses some for what menus and lists of headlines look like, and
// the run with the most points is kept (Pasternack and Roth, "Extracting article
// text from the web with maximum subsequence segmentation", WWW 2009). A short
// line is thus judged by its neighbours, as in boilerpipe: a heading inside an
// article stays, the same words in a menu do not. The numbers were chosen on
// every second page of article-extraction-benchmark as text.
func lines(d corpus.Document) (string, []score.Block, error) {
	ls := lookAt(d)
	points := make([]int, len(ls))
	for i, l := range ls {
		points[i] = l.points()
	}

	from, to := bestRun(points)
	if from > 0 && ls[from-1].title(from-1) {
		from--
	}
	blocks := classed(d, func(i int) bool { return from <= i && i < to && !ls[i].aside() })

	return score.BodyText(d.Text, blocks), blocks, nil
}

// look is what there is to see of a block.
type look struct {
	words    int
	sentence bool // it ends as a sentence does
	turn     bool // it announces something else: comments, related articles
	plea     bool // it speaks of the site and not of the world: cookies, sharing, rights
	again    bool // it stands elsewhere in the document as well
	teaser   bool // a headline with the dash that some sites leave behind it
	date     bool // it is hardly more than a time
	links    bool // most of it is links
	outside  bool // hidden, or in an element for menus
	inside   bool // in the element for what the page is about
	heading  int
}

const (
	prose = 15 // words from which a line that ends as a sentence is surely prose
	long  = 20 // words from which a line is likely to be prose however it ends
	chief = 30 // words from which more make it no surer
	brief = 40 // words from which a line is not judged by the words it has
)

func lookAt(d corpus.Document) []look {
	x := text.NewIndex(d.Text)
	seen := map[string]int{}
	for _, b := range d.Blocks {
		seen[x.Slice(b.Range)]++
	}

	out := make([]look, len(d.Blocks))
	for i, b := range d.Blocks {
		s := x.Slice(b.Range)
		l := look{words: len(score.Words(s)), heading: b.Heading, links: b.LinkDensity > .5, outside: b.Hidden || outside(b.Path), inside: inside(b.Path)}
		l.sentence = sentenceEnd.MatchString(s) && !cutOff.MatchString(s)
		l.teaser = strings.HasSuffix(s, " -") || strings.HasSuffix(s, " –")
		if l.words < brief {
			l.again = seen[s] > 1 && !(l.sentence && l.words >= prose)
			l.plea = pleas.MatchString(s)
		}
		if l.words <= 12 {
			l.turn = turns.MatchString(s) || l.words <= 5 && tops.MatchString(s)
			l.date = dates.MatchString(s)
		}
		out[i] = l
	}

	return out
}

// points are more than 0 for prose and less for the rest.
func (l look) points() int {
	switch n := min(l.words, chief); {
	case l.turn, l.teaser, l.outside:
		return -20
	case l.plea, l.again, l.links:
		return -10
	case l.sentence && l.words >= prose:
		return n
	case l.sentence, l.words >= long:
		return n / 2
	case l.inside: // the page's maker is believed, if not by much
		return 1
	case l.date:
		return -12
	default:
		return -10 + n/5
	}
}

// aside is what stands in the midst of an article without being of it.
func (l look) aside() bool {
	return l.turn || l.teaser || l.outside || l.plea || l.again
}

// title reports whether the block before the article is what it is called: the
// first one of the document, or a heading.
func (l look) title(i int) bool {
	return (i == 0 || l.heading > 0) && l.words > 0 && !l.aside() && !l.date && !l.links
}

// bestRun is the run with the largest sum, the first of several; empty where no
// point is more than 0.
func bestRun(points []int) (from, to int) {
	best, sum, start := 0, 0, 0
	for i, p := range points {
		if sum <= 0 {
			sum, start = 0, i
		}
		if sum += p; sum > best {
			best, from, to = sum, start, i+1
		}
	}

	return from, to
}

// outside reports whether a block's path leads through an element that is for
// menus and the like.
func outside(path string) bool {
	for element := range strings.SplitSeq(path, "/") {
		switch element {
		case "nav", "footer", "aside", "form", "button", "select":
			return true
		}
	}
	return false
}

// inside reports whether it leads through one that says it holds the article.
func inside(path string) bool {
	return strings.Contains(path+"/", "/main/") || strings.Contains(path+"/", "/article/")
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?…:。！？：؟।][\p{Pf}\p{Pe}"'’]*$`)
	cutOff      = regexp.MustCompile(`(?:\.\.|…)[\p{Pf}\p{Pe}"'’]*$`)

	turns = regexp.MustCompile(`(?i)^\W*(?:\d+ )?(?:comments?|responses?|replies|leave a (?:comment|reply)|join the conversation|related (?:articles?|stories|posts|news|content|topics|coverage)|more (?:from|on|in|stories|news)|most (?:read|popular|viewed|shared|recent)|you (?:may|might) (?:also )?(?:like|be interested)|read (?:more|next)|up next|top stories|about the author|share this|see also|also read|recent (?:posts|articles|comments)|around the web|follow us)\b`)
	tops  = regexp.MustCompile(`(?i)^\W*(?:latest|newsletter|popular|promoted|recommended|related|sponsored|tags|topics|trending)\b`)
	pleas = regexp.MustCompile(`(?i)©|\b(?:cookies?|subscribed?|subscription|newsletters?|sign (?:in|up)|log ?in|advertisements?|all rights reserved|privacy policy|terms of (?:use|service)|copyright|click (?:here|to)|share (?:this|on)|follow us|opens in new window|your email|password|browser|javascript|getty images)\b|^(?:photo|image|credits?|source)\b`)
	dates = regexp.MustCompile(`\d{1,2}:\d\d|\b(?:19|20)\d\d\b|\bago$`)
)
