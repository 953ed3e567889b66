package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestEveryScreenIsAccessible walks through all screens of the sample project,
// light and dark, wide and narrow, and asks axe-core. With ANNOTATE_PICTURES
// set to a folder it leaves a picture of each there; the README's are made so.
func TestEveryScreenIsAccessible(t *testing.T) {
	t.Parallel()
	s, b := signIn(t, "--demo")
	screens := []struct {
		name, path string
		prepare    func()
	}{
		{"projects", "/", nil},
		{"project", "/projects/1", nil},
		{"documents", "/projects/1/documents", nil},
		{"search", "/projects/1/documents?q=bridge", nil},
		{"import", "/projects/1/import", nil},
		{"export", "/projects/1/export", nil},
		{"settings", "/projects/1/settings", nil},
		{"guidelines", "/projects/1/guidelines", nil},
		{"account", "/me", nil},
		{"label", "/documents/1", func() { ready(b); b.press("B", "e", "e", "X", "Home", "j"); saved(b) }},
		{"words", "/documents/1", func() { ready(b); b.press("j", "ArrowRight", "Shift+ArrowRight", "1"); saved(b) }},
		{"keys", "/documents/1", func() { ready(b); b.press("?"); b.until(`document.querySelector("#help").open`) }},
		{"nothing-here", "/documents/999999", nil},
	}
	for _, screen := range screens {
		for _, look := range []struct {
			name        string
			dark, phone bool
		}{{"light", false, false}, {"dark", true, false}, {"narrow", false, true}} {
			if look.phone {
				b.phone()
			} else {
				b.do(chromedp.EmulateViewport(1440, 900))
			}
			b.dark(look.dark)
			b.open(s.url + screen.path)
			if screen.prepare != nil {
				screen.prepare()
			}
			b.accessible(screen.name + ", " + look.name)
			if wide := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
				t.Errorf("%s, %s: the page is %d pixels wider than the screen", screen.name, look.name, wide)
			}
			if dir := os.Getenv("ANNOTATE_PICTURES"); dir != "" {
				png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, screen.name+"-"+look.name+".png"), png, 0o644)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
	}
	b.do(chromedp.EmulateViewport(1440, 900))
	b.dark(false)
}
