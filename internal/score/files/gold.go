package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"maps"
	"path"
	"strings"

	"golang.org/x/net/publicsuffix"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// Gold reads gold in any of Formats, one document at a time: our JSON Lines
// (without blocks, the text is the body), objects by id, folders of pages or
// texts. What has marks or labels on the whole page gives the page too.
func Gold(path string) iter.Seq2[score.Gold, error] { return GoldIn(path, Options{}) }

// GoldIn reads gold in a format that is named.
func GoldIn(path string, o Options) iter.Seq2[score.Gold, error] {
	return func(yield func(score.Gold, error) bool) {
		s, err := openPath(path)
		if err != nil {
			yield(score.Gold{}, err)
			return
		}
		defer s.close()
		s.gold(o, yield)
	}
}

// gold gives the documents of a source. A folder that is read again must not have
// changed meanwhile.
func (s *source) gold(o Options, yield func(score.Gold, error) bool) {
	format, err := s.recognise(o)
	if err != nil {
		yield(score.Gold{}, err)
		return
	}
	var about corpus.Cleaner
	seen := map[string]bool{}
	for f, err := range s.walk(format, &about) {
		var g score.Gold
		if err == nil {
			g, err = s.goldOf(format, f)
			switch {
			case err != nil:
			case g.ID == "" || len(g.ID) > maxID:
				err = errID
			case seen[g.ID]:
				err = problem(s.at(f.place), int(f.line), "the id %q is there twice", g.ID)
			}
			if _, ok := errors.AsType[*corpus.Problem](err); err != nil && !ok {
				err = wrong(s.at(f.place), int(f.line), err)
			}
		}
		seen[g.ID] = true
		if !yield(g, err) || err != nil {
			return
		}
	}
}

func (s *source) goldOf(format Format, f found) (score.Gold, error) {
	it, err := format.parse(input{id: f.id, raw: f.raw})
	if err != nil {
		return score.Gold{}, err
	}
	g := score.Gold{ID: it.ID, URL: it.URL, Name: it.Name, Site: site(it.URL), SourceHash: it.SourceHash, TextHash: it.TextHash,
		Spans: it.spans, Labels: it.labels, With: it.with, Without: it.without, Fields: score.FieldsOf(it.meta, it.language)}
	maps.Copy(g.Fields, it.fields)
	if s.tree != nil && g.Name == "" {
		g.Name = path.Base(s.names[f.file])
	}
	if format.shape == byCase {
		g.Name = it.ID
		g.SourceHash = s.sourceHash(f.place)
	}

	switch {
	case it.text != nil:
	case it.snippets && (len(it.with) > 0 || len(it.without) > 0):
		g.Bodiless = true
		return g, nil
	default:
		return g, errors.New("gold needs a text")
	}
	if !it.cut {
		g.Body = *it.text
		return g, nil
	}
	if err := it.within(*it.text); err != nil {
		return g, err
	}
	g.Page, g.Blocks = *it.text, it.blocks
	if g.Blocks == nil {
		g.Blocks = []score.Block{}
	}
	g.Body = score.BodyText(g.Page, g.Blocks)
	sum := sha256.Sum256([]byte(g.Page))
	is := hex.EncodeToString(sum[:])
	if g.TextHash != "" && g.TextHash != is {
		return g, errors.New("the sha256 is not that of the text, so its ranges may be of another one")
	}
	g.TextHash = is

	return g, nil
}

// sourceHash is the hash of the page beside an expected.html, "" without one.
func (s *source) sourceHash(at place) string {
	raw, err := s.whole(path.Join(path.Dir(s.names[at.file]), "source.html"))
	if err != nil {
		return "" // it is not needed, only one more key
	}
	sum := sha256.Sum256(raw)

	return hex.EncodeToString(sum[:])
}

// site is the registrable domain of an address, "" without one.
func site(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	host = host[strings.LastIndexByte(host, '@')+1:]
	host, _, _ = strings.Cut(host, ":")
	if d, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host)); err == nil {
		return d
	}

	return host
}
