package inert

import (
	"bytes"
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// ownStyle stands before the page's styles, lastStyle behind them.
var (
	//go:embed own.css
	ownStyle string
	//go:embed last.css
	lastStyle string
)

// mostStyle bounds the style sheets of a page, in bytes as they go out.
const mostStyle = 2 << 20

// sheets collects the style elements of the page.
func (b *builder) sheets(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode || c.Namespace != "" {
			continue
		}
		switch {
		case c.DataAtom == atom.Style:
			b.sheet(c)
		case c.DataAtom == atom.Head || kindOf(c) != gone:
			b.sheets(c)
		}
	}
}

func (b *builder) sheet(n *html.Node) {
	var source strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		source.WriteString(c.Data)
	}
	clean := stylesheet(source.String())
	media := strings.TrimSpace(value(n, "media"))
	if clean == "" || b.css.Len()+len(clean) > mostStyle || !holds(media) {
		return
	}
	if media != "" {
		clean = "@media " + media + "{" + clean + "}\n"
	}
	b.css.WriteString(clean)
}

// holds reports whether a condition may stand in the picture: one on colours
// would put black paper into the pane.
func holds(condition string) bool {
	return conditions.MatchString(condition) && harmless(condition) && !strings.Contains(strings.ToLower(condition), "prefers-color-scheme")
}

var conditions = regexp.MustCompile(`^[a-zA-Z0-9\s(),:.>=%/-]*$`)

// stylesheet writes a style sheet anew: rules with their selectors, the
// properties that are named below, and conditions around them.
func stylesheet(source string) string {
	p := css.NewParser(parse.NewInputString(source), false)
	var out bytes.Buffer
	var open []bool // of the rules that are open: whether each is written
	var before [][]byte
	writing := func() bool { return len(open) == 0 || open[len(open)-1] }
	for out.Len() < mostStyle {
		grammar, _, data := p.Next()
		switch grammar {
		case css.ErrorGrammar:
			if !p.HasParseError() {
				return closed(&out, open)
			}
		case css.QualifiedRuleGrammar:
			before = append(before, selector(p.Values()))
		case css.BeginRulesetGrammar:
			all := slices.DeleteFunc(append(before, selector(p.Values())), func(s []byte) bool { return s == nil })
			before = nil
			ok := writing() && len(all) > 0
			if ok {
				out.Write(bytes.Join(all, []byte(",")))
				out.WriteByte('{')
			}
			open = append(open, ok)
		case css.BeginAtRuleGrammar:
			ok := writing() && conditional(&out, data, p.Values())
			open = append(open, ok)
		case css.EndRulesetGrammar, css.EndAtRuleGrammar:
			if len(open) == 0 {
				continue
			}
			if writing() {
				out.WriteString("}\n")
			}
			open = open[:len(open)-1]
		case css.DeclarationGrammar, css.CustomPropertyGrammar:
			if len(open) > 0 && writing() {
				declare(&out, data, p.Values())
			}
		}
	}

	return closed(&out, open)
}

// closed ends the rules that the page left open.
func closed(out *bytes.Buffer, open []bool) string {
	for _, ok := range slices.Backward(open) {
		if ok {
			out.WriteByte('}')
		}
	}

	return out.String()
}

// conditional opens an at-rule that holds other rules; false for every one that
// does more than to say when they hold.
func conditional(out *bytes.Buffer, name []byte, values []css.Token) bool {
	var said bytes.Buffer
	for _, t := range values {
		said.Write(t.Data)
	}
	switch strings.ToLower(string(name)) {
	case "@media", "@supports", "@layer", "@container":
	default:
		return false
	}
	if !holds(said.String()) {
		return false
	}
	out.Write(bytes.ToLower(name))
	out.WriteByte(' ')
	out.Write(said.Bytes())
	out.WriteByte('{')

	return true
}

// selector writes a selector with the ids as they are in the picture; nil where
// it could end the style element or is no selector.
func selector(values []css.Token) []byte {
	var out []byte
	for _, t := range values {
		if t.TokenType == css.HashToken {
			out = append(out, "#"+idPrefix...)
			out = append(out, t.Data[1:]...)
			continue
		}
		switch t.TokenType {
		case css.URLToken, css.BadURLToken, css.BadStringToken, css.CDOToken, css.CDCToken, css.LeftBraceToken, css.RightBraceToken, css.SemicolonToken, css.AtKeywordToken:
			return nil
		}
		out = append(out, t.Data...)
	}
	if bytes.ContainsAny(out, "<{}") || len(bytes.TrimSpace(out)) == 0 {
		return nil
	}

	return out
}

// declarations writes the content of a style attribute anew.
func declarations(source string) string {
	p := css.NewParser(parse.NewInputString(source), true)
	var out bytes.Buffer
	for {
		grammar, _, data := p.Next()
		switch grammar {
		case css.ErrorGrammar:
			if !p.HasParseError() {
				return out.String()
			}
		case css.DeclarationGrammar:
			declare(&out, data, p.Values())
		}
	}
}

func declare(out *bytes.Buffer, property []byte, values []css.Token) {
	name := strings.ToLower(string(property))
	var said []byte
	for _, t := range values {
		said = append(said, t.Data...)
	}
	own := strings.HasPrefix(name, "--")
	if !own && !allowed[name] || own && !customName.MatchString(name) || !harmless(string(said)) || !fitting(name, string(said)) {
		return
	}
	if own {
		name = string(property) // these alone tell capitals from small letters
	}
	out.WriteString(name)
	out.WriteByte(':')
	out.Write(said)
	out.WriteByte(';')
}

var customName = regexp.MustCompile(`^--[a-z0-9_-]+$`)

// harmless reports whether a value is made of words, numbers, colours and of
// functions that compute with them. Escapes are refused: they hide names.
func harmless(v string) bool {
	if strings.ContainsAny(v, `\<@{};`) || strings.Contains(v, "/*") {
		return false
	}
	l := css.NewLexer(parse.NewInputString(v))
	for {
		switch kind, data := l.Next(); kind {
		case css.ErrorToken:
			return true
		case css.FunctionToken:
			if !functions[strings.ToLower(string(data[:len(data)-1]))] {
				return false
			}
		case css.URLToken, css.BadURLToken, css.BadStringToken, css.CDOToken, css.CDCToken:
			return false
		}
	}
}

// fitting refuses values that are harmless and would spoil the picture.
func fitting(name, v string) bool {
	v = strings.ToLower(strings.TrimSpace(v))
	switch name {
	case "position":
		return v == "relative" || v == "absolute" || v == "static"
	case "content":
		return v == `""` || v == `''` || v == "none"
	}

	return true
}

var functions = func() map[string]bool {
	m := map[string]bool{}
	for _, f := range strings.Fields(`calc min max clamp var rgb rgba hsl hsla hwb lab lch oklab oklch color-mix linear-gradient radial-gradient conic-gradient
		repeating-linear-gradient repeating-radial-gradient repeat minmax fit-content translate translatex translatey scale scalex scaley rotate counter rect
		inset circle ellipse polygon`) {
		m[f] = true
	}
	return m
}()

// properties say how a box looks. Those that fade, move or hide what a script
// would show again are left out: the picture shows what there is.
var properties = strings.Fields(`align-content align-items align-self aspect-ratio background background-color background-clip background-image background-position
	background-repeat background-size border border-block border-bottom border-bottom-color border-bottom-left-radius border-bottom-right-radius
	border-bottom-style border-bottom-width border-collapse border-color border-inline border-left border-left-color border-left-style border-left-width
	border-radius border-right border-right-color border-right-style border-right-width border-spacing border-style border-top border-top-color
	border-top-left-radius border-top-right-radius border-top-style border-top-width border-width bottom box-shadow box-sizing caption-side clear clip clip-path color
	column-count column-gap column-rule column-width columns content direction display empty-cells flex flex-basis flex-direction flex-flow flex-grow
	flex-shrink flex-wrap float font font-family font-feature-settings font-kerning font-size font-stretch font-style font-variant font-weight gap grid
	grid-area grid-auto-columns grid-auto-flow grid-auto-rows grid-column grid-column-end grid-column-gap grid-column-start grid-gap grid-row grid-row-end
	grid-row-gap grid-row-start grid-template grid-template-areas grid-template-columns grid-template-rows height hyphens inset justify-content justify-items
	justify-self left letter-spacing line-height list-style list-style-position list-style-type margin margin-block margin-block-end margin-block-start
	margin-bottom margin-inline margin-inline-end margin-inline-start margin-left margin-right margin-top max-height max-width min-height min-width
	object-fit order overflow overflow-wrap overflow-x overflow-y padding padding-block padding-block-end padding-block-start padding-bottom padding-inline
	padding-inline-end padding-inline-start padding-left padding-right padding-top place-content place-items place-self position right row-gap tab-size
	table-layout text-align text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent text-overflow text-shadow
	text-transform top transform unicode-bidi vertical-align white-space width word-break word-spacing word-wrap writing-mode z-index`)

var allowed = func() map[string]bool {
	m := map[string]bool{}
	for _, p := range properties {
		m[p] = true
	}
	return m
}()
