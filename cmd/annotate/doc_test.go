package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"annotate/assets"
)

// walk calls each with every file of the module that has one of the endings.
func walk(t *testing.T, each func(path string, content []byte), endings ...string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return fs.SkipDir
		}
		if d.IsDir() || !slices.Contains(endings, filepath.Ext(path)) {
			return nil
		}
		b, err := os.ReadFile(path)
		if err == nil {
			n++
			each(filepath.ToSlash(path), b)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files %v: %v", n, endings, err)
	}
}

// Generated files are left out: templ writes its version where a package
// comment stands.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		name := strings.TrimPrefix(p.ImportPath, module)
		begins := "Package " + p.Name + " "
		if p.Name == "main" {
			begins = "Command " + filepath.Base(p.ImportPath) + " "
		}
		var docs []string
		for _, file := range p.GoFiles {
			if strings.HasSuffix(file, "_templ.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Error(err)
			} else if f.Doc != nil {
				docs = append(docs, f.Doc.Text())
			}
		}
		if len(docs) != 1 || !strings.HasPrefix(docs[0], begins) || len(docs[0]) < 80 {
			t.Errorf("%s needs one comment that begins %q and says in a few sentences what goes in, what comes out and what it does not know; it has %q", name, begins, docs)
		}
	}
}

func TestGoFilesAreFormatted(t *testing.T) {
	walk(t, func(path string, b []byte) {
		if strings.HasSuffix(path, "_templ.go") {
			return
		}
		formatted, err := format.Source(b)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if string(formatted) != string(b) {
			t.Errorf("gofmt would change %s", path)
		}
	}, ".go")
}

func TestGeneratedCodeIsUpToDate(t *testing.T) {
	cmd := exec.Command("go", "tool", "templ", "generate", "-check")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("make generate would change something: %v\n%s", err, out)
	}
	walk(t, func(path string, _ []byte) {
		source := strings.TrimSuffix(path, "_templ.go") + ".templ"
		if _, err := os.Stat(source); strings.HasSuffix(path, "_templ.go") && err != nil {
			t.Errorf("%s was generated from %s, which is not there", path, source)
		}
	}, ".go")
}

// Only main leaves the program: what is called by tests and servers returns.
func TestOnlyMainExits(t *testing.T) {
	walk(t, func(path string, b []byte) {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_templ.go") || filepath.Base(path) == "main.go" {
			return
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, b, 0)
		if err != nil {
			t.Error(err)
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && (x.Name == "os" && s.Sel.Name == "Exit" || x.Name == "log" && strings.HasPrefix(s.Sel.Name, "Fatal")) {
					t.Errorf("%s: %s.%s", set.Position(n.Pos()), x.Name, s.Sel.Name)
				}
			}
			return true
		})
	}, ".go")
}

// modernc.org/sqlite is made for one version of its libc; another one compiles
// and then fails in ways that are hard to find.
func TestSQLiteHasTheLibcItWasMadeFor(t *testing.T) {
	list := func(args ...string) string {
		cmd := exec.Command("go", append([]string{"list", "-m"}, args...)...)
		cmd.Dir = root
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list -m %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	has := list("-f", "{{.Version}}", "modernc.org/libc")
	mod, err := os.ReadFile(list("-f", "{{.GoMod}}", "modernc.org/sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(mod)
	if m == nil || string(m[1]) != has {
		t.Errorf("go.mod has modernc.org/libc %s, modernc.org/sqlite was made for %s", has, m)
	}
}

// tag is the opening tag of an element in a templ file.
type tag struct {
	line  int
	name  string
	attrs map[string]string // name → what stands after "=", "" for none
}

// tags reads the opening tags of a templ file: not a parser of HTML, but it
// knows quotes and braces, which is what a ">" may hide in.
func tags(source string) []tag {
	var out []tag
	for i := 0; i < len(source); i++ {
		if source[i] != '<' || i+1 == len(source) || !letter(source[i+1]) {
			continue
		}
		start := i
		end := closing(source, i+1)
		if end < 0 {
			continue
		}
		name := source[i+1 : end]
		if n := strings.IndexFunc(name, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '/' }); n >= 0 {
			name = name[:n]
		}
		out = append(out, tag{1 + strings.Count(source[:start], "\n"), name, attributes(source[i+1+len(name) : end])})
		i = end
	}

	return out
}

func letter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// closing is where the tag that is open at i ends, or -1.
func closing(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '`':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return -1
			}
			i += n + 1
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth == 0 && c == '<':
			return -1 // "<" was no tag: a comparison in Go
		case depth == 0 && c == '>':
			return i
		}
	}

	return -1
}

var attribute = regexp.MustCompile("(?s)([A-Za-z@:][-A-Za-z0-9_:.@]*)(\\?)?(?:=(\"[^\"]*\"|\\{(?:[^{}\"]|\"[^\"]*\"|\\{[^{}]*\\})*\\}))?")

func attributes(s string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(s, -1) {
		out[strings.ToLower(m[1])] = m[3]
	}

	return out
}

// faults are what the content security policy would block in silence, and what
// htmx would do to the wrong element.
func faults(source string) []string {
	var out []string
	for _, e := range tags(source) {
		fault := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("line %d, <%s>: ", e.line, e.name)+fmt.Sprintf(format, args...))
		}
		asks := false
		for name := range e.attrs {
			switch {
			case name == "style":
				fault("a style attribute is blocked; use a class")
			case strings.HasPrefix(name, "on") && len(name) > 2, strings.HasPrefix(name, "hx-on"):
				fault("the handler %s is blocked; listen in assets/js", name)
			case name == "hx-get" || name == "hx-post" || name == "hx-put" || name == "hx-delete" || name == "hx-patch":
				asks = true
			}
		}
		for _, own := range []string{"hx-target", "hx-nonce"} {
			if _, has := e.attrs[own]; asks && !has {
				fault("what asks the server has its own %s", own)
			}
		}
		if _, src := e.attrs["src"]; e.name == "script" && !src && e.attrs["type"] != `"application/json"` {
			fault("an inline script is blocked; put it into assets/js")
		}
		if e.name == "style" {
			fault("an inline style sheet is blocked; put it into assets/css")
		}
	}
	slices.Sort(out)

	return out
}

func TestMarkupKeepsToThePolicy(t *testing.T) {
	n := 0
	walk(t, func(path string, b []byte) {
		n += len(tags(string(b)))
		for _, f := range faults(string(b)) {
			t.Errorf("%s, %s", path, f)
		}
	}, ".templ")
	if n < 100 {
		t.Errorf("only %d tags were found in all of views; is the reader of tags broken?", n)
	}
}

func TestAFaultInMarkupIsFound(t *testing.T) {
	for _, c := range []struct {
		name, source string
		want         string // "" where it is good
	}{
		{"an element that asks, with target and nonce of its own", "<a hx-get={ path(\"}>\") } hx-target=\"#x\" hx-nonce={ templ.GetNonce(ctx) }>", ""},
		{"one without a target", "<a hx-get=\"/x\" hx-nonce={ n }>", "hx-target"},
		{"one without a nonce", "<button\n\thx-delete={ p }\n\thx-target=\"#x\"\n>", "hx-nonce"},
		{"a style", `<p style="color:red">`, "style attribute"},
		{"a handler", `<p class="a" onclick={ f() }>`, "onclick"},
		{"an htmx handler", `<p hx-on:click="f()">`, "hx-on"},
		{"a script inside the page", `<script>alert(1)</script>`, "inline script"},
		{"data for scripts", `<script type="application/json" id="state">`, ""},
		{"a script from a file", `<script type="module" src={ assets.Path("js/a.js") }></script>`, ""},
		{"a style sheet inside the page", `<style>p{}</style>`, "inline style"},
		{"a comparison in Go, then an element", "if a <b { <p>x</p> }", ""},
		{"a conditional attribute", "<details open?={ a > b } onfocus=\"x\">", "onfocus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(faults(c.source), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

var readme = filepath.Join(root, "README.md")

func TestTheREADMEHasTheKeysOfTheScreen(t *testing.T) {
	b, err := assets.FS.ReadFile("js/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var keys []struct {
		Group, Key, Words string
		Also              []string
		Fixed             bool
	}
	if err := json.Unmarshal(b, &keys); err != nil || len(keys) < 10 {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	var table strings.Builder
	group := ""
	for _, k := range keys {
		if k.Group != group {
			group = k.Group
			fmt.Fprintf(&table, "\n| %s | |\n|---|---|\n", group)
		}
		all := append([]string{k.Key}, k.Also...)
		for i := range all {
			all[i] = "`" + strings.ReplaceAll(strings.ReplaceAll(all[i], "Arrow", ""), "|", `\|`) + "`"
		}
		fixed := ""
		if k.Fixed {
			fixed = " (fixed)"
		}
		fmt.Fprintf(&table, "| %s | %s%s |\n", strings.Join(all, " "), k.Words, fixed)
	}

	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	const from, to = "-update -->\n", "<!-- /keys -->"
	head, rest, ok1 := strings.Cut(string(page), from)
	old, tail, ok2 := strings.Cut(rest, to)
	if !ok1 || !ok2 {
		t.Fatal("the README lost the marks around its keys")
	}
	want := strings.TrimPrefix(table.String(), "\n")
	if *update {
		if err := os.WriteFile(readme, []byte(head+from+want+to+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != want {
		t.Errorf("the README's keys are not those of assets/js/keys.json; go test ./cmd/annotate -run README -update writes them")
	}
}

func TestTheREADMEAndCONTRIBUTINGPointAtWhatIsThere(t *testing.T) {
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if name := strings.TrimPrefix(p.ImportPath, module); !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("the README's map of folders lacks %s", name)
		}
	}

	link := regexp.MustCompile(`\]\(([^)#:]+)\)|src="([^":]+)"`)
	file := regexp.MustCompile("`((?:cmd|handlers|views|db|assets|internal)/[\\w./-]*[\\w/])`")
	for _, name := range []string{"README.md", "CONTRIBUTING.md"} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range append(link.FindAllSubmatch(b, -1), file.FindAllSubmatch(b, -1)...) {
			path := string(m[1])
			if path == "" {
				path = string(m[2])
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s speaks of %s, which is not there", name, path)
			}
		}
	}
}
