package spans

import (
	"cmp"
	"context"
	"iter"
	"math"
	"slices"
	"strconv"

	"annotate/internal/corpus"
	"annotate/internal/score"
	"annotate/internal/text"
)

// held is a span that was found on a page its model had not seen.
type held struct {
	text.Range
	page  int
	label corpus.LabelID
	p     float64 // by the field alone
	right bool    // gold has exactly this
}

// heldOut finds the spans of pages by models that learnt from the others: of
// each fold pages of so many words, or a little more, are learnt from and looked
// at. It calls each, if given, for the model of each fold.
func (l *lesson) heldOut(ctx context.Context, folds, learnt, looked int, each func(fold int, m *Model)) ([]held, error) {
	fold, folds := l.folds(folds)
	var out []held
	for f := range folds {
		m, err := l.train(ctx, func(page int) bool { return fold[page] != f }, learnt)
		if err != nil {
			return nil, err
		}
		found, err := l.find(ctx, m, looked, func(page int) bool { return fold[page] == f })
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
		if each != nil {
			each(f, m)
		}
	}

	return out, nil
}

// find gives what a model finds on the wanted pages, by a draw until it looked
// at so many words.
func (l *lesson) find(ctx context.Context, m *Model, words int, wanted func(page int) bool) ([]held, error) {
	if m.crf == nil {
		return nil, nil
	}

	var out []held
	o := newObserver(m.crf.Features)
	for _, i := range l.drawn() {
		if !wanted(i) || words <= 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		words -= l.words(i)
		p, gold := l.pages[i], map[saying]bool{}
		for _, s := range p.spans {
			gold[saying{s.Range, s.Label}] = true
		}
		for _, one := range p.pieces {
			if l.passed(one) {
				continue
			}
			for _, g := range m.guesses(o, one) {
				r := corpus.Snap(p.index, text.Range{Start: one.words[g.from].Start, End: one.words[g.to-1].End})
				if r.Len() > 0 {
					out = append(out, held{r, i, g.label, g.p, gold[saying{r, g.label}]})
				}
			}
		}
	}

	return out, nil
}

// saying is what a span says.
type saying struct {
	text.Range
	label corpus.LabelID
}

// folds deals the pages, all of a site to one fold, so that each fold has about
// as many words. Where there are fewer sites than folds pages are dealt one by
// one. There are at most as many folds as pages, and none of one page.
func (l *lesson) folds(n int) (of []int, folds int) {
	sites := map[string]bool{}
	for _, p := range l.pages {
		sites[p.group] = true
	}
	name := func(i int) string { return l.pages[i].group }
	if len(sites) < n {
		name = func(i int) string { return strconv.Itoa(i) }
	}
	if n = min(n, len(l.pages)); n < 2 {
		return make([]int, len(l.pages)), 0
	}

	words, first := map[string]int{}, []string{}
	for _, i := range l.drawn() {
		if _, ok := words[name(i)]; !ok {
			first = append(first, name(i))
		}
		for _, p := range l.pages[i].pieces {
			words[name(i)] += len(p.words)
		}
	}
	slices.SortStableFunc(first, func(a, b string) int { return cmp.Compare(words[b], words[a]) })
	fold, full := map[string]int{}, make([]int, n)
	for _, group := range first {
		f := slices.Index(full, slices.Min(full))
		fold[group] = f
		full[f] += words[group]
	}

	of = make([]int, len(l.pages))
	for i := range of {
		of[i] = fold[name(i)]
	}
	return of, n
}

// scale turns what a field says into a probability: the logarithm of its odds,
// stretched and shifted (Platt, "Probabilistic outputs for support vector
// machines", 1999).
type scale struct{ stretch, shift float64 }

// plainScale changes nothing.
var plainScale = scale{stretch: 1}

func (s scale) of(p float64) float64 {
	if s == plainScale {
		return p
	}
	return logistic(s.stretch*odds(p) + s.shift)
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func odds(p float64) float64 {
	const edge = 1e-6
	p = max(edge, min(p, 1-edge))
	return math.Log(p / (1 - p))
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// newScale fits to what was right by Newton's method, with steps halved while
// they lead down. What little was held out says little: both numbers are held
// near those that change nothing, as if by a normal prior of variance 1.
func newScale(all []held) scale {
	s, fit := plainScale, plainScale.fit(all)
	for range 50 {
		da, db := s.climb(all)
		next, better := s, fit
		for range 30 {
			next = scale{s.stretch + da, s.shift + db}
			if better = next.fit(all); better > fit && next.stretch > 0 {
				break
			}
			da, db = da/2, db/2
		}
		if better-fit < 1e-9 || next.stretch <= 0 {
			break
		}
		s, fit = next, better
	}

	return s
}

// fit is the logarithm of the probability of what was right, and of the scale by
// its prior.
func (s scale) fit(all []held) float64 {
	sum := -((s.stretch-1)*(s.stretch-1) + s.shift*s.shift) / 2
	for _, h := range all {
		x := s.stretch*odds(h.p) + s.shift
		if !h.right {
			x = -x
		}
		sum -= max(-x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
	}

	return sum
}

// climb is Newton's step from s.
func (s scale) climb(all []held) (stretch, shift float64) {
	ga, gb := -(s.stretch - 1), -s.shift
	aa, ab, bb := 1.0, 0.0, 1.0
	for _, h := range all {
		x := odds(h.p)
		p := logistic(s.stretch*x + s.shift)
		d, w := one(h.right)-p, p*(1-p)
		ga, gb = ga+d*x, gb+d
		aa, ab, bb = aa+w*x*x, ab+w*x, bb+w
	}
	det := aa*bb - ab*ab

	return (bb*ga - ab*gb) / det, (aa*gb - ab*ga) / det
}

// muted is the threshold of a model that says nothing.
const muted = 2

// threshold is the probability from which on suggestions pay most on pages that
// were held out: a right one saves a marking and costs an accept, a wrong one
// costs a reject. A model that is not shown to pay, by the lower bound of
// Wilson's interval at 95 % on one side, is muted.
func threshold(all []held, s scale) float64 {
	best, least := 0, float64(muted)
	for at := 30; at <= 90; at += 5 {
		t := float64(at) / 100
		right, wrong := 0, 0
		for _, h := range all {
			switch {
			case s.of(h.p) < t:
			case h.right:
				right++
			default:
				wrong++
			}
		}
		if saved := right*(CostMark-CostAccept) - wrong*CostReject; saved > best && lower(right, right+wrong) > pays {
			best, least = saved, t
		}
	}

	return least
}

// lower is the lower bound of Wilson's interval for a share, at 95 % on one side.
func lower(k, n int) float64 {
	const z = 1.6449
	p, m := float64(k)/float64(n), float64(n)
	return (p + z*z/(2*m) - z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))) / (1 + z*z/m)
}

// Report is how good suggestions are on pages of sites that were not learnt
// from, measured on as many models as there are folds.
type Report struct {
	Documents int  `json:"documents"` // with spans
	Words     int  `json:"words"`     // in the blocks in which spans are looked for
	Spans     int  `json:"spans"`
	Folds     int  `json:"folds"`  // 0 where there is one document or none: then nothing is measured
	BySite    bool `json:"bySite"` // no site is in two folds; else there were too few sites

	Gazetteer Figures `json:"gazetteer"` // as strings of the other folds come back
	Model     Figures `json:"model"`     // as calibrated and muted by what the other folds say
	Combined  Figures `json:"combined"`  // of both, as Combine gives them

	Calibration [10]Bin `json:"calibration"` // all that the model finds, muted or not
}

// Figures compare suggestions with gold: equal borders and label count.
type Figures struct {
	All     score.Counts                    `json:"all"`
	ByLabel map[corpus.LabelID]score.Counts `json:"byLabel,omitempty"`
}

// Saved is how many actions the suggestions save against marking all spans by
// hand, less what the wrong ones cost.
func (f Figures) Saved() int { return f.All.TP*(CostMark-CostAccept) - f.All.FP*CostReject }

func (f *Figures) add(gold, found []score.Span) {
	f.All = f.All.Add(score.Spans(gold, found, score.Exact))
	for name, c := range score.SpansByLabel(gold, found) {
		id, _ := strconv.ParseInt(name, 10, 64)
		if f.ByLabel == nil {
			f.ByLabel = map[corpus.LabelID]score.Counts{}
		}
		f.ByLabel[corpus.LabelID(id)] = f.ByLabel[corpus.LabelID(id)].Add(c)
	}
}

// CrossValidate measures both sources on gold, five-fold by site.
func CrossValidate(ctx context.Context, gold iter.Seq2[corpus.Gold, error], o Options) (Report, error) {
	l, err := newLesson(gold, o)
	if err != nil {
		return Report{}, err
	}

	fold, n := l.folds(5)
	r := Report{Documents: len(l.pages), Folds: n, BySite: l.bySite(fold)}
	remembered := make([][]Suggestion, len(l.pages))
	all, err := l.heldOut(ctx, 5, maxTrained, math.MaxInt, func(f int, m *Model) {
		for i := range l.pages {
			if fold[i] == f {
				remembered[i] = l.remembered(m.names, i)
			}
		}
	})
	if err != nil || n == 0 {
		return r, err
	}

	found, calibrated := l.found(all, fold, n)
	r.calibrate(calibrated)
	for i, p := range l.pages {
		gold := spansOf(p.spans, func(s corpus.Span) (text.Range, corpus.LabelID) { return s.Range, s.Label })
		both := Combine(remembered[i], found[i])
		r.Spans += len(gold)
		r.Words += l.words(i)
		r.Gazetteer.add(gold, said(remembered[i]))
		r.Model.add(gold, said(found[i]))
		r.Combined.add(gold, said(both))
	}

	return r, nil
}

func (l *lesson) bySite(fold []int) bool {
	of := map[string]int{}
	for i, p := range l.pages {
		if f, ok := of[p.group]; ok && f != fold[i] {
			return false
		}
		of[p.group] = fold[i]
	}
	return true
}

// remembered is what strings a matcher finds on a page.
func (l *lesson) remembered(m *Matcher, page int) []Suggestion {
	var out []Suggestion
	p := l.pages[page]
	for _, one := range p.pieces {
		if l.passed(one) {
			continue
		}
		for _, f := range m.find(one.words, func(e int) bool { return m.entries[e].Shown }) {
			out = m.suggest(out, p.index, one.words, f)
		}
	}

	return out
}

// found are the suggestions for each page, and all that was found with its
// calibrated probability: by scale and threshold of the other folds.
func (l *lesson) found(all []held, fold []int, folds int) ([][]Suggestion, []held) {
	found, calibrated := make([][]Suggestion, len(l.pages)), make([]held, 0, len(all))
	for f := range folds {
		others := slices.DeleteFunc(slices.Clone(all), func(h held) bool { return fold[h.page] == f })
		s := newScale(others)
		least := threshold(others, s)
		for _, h := range all {
			if fold[h.page] != f {
				continue
			}
			h.p = s.of(h.p)
			calibrated = append(calibrated, h)
			if h.p >= least {
				found[h.page] = append(found[h.page], Suggestion{Range: h.Range, Label: h.label, P: h.p, Source: corpus.FromModel})
			}
		}
	}

	return found, calibrated
}

// Bin counts what was found with a probability in a tenth of 0 to 1.
type Bin struct {
	Found int     `json:"found"`
	Right int     `json:"right"`
	Sum   float64 `json:"sum"` // of the probabilities
}

// CalibrationError is the expected calibration error: over the bins, how far the
// mean probability is from the share that was right, weighed by how many are in
// the bin (Guo et al., "On calibration of modern neural networks", ICML 2017,
// section 2); NaN where nothing was found.
func (r Report) CalibrationError() float64 {
	sum, n := 0.0, 0
	for _, b := range r.Calibration {
		sum += math.Abs(b.Sum - float64(b.Right))
		n += b.Found
	}

	return sum / float64(n)
}

func (r *Report) calibrate(all []held) {
	for _, h := range all {
		b := &r.Calibration[min(int(h.p*float64(len(r.Calibration))), len(r.Calibration)-1)]
		b.Found++
		b.Sum += h.p
		if h.right {
			b.Right++
		}
	}
}

func said(suggestions []Suggestion) []score.Span {
	return spansOf(suggestions, func(s Suggestion) (text.Range, corpus.LabelID) { return s.Range, s.Label })
}

func spansOf[T any](of []T, says func(T) (text.Range, corpus.LabelID)) []score.Span {
	out := make([]score.Span, len(of))
	for i, one := range of {
		r, label := says(one)
		out[i] = score.Span{Range: r, Label: strconv.FormatInt(int64(label), 10)}
	}
	return out
}
