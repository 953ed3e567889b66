// Package attacks is hostile pages for the tests of others: scripts in every
// place where a browser looks for one, whatever else leaves the page, and names
// that shadow those of the document. They are written for this project, and the
// ones that the sanitiser's own tests publish are read from its module.
package attacks

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

//go:embed attacks.txt
var written string

// handlers are event attributes that fire without anybody's help on some
// element, or with the help of the tests, which click, focus and point.
var handlers = strings.Fields(`onload onerror onclick onfocus onfocusin onblur onmouseover onmouseenter onmousedown onmouseup onpointerdown onpointerover
	onpointerrawupdate onauxclick oncontextmenu ondblclick onkeydown oninput onchange onbeforeinput oninvalid onreset onsubmit onselect onselectstart
	onscroll onscrollend onscrollsnapchange onwheel ontoggle onbeforetoggle oncancel onclose onanimationstart onanimationend onanimationiteration
	ontransitionrun ontransitionstart ontransitionend onbeforematch onslotchange oncontentvisibilityautostatechange ondrag ondragstart ondrop onpaste
	oncopy oncut onstart onfinish onbounce onpageshow onhashchange onmessage onresize onunload onbeforeunload onpopstate onstorage onafterprint
	onloadstart onloadeddata oncanplay onplay ontimeupdate onended onbegin onend onrepeat onsecuritypolicyviolation onformdata onfullscreenchange`)

// addresses are attributes that lead somewhere or fetch something.
var addresses = []string{
	`<a href="%s">x</a>`, `<area href="%s">`, `<map name=m><area shape=default href="%s"></map><img usemap=#m>`, `<form action="%s"><button>x</button></form>`,
	`<form><button formaction="%s">x</button></form>`, `<form><input type=submit formaction="%s"></form>`, `<form><input type=image src="%s" formaction="%[1]s"></form>`,
	`<iframe src="%s"></iframe>`, `<frameset><frame src="%s"></frameset>`, `<embed src="%s">`, `<object data="%s"></object>`, `<object><param name=src value="%s"></object>`,
	`<img src="%s">`, `<img srcset="%s 1x">`, `<img lowsrc="%s" dynsrc="%[1]s" longdesc="%[1]s">`, `<picture><source srcset="%s"><img></picture>`,
	`<video src="%s" autoplay></video>`, `<video poster="%s"></video>`, `<video><source src="%s"><track src="%[1]s" default></video>`, `<audio src="%s" autoplay></audio>`,
	`<body background="%s">x`, `<table background="%s"><tr><td background="%[1]s">x</table>`, `<link rel=stylesheet href="%s">`, `<link rel=icon href="%s">`,
	`<link rel=preload as=script href="%s">`, `<link rel=prefetch href="%s">`, `<link rel=prerender href="%s">`, `<link rel=modulepreload href="%s">`,
	`<link rel=import href="%s">`, `<link rel=manifest href="%s">`, `<script src="%s"></script>`, `<script type=module src="%s"></script>`, `<base href="%s"><a href=x>x</a><img src=x>`,
	`<meta http-equiv=refresh content="0; url=%s">`, `<meta http-equiv=Link content="<%s>; rel=stylesheet">`, `<a ping="%s" href="#">x</a>`, `<q cite="%s">x</q>`, `<html manifest="%s">x`,
	`<svg><a href="%s"><text y=20>x</text></a></svg>`, `<svg><a xlink:href="%s"><text y=20>x</text></a></svg>`, `<svg><image href="%s" /></svg>`, `<svg><use href="%s#a" /></svg>`,
	`<svg><feImage href="%s" /></svg>`, `<svg><script href="%s"></script></svg>`, `<svg><foreignObject><iframe src="%s"></iframe></foreignObject></svg>`,
	`<math href="%s"><mi>x</mi></math>`, `<math><maction actiontype="statusline#" xlink:href="%s">x</maction></math>`, `<math><mglyph src="%s"></math>`,
	`<p style="background: url('%s')">x`, `<p style="background-image: image-set('%s' 1x)">x`, `<p style="list-style: url(%s); cursor: url(%[1]s), auto">x`,
	`<p style="border-image: url('%s') 1; mask: url(%[1]s); filter: url(%[1]s#a)">x`, `<p style="--u: url('%s'); background: var(--u)">x`, `<p style="content: url('%s')">x`,
	`<style>@import '%s';</style>`, `<style>@import url(%s) screen;</style>`, `<style>p { background: url(%s) }</style><p>x`, `<style>@font-face { font-family: f; src: url(%s) } p { font-family: f }</style><p>x`,
	`<style>p::before { content: url("%s") }</style><p>x`, `<style>p { background: -webkit-image-set(url(%s) 1x) }</style><p>x`, `<style>p { background: cross-fade(url(%s), red) }</style><p>x`,
	`<style>@namespace url(%s); @media all { p { cursor: url(%[1]s), auto } }</style><p>x`, `<style>@supports (color: red) { p { shape-outside: url(%s) } }</style><p>x`,
	`<style>@layer a { @import '%s'; p { offset-path: url(%[1]s) } }</style><p>x`, `<style>p { & b { background: url(%s) } }</style><p>x<b>y</b>`, `<style>@property --u { syntax: "<url>"; initial-value: url(%s); inherits: true } p { background: var(--u) }</style><p>x`,
	`<portal src="%s"></portal>`, `<fencedframe src="%s"></fencedframe>`, `<applet code="%s"></applet>`, `<bgsound src="%s">`, `<layer src="%s"></layer>`, `<input type=image src="%s">`,
	`<button popovertarget=a>x</button><div popover id=a><img src="%s"></div>`, `<blockquote cite="%s">x</blockquote>`, `<isindex action="%s">`, `<xml src="%s"></xml>`,
}

// schemes are where addresses lead: JS stands for a script, NET for a server
// that listens.
var schemes = []string{
	"javascript:JS", "JaVaScRiPt:JS", "\x01javascript:JS", "java&#9;script:JS", "java&#10;script:JS", "&#106;avascript&colon;JS", "javascript://%0aJS",
	"data:text/html,<script>JS</script>", "data:text/javascript,JS", "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='JS'/>",
	"vbscript:JS", "blob:NET", "NET", "//HOST", "\\\\HOST",
}

// List is every attack. In it, JS stands for a script, NET for an address with
// http, and HOST for the same without.
func List(t testing.TB) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(written) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "# ") {
			all = append(all, strings.NewReplacer("␊", "\n", "␀", "\x00").Replace(line))
		}
	}
	for i, h := range handlers {
		element := []string{"img src=x", "svg", "body", "input autofocus", "details open", "div tabindex=0", "video src=x", "marquee", "a href=#", "form"}[i%10]
		all = append(all, fmt.Sprintf("<%s %s=JS>x", element, h), fmt.Sprintf("<p>a<%s/%s='JS'>x</p>", strings.Fields(element)[0], strings.ToUpper(h)))
	}
	for i, form := range addresses {
		// Each address twice where it may run, and each that leaves with a server that listens.
		all = append(all, fmt.Sprintf(form, schemes[i%12]), fmt.Sprintf(form, schemes[(i+5)%12]), fmt.Sprintf(form, schemes[12+i%3]), fmt.Sprintf(form, "NET"))
	}

	return append(all, published(t)...)
}

// published are the inputs of the sanitiser's own tests of attacks.
func published(t testing.TB) []string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/microcosm-cc/bluemonday").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), "sanitize_test.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		key, _ := pair.Key.(*ast.Ident)
		said, _ := pair.Value.(*ast.BasicLit)
		if key == nil || key.Name != "in" || said == nil || said.Kind != token.STRING {
			return true
		}
		if s, err := strconv.Unquote(said.Value); err == nil && strings.Contains(s, "<") {
			all = append(all, s)
		}
		return true
	})
	if len(all) < 100 {
		t.Fatalf("the sanitiser's tests hold %d attacks; they have another form now", len(all))
	}

	return all
}
