package assets_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"annotate/assets"
	"annotate/internal/corpus"
)

func get(t *testing.T, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	assets.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))

	return w.Result()
}

func TestEveryEmbeddedFileIsServedForEver(t *testing.T) {
	n := 0
	err := fs.WalkDir(assets.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		r := get(t, assets.Path(name))
		if r.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", name, r.StatusCode)
		}
		if got := r.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}

		return nil
	})
	if err != nil || n < 10 {
		t.Fatalf("%d files, %v", n, err)
	}
}

func TestMediaTypes(t *testing.T) {
	for name, want := range map[string]string{
		"css/theme.css":                       "text/css; charset=utf-8",
		"js/pages.js":                         "text/javascript; charset=utf-8",
		"fonts/inter-latin-wght-normal.woff2": "font/woff2",
		"img/icon.svg":                        "image/svg+xml",
	} {
		r := get(t, assets.Path(name))
		if got := r.Header.Get("Content-Type"); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
		if r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", name)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	hash := strings.Split(assets.Path("x"), "/")[2]
	for name, path := range map[string]string{
		"a file that is not there":                  assets.Path("css/none.css"),
		"a folder":                                  assets.Path("css"),
		"the hash of another version":               "/assets/0000000000000000/css/theme.css",
		"no hash":                                   "/assets/css/theme.css",
		"a way out of the folder":                   assets.Path("css/../../assets.go"),
		"the hash alone, a hash of its own no less": "/assets/" + hash + "/",
	} {
		r := get(t, path)
		if r.StatusCode != http.StatusNotFound || strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, Cache-Control %q", name, r.StatusCode, r.Header.Get("Cache-Control"))
		}
	}
}

// A vendored file is what its maker published, to the byte, and each one is
// listed with where it came from.
func TestVendoredFiles(t *testing.T) {
	var list []struct{ Name, Version, File, SHA256 string }
	b, err := assets.FS.ReadFile("vendor/vendor.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}

	listed := map[string]bool{"vendor/vendor.json": true}
	for _, v := range list {
		listed[v.File] = true
		b, err := assets.FS.ReadFile(v.File)
		if err != nil {
			t.Errorf("%s %s: %v", v.Name, v.Version, err)
			continue
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("%s is not the file of %s %s any more", v.File, v.Name, v.Version)
		}
	}
	for _, folder := range []string{"vendor", "fonts"} {
		files, err := assets.FS.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !listed[path.Join(folder, f.Name())] {
				t.Errorf("%s/%s is not in vendor.json", folder, f.Name())
			}
		}
	}
}

var reference = regexp.MustCompile(`url\((?:"|')?([^)"']+)(?:"|')?\)`)

func TestStyleSheetsReferToFilesThatAreThere(t *testing.T) {
	sheets, err := assets.FS.ReadDir("css")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sheets {
		b, err := assets.FS.ReadFile("css/" + s.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range reference.FindAllStringSubmatch(string(b), -1) {
			if strings.HasPrefix(m[1], "data:") {
				continue
			}
			if _, err := assets.FS.ReadFile(path.Join("css", m[1])); err != nil {
				t.Errorf("%s refers to %s: %v", s.Name(), m[1], err)
			}
		}
	}
}

// token finds "--name: light-dark(#rrggbb, #rrggbb);".
var token = regexp.MustCompile(`--([a-z0-9-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)

// luminance and contrast are those of WCAG 2.2.
func luminance(hex string) float64 {
	var c [3]float64
	for i := range c {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			return math.NaN()
		}
		v := float64(n) / 255
		if c[i] = v / 12.92; v > 0.04045 {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}

	return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2]
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)

	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrastByHand(t *testing.T) {
	// Black on white is (1 + 0.05) / (0 + 0.05) = 21; #767676 on white is the
	// well-known last grey that passes, 4.54.
	if got := contrast("000000", "ffffff"); math.Abs(got-21) > 1e-9 {
		t.Errorf("black on white is %.3f", got)
	}
	if got := contrast("767676", "ffffff"); math.Abs(got-4.54) > 0.005 {
		t.Errorf("#767676 on white is %.3f", got)
	}
}

func TestTextHasContrastInLightAndDark(t *testing.T) {
	b, err := assets.FS.ReadFile("css/theme.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string][2]string{}
	for _, m := range token.FindAllStringSubmatch(string(b), -1) {
		colours[m[1]] = [2]string{m[2], m[3]}
	}

	type pair struct {
		text, on string
		least    float64
	}
	pairs := []pair{
		{"on-accent", "accent", 4.5}, {"body", "body-soft", 4.5}, {"ink-2", "boiler-soft", 4.5},
		{"edge", "paper", 3}, {"edge", "bg", 3}, {"ink", "accent-soft", 4.5}, {"accent", "accent-soft", 4.5}, {"ink-2", "accent-soft", 4.5},
	}
	for _, text := range slices.Concat([]string{"ink", "ink-2", "accent", "warn", "bad", "good", "body"}, corpus.Colours) {
		pairs = append(pairs, pair{text, "paper", 4.5}, pair{text, "bg", 4.5})
	}
	for _, p := range pairs {
		for i, mode := range []string{"light", "dark"} {
			if colours[p.text][i] == "" || colours[p.on][i] == "" {
				t.Fatalf("no token --%s or --%s", p.text, p.on)
			}
			if got := contrast(colours[p.text][i], colours[p.on][i]); got < p.least {
				t.Errorf("%s: --%s on --%s has contrast %.2f, want %.1f", mode, p.text, p.on, got, p.least)
			}
		}
	}
	for _, c := range corpus.Colours {
		if !strings.Contains(string(b), ".c-"+c+" { --c: var(--"+c+") }") {
			t.Errorf("no class for the label colour %s", c)
		}
	}
}
