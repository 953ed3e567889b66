package score

import (
	"math"
	"slices"
	"strings"

	"annotate/internal/corpus"
	"annotate/internal/text"
)

// Gold is what is right for one document. Without the whole page only Body is
// known, and measures of what was left out do not exist.
type Gold struct {
	ID, URL    string
	Name       string            // its file or title, "" for none
	Site       string            // what documents are clustered by, "" for unknown
	Fields     map[string]string // what else is known of it, for slices: "language", "kind" …
	Chosen     corpus.Chosen     // how it came to be labelled; "" where nobody knows
	SourceHash string            // SHA-256 of the page's bytes, lower-case hex, "" for unknown
	TextHash   string            // the same of Page
	Page       string            // the document's text; "" where only its body is known
	Body       string            // the text that a cleaner should give
	Blocks     []Block
	Spans      []Span
	Labels     bool     // spans were looked for, if none was found
	With       []string // snippets that a cleaned text must have
	Without    []string // those that it must not have
	Bodiless   bool     // nobody said what the body is; there are only snippets

	made *made
}

// made is what measures make of gold.
type made struct {
	body, page []Word
	regex      Tokens // of the body
}

// Kept is the same gold that keeps the words that are made of it, for scoring
// several answers one after the other. It is not for concurrent use.
func (g Gold) Kept() Gold {
	g.made = &made{}
	return g
}

func (g Gold) bodyWords() []Word {
	if g.made == nil {
		return Words(g.Body)
	}
	if g.made.body == nil {
		g.made.body = Words(g.Body)
	}
	return g.made.body
}

func (g Gold) pageWords() []Word {
	if g.made == nil {
		return Words(g.Page)
	}
	if g.made.page == nil {
		g.made.page = Words(g.Page)
	}
	return g.made.page
}

// Status is how an answer came about.
type Status string

// The statuses; all but OK are scored as if nothing had been said.
const (
	OK      Status = "ok"
	Empty   Status = "empty"   // the answer has no text
	Failed  Status = "error"   // the cleaner failed
	TimeOut Status = "timeout" // the cleaner was too slow
	Missing Status = "missing" // there is no answer for this document
)

// Statuses lists them in the order of a report.
var Statuses = []Status{OK, Empty, Failed, TimeOut, Missing}

// Prediction is what a cleaner said about one document: a text, or blocks of
// the document, or spans, or several of these.
type Prediction struct {
	Status Status
	Text   string // the cleaned text; where only Blocks came, that of those of body
	Blocks []Block
	Spans  []Span
	Labels bool   // spans were looked for
	Millis int    // how long the cleaner took, in milliseconds; 0 where nobody measured it
	Detail string // where it failed: what it said, in a line or two
}

// BodyText is the text of a page's body blocks, a line each.
func BodyText(page string, blocks []Block) string {
	x := text.NewIndex(page)
	var parts []string
	for _, b := range blocks {
		if b.Class == corpus.Body {
			parts = append(parts, x.Slice(b.Range))
		}
	}

	return strings.Join(parts, "\n")
}

// Figure is what a measure says of one document.
type Figure struct {
	Counts        // what adds over documents; zero where a measure has none
	PRF    PRF    // NaN for what does not exist; a measure of one figure has it in F1
	Why    string // where nothing exists: the reason
}

// Measure is one way to compare. Its figure is a pure function of gold and
// answer.
type Measure struct {
	Name    string // as in --measure
	Title   string
	Badge   string // whose figure it equals; "ours" where we defined it
	About   string // tokens, normalisation, averaging
	Single  bool   // one figure and not three
	OfMeans bool   // F1 of the total is that of mean precision and recall, and not a mean of F1
	Lower   bool   // less is better
	Adds    bool   // counts add, and a micro average exists
	Always  bool   // it is among the measures that are taken when none is named

	of func(*Pair) Figure
}

// Of compares one pair.
func (m Measure) Of(p *Pair) Figure { return m.of(p) }

// Measures are all there are, in the order of a report.
var Measures = needingBody([]Measure{
	{Name: "word", Title: "word P, R, F1", Badge: "ours", Always: true, Adds: true,
		About: "longest common subsequence of UAX 29 words, NFC, case kept, single characters in Han, Kana and Thai", of: wordFigure},
	{Name: "shingle", Title: "4-gram shingle P, R, F1", Badge: "AEB", Always: true, OfMeans: true,
		About: "runs of four \\w+ words as multisets; F1 of the mean P and the mean R", of: func(p *Pair) Figure {
			return counted(shingled(p.regexWords()), Counts.PRF, "neither side has a word")
		}},
	{Name: "exact", Title: "identical words", Badge: "AEB accuracy", Always: true, Single: true,
		About: "share of documents whose \\w+ words are the same", of: func(p *Pair) Figure {
			if gold, pred := p.regexWords(); slices.Equal(gold, pred) {
				return single(1, "")
			}
			return single(0, "")
		}},
	{Name: "ratio", Title: "token ratio", Badge: "WCEB levenshtein", Always: true, Single: true, Adds: true,
		About: "2 LCS over the sum of lengths, whitespace tokens, raw text", of: func(p *Pair) Figure {
			c := TokenRatio(p.Gold.Body, p.Prediction.Text)
			return Figure{Counts: c, PRF: PRF{math.NaN(), math.NaN(), Filled(c).F1}}
		}},
	{Name: "rouge-lsum", Title: "ROUGE-LSum P, R, F1", Badge: "near WCEB", Always: true, Adds: true,
		About: "whitespace tokens, sentences are lines (WCEB cuts with Punkt)", of: func(p *Pair) Figure {
			c, ok := RougeLSum(p.Gold.Body, p.Prediction.Text)
			if !ok {
				return nothing("the texts are too long for it")
			}
			return Figure{Counts: c, PRF: WCEB(p.Gold.Body, p.Prediction.Text, c)}
		}},
	{Name: "bag", Title: "bag-of-words P, R, F1", Badge: "WCXB", Always: true, Adds: true,
		About: "lower-cased \\w+ words as multisets", of: func(p *Pair) Figure {
			return counted(p.bagOf(), Filled, "")
		}},
	{Name: "rouge5", Title: "ROUGE-5 P, R, F1", Badge: "WebMainBench", Adds: true,
		About: "runs of five jieba tokens, white space and punctuation too; not for texts with Han characters", of: func(p *Pair) Figure {
			c, ok := Rouge5(p.Gold.Body, p.Prediction.Text)
			if !ok {
				return nothing("the text has Han characters, which jieba cuts by a dictionary")
			}
			return Figure{Counts: c, PRF: WebMainBench(p.Gold.Body, p.Prediction.Text, c)}
		}},
	{Name: "cleaneval", Title: "CleanEval words P, R, F1", Badge: "cleaneval.py", Adds: true,
		About: "whitespace words as bytes, aligned by Python's difflib", of: func(p *Pair) Figure {
			c, ok := CleanEval(p.Gold.Body, p.Prediction.Text)
			if !ok {
				return nothing("the texts are too long for it")
			}
			return counted(c, Filled, "")
		}},
	{Name: "edit", Title: "character edit similarity", Badge: "WebMainBench text_edit", Single: true,
		About: "1 − Levenshtein over the longer length, code points", of: func(p *Pair) Figure {
			return single(EditSimilarity(p.Gold.Body, p.Prediction.Text), "both texts are empty, or too long for it")
		}},
	{Name: "jaccard", Title: "set of words", Badge: "Jaccard", Single: true,
		About: "letters and numbers, case kept: words in both over words in either", of: func(p *Pair) Figure {
			return single(WordSets(p.Gold.Body, p.Prediction.Text), "neither side has a word")
		}},
	{Name: "snippets", Title: "snippet containment P, R, F1", Badge: "micro: trafilatura", Adds: true,
		About: "snippets that the text must have and must not have, white space folded", of: snippetFigure},
	{Name: "leaked", Title: "boilerplate leaked", Badge: "ours", Single: true, Lower: true, Always: true,
		About: "share of the page's boilerplate words that were kept, by alignment to the page", of: fated(Fates.LeakedShare, "the page has no boilerplate or is not known")},
	{Name: "lost", Title: "body lost", Badge: "ours", Single: true, Lower: true, Always: true,
		About: "share of the body's words that were dropped, by alignment to the page", of: fated(Fates.LostShare, "the page has no body or is not known")},
	{Name: "invented", Title: "invented words", Badge: "ours", Single: true, Lower: true, Always: true,
		About: "share of the cleaned words that are nowhere in the page", of: fated(Fates.InventedShare, "nothing was kept or the page is not known")},
	{Name: "block", Title: "blocks of body P, R, F1", Badge: "micro: BoilerNet", Adds: true, Always: true,
		About: "each block counts once; where only a text came, body is what has more than half of its words in it", of: func(p *Pair) Figure { return blockFigure(p, false) }},
	{Name: "block-words", Title: "blocks of body by words P, R, F1", Badge: "micro: dragnet", Adds: true,
		About: "each block counts as often as it has words", of: func(p *Pair) Figure { return blockFigure(p, true) }},
	{Name: "entities", Title: "entities kept", Badge: "ours", Single: true, Always: true,
		About: "share of gold spans in body that survive whole in the cleaned text", of: entityFigure(Entities.KeptShare, "gold has no entity in body")},
	{Name: "entities-leaked", Title: "entities leaked", Badge: "ours", Single: true, Lower: true, Always: true,
		About: "share of gold spans in boilerplate that got whole into the cleaned text", of: entityFigure(Entities.LeakedShare, "gold has no entity in boilerplate")},
	{Name: "span", Title: "spans P, R, F1", Badge: "micro: conlleval, seqeval, spaCy", Adds: true, Always: true,
		About: "start, end and label are the same", of: func(p *Pair) Figure {
			if !p.Gold.Labels || !p.Prediction.Labels {
				return nothing("spans are not on both sides")
			}
			return counted(Spans(p.Gold.Spans, p.Prediction.Spans, Exact), Counts.PRF, "neither side has a span")
		}},
	semEval("strict", "borders and label", func(s SemEval) Tally { return s.Strict }),
	semEval("borders", "borders alone (exact)", func(s SemEval) Tally { return s.Exact }),
	semEval("partial", "half a point for an overlap", func(s SemEval) Tally { return s.Partial }),
	semEval("type", "an overlap and the label", func(s SemEval) Tally { return s.Type }),
})

// needingBody lets all but the measure of snippets say so where gold has
// nothing else: an unknown body is not an empty one.
func needingBody(measures []Measure) []Measure {
	for i, m := range measures {
		if m.Name != "snippets" {
			measures[i].of = func(p *Pair) Figure {
				if p.Gold.Bodiless {
					return Figure{PRF: PRF{math.NaN(), math.NaN(), math.NaN()}, Why: NoBody}
				}
				return m.of(p)
			}
		}
	}
	return measures
}

// MeasureNamed is the measure of that name.
func MeasureNamed(name string) (Measure, bool) {
	i := slices.IndexFunc(Measures, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		return Measure{}, false
	}
	return Measures[i], true
}

// Pair is gold and an answer, with what several measures need of them made
// once. It is not for concurrent use.
type Pair struct {
	Gold       Gold
	Prediction Prediction

	words     []Word
	alignment *Alignment
	regex     *[2]Tokens // of both texts
}

// regexWords are the regex words of gold's body and of the prediction.
func (p *Pair) regexWords() (gold, pred Tokens) {
	if p.regex == nil {
		p.regex = &[2]Tokens{nil, RegexWords(p.Prediction.Text)}
		if p.Gold.made == nil {
			p.regex[0] = RegexWords(p.Gold.Body)
		} else {
			if p.Gold.made.regex == nil {
				p.Gold.made.regex = RegexWords(p.Gold.Body)
			}
			p.regex[0] = p.Gold.made.regex
		}
	}
	return p.regex[0], p.regex[1]
}

func (p *Pair) cleaned() []Word {
	if p.words == nil {
		if p.Gold.made != nil && p.Prediction.Text == p.Gold.Page {
			p.words = p.Gold.pageWords()
		} else {
			p.words = Words(p.Prediction.Text)
		}
	}
	return p.words
}

// Alignment is the answer's text aligned to the page; nil where the page is not
// known.
func (p *Pair) Alignment() *Alignment {
	if p.alignment == nil && p.Gold.Blocks != nil {
		al := Align(p.Gold.pageWords(), p.cleaned())
		p.alignment = &al
	}
	return p.alignment
}

func nothing(why string) Figure { return single(math.NaN(), why) }

func single(v float64, why string) Figure {
	f := Figure{PRF: PRF{math.NaN(), math.NaN(), v}}
	if math.IsNaN(v) {
		f.Why = why
	}
	return f
}

func counted(c Counts, convention func(Counts) PRF, why string) Figure {
	f := Figure{Counts: c, PRF: convention(c)}
	if math.IsNaN(f.PRF.F1) {
		f.Why = why
	}
	return f
}

// NoBody is why a document without a body has no word score: it is listed apart.
const NoBody = "gold has no body"

func wordFigure(p *Pair) Figure {
	g := p.Gold.bodyWords()
	if len(g) == 0 {
		return Figure{PRF: PRF{math.NaN(), math.NaN(), math.NaN()}, Why: NoBody}
	}
	return counted(WordCounts(g, p.cleaned()), Counts.PRF, "")
}

func fated(share func(Fates) float64, why string) func(*Pair) Figure {
	return func(p *Pair) Figure {
		al := p.Alignment()
		if al == nil {
			return nothing(why)
		}
		return single(share(al.Fates(p.Gold.Blocks)), why)
	}
}

func blockFigure(p *Pair, byWords bool) Figure {
	if p.Gold.Blocks == nil {
		return nothing("gold has no blocks")
	}
	c, w := p.Confusion()
	if byWords {
		c = w
	}

	return counted(c.Body, Counts.PRF, "neither side has a block of body")
}

// Confusion compares the classes of the blocks, each counted once and each as
// often as it has words. Where the answer has no blocks of its own they are
// decided by its text: body is what has more than half of its words in it. Both
// are zero where gold has no blocks.
func (p *Pair) Confusion() (blocks, byWords Confusion) {
	if p.Gold.Blocks == nil {
		return blocks, byWords
	}
	gold := make([]corpus.Class, len(p.Gold.Blocks))
	for i, b := range p.Gold.Blocks {
		gold[i] = b.Class
	}
	pred, weights := p.Alignment().Decisions(p.Gold.Blocks, .5)
	if p.Prediction.Blocks != nil {
		pred = overlaid(p.Gold.Blocks, p.Prediction.Blocks)
	}

	return Blocks(gold, pred, nil), Blocks(gold, pred, weights)
}

// overlaid gives each gold block the class of the answer's blocks that cover
// most of it; what none covers was not kept, and is boilerplate.
func overlaid(gold, pred []Block) []corpus.Class {
	out := make([]corpus.Class, len(gold))
	from := 0
	for i, g := range gold {
		covered := 0
		for from < len(pred) && pred[from].End <= g.Start {
			from++
		}
		for _, p := range pred[from:] {
			if p.Start >= g.End {
				break
			}
			if p.Class == corpus.Body {
				covered += min(p.End, g.End) - max(p.Start, g.Start)
			}
		}
		out[i] = corpus.Boilerplate
		if 2*covered > g.Len() {
			out[i] = corpus.Body
		}
	}

	return out
}

func entityFigure(share func(Entities) float64, why string) func(*Pair) Figure {
	return func(p *Pair) Figure {
		al := p.Alignment()
		if al == nil {
			return nothing(why)
		}
		return single(share(al.Entities(p.Gold.Blocks, p.Gold.Spans)), why)
	}
}

func semEval(name, about string, of func(SemEval) Tally) Measure {
	return Measure{Name: "span-" + name, Title: "spans " + name + " P, R, F1", Badge: "SemEval 2013, as nervaluate", About: about + "; one to one, equal pairs first",
		of: func(p *Pair) Figure {
			if !p.Gold.Labels || !p.Prediction.Labels {
				return nothing("spans are not on both sides")
			}
			f := Figure{PRF: of(SemEvalSpans(p.Gold.Spans, p.Prediction.Spans)).PRF()}
			if math.IsNaN(f.PRF.F1) {
				f.Why = "neither side has a span"
			}
			return f
		}}
}

// Usual are the measures that are taken when none is named.
var Usual = func() []Measure {
	var out []Measure
	for _, m := range Measures {
		if m.Always {
			out = append(out, m)
		}
	}
	return out
}()
