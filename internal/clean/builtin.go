package clean

import (
	"cmp"
	"context"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"codeberg.org/readeck/go-readability/v2/render"

	"annotate/internal/corpus"
	"annotate/internal/score"
)

// BuiltIn is a cleaner that needs nothing from outside.
type BuiltIn struct {
	Name  string // as in --cleaner
	Title string
	About string // a sentence
	Takes string // the media type it can do something with, "" for any

	version string
	config  string   // what it was told, for About's hash
	modules []string // what its answers depend on; the first gives the version
	clean   func(d corpus.Document) (string, []score.Block, error)
}

// BuiltIns are all there are, in the order in which they are offered.
var BuiltIns = []BuiltIn{
	{Name: "trafilatura", Title: "Trafilatura", Takes: html,
		About:   "go-trafilatura with its fallbacks; the best of these, over pages of every kind",
		config:  "fallback",
		modules: []string{moduleTrafilatura, moduleDistiller, moduleOldReadability, moduleDOM, moduleHTML},
		clean:   ofTree(trafilaturaWith(true), spaced)},
	{Name: "trafilatura-fast", Title: "Trafilatura without fallbacks", Takes: html,
		About:   "go-trafilatura by its own rules alone; faster, and loses more of forums, shops and lists",
		config:  "no fallback",
		modules: []string{moduleTrafilatura, moduleDOM, moduleHTML},
		clean:   ofTree(trafilaturaWith(false), spaced)},
	{Name: "readability", Title: "Readability", Takes: html,
		About:   "go-readability, after the reader view of Firefox",
		modules: []string{moduleReadability, moduleDOM, moduleHTML},
		clean:   ofTree(readable, render.InnerText)},
	{Name: "domdistiller", Title: "DOM Distiller", Takes: html,
		About:   "go-domdistiller, after the reader mode of Chromium",
		modules: []string{moduleDistiller, moduleDOM, moduleHTML},
		clean:   ofTree(distilled, render.InnerText)},
	{Name: "lines", Title: "Lines",
		About:   "our own rules for news pages: prose is body; menus, headlines of other pages and share lines are not",
		version: linesVersion, clean: lines},
	{Name: "everything", Title: "Everything", About: "keeps the whole document: what a cleaner has to be better than", version: "1", clean: everything},
	{Name: "nothing", Title: "Nothing", About: "drops the whole document", version: "1", clean: nothing},
}

// BuiltInNamed is the built-in of that name; a *corpus.Invalid where there is
// none.
func BuiltInNamed(name string) (BuiltIn, error) {
	i := slices.IndexFunc(BuiltIns, func(b BuiltIn) bool { return b.Name == name })
	if i < 0 {
		return BuiltIn{}, corpus.Invalidf("cleaner", "there is no cleaner %q", name)
	}
	return BuiltIns[i], nil
}

// Accepts reports whether it can do something with documents of a media type.
func (b BuiltIn) Accepts(mediaType string) bool { return b.Takes == "" || b.Takes == mediaType }

// New is the cleaner.
func (b BuiltIn) New() Cleaner { return &builtIn{b, builtInLimit} }

const html = "text/html"

// The modules that answers depend on.
const (
	moduleTrafilatura    = "github.com/markusmobius/go-trafilatura"
	moduleDistiller      = "github.com/markusmobius/go-domdistiller"
	moduleReadability    = "codeberg.org/readeck/go-readability/v2"
	moduleOldReadability = "github.com/go-shiori/go-readability"
	moduleDOM            = "github.com/go-shiori/dom"
	moduleHTML           = "golang.org/x/net"
)

// pinned are the versions in go.mod, for programs that were built without
// saying so, as tests are. A test holds the two together.
var pinned = map[string]string{
	moduleTrafilatura:    "v1.12.2",
	moduleDistiller:      "v1.0.0",
	moduleReadability:    "v2.1.3",
	moduleOldReadability: "v0.0.0-20241012063810-92284fa8a71f",
	moduleDOM:            "v0.0.0-20230515143342-73569d674e1c",
	moduleHTML:           "v0.62.0",
}

// built are the versions of the modules in this program.
var built = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return out
	}
	for _, m := range info.Deps {
		out[m.Path] = m.Version
		if m.Replace != nil {
			out[m.Path] = cmp.Or(m.Replace.Version, m.Replace.Path)
		}
	}

	return out
})

// builtInLimit is how long a built-in may take for one document. What takes
// milliseconds as a rule can take minutes on a page that was made to.
const builtInLimit = 30 * time.Second

type builtIn struct {
	BuiltIn
	limit time.Duration
}

func (c *builtIn) About() corpus.Cleaner {
	out := corpus.Cleaner{Name: c.Name, Version: c.version}
	if c.config != "" {
		out.Config = short([]byte(c.config))
	}
	for i, m := range c.modules {
		if out.Dependencies == nil {
			out.Dependencies = map[string]string{}
		}
		v := cmp.Or(built()[m], pinned[m])
		out.Dependencies[m] = v
		if i == 0 {
			out.Version = v
		}
	}

	return out
}

// Clean runs the rules in a goroutine of their own, because a library can be
// told neither to stop nor not to panic. One that takes too long is left behind:
// it ends in its own time, and nobody waits for it.
func (c *builtIn) Clean(ctx context.Context, d corpus.Document) (score.Prediction, error) {
	if err := ctx.Err(); err != nil {
		return score.Prediction{}, err
	}
	start := time.Now()
	if !c.Accepts(d.MediaType) {
		return failed(start, "%s takes HTML, and this document is plain text", c.Name), nil
	}

	said := make(chan score.Prediction, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				said <- panicked(p, start)
			}
		}()
		text, blocks, err := c.clean(d)
		if err != nil {
			said <- failed(start, "%s", err)
			return
		}
		p := answer(start, text)
		p.Blocks = blocks
		said <- p
	}()

	limit := time.NewTimer(c.limit)
	defer limit.Stop()
	select {
	case p := <-said:
		return p, nil
	case <-limit.C:
		return tooSlow(start, c.limit, ""), nil
	case <-ctx.Done():
		return score.Prediction{}, ctx.Err()
	}
}

func tooSlow(start time.Time, limit time.Duration, said string) score.Prediction {
	p := failed(start, "it took longer than %v and was stopped%s", limit, said)
	p.Status = score.TimeOut

	return p
}

func everything(d corpus.Document) (string, []score.Block, error) {
	return d.Text, classed(d, func(int) bool { return true }), nil
}

func nothing(d corpus.Document) (string, []score.Block, error) {
	return "", classed(d, func(int) bool { return false }), nil
}

// classed are the document's blocks, each with a class. It is never nil, which
// would say that blocks were not judged.
func classed(d corpus.Document, body func(i int) bool) []score.Block {
	out := make([]score.Block, len(d.Blocks))
	for i, b := range d.Blocks {
		out[i] = score.Block{Range: b.Range, Class: corpus.Boilerplate}
		if body(i) {
			out[i].Class = corpus.Body
		}
	}
	return out
}
